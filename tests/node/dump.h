/*
 * dump: everything that was derived in a node's store, as text that is equal exactly when the content is.
 */
#ifndef SPECOLA_TESTS_NODE_DUMP_H
#define SPECOLA_TESTS_NODE_DUMP_H

#include "tests/node/fixture.h"

#define DUMP_MAX (64u * 1024u * 1024u)

/* Positions are named by (node id, gen, index), so that stores that met the logs in another order compare. With arrival, the
 * order in which things came is told too (only comparable within one store). Full text is told word by word. */
void dump_derived(struct fixture_node *node, bool arrival, struct bytes *out);
/* The number that a query of one row gives. */
int64_t dump_number(struct store *s, const char *sql);
/* What is derived is what would be derived anew, row by row. */
void dump_expect_derived(struct fixture_node *node);

#endif
