/* learn/lightgbm_text.c -- LightGBM's trees, read from its text.
**
** A tree is a block of lines key=value after "Tree=N", ended by an empty line.
** Inner nodes and leaves are counted apart; a child below 0 is leaf ~child.  Numbers
** have 17 digits, so they read back exactly.  Nothing is guessed: a missing line, a
** number too few or too many, or a word we do not know is ERR_CORRUPT.
*/
#include "learn/lightgbm_lib.h"

#include <math.h>
#include <string.h>

enum { TYPE_CATEGORY = 1, TYPE_LEFT = 2 };        /* decision_type; its bits 2 and 3 are the kind of missing */

typedef enum Key {
    KEY_LEAVES, KEY_CATS, KEY_FEATURE, KEY_THRESHOLD, KEY_TYPE, KEY_LEFT, KEY_RIGHT, KEY_VALUE, KEY_COUNT,
    KEY_BOUNDS, KEY_WORDS, KEY_LINEAR, KEYS
} Key;

static const char *const key_word[KEYS] = {
    "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value",
    "leaf_count", "cat_boundaries", "cat_threshold", "is_linear",
};

typedef struct Line { const char *at, *end; } Line;

typedef struct Block {
    Line line[KEYS];
    uint32_t leaves, cats;
    TreesNode *node;
    uint32_t *bound, *word;
    size_t words_n;
} Block;

static Err damaged(Ctx *cx, Key key)
{
    return FAIL(cx, ERR_CORRUPT, "LightGBM's text of a tree cannot be read at '%s'", key_word[key]);
}

/* The next number of a line; false if there is none. */
static bool next_number(Line *l, double *out)
{
    while (l->at < l->end && *l->at == ' ') l->at++;
    const char *from = l->at;
    while (l->at < l->end && *l->at != ' ') l->at++;
    return l->at > from && num_read(from, (size_t)(l->at - from), out);
}

/* The next whole number, within lo..hi. */
static bool next_whole(Line *l, double lo, double hi, int64_t *out)
{
    while (l->at < l->end && *l->at == ' ') l->at++;
    bool minus = l->at < l->end && *l->at == '-';
    const char *from = l->at += minus;
    int64_t v = 0;
    while (l->at < l->end && *l->at >= '0' && *l->at <= '9' && v < ((int64_t)1 << 40)) v = v * 10 + (*l->at++ - '0');
    if (l->at == from || (l->at < l->end && *l->at != ' ')) return false;
    *out = minus ? -v : v;
    return (double)*out >= lo && (double)*out <= hi;
}

static bool at_end(Line *l)
{
    while (l->at < l->end && *l->at == ' ') l->at++;
    return l->at == l->end;
}

/* Move behind the next "Tree=" line; false when the trees have ended. */
static bool find_tree(const char **at, const char *end)
{
    while (*at < end) {
        const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
        size_t n = (size_t)((stop ? stop : end) - line);
        *at = stop ? stop + 1 : end;
        if (n >= 5 && !memcmp(line, "Tree=", 5)) return true;
        if (n >= 12 && !memcmp(line, "end of trees", 12)) return false;
    }
    return false;
}

static void find_lines(const char **at, const char *end, Block *b)
{
    while (*at < end && **at != '\n') {
        const char *line = *at, *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop) stop = end;
        *at = stop < end ? stop + 1 : end;
        const char *equals = memchr(line, '=', (size_t)(stop - line));
        if (!equals) continue;
        for (int k = 0; k < KEYS; k++)
            if (strlen(key_word[k]) == (size_t)(equals - line) && !memcmp(line, key_word[k], (size_t)(equals - line)))
                b->line[k] = (Line){ equals + 1, stop };
    }
}

static Err read_sets(Ctx *cx, Block *b)
{
    int64_t v = 0, last = 0;
    b->bound = ctx_get_n(cx, (size_t)b->cats + 1, sizeof *b->bound);
    if (!b->bound) return FAIL(cx, ERR_NOMEM, "reading a tree of LightGBM");
    for (uint32_t i = 0; i <= b->cats; i++) {
        if (!next_whole(&b->line[KEY_BOUNDS], (double)last, 1e8, &v) || (!i && v)) return damaged(cx, KEY_BOUNDS);
        b->bound[i] = (uint32_t)v;
        last = v;
    }
    if (!at_end(&b->line[KEY_BOUNDS])) return damaged(cx, KEY_BOUNDS);
    b->words_n = (size_t)last;
    b->word = ctx_get_n(cx, b->words_n, sizeof *b->word);
    if (!b->word) return FAIL(cx, ERR_NOMEM, "reading a tree of LightGBM");
    for (size_t i = 0; i < b->words_n; i++) {
        if (!next_whole(&b->line[KEY_WORDS], 0, UINT32_MAX, &v)) return damaged(cx, KEY_WORDS);
        b->word[i] = (uint32_t)v;
    }
    return at_end(&b->line[KEY_WORDS]) ? OK : damaged(cx, KEY_WORDS);
}

