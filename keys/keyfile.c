/*
 * keyfile: the parser and the writer of key files, side by side.
 *
 * The parser is a straight line over seven lines. The check line is believed before any parameter of the seal, so a flipped bit
 * is "damaged" and never "wrong passphrase"; the parameters are capped before Argon2id sees them.
 */
#include "keys/keyfile.h"

#include <inttypes.h>
#include <sodium.h>
#include <string.h>

#include "keys/hash.h"
#include "keys/privfile.h"
#include "keys/sign.h"
#include "keys/text.h"

#define KEY_LEN 32
#define CHECK_LEN 8 /* octets of the hash that the check line shows */
#define SEALED_LEN (KEY_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES)
#define SECRET_LINES_MAX (8 + 2 * SEALED_LEN + 1 + 7 + 2 * CHECK_LEN + 1) /* octets of the lines secret and check */

#define VERSION_WORD "specola-key "
#define VERSION 1

static const char *const USES[] = {
    [KEYFILE_NODE] = "node",
    [KEYFILE_CURVE] = "curve",
    [KEYFILE_ROOT] = "root",
    [KEYFILE_PERSON] = "person",
};
#define N_USES (sizeof USES / sizeof *USES)

struct cost {
  uint64_t ops;
  uint64_t mem; /* octets */
};
static const struct cost COSTS[] = {
    [KEYFILE_MODERATE] = {crypto_pwhash_OPSLIMIT_MODERATE, crypto_pwhash_MEMLIMIT_MODERATE},
    [KEYFILE_FAST] = {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN},
};

struct seal {
  struct cost cost;
  uint8_t salt[crypto_pwhash_SALTBYTES];
  uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES];
};

/* A key file that is whole, before anything is unsealed. The views borrow from the text. */
struct parsed {
  struct keyfile key; /* without secret */
  struct seal seal;   /* only when key.sealed */
  struct view head;   /* the lines above the secret, with their newlines: the associated data */
  struct view secret; /* hexadecimal, of the right length */
};

static enum err_code damaged(struct err *err, const char *line) {
  (void)err_set(err, ERR_KEY, "the key file is damaged: its line '%s' is not as it was written", line);
  (void)err_hint(err, "take the copy that was made of this key");
  return ERR_KEY;
}

/* The next line without its newline, if it begins with word: what follows goes to *value. */
static bool take_line(struct view *rest, const char *word, struct view *value) {
  size_t word_len = strlen(word);
  const uint8_t *newline = rest->len == 0 ? NULL : memchr(rest->p, '\n', rest->len);
  if (newline == NULL) return false;
  size_t len = (size_t)(newline - rest->p);
  if (len < word_len || memcmp(rest->p, word, word_len) != 0) return false;
  *value = view_of(rest->p + word_len, len - word_len);
  *rest = view_of(newline + 1, rest->len - len - 1);
  return true;
}

/* The next run of non-blanks, if it begins with word: what follows goes to *value. One blank behind it is skipped. */
static bool take_word(struct view *rest, const char *word, struct view *value) {
  size_t word_len = strlen(word);
  size_t len = 0;
  while (len < rest->len && rest->p[len] != ' ')
    len++;
  if (len < word_len || memcmp(rest->p, word, word_len) != 0) return false;
  *value = view_of(rest->p + word_len, len - word_len);
  size_t skip = len < rest->len ? len + 1 : len;
  *rest = view_of(rest->p + skip, rest->len - skip);
  return true;
}

static enum err_code parse_version(struct view *rest, struct err *err) {
  struct view value;
  uint64_t version = 0;
  if (!take_line(rest, VERSION_WORD, &value) || decimal_decode(value, &version, NULL) != OK) {
    return err_set(err, ERR_KEY, "this is no key file");
  }
  if (version == VERSION) return OK;
  return err_set(err, ERR_VERSION, "the key file has version %" PRIu64 ", this program reads %d", version, VERSION);
}

static bool parse_use(struct view value, enum keyfile_use *out) {
  for (size_t i = 0; i < N_USES; i++) {
    if (!view_is_text(value, USES[i])) continue;
    *out = (enum keyfile_use)i;
    return true;
  }
  return false;
}

static bool name_is_good(struct view name) {
  return name.len <= KEYFILE_NAME_MAX && text_is_valid(name) &&
         (name.len == 0 || (memchr(name.p, '\n', name.len) == NULL && memchr(name.p, '\t', name.len) == NULL));
}

