/* net/inner.h -- what the files of room net share. */
#ifndef NET_INNER_H
#define NET_INNER_H

#include "net/net.h"

#include <pthread.h>

#define NET_KEPT 16                /* connections kept between questions */

struct Net {
    pthread_mutex_t lock;
    void *easy[NET_KEPT];          /* of libcurl */
    size_t easy_n;
    void (*end)(void *easy);       /* how to close one */
};

#endif
