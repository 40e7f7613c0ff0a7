/*
 * endorsement: how endorsements are told: by show, endorse and queue. What they come to is query_endorse's.
 */
#ifndef SPECOLA_CLI_ENDORSEMENT_H
#define SPECOLA_CLI_ENDORSEMENT_H

#include "cli/here.h"

/* The statement under the first policy of the newest version, in what query_endorse gave; NULL: no policy. Borrowed. */
const json_t *endorsement_newest(const json_t *endorsement);
/* Appends "2 of 3; missing: 1 endorsement, of 1 more country" of a statement, in the language of this run. */
void endorsement_count(const struct cli *cli, const json_t *statement, struct bytes *out);
/* Says it all for people: a line of what stands, a line a signature. json: what query_show gave of the object. */
void endorsement_say(struct cli *cli, const json_t *json);
/* Appends what the newest version says differently from version `number` (from 1), as history does; nothing if one of the two
 * texts is not here. */
void endorsement_since(const struct cli *cli, const struct here *here, const json_t *json, size_t number, struct bytes *out);

#endif
