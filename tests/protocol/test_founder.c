/*
 * founder: handles and founding requests (docs/protocol.md section 3, section 10 item 8).
 */
#include "tests/protocol/cast.h"

static void handles_are_two_letters_and_up_to_three_more(void **state) {
  (void)state;
  static const char *const GOOD[] = {"IT", "IT34", "ITABC", "XX999"};
  static const char *const BAD[] = {"", "I", "it", "I1", "1T", "IT-34", "ITABCD", "IT a", "It", "IT\n"};
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
    assert_true(handle_is_valid(GOOD[i]));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
    assert_false(handle_is_valid(BAD[i]));
}

static void a_founder_is_called_after_its_country_or_its_region(void **state) {
  (void)state;
  static const struct {
    const char *handle, *country, *region;
    enum err_code code;
  } CASES[] = {{"IT", "IT", "", OK},
               {"IT34", "IT", "IT-34", OK},
               {"IT", "IT", "IT-34", OK},
               {"ITABC", "IT", "IT-ABC", OK},
               {"IT34", "IT", "", ERR_FORMAT},
               {"IT3", "IT", "IT-34", ERR_FORMAT},
               {"IT345", "IT", "IT-34", ERR_FORMAT},
               {"IT36", "IT", "IT-34", ERR_FORMAT},
               {"EE", "IT", "", ERR_FORMAT},
               {"EE34", "IT", "IT-34", ERR_FORMAT}};
  struct actor a;
  struct bytes payload;
  struct founder out;
  struct view name;
  struct view item;
  struct charter c;
  actor_init(&a, 1, 2, 1, "IT");
  bytes_init(&payload, LIMIT_CHARTER);
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    struct founder f = a.founder;
    (void)snprintf(f.handle, sizeof f.handle, "%s", CASES[i].handle);
    (void)snprintf(f.country, sizeof f.country, "%s", CASES[i].country);
    (void)snprintf(f.region, sizeof f.region, "%s", CASES[i].region);
    bytes_clear(&payload);
    assert_int_equal(founding_request_encode(&f, "Prova", view_of(NULL, 0), &payload, NULL), CASES[i].code);
    assert_int_equal(charter_new("Prova", "it", &f, 1, &c, NULL), CASES[i].code == OK ? OK : ERR_REFUSED);
    if (CASES[i].code != OK) continue;
    charter_release(&c);
    assert_int_equal(founding_request_decode(bytes_view(&payload), &out, &name, &item, NULL), OK);
    assert_string_equal(out.handle, CASES[i].handle);
  }
  bytes_release(&payload);
  actor_release(&a);
}

static void a_request_to_a_federation_that_exists_carries_root_signatures(void **state) {
  (void)state;
  const struct hash fed = cast_hash(9);
  struct actor a, b;
  struct bytes plain, once, twice;
  struct identity_item item;
  struct identity identity;
  struct founder out;
  struct view name, address;
  uint32_t n_added = 0;
  actor_init(&a, 1, 3, 2, "IT");
  actor_init(&b, 2, 1, 1, "EE");
  bytes_init(&plain, LIMIT_CHARTER);
  bytes_init(&once, LIMIT_CHARTER);
  bytes_init(&twice, LIMIT_CHARTER);
  assert_int_equal(founding_request_encode(&a.founder, "Prova", view_of(NULL, 0), &plain, NULL), OK);
  assert_int_equal(founding_request_item(bytes_view(&plain), &item, NULL), OK);
  assert_int_equal(item.n, 0);
  assert_int_equal(founding_request_sign(bytes_view(&plain), &fed, b.roots, 1, &once, &n_added, NULL), ERR_NOT_FOUND);
  assert_int_equal(founding_request_sign(bytes_view(&plain), &fed, &a.roots[2], 1, &once, &n_added, NULL), OK);
  assert_int_equal(n_added, 1);
  assert_int_equal(founding_request_item(bytes_view(&once), &item, NULL), OK);
  assert_true(item.n == 1 && item.signatures[0].index == 2);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, view_of(NULL, 0), &identity, NULL), ERR_SIGNATURE);
  assert_int_equal(founding_request_sign(bytes_view(&once), &fed, a.roots, 3, &twice, &n_added, NULL), OK);
  assert_int_equal(n_added, 2);
  assert_int_equal(founding_request_item(bytes_view(&twice), &item, NULL), OK);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, view_of(NULL, 0), &identity, NULL), OK);
  assert_int_equal(founding_request_decode(bytes_view(&twice), &out, &name, &address, NULL), OK);
  assert_true(hash_equal(&out.node, &a.founder.node) && view_is_text(name, "Prova") && address.len == 0);
  for (size_t n = 0; n < twice.len; n++)
    assert_int_equal(founding_request_decode(view_of(twice.p, n), &out, &name, &address, NULL), ERR_FORMAT);
  bytes_release(&plain);
  bytes_release(&once);
  bytes_release(&twice);
  actor_release(&a);
  actor_release(&b);
}

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

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(handles_are_two_letters_and_up_to_three_more),
      cmocka_unit_test(a_founder_is_called_after_its_country_or_its_region),
      cmocka_unit_test(a_request_to_a_federation_that_exists_carries_root_signatures),
      cmocka_unit_test(a_founding_request_reads_back_with_its_address),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
