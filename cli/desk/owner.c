/*
 * owner: see owner.h. Addresses stand in those tables as the hexadecimal of their 32-bit words in the machine's order.
 */
#include "cli/desk/owner.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "keys/bytes.h"

#define END_MAX 48
#define LINE_MAX_OCTETS 512

/* "0100007F:1CE8"; as_six: an IPv4 address as an IPv6 socket has it. */
static void write_end(const struct sockaddr_storage *at, bool as_six, char out[END_MAX]) {
  uint32_t words[4] = {0, 0, htonl(0xffff), 0};
  struct sockaddr_in four = {.sin_port = 0};
  struct sockaddr_in6 six = {.sin6_port = 0};
  if (at->ss_family == AF_INET) {
    memcpy(&four, at, sizeof four);
    memcpy(&words[3], &four.sin_addr, sizeof words[3]);
    six.sin6_port = four.sin_port;
  } else {
    memcpy(&six, at, sizeof six);
    memcpy(words, &six.sin6_addr, sizeof words);
  }
  if (!as_six) {
    (void)snprintf(out, END_MAX, "%08X:%04X", words[3], (unsigned)ntohs(four.sin_port));
  } else {
    (void)snprintf(out, END_MAX, "%08X%08X%08X%08X:%04X", words[0], words[1], words[2], words[3],
                   (unsigned)ntohs(six.sin6_port));
  }
}

/* The n-th word of a line, from 0, as a view; empty: there are fewer. */
static struct view word(const char *line, unsigned n) {
  for (;; n--) {
    line += strspn(line, " ");
    const size_t len = strcspn(line, " \n");
    if (n == 0 || len == 0) {
      return view_of(line, len);
    }
    line += len;
  }
}

/* sl local_address rem_address st queues timer retrnsmt uid … */
static bool read_line(const char *line, const char *local, const char *remote, uid_t *out) {
  uint64_t uid = 0;
  if (!view_is_text(word(line, 1), local) || !view_is_text(word(line, 2), remote) ||
      decimal_decode(word(line, 7), &uid, NULL) != OK || uid > UINT32_MAX) {
    return false;
  }
  *out = (uid_t)uid;
  return true;
}

/* Looks for the peer's end in one of the kernel's tables. *found stays as it is where it does not stand. */
static enum err_code look_in(const char *path, const struct sockaddr_storage *ours, const struct sockaddr_storage *theirs,
                             bool as_six, bool *found, uid_t *out, struct err *err) {
  char local[END_MAX], remote[END_MAX], line[LINE_MAX_OCTETS];
  write_end(theirs, as_six, local);
  write_end(ours, as_six, remote);
  FILE *table = fopen(path, "re");
  if (table == NULL) {
    return err_errno(err, ERR_IO, errno, path);
  }
  while (!*found && fgets(line, sizeof line, table) != NULL) {
    *found = read_line(line, local, remote, out);
  }
  (void)fclose(table);
  return OK;
}

enum err_code owner_of_peer(int fd, uid_t *out, struct err *err) {
  static const char four[] = "/proc/net/tcp", six[] = "/proc/net/tcp6";
  struct sockaddr_storage ours = {.ss_family = AF_UNSPEC}, theirs = {.ss_family = AF_UNSPEC};
  socklen_t ours_len = sizeof ours, theirs_len = sizeof theirs;
  bool found = false;
  if (getsockname(fd, (struct sockaddr *)&ours, &ours_len) != 0 ||
      getpeername(fd, (struct sockaddr *)&theirs, &theirs_len) != 0) {
    return err_errno(err, ERR_IO, errno, "socket");
  }
  enum err_code code = ours.ss_family == AF_INET ? look_in(four, &ours, &theirs, false, &found, out, err) : OK;
  /* Who came to an IPv4 address with an IPv6 socket stands in the other table; a machine without IPv6 has none. */
  if (code == OK && !found && look_in(six, &ours, &theirs, true, &found, out, err) != OK) {
    code = ours.ss_family == AF_INET ? OK : ERR_IO;
  }
  if (code == OK && !found) {
    code = err_set(err, ERR_NOT_FOUND, "the kernel does not say whose connection it is");
  }
  return code;
}
