/* model/steps.c -- remembered steps: putting them together, and telling what they are.
**
** Steps are lists of keys, words and rows (steps_make.h).  Rows come in an order in
** which each needs only what stands before it.  Applying is steps_apply.c, text is
** steps_text.c, bytes are steps_file.c.  Nothing is fitted here.
*/
#include "model/steps_in.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define WHOLE_END 0x1p53 /* as room table has it */

/* ------------------------------------------------------------------ keys */

static uint32_t slots_for(uint32_t n)
{
    uint32_t slots = 4;
    while (slots < n + n / 2 + 1) slots *= 2;
    return slots;
}

int32_t keys_find(const Keys *k, const char *s, size_t n)
{
    if (k->pair) return INDEX_UNSEEN;
    for (uint64_t at = random_hash(s, n, 0);; at++) {
        uint32_t i = k->slot[at & (k->slots - 1)];
        if (!i) return INDEX_UNSEEN;
        i--;
        if (k->offset[i + 1] - k->offset[i] == n && !memcmp(k->bytes + k->offset[i], s, n)) return (int32_t)i;
    }
}

static uint64_t pair_hash(uint32_t a, uint32_t b)
{
    uint64_t z = ((uint64_t)a << 32 | b) * 0x9E3779B97F4A7C15u;
    return z ^ (z >> 29);
}

int32_t keys_find_pair(const Keys *k, uint32_t a, uint32_t b)
{
    for (uint64_t at = pair_hash(a, b);; at++) {
        uint32_t i = k->slot[at & (k->slots - 1)];
        if (!i) return INDEX_UNSEEN;
        i--;
        if (k->pair[2 * (size_t)i] == a && k->pair[2 * (size_t)i + 1] == b) return (int32_t)i;
    }
}

