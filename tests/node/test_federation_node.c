/*
 * federation_node: what a node knows of its federation, references, identities and addresses from others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/canon.h"
#include "tests/node/own_log.h"

static void loads_what_the_charter_says(void **state) {
  static struct fixture f;
  struct federation none;
  struct store *empty = NULL;
  struct err err = ERR_INIT;
  char dir[300];
  (void)state;
  fixture_found(&f, 3, fixture_seed(), false);
  const struct federation *federation = hall_federation(f.nodes[1].hall);
  assert_int_equal(federation->epoch.n_members, 3);
  assert_string_equal(federation_self(federation)->member->handle, "FR");
  assert_ptr_equal(federation_by_handle(federation, "EE"), federation_by_node(federation, &f.nodes[2].id));
  assert_ptr_equal(federation_by_curve(federation, f.nodes[0].curve), federation_by_handle(federation, "IT"));
  assert_null(federation_by_handle(federation, "DE"));
  const struct hash unknown = {{7}};
  assert_null(federation_by_node(federation, &unknown));
  assert_string_equal(federation_handle(federation, &unknown), "?");
  (void)snprintf(dir, sizeof dir, "%s/empty", f.nodes[0].dir);
  assert_int_equal(store_open(dir, STORE_WRITE, NULL, &empty, &err), OK);
  assert_int_equal(federation_load(empty, &none, &err), ERR_NOT_INITIALISED);
  assert_int_equal(store_put_charter(empty, view_of("nonsense", 8), &err), OK);
  assert_true(federation_load(empty, &none, &err) != OK);
  store_close(empty);
  fixture_release(&f);
}

static void references_are_read_and_written(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  char text[REFERENCE_MAX];
  struct hash node;
  uint64_t gen = 0;
  uint64_t index = 0;
  static const char *const bad[] = {"",    "IT",     "IT-",   "IT-01",   "it-",  "IT--1",    "IT-1x",
                                    "-1",  "IT.1-5", "IT.-5", "IT.02-5", "IT.2", "ITALIA-1", "IT-18446744073709551616",
                                    "I-1", "IT.2-",  "IT 1"};
  (void)state;
  fixture_found(&f, 2, fixture_seed(), false);
  const struct federation *federation = hall_federation(f.nodes[0].hall);
  reference_format(federation, &f.nodes[1].id, 1, 312, text);
  assert_string_equal(text, "FR-312");
  reference_format(federation, &f.nodes[1].id, 2, 0, text);
  assert_string_equal(text, "FR.2-0");
  assert_int_equal(reference_parse(federation, "FR-312", &node, &gen, &index, &err), OK);
  assert_memory_equal(&node, &f.nodes[1].id, sizeof node);
  assert_int_equal(gen, 1);
  assert_int_equal(index, 312);
  assert_int_equal(reference_parse(federation, "IT.2-0", &node, &gen, &index, &err), OK);
  assert_int_equal(gen, 2);
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    if (reference_parse(federation, bad[i], &node, &gen, &index, &err) != ERR_FORMAT) {
      fail_msg("'%s' was taken for a reference", bad[i]);
    }
  }
  assert_int_equal(reference_parse(federation, "DE-1", &node, &gen, &index, &err), ERR_NOT_FOUND);
  assert_int_equal(reference_parse(federation, "fR-7", &node, &gen, &index, &err), OK);
  assert_memory_equal(&node, &f.nodes[1].id, sizeof node);
  assert_int_equal(index, 7);
  assert_int_equal(reference_parse(federation, "de-1", &node, &gen, &index, &err), ERR_FORMAT); /* words of a title */
  fixture_release(&f);
}

static void seal_address(struct fixture_node *node, const struct hash *fed_id, const struct signer *key, uint64_t seq,
                         struct bytes *out) {
  struct err err = ERR_INIT;
  struct address address;
  memset(&address, 0, sizeof address);
  address.node = node->id;
  address.seq = seq;
  address.n_endpoints = 1;
  (void)snprintf(address.endpoints[0], sizeof address.endpoints[0], "tcp://node.example.org:%llu",
                 (unsigned long long)(7000 + seq));
  bytes_clear(out);
  assert_int_equal(address_seal(&address, fed_id, key, out, &err), OK);
}

/* An address of FR, and what IT makes of it. */
struct heard {
  bool founding; /* signed without a federation */
  uint32_t signer;
  uint64_t seq;
  enum err_code code;
  bool changed;
};

/* IT hears them one after the other, starts anew, and has the one of `kept`. */
static void hear(const struct heard *heard, size_t n, uint64_t kept) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes item;
  fixture_found(&f, 2, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[0];
  bytes_init(&item, 4096);
  for (size_t i = 0; i < n; i++) {
    bool changed = false;
    const struct hash *fed_id = heard[i].founding ? NULL : &f.charter.fed_id;
    seal_address(&f.nodes[1], fed_id, &f.nodes[heard[i].signer].node_key, heard[i].seq, &item);
    assert_int_equal(hall_address(it->hall, bytes_view(&item), &changed, &err), heard[i].code);
    assert_int_equal(changed, heard[i].changed);
  }
  fixture_close(it);
  fixture_open(it);
  assert_int_equal(federation_by_handle(&it->federation, "FR")->address.seq, kept);
  bytes_release(&item);
  fixture_release(&f);
}

static void the_newest_address_is_kept(void **state) {
  static const struct heard heard[] = {
      {false, 1, 5, OK, true}, {false, 1, 4, OK, false}, {false, 0, 9, ERR_SIGNATURE, false} /* signed by another */
  };
  (void)state;
  hear(heard, 3, 5);
}

