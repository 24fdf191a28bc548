/* repo/apply_metric.c -- points of metrics, folded into compressed pieces and one row a metric.
**
** The newest piece of a series is unpacked, filled and packed again until it
** holds SERIES_POINTS_MAX points; so single points logged by many processes end
** as densely packed as a batch.  A point that is there already is dropped, which
** makes a client's retry harmless: only pieces whose times overlap are looked at.
*/
#include "repo/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Points { MetricPoint *at; size_t n; } Points;

typedef struct Piece { int64_t number; size_t n; } Piece;      /* the newest; number -1: there is none yet */

static bool same_point(const MetricPoint *a, const MetricPoint *b)
{
    return a->time_us == b->time_us && a->step == b->step && (a->value == b->value || (isnan(a->value) && isnan(b->value)));
}

static int by_point(const void *x, const void *y)
{
    const MetricPoint *a = x, *b = y;
    if (a->step != b->step) return a->step < b->step ? -1 : 1;
    if (a->time_us != b->time_us) return a->time_us < b->time_us ? -1 : 1;
    if (isnan(a->value) || isnan(b->value)) return (int)isnan(b->value) - (int)isnan(a->value);     /* NaN is least */
    return (a->value > b->value) - (a->value < b->value);
}

/* --- reading --- */

static Err read_points(Ctx *cx, yyjson_val *series, Points *out)
{
    yyjson_val *steps = yyjson_obj_get(series, "steps"), *times = yyjson_obj_get(series, "times_us"),
               *values = yyjson_obj_get(series, "values"), *v;
    size_t i, n, count = yyjson_arr_size(values);
    *out = (Points){ 0 };
    if (!count || yyjson_arr_size(times) != count || yyjson_arr_size(steps) != count)
        return FAIL(cx, ERR_BAD_INPUT, "a metric has %zu values, %zu times and %zu steps", count, yyjson_arr_size(times),
                    yyjson_arr_size(steps));
    out->at = ctx_get_n(cx, count, sizeof *out->at);
    if (!out->at) return FAIL(cx, ERR_NOMEM, "keeping %zu points of a metric", count);
    out->n = count;
    yyjson_arr_foreach(values, i, n, v) out->at[i].value = pay_value(v);
    yyjson_arr_foreach(times, i, n, v) out->at[i].time_us = yyjson_get_sint(v);
    yyjson_arr_foreach(steps, i, n, v) out->at[i].step = yyjson_get_sint(v);
    return OK;
}

/* --- dropping what is there --- */

typedef struct Item { MetricPoint p; size_t at; } Item;        /* at: 0 it is stored; else its place among the new ones, from 1 */

