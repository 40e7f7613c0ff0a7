/*
 * answer: answers in the making, and errors as pages or as problem documents (RFC 9457). See site.h.
 */
#include <string.h>

#include "keys/hash.h"
#include "keys/text.h"
#include "node/net/http.h"
#include "node/web/encoding.h"
#include "node/web/site.h"

void answer_init(struct answer *a) {
  *a = (struct answer){.status = 200, .type = "text/plain; charset=utf-8", .cache = "no-cache", .referrer = "no-referrer"};
  bytes_init(&a->body, SITE_PAGE_MAX);
}

void answer_release(struct answer *a) {
  bytes_release(&a->body);
}

/* Texts travel packed to whoever takes them so; what is signed travels as it is. */
static bool is_packable(const struct answer *a) {
  return a->body.len >= ENCODING_LEAST && (strncmp(a->type, "text/", 5) == 0 || strstr(a->type, "json") != NULL);
}

void answer_finish(struct answer *a, const struct guard_request *http) {
  if (a->status == 200) {
    char hex[HASH_HEX_LEN];
    const struct hash hash = hash_of(HASH_OCTETS, bytes_view(&a->body), view_of(NULL, 0));
    hash_hex(&hash, hex);
    memcpy(a->tag, hex, ANSWER_TAG_LEN);
  }
  if (http != NULL && is_packable(a) && encoding_takes_gzip(http->accept_encoding)) encoding_gzip(&a->body, &a->packed);
}

bool answer_is_known(const struct answer *a, const struct guard_request *http) {
  const struct view has = http == NULL ? view_of(NULL, 0) : http->if_none_match;
  return a->tag[0] != '\0' && has.len > 0 && memmem(has.p, has.len, a->tag, ANSWER_TAG_LEN) != NULL;
}

const char *answer_status_text(unsigned status) {
  static const struct {
    unsigned status;
    const char *text;
  } TEXTS[] = {{200, "OK"},
               {303, "See Other"},
               {304, "Not Modified"},
               {400, "Bad Request"},
               {403, "Forbidden"},
               {404, "Not Found"},
               {405, "Method Not Allowed"},
               {408, "Request Timeout"},
               {409, "Conflict"},
               {410, "Gone"},
               {411, "Length Required"},
               {413, "Content Too Large"},
               {414, "URI Too Long"},
               {415, "Unsupported Media Type"},
               {417, "Expectation Failed"},
               {421, "Misdirected Request"},
               {422, "Unprocessable Content"},
               {431, "Request Header Fields Too Large"},
               {451, "Unavailable For Legal Reasons"},
               {501, "Not Implemented"},
               {502, "Bad Gateway"},
               {503, "Service Unavailable"},
               {504, "Gateway Timeout"},
               {505, "HTTP Version Not Supported"}};
  for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
    if (TEXTS[i].status == status) return TEXTS[i].text;
  }
  return "Internal Server Error";
}

unsigned answer_status(enum err_code code) {
  return (unsigned)http_status(code);
}

/* Where json_dump_callback puts its pieces, and what became of it. */
struct pieces {
  struct bytes *out;
  enum err_code code;
  struct err *err;
};

static int put_piece(const char *piece, size_t len, void *context) {
  struct pieces *p = context;
  p->code = text_escape_json(view_of(piece, len), p->out, p->err);
  return p->code == OK ? 0 : -1;
}

enum err_code answer_put_json(struct answer *a, const json_t *document, struct err *err) {
  struct pieces p = {&a->body, OK, err};
  if (json_dump_callback(document, put_piece, &p, JSON_COMPACT) != 0) {
    return p.code != OK ? p.code : err_set(err, ERR_MEMORY, NULL);
  }
  return bytes_append_u8(&a->body, '\n', err);
}

void answer_problem(struct answer *a, unsigned status, const char *code, const char *detail) {
  struct err ignored = ERR_INIT;
  json_t *document = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title", answer_status_text(status),
                               "status", (int)status, "code", code, "detail", detail);
  a->status = status;
  a->type = "application/problem+json";
  a->cache = "no-store";
  bytes_clear(&a->body);
  /* Without memory the status alone has to do. */
  if (document == NULL || answer_put_json(a, document, &ignored) != OK) bytes_clear(&a->body);
  json_decref(document);
}

static enum phrase sorry(unsigned status) {
  switch (status) {
  case 404:
    return P_SORRY_404;
  case 405:
  case 409:
  case 415:
    return P_SORRY_405;
  case 503:
    return P_SORRY_503;
  default:
    return status < 500 ? P_SORRY_400 : P_SORRY_500;
  }
}

/* Errors of ours inside say little to readers, and may say too much. */
static const char *detail_of(unsigned status, const struct err *err) {
  if (status == 503) return "the node is starting or busy; try again in a moment";
  return status >= 500 ? answer_status_text(status) : err->message;
}

void answer_core_error(struct answer *a, unsigned status, struct view body) {
  json_t *document = json_loadb((const char *)body.p, body.len, 0, NULL);
  const json_t *error = json_object_get(document, "error");
  answer_problem(a, status, text_at(error, "code"),
                 status >= 500 && status != 503 ? answer_status_text(status) : text_at(error, "message"));
  json_decref(document);
}

void answer_error(struct request *r, unsigned status, const struct err *err) {
  struct answer *a = r->out;
  if (r->media != MEDIA_HTML) {
    answer_problem(a, status, err_name(err->code), detail_of(status, err));
    return;
  }
  a->status = status;
  a->type = "text/html; charset=utf-8";
  a->cache = "no-store";
  a->language = r->lang;
  bytes_clear(&a->body);
  struct html h = html_start(&a->body);
  const char *title = phrase(sorry(status), r->lang);
  layout_begin(r, &h, title, "");
  html_element(&h, "h1", NULL, title);
  html_open(&h, "p");
  html_attr(&h, "class", "hint");
  html_attr(&h, "lang", "en");
  html_uint(&h, status);
  html_text(&h, ": ");
  html_text(&h, detail_of(status, err));
  if (r->site->more != NULL && err->hint[0] != '\0') {
    html_text(&h, ": ");
    html_text(&h, err->hint);
  }
  html_close(&h);
  if (status < 500 && r->site->more == NULL) show_search(r, &h, schema_set_at(r->site->schemas, 0));
  html_open(&h, "p");
  put_link(r, &h, "/", phrase(P_SORRY_BACK, r->lang));
  html_close(&h);
  layout_end(r, &h);
  if (html_finish(&h, NULL) != OK) answer_problem(a, 500, err_name(ERR_MEMORY), answer_status_text(500));
}
