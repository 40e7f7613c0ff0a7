/*
 * bundle: streaming writer and reader of the file format (docs/protocol.md section 10).
 *
 * The reader finds the end of an item with a span that walks heads and lengths only and can stop and go on at any octet, so an
 * item that comes in pieces is walked once; only a whole item is held against the rules of canonical msgpack.
 */
#include "protocol/bundle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/record.h"

static const char MAGIC[] = "SPECOLA1\n";
#define MAGIC_LEN (sizeof MAGIC - 1)
#define VERSION_AT 7              /* offset of the version's octet in MAGIC */
#define HEAD_LEN 2                /* octets of an item before its payload: array of two, type */
#define READ_SIZE ((size_t)65536) /* octets asked of the source at a time, at least */
#define START 0                   /* no type: nothing has been written or read yet */

/* ---- the order of types ---- */

#define BIT(type) (1u << (type))
#define AFTER_CHARTER (BIT(BUNDLE_EPOCH) | AFTER_IDENTITY)
#define AFTER_IDENTITY (BIT(BUNDLE_IDENTITY) | AFTER_ADDRESS)
#define AFTER_ADDRESS (BIT(BUNDLE_ADDRESS) | AFTER_CHECKPOINT)
#define AFTER_CHECKPOINT (BIT(BUNDLE_WINDOW) | BIT(BUNDLE_END))
#define ALONE (BIT(BUNDLE_ROOT_SET) | BIT(BUNDLE_REQUEST) | BIT(BUNDLE_SUBMISSION))

/* Which types may follow which. */
static const unsigned FOLLOWERS[BUNDLE_END + 1] = {
    [START] = BIT(BUNDLE_CHARTER) | AFTER_CHARTER | ALONE,
    [BUNDLE_CHARTER] = AFTER_CHARTER | BIT(BUNDLE_STATEMENT) | BIT(BUNDLE_CHANGES),
    [BUNDLE_EPOCH] = AFTER_CHARTER | BIT(BUNDLE_CHANGES),
    [BUNDLE_IDENTITY] = AFTER_IDENTITY | BIT(BUNDLE_CHANGES),
    [BUNDLE_ADDRESS] = AFTER_ADDRESS,
    [BUNDLE_WINDOW] = BIT(BUNDLE_WINDOW) | BIT(BUNDLE_CHECKPOINT),
    [BUNDLE_CHECKPOINT] = AFTER_CHECKPOINT,
    [BUNDLE_ROOT_SET] = BIT(BUNDLE_END),
    [BUNDLE_REQUEST] = BIT(BUNDLE_END),
    [BUNDLE_SUBMISSION] = BIT(BUNDLE_END),
    [BUNDLE_STATEMENT] = BIT(BUNDLE_END),
    [BUNDLE_CHANGES] = BIT(BUNDLE_END),
};

static bool may_follow(unsigned last, unsigned type) {
  return type <= BUNDLE_END && (FOLLOWERS[last] & BIT(type)) != 0;
}

/* ---- writer ---- */

static enum err_code emit(struct bundle_writer *w, struct view v, struct err *err) {
  hash_stream_add(&w->hash, v);
  return w->sink(w->context, v, err);
}

enum err_code bundle_start(struct bundle_writer *w, bundle_sink *sink, void *context, struct err *err) {
  *w = (struct bundle_writer){.sink = sink, .context = context, .last = START};
  bytes_init(&w->scratch, LIMIT_HANDSHAKE);
  hash_stream_init(&w->hash, HASH_BUNDLE);
  return emit(w, view_of_text(MAGIC), err);
}

/* Takes the next type if it may stand here, and leaves [type, in scratch. */
static enum err_code begin(struct bundle_writer *w, enum bundle_type type, struct err *err) {
  if (!may_follow(w->last, type)) {
    return err_set(err, ERR_REFUSED, "bundle: an item of type %d after one of type %d", (int)type, (int)w->last);
  }
  bytes_clear(&w->scratch);
  struct canon_writer head = canon_writer(&w->scratch);
  canon_put_array(&head, 2);
  canon_put_uint(&head, type);
  w->last = type;
  return canon_written(&head, "bundle", err);
}

