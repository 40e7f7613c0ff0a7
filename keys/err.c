/*
 * err: the table of codes, and the three writers of messages.
 *
 * Every formatted message passes through clean(): what foreign bytes it may carry, a terminal sees none of its controls.
 */
#include "keys/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"

struct entry {
  const char *name;
  int exit_status;
  const char *text;
};

static const struct entry ENTRIES[] = {
#define ERR_ENTRY(symbol, name, exit_status, text) [symbol] = {name, exit_status, text},
    ERR_TABLE(ERR_ENTRY)
#undef ERR_ENTRY
};

static const struct entry *entry_of(enum err_code code) {
  size_t index = (size_t)code;
  return &ENTRIES[index < sizeof ENTRIES / sizeof *ENTRIES ? index : (size_t)ERR_FAILED];
}

/* Replaces controls, bidi overrides and broken octets of text by '?', in place; a sequence that was cut at the end goes. */
static void clean(char *text, bool was_cut) {
  struct view rest = view_of_text(text);
  char *to = text;
  while (rest.len > 0) {
    uint32_t c = 0;
    size_t n = text_decode(rest, &c);
    if (n == 0 && was_cut && rest.len < 4) break;
    if (n == 0 || text_is_harmful(c)) {
      *to++ = '?';
    } else {
      memmove(to, rest.p, n);
      to += n;
    }
    n += n == 0;
    rest = view_of(rest.p + n, rest.len - n);
  }
  *to = '\0';
}

/* Formats into out[size], cut and cleaned. The arguments may point into out. */
__attribute__((format(printf, 3, 0))) static void write_clean(char *out, size_t size, const char *format, va_list args) {
  char text[ERR_MESSAGE_MAX];
  int n = vsnprintf(text, size, format, args);
  if (n < 0) text[0] = '\0';
  clean(text, n >= 0 && (size_t)n >= size);
  memcpy(out, text, strlen(text) + 1);
}

enum err_code err_set(struct err *err, enum err_code code, const char *format, ...) {
  if (err == NULL) return code;
  if (code == OK) {
    err_clear(err);
    return OK;
  }
  if (format == NULL) {
    (void)snprintf(err->message, sizeof err->message, "%s", err_text(code));
  } else {
    va_list args;
    va_start(args, format);
    write_clean(err->message, sizeof err->message, format, args);
    va_end(args);
  }
  err->code = code;
  err->hint[0] = '\0';
  return code;
}

enum err_code err_hint(struct err *err, const char *format, ...) {
  if (err == NULL) return ERR_FAILED;
  if (err->code == OK) return OK;
  va_list args;
  va_start(args, format);
  write_clean(err->hint, sizeof err->hint, format, args);
  va_end(args);
  return err->code;
}

enum err_code err_context(struct err *err, const char *format, ...) {
  if (err == NULL) return ERR_FAILED;
  if (err->code == OK) return OK;
  char context[ERR_MESSAGE_MAX];
  char both[2 * ERR_MESSAGE_MAX + 2];
  va_list args;
  va_start(args, format);
  write_clean(context, sizeof context, format, args);
  va_end(args);
  (void)snprintf(both, sizeof both, "%s: %s", context, err->message);
  bool was_cut = strlen(both) >= sizeof err->message;
  both[sizeof err->message - 1] = '\0';
  clean(both, was_cut);
  memcpy(err->message, both, strlen(both) + 1);
  return err->code;
}

enum err_code err_errno(struct err *err, enum err_code fallback, int errno_value, const char *what) {
  enum err_code code = errno_value == ENOSPC || errno_value == EDQUOT ? ERR_DISK_FULL : fallback;
  char buffer[128];
  return err_set(err, code, "%s: %s", what, strerror_r(errno_value, buffer, sizeof buffer));
}

void err_clear(struct err *err) {
  if (err == NULL) return;
  err->code = OK;
  err->message[0] = '\0';
  err->hint[0] = '\0';
}

const char *err_name(enum err_code code) {
  return entry_of(code)->name;
}

int err_exit_status(enum err_code code) {
  return entry_of(code)->exit_status;
}

const char *err_text(enum err_code code) {
  return entry_of(code)->text;
}
