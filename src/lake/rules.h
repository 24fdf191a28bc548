/* lake/rules.h -- what the files behind lake_check share: rules, their tests, and a run over a version (inside room lake). */
#ifndef LAKE_RULES_H
#define LAKE_RULES_H

#include "lake/workin.h"
#include "os/os.h"

#define RULES_TESTS_MAX 2000

typedef struct RuleKind RuleKind;

typedef struct RuleTest {
    const RuleKind *kind;
    const char *rule;              /* the name somebody gave; NULL */
    const char *column;            /* NULL: the table */
    const char *where;             /* SQL: only these rows; NULL all */
    const Yaml *arg;
    bool warn;
    double mostly;                 /* share of rows that must meet it */
    unsigned line;
} RuleTest;

typedef struct Rules { const char *name; RuleTest *test; size_t n; } Rules;
MUST_USE Err rules_read(Ctx *cx, const char *yaml, size_t n, const char *name, Rules *out);

typedef struct RunColumn { const char *name, *type; } RunColumn;   /* DuckDB's word */

typedef struct CheckRun {
    Lake *lake;
    LakeSql *sql;
    const Rules *rules;
    const LakeVersion *version;
    const char *table;             /* 'name@n', quoted for SQL */
    RunColumn *column; size_t columns_n;
    int64_t now_us;
} CheckRun;

struct RuleKind {
    const char *name;
    bool column;                   /* looks at one column */
    bool sql;                      /* holds SQL of the person: never joined with others' */
    bool nulls;                    /* missing values count too */
    /* Tests of single rows: the condition of a row that does not meet it, and what is expected, in words. */
    Err (*bad)(Ctx *cx, const CheckRun *run, const RuleTest *t, Text *bad, Text *expected);
    /* Tests of the table as a whole: fills outcome (LAKE_FAILED or LAKE_PASSED), found, expected, rows, failed, offending. */
    Err (*run)(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
};
extern const RuleKind *const rule_kinds[];         /* A to Z; ends with NULL.  rulekinds.c */

/* ruletables.c, ruledrift.c: tests of the table as a whole */
Err run_columns(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_drift(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_freshness(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_measure(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_relationships(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_row_count(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_type(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);
Err run_unique(Ctx *cx, CheckRun *run, const RuleTest *t, LakeResult *out);

/* A failure that names the rules' file and line. */
#define RULE_FAIL(cx, run, y, ...) rule_fail((cx), (run)->rules->name, (y)->line, __VA_ARGS__)
Err rule_fail(Ctx *cx, const char *file, unsigned line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* The same around a failure that is told already. */
Err rule_failed(Ctx *cx, const CheckRun *run, const RuleTest *t, Err err);

/* A number, or a percentage: 0.05, 5%. */
bool rule_number(const Yaml *y, double *out);
/* {min: .., max: ..}, or one number that is both; NaN where there is none.  *rest: further keys are allowed. */
MUST_USE Err rule_range(Ctx *cx, const CheckRun *run, const RuleTest *t, const char *const *rest, double *lo, double *hi);
MUST_USE Err rule_keys(Ctx *cx, const char *file, const Yaml *map, const char *const *known, const char *what);

const RunColumn *run_column(const CheckRun *run, const char *name);
bool type_is_number(const char *type);
bool type_is_time(const char *type);
/* Rows of a statement as a JSON array in scratch, at most a few. */
MUST_USE Err run_rows(Ctx *cx, CheckRun *run, const char *sql, const char **json);
/* The numbers of a statement's one row. */
MUST_USE Err run_numbers(Ctx *cx, LakeSql *sql, const char *statement, double *out, size_t n);
/* Words in scratch; NULL: no memory (the caller says so). */
const char *words_of(Ctx *cx, Text *t);

#endif
