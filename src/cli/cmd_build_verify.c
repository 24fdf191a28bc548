/* cli/cmd_build_verify.c -- `leat build verify BUILD` */
#include "cli/shared.h"

static Err build_verify_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppVerifyOut out;
    TRY(cx, app_build_verify(cx, sh->house, &(AppBuildIn){ words_arg(w, 0) }, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_verify_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "%s  %s\n", out.build, out.digest);
    for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "  %-9s %s\n", out.step[i].name, out.step[i].found);
    return OK;
}

static const Arg build_verify_args[] = {
    { "BUILD", "a name, name@N, a digest, or a .leat file", ARG_BUILD },
    { .word = NULL },
};

static const Example build_verify_examples[] = {
    { "leat build verify churn@3", "before it goes anywhere" },
    { .line = NULL },
};

const Command cmd_build_verify = {
    .name = "build verify",
    .summary = "check that a build is what the record says",
    .story = "Checks that the bytes are those of the digest, that every section of the file is whole, that an event of the ledger registered them, and that "
             "this event is proved by the log's signed tree. Ends with status 5 when something is damaged, and 3 when nothing proves it.\n",
    .examples = build_verify_examples,
    .args = build_verify_args,
    .run = build_verify_run,
};
