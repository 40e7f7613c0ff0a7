/*
 * memo: signatures that were verified before, remembered by a hash of the exact octets (signature, key, input): the same octets
 * give the same answer, so a run with a memo is the run without. In the way of libsodium by the linker (--wrap), in the
 * simulator's program only.
 */
#ifndef SPECOLA_TESTS_SIM_MEMO_H
#define SPECOLA_TESTS_SIM_MEMO_H

#include <stdint.h>

/* How many verifications libsodium made, and how many were remembered. */
struct memo_figures {
  uint64_t made, remembered;
};
struct memo_figures memo_figures(void);
void memo_forget(void);

#endif
