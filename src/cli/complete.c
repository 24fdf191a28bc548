/* cli/complete.c -- completion scripts for bash, zsh and fish, printed from the rows.
**
** Everything known beforehand (commands, options, choices) is written into the
** script, so a press of TAB starts no program; only names of builds and runs ask
** `leat build ls -q` and `leat runs ls -q`, which print one name a line.
*/
#include "cli/command.h"

#include <string.h>

static const char *const shells[] = { "bash", "fish", "zsh" };

const char *complete_shell(size_t i)
{
    return i < sizeof shells / sizeof *shells ? shells[i] : NULL;
}

/* How the value of an option, or a positional word, is completed. */
typedef enum Offer {
    OFFER_NOTHING,
    OFFER_FILES,
    OFFER_FOLDERS,
    OFFER_CHOICE,
    OFFER_BUILDS,
    OFFER_RUNS,
    OFFER_COMMANDS,
    OFFER_SHELLS
} Offer;

static Offer opt_offer(const Opt *o)
{
    if (o->type == OPT_FILE) return OFFER_FILES;
    if (o->type == OPT_FOLDER) return OFFER_FOLDERS;
    if ((o->type == OPT_CHOICE || o->type == OPT_LIST) && o->choice) return OFFER_CHOICE;
    return OFFER_NOTHING;
}

static Offer arg_offer(const Arg *a)
{
    switch (a->kind) {
    case ARG_DATA: return OFFER_FILES;
    case ARG_FOLDER: return OFFER_FOLDERS;
    case ARG_BUILD: return OFFER_BUILDS;
    case ARG_RUN: return OFFER_RUNS;
    case ARG_COMMAND: return OFFER_COMMANDS;
    case ARG_SHELL: return OFFER_SHELLS;
    case ARG_WORD: break;
    }
    return OFFER_NOTHING;
}

/* First words of commands, once each: commands of one word, then groups. */
static const char *first_word(size_t i, const char **summary)
{
    const Command *c;
    const Group *g;
    size_t at = 0;
    for (size_t k = 0; (c = command_at(k)); k++) {
        if (c->hidden || strchr(c->name, ' ')) continue;
        *summary = c->summary;
        if (at++ == i) return c->name;
    }
    for (size_t k = 0; (g = group_at(k)); k++) {
        if (command_find(g->name)) continue;           /* named above */
        *summary = g->summary;
        if (at++ == i) return g->name;
    }
    return NULL;
}

static void print_first_words(FILE *out, const char *between)
{
    const char *word, *summary;
    for (size_t i = 0; (word = first_word(i, &summary)); i++) fprintf(out, "%s%s", i ? between : "", word);
}

/* Inside single quotes of any shell: a quote ends them, is escaped, and begins them again. */
static void quoted(FILE *out, const char *text, const char *also)
{
    for (; *text; text++) {
        if (*text == '\'') fputs("'\\''", out);
        else if (strchr(also, *text)) fprintf(out, "\\%c", *text);
        else putc(*text, out);
    }
}

static void opt_names(FILE *out, const Opt *opts)
{
    for (const Opt *o = opts; o && o->name; o++) {
        fprintf(out, " --%s", o->name);
        if (o->letter) fprintf(out, " -%c", o->letter);
    }
}

/* -------------------------------------------------------------------- bash */

