/*
 * identity: encoder and decoder of identity bodies and items side by side, and the rule by which one follows another.
 *
 * The field order is that of docs/protocol.md 6.1. Addresses, which share the header, are in address.c.
 */
#include "protocol/identity.h"

#include <string.h>

#include "protocol/canon.h"

#define IDENTITY_FIELDS 11
#define IDENTITY_FORM 1 /* the first field of an identity body */

/* ---- the body ---- */

static void put_curve(struct canon_writer *w, const uint8_t curve[32]) {
  canon_put_bin(w, view_of(curve, 32));
}

static void identity_write(struct canon_writer *w, const struct identity *id) {
  canon_put_array(w, IDENTITY_FIELDS);
  canon_put_uint(w, IDENTITY_FORM);
  canon_put_uint(w, id->version);
  canon_put_opt_hash(w, id->has_prev ? &id->prev : NULL);
  canon_put_array(w, id->n_roots);
  for (uint32_t i = 0; i < id->n_roots; i++)
    canon_put_pubkey(w, &id->roots[i]);
  canon_put_uint(w, id->threshold);
  canon_put_pubkey(w, &id->node_key);
  put_curve(w, id->curve);
  if (id->has_curve_next) {
    put_curve(w, id->curve_next);
  } else {
    canon_put_nil(w);
  }
  canon_put_uint(w, id->gen);
  if (id->has_cut) {
    canon_put_array(w, 2);
    canon_put_uint(w, id->cut_size);
    canon_put_hash(w, &id->cut_root);
  } else {
    canon_put_nil(w);
  }
  canon_put_nil(w); /* successor */
}

/* What is wrong between the fields of an identity; NULL if nothing. */
static const char *identity_fault(const struct identity *id) {
  if (id->version == 0 || id->version > LIMIT_NUMBER) return "versions count from 1, below 2^63";
  if (id->has_prev != (id->version > 1)) return "prev belongs to every version but the first";
  if (id->n_roots == 0 || id->n_roots > LIMIT_ROOTS) return "an identity has 1 to 7 root keys";
  if (id->threshold == 0 || id->threshold > id->n_roots) return "a threshold is at least 1 and at most the number of root keys";
  if (id->gen == 0 || id->gen > LIMIT_GEN) return "generations count from 1 to 4294967295";
  if (id->version == 1 && (id->gen != 1 || id->has_cut)) return "the first version has generation 1 and no cut";
  if (id->has_cut && (id->cut_size == 0 || id->cut_size > LIMIT_SIZE)) return "a cut is from 1 on and below 2^40";
  for (uint32_t i = 0; i < id->n_roots; i++) {
    if (i > 0 && pubkey_compare(&id->roots[i - 1], &id->roots[i]) >= 0) return "root keys out of order";
    if (pubkey_check(&id->roots[i], NULL) != OK) return "a root key that is not a valid point";
    if (pubkey_equal(&id->roots[i], &id->node_key)) return "the node key is also a root key";
  }
  if (pubkey_check(&id->node_key, NULL) != OK) return "a node key that is not a valid point";
  return NULL;
}

enum err_code identity_encode(const struct identity *id, struct bytes *out, struct err *err) {
  const char *fault = identity_fault(id);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "identity: %s", fault);
  struct canon_writer w = canon_writer(out);
  size_t before = out->len;
  identity_write(&w, id);
  enum err_code code = canon_written(&w, "identity", err);
  if (code != OK) out->len = before;
  return code;
}

static void read_roots(struct canon_reader *r, struct identity *id) {
  id->n_roots = canon_array(r, LIMIT_ROOTS);
  for (uint32_t i = 0; i < id->n_roots; i++)
    canon_pubkey(r, &id->roots[i]);
}

static void read_cut(struct canon_reader *r, struct identity *id) {
  id->has_cut = !canon_opt_nil(r);
  if (!id->has_cut) return;
  canon_array_exact(r, 2);
  id->cut_size = canon_uint_max(r, LIMIT_SIZE);
  canon_hash(r, &id->cut_root);
}

enum err_code identity_decode(struct view body, struct identity *out, struct err *err) {
  if (body.len > LIMIT_IDENTITY) return err_set(err, ERR_FORMAT, "identity: more than %u octets", LIMIT_IDENTITY);
  struct canon_reader r = canon_reader(body);
  struct identity id = {.version = 0};
  canon_array_exact(&r, IDENTITY_FIELDS);
  if (canon_uint(&r) != IDENTITY_FORM) canon_fail(&r, "another form of identity");
  id.version = canon_uint(&r);
  id.has_prev = !canon_opt_nil(&r);
  if (id.has_prev) canon_hash(&r, &id.prev);
  read_roots(&r, &id);
  id.threshold = (uint32_t)canon_uint_max(&r, LIMIT_ROOTS);
  canon_pubkey(&r, &id.node_key);
  canon_fixed(&r, id.curve, sizeof id.curve);
  id.has_curve_next = !canon_opt_nil(&r);
  if (id.has_curve_next) canon_fixed(&r, id.curve_next, sizeof id.curve_next);
  id.gen = canon_uint(&r);
  read_cut(&r, &id);
  canon_nil(&r); /* successor */
  enum err_code code = canon_finish(&r, "identity", err);
  if (code != OK) return code;
  const char *fault = identity_fault(&id);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "identity: %s", fault);
  *out = id;
  return OK;
}

