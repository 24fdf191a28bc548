/* ledger/search.c -- what the log says about a few words: parsed, looked up, ranked, shown.
**
** Each segment of the index is asked for the postings of each word; they are
** intersected, united and subtracted as the question says, and the best kept by the
** sum of idf * weight (BM25), the newer first among equals.  The best are then read
** from the log: an event that does not say what was asked (a phrase, a time, a
** damaged index) is no hit.  Events behind the index's mark are read and matched one
** by one.
*/
#include "ledger/search.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSES_MAX 16
#define CHOICES_MAX 8
#define TERMS_MAX 16               /* of one phrase */
#define TERMS_IN_ALL 48
#define TAIL_MAX 20000             /* events behind the index that are looked at */
#define CHECKED_MAX 4000           /* of the best, when what the index knows does not suffice */
#define SNIPPET_BEFORE 60
#define SNIPPET_AFTER 110

typedef struct Term { uint64_t hash, found; double idf; bool fact; } Term;        /* a fact is there or not: it adds nothing to the score */
typedef struct Choice { size_t term, n; } Choice;          /* terms side by side, or one fact */
typedef struct Clause { Choice choice[CHOICES_MAX]; size_t n; bool no; } Clause;
typedef struct Question {
    Clause clause[CLAUSES_MAX];
    size_t n;
    Term term[TERMS_IN_ALL];
    size_t terms_n;
    bool phrases;
} Question;

/* --- the question --- */

static Err too_long(Ctx *cx)
{
    return FAIL(cx, ERR_BAD_INPUT, "the question holds more than %d words or %d parts; ask for fewer", TERMS_IN_ALL, CLAUSES_MAX);
}

static Err add_choice(Ctx *cx, Question *q, bool no, bool or_last, size_t first)
{
    size_t n = q->terms_n - first;
    if (!n) return OK;                         /* signs only */
    if (or_last && q->n && q->clause[q->n - 1].no == no) {
        Clause *c = &q->clause[q->n - 1];
        if (c->n == CHOICES_MAX) return too_long(cx);
        c->choice[c->n++] = (Choice){ first, n };
    } else {
        if (q->n == CLAUSES_MAX) return too_long(cx);
        q->clause[q->n] = (Clause){ .n = 1, .no = no };
        q->clause[q->n++].choice[0] = (Choice){ first, n };
    }
    q->phrases = q->phrases || n > 1;
    return OK;
}

static Err add_words(Ctx *cx, Question *q, const SearchKey *key, const char *s, size_t n, bool no, bool or_last)
{
    SearchWords w = { .text = s, .n = n };
    size_t first = q->terms_n;
    while (search_word(&w)) {
        if (q->terms_n == TERMS_IN_ALL || q->terms_n - first == TERMS_MAX) return too_long(cx);
        q->term[q->terms_n++] = (Term){ .hash = search_hash(key, w.word, w.word_n) };
    }
    return add_choice(cx, q, no, or_last, first);
}

static Err add_fact(Ctx *cx, Question *q, const SearchKey *key, const char *name, size_t name_n, const char *value, size_t value_n, bool no,
                    bool or_last)
{
    if (q->terms_n == TERMS_IN_ALL) return too_long(cx);
    q->term[q->terms_n++] = (Term){ .hash = search_fact(key, name, name_n, value, value_n), .fact = true };
    return add_choice(cx, q, no, or_last, q->terms_n - 1);
}

/* How far a name goes that stands before : or =; 0: it is none. */
static size_t name_before(const char *s, size_t n)
{
    size_t i = 0;
    if (!n || !isalpha((unsigned char)s[0])) return 0;
    while (i < n && (isalnum((unsigned char)s[i]) || strchr("_.-", s[i]) || (unsigned char)s[i] >= 0x80)) i++;
    if (i + 1 >= n || (s[i] != ':' && s[i] != '=') || s[i + 1] == '/') return 0;
    return i;
}

