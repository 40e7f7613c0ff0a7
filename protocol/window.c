/*
 * window: what DATA carries, packed and unpacked (docs/protocol.md 8.3). Prototypes stand in message.h.
 *
 * The inflater writes into a buffer of at most LIMIT_DATA_RAW octets and stops there, so a frame that promises or hides more
 * costs one allocation of that size and nothing else. Contexts are made once a thread: making one costs more than a window.
 */
#include <zstd.h>
#include <zstd_errors.h>

#include "protocol/canon.h"
#include "protocol/message.h"

#define LEVEL 3 /* zstd */
#define ENCODING_PLAIN 0
#define ENCODING_ZSTD 1

static _Thread_local ZSTD_CCtx *deflater;
static _Thread_local ZSTD_DCtx *inflater;

void window_release_thread(void) {
  (void)ZSTD_freeCCtx(deflater);
  (void)ZSTD_freeDCtx(inflater);
  deflater = NULL;
  inflater = NULL;
}

enum err_code window_pack(struct view raw, struct bytes *out, uint64_t *encoding, struct err *err) {
  if (raw.len > LIMIT_DATA_RAW) {
    return err_set(err, ERR_LIMIT, "window: %zu octets, at most %u", raw.len, LIMIT_DATA_RAW);
  }
  if (deflater == NULL) deflater = ZSTD_createCCtx();
  if (deflater == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = bytes_reserve(out, raw.len, err);
  if (code != OK) return code;
  /* With one octet less than raw to write into, zstd gives up as soon as it would not be smaller. */
  size_t n = raw.len < 2 ? 0 : ZSTD_compressCCtx(deflater, out->p + out->len, raw.len - 1, raw.p, raw.len, LEVEL);
  if (n == 0 || ZSTD_isError(n)) {
    *encoding = ENCODING_PLAIN;
    return bytes_append(out, raw, err);
  }
  *encoding = ENCODING_ZSTD;
  out->len += n;
  return OK;
}

/* Inflates exactly one frame into scratch. */
static enum err_code inflate(struct view packed, struct bytes *scratch, struct err *err) {
  unsigned long long promised = ZSTD_getFrameContentSize(packed.p, packed.len);
  if (promised == ZSTD_CONTENTSIZE_ERROR || ZSTD_findFrameCompressedSize(packed.p, packed.len) != packed.len) {
    return err_set(err, ERR_FORMAT, "window: not one zstd frame");
  }
  if (promised == ZSTD_CONTENTSIZE_UNKNOWN) promised = LIMIT_DATA_RAW;
  if (promised > LIMIT_DATA_RAW) {
    return err_set(err, ERR_LIMIT, "window: inflates to more than %u octets", LIMIT_DATA_RAW);
  }
  if (inflater == NULL) inflater = ZSTD_createDCtx();
  if (inflater == NULL) return err_set(err, ERR_MEMORY, NULL);
  bytes_clear(scratch);
  enum err_code code = bytes_reserve(scratch, (size_t)promised, err);
  if (code != OK) return code;
  size_t n = ZSTD_decompressDCtx(inflater, scratch->p, (size_t)promised, packed.p, packed.len);
  if (ZSTD_isError(n)) {
    bool is_large = ZSTD_getErrorCode(n) == ZSTD_error_dstSize_tooSmall;
    return err_set(err, is_large ? ERR_LIMIT : ERR_FORMAT, "window: %s", ZSTD_getErrorName(n));
  }
  scratch->len = n;
  return OK;
}

enum err_code window_open(const struct message *data, struct bytes *scratch, struct view *window, struct err *err) {
  struct view raw = data->u.data.window;
  if (data->u.data.encoding == ENCODING_ZSTD) {
    enum err_code code = inflate(raw, scratch, err);
    if (code != OK) return code;
    raw = bytes_view(scratch);
  } else if (data->u.data.encoding != ENCODING_PLAIN) {
    return err_set(err, ERR_FORMAT, "window: an unknown encoding");
  } else if (raw.len > LIMIT_DATA_RAW) {
    return err_set(err, ERR_LIMIT, "window: more than %u octets", LIMIT_DATA_RAW);
  }
  struct canon_reader r = canon_reader(raw);
  uint32_t count = canon_array(&r, LIMIT_DATA_RAW);
  if (r.fault != NULL || count != data->u.data.count) {
    return err_set(err, ERR_FORMAT, "window: not an array of as many items as DATA says");
  }
  *window = raw;
  return OK;
}
