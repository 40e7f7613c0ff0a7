/*
 * bundle_file: logs as a bundle (docs/protocol.md 10): charter, epoch, identities, addresses, then each log from its beginning,
 * milestone by milestone. See export.h.
 */
#include <string.h>

#include "node/export/inside.h"
#include "node/store/damage.h"
#include "protocol/canon.h"

#define ITEM_MAX ((size_t)4 * LIMIT_CHARTER)
#define LOGS_MAX ((size_t)64 * 1024 * 1024)      /* octets of struct log */
#define WINDOW_RAW (LIMIT_DATA_RAW - LIMIT_ITEM) /* past this a window takes no further item */

struct writing {
  struct export_run *run;
  struct bundle_writer *w;
  struct bytes item;
  struct bytes logs; /* struct log, one behind the other */
  /* the window in the making */
  const struct log *log;
  struct bytes items;
  uint64_t from;
  uint32_t count;
  enum err_code code;
};

static enum err_code count_octets(void *context, struct view v, struct err *err) {
  return export_put(context, v, err);
}

/* ---- what stands before the logs ---- */

static enum err_code put_charter(struct writing *x) {
  const struct federation *f = x->run->f;
  struct err *err = x->run->err;
  bytes_clear(&x->item);
  enum err_code code = charter_encode(&f->charter, &x->item, err);
  if (code == OK) {
    code = bundle_put(x->w, BUNDLE_CHARTER, bytes_view(&x->item), err);
  }
  for (uint64_t n = 1; n <= f->epoch.number && code == OK; n++) {
    bytes_clear(&x->item);
    code = federation_epoch_item(x->run->s, f, n, &x->item, err);
    if (code == OK) {
      code = bundle_put(x->w, BUNDLE_EPOCH, bytes_view(&x->item), err);
    }
  }
  return code;
}

static bool is_wanted(const struct export_run *run, const struct hash *node) {
  return run->options->node == NULL || strcmp(federation_handle(run->f, node), run->options->node) == 0;
}

static enum err_code put_identity(void *context, struct view item, struct err *err) {
  const struct writing *x = context;
  return bundle_put(x->w, BUNDLE_IDENTITY, item, err);
}

static enum err_code put_identities(struct writing *x) {
  const struct federation *f = x->run->f;
  enum err_code code = OK;
  for (uint32_t i = 0; i < f->n_members && code == OK; i++) {
    if (is_wanted(x->run, &f->rows[i].node)) {
      code = federation_each_identity(x->run->s, f, &f->members[i], put_identity, x, x->run->err);
    }
  }
  return code;
}

static enum err_code put_addresses(struct writing *x) {
  const struct federation *f = x->run->f;
  enum err_code code = OK;
  for (uint32_t i = 0; i < f->n_members && code == OK; i++) {
    if (!f->members[i].has_address || !is_wanted(x->run, &f->rows[i].node)) {
      continue;
    }
    bytes_clear(&x->item);
    code = store_get_address(x->run->s, &f->rows[i].node, &x->item, x->run->err);
    if (code == OK) {
      code = bundle_put(x->w, BUNDLE_ADDRESS, bytes_view(&x->item), x->run->err);
    }
  }
  return code;
}

/* ---- logs ---- */

static enum err_code flush(struct writing *x) {
  const struct bundle_window window = {
      .node = x->log->node, .gen = x->log->gen, .from = x->from, .count = x->count, .items = bytes_view(&x->items)};
  if (x->count == 0) {
    return OK;
  }
  bytes_clear(&x->item);
  enum err_code code = bundle_window_write(&window, &x->item, x->run->err);
  if (code == OK) {
    code = bundle_put(x->w, BUNDLE_WINDOW, bytes_view(&x->item), x->run->err);
  }
  x->from += x->count;
  x->count = 0;
  bytes_clear(&x->items);
  return code;
}

static bool take_entry(void *context, int64_t rowid, const struct item *entry) {
  struct writing *x = context;
  struct canon_writer w = canon_writer(&x->items);
  struct item item = *entry;
  (void)rowid;
  damage_confirm_gone(x->run->s, &x->run->f->charter.fed_id, &x->log->node, &item);
  item_write(&w, &item);
  x->code = canon_written(&w, "window", x->run->err);
  x->count++;
  x->run->report->entries++;
  return x->code == OK && x->items.len <= WINDOW_RAW;
}

