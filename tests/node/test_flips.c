/*
 * flips: one bit of a store's file is another one, wherever it is: whatever changes an entry is told, and so is what changes an
 * answer, which is put right. SPECOLA_SCRUB_FLIPS: how many bits are flipped one at a time (60 in the everyday run; 10 000 for
 * a release).
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/query.h"
#include "tests/node/dump.h"
#include "tests/node/rot.h"

#define N_CASES 30
#define FLIPS_EVERYDAY 60

/* All that the record says, as text. False: it cannot be read to its end. */
static bool dump_entries(struct store *s, struct bytes *out) {
  static const char sql[] =
      "SELECT id, state, hex(envelope), hex(salt), hex(body), hex(takedown) FROM entry NOT INDEXED ORDER BY id";
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(store_db(s), sql, -1, &st, NULL);
  bytes_clear(out);
  while (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    rc = SQLITE_OK;
    for (int i = 0; i < 6; i++) {
      const char *text = (const char *)sqlite3_column_text(st, i);
      assert_int_equal(bytes_printf(out, NULL, "%s|", text == NULL ? "" : text), OK);
    }
  }
  (void)sqlite3_finalize(st);
  return rc == SQLITE_DONE;
}

static bool put_row(void *context, const struct query_row *row) {
  return bytes_printf(context, NULL, "%s %" PRIu32 " %d %s %s %u %s\n", row->reference, row->versions, row->withdrawn,
                      row->handle, row->title, row->completeness, row->snippet) == OK;
}

static bool put_person(void *context, const struct query_person *p) {
  return bytes_printf(context, NULL, "%s %s %" PRIu64 " %" PRIu64 " %d\n", p->reference, p->name, p->person, p->roles,
                      p->revoked) == OK;
}

static bool put_count(void *context, const char *code, const char *label, uint64_t count) {
  (void)label;
  return bytes_printf(context, NULL, "%s %" PRIu64 "\n", code, count) == OK;
}

/* False: there is no answer, which is told to whoever asks. */
static bool put_code(enum err_code code, uint64_t n, struct bytes *out) {
  assert_int_equal(bytes_printf(out, NULL, "%d %" PRIu64 "\n", (int)code, n), OK);
  return code == OK;
}

/* What is answered to whoever asks for lists, words, titles, facets and people; every table and its full text behind it. False:
 * something is not answered. */
static bool ask(struct fixture_node *node, struct bytes *out) {
  static const struct query queries[] = {
      {.sort = SORT_NEWEST, .lang = "it"},
      {.sort = SORT_REFERENCE, .kind = "case", .lang = "it"},
      {.sort = SORT_COMPLETENESS, .lang = "en"},
      {.sort = SORT_REFERENCE, .text = "caso", .lang = "it"},
      {.sort = SORT_KIND, .kind = "case", .lang = "it", .facets = {{"level", "local"}}, .n_facets = 1}};
  struct store *s = node->store;
  const struct schema_set *set = node->all->schemas;
  json_t *figures = NULL;
  uint64_t total = 0;
  bool answered = true;
  bytes_clear(out);
  for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
    answered = put_code(query_run(s, &node->federation, set, &queries[i], put_row, out, &total, NULL), total, out) && answered;
  }
  answered = put_code(query_facet(s, &node->federation, set, &queries[1], "sector", put_count, out, NULL), 0, out) && answered;
  answered = put_code(query_people(s, &node->federation, NULL, put_person, out, NULL), 0, out) && answered;
  answered = put_code(query_figures(s, &node->federation, set, &figures, NULL), 0, out) && answered;
  char *text = figures == NULL ? NULL : json_dumps(figures, JSON_SORT_KEYS);
  answered = put_code(text == NULL ? ERR_FAILED : bytes_append_text(out, text, NULL), 0, out) && answered;
  free(text);
  json_decref(figures);
  dump_derived(node, true, out);
  return answered;
}

/* What became of a store with one bit flipped. */
enum fate { UNREADABLE, BROKE_OFF, REFUSED, ENTRY_TOLD, TABLES_TOLD, UNTOUCHED, UNSEEN, SERVED, FATES };

/* entries, answers: as they were. */
static enum fate try_flip(struct fixture_node *node, const char *entries, const char *answers) {
  struct scrub_state s = {.running = false};
  struct bytes now;
  struct err err = ERR_INIT;
  enum fate fate = UNREADABLE;
  bytes_init(&now, DUMP_MAX);
  if (fixture_try_open(node, &err) == OK) {
    const enum err_code code = rot_scrub(node, 7, &s, &err);
    const bool told = code != OK || s.found + s.milestones > 0;
    const bool whole = dump_entries(node->store, &now) && strcmp(bytes_text(&now), entries) == 0;
    fate = code != OK ? BROKE_OFF : told ? ENTRY_TOLD : !whole ? UNSEEN : s.derived ? TABLES_TOLD : UNTOUCHED;
    if (!told) {
      const bool answered = ask(node, &now);
      fate = strcmp(bytes_text(&now), answers) == 0 ? fate : answered ? SERVED : REFUSED;
    }
    if (fate == TABLES_TOLD) {
      rot_expect_sound(node); /* once is enough */
    }
    fixture_close(node);
  }
  bytes_release(&now);
  return fate;
}

/* A place in a file; used: where something stands, which pages of 16 KiB are short of in a small store. */
static size_t choose_place(struct fixture *f, const struct rot_file *file, bool used) {
  size_t at = (size_t)fixture_random(f, file->len);
  while (used && file->octets[at] == 0) {
    at = (size_t)fixture_random(f, file->len);
  }
  return at;
}

static void no_bit_that_changes_an_entry_or_an_answer_goes_unseen(void **state) {
  static struct fixture f;
  static const char *const names[FATES] = {"unreadable", "broke off", "refused", "entries",
                                           "tables",     "untouched", "unseen",  "served"};
  struct bytes entries, answers;
  struct rot_file file;
  uint64_t fates[FATES] = {0};
  const char *wish = getenv("SPECOLA_SCRUB_FLIPS");
  const long n = wish == NULL ? FLIPS_EVERYDAY : strtol(wish, NULL, 10);
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *node = &f.nodes[0];
  for (uint64_t i = 0; i < N_CASES; i++) {
    (void)fixture_publish(node, i, NULL);
  }
  bytes_init(&entries, (size_t)8 * 1024 * 1024);
  bytes_init(&answers, DUMP_MAX);
  assert_true(dump_entries(node->store, &entries));
  assert_true(ask(node, &answers));
  fixture_close(node);
  rot_read(node, &file);
  for (long i = 0; i < n; i++) {
    const size_t at = choose_place(&f, &file, i % 2 == 1);
    const uint8_t bit = (uint8_t)(1u << fixture_random(&f, 8));
    file.octets[at] ^= bit;
    rot_write(&file);
    const enum fate fate = try_flip(node, bytes_text(&entries), bytes_text(&answers));
    fates[fate]++;
    if (fate >= UNSEEN) {
      fail_msg("bit %u of octet %zu changed %s, and nobody saw it", bit, at, fate == UNSEEN ? "an entry" : "what is answered");
    }
    file.octets[at] ^= bit;
  }
  for (size_t i = 0; i < FATES; i++) {
    print_message("%s %" PRIu64 "%s", names[i], fates[i], i + 1 == FATES ? "\n" : ", ");
  }
  rot_write(&file);
  fixture_open(node);
  free(file.octets);
  bytes_release(&entries);
  bytes_release(&answers);
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(no_bit_that_changes_an_entry_or_an_answer_goes_unseen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
