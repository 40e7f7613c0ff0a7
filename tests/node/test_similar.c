/*
 * Near duplicates: how much two objects say the same, and that they are found in the replica, whoever's they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/query_similar.h"
#include "tests/node/fixture.h"

#define TEXT_A                                                                                                                 \
  "The library lends bicycles to whoever shows its card. They were bought with what was left of the budget for furniture, "    \
  "and "                                                                                                                       \
  "are mended by pupils of the school next door on Thursdays. In the first year they went out nine hundred times, most of "    \
  "them on market days, and two were not brought back."
#define TEXT_B                                                                                                                 \
  "Whoever needs a certificate talks to a machine that asks three questions and prints it. The office keeps one window for "   \
  "those who would rather talk to a person; half of the visitors do, and the queue is shorter all the same since autumn."

static void make(struct fixture *f, const char *title, const char *text, const char *organisation, const char *country,
                 struct bytes *body) {
  json_t *json = json_pack("{s:{s:s}, s:{s:s}, s:s, s:s, s:{s:s}}", "title", "en", title, "overview", "en", text, "country",
                           country, "level", "local", "organisation", "en", organisation);
  char *dump = json_dumps(json, 0);
  bytes_init(body, LIMIT_BODY);
  fixture_body(f, "case", dump, body);
  free(dump);
  json_decref(json);
}

static struct similarity sketch_of(struct fixture *f, const char *title, const char *text, const char *organisation,
                                   const char *country) {
  struct similarity sketch;
  struct bytes body;
  make(f, title, text, organisation, country, &body);
  assert_int_equal(similarity_of(schema_by_kind(f->schemas, "case"), bytes_view(&body), &sketch, NULL), OK);
  bytes_release(&body);
  return sketch;
}

static void more_of_the_same_is_more_alike(void **state) {
  static struct fixture f;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct similarity all[] = {
      sketch_of(&f, "Bicycles of the library", TEXT_A, "City of Bra", "IT"),
      sketch_of(&f, "The library's bicycles", TEXT_A " A third was found in the canal.", "City of Bra", "IT"),
      sketch_of(&f, "Bicycles of the library", TEXT_B, "City of Cork", "IE"),
      sketch_of(&f, "A machine for certificates", TEXT_B, "City of Bra", "IT"),
      sketch_of(&f, "", "", "City of Bra", "IT"),
  };
  unsigned p[5][5];
  for (size_t i = 0; i < 5; i++) {
    for (size_t j = 0; j < 5; j++)
      p[i][j] = similarity_percent(&all[i], &all[j]);
  }
  for (size_t i = 0; i < 5; i++) {
    for (size_t j = 0; j < 5; j++)
      assert_int_equal(p[i][j], p[j][i]);
  }
  assert_int_equal(p[0][0], 100);
  assert_true(p[0][1] >= 80 && p[0][1] > p[0][2] && p[0][2] > p[0][3]);
  assert_true(p[0][2] >= SIMILARITY_TOLD);    /* the same title, and nothing else */
  assert_true(p[2][3] >= SIMILARITY_TOLD);    /* the same text */
  assert_true(p[0][3] < SIMILARITY_TOLD / 2); /* the same organisation */
  assert_int_equal(p[0][4], 0);
  for (size_t i = 0; i < 5; i++)
    similarity_release(&all[i]);
  fixture_release(&f);
}

static void a_long_text_is_known_by_a_part_of_it(void **state) {
  static struct fixture f;
  struct bytes text;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  bytes_init(&text, LIMIT_BODY);
  while (text.len < 200000)
    assert_int_equal(bytes_printf(&text, NULL, "w%lu ", (unsigned long)fixture_random(&f, 1u << 30)), OK);
  struct similarity whole = sketch_of(&f, "One", bytes_text(&text), "", "IT");
  const size_t half = text.len / 2;
  text.len = half;
  struct similarity part = sketch_of(&f, "Two", bytes_text(&text), "", "IT");
  text.len = 0;
  for (int i = 0; i < 2000; i++)
    assert_int_equal(bytes_printf(&text, NULL, "v%lu ", (unsigned long)fixture_random(&f, 1u << 30)), OK);
  struct similarity other = sketch_of(&f, "Three", bytes_text(&text), "", "IT");
  assert_true(similarity_percent(&whole, &part) >= 60);
  assert_true(similarity_percent(&whole, &other) <= 5);
  similarity_release(&whole);
  similarity_release(&part);
  similarity_release(&other);
  bytes_release(&text);
  fixture_release(&f);
}

