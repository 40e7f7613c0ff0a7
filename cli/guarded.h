/*
 * guarded: what status and doctor say of the fork guard and of the records that wait for it (docs/store.md).
 */
#ifndef SPECOLA_CLI_GUARDED_H
#define SPECOLA_CLI_GUARDED_H

#include "cli/here.h"

/* To the guard of core's answer (NULL: nobody serves, so it is looked up here): what was refused when its turn came, as
 * "refusals": [{"id", "title", "reason", "why", "received"}…]. The caller decrefs *out. Store errors. */
MUST_CHECK enum err_code guarded_json(const struct cli *cli, const struct here *here, const json_t *told, json_t **out,
                                      struct err *err);
/* Lines for people; none while the guard is open and nothing waits. */
void guarded_say(const struct cli *cli, const json_t *guard);
/* The same as one sentence, for doctor: "" if there is nothing to say. *todo: what to do about it, static. */
void guarded_text(const struct cli *cli, const json_t *guard, char *out, size_t size, const char **todo);

#endif
