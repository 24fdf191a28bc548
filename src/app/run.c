/* app/run.c -- `leat run -- CMD…`: any program, with what surrounds it, what it says and what it makes, on record.
**
** What the program says goes to the person as it comes, and without its secrets
** into files in tmp/, so that memory stays small however much it says.  The run is
** held by a lease while the program runs: killed, we leave a run that is shown as
** interrupted.
*/
#include "app/inner.h"

#include "base/save.h"
#include "base/secret.h"
#include "os/os.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define GIT_WAIT_US 10000000
#define FOUND_MAX ((size_t)256 << 10)      /* bytes of what it said that are found by search */
#define DATA_MAX 64

extern char **environ;

/* ---------------------------------------------------------- what it says */

typedef enum SpoolName { SPOOL_BOTH, SPOOL_OUT, SPOOL_ERR, SPOOLS } SpoolName;
typedef struct Spool { char path[STORE_PATH_MAX]; int fd; uint64_t bytes; } Spool;

typedef struct Said {
    Ctx *cx;
    Spool spool[SPOOLS];
    SecretStream stream[2];
    int show[2];                           /* where the person sees it */
    bool hidden[2];                        /* nobody looks any more: written no further */
} Said;

static Err spool_open(Ctx *cx, Store *store, const char *name, Spool *s)
{
    const Files *f = cx->world->files;
    s->fd = -1;
    TRY(cx, store_tmp_path(cx, store, name, s->path));
    Err err = f->open(f->self, s->path, FILE_CREATE, &s->fd);
    return err ? FAIL(cx, err, "making '%s' for what the program says", s->path) : OK;
}

static Err spool_write(Ctx *cx, Spool *s, const Text *t)
{
    const Files *f = cx->world->files;
    if (!t->n) return OK;
    Err err = f->write(f->self, s->fd, t->at, t->n);
    s->bytes += t->n;
    return err ? FAIL(cx, err, "keeping what the program says: is the disk full?") : OK;
}

static Err said_open(Ctx *cx, Store *store, const Secrets *known, bool json, Said *s)
{
    static const char *const names[] = { "run-output", "run-stdout", "run-stderr" };
    *s = (Said){ .cx = cx, .show = { json ? 2 : 1, 2 } };
    for (int i = 0; i < SPOOLS; i++) s->spool[i].fd = -1;
    for (int i = 0; i < 2; i++) s->stream[i] = (SecretStream){ .cx = cx, .secrets = known };
    for (int i = 0; i < SPOOLS; i++) TRY(cx, spool_open(cx, store, names[i], &s->spool[i]));
    return OK;
}

static Err keep_clean(Said *s, int stream, Text *clean)
{
    TRY(s->cx, spool_write(s->cx, &s->spool[SPOOL_BOTH], clean));
    TRY(s->cx, spool_write(s->cx, &s->spool[stream], clean));
    return OK;
}

static Err on_said(Ctx *cx, void *self, int stream, const void *bytes, size_t n)
{
    Said *s = self;
    Text clean;
    if (!s->hidden[stream - 1] && os_fd_write(cx, s->show[stream - 1], bytes, n)) {
        s->hidden[stream - 1] = true;      /* `leat run … | head`: the program goes on, and is recorded */
        cx->text[0] = 0;
    }
    text_init(&clean, cx);
    Err err = secret_stream_more(&s->stream[stream - 1], bytes, n, &clean);
    if (!err) err = keep_clean(s, stream, &clean);
    text_clear(&clean);
    return err;
}

static Err said_end(Said *s)
{
    Err err = OK;
    for (int i = 0; i < 2; i++) {
        Text clean;
        text_init(&clean, s->cx);
        Err bad = secret_stream_end(&s->stream[i], &clean);
        if (!bad) bad = keep_clean(s, i + 1, &clean);
        if (!err) err = bad;
        text_clear(&clean);
    }
    return err;
}

static void said_clear(Said *s)
{
    const Files *f = s->cx->world->files;
    for (int i = 0; i < SPOOLS; i++) {
        if (s->spool[i].fd < 0) continue;
        f->close(f->self, s->spool[i].fd);
        (void)f->remove(f->self, s->spool[i].path);
        s->spool[i].fd = -1;
    }
    for (int i = 0; i < 2; i++)
        if (s->stream[i].line.cx) text_clear(&s->stream[i].line);
}