static Err parse(Ctx *cx, const SearchKey *key, const char *s, Question *q)
{
    bool or_last = false;
    while (*s) {
        while (isspace((unsigned char)*s)) s++;
        if (!*s) break;
        if (!strncmp(s, "OR", 2) && (!s[2] || isspace((unsigned char)s[2]))) {
            or_last = true;
            s += 2;
            continue;
        }
        bool no = *s == '-' && s[1] && !isspace((unsigned char)s[1]);
        s += no;
        const char *start = s;
        for (bool in = false; *s && (in || !isspace((unsigned char)*s)); s++) in ^= *s == '"';
        size_t n = (size_t)(s - start), name = name_before(start, n);
        if (!name) TRY(cx, add_words(cx, q, key, start, n, no, or_last));
        else {
            const char *value = start + name + 1;
            size_t value_n = n - name - 1;
            if (value_n >= 2 && *value == '"' && value[value_n - 1] == '"') value++, value_n -= 2;
            TRY(cx, add_fact(cx, q, key, start, name, value, value_n, no, or_last));
        }
        or_last = false;
    }
    return OK;
}

static Err read_question(Ctx *cx, const SearchKey *key, const LedgerFind *in, Question *q)
{
    const struct { const char *name, *value; } only[] = {
        { "kind", in->kind }, { "subject", in->subject }, { "actor", in->actor }, { "project", in->project } };
    memset(q, 0, sizeof *q);
    if (!text_utf8_ok(in->query, strlen(in->query))) return FAIL(cx, ERR_BAD_INPUT, "the question is not UTF-8");
    TRY(cx, parse(cx, key, in->query, q));
    for (size_t i = 0; i < sizeof only / sizeof *only; i++) {
        if (only[i].value)
            TRY(cx, add_fact(cx, q, key, only[i].name, strlen(only[i].name), only[i].value, strlen(only[i].value), false, false));
    }
    for (size_t i = 0; i < q->n; i++) {
        if (!q->clause[i].no) return OK;
    }
    return FAIL(cx, ERR_BAD_INPUT, "'%.60s' holds no word to look for", in->query);
}

/* --- does one event fit? --- */

typedef struct Said { uint64_t *word; size_t n, cap; } Said;           /* the words of an event, in order */

static Err hear(Ctx *cx, const SearchKey *key, const SearchDoc *d, Said *said)
{
    SearchWords w = { .text = d->text.at, .n = d->text.n };
    said->n = 0;
    while (search_word(&w)) {
        if (said->n == said->cap) {
            size_t cap = said->cap ? 2 * said->cap : 256;
            uint64_t *more = ctx_grow(cx, said->word, cap, sizeof *more);
            if (!more) return FAIL(cx, ERR_NOMEM, "searching the log");
            said->word = more;
            said->cap = cap;
        }
        said->word[said->n++] = search_hash(key, w.word, w.word_n);
    }
    return OK;
}

/* How often the terms stand side by side. */
static size_t times_said(const Question *q, const Choice *c, const SearchDoc *d, const Said *said)
{
    size_t times = 0;
    for (size_t i = 0; i + c->n <= said->n; i++) {
        size_t k = 0;
        while (k < c->n && said->word[i + k] == q->term[c->term + k].hash) k++;
        times += k == c->n;
    }
    for (size_t i = 0; c->n == 1 && i < d->facts_n; i++) times += d->fact[i] == q->term[c->term].hash;
    return times;
}

static bool fits(const Question *q, const SearchDoc *d, const Said *said, double *score)
{
    *score = 0;
    for (size_t i = 0; i < q->n; i++) {
        double best = -1;
        for (size_t k = 0; k < q->clause[i].n; k++) {
            const Choice *c = &q->clause[i].choice[k];
            double count = (double)times_said(q, c, d, said), sum = 0;
            if (count < 1) continue;
            double weight = count / (count + 1.2 * (0.5 + 0.5 * (double)said->n / 40));
            for (size_t t = 0; t < c->n; t++) sum += q->term[c->term + t].idf * weight;
            if (sum > best) best = sum;
        }
        if ((best >= 0) == q->clause[i].no) return false;
        if (!q->clause[i].no) *score += best;
    }
    return true;
}

