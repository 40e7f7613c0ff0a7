/*
 * membership: charters, founding requests, epochs, the frontier (docs/protocol.md 6.3, 6.4, 8.4).
 */
#include "tests/protocol/cast.h"

#define N_ACTORS 5

static const char *const HANDLES[N_ACTORS] = {"IT", "EE", "FR", "PT", "MT"};

/* Five nodes: one root key, two of three, one of two, … */
static void cast_init(struct actor actors[N_ACTORS]) {
  static const uint32_t ROOTS[N_ACTORS] = {1, 3, 2, 2, 3};
  static const uint32_t THRESHOLDS[N_ACTORS] = {1, 2, 1, 2, 3};
  for (uint8_t i = 0; i < N_ACTORS; i++)
    actor_init(&actors[i], (uint8_t)(i + 1), ROOTS[i], THRESHOLDS[i], HANDLES[i]);
}

static void cast_release(struct actor actors[N_ACTORS]) {
  for (size_t i = 0; i < N_ACTORS; i++)
    actor_release(&actors[i]);
}

static void found(const struct actor *actors, uint32_t n, struct charter *c) {
  struct founder founders[N_ACTORS];
  for (uint32_t i = 0; i < n; i++)
    founders[i] = actors[i].founder;
  assert_int_equal(charter_new("Prova", "it", founders, n, c, NULL), OK);
}

static void sign_by(struct charter *c, const struct actor *a, uint32_t n_roots) {
  uint32_t n_added = 0;
  assert_int_equal(charter_sign(c, a->roots, n_roots, &n_added, NULL), OK);
  assert_int_equal(n_added, n_roots);
}

static void encode(const struct charter *c, struct bytes *out) {
  bytes_init(out, LIMIT_BUNDLE_ITEM);
  assert_int_equal(charter_encode(c, out, NULL), OK);
}

static void handles_are_two_letters_and_up_to_three_more(void **state) {
  (void)state;
  static const char *const GOOD[] = {"IT", "IT34", "ITABC", "XX999"};
  static const char *const BAD[] = {"", "I", "it", "I1", "1T", "IT-34", "ITABCD", "IT a", "It", "IT\n"};
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
    assert_true(handle_is_valid(GOOD[i]));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
    assert_false(handle_is_valid(BAD[i]));
}

static void a_charter_of_one_to_five_founders_is_complete_when_all_have_signed(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  cast_init(actors);
  for (uint32_t n = 1; n <= N_ACTORS; n++) {
    struct charter c;
    struct charter read;
    struct bytes item;
    struct err err = ERR_INIT;
    found(actors, n, &c);
    assert_int_equal(c.n_founders, n);
    for (uint32_t i = 0; i < n; i++) {
      assert_int_equal(charter_complete(&c, &err), ERR_INCOMPLETE);
      assert_non_null(strstr(err.message, actors[i].founder.handle));
      sign_by(&c, &actors[i], actors[i].founder.identity.threshold);
    }
    assert_int_equal(charter_complete(&c, &err), OK);
    encode(&c, &item);
    assert_int_equal(charter_decode(bytes_view(&item), &read, &err), OK);
    assert_int_equal(charter_complete(&read, &err), OK);
    assert_true(hash_equal(&read.fed_id, &c.fed_id));
    charter_release(&c);
    charter_release(&read);
    bytes_release(&item);
  }
  cast_release(actors);
}

static void the_missing_signatures_are_named_with_their_numbers(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  struct err err = ERR_INIT;
  cast_init(actors);
  found(actors, N_ACTORS, &c);
  sign_by(&c, &actors[0], 1);
  sign_by(&c, &actors[1], 1);
  sign_by(&c, &actors[2], 1);
  sign_by(&c, &actors[4], 3);
  assert_int_equal(charter_complete(&c, &err), ERR_INCOMPLETE);
  assert_non_null(strstr(err.message, "EE (1 of 2)"));
  assert_non_null(strstr(err.message, "PT (0 of 2)"));
  assert_null(strstr(err.message, "IT"));
  assert_null(strstr(err.message, "FR"));
  assert_null(strstr(err.message, "MT"));
  assert_true(err.hint[0] != '\0');
  charter_release(&c);
  cast_release(actors);
}

