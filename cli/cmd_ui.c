/*
 * ui: the reviewer's desk in the browser of whoever sits here: what waits, a case, what would be signed, what was. Its process
 * is the person's own: it listens on the loopback alone, to this user alone, and asks for the passphrase in the terminal.
 */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/desk/desk.h"
#include "cli/desk/owner.h"
#include "cli/desk/terminal.h"
#include "cli/out.h"
#include "node/confine.h"
#include "node/web/server.h"

const struct option_row options_ui[] = {
    {"port", 0, OPTION_VALUE, "N", "the port to listen on (one that the kernel chooses)",
     "la porta su cui ascoltare (scelta dal sistema)"},
    {"six", 0, OPTION_FLAG, NULL, "listen on ::1 (IPv6) instead of 127.0.0.1", "ascolta su ::1 (IPv6) anziché su 127.0.0.1"},
    {"lock-after", 0, OPTION_VALUE, "MIN", "minutes until the key is locked again (15)",
     "minuti dopo i quali la chiave si richiude (15)"},
    {"address", 0, OPTION_VALUE, "FILE", "write the address into FILE, too, which nobody else can read",
     "scrive l'indirizzo anche in FILE, che nessun altro può leggere"},
    OPTIONS_END,
};

#define TRIES 3

/* The desk at work. */
struct ui {
  struct cli *cli;
  struct desk desk;
  struct event_base *base;
  struct event *snapshot, *stops[2], *relock;
  struct refresher *refresher;
  struct server *server;
  struct terminal *terminal; /* NULL: nobody can be asked */
  const char *address_file;
  unsigned wrong; /* passphrases in a row */
  enum err_code code;
  struct err *err;
};

/* ---- the address ---- */

/* Another address, which works once. */
static enum err_code invite(struct ui *ui) {
  char secret[BROWSER_SECRET_HEX], line[512];
  browser_invite(&ui->desk.browser, secret);
  (void)snprintf(line, sizeof line, "%s/?token=%s", server_address(ui->server), secret);
  out_line(ui->cli, "%s", line);
  (void)fflush(stdout);
  if (ui->address_file == NULL) {
    return OK;
  }
  (void)unlink(ui->address_file);
  return file_write(ui->address_file, view_of_text(line), true, ui->err);
}

/* ---- the key ---- */

static void set_relock(struct ui *ui) {
  const uint64_t ms = lock_left_ms(&ui->desk.lock) + 1;
  const struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};
  (void)evtimer_add(ui->relock, &wait);
}

static void on_relock(evutil_socket_t fd, short what, void *context) {
  struct ui *ui = context;
  (void)fd;
  (void)what;
  if (lock_left_ms(&ui->desk.lock) > 0) {
    set_relock(ui);
  } else {
    out_note(ui->cli, "%s", out_word(ui->cli, "The key is locked again.", "La chiave è di nuovo chiusa."));
  }
}

/* Opens the key; what went wrong is told in the terminal. */
static bool unlock(struct ui *ui, struct secret *passphrase) {
  struct err err = ERR_INIT;
  struct signer signer = {.secret = NULL};
  if (person_unseal(ui->cli, passphrase, &signer, &err) != OK) {
    (void)fprintf(stderr, "%s\n", err.message);
    return false;
  }
  lock_open(&ui->desk.lock, &signer);
  set_relock(ui);
  out_note(ui->cli, "%s %ju min.", out_word(ui->cli, "The key is open for", "La chiave è aperta per"),
           (uintmax_t)(ui->desk.lock.span_ms / 60000u));
  return true;
}

/* Whether the passphrase comes from a file, and nobody is asked. */
static bool has_file(const struct cli *cli) {
  return cli->passphrase_file != NULL || cli->passphrase_fd >= 0;
}

static void ask(struct ui *ui) {
  terminal_ask(ui->terminal, out_word(ui->cli, "The desk wants to sign. Passphrase of your key (not shown): ",
                                      "La scrivania vuole firmare. Passphrase della chiave (non mostrata): "));
}

/* The desk's wish: see desk.h. */
static void want(void *context) {
  struct ui *ui = context;
  struct secret *passphrase = NULL;
  struct err err = ERR_INIT;
  if (!has_file(ui->cli)) {
    ui->wrong = 0;
    ask(ui);
  } else if (cli_passphrase(ui->cli, "your key", false, &passphrase, &err) == OK) {
    (void)unlock(ui, passphrase);
  } else {
    (void)fprintf(stderr, "%s\n", err.message);
  }
}

static void on_line(void *context, bool asked, struct secret *passphrase) {
  struct ui *ui = context;
  if (!asked) {
    if (invite(ui) != OK) {
      (void)fprintf(stderr, "%s\n", ui->err->message);
    }
    return;
  }
  if (passphrase != NULL && !unlock(ui, passphrase) && ++ui->wrong < TRIES) {
    ask(ui);
  }
  secret_free(passphrase);
}

/* ---- the loop ---- */

static bool is_own(void *context, int fd) {
  uid_t uid = 0;
  struct err err = ERR_INIT;
  (void)context;
  return owner_of_peer(fd, &uid, &err) == OK && uid == geteuid();
}

