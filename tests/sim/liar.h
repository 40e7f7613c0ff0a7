/*
 * liar: a member that a test plays. EE's part, with EE's keys and EE's true log, but for one lie; it dials IT.
 */
#ifndef SPECOLA_TESTS_SIM_LIAR_H
#define SPECOLA_TESTS_SIM_LIAR_H

#include "node/exchange/inside.h"
#include "tests/sim/net_sim.h"

#define IT 0
#define FR 1
#define EE 2

enum lie {
  LIE_NONE,
  LIE_OTHER_LINK,
  LIE_GARBAGE,
  LIE_TOO_LARGE,
  LIE_OTHER_FEDERATION,
  LIE_OTHER_NODE,
  LIE_NO_HELLO,
  LIE_UNKNOWN_MESSAGE,
  LIE_BROKEN_MESSAGE,
  LIE_FALSE_HEAD,
  LIE_UNKNOWN_HEAD,
  LIE_ENDLESS_HEADS,
  LIE_OTHER_KEY,
  LIE_OTHER_LOG,
  LIE_GAP,
  LIE_UNASKED_DATA,
  LIE_UNASKED_IDENT,
  LIE_FLIPPED,
  LIE_WRONG_PLACE,
  LIE_SILENT,
  LIE_NOT_HELD
};

struct liar {
  struct sim *s;
  enum lie lie;
  struct session_self self;
  struct session session;
  struct link_id link;
  bool opened, lied;
  uint32_t served; /* the log that it serves: its own, or another's */
  uint32_t n_gets;
  bool (*hook)(struct liar *a); /* sees what comes before the liar does (in); true: it has dealt with it. May be NULL */
  struct bytes frame, payload, storage;
  struct message in, out;
};

/* Founds IT, FR and EE, entries in EE's log; IT and FR are up and agree. liar_free. */
struct liar *liar_new(enum lie lie, uint32_t entries, uint64_t seed);
void liar_free(struct liar *a);
void liar_dial(struct liar *a);

/* Says `out`. */
void liar_say(struct liar *a);
/* HEADS of the log it serves, with a size too large by `more`. */
void liar_say_heads(struct liar *a, uint64_t more, bool other_root);
/* HEADS so large that the quota of octets runs out before that of frames. */
void liar_say_large(struct liar *a);
/* The newest checkpoint of the log it serves, as of `log` and under `key`; key NULL: the true one. */
void liar_say_checkpoint(struct liar *a, const struct signer *key, uint32_t log);
/* Makes `out` the answer to `in`. */
void liar_answer_to(struct liar *a, uint64_t type);
struct hash liar_served_id(const struct liar *a);
uint64_t liar_roll_of(const struct liar *a, uint32_t node);

#endif
