/*
 * signed_line: see signed_line.h.
 */
#include "cli/signed_line.h"

#include <sodium.h>
#include <string.h>

#define START_LEN (sizeof SIGNED_LINE_START - 1)

bool signed_line_is(struct view text) {
  return text.len >= START_LEN && memcmp(text.p, SIGNED_LINE_START, START_LEN) == 0;
}

enum err_code signed_line_write(struct view file, struct bytes *out, struct err *err) {
  const size_t len = sodium_base64_encoded_len(file.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING); /* with its NUL */
  enum err_code code = bytes_append_text(out, SIGNED_LINE_START, err);
  if (code == OK && (code = bytes_reserve(out, len, err)) == OK) {
    (void)sodium_bin2base64((char *)out->p + out->len, len, file.p, file.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out->len += len - 1;
  }
  return code;
}

enum err_code signed_line_read(struct view text, struct bytes *out, struct err *err) {
  const char *end = NULL;
  size_t len = 0;
  if (!signed_line_is(text)) return err_set(err, ERR_FORMAT, "not a line of signed records");
  const char *from = (const char *)text.p + START_LEN;
  enum err_code code = bytes_reserve(out, text.len, err);
  if (code != OK) return code;
  if (sodium_base642bin(out->p + out->len, text.len, from, text.len - START_LEN, " \t\r\n", &len, &end,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
      end != (const char *)text.p + text.len) {
    err_set(err, ERR_FORMAT, "the line %s... is not whole", SIGNED_LINE_START);
    return err_hint(err, "take it again, or the file that specola sign wrote");
  }
  out->len += len;
  return OK;
}
