/*
 * invitation: tables invitation and ask: who was invited, and who asked (docs/protocol.md 17). A store of an older version,
 * open for reading, has none.
 */
#ifndef SPECOLA_NODE_STORE_INVITATION_H
#define SPECOLA_NODE_STORE_INVITATION_H

#include "node/store/store.h"
#include "protocol/limits.h"

#define INVITATION_NAME_MAX ((size_t)LIMIT_NAME * 4) /* octets */

enum invitation_state { INVITATION_OPEN = 0, INVITATION_ASKED = 1, INVITATION_USED = 2, INVITATION_CANCELLED = 3 };
/* One invitation, and who asked with it. */
struct invitation {
  uint64_t number; /* from 1, as people call it */
  struct hash token;
  bool for_node, confirm;
  uint64_t roles, territory, person;
  uint64_t made_s, until_s; /* unix seconds */
  enum invitation_state state;
  char name[INVITATION_NAME_MAX + 1]; /* "": the one who asks says it */
  bool is_asked;
  struct {
    struct pubkey key;
    char name[INVITATION_NAME_MAX + 1];
    struct hash node; /* of a node */
    uint64_t asked_s;
    bool is_answered;
    uint64_t gen, index; /* of the certificate, where there is one: gen 0: none */
  } ask;
};

/* A new one: state open; number is given here. Store errors. */
MUST_CHECK enum err_code invitation_put(struct store *s, struct invitation *invitation, struct err *err);
/* By what is kept of its token, or by its number. ERR_NOT_FOUND, store errors. */
MUST_CHECK enum err_code invitation_by_token(struct store *s, const struct hash *token, struct invitation *out,
                                             struct err *err);
MUST_CHECK enum err_code invitation_by_number(struct store *s, uint64_t number, struct invitation *out, struct err *err);
/* Keeps invitation->ask (which waits, or is answered) and moves to the state; names are dropped with states used and cancelled.
 * request: of a node, else empty. Store errors. */
MUST_CHECK enum err_code invitation_move(struct store *s, const struct invitation *invitation, enum invitation_state state,
                                         struct view request, struct err *err);
/* The asks of a node are answered: it was proposed to the members, or is one. Store errors. */
MUST_CHECK enum err_code invitation_answer(struct store *s, const struct hash *node, struct err *err);
/* Appends the founding request that a node asked with (payload of item 8, docs/protocol.md 10). ERR_NOT_FOUND, store errors. */
MUST_CHECK enum err_code invitation_request(struct store *s, uint64_t number, struct bytes *out, struct err *err);
/* How many asks wait for the coordinator's word. Store errors. */
MUST_CHECK enum err_code invitation_waiting(struct store *s, uint64_t *n, struct err *err);
/* Each, the oldest first; stops when visit returns false. Store errors. */
typedef bool invitation_visit(void *context, const struct invitation *invitation);
MUST_CHECK enum err_code invitation_each(struct store *s, invitation_visit *visit, void *context, struct err *err);
/* Takes back all that nobody has asked with and that are good at `now` (unix seconds): of a store that was put back nobody
 * knows whether they were used since. *n: how many. Inside the caller's transaction. Store errors. */
MUST_CHECK enum err_code invitation_cancel_open(struct store *s, uint64_t now, uint64_t *n, struct err *err);

#endif