Err keys_index_slots(Ctx *cx, Keys *k)
{
    k->slots = slots_for(k->n);
    k->slot = ctx_get_n(cx, k->slots, sizeof *k->slot);
    if (!k->slot) return FAIL(cx, ERR_NOMEM, "keeping %u levels", k->n);
    for (uint32_t i = 0; i < k->n; i++) {
        uint64_t at;
        if (k->pair) {
            uint32_t a = k->pair[2 * (size_t)i], b = k->pair[2 * (size_t)i + 1];
            if (keys_find_pair(k, a, b) >= 0)
                return FAIL(cx, ERR_CORRUPT,
                            "the build's steps are damaged: a pair of levels stands twice in its table");
            at = pair_hash(a, b);
        } else {
            const char *s = k->bytes + k->offset[i];
            size_t n = (size_t)(k->offset[i + 1] - k->offset[i]);
            if (keys_find(k, s, n) >= 0)
                return FAIL(cx, ERR_CORRUPT,
                            "the build's steps are damaged: level '%.*s' stands twice in its table",
                            (int)(n > 40 ? 40 : n), s);
            at = random_hash(s, n, 0);
        }
        while (k->slot[at & (k->slots - 1)]) at++;
        k->slot[at & (k->slots - 1)] = i + 1;
    }
    return OK;
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

size_t steps_spelling(const char *s, size_t n, char buf[NUM_TEXT_MAX], const char **out)
{
    double v;
    while (n && (*s == ' ' || *s == '\t')) s++, n--;
    while (n && (s[n - 1] == ' ' || s[n - 1] == '\t')) n--;
    *out = s;
    size_t lead = n && (*s == '-' || *s == '+');
    if (n <= lead || !(digit(s[lead]) || s[lead] == '.')) return n;
    if (s[lead] == '0' && n > lead + 1 && digit(s[lead + 1])) return n; /* 007 is a name */
    if (!num_read(s, n, &v) || !isfinite(v)) return n;
    size_t digits = lead;
    while (digits < n && digit(s[digits])) digits++;
    if (digits == n && fabs(v) >= WHOLE_END) return n; /* more digits than a double holds: a name */
    *out = buf;
    return num_text(v + 0.0, buf); /* -0 becomes 0 */
}

static void keys_drop(Ctx *cx, Keys *k)
{
    ctx_put(cx, k->offset);
    ctx_put(cx, k->bytes);
    ctx_put(cx, k->pair);
    ctx_put(cx, k->slot);
}

/* -------------------------------------------------------------- building */

/* Make room for one more of n things, doubling. */
static bool one_more(Ctx *cx, void **at, uint32_t n, uint32_t *cap, size_t size)
{
    if (n < *cap) return true;
    uint32_t more = n < 4 ? 8 : 2 * n;
    void *p = ctx_grow(cx, *at, more, size);
    if (!p) return false;
    *at = p;
    *cap = more;
    return true;
}

Err steps_new(Ctx *cx, const Schema *schema, uint32_t folds, Steps **out)
{
    *out = NULL;
    assert(folds < STEPS_PARTS_MAX);
    Steps *s = ctx_get(cx, sizeof *s);
    if (s) {
        s->folds = folds;
        s->raw_n = (uint32_t)schema->n;
        s->raw_numeric = ctx_get(cx, schema->n);
        s->raw_time = ctx_get(cx, schema->n);
    }
    if (!s || !s->raw_numeric || !s->raw_time) {
        steps_free(cx, s);
        return FAIL(cx, ERR_NOMEM, "starting the steps of %zu columns", schema->n);
    }
    for (size_t i = 0; i < schema->n; i++) {
        s->raw_numeric[i] = schema->col[i].numeric;
        s->raw_time[i] = schema->col[i].type == COLUMN_DATETIME;
    }
    *out = s;
    return OK;
}

Err steps_add_keys(Ctx *cx, Steps *s, uint32_t raw, const Dict *levels, uint32_t *keys)
{
    Err err = OK;
    Keys k = { .raw = { raw, STEPS_NONE }, .n = levels->n, .of = { STEPS_NONE, STEPS_NONE } };
    assert(raw < s->raw_n && levels->n < STEPS_KEYS_MAX);
    GET_DONE(cx, k.offset, (size_t)k.n + 1, "keeping %u levels", k.n);
    if (k.n) memcpy(k.offset, levels->offset, ((size_t)k.n + 1) * sizeof *k.offset);
    GET_DONE(cx, k.bytes, (size_t)k.offset[k.n], "keeping %u levels", k.n);
    if (k.offset[k.n]) memcpy(k.bytes, levels->bytes, (size_t)k.offset[k.n]);
    TRY_DONE(cx, keys_index_slots(cx, &k));
    if (!one_more(cx, (void **)&s->keys, s->keys_n, &s->keys_cap, sizeof k)) {
        err = FAIL(cx, ERR_NOMEM, "keeping %u levels", k.n);
        goto done;
    }
    *keys = s->keys_n;
    s->keys[s->keys_n++] = k;
done:
    if (err) keys_drop(cx, &k);
    return err;
}

Err steps_add_pairs(Ctx *cx, Steps *s, uint32_t keys_a, uint32_t keys_b, const uint32_t *pair, uint32_t n,
                    uint32_t *keys)
{
    Err err = OK;
    assert(keys_a < s->keys_n && keys_b < s->keys_n && n < STEPS_KEYS_MAX);
    Keys k = { .raw = { s->keys[keys_a].raw[0], s->keys[keys_b].raw[0] }, .n = n, .of = { keys_a, keys_b } };
    GET_DONE(cx, k.pair, 2 * (size_t)n, "keeping %u pairs of levels", n);
    if (n) memcpy(k.pair, pair, 2 * (size_t)n * sizeof *pair);
    TRY_DONE(cx, keys_index_slots(cx, &k));
    if (!one_more(cx, (void **)&s->keys, s->keys_n, &s->keys_cap, sizeof k)) {
        err = FAIL(cx, ERR_NOMEM, "keeping %u pairs of levels", n);
        goto done;
    }
    *keys = s->keys_n;
    s->keys[s->keys_n++] = k;
done:
    if (err) keys_drop(cx, &k);
    return err;
}

Err words_place(Ctx *cx, Words *w)
{
    w->slots = slots_for(w->n);
    w->slot = ctx_get_n(cx, w->slots, sizeof *w->slot);
    if (!w->slot) return FAIL(cx, ERR_NOMEM, "keeping %u words", w->n);
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t at = w->bucket[i] * 2654435761u >> 7;
        while (w->slot[at & (w->slots - 1)]) at++;
        w->slot[at & (w->slots - 1)] = i + 1;
    }
    return OK;
}

