/* table/table.h -- typed columns in memory.
**
** A Table is finished once built and never changes; many threads may read it.
** Numbers, integers and date-times are doubles; booleans, categories and texts
** are codes into a dictionary of distinct values; an id is either.  Missing
** values are zero bits in `valid` (Arrow layout: bit i of byte i/8, least
** significant first).  An infinite number never enters: it counts as missing.
*/
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include "base/ctx.h"
#include "base/text.h"

#define TABLE_COLS_MAX 100000
#define TABLE_CELL_MAX ((size_t)16 << 20)      /* bytes in one cell */

typedef enum ColumnType {
    COLUMN_AUTO,          /* not known yet: to be inferred */
    COLUMN_NUMBER,        /* double */
    COLUMN_INTEGER,       /* double holding whole numbers below 2^53 */
    COLUMN_BOOLEAN,       /* two levels that read as yes and no */
    COLUMN_CATEGORY,      /* few levels */
    COLUMN_DATETIME,      /* double: seconds since 1970-01-01 UTC */
    COLUMN_TEXT,          /* words */
    COLUMN_ID,            /* names a row: of no use for learning */
    COLUMN_TYPES_N
} ColumnType;

/* How a column writes dates that are all digits: settled once over the whole column, then remembered. */
typedef enum TimeOrder {
    TIME_ISO,             /* 2020-12-31, or with the month's name: nothing to settle */
    TIME_DMY,             /* 31/12/2020 */
    TIME_MDY,             /* 12/31/2020 */
    TIME_ORDERS_N
} TimeOrder;

/* Distinct values of a column, in order of first appearance.  Level i is
** bytes[offset[i] .. offset[i+1]-1], without a NUL. */
typedef struct Dict {
    uint32_t n;
    uint64_t *offset;       /* n + 1 */
    char *bytes;
} Dict;

typedef struct Column {
    const char *name;       /* UTF-8 */
    ColumnType type;
    uint64_t nulls;         /* rows without a value */
    uint8_t *valid;         /* (rows + 7) / 8 bytes */
    double *num;            /* rows; NULL when the column has a dictionary; NaN where missing */
    int32_t *code;          /* rows; NULL when the column is numeric; -1 where missing */
    Dict dict;
    uint64_t bad;           /* values that could not be read as the forced or the schema's type (they count as missing) */
    uint64_t infinite;      /* infinite numbers (they count as missing) */
    TimeOrder order;        /* COLUMN_DATETIME: how its texts were read */
} Column;

#define COLUMN_TEXT_MAX 40  /* bytes of the longest number or time as text, with the NUL */

typedef struct Table {
    size_t rows, cols;
    Column *col;            /* cols of them */
    char *source;           /* where it came from, for messages; may be "" */
} Table;

const char *column_type_word(ColumnType t);               /* number integer boolean category datetime text id auto */
bool column_type_read(const char *word, ColumnType *out); /* also date, time, string, float, int, bool, categorical */

static inline bool column_has(const Column *c, size_t row)
{
    return c->valid[row >> 3] >> (row & 7) & 1;
}

static inline const char *dict_at(const Dict *d, uint32_t level, size_t *n)
{
    *n = (size_t)(d->offset[level + 1] - d->offset[level]);
    return d->bytes + d->offset[level];
}

/* A cell as canonical text: a number by num_text, a time as ISO 8601, else its level.  NULL when missing.  Points into buf or
** into the dictionary; *n is its length, there may be no NUL. */
const char *column_text(const Column *c, size_t row, char buf[COLUMN_TEXT_MAX], size_t *n);

/* Index of the column of that name, or SIZE_MAX. */
size_t table_find(const Table *t, const char *name);
void table_free(Ctx *cx, Table *t);                       /* NULL is fine */

void column_json(const Column *c, size_t row, Text *t);      /* a cell as a JSON value; missing: null */
/* A copy of some rows (in that order) and all columns.  Dictionaries are kept whole.  ERR_NOMEM */
MUST_USE Err table_rows(Ctx *cx, const Table *t, const uint32_t *rows, size_t n, Table **out);
/* The same without the columns marked in leave_out (t->cols flags).  ERR_NOMEM */
MUST_USE Err table_pick(Ctx *cx, const Table *t, const uint32_t *rows, size_t n, const bool *leave_out, Table **out);

/* ------------------------------------------------------------------ schema */

/* What a build remembers of a column, and how new data is read against it. */
typedef struct SchemaColumn {
    char *name;
    ColumnType type;        /* never COLUMN_AUTO */
    bool numeric;           /* storage: num, else code with its own dictionary */
    bool needed;            /* prediction refuses when the column is absent */
    TimeOrder order;        /* COLUMN_DATETIME */
} SchemaColumn;

