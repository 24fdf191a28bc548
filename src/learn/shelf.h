/* learn/shelf.h -- what learners keep between fits of the same rows; inside the room only (the door: learn.h).
**
** An item has a kind, whose owner alone knows what it is, and a key.  The shelf drops what was used longest ago
** when it is full.  Nothing that is looked up may change an answer: an item is what making it again would give.
*/
#ifndef LEARN_SHELF_H
#define LEARN_SHELF_H

#include "learn/learn.h"

#define LEARN_SHELF_ITEMS_MAX 16

#define LEARN_SHELF_ITEM_BYTES 64

/* The item, or NULL (also where shelf is NULL).  Borrowed until the next shelf_put. */
const void *shelf_find(LearnShelf *shelf, const char *kind, uint64_t key);

/* Keep an item: n <= LEARN_SHELF_ITEM_BYTES bytes (copied) that name what drop frees, about `bytes` in all (owned).  False
** if that is too much, or shelf is NULL: then it is still the caller's.  Other items may be dropped to make room. */
bool shelf_put(LearnShelf *shelf, const char *kind, uint64_t key, const void *item, size_t n, size_t bytes,
               void (*drop)(const void *item));

#endif
