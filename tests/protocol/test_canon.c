/*
 * canon: the strict reader and the writer against each other and against msgpack-c's unpacker, which serves as an oracle only.
 * The long list of refused forms is tests/vectors/canon.json.
 */
#include "protocol/canon.h"

#include <msgpack.h>

#include "protocol/limits.h"
#include "tests/protocol/sample.h"

#define ROUNDS 20000
#define VALUE_MAX 65536

static struct canon_reader reader_of(const char *octets, size_t len) {
  return canon_reader(view_of(octets, len));
}
#define READER(literal) reader_of(literal, sizeof(literal) - 1)

/* ---- the reader, value by value ---- */

static void reads_each_type_in_its_place(void **state) {
  (void)state;
  struct canon_reader r = READER("\x9a\xc0\xc3\xc2\x07\xcd\x01\x00\xa2ok\xc4\x01\xff\x92\x01\x02\x81\xa1k\x05\xc0");
  canon_array_exact(&r, 10);
  canon_nil(&r);
  assert_true(canon_bool(&r));
  assert_false(canon_bool(&r));
  assert_int_equal(canon_uint(&r), 7);
  assert_int_equal(canon_uint_max(&r, 256), 256);
  assert_true(view_is_text(canon_str(&r, 2), "ok"));
  struct view bin = canon_bin(&r, 1);
  assert_int_equal(bin.len, 1);
  assert_int_equal(bin.p[0], 0xff);
  assert_int_equal(canon_array(&r, 2), 2);
  assert_int_equal(canon_uint(&r) + canon_uint(&r), 3);
  struct view previous = {NULL, 0};
  assert_int_equal(canon_map(&r, 1), 1);
  assert_true(view_is_text(canon_key(&r, &previous), "k"));
  assert_true(view_is_text(previous, "k"));
  assert_int_equal(canon_uint(&r), 5);
  assert_false(canon_at_end(&r));
  assert_true(canon_opt_nil(&r));
  assert_false(canon_opt_nil(&r));
  assert_true(canon_at_end(&r));
  assert_int_equal(canon_finish(&r, "test", NULL), OK);
}

static void peeks_at_the_type_and_does_not_move(void **state) {
  (void)state;
  static const struct {
    const char *octet;
    enum canon_type type;
  } cases[] = {
      {"\x00", CANON_UINT}, {"\x7f", CANON_UINT},  {"\x80", CANON_MAP},   {"\x9f", CANON_ARRAY}, {"\xa0", CANON_STR},
      {"\xc0", CANON_NIL},  {"\xc1", CANON_NONE},  {"\xc2", CANON_BOOL},  {"\xc3", CANON_BOOL},  {"\xc4", CANON_BIN},
      {"\xc6", CANON_BIN},  {"\xc7", CANON_NONE},  {"\xca", CANON_NONE},  {"\xcc", CANON_UINT},  {"\xcf", CANON_UINT},
      {"\xd0", CANON_NINT}, {"\xd3", CANON_NINT},  {"\xd4", CANON_NONE},  {"\xd8", CANON_NONE},  {"\xd9", CANON_STR},
      {"\xdb", CANON_STR},  {"\xdc", CANON_ARRAY}, {"\xdd", CANON_ARRAY}, {"\xde", CANON_MAP},   {"\xdf", CANON_MAP},
      {"\xe0", CANON_NINT}, {"\xff", CANON_NINT},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct canon_reader r = reader_of(cases[i].octet, 1);
    assert_int_equal(canon_peek(&r), cases[i].type);
    assert_ptr_equal(r.p, r.start);
  }
  struct canon_reader empty = canon_reader(view_of(NULL, 0));
  assert_int_equal(canon_peek(&empty), CANON_NONE);
  assert_true(canon_at_end(&empty));
}

