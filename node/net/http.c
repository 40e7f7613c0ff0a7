/*
 * http: see http.h.
 */
#include "node/net/http.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

/* How often a header is there; *value is the last of them. */
static unsigned header_count(const struct evkeyvalq *headers, const char *name, const char **value) {
  unsigned n = 0;
  const struct evkeyval *h = NULL;
  TAILQ_FOREACH(h, headers, next) {
    if (strcasecmp(h->key, name) != 0) continue;
    *value = h->value;
    n++;
  }
  return n;
}

static bool path_is_plain(const char *path) {
  static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-_.";
  const size_t len = strlen(path);
  return path[0] == '/' && len < HTTP_PATH_MAX && strspn(path, PLAIN) == len && strstr(path, "..") == NULL;
}

static int refuse(struct err *err, int status, const char *why) {
  err_set(err, ERR_USAGE, "request: %s", why);
  return status;
}

/* The body's length as the header says it, against what came. 200 or the status of a refusal. */
static int length_check(const struct evkeyvalq *headers, bool post, size_t len, struct err *err) {
  const char *text = NULL;
  uint64_t said = 0;
  const unsigned n = header_count(headers, "Content-Length", &text);
  if (n > 1) return refuse(err, 400, "more than one Content-Length");
  if (n == 0 && post) return refuse(err, 411, "no Content-Length");
  if (n == 1 && decimal_decode(view_of_text(text), &said, NULL) != OK) return refuse(err, 400, "Content-Length is no number");
  return said == len ? 200 : refuse(err, 400, "Content-Length is not the length of the body");
}

int http_read(struct evhttp_request *req, struct http_request *out, struct err *err) {
  const struct evkeyvalq *headers = evhttp_request_get_input_headers(req);
  const char *uri = evhttp_request_get_uri(req), *value = NULL;
  struct evbuffer *body = evhttp_request_get_input_buffer(req);
  const size_t len = evbuffer_get_length(body);
  const enum evhttp_cmd_type command = evhttp_request_get_command(req);
  if (command != EVHTTP_REQ_GET && command != EVHTTP_REQ_POST) return refuse(err, 405, "only GET and POST");
  if (header_count(headers, "Host", &value) != 1) return refuse(err, 400, "there must be one Host");
  if (header_count(headers, "Transfer-Encoding", &value) != 0) return refuse(err, 400, "no transfer codings here");
  if (header_count(headers, "Expect", &value) != 0) return refuse(err, 417, "nothing is to be expected");
  if (header_count(headers, "Origin", &value) != 0) return refuse(err, 403, "no pages here");
  if (uri == NULL || !path_is_plain(uri)) return refuse(err, 400, "the path is not plain");
  const int status = length_check(headers, command == EVHTTP_REQ_POST, len, err);
  if (status != 200) return status;
  const uint8_t *octets = len == 0 ? NULL : evbuffer_pullup(body, -1);
  if (len > 0 && octets == NULL) return refuse(err, 500, "out of memory");
  *out = (struct http_request){command == EVHTTP_REQ_GET ? "GET" : "POST", uri, view_of(octets, len)};
  return 200;
}

void http_error(const struct err *err, struct bytes *out) {
  json_t *document = json_pack("{s:{s:s, s:s, s:s, s:i}}", "error", "code", err_name(err->code), "message", err->message,
                               "hint", err->hint, "exit", err_exit_status(err->code));
  char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
  static const char PLAIN[] = "{\"error\":{\"code\":\"memory\",\"message\":\"out of memory\",\"hint\":\"\",\"exit\":1}}";
  struct err ignored = ERR_INIT;
  if (bytes_append_text(out, text == NULL ? PLAIN : text, &ignored) == OK) (void)(bytes_append_u8(out, '\n', &ignored) == OK);
  free(text);
  json_decref(document);
}

int http_status(enum err_code code) {
  switch (err_exit_status(code)) {
  case 0:
    return 200;
  case 2:
    return 400;
  case 3:
    return 404;
  case 6:
    return 503;
  case 8:
    return 422;
  case 9:
    return 409;
  default:
    return 500;
  }
}
