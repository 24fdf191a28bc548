/* main/main.c -- the front door: what must be set before anything else, the streams, then the command line. */
#include "cli/cli.h"
#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* When this process began, on the monotonic clock: the kernel's own word (field 22 of /proc/self/stat, in ticks since
** boot), so that loading the program counts as the person sees it.  Boot time runs on through sleep, the monotonic
** clock does not; the difference of the two now is taken off.  Our own entry when the kernel does not say. */
static int64_t process_start_us(void)
{
    char buf[1024];
    struct timespec boot, mono;
    size_t n = 0;
    clock_gettime(CLOCK_MONOTONIC, &mono);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    int64_t now = (int64_t)mono.tv_sec * 1000000 + mono.tv_nsec / 1000;
    int64_t since_boot = (int64_t)boot.tv_sec * 1000000 + boot.tv_nsec / 1000;
    FILE *f = fopen("/proc/self/stat", "re");
    if (f) {
        n = fread(buf, 1, sizeof buf - 1, f);
        fclose(f);
    }
    buf[n] = 0;
    char *at = strrchr(buf, ')'); /* the program's name may hold anything */
    for (int field = 2; at && field < 22; field++) { at = strchr(at + 1, ' '); }
    long ticks = sysconf(_SC_CLK_TCK);
    if (!at || ticks <= 0) return now;
    int64_t began = (int64_t)(strtoull(at, NULL, 10) * 1000000ull / (unsigned long long)ticks);
    int64_t age = since_boot - began;
    /* A container may show another boot time than its clock knows: believe nothing above a minute. */
    return age < 0 || age > 60 * 1000000ll ? now : now - age;
}

int main(int argc, char **argv)
{
    char program[OS_PATH_MAX];
    /* Before any library that brings libgomp: its threads must sleep, not spin, between pieces of work. */
    setenv("OMP_WAIT_POLICY", "passive", 1);

    Ctx cx = { .world = &os_world, .seed = 1 };
    House house = { .started_us = process_start_us() };
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    Shell sh = {
        .house = &house,
        .out = stdout,
        .err = stderr,
        .out_terminal = os_is_terminal(1),
        .err_terminal = os_is_terminal(2),
        .colourless = (no_color && *no_color) || (term && !strcmp(term, "dumb")),
        .trail = getenv("LEAT_TRAIL") != NULL,
    };
    sh.columns = sh.out_terminal ? os_terminal_columns(1) : sh.err_terminal ? os_terminal_columns(2) : 80;
    cx.cancel = os_catch_interrupt();
    if (!os_exe_path(&cx, program)) house.program = program;
    cx.text[0] = 0;

    int status = cli_run(&cx, &sh, argc, (const char *const *)argv);
    house_close(&cx, &house);
    ctx_clear(&cx);
    return status;
}
