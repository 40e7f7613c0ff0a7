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

void kept_free(struct kept *k) {
  if (k == NULL) return;
  kept_clear(k);
  free(k);
}

static size_t size_of(const struct answer *a) {
  return sizeof(struct kept_answer) + a->body.capacity;
}

static void drop(struct kept *k, size_t i) {
  k->octets -= size_of(&k->rows[i]->answer);
  kept_release(k->rows[i]);
  k->rows[i] = k->rows[--k->n];
}

void kept_clear(struct kept *k) {
  while (k->n > 0)
    drop(k, k->n - 1);
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

struct kept_answer *kept_find(struct kept *k, const struct hash *question) {
  k->asked++;
  for (size_t i = 0; i < k->n; i++) {
    struct kept_answer *a = k->rows[i];
    if (memcmp(&a->question, question, sizeof *question) != 0) continue;
    a->asked = k->asked;
    return a;
  }
  return NULL;
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
