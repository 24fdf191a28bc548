/* lake/work.h -- what is done with versions: queried as tables, derived, checked, split, labelled, certified, found.
**
** Part of the door of room lake (lake.h includes it).  Answers are allocated in cx's scratch and live until ctx_clear.
** Events and tables: doc/formats/lake.md.  Rules: doc/formats/rules.md
*/
#ifndef LAKE_WORK_H
#define LAKE_WORK_H

#include "base/text.h"
#include "lake/lake.h"
#include "query/query.h"

extern const LedgerRoom lake_marks_room;           /* labels, certifications, checks; beside lake_room in ledger_open */
/* Objects that marks name (reports, row hashes), some more than once: for gc. */
MUST_USE Err lake_marks_live(Ctx *cx, Lake *lake, Err (*each)(Ctx *cx, void *arg, const Digest *d), void *arg);

/* ------------------------------------------------------------- as tables */

/* The data files of a version, on this machine. */
typedef struct LakeTable {
    LakeVersion version;
    const char *inside;            /* the part of it that was named; "" all */
    const char *folder;            /* of the checkout: nobody may write there */
    const char *const *path; size_t files;         /* absolute, in the order of the tree: one kind */
    QueryFormat format;
    uint64_t bytes;
} LakeTable;

/* REF as lake_find, or NAME@V/PATH: a file, a folder or a glob (* ? [) inside the version.  Without a path: every file whose
** name says it is data (.csv .tsv .json .ndjson .parquet .xlsx …, packed or not), or the only file there is.
** Errors: those of lake_find and lake_checkout; ERR_NOT_FOUND no such file inside; ERR_BAD_INPUT files of several kinds. */
MUST_USE Err lake_table(Ctx *cx, Lake *lake, const char *ref, unsigned threads, LakeTable *out);
/* Is this NAME@V or NAME@V/PATH as far as its letters go? */
bool lake_table_ref_ok(const char *ref);

typedef struct LakeSql LakeSql;                    /* query/sql.h over a lake: FROM 'name@version' */
typedef struct LakeSqlIn {
    unsigned threads, memory_mib;                  /* as QuerySqlIn */
    const char *spill;                             /* unused tables lie here; NULL: the store's tmp/ */
} LakeSqlIn;
MUST_USE Err lake_sql_open(Ctx *cx, Lake *lake, const LakeSqlIn *in, LakeSql **out);
void lake_sql_close(Ctx *cx, LakeSql *s);          /* NULL is fine; removes what it spilled */
QuerySql *lake_sql(LakeSql *s);                    /* (borrowed) */
/* The versions that statements named so far, and the words they were named by; NULL past the end. */
const LakeVersion *lake_sql_version(const LakeSql *s, size_t i, const char **ref);

/* ---------------------------------------------------------------- deriving */

typedef struct LakeDerive {        /* (borrowed) */
    const char *name, *sql, *message;
    QueryFormat format;            /* AUTO or PARQUET: Parquet; CSV */
    const char *const *tag; size_t tags_n;
    unsigned memory_mib;
} LakeDerive;
/* The rows of a SELECT over versions as a new version of `name`, with lineage.  Equal inputs, statement and engine give equal
** bytes; rows that make the very bytes of the newest version make none (out->unchanged; it is put on record that they are
** up to date).
** Errors: those of query_sql_ask; ERR_BAD_INPUT the statement names no dataset, names its own newest version, or says
** something else each time (random, now …). */
MUST_USE Err lake_derive(Ctx *cx, Lake *lake, const LakeDerive *in, LakeAdded *out);

typedef struct LakeStale { const char *ref; LakeInput was, now; } LakeStale;
/* Inputs of a derived version that stand elsewhere now: 'churn@latest' is a newer version.  None: n is 0. */
MUST_USE Err lake_stale(Ctx *cx, Lake *lake, const LakeVersion *v, LakeStale **out, size_t *n);
/* Derive again what has newer inputs, its derived inputs first.  *stale: it was.  ERR_BAD_INPUT it was not derived. */
MUST_USE Err lake_refresh(Ctx *cx, Lake *lake, const char *name, unsigned memory_mib, LakeAdded *out, bool *stale);

/* ---------------------------------------------------------------- checking */

typedef enum LakeOutcome { LAKE_PASSED, LAKE_WARNED, LAKE_FAILED } LakeOutcome;
const char *lake_outcome_word(LakeOutcome o);      /* passed warned failed */

typedef struct LakeResult {        /* of one test of one rule */
    const char *rule;              /* its name, or made of its column and test */
    const char *test, *column;     /* "not_null", "id"; column "": the table */
    const char *expected, *found;  /* in words */
    LakeOutcome outcome;
    uint64_t rows, failed;         /* looked at, not met; 0 where rows are not counted */
    const char *offending;         /* JSON array of a few rows that do not meet it; "[]" */
    unsigned line;                 /* of the rules' file */
} LakeResult;

typedef struct LakeReport {
    LakeVersion version;
    const char *rules;             /* the file's name */
    Digest digest;                 /* of its bytes */
    LakeResult *result; size_t n, warned, failed;
    int64_t rows, time_us;
    double seconds;
} LakeReport;

