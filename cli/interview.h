/*
 * interview: a draft written by answering questions at the terminal, field by field: first what is needed to publish, then what
 * counts for completeness, then the rest. The file is written after every answer, so nothing is lost whenever it ends.
 */
#ifndef SPECOLA_CLI_INTERVIEW_H
#define SPECOLA_CLI_INTERVIEW_H

#include "cli/cli.h"
#include "node/home_config.h"
#include "protocol/schema/schema.h"

/* What is asked. Borrowed. */
struct interview_plan {
  const struct schema *schema;
  const struct home_config *config; /* the defaults of the node; zeroed without one */
  const char *path;                 /* of the draft */
  json_t *json;                     /* what it says already; changed */
  bool express;                     /* only what is needed to publish */
};
/* Asks until the questions or the person come to an end, and says how far the draft is and what is next. Whoever leaves in the
 * middle (an exclamation mark, Ctrl-D, Ctrl-C) finds all answers in the file. ERR_INPUT_NEEDED, ERR_IO, ERR_MEMORY. */
MUST_CHECK enum err_code interview_run(struct cli *cli, const struct interview_plan *plan, struct err *err);

#endif
