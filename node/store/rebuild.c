/*
 * rebuild: the life of the derived tables: whether they fit this program and its schemas, dropping them, making them anew. See
 * derivation.h and derive.h.
 */
#include <string.h>

#include "node/store/derivation.h"
#include "node/store/derived_digest.h"
#include "node/store/endorsed.h"
#include "node/store/hidden.h"
#include "node/store/inside.h"
#include "node/store/pages.h"
#include "node/store/sql.h"
#include "node/store/statement.h"
#include "node/store/takedown.h"

#define DDL_MAX ((size_t)16 * 1024 * 1024) /* octets of all wide tables' DDL and rules */

/* ---- do they fit ---- */

static enum err_code put_rule(struct bytes *out, const struct field *f, struct err *err) {
  enum err_code code = bytes_printf(out, err, "%s %d %d %d %s %s %s %d %u %s", f->key, (int)f->type, f->ml, f->many, f->dim,
                                    f->ref_kind, f->inverse, (int)f->need, f->min, f->when_field);
  for (size_t i = 0; i < f->n_when && code == OK; i++) {
    code = bytes_printf(out, err, " %s", f->when_codes[i]);
  }
  for (size_t i = 0; i < f->n_alternatives && code == OK; i++) {
    code = bytes_printf(out, err, " |%s", f->alternatives[i]);
  }
  return code == OK ? bytes_append_u8(out, '\n', err) : code;
}

/* Everything that decides about derived rows: the tables, and the rule words that derivation obeys. */
static enum err_code fingerprint(const struct wides *wides, struct hash *out, struct err *err) {
  struct bytes all;
  bytes_init(&all, DDL_MAX);
  enum err_code code = bytes_append_text(&all, store_derived_sql, err);
  for (size_t i = 0; i < wides->n && code == OK; i++) {
    const struct schema *schema = wides->items[i].schema;
    code = bytes_printf(&all, err, "%u %s %s\n", schema->number, schema->kind, schema->title->key);
    if (code == OK) {
      code = wide_ddl(&wides->items[i], &all, err);
    }
    for (size_t f = 0; f < schema->n_fields && code == OK; f++) {
      code = put_rule(&all, &schema->fields[f], err);
      for (size_t c = 0; c < schema->fields[f].n_children && code == OK; c++) {
        code = put_rule(&all, &schema->fields[f].children[c], err);
      }
    }
    for (size_t u = 0; u < schema->n_unique && code == OK; u++) {
      code = bytes_printf(&all, err, "unique %s\n", schema->unique[u]->key);
    }
  }
  if (code == OK) {
    *out = hash_sha256(bytes_view(&all));
  }
  bytes_release(&all);
  return code;
}

