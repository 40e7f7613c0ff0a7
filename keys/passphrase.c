/*
 * passphrase: three sources, one form: a secret of 1..PASSPHRASE_MAX octets without the newline.
 */
#include "keys/passphrase.h"

#include <errno.h>
#include <readpassphrase.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "keys/privfile.h"

#define TRIES 3
#define FILE_MAX 4096 /* octets of a passphrase file; only its first line counts */

/* The first len octets of room, which is open, as a secret of exactly that length. */
static enum err_code take(const uint8_t *room, size_t len, struct secret **out, struct err *err) {
  if (len == 0) return err_set(err, ERR_FORMAT, "the passphrase is empty");
  if (len > PASSPHRASE_MAX) return err_set(err, ERR_LIMIT, "the passphrase has more than %d octets", PASSPHRASE_MAX);
  struct secret *s = secret_copy(view_of(room, len));
  if (s == NULL) return err_set(err, ERR_MEMORY, NULL);
  *out = s;
  return OK;
}

/* One question. readpassphrase drops what does not fit: the room has an octet more than is allowed, and one for the NUL. */
static enum err_code ask_once(const char *prompt, struct secret **out, struct err *err) {
  struct secret *room = secret_new(PASSPHRASE_MAX + 2);
  if (room == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code;
  char *text = (char *)secret_open(room);
  errno = 0;
  if (readpassphrase(prompt, text, PASSPHRASE_MAX + 2, RPP_REQUIRE_TTY | RPP_ECHO_OFF) != NULL) {
    code = take((const uint8_t *)text, strlen(text), out, err);
  } else if (errno == ENOTTY || errno == ENXIO || errno == ENOENT) {
    code = err_set(err, ERR_INPUT_NEEDED, "a passphrase is needed and there is no terminal to ask on");
    (void)err_hint(err, "name a passphrase file or a file descriptor");
  } else {
    code = err_errno(err, ERR_IO, errno, "asking for the passphrase");
  }
  secret_close(room);
  secret_free(room);
  return code;
}

static bool same(struct secret *a, struct secret *b) {
  if (secret_len(a) != secret_len(b)) return false;
  bool equal = sodium_memcmp(secret_open(a), secret_open(b), secret_len(a)) == 0;
  secret_close(b);
  secret_close(a);
  return equal;
}

enum err_code passphrase_ask(const char *prompt, bool confirm, struct secret **out, struct err *err) {
  if (!confirm) return ask_once(prompt, out, err);
  for (int i = 0; i < TRIES; i++) {
    struct secret *first = NULL;
    struct secret *second = NULL;
    enum err_code code = ask_once(i == 0 ? prompt : "They differ. Passphrase: ", &first, err);
    if (code == OK) code = ask_once("The same again: ", &second, err);
    bool done = code != OK || same(first, second);
    secret_free(second);
    if (code == OK && done) {
      *out = first;
      return OK;
    }
    secret_free(first);
    if (done) return code;
  }
  return err_set(err, ERR_FAILED, "the two passphrases differ, %d times over", TRIES);
}

enum err_code passphrase_from_file(const char *path, struct secret **out, struct err *err) {
  struct secret *file = NULL;
  size_t len = 0;
  enum err_code code = privfile_read(path, FILE_MAX, &file, &len, err);
  if (code != OK) return code;
  const uint8_t *p = secret_open(file);
  const uint8_t *newline = memchr(p, '\n', len);
  code = take(p, newline == NULL ? len : (size_t)(newline - p), out, err);
  if (code != OK) (void)err_context(err, "%s", path);
  secret_close(file);
  secret_free(file);
  return code;
}

enum err_code passphrase_from_fd(int fd, struct secret **out, struct err *err) {
  enum err_code code = OK;
  size_t len = 0;
  struct secret *room = secret_new(PASSPHRASE_MAX + 1);
  if (room == NULL) return err_set(err, ERR_MEMORY, NULL);
  uint8_t *p = secret_open(room);
  while (len <= PASSPHRASE_MAX) {
    ssize_t n = read(fd, p + len, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) code = err_errno(err, ERR_IO, errno, "reading the passphrase");
    if (n <= 0 || p[len] == '\n') break;
    len++;
  }
  if (code == OK) code = take(p, len, out, err);
  secret_close(room);
  secret_free(room);
  return code;
}
