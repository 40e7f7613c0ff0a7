/*
 * pipeline: this machine's own limit. All stages that a first sync goes through, with nothing else around them, on the same
 * data:
 *
 *   origin thread    windows of 256 records out of a store, zstd-3, authenticated encryption (what CURVE costs)
 *   verifier thread  decryption, inflating, leaf hash, body commitment and form, one Ed25519 verification a record
 *   writer thread    SQLite (16 KiB pages, WAL, synchronous=FULL), the rows that the product writes for a case, their values at
 *                    hand: entry and index, object and index, wide row, unique key, ten facets, full text; 2048 a transaction
 *
 * usage: pipeline ROWS.ndjson FOLDER     prints one JSON object: v (verifications of 2 KiB a second, one core), records_s,
 * fdatasync_ms
 */
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "protocol/canon.h"
#include "protocol/merkle.h"
#include "tests/bench/machine.h"
#include "tests/bench/rows.h"

#define WINDOW 256u
#define MILESTONE 2048u
#define QUEUE 8u
#define COLUMNS 31 /* of a case's wide row */

/* What goes from thread to thread: a window's octets and the rows that it stands for. */
struct box {
  uint8_t *p;
  size_t len, raw_len;
  size_t first, n;
};
/* A bounded queue. */
struct queue {
  struct box boxes[QUEUE];
  size_t head, n;
  pthread_mutex_t lock;
  pthread_cond_t changed;
};

static void queue_put(struct queue *q, struct box box) {
  pthread_mutex_lock(&q->lock);
  while (q->n == QUEUE) {
    pthread_cond_wait(&q->changed, &q->lock);
  }
  q->boxes[(q->head + q->n++) % QUEUE] = box;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
}

static struct box queue_take(struct queue *q) {
  pthread_mutex_lock(&q->lock);
  while (q->n == 0) {
    pthread_cond_wait(&q->changed, &q->lock);
  }
  const struct box box = q->boxes[q->head];
  q->head = (q->head + 1) % QUEUE;
  q->n--;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->lock);
  return box;
}

static struct {
  struct rows rows;
  struct queue to_verifier, to_writer;
  uint8_t key[crypto_box_BEFORENMBYTES], nonce[crypto_box_NONCEBYTES];
  const char *folder;
} run = {.to_verifier = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER},
         .to_writer = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER}};

/* ---- SQLite ---- */

static void sql(sqlite3 *db, const char *text) {
  if (sqlite3_exec(db, text, NULL, NULL, NULL) != SQLITE_OK) {
    die(sqlite3_errmsg(db));
  }
}

static void step(sqlite3_stmt *statement) {
  if (sqlite3_step(statement) != SQLITE_DONE) {
    die("writer");
  }
  sqlite3_reset(statement);
}

static sqlite3 *database(const char *name) {
  char path[4096];
  sqlite3 *db = NULL;
  snprintf(path, sizeof path, "%s/%s", run.folder, name);
  if (sqlite3_open(path, &db) != SQLITE_OK) {
    die(path);
  }
  return db;
}

static sqlite3_stmt *statement(sqlite3 *db, const char *text) {
  sqlite3_stmt *out = NULL;
  if (sqlite3_prepare_v2(db, text, -1, &out, NULL) != SQLITE_OK) {
    die(sqlite3_errmsg(db));
  }
  return out;
}

/* Envelope, salt and body of a row as parameters from `first` on. */
static void bind_record(sqlite3_stmt *st, int first, const struct row *row) {
  sqlite3_bind_blob(st, first, row->envelope.p, (int)row->envelope.len, SQLITE_STATIC);
  sqlite3_bind_blob(st, first + 1, row->salt.b, SALT_LEN, SQLITE_STATIC);
  sqlite3_bind_blob(st, first + 2, row->body.p, (int)row->body.len, SQLITE_STATIC);
}

