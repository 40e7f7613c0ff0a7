/*
 * list: a list of objects of one kind: what is asked for (facets, text, node, order, where the page begins), and the objects
 * that it finds. Pages go by a keyset: the next page begins behind the last object of this one, wherever that stands by then.
 */
#ifndef SPECOLA_NODE_WEB_LIST_H
#define SPECOLA_NODE_WEB_LIST_H

#include "node/web/site.h"

#define LIST_PAGE 20         /* objects of a page */
#define LIST_CHOICES 24      /* facet codes in one question */
#define LIST_CODES 6         /* codes of a dimension that are offered; all of one on wish */
#define LIST_NEAR_CODES 400u /* of a vocabulary in which the code that was meant is looked for */
#define LIST_FIRST 7         /* dimensions that stand in the open; the others are folded away */
#define LIST_ALL_CODES 300
#define LIST_TEXT_MAX 200 /* octets of words */

/* BEST: by the words that are searched for; ENDORSED: what is endorsed comes first, the newest first in each. */
enum list_order { LIST_BEST, LIST_NEWEST, LIST_ENDORSED };
/* A question. Choices may point into it: it is not copied to where it outlives the first. Strings borrow from the request's
 * parameters. */
struct list_question {
  const struct schema *schema;
  const char *text;  /* NULL: none */
  const char *node;  /* handle, or NULL */
  const char *after; /* where the page begins, or NULL */
  const char *more;  /* the dimension of which all codes are offered, or NULL */
  enum list_order order;
  bool is_feed;
  struct field endorsed; /* stands for the dimension that no kind tells: how an object is endorsed */
  struct {
    const char *dim, *code;    /* a code of the vocabulary, as it is spelt there */
    const struct field *field; /* that has the dimension */
    bool unknown;              /* a code that neither the vocabulary has nor any object: it finds nothing */
  } choices[LIST_CHOICES];
  size_t n_choices;
};
/* ERR_USAGE names a parameter that is unknown or given twice, ERR_NOT_FOUND a node that is. */
MUST_CHECK enum err_code list_read(const struct request *r, const struct schema *schema, struct list_question *out,
                                   struct err *err);
const char *list_order_name(enum list_order order) __attribute__((const));
/* What a question finds, of the snapshot's catalogue; the page is not looked at. The caller releases *out (selection.h).
 * ERR_MEMORY, store errors. */
struct selection;
MUST_CHECK enum err_code list_select(const struct request *r, const struct list_question *q, struct selection *out,
                                     struct err *err);
/* The path of the list under a question, without the page; skip (may be NULL) names a dimension, "q" or "node", and skip_code
 * (NULL: all of it) a code that are left out. */
MUST_CHECK enum err_code list_path(const struct list_question *q, const char *skip, const char *skip_code, struct bytes *out,
                                   struct err *err);

#endif
