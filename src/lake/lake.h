/* lake/lake.h -- datasets: named sequences of versions; a version is a Merkle tree of files in their original bytes.
**
** The bytes, the trees and what is known of the columns lie in the store; names, versions, tags, sources and lineage are
** tables folded from the ledger's data.* events.  Format of trees, pointers and events: doc/formats/lake.md
** Answers are allocated in cx's scratch and live until ctx_clear.
*/
#ifndef LAKE_LAKE_H
#define LAKE_LAKE_H

#include "base/hash.h"
#include "ledger/ledger.h"
#include "store/store.h"

#define LAKE_NAME_MAX 201          /* bytes of a dataset's or tag's name, with the NUL */
#define LAKE_PATH_MAX 4096         /* bytes of a path in a version, with the NUL */
#define LAKE_REF_MAX (LAKE_NAME_MAX + 80)
#define LAKE_SOURCES_MAX 10000     /* that one command names */
#define LAKE_ROOTS_MAX 1000000     /* of one version */
#define LAKE_PREFIX_MIN 8          /* hex digits that may stand for a digest */

typedef struct Lake Lake;
extern const LedgerRoom lake_room;                 /* for ledger_open */

/* A view of a project's store and ledger (both borrowed while it is open).  home: the folder .leat, for cache/. */
MUST_USE Err lake_open(Ctx *cx, Store *store, Ledger *ledger, const char *home, Lake **out);       /* ERR_NOMEM */
void lake_close(Ctx *cx, Lake *lake);              /* NULL is fine */
Store *lake_store(Lake *lake);                     /* (borrowed) */
Ledger *lake_ledger(Lake *lake);                   /* (borrowed) */

/* ------------------------------------------------------------------ asking */

typedef struct LakeInput { const char *dataset; uint64_t n; Digest tree; } LakeInput;      /* lineage: made from this */
typedef struct LakeSource {
    const char *kind;              /* "folder", "file", "http", "postgres", "sqlite", "s3", "dvc", "query" */
    const char *address;           /* as given, credentials replaced */
    const char *detail;            /* the query's text, an ETag, …; "" */
} LakeSource;

typedef struct LakeVersion {
    const char *dataset;
    uint64_t n;                    /* dataset@n */
    Digest tree;                   /* of its content: name of the root of its tree in the store */
    Digest about; bool has_about;  /* object with schema and profile */
    uint64_t files, bytes;
    int64_t rows, columns;         /* -1: unknown, or no table */
    bool rows_exact;               /* false: estimated from a sample */
    int64_t source_us, arrived_us; /* when the source says it is from (0: unknown), when it came here */
    const char *message, *actor;
    const char *verb;              /* what made it: "add", "derive", "split", "import", … */
    const char *detail;            /* JSON object of that verb: {"sql": …}; "{}" */
    const char *const *tag; size_t tags_n;         /* that stand on this version now, A to Z */
    uint64_t seq;                  /* of its event */
    bool removed;
    uint64_t latest;               /* newest version that is not removed; 0: all are */
} LakeVersion;

/* Is this NAME or NAME@V as far as its letters go?  Says nothing of what is there. */
bool lake_name_ok(const char *name);
bool lake_ref_ok(const char *ref);
/* What REF stands for: NAME or NAME@latest (newest that is not removed), NAME@3, NAME@TAG, NAME@DIGITS (a digest or unique
** prefix of LAKE_PREFIX_MIN or more digits), NAME@2026-03-01 (newest that had arrived by the end of that day, UTC) or
** @2026-03-01T12:00 (at that moment), a whole digest alone.
** Errors: ERR_NOT_FOUND with near names, or removed, in words; ERR_BAD_INPUT no such form, or a prefix that fits several. */
MUST_USE Err lake_find(Ctx *cx, Lake *lake, const char *ref, LakeVersion *out);
MUST_USE Err lake_datasets(Ctx *cx, Lake *lake, bool removed, LakeVersion **out, size_t *n);   /* newest version of each, A to Z */
MUST_USE Err lake_versions(Ctx *cx, Lake *lake, const char *name, LakeVersion **out, size_t *n);   /* newest first, removed too; ERR_NOT_FOUND */
MUST_USE Err lake_sources(Ctx *cx, Lake *lake, const LakeVersion *v, LakeSource **out, size_t *n);
MUST_USE Err lake_inputs(Ctx *cx, Lake *lake, const LakeVersion *v, LakeInput **out, size_t *n);   /* what it was made from */
MUST_USE Err lake_users(Ctx *cx, Lake *lake, const LakeVersion *v, LakeVersion **out, size_t *n);  /* what was made from it */
/* Schema and profile, as doc/formats/lake.md says: owned JSON (ctx_put), NULL when there is none. */
MUST_USE Err lake_about(Ctx *cx, Lake *lake, const LakeVersion *v, char **json, size_t *n);

