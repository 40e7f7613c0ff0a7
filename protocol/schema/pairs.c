/*
 * pairs: the keys and values of a JSON object that is only read (pairs.h).
 */
#include "protocol/schema/pairs.h"

struct pairs pairs_of(const json_t *object) {
  const union {
    const json_t *read;
    json_t *iterated;
  } same = {.read = object}; /* jansson does not change what it iterates over */
  return (struct pairs){.object = same.iterated};
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
