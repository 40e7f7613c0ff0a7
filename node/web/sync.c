/*
 * sync: what a replica, a laptop or a stranger with curl fetches, and where sealed records are handed in (docs/protocol.md 15).
 * Everything but the index and receipts is items of a bundle: what is fetched in the right order, one behind the other, is one.
 * See site.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/damage.h"
#include "node/store/holds.h"
#include "node/web/site.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"

#define PIECE_BYTES ((uint64_t)1024 * 1024)              /* of bodies, where milestones allow it */
#define PIECE_MAX ((size_t)24 * 1024 * 1024)             /* a whole run between two milestones, and what stands around it */
#define WINDOW_RAW ((size_t)LIMIT_DATA_RAW - LIMIT_ITEM) /* past this a window takes no further item */
#define ITEM_MAX ((size_t)4 * LIMIT_CHARTER)

static enum err_code put_item(struct request *r, enum bundle_type type, struct view payload, struct err *err) {
  struct canon_writer w = canon_writer(&r->out->body);
  canon_put_array(&w, 2);
  canon_put_uint(&w, type);
  canon_put_raw(&w, payload);
  return canon_written(&w, "item", err);
}

static void begin(struct request *r) {
  r->out->type = "application/msgpack";
  r->out->body.ceiling = PIECE_MAX;
}

/* ---- the index ---- */

struct index {
  const struct request *r;
  json_t *logs;
};

/* Where a log can be had up to: its newest checkpoint, if one was lost the one before. False: it cannot be had. */
static bool signed_end(const struct request *r, const struct log *log, uint64_t *size, struct hash *root) {
  struct checkpoint c;
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  const bool reads = milestone_get(r->site->store, log->no, 0, &text, NULL) == OK &&
                     checkpoint_read(bytes_view(&text), &c, NULL) == OK && c.size <= log->range.size;
  if (reads) {
    *size = c.size;
    *root = c.root;
  }
  bytes_release(&text);
  return reads;
}

static bool take_log(void *context, const struct log *log) {
  struct index *x = context;
  char node[HASH_HEX_LEN], root[HASH_HEX_LEN], path[160];
  struct hash top;
  uint64_t size = 0;
  if (log->range.size == 0 || !signed_end(x->r, log, &size, &top)) return true;
  hash_hex(&log->node, node);
  hash_hex(&top, root);
  (void)snprintf(path, sizeof path, "/sync/%s/%" PRIu64 "/0", node, log->gen);
  return json_array_append_new(x->logs,
                               json_pack("{s:s, s:s, s:I, s:I, s:s, s:s}", "handle",
                                         federation_handle(&x->r->site->now->federation, &log->node), "node", node, "gen",
                                         (json_int_t)log->gen, "size", (json_int_t)size, "root", root, "items", path)) == 0;
}

enum err_code raw_sync(struct request *r, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  struct index x = {r, json_array()};
  char fed_id[HASH_HEX_LEN], own[HASH_HEX_LEN];
  hash_hex(&f->charter.fed_id, fed_id);
  hash_hex(&f->own, own);
  enum err_code code = log_each(r->site->store, take_log, &x, err);
  json_t *index = json_pack("{s:s, s:s, s:s, s:I, s:s, s:[s,s,s], s:o, s:s, s:s, s:s, s:s}", "format", "SPECOLA1", "fed_id",
                            fed_id, "node", own, "epoch", (json_int_t)f->epoch.number, "first_line", "SPECOLA1\n", "head",
                            "/sync/charter", "/sync/epochs", "/sync/identities", "logs", x.logs, "checkpoints",
                            "/sync/checkpoints", "holds", "/sync/holds", "submit", "/sync/submit", "ask", "/sync/ask");
  char *text = code == OK && index != NULL ? json_dumps(index, JSON_INDENT(1)) : NULL;
  if (code == OK && text == NULL) code = err_set(err, ERR_MEMORY, NULL);
  if (code == OK) code = bytes_printf(&r->out->body, err, "%s\n", text);
  r->out->type = "application/json";
  free(text);
  json_decref(index);
  return code;
}

/* ---- who ---- */

enum err_code raw_sync_charter(struct request *r, struct err *err) {
  struct bytes item;
  begin(r);
  bytes_init(&item, ITEM_MAX);
  enum err_code code = charter_encode(&r->site->now->federation.charter, &item, err);
  if (code == OK) code = put_item(r, BUNDLE_CHARTER, bytes_view(&item), err);
  bytes_release(&item);
  return code;
}

