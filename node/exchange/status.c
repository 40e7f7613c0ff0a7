/*
 * status: what `specola status` shows of the exchange, as JSON.
 */
#include "node/exchange/inside.h"
#include "node/store/query_fork.h"

/* Adds value under key; false without memory. Takes value over in every case. */
static bool put(json_t *object, const char *key, json_t *value) {
  return json_object_set_new(object, key, value) == 0;
}

static bool put_hash(json_t *object, const char *key, const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hash_hex(hash, hex);
  return put(object, key, json_string(hex));
}

static bool put_number(json_t *object, const char *key, uint64_t n) {
  return put(object, key, json_integer((json_int_t)n));
}

/* Those that are not zero. */
static json_t *counters_json(const struct counters *counters) {
  json_t *out = json_object();
  bool ok = out != NULL;
  for (unsigned i = 0; i < N_COUNTERS && ok; i++) {
    if (counters->n[i] > 0) ok = put_number(out, counter_name((enum counter)i), counters->n[i]);
  }
  if (ok) return out;
  json_decref(out);
  return NULL;
}

/* Entries that peer lacks of ours (behind), and we of its (ahead), as far as it told. */
static void compare(const struct exchange *x, uint32_t peer, uint64_t *behind, uint64_t *ahead) {
  *behind = *ahead = 0;
  for (uint32_t i = 0; i < x->n_logs; i++) {
    uint64_t ours = x->logs[i]->size, theirs = x->logs[i]->claims[peer].size;
    if (theirs < ours) *behind += ours - theirs;
    if (theirs > ours) *ahead += theirs - ours;
  }
}

static const char *state_of(const struct exchange *x, const struct peer *p) {
  if (p->link != NULL) return "open";
  for (uint32_t i = 0; i < x->n_links; i++) {
    if (&x->peers[x->links[i]->peer] == p && x->links[i]->session.state != SESSION_CLOSED) return "greeting";
  }
  return dial_endpoint(x, p) == NULL || !dial_is_chosen(x, (uint32_t)(p - x->peers)) ? "waiting" : "dialling";
}

static bool put_told(const struct exchange *x, uint32_t peer, json_t *out) {
  const struct peer *p = &x->peers[peer];
  uint64_t behind = 0, ahead = 0;
  if (!p->has_heads) return put(out, "behind", json_null()) && put(out, "ahead", json_null());
  compare(x, peer, &behind, &ahead);
  return put_number(out, "behind", behind) && put_number(out, "ahead", ahead) && put_hash(out, "frontier", &p->digest);
}

static json_t *peer_json(const struct exchange *x, uint32_t peer) {
  const struct peer *p = &x->peers[peer];
  const char *endpoint = dial_endpoint(x, p);
  json_t *out = json_object();
  bool ok = out != NULL && put(out, "handle", json_string(p->handle)) && put_hash(out, "node", &p->node) &&
            put(out, "state", json_string(state_of(x, p))) &&
            put(out, "last_heard_s", p->heard ? json_integer((json_int_t)((now_ms(x) - p->heard_ms) / 1000)) : json_null()) &&
            put_told(x, peer, out) && put(out, "dialled", json_boolean(p->link != NULL && p->link->dialled)) &&
            put(out, "endpoint", endpoint == NULL ? json_null() : json_string(endpoint)) &&
            put(out, "counters", counters_json(&p->counters)) && put(out, "note", json_string(p->note)) &&
            put(out, "key_mismatch", json_boolean(p->key_mismatch));
  if (ok && p->opened_ms != 0) ok = put_number(out, "opened_ms", p->opened_ms);
  if (ok && p->has_ping) ok = put_number(out, "ping_ms", p->ping_ms);
  if (ok) return out;
  json_decref(out);
  return NULL;
}

static bool put_fork(const struct exchange *x, const struct exchange_log *log, json_t *out) {
  return !log->is_forked || query_fork_put(hall_store(x->config.hall), x->federation, &log->node, log->gen, out, NULL) == OK;
}

static json_t *log_json(const struct exchange *x, const struct exchange_log *log) {
  json_t *out = json_object();
  bool ok = out != NULL && put(out, "handle", json_string(federation_handle(x->federation, &log->node))) &&
            put_hash(out, "node", &log->node) && put_number(out, "gen", log->gen) && put_number(out, "size", log->size) &&
            put_hash(out, "root", &log->root) && put_number(out, "grown_ms", log->grown_ms) &&
            put(out, "note", json_string(log->note)) && put(out, "paused", json_boolean(log->is_paused)) &&
            put_fork(x, log, out);
  if (ok) return out;
  json_decref(out);
  return NULL;
}

static json_t *stranger_json(const struct exchange *x, const struct stranger *s) {
  struct hash key;
  json_t *out = json_object();
  for (unsigned i = 0; i < sizeof key.b; i++)
    key.b[i] = s->curve[i];
  bool ok = out != NULL && put_hash(out, "curve", &key) && put_number(out, "times", s->n) &&
            put_number(out, "last_s", (now_ms(x) - s->last_ms) / 1000);
  if (ok) return out;
  json_decref(out);
  return NULL;
}

json_t *exchange_status(const struct exchange *x) {
  struct hash digest = hall_digest(x->config.hall);
  json_t *peers = json_array(), *logs = json_array(), *strangers = json_array(), *out = json_object();
  bool ok = peers != NULL && logs != NULL && strangers != NULL && out != NULL;
  for (uint32_t i = 0; i < x->n_peers && ok; i++)
    ok = x->peers[i].is_former || json_array_append_new(peers, peer_json(x, i)) == 0;
  for (uint32_t i = 0; i < x->n_logs && ok; i++)
    ok = (x->logs[i]->size == 0 && !x->logs[i]->is_paused) || json_array_append_new(logs, log_json(x, x->logs[i])) == 0;
  for (uint32_t i = 0; i < x->n_strangers && ok; i++)
    ok = json_array_append_new(strangers, stranger_json(x, &x->strangers[i])) == 0;
  ok = ok && put_hash(out, "frontier", &digest) && put_number(out, "epoch", x->federation->epoch.number) &&
       json_object_set(out, "peers", peers) == 0 && json_object_set(out, "logs", logs) == 0 &&
       json_object_set(out, "strangers", strangers) == 0 && put(out, "counters", counters_json(&x->counters));
  json_decref(peers);
  json_decref(logs);
  json_decref(strangers);
  if (ok) return out;
  json_decref(out);
  return NULL;
}