uint32_t words_find(const Words *w, uint32_t bucket)
{
    for (uint32_t at = bucket * 2654435761u >> 7;; at++) {
        uint32_t i = w->slot[at & (w->slots - 1)];
        if (!i || w->bucket[i - 1] == bucket) return i;
    }
}

static void words_drop(Ctx *cx, Words *w)
{
    ctx_put(cx, w->bucket);
    ctx_put(cx, w->idf);
    ctx_put(cx, w->slot);
}

Err steps_add_words(Ctx *cx, Steps *s, uint32_t raw, uint32_t bits, bool chars, const uint32_t *bucket,
                    const float *idf, uint32_t n, uint32_t *words)
{
    Err err = OK;
    Words w = { .raw = raw, .bits = bits, .n = n, .chars = chars };
    assert(raw < s->raw_n && !s->raw_numeric[raw] && bits && bits <= STEPS_BITS_MAX);
    GET_DONE(cx, w.bucket, n, "keeping %u words", n);
    GET_DONE(cx, w.idf, n, "keeping %u words", n);
    if (n) memcpy(w.bucket, bucket, n * sizeof *bucket);
    if (n) memcpy(w.idf, idf, n * sizeof *idf);
    TRY_DONE(cx, words_place(cx, &w));
    if (!one_more(cx, (void **)&s->words, s->words_n, &s->words_cap, sizeof w)) {
        err = FAIL(cx, ERR_NOMEM, "keeping %u words", n);
        goto done;
    }
    *words = s->words_n;
    s->words[s->words_n++] = w;
done:
    if (err) words_drop(cx, &w);
    return err;
}

static const char *check_table(const Steps *s, Row *row)
{
    bool lookup = row->op == STEP_LOOKUP;
    if (lookup ? row->a >= s->keys_n : row->a >= s->words_n) return "a table of levels or words that is not there";
    row->n = lookup ? s->keys[row->a].n : s->words[row->a].n;
    if (lookup && row->kind >= LOOKUP_KINDS_N) return "an unknown kind of table";
    if (lookup && (row->kind == LOOKUP_MEAN || row->kind == LOOKUP_SPREAD) && row->about >= s->raw_n)
        return "a column that is not there";
    if (row->op == STEP_TEXT_DENSE && row->parts != 1) return "parts where none can be";
    return NULL;
}

const char *row_check(const Steps *s, Row *row)
{
    bool raw_a = row->a < s->raw_n, raw_b = row->b < s->raw_n;
    if (row->outs < 1 || row->outs > STEPS_OUTS_MAX) return "an impossible number of features";
    if (row->parts != 1 && (!s->folds || row->parts != s->folds + 1)) return "an impossible number of parts";
    row->n = 0;
    if (row->op == STEP_LOOKUP || row->op == STEP_TEXT_DENSE || row->op == STEP_TEXT_SCORE)
        return check_table(s, row);
    if (row->outs != 1 || row->parts != 1) return "more features than it can make";
    switch (row->op) {
    case STEP_NUMBER: return raw_a && s->raw_numeric[row->a] ? NULL : "a column that holds no numbers";
    case STEP_CODE: return row->a < s->keys_n && s->keys[row->a].n ? NULL : "a table of levels that is not there";
    case STEP_DATE:
        if (row->kind >= DATE_PARTS_N) return "an unknown part of a date";
        return raw_a && s->raw_numeric[row->a] && isfinite(row->number) ? NULL : "a column that holds no dates";
    case STEP_GAP:
        return raw_a && raw_b && s->raw_numeric[row->a] && s->raw_numeric[row->b] ? NULL
                                                                                  : "a column that holds no dates";
    case STEP_ARITH:
        if (row->kind >= ARITH_OPS_N) return "an unknown calculation";
        if (row->a >= s->features_n || row->b >= s->features_n) return "a feature that is not there";
        if (s->row[s->feature_row[row->a]].parts != 1 || s->row[s->feature_row[row->b]].parts != 1)
            return "a feature that depends on the part";
        return NULL;
    case STEP_TEXT_STAT:
        if (row->kind >= TEXT_STATS_N) return "an unknown count of a text";
        return raw_a && !s->raw_numeric[row->a] ? NULL : "a column that holds no text";
    default: return "an unknown operation";
    }
}

