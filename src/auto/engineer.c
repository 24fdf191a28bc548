/* auto/engineer.c -- stage 3: alternative representations, tested on held-out rows; what helps is kept.
**
** The order: features that the columns' kinds suggest and a base fit; then calculations, crosses and group
** statistics that the base fit suggests; then all that helped together.  A group stays when its gain on
** held-out rows is above zero by a margin.  What stays is fitted anew on all rows, with the run's own folds.
** With counted trials the work is fixed; with a budget, rows and groups shrink to fit the time.
*/
#include "auto/engineer.h"

#include <yyjson.h>

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define CLOCKLESS_S    10.0  /* the time that is planned for when no clock is consulted */
#define ROWS_FREE      10000 /* sample when no clock is consulted */
#define ROWS_MOST      60000
#define ROWS_LEAST     1000
#define TIME_LEAST_S   .15 /* below this nothing is tried */
#define TIME_USED      .75 /* of what is left is planned for */
#define TEXT_TIME      .1  /* of it may go into fitting one text */
#define GROUPS_GUESSED 9
#define MARGIN_SE      1.0 /* a gain must be so many standard errors above zero */
#define KEPT_MAX       200 /* ideas read back of an earlier run */

/* ------------------------------------------------------------------- budget */

static uint32_t parts_for(const Auto *a, size_t rows)
{
    uint32_t want = rows <= 2000 ? 5 : rows <= 6000 ? 3 : 2;
    uint32_t have = a->folds / (a->sets ? a->sets : 1);
    return want < have ? want : have;
}

/* Rows and parts to test on; *rows 0: not worth starting.  Without a clock the same plan is made for a nominal time and
** two workers, from guesses that depend on sizes alone. */
static void plan_rows(Ctx *cx, const Auto *a, size_t *out, uint32_t *parts)
{
    double left = auto_left_s(cx, a, STAGE_ENGINEER);
    bool clock = !isinf(left);
    size_t most = clock ? ROWS_MOST : ROWS_FREE, rows = a->rows < most ? a->rows : most;
    uint32_t workers = clock ? pool_workers(a->pool) : 2;
    if (!clock) left = CLOCKLESS_S;
    *parts = parts_for(a, rows);
    *out = 0;
    while (left >= TIME_LEAST_S) {
        double fit = lab_fit_guess_s(a, rows, (uint32_t)steps_features(a->steps) + 10);
        double all = fit * *parts * (1 + GROUPS_GUESSED) / workers;
        bool fits = all < left * TIME_USED, least = rows * 3 / 4 < ROWS_LEAST && *parts <= 2;
        if (fits || (least && all < left * 3)) *out = rows; /* fewer groups will do */
        if (fits || least) break;
        if (rows * 3 / 4 >= ROWS_LEAST) *parts = parts_for(a, rows = rows * 3 / 4);
        else --*parts;
    }
}

/* How many groups can be tested in what is left; the base fits were measured (or not yet). */
static uint32_t groups_for(Ctx *cx, const Lab *lab, uint32_t want, bool base)
{
    double left = auto_left_s(cx, lab->a, STAGE_ENGINEER);
    if (isinf(left)) return want;
    double fit = lab->fit_s > 0 ? lab->fit_s * 1.2 : lab_fit_guess_s(lab->a, lab->rows, lab->base_n);
    double one = fit * lab->parts_n / pool_workers(lab->a->pool), room = left * TIME_USED / one - base;
    return room < 1 ? 0 : room > want ? want : (uint32_t)room;
}

/* ------------------------------------------------------------------- testing */

static void say_late(Lab *lab, uint32_t from)
{
    for (uint32_t i = from; i < lab->groups_n; i++)
        if (!lab->group[i].tested && !lab->group[i].why) lab->group[i].why = "time was too short";
}

