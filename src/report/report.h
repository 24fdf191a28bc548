/* report/report.h -- stage results in, one self-contained HTML page out.
**
** The page holds the results as JSON, and the script and style (bundled from
** web/) that draw them.  It loads nothing, opens from a disk, and its content
** security policy allows exactly the script and the style it carries, by hash.
** Results are hostile: names and values of the data may hold any text.
*/
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "base/text.h"

#define REPORT_BYTES_MAX ((size_t)3 << 20)     /* of a whole page */

typedef struct ReportStage {
    const char *name;            /* visualize preprocess engineer select tune benchmark train diagnose */
    const char *json;            /* an object, doc/formats/stages.md */
} ReportStage;

typedef struct ReportFact {
    const char *name, *value;    /* shown beside each other, "seed" "42" */
} ReportFact;

typedef struct ReportIn {
    const char *title;           /* "titanic@3" */
    const char *subtitle;        /* one line under it; "" or NULL */
    const ReportFact *fact;      size_t facts_n;
    const ReportStage *stage;    size_t stages_n;      /* in any order; those that did not run are left out */
    const char *overview;        /* NULL, or the object that `leat auto --json` prints, and beside its keys any of
                                 ** target, data (path), rows, columns, version: doc/formats/report.md */
} ReportIn;

/* The page.  *html is made by text_init; what it held stays in front.
** Where the page would pass REPORT_BYTES_MAX, the largest stages are left out and the page says which.
** Errors: ERR_BAD_INPUT a stage or the overview is not a JSON object; ERR_LIMIT too large without any stage;
** ERR_NOMEM.  On failure *html is as it was. */
MUST_USE Err report_html(Ctx *cx, const ReportIn *in, Text *html);

#endif
