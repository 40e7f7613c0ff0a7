/*
 * ask: one line from the terminal (see ask.h).
 */
#include "cli/ask.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "cli/out.h"

bool ask_can(const struct cli *cli) {
  return !cli->no_input && isatty(STDIN_FILENO) == 1;
}

/* The next octet that the person typed; EOF at the end and at an interrupt. Whoever handles SIGINT keeps it blocked meanwhile:
 * it comes through here alone, so that none is lost between a look and a wait. */
static int next_octet(void) {
  struct pollfd in = {STDIN_FILENO, POLLIN, 0};
  sigset_t waiting;
  uint8_t octet = 0;
  (void)pthread_sigmask(SIG_SETMASK, NULL, &waiting);
  (void)sigdelset(&waiting, SIGINT);
  if (ppoll(&in, 1, NULL, &waiting) < 0 || read(STDIN_FILENO, &octet, 1) != 1) {
    return EOF;
  }
  return octet;
}

enum err_code ask_line(const struct cli *cli, const char *question, struct bytes *out, bool *ended, struct err *err) {
  int c = EOF;
  enum err_code code = OK;
  bytes_clear(out);
  *ended = false;
  if (!ask_can(cli)) {
    return err_set(err, ERR_INPUT_NEEDED, "nobody can be asked: %s", question);
  }
  fflush(stdout);
  fprintf(stderr, "%s ", question);
  fflush(stderr);
  while (code == OK && (c = next_octet()) != EOF && c != '\n') {
    code = bytes_append_u8(out, (uint8_t)c, err);
  }
  *ended = c == EOF;
  if (c == EOF) {
    fputc('\n', stderr);
  }
  return code;
}

enum err_code ask_yes(const struct cli *cli, const char *question, bool fallback, bool *yes, struct err *err) {
  static const char *const words[] = {"y", "yes", "s", "si", "s\xc3\xac"};
  char asked[512];
  struct bytes answer;
  bool ended = false;
  bytes_init(&answer, 256);
  snprintf(asked, sizeof asked, "%.480s [%s]", question, fallback ? out_word(cli, "Y/n", "S/n") : out_word(cli, "y/N", "s/N"));
  enum err_code code = ask_line(cli, asked, &answer, &ended, err);
  const char *text = bytes_text(&answer);
  *yes = fallback && (ended || answer.len == 0);
  for (size_t i = 0; text != NULL && i < sizeof words / sizeof words[0]; i++) {
    *yes = *yes || strcasecmp(text, words[i]) == 0;
  }
  bytes_release(&answer);
  return code;
}
