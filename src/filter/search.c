/* filter/search.c -- the rows that fit: one statement a test, sets of bits, an order.
**
** A set holds one bit an id.  AND and OR keep or add bits, NOT turns them; at the
** end the domain's rows are walked in their own order and those whose bit is set
** are kept.  An index only narrows what is read: every value is judged here too,
** so that answers do not depend on what a database thinks of texts and numbers.
*/
#include "filter/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Bits { uint64_t *at; } Bits;

typedef struct Search {
    Ctx *cx;
    Db *db;
    int64_t *id; size_t n;             /* the domain, in its order */
    size_t words;                      /* of a set */
} Search;

/* --- sets --- */

static Err bits_make(const Search *s, Bits *b)
{
    b->at = ctx_get_n(s->cx, s->words, sizeof *b->at);
    return b->at ? OK : FAIL(s->cx, ERR_NOMEM, "searching %zu rows", s->n);
}

static void bits_turn(const Search *s, Bits *b)
{
    for (size_t i = 0; i < s->words; i++) b->at[i] = ~b->at[i];
}

static bool bits_has(const Bits *b, int64_t id)
{
    return b->at[id >> 6] >> (id & 63) & 1;
}

/* --- one test --- */

/* Every row of an answer that the test holds of is put into the set. */
static Err judge(const Search *s, const FilterTest *t, const Statement *st, const DbValue *args, size_t args_n, Bits *b)
{
    Ctx *cx = s->cx;
    DbRows *rows = NULL;
    bool more = false, is_text = t->field->type == FILTER_TEXT;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, s->db, st, args, args_n, &rows));
    for (;;) {
        size_t n = 0;
        const char *text = "";
        double num = (double)NAN;
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        int64_t id = db_get_int(rows, 0);
        if (id < 0 || (size_t)(id >> 6) >= s->words) continue;     /* not of the domain */
        if (is_text && t->op != OP_NULL) {
            text = db_get_text(rows, 1);
            if (!text) continue;
            n = strlen(text);
        } else if (!is_text) num = db_get_num(rows, 1);
        if (filter_holds(t, text, n, num)) b->at[id >> 6] |= (uint64_t)1 << (id & 63);
    }
done:
    db_rows_close(rows);
    return err;
}

/* The bounds within which a number test can hold. */
static bool bounds(const FilterTest *t, double value, double *lo, double *hi)
{
    *lo = -(double)INFINITY;
    *hi = (double)INFINITY;
    switch (t->op) {
    case OP_EQ: *lo = *hi = value; return true;
    case OP_LT: case OP_LE: *hi = value; return true;
    case OP_GT: case OP_GE: *lo = value; return true;
    default: return false;
    }
}

static int64_t us_of(double ms, bool up)
{
    double us = up ? (floor(ms) + 1) * 1000 : floor(ms) * 1000;
    if (us < -9e18) return INT64_MIN;
    return us > 9e18 ? INT64_MAX : (int64_t)us;
}

static Err judge_range(const Search *s, const FilterTest *t, double lo, double hi, Bits *b)
{
    const FilterField *f = t->field;
    DbValue args[3];
    size_t n = 0;
    if (!f->name) args[n++] = db_text(t->key);
    args[n++] = f->type == FILTER_TIME ? db_int(us_of(lo, false)) : db_num(lo);
    args[n++] = f->type == FILTER_TIME ? db_int(us_of(hi, true)) : db_num(hi);
    TRY(s->cx, judge(s, t, &f->range, args, n, b));
    return OK;
}

static Err judge_equal(const Search *s, const FilterTest *t, const FilterValue *v, Bits *b)
{
    const FilterField *f = t->field;
    char head[FILTER_HEAD_MAX];
    DbValue args[2];
    size_t n = 0;
    if (strlen(v->text) != v->n) return OK;            /* a NUL: no stored text has one */
    filter_head(v->text, head);
    if (!f->name) args[n++] = db_text(t->key);
    args[n++] = db_text(f->headed ? head : v->text);
    TRY(s->cx, judge(s, t, &f->equal, args, n, b));
    return OK;
}

static Err test_set(const Search *s, const FilterTest *t, Bits *b)
{
    const FilterField *f = t->field;
    const DbValue key[] = { db_text(t->key) };
    double lo, hi;
    bool text = f->type == FILTER_TEXT, few = t->op == OP_EQ || (t->op == OP_IN && !t->negated);
    if (text && few && !t->as_number && f->equal.sqlite) {
        for (size_t i = 0; i < t->values_n; i++) TRY(s->cx, judge_equal(s, t, &t->value[i], b));
    } else if (!text && f->range.sqlite && t->op == OP_IN && !t->negated) {
        for (size_t i = 0; i < t->values_n; i++) TRY(s->cx, judge_range(s, t, t->value[i].num, t->value[i].num, b));
    } else if (!text && f->range.sqlite && t->values_n && bounds(t, t->value[0].num, &lo, &hi)) {
        TRY(s->cx, judge_range(s, t, lo, hi, b));
    } else {
        TRY(s->cx, judge(s, t, &f->all, key, f->name ? 0 : 1, b));
    }
    if (t->op == OP_NULL && !t->negated) bits_turn(s, b);
    return OK;
}

