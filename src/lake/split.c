/* lake/split.c -- rows held out, as two new versions that keep each row's own bytes.
**
** CSV, TSV and NDJSON: every file of the version gives one file to each side that has rows of it, with the original header and
** the bytes of the rows, in their order.  Other formats have no rows in bytes: they become one Parquet file a side.
** Two versions are two events; split again goes on where a killed split stopped, because an equal slice makes no new version.
*/
#include "lake/split.h"

#include <stdio.h>
#include <string.h>

#define FLUSH_BYTES ((size_t)1 << 20)
#define OWN_NAME "leat:held out"   /* no dataset can have it */

/* --------------------------------------------------------------- bytes out */

typedef struct Side { Text text; int fd; bool open; uint64_t rows; const char *path; } Side;

typedef struct Cutter {
    const SplitRows *rows;
    size_t at;                     /* row of the table that comes next */
    Side side[2];                  /* the rest, what is held out */
    const char *head; size_t head_n;
} Cutter;

static Err side_write(Ctx *cx, Side *s, bool last)
{
    const Files *f = cx->world->files;
    TRY(cx, text_err(&s->text));
    if (!s->text.n || (!last && s->text.n < FLUSH_BYTES)) return OK;
    if (!s->open) {
        TRY(cx, lake_make_folders(cx, s->path));
        Err err = f->open(f->self, s->path, FILE_CREATE, &s->fd);
        if (err) return FAIL(cx, err, "writing '%s'", s->path);
        s->open = true;
    }
    Err err = f->write(f->self, s->fd, s->text.at, s->text.n);
    if (err) return FAIL(cx, err, "writing '%s'", s->path);
    s->text.n = 0;
    return OK;
}

static Err side_close(Ctx *cx, Side *s, Err err)
{
    const Files *f = cx->world->files;
    if (!err && s->rows) err = side_write(cx, s, true);
    if (s->open) f->close(f->self, s->fd);
    text_clear(&s->text);
    s->open = false;
    return err;
}

static Err one_record(Ctx *cx, void *arg, const QueryRecord *r)
{
    Cutter *c = arg;
    if (r->head) {
        char *head = ctx_scratch(cx, r->n + 2);
        if (!head) return FAIL(cx, ERR_NOMEM, "the header of a file");
        memcpy(head, r->at, r->n);
        c->head = head;
        c->head_n = r->n;
        if (r->n && head[r->n - 1] != '\n' && head[r->n - 1] != '\r') head[c->head_n++] = '\n';
        return OK;
    }
    if (c->at == c->rows->n) return FAIL(cx, ERR_BAD_INPUT, "a file has more rows in bytes than it was read to have (%zu)", c->rows->n);
    Side *s = &c->side[c->rows->held[c->at++]];
    if (!s->rows++) text_bytes(&s->text, c->head, c->head_n);
    text_bytes(&s->text, r->at, r->n);
    if (r->n && r->at[r->n - 1] != '\n' && r->at[r->n - 1] != '\r') text_char(&s->text, '\n');
    return side_write(cx, s, false);
}

/* The name a file has in the new versions: its own, without the ending of a packing that is gone. */
static char *name_inside(Ctx *cx, const LakeTable *t, size_t i)
{
    char *name = ctx_scratch_text(cx, t->path[i] + strlen(t->folder) + 1);
    size_t n = name ? strlen(name) : 0;
    if (n > 3 && !strcmp(name + n - 3, ".gz")) name[n - 3] = 0;
    else if (n > 4 && !strcmp(name + n - 4, ".zst")) name[n - 4] = 0;
    return name;
}

static Err cut_file(Ctx *cx, const LakeTable *t, size_t i, const char *folder, Cutter *c)
{
    static const char *const sides[] = { "rest", "held" };
    char *name = name_inside(cx, t, i);
    if (!name) return FAIL(cx, ERR_NOMEM, "splitting '%s'", t->version.dataset);
    c->head_n = 0;
    for (int k = 0; k < 2; k++) {
        c->side[k] = (Side){ .path = ctx_scratch_fmt(cx, "%s/%s/%s", folder, sides[k], name) };
        text_init(&c->side[k].text, cx);
        if (!c->side[k].path) return FAIL(cx, ERR_NOMEM, "splitting '%s'", t->version.dataset);
    }
    Err err = query_records(cx, t->path[i], t->format, one_record, c);
    for (int k = 0; k < 2; k++) err = side_close(cx, &c->side[k], err);
    return err;
}

static Err cut_bytes(Ctx *cx, const LakeTable *t, const SplitRows *rows, const char *folder)
{
    Cutter c = { .rows = rows };
    for (size_t i = 0; i < t->files; i++) TRY(cx, cut_file(cx, t, i, folder, &c));
    if (c.at != rows->n)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' has %zu rows in bytes and was read to have %zu", t->version.dataset, c.at, rows->n);
    return OK;
}

