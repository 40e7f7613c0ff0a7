/*
 * record: doors 3 and 4 of the corridor. Octets become a header, an envelope becomes a verified record, and back.
 *
 * One table (KINDS) says of every kind what its header may hold (docs/protocol.md 4.4) and whether version 1 evaluates it.
 * record_open() costs one Ed25519 verification; everything around it is copying and comparing within one kilobyte.
 */
#include "protocol/record.h"

#include <string.h>

#include "protocol/canon.h"

#define VERSION 1u
#define ALG_ED25519 1u
#define HEADER_FIELDS 11u
#define FIRST_VOTED_EPOCH 2u  /* the first one is the charter's */
#define FIRST_PUBLIC_KIND 16u /* those below rule their log: unknown ones freeze it */
#define ROLES_KNOWN 31u       /* a bit for each of the vocabulary `role` */
#define SCHEMA_RESERVED 20u   /* schema numbers from here on have no meaning in version 1 … */
#define SCHEMA_TRIALS 1024u   /* … up to those of trials */

/* ---- kinds ---- */

enum presence { NEVER, ALWAYS, MAYBE };

/* What the header of a kind may hold. */
struct kind {
  uint64_t number;
  const char *name;
  bool evaluated; /* by version 1 */
  enum presence subject, body;
  uint32_t refs_min, refs_max, args;
};

static const struct kind KINDS[] = {
    {KIND_IDENTITY, "node.identity", true, NEVER, ALWAYS, 0, 0, 0},
    {KIND_CERT, "key.cert", true, ALWAYS, ALWAYS, 0, 1, 3},
    {KIND_REVOKE, "key.revoke", true, ALWAYS, NEVER, 0, 0, 2},
    {KIND_PROPOSE, "member.propose", true, NEVER, ALWAYS, 0, 0, 2},
    {KIND_VOTE, "member.vote", true, MAYBE, MAYBE, 0, 0, 2},
    {KIND_TAKEDOWN, "takedown", true, ALWAYS, NEVER, 0, 0, 1},
    {KIND_TAKEDOWN_ACK, "takedown.ack", true, ALWAYS, NEVER, 0, 0, 0},
    {KIND_EVIDENCE, "evidence", true, ALWAYS, ALWAYS, 0, 0, 1},
    {KIND_VERSION, "object.version", true, MAYBE, ALWAYS, 0, 1, 2},
    {KIND_WITHDRAW, "object.withdraw", true, ALWAYS, MAYBE, 1, 1, 0},
    {KIND_TRANSLATION, "translation", false, ALWAYS, ALWAYS, 0, 0, 0},
    {KIND_ENDORSE, "endorse.sign", true, ALWAYS, MAYBE, 2, 2, 0},
    {KIND_ENDORSE_WITHDRAW, "endorse.withdraw", true, ALWAYS, NEVER, 0, 0, 0},
    {KIND_COMMENT, "comment", false, ALWAYS, ALWAYS, 0, 1, 1},
    {KIND_MARK, "mark", false, ALWAYS, MAYBE, 0, 1, 1},
    {KIND_EDIT_PROPOSAL, "edit.proposal", false, ALWAYS, ALWAYS, 0, 1, 1},
};

/* The row of a kind; NULL: version 1 does not list it. */
static const struct kind *kind_of(uint64_t number) {
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    if (KINDS[i].number == number) return &KINDS[i];
  }
  return NULL;
}

const char *record_kind_name(uint64_t kind) {
  const struct kind *k = kind_of(kind);
  return k == NULL ? "unknown" : k->name;
}

bool record_kind_keeps_body(uint64_t kind) {
  return kind < FIRST_PUBLIC_KIND && kind != KIND_CERT;
}

bool record_kind_freezes(uint64_t kind) {
  return kind < FIRST_PUBLIC_KIND && kind_of(kind) == NULL;
}

static bool is_present(enum presence wanted, bool present) {
  return wanted == MAYBE || present == (wanted == ALWAYS);
}

/* Row 3 of docs/protocol.md 4.6: whether version 1 gives the record a meaning at all. NULL if not, else its kind. */
static const struct kind *evaluated_kind(const struct header *h) {
  const struct kind *k = kind_of(h->kind);
  if (k == NULL || !k->evaluated) return NULL;
  bool reserved = h->kind == KIND_VERSION && h->n_args > 0 && h->args[0] >= SCHEMA_RESERVED && h->args[0] < SCHEMA_TRIALS;
  return reserved ? NULL : k;
}