/* Test groups from .. to the end, as many as there is time for.  *why: no base fit. */
static Err test_batch(Ctx *cx, Lab *lab, uint32_t from, const char **why)
{
    Group *list[GROUPS_MAX];
    uint32_t n = groups_for(cx, lab, lab->groups_n - from, !lab->model);
    *why = NULL;
    if (n < lab->groups_n - from) lab->a->short_of_time = true;
    if (!n && lab->model) return OK;
    for (uint32_t i = 0; i < n; i++) list[i] = &lab->group[from + i];
    TRY(cx, lab_share(cx, lab));
    return lab_test(cx, lab, list, n, why);
}

static bool helps(const Group *g)
{
    return g->tested && g->gain > 0 && g->gain > MARGIN_SE * g->se;
}

/* Keep what helps, of each family only the best; if several, they must help together more than the best alone. */
static Err decide(Ctx *cx, Lab *lab)
{
    Group *list[GROUPS_MAX], *best = NULL, together;
    uint32_t n = 0;
    for (uint32_t i = 0; i < lab->groups_n; i++) {
        Group *g = &lab->group[i];
        bool beaten = false;
        for (uint32_t k = 0; k < lab->groups_n; k++) {
            const Group *h = &lab->group[k];
            beaten |= k != i && g->family && h->family == g->family && helps(h) &&
                      (h->gain > g->gain || (h->gain == g->gain && k < i));
        }
        if (!helps(g) || beaten) continue;
        list[n++] = g;
        if (!best || g->gain > best->gain) best = g;
    }
    lab->score = lab->base_score;
    if (!n) return OK;
    bool all = n > 1 && groups_for(cx, lab, 1, false);
    if (all) {
        TRY(cx, lab_test_together(cx, lab, list, n, &together));
        all = helps(&together) && together.gain > best->gain;
    }
    for (uint32_t i = 0; i < n; i++) list[i]->kept = all || list[i] == best;
    lab->score = lab->base_score + (all ? together.better : best->better);
    return OK;
}

static Err test_all(Ctx *cx, Lab *lab, const char **why)
{
    lab->m.text_s = auto_left_s(cx, lab->a, STAGE_ENGINEER) * TEXT_TIME;
    TRY(cx, ideas_first(cx, lab));
    TRY(cx, maker_apply(cx, &lab->m));
    TRY(cx, test_batch(cx, lab, 0, why));
    if (*why) return OK;
    say_late(lab, 0);
    uint32_t second = lab->groups_n;
    TRY(cx, lab_importance(cx, lab));
    if (groups_for(cx, lab, 1, false)) {
        TRY(cx, ideas_second(cx, lab));
        TRY(cx, maker_apply(cx, &lab->m));
        const char *none;
        if (lab->groups_n > second) TRY(cx, test_batch(cx, lab, second, &none));
        say_late(lab, second);
    } else lab->a->short_of_time = true;
    return decide(cx, lab);
}

/* -------------------------------------------------------------------- keeping */

