/*
 * prose: see prose.h. Blocks go by lines, with one block open at a time; what stands in a line goes by the next mark in it.
 */
#include "node/web/prose.h"

#include <string.h>

#include "node/web/site.h"
#include "protocol/schema/value.h"

#define NUMBER_DIGITS 3        /* of an item's number: a line that begins with a year is none */
#define URL_MAX ((size_t)2000) /* octets of an address */

/* ---- within a line ---- */

static struct view part(struct view v, size_t from, size_t to) {
  return view_of(v.p + from, to - from);
}

static bool begins(struct view v, size_t at, const char *with) {
  const size_t len = strlen(with);
  return v.len - at >= len && memcmp(v.p + at, with, len) == 0;
}

/* Where a mark stands next, as it was last looked for: a line of marks without an end costs no more than its length. */
struct next {
  size_t from, at; /* not between the two */
  bool known;
};
/* Of one line: what ends a link's words, its address, what is strong; the end of the run without blanks. */
struct marks {
  struct next middle, close, strong;
  size_t run;
};

/* From `from` on; v.len: nowhere. */
static size_t find(struct view v, struct next *n, size_t from, const char *mark) {
  if (!n->known || from < n->from || from > n->at) {
    const uint8_t *p = memmem(v.p + from, v.len - from, mark, strlen(mark));
    *n = (struct next){from, p == NULL ? v.len : (size_t)(p - v.p), true};
  }
  return n->at;
}

/* The end of a bare address: at a blank or a quote, without the marks that end a sentence. */
static size_t url_end(struct view v, struct marks *m, size_t at) {
  if (m->run <= at) {
    m->run = at;
    while (m->run < v.len && v.p[m->run] > ' ' && strchr("\"<>|", v.p[m->run]) == NULL)
      m->run++;
  }
  size_t end = m->run - at > URL_MAX ? at + URL_MAX : m->run;
  while (end > at && strchr(".,;:!?'*_)]", v.p[end - 1]) != NULL)
    end--;
  return end;
}

/* "[words](address)" at at: shows it and tells where it ends; at: it is none. */
static size_t put_named_link(struct html *h, struct view v, struct marks *m, size_t at) {
  const size_t middle = find(v, &m->middle, at + 1, "](");
  const size_t end = middle == v.len ? v.len : find(v, &m->close, middle + 2, ")");
  if (end == v.len || middle == at + 1 || end - middle > URL_MAX) return at;
  const struct view url = part(v, middle + 2, end);
  if (!value_is_url(url)) return at;
  put_url(h, url, part(v, at + 1, middle));
  return end + 1;
}

static size_t put_bare_link(struct html *h, struct view v, struct marks *m, size_t at) {
  const struct view url = part(v, at, url_end(v, m, at));
  if (!value_is_url(url)) return at;
  put_url(h, url, url);
  return at + url.len;
}

/* What begins with a mark at at, if anything does: where it ends. */
static size_t put_marked(struct html *h, struct view v, struct marks *m, size_t at, bool strong) {
  if (v.p[at] == '[') return put_named_link(h, v, m, at);
  if (v.p[at] == 'h' && (begins(v, at, "https://") || begins(v, at, "http://"))) return put_bare_link(h, v, m, at);
  const size_t end = strong || !begins(v, at, "**") ? v.len : find(v, &m->strong, at + 2, "**");
  if (end == v.len || end == at + 2 || v.p[at + 2] == ' ') return at;
  return end;
}

static void put_line(struct html *h, struct view v, bool strong) {
  struct marks marks = {.run = 0};
  size_t from = 0, at = 0;
  while (at < v.len) {
    const bool may = v.p[at] == '[' || v.p[at] == 'h' || v.p[at] == '*';
    const struct view before = part(v, from, at);
    if (may && before.len > 0 && h->code == OK) {
      html_text_view(h, before);
      from = at;
    }
    const size_t end = may ? put_marked(h, v, &marks, at, strong) : at;
    if (end > at && v.p[at] == '*') {
      html_open(h, "strong");
      put_line(h, part(v, at + 2, end), true); // NOLINT(misc-no-recursion): once, strong is not within strong
      html_close(h);
      at = from = end + 2;
    } else if (end > at) {
      at = from = end;
    } else {
      at++;
    }
  }
  html_text_view(h, part(v, from, v.len));
}

/* ---- blocks ---- */

enum block { BLOCK_NONE, BLOCK_PARAGRAPH, BLOCK_BULLETS, BLOCK_NUMBERS };

