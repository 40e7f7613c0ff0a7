/*
 * own_log: a log written by hand. See own_log.h.
 */
#include "tests/node/own_log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/canon.h"
#include "tests/node/rotation.h"

void own_add(struct own_log *log, const struct fixture_record *record) {
  assert_true(log->n < OWN_MAX);
  log->records[log->n++] = *record;
}

struct hash own_root(const struct own_log *log, uint64_t size) {
  struct merkle_range range = {.size = 0};
  for (uint64_t i = 0; i < size; i++) {
    const struct hash leaf = merkle_leaf(log->records[i].item.envelope);
    merkle_append(&range, &leaf);
  }
  return merkle_root(&range);
}

void own_checkpoint(const struct own_log *log, uint64_t size, struct bytes *text) {
  struct err err = ERR_INIT;
  const struct checkpoint checkpoint = {.fed_id = log->node->all->charter.fed_id,
                                        .node = log->node->id,
                                        .gen = log->gen == 0 ? 1 : log->gen,
                                        .size = size,
                                        .root = own_root(log, size)};
  bytes_clear(text);
  assert_int_equal(checkpoint_seal(&checkpoint, log->key == NULL ? &log->node->node_key : log->key, text, &err), OK);
}

void own_window(const struct own_log *log, uint64_t from, uint64_t to, struct bytes *out) {
  struct canon_writer w = canon_writer(out);
  bytes_clear(out);
  canon_put_array(&w, (uint32_t)(to - from));
  for (uint64_t i = from; i < to; i++) {
    item_write(&w, &log->records[i].item);
  }
  assert_int_equal(canon_written(&w, "window", NULL), OK);
}

/* Carries entries from..to as one milestone. */
enum err_code own_carry(const struct own_log *log, struct hall *hall, uint64_t from, uint64_t to, uint64_t window,
                        struct pull_result *result, struct err *err) {
  struct bytes text;
  struct bytes octets;
  struct pull *pull = NULL;
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&octets, LIMIT_DATA_RAW);
  own_checkpoint(log, to, &text);
  enum err_code code = hall_pull_begin(hall, bytes_view(&text), from, &pull, err);
  for (uint64_t at = from; code == OK && at < to; at += window) {
    own_window(log, at, to - at < window ? to : at + window, &octets);
    code = hall_pull_add(pull, bytes_view(&octets), err);
  }
  if (code == OK) {
    code = hall_pull_finish(pull, result, err);
  } else {
    hall_pull_abort(pull);
  }
  bytes_release(&text);
  bytes_release(&octets);
  return code;
}

void own_release(struct own_log *log) {
  for (uint32_t i = 0; i < log->n; i++) {
    fixture_record_release(&log->records[i]);
  }
}

/* ---- records ---- */

void add_identity(struct own_log *log) {
  struct fixture_record record;
  struct identity_item item;
  struct bytes octets, body;
  bytes_init(&octets, LIMIT_IDENTITY);
  bytes_init(&body, LIMIT_BODY);
  rotation_first(log->node, &octets, &item);
  struct canon_writer w = canon_writer(&body);
  identity_item_write(&w, &item);
  const struct header h = {.kind = KIND_IDENTITY};
  fixture_seal(log->node, &log->node->node_key, h, bytes_view(&body), &record);
  own_add(log, &record);
  bytes_release(&octets);
  bytes_release(&body);
}

void add_cert(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t person, uint64_t roles) {
  static const uint8_t body[] = {0x81, 0xa4, 'n', 'a', 'm', 'e', 0xa1, 'X'};
  struct fixture_record record;
  struct header h = {.kind = KIND_CERT, .has_subject = true, .n_args = 3, .args = {person, roles, 0}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  fixture_seal(log->node, author, h, view_of(body, sizeof body), &record);
  own_add(log, &record);
}

void add_revoke(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t index) {
  struct fixture_record record;
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, index}};
  memcpy(h.subject.b, key->b, sizeof h.subject.b);
  fixture_seal(log->node, author, h, view_of(NULL, 0), &record);
  own_add(log, &record);
}

