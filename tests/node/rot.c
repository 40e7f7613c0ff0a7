/*
 * rot: see rot.h.
 */
#include "tests/node/rot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/node/dump.h"

#define HEADER 100 /* octets of a file of SQLite */

void rot_read(const struct fixture_node *node, struct rot_file *f) {
  (void)snprintf(f->path, sizeof f->path, "%s/store.db", node->dir);
  FILE *file = fopen(f->path, "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 0, SEEK_END), 0);
  f->len = (size_t)ftell(file);
  rewind(file);
  f->octets = malloc(f->len);
  assert_non_null(f->octets);
  assert_int_equal(fread(f->octets, 1, f->len, file), f->len);
  (void)fclose(file);
}

void rot_write(const struct rot_file *f) {
  static const char *const beside[] = {"-wal", "-shm"};
  for (size_t i = 0; i < 2; i++) {
    char path[520];
    (void)snprintf(path, sizeof path, "%s%s", f->path, beside[i]);
    (void)remove(path);
  }
  FILE *file = fopen(f->path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(f->octets, 1, f->len, file), f->len);
  assert_int_equal(fclose(file), 0);
}

uint8_t *rot_root(struct fixture_node *node, const struct rot_file *f, const char *name) {
  char sql[120];
  (void)snprintf(sql, sizeof sql, "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
  rot_write(f);
  fixture_open(node);
  const int64_t root = dump_number(node->store, sql);
  fixture_close(node);
  assert_true(root > 0 && (size_t)root * ROT_PAGE <= f->len);
  return f->octets + (size_t)(root - 1) * ROT_PAGE;
}

void rot_expect_unchanged(const struct fixture_node *node, const struct rot_file *f) {
  struct rot_file now;
  rot_read(node, &now);
  assert_int_equal(now.len, f->len);
  assert_memory_equal(now.octets + HEADER, f->octets + HEADER, f->len - HEADER);
  free(now.octets);
}

enum err_code rot_scrub(struct fixture_node *node, uint64_t step, struct scrub_state *out, struct err *err) {
  enum err_code code = OK;
  hall_scrub_begin(node->hall);
  do {
    code = hall_scrub_step(node->hall, step, err);
    if (code == OK) {
      code = hall_scrub_state(node->hall, out, err);
    }
  } while (code == OK && out->running);
  return code;
}

void rot_expect_sound(struct fixture_node *node) {
  struct scrub_state s;
  struct err err = ERR_INIT;
  if (rot_scrub(node, 1000, &s, &err) != OK) fail_msg("%s", err.message);
  assert_int_equal(s.found + s.milestones + s.left, 0);
  assert_false(s.derived);
}
