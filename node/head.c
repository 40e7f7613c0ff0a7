/*
 * head: see head.h. A line is "specola-head SEQ GEN SIZE ROOT CHECK", numbers of 20 digits, padded to a sector. CHECK is the
 * beginning of the line's own SHA-256; of two that are right the one with the higher SEQ counts.
 */
#include "node/head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "node/home.h"

#define FILE_NAME "head"
#define SECTOR 512u
#define SLOTS 2u
#define CHECK_LEN 16u /* hexadecimal digits */
#define LINE_MAX 200u

/* The slots of a file. seq 0: nothing that could be read. */
struct slots {
  uint64_t seq[SLOTS];
  struct own_head heads[SLOTS];
};

static enum err_code path_of(const char *dir, char out[HOME_PATH_MAX], struct err *err) {
  const int n = snprintf(out, HOME_PATH_MAX, "%s/%s", dir, FILE_NAME);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", dir) : OK;
}

/* What the check says of the first len octets of a line. */
static void check_of(const char *line, size_t len, char out[HASH_HEX_LEN]) {
  const struct hash hash = hash_sha256(view_of((const uint8_t *)line, len));
  hash_hex(&hash, out);
  out[CHECK_LEN] = '\0';
}

static void write_slot(uint64_t seq, const struct own_head *head, uint8_t out[SECTOR]) {
  char line[LINE_MAX], root[HASH_HEX_LEN], check[HASH_HEX_LEN];
  hash_hex(&head->root, root);
  const int n = snprintf(line, sizeof line, "specola-head %020" PRIu64 " %020" PRIu64 " %020" PRIu64 " %s ", seq, head->gen,
                         head->size, root);
  check_of(line, (size_t)n, check);
  memset(out, ' ', SECTOR);
  memcpy(out, line, (size_t)n);
  memcpy(out + n, check, CHECK_LEN);
  out[SECTOR - 1] = '\n';
}

/* Fields of fixed places, each of digits. */
static void read_slot(const uint8_t *octets, uint64_t *seq, struct own_head *out) {
  enum { WORD = 13, NUMBER = 20, ROOT = WORD + 3 * (NUMBER + 1), END = ROOT + HASH_HEX_LEN };
  char check[HASH_HEX_LEN];
  uint64_t numbers[3] = {0};
  *seq = 0;
  check_of((const char *)octets, END, check);
  if (memcmp(octets, "specola-head ", WORD) != 0 || memcmp(octets + END, check, CHECK_LEN) != 0) return;
  for (size_t i = 0; i < 3; i++) {
    for (size_t k = 0; k < NUMBER; k++)
      numbers[i] = numbers[i] * 10 + (uint64_t)(octets[WORD + i * (NUMBER + 1) + k] - '0');
  }
  if (hash_from_hex(view_of(octets + ROOT, HASH_HEX_LEN - 1), &out->root, NULL) != OK) return;
  *seq = numbers[0];
  out->gen = numbers[1];
  out->size = numbers[2];
}

static enum err_code read_slots(int fd, struct slots *out, struct err *err) {
  uint8_t octets[SLOTS * SECTOR] = {0};
  const ssize_t n = pread(fd, octets, sizeof octets, 0);
  if (n < 0) return err_errno(err, ERR_IO, errno, FILE_NAME);
  for (size_t i = 0; i < SLOTS; i++)
    read_slot(octets + i * SECTOR, &out->seq[i], &out->heads[i]);
  return OK;
}

static size_t newest(const struct slots *s) {
  return s->seq[1] > s->seq[0];
}

static enum err_code open_slots(const char *dir, int flags, int *fd, struct slots *out, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = path_of(dir, path, err);
  if (code != OK) return code;
  *fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
  if (*fd < 0) return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  return read_slots(*fd, out, err);
}

static enum err_code head_read(void *context, struct own_head *out, struct err *err) {
  struct slots slots = {.seq = {0}};
  int fd = -1;
  enum err_code code = open_slots(context, O_RDONLY, &fd, &slots, err);
  if (code == OK && slots.seq[newest(&slots)] == 0) {
    code = err_set(err, ERR_NOT_FOUND, "%s cannot be read", FILE_NAME);
  }
  if (code == OK) *out = slots.heads[newest(&slots)];
  if (fd >= 0) close(fd);
  return code;
}

static enum err_code head_make(const char *dir, const struct own_head *head, struct err *err) {
  char path[HOME_PATH_MAX];
  uint8_t octets[SLOTS * SECTOR];
  enum err_code code = path_of(dir, path, err);
  write_slot(1, head, octets);
  write_slot(2, head, octets + SECTOR);
  return code == OK ? file_write(path, view_of(octets, sizeof octets), true, err) : code;
}

static enum err_code head_put(void *context, const struct own_head *head, struct err *err) {
  struct slots slots = {.seq = {0}};
  struct err why = ERR_INIT;
  uint8_t octets[SECTOR];
  int fd = -1;
  enum err_code code = open_slots(context, O_RDWR, &fd, &slots, &why);
  if (code == ERR_NOT_FOUND || (code == OK && slots.seq[newest(&slots)] == 0)) {
    code = head_make(context, head, err);
  } else if (code != OK) {
    code = err_set(err, code, "%s", why.message);
  } else {
    const size_t place = 1 - newest(&slots);
    write_slot(slots.seq[newest(&slots)] + 1, head, octets);
    if (pwrite(fd, octets, sizeof octets, (off_t)(place * SECTOR)) != (ssize_t)sizeof octets || fdatasync(fd) != 0) {
      code = err_errno(err, ERR_IO, errno, FILE_NAME);
    }
  }
  if (fd >= 0) close(fd);
  return code;
}

struct head_file head_in(const char *dir) {
  union {
    const char *in;
    void *out;
  } folder = {.in = dir}; /* the seam's context is anybody's; this one is only read */
  return (struct head_file){.context = folder.out, .read = head_read, .put = head_put};
}
