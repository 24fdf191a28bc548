/* lake/ruletables.c -- tests of a table as a whole: its columns, counts, keys, measures, age. */
#include "lake/rules.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 5                    /* offending values in a report */

static Err no_words(Ctx *cx, const RuleTest *t)
{
    return FAIL(cx, ERR_NOMEM, "the test '%s'", t->kind->name);
}

/* A number as people read it. */
static void number(Text *t, double v)
{
    if (isnan(v)) text_put(t, "none");
    else if (floor(v) == v && fabs(v) < 1e15) text_fmt(t, "%.0f", v);
    else text_fmt(t, "%.6g", v);
}

static Err in_words(Ctx *cx, const RuleTest *t, double lo, double hi, double got, LakeResult *out)
{
    Text w;
    text_init(&w, cx);
    if (lo == hi) number(&w, lo);
    else {
        if (!isnan(lo)) text_put(&w, "at least "), number(&w, lo);
        if (!isnan(hi)) text_put(&w, isnan(lo) ? "at most " : ", at most "), number(&w, hi);
    }
    out->expected = words_of(cx, &w);
    number(&w, got);
    out->found = words_of(cx, &w);
    if (!out->expected || !out->found) return no_words(cx, t);
    bool met = !(got < lo) && !(got > hi) && !isnan(got);
    out->outcome = met ? LAKE_PASSED : LAKE_FAILED;
    return OK;
}

static void from_where(const CheckRun *run, const RuleTest *t, Text *sql)
{
    text_fmt(sql, " FROM %s", run->table);
    if (t->where) text_fmt(sql, " WHERE (%s\n)", t->where);
}

/* ----------------------------------------------------------------- columns */

Err run_columns(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    Text lacks, more;
    bool only = !strcmp(t->kind->name, "only_columns");
    if (t->arg->kind != YAML_LIST || !t->arg->n) return RULE_FAIL(cx, run, t, "'%s' needs a list of columns: [a, b, c]", t->kind->name);
    text_init(&lacks, cx);
    text_init(&more, cx);
    for (const Yaml *y = t->arg->first; y; y = y->next)
        if (y->kind == YAML_TEXT && !run_column(run, y->text)) text_fmt(&lacks, "%s%s", lacks.n ? ", " : "", y->text);
    for (size_t i = 0; only && i < run->columns_n; i++) {
        const Yaml *y = t->arg->first;
        while (y && (y->kind != YAML_TEXT || strcmp(y->text, run->column[i].name))) y = y->next;
        if (!y) text_fmt(&more, "%s%s", more.n ? ", " : "", run->column[i].name);
    }
    out->outcome = lacks.n || more.n ? LAKE_FAILED : LAKE_PASSED;
    out->expected = ctx_scratch_fmt(cx, "%zu named columns%s", t->arg->n, only ? " and no others" : "");
    out->found = ctx_scratch_fmt(cx, "%zu columns%s%s%s%s", run->columns_n, lacks.n ? "; lacks " : "", lacks.n ? lacks.at : "",
                                 more.n ? "; also has " : "", more.n ? more.at : "");
    Err err = text_err(&lacks) || text_err(&more) || !out->expected || !out->found ? no_words(cx, t) : OK;
    text_clear(&lacks);
    text_clear(&more);
    return err;
}

Err run_type(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const char *const words[] = { "integer", "number", "boolean", "datetime", "text", "category", "id", NULL };
    const RunColumn *c = run_column(run, t->column);
    const char *want = t->arg->kind == YAML_TEXT ? t->arg->text : "";
    const char *known;
    size_t k = 0;
    while (words[k] && strcmp(words[k], want)) k++;
    if (!words[k] && strcmp(want, c->type)) {
        const char *near = text_nearest(want, words, k);
        if (near && want[0] >= 'a') return RULE_FAIL(cx, run, t, "no type '%.40s'; did you mean '%s'?", want, near);
    }
    TRY(cx, lake_column_type(cx, run->lake, run->version, t->column, &known));
    bool number = type_is_number(c->type), whole = number && strcmp(c->type, "DOUBLE") && strcmp(c->type, "FLOAT") && strncmp(c->type, "DECIMAL", 7);
    bool text = !strcmp(c->type, "VARCHAR");
    bool met = !strcmp(want, c->type) || (known && !strcmp(want, known)) || (!strcmp(want, "integer") && whole) || (!strcmp(want, "number") && number) ||
               (!strcmp(want, "boolean") && !strcmp(c->type, "BOOLEAN")) || (!strcmp(want, "datetime") && type_is_time(c->type)) ||
               (!strcmp(want, "text") && text) || (!strcmp(want, "category") && text) || (!strcmp(want, "id") && (text || whole));
    out->outcome = met ? LAKE_PASSED : LAKE_FAILED;
    out->expected = want;
    out->found = known ? ctx_scratch_fmt(cx, "%s (%s)", known, c->type) : c->type;
    return out->found ? OK : no_words(cx, t);
}

