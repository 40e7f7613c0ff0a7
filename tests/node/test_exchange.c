/*
 * test_exchange: honest nodes find the same frontier: whole federations, lines, late joiners, lost links, restarts, a sleeping
 * peer.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/exchange/inside.h"
#include "tests/sim/net_sim.h"

static uint64_t seed;

static struct sim *found(uint32_t n) {
  struct sim *s = malloc(sizeof *s);
  assert_non_null(s);
  sim_found(s, n, seed);
  return s;
}

static void done(struct sim *s) {
  sim_release(s);
  free(s);
}

static void expect_no_blame(struct sim *s) {
  for (uint32_t i = 0; i < s->f.n; i++) {
    for (uint32_t k = 0; k < s->f.n; k++) {
      if (i != k && s->nodes[i].exchange != NULL) sim_expect_only(s, i, k, NULL);
    }
  }
}

static uint64_t size_at(struct sim *s, uint32_t node, uint32_t log) {
  const struct hall_head *h = hall_head(s->f.nodes[node].hall, &s->f.nodes[log].id, 1);
  return h == NULL ? 0 : h->size;
}

static void three_nodes_find_one_frontier(void **state) {
  (void)state;
  struct sim *s = found(3);
  s->jitter_ms = 20;
  for (uint32_t i = 0; i < 3; i++) {
    sim_publish(s, i, 5 + 3 * i);
    sim_up(s, i, false);
  }
  uint64_t took = sim_converge(s, 3000);
  print_message("three nodes: %" PRIu64 " ms, %" PRIu64 " octets\n", took, s->octets);
  sim_publish(s, 1, 40);
  assert_true(sim_converge(s, 500) > 0);
  assert_int_equal(size_at(s, 2, 1), 2 + 8 + 40);
  sim_run(s, 5000);
  expect_no_blame(s);
  done(s);
}

static void hundred_new_entries_cost_one_round_trip_after_heads(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_publish(s, 0, 300);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 3000);
  sim_run(s, 2000);
  s->delay_ms = 50;
  sim_publish(s, 0, 100);
  /* HEADS and CKPT 50, GET 50, DATA 50 */
  assert_int_equal(sim_converge(s, 1000), 150);
  expect_no_blame(s);
  done(s);
}

static void nothing_new_costs_at_most_160_octets_each_way(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_publish(s, 0, 50);
  sim_up(s, 0, true);
  sim_up(s, 1, true);
  (void)sim_converge(s, 3000);
  sim_run(s, 3000);
  uint64_t sent = s->sent, octets = s->octets;
  sim_run(s, 10000);
  assert_in_range(s->sent - sent, 18, 22); /* one a second each way */
  assert_true(s->octets - octets <= (s->sent - sent) * 160);
  done(s);
}

static void news_travel_through_a_node_in_the_middle(void **state) {
  (void)state;
  struct sim *s = found(3);
  sim_cut(s, 0, 2, true);
  for (uint32_t i = 0; i < 3; i++)
    sim_up(s, i, false);
  (void)sim_converge(s, 3000);
  sim_publish(s, 0, 30);
  uint64_t took = sim_converge(s, 1000);
  print_message("two hops: %" PRIu64 " ms\n", took);
  assert_int_equal(size_at(s, 2, 0), 32);
  done(s);
}

static void late_joiner_pulls_5000_entries(void **state) {
  (void)state;
  struct sim *s = found(3);
  sim_publish(s, 0, 5000);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 20000);
  sim_up(s, 2, false);
  uint64_t took = sim_converge(s, 20000);
  print_message("5000 entries: %" PRIu64 " ms of virtual time\n", took);
  assert_int_equal(size_at(s, 2, 0), 5002);
  sim_run(s, 1000);
  expect_no_blame(s);
  done(s);
}

static void pulls_go_on_after_links_are_lost(void **state) {
  (void)state;
  struct sim *s = found(3);
  s->jitter_ms = 15;
  for (uint32_t i = 0; i < 3; i++) {
    sim_publish(s, i, 600);
    sim_up(s, i, false);
  }
  for (uint32_t round = 0; round < 12; round++) {
    sim_run(s, 20 + fixture_random(&s->f, 200));
    uint32_t a = (uint32_t)fixture_random(&s->f, 3);
    sim_cut(s, a, (a + 1) % 3, false);
    sim_publish(s, (uint32_t)fixture_random(&s->f, 3), 3);
  }
  uint64_t took = sim_converge(s, 60000);
  print_message("after 12 cuts: %" PRIu64 " ms\n", took);
  done(s);
}

