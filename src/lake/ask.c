/* lake/ask.c -- open the lake, questions about datasets, and what a person means by NAME@V. */
#include "lake/inner.h"

#include "table/table.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_MAX 4096              /* names looked at for "did you mean" */
#define ABOUT_MAX ((size_t)64 << 20)

#define COLUMNS \
    "SELECT v.dataset, v.n, v.tree, v.about, v.files, v.bytes, v.row_count, v.column_count, v.exact, v.source_us, v.arrived_us," \
    " v.message, v.actor, v.verb, v.detail, v.seq, v.removed_seq, coalesce((SELECT m.n FROM data_version m" \
    " WHERE m.dataset = v.dataset AND m.removed_seq IS NULL ORDER BY m.n DESC LIMIT 1), 0) FROM data_version v "

static const Statement st_at = { COLUMNS "WHERE v.dataset = ?1 AND v.n = ?2", NULL };
static const Statement st_newest = {
    COLUMNS "WHERE v.dataset = ?1 AND v.removed_seq IS NULL ORDER BY v.n DESC LIMIT 1", NULL };
static const Statement st_as_of = {
    COLUMNS "WHERE v.dataset = ?1 AND v.removed_seq IS NULL AND v.arrived_us <= ?2 ORDER BY v.n DESC LIMIT 1", NULL };
static const Statement st_tag = {
    COLUMNS "JOIN data_tag t ON t.dataset = v.dataset AND t.n = v.n WHERE v.dataset = ?1 AND t.tag = ?2", NULL };
static const Statement st_all = { COLUMNS "WHERE v.dataset = ?1 ORDER BY v.n DESC", NULL };
static const Statement st_any = { COLUMNS "WHERE ?1 = '' OR v.dataset = ?1 ORDER BY v.dataset, v.n DESC", NULL };
static const Statement st_datasets = {
    COLUMNS "WHERE v.n = coalesce((SELECT m.n FROM data_version m WHERE m.dataset = v.dataset AND m.removed_seq IS NULL"
    " ORDER BY m.n DESC LIMIT 1), CASE WHEN ?1 = 1 THEN (SELECT max(m.n) FROM data_version m WHERE m.dataset = v.dataset)"
    " ELSE 0 END) ORDER BY v.dataset", NULL };
static const Statement st_users = {
    COLUMNS "WHERE EXISTS (SELECT 1 FROM data_input i WHERE i.dataset = v.dataset AND i.n = v.n AND i.of_dataset = ?1 AND i.of_n = ?2)"
    " ORDER BY v.seq", NULL };
static const Statement st_there = { "SELECT count(*) FROM data_version WHERE dataset = ?1", NULL };
static const Statement st_names = { "SELECT DISTINCT dataset FROM data_version ORDER BY dataset", NULL };
static const Statement st_tags = { "SELECT tag, n FROM data_tag WHERE dataset = ?1 ORDER BY n, tag", NULL };

/* --- the handle --- */

