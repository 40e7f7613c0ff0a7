/*
 * fuzz_identity: who is who. The first octet chooses the decoder (identity body, identity item, address, charter item, epoch
 * body, epoch item, founding request, identity item after an earlier body); what is accepted is written again as the same
 * octets, and its invariants hold. Founders that were read found a charter of their own, signed by the vectors' root keys
 * (tests/vectors/make_federation.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/membership.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

/* Compares what was written into out with v, and releases it. */
static void require_same(struct bytes *out, enum err_code code, struct view v) {
  require(code == OK && view_equal(bytes_view(out), v));
  bytes_release(out);
}

/* The federation of the vectors. */
static const struct hash *federation(void) {
  static struct hash fed;
  if (hash_is_zero(&fed)) fed = hash_sha256(view_of_text("specola vectors: federation"));
  return &fed;
}

#define N_ROOTS 6

/* Root keys of the vectors' nodes, made once. */
static const struct signer *roots(void) {
  static const char *const WORDS[N_ROOTS] = {"specola vectors: IT root 0", "specola vectors: IT root 1",
                                             "specola vectors: IT root 2", "specola vectors: EE root 0",
                                             "specola vectors: FR root 0", "specola vectors: IT34 root 1"};
  static struct signer signers[N_ROOTS];
  for (size_t i = 0; i < N_ROOTS && signers[i].secret == NULL; i++) {
    struct hash seed = hash_sha256(view_of_text(WORDS[i]));
    require(signer_from_seed(seed.b, &signers[i], NULL) == OK);
  }
  return signers;
}

static void fuzz_body(struct view v) {
  struct identity id;
  struct bytes out;
  if (identity_decode(v, &id, NULL) != OK) return;
  require(id.n_roots >= 1 && id.n_roots <= LIMIT_ROOTS && id.threshold >= 1 && id.threshold <= id.n_roots);
  bytes_init(&out, LIMIT_IDENTITY);
  require_same(&out, identity_encode(&id, &out, NULL), v);
}

/* An item after previous (empty: the first of node). */
static void check_item(struct view v, struct view previous, const struct hash *node) {
  struct identity_item item;
  struct identity id;
  struct bytes out;
  struct canon_reader r = canon_reader(v);
  identity_item_read(&r, &item);
  if (canon_finish(&r, "item", NULL) != OK) return;
  bytes_init(&out, v.len);
  struct canon_writer w = canon_writer(&out);
  identity_item_write(&w, &item);
  require_same(&out, canon_written(&w, "item", NULL), v);
  struct hash own = identity_hash(item.body);
  enum err_code code = identity_verify(&item, federation(), node == NULL ? &own : node, previous, &id, NULL);
  require(code == OK || code == ERR_FORMAT || code == ERR_SIGNATURE || code == ERR_MISMATCH);
  if (code == OK) require(item.n >= id.threshold && (previous.len > 0) == (id.version > 1) && id.has_prev == (id.version > 1));
  if (code == OK && previous.len > 0) require(item.n_prev > 0);
}

static void fuzz_item(struct view v) {
  check_item(v, view_of(NULL, 0), NULL);
}

/* The length of the earlier body in two octets, that body, the item. A later body is that of whoever's it is. */
static void fuzz_later(struct view v) {
  static const struct hash OTHER = {{1}};
  if (v.len < 2) return;
  size_t len = ((size_t)v.p[0] & 0x7f) << 8 | v.p[1];
  if (len > v.len - 2) len = v.len - 2;
  struct view previous = view_of(v.p + 2, len);
  struct hash node = identity_hash(previous);
  check_item(view_of(v.p + 2 + len, v.len - 2 - len), previous, (v.p[0] & 0x80) != 0 ? &OTHER : &node);
}

/* The address, sealed by a key of ours, in a federation and before there is one. */
static void check_sealed(const struct address *a, struct view v) {
  const struct signer *key = &roots()[0];
  struct address again, founding;
  struct bytes out;
  bytes_init(&out, v.len);
  require(address_seal(a, federation(), key, &out, NULL) == OK);
  require(out.len == v.len && memcmp(out.p, v.p, v.len - SIGNATURE_LEN) == 0); /* but for the signature, what came in */
  require(address_open(bytes_view(&out), federation(), &key->pub, &again, NULL) == OK && !again.is_founding);
  require(again.seq == a->seq && hash_equal(&again.node, &a->node) && !address_replaces(&again, &again));
  require(address_open(bytes_view(&out), NULL, &key->pub, &founding, NULL) == ERR_SIGNATURE);
  bytes_clear(&out);
  require(address_seal(a, NULL, key, &out, NULL) == OK);
  require(address_open(bytes_view(&out), NULL, &key->pub, &founding, NULL) == OK && founding.is_founding);
  require(address_replaces(&again, &founding) && !address_replaces(&founding, &again));
  require(address_seal(a, NULL, key, &out, NULL) == ERR_LIMIT && out.len == v.len); /* out is full */
  again.n_endpoints = LIMIT_ENDPOINTS + 1;
  require(address_seal(&again, NULL, key, &out, NULL) == ERR_FORMAT);
  again.seq = LIMIT_NUMBER + 1;
  require(address_seal(&again, NULL, key, &out, NULL) == ERR_FORMAT);
  bytes_release(&out);
}

