/*
 * finding: what schema_check has to say, as lines and as JSON.
 */
#ifndef SPECOLA_CLI_FINDING_H
#define SPECOLA_CLI_FINDING_H

#include "cli/cli.h"
#include "protocol/schema/body.h"

/* "refused", "lacking", "warning". */
const char *finding_level_name(enum finding_level level);
/* A line for each ("PREFIXrefused: title is needed to publish"), those that are merely not filled in together in one; levels
 * above worst are left out. */
void findings_show(struct cli *cli, const struct findings *f, const char *prefix, enum finding_level worst);
/* {"level", "field", "code", "message"}; NULL without memory. */
json_t *finding_json(const struct finding *f);
/* [{"level", "field", "code", "message"}…]; NULL without memory. */
json_t *findings_json(const struct findings *f);
/* Which missing fields would help readers most, at most three: in words, or (JSON) as [{"field", "label", "why"}…]. What is
 * needed to publish comes first, then what readers look for objects by, then the texts; NULL without memory. */
void findings_show_next(struct cli *cli, const struct schema *schema, const struct findings *f, const char *prefix);
json_t *findings_next_json(const struct cli *cli, const struct schema *schema, const struct findings *f);
/* What a finding says, in out: "title is needed to publish", "level: 'lokal' is not …". */
void finding_text(const char *field, const char *message, char *out, size_t size);
/* The first finding of level refused, or NULL. */
const struct finding *findings_first_refused(const struct findings *f);

#endif
