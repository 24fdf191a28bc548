/* What is proved: the page is whole, safe and small.  How: pages are made of the results in test/report/ and of hostile
** texts, and read back as bytes; the policy's hashes are computed anew from what lies between the tags.  That the page
** draws itself in a browser, silently and offline, is proved in test/web. */
#include "base/hash.h"
#include "base/save.h"
#include "report/report.h"
#include "test/test.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

static const char *const stage_names[] = { "visualize", "preprocess", "engineer", "select", "tune", "benchmark", "train", "diagnose" };
#define STAGES (sizeof stage_names / sizeof *stage_names)

static Text page_of(Ctx *cx, const ReportIn *in)
{
    Text t;
    text_init(&t, cx);
    expect_ok(cx, report_html(cx, in, &t));
    return t;
}

/* What lies between the n-th `open` and the `close` after it. */
static const char *between(const char *s, const char *open, const char *close, size_t *n)
{
    const char *a = strstr(s, open);
    assert_non_null(a);
    a += strlen(open);
    const char *b = strstr(a, close);
    assert_non_null(b);
    *n = (size_t)(b - a);
    return a;
}

static char *fixture(Ctx *cx, const char *set, const char *name)
{
    char path[512], *data;
    size_t n;
    snprintf(path, sizeof path, "%s/test/report/%s/%s.json", LEAT_SOURCE, set, name);
    expect_ok(cx, save_read(cx, path, 1 << 22, &data, &n));
    return data;
}

static void a_real_report_is_whole_and_under_three_megabytes(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    ReportStage stage[STAGES];
    char *own[STAGES + 1];
    for (size_t i = 0; i < STAGES; i++) {
        own[i] = fixture(&cx, "loans", stage_names[i]);
        stage[i] = (ReportStage){ stage_names[i], own[i] };
    }
    own[STAGES] = fixture(&cx, "loans", "overview");
    ReportFact fact[] = { { "seed", "42" } };
    Text t = page_of(&cx, &(ReportIn){ .title = "loans@1", .subtitle = "who will default", .fact = fact, .facts_n = 1, .stage = stage,
                                       .stages_n = STAGES, .overview = own[STAGES] });
    assert_true(t.n < REPORT_BYTES_MAX);
    assert_non_null(strstr(t.at, "<title>loans@1 · Leat</title>"));
    assert_non_null(strstr(t.at, "<noscript>"));
    assert_null(strstr(t.at, "src=\""));

    size_t n;
    const char *json = between(t.at, "id=\"leat-stages\">", "</script>", &n);
    yyjson_doc *doc = yyjson_read(json, n, 0);
    assert_non_null(doc);
    assert_int_equal(yyjson_obj_size(yyjson_doc_get_root(doc)), STAGES);
    assert_int_equal(yyjson_get_int(yyjson_ptr_get(yyjson_doc_get_root(doc), "/visualize/rows")), 1800);
    yyjson_doc_free(doc);
    for (size_t i = 0; i <= STAGES; i++) ctx_put(&cx, own[i]);
    text_clear(&t);
    ctx_clear(&cx);
}

static size_t base64_decode(const char *s, unsigned char out[SHA256_BYTES])
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned v = 0, bits = 0;
    size_t n = 0;
    for (; *s && *s != '=' && *s != '\'' && n < SHA256_BYTES; s++) {
        v = v << 6 | (unsigned)(strchr(digit, *s) - digit);
        bits += 6;
        if (bits >= 8) { bits -= 8; out[n++] = (unsigned char)(v >> bits & 255); }
    }
    return n;
}

static void the_policy_allows_exactly_the_script_and_the_style_that_are_there(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text t = page_of(&cx, &(ReportIn){ .title = "x" });
    static const char *const tag[][3] = { { "script-src 'sha256-", "<script>", "</script>" }, { "style-src 'sha256-", "<style>", "</style>" } };
    for (size_t i = 0; i < 2; i++) {
        size_t n;
        unsigned char want[SHA256_BYTES];
        Digest is;
        const char *text = between(t.at, tag[i][1], tag[i][2], &n);
        assert_true(n > 1000);
        expect_ok(&cx, hash_bytes(&cx, text, n, &is));
        assert_int_equal(base64_decode(between(t.at, tag[i][0], "'", &n), want), SHA256_BYTES);
        assert_memory_equal(want, is.at, SHA256_BYTES);
    }
    assert_non_null(strstr(t.at, "default-src 'none'"));
    assert_null(strstr(t.at, "unsafe"));
    text_clear(&t);
    ctx_clear(&cx);
}

#define EVIL "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&\\\"'"
#define EVIL_JSON "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>&\\\\\\\"'"

