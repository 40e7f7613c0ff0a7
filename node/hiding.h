/*
 * hiding: objects that this node does not show: on its pages, in lists, searches, exports and feeds. Its own decision, of
 * records of whichever log: the entries stay in their logs, are served to members, and nobody else is bound by it. It can be
 * undone.
 */
#ifndef SPECOLA_NODE_HIDING_H
#define SPECOLA_NODE_HIDING_H

#include "node/ingest.h"
#include "node/store/hidden.h"

/* Hides an object by its id, for a reason of 1..HIDDEN_REASON octets: a code of the vocabulary `takedown`, or one line of
 * words. One that is hidden already has this reason now; *known tells that it had it before, and nothing was written.
 * ERR_NOT_FOUND (no such object is held), ERR_USAGE (no reason, one that is too long, or one of several lines), store errors.
 */
MUST_CHECK enum err_code hall_hide(struct hall *h, const struct hash *id, const char *reason, bool *known, struct err *err);
/* It is shown again. ERR_NOT_FOUND: it is not hidden. Store errors. */
MUST_CHECK enum err_code hall_unhide(struct hall *h, const struct hash *id, struct err *err);

#endif
