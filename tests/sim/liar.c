/*
 * liar: see liar.h.
 */
#include "tests/sim/liar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/forks.h"
#include "protocol/canon.h"

/* ---- saying ---- */

static void say_payload(struct liar *a, struct view payload) {
  bytes_clear(&a->frame);
  assert_int_equal(session_frame(&a->session, payload, &a->frame, NULL), OK);
  session_sent(&a->session);
  sim_send(a->s, EE, &a->link, bytes_view(&a->frame));
}

void liar_say(struct liar *a) {
  bytes_clear(&a->payload);
  assert_int_equal(message_write(&a->out, &a->payload, NULL), OK);
  say_payload(a, bytes_view(&a->payload));
}

void liar_answer_to(struct liar *a, uint64_t type) {
  a->out.type = type;
  a->out.has_req = a->in.has_req;
  a->out.req = a->in.req;
}

struct hash liar_served_id(const struct liar *a) {
  return a->s->f.nodes[a->served].id;
}

uint64_t liar_roll_of(const struct liar *a, uint32_t node) {
  return epoch_by_node(&a->s->f.nodes[EE].federation.epoch, &a->s->f.nodes[node].id)->roll;
}

void liar_say_heads(struct liar *a, uint64_t more, bool other_root) {
  const struct hall_head *h = hall_head(a->s->f.nodes[EE].hall, &a->s->f.nodes[a->served].id, 1);
  struct head row = {.roll = liar_roll_of(a, a->served), .gen = 1, .size = h->size + more};
  memcpy(row.root8, h->root.b, sizeof row.root8);
  row.root8[0] ^= other_root;
  a->out.type = MSG_HEADS;
  a->out.u.heads.epoch = 1;
  memset(&a->out.u.heads.frontier_digest, 0x55, HASH_LEN);
  a->out.u.heads.n = 1;
  a->out.u.heads.rows[0] = row;
  liar_say(a);
}

void liar_say_checkpoint(struct liar *a, const struct signer *key, uint32_t log) {
  const struct hall_head *h = hall_head(a->s->f.nodes[EE].hall, &a->s->f.nodes[a->served].id, 1);
  struct checkpoint c = {.fed_id = a->self.fed_id, .node = a->s->f.nodes[log].id, .gen = 1, .size = h->size, .root = h->root};
  bytes_clear(&a->storage);
  if (key != NULL) {
    assert_int_equal(checkpoint_seal(&c, key, &a->storage, NULL), OK);
  } else {
    fixture_checkpoint(&a->s->f.nodes[EE], &h->node, 0, &a->storage);
  }
  a->out.type = MSG_CKPT;
  a->out.u.ckpt.node = liar_served_id(a);
  a->out.u.ckpt.gen = 1;
  a->out.u.ckpt.n = 1;
  a->out.u.ckpt.texts[0] = bytes_view(&a->storage);
  liar_say(a);
}

/* ---- answering ---- */

static void answer_with_checkpoint(struct liar *a) {
  struct fixture_node *ee = &a->s->f.nodes[EE];
  liar_answer_to(a, MSG_CKPT);
  if (a->lie == LIE_OTHER_KEY) {
    liar_say_checkpoint(a, &ee->editor, a->served);
  } else if (a->lie == LIE_OTHER_LOG) {
    liar_say_checkpoint(a, &ee->node_key, IT);
  } else {
    liar_say_checkpoint(a, NULL, a->served);
  }
}

static void answer_window(struct liar *a) {
  struct hash node = liar_served_id(a);
  uint64_t count = 0;
  a->n_gets++;
  if (a->lie == LIE_SILENT) return;
  if (a->lie == LIE_NOT_HELD && !a->lied) {
    a->lied = true;
    liar_answer_to(a, MSG_ERR);
    a->out.u.error.code = MSGERR_NOT_HELD;
    a->out.u.error.text = view_of_text("not held");
    a->out.u.error.retry_after = 0;
    liar_say(a);
    return;
  }
  bytes_clear(&a->storage);
  assert_int_equal(hall_window(a->s->f.nodes[EE].hall, &node, 1, a->in.u.get.from, a->in.u.get.to, 0, LIMIT_DATA_SOFT,
                               &a->storage, &count, NULL),
                   OK);
  if (a->lie == LIE_FLIPPED && !a->lied) a->storage.p[a->storage.len - 1] ^= 1;
  liar_answer_to(a, MSG_DATA);
  a->out.u.data.node = node;
  a->out.u.data.gen = 1;
  a->out.u.data.from = a->in.u.get.from + (a->lie == LIE_WRONG_PLACE && !a->lied);
  a->out.u.data.count = count;
  a->out.u.data.encoding = 0;
  a->out.u.data.window = bytes_view(&a->storage);
  a->lied = true;
  liar_say(a);
}