static void hostile_names_and_values_never_become_markup(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    ReportStage stage[] = { { "visualize", "{\"rows\":1,\"columns\":1,\"column\":[{\"name\":\"" EVIL_JSON "\",\"type\":\"text\"}]}" }, { EVIL, "{}" } };
    ReportFact fact[] = { { EVIL, EVIL } };
    Text t = page_of(&cx, &(ReportIn){ .title = EVIL, .subtitle = EVIL, .fact = fact, .facts_n = 1, .stage = stage, .stages_n = 2,
                                       .overview = "{\"metric\":{\"name\":\"" EVIL_JSON "\",\"value\":1},\"warnings\":[\"" EVIL_JSON "\"],"
                                                   "\"leaderboard\":[{\"learner\":\"" EVIL_JSON "\",\"score\":0.5}]}" });
    assert_null(strstr(t.at, "<script>alert"));
    assert_null(strstr(t.at, "<img"));
    assert_null(strstr(t.at, "<!--"));
    size_t scripts = 0, n;
    for (const char *s = t.at; (s = strstr(s, "<script")); s++) scripts++;
    assert_int_equal(scripts, 3);
    const char *json = between(t.at, "id=\"leat-stages\">", "</script>", &n);
    yyjson_doc *doc = yyjson_read(json, n, 0);
    assert_string_equal(yyjson_get_str(yyjson_ptr_get(yyjson_doc_get_root(doc), "/visualize/column/0/name")), EVIL);
    yyjson_doc_free(doc);
    text_clear(&t);
    ctx_clear(&cx);
}

static void without_a_script_the_headline_and_the_leaderboard_are_there(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *overview = fixture(&cx, "loans", "overview");
    Text t = page_of(&cx, &(ReportIn){ .title = "loans@1", .overview = overview });
    size_t n;
    const char *plain = between(t.at, "<noscript>", "</noscript>", &n);
    char *copy = ctx_get(&cx, n + 1);
    memcpy(copy, plain, n);
    assert_non_null(strstr(copy, "auc on rows held out: <strong>0.7"));
    assert_non_null(strstr(copy, "<th scope=\"row\">lightgbm</th>"));
    ctx_put(&cx, copy);
    ctx_put(&cx, overview);
    text_clear(&t);
    ctx_clear(&cx);
}

static char *large_stage(Ctx *cx, size_t n)
{
    char *s = ctx_get(cx, n + 16);
    assert_non_null(s);
    strcpy(s, "{\"a\":\"");
    memset(s + 6, 'x', n);
    memcpy(s + 6 + n, "\"}", 3);
    return s;
}

static void a_stage_too_large_for_the_page_is_left_out_and_named(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *big = large_stage(&cx, REPORT_BYTES_MAX);
    ReportStage stage[] = { { "visualize", big }, { "train", "{\"size_bytes\":77}" } };
    Text t = page_of(&cx, &(ReportIn){ .title = "x", .stage = stage, .stages_n = 2 });
    assert_true(t.n < REPORT_BYTES_MAX);
    assert_non_null(strstr(t.at, "too many for this page"));
    assert_non_null(strstr(t.at, "{\"size_bytes\":77}"));
    text_clear(&t);
    text_init(&t, &cx);
    expect_failure(&cx, report_html(&cx, &(ReportIn){ .title = "x", .overview = big }, &t), ERR_LIMIT, "without any stage");
    assert_int_equal(t.n, 0);
    ctx_put(&cx, big);
    ctx_clear(&cx);
}

static void results_that_are_not_a_json_object_are_refused_in_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text t;
    text_init(&t, &cx);
    static const char *const bad[] = { "", "[1]", "{\"a\":", "{\"a\":NaN}", "{}}" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ReportStage stage = { "tune", bad[i] };
        expect_failure(&cx, report_html(&cx, &(ReportIn){ .title = "x", .stage = &stage, .stages_n = 1 }, &t), ERR_BAD_INPUT, "'tune'");
        expect_failure(&cx, report_html(&cx, &(ReportIn){ .title = "x", .overview = bad[i] }, &t), ERR_BAD_INPUT, "'overview'");
    }
    assert_int_equal(t.n, 0);
    ctx_clear(&cx);
}

static Err small_page(Ctx *cx, void *arg)
{
    (void)arg;
    ReportStage stage = { "train", "{\"members\":[]}" };
    Text t;
    text_init(&t, cx);
    Err err = report_html(cx, &(ReportIn){ .title = "x", .stage = &stage, .stages_n = 1, .overview = "{}" }, &t);
    text_clear(&t);
    return err;
}

static void memory_refused_anywhere_leaks_nothing(void **state)
{
    (void)state;
    rig_sweep(small_page, NULL, ERR_NOMEM, OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_real_report_is_whole_and_under_three_megabytes),
        cmocka_unit_test(the_policy_allows_exactly_the_script_and_the_style_that_are_there),
        cmocka_unit_test(hostile_names_and_values_never_become_markup),
        cmocka_unit_test(without_a_script_the_headline_and_the_leaderboard_are_there),
        cmocka_unit_test(a_stage_too_large_for_the_page_is_left_out_and_named),
        cmocka_unit_test(results_that_are_not_a_json_object_are_refused_in_words),
        cmocka_unit_test(memory_refused_anywhere_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