static bool forward_nothing(void *context, uint64_t id, const char *path, struct view body) {
  (void)context;
  (void)id;
  (void)path;
  (void)body;
  return false;
}

static void on_snapshot(evutil_socket_t fd, short what, void *context) {
  struct ui *ui = context;
  struct snapshot *next = refresher_take(ui->refresher);
  (void)fd;
  (void)what;
  if (next == NULL) {
    return;
  }
  next->federation.own = ui->desk.here.federation.own; /* a replica has none; its person has */
  const bool first = ui->desk.site.now == NULL;
  snapshot_free(ui->desk.site.now);
  ui->desk.site.now = next;
  if (first) { /* now there is something to show */
    ui->code = invite(ui);
    out_note(
        ui->cli, "%s",
        out_word(ui->cli, "Open this address in your browser; it works once. Enter prints another one, Ctrl-C ends the desk.",
                 "Aprire questo indirizzo nel browser; vale una volta. Invio ne stampa un altro, Ctrl-C chiude la scrivania."));
  }
  if (ui->code != OK) {
    (void)event_base_loopbreak(ui->base);
  }
}

static void on_stop(evutil_socket_t fd, short what, void *context) {
  struct ui *ui = context;
  (void)fd;
  (void)what;
  (void)event_base_loopbreak(ui->base);
}

static enum err_code open_events(struct ui *ui, struct err *err) {
  static const int signals[] = {SIGINT, SIGTERM};
  ui->base = event_base_new();
  if (ui->base == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  ui->relock = evtimer_new(ui->base, on_relock, ui);
  ui->snapshot = event_new(ui->base, refresher_fd(ui->refresher), EV_READ | EV_PERSIST, on_snapshot, ui);
  bool there = ui->relock != NULL && ui->snapshot != NULL && event_add(ui->snapshot, NULL) == 0;
  for (size_t i = 0; i < 2; i++) {
    ui->stops[i] = evsignal_new(ui->base, signals[i], on_stop, ui);
    there = there && ui->stops[i] != NULL && event_add(ui->stops[i], NULL) == 0;
  }
  return there ? OK : err_set(err, ERR_MEMORY, NULL);
}

static enum err_code nobody_to_ask(struct err *err) {
  err_set(err, ERR_INPUT_NEEDED, "nobody can be asked for the passphrase");
  return err_hint(err, "--passphrase-file FILE, or run it in a terminal");
}

static enum err_code open_ui(struct ui *ui, uint64_t port, bool six, struct err *err) {
  char listen[64];
  enum err_code code = refresher_new(ui->desk.here.home.dir, ui->desk.here.schemas, &ui->refresher, err);
  if (code == OK) {
    code = open_events(ui, err);
  }
  if (code == OK && (!has_file(ui->cli) || ask_can(ui->cli))) {
    code = ui->cli->no_input ? nobody_to_ask(err) : terminal_new(ui->base, on_line, ui, &ui->terminal, err);
  }
  (void)snprintf(listen, sizeof listen, "http://%s:%u", six ? "[::1]" : "127.0.0.1", (unsigned)port);
  const struct server_config config = {.base = ui->base,
                                       .site = &ui->desk.site,
                                       .listen = listen,
                                       .name = "",
                                       .forward = forward_nothing,
                                       .accepts = is_own,
                                       .context = ui};
  if (code == OK && (code = server_new(&config, &ui->server, err)) == OK) {
    ui->desk.host = server_address(ui->server) + strlen("http://");
  }
  return code;
}

static void close_ui(struct ui *ui) {
  server_free(ui->server);
  terminal_free(ui->terminal);
  struct event *const events[] = {ui->snapshot, ui->stops[0], ui->stops[1], ui->relock};
  for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
    if (events[i] != NULL) {
      event_free(events[i]);
    }
  }
  refresher_free(ui->refresher);
  desk_release(&ui->desk);
  if (ui->base != NULL) {
    event_base_free(ui->base);
  }
}

enum err_code cmd_ui(struct cli *cli, const struct args *args, struct err *err) {
  struct ui ui = {.cli = cli, .address_file = args_value(args, "address"), .err = err};
  uint64_t port = 0, minutes = LOCK_AFTER_MIN;
  enum err_code code = args_number(args, "port", 1, UINT16_MAX, 0, &port, err);
  if (code == OK) {
    code = args_number(args, "lock-after", 1, LOCK_AFTER_MAX, LOCK_AFTER_MIN, &minutes, err);
  }
  if (code != OK || (code = desk_init(cli, clock_system(), minutes, &ui.desk, err)) != OK) {
    return code;
  }
  ui.desk.want = want;
  ui.desk.context = &ui;
  confine_keys();
  (void)signal(SIGPIPE, SIG_IGN);
  code = open_ui(&ui, port, args_flag(args, "six"), err);
  if (code == OK) {
    (void)event_base_dispatch(ui.base);
    code = ui.code;
  }
  if (ui.address_file != NULL) {
    (void)unlink(ui.address_file);
  }
  out_set_number(cli, "signed", ui.desk.n_signed);
  out_set_number(cli, "taken_back", ui.desk.n_taken_back);
  close_ui(&ui);
  return code;
}
