/*
 * hall: what the files of the hall share. Others use ingest.h and admit.h.
 */
#ifndef SPECOLA_NODE_HALL_H
#define SPECOLA_NODE_HALL_H

#include "node/admit.h"
#include "node/guarding.h"
#include "node/store/derivation.h"
#include "node/store/evidence.h"
#include "node/verify.h"
#include "node/voter.h"
#include "protocol/holds.h"

/* A generation of a log in memory. state is that of the evaluation of all generations of the log; it is loaded when it is first
 * needed, dropped (NULL) when a transaction fails that moved it, and goes over to the next generation with its first entry. */
struct hall_log {
  struct log log;
  struct evaluation *state;
};
/* The leaf hashes of one log, from its first on: proofs.c. */
struct hall_leaves {
  int64_t log_no; /* 0: none */
  uint64_t n, room;
  struct hash *hashes; /* owned */
};
/* The fork guard and what it writes. Nothing of it is used unless is_guarded. */
struct guarding {
  bool is_guarded, has_head;
  struct guard_look look;
  struct own_head head; /* what the head file says */
};
struct hall {
  struct hall_config config;
  struct derivation derivation;
  struct verify_pool *pool;
  struct hall_log *logs;   /* owned; by (node, gen); every one holds at least one entry */
  struct hall_head *heads; /* owned; same order */
  uint32_t n_logs;
  struct hash digest;
  uint64_t missing;          /* bodies that are absent */
  uint64_t n_damaged;        /* entries that wait to be whole again */
  uint64_t n_mended;         /* rows of logs and milestones that were put right at the start: the next pass tells them */
  struct scrub *scrub;       /* the pass under way, or the last one; NULL: none yet */
  bool erasing;              /* takedowns wait in table erasure: */
  bool is_forgotten;         /* the file has forgotten their texts, */
  bool is_emptied;           /* and so has the write-ahead log; what is left is to acknowledge them */
  struct pull *pulls;        /* open ones, the newest first */
  struct hall_share *shares; /* owned; what logs cost beside their bodies, as far as it was read: quota.c */
  uint32_t n_shares;
  struct fork *forks; /* owned; by (node, gen): logs of which evidence is held */
  uint32_t n_forks;
  struct hall_leaves leaves;
  struct guarding guarding;
  struct voter voter;
  bool is_behind; /* what follows from the epoch in force was not written yet: hall_follow */
};

/* The log in memory, NULL if nothing of it is held. */
struct hall_log *hall_find(const struct hall *h, const struct hash *node, uint64_t gen);
/* The state of a log's evaluation, loaded if need be; borrowed. Store errors. */
MUST_CHECK enum err_code hall_state(struct hall *h, struct hall_log *log, struct err *err);
/* Room for one more log and head, so that hall_moved cannot fail. ERR_MEMORY. */
MUST_CHECK enum err_code hall_reserve(struct hall *h, struct err *err);
/* After a commit: the log stands here now. Takes state. There must be room (hall_reserve). */
void hall_moved(struct hall *h, const struct log *log, struct evaluation *state, uint64_t more_missing);
/* A checkpoint of a log that may stand there (docs/protocol.md 7.2). Errors of federation_checkpoint; ERR_MISMATCH: its
 * generation ends before it, or does not begin yet. */
MUST_CHECK enum err_code hall_checkpoint(const struct hall *h, struct view text, struct checkpoint *out, struct err *err);
/* The state of every log is to be loaded again. */
void hall_forget_states(struct hall *h);
/* All derived tables, and the state of every log, anew. Errors of derive_rebuild. */
MUST_CHECK enum err_code hall_derive_again(struct hall *h, struct err *err);
/* The same if they are not what they should be, which *damaged says; else nothing is written. Errors of derive_check. */
MUST_CHECK enum err_code hall_check_derived(struct hall *h, bool *damaged, struct err *err);
struct scrub;
void scrub_free(struct scrub *s); /* NULL is fine */
/* An entry that was marked is healed: a pass that met it before does not mark it again. NULL is fine. */
void scrub_healed(struct scrub *s, int64_t rowid);
/* A log has fallen to a size: what was found above stands there no more, and if the pass looks at that log it begins it anew.
 * NULL is fine. */
void scrub_fell(struct scrub *s, int64_t log_no, uint64_t size);
/* After a commit: what takedowns took away in that transaction. */
void hall_erased(struct hall *h);
/* After a commit: the log stands lower now, or (size 0) is no more; its state and that of others of this node are dropped. */
void hall_fell(struct hall *h, const struct log *log);
/* Counts anew how many bodies are absent. Store errors. */
MUST_CHECK enum err_code hall_count_missing(struct hall *h, struct err *err);
/* After a log or the epoch moved. */
void hall_digest_again(struct hall *h);
/* What follows from the epoch in force, unless that was done: logs of former members end at their cuts, and objects stand as
 * the members make them. Store errors: it is tried again with the voter's next turn. */
