/*
 * fetch: one easy handle of libcurl per address. See fetch.h.
 */
#include "node/net/fetch.h"

#include <errno.h>
#include <event2/http.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "node/net/libcurl.h"

#define URL_MAX (2 * FETCH_URL_MAX)
#define STALL_S 20L /* a transfer below STALL_RATE for so long has stalled */
#define STALL_RATE 16L
#define LOOKS_LIKE "it looks like https://observatory.example.org"
#define PROBLEM_MAX 300 /* octets of a problem's detail that are told */

struct fetch {
  CURL *curl; /* owned */
  char base[FETCH_URL_MAX];
  bool is_local; /* the host is this machine: no proxy stands between */
  uint64_t total_ms;
  enum reach reach; /* how far within our own walls it may lead */
  bool is_walled;   /* an address of the last request led further */
};

void fetch_answer_init(struct fetch_answer *a, size_t ceiling) {
  *a = (struct fetch_answer){.status = 0};
  bytes_init(&a->body, ceiling);
}

void fetch_answer_release(struct fetch_answer *a) {
  bytes_release(&a->body);
}

/* ---- addresses ---- */

static bool is_web(const struct evhttp_uri *uri) {
  const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
  return scheme != NULL && (strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0) && host != NULL &&
         host[0] != '\0';
}

static bool is_printable(const char *text) {
  for (const char *p = text; *p != '\0'; p++) {
    if (*p <= ' ' || *p >= 0x7f) return false;
  }
  return true;
}

/* What is wrong with text as an address, or NULL. uri: text, parsed, or NULL. */
static const char *fault_of(const char *text, const struct evhttp_uri *uri) {
  if (strlen(text) >= FETCH_URL_MAX) return "it is too long";
  if (!is_printable(text)) return "it holds other characters than printable ASCII";
  if (strstr(text, "://") == NULL) return "it does not begin with http:// or https://";
  if (uri == NULL) return "it cannot be read";
  if (!is_web(uri)) return "it does not begin with http:// or https://";
  if (evhttp_uri_get_userinfo(uri) != NULL) return "it holds a user's name";
  if (evhttp_uri_get_query(uri) != NULL || evhttp_uri_get_fragment(uri) != NULL) return "it goes on behind the path";
  return NULL;
}

static enum err_code read_base(const char *text, char out[FETCH_URL_MAX], bool *local, struct err *err) {
  errno = 0;
  struct evhttp_uri *uri = evhttp_uri_parse(text);
  if (uri == NULL && errno == ENOMEM) return err_set(err, ERR_MEMORY, NULL);
  const char *fault = fault_of(text, uri);
  *local = reach_of_text(text) == REACH_MACHINE;
  if (uri != NULL) evhttp_uri_free(uri);
  if (fault != NULL) {
    err_set(err, ERR_USAGE, "\"%.200s\" is no address of a node's web: %s", text, fault);
    return err_hint(err, LOOKS_LIKE);
  }
  size_t len = strlen(text);
  while (len > 0 && text[len - 1] == '/')
    len--;
  memcpy(out, text, len);
  out[len] = '\0';
  return OK;
}

enum err_code fetch_base(const char *text, char out[FETCH_URL_MAX], struct err *err) {
  bool local = false;
  return read_base(text, out, &local, err);
}

enum err_code fetch_new(const char *base, uint64_t total_ms, struct fetch **out, struct err *err) {
  struct fetch *f = calloc(1, sizeof *f);
  if (f == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  f->total_ms = total_ms;
  f->reach = REACH_NOBODY;
  enum err_code code = read_base(base, f->base, &f->is_local, err);
  if (code == OK) code = libcurl_load(err);
  if (code == OK) {
    f->curl = curl_easy_init();
    if (f->curl == NULL) code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code != OK) {
    fetch_free(f);
    return code;
  }
  *out = f;
  return OK;
}

void fetch_free(struct fetch *f) {
  if (f == NULL) return;
  if (f->curl != NULL) curl_easy_cleanup(f->curl);
  free(f);
}

const char *fetch_url(const struct fetch *f) {
  return f->base;
}

enum err_code fetch_warm_up(struct err *err) {
  const enum err_code code = libcurl_load(err);
  if (code != OK) return code;
  return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? OK : err_set(err, ERR_FAILED, "libcurl does not start");
}

void fetch_limit(struct fetch *f, uint64_t total_ms) {
  f->total_ms = total_ms;
}

void fetch_keep_within(struct fetch *f, enum reach reach) {
  f->reach = reach;
}

/* ---- one request ---- */

static size_t take(char *p, size_t size, size_t n, void *context) {
  struct fetch_answer *a = context;
  return bytes_append(&a->body, view_of(p, size * n), NULL) == OK ? size * n : 0;
}

/* Instead of libcurl's own socket(2): here it is known what is dialled, behind every name. */
static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *to) {
  struct fetch *f = context;
  (void)purpose;
  if (reach_of_socket(&to->addr) > f->reach) {
    f->is_walled = true;
    return CURL_SOCKET_BAD;
  }
  return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static bool keep_within(struct fetch *f) {
  f->is_walled = false;
  if (f->reach == REACH_NOBODY) return true;
  return curl_easy_setopt(f->curl, CURLOPT_OPENSOCKETFUNCTION, open_socket) == CURLE_OK &&
         curl_easy_setopt(f->curl, CURLOPT_OPENSOCKETDATA, f) == CURLE_OK &&
         curl_easy_setopt(f->curl, CURLOPT_PROXY, "") == CURLE_OK; /* it would dial for us */
}

static bool set_up(struct fetch *f, const char *path, struct curl_slist *headers, struct fetch_answer *a) {
  char url[URL_MAX];
  const int len = snprintf(url, sizeof url, "%s%s", f->base, path);
  const uint64_t connect_ms = f->total_ms < FETCH_CONNECT_MS ? f->total_ms : FETCH_CONNECT_MS;
  CURL *c = f->curl;
  curl_easy_reset(c); /* keeps the connection */
  if (len < 0 || len >= (int)sizeof url || curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https") != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take) != CURLE_OK || curl_easy_setopt(c, CURLOPT_WRITEDATA, a) != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "gzip") != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_USERAGENT, "specola/" SPECOLA_VERSION) != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)connect_ms) != CURLE_OK ||
      curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)f->total_ms) != CURLE_OK || !keep_within(f)) {
    return false;
  }
  if (f->is_local) (void)curl_easy_setopt(c, CURLOPT_PROXY, ""); /* whatever the environment says */
  (void)curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  (void)curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
  (void)curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
  (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, STALL_RATE);
  (void)curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, STALL_S);
  return true;
}

