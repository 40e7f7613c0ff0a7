/*
 * Labels: whatever kind or vocabulary this build embeds is named, explained and exemplified in English and Italian, and the
 * examples of a kind, put together, are a draft that can be published. The rule is that of docs/schema.md 2.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "protocol/schema/draft.h"
#include "protocol/schema/embedded.h"

static const char *const LANGS[] = {"en", "it"};
#define N_LANGS (sizeof LANGS / sizeof LANGS[0])

static int enter(void **state) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  const enum err_code code = schema_set_new(&set, &err);
  if (code != OK) (void)fprintf(stderr, "%s\n", err.message);
  *state = set;
  return code == OK ? 0 : -1;
}

static int leave(void **state) {
  schema_set_free(*state);
  return 0;
}

/* The labels of a kind as they are embedded, without the fallbacks of schema_label. */
static struct tsv table_of(const char *name) {
  struct err err = ERR_INIT;
  struct tsv table = {.pool = NULL};
  const struct embedded_file *f = embedded_files;
  while (f->name != NULL && strcmp(f->name, name) != 0)
    f++;
  if (f->name == NULL) fail_msg("there is no %s", name);
  if (tsv_parse(name, view_of(f->p, f->len), strncmp(name, "vocab/", 6) == 0 ? "code" : "key", &table, &err) != OK) {
    fail_msg("%s", err.message);
  }
  return table;
}

static struct tsv labels_of(const struct schema *schema) {
  char name[64];
  (void)snprintf(name, sizeof name, "%s.tsv", schema->kind);
  return table_of(name);
}

/* The cell of a row in the column prefix + lang; "" where there is none. */
static const char *cell(const struct tsv *t, const char *key, const char *prefix, const char *lang) {
  char column[32];
  (void)snprintf(column, sizeof column, "%s%s", prefix, lang);
  const int c = tsv_column(t, column);
  const int64_t row = tsv_find(t, view_of_text(key));
  return c < 0 || row < 0 ? "" : tsv_cell(t, (uint32_t)row, (uint32_t)c);
}

static void expect_cells(const struct tsv *t, const char *kind, const char *key, bool help, bool example) {
  for (size_t i = 0; i < N_LANGS; i++) {
    if (cell(t, key, "label.", LANGS[i])[0] == '\0') fail_msg("%s: %s has no label.%s", kind, key, LANGS[i]);
    if ((cell(t, key, "help.", LANGS[i])[0] != '\0') != help) {
      fail_msg("%s: %s %s help.%s", kind, key, help ? "has no" : "needs no", LANGS[i]);
    }
    if ((cell(t, key, "example.", LANGS[i])[0] != '\0') != example) {
      fail_msg("%s: %s %s example.%s", kind, key, example ? "has no" : "needs no", LANGS[i]);
    }
  }
}

/* Counts the rows that a field makes necessary, and looks at each. */
static uint32_t expect_field(const struct tsv *t, const char *kind, const struct field *f) {
  char key[FIELD_KEY_MAX + 16];
  uint32_t n = 1;
  expect_cells(t, kind, f->key, true, f->n_children == 0 && f->type != FIELD_BLOB);
  if (f->heading) {
    (void)snprintf(key, sizeof key, "@heading.%s", f->key);
    expect_cells(t, kind, key, true, false);
    n++;
  }
  if (f->inverse[0] != '\0') {
    (void)snprintf(key, sizeof key, "@inverse.%s", f->inverse);
    expect_cells(t, kind, key, true, false);
    n++;
  }
  for (size_t i = 0; i < f->n_children; i++)
    n += expect_field(t, kind, &f->children[i]); // NOLINT(misc-no-recursion)
  return n;
}

static void every_field_heading_inverse_and_kind_is_named_and_explained(void **state) {
  const struct schema_set *set = *state;
  assert_true(schema_set_count(set) > 0);
  for (size_t i = 0; i < schema_set_count(set); i++) {
    const struct schema *schema = schema_set_at(set, i);
    struct tsv t = labels_of(schema);
    uint32_t n = 2;
    expect_cells(&t, schema->kind, "@kind", true, false);
    expect_cells(&t, schema->kind, "@kinds", false, false);
    for (size_t k = 0; k < schema->n_fields; k++)
      n += expect_field(&t, schema->kind, &schema->fields[k]);
    if (t.n_rows != n) fail_msg("%s.tsv has %u rows, and %u are of use", schema->kind, t.n_rows, n);
    tsv_release(&t);
  }
}

/* ---- examples ---- */

struct specimen {
  const struct schema *schema;
  const struct tsv *table;
  const char *lang;
  char text[LIMIT_DRAFT];
  size_t len;
};

