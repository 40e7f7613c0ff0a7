/*
 * people: who may do what at a position of one log.
 *
 * Certificates stand in one array in log order. Holders (a key, its certificates, the position from which it is revoked) stand
 * in tsearch(3)'s balanced tree, because foreign keys could be ground to collide in a hash table. A holder's certificates are
 * in order of position, so people_at() is two binary searches. See docs/protocol.md 4.5; roles and territories are in roles.c.
 */
#include "protocol/people.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

struct holder {
  struct pubkey key; /* first: people_at looks a holder up by its key alone */
  bool revoked;
  struct position revoked_from;
  size_t *certificates; /* indices into people.certificates, rising */
  size_t n, capacity;
};

struct people {
  struct certificate *certificates;
  size_t n, capacity;
  void *holders; /* root of the tree */
  uint64_t last_person;
};

int position_compare(struct position a, struct position b) {
  if (a.gen != b.gen) return a.gen < b.gen ? -1 : 1;
  return (a.index > b.index) - (a.index < b.index);
}

static int holder_compare(const void *a, const void *b) {
  return memcmp(a, b, PUBKEY_LEN);
}

static void holder_free(void *p) {
  struct holder *holder = p;
  free(holder->certificates);
  free(holder);
}

struct people *people_new(void) {
  return calloc(1, sizeof(struct people));
}

void people_free(struct people *p) {
  if (p == NULL) return;
  tdestroy(p->holders, holder_free);
  free(p->certificates);
  free(p);
}

static struct holder *holder_find(const struct people *p, const struct pubkey *key) {
  struct holder *const *found = tfind(key, &p->holders, holder_compare);
  return found == NULL ? NULL : *found;
}

/* The holder of key, made if there is none. NULL without memory. */
static struct holder *holder_take(struct people *p, const struct pubkey *key) {
  struct holder *holder = holder_find(p, key);
  if (holder != NULL) return holder;
  holder = calloc(1, sizeof *holder);
  if (holder == NULL) return NULL;
  holder->key = *key;
  if (tsearch(holder, &p->holders, holder_compare) == NULL) {
    free(holder);
    return NULL;
  }
  return holder;
}

/* Makes room for one more element of an array. False without memory, and then nothing changed. */
static bool grow(void **array, size_t n, size_t *capacity, size_t element) {
  if (n < *capacity) return true;
  size_t more = *capacity == 0 ? 4 : *capacity * 2;
  void *p = reallocarray(*array, more, element);
  if (p == NULL) return false;
  *array = p;
  *capacity = more;
  return true;
}

static bool is_revoked_at(const struct holder *holder, struct position at) {
  return holder->revoked && position_compare(holder->revoked_from, at) <= 0;
}

static enum err_code certificate_add(struct people *p, struct holder *holder, const struct certificate *c, struct err *err) {
  void *all = p->certificates, *own = holder->certificates;
  bool room = grow(&all, p->n, &p->capacity, sizeof *p->certificates);
  p->certificates = all;
  room = room && grow(&own, holder->n, &holder->capacity, sizeof *holder->certificates);
  holder->certificates = own;
  if (!room) return err_set(err, ERR_MEMORY, NULL);
  holder->certificates[holder->n++] = p->n;
  p->certificates[p->n++] = *c;
  if (c->person > p->last_person) p->last_person = c->person;
  return OK;
}

static enum err_code certificate_apply(struct people *p, const struct record *record, struct position at,
                                       const struct pubkey *owner_key, enum reason *reason, struct err *err) {
  const struct header *h = &record->header;
  struct certificate c = {.id = record->id, .at = at, .person = h->args[0], .roles = h->args[1], .territory = h->args[2]};
  memcpy(c.key.b, h->subject.b, sizeof c.key.b);
  if (!pubkey_equal(&h->author, owner_key)) {
    *reason = REASON_AUTHOR;
    return OK;
  }
  struct holder *holder = holder_take(p, &c.key);
  if (holder == NULL) return err_set(err, ERR_MEMORY, NULL);
  if (is_revoked_at(holder, at)) *reason = REASON_REVOKED;
  return certificate_add(p, holder, &c, err); /* a void one too: its key had a certificate, and its number is taken */
}

