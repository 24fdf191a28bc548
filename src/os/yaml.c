/* os/yaml.c -- libyaml behind one file: its events become a tree in scratch. */
#include "os/os.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define YAML_LIBRARY "libyaml-0.so.2"

/* clang-format off */
#define YAML_FUNCTIONS(X) X(parser_initialize) X(parser_delete) X(parser_set_input_string) X(parser_parse) X(event_delete)
/* clang-format on */

typedef struct YamlCalls {
#define X(name) __typeof__(&yaml_##name) name;
    YAML_FUNCTIONS(X)
#undef X
} YamlCalls;

typedef struct Reader {
    Ctx *cx;
    YamlCalls call;
    yaml_parser_t parser;
    const char *what;
    size_t nodes;
} Reader;

static Err load(Ctx *cx, YamlCalls *call)
{
    void *lib;
    TRY(cx, os_dlopen(cx, YAML_LIBRARY, &lib));
#define X(name) TRY(cx, os_symbol(cx, lib, YAML_LIBRARY, "yaml_" #name, (void **)&call->name));
    YAML_FUNCTIONS(X)
#undef X
    return OK;
}

static Err next(Reader *r, yaml_event_t *e)
{
    const yaml_parser_t *p = &r->parser;
    if (r->call.parser_parse(&r->parser, e)) return OK;
    if (p->error == YAML_MEMORY_ERROR) return FAIL(r->cx, ERR_NOMEM, "reading '%s'", r->what);
    /* A fault of the encoding has a byte, one of the grammar a line. */
    if (p->error == YAML_READER_ERROR)
        return FAIL(r->cx, ERR_BAD_INPUT, "'%s' byte %zu: %s", r->what, p->problem_offset, p->problem ? p->problem : "not YAML");
    return FAIL(r->cx, ERR_BAD_INPUT, "'%s' line %zu, column %zu: %s", r->what, p->problem_mark.line + 1,
                p->problem_mark.column + 1, p->problem ? p->problem : "not YAML");
}

static Err node(Reader *r, const yaml_event_t *e, unsigned depth, Yaml **out);

static void append(Yaml *to, Yaml *y)
{
    if (to->last) to->last->next = y;
    else to->first = y;
    to->last = y;
    to->n++;
}

static Err entry(Reader *r, yaml_event_t *e, unsigned depth, Yaml *map)
{
    Yaml *key, *value;
    yaml_event_t v;
    TRY(r->cx, node(r, e, depth, &key));
    if (key->kind != YAML_TEXT)
        return FAIL(r->cx, ERR_BAD_INPUT, "'%s' line %u: a key must be a word", r->what, key->line);
    if (yaml_get(map, key->text))
        return FAIL(r->cx, ERR_BAD_INPUT, "'%s' line %u: '%.100s' is there twice", r->what, key->line, key->text);
    TRY(r->cx, next(r, &v));
    Err err = node(r, &v, depth, &value);
    r->call.event_delete(&v);
    if (err) return err;
    value->key = key->text;
    value->line = key->line;
    value->column = key->column;
    append(map, value);
    return OK;
}

static Err entries(Reader *r, unsigned depth, Yaml *y)
{
    for (;;) {
        yaml_event_t e;
        Err err;
        Yaml *one;
        TRY(r->cx, next(r, &e));
        bool end = e.type == YAML_SEQUENCE_END_EVENT || e.type == YAML_MAPPING_END_EVENT;
        if (end) err = OK;
        else if (y->kind == YAML_MAP) err = entry(r, &e, depth + 1, y);
        else {
            err = node(r, &e, depth + 1, &one);
            if (!err) append(y, one);
        }
        r->call.event_delete(&e);
        if (err || end) return err;
    }
}

static Err node(Reader *r, const yaml_event_t *e, unsigned depth, Yaml **out)
{
    *out = NULL;
    unsigned line = (unsigned)e->start_mark.line + 1;
    if (depth > YAML_DEPTH_MAX || ++r->nodes > YAML_NODES_MAX)
        return FAIL(r->cx, ERR_LIMIT, "'%s' line %u: more than %d levels or %d entries", r->what, line, YAML_DEPTH_MAX, YAML_NODES_MAX);
    if (e->type == YAML_ALIAS_EVENT)
        return FAIL(r->cx, ERR_BAD_INPUT, "'%s' line %u: aliases (*name) are not read; write the value again", r->what, line);
    Yaml *y = ctx_scratch(r->cx, sizeof *y);
    if (!y) return FAIL(r->cx, ERR_NOMEM, "reading '%s'", r->what);
    *y = (Yaml){ .line = line, .column = (unsigned)e->start_mark.column + 1 };
    *out = y;
    if (e->type == YAML_SCALAR_EVENT) {
        const char *text = (const char *)e->data.scalar.value;
        if (strlen(text) != e->data.scalar.length)
            return FAIL(r->cx, ERR_BAD_INPUT, "'%s' line %u: a zero byte in a text", r->what, line);
        y->text = ctx_scratch_text(r->cx, text);
        y->plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        return y->text ? OK : FAIL(r->cx, ERR_NOMEM, "reading '%s'", r->what);
    }
    y->kind = e->type == YAML_MAPPING_START_EVENT ? YAML_MAP : YAML_LIST;
    return entries(r, depth, y);
}

static Err document(Reader *r, Yaml **out)
{
    for (;;) {
        yaml_event_t e;
        TRY(r->cx, next(r, &e));
        yaml_event_type_t type = e.type;
        bool begins = type == YAML_SCALAR_EVENT || type == YAML_SEQUENCE_START_EVENT || type == YAML_MAPPING_START_EVENT ||
                      type == YAML_ALIAS_EVENT;
        Err err = begins ? node(r, &e, 0, out) : OK;
        r->call.event_delete(&e);
        if (err || type == YAML_DOCUMENT_END_EVENT || type == YAML_STREAM_END_EVENT) return err;
    }
}

Err yaml_read(Ctx *cx, const char *bytes, size_t n, const char *what, Yaml **out)
{
    Reader r = { .cx = cx, .what = what };
    *out = NULL;
    if (n > YAML_BYTES_MAX) return FAIL(cx, ERR_LIMIT, "'%s' is %zu bytes; the most is %zu", what, n, YAML_BYTES_MAX);
    TRY(cx, load(cx, &r.call));
    if (!r.call.parser_initialize(&r.parser)) return FAIL(cx, ERR_NOMEM, "reading '%s'", what);
    r.call.parser_set_input_string(&r.parser, (const unsigned char *)bytes, n);
    Err err = document(&r, out);
    r.call.parser_delete(&r.parser);
    if (err) *out = NULL;
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

const Yaml *yaml_get(const Yaml *map, const char *key)
{
    if (!map || map->kind != YAML_MAP) return NULL;
    for (const Yaml *y = map->first; y; y = y->next)
        if (!strcmp(y->key, key)) return y;
    return NULL;
}

bool yaml_null(const Yaml *y)
{
    if (!y) return true;
    return y->kind == YAML_TEXT && y->plain && (!*y->text || !strcmp(y->text, "~") || !strcasecmp(y->text, "null"));
}

const char *yaml_text(const Yaml *map, const char *key)
{
    const Yaml *y = yaml_get(map, key);
    return yaml_null(y) || y->kind != YAML_TEXT ? NULL : y->text;
}
