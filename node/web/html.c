/*
 * html: see html.h.
 */
#include "node/web/html.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"

#define REPLACEMENT "\xef\xbf\xbd"

static void put(struct html *h, struct view v) {
  if (h->code == OK) h->code = bytes_append(h->out, v, NULL);
}

static void put_text(struct html *h, const char *text) {
  put(h, view_of_text(text));
}

struct html html_start(struct bytes *out) {
  struct html h = {.out = out, .code = OK};
  put_text(&h, "<!doctype html>\n");
  return h;
}

enum err_code html_finish(struct html *h, struct err *err) {
  assert(h->code != OK || h->depth == 0);
  put_text(h, "\n");
  return h->code == OK ? OK : err_set(err, h->code, NULL);
}

static void end_tag(struct html *h) {
  if (h->in_tag) put_text(h, ">");
  h->in_tag = false;
}

static void begin_tag(struct html *h, const char *tag) {
  end_tag(h);
  put_text(h, "<");
  put_text(h, tag);
  h->in_tag = true;
}

void html_open(struct html *h, const char *tag) {
  assert(h->depth < HTML_DEPTH);
  begin_tag(h, tag);
  h->stack[h->depth++] = tag;
}

void html_void(struct html *h, const char *tag) {
  begin_tag(h, tag);
}

void html_close(struct html *h) {
  assert(h->depth > 0);
  end_tag(h);
  put_text(h, "</");
  put_text(h, h->stack[--h->depth]);
  put_text(h, ">");
}

/* The reference that stands for an octet, or NULL. */
static const char *reference_of(uint8_t c) {
  switch (c) {
  case '&':
    return "&amp;";
  case '<':
    return "&lt;";
  case '>':
    return "&gt;";
  case '"':
    return "&quot;";
  case '\'':
    return "&#39;";
  default:
    return NULL;
  }
}

/* Nearly every octet of a page. */
static bool is_plain(uint8_t c) {
  return c >= ' ' && c < 0x7f && c != '&' && c != '<' && c != '>' && c != '"' && c != '\'';
}

/* The longest run that stands as it is is written at once. */
static void put_escaped(struct html *h, struct view v) {
  size_t from = 0, at = 0;
  while (at < v.len && h->code == OK) {
    if (is_plain(v.p[at])) {
      at++;
      continue;
    }
    uint32_t c = 0;
    const size_t n = text_decode(view_of(v.p + at, v.len - at), &c);
    const bool bad = n == 0 || (c != '\n' && c != '\t' && text_is_harmful(c));
    const char *reference = bad ? REPLACEMENT : n == 1 ? reference_of((uint8_t)c) : NULL;
    if (reference != NULL) {
      put(h, view_of(v.p + from, at - from));
      put_text(h, reference);
    }
    at += n == 0 ? 1 : n;
    if (reference != NULL) from = at;
  }
  put(h, view_of(v.p + from, at - from));
}

void html_attr_view(struct html *h, const char *name, struct view value) {
  assert(h->in_tag);
  put_text(h, " ");
  put_text(h, name);
  put_text(h, "=\"");
  put_escaped(h, value);
  put_text(h, "\"");
}

void html_attr(struct html *h, const char *name, const char *value) {
  html_attr_view(h, name, view_of_text(value));
}

void html_attr_uint(struct html *h, const char *name, uint64_t value) {
  char text[24];
  (void)snprintf(text, sizeof text, "%" PRIu64, value);
  html_attr(h, name, text);
}

void html_flag(struct html *h, const char *name) {
  assert(h->in_tag);
  put_text(h, " ");
  put_text(h, name);
}

void html_text_view(struct html *h, struct view text) {
  end_tag(h);
  put_escaped(h, text);
}

void html_text(struct html *h, const char *text) {
  html_text_view(h, view_of_text(text));
}

void html_uint(struct html *h, uint64_t value) {
  char text[24];
  (void)snprintf(text, sizeof text, "%" PRIu64, value);
  html_digits(h, text);
}

void html_digits(struct html *h, const char *number) {
  const char *first = number + strcspn(number, "0123456789");
  const size_t n = strspn(first, "0123456789");
  html_text_view(h, view_of(number, (size_t)(first - number)));
  for (size_t i = 0; i < n; i++) {
    if (n > 4 && i > 0 && (n - i) % 3 == 0) put_text(h, "\xe2\x80\xaf");
    html_text_view(h, view_of(first + i, 1));
  }
  html_text(h, first + n);
}

void html_element(struct html *h, const char *tag, const char *class, const char *text) {
  html_open(h, tag);
  if (class != NULL) html_attr(h, "class", class);
  html_text(h, text);
  html_close(h);
}
