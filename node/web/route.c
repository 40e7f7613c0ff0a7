/*
 * route: the table of everything that web answers: path pattern x method x type -> handler. See site.h.
 *
 * A path may begin with a language ("/it/…"); a page's path may end in ".json": its twin. In a pattern "*" stands for one
 * segment.
 */
#include <string.h>

#include "node/web/site.h"

#define GET (1u << GUARD_GET | 1u << GUARD_HEAD)
#define POST (1u << GUARD_POST)
#define OF_METHOD(m) (1u << (m))
#define LONG_WORDS 4u /* blanks between words */

static bool is_list(const struct request *r) {
  return schema_by_slug(r->site->schemas, r->captures[0]) != NULL;
}

static bool is_feed(const struct request *r) {
  char slug[SITE_CAPTURE_MAX];
  const size_t len = strlen(r->captures[0]), tail = strlen(".atom");
  if (len <= tail || strcmp(r->captures[0] + len - tail, ".atom") != 0) return false;
  memcpy(slug, r->captures[0], len - tail);
  slug[len - tail] = '\0';
  return schema_by_slug(r->site->schemas, slug) != NULL;
}

static const struct route ROUTES[] = {
    {"/", NULL, model_home, show_home, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/index", NULL, model_home, show_home, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/nodes", NULL, model_nodes, show_nodes, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/nodes/*", NULL, model_node, show_node, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/endorsements", NULL, model_matrix, show_matrix, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/network", NULL, model_network, show_network, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/healthz", NULL, NULL, NULL, raw_health, NULL, GET, MEDIA_TEXT, ROUTE_NOW, true, false},
    {"/metrics", NULL, NULL, NULL, raw_metrics, NULL, GET, MEDIA_TEXT, ROUTE_NOW, true, false},
    {"/style.css", NULL, NULL, NULL, raw_style, NULL, GET, MEDIA_CSS, ROUTE_NOW, true, false},
    {"/icon.svg", NULL, NULL, NULL, raw_icon, NULL, GET, MEDIA_SVG, ROUTE_NOW, true, false},
    {"/robots.txt", NULL, NULL, NULL, raw_robots, NULL, GET, MEDIA_TEXT, ROUTE_NOW, true, false},
    {"/sync", NULL, NULL, NULL, raw_sync, NULL, GET, MEDIA_JSON, ROUTE_SHORT, false, false},
    {"/sync/charter", NULL, NULL, NULL, raw_sync_charter, NULL, GET, MEDIA_MSGPACK, ROUTE_SHORT, false, false},
    {"/sync/epochs", NULL, NULL, NULL, raw_sync_epochs, NULL, GET, MEDIA_MSGPACK, ROUTE_SHORT, false, false},
    {"/sync/identities", NULL, NULL, NULL, raw_sync_identities, NULL, GET, MEDIA_MSGPACK, ROUTE_SHORT, false, false},
    {"/sync/checkpoints", NULL, NULL, NULL, raw_sync_checkpoints, NULL, GET, MEDIA_MSGPACK, ROUTE_SHORT, false, false},
    {"/sync/submit", "application/msgpack", NULL, NULL, raw_sync_submit, NULL, POST, MEDIA_MSGPACK, ROUTE_NOW, false, false},
    {"/sync/holds", NULL, NULL, NULL, raw_sync_holds, NULL, GET, MEDIA_MSGPACK, ROUTE_SHORT, false, false},
    {"/sync/select", NULL, NULL, NULL, raw_sync_select, NULL, GET, MEDIA_JSON, ROUTE_LONG, false, false},
    {"/sync/*/*/*/headers", NULL, NULL, NULL, raw_sync_headers, NULL, GET, MEDIA_MSGPACK, ROUTE_LONG, false, false},
    {"/sync/*/*/*/bodies/*", NULL, NULL, NULL, raw_sync_bodies, NULL, GET, MEDIA_MSGPACK, ROUTE_LONG, false, false},
    {"/sync/ask", "application/msgpack", NULL, NULL, raw_sync_ask, NULL, POST, MEDIA_MSGPACK, ROUTE_NOW, false, false},
    {"/sync/*/*/*", NULL, NULL, NULL, raw_sync_log, NULL, GET, MEDIA_MSGPACK, ROUTE_LONG, false, false},
    {"/feed.atom", NULL, NULL, NULL, raw_feed, NULL, GET, MEDIA_ATOM, ROUTE_SHORT, false, false},
    {"/*", NULL, NULL, NULL, raw_feed, is_feed, GET, MEDIA_ATOM, ROUTE_SHORT, false, false},
    {"/*", NULL, model_list, show_list, NULL, is_list, GET, MEDIA_HTML, ROUTE_SHORT, false, true},
    {"/*", NULL, model_object, show_object, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/*/where", NULL, model_holders, show_holders, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/*/v/*", NULL, model_version, show_object, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
};
#define N_ROUTES (sizeof ROUTES / sizeof ROUTES[0])
_Static_assert(N_ROUTES <= SITE_ROUTES_MAX, "room for counts");

const char *route_pattern(size_t route) {
  return route < N_ROUTES ? ROUTES[route].pattern : NULL;
}

/* The row of a number: those of a site's own stand behind the others. NULL: none. */
static const struct route *row_of(const struct request *r, size_t route) {
  const struct site_more *more = r->site->more;
  if (route < N_ROUTES) return &ROUTES[route];
  return more != NULL && route - N_ROUTES < more->n ? &more->routes[route - N_ROUTES] : NULL;
}

/* ---- paths ---- */

/* Takes the language off the front of r->path. */
static void take_prefix(struct request *r) {
  const size_t len = strcspn(r->path + 1, "/");
  for (size_t i = 0; phrase_language(i) != NULL; i++) {
    const char *tag = phrase_language(i);
    if (len != strlen(tag) || strncmp(r->path + 1, tag, len) != 0) continue;
    r->lang = tag;
    r->prefixed = true;
    const char *rest = r->path + 1 + len;
    memmove(r->path, *rest == '\0' ? "/" : rest, strlen(*rest == '\0' ? "/" : rest) + 1);
    return;
  }
}

/* The language of a path without a prefix: at "/" the first one of ours that the reader asks for, else the node's. */
static const char *language_of(const struct request *r) {
  struct view wish = r->http->accept_language;
  const char *own = phrase_language_of(r->site->home->config.language, strlen(r->site->home->config.language));
  while (strcmp(r->path, "/") == 0 && wish.len > 0) {
    const uint8_t *comma = memchr(wish.p, ',', wish.len);
    const size_t len = comma == NULL ? wish.len : (size_t)(comma - wish.p);
    size_t from = 0, to = 0;
    while (from < len && wish.p[from] == ' ')
      from++;
    for (to = from; to < len && wish.p[to] != ';' && wish.p[to] != ' ';)
      to++;
    const char *tag = phrase_language_of((const char *)wish.p + from, to - from);
    if (tag != NULL) return tag;
    wish = view_of(wish.p + len + (comma != NULL), wish.len - len - (comma != NULL));
  }
  return own == NULL ? "en" : own;
}

static void take_suffix(struct request *r) {
  const size_t len = strlen(r->path);
  if (len <= 6 || strcmp(r->path + len - 5, ".json") != 0) return;
  r->path[len - 5] = '\0';
  r->media = MEDIA_JSON;
}

static bool matches(struct request *r, const char *pattern) {
  const char *path = r->path;
  size_t n = 0;
  while (*pattern != '\0') {
    if (*pattern != '*') {
      if (*pattern++ != *path++) return false;
      continue;
    }
    const size_t len = strcspn(path, "/");
    if (len == 0 || len >= SITE_CAPTURE_MAX || n == SITE_CAPTURES) return false;
    memcpy(r->captures[n], path, len);
    r->captures[n++][len] = '\0';
    path += len;
    pattern++;
  }
  return *path == '\0';
}

static bool is_for(struct request *r, const struct route *row) {
  return (r->media != MEDIA_JSON || row->model != NULL) && matches(r, row->pattern) && (row->fits == NULL || row->fits(r));
}

/* The number of the row for the path; one that row_of does not know: none. */
static size_t find(struct request *r) {
  const size_t n_more = r->site->more == NULL ? 0 : r->site->more->n;
  for (size_t i = 0; i < n_more; i++) {
    if (is_for(r, &r->site->more->routes[i])) return N_ROUTES + i;
  }
  for (size_t i = 0; i < N_ROUTES; i++) {
    if (is_for(r, &ROUTES[i])) return i;
  }
  return N_ROUTES + n_more;
}

/* ---- answers ---- */

static enum err_code answer_json(struct answer *a, const json_t *model, struct err *err) {
  enum err_code code = answer_put_json(a, model, err);
  a->type = "application/json";
  return code;
}

static enum err_code answer_page(struct request *r, const struct route *route, struct err *err) {
  json_t *model = NULL;
  enum err_code code = store_read_begin(r->site->store, err);
  if (code == OK) code = route->model(r, &model, err);
  store_read_end(r->site->store);
  r->out->language = r->lang;
  r->out->vary_language = !r->prefixed && strcmp(r->path, "/") == 0;
  if (code == OK && r->media == MEDIA_JSON) {
    code = answer_json(r->out, model, err);
  } else if (code == OK) {
    struct html h = html_start(&r->out->body);
    r->out->type = "text/html; charset=utf-8";
    route->show(r, &h, model);
    code = html_finish(&h, err);
  }
  json_decref(model);
  return code;
}

static const char *allow_of(unsigned methods) {
  return methods == POST ? "POST" : "GET, HEAD";
}

/* What the row says of method, type and time. 200: go on. */
static unsigned judge(const struct request *r, const struct route *route, struct err *err) {
  if ((route->methods & OF_METHOD(r->http->method)) == 0) {
    r->out->allow = allow_of(route->methods);
    err_set(err, ERR_USAGE, "use %s", r->out->allow);
    return 405;
  }
  if (route->type != NULL && !view_is_text(r->http->content_type, route->type)) {
    err_set(err, ERR_USAGE, "the content type has to be %s", route->type);
    return 415;
  }
  if (!route->early && r->site->now == NULL) {
    err_set(err, ERR_BUSY, "the node is starting");
    return 503;
  }
  return 200;
}

size_t route_find(struct request *r) {
  take_prefix(r);
  if (!r->prefixed) r->lang = language_of(r);
  take_suffix(r);
  const size_t i = find(r);
  const struct route *row = row_of(r, i);
  if (row == NULL) {
    if (strncmp(r->path, "/sync/", 6) == 0) r->media = MEDIA_JSON; /* programs ask there, and read no pages */
  } else if (r->media != MEDIA_JSON) {
    r->media = row->media;
  }
  return i;
}

/* How often text stands in v. */
static unsigned count_of(struct view v, const char *text) {
  unsigned n = 0;
  for (const uint8_t *p = v.p; v.len > 0 && (p = memmem(p, (size_t)(v.p + v.len - p), text, strlen(text))) != NULL; p++)
    n++;
  return n;
}

/* Whether a list may search for much at once: beginnings of words, or more words than people type. A search for a few words
 * takes no longer than other pages do. */
static bool is_long_search(struct view query) {
  const unsigned blanks = count_of(query, "+") + count_of(query, "%20");
  return count_of(query, "q=") > 0 &&
         (blanks >= LONG_WORDS || count_of(query, "*") + count_of(query, "%2A") + count_of(query, "%2a") > 0);
}

enum route_way route_way(const struct request *r, size_t route) {
  const struct route *row = row_of(r, route);
  if (row == NULL || (!row->early && r->site->now == NULL)) return ROUTE_NOW;
  return row->model == model_list && is_long_search(r->http->query) ? ROUTE_LONG : row->way;
}

bool route_is_kept(size_t route) {
  return route < N_ROUTES && ROUTES[route].kept;
}

/* By the row's own handler, or as a page. */
static enum err_code answer_row(struct request *r, const struct route *row, struct err *err) {
  struct params params;
  enum err_code code = params_read(r->http->query, &params, err);
  if (code != OK) return err->code = ERR_USAGE;
  r->params = &params;
  code = row->raw != NULL ? row->raw(r, err) : answer_page(r, row, err);
  r->params = NULL;
  return code;
}

void route_answer(struct request *r, size_t route) {
  struct err err = ERR_INIT;
  const struct route *row = row_of(r, route);
  if (r->site->more != NULL && !r->site->more->admit(r)) return;
  if (row == NULL) {
    err_set(&err, ERR_NOT_FOUND, "nothing here by that name");
    answer_error(r, 404, &err);
    return;
  }
  const unsigned status = judge(r, row, &err);
  if (status != 200) {
    answer_error(r, status, &err);
    return;
  }
  const enum err_code code = answer_row(r, row, &err);
  if (code != OK) answer_error(r, answer_status(code), &err);
}
