/*
 * print: the accepted state of one log as one hash: which entries have effect and which are held for what, who may do what,
 * objects and their versions. Nothing in it depends on which other logs are there, or in which order things came.
 */
#ifndef SPECOLA_TESTS_SIM_PRINT_H
#define SPECOLA_TESTS_SIM_PRINT_H

#include "tests/node/fixture.h"

/* The question, asked of several logs of one store; NULL at first, and finalized by the caller before the store closes.
 * False: the store could not be read. */
bool print_log(struct fixture_node *node, sqlite3_stmt **question, const struct hall_head *head, struct hash *out);

#endif
