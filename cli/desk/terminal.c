/*
 * terminal: see terminal.h. The terminal gives whole lines; what is typed goes from the kernel into guarded memory at once.
 */
#include "cli/desk/terminal.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "keys/passphrase.h"

struct terminal {
  int fd;
  struct event *readable;
  struct termios before; /* as it was found */
  terminal_line *line;
  void *context;
  struct secret *room; /* PASSPHRASE_MAX + 1 octets, of which have are filled */
  size_t have;
  bool asks;
};

static void say(const struct terminal *t, const char *text) {
  if (write(t->fd, text, strlen(text)) < 0) {
    return; /* a terminal that is gone is noticed when it is read */
  }
}

static void show_typing(const struct terminal *t, bool shown) {
  struct termios mode = t->before;
  if (!shown) {
    mode.c_lflag &= (tcflag_t) ~(tcflag_t)(ECHO | ECHONL);
  }
  (void)tcsetattr(t->fd, TCSAFLUSH, &mode);
}

/* The line that has come, as a secret of its own; the room is empty again. */
static struct secret *take_line(struct terminal *t) {
  uint8_t *octets = secret_open(t->room);
  const size_t len = t->have > 0 && octets[t->have - 1] == '\n' ? t->have - 1 : t->have;
  struct secret *out = t->asks && len > 0 ? secret_copy(view_of(octets, len)) : NULL;
  memset(octets, 0, PASSPHRASE_MAX + 1);
  secret_close(t->room);
  t->have = 0;
  return out;
}

static void on_readable(evutil_socket_t fd, short what, void *context) {
  struct terminal *t = context;
  uint8_t *octets = secret_open(t->room);
  const ssize_t n = read(fd, octets + t->have, PASSPHRASE_MAX + 1 - t->have);
  const bool whole = n > 0 && (octets[t->have + (size_t)n - 1] == '\n' || t->have + (size_t)n > PASSPHRASE_MAX);
  secret_close(t->room);
  (void)what;
  if (n <= 0) {
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
      (void)event_del(t->readable); /* closed: nobody types any more */
    }
    return;
  }
  t->have += (size_t)n;
  if (!whole) {
    return;
  }
  struct secret *passphrase = take_line(t);
  const bool asked = t->asks;
  if (asked) {
    say(t, "\n");
    show_typing(t, true);
    t->asks = false;
  }
  t->line(t->context, asked, passphrase);
}

enum err_code terminal_new(struct event_base *base, terminal_line *line, void *context, struct terminal **out,
                           struct err *err) {
  struct terminal *t = calloc(1, sizeof *t);
  if (t == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  t->line = line;
  t->context = context;
  t->fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (t->fd < 0 || tcgetattr(t->fd, &t->before) != 0) {
    terminal_free(t);
    err_set(err, ERR_INPUT_NEEDED, "there is no terminal to ask for the passphrase");
    return err_hint(err, "run it in a terminal, or name a file: --passphrase-file FILE");
  }
  t->room = secret_new(PASSPHRASE_MAX + 1);
  t->readable = event_new(base, t->fd, EV_READ | EV_PERSIST, on_readable, t);
  if (t->room == NULL || t->readable == NULL || event_add(t->readable, NULL) != 0) {
    terminal_free(t);
    return err_set(err, ERR_MEMORY, NULL);
  }
  *out = t;
  return OK;
}

void terminal_free(struct terminal *t) {
  if (t == NULL) {
    return;
  }
  if (t->asks) {
    say(t, "\n");
    show_typing(t, true);
  }
  if (t->readable != NULL) {
    event_free(t->readable);
  }
  if (t->fd >= 0) {
    close(t->fd);
  }
  secret_free(t->room);
  free(t);
}

void terminal_ask(struct terminal *t, const char *question) {
  if (t->asks) {
    return;
  }
  show_typing(t, false);
  say(t, question);
  t->asks = true;
}

bool terminal_asks(const struct terminal *t) {
  return t->asks;
}
