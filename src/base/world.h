/* base/world.h -- the outside world as tables of functions.
**
** Room `os` fills them with the real machine; a test fills them with one that
** fails on purpose.  Every function returns a bare code: the caller, who knows
** what the bytes were for, writes the sentence.
*/
#ifndef BASE_WORLD_H
#define BASE_WORLD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Alloc {     /* get returns NULL when memory is refused; memory is not cleared */
    void *(*get)(void *self, size_t bytes);
    void *(*grow)(void *self, void *p, size_t bytes);   /* like realloc; NULL leaves p as it was */
    void (*put)(void *self, void *p);                   /* NULL is fine */
    void *self;
} Alloc;

typedef enum FileMode {
    FILE_READ,       /* must exist */
    FILE_CREATE,     /* made or emptied; read and write */
    FILE_APPEND,     /* made if absent; writes go to the end */
} FileMode;

/* FILE_LINK only where a link is not followed: look_in, list_in. */
typedef enum FileType { FILE_NONE, FILE_PLAIN, FILE_FOLDER, FILE_OTHER, FILE_LINK } FileType;

typedef struct FileInfo {
    FileType type;             /* FILE_NONE: nothing is there */
    uint64_t size;             /* bytes */
    int64_t changed_us;        /* modification time, microseconds since 1970 UTC */
    uint64_t inode, device;
    int64_t changed_ns, status_ns;     /* modification of its bytes, and of anything about it (ctime) */
    bool executable;           /* by its owner */
} FileInfo;

typedef struct Files {     /* small steps, so that a test can cut the power between any two */
    /* ERR_NOT_FOUND, ERR_DENIED, ERR_IO */
    Err (*open)(void *self, const char *path, FileMode mode, int *fd);
    /* *got < n only at the end of the file.  ERR_IO */
    Err (*read)(void *self, int fd, void *buf, size_t n, size_t *got);
    /* The same from byte `at` on, wherever read is; several threads may do it with one fd at once.  ERR_IO */
    Err (*read_at)(void *self, int fd, uint64_t at, void *buf, size_t n, size_t *got);
    Err (*write)(void *self, int fd, const void *buf, size_t n);        /* all n or ERR_IO */
    Err (*sync)(void *self, int fd);
    void (*close)(void *self, int fd);
    Err (*sync_folder)(void *self, const char *path);                   /* makes names durable */
    Err (*rename)(void *self, const char *from, const char *to);        /* over `to` if it exists */
    Err (*remove)(void *self, const char *path);                        /* file or empty folder */
    Err (*make_folder)(void *self, const char *path);                   /* OK if it is there already */
    Err (*look)(void *self, const char *path, FileInfo *out);           /* nothing there: OK, FILE_NONE */
    /* Calls `each` for every name but . and .., in no order, until it returns not OK. */
    Err (*list)(void *self, const char *path, Err (*each)(void *arg, const char *name), void *arg);
    /* Map a whole file read-only.  *at is NULL for an empty file.  Undo with unmap. */
    Err (*map)(void *self, const char *path, const void **at, size_t *n);
    void (*unmap)(void *self, const void *at, size_t n);
    /* For walking a tree that others may be changing: an open folder and a path below it ("": itself).  Links are not
    ** followed: open_in fails where the path passes one or leaves the folder. */
    Err (*open_folder)(void *self, const char *path, int *folder);      /* follows links; undo with close */
    Err (*look_in)(void *self, int folder, const char *path, FileInfo *out);    /* nothing there: OK, FILE_NONE */
    Err (*open_in)(void *self, int folder, const char *path, int *fd);          /* to read */
    Err (*look_open)(void *self, int fd, FileInfo *out);
    /* type: FILE_NONE where the disk does not tell.  In no order. */
    Err (*list_in)(void *self, int folder, const char *path, Err (*each)(void *arg, const char *name, FileType type),
                   void *arg);
    Err (*read_link)(void *self, int folder, const char *path, char *buf, size_t n, size_t *got);  /* *got == n: cut */
    void *self;
} Files;

typedef struct Clock {
    int64_t (*now_us)(void *self);     /* wall clock, microseconds since 1970 UTC */
    int64_t (*mono_us)(void *self);    /* never runs backwards; CLOCK_MONOTONIC, the same in every process */
    void *self;
} Clock;

typedef struct World {
    const Alloc *alloc;
    const Files *files;
    const Clock *clock;
    const struct NetWire *wire;        /* net/net.h: how a server is asked; NULL: over the network */
} World;

#endif
