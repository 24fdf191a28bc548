/* ledger/search.h -- what the files of search share: words of an event, and the index of them. */
#ifndef LEDGER_SEARCH_H
#define LEDGER_SEARCH_H

#include "ledger/inner.h"

/* --- search_words.c: what an event says, and its words */

typedef struct SearchKey { uint64_t k0, k1; } SearchKey;
uint64_t search_hash(const SearchKey *key, const void *p, size_t n);   /* SipHash-2-4, the top bit dropped; never 0 */

/* Walk the words of a text: letters and digits, in lower case; signs of scripts without blanks one by one.
** word: SEARCH_WORD_MAX bytes.  at, n: where it stands in the text.  False: no more. */
#define SEARCH_WORD_MAX 64
typedef struct SearchWords { const char *text; size_t n, next, at, length; char word[SEARCH_WORD_MAX]; size_t word_n; } SearchWords;
bool search_word(SearchWords *w);

typedef struct SearchDoc {         /* an event as it is searched */
    Text text;                     /* its words and the values of its payload, a line each: key: value */
    uint64_t *fact; size_t facts_n, facts_cap;             /* hashes of key=value */
} SearchDoc;
void search_doc_init(Ctx *cx, SearchDoc *d);
void search_doc_clear(Ctx *cx, SearchDoc *d);
MUST_USE Err search_doc(Ctx *cx, Ledger *l, const SearchKey *key, const Event *e, SearchDoc *d);
/* The hash of a fact, key and value in lower case. */
uint64_t search_fact(const SearchKey *key, const char *name, size_t name_n, const char *value, size_t value_n);

/* --- search_index.c */

typedef struct SearchSegment { int64_t id, level; uint64_t from, to; int64_t from_us, to_us; } SearchSegment;
#define SEARCH_SEGMENTS_MAX 256
typedef struct SearchIndex {       /* as the tables have it now */
    SearchKey key;
    bool made;
    SearchSegment segment[SEARCH_SEGMENTS_MAX];            /* oldest first */
    size_t segments_n;
    uint64_t mark;                 /* events up to here are indexed */
} SearchIndex;
MUST_USE Err search_load(Ctx *cx, Ledger *l, SearchIndex *out);

typedef struct SearchList { uint64_t n; const unsigned char *at, *end; void *owned; } SearchList;   /* postings of one word in one segment */
/* n is 0 where the word is not.  Give back with ctx_put(owned).  ERR_CORRUPT */
MUST_USE Err search_list(Ctx *cx, Ledger *l, const SearchIndex *index, const SearchSegment *s, uint64_t term, SearchList *out);
/* The next posting; false at the end.  *doc starts at 0 and counts from the segment's first event. */
bool search_next(SearchList *list, uint64_t *doc, unsigned *weight);
/* Which blocks of SEARCH_BLOCK events hold times between the two: in[i] 0 none, 1 some, 2 all.  Give back with ctx_put. */
#define SEARCH_BLOCK 256
MUST_USE Err search_blocks(Ctx *cx, Ledger *l, const SearchSegment *s, int64_t since_us, int64_t until_us, unsigned char **in);

#endif