Err lake_open(Ctx *cx, Store *store, Ledger *ledger, const char *home, Lake **out)
{
    *out = NULL;
    if (strlen(home) + 100 >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", home);
    Lake *lake = ctx_get(cx, sizeof *lake);
    if (!lake) return FAIL(cx, ERR_NOMEM, "opening the lake in '%s'", home);
    lake->store = store;
    lake->ledger = ledger;
    memcpy(lake->home, home, strlen(home) + 1);
    held_init(&lake->held, cx);
    *out = lake;
    return OK;
}

void lake_close(Ctx *cx, Lake *lake)
{
    if (!lake) return;
    held_clear(cx, &lake->held);
    ctx_put(cx, lake);
}

Store *lake_store(Lake *lake) { return lake->store; }
Ledger *lake_ledger(Lake *lake) { return lake->ledger; }

/* --- JSON by the context's memory --- */

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

Err lake_json(Ctx *cx, const char *json, size_t n, yyjson_alc *alc, yyjson_doc **out)
{
    yyjson_read_err bad;
    *alc = (yyjson_alc){ json_get, json_grow, json_put, cx };
    *out = yyjson_read_opts((char *)(uintptr_t)json, n, YYJSON_READ_NOFLAG, alc, &bad);      /* not in place: not changed */
    if (*out) return OK;
    if (bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading %zu bytes of JSON", n);
    return FAIL(cx, ERR_CORRUPT, "stored JSON cannot be read: %s at byte %zu", bad.msg, bad.pos);
}

/* --- names --- */

static bool letter_ok(const char *s, size_t *step)
{
    unsigned char c = (unsigned char)*s;
    *step = 1;
    if (c < 0x80) return isalnum(c) || strchr("-_./", c);
    if (c == 0xC2 && (unsigned char)s[1] <= 0xA0) return false;        /* control characters, the hard blank */
    if (c == 0xE2 && (unsigned char)s[1] == 0x80) {                    /* blanks, marks of direction */
        unsigned char d = (unsigned char)s[2];
        if (d <= 0x8F || (d >= 0xA8 && d <= 0xAF)) return false;
    }
    if (c == 0xEF && (unsigned char)s[1] == 0xBB && (unsigned char)s[2] == 0xBF) return false;  /* byte order mark */
    *step = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    return true;
}

static bool letters_ok(const char *name, size_t n)
{
    if (!n || n >= LAKE_NAME_MAX || name[0] == '-' || !text_utf8_ok(name, n)) return false;
    for (size_t i = 0, step; i < n; i += step)
        if (!letter_ok(name + i, &step)) return false;
    for (size_t i = 0;;) {                                             /* each part between slashes */
        size_t part = 0;
        while (i + part < n && name[i + part] != '/') part++;
        if (!part || name[i] == '.' ) return false;
        i += part;
        if (i == n) return true;
        i++;
    }
}

bool lake_name_ok(const char *name)
{
    return letters_ok(name, strlen(name));
}

bool lake_ref_ok(const char *ref)
{
    const char *at = strchr(ref, '@');
    return at ? letters_ok(ref, (size_t)(at - ref)) && at[1] && !strchr(at + 1, '@') && strlen(at) < 80 + LAKE_NAME_MAX
              : lake_name_ok(ref);
}

Err lake_check_name(Ctx *cx, const char *what, const char *name)
{
    if (lake_name_ok(name)) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%.80s' cannot name a %s: letters, digits, - _ . and / between parts, none of them beginning with "
                "a dot, at most %d bytes", name, what, LAKE_NAME_MAX - 1);
}

/* --- rows --- */

static bool get_digest(DbRows *rows, size_t col, Digest *out)
{
    size_t n;
    const void *p = db_get_blob(rows, col, &n);
    if (!p || n != SHA256_BYTES) return false;
    memcpy(out->at, p, SHA256_BYTES);
    return true;
}

static Err read_version(Ctx *cx, DbRows *q, LakeVersion *v)
{
    *v = (LakeVersion){
        .dataset = db_copy_text(cx, q, 0), .n = (uint64_t)db_get_int(q, 1), .files = (uint64_t)db_get_int(q, 4),
        .bytes = (uint64_t)db_get_int(q, 5), .rows = db_type(q, 6) == DB_NULL ? -1 : db_get_int(q, 6),
        .columns = db_type(q, 7) == DB_NULL ? -1 : db_get_int(q, 7), .rows_exact = db_get_int(q, 8) != 0,
        .source_us = db_get_int(q, 9), .arrived_us = db_get_int(q, 10), .message = db_copy_text(cx, q, 11),
        .actor = db_copy_text(cx, q, 12), .verb = db_copy_text(cx, q, 13), .detail = db_copy_text(cx, q, 14),
        .seq = (uint64_t)db_get_int(q, 15), .removed = db_type(q, 16) != DB_NULL, .latest = (uint64_t)db_get_int(q, 17) };
    v->has_about = get_digest(q, 3, &v->about);
    if (!v->dataset || !v->message || !v->actor || !v->verb || !v->detail) return FAIL(cx, ERR_NOMEM, "reading a version");
    return get_digest(q, 2, &v->tree) ? OK : FAIL(cx, ERR_CORRUPT, "version %llu of '%s' has no tree",
                                                  (unsigned long long)v->n, v->dataset);
}

/* Every row of an answer, in scratch. */
static Err versions(Ctx *cx, Lake *lake, const Statement *st, const DbValue *args, size_t args_n, LakeVersion **out, size_t *n)
{
    DbRows *q = NULL;
    bool more = false;
    size_t cap = 0;
    Err err = OK;
    *out = NULL;
    *n = 0;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), st, args, args_n, &q));
    for (;;) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        if (*n == cap) {
            LakeVersion *rows = ctx_scratch(cx, (cap ? cap * 2 : 4) * sizeof *rows);
            if (!rows) { err = FAIL(cx, ERR_NOMEM, "reading versions"); goto done; }
            if (*n) memcpy(rows, *out, *n * sizeof *rows);
            *out = rows;
            cap = cap ? cap * 2 : 4;
        }
        TRY_DONE(cx, read_version(cx, q, &(*out)[*n]));
        ++*n;
    }
