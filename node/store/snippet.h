/*
 * snippet: the stretch of a text in which most of the words stand that somebody looked for. FTS5's own snippet() takes time by
 * the square of the matches, and a text of 256 KiB can have 100 000 of them; this takes what highlight() marks, once through.
 */
#ifndef SPECOLA_NODE_STORE_SNIPPET_H
#define SPECOLA_NODE_STORE_SNIPPET_H

#include "keys/bytes.h"

/* Marks around a match as highlight() is asked for them: octets that no text of a record can hold. */
#define SNIPPET_BEGIN 0x01
#define SNIPPET_END 0x02

/* Appends at most SNIPPET_MAX octets of the marked text, matches between U+2068 and U+2069 (the text's own are left out), "…"
 * where it is cut; nothing if nothing is marked. ERR_LIMIT, ERR_MEMORY. */
#define SNIPPET_MAX 1024
MUST_CHECK enum err_code snippet_cut(struct view marked, struct bytes *out, struct err *err);

#endif
