/*
 * fuzz_session: frames at every state of both ends. The first octet chooses end and state, the rest is the frame: as it stands,
 * which no key ever signed and which must therefore open nothing; then as a payload that the peer signs, which must be taken
 * for what it is. Then two ends greet each other, and the rest is what they say: as often as it was sent, and no more.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static struct signer keys[2]; /* the end that receives, its peer */
static struct session_self selves[2];

static void start(void) {
  static const uint8_t SEEDS[2][SEED_LEN] = {{1}, {2}};
  if (keys[0].secret != NULL) return;
  require(secret_start(NULL) == OK);
  for (size_t i = 0; i < 2; i++) {
    require(signer_from_seed(SEEDS[i], &keys[i], NULL) == OK);
    selves[i].node_key = &keys[i];
    memset(selves[i].fed_id.b, 7, HASH_LEN);
    memset(selves[i].node.b, (int)i + 1, HASH_LEN);
    selves[i].epoch = 1;
    memset(selves[i].epoch_hash.b, 9, HASH_LEN);
  }
}

/* Both ends of a link in the state that choice asks for; only states that the end in hand can be in. */
static void prepare(uint8_t choice, struct session *end, struct session *peer) {
  static const enum session_state STATES[2][3] = {{SESSION_CLOSED, SESSION_ANSWERED, SESSION_OPEN},
                                                  {SESSION_CLOSED, SESSION_GREETED, SESSION_OPEN}};
  const struct nonce mine = {.b = {1}};
  const struct nonce theirs = {.b = {2}};
  bool dialler = (choice & 1) != 0;
  session_init(end, &selves[0], dialler, &selves[1].node, &keys[1].pub, mine);
  session_init(peer, &selves[1], !dialler, &selves[0].node, &keys[0].pub, theirs);
  end->state = STATES[dialler][(choice >> 1) % 3];
  peer->state = SESSION_OPEN;
  peer->theirs = mine;
  if (end->state != SESSION_ANSWERED && end->state != SESSION_OPEN) return;
  end->theirs = theirs;
  end->received = peer->sent = 5;
}

static enum session_verdict receive(struct session *s, struct view frame) {
  const struct nonce fresh = {.b = {3}};
  struct view payload;
  const char *reason = NULL;
  enum session_state before = s->state;
  uint64_t counter = s->received;
  enum session_verdict verdict = session_receive(s, frame, fresh, &payload, &reason);
  bool is_good = verdict == SESSION_MESSAGE || verdict == SESSION_OPENED || verdict == SESSION_ANSWER;
  require((reason == NULL) == is_good);
  if (verdict == SESSION_MESSAGE) require(before == SESSION_OPEN && s->state == SESSION_OPEN && s->received == counter + 1);
  if (verdict == SESSION_OPENED) require(before != SESSION_CLOSED && s->state == SESSION_OPEN && (s->has_hello || !s->dialler));
  if (verdict == SESSION_ANSWER) require(!s->dialler && s->state == SESSION_ANSWERED && s->has_hello && s->received == 1);
  if (verdict == SESSION_REFUSE || verdict == SESSION_REOPEN) require(s->state == SESSION_CLOSED && !s->has_hello);
  if (!is_good) require(payload.len == 0);
  return verdict;
}

/* A message that the peer signs as its next, received by end; then once more the same frame, which is then an old one. */
static void say(struct session *from, struct session *to, struct view payload) {
  struct bytes frame;
  bytes_init(&frame, 2 * (size_t)LIMIT_FRAME);
  if (session_frame(from, payload, &frame, NULL) == OK) {
    bool was_answered = to->state == SESSION_ANSWERED;
    enum session_verdict verdict = receive(to, bytes_view(&frame));
    bool is_hello = message_type(payload) == MSG_HELLO;
    if (!is_hello) require(verdict == (was_answered ? SESSION_OPENED : SESSION_MESSAGE));
    session_sent(from);
    if (to->state == SESSION_OPEN) require(receive(to, bytes_view(&frame)) >= SESSION_REFUSE && to->state == SESSION_CLOSED);
  }
  bytes_release(&frame);
}

/* The dialler greets, with the fields of HELLO as they were read (epoch, hash, digest); the acceptor answers; both are open. */
static void greet(struct session *dialler, struct session *acceptor, const struct hello *fields) {
  struct hello hello = *fields;
  struct bytes frame;
  bytes_init(&frame, LIMIT_HANDSHAKE);
  session_start(dialler);
  require(session_hello(dialler, &hello, &frame, NULL) == OK);
  enum session_verdict verdict = receive(acceptor, bytes_view(&frame));
  bool is_foreign = hello.epoch == selves[0].epoch && !hash_equal(&hello.epoch_hash, &selves[0].epoch_hash);
  require(verdict == (is_foreign ? SESSION_REFUSE : SESSION_ANSWER));
  if (verdict == SESSION_ANSWER) {
    bytes_clear(&frame);
    require(session_hello(acceptor, &hello, &frame, NULL) == OK);
    session_sent(acceptor);
    session_sent(dialler);
    require(receive(dialler, bytes_view(&frame)) == SESSION_OPENED);
  }
  bytes_release(&frame);
}

/* A whole link: greetings, a message each way, and what ends it. choice: who dials, and who is too eager. */
static void fuzz_link(uint8_t choice, struct view v) {
  static uint8_t large[LIMIT_FRAME + 1];
  struct session ends[2];
  struct hello hello = {.identity_version = 1, .epoch = 2};
  struct view payload = v;
  struct bytes frame;
  for (size_t i = 0; i < 2; i++) {
    const struct nonce own = {.b = {(uint8_t)(10 + i)}};
    session_init(&ends[i], &selves[i], i == 0, &selves[1 - i].node, &keys[1 - i].pub, own);
  }
  if (hello_read(v, &hello, NULL) != OK && (choice & 1) != 0) payload = view_of(large, sizeof large);
  greet(&ends[0], &ends[1], &hello);
  if (ends[0].state != SESSION_OPEN) return;
  say(&ends[(choice >> 1) % 2], &ends[1 - (choice >> 1) % 2], payload);
  bytes_init(&frame, LIMIT_HANDSHAKE);
  require(session_no_session_frame(&frame, NULL) == OK);
  for (size_t i = 0; i < 2; i++)
    require(receive(&ends[i], bytes_view(&frame)) >= SESSION_REFUSE);
  frame.ceiling = frame.len;
  require(session_no_session_frame(&frame, NULL) == ERR_LIMIT);
  bytes_release(&frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct session end;
  struct session peer;
  struct bytes frame;
  start();
  if (size == 0) return 0;
  prepare(data[0], &end, &peer);
  require(receive(&end, view_of(data + 1, size - 1)) >= SESSION_REFUSE);
  prepare(data[0], &end, &peer);
  bytes_init(&frame, LIMIT_FRAME);
  if (session_frame(&peer, view_of(data + 1, size - 1), &frame, NULL) == OK) {
    enum session_verdict verdict = receive(&end, bytes_view(&frame));
    bool is_hello = message_type(view_of(data + 1, size - 1)) == MSG_HELLO;
    if ((data[0] >> 1) % 3 == 2) require(is_hello || verdict == SESSION_MESSAGE);
  }
  bytes_release(&frame);
  fuzz_link(data[0], view_of(data + 1, size - 1));
  return 0;
}