static void raw_put(uint32_t raw[2], uint32_t r)
{
    if (r == STEPS_NONE || raw[0] == r || raw[1] == r) return;
    if (raw[0] == FEATURE_NO_RAW) raw[0] = r;
    else if (raw[1] == FEATURE_NO_RAW) raw[1] = r;
}

void row_raw(const Steps *s, const Row *row, uint32_t raw[2])
{
    raw[0] = raw[1] = FEATURE_NO_RAW;
    switch (row->op) {
    case STEP_NUMBER:
    case STEP_DATE:
    case STEP_TEXT_STAT: raw_put(raw, row->a); break;
    case STEP_GAP:
        raw_put(raw, row->a);
        raw_put(raw, row->b);
        break;
    case STEP_CODE:
    case STEP_LOOKUP:
        raw_put(raw, s->keys[row->a].raw[0]);
        raw_put(raw, s->keys[row->a].raw[1]);
        if (row->op == STEP_LOOKUP && (row->kind == LOOKUP_MEAN || row->kind == LOOKUP_SPREAD))
            raw_put(raw, row->about);
        break;
    case STEP_TEXT_DENSE:
    case STEP_TEXT_SCORE: raw_put(raw, s->words[row->a].raw); break;
    case STEP_ARITH:
        for (int i = 0; i < 2; i++) raw_put(raw, s->feature[row->a].raw[i]);
        for (int i = 0; i < 2; i++) raw_put(raw, s->feature[row->b].raw[i]);
        break;
    case STEP_OPS_N: break;
    }
}

FeatureKind row_kind(const Row *row)
{
    return row->op == STEP_CODE ? FEATURE_CATEGORY : FEATURE_NUMBER;
}

Err steps_append(Ctx *cx, Steps *s, Row *row, char **name)
{
    bool ok = row->outs <= STEPS_FEATURES_MAX - s->features_n &&
              one_more(cx, (void **)&s->row, s->rows_n, &s->rows_cap, sizeof *row);
    uint32_t n = s->features_n;
    for (uint32_t i = 0; ok && i < row->outs; i++) {
        ok = one_more(cx, (void **)&s->feature, n + i, &s->feature_cap, sizeof *s->feature) &&
             one_more(cx, (void **)&s->feature_row, n + i, &s->feature_row_cap, sizeof *s->feature_row);
        if (!ok) break;
        Feature *f = &s->feature[n + i];
        *f = (Feature){ .name = NULL,
                        .kind = row_kind(row),
                        .levels = row->op == STEP_CODE ? s->keys[row->a].n : 0 };
        row_raw(s, row, f->raw);
        s->feature_row[n + i] = s->rows_n;
    }
    if (!ok) return FAIL(cx, ERR_NOMEM, "adding a step after %u features", n);
    for (uint32_t i = 0; i < row->outs; i++) {
        s->feature[n + i].name = name[i];
        name[i] = NULL;
    }
    row->first = n;
    s->features_n += row->outs;
    s->parted |= row->parts > 1;
    s->row[s->rows_n++] = *row;
    row->table = row->other = NULL;
    return OK;
}

static float *copy_table(Ctx *cx, const float *from, size_t n)
{
    float *p = ctx_get_n(cx, n, sizeof *p);
    if (p && n) memcpy(p, from, n * sizeof *p);
    return p;
}

