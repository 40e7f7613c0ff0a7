/*
 * store: opening, locking and the one transaction at a time. See store.h; the tables are record.sql and derived.sql.
 */
#include "node/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/store/forget.h"
#include "node/store/inside.h"
#include "node/store/sql.h"
#include "node/store/statement.h"

#define STORE_APPLICATION_ID 0x5350434C /* "SPCL" */
#define STORE_PATH_MAX 4096

/* ---- errors ---- */

static enum err_code code_of(int rc) {
  static const struct {
    int rc;
    enum err_code code;
  } table[] = {
      {SQLITE_FULL, ERR_DISK_FULL},   {SQLITE_CORRUPT, ERR_CORRUPT}, {SQLITE_NOTADB, ERR_CORRUPT}, {SQLITE_BUSY, ERR_BUSY},
      {SQLITE_LOCKED, ERR_BUSY},      {SQLITE_NOMEM, ERR_MEMORY},    {SQLITE_IOERR, ERR_IO},       {SQLITE_CANTOPEN, ERR_IO},
      {SQLITE_PERM, ERR_PERMISSIONS}, {SQLITE_READONLY, ERR_IO},     {SQLITE_TOOBIG, ERR_LIMIT},
  };
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
    if (table[i].rc == (rc & 0xff)) {
      return table[i].code;
    }
  }
  return ERR_FAILED;
}

enum err_code store_error(struct store *s, const char *what, struct err *err) {
  const int rc = s->db == NULL ? SQLITE_NOMEM : sqlite3_extended_errcode(s->db);
  const int system_errno = s->db == NULL ? 0 : sqlite3_system_errno(s->db);
  enum err_code code = code_of(rc);
  if (code == ERR_IO && (system_errno == ENOSPC || system_errno == EDQUOT)) {
    code = ERR_DISK_FULL;
  }
  const char *why = s->db == NULL ? "out of memory" : sqlite3_errmsg(s->db);
  if (code == ERR_DISK_FULL) {
    why = sqlite3_errstr(SQLITE_FULL); /* where a file could not grow SQLite says "disk I/O error" */
  }
  (void)err_set(err, code, "store: %s: %s", what, why);
  if (code == ERR_DISK_FULL) {
    (void)err_hint(err, "free space on the disk of the store; nothing was written, try again then");
  }
  if (code == ERR_CORRUPT) {
    (void)err_hint(err, "put a backup into a new folder: specola restore FILE --home DIR");
  }
  return code;
}

/* ---- files ---- */

/* The folder may be reached over a link; its files may not, and SQLITE_OPEN_NOFOLLOW minds links of the folder, too. */
static enum err_code path_of(const char *dir, const char *name, char out[STORE_PATH_MAX], struct err *err) {
  char *whole = realpath(dir, NULL);
  const int n = snprintf(out, STORE_PATH_MAX, "%s/%s", whole == NULL ? dir : whole, name);
  free(whole);
  return n < 0 || n >= STORE_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", dir) : OK;
}

/* errno says why store.lock was not opened. */
static enum err_code lock_error(const char *dir, struct err *err) {
  const int failed = errno;
  if (failed != EROFS && failed != EACCES && failed != EPERM) {
    return err_errno(err, ERR_IO, failed, "store.lock");
  }
  (void)err_set(err, ERR_PERMISSIONS, "the folder is read-only: %s", dir);
  return err_hint(err, "run it as the user of the node, on a disk that is mounted for writing; reading commands need neither");
}

static enum err_code take_lock(struct store *s, const char *dir, struct err *err) {
  char path[STORE_PATH_MAX];
  enum err_code code = path_of(dir, "store.lock", path, err);
  if (code != OK) {
    return code;
  }
  s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (s->lock < 0) {
    return lock_error(dir, err);
  }
  char text[32] = {0};
  if (flock(s->lock, LOCK_EX | LOCK_NB) != 0) {
    const int failed = errno;
    if (failed != EWOULDBLOCK) {
      return err_errno(err, ERR_IO, failed, "store.lock");
    }
    const ssize_t n = pread(s->lock, text, sizeof text - 1, 0);
    const long pid = n > 0 ? strtol(text, NULL, 10) : 0;
    (void)err_set(err, ERR_BUSY, "another process is writing to this store (process %ld)", pid);
    return err_hint(err, "use the node that runs, or stop it first");
  }
  const int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
  if (ftruncate(s->lock, 0) != 0 || n < 0 || pwrite(s->lock, text, (size_t)n, 0) != n) {
    return err_errno(err, ERR_IO, errno, "store.lock");
  }
  return OK;
}

