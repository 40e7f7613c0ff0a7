/*
 * rot: bits that a disk changes: a closed node's store in memory, to be altered and written back, and a pass over it.
 */
#ifndef SPECOLA_TESTS_NODE_ROT_H
#define SPECOLA_TESTS_NODE_ROT_H

#include "node/scrub.h"
#include "tests/node/fixture.h"

struct rot_file {
  char path[512];
  uint8_t *octets; /* owned; the caller frees */
  size_t len;
};
void rot_read(const struct fixture_node *node, struct rot_file *f);
/* The file becomes what is in memory; what lies beside it goes. */
void rot_write(const struct rot_file *f);
/* A whole pass, so many entries a step. */
enum err_code rot_scrub(struct fixture_node *node, uint64_t step, struct scrub_state *out, struct err *err);
/* A whole pass finds nothing damaged, derived tables included. */
void rot_expect_sound(struct fixture_node *node);

#endif
