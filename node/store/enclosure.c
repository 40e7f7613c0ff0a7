/*
 * enclosure: see enclosure.h. A plain connection: the file is no store in use, and has no lock.
 */
#include "node/store/enclosure.h"

#include <stdlib.h>

#include "keys/hash.h"
#include "node/store/copy.h"
#include "node/store/sql.h"

struct enclosure {
  sqlite3 *db;
};

static enum err_code failed(struct enclosure *e, struct err *err) {
  const int rc = sqlite3_errcode(e->db);
  const enum err_code code = rc == SQLITE_FULL                             ? ERR_DISK_FULL
                             : rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB ? ERR_CORRUPT
                             : rc == SQLITE_NOMEM                          ? ERR_MEMORY
                                                                           : ERR_IO;
  return err_set(err, code, "backup: %s", sqlite3_errmsg(e->db));
}

static enum err_code run(struct enclosure *e, const char *sql, struct err *err) {
  return sqlite3_exec(e->db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK : failed(e, err);
}

static int64_t number(struct enclosure *e, const char *sql) {
  sqlite3_stmt *st = NULL;
  int64_t n = -1;
  if (sqlite3_prepare_v2(e->db, sql, -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
    n = sqlite3_column_int64(st, 0);
  }
  (void)sqlite3_finalize(st);
  return n;
}

/* It is a backup: a store of this program that holds what makes it one. */
static enum err_code check(struct enclosure *e, const char *path, struct err *err) {
  const int64_t version = number(e, "PRAGMA user_version");
  if (version > STORE_VERSION) {
    (void)err_set(err, ERR_VERSION, "%s has version %lld, this program knows up to %d", path, (long long)version,
                  STORE_VERSION);
    return err_hint(err, "use the newer program");
  }
  if (number(e, "SELECT count(*) FROM specola_backup WHERE name = 'finished'") == 1) return OK;
  const int rc = sqlite3_errcode(e->db) & 0xff;
  if (rc == SQLITE_NOMEM || rc == SQLITE_IOERR) return failed(e, err);
  (void)err_set(err, ERR_FORMAT, "%s is no backup, or one that was not finished", path);
  return err_hint(err, "specola backup FILE makes one");
}

enum err_code enclosure_open(const char *path, enum enclosure_mode mode, struct enclosure **out, struct err *err) {
  struct enclosure *e = calloc(1, sizeof *e);
  if (e == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = store_plain(path, mode != ENCLOSURE_READ, &e->db, err);
  if (code == OK && mode == ENCLOSURE_MAKE)
    code = run(e, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN", err);
  if (code == OK) code = mode == ENCLOSURE_MAKE ? run(e, store_enclosure_sql, err) : check(e, path, err);
  if (code != OK) {
    enclosure_close(e);
    return code;
  }
  *out = e;
  return OK;
}

void enclosure_close(struct enclosure *e) {
  if (e == NULL) return;
  (void)sqlite3_close(e->db);
  free(e);
}

/* Runs a statement of (name, blob) or (name, hash, blob). */
static enum err_code put(struct enclosure *e, const char *sql, const char *name, const struct hash *hash, struct view blob,
                         struct err *err) {
  sqlite3_stmt *st = NULL;
  int i = 1;
  bool done = sqlite3_prepare_v2(e->db, sql, -1, &st, NULL) == SQLITE_OK &&
              sqlite3_bind_text(st, i++, name, -1, SQLITE_STATIC) == SQLITE_OK &&
              (hash == NULL || sqlite3_bind_blob(st, i++, hash->b, sizeof hash->b, SQLITE_STATIC) == SQLITE_OK) &&
              sqlite3_bind_blob64(st, i, blob.len == 0 ? (const void *)"" : blob.p, blob.len, SQLITE_STATIC) == SQLITE_OK &&
              sqlite3_step(st) == SQLITE_DONE;
  const enum err_code code = done ? OK : failed(e, err);
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code enclosure_put(struct enclosure *e, const char *name, struct view content, struct err *err) {
  const struct hash hash = hash_sha256(content);
  return put(e, "INSERT INTO specola_backup_file(name, hash, content) VALUES (:name, :hash, :content)", name, &hash, content,
             err);
}

enum err_code enclosure_put_fact(struct enclosure *e, const char *name, struct view value, struct err *err) {
  return put(e, "INSERT INTO specola_backup(name, value) VALUES (:name, :value)", name, NULL, value, err);
}

enum err_code enclosure_finish(struct enclosure *e, struct err *err) {
  const enum err_code code = enclosure_put_fact(e, "finished", view_of_text("1"), err);
  return code == OK ? run(e, "COMMIT", err) : code;
}

enum err_code enclosure_fact(struct enclosure *e, const char *name, struct bytes *value, struct err *err) {
  static const char sql[] = "SELECT value FROM specola_backup WHERE name = :name";
  sqlite3_stmt *st = NULL;
  enum err_code code = OK;
  int rc = sqlite3_prepare_v2(e->db, sql, -1, &st, NULL);
  if (rc == SQLITE_OK) rc = sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
  if (rc == SQLITE_OK) rc = sqlite3_step(st);
  if (rc == SQLITE_ROW) {
    code = bytes_append(value, view_of(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0)), err);
  } else if (rc == SQLITE_DONE) {
    code = err_set(err, ERR_NOT_FOUND, "the backup does not say its %s", name);
  } else {
    code = failed(e, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code enclosure_each(struct enclosure *e, enclosure_visit *visit, void *context, struct err *err) {
  static const char sql[] = "SELECT name, hash, content FROM specola_backup_file ORDER BY name";
  sqlite3_stmt *st = NULL;
  int rc = SQLITE_ROW;
  enum err_code code = sqlite3_prepare_v2(e->db, sql, -1, &st, NULL) == SQLITE_OK ? OK : failed(e, err);
  while (code == OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(st, 0);
    const void *hash = sqlite3_column_blob(st, 1);
    const struct view content = view_of(sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));
    const struct hash found = hash_sha256(content);
    if (sqlite3_errcode(e->db) == SQLITE_NOMEM) {
      code = failed(e, err);
    } else if (name == NULL || hash == NULL ||
               !view_equal(view_of(hash, (size_t)sqlite3_column_bytes(st, 1)), hash_view(&found))) {
      code = err_set(err, ERR_MISMATCH, "backup: %s is not what was enclosed", name == NULL ? "a file" : name);
    } else if (!visit(context, name, content)) {
      break;
    }
  }
  if (code == OK && rc != SQLITE_ROW && rc != SQLITE_DONE) code = failed(e, err);
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code enclosure_remove(struct enclosure *e, struct err *err) {
  return run(e,
             "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; BEGIN; DROP TABLE specola_backup_file; "
             "DROP TABLE specola_backup; COMMIT; PRAGMA journal_mode = WAL",
             err);
}
