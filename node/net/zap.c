/*
 * zap: the handler of ZeroMQ's authentication protocol, a REP socket inside the gate's loop. In: version, request id, domain,
 * address, routing id, mechanism, key. Out: version, request id, status, text, user id, metadata; the user id is the key in
 * hexadecimal, and libzmq hands it out beside each message of that client ("User-Id").
 */
#include "node/net/zap.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "keys/log.h"
#include "protocol/limits.h"

#define PARTS 7      /* of a request with CURVE */
#define PART_MAX 256 /* octets of a part that is kept */
#define TELL_AGAIN_MS 10000

struct stranger {
  uint8_t curve[CURVE_LEN];
  uint64_t told_ms; /* last time it was put on the list to be told */
  bool due;
};

struct zap {
  void *socket;
  struct crowd *crowd;
  uint8_t keys[ZAP_KEYS * CURVE_LEN]; /* sorted */
  size_t n_keys;
  struct stranger strangers[LIMIT_STRANGERS];
  size_t n_strangers;
  uint64_t crowded, crowded_told_ms; /* members' connections refused since the log told of them, and when it did */
};

/* One part of a request; longer ones are cut, and len says so. */
struct part {
  size_t len;
  uint8_t p[PART_MAX];
};

enum err_code zap_open(void *zmq_context, struct zap **out, struct err *err) {
  static const int64_t LARGEST = 1024;
  static const int NO_LINGER = 0;
  struct zap *z = calloc(1, sizeof *z);
  if (z == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  z->crowd = crowd_new();
  if (z->crowd == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    zap_free(z);
    return ERR_MEMORY;
  }
  z->socket = zmq_socket(zmq_context, ZMQ_REP);
  if (z->socket == NULL || zmq_setsockopt(z->socket, ZMQ_LINGER, &NO_LINGER, sizeof NO_LINGER) != 0 ||
      zmq_setsockopt(z->socket, ZMQ_MAXMSGSIZE, &LARGEST, sizeof LARGEST) != 0 ||
      zmq_bind(z->socket, "inproc://zeromq.zap.01") != 0) {
    err_set(err, ERR_FAILED, "authentication handler: %s", zmq_strerror(zmq_errno()));
    zap_free(z);
    return ERR_FAILED;
  }
  *out = z;
  return OK;
}

void zap_free(struct zap *z) {
  if (z == NULL) return;
  if (z->socket != NULL) zmq_close(z->socket);
  crowd_free(z->crowd);
  free(z);
}

void *zap_socket(struct zap *z) {
  return z->socket;
}

struct crowd *zap_crowd(struct zap *z) {
  return z->crowd;
}

static int key_compare(const void *a, const void *b) {
  return memcmp(a, b, CURVE_LEN);
}

enum err_code zap_allow(struct zap *z, const uint8_t *keys, size_t n, struct err *err) {
  if (n > ZAP_KEYS) return err_set(err, ERR_LIMIT, "%zu keys to let in, at most %d", n, ZAP_KEYS);
  if (n > 0) memcpy(z->keys, keys, n * CURVE_LEN);
  z->n_keys = n;
  qsort(z->keys, n, CURVE_LEN, key_compare);
  return OK;
}

bool zap_allows(const struct zap *z, const uint8_t curve[CURVE_LEN]) {
  return bsearch(curve, z->keys, z->n_keys, CURVE_LEN, key_compare) != NULL;
}

/* ---- strangers ---- */

/* The place of a key in the list: its own, a free one, or the one told longest ago. */
static struct stranger *stranger_place(struct zap *z, const uint8_t curve[CURVE_LEN]) {
  struct stranger *oldest = &z->strangers[0];
  for (size_t i = 0; i < z->n_strangers; i++) {
    struct stranger *s = &z->strangers[i];
    if (memcmp(s->curve, curve, CURVE_LEN) == 0) return s;
    if (s->told_ms < oldest->told_ms) oldest = s;
  }
  return z->n_strangers < LIMIT_STRANGERS ? &z->strangers[z->n_strangers++] : oldest;
}

static void stranger_note(struct zap *z, const uint8_t curve[CURVE_LEN], uint64_t now_ms) {
  struct stranger *s = stranger_place(z, curve);
  const bool known = memcmp(s->curve, curve, CURVE_LEN) == 0 && s->told_ms != 0;
  /* A full list of fresh faces: one that came less than 10 s ago is not pushed out, so a flood of keys stays this small. */
  if (s->told_ms != 0 && now_ms - s->told_ms < TELL_AGAIN_MS) return;
  if (!known) memcpy(s->curve, curve, CURVE_LEN);
  s->told_ms = now_ms == 0 ? 1 : now_ms;
  s->due = true;
}

bool zap_next_stranger(struct zap *z, uint8_t curve[CURVE_LEN]) {
  for (size_t i = 0; i < z->n_strangers; i++) {
    if (!z->strangers[i].due) continue;
    z->strangers[i].due = false;
    memcpy(curve, z->strangers[i].curve, CURVE_LEN);
    return true;
  }
  return false;
}

/* ---- requests ---- */

/* Reads a whole request; parts past PARTS are counted and dropped. False: none waits. */
static bool request_read(void *socket, struct part parts[PARTS], size_t *n) {
  int more = 1;
  *n = 0;
  while (more) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    const int len = zmq_msg_recv(&message, socket, ZMQ_DONTWAIT);
    if (len < 0) {
      zmq_msg_close(&message);
      return false;
    }
    if (*n < PARTS) {
      struct part *part = &parts[*n];
      part->len = (size_t)len;
      memcpy(part->p, zmq_msg_data(&message), part->len < PART_MAX ? part->len : PART_MAX);
    }
    ++*n;
    more = zmq_msg_more(&message);
    zmq_msg_close(&message);
  }
  return true;
}