/* The beginning of a spool, for search; cut so that it is UTF-8. */
static Err spool_text(Ctx *cx, const Spool *s, char **out)
{
    const Files *f = cx->world->files;
    int fd = -1;
    size_t got = 0;
    char *text = ctx_get(cx, FOUND_MAX + 1);
    *out = NULL;
    if (!text) return FAIL(cx, ERR_NOMEM, "keeping what the program said");
    Err err = f->open(f->self, s->path, FILE_READ, &fd);
    if (!err) {
        err = f->read(f->self, fd, text, FOUND_MAX, &got);
        f->close(f->self, fd);
    }
    for (size_t i = 0; i < got; i++)
        if (!text[i]) text[i] = ' ';
    for (int cut = 0; cut < 4 && got && !text_utf8_ok(text, got); cut++) got--;
    text[got] = 0;
    if (err || !text_utf8_ok(text, got)) text[0] = 0;
    *out = text;
    return err ? FAIL(cx, err, "reading '%s' back", s->path) : OK;
}

static Err keep_said(Ctx *cx, Repo *repo, const char *id, const Said *s)
{
    static const char *const names[] = { "log/output.txt", "log/stdout.txt", "log/stderr.txt" };
    for (int i = 0; i < SPOOLS; i++) {
        char *text = NULL;
        if (!s->spool[i].bytes || (i && !s->spool[SPOOL_ERR].bytes)) continue;     /* of one stream alone, output.txt is it */
        if (i == SPOOL_BOTH) TRY(cx, spool_text(cx, &s->spool[i], &text));
        const ArtifactIn in = { .name = names[i], .media = "text/plain", .path = s->spool[i].path, .text = text };
        Err err = repo_log_artifact(cx, repo, id, &in, NULL);
        ctx_put(cx, text);
        TRY(cx, err);
    }
    return OK;
}

/* ------------------------------------------------------------- beginning */

typedef struct Program {
    Secrets *known;
    const char **word;                     /* without secrets */
    const char *command, *arguments, *environment;
    InputIn input[DATA_MAX];
    Text diff, untracked;
    GitState git;
    Run *run;
} Program;

static Err note_command(Ctx *cx, const AppProgramIn *in, Program *p)
{
    size_t masked;
    Text line, list;
    p->word = ctx_scratch(cx, (in->words_n + 1) * sizeof *p->word);
    if (!p->word) return FAIL(cx, ERR_NOMEM, "noting the command");
    TRY(cx, secret_scrub_words(cx, p->known, in->word, in->words_n, p->word, &masked));
    text_init(&line, cx);
    text_init(&list, cx);
    json_open_array(&list);
    for (size_t i = 0; i < in->words_n; i++) {
        bool plain = p->word[i][0] && !strpbrk(p->word[i], " \t\n'\"\\$`*?;&|<>(){}#!~");
        if (i) text_char(&line, ' ');
        if (plain) text_put(&line, p->word[i]);
        else {
            text_char(&line, '\'');
            for (const char *c = p->word[i]; *c; c++) {
                if (*c == '\'') text_put(&line, "'\\''");
                else text_char(&line, *c);
            }
            text_char(&line, '\'');
        }
        json_text(&list, p->word[i]);
    }
    json_close_array(&list);
    Err err = text_err(&line);
    if (!err) err = text_err(&list);
    if (!err) {
        p->command = ctx_scratch_text(cx, line.at ? line.at : "");
        p->arguments = ctx_scratch_text(cx, list.at);
        if (!p->command || !p->arguments) err = FAIL(cx, ERR_NOMEM, "noting the command");
    }
    text_clear(&line);
    text_clear(&list);
    return err;
}

static Err note_inputs(Ctx *cx, House *house, const AppProgramIn *in, Program *p)
{
    if (in->data_n > DATA_MAX) return FAIL(cx, ERR_LIMIT, "a run names at most %d datasets that it reads; these are %zu", DATA_MAX, in->data_n);
    for (size_t i = 0; i < in->data_n; i++) TRY(cx, around_input(cx, house, in->data[i], "training", &p->input[i]));
    return OK;
}

