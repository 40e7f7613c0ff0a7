/*
 * takedown: what is taken down goes for good (docs/protocol.md 4.4, 7.4): out of the tables, out of the files, on every node
 * that learns of it; no root moves, and who has erased it says so in its own log.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/erasure.h"
#include "node/hiding.h"
#include "node/store/derive.h"
#include "protocol/canon.h"
#include "protocol/message.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define N_WORDS 400
#define CUT_WORDS 4 /* so many words at most are written over the end of a page, and not found as one */
#define WORD 5

enum { IT, FR, EE };

static char words[N_WORDS][WORD + 1];
static uint16_t numbers[26 * 26 * 26 * 26 * 26]; /* by a word as a number to base 26: its place in words, from 1 */

/* The word at p as a number; UINT32_MAX: no five small letters. */
static uint32_t number_at(const char *p) {
  uint32_t n = 0;
  for (size_t i = 0; i < WORD; i++) {
    if (p[i] < 'a' || p[i] > 'z') {
      return UINT32_MAX;
    }
    n = n * 26 + (uint32_t)(p[i] - 'a');
  }
  return n;
}

/* Of consonants alone: such words stand in no text by chance. */
static void choose_words(struct fixture *f) {
  static const char LETTERS[] = "bcdfghjklmnpqrstvwxz";
  memset(numbers, 0, sizeof numbers);
  for (size_t i = 0; i < N_WORDS; i++) {
    for (size_t k = 0; k < WORD; k++) {
      words[i][k] = LETTERS[fixture_random(f, sizeof LETTERS - 1)];
    }
    words[i][WORD] = '\0';
    numbers[number_at(words[i])] = (uint16_t)(i + 1);
  }
}

/* How many of the words are in a file of a node. */
static size_t words_in(const struct fixture_node *node, const char *name) {
  char path[512];
  size_t n = 0;
  (void)snprintf(path, sizeof path, "%s/%s", node->dir, name);
  FILE *file = fopen(path, "rb");
  if (file == NULL) {
    return 0;
  }
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  const size_t len = (size_t)ftell(file);
  rewind(file);
  char *octets = malloc(len + 1);
  assert_non_null(octets);
  assert_int_equal(fread(octets, 1, len, file), len);
  (void)fclose(file);
  bool met[N_WORDS + 1] = {true};
  for (size_t i = 0; i + WORD <= len; i++) {
    const uint32_t word = number_at(octets + i);
    const uint16_t place = word == UINT32_MAX ? 0 : numbers[word];
    n += !met[place];
    met[place] = true;
  }
  free(octets);
  return n;
}

static size_t words_left(const struct fixture_node *node) {
  return words_in(node, "store.db") + words_in(node, "store.db-wal") + words_in(node, "store.db-shm");
}

/* A case whose texts are the words from <= i < to. */
static void secret_body(struct fixture *f, size_t from, size_t to, struct bytes *out) {
  struct bytes json;
  bytes_init(&json, 65536);
  assert_int_equal(
      bytes_printf(&json, NULL, "{\"title\": {\"it\": \"%s\"}, \"country\": \"IT\", \"level\": \"local\", ", words[from]), OK);
  assert_int_equal(bytes_append_text(&json, "\"original_lang\": \"it\", \"summary\": {\"it\": \"", NULL), OK);
  for (size_t i = from + 1; i < to; i++) {
    assert_int_equal(bytes_printf(&json, NULL, "%s ", words[i]), OK);
  }
  assert_int_equal(bytes_append_text(&json, ".\"}}", NULL), OK);
  fixture_body(f, "case", bytes_text(&json), out);
  bytes_release(&json);
}

