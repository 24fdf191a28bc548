/* app/lineage.c -- where a build comes from and what came of it; and whether it is what the record says. */
#include "app/inner.h"

#include "base/save.h"

#include <stdlib.h>
#include <string.h>

#define NODES_MAX 5000
#define DATA_DEPTH_MAX 50

typedef struct Graph { Ctx *cx; AppNode *node; size_t n; AppEdge *edge; size_t edges_n; } Graph;

static Err add_node(Graph *g, const char *kind, const char *name, const char *digest, const char *detail, size_t *at)
{
    for (size_t i = 0; i < g->n; i++) {
        if (strcmp(g->node[i].kind, kind) || strcmp(g->node[i].name, name) || strcmp(g->node[i].digest, digest)) continue;
        *at = i;
        return OK;
    }
    if (g->n == NODES_MAX) return FAIL(g->cx, ERR_LIMIT, "the lineage has more than %d parts", NODES_MAX);
    AppNode node = { kind, ctx_scratch_text(g->cx, name), ctx_scratch_text(g->cx, digest), ctx_scratch_text(g->cx, detail) };
    if (!node.name || !node.digest || !node.detail) return FAIL(g->cx, ERR_NOMEM, "drawing a lineage");
    *at = g->n;
    g->node[g->n++] = node;
    return OK;
}

static Err add_edge(Graph *g, size_t from, size_t to, const char *how)
{
    for (size_t i = 0; i < g->edges_n; i++)
        if (g->edge[i].from == from && g->edge[i].to == to) return OK;
    if (g->edges_n == 2 * NODES_MAX) return FAIL(g->cx, ERR_LIMIT, "the lineage has more than %d links", 2 * NODES_MAX);
    g->edge[g->edges_n++] = (AppEdge){ from, to, how };
    return OK;
}

/* A version of data and what it was derived from. */
static Err add_versions(Graph *g, Lake *lake, const LakeVersion *v, size_t to, int depth)
{
    LakeInput *made;
    size_t n;
    if (depth == DATA_DEPTH_MAX) return OK;
    TRY(g->cx, lake_inputs(g->cx, lake, v, &made, &n));
    for (size_t i = 0; i < n; i++) {
        char hex[SHA256_TEXT_MAX];
        size_t at;
        LakeVersion source;
        const char *name = ctx_scratch_fmt(g->cx, "%s@%llu", made[i].dataset, (unsigned long long)made[i].n);
        if (!name) return FAIL(g->cx, ERR_NOMEM, "drawing a lineage");
        digest_text(&made[i].tree, hex);
        TRY(g->cx, add_node(g, "data", name, hex, "", &at));
        TRY(g->cx, add_edge(g, at, to, v->verb));
        Err err = lake_find(g->cx, lake, name, &source);
        if (err == ERR_NOT_FOUND) g->cx->text[0] = 0;
        else TRY(g->cx, err);
        if (!err) TRY(g->cx, add_versions(g, lake, &source, at, depth + 1));
    }
    return OK;
}

static Err add_run(Graph *g, House *house, const char *id, size_t build)
{
    Ctx *cx = g->cx;
    RunFull full;
    size_t run, at;
    Lake *lake;
    Repo *repo = house->project->repo;
    TRY(cx, repo_run_full(cx, repo, id, &full));
    const char *name = ctx_scratch_fmt(cx, "%llu", (unsigned long long)full.run.number);
    if (!name) return FAIL(cx, ERR_NOMEM, "drawing a lineage");
    TRY(cx, add_node(g, "run", name, id, full.run.command, &run));
    TRY(cx, add_edge(g, run, build, "made"));
    if (full.run.git_commit[0]) {
        TRY(cx, add_node(g, "code", full.run.git_commit, "", full.run.git_remote, &at));
        TRY(cx, add_edge(g, at, run, full.run.git_dirty ? "changed since" : "as committed"));
    }
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    for (size_t i = 0; i < full.inputs_n; i++) {
        const InputRow *in = &full.input[i];
        LakeVersion v;
        TRY(cx, add_node(g, "data", in->name, in->digest, in->context, &at));
        TRY(cx, add_edge(g, at, run, "read"));
        if (strcmp(in->source_type, "leat")) continue;
        Err err = lake_find(cx, lake, in->name, &v);
        if (err == ERR_NOT_FOUND) cx->text[0] = 0;
        else TRY(cx, err);
        if (!err) TRY(cx, add_versions(g, lake, &v, at, 0));
    }
    return OK;
}

