/*
 * fuzz_receipt: receipts, submissions, and items, whole or without their envelope. What is read is canonical, and writing it
 * again gives the same octets (of a receipt: the same body under a fixed key).
 */
#include <stdlib.h>

#include "protocol/canon.h"
#include "protocol/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static const struct signer *node_key(void) {
  static const uint8_t SEED[SEED_LEN] = {42};
  static struct signer signer;
  if (signer.secret == NULL) {
    require(secret_start(NULL) == OK);
    require(signer_from_seed(SEED, &signer, NULL) == OK);
  }
  return &signer;
}

/* The first of the two octet strings of a receipt. */
static struct view body_of(struct view bytes) {
  struct canon_reader r = canon_reader(bytes);
  canon_array_exact(&r, 2);
  return canon_bin(&r, SIZE_MAX);
}

static void check_receipt(struct view v) {
  static struct receipt receipt;
  struct bytes again;
  if (receipt_open(v, NULL, &receipt, NULL) != OK) return;
  bytes_init(&again, v.len);
  require(canon_check(v, "receipt", NULL) == OK);
  require(receipt_seal(&receipt, node_key(), &again, NULL) == OK);
  require(view_equal(body_of(v), body_of(bytes_view(&again))));
  require(receipt_open(bytes_view(&again), &node_key()->pub, &receipt, NULL) == OK);
  again.p[again.len - 1] ^= 1; /* of the signature */
  require(receipt_open(bytes_view(&again), &node_key()->pub, &receipt, NULL) == ERR_SIGNATURE);
  receipt.n = 0;
  require(receipt_seal(&receipt, node_key(), &again, NULL) == ERR_LIMIT);
  bytes_release(&again);
}

static void check_submission(struct view v) {
  static struct item items[LIMIT_SUBMIT];
  struct bytes again;
  uint32_t n = 0;
  require(submission_read(view_of(v.p, LIMIT_SUBMIT_BYTES + 1), items, &n, NULL) == ERR_LIMIT); /* without a look at it */
  if (submission_read(v, items, &n, NULL) != OK) return;
  bytes_init(&again, v.len);
  require(n >= 1 && n <= LIMIT_SUBMIT && canon_check(v, "submission", NULL) == OK);
  struct canon_writer w = canon_writer(&again);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++)
    item_write(&w, &items[i]);
  require(canon_written(&w, "submission", NULL) == OK && view_equal(v, bytes_view(&again)));
  bytes_release(&again);
}

static void check_item(struct view v) {
  struct item item;
  struct bytes again;
  struct canon_reader r = canon_reader(v);
  item_read(&r, &item);
  if (canon_finish(&r, "item", NULL) != OK) return;
  bytes_init(&again, v.len);
  struct canon_writer w = canon_writer(&again);
  item_write(&w, &item);
  require(canon_written(&w, "item", NULL) == OK && view_equal(v, bytes_view(&again)));
  bytes_release(&again);
}

static void check_beside(struct view v) {
  struct item item;
  struct bytes again;
  struct canon_reader r = canon_reader(v);
  item_beside_read(&r, &item);
  if (canon_finish(&r, "what stands beside", NULL) != OK) return;
  bytes_init(&again, v.len);
  struct canon_writer w = canon_writer(&again);
  item_beside_write(&w, &item);
  require(canon_written(&w, "what stands beside", NULL) == OK && view_equal(v, bytes_view(&again)));
  bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct view v = view_of(data, size);
  check_receipt(v);
  check_submission(v);
  check_item(v);
  check_beside(v);
  return 0;
}
