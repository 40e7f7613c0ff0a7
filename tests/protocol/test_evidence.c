/*
 * evidence: what two signatures of one owner prove, written, read and put in order. Refused forms are in
 * tests/vectors/evidence.json.
 */
#include "protocol/evidence.h"

#include "protocol/merkle.h"
#include "tests/protocol/sample.h"

#define ENTRIES 40

static struct signer node_key, other;
static struct hash fed_id, node;
static struct hash branches[3][ENTRIES]; /* leaves: the second differs from 12 on, the third from 7 on */

static int start(void **state) {
  if (sample_start(state) != 0) return -1;
  node_key = sample_signer(1);
  other = sample_signer(2);
  fed_id = sample_hash(1);
  node = sample_hash(2);
  for (unsigned b = 0; b < 3; b++) {
    for (unsigned i = 0; i < ENTRIES; i++) {
      bool is_other = (b == 1 && i >= 12) || (b == 2 && i >= 7);
      branches[b][i] = sample_hash(1000 * (is_other ? b + 1 : 1) + i);
    }
  }
  return 0;
}

static int stop(void **state) {
  (void)state;
  signer_release(&node_key);
  signer_release(&other);
  return 0;
}

static bool leaf_of(void *context, uint64_t i, struct hash *out) {
  *out = ((const struct hash *)context)[i];
  return true;
}

/* Texts of both branches live in `texts`. */
struct made {
  struct evidence evidence;
  struct bytes texts[2], item;
};

static void branch(struct made *m, unsigned at, unsigned which, uint64_t size, const struct signer *key) {
  struct evidence_branch *b = &m->evidence.branches[at];
  struct merkle_range range = {.size = 0};
  for (uint64_t i = 0; i < size; i++)
    merkle_append(&range, &branches[which][i]);
  const struct checkpoint c = {.fed_id = fed_id, .node = node, .gen = 1, .size = size, .root = merkle_root(&range)};
  bytes_init(&m->texts[at], LIMIT_CHECKPOINT);
  assert_int_equal(checkpoint_seal(&c, key, &m->texts[at], NULL), OK);
  b->text = bytes_view(&m->texts[at]);
  if (!m->evidence.has_index) return;
  struct hash path[64] = {{.b = {0}}};
  b->leaf = branches[which][m->evidence.index];
  assert_int_equal(merkle_inclusion(m->evidence.index, size, leaf_of, branches[which], path, &b->n_path, NULL), OK);
  memcpy(b->path, path, sizeof b->path);
}

/* Evidence of the branch a at size_a against b at size_b; index NONE: of their roots. */
#define ROOTS UINT64_MAX
static struct made make(unsigned a, uint64_t size_a, unsigned b, uint64_t size_b, uint64_t index) {
  struct made m = {.evidence = {.has_index = index != ROOTS, .index = index == ROOTS ? 0 : index}};
  branch(&m, 0, a, size_a, &node_key);
  branch(&m, 1, b, size_b, &node_key);
  bytes_init(&m.item, LIMIT_EVIDENCE);
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), OK);
  return m;
}

static void made_release(struct made *m) {
  bytes_release(&m->texts[0]);
  bytes_release(&m->texts[1]);
  bytes_release(&m->item);
}

static void is_believed_whoever_hands_it_on_and_in_whatever_order_it_was_made(void **state) {
  (void)state;
  static const uint64_t SIZES[] = {13, 14, 16, 17, 31, 32, 33, ENTRIES};
  for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
    for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++) {
      struct made m = make(0, SIZES[i], 1, SIZES[k], 12), turned = make(1, SIZES[k], 0, SIZES[i], 12);
      struct evidence e;
      assert_true(view_equal(bytes_view(&m.item), bytes_view(&turned.item)));
      assert_int_equal(evidence_open(bytes_view(&m.item), &fed_id, &node, 1, &node_key.pub, &e, NULL), OK);
      assert_int_equal(evidence_from(&e), 12);
      assert_true(e.branches[0].checkpoint.size <= e.branches[1].checkpoint.size);
      made_release(&m);
      made_release(&turned);
    }
  }
}

static void two_roots_of_one_size_say_where_at_the_latest(void **state) {
  (void)state;
  struct made m = make(0, 20, 1, 20, ROOTS);
  struct evidence e;
  assert_int_equal(evidence_open(bytes_view(&m.item), &fed_id, &node, 1, &node_key.pub, &e, NULL), OK);
  assert_false(e.has_index);
  assert_int_equal(evidence_from(&e), 19);
  made_release(&m);
}

