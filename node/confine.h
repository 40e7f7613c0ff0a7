/*
 * confine: what a child of `serve` gives up before it listens to anybody. Three steps, each a table by role (confine.c): limits
 * of the process, then the files that it may open (Landlock), then, when all that it needs is open, the system calls that are
 * left to it (seccomp). A kernel that lacks one of them is told in the log, and no reason to stop.
 *
 *   gate   reads the resolver's files; TCP and name service; no other file
 *   core   writes in the home alone; reads (bundles are imported by their path); no socket
 *   ctl    removes its own socket; no file; answers who connects
 *   web    reads the store, node.ini and schema/; opens nothing once it serves; answers who connects
 *
 * None of them starts a program, makes a socket of another kind, or maps memory that it could execute.
 */
#ifndef SPECOLA_NODE_CONFINE_H
#define SPECOLA_NODE_CONFINE_H

#include <sys/types.h>

#include "node/child.h"

#define CONFINE_PLACES 12 /* at most, of a role */

/* How far a process is confined. Zeroed, then filled step by step. */
struct confine {
  enum child_role role;
  int landlock;      /* its ABI; 0: no file is refused */
  unsigned calls;    /* that are left; 0: all of them */
  int failed;        /* errno of the last step that did not work; 0: none */
  const char *lacks; /* what did not work, static text; NULL: nothing */
  struct confine_place {
    char path[HOME_PATH_MAX];
    dev_t dev;
    ino_t ino; /* 0: it was not there */
  } places[CONFINE_PLACES];
  size_t n_places;
};

/* Whoever holds keys, the supervisor too: no core dump, no debugger, no privileges by way of an executed program. */
void confine_keys(void);
/* Memory, stacks, descriptors of a role; and confine_keys. */
void confine_limits(enum child_role role);
/* The files of a role from now on, for this thread and those that it will start. dir: as in child_hello. */
void confine_files(struct confine *c, enum child_role role, const char *dir);
/* The calls of the role, for all threads of the process; logs in a line how far it is confined. */
void confine_calls(struct confine *c);
/* True if a file of the role was put in the place of the one that it may open: it can no longer be read. */
bool confine_is_outdated(const struct confine *c);

#endif
