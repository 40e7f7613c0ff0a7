/*
 * guarding: see guarding.h. What enters the outbox is in outbox.c, what leaves it in admit.c.
 */
#include "node/guarding.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/log.h"
#include "node/hall.h"
#include "node/store/invitation.h"
#include "protocol/canon.h"

#define FACT_ALONE "alone"

/* ---- what a start finds ---- */

static uint32_t place_of(const struct federation *f, const struct hash *node) {
  const struct member *m = epoch_by_node(&f->epoch, node);
  return m == NULL ? LIMIT_MEMBERS : (uint32_t)(m - f->epoch.members);
}

/* Whether the own log goes through the head: the store is the one that signed it, or has gone on from it. */
static enum err_code fits(struct store *s, const struct log *log, const struct own_head *head, bool *out, struct err *err) {
  struct bytes text;
  struct checkpoint c;
  *out = head->gen < log->gen || (head->gen == log->gen && head->size == 0);
  if (*out || head->gen > log->gen || head->size > log->range.size) return OK;
  if (head->size == log->range.size) {
    const struct hash root = merkle_root(&log->range);
    *out = hash_equal(&root, &head->root);
    return OK;
  }
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = milestone_get(s, log->no, head->size, &text, err);
  /* One that a disk has changed fits nothing: then the members are asked. */
  if (code == OK && checkpoint_read(bytes_view(&text), &c, NULL) == OK) *out = hash_equal(&c.root, &head->root);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&text);
  return code;
}

/* A person's word of an earlier start. */
static enum err_code load_alone(struct store *s, struct guard *g, struct err *err) {
  struct bytes value;
  bytes_init(&value, 32);
  enum err_code code = store_get_fact(s, FACT_ALONE, &value, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  } else if (code == OK) {
    struct canon_reader r = canon_reader(bytes_view(&value));
    canon_array_exact(&r, 2);
    const uint64_t gen = canon_uint(&r), size = canon_uint(&r);
    code = canon_finish(&r, "alone", err);
    if (code == OK && gen == g->gen) guard_remember(g, size);
  }
  bytes_release(&value);
  return code;
}

