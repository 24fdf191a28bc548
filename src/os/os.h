/* os/os.h -- the real machine: memory, files and clock for a World, and what a World does not cover.
**
** Processes, shared memory, locks, signals, libraries opened on first use, and
** facts about the machine.  Every descriptor made here is close-on-exec, so a
** child gets only what os_spawn is told to give it.  Linux.
*/
#ifndef OS_OS_H
#define OS_OS_H

#include "base/text.h"

#include <stdatomic.h>
#include <sys/types.h>

#define OS_PATH_MAX 4096       /* bytes, with the NUL */
#define OS_FDS_MAX 16          /* descriptors handed to a child, and polled at once times 64 */

extern const World os_world;   /* libc memory, POSIX files, the system's clocks */

/* --- where we are ------------------------------------------------------------------------------------------------ */

/* The folder this program lies in, without a slash at the end; and the program itself.
** Errors: ERR_IO /proc is absent; ERR_LIMIT path too long. */
MUST_USE Err os_exe_folder(Ctx *cx, char path[OS_PATH_MAX]);
MUST_USE Err os_exe_path(Ctx *cx, char path[OS_PATH_MAX]);

/* Where the library (or other shipped file) `name` lies: $LEAT_LIB/name, else <exe>/lib/name, else
** <exe>/../lib/name.  Errors: ERR_NOT_FOUND none of them, in words; ERR_LIMIT; ERR_IO. */
MUST_USE Err os_lib_path(Ctx *cx, const char *name, char path[OS_PATH_MAX]);

/* Open a library by os_lib_path; it stays open until the process ends, and opening it again is cheap.
** os_symbol finds a function in it; assign through *(void **)&f.
** Errors: ERR_NOT_FOUND it is not there (names what is missing), or lacks the symbol; ERR_CORRUPT it does not load. */
MUST_USE Err os_dlopen(Ctx *cx, const char *name, void **lib);
MUST_USE Err os_symbol(Ctx *cx, void *lib, const char *name, const char *symbol, void **out);

/* The working folder; an absolute path without links, . or ..  Errors: ERR_NOT_FOUND; ERR_DENIED; ERR_LIMIT; ERR_IO. */
MUST_USE Err os_cwd(Ctx *cx, char path[OS_PATH_MAX]);
MUST_USE Err os_real_path(Ctx *cx, const char *path, char out[OS_PATH_MAX]);
MUST_USE Err os_chdir(Ctx *cx, const char *path);

/* May we trust what lies in this folder?  Not when anybody may write to it, nor when it belongs to a stranger who does
** not share it with our group.  Nothing there: true. */
bool os_folder_trusted(const char *path);
void os_make_private(const char *path);    /* a folder that only its owner may enter; a hint, never fails */
void os_make_read_only(const char *path);  /* a hint, never fails */
void os_touch(const char *path);           /* changed now; a hint, never fails */
void os_make_executable(const char *path); /* for those who may read it; a hint, never fails */
/* A second name for the bytes of a file.  ERR_REFUSED something is there; ERR_IO the disk has no such names, or it is another disk. */
MUST_USE Err os_link(Ctx *cx, const char *from, const char *path);
/* A link at `path` that says `target`.  ERR_DENIED, ERR_IO; ERR_REFUSED something is there. */
MUST_USE Err os_symlink(Ctx *cx, const char *target, const char *path);

/* --- the machine ------------------------------------------------------------------------------------------------- */

unsigned os_cpus(void);                    /* this process may use at once: affinity and container quota; >= 1 */
typedef struct OsMemory {
    uint64_t total, free;                  /* bytes this process may use in all, and could get now; 0: unknown */
    uint64_t rss, peak;                    /* bytes of this process in memory now, and at most so far */
} OsMemory;
OsMemory os_memory(void);
bool os_disk_free(const char *path, uint64_t *bytes);      /* what we may still write where `path` lies */
void os_host_name(char *out, size_t n);    /* "unknown" if there is none */
void os_user_name(char *out, size_t n);    /* login name, else "uid N" */
void os_cpu_name(char *out, size_t n);     /* as /proc/cpuinfo puts it, with what matters to us: "… (avx2)" */
bool os_is_terminal(int fd);
unsigned os_terminal_columns(int fd);      /* 80 if unknown */
/* Refuse this process more than so many bytes of address space from now on (a worker does it at its start). */
MUST_USE Err os_limit_memory(Ctx *cx, uint64_t bytes);
/* Keep at most so many bytes in one file: for tests of a full disk. */
MUST_USE Err os_limit_file(Ctx *cx, uint64_t bytes);

