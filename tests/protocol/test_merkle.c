/*
 * merkle: every size up to 70 against a recursive tree written as RFC 9162 2.1 defines it, every proof, and every near miss.
 */
#include "protocol/merkle.h"

#include "tests/protocol/sample.h"

#define SIZES 70
#define PATH 64

static struct hash leaves[SIZES + 1];
static struct hash roots[SIZES + 1];

static struct hash node_of(struct hash left, struct hash right) {
  return hash_sha256_prefixed(1, hash_view(&left), hash_view(&right));
}

/* MTH of RFC 9162 2.1.1, word for word. */
static struct hash tree_of(const struct hash *from, size_t n) {
  size_t k = 1;
  if (n == 0) return hash_sha256(view_of(NULL, 0));
  if (n == 1) return from[0];
  while (2 * k < n)
    k *= 2;
  return node_of(tree_of(from, k), tree_of(from + k, n - k));
}

static int make_tree(void **state) {
  if (sample_start(state) != 0) return -1;
  for (unsigned i = 0; i <= SIZES; i++) {
    struct hash entry = sample_hash(i);
    leaves[i] = merkle_leaf(hash_view(&entry));
  }
  for (size_t n = 0; n <= SIZES; n++)
    roots[n] = tree_of(leaves, n);
  return 0;
}

static bool give_leaf(void *context, uint64_t i, struct hash *out) {
  const uint64_t *held = context;
  if (i >= *held) return false;
  *out = leaves[i];
  return true;
}

/* ---- ranges ---- */