/* The store from which the origin serves. */
static void prepare_origin(void) {
  sqlite3 *db = database("origin.db");
  sql(db,
      "PRAGMA page_size=16384; CREATE TABLE entry(id INTEGER PRIMARY KEY, envelope BLOB, salt BLOB, body BLOB) STRICT; BEGIN");
  sqlite3_stmt *insert = statement(db, "INSERT INTO entry VALUES(?,?,?,?)");
  for (size_t i = 0; i < run.rows.n; i++) {
    sqlite3_bind_int64(insert, 1, (int64_t)i);
    bind_record(insert, 2, &run.rows.items[i]);
    step(insert);
  }
  sqlite3_finalize(insert);
  sql(db, "COMMIT");
  sqlite3_close(db);
}

/* ---- the three threads ---- */

static struct view column(sqlite3_stmt *st, int i) {
  const void *p = sqlite3_column_blob(st, i);
  return view_of(p, (size_t)sqlite3_column_bytes(st, i));
}

static struct box origin_window(ZSTD_CCtx *context, sqlite3_stmt *select, size_t first, size_t n) {
  struct bytes raw;
  struct err err = ERR_INIT;
  bytes_init(&raw, WINDOW * LIMIT_ITEM);
  struct canon_writer w = canon_writer(&raw);
  canon_put_array(&w, (uint32_t)n);
  sqlite3_bind_int64(select, 1, (int64_t)first);
  sqlite3_bind_int64(select, 2, (int64_t)(first + n));
  while (sqlite3_step(select) == SQLITE_ROW) {
    struct item item = {.envelope = column(select, 0), .state = ITEM_WHOLE, .body = column(select, 2)};
    memcpy(item.salt.b, sqlite3_column_blob(select, 1), SALT_LEN);
    item_write(&w, &item);
  }
  sqlite3_reset(select);
  if (canon_written(&w, "window", &err) != OK) {
    die(err.message);
  }
  const size_t bound = ZSTD_compressBound(raw.len);
  struct box box = {malloc(bound + crypto_box_MACBYTES), 0, raw.len, first, n};
  uint8_t *packed = malloc(bound);
  const size_t len = ZSTD_compressCCtx(context, packed, bound, raw.p, raw.len, 3);
  if (ZSTD_isError(len) || crypto_box_easy_afternm(box.p, packed, len, run.nonce, run.key) != 0) {
    die("origin");
  }
  box.len = len + crypto_box_MACBYTES;
  free(packed);
  bytes_release(&raw);
  return box;
}

static void *origin_thread(void *unused) {
  (void)unused;
  ZSTD_CCtx *context = ZSTD_createCCtx();
  sqlite3 *db = database("origin.db");
  sqlite3_stmt *select = statement(db, "SELECT envelope, salt, body FROM entry WHERE id >= ? AND id < ? ORDER BY id");
  for (size_t i = 0; i < run.rows.n; i += WINDOW) {
    queue_put(&run.to_verifier, origin_window(context, select, i, run.rows.n - i < WINDOW ? run.rows.n - i : WINDOW));
  }
  queue_put(&run.to_verifier, (struct box){0});
  sqlite3_finalize(select);
  sqlite3_close(db);
  ZSTD_freeCCtx(context);
  return NULL;
}

static void verify_window(struct box *box, struct merkle_range *range) {
  uint8_t *packed = malloc(box->len), *raw = malloc(box->raw_len);
  if (crypto_box_open_easy_afternm(packed, box->p, box->len, run.nonce, run.key) != 0 ||
      ZSTD_decompress(raw, box->raw_len, packed, box->len - crypto_box_MACBYTES) != box->raw_len) {
    die("verifier");
  }
  struct canon_reader r = canon_reader(view_of(raw, box->raw_len));
  const uint32_t n = canon_array(&r, WINDOW);
  static struct pubkey known;
  for (uint32_t i = 0; i < n; i++) {
    struct item item;
    struct record record;
    item_read(&r, &item);
    const struct hash leaf = merkle_leaf(item.envelope);
    merkle_append(range, &leaf);
    if (r.fault ||
        record_open(item.envelope, &run.rows.fed_id, hash_is_zero((const struct hash *)&known) ? NULL : &known, &record) !=
            REASON_NONE ||
        !record_body_matches(&record.header, &item.salt, item.body) || canon_check_body(item.body, NULL) != OK) {
      die("a record does not verify");
    }
    known = record.header.author;
  }
  free(packed);
  free(box->p);
  box->p = raw;
}

