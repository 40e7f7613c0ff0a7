/*
 * The golden vectors of tests/vectors, which make.py wrote from docs/protocol.md alone, held against the C code. A reason is
 * compared by its name, so a vector that is refused for another reason fails.
 */
#include <jansson.h>

#include "protocol/canon.h"
#include "protocol/evidence.h"
#include "protocol/merkle.h"
#include "protocol/record.h"
#include "tests/protocol/sample.h"

#define ENTRIES_MAX 64
#define MISMATCH "mismatch"

/* What the code says of one vector: "none" or the name of a reason. */
typedef const char *judge(const json_t *vector);

static const char *text_of(const json_t *vector, const char *key) {
  const char *text = json_string_value(json_object_get(vector, key));
  if (text == NULL) fail_msg("a vector without %s", key);
  return text;
}

static bool has(const json_t *vector, const char *key) {
  return json_object_get(vector, key) != NULL;
}

/* The octets of a hexadecimal string; released by the caller. */
static struct bytes octets_of(const char *hex) {
  struct bytes b;
  size_t len = strlen(hex) / 2;
  bytes_init(&b, len + 1);
  assert_int_equal(bytes_reserve(&b, len + 1, NULL), OK);
  assert_int_equal(hex_decode(view_of_text(hex), b.p, len, NULL), OK);
  b.len = len;
  return b;
}

static struct hash hash_at(const json_t *vector, const char *key) {
  struct hash h;
  assert_int_equal(hash_from_hex(view_of_text(text_of(vector, key)), &h, NULL), OK);
  return h;
}

static struct pubkey public_of(const json_t *vector) {
  struct hash h = hash_at(vector, "public");
  struct pubkey key;
  memcpy(key.b, h.b, sizeof key.b);
  return key;
}

static const char *code_name(enum err_code code) {
  return code == OK ? "none" : err_name(code);
}

static const char *judge_canon(const json_t *vector) {
  struct bytes b = octets_of(text_of(vector, "hex"));
  bool is_body = json_is_true(json_object_get(vector, "body"));
  enum err_code code = is_body ? canon_check_body(bytes_view(&b), NULL) : canon_check(bytes_view(&b), "vector", NULL);
  bytes_release(&b);
  return code_name(code);
}

/* A body beside its record: it matches or not. Its form changes nothing (docs/protocol.md 4.3). */
static const char *judge_body(const json_t *vector, const struct header *h) {
  struct bytes salt_octets = octets_of(text_of(vector, "salt"));
  struct bytes body = octets_of(text_of(vector, "body"));
  struct salt salt;
  assert_int_equal(salt_octets.len, sizeof salt.b);
  memcpy(salt.b, salt_octets.p, sizeof salt.b);
  const char *said = record_body_matches(h, &salt, bytes_view(&body)) ? "none" : MISMATCH;
  bytes_release(&body);
  bytes_release(&salt_octets);
  return said;
}

static void check_reencodes(const struct record *record) {
  struct bytes again;
  bytes_init(&again, LIMIT_HEADER);
  assert_int_equal(header_encode(&record->header, &again, NULL), OK);
  assert_true(view_equal(bytes_view(&again), record->header_bytes));
  bytes_release(&again);
}

static const char *judge_record(const json_t *vector) {
  struct bytes b = octets_of(text_of(vector, "hex"));
  struct hash fed_id = hash_at(vector, "fed_id");
  struct record record;
  const char *said = "none";
  enum reason reason = record_open(bytes_view(&b), &fed_id, NULL, &record);
  if (reason == REASON_NONE) {
    struct hash id = hash_at(vector, "id"), of_envelope = envelope_id(&fed_id, bytes_view(&b));
    assert_true(hash_equal(&id, &record.id));
    assert_true(hash_equal(&id, &of_envelope));
    check_reencodes(&record);
    reason = header_shape(&record.header);
  }
  if (reason != REASON_NONE) {
    said = reason_name(reason);
  } else if (has(vector, "body")) {
    said = judge_body(vector, &record.header);
  }
  bytes_release(&b);
  return said;
}

static size_t hashes_at(const json_t *vector, const char *key, struct hash *out, size_t max) {
  const json_t *array = json_object_get(vector, key);
  size_t n = json_array_size(array);
  assert_true(n <= max);
  for (size_t i = 0; i < n; i++) {
    const char *hex = json_string_value(json_array_get(array, i));
    assert_non_null(hex);
    assert_int_equal(hash_from_hex(view_of_text(hex), &out[i], NULL), OK);
  }
  return n;
}

static uint64_t number_at(const json_t *vector, const char *key) {
  const json_t *value = json_object_get(vector, key);
  assert_true(json_is_integer(value));
  return (uint64_t)json_integer_value(value);
}

static struct hash root_of_entries(const json_t *entries) {
  struct merkle_range range = {.size = 0};
  for (size_t i = 0; i < json_array_size(entries); i++) {
    struct bytes entry = octets_of(json_string_value(json_array_get(entries, i)));
    struct hash leaf = merkle_leaf(bytes_view(&entry));
    merkle_append(&range, &leaf);
    bytes_release(&entry);
  }
  return merkle_root(&range);
}

