/*
 * lies: see lies.h.
 */
#include "tests/sim/lies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "protocol/canon.h"
#include "tests/sim/perjury.h"
#include "tests/sim/poison.h"

#define VOICES 512u     /* links of liars whose counters are known */
#define FLOOD 150u      /* frames of a flood: above what a second may bring unasked */
#define FLOODS_MOST 12u /* of a run: it shall end */

/* A liar's session counts what was truly sent, not what its exchange believes to have sent. */
struct voice {
  bool used;
  uint32_t node;
  struct link_id link;
  uint8_t curve[32];
  uint64_t sent;
};
struct liar_voice {
  struct world *w;
  uint32_t node;
  const struct exchange_action *action;
  struct session session; /* a copy, with the true counter */
  struct voice *counter;
};
struct liars {
  struct voice voices[VOICES];
  uint32_t next_voice;
  struct message in;
  struct bytes payload, frame, scratch, other;
  struct bytes frozen[FIXTURE_NODES]; /* the first HEADS that a liar ever said */
  uint32_t n_floods;
};

void lies_new(struct world *w) {
  w->liars = calloc(1, sizeof *w->liars);
  assert_non_null(w->liars);
  bytes_init(&w->liars->payload, LIMIT_FRAME);
  bytes_init(&w->liars->frame, LIMIT_FRAME);
  bytes_init(&w->liars->scratch, LIMIT_DATA_RAW);
  bytes_init(&w->liars->other, LIMIT_DATA_RAW);
  for (uint32_t i = 0; i < FIXTURE_NODES; i++)
    bytes_init(&w->liars->frozen[i], LIMIT_FRAME);
}

void lies_free(struct world *w) {
  bytes_release(&w->liars->payload);
  bytes_release(&w->liars->frame);
  bytes_release(&w->liars->scratch);
  bytes_release(&w->liars->other);
  for (uint32_t i = 0; i < FIXTURE_NODES; i++)
    bytes_release(&w->liars->frozen[i]);
  free(w->liars);
}

/* ---- saying ---- */

static void say_payload(struct liar_voice *v, struct view payload) {
  struct liars *l = v->w->liars;
  bytes_clear(&l->frame);
  v->session.sent = v->counter->sent;
  if (session_frame(&v->session, payload, &l->frame, NULL) != OK) return;
  v->counter->sent++;
  sim_send(&v->w->sim, v->node, &v->action->link, bytes_view(&l->frame));
}

static void voice_say(struct liar_voice *v, const struct message *m) {
  struct liars *l = v->w->liars;
  bytes_clear(&l->payload);
  if (message_write(m, &l->payload, NULL) == OK) say_payload(v, bytes_view(&l->payload));
}

static bool is_in_mood(struct liar_voice *v) {
  return chance(v->w, 2) == 0;
}

static void flip(struct liar_voice *v, struct bytes *octets) {
  uint64_t at = chance(v->w, octets->len);
  octets->p[at] ^= (uint8_t)(1 + chance(v->w, 255));
}

/* ---- lies ---- */

static bool withhold(struct liar_voice *v, struct message *m) {
  if (m->type != MSG_DATA || !is_in_mood(v)) return false;
  if (is_in_mood(v)) return true; /* silence */
  m->type = MSG_ERR;
  m->u.error.code = chance(v->w, 2) == 0 ? MSGERR_NOT_HELD : MSGERR_BUSY;
  m->u.error.text = view_of_text("no");
  m->u.error.retry_after = 0;
  voice_say(v, m);
  return true;
}

static bool tell_false_heads(struct liar_voice *v, struct message *m) {
  if (m->type != MSG_HEADS || !is_in_mood(v)) return false;
  for (uint32_t i = 0; i < m->u.heads.n; i++) {
    struct head *row = &m->u.heads.rows[i];
    if (is_in_mood(v)) row->size += chance(v->w, 3) == 0 ? LIMIT_SIZE - row->size - 1 : 1 + chance(v->w, 20);
    if (is_in_mood(v)) row->root8[0] ^= 1;
  }
  m->u.heads.frontier_digest.b[0] ^= 1;
  voice_say(v, m);
  return true;
}

