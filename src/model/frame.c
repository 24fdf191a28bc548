/* model/frame.c -- the words of the tasks. */
#include "model/frame.h"

#include <string.h>

static const char *const words[TASKS_N] = {
    [TASK_BINARY] = "binary", [TASK_MULTICLASS] = "multiclass", [TASK_REGRESSION] = "regression",
    [TASK_ANOMALY] = "anomaly",
};

const char *task_word(Task t) { return (unsigned)t < TASKS_N ? words[t] : "?"; }

bool task_read(const char *word, Task *out)
{
    for (unsigned t = 0; t < TASKS_N; t++) {
        if (strcmp(words[t], word)) continue;
        *out = (Task)t;
        return true;
    }
    return false;
}