static void nobody_but_the_owner_makes_it(void **state) {
  (void)state;
  struct evidence e;
  struct made m = make(0, 20, 1, 20, 12);
  const struct hash elsewhere = sample_hash(9);
  const struct view item = bytes_view(&m.item);
  assert_int_equal(evidence_open(item, &fed_id, &node, 1, &other.pub, &e, NULL), ERR_SIGNATURE);
  assert_int_equal(evidence_open(item, &fed_id, &elsewhere, 1, &node_key.pub, &e, NULL), ERR_FORMAT);
  assert_int_equal(evidence_open(item, &elsewhere, &node, 1, &node_key.pub, &e, NULL), ERR_FORMAT);
  assert_int_equal(evidence_open(item, &fed_id, &node, 2, &node_key.pub, &e, NULL), ERR_FORMAT);
  struct made forged = {.evidence = {.has_index = true, .index = 12}}; /* one true branch, one of the relay's own */
  branch(&forged, 0, 0, 20, &node_key);
  branch(&forged, 1, 1, 20, &other);
  bytes_init(&forged.item, LIMIT_EVIDENCE);
  assert_int_equal(evidence_write(&forged.evidence, &forged.item, NULL), OK);
  assert_int_equal(evidence_open(bytes_view(&forged.item), &fed_id, &node, 1, &node_key.pub, &e, NULL), ERR_SIGNATURE);
  made_release(&forged);
  made_release(&m);
}

static void one_log_that_grew_is_never_evidence(void **state) {
  (void)state;
  struct made m = {.evidence = {.has_index = true, .index = 12}};
  branch(&m, 0, 0, 20, &node_key);
  branch(&m, 1, 0, 30, &node_key);
  bytes_init(&m.item, LIMIT_EVIDENCE);
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), ERR_FORMAT); /* equal leaves */
  m.evidence.branches[1].leaf = branches[1][12];                            /* a lie: it is written, and not believed */
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), OK);
  struct evidence e;
  assert_int_equal(evidence_open(bytes_view(&m.item), &fed_id, &node, 1, &node_key.pub, &e, NULL), ERR_MISMATCH);
  bytes_clear(&m.item);
  m.evidence.has_index = false;
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), ERR_FORMAT); /* two sizes */
  assert_int_equal(m.item.len, 0);
  made_release(&m);
}

static void a_flip_of_any_octet_is_refused(void **state) {
  (void)state;
  struct made m = make(0, 33, 1, 17, 12);
  struct evidence e;
  for (size_t i = 0; i < m.item.len; i++) {
    m.item.p[i] ^= 0x10;
    assert_int_not_equal(evidence_open(bytes_view(&m.item), &fed_id, &node, 1, &node_key.pub, &e, NULL), OK);
    m.item.p[i] ^= 0x10;
  }
  made_release(&m);
}

static int compare(struct made *a, struct made *b) {
  struct evidence x, y;
  assert_int_equal(evidence_read(bytes_view(&a->item), &x, NULL), OK);
  assert_int_equal(evidence_read(bytes_view(&b->item), &y, NULL), OK);
  return evidence_compare(&x, bytes_view(&a->item), &y, bytes_view(&b->item));
}

static void the_lowest_of_all_is_one_and_the_same_in_every_order(void **state) {
  (void)state;
  struct made all[] = {
      make(0, 8, 2, 9, 7),    make(0, 9, 2, 9, 7),    make(0, 9, 2, 12, 7),
      make(0, 12, 2, 12, 10), make(0, 13, 1, 13, 12), make(0, 13, 1, 13, ROOTS),
      make(0, 20, 1, 20, 12), make(0, 20, 1, 20, 15), make(0, 20, 1, 20, ROOTS),
  };
  /* by from, form, sizes: 12 in trees of 20 stands before the roots of size 13, which say 12 at the latest */
  static const unsigned ORDER[] = {0, 1, 2, 3, 4, 6, 5, 7, 8};
  const size_t n = sizeof all / sizeof *all;
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < n; k++) {
      const int order = compare(&all[ORDER[i]], &all[ORDER[k]]);
      assert_int_equal(order < 0 ? -1 : order > 0, i < k ? -1 : i > k);
    }
  }
  for (size_t i = 0; i < n; i++)
    made_release(&all[i]);
}

static void is_not_written_where_there_is_no_room(void **state) {
  (void)state;
  struct made m = make(0, 20, 1, 20, 12);
  struct bytes small;
  bytes_init(&small, m.item.len - 1);
  assert_int_equal(evidence_write(&m.evidence, &small, NULL), ERR_LIMIT);
  assert_int_equal(small.len, 0);
  bytes_release(&small);
  m.evidence.branches[0].n_path = EVIDENCE_PATH + 1;
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), ERR_FORMAT);
  m.evidence.branches[0].text.len--;
  assert_int_equal(evidence_write(&m.evidence, &m.item, NULL), ERR_FORMAT);
  made_release(&m);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(is_believed_whoever_hands_it_on_and_in_whatever_order_it_was_made),
      cmocka_unit_test(two_roots_of_one_size_say_where_at_the_latest),
      cmocka_unit_test(nobody_but_the_owner_makes_it),
      cmocka_unit_test(one_log_that_grew_is_never_evidence),
      cmocka_unit_test(a_flip_of_any_octet_is_refused),
      cmocka_unit_test(the_lowest_of_all_is_one_and_the_same_in_every_order),
      cmocka_unit_test(is_not_written_where_there_is_no_room),
  };
  return cmocka_run_group_tests(tests, start, stop);
}