static void fuzz_address(struct view v) {
  struct address a;
  if (address_open(v, NULL, NULL, &a, NULL) != OK) return;
  check_sealed(&a, v);
  require(a.n_endpoints <= LIMIT_ENDPOINTS);
  for (uint32_t i = 0; i < a.n_endpoints; i++)
    require(address_endpoint_is_valid(a.endpoints[i]));
  require(strlen(a.web) <= LIMIT_ENDPOINT);
}

/* Signs c with our keys: the identities of complete founders verify, and a copy without signatures takes them all over. */
static void check_signing(struct charter *c, struct view v) {
  struct charter copy;
  struct identity_item item;
  struct identity id;
  struct bytes one, two;
  uint32_t n_added = 0, n_before = c->n_signatures;
  require(charter_decode(v, &copy, NULL) == OK);
  enum err_code code = charter_sign(c, roots(), N_ROOTS, &n_added, NULL);
  require((code == OK || code == ERR_NOT_FOUND) && c->n_signatures == n_before + n_added);
  for (uint32_t i = 0; i < c->n_founders; i++) {
    charter_identity_item(c, i, &item);
    code = identity_verify(&item, &c->fed_id, &c->founders[i].node, view_of(NULL, 0), &id, NULL);
    require((code == OK) == (item.n >= c->founders[i].identity.threshold));
  }
  require(charter_merge(&copy, c, NULL) == OK && charter_merge(c, &copy, NULL) == OK);
  bytes_init(&one, 2 * (size_t)LIMIT_CHARTER);
  bytes_init(&two, 2 * (size_t)LIMIT_CHARTER);
  require(charter_encode(c, &one, NULL) == OK);
  require_same(&two, charter_encode(&copy, &two, NULL), bytes_view(&one));
  bytes_release(&one);
  charter_release(&copy);
}

/* The founders of c found another federation, in any order; two of the same do not. */
static void check_founding(const struct charter *c) {
  struct charter fresh;
  struct bytes out;
  uint32_t n = c->n_founders;
  struct founder *turned = calloc(n + (size_t)1, sizeof *turned);
  require(turned != NULL);
  for (uint32_t i = 0; i < n; i++)
    turned[i] = c->founders[n - 1 - i];
  turned[n] = turned[0];
  require(charter_new("Trial", "en", turned, n, &fresh, NULL) == OK);
  require(fresh.n_founders == n &&
          charter_merge(&fresh, c, NULL) == (hash_equal(&fresh.fed_id, &c->fed_id) ? OK : ERR_MISMATCH));
  bytes_init(&out, 2 * (size_t)LIMIT_CHARTER);
  require(charter_encode(&fresh, &out, NULL) == OK);
  charter_release(&fresh);
  require(charter_decode(bytes_view(&out), &fresh, NULL) == OK);
  require(fresh.n_founders == n && hash_equal(&fresh.founders[0].node, &c->founders[0].node));
  charter_release(&fresh);
  bytes_release(&out);
  enum err_code twice = charter_new("Trial", "en", turned, n + 1, &fresh, NULL);
  require(twice == (n < LIMIT_MEMBERS ? ERR_REFUSED : ERR_LIMIT));
  require(charter_new("Trial", "en", turned, 0, &fresh, NULL) == ERR_REFUSED);
  turned[0].handle[0] = 'x';
  require(charter_new("Trial", "en", turned, n, &fresh, NULL) == ERR_REFUSED);
  free(turned);
}

static void fuzz_charter(struct view v) {
  struct charter c;
  struct bytes out;
  struct epoch e;
  if (charter_decode(v, &c, NULL) != OK) return;
  bytes_init(&out, v.len);
  require_same(&out, charter_encode(&c, &out, NULL), v);
  require(c.n_founders >= 1 && c.n_founders <= LIMIT_MEMBERS && charter_name(&c, "en").len > 0);
  check_signing(&c, v);
  check_founding(&c);
  enum err_code complete = charter_complete(&c, NULL);
  require(epoch_from_charter(&c, &e, NULL, NULL) == complete && (complete == OK || complete == ERR_INCOMPLETE));
  if (complete == OK) epoch_release(&e);
  charter_release(&c);
}

