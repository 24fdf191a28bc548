/* app/remote.c -- other places that hold what this project holds: name them, push to them, pull from them, clone.
**
** The list lies in .leat/remotes.json and holds no secrets.  Objects go by the difference of two sets; then the log of each
** ledger, as signed segments beside the objects, so that what was done where can be proved everywhere.
*/
#include "app/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define REMOTES_BYTES_MAX ((size_t)1 << 20)

static Err list_path(Ctx *cx, const House *house, char out[APP_PATH_MAX])
{
    int n = snprintf(out, APP_PATH_MAX, "%s/remotes.json", repo_home(house->project->repo));
    return n > 0 && n < APP_PATH_MAX ? OK : FAIL(cx, ERR_LIMIT, "the project's path is too long");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const AppRemote *)a)->name, ((const AppRemote *)b)->name);
}

static Err read_list(Ctx *cx, House *house, AppRemote **out, size_t *n)
{
    char path[APP_PATH_MAX], *text;
    size_t bytes, i, all;
    yyjson_val *key, *value;
    *n = 0;
    TRY(cx, list_path(cx, house, path));
    Err err = save_read(cx, path, REMOTES_BYTES_MAX, &text, &bytes);
    bool none = err == ERR_NOT_FOUND;
    if (err && !none) return err;
    yyjson_doc *doc = none ? NULL : yyjson_read(text, bytes, 0);
    if (!none) ctx_put(cx, text);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!none && !yyjson_is_obj(root)) {
        yyjson_doc_free(doc);
        return FAIL(cx, ERR_CORRUPT, "'%s' does not hold a list of remotes; remove it and add them again", path);
    }
    *out = ctx_scratch(cx, (yyjson_obj_size(root) + 2) * sizeof **out);
    if (!*out) err = FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    else err = OK;
    yyjson_obj_foreach(root, i, all, key, value) {
        if (err || !yyjson_is_str(value)) continue;
        AppRemote *r = &(*out)[(*n)++];
        r->name = ctx_scratch_text(cx, yyjson_get_str(key));
        r->url = ctx_scratch_text(cx, yyjson_get_str(value));
        if (!r->name || !r->url) err = FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    }
    yyjson_doc_free(doc);
    if (!err) qsort(*out, *n, sizeof **out, by_name);
    return err;
}

static Err write_list(Ctx *cx, House *house, const AppRemote *remote, size_t n)
{
    char path[APP_PATH_MAX];
    Text t;
    TRY(cx, list_path(cx, house, path));
    text_init(&t, cx);
    json_open(&t);
    for (size_t i = 0; i < n; i++) json_key_text(&t, remote[i].name, remote[i].url);
    json_close(&t);
    text_char(&t, '\n');
    Err err = text_err(&t);
    if (!err) err = save_whole(cx, path, t.at, t.n);
    text_clear(&t);
    return err;
}

static AppRemote *named(AppRemote *remote, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(remote[i].name, name)) return &remote[i];
    return NULL;
}

static Err name_ok(Ctx *cx, const char *name)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t n = strlen(name);
    if (n && n < APP_NAME_MAX && strspn(name, good) == n && name[0] != '-') return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%.80s' is no name for a remote: letters, digits, - _ and . make one", name);
}

/* A path is kept absolute: it means the same from everywhere. */
static Err full_address(Ctx *cx, const char *url, char out[STORE_PATH_MAX])
{
    char cwd[OS_PATH_MAX];
    TRY(cx, store_address_check(cx, url));
    bool relative = store_is_path(url) && url[0] != '/' && strncmp(url, "file://", 7);
    if (relative) TRY(cx, os_cwd(cx, cwd));
    int n = snprintf(out, STORE_PATH_MAX, "%s%s%s", relative ? cwd : "", relative ? "/" : "", url);
    return n > 0 && n < STORE_PATH_MAX ? OK : FAIL(cx, ERR_LIMIT, "the address '%.60s…' is too long", url);
}

Err app_remote_add(Ctx *cx, House *house, const AppRemoteIn *in, AppRemotesOut *out)
{
    char url[STORE_PATH_MAX];
    *out = (AppRemotesOut){ 0 };
    TRY(cx, name_ok(cx, in->name));
    TRY(cx, full_address(cx, in->url, url));
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, read_list(cx, house, &out->remote, &out->n));
    if (named(out->remote, out->n, in->name))
        return FAIL(cx, ERR_REFUSED, "there is a remote '%s' already; 'leat remote rm %s' forgets it", in->name, in->name);
    out->remote[out->n++] = (AppRemote){ in->name, ctx_scratch_text(cx, url) };
    if (!out->remote[out->n - 1].url) return FAIL(cx, ERR_NOMEM, "adding a remote");
    qsort(out->remote, out->n, sizeof *out->remote, by_name);
    return write_list(cx, house, out->remote, out->n);
}

Err app_remote_rm(Ctx *cx, House *house, const AppRemoteIn *in, AppRemotesOut *out)
{
    *out = (AppRemotesOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, read_list(cx, house, &out->remote, &out->n));
    AppRemote *r = named(out->remote, out->n, in->name);
    if (!r) return FAIL(cx, ERR_NOT_FOUND, "there is no remote '%s'; 'leat remote ls' lists them", in->name);
    *r = out->remote[--out->n];
    qsort(out->remote, out->n, sizeof *out->remote, by_name);
    return write_list(cx, house, out->remote, out->n);
}

