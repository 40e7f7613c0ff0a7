/*
 * sealed: a file of signed records (a bundle of type 9, docs/protocol.md 10), from a machine without network or out of an
 * outbox: read, handed in, and told of. Any member takes it, for itself or for another.
 */
#ifndef SPECOLA_CLI_SEALED_H
#define SPECOLA_CLI_SEALED_H

#include "cli/submit.h"
#include "protocol/bundle.h"

/* Whether the bundle that source gives is such a file; source is to be rewound then. */
bool sealed_is(bundle_source *source, void *context);
/* Hands in what the file at the start of source holds, by the open way, and tells of each record: lines for people, "records"
 * in cli->doc. ERR_REFUSED (one was refused: why), ERR_FORMAT, ERR_MISMATCH (the file is damaged), errors of the way. */
MUST_CHECK enum err_code sealed_hand_in(struct cli *cli, struct submit *s, bundle_source *source, void *context,
                                        struct err *err);

#endif
