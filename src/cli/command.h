/* cli/command.h -- what one command is.
**
** A Command is a const row: the parser reads it, help, man pages, completion
** and usage errors print it.  Nothing about a command is written twice.
*/
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/cli.h"

#define WORDS_ARGS_MAX 64        /* positional words */
#define WORDS_GIVEN_MAX 256      /* options on one command line */
#define WORDS_LIST_MAX 10000     /* words in one LIST */

typedef enum OptType {
    OPT_FLAG,                    /* no value */
    OPT_TEXT,
    OPT_FILE,                    /* a path: completion offers files */
    OPT_FOLDER,
    OPT_NUMBER,                  /* lo..hi */
    OPT_WHOLE,                   /* lo..hi, no fraction */
    OPT_CHOICE,                  /* one of `choice` */
    OPT_LIST,                    /* words with commas between, each one of `choice` if there is one */
    OPT_PAIR,                    /* COL=WORD, WORD one of `choice`; may be given more than once */
} OptType;

typedef struct Opt {
    const char *name;            /* long form, without dashes */
    char letter;                 /* short form, or 0 */
    const char *word;            /* what stands for the value: "SECONDS"; NULL for a flag */
    OptType type;
    const char *value;           /* what happens without it, in words; NULL: nothing worth saying */
    const char *help;            /* begins lower case, no full stop */
    const char *(*choice)(size_t i);            /* i-th word it may be, NULL past the end */
    bool (*accepts)(const char *word);          /* further words it takes (aliases); may be NULL */
    double lo, hi;
    const char *not_with;        /* an option that excludes it; NULL */
    bool needed;                 /* usage shows it without brackets; the verb says what is missing */
    bool shown;                  /* belongs into the one-line usage even though it may be left out */
} Opt;

typedef enum ArgKind { ARG_WORD, ARG_DATA, ARG_BUILD, ARG_RUN, ARG_FOLDER, ARG_COMMAND, ARG_SHELL } ArgKind;

typedef struct Arg {
    const char *word;            /* "DATA" */
    const char *help;
    ArgKind kind;                /* for completion */
    bool optional, many;
} Arg;

typedef struct Example { const char *line, *what; } Example;

typedef struct Words Words;

typedef struct Command {
    const char *name;            /* "auto", "build export" */
    const char *summary;         /* one line, no full stop */
    const char *story;           /* paragraphs; a blank line between; a line that begins with a blank is kept as it is */
    const Example *examples;     /* ends with a row whose line is NULL */
    const Arg *args;             /* ends with a row whose word is NULL; NULL: none */
    const Opt *opts;             /* ends with a row whose name is NULL; NULL: none */
    bool rest;                   /* its words from the first on are a program's command line, options and all */
    bool hidden;                 /* not for people */
    bool text;                   /* prints a text for people or shells: --json wraps it as {"text": …} */
    Err (*run)(Ctx *cx, Shell *sh, const Words *w);
} Command;

typedef struct Group {           /* the first word of two-word commands */
    const char *name, *summary;
    const char *otherwise;       /* the command that is meant when the second word is none of the group's; NULL */
} Group;

const Command *command_at(size_t i);                   /* A to Z; NULL past the end */
const Command *command_find(const char *name);         /* hidden ones too; NULL if none */
const Group *group_at(size_t i);
const Group *group_find(const char *name);
bool command_in_group(const Command *c, const Group *g);
extern const Opt global_opts[];                        /* understood anywhere on the line */

/* ------------------------------------------------------------------ words.c */

typedef struct Given { const Opt *opt; const char *value; } Given;

struct Words {
    const Command *command;      /* NULL: none was named */
    const Group *group;          /* named without its second word */
    const char *arg[WORDS_ARGS_MAX];
    size_t args_n;
    Given given[WORDS_GIVEN_MAX];
    size_t given_n;
    const char *const *rest; size_t rest_n;      /* of a command with .rest (borrowed) */
};