static void add(struct specimen *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct specimen *s, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(s->text + s->len, sizeof s->text - s->len, format, args);
  va_end(args);
  assert_true(n > 0 && (size_t)n < sizeof s->text - s->len);
  s->len += (size_t)n;
}

static void add_field(struct specimen *s, const struct field *f) {
  const char *dot = f->ml ? "." : "";
  const char *tag = f->ml ? s->lang : "";
  if (f->type == FIELD_BLOB) return;
  for (size_t i = 0; i < f->n_children; i++)
    add_field(s, &f->children[i]); // NOLINT(misc-no-recursion)
  if (f->n_children > 0) return;
  if (f->parent != NULL) {
    add(s, "%s%s.%s%s%s:", f->parent->key, f->parent->many ? ".1" : "", f->name, dot, tag);
  } else {
    add(s, "%s%s%s:", f->key, dot, tag);
  }
  add(s, "%s%s\n", f->many ? "\n- " : " ", cell(s->table, f->key, "example.", s->lang));
}

static void expect_publishable(const struct schema_set *set, struct specimen *s) {
  struct err err = ERR_INIT;
  struct findings findings = {.items = NULL};
  const struct schema *found = NULL;
  json_t *json = NULL;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  if (draft_read(set, view_of(s->text, s->len), s->lang, &found, &json, &err) != OK) fail_msg("%s\n%s", err.message, s->text);
  assert_int_equal(body_from_json(found, json, &body, &findings, &err), OK);
  assert_int_equal(schema_check(found, bytes_view(&body), &findings, &err), OK);
  for (size_t i = 0; i < findings.n; i++) {
    if (strcmp(findings.items[i].code, "few") != 0) {
      fail_msg("%s, %s: %s: %s", found->kind, s->lang, findings.items[i].field, findings.items[i].message);
    }
  }
  findings_release(&findings);
  bytes_release(&body);
  json_decref(json);
}

static void the_examples_of_a_kind_are_a_draft_without_a_finding(void **state) {
  const struct schema_set *set = *state;
  struct specimen *s = malloc(sizeof *s);
  assert_non_null(s);
  for (size_t i = 0; i < schema_set_count(set) * N_LANGS; i++) {
    s->schema = schema_set_at(set, i / N_LANGS);
    s->lang = LANGS[i % N_LANGS];
    s->len = 0;
    struct tsv t = labels_of(s->schema);
    s->table = &t;
    add(s, "specola-draft 1 %s\n", s->schema->kind);
    for (size_t k = 0; k < s->schema->n_fields; k++)
      add_field(s, &s->schema->fields[k]);
    expect_publishable(set, s);
    tsv_release(&t);
  }
  free(s);
}

/* ---- vocabularies ---- */

static void every_code_has_a_name_in_english_and_italian(void **state) {
  (void)state;
  size_t n = 0;
  for (const struct embedded_file *f = embedded_files; f->name != NULL; f++) {
    if (strncmp(f->name, "vocab/", 6) != 0) continue;
    struct tsv t = table_of(f->name);
    const int en = tsv_column(&t, "en"), it = tsv_column(&t, "it");
    assert_true(en >= 0 && it >= 0 && t.n_rows > 0);
    for (uint32_t row = 0; row < t.n_rows; row++) {
      if (tsv_cell(&t, row, (uint32_t)en)[0] == '\0' || tsv_cell(&t, row, (uint32_t)it)[0] == '\0') {
        fail_msg("%s: line %u lacks a name", f->name, row + 2);
      }
    }
    tsv_release(&t);
    n++;
  }
  assert_true(n > 0);
}

/* Two codes of one name cannot be told apart by whoever chooses from a list. */
static void no_two_codes_of_a_vocabulary_have_one_name(void **state) {
  (void)state;
  for (const struct embedded_file *f = embedded_files; f->name != NULL; f++) {
    if (strncmp(f->name, "vocab/", 6) != 0) continue;
    struct tsv t = table_of(f->name);
    for (size_t l = 0; l < N_LANGS; l++) {
      const uint32_t column = (uint32_t)tsv_column(&t, LANGS[l]);
      for (uint32_t a = 0; a < t.n_rows; a++) {
        for (uint32_t b = 0; b < a; b++) {
          if (strcmp(tsv_cell(&t, a, column), tsv_cell(&t, b, column)) == 0) {
            fail_msg("%s: two codes are called '%s'", f->name, tsv_cell(&t, a, column));
          }
        }
      }
    }
    tsv_release(&t);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(every_field_heading_inverse_and_kind_is_named_and_explained, enter, leave),
      cmocka_unit_test_setup_teardown(the_examples_of_a_kind_are_a_draft_without_a_finding, enter, leave),
      cmocka_unit_test(every_code_has_a_name_in_english_and_italian),
      cmocka_unit_test(no_two_codes_of_a_vocabulary_have_one_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
