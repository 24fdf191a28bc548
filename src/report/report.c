/* report/report.c -- lays results, script and style into one page.
**
** Everything that is drawn is drawn by the script; this file only makes the
** page safe and whole: JSON in script elements of a type that never runs, with
** every "<" written as \u003c, and a policy that names the hashes of the two
** pieces that may work.  Without a script the page still shows the headline and
** the leaderboard.
*/
#include "report/report.h"

#include "base/hash.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

/* Bundled from web/ by the build (cmake/LeatWeb.cmake). */
extern const unsigned char report_js[], report_js_end[];
extern const unsigned char report_css[], report_css_end[];

#define STAGES_MAX 64
#define BOARD_ROWS 20       /* of the leaderboard, where no script runs */

/* ----------------------------------------------------------------- escaping */

static void put_html(Text *t, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        switch (s[i]) {
        case '<': text_put(t, "&lt;"); break;
        case '>': text_put(t, "&gt;"); break;
        case '&': text_put(t, "&amp;"); break;
        case '"': text_put(t, "&quot;"); break;
        case '\'': text_put(t, "&#39;"); break;
        case '\0': break;
        default: text_char(t, s[i]);
        }
    }
}

static void put_html_text(Text *t, const char *s)
{
    if (s) put_html(t, s, strlen(s));
}

/* JSON inside a script element: no '<' can be left, so neither "</script" nor "<!--".  A '<' occurs only inside
** JSON strings, where \u003c means the same. */
static void put_json(Text *t, const char *s, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; i < n; i++) {
        const char *as = s[i] == '<' ? "\\u003c" : s[i] == '>' ? "\\u003e" : s[i] == '&' ? "\\u0026" : NULL;
        if (!as) continue;
        text_bytes(t, s + from, i - from);
        text_put(t, as);
        from = i + 1;
    }
    text_bytes(t, s + from, n - from);
}

static void put_base64(Text *t, const unsigned char *p, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16;
        if (i + 1 < n) v |= (unsigned)p[i + 1] << 8;
        if (i + 2 < n) v |= p[i + 2];
        text_char(t, digit[v >> 18 & 63]);
        text_char(t, digit[v >> 12 & 63]);
        text_char(t, i + 1 < n ? digit[v >> 6 & 63] : '=');
        text_char(t, i + 2 < n ? digit[v & 63] : '=');
    }
}

static Err put_hash(Ctx *cx, Text *t, const unsigned char *p, const unsigned char *end)
{
    Digest d;
    TRY(cx, hash_bytes(cx, p, (size_t)(end - p), &d));
    text_put(t, " 'sha256-");
    put_base64(t, d.at, sizeof d.at);
    text_char(t, '\'');
    return OK;
}

/* ------------------------------------------------------------------ reading */

typedef struct Part {
    yyjson_doc *doc;
    bool out;                /* left out, for its size */
} Part;

static Err parse(Ctx *cx, const char *what, const char *json, yyjson_doc **out)
{
    yyjson_read_err why;
    *out = yyjson_read_opts((char *)(uintptr_t)json, strlen(json), YYJSON_READ_NOFLAG, NULL, &why);
    if (!*out && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading the results of '%s'", what);
    if (!*out)
        return FAIL(cx, ERR_BAD_INPUT, "the results of '%s' are not JSON at byte %zu: %s", what, why.pos, why.msg);
    if (!yyjson_is_obj(yyjson_doc_get_root(*out))) {
        yyjson_doc_free(*out);
        *out = NULL;
        return FAIL(cx, ERR_BAD_INPUT, "the results of '%s' are not a JSON object", what);
    }
    return OK;
}

/* ------------------------------------------------- the page without a script */

static void put_value(Text *t, yyjson_val *v)
{
    char buf[NUM_TEXT_MAX];
    if (yyjson_is_str(v)) put_html(t, yyjson_get_str(v), yyjson_get_len(v));
    else if (yyjson_is_num(v)) {
        double x = yyjson_get_num(v);
        double unit = x == 0 ? 1 : pow(10, 5 - floor(log10(fabs(x))));
        size_t n = num_text(isfinite(unit) ? round(x * unit) / unit : x, buf);
        text_bytes(t, buf, n);
    }
}

static void put_row(Text *t, yyjson_val *e)
{
    static const char *const keys[] = { "learner", "score", "se", "fit_s", "predict_us_row", "size_bytes" };
    text_put(t, "<tr>");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        text_put(t, i == 0 ? "<th scope=\"row\">" : "<td class=\"n\">");
        put_value(t, yyjson_obj_get(e, keys[i]));
        text_put(t, i == 0 ? "</th>" : "</td>");
    }
    text_put(t, "</tr>");
}

