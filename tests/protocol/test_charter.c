/*
 * charter: founding, signing, merging (docs/protocol.md 6.3).
 */
#include "tests/protocol/five.h"

static void encode(const struct charter *c, struct bytes *out) {
  bytes_init(out, LIMIT_BUNDLE_ITEM);
  assert_int_equal(charter_encode(c, out, NULL), OK);
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
  (void)snprintf(b.handle, sizeof b.handle, "IT36");
  expect_founding(a, b, ERR_REFUSED); /* a handle of another region */
  (void)snprintf(b.handle, sizeof b.handle, "IT34");
  expect_founding(a, b, OK);
  (void)snprintf(b.region, sizeof b.region, "FR-34");
  expect_founding(a, b, ERR_REFUSED); /* a region of another country */
  b.region[0] = '\0';
  (void)snprintf(b.country, sizeof b.country, "EE");
  (void)snprintf(b.handle, sizeof b.handle, "EE");
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

int main(void) {
  const struct CMUnitTest tests[] = {
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
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
