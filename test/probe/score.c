/* test/probe/score.c -- leat-probe score BUILD.leat: rows on stdin (a header of column names, tabs between cells), answers
** on stdout, through include/leat.h alone.  With a second word "numbers", cells that read as numbers are given as such. */
#include "probe/probe.h"

#include "score/score.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLS_MAX 1000

static Err answer_line(Ctx *cx, const leat_build *b, char *line, const size_t *at, size_t cols, bool numbers,
                       leat_value *cell, double *p)
{
    char why[256];
    double v;
    for (size_t i = 0; i < leat_columns(b); i++) cell[i] = leat_missing();
    line[strcspn(line, "\n")] = 0;
    for (size_t j = 0; j < cols; j++) {
        char *s = strsep(&line, "\t");
        if (!s || !*s || at[j] == (size_t)-1) continue;
        cell[at[j]] = numbers && num_read(s, strlen(s), &v) ? leat_number(v) : leat_text(s);
    }
    int status = leat_predict(b, cell, 1, p, why, sizeof why);
    if (status) return FAIL(cx, ERR_BAD_INPUT, "%s", why);
    if (leat_classes(b)) printf("%s", leat_class(b, leat_choice(b, p)));
    else printf("%.17g", p[0]);
    for (size_t i = 0; i < leat_classes(b); i++) printf("\t%.17g", p[i]);
    printf("\n");
    return OK;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    char why[256], *line = NULL, *rest;
    size_t cap = 0, at[COLS_MAX], cols = 0;
    if (argc < 1) return FAIL(cx, ERR_USAGE, "see the usage");
    leat_build *b = leat_open(argv[0], why, sizeof why);
    if (!b) return FAIL(cx, ERR_CORRUPT, "%s", why);
    Err err = OK;
    leat_value *cell = ctx_get_n(cx, leat_columns(b) + 1, sizeof *cell);
    double *p = ctx_get_n(cx, leat_outputs(b), sizeof *p);
    if (!cell || !p) err = FAIL(cx, ERR_NOMEM, "scoring");
    if (!err && getline(&line, &cap, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        rest = line;
        for (char *s; cols < COLS_MAX && (s = strsep(&rest, "\t"));) at[cols++] = leat_find(b, s);
    }
    while (!err && getline(&line, &cap, stdin) > 0) err = answer_line(cx, b, line, at, cols, argc > 1, cell, p);
    free(line);
    ctx_put(cx, cell);
    ctx_put(cx, p);
    leat_close(b);
    return err;
}

const Probe probe_score = { "score", "BUILD.leat [numbers] <ROWS.tsv", run };
