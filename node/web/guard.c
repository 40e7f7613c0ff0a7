/*
 * guard: see guard.h. The grammar is RFC 9112 with every "may accept" answered no: lines end in CR LF, no folding, no blank
 * before a colon, no absolute target, no transfer coding, one Host that we know, one plain Content-Length.
 */
#include "node/web/guard.h"

#include <string.h>
#include <strings.h>

static const char TOKEN[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char PATH[] = "/-_.~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char QUERY[] = "!$&'()*+,;=:@/?-_.~%0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* A reading under way. status 0: nothing wrong so far. */
struct guard {
  struct view rest; /* the head without its last empty line */
  const struct guard_hosts *hosts;
  struct guard_request *out;
  unsigned status;
  const char *why;
  bool has_host, has_length, has_type, has_origin, has_language, has_encoding, has_etag, has_cookie, has_site, old, close;
  struct view origin;
};

static void refuse(struct guard *g, unsigned status, const char *why) {
  if (g->status != 0) return;
  g->status = status;
  g->why = why;
}

static bool is_of(struct view v, const char *set) {
  for (size_t i = 0; i < v.len; i++) {
    if (v.p[i] == 0 || strchr(set, v.p[i]) == NULL) return false;
  }
  return true;
}

static bool same_word(struct view v, const char *word) {
  return v.len == strlen(word) && strncasecmp((const char *)v.p, word, v.len) == 0;
}

static bool has_text(struct view v, const char *text) {
  return v.len > 0 && memmem(v.p, v.len, text, strlen(text)) != NULL;
}

/* The octets up to a separator, which is passed over; the rest if there is none. */
static struct view cut(struct view *rest, uint8_t separator) {
  const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->p, separator, rest->len);
  const struct view first = view_of(rest->p, end == NULL ? rest->len : (size_t)(end - rest->p));
  *rest = end == NULL ? view_of(rest->p + rest->len, 0) : view_of(end + 1, rest->len - first.len - 1);
  return first;
}

