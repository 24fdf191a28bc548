/* cli/cmd_data_add.c -- `leat data add NAME SOURCE…` */
#include "cli/data.h"

static Err data_add_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataAddOut out;
    const char *source[WORDS_ARGS_MAX];
    AppDataAddIn in = {
        .name = words_arg(w, 0),
        .source = source,
        .message = words_text(w, "message"),
        .source_time = words_text(w, "source-time"),
        .profile = words_text(w, "profile"),
        .sql = words_text(w, "sql"),
        .threads = (uint32_t)words_num(w, "threads", 0),
        .fresh = words_has(w, "fresh"),
        .no_pointer = words_has(w, "no-pointer"),
    };
    for (size_t i = 1; words_arg(w, i); i++) source[in.sources_n++] = words_arg(w, i);
    TRY(cx, shared_pairs(cx, w, "tag", &in.tag, &in.tags_n));
    TRY(cx, shared_pairs(cx, w, "table", &in.table, &in.tables_n));
    TRY(cx, app_data_add(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_add_json(&out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        fprintf(sh->out, "%s\n", out.version.name);
        return OK;
    }
    char size[32], files[32], rows[32], wall[32];
    show_size(out.version.bytes, size);
    show_seconds(out.wall_s, wall);
    data_count(out.version.files, files);
    data_rows(&out.version, rows);
    if (out.unchanged) fprintf(sh->out, "%s is the same already: nothing was added\n", out.version.name);
    else fprintf(sh->out, "%s: %s file%s, %s%s%s, in %s\n", out.version.name, files, out.version.files == 1 ? "" : "s", size,
                 *rows ? ", rows: " : "", rows, wall);
    if (out.pointer && !out.unchanged) {
        char text[APP_PATH_MAX + 100];
        snprintf(text, sizeof text, "%s says which version belongs here: keep it in Git, and the data out of it", out.pointer);
        line_talk(sh->line, INK_NONE, "", text);
    }
    return OK;
}

static const Arg data_add_args[] = {
    { "NAME", "of the dataset: letters, digits, - _ . and / between parts; made if it is not there", ARG_WORD },
    { "SOURCE", "files, folders, globs, or an address", ARG_DATA, .many = true },
    { .word = NULL },
};

static const Opt data_add_opts[] = {
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "what this version is, for those who read the log" },
    { .name = "tag", .word = "TAG", .type = OPT_TEXT, .help = "a name for this version, NAME@TAG; may be given again; it moves from where it stood" },
    { .name = "source-time", .word = "TIME", .type = OPT_TEXT, .value = "what the source says", .help = "when the data is from: 2026-03-01, 2026-03-01T12:00" },
    { .name = "profile", .word = "HOW", .type = OPT_CHOICE, .choice = app_profile_word, .value = "sample",
      .help = "how much of tables is read for schema and statistics" },
    { .name = "sql", .word = "QUERY", .type = OPT_TEXT, .help = "of a database: the rows of this query" },
    { .name = "table", .word = "TABLE", .type = OPT_TEXT, .value = "all of them", .help = "of a database: this table; may be given again" },
    { .name = "fresh", .help = "read every file again, also those that look unchanged" },
    { .name = "no-pointer", .help = "write no NAME.leatref" },
    OPT_THREADS,
    { .name = NULL },
};

static const Example data_add_examples[] = {
    { "leat data add churn data/ -m 'first delivery'", "a folder as churn@1, and churn.leatref for Git" },
    { "leat data add churn data/", "the next version; nothing happens when no file changed" },
    { "leat data add rates https://example.org/rates.csv", "a file from a server, fetched again only when the server says it changed" },
    { "leat data add logs s3://bucket/logs/2026", "every object below an S3 prefix; keys come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" },
    { "leat data add orders postgres://ann@db/shop --table orders", "a table as orders.parquet; the password comes from PGPASSWORD" },
    { "leat data add raw/sales 'sales-*.csv' --tag q1", "the files that fit, as raw/sales@q1" },
    { .line = NULL },
};

const Command cmd_data_add = {
    .name = "data add",
    .summary = "add a version of a dataset, in its original bytes",
    .story = "Keeps files as they are and names them NAME@1, NAME@2, … A version is the whole content: what is not in the sources is not in "
             "the version. A folder alone is the version itself; a single file keeps its name; several keep their places below the deepest "
             "folder they share. Files that did not change are not read again, and content that is the newest version already makes no new "
             "one. Equal files and folders are stored once.\n"
             "\n"
             "http:// and https:// files are read in ranges, with the server's date as source time, and again only when the server says they "
             "changed. s3://BUCKET/PREFIX and webhdfs://HOST:PORT/PATH bring every object below. postgres://USER@HOST/DATABASE and sqlite:FILE are read as of one moment, every table (or --table, or the rows of --sql) into a "
             "Parquet file. Passwords in addresses are never kept.\n"
             "\n"
             "Schema, row counts and statistics of CSV, JSON, Parquet and Excel files are kept with the version: 'leat data show NAME'. Large "
             "tables are sampled from their start; --profile full reads all.\n"
             "\n"
             "Links that stay inside their folder are kept as links; links that leave it, devices, sockets and pipes are refused by name. "
             "Folders named .leat and .git and Leat's own files (*.leatref, leat.lock) are passed over.\n",
    .examples = data_add_examples,
    .args = data_add_args,
    .opts = data_add_opts,
    .run = data_add_run,
};
