/*
 * record: headers, envelopes, and the only door to a struct record. Refused forms one by one are in tests/vectors/record.json.
 */
#include "protocol/record.h"

#include "protocol/canon.h"
#include "tests/protocol/sample.h"

#define BODY                                                                                                                   \
  "\x81\xa5"                                                                                                                   \
  "level\xa5"                                                                                                                  \
  "local"

static struct signer author, other;
static struct hash fed_id;
static const struct salt SALT = {{1, 2, 3}};

static struct view body_of(void) {
  return view_of(BODY, sizeof BODY - 1);
}

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  author = sample_signer(1);
  other = sample_signer(2);
  fed_id = sample_hash(3);
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&author);
  signer_release(&other);
  return 0;
}

static struct header version_header(void) {
  return (struct header){.kind = KIND_VERSION, .home = sample_hash(4), .created = 1767225600, .n_args = 2, .args = {1, 0}};
}

/* A header with everything at its largest. */
static struct header largest_header(void) {
  struct header h = version_header();
  h.kind = h.created = LIMIT_NUMBER;
  h.has_subject = true;
  h.n_refs = LIMIT_REFS;
  h.n_args = LIMIT_ARGS;
  h.body_len = LIMIT_BODY;
  for (unsigned i = 0; i < LIMIT_REFS; i++)
    h.refs[i] = sample_hash(100 + i);
  for (unsigned i = 0; i < LIMIT_ARGS; i++)
    h.args[i] = LIMIT_NUMBER - i;
  return h;
}

/* ---- headers ---- */

