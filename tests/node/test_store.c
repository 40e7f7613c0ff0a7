/*
 * store: opening, locking, what a damaged, foreign or newer file says, a full disk, readers.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/store/evidence.h"
#include "node/store/hidden.h"
#include "node/store/invitation.h"
#include "tests/node/dump.h"
#include "tests/node/fixture.h"

static void path_in(const struct fixture_node *node, const char *name, char out[512]) {
  (void)snprintf(out, 512, "%s/%s", node->dir, name);
}

/* A node of one, its store closed; path is that of the file. */
static void found_closed(struct fixture *f, bool begun, char path[512]) {
  fixture_found(f, 1, fixture_seed(), begun);
  fixture_close(&f->nodes[0]);
  path_in(&f->nodes[0], "store.db", path);
}

static void run_sql(const char *path, const char *sql) {
  sqlite3 *db = NULL;
  assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
  assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void keeps_its_promises_about_files_and_settings(void **state) {
  static struct fixture f;
  char path[512];
  struct stat st;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  static const char *const files[] = {"store.db", "store.db-wal", "store.db-shm", "store.lock"};
  for (size_t i = 0; i < 4; i++) {
    path_in(&f.nodes[0], files[i], path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
  }
  assert_int_equal(dump_number(f.nodes[0].store, "PRAGMA synchronous"), 2);
  assert_int_equal(dump_number(f.nodes[0].store, "PRAGMA page_size"), 16384);
  assert_int_equal(dump_number(f.nodes[0].store, "PRAGMA application_id"), 0x5350434C);
  assert_int_equal(
      dump_number(f.nodes[0].store, "SELECT count(*) FROM sqlite_master WHERE name = 'entry' AND sql LIKE '%STRICT'"), 1);
  fixture_release(&f);
}

static void a_folder_that_cannot_be_written_is_told_as_such(void **state) {
  static struct fixture f;
  struct store *store = NULL;
  struct err err = ERR_INIT;
  char path[512];
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  fixture_close(&f.nodes[0]);
  path_in(&f.nodes[0], "store.lock", path);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(chmod(f.nodes[0].dir, 0500), 0);
  const bool root = geteuid() == 0; /* who may write everywhere: so nobody tries it */
  if (root) assert_int_equal(chown(f.nodes[0].dir, 65534, 65534) | seteuid(65534), 0);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &store, &err), ERR_PERMISSIONS);
  assert_non_null(strstr(err.message, "read-only"));
  assert_true(err.hint[0] != 0);
  if (root) assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(f.nodes[0].dir, 0700), 0);
  fixture_release(&f);
}

static void a_second_writer_is_told_who_writes(void **state) {
  static struct fixture f;
  struct store *second = NULL;
  struct err err = ERR_INIT;
  char pid[32];
  (void)state;
  fixture_found(&f, 1, fixture_seed(), false);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &second, &err), ERR_BUSY);
  (void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
  assert_non_null(strstr(err.message, pid));
  assert_true(err.hint[0] != 0);
  assert_null(second);
  /* A reader is welcome. */
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &second, &err), OK);
  store_close(second);
  fixture_release(&f);
}

static void a_reader_reads_beside_the_writer_and_cannot_write(void **state) {
  static struct fixture f;
  struct store *reader = NULL;
  struct err err = ERR_INIT;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &reader, &err), OK);
  const uint64_t version = store_data_version(reader);
  (void)fixture_publish(&f.nodes[0], 1, NULL);
  assert_true(store_data_version(reader) != version);
  assert_int_equal(dump_number(reader, "SELECT size FROM log"), 3);
  assert_int_equal(sqlite3_exec(store_db(reader), "DELETE FROM entry", NULL, NULL, NULL), SQLITE_READONLY);
  assert_int_equal(store_put_fact(reader, "x", view_of("y", 1), &err), ERR_IO);
  /* The last to leave does not checkpoint if it is a reader. */
  char path[512];
  struct stat st;
  path_in(&f.nodes[0], "store.db-wal", path);
  fixture_close(&f.nodes[0]);
  fixture_open(&f.nodes[0]);
  (void)fixture_publish(&f.nodes[0], 2, NULL);
  store_close(reader);
  assert_int_equal(stat(path, &st), 0);
  assert_true(st.st_size > 0);
  fixture_release(&f);
}

