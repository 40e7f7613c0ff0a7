/*
 * layout: the frame of every page: head, header, navigation, footer. See site.h; the pieces inside are in piece.c.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "keys/text.h"
#include "node/web/site.h"

static void put_name(struct request *r, struct html *h) {
  if (r->site->now == NULL) {
    html_text(h, "Specola");
  } else {
    html_text_view(h, charter_name(&r->site->now->federation.charter, r->lang));
  }
}

/* ---- the frame ---- */

/* The same page in a language, with its query, into an attribute. */
static void put_same(struct request *r, struct html *h, const char *attribute, const char *lang) {
  char url[GUARD_TARGET_MAX + 64];
  const struct view query = r->http->query;
  (void)snprintf(url, sizeof url, "/%s%s%s%.*s", lang, strcmp(r->path, "/") == 0 ? "/" : r->path, query.len > 0 ? "?" : "",
                 (int)query.len, query.len > 0 ? (const char *)query.p : "");
  html_attr(h, attribute, url);
}

static void put_json_link(struct request *r, struct html *h) {
  char path[GUARD_TARGET_MAX + 64];
  const struct view query = r->http->query;
  (void)snprintf(path, sizeof path, "%s.json%s%.*s", strcmp(r->path, "/") == 0 ? "/index" : r->path, query.len > 0 ? "?" : "",
                 (int)query.len, query.len > 0 ? (const char *)query.p : "");
  put_href(r, h, path);
}

static void put_meta(struct html *h, const char *name, const char *content) {
  html_void(h, "meta");
  html_attr(h, "name", name);
  html_attr(h, "content", content);
}

static void put_head(struct request *r, struct html *h, const char *title) {
  html_open(h, "head");
  html_void(h, "meta");
  html_attr(h, "charset", "utf-8");
  put_meta(h, "viewport", "width=device-width, initial-scale=1");
  put_meta(h, "color-scheme", "light dark");
  html_open(h, "title");
  html_text(h, title);
  html_text(h, " – ");
  put_name(r, h);
  html_close(h);
  html_void(h, "link");
  html_attr(h, "rel", "stylesheet");
  html_attr(h, "href", "/style.css");
  html_void(h, "link");
  html_attr(h, "rel", "icon");
  html_attr(h, "type", "image/svg+xml");
  html_attr(h, "href", "/icon.svg");
  for (size_t i = 0; phrase_language(i) != NULL; i++) {
    html_void(h, "link");
    html_attr(h, "rel", "alternate");
    html_attr(h, "hreflang", phrase_language(i));
    html_attr(h, "title", phrase_language_name(i));
    put_same(r, h, "href", phrase_language(i));
  }
  html_void(h, "link");
  html_attr(h, "rel", "alternate");
  html_attr(h, "type", "application/atom+xml");
  html_attr(h, "title", phrase(P_FEED, r->lang));
  put_href(r, h, "/feed.atom");
  html_close(h);
}

void put_nav_link(struct request *r, struct html *h, const char *path, const char *text, const char *active) {
  html_open(h, "li");
  html_open(h, "a");
  put_href(r, h, path);
  if (strcmp(path, active) == 0) html_attr(h, "aria-current", "page");
  html_text(h, text);
  html_close(h);
  html_close(h);
}

/* A link for each kind of which something is here, the first schema's always. */
static bool kind_is_here(const struct site *s, const struct schema *schema) {
  for (uint32_t i = 0; s->now != NULL && i < s->now->catalogue->n; i++) {
    if (s->now->catalogue->objects[i].schema == schema->number) return true;
  }
  return false;
}