static void keeps_the_first_fault_and_moves_no_more(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  struct canon_reader r = READER("\x93\x01\xa1x\x02");
  struct hash h;
  memset(&h, 1, sizeof h);
  canon_array_exact(&r, 3);
  assert_int_equal(canon_uint(&r), 1);
  assert_int_equal(canon_uint(&r), 0);
  const char *fault = r.fault;
  assert_non_null(fault);
  assert_int_equal(r.at, 2);
  canon_nil(&r);
  assert_false(canon_bool(&r));
  assert_int_equal(canon_str(&r, 9).len + canon_bin(&r, 9).len + canon_skip(&r).len, 0);
  assert_int_equal(canon_array(&r, 9) + canon_map(&r, 9), 0);
  assert_false(canon_opt_nil(&r));
  canon_hash(&r, &h);
  assert_true(hash_is_zero(&h));
  canon_fail(&r, "a later fault");
  assert_ptr_equal(r.fault, fault);
  assert_int_equal(r.at, 2);
  assert_int_equal(r.p - r.start, 2);
  assert_int_equal(canon_peek(&r), CANON_NONE);
  assert_true(canon_at_end(&r)); /* so that a loop up to the end ends */
  assert_int_equal(canon_finish(&r, "thing", &err), ERR_FORMAT);
  assert_string_equal(err.message, "thing: unsigned integer expected at octet 2");
}

/* Reads one value of a type; the reader must refuse it. */
#define REFUSES(literal, read)                                                                                                 \
  do {                                                                                                                         \
    struct canon_reader r = READER(literal);                                                                                   \
    (void)(read);                                                                                                              \
    assert_non_null(r.fault);                                                                                                  \
  } while (0)

static void refuses_other_types_and_sizes(void **state) {
  (void)state;
  uint8_t two[2] = {9, 9};
  REFUSES("\x01", (canon_nil(&r), 0));
  REFUSES("\x01", canon_bool(&r));
  REFUSES("\xff", canon_uint(&r));
  REFUSES("\xd0\x80", canon_uint(&r));
  REFUSES("\x05", canon_uint_max(&r, 4));
  REFUSES("\xc4\x01x", canon_str(&r, 9).len);
  REFUSES("\xa1x", canon_bin(&r, 9).len);
  REFUSES("\xa2xy", canon_str(&r, 1).len);
  REFUSES("\xc4\x02xy", canon_bin(&r, 1).len);
  REFUSES("\x81\xa1x\x01", canon_array(&r, 9));
  REFUSES("\x91\x01", canon_map(&r, 9));
  REFUSES("\x92\x01\x01", canon_array(&r, 1));
  REFUSES("\x82\xa1x\x01\xa1y\x01", canon_map(&r, 1));
  REFUSES("\x92\x01", canon_array(&r, 9));
  REFUSES("\x91\x01", (canon_array_exact(&r, 2), 0));
  REFUSES("\xc4\x01x", (canon_fixed(&r, two, sizeof two), 0));
  assert_int_equal(two[0] + two[1], 0);
  REFUSES("\xc4\x03xyz", (canon_fixed(&r, two, sizeof two), 0));
}

static void tells_what_stands_behind_the_value(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  assert_int_equal(canon_check(view_of("\x01\x02", 2), "value", &err), ERR_FORMAT);
  assert_string_equal(err.message, "value: something stands behind the value at octet 1");
  assert_int_equal(canon_check(view_of(NULL, 0), "value", &err), ERR_FORMAT);
  assert_string_equal(err.message, "value: the octets end too early at octet 0");
}

static void skips_one_value_and_returns_its_octets(void **state) {
  (void)state;
  struct canon_reader r = READER("\x82\xa1"
                                 "a\x92\x01\x80\xa1"
                                 "b\x90\x07");
  struct view value = canon_skip(&r);
  assert_int_equal(value.len, 9);
  assert_int_equal(canon_uint(&r), 7);
  assert_int_equal(canon_finish(&r, "rest", NULL), OK);
}

static void a_fault_in_a_skipped_value_tells_its_octet(void **state) {
  (void)state;
  static const struct {
    const char *octets;
    size_t len, at;
  } cases[] = {
      {"\x92\x01\xcc\x01", 4, 2},
      {"\x92\x01\xa2\x61\x00", 5, 4},
      {"\x82\xa1"
       "b\x01\xa1"
       "a\x01",
       7, 4},
      {"\x91\x91\xca\x00\x00\x00\x00", 7, 2},
      {"\x91\x91\x91", 3, 2},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct canon_reader r = reader_of(cases[i].octets, cases[i].len);
    assert_int_equal(canon_skip(&r).len, 0);
    assert_non_null(r.fault);
    assert_int_equal(r.at, cases[i].at);
    assert_ptr_equal(r.p, r.start);
  }
}

/* ---- the writer ---- */

