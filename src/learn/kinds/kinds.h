/* learn/kinds/kinds.h -- every learner we ship, one line each, A to Z. */
#ifndef LEARN_KINDS_KINDS_H
#define LEARN_KINDS_KINDS_H

#include "learn/learn.h"

extern const Learner learner_baseline;
extern const Learner learner_ecod;
extern const Learner learner_extra_trees;
extern const Learner learner_isolation_forest;
extern const Learner learner_knn;
extern const Learner learner_knn_distance;
extern const Learner learner_lightgbm;
extern const Learner learner_linear;
extern const Learner learner_lof;
extern const Learner learner_mlp;
extern const Learner learner_naive_bayes;
extern const Learner learner_pca_residual;
extern const Learner learner_random_forest;
extern const Learner learner_realmlp;
extern const Learner learner_symmetric_trees;
extern const Learner learner_tabm;
extern const Learner learner_xgboost;

#endif