/* Whether the subject of a certificate or revocation is a valid point. */
static bool subject_is_key(const struct header *h) {
  struct pubkey key;
  memcpy(key.b, h->subject.b, sizeof key.b);
  return pubkey_check(&key, NULL) == OK;
}

/* An epoch that is voted for, and a ballot. */
static bool is_ballot(const struct header *h) {
  return h->args[0] >= FIRST_VOTED_EPOCH && h->args[1] <= LIMIT_BALLOT;
}

/* What the numbers of each kind must keep to, beyond their count, and its key. */
static bool details_fit(const struct header *h) {
  switch (h->kind) {
  case KIND_CERT:
    return h->args[0] >= 1 && h->args[1] >= 1 && h->args[1] <= ROLES_KNOWN && subject_is_key(h);
  case KIND_REVOKE:
    return h->args[0] >= 1 && subject_is_key(h);
  case KIND_PROPOSE:
    return h->args[0] == 0 ? h->args[1] == 0 : is_ballot(h);
  case KIND_VOTE:
    return is_ballot(h) && (!h->has_subject || h->body_len > 0);
  case KIND_TAKEDOWN:
  case KIND_EVIDENCE:
    return h->args[0] >= 1;
  case KIND_VERSION:
    return h->args[0] >= 1 && h->args[1] <= 1 && h->has_subject == (h->n_refs == 1);
  default:
    return true;
  }
}

enum reason header_shape(const struct header *h) {
  const struct kind *k = evaluated_kind(h);
  if (k == NULL) return REASON_KIND;
  bool fits = is_present(k->subject, h->has_subject) && is_present(k->body, h->body_len > 0) && h->n_refs >= k->refs_min &&
              h->n_refs <= k->refs_max && h->n_args == k->args && details_fit(h);
  return fits ? REASON_NONE : REASON_SHAPE;
}

/* ---- headers ---- */

enum err_code header_encode(const struct header *h, struct bytes *out, struct err *err) {
  struct bytes room;
  if (h->n_refs > LIMIT_REFS || h->n_args > LIMIT_ARGS || h->body_len > LIMIT_BODY) {
    return err_set(err, ERR_LIMIT, "header: %u refs, %u args, body of %u octets", h->n_refs, h->n_args, h->body_len);
  }
  bytes_init(&room, LIMIT_HEADER);
  struct canon_writer w = canon_writer(&room);
  canon_put_array(&w, HEADER_FIELDS);
  canon_put_uint(&w, VERSION);
  canon_put_uint(&w, h->kind);
  canon_put_uint(&w, ALG_ED25519);
  canon_put_hash(&w, &h->home);
  canon_put_pubkey(&w, &h->author);
  canon_put_uint(&w, h->created);
  canon_put_opt_hash(&w, h->has_subject ? &h->subject : NULL);
  canon_put_array(&w, h->n_refs);
  for (uint32_t i = 0; i < h->n_refs; i++)
    canon_put_hash(&w, &h->refs[i]);
  canon_put_array(&w, h->n_args);
  for (uint32_t i = 0; i < h->n_args; i++)
    canon_put_uint(&w, h->args[i]);
  canon_put_uint(&w, h->body_len);
  canon_put_opt_hash(&w, h->body_len > 0 ? &h->body_commit : NULL);
  enum err_code code = canon_written(&w, "header", err);
  if (code == OK) code = bytes_append(out, bytes_view(&room), err);
  bytes_release(&room);
  return code;
}

/* A revocation names a position, evidence a generation: their args have the limits of these. */
static void position_check(struct canon_reader *r, const struct header *h) {
  if (h->kind == KIND_EVIDENCE && h->n_args == 1 && h->args[0] > LIMIT_GEN) canon_fail(r, "no generation");
  if (h->kind != KIND_REVOKE || h->n_args != 2) return;
  if (h->args[0] > LIMIT_GEN || h->args[1] > LIMIT_POSITION) canon_fail(r, "no position");
}

