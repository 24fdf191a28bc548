/* learn/gemm.c -- oneDNN's sgemm behind one function.
**
** The library finds the processor's widest instructions by itself.  Its OpenMP
** runtime is told to use one thread: workers run side by side, one fit each.
** The function's address is kept in an atomic: it is the same fact for every
** thread and is never undone.
*/
#include "learn/gemm.h"

#include "os/os.h"

#include <dnnl.h>
#include <stdatomic.h>

typedef dnnl_status_t (*Sgemm)(char, char, dnnl_dim_t, dnnl_dim_t, dnnl_dim_t, float, const float *, dnnl_dim_t,
                               const float *, dnnl_dim_t, float, float *, dnnl_dim_t);

static _Atomic(Sgemm) opened;

static void gemm(bool at, bool bt, size_t m, size_t n, size_t k, float alpha, const float *A, size_t lda, const float *B,
                 size_t ldb, float beta, float *C, size_t ldc)
{
    Sgemm f = atomic_load_explicit(&opened, memory_order_acquire);
    dnnl_status_t s = f(at ? 'T' : 'N', bt ? 'T' : 'N', (dnnl_dim_t)m, (dnnl_dim_t)n, (dnnl_dim_t)k, alpha, A, (dnnl_dim_t)lda, B,
                        (dnnl_dim_t)ldb, beta, C, (dnnl_dim_t)ldc);
    CHECK_ALWAYS(s == dnnl_success);
}

Err gemm_open(Ctx *cx, GemmF32 *out)
{
    void *lib = NULL, *found = NULL, *threads = NULL;
    *out = NULL;
    TRY(cx, os_dlopen(cx, "libdnnl.so.2", &lib));
    TRY(cx, os_symbol(cx, lib, "libdnnl.so.2", "dnnl_sgemm", &found));
    if (os_symbol(cx, lib, "libdnnl.so.2", "omp_set_num_threads", &threads) == OK) {
        void (*set)(int);
        *(void **)&set = threads;
        set(1);
    }
    Sgemm f;
    *(void **)&f = found;
    atomic_store_explicit(&opened, f, memory_order_release);
    *out = gemm;
    return OK;
}