static void writes_what_the_reader_reads(void **state) {
  (void)state;
  struct bytes out;
  struct hash h = sample_hash(1), zero = {{0}}, got;
  struct pubkey key, got_key;
  struct signature signature, got_signature;
  memset(&key, 7, sizeof key);
  memset(&signature, 8, sizeof signature);
  bytes_init(&out, 1024);
  struct canon_writer w = canon_writer(&out);
  canon_put_array(&w, 9);
  canon_put_hash(&w, &h);
  canon_put_opt_hash(&w, NULL);
  canon_put_opt_hash(&w, &zero);
  canon_put_pubkey(&w, &key);
  canon_put_signature(&w, &signature);
  canon_put_bool(&w, true);
  canon_put_text(&w, "perché\n");
  canon_put_raw(&w, view_of("\x91\xc0", 2));
  canon_put_map(&w, 0);
  assert_int_equal(canon_written(&w, "test", NULL), OK);
  assert_int_equal(canon_check(bytes_view(&out), "test", NULL), OK);
  struct canon_reader r = canon_reader(bytes_view(&out));
  canon_array_exact(&r, 9);
  canon_hash(&r, &got);
  assert_true(hash_equal(&got, &h));
  assert_true(canon_opt_nil(&r));
  assert_false(canon_opt_nil(&r));
  canon_hash(&r, &got);
  assert_true(hash_is_zero(&got));
  canon_pubkey(&r, &got_key);
  assert_true(pubkey_equal(&key, &got_key));
  canon_signature(&r, &got_signature);
  assert_memory_equal(signature.b, got_signature.b, sizeof signature.b);
  assert_true(canon_bool(&r));
  assert_true(view_is_text(canon_str(&r, 99), "perché\n"));
  assert_int_equal(canon_skip(&r).len, 2);
  assert_int_equal(canon_map(&r, 0), 0);
  assert_int_equal(canon_finish(&r, "test", NULL), OK);
  bytes_release(&out);
}

static void keeps_to_the_ceiling_and_says_so(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  struct bytes out;
  bytes_init(&out, 4);
  struct canon_writer w = canon_writer(&out);
  canon_put_uint(&w, 1);
  canon_put_text(&w, "abcd");
  canon_put_nil(&w);
  assert_int_equal(canon_written(&w, "thing", &err), ERR_LIMIT);
  assert_string_equal(err.message, "thing: over 4 octets");
  assert_true(out.len <= 4);
  bytes_release(&out);
}

/* ---- properties ---- */

/* Writes an integer where each form begins or ends, or any other. */
static void write_integer(struct canon_writer *w, struct dice *dice) {
  uint64_t n = dice_roll(dice) >> dice_below(dice, 64);
  if (dice_below(dice, 2) == 0) n = (UINT64_C(1) << dice_below(dice, 64)) - dice_below(dice, 2);
  canon_put_uint(w, n <= LIMIT_NUMBER ? n : LIMIT_NUMBER);
}

static void write_text(struct canon_writer *w, struct dice *dice) {
  static const char *const PIECES[] = {"a", "\n", "\t", "è", "€", "😀", "~", " "};
  char text[512];
  size_t len = 0, pieces = dice_below(dice, dice_below(dice, 8) == 0 ? 120 : 12);
  for (size_t i = 0; i < pieces; i++) {
    const char *piece = PIECES[dice_below(dice, sizeof PIECES / sizeof *PIECES)];
    memcpy(text + len, piece, strlen(piece));
    len += strlen(piece);
  }
  canon_put_str(w, view_of(text, len));
}

/* Writes a random canonical value of at most depth further levels. */
static void write_value(struct canon_writer *w, struct dice *dice, unsigned depth) {
  static const uint8_t OCTETS[300] = {1, 2, 3};
  uint64_t n = dice_below(dice, 20);
  switch (dice_below(dice, depth == 0 ? 5 : 8)) {
  case 0:
    canon_put_nil(w);
    break;
  case 1:
    canon_put_bool(w, n < 10);
    break;
  case 2:
    write_integer(w, dice);
    break;
  case 3:
    write_text(w, dice);
    break;
  case 4:
    canon_put_bin(w, view_of(OCTETS, dice_below(dice, sizeof OCTETS)));
    break;
  case 5:
  case 6:
    canon_put_array(w, (uint32_t)n);
    for (uint64_t i = 0; i < n; i++)
      write_value(w, dice, depth - 1);
    break;
  default:
    canon_put_map(w, (uint32_t)n);
    for (uint64_t i = 0; i < n; i++) {
      char key[24];
      (void)snprintf(key, sizeof key, "%llu", 10000 + 7 * (unsigned long long)i);
      canon_put_text(w, key);
      write_value(w, dice, depth - 1);
    }
    break;
  }
}

