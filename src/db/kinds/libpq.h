/* db/kinds/libpq.h -- the server's library, opened when the first address is: the functions that postgres.c calls. */
#ifndef DB_KINDS_LIBPQ_H
#define DB_KINDS_LIBPQ_H

#include "base/ctx.h"

#include <libpq-fe.h>

#define LIBPQ_LIST(X)                                                                                                  \
    X(PQconnectdbParams) X(PQfinish) X(PQreset) X(PQstatus) X(PQerrorMessage) X(PQsetNoticeProcessor)                  \
    X(PQexec) X(PQclear) X(PQenterPipelineMode) X(PQsendPrepare) X(PQsendQueryPrepared) X(PQsendQueryParams)           \
    X(PQpipelineSync) X(PQgetResult) X(PQsetSingleRowMode) X(PQresultStatus) X(PQresultErrorField) X(PQcmdTuples)      \
    X(PQcmdStatus) X(PQntuples) X(PQnfields) X(PQftype) X(PQgetvalue) X(PQgetlength) X(PQgetisnull)                    \
    X(PQparameterStatus)

typedef struct Libpq {
#define X(name) __typeof__(name) *name;
    LIBPQ_LIST(X)
#undef X
} Libpq;

/* ERR_NOT_FOUND it is not installed, in words. */
MUST_USE Err libpq_open(Ctx *cx, Libpq *out);

#endif