/* ------------------------------------------------------------------ counts */

Err run_row_count(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const char *const known[] = { "max", "min", "same_as", "within", NULL };
    Text sql;
    double lo, hi, rows, other, within = 0;
    TRY(cx, rule_range(cx, run, t, known, &lo, &hi));
    const char *same = t->arg->kind == YAML_MAP ? yaml_text(t->arg, "same_as") : NULL;
    const Yaml *w = t->arg->kind == YAML_MAP ? yaml_get(t->arg, "within") : NULL;
    if (w && (!rule_number(w, &within) || within < 0)) return RULE_FAIL(cx, run, w, "'within' is a share: 0.1 or 10%%");
    if (w && !same) return RULE_FAIL(cx, run, w, "'within' goes with 'same_as'");
    if (!same && isnan(lo) && isnan(hi)) return RULE_FAIL(cx, run, t, "row_count needs a number, min, max or same_as");
    text_init(&sql, cx);
    text_put(&sql, "SELECT count(*)");
    from_where(run, t, &sql);
    Err err = text_err(&sql);
    if (!err) err = run_numbers(cx, run->sql, sql.at, &rows, 1);
    text_clear(&sql);
    if (!err && same) {
        text_put(&sql, "SELECT count(*) FROM ");
        work_text_sql(&sql, same);
        err = text_err(&sql);
        if (!err) err = run_numbers(cx, run->sql, sql.at, &other, 1);
        text_clear(&sql);
        if (!err) {
            lo = fmax(isnan(lo) ? -INFINITY : lo, ceil(other * (1 - within)));
            hi = fmin(isnan(hi) ? INFINITY : hi, floor(other * (1 + within)));
        }
    }
    if (err) return err;
    out->rows = (uint64_t)rows;
    return in_words(cx, t, lo, hi, rows, out);
}

Err run_measure(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const struct { const char *name, *sql, *end; bool number; } rows[] = {
        { "average", "avg(", ")", true }, { "distinct_count", "count(DISTINCT ", ")", false }, { "median", "median(", ")", true },
        { "null_share", "1 - count(", ")::DOUBLE / nullif(count(*), 0)", false }, { "stddev", "stddev_samp(", ")", true }, { "sum", "sum(", ")", true },
    };
    double lo, hi, got[2];
    size_t k = 0;
    Text sql;
    TRY(cx, rule_range(cx, run, t, NULL, &lo, &hi));
    while (strcmp(rows[k].name, t->kind->name)) k++;
    const RunColumn *c = run_column(run, t->column);
    if (rows[k].number && !type_is_number(c->type))
        return RULE_FAIL(cx, run, t, "'%s' is of numbers, and column '%s' is %s", t->kind->name, t->column, c->type);
    text_init(&sql, cx);
    text_fmt(&sql, "SELECT CAST(%s", rows[k].sql);
    work_name_sql(&sql, t->column);
    text_fmt(&sql, "%s AS DOUBLE), count(*)", rows[k].end);
    from_where(run, t, &sql);
    Err err = text_err(&sql);
    if (!err) err = run_numbers(cx, run->sql, sql.at, got, 2);
    text_clear(&sql);
    if (err) return err;
    out->rows = (uint64_t)got[1];
    return in_words(cx, t, lo, hi, got[0], out);
}

/* -------------------------------------------------------------------- keys */

/* The columns of a key: the one that the rule stands at, or the list. */
static Err key_columns(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *key)
{
    if (t->arg->kind == YAML_TEXT && t->column) {
        work_name_sql(key, t->column);
        return OK;
    }
    if (t->arg->kind != YAML_LIST || !t->arg->n) return RULE_FAIL(cx, run, t, "'unique' is true below a column, or a list of columns");
    for (const Yaml *y = t->arg->first; y; y = y->next) {
        if (y->kind != YAML_TEXT || !run_column(run, y->text))
            return RULE_FAIL(cx, run, y, "no column '%.80s'", y->kind == YAML_TEXT ? y->text : "");
        if (y != t->arg->first) text_put(key, ", ");
        work_name_sql(key, y->text);
    }
    return OK;
}

