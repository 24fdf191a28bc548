/* base/err.c -- the list of errors, turned into tables. */
#include "base/err.h"

static const struct { const char *text; int exit_status, http; } rows[] = {
#define X(name, text, exit_status, http) [name] = { text, exit_status, http },
    ERR_LIST(X)
#undef X
};

static Err known(Err e)
{
    return (unsigned)e < ERR_COUNT ? e : ERR_BUG;
}

const char *err_text(Err e)
{
    return rows[known(e)].text;
}

int err_exit(Err e)
{
    return rows[known(e)].exit_status;
}

int err_http(Err e)
{
    return rows[known(e)].http;
}
