/* auto/ensemble.h -- inside the room: choosing and calibrating the ensemble (stage train). */
#ifndef AUTO_ENSEMBLE_H
#define AUTO_ENSEMBLE_H

#include "auto/run.h"

#define ENSEMBLE_BYTES_MAX ((uint64_t)19 << 19)       /* 9.5 MiB of models: with steps and profile the build stays within 10 MiB */
#define ENSEMBLE_REFIT_BYTES_MAX ((uint64_t)15 << 17)  /* of models fitted once: within 2 MiB */

typedef struct Ensemble {
    const TrialData *single;       /* the best trial by itself; NULL when none is usable */
    double greedy[64];             /* error after each round */
    uint32_t greedy_n, rounds;     /* rounds tried; rounds kept */
    double scale, shift;           /* calibration */
    double loss_before, loss_after;
    double threshold;
    uint32_t too_large;            /* members left out because the build would have been larger than ENSEMBLE_BYTES_MAX, */
    uint64_t too_large_bytes;      /*   and their bytes */
} Ensemble;

/* Sets told.weight and scale of a's trials; weights add to 1, or all are 0 when no trial is usable. */
MUST_USE Err ensemble_choose(Ctx *cx, Auto *a, Ensemble *out);
/* held_n x outputs.  Cost: members x rows. */
void ensemble_margin(const Auto *a, double *out);
void ensemble_calibrate(const Auto *a, const double *margin, Ensemble *e);
MUST_USE Err ensemble_threshold(Ctx *cx, const Auto *a, const double *margin, Ensemble *e);

#endif
