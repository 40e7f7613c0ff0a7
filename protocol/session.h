/*
 * session: who said this frame. One state machine a link, as a table (docs/protocol.md 8.2); pure: nonces, keys and frames come
 * in, frames and verdicts go out; no socket and no clock inside.
 */
#ifndef SPECOLA_PROTOCOL_SESSION_H
#define SPECOLA_PROTOCOL_SESSION_H

#include "protocol/message.h"

#define SESSION_VERSION 1 /* of the protocol: the only one that this program speaks */

enum session_state { SESSION_CLOSED, SESSION_GREETED, SESSION_ANSWERED, SESSION_OPEN };

/* What session_receive found. */
enum session_verdict {
  SESSION_MESSAGE, /* *payload is a verified message of the peer: read it */
  SESSION_OPENED,  /* the session opened with this frame; *payload is that frame's message (acceptor), or empty (dialler) */
  SESSION_ANSWER,  /* send the HELLO that the caller makes with session_hello */
  SESSION_REFUSE,  /* count `reason`, send ERR(no-session), the session is CLOSED */
  SESSION_REOPEN,  /* dialler: count `reason`, close and reopen the socket */
  SESSION_DROP,    /* count `reason`, nothing else */
  SESSION_IDENT    /* an unsigned IDENT, *payload: what its root signatures prove may be taken; the session stays as it is */
};

/* What both ends of every session share. Borrowed by sessions. */
struct session_self {
  struct hash fed_id, node;
  const struct signer *node_key;
  uint64_t epoch; /* the one in force; 0: none is compared */
  struct hash epoch_hash;
};

/* A link's session. Invariant: counters are those of the next frame each way. */
struct session {
  const struct session_self *self;
  enum session_state state;
  bool dialler, has_hello;
  struct hash peer;         /* node id that the CURVE key names */
  struct pubkey peer_key;   /* its node key */
  struct nonce own, theirs; /* theirs zero until seen */
  uint64_t sent, received;  /* counters of the next frame */
  struct hello hello;       /* the peer's, to be acted on when OPEN; there if has_hello */
};
/* own: 16 fresh random octets. */
void session_init(struct session *s, const struct session_self *self, bool dialler, const struct hash *peer,
                  const struct pubkey *peer_key, struct nonce own);
/* Makes a frame of payload with the current send counter; appended to out. The counter moves only by session_sent(). */
MUST_CHECK enum err_code session_frame(const struct session *s, struct view payload, struct bytes *out, struct err *err);
void session_sent(struct session *s);
/* Fills the fields of *hello that the session knows (versions, fed_id, node, nonce; the caller gives identity, epoch, digest)
 * and appends the HELLO frame, for SESSION_ANSWER and after session_start. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code session_hello(const struct session *s, struct hello *hello, struct bytes *out, struct err *err);
/* A received frame. reason (static text, a counter's name: "frame.format", "frame.signature", "frame.no-session",
 * "frame.too-large", "hello.federation" (another fed_id, or another hash of our epoch), "hello.version", "hello.peer") is set
 * for REFUSE, REOPEN and DROP, else NULL. payload borrows from frame and is empty unless the verdict is MESSAGE, OPENED or
 * IDENT. fresh: 16 random octets, the own nonce from now on if the verdict is ANSWER. */
MUST_CHECK enum session_verdict session_receive(struct session *s, struct view frame, struct nonce fresh, struct view *payload,
                                                const char **reason);
/* The dialler's start, once after session_init: state GREETED; the caller then sends its HELLO frame. A reopened link begins
 * with session_init and a nonce never used before. */
void session_start(struct session *s);
/* A frame of payload without a signature; only IDENT and ERR have any effect in one. */
MUST_CHECK enum err_code session_unsigned_frame(struct view payload, struct bytes *out, struct err *err);
/* The unsigned frame ERR(no-session). */
MUST_CHECK enum err_code session_no_session_frame(struct bytes *out, struct err *err);

#endif
