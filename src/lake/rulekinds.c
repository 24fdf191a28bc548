/* lake/rulekinds.c -- the tests a rule may hold, A to Z, and those that look at one row at a time.
**
** A test of single rows is a condition in SQL that a bad row meets; all of them are counted in one pass over the table.
** Missing values meet every test but not_null: say not_null too where they must not be there (as dbt and SQL's CHECK do).
*/
#include "lake/rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* -------------------------------------------------------------- small words */

const RunColumn *run_column(const CheckRun *run, const char *name)
{
    for (size_t i = 0; i < run->columns_n; i++)
        if (!strcmp(run->column[i].name, name)) return &run->column[i];
    return NULL;
}

bool type_is_number(const char *type)
{
    static const char *const words[] = { "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
                                         "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", NULL };
    for (size_t i = 0; words[i]; i++)
        if (!strcmp(words[i], type)) return true;
    return !strncmp(type, "DECIMAL", 7) && !strchr(type, '[');
}

bool type_is_time(const char *type)
{
    return !strcmp(type, "DATE") || (!strncmp(type, "TIMESTAMP", 9) && !strchr(type, '['));
}

const char *words_of(Ctx *cx, Text *t)
{
    const char *s = text_err(t) ? NULL : ctx_scratch_text(cx, t->at ? t->at : "");
    text_clear(t);
    return s;
}

static Err one_text(Ctx *cx, const CheckRun *run, const RuleTest *t, const char **out)
{
    if (t->arg->kind != YAML_TEXT) return RULE_FAIL(cx, run, t, "'%s' needs one value", t->kind->name);
    *out = t->arg->text;
    return OK;
}

/* A value of the file as SQL: a number as it is, anything else as a text that DuckDB reads as the column's type. */
static void value_sql(const Yaml *y, bool number, Text *t)
{
    double v;
    if (number && num_read(y->text, strlen(y->text), &v) && isfinite(v)) text_put(t, y->text);
    else work_text_sql(t, y->text);
}

/* ----------------------------------------------------------- tests of a row */

static Err bad_null(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    (void)cx, (void)run;
    work_name_sql(bad, t->column);
    text_put(bad, " IS NULL");
    text_put(expected, "a value in every row");
    return OK;
}

static Err bound(Ctx *cx, const CheckRun *run, const RuleTest *t, const char *sign, const char *words, Text *bad, Text *expected)
{
    const char *v = "";
    const RunColumn *c = run_column(run, t->column);
    TRY(cx, one_text(cx, run, t, &v));
    work_name_sql(bad, t->column);
    text_fmt(bad, " %s ", sign);
    value_sql(t->arg, type_is_number(c->type), bad);
    text_fmt(expected, "%s %s", words, v);
    return OK;
}

static Err bad_min(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return bound(cx, run, t, "<", "at least", bad, expected);
}

static Err bad_max(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return bound(cx, run, t, ">", "at most", bad, expected);
}

static Err listed(Ctx *cx, const CheckRun *run, const RuleTest *t, const char *sign, const char *words, Text *bad, Text *expected)
{
    const RunColumn *c = run_column(run, t->column);
    size_t shown = 0;
    if (t->arg->kind != YAML_LIST || !t->arg->n) return RULE_FAIL(cx, run, t, "'%s' needs a list of values: [a, b, c]", t->kind->name);
    work_name_sql(bad, t->column);
    text_fmt(bad, " %s (", sign);
    text_put(expected, words);
    for (const Yaml *y = t->arg->first; y; y = y->next) {
        if (y->kind != YAML_TEXT) return RULE_FAIL(cx, run, y, "a value of '%s' must be a word or a number", t->kind->name);
        if (y != t->arg->first) text_put(bad, ", ");
        value_sql(y, type_is_number(c->type), bad);
        if (shown++ < 10) text_fmt(expected, "%s%s", shown > 1 ? ", " : " ", y->text);
    }
    if (shown > 10) text_fmt(expected, " and %zu more", shown - 10);
    text_put(bad, ")");
    return OK;
}

static Err bad_accepted(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return listed(cx, run, t, "NOT IN", "one of", bad, expected);
}

