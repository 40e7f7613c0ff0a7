/*
 * items: charter, epochs, identities, addresses and small facts, as encoded items. See store.h.
 */
#include <stdio.h>

#include "node/store/statement.h"

/* Reads column 0 of at most one row into *item (appended). ERR_NOT_FOUND. */
static enum err_code get_one(struct store *s, sqlite3_stmt *st, struct bytes *item, const char *what, struct err *err) {
  char missing[64];
  (void)snprintf(missing, sizeof missing, "the store has no such %s", what);
  enum err_code code = statement_one(s, st, what, missing, err);
  if (code == OK) {
    code = bytes_append(item, statement_blob(st, 0), err);
    statement_done(st);
  }
  return code;
}

static enum err_code check_int(uint64_t value, const char *what, struct err *err) {
  return value <= INT64_MAX ? OK : err_set(err, ERR_LIMIT, "%s is over 2^63", what);
}

enum err_code store_put_charter(struct store *s, struct view item, struct err *err) {
  static const char sql[] =
      "INSERT INTO charter(id, item) VALUES (1, :item) ON CONFLICT(id) DO UPDATE SET item = excluded.item";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, item);
  return statement_run(s, st, "charter", err);
}

enum err_code store_get_charter(struct store *s, struct bytes *item, struct err *err) {
  static const char sql[] = "SELECT item FROM charter";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  return code == OK ? get_one(s, st, item, "charter", err) : code;
}

enum err_code store_put_epoch(struct store *s, uint64_t number, struct view item, struct err *err) {
  static const char sql[] = "INSERT INTO epoch(number, item) VALUES (:number, :item) "
                            "ON CONFLICT(number) DO UPDATE SET item = excluded.item";
  sqlite3_stmt *st = NULL;
  enum err_code code = check_int(number, "the epoch's number", err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)number);
  statement_bind_blob(st, 2, item);
  return statement_run(s, st, "epoch", err);
}

enum err_code store_get_epoch(struct store *s, uint64_t number, struct bytes *item, struct err *err) {
  static const char sql[] = "SELECT item FROM epoch WHERE number = :number";
  sqlite3_stmt *st = NULL;
  if (sqlite3_table_column_metadata(store_db(s), "main", "epoch", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK) {
    return err_set(err, ERR_NOT_FOUND, "the store has no such epoch"); /* of a version before it, and opened for reading */
  }
  enum err_code code = check_int(number, "the epoch's number", err);
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)number);
  return get_one(s, st, item, "epoch", err);
}

/* A statement whose first parameters are a node and a version of its identity. */
static enum err_code identity_statement(struct store *s, const char *sql, const struct hash *node, uint64_t version,
                                        sqlite3_stmt **st, struct err *err) {
  enum err_code code = check_int(version, "the identity's version", err);
  if (code == OK) {
    code = statement_get(s, sql, st, err);
  }
  if (code == OK) {
    statement_bind_blob(*st, 1, hash_view(node));
    statement_bind_int(*st, 2, (int64_t)version);
  }
  return code;
}

enum err_code store_put_identity(struct store *s, const struct hash *node, uint64_t version, struct view item,
                                 struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO identity(node, version, item) VALUES (:node, :version, :item)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = identity_statement(s, sql, node, version, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 3, item);
  return statement_run(s, st, "identity", err);
}

enum err_code store_get_identity(struct store *s, const struct hash *node, uint64_t version, struct bytes *item,
                                 struct err *err) {
  static const char sql[] = "SELECT item FROM identity WHERE node = :node AND (version = :version OR :version = 0) "
                            "ORDER BY version DESC LIMIT 1";
  sqlite3_stmt *st = NULL;
  const enum err_code code = identity_statement(s, sql, node, version, &st, err);
  return code == OK ? get_one(s, st, item, "identity", err) : code;
}

enum err_code store_put_twin(struct store *s, const struct hash *node, uint64_t version, const struct hash *hash,
                             struct view item, struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO twin(node, version, hash, item) VALUES (:node, :version, :hash, :item)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = identity_statement(s, sql, node, version, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 3, hash_view(hash));
  statement_bind_blob(st, 4, item);
  return statement_run(s, st, "twin", err);
}

enum err_code store_get_twin(struct store *s, const struct hash *node, uint64_t version, uint32_t i, struct bytes *item,
                             struct err *err) {
  static const char sql[] = "SELECT item FROM twin WHERE node = :node AND (version = :version OR :version = 0) "
                            "ORDER BY version, hash LIMIT 1 OFFSET :i";
  sqlite3_stmt *st = NULL;
  if (sqlite3_table_column_metadata(store_db(s), "main", "twin", NULL, NULL, NULL, NULL, NULL, NULL) != SQLITE_OK) {
    return err_set(err, ERR_NOT_FOUND, "the store has no such identity"); /* of a version before it, and opened for reading */
  }
  const enum err_code code = identity_statement(s, sql, node, version, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 3, (int64_t)i);
  return get_one(s, st, item, "twin", err);
}

enum err_code store_put_address(struct store *s, const struct hash *node, uint64_t seq, struct view item, struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO address(node, seq, item) VALUES (:node, :seq, :item)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  statement_bind_int(st, 2, (int64_t)seq);
  statement_bind_blob(st, 3, item);
  return statement_run(s, st, "address", err);
}

enum err_code store_get_address(struct store *s, const struct hash *node, struct bytes *item, struct err *err) {
  static const char sql[] = "SELECT item FROM address WHERE node = :node";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(node));
  return get_one(s, st, item, "address", err);
}

enum err_code store_put_fact(struct store *s, const char *name, struct view value, struct err *err) {
  static const char sql[] = "INSERT OR REPLACE INTO fact(name, value) VALUES (:name, :value)";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_text(st, 1, view_of_text(name));
  statement_bind_blob(st, 2, value);
  return statement_run(s, st, "fact", err);
}

enum err_code store_get_fact(struct store *s, const char *name, struct bytes *value, struct err *err) {
  static const char sql[] = "SELECT value FROM fact WHERE name = :name";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_text(st, 1, view_of_text(name));
  return get_one(s, st, value, "fact", err);
}

enum err_code store_drop_fact(struct store *s, const char *name, struct err *err) {
  static const char sql[] = "DELETE FROM fact WHERE name = :name";
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_text(st, 1, view_of_text(name));
  return statement_run(s, st, "fact", err);
}
