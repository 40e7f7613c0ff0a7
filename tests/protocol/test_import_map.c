/*
 * Import maps: what is read, what is refused at which line, and what rows become; the kind that no C file knows goes through.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/limits.h"
#include "protocol/schema/import_map.h"

#define SCHEMAS SPECOLA_SOURCE_DIR "/tests/schema/"

/* The contents of a file; the caller releases. */
static struct bytes slurp(const char *path) {
  char part[4096];
  struct bytes out;
  FILE *f = fopen(path, "rb");
  if (f == NULL) fail_msg("%s cannot be read", path);
  bytes_init(&out, 4u * 1024 * 1024);
  for (size_t n = fread(part, 1, sizeof part, f); n > 0; n = fread(part, 1, sizeof part, f)) {
    assert_int_equal(bytes_append(&out, view_of(part, n), NULL), OK);
  }
  (void)fclose(f);
  return out;
}

static int enter(void **state) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  struct bytes schema = slurp(SCHEMAS "bicycle.schema"), labels = slurp(SCHEMAS "bicycle.tsv");
  struct bytes frames = slurp(SCHEMAS "vocab/frame_type.tsv");
  enum err_code code = schema_set_new(&set, &err);
  if (code == OK && schema_set_add(set, "bicycle.schema", bytes_view(&schema), &err) == OK &&
      schema_set_add_labels(set, "bicycle", bytes_view(&labels), &err) == OK &&
      schema_set_add_vocabulary(set, "frame_type", bytes_view(&frames), &err) == OK) {
    code = schema_set_link(set, &err);
  }
  bytes_release(&schema);
  bytes_release(&labels);
  bytes_release(&frames);
  if (err.code != OK) (void)fprintf(stderr, "%s\n", err.message);
  *state = set;
  return code == OK && err.code == OK ? 0 : -1;
}

static int leave(void **state) {
  schema_set_free(*state);
  return 0;
}

static struct import_map *read_map(const struct schema_set *set, const char *ini) {
  struct err err = ERR_INIT;
  struct import_map *map = NULL;
  if (import_map_read(set, view_of_text(ini), "bicycle", &map, &err) != OK) fail_msg("%s: %s", err.message, ini);
  return map;
}

/* Applies map (freed here) to a row; codes is the list of findings' codes, each followed by a blank. */
static void expect_with(struct import_map *map, const char *row_json, const char *wanted_json, const char *codes) {
  struct findings f = {0};
  struct err err = ERR_INIT;
  json_t *row = json_loads(row_json, 0, NULL), *wanted = json_loads(wanted_json, 0, NULL), *found = NULL;
  char said[256] = "";
  assert_non_null(row);
  assert_non_null(wanted);
  assert_int_equal(import_map_apply(map, row, &found, &f, &err), OK);
  for (size_t i = 0, used = 0; i < f.n; i++) {
    assert_int_equal(f.items[i].level, FINDING_WARNING);
    used += (size_t)snprintf(said + used, sizeof said - used, "%s ", f.items[i].code);
  }
  if (!json_equal(found, wanted) || strcmp(said, codes) != 0) fail_msg("%s\n%s\n%s", row_json, json_dumps(found, 0), said);
  findings_release(&f);
  json_decref(row);
  json_decref(wanted);
  json_decref(found);
  import_map_free(map);
}

static void expect(const struct schema_set *set, const char *ini, const char *row, const char *wanted, const char *codes) {
  expect_with(read_map(set, ini), row, wanted, codes);
}

static void takes_the_first_source_that_is_not_empty(void **state) {
  static const char ini[] = "[fields]\nname = a | b.c | d\n[import]\nlanguage = \"en\"\n";
  expect(*state, ini, "{\"a\":\" \",\"b\":{\"c\":\"x\"},\"d\":\"y\"}", "{\"name\":{\"en\":\"x\"},\"original_lang\":\"en\"}",
         "");
  expect(*state, ini, "{\"a\":null,\"b\":7,\"d\":\"y\"}", "{\"name\":{\"en\":\"y\"},\"original_lang\":\"en\"}", "");
  expect(*state, ini, "{}", "{\"original_lang\":\"en\"}", "");
  expect(*state, ini, "{\"a\":{\"it\":\"Rondine\"}}", "{\"name\":{\"it\":\"Rondine\"},\"original_lang\":\"en\"}", "");
}