static enum err_code load_outbox(struct store *s, struct outbox_size *out, struct err *err) {
  *out = (struct outbox_size){.n_waiting = 0};
  if (sqlite3_table_column_metadata(store_db(s), "main", "outbox", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK) {
    return OK; /* of a version before it, and opened for reading */
  }
  return outbox_measure(s, out, err);
}

/* out->head: what the file says; has_head false: nothing. */
static enum err_code look(struct store *s, const struct federation *f, const struct head_file *file, struct guard_look *out,
                          struct own_head *head, bool *has_head, struct err *err) {
  const struct federation_member *self = federation_self(f);
  struct log log = {.gen = self == NULL ? 1 : self->identity.gen};
  bool is_fit = false;
  const uint64_t gen = log.gen;
  guard_init(&out->guard, f->epoch.n_members);
  enum err_code code = log_find(s, &f->own, gen, &log, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
    log = (struct log){.gen = gen};
  }
  *has_head = file->read(file->context, head, NULL) == OK;
  if (*has_head && head->size > 0) guard_begun(&out->guard);
  guard_stands(&out->guard, gen, log.range.size);
  if (code == OK) code = load_alone(s, &out->guard, err);
  if (code == OK) code = load_outbox(s, &out->outbox, err);
  if (code != OK) return code;
  if (*has_head) code = fits(s, &log, head, &is_fit, err);
  if (is_fit) guard_fits(&out->guard);
  return code;
}

enum err_code guard_look(struct store *s, const struct federation *f, const struct head_file *file, struct guard_look *out,
                         struct err *err) {
  struct own_head head;
  bool has_head = false;
  return look(s, f, file, out, &head, &has_head, err);
}

/* ---- what can be said of it ---- */

bool hall_guard_look(struct hall *h, struct guard_look *out) {
  if (!h->guarding.is_guarded) return false;
  *out = h->guarding.look;
  return true;
}

void guard_reason(const struct guard *g, const struct federation *f, char out[GUARD_REASON_MAX]) {
  uint32_t member = 0;
  uint64_t size = 0;
  out[0] = '\0';
  if (guard_is_open(g)) return;
  if (g->proven > g->size) {
    (void)snprintf(out, GUARD_REASON_MAX, "waiting for the rest of our own log: %" PRIu64 " of %" PRIu64 " entries are here",
                   g->size, g->proven);
  } else if (guard_is_ahead(g, &member, &size)) {
    (void)snprintf(out, GUARD_REASON_MAX, "waiting: %s says that it holds %" PRIu64 " entries of our log, %" PRIu64 " are here",
                   member < f->epoch.n_members ? f->epoch.members[member].handle : "?", size, g->size);
  } else if (g->n_members == 1) {
    (void)snprintf(out, GUARD_REASON_MAX,
                   "waiting for a person's word (--alone): this copy knows no other member, and one may have joined since");
  } else {
    (void)snprintf(out, GUARD_REASON_MAX, "waiting for %" PRIu32 " of %" PRIu32 " members to name our size",
                   guard_needed(g) - guard_n_named(g), g->n_members);
  }
}

json_t *guard_json(const struct guard_look *look, const struct federation *f) {
  static const char *const BY[] = {
      [GUARD_LOCKED] = "", [GUARD_BY_HEAD] = "head", [GUARD_BY_MEMBERS] = "members", [GUARD_BY_PERSON] = "alone"};
  char reason[GUARD_REASON_MAX];
  const struct guard *g = &look->guard;
  guard_reason(g, f, reason);
  return json_pack("{s:b, s:s, s:s, s:I, s:I, s:b, s:I, s:I}", "open", guard_is_open(g), "by", BY[g->key], "reason", reason,
                   "needed", (json_int_t)guard_needed(g), "named", (json_int_t)guard_n_named(g), "alone", g->is_alone,
                   "waiting", (json_int_t)look->outbox.n_waiting, "refused", (json_int_t)look->outbox.n_refused);
}

/* ---- the head file ---- */

static bool is_head_right(const struct hall *h) {
  const struct guard *g = &h->guarding.look.guard;
  const struct hall_head *own = hall_head(h, &h->config.federation->own, g->gen);
  const struct own_head *head = &h->guarding.head;
  if (!h->guarding.has_head || head->gen != g->gen || head->size != g->size) return false;
  return own == NULL ? head->size == 0 : hash_equal(&own->root, &head->root);
}

/* Writes where the own log stands, if that is not in the file. */
static enum err_code put_head(struct hall *h, struct err *err) {
  const struct guard *g = &h->guarding.look.guard;
  const struct hall_head *own = hall_head(h, &h->config.federation->own, g->gen);
  struct own_head head = {.gen = g->gen};
  if (is_head_right(h)) return OK;
  if (own != NULL) {
    head.size = own->size;
    head.root = own->root;
  }
  const enum err_code code = h->config.head->put(h->config.head->context, &head, err);
  if (code != OK) return code;
  h->guarding.head = head;
  h->guarding.has_head = true;
  return OK;
}

/* Until it is written, the log does not grow (hall_may_write). */
static void write_if_open(struct hall *h) {
  struct err why = ERR_INIT;
  if (guard_is_open(&h->guarding.look.guard) && put_head(h, &why) != OK) {
    log_line(LOG_ERROR, "guard", "the head file is not written: nothing is signed until it is", "why=%s", why.message);
  }
}

/* A store that is behind what this node signed was put back: invitations that are open in it may have been used since. Their
 * certificates come back with the log, their tokens would be good for other keys: they are taken back. */
static void close_invitations(struct hall *h) {
  struct err why = ERR_INIT;
  uint64_t n = 0;
  if (invitation_cancel_open(h->config.store, clock_unix(h->config.clock), &n, &why) != OK) {
    log_line(LOG_ERROR, "guard", "open invitations of a store that was put back are not taken back", "why=%s", why.message);
  } else if (n > 0) {
    log_line(LOG_WARNING, "guard", "this store was put back: open invitations are taken back", "invitations=%" PRIu64, n);
  }
}

/* Whether more was signed than is here. (A head that is lacking says nothing: then the members do.) */
static bool is_behind(const struct guard *g, const struct own_head *head) {
  return head->gen > g->gen || (head->gen == g->gen && head->size > g->size);
}

enum err_code guarding_open(struct hall *h, struct err *err) {
  struct guard_look *out = &h->guarding.look;
  if (h->config.head == NULL || federation_self(h->config.federation) == NULL) return OK;
  enum err_code code =
      look(h->config.store, h->config.federation, h->config.head, out, &h->guarding.head, &h->guarding.has_head, err);
  h->guarding.is_guarded = code == OK;
  if (code == OK && h->guarding.has_head && is_behind(&out->guard, &h->guarding.head)) close_invitations(h);
  if (code == OK) write_if_open(h);
  return code;
}

void guarding_members(struct hall *h, const uint32_t *was) {
  if (!h->guarding.is_guarded) return;
  guard_members(&h->guarding.look.guard, h->config.federation->epoch.n_members, was);
  write_if_open(h);
}

void guarding_moved(struct hall *h, const struct log *log) {
  if (!h->guarding.is_guarded || !hash_equal(&log->node, &h->config.federation->own)) return;
  guard_stands(&h->guarding.look.guard, log->gen, log->range.size);
  write_if_open(h);
}

bool hall_may_write(const struct hall *h) {
  return !h->guarding.is_guarded || (guard_is_open(&h->guarding.look.guard) && is_head_right(h));
}

bool hall_is_releasing(const struct hall *h) {
  return h->guarding.is_guarded && hall_may_write(h) && h->guarding.look.outbox.n_waiting > 0;
}

enum err_code hall_must_write(const struct hall *h, struct err *err) {
  char reason[GUARD_REASON_MAX];
  if (hall_may_write(h)) return OK;
  guard_reason(&h->guarding.look.guard, h->config.federation, reason);
  err_set(err, ERR_QUEUED, "the log is not written now: %s", reason[0] == '\0' ? "the head file is not written" : reason);
  (void)err_hint(err, "specola serve, or specola sync: other members say how much of this node's log they hold");
  return ERR_QUEUED;
}

/* ---- what is heard ---- */

void hall_hears_size(struct hall *h, const struct hash *member, uint64_t size, bool is_ours) {
  if (h->guarding.is_guarded) guard_named(&h->guarding.look.guard, place_of(h->config.federation, member), size, is_ours);
}

void hall_hears_nothing_behind(struct hall *h, const struct hash *member) {
  if (h->guarding.is_guarded) guard_unbacked(&h->guarding.look.guard, place_of(h->config.federation, member));
}

void hall_hears_checkpoint(struct hall *h, const struct checkpoint *c) {
  struct guard *g = &h->guarding.look.guard;
  if (!h->guarding.is_guarded || !hash_equal(&c->node, &h->config.federation->own) || c->gen != g->gen) return;
  if (c->size > g->size && c->size > g->proven) close_invitations(h); /* the head file was put back, too */
  guard_proven(g, c->size);
}

void guarding_holds(struct hall *h, const struct holds *holds) {
  const struct federation_member *self = federation_self(h->config.federation);
  struct guard *g = &h->guarding.look.guard;
  uint64_t size = 0;
  if (!h->guarding.is_guarded || self == NULL) return;
  for (uint32_t i = 0; i < holds->n; i++) {
    if (holds->rows[i].roll == self->member->roll && holds->rows[i].gen == g->gen) size = holds->rows[i].size;
  }
  guard_rumour(g, place_of(h->config.federation, &holds->holder), size);
}

/* ---- what follows ---- */

enum err_code hall_go_alone(struct hall *h, struct err *err) {
  struct guard *g = &h->guarding.look.guard;
  struct bytes value;
  if (!h->guarding.is_guarded || guard_is_open(g)) return OK;
  if (!guard_alone(g)) {
    err_set(err, ERR_REFUSED,
            "--alone: members hold a longer log under this node's key: %" PRIu64 " entries, %" PRIu64 " are here", g->proven,
            g->size);
    return err_hint(err, "specola serve fetches the rest; nothing is lost meanwhile");
  }
  bytes_init(&value, 32);
  struct canon_writer w = canon_writer(&value);
  canon_put_array(&w, 2);
  canon_put_uint(&w, g->gen);
  canon_put_uint(&w, g->alone_from);
  enum err_code code = canon_written(&w, "alone", err);
  if (code == OK) code = store_put_fact(h->config.store, FACT_ALONE, bytes_view(&value), err);
  if (code == OK) code = put_head(h, err);
  if (code == OK) {
    log_line(LOG_WARNING, "guard", "opened by a person", "size=%" PRIu64, g->size);
  } else {
    g->key = GUARD_LOCKED;
    g->is_alone = false;
  }
  bytes_release(&value);
  return code;
}

enum err_code hall_guard_turn(struct hall *h, bool *moved, struct err *err) {
  struct guard *g = &h->guarding.look.guard;
  enum err_code code = OK;
  *moved = false;
  if (!h->guarding.is_guarded || !guard_is_open(g)) return OK;
  code = put_head(h, err);
  if (code == OK && g->is_alone && guard_is_confirmed(g)) {
    code = store_drop_fact(h->config.store, FACT_ALONE, err);
    g->is_alone = code != OK;
  }
  if (code == OK && h->guarding.look.outbox.n_waiting > 0) code = outbox_release(h, moved, err);
  return code;
}
