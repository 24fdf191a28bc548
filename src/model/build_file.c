/* model/build_file.c -- a build as one file.  Format: doc/formats/build.md.
**
**   0   "LEATBLD1"
**   8   u32 sections, u32 zero, u64 file size
**   24  SHA-256 of the section table
**   64  section table, 64 bytes a row: name (8, zero-filled), u64 offset, u64 size, 32 bytes SHA-256, u64 zero
**   ..  sections, each at a multiple of 4096, zero-filled between
**
** Reading believes nothing: every length is checked against what is left, every
** section against its hash, and meaning against limits, before memory is asked for.
*/
#include "model/model.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#define MAGIC "LEATBLD1"
#define PAGE 4096u
#define HEAD_BYTES 64u
#define ROW_BYTES 64u
#define TEXT_MAX ((size_t)1 << 20)      /* bytes in one name */
#define BACKGROUND_MAX 4096u

enum { S_META, S_SCHEMA, S_STEPS, S_MODELS, S_BACKGROUND, S_FACTS, SECTIONS_N };
static const char section_name[SECTIONS_N][8] = { "meta", "schema", "steps", "models", "backgr", "facts" };
static const char *const section_word[SECTIONS_N] = { "meta", "schema", "steps", "models", "background", "facts" };

/* ------------------------------------------------------------------- save */

static void save_meta(const Build *b, Text *t)
{
    put_u32(t, (uint32_t)b->task);
    put_u32(t, b->classes);
    for (uint32_t c = 0; c < b->classes; c++) put_str(t, b->class_name[c]);
    put_str(t, b->target);
    put_u32(t, (uint32_t)b->target_type);
    put_u32(t, b->folds);
    put_f64(t, b->scale);
    put_f64(t, b->shift);
    put_f64(t, b->threshold);
    put_f64(t, b->lo);
    put_f64(t, b->hi);
}

static Err save_models(Ctx *cx, const Build *b, Text *t)
{
    Text one;
    Err err = OK;
    text_init(&one, cx);
    put_u32(t, b->members_n);
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        put_str(t, m->learner);
        put_str(t, m->params);
        put_f64(t, m->weight);
        put_f64(t, m->scale);
        put_u32(t, m->trial);
        put_u32(t, m->parts_n);
        for (uint32_t k = 0; k < m->parts_n; k++) {
            text_clear(&one);
            TRY_DONE(cx, model_save(cx, m->model[k], &one));
            put_u32(t, m->part[k]);
            put_u64(t, one.n);
            text_bytes(t, one.at, one.n);
        }
    }
done:
    text_clear(&one);
    return err;
}

static void save_background(const Table *b, Text *t)
{
    put_u32(t, (uint32_t)b->rows);
    put_u32(t, (uint32_t)b->cols);
    for (size_t j = 0; j < b->cols; j++) {
        const Column *c = &b->col[j];
        for (size_t i = 0; i < b->rows; i++) {
            put_u8(t, column_has(c, i));
            if (!column_has(c, i)) continue;
            if (c->num) put_f64(t, c->num[i]);
            else {
                size_t n;
                const char *s = dict_at(&c->dict, (uint32_t)c->code[i], &n);
                put_u32(t, (uint32_t)n);
                text_bytes(t, s, n);
            }
        }
    }
}

static void pad_to(Text *t, size_t unit)
{
    static const char zero[PAGE];
    size_t over = t->n % unit;
    if (over) text_bytes(t, zero, unit - over);
}

/* The table goes in front of sections whose sizes are known only afterwards: room is left, then filled. */
static Err fill_head(Ctx *cx, Text *t, const size_t *from, const size_t *size)
{
    Text rows;
    Digest d;
    Err err = OK;
    text_init(&rows, cx);
    for (int i = 0; i < SECTIONS_N; i++) {
        TRY_DONE(cx, hash_bytes(cx, t->at + from[i], size[i], &d));
        text_bytes(&rows, section_name[i], 8);
        put_u64(&rows, from[i]);
        put_u64(&rows, size[i]);
        text_bytes(&rows, d.at, sizeof d.at);
        put_u64(&rows, 0);
    }
    TRY_DONE(cx, text_err(&rows));
    TRY_DONE(cx, hash_bytes(cx, rows.at, rows.n, &d));
    memcpy(t->at + HEAD_BYTES, rows.at, rows.n);
    uint64_t whole = t->n;
    memcpy(t->at + 16, &whole, 8);
    memcpy(t->at + 24, d.at, sizeof d.at);
done:
    text_clear(&rows);
    return err;
}

