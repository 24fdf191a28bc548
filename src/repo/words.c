/* repo/words.c -- words that belong to an event but lie in the store: what a text among a run's artifacts says. */
#include "repo/inner.h"

#include <string.h>

#define ARTIFACT_WORDS_MAX ((size_t)1 << 20)   /* bytes; a longer text is not searched */

static bool is_text(const char *media)
{
    static const char *const words[] = { "text/plain", "text/markdown", "text/csv", "text/yaml", "text/x-", "application/yaml" };
    for (size_t i = 0; media && i < sizeof words / sizeof *words; i++) {
        if (!strncmp(media, words[i], strlen(words[i]))) return true;
    }
    return false;
}

/* What cannot be read (it was collected, it is damaged, it lies elsewhere) has no words here. */
Err repo_more_words(Ctx *cx, void *self, const Event *e, Text *t)
{
    Repo *r = self;
    yyjson_alc alc;
    yyjson_doc *doc;
    Digest d;
    void *bytes = NULL;
    size_t n = 0;
    if (strcmp(e->kind, "run.artifact") || !e->payload) return OK;
    TRY(cx, repo_json(cx, e->payload, e->payload_n, &alc, &doc));
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *digest = yyjson_get_str(yyjson_obj_get(root, "digest"));
    bool wanted = is_text(yyjson_get_str(yyjson_obj_get(root, "media"))) && digest && digest_read(digest, &d);
    yyjson_doc_free(doc);
    if (!wanted) return OK;
    Ctx aside;
    ctx_child(cx, &aside);
    Err err = store_get(&aside, r->store, &d, ARTIFACT_WORDS_MAX, &bytes, &n);
    ctx_clear(&aside);
    if (err == ERR_NOMEM) return FAIL(cx, err, "reading the words of an artifact");
    if (!err && text_utf8_ok(bytes, n)) text_bytes(t, bytes, n);
    ctx_put(cx, bytes);
    return OK;
}