static void *verifier_thread(void *unused) {
  (void)unused;
  static struct merkle_range range;
  for (;;) {
    struct box box = queue_take(&run.to_verifier);
    if (box.n > 0) {
      verify_window(&box, &range);
    }
    queue_put(&run.to_writer, box);
    if (box.n == 0) {
      return NULL;
    }
  }
}

struct statements {
  sqlite3_stmt *known, *entry, *object, *wide, *unique, *code, *facet, *text;
};

/* A table of COLUMNS columns, and the statement that fills a row of it. */
static void wide_table(sqlite3 *db, char *insert, size_t size) {
  char ddl[1024] = "CREATE TABLE wide(id INTEGER PRIMARY KEY";
  (void)snprintf(insert, size, "INSERT INTO wide VALUES(?");
  for (int i = 1; i < COLUMNS; i++) {
    const size_t at = strlen(ddl), end = strlen(insert);
    (void)snprintf(ddl + at, sizeof ddl - at, ", c%d TEXT", i);
    (void)snprintf(insert + end, size - end, ",?");
  }
  (void)snprintf(ddl + strlen(ddl), sizeof ddl - strlen(ddl), ") STRICT");
  (void)snprintf(insert + strlen(insert), size - strlen(insert), ")");
  sql(db, ddl);
}

static sqlite3 *open_store(struct statements *s) {
  static const char *const ddl =
      "PRAGMA page_size=16384; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-24576; PRAGMA "
      "wal_autocheckpoint=2048;"
      "CREATE TABLE entry(id INTEGER PRIMARY KEY, rid INTEGER NOT NULL, envelope BLOB NOT NULL, salt BLOB, body BLOB) STRICT;"
      "CREATE INDEX entry_rid ON entry(rid);"
      "CREATE TABLE object(id INTEGER PRIMARY KEY, newest INTEGER, versions INTEGER, withdrawn INTEGER, schema INTEGER, flags "
      "INTEGER, "
      "person INTEGER, arrival INTEGER, head INTEGER, readable INTEGER) STRICT;"
      "CREATE INDEX object_arrival ON object(arrival, newest);"
      "CREATE TABLE unique_key(key INTEGER NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(key, object)) STRICT, WITHOUT ROWID;"
      "CREATE TABLE facet_code(no INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE) STRICT;"
      "CREATE TABLE facet(code INTEGER NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(code, object)) STRICT, WITHOUT ROWID;"
      "CREATE VIRTUAL TABLE full_text USING fts5(title, text, content='', tokenize='unicode61');"
      "INSERT INTO full_text(full_text, rank) VALUES('automerge', 0);"
      "INSERT INTO full_text(full_text, rank) VALUES('hashsize', 2097152);";
  sqlite3 *db = database("pipeline.db");
  char insert[128];
  sql(db, ddl);
  wide_table(db, insert, sizeof insert);
  const struct {
    const char *sql;
    sqlite3_stmt **statement;
  } all[] = {{"INSERT INTO entry VALUES(?,?,?,?,?)", &s->entry},
             {"INSERT INTO object VALUES(?1,?1,1,NULL,1,1,1,?2,?1,1)", &s->object},
             {"SELECT id FROM entry WHERE rid = ?", &s->known},
             {insert, &s->wide},
             {"INSERT INTO facet_code VALUES(?,?)", &s->code},
             {"INSERT INTO unique_key VALUES(?,?)", &s->unique},
             {"INSERT OR IGNORE INTO facet VALUES(?1,?11),(?2,?11),(?3,?11),(?4,?11),(?5,?11),(?6,?11),(?7,?11),(?8,?11),"
              "(?9,?11),(?10,?11)",
              &s->facet},
             {"INSERT INTO full_text(rowid, title, text) VALUES(?,?,?)", &s->text}};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    *all[i].statement = statement(db, all[i].sql);
  }
  return db;
}

