/* cli/words.c -- reads a command line by the rows of its command.
**
** Options may stand anywhere; --name VALUE, --name=VALUE, -oVALUE, -o VALUE and
** bundled flags (-qv) are one grammar; `--` ends them.  A value is checked here
** as far as its row says: a number in its range, a word among its choices.
*/
#include "cli/command.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <string.h>

#define NEAR_MAX  256 /* words looked at for "did you mean" */
#define SHOWN_MAX 60  /* bytes of a person's own word that an error repeats */

static const Opt *find_long(const Opt *opts, const char *name, size_t n)
{
    for (; opts && opts->name; opts++)
        if (strlen(opts->name) == n && !memcmp(opts->name, name, n)) return opts;
    return NULL;
}

static const Opt *find_letter(const Opt *opts, char c)
{
    for (; opts && opts->name; opts++)
        if (opts->letter == c) return opts;
    return NULL;
}

static const Opt *opt_long(const Command *c, const char *name, size_t n)
{
    const Opt *o = c ? find_long(c->opts, name, n) : NULL;
    return o ? o : find_long(global_opts, name, n);
}

static const Opt *opt_letter(const Command *c, char letter)
{
    const Opt *o = c ? find_letter(c->opts, letter) : NULL;
    return o ? o : find_letter(global_opts, letter);
}

/* Is this word an option of this command, so that it cannot be the value of the one before? */
static bool is_option(const Command *c, const char *word)
{
    if (word[0] != '-' || !word[1]) return false;
    if (word[1] != '-') return !word[2] && opt_letter(c, word[1]);
    size_t n = strcspn(word + 2, "=");
    return opt_long(c, word + 2, n);
}

static Err unknown_option(Ctx *cx, const Command *c, const char *word)
{
    const char *near[NEAR_MAX], *name = word;
    char asked[SHOWN_MAX + 1];
    size_t n = 0;
    while (*name == '-') name++;
    snprintf(asked, sizeof asked, "%.*s", (int)strcspn(name, "="), name);
    for (const Opt *o = c ? c->opts : NULL; o && o->name && n < NEAR_MAX; o++) near[n++] = o->name;
    for (const Opt *o = global_opts; o->name && n < NEAR_MAX; o++) near[n++] = o->name;
    const char *best = text_nearest(asked, near, n);
    if (best) return FAIL(cx, ERR_USAGE, "no option '%.*s'; did you mean '--%s'?", SHOWN_MAX, word, best);
    if (!c)
        return FAIL(cx, ERR_USAGE, "no option '%.*s' before a command; options of a command follow its name",
                    SHOWN_MAX, word);
    return FAIL(cx, ERR_USAGE, "no option '%.*s'", SHOWN_MAX, word);
}

static Err check_choice(Ctx *cx, const Opt *o, const char *word, size_t n)
{
    const char *near[NEAR_MAX], *known;
    char list[256], asked[SHOWN_MAX + 1];
    size_t near_n = 0;
    for (size_t i = 0; (known = o->choice(i)); i++) {
        if (strlen(known) == n && !memcmp(known, word, n)) return OK;
        if (near_n < NEAR_MAX) near[near_n++] = known;
    }
    snprintf(asked, sizeof asked, "%.*s", (int)(n < SHOWN_MAX ? n : SHOWN_MAX), word);
    if (o->accepts && n < SHOWN_MAX && o->accepts(asked)) return OK;
    const char *best = text_nearest(asked, near, near_n);
    opt_choices(o, ", ", list, sizeof list);
    if (best)
        return FAIL(cx, ERR_USAGE, "'%s' is nothing --%s knows; did you mean '%s'? It knows %s", asked, o->name,
                    best, list);
    return FAIL(cx, ERR_USAGE, "'%s' is nothing --%s knows; it knows %s", asked, o->name, list);
}

/* The next word of a list at *at: its start and length without blanks around it; moves *at on. */
static const char *list_next(const char **at, size_t *n)
{
    const char *from = *at, *end = from + strcspn(from, ",");
    *at = *end ? end + 1 : NULL;
    while (from < end && *from == ' ') from++;
    while (end > from && end[-1] == ' ') end--;
    *n = (size_t)(end - from);
    return from;
}

static Err check_number(Ctx *cx, const Opt *o, const char *value)
{
    char lo[NUM_TEXT_MAX], hi[NUM_TEXT_MAX];
    double v = 0;
    bool fine = num_read(value, strlen(value), &v) && isfinite(v);
    if (fine && o->type == OPT_WHOLE) fine = v == floor(v);
    if (fine && v >= o->lo && v <= o->hi) return OK;
    num_text(o->lo, lo);
    num_text(o->hi, hi);
    return FAIL(cx, ERR_USAGE, "'%.*s' does not do for --%s %s: it takes a %s from %s to %s", SHOWN_MAX, value,
                o->name, o->word, o->type == OPT_WHOLE ? "whole number" : "number", lo, hi);
}