enum err_code bundle_put(struct bundle_writer *w, enum bundle_type type, struct view payload, struct err *err) {
  if (type == BUNDLE_END) return err_set(err, ERR_REFUSED, "bundle: the end item is bundle_finish's");
  if (payload.len > LIMIT_BUNDLE_ITEM - HEAD_LEN) {
    return err_set(err, ERR_LIMIT, "bundle: an item of %zu octets, at most %u", payload.len + HEAD_LEN, LIMIT_BUNDLE_ITEM);
  }
  enum err_code code = canon_check(payload, "bundle item", err);
  if (code == OK) code = begin(w, type, err);
  if (code == OK) code = emit(w, bytes_view(&w->scratch), err);
  if (code == OK) code = emit(w, payload, err);
  return code;
}

enum err_code bundle_finish(struct bundle_writer *w, struct err *err) {
  enum err_code code = begin(w, BUNDLE_END, err);
  if (code != OK) return code;
  struct hash hash = hash_stream_final(&w->hash);
  struct canon_writer end = canon_writer(&w->scratch);
  canon_put_hash(&end, &hash);
  code = canon_written(&end, "bundle", err);
  return code == OK ? w->sink(w->context, bytes_view(&w->scratch), err) : code;
}

void bundle_writer_release(struct bundle_writer *w) {
  bytes_release(&w->scratch);
}

/* ---- span: how long is the value that begins here ---- */

/* Walks one value. done: octets that were walked. left: values still to come; 0 when the value is whole. */
struct span {
  size_t done;
  uint64_t left;
};

/* What a first octet of 0xc0..0xdf says: octets of the number behind it, and what the number counts. */
enum counts { COUNTS_NOTHING, COUNTS_OCTETS, COUNTS_VALUES, COUNTS_PAIRS, COUNTS_FORBIDDEN };
struct lead {
  uint8_t width;
  uint8_t counts;
};

static const struct lead LEADS[32] = {
    {0, COUNTS_NOTHING},   {0, COUNTS_FORBIDDEN}, {0, COUNTS_NOTHING},   {0, COUNTS_NOTHING}, /* nil, unused, false, true */
    {1, COUNTS_OCTETS},    {2, COUNTS_OCTETS},    {4, COUNTS_OCTETS},                         /* bin */
    {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN},                      /* ext */
    {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN},                                             /* float */
    {1, COUNTS_NOTHING},   {2, COUNTS_NOTHING},   {4, COUNTS_NOTHING},   {8, COUNTS_NOTHING}, /* uint */
    {1, COUNTS_NOTHING},   {2, COUNTS_NOTHING},   {4, COUNTS_NOTHING},   {8, COUNTS_NOTHING}, /* int */
    {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN}, {0, COUNTS_FORBIDDEN},
    {0, COUNTS_FORBIDDEN},                                                                  /* fixext */
    {1, COUNTS_OCTETS},    {2, COUNTS_OCTETS},    {4, COUNTS_OCTETS},                       /* str */
    {2, COUNTS_VALUES},    {4, COUNTS_VALUES},    {2, COUNTS_PAIRS},     {4, COUNTS_PAIRS}, /* array, map */
};

/* The lead and, where it stands in the first octet itself, the number. */
static struct lead lead_of(uint8_t c, uint64_t *number) {
  *number = 0;
  if (c < 0x80 || c >= 0xe0) return (struct lead){0, COUNTS_NOTHING};
  if (c >= 0xc0) return LEADS[c & 0x1f];
  *number = c < 0xa0 ? c & 0x0f : c & 0x1f;
  if (c < 0x90) return (struct lead){0, COUNTS_PAIRS};
  return (struct lead){0, c < 0xa0 ? COUNTS_VALUES : COUNTS_OCTETS};
}

enum span_result { SPAN_WHOLE, SPAN_MORE, SPAN_FORBIDDEN, SPAN_TOO_LONG };

