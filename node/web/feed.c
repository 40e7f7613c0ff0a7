/*
 * feed: what is newest as Atom (RFC 4287): of everything, or of a list under its filters. The same models as the pages have.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/web/site.h"

#define DAY_MAX 32

/* RFC 3339, which Atom wants; what no calendar has is the beginning of time. */
static void put_time(struct html *h, const char *tag, json_int_t seconds) {
  struct tm tm;
  char text[DAY_MAX] = "1970-01-01T00:00:00Z";
  const time_t t = (time_t)seconds;
  if (seconds >= 0 && seconds <= INT64_C(253402300799) && gmtime_r(&t, &tm) != NULL) {
    (void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
  }
  html_element(h, tag, NULL, text);
}

/* A name that stays while addresses change: the observatory's id, then what (empty: all of it). */
static void put_id(const struct request *r, struct html *h, const char *what, struct view query) {
  char hex[HASH_HEX_LEN];
  hash_hex(&r->site->now->federation.charter.fed_id, hex);
  html_open(h, "id");
  html_text(h, "urn:specola:");
  html_text(h, hex);
  html_text(h, what[0] == '\0' ? "" : ":");
  html_text(h, what);
  html_text(h, query.len == 0 ? "" : "?=");
  html_text_view(h, query);
  html_close(h);
}

/* <link>: base, language, path and query. */
static void put_atom_link(const struct request *r, struct html *h, const char *rel, const char *type, const char *path,
                          struct view query) {
  struct bytes url;
  bytes_init(&url, (size_t)2 * GUARD_TARGET_MAX);
  if (put_base(r, &url) == OK && bytes_printf(&url, NULL, "/%s%s%s%.*s", r->lang, path, query.len > 0 ? "?" : "",
                                              (int)query.len, query.len > 0 ? (const char *)query.p : "") == OK) {
    html_open(h, "link");
    html_attr(h, "rel", rel);
    html_attr(h, "type", type);
    html_attr_view(h, "href", bytes_view(&url));
    html_close(h);
  }
  bytes_release(&url);
}

/* How it is endorsed (RFC 4287 4.2.2): the term is that of the data of pages and exports. */
static void put_category(const struct request *r, struct html *h, const char *state) {
  html_open(h, "category");
  html_attr(h, "scheme", "urn:specola:endorsed");
  html_attr(h, "term", state);
  html_attr(h, "label", endorsed_badge(r, state));
  html_close(h);
}

static void put_entry(const struct request *r, struct html *h, const json_t *row) {
  const char *reference = text_at(row, "reference"), *title = text_at(row, "title");
  const struct federation_member *home = federation_by_handle(&r->site->now->federation, text_at(row, "home"));
  char path[REFERENCE_MAX + 1];
  (void)snprintf(path, sizeof path, "/%s", reference);
  html_open(h, "entry");
  put_id(r, h, reference, view_of(NULL, 0));
  html_element(h, "title", NULL, title[0] == '\0' ? reference : title);
  put_time(h, "updated", int_at(row, "created"));
  put_atom_link(r, h, "alternate", "text/html", path, view_of(NULL, 0));
  put_category(r, h, text_at(row, "endorsed"));
  html_open(h, "author");
  html_element(h, "name", NULL, home == NULL ? text_at(row, "home") : country_name(r->site, home->member->country, r->lang));
  html_close(h);
  if (text_at(row, "lead")[0] != '\0') html_element(h, "summary", NULL, text_at(row, "lead"));
  html_close(h);
}

static json_int_t newest_of(const json_t *rows) {
  json_int_t newest = 0;
  size_t i = 0;
  const json_t *row = NULL;
  json_array_foreach(rows, i, row) {
    newest = int_at(row, "created") > newest ? int_at(row, "created") : newest;
  }
  return newest;
}

/* path: of the page that shows the same. */
static void show_feed(struct request *r, struct html *h, const char *path, const char *label, const json_t *rows) {
  const struct view query = r->http->query;
  char self[SLUG_MAX + 8];
  size_t i = 0;
  const json_t *row = NULL;
  (void)snprintf(self, sizeof self, "%s.atom", strcmp(path, "/") == 0 ? "/feed" : path);
  html_open(h, "feed");
  html_attr(h, "xmlns", "http://www.w3.org/2005/Atom");
  html_attr(h, "xml:lang", r->lang);
  put_id(r, h, path[1] == '\0' ? "" : path + 1, query);
  html_open(h, "title");
  html_text_view(h, charter_name(&r->site->now->federation.charter, r->lang));
  html_text(h, label[0] == '\0' ? "" : ": ");
  html_text(h, label);
  html_close(h);
  put_time(h, "updated", newest_of(rows));
  put_atom_link(r, h, "self", "application/atom+xml", self, query);
  put_atom_link(r, h, "alternate", "text/html", path, query);
  json_array_foreach(rows, i, row) {
    put_entry(r, h, row);
  }
  html_close(h);
}

enum err_code raw_feed(struct request *r, struct err *err) {
  json_t *model = NULL, *rows = json_array();
  char path[SLUG_MAX + 1] = "/";
  const size_t len = strlen(r->captures[0]);
  const bool whole = strcmp(r->path, "/feed.atom") == 0;
  if (!whole) {
    r->captures[0][len - strlen(".atom")] = '\0';
    (void)snprintf(path, sizeof path, "/%.60s", r->captures[0]);
  }
  enum err_code code = store_read_begin(r->site->store, err);
  if (code == OK) code = whole ? newest_rows(r, NEWEST_MAX, rows, err) : model_list(r, &model, err);
  store_read_end(r->site->store);
  r->out->language = r->lang;
  if (code == OK) code = bytes_append_text(&r->out->body, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n", err);
  if (code == OK) {
    struct html h = {.out = &r->out->body};
    r->out->type = "application/atom+xml; charset=utf-8";
    show_feed(r, &h, path, whole ? "" : text_at(model, "label"), whole ? rows : json_object_get(model, "objects"));
    code = html_finish(&h, err);
  }
  json_decref(model);
  json_decref(rows);
  return code;
}