static void reading_what_is_not_there_says_how_to_begin(void **state) {
  struct store *s = NULL;
  struct err err = ERR_INIT;
  (void)state;
  assert_int_equal(store_open("/nonexistent-folder/node", STORE_READ, NULL, &s, &err), ERR_NOT_INITIALISED);
  assert_non_null(strstr(err.hint, "init"));
  assert_null(s);
}

/* A start that was killed before its first commit leaves the head of a file; one of a join, a record without derived tables. */
static void what_was_cut_short_is_begun_again(void **state) {
  static struct fixture f;
  struct store *s = NULL;
  struct err err = ERR_INIT;
  char path[512];
  (void)state;
  found_closed(&f, false, path);
  assert_int_equal(unlink(path), 0);
  run_sql(path, "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL");
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &s, &err), ERR_NOT_INITIALISED);
  err_clear(&err);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), OK);
  store_close(s);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &s, &err), ERR_NOT_INITIALISED);
  run_sql(path, "PRAGMA application_id = 7");
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_CORRUPT);
  fixture_release(&f);
}

static void a_newer_store_is_left_alone(void **state) {
  static struct fixture f;
  struct store *s = NULL;
  struct err err = ERR_INIT;
  char path[512];
  (void)state;
  found_closed(&f, false, path);
  run_sql(path, "PRAGMA user_version = 7");
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_VERSION);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &s, &err), ERR_VERSION);
  run_sql(path, "PRAGMA user_version = 6; PRAGMA application_id = 7");
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_CORRUPT);
  run_sql(path, "PRAGMA application_id = 1397769036");
  fixture_open(&f.nodes[0]);
  fixture_release(&f);
}

static bool no_invitation(void *context, const struct invitation *invitation) {
  (void)context;
  (void)invitation;
  fail();
  return false;
}

static void an_older_store_gets_what_was_added_when_it_is_written(void **state) {
  static struct fixture f;
  char path[512];
  (void)state;
  found_closed(&f, true, path);
  run_sql(path, "DROP TABLE holds; DROP TABLE evidence; DROP TABLE erasure; DROP TABLE damaged; DROP TABLE outbox; "
                "DROP TABLE withdrawn; ALTER TABLE entry DROP COLUMN leaf; DROP TABLE hidden; DROP TABLE invitation; DROP "
                "TABLE ask; DROP TABLE epoch; DROP TABLE receipt; DROP TABLE forward; DROP TABLE twin; "
                "PRAGMA user_version = 1");
  struct fork fork = {.node = f.nodes[0].id, .gen = 1, .from = 7, .exact = true, .received = 12};
  struct store *reader = NULL;
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &reader, NULL), OK);
  assert_int_equal(evidence_get(reader, &fork.node, 1, &fork, NULL, NULL), ERR_NOT_FOUND);
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(entry_get(reader, entry_rowid(1, 1), &scratch, &item, NULL), OK); /* without what is compared since */
  bytes_release(&scratch);
  struct hidden hidden = {.id = f.nodes[0].id, .since = 12, .reason = "rights"};
  uint64_t n = 9;
  assert_int_equal(hidden_get(reader, &hidden.id, &hidden, NULL), ERR_NOT_FOUND);
  assert_int_equal(hidden_count(reader, &n, NULL), OK);
  assert_int_equal(n, 0);
  assert_int_equal(invitation_each(reader, no_invitation, NULL, NULL), OK);
  struct bytes epoch;
  bytes_init(&epoch, 64);
  assert_int_equal(store_get_epoch(reader, 2, &epoch, NULL), ERR_NOT_FOUND);
  assert_int_equal(store_get_twin(reader, &fork.node, 2, 0, &epoch, NULL), ERR_NOT_FOUND);
  store_close(reader);
  fixture_open(&f.nodes[0]);
  assert_int_equal(dump_number(f.nodes[0].store, "SELECT count(*) FROM invitation") +
                       dump_number(f.nodes[0].store, "SELECT count(*) FROM ask"),
                   0);
  assert_int_equal(dump_number(f.nodes[0].store, "SELECT count(*) FROM entry"), 2);
  assert_int_equal(dump_number(f.nodes[0].store, "SELECT count(*) FROM entry WHERE leaf = specola_leaf(envelope)"), 2);
  assert_int_equal(dump_number(f.nodes[0].store, "SELECT count(*) FROM outbox"), 0);
  assert_int_equal(dump_number(f.nodes[0].store, "SELECT (SELECT count(*) FROM receipt) + (SELECT count(*) FROM forward)"), 0);
  assert_int_equal(hall_holds_own(f.nodes[0].hall, NULL), OK);
  assert_int_equal(evidence_put(f.nodes[0].store, &fork, view_of_text("item"), NULL), OK);
  assert_int_equal(hidden_put(f.nodes[0].store, &hidden, NULL), OK);
  assert_int_equal(store_put_twin(f.nodes[0].store, &fork.node, 2, &fork.node, view_of_text("twin"), NULL), OK);
  assert_int_equal(store_get_twin(f.nodes[0].store, &fork.node, 2, 0, &epoch, NULL), OK);
  assert_true(view_is_text(bytes_view(&epoch), "twin"));
  assert_int_equal(store_get_twin(f.nodes[0].store, &fork.node, 2, 1, &epoch, NULL), ERR_NOT_FOUND);
  bytes_clear(&epoch);
  assert_int_equal(store_put_epoch(f.nodes[0].store, 2, view_of_text("item"), NULL), OK);
  assert_int_equal(store_get_epoch(f.nodes[0].store, 2, &epoch, NULL), OK);
  assert_true(view_is_text(bytes_view(&epoch), "item"));
  assert_int_equal(dump_number(f.nodes[0].store, "DELETE FROM epoch RETURNING 7"), 7); /* no item of an epoch */
  bytes_release(&epoch);
  fixture_close(&f.nodes[0]);
  fixture_open(&f.nodes[0]);
  fixture_release(&f);
}

