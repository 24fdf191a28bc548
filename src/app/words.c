/* app/words.c -- what options may be, read off the rows of the rooms. */
#include "app/inner.h"

#include <string.h>

const char *app_task_word(size_t i)
{
    if (!i) return "auto";
    return i - 1 < TASKS_N ? task_word((Task)(i - 1)) : NULL;
}

const char *app_metric_word(size_t i)
{
    const Metric *m = metric_at(i);
    return m ? m->name : NULL;
}

bool app_metric_alias(const char *word)
{
    return metric_find(word) != NULL;
}

const char *app_learner_word(size_t i)
{
    const Learner *l = learner_at(i);
    return l ? l->name : NULL;
}

const char *app_type_word(size_t i)
{
    return i + 1 < COLUMN_TYPES_N ? column_type_word((ColumnType)(i + 1)) : NULL; /* not "auto" */
}

bool app_type_alias(const char *word)
{
    ColumnType t;
    return column_type_read(word, &t);
}

const char *app_stage_word(size_t i)
{
    return i < STAGES_N ? stage_word((Stage)i) : NULL;
}

const char *app_format_word(size_t i)
{
    static const QueryFormat writes[] = { QUERY_CSV, QUERY_PARQUET, QUERY_JSON, QUERY_NDJSON };
    return i < sizeof writes / sizeof *writes ? query_format_word(writes[i]) : NULL;
}