static bool part_is(const struct part *part, const char *text) {
  return part->len == strlen(text) && memcmp(part->p, text, part->len) == 0;
}

enum verdict { ALLOWED, STRANGER, CROWDED };

/* 500 for the crowded: after a 300 libzmq leaves the client waiting, and 400 means another key. */
static void reply(struct zap *z, const struct part *request_id, enum verdict verdict, const char *user_id) {
  static const struct {
    const char *status, *text;
  } SAY[] = {[ALLOWED] = {"200", "OK"}, [STRANGER] = {"400", "not a member"}, [CROWDED] = {"500", "too many connections"}};
  const size_t id_len = request_id->len < PART_MAX ? request_id->len : PART_MAX;
  const struct view parts[] = {view_of_text("1.0"),
                               view_of(request_id->p, id_len),
                               view_of_text(SAY[verdict].status),
                               view_of_text(SAY[verdict].text),
                               view_of_text(user_id),
                               view_of(NULL, 0)};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const int flags = ZMQ_DONTWAIT | (i + 1 < sizeof parts / sizeof parts[0] ? ZMQ_SNDMORE : 0);
    if (zmq_send(z->socket, parts[i].p, parts[i].len, flags) < 0)
      return; /* the client waits in vain and is closed: shut is safe */
  }
}

static void crowded_note(struct zap *z, const char *key, uint64_t now_ms) {
  z->crowded++;
  if (z->crowded_told_ms != 0 && now_ms - z->crowded_told_ms < TELL_AGAIN_MS) return;
  log_line(LOG_WARNING, "gate", "a member opens more connections than it may", "curve=%s refused=%llu", key,
           (unsigned long long)z->crowded);
  z->crowded = 0;
  z->crowded_told_ms = now_ms;
}

static enum verdict judge(struct zap *z, const struct part parts[PARTS], size_t n, char user_id[2 * CURVE_LEN + 1],
                          uint64_t now_ms) {
  const bool curve = n == PARTS && part_is(&parts[0], "1.0") && part_is(&parts[2], ZAP_DOMAIN) && part_is(&parts[5], "CURVE") &&
                     parts[6].len == CURVE_LEN;
  user_id[0] = '\0';
  if (!curve) return STRANGER;
  if (!zap_allows(z, parts[6].p)) {
    stranger_note(z, parts[6].p, now_ms);
    crowd_denied(z->crowd);
    return STRANGER;
  }
  hex_encode(view_of(parts[6].p, CURVE_LEN), user_id);
  if (crowd_admit(z->crowd, parts[6].p)) return ALLOWED;
  crowded_note(z, user_id, now_ms);
  crowd_denied(z->crowd);
  return CROWDED;
}

void zap_step(struct zap *z, uint64_t now_ms) {
  static const struct part NOBODY = {0};
  struct part parts[PARTS];
  size_t n = 0;
  while (request_read(z->socket, parts, &n)) {
    char user_id[2 * CURVE_LEN + 1];
    const enum verdict verdict = judge(z, parts, n, user_id, now_ms);
    reply(z, n >= 2 ? &parts[1] : &NOBODY, verdict, verdict == ALLOWED ? user_id : "");
  }
}
