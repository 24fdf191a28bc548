/* repo/project.c -- find, make and open a project.
**
** A new .leat/ is built under another name beside and renamed when whole, so a
** killed `leat init` never leaves half a project, and of two at once one wins.
*/
#include "repo/inner.h"

#include "base/save.h"
#include "lake/lake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_MAX ((size_t)1 << 20)
#define IGNORE_MAX ((size_t)4 << 20)
#define INDEX_BEHIND 4096          /* events that the search index may be behind before it is brought up */
#define PROJECT_NAME_MAX 200       /* bytes */

static const LedgerRoom *const rooms[] = { &lake_room, &lake_marks_room, &repo_room };
#define ROOMS_N (sizeof rooms / sizeof *rooms)

static Err join(Ctx *cx, const char *folder, const char *name, char out[REPO_PATH_MAX])
{
    const char *slash = folder[0] == '/' && !folder[1] ? "" : "/";
    int n = snprintf(out, REPO_PATH_MAX, "%s%s%s", folder, slash, name);
    if (n > 0 && n < REPO_PATH_MAX) return OK;
    return FAIL(cx, ERR_LIMIT, "the path '%.60s…/%s' is longer than %d bytes", folder, name, REPO_PATH_MAX - 1);
}

static Err is_there(Ctx *cx, const char *folder, const char *name, bool *there)
{
    char path[REPO_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    TRY(cx, join(cx, folder, name, path));
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking for '%s'", path);
    *there = info.type != FILE_NONE;
    return OK;
}

/* To the folder above; false at the top. */
static bool go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    if (!slash || !folder[1]) return false;
    slash[slash == folder ? 1 : 0] = 0;
    return true;
}

Err repo_find(Ctx *cx, const char *from, char folder[REPO_PATH_MAX])
{
    bool there = false;
    char at[REPO_PATH_MAX];
    folder[0] = 0;
    if (from[0] != '/')
        return FAIL(cx, ERR_BUG, "looking for a project from '%s', which is not an absolute path", from);
    if (strlen(from) >= REPO_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", from);
    memcpy(at, from, strlen(from) + 1);
    do {
        TRY(cx, is_there(cx, at, REPO_HOME "/" REPO_CONFIG, &there));  /* its ledger may lie on a server */
        if (there) {
            memcpy(folder, at, sizeof at);
            return OK;
        }
    } while (go_up(at));
    return FAIL(cx, ERR_NOT_FOUND, "no project at '%s' or above it; 'leat init' makes one", from);
}

/* Where this person's signing key lies: never below the project.  "" when there is no place for it. */
static void keys_folder(char out[REPO_PATH_MAX])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = 0;
    out[0] = 0;
    if (config && config[0] == '/') n = snprintf(out, REPO_PATH_MAX, "%s/leat/keys", config);
    else if (home && home[0] == '/') n = snprintf(out, REPO_PATH_MAX, "%s/.config/leat/keys", home);
    if (n < 0 || n >= REPO_PATH_MAX) out[0] = 0;
}

/* --- making --- */

/* What may lie in a project that is being made, leaves first. */
static void remove_half(Ctx *cx, const char *home)
{
    static const char *const parts[] = {
        "objects", "tmp", REPO_CONFIG, REPO_DB "-wal", REPO_DB "-shm", REPO_DB "-journal", REPO_DB, "." };
    const Files *f = cx->world->files;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char path[REPO_PATH_MAX + 32];
        snprintf(path, sizeof path, "%s/%s", home, parts[i]);
        (void)f->remove(f->self, strcmp(parts[i], ".") ? path : home);
    }
}

static Err write_config(Ctx *cx, const char *home, const char *name, const char *ledger)
{
    char path[REPO_PATH_MAX];
    Text t;
    text_init(&t, cx);
    text_put(&t, "# Settings of this Leat project, as `key: value`.\n"
                 "# A flag on the command line wins over the environment (LEAT_*), which wins over this file.\n"
                 "name: ");
    json_text(&t, name);                       /* a JSON string is a YAML string */
    text_put(&t, "\n");
    if (ledger) {
        text_put(&t, "# Where its ledger lies; the password is in PGPASSWORD or ~/.pgpass.\nledger: ");
        t.comma = false;                       /* lines, not members */
        json_text(&t, ledger);
        text_put(&t, "\n");
    }
    Err err = text_err(&t);
    if (!err) err = join(cx, home, REPO_CONFIG, path);
    if (!err) err = save_whole(cx, path, t.at, t.n);
    text_clear(&t);
    return err;
}

