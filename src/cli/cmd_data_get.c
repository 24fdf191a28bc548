/* cli/cmd_data_get.c -- `leat data get NAME[@V] [DIR]` */
#include "cli/data.h"

static Err data_get_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataGetOut out;
    AppDataGetIn in = { .ref = words_arg(w, 0), .folder = words_arg(w, 1), .force = words_has(w, "force"),
                        .no_pointer = words_has(w, "no-pointer"), .threads = (uint32_t)words_num(w, "threads", 0) };
    TRY(cx, app_data_get(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_get_json(&out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) return OK;
    char size[32], written[32], kept[32], wall[32];
    show_size(out.bytes, size);
    show_seconds(out.wall_s, wall);
    data_count(out.written, written);
    data_count(out.kept, kept);
    fprintf(sh->out, "%s in %s: %s file%s written (%s)", out.version.name, out.folder, written, out.written == 1 ? "" : "s", size);
    if (out.kept) fprintf(sh->out, ", %s there already", kept);
    if (out.removed) fprintf(sh->out, ", %llu removed", (unsigned long long)out.removed);
    fprintf(sh->out, ", in %s\n", wall);
    return OK;
}

static const Arg data_get_args[] = {
    ARG_DATASET("a dataset's version; the newest without @V"),
    { "DIR", "the folder to write to; without it where NAME.leatref has the data, else a folder NAME here", ARG_FOLDER, .optional = true },
    { .word = NULL },
};

static const Opt data_get_opts[] = {
    { .name = "force", .letter = 'f', .help = "overwrite files that were changed here" },
    { .name = "no-pointer", .help = "leave NAME.leatref as it is" },
    OPT_THREADS,
    { .name = NULL },
};

static const Example data_get_examples[] = {
    { "leat data get churn", "the newest version, to where it belongs" },
    { "leat data get churn@2 /tmp/old", "version 2 into a folder of its own" },
    { .line = NULL },
};

const Command cmd_data_get = {
    .name = "data get",
    .summary = "write the files of a version into a folder",
    .story = "Writes the files of a version, each checked against its digest. Files that are there already are left alone; a file that "
             "was changed since is never overwritten without --force; files of the version before that this one lacks are removed; files "
             "that are in neither stay. Interrupted, the same command goes on where it stopped.\n"
             "\n" REF_STORY,
    .examples = data_get_examples,
    .args = data_get_args,
    .opts = data_get_opts,
    .run = data_get_run,
};
