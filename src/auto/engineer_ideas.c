/* auto/engineer_ideas.c -- which alternative representations are worth a test.
**
** First those that the kinds of columns suggest; then, once a base fit says which features matter and where it
** errs, calculations with the strongest numbers (chosen by how well they sort the residuals of half of the
** held-out rows), crosses and group statistics.
*/
#include "auto/engineer.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX        20 /* columns in one group */
#define WHOLE_LEVELS_MIN   3  /* whole numbers with so many values may be names in disguise */
#define WHOLE_LEVELS_MAX   200
#define CROSS_LEVELS_MAX   100
#define CROSSES_MAX        6
#define ARITH_TOP          12
#define ARITH_PAIRS        40 /* five calculations each: 200 tried */
#define ARITH_FEW          3
#define ARITH_MANY         10
#define ARITH_ALIKE        .98
#define SCREEN_ROWS        4000
#define SCREEN_BINS        16
#define LETTERS_LEVELS_MIN 20
#define LETTERS_MEAN_MIN   3.0 /* bytes of a level, on average */
#define LETTERS_DIMS       8
#define GAPS_DATES         4
#define PIECE_TARGET_MIN   12 /* more first pieces than this get a target mean too */
#define PIECE_COLUMNS      6
#define CODE_BYTES_MAX     40
#define REPEATED_SHARE     .5 /* of the rows have a value that others have: its count may tell */
#define REPEATED_LEVELS    10000 /* each is remembered with a count a part: about 60 bytes */
#define REPEATED_COLUMNS   3
#define DIGITS_COLUMNS     6
#define TRIPLE_LEVELS_MAX  40

static const char *const words[IDEA_KINDS_N] = {
    "count",  "target", "cross", "group",  "gap",   "arith", "letters",
    "triple", "rows",   "digits", "piece", "rank", "levels",
};

const char *idea_word(IdeaKind kind)
{
    return words[kind];
}

bool idea_read(const char *word, IdeaKind *out)
{
    for (int k = 0; k < IDEA_KINDS_N; k++)
        if (!strcmp(word, words[k])) {
            *out = (IdeaKind)k;
            return true;
        }
    return false;
}

/* -------------------------------------------------------------------- making */

static uint32_t base_number(const Maker *m, uint32_t raw, uint32_t base_n)
{
    for (uint32_t i = 0; i < base_n; i++) {
        const Feature *f = steps_feature(m->steps, i);
        if (f->raw[0] == raw && f->raw[1] == FEATURE_NO_RAW && !strcmp(f->name, m->schema->col[raw].name))
            return i;
    }
    return STEPS_NONE;
}

static Err make_by_group(Ctx *cx, Maker *m, const Idea *idea, uint32_t base_n)
{
    uint32_t keys, mean = (uint32_t)steps_features(m->steps), number = base_number(m, idea->b, base_n);
    TRY(cx, make_keys(cx, m, idea->a, MAKE_RARE, &keys, NULL));
    TRY(cx, make_group(cx, m, keys, idea->b, LOOKUP_MEAN));
    if (number == STEPS_NONE) return OK;
    return make_arith(cx, m, ARITH_SUB, number, mean);
}

static Err make_letters(Ctx *cx, Maker *m, uint32_t raw)
{
    uint32_t word;
    TRY(cx, make_text_stats(cx, m, raw));
    TRY(cx, make_words(cx, m, raw, true, &word));
    if (word == STEPS_NONE) return OK;
    TRY(cx, make_text_dense(cx, m, word, LETTERS_DIMS));
    return make_text_score(cx, m, word);
}

static Err make_triple(Ctx *cx, Maker *m, const Idea *idea)
{
    uint32_t pairs, third, keys;
    TRY(cx, make_pairs(cx, m, idea->a, idea->b, &pairs));
    TRY(cx, make_keys(cx, m, idea->c, MAKE_RARE, &third, NULL));
    TRY(cx, make_key_pairs(cx, m, pairs, third, &keys));
    return make_target(cx, m, keys);
}

/* The first piece of a code (deck of a cabin, town of a shop's name), and the numbers in it. */
static Err make_piece(Ctx *cx, Maker *m, uint32_t raw)
{
    uint32_t keys;
    TRY(cx, make_cut_keys(cx, m, raw, CUT_FIRST, MAKE_RARE, &keys, NULL));
    uint32_t n = steps_keys_n(m->steps, keys);
    if (n >= 2 && n <= MAKE_CODES_MAX) TRY(cx, make_code_as(cx, m, keys, "", FEATURE_FOR_ALL));
    if (n > PIECE_TARGET_MIN) TRY(cx, make_target(cx, m, keys));
    return make_text_numbers(cx, m, raw);
}

