/* cli/commands.h -- every command we ship, A to Z. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/command.h"

extern const Command cmd_artifact_add;
extern const Command cmd_artifact_get;
extern const Command cmd_auto;
extern const Command cmd_build_bench;
extern const Command cmd_build_export;
extern const Command cmd_build_lineage;
extern const Command cmd_build_ls;
extern const Command cmd_build_reproduce;
extern const Command cmd_build_show;
extern const Command cmd_build_verify;
extern const Command cmd_completion;
extern const Command cmd_data_add;
extern const Command cmd_data_certify;
extern const Command cmd_data_check;
extern const Command cmd_data_derive;
extern const Command cmd_data_diff;
extern const Command cmd_data_files;
extern const Command cmd_data_find;
extern const Command cmd_data_get;
extern const Command cmd_data_import;
extern const Command cmd_data_label;
extern const Command cmd_data_log;
extern const Command cmd_data_ls;
extern const Command cmd_data_query;
extern const Command cmd_data_restore;
extern const Command cmd_data_rm;
extern const Command cmd_data_show;
extern const Command cmd_data_split;
extern const Command cmd_data_tag;
extern const Command cmd_diagnose;
extern const Command cmd_doctor;
extern const Command cmd_experiment_ls;
extern const Command cmd_help;
extern const Command cmd_init;
extern const Command cmd_log;
extern const Command cmd_log_archive;
extern const Command cmd_log_check;
extern const Command cmd_log_hold;
extern const Command cmd_log_prove;
extern const Command cmd_log_rebuild;
extern const Command cmd_log_redact;
extern const Command cmd_log_search;
extern const Command cmd_log_show;
extern const Command cmd_log_verify;
extern const Command cmd_man;
extern const Command cmd_metric_log;
extern const Command cmd_metric_show;
extern const Command cmd_note_add;
extern const Command cmd_param_set;
extern const Command cmd_predict;
extern const Command cmd_run;
extern const Command cmd_runs_compare;
extern const Command cmd_runs_ls;
extern const Command cmd_runs_restore;
extern const Command cmd_runs_rm;
extern const Command cmd_runs_show;
extern const Command cmd_status;
extern const Command cmd_tag_set;
extern const Command cmd_visualize;
extern const Command cmd_clone;
extern const Command cmd_fsck;
extern const Command cmd_gc;
extern const Command cmd_pull;
extern const Command cmd_push;
extern const Command cmd_remote_add;
extern const Command cmd_remote_ls;
extern const Command cmd_remote_rm;
extern const Command cmd_worker;

#endif
