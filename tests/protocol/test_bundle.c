/*
 * bundle: the file format, written and read in pieces of every size (docs/protocol.md section 10).
 */
#include "protocol/bundle.h"

#include <stdlib.h>

#include "protocol/record.h"
#include "tests/protocol/cast.h"

#define CEILING ((size_t)64 * 1024 * 1024)

/* A payload that says its number: [number]. */
static void put(struct bundle_writer *w, enum bundle_type type, uint64_t number) {
  struct bytes b;
  bytes_init(&b, 64);
  struct canon_writer c = canon_writer(&b);
  canon_put_array(&c, 1);
  canon_put_uint(&c, number);
  assert_int_equal(bundle_put(w, type, bytes_view(&b), NULL), OK);
  bytes_release(&b);
}

static const enum bundle_type FULL[] = {BUNDLE_CHARTER,  BUNDLE_EPOCH,   BUNDLE_EPOCH,     BUNDLE_IDENTITY,
                                        BUNDLE_IDENTITY, BUNDLE_ADDRESS, BUNDLE_WINDOW,    BUNDLE_CHECKPOINT,
                                        BUNDLE_WINDOW,   BUNDLE_WINDOW,  BUNDLE_CHECKPOINT};
#define N_FULL (sizeof FULL / sizeof *FULL)

static void make_full(struct bytes *out) {
  struct bundle_writer w;
  bytes_init(out, CEILING);
  assert_int_equal(bundle_start(&w, bundle_sink_bytes, out, NULL), OK);
  for (size_t i = 0; i < N_FULL; i++)
    put(&w, FULL[i], 1000 * i);
  assert_int_equal(bundle_finish(&w, NULL), OK);
  bundle_writer_release(&w);
}

/* A source that gives at most step octets at a time, and fails after some. */
struct slow {
  struct view rest;
  size_t step;
  size_t fails_after; /* calls */
};

static enum err_code slow_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  struct slow *s = context;
  if (s->fails_after-- == 0) return err_set(err, ERR_IO, "the stick was pulled out");
  *n = 0;
  return bundle_source_view(&s->rest, buffer, size < s->step ? size : s->step, n, err);
}

static enum err_code scan(struct view v) {
  return bundle_scan(bundle_source_view, &v, NULL);
}

static void a_bundle_reads_back_in_pieces_of_every_size(void **state) {
  (void)state;
  struct bytes file;
  make_full(&file);
  for (size_t step = 1; step <= file.len; step++) {
    struct slow s = {bytes_view(&file), step, SIZE_MAX};
    struct bundle_reader *r = NULL;
    enum bundle_type type;
    struct view payload;
    assert_int_equal(bundle_open(slow_source, &s, &r, NULL), OK);
    for (size_t i = 0; i < N_FULL; i++) {
      assert_int_equal(bundle_next(r, &type, &payload, NULL), OK);
      assert_int_equal(type, FULL[i]);
      struct canon_reader c = canon_reader(payload);
      canon_array_exact(&c, 1);
      assert_int_equal(canon_uint(&c), 1000 * i);
    }
    for (int again = 0; again < 2; again++) { /* the end stays the end */
      assert_int_equal(bundle_next(r, &type, &payload, NULL), OK);
      assert_int_equal(type, BUNDLE_END);
      assert_int_equal(payload.len, 0);
    }
    bundle_reader_free(r);
  }
  bytes_release(&file);
}

static void no_bit_of_a_bundle_can_flip(void **state) {
  (void)state;
  struct bytes file;
  make_full(&file);
  assert_int_equal(scan(bytes_view(&file)), OK);
  for (size_t i = 0; i < file.len; i++) {
    for (unsigned bit = 0; bit < 8; bit++) {
      file.p[i] ^= (uint8_t)(1u << bit);
      enum err_code code = scan(bytes_view(&file));
      assert_int_not_equal(code, OK);
      if (i == 7) assert_int_equal(code, ERR_VERSION);
      if (i < 9 && i != 7) assert_int_equal(code, ERR_FORMAT);
      file.p[i] ^= (uint8_t)(1u << bit);
    }
  }
  bytes_release(&file);
}

static void a_bundle_that_is_cut_or_longer_is_refused(void **state) {
  (void)state;
  struct bytes file;
  make_full(&file);
  for (size_t n = 0; n < file.len; n++)
    assert_int_equal(scan(view_of(file.p, n)), ERR_FORMAT);
  assert_int_equal(bytes_append_u8(&file, 0, NULL), OK);
  assert_int_equal(scan(bytes_view(&file)), ERR_FORMAT);
  file.len--;
  assert_int_equal(bytes_append(&file, view_of_text("SPECOLA1\n"), NULL), OK);
  assert_int_equal(scan(bytes_view(&file)), ERR_FORMAT);
  bytes_release(&file);
}