static void the_language_comes_from_the_row(void **state) {
  static const char ini[] = "[fields]\nname = n\n[import]\nlanguage = lang\n";
  expect(*state, ini, "{\"n\":\"x\",\"lang\":\"IT_it\"}", "{\"name\":{\"it-IT\":\"x\"},\"original_lang\":\"it-IT\"}", "");
  expect(*state, ini, "{\"n\":\"x\",\"lang\":\"Italian\"}", "{\"name\":{\"und\":\"x\"}}", "language ");
  expect(*state, ini, "{\"lang\":\"\"}", "{}", "");
}

static void constants_fill_fields_and_the_rows_that_there_are(void **state) {
  static const char ini[] =
      "[fields]\ncountry = \"IT\"\nrepairs.label = r[]\nrepairs.cost = \"5\"\n[import]\nlanguage = \"it\"\n";
  expect(*state, ini, "{\"r\":[\"a\",\"b\"]}",
         "{\"country\":\"IT\",\"original_lang\":\"it\",\"repairs\":[{\"label\":{\"it\":\"a\"},\"cost\":\"5\"},{\"label\":{"
         "\"it\":\"b\"},\"cost\":\"5\"}]}",
         "");
  expect(*state, ini, "{}", "{\"country\":\"IT\",\"original_lang\":\"it\"}", "");
}

static void elements_of_arrays_become_rows_and_lists(void **state) {
  static const char ini[] =
      "[fields]\ntags = k\nrepairs.label = s[].n\nrepairs.date = s[].d\nkilometres = km[]\n[import]\nlanguage = \"it\"\n";
  expect(*state, ini, "{\"k\":[\"a\",\"\",5],\"s\":[{\"d\":2020},{},{\"n\":\"x\",\"d\":\"2021-05-01T10:00\"}]}",
         "{\"original_lang\":\"it\",\"tags\":[\"a\",\"5\"],\"repairs\":[{\"date\":\"2020\"},{\"label\":{\"it\":\"x\"},\"date\":"
         "\"2021-05-01\"}]}",
         "");
  expect(*state, ini, "{\"k\":\"a\",\"km\":[1,2]}", "{\"original_lang\":\"it\",\"tags\":[\"a\"],\"kilometres\":\"1\"}",
         "many ");
}

static void codes_are_renamed_dropped_or_kept(void **state) {
  static const char ini[] = "[fields]\nframe = f\n[values.frame]\nlady bike = step_through\nnone =\n";
  expect(*state, ini, "{\"f\":\"diamond\"}", "{\"frame\":\"diamond\"}", "");
  expect(*state, ini, "{\"f\":\"lady bike\"}", "{\"frame\":\"step_through\"}", "code ");
  expect(*state, ini, "{\"f\":\"none\"}", "{}", "code ");
  expect(*state, ini, "{\"f\":\"penny\"}", "{\"frame\":\"penny\"}", "");
}

static void values_of_a_wrong_shape_are_left_out(void **state) {
  static const char ini[] = "[fields]\nkilometres = km\nbuilt = b\nelectric = e\nseen_in = s\ncountry = c\n";
  expect(*state, ini, "{\"km\":\"12,5\",\"b\":\"May 2020\",\"e\":\"perhaps\",\"s\":\"abc\",\"c\":{}}", "{}",
         "number date type type type ");
  expect(*state, ini, "{\"km\":12.50,\"b\":2020,\"e\":\"Yes\",\"c\":\"IT\\u0007 \"}",
         "{\"kilometres\":\"12.5\",\"built\":\"2020\",\"electric\":true,\"country\":\"IT\"}", "control ");
}

