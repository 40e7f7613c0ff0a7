/*
 * invite: see invite.h.
 */
#include "node/invite.h"

#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/hall.h"

#define DAY_S 86400u

/* The same code whether or not anybody wants to know why. */
static enum err_code refuse(enum err_code code, const char *why, const char *hint, struct err *err) {
  (void)err_set(err, code, "%s", why);
  (void)err_hint(err, "%s", hint);
  return code;
}

/* ---- making ---- */

static bool name_is_fine(const char *name) {
  const struct view v = view_of_text(name);
  bool is_line = v.len > 0 && text_is_valid(v) && text_length(v) <= LIMIT_NAME;
  for (size_t at = 0; is_line && at < v.len;) {
    uint32_t c = 0;
    at += text_decode(view_of(v.p + at, v.len - at), &c);
    is_line = !text_is_harmful(c);
  }
  return is_line;
}

static enum err_code check_person(struct hall *h, uint64_t person, struct err *err) {
  const struct people *people = NULL;
  bool revoked = false;
  struct position from;
  const enum err_code code = hall_people(h, &people, err);
  for (size_t i = 0; code == OK && i < people_count(people); i++) {
    if (people_certificate(people, i, &revoked, &from)->person == person) return OK;
  }
  if (code != OK) return code;
  return refuse(ERR_NOT_FOUND, "this log has no person of that number", "specola person list", err);
}

static enum err_code check_wish(struct hall *h, const struct invite_wish *wish, struct err *err) {
  static const uint64_t ALL = ROLE_COORDINATOR | ROLE_EDITOR | ROLE_REVIEWER | ROLE_CONTRIBUTOR | ROLE_FACILITATOR;
  if (h->config.node_key == NULL || federation_self(h->config.federation) == NULL) {
    return err_set(err, ERR_REFUSED, "this process has no node key: nobody could be certified");
  }
  if (wish->days == 0 || wish->days > INVITE_DAYS_MAX) {
    return err_set(err, ERR_USAGE, "an invitation is good for 1 to %u days", INVITE_DAYS_MAX);
  }
  if (wish->for_node) return OK;
  if (wish->roles == 0 || (wish->roles & ~ALL) != 0) return err_set(err, ERR_USAGE, "an invitation names roles that there are");
  if (wish->name != NULL && !name_is_fine(wish->name)) {
    return err_set(err, ERR_USAGE, "a name is one line of 1 to %u characters", LIMIT_NAME);
  }
  return wish->person == 0 ? OK : check_person(h, wish->person, err);
}

/* Between store_begin and the end of it: commits, or takes all back. */
static enum err_code finish(struct store *s, enum err_code code, struct err *err) {
  if (code == OK) code = store_commit(s, err);
  if (code != OK) store_rollback(s);
  return code;
}

enum err_code hall_invite(struct hall *h, const struct invite_wish *wish, struct token *token, struct invitation *out,
                          struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = check_wish(h, wish, err);
  if (code != OK) return code;
  entropy_fill(h->config.entropy, token->b, sizeof token->b);
  *out = (struct invitation){.token = token_hash(token), .for_node = wish->for_node, .made_s = clock_unix(h->config.clock)};
  out->until_s = out->made_s + wish->days * DAY_S;
  if (!wish->for_node) {
    out->roles = wish->roles;
    out->territory = wish->territory;
    out->person = wish->person;
    out->confirm = wish->confirm;
    (void)snprintf(out->name, sizeof out->name, "%s", wish->name == NULL ? "" : wish->name);
  }
  code = store_begin(s, err);
  return code == OK ? finish(s, invitation_put(s, out, err), err) : code;
}

enum err_code hall_invite_cancel(struct hall *h, uint64_t number, struct err *err) {
  struct store *s = h->config.store;
  struct invitation i;
  enum err_code code = invitation_by_number(s, number, &i, err);
  if (code != OK) {
    if (code == ERR_NOT_FOUND) (void)err_hint(err, "specola invite list");
    return code;
  }
  if (i.state == INVITATION_CANCELLED) return OK;
  if (i.state == INVITATION_USED) {
    return refuse(ERR_REFUSED, "the invitation is used: there is a certificate",
                  "specola person list, then specola person revoke PERSON", err);
  }
  code = store_begin(s, err);
  return code == OK ? finish(s, invitation_move(s, &i, INVITATION_CANCELLED, view_of(NULL, 0), err), err) : code;
}

