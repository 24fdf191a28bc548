/* model/form.h -- what every fitted form promises.
**
** A form (trees, linear, net, neighbours, constant) is one constant row of
** functions.  A Model is that form's own struct, which begins with this header.
** A model answers in margins: log-odds of the second class (binary), one logit a
** class (multiclass; softmax gives probabilities), or the value (regression).
** Models never change after they are made; threads may share them.
*/
#ifndef MODEL_FORM_H
#define MODEL_FORM_H

#include "base/text.h"
#include "model/frame.h"

typedef struct Form Form;

typedef struct Model {
    const Form *form;
    uint32_t outputs;          /* margins a row */
    uint32_t cols;             /* columns of the frame it was fitted on */
} Model;

struct Form {
    const char *name;          /* [a-z]+, written into build files, never reused */

    /* Margins of n rows of X: rows[i], or row i when rows is NULL.
    **   out   n x outputs, row-major                                  (borrowed)
    ** The caller has checked X->cols == m->cols.  Finite for any input, NaN included.
    ** Repeats bit for bit, whatever else is in X.  ERR_NOMEM */
    Err (*margin)(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, double *out);

    /* For a model that is made of its training rows and knows which fold held each out: margins as if it had never seen
    ** those of `fold`.  NULL: none is; false from `forgets`: this one is not. */
    Err (*margin_but)(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t fold, double *out);
    bool (*forgets)(const Model *m);

    /* Shapley values of the margin: n x outputs x (cols + 1), the last being the base value; they
    ** sum to the margin within 1e-6 relative.  NULL: the room samples them (explain.c). */
    Err (*explain)(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, double *out);

    /* For a form of which only some models explain themselves: is m one of them?  The others are sampled.
    ** NULL: all that `explain` says. */
    bool (*can_explain)(const Model *m);

    /* Bytes that load gives back as an equal model.  Little-endian, no padding garbage: equal models
    ** give equal bytes.  load believes nothing: ERR_CORRUPT in words for any damage, never a crash,
    ** never more memory than a small multiple of n.  It must use all n bytes.  These are the form's own
    ** bytes: it stores outputs and cols there itself, and sets both; model_load compares them with its head. */
    Err (*save)(Ctx *cx, const Model *m, Text *out);
    Err (*load)(Ctx *cx, const void *bytes, size_t n, Model **out);
    void (*free)(Ctx *cx, Model *m);
};

const Form *form_find(const char *name, size_t n);   /* NULL if none */
const Form *form_at(size_t i);                        /* NULL past the end */

MUST_USE Err model_margin(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, double *out);   /* ERR_SHAPE */
/* Can m answer as if it had never seen the training rows of a fold, and what would it say?  Only asked where it can. */
bool model_forgets(const Model *m);
MUST_USE Err model_margin_but(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t fold, double *out);
/* background: rows to compare with, for forms that cannot explain themselves; same columns as X, at least a row
** (ERR_SHAPE).  Sampled values are keyed by cx->seed. */
MUST_USE Err model_explain(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n,
                           const Frame *background, double *out);
/* The same for one of `sharers` models whose values will be averaged, the sharer-th: each is sampled with its own part of
** the permutations, so that all together cost little more than one. */
MUST_USE Err model_explain_shared(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n,
                                  const Frame *background, uint32_t sharers, uint32_t sharer, double *out);
MUST_USE Err model_save(Ctx *cx, const Model *m, Text *out);        /* form name, outputs, cols, then the form's bytes */
MUST_USE Err model_load(Ctx *cx, const void *bytes, size_t n, Model **out);   /* ERR_CORRUPT */
void model_free(Ctx *cx, Model *m);                                  /* NULL is fine */

/* Are its explanations its own (Form.explain)?  Else they are sampled. */
bool model_explains_itself(const Model *m);

/* Softmax of k logits, in place, and log-odds to probability, both safe for any finite input. */
void model_softmax(double *z, size_t k);
double model_sigmoid(double z);

/* Little-endian pieces for save and load (bytes.c).  A Reader that runs out sets `short_`. */
typedef struct Reader { const unsigned char *at; size_t n; bool short_; } Reader;
void put_u8(Text *t, uint8_t v);
void put_u32(Text *t, uint32_t v);
void put_u64(Text *t, uint64_t v);
void put_f32(Text *t, float v);
void put_f64(Text *t, double v);
void put_str(Text *t, const char *s);                      /* u32 length, bytes */
uint8_t get_u8(Reader *r);
uint32_t get_u32(Reader *r);
uint64_t get_u64(Reader *r);
float get_f32(Reader *r);
double get_f64(Reader *r);
const char *get_str(Reader *r, size_t *n);                 /* NULL when short; not NUL-ended */
char *get_str_copy(Ctx *cx, Reader *r, size_t max);        /* owned; NULL when short, too long or no memory */
/* n items of `size` bytes as they lie in the file, or NULL (and short_) when fewer are left. */
const void *get_array(Reader *r, size_t n, size_t size);

#endif
