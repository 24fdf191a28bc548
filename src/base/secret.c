/* base/secret.c -- finding secrets in a line: each rule marks bytes, marked runs are replaced. */
#include "base/secret.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define NAME_MAX_BYTES 128
#define WORDS_MAX 16

struct Secrets { char **value; size_t *size; size_t n, cap; };

typedef struct Line { const char *at; size_t n; unsigned char *mark; } Line;

static void mark(Line *l, size_t from, size_t to)
{
    if (to > l->n) to = l->n;
    if (from < to) memset(l->mark + from, 1, to - from);
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

/* --- names --- */

/* The words of a name in lower case: cut at _ - . and where a capital follows a small letter. */
static size_t split(const char *name, size_t n, char *buf, const char **word)
{
    size_t words = 0, at = 0, begin = 0;
    for (size_t i = 0; i <= n && words < WORDS_MAX && at + 2 < NAME_MAX_BYTES; i++) {
        bool cut = i == n || !isalnum((unsigned char)name[i]);
        bool hump = !cut && i && isupper((unsigned char)name[i]) && islower((unsigned char)name[i - 1]);
        if ((cut || hump) && at > begin) {
            buf[at++] = 0;
            word[words++] = buf + begin;
            begin = at;
        }
        if (!cut) buf[at++] = (char)tolower((unsigned char)name[i]);
    }
    return words;
}

static bool among(const char *word, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(word, *list)) return true;
    return false;
}

bool secret_name(const char *name, size_t n)
{
    static const char *const any[] = { "password", "passwd", "passphrase", "passwort", "pwd", "pass", "secret", "secrets", "apikey",
                                       "accesskey", "privatekey", "secretkey", "authkey", "credential", "credentials", "authorization",
                                       "pat", "apitoken", "authtoken", "accesstoken", "bearer", "pgpassword", "cookie", NULL };
    static const char *const before_key[] = { "api", "access", "secret", "private", "encryption", "signing", "account", "storage",
                                              "auth", "service", "ssh", "license", "subscription", "master", "shared", "client",
                                              "deploy", "app", "host", NULL };
    char buf[NAME_MAX_BYTES];
    const char *word[WORDS_MAX];
    if (n == 3 && !memcmp(name, "KEY", 3)) return true;
    size_t words = split(name, n, buf, word);
    for (size_t i = 0; i < words; i++) {
        size_t size = strlen(word[i]);
        if (among(word[i], any)) return true;
        if (!strcmp(word[i], "token") && i + 1 == words) return true;
        if (!strcmp(word[i], "key") && i && among(word[i - 1], before_key)) return true;
        if (size > 8 && !strcmp(word[i] + size - 8, "password")) return true;      /* DBPASSWORD */
        if (size > 5 && !strcmp(word[i] + size - 5, "token")) return true;
        if (size > 6 && !strcmp(word[i] + size - 6, "secret")) return true;
    }
    return false;
}

bool secret_file(const char *path)
{
    static const char *const names[] = { ".netrc", "_netrc", ".pgpass", ".my.cnf", ".npmrc", ".pypirc", ".git-credentials", ".htpasswd",
                                         "credentials", "credentials.json", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".env",
                                         ".dockercfg", "kubeconfig", ".boto", ".s3cfg", ".vault-token", "secrets.yaml", "secrets.yml",
                                         "secrets.json", ".Renviron", NULL };
    static const char *const ends[] = { ".pem", ".key", ".p12", ".pfx", ".jks", ".keystore", ".kdbx", ".ppk", NULL };
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    size_t n = strlen(name);
    if (among(name, names) || !strncmp(name, ".env.", 5)) return true;
    for (const char *const *e = ends; *e; e++)
        if (n > strlen(*e) && !strcasecmp(name + n - strlen(*e), *e)) return true;
    return false;
}

/* --- what is known --- */

Err secret_know_value(Ctx *cx, Secrets *s, const char *value, size_t n)
{
    if (n < SECRET_VALUE_MIN || !strncmp(value, SECRET_MASK, n)) return OK;
    for (size_t i = 0; i < s->n; i++)
        if (s->size[i] == n && !memcmp(s->value[i], value, n)) return OK;
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 8;
        char **more = ctx_grow(cx, s->value, cap, sizeof *more);
        if (more) s->value = more;
        size_t *sizes = more ? ctx_grow(cx, s->size, cap, sizeof *sizes) : NULL;
        if (!sizes) return FAIL(cx, ERR_NOMEM, "noting what must stay secret");
        s->size = sizes;
        s->cap = cap;
    }
    char *copy = ctx_get(cx, n + 1);
    if (!copy) return FAIL(cx, ERR_NOMEM, "noting what must stay secret");
    memcpy(copy, value, n);
    s->value[s->n] = copy;
    s->size[s->n++] = n;
    return OK;
}

