/*
 * identity: whose keys are whose now. Identities asked for and told, ahead of a HELLO too, for whoever does not know the key
 * that signs it yet (docs/protocol.md 8.2); and what follows from a new one: sessions under the old node key end, a generation
 * that was closed is followed to its cut and no further.
 */
#include <string.h>

#include "node/exchange/inside.h"
#include "protocol/canon.h"

#define ITEM_MAX (LIMIT_IDENTITY + 2048u)
#define UNSIGNED_MAX (LIMIT_HANDSHAKE - 256u) /* octets of identity items ahead of a HELLO */

/* ---- telling ---- */

/* Twins of the member (docs/protocol.md 6.1), behind n identities in storage. ends: where each item ends. */
static enum err_code add_twins(struct exchange *x, const struct hash *node, size_t ends[MESSAGE_ITEMS + 1], uint32_t *n,
                               struct bytes *storage, struct err *err) {
  enum err_code code = OK;
  for (uint32_t i = 0; code == OK && *n < MESSAGE_ITEMS; i++) {
    code = store_get_twin(hall_store(x->config.hall), node, 0, i, storage, err);
    if (code == OK) ends[++*n] = storage->len;
  }
  return code == ERR_NOT_FOUND ? OK : code;
}

/* The newest identities of a member, as many as may be and as fit into `most` octets, by version; behind them its twins (with
 * room for all of them, if it has one); and its address. */
static enum err_code fill(struct exchange *x, const struct hash *node, size_t most, struct bytes *storage, struct err *err) {
  const struct federation_member *m = federation_by_node(x->federation, node);
  size_t ends[MESSAGE_ITEMS + 1] = {0};
  struct identity twin;
  uint32_t n = 0;
  if (m == NULL) return err_set(err, ERR_NOT_FOUND, "no such member");
  const uint64_t newest = m->identity.version;
  const uint32_t room =
      federation_twin(hall_store(x->config.hall), node, 0, 0, &twin) ? MESSAGE_ITEMS - LIMIT_TWINS : MESSAGE_ITEMS;
  enum err_code code = OK;
  for (; n < newest && n < room && code == OK; n++) { /* the newest first: they are turned round below */
    code = hall_identity_item(x->config.hall, node, newest - n, storage, err);
    if (code == OK && n > 0 && storage->len > most) break;
    ends[n + 1] = storage->len;
  }
  if (code != OK) return code;
  storage->len = ends[n];
  const uint32_t chain = n;
  if (most == SIZE_MAX) code = add_twins(x, node, ends, &n, storage, err);
  if (code != OK) return code;
  const size_t before = ends[n];
  code = most < SIZE_MAX ? ERR_NOT_FOUND : store_get_address(hall_store(x->config.hall), node, storage, err);
  if (code == ERR_NOT_FOUND) code = OK; /* no address: nil */
  if (code != OK) return code;
  x->out.u.ident.n = n;
  for (uint32_t i = 0; i < n; i++)
    x->out.u.ident.items[i < chain ? chain - 1 - i : i] = view_of(storage->p + ends[i], ends[i + 1] - ends[i]);
  x->out.u.ident.address = storage->len > before ? view_of(storage->p + before, storage->len - before) : view_of(NULL, 0);
  return OK;
}

static enum err_code write_identities(struct exchange *x, const struct hash *node, size_t most, struct bytes *payload,
                                      struct err *err) {
  struct bytes storage;
  bytes_init(&storage, (size_t)ITEM_MAX * (MESSAGE_ITEMS + 1));
  x->out.type = MSG_IDENT;
  x->out.u.ident.node = *node;
  enum err_code code = fill(x, node, most, &storage, err);
  if (code == OK) code = message_write(&x->out, payload, err);
  bytes_release(&storage);
  return code;
}

enum err_code identity_answer(struct exchange *x, const struct hash *node, struct bytes *payload, struct err *err) {
  return write_identities(x, node, SIZE_MAX, payload, err);
}

bool identity_is_ahead(const struct exchange *x) {
  return x->own_identity_version > 1;
}

