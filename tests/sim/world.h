/*
 * world: one federation of the simulator: its machines, who of them lies, what people were promised, chance, and the hash of
 * all that happens. Who is honest is known here, and to nobody in the federation.
 */
#ifndef SPECOLA_TESTS_SIM_WORLD_H
#define SPECOLA_TESTS_SIM_WORLD_H

#include <sodium.h>

#include "tests/sim/disk.h"
#include "tests/sim/net_sim.h"

#define WORLD_OBJECTS 24 /* of a node that people remember and change again */
#define WORLD_RETRIES 4  /* records that a person will hand in again, a node */
#define WORLD_PEOPLE 2   /* of a node, beside its first editor */

/* How a run is made. Everything follows from it. */
struct world_options {
  uint64_t seed;
  uint32_t n;        /* founders; 0: drawn */
  uint32_t rounds;   /* of trouble; 0: drawn */
  uint32_t without;  /* bit i: fault number i does not happen */
  uint32_t breakage; /* number in the table of breakages; 0: none */
  bool is_large;     /* the story of a hundred nodes */
  bool keeps_losing; /* of that story: frames are lost after the healing, too */
  bool restores;     /* a machine comes back with an earlier disk (restored.h) */
  bool signs_truly;  /* with Ed25519, as the pinned traces are (memo.h) */
  bool grows;        /* the story of a federation whose members change (growth.h) */
  bool is_talkative;
};

struct promise { /* a receipt said: logged */
  struct hash id;
  uint64_t index;
};
struct remembered {
  struct hash id, newest;
};
struct seat { /* a machine */
  bool is_down, dies_by_power, is_twin, has_twin;
  bool is_outside; /* down, and no healing brings it back: not admitted yet, or gone for good */
  uint32_t lie;    /* number in the table of lies; 0: an honest one */
  uint64_t up_at_ms;
  struct disk *disk;
  /* what people know of its log */
  struct promise *promises; /* owned */
  uint32_t n_promises, promises_room;
  struct remembered objects[WORLD_OBJECTS];
  uint32_t n_objects;
  struct fixture_record retries[WORLD_RETRIES];
  uint32_t n_retries;
  struct signer people[WORLD_PEOPLE];
};

struct restored { /* restored.h */
  bool is_kept, is_back;
  uint32_t node;
  uint64_t size; /* that it had signed */
};
struct watch;  /* watch.h */
struct liars;  /* lies.h */
struct growth; /* growth.h */
struct world {
  struct sim sim;
  const struct world_options *options;
  struct entropy_seeded chance_state;
  struct entropy_source chance;
  struct seat seats[FIXTURE_NODES];
  uint32_t n;      /* machines, twins included */
  uint32_t n_logs; /* those that have keys and a log of their own, twins not: the first ones */
  uint32_t n_down; /* of them, that are */
  bool has_fork, has_poison, is_healed;
  uint64_t steps, n_faults[32];
  crypto_generichash_state trace;
  bool parted[FIXTURE_NODES][FIXTURE_NODES]; /* cut by a partition, and not since the beginning */
  struct restored restored;
  struct watch *watch;
  struct liars *liars;
  struct growth *growth; /* NULL: everybody is a founder, and stays */
  /* the first violation */
  const char *broken; /* name of an invariant, NULL: none */
  char why[400];
  uint64_t broken_ms;
};

/* ERR_MEMORY is fatal here: every function fails the program. */
struct world *world_new(const struct world_options *options);
void world_free(struct world *w);
/* Chance of a round: a number below n (n > 0); the rounds' chances do not hang on each other. */
void world_chance_of(struct world *w, uint64_t round);
uint64_t chance(struct world *w, uint64_t n); /* never twice in one call's arguments: their order is the compiler's */
bool is_likely(struct world *w, uint32_t per_mille);

bool world_is_honest(const struct world *w, uint32_t node);
bool world_is_up(const struct world *w, uint32_t node);
/* Honest, and one of those that must agree in the end: neither outside nor removed. */
bool world_is_present(const struct world *w, uint32_t node);
/* A machine stops: in order, by kill -9, or with its power. It comes back after ms. */
enum world_end { WORLD_STOP, WORLD_KILL, WORLD_POWER };
void world_end(struct world *w, uint32_t node, enum world_end how, uint64_t ms);
void world_started(struct world *w, uint32_t node); /* its store has been opened: it goes to work */
/* Machines that are due come back; one whose disk does not let it tries again. */
void world_start_due(struct world *w);
/* One step of the network, and what follows from it. False: nothing until end_ms. */
bool world_step(struct world *w, uint64_t end_ms);
void world_run(struct world *w, uint64_t ms);

/* People write at a node: one submission or order, as chance has it. */
void world_write(struct world *w, uint32_t node);
void people_write(struct world *w, uint32_t node);         /* people.c: the writing alone */
void world_written(struct world *w, uint32_t node);        /* what follows when something was written at a machine that is up */
bool world_is_awake(const struct world *w, uint32_t node); /* up, and people can write there */

/* Into the hash of the run. */
void world_note(struct world *w, const char *what, uint64_t a, uint64_t b, struct view octets);
void world_say(const struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The first violation stands, and ends the run. */
void world_break(struct world *w, const char *invariant, const char *format, ...) __attribute__((format(printf, 3, 4)));
const char *world_name(const struct world *w, uint32_t node);

#endif
