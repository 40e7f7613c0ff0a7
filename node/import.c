/*
 * import: a bundle into the hall (docs/protocol.md 10). At most one milestone is in memory, and nothing of it is believed
 * before its checkpoint has verified. See ingest.h.
 */
#include <inttypes.h>
#include <string.h>

#include "node/forks.h"
#include "node/hall.h"
#include "protocol/canon.h"

#define IMPORT_BYTES ((size_t)64 * 1024 * 1024) /* octets of items between two checkpoints */

/* Entries since the last checkpoint. */
struct import {
  struct hall *h;
  struct bundle_report *report;
  bool has_run, has_charter;
  struct hash node;
  uint64_t gen, from, count;
  struct bytes items;              /* encoded, one behind the other */
  struct bytes epochs, identities; /* the same */
  bool is_settled;                 /* who the members are */
};

static enum err_code take_charter(struct import *i, struct view payload, struct err *err) {
  struct charter charter = {.n_founders = 0};
  enum err_code code = charter_decode(payload, &charter, err);
  if (code == OK && !hash_equal(&charter.fed_id, &i->h->config.federation->charter.fed_id)) {
    (void)err_set(err, ERR_REFUSED, "the bundle is of another federation");
    code = err_hint(err, "specola join FILE makes a node of that federation");
  }
  charter_release(&charter);
  i->has_charter = code == OK;
  return code;
}

/* Epochs and identities are kept until all of both were read: the quorum of an epoch is under identities that stand behind it,
 * and an identity may be of a member that an epoch brings. */
static enum err_code keep_epoch(struct import *i, struct view payload, struct err *err) {
  return bytes_append(&i->epochs, payload, err);
}

static enum err_code read_identity(struct view octets, struct identity *out, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  struct identity_item item;
  identity_item_read(&r, &item);
  const enum err_code code = canon_finish(&r, "identity", err);
  return code == OK ? identity_decode(item.body, out, err) : code;
}

static enum err_code keep_identity(struct import *i, struct view payload, struct err *err) {
  struct identity identity;
  const enum err_code code = read_identity(payload, &identity, err);
  /* First identities stand in the charter, or in the epoch that brought their node. */
  return code == OK && identity.version > 1 ? bytes_append(&i->identities, payload, err) : code;
}

enum err_code hall_any_identity(struct hall *h, struct view octets, struct err *err) {
  const struct federation *f = h->config.federation;
  struct identity identity;
  bool changed = false;
  enum err_code code = read_identity(octets, &identity, err);
  if (code != OK || identity.version == 1) {
    return code;
  }
  for (uint32_t m = 0; m < f->n_members && !changed; m++) {
    code = hall_identity(h, &f->rows[m].node, octets, &changed, NULL);
    if (code == ERR_MEMORY || code == ERR_DISK_FULL) {
      return err_set(err, code, NULL);
    }
  }
  return OK;
}

static enum err_code offer_identities(struct import *i, struct err *err) {
  struct canon_reader r = canon_reader(bytes_view(&i->identities));
  enum err_code code = OK;
  while (code == OK && !canon_at_end(&r) && r.fault == NULL) {
    code = hall_any_identity(i->h, canon_skip(&r), err);
  }
  return code;
}

/* Who the members are, before anything of theirs. */
static enum err_code settle_members(struct import *i, struct err *err) {
  struct canon_reader r = canon_reader(bytes_view(&i->epochs));
  bool changed = false;
  enum err_code code = i->is_settled ? OK : offer_identities(i, err);
  while (code == OK && !i->is_settled && !canon_at_end(&r) && r.fault == NULL) {
    code = hall_epoch(i->h, canon_skip(&r), &changed, NULL, err);
    if (code == OK && changed) {
      code = offer_identities(i, err); /* those who came have some, too */
    }
  }
  i->is_settled = true;
  return code == OK ? OK : err_context(err, "bundle: its list of members");
}

static enum err_code take_address(struct import *i, struct view payload, struct err *err) {
  bool changed = false;
  return hall_address(i->h, payload, &changed, err);
}

