/*
 * import_object: the object that a row names by its id, as a sheet does that this program exported.
 */
#ifndef SPECOLA_CLI_IMPORT_OBJECT_H
#define SPECOLA_CLI_IMPORT_OBJECT_H

#include "cli/publication.h"

/* Zero-initialise; free with import_object_release. Without found nothing else holds. */
struct import_object {
  bool found, own, withdrawn;
  struct version_of version; /* newest: what a new version must name; only of an own object */
  struct bytes body;         /* of the newest version; empty if it is not here */
  char reference[REFERENCE_MAX];
};
void import_object_release(struct import_object *o);
/* Looks for an id of 64 digits. What stands nowhere here (the row came from another observatory), or is no id, is not found,
 * and no error. */
MUST_CHECK enum err_code import_object_find(const struct here *here, const char *id, struct import_object *out,
                                            struct err *err);

#endif