/* ------------------------------------------------------------------- trees */

typedef enum LakeKind { LAKE_FILE = 'f', LAKE_PROGRAM = 'x', LAKE_LINK = 'l', LAKE_FOLDER = 'd' } LakeKind;

typedef struct LakeFile {
    const char *path;              /* below the version's root, with / between; never absolute, no . or .. */
    LakeKind kind;                 /* LAKE_FOLDER: only empty ones are told */
    uint64_t size;                 /* of a link: its target's length */
    Digest digest;                 /* of its bytes; of a link: of its target */
} LakeFile;

/* Every file of a tree in the order of the tree, until `each` returns not OK.  f lives during the call.
** Errors: ERR_NOT_FOUND, ERR_CORRUPT a part of the tree; what each returned. */
MUST_USE Err lake_each_file(Ctx *cx, Lake *lake, const Digest *tree, Err (*each)(Ctx *cx, void *arg, const LakeFile *f), void *arg);
MUST_USE Err lake_files(Ctx *cx, Lake *lake, const Digest *tree, LakeFile **out, size_t *n);       /* ctx_put(*out); paths are scratch */
/* Every object that versions which are not removed stand on (nodes, files, abouts), some more than once: for gc. */
MUST_USE Err lake_live(Ctx *cx, Lake *lake, Err (*each)(Ctx *cx, void *arg, const Digest *d), void *arg);

typedef enum LakeChange { LAKE_ADDED, LAKE_REMOVED, LAKE_CHANGED } LakeChange;
/* How tree b differs from tree a, in order; common subtrees are not read.  was, now: NULL where there is none. */
MUST_USE Err lake_compare(Ctx *cx, Lake *lake, const Digest *a, const Digest *b,
                          Err (*each)(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now), void *arg);

/* ------------------------------------------------------------------ adding */

typedef struct LakeRoot {          /* files on this machine that become part of a version    (borrowed) */
    const char *path;              /* a folder or a file; a link is followed here, and only here */
    const char *as;                /* its place in the version; "": a folder is the version itself, a file keeps its name */
} LakeRoot;

typedef struct LakeTaken {         /* sources as files on this machine, in scratch */
    LakeRoot *root; size_t roots_n;
    LakeSource *source; size_t sources_n;
    int64_t source_us;             /* when the source says it is from; 0: nothing said */
    bool unchanged;                /* the servers say that it is what the newest version came from; no roots then */
    char tmp[LAKE_PATH_MAX];       /* folder with what was fetched; "" none */
} LakeTaken;
/* What a person names as sources, and how databases among them are read. */
typedef struct LakeTake {          /* (borrowed) */
    const char *name;              /* of the dataset: what its newest version came from is asked for only when it changed; NULL */
    const char *const *word; size_t words_n;
    const char *sql;               /* of a database: the rows of this query; NULL: tables */
    const char *const *table; size_t tables_n;     /* of a database: these; none: all */
} LakeTake;
/* Files, folders, globs: a folder alone is the version itself, a file keeps its name, several keep their places below the deepest
** folder they share.  http(s)://…: files, by range.  s3://…, webhdfs://…: what lies there.  postgres://…, sqlite:FILE (or a SQLite file with sql or table): one Parquet file a table.
** Local files, addresses, or one database: not two of these.
** ERR_NOT_FOUND; ERR_BAD_INPUT; ERR_LIMIT; those of query_database_* */
MUST_USE Err lake_take(Ctx *cx, Lake *lake, const LakeTake *in, LakeTaken *out);
void lake_take_end(Ctx *cx, LakeTaken *t);         /* removes what was fetched; zeroed is fine */
/* An address without its secrets: passwords, and values of parameters named like one, become ***.  Scratch.  ERR_NOMEM */
MUST_USE Err lake_safe_address(Ctx *cx, const char *address, char **out);