static enum err_code take_window(struct import *i, struct view payload, struct err *err) {
  struct bundle_window w;
  enum err_code code = bundle_window_read(payload, &w, err);
  if (code != OK) {
    return code;
  }
  const bool same = i->has_run && hash_equal(&i->node, &w.node) && i->gen == w.gen;
  if (!same && i->count > 0) {
    return err_set(err, ERR_FORMAT, "bundle: a run of windows without its checkpoint");
  }
  if (!same) {
    i->report->logs++;
    i->node = w.node;
    i->gen = w.gen;
    i->from = 0;
    i->has_run = true;
  }
  if (w.from != i->from + i->count) {
    return err_set(err, ERR_FORMAT, "bundle: a window at %" PRIu64 ", where %" PRIu64 " was next", w.from, i->from + i->count);
  }
  i->count += w.count;
  return bytes_append(&i->items, w.items, err);
}

/* Skips the items below `held` and hands the others to a pull. */
static enum err_code pull_items(struct import *i, struct pull *p, uint64_t held, struct err *err) {
  struct canon_reader r = canon_reader(bytes_view(&i->items));
  struct bytes window;
  for (uint64_t n = i->from; n < held; n++) {
    (void)canon_skip(&r);
  }
  const size_t at = (size_t)(r.p - r.start);
  bytes_init(&window, IMPORT_BYTES + 16);
  struct canon_writer w = canon_writer(&window);
  canon_put_array(&w, (uint32_t)(i->from + i->count - held));
  canon_put_raw(&w, view_of(i->items.p + at, i->items.len - at));
  enum err_code code = canon_written(&w, "bundle", err);
  if (code == OK) {
    code = hall_pull_add(p, bytes_view(&window), err);
  }
  bytes_release(&window);
  return code;
}

static bool is_same(const struct item *a, const struct item *b) {
  const bool both = a->state == ITEM_WHOLE && b->state == ITEM_WHOLE;
  return view_equal(a->envelope, b->envelope) &&
         (!both || (memcmp(a->salt.b, b->salt.b, sizeof a->salt.b) == 0 && view_equal(a->body, b->body)));
}

/* What is held already is not taken again, but it must be the same: else the file is another than it was. */
static enum err_code compare_held(const struct import *i, uint64_t held, struct err *err) {
  struct store *s = i->h->config.store;
  struct canon_reader r = canon_reader(bytes_view(&i->items));
  struct log log;
  struct bytes scratch;
  enum err_code code = held > i->from ? log_find(s, &i->node, i->gen, &log, err) : OK;
  bytes_init(&scratch, LIMIT_ITEM);
  for (uint64_t n = i->from; n < held && n < i->from + i->count && code == OK; n++) {
    struct item given, own;
    item_read(&r, &given);
    if (r.fault != NULL) {
      code = err_set(err, ERR_FORMAT, "bundle: damaged at entry %" PRIu64 ": %s", n, r.fault);
    } else if ((code = entry_get(s, entry_rowid(log.no, n), &scratch, &own, err)) == OK && !is_same(&given, &own)) {
      code =
          err_set(err, ERR_MISMATCH,
                  "bundle: its entry %s-%" PRIu64 " is not the one that is held here: the file is damaged, or the log forked",
                  federation_handle(i->h->config.federation, &i->node), n);
    }
  }
  bytes_release(&scratch);
  return code;
}

enum err_code hall_look_for_fork(struct hall *h, const struct checkpoint *c, struct view text, struct err *err) {
  struct hash own;
  struct bytes item;
  bool kept = false;
  if (hall_root_at(h, &c->node, c->gen, c->size, &own, NULL) != OK || hash_equal(&own, &c->root)) {
    return OK;
  }
  bytes_init(&item, LIMIT_EVIDENCE);
  enum err_code code = hall_evidence_make(h, text, NULL, &item, err);
  if (code == OK) {
    code = hall_evidence_take(h, &c->node, c->gen, bytes_view(&item), &kept, err);
  }
  bytes_release(&item);
  return code;
}

