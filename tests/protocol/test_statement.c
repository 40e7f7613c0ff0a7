/*
 * test_statement: a statement proves itself wherever it is read, and what is signed of it is the endorsement of that version
 * (docs/protocol.md 16.1).
 */
#include "protocol/statement.h"

#include <stdlib.h>

#include "tests/protocol/five.h"

/* An observatory, an author, a version with its text. */
struct scene {
  struct actor actors[N_ACTORS];
  struct charter charter;
  struct bytes charter_item, envelope, payload;
  struct signer author, reviewer;
  struct statement_parts parts;
  struct hash version;
};
static const uint8_t TEXT[] = {0x81, 0xa1, 'a', 0xa1, 'b'};

static void write_payload(struct scene *s) {
  bytes_clear(&s->payload);
  assert_int_equal(statement_write(&s->parts, &s->payload, NULL), OK);
}

/* object NULL: the first version. */
static void begin(struct scene *s, const struct hash *object) {
  struct view policies[LIMIT_POLICIES];
  struct salt salt = {{7}};
  struct header h = {.kind = KIND_VERSION, .created = 5, .n_args = 2, .args = {1, 1}};
  memset(s, 0, sizeof *s);
  cast_init(s->actors);
  found(s->actors, 2, &s->charter);
  bytes_init(&s->charter_item, LIMIT_BUNDLE_ITEM);
  bytes_init(&s->envelope, LIMIT_ENVELOPE);
  bytes_init(&s->payload, LIMIT_BUNDLE_ITEM);
  assert_int_equal(charter_encode(&s->charter, &s->charter_item, NULL), OK);
  s->author = cast_signer(90, 1);
  s->reviewer = cast_signer(90, 2);
  h.home = s->charter.founders[0].node;
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *object;
  }
  assert_int_equal(
      record_seal(&h, &s->charter.fed_id, &s->author, &salt, view_of(TEXT, sizeof TEXT), &s->envelope, &s->version, NULL), OK);
  assert_true(charter_policies(&s->charter, policies) > 0);
  s->parts = (struct statement_parts){
      .home = s->charter.founders[1].node,
      .policy = hash_of(HASH_POLICY, policies[0], view_of(NULL, 0)),
      .handle = "EE",
      .reference = "IT-2",
      .number = 3,
      .version = {.envelope = bytes_view(&s->envelope), .state = ITEM_WHOLE, .salt = salt, .body = view_of(TEXT, sizeof TEXT)}};
  write_payload(s);
}

static void end(struct scene *s) {
  charter_release(&s->charter);
  bytes_release(&s->charter_item);
  bytes_release(&s->envelope);
  bytes_release(&s->payload);
  signer_release(&s->author);
  signer_release(&s->reviewer);
  cast_release(s->actors);
}

static enum err_code read_code(const struct scene *s) {
  struct statement st;
  const enum err_code code = statement_read(bytes_view(&s->charter_item), bytes_view(&s->payload), &st, NULL);
  if (code == OK) {
    statement_release(&st);
  } else {
    assert_null(st.octets.p);
    assert_null(st.charter.founders);
  }
  return code;
}

/* The charter does not have it: it stands there itself. */
static void a_policy_that_was_adopted_later_travels_itself(void **state) {
  (void)state;
  struct scene s;
  struct statement st;
  struct view policies[LIMIT_POLICIES];
  struct bytes policy;
  begin(&s, NULL);
  bytes_init(&policy, LIMIT_CHARTER);
  assert_true(charter_policies(&s.charter, policies) > 0);
  assert_int_equal(bytes_append(&policy, policies[0], NULL), OK);
  policy.p[policy.len - 1] ^= 1; /* exclude_home */
  s.parts.policy = hash_of(HASH_POLICY, bytes_view(&policy), view_of(NULL, 0));
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_NOT_FOUND);
  s.parts.adopted = bytes_view(&policy);
  write_payload(&s);
  assert_int_equal(statement_read(bytes_view(&s.charter_item), bytes_view(&s.payload), &st, NULL), OK);
  assert_true(hash_equal(&st.policy.id, &s.parts.policy) && !st.policy.exclude_home);
  statement_release(&st);
  static const uint8_t SHORT[] = {0x91, 0x01};
  s.parts.adopted = view_of(SHORT, sizeof SHORT);
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_FORMAT);
  bytes_release(&policy);
  end(&s);
}