static void heals_a_partition(void **state) {
  (void)state;
  struct sim *s = found(4);
  for (uint32_t i = 0; i < 4; i++)
    sim_up(s, i, false);
  (void)sim_converge(s, 3000);
  for (uint32_t a = 0; a < 2; a++) {
    sim_cut(s, a, 2, true);
    sim_cut(s, a, 3, true);
  }
  sim_publish(s, 0, 20);
  sim_publish(s, 3, 20);
  sim_run(s, 120000);
  assert_false(sim_is_converged(s));
  for (uint32_t a = 0; a < 2; a++) {
    sim_cut(s, a, 2, false);
    sim_cut(s, a, 3, false);
  }
  uint64_t took = sim_converge(s, 60000);
  print_message("partition healed: %" PRIu64 " ms\n", took);
  done(s);
}

static void a_peer_that_restarts_opens_a_new_session(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 3000);
  for (uint32_t round = 0; round < 3; round++) {
    sim_down(s, round % 2);
    sim_publish(s, 1 - round % 2, 4);
    sim_run(s, 3000);
    fixture_close(&s->f.nodes[round % 2]);
    fixture_open(&s->f.nodes[round % 2]);
    sim_up(s, round % 2, false);
    (void)sim_converge(s, 40000);
  }
  done(s);
}

/* The exchange forgets its sessions, while the transport notices nothing: frames come without HELLO. */
static void a_session_that_one_side_forgot_is_opened_again(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, true);
  sim_up(s, 1, true);
  (void)sim_converge(s, 3000);
  sim_run(s, 1000);
  exchange_free(s->nodes[1].exchange);
  s->nodes[1].exchange = NULL;
  sim_up(s, 1, true);
  sim_publish(s, 0, 3);
  sim_publish(s, 1, 3);
  (void)sim_converge(s, 20000);
  done(s);
}

static void frames_delivered_twice_cost_a_session_and_nothing_else(void **state) {
  (void)state;
  struct sim *s = found(3);
  s->duplicate = 12;
  s->jitter_ms = 10;
  for (uint32_t i = 0; i < 3; i++) {
    sim_publish(s, i, 20);
    sim_up(s, i, true);
  }
  sim_run(s, 10000);
  s->duplicate = 0;
  (void)sim_converge(s, 60000);
  done(s);
}

static void a_peer_that_does_not_read_costs_the_others_nothing(void **state) {
  (void)state;
  struct sim *s = found(3);
  for (uint32_t i = 0; i < 3; i++)
    sim_up(s, i, true);
  (void)sim_converge(s, 3000);
  sim_run(s, 2000);
  s->stalled[2] = true;
  sim_publish(s, 0, 50);
  struct exchange *sleeper = s->nodes[2].exchange;
  s->nodes[2].exchange = NULL;
  assert_true(sim_converge(s, 500) <= 15 + HEADS_GAP_MS);
  sim_run(s, 5000);
  assert_int_equal(sim_counter(s, 0, 2, "link.stalled"), 1);
  s->stalled[2] = false;
  s->nodes[2].exchange = sleeper;
  (void)sim_converge(s, 20000);
  sim_run(s, 60000); /* and the link is as good as before */
  assert_int_equal(sim_counter(s, 0, 2, "link.lost"), 0);
  done(s);
}

static void a_peer_that_says_nothing_for_long_is_dialled_again(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, true);
  sim_up(s, 1, true);
  (void)sim_converge(s, 3000);
  const uint64_t opened = sim_counter(s, 0, 1, "link.opened");
  struct exchange *sleeper = s->nodes[1].exchange;
  s->nodes[1].exchange = NULL; /* its kernel still answers for it */
  sim_run(s, DEAD_MS - 10000);
  assert_int_equal(sim_counter(s, 0, 1, "link.lost"), 0);
  sim_run(s, 20000);
  assert_int_equal(sim_counter(s, 0, 1, "link.lost"), 1);
  s->nodes[1].exchange = sleeper;
  sim_publish(s, 1, 1);
  (void)sim_converge(s, 60000);
  assert_true(sim_counter(s, 0, 1, "link.opened") > opened);
  expect_no_blame(s);
  done(s);
}