typedef enum LakeProfile { LAKE_PROFILE_SAMPLE, LAKE_PROFILE_FULL, LAKE_PROFILE_NONE } LakeProfile;

typedef struct LakeAdd {           /* (borrowed); what is zero or NULL is the default */
    const char *name;
    const LakeRoot *root; size_t roots_n;
    const LakeSource *source; size_t sources_n;
    const LakeInput *input; size_t inputs_n;
    const char *verb, *detail, *message;           /* "add", "{}", "" */
    const char *const *tag; size_t tags_n;
    int64_t source_us;             /* 0: the newest time among the files */
    LakeProfile profile;
    unsigned threads;              /* 0: all */
    bool fresh;                    /* do not believe the stat cache */
    bool passing;                  /* the files are for this add only: nothing is remembered of them */
    bool even_same;                /* a version even when the content is the latest one's (another lineage) */
} LakeAdd;

typedef struct LakeAdded {
    LakeVersion version;           /* the new one, or the one that holds this content already */
    bool unchanged;                /* nothing was written; no event but for tags */
    uint64_t files_read, bytes_read;               /* not known from before */
} LakeAdded;

/* Put the files into the store, then one data.added event.  In constant memory but for names; two adds may race.
** Links that stay inside their root are kept as links; others, and what is neither file, folder nor link, are refused by
** name; folders named .leat and .git, pointer files and leat.lock are passed over.
** Errors: ERR_BAD_INPUT name, tag, special files, links, two roots for one path; ERR_NOT_FOUND; ERR_DENIED; ERR_LIMIT a path of
** LAKE_PATH_MAX; ERR_IO a file changes while it is read, disk full; those of ledger_append. */
MUST_USE Err lake_add(Ctx *cx, Lake *lake, const LakeAdd *in, LakeAdded *out);

typedef struct LakeDvc {           /* a DVC repository (borrowed) */
    const char *folder;            /* that holds .dvc/ */
    const char *prefix;            /* in front of every dataset's name; NULL: none */
    LakeProfile profile;
    unsigned threads;
    Err (*each)(Ctx *cx, void *arg, const LakeVersion *v, bool unchanged);     /* told as they come; may be NULL */
    void *arg;
} LakeDvc;
typedef struct LakeDvcOut { uint64_t versions, unchanged, passed_over; } LakeDvcOut;
/* *.dvc and dvc.lock with their history in Git: one version each, checked by MD5, source time and message of the commit,
** lineage of the stages.  What lies in no cache here is passed over with a warning.  Again: only what is new.
** Errors: ERR_NOT_FOUND no DVC repository; ERR_CORRUPT content that does not match its MD5; those of lake_add. */
MUST_USE Err lake_import_dvc(Ctx *cx, Lake *lake, const LakeDvc *in, LakeDvcOut *out);

/* data.removed, data.restored, data.tagged, data.untagged: one event each.  n 0: every version. */
MUST_USE Err lake_remove(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *why);      /* ERR_NOT_FOUND; ERR_REFUSED removed already */
MUST_USE Err lake_restore(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *why);     /* ERR_REFUSED: its bytes are gone, or it is there */
MUST_USE Err lake_tag(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *tag);         /* moves it when it stands elsewhere */
MUST_USE Err lake_untag(Ctx *cx, Lake *lake, const char *name, const char *tag);                   /* ERR_NOT_FOUND */

