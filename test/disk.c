/* test/disk.c -- the forgetful disk.  Every mistake of the test itself ends the program. */
#include "test/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES_MAX = 512, NAMES_MAX = 512, OPEN_MAX = 16, DISK_PATH_MAX = 300 };

typedef struct Bytes { char *at; size_t n; } Bytes;
typedef struct Node { bool folder; Bytes now, safe; } Node;
typedef struct Name { char path[DISK_PATH_MAX]; int now, safe; } Name;     /* node + 1; 0: not there */
typedef struct Handle { int node; size_t at; bool open; } Handle;          /* node + 1 */

struct Disk {
    Node node[NODES_MAX];
    Name name[NAMES_MAX];
    Handle handle[OPEN_MAX];
    int nodes_n, names_n;
    long step, cut;
};

static void must(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "test/disk.c: %s\n", what);
    abort();
}

static bool dark(Disk *d)
{
    return ++d->step >= d->cut && d->cut;
}

static void bytes_set(Bytes *b, const char *at, size_t n)
{
    free(b->at);
    b->at = malloc(n + 1);
    must(b->at != NULL, "no memory");
    if (n) memcpy(b->at, at, n);
    b->n = n;
}

static Name *name_of(Disk *d, const char *path, bool make)
{
    for (int i = 0; i < d->names_n; i++) {
        if (!strcmp(d->name[i].path, path)) return &d->name[i];
    }
    if (!make) return NULL;
    must(d->names_n < NAMES_MAX && strlen(path) < DISK_PATH_MAX, "too many names");
    Name *name = &d->name[d->names_n++];
    snprintf(name->path, sizeof name->path, "%s", path);
    return name;
}

static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    snprintf(out, DISK_PATH_MAX, "%.*s", slash ? (int)(slash - path) : 0, path);
}

/* The node at a path, if it and every folder above are there. */
static int node_at(Disk *d, const char *path)
{
    char up[DISK_PATH_MAX];
    Name *name = name_of(d, path, false);
    if (!name || !name->now) return 0;
    folder_of(path, up);
    return !up[0] || node_at(d, up) ? name->now : 0;
}

static bool has_folder(Disk *d, const char *path)
{
    char up[DISK_PATH_MAX];
    folder_of(path, up);
    int node = up[0] ? node_at(d, up) : 0;
    return !up[0] || (node && d->node[node - 1].folder);
}

static int new_node(Disk *d, bool folder)
{
    must(d->nodes_n < NODES_MAX, "too many files");
    d->node[d->nodes_n].folder = folder;
    return ++d->nodes_n;
}

static Err disk_open(void *self, const char *path, FileMode mode, int *fd)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    int node = node_at(d, path), i = 0;
    if (!node && (mode == FILE_READ || !has_folder(d, path))) return ERR_NOT_FOUND;
    if (!node) node = name_of(d, path, true)->now = new_node(d, false);
    if (d->node[node - 1].folder) return ERR_IO;
    if (mode == FILE_CREATE) bytes_set(&d->node[node - 1].now, "", 0);
    while (i < OPEN_MAX && d->handle[i].open) i++;
    must(i < OPEN_MAX, "too many open files");
    d->handle[i] = (Handle){ .node = node, .at = mode == FILE_APPEND ? d->node[node - 1].now.n : 0, .open = true };
    *fd = i;
    return OK;
}

static Err disk_read(void *self, int fd, void *buf, size_t n, size_t *got)
{
    Disk *d = self;
    *got = 0;
    if (dark(d)) return ERR_IO;
    Handle *h = &d->handle[fd];
    const Bytes *b = &d->node[h->node - 1].now;
    *got = b->n - h->at < n ? b->n - h->at : n;
    if (*got) memcpy(buf, b->at + h->at, *got);
    h->at += *got;
    return OK;
}

static Err disk_read_at(void *self, int fd, uint64_t at, void *buf, size_t n, size_t *got)
{
    Disk *d = self;
    *got = 0;
    if (dark(d)) return ERR_IO;
    const Bytes *b = &d->node[d->handle[fd].node - 1].now;
    if (at >= b->n) return OK;
    *got = b->n - at < n ? b->n - (size_t)at : n;
    memcpy(buf, b->at + at, *got);
    return OK;
}

static Err disk_write(void *self, int fd, const void *buf, size_t n)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    Handle *h = &d->handle[fd];
    Bytes *b = &d->node[h->node - 1].now;
    if (h->at + n > b->n) {
        b->at = realloc(b->at, h->at + n + 1);
        must(b->at != NULL, "no memory");
        b->n = h->at + n;
    }
    if (n) memcpy(b->at + h->at, buf, n);
    h->at += n;
    return OK;
}