static Err bad_rejected(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return listed(cx, run, t, "IN", "none of", bad, expected);
}

static Err pattern(Ctx *cx, const CheckRun *run, const RuleTest *t, bool not, Text *bad, Text *expected)
{
    const char *v = "";
    TRY(cx, one_text(cx, run, t, &v));
    text_put(bad, not ? "regexp_matches(CAST(" : "NOT regexp_matches(CAST(");
    work_name_sql(bad, t->column);
    text_put(bad, " AS VARCHAR), ");
    work_text_sql(bad, v);
    text_put(bad, ")");
    text_fmt(expected, "%s %s", not ? "no match of" : "matches", v);
    return OK;
}

static Err bad_matches(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return pattern(cx, run, t, false, bad, expected);
}

static Err bad_not_matches(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    return pattern(cx, run, t, true, bad, expected);
}

static Err bad_length(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    double lo, hi;
    TRY(cx, rule_range(cx, run, t, NULL, &lo, &hi));
    text_put(bad, "NOT (");
    if (!isnan(lo)) {
        text_put(bad, "length(CAST(");
        work_name_sql(bad, t->column);
        text_fmt(bad, " AS VARCHAR)) >= %.0f", lo);
        text_fmt(expected, "at least %.0f characters", lo);
    }
    if (!isnan(hi)) {
        text_put(bad, isnan(lo) ? "length(CAST(" : " AND length(CAST(");
        work_name_sql(bad, t->column);
        text_fmt(bad, " AS VARCHAR)) <= %.0f", hi);
        text_fmt(expected, "%sat most %.0f characters", isnan(lo) ? "" : ", ", hi);
    }
    text_put(bad, ")");
    return OK;
}

/* What a person says of every row.  The new line ends a comment, the brackets are the person's own business: the whole is one
** SELECT or nothing. */
static Err bad_expression(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected)
{
    const char *v = "";
    TRY(cx, one_text(cx, run, t, &v));
    text_fmt(bad, "NOT (%s\n)", v);
    text_put(expected, v);
    return OK;
}

/* ---------------------------------------------------------------- the rows */

#define ROW(id, NAME, ...) static const RuleKind id = { .name = NAME, __VA_ARGS__ }
ROW(accepted_values, "accepted_values", .column = true, .bad = bad_accepted);
ROW(average, "average", .column = true, .run = run_measure);
ROW(distinct_count, "distinct_count", .column = true, .run = run_measure);
ROW(drift, "drift", .column = true, .run = run_drift);
ROW(expression, "expression", .sql = true, .nulls = true, .bad = bad_expression);
ROW(freshness, "freshness", .run = run_freshness);
ROW(has_columns, "has_columns", .run = run_columns);
ROW(length, "length", .column = true, .bad = bad_length);
ROW(matches, "matches", .column = true, .bad = bad_matches);
ROW(max, "max", .column = true, .bad = bad_max);
ROW(median, "median", .column = true, .run = run_measure);
ROW(min, "min", .column = true, .bad = bad_min);
ROW(not_matches, "not_matches", .column = true, .bad = bad_not_matches);
ROW(not_null, "not_null", .column = true, .nulls = true, .bad = bad_null);
ROW(null_share, "null_share", .column = true, .run = run_measure);
ROW(only_columns, "only_columns", .run = run_columns);
ROW(rejected_values, "rejected_values", .column = true, .bad = bad_rejected);
ROW(relationships, "relationships", .column = true, .run = run_relationships);
ROW(row_count, "row_count", .run = run_row_count);
ROW(stddev, "stddev", .column = true, .run = run_measure);
ROW(sum, "sum", .column = true, .run = run_measure);
ROW(type, "type", .column = true, .run = run_type);
ROW(unique, "unique", .column = true, .run = run_unique);

const RuleKind *const rule_kinds[] = {
    &accepted_values, &average, &distinct_count, &drift, &expression, &freshness, &has_columns, &length, &matches, &max, &median, &min,
    &not_matches, &not_null, &null_share, &only_columns, &rejected_values, &relationships, &row_count, &stddev, &sum, &type, &unique, NULL,
};