Err steps_add(Ctx *cx, Steps *s, const StepAdd *in)
{
    Err err = OK;
    char *name[STEPS_OUTS_MAX] = { NULL };
    Row row = { .op = in->op,
                .kind = in->kind,
                .a = in->a,
                .b = in->b,
                .about = in->about,
                .number = in->number,
                .outs = in->outs,
                .parts = in->parted ? s->folds + 1 : 1 };
    const char *wrong = row_check(s, &row);
    if (wrong) return FAIL(cx, ERR_BUG, "a step names %s", wrong);
    for (uint32_t i = 0; i < in->outs; i++) {
        size_t n = strlen(in->name[i]) + 1;
        GET_DONE(cx, name[i], n, "naming a feature");
        memcpy(name[i], in->name[i], n);
    }
    if (row.op == STEP_LOOKUP || row.op == STEP_TEXT_DENSE || row.op == STEP_TEXT_SCORE) {
        size_t each = row.n * row.outs;
        row.table = copy_table(cx, in->table, each * row.parts);
        if (row.op != STEP_TEXT_DENSE) row.other = copy_table(cx, in->other, (size_t)row.outs * row.parts);
        if (!row.table || (row.op != STEP_TEXT_DENSE && !row.other)) {
            err = FAIL(cx, ERR_NOMEM, "keeping a table of %zu numbers", each * row.parts);
            goto done;
        }
    }
    TRY_DONE(cx, steps_append(cx, s, &row, name));
done:
    ctx_put(cx, row.table);
    ctx_put(cx, row.other);
    for (uint32_t i = 0; i < STEPS_OUTS_MAX; i++) ctx_put(cx, name[i]);
    return err;
}

void steps_free(Ctx *cx, Steps *s)
{
    if (!s) return;
    for (uint32_t i = 0; i < s->keys_n; i++) keys_drop(cx, &s->keys[i]);
    for (uint32_t i = 0; i < s->words_n; i++) words_drop(cx, &s->words[i]);
    for (uint32_t i = 0; i < s->rows_n; i++) {
        ctx_put(cx, s->row[i].table);
        ctx_put(cx, s->row[i].other);
    }
    for (uint32_t i = 0; i < s->features_n; i++) ctx_put(cx, (char *)(uintptr_t)s->feature[i].name);
    ctx_put(cx, s->keys);
    ctx_put(cx, s->words);
    ctx_put(cx, s->row);
    ctx_put(cx, s->feature);
    ctx_put(cx, s->feature_row);
    ctx_put(cx, s->raw_numeric);
    ctx_put(cx, s->raw_time);
    ctx_put(cx, s);
}

/* --------------------------------------------------------------- telling */

uint32_t steps_parts(const Steps *s)
{
    return s->parted ? s->folds + 1 : 1;
}
size_t steps_features(const Steps *s)
{
    return s->features_n;
}
const Feature *steps_feature(const Steps *s, size_t i)
{
    return &s->feature[i];
}
uint32_t steps_keys_n(const Steps *s, uint32_t keys)
{
    return s->keys[keys].n;
}

uint32_t steps_words_n(const Steps *s, uint32_t words)
{
    return s->words[words].n;
}
uint32_t steps_words_raw(const Steps *s, uint32_t words)
{
    return s->words[words].raw;
}

void steps_keys_raw(const Steps *s, uint32_t keys, uint32_t raw[2])
{
    raw[0] = s->keys[keys].raw[0];
    raw[1] = s->keys[keys].raw[1];
}

const char *steps_keys_text(const Steps *s, uint32_t keys, uint32_t level, size_t *n)
{
    const Keys *k = &s->keys[keys];
    assert(!k->pair && level < k->n);
    *n = (size_t)(k->offset[level + 1] - k->offset[level]);
    return k->bytes + k->offset[level];
}

uint32_t steps_keys_of(const Steps *s, uint32_t raw)
{
    for (uint32_t i = 0; i < s->keys_n; i++)
        if (!s->keys[i].pair && s->keys[i].raw[0] == raw) return i;
    return STEPS_NONE;
}

bool steps_uses(const Steps *s, uint32_t raw)
{
    for (uint32_t i = 0; i < s->features_n; i++)
        if (s->feature[i].raw[0] == raw || s->feature[i].raw[1] == raw) return true;
    return false;
}