/* A row of a sheet with these columns becomes this. */
static void expect_sheet(const struct schema_set *set, const char *const *names, size_t n, bool guarded, const char *row,
                         const char *wanted) {
  const struct field *fields[8];
  struct import_map *map = NULL;
  assert_int_equal(import_map_of_columns(schema_by_kind(set, "bicycle"), names, n, "en", fields, &map, NULL), OK);
  import_map_of_sheet(map, "it", guarded);
  expect_with(map, row, wanted, "");
}

static void columns_are_known_by_their_names(void **state) {
  static const char *const names[] = {"NOME *", "name (fr)", "Riparazioni: costo", "kilometres",
                                      "Colour", "Name",      "Story.en",           ""};
  static const char *const wanted[] = {"name", "name", "repairs.cost", "kilometres", NULL, NULL, "story", NULL};
  const struct field *fields[8];
  struct import_map *map = NULL;
  const struct schema *schema = schema_by_kind(*state, "bicycle");
  assert_int_equal(import_map_of_columns(schema, names, 8, "en", fields, &map, NULL), OK);
  for (size_t i = 0; i < 8; i++) {
    assert_true((fields[i] == NULL) == (wanted[i] == NULL)); /* NULL: no field, or one that an earlier column gives */
    if (wanted[i] != NULL) assert_string_equal(fields[i]->key, wanted[i]);
  }
  assert_string_equal(import_map_path(map, "name", 1), "name (fr)");
  assert_null(import_map_path(map, "name", 2));
  assert_true(import_map_uses(map, "Riparazioni: costo"));
  assert_false(import_map_uses(map, "Colour"));
  assert_false(import_map_has_constant(map, "name"));
  import_map_free(map);
}

static void a_cell_holds_lists_rows_and_marks(void **state) {
  static const char *const names[] = {"name", "tags", "repairs.label", "repairs.cost", "frame", "story", "name (fr)"};
  expect_sheet(*state, names, 7, false,
               "{\"name\":\"Rondine\",\"tags\":\"a; b\\\\;c;;d\\\\\\\\\",\"repairs.label\":\"Pedale;;Sella\","
               "\"repairs.cost\":\";3\",\"frame\":\"Cargo\",\"story\":\"?\",\"name (fr)\":\"Hirondelle\"}",
               "{\"name\":{\"it\":\"Rondine\",\"fr\":\"Hirondelle\"},\"tags\":[\"a\",\"b;c\",\"d\\\\\"],"
               "\"repairs\":[{\"label\":{\"it\":\"Pedale\"}},{\"cost\":\"3\"},{\"label\":{\"it\":\"Sella\"}}],"
               "\"frame\":\"cargo\",\"_unknown\":[\"story\"],\"original_lang\":\"it\"}");
  expect_sheet(*state, names, 7, false, "{\"name\":\"'=1+1\",\"tags\":\"-\"}",
               "{\"name\":{\"it\":\"'=1+1\"},\"_na\":[\"tags\"],\"original_lang\":\"it\"}");
  expect_sheet(*state, names, 7, true, "{\"name\":\"'=1+1\",\"tags\":\"'-; ''x\"}",
               "{\"name\":{\"it\":\"=1+1\"},\"tags\":[\"-\",\"''x\"],\"original_lang\":\"it\"}");
}

static void translations_go_back_to_their_places(void **state) {
  static const char translations[] = "{\"_repeated\":[\"story\"],\"name\":{\"en\":\"Swallow\"},\"story\":{\"fr\":\"Bleue\"},"
                                     "\"repairs.label\":{\"en\":[null,\"Saddle\"]},\"frame\":{\"en\":\"x\"},\"none\":1}";
  struct findings f = {0};
  struct import_map *map = NULL;
  json_t *body =
      json_loads("{\"name\":{\"it\":\"Rondine\"},\"story\":{\"it\":\"Bleue\"},\"repairs\":[{\"cost\":\"1\"},{}]}", 0, NULL);
  json_t *wanted = json_loads("{\"name\":{\"it\":\"Rondine\",\"en\":\"Swallow\"},\"story\":{\"fr\":\"Bleue\"},"
                              "\"repairs\":[{\"cost\":\"1\"},{\"label\":{\"en\":\"Saddle\"}}]}",
                              0, NULL);
  assert_int_equal(import_map_identity(schema_by_kind(*state, "bicycle"), &map, NULL), OK);
  assert_int_equal(import_map_translate(map, translations, &body, &f, NULL), OK);
  if (!json_equal(body, wanted)) fail_msg("%s", json_dumps(body, 0));
  assert_int_equal(f.n, 0);
  assert_int_equal(import_map_translate(map, "[1", &body, &f, NULL), OK);
  assert_int_equal(f.n, 1);
  assert_true(json_equal(body, wanted));
  findings_release(&f);
  json_decref(body);
  json_decref(wanted);
  import_map_free(map);
}