static void an_address_of_the_federation_replaces_that_of_the_founding(void **state) {
  static const struct heard heard[] = {{true, 1, 5, OK, true}, {false, 1, 1, OK, true}}; /* whatever their numbers */
  (void)state;
  hear(heard, 2, 1);
}

/* A further version of a node's identity: another CURVE key, told from others by mark, signed by the same root. Returns its
 * hash.
 */
static struct hash seal_identity(struct fixture_node *node, uint64_t version, const struct hash *prev, uint8_t mark,
                                 struct bytes *item) {
  struct err err = ERR_INIT;
  struct identity id = federation_by_node(&node->federation, &node->id)->identity;
  struct bytes body;
  struct identity_item out;
  memset(&out, 0, sizeof out);
  id.version = version;
  id.has_prev = true;
  id.prev = *prev;
  id.curve[0] ^= mark;
  bytes_init(&body, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &body, &err), OK);
  const struct hash hash = identity_hash(bytes_view(&body));
  out.body = bytes_view(&body);
  out.n = 1;
  out.signatures[0].signature = sign_tagged(&node->root, SIGN_IDENTITY, &node->all->charter.fed_id, hash_view(&hash));
  out.n_prev = 1;
  out.prev_signatures[0] = out.signatures[0];
  struct canon_writer w = canon_writer(item);
  identity_item_write(&w, &out);
  assert_int_equal(canon_written(&w, "identity", &err), OK);
  bytes_release(&body);
  return hash;
}

static void new_identities_come_from_peers_and_from_logs(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct bytes item;
  struct fixture_record record;
  bool changed = false;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  (void)fixture_publish(it, 1, NULL);
  bytes_init(&item, 8192);
  (void)seal_identity(it, 2, &it->id, 1, &item);
  assert_int_equal(hall_identity(fr->hall, &fr->id, bytes_view(&item), &changed, &err), ERR_MISMATCH); /* not that node's */
  assert_int_equal(hall_identity(fr->hall, &it->id, bytes_view(&item), &changed, &err), OK);
  assert_true(changed);
  assert_int_equal(hall_identity(fr->hall, &it->id, bytes_view(&item), &changed, &err), OK);
  assert_false(changed);
  const struct header h = {.kind = KIND_IDENTITY};
  fixture_seal(it, &it->node_key, h, bytes_view(&item), &record);
  assert_int_equal(fixture_admit(it, &record.item).index, 3);
  (void)fixture_publish(it, 2, NULL);
  for (uint32_t n = 0; n < 3; n++) {
    if (n > 0) {
      fixture_transfer(it, &f.nodes[n], 2);
    }
    assert_int_equal(hall_head(f.nodes[n].hall, &it->id, 1)->size, 5);
    assert_int_equal(federation_by_node(&f.nodes[n].federation, &it->id)->identity.version, 2);
    fixture_close(&f.nodes[n]);
    fixture_open(&f.nodes[n]);
    assert_int_equal(federation_by_node(&f.nodes[n].federation, &it->id)->identity.version, 2);
  }
  (void)fixture_publish(it, 3, NULL);
  fixture_record_release(&record);
  bytes_release(&item);
  fixture_release(&f);
}

/* A careless owner gives one version 2 to a peer, and another one, with a version 3 on top, to its log. */
static void two_identities_of_one_version_do_not_lock_a_node_out(void **state) {
  static struct fixture f;
  static struct own_log log;
  struct err err = ERR_INIT;
  struct bytes items[3];
  struct pull_result result;
  bool changed = false;
  (void)state;
  fixture_found(&f, 3, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[0];
  struct fixture_node *fr = &f.nodes[1];
  const struct header h = {.kind = KIND_IDENTITY};
  for (int i = 0; i < 3; i++) {
    bytes_init(&items[i], 8192);
  }
  (void)seal_identity(it, 2, &it->id, 1, &items[0]);
  const struct hash other = seal_identity(it, 2, &it->id, 2, &items[1]);
  (void)seal_identity(it, 3, &other, 4, &items[2]);
  assert_int_equal(hall_identity(fr->hall, &it->id, bytes_view(&items[0]), &changed, &err), OK);
  assert_true(changed);
  memset(&log, 0, sizeof log);
  log.node = it;
  add_identity(&log);
  add_odd(&log, &it->node_key, h, bytes_view(&items[1]));
  add_odd(&log, &it->node_key, h, bytes_view(&items[2]));
  for (int n = 1; n < 3; n++) { /* to FR, and to EE that knew none of them */
    assert_int_equal(own_carry(&log, f.nodes[n].hall, 0, 3, 10, &result, &err), OK);
    assert_int_equal(result.n_new, 3); /* what a log says does not depend on what was heard elsewhere */
  }
  fixture_close(fr);
  fixture_open(fr);
  assert_int_equal(federation_by_node(&fr->federation, &it->id)->identity.version, 2);
  assert_int_equal(federation_by_node(&f.nodes[2].federation, &it->id)->identity.version, 3);
  /* And a store in which such a chain stands already opens. */
  assert_int_equal(store_put_identity(fr->store, &it->id, 3, bytes_view(&items[2]), &err), OK);
  fixture_close(fr);
  fixture_open(fr);
  assert_int_equal(federation_by_node(&fr->federation, &it->id)->identity.version, 2);
  for (int i = 0; i < 3; i++) {
    bytes_release(&items[i]);
  }
  own_release(&log);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loads_what_the_charter_says),
      cmocka_unit_test(references_are_read_and_written),
      cmocka_unit_test(the_newest_address_is_kept),
      cmocka_unit_test(new_identities_come_from_peers_and_from_logs),
      cmocka_unit_test(an_address_of_the_federation_replaces_that_of_the_founding),
      cmocka_unit_test(two_identities_of_one_version_do_not_lock_a_node_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
