/* cli/cmd_data_diff.c -- `leat data diff A B` */
#include "cli/data.h"

#define FILES_SHOWN 50

static void print_files(Shell *sh, const AppDataDiffOut *out)
{
    fprintf(sh->out, "files: %llu added, %llu removed, %llu changed\n", (unsigned long long)out->added, (unsigned long long)out->removed,
            (unsigned long long)out->changed);
    for (size_t i = 0; i < out->n && i < FILES_SHOWN; i++) {
        const AppDataChange *c = &out->change[i];
        char before[32], after[32];
        Ink ink = c->what[0] == 'a' ? INK_GREEN : c->what[0] == 'r' ? INK_RED : INK_YELLOW;
        show_size(c->bytes_before, before);
        show_size(c->bytes_after, after);
        fprintf(sh->out, "  %s%-7s%s  %s  (%s%s%s)\n", ink_on(sh->colour_out, ink), c->what, ink_off(sh->colour_out), c->path,
                c->what[0] == 'a' ? after : before, c->what[0] == 'c' ? " → " : "", c->what[0] == 'c' ? after : "");
    }
    uint64_t all = out->added + out->removed + out->changed;
    if (all > FILES_SHOWN) fprintf(sh->out, "  … and %llu more; --json lists them\n", (unsigned long long)(all - FILES_SHOWN));
}

static Err data_diff_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataDiffOut out;
    TRY(cx, app_data_diff(cx, sh->house, words_arg(w, 0), words_arg(w, 1), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_diff_json(&out, &t);
        return show_json(sh, &t);
    }
    if (out.same) {
        fprintf(sh->out, "%s and %s hold the same bytes\n", out.a.name, out.b.name);
        return OK;
    }
    print_files(sh, &out);
    const char *table = "";
    for (size_t i = 0; i < out.columns_n; i++) {
        const AppColumnChange *c = &out.column[i];
        if (!i || c->table != table) fprintf(sh->out, "%s:\n", c->table);
        table = c->table;
        fprintf(sh->out, "  %s%s%s\n", c->column, *c->column ? ": " : "", c->what);
    }
    return OK;
}

static const Arg data_diff_args[] = {
    { "A", "a version, as NAME@1", ARG_WORD },
    { "B", "another one, of the same dataset or not", ARG_WORD },
    { .word = NULL },
};

static const Example data_diff_examples[] = {
    { "leat data diff churn@1 churn@2", "what the second version changed" },
    { .line = NULL },
};

const Command cmd_data_diff = {
    .name = "data diff",
    .summary = "compare two versions: files, schema, statistics",
    .story = "Shows which files were added, removed and changed from A to B, and of tables which columns came, went or changed their type, and "
             "whose mean, spread, range or share of missing values moved. Folders that both versions share are not read, so two "
             "versions of a million files compare in milliseconds.\n"
             "\n" REF_STORY,
    .examples = data_diff_examples,
    .args = data_diff_args,
    .run = data_diff_run,
};
