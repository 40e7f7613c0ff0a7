/*
 * qr: see qr.h.
 */
#include "cli/qr.h"

#include <errno.h>
#include <qrencode.h>

#define QUIET 4 /* modules, as ISO/IEC 18004 asks */

/* Whether the module is filled, which is to say light; row and column count from the corner of the quiet zone. */
static bool is_filled(const QRcode *code, int row, int column) {
  const int y = row - QUIET, x = column - QUIET;
  const bool is_inside = y >= 0 && x >= 0 && y < code->width && x < code->width;
  return row < code->width + 2 * QUIET && !(is_inside && (code->data[y * code->width + x] & 1u) != 0);
}

static enum err_code draw(const QRcode *code, struct bytes *out, struct err *err) {
  static const char *const HALVES[2][2] = {{" ", "\u2584"}, {"\u2580", "\u2588"}}; /* [upper][lower] */
  const int size = code->width + 2 * QUIET;
  enum err_code done = OK;
  for (int row = 0; row < size && done == OK; row += 2) {
    for (int column = 0; column < size && done == OK; column++)
      done = bytes_append_text(out, HALVES[is_filled(code, row, column)][is_filled(code, row + 1, column)], err);
    if (done == OK) done = bytes_append_text(out, "\n", err);
  }
  return done;
}

bool qr_is_there(struct err *err) {
  (void)err;
  return true;
}

enum err_code qr_draw(struct view text, struct bytes *out, size_t *columns, struct err *err) {
  if (text.len > QR_TEXT_MAX) {
    return err_set(err, ERR_LIMIT, "%zu characters, and a QR code holds %d", text.len, QR_TEXT_MAX);
  }
  QRcode *code = QRcode_encodeData((int)text.len, text.p, 0, QR_ECLEVEL_L);
  if (code == NULL) {
    return err_set(err, errno == ENOMEM ? ERR_MEMORY : ERR_LIMIT, "no QR code can be made of this");
  }
  const int size = code->width + 2 * QUIET;
  *columns = (size_t)size;
  const enum err_code done = draw(code, out, err);
  QRcode_free(code);
  return done;
}
