/* filter/regex.c -- compile an expression to steps, then walk a text with all states at once. */
#include "filter/regex.h"

#include "filter/inner.h"

#include <ctype.h>
#include <string.h>

typedef enum StepKind { STEP_CHAR, STEP_ANY, STEP_CLASS, STEP_SPLIT, STEP_JUMP, STEP_BEGIN, STEP_END, STEP_EDGE, STEP_INSIDE, STEP_MATCH } StepKind;

typedef struct Step {
    StepKind kind;
    uint32_t c;                        /* CHAR; CLASS: first of its spans */
    uint32_t x, y;                     /* SPLIT, JUMP: where to; CLASS: how many spans, 1 if it is turned around */
} Step;

typedef struct Span { uint32_t lo, hi; } Span;

typedef struct Set { uint32_t *dense, *sparse, n; } Set;       /* Briggs and Torczon: cleared in no time */

struct Regex {
    Step *step;
    Span *span;
    size_t steps_n, spans_n, steps_cap, spans_cap;
    bool fold;                         /* case does not matter */
    Set now, next;
    uint32_t *stack;
};

/* --- compiling --- */

typedef struct Make {
    Ctx *cx;
    Regex *re;
    const char *from, *at, *end;
    unsigned depth;
} Make;

static Err bad(const Make *m, const char *what)
{
    return FAIL(m->cx, ERR_BAD_INPUT, "the regular expression '%.*s' cannot be read at character %zu: %s",
                (int)(m->end - m->from < 100 ? m->end - m->from : 100), m->from, (size_t)(m->at - m->from) + 1, what);
}

static Err emit(Make *m, Step step, size_t *at)
{
    Regex *re = m->re;
    if (re->steps_n == REGEX_STEPS_MAX)
        return FAIL(m->cx, ERR_LIMIT, "the regular expression '%.60s' is too large: it has more than %d steps", m->from, REGEX_STEPS_MAX);
    if (re->steps_n == re->steps_cap) {
        size_t cap = re->steps_cap ? re->steps_cap * 2 : 64;
        Step *more = ctx_scratch(m->cx, cap * sizeof *more);
        if (!more) return FAIL(m->cx, ERR_NOMEM, "reading a regular expression");
        if (re->steps_n) memcpy(more, re->step, re->steps_n * sizeof *more);
        re->step = more;
        re->steps_cap = cap;
    }
    if (at) *at = re->steps_n;
    re->step[re->steps_n++] = step;
    return OK;
}

static Err add_span(Make *m, uint32_t lo, uint32_t hi)
{
    Regex *re = m->re;
    if (re->spans_n == re->spans_cap) {
        size_t cap = re->spans_cap ? re->spans_cap * 2 : 64;
        Span *more = ctx_scratch(m->cx, cap * sizeof *more);
        if (!more) return FAIL(m->cx, ERR_NOMEM, "reading a regular expression");
        if (re->spans_n) memcpy(more, re->span, re->spans_n * sizeof *more);
        re->span = more;
        re->spans_cap = cap;
    }
    re->span[re->spans_n++] = (Span){ lo, hi };
    return OK;
}

/* Spans of \d \w \s and of [:word:]; false if there is no such class. */
static const Span digit_spans[] = { { '0', '9' } }, word_spans[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } },
                  space_spans[] = { { '\t', '\r' }, { ' ', ' ' } }, alpha_spans[] = { { 'A', 'Z' }, { 'a', 'z' } },
                  alnum_spans[] = { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } }, upper_spans[] = { { 'A', 'Z' } },
                  lower_spans[] = { { 'a', 'z' } }, xdigit_spans[] = { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } },
                  punct_spans[] = { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } }, blank_spans[] = { { '\t', '\t' }, { ' ', ' ' } };
#define SPANS(a) a, sizeof a / sizeof *a
static const struct { const char *name; char letter; const Span *span; size_t n; } classes[] = {
    { "digit", 'd', SPANS(digit_spans) }, { "word", 'w', SPANS(word_spans) }, { "space", 's', SPANS(space_spans) },
    { "alpha", 0, SPANS(alpha_spans) }, { "alnum", 0, SPANS(alnum_spans) }, { "upper", 0, SPANS(upper_spans) },
    { "lower", 0, SPANS(lower_spans) }, { "xdigit", 0, SPANS(xdigit_spans) }, { "punct", 0, SPANS(punct_spans) },
    { "blank", 0, SPANS(blank_spans) },
};