/* The password of an address, if it has one: what stands between the first : and the @ behind "://". */
static bool address_password(const char *text, const char **at, size_t *n)
{
    const char *scheme = strstr(text, "://"), *end = scheme ? strchr(scheme + 3, '@') : NULL, *colon = scheme ? strchr(scheme + 3, ':') : NULL;
    if (!end || !colon || colon > end || memchr(scheme + 3, '/', (size_t)(colon - scheme - 3))) return false;
    *at = colon + 1;
    *n = (size_t)(end - colon - 1);
    return true;
}

Err secret_know(Ctx *cx, char *const *environ_, Secrets **out)
{
    Err err = OK;
    *out = NULL;
    Secrets *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "noting what must stay secret");
    for (; environ_ && *environ_ && !err; environ_++) {
        const char *eq = strchr(*environ_, '='), *password;
        size_t n;
        if (!eq) continue;
        if (secret_name(*environ_, (size_t)(eq - *environ_))) err = secret_know_value(cx, s, eq + 1, strlen(eq + 1));
        else if (address_password(eq + 1, &password, &n)) err = secret_know_value(cx, s, password, n);
    }
    if (err) secret_forget(cx, s);
    else *out = s;
    return err;
}

void secret_forget(Ctx *cx, Secrets *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) {
        explicit_bzero(s->value[i], s->size[i]);
        ctx_put(cx, s->value[i]);
    }
    ctx_put(cx, s->value);
    ctx_put(cx, s->size);
    ctx_put(cx, s);
}

/* --- rules: each marks what it finds in one line --- */

static void known_values(Line *l, const Secrets *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        const char *at = l->at, *end = l->at + l->n, *hit;
        while ((hit = memmem(at, (size_t)(end - at), s->value[i], s->size[i]))) {
            mark(l, (size_t)(hit - l->at), (size_t)(hit - l->at) + s->size[i]);
            at = hit + s->size[i];
        }
    }
}

static bool ends_address(char c)
{
    return isspace((unsigned char)c) || c == '"' || c == '\'' || c == '<' || c == '>' || c == '`' || c == ')' || c == ']' || c == '}';
}

/* "scheme://user:word@host": behind the scheme, up to the last @ before the path. */
static void user_of_address(Line *l, size_t at)
{
    size_t end = at, last = 0, colon = 0;
    while (end < l->n && !ends_address(l->at[end]) && l->at[end] != '/' && l->at[end] != '?' && l->at[end] != '#') {
        if (l->at[end] == ':' && !colon) colon = end;
        if (l->at[end] == '@') last = end;
        end++;
    }
    if (!last && colon && end < l->n && !ends_address(l->at[end])) {       /* a password with a / in it; a port has digits only */
        size_t port = colon + 1;
        while (port < end && isdigit((unsigned char)l->at[port])) port++;
        for (size_t i = end; port < end && i < l->n && !ends_address(l->at[i]) && !last; i++)
            if (l->at[i] == '@') last = i;
    }
    if (!last) return;
    bool bare = !colon || colon > last;
    if (bare && (last - at <= 32 && at >= 6 && !memcmp(l->at + at - 6, "ssh://", 6))) return;      /* a user, no word */
    if (bare && last - at == 3 && !memcmp(l->at + at, "git", 3)) return;
    mark(l, at, last);
}

/* Query strings: ?name=value&name=value, names that mean secrets or signatures. */
static void query_part(Line *l, size_t at)
{
    static const char *const more[] = { "sig", "signature", "x-amz-signature", "x-amz-credential", "x-amz-security-token",
                                        "x-goog-signature", "x-goog-credential", "awsaccesskeyid", "key", "code", "sas", "auth", NULL };
    char low[NAME_MAX_BYTES];
    size_t eq = at + 1;
    while (eq < l->n && is_name(l->at[eq])) eq++;
    size_t n = eq - at - 1;
    if (eq == l->n || l->at[eq] != '=' || !n || n >= sizeof low) return;
    for (size_t i = 0; i < n; i++) low[i] = (char)tolower((unsigned char)l->at[at + 1 + i]);
    low[n] = 0;
    if (!among(low, more) && !secret_name(l->at + at + 1, n)) return;
    size_t end = eq + 1;
    while (end < l->n && l->at[end] != '&' && l->at[end] != '#' && !ends_address(l->at[end])) end++;
    mark(l, eq + 1, end);
}