static void put_plain(Text *t, const ReportIn *in, yyjson_val *o)
{
    text_put(t, "<noscript><div class=\"plain\"><h1>");
    put_html_text(t, in->title);
    text_put(t, "</h1><p>");
    put_html_text(t, in->subtitle);
    text_put(t, "</p><p>This page draws its plots by a script that it carries. Scripts are switched off, so only the main results are shown.</p>");
    yyjson_val *metric = yyjson_obj_get(o, "metric");
    if (yyjson_is_obj(metric)) {
        text_put(t, "<p>");
        put_value(t, yyjson_obj_get(metric, "name"));
        text_put(t, " on rows held out: <strong>");
        put_value(t, yyjson_obj_get(metric, "value"));
        text_put(t, "</strong> (standard error ");
        put_value(t, yyjson_obj_get(metric, "se"));
        text_put(t, ")</p>");
    }
    yyjson_val *warnings = yyjson_obj_get(o, "warnings"), *e;
    if (yyjson_arr_size(warnings) > 0) {
        size_t i, n;
        text_put(t, "<ul>");
        yyjson_arr_foreach(warnings, i, n, e) { text_put(t, "<li>"); put_value(t, e); text_put(t, "</li>"); }
        text_put(t, "</ul>");
    }
    yyjson_val *board = yyjson_obj_get(o, "leaderboard");
    if (yyjson_arr_size(board) > 0) {
        size_t i, n;
        text_put(t, "<table><thead><tr><th>Learner</th><th>Score</th><th>Standard error</th><th>Fit (s)</th>"
                    "<th>Scoring a row (µs)</th><th>Size (bytes)</th></tr></thead><tbody>");
        yyjson_arr_foreach(board, i, n, e) { if (i < BOARD_ROWS) put_row(t, e); }
        text_put(t, "</tbody></table>");
    }
    text_put(t, "</div></noscript>");
}

/* ----------------------------------------------------------------- the page */

