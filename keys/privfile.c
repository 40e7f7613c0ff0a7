/*
 * privfile: open, look, then read; write beside, then move. The checks are made on the open file, never on its name.
 */
#include "keys/privfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/newfile.h"

/* ERR_IO, or ERR_NOT_FOUND when that is what errno says. */
static enum err_code path_error(struct err *err, const char *path) {
  int reason = errno;
  return err_errno(err, reason == ENOENT ? ERR_NOT_FOUND : ERR_IO, reason, path);
}

static enum err_code exists_error(struct err *err, const char *path) {
  (void)err_set(err, ERR_FAILED, "%s exists already", path);
  (void)err_hint(err, "nothing is overwritten: choose another name, or move that file away first");
  return ERR_FAILED;
}

static enum err_code check_owner_and_mode(int fd, const char *path, struct err *err) {
  struct stat st;
  if (fstat(fd, &st) != 0) return path_error(err, path);
  if (!S_ISREG(st.st_mode)) return err_set(err, ERR_IO, "%s: not a regular file", path);
  if (st.st_uid != geteuid() && st.st_uid != 0) {
    return err_set(err, ERR_PERMISSIONS, "%s belongs to another user", path);
  }
  if ((st.st_mode & (S_IRWXG | S_IRWXO)) == 0) return OK;
  (void)err_set(err, ERR_PERMISSIONS, "%s is open to other users (mode %04o)", path, (unsigned)st.st_mode & 07777U);
  (void)err_hint(err, "chmod 600 %s", path);
  return ERR_PERMISSIONS;
}

/* Reads until end of file or until room is full. Returns the octets, -1 with errno. */
static ssize_t read_all(int fd, uint8_t *p, size_t room) {
  size_t len = 0;
  while (len < room) {
    ssize_t n = read(fd, p + len, room - len);
    if (n == 0) break;
    if (n < 0 && errno != EINTR) return -1;
    if (n > 0) len += (size_t)n;
  }
  return (ssize_t)len;
}

enum err_code privfile_read(const char *path, size_t max, struct secret **out, size_t *len, struct err *err) {
  struct secret *content = NULL;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && errno == ELOOP) return err_set(err, ERR_IO, "%s is a symbolic link, which is not followed here", path);
  if (fd < 0) return path_error(err, path);
  enum err_code code = check_owner_and_mode(fd, path, err);
  if (code != OK) goto out;
  content = secret_new(max + 1);
  if (content == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  ssize_t n = read_all(fd, secret_open(content), max + 1);
  secret_close(content);
  if (n < 0) {
    code = path_error(err, path);
  } else if ((size_t)n > max) {
    code = err_set(err, ERR_LIMIT, "%s: more than %zu octets", path, max);
  } else {
    *len = (size_t)n;
    *out = content;
    content = NULL;
  }
out:
  secret_free(content);
  (void)close(fd);
  return code;
}

static bool write_all(int fd, struct view v) {
  while (v.len > 0) {
    ssize_t n = write(fd, v.p, v.len);
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) v = view_of(v.p + n, v.len - (size_t)n);
  }
  return true;
}

/* Moves from to to unless to exists (EEXIST). File systems without that flag have links. */
static int move_to_free_name(const char *from, const char *to) {
  if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return -1;
  return link(from, to) == 0 ? unlink(from) : -1;
}

/* Puts the folder's entry for path on the disk. */
static enum err_code sync_folder(const char *path, struct err *err) {
  char folder[PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - path) + 1;
  if (len >= sizeof folder) return err_errno(err, ERR_IO, ENAMETOOLONG, path);
  memcpy(folder, path, len);
  memcpy(folder + len, ".", 2);
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return path_error(err, folder);
  enum err_code code = fsync(fd) == 0 || errno == EINVAL ? OK : err_errno(err, ERR_IO, errno, folder);
  (void)close(fd);
  return code;
}

enum err_code privfile_write(const char *path, struct view content, struct err *err) {
  struct newfile file = NEWFILE_INIT;
  struct stat st;
  if (lstat(path, &st) == 0) return exists_error(err, path);
  enum err_code code = newfile_open(path, &file, err);
  if (code != OK) return code;
  if (!write_all(file.fd, content) || fsync(file.fd) != 0) {
    code = err_errno(err, ERR_IO, errno, path);
  } else if (move_to_free_name(file.path, path) != 0) {
    code = errno == EEXIST ? exists_error(err, path) : path_error(err, path);
  }
  if (code != OK) {
    newfile_drop(&file);
    return code;
  }
  newfile_close(&file);
  return sync_folder(path, err);
}
