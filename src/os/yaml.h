/* os/yaml.h -- YAML 1.1 as a tree that knows its lines, through libyaml, which is opened on first use.
**
** Every scalar is a text; what it means is the reader's business.  Aliases, and keys that are there twice, are refused.
*/
#ifndef OS_YAML_H
#define OS_YAML_H

#include "base/ctx.h"

#define YAML_BYTES_MAX ((size_t)8 << 20)
#define YAML_DEPTH_MAX 64
#define YAML_NODES_MAX 200000

typedef enum YamlKind { YAML_TEXT, YAML_LIST, YAML_MAP } YamlKind;

typedef struct Yaml {              /* all in scratch of the Ctx */
    YamlKind kind;
    const char *text;              /* YAML_TEXT */
    bool plain;                    /* YAML_TEXT: not quoted: null, true, 3 may be meant by it */
    const char *key;               /* of this entry in the map above; NULL in a list */
    unsigned line, column;         /* of the key where there is one, else of the value; from 1 */
    struct Yaml *first, *last, *next;              /* entries of a list or map, in order */
    size_t n;
} Yaml;

/* The first document.  what: for messages, "rules.yaml".  *out is NULL when there is none.
** Errors: ERR_BAD_INPUT with line and column; ERR_LIMIT too large, deep or many; ERR_NOT_FOUND the library; ERR_NOMEM. */
MUST_USE Err yaml_read(Ctx *cx, const char *bytes, size_t n, const char *what, Yaml **out);
const Yaml *yaml_get(const Yaml *map, const char *key);            /* NULL: none, or no map */
/* The text of a key; NULL when absent, null, ~ or no text. */
const char *yaml_text(const Yaml *map, const char *key);
bool yaml_null(const Yaml *y);                                     /* absent, empty, null or ~ */

#endif