static const char *const date_how[DATE_PARTS_N] = {
    [DATE_DAYS] = "days since the first date of the training rows",
    [DATE_YEAR] = "the year",
    [DATE_MONTH] = "the month, 1 to 12",
    [DATE_DAY] = "the day of the month",
    [DATE_WEEKDAY] = "the day of the week, Monday is 0",
    [DATE_HOUR] = "the hour of the day",
    [DATE_MINUTE] = "the minute of the hour",
    [DATE_YEAR_SIN] = "where in the year it falls, as a sine",
    [DATE_YEAR_COS] = "where in the year it falls, as a cosine",
    [DATE_WEEKEND] = "1 on Saturday and Sunday, else 0",
};
static const char *const text_how[TEXT_STATS_N] = {
    [TEXT_CHARS] = "how many characters",
    [TEXT_WORDS] = "how many words",
    [TEXT_CAPITALS] = "share of characters that are capitals",
    [TEXT_DIGITS] = "share of characters that are digits",
    [TEXT_MARKS] = "share of characters that are neither letters, digits nor blanks",
};
static const char *const arith_how[ARITH_OPS_N] = {
    [ARITH_ADD] = "sum of two numbers",
    [ARITH_SUB] = "difference of two numbers",
    [ARITH_MUL] = "product of two numbers",
    [ARITH_DIV] = "one number divided by the other",
};

static void tell_lookup(const Row *row, Text *how)
{
    switch (row->kind) {
    case LOOKUP_BOOLEAN: text_put(how, "yes is 1, no is 0"); break;
    case LOOKUP_COUNT: text_put(how, "logarithm of 1 + how often the value was seen in training"); break;
    case LOOKUP_TARGET:
        text_fmt(how,
                 "mean of the target among rows with this value (%zu values), pulled towards the overall mean; "
                 "fitted out of fold",
                 row->n);
        break;
    case LOOKUP_MEAN: text_put(how, "mean of the number among rows with this value"); break;
    default: text_put(how, "standard deviation of the number among rows with this value"); break;
    }
}

static void tell_row(const Steps *s, const Row *row, Text *how)
{
    switch (row->op) {
    case STEP_NUMBER: text_put(how, "the number itself"); break;
    case STEP_CODE:
        text_fmt(how, "%zu levels, most frequent first; rare and unseen ones count as missing",
                 row->n ? row->n : (size_t)s->keys[row->a].n);
        break;
    case STEP_LOOKUP: tell_lookup(row, how); break;
    case STEP_DATE: text_put(how, date_how[row->kind]); break;
    case STEP_GAP: text_put(how, "days between two dates"); break;
    case STEP_ARITH: text_put(how, arith_how[row->kind]); break;
    case STEP_TEXT_STAT: text_put(how, text_how[row->kind]); break;
    case STEP_TEXT_DENSE:
        text_fmt(how, "words%s weighed by rarity (%zu counted), pressed into %u numbers by singular vectors",
                 s->words[row->a].chars ? ", pairs of words and letter triples" : " and pairs of words", row->n,
                 row->outs);
        break;
    case STEP_TEXT_SCORE:
        text_fmt(how, "linear score of the target from %zu words, fitted out of fold", row->n);
        break;
    case STEP_OPS_N: break;
    }
}

Err steps_describe_first(Ctx *cx, const Steps *s, const Schema *schema, size_t n, Text *json)
{
    Text how;
    assert(schema->n == s->raw_n);
    text_init(&how, cx);
    json_open_array(json);
    for (uint32_t i = 0; i < s->features_n && i < n; i++) {
        const Feature *f = &s->feature[i];
        how.n = 0;
        tell_row(s, &s->row[s->feature_row[i]], &how);
        json_open(json);
        json_key_text(json, "feature", f->name);
        json_key_text(json, "kind", f->kind == FEATURE_CATEGORY ? "category" : "number");
        json_key_open_array(json, "from");
        for (int k = 0; k < 2; k++)
            if (f->raw[k] != FEATURE_NO_RAW) json_text(json, schema->col[f->raw[k]].name);
        json_close_array(json);
        json_key_text(json, "how", how.at);
        json_close(json);
    }
    json_close_array(json);
    Err err = text_err(&how);
    text_clear(&how);
    if (err) return ctx_hop(cx, err, __FILE__, __LINE__);
    return text_err(json);
}

Err steps_describe(Ctx *cx, const Steps *s, const Schema *schema, Text *json)
{
    return steps_describe_first(cx, s, schema, s->features_n, json);
}
