/*
 * newfile: PATH.new-0123456789abcdef, locked with flock while it is written (see newfile.h). A file of that form that nobody
 * has locked belongs to nobody.
 */
#include "keys/newfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".new-"
#define DIGITS 16
#define TRIES 16 /* a name is lost only to somebody who sweeps at the same moment */

/* True for what newfile_open makes beside a file called name. */
static bool is_ours(const char *entry, const char *name) {
  const size_t len = strlen(name);
  return strncmp(entry, name, len) == 0 && strncmp(entry + len, MARK, sizeof MARK - 1) == 0 &&
         strspn(entry + len + sizeof MARK - 1, "0123456789abcdef") == DIGITS && strlen(entry + len) == sizeof MARK - 1 + DIGITS;
}

/* The lock is held while the name goes: its maker, if one there is, finds it gone. */
static void remove_if_left(int folder, const char *entry) {
  const int fd = openat(folder, entry, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0) {
    (void)unlinkat(folder, entry, 0);
  }
  if (fd >= 0) {
    (void)close(fd);
  }
}

/* What cannot be removed stays: that is no reason not to write. */
static void sweep(const char *target) {
  char folder[PATH_MAX];
  const char *slash = strrchr(target, '/');
  const char *name = slash == NULL ? target : slash + 1;
  const int n = snprintf(folder, sizeof folder, "%.*s.", slash == NULL ? 0 : (int)(slash - target) + 1, target);
  DIR *d = n < 0 || (size_t)n >= sizeof folder ? NULL : opendir(folder);
  if (d == NULL) {
    return;
  }
  for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
    if (is_ours(e->d_name, name)) {
      remove_if_left(dirfd(d), e->d_name);
    }
  }
  (void)closedir(d);
}

/* File systems without locks: nothing is swept there, and nothing is lost. */
static bool is_mine(int fd) {
  struct stat st;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    return errno != EWOULDBLOCK;
  }
  return fstat(fd, &st) == 0 && st.st_nlink > 0;
}

enum err_code newfile_open(const char *target, struct newfile *out, struct err *err) {
  *out = (struct newfile)NEWFILE_INIT;
  sweep(target);
  for (int i = 0; i < TRIES; i++) {
    uint64_t mark;
    randombytes_buf(&mark, sizeof mark);
    const int n = snprintf(out->path, sizeof out->path, "%s" MARK "%016" PRIx64, target, mark);
    if (n < 0 || (size_t)n >= sizeof out->path) {
      return err_set(err, ERR_LIMIT, "%s: the path is too long", target);
    }
    const int fd = open(out->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (fd < 0) {
      const int failed = errno;
      return err_errno(err, failed == ENOENT ? ERR_NOT_FOUND : ERR_IO, failed, target);
    }
    if (is_mine(fd)) {
      out->fd = fd;
      return OK;
    }
    (void)close(fd);
  }
  return err_set(err, ERR_IO, "%s: no name beside it is free", target);
}

void newfile_close(struct newfile *f) {
  if (f->fd >= 0) {
    (void)close(f->fd);
  }
  f->fd = -1;
}

void newfile_drop(struct newfile *f) {
  if (f->fd >= 0) {
    (void)unlink(f->path);
  }
  newfile_close(f);
}