/* The file must be ours alone. When writing it is made here, 0600, and SQLite gives its companions the same mode. */
static enum err_code prepare_file(const char *dir, const char *path, enum store_mode mode, struct err *err) {
  struct stat st;
  if (mode == STORE_WRITE && mkdir(dir, 0700) != 0 && errno != EEXIST) {
    return err_errno(err, ERR_IO, errno, dir);
  }
  if (stat(dir, &st) == 0 && (st.st_mode & 077) != 0) {
    (void)err_set(err, ERR_PERMISSIONS, "the folder %s is open to other users", dir);
    return err_hint(err, "chmod 700 %s", dir);
  }
  if (lstat(path, &st) != 0) {
    if (errno != ENOENT && errno != ENOTDIR) {
      return err_errno(err, ERR_IO, errno, path);
    }
    if (mode == STORE_READ) {
      (void)err_set(err, ERR_NOT_INITIALISED, "there is no store in %s", dir);
      return err_hint(err, "specola init makes a node");
    }
    const int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
      return err_errno(err, ERR_IO, errno, path);
    }
    (void)close(fd);
    return OK;
  }
  if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
    (void)err_set(err, ERR_PERMISSIONS, "%s is open to other users, or is no plain file", path);
    return err_hint(err, "chmod 600 %s", path);
  }
  return OK;
}

/* ---- settings ---- */

static enum err_code pragma_int(struct store *s, const char *pragma, int64_t *out, struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_new(s, pragma, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, pragma, err);
  }
  if (code == OK) {
    *out = row ? sqlite3_column_int64(st, 0) : 0;
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* *version: 0 of a store that has no tables yet. */
static enum err_code check_version(struct store *s, int64_t *version, struct err *err) {
  int64_t application = 0;
  int64_t tables = 0;
  enum err_code code = pragma_int(s, "PRAGMA application_id", &application, err);
  if (code == OK) {
    code = pragma_int(s, "PRAGMA user_version", version, err);
  }
  if (code == OK) {
    code = pragma_int(s, "SELECT count(*) FROM sqlite_schema", &tables, err);
  }
  if (code != OK) {
    return code;
  }
  /* Empty, or made by a start that was cut short before its first commit: only the head of the file is there. */
  if (tables == 0 && application == 0 && *version == 0) {
    return OK;
  }
  if (application != STORE_APPLICATION_ID) {
    return err_set(err, ERR_CORRUPT, "store.db is no store of this program");
  }
  if (*version > STORE_VERSION) {
    (void)err_set(err, ERR_VERSION, "the store has version %lld, this program knows up to %d", (long long)*version,
                  STORE_VERSION);
    return err_hint(err, "use the newer program");
  }
  return OK;
}

/* Makes what versions behind `version` added, all or nothing. */
static enum err_code create_tables(struct store *s, int64_t version, struct err *err) {
  static const char *const SCRIPTS[STORE_VERSION] = {store_record_sql,   store_record_2_sql, store_record_3_sql,
                                                     store_record_4_sql, store_record_5_sql, store_record_6_sql};
  enum err_code code = store_begin(s, err);
  for (int64_t i = version; code == OK && i < STORE_VERSION; i++) {
    code = statement_script(s, SCRIPTS[i], "record.sql", err);
  }
  if (code == OK) {
    char pragma[96];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
                   STORE_VERSION);
    code = statement_script(s, pragma, "version", err);
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  }
  return code;
}

/* What a start finds in the write-ahead log may be there by the system's memory alone: a commit that was killed, or told to
 * have failed, before it was synced. Nobody is told of it before it would survive a power cut, else a log could shrink again
 * and be forked by its own owner. */
static enum err_code sync_found(struct store *s, struct err *err) {
  sqlite3_file *wal = NULL;
  (void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
  if (wal == NULL || wal->pMethods == NULL || wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL) == SQLITE_OK) {
    return OK;
  }
  return err_set(err, ERR_IO, "store: the write-ahead log cannot be synced");
}