static const char *judge_merkle(const json_t *vector) {
  struct hash path[ENTRIES_MAX];
  if (has(vector, "leaves")) {
    struct hash expected = hash_at(vector, "root"), found = root_of_entries(json_object_get(vector, "leaves"));
    return hash_equal(&expected, &found) ? "none" : MISMATCH;
  }
  size_t n = hashes_at(vector, "path", path, ENTRIES_MAX);
  if (has(vector, "leaf")) {
    struct hash leaf = hash_at(vector, "leaf"), root = hash_at(vector, "root");
    bool good = merkle_inclusion_verify(number_at(vector, "index"), number_at(vector, "size"), &leaf, path, n, &root);
    return good ? "none" : MISMATCH;
  }
  struct hash old_root = hash_at(vector, "old_root"), new_root = hash_at(vector, "new_root");
  bool good =
      merkle_consistency_verify(number_at(vector, "old_size"), number_at(vector, "new_size"), &old_root, &new_root, path, n);
  return good ? "none" : MISMATCH;
}

static const char *judge_checkpoint(const json_t *vector) {
  struct bytes b = octets_of(text_of(vector, "hex"));
  struct pubkey key = public_of(vector);
  struct checkpoint c, read;
  enum err_code code = checkpoint_open(bytes_view(&b), &key, &c, NULL);
  enum err_code form = checkpoint_read(bytes_view(&b), &read, NULL);
  assert_int_equal(form, code == ERR_SIGNATURE ? OK : code);
  if (code == OK && has(vector, "root")) {
    struct hash fed_id = hash_at(vector, "fed_id"), node = hash_at(vector, "id"), root = hash_at(vector, "root");
    assert_true(hash_equal(&fed_id, &c.fed_id) && hash_equal(&node, &c.node) && hash_equal(&root, &c.root));
    assert_int_equal(c.size, number_at(vector, "size"));
  }
  bytes_release(&b);
  return code_name(code);
}

static const char *judge_evidence(const json_t *vector) {
  struct bytes b = octets_of(text_of(vector, "hex"));
  struct pubkey key = public_of(vector);
  struct hash fed_id = hash_at(vector, "fed_id"), node = hash_at(vector, "id");
  struct evidence e;
  enum err_code code = evidence_open(bytes_view(&b), &fed_id, &node, 1, &key, &e, NULL);
  if (code == OK) {
    struct bytes again;
    bytes_init(&again, b.len);
    assert_int_equal(evidence_write(&e, &again, NULL), OK);
    assert_true(view_equal(bytes_view(&again), bytes_view(&b)));
    assert_int_equal(evidence_compare(&e, bytes_view(&b), &e, bytes_view(&b)), 0);
    bytes_release(&again);
  }
  bytes_release(&b);
  return code_name(code);
}

static const char *judge_receipt(const json_t *vector) {
  struct bytes b = octets_of(text_of(vector, "hex"));
  struct pubkey key = public_of(vector);
  struct receipt receipt;
  enum err_code code = receipt_open(bytes_view(&b), &key, &receipt, NULL);
  if (code == OK) {
    struct hash fed_id = hash_at(vector, "fed_id");
    assert_true(hash_equal(&fed_id, &receipt.fed_id));
  }
  bytes_release(&b);
  return code_name(code);
}

/* Every vector of a file, at least `least` of them. */
static void check_file(const char *name, size_t least, judge *judge_one) {
  char path[512];
  json_error_t error;
  assert_true((size_t)snprintf(path, sizeof path, "%s/tests/vectors/%s.json", SPECOLA_SOURCE_DIR, name) < sizeof path);
  json_t *vectors = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
  if (vectors == NULL) fail_msg("%s: %s", path, error.text);
  size_t n = json_array_size(vectors), wrong = 0, good = 0;
  for (size_t i = 0; i < n; i++) {
    const json_t *vector = json_array_get(vectors, i);
    const char *expected = text_of(vector, "reason"), *said = judge_one(vector);
    bool ok = json_is_true(json_object_get(vector, "ok"));
    assert_int_equal(ok, strcmp(expected, "none") == 0);
    good += ok;
    if (strcmp(expected, said) == 0) continue;
    print_error("%s: %s: \"%s\" expected, \"%s\" found\n", name, text_of(vector, "name"), expected, said);
    wrong++;
  }
  json_decref(vectors);
  print_message("%s: %zu vectors, %zu of them good\n", name, n, good);
  assert_true(n >= least && good > 0 && good < n);
  assert_int_equal(wrong, 0);
}

static void keeps_every_vector_of_canonical_msgpack(void **state) {
  (void)state;
  check_file("canon", 140, judge_canon);
}

static void keeps_every_vector_of_records(void **state) {
  (void)state;
  check_file("record", 110, judge_record);
}

static void keeps_every_vector_of_the_tree(void **state) {
  (void)state;
  check_file("merkle", 70, judge_merkle);
}

static void keeps_every_vector_of_checkpoints(void **state) {
  (void)state;
  check_file("checkpoint", 40, judge_checkpoint);
}

static void keeps_every_vector_of_receipts(void **state) {
  (void)state;
  check_file("receipt", 25, judge_receipt);
}

static void keeps_every_vector_of_evidence(void **state) {
  (void)state;
  check_file("evidence", 40, judge_evidence);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_every_vector_of_canonical_msgpack), cmocka_unit_test(keeps_every_vector_of_records),
      cmocka_unit_test(keeps_every_vector_of_the_tree),          cmocka_unit_test(keeps_every_vector_of_checkpoints),
      cmocka_unit_test(keeps_every_vector_of_evidence),          cmocka_unit_test(keeps_every_vector_of_receipts),
  };
  return cmocka_run_group_tests(tests, sample_start, NULL);
}
