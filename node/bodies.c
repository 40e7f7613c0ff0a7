/*
 * bodies: those that were absent when their entries came. The entries are in the store; a body belongs to one if it matches
 * what its header commits to, whoever brings it. See ingest.h.
 */
#include <inttypes.h>

#include "node/hall.h"
#include "node/store/absent.h"
#include "protocol/canon.h"

enum err_code hall_absent(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, uint64_t *index,
                          struct err *err) {
  const struct hall_log *log = h->missing == 0 ? NULL : hall_find(h, node, gen);
  if (log == NULL) {
    return err_set(err, ERR_NOT_FOUND, "no body is absent");
  }
  return absent_next(h->config.store, log->log.no, from, index, err);
}

/* What is kept of one item for the entry at rowid. */
static enum err_code take(struct hall *h, int64_t rowid, const struct item *beside, uint64_t *filled, struct err *err) {
  struct bytes scratch;
  struct item item;
  struct header header;
  struct view octets;
  struct view signature;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(h->config.store, rowid, &scratch, &item, err);
  const bool is_wanted = code == OK && item.state == ITEM_ABSENT && beside->state == ITEM_WHOLE;
  if (is_wanted && (!envelope_split(item.envelope, &octets, &signature) || header_decode(octets, &header) != REASON_NONE ||
                    !record_body_matches(&header, &beside->salt, beside->body))) {
    code = err_set(err, ERR_MISMATCH, "entry %" PRIu64 ": a body is not the one that was committed to", entry_index(rowid));
  }
  if (is_wanted && code == OK) {
    code = absent_fill(&h->derivation, rowid, beside, err);
    *filled += code == OK;
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code take_all(struct hall *h, const struct log *log, uint64_t from, struct view window, uint64_t *filled,
                              struct err *err) {
  struct canon_reader r = canon_reader(window);
  const uint32_t n = canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  enum err_code code = OK;
  for (uint32_t i = 0; i < n && code == OK && r.fault == NULL; i++) {
    struct item beside;
    item_beside_read(&r, &beside);
    if (r.fault == NULL) {
      code = take(h, entry_rowid(log->no, from + i), &beside, filled, err);
    }
  }
  return code == OK ? canon_finish(&r, "window", err) : code;
}

enum err_code hall_fill(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, struct view window,
                        uint64_t *filled, struct err *err) {
  const struct hall_log *log = hall_find(h, node, gen);
  struct canon_reader r = canon_reader(window);
  const uint32_t n = canon_array(&r, LIMIT_MILESTONE_ENTRIES);
  *filled = 0;
  if (r.fault != NULL || log == NULL || from > log->log.range.size || n > log->log.range.size - from) {
    return err_set(err, ERR_FORMAT, "the window is no array of bodies of entries that are held");
  }
  enum err_code code = store_begin(h->config.store, err);
  if (code != OK) {
    return code;
  }
  code = take_all(h, &log->log, from, window, filled, err);
  if (code == OK) {
    code = store_commit(h->config.store, err);
  }
  if (code != OK) {
    store_rollback(h->config.store);
    *filled = 0;
    return code;
  }
  h->missing -= *filled;
  return OK;
}
