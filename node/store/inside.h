/*
 * inside: what the files of this room know of a struct store. Nobody outside node/store includes this.
 */
#ifndef SPECOLA_NODE_STORE_INSIDE_H
#define SPECOLA_NODE_STORE_INSIDE_H

#include "node/store/store.h"
#include "protocol/schema/schema.h"

#define STORE_LEAVES 4       /* the version from which on entry.leaf is there */
#define STORE_STATEMENTS 512 /* slots for prepared statements: a power of two, more than twice the texts that there are */

#define STORE_BUSY_MS 5000      /* readers and writer wait this long for each other's short locks */
#define STORE_FACETS 4096       /* numbers of facet codes that are remembered, a power of two */
#define STORE_FACET_CODE_MAX 64 /* octets of a code that is remembered */

struct facet_slot {
  int64_t no;      /* facet_code.no; 0: free */
  const char *dim; /* borrowed from the schema set */
  uint8_t code[STORE_FACET_CODE_MAX];
  size_t len;
};
#define STORE_PEOPLE 16 /* nodes whose people are remembered */

/* The people of a node's log, as of so many authorities of which the last stands there. */
struct store_people {
  int64_t log_no; /* of its first generation */
  int64_t n, last, gens, withdrawn;
  bool frozen;
  struct evaluation *state; /* owned; NULL: free */
};
struct store_slot {
  const char *sql; /* NULL: free */
  sqlite3_stmt *statement;
};
struct store {
  sqlite3 *db;
  enum store_mode mode;
  int lock;        /* descriptor of store.lock, -1 when reading */
  bool has_leaves; /* false: of a version before them, and opened for reading */
  int64_t suspects[STORE_SUSPECTS];
  uint32_t n_suspects;
  uint64_t commits;             /* own ones since the start */
  const struct schema_set *set; /* what specola_text reads bodies by; borrowed, NULL until store_use_schemas */
  bool searches;                /* the function of search.c is registered */
  struct search *search;        /* the one under way; NULL: none */
  struct store_slot slots[STORE_STATEMENTS];
  struct store_people people[STORE_PEOPLE];
  struct facet_slot facets[STORE_FACETS]; /* forgotten with every rollback and rebuild */
};

/* Gives the SQL function specola_text the kinds that it reads bodies by. set is borrowed until the store closes. */
void store_use_schemas(struct store *s, const struct schema_set *set);
/* Forgets the numbers of facet codes: they may be others from now on. */
void store_forget_facets(struct store *s);
/* The entry of a rowid by a statement that gives the columns of a row of entry, leaf the last one and perhaps not there;
 * lacking: for ERR_NOT_FOUND. As entry_get. */
MUST_CHECK enum err_code entry_read(struct store *s, const char *sql, int64_t rowid, const char *lacking, struct bytes *scratch,
                                    struct item *out, struct err *err);
/* Registers specola_leaf on a connection. Store errors. */
MUST_CHECK enum err_code store_leaf_function(struct store *s, struct err *err);
/* Forgets the people of all logs. */
void store_forget_people(struct store *s);
/* Registers specola_text on a connection. Store errors. */
MUST_CHECK enum err_code store_text_function(struct store *s, struct err *err);
/* FTS5 from within (fts5.html 7): its tokenizers and its functions. Of the connection's life. Store errors. */
MUST_CHECK enum err_code store_fts5(struct store *s, fts5_api **out, struct err *err);

#endif
