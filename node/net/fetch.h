/*
 * fetch: HTTP towards a member's web (docs/protocol.md 15), from a laptop or from a node that hands something on. One struct
 * fetch is one address and the connection to it, kept for the next request. http and https only, no redirect is followed,
 * nothing is kept that passes a ceiling, every wait has a limit. What is fetched proves itself (it is signed) or is not used:
 * this room believes nothing and only carries octets.
 */
#ifndef SPECOLA_NODE_NET_FETCH_H
#define SPECOLA_NODE_NET_FETCH_H

#include "node/net/reach.h"

#define FETCH_URL_MAX 512 /* octets of a base with its NUL */
#define FETCH_TAG_MAX 128 /* octets of an ETag with its NUL */
#define FETCH_CODE_MAX 32 /* octets of a problem's code with its NUL */
#define FETCH_CONNECT_MS 10000u

struct fetch; /* opaque */

/* What came back. Initialise with fetch_answer_init, which names the ceiling; reused from one request to the next. */
struct fetch_answer {
  long status;               /* of HTTP; 0: there was no answer */
  struct bytes body;         /* decoded, if it came packed; empty with status 304 */
  char tag[FETCH_TAG_MAX];   /* ETag as it stood; empty: none, or one that is too long */
  char code[FETCH_CODE_MAX]; /* of a problem document; empty: none */
  uint64_t retry_after_s;    /* 0: nothing said */
  uint64_t received;         /* octets that came over the wire for this answer, its head included */
  bool next;                 /* Link: …; rel="next" was there */
};
void fetch_answer_init(struct fetch_answer *a, size_t ceiling); /* ceiling: octets of a body, decoded */
void fetch_answer_release(struct fetch_answer *a);

/* Whether text is an address of a member's web: http or https, a host, perhaps a port and a path; no user, password, query or
 * fragment; below FETCH_URL_MAX octets. out receives it without a slash at its end. ERR_USAGE, with what is wrong. */
MUST_CHECK enum err_code fetch_base(const char *text, char out[FETCH_URL_MAX], struct err *err);

/* base: as fetch_base takes it. total_ms: of one request and its answer, connecting (≤ FETCH_CONNECT_MS) included. The caller
 * frees *out with fetch_free. ERR_USAGE (fetch_base), ERR_MEMORY, ERR_FAILED (libcurl_load). */
MUST_CHECK enum err_code fetch_new(const char *base, uint64_t total_ms, struct fetch **out, struct err *err);
void fetch_free(struct fetch *f);             /* NULL is fine */
const char *fetch_url(const struct fetch *f); /* the base, without a slash at its end; borrowed */
/* What the libraries below load when they are first used is loaded now: before a process gives up what it needs for that.
 * ERR_FAILED. */
MUST_CHECK enum err_code fetch_warm_up(struct err *err);
/* Another limit from the next request on. */
void fetch_limit(struct fetch *f, uint64_t total_ms);
/* For an address that somebody else told: from the next request on nothing is dialled that leads further within our own walls
 * than so far, whatever name leads there, and no proxy of the environment is asked. Before it, everything may be dialled. */
void fetch_keep_within(struct fetch *f, enum reach reach);

/* GET base ‖ path (path: printable ASCII from '/' on). tag: an ETag known already, or NULL: then 304 is OK as well.
 * OK: 200 or 304. ERR_UNREACHABLE: no whole answer came (name, connection, time, a cut, a certificate that is not trusted; a
 * server that is busy or broken, 5xx): asking again later may help. ERR_NOT_FOUND (404, 410), ERR_LIMIT (more than the
 * ceiling), ERR_REFUSED (another 4xx, a redirect, fetch_keep_within), ERR_FORMAT (no HTTP), ERR_USAGE (path), ERR_MEMORY. In
 * every case *a says what there was. */
MUST_CHECK enum err_code fetch_get(struct fetch *f, const char *path, const char *tag, struct fetch_answer *a, struct err *err);
/* POST of body, of that media type. OK: 200. Otherwise as fetch_get; whether the body arrived when the answer was cut, nobody
 * knows: what is sent must bear being sent twice. */
MUST_CHECK enum err_code fetch_post(struct fetch *f, const char *path, const char *type, struct view body,
                                    struct fetch_answer *a, struct err *err);

#endif
