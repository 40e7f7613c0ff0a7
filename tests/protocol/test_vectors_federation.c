/*
 * vectors_federation: tests/vectors/{identity,address,holds,charter,epoch,message,frame,bundle,ask}.json, which
 * make_federation.py wrote from docs/protocol.md alone, against the code. Every row is accepted, or refused with the reason
 * that it names.
 */
#include <jansson.h>
#include <stdlib.h>

#include "protocol/ask.h"
#include "protocol/ballot.h"
#include "protocol/bundle.h"
#include "protocol/holds.h"
#include "protocol/session.h"
#include "tests/protocol/cast.h"

/* A key's text; "" when it is not there. */
static const char *text_of(const json_t *row, const char *key) {
  const char *text = json_string_value(json_object_get(row, key));
  return text == NULL ? "" : text;
}

/* A key's octets, owned by the caller; empty when it is not there. */
static struct bytes octets_of(const json_t *row, const char *key) {
  struct bytes b;
  const char *hex = text_of(row, key);
  size_t len = strlen(hex) / 2;
  bytes_init(&b, (size_t)LIMIT_BUNDLE_ITEM * 2);
  assert_int_equal(bytes_reserve(&b, len + 1, NULL), OK);
  assert_int_equal(hex_decode(view_of_text(hex), b.p, len, NULL), OK);
  b.len = len;
  return b;
}

static struct hash hash_at(const json_t *row, const char *key) {
  struct hash h = {.b = {0}};
  if (*text_of(row, key) != '\0') assert_int_equal(hash_from_hex(view_of_text(text_of(row, key)), &h, NULL), OK);
  return h;
}

static struct pubkey pubkey_at(const json_t *row) {
  struct hash h = hash_at(row, "public");
  struct pubkey k;
  memcpy(k.b, h.b, sizeof k.b);
  return k;
}

static struct nonce nonce_at(const json_t *row, const char *key) {
  struct nonce n;
  struct bytes b = octets_of(row, key);
  assert_int_equal(b.len, NONCE_LEN);
  memcpy(n.b, b.p, NONCE_LEN);
  bytes_release(&b);
  return n;
}

static void expect_id(const json_t *row, const struct hash *id) {
  struct hash named = hash_at(row, "id");
  if (json_object_get(row, "id") != NULL) assert_true(hash_equal(&named, id));
}

/* The reason that the code gives, in the vectors' words. */
static const char *word_of(enum err_code code) {
  if (code == OK) return "none";
  return code == ERR_NOT_FOUND ? "unknown" : err_name(code);
}

typedef const char *check_row(const json_t *row, struct view octets);

static void check_file(const char *name, check_row *check, size_t at_least) {
  char path[512];
  json_error_t error;
  size_t i = 0;
  json_t *row;
  (void)snprintf(path, sizeof path, "%s/tests/vectors/%s.json", SPECOLA_SOURCE_DIR, name);
  json_t *rows = json_load_file(path, 0, &error);
  if (rows == NULL) fail_msg("%s: %s", path, error.text);
  size_t n_failed = 0;
  size_t n_good = 0;
  json_array_foreach(rows, i, row) {
    struct bytes octets = octets_of(row, "hex");
    const char *found = check(row, bytes_view(&octets));
    bool agrees =
        strcmp(found, text_of(row, "reason")) == 0 && json_is_true(json_object_get(row, "ok")) == (strcmp(found, "none") == 0);
    if (!agrees) print_error("%s: %s: %s, not %s\n", name, text_of(row, "name"), found, text_of(row, "reason"));
    n_failed += !agrees;
    n_good += json_is_true(json_object_get(row, "ok"));
    bytes_release(&octets);
  }
  assert_int_equal(n_failed, 0);
  assert_true(n_good >= 2 && json_array_size(rows) - n_good >= 5 && json_array_size(rows) >= at_least);
  json_decref(rows);
}

/* ---- each kind ---- */

