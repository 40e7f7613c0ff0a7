/*
 * ask: a question to the person at the terminal. Nobody is asked under --no-input or --json, nor where stdin is no terminal.
 */
#ifndef SPECOLA_CLI_ASK_H
#define SPECOLA_CLI_ASK_H

#include "cli/cli.h"

/* Whether there is somebody to ask. */
bool ask_can(const struct cli *cli);
/* Writes "question " to stderr and reads one line into out (without its end; at most out's ceiling). *ended: the person closed
 * the input. ERR_INPUT_NEEDED if nobody can be asked, ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code ask_line(const struct cli *cli, const char *question, struct bytes *out, bool *ended, struct err *err);
/* A question that is answered with yes or no, in the language of this run; anything else, and the end, is fallback. */
MUST_CHECK enum err_code ask_yes(const struct cli *cli, const char *question, bool fallback, bool *yes, struct err *err);

#endif
