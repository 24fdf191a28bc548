/* table/time.c -- dates and times as people write them, to seconds since 1970 UTC and back.
**
** A small reader over one text: three fields of a date in an order that the text itself (ISO, a month's name) or the
** column (D/M/Y or M/D/Y) settles, then an optional time and zone.  Calendar: proleptic Gregorian, years 1 to 9999.
** It does not read times alone, week dates or digits without separators.
*/
#include "table/table.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct Scan { const char *at, *end; } Scan;

typedef struct Date { int year, month, day; } Date;

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(Scan *s)
{
    while (s->at < s->end && blank(*s->at)) s->at++;
}

static bool eat(Scan *s, char c)
{
    if (s->at >= s->end || *s->at != c) return false;
    s->at++;
    return true;
}

/* 1 to 9 digits; their count in *digits. */
static bool number(Scan *s, int *v, int *digits)
{
    *v = 0;
    *digits = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && *digits < 9) {
        *v = *v * 10 + (*s->at++ - '0');
        ++*digits;
    }
    return *digits > 0;
}

static bool month_name(Scan *s, int *month)
{
    static const char *const names[] = { "january", "february", "march", "april", "may", "june", "july", "august",
                                         "september", "october", "november", "december" };
    size_t n = 0;
    while (s->at + n < s->end &&
           (((unsigned char)s->at[n] | 0x20) >= 'a' && ((unsigned char)s->at[n] | 0x20) <= 'z'))
        n++;
    if (n < 3) return false;
    for (int m = 0; m < 12; m++) {
        size_t whole = strlen(names[m]), i = 0;
        if (n != 3 && n != whole && !(m == 8 && n == 4)) continue;      /* "sept" is common */
        while (i < n && (s->at[i] | 0x20) == names[m][i]) i++;
        if (i < n) continue;
        *month = m + 1;
        s->at += n;
        eat(s, '.');
        return true;
    }
    return false;
}

static bool leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static bool date_ok(const Date *d)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    if (d->year < 1 || d->year > 9999 || d->month < 1 || d->month > 12 || d->day < 1) return false;
    return d->day <= days[d->month - 1] + (d->month == 2 && leap(d->year));
}

