/*
 * assembly: members of a fixture that change who is a member: acts, the people's word for them, and what carries epochs and
 * logs from one to the others.
 */
#ifndef SPECOLA_TESTS_NODE_ASSEMBLY_H
#define SPECOLA_TESTS_NODE_ASSEMBLY_H

#include "node/voter.h"
#include "tests/node/fixture.h"

/* Encoded changes, appended: one act, with n consents. */
void assembly_change(struct fixture *f, const struct act *act, const struct consent *consents, uint32_t n, struct bytes *out);
/* Encoded changes, appended: admit a newcomer; lead: whose associate it would be, or NULL. */
void assembly_admit(struct fixture_node *newcomer, const struct fixture_node *lead, struct bytes *changes);
/* Remove a member, whose log counts up to that size (0: nothing of it), with the root signatures of n others. */
void assembly_remove(struct fixture_node *member, uint64_t size, const struct hash *root, struct fixture_node *const *by,
                     uint32_t n, struct bytes *changes);
/* A node's people wish that, with the consent of its node key or without; its voter has its turn. */
void assembly_wish(struct fixture_node *node, struct view changes, bool consents);
/* Epochs and logs of one that another lacks. */
void assembly_tell(struct fixture_node *from, struct fixture_node *to);
/* Everybody who is open has turns and tells all others, until nothing moves any more. */
void assembly_settle(struct fixture *f);
/* The same while time passes, until somebody who is open has that epoch: the proposers of some ballots may be away. */
void assembly_wait(struct fixture *f, uint64_t epoch);
/* Everybody who is open has the same epoch and the same frontier. */
void assembly_is_one(struct fixture *f, uint64_t epoch);

#endif
