/*
 * file: whole files come and go here: read up to a ceiling, written under a new name, made durable, renamed. The prototypes are
 * in node/home.h. Secrets at rest go through keys/privfile instead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/newfile.h"
#include "node/home.h"

static enum err_code write_all(int fd, struct view content, const char *path, struct err *err) {
  while (content.len > 0) {
    ssize_t n = write(fd, content.p, content.len);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return err_errno(err, ERR_IO, errno, path);
    }
    content.p += n;
    content.len -= (size_t)n;
  }
  return OK;
}

/* Makes the entry of path in its folder durable. */
static enum err_code sync_folder(const char *path, struct err *err) {
  char folder[HOME_PATH_MAX];
  const char *slash = strrchr(path, '/');
  size_t len = slash == NULL ? 0 : (size_t)(slash - path);
  if (len >= sizeof folder) {
    return err_set(err, ERR_LIMIT, "%s: the path is too long", path);
  }
  memcpy(folder, path, len);
  folder[len] = '\0';
  const char *name = slash == NULL ? "." : len == 0 ? "/" : folder;
  int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) {
    return err_errno(err, ERR_IO, errno, name);
  }
  /* Some file systems cannot sync a folder (EINVAL); they keep the rename all the same. */
  int failed = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
  close(fd);
  return failed != 0 ? err_errno(err, ERR_IO, failed, name) : OK;
}

enum err_code file_write(const char *path, struct view content, bool secret, struct err *err) {
  struct newfile file = NEWFILE_INIT;
  enum err_code code = newfile_open(path, &file, err);
  if (code == ERR_NOT_FOUND) {
    return err_hint(err, "make the folder first, or take another one");
  }
  if (code != OK || (code = write_all(file.fd, content, path, err)) != OK) {
    newfile_drop(&file);
    return code;
  }
  if (fchmod(file.fd, secret ? 0600 : 0644) != 0 || fsync(file.fd) != 0 || rename(file.path, path) != 0) {
    code = err_errno(err, ERR_IO, errno, path);
    newfile_drop(&file);
    return code;
  }
  newfile_close(&file);
  return sync_folder(path, err);
}

enum err_code file_rename(const char *from, const char *to, struct err *err) {
  return rename(from, to) != 0 ? err_errno(err, ERR_IO, errno, to) : sync_folder(to, err);
}

/* errno says why path was not opened. */
static enum err_code open_error(const char *path, struct err *err) {
  const int failed = errno;
  if (failed == EACCES) {
    (void)err_errno(err, ERR_IO, failed, path);
    return err_hint(err, "its owner can let you read it");
  }
  if (failed != ENOENT && failed != ENOTDIR) {
    return err_errno(err, ERR_IO, failed, path);
  }
  (void)err_errno(err, ERR_NOT_FOUND, failed, path);
  (void)err_hint(err, path[0] == '/' ? "look whether the name is right: ls shows what is there"
                                     : "a name without / in front is looked for in the folder where you are");
  return ERR_NOT_FOUND; /* also where nobody wants to hear why */
}

enum err_code file_read(const char *path, struct bytes *out, struct err *err) {
  uint8_t buffer[16384];
  enum err_code code = OK;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return open_error(path, err);
  }
  for (;;) {
    ssize_t n = read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      code = err_errno(err, ERR_IO, errno, path);
      break;
    }
    if (n == 0) {
      break;
    }
    code = bytes_append(out, view_of(buffer, (size_t)n), err);
    if (code != OK) {
      if (code == ERR_LIMIT) {
        err_set(err, ERR_LIMIT, "%s: larger than %zu octets", path, out->ceiling);
      }
      break;
    }
  }
  close(fd);
  return code;
}