static Err disk_sync(void *self, int fd)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    Node *node = &d->node[d->handle[fd].node - 1];
    bytes_set(&node->safe, node->now.at, node->now.n);
    return OK;
}

static void disk_close(void *self, int fd)
{
    Disk *d = self;
    must(fd >= 0 && fd < OPEN_MAX && d->handle[fd].open, "closing what is not open");
    d->handle[fd].open = false;
}

static Err disk_sync_folder(void *self, const char *path)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    if (path[0] && !node_at(d, path)) return ERR_NOT_FOUND;
    for (int i = 0; i < d->names_n; i++) {
        char up[DISK_PATH_MAX];
        folder_of(d->name[i].path, up);
        if (!strcmp(up, path)) d->name[i].safe = d->name[i].now;
    }
    return OK;
}

static Err disk_rename(void *self, const char *from, const char *to)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    int node = node_at(d, from);
    if (!node || !has_folder(d, to)) return ERR_NOT_FOUND;
    name_of(d, from, true)->now = 0;
    name_of(d, to, true)->now = node;
    return OK;
}

static Err disk_remove(void *self, const char *path)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    if (!node_at(d, path)) return ERR_NOT_FOUND;
    name_of(d, path, true)->now = 0;
    return OK;
}

static Err disk_make_folder(void *self, const char *path)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    int node = node_at(d, path);
    if (node) return d->node[node - 1].folder ? OK : ERR_IO;
    if (!has_folder(d, path)) return ERR_NOT_FOUND;
    name_of(d, path, true)->now = new_node(d, true);
    return OK;
}

static Err disk_look(void *self, const char *path, FileInfo *out)
{
    Disk *d = self;
    *out = (FileInfo){ .type = FILE_NONE };
    if (dark(d)) return ERR_IO;
    int node = node_at(d, path);
    if (!node) return OK;
    out->type = d->node[node - 1].folder ? FILE_FOLDER : FILE_PLAIN;
    out->size = d->node[node - 1].now.n;
    out->inode = (uint64_t)node;
    return OK;
}

static Err disk_list(void *self, const char *path, Err (*each)(void *arg, const char *name), void *arg)
{
    Disk *d = self;
    if (dark(d)) return ERR_IO;
    if (path[0] && !node_at(d, path)) return ERR_NOT_FOUND;
    for (int i = 0; i < d->names_n; i++) {
        char up[DISK_PATH_MAX];
        folder_of(d->name[i].path, up);
        if (strcmp(up, path) || !d->name[i].now) continue;
        Err err = each(arg, d->name[i].path + strlen(up) + (up[0] != 0));
        if (err) return err;
    }
    return OK;
}

static Err disk_map(void *self, const char *path, const void **at, size_t *n)
{
    Disk *d = self;
    *at = NULL;
    *n = 0;
    if (dark(d)) return ERR_IO;
    int node = node_at(d, path);
    if (!node) return ERR_NOT_FOUND;
    *n = d->node[node - 1].now.n;
    *at = *n ? d->node[node - 1].now.at : NULL;
    return OK;
}

static void disk_unmap(void *self, const void *at, size_t n)
{
    (void)self, (void)at, (void)n;
}

Disk *disk_new(void)
{
    Disk *d = calloc(1, sizeof *d);
    must(d != NULL, "no memory");
    return d;
}

void disk_free(Disk *d)
{
    for (int i = 0; i < d->nodes_n; i++) {
        free(d->node[i].now.at);
        free(d->node[i].safe.at);
    }
    free(d);
}

Files disk_files(Disk *d)
{
    return (Files){
        .open = disk_open, .read = disk_read, .read_at = disk_read_at, .write = disk_write, .sync = disk_sync, .close = disk_close,
        .sync_folder = disk_sync_folder, .rename = disk_rename, .remove = disk_remove,
        .make_folder = disk_make_folder, .look = disk_look, .list = disk_list, .map = disk_map, .unmap = disk_unmap,
        .self = d,
    };
}

void disk_cut(Disk *d, long k)
{
    d->cut = k;
    d->step = 0;
}

long disk_steps(const Disk *d)
{
    return d->step;
}

void disk_power_back(Disk *d, bool names_survive)
{
    for (int i = 0; i < d->names_n; i++) {
        if (!names_survive) d->name[i].now = d->name[i].safe;
        d->name[i].safe = d->name[i].now;
    }
    for (int i = 0; i < d->nodes_n; i++) bytes_set(&d->node[i].now, d->node[i].safe.at, d->node[i].safe.n);
    for (int i = 0; i < OPEN_MAX; i++) d->handle[i].open = false;
    d->cut = d->step = 0;
}
