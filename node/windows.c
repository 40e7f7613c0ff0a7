/*
 * windows: what is asked of the store by peers and exports: items from one position to another. See ingest.h.
 */
#include "node/hall.h"
#include "node/store/damage.h"
#include "protocol/canon.h"
#include "protocol/message.h"

#define WINDOW_RAW (LIMIT_DATA_RAW - LIMIT_ITEM) /* past this no further item is added */

struct window {
  const struct hall *h;
  const struct log *log;
  unsigned mode;
  size_t max_bytes;
  struct bytes items;
  uint32_t count;
  enum err_code code;
};

static bool put_item(void *context, int64_t rowid, const struct item *entry) {
  struct window *window = context;
  struct canon_writer w = canon_writer(&window->items);
  struct item copy = *entry;
  const struct item *item = &copy;
  (void)rowid;
  damage_confirm_gone(window->h->config.store, &window->h->derivation.fed_id, &window->log->node, &copy);
  if (window->mode == GET_BODIES) {
    item_beside_write(&w, item);
  } else if (window->mode == GET_HEADERS && !item_keeps_body(item)) {
    canon_put_array(&w, 1);
    canon_put_bin(&w, item->envelope);
  } else {
    item_write(&w, item);
  }
  window->code = canon_written(&w, "window", NULL);
  window->count++;
  return window->code == OK && window->items.len <= window->max_bytes && window->items.len <= WINDOW_RAW;
}

enum err_code hall_window(struct hall *h, const struct hash *node, uint64_t gen, uint64_t from, uint64_t to, unsigned mode,
                          size_t max_bytes, struct bytes *out, uint64_t *count, struct err *err) {
  const struct hall_log *log = hall_find(h, node, gen);
  struct window window = {.h = h, .log = log == NULL ? NULL : &log->log, .mode = mode, .max_bytes = max_bytes, .code = OK};
  *count = 0;
  if (log == NULL || from >= log->log.range.size || from >= to || mode > GET_BODIES) {
    return err_set(err, ERR_NOT_FOUND, "nothing is held there");
  }
  bytes_init(&window.items, LIMIT_DATA_RAW);
  const uint64_t end = to < log->log.range.size ? to : log->log.range.size;
  enum err_code code = entry_each_served(h->config.store, log->log.no, from, end, put_item, &window, err);
  if (code == ERR_CORRUPT && window.count > 0) { /* up to the damaged entry */
    err_clear(err);
    code = OK;
  }
  if (code == OK && window.code != OK) {
    code = err_set(err, window.code, "window");
  }
  if (code == OK) {
    struct canon_writer w = canon_writer(out);
    canon_put_array(&w, window.count);
    canon_put_raw(&w, bytes_view(&window.items));
    code = canon_written(&w, "window", err);
  }
  *count = code == OK ? window.count : 0;
  bytes_release(&window.items);
  return code;
}
