/* model/steps_text.c -- what a date and a text are to a learner: parts, counts, hashed n-grams.
**
** A word is a run of ASCII letters and digits and of bytes above 127, in small letters; a run of other
** marks ("!!", "$") is a word too.  Grams are words, neighbouring words, and if asked for the letter
** triples of "<word>".  A gram's bucket is its hash, so nothing but buckets is remembered.  (Feature
** hashing: Weinberger et al. 2009; weights: Salton, Buckley 1988, with sublinear counts.)
*/
#include "model/steps_in.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

#define WORD_BYTES_MAX 40 /* longer words are cut */
#define DAY_S          86400.0

static bool is_letter(unsigned char c)
{
    return (unsigned)(c | 32) - 'a' < 26u;
}
static bool is_digit(unsigned char c)
{
    return (unsigned)c - '0' < 10u;
}
static bool is_blank(unsigned char c)
{
    return c <= ' ';
}
static bool is_word(unsigned char c)
{
    return is_letter(c) || is_digit(c) || c >= 128;
}

/* ----------------------------------------------------------------- dates */

double steps_date_part(double seconds, DatePart part, double from)
{
    if (!(seconds > -377705116800.0 && seconds < 253402300800.0)) return NAN;
    if (part == DATE_DAYS) return (seconds - from) / DAY_S;
    int64_t day = (int64_t)floor(seconds / DAY_S);
    double in_day = seconds - (double)day * DAY_S;
    int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    /* Civil date from a count of days (Hinnant, chrono-compatible algorithms). */
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365,
            doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153, d = doy - (153 * mp + 2) / 5 + 1, m = mp < 10 ? mp + 3 : mp - 9;
    int64_t y = yoe + era * 400 + (m <= 2);
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    int64_t year_day = m > 2 ? doy + 60 + leap : doy - 305; /* doy counts from March 1; result from 1 */
    switch (part) {
    case DATE_YEAR: return (double)y;
    case DATE_MONTH: return (double)m;
    case DATE_DAY: return (double)d;
    case DATE_WEEKDAY: return (double)weekday;
    case DATE_HOUR: return floor(in_day / 3600);
    case DATE_MINUTE: return floor(fmod(in_day, 3600) / 60);
    case DATE_YEAR_SIN: return sin(2 * M_PI * (double)year_day / 365.25);
    case DATE_YEAR_COS: return cos(2 * M_PI * (double)year_day / 365.25);
    case DATE_WEEKEND: return weekday >= 5;
    case DATE_WEEK_SIN: return sin(2 * M_PI * (double)weekday / 7);
    case DATE_WEEK_COS: return cos(2 * M_PI * (double)weekday / 7);
    case DATE_TIME_SIN: return sin(2 * M_PI * in_day / DAY_S);
    case DATE_TIME_COS: return cos(2 * M_PI * in_day / DAY_S);
    default: return NAN;
    }
}

/* ----------------------------------------------------------------- texts */

/* Runs of letters (and bytes above 127), and runs of digits; what stands between them belongs to none. */
static size_t run_at(const char *s, size_t n, size_t at)
{
    unsigned char c = (unsigned char)s[at];
    size_t end = at + 1;
    if (!is_word(c)) return 0;
    while (end < n && is_word((unsigned char)s[end]) && is_digit((unsigned char)s[end]) == is_digit(c)) end++;
    return end - at;
}

const char *steps_piece(const char *s, size_t n, KeyCut cut, size_t *length)
{
    const char *found = NULL;
    uint32_t met = 0;
    for (size_t i = 0, run; i < n; i += run ? run : 1) {
        if (!(run = run_at(s, n, i))) continue;
        met++;
        if (cut == CUT_SECOND && met != 2) continue;
        found = s + i;
        *length = run;
        if (cut == CUT_FIRST || cut == CUT_SECOND) break;
    }
    return found;
}

/* The first or last run of digits as a number. */
static double number_in(const char *s, size_t n, bool last)
{
    double found = NAN, v;
    for (size_t i = 0, run; i < n; i += run ? run : 1) {
        run = run_at(s, n, i);
        if (!run || !is_digit((unsigned char)s[i])) continue;
        if (num_read(s + i, run, &v)) found = v;
        if (!last) break;
    }
    return found;
}

