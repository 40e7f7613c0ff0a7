/*
 * holds: what members say they hold (docs/protocol.md 8.7): our own statement now and then, those of others kept and sent on,
 * each once. Which ones wait for a link is a set of bits, by place among the federation's members; their octets stay in the
 * store until they leave.
 */
#include "node/store/holds.h"
#include <stdlib.h>

#include "node/exchange/inside.h"
#include "protocol/holds.h"

static bool is_used(const struct exchange *x, const struct exchange_link *l) {
  return l == x->peers[l->peer].link && xlink_is_open(l);
}

static void pass_on(struct exchange *x, const struct hash *holder, const struct exchange_link *from) {
  const struct member *m = epoch_by_node(&x->federation->epoch, holder);
  const uint32_t place = m == NULL ? NONE : (uint32_t)(m - x->federation->epoch.members);
  for (uint32_t i = 0; m != NULL && i < x->n_links; i++) {
    struct exchange_link *l = x->links[i];
    if (l != from && is_used(x, l)) l->holds[place / 64] |= UINT64_C(1) << place % 64;
  }
}

/* Of many members many may begin at once: theirs go out together. */
uint64_t holds_due_ms(const struct exchange *x, const struct exchange_link *l) {
  uint64_t any = 0;
  for (size_t i = 0; i < sizeof l->holds / sizeof l->holds[0]; i++)
    any |= l->holds[i];
  if (any == 0) return UINT64_MAX;
  return x->federation->epoch.n_members > MANY_MEMBERS ? l->holds_ms + HOLDS_TOGETHER_MS : now_ms(x);
}

bool holds_are_due(const struct exchange *x, const struct exchange_link *l) {
  return now_ms(x) >= holds_due_ms(x, l);
}

/* ---- our own ---- */

/* What it costs all of them rises with the square of their number: so does the pause after one, when there is news. */
static uint64_t gap_ms(const struct exchange *x) {
  const uint64_t n = x->federation->epoch.n_members, gap = n * n * HOLDS_GAP_SHARE_MS;
  return gap < HOLDS_GAP_MS ? HOLDS_GAP_MS : gap;
}

/* When our next one is due. */
static uint64_t own_due_ms(const struct exchange *x) {
  const uint64_t soon = x->holds_ms + gap_ms(x);
  return x->changes > x->holds_told && soon < x->holds_due_ms ? soon : x->holds_due_ms;
}

uint64_t holds_tick(struct exchange *x) {
  const uint64_t now = now_ms(x), every = x->federation->epoch.n_members > MANY_MEMBERS ? HOLDS_EVERY_MANY_MS : HOLDS_EVERY_MS;
  bool is_linked = false;
  for (uint32_t i = 0; i < x->n_links && !is_linked; i++)
    is_linked = is_used(x, x->links[i]);
  if (!is_linked) return now + TICK_MS; /* nobody would hear it */
  const uint64_t due = own_due_ms(x);
  if (now < due) return due;
  x->holds_ms = now;
  x->holds_due_ms = now + STORE_RETRY_MS;
  if (hall_holds_own(x->config.hall, NULL) == OK) {
    pass_on(x, &x->self.node, NULL);
    x->holds_told = x->changes;
    x->holds_due_ms = now + every * 4 / 5 + random_below(x, every * 2 / 5);
  }
  return own_due_ms(x);
}

/* ---- being told ---- */

void holds_ask(struct exchange *x, struct exchange_link *l) {
  x->out.u.want.what = WANT_HOLDS;
  (void)request_say(x, l, MSG_WANT, WANT_HOLDS);
}

/* Whether an item is of somebody who may say something now, and has not said that before. */
static bool is_welcome(struct exchange *x, struct exchange_link *l, struct view item, struct holds *room) {
  if (!holds_peek(item, room)) {
    tally(x, l->peer, COUNT_HOLDS_FORMAT, 1);
    return false;
  }
  const uint32_t index = peer_by_node(x, &room->holder);
  if (index == NONE) return hash_equal(&room->holder, &x->self.node);
  const struct peer *p = &x->peers[index];
  const bool is_old =
      room->version < p->holds_version || (room->version == p->holds_version && room->counter <= p->holds_counter);
  return !is_old && p->holds_ms <= now_ms(x) + (uint64_t)(HOLDS_BURST - 1) * HOLDS_TAKEN_MS;
}