static void signing_again_adds_nothing_and_strangers_are_told(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  uint32_t n_added = 9;
  cast_init(actors);
  found(actors, 3, &c);
  sign_by(&c, &actors[1], 2);
  assert_int_equal(charter_sign(&c, actors[1].roots, 3, &n_added, NULL), OK);
  assert_int_equal(n_added, 1);
  assert_int_equal(charter_sign(&c, actors[4].roots, 3, &n_added, NULL), ERR_NOT_FOUND);
  assert_int_equal(n_added, 0);
  assert_int_equal(c.n_signatures, 3);
  charter_release(&c);
  cast_release(actors);
}

static void copies_merge_to_the_same_octets_in_every_order(void **state) {
  (void)state;
  static const int ORDERS[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  struct actor actors[N_ACTORS];
  struct charter copies[3];
  struct charter all;
  struct bytes expected;
  cast_init(actors);
  found(actors, 3, &all);
  for (size_t i = 0; i < 3; i++) {
    found(actors, 3, &copies[i]);
    sign_by(&copies[i], &actors[i], actors[i].founder.identity.n_roots);
    sign_by(&all, &actors[i], actors[i].founder.identity.n_roots);
  }
  sign_by(&copies[0], &actors[1], 2); /* two copies carry the same signatures */
  encode(&all, &expected);
  for (size_t o = 0; o < 6; o++) {
    struct charter merged;
    struct bytes got;
    found(actors, 3, &merged);
    for (size_t i = 0; i < 3; i++)
      assert_int_equal(charter_merge(&merged, &copies[ORDERS[o][i]], NULL), OK);
    encode(&merged, &got);
    assert_true(view_equal(bytes_view(&got), bytes_view(&expected)));
    bytes_release(&got);
    charter_release(&merged);
  }
  struct charter other;
  found(actors, 2, &other);
  assert_int_equal(charter_merge(&other, &all, NULL), ERR_MISMATCH);
  charter_release(&other);
  charter_release(&all);
  for (size_t i = 0; i < 3; i++)
    charter_release(&copies[i]);
  bytes_release(&expected);
  cast_release(actors);
}

static void two_pairs_for_one_key_merge_to_the_smaller_in_both_orders(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter a;
  struct charter b;
  struct charter c;
  cast_init(actors);
  found(actors, 1, &a);
  sign_by(&a, &actors[0], 1);
  found(actors, 1, &b);
  sign_by(&b, &actors[0], 1);
  found(actors, 1, &c);
  b.signatures[0].identity.b[0] ^= 1; /* stands for another signature by the same key */
  assert_int_equal(charter_merge(&c, &a, NULL), OK);
  assert_int_equal(charter_merge(&c, &b, NULL), OK);
  assert_int_equal(charter_merge(&b, &a, NULL), OK);
  assert_int_equal(c.n_signatures, 1);
  assert_memory_equal(b.signatures[0].identity.b, c.signatures[0].identity.b, SIGNATURE_LEN);
  charter_release(&a);
  charter_release(&b);
  charter_release(&c);
  cast_release(actors);
}

static void the_order_in_which_founders_are_given_does_not_matter(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter a;
  struct charter b;
  cast_init(actors);
  struct founder forth[3] = {actors[0].founder, actors[1].founder, actors[2].founder};
  struct founder back[3] = {actors[2].founder, actors[1].founder, actors[0].founder};
  assert_int_equal(charter_new("Prova", "it", forth, 3, &a, NULL), OK);
  assert_int_equal(charter_new("Prova", "it", back, 3, &b, NULL), OK);
  assert_true(hash_equal(&a.fed_id, &b.fed_id));
  charter_release(&a);
  assert_int_equal(charter_new("Prova", "en", back, 3, &a, NULL), OK);
  assert_false(hash_equal(&a.fed_id, &b.fed_id));
  charter_release(&a);
  charter_release(&b);
  cast_release(actors);
}

/* Founds with founder b changed, and expects the code. */
static void expect_founding(struct founder a, struct founder b, enum err_code code) {
  struct charter c;
  struct err err = ERR_INIT;
  struct founder founders[2] = {a, b};
  assert_int_equal(charter_new("Prova", "it", founders, 2, &c, &err), code);
  if (code == OK) charter_release(&c);
}

static void doubles_are_refused_and_leads_follow_their_rules(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct actor twin;
  cast_init(actors);
  struct founder a = actors[0].founder;
  struct founder b = actors[1].founder;
  expect_founding(a, b, OK);
  expect_founding(a, a, ERR_REFUSED);
  (void)snprintf(b.handle, sizeof b.handle, "IT");
  expect_founding(a, b, ERR_REFUSED); /* a handle twice */
  (void)snprintf(b.handle, sizeof b.handle, "IT34");
  (void)snprintf(b.country, sizeof b.country, "IT");
  (void)snprintf(b.region, sizeof b.region, "IT-34");
  (void)snprintf(b.lead, sizeof b.lead, "IT");
  expect_founding(a, b, OK); /* an associate */
  (void)snprintf(b.lead, sizeof b.lead, "EE");
  expect_founding(a, b, ERR_REFUSED); /* its lead is no founder */
  (void)snprintf(b.lead, sizeof b.lead, "IT34");
  expect_founding(a, b, ERR_REFUSED); /* its own lead */
  (void)snprintf(b.lead, sizeof b.lead, "IT");
  (void)snprintf(a.lead, sizeof a.lead, "IT34");
  expect_founding(a, b, ERR_REFUSED); /* leads in a ring */
  a.lead[0] = '\0';
  (void)snprintf(b.region, sizeof b.region, "FR-34");
  expect_founding(a, b, ERR_REFUSED); /* a region of another country */
  b.region[0] = '\0';
  (void)snprintf(b.country, sizeof b.country, "EE");
  expect_founding(a, b, ERR_REFUSED); /* a lead of another country */

  /* Another identity with a key of the first: the node key, the transport key, the next transport key. */
  for (int what = 0; what < 3; what++) {
    actor_init(&twin, 77, 1, 1, "FR");
    struct identity id = twin.founder.identity;
    if (what == 0) id.node_key = a.identity.node_key;
    if (what == 1) memcpy(id.curve, a.identity.curve, 32);
    if (what == 2) memcpy(id.curve_next, a.identity.curve, 32);
    id.has_curve_next = what == 2;
    bytes_clear(&twin.body);
    assert_int_equal(identity_encode(&id, &twin.body, NULL), OK);
    twin.founder.identity_body = bytes_view(&twin.body);
    expect_founding(actors[0].founder, twin.founder, ERR_REFUSED);
    actor_release(&twin);
  }
  cast_release(actors);
}

static void a_founding_has_founders_and_a_name_of_at_most_200_characters(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  char name[2 * 201 + 1];
  cast_init(actors);
  assert_int_equal(charter_new("Prova", "it", NULL, 0, &c, NULL), ERR_REFUSED);
  for (size_t i = 0; i < 201; i++)
    memcpy(name + 2 * i, "\xc3\xa9", 2);
  name[402] = '\0';
  assert_int_equal(charter_new(name, "it", &actors[0].founder, 1, &c, NULL), ERR_LIMIT);
  name[400] = '\0';
  assert_int_equal(charter_new(name, "it", &actors[0].founder, 1, &c, NULL), OK);
  assert_int_equal(charter_name(&c, "fr").len, 400); /* the only one there is */
  charter_release(&c);
  assert_int_equal(charter_new("", "it", &actors[0].founder, 1, &c, NULL), ERR_FORMAT);
  assert_int_equal(charter_new("Prova", "", &actors[0].founder, 1, &c, NULL), ERR_FORMAT);
  cast_release(actors);
}

static void no_octet_of_a_signed_charter_can_change(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  struct charter out;
  struct bytes item;
  cast_init(actors);
  found(actors, 1, &c);
  sign_by(&c, &actors[0], 1);
  encode(&c, &item);
  for (size_t i = 0; i < item.len; i++) {
    for (unsigned bit = 0; bit < 8; bit += 3) {
      item.p[i] ^= (uint8_t)(1u << bit);
      assert_int_not_equal(charter_decode(bytes_view(&item), &out, NULL), OK);
      item.p[i] ^= (uint8_t)(1u << bit);
    }
  }
  for (size_t n = 0; n < item.len; n++)
    assert_int_equal(charter_decode(view_of(item.p, n), &out, NULL), ERR_FORMAT);
  assert_int_equal(bytes_append_u8(&item, 0xc0, NULL), OK);
  assert_int_equal(charter_decode(bytes_view(&item), &out, NULL), ERR_FORMAT);
  charter_release(&c);
  bytes_release(&item);
  cast_release(actors);
}

static void signatures_by_nobody_or_out_of_order_are_refused(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  struct charter out;
  struct bytes item;
  cast_init(actors);
  found(actors, 2, &c);
  sign_by(&c, &actors[0], 1);
  sign_by(&c, &actors[1], 2);
  struct charter_signature last = c.signatures[2];
  for (int what = 0; what < 4; what++) {
    if (what == 0) c.signatures[2].founder = 2;
    if (what == 1) c.signatures[2].root = 3;
    if (what == 2) c.signatures[2] = c.signatures[1];
    if (what == 3) c.signatures[2].identity = c.signatures[2].charter;
    encode(&c, &item);
    assert_int_equal(charter_decode(bytes_view(&item), &out, NULL), what == 3 ? ERR_SIGNATURE : ERR_FORMAT);
    bytes_release(&item);
    c.signatures[2] = last;
  }
  charter_release(&c);
  cast_release(actors);
}

static void the_identities_of_a_charter_are_valid_in_its_federation(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  cast_init(actors);
  found(actors, N_ACTORS, &c);
  for (size_t i = 0; i < N_ACTORS; i++)
    sign_by(&c, &actors[i], actors[i].founder.identity.threshold);
  for (uint32_t i = 0; i < c.n_founders; i++) {
    struct identity_item item;
    struct identity id;
    charter_identity_item(&c, i, &item);
    assert_int_equal(identity_verify(&item, &c.fed_id, &c.founders[i].node, view_of(NULL, 0), &id, NULL), OK);
  }
  charter_release(&c);
  cast_release(actors);
}

/* ---- founding requests ---- */

static void a_founding_request_reads_back_with_its_address(void **state) {
  (void)state;
  struct actor a;
  struct actor b;
  struct bytes payload;
  struct bytes address;
  struct founder out;
  struct view name;
  struct view item;
  actor_init(&a, 1, 2, 1, "IT");
  actor_init(&b, 2, 2, 1, "EE");
  bytes_init(&payload, LIMIT_CHARTER);
  bytes_init(&address, LIMIT_CHARTER);
  struct address where = {.node = a.founder.node, .seq = 1, .n_endpoints = 1, .endpoints = {"tcp://192.0.2.1:7070"}};
  assert_int_equal(address_seal(&where, NULL, &a.node_key, &address, NULL), OK);
  (void)snprintf(a.founder.region, sizeof a.founder.region, "IT-34");
  (void)snprintf(a.founder.lead, sizeof a.founder.lead, "ITX");
  assert_int_equal(founding_request_encode(&a.founder, "Regione", bytes_view(&address), &payload, NULL), OK);
  assert_int_equal(founding_request_decode(bytes_view(&payload), &out, &name, &item, NULL), OK);
  assert_true(hash_equal(&out.node, &a.founder.node));
  assert_true(view_is_text(name, "Regione"));
  assert_true(view_equal(item, bytes_view(&address)));
  assert_string_equal(out.region, "IT-34");
  assert_string_equal(out.lead, "ITX");
  for (size_t n = 0; n < payload.len; n++)
    assert_int_equal(founding_request_decode(view_of(payload.p, n), &out, &name, &item, NULL), ERR_FORMAT);
  bytes_clear(&payload);
  assert_int_equal(founding_request_encode(&a.founder, "Regione", view_of(NULL, 0), &payload, NULL), OK);
  assert_int_equal(founding_request_decode(bytes_view(&payload), &out, &name, &item, NULL), OK);
  assert_int_equal(item.len, 0);
  bytes_clear(&payload); /* an address under another key, and another node's */
  assert_int_equal(founding_request_encode(&b.founder, "Riik", bytes_view(&address), &payload, NULL), OK);
  assert_int_equal(founding_request_decode(bytes_view(&payload), &out, &name, &item, NULL), ERR_SIGNATURE);
  bytes_clear(&payload);
  bytes_clear(&address);
  assert_int_equal(address_seal(&where, NULL, &b.node_key, &address, NULL), OK);
  assert_int_equal(founding_request_encode(&b.founder, "Riik", bytes_view(&address), &payload, NULL), OK);
  assert_int_equal(founding_request_decode(bytes_view(&payload), &out, &name, &item, NULL), ERR_MISMATCH);
  assert_int_equal(founding_request_encode(&b.founder, "", view_of(NULL, 0), &payload, NULL), ERR_FORMAT);
  (void)snprintf(b.founder.handle, sizeof b.founder.handle, "ee");
  assert_int_equal(founding_request_encode(&b.founder, "Riik", view_of(NULL, 0), &payload, NULL), ERR_FORMAT);
  bytes_release(&payload);
  bytes_release(&address);
  actor_release(&a);
  actor_release(&b);
}

/* ---- epochs ---- */

static void the_first_epoch_follows_from_a_complete_charter(void **state) {
  (void)state;
  struct actor actors[N_ACTORS];
  struct charter c;
  struct epoch e;
  struct epoch again;
  struct bytes body;
  cast_init(actors);
  (void)snprintf(actors[1].founder.handle, HANDLE_MAX, "IT34");
  (void)snprintf(actors[1].founder.country, 3, "IT");
  (void)snprintf(actors[1].founder.region, 8, "IT-34");
  (void)snprintf(actors[1].founder.lead, HANDLE_MAX, "IT");
  found(actors, N_ACTORS, &c);
  bytes_init(&body, LIMIT_CHARTER);
  assert_int_equal(epoch_from_charter(&c, &e, &body, NULL), ERR_INCOMPLETE);
  for (size_t i = 0; i < N_ACTORS; i++)
    sign_by(&c, &actors[i], actors[i].founder.identity.threshold);
  assert_int_equal(epoch_from_charter(&c, &e, &body, NULL), OK);
  assert_int_equal(e.number, 1);
  assert_int_equal(e.n_members, N_ACTORS);
  assert_int_equal(e.n_leads, N_ACTORS - 1);
  for (uint32_t i = 0; i < e.n_members; i++) {
    assert_int_equal(e.members[i].roll, i);
    assert_true(hash_equal(&e.members[i].node, &c.founders[i].node));
    assert_ptr_equal(epoch_by_node(&e, &c.founders[i].node), &e.members[i]);
    assert_ptr_equal(epoch_by_handle(&e, c.founders[i].handle), &e.members[i]);
    assert_ptr_equal(epoch_by_roll(&e, i), &e.members[i]);
  }
  struct hash nobody = cast_hash(0);
  assert_null(epoch_by_node(&e, &nobody));
  assert_null(epoch_by_handle(&e, "XX"));
  assert_null(epoch_by_roll(&e, N_ACTORS));
  const struct member *associate = epoch_by_handle(&e, "IT34");
  assert_true(associate->has_lead);
  assert_int_equal(associate->lead_roll, epoch_by_handle(&e, "IT")->roll);
  assert_int_equal(epoch_decode(bytes_view(&body), &again, NULL), OK);
  assert_true(hash_equal(&e.hash, &again.hash));
  epoch_release(&again);
  for (size_t n = 0; n < body.len; n++)
    assert_int_equal(epoch_decode(view_of(body.p, n), &again, NULL), ERR_FORMAT);
  struct bytes item;
  bytes_init(&item, LIMIT_CHARTER);
  assert_int_equal(epoch_item_encode(bytes_view(&body), &item, NULL), OK);
  struct canon_reader r = canon_reader(bytes_view(&item));
  assert_true(view_equal(epoch_item_read(&r), bytes_view(&body)));
  assert_int_equal(canon_finish(&r, "item", NULL), OK);
  bytes_release(&item);
  bytes_release(&body);
  epoch_release(&e);
  charter_release(&c);
  cast_release(actors);
}

/* A row of an epoch to be written wrongly. */
struct row {
  uint64_t roll;
  uint8_t node;
  const char *handle, *country;
  int lead; /* -1: nil */
};

static enum err_code decode_rows(uint64_t number, bool has_previous, const struct row *rows, uint32_t n) {
  struct bytes b;
  struct epoch e;
  struct hash h = cast_hash(3);
  bytes_init(&b, LIMIT_CHARTER);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 4);
  canon_put_uint(&w, number);
  canon_put_opt_hash(&w, has_previous ? &h : NULL);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++) {
    struct hash node = cast_hash(rows[i].node);
    canon_put_array(&w, 6);
    canon_put_uint(&w, rows[i].roll);
    canon_put_hash(&w, &node);
    canon_put_text(&w, rows[i].handle);
    canon_put_text(&w, rows[i].country);
    canon_put_nil(&w);
    if (rows[i].lead < 0) {
      canon_put_nil(&w);
    } else {
      canon_put_uint(&w, (uint64_t)rows[i].lead);
    }
  }
  canon_put_array(&w, 1);
  canon_put_hash(&w, &h);
  assert_int_equal(canon_written(&w, "epoch", NULL), OK);
  enum err_code code = epoch_decode(bytes_view(&b), &e, NULL);
  if (code == OK) epoch_release(&e);
  bytes_release(&b);
  return code;
}