static Err make_ranked(Ctx *cx, Maker *m, const Idea *idea)
{
    uint32_t keys;
    TRY(cx, make_keys(cx, m, idea->a, MAKE_RARE, &keys, NULL));
    TRY(cx, make_rank(cx, m, keys, idea->b));
    TRY(cx, make_group(cx, m, keys, idea->b, LOOKUP_SPREAD));
    TRY(cx, make_group(cx, m, keys, idea->b, LOOKUP_MIDDLE));
    TRY(cx, make_group(cx, m, keys, idea->b, LOOKUP_LEAST));
    return make_group(cx, m, keys, idea->b, LOOKUP_MOST);
}

Err idea_make(Ctx *cx, Maker *m, const Idea *idea, uint32_t base_n)
{
    uint32_t keys;
    switch (idea->kind) {
    case IDEA_COUNT:
        if (m->t->col[idea->a].num) return make_repeats(cx, m, idea->a);
        TRY(cx, make_keys(cx, m, idea->a, MAKE_RARE, &keys, NULL)); return make_count(cx, m, keys);
    case IDEA_TARGET: TRY(cx, make_keys(cx, m, idea->a, MAKE_RARE, &keys, NULL)); return make_target(cx, m, keys);
    case IDEA_CROSS: TRY(cx, make_pairs(cx, m, idea->a, idea->b, &keys)); return make_target(cx, m, keys);
    case IDEA_GROUP: return make_by_group(cx, m, idea, base_n);
    case IDEA_GAP: return make_gap(cx, m, idea->a, idea->b);
    case IDEA_ARITH: return make_arith(cx, m, idea->op, idea->a, idea->b);
    case IDEA_LETTERS: return make_letters(cx, m, idea->a);
    case IDEA_TRIPLE: return make_triple(cx, m, idea);
    case IDEA_ROWS: return make_rows(cx, m, idea->list, idea->list_n, idea->stats, idea->what);
    case IDEA_DIGITS: return make_digits(cx, m, idea->a);
    case IDEA_PIECE: return make_piece(cx, m, idea->a);
    case IDEA_RANK: return make_ranked(cx, m, idea);
    case IDEA_LEVELS:
        TRY(cx, make_keys(cx, m, idea->a, MAKE_RARE, &keys, NULL));
        return make_group(cx, m, keys, idea->b, LOOKUP_DISTINCT);
    case IDEA_KINDS_N: break;
    }
    return FAIL(cx, ERR_BUG, "an idea of no kind");
}

Err group_make(Ctx *cx, Lab *lab, Group *g)
{
    g->first = (uint32_t)steps_features(lab->m.steps);
    for (uint32_t i = 0; i < g->ideas_n; i++) TRY(cx, idea_make(cx, &lab->m, &g->idea[i], lab->base_n));
    g->features_n = (uint32_t)steps_features(lab->m.steps) - g->first;
    return OK;
}

void group_put(Group *g, Idea idea)
{
    if (g->ideas_n < IDEAS_MAX) g->idea[g->ideas_n++] = idea;
}

static bool mixes(const Lab *lab, uint32_t raw)
{
    return raw != STEPS_NONE && !auto_may_mix(lab->a, raw);
}

/* Does an idea bend a column that the answer must be monotone in? */
static bool bends(const Lab *lab, const Idea *idea)
{
    bool bad = false;
    for (uint32_t i = 0; i < idea->list_n; i++) bad |= mixes(lab, idea->list[i]);
    if (idea->kind == IDEA_ROWS) return bad;
    if (idea->kind != IDEA_ARITH) return mixes(lab, idea->a) || mixes(lab, idea->b) || (idea->kind == IDEA_TRIPLE && mixes(lab, idea->c));
    const uint32_t of[] = { idea->a, idea->b };
    for (int k = 0; k < 2; k++)
        for (int r = 0; r < 2; r++) bad |= mixes(lab, steps_feature(lab->m.steps, of[k])->raw[r]);
    return bad;
}

