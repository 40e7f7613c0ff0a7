/*
 * derive: from records to rows. Evaluates a log by position (docs/protocol.md 4.5, 4.6) and fills the derived tables: wide
 * table per schema, facets, links, full text, certificates, held entries. Everything it writes can be dropped and rebuilt from
 * the entries.
 */
#ifndef SPECOLA_NODE_STORE_DERIVE_H
#define SPECOLA_NODE_STORE_DERIVE_H

#include "node/ingest.h"

/* Drops and rebuilds every derived table. progress (may be NULL) is called now and then with entries done and in all. */
typedef void derive_progress(void *context, uint64_t done, uint64_t all);
MUST_CHECK enum err_code derive_rebuild(struct store *s, const struct federation *f, const struct schema_set *set,
                                        derive_progress *progress, void *context, struct err *err);
/* Whether the derived tables and all indexes are what they would be if they were made anew, which they are for that. *damaged:
 * they were not, and are from now on; else nothing was written. As derive_rebuild; no entry may be damaged. */
MUST_CHECK enum err_code derive_check(struct store *s, const struct federation *f, const struct schema_set *set, bool *damaged,
                                      struct err *err);

#endif
