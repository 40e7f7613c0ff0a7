/*
 * fuzz_ask: asks (docs/protocol.md 17). What is read is canonical, within its ceiling, and the same person's tool would sign
 * the same body again.
 */
#include <stdlib.h>

#include "keys/secret.h"
#include "protocol/ask.h"
#include "protocol/canon.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static const struct signer *key_holder(void) {
  static const uint8_t SEED[SEED_LEN] = {17};
  static struct signer signer;
  if (signer.secret == NULL) {
    require(secret_start(NULL) == OK);
    require(signer_from_seed(SEED, &signer, NULL) == OK);
  }
  return &signer;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const struct view v = view_of(data, size);
  struct ask ask, again;
  struct bytes out;
  if (ask_read(v, &ask, NULL) != OK) return 0;
  require(canon_check(v, "ask", NULL) == OK && size <= (ask.request.len == 0 ? LIMIT_ASK : LIMIT_ASK_NODE));
  const enum reason reason = ask_verify(&ask);
  require(reason == REASON_NONE || reason == REASON_KEY || reason == REASON_SIGNATURE || reason == REASON_FORMAT);
  if (ask.request.len > 0) return 0; /* of another key than ours */
  bytes_init(&out, LIMIT_ASK);
  again = ask;
  require(ask_seal(&again, key_holder(), &out, NULL) == OK);
  require(ask_read(bytes_view(&out), &again, NULL) == OK && ask_verify(&again) == REASON_NONE);
  require(view_equal(again.name, ask.name) && hash_equal(&again.fed_id, &ask.fed_id) && hash_equal(&again.node, &ask.node));
  bytes_release(&out);
  return 0;
}