/* Add the group, and its features, if it has any ideas. */
static Err propose(Ctx *cx, Lab *lab, const Group *g)
{
    if (!g->ideas_n || lab->groups_n == GROUPS_MAX) return OK;
    Group *to = &lab->group[lab->groups_n];
    *to = *g;
    to->ideas_n = 0;
    for (uint32_t i = 0; i < g->ideas_n; i++)
        if (!bends(lab, &g->idea[i])) to->idea[to->ideas_n++] = g->idea[i];
    TRY(cx, group_make(cx, lab, to));
    lab->groups_n += to->features_n > 0;
    return OK;
}

/* ------------------------------------------------------------ ideas from kinds */

bool lab_in_base(const Lab *lab, uint32_t raw)
{
    if (!auto_may_mix(lab->a, raw)) return false;
    for (uint32_t i = 0; i < lab->base_n; i++) {
        const Feature *f = steps_feature(lab->m.steps, i);
        if (f->raw[0] == raw || f->raw[1] == raw) return true;
    }
    return false;
}

/* Levels with enough rows; 0 when the column is no category. */
static Err levels_of(Ctx *cx, Lab *lab, uint32_t raw, uint32_t *n)
{
    const Column *c = &lab->m.t->col[raw];
    uint32_t keys;
    *n = 0;
    if (!lab_in_base(lab, raw) || c->num || (c->type != COLUMN_CATEGORY && c->type != COLUMN_BOOLEAN)) return OK;
    TRY(cx, make_keys(cx, &lab->m, raw, MAKE_RARE, &keys, NULL));
    *n = steps_keys_n(lab->m.steps, keys);
    return OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Different values of a column of numbers, and rows whose value others have too. */
static Err count_values(Ctx *cx, const Lab *lab, uint32_t raw, size_t *distinct, size_t *repeated)
{
    const Column *c = &lab->m.t->col[raw];
    size_t rows = lab->rows, known = 0;
    *distinct = *repeated = 0;
    double *v = ctx_get_n(cx, rows, sizeof *v);
    if (!v) return FAIL(cx, ERR_NOMEM, "counting the values of '%s'", c->name);
    for (size_t r = 0; r < rows; r++)
        if (isfinite(c->num[r])) v[known++] = c->num[r];
    qsort(v, known, sizeof *v, by_value);
    for (size_t i = 0, run; i < known; i = run) {
        for (run = i; run < known && v[run] == v[i];) run++;
        ++*distinct;
        if (run - i > 1) *repeated += run - i;
    }
    ctx_put(cx, v);
    return OK;
}

/* Different values of a column of whole numbers; 0 when it is none. */
static Err whole_values(Ctx *cx, Lab *lab, uint32_t raw, uint32_t *n)
{
    const Column *c = &lab->m.t->col[raw];
    size_t distinct, repeated;
    *n = 0;
    if (!c->num || c->type != COLUMN_INTEGER || !lab_in_base(lab, raw)) return OK;
    TRY(cx, count_values(cx, lab, raw, &distinct, &repeated));
    *n = (uint32_t)distinct;
    return OK;
}

static bool has_letters(const Column *c)
{
    double bytes = 0;
    if (c->num || c->type != COLUMN_CATEGORY || c->dict.n < LETTERS_LEVELS_MIN) return false;
    bytes = (double)c->dict.offset[c->dict.n];
    return bytes / c->dict.n >= LETTERS_MEAN_MIN;
}

/* Codes such as C85 or 3422_14: several pieces, and not too long. */
static bool has_pieces(const Column *c)
{
    uint32_t some = 0, n = c->num ? 0 : c->dict.n;
    if (c->num || (c->type != COLUMN_CATEGORY && c->type != COLUMN_ID) || n < LETTERS_LEVELS_MIN) return false;
    for (uint32_t i = 0; i < n; i++) {
        size_t len, first, last;
        const char *s = dict_at(&c->dict, i, &len);
        const char *a = len <= CODE_BYTES_MAX ? steps_piece(s, len, CUT_FIRST, &first) : NULL;
        some += a && steps_piece(s, len, CUT_LAST, &last) != a;
    }
    return some >= n / 5;
}

Err ideas_first(Ctx *cx, Lab *lab)
{
    Group target = { .name = "target means of categories", .how = "mean of the target by level, out of fold" };
    Group whole = { .name = "target means of whole numbers", .how = "mean of the target by value, out of fold" };
    Group count = { .name = "counts of categories", .how = "how often a level occurs" };
    Group gap = { .name = "days between dates", .how = "differences of pairs of dates" };
    Group letters = { .name = "letters of categories",
                      .how = "letter triples of the levels' names: counts, singular vectors, a linear score" };
    Group piece = { .name = "pieces of codes", .how = "the first piece of a code, and the numbers in it" };
    Group alike = { .name = "columns alike", .how = "mean, spread, extremes, slope and repeats over columns that hold the same kind of thing", .family = 2 };
    Group sorted = { .name = "columns alike, in order", .how = "the same, and the values in ascending order", .family = 2 };
    Group missing = { .name = "gaps in a row", .how = "how many columns are missing" };
    const Table *t = lab->m.t;
    uint32_t date[GAPS_DATES], dates = 0;
    for (uint32_t raw = 0; raw < t->cols; raw++) {
        const Column *c = &t->col[raw];
        uint32_t levels, values;
        TRY(cx, levels_of(cx, lab, raw, &levels));
        TRY(cx, whole_values(cx, lab, raw, &values));
        if (levels > 2 && levels <= MAKE_CODES_MAX && target.ideas_n < COLUMNS_MAX) {
            group_put(&target, (Idea){ .kind = IDEA_TARGET, .a = raw, .b = STEPS_NONE });
            group_put(&count, (Idea){ .kind = IDEA_COUNT, .a = raw, .b = STEPS_NONE });
        }
        if (values >= WHOLE_LEVELS_MIN && values <= WHOLE_LEVELS_MAX && whole.ideas_n < COLUMNS_MAX)
            group_put(&whole, (Idea){ .kind = IDEA_TARGET, .a = raw, .b = STEPS_NONE });
        if (c->type == COLUMN_DATETIME && c->num && lab_in_base(lab, raw) && dates < GAPS_DATES) date[dates++] = raw;
        if (has_letters(c) && letters.ideas_n < 3 && !lab->a->portable)
            group_put(&letters, (Idea){ .kind = IDEA_LETTERS, .a = raw, .b = STEPS_NONE });
        if (has_pieces(c) && piece.ideas_n < PIECE_COLUMNS && !lab->a->portable)
            group_put(&piece, (Idea){ .kind = IDEA_PIECE, .a = raw, .b = STEPS_NONE });
    }
    for (uint32_t i = 0; i < dates; i++)
        for (uint32_t k = i + 1; k < dates; k++) group_put(&gap, (Idea){ .kind = IDEA_GAP, .a = date[k], .b = date[i] });
    if (!lab->a->portable) TRY(cx, ideas_alike(cx, lab, &alike, &sorted, &missing));
    const Group *all[] = { &sorted, &alike, &gap, &target, &letters, &piece, &whole, &count, &missing };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) TRY(cx, propose(cx, lab, all[i]));
    return OK;
}