Err run_unique(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    Err err = OK;
    Text key, sql;
    double got[3];
    text_init(&key, cx);
    text_init(&sql, cx);
    TRY_DONE(cx, key_columns(cx, run, t, &key));
    text_put(&sql, "SELECT coalesce(sum(c), 0), coalesce(sum(c) FILTER (c > 1), 0), count(*) FILTER (c > 1) FROM (SELECT count(*) AS c");
    from_where(run, t, &sql);
    text_fmt(&sql, "%s (%s) IS NOT NULL GROUP BY %s)", t->where ? " AND" : " WHERE", key.at ? key.at : "", key.at ? key.at : "");
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, run_numbers(cx, run->sql, sql.at, got, 3));
    out->rows = (uint64_t)got[0];
    out->failed = (uint64_t)got[1];
    out->outcome = got[1] > (1 - t->mostly) * got[0] ? LAKE_FAILED : LAKE_PASSED;
    out->expected = "each value once";
    out->found = ctx_scratch_fmt(cx, "%.0f values more than once, in %.0f rows", got[2], got[1]);
    if (!out->found) { err = no_words(cx, t); goto done; }
    if (!out->failed) goto done;
    text_clear(&sql);
    text_fmt(&sql, "SELECT %s, count(*) AS \"rows\"", key.at);
    from_where(run, t, &sql);
    text_fmt(&sql, "%s (%s) IS NOT NULL GROUP BY %s HAVING count(*) > 1 ORDER BY count(*) DESC, %s LIMIT %d", t->where ? " AND" : " WHERE", key.at,
             key.at, key.at, SHOWN);
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, run_rows(cx, run, sql.at, &out->offending));
done:
    text_clear(&key);
    text_clear(&sql);
    return err;
}

/* Values of the two sides are compared as they are when both are numbers, both times, or both of one type; else as texts. */
static Err compare_sql(Ctx *cx, CheckRun *run, const RuleTest *t, const char *to, const char *field, Text *same)
{
    QueryAnswer *a = NULL;
    Text sql;
    text_init(&sql, cx);
    text_put(&sql, "SELECT ");
    work_name_sql(&sql, field);
    text_put(&sql, " FROM ");
    work_text_sql(&sql, to);
    Err err = text_err(&sql);
    if (!err) err = query_sql_ask(cx, lake_sql(run->sql), sql.at, &a);
    text_clear(&sql);
    if (err) return err;
    const char *mine = run_column(run, t->column)->type, *theirs = query_answer_column(a, 0)->type;
    bool plain = !strcmp(mine, theirs) || (type_is_number(mine) && type_is_number(theirs)) || (type_is_time(mine) && type_is_time(theirs));
    query_answer_close(cx, a);
    text_put(same, plain ? "there." : "CAST(there.");
    work_name_sql(same, field);
    text_put(same, plain ? " = here." : " AS VARCHAR) = CAST(here.");
    work_name_sql(same, t->column);
    if (!plain) text_put(same, " AS VARCHAR)");
    return text_err(same);
}

