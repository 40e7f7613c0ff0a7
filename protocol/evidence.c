/*
 * evidence: see evidence.h. Reader and writer share one judgement of what belongs together (fault_of).
 */
#include "protocol/evidence.h"

#include "protocol/canon.h"
#include "protocol/merkle.h"

/* ---- what belongs together ---- */

static bool is_one_log(const struct checkpoint *a, const struct checkpoint *b) {
  return hash_equal(&a->fed_id, &b->fed_id) && hash_equal(&a->node, &b->node) && a->gen == b->gen;
}

/* By size, then by root. */
static int compare_branches(const struct checkpoint *a, const struct checkpoint *b) {
  if (a->size != b->size) return a->size < b->size ? -1 : 1;
  return hash_compare(&a->root, &b->root);
}

/* What is wrong with two branches in their order; NULL if nothing. */
static const char *fault_of(const struct evidence *e) {
  const struct evidence_branch *a = &e->branches[0], *b = &e->branches[1];
  if (!is_one_log(&a->checkpoint, &b->checkpoint)) return "checkpoints of two logs";
  if (compare_branches(&a->checkpoint, &b->checkpoint) >= 0) return "branches out of order, or one twice";
  if (!e->has_index) return a->checkpoint.size == b->checkpoint.size ? NULL : "two sizes, and no position where they differ";
  if (e->index >= a->checkpoint.size) return "a position that a branch does not have";
  return hash_equal(&a->leaf, &b->leaf) ? "equal leaves" : NULL;
}

/* ---- writing ---- */

static void branch_write(struct canon_writer *w, const struct evidence_branch *b, bool has_index) {
  canon_put_array(w, has_index ? 3 : 1);
  canon_put_str(w, b->text);
  if (!has_index) return;
  canon_put_hash(w, &b->leaf);
  canon_put_array(w, (uint32_t)b->n_path);
  for (size_t i = 0; i < b->n_path; i++)
    canon_put_hash(w, &b->path[i]);
}

enum err_code evidence_write(const struct evidence *e, struct bytes *out, struct err *err) {
  struct evidence sorted = *e;
  const size_t before = out->len;
  for (unsigned i = 0; i < 2; i++) {
    struct evidence_branch *b = &sorted.branches[i];
    enum err_code code = checkpoint_read(b->text, &b->checkpoint, err);
    if (code != OK) return code;
    if (b->n_path > EVIDENCE_PATH) return err_set(err, ERR_FORMAT, "evidence: a path of more than %d hashes", EVIDENCE_PATH);
  }
  if (compare_branches(&sorted.branches[0].checkpoint, &sorted.branches[1].checkpoint) > 0) {
    const struct evidence_branch first = sorted.branches[0];
    sorted.branches[0] = sorted.branches[1];
    sorted.branches[1] = first;
  }
  const char *fault = fault_of(&sorted);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "evidence: %s", fault);
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 3);
  if (e->has_index) {
    canon_put_uint(&w, e->index);
  } else {
    canon_put_nil(&w);
  }
  branch_write(&w, &sorted.branches[0], e->has_index);
  branch_write(&w, &sorted.branches[1], e->has_index);
  enum err_code code = canon_written(&w, "evidence", err);
  if (code != OK) out->len = before;
  return code;
}

/* ---- reading ---- */

static void branch_read(struct canon_reader *r, struct evidence_branch *b, bool has_index) {
  canon_array_exact(r, has_index ? 3 : 1);
  b->text = canon_str(r, LIMIT_CHECKPOINT);
  if (r->fault == NULL && checkpoint_read(b->text, &b->checkpoint, NULL) != OK) canon_fail(r, "a checkpoint that is none");
  if (!has_index) return;
  canon_hash(r, &b->leaf);
  b->n_path = canon_array(r, EVIDENCE_PATH);
  for (size_t i = 0; i < b->n_path; i++)
    canon_hash(r, &b->path[i]);
}

enum err_code evidence_read(struct view item, struct evidence *out, struct err *err) {
  struct canon_reader r = canon_reader(item);
  *out = (struct evidence){.has_index = false};
  if (item.len > LIMIT_EVIDENCE) canon_fail(&r, "longer than any evidence");
  canon_array_exact(&r, 3);
  out->has_index = !canon_opt_nil(&r);
  if (out->has_index) out->index = canon_uint_max(&r, LIMIT_POSITION);
  branch_read(&r, &out->branches[0], out->has_index);
  branch_read(&r, &out->branches[1], out->has_index);
  enum err_code code = canon_finish(&r, "evidence", err);
  const char *fault = code == OK ? fault_of(out) : NULL;
  return fault == NULL ? code : err_set(err, ERR_FORMAT, "evidence: %s", fault);
}

enum err_code evidence_open(struct view item, const struct hash *fed_id, const struct hash *node, uint64_t gen,
                            const struct pubkey *node_key, struct evidence *out, struct err *err) {
  enum err_code code = evidence_read(item, out, err);
  if (code != OK) return code;
  const struct checkpoint log = {.fed_id = *fed_id, .node = *node, .gen = gen};
  if (!is_one_log(&out->branches[0].checkpoint, &log)) return err_set(err, ERR_FORMAT, "evidence: of another log");
  for (unsigned i = 0; i < 2; i++) {
    struct evidence_branch *b = &out->branches[i];
    code = checkpoint_open(b->text, node_key, &b->checkpoint, err);
    if (code != OK) return code;
  }
  for (unsigned i = 0; i < 2 && out->has_index; i++) {
    const struct evidence_branch *b = &out->branches[i];
    const struct checkpoint *c = &b->checkpoint;
    if (!merkle_inclusion_verify(out->index, c->size, &b->leaf, b->path, b->n_path, &c->root)) {
      return err_set(err, ERR_MISMATCH, "evidence: a leaf that is not in its tree");
    }
  }
  return OK;
}

/* ---- order ---- */

uint64_t evidence_from(const struct evidence *e) {
  return e->has_index ? e->index : e->branches[0].checkpoint.size - 1;
}

static int compare_numbers(uint64_t a, uint64_t b) {
  return a < b ? -1 : a > b;
}

int evidence_compare(const struct evidence *a, struct view a_item, const struct evidence *b, struct view b_item) {
  int order = compare_numbers(evidence_from(a), evidence_from(b));
  if (order == 0) order = compare_numbers(b->has_index, a->has_index);
  for (unsigned i = 0; i < 2 && order == 0; i++)
    order = compare_numbers(a->branches[i].checkpoint.size, b->branches[i].checkpoint.size);
  return order == 0 ? view_compare(a_item, b_item) : order;
}
