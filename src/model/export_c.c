/* model/export_c.c -- a graph as one file of C99 that needs nothing but libc and libm.
**
** The tables of the build as constants, a few small functions that read them, and leat_predict: one call a node,
** on one row of doubles.  Numbers that are float32 in the graph are rounded to float.
*/
#include "model/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX 100       /* columns of a table in the file */

typedef struct Writer {
    Text *t;
    size_t line;           /* where the line at hand begins */
} Writer;

static void item(Writer *w, const char *s, size_t n)
{
    if (w->t->n + n + 2 - w->line > LINE_MAX) {
        text_char(w->t, '\n');
        w->line = w->t->n;
    }
    text_bytes(w->t, s, n);
    text_char(w->t, ',');
}

static void number(Writer *w, double v, bool single)
{
    char buf[NUM_TEXT_MAX + 8];
    size_t n;
    if (isnan(v)) n = (size_t)snprintf(buf, sizeof buf, "NAN");
    else if (isinf(v)) n = (size_t)snprintf(buf, sizeof buf, v > 0 ? "INFINITY" : "-INFINITY");
    else if (single) {
        n = (size_t)snprintf(buf, sizeof buf, "%.9g", v);
        if (!strpbrk(buf, ".e")) n += (size_t)snprintf(buf + n, sizeof buf - n, ".");
        n += (size_t)snprintf(buf + n, sizeof buf - n, "f");
    } else {
        n = num_text(v, buf);
        buf[n] = 0;
        if (!strpbrk(buf, ".e")) n += (size_t)snprintf(buf + n, sizeof buf - n, ".");
    }
    item(w, buf, n);
}

/* What a C string literal holds; question marks too, for they may begin a trigraph. */
static void literal(Text *t, const char *s, size_t n)
{
    text_char(t, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < ' ' || c >= 127 || c == '"' || c == '\\' || c == '?') text_fmt(t, "\\%03o", c);
        else text_char(t, (char)c);
    }
    text_char(t, '"');
}

static void table(Text *t, const char *name, uint32_t i, const double *v, size_t n, bool single)
{
    Writer w = { t, 0 };
    text_fmt(t, "static const %s %s%u[] = {\n", single ? "float" : "double", name, i);
    w.line = t->n;
    for (size_t k = 0; k < n; k++) number(&w, v[k], single);
    if (!n) text_put(t, "0");
    text_put(t, "\n};\n");
}

static void list(Text *t, const char *type, const char *name, uint32_t i, const uint32_t *v, size_t n)
{
    Writer w = { t, 0 };
    char buf[16];
    text_fmt(t, "static const %s %s%u[] = {\n", type, name, i);
    w.line = t->n;
    for (size_t k = 0; k < n; k++) item(&w, buf, (size_t)snprintf(buf, sizeof buf, "%uu", v[k]));
    if (!n) text_put(t, "0");
    text_put(t, "\n};\n");
}

/* ------------------------------------------------------------------ levels */

typedef struct Key { const char *at; size_t n; double v; uint32_t a, b, place; } Key;