done:
    db_rows_close(q);
    return err;
}

/* Give versions of one dataset their tags.  Rows of the answer are in order of n. */
static Err give_tags(Ctx *cx, Lake *lake, const char *dataset, LakeVersion *v, size_t n)
{
    DbRows *q = NULL;
    bool more = false;
    Err err = OK;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st_tags, DB_ARGS(db_text(dataset)), &q));
    for (;;) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        uint64_t of = (uint64_t)db_get_int(q, 1);
        for (size_t i = 0; i < n; i++) {
            if (v[i].n != of) continue;
            const char **tag = ctx_scratch(cx, (v[i].tags_n + 1) * sizeof *tag);
            char *word = db_copy_text(cx, q, 0);
            if (!tag || !word) { err = FAIL(cx, ERR_NOMEM, "reading tags"); goto done; }
            if (v[i].tags_n) memcpy(tag, v[i].tag, v[i].tags_n * sizeof *tag);
            tag[v[i].tags_n++] = word;
            v[i].tag = tag;
        }
    }
done:
    db_rows_close(q);
    return err;
}

static Err one(Ctx *cx, Lake *lake, const Statement *st, const DbValue *args, size_t n, bool *has, LakeVersion *out)
{
    LakeVersion *v;
    size_t got;
    *has = false;
    TRY(cx, versions(cx, lake, st, args, n, &v, &got));
    if (!got) return OK;
    *out = v[0];
    *has = true;
    return give_tags(cx, lake, out->dataset, out, 1);
}

Err lake_newest(Ctx *cx, Lake *lake, const char *name, bool *has, LakeVersion *out)
{
    TRY(cx, one(cx, lake, &st_newest, DB_ARGS(db_text(name)), has, out));
    return OK;
}

/* --- what a person means --- */

static Err near_names(Ctx *cx, Lake *lake, const char *name)
{
    const char *names[NEAR_MAX];
    size_t n = 0;
    DbRows *q = NULL;
    bool more = true;
    Err err = OK;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st_names, DB_NO_ARGS, &q));
    while (n < NEAR_MAX) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        names[n] = db_copy_text(cx, q, 0);
        if (!names[n]) { err = FAIL(cx, ERR_NOMEM, "looking for the dataset '%.80s'", name); goto done; }
        n++;
    }
    const char *best = text_nearest(name, names, n);
    if (best) err = FAIL(cx, ERR_NOT_FOUND, "no dataset '%.80s'; did you mean '%s'?", name, best);
    else if (n) err = FAIL(cx, ERR_NOT_FOUND, "no dataset '%.80s'; 'leat data ls' lists them", name);
    else err = FAIL(cx, ERR_NOT_FOUND, "no dataset '%.80s'; 'leat data add NAME FILE' makes one", name);
