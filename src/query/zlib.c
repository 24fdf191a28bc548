/* query/zlib.c -- opens the system's libz. */
#include "query/zlib.h"

#include <dlfcn.h>

bool zlib_open(Zlib *z)
{
    void *lib = dlopen("libz.so.1", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const struct { void **to; const char *name; } all[] = {
        { (void **)&z->crc, "crc32" },
        { (void **)&z->gz_close, "gzclose" },
        { (void **)&z->gz_error, "gzerror" },
        { (void **)&z->gz_offset, "gzoffset" },
        { (void **)&z->gz_open, "gzopen" },
        { (void **)&z->gz_read, "gzread" },
        { (void **)&z->inflate, "inflate" },
        { (void **)&z->inflate_end, "inflateEnd" },
        { (void **)&z->inflate_start, "inflateInit2_" },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        *all[i].to = lib ? dlsym(lib, all[i].name) : NULL;
        if (!*all[i].to) return false;
    }
    return true;
}
