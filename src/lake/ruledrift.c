/* lake/ruledrift.c -- has a column's distribution moved since another version?
**
** DuckDB counts, table/drift.h judges.  Numbers and times: Kolmogorov-Smirnov over all values, the stability index over the
** other version's deciles.  Everything else: stability index and chi-square over its values, the rarest taken together.
*/
#include "lake/rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define PSI_DEFAULT  0.25          /* customary: much drift (Siddiqi 2006) */
#define BINS         10
#define VALUES_MAX   1000          /* kinds of value told apart; the rest count as one */

typedef struct Limits { double psi, ks, p; } Limits;

typedef struct Found { double psi, ks, chi_square, p; bool number; double rows; } Found;

static Err limit(Ctx *cx, const CheckRun *run, const RuleTest *t, const char *key, double *out)
{
    const Yaml *y = yaml_get(t->arg, key);
    *out = NAN;
    if (y && (!rule_number(y, out) || *out < 0)) return RULE_FAIL(cx, run, y, "'%s' must be a number from 0", key);
    return OK;
}

/* A side of the comparison: rows, missing ones. */
static Err sizes(Ctx *cx, CheckRun *run, const char *table, const char *column, const char *where, double out[2])
{
    Text sql;
    text_init(&sql, cx);
    text_put(&sql, "SELECT count(");
    work_name_sql(&sql, column);
    text_put(&sql, "), count(*) - count(");
    work_name_sql(&sql, column);
    text_fmt(&sql, ") FROM %s", table);
    if (where) text_fmt(&sql, " WHERE (%s\n)", where);
    Err err = text_err(&sql);
    if (!err) err = run_numbers(cx, run->sql, sql.at, out, 2);
    text_clear(&sql);
    return err;
}

static void side(Text *sql, const char *table, const char *column, const char *cast, const char *where, int before)
{
    text_fmt(sql, "SELECT %s", cast[0] == 'e' ? "epoch_us(CAST(" : "CAST(");
    work_name_sql(sql, column);
    text_fmt(sql, "%s AS v, %d AS a, %d AS b FROM %s WHERE ", cast[0] == 'e' ? " AS TIMESTAMP))" : cast[0] == 'd' ? " AS DOUBLE)" : " AS VARCHAR)",
             before, !before, table);
    work_name_sql(sql, column);
    text_put(sql, " IS NOT NULL");
    if (where) text_fmt(sql, " AND (%s\n)", where);
}

/* cast: "d" as numbers, "e" as moments, "v" as words */
static Err count_values(Ctx *cx, CheckRun *run, const RuleTest *t, const char *from, const char *cast, const char *order, QueryAnswer **out)
{
    Text sql;
    text_init(&sql, cx);
    text_put(&sql, "SELECT v, sum(a), sum(b) FROM (");
    side(&sql, from, t->column, cast, t->where, 1);
    text_put(&sql, " UNION ALL ");
    side(&sql, run->table, t->column, cast, t->where, 0);
    text_fmt(&sql, ") GROUP BY v ORDER BY %s", order);
    Err err = text_err(&sql);
    if (!err) err = query_sql_ask(cx, lake_sql(run->sql), sql.at, out);
    text_clear(&sql);
    return err;
}