Err run_relationships(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const char *const known[] = { "field", "to", NULL };
    Err err = OK;
    Text sql, same, lost;
    double got[2];
    TRY(cx, rule_keys(cx, run->rules->name, t->arg, known, "relationships"));
    const char *to = yaml_text(t->arg, "to"), *field = yaml_text(t->arg, "field");
    if (!to) return RULE_FAIL(cx, run, t, "relationships needs the dataset that holds the keys: {to: 'name@version', field: column}");
    if (!field) field = t->column;
    text_init(&sql, cx);
    text_init(&same, cx);
    text_init(&lost, cx);
    TRY_DONE(cx, compare_sql(cx, run, t, to, field, &same));
    text_fmt(&lost, " FROM (SELECT * FROM %s%s%s%s) here WHERE here.", run->table, t->where ? " WHERE (" : "", t->where ? t->where : "",
             t->where ? "\n)" : "");
    work_name_sql(&lost, t->column);
    text_put(&lost, " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM ");
    work_text_sql(&lost, to);
    text_fmt(&lost, " there WHERE %s)", same.at);
    TRY_DONE(cx, text_err(&lost));
    text_put(&sql, "SELECT (SELECT count(");
    work_name_sql(&sql, t->column);
    text_put(&sql, ")");
    from_where(run, t, &sql);
    text_fmt(&sql, "), (SELECT count(*)%s)", lost.at);
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, run_numbers(cx, run->sql, sql.at, got, 2));
    out->rows = (uint64_t)got[0];
    out->failed = (uint64_t)got[1];
    out->outcome = got[1] > (1 - t->mostly) * got[0] ? LAKE_FAILED : LAKE_PASSED;
    out->expected = ctx_scratch_fmt(cx, "every value is in column '%s' of '%s'", field, to);
    out->found = ctx_scratch_fmt(cx, "%.0f of %.0f values are not", got[1], got[0]);
    if (!out->expected || !out->found) { err = no_words(cx, t); goto done; }
    if (!out->failed) goto done;
    text_clear(&sql);
    text_put(&sql, "SELECT here.");
    work_name_sql(&sql, t->column);
    text_fmt(&sql, ", count(*) AS \"rows\"%s GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT %d", lost.at, SHOWN);
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, run_rows(cx, run, sql.at, &out->offending));
done:
    text_clear(&sql);
    text_clear(&same);
    text_clear(&lost);
    return err;
}

/* --------------------------------------------------------------------- age */

/* 30s, 15m, 24h, 7d, 2w */
static bool read_age(const char *s, double *seconds)
{
    static const struct { char unit; double s; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
    size_t n = strlen(s);
    for (size_t i = 0; n > 1 && i < sizeof units / sizeof *units; i++)
        if (s[n - 1] == units[i].unit && num_read(s, n - 1, seconds) && *seconds >= 0 && isfinite(*seconds)) {
            *seconds *= units[i].s;
            return true;
        }
    return false;
}

static void age_words(double s, Text *t)
{
    if (s < 0) text_put(t, "in the future");
    else if (s < 120) text_fmt(t, "%.0f s", s);
    else if (s < 7200) text_fmt(t, "%.0f min", s / 60);
    else if (s < 172800) text_fmt(t, "%.0f h", s / 3600);
    else text_fmt(t, "%.1f days", s / 86400);
}

Err run_freshness(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const char *const known[] = { "column", "max_age", NULL };
    Err err = OK;
    double limit, at = (double)run->version->source_us * 1e-6;
    Text sql, w;
    char when[COLUMN_TEXT_MAX];
    TRY(cx, rule_keys(cx, run->rules->name, t->arg, known, "freshness"));
    const char *age = yaml_text(t->arg, "max_age"), *column = yaml_text(t->arg, "column");
    if (!age || !read_age(age, &limit)) return RULE_FAIL(cx, run, t, "freshness needs max_age: a number with s, m, h, d or w behind it, as in 24h");
    if (!at) at = (double)run->version->arrived_us * 1e-6;
    text_init(&sql, cx);
    text_init(&w, cx);
    if (column) {
        const RunColumn *c = run_column(run, column);
        if (!c) return RULE_FAIL(cx, run, t, "no column '%.80s'", column);
        if (!type_is_time(c->type)) return RULE_FAIL(cx, run, t, "column '%s' is %s, and freshness needs a time", column, c->type);
        text_put(&sql, "SELECT epoch_us(CAST(max(");
        work_name_sql(&sql, column);
        text_put(&sql, ") AS TIMESTAMP))::DOUBLE / 1e6");
        from_where(run, t, &sql);
        err = text_err(&sql);
        if (!err) err = run_numbers(cx, run->sql, sql.at, &at, 1);
        text_clear(&sql);
        if (err) return err;
    }
    double old = (double)run->now_us * 1e-6 - at;
    out->outcome = isnan(at) || old > limit ? LAKE_FAILED : LAKE_PASSED;
    text_put(&w, "at most ");
    age_words(limit, &w);
    text_put(&w, " old");
    out->expected = words_of(cx, &w);
    if (isnan(at)) text_put(&w, "no time at all");
    else {
        age_words(old, &w);
        when[table_time_text(at, when)] = 0;
        text_fmt(&w, ": %s is of %s", column ? column : run->version->source_us ? "the source" : "its arrival", when);
    }
    out->found = words_of(cx, &w);
    return out->expected && out->found ? OK : no_words(cx, t);
}
