/*
 * takedown: how a takedown is told: by show, where and history.
 */
#ifndef SPECOLA_CLI_TAKEDOWN_H
#define SPECOLA_CLI_TAKEDOWN_H

#include <jansson.h>

#include "cli/cli.h"
#include "protocol/schema/schema.h"

/* Appends "taken down on 2026-01-02 (IT-40): Personal data" of what query_takedown gave, in the language of this run. */
void takedown_say(const struct cli *cli, const struct schema_set *set, const json_t *takedown, struct bytes *out);
/* Appends "erased by 2 of 3: FR, IT". */
void takedown_say_erased(const struct cli *cli, const json_t *takedown, struct bytes *out);

#endif
