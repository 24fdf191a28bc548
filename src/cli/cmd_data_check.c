/* cli/cmd_data_check.c -- `leat data check NAME@V RULES.yaml` */
#include "cli/data.h"

#include <string.h>

static Ink ink_of(const char *outcome)
{
    return !strcmp(outcome, "passed") ? INK_GREEN : !strcmp(outcome, "warned") ? INK_YELLOW : INK_RED;
}

static void print_row(Shell *sh, const AppCheckRow *r, size_t wide)
{
    fprintf(sh->out, "%s%-6s%s  %s%*s  %s", ink_on(sh->colour_out, ink_of(r->outcome)), r->outcome, ink_off(sh->colour_out), r->rule,
            (int)(wide - show_width(r->rule)), "", r->expected);
    if (strcmp(r->outcome, "passed")) fprintf(sh->out, ": %s", r->found);
    fputc('\n', sh->out);
    if (strcmp(r->outcome, "passed") && strcmp(r->offending_json, "[]")) fprintf(sh->out, "        %s\n", r->offending_json);
}

static Err data_check_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRulesOut out;
    AppCheckIn in = { .ref = words_arg(w, 0), .rules = words_arg(w, 1), .junit = words_text(w, "junit"),
                      .memory_mib = (uint64_t)words_num(w, "memory", 0) };
    size_t wide = 0;
    TRY(cx, app_data_check(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (out.failed) sh->verdict = err_exit(ERR_REFUSED);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_check_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++)
        if (show_width(out.row[i].rule) > wide) wide = show_width(out.row[i].rule);
    for (size_t i = 0; i < out.n; i++)
        if (!sh->quiet || strcmp(out.row[i].outcome, "passed")) print_row(sh, &out.row[i], wide);
    fprintf(sh->out, "%s: %zu of %zu tests passed", out.version.name, out.n - out.failed - out.warned, out.n);
    if (out.failed) fprintf(sh->out, ", %zu failed", out.failed);
    if (out.warned) fprintf(sh->out, ", %zu with a warning", out.warned);
    fputc('\n', sh->out);
    return OK;
}

static const Arg data_check_args[] = {
    ARG_DATASET("the version to check; the newest without @V"),
    { "RULES.yaml", "what must be true of it", ARG_DATA },
    { .word = NULL },
};

static const Opt data_check_opts[] = {
    { .name = "junit", .word = "FILE", .type = OPT_FILE, .help = "also write the results as JUnit XML, for a build server" },
    { .name = "memory", .word = "MIB", .type = OPT_WHOLE, .lo = 16, .hi = 1e6, .value = "1024", .help = "what the engine may use before it spills to disk" },
    { .name = NULL },
};

static const Example data_check_examples[] = {
    { "leat data check sales@3 rules.yaml", "every rule with what was found; exit status 3 when one is not met" },
    { "leat data check sales rules.yaml --junit checks.xml --json", "in a build, with offending rows" },
    { .line = NULL },
};

const Command cmd_data_check = {
    .name = "data check",
    .summary = "test a version against rules: types, keys, ranges, drift",
    .story = "Reads rules and tries them on a version. Results are recorded with the version ('leat data show'). Exit status 3 when a rule is not "
             "met; a rule with 'severity: warn' never fails the check.\n"
             "\n"
             "A rules file:\n"
             "\n"
             "  columns:\n"
             "    id:     {not_null: true, unique: true}\n"
             "    amount: {type: number, min: 0, max: 10000, mostly: 0.99}\n"
             "    city:   {accepted_values: [Ulm, Bonn], severity: warn}\n"
             "    buyer:  {relationships: {to: 'customers@latest', field: id}}\n"
             "  rules:\n"
             "    - row_count: {min: 1000}\n"
             "    - freshness: {max_age: 2d}\n"
             "    - name: paid is never more than owed\n"
             "      expression: paid <= amount\n"
             "    - column: amount\n"
             "      drift: {from: 'sales@1', psi: 0.25}\n"
             "\n"
             "All tests: doc/formats/rules.md.\n",
    .examples = data_check_examples,
    .args = data_check_args,
    .opts = data_check_opts,
    .run = data_check_run,
};
