/*
 * query_object: from a name that somebody typed to one object. See query.h.
 */
#include <inttypes.h>
#include <string.h>

#include "keys/text.h"
#include "node/store/inside.h"
#include "node/store/query_inside.h"
#include "node/store/statement.h"

#define NAME_LISTED 10
#define FOLD_MAX 65536u

/* Objects that a name fits, without doubles. */
struct candidates {
  int64_t objects[NAME_LISTED];
  size_t n; /* may be more than are listed */
};

static void add(struct candidates *c, int64_t object) {
  for (size_t i = 0; i < c->n && i < NAME_LISTED; i++) {
    if (c->objects[i] == object) {
      return;
    }
  }
  if (c->n < NAME_LISTED) {
    c->objects[c->n] = object;
  }
  c->n++;
}

/* ---- by reference ---- */

static enum err_code by_reference(struct store *s, const struct federation *f, const struct schema_set *set, const char *name,
                                  struct candidates *c, struct err *err) {
  struct hash node;
  struct log log = {.no = 0};
  uint64_t gen = 0;
  uint64_t index = 0;
  int64_t object = 0;
  enum err_code code = reference_parse(f, name, &node, &gen, &index, err);
  if (code != OK) {
    return code;
  }
  code = log_find(s, &node, gen, &log, NULL);
  if (code == OK && index < log.range.size) {
    code = object_of_version(s, entry_rowid(log.no, index), &object, NULL);
  } else if (code == OK) {
    code = ERR_NOT_FOUND;
  }
  if (code == OK) {
    add(c, object);
    return OK;
  }
  if (code == ERR_NOT_FOUND && log.no != 0) {
    return query_withdrawn(s, f, set, &log, index, err);
  }
  return code == ERR_NOT_FOUND ? err_set(err, ERR_NOT_FOUND, "no object stands at %.60s", name) : err_set(err, code, NULL);
}

/* ---- by id ---- */

static bool is_hex(const char *name, size_t len) {
  return len >= 8 && len <= 64 && strspn(name, "0123456789abcdef") == len;
}

/* Ids whose first digits are those of name. */
static enum err_code by_id(struct store *s, const struct federation *f, const char *name, size_t len, struct candidates *c,
                           struct err *err) {
  static const char sql[] = "SELECT id, envelope FROM entry WHERE rid BETWEEN :low AND :high";
  uint8_t low[8] = {0};
  uint8_t high[8];
  char hex[HASH_HEX_LEN];
  sqlite3_stmt *st = NULL;
  bool row = true;
  memset(high, 0xff, sizeof high);
  for (size_t i = 0; i < len && i < 16; i++) {
    const uint8_t digit = (uint8_t)(name[i] <= '9' ? name[i] - '0' : name[i] - 'a' + 10);
    const uint8_t shift = i % 2 == 0 ? 4 : 0;
    low[i / 2] = (uint8_t)(low[i / 2] | digit << shift);
    high[i / 2] = (uint8_t)((high[i / 2] & ~(0xf << shift)) | digit << shift);
  }
  enum err_code code = statement_get(s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, (int64_t)get_u64be(low));
  statement_bind_int(st, 2, (int64_t)get_u64be(high));
  while ((code = statement_step(s, st, &row, "id", err)) == OK && row) {
    const struct hash id = query_record_id(f, statement_blob(st, 1));
    int64_t object = 0;
    hash_hex(&id, hex);
    if (memcmp(hex, name, len) == 0 && object_of_version(s, sqlite3_column_int64(st, 0), &object, NULL) == OK) {
      add(c, object);
    }
  }
  return code;
}

/* ---- by title ---- */

/* Whether one of the lines of a folded text begins with (exact: is) the folded name. */
static bool line_fits(struct view lines, struct view name, bool exact) {
  for (size_t at = 0; at < lines.len;) {
    const uint8_t *end = memchr(lines.p + at, '\n', lines.len - at);
    const size_t len = end == NULL ? lines.len - at : (size_t)(end - lines.p) - at;
    if (len >= name.len && (!exact || len == name.len) && memcmp(lines.p + at, name.p, name.len) == 0) {
      return true;
    }
    at += len + 1;
  }
  return false;
}

/* "title : "the words" *", of the words of a name. */
static enum err_code title_match(const char *name, struct bytes *out, struct err *err) {
  enum err_code code = bytes_append_text(out, "title : \"", err);
  for (const char *p = name; *p != 0 && code == OK; p++) {
    code = *p == '"' ? OK : bytes_append_u8(out, (uint8_t)*p, err);
  }
  return code == OK ? bytes_append_text(out, "\" *", err) : code;
}

