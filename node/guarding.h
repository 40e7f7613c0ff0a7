/*
 * guarding: the fork guard (node/guard.h) in its place: what a start finds in the head file and the store, what the exchange
 * hears, and what follows: the head file written before a checkpoint leaves, the outbox emptied when the guard opens. A hall
 * without a head file in its configuration is not guarded: its own log may always grow.
 */
#ifndef SPECOLA_NODE_GUARDING_H
#define SPECOLA_NODE_GUARDING_H

#include <jansson.h>

#include "node/guard.h"
#include "node/head.h"
#include "node/ingest.h"
#include "node/store/outbox.h"

#define GUARD_REASON_MAX 200

/* What a reader can say of the guard: as it would stand at a start now. */
struct guard_look {
  struct guard guard;
  struct outbox_size outbox;
};
/* From the store and the head file of a member; nothing is written. Store errors. */
MUST_CHECK enum err_code guard_look(struct store *s, const struct federation *f, const struct head_file *file,
                                    struct guard_look *out, struct err *err);
/* The same of a hall: as it stands. False: it is not guarded. */
bool hall_guard_look(struct hall *h, struct guard_look *out);
/* "waiting for 2 of 3 members to name our size", or "" of an open one. */
void guard_reason(const struct guard *g, const struct federation *f, char out[GUARD_REASON_MAX]);
/* {"open", "by", "reason", "needed", "named", "alone", "waiting", "refused"}. NULL without memory. */
json_t *guard_json(const struct guard_look *look, const struct federation *f);

/* Whether the own log may grow now. */
bool hall_may_write(const struct hall *h);
/* Whether records of the outbox are on their way into the log. */
bool hall_is_releasing(const struct hall *h);
/* ERR_QUEUED with the reason while it may not: for what cannot wait in the outbox. */
MUST_CHECK enum err_code hall_must_write(const struct hall *h, struct err *err);

/* What the exchange hears; nothing happens in a hall that is not guarded. */
void hall_hears_size(struct hall *h, const struct hash *member, uint64_t size, bool is_ours);
void hall_hears_nothing_behind(struct hall *h, const struct hash *member);
void hall_hears_checkpoint(struct hall *h, const struct checkpoint *c);

/* A person says that nobody holds more of the own log than this store. Written down until members confirm it. ERR_REFUSED if it
 * is known that there is more, store errors. */
MUST_CHECK enum err_code hall_go_alone(struct hall *h, struct err *err);
/* What is due: the head file, and, once the guard is open, one submission's worth of the outbox. *moved: the own log grew; call
 * again. Errors of the head file and the store: call again later. */
MUST_CHECK enum err_code hall_guard_turn(struct hall *h, bool *moved, struct err *err);

#endif
