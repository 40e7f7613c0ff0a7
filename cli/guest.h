/*
 * guest: a node that asked to come in, until it is a member (docs/protocol.md 17): it follows the observatory as a replica
 * does, and reads there how far it is.
 *
 *   asked      a member has its request             proposed   a record in the log of one says so; others consent
 *   admitted   the list of members has it: its log can begin
 *   removed    a newer list has it no more          not asked  nothing here says with which node id it asked
 */
#ifndef SPECOLA_CLI_GUEST_H
#define SPECOLA_CLI_GUEST_H

#include "cli/here.h"

/* Whether the node of this home may ask: it is no member, and has not been one. ERR_REFUSED; ERR_CORRUPT: its store is lost. */
MUST_CHECK enum err_code guest_may_ask(struct cli *cli, struct err *err);
/* Fetches what is new, and looks whether the node is a member now; if not, it tells how far the request is. Errors of
 * following_run and of the store. */
MUST_CHECK enum err_code guest_follow(struct cli *cli, const struct home *home, bool *admitted, struct err *err);
/* How far it is, into the document: "guest": {"state", "handle", "node", "id", "by", "given", "needed", "consents", "epoch"},
 * as far as there is something to say. Store errors. */
MUST_CHECK enum err_code guest_put_status(struct cli *cli, const struct here *here, struct err *err);
/* The same for people, from the document, in one line, and what to do. */
void guest_say_status(struct cli *cli);

#endif
