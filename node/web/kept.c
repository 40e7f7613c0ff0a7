/*
 * kept: see kept.h. They are so few that looking through all costs less than an order would.
 */
#include "node/web/kept.h"

#include <stdlib.h>
#include <string.h>

#include "node/web/encoding.h"

struct kept {
  struct kept_answer *rows[KEPT_MOST];
  size_t n, octets;
  uint64_t asked;
};

struct kept *kept_new(void) {
  return calloc(1, sizeof(struct kept));
}

static size_t size_of(const struct answer *a) {
  return sizeof(struct kept_answer) + a->body.capacity;
}

static void drop(struct kept *k, size_t i) {
  k->octets -= size_of(&k->rows[i]->answer);
  kept_release(k->rows[i]);
  k->rows[i] = k->rows[--k->n];
}

void kept_free(struct kept *k) {
  if (k == NULL) return;
  while (k->n > 0)
    drop(k, k->n - 1);
  free(k);
}

void kept_age(struct kept *k, uint64_t now_ms) {
  for (size_t i = k->n; i-- > 0;) {
    struct kept_answer *a = k->rows[i];
    if (a->until_ms == 0) a->until_ms = now_ms + KEPT_LATE_MS;
    a->renewing = false; /* by a snapshot that is gone: what comes of it is not kept */
    if (now_ms >= a->until_ms) drop(k, i);
  }
}

static void add_text(struct hash_stream *s, struct view text) {
  hash_stream_add(s, text);
  hash_stream_add(s, view_of("", 1));
}

struct hash kept_question(const struct request *r) {
  struct hash_stream s;
  hash_stream_init(&s, HASH_OCTETS);
  add_text(&s, view_of_text(r->lang));
  add_text(&s, view_of_text(encoding_takes_gzip(r->http->accept_encoding) ? "gzip" : ""));
  add_text(&s, r->http->host);
  add_text(&s, r->http->path);
  add_text(&s, r->http->query);
  return hash_stream_final(&s);
}

/* k->n: not here. */
static size_t place_of(const struct kept *k, const struct hash *question) {
  size_t i = 0;
  while (i < k->n && memcmp(&k->rows[i]->question, question, sizeof *question) != 0)
    i++;
  return i;
}

struct kept_answer *kept_find(struct kept *k, const struct hash *question, uint64_t now_ms) {
  const size_t i = place_of(k, question);
  struct kept_answer *a = i < k->n ? k->rows[i] : NULL;
  k->asked++;
  if (a == NULL || (a->until_ms != 0 && now_ms >= a->until_ms)) return NULL;
  a->asked = k->asked;
  return a;
}

bool kept_renew(struct kept_answer *a) {
  const bool due = a->until_ms != 0 && !a->renewing;
  a->renewing = a->renewing || due;
  return due;
}

static void drop_oldest(struct kept *k) {
  size_t oldest = 0;
  for (size_t i = 1; i < k->n; i++) {
    if (k->rows[i]->asked < k->rows[oldest]->asked) oldest = i;
  }
  drop(k, oldest);
}

struct kept_answer *kept_put(struct kept *k, const struct hash *question, struct answer *answer) {
  struct kept_answer *a = size_of(answer) > KEPT_ONE ? NULL : malloc(sizeof *a);
  if (a == NULL) return NULL;
  const size_t before = place_of(k, question);
  if (before < k->n) drop(k, before);
  while (k->n == KEPT_MOST || k->octets + size_of(answer) > KEPT_OCTETS)
    drop_oldest(k);
  *a = (struct kept_answer){.answer = *answer, .question = *question, .asked = k->asked, .holders = 1};
  answer_init(answer);
  k->octets += size_of(&a->answer);
  k->rows[k->n++] = a;
  return a;
}

struct kept_answer *kept_hold(struct kept_answer *a) {
  a->holders++;
  return a;
}

void kept_release(struct kept_answer *a) {
  if (--a->holders > 0) return;
  answer_release(&a->answer);
  free(a);
}