/* One line without its CR LF. Every octet of it is printable, a tab, or above 0x7f. */
static struct view next_line(struct guard *g) {
  struct view line = cut(&g->rest, '\n');
  if (line.len == 0 || line.p[line.len - 1] != '\r') {
    refuse(g, 400, "a line does not end in CR LF");
    return view_of(NULL, 0);
  }
  line.len--;
  for (size_t i = 0; i < line.len; i++) {
    if ((line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f) refuse(g, 400, "a control character");
  }
  return line;
}

/* ---- the request line ---- */

static int hex_value(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool coding_is_good(struct view query) {
  for (size_t i = 0; i < query.len; i++) {
    if (query.p[i] != '%') continue;
    if (i + 2 >= query.len) return false;
    const int high = hex_value(query.p[i + 1]), low = hex_value(query.p[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return false;
    i += 2;
  }
  return true;
}

static void read_target(struct guard *g, struct view target) {
  if (target.len > GUARD_TARGET_MAX) {
    refuse(g, 414, "the target is too long");
    return;
  }
  g->out->path = cut(&target, '?');
  g->out->query = target;
  if (g->out->path.len == 0 || g->out->path.p[0] != '/' || !is_of(g->out->path, PATH) || has_text(g->out->path, "..") ||
      has_text(g->out->path, "//")) {
    refuse(g, 400, "the path is not plain");
  }
  if (g->out->path.len > GUARD_PATH_MAX) refuse(g, 414, "the path is too long");
  if (!is_of(target, QUERY) || !coding_is_good(target)) refuse(g, 400, "the query is not well-formed");
}

static void read_request_line(struct guard *g) {
  static const struct {
    const char *name;
    enum guard_method method;
  } METHODS[] = {{"GET", GUARD_GET}, {"HEAD", GUARD_HEAD}, {"POST", GUARD_POST}};
  struct view line = next_line(g);
  if (g->status != 0) return;
  const struct view method = cut(&line, ' '), target = cut(&line, ' ');
  bool known = false;
  if (method.len == 0 || !is_of(method, TOKEN)) refuse(g, 400, "no method");
  if (view_is_text(line, "HTTP/1.0")) {
    g->old = true;
  } else if (!view_is_text(line, "HTTP/1.1")) {
    refuse(g, line.len > 5 && memcmp(line.p, "HTTP/", 5) == 0 ? 505 : 400, "not HTTP/1.1");
  }
  for (size_t i = 0; i < sizeof METHODS / sizeof METHODS[0]; i++) {
    if (!view_is_text(method, METHODS[i].name)) continue;
    g->out->method = METHODS[i].method;
    known = true;
  }
  read_target(g, target);
  if (!known) refuse(g, 405, "only GET, HEAD and POST");
}

/* ---- headers ---- */

/* Takes a header that may stand once. */
static void once(struct guard *g, bool *seen, struct view value, struct view *out, const char *why) {
  if (*seen) refuse(g, 400, why);
  *seen = true;
  *out = value;
}

static void take_host(struct guard *g, struct view value) {
  once(g, &g->has_host, value, &g->out->host, "more than one Host");
}

static void take_length(struct guard *g, struct view value) {
  struct view ignored;
  once(g, &g->has_length, value, &ignored, "more than one Content-Length");
  if (decimal_decode(value, &g->out->body_len, NULL) != OK) refuse(g, 400, "Content-Length is no number");
}

static void take_type(struct guard *g, struct view value) {
  once(g, &g->has_type, value, &g->out->content_type, "more than one Content-Type");
}

static void take_origin(struct guard *g, struct view value) {
  once(g, &g->has_origin, value, &g->origin, "more than one Origin");
}

static void take_language(struct guard *g, struct view value) {
  once(g, &g->has_language, value, &g->out->accept_language, "more than one Accept-Language");
}

static void take_encoding(struct guard *g, struct view value) {
  once(g, &g->has_encoding, value, &g->out->accept_encoding, "more than one Accept-Encoding");
}

static void take_etag(struct guard *g, struct view value) {
  once(g, &g->has_etag, value, &g->out->if_none_match, "more than one If-None-Match");
}

static void take_cookie(struct guard *g, struct view value) {
  once(g, &g->has_cookie, value, &g->out->cookie, "more than one Cookie");
}

static void take_site(struct guard *g, struct view value) {
  once(g, &g->has_site, value, &g->out->fetch_site, "more than one Sec-Fetch-Site");
}

static void take_coding(struct guard *g, struct view value) {
  (void)value;
  refuse(g, 501, "no transfer codings here");
}

static void take_expect(struct guard *g, struct view value) {
  (void)value;
  refuse(g, 417, "nothing is to be expected");
}

static void take_forwarded(struct guard *g, struct view value) {
  (void)value;
  g->out->forwarded = true;
}

static void take_connection(struct guard *g, struct view value) {
  while (value.len > 0) {
    struct view word = cut(&value, ',');
    while (word.len > 0 && word.p[0] == ' ')
      word = view_of(word.p + 1, word.len - 1);
    if (same_word(word, "close")) g->close = true;
  }
}

static const struct {
  const char *name;
  void (*take)(struct guard *g, struct view value);
} HEADERS[] = {{"Host", take_host},
               {"Content-Length", take_length},
               {"Content-Type", take_type},
               {"Origin", take_origin},
               {"Accept-Language", take_language},
               {"Accept-Encoding", take_encoding},
               {"If-None-Match", take_etag},
               {"Cookie", take_cookie},
               {"Sec-Fetch-Site", take_site},
               {"Transfer-Encoding", take_coding},
               {"Expect", take_expect},
               {"Connection", take_connection},
               {"Forwarded", take_forwarded},
               {"Via", take_forwarded},
               {"X-Forwarded-For", take_forwarded},
               {"X-Real-IP", take_forwarded}};

static void read_header(struct guard *g) {
  struct view line = next_line(g);
  if (g->status != 0) return;
  if (memchr(line.p, ':', line.len) == NULL) {
    refuse(g, 400, "a header without a colon");
    return;
  }
  const struct view name = cut(&line, ':');
  if (name.len == 0 || !is_of(name, TOKEN)) refuse(g, 400, "a header's name is no token");
  while (line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'))
    line = view_of(line.p + 1, line.len - 1);
  while (line.len > 0 && (line.p[line.len - 1] == ' ' || line.p[line.len - 1] == '\t'))
    line.len--;
  for (size_t i = 0; i < sizeof HEADERS / sizeof HEADERS[0] && g->status == 0; i++) {
    if (same_word(name, HEADERS[i].name)) HEADERS[i].take(g, line);
  }
}

/* ---- the whole ---- */

static bool host_is_known(const struct guard_hosts *hosts, struct view host) {
  for (size_t i = 0; i < hosts->n; i++) {
    if (same_word(host, hosts->names[i])) return true;
  }
  return false;
}

/* "http://HOST" or "https://HOST" of this very request. */
static bool origin_is_ours(struct view origin, struct view host) {
  static const char *const SCHEMES[] = {"http://", "https://"};
  for (size_t i = 0; i < 2; i++) {
    const size_t len = strlen(SCHEMES[i]);
    if (origin.len == len + host.len && memcmp(origin.p, SCHEMES[i], len) == 0 &&
        strncasecmp((const char *)origin.p + len, (const char *)host.p, host.len) == 0) {
      return true;
    }
  }
  return false;
}

static void judge(struct guard *g, uint64_t body_max) {
  const bool post = g->out->method == GUARD_POST;
  if (!g->has_host || g->out->host.len == 0) {
    refuse(g, 400, "there must be one Host");
  } else if (!host_is_known(g->hosts, g->out->host)) {
    refuse(g, 421, "this server has another name");
  } else if (g->has_origin && !origin_is_ours(g->origin, g->out->host)) {
    refuse(g, 403, "not from pages of others");
  }
  if (post && !g->has_length) refuse(g, 411, "no Content-Length");
  if (!post && (g->out->body_len > 0 || g->has_type)) refuse(g, 400, "a body where there is none");
  if (g->out->body_len > body_max) refuse(g, 413, "the body is too large");
  g->out->keep_alive = !g->old && !g->close;
}

/* Octets up to and with the first empty line, 0: not there. A bare LF LF ends the search too: it is refused line by line. */
static size_t head_length(struct view octets) {
  for (size_t i = 0; i + 1 < octets.len && i < GUARD_HEAD_MAX; i++) {
    if (octets.p[i] != '\n') continue;
    if (octets.p[i + 1] == '\n') return i + 2;
    if (i + 2 < octets.len && octets.p[i + 1] == '\r' && octets.p[i + 2] == '\n') return i + 3;
  }
  return 0;
}

unsigned guard_read(struct view octets, const struct guard_hosts *hosts, uint64_t body_max, struct guard_request *out,
                    size_t *used, const char **why) {
  struct guard g = {.hosts = hosts, .out = out};
  const size_t len = head_length(octets);
  unsigned lines = 0;
  *out = (struct guard_request){.method = GUARD_GET};
  *used = 0;
  *why = NULL;
  if (len == 0 && octets.len < GUARD_HEAD_MAX) return 0;
  if (len == 0 || len > GUARD_HEAD_MAX) {
    *why = "the head is too long";
    return 431;
  }
  g.rest = view_of(octets.p, len);
  read_request_line(&g);
  while (g.status == 0 && !(g.rest.len == 2 && g.rest.p[0] == '\r') && g.rest.len > 0) {
    if (++lines > GUARD_HEADERS) refuse(&g, 431, "too many headers");
    read_header(&g);
  }
  if (g.status == 0 && g.rest.len != 2) refuse(&g, 400, "the head does not end in an empty line");
  if (g.status == 0) judge(&g, body_max);
  *used = len;
  *why = g.why;
  return g.status == 0 ? 200 : g.status;
}
