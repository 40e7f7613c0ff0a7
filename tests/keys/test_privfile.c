/* privfile: modes, links, limits, and files that appear whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/privfile.h"

static char folder[64];
static char path[128];

static int make_folder(void **state) {
  (void)state;
  (void)snprintf(folder, sizeof folder, "/tmp/specola-privfile-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  (void)snprintf(path, sizeof path, "%s/file", folder);
  return 0;
}

static size_t n_entries(bool remove_them) {
  size_t n = 0;
  DIR *d = opendir(folder);
  assert_non_null(d);
  for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
    if (e->d_name[0] == '.') continue;
    n++;
    if (remove_them) assert_int_equal(unlinkat(dirfd(d), e->d_name, 0), 0);
  }
  (void)closedir(d);
  return n;
}

static int drop_folder(void **state) {
  (void)state;
  (void)n_entries(true);
  return rmdir(folder);
}

static void a_file_goes_round_and_is_0600_whatever_the_umask(void **state) {
  (void)state;
  struct secret *s = NULL;
  size_t len = 0;
  struct stat st;
  mode_t old = umask(0);
  assert_int_equal(privfile_write(path, view_of_text("content\n"), NULL), OK);
  (void)umask(old);
  assert_int_equal(lstat(path, &st), 0);
  assert_int_equal(st.st_mode, S_IFREG | 0600);
  assert_int_equal(n_entries(false), 1);
  assert_int_equal(privfile_read(path, 8, &s, &len, NULL), OK);
  assert_int_equal(len, 8);
  assert_memory_equal(secret_open(s), "content\n", 8);
  secret_close(s);
  secret_free(s);
}

static void nothing_is_ever_overwritten(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  struct stat st;
  assert_int_equal(privfile_write(path, view_of_text("first"), &err), OK);
  assert_int_equal(privfile_write(path, view_of_text("second"), &err), ERR_FAILED);
  assert_string_not_equal(err.hint, "");
  assert_int_equal(lstat(path, &st), 0);
  assert_int_equal(st.st_size, 5);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(symlink("/nowhere/at/all", path), 0);
  assert_int_equal(privfile_write(path, view_of_text("third"), &err), ERR_FAILED);
  assert_int_equal(n_entries(false), 1);
}

static void a_folder_that_is_not_there_is_not_found(void **state) {
  (void)state;
  struct err err = ERR_INIT;
  struct secret *s = NULL;
  size_t len = 0;
  assert_int_equal(privfile_read(path, 8, &s, &len, &err), ERR_NOT_FOUND);
  (void)snprintf(path, sizeof path, "%s/none/file", folder);
  assert_int_equal(privfile_write(path, view_of_text("x"), &err), ERR_NOT_FOUND);
  assert_int_equal(privfile_read(path, 8, &s, &len, &err), ERR_NOT_FOUND);
  assert_null(s);
}

static void every_mode_that_lets_others_in_is_refused(void **state) {
  (void)state;
  static const mode_t MODES[] = {0644, 0640, 0660, 0602, 0604, 0601, 0610, 0620, 0444};
  assert_int_equal(privfile_write(path, view_of_text("x"), NULL), OK);
  for (size_t i = 0; i < sizeof MODES / sizeof *MODES; i++) {
    struct err err = ERR_INIT;
    struct secret *s = NULL;
    size_t len = 0;
    assert_int_equal(chmod(path, MODES[i]), 0);
    assert_int_equal(privfile_read(path, 8, &s, &len, &err), ERR_PERMISSIONS);
    assert_memory_equal(err.hint, "chmod 600 /tmp/", 15);
    assert_null(s);
  }
  struct secret *s = NULL;
  size_t len = 0;
  assert_int_equal(chmod(path, 0400), 0);
  assert_int_equal(privfile_read(path, 8, &s, &len, NULL), OK);
  secret_free(s);
}

static void a_file_of_somebody_else_is_refused(void **state) {
  (void)state;
  if (geteuid() != 0) skip(); /* only root can make one */
  struct secret *s = NULL;
  size_t len = 0;
  assert_int_equal(privfile_write(path, view_of_text("x"), NULL), OK);
  assert_int_equal(chown(path, 65534, 65534), 0);
  assert_int_equal(privfile_read(path, 8, &s, &len, NULL), ERR_PERMISSIONS);
  assert_null(s);
}

static void links_pipes_and_folders_are_refused_without_waiting(void **state) {
  (void)state;
  char other[160];
  struct secret *s = NULL;
  size_t len = 0;
  assert_int_equal(privfile_write(path, view_of_text("x"), NULL), OK);
  (void)snprintf(other, sizeof other, "%s/link", folder);
  assert_int_equal(symlink(path, other), 0);
  assert_int_equal(privfile_read(other, 8, &s, &len, NULL), ERR_IO);
  (void)snprintf(other, sizeof other, "%s/pipe", folder);
  assert_int_equal(mkfifo(other, 0600), 0);
  assert_int_equal(privfile_read(other, 8, &s, &len, NULL), ERR_IO);
  assert_int_equal(privfile_read(folder, 8, &s, &len, NULL), ERR_IO);
  assert_null(s);
}

static void the_limit_is_exact_and_an_empty_file_is_empty(void **state) {
  (void)state;
  struct secret *s = NULL;
  size_t len = 7;
  assert_int_equal(privfile_write(path, view_of_text("12345"), NULL), OK);
  assert_int_equal(privfile_read(path, 4, &s, &len, NULL), ERR_LIMIT);
  assert_null(s);
  assert_int_equal(privfile_read(path, 5, &s, &len, NULL), OK);
  secret_free(s);
  assert_int_equal(truncate(path, 0), 0);
  assert_int_equal(privfile_read(path, 5, &s, &len, NULL), OK);
  assert_int_equal(len, 0);
  secret_free(s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, drop_folder)

int main(void) {
  const struct CMUnitTest tests[] = {
      IN_FOLDER(a_file_goes_round_and_is_0600_whatever_the_umask),
      IN_FOLDER(nothing_is_ever_overwritten),
      IN_FOLDER(a_folder_that_is_not_there_is_not_found),
      IN_FOLDER(every_mode_that_lets_others_in_is_refused),
      IN_FOLDER(a_file_of_somebody_else_is_refused),
      IN_FOLDER(links_pipes_and_folders_are_refused_without_waiting),
      IN_FOLDER(the_limit_is_exact_and_an_empty_file_is_empty),
  };
  return secret_start(NULL) == OK ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
}
