/* repo/small.c -- words for states, JSON by the context's memory, growing rows. */
#include "repo/inner.h"

#include <stdio.h>
#include <string.h>

static const char *const run_words[] = {
    [RUN_RUNNING] = "running", [RUN_DONE] = "done", [RUN_FAILED] = "failed", [RUN_INTERRUPTED] = "interrupted" };
static const char *const trial_words[] = {
    [REPO_TRIAL_OK] = "ok", [REPO_TRIAL_FAILED] = "failed", [REPO_TRIAL_CUT] = "cut" };
static const char *const log_words[] = {
    [PROGRESS_STEP] = "step", [PROGRESS_NOTE] = "note", [PROGRESS_WARNING] = "warning", [PROGRESS_DETAIL] = "detail" };

static int word_at(const char *const *words, int n, const char *word, int none)
{
    for (int i = 0; i < n; i++) {
        if (word && !strcmp(words[i], word)) return i;
    }
    return none;
}

const char *run_state_text(RunState s) { return run_words[s]; }
const char *trial_state_text(RepoTrialState s) { return trial_words[s]; }
const char *repo_log_word(ProgressKind kind) { return log_words[kind]; }
RunState run_state_of(const char *word) { return (RunState)word_at(run_words, 4, word, RUN_FAILED); }
RepoTrialState trial_state_of(const char *word)
{
    return (RepoTrialState)word_at(trial_words, 3, word, REPO_TRIAL_FAILED);
}

ProgressKind repo_log_kind(const char *word) { return (ProgressKind)word_at(log_words, 4, word, PROGRESS_NOTE); }

static void *json_get(void *self, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    return a->get(a->self, n);
}

static void *json_grow(void *self, void *p, size_t old, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    (void)old;
    return a->grow(a->self, p, n);
}

static void json_put(void *self, void *p)
{
    ctx_put(self, p);
}

Err repo_json(Ctx *cx, const char *json, size_t n, yyjson_alc *alc, yyjson_doc **out)
{
    yyjson_read_err bad;
    *alc = (yyjson_alc){ json_get, json_grow, json_put, cx };
    /* Not in place: not changed. */
    *out = yyjson_read_opts((char *)(uintptr_t)json, n, YYJSON_READ_NOFLAG, alc, &bad);
    if (*out) return OK;
    if (bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        return FAIL(cx, ERR_NOMEM, "reading %zu bytes of JSON", n);
    return FAIL(cx, ERR_CORRUPT, "stored JSON cannot be read: %s at byte %zu", bad.msg, bad.pos);
}

void *repo_row(Ctx *cx, void **rows, size_t n, size_t size)
{
    /* Doubled at 8, 16, 32 …; the old ones stay in scratch until the task ends. */
    if (n == 0 || (n >= 8 && (n & (n - 1)) == 0)) {
        void *more = ctx_scratch(cx, (n ? 2 * n : 8) * size);
        if (!more) return NULL;
        if (n) memcpy(more, *rows, n * size);
        *rows = more;
    }
    return (char *)*rows + n * size;
}

bool repo_digest(DbRows *rows, size_t col, Digest *out)
{
    size_t n;
    const void *at = db_get_blob(rows, col, &n);
    memset(out, 0, sizeof *out);
    if (n != SHA256_BYTES) return false;
    memcpy(out->at, at, n);
    return true;
}

void repo_lease_name(const char *id, char out[STORE_NAME_MAX])
{
    snprintf(out, STORE_NAME_MAX, "run-%.32s", id);
}