static void one_link_stays_of_two(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 3000);
  sim_run(s, 10000);
  uint32_t alive = 0, dialler = 0;
  for (uint32_t i = 0; i < s->n_connections; i++) {
    if (!s->connections[i].alive) continue;
    alive++;
    dialler = s->connections[i].node[0];
  }
  assert_int_equal(alive, 1);
  assert_int_equal(s->n_connections, 2); /* both dialled at the same moment */
  assert_int_equal(dialler, hash_compare(&s->f.nodes[0].id, &s->f.nodes[1].id) < 0 ? 0 : 1);
  expect_no_blame(s);
  done(s);
}

static void is_idle_when_nothing_is_left_to_do(void **state) {
  (void)state;
  struct sim *s = found(3);
  sim_publish(s, 0, 700);
  sim_up(s, 0, false);
  assert_false(exchange_idle(s->nodes[0].exchange));
  sim_up(s, 1, false);
  sim_cut(s, 0, 2, true); /* EE is down: tried, and not waited for */
  assert_false(exchange_idle(s->nodes[1].exchange));
  while (!exchange_idle(s->nodes[1].exchange)) {
    assert_true(s->f.now_ms < 20000);
    sim_run(s, 10);
  }
  assert_true(sim_is_converged(s));
  done(s);
}

static void who_was_down_for_long_is_dialled_at_once_when_asked_for(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, false);
  sim_run(s, 120000); /* FR is down: by now it is tried twice a minute */
  assert_true(exchange_idle(s->nodes[0].exchange));
  s->blocked[1][0] = true; /* FR comes, and does not dial */
  sim_up(s, 1, false);
  exchange_dial_now(s->nodes[0].exchange);
  assert_false(exchange_idle(s->nodes[0].exchange));
  s->nodes[0].due_ms = s->f.now_ms;
  sim_run(s, 1000);
  assert_true(sim_is_converged(s));
  done(s);
}

static void ping_tells_the_round_trip(void **state) {
  (void)state;
  struct sim *s = found(2);
  struct err err = ERR_INIT;
  sim_up(s, 0, false);
  assert_int_equal(exchange_ping(s->nodes[0].exchange, "XX", &err), ERR_NOT_FOUND);
  assert_int_equal(exchange_ping(s->nodes[0].exchange, "FR", &err), ERR_UNREACHABLE);
  sim_up(s, 1, false);
  (void)sim_converge(s, 3000);
  s->delay_ms = 30;
  sim_run(s, 1000);
  assert_int_equal(exchange_ping(s->nodes[0].exchange, "FR", &err), OK);
  s->nodes[0].due_ms = s->f.now_ms;
  sim_run(s, 200);
  json_t *status = exchange_status(s->nodes[0].exchange);
  json_t *peer = json_array_get(json_object_get(status, "peers"), 0);
  assert_int_equal(json_integer_value(json_object_get(peer, "ping_ms")), 60);
  assert_string_equal(json_string_value(json_object_get(peer, "state")), "open");
  assert_int_equal(json_integer_value(json_object_get(peer, "behind")), 0);
  json_decref(status);
  done(s);
}

static void an_address_is_learned_from_its_owner(void **state) {
  (void)state;
  struct sim *s = found(2);
  struct err err = ERR_INIT;
  struct bytes item;
  bool changed = false;
  struct address address = {.node = s->f.nodes[1].id, .seq = 1, .n_endpoints = 1, .endpoints = {"tcp://fr.example.org:4710"}};
  bytes_init(&item, 4096);
  assert_int_equal(address_seal(&address, &s->f.charter.fed_id, &s->f.nodes[1].node_key, &item, &err), OK);
  assert_int_equal(hall_address(s->f.nodes[1].hall, bytes_view(&item), &changed, &err), OK);
  assert_true(changed);
  bytes_release(&item);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  sim_run(s, 2000);
  const struct federation_member *m = federation_by_handle(hall_federation(s->f.nodes[0].hall), "FR");
  assert_true(m->has_address);
  assert_string_equal(m->address.endpoints[0], "tcp://fr.example.org:4710");
  expect_no_blame(s);
  done(s);
}

