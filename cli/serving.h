/*
 * serving: what `serve`, `sync` and the demo need to start a node's processes.
 */
#ifndef SPECOLA_CLI_SERVING_H
#define SPECOLA_CLI_SERVING_H

#include "cli/cli.h"
#include "node/serve.h"

/* The path of this executable. */
MUST_CHECK enum err_code program_path(char out[HOME_PATH_MAX], struct err *err);
/* Options of serve from the words of a command; asks for the passphrase of the node's keys if they are sealed and none is
 * named. The caller frees out->passphrase; program must outlive out. */
MUST_CHECK enum err_code serving_options(struct cli *cli, const struct args *args, char program[HOME_PATH_MAX],
                                         struct serve_options *out, struct err *err);

#endif
