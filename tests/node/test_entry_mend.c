/*
 * entry_mend: one bit of the number of an entry's row is another one, or of the tree by which rows are found. Each row gets its
 * number back. SPECOLA_SCRUB_FLIPS: every bit of every row's number, instead of some of them.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/message.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define N_CASES 30
#define FLIPS_EVERYDAY 12
#define NUMBER_OCTETS ((size_t)6)  /* of a row in the log 1 or 2, as a varint of SQLite */
#define HEADER_OCTETS ((size_t)19) /* behind it: how long a row is, of what types its values are, and the first of them */

static uint64_t seed;

struct trial {
  struct fixture f;
  struct fixture_node *node;
  struct rot_file file;
  struct bytes entries, derived;
  uint64_t whole, given, broke_off; /* of the first, how many by the other node */
};

static void dump_entries(struct store *s, struct bytes *out) {
  static const char sql[] = "SELECT id, hex(envelope) || hex(body) FROM entry WHERE id >= ?1 LIMIT 1"; /* each by its number */
  sqlite3_stmt *st = NULL;
  int64_t next = 0;
  bytes_clear(out);
  assert_int_equal(sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL), SQLITE_OK);
  while (sqlite3_bind_int64(st, 1, next) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
    assert_int_equal(bytes_printf(out, NULL, "%" PRId64 " %s\n", (int64_t)sqlite3_column_int64(st, 0),
                                  (const char *)sqlite3_column_text(st, 1)),
                     OK);
    next = sqlite3_column_int64(st, 0) + 1;
    (void)sqlite3_reset(st);
  }
  assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

/* One node that holds the logs of two. */
static void begin(struct trial *t) {
  memset(t, 0, sizeof *t);
  fixture_found(&t->f, 2, seed, true);
  t->node = &t->f.nodes[0];
  for (uint32_t i = 0; i < 2; i++) {
    for (uint64_t k = 0; k < N_CASES; k++) {
      (void)fixture_publish(&t->f.nodes[i], k, NULL);
    }
  }
  fixture_transfer(&t->f.nodes[1], t->node, 50);
  fixture_transfer(t->node, &t->f.nodes[1], 50);
  bytes_init(&t->entries, (size_t)8 * 1024 * 1024);
  bytes_init(&t->derived, DUMP_MAX);
  dump_entries(t->node->store, &t->entries);
  dump_derived(t->node, true, &t->derived);
  fixture_close(t->node);
  rot_read(t->node, &t->file);
}

static void end(struct trial *t) {
  rot_write(&t->file);
  free(t->file.octets);
  bytes_release(&t->entries);
  bytes_release(&t->derived);
  fixture_open(t->node);
  fixture_release(&t->f);
}

/* Everything is as it was: what a pass has put right it finds sound. */
static void expect_whole(struct trial *t) {
  struct bytes now;
  bytes_init(&now, DUMP_MAX);
  dump_entries(t->node->store, &now);
  assert_string_equal(bytes_text(&t->entries), bytes_text(&now));
  bytes_clear(&now);
  dump_derived(t->node, true, &now);
  assert_string_equal(bytes_text(&t->derived), bytes_text(&now));
  bytes_release(&now);
  rot_expect_sound(t->node);
}

/* The other node gives what is damaged. */
static void heal(struct trial *t) {
  struct bytes window;
  bytes_init(&window, LIMIT_DATA_RAW);
  for (uint32_t i = 0; i < 2; i++) {
    const struct hash *id = &t->f.nodes[i].id;
    uint64_t from = 0, to = 0, count = 0, mended = 0;
    while (hall_damaged(t->node->hall, id, 1, &from, &to, NULL) == OK) {
      bytes_clear(&window);
      assert_int_equal(hall_window(t->f.nodes[1].hall, id, 1, from, to, GET_FULL, LIMIT_DATA_RAW, &window, &count, NULL), OK);
      assert_int_equal(hall_heal(t->node->hall, id, 1, from, bytes_view(&window), &mended, NULL), OK);
      assert_int_equal(mended, 1);
    }
  }
  assert_int_equal(hall_n_damaged(t->node->hall), 0);
  bytes_release(&window);
}

/* in_doubt: nobody may know how long the row is, and the pass breaks off. */
static void try_file(struct trial *t, bool in_doubt) {
  struct scrub_state s;
  struct err err = ERR_INIT;
  rot_write(&t->file);
  if (fixture_try_open(t->node, &err) != OK) {
    fail_msg("%s", err.message);
  }
  const enum err_code code = rot_scrub(t->node, 7, &s, &err);
  if (code == OK) {
    assert_true(s.found <= 1 && s.left <= s.found);
    t->given += s.left;
    heal(t);
    expect_whole(t);
  } else if (code != ERR_CORRUPT || !in_doubt) {
    fail_msg("%s", err.message);
  }
  t->whole += code == OK;
  t->broke_off += code != OK;
  fixture_close(t->node);
}

/* ---- tests ---- */