static void put_navigation(struct request *r, struct html *h, const char *active) {
  html_open(h, "nav");
  html_attr(h, "aria-label", phrase(P_NAVIGATION, r->lang));
  html_open(h, "ul");
  if (r->site->more != NULL) r->site->more->navigation(r, h, active);
  put_nav_link(r, h, "/", phrase(P_HOME, r->lang), active);
  for (size_t i = 0; i < schema_set_count(r->site->schemas); i++) {
    const struct schema *schema = schema_set_at(r->site->schemas, i);
    char path[SLUG_MAX + 1] = "/";
    if (i > 0 && !kind_is_here(r->site, schema)) continue;
    schema_slug(schema, path + 1);
    put_nav_link(r, h, path, schema_label(schema, "@kinds", r->lang), active);
  }
  put_nav_link(r, h, "/endorsements", phrase(P_ENDORSEMENTS, r->lang), active);
  put_nav_link(r, h, "/nodes", phrase(P_NODES, r->lang), active);
  put_nav_link(r, h, "/network", phrase(P_NETWORK, r->lang), active);
  html_close(h);
  html_close(h);
}

static void put_languages(struct request *r, struct html *h) {
  html_open(h, "nav");
  html_attr(h, "class", "languages");
  html_attr(h, "aria-label", phrase(P_LANGUAGE, r->lang));
  html_open(h, "ul");
  for (size_t i = 0; phrase_language(i) != NULL; i++) {
    const char *tag = phrase_language(i);
    html_open(h, "li");
    html_open(h, "a");
    put_same(r, h, "href", tag);
    html_attr(h, "lang", tag);
    html_attr(h, "hreflang", tag);
    if (strcmp(tag, r->lang) == 0) html_attr(h, "aria-current", "true");
    html_text(h, phrase_language_name(i));
    html_close(h);
    html_close(h);
  }
  html_close(h);
  html_close(h);
}

void layout_begin(struct request *r, struct html *h, const char *title, const char *active) {
  r->title = title;
  html_open(h, "html");
  html_attr(h, "lang", r->lang);
  put_head(r, h, title);
  html_open(h, "body");
  html_open(h, "a");
  html_attr(h, "class", "skip");
  html_attr(h, "href", "#main");
  html_text(h, phrase(P_SKIP, r->lang));
  html_close(h);
  html_open(h, "header");
  html_attr(h, "class", "site");
  html_open(h, "div");
  html_attr(h, "class", "bar");
  html_open(h, "a");
  html_attr(h, "class", "brand");
  put_href(r, h, "/");
  html_void(h, "img");
  html_attr(h, "src", "/icon.svg");
  html_attr(h, "alt", "");
  html_attr_uint(h, "width", 32);
  html_attr_uint(h, "height", 32);
  html_open(h, "span");
  put_name(r, h);
  html_close(h);
  html_close(h);
  put_navigation(r, h, active);
  put_languages(r, h);
  html_close(h);
  html_close(h);
  html_open(h, "main");
  html_attr(h, "id", "main");
  html_attr(h, "tabindex", "-1");
}

/* ---- the foot ---- */

/* By the public name behind TLS, else as it was asked for. */
enum err_code put_base(const struct request *r, struct bytes *out) {
  const struct view host = r->http->host;
  const char *name = r->site->home->config.web_name;
  const bool known = name[0] != '\0' && strncasecmp((const char *)host.p, name, host.len) == 0 && name[host.len] == '\0';
  return bytes_printf(out, NULL, "%s://%.*s", known ? "https" : "http", (int)host.len, (const char *)host.p);
}

/* The page's address as others reach it. */
static enum err_code put_address(const struct request *r, struct bytes *out) {
  const struct view query = r->http->query;
  const enum err_code code = put_base(r, out);
  return code != OK ? code
                    : bytes_printf(out, NULL, "/%s%s%s%.*s", r->lang, r->path, query.len > 0 ? "?" : "", (int)query.len,
                                   query.len > 0 ? (const char *)query.p : "");
}

