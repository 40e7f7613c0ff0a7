/*
 * head: the file is read as it was written, a torn or damaged write leaves the one before, and strange octets are no head.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/head.h"

#define FILE_LEN 1024

/* The calls of the C library go through here (--wrap): writes so far, and those that no sync has followed. */
static int written, unsynced;
ssize_t __real_pwrite(int fd, const void *octets, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *octets, size_t len, off_t at);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

ssize_t __wrap_pwrite(int fd, const void *octets, size_t len, off_t at) {
  written++;
  unsynced++;
  return __real_pwrite(fd, octets, len, at);
}

int __wrap_fdatasync(int fd) {
  unsynced = 0;
  return __real_fdatasync(fd);
}

static char dir[64], path[80];
static struct head_file file;

static int setup(void **state) {
  (void)state;
  (void)snprintf(dir, sizeof dir, "/tmp/specola-head-XXXXXX");
  if (mkdtemp(dir) == NULL) return -1;
  (void)snprintf(path, sizeof path, "%s/head", dir);
  file = head_in(dir);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  (void)unlink(path);
  return rmdir(dir);
}

static struct own_head head_at(uint64_t size) {
  struct own_head head = {.gen = 1, .size = size};
  memset(head.root.b, (int)(size & 0xff), sizeof head.root.b);
  return head;
}

static void put(uint64_t size) {
  struct err err = ERR_INIT;
  const struct own_head head = head_at(size);
  if (file.put(file.context, &head, &err) != OK) fail_msg("%s", err.message);
}

static void expect(uint64_t size) {
  const struct own_head wanted = head_at(size);
  struct own_head head = {.gen = 0};
  assert_int_equal(file.read(file.context, &head, NULL), OK);
  assert_int_equal(head.size, size);
  assert_int_equal(head.gen, 1);
  assert_true(hash_equal(&head.root, &wanted.root));
}

static void read_file(uint8_t out[FILE_LEN]) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  assert_int_equal(fread(out, 1, FILE_LEN, f), FILE_LEN);
  assert_int_equal(fclose(f), 0);
}

static void write_file(const uint8_t *octets, size_t len) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(octets, 1, len, f), len);
  assert_int_equal(fclose(f), 0);
}

static void what_was_put_last_is_read(void **state) {
  struct own_head head;
  struct stat st;
  (void)state;
  assert_int_equal(file.read(file.context, &head, NULL), ERR_NOT_FOUND);
  for (uint64_t size = 0; size < 5; size++) {
    put(size);
    expect(size);
  }
  put(2); /* a log that was cut, or put back and confirmed, is shorter */
  expect(2);
  put(UINT64_C(1) << 39);
  expect(UINT64_C(1) << 39);
  assert_int_equal(stat(path, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_int_equal(st.st_size, FILE_LEN);
}

static void what_was_put_is_synced(void **state) {
  (void)state;
  put(1); /* makes the file: written under another name, synced, renamed, and its folder synced */
  written = 0;
  put(2);
  assert_int_equal(written, 1);
  assert_int_equal(unsynced, 0);
}

static void a_write_that_was_torn_leaves_the_one_before(void **state) {
  uint8_t before[FILE_LEN], after[FILE_LEN], torn[FILE_LEN];
  (void)state;
  put(7);
  put(8);
  read_file(before);
  put(9);
  read_file(after);
  for (size_t n = 0; n < FILE_LEN; n++) {
    memcpy(torn, before, sizeof torn);
    memcpy(torn, after, n);
    write_file(torn, sizeof torn);
    struct own_head head;
    assert_int_equal(file.read(file.context, &head, NULL), OK);
    assert_true(head.size == 8 || head.size == 9);
    const struct own_head wanted = head_at(head.size);
    assert_true(hash_equal(&head.root, &wanted.root));
  }
}

static void a_flipped_octet_is_noticed(void **state) {
  uint8_t octets[FILE_LEN], flipped[FILE_LEN];
  (void)state;
  put(7);
  put(8);
  read_file(octets);
  for (size_t i = 0; i < FILE_LEN; i++) {
    memcpy(flipped, octets, sizeof flipped);
    flipped[i] ^= 0x15;
    write_file(flipped, sizeof flipped);
    struct own_head head;
    assert_int_equal(file.read(file.context, &head, NULL), OK);
    assert_true(head.size == 7 || head.size == 8);
  }
  memset(octets, 'x', sizeof octets);
  write_file(octets, sizeof octets);
  struct own_head head;
  assert_int_equal(file.read(file.context, &head, NULL), ERR_NOT_FOUND);
  write_file(octets, 0);
  assert_int_equal(file.read(file.context, &head, NULL), ERR_NOT_FOUND);
  put(9);
  expect(9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(what_was_put_last_is_read, setup, teardown),
      cmocka_unit_test_setup_teardown(what_was_put_is_synced, setup, teardown),
      cmocka_unit_test_setup_teardown(a_write_that_was_torn_leaves_the_one_before, setup, teardown),
      cmocka_unit_test_setup_teardown(a_flipped_octet_is_noticed, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
