/*
 * copy: see copy.h. VACUUM INTO reads one state of the store, whatever is written meanwhile, and leaves out what was deleted.
 */
#include "node/store/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 5000

static enum err_code failed(sqlite3 *db, const char *path, struct err *err) {
  const int rc = db == NULL ? SQLITE_NOMEM : sqlite3_errcode(db);
  const int system_errno = db == NULL ? 0 : sqlite3_system_errno(db);
  const enum err_code code = rc == SQLITE_FULL || system_errno == ENOSPC || system_errno == EDQUOT ? ERR_DISK_FULL
                             : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB                         ? ERR_CORRUPT
                             : rc == SQLITE_NOMEM                                                  ? ERR_MEMORY
                             : rc == SQLITE_BUSY                                                   ? ERR_BUSY
                                                                                                   : ERR_IO;
  return err_set(err, code, "%s: %s", path, db == NULL ? "out of memory" : sqlite3_errmsg(db));
}

enum err_code store_plain(const char *path, bool writing, sqlite3 **out, struct err *err) {
  struct stat st;
  sqlite3 *db = NULL;
  if (stat(path, &st) != 0) {
    return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  }
  const int flags = (writing ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
    const enum err_code code = failed(db, path, err);
    (void)sqlite3_close(db);
    return code;
  }
  (void)sqlite3_busy_timeout(db, BUSY_MS);
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
  (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
  *out = db;
  return OK;
}

enum err_code store_durable(const char *path, struct err *err) {
  const char *slash = strrchr(path, '/');
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fsync(fd) != 0) {
    const enum err_code code = err_errno(err, ERR_IO, errno, path);
    if (fd >= 0) (void)close(fd);
    return code;
  }
  (void)close(fd);
  char *folder = slash == NULL ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
  if (folder == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = OK;
  fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL)) code = err_errno(err, ERR_IO, errno, folder);
  if (fd >= 0) (void)close(fd);
  free(folder);
  return code;
}

/* An empty file of ours alone: VACUUM INTO takes that, and nothing else. */
static enum err_code reserve(const char *to, struct err *err) {
  const int fd = open(to, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd >= 0) {
    (void)close(fd);
    return OK;
  }
  if (errno == EEXIST) {
    (void)err_set(err, ERR_REFUSED, "%s is there already", to);
    return err_hint(err, "take another name: nothing is overwritten");
  }
  return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, to);
}

enum err_code store_copy(const char *from, const char *to, struct err *err) {
  static const char sql[] = "VACUUM INTO :to";
  sqlite3 *db = NULL;
  sqlite3_stmt *st = NULL;
  enum err_code code = store_plain(from, false, &db, err);
  if (code != OK) return code;
  code = reserve(to, err);
  if (code == OK) {
    const bool done = sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
                      sqlite3_bind_text(st, 1, to, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(st) == SQLITE_DONE;
    if (!done) code = failed(db, to, err);
    (void)sqlite3_finalize(st);
    if (code == OK) code = store_durable(to, err);
    if (code != OK) (void)unlink(to);
  }
  (void)sqlite3_close(db);
  return code;
}