/* -------------------------------------------------------- ideas from a base fit */

/* Importance of a raw column: of all base features made of it. */
static double raw_weight(const Lab *lab, uint32_t raw)
{
    double sum = 0;
    for (uint32_t i = 0; i < lab->base_n; i++) {
        const Feature *f = steps_feature(lab->m.steps, i);
        if (f->raw[0] == raw || f->raw[1] == raw) sum += lab->weight[i];
    }
    return sum;
}

/* Put raw into a list of the n heaviest, heaviest first. */
static void heaviest(const Lab *lab, uint32_t raw, uint32_t *list, uint32_t *n, uint32_t most)
{
    uint32_t at = *n;
    double w = raw_weight(lab, raw);
    if (!(w > 0)) return;
    while (at && raw_weight(lab, list[at - 1]) < w) at--;
    if (at == most) return;
    if (*n < most) ++*n;
    memmove(list + at + 1, list + at, (*n - at - 1) * sizeof *list);
    list[at] = raw;
}

/* Triples of the heaviest columns of few levels. */
static Err triples(Ctx *cx, Lab *lab, const uint32_t *cat, uint32_t cats, Group *to)
{
    uint32_t few[4], n = 0;
    for (uint32_t i = 0; i < cats; i++) {
        uint32_t levels;
        TRY(cx, levels_of(cx, lab, cat[i], &levels));
        if (!levels) TRY(cx, whole_values(cx, lab, cat[i], &levels));
        if (levels <= TRIPLE_LEVELS_MAX) few[n++] = cat[i];
    }
    for (uint32_t skip = n; skip-- > 0 && n >= 3;) { /* of four columns, each triple; strongest first */
        uint32_t three[3], k = 0;
        if (n == 3 && skip < 2) break;
        for (uint32_t i = 0; i < n && k < 3; i++)
            if (n == 3 || i != skip) three[k++] = few[i];
        group_put(to, (Idea){ .kind = IDEA_TRIPLE, .a = three[0], .b = three[1], .c = three[2] });
    }
    return OK;
}