static bool set_body(struct fetch *f, struct view body) {
  return curl_easy_setopt(f->curl, CURLOPT_POST, 1L) == CURLE_OK &&
         curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, body.len == 0 ? "" : (const char *)body.p) == CURLE_OK &&
         curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len) == CURLE_OK;
}

/* A header of the answer, or an empty text; borrowed until the next request. */
static const char *header(struct fetch *f, const char *name) {
  struct curl_header *found = NULL;
  return curl_easy_header(f->curl, name, 0, CURLH_HEADER, -1, &found) == CURLHE_OK ? found->value : "";
}

static void read_head(struct fetch *f, struct fetch_answer *a) {
  curl_off_t body = 0;
  long head = 0;
  uint64_t wait_s = 0;
  (void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &a->status);
  (void)curl_easy_getinfo(f->curl, CURLINFO_SIZE_DOWNLOAD_T, &body);
  (void)curl_easy_getinfo(f->curl, CURLINFO_HEADER_SIZE, &head);
  a->received = (uint64_t)body + (uint64_t)head;
  const char *tag = header(f, "etag");
  if (strlen(tag) < sizeof a->tag && is_printable(tag)) memcpy(a->tag, tag, strlen(tag) + 1);
  a->next = strstr(header(f, "link"), "rel=\"next\"") != NULL;
  if (decimal_decode(view_of_text(header(f, "retry-after")), &wait_s, NULL) == OK) a->retry_after_s = wait_s;
}

/* libcurl's words for what went wrong on the way, with what may help. */
static enum err_code way_error(const struct fetch *f, CURLcode result, struct err *err) {
  if (f->is_walled && result == CURLE_COULDNT_CONNECT) {
    err_set(err, ERR_REFUSED, "%s leads into a private network, or to this machine: it is not dialled", f->base);
    return err_hint(err, "ask who runs that node for an address that everybody can dial");
  }
  switch ((int)result) {
  case CURLE_OUT_OF_MEMORY:
    return err_set(err, ERR_MEMORY, NULL);
  case CURLE_WRITE_ERROR:
    return err_set(err, ERR_LIMIT, "%s answers with more than it should", f->base);
  case CURLE_URL_MALFORMAT: /* it reads addresses more closely than read_base */
    err_set(err, ERR_USAGE, "\"%.200s\" is no address of a node's web: it cannot be read", f->base);
    return err_hint(err, LOOKS_LIKE);
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_BAD_CONTENT_ENCODING:
    err_set(err, ERR_FORMAT, "what answers at %s does not speak as a node's web does", f->base);
    return err_hint(err, "check the address: it is that of the pages, not of the exchange");
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    err_set(err, ERR_UNREACHABLE, "no machine is known by the name in %s", f->base);
    return err_hint(err, "check the spelling, and whether this machine is on the network");
  case CURLE_COULDNT_CONNECT:
    err_set(err, ERR_UNREACHABLE, "nobody answers at %s", f->base);
    return err_hint(err, "the node may be down: try again later");
  case CURLE_OPERATION_TIMEDOUT:
    err_set(err, ERR_UNREACHABLE, "no whole answer from %s within %llu s", f->base, (unsigned long long)(f->total_ms / 1000));
    return err_hint(err, "ask again, or give it longer with --timeout");
  case CURLE_PEER_FAILED_VERIFICATION:
  case CURLE_SSL_CACERT_BADFILE:
    err_set(err, ERR_UNREACHABLE, "the certificate of %s is not trusted here", f->base);
    return err_hint(err, "who runs that node can say why; nothing was sent");
  default:
    err_set(err, ERR_UNREACHABLE, "the line to %s broke: %s", f->base, curl_easy_strerror(result));
    return err_hint(err, "ask again: what has arrived is kept");
  }
}