/* ---- certifying ---- */

struct using {
  struct store *store;
  struct invitation *invitation;
};

/* In the transaction that brings the certificate. */
static enum err_code mark_used(void *context, const struct receipt *receipt, struct err *err) {
  const struct using *u = context;
  u->invitation->ask.is_answered = true;
  u->invitation->ask.gen = receipt->rows[0].gen;
  u->invitation->ask.index = receipt->rows[0].index;
  return invitation_move(u->store, u->invitation, INVITATION_USED, view_of(NULL, 0), err);
}

/* Whether a key is certified in the own log for another person than the one who is invited. */
static bool is_anothers(const struct people *people, const struct invitation *i, const struct pubkey *key) {
  static const struct position end = {UINT64_MAX, UINT64_MAX};
  const struct certificate *c = i->person == 0 ? NULL : people_newest(people, key, end);
  return c != NULL && c->person != i->person;
}

/* The certificate of i->ask, and that it is there: both or neither. */
static enum err_code certify(struct hall *h, struct invitation *i, struct receipt_row *row, struct err *err) {
  struct using u = {h->config.store, i};
  const struct admit_beside beside = {mark_used, &u};
  const struct certify_wish wish = {.key = i->ask.key,
                                    .person = i->person,
                                    .roles = i->roles,
                                    .territory = i->territory,
                                    .name = i->name[0] != '\0' ? i->name : i->ask.name};
  return hall_certify_beside(h, &wish, &beside, row, err);
}

enum err_code hall_invite_confirm(struct hall *h, uint64_t number, struct invitation *out, struct receipt_row *row,
                                  struct err *err) {
  const struct people *people = NULL;
  enum err_code code = invitation_by_number(h->config.store, number, out, err);
  if (code != OK) {
    if (code == ERR_NOT_FOUND) (void)err_hint(err, "specola invite list");
    return code;
  }
  if (out->state == INVITATION_USED) return err_set(err, ERR_MISMATCH, "who was invited is certified already");
  if (out->state == INVITATION_CANCELLED) {
    return refuse(ERR_REFUSED, "the invitation was taken back", "make a new one: specola help invite", err);
  }
  if (!out->is_asked) {
    return refuse(ERR_REFUSED, "nobody has asked with this invitation yet",
                  "it is certified as soon as whoever was invited has run: specola join LINE", err);
  }
  if (out->for_node) {
    return refuse(ERR_REFUSED, "a node is admitted by the members' votes", "specola help member", err);
  }
  code = hall_people(h, &people, err);
  if (code == OK && is_anothers(people, out, &out->ask.key)) { /* certified since it was asked */
    return refuse(ERR_REFUSED, reason_text(REASON_PERSON), "specola person list", err);
  }
  return code == OK ? certify(h, out, row, err) : code;
}

/* ---- asking ---- */

/* Whether it is asked of us, with a token of ours. REASON_NONE: *out is the invitation. */
static enum err_code find(struct hall *h, const struct ask *ask, struct invitation *out, enum reason *reason, struct err *err) {
  const struct hash kept = token_hash(&ask->token);
  *reason = REASON_NONE;
  if (!hash_equal(&ask->fed_id, &h->derivation.fed_id))
    *reason = REASON_FEDERATION;
  else if (!hash_equal(&ask->node, &h->config.federation->own))
    *reason = REASON_HOME;
  if (*reason != REASON_NONE) return OK;
  const enum err_code code = invitation_by_token(h->config.store, &kept, out, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    *reason = REASON_TOKEN;
    return OK;
  }
  if (code == OK && out->for_node != (ask->request.len > 0)) *reason = REASON_TOKEN;
  return code;
}

/* What became of an earlier ask of the same key. */
static void answer_again(const struct invitation *i, struct receipt_row *row) {
  if (i->ask.is_answered && i->ask.gen > 0) {
    row->state = RECEIPT_LOGGED;
    row->gen = i->ask.gen;
    row->index = i->ask.index;
  } else if (i->state == INVITATION_CANCELLED) {
    row->reason = REASON_CANCELLED;
  } else {
    row->state = RECEIPT_QUEUED;
  }
}