/* ---------------------------------------------------------------- out of it */

/* The files of a tree in a read-only folder of .leat/cache, whole and verified: made at the first call, used again by later
** ones and by other processes.  Nobody may write there; cache/ may be deleted at any time nobody runs. */
MUST_USE Err lake_checkout(Ctx *cx, Lake *lake, const Digest *tree, unsigned threads, char folder[LAKE_PATH_MAX]);

typedef struct LakeGet {           /* (borrowed) */
    const char *folder;            /* made if need be */
    const Digest *tree;            /* what is wanted there */
    const Digest *base;            /* what was put there before (from a pointer); NULL: nothing known */
    bool force;                    /* overwrite and remove what was changed since */
    unsigned threads;
} LakeGet;
typedef struct LakeGot { uint64_t written, kept, removed, bytes; } LakeGot;        /* files */
/* Write a tree's files into a folder: in parallel, verified, each whole or not at all.  A file that is there with other bytes
** is replaced only when it still holds those of `base`, and one that is only in `base` goes only then: ERR_REFUSED names the
** first otherwise, and nothing was written.  Files that neither tree knows are left alone.  Again after a kill: goes on. */
MUST_USE Err lake_get(Ctx *cx, Lake *lake, const LakeGet *in, LakeGot *out);

/* What tree the files on this machine would be, without storing any; unchanged files are not read again; what could not be
** added is passed over.  Until the next scan or add, lake_compare and lake_each_file know this tree too.  Errors as lake_add. */
typedef struct LakeScan { Digest tree; uint64_t files, bytes, files_read; int64_t newest_us; } LakeScan;
MUST_USE Err lake_scan(Ctx *cx, Lake *lake, const LakeRoot *root, size_t roots_n, unsigned threads, LakeScan *out);

/* ---------------------------------------------------------------- pointers */

#define LAKE_POINTER_END ".leatref"
typedef struct LakePointer {       /* NAME.leatref: a few lines of YAML for Git */
    char dataset[LAKE_NAME_MAX], path[LAKE_PATH_MAX];      /* path: of the data, from the pointer's folder; "" none */
    uint64_t n, files, bytes;
    Digest tree, ledger;
} LakePointer;
MUST_USE Err lake_pointer_read(Ctx *cx, const char *file, LakePointer *out);       /* ERR_NOT_FOUND; ERR_BAD_INPUT with its line */
MUST_USE Err lake_pointer_write(Ctx *cx, const char *file, const LakePointer *p);
MUST_USE Err lake_make_folders(Ctx *cx, const char *path);         /* those that a file of this path needs */
/* Where the data of a pointer lie: file and *out below the project's folder.  false: outside of it. */
bool lake_pointer_place(const char *file, const char *path, char out[LAKE_PATH_MAX]);

typedef enum LakeState { LAKE_SAME, LAKE_DIFFERS, LAKE_MISSING, LAKE_NO_COPY } LakeState;     /* NO_COPY: the pointer names no path */
#define LAKE_TOLD_MAX 20
typedef struct LakeStatus {
    const char *file;              /* the pointer, below the project's folder */
    LakePointer pointer;
    LakeState state;               /* of the work tree against the pointer */
    uint64_t added, removed, changed;
    struct { LakeChange change; const char *path; } told[LAKE_TOLD_MAX]; size_t told_n;      /* the first of them */
    bool known;                    /* the lake holds the pointer's version */
    uint64_t n, latest;            /* its number here, and the newest; 0: none */
    const char *trouble;           /* the pointer cannot be read, in words; NULL */
} LakeStatus;
/* Every pointer below a project's folder (hidden folders and the data itself are not looked through), by file.  In the time of a
** stat walk.  ERR_NOMEM; ERR_IO; those of lake_scan */
MUST_USE Err lake_status(Ctx *cx, Lake *lake, const char *folder, unsigned threads, LakeStatus **out, size_t *n);

#include "lake/work.h"

#endif
