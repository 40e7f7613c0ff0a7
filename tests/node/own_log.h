/*
 * own_log: a log written by hand, whose owner signs anything: what no honest node would admit.
 */
#ifndef SPECOLA_TESTS_NODE_OWN_LOG_H
#define SPECOLA_TESTS_NODE_OWN_LOG_H

#include "tests/node/fixture.h"

#define OWN_MAX 96

struct own_log {
  struct fixture_node *node;
  uint64_t gen;             /* 0: the first */
  const struct signer *key; /* of that generation; NULL: the node's own */
  uint32_t n;
  struct fixture_record records[OWN_MAX];
};

/* Begins the log of a node with its identity (0) and its editor's certificate (1). */
void own_begin(struct own_log *log, struct fixture_node *node);
/* Takes a sealed record over as the next entry. */
void own_add(struct own_log *log, const struct fixture_record *record);
void own_release(struct own_log *log);
/* The root of the first size entries; the owner's checkpoint over them; an array of items from <= i < to. */
struct hash own_root(const struct own_log *log, uint64_t size);
void own_checkpoint(const struct own_log *log, uint64_t size, struct bytes *text);
void own_window(const struct own_log *log, uint64_t from, uint64_t to, struct bytes *out);
/* Carries entries from..to into a hall as one milestone, in windows of that many. */
enum err_code own_carry(const struct own_log *log, struct hall *hall, uint64_t from, uint64_t to, uint64_t window,
                        struct pull_result *result, struct err *err);

/* Each seals a record and adds it. */
void add_identity(struct own_log *log);
void add_cert(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t person, uint64_t roles);
void add_revoke(struct own_log *log, const struct signer *author, const struct pubkey *key, uint64_t index);
/* A version of a case; object and newest NULL: a new one. Returns the record id. */
struct hash add_case(struct own_log *log, const struct signer *author, uint64_t n, const struct hash *object,
                     const struct hash *newest);
struct hash add_withdraw(struct own_log *log, const struct signer *author, const struct hash *object,
                         const struct hash *newest);
/* An entry of octets that the owner made up. */
void add_octets(struct own_log *log, struct view octets);
/* A raw header of eleven fields with an odd version, kind or alg, truly signed. */
void add_header(struct own_log *log, const struct signer *author, uint64_t v, uint64_t kind, uint64_t alg);
/* A record with one thing in its header changed. */
void add_odd(struct own_log *log, const struct signer *author, struct header h, struct view body);
/* Why a node holds an entry without effect; REASON_NONE: it has effect. */
enum reason reason_at(struct fixture_node *node, const struct hash *log_node, uint64_t index);
/* The same in any generation of its log. */
enum reason reason_in(struct fixture_node *node, const struct hash *log_node, uint64_t gen, uint64_t index);

#endif
