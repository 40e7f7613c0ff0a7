/* words: the examples of the proquint paper (arXiv:0901.4016) and the reach of the fingerprint. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "keys/words.h"

static void matches_the_examples_of_the_proquint_paper(void **state) {
  (void)state;
  char out[WORDS_LEN];
  const struct hash a = {{127, 0, 0, 1, 63, 84, 220, 193, 63, 118, 7, 35, 140, 98, 193, 141}};
  words_of(&a, out);
  assert_string_equal(out, "lusab-babad-gutih-tugad-gutuk-bisog-mudof-sakat");
  const struct hash b = {{64, 255, 6, 200, 140, 98, 193, 141, 64, 255, 6, 200, 0, 0, 255, 255}};
  words_of(&b, out);
  assert_string_equal(out, "haguz-biram-mudof-sakat-haguz-biram-babab-zuzuz");
}

static void every_one_of_the_first_128_bits_shows_and_no_other(void **state) {
  (void)state;
  char plain[WORDS_LEN];
  char other[WORDS_LEN];
  struct hash h = {{0}};
  words_of(&h, plain);
  for (size_t bit = 0; bit < 256; bit++) {
    h.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    words_of(&h, other);
    assert_int_equal(strcmp(plain, other) != 0, bit < 128);
    assert_int_equal(strlen(other), WORDS_LEN - 1);
    h.b[bit / 8] ^= (uint8_t)(1U << bit % 8);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(matches_the_examples_of_the_proquint_paper),
      cmocka_unit_test(every_one_of_the_first_128_bits_shows_and_no_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
