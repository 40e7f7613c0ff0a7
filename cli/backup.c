/*
 * backup: the time of the last copy of the keys (see backup.h).
 */
#include "cli/backup.h"

#include <stdio.h>

#define FILE_NAME "backup.time"
#define DAY_S 86400u

enum err_code backup_note(const struct home *home, uint64_t unix_s, struct err *err) {
  char path[HOME_PATH_MAX], text[32];
  snprintf(text, sizeof text, "%ju\n", (uintmax_t)unix_s);
  enum err_code code = home_path(home, FILE_NAME, path, err);
  return code == OK ? file_write(path, view_of_text(text), true, err) : code;
}

enum err_code backup_days(const struct home *home, uint64_t now_s, uint64_t *out, struct err *err) {
  char path[HOME_PATH_MAX];
  struct bytes text;
  uint64_t then = 0;
  bytes_init(&text, 32);
  enum err_code code = home_path(home, FILE_NAME, path, err);
  if (code == OK && (code = file_read(path, &text, err)) == OK) {
    const size_t len = text.len > 0 && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len;
    if (decimal_decode(view_of(text.p, len), &then, NULL) != OK) {
      err_set(err, ERR_FORMAT, "%s: no time", path);
      code = err_hint(err, "remove it, and copy the keys again: specola key backup DIR");
    }
  }
  if (code == OK) {
    *out = then < now_s ? (now_s - then) / DAY_S : 0;
  }
  bytes_release(&text);
  return code;
}
