/* ledger/segment.h -- a sealed piece of a log in one file: events with their payloads, and all that proves them.
**
**   leat-segment/1\n  <SHA-256 of the header, hex>\n  <signature, hex>\n  <header, one line of JSON>\n  blocks
**
** A block is a zstd frame of up to 256 events; the header has each block's place and SHA-256, so that damage is
** located and one payload can be read without the rest.  Format: doc/formats/ledger.md
*/
#ifndef LEDGER_SEGMENT_H
#define LEDGER_SEGMENT_H

#include "ledger/sign.h"
#include "ledger/tree.h"

#include <yyjson.h>

#define SEGMENT_BLOCK_EVENTS 256
#define SEGMENT_BLOCK_BYTES ((size_t)1 << 20)   /* a block that has so many is full */
#define SEGMENT_HEADER_MAX ((size_t)64 << 20)

typedef struct SegmentBlock { uint64_t first, events, at, bytes, raw; Digest hash; } SegmentBlock;

typedef struct Segment {
    char name[200];                             /* for sentences */
    const unsigned char *at; size_t n;          /* the whole file (borrowed) */
    Digest ledger, before;                      /* before: the hash of the event before the first; zeros */
    uint64_t first, last;
    LedgerHead head;                            /* over `last` events */
    Tree edge;                                  /* of the events before the first: from here its root and the head's follow */
    SegmentBlock *block; size_t blocks_n;
} Segment;

typedef struct SegmentRecord {
    const char *event; size_t event_n;          /* canonical text */
    LedgerPayload state;
    const char *stored; size_t stored_n;        /* of a redacted one what is left */
} SegmentRecord;

/* Writing: begin, add events in order, seal. */
typedef struct SegmentWriter {
    Ctx *cx;
    Segment s;
    Text raw, body;
    size_t cap;
} SegmentWriter;
void segment_begin(SegmentWriter *w, Ctx *cx, const Digest *ledger, uint64_t first, const Digest *before, const Tree *edge);
MUST_USE Err segment_add(SegmentWriter *w, Hasher *h, const char *event, size_t event_n, LedgerPayload state, const void *stored, size_t n);
MUST_USE Err segment_seal(SegmentWriter *w, Hasher *h, const Signer *signer, const Digest *root, Text *out);
void segment_end(SegmentWriter *w);

/* Reading.  ERR_BAD_INPUT it is no segment; ERR_CORRUPT its header is damaged.  segment_close frees the table of blocks. */
MUST_USE Err segment_open(Ctx *cx, const char *name, const void *bytes, size_t n, Segment *out);
void segment_close(Ctx *cx, Segment *s);
/* Unpack block k and check it: ERR_CORRUPT names its events and bytes. */
MUST_USE Err segment_block(Ctx *cx, const Segment *s, size_t k, Hasher *h, Text *raw);
bool segment_next(const char **at, const char *end, SegmentRecord *out);
/* An event out of its canonical text: texts live in doc, which yyjson_doc_free ends.  false: it is not canonical. */
bool segment_event(const SegmentRecord *r, Text *scratch, Event *e, yyjson_doc **doc);
/* All of it: blocks, chain, payload hashes, tree from its edge to its signed head.  each may be NULL. */
MUST_USE Err segment_check(Ctx *cx, const Segment *s, Err (*each)(void *arg, const Event *e), void *arg);

#endif