/* What one line of the config says, if it begins with this key; into out of max bytes. */
static Err config_value(Ctx *cx, const char *line, size_t n, const char *key, char *out, size_t max)
{
    size_t key_n = strlen(key);
    if (n < key_n || memcmp(line, key, key_n)) return OK;
    line += key_n;
    n -= key_n;
    while (n && (*line == ' ' || *line == '\t')) line++, n--;
    while (n && strchr(" \t\r", line[n - 1])) n--;
    if (n && *line == '"') {
        yyjson_alc alc;
        yyjson_doc *doc;
        TRY(cx, repo_json(cx, line, n, &alc, &doc));
        const char *s = yyjson_get_str(yyjson_doc_get_root(doc));
        snprintf(out, max, "%s", s ? s : "");
        yyjson_doc_free(doc);
    } else {
        snprintf(out, max, "%.*s", (int)(n < max ? n : max - 1), line);
    }
    return OK;
}

/* ledger: of DB_ADDRESS_MAX bytes; "" when it lies in the project. */
static Err read_config(Ctx *cx, const char *home, char *name, char *ledger)
{
    char path[REPO_PATH_MAX], *text = NULL;
    size_t n = 0;
    Err err = OK;
    name[0] = ledger[0] = 0;
    TRY(cx, join(cx, home, REPO_CONFIG, path));
    TRY(cx, save_read(cx, path, CONFIG_MAX, &text, &n));
    for (const char *at = text, *end = text + n; at < end && !err;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        err = config_value(cx, at, (size_t)(stop - at), "name:", name, PROJECT_NAME_MAX + 1);
        if (!err) err = config_value(cx, at, (size_t)(stop - at), "ledger:", ledger, DB_ADDRESS_MAX);
        at = stop + 1;
    }
    ctx_put(cx, text);
    if (err == ERR_CORRUPT)
        return FAIL(cx, ERR_BAD_INPUT,
                    "a line 'name:' or 'ledger:' of '%s' cannot be read; write it as name: \"my project\"", path);
    if (!err && !name[0])
        return FAIL(cx, ERR_BAD_INPUT, "'%s' gives the project no name; write a line name: \"my project\"", path);
    return err;
}

/* Where a ledger that does not lie in the project may be, as it is stored. */
static Err check_ledger(Ctx *cx, const char *ledger, char out[DB_ADDRESS_MAX])
{
    bool secret = false;
    if (!db_is_address(ledger))
        return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no address of a ledger; write postgres://[USER@]HOST[:PORT]/DATABASE[?schema=NAME]", ledger);
    TRY(cx, db_address_clean(cx, ledger, out, &secret));
    if (!secret) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "the address '%s' came with a password, which others can see: give it in PGPASSWORD or ~/.pgpass", out);
}

static Err check_name(Ctx *cx, const char *name)
{
    size_t n = strlen(name);
    if (!n || n > PROJECT_NAME_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "a project's name has 1 to %d bytes; '%.40s' has %zu", PROJECT_NAME_MAX,
                    name, n);
    if (!text_utf8_ok(name, n)) return FAIL(cx, ERR_BAD_INPUT, "the project's name '%.40s' is not UTF-8", name);
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < ' ' || *c == 0x7f)
            return FAIL(cx, ERR_BAD_INPUT, "the project's name '%.40s' holds a control character", name);
    }
    return OK;
}

static Err make_inside(Ctx *cx, const char *home, const char *name, const char *actor, const char *ledger)
{
    char path[REPO_PATH_MAX], keys[REPO_PATH_MAX];
    keys_folder(keys);
    const LedgerWho who = { .actor = actor, .project = name, .keys = keys[0] ? keys : NULL };
    const Files *f = cx->world->files;
    Err err = f->make_folder(f->self, home);
    if (err) return FAIL(cx, err, "making the folder '%s'", home);
    TRY(cx, store_make(cx, home));
    TRY(cx, write_config(cx, home, name, ledger));
    TRY(cx, join(cx, home, REPO_DB, path));
    const char *at = ledger ? ledger : path;
    TRY(cx, ledger_make(cx, at, &who));
    Ledger *l = NULL;
    TRY(cx, ledger_open(cx, at, rooms, ROOMS_N, &who, true, &l));      /* makes the rooms' tables */
    ledger_close(cx, l);
    return OK;
}

