/*
 * checkpoint: a C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note), written and read.
 *
 * The reader takes the text apart line by line and then compares: there is one spelling of a checkpoint, so whatever it
 * accepts, checkpoint_seal would have written. Replicas keep and serve the text as it came.
 */
#include "protocol/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "protocol/limits.h"

#define ORIGIN_PREFIX "specola/"
#define SIGNATURE_PREFIX "\xe2\x80\x94 " /* em dash, space */
#define KEY_HASH_LEN 4
#define NOTE_SIGNATURE_LEN (KEY_HASH_LEN + SIGNATURE_LEN)

/* First 4 octets of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key): 0x01 is C2SP's number of Ed25519. */
static enum err_code key_hash(struct view origin, const struct pubkey *key, uint8_t out[KEY_HASH_LEN], struct err *err) {
  static const uint8_t BETWEEN[2] = {0x0a, 0x01};
  struct bytes input;
  bytes_init(&input, LIMIT_CHECKPOINT + sizeof BETWEEN + PUBKEY_LEN);
  enum err_code code = bytes_append(&input, origin, err);
  if (code == OK) code = bytes_append(&input, view_of(BETWEEN, sizeof BETWEEN), err);
  if (code == OK) code = bytes_append(&input, pubkey_view(key), err);
  if (code == OK) {
    struct hash hash = hash_sha256(bytes_view(&input));
    memcpy(out, hash.b, KEY_HASH_LEN);
  }
  bytes_release(&input);
  return code;
}

/* ---- writing ---- */

static enum err_code origin_write(const struct checkpoint *c, struct bytes *out, struct err *err) {
  char fed_id[HASH_HEX_LEN], node[HASH_HEX_LEN];
  hash_hex(&c->fed_id, fed_id);
  hash_hex(&c->node, node);
  return bytes_printf(out, err, ORIGIN_PREFIX "%s/%s/%" PRIu64, fed_id, node, c->gen);
}

/* The three signed lines; *origin_len receives the length of the first, without its line end. */
static enum err_code body_write(const struct checkpoint *c, struct bytes *out, size_t *origin_len, struct err *err) {
  char root[BASE64_LEN(HASH_LEN) + 1];
  enum err_code code = origin_write(c, out, err);
  if (code != OK) return code;
  *origin_len = out->len;
  base64_encode(hash_view(&c->root), root);
  return bytes_printf(out, err, "\n%" PRIu64 "\n%s\n", c->size, root);
}

enum err_code checkpoint_seal(const struct checkpoint *c, const struct signer *node_key, struct bytes *out, struct err *err) {
  struct bytes note, line;
  size_t origin_len = 0;
  uint8_t signature[NOTE_SIGNATURE_LEN];
  char text[BASE64_LEN(NOTE_SIGNATURE_LEN) + 1];
  if (c->gen == 0 || c->gen > LIMIT_GEN || c->size == 0 || c->size > LIMIT_SIZE) {
    return err_set(err, ERR_FORMAT, "a checkpoint counts generations and entries from 1 up to their limits");
  }
  bytes_init(&note, LIMIT_CHECKPOINT);
  bytes_init(&line, LIMIT_CHECKPOINT);
  enum err_code code = body_write(c, &note, &origin_len, err);
  if (code != OK) goto out;
  code = key_hash(view_of(note.p, origin_len), &node_key->pub, signature, err);
  if (code != OK) goto out;
  struct signature bare = sign_bare(node_key, bytes_view(&note));
  memcpy(signature + KEY_HASH_LEN, bare.b, sizeof bare.b);
  base64_encode(view_of(signature, sizeof signature), text);
  code = bytes_printf(&line, err, "\n" SIGNATURE_PREFIX "%.*s %s\n", (int)origin_len, (const char *)note.p, text);
  if (code == OK) code = bytes_append(&note, bytes_view(&line), err);
  if (code == OK) code = bytes_append(out, bytes_view(&note), err);
out:
  bytes_release(&line);
  bytes_release(&note);
  return code;
}

/* ---- reading ---- */

/* A checkpoint taken apart; views borrow from its text. */
struct note {
  struct checkpoint c;
  struct view origin; /* first line without its line end: the name of the key */
  struct view body;   /* the three lines that are signed */
  uint8_t key_hash[KEY_HASH_LEN];
  struct signature signature;
};

