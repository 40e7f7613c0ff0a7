/*
 * following: a replica's synchronisation as a command: the store is locked, the hall runs here, and people are told how far it
 * is and what came (node/follow.h).
 */
#ifndef SPECOLA_CLI_FOLLOWING_H
#define SPECOLA_CLI_FOLLOWING_H

#include "cli/here.h"
#include "node/follow.h"

struct following_wish {
  const char *only;  /* a question of /sync/select to keep; NULL: the one that is kept, if any */
  bool all;          /* no question from now on: texts of everything */
  bool headers_only; /* no texts this time */
};
/* Follows once the node that node.ini names, and tells: lines for people, fields of cli->doc for programs. The home is a
 * replica. Errors of follow_run, ERR_BUSY (another process writes here). */
MUST_CHECK enum err_code following_run(struct cli *cli, const struct home *home, const struct following_wish *wish,
                                       struct err *err);
/* What status says of a replica beside figures and logs: "replica" (the address that is followed), "home" (a handle, or null),
 * "synced_s" (seconds since the last answer, or null), "only" (the question that chooses texts, or null). Store errors. */
MUST_CHECK enum err_code following_put_status(struct cli *cli, const struct here *here, struct err *err);
/* The same for people, from cli->doc. */
void following_say_status(struct cli *cli, const struct here *here);
/* Its last lines, which status of a node has too: how many members there are by which list, and the frontier of cli->doc. */
void following_say_agreed(const struct cli *cli, const struct federation *f);

#endif