static Err add_predictions(Graph *g, Repo *repo, const Digest *digest, size_t build)
{
    PredictionRow *row;
    size_t n;
    Ctx *cx = g->cx;
    TRY(cx, repo_predictions(cx, repo, digest, &row, &n));
    for (size_t i = 0; i < n; i++) {
        char in[SHA256_TEXT_MAX] = "", out[SHA256_TEXT_MAX] = "";
        size_t data, made;
        if (row[i].has_input) digest_text(&row[i].input, in);
        if (row[i].has_output) digest_text(&row[i].output, out);
        const char *rows = ctx_scratch_fmt(cx, "%llu rows, event %llu", (unsigned long long)row[i].rows, (unsigned long long)row[i].seq);
        if (!rows) return FAIL(cx, ERR_NOMEM, "drawing a lineage");
        TRY(cx, add_node(g, "prediction", row[i].output_name[0] ? row[i].output_name : "(standard output)", out, rows, &made));
        TRY(cx, add_edge(g, build, made, "scored"));
        TRY(cx, add_node(g, "data", row[i].input_name, in, "", &data));
        TRY(cx, add_edge(g, data, made, "rows"));
    }
    return OK;
}

Err app_build_lineage(Ctx *cx, House *house, const AppBuildIn *in, AppLineageOut *out)
{
    Graph g = { .cx = cx };
    BuildRef ref;
    char hex[SHA256_TEXT_MAX], file[APP_NAME_MAX];
    size_t at;
    *out = (AppLineageOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Repo *repo = house->project->repo;
    TRY(cx, repo_build_find(cx, repo, in->build, &ref));
    g.node = ctx_scratch(cx, NODES_MAX * sizeof *g.node);
    g.edge = ctx_scratch(cx, 2 * NODES_MAX * sizeof *g.edge);
    if (!g.node || !g.edge) return FAIL(cx, ERR_NOMEM, "drawing a lineage");
    if (ref.path[0]) {                                 /* a file: the build of those bytes, if it is of this project */
        Digest d;
        uint64_t bytes;
        TRY(cx, store_digest_file(cx, ref.path, &d, &bytes));
        digest_text(&d, hex);
        snprintf(file, sizeof file, "%s", ref.path);
        Err err = repo_build_find(cx, repo, hex, &ref);
        if (err == ERR_NOT_FOUND) return FAIL(cx, err, "this project knows nothing of the build in '%.100s'", file);
        TRY(cx, err);
    }
    digest_text(&ref.row.digest, hex);
    const char *name = ctx_scratch_fmt(cx, "%s@%llu", ref.row.name, (unsigned long long)ref.row.n);
    if (!name) return FAIL(cx, ERR_NOMEM, "drawing a lineage");
    TRY(cx, add_node(&g, "build", name, hex, ref.row.champion ? "champion" : "", &at));
    if (ref.row.run[0]) TRY(cx, add_run(&g, house, ref.row.run, at));
    TRY(cx, add_predictions(&g, repo, &ref.row.digest, at));
    *out = (AppLineageOut){ .node = g.node, .n = g.n, .edge = g.edge, .edges_n = g.edges_n };
    return OK;
}

void app_build_lineage_json(const AppLineageOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "nodes");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_int(t, "id", (int64_t)i);
        json_key_text(t, "kind", out->node[i].kind);
        json_key_text(t, "name", out->node[i].name);
        if (out->node[i].digest[0]) json_key_text(t, "digest", out->node[i].digest);
        if (out->node[i].detail[0]) json_key_text(t, "detail", out->node[i].detail);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "edges");
    for (size_t i = 0; i < out->edges_n; i++) {
        json_open(t);
        json_key_int(t, "from", (int64_t)out->edge[i].from);
        json_key_int(t, "to", (int64_t)out->edge[i].to);
        json_key_text(t, "how", out->edge[i].how);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* ------------------------------------------------------------------ verify */

typedef struct Found { Ctx *cx; const char *hex; uint64_t seq; Digest leaf, hash; Err err; } Found;

/* The first event that registers these bytes. */
static Err find_event(void *arg, const Event *e)
{
    Found *f = arg;
    yyjson_doc *doc = yyjson_read(e->payload, e->payload_n, 0);
    const char *digest = yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "digest"));
    bool same = digest && !strcmp(digest, f->hex);
    yyjson_doc_free(doc);
    if (!same || f->seq) return OK;
    f->seq = e->seq;
    f->hash = e->hash;
    f->err = ledger_leaf(f->cx, e, &f->leaf);
    return f->err;
}