/* Items of a window, in another order, one of them changed, or one twice. */
static void forge(struct liar_voice *v, struct view window, uint64_t count, struct bytes *out) {
  struct canon_reader r = canon_reader(window);
  struct canon_writer w = canon_writer(out);
  struct item previous = {.state = ITEM_BODILESS};
  uint64_t victim = chance(v->w, count);
  uint64_t how = chance(v->w, 3);
  (void)canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  canon_put_array(&w, (uint32_t)count);
  for (uint64_t i = 0; i < count; i++) {
    struct item item;
    item_read(&r, &item);
    if (r.fault != NULL) return;
    if (how == 0 && i == victim && item.body.len > 0) item.salt.b[0] ^= 1;
    if (how == 1 && i == victim && i > 0) item = previous;
    if (how == 2 && i == victim && i + 1 < count) { /* the next one first */
      struct item next;
      item_read(&r, &next);
      if (r.fault != NULL) return;
      item_write(&w, &next);
      i++;
    }
    previous = item;
    item_write(&w, &item);
  }
}

static bool serve_forged(struct liar_voice *v, struct message *m) {
  struct liars *l = v->w->liars;
  struct view window;
  if (m->type != MSG_DATA || !is_in_mood(v) || window_open(m, &l->scratch, &window, NULL) != OK) return false;
  bytes_clear(&l->other);
  if (is_in_mood(v)) {
    forge(v, window, m->u.data.count, &l->other);
  } else { /* any octet */
    if (bytes_append(&l->other, window, NULL) != OK) return false;
    flip(v, &l->other);
  }
  m->u.data.encoding = 0;
  m->u.data.window = bytes_view(&l->other);
  voice_say(v, m);
  return true;
}

static bool serve_elsewhere(struct liar_voice *v, struct message *m) {
  if (m->type != MSG_DATA || !is_in_mood(v)) return false;
  switch (chance(v->w, 4)) {
  case 0:
    m->u.data.from++;
    break;
  case 1:
    m->u.data.gen++;
    break;
  case 2:
    m->u.data.node = v->w->sim.f.nodes[chance(v->w, v->w->sim.f.n)].id;
    break;
  default:
    m->u.data.count += 1 + chance(v->w, 5);
  }
  voice_say(v, m);
  return true;
}

static bool serve_without_bodies(struct liar_voice *v, struct message *m) {
  struct liars *l = v->w->liars;
  struct view window;
  if (m->type != MSG_DATA || !is_in_mood(v) || window_open(m, &l->scratch, &window, NULL) != OK) return false;
  bytes_clear(&l->other);
  struct canon_reader r = canon_reader(window);
  struct canon_writer w = canon_writer(&l->other);
  (void)canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  canon_put_array(&w, (uint32_t)m->u.data.count);
  for (uint64_t i = 0; i < m->u.data.count; i++) {
    struct item item;
    item_read(&r, &item);
    if (r.fault != NULL) return false; /* bodies alone: as they are */
    if (item.state == ITEM_WHOLE && is_in_mood(v)) item.state = ITEM_ABSENT;
    item_write(&w, &item);
  }
  m->u.data.encoding = 0;
  m->u.data.window = bytes_view(&l->other);
  voice_say(v, m);
  return true;
}

/* Another's log, longer than it is, under a key that is not its owner's; or a true text with one octet changed. */
static bool forge_checkpoints(struct liar_voice *v, struct message *m) {
  struct liars *l = v->w->liars;
  if (m->type != MSG_CKPT || m->u.ckpt.n == 0 || !is_in_mood(v)) return false;
  struct view text = m->u.ckpt.texts[m->u.ckpt.n - 1];
  struct checkpoint c;
  bytes_clear(&l->other);
  if (is_in_mood(v) && checkpoint_read(text, &c, NULL) == OK) {
    c.size += 1 + chance(v->w, 9);
    memset(&c.root, 9, sizeof c.root);
    if (hash_equal(&c.node, &v->w->sim.f.nodes[v->node].id)) return false; /* that would be a fork: another lie */
    if (checkpoint_seal(&c, &v->w->sim.f.nodes[v->node].node_key, &l->other, NULL) != OK) return false;
  } else {
    if (bytes_append(&l->other, text, NULL) != OK) return false;
    l->other.p[chance(v->w, text.len)] ^= 1;
  }
  m->u.ckpt.texts[m->u.ckpt.n - 1] = bytes_view(&l->other);
  voice_say(v, m);
  return true;
}

