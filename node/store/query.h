/*
 * query: door 7: what is asked of the derived tables, for CLI, pages and exports. Reads only; works on a store opened for
 * reading.
 */
#ifndef SPECOLA_NODE_STORE_QUERY_H
#define SPECOLA_NODE_STORE_QUERY_H

#include <jansson.h>

#include "node/store/endorsed.h"
#include "protocol/schema/slots.h"

#define QUERY_FACETS 16

/* What is wanted. Strings borrowed; NULL or 0: any. */
struct query {
  const char *kind; /* "case"; NULL: all kinds */
  const char *text; /* full text: words, "a phrase", prefix*, -without; never an FTS5 syntax error */
  struct {
    const char *dim, *code;
  } facets[QUERY_FACETS]; /* all must hold; the same dim twice: either. ENDORSED_DIM is one of every kind */
  uint32_t n_facets;
  const char *node; /* handle of the home */
  bool withdrawn;   /* also withdrawn objects */
  enum {
    SORT_NEWEST,
    SORT_RELEVANCE,
    SORT_KIND,
    SORT_REFERENCE,
    SORT_COMPLETENESS,
    SORT_ENDORSED
  } sort;                 /* KIND: the schema's order; REFERENCE: (node, gen, index); COMPLETENESS: the most complete first;
                             ENDORSED: what is endorsed, then what was, then the rest, the newest first in each */
  uint32_t limit, offset; /* limit 0: all */
  const char *lang;       /* of titles and snippets */
};
/* An object's newest version as found. Everything is borrowed until the callback returns. */
struct query_row {
  int64_t rowid;                 /* of the newest version */
  char reference[REFERENCE_MAX]; /* of the first version: the object's name */
  char version_reference[REFERENCE_MAX];
  struct hash object_id, version_id;
  const struct schema *schema; /* NULL: kind not known here */
  uint64_t schema_number;
  uint32_t versions; /* how many */
  bool withdrawn, review_wanted;
  enum endorsed endorsed;
  bool hidden;                    /* this node does not show it: of those that lists visit none is */
  const char *handle;             /* home */
  uint64_t created;               /* of the newest version, claimed */
  const char *title;              /* in lang, else in the language of the original, else the first; "" if none */
  unsigned completeness;          /* 0..100 */
  const char *snippet;            /* full text only; matches between U+2068 and U+2069; "" otherwise */
  struct view body;               /* of the newest version; empty if it is not here */
  const struct body_slots *slots; /* the body taken apart; NULL: it is not here, or its kind is not known, or it is no map */
};
typedef bool query_visit(void *context, const struct query_row *row);
/* Runs; *total (may be NULL) counts all matches regardless of limit. ERR_NOT_FOUND (unknown kind, dim or handle; hint:
 * nearest). */
MUST_CHECK enum err_code query_run(struct store *s, const struct federation *f, const struct schema_set *set,
                                   const struct query *q, query_visit *visit, void *context, uint64_t *total, struct err *err);
/* How many of what a query finds have every one of its words. *several false: it has fewer than two words, so all do, and *out
 * is 0. The same errors. */
MUST_CHECK enum err_code query_every(struct store *s, const struct federation *f, const struct schema_set *set,
                                     const struct query *q, bool *several, uint64_t *out, struct err *err);
/* The objects of these ids (object.id), in this order, with snippets for text (NULL: none); one that is gone is passed over. */
MUST_CHECK enum err_code query_rows(struct store *s, const struct federation *f, const struct schema_set *set,
                                    const int64_t *ids, size_t n, const char *lang, const char *text, query_visit *visit,
                                    void *context, struct err *err);
/* Counts per code of one dim over the matches of q (its own facet of that dim left out), most frequent first. */
typedef bool facet_visit(void *context, const char *code, const char *label, uint64_t count);
MUST_CHECK enum err_code query_facet(struct store *s, const struct federation *f, const struct schema_set *set,
                                     const struct query *q, const char *dim, facet_visit *visit, void *context,
                                     struct err *err);
/* Finds one object by reference (of any of its versions), full id (of any version), id prefix of >= 8 hex digits, or title
 * prefix; *rowid is that of its newest version. ERR_NOT_FOUND, ERR_AMBIGUOUS (the message lists up to 10). */
MUST_CHECK enum err_code query_object(struct store *s, const struct federation *f, const struct schema_set *set,
                                      const char *name, int64_t *rowid, struct err *err);
/* Everything about one object as JSON: reference, id, kind, home, author, versions[], body, findings, completeness, state,
 * links in both directions, endorsement (query_endorse.h, with "since" of query_since.h), forked (query_fork.h) if its log has,
 * takedown (query_takedown.h) where the text shown is gone, hidden (query_hidden.h) where this node does not show it: whoever
 * shows things to others stops there. rowid: of any of its versions: body, author, created and findings are that version's
 * (versions[].rowid names them), all else is the object's. The caller decrefs. body_out (may be NULL) receives the body. */
MUST_CHECK enum err_code query_show(struct store *s, const struct federation *f, const struct schema_set *set, int64_t rowid,
                                    const char *lang, json_t **out, struct bytes *body_out, struct err *err);
/* The newest version of an own object with these unique fields; ERR_NOT_FOUND. Used by admission and import. */
MUST_CHECK enum err_code query_unique(struct store *s, const struct schema *schema, int64_t log_no, struct view body,
                                      int64_t *rowid, struct err *err);
/* A person as certified in a log. Borrowed until the callback returns. */
struct query_person {
  char reference[REFERENCE_MAX]; /* of the key.cert */
  const char *handle;            /* of the log's node */
  struct pubkey key;
  uint64_t person, roles, territory;
  const char *name; /* as certified; "" if its body is not here */
  bool revoked;     /* the certificate is void, or was until revoked_from */
  char revoked_from[REFERENCE_MAX];
};
typedef bool person_visit(void *context, const struct query_person *person);
/* Every certificate of a node's log (handle NULL: of all logs) in the order of the log. ERR_NOT_FOUND (no such handle). */
MUST_CHECK enum err_code query_people(struct store *s, const struct federation *f, const char *handle, person_visit *visit,
                                      void *context, struct err *err);
/* Figures for `status`: objects by kind, by home, own, records, held by reason, damaged (what waits to be healed). The caller
 * decrefs. */
MUST_CHECK enum err_code query_figures(struct store *s, const struct federation *f, const struct schema_set *set, json_t **out,
                                       struct err *err);

#endif
