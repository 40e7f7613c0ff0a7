/*
 * snippet: the stretch of a text in which most of the words stand that somebody looked for. FTS5's own snippet() and
 * highlight() take time by the square of the matches, and a text of 256 KiB can have 100 000 of them; here a text is read once
 * through. Words are compared folded, so now and then one more is marked than FTS5 found.
 */
#ifndef SPECOLA_NODE_STORE_SNIPPET_H
#define SPECOLA_NODE_STORE_SNIPPET_H

#include "keys/bytes.h"

/* Appends at most SNIPPET_MAX octets of text, in which words of match (query_match: any) stand between U+2068 and U+2069 (the
 * text's own are left out), "…" where it is cut; nothing if there is none of them. ERR_LIMIT, ERR_MEMORY. */
#define SNIPPET_MAX 1024
MUST_CHECK enum err_code snippet_make(struct view text, struct view match, struct bytes *out, struct err *err);

#endif