/* --- the best --- */

typedef struct Good { uint64_t seq; double score; } Good;
typedef struct Best { Good *at; size_t n, most; } Best;                /* a heap, the worst on top */

static bool worse(const Good *a, const Good *b)
{
    return a->score != b->score ? a->score < b->score : a->seq < b->seq;
}

static void keep(Best *b, Good g)
{
    size_t i = b->n;
    if (b->n < b->most) {
        for (b->n++; i && worse(&g, &b->at[(i - 1) / 2]); i = (i - 1) / 2) b->at[i] = b->at[(i - 1) / 2];
        b->at[i] = g;
        return;
    }
    if (!b->n || !worse(&b->at[0], &g)) return;
    for (i = 0;;) {
        size_t k = 2 * i + 1;
        if (k >= b->n) break;
        if (k + 1 < b->n && worse(&b->at[k + 1], &b->at[k])) k++;
        if (!worse(&b->at[k], &g)) break;
        b->at[i] = b->at[k];
        i = k;
    }
    b->at[i] = g;
}

static int best_first(const void *a, const void *b)
{
    return worse(a, b) ? 1 : worse(b, a) ? -1 : 0;
}

/* --- one segment --- */

typedef struct Set { uint32_t *doc; float *score; size_t n; } Set;

static void set_clear(Ctx *cx, Set *s)
{
    ctx_put(cx, s->doc);
    ctx_put(cx, s->score);
    *s = (Set){ 0 };
}

static Err set_get(Ctx *cx, Set *s, uint64_t n)
{
    s->n = 0;
    s->doc = ctx_get_n(cx, n + 1, sizeof *s->doc);
    s->score = ctx_get_n(cx, n + 1, sizeof *s->score);
    if (s->doc && s->score) return OK;
    set_clear(cx, s);
    return FAIL(cx, ERR_NOMEM, "searching the log");
}

/* The events that hold every term of a choice. */
static Err choice_set(Ctx *cx, const Question *q, const Choice *c, const SearchList *list, Set *out)
{
    uint64_t doc = 0;
    unsigned weight;
    size_t rare = 0;
    for (size_t t = 1; t < c->n; t++) rare = list[c->term + t].n < list[c->term + rare].n ? t : rare;
    SearchList l = list[c->term + rare];
    float idf = (float)(q->term[c->term + rare].idf / 15);
    TRY(cx, set_get(cx, out, l.n));
    for (; out->n < l.n && search_next(&l, &doc, &weight); out->n++) {
        out->doc[out->n] = (uint32_t)doc;
        out->score[out->n] = idf * (float)weight;
    }
    for (size_t t = 0; t < c->n && out->n; t++) {
        if (t == rare) continue;
        size_t at = 0, kept = 0;
        l = list[c->term + t];
        idf = (float)(q->term[c->term + t].idf / 15);
        doc = 0;
        while (at < out->n && search_next(&l, &doc, &weight)) {
            while (at < out->n && out->doc[at] < doc) at++;
            if (at == out->n || out->doc[at] != doc) continue;
            out->doc[kept] = out->doc[at];
            out->score[kept++] = out->score[at++] + idf * (float)weight;
        }
        out->n = kept;
    }
    return OK;
}

static Err unite(Ctx *cx, Set *a, const Set *b)
{
    Set both;
    size_t i = 0, k = 0;
    TRY(cx, set_get(cx, &both, a->n + b->n));
    while (i < a->n || k < b->n) {
        bool left = k == b->n || (i < a->n && a->doc[i] <= b->doc[k]), right = i == a->n || (k < b->n && b->doc[k] <= a->doc[i]);
        float x = left ? a->score[i] : 0, y = right ? b->score[k] : 0;
        both.doc[both.n] = left ? a->doc[i] : b->doc[k];
        both.score[both.n++] = x > y ? x : y;
        i += left;
        k += right;
    }
    set_clear(cx, a);
    *a = both;
    return OK;
}