static void bash_offer(FILE *out, Offer offer, const Opt *o)
{
    char words[512];
    switch (offer) {
    case OFFER_FILES: fputs("COMPREPLY=($(compgen -f -- \"$cur\"))", out); break;
    case OFFER_FOLDERS: fputs("COMPREPLY=($(compgen -d -- \"$cur\"))", out); break;
    case OFFER_CHOICE:
        opt_choices(o, " ", words, sizeof words);
        fprintf(out, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", words);
        break;
    case OFFER_BUILDS:
        fputs(
            "COMPREPLY=($(compgen -W \"$(leat build ls -q 2>/dev/null)\" -- \"$cur\") $(compgen -f -- \"$cur\"))",
            out);
        break;
    case OFFER_RUNS: fputs("COMPREPLY=($(compgen -W \"$(leat runs ls -q 2>/dev/null)\" -- \"$cur\"))", out); break;
    case OFFER_COMMANDS:
        fputs("COMPREPLY=($(compgen -W '", out);
        print_first_words(out, " ");
        fputs("' -- \"$cur\"))", out);
        break;
    case OFFER_SHELLS: fputs("COMPREPLY=($(compgen -W 'bash fish zsh' -- \"$cur\"))", out); break;
    case OFFER_NOTHING: fputs("COMPREPLY=()", out); break;
    }
}

static void bash_values(FILE *out, const char *name, const Opt *opts)
{
    for (const Opt *o = opts; o && o->name; o++) {
        if (!o->word) continue;
        fprintf(out, "        '%s:--%s'", name, o->name);
        if (o->letter) fprintf(out, "|'%s:-%c'", name, o->letter);
        fputs(") ", out);
        bash_offer(out, opt_offer(o), o);
        fputs("; return;;\n", out);
    }
}

static void bash(FILE *out)
{
    const Command *c;
    const Group *g;
    fputs("# bash completion for leat; printed by 'leat completion bash'\n"
          "_leat()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} cmd= i n=0 word\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        word=${COMP_WORDS[i]}\n"
          "        case $word in\n"
          "        -C|--directory|--color) ((i++)); continue;;\n"
          "        -*) continue;;\n"
          "        esac\n"
          "        case $cmd in\n"
          "        '') cmd=$word;;\n",
          out);
    for (size_t i = 0; (g = group_at(i)); i++) fprintf(out, "        %s) cmd=\"%s $word\";;\n", g->name, g->name);
    fputs("        *) ((n++));;\n        esac\n    done\n    case \"$cmd:$prev\" in\n", out);
    for (size_t i = 0; (c = command_at(i)); i++)
        if (!c->hidden) bash_values(out, c->name, c->opts);
    for (const Opt *o = global_opts; o->name; o++) {
        if (!o->word) continue;
        fprintf(out, "        *:--%s", o->name);
        if (o->letter) fprintf(out, "|*:-%c", o->letter);
        fputs(") ", out);
        bash_offer(out, opt_offer(o), o);
        fputs("; return;;\n", out);
    }
    fputs("    esac\n    case \"$cmd\" in\n        '') COMPREPLY=($(compgen -W '", out);
    print_first_words(out, " ");
    opt_names(out, global_opts);
    fputs("' -- \"$cur\"));;\n", out);
    for (size_t i = 0; (g = group_at(i)); i++) {
        fprintf(out, "        %s) COMPREPLY=($(compgen -W '", g->name);
        for (size_t k = 0; (c = command_at(k)); k++)
            if (command_in_group(c, g)) fprintf(out, "%s ", c->name + strlen(g->name) + 1);
        c = command_find(g->name);
        if (c) opt_names(out, c->opts);
        fputs("' -- \"$cur\"));;\n", out);
    }
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (c->hidden || group_find(c->name)) continue;
        fprintf(out, "        '%s')\n            if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '", c->name);
        opt_names(out, c->opts);
        opt_names(out, global_opts);
        fputs("' -- \"$cur\")); return; fi\n            case $n in\n", out);
        size_t n = 0;
        for (const Arg *a = c->args; a && a->word; a++, n++) {
            if (a->many) fputs("            *) ", out);
            else fprintf(out, "            %zu) ", n);
            bash_offer(out, arg_offer(a), NULL);
            fputs(";;\n", out);
        }
        if (!n) fputs("            *) COMPREPLY=();;\n", out);
        fputs("            esac;;\n", out);
    }
    fputs("    esac\n}\ncomplete -o filenames -F _leat leat\n", out);
}

/* --------------------------------------------------------------------- zsh */