/* A case whose text is n octets of what no compressor makes smaller by much. */
static void publish_large(struct sim *s, uint32_t node, size_t n) {
  static const char DIGITS[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -";
  struct bytes json, body;
  struct fixture_record record;
  uint8_t octets[256];
  bytes_init(&json, LIMIT_BODY);
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(
      bytes_append_text(&json,
                        "{\"title\": {\"en\": \"A long case\"}, \"summary\": {\"en\": \"Long.\"}, \"country\": \"IT\", "
                        "\"level\": \"local\", \"original_lang\": \"en\", \"overview\": {\"en\": \"a",
                        NULL),
      OK);
  while (json.len < n) {
    entropy_fill(&s->f.entropy, octets, sizeof octets);
    for (size_t i = 0; i < sizeof octets; i++)
      octets[i] = (uint8_t)DIGITS[octets[i] % 64];
    assert_int_equal(bytes_append(&json, view_of(octets, sizeof octets), NULL), OK);
  }
  assert_int_equal(bytes_append_text(&json, "z\"}}", NULL), OK);
  fixture_body(&s->f, "case", bytes_text(&json), &body);
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  fixture_seal(&s->f.nodes[node], &s->f.nodes[node].editor, h, bytes_view(&body), &record);
  assert_int_equal(fixture_admit(&s->f.nodes[node], &record.item).state, RECEIPT_LOGGED);
  fixture_record_release(&record);
  bytes_release(&json);
  bytes_release(&body);
}

/* Windows are cut where the asker cannot foresee it: what is missing is asked for again, what came too early waits. */
static void bodies_of_every_size_arrive(void **state) {
  (void)state;
  struct sim *s = found(2);
  s->jitter_ms = 10;
  for (uint32_t i = 0; i < 60; i++) {
    publish_large(s, 0, i % 7 == 0 ? 240000 : 300 + (size_t)fixture_random(&s->f, 60000));
    sim_publish(s, 0, (uint32_t)fixture_random(&s->f, 40));
  }
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  uint64_t took = sim_converge(s, 10000);
  print_message("%" PRIu64 " entries of every size: %" PRIu64 " ms\n", size_at(s, 1, 0), took);
  expect_no_blame(s);
  done(s);
}

/* Two sources, each slower than a window a second: nobody is left for ever, nobody is blamed. */
static void slow_lines_still_carry_a_log(void **state) {
  (void)state;
  struct sim *s = found(3);
  sim_cut(s, 0, 2, true);
  sim_publish(s, 0, 20);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 5000);
  sim_cut(s, 0, 2, false);
  for (uint32_t i = 0; i < 40; i++)
    publish_large(s, 0, 50000);
  exchange_published(s->nodes[0].exchange);
  s->nodes[0].due_ms = s->f.now_ms;
  (void)sim_converge(s, 5000);
  s->octets_per_ms = 40;
  uint64_t octets = s->octets;
  sim_up(s, 2, false);
  uint64_t took = sim_converge(s, 200000);
  print_message("40 kB/s: %" PRIu64 " ms for %" PRIu64 " octets\n", took, s->octets - octets);
  assert_true(took < 120000);
  sim_run(s, 1000);
  expect_no_blame(s);
  done(s);
}

/* Our own disk is full: the peer is not blamed, the log rests and goes on when there is room. */
static void a_full_disk_is_not_the_peers_fault(void **state) {
  (void)state;
  struct sim *s = found(2);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  (void)sim_converge(s, 3000);
  sqlite3 *db = store_db(s->f.nodes[1].store);
  assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1", NULL, NULL, NULL),
                   SQLITE_OK); /* no page more than there are */
  for (uint32_t i = 0; i < 20; i++)
    publish_large(s, 0, 50000);
  exchange_published(s->nodes[0].exchange);
  s->nodes[0].due_ms = s->f.now_ms;
  sim_run(s, 5000);
  assert_false(sim_is_converged(s));
  json_t *status = exchange_status(s->nodes[1].exchange), *row;
  size_t i;
  bool told = false;
  json_array_foreach(json_object_get(status, "logs"), i, row) {
    told |= strstr(json_string_value(json_object_get(row, "note")), "cannot be written") != NULL;
  }
  json_decref(status);
  assert_true(told);
  assert_int_equal(sqlite3_exec(db, "PRAGMA max_page_count = 1000000", NULL, NULL, NULL), SQLITE_OK);
  (void)sim_converge(s, 40000);
  expect_no_blame(s);
  done(s);
}