static void a_header_comes_back_as_it_went(void **state) {
  (void)state;
  struct header cases[] = {version_header(), largest_header(), {.kind = 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct bytes out, again;
    struct header read;
    bytes_init(&out, LIMIT_HEADER);
    bytes_init(&again, LIMIT_HEADER);
    assert_int_equal(header_encode(&cases[i], &out, NULL), OK);
    assert_int_equal(header_decode(bytes_view(&out), &read), REASON_NONE);
    assert_int_equal(read.kind, cases[i].kind);
    assert_int_equal(read.created, cases[i].created);
    assert_int_equal(read.n_refs, cases[i].n_refs);
    assert_memory_equal(read.args, cases[i].args, sizeof read.args);
    assert_int_equal(header_encode(&read, &again, NULL), OK);
    assert_true(view_equal(bytes_view(&out), bytes_view(&again)));
    bytes_release(&out);
    bytes_release(&again);
  }
}

static void encodes_no_header_over_its_limits(void **state) {
  (void)state;
  struct bytes out;
  struct header h = version_header();
  bytes_init(&out, 4096);
  h.n_refs = LIMIT_REFS + 1;
  assert_int_equal(header_encode(&h, &out, NULL), ERR_LIMIT);
  h.n_refs = 0;
  h.n_args = LIMIT_ARGS + 1;
  assert_int_equal(header_encode(&h, &out, NULL), ERR_LIMIT);
  h.n_args = 0;
  h.body_len = LIMIT_BODY + 1;
  assert_int_equal(header_encode(&h, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void leaves_the_header_alone_when_it_refuses(void **state) {
  (void)state;
  struct header h = {.kind = 77};
  assert_int_equal(header_decode(view_of("\x91\x02", 2), &h), REASON_VERSION);
  assert_int_equal(header_decode(view_of("\x91\x01", 2), &h), REASON_FORMAT);
  assert_int_equal(header_decode(view_of(NULL, 0), &h), REASON_FORMAT);
  assert_int_equal(h.kind, 77);
}

static void a_header_of_a_later_version_has_a_limit_too(void **state) {
  (void)state;
  static const uint8_t ZEROS[LIMIT_HEADER];
  for (size_t len = LIMIT_HEADER - 1; len <= LIMIT_HEADER + 1; len++) {
    struct bytes out;
    struct header h;
    bytes_init(&out, LIMIT_ENVELOPE);
    struct canon_writer w = canon_writer(&out);
    canon_put_array(&w, 2);
    canon_put_uint(&w, 2);
    canon_put_bin(&w, view_of(ZEROS, len - 5));
    assert_int_equal(canon_written(&w, "header", NULL), OK);
    assert_int_equal(out.len, len);
    assert_int_equal(header_decode(bytes_view(&out), &h), len <= LIMIT_HEADER ? REASON_VERSION : REASON_FORMAT);
    bytes_release(&out);
  }
}

static void tells_the_kind_whatever_the_alg(void **state) {
  (void)state;
  struct bytes out;
  struct header h = version_header();
  uint64_t kind = 0;
  h.kind = 9;
  bytes_init(&out, LIMIT_HEADER);
  assert_int_equal(header_encode(&h, &out, NULL), OK);
  out.p[3] = 2; /* alg */
  assert_int_equal(header_decode(bytes_view(&out), &h), REASON_ALG);
  assert_true(header_kind(bytes_view(&out), &kind));
  assert_int_equal(kind, 9);
  out.p[1] = 2; /* version */
  assert_false(header_kind(bytes_view(&out), &kind));
  bytes_release(&out);
}

static void knows_what_each_kind_is(void **state) {
  (void)state;
  unsigned known = 0;
  for (uint64_t kind = 0; kind < 300; kind++) {
    assert_int_equal(record_kind_keeps_body(kind), kind < 16 && kind != KIND_CERT);
    known += strcmp(record_kind_name(kind), "unknown") != 0;
    assert_int_equal(record_kind_freezes(kind), kind == 0 || (kind >= 9 && kind < 16));
  }
  assert_int_equal(known, 16);
  assert_string_equal(record_kind_name(KIND_IDENTITY), "node.identity");
  assert_string_equal(record_kind_name(KIND_EDIT_PROPOSAL), "edit.proposal");
  assert_string_equal(record_kind_name(UINT64_MAX), "unknown");
}

/* ---- envelopes ---- */

static void splits_what_it_encodes_up_to_its_limits(void **state) {
  (void)state;
  uint8_t octets[LIMIT_HEADER + 1] = {0};
  static const struct {
    size_t header, signature;
    bool good;
  } cases[] = {{1, 1, true},
               {LIMIT_HEADER, LIMIT_SIGNATURE, true},
               {LIMIT_HEADER + 1, 64, false},
               {5, LIMIT_SIGNATURE + 1, false},
               {0, 64, false},
               {5, 0, false}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct bytes out;
    struct view h, s;
    bytes_init(&out, LIMIT_ENVELOPE);
    enum err_code code = envelope_encode(view_of(octets, cases[i].header), view_of(octets, cases[i].signature), &out, NULL);
    assert_int_equal(code, cases[i].good ? OK : ERR_LIMIT);
    assert_int_equal(envelope_split(bytes_view(&out), &h, &s), cases[i].good);
    if (cases[i].good) {
      assert_int_equal(h.len, cases[i].header);
      assert_int_equal(s.len, cases[i].signature);
    }
    bytes_release(&out);
  }
}

static void an_envelope_that_does_not_fit_leaves_nothing_behind(void **state) {
  (void)state;
  uint8_t octets[100] = {0};
  struct bytes out;
  bytes_init(&out, 120);
  assert_int_equal(bytes_append_text(&out, "before", NULL), OK);
  assert_int_equal(envelope_encode(view_of(octets, 100), view_of(octets, 64), &out, NULL), ERR_LIMIT);
  assert_true(view_is_text(bytes_view(&out), "before"));
  bytes_release(&out);
}

/* ---- records ---- */

/* Seals h over body; out is released by the caller. */
static struct bytes seal(struct header *h, struct view body, struct hash *id) {
  struct bytes out;
  bytes_init(&out, LIMIT_ENVELOPE);
  assert_int_equal(record_seal(h, &fed_id, &author, &SALT, body, &out, id, NULL), OK);
  return out;
}

static void opens_what_it_seals(void **state) {
  (void)state;
  struct header h = version_header();
  struct hash id;
  struct record record;
  struct bytes sealed = seal(&h, body_of(), &id);
  assert_int_equal(record_open(bytes_view(&sealed), &fed_id, NULL, &record), REASON_NONE);
  assert_true(hash_equal(&record.id, &id));
  struct hash by_header = record_id(&fed_id, record.header_bytes);
  assert_true(hash_equal(&by_header, &id));
  assert_true(pubkey_equal(&record.header.author, &author.pub));
  assert_int_equal(record.header.body_len, body_of().len);
  assert_true(record_body_matches(&record.header, &SALT, body_of()));
  assert_int_equal(header_shape(&record.header), REASON_NONE);
  assert_true(record.header_bytes.p > sealed.p && record.header_bytes.p < sealed.p + sealed.len);
  bytes_release(&sealed);
}

static void a_flip_of_any_octet_is_refused(void **state) {
  (void)state;
  struct header h = version_header();
  struct bytes sealed = seal(&h, body_of(), NULL);
  struct record record = {.header = {.kind = 77}};
  for (size_t i = 0; i < sealed.len; i++) {
    for (unsigned bit = 0; bit < 8; bit += 3) {
      sealed.p[i] ^= (uint8_t)(1U << bit);
      assert_int_not_equal(record_open(bytes_view(&sealed), &fed_id, NULL, &record), REASON_NONE);
      sealed.p[i] ^= (uint8_t)(1U << bit);
    }
  }
  for (size_t n = 0; n < sealed.len; n++) {
    assert_int_equal(record_open(view_of(sealed.p, n), &fed_id, NULL, &record), REASON_FORMAT);
  }
  assert_int_equal(record.header.kind, 77);
  bytes_release(&sealed);
}

static void a_record_of_one_federation_is_none_of_another(void **state) {
  (void)state;
  struct header h = version_header();
  struct bytes sealed = seal(&h, body_of(), NULL);
  struct hash elsewhere = sample_hash(99);
  struct record record;
  assert_int_equal(record_open(bytes_view(&sealed), &elsewhere, NULL, &record), REASON_SIGNATURE);
  bytes_release(&sealed);
}

static void a_known_key_saves_the_check_of_that_key_only(void **state) {
  (void)state;
  struct header h = version_header();
  struct bytes sealed = seal(&h, body_of(), NULL), forged, header;
  struct record record;
  struct signature nothing = {{0}};
  assert_int_equal(record_open(bytes_view(&sealed), &fed_id, &author.pub, &record), REASON_NONE);
  assert_int_equal(record_open(bytes_view(&sealed), &fed_id, &other.pub, &record), REASON_NONE);
  memset(h.author.b, 0, sizeof h.author.b); /* a point of small order */
  bytes_init(&header, LIMIT_HEADER);
  bytes_init(&forged, LIMIT_ENVELOPE);
  assert_int_equal(header_encode(&h, &header, NULL), OK);
  assert_int_equal(envelope_encode(bytes_view(&header), view_of(nothing.b, sizeof nothing.b), &forged, NULL), OK);
  assert_int_equal(record_open(bytes_view(&forged), &fed_id, &other.pub, &record), REASON_KEY);
  bytes_release(&header);
  bytes_release(&forged);
  bytes_release(&sealed);
}

static void a_reserved_kind_is_never_a_record(void **state) {
  (void)state;
  static const uint64_t KINDS[] = {0, 9, 15, 18, 34, 48, 49, 50, 51, LIMIT_NUMBER};
  for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
    struct header h = version_header();
    struct record record;
    h.kind = KINDS[i];
    struct bytes sealed = seal(&h, body_of(), NULL);
    assert_int_equal(record_open(bytes_view(&sealed), &fed_id, NULL, &record), REASON_KIND);
    assert_int_equal(header_shape(&h), REASON_KIND);
    bytes_release(&sealed);
  }
}

static void a_body_matches_its_own_commitment_only(void **state) {
  (void)state;
  static const struct salt ANOTHER = {{9}};
  struct header h = version_header();
  struct bytes sealed = seal(&h, body_of(), NULL);
  assert_true(record_body_matches(&h, &SALT, body_of()));
  assert_false(record_body_matches(&h, &ANOTHER, body_of()));
  assert_false(record_body_matches(&h, &SALT, view_of(BODY, sizeof BODY - 2)));
  assert_false(record_body_matches(&h, &SALT, view_of(BODY, sizeof BODY)));
  assert_false(record_body_matches(&h, &SALT, view_of("\x81\xa5level\xa5Local", body_of().len)));
  bytes_release(&sealed);
  struct header bodiless = {.kind = KIND_REVOKE};
  assert_false(record_body_matches(&bodiless, &SALT, view_of(NULL, 0)));
}

static void a_kept_body_is_sealed_and_checked_with_zeros(void **state) {
  (void)state;
  static const struct salt ZEROS;
  struct header h = version_header();
  h.kind = KIND_IDENTITY;
  struct bytes sealed = seal(&h, body_of(), NULL);
  assert_true(record_body_matches(&h, &ZEROS, body_of()));
  h.body_commit = hash_commit(&SALT, body_of());
  assert_false(record_body_matches(&h, &SALT, body_of()));
  bytes_release(&sealed);
}

static void a_record_without_body_commits_to_nothing(void **state) {
  (void)state;
  struct header h = version_header();
  struct record record;
  h.kind = KIND_WITHDRAW;
  h.body_len = 12;
  h.n_args = 0;
  h.n_refs = 1;
  h.has_subject = true;
  struct bytes sealed;
  bytes_init(&sealed, LIMIT_ENVELOPE);
  assert_int_equal(record_seal(&h, &fed_id, &author, NULL, view_of(NULL, 0), &sealed, NULL, NULL), OK);
  assert_int_equal(record_open(bytes_view(&sealed), &fed_id, NULL, &record), REASON_NONE);
  assert_int_equal(record.header.body_len, 0);
  assert_int_equal(header_shape(&record.header), REASON_NONE);
  bytes_release(&sealed);
}

static void seals_nothing_that_is_too_large(void **state) {
  (void)state;
  struct bytes out;
  struct header h = version_header();
  uint8_t *body = calloc(1, LIMIT_BODY + 1);
  assert_non_null(body);
  bytes_init(&out, LIMIT_ENVELOPE);
  assert_int_equal(record_seal(&h, &fed_id, &author, &SALT, view_of(body, LIMIT_BODY + 1), &out, NULL, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  assert_int_equal(record_seal(&h, &fed_id, &author, &SALT, view_of(body, LIMIT_BODY), &out, NULL, NULL), OK);
  h.n_refs = LIMIT_REFS + 1;
  bytes_clear(&out);
  assert_int_equal(record_seal(&h, &fed_id, &author, &SALT, body_of(), &out, NULL, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
  free(body);
}

/* Whether an envelope freezes: a header of this kind, its octet `at` changed (0: none), a signature field of len octets. */
static bool freezes(uint64_t kind, size_t at, uint8_t octet, size_t len) {
  static const uint8_t SIGNATURE[LIMIT_SIGNATURE];
  struct bytes header, sealed;
  struct header h = version_header();
  h.kind = kind;
  bytes_init(&header, LIMIT_HEADER);
  bytes_init(&sealed, LIMIT_ENVELOPE);
  assert_int_equal(header_encode(&h, &header, NULL), OK);
  if (at > 0) header.p[at] = octet;
  assert_int_equal(envelope_encode(bytes_view(&header), view_of(SIGNATURE, len), &sealed, NULL), OK);
  bool found = envelope_freezes(bytes_view(&sealed));
  bytes_release(&sealed);
  bytes_release(&header);
  return found;
}

static void freezes_for_what_rules_the_log_and_is_not_understood(void **state) {
  (void)state;
  for (uint64_t kind = 0; kind < 60; kind++) {
    assert_int_equal(freezes(kind, 0, 0, 64), kind == 0 || (kind >= 9 && kind < 16));
    assert_int_equal(freezes(kind, 1, 2, 64), kind < 16);  /* another version */
    assert_int_equal(freezes(kind, 3, 2, 64), kind < 16);  /* another alg */
    assert_int_equal(freezes(kind, 0, 0, 128), kind < 16); /* another size of signature */
    assert_false(freezes(kind, 4, 0xc1, 64));              /* not canonical */
  }
}

static void freezes_for_a_later_header_whose_second_field_is_small(void **state) {
  (void)state;
  static const struct {
    const char *header;
    bool freezes;
  } cases[] = {{"\x92\x02\x0f", true},  {"\x92\x02\x10", false},
               {"\x91\x02", false},     {"\x92\x02\xc0", false},
               {"\x92\x01\x0f", false}, {"\x9c\x01\x03\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01", true}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct bytes sealed;
    bytes_init(&sealed, LIMIT_ENVELOPE);
    assert_int_equal(envelope_encode(view_of_text(cases[i].header), view_of_text("s"), &sealed, NULL), OK);
    assert_int_equal(envelope_freezes(bytes_view(&sealed)), cases[i].freezes);
    bytes_release(&sealed);
  }
  assert_false(envelope_freezes(view_of_text("junk")));
}

static void whatever_is_no_envelope_has_an_id_too(void **state) {
  (void)state;
  struct view junk = view_of_text("junk");
  struct hash by_octets = hash_of(HASH_OCTETS, junk, view_of(NULL, 0)), id = envelope_id(&fed_id, junk);
  assert_true(hash_equal(&by_octets, &id));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_header_comes_back_as_it_went),
      cmocka_unit_test(encodes_no_header_over_its_limits),
      cmocka_unit_test(leaves_the_header_alone_when_it_refuses),
      cmocka_unit_test(a_header_of_a_later_version_has_a_limit_too),
      cmocka_unit_test(tells_the_kind_whatever_the_alg),
      cmocka_unit_test(knows_what_each_kind_is),
      cmocka_unit_test(splits_what_it_encodes_up_to_its_limits),
      cmocka_unit_test(an_envelope_that_does_not_fit_leaves_nothing_behind),
      cmocka_unit_test(opens_what_it_seals),
      cmocka_unit_test(a_flip_of_any_octet_is_refused),
      cmocka_unit_test(a_record_of_one_federation_is_none_of_another),
      cmocka_unit_test(a_known_key_saves_the_check_of_that_key_only),
      cmocka_unit_test(a_reserved_kind_is_never_a_record),
      cmocka_unit_test(a_body_matches_its_own_commitment_only),
      cmocka_unit_test(a_kept_body_is_sealed_and_checked_with_zeros),
      cmocka_unit_test(a_record_without_body_commits_to_nothing),
      cmocka_unit_test(seals_nothing_that_is_too_large),
      cmocka_unit_test(freezes_for_what_rules_the_log_and_is_not_understood),
      cmocka_unit_test(freezes_for_a_later_header_whose_second_field_is_small),
      cmocka_unit_test(whatever_is_no_envelope_has_an_id_too),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
