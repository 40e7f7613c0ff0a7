/*
 * fuzz_envelope: entries as they come from the wire. An envelope that splits, and a header that decodes, encode to the same
 * octets; record_open agrees with its parts; and headers sealed with a fixed key open again.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct hash FED_ID = {{7}};

static void require(bool good) {
  if (!good) abort();
}

/* The one signing key of this fuzzer, made once. */
static const struct signer *author(void) {
  static const uint8_t SEED[SEED_LEN] = {42};
  static struct signer signer;
  if (signer.secret == NULL) {
    require(secret_start(NULL) == OK);
    require(signer_from_seed(SEED, &signer, NULL) == OK);
  }
  return &signer;
}

static void check_header(struct view bytes) {
  struct header h;
  struct bytes again;
  uint64_t kind = 0;
  enum reason reason = header_decode(bytes, &h);
  require(header_kind(bytes, &kind) == (reason == REASON_NONE || reason == REASON_ALG));
  if (reason != REASON_NONE) return;
  bytes_init(&again, LIMIT_HEADER);
  require(kind == h.kind && header_encode(&h, &again, NULL) == OK);
  require(view_equal(bytes, bytes_view(&again)));
  enum reason shape = header_shape(&h);
  require(shape == REASON_NONE || shape == REASON_SHAPE || shape == REASON_KIND);
  bytes_release(&again);
}

/* The octets as a header, signed by the fixed key: the parser behind a good signature. */
static void check_signed(struct view header) {
  struct bytes envelope;
  struct record record;
  bytes_init(&envelope, LIMIT_ENVELOPE);
  struct hash id = record_id(&FED_ID, header);
  struct signature signature = sign_tagged(author(), SIGN_RECORD, &FED_ID, hash_view(&id));
  if (envelope_encode(header, view_of(signature.b, sizeof signature.b), &envelope, NULL) == OK) {
    struct header h;
    enum reason decoded = header_decode(header, &h);
    enum reason opened = record_open(bytes_view(&envelope), &FED_ID, &author()->pub, &record);
    require(decoded == REASON_NONE || decoded == opened || (decoded == REASON_ALG && opened == REASON_KIND));
    bool own = decoded == REASON_NONE && pubkey_equal(&h.author, &author()->pub) && header_shape(&h) != REASON_KIND;
    require(own == (opened == REASON_NONE));
    if (own) require(hash_equal(&record.id, &id) && view_equal(record.header_bytes, header));
  }
  bytes_release(&envelope);
}

static void check_envelope(struct view bytes) {
  struct view header, signature;
  struct record record;
  struct bytes again;
  enum reason reason = record_open(bytes, &FED_ID, NULL, &record);
  if (!envelope_split(bytes, &header, &signature)) {
    require(reason == REASON_FORMAT);
    return;
  }
  bytes_init(&again, LIMIT_ENVELOPE);
  require(envelope_encode(header, signature, &again, NULL) == OK && view_equal(bytes, bytes_view(&again)));
  check_header(header);
  bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct view v = view_of(data, size);
  check_header(v);
  check_envelope(v);
  check_signed(v);
  return 0;
}
