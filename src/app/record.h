/* app/record.h -- a training run on record: what app/auto.c hears from the stages becomes rows and objects. */
#ifndef APP_RECORD_H
#define APP_RECORD_H

#include "app/inner.h"

typedef struct Record {
    Ctx *cx;
    House *house;
    const AppAutoIn *in;
    Ear *ear;                    /* warnings so far: those not yet logged go into the run's log */
    const char *options;         /* JSON (scratch) */
    uint64_t seed;
    Digest resumed;              /* of the run that --resume names: the data must be the same */
    bool resumes;
    Digest data;                 /* of what is read; known once the run has begun */
    Run *run;                    /* NULL until the first stage ended: bad input leaves nothing behind */
    bool made_project;
    size_t logged_n;
    char *json[STAGES_N];        /* results of the stages that ended (owned) */
    AppStage stage[STAGES_N];
    size_t stages_n;
    const Metric *metric;
    uint32_t trials;
    double best, best_se;
} Record;

AutoSink record_sink(Record *r);
/* Open the project and begin the run, if that has not happened yet. */
MUST_USE Err record_begin(Record *r);
/* What came out, as params and metrics that runs are found by.  learner NULL: none. */
MUST_USE Err record_result(Record *r, const char *task, const char *learner, double score, double se);
/* End the run on record, whatever became of it; a failure on the way is not told over the first one. */
void record_end(Record *r, RunState state, const char *summary);
void record_clear(Record *r);

/* The trials of an earlier run, to go on from.  ERR_NOT_FOUND; ERR_BAD_INPUT it read its data in another way. */
typedef struct Resumed {
    Trial *trial; size_t n;
    const char *engineer;        /* that stage's results, or NULL */
    void **bytes; size_t bytes_n;        /* (owned) */
} Resumed;
MUST_USE Err record_resume(Record *r, Resumed *out);
void resumed_clear(Ctx *cx, Resumed *r);

/* How a build's rows were read, for its facts: digest of the data, sheet, missing marks, types, this program and its instructions. */
void source_json(const Digest *data, const AppData *in, Text *t);
void source_instructions(char out[32]);      /* avx512, avx2 or baseline: results may differ between them */

/* What decides how the data was read and split: two runs that agree in it may share trials. */
MUST_USE Err record_options(Ctx *cx, const AppAutoIn *in, uint64_t seed, const char **out);

#endif