done:
    db_rows_close(q);
    return err;
}

static Err must_have(Ctx *cx, Lake *lake, const char *name)
{
    int64_t n = 0;
    TRY(cx, db_ask_int(cx, ledger_db(lake->ledger), &st_there, DB_ARGS(db_text(name)), 0, &n));
    return n ? OK : near_names(cx, lake, name);
}

Err lake_version_at(Ctx *cx, Lake *lake, const char *name, uint64_t n, LakeVersion *out)
{
    bool has;
    TRY(cx, one(cx, lake, &st_at, DB_ARGS(db_text(name), db_int((int64_t)n)), &has, out));
    if (has) return OK;
    TRY(cx, must_have(cx, lake, name));
    return FAIL(cx, ERR_NOT_FOUND, "'%s' has no version %llu; 'leat data log %s' lists them", name, (unsigned long long)n, name);
}

static bool all_of(const char *s, const char *letters)
{
    return *s && s[strspn(s, letters)] == 0;
}

/* "2026-03-01" is the end of that day; with a time, that moment. */
static bool moment(const char *s, int64_t *us)
{
    double seconds;
    size_t n = strlen(s);
    bool day = n == 10;
    if (n < 10 || s[4] != '-' || s[7] != '-' || !isdigit((unsigned char)s[0]) || !table_time_read(s, n, &seconds)) return false;
    *us = (int64_t)(seconds * 1e6) + (day ? INT64_C(86400000000) - 1 : 0);
    return true;
}

/* By a digest's first digits; name "": of any dataset. */
static Err by_prefix(Ctx *cx, Lake *lake, const char *name, const char *digits, bool *has, LakeVersion *out)
{
    LakeVersion *v;
    size_t n, len = strlen(digits);
    char hex[SHA256_TEXT_MAX], low[SHA256_TEXT_MAX];
    Digest first = { { 0 } };
    bool other = false;
    *has = false;
    if (len < LAKE_PREFIX_MIN || len > 64 || !all_of(digits, "0123456789abcdefABCDEF")) return OK;
    for (size_t i = 0; i <= len; i++) low[i] = (char)tolower((unsigned char)digits[i]);
    TRY(cx, versions(cx, lake, &st_any, DB_ARGS(db_text(name)), &v, &n));
    for (size_t i = 0; i < n; i++) {
        digest_text(&v[i].tree, hex);
        if (strncmp(hex, low, len)) continue;
        if (!*has || (v[i].seq > out->seq && !v[i].removed)) *out = v[i];
        other |= *has && !digest_same(&first, &v[i].tree);
        first = v[i].tree;
        *has = true;
    }
    if (other) return FAIL(cx, ERR_BAD_INPUT, "'%s' begins several digests; give more digits", digits);
    return *has ? give_tags(cx, lake, out->dataset, out, 1) : OK;
}

static Err by_word(Ctx *cx, Lake *lake, const char *name, const char *word, LakeVersion *out)
{
    bool has = false;
    int64_t us;
    if (all_of(word, "0123456789") && strlen(word) <= 18) {
        TRY(cx, one(cx, lake, &st_at, DB_ARGS(db_text(name), db_int(strtoll(word, NULL, 10))), &has, out));
    } else {
        TRY(cx, one(cx, lake, &st_tag, DB_ARGS(db_text(name), db_text(word)), &has, out));
        if (!has && moment(word, &us)) {
            TRY(cx, one(cx, lake, &st_as_of, DB_ARGS(db_text(name), db_int(us)), &has, out));
            if (!has) {
                TRY(cx, must_have(cx, lake, name));
                return FAIL(cx, ERR_NOT_FOUND, "'%s' had no version on %s; 'leat data log %s' says when they came", name, word, name);
            }
        }
    }
    if (!has) TRY(cx, by_prefix(cx, lake, name, word, &has, out));
    if (has) return OK;
    TRY(cx, must_have(cx, lake, name));
    return FAIL(cx, ERR_NOT_FOUND, "'%s' has no version, tag or digest '%.80s'; 'leat data log %s' lists them", name, word, name);
}