typedef struct LakeCheck {         /* (borrowed) */
    const char *ref;
    const char *rules; size_t rules_n;             /* YAML, see doc/formats/rules.md */
    const char *rules_name;
    unsigned memory_mib;
} LakeCheck;
/* Try every rule and put the outcome on record (data.checked, the report as an object).  Rules that are not met are no error
** here: the faces exit with 3.
** Errors: ERR_BAD_INPUT the rules, with line; a column that is not there; those of lake_table and query_sql_ask. */
MUST_USE Err lake_check(Ctx *cx, Lake *lake, const LakeCheck *in, LakeReport *out);
void lake_report_json(const LakeReport *r, Text *t);
void lake_report_junit(const LakeReport *r, Text *t);

typedef struct LakeChecked { uint64_t n, tests, warned, failed, seq; int64_t time_us; const char *rules, *actor; Digest report; } LakeChecked;
/* Checks on record of a version, newest first. */
MUST_USE Err lake_checks(Ctx *cx, Lake *lake, const LakeVersion *v, LakeChecked **out, size_t *n);

/* --------------------------------------------------------------- splitting */

typedef struct LakeSplit {         /* (borrowed) */
    const char *ref, *as, *rest;   /* rest NULL: NAME.train beside NAME.eval, else AS.rest */
    double holdout;                /* share of rows that are held out */
    const char *group, *time_column, *stratify;    /* NULL: none; group and time_column exclude each other */
    uint64_t seed;
    const char *message;
    unsigned memory_mib;
} LakeSplit;
typedef struct LakeSplitOut { LakeAdded eval, rest; uint64_t eval_rows, rest_rows, groups; const char *cut; } LakeSplitOut;
/* Hold rows out: two new versions with the original header and bytes of each row (Parquet, JSON arrays and Excel: as Parquet).
** Which rows is decided by a keyed hash of the row (or of its group): the same rows, seed and share give the same slice in
** any order, and equal rows never lie on both sides.  By time: the newest; `cut` is the first time held out.
** Hashes of the rows held out are recorded.  ERR_BAD_INPUT a side would be empty, or a column is not there. */
MUST_USE Err lake_split(Ctx *cx, Lake *lake, const LakeSplit *in, LakeSplitOut *out);
/* How many rows of `other` are rows of the slice (by all columns of the slice, whatever format and order).
** ERR_BAD_INPUT `slice` is none, or `other` lacks a column of it (then they cannot share rows as a whole: *shared is 0). */
MUST_USE Err lake_rows_shared(Ctx *cx, Lake *lake, const LakeVersion *slice, const LakeVersion *other, uint64_t *shared);

/* ---------------------------------------------------- labels, certification */

typedef struct LakeLabelIn {       /* (borrowed) */
    const char *ref, *column, *by, *source, *message;
    int64_t on_us;                 /* when it was labelled; at least one of by, source */
} LakeLabelIn;
MUST_USE Err lake_label(Ctx *cx, Lake *lake, const LakeLabelIn *in, LakeVersion *v);       /* ERR_NOT_FOUND column */
MUST_USE Err lake_unlabel(Ctx *cx, Lake *lake, const char *ref, const char *column, const char *why, LakeVersion *v);

typedef struct LakeCertify {       /* (borrowed) */
    const char *ref, *message;
    bool labels, fit;              /* at least one: its labels are right; it is fit for training */
    int64_t until_us;
} LakeCertify;
MUST_USE Err lake_certify(Ctx *cx, Lake *lake, const LakeCertify *in, LakeVersion *v);     /* ERR_BAD_INPUT until has passed */
MUST_USE Err lake_revoke(Ctx *cx, Lake *lake, const char *ref, const char *why, LakeVersion *v);   /* ERR_REFUSED none in force */

typedef struct LakeLabel { const char *dataset; uint64_t n; const char *column, *by, *source, *message, *actor; int64_t on_us, made_us; uint64_t from_seq, to_seq; } LakeLabel;
typedef struct LakeCertificate { bool labels, fit; int64_t until_us, made_us; const char *message, *actor, *why; uint64_t from_seq, to_seq; } LakeCertificate;
/* Of this very version, newest first, ended ones too (to_seq). */
MUST_USE Err lake_labels(Ctx *cx, Lake *lake, const LakeVersion *v, LakeLabel **out, size_t *n);
MUST_USE Err lake_certificates(Ctx *cx, Lake *lake, const LakeVersion *v, LakeCertificate **out, size_t *n);

typedef enum LakeTrust { LAKE_CERTIFIED, LAKE_NONE, LAKE_EXPIRED, LAKE_REVOKED } LakeTrust;        /* best first */
const char *lake_trust_word(LakeTrust s);          /* certified none expired revoked */
/* What may be believed of a version: its own certificate, pulled down by the worst of what it was made from.  Inputs nobody
** ever certified pull only what has no certificate of its own. */
typedef struct LakeStanding {
    LakeTrust labels, fit;
    int64_t until_us;              /* the earliest end among those that count; 0: none */
    bool own;                      /* it has a certificate of its own in force */
    const char *because;           /* "churn@3 was revoked": the input that pulls it down; "" itself */
    uint64_t seq;                  /* of the event that decides */
} LakeStanding;
MUST_USE Err lake_standing(Ctx *cx, Lake *lake, const LakeVersion *v, int64_t now_us, LakeStanding *out);

/* ----------------------------------------------------------------- finding */

typedef struct LakeFind { LakeVersion version; double score; const char *where; } LakeFind;      /* where: "column city", "value Ulm in column city", … */
/* Datasets (their newest version) that hold every word in name, tags, columns, frequent values or messages; best first. */
MUST_USE Err lake_search(Ctx *cx, Lake *lake, const char *const *word, size_t words_n, size_t limit, LakeFind **out, size_t *n);

#endif