/* The same message again and again, or one that asks for an error each time; it may not read what it causes. */
static bool flood(struct liar_voice *v, struct message *m) {
  static const uint8_t RESERVED[] = {0x93, MSG_BLOB, 0xc0, 0xc0}; /* [9, nil, nil] */
  struct liars *l = v->w->liars;
  if (chance(v->w, 20) != 0 || l->n_floods >= FLOODS_MOST) return false;
  l->n_floods++;
  bool is_reserved = is_in_mood(v);
  v->w->sim.stalled[v->node] = is_reserved || is_in_mood(v);
  voice_say(v, m);
  for (uint32_t i = 0; i < FLOOD; i++) {
    m->req++;
    if (is_reserved) {
      say_payload(v, view_of(RESERVED, sizeof RESERVED));
    } else {
      voice_say(v, m);
    }
  }
  return true;
}

/* Says what it said first, for ever; of others' news it knows nothing. */
static bool freeze(struct liar_voice *v, struct message *m) {
  struct bytes *first = &v->w->liars->frozen[v->node];
  if (m->type == MSG_CKPT && !m->has_req) return true;
  if (m->type != MSG_HEADS) return false;
  if (first->len == 0) {
    m->has_req = false;
    return message_write(m, first, NULL) != OK;
  }
  if (m->has_req) return true; /* an answer that never comes */
  say_payload(v, bytes_view(first));
  return true;
}

static bool make_noise(struct liar_voice *v, struct message *m) {
  struct liars *l = v->w->liars;
  uint8_t octets[64];
  if (chance(v->w, 4) != 0) return false;
  bytes_clear(&l->other);
  if (message_write(m, &l->other, NULL) != OK) return false;
  if (is_in_mood(v)) {
    flip(v, &l->other);
  } else {
    bytes_clear(&l->other);
    entropy_fill(&v->w->chance, octets, sizeof octets);
    if (bytes_append(&l->other, view_of(octets, chance(v->w, sizeof octets)), NULL) != OK) return false;
  }
  say_payload(v, bytes_view(&l->other));
  return true;
}

static bool be_mute(struct liar_voice *v, struct message *m) {
  (void)m;
  return v->w->sim.f.now_ms > 500; /* it opened its links, and that was all */
}

/* Answers that fit no question: of another kind, or to another number. */
static bool mistake(struct liar_voice *v, struct message *m) {
  if (!m->has_req || !is_in_mood(v)) return false;
  if (is_in_mood(v)) {
    m->req += chance(v->w, 3);
  } else {
    m->type = MSG_HEADS;
    m->u.heads.epoch = 1 + chance(v->w, 2);
    memset(&m->u.heads.frontier_digest, 3, sizeof m->u.heads.frontier_digest);
    m->u.heads.n = 0;
  }
  voice_say(v, m);
  return true;
}

/* Lists of members that nobody voted for, in answer to whoever believes that there is a later one. */
static bool tell_false_lists(struct liar_voice *v, struct message *m) {
  struct bytes *item = &v->w->liars->scratch;
  if (m->type == MSG_HEADS && chance(v->w, 4) == 0) {
    m->u.heads.epoch++;
    voice_say(v, m);
    return true;
  }
  const bool is_answer = m->type == MSG_EPOCH || (m->type == MSG_ERR && m->has_req);
  bytes_clear(item);
  if (!is_answer || !is_in_mood(v) || !perjury_list(v->w, v->node, item)) return false;
  m->type = MSG_EPOCH;
  m->u.epoch.n = 1;
  m->u.epoch.items[0] = bytes_view(item);
  voice_say(v, m);
  return true;
}