static void step(AppVerifyOut *out, const char *name, const char *found)
{
    out->step[out->n++] = (AppVerifyStep){ name, found };
}

static Err check_event(Ctx *cx, Repo *repo, const BuildRow *row, const char *hex, AppVerifyOut *out)
{
    Found f = { .cx = cx, .hex = hex };
    const LedgerAsk ask = { .kind = "build.registered", .subject = row->name };
    LedgerProven proven;
    Text json;
    TRY(cx, ledger_each(cx, repo_ledger(repo), &ask, find_event, &f));
    if (!f.seq)
        return FAIL(cx, ERR_REFUSED, "no event of the ledger registers build '%s@%llu' with the digest %.12s…", row->name, (unsigned long long)row->n, hex);
    if (!digest_same(&f.leaf, &f.hash))
        return FAIL(cx, ERR_CORRUPT, "event %llu that registers '%s@%llu' is not what was written; 'leat log verify' says more",
                    (unsigned long long)f.seq, row->name, (unsigned long long)row->n);
    step(out, "event", ctx_scratch_fmt(cx, "registered by event %llu", (unsigned long long)f.seq));
    text_init(&json, cx);
    Err err = ledger_prove(cx, repo_ledger(repo), f.seq, &json);
    if (!err) err = text_err(&json);
    if (!err) err = ledger_proof_check(cx, json.at, json.n, &proven);
    text_clear(&json);
    TRY(cx, err);
    step(out, "proof", ctx_scratch_fmt(cx, "the event is in the signed log of %llu events", (unsigned long long)proven.size));
    return OK;
}

Err app_build_verify(Ctx *cx, House *house, const AppBuildIn *in, AppVerifyOut *out)
{
    Loaded l;
    Digest d;
    char hex[SHA256_TEXT_MAX];
    Err err = OK;
    *out = (AppVerifyOut){ 0 };
    TRY(cx, build_take(cx, house, in->build, true, &l));       /* reads it all: every section has its checksum */
    TRY_DONE(cx, hash_bytes(cx, l.bytes.at, l.bytes.n, &d));
    digest_text(&d, hex);
    if (strcmp(hex, l.digest)) {
        err = FAIL(cx, ERR_CORRUPT, "build '%.150s' has the digest %.12s…, and was registered with %.12s…", in->build, hex, l.digest);
        goto done;
    }
    out->build = ctx_scratch_text(cx, l.name);
    out->digest = ctx_scratch_text(cx, hex);
    step(out, "digest", "the bytes are those of its digest");
    step(out, "sections", ctx_scratch_fmt(cx, "every section of the %zu bytes is whole", l.bytes.n));
    BuildRow row = l.ref.row;
    if (l.ref.path[0]) {
        BuildRef known;
        TRY_DONE(cx, project_open(cx, house, PROJECT_MAYBE, NULL));
        if (!house->project) {
            err = FAIL(cx, ERR_REFUSED, "'%.150s' is a whole build, but there is no project here whose ledger could prove where it comes from", in->build);
            goto done;
        }
        err = repo_build_find(cx, house->project->repo, hex, &known);
        if (err == ERR_NOT_FOUND) err = FAIL(cx, ERR_REFUSED, "'%.150s' is a whole build, but this project never registered it", in->build);
        if (err) goto done;
        row = known.row;
    }
    TRY_DONE(cx, check_event(cx, house->project->repo, &row, hex, out));
done:
    build_put(cx, &l);
    return err;
}

void app_build_verify_json(const AppVerifyOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_text(t, "digest", out->digest);
    json_key_open(t, "checks");
    for (size_t i = 0; i < out->n; i++) json_key_text(t, out->step[i].name, out->step[i].found);
    json_close(t);
    json_close(t);
}
