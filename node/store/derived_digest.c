/*
 * derived_digest: see derived_digest.h. Tables are read as they are, never by way of an index.
 */
#include "node/store/derived_digest.h"

#include <string.h>

#include "node/store/statement.h"

/* What is digested besides the wide tables, and the name under which it is. */
static const struct {
  const char *name, *sql;
} TABLES[] = {
    {"schema", "SELECT type, name, tbl_name, sql FROM sqlite_schema"},
    {"derived_fact", "SELECT * FROM derived_fact NOT INDEXED"},
    {"derived_wide", "SELECT * FROM derived_wide NOT INDEXED"},
    {"held", "SELECT * FROM held NOT INDEXED"},
    {"frozen", "SELECT * FROM frozen NOT INDEXED"},
    {"authority", "SELECT * FROM authority NOT INDEXED"},
    {"object", "SELECT * FROM object NOT INDEXED"},
    {"version", "SELECT * FROM version NOT INDEXED"},
    {"facet", "SELECT dim, facet_code.code, object FROM facet NOT INDEXED LEFT JOIN facet_code NOT INDEXED "
              "ON facet_code.no = facet.code"},
    {"link", "SELECT * FROM link NOT INDEXED"},
    {"unique_key", "SELECT * FROM unique_key NOT INDEXED"},
    {"takedown", "SELECT * FROM takedown NOT INDEXED"},
    {"takedown_ack", "SELECT * FROM takedown_ack NOT INDEXED"},
    {"stray", "SELECT * FROM stray NOT INDEXED"},
    {"endorsement", "SELECT * FROM endorsement NOT INDEXED"},
    {"endorsement_held", "SELECT * FROM endorsement_held NOT INDEXED"},
    {"endorsement_withdrawal", "SELECT * FROM endorsement_withdrawal NOT INDEXED"},
    {"endorsed", "SELECT * FROM endorsed NOT INDEXED"},
    {"endorsement_statement", "SELECT * FROM endorsement_statement NOT INDEXED"},
    {"endorsed_stale", "SELECT * FROM endorsed_stale NOT INDEXED"},
};

/* A length or a number in front of what it tells, so that no two rows give the same octets. */
static void add_number(struct hash_stream *hash, uint64_t n) {
  uint8_t octets[8];
  put_u64be(octets, n);
  hash_stream_add(hash, view_of(octets, sizeof octets));
}

static void add_octets(struct hash_stream *hash, struct view v) {
  add_number(hash, v.len);
  hash_stream_add(hash, v);
}

static void add_value(struct hash_stream *hash, sqlite3_stmt *st, int column) {
  const int type = sqlite3_column_type(st, column);
  uint64_t bits = 0;
  add_number(hash, (uint64_t)type);
  if (type == SQLITE_INTEGER) {
    add_number(hash, (uint64_t)sqlite3_column_int64(st, column));
  } else if (type == SQLITE_FLOAT) {
    const double value = sqlite3_column_double(st, column);
    memcpy(&bits, &value, sizeof bits);
    add_number(hash, bits);
  } else if (type != SQLITE_NULL) {
    add_octets(hash, statement_blob(st, column)); /* of a text: its octets */
  }
}

static void add_row(struct derived_digest *out, const char *table, sqlite3_stmt *st) {
  const int n = sqlite3_column_count(st);
  struct hash_stream stream;
  hash_stream_init(&stream, HASH_OCTETS);
  add_octets(&stream, view_of_text(table));
  for (int i = 0; i < n; i++) {
    add_value(&stream, st, i);
  }
  const struct hash hash = hash_stream_final(&stream);
  for (size_t i = 0; i < 4; i++) {
    out->words[i] += get_u64be(hash.b + 8 * i);
  }
}

static enum err_code add_rows(struct store *s, struct derived_digest *out, const char *table, const char *sql,
                              struct err *err) {
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, table, err)) == OK && row) {
    add_row(out, table, st);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* SQLite writes the statements: a name may be damaged, too. */
static enum err_code add_wides(struct store *s, struct derived_digest *out, struct err *err) {
  static const char sql[] = "SELECT name, printf('SELECT * FROM \"%w\" NOT INDEXED', name) FROM derived_wide";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "wide tables", err)) == OK && row) {
    const char *name = (const char *)sqlite3_column_text(st, 0);
    const char *select = (const char *)sqlite3_column_text(st, 1);
    code = name == NULL || select == NULL ? err_set(err, ERR_MEMORY, NULL) : add_rows(s, out, name, select, err);
  }
  (void)sqlite3_finalize(st);
  return code;
}

/* ---- full text ---- */

/* The last step of SplitMix64: millions of words are no work for BLAKE2b. */
static uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

/* Every word where it stands. */
static enum err_code add_words(struct store *s, struct derived_digest *out, struct err *err) {
  static const char sql[] = "SELECT term, doc, offset, col = 'title' FROM temp.fulltext_words";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_new(s, sql, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "full text", err)) == OK && row) {
    const struct view term = statement_blob(st, 0);
    uint64_t word = term.len;
    for (size_t i = 0; i < term.len; i++) {
      word = (word ^ term.p[i]) * UINT64_C(0x100000001b3); /* FNV-1a */
    }
    word = mix(word + mix((uint64_t)sqlite3_column_int64(st, 1)));
    word = mix(word + mix(2 * (uint64_t)sqlite3_column_int64(st, 2) + (uint64_t)sqlite3_column_int64(st, 3)));
    out->words[0] += word;
    out->words[1] += mix(word);
  }
  (void)sqlite3_finalize(st);
  return code;
}

static enum err_code add_fulltext(struct store *s, struct derived_digest *out, struct err *err) {
  static const char create[] = "CREATE VIRTUAL TABLE temp.fulltext_words USING fts5vocab(main, fulltext, instance)";
  enum err_code code = statement_script(s, create, "full text", err);
  if (code != OK) {
    return code;
  }
  code = add_words(s, out, err);
  const enum err_code dropped = statement_script(s, "DROP TABLE temp.fulltext_words", "full text", code == OK ? err : NULL);
  return code == OK ? dropped : code;
}

enum err_code derived_digest(struct store *s, struct derived_digest *out, struct err *err) {
  enum err_code code = OK;
  *out = (struct derived_digest){{0}};
  for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0] && code == OK; i++) {
    code = add_rows(s, out, TABLES[i].name, TABLES[i].sql, err);
  }
  if (code == OK) {
    code = add_wides(s, out, err);
  }
  return code == OK ? add_fulltext(s, out, err) : code;
}

bool derived_digest_equal(const struct derived_digest *a, const struct derived_digest *b) {
  return memcmp(a->words, b->words, sizeof a->words) == 0;
}

bool fulltext_is_sound(struct store *s) {
  static const char sql[] = "INSERT INTO fulltext(fulltext, rank) VALUES ('integrity-check', 1)";
  return statement_script(s, sql, "full text", NULL) == OK;
}