static void an_error_stays_and_a_failing_source_is_told(void **state) {
  (void)state;
  struct bytes file;
  struct err err = ERR_INIT;
  make_full(&file);
  for (size_t calls = 0; calls < 5; calls++) {
    struct slow s = {bytes_view(&file), 20, calls};
    assert_int_equal(bundle_scan(slow_source, &s, &err), ERR_IO);
  }
  struct view cut = view_of(file.p, file.len / 2);
  struct bundle_reader *r = NULL;
  enum bundle_type type;
  struct view payload;
  enum err_code code;
  assert_int_equal(bundle_open(bundle_source_view, &cut, &r, NULL), OK);
  do
    code = bundle_next(r, &type, &payload, &err);
  while (code == OK);
  assert_int_equal(code, ERR_FORMAT);
  assert_non_null(strstr(err.message, "octet"));
  assert_int_equal(bundle_next(r, &type, &payload, &err), ERR_FORMAT);
  assert_int_equal(payload.len, 0);
  bundle_reader_free(r);
  bundle_reader_free(NULL);
  bytes_release(&file);
}

/* Writes the types in order by hand, with a right hash, and scans them. */
static enum err_code scan_types(const enum bundle_type *types, size_t n) {
  struct bytes file;
  struct hash_stream stream;
  bytes_init(&file, CEILING);
  assert_int_equal(bytes_append_text(&file, "SPECOLA1\n", NULL), OK);
  struct canon_writer c = canon_writer(&file);
  for (size_t i = 0; i < n; i++) {
    canon_put_array(&c, 2);
    canon_put_uint(&c, types[i]);
    canon_put_nil(&c);
  }
  hash_stream_init(&stream, HASH_BUNDLE);
  hash_stream_add(&stream, bytes_view(&file));
  struct hash hash = hash_stream_final(&stream);
  canon_put_array(&c, 2);
  canon_put_uint(&c, BUNDLE_END);
  canon_put_hash(&c, &hash);
  assert_int_equal(canon_written(&c, "file", NULL), OK);
  enum err_code code = scan(bytes_view(&file));
  bytes_release(&file);
  return code;
}

/* The same with the writer. */
static enum err_code write_types(const enum bundle_type *types, size_t n) {
  struct bytes file;
  struct bundle_writer w;
  bytes_init(&file, CEILING);
  enum err_code code = bundle_start(&w, bundle_sink_bytes, &file, NULL);
  for (size_t i = 0; i < n && code == OK; i++)
    code = bundle_put(&w, types[i], view_of("\xc0", 1), NULL);
  if (code == OK) code = bundle_finish(&w, NULL);
  bundle_writer_release(&w);
  bytes_release(&file);
  return code;
}

static void types_stand_in_their_order_for_writer_and_reader(void **state) {
  (void)state;
  /* The rule, written out once more: rank of each type, and what a pair of neighbours may be. */
  static const int RANK[] = {[BUNDLE_CHARTER] = 1, [BUNDLE_EPOCH] = 2,  [BUNDLE_IDENTITY] = 3,
                             [BUNDLE_ADDRESS] = 4, [BUNDLE_WINDOW] = 5, [BUNDLE_CHECKPOINT] = 5};
  unsigned n_good = 0;
  for (int a = 1; a <= 14; a++) {
    bool alone = a == BUNDLE_ROOT_SET || a == BUNDLE_REQUEST || a == BUNDLE_SUBMISSION;
    bool single = a <= 4 || alone; /* a window waits for its checkpoint, a checkpoint for its window */
    enum bundle_type one[1] = {(enum bundle_type)a};
    assert_int_equal(scan_types(one, 1), single ? OK : ERR_FORMAT);
    assert_int_equal(write_types(one, 1), single ? OK : ERR_REFUSED);
    for (int b = 1; b <= 14; b++) {
      bool logs = a == BUNDLE_WINDOW && b == BUNDLE_CHECKPOINT;
      bool listed = a <= 4 && b <= 4 && (RANK[a] < RANK[b] || (RANK[a] == RANK[b] && a != BUNDLE_CHARTER));
      listed = listed || (a == BUNDLE_CHARTER && b == BUNDLE_STATEMENT) || (a <= BUNDLE_IDENTITY && b == BUNDLE_CHANGES);
      enum bundle_type two[2] = {(enum bundle_type)a, (enum bundle_type)b};
      assert_int_equal(scan_types(two, 2), logs || listed ? OK : ERR_FORMAT);
      assert_int_equal(write_types(two, 2), logs || listed ? OK : ERR_REFUSED);
      n_good += logs || listed;
    }
  }
  assert_int_equal(n_good, 14);
  assert_int_equal(scan_types(NULL, 0), OK);
  static const enum bundle_type OPEN[] = {BUNDLE_WINDOW, BUNDLE_CHECKPOINT, BUNDLE_WINDOW};
  assert_int_equal(scan_types(OPEN, 3), ERR_FORMAT);
  static const enum bundle_type BACK[] = {BUNDLE_WINDOW, BUNDLE_CHECKPOINT, BUNDLE_ADDRESS};
  assert_int_equal(scan_types(BACK, 3), ERR_FORMAT);
}

