/* cli/help.c -- teaches from the rows: the overview, one command, one line of usage. */
#include "cli/command.h"

#include <string.h>

#define HELP_WIDTH_MAX 100
#define HELP_WIDTH_MIN 40
#define OPT_INDENT     26 /* where the explanation of an option begins */

/* Print text with blanks turned into line ends at `width`.  `at` columns of the line are taken already; later lines
** begin at `indent`.  Ends with a newline. */
static void wrap_line(FILE *out, const char *text, size_t n, unsigned indent, unsigned at, unsigned width)
{
    size_t i = 0;
    bool fresh = true;
    while (i < n) {
        size_t word = 0;
        while (i + word < n && text[i + word] != ' ') word++;
        char piece[512];
        snprintf(piece, sizeof piece, "%.*s", (int)word, text + i);
        unsigned wide = (unsigned)show_width(piece);
        if (!fresh && at + 1 + wide > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            fresh = true;
        }
        fprintf(out, "%s%.*s", fresh ? "" : " ", (int)word, text + i);
        at += wide + !fresh;
        fresh = false;
        i += word;
        while (i < n && text[i] == ' ') i++;
    }
    putc('\n', out);
}

void help_wrap(FILE *out, const char *text, unsigned indent, unsigned at, unsigned width)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (at < indent) fprintf(out, "%*s", (int)(indent - at), "");
        if (*text == ' ') fprintf(out, "%.*s\n", (int)n, text); /* kept as it is */
        else wrap_line(out, text, n, indent, at > indent ? at : indent, width);
        text += n + (text[n] == '\n');
        at = 0;
    }
}

static unsigned fit(unsigned width)
{
    if (width > HELP_WIDTH_MAX) return HELP_WIDTH_MAX;
    return width < HELP_WIDTH_MIN ? HELP_WIDTH_MIN : width;
}

void opt_words(const Opt *o, char *buf, size_t n)
{
    int at = o->letter ? snprintf(buf, n, "-%c, ", o->letter) : snprintf(buf, n, "    ");
    if (at < 0 || (size_t)at >= n) return;
    snprintf(buf + at, n - (size_t)at, o->word ? "--%s %s" : "--%s%s", o->name, o->word ? o->word : "");
}

void opt_choices(const Opt *o, const char *between, char *buf, size_t n)
{
    size_t at = 0;
    const char *word;
    if (n) buf[0] = 0;
    for (size_t i = 0; o->choice && (word = o->choice(i)) && at + strlen(word) + strlen(between) + 1 < n; i++)
        at += (size_t)snprintf(buf + at, n - at, "%s%s", i ? between : "", word);
}

static void heading(FILE *out, const char *text, bool colour)
{
    fprintf(out, "\n%s%s%s\n", ink_on(colour, INK_BOLD), text, ink_off(colour));
}

static void option_rows(FILE *out, const Opt *opts, unsigned width, bool colour)
{
    char words[128], choices[512];
    for (const Opt *o = opts; o && o->name; o++) {
        opt_words(o, words, sizeof words);
        opt_choices(o, ", ", choices, sizeof choices);
        char text[1024];
        snprintf(text, sizeof text, "%s%s%s%s%s%s", o->help, choices[0] ? ": " : "", choices,
                 o->value ? " (default: " : "", o->value ? o->value : "", o->value ? ")" : "");
        fprintf(out, "  %s%s%s", ink_on(colour, INK_CYAN), words, ink_off(colour));
        unsigned at = 2 + (unsigned)strlen(words);
        if (at + 2 > OPT_INDENT) {
            putc('\n', out);
            at = 0;
        }
        if (at < OPT_INDENT) fprintf(out, "%*s", (int)(OPT_INDENT - at), "");
        wrap_line(out, text, strlen(text), OPT_INDENT, OPT_INDENT, width);
    }
}

/* Words and options of the usage line; `all` lists every option, else only those with `shown`. */
static void usage_words(const Command *c, bool all, char *buf, size_t n)
{
    size_t at = (size_t)snprintf(buf, n, "leat %s", c->name);
    for (const Arg *a = c->args; a && a->word && at < n; a++)
        at += (size_t)snprintf(buf + at, n - at, " %s%s%s%s", a->optional ? "[" : "", a->word,
                               a->many ? "..." : "", a->optional ? "]" : "");
    for (const Opt *o = c->opts; o && o->name && at < n; o++) {
        bool bare = o->needed;
        if (!all && !o->shown && !bare) continue;
        at += (size_t)snprintf(buf + at, n - at, " %s", bare ? "" : "[");
        if (at >= n) break;
        at += o->letter ? (size_t)snprintf(buf + at, n - at, "-%c", o->letter)
                        : (size_t)snprintf(buf + at, n - at, "--%s", o->name);
        if (at >= n) break;
        at += (size_t)snprintf(buf + at, n - at, "%s%s%s", o->word ? "\x01" : "", o->word ? o->word : "",
                               bare ? "" : "]");
    }
}

