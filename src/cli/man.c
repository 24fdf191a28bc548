/* cli/man.c -- manual pages in roff, printed from the rows. */
#include "cli/command.h"

#include <ctype.h>
#include <string.h>

/* Text as roff means it: a leading dot or quote is no request, a dash is a dash, a backslash is one. */
static void roff_n(FILE *out, const char *text, size_t n)
{
    bool fresh = true;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (fresh && (c == '.' || c == '\'')) fputs("\\&", out);
        if (c == '\\') fputs("\\e", out);
        else if (c == '-') fputs("\\-", out);
        else putc(c, out);
        fresh = c == '\n';
    }
}

static void roff(FILE *out, const char *text)
{
    roff_n(out, text, strlen(text));
}

static void title(FILE *out, const char *name)
{
    fputs(".TH LEAT", out);
    for (const char *p = name; p && *p; p++) {
        if (p == name) putc('-', out);
        putc(*p == ' ' ? '-' : toupper((unsigned char)*p), out);
    }
    fputs(" 1 \"\" \"leat " LEAT_VERSION "\" \"Leat\"\n", out);
}

static void story(FILE *out, const char *text)
{
    bool kept = false;
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (*text == ' ' && !kept) fputs(".PP\n.nf\n", out), kept = true;
        else if (*text != ' ' && kept) fputs(".fi\n", out), kept = false;
        if (!n) fputs(".PP\n", out);
        else {
            roff_n(out, text, n);
            putc('\n', out);
        }
        text += n + (text[n] == '\n');
    }
    if (kept) fputs(".fi\n", out);
}

static void option(FILE *out, const Opt *o)
{
    char choices[512];
    fputs(".TP\n\\fB", out);
    if (o->letter) fprintf(out, "\\-%c\\fR, \\fB", o->letter);
    fputs("\\-\\-", out);
    roff(out, o->name);
    fputs("\\fR", out);
    if (o->word) {
        fputs(" \\fI", out);
        roff(out, o->word);
        fputs("\\fR", out);
    }
    putc('\n', out);
    roff(out, o->help);
    opt_choices(o, ", ", choices, sizeof choices);
    if (choices[0]) {
        fputs(": ", out);
        roff(out, choices);
    }
    if (o->value) {
        fputs(" (default: ", out);
        roff(out, o->value);
        putc(')', out);
    }
    putc('\n', out);
}

static void page_of_leat(FILE *out)
{
    const Command *c;
    title(out, NULL);
    fputs(".SH NAME\nleat \\- raw data in, a trained, explained and servable build out\n"
          ".SH SYNOPSIS\n\\fBleat\\fR \\fICOMMAND\\fR [words and options]\n.SH COMMANDS\n",
          out);
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (c->hidden) continue;
        fputs(".TP\n\\fBleat ", out);
        roff(out, c->name);
        fputs("\\fR\n", out);
        roff(out, c->summary);
        putc('\n', out);
    }
    fputs(".SH OPTIONS\n", out);
    for (const Opt *o = global_opts; o->name; o++) option(out, o);
    fputs(".SH EXIT STATUS\n", out);
#define X(name, text, status, http)                                                                               \
    if (name == OK || err_exit((Err)(name - 1)) != status) fprintf(out, ".TP\n%d\n%s\n", status, text);
    ERR_LIST(X)
#undef X
    fputs(".SH ENVIRONMENT\n"
          ".TP\nNO_COLOR\nwhen set, nothing is coloured\n"
          ".TP\nLEAT_TRAIL\nwhen set, a failure is followed by the lines of the program that it passed\n"
          ".TP\nLEAT_LIB\nthe folder to look for the libraries in first\n",
          out);
}

void man_page(FILE *out, const Command *c)
{
    char line[512];
    if (!c) {
        page_of_leat(out);
        return;
    }
    title(out, c->name);
    fputs(".SH NAME\nleat\\-", out);
    for (const char *p = c->name; *p; p++) fputs(*p == ' ' ? "\\-" : (char[2]){ *p, 0 }, out);
    fputs(" \\- ", out);
    roff(out, c->summary);
    fputs("\n.SH SYNOPSIS\n\\fBleat ", out);
    roff(out, c->name);
    fputs("\\fR", out);
    for (const Arg *a = c->args; a && a->word; a++) {
        snprintf(line, sizeof line, a->optional ? " [\\fI%s\\fR]" : " \\fI%s\\fR", a->word);
        fputs(line, out);
    }
    fputs(c->opts && c->opts->name ? " [\\fIoptions\\fR]\n" : "\n", out);
    fputs(".SH DESCRIPTION\n", out);
    story(out, c->story);
    if (c->args && c->args->word) {
        fputs(".SH WORDS\n", out);
        for (const Arg *a = c->args; a->word; a++) {
            fprintf(out, ".TP\n\\fI%s\\fR\n", a->word);
            roff(out, a->help);
            putc('\n', out);
        }
    }
    fputs(".SH OPTIONS\n", out);
    for (const Opt *o = c->opts; o && o->name; o++) option(out, o);
    fputs(".PP\nThe options of \\fBleat\\fR(1) are understood too.\n", out);
    if (c->examples && c->examples->line) {
        fputs(".SH EXAMPLES\n", out);
        for (const Example *e = c->examples; e->line; e++) {
            fputs(".TP\n\\fB", out);
            roff(out, e->line);
            fputs("\\fR\n", out);
            roff(out, e->what);
            putc('\n', out);
        }
    }
    fputs(".SH SEE ALSO\n\\fBleat\\fR(1)\n", out);
}