static void another_hash_and_other_lines_are_told_apart(void **state) {
  (void)state;
  struct bytes file;
  make_full(&file);
  file.p[file.len - 1] ^= 1;
  assert_int_equal(scan(bytes_view(&file)), ERR_MISMATCH);
  file.p[file.len - 1] ^= 1;
  file.p[7] = '2';
  assert_int_equal(scan(bytes_view(&file)), ERR_VERSION);
  file.p[8] = 'x';
  assert_int_equal(scan(bytes_view(&file)), ERR_FORMAT);
  assert_int_equal(scan(view_of("", 0)), ERR_FORMAT);
  assert_int_equal(scan(view_of_text("SPECOLA1\n")), ERR_FORMAT);
  bytes_release(&file);
}

/* One item of about len octets: a bin. */
static enum err_code roundtrip_large(size_t len, size_t step) {
  struct bytes payload;
  struct bytes file;
  struct bundle_writer w;
  uint8_t *octets = calloc(1, len + 1);
  assert_non_null(octets);
  bytes_init(&payload, CEILING);
  bytes_init(&file, CEILING);
  struct canon_writer c = canon_writer(&payload);
  canon_put_bin(&c, view_of(octets, len));
  assert_int_equal(canon_written(&c, "bin", NULL), OK);
  assert_int_equal(bundle_start(&w, bundle_sink_bytes, &file, NULL), OK);
  enum err_code code = bundle_put(&w, BUNDLE_CHARTER, bytes_view(&payload), NULL);
  if (code == OK) {
    put(&w, BUNDLE_EPOCH, 1);
    assert_int_equal(bundle_finish(&w, NULL), OK);
    struct slow s = {bytes_view(&file), step, SIZE_MAX};
    code = bundle_scan(slow_source, &s, NULL);
  }
  bundle_writer_release(&w);
  bytes_release(&payload);
  bytes_release(&file);
  free(octets);
  return code;
}

static void items_of_every_size_up_to_the_limit_pass(void **state) {
  (void)state;
  static const size_t SIZES[] = {0, 255, 65530, 65536, 131072, 300000, 1048576, LIMIT_BUNDLE_ITEM - 7};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    assert_int_equal(roundtrip_large(SIZES[i], 4096), OK);
    assert_int_equal(roundtrip_large(SIZES[i], 1000003), OK);
  }
  assert_int_equal(roundtrip_large(LIMIT_BUNDLE_ITEM - 6, 4096), ERR_LIMIT);
}

