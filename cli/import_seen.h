/*
 * import_seen: which objects the rows of a file were, so that a second row of the same object is known before the first is in
 * the log.
 */
#ifndef SPECOLA_CLI_IMPORT_SEEN_H
#define SPECOLA_CLI_IMPORT_SEEN_H

#include "keys/hash.h"

/* A row. Zero-initialise struct import_seen; free with import_seen_release. */
struct seen_row {
  struct hash object; /* of its unique fields, or its id */
  struct hash body;
  size_t row;
};
struct import_seen {
  struct seen_row *rows; /* open addressing; row 0: free */
  size_t n, room;        /* room is a power of two, at most half full */
};
void import_seen_release(struct import_seen *s);
/* The last row of an object, or NULL. Borrowed until the next import_seen_put. */
const struct seen_row *import_seen_get(const struct import_seen *s, const struct hash *object);
/* Notes a row; it takes the place of the earlier one of the same object. ERR_MEMORY. */
MUST_CHECK enum err_code import_seen_put(struct import_seen *s, const struct seen_row *row, struct err *err);

#endif
