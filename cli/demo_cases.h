/*
 * demo_cases: the drafts of cli/demo_cases/, embedded at build.
 */
#ifndef SPECOLA_CLI_DEMO_CASES_H
#define SPECOLA_CLI_DEMO_CASES_H

#include <stddef.h>
#include <stdint.h>

/* One draft. Static storage; the table ends with a NULL node. */
struct demo_case {
  const char *node; /* handle of the node that publishes it: "IT" */
  const char *file; /* "spid.draft" */
  const uint8_t *text;
  size_t len;
};
extern const struct demo_case demo_cases[];

#endif
