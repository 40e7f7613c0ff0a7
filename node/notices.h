/*
 * notices: what the operator's program is told of (notifier.h), found by core, which holds the store: what was published here,
 * what of others waits for a review, signatures under what was published here, members that are silent, a backup that is old.
 * What came is told once, over restarts too, and at least once: the mark moves behind it. A store without a mark begins with
 * what comes next.
 */
#ifndef SPECOLA_NODE_NOTICES_H
#define SPECOLA_NODE_NOTICES_H

#include <jansson.h>

#include "node/home.h"
#include "node/store/query.h"

#define NOTICES_SILENT_S 86400u /* a member that was not heard for so long is silent */
#define NOTICES_BACKUP_DAYS 365u
#define NOTICES_BACKUP_AGAIN_S (UINT64_C(7) * 86400) /* an old backup is told again */
#define NOTICES_LOOKED 256                           /* objects of one home that are looked at in one look, the newest first */
#define NOTICES_ROWS 32 /* events of one kind in one look; how many more there were is told in one */

struct notices {
  int64_t mark; /* everything up to this point of arrival was told; -1: not read yet */
  uint64_t backup_s;
  json_t *silent; /* owned: handles that were told */
};
/* What is looked at. */
struct notices_view {
  struct store *store;
  const struct federation *federation;
  const struct schema_set *schemas;
  const struct home *home;
  const json_t *peers; /* of exchange_status: [{"handle", "last_heard_s" or null}…] */
  uint64_t uptime_s, now_s;
};
/* One event: {"event", "at" and what belongs to it}, borrowed. False: there is no room; the rest comes with the next look. */
typedef bool notices_tell(void *context, const json_t *event);
void notices_init(struct notices *n);
void notices_release(struct notices *n);
/* Looks, and tells. Writes the mark: outside a transaction of the caller. Store errors, ERR_MEMORY. */
MUST_CHECK enum err_code notices_look(struct notices *n, const struct notices_view *v, notices_tell *tell, void *context,
                                      struct err *err);
/* Whole days since the keys of a home were last copied, 0 if that lies ahead of now_s. ERR_NOT_FOUND if nobody ever did;
 * ERR_FORMAT, ERR_IO. */
MUST_CHECK enum err_code notices_backup_days(const struct home *home, uint64_t now_s, uint64_t *out, struct err *err);

#endif
