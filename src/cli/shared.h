/* cli/shared.h -- options that several commands have, written once. */
#ifndef CLI_SHARED_H
#define CLI_SHARED_H

#include "cli/commands.h"

#define OPT_SHEET { .name = "sheet", .word = "NAME", .help = "sheet of an Excel file", .type = OPT_TEXT, .value = "the first" }
#define OPT_NA                                                                                             \
    { .name = "na", .word = "LIST", .help = "words that mean a missing value, with commas between", .type = OPT_LIST, \
      .value = "empty, NA, N/A, NaN, NULL, None, ?" }
#define OPT_COLUMN_TYPE                                                                                    \
    { .name = "type", .word = "COL=TYPE", .type = OPT_PAIR, .choice = app_type_word, .accepts = app_type_alias, \
      .help = "overrule the type of a column; may be given again", .value = "inferred from the values" }
#define OPT_THREADS                                                                                        \
    { .name = "threads", .word = "N", .help = "processors to use at once", .type = OPT_WHOLE, .lo = 1, .hi = 1024, \
      .value = "all of them" }

/* Which rows of a list. */
#define OPT_FILTER(example)                                                                                \
    { .name = "filter", .letter = 'f', .word = "EXPR", .type = OPT_TEXT, .help = "only those that fit, like: " example }
#define OPT_ORDER                                                                                          \
    { .name = "order-by", .word = "NAME", .type = OPT_TEXT,                                                \
      .help = "order by this, with DESC behind it downwards; may be given again", .value = "newest first" }
#define OPT_LIMIT                                                                                          \
    { .name = "limit", .letter = 'n', .word = "N", .type = OPT_WHOLE, .lo = 0, .hi = 1e9, .help = "at most so many; 0: all", \
      .value = "1000" }
#define OPT_OFFSET                                                                                         \
    { .name = "offset", .word = "N", .type = OPT_WHOLE, .lo = 0, .hi = 1e9, .help = "leave out so many at the beginning" }
MUST_USE Err shared_search(Ctx *cx, const Words *w, AppSearch *out);
/* The run that a command logs to. */
#define OPT_RUN                                                                                            \
    { .name = "run", .letter = 'r', .word = "RUN", .type = OPT_TEXT, .help = "log to this run: its number, id or name", \
      .value = "the run that this program was started by" }
MUST_USE Err shared_logged(Ctx *cx, Shell *sh, const AppToldOut *out, const char *what);

/* The data options of a command, from those of its row that it has. */
/* Every value of an option that may be given more than once, as scratch. */
MUST_USE Err shared_pairs(Ctx *cx, const Words *w, const char *name, const char *const **out, size_t *n);
MUST_USE Err shared_data(Ctx *cx, const Words *w, const char *path, bool dialect, AppData *out);

/* What 'leat log verify' and what ends with it print. */
MUST_USE Err shared_verified(Ctx *cx, Shell *sh, const AppLogVerifyOut *out);

#endif
