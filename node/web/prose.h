/*
 * prose: texts of people as HTML: the part of Markdown that people type without knowing it. Empty lines make paragraphs, "- "
 * and "1. " lists, "# " a heading, **…** is strong, [words](https://…) and bare https://… are links. Everything else, HTML too,
 * is shown as it stands; what comes out is made by html, so nothing that somebody writes can be markup.
 */
#ifndef SPECOLA_NODE_WEB_PROSE_H
#define SPECOLA_NODE_WEB_PROSE_H

#include "node/web/html.h"

/* Writes a text. heading: the element of headings in it ("h3"), a literal of ours. Errors stay in h. */
void prose_show(struct html *h, struct view text, const char *heading);

#endif