static Err add_class(Make *m, size_t which, bool outside)
{
    uint32_t lo = 0;
    for (size_t i = 0; i < classes[which].n; i++) {
        const Span *s = &classes[which].span[i];
        if (!outside) TRY(m->cx, add_span(m, s->lo, s->hi));
        else if (s->lo > lo) TRY(m->cx, add_span(m, lo, s->lo - 1));
        lo = s->hi + 1;
    }
    if (outside) TRY(m->cx, add_span(m, lo, 0x10FFFF));
    return OK;
}

/* \d \D … behind a backslash; *is false when the letter is none of them. */
static Err letter_class(Make *m, char letter, bool *is)
{
    *is = false;
    for (size_t i = 0; i < 3; i++) {
        if (tolower((unsigned char)letter) != classes[i].letter) continue;
        *is = true;
        TRY(m->cx, add_class(m, i, letter != classes[i].letter));
    }
    return OK;
}

/* The character that a backslash and a letter stand for. */
static Err escaped(Make *m, uint32_t *c)
{
    char letter = *m->at;
    switch (letter) {
    case 'n': *c = '\n'; break;
    case 't': *c = '\t'; break;
    case 'r': *c = '\r'; break;
    default:
        if (isalnum((unsigned char)letter)) return bad(m, "a backslash before this letter means nothing here");
        *c = filter_decode(&m->at, m->end);
        return OK;
    }
    m->at++;
    return OK;
}

static Err named_class(Make *m)
{
    const char *name = m->at + 2, *close = memchr(name, ':', (size_t)(m->end - name));
    for (size_t i = 0; close && close + 1 < m->end && close[1] == ']' && i < sizeof classes / sizeof *classes; i++) {
        if (strlen(classes[i].name) != (size_t)(close - name) || memcmp(classes[i].name, name, (size_t)(close - name))) continue;
        m->at = close + 2;
        return add_class(m, i, false);
    }
    return bad(m, "no such class; there are [:alpha:] [:digit:] [:alnum:] [:upper:] [:lower:] [:space:] [:punct:] [:xdigit:]");
}

/* One character or class within brackets.  *single: it may begin a range. */
static Err bracket_item(Make *m, uint32_t *c, bool *single)
{
    *single = true;
    if (m->end - m->at > 2 && m->at[0] == '[' && m->at[1] == ':') {
        *single = false;
        return named_class(m);
    }
    if (*m->at == '\\' && m->at + 1 < m->end) {
        bool is;
        m->at++;
        TRY(m->cx, letter_class(m, *m->at, &is));
        if (is) {
            m->at++;
            *single = false;
            return OK;
        }
        return escaped(m, c);
    }
    *c = filter_decode(&m->at, m->end);
    return OK;
}

static Err brackets(Make *m)
{
    size_t first = m->re->spans_n;
    bool outside = m->at < m->end && *m->at == '^', closed = false, single;
    if (outside) m->at++;
    for (const char *begin = m->at; m->at < m->end;) {
        uint32_t lo = 0, hi;
        if (*m->at == ']' && m->at > begin) {
            m->at++;
            closed = true;
            break;
        }
        TRY(m->cx, bracket_item(m, &lo, &single));
        if (!single) continue;
        hi = lo;
        if (m->end - m->at > 1 && m->at[0] == '-' && m->at[1] != ']') {
            m->at++;
            TRY(m->cx, bracket_item(m, &hi, &single));
            if (!single || hi < lo) return bad(m, "a range in [ ] goes from the smaller character to the greater");
        }
        TRY(m->cx, add_span(m, lo, hi));
    }
    if (!closed) return bad(m, "the [ is not closed by a ]");
    TRY(m->cx, emit(m, (Step){ STEP_CLASS, (uint32_t)first, (uint32_t)(m->re->spans_n - first), outside }, NULL));
    return OK;
}

static Err alternatives(Make *m);

