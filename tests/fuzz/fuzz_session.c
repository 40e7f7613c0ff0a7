/*
 * fuzz_session: frames at every state of both ends. The first octet chooses end and state, the rest is the frame: as it stands,
 * which no key ever signed and which must therefore open nothing; then as a payload that the peer signs, which must be taken
 * for what it is.
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
  if (verdict == SESSION_OPENED) require(before != SESSION_CLOSED && s->state == SESSION_OPEN && s->has_hello == s->dialler);
  if (verdict == SESSION_ANSWER) require(!s->dialler && s->state == SESSION_ANSWERED && s->has_hello && s->received == 1);
  if (verdict == SESSION_REFUSE || verdict == SESSION_REOPEN) require(s->state == SESSION_CLOSED && !s->has_hello);
  if (!is_good) require(payload.len == 0);
  return verdict;
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
  return 0;
}
