/*
 * sign: Ed25519 (RFC 8032, libsodium) over tagged input, so that a signature made for one use never serves another.
 *
 * Signed input = "specola1:" ‖ tag ‖ 0x00 ‖ fed_id ‖ bytes (docs/protocol.md section 2). Only C2SP checkpoint texts are
 * signed bare; they begin with "specola/", so none can be taken for a tagged input.
 */
#ifndef SPECOLA_KEYS_SIGN_H
#define SPECOLA_KEYS_SIGN_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/secret.h"

#define PUBKEY_LEN 32
#define SIGNATURE_LEN 64
#define SEED_LEN 32 /* what a key file keeps of an Ed25519 key */

/* An Ed25519 public key. Those that come from outside pass pubkey_check() before anything believes them. */
struct pubkey {
  uint8_t b[PUBKEY_LEN];
};
struct signature {
  uint8_t b[SIGNATURE_LEN];
};

/* X(symbol, tag): docs/protocol.md section 2 */
#define SIGN_TAGS(X)                                                                                                           \
  X(SIGN_RECORD, "record")                                                                                                     \
  X(SIGN_FRAME, "frame")                                                                                                       \
  X(SIGN_ADDRESS, "address")                                                                                                   \
  X(SIGN_RECEIPT, "receipt")                                                                                                   \
  X(SIGN_CHARTER, "charter")                                                                                                   \
  X(SIGN_IDENTITY, "identity")                                                                                                 \
  X(SIGN_ASK, "ask")                                                                                                           \
  X(SIGN_HOLDS, "holds")                                                                                                       \
  X(SIGN_CONSENT, "consent")                                                                                                   \
  X(SIGN_VOTE, "vote")                                                                                                         \
  X(SIGN_BATCH, "batch")

enum sign_tag {
#define SIGN_ENUM(symbol, tag) symbol,
  SIGN_TAGS(SIGN_ENUM)
#undef SIGN_ENUM
};

/* A signing key: the public half in the open, the secret half in guarded pages. */
struct signer {
  struct pubkey pub;
  struct secret *secret; /* 64 octets, libsodium's secret key form; owned */
};

/* A fresh key from the operating system's randomness; or from a seed of 32 octets (tests, key files). ERR_MEMORY. */
MUST_CHECK enum err_code signer_new(struct signer *out, struct err *err);
MUST_CHECK enum err_code signer_from_seed(const uint8_t seed[SEED_LEN], struct signer *out, struct err *err);
/* Writes the 32-octet seed of the key to out (the caller wipes it). */
void signer_seed(const struct signer *signer, uint8_t out[SEED_LEN]);
void signer_release(struct signer *signer); /* a zeroed struct is fine */

/* fed_id may be NULL where the federation is not yet known: 32 zero octets. Inputs of up to 900 octets take no memory and
 * cannot fail. Longer ones are copied; without memory sign_tagged returns 64 zero octets, which verify under no key that
 * passes pubkey_check(), and sign_verify returns false. */
struct signature sign_tagged(const struct signer *signer, enum sign_tag tag, const struct hash *fed_id, struct view bytes);
MUST_CHECK bool sign_verify(const struct pubkey *pub, enum sign_tag tag, const struct hash *fed_id, struct view bytes,
                            const struct signature *signature);
/* Bare Ed25519: C2SP note signatures only (protocol/checkpoint). */
struct signature sign_bare(const struct signer *signer, struct view bytes);
MUST_CHECK bool sign_verify_bare(const struct pubkey *pub, struct view bytes, const struct signature *signature);

/* ERR_FORMAT unless the 32 octets are a canonical point of the prime-order subgroup (small-order and mixed keys are refused).
 */
MUST_CHECK enum err_code pubkey_check(const struct pubkey *pub, struct err *err);
bool pubkey_equal(const struct pubkey *a, const struct pubkey *b);
int pubkey_compare(const struct pubkey *a, const struct pubkey *b);
struct view pubkey_view(const struct pubkey *pub);

#endif