/* FULL: a COMMIT that returned survives a power cut (measured: with NORMAL 6 of 30 did not). */
static enum err_code writer_settings(struct store *s, int64_t version, struct err *err) {
  static const char settings[] =
      "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 2048; PRAGMA cache_size = -24576;"
      "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = FAST; PRAGMA journal_size_limit = 67108864";
  int64_t level = 0;
  enum err_code code =
      version == 0
          ? statement_script(s, "PRAGMA page_size = 16384; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL",
                             "settings", err)
          : OK;
  if (code == OK) {
    code = statement_script(s, settings, "settings", err);
  }
  if (code == OK) {
    code = pragma_int(s, "PRAGMA synchronous", &level, err);
  }
  if (code == OK && level != 2) {
    return err_set(err, ERR_FAILED, "the store does not take synchronous = FULL");
  }
  if (code == OK) {
    code = sync_found(s, err);
  }
  return code == OK && version < STORE_VERSION ? create_tables(s, version, err) : code;
}

static enum err_code reader_settings(struct store *s, struct err *err) {
  return statement_script(
      s, "PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY",
      "settings", err);
}

/* A store without them is that of a join which was cut short. */
static bool has_derived(struct store *s) {
  return sqlite3_table_column_metadata(s->db, "main", "derived_fact", NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static void configure(void) {
  (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* SQLite counts its memory under a global lock that every small allocation takes; nobody here asks for the count. Only before
 * its first use can that be said; later the call does nothing. */
static void configure_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  (void)pthread_once(&once, configure);
}

static enum err_code open_database(struct store *s, const char *path, const char *vfs, struct err *err) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_NOFOLLOW;
  int64_t version = 0;
  configure_once();
  if (sqlite3_open_v2(path, &s->db, flags, vfs) != SQLITE_OK) {
    return store_error(s, "open", err);
  }
  (void)sqlite3_busy_timeout(s->db, STORE_BUSY_MS);
  /* Only the writer checkpoints: 3.40 can lose a WAL that is reset beside a commit. */
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, s->mode == STORE_READ, (int *)NULL);
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
  enum err_code code = check_version(s, &version, err);
  if (code == OK && s->mode == STORE_READ && (version == 0 || !has_derived(s))) {
    (void)err_set(err, ERR_NOT_INITIALISED, "the store is %s", version == 0 ? "empty" : "not finished");
    return err_hint(err, "specola init makes a node, specola join finishes it");
  }
  if (code == OK) {
    code = store_leaf_function(s, err); /* a migration needs it */
  }
  if (code == OK) {
    s->has_leaves = s->mode == STORE_WRITE || version >= STORE_LEAVES;
    code = s->mode == STORE_WRITE ? writer_settings(s, version, err) : reader_settings(s, err);
  }
  return code == OK ? store_text_function(s, err) : code;
}

enum err_code store_open(const char *dir, enum store_mode mode, const char *vfs, struct store **out, struct err *err) {
  char path[STORE_PATH_MAX];
  struct store *s = calloc(1, sizeof *s);
  if (s == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  s->mode = mode;
  s->lock = -1;
  enum err_code code = path_of(dir, "store.db", path, err);
  if (code == OK) {
    code = prepare_file(dir, path, mode, err);
  }
  if (code == OK && mode == STORE_WRITE) {
    code = take_lock(s, dir, err);
  }
  if (code == OK) {
    code = open_database(s, path, vfs, err);
  }
  if (code != OK) {
    store_close(s);
    return code;
  }
  *out = s;
  return OK;
}

enum err_code store_open_file(const char *path, struct store **out, struct err *err) {
  char *whole = realpath(path, NULL);
  struct store *s = calloc(1, sizeof *s);
  enum err_code code = whole == NULL ? err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path) : OK;
  if (s == NULL) {
    free(whole);
    return err_set(err, ERR_MEMORY, NULL);
  }
  s->mode = STORE_READ;
  s->lock = -1;
  if (code == OK) {
    code = open_database(s, whole, NULL, err);
  }
  free(whole);
  if (code != OK) {
    store_close(s);
    return code;
  }
  *out = s;
  return OK;
}

void store_close(struct store *s) {
  if (s == NULL) {
    return;
  }
  for (size_t i = 0; i < STORE_STATEMENTS; i++) {
    (void)sqlite3_finalize(s->slots[i].statement);
  }
  store_forget_people(s);
  (void)sqlite3_close_v2(s->db);
  if (s->lock >= 0) {
    (void)close(s->lock); /* gives the lock back */
  }
  free(s);
}

void store_keep_pages(struct store *s, unsigned kib) {
  char pragma[48];
  (void)snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%u", kib);
  (void)sqlite3_exec(s->db, pragma, NULL, NULL, NULL); /* it keeps what it has, then */
}

sqlite3 *store_db(struct store *s) {
  return s->db;
}

void store_use_schemas(struct store *s, const struct schema_set *set) {
  s->set = set;
}

void store_forget_facets(struct store *s) {
  memset(s->facets, 0, sizeof s->facets);
}

/* ---- transactions ---- */

enum err_code store_begin(struct store *s, struct err *err) {
  static const char sql[] = "BEGIN IMMEDIATE";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  return code == OK ? statement_run(s, st, "begin", err) : code;
}

enum err_code store_commit(struct store *s, struct err *err) {
  static const char sql[] = "COMMIT";
  sqlite3_stmt *st = NULL;
  enum err_code code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_run(s, st, "commit", err);
  }
  s->commits += code == OK;
  return code;
}