/* Publishes it; object and newest NULL: a new one. Returns the index. */
static uint64_t publish_secret(struct fixture_node *node, size_t from, size_t to, const struct hash *object,
                               const struct hash *newest, struct hash *id) {
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct fixture_record record;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  secret_body(node->all, from, to, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(node, &node->editor, h, bytes_view(&body), &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  assert_int_equal(row.state, RECEIPT_LOGGED);
  *id = record.id;
  fixture_record_release(&record);
  bytes_release(&body);
  return row.index;
}

static struct takedown_report take_down(struct fixture_node *node, uint64_t index, bool whole) {
  const struct takedown_wish wish = {.node = node->id, .gen = 1, .index = index, .whole = whole, .reason = 2};
  struct takedown_report report;
  struct err err = ERR_INIT;
  if (hall_take_down(node->hall, &wish, &report, &err) != OK) {
    fail_msg("%s", err.message);
  }
  return report;
}

static bool erase(struct fixture_node *node) {
  struct err err = ERR_INIT;
  bool written = false;
  if (hall_erase(node->hall, &written, &err) != OK) {
    fail_msg("%s", err.message);
  }
  return written;
}

/* Carries one log up to a milestone. */
static void carry_to(struct fixture_node *from, struct fixture_node *to, uint64_t start, uint64_t size) {
  struct bytes text;
  struct bytes window;
  struct pull *pull = NULL;
  struct err err = ERR_INIT;
  uint64_t count = 0;
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&window, LIMIT_DATA_RAW);
  fixture_checkpoint(from, &from->id, size, &text);
  assert_int_equal(hall_pull_begin(to->hall, bytes_view(&text), start, &pull, &err), OK);
  assert_int_equal(hall_window(from->hall, &from->id, 1, start, size, GET_FULL, LIMIT_DATA_RAW, &window, &count, &err), OK);
  assert_int_equal(count, size - start);
  assert_int_equal(hall_pull_add(pull, bytes_view(&window), &err), OK);
  assert_int_equal(hall_pull_finish(pull, NULL, &err), OK);
  bytes_release(&text);
  bytes_release(&window);
}

/* IT has cases, among them one of two versions whose texts are the words: at index and behind it. */
static uint64_t begin(struct fixture *f, uint32_t n) {
  struct hash first;
  struct hash second;
  fixture_found(f, n, fixture_seed(), true);
  choose_words(f);
  for (uint64_t i = 0; i < 8; i++) {
    (void)fixture_publish(&f->nodes[IT], i, NULL);
  }
  assert_int_equal(words_left(&f->nodes[IT]), 0);
  const uint64_t index = publish_secret(&f->nodes[IT], 0, N_WORDS / 2, NULL, NULL, &first);
  (void)publish_secret(&f->nodes[IT], N_WORDS / 2, N_WORDS, &first, &first, &second);
  for (uint64_t i = 8; i < 12; i++) {
    (void)fixture_publish(&f->nodes[IT], i, NULL);
  }
  return index;
}

static void what_is_taken_down_leaves_no_word_on_any_node_and_no_root_moves(void **state) {
  static struct fixture f;
  (void)state;
  const uint64_t index = begin(&f, 2);
  struct fixture_node *it = &f.nodes[IT];
  struct fixture_node *fr = &f.nodes[FR];
  fixture_transfer(it, fr, 7);
  const struct hall_head before = *hall_head(it->hall, &it->id, 1);
  assert_in_range(words_left(it), N_WORDS - CUT_WORDS, 3 * N_WORDS);
  assert_in_range(words_left(fr), N_WORDS - CUT_WORDS, 3 * N_WORDS);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM object WHERE readable = 1"), 13);
  const struct takedown_report report = take_down(it, index + 1, true);
  assert_int_equal(report.n, 2);
  assert_int_equal(report.index, before.size);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM object WHERE readable = 1"), 12);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM entry WHERE state = 2 AND body IS NULL AND salt IS NULL"), 2);
  assert_true(hall_is_erasing(it->hall));
  assert_true(erase(it));
  assert_false(hall_is_erasing(it->hall));
  assert_int_equal(words_left(it), 0);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 2);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM erasure"), 0);
  assert_false(erase(it)); /* nothing is left to do */
  fixture_transfer(it, fr, 7);
  assert_true(hall_is_erasing(fr->hall));
  assert_true(erase(fr));
  assert_int_equal(words_left(fr), 0);
  fixture_transfer(fr, it, 7);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 4);
  assert_false(hall_is_erasing(it->hall)); /* another's acknowledgement is no takedown */
  for (size_t i = 0; i < 2; i++) {
    struct bytes text;
    struct checkpoint point;
    bytes_init(&text, LIMIT_CHECKPOINT);
    fixture_checkpoint(&f.nodes[i], &it->id, before.size, &text);
    assert_int_equal(checkpoint_read(bytes_view(&text), &point, NULL), OK);
    assert_true(hash_equal(&point.root, &before.root));
    bytes_release(&text);
  }
  fixture_release(&f);
}

