/*
 * proposal: from what a person or a row says (JSON) to a checked canonical body: the node's defaults filled in where they are
 * silent.
 */
#ifndef SPECOLA_CLI_PROPOSAL_H
#define SPECOLA_CLI_PROPOSAL_H

#include "cli/cli.h"
#include "protocol/schema/draft.h"

/* An object on its way to the log. */
struct proposal {
  const struct schema *schema;
  struct bytes body;
  struct findings findings;
  bool review_wanted; /* reviewers are asked to look at it */
};
void proposal_release(struct proposal *o);                /* a zeroed struct is fine */
unsigned proposal_completeness(const struct proposal *o); /* 0..100 */
/* Fills language and licence into json where the schema has such fields and json has none, encodes and checks. What is wrong is
 * in findings; ERR_LIMIT (body too large), ERR_MEMORY. findings of an earlier step may be in o->findings already, and
 * o->findings.only_refused may be set. */
MUST_CHECK enum err_code proposal_build(const struct schema *schema, json_t *json, const struct home_config *config,
                                        struct proposal *o, struct err *err);
/* Puts into json what the version before says under keys that the schema does not have: neither a draft nor a sheet can say it.
 */
void proposal_carry_over(const struct schema *schema, struct view old_body, json_t *json);
/* Reads a draft file and builds its object. ERR_FORMAT names file and line. */
MUST_CHECK enum err_code proposal_from_draft(const struct schema_set *set, const char *path, const struct home_config *config,
                                             const char *lang, struct proposal *o, struct err *err);
/* The same from the text of a draft; path for messages. */
MUST_CHECK enum err_code proposal_from_text(const struct schema_set *set, struct view text, const char *path,
                                            const struct home_config *config, const char *lang, struct proposal *o,
                                            struct err *err);
/* The title, in lang if it has one; "" if none. Borrowed from the body. */
struct view proposal_title(const struct proposal *o, const char *lang);

#endif
