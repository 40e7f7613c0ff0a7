/*
 * terminal: where the person of the desk types: the passphrase, when it is wanted, without its being shown; and a line feed for
 * another address. It waits in the desk's loop, so that pages go on meanwhile.
 */
#ifndef SPECOLA_CLI_DESK_TERMINAL_H
#define SPECOLA_CLI_DESK_TERMINAL_H

#include "keys/secret.h"

struct event_base;
struct terminal; /* opaque */

/* A line was typed. asked: it was asked for; then passphrase is the callee's, NULL if the line was empty. */
typedef void terminal_line(void *context, bool asked, struct secret *passphrase);

/* Opens /dev/tty. ERR_INPUT_NEEDED (there is none), ERR_MEMORY. The caller frees it, which shows again what is typed. */
MUST_CHECK enum err_code terminal_new(struct event_base *base, terminal_line *line, void *context, struct terminal **out,
                                      struct err *err);
void terminal_free(struct terminal *t); /* NULL is fine */
/* Writes the question and takes the next line as the passphrase, unseen; asked already: nothing. */
void terminal_ask(struct terminal *t, const char *question);
bool terminal_asks(const struct terminal *t) __attribute__((pure));

#endif
