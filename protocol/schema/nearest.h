/*
 * nearest: the word that somebody probably meant. Field keys in drafts and maps, codes, and the command line's words.
 *
 *   struct nearest n = nearest_to(view_of_text("titel"));
 *   nearest_offer(&n, "title"); ...
 *   const char *meant = nearest_word(&n);
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_NEAREST_H
#define SPECOLA_PROTOCOL_SCHEMA_NEAREST_H

#include "keys/bytes.h"

#define NEAREST_MAX 64 /* octets of a word that is compared; longer ones are never near */

/* A search. Borrowed: the word and what is offered. */
struct nearest {
  struct view word;
  const char *best;
  unsigned distance; /* of best */
};

struct nearest nearest_to(struct view word);
/* Considers one candidate (a C string that outlives the search); the first of equally near ones stays. */
void nearest_offer(struct nearest *n, const char *candidate);
/* The nearest candidate, or NULL when none is near enough: at most one edit for each three octets of the word, at most 3. */
const char *nearest_word(const struct nearest *n);
/* Edits (insertion, deletion, substitution, swap of neighbours) that turn a into b, ASCII case ignored; UINT_MAX when one is
 * longer than NEAREST_MAX. */
unsigned nearest_distance(struct view a, struct view b);

#endif
