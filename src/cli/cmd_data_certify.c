/* cli/cmd_data_certify.c -- `leat data certify NAME@V --until DATE -m WORDS` */
#include "cli/data.h"

static Err data_certify_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppMarkedOut out;
    AppCertifyIn in = { .ref = words_arg(w, 0), .until = words_text(w, "until"), .message = words_text(w, "message"),
                        .labels = words_has(w, "labels"), .fit = words_has(w, "fit"), .revoke = words_has(w, "revoke") };
    TRY(cx, app_data_certify(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_marked_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!sh->quiet) fprintf(sh->out, "%s\n", out.what);
    return OK;
}

static const Arg data_certify_args[] = {
    ARG_DATASET("the version; the newest without @V"),
    { .word = NULL },
};

static const Opt data_certify_opts[] = {
    { .name = "labels", .help = "its labels are right", .not_with = "revoke" },
    { .name = "fit", .help = "it is fit for training", .not_with = "revoke" },
    { .name = "until", .word = "DATE", .type = OPT_TEXT, .help = "the last day it holds", .shown = true },
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "what it rests on, or why it is revoked", .needed = true },
    { .name = "revoke", .help = "end the certificate now" },
    { .name = NULL },
};

static const Example data_certify_examples[] = {
    { "leat data certify churn@3 --labels --fit --until 2027-06-30 -m 'checked 500 rows by hand'", "for a year" },
    { "leat data certify churn@3 --revoke -m 'labels of March were swapped'", "no longer; what was derived from it loses it too" },
    { .line = NULL },
};

const Command cmd_data_certify = {
    .name = "data certify",
    .summary = "stand for a version's labels, or that it is fit for training",
    .story = "A certificate says of one version, with your name, until a day, at least one of two things: its labels are right, it is fit for "
             "training. It can be revoked, with a reason; both stay on record.\n"
             "\n"
             "What is derived or split from a version carries the worst of its inputs: when a certificate behind it is revoked or expires, so does "
             "its own. 'leat data show' tells what counts, and because of what.\n",
    .examples = data_certify_examples,
    .args = data_certify_args,
    .opts = data_certify_opts,
    .run = data_certify_run,
};
