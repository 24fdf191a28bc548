/* model/frame.c -- the words of the tasks. */
#include "model/frame.h"

#include <string.h>

static const char *const words[TASK_N] = {
    [TASK_BINARY] = "binary", [TASK_MULTICLASS] = "multiclass", [TASK_REGRESSION] = "regression",
};

const char *task_word(Task t) { return (unsigned)t < TASK_N ? words[t] : "?"; }

bool task_read(const char *word, Task *out)
{
    for (unsigned t = 0; t < TASK_N; t++) {
        if (strcmp(words[t], word)) continue;
        *out = (Task)t;
        return true;
    }
    return false;
}
