/*
 * window: what DATA carries, packed and unpacked, and what a bad frame of zstd may try (docs/protocol.md 8.3).
 */
#include <zstd.h>

#include "protocol/message.h"
#include "tests/protocol/cast.h"

static struct message made;

/* An array of n uints, which is what the window functions look at of items. */
static void make_window(struct bytes *raw, uint32_t n, uint64_t value) {
  bytes_init(raw, LIMIT_DATA_RAW + 64);
  struct canon_writer w = canon_writer(raw);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_uint(&w, value);
  assert_int_equal(canon_written(&w, "window", NULL), OK);
}

static enum err_code open_window(struct view packed, uint64_t encoding, uint64_t count, struct bytes *scratch,
                                 struct view *out) {
  memset(&made, 0, sizeof made);
  made.type = MSG_DATA;
  made.u.data.count = count;
  made.u.data.encoding = encoding;
  made.u.data.window = packed;
  return window_open(&made, scratch, out, NULL);
}

static void windows_pack_when_that_is_smaller_and_open_again(void **state) {
  (void)state;
  struct bytes raw;
  struct bytes packed;
  struct bytes scratch;
  struct view out;
  uint64_t encoding;
  bytes_init(&packed, LIMIT_DATA_RAW + 1024);
  bytes_init(&scratch, LIMIT_DATA_RAW);
  static const uint32_t SIZES[] = {1, 2, 15, 16, 1000, 60000, LIMIT_DATA_RAW / 9 - 1};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    make_window(&raw, SIZES[i], UINT64_MAX);
    bytes_clear(&packed);
    assert_int_equal(bytes_append_u8(&packed, 'x', NULL), OK); /* it appends */
    assert_int_equal(window_pack(bytes_view(&raw), &packed, &encoding, NULL), OK);
    assert_int_equal(encoding, SIZES[i] >= 15);
    assert_true(packed.len - 1 <= raw.len);
    struct view v = view_of(packed.p + 1, packed.len - 1);
    assert_int_equal(open_window(v, encoding, SIZES[i], &scratch, &out), OK);
    assert_true(view_equal(out, bytes_view(&raw)));
    assert_int_equal(open_window(v, encoding, SIZES[i] + 1, &scratch, &out), ERR_FORMAT);
    assert_int_equal(open_window(v, 2, SIZES[i], &scratch, &out), ERR_FORMAT);
    assert_int_equal(open_window(view_of(v.p, v.len - 1), 1, SIZES[i], &scratch, &out), ERR_FORMAT);
    bytes_release(&raw);
  }
  bytes_release(&packed);
  bytes_release(&scratch);
  window_release_thread();
  window_release_thread();
}

static void a_window_never_inflates_past_its_limit(void **state) {
  (void)state;
  static uint8_t big[4 * LIMIT_DATA_RAW];
  static uint8_t packed[LIMIT_DATA_RAW];
  struct bytes scratch;
  struct view out;
  uint64_t encoding;
  bytes_init(&scratch, LIMIT_DATA_RAW);
  memset(big, 0, sizeof big);
  static const uint8_t HEAD[] = {0xdd, 0x00, 0x0f, 0xff, 0xfb};
  memcpy(big, HEAD, sizeof HEAD); /* an array of exactly LIMIT_DATA_RAW - 5 */
  static const struct {
    size_t len;
    int says_size;
    enum err_code code;
  } CASES[] = {{LIMIT_DATA_RAW, 1, OK},
               {LIMIT_DATA_RAW, 0, OK},
               {LIMIT_DATA_RAW + 1, 1, ERR_LIMIT},
               {LIMIT_DATA_RAW + 1, 0, ERR_LIMIT},
               {sizeof big, 1, ERR_LIMIT},
               {sizeof big, 0, ERR_LIMIT}};
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    ZSTD_CCtx *c = ZSTD_createCCtx();
    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, CASES[i].says_size)));
    size_t n = ZSTD_compress2(c, packed, sizeof packed, big, CASES[i].len);
    assert_false(ZSTD_isError(n));
    assert_int_equal(open_window(view_of(packed, n), 1, LIMIT_DATA_RAW - 5, &scratch, &out), CASES[i].code);
    assert_true(scratch.capacity <= LIMIT_DATA_RAW);
    ZSTD_freeCCtx(c);
  }
  assert_int_equal(open_window(view_of(big, LIMIT_DATA_RAW + 1), 0, LIMIT_DATA_RAW - 5, &scratch, &out), ERR_LIMIT);
  struct bytes out_bytes;
  bytes_init(&out_bytes, (size_t)LIMIT_DATA_RAW * 2);
  assert_int_equal(window_pack(view_of(big, LIMIT_DATA_RAW + 1), &out_bytes, &encoding, NULL), ERR_LIMIT);
  bytes_release(&out_bytes);
  bytes_release(&scratch);
  window_release_thread();
}

