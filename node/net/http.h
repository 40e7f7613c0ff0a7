/*
 * http: judges an HTTP request that libevent has parsed, and writes errors as JSON. Strict: what is not exactly as a command of
 * ours sends it is refused.
 */
#ifndef SPECOLA_NODE_NET_HTTP_H
#define SPECOLA_NODE_NET_HTTP_H

#include "keys/bytes.h"

#define HTTP_PATH_MAX 256u
#define HTTP_ERROR_MAX 8192u /* octets of an error as JSON */

struct evhttp_request;
/* A request in hand; everything borrows from libevent's. */
struct http_request {
  const char *method; /* "GET", "POST" */
  const char *path;   /* '/' and letters, digits, '/', '-', '_', '.'; no "..", no query */
  struct view body;
};
/* Returns the HTTP status: 200 if it may be forwarded (then *out is filled), else 4xx and *err. */
int http_read(struct evhttp_request *req, struct http_request *out, struct err *err);

/* Appends {"error": {"code", "message", "hint", "exit"}} with a newline. */
void http_error(const struct err *err, struct bytes *out);
/* The HTTP status that goes with an error: 404, 400, 503, 409, 500. */
int http_status(enum err_code code) __attribute__((const));

#endif
