/*
 * newfile: what is left of writers that died goes with the next one, and nothing else does.
 */
#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "keys/newfile.h"

static char dir[64];
static char target[96];

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  (void)snprintf(dir, sizeof dir, "%.40s/specola-newfile-XXXXXX", base == NULL ? "/tmp" : base);
  if (mkdtemp(dir) == NULL) return -1;
  (void)snprintf(target, sizeof target, "%s/a.key", dir);
  return 0;
}

/* Removes every file of the folder; returns how many there were. */
static int empty_folder(void) {
  int n = 0;
  DIR *d = opendir(dir);
  for (const struct dirent *e = d == NULL ? NULL : readdir(d); e != NULL; e = readdir(d)) {
    n += unlinkat(dirfd(d), e->d_name, 0) == 0;
  }
  if (d != NULL) (void)closedir(d);
  return n;
}

static int remove_folder(void **state) {
  (void)state;
  (void)empty_folder();
  return rmdir(dir);
}

static void leave(const char *name) {
  char path[192];
  (void)snprintf(path, sizeof path, "%s/%s", dir, name);
  const int fd = open(path, O_WRONLY | O_CREAT, 0600);
  assert_true(fd >= 0);
  (void)close(fd);
}

static bool is_there(const char *name) {
  char path[192];
  struct stat st;
  (void)snprintf(path, sizeof path, "%s/%s", dir, name);
  return lstat(path, &st) == 0;
}

static void becomes_the_file_or_nothing(void **state) {
  (void)state;
  struct newfile f;
  struct err err = ERR_INIT;
  struct stat st;
  assert_int_equal(newfile_open(target, &f, &err), OK);
  assert_int_equal(fstat(f.fd, &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
  assert_false(is_there("a.key"));
  assert_int_equal(rename(f.path, target), 0);
  newfile_close(&f);
  assert_int_equal(newfile_open(target, &f, &err), OK);
  newfile_drop(&f);
  newfile_drop(&f);
  assert_true(is_there("a.key"));
  assert_int_equal(empty_folder(), 1);
}

static void removes_what_dead_writers_left(void **state) {
  (void)state;
  struct newfile f;
  struct err err = ERR_INIT;
  leave("a.key.new-0123456789abcdef");
  leave("a.key.new-ffffffffffffffff");
  assert_int_equal(newfile_open(target, &f, &err), OK);
  newfile_drop(&f);
  assert_int_equal(empty_folder(), 0);
}

static void leaves_everything_else_alone(void **state) {
  (void)state;
  static const char *const OTHERS[] = {"a.key.new-0123456789abcde",  "a.key.new-0123456789abcdef0",
                                       "a.key.new-0123456789abcdeF", "b.key.new-0123456789abcdef",
                                       "a.key.old-0123456789abcdef", "a.key"};
  struct newfile f;
  struct err err = ERR_INIT;
  for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
    leave(OTHERS[i]);
  assert_int_equal(newfile_open(target, &f, &err), OK);
  newfile_drop(&f);
  for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++)
    assert_true(is_there(OTHERS[i]));
}

static void leaves_that_of_a_living_writer_alone(void **state) {
  (void)state;
  struct newfile one, two;
  struct err err = ERR_INIT;
  assert_int_equal(newfile_open(target, &one, &err), OK);
  assert_int_equal(newfile_open(target, &two, &err), OK);
  assert_int_equal(access(one.path, F_OK), 0);
  newfile_drop(&two);
  assert_int_equal(rename(one.path, target), 0);
  newfile_close(&one);
}

static void says_why_it_cannot(void **state) {
  (void)state;
  static char longer[PATH_MAX];
  char nowhere[96];
  struct newfile f;
  struct err err = ERR_INIT;
  (void)snprintf(nowhere, sizeof nowhere, "%s/none/a.key", dir);
  assert_int_equal(newfile_open(nowhere, &f, &err), ERR_NOT_FOUND);
  assert_int_equal(f.fd, -1);
  memset(longer, 'a', sizeof longer - 1);
  err_clear(&err);
  assert_int_equal(newfile_open(longer, &f, &err), ERR_LIMIT);
  newfile_drop(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(becomes_the_file_or_nothing, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(removes_what_dead_writers_left, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(leaves_everything_else_alone, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(leaves_that_of_a_living_writer_alone, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(says_why_it_cannot, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
