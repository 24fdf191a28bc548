/* cli/data.c -- versions of datasets as tables for people. */
#include "cli/data.h"

#include <string.h>

void data_count(uint64_t n, char buf[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0) buf[at++] = ',';
        buf[at++] = digits[i];
    }
    buf[at] = 0;
}

void data_rows(const AppVersion *v, char buf[32])
{
    char n[32];
    buf[0] = 0;
    if (v->rows < 0) return;
    data_count((uint64_t)v->rows, n);
    snprintf(buf, 32, "%s%s", v->rows_exact ? "" : "~", n);
}

void data_tags(const AppVersion *v, char *buf, size_t n)
{
    size_t at = 0;
    buf[0] = 0;
    for (size_t i = 0; i < v->tags_n && at < n; i++) at += (size_t)snprintf(buf + at, n - at, "%s%s", i ? " " : "", v->tag[i]);
}

Err data_grid(Ctx *cx, Shell *sh, const AppVersion *v, size_t n, bool log)
{
    static const char *const of_log[] = { "version", "arrived (UTC)", "source time", ">files", ">size", ">rows", "by", "how", "tags", "message" };
    static const char *const of_list[] = { "dataset", ">versions", "arrived (UTC)", ">files", ">size", ">rows", ">columns", "state", "tags", "message" };
    Grid g;
    grid_init(&g, cx, log ? of_log : of_list, 10);
    for (size_t i = 0; i < n; i++) {
        char size[32], rows[32], when[32], from[32], files[32], tags[200];
        show_size(v[i].bytes, size);
        show_time(v[i].arrived_us, when);
        show_time(v[i].source_us, from);
        data_rows(&v[i], rows);
        data_count(v[i].files, files);
        data_tags(&v[i], tags, sizeof tags);
        if (log) grid_cell(&g, "%s%s", v[i].name, v[i].removed ? " (removed)" : "");
        else {
            grid_cell(&g, "%s%s", v[i].dataset, v[i].removed ? " (removed)" : "");
            grid_cell(&g, "%llu", (unsigned long long)v[i].n);
        }
        grid_cell(&g, "%s", when);
        if (log) grid_cell(&g, "%s", from);
        grid_cell(&g, "%s", files);
        grid_cell(&g, "%s", size);
        grid_cell(&g, "%s", rows);
        if (log) {
            grid_cell(&g, "%s", v[i].actor);
            grid_cell(&g, "%s", v[i].verb);
        } else if (v[i].columns >= 0) grid_cell(&g, "%lld", (long long)v[i].columns);
        else grid_cell(&g, "%s", "");
        if (!log) grid_cell(&g, "%s", v[i].state ? v[i].state : "");
        grid_cell(&g, "%s", tags);
        grid_cell(&g, "%.*s", (int)strcspn(v[i].message, "\n"), v[i].message);
    }
    return grid_print(&g, sh, 0);
}
