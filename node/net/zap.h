/*
 * zap: who may come in. libzmq asks here (ZAP 1.0, RFC 27, inproc) about each client's CURVE key before its handshake is done;
 * without this handler it would accept any stranger. It must be open before the ROUTER is bound.
 */
#ifndef SPECOLA_NODE_NET_ZAP_H
#define SPECOLA_NODE_NET_ZAP_H

#include "node/net/crowd.h"

#define ZAP_DOMAIN "specola"
#define ZAP_NO_MEMBER 400 /* the status that a stranger gets; a member with too many connections gets another one */
#define ZAP_KEYS 768      /* key, next key and key before of LIMIT_MEMBERS members */

struct zap; /* opaque */

/* Binds the handler in a ZeroMQ context; nobody is allowed yet. ERR_FAILED, ERR_MEMORY. */
MUST_CHECK enum err_code zap_open(void *zmq_context, struct zap **out, struct err *err);
void zap_free(struct zap *z); /* NULL is fine; before the context ends */
void *zap_socket(struct zap *z);
/* Who is in; the bound socket keeps it up to date. Borrowed. */
struct crowd *zap_crowd(struct zap *z);
/* Replaces the list: n * CURVE_LEN octets. ERR_LIMIT above ZAP_KEYS. */
MUST_CHECK enum err_code zap_allow(struct zap *z, const uint8_t *keys, size_t n, struct err *err);
bool zap_allows(const struct zap *z, const uint8_t curve[CURVE_LEN]);
/* Answers every request that waits; never blocks. A member with CROWD_OF_ONE connections gets no further one: that is no
 * stranger, and is logged. */
void zap_step(struct zap *z, uint64_t now_ms);
/* A key that was turned away, for `status`: each at most once in 10 s, at most LIMIT_STRANGERS remembered. False: none. */
bool zap_next_stranger(struct zap *z, uint8_t curve[CURVE_LEN]);

#endif