/* A checkpoint closes the run of windows before it. */
static enum err_code take_checkpoint(struct import *i, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  const struct view text = canon_str(&r, LIMIT_CHECKPOINT);
  struct checkpoint checkpoint;
  struct pull_result result = {.n_new = 0};
  struct pull *p = NULL;
  enum err_code code = canon_finish(&r, "checkpoint", err);
  if (code == OK) {
    code = checkpoint_read(text, &checkpoint, err);
  }
  if (code == OK && (!i->has_run || !hash_equal(&checkpoint.node, &i->node) || checkpoint.gen != i->gen ||
                     checkpoint.size != i->from + i->count || i->count == 0)) {
    code = err_set(err, ERR_FORMAT, "bundle: a checkpoint that does not close the windows before it");
  }
  if (code != OK) {
    return code;
  }
  const struct hall_head *head = hall_head(i->h, &i->node, i->gen);
  const uint64_t held = head == NULL ? 0 : head->size;
  const bool is_other_root = head != NULL && checkpoint.size == held && !hash_equal(&checkpoint.root, &head->root);
  if (checkpoint.size <= held) {
    code = hall_look_for_fork(i->h, &checkpoint, text, err);
  }
  const bool is_frozen = hall_frozen(i->h, &i->node, i->gen, checkpoint.size, NULL) != OK; /* passed over: the others come in */
  if (code == OK && !is_other_root && !is_frozen) {
    code = compare_held(i, held, err);
  }
  if (code == OK && is_other_root) {
    code = err_set(err, ERR_MISMATCH, "bundle: its owner signed two roots of size %" PRIu64, held);
  } else if (code == OK && checkpoint.size > held && !is_frozen) {
    code = hall_pull_begin(i->h, text, held, &p, err);
    if (code == OK && (code = pull_items(i, p, held, err)) != OK) {
      hall_pull_abort(p);
    } else if (code == OK) {
      code = hall_pull_finish(p, &result, err);
    }
  }
  i->report->entries += i->count;
  i->report->known += checkpoint.size > held ? (held > i->from ? held - i->from : 0) : i->count;
  i->report->n_new += result.n_new;
  i->report->n_held += result.n_held;
  i->from += i->count;
  i->count = 0;
  bytes_clear(&i->items);
  return code;
}

static enum err_code pass_over(struct import *i, struct view payload, struct err *err) {
  (void)i;
  (void)payload;
  (void)err;
  return OK;
}

static enum err_code take_item(struct import *i, enum bundle_type type, struct view payload, struct err *err) {
  static enum err_code (*const takers[])(struct import *, struct view, struct err *) = {
      [BUNDLE_CHARTER] = take_charter, [BUNDLE_EPOCH] = keep_epoch,           [BUNDLE_IDENTITY] = keep_identity,
      [BUNDLE_ADDRESS] = take_address, [BUNDLE_CHECKPOINT] = take_checkpoint, [BUNDLE_WINDOW] = take_window,
      [BUNDLE_ROOT_SET] = pass_over,   [BUNDLE_REQUEST] = pass_over,
  };
  if ((size_t)type >= sizeof takers / sizeof takers[0] || takers[type] == NULL) {
    return err_set(err, ERR_FORMAT, "bundle: an item of type %d", (int)type);
  }
  if (type != BUNDLE_CHARTER && !i->has_charter) {
    return err_set(err, ERR_FORMAT, "bundle: the charter does not come first");
  }
  const enum err_code code = type > BUNDLE_IDENTITY ? settle_members(i, err) : OK;
  return code == OK ? takers[type](i, payload, err) : code;
}

static enum err_code take_all(struct import *i, struct bundle_reader *r, struct err *err) {
  enum bundle_type type = BUNDLE_END;
  struct view payload;
  enum err_code code = OK;
  while (code == OK && (code = bundle_next(r, &type, &payload, err)) == OK && type != BUNDLE_END) {
    code = take_item(i, type, payload, err);
  }
  if (code == OK) {
    code = settle_members(i, err);
  }
  if (code == OK && i->count > 0) {
    code = err_set(err, ERR_FORMAT, "bundle: a run of windows without its checkpoint");
  }
  if (code == OK && !i->has_charter) {
    code = err_set(err, ERR_FORMAT, "bundle: it has no charter");
  }
  return code;
}

enum err_code hall_import_bundle(struct hall *h, bundle_source *source, bundle_rewind *rewind, void *context,
                                 struct bundle_report *report, struct err *err) {
  struct import import = {.h = h, .report = report};
  struct bundle_reader *reader = NULL;
  memset(report, 0, sizeof *report);
  bytes_init(&import.items, IMPORT_BYTES);
  bytes_init(&import.epochs, IMPORT_BYTES);
  bytes_init(&import.identities, IMPORT_BYTES);
  enum err_code code = bundle_scan(source, context, err);
  if (code == OK) {
    code = rewind(context, err);
  }
  if (code == OK) {
    code = bundle_open(source, context, &reader, err);
  }
  if (code == OK) {
    code = take_all(&import, reader, err);
  }
  bundle_reader_free(reader);
  bytes_release(&import.items);
  bytes_release(&import.epochs);
  bytes_release(&import.identities);
  return code;
}