Err build_save(Ctx *cx, const Build *b, Text *t, Digest *digest)
{
    size_t from[SECTIONS_N], size[SECTIONS_N];
    text_bytes(t, MAGIC, 8);
    put_u32(t, SECTIONS_N);
    put_u32(t, 0);
    while (!t->broken && t->n < HEAD_BYTES + ROW_BYTES * SECTIONS_N) text_char(t, 0);
    for (int i = 0; i < SECTIONS_N; i++) {
        pad_to(t, PAGE);
        from[i] = t->n;
        if (i == S_META) save_meta(b, t);
        if (i == S_SCHEMA) TRY(cx, schema_save(cx, b->schema, t));
        if (i == S_STEPS) TRY(cx, steps_save(cx, b->steps, t));
        if (i == S_MODELS) TRY(cx, save_models(cx, b, t));
        if (i == S_BACKGROUND) save_background(b->background, t);
        if (i == S_FACTS) text_put(t, b->facts ? b->facts : "{}");
        size[i] = t->n - from[i];
    }
    TRY(cx, text_err(t));
    TRY(cx, fill_head(cx, t, from, size));
    return hash_bytes(cx, t->at, t->n, digest);
}

/* ------------------------------------------------------------------- load */

typedef struct Section { const unsigned char *at; size_t n; } Section;

#define DAMAGED "the build file is damaged: "
#define ADVICE "; fetch it again or train anew"

static Err damaged(Ctx *cx, const char *what)
{
    return FAIL(cx, ERR_CORRUPT, DAMAGED "%s" ADVICE, what);
}

static Err take_text(Ctx *cx, Reader *r, size_t max, const char *what, char **out)
{
    size_t n;
    const char *s = get_str(r, &n);
    if (!s || n > max || memchr(s, 0, n) || !text_utf8_ok(s, n)) return damaged(cx, what);
    *out = ctx_get(cx, n + 1);
    if (!*out) return FAIL(cx, ERR_NOMEM, "loading a build");
    memcpy(*out, s, n);
    return OK;
}

static Err open_sections(Ctx *cx, const unsigned char *at, size_t n, Section *out)
{
    Reader r = { at, n, false };
    Digest want, got;
    if (n < HEAD_BYTES || memcmp(at, MAGIC, 8))
        return FAIL(cx, ERR_CORRUPT, "this is not a build file (it does not begin with %s)", MAGIC);
    get_u64(&r);
    if (get_u32(&r) != SECTIONS_N || get_u32(&r) != 0) return damaged(cx, "its section count is off");
    if (get_u64(&r) != n) return damaged(cx, "its length is not what it says: it is cut or has grown");
    if (n < HEAD_BYTES + ROW_BYTES * SECTIONS_N) return damaged(cx, "its section table is cut");
    memcpy(want.at, at + 24, sizeof want.at);
    for (size_t i = 56; i < HEAD_BYTES; i++)
        if (at[i]) return damaged(cx, "its head holds stray bytes");
    TRY(cx, hash_bytes(cx, at + HEAD_BYTES, ROW_BYTES * SECTIONS_N, &got));
    if (!digest_same(&want, &got)) return damaged(cx, "its section table does not match its checksum");
    size_t end = HEAD_BYTES + ROW_BYTES * SECTIONS_N;
    for (int i = 0; i < SECTIONS_N; i++) {
        const unsigned char *row = at + HEAD_BYTES + ROW_BYTES * (size_t)i;
        Reader rr = { row + 8, 16, false };
        uint64_t from = get_u64(&rr), size = get_u64(&rr);
        if (memcmp(row, section_name[i], 8) || from % PAGE || from < end || from > n || size > n - from)
            return damaged(cx, "a section lies outside the file");
        for (size_t k = end; k < from; k++)
            if (at[k]) return damaged(cx, "stray bytes lie between its sections");
        memcpy(want.at, row + 24, sizeof want.at);
        TRY(cx, hash_bytes(cx, at + from, (size_t)size, &got));
        if (!digest_same(&want, &got)) return FAIL(cx, ERR_CORRUPT, DAMAGED "its section '%.8s' does not match its checksum" ADVICE, section_name[i]);
        out[i] = (Section){ at + from, (size_t)size };
        end = (size_t)(from + size);
    }
    return end == n ? OK : damaged(cx, "bytes follow its last section");
}

