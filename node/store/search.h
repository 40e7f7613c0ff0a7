/*
 * search: full text over a catalogue, as bm25 ranks it, in one walk over the index. FTS5's own bm25 looks the length of each
 * object up, which costs most of its time; here the catalogue has it.
 */
#ifndef SPECOLA_NODE_STORE_SEARCH_H
#define SPECOLA_NODE_STORE_SEARCH_H

#include "node/store/catalogue.h"

/* An object that is found. */
struct search_hit {
  uint32_t place; /* in the catalogue */
  bool every;     /* every word stands in it */
  double score;   /* bm25 with a title of weight 8, the more the better; 0 where no word was wanted */
};
#define SEARCH_MAX ((size_t)256 * 1024 * 1024) /* octets of hits */
/* Appends to hits a struct search_hit for each object of the catalogue that the text finds (as struct query says), in no order
 * that means anything. ERR_LIMIT, ERR_MEMORY, store errors. */
MUST_CHECK enum err_code search_run(struct store *s, const struct catalogue *c, const char *text, struct bytes *hits,
                                    struct err *err);
/* Whether a stands before b: what has every word, then by score, then the newest. */
bool search_before(const struct search_hit *a, const struct search_hit *b);

#endif
