/*
 * people_inside: people of a log for the query files. Others use query_people.
 */
#ifndef SPECOLA_NODE_STORE_PEOPLE_INSIDE_H
#define SPECOLA_NODE_STORE_PEOPLE_INSIDE_H

#include "node/federation.h"
#include "node/store/evaluate.h"

/* The state of the evaluation of a node's log at its end, all generations of it, which the store keeps: to replay a log's
 * certificates takes a millisecond and more. log: any of them. Borrowed until the next call. */
MUST_CHECK enum err_code people_state(struct store *s, const struct federation *f, const struct log *log,
                                      const struct evaluation **out, struct err *err);
/* The name in the key.cert at rowid, into out (cleared first); empty if its body is not here. */
MUST_CHECK enum err_code people_name(struct store *s, int64_t rowid, struct bytes *out, struct err *err);

#endif
