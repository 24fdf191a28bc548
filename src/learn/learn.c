/* learn/learn.c -- the list of learners, and their arguments as JSON. */
#include "learn/kinds/kinds.h"

#include <yyjson.h>

#include <assert.h>
#include <math.h>
#include <string.h>

static const Learner *const all[] = {     /* A to Z */
    &learner_baseline,
    &learner_ecod,
    &learner_extra_trees,
    &learner_isolation_forest,
    &learner_knn,
    &learner_knn_distance,
    &learner_lightgbm,
    &learner_linear,
    &learner_lof,
    &learner_mlp,
    &learner_naive_bayes,
    &learner_pca_residual,
    &learner_random_forest,
    &learner_realmlp,
    &learner_symmetric_trees,
    &learner_tabm,
    &learner_xgboost,
};

const Learner *learner_at(size_t i) { return i < sizeof all / sizeof *all ? all[i] : NULL; }

const Learner *learner_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

size_t learner_params(const Learner *l)
{
    size_t n = 0;
    while (l->params[n].name) n++;
    assert(n <= LEARN_PARAMS_MAX);
    return n;
}

void learner_start(const Learner *l, Task task, double *args)
{
    for (size_t i = 0; l->params[i].name; i++) args[i] = fmin(fmax(l->params[i].start[task], l->params[i].lo), l->params[i].hi);
}

static bool is_whole(const Param *p)
{
    return p->scale == PARAM_WHOLE || p->scale == PARAM_WHOLE_LOG;
}

Err learner_args_json(Ctx *cx, const Learner *l, const double *args, Text *out)
{
    json_open(out);
    for (size_t i = 0; l->params[i].name; i++) {
        const Param *p = &l->params[i];
        if (p->scale == PARAM_CHOICE) json_key_text(out, p->name, p->choices[(size_t)args[i]]);
        else json_key_num(out, p->name, is_whole(p) ? floor(args[i] + 0.5) : args[i]);
    }
    json_close(out);
    TRY(cx, text_err(out));
    return OK;
}

static Err no_param(Ctx *cx, const Learner *l, const char *name)
{
    const char *words[LEARN_PARAMS_MAX];
    size_t n = learner_params(l);
    for (size_t i = 0; i < n; i++) words[i] = l->params[i].name;
    const char *near = text_nearest(name, words, n);
    if (near) return FAIL(cx, ERR_BAD_INPUT, "the learner '%s' has no parameter '%s'; did you mean '%s'?", l->name, name, near);
    return FAIL(cx, ERR_BAD_INPUT, "the learner '%s' has no parameter '%s'%s%s", l->name, name, n ? "; it has " : " (it has none)",
                n ? words[0] : "");
}

static Err read_choice(Ctx *cx, const Learner *l, const Param *p, yyjson_val *v, double *out)
{
    const char *word = yyjson_get_str(v);
    for (size_t i = 0; word && i <= (size_t)p->hi; i++) {
        if (strcmp(p->choices[i], word)) continue;
        *out = (double)i;
        return OK;
    }
    return FAIL(cx, ERR_BAD_INPUT, "the parameter '%s' of '%s' is '%s'; it must be a word such as '%s'", p->name, l->name,
                word ? word : "not a word", p->choices[0]);
}

static Err read_param(Ctx *cx, const Learner *l, const Param *p, yyjson_val *v, double *out)
{
    if (p->scale == PARAM_CHOICE) return read_choice(cx, l, p, v, out);
    if (!yyjson_is_num(v)) return FAIL(cx, ERR_BAD_INPUT, "the parameter '%s' of '%s' must be a number", p->name, l->name);
    double x = yyjson_get_num(v);
    if (!(x >= p->lo && x <= p->hi))
        return FAIL(cx, ERR_BAD_INPUT, "the parameter '%s' of '%s' is %g; it must lie in %g .. %g", p->name, l->name, x, p->lo, p->hi);
    if (is_whole(p) && x != floor(x))
        return FAIL(cx, ERR_BAD_INPUT, "the parameter '%s' of '%s' is %g; it must be a whole number", p->name, l->name, x);
    *out = x;
    return OK;
}

static void *json_get(void *cx, size_t n) { return ctx_get(cx, n); }
static void *json_grow(void *cx, void *p, size_t old, size_t n) { (void)old; return ctx_grow(cx, p, n, 1); }
static void json_put(void *cx, void *p) { ctx_put(cx, p); }

Err learner_args_read(Ctx *cx, const Learner *l, const char *json, double *args)
{
    Err err = OK;
    yyjson_read_err why;
    const yyjson_alc memory = { json_get, json_grow, json_put, cx };
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, strlen(json), 0, &memory, &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return FAIL(cx, ERR_NOMEM, "reading the parameters of '%s'", l->name);
    yyjson_val *root = yyjson_doc_get_root(doc), *key;
    yyjson_obj_iter it;
    if (!yyjson_is_obj(root)) {
        err = FAIL(cx, ERR_BAD_INPUT, "the parameters of '%s' are not a JSON object: '%.60s'", l->name, json);
        goto done;
    }
    it = yyjson_obj_iter_with(root);
    while ((key = yyjson_obj_iter_next(&it))) {
        size_t i = 0;
        while (l->params[i].name && strcmp(l->params[i].name, yyjson_get_str(key))) i++;
        if (!l->params[i].name) {
            err = no_param(cx, l, yyjson_get_str(key));
            goto done;
        }
        TRY_DONE(cx, read_param(cx, l, &l->params[i], yyjson_obj_iter_get_val(key), &args[i]));
    }
done:
    yyjson_doc_free(doc);
    return err;
}