static void tables_made_anew_say_the_same_of_what_was_taken_down(void **state) {
  static struct fixture f;
  struct bytes dumps[2];
  (void)state;
  const uint64_t index = begin(&f, 1);
  struct fixture_node *it = &f.nodes[IT];
  (void)take_down(it, index, true);
  (void)erase(it);
  for (size_t i = 0; i < 2; i++) {
    bytes_init(&dumps[i], DUMP_MAX);
    dump_derived(it, true, &dumps[i]);
    assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown"), 2);
    assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 2);
    assert_int_equal(derive_rebuild(it->store, &it->federation, f.schemas, NULL, NULL, NULL), OK);
  }
  assert_string_equal(bytes_text(&dumps[0]), bytes_text(&dumps[1]));
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM erasure"), 0);
  bytes_release(&dumps[0]);
  bytes_release(&dumps[1]);
  fixture_release(&f);
}

static void a_new_version_may_follow_on_one_that_is_gone(void **state) {
  static struct fixture f;
  struct hash first;
  struct hash second;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  choose_words(&f);
  struct fixture_node *it = &f.nodes[IT];
  const uint64_t index = publish_secret(it, 0, 100, NULL, NULL, &first);
  assert_int_equal(take_down(it, index, false).n, 1);
  (void)publish_secret(it, 100, 200, &first, &first, &second);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM object WHERE readable = 1 AND versions = 2"), 1);
  (void)erase(it);
  assert_in_range(words_in(it, "store.db"), 100 - CUT_WORDS, 100);
  fixture_transfer(it, &f.nodes[FR], 100);
  (void)erase(&f.nodes[FR]);
  assert_in_range(words_in(&f.nodes[FR], "store.db"), 100 - CUT_WORDS, 100);
  /* A second takedown of a text that is gone, and one of nothing, are refused. */
  struct takedown_wish wish = {.node = it->id, .gen = 1, .index = index, .reason = 2};
  struct takedown_report report;
  struct err err = ERR_INIT;
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), ERR_MISMATCH);
  wish.index = 0;
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), ERR_MISMATCH); /* an identity stays */
  wish.index = 1000;
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), ERR_NOT_FOUND);
  wish.index = 1; /* a certificate: its name goes, what it certifies stays */
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), OK);
  (void)publish_secret(it, 200, 300, &first, &second, &second);
  wish.node = f.nodes[FR].id;
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), ERR_REFUSED);
  fixture_release(&f);
}