struct hash identity_hash(struct view body) {
  return hash_of(HASH_IDENTITY, body, view_of(NULL, 0));
}

/* ---- the item ---- */

static uint32_t read_signatures(struct canon_reader *r, struct root_signature signatures[LIMIT_ROOTS]) {
  uint32_t n = canon_array(r, LIMIT_ROOTS);
  for (uint32_t i = 0; i < n; i++) {
    canon_array_exact(r, 2);
    signatures[i].index = (uint32_t)canon_uint_max(r, LIMIT_ROOTS - 1);
    if (i > 0 && signatures[i].index <= signatures[i - 1].index) canon_fail(r, "root signatures out of order");
    canon_signature(r, &signatures[i].signature);
  }
  return n;
}

static void write_signatures(struct canon_writer *w, const struct root_signature *signatures, uint32_t n) {
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++) {
    canon_put_array(w, 2);
    canon_put_uint(w, signatures[i].index);
    canon_put_signature(w, &signatures[i].signature);
  }
}

void identity_item_read(struct canon_reader *r, struct identity_item *out) {
  memset(out, 0, sizeof *out);
  uint32_t n = canon_array(r, 3);
  if (n < 2) canon_fail(r, "an identity item has two or three elements");
  out->body = canon_bin(r, LIMIT_IDENTITY);
  out->n = read_signatures(r, out->signatures);
  if (n < 3) return;
  out->n_prev = read_signatures(r, out->prev_signatures);
  if (out->n_prev == 0) canon_fail(r, "an empty list of the earlier root keys' signatures");
}

void identity_item_write(struct canon_writer *w, const struct identity_item *item) {
  canon_put_array(w, item->n_prev > 0 ? 3 : 2);
  canon_put_bin(w, item->body);
  write_signatures(w, item->signatures, item->n);
  if (item->n_prev > 0) write_signatures(w, item->prev_signatures, item->n_prev);
}

/* ---- the rule ---- */

/* Each signature must be by the root key that it names, and there must be a threshold of them. */
static enum err_code check_signatures(const struct identity *signers, const struct root_signature *signatures, uint32_t n,
                                      const struct hash *fed_id, const struct hash *hash, const char *whose, struct err *err) {
  for (uint32_t i = 0; i < n; i++) {
    if (signatures[i].index >= signers->n_roots) {
      return err_set(err, ERR_FORMAT, "identity: there is no root key %u among %s", signatures[i].index, whose);
    }
    const struct pubkey *root = &signers->roots[signatures[i].index];
    if (!sign_verify(root, SIGN_IDENTITY, fed_id, hash_view(hash), &signatures[i].signature)) {
      return err_set(err, ERR_SIGNATURE, "identity: the signature of root key %u of %s does not verify", signatures[i].index,
                     whose);
    }
  }
  if (n >= signers->threshold) return OK;
  return err_set(err, ERR_SIGNATURE, "identity: signed by %u of %s, %u are needed", n, whose, signers->threshold);
}

/* The same generation keeps the node key and has no cut; the next one has a cut and a key of its own. */
static bool generation_follows(const struct identity *previous, const struct identity *id) {
  const bool same_key = pubkey_equal(&previous->node_key, &id->node_key);
  if (id->gen == previous->gen) return same_key && !id->has_cut;
  return id->gen == previous->gen + 1 && id->has_cut && !same_key;
}

/* Whether id (with this hash) comes right after the identity in previous_body, and their signatures. */
static enum err_code check_follows(const struct identity_item *item, const struct identity *id, const struct hash *hash,
                                   const struct hash *fed_id, const struct hash *node, struct view previous_body,
                                   struct err *err) {
  struct identity previous = {.version = 0};
  enum err_code code = identity_decode(previous_body, &previous, err);
  if (code != OK) {
    (void)err_context(err, "the identity before");
    return code;
  }
  struct hash before = identity_hash(previous_body);
  if (previous.version == 1 && !hash_equal(&before, node)) {
    return err_set(err, ERR_MISMATCH, "identity: the one before is another node's");
  }
  if (id->version != previous.version + 1 || !hash_equal(&id->prev, &before)) {
    return err_set(err, ERR_MISMATCH, "identity: it does not follow from the one before");
  }
  if (!generation_follows(&previous, id)) {
    return err_set(err, ERR_MISMATCH, "identity: the node key changes with the generation, and the generation with a cut");
  }
  return check_signatures(&previous, item->prev_signatures, item->n_prev, fed_id, hash, "the earlier root keys", err);
}

enum err_code identity_verify(const struct identity_item *item, const struct hash *fed_id, const struct hash *node,
                              struct view previous_body, struct identity *out, struct err *err) {
  struct identity id = {.version = 0};
  enum err_code code = identity_decode(item->body, &id, err);
  if (code != OK) return code;
  struct hash hash = identity_hash(item->body);
  if (previous_body.len > 0) {
    code = check_follows(item, &id, &hash, fed_id, node, previous_body, err);
    if (code != OK) return code;
  } else if (id.version != 1 || !hash_equal(&hash, node)) {
    return err_set(err, ERR_MISMATCH, "identity: not the first one of this node");
  } else if (item->n_prev > 0) {
    return err_set(err, ERR_FORMAT, "identity: the first one has no earlier root keys");
  }
  code = check_signatures(&id, item->signatures, item->n, fed_id, &hash, "its root keys", err);
  if (code == OK) *out = id;
  return code;
}