enum err_code identity_ahead(struct exchange *x, struct bytes *frame, struct err *err) {
  struct bytes payload;
  bytes_init(&payload, LIMIT_HANDSHAKE);
  x->out.has_req = false;
  enum err_code code = write_identities(x, &x->self.node, UNSIGNED_MAX, &payload, err);
  if (code == OK) code = session_unsigned_frame(bytes_view(&payload), frame, err);
  bytes_release(&payload);
  return code;
}

/* ---- asking ---- */

void identity_ask(struct exchange *x, struct exchange_link *l, const struct hash *node) {
  x->peers[l->peer].ident_waits = request_is_pending(x, l->peer, NONE, MSG_WANT, WANT_IDENT);
  if (x->peers[l->peer].ident_waits) return;
  x->out.u.want.what = WANT_IDENT;
  x->out.u.want.node = *node;
  if (request_say(x, l, MSG_WANT, WANT_IDENT) != NULL && hash_equal(node, &x->peers[l->peer].node)) {
    x->peers[l->peer].ident_asked = true;
  }
}

/* ---- being told ---- */

/* x->in: identities that follow on what is known are taken, one after the other. Whether there was a new one. */
static bool take_identities(struct exchange *x, uint32_t peer) {
  const struct message *m = &x->in;
  const struct federation_member *known = federation_by_node(x->federation, &m->u.ident.node);
  bool changed = false, any = false;
  enum err_code code = known == NULL ? ERR_NOT_FOUND : OK;
  for (uint32_t i = 0; i < m->u.ident.n && code == OK; i++) {
    code = hall_identity(x->config.hall, &m->u.ident.node, m->u.ident.items[i], &changed, NULL);
    any = any || changed;
  }
  if (code == OK && m->u.ident.address.len > 0) code = hall_address(x->config.hall, m->u.ident.address, &changed, NULL);
  if (code != OK) tally(x, peer, COUNT_MESSAGE_FORMAT, 1);
  return any;
}

void identity_receive(struct exchange *x, struct exchange_link *l) {
  const struct federation_member *m = federation_by_node(x->federation, &x->in.u.ident.node);
  const uint64_t gen = m == NULL ? 0 : m->identity.gen;
  struct peer *p = &x->peers[l->peer];
  if (take_identities(x, l->peer) && xlink_is_open(l)) epochs_hope(x, l);
  /* Rows of a generation that was not known were passed over: they are asked for again. */
  const bool is_news = (m != NULL && m->identity.gen > gen) || p->ident_waits;
  p->ident_waits = false;
  if (is_news && xlink_is_open(l)) heads_ask(x, l);
}

void identity_unsigned(struct exchange *x, struct exchange_link *l, struct view payload) {
  if (message_read(payload, &x->in, NULL) != OK || x->in.type != MSG_IDENT || x->in.has_req || x->in.u.ident.n == 0 ||
      !hash_equal(&x->in.u.ident.node, &x->peers[l->peer].node)) {
    tally(x, l->peer, COUNT_MESSAGE_FORMAT, 1);
    return;
  }
  (void)take_identities(x, l->peer);
}

/* ---- what follows ---- */

/* Sessions under another key than the member's end; those that have not begun go on with the new one. */
static bool rekey(struct exchange *x, struct exchange_link *l) {
  const struct federation_member *m = federation_by_node(x->federation, &x->peers[l->peer].node);
  if (m == NULL || pubkey_equal(&l->session.peer_key, &m->identity.node_key)) return false;
  l->session.peer_key = m->identity.node_key;
  if (l->session.state == SESSION_CLOSED || l->session.state == SESSION_GREETED) return false;
  if (l->dialled) {
    dial_again(x, l, true); /* l is gone */
    return true;
  }
  l->session.state = SESSION_CLOSED;
  l->session.has_hello = false;
  xlink_reset(x, l);
  return false;
}

void identities_refresh(struct exchange *x) {
  const struct federation *f = x->federation;
  uint64_t versions = 0;
  for (uint32_t i = 0; i < f->n_members; i++)
    versions += f->members[i].identity.version;
  if (versions == x->identities) return;
  x->identities = versions;
  for (uint32_t i = 0; i < x->n_links;) {
    if (!rekey(x, x->links[i])) i++;
  }
  for (uint32_t i = 0; i < x->n_logs; i++)
    plan_close(x, i);
  heads_refresh(x);
}