static void write_row(const struct statements *s, size_t i) {
  const struct row *row = &run.rows.items[i];
  const int64_t id = (INT64_C(1) << 40) + (int64_t)i; /* as the product numbers entries */
  sqlite3_bind_int64(s->known, 1, (int64_t)get_u64be(row->salt.b));
  step(s->known);
  sqlite3_bind_int64(s->entry, 1, id);
  sqlite3_bind_int64(s->entry, 2, (int64_t)get_u64be(row->salt.b));
  bind_record(s->entry, 3, row);
  step(s->entry);
  sqlite3_bind_int64(s->object, 1, id);
  sqlite3_bind_int64(s->object, 2, id / MILESTONE);
  step(s->object);
  sqlite3_bind_int64(s->wide, 1, id);
  sqlite3_bind_text(s->wide, 2, row->title, -1, SQLITE_STATIC);
  sqlite3_bind_text(s->wide, 3, row->country, -1, SQLITE_STATIC);
  sqlite3_bind_text(s->wide, 4, row->level, -1, SQLITE_STATIC);
  sqlite3_bind_text(s->wide, 5, row->status, -1, SQLITE_STATIC);
  step(s->wide);
  sqlite3_bind_int64(s->unique, 1, row->unique);
  sqlite3_bind_int64(s->unique, 2, id);
  step(s->unique);
  for (int f = 0; f < (int)FACETS; f++) {
    if (row->new_codes[f] != NULL) {
      sqlite3_bind_int64(s->code, 1, row->codes[f]);
      sqlite3_bind_text(s->code, 2, row->new_codes[f], -1, SQLITE_STATIC);
      step(s->code);
    }
    sqlite3_bind_int64(s->facet, f + 1, row->codes[f]);
  }
  sqlite3_bind_int64(s->facet, (int)FACETS + 1, id);
  step(s->facet);
  sqlite3_bind_int64(s->text, 1, id);
  sqlite3_bind_text(s->text, 2, row->title, -1, SQLITE_STATIC);
  sqlite3_bind_text(s->text, 3, row->text, -1, SQLITE_STATIC);
  step(s->text);
}

static void write_all(void) {
  struct statements s;
  sqlite3 *db = open_store(&s);
  size_t in_transaction = 0;
  sql(db, "BEGIN");
  for (struct box box = queue_take(&run.to_writer); box.n > 0; box = queue_take(&run.to_writer)) {
    for (size_t i = box.first; i < box.first + box.n; i++) {
      write_row(&s, i);
    }
    free(box.p);
    if ((in_transaction += box.n) >= MILESTONE) {
      sql(db, "COMMIT; BEGIN");
      in_transaction = 0;
    }
  }
  sql(db, "COMMIT");
  sqlite3_stmt *const all[] = {s.known, s.entry, s.object, s.wide, s.unique, s.code, s.facet, s.text};
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    sqlite3_finalize(all[i]);
  }
  sqlite3_close(db);
}

int main(int argc, char **argv) {
  struct err err = ERR_INIT;
  pthread_t origin = 0, verifier = 0;
  if (argc != 3 || secret_start(&err) != OK) {
    die("usage: pipeline ROWS.ndjson FOLDER");
  }
  run.folder = argv[2];
  randombytes_buf(run.key, sizeof run.key);
  const double v = machine_v(), sync_ms = machine_fdatasync(run.folder);
  rows_read(&run.rows, argv[1]);
  prepare_origin();
  const double start = now_s();
  if (pthread_create(&origin, NULL, origin_thread, NULL) != 0 || pthread_create(&verifier, NULL, verifier_thread, NULL) != 0) {
    die("threads");
  }
  write_all();
  const double took = now_s() - start;
  pthread_join(origin, NULL);
  pthread_join(verifier, NULL);
  printf("{\"v\": %.0f, \"records_s\": %.0f, \"seconds\": %.3f, \"fdatasync_ms\": %.3f}\n", v, (double)run.rows.n / took, took,
         sync_ms);
  rows_release(&run.rows);
  return 0;
}
