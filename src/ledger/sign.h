/* ledger/sign.h -- Ed25519 keys of a person, in a folder of their own, and what they sign. */
#ifndef LEDGER_SIGN_H
#define LEDGER_SIGN_H

#include "base/text.h"
#include "ledger/ledger.h"

typedef struct Signer Signer;                   /* a private key, held */

/* The signing key in `folder` (signing.key, 0600), made when absent.  Errors: ERR_DENIED, ERR_IO it cannot be read or made;
** ERR_CORRUPT it is no key. */
MUST_USE Err sign_open(Ctx *cx, const char *folder, Signer **out);
MUST_USE Err sign_fresh(Ctx *cx, const unsigned char seed[32], Signer **out);        /* from a seed: for tests of vectors */
void sign_close(Ctx *cx, Signer *s);            /* NULL is fine */
void sign_public(const Signer *s, unsigned char key[LEDGER_KEY_BYTES]);
MUST_USE Err sign_bytes(Ctx *cx, const Signer *s, const void *p, size_t n, unsigned char signature[LEDGER_SIGNATURE_BYTES]);
/* *good: the key made this signature over these bytes. */
MUST_USE Err sign_check(Ctx *cx, const unsigned char key[LEDGER_KEY_BYTES], const void *p, size_t n,
                        const unsigned char signature[LEDGER_SIGNATURE_BYTES], bool *good);

/* A head: "leat-head/1\n<ledger id>\n<size>\n<root hex>\n" */
MUST_USE Err sign_head(Ctx *cx, const Signer *s, const Digest *ledger, LedgerHead *head);
MUST_USE Err sign_head_check(Ctx *cx, const Digest *ledger, const LedgerHead *head, bool *good);

MUST_USE Err sign_random(Ctx *cx, void *out, size_t n);       /* ERR_IO the machine has none */
void hex_write(const void *p, size_t n, char *out);           /* 2 n digits and the NUL */
bool hex_read(const char *text, void *out, size_t n);         /* exactly 2 n digits, then the end or white space */

#endif