enum err_code raw_sync_epochs(struct request *r, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  struct bytes item;
  enum err_code code = OK;
  begin(r);
  bytes_init(&item, ITEM_MAX);
  for (uint64_t n = 1; n <= f->epoch.number && code == OK; n++) {
    bytes_clear(&item);
    code = federation_epoch_item(r->site->store, f, n, &item, err);
    if (code == OK) code = put_item(r, BUNDLE_EPOCH, bytes_view(&item), err);
  }
  bytes_release(&item);
  return code;
}

static enum err_code put_identity(void *context, struct view item, struct err *err) {
  return put_item(context, BUNDLE_IDENTITY, item, err);
}

/* Identities by (node id, version), then addresses by node id, of those, too, who are no members any more. */
enum err_code raw_sync_identities(struct request *r, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  struct bytes item;
  enum err_code code = OK;
  begin(r);
  bytes_init(&item, ITEM_MAX);
  for (uint32_t i = 0; i < f->n_members && code == OK; i++) {
    code = federation_each_identity(r->site->store, f, &f->members[i], put_identity, r, err);
  }
  for (uint32_t i = 0; i < f->n_members && code == OK; i++) {
    if (!f->members[i].has_address) continue;
    bytes_clear(&item);
    code = store_get_address(r->site->store, &f->rows[i].node, &item, err);
    if (code == OK) code = put_item(r, BUNDLE_ADDRESS, bytes_view(&item), err);
  }
  bytes_release(&item);
  return code;
}

/* ---- logs ---- */

static enum err_code put_checkpoint(struct request *r, int64_t log_no, uint64_t size, struct err *err) {
  struct bytes text, item;
  bytes_init(&text, LIMIT_CHECKPOINT);
  bytes_init(&item, LIMIT_CHECKPOINT + 16u);
  enum err_code code = milestone_get(r->site->store, log_no, size, &text, err);
  if (code == OK) {
    struct canon_writer w = canon_writer(&item);
    canon_put_str(&w, bytes_view(&text));
    code = canon_written(&w, "checkpoint", err);
  }
  if (code == OK) code = put_item(r, BUNDLE_CHECKPOINT, bytes_view(&item), err);
  bytes_release(&text);
  bytes_release(&item);
  return code;
}

struct checkpoints {
  struct request *r;
  enum err_code code;
  struct err *err;
};

static bool take_checkpoint(void *context, const struct log *log) {
  struct checkpoints *x = context;
  if (log->range.size > 0) x->code = put_checkpoint(x->r, log->no, 0, x->err);
  if (x->code == ERR_NOT_FOUND) { /* all of its checkpoints were lost */
    err_clear(x->err);
    x->code = OK;
  }
  return x->code == OK;
}

enum err_code raw_sync_checkpoints(struct request *r, struct err *err) {
  struct checkpoints x = {r, OK, err};
  begin(r);
  const enum err_code code = log_each(r->site->store, take_checkpoint, &x, err);
  return x.code != OK ? x.code : code;
}

/* What travels of an entry. */
enum piece_mode { PIECE_WHOLE, PIECE_HEADERS, PIECE_BODIES };

/* A run of entries on its way into windows. */
struct piece {
  struct request *r;
  const struct log *log;
  enum piece_mode mode;
  struct bytes items, payload;
  uint64_t from;
  uint32_t count;
  enum err_code code;
  struct err *err;
};

static bool take_entry(void *context, int64_t rowid, const struct item *entry) {
  struct piece *p = context;
  struct canon_writer w = canon_writer(&p->items);
  struct item item = *entry;
  (void)rowid;
  damage_confirm_gone(p->r->site->store, &p->r->site->now->federation.charter.fed_id, &p->log->node, &item);
  if (p->mode == PIECE_HEADERS && item.state == ITEM_WHOLE && !item_keeps_body(&item)) item.state = ITEM_ABSENT;
  if (p->mode == PIECE_BODIES) {
    item_beside_write(&w, &item);
  } else {
    item_write(&w, &item);
  }
  p->code = canon_written(&w, "window", p->err);
  p->count++;
  return p->code == OK && p->items.len <= WINDOW_RAW;
}

static enum err_code put_window(struct piece *p, uint64_t to) {
  bytes_clear(&p->items);
  bytes_clear(&p->payload);
  p->count = 0;
  enum err_code code = entry_each_served(p->r->site->store, p->log->no, p->from, to, take_entry, p, p->err);
  if (code == OK) code = p->code;
  if (code == OK && p->count == 0) return err_set(p->err, ERR_CORRUPT, "an entry of a log is missing");
  const struct bundle_window window = {
      .node = p->log->node, .gen = p->log->gen, .from = p->from, .count = p->count, .items = bytes_view(&p->items)};
  if (code == OK) code = bundle_window_write(&window, &p->payload, p->err);
  if (code == OK) {
    code = put_item(p->r, p->mode == PIECE_BODIES ? BUNDLE_BODIES : BUNDLE_WINDOW, bytes_view(&p->payload), p->err);
  }
  p->from += p->count;
  return code;
}

