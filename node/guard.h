/*
 * guard: the fork guard, as a pure state machine. Only a signed checkpoint can fork a log, so a node whose store may be older
 * than what it once signed signs none: it waits until members say how much of its log they hold. Facts come in (the head file,
 * what members name, a longer log under our own key, a person's word), whether the own log may grow comes out. No store, no
 * file, no clock: those are guarding.c's. Why it is so: docs/decisions/0010-the-fork-guard.md; the rules: docs/store.md.
 */
#ifndef SPECOLA_NODE_GUARD_H
#define SPECOLA_NODE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol/limits.h"

#define GUARD_WORDS 3u /* members that must name our size, where there are so many others */

/* By what the guard was opened. */
enum guard_key {
  GUARD_LOCKED,     /* by nothing yet */
  GUARD_BY_HEAD,    /* the head file fits the store: it is the one that signed last */
  GUARD_BY_MEMBERS, /* enough of them hold no more than we do */
  GUARD_BY_PERSON   /* --alone */
};
/* What one member said of our log since the start. */
struct guard_word {
  bool is_named;   /* it named its size in a session of this start */
  bool confirms;   /* it named our size and root at or above alone_from */
  uint64_t size;   /* that it named */
  uint64_t rumour; /* the size that its HOLDS named last, by whatever way it came; 0: none came */
};
/* Invariants: key is GUARD_LOCKED while proven > size; n_members is 1 or more. */
struct guard {
  uint32_t n_members; /* ourselves among them */
  uint64_t gen, size; /* of the own log as held */
  uint64_t proven;    /* the largest size under a checkpoint of our own key that was met */
  enum guard_key key;
  bool is_begun; /* the head file says that something was signed */
  bool is_alone; /* a person opened it, and no members have confirmed it yet */
  uint64_t alone_from;
  struct guard_word words[LIMIT_MEMBERS]; /* by place among the members */
};

/* A locked guard in a federation of so many members; nothing opens it before guard_stands. */
void guard_init(struct guard *g, uint32_t n_members);
/* The head file says that something was signed, whatever stands here: before guard_stands. */
void guard_begun(struct guard *g);
/* The members are others: whoever has place i now had place was[i], or was none (LIMIT_MEMBERS). What opened the guard holds
 * on: that nobody held more then. n_members: 1..LIMIT_MEMBERS. */
void guard_members(struct guard *g, uint32_t n_members, const uint32_t *was);
/* The own log stands here now. Another generation begins anew: what was named or proven of the one before says nothing. */
void guard_stands(struct guard *g, uint64_t gen, uint64_t size);
/* The head file fits the store. */
void guard_fits(struct guard *g);
/* A member named the size that it holds of our log, in a session with us; is_ours: that and the root are what we have. */
void guard_named(struct guard *g, uint32_t member, uint64_t size, bool is_ours);
/* It could not show what it named. */
void guard_unbacked(struct guard *g, uint32_t member);
/* HOLDS of a member came, which names this size of our log (0: none). It may be old: it opens nothing, but it may keep closed.
 */
void guard_rumour(struct guard *g, uint32_t member, uint64_t size);
/* A checkpoint under our own key was met. */
void guard_proven(struct guard *g, uint64_t size);
/* A person says that nobody holds more: false if it is known that there is more. from: the size at which that was said; what is
 * remembered of an earlier start is said again by guard_remember. */
bool guard_alone(struct guard *g);
void guard_remember(struct guard *g, uint64_t from);

bool guard_is_open(const struct guard *g);
/* How many must name our size, how many have, and who (NULL: do not tell) holds the guard closed by naming more: false if
 * nobody does. */
uint32_t guard_needed(const struct guard *g);
uint32_t guard_n_named(const struct guard *g);
bool guard_is_ahead(const struct guard *g, uint32_t *member, uint64_t *size);
/* A person's word has been borne out: as many as are needed hold what we have. */
bool guard_is_confirmed(const struct guard *g);

#endif
