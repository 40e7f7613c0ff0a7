/*
 * lookup: which command of the table the words name, whatever options stand before it; and what `help` says about it.
 */
#ifndef SPECOLA_CLI_LOOKUP_H
#define SPECOLA_CLI_LOOKUP_H

#include "cli/cli.h"

/* Words without those that name the command, in order. Owned array of borrowed strings. */
struct words {
  char **words;
  int n;
};
void words_release(struct words *w);

/* Finds the command; without any word it is "help". ERR_USAGE with the nearest command or the list of those that begin so.
 * ERR_MEMORY. On success rest holds every other word. */
MUST_CHECK enum err_code lookup_command(int n_words, char **words, const struct command **out, struct words *rest,
                                        struct err *err);
/* The command of that name, or NULL. */
const struct command *command_by_name(const char *name);

/* Says what a command does, its operands and options. */
MUST_CHECK enum err_code help_command(struct cli *cli, const struct command *command, struct err *err);
command_function cmd_help, cmd_version;

#endif