/* An expression of a program from here to the end of the line: a name, then a call or a subscript. */
static bool expression(const Line *l, size_t at)
{
    size_t end = l->n, i = at;
    while (end > at && strchr(" \t\r\n,;", l->at[end - 1]) && l->at[end - 1]) end--;
    while (i < end && (isalnum((unsigned char)l->at[i]) || l->at[i] == '_' || l->at[i] == '.')) i++;
    if (i == at || i >= end || !isalpha((unsigned char)l->at[at])) return false;
    return (l->at[i] == '(' && l->at[end - 1] == ')') || (l->at[i] == '[' && l->at[end - 1] == ']');
}

/* What a program says where a secret would stand: words of a type, of nothing, a variable, a call. */
static bool harmless(const char *v, size_t n)
{
    static const char *const words[] = { "str", "int", "float", "bool", "bytes", "string", "none", "null", "nil", "true", "false",
                                         "optional", "any", "self", "undefined", "", NULL };
    char low[16];
    size_t i = 0;
    if (!n || v[0] == '$' || v[0] == '%' || (n >= 2 && v[0] == '{' && v[1] == '{')) return true;
    if (n < sizeof low) {
        for (i = 0; i < n; i++) low[i] = (char)tolower((unsigned char)v[i]);
        low[n] = 0;
        if (among(low, words)) return true;
    }
    for (i = 0; i < n && (isalnum((unsigned char)v[i]) || v[i] == '_' || v[i] == '.'); i++) {}
    return i && i < n && isalpha((unsigned char)v[0]) && ((v[i] == '(' && v[n - 1] == ')') || (v[i] == '[' && v[n - 1] == ']'));
}

/* Where the value that begins at `at` ends: with its quote, or with the word. */
static size_t value_end(const Line *l, size_t at, size_t *begin)
{
    char quote = at < l->n ? l->at[at] : 0;
    *begin = at;
    if (quote == '"' || quote == '\'' || quote == '`') {
        size_t end = ++*begin;
        while (end < l->n && l->at[end] != quote) end += l->at[end] == '\\' && end + 1 < l->n ? 2 : 1;
        return end < l->n ? end : l->n;
    }
    size_t end = at;
    while (end < l->n && !isspace((unsigned char)l->at[end]) && l->at[end] != ',' && l->at[end] != ';' && l->at[end] != '"'
           && l->at[end] != '\'' && l->at[end] != '&') end++;
    return end;
}

/* name = value, name: value, "name": "value", name=value: at is the = or the : */
static void named_value(Line *l, size_t at)
{
    size_t end = at, begin, value = at + 1, stop;
    if (l->at[at] == ':' && at + 2 < l->n && l->at[at + 1] == '/' && l->at[at + 2] == '/') return;
    if (l->at[at] == '=' && (value == l->n || l->at[value] == '=')) return;               /* == compares */
    if (at && strchr("!<>=", l->at[at - 1])) return;
    while (end && (l->at[end - 1] == ' ' || l->at[end - 1] == '\t')) end--;
    if (end && (l->at[end - 1] == '"' || l->at[end - 1] == '\'' || l->at[end - 1] == ']')) end--;
    if (end && (l->at[end - 1] == '"' || l->at[end - 1] == '\'')) end--;                 /* environ["X"] = */
    begin = end;
    while (begin && is_name(l->at[begin - 1]) && end - begin < NAME_MAX_BYTES) begin--;
    while (begin < end && (l->at[begin] == '-' || l->at[begin] == '.')) begin++;
    if (begin == end || !secret_name(l->at + begin, end - begin)) return;
    if (value < l->n && l->at[at] == ':' && l->at[value] == '=') value++;                  /* := */
    while (value < l->n && (l->at[value] == ' ' || l->at[value] == '\t')) value++;
    if (expression(l, value)) return;
    stop = value_end(l, value, &value);
    static const char *const schemes[] = { "bearer", "basic", "token", "digest", NULL };   /* Authorization: Bearer X */
    char low[8];
    size_t n = stop - value;
    if (n && n < sizeof low) {
        for (size_t i = 0; i < n; i++) low[i] = (char)tolower((unsigned char)l->at[value + i]);
        low[n] = 0;
        if (among(low, schemes)) {
            while (stop < l->n && l->at[stop] == ' ') stop++;
            stop = value_end(l, stop, &value);
        }
    }
    if (!harmless(l->at + value, stop - value)) mark(l, value, stop);
}

