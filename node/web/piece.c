/*
 * piece: the small things that pages are made of: links, days, bars, tables, the box of a search; and what things are called:
 * kinds in paths, countries, languages. See site.h.
 */
#include <ctype.h>
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

/* ---- names ---- */

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

static const char *code_name(const struct site *s, const char *vocabulary, struct view code, const char *lang) {
  const struct vocabulary *v = vocabulary_by_name(s->schemas, vocabulary);
  return v == NULL ? NULL : vocabulary_label(v, code, lang);
}

const char *country_name(const struct site *s, const char *country, const char *lang) {
  const char *name = code_name(s, "country", view_of_text(country), lang);
  return name == NULL ? country : name;
}

const char *region_name(const struct site *s, const char *region, const char *lang) {
  const char *name = code_name(s, "region", view_of_text(region), lang);
  return name == NULL ? region : name;
}

const char *licence_name(const struct site *s, const char *licence, const char *lang) {
  const char *name = code_name(s, "spdx", view_of_text(licence), lang);
  return name == NULL ? licence : name;
}

const char *language_name(const struct site *s, const char *tag, const char *lang) {
  const char *name = code_name(s, "language", view_of(tag, strcspn(tag, "-")), lang);
  return name == NULL ? tag : name;
}

void put_roles(struct request *r, struct html *h, const char *roles) {
  for (size_t n = 0; *roles != '\0'; n++) {
    const size_t len = strcspn(roles, ",");
    const char *name = code_name(r->site, "role", view_of(roles, len), r->lang);
    if (n > 0) html_text(h, ", ");
    if (name == NULL) {
      html_text_view(h, view_of(roles, len));
    } else {
      html_text(h, name);
    }
    roles += len;
    roles += strspn(roles, ", ");
  }
}

json_t *observatory_name(const struct request *r) {
  const struct view name = charter_name(&r->site->now->federation.charter, r->lang);
  return json_stringn((const char *)name.p, name.len);
}

/* ---- links ---- */

void put_href(struct request *r, struct html *h, const char *path) {
  char url[GUARD_TARGET_MAX + 64];
  (void)snprintf(url, sizeof url, "/%s%s", r->lang, path);
  html_attr(h, "href", url);
}

void put_link(struct request *r, struct html *h, const char *path, const char *text) {
  html_open(h, "a");
  put_href(r, h, path);
  html_text(h, text);
  html_close(h);
}

void put_url(struct html *h, struct view url, struct view text) {
  html_open(h, "a");
  html_attr_view(h, "href", url);
  html_attr(h, "rel", "noreferrer nofollow ugc");
  html_text_view(h, text);
  html_close(h);
}

void put_code_href(struct request *r, struct html *h, const char *list, const char *dim, const char *code) {
  struct bytes path;
  bytes_init(&path, GUARD_TARGET_MAX);
  const bool fits =
      bytes_printf(&path, NULL, "/%s", list) == OK && url_put(&path, dim, code, NULL) == OK && bytes_text(&path) != NULL;
  put_href(r, h, fits ? bytes_text(&path) : "/");
  bytes_release(&path);
}

void show_code_link(struct request *r, struct html *h, const char *list, const char *dim, const json_t *code) {
  html_open(h, "a");
  put_code_href(r, h, list, dim, text_at(code, "code"));
  html_text(h, text_at(code, "label"));
  html_text(h, " ");
  html_open(h, "span");
  html_attr(h, "class", "count");
  html_uint(h, (uint64_t)int_at(code, "count"));
  html_close(h);
  html_close(h);
}

/* Tags come from authors: of no form, they say nothing to a browser. */
void put_lang(const struct request *r, struct html *h, const char *tag) {
  if (strcmp(tag, r->lang) != 0 && value_is_tag(view_of_text(tag))) html_attr(h, "lang", tag);
}

/* ---- dates, numbers ---- */

static void put_time(struct request *r, struct html *h, const char *machine, int year, int month, int day) {
  const char *name = month == 0 ? "" : phrase((enum phrase)(P_MONTH_1 + month - 1), r->lang);
  char people[64];
  if (day > 0) {
    (void)snprintf(people, sizeof people, "%d %s %d", day, name, year);
  } else {
    (void)snprintf(people, sizeof people, "%s%s%d", name, month == 0 ? "" : " ", year);
  }
  html_open(h, "time");
  html_attr(h, "datetime", machine);
  html_text(h, people);
  html_close(h);
}