/* Rows that lack a field differ from everything, where the field says so. */
static Err add_absent(const Search *s, const FilterTest *t, Bits *b)
{
    FilterTest has = { .field = t->field, .key = t->key, .op = OP_NULL };
    Bits absent;
    Err err = bits_make(s, &absent);
    if (!err) err = test_set(s, &has, &absent);
    for (size_t i = 0; !err && i < s->words; i++) b->at[i] |= absent.at[i];
    ctx_put(s->cx, absent.at);
    return err;
}

static Err node_set(const Search *s, const Node *n, Bits *b)
{
    Bits right = { NULL };
    bool any = false;
    Err err = OK;
    if (n->kind == NODE_TEST) {
        TRY(s->cx, test_set(s, &n->test, b));
        if (n->test.op == OP_NE && n->test.field->absent_differs) TRY(s->cx, add_absent(s, &n->test, b));
        return OK;
    }
    TRY(s->cx, node_set(s, n->a, b));
    if (n->kind == NODE_NOT) {
        bits_turn(s, b);
        return OK;
    }
    for (size_t i = 0; i < s->words && !any; i++) any = b->at[i] != 0;
    if (n->kind == NODE_AND && !any) return OK;        /* nothing to keep: the rest need not be asked */
    TRY(s->cx, bits_make(s, &right));
    err = node_set(s, n->b, &right);
    for (size_t i = 0; !err && i < s->words; i++) b->at[i] = n->kind == NODE_AND ? b->at[i] & right.at[i] : b->at[i] | right.at[i];
    ctx_put(s->cx, right.at);
    return err;
}

/* --- the domain --- */

static Err read_domain(Search *s, const FilterAsk *ask)
{
    Ctx *cx = s->cx;
    DbRows *rows = NULL;
    bool more = false;
    size_t cap = 0;
    int64_t most = 0;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, s->db, ask->domain, ask->args, ask->args_n, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        if (s->n == cap) {
            cap = cap ? 2 * cap : 1024;
            int64_t *grown = ctx_grow(cx, s->id, cap, sizeof *grown);
            if (!grown) {
                err = FAIL(cx, ERR_NOMEM, "searching more than %zu rows", s->n);
                goto done;
            }
            s->id = grown;
        }
        int64_t id = db_get_int(rows, 0);
        if (id < 0 || id >= FILTER_ID_MAX) {
            err = FAIL(cx, ERR_LIMIT, "a %s with the number %lld cannot be searched; the most is %lld", ask->entity->name,
                       (long long)id, (long long)FILTER_ID_MAX);
            goto done;
        }
        if (id > most) most = id;
        s->id[s->n++] = id;
    }
    s->words = (size_t)(most >> 6) + 1;
done:
    db_rows_close(rows);
    return err;
}

static Err keep_fitting(Search *s, const char *filter, const FilterEntity *entity)
{
    Node *root = NULL;
    Bits b = { NULL };
    size_t kept = 0;
    Err err = OK;
    TRY(s->cx, filter_parse(s->cx, entity, filter, &root));
    if (!root || !s->n) return OK;
    TRY(s->cx, bits_make(s, &b));
    err = node_set(s, root, &b);
    for (size_t i = 0; !err && i < s->n; i++)
        if (bits_has(&b, s->id[i])) s->id[kept++] = s->id[i];
    s->n = kept;
    ctx_put(s->cx, b.at);
    return err;
}

/* --- order --- */

typedef enum Has { HAS_VALUE, HAS_NAN, HAS_NONE } Has;         /* in the order in which they come, whatever the direction */
typedef struct Cell { unsigned char has; double num; size_t text; } Cell;      /* text: where in Sort.text */

typedef struct Sort {
    size_t keys;
    const FilterOrder *order;
    Cell *cell;                        /* row by row */
    Text text;
} Sort;

