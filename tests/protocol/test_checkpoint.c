/*
 * checkpoint: the text of C2SP's tlog-checkpoint, line by line. Refused spellings are in tests/vectors/checkpoint.json.
 */
#include "protocol/checkpoint.h"

#include "protocol/limits.h"
#include "tests/protocol/sample.h"

static struct signer node_key, other;

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  node_key = sample_signer(1);
  other = sample_signer(2);
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&node_key);
  signer_release(&other);
  return 0;
}

static struct checkpoint sample(uint64_t gen, uint64_t size) {
  return (struct checkpoint){
      .fed_id = sample_hash(1), .node = sample_hash(2), .gen = gen, .size = size, .root = sample_hash(3)};
}

static struct bytes seal(const struct checkpoint *c, const struct signer *key) {
  struct bytes out;
  bytes_init(&out, (size_t)2 * LIMIT_CHECKPOINT);
  assert_int_equal(checkpoint_seal(c, key, &out, NULL), OK);
  assert_true(out.len <= LIMIT_CHECKPOINT);
  return out;
}

static bool is_equal(const struct checkpoint *a, const struct checkpoint *b) {
  return hash_equal(&a->fed_id, &b->fed_id) && hash_equal(&a->node, &b->node) && hash_equal(&a->root, &b->root) &&
         a->gen == b->gen && a->size == b->size;
}

static void a_checkpoint_comes_back_as_it_was_signed(void **state) {
  (void)state;
  static const uint64_t NUMBERS[] = {1, 2, 9, 10, 2048, LIMIT_GEN};
  for (size_t i = 0; i < sizeof NUMBERS / sizeof *NUMBERS; i++) {
    struct checkpoint c = sample(NUMBERS[i], NUMBERS[5 - i]), opened, read;
    struct bytes text = seal(&c, &node_key);
    assert_int_equal(checkpoint_open(bytes_view(&text), &node_key.pub, &opened, NULL), OK);
    assert_int_equal(checkpoint_read(bytes_view(&text), &read, NULL), OK);
    assert_true(is_equal(&c, &opened) && is_equal(&c, &read));
    bytes_release(&text);
  }
}

static void is_written_behind_what_the_buffer_held(void **state) {
  (void)state;
  struct checkpoint c = sample(1, 5), read;
  struct bytes out;
  bytes_init(&out, (size_t)2 * LIMIT_CHECKPOINT);
  assert_int_equal(bytes_append_text(&out, "before", NULL), OK);
  assert_int_equal(checkpoint_seal(&c, &node_key, &out, NULL), OK);
  assert_memory_equal(out.p, "before", 6);
  assert_int_equal(checkpoint_open(view_of(out.p + 6, out.len - 6), &node_key.pub, &read, NULL), OK);
  bytes_release(&out);
}

