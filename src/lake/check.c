/* lake/check.c -- rules tried on a version: counted in as few passes as may be, a few offending rows shown, put on record.
**
** The tests of single rows that hold no SQL of the person's own go into one statement; when that fails, each is tried alone so
** that the failure names its line.  Everything runs in the locked engine of query/sql.h.
*/
#include "lake/rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SHOWN       5              /* offending rows in a report */
#define TOGETHER    200            /* tests in one statement */

static const char *const outcome_words[] = { "passed", "warned", "failed" };

const char *lake_outcome_word(LakeOutcome o)
{
    return (size_t)o < sizeof outcome_words / sizeof *outcome_words ? outcome_words[o] : "failed";
}

/* ------------------------------------------------------------------ asking */

Err run_numbers(Ctx *cx, LakeSql *sql, const char *statement, double *out, size_t n)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    bool more;
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(sql), statement, &a));
    TRY_DONE(cx, query_answer_next(cx, a, &more));
    if (!more || query_answer_columns(a) != n) { err = FAIL(cx, ERR_BUG, "a statement that counts gave no row of %zu numbers", n); goto done; }
    for (size_t i = 0; i < n; i++) out[i] = query_answer_num(a, i);
done:
    query_answer_close(cx, a);
    return err;
}

Err run_rows(Ctx *cx, CheckRun *run, const char *statement, const char **json)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    Text t;
    bool more;
    text_init(&t, cx);
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(run->sql), statement, &a));
    json_open_array(&t);
    for (size_t k = 0; k < SHOWN; k++) {
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        json_open(&t);
        for (size_t i = 0; i < query_answer_columns(a); i++) {
            json_key(&t, query_answer_column(a, i)->name);
            query_answer_json(a, i, &t);
        }
        json_close(&t);
    }
    json_close_array(&t);
    TRY_DONE(cx, text_err(&t));
    *json = ctx_scratch_text(cx, t.at);
    if (!*json) err = FAIL(cx, ERR_NOMEM, "rows that do not meet a rule");
done:
    query_answer_close(cx, a);
    text_clear(&t);
    return err;
}

static Err read_columns(Ctx *cx, CheckRun *run)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    char *sql = ctx_scratch_fmt(cx, "SELECT * FROM %s", run->table);
    if (!sql) return FAIL(cx, ERR_NOMEM, "the columns of %s", run->table);
    TRY(cx, query_sql_ask(cx, lake_sql(run->sql), sql, &a));
    run->columns_n = query_answer_columns(a);
    run->column = ctx_scratch(cx, (run->columns_n + 1) * sizeof *run->column);
    for (size_t i = 0; run->column && i < run->columns_n; i++) {
        const QueryAnswerColumn *c = query_answer_column(a, i);
        run->column[i] = (RunColumn){ ctx_scratch_text(cx, c->name), ctx_scratch_text(cx, c->type) };
        if (!run->column[i].name || !run->column[i].type) run->column = NULL;
    }
    if (!run->column) err = FAIL(cx, ERR_NOMEM, "the columns of %s", run->table);
    query_answer_close(cx, a);
    return err;
}

/* ------------------------------------------------------------ rows, counted */

typedef struct RowTest { const char *bad, *expected; double rows, failed; } RowTest;

static Err prepare(Ctx *cx, const CheckRun *run, const RuleTest *t, RowTest *out)
{
    Text bad, expected;
    text_init(&bad, cx);
    text_init(&expected, cx);
    Err err = t->kind->bad(cx, run, t, &bad, &expected);
    out->bad = words_of(cx, &bad);
    out->expected = words_of(cx, &expected);
    if (!err && (!out->bad || !out->expected)) err = FAIL(cx, ERR_NOMEM, "the test '%s'", t->kind->name);
    return err;
}

/* Two numbers of one test: rows looked at, rows that do not meet it. */
static void counts(const RuleTest *t, const RowTest *r, Text *sql)
{
    if (t->kind->nulls) text_put(sql, "count(*)");
    else {
        text_put(sql, "count(");
        work_name_sql(sql, t->column);
        text_put(sql, ")");
    }
    text_fmt(sql, ", count(*) FILTER (WHERE %s)", r->bad);
}

static Err count_together(Ctx *cx, CheckRun *run, RowTest *row, const size_t *which, size_t n, const char *where)
{
    double got[2 * TOGETHER];
    Text sql;
    text_init(&sql, cx);
    text_put(&sql, "SELECT ");
    for (size_t i = 0; i < n; i++) {
        if (i) text_put(&sql, ", ");
        counts(&run->rules->test[which[i]], &row[which[i]], &sql);
    }
    text_fmt(&sql, " FROM %s", run->table);
    if (where) text_fmt(&sql, " WHERE (%s\n)", where);
    Err err = text_err(&sql);
    if (!err) err = run_numbers(cx, run->sql, sql.at, got, 2 * n);
    text_clear(&sql);
    for (size_t i = 0; i < n && !err; i++) {
        row[which[i]].rows = got[2 * i];
        row[which[i]].failed = got[2 * i + 1];
    }
    return err;
}

