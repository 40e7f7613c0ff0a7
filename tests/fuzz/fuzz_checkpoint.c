/*
 * fuzz_checkpoint: a text that is read has the one spelling that checkpoint_seal writes: but for its signature line, the same
 * octets. And a text with its three lines signed by a fixed key opens exactly when it is read.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/checkpoint.h"
#include "protocol/limits.h"

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
  struct view text = view_of(data, size);
  struct checkpoint c, again;
  struct bytes out;
  enum err_code read = checkpoint_read(text, &c, NULL);
  enum err_code opened = checkpoint_open(text, &node_key()->pub, &again, NULL);
  require(read == OK ? opened == OK || opened == ERR_SIGNATURE : read == ERR_FORMAT && opened == ERR_FORMAT);
  if (read != OK) return 0;
  bytes_init(&out, LIMIT_CHECKPOINT);
  require(checkpoint_seal(&c, node_key(), &out, NULL) == OK);
  require(out.len == size);
  size_t signature = BASE64_LEN(4 + SIGNATURE_LEN) + 1;
  require(memcmp(out.p, data, size - signature) == 0);
  require(checkpoint_open(bytes_view(&out), &node_key()->pub, &again, NULL) == OK);
  require(again.size == c.size && again.gen == c.gen && hash_equal(&again.root, &c.root));
  bytes_release(&out);
  return 0;
}
