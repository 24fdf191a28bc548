/* What is proved: every kind of secret is taken out of a line, whatever pieces it comes in; harmless text comes through byte by
** byte; command lines lose the values of secret options, everywhere they stand; memory refused is told.
** How: tables of lines with what must be gone and what must stay; random cuts of one text into pieces. */
#include "base/random.h"
#include "base/secret.h"
#include "test/test.h"

#include <stdlib.h>
#include <string.h>

static char *scrubbed(Ctx *cx, const Secrets *s, const char *text)
{
    Text t;
    text_init(&t, cx);
    expect_ok(cx, secret_scrub(cx, s, text, strlen(text), &t, NULL));
    char *copy = ctx_scratch_text(cx, t.at ? t.at : "");
    text_clear(&t);
    return copy;
}

static void secrets_are_taken_out(void **state)
{
    (void)state;
    static const char *const lines[][2] = {           /* the line, and what may not be left of it */
        { "https://bob:hunter2@example.com/x", "hunter2" }, { "https://ghp_tok@example.com", "ghp_tok" }, { "postgres://u:p@ss:w@h:5432/db", "p@ss" },
        { "postgres://u:pa/ss@h/db", "pa/ss" }, { "see mysql://root:Zq9@db, please", "Zq9" }, { "?token=abc&x=1", "abc" }, { "https://h/x?a=1&api_key=QWE#f", "QWE" },
        { "https://b.s3.amazonaws.com/k?X-Amz-Signature=deadbeef", "deadbeef" }, { "password = hunter2", "hunter2" }, { "PASSWORD: \"hun ter2\"", "ter2" },
        { "{\"client_secret\": \"v1\"}", "v1" }, { "aws_secret_access_key=abc/def+ghi", "def" }, { "export DB_PASSWORD='it is'", "it is" },
        { "+    token: zzzyyy", "zzzyyy" }, { "os.environ[\"API_KEY\"] = 'k1k1'", "k1k1" }, { "machine h login u password pw1", "pw1" }, { "  password pw2", "pw2" },
        { "+password pw3", "pw3" }, { "db.host:5432:base:user:pw4", "pw4" }, { "*:*:*:me:pw5", "pw5" }, { "AKIAIOSFODNN7EXAMPLE", "IOSFOD" },
        { "x ghp_0123456789abcdefghijABCDEFGHIJ y", "abcdef" }, { "key sk-abcdefghijklmnopqrstuvwx", "mnop" }, { "Authorization: Bearer abcdefghijklmnop", "mnop" },
        { "curl -H 'authorization: basic dXNlcjpwYXNzd29yZA=='", "dXNl" }, { "hf_abcdefghijklmnopqrstuvwxyz", "mnop" }, { "xoxb-123456789012-abc", "123456" },
        { "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF", "zdWIi" }, { "apiKey := \"go1\"", "go1" }, { "Cookie: session=abcdef", "abcdef" }, { "--password=x9", "x9" },
    };
    Ctx cx = test_ctx();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *out = scrubbed(&cx, NULL, lines[i][0]);
        if (strstr(out, lines[i][1]) || !strstr(out, SECRET_MASK)) print_error("'%s' became '%s'\n", lines[i][0], out);
        assert_null(strstr(out, lines[i][1]));
        assert_non_null(strstr(out, SECRET_MASK));
    }
    const char *pem = scrubbed(&cx, NULL, "a\n-----BEGIN PRIVATE KEY-----\nMIIEvQ\nxyz\n-----END PRIVATE KEY-----\nb\n");
    assert_null(strstr(pem, "MIIEvQ"));
    assert_null(strstr(pem, "xyz"));
    assert_true(pem[0] == 'a' && !strcmp(pem + strlen(pem) - 2, "b\n"));
    ctx_clear(&cx);
}

static void what_is_harmless_comes_through(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "", "\n", "epoch 3 loss 0.25 acc 0.9\n", "https://example.com/x?page=2", "ssh://git@github.com/a/b.git", "git@github.com:a/b.git",
        "http://host:8080/a?mail=x@y", "token: str", "def f(password: Optional[str] = None):", "tokens = 512", "max_tokens: 100", "tokenizer=gpt2",
        "secret = os.environ[\"X\"]", "token = get_token()", "password = $PASS", "key = 3", "sort_key=name", "10:22:31:INFO:started", "a == b", "forgot my password today?",
        "\0binary\xff\xfe", "the author said: hello", "keyboard: us", "monkey=1", "passes = 3",
    };
    Ctx cx = test_ctx();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *out = scrubbed(&cx, NULL, lines[i]);
        if (strcmp(out, lines[i])) print_error("'%s' became '%s'\n", lines[i], out);
        assert_string_equal(out, lines[i]);
    }
    ctx_clear(&cx);
}