static void who_comes_later_holds_the_text_missing_until_the_takedown_comes(void **state) {
  static struct fixture f;
  struct bytes windows[2];
  uint64_t count = 0;
  (void)state;
  const uint64_t index = begin(&f, 3);
  struct fixture_node *it = &f.nodes[IT];
  struct fixture_node *ee = &f.nodes[EE];
  fixture_transfer(it, &f.nodes[FR], 50); /* it keeps the texts for what follows */
  const uint64_t before = hall_head(it->hall, &it->id, 1)->size;
  (void)take_down(it, index, true);
  (void)erase(it);
  const uint64_t size = hall_head(it->hall, &it->id, 1)->size;
  carry_to(it, ee, 0, before);
  assert_int_equal(hall_bodies_missing(ee->hall), 2);
  assert_int_equal(dump_number(ee->store, "SELECT count(*) FROM entry WHERE state = 3"), 2);
  carry_to(it, ee, before, size);
  assert_int_equal(hall_bodies_missing(ee->hall), 0);
  assert_int_equal(dump_number(ee->store, "SELECT count(*) FROM entry WHERE state = 2"), 2);
  assert_true(erase(ee)); /* it holds no text, and says so */
  for (size_t i = 0; i < 2; i++) {
    bytes_init(&windows[i], LIMIT_DATA_RAW);
    assert_int_equal(hall_window(f.nodes[2 * i].hall, &it->id, 1, 0, size, GET_FULL, LIMIT_DATA_RAW, &windows[i], &count, NULL),
                     OK);
  }
  assert_true(view_equal(bytes_view(&windows[0]), bytes_view(&windows[1])));
  /* Whoever still has the texts gives them in vain. */
  struct bytes bodies;
  uint64_t filled = 0;
  bytes_init(&bodies, LIMIT_DATA_RAW);
  assert_int_equal(
      hall_window(f.nodes[FR].hall, &it->id, 1, index, index + 2, GET_BODIES, LIMIT_DATA_RAW, &bodies, &count, NULL), OK);
  assert_int_equal(hall_fill(ee->hall, &it->id, 1, index, bytes_view(&bodies), &filled, NULL), OK);
  assert_int_equal(filled, 0);
  assert_int_equal(words_left(ee), 0);
  bytes_release(&bodies);
  bytes_release(&windows[0]);
  bytes_release(&windows[1]);
  fixture_release(&f);
}

/* ---- broken off ---- */

static void a_node_that_was_killed_goes_on_where_it_stood(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  (void)state;
  const uint64_t index = begin(&f, 1);
  struct fixture_node *it = &f.nodes[IT];
  (void)take_down(it, index, true);
  fixture_close(it); /* before anything was forgotten */
  assert_in_range(words_left(it), 1, 3 * N_WORDS);
  fixture_open(it);
  assert_true(hall_is_erasing(it->hall));
  /* A reader keeps the write-ahead log as it is: nothing is acknowledged. */
  struct store *reader = NULL;
  assert_int_equal(store_open(it->dir, STORE_READ, NULL, &reader, &err), OK);
  assert_int_equal(store_read_begin(reader, &err), OK);
  sqlite3_stmt *st = NULL;
  assert_int_equal(sqlite3_prepare_v2(store_db(reader), "SELECT count(*) FROM entry", -1, &st, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_step(st), SQLITE_ROW);
  assert_false(erase(it));
  assert_true(hall_is_erasing(it->hall));
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 0);
  (void)sqlite3_finalize(st);
  store_read_end(reader);
  store_close(reader);
  fixture_close(it); /* killed between the file and the log */
  fixture_open(it);
  assert_true(erase(it));
  assert_int_equal(words_left(it), 0);
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 2);
  /* Killed behind the acknowledgement, before that was noted. */
  assert_int_equal(sqlite3_exec(store_db(it->store), "INSERT INTO erasure SELECT id FROM takedown", NULL, NULL, NULL),
                   SQLITE_OK);
  fixture_close(it);
  fixture_open(it);
  assert_true(hall_is_erasing(it->hall));
  assert_false(erase(it));
  assert_false(hall_is_erasing(it->hall));
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown_ack"), 2);
  fixture_release(&f);
}

static void one_that_is_repeated_finds_its_record_and_ends_what_was_begun(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  (void)state;
  const uint64_t index = begin(&f, 1);
  struct fixture_node *it = &f.nodes[IT];
  const struct takedown_report first = take_down(it, index, true);
  const uint64_t size = hall_head(it->hall, &it->id, 1)->size;
  fixture_close(it); /* killed before anything was forgotten */
  fixture_open(it);
  const struct takedown_report again = take_down(it, index, true);
  assert_int_equal(hall_head(it->hall, &it->id, 1)->size, size);
  assert_int_equal(again.n, first.n);
  assert_int_equal(again.gen, first.gen);
  assert_int_equal(again.index, first.index);
  const struct takedown_report one = take_down(it, index, false);
  assert_int_equal(one.n, 1);
  assert_int_equal(one.index, first.index);
  assert_true(erase(it));
  assert_int_equal(words_left(it), 0);
  const struct takedown_wish wish = {.node = it->id, .gen = 1, .index = index, .whole = true, .reason = 2};
  struct takedown_report report;
  assert_int_equal(hall_take_down(it->hall, &wish, &report, &err), ERR_MISMATCH); /* there is no more to do */
  assert_int_equal(dump_number(it->store, "SELECT count(*) FROM takedown"), 2);
  fixture_release(&f);
}

