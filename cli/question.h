/*
 * question: one field, asked at the terminal: what it is, what it may hold, an example; the answer in the form that a body has,
 * and judged at once. Knows no field by its name.
 */
#ifndef SPECOLA_CLI_QUESTION_H
#define SPECOLA_CLI_QUESTION_H

#include "cli/cli.h"
#include "protocol/schema/schema.h"

enum answer {
  ANSWER_TAKEN,   /* there is a value */
  ANSWER_SKIPPED, /* as it was */
  ANSWER_UNKNOWN, /* "?": not yet known */
  ANSWER_NONE,    /* "-": does not apply */
  ANSWER_BACK,    /* "<": to the question before */
  ANSWER_STOP     /* "!": save and go on later; also the end of the input */
};
/* A field that is no group. Borrowed. */
struct question {
  struct cli *cli;
  const struct schema *schema;
  const struct field *field;
  const char *place; /* "3/12", before the label; may be "" */
  const char *lang;  /* of a text in languages */
  const json_t *now; /* what the field holds already; NULL: nothing */
};
/* Asks until there is an answer. *value: a new reference, of ANSWER_TAKEN, and of ANSWER_STOP where a text was begun; else
 * NULL. ERR_INPUT_NEEDED, ERR_MEMORY. */
MUST_CHECK enum err_code question_ask(const struct question *q, json_t **value, enum answer *answer, struct err *err);

#endif
