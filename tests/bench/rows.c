/*
 * rows: see rows.h.
 */
#include "tests/bench/rows.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/schema/body.h"
#include "tests/bench/machine.h"

#define CODES 65536u /* room for distinct codes, a power of two */

/* The number of a code in a dimension, counted from 1 as they are first seen. *first: the code, this time; else NULL. */
static int64_t code_number(size_t dimension, const char *code, const char **first) {
  static char *seen[CODES];
  static int64_t numbers[CODES], last;
  char key[128];
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  (void)snprintf(key, sizeof key, "%zu %s", dimension, code);
  for (const char *c = key; *c != 0; c++) {
    hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
  }
  size_t slot = hash % CODES;
  while (seen[slot] != NULL && strcmp(seen[slot], key) != 0) {
    slot = (slot + 1) % CODES;
  }
  *first = NULL;
  if (seen[slot] == NULL) {
    *first = seen[slot] = strdup(key);
    numbers[slot] = ++last;
  }
  return numbers[slot];
}

static const char *text_at(const json_t *json, const char *key, size_t i) {
  const json_t *value = json_object_get(json, key);
  const char *text = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
  return text == NULL ? "" : text;
}

static void prepare_codes(struct row *row, const json_t *json) {
  static const struct {
    const char *key;
    size_t i;
  } facets[FACETS] = {{"country", 0},       {"level", 0},   {"status", 0}, {"sectors", 0}, {"stages", 0},
                      {"original_lang", 0}, {"license", 0}, {"tags", 0},   {"tags", 1},    {"tags", 2}};
  for (size_t i = 0; i < FACETS; i++) {
    row->codes[i] = code_number(i < 7 ? i : 7, text_at(json, facets[i].key, facets[i].i), &row->new_codes[i]);
  }
  row->country = strdup(text_at(json, "country", 0));
  row->level = strdup(text_at(json, "level", 0));
  row->status = strdup(text_at(json, "status", 0));
  row->unique = (int64_t)get_u64be(row->salt.b + 8);
}

static void prepare_texts(struct row *row, const json_t *json) {
  struct bytes text;
  struct err err = ERR_INIT;
  bytes_init(&text, LIMIT_BODY);
  const char *key = NULL;
  const json_t *value = NULL;
  json_object_foreach((json_t *)(uintptr_t)json, key, value) {
    const json_t *ml = json_is_object(value) ? json_object_get(value, "en") : NULL;
    if (ml != NULL && (bytes_append_text(&text, json_string_value(ml), &err) || bytes_append_text(&text, "\n", &err))) {
      die(err.message);
    }
  }
  row->text = strdup(bytes_text(&text));
  row->title = strdup(json_string_value(json_object_get(json_object_get(json, "title"), "en")));
  bytes_release(&text);
}

static void prepare_row(struct row *row, const json_t *json, const struct schema *schema, const struct hash *fed_id,
                        const struct signer *author) {
  struct err err = ERR_INIT;
  struct findings findings = {0};
  struct header header = {.kind = KIND_VERSION, .created = 1, .n_args = 2, .args = {1, 0}};
  bytes_init(&row->envelope, LIMIT_ENVELOPE);
  bytes_init(&row->body, LIMIT_BODY);
  randombytes_buf(row->salt.b, SALT_LEN);
  if (body_from_json(schema, json, &row->body, &findings, &err) != OK ||
      record_seal(&header, fed_id, author, &row->salt, bytes_view(&row->body), &row->envelope, NULL, &err) != OK) {
    die(err.message);
  }
  findings_release(&findings);
  prepare_texts(row, json);
  prepare_codes(row, json);
}

void rows_read(struct rows *rows, const char *path) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  struct signer author = {0};
  if (schema_set_new(&set, &err) != OK || schema_set_link(set, &err) != OK || signer_new(&author, &err) != OK) {
    die(err.message);
  }
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t size = 0, room = 0;
  if (file == NULL) {
    die(path);
  }
  while (getline(&line, &size, file) > 0) {
    json_t *json = json_loads(line, 0, NULL);
    if (rows->n == room) {
      room = room ? room * 2 : 1024;
      rows->items = realloc(rows->items, room * sizeof *rows->items);
    }
    if (json == NULL || rows->items == NULL) {
      die("a row that is no JSON");
    }
    prepare_row(&rows->items[rows->n++], json, schema_by_kind(set, "case"), &rows->fed_id, &author);
    json_decref(json);
  }
  free(line);
  fclose(file);
  signer_release(&author);
  schema_set_free(set);
}

void rows_release(struct rows *rows) {
  for (size_t i = 0; i < rows->n; i++) {
    struct row *row = &rows->items[i];
    bytes_release(&row->envelope);
    bytes_release(&row->body);
    free(row->title);
    free(row->text);
    free(row->country);
    free(row->level);
    free(row->status);
  }
  free(rows->items);
}