static bool parse_name(struct view value, char out[KEYFILE_NAME_MAX + 1]) {
  if (value.len == 0) return true;
  if (value.len == 1 || value.p[0] != ' ') return false;
  struct view name = view_of(value.p + 1, value.len - 1);
  if (!name_is_good(name)) return false;
  memcpy(out, name.p, name.len);
  return true;
}

static bool parse_seal(struct view value, bool *sealed, struct seal *out) {
  struct view algorithm;
  struct view ops;
  struct view mem;
  struct view salt;
  struct view nonce;
  *sealed = !view_is_text(value, "none");
  if (!*sealed) return true;
  return take_word(&value, "argon2id", &algorithm) && algorithm.len == 0 && take_word(&value, "ops=", &ops) &&
         take_word(&value, "mem=", &mem) && take_word(&value, "salt=", &salt) && take_word(&value, "nonce=", &nonce) &&
         value.len == 0 && decimal_decode(ops, &out->cost.ops, NULL) == OK && decimal_decode(mem, &out->cost.mem, NULL) == OK &&
         hex_decode(salt, out->salt, sizeof out->salt, NULL) == OK &&
         hex_decode(nonce, out->nonce, sizeof out->nonce, NULL) == OK;
}

static bool is_hex(struct view v) {
  for (size_t i = 0; i < v.len; i++) {
    if (!((v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] >= 'a' && v.p[i] <= 'f'))) return false;
  }
  return true;
}

static void check_of(struct view lines, char out[2 * CHECK_LEN + 1]) {
  struct hash h = hash_of(HASH_KEY, lines, view_of(NULL, 0));
  hex_encode(view_of(h.b, CHECK_LEN), out);
}

static enum err_code check_cost(const struct cost *cost, struct err *err) {
  if (cost->ops >= crypto_pwhash_OPSLIMIT_MIN && cost->ops <= KEYFILE_OPS_MAX && cost->mem >= crypto_pwhash_MEMLIMIT_MIN &&
      cost->mem <= KEYFILE_MEM_MAX) {
    return OK;
  }
  return err_set(err, ERR_LIMIT, "the key's seal asks for %" PRIu64 " passes over %" PRIu64 " octets: at most %d over %zu",
                 cost->ops, cost->mem, KEYFILE_OPS_MAX, KEYFILE_MEM_MAX);
}

static enum err_code parse(struct view text, struct parsed *out, struct err *err) {
  struct view rest = text;
  struct view value;
  char check[2 * CHECK_LEN + 1];
  *out = (struct parsed){.key = {.secret = NULL}};
  if (text.len > KEYFILE_MAX) return err_set(err, ERR_KEY, "this is no key file: more than %d octets", KEYFILE_MAX);
  enum err_code code = parse_version(&rest, err);
  if (code != OK) return code;
  if (!take_line(&rest, "use: ", &value) || !parse_use(value, &out->key.use)) return damaged(err, "use");
  if (!take_line(&rest, "name:", &value) || !parse_name(value, out->key.name)) return damaged(err, "name");
  if (!take_line(&rest, "public: ", &value) || hex_decode(value, out->key.pub, sizeof out->key.pub, NULL) != OK) {
    return damaged(err, "public");
  }
  if (!take_line(&rest, "seal: ", &value) || !parse_seal(value, &out->key.sealed, &out->seal)) return damaged(err, "seal");
  out->head = view_of(text.p, text.len - rest.len);
  if (!take_line(&rest, "secret: ", &out->secret) || out->secret.len / 2 != (out->key.sealed ? SEALED_LEN : KEY_LEN) ||
      out->secret.len % 2 != 0 || !is_hex(out->secret)) {
    return damaged(err, "secret");
  }
  check_of(view_of(text.p, text.len - rest.len), check);
  if (!take_line(&rest, "check: ", &value) || !view_is_text(value, check) || rest.len != 0) return damaged(err, "check");
  return out->key.sealed ? check_cost(&out->seal.cost, err) : OK;
}

/* The key of the seal into key[32], which is open. */
static enum err_code stretch(const struct seal *seal, struct secret *passphrase, uint8_t *key, struct err *err) {
  const char *text = (const char *)secret_open(passphrase);
  int failed = crypto_pwhash(key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, text, secret_len(passphrase), seal->salt,
                             seal->cost.ops, (size_t)seal->cost.mem, crypto_pwhash_ALG_ARGON2ID13);
  secret_close(passphrase);
  return failed == 0 ? OK : err_set(err, ERR_MEMORY, "Argon2id finds no %" PRIu64 " octets of memory", seal->cost.mem);
}

