/*
 * identity: bodies, items, the rule of succession, addresses (docs/protocol.md 6.1, 6.2).
 */
#include "tests/protocol/cast.h"

static const uint8_t ORDER_2[PUBKEY_LEN] = {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};

static struct identity full_identity(const struct actor *a) {
  struct identity id = a->founder.identity;
  id.version = 2;
  id.has_prev = true;
  id.prev = a->founder.node;
  id.has_curve_next = true;
  memset(id.curve_next, 0x77, sizeof id.curve_next);
  id.gen = 2;
  id.has_cut = true;
  id.cut_size = 70000;
  id.cut_root = cast_hash(9);
  return id;
}

/* An item of id, signed by the first n roots of a, and the first n_prev roots of before (NULL: none). */
static void make_item(const struct actor *a, struct view body, uint32_t n, const struct actor *before, uint32_t n_prev,
                      const struct hash *fed_id, struct identity_item *item) {
  struct hash hash = identity_hash(body);
  memset(item, 0, sizeof *item);
  item->body = body;
  item->n = n;
  item->n_prev = n_prev;
  for (uint32_t i = 0; i < n; i++) {
    item->signatures[i].index = i;
    item->signatures[i].signature = sign_tagged(&a->roots[i], SIGN_IDENTITY, fed_id, hash_view(&hash));
  }
  for (uint32_t i = 0; i < n_prev; i++) {
    item->prev_signatures[i].index = i;
    item->prev_signatures[i].signature = sign_tagged(&before->roots[i], SIGN_IDENTITY, fed_id, hash_view(&hash));
  }
}

static void an_identity_reads_back_as_it_was_written(void **state) {
  (void)state;
  struct actor a;
  actor_init(&a, 1, 3, 2, "IT");
  struct identity out;
  struct identity ids[2] = {a.founder.identity, full_identity(&a)};
  for (size_t i = 0; i < 2; i++) {
    struct bytes b;
    struct bytes again;
    bytes_init(&b, LIMIT_IDENTITY);
    bytes_init(&again, LIMIT_IDENTITY);
    assert_int_equal(identity_encode(&ids[i], &b, NULL), OK);
    assert_int_equal(identity_decode(bytes_view(&b), &out, NULL), OK);
    assert_int_equal(out.version, ids[i].version);
    assert_int_equal(out.gen, ids[i].gen);
    assert_int_equal(out.cut_size, ids[i].cut_size);
    assert_true(out.has_cut == ids[i].has_cut && out.has_prev == ids[i].has_prev);
    assert_true(pubkey_equal(&out.roots[2], &ids[i].roots[2]));
    assert_int_equal(identity_encode(&out, &again, NULL), OK);
    assert_true(view_equal(bytes_view(&b), bytes_view(&again)));
    bytes_release(&b);
    bytes_release(&again);
  }
  actor_release(&a);
}

static void every_broken_rule_of_an_identity_is_refused(void **state) {
  (void)state;
  struct actor a;
  actor_init(&a, 1, 3, 2, "IT");
  struct identity bad[18];
  for (size_t i = 0; i < 18; i++)
    bad[i] = i < 16 ? full_identity(&a) : a.founder.identity;
  bad[0].version = 0;
  bad[1].version = 1;
  bad[2].has_prev = false;
  bad[3].n_roots = 0;
  bad[4].n_roots = LIMIT_ROOTS + 1;
  bad[5].threshold = 0;
  bad[6].threshold = 4;
  bad[7].gen = 0;
  bad[8].roots[1] = bad[8].roots[0];
  bad[9].node_key = bad[9].roots[2];
  memcpy(bad[10].node_key.b, ORDER_2, PUBKEY_LEN);
  memcpy(bad[11].roots[2].b, ORDER_2, PUBKEY_LEN);
  bad[11].n_roots = 3;
  bad[12].version = LIMIT_NUMBER + 1;
  bad[13].gen = LIMIT_GEN + 1;
  bad[14].cut_size = LIMIT_SIZE + 1;
  bad[15].gen = UINT64_MAX;
  bad[16].gen = 2; /* the first version */
  bad[17].has_cut = true;
  for (size_t i = 0; i < 18; i++) {
    struct bytes b;
    bytes_init(&b, LIMIT_IDENTITY);
    assert_int_equal(identity_encode(&bad[i], &b, NULL), ERR_FORMAT);
    assert_int_equal(b.len, 0);
    bytes_release(&b);
  }
  actor_release(&a);
}