/* Reads a command line by the rows.  Strings are those of argv (borrowed).  On failure *out holds what was understood
** up to there, so that the error can name the command.
** Errors: ERR_USAGE in words, with the nearest known word; ERR_LIMIT too many words; ERR_NOMEM */
MUST_USE Err words_read(Ctx *cx, int argc, const char *const *argv, Words *out);

bool words_has(const Words *w, const char *name);
const char *words_text(const Words *w, const char *name);               /* the last one given, or NULL */
double words_num(const Words *w, const char *name, double without);
/* The words of a LIST, blanks around them removed, as scratch; all times it was given.  0 when it was not. */
MUST_USE Err words_list(Ctx *cx, const Words *w, const char *name, const char *const **out, size_t *n);
const char *words_arg(const Words *w, size_t i);                        /* NULL past the end */

/* ------------------------------------------------------------------- help.c */

void help_overview(FILE *out, unsigned width, bool colour);
void help_group(FILE *out, const Group *g, unsigned width, bool colour);
void help_command(FILE *out, const Command *c, unsigned width, bool colour);
void help_usage(FILE *out, const Command *c);          /* one line: "usage: leat auto DATA --target COL [options]" */
void help_wrap(FILE *out, const char *text, unsigned indent, unsigned at, unsigned width);
/* "-o FILE, --out FILE" as help and man pages write it. */
void opt_words(const Opt *o, char *buf, size_t n);
/* The words an option may be, with commas between; "" when it is free. */
void opt_choices(const Opt *o, const char *between, char *buf, size_t n);

/* -------------------------------------------------------- man.c, complete.c */

void man_page(FILE *out, const Command *c);            /* roff; NULL: leat(1) itself */
const char *complete_shell(size_t i);                  /* bash fish zsh */
void complete_print(FILE *out, const char *shell);

/* ------------------------------------------------------------------- show.c */

/* What commands print with.  Colours only where sh says so. */
typedef enum Ink { INK_NONE, INK_BOLD, INK_DIM, INK_RED, INK_GREEN, INK_YELLOW, INK_CYAN } Ink;
const char *ink_on(bool colour, Ink ink);              /* "" without colour */
const char *ink_off(bool colour);
void show_size(uint64_t bytes, char buf[32]);          /* "4.1 MB" */
void show_seconds(double s, char buf[32]);             /* "12 ms", "3.2 s", "2 min 5 s" */
void show_score(double v, char buf[32]);               /* four significant decimals */
void show_time(int64_t us, char buf[32]);              /* "2026-05-04 12:30" UTC */
size_t show_width(const char *utf8);                   /* columns it takes on a terminal, one a code point */

#define SHOW_COLS_MAX 12
/* A table of texts: add cells row by row, print once.  Columns that begin with '>' in `head` align right. */
typedef struct Grid {
    Ctx *cx;
    size_t cols, cells_n, cap;
    const char *const *head;
    char **cell;
    bool broken;
} Grid;
void grid_init(Grid *g, Ctx *cx, const char *const *head, size_t cols);
void grid_cell(Grid *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
MUST_USE Err grid_print(Grid *g, Shell *sh, unsigned indent);      /* and frees it */

/* JSON results: print t and a newline, and give t back. */
MUST_USE Err show_json(Shell *sh, Text *t);

/* ------------------------------------------------------------------- line.c */

/* The progress line and the talk on stderr.  One line, redrawn at most ten times a second, only on a terminal. */
struct Line {
    Ctx *cx;
    Shell *sh;
    char stage[48], best[96], drawn[512];
    double done, total;
    int64_t drawn_us, start_us, deadline_us;           /* deadline 0: none */
    uint32_t trials;
    bool on;                                           /* something is on the screen */
};
void line_init(Line *l, Ctx *cx, Shell *sh);           /* and makes cx->progress tell it */
void line_talk(Line *l, Ink ink, const char *label, const char *text);
void line_draw(Line *l, bool now);
void line_clear(Line *l);

#endif
