/*
 * qr_none: see qr.h; libqrencode was not there when this was built.
 */
#include "cli/qr.h"

bool qr_is_there(struct err *err) {
  err_set(err, ERR_REFUSED, "this specola was built without QR codes");
  (void)err_hint(err, "carry the file, or build it with libqrencode-dev");
  return false;
}

enum err_code qr_draw(struct view text, struct bytes *out, size_t *columns, struct err *err) {
  (void)text;
  (void)out;
  (void)columns;
  (void)qr_is_there(err);
  return ERR_REFUSED;
}
