/*
 * test_body: JSON to octets and back, lookups, walks and sums.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/protocol/body_room.h"

/* ---- JSON ---- */

static void json_is_brought_into_canonical_form(void **state) {
  const struct room *r = *state;
  struct findings f = {0};
  struct bytes body =
      encode(r,
             "{\"title\":{\"IT\":\"citta\u0300  \"},\"price\":7,\"day\":2024,\"tags\":[\"\",null,\"b\"],\"open\":false,"
             "\"geo\":{},\"level\":null,\"_na\":[\"tags\",\"geo\",\"geo\"],\"see\":[\"" ID "\"]}",
             &f);
  json_t *json = NULL;
  assert_int_equal(f.n, 0);
  assert_int_equal(canon_check(bytes_view(&body), "body", NULL), OK);
  assert_int_equal(body_to_json(r->schema, bytes_view(&body), &json, NULL), OK);
  char *text = json_dumps(json, JSON_COMPACT);
  assert_string_equal(text, "{\"_na\":[\"geo\",\"tags\"],\"day\":\"2024\",\"see\":[\"" ID "\"],\"open\":false,\"tags\":[\"b\"],"
                            "\"price\":\"7\",\"title\":{\"it\":\"citt\u00e0\"}}");
  free(text);
  json_decref(json);
  bytes_release(&body);
}

static void what_cannot_be_encoded_is_told_and_left_out(void **state) {
  static const struct {
    const char *json, *field, *code;
  } bad[] = {{"{\"title\":\"x\"}", "title", "type"},
             {"{\"title\":{\"Italian\":\"x\"}}", "title", "tag"},
             {"{\"title\":{\"it\":[]}}", "title", "type"},
             {"{\"title\":{\"it\":\"a\",\"IT\":\"b\"}}", "title", "tag"},
             {"{\"tags\":\"x\"}", "tags", "type"},
             {"{\"open\":\"true\"}", "open", "type"},
             {"{\"see\":[\"abc\"]}", "see", "type"},
             {"{\"geo\":[]}", "geo", "type"},
             {"{\"price\":{}}", "price", "type"},
             {"{\"price\":1e300}", "price", "type"},
             {"{\"level\":true}", "level", "type"},
             {"{\"level\":\"a\\u0007b\"}", "level", "format"},
             {"{\"_na\":\"tags\"}", "_na", "type"},
             {"{\"ke y\":\"x\"}", "", "type"},
             {"[]", "", "type"}};
  const struct room *r = *state;
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct findings f = {0};
    struct bytes body = encode(r, bad[i].json, &f);
    const struct finding *found = find(&f, bad[i].field, bad[i].code);
    if (f.n != 1 || found == NULL || found->level != FINDING_REFUSED) {
      fail_msg("%s: %zu findings, first %s %s", bad[i].json, f.n, f.n > 0 ? f.items[0].field : "",
               f.n > 0 ? f.items[0].code : "");
    }
    assert_int_equal(canon_check(bytes_view(&body), "body", NULL), OK);
    findings_release(&f);
    bytes_release(&body);
  }
}

static void bodies_have_a_ceiling(void **state) {
  const struct room *r = *state;
  struct findings f = {0};
  struct err err = ERR_INIT;
  struct bytes body;
  bytes_init(&body, 2 * (size_t)LIMIT_BODY);
  char *text = malloc(LIMIT_BODY + 1);
  assert_non_null(text);
  memset(text, 'a', LIMIT_BODY);
  text[LIMIT_BODY] = '\0';
  json_t *json = json_pack("{s:{s:s}}", "title", "it", text);
  assert_int_equal(body_from_json(r->schema, json, &body, &f, &err), ERR_LIMIT);
  assert_int_equal(body.len, 0);
  json_decref(json);
  free(text);
  findings_release(&f);
}

static void unknown_keys_are_kept(void **state) {
  const struct room *r = *state;
  static const char json[] = "{\"a\":\"x\",\"b\":{\"c\":[\"y\",{\"d\":true}]},\"title\":{\"it\":\"t\"}}";
  for (int with = 0; with < 2; with++) {
    const struct room other = {.schema = with == 1 ? r->schema : NULL};
    struct bytes body = encode(&other, json, NULL);
    json_t *back = NULL;
    assert_int_equal(body_to_json(other.schema, bytes_view(&body), &back, NULL), OK);
    char *text = json_dumps(back, JSON_COMPACT);
    assert_string_equal(text, json);
    free(text);
    json_decref(back);
    bytes_release(&body);
  }
}

static void refuses_to_show_what_is_no_body(void **state) {
  const struct room *r = *state;
  json_t *json = NULL;
  assert_int_equal(body_to_json(r->schema, view_of("\xa1x", 2), &json, NULL), ERR_FORMAT);
  assert_int_equal(body_to_json(r->schema, view_of("\x81", 1), &json, NULL), ERR_FORMAT);
  assert_null(json);
}

