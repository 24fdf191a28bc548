/* cli/cli.c -- one command line from its words to its exit status. */
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* What a stranger can do about a kind of failure when its sentence does not say. */
static const char *hint_of(Err err)
{
    switch (err) {
    case ERR_BUG: return "this is our fault; LEAT_TRAIL=1 shows where it happened";
    case ERR_CORRUPT:
        return "stored bytes changed since they were written: take an earlier copy, or make it again";
    case ERR_NOMEM: return "close other programs, or give --memory and fewer --threads";
    case ERR_DENIED: return "look at the owner and the rights of that file or folder";
    default: return NULL;
    }
}

static void print_error(Ctx *cx, Shell *sh, const Words *w, Err err)
{
    const char *name = w->command ? w->command->name : w->group ? w->group->name : NULL;
    const char *what = cx->text[0] ? cx->text : err_text(err), *hint = hint_of(err);
    if (sh->line) line_clear(sh->line);
    fprintf(sh->err, "%sleat%s%s:%s %s\n", ink_on(sh->colour_err, INK_RED), name ? " " : "", name ? name : "",
            ink_off(sh->colour_err), what);
    if (err == ERR_USAGE) {
        if (w->command) help_usage(sh->err, w->command);
        fprintf(sh->err, "try 'leat %s%s--help'\n", name ? name : "", name ? " " : "");
    } else if (hint) fprintf(sh->err, "hint: %s\n", hint);
    if (sh->trail)
        for (int i = 0; i < cx->hops_n; i++) fprintf(sh->err, "  at %s:%d\n", cx->hop[i].file, cx->hop[i].line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        json_open(&t);
        json_key_text(&t, "error", err_text(err));
        json_key_text(&t, "detail", what);
        json_key_int(&t, "exit", err_exit(err));
        json_close(&t);
        if (t.at && !t.broken) fprintf(sh->out, "%s\n", t.at);
        text_clear(&t);
    }
}

static void set_globals(Shell *sh, const Words *w)
{
    const char *colour = words_text(w, "color");
    bool always = colour && !strcmp(colour, "always"), never = colour && !strcmp(colour, "never");
    if (!colour) never = sh->colourless;
    sh->json = words_has(w, "json");
    sh->quiet = words_has(w, "quiet");
    sh->verbose = words_has(w, "verbose");
    sh->colour_out = always || (!never && sh->out_terminal);
    sh->colour_err = always || (!never && sh->err_terminal);
}

static Err version(Ctx *cx, Shell *sh)
{
    Text t;
    if (!sh->json) {
        fputs("leat " LEAT_VERSION "\n", sh->out);
        return OK;
    }
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "version", LEAT_VERSION);
    json_close(&t);
    return show_json(sh, &t);
}

static Err obey(Ctx *cx, Shell *sh, const Words *w)
{
    const char *folder = words_text(w, "directory");
    if (words_has(w, "help") || (!w->command && !w->group)) {
        if (w->command) help_command(sh->out, w->command, sh->columns, sh->colour_out);
        else if (w->group) help_group(sh->out, w->group, sh->columns, sh->colour_out);
        else help_overview(sh->out, sh->columns, sh->colour_out);
        return OK;
    }
    if (!w->command)
        return FAIL(cx, ERR_USAGE, "'%s' needs a second word; 'leat help %s' lists them", w->group->name,
                    w->group->name);
    if (folder) TRY(cx, app_go(cx, folder));
    return w->command->run(cx, sh, w);
}

/* What prints a text prints it as one JSON object where that was asked for. */
static Err obey_wrapped(Ctx *cx, Shell *sh, const Words *w)
{
    char *text = NULL;
    size_t n = 0;
    Text t;
    FILE *out = sh->out;
    sh->out = open_memstream(&text, &n);
    if (!sh->out) {
        sh->out = out;
        return FAIL(cx, ERR_NOMEM, "printing help");
    }
    Err err = obey(cx, sh, w);
    if (fclose(sh->out) && !err) err = FAIL(cx, ERR_NOMEM, "printing help");
    sh->out = out;
    text_init(&t, cx);
    json_open(&t);
    json_key(&t, "text");
    json_text_n(&t, text ? text : "", n);
    json_close(&t);
    free(text);
    if (err) text_clear(&t);
    return err ? err : show_json(sh, &t);
}

static Err run_words(Ctx *cx, Shell *sh, const Words *w)
{
    if (words_has(w, "version")) return version(cx, sh);
    bool text = words_has(w, "help") || !w->command || w->command->text;
    return sh->json && text ? obey_wrapped(cx, sh, w) : obey(cx, sh, w);
}

/* Has whoever read our results gone away (`leat runs ls | head -1`)?  Then the status says that not all was written, but
** no sentence disturbs a person who had seen enough. */
static bool reader_gone(const Shell *sh)
{
    struct pollfd p = { .fd = fileno(sh->out), .events = POLLOUT };
    return p.fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & POLLERR);
}

/* Results that did not reach their reader are a failure: a full disk must not look like success. */
static Err flush_results(Ctx *cx, Shell *sh)
{
    errno = 0;
    if (!fflush(sh->out) && !ferror(sh->out)) return OK;
    int why = errno;
    return FAIL(cx, ERR_IO, "writing the results: %s", why ? strerror(why) : "not all of them could be written");
}

int cli_run(Ctx *cx, Shell *sh, int argc, const char *const *argv)
{
    Words w;
    Line line;
    sh->argc = argc;
    sh->argv = argv;
    sh->verdict = 0;
    line_init(&line, cx, sh);
    Err err = words_read(cx, argc, argv, &w);
    set_globals(sh, &w);
    if (!err) err = run_words(cx, sh, &w);
    line_clear(&line);
    if (err && !(err == ERR_IO && reader_gone(sh))) print_error(cx, sh, &w, err);
    Err lost = flush_results(cx, sh);
    if (lost && !err) {
        err = lost;
        sh->json = false; /* that stream is the broken one */
        if (!reader_gone(sh)) print_error(cx, sh, &w, err);
    }
    fflush(sh->err);
    cx->progress = (Progress){ 0 };
    sh->line = NULL;
    return err ? err_exit(err) : sh->verdict;
}