static bool has_table(struct store *s, const char *name) {
  return sqlite3_table_column_metadata(s->db, "main", name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static enum err_code is_stale(struct derivation *d, bool *stale, struct err *err) {
  static const char sql[] = "SELECT value FROM derived_fact WHERE name = 'schemas'";
  struct store *s = d->content.s;
  struct hash wanted;
  struct hash held = {{0}};
  sqlite3_stmt *st = NULL;
  bool row = false;
  *stale = true;
  enum err_code code = fingerprint(&d->content.wides, &wanted, err);
  if (code != OK || !has_table(s, "derived_fact")) {
    return code;
  }
  code = statement_get(s, sql, &st, err);
  if (code == OK) {
    code = statement_step(s, st, &row, "derived tables", err);
  }
  if (code == OK && row) {
    *stale = !statement_hash(st, 0, &held) || !hash_equal(&held, &wanted);
    statement_done(st);
  }
  return code;
}

enum err_code derivation_open(struct derivation *d, struct store *s, const struct hash *fed_id, const struct schema_set *set,
                              bool *stale, struct err *err) {
  uint64_t hidden = 0;
  memset(d, 0, sizeof *d);
  d->fed_id = *fed_id;
  store_use_schemas(s, set);
  enum err_code code = content_init(&d->content, s, set, err);
  if (code == OK) {
    code = is_stale(d, stale, err);
  }
  if (code == OK) {
    d->takedowns = *stale; /* until their table is there nobody knows */
    code = *stale ? OK : takedown_any(s, &d->takedowns, err);
  }
  if (code == OK) {
    code = hidden_count(s, &hidden, err);
    d->hides = hidden > 0;
  }
  if (code != OK) {
    derivation_close(d);
  }
  return code;
}

void derivation_nothing_erased(struct derivation *d) {
  d->n_erased = d->n_settled = 0;
  d->must_renew = false;
}

void derivation_close(struct derivation *d) {
  content_release(&d->content);
}

/* ---- anew ---- */

/* SQLite writes the statements: a name may be damaged, and then it is one of no table (create_wide). */
static enum err_code drop_wides(struct store *s, struct err *err) {
  static const char write[] = "SELECT printf('DROP TABLE IF EXISTS \"%w\";', name) FROM derived_wide";
  sqlite3_stmt *st = NULL;
  struct bytes sql;
  bool row = true;
  bytes_init(&sql, DDL_MAX);
  enum err_code code = statement_new(s, write, &st, err);
  while (code == OK && (code = statement_step(s, st, &row, "wide tables", err)) == OK && row) {
    code = bytes_append(&sql, statement_text(st, 0), err);
  }
  (void)sqlite3_finalize(st);
  if (code == OK && sql.len > 0) {
    const char *text = bytes_text(&sql);
    code = text == NULL ? err_set(err, ERR_MEMORY, NULL) : statement_script(s, text, "wide tables", err);
  }
  bytes_release(&sql);
  return code;
}

static enum err_code drop_tables(struct store *s, struct err *err) {
  static const char sql[] = "DROP INDEX IF EXISTS entry_absent; DROP TABLE IF EXISTS fulltext; DROP VIEW IF EXISTS "
                            "fulltext_content; DROP TABLE IF EXISTS unique_key;"
                            "DROP TABLE IF EXISTS link; DROP TABLE IF EXISTS facet; DROP TABLE IF EXISTS facet_code;"
                            "DROP TABLE IF EXISTS version; DROP TABLE IF EXISTS object; DROP TABLE IF EXISTS authority;"
                            "DROP TABLE IF EXISTS takedown; DROP TABLE IF EXISTS takedown_ack; DROP TABLE IF EXISTS stray;"
                            "DROP TABLE IF EXISTS endorsement; DROP TABLE IF EXISTS endorsement_withdrawal;"
                            "DROP TABLE IF EXISTS endorsement_held; DROP TABLE IF EXISTS endorsed; DROP TABLE IF EXISTS "
                            "endorsement_statement; DROP TABLE IF EXISTS endorsed_stale;"
                            "DROP TABLE IF EXISTS frozen; DROP TABLE IF EXISTS held; DROP TABLE IF EXISTS derived_wide;"
                            "DROP TABLE IF EXISTS derived_fact";
  const enum err_code code = has_table(s, "derived_fact") ? drop_wides(s, err) : OK;
  return code == OK ? statement_script(s, sql, "derived tables", err) : code;
}

static enum err_code create_wide(struct store *s, const struct wide *wide, struct err *err) {
  struct bytes sql;
  bytes_init(&sql, DDL_MAX);
  enum err_code code = bytes_printf(&sql, err, "DROP TABLE IF EXISTS \"%s\";\n", wide->name);
  if (code == OK) {
    code = wide_ddl(wide, &sql, err);
  }
  if (code == OK) {
    code = bytes_printf(&sql, err, "INSERT INTO derived_wide(name) VALUES ('%s');\n", wide->name);
  }
  if (code == OK) {
    const char *text = bytes_text(&sql);
    code = text == NULL ? err_set(err, ERR_MEMORY, NULL) : statement_script(s, text, wide->name, err);
  }
  bytes_release(&sql);
  return code;
}

static enum err_code create_tables(struct derivation *d, struct err *err) {
  static const char sql[] = "INSERT INTO derived_fact(name, value) VALUES ('schemas', :hash)";
  struct store *s = d->content.s;
  sqlite3_stmt *st = NULL;
  struct hash hash;
  enum err_code code = statement_script(s, store_derived_sql, "derived.sql", err);
  for (size_t i = 0; i < d->content.wides.n && code == OK; i++) {
    code = create_wide(s, &d->content.wides.items[i], err);
  }
  if (code == OK) {
    code = fingerprint(&d->content.wides, &hash, err);
  }
  if (code == OK) {
    code = statement_get(s, sql, &st, err);
  }
  if (code != OK) {
    return code;
  }
  statement_bind_blob(st, 1, hash_view(&hash));
  return statement_run(s, st, "derived tables", err);
}

struct rebuild {
  struct derivation *d;
  enum err_code code;
  struct err *err;
};

static bool count_log(void *context, const struct log *log) {
  struct rebuild *r = context;
  r->d->all += log->range.size;
  return true;
}

static bool rebuild_log(void *context, const struct log *log) {
  struct rebuild *r = context;
  struct evaluation *state = NULL;
  if (log->gen > 1) {
    return true; /* with its first generation */
  }
  r->code = derivation_log_again(r->d, &log->node, &state, r->err);
  evaluation_free(state);
  return r->code == OK;
}

/* Which entries rule their logs is kept while the tables are made anew: of damaged ones nothing can be derived, but what needs
 * them must find that they are there, and wait. */
static const char keep_rulers[] = "CREATE TEMP TABLE ruler AS SELECT id, kind FROM main.authority";
static const char drop_rulers[] = "DROP TABLE temp.ruler";

/* Those that cannot be read, whether anybody knew or not, and are in their logs still. */
static enum err_code put_rulers(struct store *s, struct err *err) {
  static const char lost[] = "SELECT ruler.id FROM temp.ruler JOIN log ON log.no = ruler.id >> :bits WHERE "
                             "ruler.id - (log.no << :same) < log.size AND ruler.id NOT IN (SELECT id FROM main.authority)";
  static const char put[] =
      "INSERT INTO main.authority(id, kind) SELECT id, kind FROM temp.ruler WHERE id = :id AND id = :same";
  struct bytes scratch;
  struct item item;
  sqlite3_stmt *st = NULL;
  bool row = true;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = statement_new(s, lost, &st, err);
  if (code == OK) {
    statement_bind_int(st, 1, ENTRY_INDEX_BITS);
    statement_bind_int(st, 2, ENTRY_INDEX_BITS);
  }
  while (code == OK && (code = statement_step(s, st, &row, "rulers of logs", err)) == OK && row) {
    const int64_t rowid = sqlite3_column_int64(st, 0);
    const enum err_code read = entry_get(s, rowid, &scratch, &item, NULL);
    if (read == ERR_NOT_FOUND) {
      store_suspect(s, rowid);
    }
    if (read != OK) {
      code = statement_run_two(s, put, rowid, rowid, "rulers of logs", err);
    }
  }
  (void)sqlite3_finalize(st);
  bytes_release(&scratch);
  return code == OK ? statement_script(s, drop_rulers, "rulers of logs", err) : code;
}

/* What is known of the tables before they are made anew. */
struct tables {
  bool indexed;  /* the indexes of the record are sound, by which all else is derived */
  bool readable; /* what stands in the derived tables */
};

static enum err_code rebuild_all(struct derivation *d, const struct federation *f, struct tables were, struct err *err) {
  struct rebuild r = {.d = d, .code = OK, .err = err};
  struct store *s = d->content.s;
  const bool rules = were.readable && has_table(s, "authority");
  store_forget_facets(s);
  store_forget_people(s);
  d->all = d->done = 0;
  enum err_code code = pages_expect_schema(s, err);
  if (code == OK && rules) {
    code = statement_script(s, keep_rulers, "rulers of logs", err);
  }
  if (code == OK) {
    code = drop_tables(s, err);
  }
  if (code == OK && !were.indexed) { /* of the record's tables: the others are gone */
    code = pages_expect_rows(s, NULL, err);
  }
  if (code == OK && !were.indexed) {
    code = statement_script(s, "REINDEX", "indexes", err);
  }
  if (code == OK) {
    code = create_tables(d, err);
  }
  if (code == OK) {
    code = log_each(s, count_log, &r, err);
  }
  if (code == OK) {
    code = log_each(s, rebuild_log, &r, err);
  }
  code = r.code != OK ? r.code : code;
  if (code == OK && rules) {
    code = put_rulers(s, err);
  }
  return code == OK ? endorsed_settle(s, f, err) : code;
}

enum err_code derivation_all_again(struct derivation *d, const struct federation *f, struct err *err) {
  const enum err_code code = rebuild_all(d, f, (struct tables){true, true}, err);
  if (code != OK) {
    store_forget_people(d->content.s); /* who was looked up was of tables that will not be there */
  }
  return code;
}

enum err_code derive_rebuild(struct store *s, const struct federation *f, const struct schema_set *set,
                             derive_progress *progress, void *context, struct err *err) {
  struct derivation d;
  bool stale = false;
  enum err_code code = derivation_open(&d, s, &f->charter.fed_id, set, &stale, err);
  if (code != OK) {
    return code;
  }
  d.progress = progress;
  d.progress_context = context;
  code = store_begin(s, err);
  if (code == OK) {
    code = rebuild_all(&d, f, (struct tables){true, true}, err);
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  } else if (progress != NULL) {
    progress(context, d.all, d.all);
  }
  derivation_close(&d);
  return code;
}

enum err_code derive_check(struct store *s, const struct federation *f, const struct schema_set *set, bool *damaged,
                           struct err *err) {
  struct derivation d;
  struct derived_digest held;
  struct derived_digest derived;
  bool stale = false;
  *damaged = false;
  enum err_code code = derivation_open(&d, s, &f->charter.fed_id, set, &stale, err);
  if (code != OK) {
    return code;
  }
  /* Before the transaction: one in which something could not be read writes nothing any more. */
  const struct tables were = {.indexed = pages_are_indexed(s), .readable = derived_digest(s, &held, NULL) == OK};
  const bool sound = were.readable && fulltext_is_sound(s);
  code = were.indexed ? OK : pages_expect(s, PAGES_TORN, err);
  if (code == OK) {
    code = store_begin(s, err);
  }
  if (code == OK) {
    code = rebuild_all(&d, f, were, err);
  }
  if (code == OK) {
    code = derived_digest(s, &derived, err);
  }
  *damaged = code == OK && (!were.indexed || !sound || !derived_digest_equal(&held, &derived));
  if (*damaged) {
    code = store_commit(s, err);
    *damaged = code == OK;
  }
  if (code != OK || !*damaged) {
    store_rollback(s);
    store_forget_people(s); /* who was looked up meanwhile was of tables that are not there */
  } else if (!were.indexed && !pages_are_indexed(s)) {
    code = err_set(err, ERR_CORRUPT, "store: pages of the file do not add up: a backup is to be restored");
  }
  derivation_close(&d);
  return code;
}