/* ---- lookups, walks, sums ---- */

static void texts_are_found_in_the_reader_s_language_then_the_original(void **state) {
  const struct room *r = *state;
  struct bytes body = encode(
      r, "{\"original_lang\":\"it\",\"title\":{\"en\":\"House\",\"it\":\"Casa\",\"bg\":\"Kashta\"},\"tags\":[\"x\",\"y\"]}",
      NULL);
  struct view text, tag;
  assert_true(body_text(r->schema, bytes_view(&body), "title", "en", &text, &tag));
  assert_true(view_is_text(text, "House") && view_is_text(tag, "en"));
  assert_true(body_text(r->schema, bytes_view(&body), "title", "en-GB", &text, &tag));
  assert_true(view_is_text(text, "House"));
  assert_true(body_text(r->schema, bytes_view(&body), "title", "fi", &text, &tag));
  assert_true(view_is_text(text, "Casa") && view_is_text(tag, "it"));
  assert_true(body_text(r->schema, bytes_view(&body), "original_lang", NULL, &text, NULL));
  assert_true(view_is_text(text, "it"));
  assert_true(body_text(r->schema, bytes_view(&body), "tags", NULL, &text, NULL));
  assert_true(view_is_text(text, "x"));
  assert_false(body_text(r->schema, bytes_view(&body), "summary", "it", &text, NULL));
  assert_false(body_text(r->schema, bytes_view(&body), "nothing", "it", &text, NULL));
  bytes_release(&body);
  body = encode(r, "{\"title\":{\"en\":\"House\",\"bg\":\"Kashta\"}}", NULL);
  assert_true(body_text(r->schema, bytes_view(&body), "title", "fi", &text, NULL));
  assert_true(view_is_text(text, "Kashta"));
  bytes_release(&body);
}

struct log {
  char text[1024];
  size_t left; /* values until the walk is stopped */
};

static bool log_value(void *context, const struct body_value *v) {
  struct log *log = context;
  const size_t used = strlen(log->text);
  (void)snprintf(log->text + used, sizeof log->text - used, "%s/%.*s/%u/%u/%.*s/%.*s\n", v->field != NULL ? v->field->key : "?",
                 (int)v->key.len, (const char *)v->key.p, v->row, v->item, (int)v->tag.len, (const char *)v->tag.p,
                 v->type == CANON_STR ? (int)v->value.len : 1,
                 v->type == CANON_STR   ? (const char *)v->value.p
                 : v->type == CANON_BIN ? "B"
                 : v->value.p[0] == 1   ? "T"
                                        : "F");
  return --log->left > 0;
}

static void a_walk_visits_every_scalar_in_schema_order(void **state) {
  const struct room *r = *state;
  struct log log = {.left = 100};
  struct bytes body = encode(r,
                             "{\"zz\":[\"u\",{\"k\":true}],\"open\":true,\"see\":[\"" ID
                             "\"],\"notes\":[{\"it\":\"a\"},{\"en\":\"b\",\"it\":\"c\"}],"
                             "\"title\":{\"it\":\"t\"},\"funds\":[{\"amount\":\"1\",\"words\":[\"w\",\"x\"]},{\"source\":{"
                             "\"it\":\"s\"},\"odd\":\"o\"}]}",
                             NULL);
  assert_int_equal(body_walk(r->schema, bytes_view(&body), log_value, &log, NULL), OK);
  assert_string_equal(log.text,
                      "title/title/0/0/it/t\nopen/open/0/0//T\nsee/see/0/0//B\nnotes/notes/0/0/it/a\nnotes/notes/1/0/en/b\n"
                      "notes/notes/1/0/it/c\nfunds.amount/funds/0/0//1\nfunds.words/funds/0/0//w\nfunds.words/funds/0/1//x\n"
                      "funds.source/funds/1/0/it/s\n?/funds/1/0//o\n?/zz/0/0//u\n?/zz/1/0//T\n");
  log = (struct log){.left = 2};
  assert_int_equal(body_walk(r->schema, bytes_view(&body), log_value, &log, NULL), OK);
  assert_string_equal(log.text, "title/title/0/0/it/t\nopen/open/0/0//T\n");
  bytes_release(&body);
  assert_int_equal(body_walk(r->schema, view_of("\x81", 1), log_value, &log, NULL), ERR_FORMAT);
}