static Err put_head(Ctx *cx, Text *t, const ReportIn *in)
{
    text_put(t, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; form-action 'none'; script-src");
    TRY(cx, put_hash(cx, t, report_js, report_js_end));
    text_put(t, "; style-src");
    TRY(cx, put_hash(cx, t, report_css, report_css_end));
    text_put(t, "\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                "<title>");
    put_html_text(t, in->title);
    text_put(t, " · Leat</title>\n<style>");
    text_bytes(t, report_css, (size_t)(report_css_end - report_css));
    text_put(t, "</style>\n</head>\n<body>\n<div id=\"leat-root\"></div>\n");
    return OK;
}

static void put_facts(Text *t, const ReportIn *in)
{
    Text head;
    text_init(&head, t->cx);
    json_open(&head);
    json_key_text(&head, "title", in->title);
    json_key_text(&head, "subtitle", in->subtitle ? in->subtitle : "");
    json_key_open_array(&head, "facts");
    for (size_t i = 0; i < in->facts_n; i++) {
        json_open(&head);
        json_key_text(&head, "name", in->fact[i].name);
        json_key_text(&head, "value", in->fact[i].value);
        json_close(&head);
    }
    json_close_array(&head);
    if (in->overview) json_key_raw(&head, "overview", in->overview);
    json_close(&head);
    text_put(t, "<script type=\"application/json\" id=\"leat-report\">");
    if (head.broken) t->broken = true;
    else put_json(t, head.at, head.n);
    text_put(t, "</script>\n");
    text_clear(&head);
}

static void put_stages(Text *t, const ReportIn *in, const Part *part)
{
    Text key;
    text_put(t, "<script type=\"application/json\" id=\"leat-stages\">{");
    for (size_t i = 0; i < in->stages_n; i++) {
        text_init(&key, t->cx);
        json_text(&key, in->stage[i].name);
        if (i) text_char(t, ',');
        if (key.broken) t->broken = true;
        else put_json(t, key.at, key.n);
        text_clear(&key);
        text_char(t, ':');
        if (part[i].out)
            text_fmt(t, "{\"skipped\":[\"Its results take %zu bytes, too many for this page; they are kept with the run.\"]}",
                     strlen(in->stage[i].json));
        else put_json(t, in->stage[i].json, strlen(in->stage[i].json));
    }
    text_put(t, "}</script>\n");
}

/* Leave out the largest stages until the page fits.  '<' takes six bytes. */
static Err fit(Ctx *cx, const ReportIn *in, Part *part, size_t fixed)
{
    size_t size[STAGES_MAX], total = fixed;
    for (size_t i = 0; i < in->stages_n; i++) {
        size[i] = 256;
        for (const char *s = in->stage[i].json; *s; s++) size[i] += *s == '<' || *s == '>' || *s == '&' ? 6 : 1;
        total += size[i];
    }
    while (total > REPORT_BYTES_MAX) {
        size_t most = SIZE_MAX;
        for (size_t i = 0; i < in->stages_n; i++) {
            if (!part[i].out && (most == SIZE_MAX || size[i] > size[most])) most = i;
        }
        if (most == SIZE_MAX)
            return FAIL(cx, ERR_LIMIT, "the report '%s' would take %zu bytes without any stage, at most %zu are allowed",
                        in->title ? in->title : "", total, REPORT_BYTES_MAX);
        part[most].out = true;
        total -= size[most] - 256;
        size[most] = 256;
    }
    return OK;
}

static Err write_page(Ctx *cx, const ReportIn *in, Part *part, yyjson_val *overview, Text *t)
{
    size_t from = t->n;
    TRY(cx, put_head(cx, t, in));
    put_facts(t, in);
    put_plain(t, in, overview);
    TRY(cx, fit(cx, in, part, t->n - from + (size_t)(report_js_end - report_js) + 256));
    put_stages(t, in, part);
    text_put(t, "<script>");
    text_bytes(t, report_js, (size_t)(report_js_end - report_js));
    text_put(t, "</script>\n</body>\n</html>\n");
    return text_err(t);
}

Err report_html(Ctx *cx, const ReportIn *in, Text *html)
{
    Err err = OK;
    Part part[STAGES_MAX] = { 0 };
    yyjson_doc *overview = NULL;
    Text page;
    text_init(&page, cx);
    if (in->stages_n > STAGES_MAX)
        return FAIL(cx, ERR_LIMIT, "a report of '%zu' stages, at most %d are allowed", in->stages_n, STAGES_MAX);
    for (size_t i = 0; i < in->stages_n; i++)
        TRY_DONE(cx, parse(cx, in->stage[i].name, in->stage[i].json, &part[i].doc));
    if (in->overview) TRY_DONE(cx, parse(cx, "overview", in->overview, &overview));
    TRY_DONE(cx, write_page(cx, in, part, overview ? yyjson_doc_get_root(overview) : NULL, &page));
    text_bytes(html, page.at, page.n);
    TRY_DONE(cx, text_err(html));
done:
    for (size_t i = 0; i < in->stages_n; i++) yyjson_doc_free(part[i].doc);
    yyjson_doc_free(overview);
    text_clear(&page);
    return err;
}