/* A version of a case; object and newest NULL: a new one. Returns the record id. */
struct hash add_case(struct own_log *log, const struct signer *author, uint64_t n, const struct hash *object,
                     const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(log->node->all, n, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(log->node, author, h, bytes_view(&body), &record);
  own_add(log, &record);
  bytes_release(&body);
  return record.id;
}

struct hash add_withdraw(struct own_log *log, const struct signer *author, const struct hash *object,
                         const struct hash *newest) {
  struct fixture_record record;
  struct header h = {.kind = KIND_WITHDRAW, .has_subject = true, .subject = *object, .n_refs = 1, .refs = {*newest}};
  fixture_seal(log->node, author, h, view_of(NULL, 0), &record);
  own_add(log, &record);
  return record.id;
}

/* An entry of octets that the owner made up. */
void add_octets(struct own_log *log, struct view octets) {
  struct fixture_record record;
  memset(&record, 0, sizeof record);
  bytes_init(&record.envelope, LIMIT_ENVELOPE);
  bytes_init(&record.body, LIMIT_BODY);
  assert_int_equal(bytes_append(&record.envelope, octets, NULL), OK);
  record.item = (struct item){.envelope = bytes_view(&record.envelope), .state = ITEM_BODILESS};
  own_add(log, &record);
}

/* A raw header of eleven fields with an odd version, kind or alg, truly signed. */
void add_header(struct own_log *log, const struct signer *author, uint64_t v, uint64_t kind, uint64_t alg) {
  struct bytes header;
  struct bytes envelope;
  bytes_init(&header, LIMIT_HEADER);
  bytes_init(&envelope, LIMIT_ENVELOPE);
  struct canon_writer w = canon_writer(&header);
  canon_put_array(&w, 11);
  canon_put_uint(&w, v);
  canon_put_uint(&w, kind);
  canon_put_uint(&w, alg);
  canon_put_hash(&w, &log->node->id);
  canon_put_pubkey(&w, &author->pub);
  canon_put_uint(&w, 5);
  canon_put_nil(&w);
  canon_put_array(&w, 0);
  canon_put_array(&w, 0);
  canon_put_uint(&w, 0);
  canon_put_nil(&w);
  const struct hash *fed_id = &log->node->all->charter.fed_id;
  const struct hash id = record_id(fed_id, bytes_view(&header));
  const struct signature signature = sign_tagged(author, SIGN_RECORD, fed_id, hash_view(&id));
  assert_int_equal(envelope_encode(bytes_view(&header), view_of(signature.b, sizeof signature.b), &envelope, NULL), OK);
  add_octets(log, bytes_view(&envelope));
  bytes_release(&header);
  bytes_release(&envelope);
}

/* A record with one thing in its header changed. */
void add_odd(struct own_log *log, const struct signer *author, struct header h, struct view body) {
  struct fixture_record record;
  fixture_seal(log->node, author, h, body, &record);
  own_add(log, &record);
}

enum reason reason_at(struct fixture_node *node, const struct hash *log_node, uint64_t index) {
  return reason_in(node, log_node, 1, index);
}

enum reason reason_in(struct fixture_node *node, const struct hash *log_node, uint64_t gen, uint64_t index) {
  struct log log;
  sqlite3_stmt *st = NULL;
  assert_int_equal(log_find(node->store, log_node, gen, &log, NULL), OK);
  assert_int_equal(sqlite3_prepare_v2(store_db(node->store), "SELECT reason FROM held WHERE id = ?", -1, &st, NULL), SQLITE_OK);
  (void)sqlite3_bind_int64(st, 1, entry_rowid(log.no, index));
  const enum reason reason = sqlite3_step(st) == SQLITE_ROW ? (enum reason)sqlite3_column_int(st, 0) : REASON_NONE;
  (void)sqlite3_finalize(st);
  return reason;
}

void own_begin(struct own_log *log, struct fixture_node *node) {
  memset(log, 0, sizeof *log);
  log->node = node;
  add_identity(log);
  add_cert(log, &node->node_key, &node->editor.pub, 1, ROLE_EDITOR);
}