Err app_remotes(Ctx *cx, House *house, AppRemotesOut *out)
{
    *out = (AppRemotesOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    return read_list(cx, house, &out->remote, &out->n);
}

void app_remotes_json(const AppRemotesOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "remotes");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_text(t, "name", out->remote[i].name);
        json_key_text(t, "url", out->remote[i].url);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* --- going there and back --- */

/* The remote of that name; the only one, or origin, when none is named.  An address stands for itself. */
static Err choose(Ctx *cx, House *house, const char *name, const char **url)
{
    AppRemote *remote;
    size_t n;
    TRY(cx, read_list(cx, house, &remote, &n));
    if (!n && !name)
        return FAIL(cx, ERR_NOT_FOUND, "this project has no remote yet; 'leat remote add origin ADDRESS' names one");
    const AppRemote *r = named(remote, n, name ? name : "origin");
    if (!r && !name && n == 1) r = remote;
    if (!r && name)
        return FAIL(cx, ERR_NOT_FOUND, "there is no remote '%s'; 'leat remote ls' lists them", name);
    if (!r) return FAIL(cx, ERR_USAGE, "this project has %zu remotes and none is called origin: say which", n);
    *url = r->url;
    return OK;
}

/* A folder that is not there is made; what is above it is not. */
static Err far_open(Ctx *cx, const char *url, bool make, Store **out)
{
    const Files *f = cx->world->files;
    const char *path = strncmp(url, "file://", 7) ? url : url + 7;
    if (make && store_is_path(url)) {
        Err err = f->make_folder(f->self, path);
        if (err) return FAIL(cx, err, "making the folder '%s': is the folder above it there, and yours?", path);
    }
    if (make) TRY(cx, store_make(cx, url));
    return store_open(cx, url, out);
}

static Err transfer(Ctx *cx, House *house, const char *url, bool push, AppTransferOut *out)
{
    Store *far = NULL, *here = repo_store(house->project->repo);
    StoreCopyOut did;
    Err err = OK;
    *out = (AppTransferOut){ .url = ctx_scratch_text(cx, url) };
    if (!out->url) return FAIL(cx, ERR_NOMEM, "asking '%s'", url);
    TRY(cx, far_open(cx, url, push, &far));
    TRY_DONE(cx, store_copy(cx, push ? here : far, push ? far : here, &did));
    out->objects = did.objects;
    out->bytes = did.bytes;
    out->there = did.there;
    TRY_DONE(cx, push ? remote_log_push(cx, house, far, out) : remote_log_pull(cx, house, far, out));   /* what it names is there then */
done:
    store_close(cx, far);
    return err;
}

Err app_push(Ctx *cx, House *house, const AppTransferIn *in, AppTransferOut *out)
{
    const char *url;
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, choose(cx, house, in->remote, &url));
    return transfer(cx, house, url, true, out);
}

Err app_pull(Ctx *cx, House *house, const AppTransferIn *in, AppTransferOut *out)
{
    const char *url;
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, choose(cx, house, in->remote, &url));
    return transfer(cx, house, url, false, out);
}

/* The last part of an address, without its query. */
static void folder_of(const char *url, char out[APP_NAME_MAX])
{
    size_t n = strcspn(url, "?");
    while (n && url[n - 1] == '/') n--;
    size_t from = n;
    while (from && url[from - 1] != '/') from--;
    snprintf(out, APP_NAME_MAX, "%.*s", (int)(n - from), url + from);
}

Err app_clone(Ctx *cx, House *house, const AppCloneIn *in, AppTransferOut *out)
{
    char url[STORE_PATH_MAX], name[APP_NAME_MAX];
    const Files *f = cx->world->files;
    Store *far = NULL;
    FileInfo info;
    AppInitOut init;
    AppRemotesOut remotes;
    *out = (AppTransferOut){ 0 };
    TRY(cx, full_address(cx, in->url, url));
    folder_of(url, name);
    const char *folder = in->folder ? in->folder : name;
    if (!folder[0]) return FAIL(cx, ERR_USAGE, "say into which folder: leat clone ADDRESS DIR");
    Err err = f->look(f->self, folder, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", folder);
    if (info.type != FILE_NONE) return FAIL(cx, ERR_REFUSED, "'%s' is there already; name another folder", folder);
    TRY(cx, far_open(cx, url, false, &far));                       /* before anything is made */
    store_close(cx, far);
    house_close(cx, house);
    TRY(cx, app_init(cx, house, &(AppInitIn){ .folder = folder }, &init));
    TRY(cx, os_chdir(cx, init.folder));
    TRY(cx, app_remote_add(cx, house, &(AppRemoteIn){ "origin", url }, &remotes));
    TRY(cx, transfer(cx, house, url, false, out));
    out->folder = init.folder;
    return OK;
}

void app_transfer_json(const AppTransferOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "remote", out->url);
    if (out->folder) json_key_text(t, "folder", out->folder);
    json_key_int(t, "objects", (int64_t)out->objects);
    json_key_int(t, "bytes", (int64_t)out->bytes);
    json_key_int(t, "objects_there_before", (int64_t)out->there);
    json_key_int(t, "events", (int64_t)out->events);
    json_key_int(t, "ledgers", (int64_t)out->ledgers);
    json_close(t);
}