static void is_not_idle_before_a_peer_has_fetched_our_news(void **state) {
  (void)state;
  struct sim *s = found(2);
  s->delay_ms = 40;
  sim_publish(s, 0, 400);
  sim_up(s, 0, false);
  sim_up(s, 1, false);
  while (!exchange_idle(s->nodes[0].exchange)) {
    assert_true(s->f.now_ms < 20000);
    sim_run(s, 5);
  }
  assert_int_equal(size_at(s, 1, 0), 402);
  done(s);
}

/* Five nodes, every kind of trouble at random, then peace. */
static void trouble_of_every_kind_ends_in_one_frontier(void **state) {
  (void)state;
  struct sim *s = found(5);
  s->jitter_ms = 25;
  for (uint32_t i = 0; i < 5; i++)
    sim_up(s, i, false);
  for (uint32_t round = 0; round < 60; round++) {
    uint32_t a = (uint32_t)fixture_random(&s->f, 5), b = (a + 1 + (uint32_t)fixture_random(&s->f, 4)) % 5;
    switch (fixture_random(&s->f, 5)) {
    case 0:
      sim_cut(s, a, b, fixture_random(&s->f, 2) == 0);
      break;
    case 1:
      s->duplicate = fixture_random(&s->f, 2) == 0 ? 20 : 0;
      break;
    case 2:
      s->stalled[a] = !s->stalled[a];
      break;
    case 3:
      sim_down(s, a);
      sim_up(s, a, false);
      break;
    default:
      sim_publish(s, a, 1 + (uint32_t)fixture_random(&s->f, 60));
    }
    sim_run(s, fixture_random(&s->f, 1500));
  }
  s->duplicate = 0;
  memset(s->stalled, 0, sizeof s->stalled);
  memset(s->blocked, 0, sizeof s->blocked);
  uint64_t took = sim_converge(s, 90000);
  print_message("after trouble: %" PRIu64 " ms\n", took);
  done(s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(three_nodes_find_one_frontier),
      cmocka_unit_test(hundred_new_entries_cost_one_round_trip_after_heads),
      cmocka_unit_test(nothing_new_costs_at_most_160_octets_each_way),
      cmocka_unit_test(news_travel_through_a_node_in_the_middle),
      cmocka_unit_test(late_joiner_pulls_5000_entries),
      cmocka_unit_test(pulls_go_on_after_links_are_lost),
      cmocka_unit_test(heals_a_partition),
      cmocka_unit_test(a_peer_that_restarts_opens_a_new_session),
      cmocka_unit_test(a_session_that_one_side_forgot_is_opened_again),
      cmocka_unit_test(frames_delivered_twice_cost_a_session_and_nothing_else),
      cmocka_unit_test(a_peer_that_does_not_read_costs_the_others_nothing),
      cmocka_unit_test(a_peer_that_says_nothing_for_long_is_dialled_again),
      cmocka_unit_test(one_link_stays_of_two),
      cmocka_unit_test(is_idle_when_nothing_is_left_to_do),
      cmocka_unit_test(who_was_down_for_long_is_dialled_at_once_when_asked_for),
      cmocka_unit_test(ping_tells_the_round_trip),
      cmocka_unit_test(an_address_is_learned_from_its_owner),
      cmocka_unit_test(bodies_of_every_size_arrive),
      cmocka_unit_test(slow_lines_still_carry_a_log),
      cmocka_unit_test(a_full_disk_is_not_the_peers_fault),
      cmocka_unit_test(is_not_idle_before_a_peer_has_fetched_our_news),
      cmocka_unit_test(trouble_of_every_kind_ends_in_one_frontier),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