/* A word of the line, and on; false at its end. */
static bool next_word(const Line *l, size_t *at, size_t *from, size_t *to)
{
    while (*at < l->n && isspace((unsigned char)l->at[*at])) ++*at;
    *from = *at;
    while (*at < l->n && !isspace((unsigned char)l->at[*at])) ++*at;
    *to = *at;
    return *to > *from;
}

static bool word_is(const Line *l, size_t from, size_t to, const char *word)
{
    return to - from == strlen(word) && !strncasecmp(l->at + from, word, to - from);
}

/* .netrc: "machine X login Y password Z", or "password Z" on a line of its own (also behind the + of a diff). */
static void netrc(Line *l)
{
    size_t at = 0, from, to, words = 0, count = 0;
    bool netrc_words = false;
    for (size_t i = 0; next_word(l, &i, &from, &to); count++)
        netrc_words |= word_is(l, from, to, "machine") || word_is(l, from, to, "login");
    if (l->n && strchr("+- ", l->at[0]) && l->n > 1) at = 1;
    while (next_word(l, &at, &from, &to)) {
        bool password = word_is(l, from, to, "password") || word_is(l, from, to, "passwd");
        if (password && (netrc_words || (words == 0 && count <= 3)) && next_word(l, &at, &from, &to)) {
            if (netrc_words || at == l->n || strspn(l->at + at, " \t\r\n") >= l->n - at) mark(l, from, to);
        }
        words++;
    }
}

/* .pgpass: host:port:database:user:password, without blanks. */
static void pgpass(Line *l)
{
    size_t colon[4], n = 0, from = l->n && (l->at[0] == '+' || l->at[0] == '-') ? 1 : 0, letters = 0, digits = 0, end = l->n;
    while (end > from && (l->at[end - 1] == '\r' || l->at[end - 1] == '\n')) end--;
    for (size_t i = from; i < end; i++) {
        if (isspace((unsigned char)l->at[i])) return;
        if (l->at[i] == ':' && n < 4) colon[n++] = i;
    }
    if (n < 4 || colon[3] + 1 >= end) return;
    for (size_t i = from; i < colon[0]; i++) letters += isalpha((unsigned char)l->at[i]) != 0 || l->at[i] == '*';
    for (size_t i = colon[0] + 1; i < colon[1]; i++) digits += isdigit((unsigned char)l->at[i]) != 0;
    bool port = colon[1] - colon[0] - 1 == digits && digits >= 2 && digits <= 5;
    if (letters && (port || (colon[1] - colon[0] == 2 && l->at[colon[0] + 1] == '*'))) mark(l, colon[3] + 1, end);
}

/* Tokens that are known by how they begin. */
static void token(Line *l, size_t at)
{
    static const struct { const char *begin; size_t least; const char *also; } kinds[] = {
        { "AKIA", 16, "" }, { "ASIA", 16, "" }, { "ghp_", 20, "" }, { "gho_", 20, "" }, { "ghu_", 20, "" }, { "ghs_", 20, "" },
        { "ghr_", 20, "" }, { "github_pat_", 20, "_" }, { "glpat-", 16, "-_" }, { "glrt-", 16, "-_" }, { "xoxb-", 10, "-" },
        { "xoxp-", 10, "-" }, { "xoxa-", 10, "-" }, { "xoxr-", 10, "-" }, { "xoxs-", 10, "-" }, { "xoxo-", 10, "-" },
        { "xapp-", 10, "-" }, { "sk-", 20, "-_" }, { "sk_live_", 12, "" }, { "sk_test_", 12, "" }, { "rk_live_", 12, "" },
        { "hf_", 24, "" }, { "AIza", 30, "-_" }, { "ya29.", 16, "-_." }, { "npm_", 30, "" }, { "pypi-", 30, "-_" },
        { "dckr_pat_", 16, "-_" }, { "dop_v1_", 30, "" }, { "SG.", 30, "-_." }, { "hvs.", 20, "-_" }, { "dapi", 32, "" },
        { "shpat_", 30, "" }, { "AGE-SECRET-KEY-1", 30, "" }, { "eyJ", 20, "-_.=" }, { "EAACEdEose0cBA", 8, "" }, { "lin_api_", 20, "" },
        { "xkeysib-", 30, "-" }, { "NRAK-", 20, "" }, { "wandb_", 30, "" },
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].begin), end = at + n;
        if (l->n - at < n || memcmp(l->at + at, kinds[i].begin, n)) continue;
        while (end < l->n && (isalnum((unsigned char)l->at[end]) || (l->at[end] && strchr(kinds[i].also, l->at[end])))) end++;
        if (end - at - n < kinds[i].least) continue;
        if (kinds[i].begin[0] == 'e' && kinds[i].begin[1] == 'y' && !memchr(l->at + at, '.', end - at)) continue;  /* a JWT has dots */
        mark(l, at, end);
    }
}

