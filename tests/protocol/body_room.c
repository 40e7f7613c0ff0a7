/*
 * body_room: see body_room.h.
 */
#include "tests/protocol/body_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char THING[] = "schema 1024 thing\n"
                            "title text 1 ml P max=10\n"
                            "summary text 1 ml P|overview\n"
                            "overview text 1 ml P|summary\n"
                            "original_lang code 1 - - vocab=language\n"
                            "level code 1 - C vocab=level\n"
                            "level_note text 1 - C when=level:local\n"
                            "tags text 2..3 - C\n"
                            "day date 1 - -\n"
                            "price number 1 - - sum\n"
                            "open bool 1 - -\n"
                            "site url 1 - -\n"
                            "see ref * - -\n"
                            "notes text * ml -\n"
                            "funds group * - -\n"
                            "funds.source text 1 ml P\n"
                            "funds.amount number 1 - - sum\n"
                            "funds.words text * - -\n"
                            "geo group 1 - -\n"
                            "geo.lat number 1 - C\n"
                            "files file * - -\n"
                            "files.name text 1 ml -\n"
                            "files.blob blob 1 - -\n"
                            "books group * - -\n"
                            "books.title text 1 ml -\n"
                            "citations books\n";

int enter(void **state) {
  struct room *r = calloc(1, sizeof *r);
  struct err err = ERR_INIT;
  if (r == NULL || schema_set_new(&r->set, &err) != OK || schema_set_add(r->set, "thing", view_of_text(THING), &err) != OK ||
      schema_set_link(r->set, &err) != OK) {
    (void)fprintf(stderr, "%s\n", err.message);
    return -1;
  }
  r->schema = schema_by_kind(r->set, "thing");
  *state = r;
  return 0;
}

int leave(void **state) {
  struct room *r = *state;
  schema_set_free(r->set);
  free(r);
  return 0;
}

struct bytes encode(const struct room *r, const char *json, struct findings *findings) {
  json_error_t error;
  struct findings own = {0};
  struct err err = ERR_INIT;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  json_t *value = json_loads(json, 0, &error);
  if (value == NULL) fail_msg("%s: %s", error.text, json);
  if (body_from_json(r->schema, value, &body, findings != NULL ? findings : &own, &err) != OK) fail_msg("%s", err.message);
  json_decref(value);
  findings_release(&own);
  return body;
}

/* Whoever asks only for what refuses a body gets that of all, in the same order and words. */
static void expect_refusals_of(const struct findings *all, const struct room *r, struct view body) {
  struct findings f = {.only_refused = true};
  size_t n = 0;
  assert_int_equal(schema_check(r->schema, body, &f, NULL), OK);
  for (size_t i = 0; i < all->n; i++) {
    if (all->items[i].level != FINDING_REFUSED) continue;
    assert_true(n < f.n);
    assert_string_equal(f.items[n].field, all->items[i].field);
    assert_string_equal(f.items[n].code, all->items[i].code);
    assert_string_equal(f.items[n].message, all->items[i].message);
    n++;
  }
  if (all->n_more == 0) assert_int_equal(f.n, n);
  assert_int_equal(f.n_refused, all->n_refused);
  assert_int_equal(f.n_lacking + f.n_warnings, 0);
  findings_release(&f);
}

struct findings check_octets(const struct room *r, struct view body) {
  struct findings f = {0};
  struct err err = ERR_INIT;
  assert_int_equal(schema_check(r->schema, body, &f, &err), OK);
  expect_refusals_of(&f, r, body);
  return f;
}

const struct finding *find(const struct findings *f, const char *field, const char *code) {
  for (size_t i = 0; i < f->n; i++) {
    if (strcmp(f->items[i].field, field) == 0 && strcmp(f->items[i].code, code) == 0) return &f->items[i];
  }
  return NULL;
}

void expect_only(const struct room *r, struct view body, enum finding_level level, const char *field, const char *code) {
  struct findings f = check_octets(r, body);
  const struct finding *found = find(&f, field, code);
  if (f.n != 1 || found == NULL || found->level != level) {
    for (size_t i = 0; i < f.n; i++)
      print_message("%s %s: %s\n", f.items[i].field, f.items[i].code, f.items[i].message);
    fail_msg("expected one finding, %s of %s", code, field);
  }
  findings_release(&f);
}

void expect_json(const struct room *r, const char *json, enum finding_level level, const char *field, const char *code) {
  struct bytes body = encode(r, json, NULL);
  expect_only(r, bytes_view(&body), level, field, code);
  bytes_release(&body);
}

void expect_clean(const struct room *r, const char *json) {
  struct findings f = {0};
  struct bytes body = encode(r, json, &f);
  struct findings g = check_octets(r, bytes_view(&body));
  if (f.n + g.n > 0) fail_msg("%s: %s %s", json, f.n > 0 ? f.items[0].message : "", g.n > 0 ? g.items[0].message : "");
  findings_release(&f);
  findings_release(&g);
  bytes_release(&body);
}
