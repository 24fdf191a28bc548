/* db/kinds/libpq.c -- opens libpq.so.5 and finds its functions; later calls find it open. */
#include "db/kinds/libpq.h"

#include "os/os.h"

Err libpq_open(Ctx *cx, Libpq *out)
{
    static const char name[] = "libpq.so.5";
    void *lib = NULL, *found = NULL;
    TRY(cx, os_dlopen(cx, name, &lib));
#define X(symbol)                                                          \
    TRY(cx, os_symbol(cx, lib, name, #symbol, &found));                    \
    *(void **)&out->symbol = found;
    LIBPQ_LIST(X)
#undef X
    return OK;
}