/* Walks one head, and over the octets of a str or bin. */
static enum span_result span_step(struct span *s, struct view v) {
  if (s->done >= v.len) return SPAN_MORE;
  uint64_t number;
  struct lead lead = lead_of(v.p[s->done], &number);
  if (lead.counts == COUNTS_FORBIDDEN) return SPAN_FORBIDDEN;
  if (v.len - s->done <= lead.width) return SPAN_MORE;
  for (size_t i = 1; i <= lead.width; i++)
    number = number << 8 | v.p[s->done + i];
  uint64_t octets = lead.counts == COUNTS_OCTETS ? number : 0;
  uint64_t values = lead.counts == COUNTS_VALUES ? number : lead.counts == COUNTS_PAIRS ? 2 * number : 0;
  uint64_t left = s->left - 1 + values;
  uint64_t done = s->done + 1 + lead.width + octets;
  if (done > LIMIT_BUNDLE_ITEM || left > LIMIT_BUNDLE_ITEM - done) return SPAN_TOO_LONG;
  s->done = (size_t)done;
  s->left = left;
  return SPAN_WHOLE;
}

/* Goes on in v, which begins where the value does and is at least as long as at the call before. */
static enum span_result span_walk(struct span *s, struct view v) {
  while (s->left > 0) {
    enum span_result result = span_step(s, v);
    if (result != SPAN_WHOLE) return result;
  }
  return s->done <= v.len ? SPAN_WHOLE : SPAN_MORE;
}

/* ---- reader ---- */

/* Octets buffer.p[pos..len) were read and not yet handed out; before them, consumed octets of the file went by. */
struct bundle_reader {
  struct hash_stream hash;
  bundle_source *source;
  void *context;
  struct bytes buffer;
  size_t pos;
  uint64_t consumed; /* offset in the file of buffer.p[0] */
  bool at_end;       /* the source has no more */
  unsigned last;     /* type of the item before, START at first */
  struct err failed; /* the error that ended it, code OK while none did */
};

static size_t available(const struct bundle_reader *r) {
  return r->buffer.len - r->pos;
}

static uint64_t offset(const struct bundle_reader *r) {
  return r->consumed + r->pos;
}

/* Moves what is left to the front. */
static void settle(struct bundle_reader *r) {
  r->consumed += r->pos;
  bytes_consume(&r->buffer, r->pos);
  r->pos = 0;
}

/* Reads until wanted octets are available or the source ends. */
static enum err_code fill(struct bundle_reader *r, size_t wanted, struct err *err) {
  if (available(r) >= wanted || r->at_end) return OK;
  settle(r);
  size_t more = wanted - r->buffer.len;
  enum err_code code = bytes_reserve(&r->buffer, more > READ_SIZE ? more : READ_SIZE, err);
  while (code == OK && r->buffer.len < wanted && !r->at_end) {
    size_t n = 0;
    code = r->source(r->context, r->buffer.p + r->buffer.len, r->buffer.capacity - r->buffer.len, &n, err);
    r->buffer.len += code == OK ? n : 0;
    r->at_end = n == 0;
  }
  return code;
}

static enum err_code read_magic(struct bundle_reader *r, struct err *err) {
  enum err_code code = fill(r, MAGIC_LEN, err);
  if (code != OK) return code;
  struct view head = view_of(r->buffer.p, available(r) < MAGIC_LEN ? available(r) : MAGIC_LEN);
  if (head.len == MAGIC_LEN && !view_is_text(head, MAGIC)) {
    bool is_other_version = memcmp(head.p, MAGIC, VERSION_AT) == 0 && head.p[VERSION_AT] != (uint8_t)MAGIC[VERSION_AT] &&
                            head.p[VERSION_AT + 1] == (uint8_t)MAGIC[VERSION_AT + 1];
    if (is_other_version) return err_set(err, ERR_VERSION, "bundle: written in another version of the format");
  }
  if (!view_is_text(head, MAGIC)) return err_set(err, ERR_FORMAT, "not a bundle: it does not begin with its first line");
  hash_stream_add(&r->hash, head);
  r->pos = MAGIC_LEN;
  return OK;
}

