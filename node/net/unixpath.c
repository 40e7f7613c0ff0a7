/*
 * unixpath: see unixpath.h.
 */
#include "node/net/unixpath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum err_code unixpath_make(const char *dir, const char *name, char out[UNIXPATH_MAX], int *dir_fd, struct err *err) {
  *dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (*dir_fd < 0) {
    const enum err_code code = errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : errno == EACCES ? ERR_PERMISSIONS : ERR_IO;
    return err_errno(err, code, errno, dir);
  }
  const int len = snprintf(out, UNIXPATH_MAX, "/proc/self/fd/%d/%s", *dir_fd, name);
  if (len > 0 && len < UNIXPATH_MAX) return OK;
  close(*dir_fd);
  *dir_fd = -1;
  return err_set(err, ERR_LIMIT, "the name of the socket is too long");
}
