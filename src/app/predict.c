/* app/predict.c -- score rows with a build and write one line a row. */
#include "app/inner.h"

#include "os/os.h"

#include <math.h>
#include <string.h>

#define CHUNK_ROWS 4096 /* rows explained at once: Shapley values are rows x outputs x columns */
#define PART_ROWS_MIN ((size_t)192)  /* scored at once on one thread; fewer would lay out trees and nets more often than it pays */
#define PART_ROWS_WORTH ((size_t)4096) /* fewer are not cut finer than one part a thread */
#define PART_ROWS_MAX ((size_t)32768)

typedef struct Answers { /* columns of the result, by row */
    QueryColumn *column;
    size_t columns, rows;
    const char **label; /* rows: predicted class */
    double *p;          /* columns of probabilities, column-major; or the values */
    double *shap;       /* columns of Shapley values, column-major */
    double *lo, *hi;    /* rows: an interval each; or */
    const char **set;   /* rows: the classes that may be true, with | between */
    Text names;         /* what set points into */
} Answers;

static void answers_clear(Ctx *cx, Answers *a)
{
    ctx_put(cx, a->column);
    ctx_put(cx, a->label);
    ctx_put(cx, a->p);
    ctx_put(cx, a->shap);
    ctx_put(cx, a->lo);
    ctx_put(cx, a->hi);
    ctx_put(cx, a->set);
    text_clear(&a->names);
    *a = (Answers){ 0 };
}

/* Probabilities row by row become columns; a binary build tells only that of class 1. */
static void spread(const Build *b, const double *answer, size_t rows, Answers *a)
{
    uint32_t k = build_outputs(b);
    for (size_t i = 0; i < rows; i++) {
        if (!b->classes) {
            a->p[i] = answer[i];
            continue;
        }
        a->label[i] = b->class_name[build_class(b, answer + i * k)];
        for (uint32_t c = 0; c < b->classes; c++)
            a->p[c * rows + i] = !task_is_pair(b->task) ? answer[i * k + c] : c ? answer[i] : 1 - answer[i];
    }
}

/* Shapley values of the margin that the answer came from: the only one, or that of the predicted class. */
static Err explain(Ctx *cx, const Build *b, const Table *t, const double *answer, Answers *a)
{
    Err err = OK;
    size_t n = b->schema->n + 1, k = build_outputs(b), rows = t->rows;
    Table *part = NULL;
    uint32_t *at = NULL;
    double *phi = NULL;
    size_t most = rows < CHUNK_ROWS ? rows : CHUNK_ROWS;
    GET_DONE(cx, at, most, "explaining %zu rows", rows);
    phi = ctx_get_n(cx, most * k * n, sizeof *phi);
    if (!phi) {
        err = FAIL(cx, ERR_NOMEM, "explaining %zu rows", rows);
        goto done;
    }
    for (size_t from = 0; from < rows; from += most) {
        size_t m = rows - from < most ? rows - from : most;
        TRY_DONE(cx, ctx_check(cx));
        ctx_step(cx, "explain", (double)from, (double)rows);
        for (size_t i = 0; i < m; i++) at[i] = (uint32_t)(from + i);
        TRY_DONE(cx, table_rows(cx, t, at, m, &part));
        TRY_DONE(cx, build_explain(cx, b, part, phi));
        for (size_t i = 0; i < m; i++) {
            size_t c = k > 1 ? build_class(b, answer + (from + i) * k) : 0;
            for (size_t j = 0; j < n; j++) a->shap[j * rows + from + i] = phi[(i * k + c) * n + j];
        }
        table_free(cx, part);
        part = NULL;
    }
done:
    table_free(cx, part);
    ctx_put(cx, at);
    ctx_put(cx, phi);
    return err;
}

/* --------------------------------------------------------------- intervals */

/* How far off answers were when the build was made: the score that so many rows stayed within. */
static Err find_level(Ctx *cx, const Build *b, double level, Conformal *c, double *q)
{
    bool has;
    TRY(cx, conformal_read(cx, b->facts, c, &has));
    if (!has)
        return FAIL(cx, ERR_BAD_INPUT, "the build of '%s' keeps no record of how far off its answers were, which intervals are made of; train it again", b->target);
    TRY(cx, conformal_level(cx, c, level, q));
    return OK;
}