/* Is this folder below one that git keeps? */
static Err in_git(Ctx *cx, const char *folder, bool *git)
{
    char at[REPO_PATH_MAX];
    memcpy(at, folder, strlen(folder) + 1);
    *git = false;
    do {
        TRY(cx, is_there(cx, at, ".git", git));
    } while (!*git && go_up(at));
    return OK;
}

static bool ignores_us(const char *text)
{
    static const char *const ways[] = { ".leat", ".leat/", "/.leat", "/.leat/" };
    for (const char *at = text; at && *at; at = strchr(at, '\n')) {
        at += *at == '\n';
        size_t n = strcspn(at, "\r\n");
        while (n && (at[n - 1] == ' ' || at[n - 1] == '\t')) n--;
        for (size_t i = 0; i < 4; i++) {
            if (n == strlen(ways[i]) && !memcmp(at, ways[i], n)) return true;
        }
    }
    return false;
}

static Err add_ignore(Ctx *cx, const char *folder, bool *ignored)
{
    char path[REPO_PATH_MAX], *old = NULL;
    bool git = false, there = false;
    size_t n = 0;
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY(cx, in_git(cx, folder, &git));
    if (!git) return OK;
    TRY(cx, join(cx, folder, ".gitignore", path));
    TRY(cx, is_there(cx, folder, ".gitignore", &there));
    if (there) TRY(cx, save_read(cx, path, IGNORE_MAX, &old, &n));
    if (!old || !ignores_us(old)) {
        if (n) text_bytes(&t, old, n);
        if (n && old[n - 1] != '\n') text_char(&t, '\n');
        text_put(&t, ".leat/\n");
        TRY_DONE(cx, text_err(&t));
        TRY_DONE(cx, save_whole(cx, path, t.at, t.n));
        *ignored = true;
    }
done:
    text_clear(&t);
    ctx_put(cx, old);
    return err;
}

static Err any_name(void *arg, const char *name)
{
    (void)arg, (void)name;
    return ERR_REFUSED;
}

/* A .leat/ that is no project is not ours to replace, unless it is empty. */
static Err must_be_free(Ctx *cx, const char *home)
{
    FileInfo info;
    const Files *f = cx->world->files;
    Err err = f->look(f->self, home, &info);
    if (!err && info.type == FILE_FOLDER) err = f->list(f->self, home, any_name, NULL);
    else if (!err && info.type != FILE_NONE) err = ERR_REFUSED;
    if (err == ERR_REFUSED)
        return FAIL(cx, err, "'%s' is there but holds no project (no %s); move it away first", home, REPO_CONFIG);
    return err ? FAIL(cx, err, "looking at '%s'", home) : OK;
}

/* The head of a fresh project, beside it for Git.  What fails is told by the next command that acts. */
static void publish(Ctx *cx, const char *folder, const char *name, const char *actor)
{
    char path[REPO_PATH_MAX], lock[REPO_PATH_MAX];
    Ctx aside;
    Ledger *l = NULL;
    ctx_child(cx, &aside);
    const LedgerWho who = { .actor = actor, .project = name, .lock = lock };
    if (!join(&aside, folder, REPO_LOCK, lock) && !join(&aside, folder, REPO_HOME "/" REPO_DB, path) &&
        !ledger_open(&aside, path, rooms, ROOMS_N, &who, true, &l)) {
        ledger_publish(&aside, l);
        ledger_close(&aside, l);
    }
    ctx_clear(&aside);
}

Err repo_init(Ctx *cx, const char *folder, const char *name, const char *actor, RepoInit *out)
{
    return repo_init_at(cx, folder, name, actor, NULL, out);
}