static Err begin(Ctx *cx, Repo *repo, const AppProgramIn *in, Program *p)
{
    char host[256], cwd[OS_PATH_MAX];
    const char *parent = getenv("LEAT_RUN");
    RepoPair *tag = ctx_scratch(cx, (in->tags_n + 1) * sizeof *tag);
    if (!tag) return FAIL(cx, ERR_NOMEM, "starting a run");
    for (size_t i = 0; i < in->tags_n; i++) {
        const char *eq = strchr(in->tag[i], '=');
        if (!eq || eq == in->tag[i]) return FAIL(cx, ERR_USAGE, "'%.100s' is no tag: write --tag NAME=VALUE", in->tag[i]);
        char *key = ctx_scratch(cx, (size_t)(eq - in->tag[i]) + 1);
        if (!key) return FAIL(cx, ERR_NOMEM, "starting a run");
        memcpy(key, in->tag[i], (size_t)(eq - in->tag[i]));
        tag[i] = (RepoPair){ key, secret_name(key, strlen(key)) ? SECRET_MASK : eq + 1 };
    }
    os_host_name(host, sizeof host);
    TRY(cx, os_cwd(cx, cwd));
    const RunStart start = {
        .verb = "run",
        .name = in->name,
        .experiment = in->experiment,
        .parent = parent && strlen(parent) == REPO_ID_MAX - 1 ? parent : NULL,
        .tag = tag,
        .tags_n = in->tags_n,
        .input = p->input,
        .inputs_n = in->data_n,
        .command = p->command,
        .arguments = p->arguments,
        .environment = p->environment,
        .folder = cwd,
        .data_path = in->data_n ? in->data[0] : NULL,
        .git_commit = p->git.commit[0] ? p->git.commit : NULL,
        .git_remote = p->git.remote[0] ? p->git.remote : NULL,
        .git_dirty = p->git.dirty,
        .host = host,
        .version = LEAT_VERSION,
    };
    TRY(cx, repo_run_start(cx, repo, &start, &p->run));
    TRY(cx, around_code(cx, repo, repo_run_id(p->run), &p->diff, &p->untracked));
    TRY(cx, around_packages(cx, repo, repo_run_id(p->run), p->known, in->word[0]));
    return OK;
}

/* --------------------------------------------------------------- the end */

static Err keep_outputs(Ctx *cx, Repo *repo, const AppProgramIn *in, Program *p, AppProgramOut *out)
{
    for (size_t i = 0; i < in->outs_n; i++) {
        const Files *f = cx->world->files;
        FileInfo info;
        Digest digest;
        if (!f->look(f->self, in->out[i], &info) && info.type == FILE_NONE) {
            ctx_warn(cx, "the program left no '%s'", in->out[i]);
            (void)!repo_run_log(cx, p->run, PROGRESS_WARNING, NULL, "an output that was asked for is not there");
            continue;
        }
        TRY(cx, keep_artifact(cx, repo, repo_run_id(p->run), p->known, in->out[i], NULL, false, true, &out->outputs, &digest));
    }
    return OK;
}

static const char *how_it_ended(Ctx *cx, const OsFrontOut *front)
{
    if (front->signal) return ctx_scratch_fmt(cx, "ended by signal %d (%s)", front->signal, strsignal(front->signal));
    return ctx_scratch_fmt(cx, "exit status %d", front->status);
}

static Err end_run(Ctx *cx, Program *p, const OsFrontOut *front, double wall_s)
{
    Text t;
    bool stopped = front->signal == SIGINT || front->signal == SIGTERM || front->signal == SIGHUP || front->status == 130;
    text_init(&t, cx);
    json_open(&t);
    json_key_int(&t, "peak_bytes", (int64_t)front->peak_bytes);
    json_key_int(&t, "read_blocks", (int64_t)front->read_blocks);
    json_key_num(&t, "system_s", front->system_s);
    json_key_num(&t, "user_s", front->user_s);
    json_key_num(&t, "wall_s", wall_s);
    json_key_int(&t, "written_blocks", (int64_t)front->written_blocks);
    json_close(&t);
    Err err = text_err(&t);
    const RunEnd end = { .state = stopped ? RUN_INTERRUPTED : front->status ? RUN_FAILED : RUN_DONE,
                         .summary = how_it_ended(cx, front),
                         .exit_code = front->status,
                         .signal = front->signal,
                         .has_exit = true,
                         .resources = t.at };
    if (!err) err = repo_run_end(cx, p->run, &end);
    text_clear(&t);
    return err;
}

