/* auto/replay.h -- inside the room: what a build's facts record of its making, written and read back.
**
** A build made under a budget depends on what the clock allowed: which trials, how many rounds of each, which features.  All of
** that is in its facts, so a replay needs no clock.  What is not there (failed trials, what was never started) left no mark.
*/
#ifndef AUTO_REPLAY_H
#define AUTO_REPLAY_H

#include "auto/run.h"

typedef struct Replay Replay;

/* NULL in->replay gives NULL.  ERR_BAD_INPUT the record is not whole. */
MUST_USE Err replay_open(Ctx *cx, const char *facts, Replay **out);
void replay_close(Ctx *cx, Replay *r);
struct yyjson_val *replay_notes(const Replay *r);    /* what auto_noted answers from */
/* The engineer stage's list, as AutoIn.resume_engineer wants it; NULL: none. */
const char *replay_engineer(const Replay *r);
/* Stage select, replayed: every recorded trial, in order. */
MUST_USE Err replay_trials(Ctx *cx, Auto *a);
/* What a recorded trial learned from, and for how many rounds; nothing without a replay. */
void replay_share(const Auto *a, TrialData *d);
void replay_job(const Auto *a, const TrialData *d, Job *job);
/* Was the trial's member fitted again on all rows?  Its rounds; 0: no, or no replay. */
uint32_t replay_refit(const Auto *a, const TrialData *d);

/* Keys of the facts: validation, options, trials, features, notes, source. */
MUST_USE Err replay_write(Ctx *cx, Auto *a, Text *t);

#endif