/* The truth, or that it does not hold so much. */
static void answer_with_proof(struct liar *a) {
  const struct hash node = a->in.u.want.node;
  const uint64_t size = a->in.u.want.size, index = a->in.u.want.other;
  struct hash path[HALL_PATH];
  size_t n = 0;
  liar_answer_to(a, MSG_PROOF);
  a->out.u.proof.node = node;
  a->out.u.proof.gen = 1;
  a->out.u.proof.size = size;
  a->out.u.proof.other = index;
  a->out.u.proof.kind = PROOF_INCLUSION;
  if (hall_inclusion(a->s->f.nodes[EE].hall, &node, 1, index, size, &a->out.u.proof.leaf, path, &n, NULL) == OK) {
    a->out.u.proof.n = (uint32_t)n;
    memcpy(a->out.u.proof.path, path, n * sizeof *path);
  } else {
    liar_answer_to(a, MSG_ERR);
    a->out.u.error.code = MSGERR_NOT_HELD;
    a->out.u.error.text = view_of_text("not held");
    a->out.u.error.retry_after = 0;
  }
  liar_say(a);
}

static void answer_want(struct liar *a) {
  if (a->in.u.want.what == WANT_CKPT) {
    answer_with_checkpoint(a);
  } else if (a->in.u.want.what == WANT_HEADS) {
    liar_answer_to(a, MSG_HEADS);
    liar_say_heads(a, 0, false);
  } else if (a->in.u.want.what == WANT_IDENT) {
    liar_answer_to(a, MSG_IDENT);
    a->out.u.ident.node = a->s->f.nodes[EE].id;
    a->out.u.ident.n = 0;
    a->out.u.ident.address = view_of(NULL, 0);
    liar_say(a);
  } else if (a->in.u.want.what == WANT_PROOF) {
    answer_with_proof(a);
  } else if (a->in.u.want.what == WANT_HOLDS) {
    liar_answer_to(a, MSG_HOLDS);
    a->out.u.holds.n = 0;
    liar_say(a);
  }
}

/* ---- the first word ---- */

static void say_other_link(struct liar *a) {
  struct session honest = a->session;
  a->session.theirs.b[0] ^= 1;
  liar_say_heads(a, 0, false);
  a->session = honest;
}

static void say_unasked_data(struct liar *a) {
  struct hash node = liar_served_id(a);
  bytes_clear(&a->storage);
  assert_int_equal(
      hall_window(a->s->f.nodes[EE].hall, &node, 1, 0, 2, 0, LIMIT_DATA_SOFT, &a->storage, &a->out.u.data.count, NULL), OK);
  a->out.type = MSG_DATA;
  a->out.has_req = true;
  a->out.req = 987654;
  a->out.u.data.node = node;
  a->out.u.data.gen = 1;
  a->out.u.data.from = 0;
  a->out.u.data.encoding = 0;
  a->out.u.data.window = bytes_view(&a->storage);
  liar_say(a);
}

static void say_broken(struct liar *a, uint64_t type) {
  bytes_clear(&a->payload);
  struct canon_writer w = canon_writer(&a->payload);
  canon_put_array(&w, 3);
  canon_put_uint(&w, type);
  canon_put_nil(&w);
  canon_put_nil(&w);
  assert_int_equal(canon_written(&w, "message", NULL), OK);
  say_payload(a, bytes_view(&a->payload));
}

void liar_say_large(struct liar *a) {
  a->out.type = MSG_HEADS;
  a->out.u.heads.epoch = 1;
  a->out.u.heads.n = LIMIT_HEADS;
  for (uint32_t i = 0; i < LIMIT_HEADS; i++)
    a->out.u.heads.rows[i] = (struct head){.roll = liar_roll_of(a, EE), .gen = i + 1, .size = 1};
  liar_say(a);
}

