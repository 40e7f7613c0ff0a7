/*
 * fuzz_bundle: the first octet is the size of the pieces in which the rest is read. Pieces make no difference; a bundle that is
 * accepted is written again as the same octets; and with a right end put behind, whatever stands before may be anything.
 */
#include <stdlib.h>

#include "protocol/bundle.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

struct pieces {
  struct view rest;
  size_t step;
};

static enum err_code source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  struct pieces *p = context;
  return bundle_source_view(&p->rest, buffer, size < p->step ? size : p->step, n, err);
}

/* A window that was read is written again as the same octets, or not at all. */
static void check_window(const struct bundle_window *window, struct view payload) {
  struct bytes out;
  require(window->count > 0);
  bytes_init(&out, payload.len);
  require(bundle_window_write(window, &out, NULL) == OK && view_equal(bytes_view(&out), payload));
  require(bundle_window_write(window, &out, NULL) == ERR_LIMIT && out.len == payload.len);
  bytes_release(&out);
}

/* Reads v and writes what it says once more; an accepted bundle comes out as it went in. */
static void fuzz_file(struct view v, size_t step) {
  struct pieces pieces = {v, step};
  struct view whole = v;
  struct bundle_reader *r = NULL;
  struct bundle_writer w;
  struct bytes out;
  enum bundle_type type = BUNDLE_CHARTER;
  struct view payload;
  struct bundle_window window;
  enum err_code scanned = bundle_scan(bundle_source_view, &whole, NULL);
  enum err_code code = bundle_open(source, &pieces, &r, NULL);
  bytes_init(&out, v.len + LIMIT_HANDSHAKE);
  require(bundle_start(&w, bundle_sink_bytes, &out, NULL) == OK);
  require(bundle_put(&w, BUNDLE_CHARTER, view_of(v.p, LIMIT_BUNDLE_ITEM), NULL) == ERR_LIMIT); /* without a look at it */
  while (code == OK && type != BUNDLE_END) {
    code = bundle_next(r, &type, &payload, NULL);
    if (code != OK || type == BUNDLE_END) break;
    require(bundle_put(&w, type, payload, NULL) == OK);
    if (type == BUNDLE_WINDOW && bundle_window_read(payload, &window, NULL) == OK) check_window(&window, payload);
    require(bundle_put(&w, BUNDLE_END, payload, NULL) == ERR_REFUSED &&
            bundle_put(&w, BUNDLE_REQUEST, payload, NULL) == ERR_REFUSED);
  }
  require(code == scanned);
  if (code == OK) {
    require(bundle_finish(&w, NULL) == OK);
    require(view_equal(bytes_view(&out), v));
  }
  bundle_writer_release(&w);
  bundle_reader_free(r);
  bytes_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  struct view v = view_of(data + 1, size - 1);
  size_t step = data[0] == 0 ? SIZE_MAX : data[0];
  fuzz_file(v, step);
  struct bytes ended; /* a hash is not found by chance: put the right end behind these octets */
  struct hash hash = hash_of(HASH_BUNDLE, v, view_of(NULL, 0));
  bytes_init(&ended, size + LIMIT_HANDSHAKE);
  require(bytes_append(&ended, v, NULL) == OK);
  struct canon_writer w = canon_writer(&ended);
  canon_put_array(&w, 2);
  canon_put_uint(&w, BUNDLE_END);
  canon_put_hash(&w, &hash);
  require(canon_written(&w, "end", NULL) == OK);
  fuzz_file(bytes_view(&ended), step);
  bytes_release(&ended);
  return 0;
}
