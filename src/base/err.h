/* base/err.h -- every way an operation can fail, and what each face shows.
**
** One list feeds four things: the enum, the printed name, the process exit
** status and the HTTP status.  Add a line here and nowhere else.
*/
#ifndef BASE_ERR_H
#define BASE_ERR_H

/*        name             text                          exit  http */
#define ERR_LIST(X)                                                   \
    X(OK,              "ok",                             0,   200)    \
    X(ERR_BUG,         "our own fault",                  1,   500)    \
    X(ERR_USAGE,       "wrong usage",                    2,   400)    \
    X(ERR_BAD_INPUT,   "input is not acceptable",        2,   400)    \
    X(ERR_SHAPE,       "sizes do not agree",             2,   422)    \
    X(ERR_NUMERIC,     "no stable answer exists",        2,   422)    \
    X(ERR_REFUSED,     "a rule is not met",              3,   409)    \
    X(ERR_NOT_FOUND,   "no such thing",                  4,   404)    \
    X(ERR_CORRUPT,     "stored bytes are damaged",       5,   500)    \
    X(ERR_IO,          "the disk or network said no",    6,   503)    \
    X(ERR_NOMEM,       "out of memory",                  7,   503)    \
    X(ERR_LIMIT,       "a stated limit was reached",     7,   413)    \
    X(ERR_TIME,        "time ran out",                   7,   504)    \
    X(ERR_DENIED,      "not allowed",                    8,   403)    \
    X(ERR_INTERRUPTED, "interrupted",                  130,   499)

typedef enum Err {
#define X(name, text, exit_status, http) name,
    ERR_LIST(X)
#undef X
    ERR_COUNT
} Err;

/* The words, the process exit status and the HTTP status of an error.
** Never NULL; an unknown number reads as ERR_BUG. */
const char *err_text(Err e);
int err_exit(Err e);
int err_http(Err e);

#endif
