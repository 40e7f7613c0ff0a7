/*
 * core_courier: between the table of records for other homes and the courier's pipe: what is due goes out, a home at a time,
 * and the home's receipt says what becomes of it. See docs/protocol.md 9.
 */
#include <string.h>

#include "keys/log.h"
#include "node/core_inside.h"
#include "node/net/reach.h"
#include "node/store/forward.h"
#include "protocol/canon.h"

#define LOOK_MS 2000u    /* between two looks at the table */
#define TIDY_MS 3600000u /* between two times that what is old is given up or forgotten */
#define MONTH_S (UINT64_C(30) * 86400)

void core_courier_drop(struct core *c) {
  pipe_free(c->courier);
  c->courier = NULL;
  c->errand.n = 0; /* it is due again at once: nobody knows what became of it */
}

/* ---- out ---- */

static bool take_item(void *context, const struct hash *id, struct view item) {
  struct core *c = context;
  if (c->errand.n == LIMIT_SUBMIT || c->scratch.len + item.len > LIMIT_SUBMIT_BYTES - 64u ||
      bytes_append(&c->scratch, item, NULL) != OK) {
    return false;
  }
  c->errand.ids[c->errand.n++] = *id;
  return true;
}

/* Those that were tried, or could not be. */
static enum err_code put_off(struct core *c, struct err *err) {
  enum err_code code = store_begin(c->store, err);
  for (uint32_t i = 0; i < c->errand.n && code == OK; i++)
    code = forward_tried(c->store, &c->errand.ids[i], clock_unix(clock_system()), err);
  if (code == OK) code = store_commit(c->store, err);
  if (code != OK) store_rollback(c->store);
  c->errand.n = 0;
  return code;
}

/* A home that is no member any more takes nothing. */
static enum err_code give_up(struct core *c, struct err *err) {
  enum err_code code = store_begin(c->store, err);
  if (code == OK) code = forward_forget(c->store, &c->errand.home, err);
  if (code == OK) code = store_commit(c->store, err);
  if (code != OK) store_rollback(c->store);
  return code;
}

/* What others signed as their addresses may lead as far within our walls as our own does: in the wide world not at all, between
 * nodes of one site, or of one machine, as far as these stand. */
static enum reach own_reach(const struct core *c) {
  const struct federation_member *self = federation_self(&c->federation);
  return reach_of_node(self == NULL || !self->has_address ? NULL : &self->address, c->home.config.listen);
}

static enum err_code send_errand(struct core *c, const char *web, struct err *err) {
  struct bytes submission, message;
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  bytes_init(&message, LIMIT_PIPE);
  struct canon_writer w = canon_writer(&submission);
  canon_put_array(&w, c->errand.n);
  canon_put_raw(&w, bytes_view(&c->scratch));
  enum err_code code = canon_written(&w, "submission", err);
  w = canon_writer(&message);
  canon_put_array(&w, 4);
  canon_put_uint(&w, ++c->errand.id);
  canon_put_uint(&w, own_reach(c));
  canon_put_text(&w, web);
  canon_put_bin(&w, bytes_view(&submission));
  if (code == OK) code = canon_written(&w, "errand", err);
  if (code == OK) code = pipe_send(c->courier, PIPE_REQUEST, bytes_view(&message), err);
  bytes_release(&submission);
  bytes_release(&message);
  return code;
}

static enum err_code begin_errand(struct core *c, struct err *err) {
  enum err_code code = forward_next(c->store, clock_unix(clock_system()), &c->errand.home, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code != OK) return code;
  const struct federation_member *m = federation_by_node(&c->federation, &c->errand.home);
  c->errand.n = 0;
  if (m == NULL || m->until != 0) return give_up(c, err);
  bytes_clear(&c->scratch);
  code = forward_each(c->store, &c->errand.home, take_item, c, err);
  if (code != OK || c->errand.n == 0) return code;
  const bool is_known = m->has_address && m->address.web[0] != '\0';
  return is_known ? send_errand(c, m->address.web, err) : put_off(c, err);
}

