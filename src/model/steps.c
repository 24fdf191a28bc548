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
#define TOLD_RAWS 12     /* columns of a feature that a description names */

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

Err steps_add_keys(Ctx *cx, Steps *s, uint32_t raw, KeyCut cut, const Dict *levels, uint32_t *keys)
{
    Err err = OK;
    Keys k = { .raw = { raw, STEPS_NONE },
               .cut = cut,
               .n = levels->n,
               .of = { STEPS_NONE, STEPS_NONE },
               .first = STEPS_NONE,
               .last = STEPS_NONE };
    assert(raw < s->raw_n && levels->n < STEPS_KEYS_MAX && (cut == CUT_NONE || !s->raw_numeric[raw]));
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

bool keys_may_pair(const Steps *s, uint32_t a, uint32_t b)
{
    const Keys *k = &s->keys[a];
    return !s->keys[b].pair && (!k->pair || (!s->keys[k->of[0]].pair && !s->keys[k->of[1]].pair));
}

Err steps_add_pairs(Ctx *cx, Steps *s, uint32_t keys_a, uint32_t keys_b, const uint32_t *pair, uint32_t n,
                    uint32_t *keys)
{
    Err err = OK;
    assert(keys_a < s->keys_n && keys_b < s->keys_n && n < STEPS_KEYS_MAX);
    assert(keys_may_pair(s, keys_a, keys_b));
    Keys k = { .raw = { s->keys[keys_a].raw[0], s->keys[keys_b].raw[0] },
               .n = n,
               .of = { keys_a, keys_b },
               .first = STEPS_NONE,
               .last = STEPS_NONE };
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
    Words w = { .raw = raw, .bits = bits, .n = n, .chars = chars, .first = STEPS_NONE, .last = STEPS_NONE };
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

static bool about_column(const Row *row)
{
    return row->op == STEP_RANK ||
           (row->op == STEP_LOOKUP && row->kind >= LOOKUP_MEAN && row->kind < LOOKUP_KINDS_N);
}

static const char *check_table(const Steps *s, Row *row)
{
    bool words = row_reads_words(row), lookup = row->op == STEP_LOOKUP;
    if (words ? row->a >= s->words_n : row->a >= s->keys_n) return "a table of levels or words that is not there";
    row->n = words ? s->words[row->a].n : s->keys[row->a].n;
    if (lookup && row->kind >= LOOKUP_KINDS_N) return "an unknown kind of table";
    if (about_column(row) && row->about >= s->raw_n) return "a column that is not there";
    if (row->op == STEP_RANK && (!s->raw_numeric[row->about] || row->outs != 1 || row->parts != 1))
        return "a rank of what is no number";
    if (row->op == STEP_TEXT_DENSE && row->parts != 1) return "parts where none can be";
    return NULL;
}

static const char *check_rows(const Steps *s, const Row *row)
{
    if (!row->kind || row->kind > ROWS_ALL) return "an unknown statistic of a row";
    if (!row->list_n || row->list_n > STEPS_LIST_MAX || row->parts != 1) return "an impossible list of columns";
    if (row->outs != steps_rows_outs(row->kind, row->list_n)) return "an impossible number of features";
    for (uint32_t i = 0; i < row->list_n; i++)
        if (row->list[i] >= s->raw_n || (row->kind != ROWS_MISSING && !s->raw_numeric[row->list[i]]))
            return "a column that holds no numbers";
    return NULL;
}

const char *row_check(const Steps *s, Row *row)
{
    bool raw_a = row->a < s->raw_n, raw_b = row->b < s->raw_n;
    if (row->outs < 1 || row->outs > STEPS_OUTS_MAX) return "an impossible number of features";
    if (row->parts != 1 && (!s->folds || row->parts != s->folds + 1)) return "an impossible number of parts";
    row->n = 0;
    if ((unsigned)row->use >= FEATURE_USES_N) return "an unknown use of a feature";
    if (row_width(row)) return check_table(s, row);
    if (row->op == STEP_ROWS) return check_rows(s, row);
    if (row->list_n) return "a list of columns where none can be";
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
    case STEP_DIGIT:
        if (row->kind >= DIGIT_PARTS_N) return "an unknown part of a number";
        return raw_a && s->raw_numeric[row->a] ? NULL : "a column that holds no numbers";
    default: return "an unknown operation";
    }
}

/* The raw columns of a thing, each once; those that do not fit are counted, not written. */
typedef struct Raws {
    uint32_t *at;
    size_t n, max;
} Raws;

static void raws_put(Raws *to, uint32_t raw)
{
    if (raw == STEPS_NONE) return;
    for (size_t i = 0; i < to->n && i < to->max; i++)
        if (to->at[i] == raw) return;
    if (to->n < to->max) to->at[to->n] = raw;
    to->n++;
}

static void raws_of_keys(const Steps *s, uint32_t keys, Raws *to)
{
    const Keys *k = &s->keys[keys];
    if (!k->pair) raws_put(to, k->raw[0]);
    else
        for (int i = 0; i < 2; i++) raws_of_keys(s, k->of[i], to); /* three columns at most */
}

static void raws_of_row(const Steps *s, const Row *row, Raws *to)
{
    switch (row->op) {
    case STEP_NUMBER:
    case STEP_DATE:
    case STEP_DIGIT:
    case STEP_TEXT_STAT: raws_put(to, row->a); break;
    case STEP_GAP:
        raws_put(to, row->a);
        raws_put(to, row->b);
        break;
    case STEP_CODE:
    case STEP_RANK:
    case STEP_LOOKUP:
        raws_of_keys(s, row->a, to);
        if (about_column(row)) raws_put(to, row->about);
        break;
    case STEP_TEXT_DENSE:
    case STEP_TEXT_SCORE: raws_put(to, s->words[row->a].raw); break;
    case STEP_ARITH:
        for (int i = 0; i < 2; i++) { /* of calculations of calculations only what was noted: a damaged chain of
                                      ** them could double with each */
            uint32_t of = i ? row->b : row->a;
            const Row *from = &s->row[s->feature_row[of]];
            if (from->op != STEP_ARITH) raws_of_row(s, from, to);
            for (int k = 0; from->op == STEP_ARITH && k < 2; k++)
                if (s->feature[of].raw[k] != FEATURE_NO_RAW) raws_put(to, s->feature[of].raw[k]);
        }
        break;
    case STEP_ROWS:
        for (uint32_t i = 0; i < row->list_n; i++) raws_put(to, row->list[i]);
        break;
    case STEP_OPS_N: break;
    }
}

void row_raw(const Steps *s, const Row *row, uint32_t raw[2])
{
    raw[0] = raw[1] = FEATURE_NO_RAW;
    raws_of_row(s, row, &(Raws){ .at = raw, .max = 2 });
}

size_t steps_feature_raws(const Steps *s, size_t i, uint32_t *raws, size_t max)
{
    Raws to = { .at = raws, .max = max };
    raws_of_row(s, &s->row[s->feature_row[i]], &to);
    return to.n;
}

FeatureKind row_kind(const Row *row)
{
    return row->op == STEP_CODE ? FEATURE_CATEGORY : FEATURE_NUMBER;
}

/* The row joins those of its keys or words, so that applying them looks at no others. */
static void chain(Steps *s, Row *row, uint32_t at)
{
    row->next = STEPS_NONE;
    if (!row_looks_up(row) && !row_reads_words(row)) return;
    uint32_t *first = row_looks_up(row) ? &s->keys[row->a].first : &s->words[row->a].first;
    uint32_t *last = row_looks_up(row) ? &s->keys[row->a].last : &s->words[row->a].last;
    if (*first == STEPS_NONE) *first = at;
    else s->row[*last].next = at;
    *last = at;
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
                        .levels = row->op == STEP_CODE ? s->keys[row->a].n : 0,
                        .use = row->use };
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
    chain(s, row, s->rows_n);
    s->row[s->rows_n++] = *row;
    row->table = row->other = NULL;
    row->list = NULL;
    return OK;
}