static int pack_octets(void *context, const char *p, size_t len) {
  return bytes_append(context, view_of(p, len), NULL) == OK ? 0 : -1;
}

/* v, unpacked by msgpack-c and packed again. */
static void repack(struct view v, struct bytes *out) {
  msgpack_unpacked unpacked;
  msgpack_packer packer;
  size_t at = 0;
  msgpack_unpacked_init(&unpacked);
  assert_int_equal(msgpack_unpack_next(&unpacked, (const char *)v.p, v.len, &at), MSGPACK_UNPACK_SUCCESS);
  assert_int_equal(at, v.len);
  msgpack_packer_init(&packer, out, pack_octets);
  assert_int_equal(msgpack_pack_object(&packer, unpacked.data), 0);
  msgpack_unpacked_destroy(&unpacked);
}

static void check_repacks_to_itself(struct view v) {
  struct bytes again;
  bytes_init(&again, v.len + 64);
  repack(v, &again);
  assert_true(view_equal(v, bytes_view(&again)));
  bytes_release(&again);
}

static void whatever_is_written_is_canonical_and_repacks_to_itself(void **state) {
  (void)state;
  struct dice dice = dice_new("written");
  unsigned kept = 0;
  struct bytes out;
  bytes_init(&out, VALUE_MAX);
  for (int i = 0; i < ROUNDS / 10; i++) {
    bytes_clear(&out);
    struct canon_writer w = canon_writer(&out);
    write_value(&w, &dice, (unsigned)dice_below(&dice, 4));
    if (canon_written(&w, "value", NULL) != OK) continue;
    kept++;
    assert_int_equal(canon_check(bytes_view(&out), "value", NULL), OK);
    check_repacks_to_itself(bytes_view(&out));
  }
  bytes_release(&out);
  assert_true(kept > ROUNDS / 20);
}

static void every_cut_of_a_value_is_refused(void **state) {
  (void)state;
  struct dice dice = dice_new("cut");
  struct bytes out;
  bytes_init(&out, 2048);
  for (int i = 0; i < 300; i++) {
    bytes_clear(&out);
    struct canon_writer w = canon_writer(&out);
    write_value(&w, &dice, 2);
    if (canon_written(&w, "value", NULL) != OK) continue;
    for (size_t n = 0; n < out.len; n++) {
      assert_int_equal(canon_check(view_of(out.p, n), "value", NULL), ERR_FORMAT);
    }
  }
  bytes_release(&out);
}

static void whatever_is_accepted_repacks_to_itself(void **state) {
  (void)state;
  struct dice dice = dice_new("accepted");
  unsigned accepted = 0;
  for (int i = 0; i < 10 * ROUNDS; i++) {
    uint8_t octets[12];
    size_t len = 1 + (size_t)dice_below(&dice, sizeof octets);
    for (size_t k = 0; k < len; k++)
      octets[k] = (uint8_t)dice_roll(&dice);
    if (dice_below(&dice, 2) == 0) octets[0] = (uint8_t)(0x80 + dice_below(&dice, 0x60));
    if (canon_check(view_of(octets, len), "octets", NULL) != OK) continue;
    accepted++;
    check_repacks_to_itself(view_of(octets, len));
  }
  assert_true(accepted > 100);
}

static void whatever_is_accepted_after_a_change_repacks_to_itself(void **state) {
  (void)state;
  struct dice dice = dice_new("changed");
  unsigned accepted = 0;
  struct bytes out;
  bytes_init(&out, 4096);
  for (int i = 0; i < ROUNDS; i++) {
    bytes_clear(&out);
    struct canon_writer w = canon_writer(&out);
    write_value(&w, &dice, 2);
    if (canon_written(&w, "value", NULL) != OK || out.len == 0) continue;
    out.p[dice_below(&dice, out.len < 8 ? out.len : 8)] = (uint8_t)dice_roll(&dice);
    if (canon_check(bytes_view(&out), "changed", NULL) != OK) continue;
    accepted++;
    check_repacks_to_itself(bytes_view(&out));
  }
  bytes_release(&out);
  assert_true(accepted > 100);
}

