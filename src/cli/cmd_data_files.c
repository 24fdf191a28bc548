/* cli/cmd_data_files.c -- `leat data files NAME[@V]` */
#include "cli/data.h"

static Err data_files_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { ">size", "kind", "digest", "path" };
    AppDataFilesOut out;
    Grid g;
    TRY(cx, app_data_files(cx, sh->house, words_arg(w, 0), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_files_json(&out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.file[i].path);
        return OK;
    }
    grid_init(&g, cx, head, 4);
    for (size_t i = 0; i < out.n; i++) {
        char size[32];
        show_size(out.file[i].bytes, size);
        grid_cell(&g, "%s", size);
        grid_cell(&g, "%s", out.file[i].kind);
        grid_cell(&g, "%.12s", out.file[i].digest);
        grid_cell(&g, "%s", out.file[i].path);
    }
    return grid_print(&g, sh, 0);
}

static const Arg data_files_args[] = {
    ARG_DATASET("a dataset's version; the newest without @V"),
    { .word = NULL },
};

static const Example data_files_examples[] = {
    { "leat data files churn@3", "every file of version 3 with its size and digest" },
    { "leat data files churn -q | wc -l", "how many there are" },
    { .line = NULL },
};

const Command cmd_data_files = {
    .name = "data files",
    .summary = "list the files of a version",
    .story = "Lists every file of a version, in order of their paths. A digest is the SHA-256 of the file's bytes: what 'sha256sum' says of "
             "it.\n"
             "\n" REF_STORY,
    .examples = data_files_examples,
    .args = data_files_args,
    .run = data_files_run,
};
