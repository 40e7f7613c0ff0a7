/*
 * fixture: a federation of a few nodes in one process, each with its store in a folder of its own under $TMPDIR. For tests of
 * the node floor. Every function fails the test that calls it when something goes wrong.
 */
#ifndef SPECOLA_TESTS_NODE_FIXTURE_H
#define SPECOLA_TESTS_NODE_FIXTURE_H

#include "node/admit.h"
#include "node/guarding.h"
#include "node/ingest.h"

#define FIXTURE_NODES 128

struct fixture;
struct fixture_node {
  struct fixture *all;
  char dir[256];
  const char *handle;                   /* IT FR EE DE ES PT NL FI … */
  struct hash id;                       /* node id */
  struct signer node_key, root, editor; /* editor: coordinator and editor, person 1 (entry 1) */
  uint8_t curve[32];                    /* "public" CURVE key, random octets */
  unsigned threads;                     /* of the hall; 0 at first, takes effect with fixture_open */
  bool is_newcomer;                     /* no founder, and no twin: its keys are its own */
  uint32_t rate;                        /* of its clock: 1000 is right, 900 is slow */
  int64_t skew_s;                       /* of its wall clock */
  struct clock_source clock;            /* as this node reads it */
  bool is_guarded, has_head;            /* by the fork guard, with a head file in memory; from the next fixture_open on */
  bool has_head_file;                   /* it is guarded by a file in dir instead */
  struct own_head kept;                 /* what is in it; has_head false: it is not there */
  enum err_code head_fault;             /* what writing it says; OK: it is written */
  struct head_file head;
  struct store *store; /* NULL while the node is closed */
  struct federation federation;
  struct hall *hall;
};
/* Where stores are kept: an SQLite VFS (NULL: the system's), and how the content of a folder gets into another one there. */
struct fixture_disk {
  const char *vfs;
  void (*copy)(const char *from_dir, const char *to_dir);
  void (*forget)(const char *dir);
};
struct fixture {
  uint32_t n;       /* founders; behind them stand twins */
  uint32_t n_twins; /* further machines with a founder's keys, and newcomers */
  struct fixture_disk disk;
  uint64_t seed;
  struct entropy_seeded entropy_state;
  struct entropy_source entropy;
  struct clock_source clock; /* stands at now_ms, and at 2026-01-01 plus now_ms */
  uint64_t now_ms;
  struct schema_set *schemas;
  struct charter charter;
  struct bytes charter_item;
  struct fixture_node nodes[FIXTURE_NODES];
};
/* Founds a federation of n nodes and opens them all. With begun, each log has its identity (entry 0) and its editor (entry 1).
 */
void fixture_found(struct fixture *f, uint32_t n, uint64_t seed, bool begun);
/* The same with stores elsewhere. All of them begin as a copy of the first one. */
void fixture_found_on(struct fixture *f, uint32_t n, uint64_t seed, bool begun, const struct fixture_disk *disk);
/* Another machine with the keys of a founder and an empty store: two nodes with one key. Returns its index, open. */
uint32_t fixture_twin(struct fixture *f, uint32_t of);
/* A node with keys of its own that is no founder; its store holds the charter. Returns its index, open: no member yet. */
uint32_t fixture_newcomer(struct fixture *f, const char *handle);
/* Entries 0 and 1 of a node's log. */
void fixture_begin(struct fixture_node *node);
void fixture_release(struct fixture *f); /* closes everything and removes the folders */
/* Closes and opens a node again; a closed node's store is on the disk as it was. */
void fixture_close(struct fixture_node *node);
void fixture_open(struct fixture_node *node);
/* Guards a node from its next opening on, as a home is that was made just now. */
void fixture_guard(struct fixture_node *node);
/* The same by the head file of a home, in its folder. */
void fixture_guard_by_file(struct fixture_node *node);
/* The same where the disk may fail: the node stays closed then. Errors of store_open, federation_load, hall_open. */
MUST_CHECK enum err_code fixture_try_open(struct fixture_node *node, struct err *err);

/* A sealed record that owns its octets. */
struct fixture_record {
  struct bytes envelope, body;
  struct salt salt;
  struct hash id;
  struct item item; /* borrows from the above */
};
void fixture_record_release(struct fixture_record *r);
/* Seals h (home: the node's, created: the clock's) by author with body (empty: none). */
void fixture_seal(struct fixture_node *node, const struct signer *author, struct header h, struct view body,
                  struct fixture_record *out);
/* A canonical body from the JSON text of an object of that kind. */
void fixture_body(struct fixture *f, const char *kind, const char *json, struct bytes *out);
/* The body of a small valid case, told from others by n: title "Case n", a text of some length. */
void fixture_case_body(struct fixture *f, uint64_t n, struct bytes *out);
/* Seals a version of a case by the node's editor. object and newest: NULL for a new object. */
void fixture_case(struct fixture_node *node, uint64_t n, const struct hash *object, const struct hash *newest,
                  struct fixture_record *out);
/* Seals, admits and expects it logged; returns its index. id (may be NULL) receives the record id. */
uint64_t fixture_publish(struct fixture_node *node, uint64_t n, struct hash *id);
/* Admits one sealed record; returns the receipt's row. */
struct receipt_row fixture_admit(struct fixture_node *node, const struct item *item);
/* Carries every log that `from` holds more of to `to`, with windows of at most max_items items, milestone by milestone as
 * milestone_plan says. */
void fixture_transfer(struct fixture_node *from, struct fixture_node *to, uint64_t max_items);
/* The same of one log, of generation 1. */
void fixture_transfer_log(struct fixture_node *from, struct fixture_node *to, const struct hash *node, uint64_t max_items);
/* A bundle into a node's hall. */
MUST_CHECK enum err_code fixture_import(struct fixture_node *node, struct view octets, struct bundle_report *report,
                                        struct err *err);
/* The checkpoint text of a milestone that a node holds (size 0: newest). */
void fixture_checkpoint(struct fixture_node *node, const struct hash *log, uint64_t size, struct bytes *text);
/* The whole seed from the environment SPECOLA_SEED, else fresh; printed. */
uint64_t fixture_seed(void);
/* A reproducible number below n (n > 0). */
uint64_t fixture_random(struct fixture *f, uint64_t n);

#endif
