/* cli/cmd_data_query.c -- `leat data query SQL` */
#include "cli/data.h"

#include <string.h>

#define CELL_SHOWN 60              /* characters of a value in a table for people */

/* At most so many characters, and no control bytes that would break the table. */
static void shown(const char *s, char *buf, size_t n)
{
    size_t at = 0, chars = 0;
    for (; *s && at + 8 < n; s++) {
        bool first = ((unsigned char)*s & 0xC0) != 0x80;
        if (first && chars++ == CELL_SHOWN) {
            memcpy(buf + at, "…", 3);
            at += 3;
            break;
        }
        buf[at++] = (unsigned char)*s < 32 ? ' ' : *s;
    }
    buf[at] = 0;
}

static Err print_rows(Ctx *cx, Shell *sh, const AppQueryOut *out)
{
    const char *head[SHOW_COLS_MAX];
    char buf[CELL_SHOWN * 4 + 16], name[2][32];
    Grid g;
    size_t cols = out->columns_n < SHOW_COLS_MAX ? out->columns_n : SHOW_COLS_MAX;
    for (size_t i = 0; i < cols; i++) {
        head[i] = ctx_scratch_fmt(cx, "%s%.*s", out->column[i].number ? ">" : "", CELL_SHOWN * 2, out->column[i].name);
        if (!head[i]) return FAIL(cx, ERR_NOMEM, "printing the answer");
    }
    grid_init(&g, cx, head, cols);
    for (uint64_t r = 0; r < out->rows_n; r++)
        for (size_t i = 0; i < cols; i++) {
            const char *cell = out->cell[r * out->columns_n + i];
            shown(cell ? cell : "", buf, sizeof buf);
            grid_cell(&g, "%s", buf);
        }
    TRY(cx, grid_print(&g, sh, 0));
    data_count(out->rows_n, name[0]);
    data_count(out->columns_n - cols, name[1]);
    char line[200];
    snprintf(line, sizeof line, "%s%s row%s%s%s%s%s", out->more ? "the first " : "", name[0], out->rows_n == 1 ? "" : "s",
             out->columns_n > cols ? ", without " : "", out->columns_n > cols ? name[1] : "", out->columns_n > cols ? " more columns" : "",
             out->more ? "; --limit 0 shows all, -o FILE writes them" : out->columns_n > cols ? "; -o FILE writes all" : "");
    if (!sh->quiet) line_talk(sh->line, INK_DIM, "", line);
    return OK;
}

static Err data_query_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppQueryOut out;
    AppQueryIn in = {
        .sql = words_arg(w, 0),
        .out = words_text(w, "out"),
        .format = words_text(w, "format"),
        .limit = (uint64_t)words_num(w, "limit", sh->json ? 0 : 100),
        .threads = (uint32_t)words_num(w, "threads", 0),
        .memory_mib = (uint64_t)words_num(w, "memory", 0),
        .fd = fileno(sh->out),
    };
    if (in.out && !strcmp(in.out, "-")) in.out = NULL;
    if (sh->json && !in.out) in.format = NULL;
    fflush(sh->out);
    TRY(cx, app_data_query(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_query_json(&out, &t);
        return show_json(sh, &t);
    }
    if (out.cell) return print_rows(cx, sh, &out);
    if (out.out && !sh->quiet) {
        char n[32], text[APP_PATH_MAX + 64];
        data_count(out.rows_n, n);
        snprintf(text, sizeof text, "%s row%s to %s", n, out.rows_n == 1 ? "" : "s", out.out);
        line_talk(sh->line, INK_NONE, "", text);
    }
    return OK;
}

static const Arg data_query_args[] = {
    { "SQL", "one SELECT; tables are dataset versions in quotes: FROM 'churn@3'", ARG_WORD },
    { .word = NULL },
};

static const Opt data_query_opts[] = {
    { .name = "out", .letter = 'o', .word = "FILE", .type = OPT_FILE, .value = "the terminal", .help = "write all rows to a file, whole or not at all",
      .shown = true },
    { .name = "format", .word = "FORMAT", .type = OPT_CHOICE, .choice = app_query_format_word, .value = "by the ending of FILE",
      .help = "how to write; without -o: to standard output instead of a table" },
    { .name = "limit", .word = "N", .type = OPT_WHOLE, .lo = 0, .hi = 1e9, .value = "100, with --json all", .help = "rows shown at most; 0: all. Files get all rows" },
    OPT_THREADS,
    { .name = "memory", .word = "MIB", .type = OPT_WHOLE, .lo = 16, .hi = 1e6, .value = "1024", .help = "what the engine may use before it spills to disk" },
    { .name = NULL },
};

static const Example data_query_examples[] = {
    { "leat data query \"SELECT city, avg(amount) FROM 'sales@latest' GROUP BY city ORDER BY 2 DESC\"", "the newest version, on the terminal" },
    { "leat data query \"SELECT * FROM 'churn@3' JOIN 'ref@latest' USING (id)\" -o joined.parquet", "two datasets joined, into a file" },
    { "leat data query \"SELECT count(*) FROM 'raw/logs@2/2026-03/*.csv'\" --json", "some files of a version" },
    { "leat data query \"SUMMARIZE 'churn@1'\"", "every column's range, mean and quartiles" },
    { .line = NULL },
};

const Command cmd_data_query = {
    .name = "data query",
    .summary = "ask dataset versions in SQL: any version, any format, joined",
    .story = "Runs one SELECT (DuckDB's SQL). A table is a dataset version in quotes: 'churn@3', 'churn@latest', 'churn' without a version is "
             "the newest. Several files of a version are one table; 'churn@3/part-1.csv' or 'churn@3/2026/*.csv' names some of them. CSV, TSV, "
             "JSON, Parquet and Excel can be joined with one another. Types are the ones 'leat data show' tells; Parquet keeps its own.\n"
             "\n"
             "A query reads the versions that it names and nothing else: files, addresses, other databases, extensions and settings are out of "
             "its reach, and it changes nothing.\n"
             "\n" REF_STORY,
    .examples = data_query_examples,
    .args = data_query_args,
    .opts = data_query_opts,
    .run = data_query_run,
};
