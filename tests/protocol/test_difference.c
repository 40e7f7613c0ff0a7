/*
 * Differences of two versions: languages, lists, rows that moved, what is said to be unknown, keys that nobody knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/schema/difference.h"

static const char THING[] = "schema 1024 thing\n"
                            "title text 1 ml P max=100\n"
                            "original_lang code 1 - - vocab=language\n"
                            "tags text 1..5 - -\n"
                            "day date 1 - -\n"
                            "funds group * - -\n"
                            "funds.source text 1 ml -\n"
                            "funds.amount number 1 - -\n"
                            "geo group 1 - -\n"
                            "geo.lat number 1 - -\n";

static int enter(void **state) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  if (schema_set_new(&set, &err) != OK || schema_set_add(set, "thing", view_of_text(THING), &err) != OK ||
      schema_set_link(set, &err) != OK) {
    (void)fprintf(stderr, "%s\n", err.message);
    return -1;
  }
  *state = set;
  return 0;
}

static int leave(void **state) {
  schema_set_free(*state);
  return 0;
}

static json_t *parsed(const char *text) {
  json_t *json = json_loads(text, 0, NULL);
  assert_non_null(json);
  return json;
}

/* Asserts what two bodies differ in. Apostrophes stand for quotes in all three. */
static void differ(void **state, const char *before, const char *after, const char *wanted) {
  struct err err = ERR_INIT;
  char texts[3][512];
  const char *given[3] = {before, after, wanted};
  json_t *json[3];
  json_t *found = NULL;
  for (size_t i = 0; i < 3; i++) {
    (void)snprintf(texts[i], sizeof texts[i], "%s", given[i]);
    for (char *p = texts[i]; *p != '\0'; p++) {
      *p = *p == '\'' ? '"' : *p;
    }
    json[i] = parsed(texts[i]);
  }
  assert_int_equal(difference(schema_by_kind(*state, "thing"), json[0], json[1], &found, &err), OK);
  char *said = json_dumps(found, JSON_COMPACT);
  char *asked = json_dumps(json[2], JSON_COMPACT);
  assert_string_equal(said, asked);
  free(said);
  free(asked);
  json_decref(found);
  for (size_t i = 0; i < 3; i++) {
    json_decref(json[i]);
  }
}

static void equal_bodies_differ_in_nothing(void **state) {
  differ(state, "{'title':{'it':'A'},'tags':['x']}", "{'tags':['x'],'title':{'it':'A'}}", "[]");
}

static void each_language_is_told_by_itself(void **state) {
  differ(state, "{'title':{'en':'A','it':'B','fr':'C'}}", "{'title':{'en':'A','it':'D','de':'E'}}",
         "[{'field':'title','change':'changed','tag':'it','before':'B','after':'D'},"
         "{'field':'title','change':'removed','tag':'fr','before':'C'},"
         "{'field':'title','change':'added','tag':'de','after':'E'}]");
}

static void elements_of_lists_come_and_go(void **state) {
  differ(state, "{'tags':['x','y']}", "{'tags':['y','z']}",
         "[{'field':'tags','change':'removed','before':'x'},{'field':'tags','change':'added','after':'z'}]");
  differ(state, "{'day':'2020'}", "{'tags':['z'],'day':'2021'}",
         "[{'field':'tags','change':'added','after':'z'},"
         "{'field':'day','change':'changed','before':'2020','after':'2021'}]");
}

static void another_order_is_one_change(void **state) {
  differ(state, "{'tags':['x','y']}", "{'tags':['y','x']}",
         "[{'field':'tags','change':'changed','before':['x','y'],'after':['y','x']}]");
}

static void a_row_in_between_moves_no_other(void **state) {
  differ(state, "{'funds':[{'amount':'1'},{'amount':'2'}]}", "{'funds':[{'amount':'1'},{'amount':'3'},{'amount':'2'}]}",
         "[{'field':'funds','change':'added','row':2,'after':{'amount':'3'}}]");
  differ(state, "{'funds':[{'amount':'1'},{'amount':'2'}]}", "{'funds':[{'amount':'2'}]}",
         "[{'field':'funds','change':'removed','row':1,'before':{'amount':'1'}}]");
}

static void an_edited_row_is_told_by_its_fields(void **state) {
  differ(state, "{'funds':[{'amount':'1'},{'amount':'2','source':{'it':'A'}}]}",
         "{'funds':[{'amount':'1'},{'amount':'5','source':{'it':'A'}}]}",
         "[{'field':'funds.amount','change':'changed','row':2,'before':'2','after':'5'}]");
  differ(state, "{'geo':[{'lat':'1'}]}", "{'geo':[{'lat':'2'}]}",
         "[{'field':'geo.lat','change':'changed','row':1,'before':'1','after':'2'}]");
}

static void not_yet_known_is_a_value(void **state) {
  differ(state, "{'_unknown':['day','funds']}", "{'day':'2020','_na':['funds']}",
         "[{'field':'day','change':'changed','before':{'_unknown':true},'after':'2020'},"
         "{'field':'funds','change':'changed','before':{'_unknown':true},'after':{'_na':true}}]");
}

static void keys_of_no_schema_are_compared_too(void **state) {
  differ(state, "{'zeta':'1','beta':'2'}", "{'zeta':'3','eta':['4']}",
         "[{'field':'zeta','change':'changed','before':'1','after':'3'},"
         "{'field':'beta','change':'removed','before':'2'},{'field':'eta','change':'added','after':'4'}]");
}

