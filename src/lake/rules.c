/* lake/rules.c -- a rules file: YAML into tests, with its lines for messages.
**
** Nothing is guessed: a key that is not known is refused with the nearest one that is.
*/
#include "lake/rules.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const rule_words[] = { "column", "description", "mostly", "name", "severity", "where", NULL };
static const char *const file_words[] = { "columns", "dataset", "description", "rules", "severity", "version", NULL };

Err rule_fail(Ctx *cx, const char *file, unsigned line, const char *fmt, ...)
{
    char text[CTX_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return FAIL(cx, ERR_BAD_INPUT, "'%s' line %u: %s", file, line, text);
}

Err rule_failed(Ctx *cx, const CheckRun *run, const RuleTest *t, Err err)
{
    char text[CTX_TEXT_MAX];
    if (err != ERR_BAD_INPUT && err != ERR_REFUSED && err != ERR_NOT_FOUND) return err;
    memcpy(text, cx->text, sizeof text);
    if (strstr(text, run->rules->name)) return err;
    return FAIL(cx, err, "'%s' line %u: %.400s", run->rules->name, t->line, text);
}

bool rule_number(const Yaml *y, double *out)
{
    if (!y || y->kind != YAML_TEXT || !*y->text) return false;
    size_t n = strlen(y->text);
    bool percent = y->text[n - 1] == '%';
    if (!num_read(y->text, n - percent, out) || !isfinite(*out)) return false;
    if (percent) *out /= 100;
    return true;
}

/* Is the key one of the words, or a test's name? */
static const RuleKind *kind_of(const char *key)
{
    for (size_t i = 0; rule_kinds[i]; i++)
        if (!strcmp(rule_kinds[i]->name, key)) return rule_kinds[i];
    return NULL;
}

static bool is_word(const char *const *words, const char *key)
{
    for (; *words; words++)
        if (!strcmp(*words, key)) return true;
    return false;
}

static Err unknown(Ctx *cx, const char *file, const Yaml *y, const char *const *known, bool tests, const char *what)
{
    const char *near[100];
    size_t n = 0;
    for (; known[n] && n < 50; n++) near[n] = known[n];
    for (size_t i = 0; tests && rule_kinds[i] && n < 100; i++) near[n++] = rule_kinds[i]->name;
    const char *best = text_nearest(y->key, near, n);
    if (best) return rule_fail(cx, file, y->line, "%s has no '%.60s'; did you mean '%s'?", what, y->key, best);
    return rule_fail(cx, file, y->line, "%s has no '%.60s'; doc/formats/rules.md lists what there is", what, y->key);
}

Err rule_keys(Ctx *cx, const char *file, const Yaml *map, const char *const *known, const char *what)
{
    if (map->kind != YAML_MAP) return rule_fail(cx, file, map->line, "%s must be written as 'key: value' pairs", what);
    for (const Yaml *y = map->first; y; y = y->next)
        if (!is_word(known, y->key)) return unknown(cx, file, y, known, false, what);
    return OK;
}

Err rule_range(Ctx *cx, const CheckRun *run, const RuleTest *t, const char *const *rest, double *lo, double *hi)
{
    static const char *const both[] = { "min", "max", NULL };
    *lo = *hi = NAN;
    if (t->arg->kind == YAML_TEXT && rule_number(t->arg, lo)) {
        *hi = *lo;
        return OK;
    }
    TRY(cx, rule_keys(cx, run->rules->name, t->arg, rest ? rest : both, t->kind->name));
    const Yaml *min = yaml_get(t->arg, "min"), *max = yaml_get(t->arg, "max");
    if (min && !rule_number(min, lo)) return RULE_FAIL(cx, run, min, "'min' must be a number");
    if (max && !rule_number(max, hi)) return RULE_FAIL(cx, run, max, "'max' must be a number");
    if (!rest && isnan(*lo) && isnan(*hi)) return RULE_FAIL(cx, run, t->arg, "%s needs a number, or min, max or both", t->kind->name);
    return OK;
}

/* ----------------------------------------------------------------- reading */

typedef struct Reading { const char *file; bool warn; Rules *out; } Reading;

static Err severity(Ctx *cx, const char *file, const Yaml *map, bool *warn)
{
    const Yaml *y = yaml_get(map, "severity");
    if (!y) return OK;
    const char *word = y->kind == YAML_TEXT ? y->text : "";
    if (strcmp(word, "error") && strcmp(word, "warn")) return rule_fail(cx, file, y->line, "severity is error or warn");
    *warn = !strcmp(word, "warn");
    return OK;
}

static Err add_test(Ctx *cx, Reading *r, const RuleTest *t)
{
    const RuleKind *k = t->kind;
    bool key = !strcmp(k->name, "unique") && t->arg->kind == YAML_LIST;
    if (k->column && !t->column && !key)
        return rule_fail(cx, r->file, t->line, "'%s' is said of a column: add 'column: NAME' to this rule", k->name);
    if (!k->column && t->column) return rule_fail(cx, r->file, t->line, "'%s' is said of the table, not of column '%.60s'", k->name, t->column);
    if (t->arg->kind == YAML_TEXT && yaml_null(t->arg)) return rule_fail(cx, r->file, t->line, "'%s' needs a value", k->name);
    if (t->arg->kind == YAML_TEXT && t->arg->plain && !strcasecmp(t->arg->text, "false")) {
        if (!strcmp(k->name, "not_null") || !strcmp(k->name, "unique")) return OK;      /* said not to be tested */
    }
    if (r->out->n == RULES_TESTS_MAX) return FAIL(cx, ERR_LIMIT, "'%s' holds more than %d tests", r->file, RULES_TESTS_MAX);
    RuleTest *row = work_row(cx, (void **)&r->out->test, r->out->n, sizeof *row);
    if (!row) return FAIL(cx, ERR_NOMEM, "reading '%s'", r->file);
    *row = *t;
    r->out->n++;
    return OK;
}

/* One rule: its words, then a test for each other key. */
static Err read_rule(Ctx *cx, Reading *r, const Yaml *y, const char *column)
{
    if (y->kind != YAML_MAP) return rule_fail(cx, r->file, y->line, "a rule is written as 'test: value' pairs, as in 'not_null: true'");
    RuleTest t = { .rule = yaml_text(y, "name"), .column = column, .where = yaml_text(y, "where"), .warn = r->warn, .mostly = 1 };
    const Yaml *mostly = yaml_get(y, "mostly"), *of = yaml_get(y, "column");
    if (of && column) return rule_fail(cx, r->file, of->line, "this rule stands below column '%.60s' already", column);
    if (of && (of->kind != YAML_TEXT || !*of->text)) return rule_fail(cx, r->file, of->line, "'column' must be a column's name");
    if (of) t.column = of->text;
    if (mostly && (!rule_number(mostly, &t.mostly) || t.mostly < 0 || t.mostly > 1))
        return rule_fail(cx, r->file, mostly->line, "'mostly' is a share of the rows: 0.95 or 95%%");
    TRY(cx, severity(cx, r->file, y, &t.warn));
    size_t before = r->out->n, tests = 0;
    for (const Yaml *e = y->first; e; e = e->next) {
        if (is_word(rule_words, e->key)) continue;
        t.kind = kind_of(e->key);
        if (!t.kind) return unknown(cx, r->file, e, rule_words, true, "a rule");
        t.arg = e;
        t.line = e->line;
        tests++;
        TRY(cx, add_test(cx, r, &t));
    }
    if (!tests && r->out->n == before) return rule_fail(cx, r->file, y->line, "this rule tests nothing; add a test, as in 'not_null: true'");
    return OK;
}

static Err read_list(Ctx *cx, Reading *r, const Yaml *list, const char *column)
{
    if (list->kind != YAML_LIST) return rule_fail(cx, r->file, list->line, "'rules' is a list: each rule begins with '- '");
    for (const Yaml *y = list->first; y; y = y->next) TRY(cx, read_rule(cx, r, y, column));
    return OK;
}

static Err read_columns(Ctx *cx, Reading *r, const Yaml *map)
{
    if (map->kind != YAML_MAP)
        return rule_fail(cx, r->file, map->line, "'columns' holds 'NAME: {test: value}' pairs (what columns there must be is the rule 'has_columns')");
    for (const Yaml *y = map->first; y; y = y->next) {
        if (yaml_null(y)) continue;
        if (y->kind == YAML_LIST) TRY(cx, read_list(cx, r, y, y->key));
        else TRY(cx, read_rule(cx, r, y, y->key));
    }
    return OK;
}

Err rules_read(Ctx *cx, const char *bytes, size_t n, const char *name, Rules *out)
{
    Yaml *y;
    Reading r = { .file = name, .out = out };
    *out = (Rules){ .name = name };
    TRY(cx, yaml_read(cx, bytes, n, name, &y));
    if (!y) return FAIL(cx, ERR_BAD_INPUT, "'%s' is empty; rules are needed, as doc/formats/rules.md shows", name);
    if (y->kind == YAML_LIST) TRY(cx, read_list(cx, &r, y, NULL));
    else {
        TRY(cx, rule_keys(cx, name, y, file_words, "a rules file"));
        TRY(cx, severity(cx, name, y, &r.warn));
        if (yaml_get(y, "columns")) TRY(cx, read_columns(cx, &r, yaml_get(y, "columns")));
        if (yaml_get(y, "rules")) TRY(cx, read_list(cx, &r, yaml_get(y, "rules"), NULL));
    }
    if (!out->n) return FAIL(cx, ERR_BAD_INPUT, "'%s' holds no rules; doc/formats/rules.md shows some", name);
    return OK;
}
