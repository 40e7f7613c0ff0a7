/*
 * trial: the store of a node that holds the logs of three, in memory, with a bit or a row that a disk has changed; and what
 * must be in it.
 */
#ifndef SPECOLA_TESTS_NODE_TRIAL_H
#define SPECOLA_TESTS_NODE_TRIAL_H

#include "tests/node/rot.h"

#define TRIAL_NODES 3
#define TRIAL_CASES 4 /* of each; a log has two entries more */
#define TRIAL_DUMP ((size_t)1 << 20)

struct trial {
  struct fixture f;
  struct fixture_node *node;
  struct rot_file file;
  struct bytes logs, milestones;           /* what was in these tables, a line a row */
  uint64_t closed, broke_off, lost, whole; /* how trials ended */
};

/* node is closed then. trial_end: the file is what it was. */
void trial_begin(struct trial *t, uint64_t seed);
void trial_end(struct trial *t);
/* Where the value that a query yields stands in the file. */
uint8_t *trial_place_of(struct trial *t, const char *sql, size_t *len);
/* Changes one row of the open store. */
void trial_change(struct trial *t, const char *sql);
/* What a query yields, a line a row; a line a milestone. */
void trial_dump(struct store *s, const char *sql, struct bytes *out);
void trial_milestones(struct store *s, struct bytes *out);
/* How many lines of `was` are not in `now`, which has no others. */
uint64_t trial_n_lost(const char *was, const char *now);
/* Every log has the root to which its entries fold. */
void trial_expect_folds(struct fixture_node *node);
/* The rows are what they were, but for one milestone at most. */
void trial_expect_rows(struct trial *t);

#endif
