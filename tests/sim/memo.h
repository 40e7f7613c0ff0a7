/*
 * memo: the signatures of a run, in the way of libsodium by the linker (--wrap), in the simulator's program only. Either true
 * ones, and those that were verified before are remembered by a hash of the exact octets (signature, key, input): the same
 * octets give the same answer, so a run with a memo is the run without. Or hashes that stand in for them: of the same length,
 * of the public key and the input, at a fiftieth of the price. Nobody in the simulator makes one but with a signing key that
 * it has, so no story is another by it, but for the octets.
 */
#ifndef SPECOLA_TESTS_SIM_MEMO_H
#define SPECOLA_TESTS_SIM_MEMO_H

#include <stdbool.h>
#include <stdint.h>

/* How many verifications libsodium made, and how many were remembered. */
struct memo_figures {
  uint64_t made, remembered;
};
struct memo_figures memo_figures(void);
/* A run begins: what was remembered is forgotten. */
void memo_begin(bool is_true);

#endif