static void put_name(Text *t, const char *name)
{
    for (; *name; name++) {
        if (*name == '|' || *name == '\\') text_char(t, '\\');
        text_char(t, *name);
    }
}

/* The classes of each row's set, likely or not, in class order; offsets become addresses when the text has stopped growing. */
static Err add_sets(Ctx *cx, const Build *b, const double *answer, double q, Answers *a)
{
    Err err = OK;
    size_t *from = NULL, k = build_outputs(b);
    text_init(&a->names, cx);
    GET_DONE(cx, from, a->rows, "sets of classes of %zu rows", a->rows);
    GET_DONE(cx, a->set, a->rows, "sets of classes of %zu rows", a->rows);
    for (size_t i = 0; i < a->rows; i++) {
        const double *p = answer + i * k;
        uint32_t best = k > 1 ? build_class(b, p) : p[0] >= .5;
        from[i] = a->names.n;
        for (uint32_t c = 0; c < b->classes; c++) {
            if (!conformal_in_set(q, k > 1 ? p[c] : c ? p[0] : 1 - p[0], c == best)) continue;
            if (a->names.n > from[i]) text_char(&a->names, '|');
            put_name(&a->names, b->class_name[c]);
        }
        text_bytes(&a->names, "", 1);
    }
    TRY_DONE(cx, text_err(&a->names));
    for (size_t i = 0; i < a->rows; i++) a->set[i] = a->names.at + from[i];
    a->column[a->columns++] = (QueryColumn){ .name = "set", .text = a->set };
done:
    ctx_put(cx, from);
    return err;
}

static Err add_intervals(Ctx *cx, const Build *b, const double *answer, double level, Answers *a)
{
    Err err = OK;
    Conformal c;
    double q;
    TRY(cx, find_level(cx, b, level, &c, &q));
    if (b->classes) return add_sets(cx, b, answer, q, a);
    GET_DONE(cx, a->lo, a->rows, "intervals of %zu rows", a->rows);
    GET_DONE(cx, a->hi, a->rows, "intervals of %zu rows", a->rows);
    for (size_t i = 0; i < a->rows; i++) {
        double half = conformal_half(&c, q, answer[i]);
        a->lo[i] = answer[i] - half;
        a->hi[i] = answer[i] + half;
    }
    a->column[a->columns++] = (QueryColumn){ .name = "lo", .num = a->lo };
    a->column[a->columns++] = (QueryColumn){ .name = "hi", .num = a->hi };
done:
    return err;
}

static Err add_shap(Ctx *cx, const Build *b, Answers *a)
{
    for (size_t j = 0; j <= b->schema->n; j++) {
        const char *of = j < b->schema->n ? b->schema->col[j].name : "base";
        QueryColumn *q = &a->column[a->columns++];
        *q = (QueryColumn){ .name = ctx_scratch_fmt(cx, "shap_%s", of), .num = a->shap + j * a->rows };
        if (!q->name) return FAIL(cx, ERR_NOMEM, "naming columns");
    }
    return OK;
}

typedef struct Parts { const Build *b; const Table *t; size_t rows; double *out; } Parts;

static Err part_margin(Ctx *cx, void *self, size_t i)
{
    const Parts *p = self;
    size_t from = i * p->rows, to = p->t->rows - from < p->rows ? p->t->rows : from + p->rows;
    TRY(cx, build_margin_part(cx, p->b, p->t, from, to, p->out + from * build_outputs(p->b)));
    return OK;
}

/* A row's answer does not depend on the rows beside it, nor on the thread.  Parts are few, as each looks at all levels of a
** column of text; but more than threads, as these may not be equally fast. */
static Err margins(Ctx *cx, const Build *b, const Table *t, uint32_t threads, double *out)
{
    unsigned hands = threads ? threads : os_cpus();
    Parts p = { b, t, t->rows / (2 * (size_t)hands) + 1, out };
    if (hands == 1 || t->rows < 2 * PART_ROWS_MIN) return build_margin(cx, b, t, out);
    if (p.rows < PART_ROWS_WORTH) p.rows = (t->rows + hands - 1) / hands;
    if (p.rows < PART_ROWS_MIN) p.rows = PART_ROWS_MIN;
    if (p.rows > PART_ROWS_MAX) p.rows = PART_ROWS_MAX;
    TRY(cx, os_parts(cx, hands, (t->rows + p.rows - 1) / p.rows, part_margin, &p));
    return OK;
}

