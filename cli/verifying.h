/*
 * verifying: what `verify` does with a store, for the commands that make and take copies of one.
 */
#ifndef SPECOLA_CLI_VERIFYING_H
#define SPECOLA_CLI_VERIFYING_H

#include "cli/here.h"

/* Checks every log of here->store: roots, signatures, commitments; says what was checked. Of here the store and the federation
 * are used. ERR_MISMATCH, ERR_SIGNATURE, ERR_FORMAT, store errors. */
MUST_CHECK enum err_code verify_here(struct cli *cli, const struct here *here, struct err *err);

#endif
