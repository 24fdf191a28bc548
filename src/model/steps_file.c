/* model/steps_file.c -- steps as bytes, and back.  Format: doc/formats/steps.md
**
** load believes nothing: every count is bounded by the bytes that are left, every index by what was read
** before it, every table must be finite.  Whatever passes is safe to apply to any table.
*/
#include "model/steps_in.h"

#include <math.h>
#include <string.h>

#define STEPS_VERSION 2
#define ROW_BYTES_MIN 37 /* what one row takes at least, in any version */

/* ------------------------------------------------------------------ saving */

static void save_keys(const Keys *k, Text *out)
{
    put_u32(out, k->raw[0]);
    put_u32(out, k->raw[1]);
    put_u8(out, (uint8_t)k->cut);
    put_u32(out, k->n);
    if (k->pair) {
        put_u32(out, k->of[0]);
        put_u32(out, k->of[1]);
        text_bytes(out, k->pair, 2 * (size_t)k->n * sizeof *k->pair);
        return;
    }
    for (uint32_t i = 0; i < k->n; i++) put_u32(out, (uint32_t)(k->offset[i + 1] - k->offset[i]));
    text_bytes(out, k->bytes, (size_t)k->offset[k->n]);
}

static void save_words(const Words *w, Text *out)
{
    put_u32(out, w->raw);
    put_u32(out, w->bits);
    put_u8(out, w->chars);
    put_u32(out, w->n);
    text_bytes(out, w->bucket, w->n * sizeof *w->bucket);
    text_bytes(out, w->idf, w->n * sizeof *w->idf);
}

/* In memory an index's numbers of all parts stand together, in files those of a part. */
static Err save_table(Ctx *cx, const Row *row, Text *out)
{
    size_t n = row->n * row->parts * row_width(row);
    float *turned = NULL;
    if (!row->table) return OK;
    if (row->parts > 1) {
        turned = ctx_get_n(cx, n, sizeof *turned);
        if (!turned) return FAIL(cx, ERR_NOMEM, "writing a table of %zu numbers", n);
        row_turn(row, row->table, true, turned);
    }
    text_bytes(out, turned ? turned : row->table, n * sizeof(float));
    if (row->other) text_bytes(out, row->other, row_others(row) * sizeof(float));
    ctx_put(cx, turned);
    return OK;
}

static Err save_row(Ctx *cx, const Steps *s, const Row *row, Text *out)
{
    put_u8(out, (uint8_t)row->op);
    put_u32(out, row->kind);
    put_u32(out, row->a);
    put_u32(out, row->b);
    put_u32(out, row->about);
    put_f64(out, row->number);
    put_u32(out, row->outs);
    put_u32(out, row->parts);
    put_u8(out, (uint8_t)row->use);
    put_u32(out, row->list_n);
    for (uint32_t i = 0; i < row->list_n; i++) put_u32(out, row->list[i]);
    for (uint32_t i = 0; i < row->outs; i++) put_str(out, s->feature[row->first + i].name);
    return save_table(cx, row, out);
}