/* --- stopping ---------------------------------------------------------------------------------------------------- */

/* From now on SIGINT, SIGTERM and SIGHUP set the returned flag (give it to Ctx.cancel) and end a waiting os_poll; the
** second one ends the process at once with status 130.  SIGPIPE and SIGXFSZ are ignored: writes fail instead. */
const volatile sig_atomic_t *os_catch_interrupt(void);

/* --- processes --------------------------------------------------------------------------------------------------- */

typedef struct OsProc {
    pid_t pid;                 /* 0: none */
    int life;                  /* our end of the life line */
    bool ended;                /* os_wait has seen its end: */
    int status;                /*   exit status, or 128 + the signal that ended it */
    int signal;                /*   that signal, or 0 */
    double cpu_s;              /*   user and system time */
    uint64_t peak_bytes;       /*   resident at most.  Linux counts what the parent held at the moment of spawning too:
                               **   for a small child of a large parent ask the child (os_memory().peak) */
} OsProc;

/* Start argv[0] (a path, or a word looked up in PATH) with the arguments argv[1..] (ends with NULL).
**   fds[i]  becomes descriptor 3 + i of the child                                  (borrowed; -1 leaves it closed)
**   3 + n   is the child's end of the life line: it reads nothing until we die, then end-of-file.
**           The child gives it to os_tie; other programs may ignore it.
** stdin is empty, stdout goes to our stderr, so that a library that prints cannot spoil results.  The child leads its
** own process group, so Ctrl-C reaches only us.  Errors: ERR_NOT_FOUND no such program; ERR_LIMIT n > OS_FDS_MAX;
** ERR_IO; ERR_NOMEM. */
MUST_USE Err os_spawn(Ctx *cx, const char *const *argv, const int *fds, size_t n, OsProc *out);

/* See whether it ended; `block` waits until it does (and is not ended by signals).  Later calls are free. */
MUST_USE Err os_wait(Ctx *cx, OsProc *p, bool block);         /* ERR_IO */
void os_kill(OsProc *p);                   /* SIGKILL to it and what it started; os_wait still to be called */
void os_stop(OsProc *p);                   /* SIGTERM to it */
/* Kill it if it runs, wait, close the life line.  *p is zero after. */
void os_proc_end(Ctx *cx, OsProc *p);

/* In a child: end this process at once when the one that spawned it is gone.  fd is its life line (3 + n).
** Starts one small thread.  ERR_NOMEM, ERR_BAD_INPUT fd is not open. */
MUST_USE Err os_tie(Ctx *cx, int fd);

/* Run a program to its end and keep what it says on stdout (at most max bytes, else ERR_LIMIT); stderr is dropped.
** folder: where to run it, or NULL.  *status as in OsProc.  Errors as os_spawn; ERR_TIME after the deadline (killed),
** ERR_INTERRUPTED. */
MUST_USE Err os_run(Ctx *cx, const char *folder, const char *const *argv, size_t max, Text *out, int *status);

/* A program in front of a person: in our process group, with our standard input, and what it says on stdout and stderr
** handed to `heard` as it comes.  Signals sent to us alone are passed on to it; Ctrl-C reaches it from the terminal. */
typedef struct OsFrontIn {
    const char *const *argv;   /* ends with NULL; argv[0] a path, or a word looked up in PATH            (borrowed) */
    const char *const *environment;            /* NAME=VALUE to add to ours or put in its place; ends with NULL; may be NULL */
    Err (*heard)(Ctx *cx, void *self, int stream, const void *bytes, size_t n);    /* stream: 1, 2 */
    void *self;
} OsFrontIn;
typedef struct OsFrontOut {
    pid_t pid;                 /* 0: it did not start */
    bool ended;
    int status, signal;        /* exit status, or 128 + the signal that ended it; that signal, or 0 */
    double user_s, system_s;
    uint64_t peak_bytes, read_blocks, written_blocks;      /* blocks of 512 bytes from and to disks */
} OsFrontOut;
/* Run it to its end.  A failure of `heard` does not stop it: it is the answer at the end.  Errors: ERR_NOT_FOUND no such
** program; ERR_DENIED; ERR_IO; ERR_NOMEM.  One at a time a process. */
MUST_USE Err os_front(Ctx *cx, const OsFrontIn *in, OsFrontOut *out);