static void zsh_offer(FILE *out, Offer offer, const Opt *o)
{
    char words[512];
    switch (offer) {
    case OFFER_FILES: fputs("_files", out); break;
    case OFFER_FOLDERS: fputs("_files -/", out); break;
    case OFFER_CHOICE:
        opt_choices(o, " ", words, sizeof words);
        fprintf(out, o->type == OPT_LIST ? "_sequence compadd - %s" : "(%s)", words);
        break;
    case OFFER_BUILDS: fputs("_leat_builds", out); break;
    case OFFER_RUNS: fputs("_leat_runs", out); break;
    case OFFER_COMMANDS:
        putc('(', out);
        print_first_words(out, " ");
        putc(')', out);
        break;
    case OFFER_SHELLS: fputs("(bash fish zsh)", out); break;
    case OFFER_NOTHING: putc(' ', out); break;
    }
}

static void zsh_opts(FILE *out, const Opt *opts)
{
    for (const Opt *o = opts; o && o->name; o++) {
        for (int form = 0; form < 2; form++) {
            if (form && !o->letter) continue;
            fputs(" \\\n            '", out);
            if (o->type == OPT_PAIR) putc('*', out);
            if (form) fprintf(out, "-%c", o->letter);
            else fprintf(out, "--%s", o->name);
            putc('[', out);
            quoted(out, o->help, "[]:\\");
            putc(']', out);
            if (o->word) {
                fprintf(out, ":%s:", o->word);
                zsh_offer(out, opt_offer(o), o);
            }
            putc('\'', out);
        }
    }
}

static void zsh(FILE *out)
{
    const Command *c;
    const Group *g;
    const char *word, *summary;
    fputs("#compdef leat\n# zsh completion for leat; printed by 'leat completion zsh'\n"
          "_leat_builds() { compadd -- ${(f)\"$(leat build ls -q 2>/dev/null)\"}; _files }\n"
          "_leat_runs() { compadd -- ${(f)\"$(leat runs ls -q 2>/dev/null)\"} }\n"
          "_leat() {\n"
          "    local cmd= i\n"
          "    for ((i = 2; i < CURRENT; i++)); do\n"
          "        case $words[i] in\n"
          "        -C|--directory|--color) ((i++));;\n"
          "        -*) ;;\n"
          "        *) cmd=\"${cmd:+$cmd }$words[i]\"; [[ $cmd == (",
          out);
    for (size_t i = 0; (g = group_at(i)); i++) fprintf(out, "%s%s", i ? "|" : "", g->name);
    fputs(") ]] || break;;\n        esac\n    done\n    case $cmd in\n    '')\n        local -a first=(", out);
    for (size_t i = 0; (word = first_word(i, &summary)); i++) {
        fprintf(out, "\n            '%s:", word);
        quoted(out, summary, ":\\");
        putc('\'', out);
    }
    fputs(")\n        _arguments", out);
    zsh_opts(out, global_opts);
    fputs(" \\\n            '*:command:{ _describe command first }';;\n", out);
    for (size_t i = 0; (g = group_at(i)); i++) {
        fprintf(out, "    %s)\n        local -a second=(", g->name);
        for (size_t k = 0; (c = command_at(k)); k++) {
            if (!command_in_group(c, g)) continue;
            fprintf(out, "\n            '%s:", c->name + strlen(g->name) + 1);
            quoted(out, c->summary, ":\\");
            putc('\'', out);
        }
        fputs(")\n        _describe command second;;\n", out);
    }
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (c->hidden) continue;
        bool two = strchr(c->name, ' ') != NULL;
        fprintf(out, "    '%s')\n        shift %d words; ((CURRENT -= %d))\n        _arguments -S", c->name,
                two + 0, two + 0);
        zsh_opts(out, c->opts);
        zsh_opts(out, global_opts);
        int n = 2;
        for (const Arg *a = c->args; a && a->word; a++, n++) {
            if (a->many) fprintf(out, " \\\n            '*:%s:", a->word);
            else fprintf(out, " \\\n            '%d:%s:", n, a->word);
            zsh_offer(out, arg_offer(a), NULL);
            putc('\'', out);
        }
        fputs(";;\n", out);
    }
    fputs("    esac\n}\nif [[ $funcstack[1] == _leat ]]; then _leat \"$@\"; else compdef _leat leat; fi\n", out);
}