/* Days from 1970-01-01 (Hinnant's days_from_civil). */
static int64_t date_days(const Date *d)
{
    int y = d->year - (d->month <= 2), era = y / 400;
    int yoe = y - era * 400, mp = (d->month + 9) % 12, doy = (153 * mp + 2) / 5 + d->day - 1;
    return (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int year_of_two(int y)
{
    return y < 69 ? 2000 + y : 1900 + y;       /* POSIX's pivot */
}

/* "31 Dec 2020", "31-Dec-20", "Dec 31, 2020". */
static bool named_date(Scan *s, Date *d)
{
    int digits;
    bool first = month_name(s, &d->month);
    if (first) skip_blanks(s);
    if (!number(s, &d->day, &digits) || digits > 2) return false;
    if (!first) {
        if (!eat(s, '-') && !eat(s, '/')) skip_blanks(s);
        if (!month_name(s, &d->month)) return false;
        if (!eat(s, '-') && !eat(s, '/')) {
            eat(s, ',');
            skip_blanks(s);
        }
    } else {
        eat(s, ',');
        skip_blanks(s);
    }
    if (!number(s, &d->year, &digits) || (digits != 4 && digits != 2)) return false;
    if (digits == 2) d->year = year_of_two(d->year);
    return true;
}

/* Three fields of digits.  Year first is ISO; else the order says. */
static bool digit_date(Scan *s, TimeOrder order, Date *d)
{
    int a, b, c = 1, na, nb, nc = 2;
    if (!number(s, &a, &na) || s->at >= s->end) return false;
    char between = *s->at;
    if (between != '-' && between != '/' && between != '.') return false;
    s->at++;
    if (!number(s, &b, &nb) || nb > 2) return false;
    if (na == 4) {
        bool has_day = s->at < s->end && *s->at == between;
        if (has_day) s->at++;
        if (has_day ? !number(s, &c, &nc) || nc > 2 : between != '-' || nb != 2 || a < 1800 || a > 2199)
            return false;
        if (between == '.' && !has_day) return false;
        *d = (Date){ a, b, c };
        return true;
    }
    if (order == TIME_ISO || na > 2 || !eat(s, between) || !number(s, &c, &nc) || (nc != 4 && nc != 2))
        return false;
    if (nc == 2) c = year_of_two(c);
    *d = order == TIME_DMY ? (Date){ c, b, a } : (Date){ c, a, b };
    return true;
}

/* Z, UTC, GMT, +01, +0100, +01:00: seconds to take off.  No zone: 0. */
static bool zone(Scan *s, int *shift)
{
    *shift = 0;
    skip_blanks(s);
    size_t left = (size_t)(s->end - s->at);
    if (!left) return true;
    if (eat(s, 'Z') || eat(s, 'z')) return true;
    if (left >= 3 && (!memcmp(s->at, "UTC", 3) || !memcmp(s->at, "GMT", 3))) {
        s->at += 3;
        return true;
    }
    int sign = eat(s, '+') ? 1 : eat(s, '-') ? -1 : 0, hours, minutes = 0, digits;
    if (!sign || !number(s, &hours, &digits)) return false;
    if (digits == 4) minutes = hours % 100, hours /= 100;
    else if (digits != 2) return false;
    else if (eat(s, ':') && (!number(s, &minutes, &digits) || digits != 2)) return false;
    *shift = sign * (hours * 3600 + minutes * 60);
    return hours <= 18 && minutes < 60;
}

/* "23:59", "23:59:59.25", "11:59 PM", with a zone. */
static bool clock_time(Scan *s, double *seconds)
{
    int h, m, sec = 0, digits, shift;
    double part = 0, unit = 0.1;
    if (!number(s, &h, &digits) || digits > 2 || !eat(s, ':') || !number(s, &m, &digits) || digits != 2)
        return false;
    if (eat(s, ':')) {
        if (!number(s, &sec, &digits) || digits != 2) return false;
        if (eat(s, '.') || eat(s, ',')) {
            double whole = 0;
            int n = 0;
            for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++, n++)
                if (n < 12) whole = whole * 10 + (*s->at - '0');
            if (!n) return false;
            for (unit = 1; n > 0; n--) unit *= n <= 12 ? 10 : 1;
            part = whole / unit;
        }
    }
    skip_blanks(s);
    if (s->end - s->at >= 2 && (s->at[1] | 0x20) == 'm' && ((s->at[0] | 0x20) == 'a' || (s->at[0] | 0x20) == 'p')) {
        if (h < 1 || h > 12) return false;
        h = h % 12 + ((s->at[0] | 0x20) == 'p' ? 12 : 0);
        s->at += 2;
    }
    if (!zone(s, &shift) || h > 24 || m > 59 || sec > 60 || (h == 24 && (m || sec || part > 0))) return false;
    *seconds = h * 3600.0 + m * 60.0 + sec + part - shift;
    return true;
}

bool table_time_read_order(const char *text, size_t n, TimeOrder order, double *out)
{
    Scan s = { text, text + n };
    Date d = { 0, 0, 0 };
    double seconds = 0;
    skip_blanks(&s);
    while (s.end > s.at && blank(s.end[-1])) s.end--;
    if (s.end - s.at < 6 || s.end - s.at > 64) return false;
    Scan again = s;
    if (!digit_date(&s, order, &d)) {
        s = again;
        if (!named_date(&s, &d)) return false;
    }
    if (!date_ok(&d)) return false;
    if (s.at < s.end) {
        if (!eat(&s, 'T') && !eat(&s, 't')) {
            if (!blank(*s.at) && *s.at != ',') return false;
            eat(&s, ',');
            skip_blanks(&s);
        }
        if (!clock_time(&s, &seconds)) return false;
        skip_blanks(&s);
        if (s.at < s.end) return false;
    }
    *out = (double)date_days(&d) * 86400.0 + seconds;
    return true;
}

bool table_time_read(const char *s, size_t n, double *out)
{
    double dmy = 0, mdy = 0;
    if (table_time_read_order(s, n, TIME_ISO, out)) return true;
    bool a = table_time_read_order(s, n, TIME_DMY, &dmy), b = table_time_read_order(s, n, TIME_MDY, &mdy);
    if (a && b && dmy != mdy) return false;
    if (a || b) *out = a ? dmy : mdy;
    return a || b;
}

/* Year, month, day of a day number (Hinnant's civil_from_days). */
static Date days_date(int64_t z)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int doe = (int)(z - era * 146097), yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    Date d = { .day = doy - (153 * mp + 2) / 5 + 1, .month = mp < 10 ? mp + 3 : mp - 9 };
    d.year = (int)(yoe + era * 400) + (d.month <= 2);
    return d;
}

size_t table_time_text(double seconds, char buf[COLUMN_TEXT_MAX])
{
    double whole = floor(seconds), part = seconds - whole;
    if (!(whole >= -62135596800.0 && whole < 253402300800.0))
        return num_text(seconds, buf); /* not of years 1 to 9999 */
    int64_t s = (int64_t)whole;
    int us = (int)lround(part * 1e6);
    if (us >= 1000000) us = 0, s++;
    int64_t day = s / 86400 - (s % 86400 < 0);
    int left = (int)(s - day * 86400), n;
    Date d = days_date(day);
    n = snprintf(buf, COLUMN_TEXT_MAX, "%04d-%02d-%02d", d.year, d.month, d.day);
    if (left || us)
        n += snprintf(buf + n, COLUMN_TEXT_MAX - (size_t)n, "T%02d:%02d:%02d", left / 3600, left / 60 % 60,
                      left % 60);
    if (us) {
        n += snprintf(buf + n, COLUMN_TEXT_MAX - (size_t)n, ".%06d", us);
        while (buf[n - 1] == '0') buf[--n] = 0;
    }
    assert(n > 0 && n < COLUMN_TEXT_MAX);
    return (size_t)n;
}
