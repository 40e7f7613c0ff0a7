/*
 * pages: see pages.h. The texts are those of SQLite's integrity check, which has no others to tell them by; one that is not
 * known here is taken for bad. tests/node/test_pages.c pins them.
 */
#include "node/store/pages.h"

#include <stdio.h>
#include <string.h>

#include "node/store/statement.h"

#define RESTORE "put a backup into a new folder: specola restore FILE --home DIR"
#define MESSAGES_MAX 100 /* of SQLite, unless it is asked for more */

static bool begins(const char *line, const char *with) {
  return strncmp(line, with, strlen(with)) == 0;
}

static enum pages judge(const char *line) {
  static const char *const harmless[] = {
      "ok",
      "*** in database main ***",
      "wrong # of entries in index ",
      "non-unique entry in index ",
      "NULL value in ",
      "database disk image is malformed" /* of a row that cannot be read; pages are checked before rows */};
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
    if (begins(line, harmless[i])) {
      return PAGES_SOUND;
    }
  }
  if ((begins(line, "row ") && strstr(line, " missing from index ") != NULL) ||
      (begins(line, "non-") && strstr(line, " value in ") != NULL) ||
      (begins(line, "On ") && strstr(line, ": Rowid ") != NULL && strstr(line, " out of order") != NULL)) {
    return PAGES_SOUND;
  }
  if (strstr(line, "reference to page ") != NULL || strstr(line, "invalid page number ") != NULL ||
      strstr(line, "freelist") != NULL || strstr(line, "Freelist") != NULL || strstr(line, "never used") != NULL) {
    return PAGES_SHARED;
  }
  return begins(line, "Fragmentation of ") ? PAGES_LOOSE : PAGES_TORN;
}

/* A message is a line, or several. Returns how many. */
static uint64_t judge_all(char *message, enum pages *worst) {
  char *rest = NULL;
  uint64_t n = 0;
  for (char *line = strtok_r(message, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
    const enum pages is = judge(line);
    *worst = is > *worst ? is : *worst;
    n++;
  }
  return n;
}

enum err_code pages_look(struct store *s, enum pages *out, struct err *err) {
  static const char sql[] = "PRAGMA integrity_check";
  sqlite3_stmt *st = NULL;
  uint64_t n = 0;
  bool row = true;
  *out = PAGES_SOUND;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "pages", err)) == OK && row) {
    char *message = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(st, 0));
    if (message == NULL) {
      code = err_set(err, ERR_MEMORY, NULL);
    } else {
      n += judge_all(message, out);
    }
    sqlite3_free(message);
  }
  (void)sqlite3_finalize(st);
  if (code == ERR_CORRUPT || (n >= MESSAGES_MAX && *out < PAGES_TORN)) {
    err_clear(err);
    *out = *out < PAGES_TORN ? PAGES_TORN : *out;
    code = OK;
  }
  return code;
}

enum err_code pages_expect(struct store *s, enum pages most, struct err *err) {
  enum pages are = PAGES_SOUND;
  const enum err_code code = pages_look(s, &are, err);
  if (code != OK || are <= most) {
    return code;
  }
  (void)err_set(err, ERR_CORRUPT, "store: pages of the file do not add up");
  (void)err_hint(err, RESTORE);
  return ERR_CORRUPT;
}

static enum err_code count(struct store *s, const char *sql, int64_t *out, struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = false;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "rows", err);
    *out = row ? sqlite3_column_int64(st, 0) : 0;
  }
  (void)sqlite3_finalize(st);
  return code;
}

enum err_code pages_expect_rows(struct store *s, const char *table, struct err *err) {
  static const char sql[] =
      "SELECT t.name, printf('SELECT count(*) FROM \"%w\" NOT INDEXED', t.name), "
      "printf('SELECT count(*) FROM \"%w\" INDEXED BY \"%w\"', t.name, i.name) FROM pragma_table_list AS t, "
      "pragma_index_list(t.name) AS i WHERE t.schema = 'main' AND t.type = 'table' AND t.wr = 0 AND i.partial = 0 AND "
      "t.name = ifnull(:table, t.name)";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  if (code == OK && table != NULL) {
    statement_bind_text(st, 1, view_of_text(table));
  }
  while (code == OK && (code = statement_step(s, st, &row, "tables", err)) == OK && row) {
    int64_t rows = 0, indexed = 0;
    if (count(s, (const char *)sqlite3_column_text(st, 1), &rows, NULL) == OK &&
        count(s, (const char *)sqlite3_column_text(st, 2), &indexed, NULL) == OK && rows < indexed) {
      (void)err_set(err, ERR_CORRUPT, "store: an index of %s names %lld rows more than there are",
                    (const char *)sqlite3_column_text(st, 0), (long long)(indexed - rows));
      (void)err_hint(err, RESTORE);
      code = ERR_CORRUPT;
    }
  }
  (void)sqlite3_finalize(st);
  return code;
}

bool pages_are_indexed(struct store *s) {
  static const char sql[] = "SELECT 1 FROM pragma_integrity_check WHERE integrity_check <> 'ok' LIMIT 1";
  bool any = true;
  return statement_any(s, sql, "indexes", &any, NULL) == OK && !any;
}

enum err_code pages_expect_schema(struct store *s, struct err *err) {
  static const char sql[] =
      "WITH begins(type, text) AS (VALUES ('table', 'CREATE TABLE '), ('table', 'CREATE VIRTUAL TABLE '), "
      "('index', 'CREATE INDEX '), ('index', 'CREATE UNIQUE INDEX '), ('view', 'CREATE VIEW ')), "
      "quotes(q) AS (VALUES (''), ('\"'), ('''')) SELECT 1 FROM sqlite_schema AS s WHERE NOT ("
      "typeof(type) = 'text' AND typeof(name) = 'text' AND typeof(tbl_name) = 'text' AND typeof(rootpage) = 'integer' AND "
      "iif(sql IS NULL, type = 'index' AND instr(name, 'sqlite_autoindex_' || tbl_name || '_') = 1, "
      "typeof(sql) = 'text' AND iif(type = 'index', instr(sql, tbl_name) > 0, name = tbl_name) AND "
      "EXISTS (SELECT 1 FROM begins AS b, quotes WHERE b.type = s.type AND instr(s.sql, b.text || q || s.name || q) = 1 AND "
      "substr(s.sql, length(b.text || q || s.name || q) + 1, 1) IN (' ', '(')))) LIMIT 1";
  bool any = false;
  const enum err_code code = statement_any(s, sql, "schema", &any, err);
  return code == OK && any ? err_set(err, ERR_CORRUPT, "store: tables have other names than their definitions") : code;
}
