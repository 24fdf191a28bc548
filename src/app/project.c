/* app/project.c -- the project a verb works in: found, made or done without. */
#include "app/inner.h"

#include "os/os.h"

#include <string.h>

bool project_here(Ctx *cx, char folder[REPO_PATH_MAX])
{
    char cwd[OS_PATH_MAX];
    Ctx aside;
    ctx_child(cx, &aside);
    bool found = !os_cwd(&aside, cwd) && !repo_find(&aside, cwd, folder);
    ctx_clear(&aside);
    return found;
}

Err project_open_in(Ctx *cx, House *house, const char *folder, ProjectNeed need)
{
    char actor[128];
    bool writable = need >= PROJECT_WRITE;
    if (house->project) {
        if (house->project->writable || !writable) return OK;
        house_close(cx, house);
    }
    os_user_name(actor, sizeof actor);
    Project *p = ctx_get(cx, sizeof *p);
    if (!p) return FAIL(cx, ERR_NOMEM, "opening the project in '%s'", folder);
    snprintf(p->folder, sizeof p->folder, "%s", folder);
    p->writable = writable;
    Err err = repo_open(cx, folder, actor, writable, &p->repo);
    if (err == ERR_REFUSED &&
        !writable) { /* its tables must be folded anew first: a fresh one, or of an older leat */
        p->writable = true;
        err = repo_open(cx, folder, actor, true, &p->repo);
    }
    if (err) {
        ctx_put(cx, p);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    house->project = p;
    return OK;
}

Err project_open(Ctx *cx, House *house, ProjectNeed need, bool *made)
{
    char cwd[OS_PATH_MAX], actor[128], folder[REPO_PATH_MAX];
    if (made) *made = false;
    if (house->project && (house->project->writable || need < PROJECT_WRITE)) return OK;
    os_user_name(actor, sizeof actor);
    TRY(cx, os_cwd(cx, cwd));
    if (!project_here(cx, folder)) {
        if (need == PROJECT_MAYBE) return OK;
        if (need != PROJECT_MAKE) return repo_find(cx, cwd, folder); /* says what is missing, and what to do */
        RepoInit init;
        TRY(cx, repo_init(cx, cwd, NULL, actor, &init));
        if (made) *made = init.made;
        memcpy(folder, cwd, sizeof folder);
    }
    TRY(cx, project_open_in(cx, house, folder, need));
    return OK;
}

void house_close(Ctx *cx, House *house)
{
    if (!house->project) return;
    lake_close(cx, house->project->lake);
    repo_close(cx, house->project->repo);
    ctx_put(cx, house->project);
    house->project = NULL;
}

Err app_go(Ctx *cx, const char *folder)
{
    TRY(cx, os_chdir(cx, folder));
    return OK;
}

Err app_init(Ctx *cx, House *house, const AppInitIn *in, AppInitOut *out)
{
    const Files *f = cx->world->files;
    char folder[OS_PATH_MAX], actor[128];
    FileInfo info;
    RepoInit init;
    (void)house;
    *out = (AppInitOut){ 0 };
    if (in->folder) {
        Err err = f->look(f->self, in->folder, &info);
        if (err) return FAIL(cx, err, "looking at '%s'", in->folder);
        if (info.type == FILE_PLAIN || info.type == FILE_OTHER)
            return FAIL(cx, ERR_BAD_INPUT, "'%s' is a file, and a project is a folder", in->folder);
        if (info.type == FILE_NONE && (err = f->make_folder(f->self, in->folder)))
            return FAIL(cx, err, "making the folder '%s': is the folder above it there, and yours?", in->folder);
        TRY(cx, os_real_path(cx, in->folder, folder));
    } else TRY(cx, os_cwd(cx, folder));
    os_user_name(actor, sizeof actor);
    TRY(cx, repo_init_at(cx, folder, NULL, actor, in->ledger, &init));
    out->folder = ctx_scratch_text(cx, folder);
    if (!out->folder) return FAIL(cx, ERR_NOMEM, "after making the project in '%s'", folder);
    out->made = init.made;
    out->git = init.ignored;
    return OK;
}

void app_init_json(const AppInitOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "project", out->folder);
    json_key_bool(t, "made", out->made);
    json_key_bool(t, "git", out->git);
    json_close(t);
}

Err app_worker(Ctx *cx, uint64_t bytes)
{
    TRY(cx, auto_worker(cx, bytes));
    return OK;
}