/* Writes octets over a file. */
static void overwrite(const char *path, long at, const void *octets, size_t len) {
  FILE *file = fopen(path, "r+b");
  assert_non_null(file);
  assert_int_equal(fseek(file, at, SEEK_SET), 0);
  assert_int_equal(fwrite(octets, 1, len, file), len);
  assert_int_equal(fclose(file), 0);
}

static void a_damaged_file_is_called_damaged(void **state) {
  static struct fixture f;
  struct store *s = NULL;
  struct err err = ERR_INIT;
  char path[512];
  (void)state;
  found_closed(&f, true, path);
  overwrite(path, 0, "Nothing of a database.", 22);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_CORRUPT);
  assert_non_null(strstr(err.hint, "backup"));
  assert_null(s);
  overwrite(path, 0, "SQLite format 3\0\x40\0\2\2\0\x40\x20\x20", 24);
  uint8_t noise[8192];
  memset(noise, 0xA5, sizeof noise);
  for (long at = 100; at < 16384 - 8192; at += 8192) {
    overwrite(path, at, noise, sizeof noise);
  }
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_CORRUPT);
  assert_null(s);
  f.nodes[0].store = NULL;
  fixture_release(&f);
}

static void refuses_folders_and_files_that_are_open_to_others(void **state) {
  static struct fixture f;
  struct store *s = NULL;
  struct err err = ERR_INIT;
  char path[512];
  (void)state;
  found_closed(&f, false, path);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_WRITE, NULL, &s, &err), ERR_PERMISSIONS);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(chmod(f.nodes[0].dir, 0755), 0);
  assert_int_equal(store_open(f.nodes[0].dir, STORE_READ, NULL, &s, &err), ERR_PERMISSIONS);
  assert_int_equal(chmod(f.nodes[0].dir, 0700), 0);
  fixture_release(&f);
}

