/*
 * similarity: how much two objects of a kind say the same: a sketch of each, and a comparison of sketches. Pure. Which fields
 * are which is asked of the schema: its title, its texts, short texts and codes that are needed.
 */
#ifndef SPECOLA_NODE_STORE_SIMILARITY_H
#define SPECOLA_NODE_STORE_SIMILARITY_H

#include "protocol/schema/body.h"

#define SIMILARITY_TOLD 50u /* percent from which on somebody is told */
#define SIMILARITY_PHRASES 16

/* A sorted set of hashes. */
struct similarity_set {
  uint64_t *hashes;
  size_t n, room;
};
/* What an object says, as far as it is compared. Zero-initialise; free with similarity_release. */
struct similarity {
  struct similarity_set words;    /* of the title, in all languages */
  struct similarity_set shingles; /* three words in a row of the other texts; of many the smallest hashes */
  struct similarity_set names;    /* short texts that count for completeness: who did it */
  struct similarity_set codes;    /* single codes that are needed to publish: where */
  uint64_t title;                 /* of the whole title */
  /* Phrases by which such an object is found: what is written in any object that shares them. Owned. */
  char *phrases[SIMILARITY_PHRASES];
  size_t n_phrases;
};
void similarity_release(struct similarity *s);
/* ERR_MEMORY. A body that is not canonical is like nothing. */
MUST_CHECK enum err_code similarity_of(const struct schema *schema, struct view body, struct similarity *out, struct err *err);
/* 0..100. Mostly the share of the shorter one's texts that the other has as well; then the titles; then who and where. */
unsigned similarity_percent(const struct similarity *a, const struct similarity *b);

#endif
