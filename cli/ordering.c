/*
 * ordering: see ordering.h.
 */
#include "cli/ordering.h"

#include "node/people_orders.h"

enum err_code ordering(struct submit *s, const char *name, json_t *argument, json_t **answer, struct err *err) {
  json_t *said = NULL;
  bool written = false;
  enum err_code code = OK;
  if (argument == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  if (s->ctl != NULL) {
    code = ctl_order(s->ctl, name, argument, &said, err);
  } else if (s->hall != NULL) {
    code = people_order(s->hall, name, argument, &written, &said, err);
  } else {
    err_set(err, ERR_REFUSED, "there is no node here whose key could sign that");
    code = err_hint(err, "on the node's own machine, or with its --home");
  }
  json_decref(argument);
  if (code == OK && answer != NULL) {
    *answer = said;
    return OK;
  }
  json_decref(said);
  return code;
}
