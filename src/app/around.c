/* app/around.c -- what surrounds a run and decides how it goes: environment, packages, the state of the code. */
#include "app/inner.h"

#include "base/save.h"
#include "base/secret.h"
#include "os/os.h"

#include <stdlib.h>
#include <string.h>

#define PACKAGES_MAX ((size_t)8 << 20)
#define PACKAGES_WAIT_US 3000000
#define VALUE_MAX 4096

extern char **environ;

/* Only these are recorded: what a variable is called must promise that it holds no secret. */
static const char *const env_names[] = {
    "CI", "CONDA_DEFAULT_ENV", "CONDA_PREFIX", "CUDA_VISIBLE_DEVICES", "GITHUB_ACTIONS", "GITHUB_REF", "GITHUB_REPOSITORY", "GITHUB_RUN_ID",
    "GITHUB_SHA", "GITHUB_WORKFLOW", "GIT_BRANCH", "GIT_COMMIT", "BUILD_NUMBER", "BUILD_TAG", "JOB_NAME", "CI_COMMIT_SHA", "CI_PIPELINE_ID",
    "HOSTNAME", "JAVA_HOME", "JULIA_NUM_THREADS", "JULIA_PROJECT", "KMP_AFFINITY", "LANG", "LANGUAGE", "LD_LIBRARY_PATH", "LD_PRELOAD",
    "LEAT_LIB", "LEAT_WITHOUT", "MALLOC_ARENA_MAX", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NVIDIA_VISIBLE_DEVICES", "OMP_NUM_THREADS",
    "OMP_PROC_BIND", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "PATH", "PWD", "PYTHONHASHSEED", "PYTHONHOME", "PYTHONPATH", "R_HOME", "R_LIBS",
    "R_LIBS_USER", "SHELL", "SOURCE_DATE_EPOCH", "TF_DETERMINISTIC_OPS", "TZ", "VIRTUAL_ENV", NULL };
static const char *const env_begins[] = { "LC_", "SLURM_JOB", "SLURM_NTASKS", "SLURM_CPUS", "SLURM_ARRAY", "CUBLAS_WORKSPACE", NULL };