static void taken(struct exchange *x, struct exchange_link *l, const struct hall_holds *one, struct holds *room) {
  const uint64_t now = now_ms(x);
  if (one->code == ERR_FORMAT) tally(x, l->peer, COUNT_HOLDS_FORMAT, 1);
  if (one->code == ERR_SIGNATURE) tally(x, l->peer, COUNT_HOLDS_SIGNATURE, 1);
  if (!one->fresh) return;
  const uint32_t index = peer_by_node(x, &one->holder);
  if (index == NONE) {
    x->holds_due_ms = now; /* our own, of an earlier life: our numbers go on behind it */
    return;
  }
  struct peer *p = &x->peers[index];
  p->holds_ms = (p->holds_ms > now ? p->holds_ms : now) + HOLDS_TAKEN_MS;
  if (holds_peek(one->item, room)) {
    p->holds_version = room->version;
    p->holds_counter = room->counter;
  }
  pass_on(x, &one->holder, l);
  forks_holds(x, l, one->item);
}

void holds_receive(struct exchange *x, struct exchange_link *l) {
  uint32_t n = 0;
  struct hall_holds *items = calloc(x->in.u.holds.n + 1, sizeof *items);
  struct holds *room = malloc(sizeof *room);
  for (uint32_t i = 0; items != NULL && room != NULL && i < x->in.u.holds.n; i++) {
    if (is_welcome(x, l, x->in.u.holds.items[i], room)) items[n++].item = x->in.u.holds.items[i];
  }
  if (n > 0) (void)!hall_holds_take(x->config.hall, items, n, NULL);
  for (uint32_t i = 0; i < n; i++)
    taken(x, l, &items[i], room);
  free(room);
  free(items);
}

/* ---- telling ---- */

/* Items one behind the other, and where each ends. */
struct batch {
  struct bytes *storage;
  size_t ends[LIMIT_MEMBERS];
  uint32_t n;
};

static bool batch_has_room(const struct batch *b) {
  return b->n < LIMIT_MEMBERS && b->storage->len + LIMIT_HOLDS <= LIMIT_DATA_SOFT;
}

static enum err_code batch_write(struct exchange *x, const struct batch *b, struct bytes *payload, struct err *err) {
  x->out.type = MSG_HOLDS;
  x->out.u.holds.n = b->n;
  for (uint32_t i = 0; i < b->n; i++) {
    const size_t start = i == 0 ? 0 : b->ends[i - 1];
    x->out.u.holds.items[i] = view_of(b->storage->p + start, b->ends[i] - start);
  }
  return message_write(&x->out, payload, err);
}

enum err_code holds_write(struct exchange *x, struct exchange_link *l, struct bytes *payload, struct err *err) {
  struct bytes storage;
  struct batch batch = {.storage = &storage};
  bytes_init(&storage, LIMIT_DATA_SOFT);
  for (uint32_t i = 0; i < LIMIT_MEMBERS && batch_has_room(&batch); i++) {
    if ((l->holds[i / 64] >> i % 64 & 1) == 0) continue;
    l->holds[i / 64] &= ~(UINT64_C(1) << i % 64);
    if (i >= x->federation->epoch.n_members) continue;
    if (holds_get(hall_store(x->config.hall), &x->federation->epoch.members[i].node, NULL, &storage, NULL) != OK) continue;
    batch.ends[batch.n++] = storage.len;
  }
  l->holds_ms = now_ms(x);
  x->out.has_req = false;
  const enum err_code code = batch_write(x, &batch, payload, err);
  bytes_release(&storage);
  return code;
}

static bool add_to_batch(void *context, const struct hash *node, uint64_t received, struct view item) {
  struct batch *b = context;
  (void)node;
  (void)received;
  if (!batch_has_room(b) || bytes_append(b->storage, item, NULL) != OK) return false;
  b->ends[b->n++] = b->storage->len;
  return true;
}

enum err_code holds_answer(struct exchange *x, struct bytes *payload, struct err *err) {
  struct bytes storage;
  struct batch batch = {.storage = &storage};
  bytes_init(&storage, LIMIT_DATA_SOFT);
  enum err_code code = holds_each(hall_store(x->config.hall), add_to_batch, &batch, err);
  if (code == OK) code = batch_write(x, &batch, payload, err);
  bytes_release(&storage);
  return code;
}
