/*
 * courier: the process that carries sealed records to another member's web (docs/protocol.md 9). It has no store and no key; it
 * asks what core tells it to ask, one request after the other, and hands back what was answered, of which core believes what is
 * signed.
 *
 *   core -> PIPE_REQUEST [id, reach, base URL, body] -> POST base/sync/submit -> PIPE_ANSWER [id, status, "", body] -> core
 *
 * reach (node/net/reach.h): how far within our own walls what another member signed as its address may lead.
 * status 0: there was no answer; the body is then the reason in words.
 */
#ifndef SPECOLA_NODE_NET_COURIER_H
#define SPECOLA_NODE_NET_COURIER_H

#include "node/pipe.h"

#define COURIER_MS 20000u /* of a request and its answer */

/* Until it is told to stop. ERR_UNREACHABLE: the supervisor is gone. ERR_FORMAT: a pipe broke the rules. ERR_MEMORY. */
MUST_CHECK enum err_code courier_run(struct pipe *supervisor, struct err *err);

#endif
