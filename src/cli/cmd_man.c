/* cli/cmd_man.c -- `leat man [COMMAND]` */
#include "cli/commands.h"

static Err man_run(Ctx *cx, Shell *sh, const Words *w)
{
    Words asked;
    const char *argv[4] = { "leat", words_arg(w, 0), words_arg(w, 1), "--help" };
    if (!argv[1]) {
        man_page(sh->out, NULL);
        return OK;
    }
    if (!argv[2]) argv[2] = "--help";
    TRY(cx, words_read(cx, words_arg(w, 1) ? 4 : 3, argv, &asked));
    if (asked.group && !asked.command && !words_arg(w, 1)) asked.command = command_find(asked.group->name);
    if (!asked.command || asked.args_n)
        return FAIL(cx, ERR_USAGE, "no manual page for '%s%s%.60s'; 'leat help' lists the commands", argv[1],
                    words_arg(w, 1) ? " " : "", words_arg(w, 1) ? argv[2] : "");
    man_page(sh->out, asked.command);
    return OK;
}

static const Arg man_args[] = {
    { "COMMAND", "the command whose page to print; without it, the page of leat itself", ARG_COMMAND,
      .optional = true },
    { "WORD", "the second word of a command such as 'build show'", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Example man_examples[] = {
    { "leat man auto | man -l -", "read the page of 'leat auto'" },
    { "leat man >/usr/local/share/man/man1/leat.1", "install the page of leat" },
    { .line = NULL },
};

const Command cmd_man = {
    .name = "man",
    .summary = "print a manual page",
    .story = "Prints a manual page in roff on standard output, made from the same rows as --help.\n",
    .examples = man_examples,
    .args = man_args,
    .text = true,
    .run = man_run,
};