/* What has waited for a month is given up, and what was told for a month forgotten: so it is with no answer at all, too. */
static void tidy(struct core *c) {
  struct err err = ERR_INIT;
  const uint64_t now = clock_unix(clock_system()), before = now < MONTH_S ? 0 : now - MONTH_S;
  uint64_t n = 0;
  c->errand.tidy_ms = c->now_ms + TIDY_MS;
  enum err_code code = store_begin(c->store, &err);
  if (code == OK) code = forward_give_up(c->store, before, now, &n, &err);
  if (code == OK) code = forward_prune(c->store, before, &err);
  if (code == OK) code = store_commit(c->store, &err);
  if (code != OK) {
    store_rollback(c->store);
    log_line(LOG_WARNING, "core", "what waits for other homes was not looked through", "why=%s", err.message);
  } else if (n > 0) {
    log_line(LOG_WARNING, "core", "records for other homes are given up after 30 days", "records=%llu", (unsigned long long)n);
  }
}

void core_courier_step(struct core *c) {
  struct err err = ERR_INIT;
  if (c->now_ms >= c->errand.tidy_ms) tidy(c);
  if (c->courier == NULL || c->errand.n > 0 || c->now_ms < c->errand.next_ms) return;
  c->errand.next_ms = c->now_ms + LOOK_MS;
  if (begin_errand(c, &err) != OK) {
    c->errand.n = 0;
    log_line(LOG_WARNING, "core", "records for another home were not handed on", "why=%s", err.message);
  }
}

/* ---- in ---- */

/* The home's word counts under its key, about these records. */
static enum err_code check_receipt(struct core *c, struct view octets, struct err *err) {
  const struct federation_member *m = federation_by_node(&c->federation, &c->errand.home);
  struct receipt *r = &c->receipt;
  enum err_code code =
      m == NULL ? err_set(err, ERR_NOT_FOUND, "no such member") : receipt_open(octets, &m->identity.node_key, r, err);
  if (code != OK) return code;
  bool same =
      r->n == c->errand.n && hash_equal(&r->fed_id, &c->federation.charter.fed_id) && hash_equal(&r->node, &c->errand.home);
  for (uint32_t i = 0; same && i < r->n; i++)
    same = hash_equal(&r->rows[i].id, &c->errand.ids[i]);
  return same ? OK : err_set(err, ERR_MISMATCH, "the receipt is about other records");
}

static enum err_code settle(struct core *c, struct view octets, struct err *err) {
  enum err_code code = store_begin(c->store, err);
  const uint64_t now = clock_unix(clock_system());
  for (uint32_t i = 0; i < c->receipt.n && code == OK; i++)
    code = forward_settle(c->store, &c->receipt.rows[i], octets, now, err);
  if (code == OK) code = store_commit(c->store, err);
  if (code != OK) store_rollback(c->store);
  c->errand.n = 0;
  c->errand.next_ms = 0;
  return code;
}

enum err_code core_courier_message(struct core *c, enum pipe_channel channel, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  struct err why = ERR_INIT;
  if (channel != PIPE_ANSWER) return err_set(err, ERR_FORMAT, "a channel that is not used here");
  canon_array_exact(&r, 4);
  const uint64_t id = canon_uint(&r), status = canon_uint(&r);
  (void)canon_str(&r, 64);
  const struct view body = canon_bin(&r, LIMIT_PIPE);
  enum err_code code = canon_finish(&r, "answer", err);
  if (code != OK || id != c->errand.id || c->errand.n == 0) return code;
  const bool counts = status == 200 && check_receipt(c, body, &why) == OK;
  if (!counts) {
    log_line(LOG_INFO, "core", "records wait for their home", "home=%s why=%.*s",
             federation_handle(&c->federation, &c->errand.home), status == 200 ? (int)strlen(why.message) : (int)body.len,
             status == 200 ? why.message : (const char *)body.p);
  }
  code = counts ? settle(c, body, &why) : put_off(c, &why);
  if (code != OK) log_line(LOG_ERROR, "core", "what became of records for another home was not kept", "why=%s", why.message);
  c->errand.n = 0;
  return OK;
}
