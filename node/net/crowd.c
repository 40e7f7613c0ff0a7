/*
 * crowd: see crowd.h. Two small arrays, searched from the front: connections come and go rarely, and there are few.
 */
#include "node/net/crowd.h"

#include <stdlib.h>
#include <string.h>

struct connection {
  int fd;
  bool named; /* curve is known */
  uint8_t curve[CURVE_LEN];
};

struct ticket {
  uint8_t curve[CURVE_LEN];
};

struct crowd {
  struct connection open[CROWD_MAX];
  size_t n_open, n_named;
  struct ticket tickets[CROWD_MAX]; /* in the order in which they were given */
  size_t n_tickets;
  uint64_t mute, excused; /* connections that ended unnamed, and how many of them had a ticket or were denied */
  uint64_t told;          /* of the difference */
};

struct crowd *crowd_new(void) {
  return calloc(1, sizeof(struct crowd));
}

void crowd_free(struct crowd *c) {
  free(c);
}

static size_t open_find(const struct crowd *c, int fd) {
  size_t i = 0;
  while (i < c->n_open && c->open[i].fd != fd)
    i++;
  return i;
}

static bool is_named(const struct connection *o, const uint8_t curve[CURVE_LEN]) {
  return o->named && memcmp(o->curve, curve, CURVE_LEN) == 0;
}

static void ticket_drop(struct crowd *c, size_t at) {
  c->n_tickets--;
  memmove(c->tickets + at, c->tickets + at + 1, (c->n_tickets - at) * sizeof c->tickets[0]);
}

size_t crowd_members(const struct crowd *c) {
  return c->n_named + c->n_tickets;
}

/* How many connections one key may have. */
static size_t most_of_one(const struct crowd *c) {
  const size_t n = crowd_members(c);
  return n >= BUDGET_ACCEPTED           ? 0
         : n >= BUDGET_ACCEPTED * 3 / 4 ? 1
         : n >= BUDGET_ACCEPTED / 2     ? CROWD_OF_ONE / 2
                                        : CROWD_OF_ONE;
}

bool crowd_admit(struct crowd *c, const uint8_t curve[CURVE_LEN]) {
  size_t n = 0;
  for (size_t i = 0; i < c->n_open; i++)
    n += is_named(&c->open[i], curve);
  for (size_t i = 0; i < c->n_tickets; i++)
    n += memcmp(c->tickets[i].curve, curve, CURVE_LEN) == 0;
  if (n >= most_of_one(c) || c->n_tickets == CROWD_MAX) return false;
  memcpy(c->tickets[c->n_tickets++].curve, curve, CURVE_LEN);
  return true;
}

void crowd_opened(struct crowd *c, int fd) {
  if (c->n_open < CROWD_MAX) c->open[c->n_open++] = (struct connection){.fd = fd};
}

void crowd_closed(struct crowd *c, int fd) {
  const size_t i = open_find(c, fd);
  if (i == c->n_open) return;
  c->n_named -= c->open[i].named;
  c->mute += !c->open[i].named;
  c->open[i] = c->open[--c->n_open];
}

void crowd_settle(struct crowd *c) {
  while (c->n_tickets > c->n_open - c->n_named) {
    ticket_drop(c, 0);
    c->excused++;
  }
}

void crowd_denied(struct crowd *c) {
  c->excused++;
}

/* A denial comes before the end that it excuses, a ticket that is taken back behind it: neither is told of twice. */
uint64_t crowd_take_failed(struct crowd *c) {
  if (c->mute <= c->excused + c->told) return 0;
  const uint64_t n = c->mute - c->excused - c->told;
  c->told += n;
  return n;
}

bool crowd_name(struct crowd *c, int fd, const uint8_t curve[CURVE_LEN]) {
  const size_t i = open_find(c, fd);
  if (i == c->n_open) return false;
  struct connection *o = &c->open[i];
  if (is_named(o, curve)) return true;
  c->n_named += !o->named;
  o->named = true;
  memcpy(o->curve, curve, CURVE_LEN);
  for (size_t k = 0; k < c->n_tickets; k++) {
    if (memcmp(c->tickets[k].curve, curve, CURVE_LEN) != 0) continue;
    ticket_drop(c, k);
    break;
  }
  return true;
}