Err repo_init_at(Ctx *cx, const char *folder, const char *name, const char *actor, const char *ledger, RepoInit *out)
{
    char fresh[REPO_PATH_MAX], part[64], address[DB_ADDRESS_MAX];
    const Files *f = cx->world->files;
    bool there = false;
    FileInfo info;
    memset(out, 0, sizeof *out);
    if (!name) {
        name = strrchr(folder, '/');
        name = name && name[1] ? name + 1 : "project";
    }
    TRY(cx, check_name(cx, name));
    if (ledger) TRY(cx, check_ledger(cx, ledger, address));
    Err err = f->look(f->self, folder, &info);
    if (err) return FAIL(cx, err, "making a project in '%s'", folder);
    if (info.type != FILE_FOLDER) return FAIL(cx, ERR_NOT_FOUND, "no folder '%s' to make a project in", folder);
    TRY(cx, join(cx, folder, REPO_HOME, out->home));
    TRY(cx, is_there(cx, out->home, REPO_CONFIG, &there));
    if (there) return OK;
    TRY(cx, must_be_free(cx, out->home));
    snprintf(part, sizeof part, ".leat.%ld.new", (long)getpid());
    TRY(cx, join(cx, folder, part, fresh));
    err = make_inside(cx, fresh, name, actor, ledger ? address : NULL);
    if (!err) {
        store_make_private(fresh);
        Err bad = f->rename(f->self, fresh, out->home);
        if (!bad) bad = f->sync_folder(f->self, folder);
        if (bad) err = FAIL(cx, bad, "making the project '%s'", out->home);
        out->made = !bad;
    }
    if (err) {
        char text[CTX_TEXT_MAX];               /* looking again must not lose the story */
        memcpy(text, cx->text, sizeof text);
        remove_half(cx, fresh);
        bool lost_race = !is_there(cx, out->home, REPO_CONFIG, &there) && there;
        memcpy(cx->text, text, sizeof text);
        if (lost_race) return OK;
        memset(out, 0, sizeof *out);
        return err;
    }
    publish(cx, folder, name, actor);
    if (add_ignore(cx, folder, &out->ignored)) {
        ctx_warn(cx, "'.leat/' could not be added to .gitignore (%s); add it yourself", cx->text);
        cx->text[0] = 0;
    }
    return OK;
}

/* --- opening --- */

static char *copy(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

static Err open_inside(Ctx *cx, Repo *r, const char *actor, bool writable)
{
    char path[REPO_PATH_MAX], keys[REPO_PATH_MAX], lock[REPO_PATH_MAX], name[PROJECT_NAME_MAX + 1];
    char ledger[DB_ADDRESS_MAX], ledger_at[DB_ADDRESS_MAX];
    TRY(cx, join(cx, r->folder, REPO_HOME, r->home));
    TRY(cx, join(cx, r->folder, REPO_LOCK, lock));
    TRY(cx, join(cx, r->home, REPO_DB, path));
    TRY(cx, store_open(cx, r->home, &r->store));
    TRY(cx, read_config(cx, r->home, name, ledger));
    r->name = copy(cx, name);
    r->actor = copy(cx, actor);
    if (!r->name || !r->actor) return FAIL(cx, ERR_NOMEM, "opening the project '%s'", r->folder);
    keys_folder(keys);
    const LedgerWho who = { .actor = r->actor, .project = r->name, .keys = keys[0] ? keys : NULL, .lock = lock, .store = r->store };
    if (ledger[0]) TRY(cx, check_ledger(cx, ledger, ledger_at));
    TRY(cx, ledger_open(cx, ledger[0] ? ledger_at : path, rooms, ROOMS_N, &who, writable, &r->ledger));
    ledger_search_words(r->ledger, repo_more_words, r);
    if (writable) {
        TRY(cx, store_tidy(cx, r->store));
        TRY(cx, repo_bury(cx, r));
    }
    return OK;
}

Err repo_open(Ctx *cx, const char *folder, const char *actor, bool writable, Repo **out)
{
    *out = NULL;
    if (strlen(folder) >= REPO_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", folder);
    Repo *r = ctx_get(cx, sizeof *r);
    if (!r) return FAIL(cx, ERR_NOMEM, "opening the project '%s'", folder);
    memcpy(r->folder, folder, strlen(folder) + 1);
    Err err = open_inside(cx, r, actor, writable);
    if (err) repo_close(cx, r);
    else *out = r;
    return err;
}

void repo_close(Ctx *cx, Repo *r)
{
    if (!r) return;
    if (r->ledger) {                           /* what fails here is made up for later */
        Ctx aside;
        ctx_child(cx, &aside);
        (void)!ledger_search_index(&aside, r->ledger, INDEX_BEHIND);
        ctx_clear(&aside);
    }
    ledger_close(cx, r->ledger);
    store_close(cx, r->store);
    ctx_put(cx, r->name);
    ctx_put(cx, r->actor);
    ctx_put(cx, r);
}

Store *repo_store(Repo *r) { return r->store; }
Ledger *repo_ledger(Repo *r) { return r->ledger; }
const char *repo_folder(const Repo *r) { return r->folder; }
const char *repo_home(const Repo *r) { return r->home; }
const char *repo_name(const Repo *r) { return r->name; }
