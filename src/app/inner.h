/* app/inner.h -- what the verbs share: the project, reading data, builds, pages. */
#ifndef APP_INNER_H
#define APP_INNER_H

#include "app/app.h"
#include "auto/auto.h"
#include "base/secret.h"
#include "lake/lake.h"
#include "query/query.h"
#include "repo/repo.h"

#include <yyjson.h>

#define APP_DATA_FILES_MAX 10000
#define APP_BUILD_MAX BUILD_FILE_MAX

/* ---------------------------------------------------------------- project.c */

struct Project {
    Repo *repo;
    Lake *lake;          /* NULL until lake_here */
    bool writable;
    char folder[REPO_PATH_MAX];
};

typedef enum ProjectNeed {
    PROJECT_READ,        /* must be there */
    PROJECT_MAYBE,       /* to read, if there is one: house->project stays NULL otherwise */
    PROJECT_WRITE,       /* must be there, to write */
    PROJECT_MAKE,        /* to write; made in the current folder where there is none */
} ProjectNeed;

/* Open the project of the current folder.  *made (may be NULL): it was made just now. */
MUST_USE Err project_open(Ctx *cx, House *house, ProjectNeed need, bool *made);
/* Is the current folder in a project?  Opens nothing. */
bool project_here(Ctx *cx, char folder[REPO_PATH_MAX]);

/* The same for a project whose folder is known. */
MUST_USE Err project_open_in(Ctx *cx, House *house, const char *folder, ProjectNeed need);

/* ------------------------------------------------------------------- runs.c */

RepoSearch repo_search_of(const AppSearch *in);
/* The run that words name, or that this process is part of; opens the project to write, or to read. */
MUST_USE Err run_take(Ctx *cx, House *house, const char *ref, ProjectNeed need, RunRow *out);

/* -------------------------------------------------------------------- log.c */

/* Keep a file, or every file below a folder, as artifacts of a run.  name NULL: by its path.  Texts with secrets in them, and files whose
** names say that they hold credentials, are refused (ERR_REFUSED), or left out with a warning (leave_out), or cleaned (scrub). */
MUST_USE Err keep_artifact(Ctx *cx, Repo *repo, const char *id, const Secrets *known, const char *path, const char *name, bool scrub,
                           bool leave_out, uint64_t *n, Digest *digest);
const char *media_of(const char *path);    /* by its ending */
/* ------------------------------------------------------- lake.c, lakejson.c */

/* The lake of the current folder's project (borrowed from the house). */
MUST_USE Err lake_here(Ctx *cx, House *house, ProjectNeed need, Lake **out);
MUST_USE Err lake_about_version(Ctx *cx, const LakeVersion *v, AppVersion *out);      /* as the faces see it */
MUST_USE Err lake_columns(Ctx *cx, AppDataShowOut *out);          /* out->about_json as rows */
MUST_USE Err lake_diff_columns(Ctx *cx, Lake *lake, const LakeVersion *a, const LakeVersion *b, AppDataDiffOut *out);

/* ------------------------------------------------------------------- data.c */

/* Warnings told while a verb works, kept for its answer.  Everything else is passed on. */
typedef struct Ear {
    Ctx *cx;
    Progress before;
    const char **text;   /* scratch */
    size_t n, cap;
    bool pass;           /* also tell warnings to whoever listened before */
} Ear;
void ear_on(Ear *ear, Ctx *cx, bool pass);
void ear_off(Ear *ear);                  /* hands progress back; the texts stay */
void ear_retell(Ear *ear);               /* tell what was kept to whoever listened before */
void ear_add(Ear *ear, const char *text);
void ear_json(Ear *ear, const char *json);   /* an array of texts */

/* When data->path names a version and no file, take its files out of the lake (paths, dataset, tree; path becomes the version's
** own name).  Says so when a file and a dataset could be meant.  ERR_NOT_FOUND */
MUST_USE Err data_resolve(Ctx *cx, House *house, AppData *data);
/* How the reader is asked for it. */
QueryIn data_query(const AppData *in);
/* Read for training or looking.  ERR_BAD_INPUT a type for no column, with the nearest. */
MUST_USE Err data_read(Ctx *cx, const AppData *in, uint32_t threads, Table **out, QueryInfo *info);
/* The index of a column, or a failure that names the nearest.  what: "target", "column" */
MUST_USE Err data_column(Ctx *cx, const Table *t, const char *name, const char *what, size_t *col);
/* A file's name without folders and endings: "data/x.csv.gz" is "x". */
void data_stem(const char *path, char *out, size_t n);

