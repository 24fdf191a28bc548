/* leat.h -- score rows with a build, in your own program.
**
** Open a .leat file, give it rows, get answers.  The library holds no state, starts no
** thread, opens no other file, needs no training library, and prints nothing.  A build
** never changes once open: many threads may predict with one at the same time.
**
**     char why[256];
**     leat_build *b = leat_open("titanic.leat", why, sizeof why);
**     leat_value row[] = { leat_text("female"), leat_number(29), leat_missing() };
**     double p[2];
**     if (!b || leat_predict(b, row, 1, p, why, sizeof why)) puts(why);
**     else printf("%s\n", leat_class(b, leat_choice(b, p)));
**     leat_close(b);
*/
#ifndef LEAT_H
#define LEAT_H

#include <math.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LEAT_API __attribute__((visibility("default")))
#else
#define LEAT_API
#endif

typedef struct leat_build leat_build;

/* One cell: a text when text is not NULL (UTF-8, NUL-ended; read as the column's type), else a number; NaN is missing.
** Dates as numbers are seconds since 1970 UTC.  A level never seen in training is no error. */
typedef struct leat_value { const char *text; double number; } leat_value;

static inline leat_value leat_number(double v) { leat_value x; x.text = NULL; x.number = v; return x; }
static inline leat_value leat_text(const char *s) { leat_value x; x.text = s; x.number = NAN; return x; }
static inline leat_value leat_missing(void) { return leat_number(NAN); }

/* NULL on failure; why (may be NULL) then says what and what to do, in at most why_n bytes.  Damaged or hostile bytes
** are refused, never believed.  leat_open_bytes copies what it needs: the bytes may go afterwards. */
LEAT_API leat_build *leat_open(const char *path, char *why, size_t why_n);
LEAT_API leat_build *leat_open_bytes(const void *bytes, size_t n, char *why, size_t why_n);
LEAT_API void leat_close(leat_build *b);                                 /* NULL is fine */

LEAT_API size_t leat_columns(const leat_build *b);                       /* cells a row, in this order: */
LEAT_API const char *leat_column(const leat_build *b, size_t i);         /* NULL past the end */
LEAT_API size_t leat_find(const leat_build *b, const char *column);      /* its place, or (size_t)-1 */
LEAT_API size_t leat_classes(const leat_build *b);                       /* 0: answers are numbers */
LEAT_API const char *leat_class(const leat_build *b, size_t i);          /* NULL past the end */
LEAT_API size_t leat_outputs(const leat_build *b);                       /* doubles a row: one a class, or 1 */

/* rows x leat_columns cells, row by row; out gets rows x leat_outputs numbers: the probability of each class in order, or
** the value.  0, or the failure's status (2 bad input, 7 no memory). */
LEAT_API int leat_predict(const leat_build *b, const leat_value *cells, size_t rows, double *out, char *why, size_t why_n);
/* The same, again and again from one thread: the scorer keeps the memory that a call needs, so that calls of no more rows
** than before ask for none.  One scorer a thread; close it before the build.  NULL: no memory. */
typedef struct leat_scorer leat_scorer;
LEAT_API leat_scorer *leat_scorer_open(const leat_build *b);
LEAT_API int leat_scorer_predict(leat_scorer *s, const leat_value *cells, size_t rows, double *out, char *why, size_t why_n);
LEAT_API void leat_scorer_close(leat_scorer *s);                         /* NULL is fine */

/* The class that the build answers with, given a row of out. */
LEAT_API size_t leat_choice(const leat_build *b, const double *out);

#ifdef __cplusplus
}
#endif

#endif
