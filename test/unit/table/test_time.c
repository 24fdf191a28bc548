/* test/unit/table/test_time.c -- dates are read as Python's datetime reads them, and written so that they read back.
**
** The seconds were computed with Python: datetime(..., tzinfo=timezone.utc).timestamp().
*/
#include "table/table.h"
#include "test.h"

#include <string.h>

static void reads(const char *text, TimeOrder order, double want)
{
    double v = 0;
    if (!table_time_read_order(text, strlen(text), order, &v) || v != want) fail_msg("'%s' read as %.6f, not %.6f", text, v, want);
}

static void refuses(const char *text)
{
    double v;
    for (int order = 0; order < TIME_ORDERS_N; order++)
        if (table_time_read_order(text, strlen(text), (TimeOrder)order, &v)) fail_msg("'%s' reads as %.6f", text, v);
}

static void iso_dates_and_times_read_as_python_reads_them(void **state)
{
    (void)state;
    reads("1970-01-01", TIME_ISO, 0);
    reads("2020-12-31", TIME_ISO, 1609372800);
    reads("2020/12/31", TIME_ISO, 1609372800);
    reads("2020.12.31", TIME_ISO, 1609372800);
    reads("2020-2-9", TIME_ISO, 1581206400);
    reads("2000-02-29", TIME_ISO, 951782400);
    reads("1900-02-28", TIME_ISO, -2203977600);
    reads("0001-01-01", TIME_ISO, -62135596800);
    reads("9999-12-31", TIME_ISO, 253402214400);
    reads("2020-12", TIME_ISO, 1606780800);
    reads("2020-12-31T23:59:59", TIME_ISO, 1609459199);
    reads("2020-12-31 23:59:59.25", TIME_ISO, 1609459199.25);
    reads("2020-12-31T23:59Z", TIME_ISO, 1609459140);
    reads("2020-12-31T23:59:59+01:00", TIME_ISO, 1609455599);
    reads("2020-12-31T23:59:59-0530", TIME_ISO, 1609478999);
    reads("2020-12-31 23:59:59 UTC", TIME_ISO, 1609459199);
    reads("2020-12-31T24:00:00", TIME_ISO, 1609459200);
    reads("  2020-12-31  ", TIME_ISO, 1609372800);
}

static void names_of_months_read_in_any_order(void **state)
{
    (void)state;
    reads("31 Dec 2020", TIME_ISO, 1609372800);
    reads("31-Dec-20", TIME_MDY, 1609372800);
    reads("Dec 31, 2020", TIME_DMY, 1609372800);
    reads("December 31 2020", TIME_ISO, 1609372800);
    reads("1 sept 2020 10:00 pm", TIME_ISO, 1598997600);
}

static void digit_dates_follow_the_order(void **state)
{
    (void)state;
    double v;
    reads("03/04/2020", TIME_DMY, 1585872000);
    reads("03/04/2020", TIME_MDY, 1583280000);
    reads("3.4.20", TIME_DMY, 1585872000);
    reads("12/31/2020 11:59 PM", TIME_MDY, 1609459140);
    reads("12/31/2020 12:00 AM", TIME_MDY, 1609372800);
    assert_false(table_time_read("03/04/2020", 10, &v));
    assert_true(table_time_read("13/04/2020", 10, &v));
    assert_true(table_time_read("04/04/2020", 10, &v));
    assert_false(table_time_read_order("13/04/2020", 10, TIME_MDY, &v));
}

static void what_is_no_date_is_refused(void **state)
{
    static const char *const words[] = {
        "", "2020", "20201231", "12:30", "2020-13-01", "2021-02-29", "1900-02-29", "2020-12-32", "2020-00-10", "2020-12-31x",
        "2020-12-31T", "2020-12-31T25:00", "2020-12-31 12:60", "2020-12-31T12:00+25:00", "31 Dez 2020", "1.5", "1-2", "1/2/345",
        "2020-12/31", "0000-01-01", "Dec 2020", "555-12-31-11", "12/31/2020 13:00 PM", "10.20.30.40", "2020-12-31-12",
    };
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) refuses(words[i]);
}

static void every_written_time_reads_back(void **state)
{
    static const double times[] = { 0, -1, 86399, 1609459199.25, -62135596800, 253402300799, 951782400, -0.5, 1e9 + 0.000001 };
    char buf[COLUMN_TEXT_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        double v;
        size_t n = table_time_text(times[i], buf);
        assert_true(table_time_read_order(buf, n, TIME_ISO, &v));
        assert_true(v - times[i] < 1e-6 && times[i] - v < 1e-6);
    }
    for (int64_t day = -719162; day < 2932896; day += 97) {
        double v;
        size_t n = table_time_text((double)day * 86400, buf);
        assert_int_equal(n, 10);
        assert_true(table_time_read_order(buf, n, TIME_ISO, &v) && v == (double)day * 86400);
    }
    table_time_text(1609459199.25, buf);
    assert_string_equal(buf, "2020-12-31T23:59:59.25");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iso_dates_and_times_read_as_python_reads_them),
        cmocka_unit_test(names_of_months_read_in_any_order),
        cmocka_unit_test(digit_dates_follow_the_order),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(every_written_time_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
