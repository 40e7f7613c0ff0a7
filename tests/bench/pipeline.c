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
#include <fcntl.h>
#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "protocol/canon.h"
#include "protocol/merkle.h"
#include "protocol/record.h"
#include "protocol/schema/body.h"

#define WINDOW 256u
#define MILESTONE 2048u
#define QUEUE 8u
#define FACETS 10u   /* country, level, status, sector, stage, language, licence, three tags */
#define COLUMNS 31   /* of a case's wide row */
#define CODES 65536u /* room for distinct codes, a power of two */

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void die(const char *what) {
  fprintf(stderr, "pipeline: %s\n", what);
  exit(1);
}

/* A generated record, ready to be sent. */
struct row {
  struct bytes envelope, body;
  struct salt salt;
  char *title, *text, *country, *level, *status;
  int64_t codes[FACETS], unique;
  const char *new_codes[FACETS]; /* codes that no row before had, or NULL */
};

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
  struct row *rows;
  size_t n;
  struct hash fed_id;
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

/* ---- preparation: rows become sealed records ---- */

/* The number of a code in a dimension, counted from 1 as they are first seen. *first: the code, this time; else NULL. */
static int64_t code_number(size_t dimension, const char *code, const char **first) {
  static char *seen[CODES];
  static int64_t numbers[CODES], last;
  char key[128];
  uint64_t hash = UINT64_C(0xcbf29ce484222325);
  (void)snprintf(key, sizeof key, "%zu %s", dimension, code);
  for (const char *c = key; *c != 0; c++) {
    hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
  }
  size_t slot = hash % CODES;
  while (seen[slot] != NULL && strcmp(seen[slot], key) != 0) {
    slot = (slot + 1) % CODES;
  }
  *first = NULL;
  if (seen[slot] == NULL) {
    *first = seen[slot] = strdup(key);
    numbers[slot] = ++last;
  }
  return numbers[slot];
}

static const char *text_at(const json_t *json, const char *key, size_t i) {
  const json_t *value = json_object_get(json, key);
  const char *text = json_string_value(json_is_array(value) ? json_array_get(value, i) : value);
  return text == NULL ? "" : text;
}

static void prepare_codes(struct row *row, const json_t *json) {
  static const struct {
    const char *key;
    size_t i;
  } facets[FACETS] = {{"country", 0},       {"level", 0},   {"status", 0}, {"sectors", 0}, {"stages", 0},
                      {"original_lang", 0}, {"license", 0}, {"tags", 0},   {"tags", 1},    {"tags", 2}};
  for (size_t i = 0; i < FACETS; i++) {
    row->codes[i] = code_number(i < 7 ? i : 7, text_at(json, facets[i].key, facets[i].i), &row->new_codes[i]);
  }
  row->country = strdup(text_at(json, "country", 0));
  row->level = strdup(text_at(json, "level", 0));
  row->status = strdup(text_at(json, "status", 0));
  row->unique = (int64_t)get_u64be(row->salt.b + 8);
}

static void prepare_texts(struct row *row, const json_t *json) {
  struct bytes text;
  struct err err = ERR_INIT;
  bytes_init(&text, LIMIT_BODY);
  const char *key = NULL;
  const json_t *value = NULL;
  json_object_foreach((json_t *)(uintptr_t)json, key, value) {
    const json_t *ml = json_is_object(value) ? json_object_get(value, "en") : NULL;
    if (ml != NULL && (bytes_append_text(&text, json_string_value(ml), &err) || bytes_append_text(&text, "\n", &err))) {
      die(err.message);
    }
  }
  row->text = strdup(bytes_text(&text));
  row->title = strdup(json_string_value(json_object_get(json_object_get(json, "title"), "en")));
  bytes_release(&text);
}

static void prepare_row(struct row *row, const json_t *json, const struct schema *schema, const struct signer *author) {
  struct err err = ERR_INIT;
  struct findings findings = {0};
  struct header header = {.kind = KIND_VERSION, .created = 1, .n_args = 2, .args = {1, 0}};
  bytes_init(&row->envelope, LIMIT_ENVELOPE);
  bytes_init(&row->body, LIMIT_BODY);
  randombytes_buf(row->salt.b, SALT_LEN);
  if (body_from_json(schema, json, &row->body, &findings, &err) != OK ||
      record_seal(&header, &run.fed_id, author, &row->salt, bytes_view(&row->body), &row->envelope, NULL, &err) != OK) {
    die(err.message);
  }
  findings_release(&findings);
  prepare_texts(row, json);
  prepare_codes(row, json);
}

