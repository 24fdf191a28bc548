/* cli/cmd_build_lineage.c -- `leat build lineage BUILD` */
#include "cli/shared.h"

#include <string.h>

#define DEPTH_MAX 60

static void print_node(Shell *sh, const AppNode *n, const char *how, int depth)
{
    fprintf(sh->out, "%*s%s%s%-10s %s", 2 * depth, "", how, *how ? " " : "", n->kind, n->name);
    if (n->digest[0]) fprintf(sh->out, "  %.12s", n->digest);
    if (n->detail[0]) fprintf(sh->out, "  %.100s", n->detail);
    fputc('\n', sh->out);
}

/* What node `at` comes from (up) or what came of it. */
static void print_tree(Shell *sh, const AppLineageOut *g, size_t at, bool up, int depth)
{
    if (depth == DEPTH_MAX) return;
    for (size_t i = 0; i < g->edges_n; i++) {
        const AppEdge *e = &g->edge[i];
        if ((up ? e->to : e->from) != at) continue;
        size_t next = up ? e->from : e->to;
        print_node(sh, &g->node[next], up ? "<-" : "->", depth);
        print_tree(sh, g, next, up, depth + 1);
        for (size_t k = 0; !up && k < g->edges_n; k++)     /* a prediction was also made of its rows */
            if (g->edge[k].to == next && g->edge[k].from != at) print_node(sh, &g->node[g->edge[k].from], "<-", depth + 1);
    }
}

static void print_dot(Shell *sh, const AppLineageOut *g)
{
    fputs("digraph lineage {\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n", sh->out);
    for (size_t i = 0; i < g->n; i++) {
        fprintf(sh->out, "  n%zu [label=\"%s\\n", i, g->node[i].kind);
        for (const char *c = g->node[i].name; *c; c++) {
            if (*c == '"' || *c == '\\') fputc('\\', sh->out);
            if ((unsigned char)*c >= ' ') fputc(*c, sh->out);
        }
        fputs("\"];\n", sh->out);
    }
    for (size_t i = 0; i < g->edges_n; i++) fprintf(sh->out, "  n%zu -> n%zu [label=\"%s\"];\n", g->edge[i].from, g->edge[i].to, g->edge[i].how);
    fputs("}\n", sh->out);
}

static Err build_lineage_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLineageOut out;
    TRY(cx, app_build_lineage(cx, sh->house, &(AppBuildIn){ words_arg(w, 0) }, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_lineage_json(&out, &t);
        return show_json(sh, &t);
    }
    if (words_has(w, "dot")) {
        print_dot(sh, &out);
        return OK;
    }
    print_node(sh, &out.node[0], "", 0);
    print_tree(sh, &out, 0, true, 1);
    print_tree(sh, &out, 0, false, 1);
    return OK;
}

static const Arg build_lineage_args[] = {
    { "BUILD", "a name, name@N, a digest, or a .leat file", ARG_BUILD },
    { .word = NULL },
};

static const Opt build_lineage_opts[] = {
    { .name = "dot", .help = "print a graph for Graphviz" },
    { .name = NULL },
};

static const Example build_lineage_examples[] = {
    { "leat build lineage churn", "from its data to its predictions" },
    { "leat build lineage churn@3 --dot | dot -Tsvg > churn.svg", "as a picture" },
    { .line = NULL },
};

const Command cmd_build_lineage = {
    .name = "build lineage",
    .summary = "show where a build comes from and what came of it",
    .story = "Follows the record both ways: the run that made the build, its code and the versions of data it read, back to what those were derived "
             "from; and the predictions that were made with it.\n",
    .examples = build_lineage_examples,
    .args = build_lineage_args,
    .opts = build_lineage_opts,
    .run = build_lineage_run,
};