static Err crosses_and_groups(Ctx *cx, Lab *lab)
{
    Group triple = { .name = "triples of categories", .how = "mean of the target by three levels, out of fold" };
    Group rank = { .name = "ranks by category",
                   .how = "where a number stands among its level's, their spread, median and extremes; how many "
                          "levels meet" };
    Group cross = { .name = "pairs of categories", .how = "mean of the target by pair of levels, out of fold" };
    Group group = { .name = "numbers by category",
                    .how = "mean of a number by level, and the difference from it" };
    uint32_t cat[4], cats = 0, num[3], nums = 0;
    for (uint32_t raw = 0; raw < lab->m.t->cols; raw++) {
        uint32_t levels;
        TRY(cx, levels_of(cx, lab, raw, &levels));
        if (!levels) TRY(cx, whole_values(cx, lab, raw, &levels));
        if (levels >= 2 && levels <= CROSS_LEVELS_MAX) heaviest(lab, raw, cat, &cats, 4);
        const Column *c = &lab->m.t->col[raw];
        bool number = auto_may_mix(lab->a, raw) && c->num && c->type != COLUMN_DATETIME && base_number(&lab->m, raw, lab->base_n) != STEPS_NONE;
        if (number && (c->type == COLUMN_NUMBER || levels > CROSS_LEVELS_MAX)) heaviest(lab, raw, num, &nums, 3);
    }
    for (uint32_t i = 0; i < cats; i++)
        for (uint32_t k = i + 1; k < cats && cross.ideas_n < CROSSES_MAX; k++)
            group_put(&cross, (Idea){ .kind = IDEA_CROSS, .a = cat[i], .b = cat[k] });
    for (uint32_t i = 0; i < cats && i < 3; i++)
        for (uint32_t k = 0; k < nums; k++) {
            group_put(&group, (Idea){ .kind = IDEA_GROUP, .a = cat[i], .b = num[k] });
            group_put(&rank, (Idea){ .kind = IDEA_RANK, .a = cat[i], .b = num[k] });
        }
    for (uint32_t i = 0; i < cats && i < 3; i++)
        for (uint32_t k = 0; k < cats && k < 3; k++)
            if (i != k && !lab->m.t->col[cat[k]].num)
                group_put(&rank, (Idea){ .kind = IDEA_LEVELS, .a = cat[i], .b = cat[k] });
    TRY(cx, triples(cx, lab, cat, cats, &triple));
    TRY(cx, propose(cx, lab, &cross));
    TRY(cx, propose(cx, lab, &triple));
    TRY(cx, propose(cx, lab, &group));
    return lab->a->portable ? OK : propose(cx, lab, &rank);
}

/* Digits of the heaviest numbers, and how often their values occur, where values repeat. */
static Err digits_and_repeats(Ctx *cx, Lab *lab)
{
    Group digit = { .name = "digits of numbers", .how = "what stands behind the point, last digits, zeros at the end" };
    Group often = { .name = "repeated numbers", .how = "how often a number's value occurs in other rows" };
    uint32_t num[DIGITS_COLUMNS], nums = 0;
    for (uint32_t raw = 0; raw < lab->m.t->cols; raw++) {
        const Column *c = &lab->m.t->col[raw];
        bool number = c->num && c->type != COLUMN_DATETIME && base_number(&lab->m, raw, lab->base_n) != STEPS_NONE;
        if (number) heaviest(lab, raw, num, &nums, DIGITS_COLUMNS);
    }
    for (uint32_t i = 0; i < nums; i++) {
        size_t distinct, repeated;
        TRY(cx, count_values(cx, lab, num[i], &distinct, &repeated));
        if (distinct <= WHOLE_LEVELS_MIN * 10) continue;
        if (!lab->a->portable) group_put(&digit, (Idea){ .kind = IDEA_DIGITS, .a = num[i], .b = STEPS_NONE });
        if ((double)repeated >= REPEATED_SHARE * (double)lab->rows && distinct <= REPEATED_LEVELS && often.ideas_n < REPEATED_COLUMNS)
            group_put(&often, (Idea){ .kind = IDEA_COUNT, .a = num[i], .b = STEPS_NONE });
    }
    TRY(cx, propose(cx, lab, &digit));
    return propose(cx, lab, &often);
}