/* All at once; each alone when that fails, so that the line that is to blame is named. */
static Err count_group(Ctx *cx, CheckRun *run, RowTest *row, const size_t *which, size_t n)
{
    Ctx aside;
    if (!n) return OK;
    ctx_child(cx, &aside);
    Err err = count_together(&aside, run, row, which, n, NULL);
    ctx_clear(&aside);
    if (!err) return OK;
    if (err != ERR_BAD_INPUT) return ctx_join(cx, &aside, err);
    for (size_t i = 0; i < n; i++) {
        err = count_together(cx, run, row, &which[i], 1, NULL);
        if (err) return rule_failed(cx, run, &run->rules->test[which[i]], err);
    }
    return OK;
}

static Err count_rows(Ctx *cx, CheckRun *run, RowTest *row)
{
    size_t which[TOGETHER], n = 0;
    for (size_t i = 0; i < run->rules->n; i++) {
        const RuleTest *t = &run->rules->test[i];
        if (!t->kind->bad) continue;
        TRY(cx, prepare(cx, run, t, &row[i]));
        if (t->kind->sql || t->where) {
            Err err = count_together(cx, run, row, &i, 1, t->where);
            if (err) return rule_failed(cx, run, t, err);
            continue;
        }
        which[n++] = i;
        if (n == TOGETHER) {
            TRY(cx, count_group(cx, run, row, which, n));
            n = 0;
        }
    }
    return count_group(cx, run, row, which, n);
}

static Err row_result(Ctx *cx, CheckRun *run, const RuleTest *t, const RowTest *r, LakeResult *out)
{
    Text sql;
    out->expected = r->expected;
    out->rows = (uint64_t)r->rows;
    out->failed = (uint64_t)r->failed;
    out->outcome = r->failed > (1 - t->mostly) * r->rows ? LAKE_FAILED : LAKE_PASSED;
    out->found = ctx_scratch_fmt(cx, "%.0f of %.0f rows do not", r->failed, r->rows);
    if (!out->found) return FAIL(cx, ERR_NOMEM, "the test '%s'", t->kind->name);
    if (!out->failed) return OK;
    text_init(&sql, cx);
    text_fmt(&sql, "SELECT * FROM (SELECT row_number() OVER () AS _row, * FROM %s) WHERE %s", run->table, r->bad);
    if (t->where) text_fmt(&sql, " AND (%s\n)", t->where);
    text_fmt(&sql, " LIMIT %d", SHOWN);
    Err err = text_err(&sql);
    if (!err) err = run_rows(cx, run, sql.at, &out->offending);
    text_clear(&sql);
    return err;
}

/* -------------------------------------------------------------------- run */

static Err must_have_columns(Ctx *cx, const CheckRun *run)
{
    const char **name = ctx_scratch(cx, (run->columns_n + 1) * sizeof *name);
    if (!name) return FAIL(cx, ERR_NOMEM, "the columns of %s", run->table);
    for (size_t i = 0; i < run->columns_n; i++) name[i] = run->column[i].name;
    for (size_t i = 0; i < run->rules->n; i++) {
        const RuleTest *t = &run->rules->test[i];
        if (!t->column || run_column(run, t->column)) continue;
        const char *near = text_nearest(t->column, name, run->columns_n);
        if (near) return RULE_FAIL(cx, run, t, "%s has no column '%.80s'; did you mean '%.80s'?", run->table, t->column, near);
        return RULE_FAIL(cx, run, t, "%s has no column '%.80s'", run->table, t->column);
    }
    return OK;
}

static Err one_result(Ctx *cx, CheckRun *run, size_t i, const RowTest *row, LakeResult *out)
{
    const RuleTest *t = &run->rules->test[i];
    *out = (LakeResult){ .test = t->kind->name, .column = t->column ? t->column : "", .line = t->line, .offending = "[]", .expected = "",
                         .found = "" };
    out->rule = t->rule ? t->rule : t->column ? ctx_scratch_fmt(cx, "%s %s", t->column, t->kind->name) : t->kind->name;
    if (!out->rule) return FAIL(cx, ERR_NOMEM, "the test '%s'", t->kind->name);
    Err err = t->kind->bad ? row_result(cx, run, t, &row[i], out) : t->kind->run(cx, run, t, out);
    if (err) return rule_failed(cx, run, t, err);
    if (out->outcome == LAKE_FAILED && t->warn) out->outcome = LAKE_WARNED;
    return OK;
}

static Err run_all(Ctx *cx, CheckRun *run, LakeReport *out)
{
    size_t n = run->rules->n;
    RowTest *row = ctx_scratch(cx, n * sizeof *row);
    out->result = ctx_scratch(cx, n * sizeof *out->result);
    if (!row || !out->result) return FAIL(cx, ERR_NOMEM, "%zu tests", n);
    TRY(cx, count_rows(cx, run, row));
    for (size_t i = 0; i < n; i++) {
        ctx_step(cx, "checking rules", (double)i, (double)n);
        TRY(cx, ctx_check(cx));
        TRY(cx, one_result(cx, run, i, row, &out->result[i]));
        out->n++;
        out->warned += out->result[i].outcome == LAKE_WARNED;
        out->failed += out->result[i].outcome == LAKE_FAILED;
    }
    return OK;
}

