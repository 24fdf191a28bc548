/* app/doctor.c -- what this machine has and lacks, and what to do about it. */
#include "app/inner.h"

#include "os/os.h"

#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define CHECKS_MAX 32
#define LOW_MEMORY ((uint64_t)512 << 20)
#define LOW_DISK   ((uint64_t)1 << 30)

static void add(AppDoctorOut *out, AppHealth health, const char *name, const char *found, const char *what_for,
                const char *advice)
{
    if (out->n == CHECKS_MAX || !found) return;
    out->check[out->n++] = (AppCheck){ name, found, what_for, advice, health };
}

static const char *gib(Ctx *cx, uint64_t bytes)
{
    return ctx_scratch_fmt(cx, "%.1f GiB", (double)bytes / (double)(1ull << 30));
}

static void machine(Ctx *cx, AppDoctorOut *out)
{
    char cpu[256], cwd[OS_PATH_MAX];
    unsigned n = os_cpus();
    uint64_t disk = 0;
    OsMemory m = os_memory();
    os_cpu_name(cpu, sizeof cpu);
    bool avx2 = strstr(cpu, "avx2") || strstr(cpu, "avx512");
    add(out, avx2 ? APP_FINE : APP_NOTE, "processor", ctx_scratch_fmt(cx, "%s, %u to use", cpu, n), "",
        avx2 ? "" : "without AVX2 the neural net trains several times slower");
    add(out, m.free < LOW_MEMORY ? APP_NOTE : APP_FINE, "memory",
        ctx_scratch_fmt(cx, "%s free of %s", gib(cx, m.free), gib(cx, m.total)), "",
        m.free < LOW_MEMORY ? "give --memory, and fewer --threads" : "");
    if (!os_cwd(cx, cwd) && os_disk_free(cwd, &disk))
        add(out, disk < LOW_DISK ? APP_NOTE : APP_FINE, "disk", ctx_scratch_fmt(cx, "%s free here", gib(cx, disk)),
            "", disk < LOW_DISK ? "a project keeps its data: free some space, or use --no-keep" : "");
}

/* A library that is opened when it is first needed: is it there, and does it open? */
static void library(Ctx *cx, AppDoctorOut *out, const char *name, const char *file, const char *what_for)
{
    char path[OS_PATH_MAX];
    void *lib;
    Ctx aside;
    ctx_child(cx, &aside);
    bool there = !os_lib_path(&aside, file, path) && !os_dlopen(&aside, file, &lib);
    if (there) {
        add(out, APP_FINE, name, ctx_scratch_text(cx, path), what_for, "");
    } else {
        add(out, APP_LACKS, name, ctx_scratch_fmt(cx, "not found: %.200s", aside.text), what_for,
            "run scripts/bootstrap, or set LEAT_LIB to the folder that holds it");
    }
    ctx_clear(&aside);
}

static void engine(Ctx *cx, AppDoctorOut *out)
{
    char version[32];
    Ctx aside;
    ctx_child(cx, &aside);
    if (!query_engine(&aside, version))
        add(out, APP_FINE, "DuckDB", ctx_scratch_text(cx, version), "reads and writes every file", "");
    else
        add(out, APP_LACKS, "DuckDB", ctx_scratch_fmt(cx, "not found: %.200s", aside.text),
            "reads and writes every file",
            "run scripts/bootstrap, or set LEAT_LIB to the folder that holds libduckdb.so");
    ctx_clear(&aside);
}

static void surroundings(Ctx *cx, AppDoctorOut *out)
{
    char folder[REPO_PATH_MAX];
    Ctx aside;
    Text said;
    int status = 1;
    static const char *const git[] = { "git", "--version", NULL };
    if (project_here(cx, folder)) add(out, APP_FINE, "project", ctx_scratch_text(cx, folder), "", "");
    else add(out, APP_NOTE, "project", "none here", "", "'leat init' makes one; 'leat auto' does so by itself");
    if (os_is_terminal(1))
        add(out, APP_FINE, "terminal", ctx_scratch_fmt(cx, "%u columns", os_terminal_columns(1)), "", "");
    else add(out, APP_FINE, "terminal", "none on standard output", "", "");
    ctx_child(cx, &aside);
    aside.deadline_us = ctx_mono_us(cx) + 2000000;
    text_init(&said, &aside);
    if (!os_run(&aside, NULL, git, 4096, &said, &status) && !status && said.at) {
        said.at[strcspn(said.at, "\n")] = 0;
        add(out, APP_FINE, "git", ctx_scratch_text(cx, said.at), "records which commit a run was made at", "");
    } else
        add(out, APP_NOTE, "git", "not found", "records which commit a run was made at",
            "runs are recorded without it");
    text_clear(&said);
    ctx_clear(&aside);
}

Err app_doctor(Ctx *cx, House *house, AppDoctorOut *out)
{
    (void)house;
    *out = (AppDoctorOut){ .check = ctx_scratch(cx, CHECKS_MAX * sizeof *out->check) };
    if (!out->check) return FAIL(cx, ERR_NOMEM, "looking around");
    add(out, APP_FINE, "leat", LEAT_VERSION, "", "");
    machine(cx, out);
    engine(cx, out);
    library(cx, out, "LightGBM", "lib_lightgbm.so", "learner lightgbm");
    library(cx, out, "XGBoost", "libxgboost.so", "learner xgboost");
    library(cx, out, "oneDNN", "libdnnl.so.2", "learner mlp");
    library(cx, out, "libyaml", "libyaml-0.so.2", "reads the rules of 'data check'");
    add(out, APP_FINE, "SQLite", sqlite3_libversion(), "the project's ledger", "");
    add(out, APP_FINE, "OpenSSL", OpenSSL_version(OPENSSL_VERSION), "names bytes by their SHA-256", "");
    add(out, APP_FINE, "zstd", ZSTD_versionString(), "packs the bytes of a project", "");
    surroundings(cx, out);
    return OK;
}

void app_doctor_json(const AppDoctorOut *out, Text *t)
{
    static const char *const word[] = { "ok", "note", "lacks" };
    bool fine = true;
    json_open(t);
    json_key_open_array(t, "checks");
    for (size_t i = 0; i < out->n; i++) {
        const AppCheck *c = &out->check[i];
        fine = fine && c->health != APP_LACKS;
        json_open(t);
        json_key_text(t, "name", c->name);
        json_key_text(t, "health", word[c->health]);
        json_key_text(t, "found", c->found);
        if (c->what_for[0]) json_key_text(t, "what_for", c->what_for);
        if (c->advice[0]) json_key_text(t, "advice", c->advice);
        json_close(t);
    }
    json_close_array(t);
    json_key_bool(t, "fine", fine);
    json_close(t);
}
