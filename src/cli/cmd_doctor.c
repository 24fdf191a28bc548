/* cli/cmd_doctor.c -- `leat doctor` */
#include "cli/commands.h"

static Err doctor_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const word[] = { "ok", "note", "lacks" };
    static const Ink ink[] = { INK_GREEN, INK_YELLOW, INK_RED };
    AppDoctorOut out;
    size_t lacks = 0;
    (void)w;
    TRY(cx, app_doctor(cx, sh->house, &out));
    for (size_t i = 0; i < out.n; i++) lacks += out.check[i].health == APP_LACKS;
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_doctor_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++) {
        const AppCheck *c = &out.check[i];
        fprintf(sh->out, "%s%-5s%s %-12s %s%s%s%s\n", ink_on(sh->colour_out, ink[c->health]), word[c->health],
                ink_off(sh->colour_out), c->name, c->found, c->what_for[0] ? "  (" : "", c->what_for,
                c->what_for[0] ? ")" : "");
        if (c->advice[0]) fprintf(sh->out, "%*s%s\n", 19, "", c->advice);
    }
    if (lacks)
        fprintf(sh->out, "\n%zu thing%s lacking: see the advice above\n", lacks, lacks == 1 ? " is" : "s are");
    else fputs("\nnothing is lacking\n", sh->out);
    return OK;
}

static const Example doctor_examples[] = {
    { "leat doctor", "what this machine has and lacks" },
    { .line = NULL },
};

const Command cmd_doctor = {
    .name = "doctor",
    .summary = "say what this machine has and lacks, and what to do",
    .story = "Looks at processor, memory, disk, terminal and project, and at each library Leat opens when it "
             "needs it: whether it "
             "is there, which version, and what it is for.\n",
    .examples = doctor_examples,
    .run = doctor_run,
};
