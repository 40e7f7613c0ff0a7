/*
 * forget: see forget.h.
 */
#include "node/store/forget.h"

#include <string.h>

#include "node/store/inside.h"
#include "node/store/statement.h"

/* Where SQLite puts files without a name: beside the store, where the process may write and others may not read; NULL: where it
 * likes. This mutex is the one under which SQLite reads it. */
static enum err_code temporary_folder(struct store *s, bool beside, struct err *err) {
  const char *path = sqlite3_db_filename(s->db, "main");
  const char *slash = beside && path != NULL ? strrchr(path, '/') : NULL;
  char *folder = slash == NULL ? NULL : sqlite3_mprintf("%.*s", (int)(slash - path), path);
  if (slash != NULL && folder == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  sqlite3_mutex *mutex = sqlite3_mutex_alloc(SQLITE_MUTEX_STATIC_VFS1);
  sqlite3_mutex_enter(mutex);
  sqlite3_free(sqlite3_temp_directory);
  sqlite3_temp_directory = folder;
  sqlite3_mutex_leave(mutex);
  return OK;
}

static const char back[] = "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST";

enum err_code forget_write(struct store *s, struct err *err) {
  /* Its copy lies in a nameless file, not in memory: it is as long as the store, and holds nothing but what stays. */
  static const char anew[] = "PRAGMA temp_store = FILE; VACUUM";
  enum err_code code = temporary_folder(s, true, err);
  if (code == OK) {
    code = statement_script(s, anew, "vacuum", err);
  }
  (void)!temporary_folder(s, false, NULL);
  const enum err_code after = statement_script(s, back, "settings", code == OK ? err : NULL);
  return code == OK ? after : code;
}

enum err_code forget_file(struct store *s, struct err *err) {
  static const char optimize[] = "PRAGMA secure_delete = ON; INSERT INTO fulltext(fulltext) VALUES ('optimize')";
  const enum err_code code = statement_script(s, optimize, "optimize", err);
  if (code != OK) {
    (void)!statement_script(s, back, "settings", NULL);
    return code;
  }
  return forget_write(s, err);
}

enum err_code forget_wal(struct store *s, bool *done, struct err *err) {
  (void)sqlite3_busy_timeout(s->db, 0);
  const int rc = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
  (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
  *done = rc == SQLITE_OK;
  return rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED ? OK : store_error(s, "checkpoint", err);
}