/* The code and the detail of a problem document; detail is cut to size. */
static void read_problem(struct fetch_answer *a, char detail[PROBLEM_MAX]) {
  json_t *problem = a->body.len == 0 ? NULL : json_loadb((const char *)a->body.p, a->body.len, 0, NULL);
  const char *code = json_string_value(json_object_get(problem, "code"));
  const char *text = json_string_value(json_object_get(problem, "detail"));
  if (code != NULL) (void)snprintf(a->code, sizeof a->code, "%s", code);
  (void)snprintf(detail, PROBLEM_MAX, "%s", text == NULL ? "" : text);
  json_decref(problem);
}

/* What a status other than 200 and 304 comes to. */
static enum err_code status_error(const struct fetch *f, struct fetch_answer *a, struct err *err) {
  char detail[PROBLEM_MAX];
  read_problem(a, detail);
  const char *between = detail[0] == '\0' ? "" : ": ";
  if (a->status >= 500) {
    err_set(err, ERR_UNREACHABLE, "%s cannot answer now (%ld%s%s)", f->base, a->status, between, detail);
    return err_hint(err, "ask again later");
  }
  if (a->status == 404 || a->status == 410)
    return err_set(err, ERR_NOT_FOUND, "%s does not have that%s%s", f->base, between, detail);
  if (a->status >= 300 && a->status < 400) {
    err_set(err, ERR_REFUSED, "%s sends elsewhere, which is not followed", f->base);
    return err_hint(err, "ask who runs that node for its address");
  }
  return err_set(err, ERR_REFUSED, "%s refuses (%ld%s%s)", f->base, a->status, between, detail);
}

/* Whether it could be told that the answer was cut: HTTP/1 says so only of one whose length, or whose chunks, are announced;
 * libcurl takes the end of the line for the end of any other, of a head even. */
static bool has_an_end(struct fetch *f) {
  long version = 0;
  (void)curl_easy_getinfo(f->curl, CURLINFO_HTTP_VERSION, &version);
  return version > CURL_HTTP_VERSION_1_1 || header(f, "content-length")[0] != '\0' || header(f, "transfer-encoding")[0] != '\0';
}

static enum err_code perform(struct fetch *f, struct fetch_answer *a, struct err *err) {
  CURLcode result = curl_easy_perform(f->curl);
  read_head(f, a);
  if (result == CURLE_OK && a->status == 200 && !has_an_end(f)) result = CURLE_PARTIAL_FILE;
  if (result != CURLE_OK) return way_error(f, result, err);
  if (a->status == 200) return OK;
  if (a->status == 304) {
    bytes_clear(&a->body);
    return OK;
  }
  return status_error(f, a, err);
}

/* A list of headers, or NULL without memory. extra: one more, or empty. */
static struct curl_slist *headers_with(const char *extra) {
  struct curl_slist *list = curl_slist_append(NULL, "Expect:");
  struct curl_slist *more = list == NULL || extra[0] == '\0' ? list : curl_slist_append(list, extra);
  if (more == NULL) curl_slist_free_all(list);
  return more;
}

static enum err_code request(struct fetch *f, const char *path, const char *extra, const struct view *body,
                             struct fetch_answer *a, struct err *err) {
  const size_t ceiling = a->body.ceiling;
  struct bytes kept = a->body;
  *a = (struct fetch_answer){.body = kept};
  bytes_clear(&a->body);
  if (path[0] != '/' || !is_printable(path) || strlen(path) >= URL_MAX - FETCH_URL_MAX) {
    return err_set(err, ERR_USAGE, "a path for %s that cannot be asked for", f->base);
  }
  struct curl_slist *headers = headers_with(extra);
  enum err_code code = OK;
  if (headers == NULL || !set_up(f, path, headers, a) || (body != NULL && !set_body(f, *body))) {
    code = err_set(err, ERR_MEMORY, NULL);
  } else {
    code = perform(f, a, err);
  }
  curl_slist_free_all(headers);
  if (code == ERR_LIMIT) err_hint(err, "more than %zu octets are not taken", ceiling);
  return code;
}

enum err_code fetch_get(struct fetch *f, const char *path, const char *tag, struct fetch_answer *a, struct err *err) {
  char extra[FETCH_TAG_MAX + 32] = "";
  if (tag != NULL && tag[0] != '\0') (void)snprintf(extra, sizeof extra, "If-None-Match: %.*s", FETCH_TAG_MAX - 1, tag);
  return request(f, path, extra, NULL, a, err);
}

enum err_code fetch_post(struct fetch *f, const char *path, const char *type, struct view body, struct fetch_answer *a,
                         struct err *err) {
  char extra[96];
  (void)snprintf(extra, sizeof extra, "Content-Type: %.64s", type);
  return request(f, path, extra, &body, a, err);
}
