/*
 * here: what a command that reads has in hand: the home, its store opened for reading, the federation and the kinds of object.
 */
#ifndef SPECOLA_CLI_HERE_H
#define SPECOLA_CLI_HERE_H

#include "cli/cli.h"
#include "node/federation.h"
#include "node/store/query.h"

struct here {
  struct home home;
  struct store *store;          /* owned */
  struct federation federation; /* owned; on a replica, own is the node that its person calls home; zero: none */
  struct schema_set *schemas;   /* owned */
};
void here_release(struct here *h); /* a zeroed struct is fine */
/* Opens all of it. ERR_NOT_INITIALISED with what to do: init, or join. */
MUST_CHECK enum err_code here_open(const struct cli *cli, struct here *out, struct err *err);
/* The same with a mode of the caller's choice. */
MUST_CHECK enum err_code here_open_mode(const struct cli *cli, enum store_mode mode, struct here *out, struct err *err);
/* The schema of a kind. ERR_NOT_FOUND with the nearest kind, or all of them, as a hint. */
MUST_CHECK enum err_code here_kind(const struct schema_set *set, const char *kind, const struct schema **out, struct err *err);
/* The object that a name stands for, as query_object finds it, and what query_show says of it in the language of this run. The
 * caller decrefs *shown. ERR_NOT_FOUND and ERR_AMBIGUOUS with a hint; store errors. */
MUST_CHECK enum err_code here_object(const struct cli *cli, struct here *here, const char *name, int64_t *rowid, json_t **shown,
                                     struct err *err);
/* The member's handle in the place of what was typed, which may be in small letters (*handle NULL: nobody asked). ERR_NOT_FOUND
 * with the nearest handle, or all of them, as a hint. */
MUST_CHECK enum err_code here_node(const struct here *h, const char **handle, struct err *err);
/* Whether the logs of a member are paused here, of which node.ini gives no more of the disk (node/quota.h). What cannot be read
 * is not. */
bool here_is_paused(const struct here *h, const struct hash *node);
/* And how that is said of a log: "is paused: …". */
const char *here_paused(const struct cli *cli);
/* The kinds of the home; the embedded ones where there is no home (`new`, `check`). config (may be NULL) receives the
 * configuration, zeroed without a home. */
MUST_CHECK enum err_code here_schemas(const struct cli *cli, struct schema_set **out, struct home_config *config,
                                      struct err *err);

#endif
