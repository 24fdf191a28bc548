/* app/sweep.c -- the store as verbs: gc, fsck. */
#include "app/inner.h"

#include <string.h>

#define FAULTS_MAX 1000            /* that one answer holds */

Err app_gc(Ctx *cx, House *house, const AppGcIn *in, AppGcOut *out)
{
    StoreGcOut did;
    *out = (AppGcOut){ .dry_run = in->dry_run };
    TRY(cx, project_open(cx, house, in->dry_run ? PROJECT_READ : PROJECT_WRITE, NULL));
    StoreGcIn ask = { .roots = app_roots, .arg = house, .dry_run = in->dry_run };
    TRY(cx, store_gc(cx, repo_store(house->project->repo), &ask, &did));
    out->objects = did.objects;
    out->kept = did.kept;
    out->spared = did.spared;
    out->removed = did.removed;
    out->freed = did.freed;
    return OK;
}

void app_gc_json(const AppGcOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "objects", (int64_t)out->objects);
    json_key_int(t, "kept", (int64_t)out->kept);
    json_key_int(t, "spared", (int64_t)out->spared);
    json_key_int(t, "removed", (int64_t)out->removed);
    json_key_int(t, "freed_bytes", (int64_t)out->freed);
    json_key_bool(t, "dry_run", out->dry_run);
    json_close(t);
}

typedef struct Faults { Ctx *cx; AppFault *at; size_t n; } Faults;

static Err take_fault(void *arg, const StoreFault *fault)
{
    Faults *f = arg;
    char hex[SHA256_TEXT_MAX] = "";
    if (f->n == FAULTS_MAX) return OK;
    if (fault->object) digest_text(fault->object, hex);
    AppFault *a = &f->at[f->n];
    *a = (AppFault){ .where = ctx_scratch_text(f->cx, fault->where), .what = ctx_scratch_text(f->cx, fault->what),
                     .object = ctx_scratch_text(f->cx, hex), .byte = fault->byte };
    if (!a->where || !a->what || !a->object) return FAIL(f->cx, ERR_NOMEM, "listing faults");
    f->n++;
    return OK;
}

/* What is named must also be there. */
typedef struct Missing { Ctx *cx; Store *store; Faults *faults; uint64_t n; } Missing;

static Err is_there(void *to, const Digest *d)
{
    Missing *m = to;
    bool has;
    StoreFault fault = { .where = "objects", .object = d, .what = "the log or a dataset names it, and it is not there" };
    TRY(m->cx, store_has(m->cx, m->store, d, &has));
    if (has) return OK;
    m->n++;
    return take_fault(m->faults, &fault);
}

static Err live_there(Ctx *cx, void *arg, const Digest *d)
{
    (void)cx;
    return is_there(arg, d);
}

Err app_fsck(Ctx *cx, House *house, const AppFsckIn *in, AppFsckOut *out)
{
    StoreFsckOut did;
    Lake *lake;
    *out = (AppFsckOut){ 0 };
    TRY(cx, project_open(cx, house, in->repair ? PROJECT_WRITE : PROJECT_READ, NULL));
    Store *s = repo_store(house->project->repo);
    Faults f = { .cx = cx, .at = ctx_scratch(cx, FAULTS_MAX * sizeof(AppFault)) };
    Missing missing = { .cx = cx, .store = s, .faults = &f };
    if (!f.at) return FAIL(cx, ERR_NOMEM, "looking at the store");
    TRY(cx, store_fsck(cx, s, in->repair, take_fault, &f, &did));
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    Err err = lake_live(cx, lake, live_there, &missing);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) {
        StoreFault fault = { .where = "objects", .what = cx->text };
        missing.n++;
        err = take_fault(&f, &fault);
    }
    TRY(cx, err);
    *out = (AppFsckOut){ .objects = did.objects, .bytes = did.bytes, .packs = did.packs, .indexes = did.indexes,
                         .faults = did.faults + missing.n, .fault = f.at, .fault_n = f.n, .rebuilt = did.rebuilt };
    return OK;
}

void app_fsck_json(const AppFsckOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "objects", (int64_t)out->objects);
    json_key_int(t, "bytes", (int64_t)out->bytes);
    json_key_int(t, "packs", (int64_t)out->packs);
    json_key_int(t, "indexes", (int64_t)out->indexes);
    json_key_int(t, "faults", (int64_t)out->faults);
    json_key_bool(t, "rebuilt", out->rebuilt);
    json_key(t, "fault");
    json_open_array(t);
    for (size_t i = 0; i < out->fault_n; i++) {
        json_open(t);
        json_key_text(t, "where", out->fault[i].where);
        json_key_int(t, "byte", (int64_t)out->fault[i].byte);
        json_key_text(t, "object", out->fault[i].object);
        json_key_text(t, "what", out->fault[i].what);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}