static void lists_stop_at_256(void **state) {
  struct findings f = {0};
  struct import_map *map = read_map(*state, "[fields]\ntags = t\n");
  json_t *row = json_object(), *list = json_array(), *out = NULL;
  for (int i = 0; i < 300; i++)
    json_array_append_new(list, json_integer(i));
  json_object_set_new(row, "t", list);
  assert_int_equal(import_map_apply(map, row, &out, &f, NULL), OK);
  assert_int_equal(json_array_size(json_object_get(out, "tags")), 256);
  assert_int_equal(f.n, 1);
  json_decref(row);
  json_decref(out);
  findings_release(&f);
  import_map_free(map);
}

static void every_error_names_its_line(void **state) {
  char long_line[256];
  (void)snprintf(long_line, sizeof long_line, "[fields]\nname = %0185d\n", 1);
  const struct {
    const char *ini;
    enum err_code code;
    const char *says, *hint;
  } bad[] = {
      {"[fields]\n\nnmae = x\n", ERR_NOT_FOUND, "line 3: bicycle has no field 'nmae'", "name"},
      {"[fields]\nname = x\nname = y\n", ERR_FORMAT, "line 3: 'name' is mapped twice", ""},
      {"[fields]\nrepairs = x\n", ERR_FORMAT, "line 2: 'repairs' is a group", "repairs.label"},
      {"[fields]\nname = \"x\n", ERR_FORMAT, "line 2: '\"x' is neither a path", "for a constant"},
      {"[fields]\nname = a..b\n", ERR_FORMAT, "line 2: 'a..b' is neither a path", ""},
      {"[fields]\nname = a[0]\n", ERR_FORMAT, "line 2: 'a[0]' is neither a path", ""},
      {"[fields]\nname = a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a\n", ERR_FORMAT, "line 2: 'a.a", "at most 16 parts"},
      {"[fields]\nname = a[].[]\n", ERR_FORMAT, "line 2: 'a[].[]' is neither a path", ""},
      {"[fields]\nname = a.\n", ERR_FORMAT, "line 2: 'a.' is neither a path", ""},
      {"[fields]\nname =\n", ERR_FORMAT, "line 2: '' is neither a path", ""},
      {"[fields]\nname = a |\n", ERR_FORMAT, "line 2: '' is neither a path", ""},
      {"[fields]\nname = x\n[values.name]\na = b\n", ERR_FORMAT, "line 4: 'name' holds no codes", ""},
      {"[fields]\nname = x\n[values.none]\na = b\n", ERR_NOT_FOUND, "line 4: bicycle has no field 'none'", ""},
      {"[fields]\nname = x\n[values.frame]\na = b\na = c\n", ERR_FORMAT, "line 5: 'a' is renamed twice", ""},
      {"[fields]\nname = x\n[stuff]\na = b\n", ERR_FORMAT, "line 4: there is no section '[stuff]'", "[fields]"},
      {"[import]\ncolour = x\n", ERR_FORMAT, "line 2: [import] has no setting", "kind"},
      {"[import]\nlanguage = a\nlanguage = b\n", ERR_FORMAT, "line 3: 'language' is given twice", ""},
      {"[import]\nkind = bicycle\nkind = case\n", ERR_FORMAT, "line 3: 'kind' is given twice", ""},
      {"[import]\nkind = bicycel\n", ERR_NOT_FOUND, "unknown kind 'bicycel'", "bicycle"},
      {"[fields]\nwhat is this\n", ERR_FORMAT, "line 2: neither", ""},
      {"[fields]\nname = \xff\n", ERR_FORMAT, "line 2: not UTF-8", ""},
      {long_line, ERR_FORMAT, "line 2: more than 190 octets", ""},
      {"", ERR_FORMAT, "no field is mapped", ""},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    struct err err = ERR_INIT;
    struct import_map *map = NULL;
    const enum err_code code = import_map_read(*state, view_of_text(bad[i].ini), "bicycle", &map, &err);
    if (code != bad[i].code || strstr(err.message, bad[i].says) != err.message || strstr(err.hint, bad[i].hint) == NULL) {
      fail_msg("%s\ngave %d '%s' hint '%s'", bad[i].ini, (int)code, err.message, err.hint);
    }
    assert_null(map);
  }
}

