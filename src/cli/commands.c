/* cli/commands.c -- every command we ship, and the options all of them understand. */
#include "cli/commands.h"

#include <string.h>

static const Command *const all[] = {
    &cmd_artifact_add,
    &cmd_artifact_get,
    &cmd_auto,
    &cmd_build_bench,
    &cmd_build_export,
    &cmd_build_lineage,
    &cmd_build_ls,
    &cmd_build_reproduce,
    &cmd_build_show,
    &cmd_build_verify,
    &cmd_clone,
    &cmd_completion,
    &cmd_data_add,
    &cmd_data_certify,
    &cmd_data_check,
    &cmd_data_derive,
    &cmd_data_diff,
    &cmd_data_files,
    &cmd_data_find,
    &cmd_data_get,
    &cmd_data_import,
    &cmd_data_label,
    &cmd_data_log,
    &cmd_data_ls,
    &cmd_data_query,
    &cmd_data_restore,
    &cmd_data_rm,
    &cmd_data_show,
    &cmd_data_split,
    &cmd_data_tag,
    &cmd_diagnose,
    &cmd_doctor,
    &cmd_experiment_ls,
    &cmd_fsck,
    &cmd_gc,
    &cmd_help,
    &cmd_init,
    &cmd_log,
    &cmd_log_archive,
    &cmd_log_check,
    &cmd_log_hold,
    &cmd_log_prove,
    &cmd_log_rebuild,
    &cmd_log_redact,
    &cmd_log_search,
    &cmd_log_show,
    &cmd_log_verify,
    &cmd_man,
    &cmd_metric_log,
    &cmd_metric_show,
    &cmd_note_add,
    &cmd_param_set,
    &cmd_predict,
    &cmd_pull,
    &cmd_push,
    &cmd_remote_add,
    &cmd_remote_ls,
    &cmd_remote_rm,
    &cmd_run,
    &cmd_runs_compare,
    &cmd_runs_ls,
    &cmd_runs_restore,
    &cmd_runs_rm,
    &cmd_runs_show,
    &cmd_status,
    &cmd_tag_set,
    &cmd_visualize,
    &cmd_worker,
};

static const Group groups[] = {
    { "artifact", "keep files with a run, and get them back", "artifact add" },
    { "build", "list, look at, export, measure and reproduce builds", NULL },
    { "data", "add, list, look at, query, derive, check, split and certify versions of data", NULL },
    { "experiment", "groups of runs", NULL },
    { "log", "what was done: show, search, verify, prove, archive, redact", NULL },
    { "metric", "log numbers that change to a run, and show them", "metric log" },
    { "note", "say something about a run or a build", "note add" },
    { "param", "log what a run was set to", "param set" },
    { "remote", "other places to keep this project's data: add, list, forget", NULL },
    { "runs", "list, search, compare and look at runs, with every trial", NULL },
    { "tag", "mark runs", "tag set" },
    { NULL, NULL, NULL },
};

static const char *colour_word(size_t i)
{
    static const char *const words[] = { "auto", "always", "never" };
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

const Opt global_opts[] = {
    { .name = "help", .letter = 'h', .help = "explain the command, with examples" },
    { .name = "version", .letter = 'V', .help = "print the version" },
    { .name = "json", .help = "print one JSON object on standard output, errors too" },
    { .name = "quiet", .letter = 'q', .help = "say nothing but results and errors" },
    { .name = "verbose", .letter = 'v', .help = "say more about what is going on" },
    { .name = "color",
      .word = "WHEN",
      .type = OPT_CHOICE,
      .choice = colour_word,
      .value = "auto",
      .help = "colour the output (never when NO_COLOR is set)" },
    { .name = "directory",
      .letter = 'C',
      .word = "DIR",
      .type = OPT_FOLDER,
      .help = "go to folder DIR first, as if started there" },
    { .name = NULL },
};

const Command *command_at(size_t i)
{
    return i < sizeof all / sizeof *all ? all[i] : NULL;
}

const Command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!strcmp(all[i]->name, name)) return all[i];
    return NULL;
}

const Group *group_at(size_t i)
{
    return i < sizeof groups / sizeof *groups && groups[i].name ? &groups[i] : NULL;
}

const Group *group_find(const char *name)
{
    for (size_t i = 0; groups[i].name; i++)
        if (!strcmp(groups[i].name, name)) return &groups[i];
    return NULL;
}

bool command_in_group(const Command *c, const Group *g)
{
    size_t n = strlen(g->name);
    return !strncmp(c->name, g->name, n) && c->name[n] == ' ';
}