static enum err_code compare_titles(struct store *s, sqlite3_stmt *st, struct view name, struct candidates *begins,
                                    struct candidates *is, struct err *err) {
  struct bytes fold;
  bool row = true;
  enum err_code code = OK;
  bytes_init(&fold, (size_t)2 * LIMIT_BODY);
  while ((code = statement_step(s, st, &row, "title", err)) == OK && row) {
    bytes_clear(&fold);
    if (text_fold(statement_text(st, 1), &fold, NULL) != OK) {
      continue;
    }
    if (line_fits(bytes_view(&fold), name, false)) {
      add(begins, sqlite3_column_int64(st, 0));
    }
    if (line_fits(bytes_view(&fold), name, true)) {
      add(is, sqlite3_column_int64(st, 0));
    }
  }
  bytes_release(&fold);
  return code;
}

static enum err_code by_title(struct store *s, const char *name, struct candidates *c, struct err *err) {
  /* Of an object whose newest entry is damaged the index still has the words, but there is no title to read. */
  static const char sql[] = "SELECT object.id, title FROM fulltext JOIN object ON object.id = fulltext.rowid "
                            "WHERE fulltext MATCH :match AND object.readable & 1 LIMIT 1000";
  struct candidates exact = {.n = 0};
  struct query_match words;
  struct bytes match;
  struct bytes fold;
  sqlite3_stmt *st = NULL;
  query_match_init(&words);
  bytes_init(&match, FOLD_MAX);
  bytes_init(&fold, FOLD_MAX);
  enum err_code code = query_match_read(&words, name, err);
  const bool has_words = words.every.len > 0 || words.unwanted.len > 0;
  if (code == OK && has_words) {
    code = text_fold(view_of_text(name), &fold, err);
  }
  if (code == OK && has_words) {
    code = title_match(name, &match, err);
  }
  if (code == OK && has_words) {
    code = statement_get(s, sql, &st, err);
  }
  if (code == OK && has_words) {
    statement_bind_text(st, 1, bytes_view(&match));
    code = compare_titles(s, st, bytes_view(&fold), c, &exact, err);
  }
  if (code == OK && exact.n == 1) {
    *c = exact;
  }
  query_match_release(&words);
  bytes_release(&match);
  bytes_release(&fold);
  return code;
}

/* ---- one ---- */

static enum err_code list_them(struct store *s, const struct federation *f, const struct schema_set *set, const char *name,
                               const struct candidates *c, struct err *err) {
  struct query_reader reader;
  struct bytes text;
  enum err_code code = OK;
  query_reader_init(&reader, s, f, set, "");
  bytes_init(&text, ERR_MESSAGE_MAX);
  for (size_t i = 0; i < c->n && i < NAME_LISTED && code == OK; i++) {
    code = query_reader_load(&reader, c->objects[i], err);
    if (code == OK && bytes_printf(&text, NULL, "%s%s", i == 0 ? "" : ", ", reader.row.reference) != OK) {
      break;
    }
  }
  if (code == OK) {
    const char *all = bytes_text(&text);
    (void)err_set(err, ERR_AMBIGUOUS, "'%.60s' fits %zu objects: %s%s", name, c->n, all == NULL ? "" : all,
                  c->n > NAME_LISTED ? ", …" : "");
    code = err_hint(err, "say which by its reference");
  }
  query_reader_release(&reader);
  bytes_release(&text);
  return code;
}

enum err_code query_object(struct store *s, const struct federation *f, const struct schema_set *set, const char *name,
                           int64_t *rowid, struct err *err) {
  struct candidates c = {.n = 0};
  struct object object;
  const size_t len = strlen(name);
  store_use_schemas(s, set);
  enum err_code code = by_reference(s, f, set, name, &c, err);
  if (code == ERR_FORMAT) {
    err_clear(err);
    code = is_hex(name, len) ? by_id(s, f, name, len, &c, err) : OK;
    if (code == OK && c.n == 0) {
      code = by_title(s, name, &c, err);
    }
  }
  if (code != OK) {
    return code;
  }
  struct hash id;
  if (c.n == 0 && hash_from_hex(view_of_text(name), &id, NULL) == OK) { /* withdrawn by a cut? */
    code = query_withdrawn_id(s, f, set, &id, err);
  }
  if (code != OK) {
    return code;
  }
  if (c.n == 0) {
    (void)err_set(err, ERR_NOT_FOUND, "no object has the reference, id or title '%.60s'", name);
    return err_hint(err, "specola search finds words anywhere in a text");
  }
  if (c.n > 1) {
    return list_them(s, f, set, name, &c, err);
  }
  code = object_get(s, c.objects[0], &object, err);
  if (code == OK && object.newest == 0) {
    (void)err_set(err, ERR_NOT_FOUND, "every version of '%.60s' was made void by a revocation", name);
    return err_hint(err, "who may write here can publish it as a new object");
  }
  *rowid = code == OK ? object.newest : 0;
  return code;
}
