/*
 * invitation: the line by which somebody is invited (docs/protocol.md 17), as people send it to each other:
 *
 *   specola:join?o=<fed_id>&n=<node id>&k=<four words>&t=<token>&at=<address of the node's pages>
 */
#ifndef SPECOLA_CLI_INVITATION_H
#define SPECOLA_CLI_INVITATION_H

#include "keys/hash.h"
#include "protocol/ask.h"

#define INVITATION_START "specola:join?"
#define INVITATION_LINE_MAX 1280 /* octets with the NUL: every octet of an address percent-encoded */

struct invitation_line {
  struct hash fed_id, node; /* observatory; who invites */
  bool has_token;           /* false: to read needs no leave */
  struct token token;
  char at[LIMIT_ENDPOINT + 1]; /* http:// or https://, without a slash at its end */
};
/* Whether text is meant as such a line, whole or not. */
bool invitation_is_line(const char *text);
/* Whether text may stand as `at`; out receives it without slashes at its end. ERR_USAGE. */
MUST_CHECK enum err_code invitation_address(const char *text, char out[LIMIT_ENDPOINT + 1], struct err *err);
void invitation_format(const struct invitation_line *line, char out[INVITATION_LINE_MAX]);
/* Reads one; white space anywhere in it, as mail programs put it there, is passed over. ERR_USAGE, saying which part is missing
 * or not whole. */
MUST_CHECK enum err_code invitation_parse(const char *text, struct invitation_line *out, struct err *err);

#endif
