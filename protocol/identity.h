/*
 * identity: who a node is (docs/protocol.md 6.1), and where it can be reached (6.2).
 */
#ifndef SPECOLA_PROTOCOL_IDENTITY_H
#define SPECOLA_PROTOCOL_IDENTITY_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/sign.h"
#include "protocol/limits.h"

/* An identity body in hand. Invariants: roots strictly increasing, 1 <= threshold <= n_roots. */
struct identity {
  uint64_t version; /* from 1 */
  uint64_t gen;     /* from 1 */
  uint64_t cut_size;
  uint32_t n_roots, threshold;
  bool has_prev, has_curve_next, has_cut;
  struct hash prev;
  struct pubkey roots[LIMIT_ROOTS];
  struct pubkey node_key;
  uint8_t curve[32], curve_next[32];
  struct hash cut_root;
};
MUST_CHECK enum err_code identity_encode(const struct identity *id, struct bytes *out, struct err *err);
/* Form and keys only. ERR_FORMAT. Fuzzed. */
MUST_CHECK enum err_code identity_decode(struct view body, struct identity *out, struct err *err);
/* BLAKE2b("specola1.ident", body): of version 1 it is the node id. */
struct hash identity_hash(struct view body);

/* Root signatures by rising root index. */
struct root_signature {
  uint32_t index;
  struct signature signature;
};
/* An identity item in hand; body borrows. */
struct identity_item {
  struct view body;
  uint32_t n, n_prev; /* signatures of the own root set, and of the earlier one */
  struct root_signature signatures[LIMIT_ROOTS], prev_signatures[LIMIT_ROOTS];
};
struct canon_reader;
struct canon_writer;
void identity_item_read(struct canon_reader *r, struct identity_item *out);
void identity_item_write(struct canon_writer *w, const struct identity_item *item);
/* Whether item is valid in the federation after previous (empty: must be version 1 with id node). ERR_FORMAT, ERR_SIGNATURE,
 * ERR_MISMATCH (not the follower of previous, or another node). On success *out is filled. */
MUST_CHECK enum err_code identity_verify(const struct identity_item *item, const struct hash *fed_id, const struct hash *node,
                                         struct view previous_body, struct identity *out, struct err *err);

/* An address. endpoints and web are NUL-terminated; web empty: none. */
struct address {
  struct hash node;
  uint64_t seq;
  uint32_t n_endpoints;
  char endpoints[LIMIT_ENDPOINTS][LIMIT_ENDPOINT + 1];
  char web[LIMIT_ENDPOINT + 1];
  bool is_founding; /* verified under 32 zero octets; not part of the octets */
};
/* "tcp://HOST:PORT", PORT 1..65535, HOST of letters, digits, '.', '-', or an IPv6 address in brackets. */
bool address_endpoint_is_valid(const char *endpoint);
/* Signs; appends the encoded address item. fed_id NULL: none yet. */
MUST_CHECK enum err_code address_seal(const struct address *address, const struct hash *fed_id, const struct signer *node_key,
                                      struct bytes *out, struct err *err);
/* Decodes an encoded address item and verifies under node_key (NULL: form only). ERR_FORMAT, ERR_SIGNATURE. */
MUST_CHECK enum err_code address_open(struct view item, const struct hash *fed_id, const struct pubkey *node_key,
                                      struct address *out, struct err *err);
/* Whether fresh takes the place of held, both opened under the current key of one node (docs/protocol.md 6.2): one signed in
 * the federation that of a founding request, whatever their numbers; else the higher seq. */
bool address_replaces(const struct address *fresh, const struct address *held);

#endif
