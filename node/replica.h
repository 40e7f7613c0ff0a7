/*
 * replica: a copy of the observatory on a machine that is no member: a laptop, a researcher's computer. It follows one node by
 * its web (docs/protocol.md 15), and takes everything through the hall, which believes nothing that is not signed: that node
 * can withhold, and cannot forge.
 *
 * A replica's home has no keys of a node. node.ini names the node that is followed (replica = URL) and, where its person is
 * certified somewhere, the handle of that node (home = PT): what the person signs is handed in there (cli/submit.h). A guest is
 * a node that asked to come in: it has its keys, and is a replica until it is a member.
 */
#ifndef SPECOLA_NODE_REPLICA_H
#define SPECOLA_NODE_REPLICA_H

#include "node/home.h"
#include "node/net/fetch.h"

/* Fact of the store: the node id of the person's home; what node.ini calls home must be it. */
#define REPLICA_HOME "replica.home"
/* The same: the node that the line named by which this replica came. */
#define REPLICA_FOLLOWED "replica.followed"
/* The same of a guest: the node id that it asked with. */
#define REPLICA_GUEST "replica.guest"

/* Makes a replica in dir, or goes on with one that was cut short: asks url for the charter, which must be complete and hash to
 * fed_id, begins the store with it, and writes node.ini last. home_node: the node that certifies the person, or NULL; followed:
 * that of url, as who invited says. timeout_ms: of each request. Nothing is left to be believed: texts come with the first
 * synchronisation. ERR_REFUSED (there is a node or another observatory already; or that url serves another observatory than
 * fed_id), ERR_NOT_FOUND (home_node is no member), ERR_FORMAT, ERR_SIGNATURE, ERR_MISMATCH (the charter), ERR_USAGE (url),
 * errors of fetch_get, of home_begin_replica and of the store. */
MUST_CHECK enum err_code replica_begin(const char *dir, const char *url, const struct hash *fed_id, const struct hash *followed,
                                       const struct hash *home_node, uint64_t timeout_ms, struct home *out, struct err *err);
/* Makes of the home of a node that is no member yet, a guest, one that follows url as a replica does: the same, but keys and
 * node.ini are there and stay as they are; node is its own id. home_be_guest ends it. */
MUST_CHECK enum err_code replica_begin_guest(struct home *h, const char *url, const struct hash *fed_id,
                                             const struct hash *followed, const struct hash *node, uint64_t timeout_ms,
                                             struct err *err);

#endif
