/* repo/inner.h -- what the files of room repo share. */
#ifndef REPO_INNER_H
#define REPO_INNER_H

#include "base/text.h"
#include "repo/repo.h"

#include <yyjson.h>

#define REPO_HOME ".leat"
#define REPO_DB "leat.db"
#define REPO_CONFIG "config"
#define REPO_LOCK "leat.lock"            /* beside .leat/, for Git: the signed head */

extern const LedgerRoom repo_room;            /* apply.c */

struct Repo {
    char folder[REPO_PATH_MAX], home[REPO_PATH_MAX];
    char *name, *actor;
    Store *store;
    Ledger *ledger;
};

/* Names of the states and kinds, and back; a word that is none of them gives `none`. */
RunState run_state_of(const char *word);
RepoTrialState trial_state_of(const char *word);
const char *repo_log_word(ProgressKind kind);
ProgressKind repo_log_kind(const char *word);

/* Read JSON with the context's memory; end with yyjson_doc_free while *alc lives.  ERR_CORRUPT, ERR_NOMEM. */
MUST_USE Err repo_json(Ctx *cx, const char *json, size_t n, yyjson_alc *alc, yyjson_doc **out);
/* A place for row n of *rows (in scratch, grown by doubling), cleared; NULL: no memory. */
void *repo_row(Ctx *cx, void **rows, size_t n, size_t size);
/* Ask, and read every row of the answer into scratch. */
MUST_USE Err repo_rows(Ctx *cx, Repo *r, const Statement *st, const DbValue *args, size_t args_n, size_t size,
                       Err (*read)(Ctx *cx, DbRows *q, void *row), void **out, size_t *n);
/* A digest in column col; false when NULL. */
bool repo_digest(DbRows *rows, size_t col, Digest *out);

/* The lease that a living run holds. */
void repo_lease_name(const char *id, char out[STORE_NAME_MAX]);
/* Record runs whose process is gone as interrupted. */
MUST_USE Err repo_bury(Ctx *cx, Repo *r);

#endif