/* Why an invitation that nobody has used is not good for this key now. */
static enum err_code judge(struct hall *h, const struct invitation *i, const struct ask *ask, enum reason *reason,
                           struct err *err) {
  static const struct position end = {UINT64_MAX, UINT64_MAX};
  const struct people *people = NULL;
  *reason = REASON_NONE;
  if (i->state == INVITATION_CANCELLED)
    *reason = REASON_CANCELLED;
  else if (i->is_asked)
    *reason = REASON_USED;
  else if (clock_unix(h->config.clock) > i->until_s)
    *reason = REASON_EXPIRED;
  if (*reason != REASON_NONE || i->for_node) return OK;
  const enum err_code code = hall_people(h, &people, err);
  if (code == ERR_REFUSED) {
    err_clear(err);
    *reason = REASON_NOT_YET;
    return OK;
  }
  if (code == OK && people_is_revoked(people, &ask->key, end))
    *reason = REASON_REVOKED;
  else if (code == OK && is_anothers(people, i, &ask->key))
    *reason = REASON_PERSON;
  return code;
}

/* Notes who asks in i. The node id of a request is what its identity says. */
static void take_ask(struct hall *h, const struct ask *ask, struct invitation *i) {
  struct founder founder;
  struct view name, address;
  i->is_asked = true;
  i->ask.key = ask->key;
  i->ask.asked_s = clock_unix(h->config.clock);
  memcpy(i->ask.name, ask->name.p, ask->name.len); /* at most INVITATION_NAME_MAX, or it was no ask */
  i->ask.name[ask->name.len] = '\0';
  if (ask->request.len > 0 && founding_request_decode(ask->request, &founder, &name, &address, NULL) == OK) {
    i->ask.node = founder.node;
    i->ask.is_answered = federation_by_node(h->config.federation, &founder.node) != NULL; /* it came in by another way */
  }
}

static enum err_code keep(struct hall *h, struct invitation *i, struct view request, struct receipt_row *row, struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = store_begin(s, err);
  if (code == OK) code = finish(s, invitation_move(s, i, INVITATION_ASKED, request, err), err);
  if (code == OK) row->state = RECEIPT_QUEUED;
  return code;
}

/* The first good use of an invitation. */
static enum err_code use(struct hall *h, struct invitation *i, const struct ask *ask, struct receipt_row *row,
                         struct err *err) {
  struct receipt_row made = {.state = RECEIPT_REFUSED};
  take_ask(h, ask, i);
  if (i->for_node || i->confirm) return keep(h, i, ask->request, row, err);
  const enum err_code code = certify(h, i, &made, err);
  if (code == ERR_QUEUED || code == ERR_LIMIT ||
      code == ERR_FORMAT) { /* the guard is closed, or no name is left when it is cleaned */
    err_clear(err);
    row->reason = code == ERR_QUEUED ? REASON_NOT_YET : REASON_FORMAT;
    return OK;
  }
  if (code == OK) *row = (struct receipt_row){row->id, made.state, made.gen, made.index, made.reason};
  return code;
}

enum err_code hall_ask(struct hall *h, struct view item, struct receipt *out, bool *strange, struct err *err) {
  struct ask ask;
  struct invitation i;
  enum reason reason = REASON_NONE;
  *strange = false;
  enum err_code code = ask_read(item, &ask, err);
  if (code == ERR_LIMIT && err != NULL) code = err->code = ERR_FORMAT;
  if (code == OK) code = find(h, &ask, &i, &reason, err);
  if (code != OK) return code;
  *strange = reason != REASON_NONE;
  *out = (struct receipt){.fed_id = h->derivation.fed_id, .node = h->config.federation->own, .n = 1};
  struct receipt_row *row = &out->rows[0];
  *row = (struct receipt_row){.id = ask.id, .state = RECEIPT_REFUSED};
  if (reason == REASON_NONE) reason = ask_verify(&ask);
  if (reason == REASON_NONE && i.is_asked && pubkey_equal(&i.ask.key, &ask.key)) {
    answer_again(&i, row);
    return OK;
  }
  if (reason == REASON_NONE) code = judge(h, &i, &ask, &reason, err);
  if (code == OK && reason == REASON_NONE) return use(h, &i, &ask, row, err);
  row->reason = (uint64_t)reason;
  return code;
}
