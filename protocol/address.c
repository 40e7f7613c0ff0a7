/*
 * address: where a node can be reached, signed by its node key (docs/protocol.md 6.2). The prototypes stand in identity.h.
 *
 * Item = [body as bin, signature]; the signature is over the octets of the body as they were carried.
 */
#include <arpa/inet.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/identity.h"

#define ADDRESS_BODY_MAX 2048 /* octets of the signed part */
#define SCHEME "tcp://"

/* ---- endpoints ---- */

static bool is_host_octet(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

/* The octets of HOST at the start of text, brackets included; 0 if there is none. */
static size_t host_length(const char *text) {
  size_t n = 0;
  if (*text != '[') {
    while (is_host_octet(text[n]))
      n++;
    return n;
  }
  char host[INET6_ADDRSTRLEN];
  struct in6_addr unused;
  const char *close = strchr(text, ']');
  if (close == NULL || (size_t)(close - text) > sizeof host) return 0;
  n = (size_t)(close - text) - 1;
  memcpy(host, text + 1, n);
  host[n] = '\0';
  return inet_pton(AF_INET6, host, &unused) == 1 ? n + 2 : 0;
}

bool address_endpoint_is_valid(const char *endpoint) {
  struct view text = view_of(endpoint, strnlen(endpoint, LIMIT_ENDPOINT + 1));
  if (text.len > LIMIT_ENDPOINT || strncmp(endpoint, SCHEME, strlen(SCHEME)) != 0) return false;
  const char *host = endpoint + strlen(SCHEME);
  size_t n = host_length(host);
  if (n == 0 || host[n] != ':') return false;
  uint64_t port = 0;
  return decimal_decode(view_of_text(host + n + 1), &port, NULL) == OK && port >= 1 && port <= UINT16_MAX;
}

/* ---- the item ---- */

/* What is wrong with an address in hand; NULL if nothing. */
static const char *address_fault(const struct address *a) {
  if (a->seq > LIMIT_NUMBER) return "a sequence number of 2^63 or above";
  if (a->n_endpoints > LIMIT_ENDPOINTS) return "more than 4 endpoints";
  for (uint32_t i = 0; i < a->n_endpoints; i++) {
    if (!address_endpoint_is_valid(a->endpoints[i])) return "an endpoint that is not tcp://HOST:PORT";
  }
  if (strnlen(a->web, sizeof a->web) == sizeof a->web) return "a web base that is too long";
  if (!text_is_valid(view_of_text(a->web))) return "a web base that is not UTF-8";
  return NULL;
}

static void body_write(struct canon_writer *w, const struct address *a) {
  canon_put_array(w, 4);
  canon_put_hash(w, &a->node);
  canon_put_uint(w, a->seq);
  canon_put_array(w, a->n_endpoints);
  for (uint32_t i = 0; i < a->n_endpoints; i++)
    canon_put_text(w, a->endpoints[i]);
  if (a->web[0] != '\0') {
    canon_put_text(w, a->web);
  } else {
    canon_put_nil(w);
  }
}

/* Reads a str into a NUL-terminated field; a str of the protocol holds no NUL. */
static void read_text(struct canon_reader *r, char out[LIMIT_ENDPOINT + 1]) {
  struct view text = canon_str(r, LIMIT_ENDPOINT);
  if (text.len > 0) memcpy(out, text.p, text.len);
  out[text.len] = '\0';
}

static enum err_code body_read(struct view body, struct address *out, struct err *err) {
  struct canon_reader r = canon_reader(body);
  struct address a = {.seq = 0};
  canon_array_exact(&r, 4);
  canon_hash(&r, &a.node);
  a.seq = canon_uint(&r);
  a.n_endpoints = canon_array(&r, LIMIT_ENDPOINTS);
  for (uint32_t i = 0; i < a.n_endpoints; i++)
    read_text(&r, a.endpoints[i]);
  if (!canon_opt_nil(&r)) {
    read_text(&r, a.web);
    if (a.web[0] == '\0') canon_fail(&r, "an empty web base");
  }
  enum err_code code = canon_finish(&r, "address", err);
  if (code != OK) return code;
  const char *fault = address_fault(&a);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "address: %s", fault);
  *out = a;
  return OK;
}

enum err_code address_seal(const struct address *address, const struct hash *fed_id, const struct signer *node_key,
                           struct bytes *out, struct err *err) {
  const char *fault = address_fault(address);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "address: %s", fault);
  struct bytes body;
  bytes_init(&body, ADDRESS_BODY_MAX);
  size_t before = out->len;
  struct canon_writer w = canon_writer(&body);
  body_write(&w, address);
  enum err_code code = canon_written(&w, "address", err);
  if (code != OK) goto out;
  struct signature signature = sign_tagged(node_key, SIGN_ADDRESS, fed_id, bytes_view(&body));
  w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&body));
  canon_put_signature(&w, &signature);
  code = canon_written(&w, "address", err);
out:
  if (code != OK) out->len = before;
  bytes_release(&body);
  return code;
}

enum err_code address_open(struct view item, const struct hash *fed_id, const struct pubkey *node_key, struct address *out,
                           struct err *err) {
  struct canon_reader r = canon_reader(item);
  struct signature signature;
  struct address address;
  canon_array_exact(&r, 2);
  struct view body = canon_bin(&r, ADDRESS_BODY_MAX);
  canon_signature(&r, &signature);
  enum err_code code = canon_finish(&r, "address item", err);
  if (code != OK) return code;
  code = body_read(body, &address, err);
  if (code != OK) return code;
  if (node_key != NULL && !sign_verify(node_key, SIGN_ADDRESS, fed_id, body, &signature)) {
    return err_set(err, ERR_SIGNATURE, "address: the signature does not verify");
  }
  address.is_founding = node_key != NULL && (fed_id == NULL || hash_is_zero(fed_id));
  *out = address;
  return OK;
}

bool address_replaces(const struct address *fresh, const struct address *held) {
  if (fresh->is_founding != held->is_founding) return held->is_founding;
  return fresh->seq > held->seq;
}
