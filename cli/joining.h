/*
 * joining: what somebody does who was invited by a line (docs/protocol.md 17): looks whether the node is the one that invites,
 * makes a replica here, makes a key, and asks for its certificate. Every step bears being done again: whoever was cut short
 * runs the same line once more.
 */
#ifndef SPECOLA_CLI_JOINING_H
#define SPECOLA_CLI_JOINING_H

#include "cli/cli.h"

/* text: the line, or "-": it is read from stdin. ERR_USAGE (the line is not whole), ERR_UNREACHABLE, ERR_MISMATCH (another node
 * or observatory answers there), ERR_INPUT_NEEDED, ERR_PASSPHRASE, ERR_QUEUED (the coordinator's word is waited for),
 * ERR_REFUSED with the reason and what to do, errors of replica_begin. */
MUST_CHECK enum err_code joining(struct cli *cli, const char *text, const struct args *args, struct err *err);

#endif
