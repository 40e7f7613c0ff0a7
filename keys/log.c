/*
 * log: formats a line, escapes it as a whole, and hands it to the kernel in one piece.
 */
#include "keys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "keys/text.h"

#define RAW_MAX 1000                /* octets of a line before it is escaped, with the NUL */
#define LINE_MAX_ESCAPED (4096 - 1) /* PIPE_BUF without the newline; "\xNN" is the longest escape, four octets for one */

static const char *const LEVELS[] = {
    [LOG_ERROR] = "error",
    [LOG_WARNING] = "warning",
    [LOG_INFO] = "info",
    [LOG_DEBUG] = "debug",
};

static _Atomic(enum log_level) threshold = LOG_WARNING;
static _Atomic(const char *) process = NULL;

void log_set_level(enum log_level level) {
  atomic_store(&threshold, level);
}

void log_set_process(const char *name) {
  atomic_store(&process, name);
}

/* Adds to the line of *len octets; marks it when it has to be cut. */
__attribute__((format(printf, 3, 0))) static void add(char line[RAW_MAX], size_t *len, const char *format, va_list args) {
  static const char CUT[] = "...";
  size_t room = RAW_MAX - *len;
  int n = vsnprintf(line + *len, room, format, args);
  if (n < 0) return;
  if ((size_t)n < room) {
    *len += (size_t)n;
    return;
  }
  *len = RAW_MAX - sizeof CUT;
  while (*len > 0 && ((unsigned char)line[*len] & 0xc0) == 0x80)
    --*len; /* not through the middle of a character */
  memcpy(line + *len, CUT, sizeof CUT);
  *len += sizeof CUT - 1;
}

__attribute__((format(printf, 3, 4))) static void addf(char line[RAW_MAX], size_t *len, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add(line, len, format, args);
  va_end(args);
}

/* One write; again only if a signal came before anything was written. */
static void emit(struct view line) {
  ssize_t n;
  do {
    n = write(STDERR_FILENO, line.p, line.len);
  } while (n < 0 && errno == EINTR);
}

void log_line(enum log_level level, const char *room, const char *message, const char *format, ...) {
  if (level > atomic_load(&threshold)) return;
  int saved_errno = errno;
  char raw[RAW_MAX];
  size_t len = 0;
  const char *name = atomic_load(&process);
  addf(raw, &len, "%s%s%s %s: %s", name == NULL ? "" : name, name == NULL ? "" : " ", LEVELS[level], room, message);
  if (format != NULL && len < RAW_MAX - 1) {
    va_list args;
    va_start(args, format);
    addf(raw, &len, " ");
    add(raw, &len, format, args);
    va_end(args);
  }
  struct bytes line;
  bytes_init(&line, LINE_MAX_ESCAPED + 1);
  if (text_escape(view_of(raw, len), false, &line, NULL) == OK && bytes_append_u8(&line, '\n', NULL) == OK) {
    emit(bytes_view(&line));
  } else {
    static const char LOST[] = "error log: a line was lost for want of memory\n";
    emit(view_of(LOST, sizeof LOST - 1));
  }
  bytes_release(&line);
  errno = saved_errno;
}
