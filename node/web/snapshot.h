/*
 * snapshot: what all pages need and few commits change: the federation and the catalogue of objects. A thread of its own, with
 * a read-only connection of its own, makes a new one when the store has changed, so that no request waits for it. Pages of one
 * object read the store itself and are never late; lists may be up to SNAPSHOT_REST_MS and the making behind, and KEPT_LATE_MS
 * more.
 */
#ifndef SPECOLA_NODE_WEB_SNAPSHOT_H
#define SPECOLA_NODE_WEB_SNAPSHOT_H

#include "node/federation.h"
#include "node/store/catalogue.h"
#include "node/store/query.h"

#define SNAPSHOT_LOOK_MS 200  /* between looks at the store's version */
#define SNAPSHOT_REST_MS 2000 /* between two snapshots */

struct snapshot {
  atomic_uint holders; /* beyond the first */
  struct federation federation;
  struct catalogue *catalogue;
  json_t *figures; /* of query_figures */
};
/* last: the catalogue before, or NULL. Errors of federation_load and catalogue_new. The caller frees it. */
MUST_CHECK enum err_code snapshot_new(struct store *s, const struct schema_set *schemas, const struct catalogue *last,
                                      struct snapshot **out, struct err *err);
/* One more holder, of any thread; each frees it. */
struct snapshot *snapshot_hold(struct snapshot *s);
void snapshot_free(struct snapshot *s); /* NULL is fine; gone when its last holder has freed it */

struct refresher; /* opaque: the thread */
/* Opens the store of a home and starts the thread; schemas is borrowed until the end, and not changed from now on; refresher_fd
 * becomes readable when a new snapshot is there. Errors of store_open, ERR_MEMORY, ERR_FAILED. */
MUST_CHECK enum err_code refresher_new(const char *dir, const struct schema_set *schemas, struct refresher **out,
                                       struct err *err);
void refresher_free(struct refresher *r); /* joins it; NULL is fine */
int refresher_fd(const struct refresher *r);
/* The newest one that was not taken yet; the caller owns it. NULL: none. */
struct snapshot *refresher_take(struct refresher *r);

#endif