/* Fields 1 to 10 of a header of version 1. */
static void fields_read(struct canon_reader *r, struct header *h, uint64_t *alg) {
  h->kind = canon_uint(r);
  *alg = canon_uint(r);
  canon_hash(r, &h->home);
  canon_pubkey(r, &h->author);
  h->created = canon_uint(r);
  h->has_subject = !canon_opt_nil(r);
  if (h->has_subject) canon_hash(r, &h->subject);
  h->n_refs = canon_array(r, LIMIT_REFS);
  for (uint32_t i = 0; i < h->n_refs; i++)
    canon_hash(r, &h->refs[i]);
  h->n_args = canon_array(r, LIMIT_ARGS);
  for (uint32_t i = 0; i < h->n_args; i++)
    h->args[i] = canon_uint(r);
  position_check(r, h);
  h->body_len = (uint32_t)canon_uint_max(r, LIMIT_BODY);
  if (h->body_len > 0) {
    canon_hash(r, &h->body_commit);
  } else {
    canon_nil(r);
  }
}

/* A header of version 1, whatever its kind and alg: REASON_NONE, REASON_FORMAT or REASON_VERSION. *h is filled or garbage. */
static enum reason header_read(struct view bytes, struct header *h, uint64_t *alg) {
  struct canon_reader r = canon_reader(bytes);
  if (bytes.len > LIMIT_HEADER) return REASON_FORMAT;
  uint32_t n = canon_array(&r, UINT32_MAX);
  if (r.fault != NULL || n == 0) return REASON_FORMAT;
  uint64_t version = canon_uint(&r);
  if (r.fault != NULL) return REASON_FORMAT;
  if (version != VERSION || n > HEADER_FIELDS) {
    return canon_check(bytes, "header", NULL) == OK ? REASON_VERSION : REASON_FORMAT;
  }
  if (n < HEADER_FIELDS) return REASON_FORMAT;
  fields_read(&r, h, alg);
  return canon_finish(&r, "header", NULL) == OK ? REASON_NONE : REASON_FORMAT;
}

enum reason header_decode(struct view bytes, struct header *out) {
  struct header h = {.kind = 0};
  uint64_t alg = 0;
  enum reason reason = header_read(bytes, &h, &alg);
  if (reason != REASON_NONE) return reason;
  if (alg != ALG_ED25519) return REASON_ALG;
  *out = h;
  return REASON_NONE;
}

bool header_kind(struct view bytes, uint64_t *kind) {
  struct header h = {.kind = 0};
  uint64_t alg = 0;
  if (header_read(bytes, &h, &alg) != REASON_NONE) return false;
  *kind = h.kind;
  return true;
}

/* Whether a header that this version cannot read rules its log: its second field is a number below 16. */
static bool later_header_freezes(struct view bytes) {
  struct canon_reader r = canon_reader(bytes);
  (void)canon_array(&r, UINT32_MAX);
  (void)canon_uint(&r);
  uint64_t second = canon_uint(&r);
  return r.fault == NULL && second < FIRST_PUBLIC_KIND;
}

bool envelope_freezes(struct view envelope) {
  struct view bytes, signature;
  struct header h = {.kind = 0};
  uint64_t alg = 0;
  if (!envelope_split(envelope, &bytes, &signature)) return false;
  enum reason reason = header_read(bytes, &h, &alg);
  if (reason != REASON_NONE) return reason == REASON_VERSION && later_header_freezes(bytes);
  bool later_alg = alg != ALG_ED25519 || signature.len != SIGNATURE_LEN;
  return record_kind_freezes(h.kind) || (later_alg && h.kind < FIRST_PUBLIC_KIND);
}

struct hash record_id(const struct hash *fed_id, struct view header) {
  return hash_of(HASH_RECORD, hash_view(fed_id), header);
}

/* ---- envelopes ---- */

bool envelope_split(struct view envelope, struct view *header, struct view *signature) {
  struct canon_reader r = canon_reader(envelope);
  canon_array_exact(&r, 2);
  struct view h = canon_bin(&r, LIMIT_HEADER);
  struct view s = canon_bin(&r, LIMIT_SIGNATURE);
  if (r.fault != NULL || !canon_at_end(&r) || h.len == 0 || s.len == 0) return false;
  *header = h;
  *signature = s;
  return true;
}