void row_turn(const Row *row, const float *in, bool back, float *out)
{
    size_t width = row_width(row), parts = row->parts;
    for (size_t p = 0; p < parts; p++)
        for (size_t i = 0; i < row->n; i++) {
            size_t by_part = (p * row->n + i) * width, by_index = (i * parts + p) * width;
            memcpy(out + (back ? by_part : by_index), in + (back ? by_index : by_part), width * sizeof *in);
        }
}

/* Copies of the tables and of the list. */
static Err copy_tables(Ctx *cx, const StepAdd *in, Row *row)
{
    size_t n = row->n * row->parts * row_width(row), others = row_others(row);
    row->table = ctx_get_n(cx, n, sizeof *row->table);
    if (others) row->other = ctx_get_n(cx, others, sizeof *row->other);
    if (!row->table || (others && !row->other)) return FAIL(cx, ERR_NOMEM, "keeping a table of %zu numbers", n);
    if (n) row_turn(row, in->table, false, row->table);
    if (others) memcpy(row->other, in->other, others * sizeof *row->other);
    return OK;
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
                .use = in->use,
                .list_n = in->list_n,
                .parts = in->parted ? s->folds + 1 : 1 };
    if (in->list_n && in->list_n <= STEPS_LIST_MAX) {
        GET_DONE(cx, row.list, in->list_n, "keeping a list of columns");
        memcpy(row.list, in->list, in->list_n * sizeof *row.list);
    }
    const char *wrong = row_check(s, &row);
    if (wrong) {
        err = FAIL(cx, ERR_BUG, "a step names %s", wrong);
        goto done;
    }
    for (uint32_t i = 0; i < in->outs; i++) {
        size_t n = strlen(in->name[i]) + 1;
        GET_DONE(cx, name[i], n, "naming a feature");
        memcpy(name[i], in->name[i], n);
    }
    if (row_width(&row)) TRY_DONE(cx, copy_tables(cx, in, &row));
    TRY_DONE(cx, steps_append(cx, s, &row, name));
