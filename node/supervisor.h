/*
 * supervisor: the loop around the children: executes them, joins them by pipes, restarts whoever dies, stops them in order. It
 * parses nothing but their few messages and touches no network and no store.
 */
#ifndef SPECOLA_NODE_SUPERVISOR_H
#define SPECOLA_NODE_SUPERVISOR_H

#include "node/child.h"

/* Told once, when every child that is wanted works: where gate and web are reached ("" or NULL: not at all). */
typedef void supervisor_ready(void *context, const char *gate, const char *web);

struct supervisor_config {
  const char *program;                   /* executed for each child */
  bool wanted[CHILD_ROLES];              /* core always is */
  struct child_hello hello[CHILD_ROLES]; /* without secret */
  struct secret *secrets[CHILD_ROLES];   /* 32 octets, or NULL; borrowed */
  const char *notify;                    /* program that is told of events; NULL or "": none */
  const char *ports;                     /* file for the bound endpoint; NULL: none */
  supervisor_ready *ready;               /* NULL: nobody wants to know */
  void *context;
};
/* Runs until SIGTERM or SIGINT, a child's order, or an error that no restart cures (the first of a child that never worked; a
 * damaged or too new store). report (may be NULL) receives what core said at the end. The calling thread's signal mask is
 * restored. */
MUST_CHECK enum err_code supervisor_run(const struct supervisor_config *config, struct bytes *report, struct err *err);

#endif
