/*
 * holds: see holds.h.
 */
#include "protocol/holds.h"

#include "protocol/canon.h"

/* ---- writing ---- */

static bool rises(const struct holding *a, const struct holding *b) {
  return a->roll < b->roll || (a->roll == b->roll && a->gen < b->gen);
}

/* What is wrong with a statement in hand; NULL if nothing. */
static const char *fault_of(const struct holds *h) {
  if (h->version == 0 || h->version > LIMIT_NUMBER) return "an identity counts from 1 to 2^63 - 1";
  if (h->counter == 0 || h->counter > LIMIT_NUMBER) return "a counter counts from 1 to 2^63 - 1";
  if (h->n > LIMIT_HEADS) return "more than 1024 logs";
  for (uint32_t i = 0; i < h->n; i++) {
    const struct holding *row = &h->rows[i];
    if (i > 0 && !rises(&row[-1], row)) return "logs out of order";
    if (row->roll > LIMIT_NUMBER) return "a roll number of 2^63 or above";
    if (row->gen == 0 || row->gen > LIMIT_GEN) return "a generation counts from 1 to 2^32 - 1";
    if (row->size == 0 || row->size > LIMIT_SIZE) return "a size counts from 1 to 2^40 - 1";
    if (row->missing > row->size) return "more bodies missing than there are entries";
  }
  return NULL;
}

static void body_write(struct canon_writer *w, const struct holds *h) {
  canon_put_array(w, 4);
  canon_put_hash(w, &h->holder);
  canon_put_uint(w, h->version);
  canon_put_uint(w, h->counter);
  canon_put_array(w, h->n);
  for (uint32_t i = 0; i < h->n; i++) {
    const struct holding *row = &h->rows[i];
    canon_put_array(w, 5);
    canon_put_uint(w, row->roll);
    canon_put_uint(w, row->gen);
    canon_put_uint(w, row->size);
    canon_put_bin(w, view_of(row->root8, sizeof row->root8));
    canon_put_uint(w, row->missing);
  }
}

enum err_code holds_seal(const struct holds *holds, const struct hash *fed_id, const struct signer *node_key, struct bytes *out,
                         struct err *err) {
  const char *fault = fault_of(holds);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "holds: %s", fault);
  struct bytes body;
  const size_t before = out->len;
  bytes_init(&body, LIMIT_HOLDS);
  struct canon_writer w = canon_writer(&body);
  body_write(&w, holds);
  enum err_code code = canon_written(&w, "holds", err);
  if (code != OK) goto out;
  const struct signature signature = sign_tagged(node_key, SIGN_HOLDS, fed_id, bytes_view(&body));
  w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&body));
  canon_put_signature(&w, &signature);
  code = canon_written(&w, "holds", err);
out:
  if (code != OK) out->len = before;
  bytes_release(&body);
  return code;
}

/* ---- reading ---- */

static void read_row(struct canon_reader *r, struct holding *row) {
  canon_array_exact(r, 5);
  row->roll = canon_uint(r);
  row->gen = canon_uint(r);
  row->size = canon_uint(r);
  canon_fixed(r, row->root8, sizeof row->root8);
  row->missing = canon_uint(r);
}

static enum err_code body_read(struct view body, struct holds *out, struct err *err) {
  struct canon_reader r = canon_reader(body);
  canon_array_exact(&r, 4);
  canon_hash(&r, &out->holder);
  out->version = canon_uint(&r);
  out->counter = canon_uint(&r);
  out->n = canon_array(&r, LIMIT_HEADS);
  for (uint32_t i = 0; i < out->n && r.fault == NULL; i++)
    read_row(&r, &out->rows[i]);
  const enum err_code code = canon_finish(&r, "holds", err);
  if (code != OK) return code;
  const char *fault = fault_of(out);
  return fault == NULL ? OK : err_set(err, ERR_FORMAT, "holds: %s", fault);
}

enum err_code holds_open(struct view item, const struct hash *fed_id, const struct pubkey *node_key, struct holds *out,
                         struct err *err) {
  struct canon_reader r = canon_reader(item);
  struct signature signature;
  canon_array_exact(&r, 2);
  const struct view body = canon_bin(&r, LIMIT_HOLDS);
  canon_signature(&r, &signature);
  enum err_code code = canon_finish(&r, "holds item", err);
  if (code == OK) code = body_read(body, out, err);
  if (code == OK && node_key != NULL && !sign_verify(node_key, SIGN_HOLDS, fed_id, body, &signature)) {
    return err_set(err, ERR_SIGNATURE, "holds: the signature does not verify");
  }
  return code;
}

bool holds_peek(struct view item, struct holds *out) {
  struct canon_reader r = canon_reader(item);
  canon_array_exact(&r, 2);
  struct canon_reader body = canon_reader(canon_bin(&r, LIMIT_HOLDS));
  canon_array_exact(&body, 4);
  canon_hash(&body, &out->holder);
  out->version = canon_uint(&body);
  out->counter = canon_uint(&body);
  out->n = 0;
  return r.fault == NULL && body.fault == NULL;
}

bool holds_replaces(const struct holds *fresh, const struct holds *held) {
  return fresh->version != held->version ? fresh->version > held->version : fresh->counter > held->counter;
}
