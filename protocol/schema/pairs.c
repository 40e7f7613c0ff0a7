/*
 * pairs: the keys and values of a JSON object that is only read (pairs.h).
 */
#include "protocol/schema/pairs.h"

#include <string.h>

struct pairs pairs_of(const json_t *object) {
  struct pairs p = {.object = NULL};
  memcpy(&p.object, &object, sizeof object); /* jansson does not change what it iterates over */
  return p;
}

bool pairs_next(struct pairs *p) {
  p->at = p->begun ? json_object_iter_next(p->object, p->at) : json_object_iter(p->object);
  p->begun = true;
  if (p->at == NULL) {
    p->begun = false;
    p->object = NULL;
    return false;
  }
  p->key = json_object_iter_key(p->at);
  p->value = json_object_iter_value(p->at);
  return true;
}
