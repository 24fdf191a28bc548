/* cli/cli.h -- the door of the command line: words in, words out.
**
** main fills a Shell with what it knows of the outside (streams, terminal, the
** house) and calls cli_run.  Everything the command line can say lies in one
** const row a command (command.h): the parser, --help, man pages, completion
** and usage errors are printed from these rows and from nothing else.
** Results go to `out`, talk to `err`.  No rule of the domain lives here.
*/
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "app/app.h"

#include <stdio.h>

typedef struct Line Line;              /* the progress line under way; see line.c */

typedef struct Shell {
    House *house;                      /* (borrowed) */
    FILE *out, *err;                   /* results; talk                                     (borrowed) */
    bool out_terminal, err_terminal;   /* a person looks at it */
    bool colourless;                   /* NO_COLOR is set, or TERM=dumb */
    bool trail;                        /* LEAT_TRAIL is set: print where a failure passed */
    unsigned columns;                  /* width of the terminal */
    /* From the global options, set by cli_run: */
    bool json, quiet, colour_out, colour_err;
    int verbose;
    int argc;
    const char *const *argv;           /* as typed */
    Line *line;
    int verdict;                       /* exit status of a command that worked and has bad news; 0: none */
} Shell;

/* Run one command line.  Returns the exit status (err_exit).  argv[0] is the program. */
int cli_run(Ctx *cx, Shell *sh, int argc, const char *const *argv);

#endif
