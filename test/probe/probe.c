/* test/probe/probe.c -- leat-probe NAME ARGUMENTS: finds the probe, prints its failure. */
#include "probe/probe.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

static const Probe *const all[] = {     /* A to Z */
    &probe_drift,
    &probe_learn,
    &probe_ledger,
    &probe_metric,
    &probe_project,
    &probe_report,
    &probe_score,
    &probe_steps,
    &probe_store,
    &probe_table,
    &probe_trees,
    &probe_visualize,
};

int main(int argc, char **argv)
{
    Ctx cx = { .world = &os_world, .seed = 1 };
    size_t n = sizeof all / sizeof *all;
    for (size_t i = 0; argc > 1 && i < n; i++) {
        if (strcmp(all[i]->name, argv[1])) continue;
        Err err = all[i]->run(&cx, argc - 2, argv + 2);
        if (err) fprintf(stderr, "leat-probe %s: %s: %s\n", argv[1], err_text(err), cx.text);
        ctx_clear(&cx);
        return err_exit(err);
    }
    for (size_t i = 0; i < n; i++) fprintf(stderr, "leat-probe %s %s\n", all[i]->name, all[i]->use);
    return 2;
}
