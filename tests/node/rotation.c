/*
 * rotation: see rotation.h.
 */
#include "tests/node/rotation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "protocol/canon.h"

void rotation_first(const struct fixture_node *node, struct bytes *body, struct identity_item *item) {
  struct identity id = {.version = 1, .n_roots = 1, .threshold = 1, .node_key = node->node_key.pub, .gen = 1};
  id.roots[0] = node->root.pub;
  memcpy(id.curve, node->curve, sizeof id.curve);
  assert_int_equal(identity_encode(&id, body, NULL), OK);
  memset(item, 0, sizeof *item);
  const struct hash hash = identity_hash(bytes_view(body));
  item->body = bytes_view(body);
  item->n = 1;
  item->signatures[0].signature = sign_tagged(&node->root, SIGN_IDENTITY, &node->all->charter.fed_id, hash_view(&hash));
}

void rotation_seal(struct fixture_node *node, const struct rotation *r, struct bytes *item) {
  struct err err = ERR_INIT;
  struct identity id = federation_self(&node->federation)->identity;
  struct identity_item out;
  struct bytes body;
  struct bytes before;
  bytes_init(&before, 8192);
  assert_int_equal(hall_identity_item(node->hall, &node->id, id.version, &before, &err), OK);
  struct canon_reader reader = canon_reader(bytes_view(&before));
  identity_item_read(&reader, &out);
  id.prev = identity_hash(out.body);
  id.has_prev = true;
  id.version++;
  id.has_cut = r->begins;
  id.curve[0] ^= r->curve_mark;
  if (r->begins) {
    id.gen++;
    id.node_key = r->node_key;
    id.cut_size = r->cut_size;
    id.cut_root = r->cut_root;
  }
  if (r->root != NULL) id.roots[0] = r->root->pub;
  memset(&out, 0, sizeof out);
  bytes_init(&body, LIMIT_IDENTITY);
  assert_int_equal(identity_encode(&id, &body, &err), OK);
  const struct hash hash = identity_hash(bytes_view(&body));
  out.body = bytes_view(&body);
  out.n = 1;
  out.n_prev = 1;
  out.signatures[0].signature = sign_tagged(&node->root, SIGN_IDENTITY, &node->all->charter.fed_id, hash_view(&hash));
  out.prev_signatures[0] = out.signatures[0];
  if (r->root != NULL)
    out.signatures[0].signature = sign_tagged(r->root, SIGN_IDENTITY, &node->all->charter.fed_id, hash_view(&hash));
  struct canon_writer w = canon_writer(item);
  identity_item_write(&w, &out);
  assert_int_equal(canon_written(&w, "identity", &err), OK);
  bytes_release(&body);
  bytes_release(&before);
}

void rotation_begin_at(struct fixture_node *node, uint64_t cut, const struct hash *root, struct bytes *item) {
  struct err err = ERR_INIT;
  struct rotation r = {.begins = true, .cut_size = cut, .cut_root = *root};
  struct signer key;
  struct bytes own;
  uint8_t seed[SEED_LEN];
  bool changed = false;
  entropy_fill(&node->all->entropy, seed, sizeof seed);
  assert_int_equal(signer_from_seed(seed, &key, &err), OK);
  r.node_key = key.pub;
  bytes_init(&own, 8192);
  rotation_seal(node, &r, &own);
  assert_int_equal(hall_identity(node->hall, &node->id, bytes_view(&own), &changed, &err), OK);
  assert_true(changed);
  fixture_close(node);
  signer_release(&node->node_key);
  node->node_key = key;
  fixture_open(node);
  assert_int_equal(hall_admit_identity(node->hall, &err), OK);
  if (item != NULL) {
    assert_int_equal(bytes_append(item, bytes_view(&own), &err), OK);
  }
  bytes_release(&own);
}

void rotation_begin(struct fixture_node *node, uint64_t cut, struct bytes *item) {
  struct checkpoint checkpoint;
  struct bytes text;
  struct log log;
  const uint64_t gen = federation_self(&node->federation)->identity.gen;
  bytes_init(&text, LIMIT_CHECKPOINT);
  assert_int_equal(log_find(node->store, &node->id, gen, &log, NULL), OK);
  assert_int_equal(milestone_get(node->store, log.no, cut, &text, NULL), OK);
  assert_int_equal(checkpoint_read(bytes_view(&text), &checkpoint, NULL), OK);
  rotation_begin_at(node, checkpoint.size, &checkpoint.root, item);
  bytes_release(&text);
}