static Err group(Make *m)
{
    if (++m->depth > REGEX_DEPTH_MAX) return bad(m, "too many parentheses within one another");
    if (m->end - m->at > 1 && m->at[0] == '?') {
        if (m->at[1] != ':') return bad(m, "of (?…) only (?:…), and (?i) at the very beginning, are known");
        m->at += 2;
    }
    TRY(m->cx, alternatives(m));
    if (m->at == m->end) return bad(m, "a ( is not closed by a )");
    m->at++;
    m->depth--;
    return OK;
}

static Err backslash(Make *m)
{
    bool is = false;
    uint32_t c = 0;
    size_t first = m->re->spans_n;
    if (m->at == m->end) return bad(m, "a backslash at the end");
    if (*m->at == 'b' || *m->at == 'B') return emit(m, (Step){ .kind = *m->at++ == 'b' ? STEP_EDGE : STEP_INSIDE }, NULL);
    TRY(m->cx, letter_class(m, *m->at, &is));
    if (is) {
        m->at++;
        return emit(m, (Step){ STEP_CLASS, (uint32_t)first, (uint32_t)(m->re->spans_n - first), 0 }, NULL);
    }
    if (isdigit((unsigned char)*m->at)) return bad(m, "back-references are not known: they cannot be searched in linear time");
    TRY(m->cx, escaped(m, &c));
    return emit(m, (Step){ .kind = STEP_CHAR, .c = m->re->fold ? filter_fold(c) : c }, NULL);
}

static Err atom(Make *m)
{
    switch (*m->at) {
    case '(': m->at++; return group(m);
    case '[': m->at++; return brackets(m);
    case '\\': m->at++; return backslash(m);
    case '.': m->at++; return emit(m, (Step){ .kind = STEP_ANY }, NULL);
    case '^': m->at++; return emit(m, (Step){ .kind = STEP_BEGIN }, NULL);
    case '$': m->at++; return emit(m, (Step){ .kind = STEP_END }, NULL);
    case '*': case '+': case '?': return bad(m, "there is nothing to repeat");
    default: break;
    }
    uint32_t c = filter_decode(&m->at, m->end);
    return emit(m, (Step){ .kind = STEP_CHAR, .c = m->re->fold ? filter_fold(c) : c }, NULL);
}

/* {m}, {m,}, {m,n}; a { that begins none of them is itself. */
static bool read_counts(const Make *m, uint32_t *lo, uint32_t *hi, const char **after)
{
    const char *at = m->at + 1;
    uint32_t n[2] = { 0, 0 };
    bool has[2] = { false, false }, comma = false;
    for (; at < m->end && *at != '}'; at++) {
        if (*at == ',' && !comma) comma = true;
        else if (isdigit((unsigned char)*at) && n[comma] <= REGEX_REPEAT_MAX) {
            n[comma] = n[comma] * 10 + (uint32_t)(*at - '0');
            has[comma] = true;
        } else return false;
    }
    if (at == m->end || !has[0]) return false;
    *lo = n[0];
    *hi = comma ? (has[1] ? n[1] : UINT32_MAX) : n[0];
    *after = at + 1;
    return true;
}

/* Once more the steps from..to, at the end. */
static Err copy_steps(Make *m, size_t from, size_t to)
{
    size_t shift = m->re->steps_n - from;
    for (size_t i = from; i < to; i++) {
        Step s = m->re->step[i];
        if (s.kind == STEP_SPLIT || s.kind == STEP_JUMP) s.x += (uint32_t)shift;
        if (s.kind == STEP_SPLIT) s.y += (uint32_t)shift;
        TRY(m->cx, emit(m, s, NULL));
    }
    return OK;
}

/* Make room for one step before the steps that begin at `from`. */
static Err insert_split(Make *m, size_t from)
{
    TRY(m->cx, emit(m, (Step){ .kind = STEP_MATCH }, NULL));
    Step *s = m->re->step;
    memmove(s + from + 1, s + from, (m->re->steps_n - 1 - from) * sizeof *s);
    for (size_t i = from + 1; i < m->re->steps_n; i++) {
        if (s[i].kind != STEP_SPLIT && s[i].kind != STEP_JUMP) continue;
        if (s[i].x >= from) s[i].x++;
        if (s[i].kind == STEP_SPLIT && s[i].y >= from) s[i].y++;
    }
    s[from] = (Step){ .kind = STEP_SPLIT, .x = (uint32_t)from + 1, .y = (uint32_t)m->re->steps_n };
    return OK;
}

