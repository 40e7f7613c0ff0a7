/*
 * signed_line: a file of signed records (a bundle of type 9, docs/protocol.md 10) as one line of text, for ways on which no
 * file goes: a code that a telephone reads off a screen, a message.
 *
 *   specola:signed?b=<the file, base64url without padding>
 */
#ifndef SPECOLA_CLI_SIGNED_LINE_H
#define SPECOLA_CLI_SIGNED_LINE_H

#include <stdbool.h>

#include "keys/bytes.h"

#define SIGNED_LINE_START "specola:signed?b="

/* Whether text begins as such a line does, whole or not. */
bool signed_line_is(struct view text);
/* Appends the line of file (octets) to out, which need not hold a NUL behind it. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code signed_line_write(struct view file, struct bytes *out, struct err *err);
/* The octets of a line, appended to out; white space anywhere behind its start, as mail programs put it there, is passed over.
 * What they are is not looked at. ERR_FORMAT (it is not whole), ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code signed_line_read(struct view text, struct bytes *out, struct err *err);

#endif
