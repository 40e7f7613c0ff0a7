/*
 * kept: answers that follow from a snapshot alone (lists, searches, the first page), kept as they travel until the next
 * snapshot: whoever asks the same again gets them at once. For the loop's thread only.
 */
#ifndef SPECOLA_NODE_WEB_KEPT_H
#define SPECOLA_NODE_WEB_KEPT_H

#include "keys/hash.h"
#include "node/web/site.h"

#define KEPT_MOST 512u                        /* answers */
#define KEPT_OCTETS ((size_t)6 * 1024 * 1024) /* of all of them */
#define KEPT_ONE ((size_t)256 * 1024)         /* octets of one; a longer one is not kept */
#define KEPT_LATE_MS 3000u                    /* an answer is good for so long behind its snapshot */

/* An answer and how many hold it: the row, and those to whom it is being sent. */
struct kept_answer {
  struct answer answer; /* finished */
  struct hash question;
  uint64_t asked;    /* when last, counted in questions */
  uint64_t until_ms; /* 0: its snapshot is the newest; else that is gone, and the answer is good until then */
  bool renewing;     /* somebody is at a newer one */
  unsigned holders;
};
struct kept; /* opaque */

struct kept *kept_new(void);    /* NULL: no memory */
void kept_free(struct kept *k); /* NULL is fine; answers that are being sent live on */
/* There is another snapshot: what was good is good for KEPT_LATE_MS more, and what was not renewed in that time is forgotten.
 */
void kept_age(struct kept *k, uint64_t now_ms);
/* All that an answer depends on beside the snapshot: path, query, language, packing, and the name by which we were asked. */
struct hash kept_question(const struct request *r);
/* Borrowed until the next call on k, unless kept_hold. NULL: not here. */
struct kept_answer *kept_find(struct kept *k, const struct hash *question, uint64_t now_ms);
/* Whether a newer answer has to be made, and nobody is at it; from now on, the caller is. */
bool kept_renew(struct kept_answer *a);
/* Takes a finished answer of the newest snapshot over, leaves an empty one, and forgets the one before to the same question,
 * and those that nobody has asked for the longest. NULL: it is too long, or there is no memory; the answer is still the
 * caller's. The result is borrowed as that of kept_find. */
struct kept_answer *kept_put(struct kept *k, const struct hash *question, struct answer *answer);
struct kept_answer *kept_hold(struct kept_answer *a);
void kept_release(struct kept_answer *a);

#endif