static int by_keys(const void *x, const void *y, void *arg)
{
    const Sort *s = arg;
    size_t a = *(const size_t *)x, b = *(const size_t *)y;
    for (size_t k = 0; k < s->keys; k++) {
        const Cell *p = &s->cell[a * s->keys + k], *q = &s->cell[b * s->keys + k];
        int c;
        if (p->has != q->has) return p->has < q->has ? -1 : 1;
        if (p->has != HAS_VALUE) continue;
        if (s->order[k].field->type == FILTER_TEXT) c = strcmp(s->text.at + p->text, s->text.at + q->text);
        else c = (p->num > q->num) - (p->num < q->num);
        if (c) return s->order[k].down ? -c : c;
    }
    return (a > b) - (a < b);                          /* the domain's own order */
}

/* place: of an id among the rows, + 1; 0: not among them */
static Err fill_cells(const Search *s, Sort *sort, size_t k, const uint32_t *place)
{
    Ctx *cx = s->cx;
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    const FilterOrder *o = &sort->order[k];
    const DbValue key[] = { db_text(o->key) };
    TRY_DONE(cx, db_ask(cx, s->db, &o->field->all, key, o->field->name ? 0 : 1, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        int64_t id = db_get_int(rows, 0);
        if (id < 0 || (size_t)(id >> 6) >= s->words || !place[id]) continue;
        Cell *c = &sort->cell[(place[id] - 1) * sort->keys + k];
        if (o->field->type == FILTER_TEXT) {
            const char *text = db_get_text(rows, 1);
            c->text = sort->text.n;
            text_bytes(&sort->text, text ? text : "", text ? strlen(text) + 1 : 1);
            c->has = HAS_VALUE;
        } else {
            c->num = db_get_num(rows, 1);
            c->has = isnan(c->num) ? HAS_NAN : HAS_VALUE;
        }
    }
    err = text_err(&sort->text);
done:
    db_rows_close(rows);
    return err;
}

static Err put_in_order(Search *s, const FilterOrder *order, size_t keys)
{
    Ctx *cx = s->cx;
    Sort sort = { .keys = keys, .order = order };
    uint32_t *place = NULL;
    size_t *row = NULL;
    int64_t *id = NULL;
    Err err = OK;
    text_init(&sort.text, cx);
    GET_DONE(cx, sort.cell, s->n * keys, "ordering %zu rows", s->n);
    GET_DONE(cx, place, s->words * 64, "ordering %zu rows", s->n);
    GET_DONE(cx, row, s->n, "ordering %zu rows", s->n);
    GET_DONE(cx, id, s->n, "ordering %zu rows", s->n);
    for (size_t i = 0; i < s->n * keys; i++) sort.cell[i].has = HAS_NONE;
    for (size_t i = 0; i < s->n; i++) {
        place[s->id[i]] = (uint32_t)i + 1;
        row[i] = i;
    }
    for (size_t k = 0; k < keys; k++) TRY_DONE(cx, fill_cells(s, &sort, k, place));
    qsort_r(row, s->n, sizeof *row, by_keys, &sort);
    for (size_t i = 0; i < s->n; i++) id[i] = s->id[row[i]];
    ctx_put(cx, s->id);
    s->id = id;
    id = NULL;
done:
    text_clear(&sort.text);
    ctx_put(cx, sort.cell);
    ctx_put(cx, place);
    ctx_put(cx, row);
    ctx_put(cx, id);
    return err;
}

static Err find(Search *s, const FilterAsk *ask, const FilterOrder *order)
{
    TRY(s->cx, read_domain(s, ask));
    if (ask->filter) TRY(s->cx, keep_fitting(s, ask->filter, ask->entity));
    if (ask->orders_n && s->n) TRY(s->cx, put_in_order(s, order, ask->orders_n));
    return OK;
}

Err filter_search(Ctx *cx, Db *db, const FilterAsk *ask, FilterOut *out)
{
    Search s = { .cx = cx, .db = db };
    FilterOrder order[FILTER_ORDERS_MAX];
    *out = (FilterOut){ 0 };
    if (ask->orders_n > FILTER_ORDERS_MAX)
        return FAIL(cx, ERR_LIMIT, "rows are ordered by at most %d things", FILTER_ORDERS_MAX);
    for (size_t i = 0; i < ask->orders_n; i++) TRY(cx, filter_parse_order(cx, ask->entity, ask->order[i], &order[i]));
    TRY(cx, filter_check(cx, ask->entity, ask->filter, NULL));     /* before anything is read */
    TRY(cx, db_begin_read(cx, db));
    Err err = find(&s, ask, order);
    db_end_read(db);
    if (err) {
        ctx_put(cx, s.id);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    size_t from = ask->offset < s.n ? ask->offset : s.n, left = s.n - from;
    out->found = s.n;
    out->more = ask->limit && left > ask->limit;
    out->n = out->more ? ask->limit : left;
    if (from && out->n) memmove(s.id, s.id + from, out->n * sizeof *s.id);
    out->id = s.id;
    return OK;
}
