/*
 * forked: what people are told of a log that its owner forked.
 */
#ifndef SPECOLA_CLI_FORKED_H
#define SPECOLA_CLI_FORKED_H

#include <jansson.h>

#include "cli/cli.h"

/* Says it, with what to do, when json has a "forked" (node/store/query_fork.h); else nothing. handle: of the log's owner; own:
 * of this node. */
void forked_say(const struct cli *cli, const json_t *json, const char *handle, const char *own);

#endif
