/* filter/regex.h -- regular expressions in time linear in the text.
**
** Syntax: POSIX extended, and \d \w \s \b (?i) (?:…) as people know them: . [a-z] [^…] [[:alpha:]] ( ) | * + ? {m,n} ^ $.
** A lazy *? matches the same texts and is taken.  No back-references: they cannot be had in linear time.
** Method: Thompson, "Regular expression search algorithm", CACM 11(6), 1968: all states at once, code point by code
** point.  Cost: length of the text times length of the expression, whatever they are.
*/
#ifndef FILTER_REGEX_H
#define FILTER_REGEX_H

#include "base/ctx.h"

#define REGEX_STEPS_MAX 20000          /* of the compiled expression */
#define REGEX_REPEAT_MAX 1000          /* in {m,n} */
#define REGEX_DEPTH_MAX 200            /* parentheses */

typedef struct Regex Regex;            /* in scratch of the Ctx it was made with; used by one thread at a time */

/* ERR_BAD_INPUT what is wrong, at which character; ERR_LIMIT; ERR_NOMEM */
MUST_USE Err regex_make(Ctx *cx, const char *pattern, size_t n, Regex **out);
/* Is there a match anywhere in the text?  Bytes that are no UTF-8 count as one code point each. */
bool regex_found(Regex *re, const char *text, size_t n);

#endif