/* What the base fit left unexplained on the rows that may choose: rows x outputs. */
typedef struct Screen {
    uint32_t *row;
    size_t n;
    uint32_t k;
    double *residual, *value;
    uint32_t *order;
} Screen;

static void residual_of(const Lab *lab, size_t row, uint32_t k, double *out)
{
    double y = lab->m.y[row];
    memcpy(out, lab->base_margin + row * k, k * sizeof *out);
    if (lab->a->task == TASK_BINARY) out[0] = model_sigmoid(out[0]);
    else if (lab->a->task == TASK_MULTICLASS) model_softmax(out, k);
    for (uint32_t c = 0; c < k; c++) out[c] = (lab->a->task == TASK_MULTICLASS ? y == c : y) - out[c];
}

static Err screen_open(Ctx *cx, const Lab *lab, Screen *s)
{
    Err err = OK;
    *s = (Screen){ .k = task_outputs(lab->a->task, lab->a->classes) };
    GET_DONE(cx, s->row, SCREEN_ROWS, "screening features");
    GET_DONE(cx, s->value, SCREEN_ROWS, "screening features");
    GET_DONE(cx, s->order, SCREEN_ROWS, "screening features");
    GET_DONE(cx, s->residual, (size_t)SCREEN_ROWS * s->k, "screening features");
    for (size_t i = 0; i < lab->rows && s->n < SCREEN_ROWS; i++)
        if (lab->look[i] == LOOK_SCREEN) {
            residual_of(lab, i, s->k, s->residual + s->n * s->k);
            s->row[s->n++] = (uint32_t)i;
        }
done:
    return err;
}

static void screen_close(Ctx *cx, Screen *s)
{
    ctx_put(cx, s->row);
    ctx_put(cx, s->value);
    ctx_put(cx, s->order);
    ctx_put(cx, s->residual);
}

static int by_screen_value(const void *a, const void *b, void *arg)
{
    const double *v = arg;
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    if (v[x] != v[y]) return v[x] > v[y] ? 1 : -1;
    return (x > y) - (x < y);
}

/* How much of the residuals' square a cut into bins of equal size takes away; missing is a bin of its own. */
static double screen_gain(Screen *s)
{
    size_t known = 0, at = 0;
    double gain = 0;
    for (uint32_t i = 0; i < s->n; i++)
        if (!isnan(s->value[i])) s->order[known++] = i;
    if (known < s->n / 2 || known < SCREEN_BINS) return 0;
    qsort_r(s->order, known, sizeof *s->order, by_screen_value, s->value);
    for (uint32_t b = 0; b < SCREEN_BINS && at < known; b++) {
        size_t end = known * (b + 1) / SCREEN_BINS;
        while (end < known && end && s->value[s->order[end]] == s->value[s->order[end - 1]]) end++;
        if (end <= at) continue;
        for (uint32_t c = 0; c < s->k; c++) {
            double sum = 0;
            for (size_t i = at; i < end; i++) sum += s->residual[s->order[i] * s->k + c];
            gain += sum * sum / (double)(end - at);
        }
        at = end;
    }
    return gain;
}

static double calculate(ArithOp op, double x, double y)
{
    switch (op) {
    case ARITH_ADD: return x + y;
    case ARITH_SUB: return x - y;
    case ARITH_MUL: return x * y;
    default: return y == 0 ? NAN : x / y;
    }
}

typedef struct Found {
    Idea idea;
    double gain;
} Found;

static void values_of(const Lab *lab, Screen *s, const Idea *idea)
{
    Frame X = steps_frame(lab->m.frame, 0);
    for (size_t i = 0; i < s->n; i++)
        s->value[i] = calculate(idea->op, X.col[idea->a][s->row[i]], X.col[idea->b][s->row[i]]);
}