void put_day(struct request *r, struct html *h, json_int_t seconds) {
  struct tm tm;
  const time_t t = (time_t)seconds;
  char machine[32];
  if (gmtime_r(&t, &tm) == NULL || strftime(machine, sizeof machine, "%Y-%m-%d", &tm) == 0) {
    html_text(h, "?");
    return;
  }
  put_time(r, h, machine, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* The digits at text, which a valid date has. */
static int digits(const char *text, size_t n) {
  int number = 0;
  for (size_t i = 0; i < n; i++)
    number = number * 10 + (text[i] - '0');
  return number;
}

void put_date(struct request *r, struct html *h, const char *date) {
  const size_t len = strlen(date);
  if (!value_is_date(view_of_text(date)) || (len != 4 && len != 7 && len != 10)) {
    html_text(h, date);
    return;
  }
  put_time(r, h, date, digits(date, 4), len < 7 ? 0 : digits(date + 5, 2), len < 10 ? 0 : digits(date + 8, 2));
}

/* ---- pieces ---- */

void put_pair(struct html *h, const char *label, const char *text) {
  open_pair(h, label);
  html_text(h, text);
  close_pair(h);
}

void open_pair(struct html *h, const char *label) {
  html_open(h, "div");
  html_element(h, "dt", NULL, label);
  html_open(h, "dd");
}

void close_pair(struct html *h) {
  html_close(h);
  html_close(h);
}

void show_figure(struct html *h, json_int_t value, const char *label) {
  open_pair(h, label);
  html_uint(h, (uint64_t)value);
  close_pair(h);
}

void put_bar(struct html *h, uint64_t part, uint64_t whole) {
  char width[16];
  const unsigned percent = whole == 0 || part > whole ? 100 : (unsigned)(part * 100 / whole);
  (void)snprintf(width, sizeof width, "%u%%", percent);
  html_open(h, "svg");
  html_attr(h, "class", "bar");
  html_attr(h, "aria-hidden", "true");
  html_open(h, "rect");
  html_attr(h, "width", width);
  html_attr(h, "height", "100%");
  html_close(h);
  html_close(h);
}

void put_completeness(struct request *r, struct html *h, json_int_t percent) {
  char text[64];
  (void)snprintf(text, sizeof text, " %d %% %s", (int)percent, phrase(P_COMPLETE, r->lang));
  html_open(h, "span");
  html_attr(h, "class", "complete");
  put_bar(h, (uint64_t)percent, 100);
  html_text(h, text);
  html_close(h);
}

void put_button(struct html *h, const char *text) {
  html_open(h, "button");
  html_attr(h, "type", "submit");
  html_text(h, text);
  html_close(h);
}

void put_search(struct request *r, struct html *h, const char *words) {
  html_open(h, "label");
  html_attr(h, "for", "q");
  html_text(h, phrase(P_SEARCH_LABEL, r->lang));
  html_close(h);
  html_open(h, "div");
  html_void(h, "input");
  html_attr(h, "type", "search");
  html_attr(h, "id", "q");
  html_attr(h, "name", "q");
  html_attr(h, "maxlength", "200");
  html_attr(h, "aria-describedby", "hint");
  if (words != NULL) html_attr(h, "value", words);
  put_button(h, phrase(P_SEARCH, r->lang));
  html_close(h);
  html_open(h, "p");
  html_attr(h, "id", "hint");
  html_attr(h, "class", "hint");
  html_text(h, phrase(P_SEARCH_HINT, r->lang));
  html_close(h);
}

void show_search(struct request *r, struct html *h, const struct schema *schema) {
  char action[SLUG_MAX + 8], slug[SLUG_MAX];
  schema_slug(schema, slug);
  (void)snprintf(action, sizeof action, "/%s/%s", r->lang, slug);
  html_open(h, "form");
  html_attr(h, "class", "search");
  html_attr(h, "role", "search");
  html_attr(h, "action", action);
  put_search(r, h, NULL);
  html_close(h);
}

static void open_head(struct request *r, struct html *h, const char *class, enum phrase label, const struct column *columns,
                      size_t n) {
  html_open(h, "table");
  if (class != NULL) html_attr(h, "class", class);
  html_element(h, "caption", "hidden", phrase(label, r->lang));
  html_open(h, "thead");
  html_open(h, "tr");
  for (size_t i = 0; i < n; i++) {
    html_open(h, "th");
    html_attr(h, "scope", "col");
    if (columns[i].number) html_attr(h, "class", "number");
    html_text(h, phrase(columns[i].head, r->lang));
    html_close(h);
  }
  html_close(h);
  html_close(h);
  html_open(h, "tbody");
}

void open_table(struct request *r, struct html *h, enum phrase label, const struct column *columns, size_t n) {
  open_head(r, h, NULL, label, columns, n);
}

void open_blocks(struct request *r, struct html *h, enum phrase label, const struct column *columns, size_t n) {
  open_head(r, h, "blocks", label, columns, n);
}

void open_cell(struct request *r, struct html *h, const struct column *column) {
  html_open(h, "td");
  if (column->number) html_attr(h, "class", "number");
  html_attr(h, "data-column", phrase(column->head, r->lang));
}

void close_table(struct html *h) {
  html_close(h); /* tbody */
  html_close(h);
}

void put_number(struct html *h, json_int_t n) {
  html_open(h, "td");
  html_attr(h, "class", "number");
  html_uint(h, (uint64_t)n);
  html_close(h);
}
