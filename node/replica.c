/*
 * replica: the beginning of one. See replica.h.
 */
#include "node/replica.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "protocol/bundle.h"
#include "protocol/canon.h"

#define HEAD_MAX ((size_t)4 * 1024 * 1024) /* octets of the index, of the charter, of identities */

/* ---- the charter ---- */

/* The payload of the one item of that type that the answer consists of. */
static enum err_code only_item(struct view octets, enum bundle_type type, struct view *payload, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  const bool is_pair = canon_array(&r, 2) == 2;
  const uint64_t found = canon_uint(&r);
  *payload = canon_skip(&r);
  if (canon_finish(&r, "answer", NULL) != OK || !is_pair || found != (uint64_t)type) {
    return err_set(err, ERR_FORMAT, "the answer is not what was asked for");
  }
  return OK;
}

/* The handle of a node that was admitted after the founding, as who answers calls it: epochs that prove it come with the first
 * synchronisation, and REPLICA_HOME holds whose it must be. Empty: it names none. */
static void told_handle(const json_t *index, const struct hash *node, char out[HANDLE_MAX]) {
  char hex[HASH_HEX_LEN];
  size_t i = 0;
  const json_t *row = NULL;
  hash_hex(node, hex);
  out[0] = '\0';
  json_array_foreach(json_object_get(index, "logs"), i, row) {
    const char *own = json_string_value(json_object_get(row, "node")),
               *handle = json_string_value(json_object_get(row, "handle"));
    if (own != NULL && handle != NULL && strcmp(own, hex) == 0 && handle_is_valid(handle)) {
      (void)snprintf(out, HANDLE_MAX, "%s", handle);
    }
  }
}

/* What answers there says which observatory it is of: told early, in words; the charter's hash is what counts. */
static enum err_code is_of(struct fetch *f, const struct hash *fed_id, const struct hash *home_node, struct fetch_answer *a,
                           char handle[HANDLE_MAX], struct err *err) {
  char wanted[HASH_HEX_LEN];
  enum err_code code = fetch_get(f, "/sync", NULL, a, err);
  if (code != OK) return code;
  hash_hex(fed_id, wanted);
  json_t *index = json_loadb(a->body.len == 0 ? "" : (const char *)a->body.p, a->body.len, 0, NULL);
  const char *said = json_string_value(json_object_get(index, "fed_id"));
  if (said == NULL) {
    err_set(err, ERR_FORMAT, "what answers at %s is no node of an observatory", fetch_url(f));
    code = err_hint(err, "check the address: it is that of the pages");
  } else if (strcmp(said, wanted) != 0) {
    err_set(err, ERR_REFUSED, "%s serves another observatory than the one that you were invited to", fetch_url(f));
    code = err_hint(err, "ask who invited you for the line again, and how its fingerprint reads");
  }
  if (home_node != NULL) told_handle(index, home_node, handle);
  json_decref(index);
  return code;
}

/* Asks for the charter, which proves by its hash that it is the one. item receives its octets, *out what they say. */
static enum err_code get_charter(struct fetch *f, const struct hash *fed_id, const struct hash *home_node, struct bytes *item,
                                 struct charter *out, char handle[HANDLE_MAX], struct err *err) {
  struct fetch_answer a;
  struct view payload;
  fetch_answer_init(&a, HEAD_MAX);
  enum err_code code = is_of(f, fed_id, home_node, &a, handle, err);
  if (code == OK) code = fetch_get(f, "/sync/charter", NULL, &a, err);
  if (code == OK) code = only_item(bytes_view(&a.body), BUNDLE_CHARTER, &payload, err);
  if (code == OK) code = charter_decode(payload, out, err);
  if (code == OK) code = charter_complete(out, err);
  if (code == OK && !hash_equal(&out->fed_id, fed_id)) {
    err_set(err, ERR_REFUSED, "%s hands out the charter of another observatory", fetch_url(f));
    code = err_hint(err, "do not go on with that address; ask who invited you");
  }
  if (code == OK) code = bytes_append(item, payload, err);
  fetch_answer_release(&a);
  return code;
}

/* ---- the home ---- */