static void a_body_that_is_cut_or_longer_or_changed_in_form_is_refused(void **state) {
  (void)state;
  struct actor a;
  actor_init(&a, 1, 2, 1, "IT");
  struct identity out;
  struct view v = bytes_view(&a.body);
  for (size_t n = 0; n < v.len; n++)
    assert_int_equal(identity_decode(view_of(v.p, n), &out, NULL), ERR_FORMAT);
  assert_int_equal(bytes_append_u8(&a.body, 0xc0, NULL), OK);
  assert_int_equal(identity_decode(bytes_view(&a.body), &out, NULL), ERR_FORMAT);
  a.body.len--;
  a.body.p[1] = 2; /* another form */
  assert_int_equal(identity_decode(bytes_view(&a.body), &out, NULL), ERR_FORMAT);
  a.body.p[1] = 1;
  a.body.p[a.body.len - 1] = 0xc2; /* successor: false in place of nil */
  assert_int_equal(identity_decode(bytes_view(&a.body), &out, NULL), ERR_FORMAT);
  a.body.p[a.body.len - 1] = 0xc0;
  assert_int_equal(identity_decode(bytes_view(&a.body), &out, NULL), OK);
  actor_release(&a);
}

static void the_first_identity_needs_its_threshold_in_its_federation(void **state) {
  (void)state;
  struct actor a;
  struct identity_item item;
  struct identity out;
  struct hash fed = cast_hash(5);
  struct hash other = cast_hash(6);
  struct view none = view_of(NULL, 0);
  actor_init(&a, 1, 3, 2, "IT");
  make_item(&a, bytes_view(&a.body), 1, NULL, 0, &fed, &item);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, none, &out, NULL), ERR_SIGNATURE);
  make_item(&a, bytes_view(&a.body), 2, NULL, 0, &fed, &item);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, none, &out, NULL), OK);
  assert_int_equal(out.threshold, 2);
  assert_int_equal(identity_verify(&item, &other, &a.founder.node, none, &out, NULL), ERR_SIGNATURE);
  assert_int_equal(identity_verify(&item, &fed, &other, none, &out, NULL), ERR_MISMATCH);
  item.signatures[1].signature.b[10] ^= 1;
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, none, &out, NULL), ERR_SIGNATURE);
  make_item(&a, bytes_view(&a.body), 3, NULL, 0, &fed, &item);
  item.signatures[2].index = 3;
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, none, &out, NULL), ERR_FORMAT);
  make_item(&a, bytes_view(&a.body), 2, &a, 1, &fed, &item);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, none, &out, NULL), ERR_FORMAT);
  actor_release(&a);
}

static void the_largest_numbers_of_an_identity_are_read_and_no_larger(void **state) {
  (void)state;
  static const uint8_t VERSION[] = {0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  struct actor a;
  struct bytes b;
  struct identity out;
  actor_init(&a, 1, 3, 2, "IT");
  struct identity id = full_identity(&a);
  id.version = LIMIT_NUMBER;
  id.gen = LIMIT_GEN;
  id.cut_size = LIMIT_SIZE;
  bytes_init(&b, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &b, NULL), OK);
  assert_int_equal(identity_decode(bytes_view(&b), &out, NULL), OK);
  assert_memory_equal(b.p + 2, VERSION, sizeof VERSION);
  b.p[3] = 0x80;
  assert_int_equal(identity_decode(bytes_view(&b), &out, NULL), ERR_FORMAT);
  bytes_release(&b);
  actor_release(&a);
}

/* What identity_verify says of id after before, both a's; signed by all of a's roots. */
static enum err_code follow(const struct actor *a, struct view before, const struct identity *id) {
  struct bytes body;
  struct identity_item item;
  struct identity out;
  struct hash fed = cast_hash(5);
  bytes_init(&body, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(id, &body, NULL), OK);
  make_item(a, bytes_view(&body), id->n_roots, a, id->n_roots, &fed, &item);
  enum err_code code = identity_verify(&item, &fed, &a->founder.node, before, &out, NULL);
  bytes_release(&body);
  return code;
}