/* The sealed secret of p into secret[32], which is open. */
static enum err_code unseal(const struct parsed *p, struct secret *passphrase, uint8_t *secret, struct err *err) {
  uint8_t box[SEALED_LEN];
  struct secret *key = secret_new(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  if (key == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint8_t *k = secret_open(key);
  enum err_code code = hex_decode(p->secret, box, sizeof box, err);
  if (code == OK) code = stretch(&p->seal, passphrase, k, err);
  if (code == OK && crypto_aead_xchacha20poly1305_ietf_decrypt(secret, NULL, NULL, box, sizeof box, p->head.p, p->head.len,
                                                               p->seal.nonce, k) != 0) {
    code = err_set(err, ERR_PASSPHRASE, NULL);
  }
  secret_close(key);
  secret_free(key);
  return code;
}

/* The public half of the secret (open, 32 octets) of a key for this use. */
static enum err_code public_half(enum keyfile_use use, const uint8_t *secret, uint8_t pub[32], struct err *err) {
  if (use == KEYFILE_CURVE) {
    if (crypto_scalarmult_base(pub, secret) == 0) return OK;
    return err_set(err, ERR_KEY, "the secret is no CURVE key");
  }
  struct signer signer;
  enum err_code code = signer_from_seed(secret, &signer, err);
  if (code != OK) return code;
  memcpy(pub, signer.pub.b, PUBKEY_LEN);
  signer_release(&signer);
  return OK;
}

void keyfile_release(struct keyfile *k) {
  secret_free(k->secret);
  *k = (struct keyfile){.secret = NULL};
}

enum err_code keyfile_parse(struct view text, struct keyfile *out, struct err *err) {
  struct parsed p;
  *out = (struct keyfile){.secret = NULL};
  enum err_code code = parse(text, &p, err);
  if (code == OK) *out = p.key;
  return code;
}

enum err_code keyfile_open(struct view text, struct secret *passphrase, struct keyfile *out, struct err *err) {
  struct parsed p;
  uint8_t pub[32];
  *out = (struct keyfile){.secret = NULL};
  enum err_code code = parse(text, &p, err);
  if (code != OK) return code;
  if (p.key.sealed && passphrase == NULL) return err_set(err, ERR_LOCKED, "the key is sealed and no passphrase was given");
  struct secret *secret = secret_new(KEY_LEN);
  if (secret == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint8_t *s = secret_open(secret);
  code = p.key.sealed ? unseal(&p, passphrase, s, err) : hex_decode(p.secret, s, KEY_LEN, err);
  if (code == OK) code = public_half(p.key.use, s, pub, err);
  if (code == OK && sodium_memcmp(pub, p.key.pub, sizeof pub) != 0) {
    code = err_set(err, ERR_KEY, "the key file's public half does not belong to its secret half");
  }
  secret_close(secret);
  if (code == OK) {
    *out = p.key;
    out->secret = secret;
    return OK;
  }
  secret_free(secret);
  return code;
}

/* Everything that keyfile_open would object to later, now. */
static enum err_code check_key(struct keyfile *k, struct err *err) {
  uint8_t pub[32];
  struct view name = view_of(k->name, strnlen(k->name, sizeof k->name));
  if (k->secret == NULL) return err_set(err, ERR_LOCKED, "a key without its secret half cannot be written");
  if ((size_t)k->use >= N_USES || secret_len(k->secret) != KEY_LEN) {
    return err_set(err, ERR_FORMAT, "this is no key for a key file");
  }
  if (!name_is_good(name)) {
    return err_set(err, ERR_FORMAT, "the name of a key is one line of UTF-8 of at most %d octets", KEYFILE_NAME_MAX);
  }
  enum err_code code = public_half(k->use, secret_open(k->secret), pub, err);
  secret_close(k->secret);
  if (code == OK && memcmp(pub, k->pub, sizeof pub) != 0) {
    code = err_set(err, ERR_MISMATCH, "the public half does not belong to the secret half");
  }
  return code;
}

/* The lines above the secret; a fresh seal into *seal when the key is to be sealed. */
static enum err_code format_head(const struct keyfile *k, bool sealed, enum keyfile_cost cost, struct seal *seal,
                                 struct bytes *out, struct err *err) {
  char pub[2 * 32 + 1];
  char salt[2 * sizeof seal->salt + 1];
  char nonce[2 * sizeof seal->nonce + 1];
  hex_encode(view_of(k->pub, sizeof k->pub), pub);
  enum err_code code = bytes_printf(out, err, VERSION_WORD "%d\nuse: %s\nname:%s%s\npublic: %s\n", VERSION, USES[k->use],
                                    k->name[0] == '\0' ? "" : " ", k->name, pub);
  if (code != OK) return code;
  if (!sealed) return bytes_append_text(out, "seal: none\n", err);
  seal->cost = COSTS[cost];
  randombytes_buf(seal->salt, sizeof seal->salt);
  randombytes_buf(seal->nonce, sizeof seal->nonce);
  hex_encode(view_of(seal->salt, sizeof seal->salt), salt);
  hex_encode(view_of(seal->nonce, sizeof seal->nonce), nonce);
  return bytes_printf(out, err, "seal: argon2id ops=%" PRIu64 " mem=%" PRIu64 " salt=%s nonce=%s\n", seal->cost.ops,
                      seal->cost.mem, salt, nonce);
}

/* The secret of k sealed into box, the head being the associated data. */
static enum err_code seal_secret(struct keyfile *k, const struct seal *seal, struct secret *passphrase, struct view head,
                                 uint8_t box[SEALED_LEN], struct err *err) {
  struct secret *key = secret_new(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
  if (key == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint8_t *p = secret_open(key);
  enum err_code code = stretch(seal, passphrase, p, err);
  if (code == OK) {
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box, NULL, secret_open(k->secret), KEY_LEN, head.p, head.len, NULL,
                                                     seal->nonce, p);
    secret_close(k->secret);
  }
  secret_close(key);
  secret_free(key);
  return code;
}

enum err_code keyfile_format(struct keyfile *k, struct secret *passphrase, enum keyfile_cost cost, struct bytes *out,
                             struct err *err) {
  struct seal seal;
  struct bytes head;
  uint8_t box[SEALED_LEN];
  char hex[2 * SEALED_LEN + 1];
  char check[2 * CHECK_LEN + 1];
  bool sealed = passphrase != NULL;
  size_t start = out->len;
  bytes_init(&head, KEYFILE_MAX);
  enum err_code code = check_key(k, err);
  if (code == OK) code = format_head(k, sealed, cost, &seal, &head, err);
  /* Room first: memory that moves would leave a copy of the secret behind. */
  if (code == OK) code = bytes_reserve(out, head.len + SECRET_LINES_MAX, err);
  if (code == OK && sealed) code = seal_secret(k, &seal, passphrase, bytes_view(&head), box, err);
  if (code != OK) goto out;
  if (sealed) {
    hex_encode(view_of(box, SEALED_LEN), hex);
  } else {
    hex_encode(view_of(secret_open(k->secret), KEY_LEN), hex);
    secret_close(k->secret);
  }
  code = bytes_append(out, bytes_view(&head), err);
  if (code == OK) code = bytes_append_text(out, "secret: ", err);
  if (code == OK) code = bytes_append_text(out, hex, err);
  if (code == OK) code = bytes_append_u8(out, '\n', err);
  check_of(view_of(out->p + start, out->len - start), check);
  if (code == OK) code = bytes_append_text(out, "check: ", err);
  if (code == OK) code = bytes_append_text(out, check, err);
  if (code == OK) code = bytes_append_u8(out, '\n', err);
  k->sealed = sealed;
out:
  sodium_memzero(hex, sizeof hex);
  if (code != OK) out->len = start;
  bytes_release(&head);
  return code;
}

enum err_code keyfile_read(const char *path, struct secret *passphrase, struct keyfile *out, struct err *err) {
  struct secret *file = NULL;
  size_t len = 0;
  *out = (struct keyfile){.secret = NULL};
  enum err_code code = privfile_read(path, KEYFILE_MAX, &file, &len, err);
  if (code == ERR_LIMIT) return err_set(err, ERR_KEY, "%s is no key file: more than %d octets", path, KEYFILE_MAX);
  if (code != OK) return code;
  struct view text = view_of(secret_open(file), len);
  code = keyfile_open(text, passphrase, out, err);
  if (code == ERR_LOCKED) {
    err_clear(err);
    code = keyfile_parse(text, out, err);
  }
  if (code != OK) (void)err_context(err, "%s", path);
  secret_close(file);
  secret_free(file);
  return code;
}

enum err_code keyfile_write(const char *path, struct keyfile *k, struct secret *passphrase, enum keyfile_cost cost,
                            struct err *err) {
  struct bytes text;
  bytes_init(&text, KEYFILE_MAX);
  enum err_code code = keyfile_format(k, passphrase, cost, &text, err);
  if (code == OK) code = privfile_write(path, bytes_view(&text), err);
  if (text.len > 0) sodium_memzero(text.p, text.len);
  bytes_release(&text);
  return code;
}