/* --------------------------------------------------------------- other kinds */

static Err write_sides(Ctx *cx, const SplitRows *rows, const char *path)
{
    const Files *f = cx->world->files;
    Side s = { .path = path, .rows = 1 };
    Err err = OK;
    text_init(&s.text, cx);
    text_put(&s.text, "held,n\n");
    for (size_t i = 0; i < rows->n && !err; i++) {
        text_fmt(&s.text, "%d,%zu\n", rows->held[i], i);
        err = side_write(cx, &s, false);
    }
    (void)f;
    return side_close(cx, &s, err);
}

static Err cut_table(Ctx *cx, LakeSql *sql, const LakeSplit *in, const LakeTable *t, const SplitRows *rows, const char *folder)
{
    static const char *const sides[] = { "rest", "held" };
    Err err = OK;
    Text q;
    text_init(&q, cx);
    char *flags = ctx_scratch_fmt(cx, "%s/sides.csv", lake_sql_folder(sql));
    char *name = ctx_scratch_text(cx, t->version.dataset);
    if (!flags || !name) return FAIL(cx, ERR_NOMEM, "splitting '%s'", in->ref);
    for (char *p = name; *p; p++)
        if (*p == '/') *p = '-';
    TRY_DONE(cx, write_sides(cx, rows, flags));
    lake_sql_own(sql, OWN_NAME, flags);
    for (int k = 0; k < 2; k++) {
        QueryAnswer *a = NULL;
        char *path = ctx_scratch_fmt(cx, "%s/%s/%s.parquet", folder, sides[k], name);
        if (!path) { err = FAIL(cx, ERR_NOMEM, "splitting '%s'", in->ref); goto done; }
        TRY_DONE(cx, lake_make_folders(cx, path));
        text_clear(&q);
        text_put(&q, "SELECT here.* FROM ");
        work_text_sql(&q, in->ref);
        text_fmt(&q, " here POSITIONAL JOIN '" OWN_NAME "' side WHERE side.held = %d", k);
        TRY_DONE(cx, text_err(&q));
        TRY_DONE(cx, query_sql_ask(cx, lake_sql(sql), q.at, &a));
        err = query_answer_write(cx, a, &(QueryAnswerOut){ .path = path, .format = QUERY_PARQUET }, NULL);
        query_answer_close(cx, a);
        if (err) goto done;
    }
done:
    text_clear(&q);
    return err;
}

/* ------------------------------------------------------------------- keeping */

static Err detail_json(Ctx *cx, const LakeSplit *in, const SplitRows *r, bool held, const Digest *hashes, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    json_open(t);
    json_key_open_array(t, "columns");
    for (size_t i = 0; i < r->columns_n; i++) json_text(t, r->column[i]);
    json_close_array(t);
    if (r->cut) json_key_text(t, "cut", r->cut);
    if (in->group) json_key_text(t, "group", in->group);
    json_key_num(t, "holdout", in->holdout);
    json_key_text(t, "of", in->ref);
    json_key_text(t, "role", held ? "held out" : "rest");
    if (held) {
        digest_text(hashes, hex);
        json_key_text(t, "row_hashes", hex);
    }
    json_key_int(t, "rows", (int64_t)(held ? r->held_n : r->n - r->held_n));
    char *seed = ctx_scratch_fmt(cx, "%llu", (unsigned long long)in->seed);
    json_key_text(t, "seed", seed);
    if (in->stratify) json_key_text(t, "stratify", in->stratify);
    if (in->time_column) json_key_text(t, "time_column", in->time_column);
    json_close(t);
    return seed ? text_err(t) : FAIL(cx, ERR_NOMEM, "splitting '%s'", in->ref);
}

static Err keep_side(Ctx *cx, Lake *lake, const LakeSplit *in, const LakeTable *t, const SplitRows *r, bool held, const char *folder,
                     const char *name, const Digest *hashes, LakeAdded *out)
{
    Text detail;
    text_init(&detail, cx);
    char *path = ctx_scratch_fmt(cx, "%s/%s", folder, held ? "held" : "rest");
    if (!path) return FAIL(cx, ERR_NOMEM, "splitting '%s'", in->ref);
    LakeRoot root = { .path = path, .as = "" };
    LakeInput input = { t->version.dataset, t->version.n, t->version.tree };
    LakeSource source = { .kind = "query", .address = "leat data split", .detail = in->ref };
    LakeAdd add = { .name = name, .root = &root, .roots_n = 1, .source = &source, .sources_n = 1, .input = &input, .inputs_n = 1, .verb = "split",
                    .message = in->message, .source_us = t->version.source_us, .fresh = true, .passing = true };
    Err err = detail_json(cx, in, r, held, hashes, &detail);
    add.detail = detail.at;
    if (!err) err = lake_add(cx, lake, &add, out);
    text_clear(&detail);
    return err;
}