static void what_is_signed_is_the_endorsement_of_that_version(void **state) {
  (void)state;
  const struct hash object = cast_hash(42);
  const struct hash *const objects[] = {NULL, &object};
  for (size_t i = 0; i < 2; i++) {
    struct scene s;
    struct statement st;
    struct bytes envelope;
    struct record record;
    struct hash id;
    const struct salt salt = {{9}};
    begin(&s, objects[i]);
    assert_int_equal(statement_read(bytes_view(&s.charter_item), bytes_view(&s.payload), &st, NULL), OK);
    assert_true(hash_equal(&st.charter.fed_id, &s.charter.fed_id));
    assert_true(hash_equal(&st.object, objects[i] == NULL ? &s.version : objects[i]));
    assert_int_equal(st.number, 3);
    assert_string_equal(st.handle, "EE");
    bytes_init(&envelope, LIMIT_ENVELOPE);
    assert_int_equal(statement_sign(&st, &s.reviewer, 1000, &salt, view_of(TEXT, sizeof TEXT), &envelope, &id, NULL), OK);
    assert_int_equal(record_open(bytes_view(&envelope), &s.charter.fed_id, NULL, &record), REASON_NONE);
    assert_int_equal(record.header.kind, KIND_ENDORSE);
    assert_true(hash_equal(&record.id, &id) && hash_equal(&record.header.home, &s.parts.home));
    assert_true(hash_equal(&record.header.subject, &s.version) && record.header.n_refs == 2);
    assert_true(hash_equal(&record.header.refs[0], &st.object) && hash_equal(&record.header.refs[1], &s.parts.policy));
    assert_true(pubkey_equal(&record.header.author, &s.reviewer.pub));
    assert_int_equal(header_shape(&record.header), REASON_NONE);
    assert_true(record_body_matches(&record.header, &salt, view_of(TEXT, sizeof TEXT)));
    bytes_release(&envelope);
    statement_release(&st);
    end(&s);
  }
}

static void what_does_not_prove_itself_is_refused(void **state) {
  (void)state;
  static const uint8_t OTHER[] = {0x81, 0xa1, 'a', 0xa1, 'c'};
  static const char *const HANDLES_BAD[] = {"", "ee", "E", "EEEEEE"}, *const REFERENCES_BAD[] = {"",     "../x", "a",
                                                                                                 "IT 2", ".",    "IT-2\n"};
  struct scene s;
  begin(&s, NULL);
  assert_int_equal(read_code(&s), OK);
  s.parts.version.body = view_of(OTHER, sizeof OTHER);
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_MISMATCH);
  s.parts.version.body = view_of(TEXT, sizeof TEXT);
  s.parts.version.state = ITEM_BODILESS;
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_FORMAT);
  s.parts.version.state = ITEM_WHOLE;
  s.parts.policy.b[0] ^= 1;
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_NOT_FOUND);
  s.parts.policy.b[0] ^= 1;
  s.parts.number = 0;
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_FORMAT);
  s.parts.number = 1;
  for (size_t i = 0; i < sizeof HANDLES_BAD / sizeof HANDLES_BAD[0]; i++) {
    s.parts.handle = HANDLES_BAD[i];
    write_payload(&s);
    assert_int_equal(read_code(&s), ERR_FORMAT);
  }
  s.parts.handle = "EE";
  for (size_t i = 0; i < sizeof REFERENCES_BAD / sizeof REFERENCES_BAD[0]; i++) {
    s.parts.reference = REFERENCES_BAD[i];
    write_payload(&s);
    assert_int_equal(read_code(&s), ERR_FORMAT);
  }
  s.parts.reference = "IT.2-7";
  write_payload(&s);
  assert_int_equal(read_code(&s), OK);
  end(&s);
}

static void a_version_of_another_federation_or_another_record_is_none(void **state) {
  (void)state;
  struct scene s;
  struct header h = {.kind = KIND_WITHDRAW, .has_subject = true, .n_refs = 1};
  struct charter other;
  const struct salt salt = {{7}};
  begin(&s, NULL);
  found(s.actors + 2, 2, &other);
  bytes_clear(&s.charter_item);
  assert_int_equal(charter_encode(&other, &s.charter_item, NULL), OK);
  assert_int_equal(read_code(&s), ERR_SIGNATURE);
  charter_release(&other);
  bytes_clear(&s.charter_item);
  assert_int_equal(charter_encode(&s.charter, &s.charter_item, NULL), OK);
  bytes_clear(&s.envelope);
  assert_int_equal(record_seal(&h, &s.charter.fed_id, &s.author, &salt, view_of(TEXT, sizeof TEXT), &s.envelope, NULL, NULL),
                   OK);
  s.parts.version.envelope = bytes_view(&s.envelope);
  write_payload(&s);
  assert_int_equal(read_code(&s), ERR_FORMAT);
  end(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_signed_is_the_endorsement_of_that_version),
      cmocka_unit_test(a_policy_that_was_adopted_later_travels_itself),
      cmocka_unit_test(what_does_not_prove_itself_is_refused),
      cmocka_unit_test(a_version_of_another_federation_or_another_record_is_none),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