static Err check_value(Ctx *cx, const Opt *o, const char *value)
{
    if (!*value && !(o->type == OPT_LIST && !o->choice))
        return FAIL(cx, ERR_USAGE, "option --%s needs a value: %s, %s", o->name, o->word, o->help);
    if (o->type == OPT_NUMBER || o->type == OPT_WHOLE) return check_number(cx, o, value);
    if (o->type == OPT_CHOICE) return check_choice(cx, o, value, strlen(value));
    if (o->type == OPT_LIST && o->choice) {
        for (const char *at = value; at;) {
            size_t n;
            const char *word = list_next(&at, &n);
            TRY(cx, check_choice(cx, o, word, n));
        }
    }
    if (o->type == OPT_PAIR) {
        const char *eq = strrchr(value, '=');
        if (!eq || eq == value)
            return FAIL(cx, ERR_USAGE, "'%.*s' does not do for --%s: it takes %s", SHOWN_MAX, value, o->name,
                        o->word);
        if (o->choice) TRY(cx, check_choice(cx, o, eq + 1, strlen(eq + 1)));
    }
    return OK;
}

static Err give(Ctx *cx, Words *w, const Opt *o, const char *value)
{
    if (w->given_n == WORDS_GIVEN_MAX)
        return FAIL(cx, ERR_LIMIT, "more than %d options on one command line", WORDS_GIVEN_MAX);
    if (o->word) TRY(cx, check_value(cx, o, value));
    w->given[w->given_n++] = (Given){ o, value };
    return OK;
}

/* `leat log --kind K`: the group is a command too, and this option is not one that all understand. */
static void group_as_command(Words *w, const char *word)
{
    const Command *c = w->group && !w->command ? command_find(w->group->name) : NULL;
    if (!c || (word[1] == '-' ? opt_long(NULL, word + 2, strcspn(word + 2, "=")) : opt_letter(NULL, word[1]))) return;
    w->command = c;
}

/* One word that begins with a dash; may take the next word as its value. */
static Err read_option(Ctx *cx, Words *w, int argc, const char *const *argv, int *i)
{
    const char *word = argv[*i], *value = NULL;
    const Opt *o;
    group_as_command(w, word);
    if (word[1] == '-') {
        size_t n = strcspn(word + 2, "=");
        o = opt_long(w->command, word + 2, n);
        if (!o) return unknown_option(cx, w->command, word);
        if (word[2 + n]) value = word + 3 + n;
        if (value && !o->word) return FAIL(cx, ERR_USAGE, "option --%s takes no value", o->name);
    } else {
        const char *at = word + 1;
        for (;; at++) {
            o = opt_letter(w->command, *at);
            if (!o) return unknown_option(cx, w->command, word);
            if (o->word) break;
            TRY(cx, give(cx, w, o, ""));
            if (!at[1]) return OK;
        }
        if (at[1]) value = at + 1;
    }
    if (!o->word) return give(cx, w, o, "");
    if (!value) {
        if (*i + 1 >= argc || is_option(w->command, argv[*i + 1]))
            return FAIL(cx, ERR_USAGE, "option --%s needs a value: %s, %s", o->name, o->word, o->help);
        value = argv[++*i];
    }
    return give(cx, w, o, value);
}

static Err unknown_command(Ctx *cx, const Group *g, const char *word)
{
    const char *near[NEAR_MAX];
    size_t n = 0, skip = g ? strlen(g->name) + 1 : 0;
    const Command *c;
    for (size_t i = 0; (c = command_at(i)) && n < NEAR_MAX; i++) {
        if (c->hidden || (g ? !command_in_group(c, g) : strchr(c->name, ' ') != NULL)) continue;
        near[n++] = c->name + skip;
    }
    for (size_t i = 0; !g && group_at(i) && n < NEAR_MAX; i++) near[n++] = group_at(i)->name;
    const char *best = text_nearest(word, near, n), *of = g ? g->name : "", *gap = g ? " " : "";
    if (best)
        return FAIL(cx, ERR_USAGE, "no command '%s%s%.*s'; did you mean 'leat %s%s%s'?", of, gap, SHOWN_MAX, word,
                    of, gap, best);
    return FAIL(cx, ERR_USAGE, "no command '%s%s%.*s'; 'leat help%s%s' lists them", of, gap, SHOWN_MAX, word, gap,
                of);
}

static Err read_word(Ctx *cx, Words *w, const char *word)
{
    char name[64];
    if (w->command) {
        if (w->args_n == WORDS_ARGS_MAX)
            return FAIL(cx, ERR_LIMIT, "more than %d words behind '%s'", WORDS_ARGS_MAX, w->command->name);
        w->arg[w->args_n++] = word;
        return OK;
    }
    if (w->group) {
        int n = snprintf(name, sizeof name, "%s %s", w->group->name, word);
        w->command = n > 0 && (size_t)n < sizeof name ? command_find(name) : NULL;
        if (w->command) return OK;
        if (!w->group->otherwise) return unknown_command(cx, w->group, word);
        w->command = command_find(w->group->otherwise);        /* `leat metric loss 0.3` is `leat metric log loss 0.3` */
        return read_word(cx, w, word);
    }
    w->group = group_find(word);
    if (w->group) return OK;
    w->command = strchr(word, ' ') ? NULL : command_find(word);
    return w->command ? OK : unknown_command(cx, NULL, word);
}

