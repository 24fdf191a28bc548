/* ledger/sign.c -- Ed25519 (RFC 8032) through OpenSSL; a person's key lies in their own folder, never beside the tables. */
#include "ledger/sign.h"

#include "base/save.h"

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX 4096
#define KEY_MAGIC "leat-key/1\n"
#define SEED_BYTES 32

struct Signer { EVP_PKEY *pkey; unsigned char key[LEDGER_KEY_BYTES]; };

void hex_write(const void *p, size_t n, char *out)
{
    static const char digit[] = "0123456789abcdef";
    const unsigned char *at = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digit[at[i] >> 4];
        out[2 * i + 1] = digit[at[i] & 15];
    }
    out[2 * n] = 0;
}

bool hex_read(const char *text, void *out, size_t n)
{
    unsigned char *to = out;
    for (size_t i = 0; i < 2 * n; i++) {
        char c = text[i];
        int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (v < 0) return false;
        to[i / 2] = (unsigned char)(i % 2 ? to[i / 2] | v : v << 4);
    }
    return !text[2 * n] || strchr(" \t\r\n", text[2 * n]);
}

Err sign_random(Ctx *cx, void *out, size_t n)
{
    if (RAND_bytes(out, (int)n) != 1) return FAIL(cx, ERR_IO, "this machine gives no random numbers");
    return OK;
}

Err sign_fresh(Ctx *cx, const unsigned char seed[SEED_BYTES], Signer **out)
{
    size_t n = LEDGER_KEY_BYTES;
    *out = NULL;
    Signer *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "taking up a signing key");
    s->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED_BYTES);
    if (!s->pkey || EVP_PKEY_get_raw_public_key(s->pkey, s->key, &n) != 1) {
        sign_close(cx, s);
        return FAIL(cx, ERR_NOMEM, "taking up a signing key");
    }
    *out = s;
    return OK;
}

void sign_close(Ctx *cx, Signer *s)
{
    if (!s) return;
    EVP_PKEY_free(s->pkey);
    ctx_put(cx, s);
}

void sign_public(const Signer *s, unsigned char key[LEDGER_KEY_BYTES])
{
    memcpy(key, s->key, LEDGER_KEY_BYTES);
}

/* --- the key's file --- */

/* Written beside, then linked: of two programs at once the first one's key stays. */
static Err make_key(Ctx *cx, const char *folder, const char *path)
{
    const Files *f = cx->world->files;
    unsigned char seed[SEED_BYTES];
    char fresh[SAVE_PATH_MAX + 32], text[128] = KEY_MAGIC, up[SAVE_PATH_MAX];
    int fd = -1;
    TRY(cx, sign_random(cx, seed, sizeof seed));
    for (const char *at = strchr(folder + 1, '/'); at; at = strchr(at + 1, '/')) {       /* ~/.config may be absent */
        snprintf(up, sizeof up, "%.*s", (int)(at - folder), folder);
        (void)f->make_folder(f->self, up);
    }
    Err err = f->make_folder(f->self, folder);
    if (err) return FAIL(cx, err, "making the folder '%s' for signing keys", folder);
    (void)chmod(folder, 0700);
    hex_write(seed, sizeof seed, text + strlen(text));
    snprintf(text + strlen(text), 2, "\n");
    snprintf(fresh, sizeof fresh, "%s.%ld.new", path, (long)getpid());
    err = f->open(f->self, fresh, FILE_CREATE, &fd);
    if (!err) {
        if (fchmod(fd, 0600)) err = ERR_DENIED;
        if (!err) err = f->write(f->self, fd, text, strlen(text));
        if (!err) err = f->sync(f->self, fd);
        f->close(f->self, fd);
        if (!err && link(fresh, path) && access(path, R_OK)) err = ERR_IO;
        (void)f->remove(f->self, fresh);
        if (!err) err = f->sync_folder(f->self, folder);
    }
    memset(text, 0, sizeof text);
    return err ? FAIL(cx, err, "making the signing key '%s'", path) : OK;
}

Err sign_open(Ctx *cx, const char *folder, Signer **out)
{
    char path[SAVE_PATH_MAX], *text = NULL;
    unsigned char seed[SEED_BYTES];
    FileInfo info;
    struct stat st;
    size_t n = 0;
    const Files *f = cx->world->files;
    *out = NULL;
    int len = snprintf(path, sizeof path, "%s/signing.key", folder);
    if (len < 0 || (size_t)len >= sizeof path) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", folder);
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking for the signing key '%s'", path);
    if (info.type == FILE_NONE) TRY(cx, make_key(cx, folder, path));
    if (!stat(path, &st) && st.st_mode & 077) {
        ctx_warn(cx, "others could read the signing key '%s'; it is yours alone again", path);
        (void)chmod(path, 0600);
    }
    TRY(cx, save_read(cx, path, KEY_FILE_MAX, &text, &n));
    bool good = n > strlen(KEY_MAGIC) + 2 * SEED_BYTES && !memcmp(text, KEY_MAGIC, strlen(KEY_MAGIC)) &&
                hex_read(text + strlen(KEY_MAGIC), seed, sizeof seed);
    memset(text, 0, n);
    ctx_put(cx, text);
    if (!good)
        return FAIL(cx, ERR_CORRUPT, "'%s' is no signing key; move it away and the next command makes a new one", path);
    err = sign_fresh(cx, seed, out);
    memset(seed, 0, sizeof seed);
    return err;
}

/* --- signing --- */

Err sign_bytes(Ctx *cx, const Signer *s, const void *p, size_t n, unsigned char signature[LEDGER_SIGNATURE_BYTES])
{
    size_t len = LEDGER_SIGNATURE_BYTES;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool fine = md && EVP_DigestSignInit(md, NULL, NULL, NULL, s->pkey) == 1 &&
                EVP_DigestSign(md, signature, &len, p, n) == 1 && len == LEDGER_SIGNATURE_BYTES;
    EVP_MD_CTX_free(md);
    return fine ? OK : FAIL(cx, ERR_NOMEM, "signing");
}

Err sign_check(Ctx *cx, const unsigned char key[LEDGER_KEY_BYTES], const void *p, size_t n,
               const unsigned char signature[LEDGER_SIGNATURE_BYTES], bool *good)
{
    *good = false;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, LEDGER_KEY_BYTES);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    bool ready = pkey && md && EVP_DigestVerifyInit(md, NULL, NULL, NULL, pkey) == 1;
    if (ready) *good = EVP_DigestVerify(md, signature, LEDGER_SIGNATURE_BYTES, p, n) == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(pkey);
    return ready ? OK : FAIL(cx, ERR_NOMEM, "checking a signature");
}

static size_t head_text(const Digest *ledger, const LedgerHead *head, char out[256])
{
    char id[SHA256_TEXT_MAX], root[SHA256_TEXT_MAX];
    digest_text(ledger, id);
    digest_text(&head->root, root);
    return (size_t)snprintf(out, 256, "leat-head/1\n%s\n%llu\n%s\n", id, (unsigned long long)head->size, root);
}

Err sign_head(Ctx *cx, const Signer *s, const Digest *ledger, LedgerHead *head)
{
    char text[256];
    size_t n = head_text(ledger, head, text);
    sign_public(s, head->key);
    TRY(cx, sign_bytes(cx, s, text, n, head->signature));
    return OK;
}

Err sign_head_check(Ctx *cx, const Digest *ledger, const LedgerHead *head, bool *good)
{
    char text[256];
    size_t n = head_text(ledger, head, text);
    TRY(cx, sign_check(cx, head->key, text, n, head->signature, good));
    return OK;
}