const struct lie_kind LIES[] = {
    {"none", "an honest member", false, false, NULL},
    {"withheld", "answers a GET with silence, or as if it held nothing", false, false, withhold},
    {"false-heads", "claims sizes and roots that nobody signed", false, false, tell_false_heads},
    {"forged-windows", "serves items changed, twice, in another order, or octets changed", false, false, serve_forged},
    {"elsewhere", "serves another place, log or number than it was asked for", false, false, serve_elsewhere},
    {"no-bodies", "serves entries without their bodies", false, false, serve_without_bodies},
    {"forged-checkpoints", "names checkpoints under a wrong key, or with an octet changed", false, false, forge_checkpoints},
    {"flood", "says one thing a hundred and fifty times, and may not read what comes of it", false, false, flood},
    {"frozen", "tells the same old heads for ever", false, false, freeze},
    {"noise", "says octets that are no message", false, false, make_noise},
    {"mute", "opens sessions and says nothing more", false, false, be_mute},
    {"mistaken", "answers with another number or another kind of message", false, false, mistake},
    {"fork", "two machines with its key write two logs", true, false, NULL},
    {"poison", "signs a log of records that no node would admit", false, true, NULL},
    {"perjury", "of a federation that grows: votes and proposes what it may not, and tells lists that nobody voted for", false,
     false, tell_false_lists},
};
const uint32_t N_LIES = sizeof LIES / sizeof *LIES;

/* ---- in the way ---- */

struct view lies_payload(struct view frame) {
  struct canon_reader r = canon_reader(frame);
  struct signature signature;
  canon_array_exact(&r, 2);
  struct view payload = canon_bin(&r, LIMIT_FRAME);
  canon_signature(&r, &signature);
  return canon_finish(&r, "frame", NULL) == OK ? payload : view_of(NULL, 0);
}

static struct voice *voice_of(struct liars *l, uint32_t node, const struct exchange_action *a) {
  for (uint32_t i = 0; i < VOICES; i++) {
    struct voice *v = &l->voices[i];
    bool is_it = v->used && v->node == node && v->link.len == a->link.len && memcmp(v->link.b, a->link.b, a->link.len) == 0 &&
                 memcmp(v->curve, a->curve, sizeof v->curve) == 0;
    if (is_it) return v;
  }
  struct voice *v = &l->voices[l->next_voice++ % VOICES];
  *v = (struct voice){.used = true, .node = node, .link = a->link, .sent = 1};
  memcpy(v->curve, a->curve, sizeof v->curve);
  return v;
}

bool lies_mangle(void *context, uint32_t node, const struct exchange_action *action) {
  struct world *w = context;
  const struct lie_kind *lie = &LIES[w->seats[node].lie];
  if (lie->alter == NULL) return false;
  struct exchange_link *l = xlink_find(w->sim.nodes[node].exchange, &action->link, action->curve);
  struct view payload = lies_payload(action->frame);
  struct voice *counter = voice_of(w->liars, node, action);
  if (l == NULL || !xlink_is_open(l) || message_type(payload) == MSG_HELLO) {
    counter->sent = 1; /* HELLO is frame 0 of a session */
    return false;
  }
  struct message *m = &w->liars->in;
  if (message_read(payload, m, NULL) != OK) return false;
  struct liar_voice v = {.w = w, .node = node, .action = action, .session = l->session, .counter = counter};
  if (!lie->alter(&v, m)) say_payload(&v, payload); /* under the true counter */
  return true;
}

/* ---- two machines, one key ---- */

static bool is_second_half(uint32_t node) {
  return node % 2 == 1;
}

static uint32_t twin_of(const struct world *w, uint32_t node) {
  for (uint32_t i = w->sim.f.n; i < w->n; i++) {
    if (w->seats[i].is_twin && hash_equal(&w->sim.f.nodes[i].id, &w->sim.f.nodes[node].id)) return i;
  }
  return node;
}

uint32_t lies_route(void *context, uint32_t from, uint32_t to) {
  const struct world *w = context;
  return w->seats[to].has_twin && is_second_half(from) ? twin_of(w, to) : to;
}

void lies_split(struct world *w, uint32_t node) {
  struct sim *s = &w->sim;
  uint32_t twin = twin_of(w, node);
  for (uint32_t i = 0; i < s->f.n; i++) {
    uint32_t stranger = is_second_half(i) ? node : twin;
    if (i != node) s->blocked[stranger][i] = true; /* it does not call them either */
  }
}

void lies_begin(struct world *w, uint32_t node, uint32_t lie) {
  w->seats[node].lie = lie;
  if (LIES[lie].is_poison) {
    w->has_poison = true;
    poison_log(w, node);
  }
  if (!LIES[lie].is_fork) return;
  w->has_fork = true;
  lies_split(w, node);
}