/* "Bearer X" and "Basic X" wherever they stand. */
static void bearer(Line *l, size_t at)
{
    size_t n = !strncasecmp(l->at + at, "bearer ", l->n - at < 7 ? l->n - at : 7) ? 7 : 6, end;
    while (at + n < l->n && l->at[at + n] == ' ') n++;
    for (end = at + n; end < l->n && (isalnum((unsigned char)l->at[end]) || strchr("._~+/=-", l->at[end])) && l->at[end]; end++) {}
    if (end - at - n >= 12) mark(l, at + n, end);
}

static void look(Line *l)
{
    for (size_t i = 0; i < l->n; i++) {
        char c = l->at[i];
        bool begins = !i || !isalnum((unsigned char)l->at[i - 1]);
        if (c == '=' || c == ':') named_value(l, i);
        if (c == ':' && l->n - i > 3 && l->at[i + 1] == '/' && l->at[i + 2] == '/') user_of_address(l, i + 3);
        if (c == '?' || c == '&' || c == ';') query_part(l, i);
        if (begins && strchr("AghxsSynpdEelXNwr", c) && c) token(l, i);
        if (begins && (c == 'B' || c == 'b') && l->n - i > 7 && (!strncasecmp(l->at + i, "bearer ", 7) || !strncasecmp(l->at + i, "basic ", 6)))
            bearer(l, i);
    }
    netrc(l);
    pgpass(l);
}

/* --- lines --- */

static bool has(const Line *l, const char *words)
{
    return memmem(l->at, l->n, words, strlen(words)) != NULL;
}

static Err scrub_line(SecretStream *s, const char *at, size_t n, Text *out)
{
    Line l = { at, n, ctx_get(s->cx, n + 1) };
    if (!l.mark) return FAIL(s->cx, ERR_NOMEM, "taking secrets out of a text");
    bool begin = has(&l, "-----BEGIN ") && has(&l, "PRIVATE KEY"), end = has(&l, "-----END ");
    if (s->pem || begin) mark(&l, 0, n && at[n - 1] == '\n' ? n - 1 : n);
    else {
        known_values(&l, s->secrets);
        look(&l);
    }
    if (begin) s->pem = true;
    if (end) s->pem = false;
    for (size_t i = 0; i < n;) {
        size_t j = i;
        while (j < n && l.mark[j] == l.mark[i]) j++;
        if (l.mark[i]) {
            text_put(out, SECRET_MASK);
            s->found++;
        } else text_bytes(out, at + i, j - i);
        i = j;
    }
    ctx_put(s->cx, l.mark);
    return text_err(out);
}

/* Where to cut a piece that has no end of line: behind the last word that is whole. */
static size_t cut(const char *at, size_t n)
{
    for (size_t i = n; i > n / 2; i--)
        if (isspace((unsigned char)at[i - 1]) || at[i - 1] == ',' || at[i - 1] == ';') return i;
    return n;
}

Err secret_stream_more(SecretStream *s, const void *bytes, size_t n, Text *out)
{
    const char *at = bytes, *end = at + n;
    if (!s->line.cx) text_init(&s->line, s->cx);
    while (at < end) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t take = stop ? (size_t)(stop + 1 - at) : (size_t)(end - at);
        if (s->line.n + take > SECRET_LINE_MAX && s->line.n < SECRET_LINE_MAX) take = SECRET_LINE_MAX - s->line.n, stop = NULL;
        text_bytes(&s->line, at, take);
        TRY(s->cx, text_err(&s->line));
        at += take;
        if (!stop && s->line.n < SECRET_LINE_MAX) continue;
        size_t piece = stop ? s->line.n : cut(s->line.at, s->line.n);
        TRY(s->cx, scrub_line(s, s->line.at, piece, out));
        memmove(s->line.at, s->line.at + piece, s->line.n - piece);
        s->line.n -= piece;
    }
    return OK;
}

