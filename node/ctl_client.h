/*
 * ctl_client: how commands talk to a running node: HTTP on the Unix socket run/ctl (libcurl). If nobody listens, the caller
 * takes the store itself.
 */
#ifndef SPECOLA_NODE_CTL_CLIENT_H
#define SPECOLA_NODE_CTL_CLIENT_H

#include <jansson.h>

#include "node/home.h"

struct ctl_client; /* opaque */
/* ERR_NOT_FOUND: nobody serves here. ERR_BUSY: the store is locked, but nobody answers. ERR_FAILED: libcurl_load. */
MUST_CHECK enum err_code ctl_connect(const struct home *h, uint64_t timeout_ms, struct ctl_client **out, struct err *err);
void ctl_close(struct ctl_client *c);
/* POST /sync/submit: a submission; *receipt receives the receipt's octets. */
MUST_CHECK enum err_code ctl_submit(struct ctl_client *c, struct view submission, struct bytes *receipt, struct err *err);
/* GET /status, POST /order/NAME with a JSON argument (may be NULL): "sync", "stop", "certify", "ping", "rebuild". A refused
 * order comes back as the error that it is (code, message, hint). *answer: caller decrefs. */
MUST_CHECK enum err_code ctl_get(struct ctl_client *c, const char *path, json_t **answer, struct err *err);
MUST_CHECK enum err_code ctl_order(struct ctl_client *c, const char *name, const json_t *argument, json_t **answer,
                                   struct err *err);

#endif