static void knows_the_roots_of_the_reference_implementation(void **state) {
  (void)state;
  static const struct {
    const char *entry, *root;
  } KNOWN[] = {
      {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
      {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
      {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
      {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
      {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
      {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
      {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
      {"606162636465666768696a6b6c6d6e6f", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
  };
  struct merkle_range range = {.size = 0};
  char hex[HASH_HEX_LEN];
  struct hash root = merkle_root(&range);
  hash_hex(&root, hex);
  assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++) {
    uint8_t entry[16];
    size_t len = strlen(KNOWN[i].entry) / 2;
    assert_int_equal(hex_decode(view_of_text(KNOWN[i].entry), entry, len, NULL), OK);
    struct hash leaf = merkle_leaf(view_of(entry, len));
    merkle_append(&range, &leaf);
    root = merkle_root(&range);
    hash_hex(&root, hex);
    assert_string_equal(hex, KNOWN[i].root);
  }
}

static void a_range_has_the_root_of_its_tree_at_every_size(void **state) {
  (void)state;
  struct merkle_range range = {.size = 0};
  for (size_t n = 0; n <= SIZES; n++) {
    struct hash root = merkle_root(&range);
    assert_true(hash_equal(&root, &roots[n]));
    if (n < SIZES) merkle_append(&range, &leaves[n]);
  }
}

static void a_range_survives_being_stored_at_every_size(void **state) {
  (void)state;
  struct merkle_range range = {.size = 0};
  struct bytes stored;
  bytes_init(&stored, (size_t)MERKLE_RANGE_MAX * HASH_LEN);
  for (size_t n = 0; n < SIZES; n++) {
    struct merkle_range read;
    bytes_clear(&stored);
    assert_int_equal(merkle_range_encode(&range, &stored, NULL), OK);
    assert_int_equal(stored.len, HASH_LEN * merkle_range_count(n));
    assert_int_equal(merkle_range_decode(n, bytes_view(&stored), &read, NULL), OK);
    merkle_append(&read, &leaves[n]);
    struct hash root = merkle_root(&read);
    assert_true(hash_equal(&root, &roots[n + 1]));
    range = read;
  }
  bytes_release(&stored);
}

static void refuses_a_stored_range_of_another_length(void **state) {
  (void)state;
  uint8_t octets[3 * HASH_LEN + 1] = {0};
  struct merkle_range range = {.size = 99};
  assert_int_equal(merkle_range_decode(7, view_of(octets, 3 * HASH_LEN - 1), &range, NULL), ERR_FORMAT);
  assert_int_equal(merkle_range_decode(7, view_of(octets, 3 * HASH_LEN + 1), &range, NULL), ERR_FORMAT);
  assert_int_equal(merkle_range_decode(7, view_of(octets, 2 * HASH_LEN), &range, NULL), ERR_FORMAT);
  assert_int_equal(merkle_range_decode(0, view_of(octets, 1), &range, NULL), ERR_FORMAT);
  assert_int_equal(range.size, 99);
  assert_int_equal(merkle_range_decode(0, view_of(NULL, 0), &range, NULL), OK);
  assert_int_equal(range.size, 0);
}

static void counts_the_hashes_of_a_range(void **state) {
  (void)state;
  assert_int_equal(merkle_range_count(0), 0);
  assert_int_equal(merkle_range_count(129), 2);
  assert_int_equal(merkle_range_count(UINT64_MAX), MERKLE_RANGE_MAX);
}

/* ---- inclusion ---- */

static bool included(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *path, size_t n, size_t root) {
  return merkle_inclusion_verify(index, size, leaf, path, n, &roots[root]);
}

/* Every change of a good proof that must not verify. */
static void check_inclusion_misses(uint64_t index, uint64_t size, struct hash path[PATH], size_t n) {
  const struct hash *leaf = &leaves[index];
  assert_false(included(index, size, &leaves[SIZES], path, n, size));
  assert_false(included(index, size, leaf, path, n, size - 1));
  assert_false(included(size, size, leaf, path, n, size));
  path[n] = leaves[0];
  assert_false(included(index, size, leaf, path, n + 1, size));
  if (n > 0) assert_false(included(index, size, leaf, path, n - 1, size));
  for (uint64_t other = 0; other < size; other++) {
    if (other != index) assert_false(included(other, size, leaf, path, n, size));
  }
  for (size_t i = 0; i < n; i++) {
    path[i].b[31] ^= 1;
    assert_false(included(index, size, leaf, path, n, size));
    path[i].b[31] ^= 1;
  }
}

static void proves_every_leaf_of_every_tree_and_no_other(void **state) {
  (void)state;
  for (uint64_t size = 1; size <= SIZES; size++) {
    for (uint64_t index = 0; index < size; index++) {
      struct hash path[PATH];
      size_t n = 0;
      assert_int_equal(merkle_inclusion(index, size, give_leaf, &size, path, &n, NULL), OK);
      assert_true(n <= 7);
      assert_true(included(index, size, &leaves[index], path, n, size));
      check_inclusion_misses(index, size, path, n);
    }
  }
}

static void proves_no_leaf_that_is_not_there(void **state) {
  (void)state;
  struct hash path[PATH];
  size_t n = 0;
  uint64_t held = 6;
  struct err err = ERR_INIT;
  assert_int_equal(merkle_inclusion(7, 7, give_leaf, &held, path, &n, &err), ERR_NOT_FOUND);
  assert_int_equal(merkle_inclusion(0, 0, give_leaf, &held, path, &n, &err), ERR_NOT_FOUND);
  assert_int_equal(merkle_inclusion(0, 7, give_leaf, &held, path, &n, &err), ERR_NOT_FOUND);
  assert_string_equal(err.message, "proof: leaf 6 is not held");
  assert_false(merkle_inclusion_verify(0, 0, &leaves[0], path, 0, &roots[0]));
  assert_false(merkle_inclusion_verify(0, UINT64_MAX, &leaves[0], path, PATH + 1, &roots[1]));
}

/* ---- consistency ---- */

static bool consistent(uint64_t old_size, uint64_t new_size, const struct hash *path, size_t n, size_t old_root,
                       size_t new_root) {
  return merkle_consistency_verify(old_size, new_size, &roots[old_root], &roots[new_root], path, n);
}

static void check_consistency_misses(uint64_t old_size, uint64_t new_size, struct hash path[PATH], size_t n) {
  assert_false(consistent(old_size, new_size, path, n, old_size - 1, new_size));
  assert_false(consistent(old_size, new_size, path, n, old_size, new_size - 1));
  path[n] = roots[1];
  assert_false(consistent(old_size, new_size, path, n + 1, old_size, new_size));
  if (n > 0) assert_false(consistent(old_size, new_size, path, n - 1, old_size, new_size));
  for (uint64_t other = 1; other <= new_size && n > 0; other++) {
    if (other != old_size) assert_false(consistent(other, new_size, path, n, other, new_size));
  }
  for (size_t i = 0; i < n; i++) {
    path[i].b[0] ^= 0x80;
    assert_false(consistent(old_size, new_size, path, n, old_size, new_size));
    path[i].b[0] ^= 0x80;
  }
}

static void proves_every_tree_the_beginning_of_every_later_one(void **state) {
  (void)state;
  for (uint64_t new_size = 1; new_size <= SIZES; new_size++) {
    for (uint64_t old_size = 1; old_size <= new_size; old_size++) {
      struct hash path[PATH];
      size_t n = 0;
      assert_int_equal(merkle_consistency(old_size, new_size, give_leaf, &new_size, path, &n, NULL), OK);
      assert_true(n <= 8);
      assert_true(consistent(old_size, new_size, path, n, old_size, new_size));
      check_consistency_misses(old_size, new_size, path, n);
    }
  }
}

static void proves_nothing_of_empty_or_shorter_trees(void **state) {
  (void)state;
  struct hash path[PATH];
  size_t n = 0;
  uint64_t held = 6;
  assert_int_equal(merkle_consistency(0, 5, give_leaf, &held, path, &n, NULL), ERR_NOT_FOUND);
  assert_int_equal(merkle_consistency(6, 5, give_leaf, &held, path, &n, NULL), ERR_NOT_FOUND);
  assert_int_equal(merkle_consistency(3, 7, give_leaf, &held, path, &n, NULL), ERR_NOT_FOUND);
  assert_false(consistent(0, 5, path, 0, 0, 5));
  assert_false(consistent(6, 5, path, 0, 6, 5));
  assert_false(consistent(3, 5, path, 0, 3, 5));
  assert_false(consistent(5, 5, path, 0, 4, 5));
}

/* Two histories that part at position 3: neither is the beginning of the other, whatever the path says. */
static void refuses_a_rewritten_past(void **state) {
  (void)state;
  struct merkle_range forked = {.size = 0};
  struct hash path[PATH];
  size_t n = 0;
  uint64_t size = 7;
  for (size_t i = 0; i < 5; i++)
    merkle_append(&forked, &leaves[i == 3 ? SIZES : i]);
  struct hash forked_root = merkle_root(&forked);
  assert_int_equal(merkle_consistency(5, size, give_leaf, &size, path, &n, NULL), OK);
  assert_true(merkle_consistency_verify(5, size, &roots[5], &roots[7], path, n));
  assert_false(merkle_consistency_verify(5, size, &forked_root, &roots[7], path, n));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(knows_the_roots_of_the_reference_implementation),
      cmocka_unit_test(a_range_has_the_root_of_its_tree_at_every_size),
      cmocka_unit_test(a_range_survives_being_stored_at_every_size),
      cmocka_unit_test(refuses_a_stored_range_of_another_length),
      cmocka_unit_test(counts_the_hashes_of_a_range),
      cmocka_unit_test(proves_every_leaf_of_every_tree_and_no_other),
      cmocka_unit_test(proves_no_leaf_that_is_not_there),
      cmocka_unit_test(proves_every_tree_the_beginning_of_every_later_one),
      cmocka_unit_test(proves_nothing_of_empty_or_shorter_trees),
      cmocka_unit_test(refuses_a_rewritten_past),
  };
  return cmocka_run_group_tests(tests, make_tree, NULL);
}