static void each_rule_between_members_is_kept(void **state) {
  (void)state;
  const struct row good[2] = {{0, 1, "IT", "IT", -1}, {1, 2, "IT1", "IT", 0}};
  struct row rows[2];
  assert_int_equal(decode_rows(1, false, good, 2), OK);
  assert_int_equal(decode_rows(2, true, good, 2), OK);
  assert_int_equal(decode_rows(0, false, good, 2), ERR_FORMAT);
  assert_int_equal(decode_rows(1, true, good, 2), ERR_FORMAT);
  assert_int_equal(decode_rows(2, false, good, 2), ERR_FORMAT);
  assert_int_equal(decode_rows(1, false, good, 0), ERR_FORMAT);
  for (int what = 0; what < 9; what++) {
    memcpy(rows, good, sizeof rows);
    if (what == 0) rows[1].roll = 0;
    if (what == 1) rows[1].node = 1;
    if (what == 2) rows[1].node = 0;
    if (what == 3) rows[1].handle = "IT";
    if (what == 4) rows[1].lead = 7;
    if (what == 5) rows[1].lead = 1;
    if (what == 6) rows[0].country = "EE";
    if (what == 7) rows[1].handle = "it";
    if (what == 8) rows[0].lead = 1;
    assert_int_equal(decode_rows(2, true, rows, 2), ERR_FORMAT);
  }
  memcpy(rows, good, sizeof rows);
  rows[1].roll = 5;
  assert_int_equal(decode_rows(2, true, rows, 2), OK);
  assert_int_equal(decode_rows(1, false, rows, 2), ERR_FORMAT);
}

