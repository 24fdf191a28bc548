/* app/work.h -- verbs on dataset versions: query, derive, check, split, label, certify, find.  Part of app.h. */
#ifndef APP_WORK_H
#define APP_WORK_H

#include "app/app.h"

/* -------------------------------------------------------------------- query */

typedef struct AppQueryIn {
    const char *sql;
    const char *out;                 /* a path; NULL: to fd in `format`, or into the answer when that is NULL too */
    const char *format;              /* csv parquet json ndjson; NULL: by the path */
    int fd;
    uint64_t limit;                  /* rows that the answer holds at most; 0: all (files are never cut) */
    uint32_t threads;                /* 0: all */
    uint64_t memory_mib;
} AppQueryIn;

typedef struct AppQueryColumn { const char *name, *type; bool number; } AppQueryColumn;
typedef struct AppQueryOut {
    const AppQueryColumn *column; size_t columns_n;
    const char *const *cell;         /* rows_n * columns_n, row by row; NULL where missing.  NULL: rows went elsewhere */
    const char *rows_json;           /* the same rows as a JSON array of objects; NULL likewise */
    uint64_t rows_n;                 /* shown, or written */
    bool more;                       /* there are more rows than the limit */
    const AppVersion *table; size_t tables_n;        /* versions that were read */
    const char *out;
    double wall_s;
} AppQueryOut;
/* Errors: those of query_sql_ask and lake_table; see lake/work.h. */
MUST_USE Err app_data_query(Ctx *cx, House *house, const AppQueryIn *in, AppQueryOut *out);
void app_data_query_json(const AppQueryOut *out, Text *t);
const char *app_query_format_word(size_t i);    /* csv json ndjson parquet */

/* ------------------------------------------------------------------- derive */

typedef struct AppDeriveIn {
    const char *name;                /* NULL with stale: every derived dataset */
    const char *sql, *message, *format;              /* format: parquet (NULL) or csv */
    const char *const *tag; size_t tags_n;
    bool refresh;                    /* derive again what has newer inputs, by its own statement */
    uint64_t memory_mib;
} AppDeriveIn;
typedef struct AppDerived { AppVersion version; bool unchanged, stale; } AppDerived;
typedef struct AppDeriveOut { AppDerived *derived; size_t n; double wall_s; } AppDeriveOut;
/* stale: inputs had newer versions (of a refresh).  ERR_USAGE neither sql nor refresh, or both. */
MUST_USE Err app_data_derive(Ctx *cx, House *house, const AppDeriveIn *in, AppDeriveOut *out);
void app_data_derive_json(const AppDeriveOut *out, Text *t);
const char *app_derive_format_word(size_t i);

/* -------------------------------------------------------------------- check */

typedef struct AppCheckIn { const char *ref, *rules, *junit; uint64_t memory_mib; } AppCheckIn;      /* rules, junit: paths; junit may be NULL */
typedef struct AppCheckRow { const char *rule, *test, *column, *outcome, *expected, *found, *offending_json; uint64_t rows, failed; unsigned line; } AppCheckRow;
typedef struct AppRulesOut {
    AppVersion version;
    const char *rules, *junit;
    AppCheckRow *row; size_t n, failed, warned;
    const char *report_json;
    double wall_s;
} AppRulesOut;
/* Rules that are not met are no error here: the faces say so, and exit with 3. */
MUST_USE Err app_data_check(Ctx *cx, House *house, const AppCheckIn *in, AppRulesOut *out);
void app_data_check_json(const AppRulesOut *out, Text *t);

/* -------------------------------------------------------------------- split */

typedef struct AppSplitIn {
    const char *ref, *as, *rest, *group, *time_column, *stratify, *message;
    double holdout;
    uint64_t seed, memory_mib;
} AppSplitIn;
typedef struct AppSplitOut { AppVersion eval, rest; bool eval_unchanged, rest_unchanged; uint64_t eval_rows, rest_rows, groups; const char *cut; double wall_s; } AppSplitOut;
MUST_USE Err app_data_split(Ctx *cx, House *house, const AppSplitIn *in, AppSplitOut *out);
void app_data_split_json(const AppSplitOut *out, Text *t);

/* ----------------------------------------------------------- label, certify */

typedef struct AppLabelIn { const char *ref, *column, *by, *on, *source, *message; bool revoke; } AppLabelIn;
typedef struct AppCertifyIn { const char *ref, *until, *message; bool labels, fit, revoke; } AppCertifyIn;
typedef struct AppMarkedOut { AppVersion version; const char *what; } AppMarkedOut;      /* what: a sentence */
MUST_USE Err app_data_label(Ctx *cx, House *house, const AppLabelIn *in, AppMarkedOut *out);
MUST_USE Err app_data_certify(Ctx *cx, House *house, const AppCertifyIn *in, AppMarkedOut *out);
void app_data_marked_json(const AppMarkedOut *out, Text *t);

/* What is said of a version: lines for people, and the same as JSON: labels, certificates, standing, checks, staleness. */
typedef struct AppMarks { const char *const *name, *const *line; size_t n; const char *json; } AppMarks;
MUST_USE Err app_data_marks(Ctx *cx, House *house, const char *ref, AppMarks *out);
/* Of the newest version of each dataset, for lists: "certified", "stale" …; "" nothing. */
MUST_USE Err app_data_state(Ctx *cx, House *house, const char *ref, const char **words);

/* --------------------------------------------------------------------- find */

typedef struct AppFindIn { const char *const *word; size_t words_n; uint32_t limit; } AppFindIn;
typedef struct AppFound { AppVersion version; double score; const char *where; } AppFound;
typedef struct AppFindOut { AppFound *found; size_t n; } AppFindOut;
MUST_USE Err app_data_find(Ctx *cx, House *house, const AppFindIn *in, AppFindOut *out);
void app_data_find_json(const AppFindOut *out, Text *t);

#endif