enum err_code bundle_open(bundle_source *source, void *context, struct bundle_reader **out, struct err *err) {
  struct bundle_reader *r = calloc(1, sizeof *r);
  if (r == NULL) return err_set(err, ERR_MEMORY, NULL);
  r->source = source;
  r->context = context;
  bytes_init(&r->buffer, (size_t)LIMIT_BUNDLE_ITEM + READ_SIZE);
  hash_stream_init(&r->hash, HASH_BUNDLE);
  enum err_code code = read_magic(r, err);
  if (code != OK) {
    bundle_reader_free(r);
    return code;
  }
  *out = r;
  return OK;
}

void bundle_reader_free(struct bundle_reader *r) {
  if (r == NULL) return;
  bytes_release(&r->buffer);
  free(r);
}

/* Reads until one whole item is available; *item is it. */
static enum err_code item_whole(struct bundle_reader *r, struct view *item, struct err *err) {
  struct span span = {.done = 0, .left = 1};
  size_t wanted = READ_SIZE;
  for (;;) {
    *item = view_of(r->buffer.p + r->pos, available(r));
    enum span_result result = span_walk(&span, *item);
    if (result == SPAN_WHOLE) break;
    uint64_t at = offset(r) + span.done;
    if (result == SPAN_FORBIDDEN) return err_set(err, ERR_FORMAT, "bundle: a type that is not allowed at octet %" PRIu64, at);
    if (result == SPAN_TOO_LONG) {
      return err_set(err, ERR_FORMAT, "bundle: an item of more than %u octets at octet %" PRIu64, LIMIT_BUNDLE_ITEM, offset(r));
    }
    if (r->at_end) {
      return err_set(err, ERR_FORMAT, "bundle: it ends too early, at octet %" PRIu64, offset(r) + item->len);
    }
    while (wanted <= available(r) || wanted < span.done)
      wanted *= 2;
    enum err_code code = fill(r, wanted < LIMIT_BUNDLE_ITEM ? wanted : LIMIT_BUNDLE_ITEM, err);
    if (code != OK) return code;
  }
  *item = view_of(r->buffer.p + r->pos, span.done);
  return OK;
}

/* Takes an item apart: canonical, [type, payload], a type that may stand here. */
static enum err_code item_split(const struct bundle_reader *r, struct view item, unsigned *type, struct view *payload,
                                struct err *err) {
  struct canon_reader c = canon_reader(item);
  canon_array_exact(&c, 2);
  *type = (unsigned)canon_uint_max(&c, BUNDLE_END);
  if (c.fault == NULL && !may_follow(r->last, *type)) canon_fail(&c, "a type that may not stand here");
  *payload = canon_skip_inside(&c, 1);
  if (c.fault != NULL) {
    return err_set(err, ERR_FORMAT, "bundle: %s at octet %" PRIu64, c.fault, offset(r) + c.at);
  }
  return OK;
}

/* The end item is in hand: its hash, and nothing behind it. */
static enum err_code finish(struct bundle_reader *r, struct view payload, struct err *err) {
  struct canon_reader c = canon_reader(payload);
  struct hash said;
  canon_hash(&c, &said);
  enum err_code code = canon_finish(&c, "bundle: end item", err);
  if (code != OK) return code;
  struct hash found = hash_stream_final(&r->hash);
  if (!hash_equal(&said, &found)) return err_set(err, ERR_MISMATCH, "bundle: damaged, its hash is another");
  code = fill(r, 1, err);
  if (code == OK && available(r) > 0) {
    code = err_set(err, ERR_FORMAT, "bundle: something stands behind the end, at octet %" PRIu64, offset(r));
  }
  return code;
}

static enum err_code next(struct bundle_reader *r, enum bundle_type *type, struct view *payload, struct err *err) {
  struct view item;
  unsigned number = START;
  enum err_code code = item_whole(r, &item, err);
  if (code == OK) code = item_split(r, item, &number, payload, err);
  if (code != OK) return code;
  r->pos += item.len;
  if (number == BUNDLE_END) {
    code = finish(r, *payload, err);
    *payload = view_of(NULL, 0);
  } else {
    hash_stream_add(&r->hash, item);
  }
  r->last = number;
  *type = (enum bundle_type)number;
  return code;
}