static bool recorded(const char *name, size_t n, const char *const *more, size_t more_n)
{
    for (const char *const *k = env_names; *k; k++)
        if (strlen(*k) == n && !memcmp(*k, name, n)) return true;
    for (const char *const *k = env_begins; *k; k++)
        if (strlen(*k) <= n && !memcmp(*k, name, strlen(*k))) return true;
    for (size_t i = 0; i < more_n; i++)
        if (strlen(more[i]) == n && !memcmp(more[i], name, n)) return true;
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

Err around_environment(Ctx *cx, const Secrets *known, const char *const *more, size_t more_n, const char **out)
{
    size_t n = 0, kept = 0;
    Text t, clean;
    Err err = OK;
    *out = NULL;
    for (size_t i = 0; i < more_n; i++)
        if (secret_name(more[i], strlen(more[i])))
            return FAIL(cx, ERR_REFUSED, "'%.100s' names a secret, and secrets are never recorded: leave --env %.100s out", more[i], more[i]);
    while (environ[n]) n++;
    const char **at = ctx_scratch(cx, (n + 1) * sizeof *at);
    if (!at) return FAIL(cx, ERR_NOMEM, "noting the environment");
    for (size_t i = 0; i < n; i++) {
        size_t name = strcspn(environ[i], "=");
        if (environ[i][name] && recorded(environ[i], name, more, more_n) && !secret_name(environ[i], name)) at[kept++] = environ[i];
    }
    if (kept) qsort(at, kept, sizeof *at, by_text);
    text_init(&t, cx);
    text_init(&clean, cx);
    json_open(&t);
    for (size_t i = 0; i < kept && !err; i++) {
        size_t name = strcspn(at[i], "="), size = strlen(at[i] + name + 1);
        if (i && !strncmp(at[i], at[i - 1], name + 1)) continue;
        clean.n = 0;
        err = secret_scrub(cx, known, at[i] + name + 1, size < VALUE_MAX ? size : VALUE_MAX, &clean, NULL);
        char *key = ctx_scratch(cx, name + 1);
        if (!err && !key) err = FAIL(cx, ERR_NOMEM, "noting the environment");
        if (err) break;
        memcpy(key, at[i], name);
        json_key_text(&t, key, clean.n ? clean.at : "");
    }
    json_close(&t);
    if (!err) err = text_err(&t);
    if (!err && !(*out = ctx_scratch_text(cx, t.at))) err = FAIL(cx, ERR_NOMEM, "noting the environment");
    text_clear(&clean);
    text_clear(&t);
    return err;
}

/* ------------------------------------------------------------------ inputs */

Err around_input(Ctx *cx, House *house, const char *ref, const char *context, InputIn *out)
{
    const Files *f = cx->world->files;
    char hex[SHA256_TEXT_MAX];
    FileInfo info;
    LakeVersion v;
    Lake *lake;
    *out = (InputIn){ .name = ref, .context = context };
    bool here = !f->look(f->self, ref, &info) && info.type != FILE_NONE;
    if (!here && lake_ref_ok(ref)) {
        TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
        TRY(cx, lake_find(cx, lake, ref, &v));
        digest_text(&v.tree, hex);
        out->name = ctx_scratch_fmt(cx, "%s@%llu", v.dataset, (unsigned long long)v.n);
        out->source_type = "leat";
        out->bytes = (int64_t)v.bytes;
    } else {
        DataBytes data;
        TRY(cx, data_bytes(cx, repo_store(house->project->repo), ref, false, &data));   /* its bytes belong into the lake */
        digest_text(&data.digest, hex);
        out->source_type = "local";
        out->source = ref;
        out->bytes = (int64_t)data.bytes;
    }
    out->digest = ctx_scratch_text(cx, hex);
    return out->name && out->digest ? OK : FAIL(cx, ERR_NOMEM, "noting data '%s'", ref);
}

/* ---------------------------------------------------------------- packages */

static Err keep_text(Ctx *cx, Repo *repo, const char *id, const char *name, const char *text, size_t n)
{
    const ArtifactIn in = { .name = name, .media = media_of(name), .bytes = text, .bytes_n = n, .text = text_utf8_ok(text, n) ? text : NULL };
    if (!n) return OK;
    TRY(cx, repo_log_artifact(cx, repo, id, &in, NULL));
    return OK;
}

/* The files that say which packages a project is made with, wherever they lie beside the program. */
static Err lock_files(Ctx *cx, Repo *repo, const char *id, const Secrets *known)
{
    static const char *const names[] = {
        "requirements.txt", "poetry.lock", "Pipfile.lock", "uv.lock", "pdm.lock", "environment.yml", "environment.yaml", "conda-lock.yml",
        "pyproject.toml", "renv.lock", "DESCRIPTION", "package.json", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "Cargo.lock", "go.mod",
        "go.sum", "Manifest.toml", "Project.toml", "Gemfile.lock", "pom.xml", "build.sbt", "build.gradle", NULL };
    const Files *f = cx->world->files;
    for (const char *const *k = names; *k; k++) {
        FileInfo info;
        char *text = NULL, name[64];
        size_t n;
        Text clean;
        if (f->look(f->self, *k, &info) || info.type != FILE_PLAIN || info.size > PACKAGES_MAX) continue;
        TRY(cx, save_read(cx, *k, PACKAGES_MAX, &text, &n));
        text_init(&clean, cx);
        Err err = secret_scrub(cx, known, text, n, &clean, NULL);
        snprintf(name, sizeof name, "code/packages/%s", *k);
        if (!err) err = keep_text(cx, repo, id, name, clean.at ? clean.at : "", clean.n);
        text_clear(&clean);
        ctx_put(cx, text);
        TRY(cx, err);
    }
    return OK;
}

/* What the Python that is about to run has installed: asked of itself, without its package manager. */
static Err python_packages(Ctx *cx, Repo *repo, const char *id, const char *program)
{
    static const char ask[] = "import sys,os\nprint('python=='+sys.version.split()[0])\n"
                              "s=set()\nfor p in sys.path:\n  if os.path.isdir(p):\n"
                              "    for d in os.listdir(p):\n      if d.endswith('.dist-info'): s.add(d[:-10].replace('-','==',1))\n"
                              "print('\\n'.join(sorted(s)))";
    const char *const argv[] = { program, "-c", ask, NULL };
    const char *slash = strrchr(program, '/'), *name = slash ? slash + 1 : program;
    Ctx aside;
    Text said;
    int status = 1;
    if (strncmp(name, "python", 6)) return OK;
    ctx_child(cx, &aside);
    aside.deadline_us = ctx_mono_us(cx) + PACKAGES_WAIT_US;
    text_init(&said, cx);
    Err err = os_run(&aside, NULL, argv, PACKAGES_MAX, &said, &status);
    ctx_clear(&aside);
    if (!err && !status && said.at) err = keep_text(cx, repo, id, "code/packages.txt", said.at, said.n);
    else err = OK;                                 /* a note: it is lacking then */
    text_clear(&said);
    return err;
}

Err around_packages(Ctx *cx, Repo *repo, const char *id, const Secrets *known, const char *program)
{
    TRY(cx, lock_files(cx, repo, id, known));
    if (program) TRY(cx, python_packages(cx, repo, id, program));
    return OK;
}

/* -------------------------------------------------------------------- code */

Err around_code(Ctx *cx, Repo *repo, const char *id, const Text *diff, const Text *untracked)
{
    TRY(cx, keep_text(cx, repo, id, "code/dirty.diff", diff->at ? diff->at : "", diff->n));
    TRY(cx, keep_text(cx, repo, id, "code/untracked.txt", untracked->at ? untracked->at : "", untracked->n));
    return OK;
}