Err steps_save(Ctx *cx, const Steps *s, Text *out)
{
    put_u32(out, STEPS_VERSION);
    put_u32(out, s->folds);
    put_u32(out, s->raw_n);
    for (uint32_t i = 0; i < s->raw_n; i++) put_u8(out, (uint8_t)(s->raw_numeric[i] | s->raw_time[i] << 1));
    put_u32(out, s->keys_n);
    for (uint32_t i = 0; i < s->keys_n; i++) save_keys(&s->keys[i], out);
    put_u32(out, s->words_n);
    for (uint32_t i = 0; i < s->words_n; i++) save_words(&s->words[i], out);
    put_u32(out, s->rows_n);
    for (uint32_t i = 0; i < s->rows_n; i++) TRY(cx, save_row(cx, s, &s->row[i], out));
    Err err = text_err(out);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* ----------------------------------------------------------------- loading */

static Err damaged(Ctx *cx, const char *what)
{
    return FAIL(cx, ERR_CORRUPT, "the build's steps are damaged: %s", what);
}

static void *copy_array(Ctx *cx, Reader *r, size_t n, size_t size, Err *err)
{
    const void *from = get_array(r, n, size);
    if (!from) {
        *err = damaged(cx, "they end too early");
        return NULL;
    }
    void *p = ctx_get_n(cx, n, size);
    if (!p) *err = FAIL(cx, ERR_NOMEM, "reading %zu bytes of steps", n * size);
    else if (n) memcpy(p, from, n * size);
    return p;
}

static Err load_levels(Ctx *cx, Reader *r, Keys *k)
{
    const unsigned char *lengths = get_array(r, k->n, 4);
    Err err = OK;
    if (!lengths) return damaged(cx, "they end too early");
    k->offset = ctx_get_n(cx, (size_t)k->n + 1, sizeof *k->offset);
    if (!k->offset) return FAIL(cx, ERR_NOMEM, "reading %u levels", k->n);
    for (uint32_t i = 0; i < k->n; i++) {
        uint32_t length;
        memcpy(&length, lengths + 4 * (size_t)i, 4);
        k->offset[i + 1] = k->offset[i] + length;
    }
    k->bytes = copy_array(cx, r, (size_t)k->offset[k->n], 1, &err);
    return err;
}

static Err load_pairs(Ctx *cx, const Steps *s, Reader *r, Keys *k)
{
    Err err = OK;
    for (int i = 0; i < 2; i++) {
        k->of[i] = get_u32(r);
        if (k->of[i] >= s->keys_n || s->keys[k->of[i]].raw[0] != k->raw[i])
            return damaged(cx, "a table of pairs names levels that are not there");
    }
    if (!keys_may_pair(s, k->of[0], k->of[1])) return damaged(cx, "a table of pairs is made of too many columns");
    k->pair = copy_array(cx, r, 2 * (size_t)k->n, sizeof *k->pair, &err);
    if (err) return err;
    for (size_t i = 0; i < 2 * (size_t)k->n; i++)
        if (k->pair[i] >= s->keys[k->of[i & 1]].n) return damaged(cx, "a pair names a level that is not there");
    return OK;
}

/* The new thing is counted first, so that steps_free releases whatever it got. */
static Err load_keys(Ctx *cx, Reader *r, uint32_t version, Steps *s)
{
    Keys *k = &s->keys[s->keys_n];
    *k = (Keys){ .of = { STEPS_NONE, STEPS_NONE }, .first = STEPS_NONE, .last = STEPS_NONE };
    k->raw[0] = get_u32(r);
    k->raw[1] = get_u32(r);
    uint8_t cut = version > 1 ? get_u8(r) : CUT_NONE;
    k->n = get_u32(r);
    if (r->short_) return damaged(cx, "they end too early");
    if (k->raw[0] >= s->raw_n || (k->raw[1] != STEPS_NONE && k->raw[1] >= s->raw_n))
        return damaged(cx, "levels of a column that is not there");
    if (k->n >= STEPS_KEYS_MAX) return damaged(cx, "an impossible number of levels");
    if (cut >= CUTS_N || (cut && (k->raw[1] != STEPS_NONE || s->raw_numeric[k->raw[0]])))
        return damaged(cx, "a piece of what is no text");
    k->cut = (KeyCut)cut;
    Err err = k->raw[1] == STEPS_NONE ? load_levels(cx, r, k) : load_pairs(cx, s, r, k);
    if (!err) err = keys_index_slots(cx, k);
    s->keys_n++;
    return err;
}

static Err load_words(Ctx *cx, Reader *r, Steps *s)
{
    Err err = OK;
    Words *w = &s->words[s->words_n++];
    *w = (Words){ .raw = get_u32(r), .bits = 0, .first = STEPS_NONE, .last = STEPS_NONE };
    w->bits = get_u32(r);
    uint8_t chars = get_u8(r);
    w->n = get_u32(r);
    w->chars = chars;
    if (r->short_) return damaged(cx, "they end too early");
    if (w->raw >= s->raw_n || s->raw_numeric[w->raw]) return damaged(cx, "words of a column that holds no text");
    if (chars > 1 || !w->bits || w->bits > STEPS_BITS_MAX) return damaged(cx, "an impossible hash space");
    w->bucket = copy_array(cx, r, w->n, sizeof *w->bucket, &err);
    if (!err) w->idf = copy_array(cx, r, w->n, sizeof *w->idf, &err);
    if (err) return err;
    for (uint32_t i = 0; i < w->n; i++)
        if (w->bucket[i] >> w->bits || (i && w->bucket[i] <= w->bucket[i - 1]) || !isfinite(w->idf[i]))
            return damaged(cx, "words out of order");
    return words_place(cx, w);
}

static Err load_table(Ctx *cx, Reader *r, size_t n, float **out)
{
    Err err = OK;
    *out = copy_array(cx, r, n, sizeof **out, &err);
    for (size_t i = 0; !err && i < n; i++)
        if (!isfinite((*out)[i])) err = damaged(cx, "a table holds what is no number");
    return err;
}

/* A rank's quantiles ascend. */
static Err check_knots(Ctx *cx, const Row *row)
{
    for (size_t i = 0; row->op == STEP_RANK && i <= row->n; i++) {
        const float *knot = i < row->n ? row->table + i * STEPS_RANK_KNOTS : row->other;
        for (int k = 1; k < STEPS_RANK_KNOTS; k++)
            if (knot[k] < knot[k - 1]) return damaged(cx, "quantiles out of order");
    }
    return OK;
}

static Err load_tables(Ctx *cx, Reader *r, Row *row)
{
    float *by_part = NULL;
    size_t n = row->n * row->parts * row_width(row); /* below 2^32 x 2^15 */
    Err err = OK;
    TRY_DONE(cx, load_table(cx, r, n, &by_part));
    if (row->parts > 1) {
        GET_DONE(cx, row->table, n, "reading a table of %zu numbers", n);
        row_turn(row, by_part, false, row->table);
    } else {
        row->table = by_part;
        by_part = NULL;
    }
    if (row_others(row)) TRY_DONE(cx, load_table(cx, r, row_others(row), &row->other));
    TRY_DONE(cx, check_knots(cx, row));
done:
    ctx_put(cx, by_part);
    return err;
}

static Err load_list(Ctx *cx, Reader *r, Row *row)
{
    row->use = (FeatureUse)get_u8(r);
    row->list_n = get_u32(r);
    if (r->short_ || row->list_n > STEPS_LIST_MAX) return damaged(cx, "an impossible list of columns");
    row->list = ctx_get_n(cx, row->list_n, sizeof *row->list);
    if (!row->list) return FAIL(cx, ERR_NOMEM, "reading a list of columns");
    for (uint32_t i = 0; i < row->list_n; i++) row->list[i] = get_u32(r);
    return OK;
}

static Err load_row(Ctx *cx, Reader *r, uint32_t version, Steps *s)
{
    Err err = OK;
    char *name[STEPS_OUTS_MAX] = { NULL };
    Row row = { .op = STEP_OPS_N };
    uint8_t op = get_u8(r);
    row.op = op < STEP_OPS_N ? (StepOp)op : STEP_OPS_N;
    row.kind = get_u32(r);
    row.a = get_u32(r);
    row.b = get_u32(r);
    row.about = get_u32(r);
    row.number = get_f64(r);
    row.outs = get_u32(r);
    row.parts = get_u32(r);
    if (version > 1) TRY_DONE(cx, load_list(cx, r, &row));
    const char *wrong = r->short_ ? "they end too early" : row_check(s, &row);
    if (wrong) {
        err = damaged(cx, wrong);
        goto done;
    }
    for (uint32_t i = 0; i < row.outs; i++) {
        size_t n;
        const char *at = get_str(r, &n);
        if (!at || !text_utf8_ok(at, n) || memchr(at, 0, n)) {
            err = damaged(cx, "a feature's name cannot be read");
            goto done;
        }
        GET_DONE(cx, name[i], n + 1, "reading a feature's name");
        memcpy(name[i], at, n);
    }
    if (row_width(&row)) TRY_DONE(cx, load_tables(cx, r, &row));
    TRY_DONE(cx, steps_append(cx, s, &row, name));
done:
    ctx_put(cx, row.table);
    ctx_put(cx, row.other);
    ctx_put(cx, row.list);
    for (uint32_t i = 0; i < STEPS_OUTS_MAX; i++) ctx_put(cx, name[i]);
    return err;
}

static Err load_raw(Ctx *cx, Reader *r, Steps *s, uint32_t *version)
{
    *version = get_u32(r);
    if (*version < 1 || *version > STEPS_VERSION) return damaged(cx, "they are of an unknown version");
    s->folds = get_u32(r);
    uint32_t n = get_u32(r);
    if (s->folds >= STEPS_PARTS_MAX) return damaged(cx, "an impossible number of folds");
    const unsigned char *raw = get_array(r, n, 1);
    if (!raw) return damaged(cx, "they end too early");
    s->raw_numeric = ctx_get(cx, n);
    s->raw_time = ctx_get(cx, n);
    if (!s->raw_numeric || !s->raw_time) return FAIL(cx, ERR_NOMEM, "reading the steps of %u columns", n);
    s->raw_n = n;
    for (uint32_t i = 0; i < n; i++) {
        if (raw[i] > 3) return damaged(cx, "a column of an unknown kind");
        s->raw_numeric[i] = raw[i] & 1;
        s->raw_time[i] = raw[i] >> 1;
    }
    return OK;
}

/* A count of things that take at least `least` bytes each, and room for them. */
static Err load_count(Ctx *cx, Reader *r, size_t least, size_t size, uint32_t *n, void **room)
{
    *n = get_u32(r);
    if (r->short_ || *n > r->n / least) return damaged(cx, "they end too early");
    if (!size) return OK;
    *room = ctx_get_n(cx, *n, size);
    return *room ? OK : FAIL(cx, ERR_NOMEM, "reading %u tables of steps", *n);
}

static Err load_all(Ctx *cx, Reader *r, Steps *s)
{
    uint32_t n, version;
    TRY(cx, load_raw(cx, r, s, &version));
    TRY(cx, load_count(cx, r, 12, sizeof *s->keys, &n, (void **)&s->keys));
    s->keys_cap = n;
    for (uint32_t i = 0; i < n; i++) TRY(cx, load_keys(cx, r, version, s));
    TRY(cx, load_count(cx, r, 13, sizeof *s->words, &n, (void **)&s->words));
    s->words_cap = n;
    for (uint32_t i = 0; i < n; i++) TRY(cx, load_words(cx, r, s));
    TRY(cx, load_count(cx, r, ROW_BYTES_MIN, 0, &n, NULL));
    for (uint32_t i = 0; i < n; i++) TRY(cx, load_row(cx, r, version, s));
    if (r->n) return damaged(cx, "something follows their end");
    return OK;
}

Err steps_load(Ctx *cx, const void *bytes, size_t n, Steps **out)
{
    Reader r = { .at = bytes, .n = n };
    *out = NULL;
    Steps *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "reading the steps of a build");
    Err err = load_all(cx, &r, s);
    if (err) {
        steps_free(cx, s);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    *out = s;
    return OK;
}
