/*
 * rot: bits that a disk changes: a closed node's store in memory, to be altered and written back, and a pass over it.
 */
#ifndef SPECOLA_TESTS_NODE_ROT_H
#define SPECOLA_TESTS_NODE_ROT_H

#include "node/scrub.h"
#include "tests/node/fixture.h"

#define ROT_PAGE ((size_t)16384)

struct rot_file {
  char path[512];
  uint8_t *octets; /* owned; the caller frees */
  size_t len;
};
void rot_read(const struct fixture_node *node, struct rot_file *f);
/* The file becomes what is in memory; what lies beside it goes. */
void rot_write(const struct rot_file *f);
/* Where the root page of a table or an index begins, of the node's file as it is in memory. */
uint8_t *rot_root(struct fixture_node *node, const struct rot_file *f, const char *name);
/* The file is what is in memory, but for what SQLite notes at its beginning. */
void rot_expect_unchanged(const struct fixture_node *node, const struct rot_file *f);
/* A whole pass, so many entries a step. */
enum err_code rot_scrub(struct fixture_node *node, uint64_t step, struct scrub_state *out, struct err *err);
/* A whole pass finds nothing damaged, derived tables included. */
void rot_expect_sound(struct fixture_node *node);

#endif
