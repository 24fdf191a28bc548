/* base/secret.h -- secrets are taken out of what is about to be kept.
**
** Everything that goes into a ledger or store for good (arguments, addresses, diffs, logs, environment) passes through
** here first.  Taken out, each replaced by SECRET_MASK:
**   what follows a name that means a secret: --password X, --token=X, API_KEY=X, "secret": "X", password: X
**   user and password in addresses; signatures, tokens and keys in their query strings; Authorization headers
**   .netrc, .pgpass and AWS credential lines; private keys in PEM; tokens of well-known formats (AKIA…, ghp_…, eyJ….)
**   values that are known to be secret: of environment variables with such names, of options taken out before
** It errs on the safe side: a harmless word may be masked, bytes that are no secret otherwise come through unchanged.
*/
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/text.h"

#define SECRET_MASK "[secret]"
#define SECRET_LINE_MAX ((size_t)64 << 10)     /* bytes looked at in one piece; a longer line is cut between words */
#define SECRET_VALUE_MIN 6                     /* bytes of a known value that is looked for elsewhere */

typedef struct Secrets Secrets;                /* values known to be secret */

/* Does the value of a variable, option or key of this name have to stay secret? */
bool secret_name(const char *name, size_t n);
/* Does a file's very name say that it holds credentials?  .netrc, id_rsa, .env, credentials, *.pem, … */
bool secret_file(const char *path);

/* environ: "NAME=VALUE" texts, ends with NULL; may be NULL.  ERR_NOMEM */
MUST_USE Err secret_know(Ctx *cx, char *const *environ_, Secrets **out);
MUST_USE Err secret_know_value(Ctx *cx, Secrets *s, const char *value, size_t n);      /* shorter than the least: not kept */
void secret_forget(Ctx *cx, Secrets *s);       /* overwrites them; NULL is fine */

/* The text without its secrets, appended to out.  s may be NULL.  *found (may be NULL): how many were taken out.
** Cost: linear, times the number of known values.  ERR_NOMEM */
MUST_USE Err secret_scrub(Ctx *cx, const Secrets *s, const char *text, size_t n, Text *out, size_t *found);
/* The same of a command line, word by word: words[i] in scratch.  Values of secret options become known to s. */
MUST_USE Err secret_scrub_words(Ctx *cx, Secrets *s, const char *const *word, size_t n, const char **out, size_t *found);

/* The same of a text that comes in pieces.  Zero it, then fill cx and secrets; end with secret_stream_end. */
typedef struct SecretStream { Ctx *cx; const Secrets *secrets; Text line; bool pem; size_t found; } SecretStream;
MUST_USE Err secret_stream_more(SecretStream *s, const void *bytes, size_t n, Text *out);
MUST_USE Err secret_stream_end(SecretStream *s, Text *out);     /* what was still waiting for the end of its line; and frees */

#endif