/* Whether msgpack-c's integers, packed in every form that can hold them, are accepted in the shortest only. */
static void exactly_one_form_of_each_integer_is_accepted(void **state) {
  (void)state;
  static const int64_t EDGES[] = {0,          1,
                                  31,         32,
                                  127,        128,
                                  255,        256,
                                  32767,      32768,
                                  65535,      65536,
                                  -1,         -32,
                                  -33,        -128,
                                  -129,       -32768,
                                  -32769,     INT32_MAX,
                                  INT32_MIN,  (int64_t)INT32_MIN - 1,
                                  UINT32_MAX, (int64_t)UINT32_MAX + 1,
                                  INT64_MAX,  INT64_MIN};
  for (size_t i = 0; i < sizeof EDGES / sizeof *EDGES; i++) {
    unsigned accepted = 0;
    uint64_t n = (uint64_t)EDGES[i];
    if (EDGES[i] >= -32 && EDGES[i] < 128) {
      uint8_t octet = (uint8_t)n;
      accepted += canon_check(view_of(&octet, 1), "n", NULL) == OK;
    }
    for (unsigned form = 0; form < 8; form++) {
      unsigned width = 1U << (form & 3), shift = 64 - 8 * width;
      bool is_signed = form >= 4;
      uint64_t low = n << shift >> shift;
      bool holds = is_signed ? (int64_t)(n << shift) >> shift == EDGES[i] : EDGES[i] >= 0 && low == n;
      uint8_t octets[9] = {(uint8_t)((is_signed ? 0xd0 : 0xcc) + (form & 3))}, big[8];
      put_u64be(big, n);
      memcpy(octets + 1, big + 8 - width, width);
      if (holds) accepted += canon_check(view_of(octets, 1 + width), "n", NULL) == OK;
    }
    assert_int_equal(accepted, 1);
  }
}

static void a_body_is_a_map_with_short_lists(void **state) {
  (void)state;
  struct bytes out;
  bytes_init(&out, 4096);
  for (uint32_t n = LIMIT_LIST - 1; n <= LIMIT_LIST + 1; n++) {
    bytes_clear(&out);
    struct canon_writer w = canon_writer(&out);
    canon_put_map(&w, 1);
    canon_put_text(&w, "a");
    canon_put_array(&w, n);
    for (uint32_t i = 0; i < n; i++)
      canon_put_uint(&w, 1);
    assert_int_equal(canon_written(&w, "body", NULL), OK);
    assert_int_equal(canon_check(bytes_view(&out), "value", NULL), OK);
    assert_int_equal(canon_check_body(bytes_view(&out), NULL), n <= LIMIT_LIST ? OK : ERR_FORMAT);
  }
  bytes_release(&out);
  assert_int_equal(canon_check_body(view_of("\x80", 1), NULL), OK);
  assert_int_equal(canon_check_body(view_of("\x90", 1), NULL), ERR_FORMAT);
  assert_int_equal(canon_check_body(view_of(NULL, 0), NULL), ERR_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(reads_each_type_in_its_place),
      cmocka_unit_test(peeks_at_the_type_and_does_not_move),
      cmocka_unit_test(keeps_the_first_fault_and_moves_no_more),
      cmocka_unit_test(refuses_other_types_and_sizes),
      cmocka_unit_test(tells_what_stands_behind_the_value),
      cmocka_unit_test(skips_one_value_and_returns_its_octets),
      cmocka_unit_test(a_fault_in_a_skipped_value_tells_its_octet),
      cmocka_unit_test(writes_what_the_reader_reads),
      cmocka_unit_test(keeps_to_the_ceiling_and_says_so),
      cmocka_unit_test(whatever_is_written_is_canonical_and_repacks_to_itself),
      cmocka_unit_test(every_cut_of_a_value_is_refused),
      cmocka_unit_test(whatever_is_accepted_repacks_to_itself),
      cmocka_unit_test(whatever_is_accepted_after_a_change_repacks_to_itself),
      cmocka_unit_test(exactly_one_form_of_each_integer_is_accepted),
      cmocka_unit_test(a_body_is_a_map_with_short_lists),
  };
  return cmocka_run_group_tests(tests, sample_start, NULL);
}
