/*
 * ask: see ask.h.
 *
 * Item = [body as bin, signature]; the signature is over the octets of the body as they were carried.
 */
#include "protocol/ask.h"

#include <sodium.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/membership.h"

#define VERSION 1u
#define FIELDS 7u
#define NAME_OCTETS ((size_t)LIMIT_NAME * 4)

struct hash token_hash(const struct token *token) {
  return hash_of(HASH_TOKEN, view_of(token->b, sizeof token->b), view_of(NULL, 0));
}

static bool name_is_fine(struct view name) {
  return name.len > 0 && name.len <= NAME_OCTETS && text_is_valid(name) && text_length(name) <= LIMIT_NAME &&
         memchr(name.p, '\n', name.len) == NULL && memchr(name.p, '\t', name.len) == NULL;
}

static size_t most(const struct ask *ask) {
  return ask->request.len == 0 ? LIMIT_ASK : LIMIT_ASK_NODE;
}

static void body_write(struct canon_writer *w, const struct ask *ask) {
  canon_put_array(w, FIELDS);
  canon_put_uint(w, VERSION);
  canon_put_hash(w, &ask->fed_id);
  canon_put_hash(w, &ask->node);
  canon_put_bin(w, view_of(ask->token.b, sizeof ask->token.b));
  canon_put_pubkey(w, &ask->key);
  canon_put_str(w, ask->name);
  if (ask->request.len == 0) {
    canon_put_nil(w);
  } else {
    canon_put_bin(w, ask->request);
  }
}

static void body_read(struct canon_reader *r, struct ask *out) {
  canon_array_exact(r, FIELDS);
  if (canon_uint(r) != VERSION) canon_fail(r, "another version");
  canon_hash(r, &out->fed_id);
  canon_hash(r, &out->node);
  canon_fixed(r, out->token.b, sizeof out->token.b);
  canon_pubkey(r, &out->key);
  out->name = canon_str(r, NAME_OCTETS);
  if (r->fault == NULL && !name_is_fine(out->name)) canon_fail(r, "a name is one line of 1 to 200 characters");
  if (!canon_opt_nil(r)) {
    out->request = canon_bin(r, LIMIT_ASK_NODE);
    if (out->request.len == 0) canon_fail(r, "an empty request");
  }
}

/* The request, where there is one, is a founding request of this key. */
static bool request_is_fine(const struct ask *ask) {
  struct founder founder;
  struct view name, address;
  return ask->request.len == 0 || (founding_request_decode(ask->request, &founder, &name, &address, NULL) == OK &&
                                   pubkey_equal(&founder.identity.node_key, &ask->key));
}

enum err_code ask_seal(struct ask *ask, const struct signer *key_holder, struct bytes *out, struct err *err) {
  struct bytes body;
  const size_t before = out->len;
  bytes_init(&body, LIMIT_ASK_NODE);
  ask->key = key_holder->pub;
  struct canon_writer w = canon_writer(&body);
  body_write(&w, ask);
  enum err_code code = canon_written(&w, "ask", err);
  if (code == OK && !name_is_fine(ask->name)) {
    code = err_set(err, ERR_FORMAT, "a name is one line of 1 to %u characters", LIMIT_NAME);
  }
  if (code == OK && !request_is_fine(ask)) code = err_set(err, ERR_FORMAT, "ask: the request is not of this key");
  if (code != OK) goto out;
  const struct signature signature = sign_tagged(key_holder, SIGN_ASK, &ask->fed_id, bytes_view(&body));
  if (sodium_is_zero(signature.b, sizeof signature.b) == 1) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  ask->id = hash_of(HASH_ASK, bytes_view(&body), view_of(NULL, 0));
  w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&body));
  canon_put_signature(&w, &signature);
  code = canon_written(&w, "ask", err);
  if (code == OK && out->len - before > most(ask)) code = err_set(err, ERR_LIMIT, "ask: more than %zu octets", most(ask));
  if (code != OK) out->len = before;
out:
  bytes_release(&body);
  return code;
}

enum err_code ask_read(struct view item, struct ask *out, struct err *err) {
  struct ask ask = {.name = {NULL, 0}};
  if (item.len > LIMIT_ASK_NODE) return err_set(err, ERR_LIMIT, "ask: %zu octets, at most %u", item.len, LIMIT_ASK_NODE);
  struct canon_reader r = canon_reader(item);
  canon_array_exact(&r, 2);
  ask.body = canon_bin(&r, LIMIT_ASK_NODE);
  canon_signature(&r, &ask.signature);
  enum err_code code = canon_finish(&r, "ask", err);
  if (code != OK) return code;
  r = canon_reader(ask.body);
  body_read(&r, &ask);
  code = canon_finish(&r, "ask", err);
  if (code != OK) return code;
  if (item.len > most(&ask)) return err_set(err, ERR_LIMIT, "ask: %zu octets, at most %zu", item.len, most(&ask));
  ask.id = hash_of(HASH_ASK, ask.body, view_of(NULL, 0));
  *out = ask;
  return OK;
}

enum reason ask_verify(const struct ask *ask) {
  if (pubkey_check(&ask->key, NULL) != OK) return REASON_KEY;
  if (!sign_verify(&ask->key, SIGN_ASK, &ask->fed_id, ask->body, &ask->signature)) return REASON_SIGNATURE;
  return request_is_fine(ask) ? REASON_NONE : REASON_FORMAT;
}