static enum err_code configure(const struct charter *c, const struct hash *home_node, const char *handle, const char *url,
                               struct home_config *config, struct err *err) {
  struct epoch epoch = {.number = 0};
  if (strlen(url) >= sizeof config->replica) return err_set(err, ERR_LIMIT, "%.60s…: the address is too long", url);
  memcpy(config->replica, url, strlen(url) + 1);
  if (home_node == NULL) return OK;
  enum err_code code = epoch_from_charter(c, &epoch, NULL, err);
  const struct member *m = code == OK ? epoch_by_node(&epoch, home_node) : NULL;
  if (m != NULL) {
    memcpy(config->home, m->handle, sizeof config->home);
    memcpy(config->country, m->country, sizeof config->country);
    memcpy(config->region, m->region, sizeof config->region);
  } else if (code == OK && handle[0] != '\0') {
    (void)snprintf(config->home, sizeof config->home, "%s", handle);
  } else if (code == OK) {
    code = err_set(err, ERR_NOT_FOUND, "the node that you were invited to is no member of that observatory");
  }
  epoch_release(&epoch);
  return code;
}

/* A node id that the store keeps under a name; NULL: none. */
struct fact {
  const char *name;
  const struct hash *node;
};

/* A store that holds a charter already must hold this one. */
static enum err_code put_charter(const char *dir, const struct charter *c, const struct fact facts[2], struct view item,
                                 struct err *err) {
  struct store *s = NULL;
  struct bytes held;
  struct charter before = {.n_founders = 0};
  bytes_init(&held, HEAD_MAX);
  enum err_code code = store_open(dir, STORE_WRITE, NULL, &s, err);
  if (code != OK) goto out;
  code = store_get_charter(s, &held, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = store_put_charter(s, item, err);
  } else if (code == OK && (code = charter_decode(bytes_view(&held), &before, err)) == OK &&
             !hash_equal(&before.fed_id, &c->fed_id)) {
    err_set(err, ERR_REFUSED, "%s holds another observatory already", dir);
    code = err_hint(err, "take another --home");
  }
  for (size_t i = 0; i < 2 && code == OK; i++)
    if (facts[i].node != NULL) code = store_put_fact(s, facts[i].name, hash_view(facts[i].node), err);
out:
  charter_release(&before);
  bytes_release(&held);
  store_close(s);
  return code;
}

enum err_code replica_begin(const char *dir, const char *url, const struct hash *fed_id, const struct hash *followed,
                            const struct hash *home_node, uint64_t timeout_ms, struct home *out, struct err *err) {
  struct fetch *f = NULL;
  struct charter charter = {.n_founders = 0};
  struct home_config config = {.n_peers = 0};
  struct bytes item;
  char handle[HANDLE_MAX] = "";
  const struct fact facts[] = {{REPLICA_FOLLOWED, followed}, {REPLICA_HOME, home_node}};
  bytes_init(&item, HEAD_MAX);
  enum err_code code = fetch_new(url, timeout_ms, &f, err);
  if (code == OK) code = get_charter(f, fed_id, home_node, &item, &charter, handle, err);
  if (code == OK) code = configure(&charter, home_node, handle, fetch_url(f), &config, err);
  if (code == OK) code = home_begin_replica(dir, &config, out, err);
  if (code == OK) code = put_charter(out->dir, &charter, facts, bytes_view(&item), err);
  if (code == OK) code = home_finish(out, err);
  charter_release(&charter);
  bytes_release(&item);
  fetch_free(f);
  return code;
}

enum err_code replica_begin_guest(struct home *h, const char *url, const struct hash *fed_id, const struct hash *followed,
                                  const struct hash *node, uint64_t timeout_ms, struct err *err) {
  struct fetch *f = NULL;
  struct charter charter = {.n_founders = 0};
  struct bytes item;
  char handle[HANDLE_MAX] = "";
  const struct fact facts[] = {{REPLICA_FOLLOWED, followed}, {REPLICA_GUEST, node}};
  bytes_init(&item, HEAD_MAX);
  enum err_code code = fetch_new(url, timeout_ms, &f, err);
  if (code == OK) code = get_charter(f, fed_id, NULL, &item, &charter, handle, err);
  if (code == OK) code = put_charter(h->dir, &charter, facts, bytes_view(&item), err);
  if (code == OK) code = home_be_guest(h, fetch_url(f), err);
  charter_release(&charter);
  bytes_release(&item);
  fetch_free(f);
  return code;
}
