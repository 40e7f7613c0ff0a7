/*
 * fuzz_envelope: entries as they come from the wire. An envelope that splits, and a header that decodes, encode to the same
 * octets; record_open agrees with its parts; only what is an envelope freezes a log; and headers sealed with a fixed key and a
 * body open again, with that body and no other.
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

/* The header, sealed by the fixed key with a body: the record is what the header said, and the body its body. */
static void check_sealed(const struct header *decoded, struct view body) {
  static const struct salt SALTS[2] = {{{0}}, {{1}}};
  struct header h = *decoded;
  struct bytes envelope;
  struct record record;
  struct hash id;
  bytes_init(&envelope, LIMIT_ENVELOPE);
  const struct salt *salt = &SALTS[!record_kind_keeps_body(h.kind)];
  if (record_seal(&h, &FED_ID, author(), salt, body, &envelope, &id, NULL) == OK) {
    enum reason opened = record_open(bytes_view(&envelope), &FED_ID, NULL, &record);
    require(opened == REASON_NONE || opened == REASON_KIND);
    require(opened != REASON_KIND || header_shape(&h) == REASON_KIND);
    if (opened == REASON_NONE) {
      require(hash_equal(&record.id, &id) && !envelope_freezes(bytes_view(&envelope)));
      require(record_body_matches(&record.header, salt, body) == (body.len > 0));
      require(!record_body_matches(&record.header, &SALTS[record_kind_keeps_body(h.kind)], body));
      require(!record_body_matches(&record.header, salt, view_of(body.p, 0)));
    }
  }
  require(record_seal(&h, &FED_ID, author(), salt, view_of(body.p, LIMIT_BODY + 1), &envelope, NULL, NULL) == ERR_LIMIT);
  h.n_refs = LIMIT_REFS + 1;
  require(record_seal(&h, &FED_ID, author(), salt, body, &envelope, NULL, NULL) == ERR_LIMIT);
  bytes_release(&envelope);
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
  require(!record_kind_freezes(kind) || shape == REASON_KIND);
  require((strcmp(record_kind_name(kind), "unknown") != 0) || shape == REASON_KIND);
  check_sealed(&h, bytes);
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
  bool freezes = envelope_freezes(bytes);
  require(!freezes || (reason != REASON_FORMAT && reason != REASON_NONE));
  struct hash named = envelope_id(&FED_ID, bytes);
  if (!envelope_split(bytes, &header, &signature)) {
    require(reason == REASON_FORMAT);
    return;
  }
  struct hash id = record_id(&FED_ID, header);
  require(hash_equal(&named, &id));
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