/* Keep what is in b, or with `no` what is not. */
static void narrow(Set *a, const Set *b, bool no)
{
    size_t k = 0, kept = 0;
    for (size_t i = 0; i < a->n; i++) {
        while (k < b->n && b->doc[k] < a->doc[i]) k++;
        bool there = k < b->n && b->doc[k] == a->doc[i];
        if (there == no) continue;
        a->doc[kept] = a->doc[i];
        a->score[kept++] = a->score[i] + (no ? 0 : b->score[k]);
    }
    a->n = kept;
}

static Err clause_set(Ctx *cx, const Question *q, const Clause *c, const SearchList *list, Set *out)
{
    Err err = OK;
    Set more = { 0 };
    TRY(cx, choice_set(cx, q, &c->choice[0], list, out));
    for (size_t k = 1; k < c->n && !err; k++) {
        err = choice_set(cx, q, &c->choice[k], list, &more);
        if (!err) err = unite(cx, out, &more);
        set_clear(cx, &more);
    }
    if (err) set_clear(cx, out);
    return err;
}

/* How many events a clause may have at most here. */
static uint64_t clause_most(const Clause *c, const SearchList *list)
{
    uint64_t most = 0;
    for (size_t k = 0; k < c->n; k++) {
        uint64_t least = UINT64_MAX;
        for (size_t t = 0; t < c->choice[k].n; t++) {
            uint64_t n = list[c->choice[k].term + t].n;
            if (n < least) least = n;
        }
        most += least;
    }
    return most;
}

static Err segment_set(Ctx *cx, const Question *q, const SearchList *list, Set *out)
{
    Set other = { 0 };
    size_t first = SIZE_MAX;
    uint64_t least = UINT64_MAX;
    *out = (Set){ 0 };
    for (size_t i = 0; i < q->n; i++) {
        uint64_t most = clause_most(&q->clause[i], list);
        if (q->clause[i].no) continue;
        if (!most) return OK;
        if (most < least) least = most, first = i;
    }
    TRY(cx, clause_set(cx, q, &q->clause[first], list, out));
    for (size_t i = 0; i < q->n && out->n; i++) {
        const Clause *c = &q->clause[i];
        bool exact = c->n == 1 && c->choice[0].n == 1;         /* a phrase's words may be there apart from one another */
        if (i == first || (c->no && !exact)) continue;
        Err err = clause_set(cx, q, c, list, &other);
        if (!err) narrow(out, &other, c->no);
        set_clear(cx, &other);
        if (err) {
            set_clear(cx, out);
            return err;
        }
    }
    return OK;
}

typedef struct Search {
    Ctx *cx;
    Ledger *l;
    const LedgerFind *in;
    LedgerFound *out;
    SearchIndex index;
    Question q;
    Best best;
    SearchDoc doc;
    Said said;
    int64_t since_us, until_us;
} Search;

static Err search_segment(Search *s, const SearchSegment *seg, const SearchList *list)
{
    Set set = { 0 };
    unsigned char *block = NULL;
    bool timed = seg->from_us < s->since_us || seg->to_us > s->until_us;
    if (seg->to_us < s->since_us || seg->from_us > s->until_us) return OK;
    TRY(s->cx, segment_set(s->cx, &s->q, list, &set));
    Err err = timed && set.n ? search_blocks(s->cx, s->l, seg, s->since_us, s->until_us, &block) : OK;
    for (size_t i = 0; !err && i < set.n; i++) {
        if (block && !block[set.doc[i] / SEARCH_BLOCK]) continue;
        s->out->matches++;
        keep(&s->best, (Good){ seg->from + set.doc[i], (double)set.score[i] });
    }
    ctx_put(s->cx, block);
    set_clear(s->cx, &set);
    return err;
}

