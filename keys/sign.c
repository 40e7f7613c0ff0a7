/*
 * sign: Ed25519 over one assembled buffer, "specola1:" ‖ tag ‖ 0x00 ‖ fed_id ‖ bytes.
 *
 * Most inputs are ids of 32 octets and live on the stack; only documents (identities, charters) take memory.
 */
#include "keys/sign.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_MAX 1024 /* octets of input that need no memory */

static const char PREFIX[] = "specola1:";

static const char *const TAGS[] = {
#define SIGN_TAG(symbol, tag) [symbol] = (tag),
    SIGN_TAGS(SIGN_TAG)
#undef SIGN_TAG
};

_Static_assert(PUBKEY_LEN == crypto_sign_PUBLICKEYBYTES && SIGNATURE_LEN == crypto_sign_BYTES, "Ed25519");
_Static_assert(SEED_LEN == crypto_sign_SEEDBYTES && PUBKEY_LEN == crypto_core_ed25519_BYTES, "Ed25519");

/* The input of a signature, assembled: on the stack when short, else in memory that is released after use. */
struct input {
  uint8_t room[SHORT_MAX];
  uint8_t *p; /* room, owned memory, or NULL when there was none */
  size_t len;
};

static void input_put(struct input *input, const void *p, size_t len) {
  if (len > 0) memcpy(input->p + input->len, p, len);
  input->len += len;
}

static bool input_init(struct input *input, enum sign_tag tag, const struct hash *fed_id, struct view bytes) {
  static const struct hash NO_FEDERATION;
  const char *name = TAGS[tag];
  size_t head = sizeof PREFIX - 1 + strlen(name) + 1 + HASH_LEN;
  input->len = 0;
  input->p = bytes.len <= sizeof input->room - head ? input->room : NULL;
  if (input->p == NULL && bytes.len <= SIZE_MAX - head) input->p = malloc(head + bytes.len);
  if (input->p == NULL) return false;
  input_put(input, PREFIX, sizeof PREFIX - 1);
  input_put(input, name, strlen(name) + 1);
  input_put(input, fed_id == NULL ? NO_FEDERATION.b : fed_id->b, HASH_LEN);
  input_put(input, bytes.p, bytes.len);
  return true;
}

static void input_release(struct input *input) {
  if (input->p != input->room) free(input->p);
}

/* Takes a fresh secret into out, with the key pair that make() writes into it. */
static enum err_code signer_make(const uint8_t *seed, struct signer *out, struct err *err) {
  struct signer signer = {.secret = secret_new(crypto_sign_SECRETKEYBYTES)};
  if (signer.secret == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint8_t *sk = secret_open(signer.secret);
  if (seed == NULL) {
    (void)crypto_sign_keypair(signer.pub.b, sk);
  } else {
    (void)crypto_sign_seed_keypair(signer.pub.b, sk, seed);
  }
  secret_close(signer.secret);
  *out = signer;
  return OK;
}

enum err_code signer_new(struct signer *out, struct err *err) {
  return signer_make(NULL, out, err);
}

enum err_code signer_from_seed(const uint8_t seed[SEED_LEN], struct signer *out, struct err *err) {
  return signer_make(seed, out, err);
}

void signer_seed(const struct signer *signer, uint8_t out[SEED_LEN]) {
  (void)crypto_sign_ed25519_sk_to_seed(out, secret_open(signer->secret));
  secret_close(signer->secret);
}

void signer_release(struct signer *signer) {
  secret_free(signer->secret);
  *signer = (struct signer){.secret = NULL};
}

struct signature sign_bare(const struct signer *signer, struct view bytes) {
  struct signature signature;
  (void)crypto_sign_detached(signature.b, NULL, bytes.p, bytes.len, secret_open(signer->secret));
  secret_close(signer->secret);
  return signature;
}

bool sign_verify_bare(const struct pubkey *pub, struct view bytes, const struct signature *signature) {
  return crypto_sign_verify_detached(signature->b, bytes.p, bytes.len, pub->b) == 0;
}

struct signature sign_tagged(const struct signer *signer, enum sign_tag tag, const struct hash *fed_id, struct view bytes) {
  struct input input;
  if (!input_init(&input, tag, fed_id, bytes)) return (struct signature){.b = {0}};
  struct signature signature = sign_bare(signer, view_of(input.p, input.len));
  input_release(&input);
  return signature;
}

bool sign_verify(const struct pubkey *pub, enum sign_tag tag, const struct hash *fed_id, struct view bytes,
                 const struct signature *signature) {
  struct input input;
  if (!input_init(&input, tag, fed_id, bytes)) return false;
  bool good = sign_verify_bare(pub, view_of(input.p, input.len), signature);
  input_release(&input);
  return good;
}

enum err_code pubkey_check(const struct pubkey *pub, struct err *err) {
  if (crypto_core_ed25519_is_valid_point(pub->b) == 1) return OK;
  return err_set(err, ERR_FORMAT, "the public key is no canonical point of the prime-order subgroup of Ed25519");
}

bool pubkey_equal(const struct pubkey *a, const struct pubkey *b) {
  return memcmp(a->b, b->b, sizeof a->b) == 0;
}

int pubkey_compare(const struct pubkey *a, const struct pubkey *b) {
  return memcmp(a->b, b->b, sizeof a->b);
}

struct view pubkey_view(const struct pubkey *pub) {
  return view_of(pub->b, sizeof pub->b);
}