static struct scrub_state scrub(struct fixture_node *node) {
  struct scrub_state now;
  struct err why = ERR_INIT;
  if (rot_scrub(node, 1000, &now, &why) != OK) fail_msg("%s", why.message);
  return now;
}

/* Makes the body of a version unlike what was committed to; no word of it changes. */
static void damage(struct fixture_node *node, uint64_t index) {
  char sql[160];
  struct err err = ERR_INIT;
  struct log log;
  assert_int_equal(log_find(node->store, &node->all->nodes[IT].id, 1, &log, &err), OK);
  (void)snprintf(sql, sizeof sql, "UPDATE entry SET salt = randomblob(16) WHERE id = %" PRId64, entry_rowid(log.no, index));
  assert_int_equal(sqlite3_exec(store_db(node->store), sql, NULL, NULL, NULL), SQLITE_OK);
  (void)scrub(node);
}

static void a_damaged_text_goes_as_well(void **state) {
  static struct fixture f;
  (void)state;
  const uint64_t index = begin(&f, 2);
  struct fixture_node *it = &f.nodes[IT], *fr = &f.nodes[FR];
  fixture_transfer(it, fr, 100);
  damage(fr, index);
  damage(fr, index + 1);
  assert_int_equal(hall_n_damaged(fr->hall), 2);
  (void)take_down(it, index, true);
  fixture_transfer(it, fr, 100);
  assert_true(hall_is_erasing(fr->hall));
  assert_true(erase(fr));
  assert_int_equal(words_left(fr), 0);
  assert_int_equal(dump_number(fr->store, "SELECT count(*) FROM damaged"), 2); /* until a member says that they are gone */
  fixture_release(&f);
}

/* ---- what a pass says of it ---- */

static void a_scrub_finds_nothing_wrong_with_what_is_gone_absent_or_hidden(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct hash id;
  bool known = false;
  (void)state;
  const uint64_t index = begin(&f, 2);
  struct fixture_node *it = &f.nodes[IT], *fr = &f.nodes[FR];
  (void)publish_secret(it, 0, 20, NULL, NULL, &id);
  const uint64_t before = hall_head(it->hall, &it->id, 1)->size;
  (void)take_down(it, index + 1, false); /* the newest version alone */
  rot_expect_sound(it);
  (void)erase(it);
  rot_expect_sound(it);
  carry_to(it, fr, 0, before);
  assert_int_equal(hall_bodies_missing(fr->hall), 1);
  rot_expect_sound(fr);
  assert_int_equal(hall_hide(it->hall, &id, "court", &known, &err), OK);
  rot_expect_sound(it);
  assert_int_equal(derive_rebuild(it->store, &it->federation, f.schemas, NULL, NULL, &err), OK);
  rot_expect_sound(it);
  assert_int_equal(hall_unhide(it->hall, &id, &err), OK);
  rot_expect_sound(it);
  assert_int_equal(derive_rebuild(fr->store, &fr->federation, f.schemas, NULL, NULL, &err), OK);
  rot_expect_sound(fr);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_taken_down_leaves_no_word_on_any_node_and_no_root_moves),
      cmocka_unit_test(tables_made_anew_say_the_same_of_what_was_taken_down),
      cmocka_unit_test(a_new_version_may_follow_on_one_that_is_gone),
      cmocka_unit_test(who_comes_later_holds_the_text_missing_until_the_takedown_comes),
      cmocka_unit_test(a_node_that_was_killed_goes_on_where_it_stood),
      cmocka_unit_test(one_that_is_repeated_finds_its_record_and_ends_what_was_begun),
      cmocka_unit_test(a_damaged_text_goes_as_well),
      cmocka_unit_test(a_scrub_finds_nothing_wrong_with_what_is_gone_absent_or_hidden),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