static int by_key(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = x->at ? memcmp(x->at, y->at, n) : 0;
    if (c) return c;
    if (x->n != y->n) return x->n < y->n ? -1 : 1;
    if (x->v < y->v || x->v > y->v) return x->v < y->v ? -1 : 1;
    if (x->a != y->a) return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

/* Keys in ascending order, and the place of each. */
static Err keys_sorted(Ctx *cx, const Graph *g, const GraphNode *n, Key **out, size_t *count)
{
    const Keys *k = n->keys;
    const Schema *s = g->build->schema;
    bool text = n->op == GRAPH_LEVEL && g->node[n->a].type == GRAPH_TEXT;
    Key *key = ctx_get_n(cx, k->n + s->na_n + 1, sizeof *key);
    *count = 0;
    *out = key;
    if (!key) return FAIL(cx, ERR_NOMEM, "exporting %u levels", k->n);
    for (uint32_t i = 0; i < k->n; i++) {
        Key *to = &key[(*count)++];
        *to = (Key){ .place = i };
        if (k->pair) {
            to->a = k->pair[2 * (size_t)i];
            to->b = k->pair[2 * (size_t)i + 1];
            continue;
        }
        const char *at = k->bytes + k->offset[i];
        size_t len = (size_t)(k->offset[i + 1] - k->offset[i]);
        if (text) to->at = at, to->n = len;
        else if (num_read(at, len, &to->v)) to->v = (double)(float)to->v;
    }
    for (size_t i = 0; text && i < s->na_n; i++)
        if (*s->na[i]) key[(*count)++] = (Key){ .at = s->na[i], .n = strlen(s->na[i]), .place = k->n + 1 };
    if (*count) qsort(key, *count, sizeof *key, by_key);
    return OK;
}

static Err keys_table(Ctx *cx, const Graph *g, uint32_t i, Text *t)
{
    const GraphNode *n = &g->node[i];
    Key *key;
    size_t count;
    bool text = n->op == GRAPH_LEVEL && g->node[n->a].type == GRAPH_TEXT;
    TRY(cx, keys_sorted(cx, g, n, &key, &count));
    text_fmt(t, "static const %s k%u[] = {\n", text ? "char *const" : n->op == GRAPH_LEVEL ? "float" : "unsigned", i);
    Writer w = { t, t->n };
    for (size_t j = 0; j < count; j++) {
        if (text) {
            literal(t, key[j].at, key[j].n);
            text_put(t, ",\n");
        } else if (n->op == GRAPH_LEVEL) number(&w, key[j].v, true);
        else text_fmt(t, "%u,%u,%s", key[j].a, key[j].b, j % 8 == 7 ? "\n" : "");
    }
    text_put(t, count ? "\n};\n" : "0\n};\n");
    text_fmt(t, "static const unsigned p%u[] = {\n", i);
    for (size_t j = 0; j < count; j++) text_fmt(t, "%u,%s", key[j].place, j % 16 == 15 ? "\n" : "");
    text_put(t, count ? "\n};\n" : "0\n};\n");
    ctx_put(cx, key);
    return OK;
}

/* ------------------------------------------------------------------- trees */

static void trees_table(const GraphNode *n, uint32_t i, Text *t)
{
    const Trees *m = n->trees;
    text_fmt(t, "static const struct view w%u[] = {{0,0}", i);
    for (uint32_t v = 1; v < m->views_n; v++) {
        uint32_t at = 0;
        while (n->list[at] != m->view[v].feature) at++;
        text_fmt(t, ",%s{%u,%u}", v % 10 ? "" : "\n", at, m->view[v].mode);
    }
    text_fmt(t, "};\nstatic const struct node n%u[] = {\n", i);
    for (uint32_t k = 0, on = 0; k < m->trees_n; k++) {
        const TreeNode *node = m->node + m->tree[k].node0;
        for (uint32_t j = 0; j < m->tree[k].nodes; j++)
            text_fmt(t, "{0x%x,%u,%u},%s", node[j].u.set, node[j].view, trees_is_leaf(node, j) ? 0 : node[j].left, ++on % 6 ? "" : "\n");
    }
    if (!m->trees_n) text_put(t, "{0,0,0}");
    text_fmt(t, "\n};\nstatic const struct tree t%u[] = {\n", i);
    for (uint32_t k = 0; k < m->trees_n; k++)
        text_fmt(t, "{%zu,%zu},%s", m->tree[k].node0, m->tree[k].leaf0 * m->leaf_values, k % 8 == 7 ? "\n" : "");
    text_put(t, m->trees_n ? "\n};\n" : "{0,0}\n};\n");
    table(t, "f", i, m->value, m->leaves_n * m->leaf_values, false);
    if (!m->sets_n) return;
    list(t, "unsigned", "b", i, m->word, m->words_n);
    text_fmt(t, "static const unsigned e%u[] = {\n", i);
    for (uint32_t k = 0; k < m->sets_n; k++) text_fmt(t, "%u,%u,%s", m->set[k].first, m->set[k].words, k % 8 == 7 ? "\n" : "");
    text_put(t, "\n};\n");
}

/* -------------------------------------------------------------- the program */

static const char head[] =
    "** Give leat_predict a row: a cell for each of leat_columns, in their order. A text column reads .text (NULL or\n"
    "** \"\" is missing), any other .number (NAN is missing; dates are seconds since 1970 UTC). Texts are spelled as in the\n"
    "** training data, without blanks around them, numbers as 3, not 3.0. It keeps no state: threads may share it.\n"
    "*/\n"
    "#include <math.h>\n#include <stddef.h>\n#include <string.h>\n\n"
    "typedef struct leat_cell { const char *text; double number; } leat_cell;\n\n";

static const char arithmetic[] =
    "enum { ADD, SUB, MUL, DIV, MIN, MAX, LE, EXP, LOG, SQRT, SIN, COS, FLOOR, ISNAN, SAME };\n\n"
    "/* Two vectors, of which one may be a single number, element by element. */\n"
    "static void two(int op, const double *a, size_t an, const double *b, size_t bn, size_t n, int single, double *out)\n{\n"
    "    size_t i;\n"
    "    for (i = 0; i < n; i++) {\n"
    "        double x = a[an > 1 ? i : 0], y = b[bn > 1 ? i : 0], v = 0;\n"
    "        switch (op) {\n"
    "        case ADD: v = x + y; break;\n        case SUB: v = x - y; break;\n        case MUL: v = x * y; break;\n"
    "        case DIV: v = x / y; break;\n        case MIN: v = isnan(x) || x < y ? x : y; break;\n"
    "        case MAX: v = isnan(x) || x > y ? x : y; break;\n        case LE: v = x <= y; break;\n        default: break;\n"
    "        }\n"
    "        out[i] = single ? (double)(float)v : v;\n"
    "    }\n}\n\n"
    "static void one(int op, const double *a, size_t n, int single, double *out)\n{\n"
    "    size_t i;\n"
    "    for (i = 0; i < n; i++) {\n"
    "        double x = a[i], v = x;\n"
    "        switch (op) {\n"
    "        case EXP: v = exp(x); break;\n        case LOG: v = log(x); break;\n        case SQRT: v = sqrt(x); break;\n"
    "        case SIN: v = sin(x); break;\n        case COS: v = cos(x); break;\n        case FLOOR: v = floor(x); break;\n"
    "        case ISNAN: v = isnan(x) ? 1 : 0; break;\n        default: break;\n"
    "        }\n"
    "        out[i] = single ? (double)(float)v : v;\n"
    "    }\n}\n\n";

typedef struct Piece { GraphOp op; int text; const char *code; } Piece;      /* text: of a LEVEL, -1 for any */

static const Piece pieces[] = {
    { GRAPH_IF, -1,
      "static void choose(const double *c, size_t cn, const double *a, size_t an, const double *b, size_t bn, size_t n, double *out)\n{\n"
      "    size_t i;\n"
      "    for (i = 0; i < n; i++) out[i] = c[cn > 1 ? i : 0] != 0 ? a[an > 1 ? i : 0] : b[bn > 1 ? i : 0];\n}\n\n" },
    { GRAPH_CONST, -1,
      "static void singles(const float *a, size_t n, double *out)\n{\n    size_t i;\n"
      "    for (i = 0; i < n; i++) out[i] = (double)a[i];\n}\n\n" },
    { GRAPH_PICK, -1,
      "static void pick(const double *a, const unsigned *list, size_t n, double *out)\n{\n    size_t i;\n"
      "    for (i = 0; i < n; i++) out[i] = a[list[i]];\n}\n\n" },
    { GRAPH_LEVEL, 1,
      "/* The place of a text among n sorted keys, of which m are levels. */\n"
      "static double level_text(const char *s, const char *const *key, const unsigned *place, size_t n, size_t m)\n{\n"
      "    size_t lo = 0, hi = n;\n"
      "    if (!s || !*s) return (double)(m + 1);\n"
      "    while (lo < hi) {\n"
      "        size_t mid = (lo + hi) / 2;\n        int c = strcmp(key[mid], s);\n"
      "        if (!c) return (double)place[mid];\n"
      "        if (c < 0) lo = mid + 1;\n        else hi = mid;\n"
      "    }\n    return (double)m;\n}\n\n" },
    { GRAPH_LEVEL, 0,
      "static double level_number(double x, const float *key, const unsigned *place, size_t n)\n{\n"
      "    size_t lo = 0, hi = n;\n"
      "    if (isnan(x)) return (double)(n + 1);\n"
      "    while (lo < hi) {\n"
      "        size_t mid = (lo + hi) / 2;\n        double k = (double)key[mid];\n"
      "        if (k < x) lo = mid + 1;\n        else if (k > x) hi = mid;\n        else return (double)place[mid];\n"
      "    }\n    return (double)n;\n}\n\n" },
    { GRAPH_PAIR, -1,
      "static double pair(double a, double b, double an, double bn, const unsigned *key, const unsigned *place, size_t n)\n{\n"
      "    size_t lo = 0, hi = n;\n"
      "    if (a > an || b > bn) return (double)(n + 1);\n"
      "    while (lo < hi) {\n"
      "        size_t mid = (lo + hi) / 2;\n        double x = key[2 * mid], y = key[2 * mid + 1];\n"
      "        if (x < a || (x <= a && y < b)) lo = mid + 1;\n        else if (x > a || y > b) hi = mid;\n"
      "        else return (double)place[mid];\n"
      "    }\n    return (double)n;\n}\n\n" },
    { GRAPH_SOFTMAX, -1,
      "static void softmax(const double *a, size_t n, double *out)\n{\n"
      "    double top = a[0], sum = 0;\n    size_t i;\n"
      "    for (i = 1; i < n; i++) if (a[i] > top) top = a[i];\n"
      "    for (i = 0; i < n; i++) sum += out[i] = exp(a[i] - top);\n"
      "    for (i = 0; i < n; i++) out[i] /= sum;\n}\n\n" },
    { GRAPH_TREES, -1,
      "struct view { unsigned short column, mode; };\n"
      "struct node { unsigned bits; unsigned short view, left; };   /* left 0: a leaf */\n"
      "struct tree { unsigned long node, value; };\n"
      "struct forest { const struct view *view; const struct node *node; const struct tree *tree; const double *value;\n"
      "    const unsigned *word, *set; unsigned numbers, trees, outputs, values; };\n\n"
      "static int goes_left(const struct forest *f, const struct node *t, const double *row)\n{\n"
      "    struct view v = f->view[t->view];\n"
      "    double x = row[v.column];\n    unsigned code;\n    float at;\n"
      "    if (t->view < f->numbers) {\n"
      "        memcpy(&at, &t->bits, sizeof at);\n"
      "        if (fabs(x) <= 1e-35f) x = 0;\n"
      "        if (isnan(x) && v.mode == 1) x = 0;\n"
      "        if (isnan(x) || (x >= 0 && x <= 0 && v.mode >= 4)) return v.mode == 3 || v.mode == 5;\n"
      "        return x <= (double)at;\n"
      "    }\n"
      "    if (!(x > -1 && x < 2147483648.0)) return 0;\n"
      "    code = (unsigned)x;\n"
      "    if (v.mode >= 7) return code / 32 == v.mode - 7u && (t->bits >> code % 32 & 1);\n"
      "    return code / 32 < f->set[2 * t->bits + 1] && (f->word[f->set[2 * t->bits] + code / 32] >> code % 32 & 1);\n}\n\n"
      "static void trees(const struct forest *f, const double *row, double *out)\n{\n"
      "    unsigned i, c, at;\n"
      "    for (c = 0; c < f->outputs; c++) out[c] = 0;\n"
      "    for (i = 0; i < f->trees; i++) {\n"
      "        const struct node *t = f->node + f->tree[i].node;\n"
      "        const double *value = f->value + f->tree[i].value;\n"
      "        for (at = 0; t[at].left;) at = t[at].left + (goes_left(f, &t[at], row) ? 0u : 1u);\n"
      "        if (f->values == 1) out[i % f->outputs] += value[t[at].bits];\n"
      "        else for (c = 0; c < f->outputs; c++) out[c] += value[t[at].bits * f->outputs + c];\n"
      "    }\n}\n\n" },
};

static const char linear_single[] =
    "static void linear_f(const double *x, const float *w, const float *b, size_t in, size_t n, double *out)\n{\n"
    "    size_t i, j;\n"
    "    for (j = 0; j < n; j++) out[j] = (double)b[j];\n"
    "    for (i = 0; i < in; i++) for (j = 0; j < n; j++) out[j] += x[i] * (double)w[i * n + j];\n"
    "    for (j = 0; j < n; j++) out[j] = (double)(float)out[j];\n}\n\n";
static const char linear_double[] =
    "static void linear_d(const double *x, const double *w, const double *b, size_t in, size_t n, double *out)\n{\n"
    "    size_t i, j;\n"
    "    for (j = 0; j < n; j++) out[j] = 0;\n"
    "    for (i = 0; i < in; i++) for (j = 0; j < n; j++) out[j] += x[i] * w[i * n + j];\n"
    "    for (j = 0; j < n; j++) out[j] += b[j];\n}\n\n";

static bool single(const GraphNode *n) { return n->type == GRAPH_F32; }

static void functions(const Graph *g, Text *t)
{
    bool floats = false, doubles = false;
    text_put(t, arithmetic);
    for (size_t p = 0; p < sizeof pieces / sizeof *pieces; p++)
        for (uint32_t i = 0; i < g->n; i++) {
            const GraphNode *n = &g->node[i];
            bool const_like = pieces[p].op == GRAPH_CONST && (n->op == GRAPH_CONST || n->op == GRAPH_ROW) && single(n);
            if (pieces[p].op == GRAPH_CONST ? !const_like : n->op != pieces[p].op) continue;
            if (pieces[p].text >= 0 && pieces[p].text != (g->node[n->a].type == GRAPH_TEXT)) continue;
            text_put(t, pieces[p].code);
            break;
        }
    for (uint32_t i = 0; i < g->n; i++)
        if (g->node[i].op == GRAPH_LINEAR) *(single(&g->node[i]) ? &floats : &doubles) = true;
    if (floats) text_put(t, linear_single);
    if (doubles) text_put(t, linear_double);
}

static Err tables(Ctx *cx, const Graph *g, Text *t)
{
    for (uint32_t i = 0; i < g->n; i++) {
        const GraphNode *n = &g->node[i];
        if (n->keys) TRY(cx, keys_table(cx, g, i, t));
        if (n->table && !(n->op == GRAPH_CONST && n->width == 1)) table(t, "f", i, n->table, (size_t)n->table_n * n->width, single(n));
        if (n->other) table(t, "o", i, n->other, n->width, single(n));
        if (n->op == GRAPH_PICK) list(t, "unsigned", "l", i, n->list, n->list_n);
        if (n->op == GRAPH_TREES) trees_table(n, i, t);
        TRY(cx, text_err(t));
    }
    return OK;
}

static const char *const op_name[GRAPH_OPS_N] = {
    [GRAPH_ADD] = "ADD", [GRAPH_SUB] = "SUB", [GRAPH_MUL] = "MUL", [GRAPH_DIV] = "DIV", [GRAPH_MIN] = "MIN", [GRAPH_MAX] = "MAX",
    [GRAPH_LE] = "LE", [GRAPH_EXP] = "EXP", [GRAPH_LOG] = "LOG", [GRAPH_SQRT] = "SQRT", [GRAPH_SIN] = "SIN", [GRAPH_COS] = "COS",
    [GRAPH_FLOOR] = "FLOOR", [GRAPH_ISNAN] = "ISNAN", [GRAPH_CAST] = "SAME",
};

/* Missing marks that are keys too. */
static size_t marks(const Graph *g)
{
    const Schema *s = g->build->schema;
    size_t n = 0;
    for (size_t i = 0; i < s->na_n; i++) n += *s->na[i] != 0;
    return n;
}

static void forest(const GraphNode *n, uint32_t i, const uint32_t *at, Text *t)
{
    const Trees *m = n->trees;
    char word[16] = "NULL", set[16] = "NULL";
    if (m->sets_n) {
        snprintf(word, sizeof word, "b%u", i);
        snprintf(set, sizeof set, "e%u", i);
    }
    text_fmt(t, "    {\n        static const struct forest f = { w%u, n%u, t%u, f%u, %s, %s, %u, %u, %u, %u };\n", i, i, i, i, word, set,
             m->number_views_n, m->trees_n, m->head.outputs, m->leaf_values);
    text_fmt(t, "        trees(&f, v + %u, v + %u);\n    }\n", at[n->a], at[i]);
}

static void statement(const Graph *g, uint32_t i, const uint32_t *at, Text *t)
{
    const GraphNode *n = &g->node[i], *a = n->a == GRAPH_NONE ? NULL : &g->node[n->a], *b = n->b == GRAPH_NONE ? NULL : &g->node[n->b];
    char num[NUM_TEXT_MAX];
    switch (n->op) {
    case GRAPH_COLUMN:
        if (n->type == GRAPH_F32) text_fmt(t, "    v[%u] = (double)(float)row[%u].number;\n", at[i], n->number);
        else if (n->type == GRAPH_F64) text_fmt(t, "    v[%u] = row[%u].number;\n", at[i], n->number);
        break;
    case GRAPH_LEVEL:
        if (a->type == GRAPH_TEXT)
            text_fmt(t, "    v[%u] = level_text(row[%u].text, k%u, p%u, %zu, %u);\n", at[i], a->number, i, i, marks(g) + n->keys->n,
                     n->keys->n);
        else text_fmt(t, "    v[%u] = level_number(v[%u], k%u, p%u, %u);\n", at[i], at[n->a], i, i, n->keys->n);
        break;
    case GRAPH_PAIR:
        text_fmt(t, "    v[%u] = pair(v[%u], v[%u], %u, %u, k%u, p%u, %u);\n", at[i], at[n->a], at[n->b], a->keys->n, b->keys->n, i, i,
                 n->keys->n);
        break;
    case GRAPH_ROW:
        if (single(n)) text_fmt(t, "    singles(f%u + (size_t)v[%u] * %u, %u, v + %u);\n", i, at[n->a], n->width, n->width, at[i]);
        else text_fmt(t, "    memcpy(v + %u, f%u + (size_t)v[%u] * %u, %u * sizeof *v);\n", at[i], i, at[n->a], n->width, n->width);
        break;
    case GRAPH_CONST:
        if (n->width == 1) {
            num[num_text(n->table[0], num)] = 0;
            text_fmt(t, "    v[%u] = %s%s;\n", at[i], isnan(n->table[0]) ? "NAN" : isinf(n->table[0]) ? "INFINITY" : num,
                     isfinite(n->table[0]) && !strpbrk(num, ".e") ? "." : "");
        } else if (single(n)) text_fmt(t, "    singles(f%u, %u, v + %u);\n", i, n->width, at[i]);
        else text_fmt(t, "    memcpy(v + %u, f%u, sizeof f%u);\n", at[i], i, i);
        break;
    case GRAPH_IF:
        text_fmt(t, "    choose(v + %u, %u, v + %u, %u, v + %u, %u, %u, v + %u);\n", at[n->c], g->node[n->c].width, at[n->a], a->width,
                 at[n->b], b->width, n->width, at[i]);
        break;
    case GRAPH_JOIN:
        for (uint32_t k = 0, to = at[i]; k < n->list_n; k++) {
            uint32_t w = g->node[n->list[k]].width;
            if (w == 1) text_fmt(t, "    v[%u] = v[%u];\n", to, at[n->list[k]]);
            else text_fmt(t, "    memcpy(v + %u, v + %u, %u * sizeof *v);\n", to, at[n->list[k]], w);
            to += w;
        }
        break;
    case GRAPH_PICK: text_fmt(t, "    pick(v + %u, l%u, %u, v + %u);\n", at[n->a], i, n->width, at[i]); break;
    case GRAPH_LINEAR:
        text_fmt(t, "    linear_%c(v + %u, f%u, o%u, %u, %u, v + %u);\n", single(n) ? 'f' : 'd', at[n->a], i, i, n->table_n, n->width, at[i]);
        break;
    case GRAPH_TREES: forest(n, i, at, t); break;
    case GRAPH_SOFTMAX: text_fmt(t, "    softmax(v + %u, %u, v + %u);\n", at[n->a], n->width, at[i]); break;
    default:
        if (b)
            text_fmt(t, "    two(%s, v + %u, %u, v + %u, %u, %u, %d, v + %u);\n", op_name[n->op], at[n->a], a->width, at[n->b], b->width,
                     n->width, single(n), at[i]);
        else text_fmt(t, "    one(%s, v + %u, %u, %d, v + %u);\n", op_name[n->op], at[n->a], n->width, single(n), at[i]);
        break;
    }
}

static void names(Text *t, const char *name, const char *type, char *const *word, size_t n)
{
    text_fmt(t, "const char *const %s[%s] = {\n", name, type);
    for (size_t i = 0; i < n; i++) {
        text_put(t, "    ");
        literal(t, word[i], strlen(word[i]));
        text_put(t, ",\n");
    }
    text_put(t, "};\n\n");
}

static Err front(Ctx *cx, const Graph *g, Text *t)
{
    const Build *b = g->build;
    char **column = ctx_get_n(cx, b->schema->n, sizeof *column);
    if (!column) return FAIL(cx, ERR_NOMEM, "exporting %zu columns", b->schema->n);
    for (size_t i = 0; i < b->schema->n; i++) column[i] = b->schema->col[i].name;
    text_put(t, "/* Written by leat: a model as C99.\n**\n");
    text_put(t, b->classes ? "** out gets a probability a class, in the order of leat_classes; returned is the class answered.\n"
                           : "** out gets the answer; returned is 0.\n");
    text_put(t, head);
    text_fmt(t, "enum { LEAT_COLUMNS = %zu, LEAT_CLASSES = %u, LEAT_OUTPUTS = %u };\n\n", b->schema->n, b->classes, g->node[g->answer].width);
    text_put(t, "extern const char *const leat_columns[LEAT_COLUMNS];\n");
    if (b->classes) text_put(t, "extern const char *const leat_classes[LEAT_CLASSES];\n");
    text_put(t, "size_t leat_predict(const leat_cell *row, double *out);\n\n");
    names(t, "leat_columns", "LEAT_COLUMNS", column, b->schema->n);
    if (b->classes) names(t, "leat_classes", "LEAT_CLASSES", b->class_name, b->classes);
    ctx_put(cx, column);
    return OK;
}

static void answer(const Graph *g, uint32_t at, Text *t)
{
    const Build *b = g->build;
    uint32_t width = g->node[g->answer].width;
    char num[NUM_TEXT_MAX];
    text_fmt(t, "    memcpy(out, v + %u, %u * sizeof *out);\n", at, width);
    if (b->task == TASK_BINARY) {
        num[num_text(b->threshold, num)] = 0;
        text_fmt(t, "    return out[1] >= %s;\n}\n", num);
    } else if (b->classes)
        text_fmt(t, "    {\n        size_t c, best = 0;\n        for (c = 1; c < %u; c++) if (out[c] > out[best]) best = c;\n"
                    "        return best;\n    }\n}\n", width);
    else text_put(t, "    return 0;\n}\n");
}

Err export_c(Ctx *cx, const Graph *g, Text *t)
{
    Err err = OK;
    uint32_t *at = NULL, total = 0;
    GET_DONE(cx, at, g->n + 1u, "exporting a build");
    for (uint32_t i = 0; i < g->n; i++) {
        at[i] = total;
        total += g->node[i].type == GRAPH_TEXT ? 0 : g->node[i].width;
    }
    TRY_DONE(cx, front(cx, g, t));
    functions(g, t);
    TRY_DONE(cx, tables(cx, g, t));
    text_fmt(t, "\nsize_t leat_predict(const leat_cell *row, double *out)\n{\n    double v[%u];\n", total ? total : 1);
    for (uint32_t i = 0; i < g->n; i++) statement(g, i, at, t);
    answer(g, at[g->answer], t);
    TRY_DONE(cx, text_err(t));
done:
    ctx_put(cx, at);
    return err;
}