static Err search_segments(Search *s)
{
    Ctx *cx = s->cx;
    size_t terms = s->q.terms_n, n = s->index.segments_n;
    SearchList *list = ctx_get_n(cx, terms * n + 1, sizeof *list);
    Err err = list ? OK : FAIL(cx, ERR_NOMEM, "searching the log");
    for (size_t i = 0; !err && i < n * terms; i++) {
        err = search_list(cx, s->l, &s->index, &s->index.segment[i / terms], s->q.term[i % terms].hash, &list[i]);
        if (!err) s->q.term[i % terms].found += list[i].n;
    }
    for (size_t t = 0; t < terms; t++) {
        double all = (double)s->index.mark + 1, df = (double)s->q.term[t].found;
        if (!s->q.term[t].fact) s->q.term[t].idf = log(1 + (all - df + 0.5 > 0.5 ? all - df + 0.5 : 0.5) / (df + 0.5));
    }
    for (size_t i = n; !err && i-- > 0;) err = search_segment(s, &s->index.segment[i], &list[i * terms]);
    for (size_t i = 0; list && i < n * terms; i++) ctx_put(cx, list[i].owned);
    ctx_put(cx, list);
    return err;
}

static Err look_at_tail(void *arg, const Event *e)
{
    Search *s = arg;
    double score = 0;
    if (e->time_us < s->since_us || e->time_us > s->until_us) return OK;
    TRY(s->cx, search_doc(s->cx, s->l, &s->index.key, e, &s->doc));
    TRY(s->cx, hear(s->cx, &s->index.key, &s->doc, &s->said));
    if (!fits(&s->q, &s->doc, &s->said, &score)) return OK;
    s->out->matches++;
    keep(&s->best, (Good){ e->seq, score });
    return OK;
}

/* --- showing --- */

static bool is_asked(const Question *q, uint64_t hash)
{
    for (size_t i = 0; i < q->n; i++) {
        for (size_t k = 0; !q->clause[i].no && k < q->clause[i].n; k++) {
            const Choice *c = &q->clause[i].choice[k];
            for (size_t t = 0; t < c->n; t++) {
                if (q->term[c->term + t].hash == hash) return true;
            }
        }
    }
    return false;
}

/* The piece of the event's text around the first word that was asked for. */
static const char *snippet(Search *s)
{
    const char *text = s->doc.text.at;
    size_t n = s->doc.text.n, at = SIZE_MAX, words = strcspn(text, "\n");
    SearchWords w = { .text = text, .n = n };
    while (search_word(&w)) {
        if (!is_asked(&s->q, search_hash(&s->index.key, w.word, w.word_n))) continue;
        if (at == SIZE_MAX || at < words) at = w.at;           /* what the payload says tells more than the event's own words */
        if (at >= words) break;
    }
    if (at == SIZE_MAX) at = 0;
    size_t from = at > SNIPPET_BEFORE ? at - SNIPPET_BEFORE : 0, to = at + SNIPPET_AFTER < n ? at + SNIPPET_AFTER : n;
    while (from && from < at && !isspace((unsigned char)text[from - 1])) from++;
    while (to < n && to > at && ((unsigned char)text[to] & 0xc0) == 0x80) to--;
    while (to > from && isspace((unsigned char)text[to - 1])) to--;
    char *out = ctx_scratch_fmt(s->cx, "%s%.*s%s", from ? "…" : "", (int)(to - from), text + from, to < n && text[to] != '\n' ? "…" : "");
    for (char *c = out; c && *c; c++) {
        if ((unsigned char)*c < ' ') *c = ' ';
    }
    return out;
}