static uint32_t child(int64_t v, uint32_t inner)
{
    return v >= 0 ? (uint32_t)v : (uint32_t)(inner + (uint32_t)(-v - 1));
}

static Err read_split(Ctx *cx, Block *b, uint32_t i)
{
    TreesNode *t = &b->node[i];
    uint32_t inner = b->leaves - 1;
    int64_t type, feature, left, right;
    if (!next_whole(&b->line[KEY_TYPE], 0, 11, &type)) return damaged(cx, KEY_TYPE);
    if (!next_whole(&b->line[KEY_FEATURE], 0, INT32_MAX, &feature)) return damaged(cx, KEY_FEATURE);
    if (!next_number(&b->line[KEY_THRESHOLD], &t->threshold)) return damaged(cx, KEY_THRESHOLD);
    if (!next_whole(&b->line[KEY_LEFT], -(double)b->leaves, inner - 1.0, &left)) return damaged(cx, KEY_LEFT);
    if (!next_whole(&b->line[KEY_RIGHT], -(double)b->leaves, inner - 1.0, &right)) return damaged(cx, KEY_RIGHT);
    t->feature = (uint32_t)feature;
    t->left = child(left, inner);
    t->right = child(right, inner);
    t->missing_left = type & TYPE_LEFT;
    t->missing = (TreesMissing)(type >> 2);
    t->kind = type & TYPE_CATEGORY ? TREES_CATEGORY : TREES_NUMBER;
    if (t->kind == TREES_NUMBER) return OK;
    if (!(t->threshold >= 0 && t->threshold < b->cats)) return damaged(cx, KEY_THRESHOLD);
    uint32_t set = (uint32_t)t->threshold;
    t->set = b->word + b->bound[set];
    t->set_words = b->bound[set + 1] - b->bound[set];
    return OK;
}

static Err read_nodes(Ctx *cx, Block *b)
{
    uint32_t inner = b->leaves - 1;
    static const Key splits[] = { KEY_TYPE, KEY_FEATURE, KEY_THRESHOLD, KEY_LEFT, KEY_RIGHT };
    for (uint32_t i = 0; i < inner; i++) TRY(cx, read_split(cx, b, i));
    for (uint32_t i = 0; i < b->leaves; i++) {
        TreesNode *t = &b->node[inner + i];
        int64_t count = 0;
        if (!next_number(&b->line[KEY_VALUE], &t->value)) return damaged(cx, KEY_VALUE);
        /* A tree that never split may say nothing of its rows. */
        bool said = next_whole(&b->line[KEY_COUNT], 0, INT32_MAX, &count);
        if (!said && inner) return damaged(cx, KEY_COUNT);
        t->kind = TREES_LEAF;
        t->count = (uint32_t)count;
    }
    for (size_t k = 0; inner && k < sizeof splits / sizeof *splits; k++)
        if (!at_end(&b->line[splits[k]])) return damaged(cx, splits[k]);
    return at_end(&b->line[KEY_VALUE]) ? OK : damaged(cx, KEY_VALUE);
}

Err lgb_read_tree(Ctx *cx, const char **at, const char *end, TreesMaker *maker, bool *found)
{
    Err err = OK;
    Block b = { 0 };
    int64_t leaves, cats, linear;
    *found = find_tree(at, end);
    if (!*found) return OK;
    find_lines(at, end, &b);
    if (!next_whole(&b.line[KEY_LEAVES], 1, TREES_LEAVES_MAX, &leaves)) return damaged(cx, KEY_LEAVES);
    if (!next_whole(&b.line[KEY_CATS], 0, (double)leaves, &cats)) return damaged(cx, KEY_CATS);
    if (!next_whole(&b.line[KEY_LINEAR], 0, 0, &linear)) return damaged(cx, KEY_LINEAR);
    b.leaves = (uint32_t)leaves;
    b.cats = (uint32_t)cats;
    GET_DONE(cx, b.node, 2 * (size_t)b.leaves - 1, "reading a tree of LightGBM");
    if (b.cats) TRY_DONE(cx, read_sets(cx, &b));
    TRY_DONE(cx, read_nodes(cx, &b));
    TRY_DONE(cx, trees_add(cx, maker, b.node, 2 * (size_t)b.leaves - 1, false));
done:
    ctx_put(cx, b.node);
    ctx_put(cx, b.bound);
    ctx_put(cx, b.word);
    return err;
}
