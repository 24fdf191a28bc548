/* What is proved: a record that is not whole is refused in words and never believed; what a clock decided is answered from the record
** and rounded so that equal machines decide alike.  How: facts written here by hand, one fault at a time. */
#include "auto/replay.h"
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#define PARAMS "{\"centre\":\"mean\"}"
#define TRIAL(more) "{\"trial\":1,\"stage\":\"select\",\"learner\":\"baseline\",\"params\":" PARAMS ",\"rounds\":[0,0],\"planned\":[0,0]" more "}"
#define FACTS(trials) "{\"notes\":{\"folds\":2,\"texts_s\":0.25},\"kept\":[],\"trials\":[" trials "]}"

static void a_whole_record_is_read(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Replay *r;
    double v;
    AutoIn in = { .trials = 0 };
    Auto a = { .in = &in };
    expect_ok(&cx, replay_open(&cx, FACTS(TRIAL("")), &r));
    a.replay = r;
    a.noted = replay_notes(r);
    assert_string_equal(replay_engineer(r), "{\"kept\":[]}");
    assert_true(auto_noted(&a, "folds", &v) && v == 2);
    assert_false(auto_noted(&a, "greedy_rounds", &v));
    assert_false(auto_clocked(&a));
    expect_ok(&cx, auto_allow(&cx, &a, "texts_s", 99, &v));
    assert_true(v == .25);
    expect_ok(&cx, auto_allow(&cx, &a, "letters_s", 99, &v));     /* nobody noted it: there is no clock now either */
    assert_true(isinf(v));
    replay_close(&cx, r);
    expect_ok(&cx, replay_open(&cx, NULL, &r));
    assert_null(r);
}

static void what_a_clock_allows_is_rounded_and_noted(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    AutoIn in = { .time_s = 10 };
    Auto a = { .in = &in };
    double v;
    text_init(&a.notes, &cx);
    json_open(&a.notes);
    expect_ok(&cx, auto_allow(&cx, &a, "x", 1.9, &v));
    assert_true(v == 1);
    expect_ok(&cx, auto_allow(&cx, &a, "y", .3, &v));
    assert_true(v == .25);
    expect_ok(&cx, auto_allow(&cx, &a, "z", 1e9, &v));
    assert_true(isinf(v));
    assert_string_equal(a.notes.at, "{\"x\":1,\"y\":0.25");
    text_clear(&a.notes);
    in.trials = 3;
    expect_ok(&cx, auto_allow(&cx, &a, "x", 1.9, &v));
    assert_true(isinf(v));
}

static void a_record_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    static const struct { const char *facts, *words; } bad[] = {
        { "{", "is missing" },
        { "{\"trials\":[]}", "is missing" },
        { "{\"notes\":{},\"trials\":7,\"kept\":[]}", "is missing" },
        { "{\"notes\":{},\"trials\":[]}", "names no features" },
        { FACTS("7"), "of a trial is not whole" },
        { FACTS("{\"trial\":1,\"stage\":\"select\",\"learner\":\"baseline\",\"params\":{},\"rounds\":[],\"planned\":[]}"), "of a trial is not whole" },
        { FACTS("{\"trial\":1,\"stage\":\"dance\",\"learner\":\"baseline\",\"params\":{},\"rounds\":[1],\"planned\":[1]}"), "of a trial is not whole" },
        { FACTS("{\"trial\":-1,\"stage\":\"select\",\"learner\":\"baseline\",\"params\":{},\"rounds\":[1],\"planned\":[1]}"), "of a trial is not whole" },
        { FACTS("{\"trial\":1,\"stage\":\"select\",\"learner\":\"baseline\",\"params\":{},\"rounds\":[1],\"planned\":[1,2]}"), "of a trial is not whole" },
        { FACTS("{\"trial\":1,\"stage\":\"select\",\"learner\":\"baseline\",\"params\":{},\"rounds\":[1.5],\"planned\":[1]}"), "of a trial is not whole" },
        { FACTS(TRIAL(",\"train_share\":0")), "of a trial is not whole" },
        { FACTS(TRIAL(",\"train_share\":1.5")), "of a trial is not whole" },
        { FACTS(TRIAL(",\"refit\":-3")), "of a trial is not whole" },
        { FACTS("{\"trial\":1,\"stage\":\"select\",\"learner\":\"oracle\",\"params\":{},\"rounds\":[1],\"planned\":[1]}"), "learner 'oracle', which this version does not have" },
        { FACTS("{\"trial\":1,\"stage\":\"select\",\"learner\":\"linear\",\"params\":{\"c\":-5},\"rounds\":[1],\"planned\":[1]}"), "c" },
        { FACTS(TRIAL("") "," TRIAL("")), "has trials out of order" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Ctx cx = test_ctx();
        Replay *r;
        expect_failure(&cx, replay_open(&cx, bad[i].facts, &r), ERR_BAD_INPUT, bad[i].words);
        assert_null(r);
        ctx_clear(&cx);
    }
}

static Err swept(Ctx *cx, void *arg)
{
    Replay *r;
    (void)arg;
    TRY(cx, replay_open(cx, FACTS(TRIAL(",\"cut\":true")), &r));
    replay_close(cx, r);
    return OK;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    rig_sweep(swept, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_record_is_read),
        cmocka_unit_test(what_a_clock_allows_is_rounded_and_noted),
        cmocka_unit_test(a_record_that_is_not_whole_is_refused),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