/* The digest over a log of each member: there is one for rows that rise, and another size is another digest. */
static void check_frontier(const struct epoch *e) {
  struct frontier_row *rows = calloc(e->n_members, sizeof *rows);
  struct hash one, two;
  uint32_t n = e->n_members;
  require(rows != NULL);
  for (uint32_t i = 0; i < n; i++)
    rows[i] = (struct frontier_row){.node = e->members[i].node, .gen = 1, .size = i};
  require(frontier_digest(&e->hash, rows, n, &one, NULL) == OK);
  rows[n - 1].size++;
  require(frontier_digest(&e->hash, rows, n, &two, NULL) == OK && !hash_equal(&one, &two));
  if (n > 1) {
    rows[n - 1] = rows[0];
    require(frontier_digest(&e->hash, rows, n, &two, NULL) == ERR_FORMAT);
  }
  free(rows);
}

/* The item of a body that was read is read as that body, and has the length that it must have. */
static void check_epoch_item(struct view body) {
  struct bytes out;
  bytes_init(&out, body.len + 16);
  require(epoch_item_encode(body, &out, NULL) == OK);
  struct canon_reader r = canon_reader(bytes_view(&out));
  struct view again = epoch_item_read(&r, 0);
  require(canon_finish(&r, "item", NULL) == OK && view_equal(again, body));
  size_t len = out.len;
  out.ceiling = len;
  require(epoch_item_encode(body, &out, NULL) == ERR_LIMIT && out.len == len);
  bytes_release(&out);
}

static void fuzz_epoch(struct view v) {
  struct epoch e;
  if (epoch_decode(v, &e, NULL) != OK) return;
  check_epoch_item(v);
  check_frontier(&e);
  require(epoch_by_handle(&e, "") == NULL && epoch_by_roll(&e, UINT64_MAX) == NULL);
  for (uint32_t i = 0; i < e.n_members; i++) {
    require(epoch_by_node(&e, &e.members[i].node) == &e.members[i]);
    require(epoch_by_roll(&e, e.members[i].roll) == &e.members[i]);
    require(epoch_by_handle(&e, e.members[i].handle) == &e.members[i] && handle_is_valid(e.members[i].handle));
  }
  require(e.n_leads >= 1 && e.n_leads <= e.n_members);
  epoch_release(&e);
}

static void fuzz_epoch_item(struct view v) {
  struct canon_reader r = canon_reader(v);
  struct view body = epoch_item_read(&r, 0);
  if (canon_finish(&r, "item", NULL) == OK) fuzz_epoch(body);
}

/* A request, signed by our keys, is one; its identity is as valid as the signatures of its own keys make it. */
static void check_signed_request(struct view v, const struct founder *f) {
  struct founder again;
  struct identity_item item;
  struct view name, address;
  struct bytes out;
  uint32_t n_added = 0;
  require(founding_request_item(v, &item, NULL) == OK);
  uint32_t n = item.n;
  bytes_init(&out, v.len + 1024);
  enum err_code code = founding_request_sign(v, federation(), roots(), N_ROOTS, &out, &n_added, NULL);
  require(code == OK || code == ERR_NOT_FOUND);
  if (code == OK) {
    require(founding_request_decode(bytes_view(&out), &again, &name, &address, NULL) == OK &&
            hash_equal(&again.node, &f->node));
    require(founding_request_item(bytes_view(&out), &item, NULL) == OK && item.n == n + n_added);
  }
  bytes_release(&out);
}

static void fuzz_request(struct view v) {
  struct founder f;
  struct view name;
  struct view address;
  struct bytes out;
  char text[4 * LIMIT_NAME + 1];
  if (founding_request_decode(v, &f, &name, &address, NULL) != OK) return;
  check_signed_request(v, &f);
  if (v.p[0] != 0x97) return; /* with root signatures, which are written by founding_request_sign alone */
  (void)snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.p);
  bytes_init(&out, v.len);
  require_same(&out, founding_request_encode(&f, text, address, &out, NULL), v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const DECODERS[])(struct view v) = {fuzz_body,  fuzz_item,       fuzz_address, fuzz_charter,
                                                    fuzz_epoch, fuzz_epoch_item, fuzz_request, fuzz_later};
  require(secret_start(NULL) == OK);
  if (size > 0) DECODERS[data[0] % (sizeof DECODERS / sizeof *DECODERS)](view_of(data + 1, size - 1));
  return 0;
}