static void a_reader_stops_at_a_promise_over_the_limit(void **state) {
  (void)state;
  static const struct {
    const char *octets;
    size_t len;
    enum err_code code;
  } CASES[] = {
      {"\x92\x01\xc6\xff\xff\xff\xff", 7, ERR_FORMAT},                      /* a bin of 4 GiB */
      {"\x92\x01\xdd\xff\xff\xff\xff", 7, ERR_FORMAT},                      /* an array of 2^32 - 1 */
      {"\x92\x01\xdf\xff\xff\xff\xff", 7, ERR_FORMAT},                      /* a map of as many */
      {"\x92\x01\xca\x00\x00\x00\x00", 7, ERR_FORMAT},                      /* a float */
      {"\x92\x01\xc1", 3, ERR_FORMAT},                                      /* nothing at all */
      {"\x92\x01\xc7\x01\x01\x01", 6, ERR_FORMAT},                          /* an extension */
      {"\x92\x01\xcc\x05", 4, ERR_FORMAT},                                  /* not the shortest form */
      {"\x92\x01\x99\x99\x99\x99", 6, ERR_FORMAT},                          /* it ends too early */
      {"\x93\x01\xc0\xc0", 4, ERR_FORMAT},                                  /* three elements */
      {"\x92\x01\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 12, ERR_FORMAT}, /* nested too deeply */
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    struct bytes file;
    bytes_init(&file, CEILING);
    assert_int_equal(bytes_append_text(&file, "SPECOLA1\n", NULL), OK);
    assert_int_equal(bytes_append(&file, view_of(CASES[i].octets, CASES[i].len), NULL), OK);
    assert_int_equal(scan(bytes_view(&file)), CASES[i].code);
    bytes_release(&file);
  }
}

static void the_writer_refuses_what_is_not_canonical(void **state) {
  (void)state;
  struct bytes file;
  struct bundle_writer w;
  bytes_init(&file, CEILING);
  assert_int_equal(bundle_start(&w, bundle_sink_bytes, &file, NULL), OK);
  assert_int_equal(bundle_put(&w, BUNDLE_CHARTER, view_of("", 0), NULL), ERR_FORMAT);
  assert_int_equal(bundle_put(&w, BUNDLE_CHARTER, view_of("\xc0\xc0", 2), NULL), ERR_FORMAT);
  assert_int_equal(bundle_put(&w, BUNDLE_END, view_of("\xc0", 1), NULL), ERR_REFUSED);
  assert_int_equal(file.len, 9);
  bundle_writer_release(&w);
  struct bytes tiny;
  bytes_init(&tiny, 4);
  assert_int_equal(bundle_start(&w, bundle_sink_bytes, &tiny, NULL), ERR_LIMIT);
  bundle_writer_release(&w);
  bytes_release(&tiny);
  bytes_release(&file);
}

/* ---- windows ---- */

static void windows_read_back_with_their_items(void **state) {
  (void)state;
  struct bytes items;
  struct bytes payload;
  struct bundle_window out;
  bytes_init(&items, CEILING);
  bytes_init(&payload, CEILING);
  struct canon_writer w = canon_writer(&items);
  for (uint32_t i = 0; i < 300; i++) {
    struct item item = {.envelope = view_of("envelope", 8),
                        .state = i % 3 == 0   ? ITEM_BODILESS
                                 : i % 3 == 1 ? ITEM_WHOLE
                                              : ITEM_GONE};
    item.body = item.state == ITEM_WHOLE ? view_of("\x81\xa1\x61\xc0", 4) : view_of(NULL, 0);
    item_write(&w, &item);
  }
  assert_int_equal(canon_written(&w, "items", NULL), OK);
  struct bundle_window window = {cast_hash(1), 1, 7, 300, bytes_view(&items)};
  assert_int_equal(bundle_window_write(&window, &payload, NULL), OK);
  assert_int_equal(bundle_window_read(bytes_view(&payload), &out, NULL), OK);
  assert_int_equal(out.from, 7);
  assert_int_equal(out.count, 300);
  assert_true(view_equal(out.items, window.items));
  for (size_t n = 0; n < payload.len; n += 7)
    assert_int_equal(bundle_window_read(view_of(payload.p, n), &out, NULL), ERR_FORMAT);
  window.gen = LIMIT_GEN;
  window.from = LIMIT_SIZE - 300;
  bytes_clear(&payload);
  assert_int_equal(bundle_window_write(&window, &payload, NULL), OK);
  assert_int_equal(bundle_window_read(bytes_view(&payload), &out, NULL), OK);
  assert_true(out.gen == LIMIT_GEN && out.from == LIMIT_SIZE - 300);
  for (int what = 0; what < 7; what++) {
    window = (struct bundle_window){cast_hash(1), 1, 7, 300, bytes_view(&items)};
    if (what == 0) window.gen = 0;
    if (what == 1) window.count = 299;
    if (what == 2) window.from = UINT64_MAX - 10;
    if (what == 3) window.count = 0;
    if (what == 4) window.gen = LIMIT_GEN + 1;
    if (what == 5) window.from = LIMIT_SIZE - 299;
    if (what == 6) window.from = LIMIT_SIZE + 1;
    bytes_clear(&payload);
    assert_int_equal(bundle_window_write(&window, &payload, NULL), OK);
    assert_int_equal(bundle_window_read(bytes_view(&payload), &out, NULL), ERR_FORMAT);
  }
  static uint8_t large[LIMIT_DATA_RAW];
  window.items = view_of(large, sizeof large);
  bytes_clear(&payload);
  assert_int_equal(bundle_window_write(&window, &payload, NULL), ERR_LIMIT);
  assert_int_equal(payload.len, 0);
  bytes_release(&items);
  bytes_release(&payload);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_bundle_reads_back_in_pieces_of_every_size),
      cmocka_unit_test(no_bit_of_a_bundle_can_flip),
      cmocka_unit_test(a_bundle_that_is_cut_or_longer_is_refused),
      cmocka_unit_test(an_error_stays_and_a_failing_source_is_told),
      cmocka_unit_test(types_stand_in_their_order_for_writer_and_reader),
      cmocka_unit_test(another_hash_and_other_lines_are_told_apart),
      cmocka_unit_test(items_of_every_size_up_to_the_limit_pass),
      cmocka_unit_test(a_reader_stops_at_a_promise_over_the_limit),
      cmocka_unit_test(the_writer_refuses_what_is_not_canonical),
      cmocka_unit_test(windows_read_back_with_their_items),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