static void the_longest_line_is_read_whole(void **state) {
  char ini[300], path[200];
  memset(path, 'a', sizeof path);
  path[190 - strlen("name = ")] = '\0';
  (void)snprintf(ini, sizeof ini, "[fields]\nname = %s\n", path);
  struct import_map *map = read_map(*state, ini);
  json_t *row = json_pack("{s:s}", path, "x"), *out = NULL;
  struct findings f = {0};
  assert_int_equal(import_map_apply(map, row, &out, &f, NULL), OK);
  assert_string_equal(json_string_value(json_object_get(json_object_get(out, "name"), "und")), "x");
  findings_release(&f);
  json_decref(row);
  json_decref(out);
  import_map_free(map);
}

static void the_kind_stands_in_the_map_or_is_the_default(void **state) {
  struct import_map *map = read_map(*state, "[fields]\ntitle = x\n[import]\nkind = case\n");
  assert_string_equal(import_map_schema(map)->kind, "case");
  import_map_free(map);
  map = read_map(*state, "; a comment\n  [fields]\n  name = x\r\n");
  assert_string_equal(import_map_schema(map)->kind, "bicycle");
  import_map_free(map);
}

static void the_identity_map_takes_an_object_s_own_json(void **state) {
  static const char json[] =
      "{\"name\":{\"it\":\"Rondine\"},\"original_lang\":\"it\",\"country\":\"IT\",\"frame\":\"cargo\",\"electric\":true,"
      "\"kilometres\":\"12.5\",\"tags\":[\"a\",\"b\"],\"repairs\":[{\"label\":{\"it\":\"x\"},\"cost\":\"5\"},{\"date\":"
      "\"2020\"}]}";
  struct import_map *map = NULL;
  assert_int_equal(import_map_identity(schema_by_kind(*state, "bicycle"), &map, NULL), OK);
  expect_with(map, json, json, "");
}

static void a_kind_that_no_c_file_knows_is_checked_like_any_other(void **state) {
  const struct schema *s = schema_by_kind(*state, "bicycle");
  struct findings f = {0};
  struct bytes body;
  json_t *json = json_loads(
      "{\"name\":{\"it\":\"Rondine\"},\"country\":\"IT\",\"frame\":\"cargo\",\"electric\":true,"
      "\"repairs\":[{\"label\":{\"it\":\"freni\"},\"cost\":\"12.5\"},{\"label\":{\"it\":\"luci\"},\"cost\":\"0.75\"}]}",
      0, NULL);
  char sum[32];
  bytes_init(&body, LIMIT_BODY);
  assert_int_equal(body_from_json(s, json, &body, &f, NULL), OK);
  assert_int_equal(schema_check(s, bytes_view(&body), &f, NULL), OK);
  assert_int_equal(f.n_refused, 0);
  assert_int_equal(f.n_warnings, 0);
  assert_int_equal(f.n_lacking, 2); /* original_lang, and the battery of a bicycle with a motor */
  assert_int_equal(schema_completeness(s, bytes_view(&body)), 100 * 4 / 6); /* name, country, frame, repairs.label of six */
  assert_true(body_sum(s, bytes_view(&body), schema_field(s, view_of_text("repairs.cost")), sum));
  assert_string_equal(sum, "13.25");
  assert_string_equal(schema_label(s, "frame", "it"), "Telaio");
  assert_string_equal(schema_field(s, view_of_text("seen_in"))->inverse, "bicycles");
  assert_string_equal(schema_field(s, view_of_text("repairs"))->order, "date");
  findings_release(&f);
  json_decref(json);
  bytes_release(&body);
}

