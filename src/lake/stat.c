/* lake/stat.c -- the stat cache: files that look as they did when they were last read are not read again.
**
** A file counts as unchanged when its size, inode, time of change and time of status change (ns) are those of its row.  A
** row taken of a file that had changed just before it was read is racy: it could change again within the same tick of the
** disk's clock without looking different, so it is not believed (the rule of Git's index, racy-git.txt; ours works with the
** moment each file was read instead of the moment the index was written).
** One flat file for each set of roots, .leat/cache/stat-*, in this machine's byte order: it can be deleted at any time.
*/
#include "lake/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define STAT_HEAD "leat-stat/1\n\0\0\0"        /* 16 bytes with its last NUL */
#define STAT_HEAD_N ((size_t)16)
#define STAT_FRONT (STAT_HEAD_N + 16)          /* then how many rows, and bytes of paths */
#define TICK_NS INT64_C(20000000)              /* the kernel stamps files by its tick: 10 ms at most */
#define COARSE_NS INT64_C(2000000000)          /* of disks that keep whole seconds */

Err stat_path(Ctx *cx, const Lake *lake, const LakeRoot *root, size_t n, char out[LAKE_PATH_MAX])
{
    char real[OS_PATH_MAX], hex[SHA256_TEXT_MAX];
    Digest d;
    Text t;
    text_init(&t, cx);
    for (size_t i = 0; i < n; i++) {
        Err err = os_real_path(cx, root[i].path, real);
        if (err) {
            text_clear(&t);
            return err;
        }
        text_bytes(&t, real, strlen(real) + 1);
        text_bytes(&t, root[i].as ? root[i].as : "", root[i].as ? strlen(root[i].as) + 1 : 1);
    }
    Err err = text_err(&t);
    if (!err) err = hash_bytes(cx, t.at, t.n, &d);
    text_clear(&t);
    if (err) return err;
    digest_text(&d, hex);
    snprintf(out, LAKE_PATH_MAX, "%.*s/" LAKE_CACHE "/stat-%.32s", LAKE_PATH_MAX - 80, lake->home, hex);
    return OK;
}

static bool sound(Ctx *cx, const unsigned char *at, size_t n, StatCache *out)
{
    uint64_t rows, paths;
    Digest d;
    if (n < STAT_FRONT + SHA256_BYTES || memcmp(at, STAT_HEAD, STAT_HEAD_N)) return false;
    memcpy(&rows, at + STAT_HEAD_N, 8);
    memcpy(&paths, at + STAT_HEAD_N + 8, 8);
    size_t body = n - STAT_FRONT - SHA256_BYTES;
    if (rows > body / sizeof(StatRow) || paths != body - rows * sizeof(StatRow)) return false;
    if (hash_bytes(cx, at, n - SHA256_BYTES, &d) || memcmp(d.at, at + n - SHA256_BYTES, SHA256_BYTES)) return false;
    out->row = (const StatRow *)(const void *)(at + STAT_FRONT);
    out->n = (size_t)rows;
    out->paths = (const char *)at + STAT_FRONT + rows * sizeof(StatRow);
    out->paths_n = (size_t)paths;
    return true;
}

void stat_open(Ctx *cx, const char *path, StatCache *out)
{
    const Files *f = cx->world->files;
    Ctx aside;
    const void *at = NULL;
    size_t n = 0;
    *out = (StatCache){ 0 };
    if (f->map(f->self, path, &at, &n) || !at) return;
    ctx_child(cx, &aside);
    if (sound(&aside, at, n, out)) {
        out->map = at;
        out->map_n = n;
    } else f->unmap(f->self, at, n);
    ctx_clear(&aside);
}

void stat_close(Ctx *cx, StatCache *c)
{
    const Files *f = cx->world->files;
    if (c->map) f->unmap(f->self, c->map, c->map_n);
    *c = (StatCache){ 0 };
}

const char *stat_row_path(const StatCache *c, size_t i, size_t *n)
{
    const StatRow *r = &c->row[i];
    *n = r->path_at > c->paths_n || r->path_n > c->paths_n - r->path_at ? 0 : r->path_n;
    return *n ? c->paths + r->path_at : "";
}

bool stat_same(const StatRow *row, const FileInfo *now)
{
    return !(row->flags & STAT_RACY) && row->size == now->size && row->inode == now->inode &&
           row->changed_ns == now->changed_ns && row->status_ns == now->status_ns;
}

void stat_writer_init(StatWriter *w, Ctx *cx)
{
    *w = (StatWriter){ 0 };
    text_init(&w->rows, cx);
    text_init(&w->paths, cx);
}

void stat_writer_clear(StatWriter *w)
{
    text_clear(&w->rows);
    text_clear(&w->paths);
}

void stat_put(StatWriter *w, const char *path, const FileInfo *info, const Digest *d, int64_t read_ns)
{
    const int64_t second = 1000000000;
    StatRow r = { .path_at = w->paths.n, .size = info->size, .inode = info->inode, .changed_ns = info->changed_ns,
                  .status_ns = info->status_ns, .path_n = (uint32_t)strlen(path), .digest = *d };
    int64_t margin = info->changed_ns % second || info->status_ns % second ? TICK_NS : COARSE_NS;
    if (info->changed_ns > read_ns - margin || info->status_ns > read_ns - margin) r.flags |= STAT_RACY;
    text_bytes(&w->rows, &r, sizeof r);
    text_bytes(&w->paths, path, r.path_n);
    w->n++;
}

void stat_save(Ctx *cx, Lake *lake, StatWriter *w, const char *path)
{
    const Files *f = cx->world->files;
    char folder[LAKE_PATH_MAX + 16];
    Ctx aside;
    Text t;
    Digest d;
    ctx_child(cx, &aside);
    text_init(&t, &aside);
    text_bytes(&t, STAT_HEAD, STAT_HEAD_N);
    text_bytes(&t, &(uint64_t){ w->n }, 8);
    text_bytes(&t, &(uint64_t){ w->paths.n }, 8);
    if (w->rows.n) text_bytes(&t, w->rows.at, w->rows.n);
    if (w->paths.n) text_bytes(&t, w->paths.at, w->paths.n);
    bool lost = w->rows.broken || w->paths.broken || text_err(&t);
    if (!lost && !hash_bytes(&aside, t.at, t.n, &d)) {
        text_bytes(&t, d.at, SHA256_BYTES);
        snprintf(folder, sizeof folder, "%s/" LAKE_CACHE, lake->home);
        if (!text_err(&t) && !f->make_folder(f->self, folder)) (void)!save_whole(&aside, path, t.at, t.n);
    }
    text_clear(&t);
    ctx_clear(&aside);
}
