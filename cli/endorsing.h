/*
 * endorsing: a statement signed, or taken back, and on its way into the own log. What is asked and told is cmd_endorse's.
 */
#ifndef SPECOLA_CLI_ENDORSING_H
#define SPECOLA_CLI_ENDORSING_H

#include "cli/submit.h"

/* Signs a statement, as query_endorse tells it, of the object whose query_show json is; said: the body (docs/protocol.md 16),
 * may be empty. The person's key is open. reference: where it stands in the log. ERR_REFUSED, ERR_QUEUED, ERR_USAGE (said
 * cannot be signed), errors of the way. */
MUST_CHECK enum err_code endorsing_sign(struct submit *s, const json_t *json, const json_t *statement, json_t *said,
                                        char reference[REFERENCE_MAX], struct err *err);
/* Takes back every signature of this object that is by key (hexadecimal) and was not taken back. reference: of the last. Same
 * errors. */
MUST_CHECK enum err_code endorsing_take_back(struct submit *s, const json_t *json, const char *key,
                                             char reference[REFERENCE_MAX], struct err *err);
/* Whether a signature, as query_endorse tells it, is by key (hexadecimal) and was not taken back. */
bool endorsing_is_by(const json_t *signature, const char *key);

#endif