static void sums_are_exact(void **state) {
  static const struct {
    const char *json, *sum;
  } cases[] = {{"{\"funds\":[{\"amount\":\"0.1\"},{\"amount\":\"0.2\"}]}", "0.3"},
               {"{\"funds\":[{\"amount\":\"999999999999.999999\"},{\"amount\":\"0.000001\"}]}", "1000000000000"},
               {"{\"funds\":[{\"amount\":\"-5\"},{\"amount\":\"5\"}]}", "0"},
               {"{\"funds\":[{\"amount\":\"-0.5\"},{\"source\":{\"it\":\"x\"}}]}", "-0.5"},
               {"{\"funds\":[{\"amount\":\"999999999999999999\"},{\"amount\":\"999999999999999999\"},{\"amount\":\"0.5\"}]}",
                "1999999999999999998.5"},
               {"{\"funds\":[{\"source\":{\"it\":\"x\"}}]}", NULL},
               {"{\"funds\":[{\"amount\":\"1\"},{\"amount\":\"1,5\"}]}", NULL}};
  const struct room *r = *state;
  const struct field *amount = schema_field(r->schema, view_of_text("funds.amount"));
  char out[32];
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    struct bytes body = encode(r, cases[i].json, NULL);
    const bool found = body_sum(r->schema, bytes_view(&body), amount, out);
    if (found != (cases[i].sum != NULL) || (found && strcmp(out, cases[i].sum) != 0)) fail_msg("%s: %s", cases[i].json, out);
    bytes_release(&body);
  }
  struct bytes body = encode(r, "{\"price\":12.5}", NULL);
  assert_true(body_sum(r->schema, bytes_view(&body), schema_field(r->schema, view_of_text("price")), out));
  assert_string_equal(out, "12.5");
  bytes_release(&body);
}

/* ---- property: octets -> JSON -> octets ---- */

static uint64_t seed;

static uint32_t dice(uint32_t sides) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % sides;
}

static json_t *random_text(void) {
  static const char *const words[] = {"a", "\u00e8", "\n", " ", "#", "\\", "-", "?", "## x", "\u4e2d", "e\u0301", ":", "\t"};
  char text[256] = "x";
  size_t used = 1;
  for (uint32_t i = 0, n = dice(12); i < n; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s", words[dice(sizeof words / sizeof words[0])]);
  }
  return json_string(text);
}

static json_t *random_object(int depth) {
  static const char *const keys[] = {"title",  "summary", "tags", "geo", "it",  "en",  "amount",
                                     "source", "funds",   "open", "zz",  "see", "lat", "notes"};
  json_t *out = json_object();
  for (uint32_t i = 0, n = dice(6); i < n; i++) {
    const char *key = keys[dice(sizeof keys / sizeof keys[0])];
    const uint32_t kind = dice(depth > 3 ? 4 : 6);
    json_t *value = kind < 2 ? random_text() : kind == 2 ? json_integer(dice(1000)) : kind == 3 ? json_boolean(dice(2)) : NULL;
    if (kind == 4) value = random_object(depth + 1);
    if (kind == 5) {
      value = json_array();
      for (uint32_t j = 0, m = dice(4); j < m; j++)
        json_array_append_new(value, dice(2) ? random_text() : random_object(depth + 1));
    }
    json_object_set_new(out, key, value);
  }
  return out;
}

static void any_json_becomes_a_body_that_json_gives_back(void **state) {
  const struct room *r = *state;
  const char *given = getenv("SPECOLA_SEED");
  seed = given != NULL ? strtoull(given, NULL, 10) : 20260101;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (int i = 0; i < 3000; i++) {
    struct findings f = {0};
    struct bytes first, second;
    json_t *json = random_object(0), *back = NULL;
    bytes_init(&first, LIMIT_BODY);
    bytes_init(&second, LIMIT_BODY);
    assert_int_equal(body_from_json(r->schema, json, &first, &f, NULL), OK);
    assert_int_equal(canon_check(bytes_view(&first), "body", NULL), OK);
    assert_int_equal(body_to_json(r->schema, bytes_view(&first), &back, NULL), OK);
    findings_release(&f);
    assert_int_equal(body_from_json(r->schema, back, &second, &f, NULL), OK);
    if (f.n > 0 || !view_equal(bytes_view(&first), bytes_view(&second))) fail_msg("run %d differs", i);
    assert_int_equal(schema_check(r->schema, bytes_view(&first), &f, NULL), OK);
    for (size_t k = 0; k < f.n; k++) { /* what our own tools write is never of a wrong shape */
      if (strcmp(f.items[k].code, "format") == 0 || strcmp(f.items[k].code, "type") == 0)
        fail_msg("run %d: %s", i, f.items[k].message);
    }
    findings_release(&f);
    bytes_release(&first);
    bytes_release(&second);
    json_decref(json);
    json_decref(back);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BODY_TEST(json_is_brought_into_canonical_form),
      BODY_TEST(what_cannot_be_encoded_is_told_and_left_out),
      BODY_TEST(bodies_have_a_ceiling),
      BODY_TEST(unknown_keys_are_kept),
      BODY_TEST(refuses_to_show_what_is_no_body),
      BODY_TEST(texts_are_found_in_the_reader_s_language_then_the_original),
      BODY_TEST(a_walk_visits_every_scalar_in_schema_order),
      BODY_TEST(sums_are_exact),
      BODY_TEST(any_json_becomes_a_body_that_json_gives_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