/* <li> with a letter to somebody (empty: whom the reader chooses) about this page. */
static void put_letter(const struct request *r, struct html *h, const char *to, enum phrase about, enum phrase text,
                       const char *address) {
  struct bytes url;
  char subject[400];
  bytes_init(&url, (size_t)8 * GUARD_TARGET_MAX);
  (void)snprintf(subject, sizeof subject, "%s%.300s", phrase(about, r->lang), r->title == NULL ? "" : r->title);
  subject[text_valid_prefix(view_of_text(subject))] = '\0';
  if (bytes_printf(&url, NULL, "mailto:%s", to) == OK && url_put(&url, "subject", subject, NULL) == OK &&
      url_put(&url, "body", address, NULL) == OK && bytes_text(&url) != NULL) {
    html_open(h, "li");
    html_open(h, "a");
    html_attr(h, "href", bytes_text(&url));
    html_text(h, phrase(text, r->lang));
    html_close(h);
    html_close(h);
  }
  bytes_release(&url);
}

/* Who hears of what is wrong here: the contact of node.ini; without one, the page of this node says who runs it. */
static void put_report(struct request *r, struct html *h, const char *handle, const char *address) {
  const char *contact = r->site->home->config.contact;
  char path[HANDLE_MAX + 8];
  if (strchr(contact, '@') != NULL) {
    put_letter(r, h, contact, P_REPORT_ABOUT, P_REPORT, address);
    return;
  }
  (void)snprintf(path, sizeof path, "/nodes/%s", handle);
  html_open(h, "li");
  if (contact[0] == '\0') {
    put_link(r, h, path, phrase(P_REPORT, r->lang));
  } else {
    put_url(h, view_of_text(contact), view_of_text(phrase(P_REPORT, r->lang)));
  }
  html_close(h);
}

static void put_acts(struct request *r, struct html *h, const char *handle) {
  struct bytes address;
  bytes_init(&address, (size_t)2 * GUARD_TARGET_MAX);
  const char *url = put_address(r, &address) == OK ? bytes_text(&address) : NULL;
  html_open(h, "ul");
  put_letter(r, h, "", P_SHARE_ABOUT, P_SHARE, url == NULL ? "" : url);
  put_report(r, h, handle, url == NULL ? "" : url);
  if (r->out->status == 200) {
    html_open(h, "li");
    html_open(h, "a");
    put_json_link(r, h);
    html_text(h, phrase(P_AS_JSON, r->lang));
    html_close(h);
    html_close(h);
  }
  html_open(h, "li");
  put_link(r, h, "/feed.atom", phrase(P_FEED, r->lang));
  html_close(h);
  html_open(h, "li");
  html_open(h, "a");
  html_attr(h, "href", "/sync");
  html_text(h, phrase(P_FETCH, r->lang));
  html_close(h);
  html_close(h);
  html_close(h);
  html_open(h, "p");
  html_attr(h, "class", "address");
  html_text(h, phrase(P_ADDRESS, r->lang));
  html_text(h, ": ");
  html_text(h, url == NULL ? r->path : url);
  html_close(h);
  bytes_release(&address);
}

/* Who serves this page. */
static void put_server(struct request *r, struct html *h, const char *handle) {
  const char *name = r->site->home->config.name;
  html_text(h, phrase(P_SERVED_BY, r->lang));
  html_text(h, " ");
  if (name[0] != '\0') {
    html_text(h, name);
    html_text(h, ", ");
  }
  html_text(h, phrase(P_NODE_WORD, r->lang));
  html_text(h, " ");
  html_text(h, handle);
  html_text(h, ". ");
  html_text(h, phrase(P_FOOTER, r->lang));
}

static void put_footer(struct request *r, struct html *h) {
  const struct snapshot *now = r->site->now;
  const char *handle = now == NULL ? "?" : federation_handle(&now->federation, &now->federation.own);
  html_open(h, "footer");
  html_attr(h, "class", "site");
  html_open(h, "div");
  html_attr(h, "class", "bar");
  if (r->site->more == NULL) put_acts(r, h, handle); /* nobody else has the address of a person's own page */
  html_open(h, "p");
  if (r->site->more != NULL) {
    html_text(h, phrase(P_FOOTER_OWN, r->lang));
  } else {
    put_server(r, h, handle);
  }
  html_close(h);
  html_close(h);
  html_close(h);
}

void layout_end(struct request *r, struct html *h) {
  html_close(h); /* main */
  put_footer(r, h);
  html_close(h);
  html_close(h);
}
