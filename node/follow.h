/*
 * follow: one synchronisation of a replica with the node that it follows (docs/protocol.md 15): first where its logs stand, in
 * one small question; then headers, log by log, each up to a milestone; then texts, the newest first. Everything goes through
 * the hall, so what is committed stays, whenever the line breaks, and the store says where to go on.
 */
#ifndef SPECOLA_NODE_FOLLOW_H
#define SPECOLA_NODE_FOLLOW_H

#include "node/ingest.h"
#include "node/net/fetch.h"

enum follow_step { FOLLOW_HEADERS, FOLLOW_TEXTS };
struct follow_wish {
  const char *only;   /* texts of what this question of /sync/select finds alone ("kind=case&sector=07"); NULL: all texts */
  bool headers_only;  /* no texts */
  uint64_t pieces_ms; /* for each answer behind the first, which tells whether anybody is there; 0: as long as for that */
  /* How far a step is: entries, or texts, of how many. May be NULL. */
  void (*progress)(void *context, enum follow_step step, uint64_t done, uint64_t all);
  void *context;
};
struct follow_report {
  char node[HANDLE_MAX];     /* who answered, as it says itself; "?" if no member */
  uint64_t requests, octets; /* over the wire, heads of answers included */
  uint64_t n_new, n_held;    /* entries that came, by answer of the hall */
  uint64_t texts, missing;   /* that came; that are absent now */
  uint64_t left_out;         /* of those: nobody asked for them (only) */
  uint64_t withheld;         /* of those: asked for, and not handed out */
  uint64_t strange;          /* logs that are handed out there and followed by nobody here */
  uint64_t headers_ms;       /* until all headers were in */
  bool unchanged;            /* that node has nothing newer than the last time */
};

/* Facts of the store, for whoever tells people: unix seconds (8 octets, big-endian) of the last answer, */
#define FOLLOW_SYNCED "replica.synced"
/* and the question that chooses texts, as it was last asked. */
#define FOLLOW_ONLY "replica.only"

/* Follows once. The hall has no node key, and its federation no own node. *out counts what was done, on errors, too.
 * ERR_UNREACHABLE (what has come is kept), ERR_REFUSED (another observatory answers there), ERR_MISMATCH, ERR_SIGNATURE,
 * ERR_FORMAT (what is served of a log is not what its owner signed: the other logs are followed all the same), ERR_LIMIT,
 * ERR_USAGE (only: a question that the node does not understand), store errors. */
MUST_CHECK enum err_code follow_run(struct hall *h, struct fetch *f, const struct follow_wish *wish, struct follow_report *out,
                                    struct err *err);

#endif