enum err_code bundle_next(struct bundle_reader *r, enum bundle_type *type, struct view *payload, struct err *err) {
  *payload = view_of(NULL, 0);
  *type = BUNDLE_END;
  if (r->failed.code != OK) return err_set(err, r->failed.code, "%s", r->failed.message);
  if (r->last == BUNDLE_END) return OK;
  enum err_code code = next(r, type, payload, &r->failed);
  if (code == OK) return OK;
  *payload = view_of(NULL, 0);
  return err_set(err, code, "%s", r->failed.message);
}

enum err_code bundle_scan(bundle_source *source, void *context, struct err *err) {
  struct bundle_reader *r = NULL;
  enum bundle_type type = BUNDLE_CHARTER;
  struct view payload;
  enum err_code code = bundle_open(source, context, &r, err);
  while (r != NULL && code == OK && type != BUNDLE_END)
    code = bundle_next(r, &type, &payload, err);
  bundle_reader_free(r);
  return code;
}

/* ---- sources, sinks ---- */

enum err_code bundle_source_view(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  struct view *rest = context;
  (void)err; /* octets in memory do not fail */
  *n = rest->len < size ? rest->len : size;
  if (*n > 0) memcpy(buffer, rest->p, *n);
  *rest = view_of(rest->p + *n, rest->len - *n);
  return OK;
}

enum err_code bundle_sink_bytes(void *context, struct view v, struct err *err) {
  return bytes_append(context, v, err);
}

/* ---- windows ---- */

/* Both kinds: what stands at each position is read by read_one. */
static enum err_code read_window(struct view payload, uint32_t most, void (*read_one)(struct canon_reader *, struct item *),
                                 const char *what, struct bundle_window *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  struct bundle_window window = {.gen = 0};
  canon_array_exact(&r, 4);
  canon_hash(&r, &window.node);
  window.gen = canon_uint_max(&r, LIMIT_GEN);
  if (window.gen == 0) canon_fail(&r, "generations count from 1");
  window.from = canon_uint_max(&r, LIMIT_POSITION);
  window.count = canon_array(&r, most);
  if (window.count == 0) canon_fail(&r, "a window without items");
  if (window.count > LIMIT_SIZE - window.from) canon_fail(&r, "positions past the largest size");
  window.items = view_of(r.p, (size_t)(r.end - r.p));
  for (uint32_t i = 0; i < window.count && r.fault == NULL; i++) {
    struct item unused;
    read_one(&r, &unused);
  }
  enum err_code code = canon_finish(&r, what, err);
  if (code == OK) *out = window;
  return code;
}

enum err_code bundle_window_read(struct view payload, struct bundle_window *out, struct err *err) {
  if (payload.len > LIMIT_DATA_RAW) return err_set(err, ERR_FORMAT, "window: more than %u octets", LIMIT_DATA_RAW);
  return read_window(payload, LIMIT_DATA_RAW, item_read, "window", out, err);
}

enum err_code bundle_bodies_read(struct view payload, struct bundle_window *out, struct err *err) {
  return read_window(payload, LIMIT_MILESTONE_ENTRIES, item_beside_read, "bodies", out, err);
}

enum err_code bundle_window_write(const struct bundle_window *window, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 4);
  canon_put_hash(&w, &window->node);
  canon_put_uint(&w, window->gen);
  canon_put_uint(&w, window->from);
  canon_put_array(&w, window->count);
  canon_put_raw(&w, window->items);
  enum err_code code = canon_written(&w, "window", err);
  if (code == OK && out->len - before > LIMIT_DATA_RAW) {
    code = err_set(err, ERR_LIMIT, "window: more than %u octets", LIMIT_DATA_RAW);
  }
  if (code != OK) out->len = before;
  return code;
}
