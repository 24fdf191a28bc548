/* learn/xgboost_json.c -- XGBoost's trees, read from its JSON.
**
** A tree is a handful of equally long arrays, a node at each index, the root at 0, leaves with no left child (-1).
** Nodes that were pruned stay behind unreachable: only what the root reaches is taken.
**
** How its decisions become ours, exactly:
**   number     XGBoost goes left when x < t, on float32; we when x <= t: so t becomes the next float32 below.
**              (The form takes numbers within 1e-35 of 0 for 0, as LightGBM does: such a one may part ways at t = 0.)
**   category   XGBoost goes right when the code is in the set, we left: so the children change places.  A missing
**              category always goes right with us; where XGBoost sends it to the side of the set, the set is turned
**              over instead, within the column's levels, and the children stay.  (A code above them cannot occur.)
** Its margin is the same sum of leaves in the same order, but in float32: ours is double, so it differs from the
** library's by that rounding, and from a double sum over the library's leaves by nothing.
** A leaf's rows are its share of the second derivatives, which is what XGBoost weighs branches by.
*/
#include "learn/xgboost_lib.h"

#include <yyjson.h>

#include <math.h>
#include <string.h>

#define NODES_MAX (2 * (size_t)TREES_LEAVES_MAX - 1)

typedef struct Tree {
    size_t n;                      /* nodes in XGBoost's list */
    yyjson_val **left, **right, **feature, **at, **missing, **type, **weight;     /* n values each */
    yyjson_val *sets, *set_node, *set_from, *set_n;
    TreesNode *node;               /* n */
    uint32_t *from;                /* the XGBoost node of each of ours */
    uint32_t *word;                /* sets of categories */
    size_t words_n, words_cap;
} Tree;

static Err damaged(Ctx *cx, const char *what)
{
    return FAIL(cx, ERR_CORRUPT, "XGBoost's JSON of a tree cannot be read at '%s'", what);
}

/* Pointers to the elements of an array: asking for the k-th costs k. */
static Err list(Ctx *cx, yyjson_val *tree, const char *name, size_t n, yyjson_val ***out)
{
    yyjson_val *all = yyjson_obj_get(tree, name), *v;
    yyjson_arr_iter it;
    if (!yyjson_is_arr(all) || yyjson_arr_size(all) != n) return damaged(cx, name);
    *out = ctx_get_n(cx, n, sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "reading a tree of XGBoost");
    it = yyjson_arr_iter_with(all);
    for (size_t i = 0; (v = yyjson_arr_iter_next(&it)); i++) {
        if (!yyjson_is_num(v)) return damaged(cx, name);
        (*out)[i] = v;
    }
    return OK;
}

static Err lists(Ctx *cx, yyjson_val *v, Tree *t)
{
    t->n = yyjson_arr_size(yyjson_obj_get(v, "left_children"));
    if (!t->n || t->n > 4 * NODES_MAX) return damaged(cx, "left_children");
    TRY(cx, list(cx, v, "left_children", t->n, &t->left));
    TRY(cx, list(cx, v, "right_children", t->n, &t->right));
    TRY(cx, list(cx, v, "split_indices", t->n, &t->feature));
    TRY(cx, list(cx, v, "split_conditions", t->n, &t->at));
    TRY(cx, list(cx, v, "default_left", t->n, &t->missing));
    TRY(cx, list(cx, v, "split_type", t->n, &t->type));
    TRY(cx, list(cx, v, "sum_hessian", t->n, &t->weight));
    t->sets = yyjson_obj_get(v, "categories");
    t->set_node = yyjson_obj_get(v, "categories_nodes");
    t->set_from = yyjson_obj_get(v, "categories_segments");
    t->set_n = yyjson_obj_get(v, "categories_sizes");
    t->node = ctx_get_n(cx, t->n, sizeof *t->node);
    t->from = ctx_get_n(cx, t->n, sizeof *t->from);
    if (!t->node || !t->from) return FAIL(cx, ERR_NOMEM, "reading a tree of XGBoost");
    return OK;
}

static void clear(Ctx *cx, Tree *t)
{
    ctx_put(cx, t->left);
    ctx_put(cx, t->right);
    ctx_put(cx, t->feature);
    ctx_put(cx, t->at);
    ctx_put(cx, t->missing);
    ctx_put(cx, t->type);
    ctx_put(cx, t->weight);
    ctx_put(cx, t->node);
    ctx_put(cx, t->from);
    ctx_put(cx, t->word);
}

static float float_of(yyjson_val *v) { return (float)yyjson_get_num(v); }

/* Bits of the codes that go left with us, into words (zeroed). */
static Err fill_set(Ctx *cx, const Tree *t, uint32_t at, uint32_t levels, bool turn, uint32_t *word)
{
    size_t k = 0, nodes = yyjson_arr_size(t->set_node);
    while (k < nodes && yyjson_get_uint(yyjson_arr_get(t->set_node, k)) != at) k++;
    if (k == nodes) return damaged(cx, "categories_nodes");
    size_t from = yyjson_get_uint(yyjson_arr_get(t->set_from, k)), n = yyjson_get_uint(yyjson_arr_get(t->set_n, k));
    if (from > yyjson_arr_size(t->sets) || n > yyjson_arr_size(t->sets) - from) return damaged(cx, "categories_sizes");
    yyjson_val *v = n ? yyjson_arr_get(t->sets, from) : NULL;
    for (size_t i = 0; i < n; i++, v = unsafe_yyjson_get_next(v)) {
        uint64_t code = yyjson_get_uint(v);
        if (!yyjson_is_uint(v) || code >= levels) return damaged(cx, "categories");
        word[code / 32] |= 1u << code % 32;
    }
    for (uint32_t c = 0; turn && c < levels; c++) word[c / 32] ^= 1u << c % 32;
    return OK;
}