static void the_node_key_changes_with_the_generation_and_the_generation_with_a_cut(void **state) {
  (void)state;
  struct actor a;
  struct bytes second;
  struct signer other = cast_signer(9, 9);
  actor_init(&a, 1, 2, 2, "IT");
  const struct pubkey own = a.node_key.pub;
  for (unsigned what = 0; what < 12; what++) { /* the same or another key, a cut or none, generation 1, 2 or 3 */
    struct identity id = full_identity(&a);
    bool is_same = (what & 1) != 0;
    id.has_cut = (what & 2) != 0;
    id.gen = 1 + what / 4;
    id.node_key = is_same ? own : other.pub;
    bool is_good = (id.gen == 1 && is_same && !id.has_cut) || (id.gen == 2 && !is_same && id.has_cut);
    assert_int_equal(follow(&a, bytes_view(&a.body), &id), is_good ? OK : ERR_MISMATCH);
  }
  struct identity id = full_identity(&a); /* and on from generation 2 */
  id.node_key = other.pub;
  bytes_init(&second, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &second, NULL), OK);
  id.version = 3;
  id.prev = identity_hash(bytes_view(&second));
  id.has_cut = false;
  assert_int_equal(follow(&a, bytes_view(&second), &id), OK);
  id.gen = 1;
  assert_int_equal(follow(&a, bytes_view(&second), &id), ERR_MISMATCH);
  id.gen = 3;
  id.has_cut = true;
  assert_int_equal(follow(&a, bytes_view(&second), &id), ERR_MISMATCH);
  id.node_key = own;
  assert_int_equal(follow(&a, bytes_view(&second), &id), OK);
  bytes_release(&second);
  signer_release(&other);
  actor_release(&a);
}

static void a_later_identity_needs_both_thresholds_and_the_one_before(void **state) {
  (void)state;
  struct actor a;
  struct actor b;
  struct identity_item item;
  struct identity out;
  struct bytes body;
  struct hash fed = cast_hash(5);
  actor_init(&a, 1, 2, 2, "IT");
  actor_init(&b, 2, 3, 2, "IT"); /* the same node's new root keys */
  struct identity id = b.founder.identity;
  id.version = 2;
  id.has_prev = true;
  id.prev = a.founder.node;
  id.node_key = a.node_key.pub;
  bytes_init(&body, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &body, NULL), OK);
  struct view before = bytes_view(&a.body);
  static const struct {
    uint32_t n, n_prev;
    enum err_code code;
  } CASES[] = {{2, 2, OK}, {3, 2, OK}, {1, 2, ERR_SIGNATURE}, {2, 1, ERR_SIGNATURE}, {2, 0, ERR_SIGNATURE}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    make_item(&b, bytes_view(&body), CASES[i].n, &a, CASES[i].n_prev, &fed, &item);
    assert_int_equal(identity_verify(&item, &fed, &a.founder.node, before, &out, NULL), CASES[i].code);
  }
  make_item(&b, bytes_view(&body), 2, &a, 2, &fed, &item);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, view_of(NULL, 0), &out, NULL), ERR_MISMATCH);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, bytes_view(&b.body), &out, NULL), ERR_MISMATCH);
  assert_int_equal(identity_verify(&item, &fed, &b.founder.node, before, &out, NULL), ERR_MISMATCH);
  bytes_clear(&body);
  id.version = 3; /* one is left out */
  assert_int_equal(identity_encode(&id, &body, NULL), OK);
  make_item(&b, bytes_view(&body), 2, &a, 2, &fed, &item);
  assert_int_equal(identity_verify(&item, &fed, &a.founder.node, before, &out, NULL), ERR_MISMATCH);
  bytes_release(&body);
  actor_release(&a);
  actor_release(&b);
}

static enum err_code read_item(struct view v, struct identity_item *item) {
  struct canon_reader r = canon_reader(v);
  identity_item_read(&r, item);
  return canon_finish(&r, "item", NULL);
}

static void an_identity_item_reads_back_and_its_signatures_rise(void **state) {
  (void)state;
  struct actor a;
  struct identity_item item;
  struct identity_item out;
  struct bytes b;
  struct hash fed = cast_hash(5);
  actor_init(&a, 1, 3, 2, "IT");
  bytes_init(&b, LIMIT_CHARTER);
  for (uint32_t n_prev = 0; n_prev < 3; n_prev++) {
    make_item(&a, bytes_view(&a.body), 3, &a, n_prev, &fed, &item);
    bytes_clear(&b);
    struct canon_writer w = canon_writer(&b);
    identity_item_write(&w, &item);
    assert_int_equal(canon_written(&w, "item", NULL), OK);
    assert_int_equal(read_item(bytes_view(&b), &out), OK);
    assert_int_equal(out.n, 3);
    assert_int_equal(out.n_prev, n_prev);
    assert_memory_equal(out.signatures[2].signature.b, item.signatures[2].signature.b, SIGNATURE_LEN);
    assert_true(view_equal(out.body, item.body));
  }
  struct {
    uint32_t first, second;
  } wrong[] = {{1, 0}, {1, 1}, {0, LIMIT_ROOTS}};
  for (size_t i = 0; i < 3; i++) {
    make_item(&a, bytes_view(&a.body), 2, NULL, 0, &fed, &item);
    item.signatures[0].index = wrong[i].first;
    item.signatures[1].index = wrong[i].second;
    bytes_clear(&b);
    struct canon_writer w = canon_writer(&b);
    identity_item_write(&w, &item);
    assert_int_equal(canon_written(&w, "item", NULL), OK);
    assert_int_equal(read_item(bytes_view(&b), &out), ERR_FORMAT);
  }
  static const uint8_t EMPTY_THIRD[] = {0x93, 0xc4, 0x00, 0x90, 0x90};
  static const uint8_t ONE[] = {0x91, 0xc4, 0x00};
  assert_int_equal(read_item(view_of(EMPTY_THIRD, sizeof EMPTY_THIRD), &out), ERR_FORMAT);
  assert_int_equal(read_item(view_of(ONE, sizeof ONE), &out), ERR_FORMAT);
  bytes_release(&b);
  actor_release(&a);
}

