/*
 * layout: the frame of every page (head, header, navigation, footer), and the small pieces that pages share. See site.h.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/web/site.h"
#include "protocol/schema/value.h"

const char *text_at(const json_t *object, const char *key) {
  const char *text = json_string_value(json_object_get(object, key));
  return text == NULL ? "" : text;
}

json_int_t int_at(const json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

void put_href(struct request *r, struct html *h, const char *path) {
  char url[GUARD_TARGET_MAX + 64];
  (void)snprintf(url, sizeof url, "/%s%s", r->lang, path);
  html_attr(h, "href", url);
}

/* Tags come from authors: of no form, they say nothing to a browser. */
void put_lang(const struct request *r, struct html *h, const char *tag) {
  if (strcmp(tag, r->lang) != 0 && value_is_tag(view_of_text(tag))) html_attr(h, "lang", tag);
}

void put_link(struct request *r, struct html *h, const char *path, const char *text) {
  html_open(h, "a");
  put_href(r, h, path);
  html_text(h, text);
  html_close(h);
}

void put_pair(struct html *h, const char *label, const char *text) {
  html_element(h, "dt", NULL, label);
  html_element(h, "dd", NULL, text);
}

void put_day(struct request *r, struct html *h, json_int_t seconds) {
  struct tm tm;
  const time_t t = (time_t)seconds;
  char machine[32], people[64];
  if (gmtime_r(&t, &tm) == NULL || strftime(machine, sizeof machine, "%Y-%m-%d", &tm) == 0) {
    html_text(h, "?");
    return;
  }
  (void)snprintf(people, sizeof people, "%d %s %d", tm.tm_mday, phrase((enum phrase)(P_MONTH_1 + tm.tm_mon), r->lang),
                 tm.tm_year + 1900);
  html_open(h, "time");
  html_attr(h, "datetime", machine);
  html_text(h, people);
  html_close(h);
}

/* ---- kinds in paths ---- */

/* Letters and digits of the English plural, in lower case, the rest as hyphens. */
void schema_slug(const struct schema *schema, char out[SLUG_MAX]) {
  const char *label = schema_label(schema, "@kinds", "en");
  size_t n = 0;
  for (; *label != '\0' && n + 1 < SLUG_MAX; label++) {
    const unsigned char c = (unsigned char)*label;
    if (c < 0x80 && isalnum(c)) {
      out[n++] = (char)tolower(c);
    } else if (n > 0 && out[n - 1] != '-') {
      out[n++] = '-';
    }
  }
  out[n] = '\0';
  if (n == 0) (void)snprintf(out, SLUG_MAX, "%s", schema->kind);
}

const struct schema *schema_by_slug(const struct schema_set *set, const char *slug) {
  char name[SLUG_MAX];
  for (size_t i = 0; i < schema_set_count(set); i++) {
    schema_slug(schema_set_at(set, i), name);
    if (strcmp(name, slug) == 0) return schema_set_at(set, i);
  }
  return NULL;
}

const char *country_name(const struct site *s, const char *country, const char *lang) {
  const struct vocabulary *v = vocabulary_by_name(s->schemas, "country");
  const char *label = v == NULL ? NULL : vocabulary_label(v, view_of_text(country), lang);
  return label == NULL ? country : label;
}

json_t *observatory_name(const struct request *r) {
  const struct view name = charter_name(&r->site->now->federation.charter, r->lang);
  return json_stringn((const char *)name.p, name.len);
}

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
    put_same(r, h, "href", phrase_language(i));
  }
  html_close(h);
}

static void put_nav_link(struct request *r, struct html *h, const char *path, const char *text, const char *active) {
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
  put_nav_link(r, h, "/", phrase(P_HOME, r->lang), active);
  for (size_t i = 0; i < schema_set_count(r->site->schemas); i++) {
    const struct schema *schema = schema_set_at(r->site->schemas, i);
    char path[SLUG_MAX + 1] = "/";
    if (i > 0 && !kind_is_here(r->site, schema)) continue;
    schema_slug(schema, path + 1);
    put_nav_link(r, h, path, schema_label(schema, "@kinds", r->lang), active);
  }
  put_nav_link(r, h, "/nodes", phrase(P_NODES, r->lang), active);
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
  put_name(r, h);
  html_close(h);
  put_navigation(r, h, active);
  put_languages(r, h);
  html_close(h);
  html_close(h);
  html_open(h, "main");
  html_attr(h, "id", "main");
  html_attr(h, "tabindex", "-1");
}

static void put_footer(struct request *r, struct html *h) {
  const struct snapshot *now = r->site->now;
  const char *handle = now == NULL ? "?" : federation_handle(&now->federation, &now->federation.own);
  html_open(h, "footer");
  html_attr(h, "class", "site");
  html_open(h, "div");
  html_attr(h, "class", "bar");
  html_open(h, "p");
  html_text(h, phrase(P_SERVED_BY, r->lang));
  html_text(h, " ");
  html_text(h, handle);
  html_text(h, ". ");
  html_text(h, phrase(P_FOOTER, r->lang));
  html_close(h);
  html_open(h, "ul");
  if (r->out->status == 200) {
    html_open(h, "li");
    html_open(h, "a");
    put_json_link(r, h);
    html_text(h, phrase(P_AS_JSON, r->lang));
    html_close(h);
    html_close(h);
  }
  html_open(h, "li");
  html_open(h, "a");
  html_attr(h, "href", "/sync");
  html_text(h, phrase(P_FETCH, r->lang));
  html_close(h);
  html_close(h);
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