/* What was compiled from `from` on, lo to hi times. */
static Err repeat(Make *m, size_t from, uint32_t lo, uint32_t hi)
{
    size_t to = m->re->steps_n;
    if (hi < lo) return bad(m, "in {m,n} the first number is the smaller");
    if (lo > REGEX_REPEAT_MAX || (hi != UINT32_MAX && hi > REGEX_REPEAT_MAX)) return bad(m, "more than 1000 repetitions");
    if (!hi) {
        m->re->steps_n = from;
        return OK;
    }
    for (uint32_t i = 1; i < lo; i++) TRY(m->cx, copy_steps(m, from, to));
    if (hi == UINT32_MAX && lo) {                  /* x+ : back to the last copy */
        size_t last = m->re->steps_n - (to - from);
        TRY(m->cx, emit(m, (Step){ STEP_SPLIT, 0, (uint32_t)last, (uint32_t)m->re->steps_n + 1 }, NULL));
        return OK;
    }
    if (!lo) {                                     /* x* and x?: the first may be passed over */
        TRY(m->cx, insert_split(m, from));
        if (hi == UINT32_MAX) {
            TRY(m->cx, emit(m, (Step){ .kind = STEP_JUMP, .x = (uint32_t)from }, NULL));
            m->re->step[from].y = (uint32_t)m->re->steps_n;
            return OK;
        }
        from++, to++;
        lo = 1;
    }
    for (uint32_t i = lo; i < hi; i++) {           /* (x(x(x)?)?)? as x?x?x?, each passing over itself alone */
        size_t begin = 0;
        TRY(m->cx, emit(m, (Step){ .kind = STEP_SPLIT }, &begin));
        TRY(m->cx, copy_steps(m, from, to));
        m->re->step[begin].x = (uint32_t)begin + 1;
        m->re->step[begin].y = (uint32_t)m->re->steps_n;
    }
    return OK;
}

static Err sequence(Make *m)
{
    while (m->at < m->end && *m->at != '|' && *m->at != ')') {
        size_t from = m->re->steps_n;
        TRY(m->cx, atom(m));
        while (m->at < m->end) {
            uint32_t lo, hi;
            const char *after = m->at + 1;
            if (*m->at == '*') lo = 0, hi = UINT32_MAX;
            else if (*m->at == '+') lo = 1, hi = UINT32_MAX;
            else if (*m->at == '?') lo = 0, hi = 1;
            else if (*m->at != '{' || !read_counts(m, &lo, &hi, &after)) break;
            TRY(m->cx, repeat(m, from, lo, hi));
            m->at = after;
            if (m->at < m->end && *m->at == '?') m->at++;          /* lazy: the same texts */
        }
    }
    return OK;
}

/* a|b|c: each but the last has a way around it before, and a jump to what comes next behind; jumps lead on to the next
** jump until the end is known. */
static Err alternatives(Make *m)
{
    size_t jump = SIZE_MAX;
    for (;;) {
        size_t from = m->re->steps_n;
        TRY(m->cx, sequence(m));
        if (m->at == m->end || *m->at != '|') break;
        m->at++;
        TRY(m->cx, insert_split(m, from));
        TRY(m->cx, emit(m, (Step){ .kind = STEP_JUMP, .x = (uint32_t)jump }, &jump));
        m->re->step[from].y = (uint32_t)m->re->steps_n;
    }
    while (jump != SIZE_MAX) {
        uint32_t before = m->re->step[jump].x;
        m->re->step[jump].x = (uint32_t)m->re->steps_n;
        jump = before == UINT32_MAX ? SIZE_MAX : before;
    }
    return OK;
}

static Err make_sets(Ctx *cx, Regex *re)
{
    size_t n = re->steps_n;
    uint32_t *at = ctx_scratch(cx, 6 * n * sizeof *at);
    if (!at) return FAIL(cx, ERR_NOMEM, "reading a regular expression");
    re->now = (Set){ at, at + n, 0 };
    re->next = (Set){ at + 2 * n, at + 3 * n, 0 };
    re->stack = at + 4 * n;
    return OK;
}

