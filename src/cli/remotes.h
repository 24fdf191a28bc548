/* cli/remotes.h -- what commands about remotes print. */
#ifndef CLI_REMOTES_H
#define CLI_REMOTES_H

#include "cli/commands.h"

MUST_USE Err show_transfer(Ctx *cx, Shell *sh, const AppTransferOut *out, const char *did);     /* did: "pushed" */
MUST_USE Err show_remotes(Ctx *cx, Shell *sh, const AppRemotesOut *out);

#endif
