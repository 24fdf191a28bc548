/* model/trees_symmetric.c -- one row through trees whose levels ask one question each: its leaf is the answers, as bits.
**
** No answer waits for the one before, and the questions of a tree lie together, in one or two lines of memory.  (Many rows
** are taken by bits: trees_bits.c joins equal splits.)
** Nothing marks such trees in a file: whoever makes or loads a model looks (trees_find_symmetric).
*/
#include "model/trees_inner.h"

#include <string.h>

static bool is_symmetric(const Tree *t, const TreeNode *node)
{
    if (!t->depth || t->depth > TREES_SYMMETRIC_MAX || t->nodes != (2u << t->depth) - 1) return false;
    for (uint32_t k = 0; k < t->depth; k++) {
        const TreeNode *first = &node[(1u << k) - 1];
        for (uint32_t i = 0; i < 1u << k; i++)
            if (first[i].view != first->view || first[i].u.set != first->u.set) return false;
    }
    return true;
}

Err trees_find_symmetric(Ctx *cx, Trees *m)
{
    size_t asks = 0;
    for (uint32_t t = 0; t < m->trees_n; t++) {
        Tree *tree = &m->tree[t];
        tree->symmetric = tree->reads < READS_SETS && is_symmetric(tree, m->node + tree->node0);
        tree->ask0 = asks;
        asks += tree->symmetric ? tree->depth : 0;
    }
    m->ask = ctx_get_n(cx, asks, sizeof *m->ask);
    if (!m->ask) return FAIL(cx, ERR_NOMEM, "%zu questions of symmetric trees", asks);
    for (uint32_t t = 0; t < m->trees_n; t++)
        for (uint32_t k = 0; m->tree[t].symmetric && k < m->tree[t].depth; k++)
            m->ask[m->tree[t].ask0 + k] = m->node[m->tree[t].node0 + ((1u << k) - 1)];
    return OK;
}

uint32_t trees_leaf_symmetric(const Trees *m, const Tree *tree, const float *cell)
{
    const TreeNode *ask = m->ask + tree->ask0;
    uint32_t place = 0;
    for (uint32_t k = 0; k < tree->depth; k++) {
        float x = cell[ask[k].view];
        uint32_t bits;
        memcpy(&bits, &x, sizeof bits);
        uint32_t number = !(x <= ask[k].u.at), word = !(bits & ask[k].u.set);
        place = 2 * place + (ask[k].view < m->number_views_n ? number : word);
    }
    return place;
}
