/* lake/report.c -- what a check found, as JSON and as JUnit's XML, which every build server reads. */
#include "lake/workin.h"

#include <stdio.h>
#include <string.h>

void lake_report_json(const LakeReport *r, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    json_open(t);
    json_key_text(t, "dataset", r->version.dataset);
    json_key_int(t, "n", (int64_t)r->version.n);
    digest_text(&r->version.tree, hex);
    json_key_text(t, "tree", hex);
    json_key_int(t, "rows", r->rows);
    json_key_text(t, "rules", r->rules);
    digest_text(&r->digest, hex);
    json_key_text(t, "rules_sha256", hex);
    json_key_int(t, "time_us", r->time_us);
    json_key_bool(t, "met", !r->failed);
    json_key_int(t, "tests", (int64_t)r->n);
    json_key_int(t, "failed", (int64_t)r->failed);
    json_key_int(t, "warned", (int64_t)r->warned);
    json_key_open_array(t, "results");
    for (size_t i = 0; i < r->n; i++) {
        const LakeResult *x = &r->result[i];
        json_open(t);
        json_key_text(t, "rule", x->rule);
        json_key_text(t, "test", x->test);
        json_key_text(t, "column", *x->column ? x->column : NULL);
        json_key_text(t, "outcome", lake_outcome_word(x->outcome));
        json_key_text(t, "expected", x->expected);
        json_key_text(t, "found", x->found);
        json_key_int(t, "rows", (int64_t)x->rows);
        json_key_int(t, "failed", (int64_t)x->failed);
        json_key_raw(t, "offending", x->offending);
        json_key_int(t, "line", x->line);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* What XML 1.0 takes in an attribute or a text; other control bytes become a blank. */
static void xml(Text *t, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&': text_put(t, "&amp;"); break;
        case '<': text_put(t, "&lt;"); break;
        case '>': text_put(t, "&gt;"); break;
        case '"': text_put(t, "&quot;"); break;
        case '\n': text_put(t, "&#10;"); break;
        default: text_char(t, (unsigned char)*s < 32 ? ' ' : *s);
        }
}

void lake_report_junit(const LakeReport *r, Text *t)
{
    text_put(t, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"");
    xml(t, r->rules);
    text_fmt(t, "\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\" time=\"%.3f\">\n", r->n, r->failed, r->seconds);
    for (size_t i = 0; i < r->n; i++) {
        const LakeResult *x = &r->result[i];
        text_fmt(t, "    <testcase classname=\"");
        xml(t, r->version.dataset);
        text_fmt(t, "@%llu\" name=\"", (unsigned long long)r->version.n);
        xml(t, x->rule);
        if (x->outcome == LAKE_PASSED) {
            text_put(t, "\"/>\n");
            continue;
        }
        text_put(t, x->outcome == LAKE_FAILED ? "\">\n      <failure type=\"" : "\">\n      <system-out>warning: ");
        if (x->outcome == LAKE_FAILED) {
            xml(t, x->test);
            text_put(t, "\" message=\"");
        }
        text_put(t, "expected ");
        xml(t, x->expected);
        text_put(t, "; found ");
        xml(t, x->found);
        text_put(t, x->outcome == LAKE_FAILED ? "\">" : "&#10;");
        xml(t, x->offending);
        text_put(t, x->outcome == LAKE_FAILED ? "</failure>\n" : "</system-out>\n");
        text_put(t, "    </testcase>\n");
    }
    text_put(t, "  </testsuite>\n</testsuites>\n");
}