void help_usage(FILE *out, const Command *c)
{
    char line[2048];
    usage_words(c, false, line, sizeof line);
    for (char *p = line; *p; p++)
        if (*p == 1) *p = ' ';
    bool more = false;
    for (const Opt *o = c->opts; o && o->name; o++) more |= !o->shown && !o->needed;
    fprintf(out, "usage: %s%s\n", line, more ? " [options]" : "");
}

/* The whole synopsis, wrapped between options and not inside them. */
static void synopsis(FILE *out, const Command *c, unsigned width)
{
    char line[2048];
    unsigned at = 7, indent = 7 + 5 + (unsigned)strlen(c->name) + 1;
    usage_words(c, true, line, sizeof line);
    fputs("usage: ", out);
    for (char *word = line, *end; *word; word = end) {
        end = word + strcspn(word, " ");
        unsigned n = (unsigned)(end - word);
        if (*end) *end++ = 0;
        for (char *p = word; *p; p++)
            if (*p == 1) *p = ' ';
        if (at > indent && at + 1 + n > width) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > 7) {
            putc(' ', out);
            at++;
        }
        fputs(word, out);
        at += n;
    }
    putc('\n', out);
}

void help_command(FILE *out, const Command *c, unsigned width, bool colour)
{
    width = fit(width);
    fprintf(out, "%sleat %s%s - %s\n\n", ink_on(colour, INK_BOLD), c->name, ink_off(colour), c->summary);
    synopsis(out, c, width);
    putc('\n', out);
    help_wrap(out, c->story, 0, 0, width);
    if (c->args && c->args->word) {
        heading(out, "Words", colour);
        for (const Arg *a = c->args; a->word; a++) {
            fprintf(out, "  %s%-*s%s", ink_on(colour, INK_CYAN), OPT_INDENT - 2, a->word, ink_off(colour));
            wrap_line(out, a->help, strlen(a->help), OPT_INDENT, OPT_INDENT, width);
        }
    }
    if (c->opts && c->opts->name) {
        heading(out, "Options", colour);
        option_rows(out, c->opts, width, colour);
    }
    if (c->examples && c->examples->line) {
        heading(out, "Examples", colour);
        for (const Example *e = c->examples; e->line; e++) {
            fprintf(out, "  %s%s%s\n      ", ink_on(colour, INK_GREEN), e->line, ink_off(colour));
            wrap_line(out, e->what, strlen(e->what), 6, 6, width);
        }
    }
    heading(out, "Everywhere", colour);
    fputs("  ", out);
    const char *text = "--help --version --json -q -v --color WHEN -C DIR; 'leat help' explains them";
    wrap_line(out, text, strlen(text), 2, 2, width);
}

void help_group(FILE *out, const Group *g, unsigned width, bool colour)
{
    const Command *c = command_find(g->name);
    if (c) help_command(out, c, width, colour);            /* it does something without a second word too */
    else fprintf(out, "%sleat %s%s - %s\n", ink_on(colour, INK_BOLD), g->name, ink_off(colour), g->summary);
    heading(out, "Commands", colour);
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (!command_in_group(c, g)) continue;
        fprintf(out, "  %s%-*s%s", ink_on(colour, INK_CYAN), OPT_INDENT - 2, c->name, ink_off(colour));
        wrap_line(out, c->summary, strlen(c->summary), OPT_INDENT, OPT_INDENT, fit(width));
    }
    fprintf(out, "\n'leat %s COMMAND --help' explains one.\n", g->name);
}

void help_overview(FILE *out, unsigned width, bool colour)
{
    const Command *c;
    width = fit(width);
    help_wrap(out,
              "leat - raw data in, a trained, explained and servable build out\n"
              "\n"
              "usage: leat COMMAND [words and options]\n",
              0, 0, width);
    heading(out, "Begin here", colour);
    fprintf(out, "  %sleat auto DATA.csv --target COLUMN%s\n      ", ink_on(colour, INK_GREEN), ink_off(colour));
    const char *text =
        "reads the data, tries learners for a minute, keeps the best as a build, and writes a report";
    wrap_line(out, text, strlen(text), 6, 6, width);
    heading(out, "Commands", colour);
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (c->hidden) continue;
        fprintf(out, "  %s%-*s%s", ink_on(colour, INK_CYAN), OPT_INDENT - 2, c->name, ink_off(colour));
        wrap_line(out, c->summary, strlen(c->summary), OPT_INDENT, OPT_INDENT, width);
    }
    heading(out, "Options understood everywhere", colour);
    option_rows(out, global_opts, width, colour);
    fputs("\n'leat COMMAND --help' explains one command, with examples; 'leat man' prints manual pages.\n", out);
}