typedef struct Schema {
    size_t n;
    SchemaColumn *col;
    char **na;              /* missing marks that were in force */
    size_t na_n;
} Schema;

/* The schema of a table: every column needed.  ERR_NOMEM */
MUST_USE Err schema_of(Ctx *cx, const Table *t, const char *const *na, size_t na_n, Schema **out);
void schema_free(Ctx *cx, Schema *s);
size_t schema_find(const Schema *s, const char *name);
MUST_USE Err schema_save(Ctx *cx, const Schema *s, Text *out);       /* canonical JSON */
MUST_USE Err schema_load(Ctx *cx, const char *json, size_t n, Schema **out);   /* hostile input: ERR_CORRUPT */

/* ----------------------------------------------------------------- builder */

/* Takes cells row by row in file order, decides types at the end.
**
** Column type rules, one text a value: a text that reads as a number (num_read,
** no leading zero before another digit, digits alone below 2^53) is that number,
** so 3, 3.0 and '3' are one value; when a column mixes numbers and words it
** becomes a dictionary and numbers are written back by num_text.  Leading and
** trailing blanks are not part of a value.  An empty value is always missing.
**
** What is inferred (docs in README.md): number, integer; boolean: at most two levels that are a pair of yes and no;
** datetime: at least 9 of 10 values read in one order; text: 3 words a value and over 1 % distinct; id: over 99 %
** distinct without blanks, or unique whole numbers named like an id or counting up; else category.
** A forced type fits when at least half of the values read as it; the others are missing and counted in `bad`.
*/
typedef struct Builder Builder;

typedef struct BuilderIn {
    size_t cols;
    const char *const *name;       /* cols                               (copied) */
    const ColumnType *want;        /* cols, or NULL: all COLUMN_AUTO     (copied) */
    const char *const *na;         /* missing marks, compared exactly    (copied) */
    size_t na_n;
    const char *source;
    bool keep_types;               /* want[] comes from a schema: unreadable values become missing, `bad` counts
                                   ** them; storage is exactly the schema's, nothing is inferred */
    const bool *numeric;           /* with keep_types: storage of each column */
    const TimeOrder *order;        /* with keep_types: how times are written; NULL: settled by the column */
} BuilderIn;

MUST_USE Err builder_new(Ctx *cx, const BuilderIn *in, Builder **out);
/* A builder that takes cells of every column of the schema, in its order, types and storage (keep_types).
** marks: the schema's missing marks count; else only an empty text does.  Cost: a few allocations a column. */
MUST_USE Err builder_for(Ctx *cx, const Schema *s, bool marks, const char *source, Builder **out);
MUST_USE Err builder_text(Ctx *cx, Builder *b, size_t col, const char *s, size_t n);   /* ERR_BAD_INPUT not UTF-8; ERR_LIMIT */
MUST_USE Err builder_num(Ctx *cx, Builder *b, size_t col, double v);                   /* NaN or infinite: missing */
MUST_USE Err builder_time(Ctx *cx, Builder *b, size_t col, double seconds);
MUST_USE Err builder_null(Ctx *cx, Builder *b, size_t col);
/* Every column must have got the same number of values.  Frees b.  ERR_BAD_INPUT a forced type that does not fit. */
MUST_USE Err builder_end(Ctx *cx, Builder *b, Table **out);
void builder_free(Ctx *cx, Builder *b);                   /* NULL is fine */

extern const char *const table_na_default[];              /* "", NA, N/A, NaN, NULL, None, ? */
extern const size_t table_na_default_n;

/* Read a date or a date and time: ISO 8601 (2020-12-31, 2020/12/31, 2020-12, 2020-12-31T23:59:59.5+01:00, a blank for T),
** with the month's English name (31 Dec 2020, Dec 31, 2020, 31-Dec-20), and all digits by `order` with / . or - between
** (31/12/2020 23:59, 12/31/2020 11:59 PM).  Without a zone: UTC.  Seconds since 1970-01-01 UTC.
** table_time_read takes all-digit dates only where one of the two orders is impossible. */
bool table_time_read_order(const char *s, size_t n, TimeOrder order, double *out);
bool table_time_read(const char *s, size_t n, double *out);
/* ISO 8601, as short as it goes: 2020-12-31, 2020-12-31T23:59:59, with fractions where there are any.  Returns the length. */
size_t table_time_text(double seconds, char buf[COLUMN_TEXT_MAX]);

#include "table/drift.h"

#endif