static void names_and_files_are_told_apart(void **state)
{
    (void)state;
    static const char *const yes[] = { "password", "DB_PASSWORD", "--token" + 2, "apiKey", "AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "GITHUB_PAT", "hfToken", "PGPASSWORD", "KEY", "client-secret" },
                      *const no[] = { "tokenizer", "max_tokens", "key", "sort_key", "monkey", "author", "PATH", "passes", "compass", "keyboard", "" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) assert_true(secret_name(yes[i], strlen(yes[i])));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) assert_false(secret_name(no[i], strlen(no[i])));
    assert_true(secret_file("/home/a/.netrc") && secret_file("id_rsa") && secret_file("x/server.PEM") && secret_file(".env") && secret_file(".env.local"));
    assert_false(secret_file("model.bin") || secret_file("environment.yml") || secret_file("x.key.csv") || secret_file("netrc"));
}

static void a_command_line_loses_its_secrets_and_they_become_known(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Secrets *s;
    char *environment[] = { "HOME=/root", "MY_TOKEN=env-value-1", "URL=https://u:addr-word@h", "SHORT_TOKEN=abc", NULL };
    static const char *const words[] = { "prog", "--password", "opt-value", "-phunter22", "--port", "8080", "-p8080", "--lr=0.1", "API_KEY=abcdefg", "x", "opt-value", "-path", "https://u:pw@h" };
    static const char *const want[] = { "prog", "--password", SECRET_MASK, "-p" SECRET_MASK, "--port", "8080", "-p8080", "--lr=0.1", "API_KEY=" SECRET_MASK, "x", SECRET_MASK, "-path", "https://" SECRET_MASK "@h" };
    const char *out[13];
    size_t found;
    expect_ok(&cx, secret_know(&cx, environment, &s));
    expect_ok(&cx, secret_scrub_words(&cx, s, words, 13, out, &found));
    for (size_t i = 0; i < 13; i++) assert_string_equal(out[i], want[i]);
    assert_true(found >= 5);
    assert_string_equal(scrubbed(&cx, s, "a env-value-1 b addr-word c opt-value d abc"), "a " SECRET_MASK " b " SECRET_MASK " c " SECRET_MASK " d abc");
    static const char *const curl[] = { "curl", "-u", "me:word", "http://h" };
    expect_ok(&cx, secret_scrub_words(&cx, s, curl, 4, out, &found));
    assert_string_equal(out[2], "me:" SECRET_MASK);
    secret_forget(&cx, s);
    ctx_clear(&cx);
}

/* However a text is cut into pieces, the outcome is that of the whole. */
static void pieces_make_no_difference(void **state)
{
    (void)state;
    static const char text[] = "one password=abc\ntwo https://a:b@c/d\n-----BEGIN RSA PRIVATE KEY-----\nkkk\n-----END RSA PRIVATE KEY-----\nthree ghp_0123456789abcdefghijABCDEFGHIJ";
    Ctx cx = test_ctx();
    const char *whole = scrubbed(&cx, NULL, text);
    for (uint64_t seed = 0; seed < 200; seed++) {
        Random r = random_make(seed, "cuts", 0, 0);
        SecretStream s = { .cx = &cx };
        Text t;
        text_init(&t, &cx);
        for (size_t at = 0, n = sizeof text - 1; at < n;) {
            size_t take = 1 + random_below(&r, 9);
            if (take > n - at) take = n - at;
            expect_ok(&cx, secret_stream_more(&s, text + at, take, &t));
            at += take;
        }
        expect_ok(&cx, secret_stream_end(&s, &t));
        assert_string_equal(t.at, whole);
        text_clear(&t);
    }
    ctx_clear(&cx);
}

static void a_line_without_end_takes_bounded_memory(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    SecretStream s = { .cx = &cx };
    Text t;
    size_t out = 0;
    char *piece = malloc(100000);
    memset(piece, 'x', 100000);
    text_init(&t, &cx);
    for (int i = 0; i < 50; i++) {
        expect_ok(&cx, secret_stream_more(&s, piece, 100000, &t));
        assert_true(s.line.n <= SECRET_LINE_MAX);
        out += t.n;
        t.n = 0;
    }
    expect_ok(&cx, secret_stream_end(&s, &t));
    assert_int_equal(out + t.n, 5000000);
    text_clear(&t);
    free(piece);
    ctx_clear(&cx);
}

static Err scrub_body(Ctx *cx, void *arg)
{
    char *environment[] = { "A_TOKEN=abcdefgh", NULL };
    static const char *const words[] = { "p", "--password", "longer-word" };
    const char *out[3];
    Secrets *s;
    Text t;
    (void)arg;
    TRY(cx, secret_know(cx, environment, &s));
    text_init(&t, cx);
    Err err = secret_scrub_words(cx, s, words, 3, out, NULL);
    if (!err) err = secret_scrub(cx, s, "x abcdefgh\ny longer-word\n", 26, &t, NULL);
    text_clear(&t);
    secret_forget(cx, s);
    return err;
}

static void every_refused_piece_of_memory_is_told(void **state)
{
    (void)state;
    rig_sweep(scrub_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_taken_out),
        cmocka_unit_test(what_is_harmless_comes_through),
        cmocka_unit_test(names_and_files_are_told_apart),
        cmocka_unit_test(a_command_line_loses_its_secrets_and_they_become_known),
        cmocka_unit_test(pieces_make_no_difference),
        cmocka_unit_test(a_line_without_end_takes_bounded_memory),
        cmocka_unit_test(every_refused_piece_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
