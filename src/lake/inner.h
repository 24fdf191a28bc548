/* lake/inner.h -- what the files of room lake share. */
#ifndef LAKE_INNER_H
#define LAKE_INNER_H

#include "base/text.h"
#include "lake/lake.h"

#include <yyjson.h>

#define LAKE_NODE_MAX ((size_t)16 << 20)       /* bytes of one node of a tree */
#define LAKE_CACHE "cache"

/* Nodes of the tree scanned last, until it is known whether they are to be kept (held.c). */
typedef struct HeldRow { Digest digest; size_t at, n; bool kept; } HeldRow;
typedef struct Held {
    Text bytes;
    HeldRow *row;
    uint32_t *slot;                /* row + 1 by digest; cap is a power of two */
    size_t n, rows_cap, cap;
} Held;

struct Lake {
    Store *store;
    Ledger *ledger;
    char home[LAKE_PATH_MAX];
    Held held;
    bool parts;                    /* a scan tells of what a killed get left, too */
};

bool lake_is_part(const char *path);           /* such a file: .leat-0123456789abcdef.part */

void held_init(Held *h, Ctx *cx);
void held_clear(Ctx *cx, Held *h);
MUST_USE Err held_add(Ctx *cx, Held *h, const void *bytes, size_t n, Digest *out);
const HeldRow *held_find(const Held *h, const Digest *d);

/* ------------------------------------------------------------------ tree.c */

typedef struct TreeEntry {
    char kind;                     /* LakeKind, or 'n': a node of the same folder, one level down */
    const char *name; size_t name_n;
    uint64_t size, files;          /* sums, of a folder or node */
    Digest digest;
} TreeEntry;

typedef struct TreeNode { const unsigned char *at; size_t n, next; unsigned level; uint32_t left; void *owned;
                          const char *last; size_t last_n; } TreeNode;
/* A node held in memory or out of the store.  ERR_NOT_FOUND, ERR_CORRUPT; release with node_close. */
MUST_USE Err node_open(Ctx *cx, Lake *lake, const Digest *d, TreeNode *out);
/* The next entry; *more false at the end.  Names are checked: ERR_CORRUPT. */
MUST_USE Err node_next(Ctx *cx, TreeNode *node, bool *more, TreeEntry *out);
void node_close(Ctx *cx, TreeNode *node);      /* zeroed is fine */

/* Builds a tree out of files in tree order (path_order). */
typedef struct TreeBuilder TreeBuilder;
MUST_USE Err lake_tree_begin(Ctx *cx, Held *held, TreeBuilder **out);
/* ERR_BAD_INPUT the path was there before: two sources gave it; ERR_LIMIT. */
MUST_USE Err lake_tree_add(Ctx *cx, TreeBuilder *b, const LakeFile *f);
MUST_USE Err lake_tree_end(Ctx *cx, TreeBuilder *b, Digest *root, uint64_t *files, uint64_t *bytes);
void lake_tree_free(Ctx *cx, TreeBuilder *b);       /* NULL is fine */

/* Bytewise, '/' before every other byte: folders' files lie together. */
int path_order(const char *a, const char *b);

/* ------------------------------------------------------------------ scan.c */

typedef struct ScanIn {
    const LakeRoot *root; size_t roots_n;
    unsigned threads;
    StoreBatch *keep;              /* put what is read into it; NULL: only look */
    bool fresh;                    /* read everything */
    bool passing;                  /* remember nothing of these files: they will be gone */
    const Digest *doubt; size_t doubt_n;       /* read what the cache says has one of these (in order of their bytes) */
} ScanIn;
typedef struct ScanOut {
    LakeScan scan;
    uint64_t bytes_read;
    Digest *known; size_t known_n; /* with keep: of files that were not read (ctx_put) */
} ScanOut;
/* Walks, reads, hashes; nodes go to lake->held.  The stat cache is read and written. */
MUST_USE Err scan_roots(Ctx *cx, Lake *lake, const ScanIn *in, ScanOut *out);

/* ------------------------------------------------------------------ stat.c */

/* What was known of files when they were last read: size, times and inode tell whether they changed since.
** Rows are in the order of the walk. */
typedef struct StatRow {
    uint64_t path_at, size, inode;
    int64_t changed_ns, status_ns;
    uint32_t path_n;
    uint32_t flags;                /* STAT_RACY */
    Digest digest;
} StatRow;
enum { STAT_RACY = 1 };
typedef struct StatCache { const StatRow *row; size_t n; const char *paths; size_t paths_n; const void *map; size_t map_n; } StatCache;
typedef struct StatWriter { Text rows, paths; size_t n; } StatWriter;

/* Where the cache of these roots lies.  Never fails a scan: what cannot be read is as good as empty. */
MUST_USE Err stat_path(Ctx *cx, const Lake *lake, const LakeRoot *root, size_t n, char out[LAKE_PATH_MAX]);
void stat_open(Ctx *cx, const char *path, StatCache *out);
void stat_close(Ctx *cx, StatCache *c);
const char *stat_row_path(const StatCache *c, size_t i, size_t *n);
/* Is the row still the truth about a file that looks like this? */
bool stat_same(const StatRow *row, const FileInfo *now);
void stat_put(StatWriter *w, const char *path, const FileInfo *info, const Digest *d, int64_t read_ns);
void stat_save(Ctx *cx, Lake *lake, StatWriter *w, const char *path);
void stat_writer_init(StatWriter *w, Ctx *cx);
void stat_writer_clear(StatWriter *w);

/* --------------------------------------------------------------- about.c */

typedef struct AboutOut { Digest about; bool has; int64_t rows, columns; bool rows_exact; } AboutOut;
/* Schema and profile of a version's tables.  Its files are read from where the roots say they lie. */
MUST_USE Err about_make(Ctx *cx, Lake *lake, const LakeAdd *in, const Digest *tree, int64_t begun_us, StoreBatch *batch, AboutOut *out);

/* ---------------------------------------------------------------- fetch.c */

typedef struct LakeFetched { const char *path, *address, *etag; int64_t source_us; bool unchanged; } LakeFetched;     /* scratch */
/* A file from http:// or https:// into the folder.  known: the ETag we have; unchanged when the server has the same.
** Errors: ERR_NOT_FOUND; ERR_DENIED; ERR_IO; ERR_LIMIT; those of net_ask. */
MUST_USE Err lake_fetch(Ctx *cx, const char *address, const char *known, const char *folder, LakeFetched *out);

/* ------------------------------------------------------------------ ask.c */

MUST_USE Err lake_json(Ctx *cx, const char *json, size_t n, yyjson_alc *alc, yyjson_doc **out);
MUST_USE Err lake_check_name(Ctx *cx, const char *what, const char *name);
MUST_USE Err lake_version_at(Ctx *cx, Lake *lake, const char *name, uint64_t n, LakeVersion *out);
/* The newest version that is not removed; *has false when there is none. */
MUST_USE Err lake_newest(Ctx *cx, Lake *lake, const char *name, bool *has, LakeVersion *out);
void lake_drop_folder(Ctx *cx, const char *folder);             /* of ours, with all that is in it */

#endif