static Err newest_or_say(Ctx *cx, Lake *lake, const char *name, LakeVersion *out)
{
    bool has;
    TRY(cx, lake_newest(cx, lake, name, &has, out));
    if (has) return OK;
    if (strlen(name) == 64) {
        TRY(cx, by_prefix(cx, lake, "", name, &has, out));
        if (has) return OK;
    }
    TRY(cx, must_have(cx, lake, name));
    return FAIL(cx, ERR_NOT_FOUND, "every version of '%s' was removed; 'leat data restore %s' brings them back", name, name);
}

Err lake_find(Ctx *cx, Lake *lake, const char *ref, LakeVersion *out)
{
    char name[LAKE_NAME_MAX];
    const char *at = strchr(ref, '@');
    *out = (LakeVersion){ 0 };
    if (!lake_ref_ok(ref))
        return FAIL(cx, ERR_BAD_INPUT, "'%.80s' is no dataset: write NAME, NAME@3, NAME@latest, NAME@TAG, NAME@2026-03-01 or NAME@DIGEST", ref);
    snprintf(name, sizeof name, "%.*s", at ? (int)(at - ref) : (int)sizeof name, ref);
    if (!at || !strcmp(at, "@latest")) TRY(cx, newest_or_say(cx, lake, name, out));
    else TRY(cx, by_word(cx, lake, name, at + 1, out));
    if (!out->removed) return OK;
    uint64_t n = out->n;
    *out = (LakeVersion){ 0 };
    return FAIL(cx, ERR_NOT_FOUND, "'%s@%llu' was removed; 'leat data restore %s@%llu' brings it back", name, (unsigned long long)n,
                name, (unsigned long long)n);
}

/* --- lists --- */

Err lake_datasets(Ctx *cx, Lake *lake, bool with_removed, LakeVersion **out, size_t *n)
{
    TRY(cx, versions(cx, lake, &st_datasets, DB_ARGS(db_int(with_removed)), out, n));
    for (size_t i = 0; i < *n; i++) TRY(cx, give_tags(cx, lake, (*out)[i].dataset, &(*out)[i], 1));
    return OK;
}

Err lake_versions(Ctx *cx, Lake *lake, const char *name, LakeVersion **out, size_t *n)
{
    TRY(cx, versions(cx, lake, &st_all, DB_ARGS(db_text(name)), out, n));
    if (!*n) return near_names(cx, lake, name);
    return give_tags(cx, lake, name, *out, *n);
}

Err lake_users(Ctx *cx, Lake *lake, const LakeVersion *v, LakeVersion **out, size_t *n)
{
    TRY(cx, versions(cx, lake, &st_users, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), out, n));
    return OK;
}

Err lake_sources(Ctx *cx, Lake *lake, const LakeVersion *v, LakeSource **out, size_t *n)
{
    static const Statement count = { "SELECT count(*) FROM data_source WHERE dataset = ?1 AND n = ?2", NULL };
    static const Statement st = { "SELECT kind, address, detail FROM data_source WHERE dataset = ?1 AND n = ?2 ORDER BY i", NULL };
    DbRows *q = NULL;
    bool more = false;
    int64_t all = 0;
    Err err = OK;
    *n = 0;
    *out = NULL;
    TRY(cx, db_ask_int(cx, ledger_db(lake->ledger), &count, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), 0, &all));
    LakeSource *rows = ctx_scratch(cx, ((size_t)all + 1) * sizeof *rows);
    if (!rows) return FAIL(cx, ERR_NOMEM, "reading sources");
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), &q));
    while (*n < (size_t)all) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        rows[*n] = (LakeSource){ db_copy_text(cx, q, 0), db_copy_text(cx, q, 1), db_copy_text(cx, q, 2) };
        if (!rows[*n].kind || !rows[*n].address || !rows[*n].detail) { err = FAIL(cx, ERR_NOMEM, "reading sources"); goto done; }
        ++*n;
    }
    *out = rows;
