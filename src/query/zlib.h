/* query/zlib.h -- the few functions of the system's libz that are used, opened on first use (inside room query).
**
** libz is part of every Debian, its headers are not: what is needed of its stable interface is declared here.
*/
#ifndef QUERY_ZLIB_H
#define QUERY_ZLIB_H

#include "base/ctx.h"

typedef struct ZStream {       /* z_stream of zlib 1.x */
    const unsigned char *next_in;
    unsigned avail_in;
    unsigned long total_in;
    unsigned char *next_out;
    unsigned avail_out;
    unsigned long total_out;
    const char *message;
    void *state;
    void *(*get)(void *, unsigned, unsigned);
    void (*put)(void *, void *);
    void *opaque;
    int data_type;
    unsigned long adler, reserved;
} ZStream;

#define Z_RUNNING 0
#define Z_ENDED 1

typedef struct Zlib {
    void *(*gz_open)(const char *, const char *);
    int (*gz_read)(void *, void *, unsigned);
    int (*gz_close)(void *);
    long (*gz_offset)(void *);
    const char *(*gz_error)(void *, int *);
    int (*inflate_start)(ZStream *, int bits, const char *version, int bytes);
    int (*inflate)(ZStream *, int flush);
    int (*inflate_end)(ZStream *);
    unsigned long (*crc)(unsigned long, const unsigned char *, unsigned);
} Zlib;

/* false: the system has no libz. */
bool zlib_open(Zlib *z);

#endif