static Err show_hit(void *arg, const Event *e)
{
    Search *s = arg;
    Ctx *cx = s->cx;
    double score = 0;
    if (e->time_us < s->since_us || e->time_us > s->until_us) return OK;
    TRY(cx, search_doc(cx, s->l, &s->index.key, e, &s->doc));
    TRY(cx, hear(cx, &s->index.key, &s->doc, &s->said));
    if (!fits(&s->q, &s->doc, &s->said, &score)) return OK;
    LedgerHit *h = &s->out->hit[s->out->n];
    *h = (LedgerHit){ .seq = e->seq, .time_us = e->time_us, .actor = ctx_scratch_text(cx, e->actor), .kind = ctx_scratch_text(cx, e->kind),
                      .subject = ctx_scratch_text(cx, e->subject), .project = ctx_scratch_text(cx, e->project), .snippet = snippet(s) };
    if (!h->actor || !h->kind || !h->subject || !h->project || !h->snippet) return FAIL(cx, ERR_NOMEM, "searching the log");
    s->out->n++;
    return OK;
}

static Err show_best(Search *s, size_t limit)
{
    qsort(s->best.at, s->best.n, sizeof *s->best.at, best_first);
    for (size_t i = 0; i < s->best.n && s->out->n < limit; i++) {
        const Good *g = &s->best.at[i];
        size_t before = s->out->n;
        TRY(s->cx, ledger_each(s->cx, s->l, &(LedgerAsk){ .from_seq = g->seq, .to_seq = g->seq }, show_hit, s));
        if (s->out->n > before) s->out->hit[before].score = g->score;
        else s->out->matches--;
    }
    return OK;
}

static Err search_inside(Search *s)
{
    Ctx *cx = s->cx;
    Digest hash;
    size_t limit = s->in->limit ? s->in->limit : LEDGER_FIND_DEFAULT;
    TRY(cx, search_load(cx, s->l, &s->index));
    TRY(cx, ledger_head(cx, s->l, &s->out->events, &hash));
    TRY(cx, read_question(cx, &s->index.key, s->in, &s->q));
    bool more = s->q.phrases || s->in->since_us || s->in->until_us;
    s->best.most = more ? CHECKED_MAX > limit ? CHECKED_MAX : limit : limit + 16;
    s->best.at = ctx_get_n(cx, s->best.most, sizeof *s->best.at);
    s->out->hit = ctx_scratch(cx, (limit + 1) * sizeof *s->out->hit);
    if (!s->best.at || !s->out->hit) return FAIL(cx, ERR_NOMEM, "searching the log");
    s->out->indexed = s->index.mark;
    TRY(cx, search_segments(s));
    uint64_t tail = s->out->events - s->index.mark, from = tail > TAIL_MAX ? s->out->events - TAIL_MAX : s->index.mark;
    s->out->scanned = s->out->events - from;
    if (s->out->scanned) TRY(cx, ledger_each(cx, s->l, &(LedgerAsk){ .from_seq = from + 1, .to_seq = s->out->events }, look_at_tail, s));
    TRY(cx, show_best(s, limit));
    return OK;
}

Err ledger_search(Ctx *cx, Ledger *l, const LedgerFind *in, LedgerFound *out)
{
    *out = (LedgerFound){ 0 };
    if (in->limit > LEDGER_FIND_MAX) return FAIL(cx, ERR_LIMIT, "at most %d hits are shown at once", LEDGER_FIND_MAX);
    Search *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "searching the log");
    *s = (Search){ .cx = cx, .l = l, .in = in, .out = out, .since_us = in->since_us ? in->since_us : INT64_MIN,
                   .until_us = in->until_us ? in->until_us : INT64_MAX };
    search_doc_init(cx, &s->doc);
    bool own = !l->group;                      /* index, head and events of one moment */
    Err err = own ? db_begin_read(cx, l->db) : OK;
    if (!err) {
        err = search_inside(s);
        if (own) db_end_read(l->db);
    }
    search_doc_clear(cx, &s->doc);
    ctx_put(cx, s->said.word);
    ctx_put(cx, s->best.at);
    ctx_put(cx, s);
    if (err) *out = (LedgerFound){ 0 };
    return err;
}

void ledger_search_words(Ledger *l, LedgerMoreWords *more, void *self)
{
    l->more_words = more;
    l->more_words_self = self;
}