/* Rank correlation would be exact; the plain one on screened rows is enough to spot a near copy. */
static bool alike(const Lab *lab, const Screen *s, const Idea *x, const Idea *y)
{
    Frame X = steps_frame(lab->m.frame, 0);
    double n = 0, sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < s->n; i++) {
        double a = calculate(x->op, X.col[x->a][s->row[i]], X.col[x->b][s->row[i]]);
        double b = calculate(y->op, X.col[y->a][s->row[i]], X.col[y->b][s->row[i]]);
        if (isnan(a) || isnan(b)) continue;
        n++;
        sx += a, sy += b, xx += a * a, yy += b * b, xy += a * b;
    }
    if (n < 3) return true;
    double vx = xx - sx * sx / n, vy = yy - sy * sy / n, cov = xy - sx * sy / n;
    return !(vx > 0) || !(vy > 0) || fabs(cov) > ARITH_ALIKE * sqrt(vx * vy);
}

/* The best numbers to calculate with. */
static uint32_t top_numbers(const Lab *lab, uint32_t *top)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < lab->base_n && n < ARITH_TOP; i++) {
        uint32_t at = lab->rank[i];
        const Feature *f = steps_feature(lab->m.steps, at);
        if (f->kind != FEATURE_NUMBER || !(lab->weight[at] > 0) || f->raw[0] == FEATURE_NO_RAW || !auto_may_mix(lab->a, f->raw[0])) continue;
        if (base_number(&lab->m, f->raw[0], lab->base_n) == at && lab->m.t->col[f->raw[0]].num) top[n++] = at;
    }
    return n;
}

static Err arithmetic(Ctx *cx, Lab *lab)
{
    static const struct {
        ArithOp op;
        bool turned;
    } ops[] = {
        { ARITH_DIV, false }, { ARITH_DIV, true },  { ARITH_SUB, false },
        { ARITH_MUL, false }, { ARITH_ADD, false },
    };
    Group few = { .name = "the best calculations",
                  .how = "ratios, differences, products and sums that sort the residuals best",
                  .screened = true,
                  .family = 1 };
    Group many = { .name = "more calculations", .how = few.how, .screened = true, .family = 1 };
    Found found[ARITH_MANY];
    uint32_t top[ARITH_TOP], n = top_numbers(lab, top), pairs = 0, kept = 0;
    Screen s;
    Err err = OK;
    TRY_DONE(cx, screen_open(cx, lab, &s));
    for (uint32_t sum = 1; sum < 2 * n && pairs < ARITH_PAIRS; sum++) /* strongest pairs first */
        for (uint32_t i = 0; 2 * i < sum && pairs < ARITH_PAIRS; i++) {
            uint32_t k = sum - i;
            if (k >= n || k <= i) continue;
            pairs++;
            for (size_t o = 0; o < sizeof ops / sizeof *ops; o++) {
                Idea idea = { .kind = IDEA_ARITH,
                              .a = top[ops[o].turned ? k : i],
                              .b = top[ops[o].turned ? i : k],
                              .op = ops[o].op };
                values_of(lab, &s, &idea);
                double gain = screen_gain(&s);
                uint32_t at = kept;
                while (at && found[at - 1].gain < gain) at--;
                bool copy = !(gain > 0) || at == ARITH_MANY;
                for (uint32_t f = 0; f < at && !copy; f++) copy = alike(lab, &s, &idea, &found[f].idea);
                if (copy) continue;
                uint32_t stay = at; /* weaker copies of it go */
                for (uint32_t f = at; f < kept; f++)
                    if (!alike(lab, &s, &idea, &found[f].idea)) found[stay++] = found[f];
                kept = stay < ARITH_MANY ? stay : ARITH_MANY - 1;
                memmove(found + at + 1, found + at, (kept - at) * sizeof *found);
                found[at] = (Found){ idea, gain };
                kept++;
            }
        }
    for (uint32_t i = 0; i < kept; i++) {
        if (i < ARITH_FEW) group_put(&few, found[i].idea);
        group_put(&many, found[i].idea);
    }
    TRY_DONE(cx, propose(cx, lab, &few));
    if (kept > ARITH_FEW) TRY_DONE(cx, propose(cx, lab, &many));
done:
    screen_close(cx, &s);
    return err;
}

Err ideas_second(Ctx *cx, Lab *lab)
{
    TRY(cx, arithmetic(cx, lab));
    TRY(cx, crosses_and_groups(cx, lab));
    return digits_and_repeats(cx, lab);
}
