/*
 * vote: the bodies of kinds 4 and 5, encoder and decoder side by side, and row 17 of docs/protocol.md 4.6. See vote.h.
 */
#include "protocol/vote.h"

#include <string.h>

#include "protocol/canon.h"

#define SIGNED_MAX 64u /* octets of [epoch, ballot, hash] */

/* ---- kind 4 ---- */

enum err_code proposal_encode(struct view changes, const struct hash *blanks, uint32_t n, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, changes);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_hash(&w, &blanks[i]);
  enum err_code code = canon_written(&w, "proposal", err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code proposal_decode(struct view body, const uint64_t args[2], struct proposal_body *out, struct err *err) {
  struct canon_reader r = canon_reader(body);
  canon_array_exact(&r, 2);
  out->changes = canon_bin(&r, LIMIT_CHANGES_BYTES);
  out->n_blanks = canon_array(&r, LIMIT_MEMBERS);
  for (uint32_t i = 0; i < out->n_blanks; i++) {
    canon_hash(&r, &out->blanks[i]);
    if (i > 0 && hash_compare(&out->blanks[i - 1], &out->blanks[i]) >= 0) canon_fail(&r, "blank votes out of order");
  }
  if ((out->n_blanks > 0) != (args[1] > 0)) canon_fail(&r, "blank votes belong to every ballot but the first");
  enum err_code code = canon_finish(&r, "proposal", err);
  return code == OK ? changes_check(out->changes, err) : code;
}

/* ---- kind 5 ---- */

/* What a vote signs. */
static size_t vote_message(uint64_t epoch, uint64_t ballot, const struct hash *hash, uint8_t out[SIGNED_MAX]) {
  struct bytes room = {.p = out, .len = 0, .capacity = SIGNED_MAX, .ceiling = SIGNED_MAX};
  struct canon_writer w = canon_writer(&room);
  canon_put_array(&w, 3);
  canon_put_uint(&w, epoch);
  canon_put_uint(&w, ballot);
  canon_put_hash(&w, hash);
  return room.len;
}

struct signature vote_sign(const struct signer *node_key, const struct hash *fed_id, uint64_t epoch, uint64_t ballot,
                           const struct hash *hash) {
  uint8_t octets[SIGNED_MAX];
  return sign_tagged(node_key, SIGN_VOTE, fed_id, view_of(octets, vote_message(epoch, ballot, hash, octets)));
}

bool vote_verify(const struct pubkey *node_key, const struct hash *fed_id, uint64_t epoch, uint64_t ballot,
                 const struct hash *hash, const struct signature *signature) {
  uint8_t octets[SIGNED_MAX];
  struct view message = view_of(octets, vote_message(epoch, ballot, hash, octets));
  return sign_verify(node_key, SIGN_VOTE, fed_id, message, signature);
}

enum err_code vote_encode(const struct vote_body *vote, bool blank, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  if (blank) {
    canon_put_uint(&w, vote->last_ballot);
    canon_put_hash(&w, &vote->hash);
  } else {
    canon_put_hash(&w, &vote->hash);
    canon_put_signature(&w, &vote->signature);
  }
  enum err_code code = canon_written(&w, "vote", err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code vote_decode(struct view body, const struct header *header, const struct hash *fed_id, struct vote_body *out,
                          struct err *err) {
  struct vote_body vote = {.has_last = !header->has_subject && body.len > 0};
  const uint64_t ballot = header->args[1];
  struct canon_reader r = canon_reader(body);
  if (header->has_subject || vote.has_last) {
    canon_array_exact(&r, 2);
    if (vote.has_last) vote.last_ballot = canon_uint_max(&r, LIMIT_BALLOT);
    canon_hash(&r, &vote.hash);
    if (header->has_subject) canon_signature(&r, &vote.signature);
    if (vote.has_last && vote.last_ballot >= ballot) canon_fail(&r, "a last vote that is not below");
  }
  enum err_code code = canon_finish(&r, "vote", err);
  if (code != OK) return code;
  if (header->has_subject && !vote_verify(&header->author, fed_id, header->args[0], ballot, &vote.hash, &vote.signature)) {
    return err_set(err, ERR_SIGNATURE, "vote: its signature does not verify");
  }
  *out = vote;
  return OK;
}

/* ---- one log's votes ---- */

bool voting_allows(const struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote) {
  const bool same = v->epoch == epoch;
  if (epoch < v->epoch || (same && ballot < v->ballot)) return false;
  if (same && ballot == v->ballot && (blank || !v->blank)) return false;
  if (!blank) return true;
  if (!same || !v->has_last) return !vote->has_last;
  return vote->has_last && vote->last_ballot == v->last_ballot && hash_equal(&vote->hash, &v->last_hash);
}

void voting_apply(struct voting *v, uint64_t epoch, uint64_t ballot, bool blank, const struct vote_body *vote) {
  if (v->epoch != epoch) *v = (struct voting){.epoch = epoch};
  v->ballot = ballot;
  v->blank = blank;
  if (blank) return;
  v->has_last = true;
  v->last_ballot = ballot;
  v->last_hash = vote->hash;
}