Err secret_stream_end(SecretStream *s, Text *out)
{
    Err err = s->line.n ? scrub_line(s, s->line.at, s->line.n, out) : OK;
    text_clear(&s->line);
    return err;
}

Err secret_scrub(Ctx *cx, const Secrets *secrets, const char *text, size_t n, Text *out, size_t *found)
{
    SecretStream s = { .cx = cx, .secrets = secrets };
    Err err = secret_stream_more(&s, text, n, out);
    if (!err) err = secret_stream_end(&s, out);
    text_clear(&s.line);
    if (found) *found = s.found;
    return err;
}

/* --- command lines --- */

/* Where the secret value of one word begins; 0: it has none.  *follows: the next word is one. */
static size_t value_in_word(const char *word, const char *program, bool *follows)
{
    static const char *const attached[] = { "mysql", "mysqldump", "mysqladmin", "mariadb", "mariadb-dump", "sshpass", "7z", "7za", NULL };
    static const char *const behind_p[] = { "sshpass", NULL };
    const char *eq = strchr(word, '='), *name = word;
    *follows = false;
    while (*name == '-') name++;
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    bool option = word[0] == '-', plain = n > 0;
    for (size_t i = 0; i < n; i++) plain &= is_name(name[i]);
    if (plain && (eq || option) && secret_name(name, n)) {
        if (eq) return (size_t)(eq + 1 - word);
        *follows = true;
        return 0;
    }
    if (word[0] != '-' || word[1] != 'p') return 0;
    if (!word[2]) {
        *follows = among(program, behind_p);
        return 0;
    }
    bool letter = false, digit = false, other = false;
    for (const char *c = word + 2; *c; c++) {
        letter |= isalpha((unsigned char)*c) != 0;
        digit |= isdigit((unsigned char)*c) != 0;
        other |= !isalnum((unsigned char)*c) && !strchr("-_./=:", *c);
    }
    bool looks = strlen(word + 2) >= 4 && ((letter && digit && !eq) || other);
    return looks || among(program, attached) ? 2 : 0;
}

static Err scrub_word(Ctx *cx, const Secrets *s, const char *word, size_t keep, bool all, const char **out, size_t *found)
{
    Text t;
    size_t n = 0;
    text_init(&t, cx);
    if (all || keep) {
        text_bytes(&t, word, keep);
        text_put(&t, SECRET_MASK);
        n = 1;
        TRY(cx, text_err(&t));
    } else {
        TRY(cx, secret_scrub(cx, s, word, strlen(word), &t, &n));
    }
    *found += n;
    *out = ctx_scratch_text(cx, t.at ? t.at : "");
    text_clear(&t);
    return *out ? OK : FAIL(cx, ERR_NOMEM, "taking secrets out of a command line");
}

Err secret_scrub_words(Ctx *cx, Secrets *s, const char *const *word, size_t n, const char **out, size_t *found)
{
    bool secret = false, user = false;
    size_t many = 0;
    const char *slash = n ? strrchr(word[0], '/') : NULL, *program = !n ? "" : slash ? slash + 1 : word[0];
    for (int pass = 0; pass < 2; pass++) {             /* first what is secret, then everything that holds it */
        many = 0;
        for (size_t i = 0; i < n; i++) {
            bool follows = false, all = secret && strncmp(word[i], "--", 2) != 0;
            size_t keep = all ? 0 : value_in_word(word[i], program, &follows);
            const char *colon = user ? strchr(word[i], ':') : NULL;
            if (colon && !all) keep = (size_t)(colon + 1 - word[i]);                   /* curl -u me:word */
            if (s && (all || keep) && !pass) TRY(cx, secret_know_value(cx, s, word[i] + keep, strlen(word[i] + keep)));
            if (pass) TRY(cx, scrub_word(cx, s, word[i], keep, all, &out[i], &many));
            secret = follows;
            user = !strcmp(word[i], "-u") || !strcmp(word[i], "--user") || !strcmp(word[i], "--proxy-user");
        }
    }
    if (found) *found = many;
    return OK;
}