static Err run_program(Ctx *cx, Repo *repo, const AppProgramIn *in, Program *p, Said *said, AppProgramOut *out)
{
    char id[REPO_ID_MAX + 16], folder[REPO_PATH_MAX + 16];
    OsFrontOut front;
    snprintf(id, sizeof id, "LEAT_RUN=%s", repo_run_id(p->run));
    snprintf(folder, sizeof folder, "LEAT_PROJECT=%s", repo_folder(repo));
    /* Python writes to a pipe in blocks unless told otherwise: what it says would come late and out of order. */
    const char *const environment[] = { id, folder, getenv("PYTHONUNBUFFERED") ? NULL : "PYTHONUNBUFFERED=1", NULL };
    const char **argv = ctx_scratch(cx, (in->words_n + 1) * sizeof *argv);
    if (!argv) return FAIL(cx, ERR_NOMEM, "starting '%s'", in->word[0]);
    memcpy(argv, in->word, in->words_n * sizeof *argv);
    const OsFrontIn f = { .argv = argv, .environment = environment, .heard = on_said, .self = said };
    int64_t began = ctx_mono_us(cx);
    Err heard = os_front(cx, &f, &front);
    if (heard && !front.ended) return heard;           /* it never ran */
    out->status = front.status;
    out->signal = front.signal;
    out->ran = true;
    double wall_s = ctx_since_s(cx, began);
    Err err = heard;
    if (!err) err = said_end(said);
    if (!err) err = keep_said(cx, repo, repo_run_id(p->run), said);
    if (!err) err = keep_outputs(cx, repo, in, p, out);
    Err bad = end_run(cx, p, &front, wall_s);
    return err ? err : bad;
}

/* It did not even start, or could not be kept: the run says so. */
static void fail_run(Ctx *cx, Program *p)
{
    Ctx aside;
    const RunEnd end = { .state = RUN_FAILED, .summary = cx->text };
    ctx_child(cx, &aside);
    aside.cancel = NULL;
    (void)!repo_run_end(&aside, p->run, &end);
    ctx_clear(&aside);
}

Err app_run_program(Ctx *cx, House *house, const AppProgramIn *in, AppProgramOut *out)
{
    Program p = { 0 };
    Said said = { .cx = cx };
    Err err = OK;
    *out = (AppProgramOut){ 0 };
    for (int i = 0; i < SPOOLS; i++) said.spool[i].fd = -1;
    const volatile sig_atomic_t *cancel = cx->cancel;
    text_init(&p.diff, cx);
    text_init(&p.untracked, cx);
    TRY_DONE(cx, secret_know(cx, environ, &p.known));
    TRY_DONE(cx, note_command(cx, in, &p));
    TRY_DONE(cx, around_environment(cx, p.known, in->env, in->env_n, &p.environment));
    TRY_DONE(cx, project_open(cx, house, PROJECT_MAKE, &out->made_project));
    Repo *repo = house->project->repo;
    TRY_DONE(cx, note_inputs(cx, house, in, &p));
    git_look(cx, GIT_WAIT_US, &p.git, p.known, &p.diff, &p.untracked);
    cx->cancel = NULL;                     /* from here on the program decides when to stop, and we write down how it did */
    TRY_DONE(cx, begin(cx, repo, in, &p));
    out->run = ctx_scratch_fmt(cx, "%llu", (unsigned long long)repo_run_number(p.run));
    out->id = ctx_scratch_text(cx, repo_run_id(p.run));
    TRY_DONE(cx, said_open(cx, repo_store(repo), p.known, in->quiet_out, &said));
    TRY_DONE(cx, run_program(cx, repo, in, &p, &said, out));
done:
    if (err && p.run) fail_run(cx, &p);
    said_clear(&said);
    cx->cancel = cancel;
    if (p.run) repo_run_close(cx, p.run);
    secret_forget(cx, p.known);
    text_clear(&p.diff);
    text_clear(&p.untracked);
    return err;
}

void app_run_program_json(const AppProgramOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "run", out->run);
    json_key_text(t, "id", out->id);
    json_key_int(t, "exit", out->status);
    if (out->signal) json_key_int(t, "signal", out->signal);
    json_key_int(t, "outputs", (int64_t)out->outputs);
    json_close(t);
}