/* --- threads ----------------------------------------------------------------------------------------------------- */

/* part(own cx, self, i) once for every i below n, on up to `threads` threads at once, ours one of them (0 counts as 1; where no
** more can be started, fewer do it).  Parts must not touch what another writes, and the World must take calls from several
** threads, as os_world does.  After a failure no part is begun; the first failure by i is handed up.  ERR_NOMEM */
typedef Err OsPart(Ctx *cx, void *self, size_t i);
MUST_USE Err os_parts(Ctx *cx, unsigned threads, size_t n, OsPart *part, void *self);

/* One holder at a time.  All zero is free; nothing to release.  Not to be taken twice by one thread. */
typedef struct OsMutex { _Atomic uint32_t held; } OsMutex;
void os_mutex_take(OsMutex *m);
void os_mutex_give(OsMutex *m);

/* Rung once; who waits for it goes on, also when it was rung before.  All zero is not rung. */
typedef struct OsBell { _Atomic uint32_t rung; } OsBell;
void os_bell_wait(OsBell *b);
void os_bell_ring(OsBell *b);              /* the waiter may be gone with its bell the moment it hears it */

/* --- descriptors ------------------------------------------------------------------------------------------------- */

MUST_USE Err os_pipe(Ctx *cx, int *read_end, int *write_end);                /* ERR_LIMIT too many open; ERR_IO */
MUST_USE Err os_fd_read(Ctx *cx, int fd, void *buf, size_t n, size_t *got);  /* one read; *got 0: the other end closed */
MUST_USE Err os_fd_write(Ctx *cx, int fd, const void *buf, size_t n);        /* all n; ERR_IO, also when nobody reads */
void os_fd_close(int *fd);                                                   /* and makes it -1; -1 is fine */
/* Wait until a descriptor can be read (or its other end closed): ready[i] says which.  fds[i] < 0 is passed over.
** timeout_ms < 0 waits for good; a signal ends the wait early with none ready.  n <= OS_FDS_MAX * 64. */
MUST_USE Err os_poll(Ctx *cx, const int *fds, size_t n, int timeout_ms, bool *ready);

/* --- shared memory ----------------------------------------------------------------------------------------------- */

typedef struct OsShare { int fd; void *at; size_t n; } OsShare;   /* at: page-aligned; NULL when n is 0 */

/* Memory of n cleared bytes that a child can map too: give it out->fd through os_spawn.
** Errors: ERR_NOMEM; ERR_IO. */
MUST_USE Err os_share_make(Ctx *cx, const char *name, size_t n, OsShare *out);
/* In the child: map the whole of fd, read-only or not.  Keeps fd; os_share_close closes it. */
MUST_USE Err os_share_open(Ctx *cx, int fd, bool writable, OsShare *out);
void os_share_close(OsShare *s);           /* unmaps and closes; zeroed is fine (fd 0 counts as none) */

/* --- locks ------------------------------------------------------------------------------------------------------- */

/* A lock is a file that a living process holds; the system lets go of it when that process ends, however it ends.
** os_lock_take makes the file if need be and never waits: *fd is -1 and OK when somebody else holds it.
** Errors: ERR_NOT_FOUND no such folder; ERR_DENIED; ERR_IO. */
MUST_USE Err os_lock_take(Ctx *cx, const char *path, int *fd);
/* Lock a folder itself, shared with others or alone, waiting until that can be; os_fd_close lets go.  No file is made.
** ERR_NOT_FOUND no such folder; ERR_DENIED; ERR_IO. */
MUST_USE Err os_folder_lock(Ctx *cx, const char *path, bool alone, int *fd);
MUST_USE Err os_lock_held(Ctx *cx, const char *path, bool *held);      /* by anyone, ourselves included; no file: false */
void os_lock_drop(const char *path, int *fd);                          /* removes the file, lets go, *fd = -1 */

#include "os/yaml.h"

#endif
