/* cli/cmd_data_show.c -- `leat data show NAME[@V]` */
#include "cli/data.h"

#define TABLES_SHOWN 20

static void fact(Shell *sh, const char *name, const char *value)
{
    if (*value) fprintf(sh->out, "%-12s %s\n", name, value);
}

static Err print_table(Ctx *cx, Shell *sh, const AppDataTable *t)
{
    static const char *const head[] = { "column", "type", ">missing", ">distinct", "values" };
    Grid g;
    char rows[32] = "?", files[32], seen[32], missing[32], distinct[32];
    if (t->rows >= 0) data_count((uint64_t)t->rows, rows);
    data_count(t->files, files);
    data_count(t->read, seen);
    fprintf(sh->out, "\n%s%s: %s, %s%s rows%s%s%s\n", t->first, t->files > 1 ? " and others like it" : "", t->format, t->rows_exact ? "" : "about ", rows,
            t->files > 1 ? ", files read: " : "", t->files > 1 ? files : "", t->rows_exact ? "" : " (sampled)");
    if (!t->rows_exact) fprintf(sh->out, "statistics of the first %s rows\n", seen);
    grid_init(&g, cx, head, 5);
    for (size_t i = 0; i < t->columns_n; i++) {
        data_count(t->column[i].missing, missing);
        data_count(t->column[i].distinct, distinct);
        grid_cell(&g, "%s", t->column[i].name);
        grid_cell(&g, "%s", t->column[i].type);
        grid_cell(&g, "%s", missing);
        grid_cell(&g, "%s", distinct);
        grid_cell(&g, "%s", t->column[i].typical);
    }
    return grid_print(&g, sh, 2);
}

static Err data_show_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataShowOut out;
    TRY(cx, app_data_show(cx, sh->house, words_arg(w, 0), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_show_json(&out, &t);
        return show_json(sh, &t);
    }
    char text[256], size[32], files[32];
    const AppVersion *v = &out.version;
    fprintf(sh->out, "%s%s%s\n", ink_on(sh->colour_out, INK_BOLD), v->name, ink_off(sh->colour_out));
    fact(sh, "message", v->message);
    data_tags(v, text, sizeof text);
    fact(sh, "tags", text);
    fact(sh, "digest", v->digest);
    show_size(v->bytes, size);
    data_count(v->files, files);
    snprintf(text, sizeof text, "%s file%s, %s", files, v->files == 1 ? "" : "s", size);
    fact(sh, "content", text);
    show_time(v->arrived_us, size);
    snprintf(text, sizeof text, "%s UTC, by %s (%s), event %llu", size, v->actor, v->verb, (unsigned long long)v->seq);
    fact(sh, "arrived", text);
    show_time(v->source_us, size);
    snprintf(text, sizeof text, "%s UTC", size);
    fact(sh, "source time", v->source_us ? text : "");
    for (size_t i = 0; i < out.sources_n; i++)
        fprintf(sh->out, "%-12s %s%s%s\n", i ? "" : "source", out.source[i].address, *out.source[i].detail ? "  " : "", out.source[i].detail);
    for (size_t i = 0; i < out.made_from_n; i++) fprintf(sh->out, "%-12s %s\n", i ? "" : "made from", out.made_from[i]);
    for (size_t i = 0; i < out.used_by_n; i++) fprintf(sh->out, "%-12s %s\n", i ? "" : "used by", out.used_by[i]);
    for (size_t i = 0; i < out.marks_n; i++) fact(sh, out.mark[i], out.mark_line[i]);
    for (size_t i = 0; i < out.tables_n && i < TABLES_SHOWN; i++) TRY(cx, print_table(cx, sh, &out.table[i]));
    return OK;
}

static const Arg data_show_args[] = {
    ARG_DATASET("a dataset's version; the newest without @V"),
    { .word = NULL },
};

static const Example data_show_examples[] = {
    { "leat data show churn", "schema, statistics, source, lineage and tags of the newest version" },
    { "leat data show churn@2 --json", "the same of version 2, with quantiles, as JSON" },
    { .line = NULL },
};

const Command cmd_data_show = {
    .name = "data show",
    .summary = "show a version: schema, statistics, source, lineage, tags",
    .story = "Shows what is known of a version: where it came from and what was made from it; whether a newer input makes it stale; who labelled and certified it and what that is worth; how it did in checks; and of its tables every column's type, missing and "
             "distinct values (within two in a hundred), range and mean or commonest values.\n"
             "\n" REF_STORY,
    .examples = data_show_examples,
    .args = data_show_args,
    .run = data_show_run,
};
