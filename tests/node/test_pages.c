/*
 * pages: what SQLite's integrity check says of a file in which a bit is another one, and what is taken from it. Its texts are
 * pinned here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/derive.h"
#include "node/store/pages.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define N_CASES 30
#define PAGE ((size_t)16384)

static struct fixture f;
static struct rot_file file;

static size_t place_of(const char *table) {
  char sql[200];
  (void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", table);
  return (size_t)(dump_number(f.nodes[0].store, sql) - 1) * PAGE;
}

/* The pages of the file as it is in memory, past everything that a node's start looks at. *code: what is said of rows. */
static enum pages look(enum err_code *code) {
  struct fixture_node *node = &f.nodes[0];
  struct store *s = NULL;
  enum pages out = PAGES_SOUND;
  rot_write(&file);
  assert_int_equal(store_open(node->dir, STORE_WRITE, NULL, &s, NULL), OK);
  assert_int_equal(pages_look(s, &out, NULL), OK);
  for (int most = PAGES_SOUND; most <= PAGES_SHARED; most++) {
    assert_int_equal(pages_expect(s, (enum pages)most, NULL), out <= (enum pages)most ? OK : ERR_CORRUPT);
  }
  *code = pages_expect_rows(s, NULL, NULL);
  store_close(s);
  return out;
}

static enum pages look_with(size_t at, uint8_t bits, enum err_code *code) {
  file.octets[at] ^= bits;
  const enum pages out = look(code);
  file.octets[at] ^= bits;
  return out;
}

static void it_is_told_how_far_rows_can_be_taken_out(void **state) {
  struct fixture_node *node = &f.nodes[0];
  enum err_code code = OK;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  for (uint64_t i = 0; i < N_CASES; i++) {
    (void)fixture_publish(node, i, NULL);
  }
  const size_t entry = place_of("entry"), milestone = place_of("milestone"), fact = place_of("fact");
  fixture_close(node);
  rot_read(node, &file);
  assert_int_equal(look(&code), PAGES_SOUND);
  assert_int_equal(code, OK);

  const uint8_t *inner = file.octets + entry;
  assert_int_equal(inner[0], 5); /* an inner page of a table: 12 octets, then where its cells are: a page, a number */
  const size_t cell = entry + ((size_t)inner[12] << 8 | inner[13]);
  assert_int_equal(look_with(cell + 4 + 5, 1, &code), PAGES_SOUND); /* a number: rows are out of order */
  assert_int_equal(code, OK);

  const uint8_t leaf = (uint8_t)(milestone / PAGE + 1);
  assert_true(milestone / PAGE < 255);
  assert_int_equal(look_with(cell + 3, (uint8_t)(file.octets[cell + 3] ^ leaf), &code), PAGES_SHARED);
  assert_int_equal(look_with(milestone + 7, 1, &code), PAGES_LOOSE); /* how many octets are fragments */
  assert_int_equal(code, OK);
  const uint8_t n_cells = file.octets[milestone + 4];
  assert_int_equal(look_with(milestone + 4, (uint8_t)(n_cells ^ (n_cells - 1)), &code), PAGES_LOOSE); /* one cell less */
  assert_int_equal(code, ERR_CORRUPT);
  assert_int_equal(look_with(fact, 2, &code), PAGES_TORN); /* what kind of page it is */

  rot_write(&file);
  free(file.octets);
  fixture_open(node);
  fixture_release(&f);
}

/* A letter of a name in a definition is a capital: SQLite takes it for the same name, but could not drop the table by it, and
 * could not open the file any more once it had made it anew. */
static void no_table_is_dropped_by_another_name(void **state) {
  static const struct {
    const char *before, *name;
  } texts[] = {{"CREATE VIRTUAL TABLE ", "fulltext USING"},
               {"CREATE TABLE ", "object("},
               {"CREATE VIEW ", "fulltext_content("},
               {"CREATE INDEX ", "link_object ON"},
               {"sqlite_autoindex_facet_code_1", "facet_code"}};
  struct fixture_node *node = &f.nodes[0];
  struct scrub_state s;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  (void)fixture_publish(node, 0, NULL);
  fixture_close(node);
  rot_read(node, &file);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    char sought[100];
    (void)snprintf(sought, sizeof sought, "%s%s", texts[i].before, texts[i].name);
    uint8_t *text = memmem(file.octets, file.len, sought, strlen(sought));
    assert_non_null(text);
    uint8_t *letter = text + strlen(texts[i].before) + 2;
    *letter ^= 0x20;
    rot_write(&file);
    fixture_open(node);
    assert_int_equal(rot_scrub(node, 7, &s, &err), ERR_CORRUPT);
    assert_int_equal(derive_rebuild(node->store, &node->federation, f.schemas, NULL, NULL, &err), ERR_CORRUPT);
    fixture_close(node);
    rot_expect_unchanged(node, &file);
    *letter ^= 0x20;
  }
  rot_write(&file);
  free(file.octets);
  fixture_open(node);
  rot_expect_sound(node);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(it_is_told_how_far_rows_can_be_taken_out),
      cmocka_unit_test(no_table_is_dropped_by_another_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