/* Which log, from where: of the path. */
static enum err_code find_log(const struct request *r, struct log *log, uint64_t *from, struct err *err) {
  struct hash node;
  uint64_t gen = 0;
  if (hash_from_hex(view_of_text(r->captures[0]), &node, NULL) != OK ||
      decimal_decode(view_of_text(r->captures[1]), &gen, NULL) != OK ||
      decimal_decode(view_of_text(r->captures[2]), from, NULL) != OK || gen > LIMIT_GEN ||
      log_find(r->site->store, &node, gen, log, NULL) != OK || *from >= log->range.size) {
    return err_set(err, ERR_NOT_FOUND, "nothing is held there");
  }
  return OK;
}

static struct piece piece_new(struct request *r, const struct log *log, uint64_t from, enum piece_mode mode, struct err *err) {
  struct piece p = {.r = r, .log = log, .mode = mode, .from = from, .code = OK, .err = err};
  begin(r);
  bytes_init(&p.items, LIMIT_DATA_RAW + LIMIT_ITEM);
  bytes_init(&p.payload, LIMIT_BUNDLE_ITEM);
  return p;
}

static void piece_release(struct piece *p) {
  bytes_release(&p->items);
  bytes_release(&p->payload);
}

/* The entries from FROM on up to a milestone that is at most so many octets of bodies away, and the checkpoint that covers
 * them. */
static enum err_code answer_run(struct request *r, enum piece_mode mode, uint64_t max_bytes, const char *tail,
                                struct err *err) {
  struct log log = {.no = 0};
  uint64_t from = 0, to = 0;
  bool last = false;
  enum err_code code = find_log(r, &log, &from, err);
  if (code == OK) code = milestone_run(r->site->store, log.no, from, max_bytes, &to, &last, err);
  if (code != OK) return code;
  struct piece p = piece_new(r, &log, from, mode, err);
  while (code == OK && p.from < to)
    code = put_window(&p, to);
  if (code == OK) code = put_checkpoint(r, log.no, to, err);
  piece_release(&p);
  if (!last) {
    (void)snprintf(r->out->link, sizeof r->out->link, "</sync/%s/%s/%" PRIu64 "%s>; rel=\"next\"", r->captures[0],
                   r->captures[1], to, tail);
  }
  return code;
}

enum err_code raw_sync_log(struct request *r, struct err *err) {
  return answer_run(r, PIECE_WHOLE, PIECE_BYTES, "", err);
}

enum err_code raw_sync_headers(struct request *r, struct err *err) {
  return answer_run(r, PIECE_HEADERS, LIMIT_MILESTONE_BYTES, "/headers", err);
}

/* What stands beside the entries from FROM on and below TO: as many as fit one window. */
enum err_code raw_sync_bodies(struct request *r, struct err *err) {
  struct log log = {.no = 0};
  uint64_t from = 0, to = 0;
  enum err_code code = find_log(r, &log, &from, err);
  if (code == OK && (decimal_decode(view_of_text(r->captures[3]), &to, NULL) != OK || to <= from || to > log.range.size)) {
    code = err_set(err, ERR_NOT_FOUND, "nothing is held there");
  }
  if (code != OK) return code;
  struct piece p = piece_new(r, &log, from, PIECE_BODIES, err);
  code = put_window(&p, to);
  piece_release(&p);
  return code;
}

/* ---- what members say they hold ---- */

struct said {
  struct request *r;
  enum err_code code;
  struct err *err;
};

static bool take_holds(void *context, const struct hash *node, uint64_t received, struct view item) {
  struct said *x = context;
  (void)node;
  (void)received;
  x->code = put_item(x->r, BUNDLE_HOLDS, item, x->err);
  return x->code == OK;
}

enum err_code raw_sync_holds(struct request *r, struct err *err) {
  struct said x = {r, OK, err};
  begin(r);
  const enum err_code code = holds_each(r->site->store, take_holds, &x, err);
  return x.code != OK ? x.code : code;
}

/* ---- handing in ---- */

enum err_code raw_sync_submit(struct request *r, struct err *err) {
  if (r->body.len == 0) return err_set(err, ERR_USAGE, "a submission is missing");
  r->out->forward = true;
  return OK;
}

enum err_code raw_sync_ask(struct request *r, struct err *err) {
  if (r->body.len == 0) return err_set(err, ERR_USAGE, "an ask is missing");
  if (r->body.len > LIMIT_ASK_NODE) {
    answer_problem(r->out, 413, err_name(ERR_LIMIT), answer_status_text(413));
    return OK;
  }
  r->out->forward = true;
  return OK;
}
