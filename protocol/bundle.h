/*
 * bundle: the file that carries identities, charters and logs where no socket does (docs/protocol.md section 10). A streaming
 * writer and a streaming, strict reader; both hold at most one item.
 */
#ifndef SPECOLA_PROTOCOL_BUNDLE_H
#define SPECOLA_PROTOCOL_BUNDLE_H

#include "keys/bytes.h"
#include "keys/hash.h"

enum bundle_type {
  BUNDLE_CHARTER = 1,
  BUNDLE_EPOCH = 2,
  BUNDLE_IDENTITY = 3,
  BUNDLE_ADDRESS = 4,
  BUNDLE_CHECKPOINT = 5,
  BUNDLE_WINDOW = 6,
  BUNDLE_ROOT_SET = 7,
  BUNDLE_REQUEST = 8,
  BUNDLE_SUBMISSION = 9,
  BUNDLE_BODIES = 10, /* over HTTP alone (docs/protocol.md 15) */
  BUNDLE_HOLDS = 11,  /* likewise */
  BUNDLE_STATEMENT = 12,
  BUNDLE_CHANGES = 13,
  BUNDLE_END = 15
};

/* Where octets go to and come from: a file, a buffer, a pipe. */
typedef enum err_code bundle_sink(void *context, struct view v, struct err *err);
/* Fills up to size octets, *n = 0 at the end. */
typedef enum err_code bundle_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err);

struct bundle_writer {
  struct hash_stream hash;
  bundle_sink *sink;
  void *context;
  struct bytes scratch;
  enum bundle_type last;
};
MUST_CHECK enum err_code bundle_start(struct bundle_writer *w, bundle_sink *sink, void *context, struct err *err);
/* payload: the encoded item of that type (docs/protocol.md 10). ERR_LIMIT past LIMIT_BUNDLE_ITEM, ERR_FORMAT (not canonical),
 * ERR_REFUSED (a type that may not stand here), and what the sink returns. */
MUST_CHECK enum err_code bundle_put(struct bundle_writer *w, enum bundle_type type, struct view payload, struct err *err);
MUST_CHECK enum err_code bundle_finish(struct bundle_writer *w, struct err *err);
void bundle_writer_release(struct bundle_writer *w);

struct bundle_reader; /* opaque */
MUST_CHECK enum err_code bundle_open(bundle_source *source, void *context, struct bundle_reader **out, struct err *err);
/* The next item; *type BUNDLE_END when the end item was there, its hash is right and nothing stands behind it. payload is
 * borrowed until the next call. ERR_FORMAT (names the octet), ERR_MISMATCH (the hash), ERR_VERSION, ERR_MEMORY and what
 * the source returns. Checks order of types, not their content. */
MUST_CHECK enum err_code bundle_next(struct bundle_reader *r, enum bundle_type *type, struct view *payload, struct err *err);
void bundle_reader_free(struct bundle_reader *r); /* NULL is fine */
/* Reads the whole bundle once, hash included, discarding the items: what `import` does before it believes the first. */
MUST_CHECK enum err_code bundle_scan(bundle_source *source, void *context, struct err *err);
/* A source over octets in memory: context is a struct view *, consumed as it is read. */
enum err_code bundle_source_view(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err);
enum err_code bundle_sink_bytes(void *context, struct view v, struct err *err); /* context: struct bytes * */

/* Windows: [node id, gen, from, [item…]]. */
struct bundle_window {
  struct hash node;
  uint64_t gen, from;
  uint32_t count;
  struct view items; /* encoded items one behind the other (without the array head); read with item_read */
};
/* Reads with every item's form, positions up to LIMIT_POSITION. ERR_FORMAT (also over LIMIT_DATA_RAW octets). */
MUST_CHECK enum err_code bundle_window_read(struct view payload, struct bundle_window *out, struct err *err);
/* Item 10 likewise: [node id, gen, from, [what stands beside…]] of at most LIMIT_MILESTONE_ENTRIES entries; items are read with
 * item_beside_read. ERR_FORMAT. */
MUST_CHECK enum err_code bundle_bodies_read(struct view payload, struct bundle_window *out, struct err *err);
/* Appends the payload. ERR_LIMIT, ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code bundle_window_write(const struct bundle_window *window, struct bytes *out, struct err *err);

#endif