static Err check_args(Ctx *cx, const Words *w)
{
    size_t least = 0, most = 0;
    const Arg *args = w->command->args;
    if (w->command->rest && !w->rest_n) return FAIL(cx, ERR_USAGE, "%s is missing: %s", args[0].word, args[0].help);
    for (const Arg *a = args; a && a->word; a++) {
        least += !a->optional;
        most = a->many ? WORDS_ARGS_MAX : most + 1;
    }
    if (w->args_n < least && !w->command->rest)
        return FAIL(cx, ERR_USAGE, "%s is missing: %s", args[w->args_n].word, args[w->args_n].help);
    if (w->args_n > most)
        return FAIL(cx, ERR_USAGE, "nothing is known to do with '%.*s'", SHOWN_MAX, w->arg[most]);
    for (size_t i = 0; i < w->given_n; i++) {
        const Opt *o = w->given[i].opt;
        if (o->not_with && words_has(w, o->not_with))
            return FAIL(cx, ERR_USAGE, "--%s and --%s exclude each other: give one of them", o->name, o->not_with);
    }
    return OK;
}

/* "-0.3" is a value and no option: no option has a digit for a letter. */
static bool negative(const char *word)
{
    return word[0] == '-' && (isdigit((unsigned char)word[1]) || (word[1] == '.' && isdigit((unsigned char)word[2])));
}

Err words_read(Ctx *cx, int argc, const char *const *argv, Words *out)
{
    bool ended = false;
    *out = (Words){ 0 };
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        bool option = !ended && word[0] == '-' && word[1] && !negative(word);
        if (out->command && out->command->rest && (ended || !option)) {
            out->rest = argv + i;                  /* a program's own line: none of our business */
            out->rest_n = (size_t)(argc - i);
            break;
        }
        if (!ended && !strcmp(word, "--")) ended = true;
        else if (option) {
            if (!out->command && out->group && out->group->otherwise && strcmp(word, "-h") && strcmp(word, "--help"))
                out->command = command_find(out->group->otherwise);
            TRY(cx, read_option(cx, out, argc, argv, &i));
        }
        else TRY(cx, read_word(cx, out, word));
    }
    if (out->group && !out->command && !words_has(out, "help")) out->command = command_find(out->group->name);
    if (!out->command || words_has(out, "help") || words_has(out, "version")) return OK;
    return check_args(cx, out);
}

/* ------------------------------------------------------------------ answers */

static bool known(const Words *w, const char *name)
{
    return opt_long(w->command, name, strlen(name)) != NULL;
}

bool words_has(const Words *w, const char *name)
{
    return words_text(w, name) != NULL;
}

const char *words_text(const Words *w, const char *name)
{
    assert(known(w, name)); /* a command asks only for options that its row has */
    (void)known;
    for (size_t i = w->given_n; i-- > 0;)
        if (!strcmp(w->given[i].opt->name, name)) return w->given[i].value;
    return NULL;
}

double words_num(const Words *w, const char *name, double without)
{
    const char *text = words_text(w, name);
    double v = without;
    if (text) (void)num_read(text, strlen(text), &v); /* checked when it was read */
    return v;
}

const char *words_arg(const Words *w, size_t i)
{
    return i < w->args_n ? w->arg[i] : NULL;
}

Err words_list(Ctx *cx, const Words *w, const char *name, const char *const **out, size_t *n)
{
    size_t count = 0;
    *out = NULL;
    *n = 0;
    assert(known(w, name));
    for (size_t i = 0; i < w->given_n; i++) {
        if (strcmp(w->given[i].opt->name, name)) continue;
        count++;
        for (const char *at = w->given[i].value; *at; at++) count += *at == ',';
    }
    if (!count) return OK;
    if (count > WORDS_LIST_MAX)
        return FAIL(cx, ERR_LIMIT, "--%s has %zu words; the most is %d", name, count, WORDS_LIST_MAX);
    const char **list = ctx_scratch(cx, count * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "reading --%s", name);
    for (size_t i = 0; i < w->given_n; i++) {
        if (strcmp(w->given[i].opt->name, name)) continue;
        for (const char *at = w->given[i].value; at;) {
            size_t len;
            const char *from = list_next(&at, &len);
            char *word = ctx_scratch(cx, len + 1);
            if (!word) return FAIL(cx, ERR_NOMEM, "reading --%s", name);
            memcpy(word, from, len);
            list[(*n)++] = word;
        }
    }
    *out = list;
    return OK;
}
