/*
 * policy: a policy of endorsement (docs/protocol.md 6.3) as JSON, for people to read, to copy and to change:
 * {"sentence": {"en": …}, "criteria": […], "m", "min_countries", "min_nodes", "max_per_node", "max_per_country": N,
 *  "exclude_home": true}
 */
#ifndef SPECOLA_CLI_POLICY_H
#define SPECOLA_CLI_POLICY_H

#include <jansson.h>

#include "cli/cli.h"
#include "node/federation.h"
#include "protocol/change.h"
#include "protocol/schema/schema.h"

/* An encoded policy as JSON, its id (hex) with it. NULL: not one, or no memory; the caller decrefs. */
json_t *policy_json(struct view octets);
/* One as JSON, read from a file and appended as octets; an "id" there is passed over. ERR_FORMAT names what is missing, or
 * wrong: keys, numbers (1..256), criteria that set's vocabulary does not have; those of files. */
MUST_CHECK enum err_code policy_file_read(const char *path, const struct schema_set *set, struct bytes *out, struct err *err);

/* Says one behind a word, and its sentence. */
void policy_say(struct cli *cli, const char *what, struct view octets);
/* Says what an act drops and adopts; f (may be NULL) knows what is dropped. */
void policy_say_act(struct cli *cli, const struct federation *f, const struct act *act);

#endif
