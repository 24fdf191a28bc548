/* test/probe/project.c -- leat-probe project FOLDER: is the log of that project whole, and are its tables the fold of it?
** Says how many events were walked and how many rows compared. */
#include "probe/probe.h"

#include "ledger/ledger.h"
#include "repo/repo.h"

#include <stdio.h>

static Err run(Ctx *cx, int argc, char **argv)
{
    Repo *r = NULL;
    LedgerProof chain, tables;
    Err err = OK;
    if (argc < 1) return FAIL(cx, ERR_USAGE, "see the usage");
    TRY(cx, repo_open(cx, argv[0], "probe", false, &r));
    TRY_DONE(cx, ledger_verify(cx, repo_ledger(r), &chain));
    TRY_DONE(cx, ledger_rebuild(cx, repo_ledger(r), &tables));
    printf("events %llu tables %llu rows %llu\n", (unsigned long long)chain.events, (unsigned long long)tables.tables, (unsigned long long)tables.rows);
done:
    repo_close(cx, r);
    return err;
}

const Probe probe_project = { "project", "FOLDER", run };
