/*
 * html: writes HTML that is well-formed and escaped by construction. Names of elements and attributes are constants of ours;
 * everything else goes through html_text or html_attr, which escape. There is no way to write markup as it stands.
 *
 *   html_open(h, "a"); html_attr(h, "href", "/it/cases"); html_text(h, title); html_close(h);   <a href="/it/cases">…</a>
 */
#ifndef SPECOLA_NODE_WEB_HTML_H
#define SPECOLA_NODE_WEB_HTML_H

#include "keys/bytes.h"

#define HTML_DEPTH 32

/* A document in the making. code is the first error (ERR_LIMIT, ERR_MEMORY); after it nothing is written. */
struct html {
  struct bytes *out; /* borrowed */
  const char *stack[HTML_DEPTH];
  size_t depth;
  bool in_tag; /* the last start tag still takes attributes */
  enum err_code code;
};
struct html html_start(struct bytes *out); /* writes the doctype */
/* The first error, or OK when every element was closed. */
MUST_CHECK enum err_code html_finish(struct html *h, struct err *err);

/* tag and name: string literals of ours. */
void html_open(struct html *h, const char *tag);
void html_void(struct html *h, const char *tag); /* an element without content: "input", "br" */
void html_attr(struct html *h, const char *name, const char *value);
void html_attr_view(struct html *h, const char *name, struct view value);
void html_attr_uint(struct html *h, const char *name, uint64_t value);
void html_flag(struct html *h, const char *name); /* an attribute without a value: "checked" */
void html_close(struct html *h);                  /* the innermost open element */
/* Escapes & < > " ', and puts U+FFFD for controls, bidi overrides and broken octets. */
void html_text(struct html *h, const char *text);
void html_text_view(struct html *h, struct view text);
void html_uint(struct html *h, uint64_t value);
/* A decimal number: five digits or more before the point in groups of three (U+202F between them, ISO 80000-1 7.3.1). */
void html_digits(struct html *h, const char *number);
/* <tag class="class">text</tag>; class NULL: none. */
void html_element(struct html *h, const char *tag, const char *class, const char *text);

#endif
