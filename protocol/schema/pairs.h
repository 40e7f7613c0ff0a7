/*
 * pairs: the keys and values of a JSON object that is only read. (jansson's own iteration wants an object that may be changed.)
 *
 *   struct pairs p = pairs_of(object);
 *   while (pairs_next(&p)) … p.key, p.value …
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_PAIRS_H
#define SPECOLA_PROTOCOL_SCHEMA_PAIRS_H

#include <jansson.h>
#include <stdbool.h>

/* key and value are borrowed from the object, which must not change meanwhile. */
struct pairs {
  json_t *object;
  void *at;
  bool begun;
  const char *key;
  json_t *value;
};

/* What is no object has no pairs; NULL is fine. */
struct pairs pairs_of(const json_t *object);
bool pairs_next(struct pairs *p);

#endif