static Err load_meta(Ctx *cx, Section s, Build *b)
{
    Reader r = { s.at, s.n, false };
    uint32_t task = get_u32(&r), classes = get_u32(&r);
    if (task >= TASKS_N || classes > BUILD_CLASSES_MAX || (task == TASK_REGRESSION ? classes != 0 : classes < 2) ||
        (task_is_pair((Task)task) && classes != 2))
        return damaged(cx, "its task and classes do not agree");
    b->task = (Task)task;
    if (classes) {
        b->class_name = ctx_get_n(cx, classes, sizeof *b->class_name);
        if (!b->class_name) return FAIL(cx, ERR_NOMEM, "loading a build of %u classes", classes);
        b->classes = classes;
    }
    for (uint32_t c = 0; c < classes; c++) TRY(cx, take_text(cx, &r, TEXT_MAX, "a class has no name", &b->class_name[c]));
    TRY(cx, take_text(cx, &r, TEXT_MAX, "its target has no name", &b->target));
    uint32_t type = get_u32(&r);
    b->folds = get_u32(&r);
    b->scale = get_f64(&r);
    b->shift = get_f64(&r);
    b->threshold = get_f64(&r);
    b->lo = get_f64(&r);
    b->hi = get_f64(&r);
    if (r.short_ || r.n || type >= COLUMN_TYPES_N || !b->folds || b->folds > BUILD_PARTS_MAX)
        return damaged(cx, "its head does not make sense");
    if (!isfinite(b->scale) || !isfinite(b->shift) || !isfinite(b->threshold) || isnan(b->lo) || isnan(b->hi) || b->lo > b->hi)
        return damaged(cx, "its calibration does not make sense");
    b->target_type = (ColumnType)type;
    return OK;
}

static Err load_member(Ctx *cx, Reader *r, Build *b, Member *m)
{
    TRY(cx, take_text(cx, r, 64, "a member names no learner", &m->learner));
    TRY(cx, take_text(cx, r, TEXT_MAX, "a member has no parameters", &m->params));
    m->weight = get_f64(r);
    m->scale = get_f64(r);
    m->trial = get_u32(r);
    uint32_t parts = get_u32(r);
    if (r->short_ || !isfinite(m->weight) || !isfinite(m->scale) || !parts || parts > BUILD_PARTS_MAX)
        return damaged(cx, "a member does not make sense");
    m->part = ctx_get_n(cx, parts, sizeof *m->part);
    m->model = ctx_get_n(cx, parts, sizeof *m->model);
    if (!m->part || !m->model) return FAIL(cx, ERR_NOMEM, "loading %u models", parts);
    m->parts_n = parts;
    for (uint32_t k = 0; k < parts; k++) {
        m->part[k] = get_u32(r);
        uint64_t n = get_u64(r);
        if (r->short_ || n > r->n || m->part[k] > b->folds) return damaged(cx, "a model is cut");
        const void *at = get_array(r, (size_t)n, 1);
        TRY(cx, model_load(cx, at, (size_t)n, &m->model[k]));
        if (m->model[k]->outputs != build_outputs(b) || m->model[k]->cols != steps_features(b->steps))
            return damaged(cx, "a model does not fit its steps");
    }
    return OK;
}

static Err load_models(Ctx *cx, Section s, Build *b)
{
    Reader r = { s.at, s.n, false };
    uint32_t n = get_u32(&r);
    if (r.short_ || !n || n > BUILD_MEMBERS_MAX) return damaged(cx, "its members cannot be counted");
    b->member = ctx_get_n(cx, n, sizeof *b->member);
    if (!b->member) return FAIL(cx, ERR_NOMEM, "loading %u members", n);
    b->members_n = n;
    for (uint32_t i = 0; i < n; i++) TRY(cx, load_member(cx, &r, b, &b->member[i]));
    return r.n ? damaged(cx, "bytes follow its last model") : OK;
}

