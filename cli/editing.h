/*
 * editing: an object's newest version as a draft that knows from which version it began, and back: the draft's object, with
 * what no draft can hold carried over. For `edit`.
 */
#ifndef SPECOLA_CLI_EDITING_H
#define SPECOLA_CLI_EDITING_H

#include "cli/publication.h"

/* An object as it stands. Everything owned; zero-initialise, free with editing_release. */
struct editing {
  struct version_of version; /* newest: what the next version must name */
  const struct schema *schema;
  json_t *json; /* as query_show gives it */
  struct bytes body;
  char reference[REFERENCE_MAX]; /* of the object */
};
void editing_release(struct editing *e);
/* Loads an own object by any of its names. ERR_NOT_FOUND, ERR_AMBIGUOUS, ERR_REFUSED: it is another home's, it was withdrawn,
 * its text is not here, or its kind is not known. */
MUST_CHECK enum err_code editing_load(struct cli *cli, const struct here *here, const char *name, struct editing *out,
                                      struct err *err);
/* The draft of its newest version: draft_write's, and the line that says from which version it began. */
MUST_CHECK enum err_code editing_draft(const struct cli *cli, const struct editing *e, struct bytes *out, struct err *err);
/* Whether a draft began from the newest version. ERR_REFUSED with the way out: it began from another one, or does not say. path
 * is for messages. */
MUST_CHECK enum err_code editing_check_base(const struct editing *e, struct view draft, const char *path, struct err *err);
/* The object that the draft describes, checked; keys that the schema does not have are taken from the newest version.
 * ERR_REFUSED: it cannot be read, or is of another kind. What it lacks is in the proposal's findings. */
MUST_CHECK enum err_code editing_proposal(const struct here *here, const struct editing *e, const char *lang, struct view draft,
                                          const char *path, struct proposal *out, struct err *err);
/* Runs the person's editor on a file and waits for it. ERR_FAILED: it could not be run, or ended with an error. */
MUST_CHECK enum err_code editing_run(const char *path, struct err *err);

#endif