static const char *check_identity_body(const json_t *row, struct view octets) {
  struct identity id;
  enum err_code code = identity_decode(octets, &id, NULL);
  if (code != OK) return word_of(code);
  struct hash hash = identity_hash(octets);
  struct bytes again;
  expect_id(row, &hash);
  bytes_init(&again, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_release(&again);
  return "none";
}

static const char *check_identity(const json_t *row, struct view octets) {
  if (strcmp(text_of(row, "what"), "body") == 0) return check_identity_body(row, octets);
  struct identity_item item;
  struct identity id;
  struct hash fed_id = hash_at(row, "fed_id");
  struct hash node = hash_at(row, "id");
  struct bytes previous = octets_of(row, "previous");
  struct canon_reader r = canon_reader(octets);
  identity_item_read(&r, &item);
  enum err_code code = canon_finish(&r, "item", NULL);
  if (code == OK) code = identity_verify(&item, &fed_id, &node, bytes_view(&previous), &id, NULL);
  bytes_release(&previous);
  return word_of(code);
}

static const char *check_address(const json_t *row, struct view octets) {
  struct address address;
  struct hash fed_id = hash_at(row, "fed_id");
  struct pubkey key = pubkey_at(row);
  enum err_code code = address_open(octets, &fed_id, &key, &address, NULL);
  if (code == OK) expect_id(row, &address.node);
  return word_of(code);
}

static const char *check_holds(const json_t *row, struct view octets) {
  static struct holds holds;
  struct hash fed_id = hash_at(row, "fed_id");
  struct pubkey key = pubkey_at(row);
  enum err_code code = holds_open(octets, &fed_id, &key, &holds, NULL);
  if (code == OK) expect_id(row, &holds.holder);
  return word_of(code);
}

static const char *check_charter(const json_t *row, struct view octets) {
  struct charter c;
  struct bytes again;
  enum err_code code = charter_decode(octets, &c, NULL);
  if (code != OK) return word_of(code);
  expect_id(row, &c.fed_id);
  bool complete = charter_complete(&c, NULL) == OK;
  assert_int_equal(complete, json_is_true(json_object_get(row, "complete")));
  bytes_init(&again, LIMIT_BUNDLE_ITEM);
  assert_int_equal(charter_encode(&c, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_release(&again);
  charter_release(&c);
  return "none";
}

/* The digest of a frontier's rows, which must be that of its octets. */
static const char *check_frontier(const json_t *row, struct view octets) {
  struct frontier_row rows[16];
  struct hash epoch_hash;
  struct hash digest;
  struct canon_reader r = canon_reader(octets);
  canon_array_exact(&r, 2);
  canon_hash(&r, &epoch_hash);
  uint32_t n = canon_array(&r, 16);
  for (uint32_t i = 0; i < n; i++) {
    canon_array_exact(&r, 4);
    canon_hash(&r, &rows[i].node);
    rows[i].gen = canon_uint(&r);
    rows[i].size = canon_uint(&r);
    canon_hash(&r, &rows[i].root);
  }
  assert_int_equal(canon_finish(&r, "frontier", NULL), OK);
  enum err_code code = frontier_digest(&epoch_hash, rows, n, &digest, NULL);
  if (code == OK) expect_id(row, &digest);
  return word_of(code);
}

/* Identities by node and version, as a row of vectors lists them. */
/* Of one version the first that is listed is believed; skip leaves out as many of those that would do. */
static bool listed(const json_t *list, const struct hash *node, uint64_t version, uint32_t skip, struct identity *out) {
  bool found = false;
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *one = json_array_get(list, i);
    struct hash listed = hash_at(one, "node");
    struct bytes body = octets_of(one, "body");
    struct identity id;
    assert_int_equal(identity_decode(bytes_view(&body), &id, NULL), OK);
    bytes_release(&body);
    if (!hash_equal(&listed, node) || (version != 0 && id.version != version)) continue;
    if (skip > 0) {
      skip--;
    } else if (!found || id.version > out->version) {
      *out = id;
      found = true;
    }
  }
  return found;
}

static bool find_listed(void *context, const struct hash *node, uint64_t version, struct identity *out) {
  return listed(context, node, version, 0, out);
}

static bool find_twin(void *context, const struct hash *node, uint64_t version, uint32_t i, struct identity *out) {
  return listed(context, node, version, i + 1, out);
}

static void expect_same_item(struct view octets, const struct changes *changes) {
  struct epoch_item item;
  struct bytes again;
  bytes_init(&again, LIMIT_EPOCH_ITEM);
  assert_int_equal(epoch_item_decode(octets, &item, NULL), OK);
  assert_int_equal(epoch_item_write(&item, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_clear(&again);
  assert_int_equal(changes_encode(changes, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), item.changes));
  bytes_release(&again);
}

static const char *check_epoch_item(const json_t *row, struct view octets) {
  struct epoch before, next;
  struct changes changes;
  struct hash lacking;
  struct hash fed_id = hash_at(row, "fed_id");
  const struct identities identities = {.find = find_listed, .context = json_object_get(row, "identities"), .twin = find_twin};
  struct bytes body = octets_of(row, "before");
  assert_int_equal(epoch_decode(bytes_view(&body), &before, NULL), OK);
  enum err_code code = epoch_item_verify(octets, &fed_id, &before, &identities, &next, &changes, &lacking, NULL);
  if (code == OK) {
    expect_id(row, &next.hash);
    expect_same_item(octets, &changes);
    changes_release(&changes);
    epoch_release(&next);
  }
  epoch_release(&before);
  bytes_release(&body);
  return word_of(code);
}

static uint64_t arg_at(const json_t *row, size_t i) {
  return (uint64_t)json_integer_value(json_array_get(json_object_get(row, "args"), i));
}

static const char *check_proposal(const json_t *row, struct view octets) {
  const uint64_t args[2] = {arg_at(row, 0), arg_at(row, 1)};
  struct proposal_body p;
  struct bytes again;
  enum err_code code = proposal_decode(octets, args, &p, NULL);
  if (code != OK) return word_of(code);
  bytes_init(&again, LIMIT_BODY);
  assert_int_equal(proposal_encode(p.changes, p.blanks, p.n_blanks, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_release(&again);
  return "none";
}

static const char *check_vote(const json_t *row, struct view octets) {
  struct header h = {.n_args = 2, .args = {arg_at(row, 0), arg_at(row, 1)}, .author = pubkey_at(row)};
  struct hash fed_id = hash_at(row, "fed_id");
  struct vote_body vote;
  struct bytes again;
  h.has_subject = json_is_true(json_object_get(row, "subject"));
  enum err_code code = vote_decode(octets, &h, &fed_id, &vote, NULL);
  if (code != OK) return word_of(code);
  bytes_init(&again, LIMIT_BODY);
  if (octets.len > 0) assert_int_equal(vote_encode(&vote, !h.has_subject, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_release(&again);
  return "none";
}

static const char *check_epoch_body(const json_t *row, struct view octets) {
  struct epoch e;
  enum err_code code = epoch_decode(octets, &e, NULL);
  if (code != OK) return word_of(code);
  expect_id(row, &e.hash);
  epoch_release(&e);
  struct bytes item = octets_of(row, "charter");
  if (item.len > 0) { /* the epoch of this charter is these octets */
    struct charter c;
    struct bytes body;
    bytes_init(&body, LIMIT_CHARTER);
    assert_int_equal(charter_decode(bytes_view(&item), &c, NULL), OK);
    assert_int_equal(epoch_from_charter(&c, &e, &body, NULL), OK);
    assert_true(view_equal(bytes_view(&body), octets));
    epoch_release(&e);
    charter_release(&c);
    bytes_release(&body);
  }
  bytes_release(&item);
  return "none";
}

static const char *check_epoch(const json_t *row, struct view octets) {
  static const struct {
    const char *what;
    check_row *check;
  } ROWS[] = {{"body", check_epoch_body},
              {"frontier", check_frontier},
              {"item", check_epoch_item},
              {"proposal", check_proposal},
              {"vote", check_vote}};
  size_t i = 0;
  while (strcmp(ROWS[i].what, text_of(row, "what")) != 0)
    i++;
  return ROWS[i].check(row, octets);
}

static const char *check_message(const json_t *row, struct view octets) {
  static struct message m;
  struct bytes again;
  (void)row;
  enum err_code code = message_read(octets, &m, NULL);
  if (code != OK) return word_of(code);
  bytes_init(&again, LIMIT_FRAME);
  assert_int_equal(message_write(&m, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), octets));
  bytes_release(&again);
  return "none";
}

/* Counters are named "frame.signature", "hello.peer"; vectors say the second word. */
static const char *check_frame(const json_t *row, struct view octets) {
  static const char *const STATES[] = {"closed", "greeted", "answered", "open"};
  struct session_self self = {hash_at(row, "fed_id"), hash_at(row, "receiver"), NULL, 1, hash_at(row, "epoch_hash")};
  struct hash sender = hash_at(row, "sender");
  struct pubkey key = pubkey_at(row);
  bool dialler = strcmp(text_of(row, "to"), "dialler") == 0;
  struct nonce d = nonce_at(row, "dialler_nonce");
  struct nonce a = nonce_at(row, "acceptor_nonce");
  struct session s;
  struct view payload;
  const char *reason = NULL;
  session_init(&s, &self, dialler, &sender, &key, dialler ? d : a);
  while (strcmp(STATES[s.state], text_of(row, "state")) != 0)
    s.state++;
  if (s.state == SESSION_ANSWERED || s.state == SESSION_OPEN) s.theirs = dialler ? a : d;
  s.received = (uint64_t)json_integer_value(json_object_get(row, "counter"));
  const struct session before = s;
  enum session_verdict verdict = session_receive(&s, octets, d, &payload, &reason);
  const bool is_ident = strcmp(text_of(row, "what"), "ident") == 0;
  assert_int_equal(is_ident, verdict == SESSION_IDENT);
  if (is_ident) { /* whatever comes of it, the session stays as it is */
    assert_true(s.state == before.state && s.received == before.received && s.sent == before.sent);
  }
  assert_int_equal(reason == NULL,
                   is_ident || verdict == SESSION_MESSAGE || verdict == SESSION_OPENED || verdict == SESSION_ANSWER);
  return reason == NULL ? "none" : strchr(reason, '.') + 1;
}

/* Items that go over HTTP alone: 10 (bodies) and 11 (holds). */
static const char *check_piece(const json_t *row, struct view octets) {
  struct bundle_window bodies;
  struct canon_reader r = canon_reader(octets);
  canon_array_exact(&r, 2);
  const uint64_t type = canon_uint(&r);
  const struct view payload = canon_skip(&r);
  if (canon_finish(&r, "item", NULL) != OK) return "format";
  if (type == BUNDLE_HOLDS) return check_holds(row, payload);
  if (type != BUNDLE_BODIES || bundle_bodies_read(payload, &bodies, NULL) != OK) return "format";
  assert_int_equal(bodies.count, json_integer_value(json_object_get(row, "count")));
  return "none";
}

static const char *check_bundle(const json_t *row, struct view octets) {
  struct bundle_window window;
  if (strcmp(text_of(row, "what"), "piece") == 0) return check_piece(row, octets);
  if (strcmp(text_of(row, "what"), "window") == 0) return word_of(bundle_window_read(octets, &window, NULL));
  return word_of(bundle_scan(bundle_source_view, &octets, NULL));
}

static void identities_are_as_the_page_says(void **state) {
  (void)state;
  check_file("identity", check_identity, 60);
}
static void addresses_are_as_the_page_says(void **state) {
  (void)state;
  check_file("address", check_address, 20);
}
static void holdings_are_as_the_page_says(void **state) {
  (void)state;
  check_file("holds", check_holds, 20);
}
static void charters_are_as_the_page_says(void **state) {
  (void)state;
  check_file("charter", check_charter, 40);
}
static void epochs_and_frontiers_are_as_the_page_says(void **state) {
  (void)state;
  check_file("epoch", check_epoch, 100);
}
static void messages_are_as_the_page_says(void **state) {
  (void)state;
  check_file("message", check_message, 90);
}
static void frames_are_as_the_page_says(void **state) {
  (void)state;
  check_file("frame", check_frame, 64);
}
static void bundles_are_as_the_page_says(void **state) {
  (void)state;
  check_file("bundle", check_bundle, 65);
}

static const char *check_ask(const json_t *row, struct view octets) {
  struct ask ask;
  const enum err_code code = ask_read(octets, &ask, NULL);
  if (code != OK) return word_of(code);
  const enum reason reason = ask_verify(&ask);
  if (reason != REASON_NONE) return reason_name(reason);
  const struct hash fed_id = hash_at(row, "fed_id"), token = hash_at(row, "token"), kept = token_hash(&ask.token);
  assert_true(hash_equal(&fed_id, &ask.fed_id) && hash_equal(&token, &kept));
  expect_id(row, &ask.id);
  return "none";
}

static void asks_are_as_the_page_says(void **state) {
  (void)state;
  check_file("ask", check_ask, 33);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(identities_are_as_the_page_says),
      cmocka_unit_test(addresses_are_as_the_page_says),
      cmocka_unit_test(holdings_are_as_the_page_says),
      cmocka_unit_test(charters_are_as_the_page_says),
      cmocka_unit_test(epochs_and_frontiers_are_as_the_page_says),
      cmocka_unit_test(messages_are_as_the_page_says),
      cmocka_unit_test(frames_are_as_the_page_says),
      cmocka_unit_test(bundles_are_as_the_page_says),
      cmocka_unit_test(asks_are_as_the_page_says),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
