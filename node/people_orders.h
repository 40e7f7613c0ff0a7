/*
 * people_orders: what a coordinator orders about people, as JSON: the same over run/ctl, which core answers, and in a command
 * that runs the hall itself.
 *
 *   certify {key, roles, territory, name, person?}  -> {reference, id}
 *   revoke {key, gen?, index?}                      -> {reference, id}; without a position: from now on
 *   wish {changes, consents}                        -> {reference, epoch}; changes to the list of members (docs/protocol.md
 *                                                      6.5), encoded, in hexadecimal; consents: the own node's, too
 *   invite {roles, territory, name?, person?, node, confirm, days}
 *                                                   -> {number, token, until}; token: 32 hexadecimal digits, told here once
 *                                                      and never again
 *   uninvite {number}                               -> {}
 *   confirm {number}                                -> {reference, id, key}
 */
#ifndef SPECOLA_NODE_PEOPLE_ORDERS_H
#define SPECOLA_NODE_PEOPLE_ORDERS_H

#include <jansson.h>

#include "node/ingest.h"

/* Whether there is such an order. */
bool people_order_is(const char *name);
/* Carries one out. *written: the own log grew. *answer: the caller decrefs. ERR_USAGE (an argument), ERR_REFUSED with the
 * reason (the log did not take it), errors of hall_certify, hall_revoke and node/invite.h. */
MUST_CHECK enum err_code people_order(struct hall *h, const char *name, const json_t *argument, bool *written, json_t **answer,
                                      struct err *err);

#endif