/* The bytes behind a path (or glob), for the record. */
typedef struct DataBytes {
    Digest digest;       /* of the file; of a manifest (JSON, one line a file) when there are several */
    uint64_t bytes;
    size_t files;
} DataBytes;
MUST_USE Err data_bytes(Ctx *cx, Store *store, const char *path, bool keep, DataBytes *out);
MUST_USE Err data_bytes_of(Ctx *cx, Store *store, const AppData *in, bool keep, DataBytes *out);   /* a version's too */
/* A path from which the same bytes can be read again: the old one if it still holds them, else a copy out of the store,
** which data_back_end removes.  ERR_NOT_FOUND */
typedef struct DataBack { char path[REPO_PATH_MAX], folder[REPO_PATH_MAX]; size_t files; } DataBack;
MUST_USE Err data_back(Ctx *cx, Repo *repo, const RunRow *run, DataBack *out);
void data_back_end(Ctx *cx, DataBack *back);

/* ----------------------------------------------------------------- builds.c */

typedef struct Loaded {
    Build *build;
    BuildRef ref;
    BuildBytes bytes;
    Repo *repo;          /* that holds it, or NULL (borrowed) */
    char name[REPO_NAME_MAX + 24], digest[SHA256_TEXT_MAX];
} Loaded;
/* Find and load what BUILD stands for.  Release with build_put. */
MUST_USE Err build_take(Ctx *cx, House *house, const char *ref, bool parse, Loaded *out);
void build_put(Ctx *cx, Loaded *l);

/* ------------------------------------------------------------------- page.c */

typedef struct PageStage { const char *name, *json; } PageStage;
/* Make the report page.  facts: pairs name, value; ends with NULL. */
MUST_USE Err page_make(Ctx *cx, const char *title, const char *subtitle, const char *const *facts, const PageStage *stage, size_t stages_n,
                       const char *overview, Text *html);
/* What a build does, in few words: "predicts survived (no or yes)".  class_name: NULL when not known.  Scratch; NULL for want
** of memory. */
const char *page_subtitle(Ctx *cx, Task task, const char *target, char *const *class_name, uint32_t classes);
/* Could a page be written there?  Asked before hours of work, not after.  NULL is fine.  ERR_NOT_FOUND; ERR_BAD_INPUT */
MUST_USE Err page_check(Ctx *cx, const char *path);
/* Write it whole.  path NULL: into .leat/reports/NAME.html of the project.  *out: where it lies, absolute, scratch. */
MUST_USE Err page_write(Ctx *cx, const Repo *repo, const char *path, const char *name, const Text *html, const char **out);

/* ------------------------------------------------------------------- json.c */

/* Values of a parsed object; a number that is missing or null is NaN, a text "". */
double get_num(yyjson_val *o, const char *key);
const char *get_text(Ctx *cx, yyjson_val *o, const char *key);        /* scratch copy; never NULL but for want of memory */
const char *get_raw(Ctx *cx, yyjson_val *o, const char *key);         /* as JSON text; NULL when absent */
MUST_USE Err json_parse(Ctx *cx, const char *json, const char *what, yyjson_doc **out);     /* ERR_CORRUPT; yyjson_doc_free */
void json_texts(Text *t, const char *key, const char *const *text, size_t n);

/* -------------------------------------------------------------------- log.c */

/* "2026-05-04", "2026-05-04T12:30" (UTC), or "36h", "7d", "2w" before now.  ERR_USAGE names the option. */
MUST_USE Err log_time(Ctx *cx, const char *option, const char *text, int64_t *us);

/* -------------------------------------------------------------------- git.c */

typedef struct GitState { char commit[128], branch[256], remote[1024]; bool dirty; } GitState;
/* What Git says of the current folder within so long; all empty where there is none.  Never fails: it is a note.
** diff, untracked: what changed since the commit, and files it does not know; secrets taken out; NULL: not asked for. */
void git_look(Ctx *cx, int64_t wait_us, GitState *out, const Secrets *known, Text *diff, Text *untracked);

/* ----------------------------------------------------------------- around.c */

/* A dataset that a run reads: a file or glob as it lies here (its digest, not its bytes), else a version in the lake.  Opens the lake of house's project. */
MUST_USE Err around_input(Ctx *cx, House *house, const char *ref, const char *context, InputIn *out);
/* The environment as a JSON object in scratch: variables of an allow-list and those named in more, without secrets.
** ERR_REFUSED one of more names a secret. */
MUST_USE Err around_environment(Ctx *cx, const Secrets *known, const char *const *more, size_t more_n, const char **out);
/* Artifacts below code/packages/: lock files of the current folder; code/packages.txt: what the Python named `program` has. */
MUST_USE Err around_packages(Ctx *cx, Repo *repo, const char *id, const Secrets *known, const char *program);
/* Artifacts code/dirty.diff and code/untracked.txt, where there is something in them. */
MUST_USE Err around_code(Ctx *cx, Repo *repo, const char *id, const Text *diff, const Text *untracked);

/* ------------------------------------------------------------------ roots.c */

/* Every object that must stay, for store_gc; arg: the House. */
MUST_USE Err app_roots(Ctx *cx, void *arg, StoreKeep *keep, void *to);

/* -------------------------------------------------------------- remotelog.c */

MUST_USE Err remote_log_push(Ctx *cx, House *house, Store *far, AppTransferOut *out);
MUST_USE Err remote_log_pull(Ctx *cx, House *house, Store *far, AppTransferOut *out);

#endif
