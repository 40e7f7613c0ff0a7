/*
 * endorsing: a statement signed, or taken back, and on its way into the own log; and what stands before that: who signed what
 * already, what may be signed and said. What is asked and told is cmd_endorse's, and the desk's.
 *
 * "endorsement" is what query_endorse tells of an object, "json" what query_show tells; key: a public key in hexadecimal.
 */
#ifndef SPECOLA_CLI_ENDORSING_H
#define SPECOLA_CLI_ENDORSING_H

#include "cli/submit.h"

#define ENDORSING_TEXT_CHARS 2000 /* of a remark or an interest */

/* The own signature of a statement that was not taken back; NULL: none. Borrowed. */
const json_t *endorsing_mine(const json_t *statement, const char *key);
/* The own signature of the highest version before the newest, and that version's number; NULL: none. Borrowed. */
const json_t *endorsing_mine_before(const json_t *endorsement, const char *key, size_t *number);
/* Whether any version has one. */
bool endorsing_has_mine(const json_t *endorsement, const char *key);
/* Whether somebody of this node could sign the statement (NULL: there is no policy): ERR_REFUSED, and why not. */
MUST_CHECK enum err_code endorsing_may(const struct federation *f, const json_t *json, const json_t *statement,
                                       struct err *err);
/* Whether code is one of the policy's criteria. */
bool endorsing_is_criterion(const json_t *policy, const char *code);
/* ERR_USAGE unless text (NULL: none) is one of at most ENDORSING_TEXT_CHARS; ERR_USAGE unless tag ("": none) is a language tag.
 * option: how it was given. */
MUST_CHECK enum err_code endorsing_check_text(const char *option, const char *text, struct err *err);
MUST_CHECK enum err_code endorsing_check_language(const char *option, const char *tag, struct err *err);
/* What an earlier signature says beside the statement, into said. */
void endorsing_carry(json_t *said, const json_t *before);
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
