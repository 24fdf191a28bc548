/* model/forms.h -- every form we ship, one line each, A to Z. */
#ifndef MODEL_FORMS_H
#define MODEL_FORMS_H

#include "model/form.h"

extern const Form form_bayes;
extern const Form form_constant;
extern const Form form_density;
extern const Form form_linear;
extern const Form form_neighbours;
extern const Form form_net;
extern const Form form_ranked;
extern const Form form_subspace;
extern const Form form_tails;
extern const Form form_trees;

/* Shapley values by sampled permutations, for models that do not explain themselves (explain.c); see
** model_explain_shared. */
MUST_USE Err explain_sampled(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n,
                             const Frame *background, uint32_t sharers, uint32_t sharer, double *out);

#endif