static void first_word(struct liar *a) {
  a->out.has_req = false;
  if (a->lie == LIE_OTHER_LINK) {
    say_other_link(a);
    return;
  }
  liar_say_heads(a, a->lie == LIE_FALSE_HEAD ? 1000 : 0, false);
  if (a->lie == LIE_UNKNOWN_MESSAGE) say_broken(a, MSG_BLOB);
  if (a->lie == LIE_BROKEN_MESSAGE) say_broken(a, MSG_GET);
  if (a->lie == LIE_UNASKED_DATA) say_unasked_data(a);
  if (a->lie == LIE_UNASKED_IDENT) {
    a->in.has_req = true;
    a->in.req = 1234567;
    a->in.u.want.what = WANT_IDENT;
    answer_want(a);
  }
  if (a->lie == LIE_UNKNOWN_HEAD) {
    a->out.u.heads.rows[0].roll = 77;
    a->out.type = MSG_HEADS;
    liar_say(a);
  }
  for (uint32_t i = 0; a->lie == LIE_ENDLESS_HEADS && i < 400; i++)
    liar_say_heads(a, 0, false);
}

static void hear(void *context, const struct link_id *link, struct view frame) {
  struct liar *a = context;
  struct view payload;
  struct nonce fresh = {.b = {7}};
  const char *reason = NULL;
  if (link->len != a->link.len || memcmp(link->b, a->link.b, link->len) != 0) return;
  enum session_verdict verdict = session_receive(&a->session, frame, fresh, &payload, &reason);
  if (verdict == SESSION_OPENED) {
    a->opened = true;
    first_word(a);
  }
  if (verdict != SESSION_MESSAGE || message_read(payload, &a->in, NULL) != OK) return;
  if (a->hook != NULL && a->hook(a)) return;
  if (a->in.type == MSG_WANT) answer_want(a);
  if (a->in.type == MSG_GET) answer_window(a);
}

void liar_dial(struct liar *a) {
  struct fixture_node *ee = &a->s->f.nodes[EE];
  struct hello hello = {.identity_version = 1, .epoch = 1, .epoch_hash = ee->federation.epoch.hash};
  struct nonce own;
  entropy_fill(&a->s->f.entropy, own.b, sizeof own.b);
  a->self = (struct session_self){.fed_id = a->s->f.charter.fed_id, .node = ee->id, .node_key = &ee->node_key};
  if (a->lie == LIE_OTHER_FEDERATION) a->self.fed_id.b[0] ^= 1;
  if (a->lie == LIE_OTHER_NODE) a->self.node = a->s->f.nodes[FR].id;
  a->link = sim_dial(a->s, EE, IT);
  session_init(&a->session, &a->self, true, &a->s->f.nodes[IT].id, &a->s->f.nodes[IT].node_key.pub, own);
  session_start(&a->session);
  bytes_clear(&a->frame);
  assert_int_equal(session_hello(&a->session, &hello, &a->frame, NULL), OK);
  session_sent(&a->session);
  if (a->lie == LIE_GARBAGE) a->frame.p[0] ^= 1;
  if (a->lie == LIE_TOO_LARGE) {
    static const uint8_t zeros[LIMIT_HANDSHAKE];
    assert_int_equal(bytes_append(&a->frame, view_of(zeros, sizeof zeros), NULL), OK);
  }
  if (a->lie == LIE_NO_HELLO) {
    liar_say_heads(a, 0, false);
  } else {
    sim_send(a->s, EE, &a->link, bytes_view(&a->frame));
  }
}

/* ---- the story ---- */

struct liar *liar_new(enum lie lie, uint32_t entries, uint64_t seed) {
  struct liar *a = calloc(1, sizeof *a);
  struct sim *s = malloc(sizeof *s);
  assert_non_null(a);
  assert_non_null(s);
  sim_found(s, 3, seed);
  a->s = s;
  a->lie = lie;
  a->served = EE;
  bytes_init(&a->frame, LIMIT_FRAME);
  bytes_init(&a->payload, LIMIT_FRAME);
  bytes_init(&a->storage, LIMIT_DATA_RAW);
  sim_publish(s, EE, entries);
  sim_play(s, EE, hear, a);
  sim_up(s, IT, false);
  sim_up(s, FR, false);
  (void)sim_converge(s, 3000);
  sim_run(s, 1000);
  return a;
}

void liar_free(struct liar *a) {
  bytes_release(&a->frame);
  bytes_release(&a->payload);
  bytes_release(&a->storage);
  sim_release(a->s);
  free(a->s);
  free(a);
}
