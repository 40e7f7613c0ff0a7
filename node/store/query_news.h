/*
 * query_news: what came since this replica stood at a certain point. The order of arrival is the store's own (milestone.seq),
 * so nobody's clock is asked. Reads only.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_NEWS_H
#define SPECOLA_NODE_STORE_QUERY_NEWS_H

#include "node/store/query.h"

enum news { NEWS_NEW, NEWS_CHANGED, NEWS_WITHDRAWN };
/* row as in query.h, NULL: one more of the home at hand; arrival: the point at which it came. */
typedef bool news_visit(void *context, enum news what, int64_t arrival, const struct query_row *row);

/* The point at which this replica stands: larger with everything that arrives. 0: nothing is here. Store errors. */
MUST_CHECK enum err_code query_news_point(struct store *s, int64_t *out, struct err *err);
/* Tells every object of which something came behind the point since, by home, last come first: new if all of its versions came
 * behind it. What was withdrawn is told once, as such, and not when it came and went behind the point. Of each home the
 * first `rows` have their row (0: all): to read one takes longer than to find it. visit's false stops. Store errors,
 * ERR_MEMORY. */
MUST_CHECK enum err_code query_news(struct store *s, const struct federation *f, const struct schema_set *set, int64_t since,
                                    uint64_t rows, const char *lang, news_visit *visit, void *context, struct err *err);

/* A signature, or one taken back, that came behind the point. Borrowed until the callback returns. */
struct news_signature {
  bool taken_back;
  char reference[REFERENCE_MAX]; /* of the object */
  char version[REFERENCE_MAX];   /* of the version signed; "": not here, or none of that object */
  const char *home, *by;         /* handles: of the object's home, of the reviewer's node */
  enum endorsement_standing standing;
  enum endorsed state;      /* of the object now */
  uint64_t counted, needed; /* of its newest version now, under the first policy; needed 0: there is no policy */
};
typedef bool news_signature_visit(void *context, const struct news_signature *signature);
/* Of objects of this node, and of those that reviewers of this node signed; by log and position. visit's false stops. Store
 * errors, ERR_MEMORY. */
MUST_CHECK enum err_code query_news_signatures(struct store *s, const struct federation *f, int64_t since,
                                               news_signature_visit *visit, void *context, struct err *err);

#endif