static Err load_background(Ctx *cx, Section s, Build *b)
{
    Reader r = { s.at, s.n, false };
    const Schema *sc = b->schema;
    uint32_t rows = get_u32(&r), cols = get_u32(&r);
    Err err = OK;
    Builder *to = NULL;
    if (r.short_ || !rows || rows > BACKGROUND_MAX || cols != sc->n || (size_t)rows * cols > r.n)
        return damaged(cx, "its background sample does not fit its schema");
    TRY_DONE(cx, builder_for(cx, sc, false, "", &to));
    for (uint32_t j = 0; j < cols; j++) {
        for (uint32_t i = 0; i < rows; i++) {
            bool has = get_u8(&r);
            size_t n = 0;
            if (!has) TRY_DONE(cx, builder_null(cx, to, j));
            else if (sc->col[j].numeric) {
                double v = get_f64(&r);
                TRY_DONE(cx, sc->col[j].type == COLUMN_DATETIME ? builder_time(cx, to, j, v) : builder_num(cx, to, j, v));
            } else {
                const char *text = get_str(&r, &n);
                if (!text || n > TABLE_CELL_MAX || !text_utf8_ok(text, n)) {
                    err = damaged(cx, "its background sample is cut");
                    goto done;
                }
                TRY_DONE(cx, builder_text(cx, to, j, text, n));
            }
        }
    }
    if (r.short_ || r.n) {
        err = damaged(cx, "its background sample is cut");
        goto done;
    }
    err = builder_end(cx, to, &b->background);
    to = NULL;
done:
    builder_free(cx, to);
    return err;
}

static Err load_facts(Ctx *cx, Section s, Build *b)
{
    yyjson_doc *doc = yyjson_read((const char *)s.at, s.n, 0);
    bool ok = doc && yyjson_is_obj(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    if (!ok) return damaged(cx, "its facts are not a JSON object");
    b->facts = ctx_get(cx, s.n + 1);
    if (!b->facts) return FAIL(cx, ERR_NOMEM, "loading %zu bytes of facts", s.n);
    memcpy(b->facts, s.at, s.n);
    return OK;
}

/* What the parts say of each other: steps read the schema's columns, models read the steps' features. */
static Err check_whole(Ctx *cx, const Build *b)
{
    uint32_t parts = steps_parts(b->steps);
    if (parts != 1 && parts != b->folds + 1) return damaged(cx, "its steps have another number of folds");
    for (size_t j = 0; j < steps_features(b->steps); j++)
        for (int k = 0; k < 2; k++) {
            uint32_t raw = steps_feature(b->steps, j)->raw[k];
            if (raw != FEATURE_NO_RAW && raw >= b->schema->n) return damaged(cx, "its steps read columns its schema lacks");
        }
    StepFrame *f = NULL;
    TRY(cx, steps_apply(cx, b->steps, b->background, &f));      /* refuses steps that do not fit the schema */
    steps_frame_free(cx, f);
    return OK;
}

Err build_load(Ctx *cx, const void *bytes, size_t n, Build **out)
{
    Section s[SECTIONS_N];
    Err err = OK;
    Build *b = NULL;
    *out = NULL;
    TRY(cx, open_sections(cx, bytes, n, s));
    GET_DONE(cx, b, 1, "loading a build");
    TRY_DONE(cx, load_meta(cx, s[S_META], b));
    TRY_DONE(cx, schema_load(cx, (const char *)s[S_SCHEMA].at, s[S_SCHEMA].n, &b->schema));
    TRY_DONE(cx, steps_load(cx, s[S_STEPS].at, s[S_STEPS].n, &b->steps));
    TRY_DONE(cx, load_models(cx, s[S_MODELS], b));
    TRY_DONE(cx, load_background(cx, s[S_BACKGROUND], b));
    TRY_DONE(cx, load_facts(cx, s[S_FACTS], b));
    err = check_whole(cx, b);
    if (err == ERR_SHAPE) err = damaged(cx, "its steps do not fit its schema");
    if (err) goto done;
    *out = b;
    b = NULL;
done:
    build_free(cx, b);
    return err;
}

const char *build_difference(const void *a, size_t a_n, const void *b, size_t b_n)
{
    const unsigned char *x = a, *y = b;
    size_t head = HEAD_BYTES + ROW_BYTES * (size_t)SECTIONS_N;
    if (a_n == b_n && !memcmp(a, b, a_n)) return NULL;
    if (a_n < head || b_n < head || memcmp(x, y, 16)) return "head";
    for (int i = 0; i < SECTIONS_N; i++)            /* name, place, size, digest: an earlier section's size moves all later ones */
        if (memcmp(x + HEAD_BYTES + ROW_BYTES * (size_t)i + 16, y + HEAD_BYTES + ROW_BYTES * (size_t)i + 16, ROW_BYTES - 16)) return section_word[i];
    return "head";
}
