/*
 * told: what core tells of the other members and of the logs, where it serves.
 */
#ifndef SPECOLA_CLI_TOLD_H
#define SPECOLA_CLI_TOLD_H

#include "cli/here.h"

/* {"uptime_s", "peers"} as network_join takes it, and "logs" as in status. *out NULL: the node does not serve, or is too busy
 * to answer. The caller decrefs. Errors of ctl_connect and ctl_get. */
MUST_CHECK enum err_code told_load(const struct cli *cli, const struct here *here, json_t **out, struct err *err);

#endif