static Err hashes_of(Ctx *cx, Lake *lake, const SplitRows *r, Digest *out)
{
    size_t n = 0;
    RowHash *held = ctx_get_n(cx, r->held_n + 1, sizeof *held);
    if (!held) return FAIL(cx, ERR_NOMEM, "%zu row hashes", r->held_n);
    for (size_t i = 0; i < r->n; i++)
        if (r->held[i]) held[n++] = r->hash[i];
    row_hashes_sort(held, n);
    Err err = row_hashes_put(cx, lake, held, n, out);
    ctx_put(cx, held);
    return err;
}

/* -------------------------------------------------------------------- door */

static Err must_make_sense(Ctx *cx, const LakeSplit *in)
{
    if (!(in->holdout > 0) || !(in->holdout < 1)) return FAIL(cx, ERR_USAGE, "--holdout is a share between 0 and 1, as in 0.2");
    if (in->group && in->time_column) return FAIL(cx, ERR_USAGE, "--group and --time-column exclude each other: one of them decides");
    if (in->stratify && in->time_column) return FAIL(cx, ERR_USAGE, "--stratify and --time-column exclude each other: time alone decides");
    if (!in->as) return FAIL(cx, ERR_USAGE, "name the slice: --as NAME.eval");
    TRY(cx, lake_check_name(cx, "dataset", in->as));
    if (in->rest) TRY(cx, lake_check_name(cx, "dataset", in->rest));
    if (in->rest && !strcmp(in->rest, in->as)) return FAIL(cx, ERR_USAGE, "the two sides of a split need two names");
    return OK;
}

static const char *rest_name(Ctx *cx, const LakeSplit *in)
{
    size_t n = strlen(in->as);
    if (in->rest) return in->rest;
    if (n > 5 && !strcmp(in->as + n - 5, ".eval")) return ctx_scratch_fmt(cx, "%.*s.train", (int)(n - 5), in->as);
    return ctx_scratch_fmt(cx, "%s.rest", in->as);
}

static Err cut(Ctx *cx, LakeSql *sql, const LakeSplit *in, const LakeTable *t, const SplitRows *rows, const char *folder)
{
    bool bytes = t->format == QUERY_CSV || t->format == QUERY_TSV || t->format == QUERY_NDJSON;
    TRY(cx, bytes ? cut_bytes(cx, t, rows, folder) : cut_table(cx, sql, in, t, rows, folder));
    return OK;
}

Err lake_split(Ctx *cx, Lake *lake, const LakeSplit *in, LakeSplitOut *out)
{
    Err err = OK;
    LakeSql *sql = NULL;
    SplitRows rows = { 0 };
    LakeTable t;
    Digest hashes;
    char folder[STORE_PATH_MAX] = "";
    const Files *f = cx->world->files;
    *out = (LakeSplitOut){ 0 };
    TRY(cx, must_make_sense(cx, in));
    const char *rest = rest_name(cx, in);
    if (!rest) return FAIL(cx, ERR_NOMEM, "splitting '%s'", in->ref);
    TRY(cx, lake_table(cx, lake, in->ref, 0, &t));
    if (!strcmp(t.version.dataset, in->as) || !strcmp(t.version.dataset, rest))
        return FAIL(cx, ERR_USAGE, "a slice of '%s' needs a name of its own", t.version.dataset);
    TRY_DONE(cx, lake_sql_open(cx, lake, &(LakeSqlIn){ .threads = 1, .memory_mib = in->memory_mib }, &sql));
    TRY_DONE(cx, split_rows(cx, sql, in, &rows));
    TRY_DONE(cx, store_tmp_path(cx, lake->store, "split", folder));
    err = f->make_folder(f->self, folder);
    if (err) { err = FAIL(cx, err, "making '%s'", folder); goto done; }
    TRY_DONE(cx, cut(cx, sql, in, &t, &rows, folder));
    TRY_DONE(cx, hashes_of(cx, lake, &rows, &hashes));
    TRY_DONE(cx, keep_side(cx, lake, in, &t, &rows, true, folder, in->as, &hashes, &out->eval));
    TRY_DONE(cx, keep_side(cx, lake, in, &t, &rows, false, folder, rest, &hashes, &out->rest));
    out->eval_rows = rows.held_n;
    out->rest_rows = rows.n - rows.held_n;
    out->groups = rows.groups;
    out->cut = rows.cut;
done:
    if (folder[0]) work_remove(cx, folder);
    split_rows_clear(cx, &rows);
    lake_sql_close(cx, sql);
    return err;
}
