/* filter/filter.h -- the language people search with: MLflow's search grammar, and more.
**
**   expr  := and (OR and)*        and := not (AND not)*        not := NOT not | '(' expr ')' | test
**   test  := name op value | name [NOT] IN '(' value, … ')' | name [NOT] LIKE|ILIKE|RLIKE text | name IS [NOT] NULL
**   op    := = == != <> < <= > >=
**   name  := [family .] key       key plain, "quoted" or `quoted`; without a family it is an attribute
**   value := number | 'text' | "text" | true | false
** Words are read in any case.  Numbers compare as numbers, also with params and tags that read as one; texts compare
** as bytes.  RLIKE (also REGEXP, ~) searches with a regular expression in linear time (regex.h).  LIKE takes % and _
** and minds case, ILIKE does not.  Times are milliseconds since 1970, or a quoted date: start_time > '2026-11-01'.
** A test is false of a row that lacks what it asks for, but for IS NULL; NOT turns the whole answer around.
**
** What an entity can be asked is a table of constant rows with SQL; each test becomes one statement that an index
** answers, its answers are judged once more here, and the sets are combined here: so every database gives the same.
*/
#ifndef FILTER_FILTER_H
#define FILTER_FILTER_H

#include "base/text.h"
#include "db/db.h"

#define FILTER_BYTES_MAX 65536         /* of one filter */
#define FILTER_TESTS_MAX 1000
#define FILTER_DEPTH_MAX 100           /* parentheses and NOTs within one another */
#define FILTER_ORDERS_MAX 16
#define FILTER_ID_MAX ((int64_t)1 << 28)
#define FILTER_HEAD_MAX 129            /* bytes of the beginning of a text that indexes hold, with the NUL */

typedef enum FilterType { FILTER_TEXT, FILTER_NUMBER, FILTER_TIME } FilterType;        /* TIME: stored as microseconds */

typedef struct FilterField {
    const char *family;                /* as listed in filter_families: "attribute", "metric", "param", "tag", "dataset" */
    const char *name;                  /* NULL: any key, which is the first parameter of the statements */
    FilterType type;
    bool headed;                       /* `equal` takes the beginning of the text: see filter_head */
    bool absent_differs;               /* != is true of rows that lack it */
    Statement all;                     /* SELECT id, value: every row that has it; NULL is a number that is none (NaN) */
    Statement equal;                   /* the same, at least those whose value is the next parameter; NULL: there is none */
    Statement range;                   /* numbers, times: at least those from the next parameter to the one after */
} FilterField;

typedef struct FilterEntity {
    const char *name;                  /* "run": what errors call it, and one more word for "attribute" */
    const FilterField *field;          /* ends with a row whose family is NULL */
} FilterEntity;

typedef struct FilterAsk {             /* (borrowed) */
    const FilterEntity *entity;
    const char *filter;                /* NULL or "": all */
    const char *const *order; size_t orders_n;     /* "metrics.auc DESC"; values, then NaN, then rows that lack it */
    const Statement *domain;           /* SELECT id: the rows there are, in the order that decides last */
    const DbValue *args; size_t args_n;            /* of domain */
    size_t offset, limit;              /* limit 0: all */
} FilterAsk;

typedef struct FilterOut {
    int64_t *id; size_t n;             /* owned: ctx_put */
    bool more;                         /* there are some behind the limit */
    uint64_t found;                    /* rows that fit, in all */
} FilterOut;

/* Which rows?  One moment of the database; not inside an open transaction.
** Errors: ERR_BAD_INPUT what is wrong with the filter, at which character, with the nearest known word; ERR_LIMIT.
** Cost: one statement a test; rows read: those an index gives for = IN < > on their own, else all that have the field. */
MUST_USE Err filter_search(Ctx *cx, Db *db, const FilterAsk *ask, FilterOut *out);

/* Only read it: ERR_BAD_INPUT as above.  order may be NULL. */
MUST_USE Err filter_check(Ctx *cx, const FilterEntity *entity, const char *filter, const char *order);

/* The beginning of a text, whole characters only: what an indexed column holds beside a text of any length. */
void filter_head(const char *text, char out[FILTER_HEAD_MAX]);

#endif