static void the_maps_of_the_test_data_are_read(void **state) {
  static const char *const names[] = {"cases_open", "cases_multilingual", "cases_seeds"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[512];
    struct err err = ERR_INIT;
    struct import_map *map = NULL;
    (void)snprintf(path, sizeof path, "%s/tests/data/%s.ini", SPECOLA_SOURCE_DIR, names[i]);
    struct bytes ini = slurp(path);
    if (import_map_read(*state, bytes_view(&ini), "case", &map, &err) != OK) fail_msg("%s: %s", path, err.message);
    import_map_free(map);
    bytes_release(&ini);
  }
}

/* Imports one file of real cases; returns how many of its rows can be published. */
static size_t publishable(const struct schema_set *set, const char *directory, const char *name) {
  static char line[LIMIT_IMPORT_LINE];
  char path[1024];
  struct import_map *map = NULL;
  size_t n = 0;
  (void)snprintf(path, sizeof path, "%s/tests/data/%s.ini", SPECOLA_SOURCE_DIR, name);
  struct bytes ini = slurp(path);
  assert_int_equal(import_map_read(set, bytes_view(&ini), "case", &map, NULL), OK);
  (void)snprintf(path, sizeof path, "%s/%s.ndjson", directory, name);
  FILE *rows = fopen(path, "rb");
  if (rows == NULL) fail_msg("%s cannot be read", path);
  while (fgets(line, sizeof line, rows) != NULL) {
    struct findings f = {0};
    struct bytes body;
    json_t *row = json_loads(line, 0, NULL), *json = NULL;
    bytes_init(&body, LIMIT_BODY);
    assert_int_equal(import_map_apply(map, row, &json, &f, NULL), OK);
    assert_int_equal(body_from_json(import_map_schema(map), json, &body, &f, NULL), OK);
    assert_int_equal(schema_check(import_map_schema(map), bytes_view(&body), &f, NULL), OK);
    n += f.n_refused == 0;
    findings_release(&f);
    bytes_release(&body);
    json_decref(row);
    json_decref(json);
  }
  (void)fclose(rows);
  bytes_release(&ini);
  import_map_free(map);
  return n;
}

static void real_cases_become_publishable(void **state) {
  const char *directory = getenv("SPECOLA_TEST_DATA");
  if (directory == NULL) {
    print_message("skipped: SPECOLA_TEST_DATA is unset\n");
    skip();
  }
  schema_set_language_check(*state, false);
  const size_t n = publishable(*state, directory, "cases_open") + publishable(*state, directory, "cases_multilingual") +
                   publishable(*state, directory, "cases_seeds");
  assert_int_equal(n, 1107);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
  const struct CMUnitTest tests[] = {
      TEST(takes_the_first_source_that_is_not_empty),
      TEST(the_language_comes_from_the_row),
      TEST(constants_fill_fields_and_the_rows_that_there_are),
      TEST(elements_of_arrays_become_rows_and_lists),
      TEST(codes_are_renamed_dropped_or_kept),
      TEST(values_of_a_wrong_shape_are_left_out),
      TEST(columns_are_known_by_their_names),
      TEST(a_cell_holds_lists_rows_and_marks),
      TEST(translations_go_back_to_their_places),
      TEST(lists_stop_at_256),
      TEST(every_error_names_its_line),
      TEST(the_longest_line_is_read_whole),
      TEST(the_kind_stands_in_the_map_or_is_the_default),
      TEST(the_identity_map_takes_an_object_s_own_json),
      TEST(a_kind_that_no_c_file_knows_is_checked_like_any_other),
      TEST(the_maps_of_the_test_data_are_read),
      TEST(real_cases_become_publishable),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
