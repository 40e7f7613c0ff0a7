/*
 * pipe: how the processes of a node talk (docs/architecture.md): u32 length (big-endian, <= LIMIT_PIPE) ‖ canonical [channel,
 * payload], over a stream socketpair, non-blocking, with a bounded queue each way. Sans-I/O but for read and write on the
 * descriptor.
 */
#ifndef SPECOLA_NODE_PIPE_H
#define SPECOLA_NODE_PIPE_H

#include "keys/bytes.h"

/* What a payload is. X(symbol, number): gate -> core, core -> gate, ctl <-> core, supervisor <-> all. */
enum pipe_channel {
  PIPE_FRAME_IN = 1,    /* [link, curve, frame] */
  PIPE_LINK_DOWN = 2,   /* [link, curve] */
  PIPE_SEND_FAILED = 3, /* [link, curve, gone] */
  PIPE_STRANGER = 4,    /* [curve] */
  PIPE_MISMATCH = 5,    /* [curve] of the peer that was dialled */
  PIPE_BOUND = 6,       /* [endpoint]; of web too, to the supervisor */
  PIPE_FAILED = 7,      /* [n]: connections that ended before they proved a key */
  PIPE_FRAME_OUT = 16,  /* [link, curve, frame] */
  PIPE_DIAL = 17,       /* [link, curve, endpoint] */
  PIPE_CLOSE = 18,      /* [link, curve] */
  PIPE_ALLOW = 19,      /* [[curve…]]: the ZAP list; the gate binds after the first one */
  PIPE_REQUEST = 32,    /* [id, method, path, body] from ctl or web */
  PIPE_ANSWER = 33,     /* [id, status, content type, body] */
  PIPE_HELLO = 48,      /* supervisor -> child: keys and settings, depends on the role */
  PIPE_PEER = 49,  /* supervisor -> child: [name]; the descriptor of the pipe to that process travels beside it (SCM_RIGHTS) */
  PIPE_READY = 50, /* child -> supervisor: it works */
  PIPE_STOP = 51,  /* either way; from a child [code, message, hint, report]: why it ends, or (OK) the order to stop */
  PIPE_PROCESSES = 52, /* supervisor -> core: [[role, pid, restarts]…], for status */
  PIPE_EVENT = 53,     /* core -> supervisor: a JSON document for the operator's program (notifier.h) */
  PIPE_NOTIFIED = 54   /* supervisor -> core: [told, failed, late, dropped, waiting] of those, for status */
};

struct pipe; /* opaque: one end */
/* Two connected ends, non-blocking, closed on exec. ERR_IO. */
MUST_CHECK enum err_code pipe_pair(int ends[2], struct err *err);
/* Takes over fd (made non-blocking). queue_max: octets that may wait to be written. NULL without memory
 * (fd is closed then too). */
struct pipe *pipe_new(int fd, size_t queue_max);
void pipe_free(struct pipe *p); /* closes fd; NULL is fine */
int pipe_fd(const struct pipe *p);
/* Overwrites what has been read or written already: call it after a secret passed. pipe_free does so too. */
void pipe_wipe(struct pipe *p);
/* Queues a message; payload is one canonical value (empty: nil is sent). ERR_LIMIT when the queue is full (nothing is queued:
 * the caller drops or waits). */
MUST_CHECK enum err_code pipe_send(struct pipe *p, enum pipe_channel channel, struct view payload, struct err *err);
/* The same with a descriptor beside it. Only PIPE_PEER carries one, and always one. It is closed here: after it was sent, with
 * the pipe, or at once when nothing is queued. */
MUST_CHECK enum err_code pipe_send_fd(struct pipe *p, enum pipe_channel channel, struct view payload, int fd, struct err *err);
bool pipe_wants_write(const struct pipe *p);
bool pipe_has_room(const struct pipe *p, size_t octets);
/* Call when the descriptor is readable or writable. ERR_UNREACHABLE: the other end is gone (what it said before can still be
 * had from pipe_next). ERR_FORMAT: it broke the rules. ERR_MEMORY. */
MUST_CHECK enum err_code pipe_read(struct pipe *p, struct err *err);
MUST_CHECK enum err_code pipe_write(struct pipe *p, struct err *err);
/* The next whole message; payload is canonical and borrowed until the next pipe_read or pipe_next; *fd is -1 or a descriptor
 * that the caller owns. False: none; then pipe_fault tells whether the other end broke the rules. */
bool pipe_next(struct pipe *p, enum pipe_channel *channel, struct view *payload, int *fd);
/* What the other end did wrong (static text), or NULL. Nothing more comes from a pipe with a fault. */
const char *pipe_fault(const struct pipe *p);

#endif
