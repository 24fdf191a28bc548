/* cli/show.c -- sizes, times, scores and tables for people; one way to print each. */
#include "cli/command.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *ink_on(bool colour, Ink ink)
{
    static const char *const codes[] = {
        "", "\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[33m", "\033[36m"
    };
    return colour ? codes[ink] : "";
}

const char *ink_off(bool colour)
{
    return colour ? "\033[0m" : "";
}

void show_size(uint64_t bytes, char buf[32])
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    double v = (double)bytes;
    size_t u = 0;
    while (v >= 999.5 && u + 1 < sizeof units / sizeof *units) v /= 1000, u++;
    snprintf(buf, 32, u && v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void show_seconds(double s, char buf[32])
{
    if (!(s >= 0)) snprintf(buf, 32, "-");
    else if (s < 0.9995e-3) snprintf(buf, 32, "%.0f us", s * 1e6);
    else if (s < 0.9995) snprintf(buf, 32, "%.0f ms", s * 1e3);
    else if (s < 59.95) snprintf(buf, 32, "%.1f s", s);
    else if (s < 3600) snprintf(buf, 32, "%d min %d s", (int)(s + 0.5) / 60, (int)(s + 0.5) % 60);
    else snprintf(buf, 32, "%.0f h %d min", floor(s / 3600), (int)(fmod(s, 3600) / 60));
}

void show_score(double v, char buf[32])
{
    if (!isfinite(v)) snprintf(buf, 32, "-");
    else if (fabs(v) >= 1e7 || (v != 0 && fabs(v) < 1e-4)) snprintf(buf, 32, "%.4g", v);
    else if (fabs(v) >= 100) snprintf(buf, 32, "%.1f", v);
    else if (fabs(v) >= 10) snprintf(buf, 32, "%.2f", v);
    else snprintf(buf, 32, "%.4f", v);
}

void show_time(int64_t us, char buf[32])
{
    time_t t = (time_t)(us / 1000000);
    struct tm tm;
    if (!us || !gmtime_r(&t, &tm) || !strftime(buf, 32, "%Y-%m-%d %H:%M:%S", &tm)) snprintf(buf, 32, "-");
}

size_t show_width(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++) n += ((unsigned char)*utf8 & 0xC0) != 0x80;
    return n;
}

void grid_init(Grid *g, Ctx *cx, const char *const *head, size_t cols)
{
    *g = (Grid){ .cx = cx, .cols = cols < SHOW_COLS_MAX ? cols : SHOW_COLS_MAX, .head = head };
}

void grid_cell(Grid *g, const char *fmt, ...)
{
    va_list ap;
    if (g->broken) return;
    if (g->cells_n == g->cap) {
        size_t cap = g->cap ? g->cap * 2 : 64;
        char **cell = ctx_grow(g->cx, g->cell, cap, sizeof *cell);
        if (!cell) {
            g->broken = true;
            return;
        }
        g->cell = cell;
        g->cap = cap;
    }
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *text = n < 0 ? NULL : ctx_get(g->cx, (size_t)n + 1);
    if (!text) {
        g->broken = true;
        return;
    }
    va_start(ap, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    g->cell[g->cells_n++] = text;
}

static void print_row(const Grid *g, Shell *sh, unsigned indent, const char *const *cell, const size_t *wide,
                      bool head)
{
    fprintf(sh->out, "%*s%s", (int)indent, "", head ? ink_on(sh->colour_out, INK_DIM) : "");
    for (size_t c = 0; c < g->cols; c++) {
        bool right = g->head[c][0] == '>';
        const char *text = cell[c] + (head && right);
        int gap = (int)(wide[c] - show_width(text));
        if (right) fprintf(sh->out, "%*s%s", gap, "", text);
        else if (c + 1 < g->cols) fprintf(sh->out, "%s%*s", text, gap, "");
        else fputs(text, sh->out);
        if (c + 1 < g->cols) fputs("  ", sh->out);
    }
    fprintf(sh->out, "%s\n", head ? ink_off(sh->colour_out) : "");
}

Err grid_print(Grid *g, Shell *sh, unsigned indent)
{
    size_t wide[SHOW_COLS_MAX] = { 0 };
    Err err = g->broken ? FAIL(g->cx, ERR_NOMEM, "printing a table of %zu cells", g->cells_n) : OK;
    for (size_t c = 0; c < g->cols; c++) wide[c] = show_width(g->head[c]) - (g->head[c][0] == '>');
    for (size_t i = 0; i < g->cells_n; i++) {
        size_t n = show_width(g->cell[i]);
        if (n > wide[i % g->cols]) wide[i % g->cols] = n;
    }
    if (!err) print_row(g, sh, indent, g->head, wide, true);
    for (size_t i = 0; !err && i + g->cols <= g->cells_n; i += g->cols)
        print_row(g, sh, indent, (const char *const *)g->cell + i, wide, false);
    for (size_t i = 0; i < g->cells_n; i++) ctx_put(g->cx, g->cell[i]);
    ctx_put(g->cx, g->cell);
    *g = (Grid){ .cx = g->cx };
    return err;
}

Err show_json(Shell *sh, Text *t)
{
    Err err = text_err(t);
    if (!err && t->n) {
        fwrite(t->at, 1, t->n, sh->out);
        putc('\n', sh->out);
    }
    text_clear(t);
    return err;
}