/* -------------------------------------------------------------------- fish */

static void fish_offer(FILE *out, Offer offer, const Opt *o)
{
    char words[512];
    switch (offer) {
    case OFFER_FILES: fputs(" -rF", out); break;
    case OFFER_FOLDERS: fputs(" -xa '(__fish_complete_directories)'", out); break;
    case OFFER_CHOICE:
        opt_choices(o, " ", words, sizeof words);
        fprintf(out, " -xa '%s'", words);
        break;
    default: fputs(" -x", out); break;
    }
}

static void fish_opts(FILE *out, const char *when, const Opt *opts)
{
    for (const Opt *o = opts; o && o->name; o++) {
        fputs("complete -c leat", out);
        if (when) fprintf(out, " -n '__leat_is %s'", when);
        fprintf(out, " -l %s", o->name);
        if (o->letter) fprintf(out, " -s %c", o->letter);
        if (o->word) fish_offer(out, opt_offer(o), o);
        fputs(" -d '", out);
        for (const char *p = o->help; *p; p++) {
            if (*p == '\'' || *p == '\\') putc('\\', out);
            putc(*p, out);
        }
        fputs("'\n", out);
    }
}

static void fish_args(FILE *out, const Command *c)
{
    for (const Arg *a = c->args; a && a->word; a++) {
        switch (arg_offer(a)) {
        case OFFER_FILES: fprintf(out, "complete -c leat -n '__leat_is %s' -F\n", c->name); break;
        case OFFER_FOLDERS:
            fprintf(out, "complete -c leat -n '__leat_is %s' -xa '(__fish_complete_directories)'\n", c->name);
            break;
        case OFFER_BUILDS:
            fprintf(out, "complete -c leat -n '__leat_is %s' -Fa '(leat build ls -q 2>/dev/null)'\n", c->name);
            break;
        case OFFER_RUNS:
            fprintf(out, "complete -c leat -n '__leat_is %s' -xa '(leat runs ls -q 2>/dev/null)'\n", c->name);
            break;
        case OFFER_COMMANDS:
            fprintf(out, "complete -c leat -n '__leat_is %s' -xa '", c->name);
            print_first_words(out, " ");
            fputs("'\n", out);
            break;
        case OFFER_SHELLS:
            fprintf(out, "complete -c leat -n '__leat_is %s' -xa 'bash fish zsh'\n", c->name);
            break;
        default: break;
        }
    }
}

static void fish(FILE *out)
{
    const Command *c;
    const Group *g;
    const char *word, *summary;
    fputs("# fish completion for leat; printed by 'leat completion fish'\n"
          "function __leat_is\n"
          "    set -l said (string match -v -- '-*' (commandline -opc))[2..]\n"
          "    test (count $said) -ge (count $argv); and test \"$said[1..\"(count $argv)\"]\" = \"$argv\"\n"
          "end\n"
          "function __leat_fresh\n"
          "    set -l said (string match -v -- '-*' (commandline -opc))[2..]\n"
          "    test (count $said) -eq (count $argv); and test \"$said\" = \"$argv\"\n"
          "end\n"
          "complete -c leat -f\n",
          out);
    fish_opts(out, NULL, global_opts);
    for (size_t i = 0; (word = first_word(i, &summary)); i++)
        fprintf(out, "complete -c leat -n '__leat_fresh' -a %s -d '%s'\n", word, summary);
    for (size_t i = 0; (g = group_at(i)); i++)
        for (size_t k = 0; (c = command_at(k)); k++)
            if (command_in_group(c, g))
                fprintf(out, "complete -c leat -n '__leat_fresh %s' -a %s -d '%s'\n", g->name,
                        c->name + strlen(g->name) + 1, c->summary);
    for (size_t i = 0; (c = command_at(i)); i++) {
        if (c->hidden) continue;
        fish_opts(out, c->name, c->opts);
        fish_args(out, c);
    }
}

void complete_print(FILE *out, const char *shell)
{
    if (!strcmp(shell, "bash")) bash(out);
    else if (!strcmp(shell, "fish")) fish(out);
    else zsh(out);
}