static int by_item(const void *x, const void *y)
{
    const Item *a = x, *b = y;
    int c = by_point(&a->p, &b->p);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

/* The stored points of one metric from lo to hi, appended to *item of *n. */
static Err add_stored(Ctx *cx, const Fold *f, int64_t run, const char *key, int64_t lo, int64_t hi, Item **item, size_t *n)
{
    static const Statement ask = {
        "SELECT points, n FROM series WHERE run = ?1 AND key = ?2 AND to_us >= ?3 AND from_us <= ?4 ORDER BY piece", NULL };
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    MetricPoint *at = NULL;
    TRY_DONE(cx, db_ask(cx, db_reader(f->db), &ask, DB_ARGS(db_int(run), db_text(key), db_int(lo), db_int(hi)), &rows));
    for (;;) {
        size_t bytes_n, got = 0;
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        const void *bytes = db_get_blob(rows, 0, &bytes_n);
        if (!at) GET_DONE(cx, at, SERIES_POINTS_MAX, "reading points of a metric");
        TRY_DONE(cx, series_unpack(cx, bytes, bytes_n, at, SERIES_POINTS_MAX, &got));
        Item *grown = ctx_grow(cx, *item, *n + got, sizeof *grown);
        if (!grown) {
            err = FAIL(cx, ERR_NOMEM, "comparing points of a metric");
            goto done;
        }
        *item = grown;
        for (size_t i = 0; i < got; i++) (*item)[(*n)++] = (Item){ at[i], 0 };
    }
done:
    db_rows_close(rows);
    ctx_put(cx, at);
    return err;
}

/* Drop the new points that are stored already or come twice; the others keep their order. */
static Err drop_known(Ctx *cx, const Fold *f, int64_t run, const char *key, Points *p)
{
    Item *item = NULL;
    bool *known = NULL, rising = true;
    size_t n = p->n, kept = 0;
    Err err = OK;
    int64_t lo = p->at[0].time_us, hi = lo;
    for (size_t i = 1; i < p->n; i++) {
        rising &= by_point(&p->at[i - 1], &p->at[i]) < 0;
        if (p->at[i].time_us < lo) lo = p->at[i].time_us;
        if (p->at[i].time_us > hi) hi = p->at[i].time_us;
    }
    GET_DONE(cx, item, n, "comparing %zu points of a metric", n);
    GET_DONE(cx, known, n, "comparing %zu points of a metric", n);
    for (size_t i = 0; i < n; i++) item[i] = (Item){ p->at[i], i + 1 };
    TRY_DONE(cx, add_stored(cx, f, run, key, lo, hi, &item, &n));
    if (rising && n == p->n) goto done;
    qsort(item, n, sizeof *item, by_item);
    for (size_t i = 1; i < n; i++) {
        if (item[i].at && same_point(&item[i - 1].p, &item[i].p)) known[item[i].at - 1] = true;
    }
    for (size_t i = 0; i < p->n; i++) {
        if (!known[i]) p->at[kept++] = p->at[i];
    }
    p->n = kept;
done:
    ctx_put(cx, item);
    ctx_put(cx, known);
    return err;
}

/* --- writing --- */

static Err newest_piece(Ctx *cx, const Fold *f, int64_t run, const char *key, MetricPoint *at, Piece *out)
{
    static const Statement ask = { "SELECT piece, points FROM series WHERE run = ?1 AND key = ?2 ORDER BY piece DESC LIMIT 1", NULL };
    DbRows *rows = NULL;
    bool more = false;
    size_t bytes_n;
    Err err = OK;
    *out = (Piece){ .number = -1 };
    TRY_DONE(cx, db_ask(cx, db_reader(f->db), &ask, DB_ARGS(db_int(run), db_text(key)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more) {
        out->number = db_get_int(rows, 0);
        const void *bytes = db_get_blob(rows, 1, &bytes_n);
        TRY_DONE(cx, series_unpack(cx, bytes, bytes_n, at, SERIES_POINTS_MAX, &out->n));
    }
done:
    db_rows_close(rows);
    return err;
}

static Err write_piece(Ctx *cx, const Fold *f, int64_t run, const char *key, int64_t number, const MetricPoint *at, size_t n)
{
    static const Statement add = {
        "INSERT INTO series(run, key, piece, n, from_us, to_us, points) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"
        " ON CONFLICT(run, key, piece) DO UPDATE SET n = excluded.n, from_us = excluded.from_us, to_us = excluded.to_us,"
        " points = excluded.points", NULL };
    unsigned char *bytes;
    size_t bytes_n;
    int64_t lo = at[0].time_us, hi = lo;
    for (size_t i = 1; i < n; i++) {
        if (at[i].time_us < lo) lo = at[i].time_us;
        if (at[i].time_us > hi) hi = at[i].time_us;
    }
    TRY(cx, series_pack(cx, at, n, &bytes, &bytes_n));
    Err err = db_run(cx, f->db, &add,
                     DB_ARGS(db_int(run), db_text(key), db_int(number), db_int((int64_t)n), db_int(lo), db_int(hi),
                             db_blob(bytes, bytes_n)), NULL);
    ctx_put(cx, bytes);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

static Err write_points(Ctx *cx, const Fold *f, int64_t run, const char *key, const Points *p)
{
    MetricPoint *at = NULL;
    Piece piece;
    Err err = OK;
    GET_DONE(cx, at, SERIES_POINTS_MAX, "keeping points of a metric");
    TRY_DONE(cx, newest_piece(cx, f, run, key, at, &piece));
    if (piece.number < 0 || piece.n == SERIES_POINTS_MAX) piece = (Piece){ .number = piece.number + 1 };
    for (size_t i = 0; i < p->n;) {
        size_t room = SERIES_POINTS_MAX - piece.n, take = p->n - i < room ? p->n - i : room;
        memcpy(at + piece.n, p->at + i, take * sizeof *at);
        TRY_DONE(cx, write_piece(cx, f, run, key, piece.number, at, piece.n + take));
        piece = (Piece){ .number = piece.number + 1 };
        i += take;
    }
done:
    ctx_put(cx, at);
    return err;
}

/* Last is the greatest by (step, time, value); least and greatest are of what is no NaN. */
static Err update_metric(Ctx *cx, const Fold *f, int64_t run, const char *key, const Points *p)
{
    static const Statement ask = { "SELECT last, last_step, last_us, min, max, n FROM metric WHERE run = ?1 AND key = ?2", NULL };
    static const Statement put = {
        "INSERT INTO metric(run, key, last, last_step, last_us, min, max, n) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        " ON CONFLICT(run, key) DO UPDATE SET last = excluded.last, last_step = excluded.last_step, last_us = excluded.last_us,"
        " min = excluded.min, max = excluded.max, n = excluded.n", NULL };
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    MetricPoint last = p->at[0];
    double min = (double)NAN, max = (double)NAN;
    int64_t n = (int64_t)p->n;
    TRY_DONE(cx, db_ask(cx, db_reader(f->db), &ask, DB_ARGS(db_int(run), db_text(key)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more) {
        last = (MetricPoint){ db_get_int(rows, 2), db_get_int(rows, 1), db_get_num(rows, 0) };
        min = db_get_num(rows, 3);
        max = db_get_num(rows, 4);
        n += db_get_int(rows, 5);
    }
    for (size_t i = 0; i < p->n; i++) {
        double v = p->at[i].value;
        if (by_point(&last, &p->at[i]) < 0) last = p->at[i];
        if (isnan(v)) continue;
        if (isnan(min) || v < min) min = v;
        if (isnan(max) || v > max) max = v;
    }
    db_rows_close(rows);
    rows = NULL;
    TRY_DONE(cx, db_run(cx, f->db, &put,
                        DB_ARGS(db_int(run), db_text(key), db_num(last.value), db_int(last.step), db_int(last.time_us), db_num(min),
                                db_num(max), db_int(n)), NULL));
done:
    db_rows_close(rows);
    return err;
}

Err fold_run_metrics(Ctx *cx, const Fold *f)
{
    yyjson_val *all = yyjson_obj_get(f->p, "metrics"), *series;
    int64_t run;
    size_t i, n;
    TRY(cx, fold_run(cx, f, false, &run));
    yyjson_arr_foreach(all, i, n, series) {
        const char *key = pay_text(series, "key");
        Points p;
        TRY(cx, read_points(cx, series, &p));
        Err err = drop_known(cx, f, run, key, &p);
        if (!err && p.n) err = write_points(cx, f, run, key, &p);
        if (!err && p.n) err = update_metric(cx, f, run, key, &p);
        ctx_put(cx, p.at);
        TRY(cx, err);
    }
    return OK;
}
