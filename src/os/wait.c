/* os/wait.c -- threads that wait for one another: a mutex and a bell, each one word that the kernel watches.
**
** No memory and nothing to release, so they can stand in any struct or on a
** thread's stack.  The mutex is Drepper's second ("Futexes are tricky", 2011): 0 free,
** 1 held, 2 held and somebody may wait.
*/
#include "os/os.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

static void sleep_while(_Atomic uint32_t *word, uint32_t value)
{
    (void)syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void wake(_Atomic uint32_t *word, int threads)
{
    (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

void os_mutex_take(OsMutex *m)
{
    uint32_t was = 0;
    if (atomic_compare_exchange_strong(&m->held, &was, 1)) return;
    if (was != 2) was = atomic_exchange(&m->held, 2);
    while (was) {
        sleep_while(&m->held, 2);
        was = atomic_exchange(&m->held, 2);
    }
}

void os_mutex_give(OsMutex *m)
{
    if (atomic_exchange(&m->held, 0) == 2) wake(&m->held, 1);
}

void os_bell_wait(OsBell *b)
{
    while (!atomic_load(&b->rung)) sleep_while(&b->rung, 0);
}

void os_bell_ring(OsBell *b)
{
    atomic_store(&b->rung, 1);
    wake(&b->rung, 1);
}
