/* test/unit/auto/stand_in.h -- what pieces of the room ask of the driver, for tests of a piece alone: a warning is
** noted, there is always time.  Weak, so that the driver's own win where it is linked. */
#ifndef TEST_UNIT_AUTO_STAND_IN_H
#define TEST_UNIT_AUTO_STAND_IN_H

#include "auto/run.h"

#include <math.h>
#include <stdio.h>

__attribute__((weak, format(printf, 3, 4))) Err auto_warn(Ctx *cx, Auto *a, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    (void)cx;
    json_text(&a->warnings, line);
    return OK;
}

__attribute__((weak)) double auto_left_s(Ctx *cx, const Auto *a, Stage s)
{
    (void)cx, (void)a, (void)s;
    return INFINITY;
}

__attribute__((weak)) const char *stage_word(Stage s)
{
    (void)s;
    return "stage";
}

#endif