enum err_code envelope_encode(struct view header, struct view signature, struct bytes *out, struct err *err) {
  if (header.len == 0 || header.len > LIMIT_HEADER || signature.len == 0 || signature.len > LIMIT_SIGNATURE) {
    return err_set(err, ERR_LIMIT, "envelope: a header of %zu octets and a signature of %zu", header.len, signature.len);
  }
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, header);
  canon_put_bin(&w, signature);
  enum err_code code = canon_written(&w, "envelope", err);
  if (code != OK) out->len = before;
  return code;
}

struct hash envelope_id(const struct hash *fed_id, struct view envelope) {
  struct view header, signature;
  if (envelope_split(envelope, &header, &signature)) return record_id(fed_id, header);
  return hash_of(HASH_OCTETS, envelope, view_of(NULL, 0));
}

/* ---- records ---- */

/* Steps 1 to 4 of docs/protocol.md 4.6: everything that costs no elliptic curve. */
static enum reason record_read(struct view envelope, struct record *record, struct signature *signature) {
  struct view field;
  uint64_t alg = 0;
  if (!envelope_split(envelope, &record->header_bytes, &field)) return REASON_FORMAT;
  enum reason reason = header_read(record->header_bytes, &record->header, &alg);
  if (reason != REASON_NONE) return reason;
  if (evaluated_kind(&record->header) == NULL) return REASON_KIND;
  if (alg != ALG_ED25519 || field.len != sizeof signature->b) return REASON_ALG;
  memcpy(signature->b, field.p, sizeof signature->b);
  return REASON_NONE;
}

enum reason record_open(struct view envelope, const struct hash *fed_id, const struct pubkey *known_key, struct record *out) {
  struct record record = {.header_bytes = {.p = NULL}};
  struct signature signature = {.b = {0}};
  enum reason reason = record_read(envelope, &record, &signature);
  if (reason != REASON_NONE) return reason;
  const struct pubkey *author = &record.header.author;
  bool known = known_key != NULL && pubkey_equal(known_key, author);
  if (!known && pubkey_check(author, NULL) != OK) return REASON_KEY;
  record.id = record_id(fed_id, record.header_bytes);
  if (!sign_verify(author, SIGN_RECORD, fed_id, hash_view(&record.id), &signature)) return REASON_SIGNATURE;
  *out = record;
  return REASON_NONE;
}

enum reason record_reopen(struct view envelope, const struct hash *fed_id, struct record *out) {
  struct record record = {.header_bytes = {.p = NULL}};
  struct signature signature = {.b = {0}};
  enum reason reason = record_read(envelope, &record, &signature);
  if (reason != REASON_NONE) return reason;
  record.id = record_id(fed_id, record.header_bytes);
  *out = record;
  return REASON_NONE;
}

bool record_body_matches(const struct header *h, const struct salt *salt, struct view body) {
  static const struct salt ZEROS;
  if (body.len == 0 || body.len != h->body_len) return false;
  if (record_kind_keeps_body(h->kind) && memcmp(salt->b, ZEROS.b, sizeof ZEROS.b) != 0) return false;
  struct hash commit = hash_commit(salt, body);
  return hash_equal(&commit, &h->body_commit);
}

/* Fills what a seal says of the body. */
static void header_commit(struct header *h, const struct salt *salt, struct view body) {
  static const struct salt ZEROS;
  h->body_len = (uint32_t)body.len;
  h->body_commit = (struct hash){.b = {0}};
  if (body.len > 0) h->body_commit = hash_commit(record_kind_keeps_body(h->kind) ? &ZEROS : salt, body);
}

enum err_code record_seal(struct header *h, const struct hash *fed_id, const struct signer *author, const struct salt *salt,
                          struct view body, struct bytes *out, struct hash *id, struct err *err) {
  if (body.len > LIMIT_BODY) return err_set(err, ERR_LIMIT, "a body of %zu octets: at most %u", body.len, LIMIT_BODY);
  struct bytes header;
  bytes_init(&header, LIMIT_HEADER);
  h->author = author->pub;
  header_commit(h, salt, body);
  enum err_code code = header_encode(h, &header, err);
  if (code != OK) goto out;
  struct hash hash = record_id(fed_id, bytes_view(&header));
  struct signature signature = sign_tagged(author, SIGN_RECORD, fed_id, hash_view(&hash));
  code = envelope_encode(bytes_view(&header), view_of(signature.b, sizeof signature.b), out, err);
  if (code == OK && id != NULL) *id = hash;
out:
  bytes_release(&header);
  return code;
}