static void a_full_disk_writes_nothing_and_heals_by_itself(void **state) {
  static struct fixture f;
  static struct receipt receipt;
  struct err err = ERR_INIT;
  struct fixture_record record;
  char pragma[64];
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *node = &f.nodes[0];
  const struct hash before = hall_digest(node->hall);
  (void)snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %lld",
                 (long long)dump_number(node->store, "PRAGMA page_count"));
  assert_int_equal(sqlite3_exec(store_db(node->store), pragma, NULL, NULL, NULL), SQLITE_OK);
  /* Bodies of some length, so that the pages there are do not suffice. */
  struct bytes body;
  struct bytes json;
  bytes_init(&body, LIMIT_BODY);
  bytes_init(&json, LIMIT_BODY);
  assert_int_equal(
      bytes_append_text(
          &json, "{\"title\": {\"it\": \"Lungo\"}, \"country\": \"IT\", \"level\": \"local\", \"summary\": {\"it\": \"", &err),
      OK);
  for (int i = 0; i < 20000; i++) {
    assert_int_equal(bytes_append_text(&json, "parola ", &err), OK);
  }
  assert_int_equal(bytes_append_text(&json, "fine\"}}", &err), OK);
  fixture_body(&f, "case", bytes_text(&json), &body);
  const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  fixture_seal(node, &node->editor, h, bytes_view(&body), &record);
  assert_int_equal(hall_admit(node->hall, &record.item, 1, &receipt, &err), ERR_DISK_FULL);
  const struct hash after = hall_digest(node->hall);
  assert_memory_equal(&before, &after, sizeof before);
  assert_int_equal(dump_number(node->store, "SELECT count(*) FROM entry"), 2);
  assert_int_equal(sqlite3_exec(store_db(node->store), "PRAGMA max_page_count = 1000000", NULL, NULL, NULL), SQLITE_OK);
  const struct receipt_row row = fixture_admit(node, &record.item);
  assert_int_equal(row.state, RECEIPT_LOGGED);
  assert_int_equal(row.index, 2);
  bytes_release(&body);
  bytes_release(&json);
  fixture_record_release(&record);
  fixture_release(&f);
}