done:
    ctx_put(cx, row.table);
    ctx_put(cx, row.other);
    ctx_put(cx, row.list);
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
        ctx_put(cx, s->row[i].list);
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

uint32_t steps_keys_of(const Steps *s, uint32_t raw, KeyCut cut)
{
    for (uint32_t i = 0; i < s->keys_n; i++)
        if (!s->keys[i].pair && s->keys[i].raw[0] == raw && s->keys[i].cut == cut) return i;
    return STEPS_NONE;
}

void steps_keys_pair(const Steps *s, uint32_t keys, uint32_t of[2])
{
    memcpy(of, s->keys[keys].of, 2 * sizeof *of);
}
KeyCut steps_keys_cut(const Steps *s, uint32_t keys)
{
    return s->keys[keys].cut;
}

bool steps_uses(const Steps *s, uint32_t raw)
{
    uint32_t raws[STEPS_LIST_MAX];
    for (uint32_t r = 0; r < s->rows_n; r++) {
        size_t n = steps_feature_raws(s, s->row[r].first, raws, STEPS_LIST_MAX);
        for (size_t i = 0; i < n && i < STEPS_LIST_MAX; i++)
            if (raws[i] == raw) return true;
    }
    return false;
}

static bool keys_whole(const Steps *s, uint32_t keys)
{
    const Keys *k = &s->keys[keys];
    return k->pair ? keys_whole(s, k->of[0]) && keys_whole(s, k->of[1]) : k->cut == CUT_NONE && !s->raw_time[k->raw[0]];
}

/* Calculations with calculations are never made, but a damaged file may hold a long chain of them. */
static bool calculates_portable(const Steps *s, uint32_t feature)
{
    return s->row[s->feature_row[feature]].op != STEP_ARITH && steps_portable(s, feature);
}