/* Where the number of an entry stands: before its envelope, as 6 octets of 7 bits. */
static uint8_t *place_of(struct trial *t, int64_t rowid) {
  static const char sql[] = "SELECT envelope FROM entry WHERE id = ?1";
  uint8_t varint[NUMBER_OCTETS];
  sqlite3_stmt *st = NULL;
  for (size_t i = 0; i < NUMBER_OCTETS; i++) {
    varint[i] = (uint8_t)((uint64_t)rowid >> 7 * (NUMBER_OCTETS - 1 - i) & 0x7f) | (i + 1 < NUMBER_OCTETS ? 0x80 : 0);
  }
  assert_int_equal(sqlite3_prepare_v2(store_db(t->node->store), sql, -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_bind_int64(st, 1, rowid), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  uint8_t *envelope = memmem(t->file.octets, t->file.len, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
  assert_non_null(envelope);
  (void)sqlite3_finalize(st);
  uint8_t *place = memmem(envelope - 40, 40, varint, sizeof varint);
  assert_non_null(place);
  return place;
}

#define N_ROWS ((size_t)2 * (N_CASES + 2))

/* Flips each bit of `len` octets from `from` octets behind the beginning of the number of each row of a log on (0: of both), or
 * some. */
static void flip_rows(struct trial *t, int log, size_t from, size_t len, bool in_doubt) {
  const char *wish = getenv("SPECOLA_SCRUB_FLIPS");
  uint8_t *places[N_ROWS];
  const size_t n_bits = 8 * len, first = log == 2 ? N_ROWS / 2 : 0, n_rows = log == 0 ? N_ROWS : N_ROWS / 2;
  fixture_open(t->node);
  for (size_t i = 0; i < N_ROWS; i++) {
    places[i] = place_of(t, entry_rowid(1 + (int64_t)(i / (N_ROWS / 2)), i % (N_ROWS / 2)));
  }
  fixture_close(t->node);
  const uint64_t n = wish == NULL ? FLIPS_EVERYDAY : n_rows * n_bits;
  t->whole = t->given = t->broke_off = 0;
  for (uint64_t i = 0; i < n; i++) {
    const uint64_t pick = wish == NULL ? fixture_random(&t->f, n_rows * n_bits) : i;
    uint8_t *octet = places[first + pick / n_bits] + from + pick % n_bits / 8;
    *octet ^= (uint8_t)(1u << pick % 8);
    try_file(t, in_doubt || (from == 0 && pick % 8 == 7));
    *octet ^= (uint8_t)(1u << pick % 8);
  }
  print_message("whole %" PRIu64 ", of which given %" PRIu64 ", broke off %" PRIu64 "\n", t->whole, t->given, t->broke_off);
}

static void a_row_gets_its_number_back(void **state) {
  static struct trial t;
  (void)state;
  begin(&t);
  flip_rows(&t, 0, 0, NUMBER_OCTETS, false);
  assert_int_equal(t.given, 0);
  end(&t);
}

/* What follows on its number: of what types and lengths its values are. */
static void a_row_that_cannot_be_read_is_given_by_the_others(void **state) {
  static struct trial t;
  (void)state;
  begin(&t);
  flip_rows(&t, 2, NUMBER_OCTETS, HEADER_OCTETS, false);
  assert_true(t.given > 0);
  flip_rows(&t, 1, NUMBER_OCTETS, HEADER_OCTETS, true); /* of the own log nothing is taken out that others may not have */
  end(&t);
}

/* The table's root page (docs of SQLite, "b-tree pages"): 12 octets, places of its cells of 2 each, and each cell a page and a
 * number, the highest below it. */
static void inner_pages_that_lead_past_rows_are_written_anew(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  begin(&t);
  uint8_t *page = rot_root(t.node, &t.file, "entry");
  assert_int_equal(page[0], 5); /* an inner page of a table */
  const size_t n_cells = (size_t)page[3] << 8 | page[4];
  assert_true(n_cells > 0);
  for (size_t i = 0; i < n_cells; i++) {
    uint8_t *number = page + ((size_t)page[12 + 2 * i] << 8 | page[13 + 2 * i]) + 4;
    for (unsigned bit = 0; bit < 5; bit++) {
      number[NUMBER_OCTETS - 1] ^= (uint8_t)(1u << bit);
      rot_write(&t.file);
      fixture_open(t.node);
      if (rot_scrub(t.node, 7, &s, &err) != OK) fail_msg("%s", err.message);
      assert_int_equal(s.found + s.left, 0);
      expect_whole(&t);
      fixture_close(t.node);
      number[NUMBER_OCTETS - 1] ^= (uint8_t)(1u << bit);
    }
  }
  end(&t);
}

/* Some rows are lost, and the index knows it: it is not made to say something else, and the pass says so. */
static void an_index_that_knows_of_lost_rows_is_kept(void **state) {
  static struct trial t;
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  begin(&t);
  uint8_t *page = rot_root(t.node, &t.file, "entry");
  const uint8_t *cell = page + ((size_t)page[12] << 8 | page[13]);
  uint8_t *leaf = t.file.octets + ((size_t)cell[2] << 8 | cell[3]) * ROT_PAGE - ROT_PAGE; /* the first one */
  assert_int_equal(leaf[0], 13);
  const uint8_t n = leaf[4];
  leaf[4] = n & (uint8_t)(n - 1); /* of the number of its rows */
  rot_write(&t.file);
  fixture_open(t.node);
  assert_int_equal(rot_scrub(t.node, 7, &s, &err), ERR_CORRUPT);
  assert_non_null(strstr(err.message, "rows more than there are"));
  assert_true(dump_number(t.node->store, "SELECT count(*) FROM entry INDEXED BY entry_rid") >
              dump_number(t.node->store, "SELECT count(*) FROM entry NOT INDEXED"));
  fixture_close(t.node);
  leaf[4] = n;
  end(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(inner_pages_that_lead_past_rows_are_written_anew),
      cmocka_unit_test(an_index_that_knows_of_lost_rows_is_kept),
      cmocka_unit_test(a_row_gets_its_number_back),
      cmocka_unit_test(a_row_that_cannot_be_read_is_given_by_the_others),
  };
  seed = fixture_seed();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