/* A text in the making: the block that is open, and whether an empty line came behind it (an item goes on all the same). */
struct prose {
  struct html *h;
  enum block open;
  bool gap;
};

static void close_block(struct prose *p) {
  if (p->open == BLOCK_BULLETS || p->open == BLOCK_NUMBERS) html_close(p->h); /* li */
  if (p->open != BLOCK_NONE) html_close(p->h);
  p->open = BLOCK_NONE;
}

static size_t skip_blanks(struct view v, size_t at) {
  while (at < v.len && (v.p[at] == ' ' || v.p[at] == '\t'))
    at++;
  return at;
}

/* Cuts the next line off *rest, without the blanks at its ends. */
static struct view next_line(struct view *rest) {
  const uint8_t *end = memchr(rest->p, '\n', rest->len);
  size_t len = end == NULL ? rest->len : (size_t)(end - rest->p);
  const struct view line = view_of(rest->p, len);
  const size_t from = skip_blanks(line, 0);
  *rest = end == NULL ? view_of(NULL, 0) : view_of(end + 1, rest->len - len - 1);
  while (len > from && (line.p[len - 1] == ' ' || line.p[len - 1] == '\t'))
    len--;
  return part(line, from, len);
}

/* The octets of the mark that begins a list's item, blanks behind it included; 0: it is no item. */
static size_t item_mark(struct view line, enum block *kind) {
  static const char *const BULLETS[] = {"- ", "* ", "\xe2\x80\xa2 ", "\xe2\x80\xa2\t", "\xe2\x80\x93 "}; /* • and – too */
  size_t n = 0;
  *kind = BLOCK_BULLETS;
  for (size_t i = 0; i < sizeof BULLETS / sizeof BULLETS[0]; i++) {
    if (begins(line, 0, BULLETS[i])) return skip_blanks(line, strlen(BULLETS[i]));
  }
  *kind = BLOCK_NUMBERS;
  while (n < line.len && n < NUMBER_DIGITS && line.p[n] >= '0' && line.p[n] <= '9')
    n++;
  const bool marked = n > 0 && n + 1 < line.len && (line.p[n] == '.' || line.p[n] == ')') && line.p[n + 1] == ' ';
  return marked ? skip_blanks(line, n + 1) : 0;
}

static size_t heading_mark(struct view line) {
  size_t n = 0;
  while (n < line.len && n < 6 && line.p[n] == '#')
    n++;
  return n > 0 && n < line.len && line.p[n] == ' ' ? skip_blanks(line, n) : 0;
}

/* An item keeps the number that it was given. */
static void put_item(struct prose *p, struct view line, size_t mark, enum block kind) {
  uint64_t number = 0;
  if (p->open != kind) {
    close_block(p);
    html_open(p->h, kind == BLOCK_BULLETS ? "ul" : "ol");
    p->open = kind;
  } else {
    html_close(p->h);
  }
  html_open(p->h, "li");
  for (size_t i = 0; kind == BLOCK_NUMBERS && line.p[i] >= '0' && line.p[i] <= '9'; i++)
    number = number * 10 + (uint64_t)(line.p[i] - '0');
  if (kind == BLOCK_NUMBERS) html_attr_uint(p->h, "value", number);
  put_line(p->h, part(line, mark, line.len), false);
}

static void take_line(struct prose *p, struct view line, const char *heading) {
  enum block kind = BLOCK_NONE;
  const size_t title = heading_mark(line), item = item_mark(line, &kind);
  if (item == 0 || item == line.len) kind = BLOCK_NONE;
  if (p->gap && p->open != kind && line.len > 0) close_block(p);
  p->gap = line.len == 0;
  if (p->gap) return;
  if (title > 0) {
    close_block(p);
    html_open(p->h, heading);
    put_line(p->h, part(line, title, line.len), true);
    html_close(p->h);
  } else if (kind != BLOCK_NONE) {
    put_item(p, line, item, kind);
  } else {
    if (p->open == BLOCK_NONE) {
      html_open(p->h, "p");
      p->open = BLOCK_PARAGRAPH;
    } else {
      html_void(p->h, "br");
    }
    put_line(p->h, line, false);
  }
}

void prose_show(struct html *h, struct view text, const char *heading) {
  struct prose p = {h, BLOCK_NONE, false};
  while (text.len > 0)
    take_line(&p, next_line(&text), heading);
  close_block(&p);
}