/* Fit these ideas on all rows and add them to the run's steps and frame. */
static Err keep_ideas(Ctx *cx, Auto *a, const Idea *idea, uint32_t n)
{
    Maker m;
    uint32_t base_n = (uint32_t)steps_features(a->steps);
    if (!n) return OK;
    Err err = maker_resume(cx, &m, a->raw, a->schema, a->task, a->classes, a->class_name, a->y, a->fold, a->folds,
                           a->steps, a->frame);
    a->steps = NULL; /* the maker's now */
    a->frame = NULL;
    Folds folds = auto_folds_view(a);
    if (!err) err = maker_split(cx, &m, &folds, a->group);
    bool letters = false;
    for (uint32_t i = 0; i < n; i++) letters |= idea[i].kind == IDEA_LETTERS;
    if (!err && letters)
        err = auto_allow(cx, a, "letters_s", fmax(auto_left_s(cx, a, STAGE_ENGINEER), TIME_LEAST_S) * TEXT_TIME, &m.text_s);
    for (uint32_t i = 0; !err && i < n; i++) err = idea_make(cx, &m, &idea[i], base_n);
    if (!err) err = maker_apply(cx, &m);
    if (!err) {
        a->steps = m.steps;
        a->frame = m.frame;
        m.steps = NULL;
        m.frame = NULL;
        for (uint32_t i = 0; i < a->schema->n; i++) a->schema->col[i].needed = steps_uses(a->steps, i);
    }
    maker_clear(cx, &m);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

static const char *idea_name(const Auto *a, const Idea *idea, uint32_t which)
{
    uint32_t at = which > 1 ? idea->c : which ? idea->b : idea->a;
    if (at == STEPS_NONE) return NULL;
    return idea->kind == IDEA_ARITH ? steps_feature(a->steps, at)->name : a->schema->col[at].name;
}

static const char *const op_words[ARITH_OPS_N] = { "+", "-", "*", "/" };

static void write_idea(const Auto *a, const Idea *idea, Text *t)
{
    json_open(t);
    json_key_text(t, "make", idea_word(idea->kind));
    json_key_text(t, "a", idea_name(a, idea, 0));
    json_key_text(t, "b", idea_name(a, idea, 1));
    if (idea->kind == IDEA_ARITH) json_key_text(t, "op", op_words[idea->op]);
    if (idea->kind == IDEA_TRIPLE) json_key_text(t, "c", idea_name(a, idea, 2));
    if (idea->kind == IDEA_ROWS) {
        json_key_text(t, "what", idea->what);
        json_key_int(t, "stats", idea->stats);
        json_key_open_array(t, "columns");
        for (uint32_t i = 0; i < idea->list_n; i++) json_text(t, a->schema->col[idea->list[i]].name);
        json_close_array(t);
    }
    json_close(t);
}

static void write_group(const Lab *lab, const Group *g, Text *t)
{
    json_open(t);
    json_key_text(t, "group", g->name);
    json_key_open_array(t, "from");
    for (uint32_t i = 0; i < g->features_n && i < 20; i++)
        json_text(t, steps_feature(lab->m.steps, g->first + i)->name);
    json_close_array(t);
    json_key_text(t, "how", g->how);
    json_key_int(t, "n", g->features_n);
    json_key_num(t, "score", g->tested ? lab->base_score + g->better : NAN);
    json_key_num(t, "gain", g->tested ? g->gain : NAN);
    json_key_num(t, "se", g->tested ? g->se : NAN);
    json_key_bool(t, "kept", g->kept);
    if (g->why) json_key_text(t, "why", g->why);
    json_close(t);
}

/* lab may be NULL (nothing was tested); why says so then. */
static Err write_json(Ctx *cx, Auto *a, const Lab *lab, const char *why, const Idea *kept, uint32_t kept_n)
{
    Text *t = &a->json[STAGE_ENGINEER];
    if (t->cx) text_clear(t);
    text_init(t, cx);
    json_open(t);
    json_key_text(t, "metric", a->metric->name);
    json_key_num(t, "base_score", lab ? lab->base_score : NAN);
    json_key_num(t, "score", lab ? lab->score : NAN);
    json_key_int(t, "rows", lab ? (int64_t)lab->rows : 0);
    json_key_open_array(t, "tried");
    for (uint32_t i = 0; lab && i < lab->groups_n; i++) write_group(lab, &lab->group[i], t);
    json_close_array(t);
    json_key_open_array(t, "kept");
    for (uint32_t i = 0; i < kept_n; i++) write_idea(a, &kept[i], t);
    json_close_array(t);
    json_key_int(t, "features", (int64_t)steps_features(a->steps));
    if (why) {
        json_key_open_array(t, "skipped");
        json_text(t, why);
        json_close_array(t);
    }
    json_close(t);
    return text_err(t);
}

/* ------------------------------------------------------------- an earlier run's choice */

static bool read_place(const Auto *a, bool feature, yyjson_val *v, uint32_t *out)
{
    const char *name = yyjson_get_str(v);
    *out = STEPS_NONE;
    if (!name) return true;
    size_t n = feature ? steps_features(a->steps) : a->schema->n;
    for (uint32_t i = 0; i < n; i++)
        if (!strcmp(name, feature ? steps_feature(a->steps, i)->name : a->schema->col[i].name)) {
            *out = i;
            return true;
        }
    return false;
}

static bool suits_rows(const Auto *a, const Idea *idea)
{
    if (!idea->what || !idea->list_n || !idea->stats || idea->stats > ROWS_ALL) return false;
    for (uint32_t i = 0; i < idea->list_n; i++)
        if (idea->stats != ROWS_MISSING && !a->schema->col[idea->list[i]].numeric) return false;
    return true;
}

/* Do the columns suit the idea?  The JSON comes from a file, and files may be edited. */
static bool suits(const Auto *a, const Idea *idea)
{
    const unsigned pairs = 1u << IDEA_CROSS | 1u << IDEA_GROUP | 1u << IDEA_GAP | 1u << IDEA_ARITH |
                           1u << IDEA_TRIPLE | 1u << IDEA_RANK | 1u << IDEA_LEVELS;
    if (idea->kind == IDEA_ROWS) return suits_rows(a, idea);
    if (idea->a == STEPS_NONE || (pairs >> idea->kind & 1 && idea->b == STEPS_NONE)) return false;
    if (idea->kind == IDEA_TRIPLE) return idea->c != STEPS_NONE;
    if (idea->kind == IDEA_LETTERS || idea->kind == IDEA_PIECE) return !a->schema->col[idea->a].numeric;
    if (idea->kind == IDEA_DIGITS) return a->schema->col[idea->a].numeric;
    if (idea->kind == IDEA_RANK) return a->schema->col[idea->b].numeric;
    if (idea->kind == IDEA_LEVELS) return !a->schema->col[idea->b].numeric;
    if (idea->kind == IDEA_GAP) return a->schema->col[idea->a].numeric && a->schema->col[idea->b].numeric;
    if (idea->kind == IDEA_GROUP) return a->schema->col[idea->b].numeric;
    return true;
}

/* The columns of statistics of a row, into scratch; an idea without them suits nothing. */
static bool read_list(Ctx *cx, const Auto *a, yyjson_val *v, Idea *idea)
{
    yyjson_val *columns = yyjson_obj_get(v, "columns"), *one;
    const char *what = yyjson_get_str(yyjson_obj_get(v, "what"));
    size_t i, most, n = yyjson_arr_size(columns);
    if (!what || !n || n > STEPS_LIST_MAX) return false;
    uint32_t *list = ctx_scratch(cx, n * sizeof *list);
    idea->what = ctx_scratch_text(cx, what);
    if (!list || !idea->what) return false;
    yyjson_arr_foreach(columns, i, most, one)
    {
        if (!read_place(a, false, one, &list[i]) || list[i] == STEPS_NONE) return false;
    }
    idea->stats = (uint32_t)yyjson_get_uint(yyjson_obj_get(v, "stats"));
    idea->list = list;
    idea->list_n = (uint32_t)n;
    return true;
}

static bool read_idea(Ctx *cx, const Auto *a, yyjson_val *v, Idea *idea)
{
    const char *make = yyjson_get_str(yyjson_obj_get(v, "make")), *op = yyjson_get_str(yyjson_obj_get(v, "op"));
    *idea = (Idea){ .op = ARITH_ADD, .c = STEPS_NONE };
    if (!make || !idea_read(make, &idea->kind)) return false;
    if (idea->kind == IDEA_ROWS && !read_list(cx, a, v, idea)) return false;
    bool arith = idea->kind == IDEA_ARITH, known = !arith;
    for (int i = 0; arith && op && i < ARITH_OPS_N; i++)
        if (!strcmp(op, op_words[i])) {
            idea->op = (ArithOp)i;
            known = true;
        }
    return known && read_place(a, arith, yyjson_obj_get(v, "a"), &idea->a) &&
           read_place(a, arith, yyjson_obj_get(v, "b"), &idea->b) &&
           read_place(a, false, yyjson_obj_get(v, "c"), &idea->c) && suits(a, idea);
}

static Err read_kept(Ctx *cx, const Auto *a, Idea *kept, uint32_t *n)
{
    const char *json = a->engineer_again ? a->engineer_again : a->in->resume_engineer;
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    size_t i, most;
    yyjson_val *v, *list = yyjson_obj_get(yyjson_doc_get_root(doc), "kept");
    Err err = OK;
    *n = 0;
    yyjson_arr_foreach(list, i, most, v)
    {
        if (*n == KEPT_MAX || !read_idea(cx, a, v, &kept[*n])) {
            err = FAIL(cx, ERR_BAD_INPUT,
                       "the earlier run's features cannot be made from this data: number %zu of its list; "
                       "run without --resume",
                       i + 1);
            break;
        }
        ++*n;
    }
    yyjson_doc_free(doc);
    return err;
}

static void tell_groups(Ctx *cx, const Lab *lab)
{
    for (uint32_t i = 0; i < lab->groups_n; i++) {
        const Group *g = &lab->group[i];
        if (g->tested)
            ctx_detail(cx, "%s: %u features, %+.2f %% of the loss (± %.2f), %s", g->name, g->features_n, -100 * g->gain,
                       100 * g->se, g->kept ? "kept" : "left");
        else ctx_detail(cx, "%s: %u features, not tested: %s", g->name, g->features_n, g->why ? g->why : "");
    }
}

static void summarise(Auto *a, const Lab *lab, size_t before)
{
    size_t n = steps_features(a->steps) - before, tried = 0;
    for (uint32_t i = 0; i < lab->groups_n; i++) tried += lab->group[i].tested ? lab->group[i].features_n : 0;
    snprintf(a->summary[STAGE_ENGINEER], sizeof a->summary[0],
             "%zu new feature%s kept of %zu tried; %s %.5g to %.5g on %zu rows", n, n == 1 ? "" : "s", tried,
             a->metric->name, lab->base_score, lab->score, lab->rows);
}

static Err skip(Ctx *cx, Auto *a, const char *why)
{
    snprintf(a->summary[STAGE_ENGINEER], sizeof a->summary[0], "nothing was tried: %s", why);
    return write_json(cx, a, NULL, why, NULL, 0);
}

Err stage_engineer(Ctx *cx, Auto *a)
{
    Err err = OK;
    Lab lab = { .a = NULL };
    Idea kept[KEPT_MAX];
    uint32_t kept_n = 0;
    size_t before = steps_features(a->steps);
    const char *why = NULL;
    if (a->engineer_again || a->in->resume_engineer) {
        TRY(cx, read_kept(cx, a, kept, &kept_n));
        TRY(cx, keep_ideas(cx, a, kept, kept_n));
        TRY(cx, write_json(cx, a, NULL, "the earlier run's features were made again", kept, kept_n));
        snprintf(a->summary[STAGE_ENGINEER], sizeof a->summary[0], "%zu features made as in the earlier run",
                 steps_features(a->steps) - before);
        return OK;
    }
    if (a->without & AUTO_NO_FEATURES) return skip(cx, a, "this run does without");
    size_t rows;
    uint32_t parts;
    plan_rows(cx, a, &rows, &parts);
    if (!rows) {
        a->short_of_time |= !isinf(auto_left_s(cx, a, STAGE_ENGINEER));
        return skip(cx, a,
                    isinf(auto_left_s(cx, a, STAGE_ENGINEER)) ? "one test fit of so much data takes too long"
                                                              : "time was too short");
    }
    TRY_DONE(cx, lab_open(cx, a, rows, parts, &lab));
    TRY_DONE(cx, test_all(cx, &lab, &why));
    if (why) {
        TRY_DONE(cx, skip(cx, a, why));
        goto done;
    }
    for (uint32_t g = 0; g < lab.groups_n; g++)
        for (uint32_t i = 0; lab.group[g].kept && i < lab.group[g].ideas_n && kept_n < KEPT_MAX; i++)
            kept[kept_n++] = lab.group[g].idea[i];
    TRY_DONE(cx, keep_ideas(cx, a, kept, kept_n));
    tell_groups(cx, &lab);
    summarise(a, &lab, before);
    TRY_DONE(cx, write_json(cx, a, &lab, NULL, kept, kept_n));
done:
    lab_close(cx, &lab);
    return err;
}
