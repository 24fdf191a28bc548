/* cli/line.c -- talk on stderr, and one line of progress where a person looks on.
**
** Rooms tell progress through the context; this is the listener.  The line is
** redrawn at most ten times a second and wiped before anything else is printed.
** Without a terminal nothing is redrawn: only notes and warnings come out.
*/
#include "cli/command.h"

#include <math.h>
#include <string.h>

#define LINE_EVERY_US 100000 /* ten times a second */
#define BAR_CELLS     20

static const char *const eighths[] = { " ", "▏", "▎", "▍", "▌", "▋", "▊", "▉" };

void line_clear(Line *l)
{
    if (!l->on) return;
    fputs("\r\033[K", l->sh->err);
    fflush(l->sh->err);
    l->on = false;
    l->drawn[0] = 0;
}

void line_talk(Line *l, Ink ink, const char *label, const char *text)
{
    Shell *sh = l->sh;
    line_clear(l);
    fprintf(sh->err, "%s%s%s%s\n", ink_on(sh->colour_err, ink), label, ink_off(sh->colour_err && ink != INK_NONE),
            text);
}

static size_t bar(char *buf, size_t n, double share)
{
    size_t at = 0;
    double cells = share * BAR_CELLS;
    for (int i = 0; i < BAR_CELLS; i++) {
        double part = cells - i;
        const char *cell = part >= 1 ? "█" : part <= 0 ? "·" : eighths[(int)(part * 8)];
        at += (size_t)snprintf(buf + at, n - at, "%s", cell);
    }
    return at;
}

/* Cut to so many terminal columns without halving a character. */
static void cut(char *text, size_t columns)
{
    for (; *text; text++) {
        if (((unsigned char)*text & 0xC0) == 0x80) continue;
        if (!columns--) break;
    }
    *text = 0;
}

void line_draw(Line *l, bool now)
{
    Shell *sh = l->sh;
    char text[512], took[32];
    if (!sh->err_terminal || sh->quiet) return;
    int64_t t = ctx_mono_us(l->cx);
    if (!now && t - l->drawn_us < LINE_EVERY_US) return;
    /* A room may put its own best score behind a comma; ours stands at the end of the line. */
    int label = (int)(l->best[0] ? strcspn(l->stage, ",") : strlen(l->stage));
    size_t at = (size_t)snprintf(text, sizeof text, "%-27.*s ", l->stage[0] ? label : 7,
                                 l->stage[0] ? l->stage : "working");
    if (l->total > 0) {
        double share = l->done / l->total;
        at += bar(text + at, sizeof text - at, share < 0 ? 0 : share > 1 ? 1 : share);
    }
    double left = l->deadline_us ? (double)(l->deadline_us - t) * 1e-6 : NAN;
    double shown = l->deadline_us ? fmax(left, 0) : (double)(t - l->start_us) * 1e-6;
    if (shown < 59.95) snprintf(took, sizeof took, "%.1f s", shown); /* one unit, so that it does not jump about */
    else show_seconds(shown, took);
    at += (size_t)snprintf(text + at, sizeof text - at, "  %s%s", took, l->deadline_us ? " left" : "");
    if (l->trials)
        at += (size_t)snprintf(text + at, sizeof text - at, " · %u trial%s", l->trials, l->trials == 1 ? "" : "s");
    if (l->best[0]) snprintf(text + at, sizeof text - at, " · %s", l->best);
    cut(text, sh->columns > 1 ? sh->columns - 1 : 79);
    l->drawn_us = t;
    if (l->on && !strcmp(text, l->drawn)) return;
    fprintf(sh->err, "\r%s\033[K", text);
    fflush(sh->err);
    l->on = true;
    snprintf(l->drawn, sizeof l->drawn, "%s", text);
}

static void tell(void *self, ProgressKind kind, const char *what, double done, double total)
{
    Line *l = self;
    Shell *sh = l->sh;
    switch (kind) {
    case PROGRESS_STEP:
        snprintf(l->stage, sizeof l->stage, "%s", what);
        l->done = done;
        l->total = total;
        line_draw(l, false);
        break;
    case PROGRESS_NOTE:
        if (!sh->quiet) line_talk(l, INK_NONE, "", what);
        break;
    case PROGRESS_WARNING:
        if (!sh->quiet) line_talk(l, INK_YELLOW, "warning: ", what);
        break;
    case PROGRESS_DETAIL:
        if (sh->verbose && !sh->quiet) line_talk(l, INK_DIM, "", what);
        break;
    }
}

void line_init(Line *l, Ctx *cx, Shell *sh)
{
    *l = (Line){ .cx = cx, .sh = sh };
    l->start_us = ctx_mono_us(cx);
    sh->line = l;
    cx->progress = (Progress){ tell, l };
}
