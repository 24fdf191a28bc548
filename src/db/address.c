/* db/address.c -- addresses of databases on a server: postgres://[user@]host[:port]/database[?schema=name&…]
**
** The schema is ours and is taken off before the address goes to the server's
** library; a password is taken off before the address is shown or stored.
*/
#include "db/inner.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define SCHEMA_DEFAULT "leat"

static const char *const heads[] = { "postgres://", "postgresql://" };

bool db_is_address(const char *path)
{
    return !strncmp(path, heads[0], strlen(heads[0])) || !strncmp(path, heads[1], strlen(heads[1]));
}

/* Schemas are made and named by us: what needs no quoting anywhere. */
static Err check_schema(Ctx *cx, const char *s)
{
    size_t n = strlen(s);
    bool ok = n >= 1 && n < DB_SCHEMA_MAX && !isdigit((unsigned char)s[0]) && strncmp(s, "pg_", 3);
    for (size_t i = 0; i < n; i++) ok = ok && ((s[i] >= 'a' && s[i] <= 'z') || isdigit((unsigned char)s[i]) || s[i] == '_');
    if (ok) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "the schema '%.70s' cannot be used: give one of a to z, 0 to 9 and _, at most %d long",
                s, DB_SCHEMA_MAX - 1);
}

/* Is this part of the query a secret? */
static bool secret(const char *s, size_t n)
{
    return (n >= 9 && !strncmp(s, "password=", 9)) || (n >= 12 && !strncmp(s, "sslpassword=", 12));
}

Err db_address_split(Ctx *cx, const char *address, DbAddress *out)
{
    Text whole, shown;
    const char *at = strstr(address, "://") + 3, *stop = at + strcspn(at, "/?"), *user_end = memchr(at, '@', (size_t)(stop - at));
    Err err = OK;
    text_init(&whole, cx);
    text_init(&shown, cx);
    memset(out, 0, sizeof *out);
    if (strlen(address) >= DB_ADDRESS_MAX) {
        err = FAIL(cx, ERR_LIMIT, "the address of a database is longer than %d bytes", DB_ADDRESS_MAX - 1);
        goto done;
    }
    const char *colon = user_end ? memchr(at, ':', (size_t)(user_end - at)) : NULL;
    out->secret = colon != NULL;
    text_bytes(&shown, address, (size_t)((colon ? colon : stop) - address));
    if (colon) text_bytes(&shown, user_end, (size_t)(stop - user_end));
    text_bytes(&whole, address, (size_t)(stop - address));
    size_t path = strcspn(stop, "?");
    text_bytes(&shown, stop, path);
    text_bytes(&whole, stop, path);
    if (path <= 1) {
        err = FAIL(cx, ERR_BAD_INPUT, "'%.200s' names no database: write postgres://HOST/DATABASE", shown.at);
        goto done;
    }
    const char *part = stop[path] ? stop + path + 1 : "";
    char first_whole = '?', first_shown = '?';
    while (*part) {
        size_t n = strcspn(part, "&");
        if (n > 7 && !strncmp(part, "schema=", 7)) {
            snprintf(out->schema, sizeof out->schema, "%.*s", (int)(n - 7), part + 7);
        } else if (n) {
            text_char(&whole, first_whole);
            text_bytes(&whole, part, n);
            first_whole = '&';
            if (secret(part, n)) out->secret = true;
            else {
                text_char(&shown, first_shown);
                text_bytes(&shown, part, n);
                first_shown = '&';
            }
        }
        part += n + (part[n] == '&');
    }
    if (!out->schema[0]) snprintf(out->schema, sizeof out->schema, SCHEMA_DEFAULT);
    TRY_DONE(cx, check_schema(cx, out->schema));
    text_fmt(&shown, "%cschema=%s", first_shown, out->schema);
    TRY_DONE(cx, text_err(&shown));
    TRY_DONE(cx, text_err(&whole));
    if (shown.n >= DB_ADDRESS_MAX) {
        err = FAIL(cx, ERR_LIMIT, "the address of a database is longer than %d bytes", DB_ADDRESS_MAX - 1);
        goto done;
    }
    memcpy(out->shown, shown.at, shown.n + 1);
    memcpy(out->whole, whole.at, whole.n + 1);
done:
    text_clear(&whole);
    text_clear(&shown);
    return err;
}

Err db_address_clean(Ctx *cx, const char *address, char out[DB_ADDRESS_MAX], bool *secret_left_out)
{
    DbAddress a;
    out[0] = 0;
    TRY(cx, db_address_split(cx, address, &a));
    memcpy(out, a.shown, strlen(a.shown) + 1);
    if (secret_left_out) *secret_left_out = a.secret;
    return OK;
}