MUST_CHECK enum err_code hall_follow(struct hall *h, struct err *err);
/* Seals a record of a kind below 16 other than 2 with the node key and admits it; header receives home and time. Errors of
 * hall_admit. */
MUST_CHECK enum err_code hall_admit_own(struct hall *h, struct header *header, struct view body, struct receipt_row *row,
                                        struct err *err);
/* The member of that node, to be changed; NULL: there is none. */
struct federation_member *hall_member(struct hall *h, const struct hash *node);

/* An identity that is not the one believed of its version, or follows on such a one: *taken if it is a twin (docs/protocol.md
 * 6.1) that was not held, and is kept now. Whatever else it is has no effect. ERR_MEMORY, store errors. */
MUST_CHECK enum err_code hall_twin(struct hall *h, const struct federation_member *m, struct view item, bool *taken,
                                   struct err *err);
/* Takes an identity of whichever member it follows on: it does not say whose it is. First identities stand in the charter and
 * are passed over. ERR_FORMAT, ERR_MEMORY, ERR_DISK_FULL. */
MUST_CHECK enum err_code hall_any_identity(struct hall *h, struct view item, struct err *err);
/* A checkpoint of the owner's: if it has another root than what was held at its size, that is evidence of a fork, which is
 * kept. Store errors. */
MUST_CHECK enum err_code hall_look_for_fork(struct hall *h, const struct checkpoint *c, struct view text, struct err *err);
/* What is written in the same transaction as records that come into the own log: called once they are there, before the commit.
 * Not called where nothing comes into the log, nor where the fork guard queues it. */
struct admit_beside {
  enum err_code (*write)(void *context, const struct receipt *receipt, struct err *err);
  void *context;
};
/* hall_admit, and beside it (NULL: nothing) what hangs together with it. Errors of both. */
MUST_CHECK enum err_code hall_admit_beside(struct hall *h, const struct item *items, uint32_t n,
                                           const struct admit_beside *beside, struct receipt *out, struct err *err);
/* hall_certify likewise. */
MUST_CHECK enum err_code hall_certify_beside(struct hall *h, const struct certify_wish *wish, const struct admit_beside *beside,
                                             struct receipt_row *row, struct err *err);
/* Every certificate and revocation of the own log; borrowed until it grows. ERR_REFUSED: it has not begun. Store errors. */
MUST_CHECK enum err_code hall_people(struct hall *h, const struct people **out, struct err *err);

/* Reads which logs have forked, when the hall opens. Store errors. */
MUST_CHECK enum err_code hall_load_forks(struct hall *h, struct err *err);
/* ERR_REFUSED, with the reason for people, if a log has forked and may not grow to that size: it grows up to where its branches
 * are known to part, which is part of both, and no further, until a cut closes the generation. */
MUST_CHECK enum err_code hall_frozen(const struct hall *h, const struct hash *node, uint64_t gen, uint64_t size,
                                     struct err *err);
/* ERR_REFUSED if a member's logs, all generations together, and `coming` octets that are on their way have filled their share
 * of the disk: they are followed no further until the operator gives them more. The own log has no share. ERR_MEMORY, store
 * errors. */
MUST_CHECK enum err_code hall_quota(struct hall *h, const struct hash *node, uint64_t coming, struct err *err);
/* Entries were withdrawn, or are others now: what logs cost is read again when it is needed. */
void hall_forget_shares(struct hall *h);
/* Frees the leaf hashes that are kept; they are read again when they are needed. */
void hall_forget_leaves(struct hall *h);
/* ---- the fork guard: guarding.c, outbox.c, admit.c ---- */
MUST_CHECK enum err_code guarding_open(struct hall *h, struct err *err); /* at the end of hall_open */
void guarding_members(struct hall *h, const uint32_t *was);              /* after an epoch: guard_members */
void guarding_moved(struct hall *h, const struct log *log);              /* after hall_moved */
void guarding_holds(struct hall *h, const struct holds *holds);          /* fresh ones of another member */
/* Which of n items are for another member's log: foreign[i]; *any: at least one. Store errors. */
MUST_CHECK enum err_code forward_sort(const struct hall *h, const struct item *items, uint32_t n, bool *foreign, bool *any,
                                      struct err *err);
/* Keeps those for their homes; a row of out for each of them, the others' are untouched. Store errors. */
MUST_CHECK enum err_code forward_take(struct hall *h, const struct verified *entries, const bool *foreign, uint32_t n,
                                      struct receipt *out, struct err *err);
/* Instead of admission while the guard is closed: keeps in the outbox what may come in later. Store errors. */
MUST_CHECK enum err_code outbox_queue(struct hall *h, const struct verified *entries, uint32_t n, struct receipt *out,
                                      struct err *err);
/* Admits the oldest that wait, one submission's worth, in one transaction. *moved: the own log grew. Store errors. */
MUST_CHECK enum err_code outbox_release(struct hall *h, bool *moved, struct err *err);

#endif
