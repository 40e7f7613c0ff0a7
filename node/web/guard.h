/*
 * guard: the first reader of what strangers send to web: the head of one HTTP/1.1 request, octet by octet, strict. Nothing
 * behind it parses HTTP again, so there are no two readings of one request (docs/decisions/0007). Pure and allocation-free;
 * fuzzed.
 *
 *   octets -> guard_read -> struct guard_request, or the status of a refusal
 */
#ifndef SPECOLA_NODE_WEB_GUARD_H
#define SPECOLA_NODE_WEB_GUARD_H

#include "keys/bytes.h"

#define GUARD_HEAD_MAX 8192u   /* octets of a head */
#define GUARD_TARGET_MAX 2048u /* octets of path and query */
#define GUARD_PATH_MAX 256u    /* octets of the path alone */
#define GUARD_HEADERS 64u      /* header lines */
#define GUARD_HOSTS 8u

enum guard_method { GUARD_GET, GUARD_HEAD, GUARD_POST };

/* What this server may be called: "localhost:7480", "cases.example.org"; compared without regard to case. Borrowed. */
struct guard_hosts {
  const char *names[GUARD_HOSTS];
  size_t n;
};

/* A head that may be acted on. Views borrow from the octets. */
struct guard_request {
  enum guard_method method;
  struct view path;  /* '/' and letters, digits, '/', '-', '_', '.', '~'; no "..", no "//" */
  struct view query; /* behind '?', well-formed percent-coding, no %00; empty: none */
  struct view host;
  struct view accept_language, accept_encoding, if_none_match, content_type; /* empty: absent */
  struct view cookie, fetch_site;                                            /* Sec-Fetch-Site; likewise */
  uint64_t body_len;
  bool keep_alive; /* the connection may serve another request */
  bool forwarded;  /* came through a proxy that says so */
};

/* Reads one head from the beginning of octets. body_max: octets that a body may have. Returns 0 when it is not whole yet (fewer
 * than GUARD_HEAD_MAX octets so far), 200 with *out and *used (octets of the head with its empty line), else the status of the
 * refusal: 400, 403 (another Origin), 405, 411, 413, 414, 417, 421 (another Host), 431, 501, 505; *why (static text) says it.
 * After a refusal the connection is of no use. */
unsigned guard_read(struct view octets, const struct guard_hosts *hosts, uint64_t body_max, struct guard_request *out,
                    size_t *used, const char **why);

#endif