static void prepare(const char *path) {
  struct err err = ERR_INIT;
  struct schema_set *set = NULL;
  struct signer author = {0};
  if (schema_set_new(&set, &err) != OK || schema_set_link(set, &err) != OK || signer_new(&author, &err) != OK) {
    die(err.message);
  }
  FILE *file = fopen(path, "r");
  char *line = NULL;
  size_t size = 0, room = 0;
  if (file == NULL) {
    die(path);
  }
  while (getline(&line, &size, file) > 0) {
    json_t *json = json_loads(line, 0, NULL);
    if (run.n == room) {
      room = room ? room * 2 : 1024;
      run.rows = realloc(run.rows, room * sizeof *run.rows);
    }
    if (json == NULL || run.rows == NULL) {
      die("a row that is no JSON");
    }
    prepare_row(&run.rows[run.n++], json, schema_by_kind(set, "case"), &author);
    json_decref(json);
  }
  free(line);
  fclose(file);
  signer_release(&author);
  schema_set_free(set);
}

/* The store from which the origin serves. */
static void prepare_origin(void) {
  sqlite3 *db = database("origin.db");
  sql(db,
      "PRAGMA page_size=16384; CREATE TABLE entry(id INTEGER PRIMARY KEY, envelope BLOB, salt BLOB, body BLOB) STRICT; BEGIN");
  sqlite3_stmt *insert = statement(db, "INSERT INTO entry VALUES(?,?,?,?)");
  for (size_t i = 0; i < run.n; i++) {
    sqlite3_bind_int64(insert, 1, (int64_t)i);
    bind_record(insert, 2, &run.rows[i]);
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
  for (size_t i = 0; i < run.n; i += WINDOW) {
    queue_put(&run.to_verifier, origin_window(context, select, i, run.n - i < WINDOW ? run.n - i : WINDOW));
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
        record_open(item.envelope, &run.fed_id, hash_is_zero((const struct hash *)&known) ? NULL : &known, &record) !=
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
  const struct row *row = &run.rows[i];
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

/* ---- the machine ---- */

/* Verifications of a 2 KiB message a second on one core: the median of five rounds. */
static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double measure_v(void) {
  uint8_t pk[32], sk[64], message[2048] = {0}, signature[64];
  double rounds[5];
  crypto_sign_keypair(pk, sk);
  crypto_sign_detached(signature, NULL, message, sizeof message, sk);
  for (int round = 0; round < 5; round++) {
    const double start = now_s();
    for (int i = 0; i < 4000; i++) {
      if (crypto_sign_verify_detached(signature, message, sizeof message, pk) != 0) {
        die("verify");
      }
    }
    rounds[round] = 4000 / (now_s() - start);
  }
  qsort(rounds, 5, sizeof rounds[0], compare_doubles);
  return rounds[2];
}

static double measure_fdatasync(void) {
  char path[4096], block[4096] = {1};
  double times[31];
  snprintf(path, sizeof path, "%s/fdatasync", run.folder);
  const int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  for (int i = 0; i < 31; i++) {
    const double start = now_s();
    if (fd < 0 || write(fd, block, sizeof block) < 0 || fdatasync(fd) != 0) {
      die("fdatasync");
    }
    times[i] = now_s() - start;
  }
  close(fd);
  qsort(times, 31, sizeof times[0], compare_doubles);
  return times[15] * 1e3;
}

int main(int argc, char **argv) {
  struct err err = ERR_INIT;
  pthread_t origin = 0, verifier = 0;
  if (argc != 3 || secret_start(&err) != OK) {
    die("usage: pipeline ROWS.ndjson FOLDER");
  }
  run.folder = argv[2];
  randombytes_buf(run.key, sizeof run.key);
  const double v = measure_v(), sync_ms = measure_fdatasync();
  prepare(argv[1]);
  prepare_origin();
  const double start = now_s();
  if (pthread_create(&origin, NULL, origin_thread, NULL) != 0 || pthread_create(&verifier, NULL, verifier_thread, NULL) != 0) {
    die("threads");
  }
  write_all();
  const double took = now_s() - start;
  pthread_join(origin, NULL);
  pthread_join(verifier, NULL);
  printf("{\"v\": %.0f, \"records_s\": %.0f, \"seconds\": %.3f, \"fdatasync_ms\": %.3f}\n", v, (double)run.n / took, took,
         sync_ms);
  for (size_t i = 0; i < run.n; i++) {
    bytes_release(&run.rows[i].envelope);
    bytes_release(&run.rows[i].body);
    free(run.rows[i].title);
    free(run.rows[i].text);
    free(run.rows[i].country);
    free(run.rows[i].level);
    free(run.rows[i].status);
  }
  free(run.rows);
  return 0;
}
