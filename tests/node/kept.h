/*
 * kept: whether the tables of endorsements hold what the judge says, and nothing else.
 */
#ifndef SPECOLA_TESTS_NODE_KEPT_H
#define SPECOLA_TESTS_NODE_KEPT_H

#include "tests/node/fixture.h"

#define KEPT_ROWS(table, condition) "SELECT count(*) FROM " table " WHERE " condition

/* The one number that a statement gives. */
uint64_t kept_number(struct fixture_node *at, const char *sql);
/* Everything that is kept of endorsements is what the judge says now, and nothing else is kept. */
void kept_expect(struct fixture_node *at);

#endif