static enum err_code put_checkpoint(struct writing *x, uint64_t size) {
  struct bytes text;
  bytes_init(&text, LIMIT_CHECKPOINT);
  enum err_code code = milestone_get(x->run->s, x->log->no, size, &text, x->run->err);
  if (code == OK) {
    bytes_clear(&x->item);
    struct canon_writer w = canon_writer(&x->item);
    canon_put_str(&w, bytes_view(&text));
    code = canon_written(&w, "checkpoint", x->run->err);
  }
  if (code == OK) {
    code = bundle_put(x->w, BUNDLE_CHECKPOINT, bytes_view(&x->item), x->run->err);
  }
  bytes_release(&text);
  return code;
}

/* Window by window: while one is handed on, which may wait for a person, no statement is open. */
static enum err_code put_run(struct writing *x, uint64_t to) {
  enum err_code code = OK;
  while (code == OK && x->from < to) {
    code = entry_each(x->run->s, x->log->no, x->from, to, take_entry, x, x->run->err);
    if (code == OK) {
      code = x->code;
    }
    if (code == OK && x->count == 0) {
      code = err_set(x->run->err, ERR_CORRUPT, "entry %llu of a log is missing", (unsigned long long)x->from);
    }
    if (code == OK) {
      code = flush(x);
    }
  }
  return code == OK ? put_checkpoint(x, to) : code;
}

static enum err_code put_log(struct writing *x, const struct log *log) {
  uint64_t sizes[LIMIT_CHECKPOINTS];
  uint32_t n = 1;
  enum err_code code = OK;
  x->log = log;
  x->from = 0;
  while (code == OK && x->from < log->range.size && n > 0) {
    code = milestone_plan(x->run->s, log->no, x->from, sizes, LIMIT_CHECKPOINTS, &n, x->run->err);
    for (uint32_t i = 0; i < n && code == OK; i++) {
      code = put_run(x, sizes[i]);
    }
  }
  return code;
}

static bool collect_log(void *context, const struct log *log) {
  struct writing *x = context;
  if (is_wanted(x->run, &log->node)) {
    x->code = bytes_append(&x->logs, view_of(log, sizeof *log), x->run->err);
  }
  return x->code == OK;
}

static enum err_code put_logs(struct writing *x) {
  enum err_code code = log_each(x->run->s, collect_log, x, x->run->err);
  if (code == OK) {
    code = x->code;
  }
  for (size_t at = 0; code == OK && at < x->logs.len; at += sizeof(struct log)) {
    struct log log;
    memcpy(&log, x->logs.p + at, sizeof log);
    code = put_log(x, &log);
    x->log = NULL;
  }
  return code;
}

static enum err_code put_all(struct writing *x) {
  enum err_code code = put_charter(x);
  if (code == OK) {
    code = put_identities(x);
  }
  if (code == OK) {
    code = put_addresses(x);
  }
  return code == OK ? put_logs(x) : code;
}

enum err_code export_bundle(struct export_run *run) {
  struct bundle_writer writer;
  struct writing x = {.run = run, .w = &writer, .code = OK};
  if (run->options->node != NULL && federation_by_handle(run->f, run->options->node) == NULL) {
    return err_set(run->err, ERR_NOT_FOUND, "there is no node '%.60s'", run->options->node);
  }
  memset(&writer, 0, sizeof writer);
  bytes_init(&x.item, ITEM_MAX + LIMIT_BUNDLE_ITEM);
  bytes_init(&x.logs, LOGS_MAX);
  bytes_init(&x.items, LIMIT_DATA_RAW + LIMIT_ITEM);
  enum err_code code = bundle_start(&writer, count_octets, &run->sink, run->err);
  if (code == OK) {
    code = put_all(&x);
  }
  if (code == OK) {
    code = bundle_finish(&writer, run->err);
  }
  bundle_writer_release(&writer);
  bytes_release(&x.item);
  bytes_release(&x.logs);
  bytes_release(&x.items);
  return code;
}
