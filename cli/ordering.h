/*
 * ordering: what a coordinator orders about people (node/people_orders.h), by whichever way is open: over run/ctl to a node
 * that serves, else by the hall here.
 */
#ifndef SPECOLA_CLI_ORDERING_H
#define SPECOLA_CLI_ORDERING_H

#include "cli/submit.h"

/* Carries out the order `name`. Takes argument over (NULL: no memory). *answer (NULL: nobody wants it): the caller decrefs.
 * ERR_REFUSED where there is no node whose key could sign, errors of people_order and of the way. */
MUST_CHECK enum err_code ordering(struct submit *s, const char *name, json_t *argument, json_t **answer, struct err *err);

#endif
