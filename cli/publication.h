/*
 * publication: objects on their way into the log, in submissions of at most 256 records: first versions, new versions, and
 * those that the log holds already as they are. `publish`, `import` and the demo all go through here. While one submission is
 * on its way the next is sealed; what became of the objects is told in their order, submission by submission.
 */
#ifndef SPECOLA_CLI_PUBLICATION_H
#define SPECOLA_CLI_PUBLICATION_H

#include "cli/proposal.h"
#include "cli/submit.h"

/* What became of one object. Borrowed until the callback returns. */
struct publication_row {
  size_t tag;
  bool logged, new_version, known; /* known: the log holds it already, nothing was sent */
  bool queued;                     /* accepted, and waits for the fork guard; why says what for */
  char reference[REFERENCE_MAX];   /* LOGGED: of the new entry; KNOWN: of the version held */
  const char *reason;              /* refused: "need"; else "" */
  char why[256];                   /* refused: "need: something that … (specola check FILE)" */
  struct hash id;                  /* record id */
};
typedef void publication_said(void *context, const struct publication_row *row);

/* The newest version of an object, which a new one replaces. */
struct version_of {
  struct hash object, newest;
  bool review_wanted; /* by the newest version: a new one asks it, too */
  bool same_body;     /* version_by_unique: the body held equals the one asked about */
  int64_t rowid;
  struct pubkey author; /* of this version */
};
/* By reference, id or title, as query_object finds it; of the own log: ERR_REFUSED for another's. newest is what a new version
 * or a withdrawal must name: the end of the chain, be it void; rowid and author are those of the newest that counts. */
MUST_CHECK enum err_code version_by_name(const struct here *here, const char *name, struct version_of *out, struct err *err);
/* The own object with the same unique fields as body. ERR_NOT_FOUND (err untouched) if there is none or the schema has no such
 * fields. */
MUST_CHECK enum err_code version_by_unique(const struct here *here, const struct schema *schema, struct view body,
                                           struct version_of *out, struct err *err);

/* What the unique fields of a body hash to, for comparing bodies of one kind; zero if it lacks one, or the kind has none. */
struct hash publication_unique(const struct schema *schema, struct view body);

/* A version of an own object, not withdrawn, that author signed with this very body; out->newest is that version, which need
 * not be the newest. For a first look: objects are found by the title of their newest version. ERR_NOT_FOUND (err untouched).
 */
MUST_CHECK enum err_code version_by_content(const struct here *here, const struct proposal *o, const struct pubkey *author,
                                            struct version_of *out, struct err *err);

/* Whether a version with this body by this author waits in the outbox already, of an object if subject is not NULL, else a
 * first one: *id. ERR_NOT_FOUND (err untouched), store errors. */
MUST_CHECK enum err_code version_waiting(const struct here *here, struct view body, const struct pubkey *author,
                                         const struct hash *subject, struct hash *id, struct err *err);

struct publication; /* opaque */
MUST_CHECK enum err_code publication_new(publication_said *said, void *context, struct publication **out, struct err *err);
/* NULL is fine. What is on its way is waited for and told; what was not sent is forgotten. To be called before submit_release.
 */
void publication_free(struct publication *p);
/* Adds an object (the body is copied); replaced NULL: a first version. Sends when the submission is full, and returns the error
 * of the one before, if it had one. Refusals are told by the callback and counted, not returned. */
MUST_CHECK enum err_code publication_add(struct publication *p, struct submit *s, const struct proposal *o,
                                         const struct version_of *replaced, size_t tag, struct err *err);
/* The same, but looks whether the own log holds the object by its unique fields: equal is KNOWN, changed is a new version. */
MUST_CHECK enum err_code publication_offer(struct publication *p, struct submit *s, const struct proposal *o, size_t tag,
                                           struct err *err);
/* Sends what waits, and waits until all is told. */
MUST_CHECK enum err_code publication_flush(struct publication *p, struct submit *s, struct err *err);
/* Tells of a record that waits already as of one that was queued now. */
void publication_waits(struct publication *p, struct submit *s, const struct hash *id, size_t tag);
uint64_t publication_refused(const struct publication *p);
/* Why the last refused one was; "" if none. Borrowed. */
const char *publication_last_refusal(const struct publication *p);
/* OK if everything that was added is in the log or known to it; else ERR_REFUSED, or ERR_QUEUED if some only waits. total: how
 * many there were, whatever became of them. */
MUST_CHECK enum err_code publication_verdict(const struct publication *p, size_t total, struct err *err);

#endif
