/*
 * fuzz_evidence: what is read is written again as the same octets, is lower than nothing but itself, and is believed under no
 * key of ours.
 */
#include <stdlib.h>

#include "keys/secret.h"
#include "protocol/evidence.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct view item = view_of(data, size);
  const struct signer *key = node_key();
  struct evidence e, again;
  struct bytes out;
  if (evidence_read(item, &e, NULL) != OK) return 0;
  const struct checkpoint *c = &e.branches[0].checkpoint;
  require(size <= LIMIT_EVIDENCE && evidence_from(&e) < c->size);
  require(evidence_compare(&e, item, &e, item) == 0);
  require(evidence_open(item, &c->fed_id, &c->node, c->gen, &key->pub, &again, NULL) == ERR_SIGNATURE);
  require(evidence_open(item, &c->fed_id, &c->node, c->gen + 1, &key->pub, &again, NULL) == ERR_FORMAT);
  bytes_init(&out, size);
  require(evidence_write(&e, &out, NULL) == OK && view_equal(bytes_view(&out), item));
  const struct evidence_branch first = e.branches[0];
  e.branches[0] = e.branches[1];
  e.branches[1] = first;
  bytes_clear(&out);
  require(evidence_write(&e, &out, NULL) == OK && view_equal(bytes_view(&out), item));
  bytes_release(&out);
  return 0;
}
