/*
 * examples: lines that show a command at work, for its help.
 */
#ifndef SPECOLA_CLI_EXAMPLES_H
#define SPECOLA_CLI_EXAMPLES_H

#include <stddef.h>

/* The i-th example (from 0) of a command, by its name in the table; NULL behind the last. Static storage. */
const char *example_of(const char *command, size_t i);

#endif