double steps_text_stat(const char *s, size_t n, TextStat stat)
{
    size_t chars = 0, words = 0, hit = 0;
    bool inside = false;
    if (stat == TEXT_NUMBER_FIRST || stat == TEXT_NUMBER_LAST) return number_in(s, n, stat == TEXT_NUMBER_LAST);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if ((c & 0xC0) == 0x80) continue; /* a UTF-8 continuation byte */
        chars++;
        words += is_word(c) && !inside;
        inside = is_word(c);
        hit += (stat == TEXT_CAPITALS && c >= 'A' && c <= 'Z') || (stat == TEXT_DIGITS && is_digit(c)) ||
               (stat == TEXT_MARKS && !is_word(c) && !is_blank(c));
    }
    if (stat == TEXT_CHARS) return (double)chars;
    if (stat == TEXT_WORDS) return (double)words;
    return chars ? (double)hit / (double)chars : 0;
}

typedef struct Grams {
    uint32_t *bucket;
    size_t n, max;
    uint64_t mask;
} Grams;

static void gram(Grams *g, uint64_t hash)
{
    if (g->n < g->max) g->bucket[g->n++] = (uint32_t)(hash & g->mask);
}

static void triples(Grams *g, const char *word, size_t n)
{
    char edge[WORD_BYTES_MAX + 2];
    edge[0] = '<';
    memcpy(edge + 1, word, n);
    edge[n + 1] = '>';
    for (size_t i = 0; i + 3 <= n + 2; i++) gram(g, random_hash(edge + i, 3, 3));
}

size_t steps_grams(const char *s, size_t n, uint32_t bits, bool chars, uint32_t *bucket, size_t max)
{
    Grams g = { .bucket = bucket, .max = max, .mask = ((uint64_t)1 << bits) - 1 };
    uint64_t before = 0;
    for (size_t i = 0; i < n && g.n < g.max;) {
        char word[WORD_BYTES_MAX];
        size_t w = 0;
        bool kind = is_word((unsigned char)s[i]);
        if (is_blank((unsigned char)s[i])) {
            i++;
            continue;
        }
        for (; i < n && !is_blank((unsigned char)s[i]) && is_word((unsigned char)s[i]) == kind; i++)
            if (w < WORD_BYTES_MAX) word[w++] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
        uint64_t hash = random_hash(word, w, 1);
        gram(&g, hash);
        if (before) gram(&g, random_hash(&(uint64_t[2]){ before, hash }, 16, 2));
        if (chars && kind) triples(&g, word, w);
        before = hash;
    }
    return g.n;
}

/* Shell's sort: no memory, and quick for the hundred or so that a text has. */
static void ascending(uint32_t *at, size_t n)
{
    static const size_t gaps[] = { 3548, 1577, 701, 301, 132, 57, 23, 10, 4, 1 };
    for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
        for (size_t i = gaps[g]; i < n; i++) {
            uint32_t v = at[i];
            size_t k = i;
            for (; k >= gaps[g] && at[k - gaps[g]] > v; k -= gaps[g]) at[k] = at[k - gaps[g]];
            at[k] = v;
        }
}

size_t steps_weigh(const Steps *s, uint32_t words, const char *text, size_t n, uint32_t *place, float *weight)
{
    const Words *w = &s->words[words];
    size_t grams = steps_grams(text, n, w->bits, w->chars, place, STEPS_GRAMS_MAX), known = 0, out = 0;
    double square = 0;
    for (size_t i = 0; i < grams; i++) {
        uint32_t p = words_find(w, place[i]);
        if (p) place[known++] = p - 1;
    }
    ascending(place, known);
    for (size_t i = 0; i < known;) {
        size_t run = i;
        while (run < known && place[run] == place[i]) run++;
        double v = (1 + log((double)(run - i))) * w->idf[place[i]];
        place[out] = place[i];
        weight[out++] = (float)v;
        square += v * v;
        i = run;
    }
    double scale = square > 0 ? 1 / sqrt(square) : 0;
    for (size_t i = 0; i < out; i++) weight[i] = (float)(weight[i] * scale);
    return out;
}
