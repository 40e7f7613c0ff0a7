/*
 * receipt: what a node answers to a submission, signed: queued, logged at a position, or refused with a reason
 * (docs/protocol.md section 9). Declared in record.h. "Logged" is a promise that others can hold a node to.
 */
#include <sodium.h>

#include "protocol/canon.h"
#include "protocol/record.h"

#define VERSION 1u
#define BODY_MAX (LIMIT_SUBMIT * 64u + 128u) /* octets: a row has at most 55, the fields before them at most 74 */

static const uint32_t ROW_FIELDS[] = {[RECEIPT_QUEUED] = 2, [RECEIPT_LOGGED] = 4, [RECEIPT_REFUSED] = 3};

static void row_write(struct canon_writer *w, const struct receipt_row *row) {
  canon_put_array(w, ROW_FIELDS[row->state]);
  canon_put_hash(w, &row->id);
  canon_put_uint(w, row->state);
  if (row->state == RECEIPT_LOGGED) {
    canon_put_uint(w, row->gen);
    canon_put_uint(w, row->index);
  } else if (row->state == RECEIPT_REFUSED) {
    canon_put_uint(w, row->reason);
  }
}

static void row_read(struct canon_reader *r, struct receipt_row *row) {
  *row = (struct receipt_row){.state = RECEIPT_QUEUED};
  uint32_t n = canon_array(r, 4);
  canon_hash(r, &row->id);
  row->state = (enum receipt_state)canon_uint_max(r, RECEIPT_REFUSED);
  if (n != ROW_FIELDS[row->state]) canon_fail(r, "another number of fields");
  if (row->state == RECEIPT_LOGGED) {
    row->gen = canon_uint_max(r, LIMIT_GEN);
    row->index = canon_uint_max(r, LIMIT_POSITION);
    if (row->gen == 0) canon_fail(r, "generation 0");
  } else if (row->state == RECEIPT_REFUSED) {
    row->reason = canon_uint(r);
    if (row->reason == REASON_NONE) canon_fail(r, "a refusal without a reason");
  }
}

static void body_write(struct canon_writer *w, const struct receipt *receipt) {
  canon_put_array(w, 4);
  canon_put_uint(w, VERSION);
  canon_put_hash(w, &receipt->fed_id);
  canon_put_hash(w, &receipt->node);
  canon_put_array(w, receipt->n);
  for (uint32_t i = 0; i < receipt->n; i++)
    row_write(w, &receipt->rows[i]);
}

static enum err_code body_read(struct view body, struct receipt *out, struct err *err) {
  struct canon_reader r = canon_reader(body);
  canon_array_exact(&r, 4);
  if (canon_uint(&r) != VERSION) canon_fail(&r, "another version");
  canon_hash(&r, &out->fed_id);
  canon_hash(&r, &out->node);
  out->n = canon_array(&r, LIMIT_SUBMIT);
  if (out->n == 0) canon_fail(&r, "no record");
  for (uint32_t i = 0; i < out->n && r.fault == NULL; i++)
    row_read(&r, &out->rows[i]);
  return canon_finish(&r, "receipt", err);
}

enum err_code receipt_seal(const struct receipt *receipt, const struct signer *node_key, struct bytes *out, struct err *err) {
  struct bytes body;
  if (receipt->n == 0 || receipt->n > LIMIT_SUBMIT) {
    return err_set(err, ERR_LIMIT, "receipt: %u records, 1 to %u belong", receipt->n, LIMIT_SUBMIT);
  }
  size_t before = out->len;
  bytes_init(&body, BODY_MAX);
  struct canon_writer w = canon_writer(&body);
  body_write(&w, receipt);
  enum err_code code = canon_written(&w, "receipt", err);
  if (code != OK) goto out;
  struct signature signature = sign_tagged(node_key, SIGN_RECEIPT, &receipt->fed_id, bytes_view(&body));
  if (sodium_is_zero(signature.b, sizeof signature.b) == 1) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&body));
  canon_put_signature(&w, &signature);
  code = canon_written(&w, "receipt", err);
  if (code != OK) out->len = before;
out:
  bytes_release(&body);
  return code;
}

enum err_code receipt_open(struct view bytes, const struct pubkey *node_key, struct receipt *out, struct err *err) {
  struct receipt receipt = {.n = 0};
  struct signature signature;
  struct canon_reader r = canon_reader(bytes);
  canon_array_exact(&r, 2);
  struct view body = canon_bin(&r, BODY_MAX);
  canon_signature(&r, &signature);
  enum err_code code = canon_finish(&r, "receipt", err);
  if (code == OK) code = body_read(body, &receipt, err);
  if (code != OK) return code;
  if (node_key != NULL && !sign_verify(node_key, SIGN_RECEIPT, &receipt.fed_id, body, &signature)) {
    return err_set(err, ERR_SIGNATURE, "receipt: the node's signature does not verify");
  }
  *out = receipt;
  return OK;
}

bool receipt_row_is_final(const struct receipt_row *row) {
  return row->state == RECEIPT_REFUSED && row->reason != (uint64_t)REASON_NOT_YET && row->reason != (uint64_t)REASON_GIVEN_UP;
}
