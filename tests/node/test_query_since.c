/*
 * query_since: what changed since a version, in the reader's language; and of which statements it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/store/query_since.h"
#include "tests/node/own_log.h"

#define VERSIONS 4 /* of the object; entries 2 to 5 */

/* A log in IT's name, and what FR holds of it: a case in four versions, of which the third repeats the second and the last was
 * taken down. */
struct scene {
  struct fixture f;
  struct own_log log;
  struct fixture_node *fr;
  int64_t rows[VERSIONS];
};

static struct scene s;
static struct err err = ERR_INIT;

static int enter(void **state) {
  struct log log;
  struct hash ids[VERSIONS];
  static const uint64_t texts[VERSIONS] = {1, 2, 2, 3};
  (void)state;
  fixture_found(&s.f, 2, fixture_seed(), false);
  s.log.node = &s.f.nodes[0];
  s.fr = &s.f.nodes[1];
  const struct signer *editor = &s.log.node->editor;
  add_identity(&s.log);
  add_cert(&s.log, &s.log.node->node_key, &editor->pub, 1, ROLE_EDITOR);
  for (size_t i = 0; i < VERSIONS; i++)
    ids[i] = add_case(&s.log, editor, texts[i], i == 0 ? NULL : &ids[0], i == 0 ? NULL : &ids[i - 1]);
  const struct header takedown = {
      .kind = KIND_TAKEDOWN, .has_subject = true, .subject = ids[VERSIONS - 1], .n_args = 1, .args = {1}};
  add_odd(&s.log, &s.log.node->node_key, takedown, view_of(NULL, 0));
  assert_int_equal(own_carry(&s.log, s.fr->hall, 0, s.log.n, 64, NULL, &err), OK);
  assert_int_equal(log_find(s.fr->store, &s.f.nodes[0].id, 1, &log, &err), OK);
  for (size_t i = 0; i < VERSIONS; i++)
    s.rows[i] = entry_rowid(log.no, 2 + i);
  return 0;
}

static int leave(void **state) {
  (void)state;
  own_release(&s.log);
  fixture_release(&s.f);
  return 0;
}

/* What versions (from 1) differ in, as "changed Title (it)" lines; NULL: it cannot be told. */
static const char *told(size_t before, size_t after, const char *lang) {
  static char text[1024];
  json_t *out = NULL;
  size_t i;
  const json_t *change;
  assert_int_equal(query_since(s.fr->store, s.f.schemas, s.rows[before - 1], s.rows[after - 1], lang, &out, &err), OK);
  text[0] = '\0';
  json_array_foreach(out, i, change) {
    const size_t len = strlen(text);
    (void)snprintf(text + len, sizeof text - len, "%s %s\n", json_string_value(json_object_get(change, "change")),
                   json_string_value(json_object_get(change, "name")));
  }
  const bool is_told = out != NULL;
  json_decref(out);
  return is_told ? text : NULL;
}

static void what_changed_is_told_in_the_readers_language(void **state) {
  (void)state;
  assert_string_equal(told(1, 2, "en"), "changed Title (en)\nchanged Title (it)\nchanged Summary (it)\nadded Sectors\n"
                                        "removed Sectors\n");
  assert_string_equal(told(1, 3, "it"), "changed Titolo (en)\nchanged Titolo (it)\nchanged Sintesi (it)\nadded Settori\n"
                                        "removed Settori\n");
}

static void the_same_text_again_is_no_change(void **state) {
  (void)state;
  assert_string_equal(told(2, 3, "en"), "");
}

static void nothing_is_told_of_a_text_that_is_not_here(void **state) {
  json_t *out = NULL;
  (void)state;
  assert_null(told(1, 4, "en"));
  assert_null(told(4, 1, "en"));
  assert_int_equal(query_since(s.fr->store, s.f.schemas, 12345, s.rows[0], "en", &out, &err), ERR_NOT_FOUND);
  assert_null(out);
  err_clear(&err);
}

/* ---- of what is endorsed ---- */

/* What query_since_put makes of statements "version met" of an object of the first n versions: how many changes a statement
 * tells, '-' where it tells none. */
static const char *put(const char *state, const char *statements, size_t n) {
  static char text[16];
  json_t *versions = json_array(), *list = json_array(), *statement;
  json_t *endorsement = json_pack("{s:s, s:o}", "state", state, "statements", list);
  size_t i;
  for (i = 0; i < n; i++)
    assert_int_equal(json_array_append_new(versions, json_pack("{s:I}", "rowid", (json_int_t)s.rows[i])), 0);
  for (const char *p = statements; *p != '\0'; p += 2)
    assert_int_equal(json_array_append_new(list, json_pack("{s:i, s:b}", "version", p[0] - '0', "met", p[1] == '+')), 0);
  assert_int_equal(query_since_put(s.fr->store, s.f.schemas, versions, endorsement, "en", &err), OK);
  json_array_foreach(list, i, statement) {
    const json_t *since = json_object_get(statement, "since");
    text[i] = since == NULL ? '-' : (char)('0' + json_array_size(since));
  }
  text[i] = '\0';
  json_decref(endorsement);
  json_decref(versions);
  return text;
}

static void it_is_told_of_the_newest_version_that_is_endorsed(void **state) {
  (void)state;
  assert_string_equal(put("earlier", "2-1+", 2), "-5");
  assert_string_equal(put("earlier", "3-2+2-2+1+", 3), "-0-0-"); /* two policies */
  assert_string_equal(put("current", "2+1+", 2), "--");
  assert_string_equal(put("none", "2-1-", 2), "--");
}

static void it_is_not_told_where_it_cannot_be(void **state) {
  (void)state;
  assert_string_equal(put("earlier", "4-1+", 4), "--"); /* the newest text is not here */
  assert_string_equal(put("earlier", "2-9+", 2), "--");
  assert_string_equal(put("earlier", "", 0), "");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_changed_is_told_in_the_readers_language),
      cmocka_unit_test(the_same_text_again_is_no_change),
      cmocka_unit_test(nothing_is_told_of_a_text_that_is_not_here),
      cmocka_unit_test(it_is_told_of_the_newest_version_that_is_endorsed),
      cmocka_unit_test(it_is_not_told_where_it_cannot_be),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