static void seals_no_size_or_generation_out_of_bounds(void **state) {
  (void)state;
  struct checkpoint no_gen = sample(0, 1), no_size = sample(1, 0);
  struct bytes out;
  bytes_init(&out, LIMIT_CHECKPOINT);
  assert_int_equal(checkpoint_seal(&no_gen, &node_key, &out, NULL), ERR_FORMAT);
  assert_int_equal(checkpoint_seal(&no_size, &node_key, &out, NULL), ERR_FORMAT);
  struct checkpoint late = sample(LIMIT_GEN + 1, 1), large = sample(1, LIMIT_SIZE + 1);
  assert_int_equal(checkpoint_seal(&late, &node_key, &out, NULL), ERR_FORMAT);
  assert_int_equal(checkpoint_seal(&large, &node_key, &out, NULL), ERR_FORMAT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void leaves_the_buffer_alone_when_the_text_does_not_fit(void **state) {
  (void)state;
  struct checkpoint c = sample(1, 5);
  struct bytes out;
  bytes_init(&out, 200);
  assert_int_equal(checkpoint_seal(&c, &node_key, &out, NULL), ERR_LIMIT);
  assert_int_equal(out.len, 0);
  bytes_release(&out);
}

static void another_key_is_told_from_another_form(void **state) {
  (void)state;
  struct checkpoint c = sample(1, 129), untouched = sample(7, 7), out = untouched;
  struct bytes text = seal(&c, &node_key);
  assert_int_equal(checkpoint_open(bytes_view(&text), &other.pub, &out, NULL), ERR_SIGNATURE);
  assert_int_equal(checkpoint_open(view_of(text.p, text.len - 1), &node_key.pub, &out, NULL), ERR_FORMAT);
  assert_true(is_equal(&untouched, &out));
  bytes_release(&text);
}

static void another_origin_under_the_same_key_says_so_itself(void **state) {
  (void)state;
  struct checkpoint here = sample(1, 5), there = here, read;
  there.node = sample_hash(8);
  struct bytes a = seal(&here, &node_key), b = seal(&there, &node_key);
  assert_false(view_equal(bytes_view(&a), bytes_view(&b)));
  assert_int_equal(checkpoint_open(bytes_view(&b), &node_key.pub, &read, NULL), OK);
  assert_true(hash_equal(&read.node, &there.node));
  bytes_release(&a);
  bytes_release(&b);
}

/* A change of any octet, in any of the lines, is refused: nothing in the text is outside the form and the signature. */
static void a_change_of_any_octet_is_refused(void **state) {
  (void)state;
  struct checkpoint c = sample(12, 345), out;
  struct bytes text = seal(&c, &node_key);
  for (size_t i = 0; i < text.len; i++) {
    uint8_t kept = text.p[i];
    static const uint8_t CHANGES[] = {'1', 'a', 'A', '\n', ' ', '/', '=', 0};
    for (size_t k = 0; k < sizeof CHANGES; k++) {
      if (CHANGES[k] == kept) continue;
      text.p[i] = CHANGES[k];
      assert_int_not_equal(checkpoint_open(bytes_view(&text), &node_key.pub, &out, NULL), OK);
    }
    text.p[i] = kept;
  }
  assert_int_equal(checkpoint_open(bytes_view(&text), &node_key.pub, &out, NULL), OK);
  bytes_release(&text);
}

static void every_cut_and_every_octet_too_many_is_refused(void **state) {
  (void)state;
  struct checkpoint c = sample(1, 9), out;
  struct bytes text = seal(&c, &node_key);
  for (size_t n = 0; n < text.len; n++) {
    assert_int_equal(checkpoint_open(view_of(text.p, n), &node_key.pub, &out, NULL), ERR_FORMAT);
  }
  assert_int_equal(bytes_append_text(&text, "\n", NULL), OK);
  assert_int_equal(checkpoint_open(bytes_view(&text), &node_key.pub, &out, NULL), ERR_FORMAT);
  bytes_release(&text);
}

/* Lines of one checkpoint put into another of the same log and key. */
static void lines_of_two_checkpoints_make_no_third(void **state) {
  (void)state;
  struct checkpoint one = sample(1, 100), two = sample(1, 200), out;
  struct bytes a = seal(&one, &node_key), b = seal(&two, &node_key);
  assert_int_equal(a.len, b.len);
  size_t lines = 0;
  for (size_t from = 0; from < a.len; lines++) {
    const uint8_t *end = memchr(a.p + from, '\n', a.len - from);
    assert_non_null(end);
    size_t len = (size_t)(end - (a.p + from)) + 1;
    if (memcmp(a.p + from, b.p + from, len) != 0) {
      uint8_t line[LIMIT_CHECKPOINT];
      memcpy(line, a.p + from, len);
      memcpy(a.p + from, b.p + from, len);
      assert_int_equal(checkpoint_open(bytes_view(&a), &node_key.pub, &out, NULL), ERR_SIGNATURE);
      memcpy(a.p + from, line, len);
    }
    from += len;
  }
  assert_int_equal(lines, 5);
  bytes_release(&a);
  bytes_release(&b);
}

static void begins_like_no_tagged_input(void **state) {
  (void)state;
  struct checkpoint c = sample(1, 1);
  struct bytes text = seal(&c, &node_key);
  assert_memory_equal(text.p, "specola/", 8);
  assert_memory_not_equal(text.p, "specola1:", 8);
  bytes_release(&text);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_checkpoint_comes_back_as_it_was_signed),
      cmocka_unit_test(is_written_behind_what_the_buffer_held),
      cmocka_unit_test(seals_no_size_or_generation_out_of_bounds),
      cmocka_unit_test(leaves_the_buffer_alone_when_the_text_does_not_fit),
      cmocka_unit_test(another_key_is_told_from_another_form),
      cmocka_unit_test(another_origin_under_the_same_key_says_so_itself),
      cmocka_unit_test(a_change_of_any_octet_is_refused),
      cmocka_unit_test(every_cut_and_every_octet_too_many_is_refused),
      cmocka_unit_test(lines_of_two_checkpoints_make_no_third),
      cmocka_unit_test(begins_like_no_tagged_input),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
