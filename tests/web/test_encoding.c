/*
 * encoding: who takes gzip, and what comes out of it again.
 */
#include "node/web/encoding.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

static void gzip_is_taken_when_it_is_named_and_not_refused(void **state) {
  (void)state;
  static const struct {
    const char *accept;
    bool takes;
  } ROWS[] = {{"", false},
              {"gzip", true},
              {"GZIP", true},
              {"deflate, gzip", true},
              {"br;q=1.0, gzip;q=0.8, *;q=0.1", true},
              {" gzip ; q=0.001", true},
              {"gzip;q=0", false},
              {"gzip;q=0.000", false},
              {"identity", false},
              {"*", false},
              {"gzipped", false},
              {"x, ,;q=0,gzip;;", true},
              {";,;,", false}};
  for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
    if (encoding_takes_gzip(view_of_text(ROWS[i].accept)) != ROWS[i].takes) fail_msg("%s", ROWS[i].accept);
  }
}

static void what_was_packed_comes_out_again(void **state) {
  (void)state;
  const size_t len = 100000;
  uint8_t *text = malloc(len), *again = malloc(len + 1);
  struct bytes body;
  bool packed = false;
  assert_non_null(text);
  assert_non_null(again);
  for (size_t i = 0; i < len; i++)
    text[i] = (uint8_t)("library, desk & evening\n"[i * 7 / 5 % 24]);
  bytes_init(&body, len);
  assert_int_equal(bytes_append(&body, view_of(text, len), NULL), OK);
  encoding_gzip(&body, &packed);
  assert_true(packed && body.len < len / 4 && body.ceiling == len);
  z_stream z = {.next_in = body.p, .avail_in = (uInt)body.len, .next_out = again, .avail_out = (uInt)len + 1};
  assert_int_equal(inflateInit2(&z, 31), Z_OK);
  assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
  assert_int_equal(z.total_out, len);
  assert_memory_equal(text, again, len);
  (void)inflateEnd(&z);
  bytes_release(&body);
  free(text);
  free(again);
}

static void what_would_not_shrink_stays(void **state) {
  (void)state;
  struct bytes body;
  bool packed = true;
  uint64_t dice = 42;
  bytes_init(&body, 4096);
  for (size_t i = 0; i < 4096; i++) {
    dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    assert_int_equal(bytes_append_u8(&body, (uint8_t)(dice >> 56), NULL), OK);
  }
  encoding_gzip(&body, &packed);
  assert_false(packed);
  assert_int_equal(body.len, 4096);
  bytes_release(&body);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gzip_is_taken_when_it_is_named_and_not_refused),
      cmocka_unit_test(what_was_packed_comes_out_again),
      cmocka_unit_test(what_would_not_shrink_stays),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