/* Asserts what is told in brief, "change name field" a line. */
static void brief(void **state, const char *before, const char *after, const char *wanted) {
  struct err err = ERR_INIT;
  const struct schema *thing = schema_by_kind(*state, "thing");
  json_t *old = parsed(before), *new = parsed(after), *changes = NULL, *out = NULL;
  char text[512] = "";
  size_t i;
  const json_t *change;
  assert_int_equal(difference(thing, old, new, &changes, &err), OK);
  assert_int_equal(difference_brief(thing, changes, "en", &out, &err), OK);
  json_array_foreach(out, i, change) {
    const size_t len = strlen(text);
    (void)snprintf(text + len, sizeof text - len, "%s [%s] %s%s\n", json_string_value(json_object_get(change, "change")),
                   json_string_value(json_object_get(change, "name")), json_string_value(json_object_get(change, "field")),
                   json_object_get(change, "row") != NULL   ? " row"
                   : json_object_get(change, "tag") != NULL ? " tag"
                                                            : "");
  }
  assert_string_equal(text, wanted);
  json_decref(out);
  json_decref(changes);
  json_decref(old);
  json_decref(new);
}

static void in_brief_a_row_and_a_list_are_told_once(void **state) {
  brief(state,
        "{\"tags\":[\"x\"],\"title\":{\"it\":\"A\"},\"funds\":[{\"amount\":\"1\",\"source\":{\"it\":\"A\",\"en\":\"B\"}}]}",
        "{\"tags\":[\"x\",\"y\",\"z\"],\"title\":{\"it\":\"B\",\"en\":\"C\"},"
        "\"funds\":[{\"amount\":\"2\",\"source\":{\"it\":\"C\",\"en\":\"D\"}},{\"amount\":\"3\"}]}",
        "changed [title (it)] title tag\nchanged [funds 1] funds row\nadded [title (en)] title tag\nadded [tags] tags\n"
        "added [funds 2] funds row\n");
}

static void in_brief_a_key_of_no_schema_has_its_own_name(void **state) {
  brief(state, "{\"<b>\":\"1\",\"\u00e9ta\":\"2\"}", "{\"<b>\":\"2\"}", "changed [<b>] <b>\nremoved [\u00e9ta] \u00e9ta\n");
  brief(state, "{\"day\":\"1\"}", "{\"day\":\"1\"}", "");
}

static void what_is_no_map_is_refused(void **state) {
  struct err err = ERR_INIT;
  json_t *list = json_array();
  json_t *map = json_object();
  json_t *out = NULL;
  (void)state;
  assert_int_equal(difference(NULL, list, map, &out, &err), ERR_FORMAT);
  assert_int_equal(difference(NULL, map, NULL, &out, &err), ERR_FORMAT);
  assert_null(out);
  json_decref(list);
  json_decref(map);
}

/* Whatever two lists of rows there are: as many rows come as go, but for the difference of their lengths. */
static void rows_add_up(void **state) {
  const unsigned seed = 20261122;
  unsigned x = seed;
  print_message("seed %u\n", seed);
  for (int round = 0; round < 300; round++) {
    struct err err = ERR_INIT;
    json_t *json[2];
    size_t n[2];
    json_t *found = NULL;
    for (size_t i = 0; i < 2; i++) {
      json_t *rows = json_array();
      x = x * 1664525u + 1013904223u;
      n[i] = 1 + (x >> 16) % 6;
      for (size_t k = 0; k < n[i]; k++) {
        x = x * 1664525u + 1013904223u;
        assert_int_equal(json_array_append_new(rows, json_pack("{s:s}", "amount", &"0\0001\0002\0003"[2 * ((x >> 16) % 4)])),
                         0);
      }
      json[i] = json_pack("{s:o}", "funds", rows);
    }
    assert_int_equal(difference(schema_by_kind(*state, "thing"), json[0], json[1], &found, &err), OK);
    size_t i;
    json_t *change;
    int balance = 0;
    json_array_foreach(found, i, change) {
      const char *word = json_string_value(json_object_get(change, "change"));
      balance += strcmp(word, "added") == 0 ? 1 : strcmp(word, "removed") == 0 ? -1 : 0;
    }
    assert_int_equal((int)n[0] + balance, (int)n[1]);
    assert_int_equal(json_array_size(found) == 0, json_equal(json[0], json[1]));
    json_decref(found);
    json_decref(json[0]);
    json_decref(json[1]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(equal_bodies_differ_in_nothing),
      cmocka_unit_test(each_language_is_told_by_itself),
      cmocka_unit_test(elements_of_lists_come_and_go),
      cmocka_unit_test(another_order_is_one_change),
      cmocka_unit_test(a_row_in_between_moves_no_other),
      cmocka_unit_test(an_edited_row_is_told_by_its_fields),
      cmocka_unit_test(not_yet_known_is_a_value),
      cmocka_unit_test(keys_of_no_schema_are_compared_too),
      cmocka_unit_test(what_is_no_map_is_refused),
      cmocka_unit_test(rows_add_up),
      cmocka_unit_test(in_brief_a_row_and_a_list_are_told_once),
      cmocka_unit_test(in_brief_a_key_of_no_schema_has_its_own_name),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
