/* cli/cmd_help.c -- `leat help [COMMAND]` */
#include "cli/commands.h"

#include <string.h>

static Err help_run(Ctx *cx, Shell *sh, const Words *w)
{
    Words asked;
    const char *argv[4] = { "leat", words_arg(w, 0), words_arg(w, 1), "--help" };
    if (!argv[1]) {
        help_overview(sh->out, sh->columns, sh->colour_out);
        return OK;
    }
    if (!argv[2]) argv[2] = "--help";
    TRY(cx, words_read(cx, words_arg(w, 1) ? 4 : 3, argv, &asked));
    if (asked.command && asked.args_n) return FAIL(cx, ERR_USAGE, "no command '%s %.60s'", argv[1], argv[2]);
    if (asked.command) help_command(sh->out, asked.command, sh->columns, sh->colour_out);
    else help_group(sh->out, asked.group, sh->columns, sh->colour_out);
    return OK;
}

static const Arg help_args[] = {
    { "COMMAND", "the command to explain, one word or two; without it, all of them", ARG_COMMAND,
      .optional = true },
    { "WORD", "the second word of a command such as 'build show'", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Example help_examples[] = {
    { "leat help auto", "explain the main command" },
    { "leat help build export", "explain a command of two words" },
    { .line = NULL },
};

const Command cmd_help = {
    .name = "help",
    .summary = "explain a command, with examples",
    .story = "Prints what 'leat COMMAND --help' prints. Without a word it lists the commands.\n",
    .examples = help_examples,
    .args = help_args,
    .text = true,
    .run = help_run,
};