/* What was acknowledged is there when the process that wrote it was killed at once; what was not is whole or absent. */
static void survives_being_killed(void **state) {
  static struct fixture f;
  int pipes[2];
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *node = &f.nodes[0];
  for (int round = 0; round < 5; round++) {
    fixture_close(node);
    assert_int_equal(pipe(pipes), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
      fixture_open(node);
      for (uint64_t i = 0;; i++) {
        const uint64_t index = fixture_publish(node, i, NULL);
        if (write(pipes[1], &index, sizeof index) != sizeof index) {
          _exit(1);
        }
      }
    }
    uint64_t acknowledged = 0;
    for (int i = 0; i < 5 + round; i++) {
      assert_int_equal(read(pipes[0], &acknowledged, sizeof acknowledged), sizeof acknowledged);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    (void)close(pipes[1]);
    while (read(pipes[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged) {
    }
    (void)close(pipes[0]);
    fixture_open(node);
    assert_true(hall_head(node->hall, &node->id, 1)->size > acknowledged);
    assert_int_equal(dump_number(node->store, "SELECT count(*) FROM entry"), dump_number(node->store, "SELECT size FROM log"));
    assert_int_equal(dump_number(node->store, "SELECT count(*) FROM object"),
                     dump_number(node->store, "SELECT size - 2 FROM log"));
  }
  fixture_release(&f);
}

static bool count_entry(void *context, int64_t rowid, const struct item *item) {
  uint64_t *n = context;
  (void)rowid;
  (void)item;
  ++*n;
  return *n < 2;
}

static void finds_entries_and_milestones(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct hash id;
  struct log log;
  struct bytes scratch;
  struct item item;
  uint64_t sizes[4];
  uint64_t seen = 0;
  uint32_t n = 0;
  int64_t rowid = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *node = &f.nodes[0];
  const uint64_t index = fixture_publish(node, 5, &id);
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(log_find(node->store, &node->id, 1, &log, &err), OK);
  assert_int_equal(log.range.size, 3);
  assert_int_equal(entry_find(node->store, &f.charter.fed_id, &id, &rowid, &err), OK);
  assert_int_equal(rowid, entry_rowid(log.no, index));
  assert_int_equal(entry_get(node->store, rowid, &scratch, &item, &err), OK);
  assert_int_equal(item.state, ITEM_WHOLE);
  id.b[31] ^= 1; /* the same first 8 octets */
  assert_int_equal(entry_find(node->store, &f.charter.fed_id, &id, &rowid, &err), ERR_NOT_FOUND);
  assert_int_equal(entry_get(node->store, rowid + 1, &scratch, &item, &err), ERR_NOT_FOUND);
  assert_int_equal(entry_each(node->store, log.no, 0, 99, count_entry, &seen, &err), OK);
  assert_int_equal(seen, 2);
  assert_int_equal(milestone_plan(node->store, log.no, 0, sizes, 4, &n, &err), OK);
  assert_int_equal(n, 1); /* three milestones, all within 2048 entries: the newest suffices */
  assert_int_equal(sizes[0], 3);
  assert_int_equal(milestone_plan(node->store, log.no, 3, sizes, 4, &n, &err), OK);
  assert_int_equal(n, 0);
  bytes_clear(&scratch);
  assert_int_equal(milestone_get(node->store, log.no, 7, &scratch, &err), ERR_NOT_FOUND);
  assert_int_equal(milestone_get(node->store, log.no, 2, &scratch, &err), OK);
  bytes_release(&scratch);
  fixture_release(&f);
}

static void thins_milestones_by_entries_and_octets(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct log log;
  uint64_t sizes[LIMIT_CHECKPOINTS];
  uint32_t n = 0;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), false);
  struct store *s = f.nodes[0].store;
  assert_int_equal(log_find_or_create(s, &f.nodes[0].id, 1, &log, &err), OK);
  static const struct {
    uint64_t size, bytes;
  } rows[] = {{50, 0},   {100, 0},  {1000, 0},        {1100, 0},         {1200, 0},
              {2100, 0}, {9000, 0}, {9001, 9u << 20}, {9002, 18u << 20}, {9003, 27u << 20}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    log.body_bytes = rows[i].bytes;
    assert_int_equal(log_save(s, &log, &err), OK);
    assert_int_equal(milestone_put(s, log.no, rows[i].size, view_of("x", 1), &err), OK);
  }
  assert_int_equal(milestone_plan(s, log.no, 0, sizes, LIMIT_CHECKPOINTS, &n, &err), OK);
  uint64_t last = 0;
  for (uint32_t i = 0; i < n; i++) {
    assert_true(sizes[i] > last);
    last = sizes[i];
  }
  assert_int_equal(last, 9003);
  assert_int_equal(sizes[0], 100);
  assert_int_equal(sizes[1], 1000);
  assert_int_equal(sizes[2], 1200);
  assert_int_equal(sizes[3], 2100);
  assert_int_equal(milestone_plan(s, log.no, 0, sizes, 2, &n, &err), OK);
  assert_int_equal(n, 2);
  assert_int_equal(sizes[1], 1000);
  fixture_release(&f);
}

/* Of a store that was made before free pages were given back. */
static void housekeeping_comes_to_its_end_where_free_pages_cannot_be_given_back(void **state) {
  static struct fixture f;
  char path[512];
  struct err err = ERR_INIT;
  bool more = true;
  (void)state;
  found_closed(&f, true, path);
  run_sql(path, "PRAGMA auto_vacuum = NONE; VACUUM; CREATE TABLE t(x); INSERT INTO t VALUES (zeroblob(500000)); DROP TABLE t");
  fixture_open(&f.nodes[0]);
  assert_int_equal(dump_number(f.nodes[0].store, "PRAGMA auto_vacuum"), 0);
  assert_true(dump_number(f.nodes[0].store, "PRAGMA freelist_count") > 0);
  for (int steps = 0; more; steps++) {
    assert_in_range(steps, 0, 1000);
    assert_int_equal(store_idle(f.nodes[0].store, &more, &err), OK);
  }
  fixture_release(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keeps_its_promises_about_files_and_settings),
      cmocka_unit_test(a_folder_that_cannot_be_written_is_told_as_such),
      cmocka_unit_test(a_second_writer_is_told_who_writes),
      cmocka_unit_test(a_reader_reads_beside_the_writer_and_cannot_write),
      cmocka_unit_test(reading_what_is_not_there_says_how_to_begin),
      cmocka_unit_test(what_was_cut_short_is_begun_again),
      cmocka_unit_test(a_newer_store_is_left_alone),
      cmocka_unit_test(an_older_store_gets_what_was_added_when_it_is_written),
      cmocka_unit_test(a_damaged_file_is_called_damaged),
      cmocka_unit_test(refuses_folders_and_files_that_are_open_to_others),
      cmocka_unit_test(a_full_disk_writes_nothing_and_heals_by_itself),
      cmocka_unit_test(survives_being_killed),
      cmocka_unit_test(finds_entries_and_milestones),
      cmocka_unit_test(thins_milestones_by_entries_and_octets),
      cmocka_unit_test(housekeeping_comes_to_its_end_where_free_pages_cannot_be_given_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