done:
    db_rows_close(q);
    return err;
}

Err lake_inputs(Ctx *cx, Lake *lake, const LakeVersion *v, LakeInput **out, size_t *n)
{
    static const Statement count = { "SELECT count(*) FROM data_input WHERE dataset = ?1 AND n = ?2", NULL };
    static const Statement st = { "SELECT of_dataset, of_n, of_tree FROM data_input WHERE dataset = ?1 AND n = ?2 ORDER BY i", NULL };
    DbRows *q = NULL;
    bool more = false;
    int64_t all = 0;
    Err err = OK;
    *n = 0;
    *out = NULL;
    TRY(cx, db_ask_int(cx, ledger_db(lake->ledger), &count, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), 0, &all));
    LakeInput *rows = ctx_scratch(cx, ((size_t)all + 1) * sizeof *rows);
    if (!rows) return FAIL(cx, ERR_NOMEM, "reading lineage");
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), &q));
    while (*n < (size_t)all) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        rows[*n] = (LakeInput){ .dataset = db_copy_text(cx, q, 0), .n = (uint64_t)db_get_int(q, 1) };
        if (!rows[*n].dataset) { err = FAIL(cx, ERR_NOMEM, "reading lineage"); goto done; }
        (void)get_digest(q, 2, &rows[*n].tree);
        ++*n;
    }
    *out = rows;
done:
    db_rows_close(q);
    return err;
}

Err lake_about(Ctx *cx, Lake *lake, const LakeVersion *v, char **json, size_t *n)
{
    void *bytes = NULL;
    *json = NULL;
    *n = 0;
    if (!v->has_about) return OK;
    TRY(cx, store_get(cx, lake->store, &v->about, ABOUT_MAX, &bytes, n));
    *json = bytes;
    return OK;
}

/* --- all that live versions stand on --- */

typedef struct Live { Lake *lake; Err (*each)(Ctx *, void *, const Digest *); void *arg; Held seen; } Live;

static Err live_node(Ctx *cx, Live *l, const Digest *d, unsigned depth)
{
    TreeNode node;
    TreeEntry e;
    Digest mark;
    bool more = true;
    Err err = OK;
    size_t before = l->seen.n;
    TRY(cx, held_add(cx, &l->seen, d->at, SHA256_BYTES, &mark));       /* each node once, however many versions share it */
    if (l->seen.n == before) return OK;
    if (depth > LAKE_PATH_MAX) return FAIL(cx, ERR_CORRUPT, "a tree in the store is too deep");
    TRY(cx, l->each(cx, l->arg, d));
    TRY(cx, node_open(cx, l->lake, d, &node));
    for (;;) {
        TRY_DONE(cx, node_next(cx, &node, &more, &e));
        if (!more) break;
        if (e.kind == 'n' || e.kind == LAKE_FOLDER) TRY_DONE(cx, live_node(cx, l, &e.digest, depth + 1));
        else TRY_DONE(cx, l->each(cx, l->arg, &e.digest));
    }
done:
    node_close(cx, &node);
    return err;
}

Err lake_live(Ctx *cx, Lake *lake, Err (*each)(Ctx *, void *, const Digest *), void *arg)
{
    static const Statement st = { "SELECT tree, about FROM data_version WHERE removed_seq IS NULL ORDER BY seq", NULL };
    Live l = { .lake = lake, .each = each, .arg = arg };
    DbRows *q = NULL;
    bool more = false;
    Digest d;
    Err err = OK;
    held_init(&l.seen, cx);
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_NO_ARGS, &q));
    for (;;) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        if (get_digest(q, 0, &d)) TRY_DONE(cx, live_node(cx, &l, &d, 0));
        if (get_digest(q, 1, &d)) TRY_DONE(cx, each(cx, arg, &d));
    }
    TRY_DONE(cx, lake_marks_live(cx, lake, each, arg));
done:
    db_rows_close(q);
    held_clear(cx, &l.seen);
    return err;
}
