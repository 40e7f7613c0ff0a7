/*
 * merkle: the tree of a log. A compact range is all that a replica needs to fold entries; whole subtrees are hashed by the same
 * few lines (subtree_hash), and the two verifiers are those of RFC 9162, line by line.
 */
#include "protocol/merkle.h"

#include <string.h>

#define PATH_MAX_HASHES 64

static const struct view NOTHING = {NULL, 0};

static struct hash node_hash(const struct hash *left, const struct hash *right) {
  return hash_sha256_prefixed(0x01, hash_view(left), hash_view(right));
}

struct hash merkle_leaf(struct view envelope) {
  return hash_sha256_prefixed(0x00, envelope, NOTHING);
}

size_t merkle_range_count(uint64_t size) {
  return (size_t)__builtin_popcountll(size);
}

void merkle_append(struct merkle_range *range, const struct hash *leaf) {
  size_t n = merkle_range_count(range->size);
  struct hash hash = *leaf;
  for (uint64_t rest = range->size; (rest & 1) == 1; rest >>= 1) {
    n--;
    hash = node_hash(&range->nodes[n], &hash);
  }
  range->nodes[n] = hash;
  range->size++;
}

struct hash merkle_root(const struct merkle_range *range) {
  size_t n = merkle_range_count(range->size);
  if (n == 0) return hash_sha256(NOTHING);
  struct hash root = range->nodes[n - 1];
  for (size_t i = n - 1; i > 0; i--)
    root = node_hash(&range->nodes[i - 1], &root);
  return root;
}

enum err_code merkle_range_encode(const struct merkle_range *range, struct bytes *out, struct err *err) {
  return bytes_append(out, view_of(range->nodes, merkle_range_count(range->size) * HASH_LEN), err);
}

enum err_code merkle_range_decode(uint64_t size, struct view bytes, struct merkle_range *out, struct err *err) {
  size_t n = merkle_range_count(size);
  if (bytes.len != n * HASH_LEN) {
    return err_set(err, ERR_FORMAT, "a compact range of %zu octets where %zu belong", bytes.len, n * HASH_LEN);
  }
  *out = (struct merkle_range){.size = size};
  if (n > 0) memcpy(out->nodes, bytes.p, bytes.len);
  return OK;
}

/* ---- proofs ---- */

/* The largest power of two below n (n >= 2). */
static uint64_t split_of(uint64_t n) {
  return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* A proof that is being built, and where its leaves come from. */
struct proof {
  merkle_leaf_source *source;
  void *context;
  struct hash *path;
  size_t n;
};

/* The hash of leaves from <= i < to, put behind the path. */
static enum err_code path_put(struct proof *proof, uint64_t from, uint64_t to, struct err *err) {
  struct merkle_range range = {.size = 0};
  for (uint64_t i = from; i < to; i++) {
    struct hash leaf;
    if (!proof->source(proof->context, i, &leaf)) {
      return err_set(err, ERR_NOT_FOUND, "proof: leaf %llu is not held", (unsigned long long)i);
    }
    merkle_append(&range, &leaf);
  }
  proof->path[proof->n++] = merkle_root(&range);
  return OK;
}

/* The halves were met from the top down; a path is written from the leaves up. */
static void path_reverse(struct proof *proof) {
  for (size_t i = 0, j = proof->n; i + 1 < j; i++) {
    struct hash kept = proof->path[i];
    proof->path[i] = proof->path[--j];
    proof->path[j] = kept;
  }
}

enum err_code merkle_inclusion(uint64_t index, uint64_t size, merkle_leaf_source *source, void *context, struct hash path[64],
                               size_t *n, struct err *err) {
  struct proof proof = {source, context, path, 0};
  uint64_t from = 0, to = size;
  if (index >= size) return err_set(err, ERR_NOT_FOUND, "proof: the tree has no leaf at that position");
  while (to - from > 1) {
    uint64_t middle = from + split_of(to - from);
    bool left = index < middle;
    enum err_code code = left ? path_put(&proof, middle, to, err) : path_put(&proof, from, middle, err);
    if (code != OK) return code;
    if (left) {
      to = middle;
    } else {
      from = middle;
    }
  }
  path_reverse(&proof);
  *n = proof.n;
  return OK;
}

enum err_code merkle_consistency(uint64_t old_size, uint64_t new_size, merkle_leaf_source *source, void *context,
                                 struct hash path[64], size_t *n, struct err *err) {
  struct proof proof = {source, context, path, 0};
  uint64_t from = 0, to = new_size;
  if (old_size == 0 || old_size > new_size) return err_set(err, ERR_NOT_FOUND, "proof: there is none between these sizes");
  while (to != old_size) {
    uint64_t middle = from + split_of(to - from);
    bool left = old_size <= middle;
    enum err_code code = left ? path_put(&proof, middle, to, err) : path_put(&proof, from, middle, err);
    if (code != OK) return code;
    if (left) {
      to = middle;
    } else {
      from = middle;
    }
  }
  if (from > 0) { /* else the old tree is a subtree of its own, and the verifier has its hash */
    enum err_code code = path_put(&proof, from, to, err);
    if (code != OK) return code;
  }
  path_reverse(&proof);
  *n = proof.n;
  return OK;
}

/* ---- verification ---- */

bool merkle_inclusion_verify(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *path, size_t n,
                             const struct hash *root) {
  if (index >= size || n > PATH_MAX_HASHES) return false;
  uint64_t fn = index, sn = size - 1;
  struct hash r = *leaf;
  for (size_t i = 0; i < n; i++) {
    if (sn == 0) return false;
    if ((fn & 1) == 1 || fn == sn) {
      r = node_hash(&path[i], &r);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = node_hash(&r, &path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0 && hash_equal(&r, root);
}

/* RFC 9162 2.1.4.2 from step 3 on: the path begins with first and goes on with path. */
static bool consistency_fold(uint64_t old_size, uint64_t new_size, const struct hash *first, const struct hash *path, size_t n,
                             struct hash *old_root, struct hash *new_root) {
  uint64_t fn = old_size - 1, sn = new_size - 1;
  *old_root = *new_root = *first;
  while ((fn & 1) == 1) {
    fn >>= 1;
    sn >>= 1;
  }
  for (size_t i = 0; i < n; i++) {
    if (sn == 0) return false;
    if ((fn & 1) == 1 || fn == sn) {
      *old_root = node_hash(&path[i], old_root);
      *new_root = node_hash(&path[i], new_root);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      *new_root = node_hash(new_root, &path[i]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  return sn == 0;
}

bool merkle_consistency_verify(uint64_t old_size, uint64_t new_size, const struct hash *old_root, const struct hash *new_root,
                               const struct hash *path, size_t n) {
  if (old_size == 0 || old_size > new_size || n > PATH_MAX_HASHES) return false;
  if (old_size == new_size) return n == 0 && hash_equal(old_root, new_root);
  if (n == 0) return false;
  bool is_subtree = (old_size & (old_size - 1)) == 0;
  const struct hash *first = is_subtree ? old_root : path;
  struct hash old_found, new_found;
  size_t skipped = is_subtree ? 0 : 1;
  if (!consistency_fold(old_size, new_size, first, path + skipped, n - skipped, &old_found, &new_found)) return false;
  return hash_equal(&old_found, old_root) && hash_equal(&new_found, new_root);
}
