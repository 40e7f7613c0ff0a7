/*
 * encoding: see encoding.h.
 */
#include "node/web/encoding.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

#define LEVEL 1      /* of zlib: texts shrink to a third, in a third of the time of the usual 6 */
#define WINDOW 31    /* 15 bits, and 16 more: with the header of gzip */
#define MEMORY 8     /* zlib's usual */
#define GZIP_ROOM 64 /* header and trailer, rounded up */

/* ---- what is taken ---- */

static struct view trimmed(struct view v) {
  while (v.len > 0 && (v.p[0] == ' ' || v.p[0] == '\t'))
    v = view_of(v.p + 1, v.len - 1);
  while (v.len > 0 && (v.p[v.len - 1] == ' ' || v.p[v.len - 1] == '\t'))
    v.len--;
  return v;
}

/* Takes what stands before the next separator off rest. */
static struct view piece(struct view *rest, char separator) {
  const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->p, separator, rest->len);
  const size_t len = end == NULL ? rest->len : (size_t)(end - rest->p);
  const struct view found = view_of(rest->p, len);
  *rest = view_of(rest->p + len + (end != NULL), rest->len - len - (end != NULL));
  return trimmed(found);
}

static bool is_word(struct view v, const char *word) {
  return v.len == strlen(word) && strncasecmp((const char *)v.p, word, v.len) == 0;
}

/* "q=0", "q=0.0": not at all. */
static bool is_never(struct view parameter) {
  if (parameter.len < 3 || strncasecmp((const char *)parameter.p, "q=0", 3) != 0) return false;
  for (size_t i = 3; i < parameter.len; i++) {
    if (parameter.p[i] != '.' && parameter.p[i] != '0') return false;
  }
  return true;
}

bool encoding_takes_gzip(struct view accept) {
  while (accept.len > 0) {
    struct view coding = piece(&accept, ',');
    if (!is_word(piece(&coding, ';'), "gzip")) continue;
    return !is_never(piece(&coding, ';'));
  }
  return false;
}

/* ---- packing ---- */

void encoding_gzip(struct bytes *body, bool *packed) {
  z_stream z = {.next_in = body->p, .avail_in = (uInt)body->len};
  struct bytes out;
  *packed = false;
  if (body->len > UINT32_MAX / 2 || deflateInit2(&z, LEVEL, Z_DEFLATED, WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) return;
  const size_t room = deflateBound(&z, (uLong)body->len) + GZIP_ROOM;
  bytes_init(&out, room);
  if (bytes_reserve(&out, room, NULL) == OK) {
    z.next_out = out.p;
    z.avail_out = (uInt)room;
    *packed = deflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out < body->len;
    out.len = (size_t)z.total_out;
  }
  (void)deflateEnd(&z);
  if (*packed) {
    uint8_t *less = realloc(out.p, out.len + 1);
    if (less != NULL) out = (struct bytes){.p = less, .len = out.len, .capacity = out.len};
    out.ceiling = body->ceiling;
    bytes_release(body);
    *body = out;
  } else {
    bytes_release(&out);
  }
}