/* Kept columns, the prediction, intervals, probabilities, explanations: in this order. */
static Err answer_all(Ctx *cx, const AppPredictIn *in, const Build *b, const Table *raw, const Table *t,
                      Answers *a)
{
    Err err = OK;
    uint32_t k = build_outputs(b);
    size_t rows = t->rows, probs = b->classes ? b->classes : 1;
    double *answer = NULL;
    a->rows = rows;
    GET_DONE(cx, answer, rows * k, "scoring %zu rows", rows);
    GET_DONE(cx, a->p, rows * probs, "scoring %zu rows", rows);
    GET_DONE(cx, a->label, rows, "scoring %zu rows", rows);
    GET_DONE(cx, a->column, in->keep_n + 3 + probs + b->schema->n + 1, "scoring %zu rows", rows);
    if (in->explain) GET_DONE(cx, a->shap, rows * (b->schema->n + 1), "explaining %zu rows", rows);
    TRY_DONE(cx, margins(cx, b, t, in->threads, answer));
    build_answer(b, answer, rows, answer);
    spread(b, answer, rows, a);
    if (in->explain) TRY_DONE(cx, explain(cx, b, t, answer, a));
    for (size_t i = 0; i < in->keep_n; i++) {
        size_t col;
        TRY_DONE(cx, data_column(cx, raw, in->keep[i], "column to keep", &col));
        a->column[a->columns++] = (QueryColumn){ .name = raw->col[col].name, .column = &raw->col[col] };
    }
    a->column[a->columns++] = b->classes ? (QueryColumn){ .name = "prediction", .text = a->label }
                                         : (QueryColumn){ .name = "prediction", .num = a->p };
    if (in->intervals > 0) TRY_DONE(cx, add_intervals(cx, b, answer, in->intervals, a));
    for (uint32_t c = 0; in->proba && c < b->classes; c++) {
        QueryColumn *q = &a->column[a->columns++];
        *q = (QueryColumn){ .name = ctx_scratch_fmt(cx, "p_%s", b->class_name[c]), .num = a->p + c * rows };
        if (!q->name) {
            err = FAIL(cx, ERR_NOMEM, "naming columns");
            goto done;
        }
    }
    if (in->explain) TRY_DONE(cx, add_shap(cx, b, a));
done:
    ctx_put(cx, answer);
    return err;
}

static void rows_json(const Answers *a, Text *t)
{
    json_open_array(t);
    for (size_t i = 0; i < a->rows && !t->broken; i++) {
        json_open(t);
        for (size_t j = 0; j < a->columns; j++) {
            const QueryColumn *q = &a->column[j];
            json_key(t, q->name);
            if (q->column) column_json(q->column, i, t);
            else if (q->text) json_text(t, q->text[i]);
            else json_num(t, q->num[i]);
        }
        json_close(t);
    }
    json_close_array(t);
}