static struct hash publish(struct fixture_node *node, const char *title, const char *text) {
  struct fixture_record record;
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 1}};
  struct bytes body;
  make(node->all, title, text, "City of Bra", "IT", &body);
  fixture_seal(node, &node->editor, h, bytes_view(&body), &record);
  assert_int_equal(fixture_admit(node, &record.item).state, RECEIPT_LOGGED);
  const struct hash id = record.id;
  bytes_release(&body);
  fixture_record_release(&record);
  return id;
}

struct found {
  char references[256];
  unsigned percent[8];
  size_t n;
};

static bool note(void *context, const struct query_row *row, unsigned percent) {
  struct found *found = context;
  const size_t used = strlen(found->references);
  (void)snprintf(found->references + used, sizeof found->references - used, "%s ", row->reference);
  found->percent[found->n++] = percent;
  return true;
}

static struct found search(struct fixture_node *node, const char *title, const char *text, struct similar_bounds bounds) {
  struct found found = {.n = 0};
  struct err err = ERR_INIT;
  struct similarity sketch = sketch_of(node->all, title, text, "City of Bra", "IT");
  if (query_similar(node->store, &node->federation, node->all->schemas, schema_by_kind(node->all->schemas, "case"), &sketch,
                    &bounds, "en", note, &found, &err) != OK) {
    fail_msg("%s", err.message);
  }
  similarity_release(&sketch);
  return found;
}

static void twins_are_found_whoever_published_them(void **state) {
  static struct fixture f;
  const struct similar_bounds none = {0, 0};
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0], *fr = &f.nodes[1];
  (void)publish(it, "Bicycles of the library", TEXT_A);
  (void)publish(fr, "A machine for certificates", TEXT_B);
  (void)publish(it, "Libraries and bicycles in the city", TEXT_A);
  for (int i = 0; i < 150; i++) {
    char title[64];
    (void)snprintf(title, sizeof title, "Another case of number %d", i);
    (void)publish(fr, title, "Some words that nobody else would want to have said in this very order.");
  }
  fixture_transfer(fr, it, 100);
  struct found found = search(it, "Bicycles of the library", TEXT_A " More.", none);
  assert_string_equal(found.references, "IT-2 IT-3 ");
  assert_true(found.percent[0] > found.percent[1] && found.percent[1] >= SIMILARITY_TOLD);
  found = search(it, "A \"machine\" for certificates* -now", TEXT_B, none);
  assert_string_equal(found.references, "FR-2 ");
  assert_int_equal(search(it, "Something else", "that was never said.", none).n, 0);
  assert_int_equal(search(it, "", "", none).n, 0);
  /* Of many alike no more than a few are told. */
  found =
      search(it, "Another case of number 7", "Some words that nobody else would want to have said in this very order.", none);
  assert_int_equal(found.n, QUERY_SIMILAR_MAX);
  /* What is not to be found. */
  struct log log;
  assert_int_equal(log_find(it->store, &it->id, 1, &log, NULL), OK);
  found = search(it, "Bicycles of the library", TEXT_A, (struct similar_bounds){.object = entry_rowid(log.no, 2)});
  assert_string_equal(found.references, "IT-3 ");
  found = search(it, "Bicycles of the library", TEXT_A, (struct similar_bounds){.from = entry_rowid(log.no, 3)});
  assert_string_equal(found.references, "IT-2 ");
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(more_of_the_same_is_more_alike),
      cmocka_unit_test(a_long_text_is_known_by_a_part_of_it),
      cmocka_unit_test(twins_are_found_whoever_published_them),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
