/*
 * membership: epochs and the frontier (docs/protocol.md 6.4, 8.4).
 */
#include "tests/protocol/five.h"

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
  assert_true(view_equal(epoch_item_read(&r, 0), bytes_view(&body)));
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
  canon_put_array(&w, number == 1 ? 4 : 6);
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
  for (int i = 0; number != 1 && i < 2; i++)
    canon_put_array(&w, 0); /* nobody was removed, no policy dropped */
  assert_int_equal(canon_written(&w, "epoch", NULL), OK);
  enum err_code code = epoch_decode(bytes_view(&b), &e, NULL);
  if (code == OK) epoch_release(&e);
  bytes_release(&b);
  return code;
}

static void each_rule_between_members_is_kept(void **state) {
  (void)state;
  const struct row good[2] = {{0, 1, "IT", "IT", -1}, {1, 2, "IT1", "IT", 0}}; /* 6.3's rule of handles is the charter's */
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
  rows[0].roll = 1;
  rows[1].roll = 0;
  rows[1].lead = 1;
  assert_int_equal(decode_rows(2, true, rows, 2), OK);
  assert_int_equal(decode_rows(1, false, rows, 2), ERR_FORMAT);
  assert_int_equal(decode_rows(LIMIT_NUMBER, true, rows, 2), OK);
  assert_int_equal(decode_rows(LIMIT_NUMBER + 1, true, rows, 2), ERR_FORMAT);
  rows[0].roll = 2; /* 1 belongs to nobody */
  rows[1].lead = 2;
  assert_int_equal(decode_rows(2, true, rows, 2), ERR_FORMAT);
}

static void the_frontier_digest_depends_on_every_field_and_on_order(void **state) {
  (void)state;
  const struct frontier_row good[3] = {
      {cast_hash(1), 1, 70, cast_hash(4)}, {cast_hash(1), 2, 9, cast_hash(5)}, {cast_hash(2), 1, 3, cast_hash(6)}};
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
      cmocka_unit_test(the_first_epoch_follows_from_a_complete_charter),
      cmocka_unit_test(each_rule_between_members_is_kept),
      cmocka_unit_test(the_frontier_digest_depends_on_every_field_and_on_order),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