enum err_code store_read_begin(struct store *s, struct err *err) {
  static const char sql[] = "BEGIN";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  return code == OK ? statement_run(s, st, "begin", err) : code;
}

void store_read_end(struct store *s) {
  static const char sql[] = "COMMIT";
  sqlite3_stmt *st = NULL;
  if (sqlite3_get_autocommit(s->db) != 0) {
    return;
  }
  if (statement_get(s, sql, &st, NULL) != OK || statement_run(s, st, "end", NULL) != OK) {
    (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  }
}

void store_rollback(struct store *s) {
  if (sqlite3_get_autocommit(s->db) == 0) {
    (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
  }
  store_forget_facets(s);
}

uint64_t store_data_version(struct store *s) {
  static const char sql[] = "PRAGMA data_version";
  sqlite3_stmt *st = NULL;
  uint64_t version = 0;
  if (statement_get(s, sql, &st, NULL) == OK && sqlite3_step(st) == SQLITE_ROW) {
    version = (uint64_t)sqlite3_column_int64(st, 0);
  }
  statement_done(st);
  return version + s->commits;
}

static bool is_writer_at_rest(const struct store *s) {
  return s->mode == STORE_WRITE && sqlite3_get_autocommit(s->db) != 0;
}

enum err_code store_merge(struct store *s, bool *more, struct err *err) {
  static const char merge[] = "INSERT INTO fulltext(fulltext, rank) VALUES ('merge', 64)";
  const int before = sqlite3_total_changes(s->db);
  *more = false;
  if (!is_writer_at_rest(s)) {
    return OK;
  }
  if (sqlite3_table_column_metadata(s->db, "main", "fulltext", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK) {
    return OK;
  }
  const enum err_code code = statement_script(s, merge, "merge", err);
  /* fts5.html 6.6: a merge that changed fewer than 2 rows had nothing to do. */
  *more = sqlite3_total_changes(s->db) - before >= 2;
  return code;
}

static enum err_code shrink_step(struct store *s, bool *more, struct err *err) {
  int64_t before = 0;
  int64_t after = 0;
  enum err_code code = pragma_int(s, "PRAGMA freelist_count", &before, err);
  if (code == OK && before > 0) {
    code = statement_script(s, "PRAGMA incremental_vacuum(64)", "shrink", err);
  }
  if (code == OK && before > 0) {
    code = pragma_int(s, "PRAGMA freelist_count", &after, err);
  }
  *more = after < before; /* a store that was not made with auto_vacuum keeps its pages */
  return code;
}

enum err_code store_idle(struct store *s, bool *more, struct err *err) {
  *more = false;
  if (!is_writer_at_rest(s)) {
    return OK;
  }
  enum err_code code = store_merge(s, more, err);
  if (code == OK && !*more) {
    code = shrink_step(s, more, err);
  }
  if (code == OK && !*more) {
    bool done = false;
    (void)!forget_wal(s, &done, NULL); /* a reader in the way: next time */
  }
  return code;
}