/* ------------------------------------------------------------------ record */

static Err record(Ctx *cx, Lake *lake, const LakeCheck *in, LakeReport *r)
{
    Text report, t;
    Digest digest;
    char hex[SHA256_TEXT_MAX];
    text_init(&report, cx);
    lake_report_json(r, &report);
    Err err = text_err(&report);
    if (!err) err = store_put(cx, lake_store(lake), in->rules, in->rules_n, STORE_PACKED, &r->digest);
    if (!err) err = store_put(cx, lake_store(lake), report.at, report.n, STORE_PACKED, &digest);
    text_clear(&report);
    if (err) return err;
    text_init(&t, cx);
    json_open(&t);
    json_key_int(&t, "failed", (int64_t)r->failed);
    json_key_int(&t, "n", (int64_t)r->version.n);
    digest_text(&digest, hex);
    json_key_text(&t, "report", hex);
    json_key_text(&t, "rules", r->rules);
    digest_text(&r->digest, hex);
    json_key_text(&t, "rules_digest", hex);
    json_key_int(&t, "tests", (int64_t)r->n);
    json_key_int(&t, "warned", (int64_t)r->warned);
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.checked", r->version.dataset, &t));
    return OK;
}

Err lake_check(Ctx *cx, Lake *lake, const LakeCheck *in, LakeReport *out)
{
    Err err = OK;
    Rules rules;
    LakeSql *sql = NULL;
    Text table;
    double rows;
    const Clock *clock = cx->world->clock;
    int64_t from = ctx_mono_us(cx);
    *out = (LakeReport){ .rules = in->rules_name, .time_us = clock->now_us(clock->self) };
    TRY(cx, rules_read(cx, in->rules, in->rules_n, in->rules_name, &rules));
    TRY(cx, hash_bytes(cx, in->rules, in->rules_n, &out->digest));
    text_init(&table, cx);
    TRY_DONE(cx, lake_sql_open(cx, lake, &(LakeSqlIn){ .threads = os_cpus(), .memory_mib = in->memory_mib }, &sql));
    work_text_sql(&table, in->ref);
    CheckRun run = { .lake = lake, .sql = sql, .rules = &rules, .now_us = out->time_us, .table = words_of(cx, &table) };
    if (!run.table) { err = FAIL(cx, ERR_NOMEM, "checking '%s'", in->ref); goto done; }
    TRY_DONE(cx, read_columns(cx, &run));
    const LakeVersion *v = lake_sql_version(sql, 0, NULL);
    if (!v) { err = FAIL(cx, ERR_BAD_INPUT, "'%s' is no dataset", in->ref); goto done; }
    out->version = *v;
    run.version = &out->version;
    TRY_DONE(cx, must_have_columns(cx, &run));
    char *count = ctx_scratch_fmt(cx, "SELECT count(*) FROM %s", run.table);
    if (!count) { err = FAIL(cx, ERR_NOMEM, "checking '%s'", in->ref); goto done; }
    TRY_DONE(cx, run_numbers(cx, sql, count, &rows, 1));
    out->rows = (int64_t)rows;
    TRY_DONE(cx, run_all(cx, &run, out));
    out->seconds = ctx_since_s(cx, from);
    TRY_DONE(cx, record(cx, lake, in, out));
done:
    lake_sql_close(cx, sql);
    text_clear(&table);
    return err;
}

Err lake_checks(Ctx *cx, Lake *lake, const LakeVersion *v, LakeChecked **out, size_t *n)
{
    static const Statement st = { "SELECT n, tests, warned, failed, seq, time_us, rules, actor, report FROM data_check"
                                  " WHERE dataset = ?1 AND n = ?2 ORDER BY seq DESC", NULL };
    Err err = OK;
    DbRows *q = NULL;
    bool more;
    *out = NULL;
    *n = 0;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), &q));
    for (;;) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        LakeChecked *c = work_row(cx, (void **)out, *n, sizeof *c);
        if (!c) { err = FAIL(cx, ERR_NOMEM, "the checks of '%s'", v->dataset); goto done; }
        *c = (LakeChecked){ .n = (uint64_t)db_get_int(q, 0), .tests = (uint64_t)db_get_int(q, 1), .warned = (uint64_t)db_get_int(q, 2),
                            .failed = (uint64_t)db_get_int(q, 3), .seq = (uint64_t)db_get_int(q, 4), .time_us = db_get_int(q, 5),
                            .rules = db_copy_text(cx, q, 6), .actor = db_copy_text(cx, q, 7) };
        size_t bytes;
        const void *report = db_get_blob(q, 8, &bytes);
        if (report && bytes == SHA256_BYTES) memcpy(c->report.at, report, bytes);
        if (!c->rules || !c->actor) { err = FAIL(cx, ERR_NOMEM, "the checks of '%s'", v->dataset); goto done; }
        ++*n;
    }
done:
    db_rows_close(q);
    return err;
}