bool steps_portable(const Steps *s, size_t i)
{
    const Row *row = &s->row[s->feature_row[i]];
    switch (row->op) {
    case STEP_NUMBER: return !s->raw_time[row->a];
    case STEP_CODE:
    case STEP_LOOKUP: return keys_whole(s, row->a);
    case STEP_ARITH: return calculates_portable(s, row->a) && calculates_portable(s, row->b);
    default: return false;
    }
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
    [DATE_WEEK_SIN] = "where in the week it falls, as a sine",
    [DATE_WEEK_COS] = "where in the week it falls, as a cosine",
    [DATE_TIME_SIN] = "the time of day, as a sine",
    [DATE_TIME_COS] = "the time of day, as a cosine",
};
static const char *const text_how[TEXT_STATS_N] = {
    [TEXT_CHARS] = "how many characters",
    [TEXT_WORDS] = "how many words",
    [TEXT_CAPITALS] = "share of characters that are capitals",
    [TEXT_DIGITS] = "share of characters that are digits",
    [TEXT_MARKS] = "share of characters that are neither letters, digits nor blanks",
    [TEXT_NUMBER_FIRST] = "the first number that stands in it",
    [TEXT_NUMBER_LAST] = "the last number that stands in it",
};
static const char *const rows_how[] = {
    "how many of these columns are missing", "mean of the row's values in these columns",
    "standard deviation of the row's values in these columns", "smallest of the row's values in these columns",
    "largest of the row's values in these columns", "largest less smallest of the row's values in these columns",
    "how many different values the row has in these columns",
    "how often the row's most frequent value stands in these columns",
    "slope of the line through the row's values in these columns",
    "the row's values in these columns in ascending order",
};
static const char *const digit_how[DIGIT_PARTS_N] = {
    [DIGIT_FRACTION] = "what stands behind the decimal point",
    [DIGIT_LAST] = "the last digit before the decimal point",
    [DIGIT_LAST_TWO] = "the last two digits before the decimal point",
    [DIGIT_ZEROS] = "how many zeros it ends with before the decimal point",
};
static const char *const cut_how[CUTS_N] = {
    [CUT_NONE] = "", [CUT_FIRST] = "; of the first piece of the text", [CUT_SECOND] = "; of the second piece of the text",
    [CUT_LAST] = "; of the last piece of the text",
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
    case LOOKUP_LEAST: text_put(how, "smallest number among rows with this value"); break;
    case LOOKUP_MOST: text_put(how, "largest number among rows with this value"); break;
    case LOOKUP_MIDDLE: text_put(how, "median of the number among rows with this value"); break;
    case LOOKUP_DISTINCT: text_put(how, "how many levels of the other column rows with this value have"); break;
    default: text_put(how, "standard deviation of the number among rows with this value"); break;
    }
}

/* Which statistic, counted from 0, makes this feature of the row. */
static uint32_t rows_stat_at(const Row *row, uint32_t out)
{
    uint32_t at = 0, met = 0;
    for (uint32_t bit = 0; bit < 10; bit++)
        if (row->kind >> bit & 1) {
            at = bit;
            if (met++ == out) break;
        }
    return at; /* what follows the last is sorted values */
}

static void tell_row(const Steps *s, const Row *row, uint32_t out, Text *how)
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
    case STEP_ROWS: text_put(how, rows_how[rows_stat_at(row, out)]); break;
    case STEP_DIGIT: text_put(how, digit_how[row->kind]); break;
    case STEP_RANK: text_put(how, "share of the rows with this value in which the number is smaller"); break;
    case STEP_OPS_N: break;
    }
    if (row_looks_up(row)) text_put(how, cut_how[s->keys[row->a].cut]);
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
        const Row *row = &s->row[s->feature_row[i]];
        uint32_t raws[STEPS_LIST_MAX];
        size_t raws_n = steps_feature_raws(s, i, raws, STEPS_LIST_MAX);
        tell_row(s, row, i - row->first, &how);
        json_open(json);
        json_key_text(json, "feature", f->name);
        json_key_text(json, "kind", f->kind == FEATURE_CATEGORY ? "category" : "number");
        json_key_open_array(json, "from");
        for (size_t k = 0; k < raws_n && k < TOLD_RAWS; k++) json_text(json, schema->col[raws[k]].name);
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