static Err numbers(Ctx *cx, QueryAnswer *a, const double before[2], const double now[2], Found *out)
{
    DriftWalk w = drift_begin(before[0], now[0], BINS);
    bool more;
    for (;;) {
        TRY(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        drift_step(&w, query_answer_num(a, 1), query_answer_num(a, 2));
    }
    out->ks = drift_ks(&w, &out->p);
    out->number = true;
    if (before[1] + now[1] > 0) {                  /* missing values are a bin of their own */
        w.before[w.bins_n] = before[1];
        w.now[w.bins_n++] = now[1];
    }
    out->psi = drift_psi(w.before, w.now, w.bins_n);
    return OK;
}

static Err words(Ctx *cx, QueryAnswer *a, const double before[2], const double now[2], Found *out)
{
    double was[VALUES_MAX + 2] = { before[1] }, is[VALUES_MAX + 2] = { now[1] }, df;
    size_t k = 1;
    bool more;
    for (;;) {
        TRY(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        was[k] += query_answer_num(a, 1);
        is[k] += query_answer_num(a, 2);
        if (k <= VALUES_MAX) k++;
    }
    if (k <= VALUES_MAX + 1 && was[k] + is[k] > 0) k++;
    out->psi = drift_psi(was, is, k);
    out->chi_square = drift_chi_square(was, is, k, &df);
    out->p = df > 0 ? drift_chi_square_p(out->chi_square, df) : 1;
    return OK;
}

static Err measure(Ctx *cx, CheckRun *run, const RuleTest *t, const char *from, Found *out)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    double before[2], now[2];
    const char *type = run_column(run, t->column)->type;
    bool time = type_is_time(type), number = time || type_is_number(type);
    *out = (Found){ .psi = NAN, .ks = NAN, .chi_square = NAN, .p = NAN };
    TRY(cx, sizes(cx, run, from, t->column, t->where, before));
    TRY(cx, sizes(cx, run, run->table, t->column, t->where, now));
    out->rows = now[0] + now[1];
    TRY(cx, count_values(cx, run, t, from, time ? "e" : number ? "d" : "v", number ? "v" : "sum(a) + sum(b) DESC, v", &a));
    err = number ? numbers(cx, a, before, now, out) : words(cx, a, before, now, out);
    query_answer_close(cx, a);
    return err;
}

Err run_drift(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out)
{
    static const char *const known[] = { "from", "ks", "p_value", "psi", NULL };
    Limits l;
    Found f;
    Text want, got, from;
    TRY(cx, rule_keys(cx, run->rules->name, t->arg, known, "drift"));
    const char *ref = yaml_text(t->arg, "from");
    if (!ref) return RULE_FAIL(cx, run, t, "drift needs the version to compare with: {from: 'name@version', psi: 0.25}");
    TRY(cx, limit(cx, run, t, "psi", &l.psi));
    TRY(cx, limit(cx, run, t, "ks", &l.ks));
    TRY(cx, limit(cx, run, t, "p_value", &l.p));
    if (isnan(l.psi) && isnan(l.ks) && isnan(l.p)) l.psi = PSI_DEFAULT;
    text_init(&from, cx);
    work_text_sql(&from, ref);
    const char *table = words_of(cx, &from);
    if (!table) return FAIL(cx, ERR_NOMEM, "the test 'drift'");
    TRY(cx, measure(cx, run, t, table, &f));
    if (!isnan(l.ks) && !f.number) return RULE_FAIL(cx, run, t, "'ks' is of numbers and times, and column '%s' holds words; use psi or p_value", t->column);
    text_init(&want, cx);
    text_init(&got, cx);
    if (!isnan(l.psi)) text_fmt(&want, "psi at most %g", l.psi);
    if (!isnan(l.ks)) text_fmt(&want, "%sks at most %g", want.n ? ", " : "", l.ks);
    if (!isnan(l.p)) text_fmt(&want, "%sp at least %g", want.n ? ", " : "", l.p);
    text_fmt(&want, " against %s", ref);
    if (isnan(f.psi)) text_put(&got, "nothing to compare: one of the two has no values");
    else if (f.number) text_fmt(&got, "psi %.4g, ks %.4g (p %.3g)", f.psi, f.ks, f.p);
    else text_fmt(&got, "psi %.4g, chi-square %.4g (p %.3g)", f.psi, f.chi_square, f.p);
    out->expected = words_of(cx, &want);
    out->found = words_of(cx, &got);
    if (!out->expected || !out->found) return FAIL(cx, ERR_NOMEM, "the test 'drift'");
    out->rows = (uint64_t)f.rows;
    bool met = !isnan(f.psi) && !(f.psi > l.psi) && !(f.ks > l.ks) && !(f.p < l.p);
    out->outcome = met ? LAKE_PASSED : LAKE_FAILED;
    return OK;
}