/* ---- addresses ---- */

static void endpoints_are_tcp_a_host_and_a_port(void **state) {
  (void)state;
  static const char *const GOOD[] = {"tcp://node.example.org:7070",
                                     "tcp://192.0.2.1:1",
                                     "tcp://[2001:db8::1]:65535",
                                     "tcp://[::1]:7070",
                                     "tcp://a:7",
                                     "tcp://x-1.y:80"};
  static const char *const BAD[] = {"",
                                    "tcp://",
                                    "tcp://:7070",
                                    "tcp://node.example.org",
                                    "tcp://node.example.org:",
                                    "tcp://node.example.org:0",
                                    "tcp://node.example.org:65536",
                                    "tcp://node.example.org:07",
                                    "tcp://node.example.org:70x",
                                    "tcp://node.example.org:7070/",
                                    "udp://node.example.org:7070",
                                    "TCP://node.example.org:7070",
                                    "tcp://node_1:7070",
                                    "tcp://node 1:7070",
                                    "tcp://*:7070",
                                    "tcp://[2001:db8::1:7070",
                                    "tcp://[]:7070",
                                    "tcp://[zz::1]:7070",
                                    "tcp://[2001:db8::1]7070",
                                    "tcp://2001:db8::1:7070",
                                    "tcp://[fe80::1%eth0]:7070",
                                    "tcp://nod\xc3\xa9:7070",
                                    "tcp://[1111111111111111111111111111111111111111111111111111111111111111]:7070"};
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++)
    assert_true(address_endpoint_is_valid(GOOD[i]));
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
    assert_false(address_endpoint_is_valid(BAD[i]));
  char longest[LIMIT_ENDPOINT + 2];
  memset(longest, 'a', sizeof longest);
  (void)snprintf(longest, sizeof longest, "tcp://");
  longest[6] = 'a';
  memcpy(longest + LIMIT_ENDPOINT - 5, ":7070", 6);
  assert_true(address_endpoint_is_valid(longest));
  memcpy(longest + LIMIT_ENDPOINT - 4, ":7070", 6);
  assert_false(address_endpoint_is_valid(longest));
}

static struct address some_address(const struct actor *a) {
  struct address address = {.node = a->founder.node, .seq = 4, .n_endpoints = 2, .web = "https://node.example.org/"};
  (void)snprintf(address.endpoints[0], sizeof address.endpoints[0], "tcp://node.example.org:7070");
  (void)snprintf(address.endpoints[1], sizeof address.endpoints[1], "tcp://[2001:db8::7]:7070");
  return address;
}

static void an_address_opens_under_its_key_and_federation_only(void **state) {
  (void)state;
  struct actor a;
  struct actor b;
  struct address out;
  struct bytes item;
  struct hash fed = cast_hash(5);
  actor_init(&a, 1, 1, 1, "IT");
  actor_init(&b, 2, 1, 1, "EE");
  bytes_init(&item, LIMIT_IDENTITY);
  struct address address = some_address(&a);
  assert_int_equal(address_seal(&address, &fed, &a.node_key, &item, NULL), OK);
  assert_int_equal(address_open(bytes_view(&item), &fed, &a.node_key.pub, &out, NULL), OK);
  assert_int_equal(out.seq, 4);
  assert_int_equal(out.n_endpoints, 2);
  assert_string_equal(out.endpoints[1], "tcp://[2001:db8::7]:7070");
  assert_string_equal(out.web, "https://node.example.org/");
  assert_int_equal(address_open(bytes_view(&item), NULL, &a.node_key.pub, &out, NULL), ERR_SIGNATURE);
  assert_int_equal(address_open(bytes_view(&item), &fed, &b.node_key.pub, &out, NULL), ERR_SIGNATURE);
  assert_int_equal(address_open(bytes_view(&item), NULL, NULL, &out, NULL), OK);
  for (size_t i = 0; i < item.len; i++) {
    item.p[i] ^= 4;
    assert_int_not_equal(address_open(bytes_view(&item), &fed, &a.node_key.pub, &out, NULL), OK);
    item.p[i] ^= 4;
  }
  for (size_t n = 0; n < item.len; n++)
    assert_int_equal(address_open(view_of(item.p, n), &fed, &a.node_key.pub, &out, NULL), ERR_FORMAT);
  bytes_release(&item);
  actor_release(&a);
  actor_release(&b);
}

