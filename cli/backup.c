/*
 * backup: the time of the last copy of the keys (see backup.h).
 */
#include "cli/backup.h"

#include <stdio.h>

#define FILE_NAME "backup.time"

enum err_code backup_note(const struct home *home, uint64_t unix_s, struct err *err) {
  char path[HOME_PATH_MAX], text[32];
  snprintf(text, sizeof text, "%ju\n", (uintmax_t)unix_s);
  enum err_code code = home_path(home, FILE_NAME, path, err);
  return code == OK ? file_write(path, view_of_text(text), true, err) : code;
}

enum err_code backup_days(const struct home *home, uint64_t now_s, uint64_t *out, struct err *err) {
  return notices_backup_days(home, now_s, out, err);
}