/* Takes everything up to the next `end` off *rest. False if there is none. */
static bool take_until(struct view *rest, char end, struct view *out) {
  const uint8_t *found = rest->len == 0 ? NULL : memchr(rest->p, end, rest->len);
  if (found == NULL) return false;
  *out = view_of(rest->p, (size_t)(found - rest->p));
  *rest = view_of(found + 1, rest->len - out->len - 1);
  return true;
}

/* Takes exactly this text off *rest. */
static bool take_text(struct view *rest, const char *text) {
  size_t len = strlen(text);
  if (rest->len < len || memcmp(rest->p, text, len) != 0) return false;
  *rest = view_of(rest->p + len, rest->len - len);
  return true;
}

/* "specola/<fed_id>/<node id>/<gen>" */
static bool origin_read(struct view origin, struct checkpoint *c) {
  struct view fed_id, node, rest = origin;
  return take_text(&rest, ORIGIN_PREFIX) && take_until(&rest, '/', &fed_id) && take_until(&rest, '/', &node) &&
         hash_from_hex(fed_id, &c->fed_id, NULL) == OK && hash_from_hex(node, &c->node, NULL) == OK &&
         decimal_decode(rest, &c->gen, NULL) == OK && c->gen >= 1 && c->gen <= LIMIT_GEN;
}

/* "— <origin> <base64>": the last line, and nothing behind it. */
static bool signature_read(struct view rest, struct note *note) {
  struct view name, text;
  uint8_t octets[NOTE_SIGNATURE_LEN];
  if (!take_text(&rest, SIGNATURE_PREFIX) || !take_until(&rest, ' ', &name) || !take_until(&rest, '\n', &text)) return false;
  if (rest.len > 0 || !view_equal(name, note->origin)) return false;
  if (base64_decode(text, octets, sizeof octets, NULL) != OK) return false;
  memcpy(note->key_hash, octets, KEY_HASH_LEN);
  memcpy(note->signature.b, octets + KEY_HASH_LEN, SIGNATURE_LEN);
  return true;
}

static enum err_code note_read(struct view text, struct note *note, struct err *err) {
  struct view rest = text, size, root;
  if (text.len > LIMIT_CHECKPOINT) {
    return err_set(err, ERR_FORMAT, "checkpoint: %zu octets, at most %u", text.len, LIMIT_CHECKPOINT);
  }
  if (!take_until(&rest, '\n', &note->origin) || !origin_read(note->origin, &note->c)) {
    return err_set(err, ERR_FORMAT, "checkpoint: the first line is no origin of a log of ours");
  }
  if (!take_until(&rest, '\n', &size) || decimal_decode(size, &note->c.size, NULL) != OK || note->c.size == 0 ||
      note->c.size > LIMIT_SIZE) {
    return err_set(err, ERR_FORMAT, "checkpoint: the second line is no size");
  }
  if (!take_until(&rest, '\n', &root) || base64_decode(root, note->c.root.b, sizeof note->c.root.b, NULL) != OK) {
    return err_set(err, ERR_FORMAT, "checkpoint: the third line is no root");
  }
  note->body = view_of(text.p, text.len - rest.len);
  if (!take_text(&rest, "\n")) return err_set(err, ERR_FORMAT, "checkpoint: an empty line belongs behind the third");
  if (!signature_read(rest, note)) {
    return err_set(err, ERR_FORMAT, "checkpoint: one signature line of its own origin belongs last");
  }
  return OK;
}

enum err_code checkpoint_read(struct view text, struct checkpoint *out, struct err *err) {
  struct note note = {.body = {NULL, 0}};
  enum err_code code = note_read(text, &note, err);
  if (code == OK) *out = note.c;
  return code;
}

enum err_code checkpoint_open(struct view text, const struct pubkey *node_key, struct checkpoint *out, struct err *err) {
  struct note note = {.body = {NULL, 0}};
  uint8_t expected[KEY_HASH_LEN];
  enum err_code code = note_read(text, &note, err);
  if (code == OK) code = key_hash(note.origin, node_key, expected, err);
  if (code != OK) return code;
  if (memcmp(expected, note.key_hash, KEY_HASH_LEN) != 0) {
    return err_set(err, ERR_SIGNATURE, "checkpoint: signed by another key");
  }
  if (!sign_verify_bare(node_key, note.body, &note.signature)) {
    return err_set(err, ERR_SIGNATURE, "checkpoint: the signature does not verify");
  }
  *out = note.c;
  return OK;
}