/* Whether a revocation at `at` from `from` on may take anything away below `at` that the one before did not. */
static bool reaches_back(const struct holder *holder, struct position from, struct position at) {
  struct position end = at;
  if (holder->revoked && position_compare(holder->revoked_from, end) < 0) end = holder->revoked_from;
  return position_compare(from, end) < 0;
}

static enum err_code revocation_apply(struct people *p, const struct record *record, struct position at,
                                      const struct pubkey *owner_key, enum reason *reason, bool *backdated, struct err *err) {
  const struct header *h = &record->header;
  struct pubkey key;
  struct position from = {h->args[0], h->args[1]};
  memcpy(key.b, h->subject.b, sizeof key.b);
  if (!pubkey_equal(&h->author, owner_key) && !pubkey_equal(&h->author, &key)) {
    *reason = REASON_AUTHOR;
    return OK;
  }
  bool own_act = pubkey_equal(&h->author, &key); /* a thief must not void what was signed before */
  if (own_act || position_compare(from, at) > 0) from = at;
  struct holder *holder = holder_take(p, &key);
  if (holder == NULL) return err_set(err, ERR_MEMORY, NULL);
  *backdated = reaches_back(holder, from, at);
  if (!holder->revoked || position_compare(from, holder->revoked_from) < 0) holder->revoked_from = from;
  holder->revoked = true;
  return OK;
}

enum err_code people_apply(struct people *p, const struct record *record, struct position at, const struct pubkey *owner_key,
                           enum reason *reason, bool *backdated, struct err *err) {
  const struct header *h = &record->header;
  *backdated = false;
  *reason = REASON_SHAPE;
  if ((h->kind != KIND_CERT && h->kind != KIND_REVOKE) || header_shape(h) != REASON_NONE) return OK;
  *reason = REASON_NONE;
  if (h->kind == KIND_CERT) return certificate_apply(p, record, at, owner_key, reason, err);
  return revocation_apply(p, record, at, owner_key, reason, backdated, err);
}

/* How many of the holder's certificates stand below a position. */
static size_t count_below(const struct people *p, const struct holder *holder, struct position at) {
  size_t low = 0, high = holder->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (position_compare(p->certificates[holder->certificates[middle]].at, at) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

bool people_is_revoked(const struct people *p, const struct pubkey *key, struct position at) {
  const struct holder *holder = holder_find(p, key);
  return holder != NULL && is_revoked_at(holder, at);
}

const struct certificate *people_newest(const struct people *p, const struct pubkey *key, struct position at) {
  const struct holder *holder = holder_find(p, key);
  size_t below = holder == NULL ? 0 : count_below(p, holder, at);
  return below == 0 ? NULL : &p->certificates[holder->certificates[below - 1]];
}

const struct certificate *people_at(const struct people *p, const struct pubkey *key, struct position at, enum reason *reason) {
  const struct holder *holder = holder_find(p, key);
  size_t below = holder == NULL ? 0 : count_below(p, holder, at);
  *reason = REASON_AUTHOR;
  if (below == 0) return NULL;
  *reason = REASON_REVOKED;
  if (is_revoked_at(holder, at)) return NULL;
  *reason = REASON_NONE;
  return &p->certificates[holder->certificates[below - 1]];
}

size_t people_count(const struct people *p) {
  return p->n;
}

const struct certificate *people_certificate(const struct people *p, size_t i, bool *revoked, struct position *revoked_from) {
  const struct certificate *c = &p->certificates[i];
  const struct holder *holder = holder_find(p, &c->key);
  *revoked = holder != NULL && holder->revoked;
  *revoked_from = *revoked ? holder->revoked_from : (struct position){0, 0};
  return c;
}

uint64_t people_next_person(const struct people *p) {
  return p->last_person + 1;
}
