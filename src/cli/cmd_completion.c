/* cli/cmd_completion.c -- `leat completion bash|fish|zsh` */
#include "cli/commands.h"

#include <string.h>

static Err completion_run(Ctx *cx, Shell *sh, const Words *w)
{
    const char *known[8], *shell = words_arg(w, 0);
    size_t n = 0;
    for (; n < 8 && (known[n] = complete_shell(n)); n++) {
        if (strcmp(known[n], shell)) continue;
        complete_print(sh->out, shell);
        return OK;
    }
    const char *near = text_nearest(shell, known, n);
    return FAIL(cx, ERR_USAGE, "no completion for '%.60s'%s%s%s; there is one for bash, fish and zsh", shell,
                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static const Arg completion_args[] = {
    { "SHELL", "bash, fish or zsh", ARG_SHELL },
    { .word = NULL },
};

static const Example completion_examples[] = {
    { "leat completion bash >~/.local/share/bash-completion/completions/leat", "for bash" },
    { "leat completion fish >~/.config/fish/completions/leat.fish", "for fish" },
    { "leat completion zsh >\"${fpath[1]}/_leat\"", "for zsh" },
    { .line = NULL },
};

const Command cmd_completion = {
    .name = "completion",
    .summary = "print a completion script for your shell",
    .story = "Prints a script that completes commands, options, their values, files, and the names of builds and "
             "runs.\n",
    .examples = completion_examples,
    .args = completion_args,
    .text = true,
    .run = completion_run,
};