static void an_address_without_endpoints_and_web_is_an_address(void **state) {
  (void)state;
  struct actor a;
  struct address out;
  struct bytes item;
  actor_init(&a, 1, 1, 1, "IT");
  bytes_init(&item, LIMIT_IDENTITY);
  struct address address = {.node = a.founder.node};
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), OK);
  assert_int_equal(address_open(bytes_view(&item), NULL, &a.node_key.pub, &out, NULL), OK);
  assert_int_equal(out.n_endpoints, 0);
  assert_string_equal(out.web, "");
  address = some_address(&a);
  address.n_endpoints = LIMIT_ENDPOINTS + 1;
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), ERR_FORMAT);
  address = some_address(&a);
  address.endpoints[1][0] = 'x';
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), ERR_FORMAT);
  address = some_address(&a);
  address.web[0] = '\x01';
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), ERR_FORMAT);
  address = some_address(&a);
  address.seq = LIMIT_NUMBER + 1;
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), ERR_FORMAT);
  address.seq--;
  bytes_clear(&item);
  assert_int_equal(address_seal(&address, NULL, &a.node_key, &item, NULL), OK);
  assert_int_equal(address_open(bytes_view(&item), NULL, &a.node_key.pub, &out, NULL), OK);
  bytes_release(&item);
  actor_release(&a);
}

static void a_founding_address_counts_until_one_of_the_federation_is_known(void **state) {
  (void)state;
  struct actor a;
  struct address opened[4]; /* of the founding: seq 1, 9; of the federation: seq 1, 9 */
  struct bytes item;
  struct hash fed = cast_hash(5);
  const struct hash zeros = {.b = {0}};
  actor_init(&a, 1, 1, 1, "IT");
  bytes_init(&item, LIMIT_IDENTITY);
  for (size_t i = 0; i < 4; i++) {
    struct address address = some_address(&a);
    address.seq = i % 2 == 0 ? 1 : 9;
    bytes_clear(&item);
    assert_int_equal(address_seal(&address, i < 2 ? NULL : &fed, &a.node_key, &item, NULL), OK);
    assert_int_equal(address_open(bytes_view(&item), i < 2 ? &zeros : &fed, &a.node_key.pub, &opened[i], NULL), OK);
    assert_int_equal(opened[i].is_founding, i < 2);
    assert_int_equal(address_open(bytes_view(&item), i < 2 ? &fed : NULL, &a.node_key.pub, &address, NULL), ERR_SIGNATURE);
  }
  for (size_t fresh = 0; fresh < 4; fresh++) {
    for (size_t held = 0; held < 4; held++)
      assert_int_equal(address_replaces(&opened[fresh], &opened[held]), fresh > held);
  }
  bytes_release(&item);
  actor_release(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_identity_reads_back_as_it_was_written),
      cmocka_unit_test(every_broken_rule_of_an_identity_is_refused),
      cmocka_unit_test(a_body_that_is_cut_or_longer_or_changed_in_form_is_refused),
      cmocka_unit_test(the_first_identity_needs_its_threshold_in_its_federation),
      cmocka_unit_test(the_largest_numbers_of_an_identity_are_read_and_no_larger),
      cmocka_unit_test(the_node_key_changes_with_the_generation_and_the_generation_with_a_cut),
      cmocka_unit_test(a_later_identity_needs_both_thresholds_and_the_one_before),
      cmocka_unit_test(an_identity_item_reads_back_and_its_signatures_rise),
      cmocka_unit_test(endpoints_are_tcp_a_host_and_a_port),
      cmocka_unit_test(an_address_opens_under_its_key_and_federation_only),
      cmocka_unit_test(an_address_without_endpoints_and_web_is_an_address),
      cmocka_unit_test(a_founding_address_counts_until_one_of_the_federation_is_known),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
