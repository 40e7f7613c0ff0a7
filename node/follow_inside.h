/*
 * follow_inside: what follow.c and follow_texts.c share.
 */
#ifndef SPECOLA_NODE_FOLLOW_INSIDE_H
#define SPECOLA_NODE_FOLLOW_INSIDE_H

#include "node/follow.h"
#include "node/hall.h"

struct follow {
  struct hall *h;
  struct fetch *f;
  const struct follow_wish *wish;
  struct follow_report *report;
  struct fetch_answer answer; /* to the last question; its body is borrowed until the next one */
};

/* Asks, and counts. Errors of fetch_get. */
MUST_CHECK enum err_code follow_ask(struct follow *x, const char *path, const char *tag, struct err *err);
/* The next item of an answer: [type, payload]. Faults are the reader's. */
uint64_t follow_item(struct canon_reader *r, struct view *payload);
/* Texts, the newest first. Errors of follow_run. */
MUST_CHECK enum err_code follow_texts(struct follow *x, struct err *err);

#endif