Err regex_make(Ctx *cx, const char *pattern, size_t n, Regex **out)
{
    Regex *re = ctx_scratch(cx, sizeof *re);
    Make m = { .cx = cx, .re = re, .from = pattern, .at = pattern, .end = pattern + n };
    *out = NULL;
    if (!re) return FAIL(cx, ERR_NOMEM, "reading a regular expression");
    if (n >= 4 && !memcmp(pattern, "(?i)", 4)) {
        re->fold = true;
        m.at += 4;
    }
    TRY(cx, alternatives(&m));
    if (m.at < m.end) return bad(&m, "a ) that closes nothing");
    TRY(cx, emit(&m, (Step){ .kind = STEP_MATCH }, NULL));
    TRY(cx, make_sets(cx, re));
    *out = re;
    return OK;
}

/* --- walking --- */

typedef struct Place { uint32_t before, after; bool begin, end; } Place;     /* between two code points */

static bool is_word(uint32_t c)
{
    return c < 0x80 && (isalnum((int)c) || c == '_');
}

static bool in_set(const Set *s, uint32_t v)
{
    return s->sparse[v] < s->n && s->dense[s->sparse[v]] == v;
}

static bool passes(const Step *s, const Place *p)
{
    bool edge = (!p->begin && is_word(p->before)) != (!p->end && is_word(p->after));
    switch (s->kind) {
    case STEP_BEGIN: return p->begin;
    case STEP_END: return p->end;
    case STEP_EDGE: return edge;
    default: return !edge;
    }
}

/* Put a state and all it leads to without reading into the set.  True: the match is among them. */
static bool enter(Regex *re, Set *set, uint32_t state, const Place *p)
{
    size_t n = 0;
    re->stack[n++] = state;
    while (n) {
        uint32_t v = re->stack[--n];
        if (in_set(set, v)) continue;
        set->sparse[v] = set->n;
        set->dense[set->n++] = v;
        const Step *s = &re->step[v];
        switch (s->kind) {
        case STEP_MATCH: return true;
        case STEP_JUMP: re->stack[n++] = s->x; break;
        case STEP_SPLIT:
            re->stack[n++] = s->y;
            re->stack[n++] = s->x;
            break;
        case STEP_BEGIN: case STEP_END: case STEP_EDGE: case STEP_INSIDE:
            if (passes(s, p)) re->stack[n++] = v + 1;
            break;
        default: break;
        }
    }
    return false;
}

static bool takes(const Regex *re, const Step *s, uint32_t c, uint32_t folded)
{
    if (s->kind == STEP_ANY) return c != '\n';
    if (s->kind == STEP_CHAR) return s->c == folded;
    if (s->kind != STEP_CLASS) return false;
    bool in = false;
    for (uint32_t i = 0; i < s->x && !in; i++) {
        const Span *span = &re->span[s->c + i];
        in = c >= span->lo && c <= span->hi;
        if (!in && re->fold && c < 0x80 && isalpha((int)c)) in = (c ^ 32) >= span->lo && (c ^ 32) <= span->hi;
    }
    return in != (s->y != 0);
}

bool regex_found(Regex *re, const char *text, size_t n)
{
    const char *at = text, *end = text + n;
    Place p = { .begin = true, .end = n == 0 };
    re->now.n = 0;
    for (;;) {
        const char *after = at;
        uint32_t c = at < end ? filter_decode(&after, end) : 0, folded = re->fold ? filter_fold(c) : c;
        p.end = at == end;
        p.after = c;
        if (enter(re, &re->now, 0, &p)) return true;           /* a match may begin at every place */
        if (at == end) return false;
        Place q = { .before = c, .begin = false, .end = after == end };
        const char *peek = after;
        q.after = after < end ? filter_decode(&peek, end) : 0;
        re->next.n = 0;
        for (uint32_t i = 0; i < re->now.n; i++) {
            uint32_t v = re->now.dense[i];
            if (takes(re, &re->step[v], c, folded) && enter(re, &re->next, v + 1, &q)) return true;
        }
        Set swap = re->now;
        re->now = re->next;
        re->next = swap;
        p = q;
        at = after;
    }
}
