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

#endif