/* *digest: of what was written. */
static Err write_answers(Ctx *cx, const AppPredictIn *in, const Answers *a, Digest *digest)
{
    Hasher *hash = NULL;
    QueryOut q = { .path = in->out, .fd = in->fd, .column = a->column, .columns = a->columns, .rows = a->rows };
    if (in->json) {
        size_t before = in->json->n;
        rows_json(a, in->json);
        TRY(cx, text_err(in->json));
        return hash_bytes(cx, in->json->at + before, in->json->n - before, digest);
    }
    if (in->format && !query_format_read(in->format, &q.format))
        return FAIL(cx, ERR_USAGE, "no format '%.60s'", in->format);
    if (!in->out && q.format == QUERY_PARQUET)
        return FAIL(cx, ERR_USAGE, "Parquet goes to a file: give -o FILE.parquet");
    if (!in->out) TRY(cx, hash_start(cx, &hash));
    q.hash = hash;
    Err err = query_write(cx, &q);
    if (hash) hash_end(cx, hash, digest);
    if (err == ERR_IO && !in->out)
        return FAIL(cx, err, "writing the answers: standard output is closed, or its disk is full");
    if (!err && in->out) {
        uint64_t bytes;
        err = store_digest_file(cx, in->out, digest, &bytes);
    }
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* Into the ledger of the project whose build it was: which rows, which build, which answers.  A project that cannot be
** written to is no reason to withhold answers: the person is told. */
static void put_on_record(Ctx *cx, House *house, const AppPredictIn *in, const BuildRow *row, const Digest *digest, uint64_t rows)
{
    Ctx aside;
    DataBytes data;
    Text path;
    ctx_child(cx, &aside);
    text_init(&path, &aside);
    Err err = project_open(&aside, house, PROJECT_WRITE, NULL);
    if (!err) err = data_bytes(&aside, repo_store(house->project->repo), in->data.path, false, &data);
    if (!err) err = secret_scrub(&aside, NULL, in->data.path, strlen(in->data.path), &path, NULL);
    if (!err) {
        const PredictionIn p = { .build = &row->digest, .model = row->name, .n = row->n, .input = &data.digest, .output = digest,
                                 .input_name = path.at, .output_name = in->out, .rows = rows };
        err = repo_predicted(&aside, house->project->repo, &p);
    }
    if (err) ctx_warn(cx, "the prediction could not be put on record: %.300s", aside.text);
    text_clear(&path);
    ctx_clear(&aside);
}

static Err read_rows(Ctx *cx, const AppPredictIn *in, const Build *b, Ear *ear, Table **raw, Table **t)
{
    Text warnings;
    QueryIn q = data_query(&in->data);
    q.threads = in->threads;
    TRY(cx, query_read_schema(cx, &q, b->schema, in->keep, in->keep_n, raw, NULL));
    text_init(&warnings, cx);
    json_open_array(&warnings);
    Err err = build_conform(cx, b, *raw, t, &warnings);
    json_close_array(&warnings);
    if (!err) err = text_err(&warnings);
    if (!err) ear_json(ear, warnings.at);
    text_clear(&warnings);
    return err;
}

Err app_predict(Ctx *cx, House *house, const AppPredictIn *asked, AppPredictOut *out)
{
    AppPredictIn own = *asked;
    const AppPredictIn *in = &own;
    Err err = OK;
    Loaded l;
    Answers a = { 0 };
    Table *raw = NULL, *t = NULL;
    Ear ear;
    Digest digest;
    *out = (AppPredictOut){ 0 };
    TRY(cx, data_resolve(cx, house, &own.data));
    TRY(cx, build_take(cx, house, in->build, true, &l));
    ear_on(&ear, cx, true);
    TRY_DONE(cx, read_rows(cx, in, l.build, &ear, &raw, &t));
    TRY_DONE(cx, answer_all(cx, in, l.build, raw, t, &a));
    TRY_DONE(cx, write_answers(cx, in, &a, &digest));
    *out = (AppPredictOut){
        .build = ctx_scratch_text(cx, l.name),
        .digest = ctx_scratch_text(cx, l.digest),
        .out = in->out,
        .rows = t->rows,
        .warning = ear.text,
        .warnings_n = ear.n,
        .wall_s = ctx_since_s(cx, house->started_us),
    };
    if (!out->build || !out->digest) err = FAIL(cx, ERR_NOMEM, "after scoring %zu rows", t->rows);
done:
    ear_off(&ear);
    answers_clear(cx, &a);
    table_free(cx, t);
    table_free(cx, raw);
    const BuildRow row = l.ref.row;
    bool ours = !l.ref.path[0] && l.repo;
    build_put(cx, &l);
    if (!err && ours) put_on_record(cx, house, in, &row, &digest, out->rows);
    if (err) *out = (AppPredictOut){ 0 };
    return err;
}

void app_predict_json(const AppPredictOut *out, const char *rows, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_text(t, "digest", out->digest);
    json_key_int(t, "rows", (int64_t)out->rows);
    if (out->out) json_key_text(t, "out", out->out);
    if (rows) json_key_raw(t, "predictions", rows);
    json_texts(t, "warnings", out->warning, out->warnings_n);
    json_key_num(t, "wall_s", out->wall_s);
    json_close(t);
}