static void a_window_is_one_frame_and_nothing_else(void **state) {
  (void)state;
  struct bytes raw;
  struct bytes packed;
  struct bytes scratch;
  struct view out;
  uint64_t encoding;
  make_window(&raw, 100, 0);
  bytes_init(&packed, LIMIT_DATA_RAW);
  bytes_init(&scratch, LIMIT_DATA_RAW);
  assert_int_equal(window_pack(bytes_view(&raw), &packed, &encoding, NULL), OK);
  assert_int_equal(encoding, 1);
  struct bytes twice;
  bytes_init(&twice, LIMIT_DATA_RAW);
  assert_int_equal(bytes_append(&twice, bytes_view(&packed), NULL), OK);
  assert_int_equal(bytes_append(&twice, bytes_view(&packed), NULL), OK);
  assert_int_equal(open_window(bytes_view(&twice), 1, 100, &scratch, &out), ERR_FORMAT);
  static const uint8_t SKIPPABLE[] = {0x50, 0x2a, 0x4d, 0x18, 0x01, 0x00, 0x00, 0x00, 0x00};
  assert_int_equal(open_window(view_of(SKIPPABLE, sizeof SKIPPABLE), 1, 1, &scratch, &out), ERR_FORMAT);
  assert_int_equal(open_window(view_of("x", 1), 1, 1, &scratch, &out), ERR_FORMAT);
  static const uint8_t PLAIN[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 0x02, 0x11, 0, 0, 0x91, 0};
  assert_int_equal(open_window(view_of(PLAIN, sizeof PLAIN), 1, 1, &scratch, &out), OK);
  static const uint8_t DICTIONARY[] = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 0x02, 0x11, 0, 0, 0x91, 0}; /* the same, "with 7" */
  assert_int_equal(open_window(view_of(DICTIONARY, sizeof DICTIONARY), 1, 1, &scratch, &out), ERR_FORMAT);
  uint64_t seed = 20260101;
  print_message("seed %llu\n", (unsigned long long)seed);
  for (int i = 0; i < 5000; i++) { /* whatever a damaged frame inflates to, the buffer holds */
    size_t at = cast_random(&seed) % packed.len;
    uint8_t before = packed.p[at];
    packed.p[at] = (uint8_t)cast_random(&seed);
    enum err_code code = open_window(bytes_view(&packed), 1, 100, &scratch, &out);
    assert_true(code == OK || code == ERR_FORMAT || code == ERR_LIMIT);
    assert_true(scratch.len <= LIMIT_DATA_RAW);
    packed.p[at] = before;
  }
  bytes_release(&raw);
  bytes_release(&packed);
  bytes_release(&twice);
  bytes_release(&scratch);
  window_release_thread();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(windows_pack_when_that_is_smaller_and_open_again),
      cmocka_unit_test(a_window_never_inflates_past_its_limit),
      cmocka_unit_test(a_window_is_one_frame_and_nothing_else),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