static Err read_category(Ctx *cx, Tree *t, uint32_t at, uint32_t levels, TreesNode *out)
{
    uint32_t words = (levels + 31) / 32;
    bool missing_left = yyjson_get_num(t->missing[at]) != 0;
    if (t->words_n + words > t->words_cap) {
        size_t cap = 2 * (t->words_n + words);
        uint32_t *more = ctx_grow(cx, t->word, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading a tree of XGBoost");
        t->word = more;
        t->words_cap = cap;
    }
    memset(t->word + t->words_n, 0, words * sizeof *t->word);
    TRY(cx, fill_set(cx, t, at, levels, !missing_left, t->word + t->words_n));
    out->kind = TREES_CATEGORY;
    out->threshold = (double)t->words_n;         /* for now: word[] may still move */
    out->set_words = words;
    t->words_n += words;
    if (missing_left) {
        uint32_t left = out->left;
        out->left = out->right;
        out->right = left;
    }
    return OK;
}

static Err read_split(Ctx *cx, Tree *t, uint32_t at, const uint32_t *levels, size_t cols, TreesNode *out)
{
    double feature = yyjson_get_num(t->feature[at]);
    if (!(feature >= 0 && feature < (double)cols)) return damaged(cx, "split_indices");
    out->feature = (uint32_t)feature;
    if (yyjson_get_num(t->type[at]) != 0) {
        if (!levels[out->feature]) return damaged(cx, "split_type");
        TRY(cx, read_category(cx, t, at, levels[out->feature], out));
        return OK;
    }
    out->kind = TREES_NUMBER;
    out->missing = TREES_MISSING_NAN;
    out->missing_left = yyjson_get_num(t->missing[at]) != 0;
    out->threshold = (double)nextafterf(float_of(t->at[at]), -INFINITY);
    return OK;
}

static Err read_tree(Ctx *cx, yyjson_val *v, const uint32_t *levels, size_t cols, double scale, double rows, TreesMaker *maker)
{
    Err err = OK;
    Tree t = { 0 };
    uint32_t laid = 1;
    TRY_DONE(cx, lists(cx, v, &t));
    double root = (double)float_of(t.weight[0]);
    for (uint32_t i = 0; i < laid; i++) {
        uint32_t at = t.from[i];
        TreesNode *out = &t.node[i];
        double left = yyjson_get_num(t.left[at]), right = yyjson_get_num(t.right[at]);
        *out = (TreesNode){ .kind = TREES_LEAF };
        if (left < 0) {
            double share = root > 0 ? (double)float_of(t.weight[at]) / root : 0;
            out->value = (double)float_of(t.at[at]) * scale;
            out->count = (uint32_t)fmin(fmax(1, floor(share * rows + .5)), UINT32_MAX);
            continue;
        }
        if (!(left < (double)t.n && right >= 0 && right < (double)t.n) || laid + 2 > t.n) {
            err = damaged(cx, "left_children");
            goto done;
        }
        out->left = laid;
        out->right = laid + 1;
        t.from[laid++] = (uint32_t)left;
        t.from[laid++] = (uint32_t)right;
        TRY_DONE(cx, read_split(cx, &t, at, levels, cols, out));
    }
    for (uint32_t i = 0; i < laid; i++)
        if (t.node[i].kind == TREES_CATEGORY) t.node[i].set = t.word + (size_t)t.node[i].threshold;
    TRY_DONE(cx, trees_add(cx, maker, t.node, laid, false));
done:
    clear(cx, &t);
    return err;
}

static void *json_get(void *cx, size_t n) { return ctx_get(cx, n); }
static void *json_grow(void *cx, void *p, size_t old, size_t n) { (void)old; return ctx_grow(cx, p, n, 1); }
static void json_put(void *cx, void *p) { ctx_put(cx, p); }

Err xgb_read(Ctx *cx, const char *json, size_t n, const uint32_t *levels, size_t cols, double scale, double rows,
             TreesMaker *maker, uint32_t *trees)
{
    Err err = OK;
    yyjson_read_err why;
    const yyjson_alc memory = { json_get, json_grow, json_put, cx };
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, n, YYJSON_READ_ALLOW_INF_AND_NAN, &memory, &why);
    *trees = 0;
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading trees of XGBoost");
    yyjson_val *all = yyjson_doc_ptr_get(doc, "/learner/gradient_booster/model/trees"), *v;
    yyjson_arr_iter it;
    if (!yyjson_is_arr(all)) {
        err = damaged(cx, "trees");
        goto done;
    }
    it = yyjson_arr_iter_with(all);
    while ((v = yyjson_arr_iter_next(&it))) {
        TRY_DONE(cx, read_tree(cx, v, levels, cols, scale, rows, maker));
        ++*trees;
    }
done:
    yyjson_doc_free(doc);
    return err;
}