static void the_frontier_digest_depends_on_every_field_and_on_order(void **state) {
  (void)state;
  const struct frontier_row good[3] = {{cast_hash(1), 1, 70, cast_hash(4)},
                                       {cast_hash(1), 2, 9, cast_hash(5)},
                                       {cast_hash(2), 1, 3, cast_hash(6)}};
  struct hash epoch = cast_hash(8);
  struct hash other = cast_hash(9);
  struct hash digest;
  struct hash again;
  assert_int_equal(frontier_digest(&epoch, good, 3, &digest, NULL), OK);
  assert_int_equal(frontier_digest(&epoch, good, 3, &again, NULL), OK);
  assert_true(hash_equal(&digest, &again));
  assert_int_equal(frontier_digest(&other, good, 3, &again, NULL), OK);
  assert_false(hash_equal(&digest, &again));
  for (int what = 0; what < 4; what++) {
    struct frontier_row rows[3];
    memcpy(rows, good, sizeof rows);
    if (what == 0) rows[2].node.b[31] ^= 1;
    if (what == 1) rows[2].gen++;
    if (what == 2) rows[2].size++;
    if (what == 3) rows[2].root.b[0] ^= 1;
    assert_int_equal(frontier_digest(&epoch, rows, 3, &again, NULL), OK);
    assert_false(hash_equal(&digest, &again));
  }
  const struct frontier_row swapped[2] = {good[1], good[0]};
  const struct frontier_row twice[2] = {good[1], good[1]};
  assert_int_equal(frontier_digest(&epoch, swapped, 2, &again, NULL), ERR_FORMAT);
  assert_int_equal(frontier_digest(&epoch, twice, 2, &again, NULL), ERR_FORMAT);
  assert_int_equal(frontier_digest(&epoch, NULL, 0, &again, NULL), OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(handles_are_two_letters_and_up_to_three_more),
      cmocka_unit_test(a_charter_of_one_to_five_founders_is_complete_when_all_have_signed),
      cmocka_unit_test(the_missing_signatures_are_named_with_their_numbers),
      cmocka_unit_test(signing_again_adds_nothing_and_strangers_are_told),
      cmocka_unit_test(copies_merge_to_the_same_octets_in_every_order),
      cmocka_unit_test(two_pairs_for_one_key_merge_to_the_smaller_in_both_orders),
      cmocka_unit_test(the_order_in_which_founders_are_given_does_not_matter),
      cmocka_unit_test(doubles_are_refused_and_leads_follow_their_rules),
      cmocka_unit_test(a_founding_has_founders_and_a_name_of_at_most_200_characters),
      cmocka_unit_test(no_octet_of_a_signed_charter_can_change),
      cmocka_unit_test(signatures_by_nobody_or_out_of_order_are_refused),
      cmocka_unit_test(the_identities_of_a_charter_are_valid_in_its_federation),
      cmocka_unit_test(a_founding_request_reads_back_with_its_address),
      cmocka_unit_test(the_first_epoch_follows_from_a_complete_charter),
      cmocka_unit_test(each_rule_between_members_is_kept),
      cmocka_unit_test(the_frontier_digest_depends_on_every_field_and_on_order),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
