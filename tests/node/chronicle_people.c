/*
 * chronicle_people: what people and nodes write that is nobody's vote: certificates, revocations, cases, endorsements,
 * nonsense. See chronicle.h.
 */
#include <string.h>

#include "tests/node/chronicle.h"

static uint64_t below(const struct chronicle *c, uint64_t n) {
  return chronicle_below(c, n);
}

static bool one_in(const struct chronicle *c, uint64_t n) {
  return chronicle_one_in(c, n);
}

static void know(struct chronicle_list *list, struct chronicle_record row) {
  if (list->n < CHRONICLE_KNOWN) list->rows[list->n++] = row;
}

static const struct chronicle_record *any_of(const struct chronicle *c, const struct chronicle_list *list) {
  return list->n == 0 ? NULL : &list->rows[below(c, list->n)];
}

static const struct signer *person(const struct chronicle *c) {
  return &c->people[below(c, CHRONICLE_PEOPLE)];
}

/* Now and then a record is written for another's log. */
static uint32_t home_of(const struct chronicle *c, uint32_t a) {
  return one_in(c, 40) ? (uint32_t)below(c, CHRONICLE_LOGS) : a;
}

static const struct signer *node_or_person(const struct chronicle *c, uint32_t a) {
  return one_in(c, 20) ? person(c) : chronicle_key(c, a);
}

static void new_certificate(struct chronicle *c, uint32_t a) {
  static const uint8_t body[] = {0x81, 0xa4, 'n', 'a', 'm', 'e', 0xa1, 'X'};
  static const uint64_t roles[] = {4, 4, 6, 6, 6, 12, 2, 8, 1, 16, 31, 7};
  const struct signer *who = person(c);
  const struct chronicle_record *before = one_in(c, 5) ? any_of(c, &c->certificates) : NULL;
  struct header header = {.kind = KIND_CERT, .has_subject = true, .n_args = 3};
  header.args[0] = one_in(c, 50) ? 0 : 1 + below(c, 4);
  header.args[1] = one_in(c, 50) ? 32 : roles[below(c, sizeof roles / sizeof roles[0])];
  header.args[2] = one_in(c, 3) ? 1 + below(c, 1000) : 0;
  memcpy(header.subject.b, who->pub.b, sizeof header.subject.b);
  if (before != NULL) {
    header.n_refs = 1;
    header.refs[0] = before->id;
  }
  const struct hash id = chronicle_write(c, a, home_of(c, a), node_or_person(c, a), header,
                                         one_in(c, 60) ? view_of(NULL, 0) : view_of(body, sizeof body));
  know(&c->certificates, (struct chronicle_record){.id = id, .home = a, .author = who});
}

static void new_revocation(struct chronicle *c, uint32_t a) {
  const struct signer *who = person(c), *author = one_in(c, 3) ? who : node_or_person(c, a);
  struct header header = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2};
  header.args[0] = one_in(c, 30) ? 0 : 1 + below(c, c->has_next[a] ? 2 : 1);
  header.args[1] = below(c, chronicle_log(c, a)->n + 4);
  memcpy(header.subject.b, who->pub.b, sizeof header.subject.b);
  (void)chronicle_write(c, a, author == who && one_in(c, 4) ? (uint32_t)below(c, CHRONICLE_LOGS) : home_of(c, a), author,
                        header, view_of(NULL, 0));
}

static const struct signer *author_like(const struct chronicle *c, const struct chronicle_record *before) {
  return before != NULL && !one_in(c, 3) ? before->author : person(c);
}

/* Mostly somebody whom that node certified. */
static const struct signer *certified(const struct chronicle *c, uint32_t a) {
  for (int i = 0; i < 20 && !one_in(c, 20); i++) {
    const struct chronicle_record *one = any_of(c, &c->certificates);
    if (one != NULL && one->home == a) return one->author;
  }
  return person(c);
}

static void new_version(struct chronicle *c, uint32_t a) {
  static const uint64_t schemas[] = {1, 1, 1, 1, 1, 2, 4, 5, 6, 8, 13, 13, 18, 19, 1024, 500};
  const struct chronicle_record *before = one_in(c, 2) ? any_of(c, &c->versions) : NULL;
  const struct signer *author = one_in(c, 12) ? chronicle_key(c, a) : before == NULL ? certified(c, a) : author_like(c, before);
  struct header header = {.kind = KIND_VERSION, .n_args = 2};
  struct bytes body;
  header.args[0] = before != NULL && !one_in(c, 15) ? before->schema : schemas[below(c, sizeof schemas / sizeof schemas[0])];
  header.args[1] = one_in(c, 40) ? 2 : below(c, 2);
  if (before != NULL) {
    header.has_subject = true;
    header.subject = before->object;
    header.n_refs = one_in(c, 40) ? 0 : 1;
    header.refs[0] = before->id;
  }
  const uint32_t in = before != NULL && !one_in(c, 6) ? before->home : a;
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(c->f, below(c, 1000), &body);
  const struct hash id = chronicle_write(c, in, home_of(c, in), author, header, bytes_view(&body));
  know(&c->versions,
       (struct chronicle_record){
           .id = id, .object = before == NULL ? id : before->object, .home = in, .schema = header.args[0], .author = author});
  bytes_release(&body);
}

static void withdrawal_of_object(struct chronicle *c, uint32_t a) {
  (void)a;
  const struct chronicle_record *v = any_of(c, &c->versions);
  struct header header = {.kind = KIND_WITHDRAW, .has_subject = true, .n_refs = 1};
  if (v == NULL) return;
  header.subject = one_in(c, 10) ? v->id : v->object;
  header.refs[0] = v->id;
  (void)chronicle_write(c, v->home, home_of(c, v->home), author_like(c, v), header, view_of(NULL, 0));
}

/* Mostly of the first few: many signatures of one statement are what is to be weighed. */
static const struct chronicle_record *version_to_sign(const struct chronicle *c) {
  const uint32_t some = c->versions.n < 5 ? c->versions.n : 5;
  return some == 0 ? NULL : one_in(c, 3) ? any_of(c, &c->versions) : &c->versions.rows[below(c, some)];
}

static void new_signature(struct chronicle *c, uint32_t a) {
  const struct chronicle_record *v = version_to_sign(c), *other = any_of(c, &c->versions);
  struct header header = {.kind = KIND_ENDORSE, .has_subject = true, .n_refs = 2};
  if (v == NULL) return;
  header.subject = v->id;
  header.refs[0] = one_in(c, 12) ? other->object : v->object;
  header.refs[1] = one_in(c, 12) ? v->id : c->policy;
  if (one_in(c, 60)) header.n_refs = 1;
  const struct signer *author = certified(c, a);
  const struct hash id = chronicle_write(c, a, home_of(c, a), author, header, view_of(NULL, 0));
  know(&c->signatures, (struct chronicle_record){.id = id, .home = a, .author = author});
}

static void new_withdrawal(struct chronicle *c, uint32_t a) {
  const struct chronicle_record *s = any_of(c, &c->signatures);
  struct header header = {.kind = KIND_ENDORSE_WITHDRAW, .has_subject = true};
  if (s == NULL) return;
  const uint32_t in = one_in(c, 2) ? s->home : a;
  header.subject = s->id;
  (void)chronicle_write(c, in, one_in(c, 6) ? in : s->home, author_like(c, s), header, view_of(NULL, 0));
}

/* What no honest tool writes. One that freezes is rare: all above it is held for that alone. */
static void new_nonsense(struct chronicle *c, uint32_t a) {
  static const uint8_t octets[] = {0x92, 0xc4, 0x01, 0x00, 0xc4, 0x01, 0x00};
  struct own_log *log = chronicle_log(c, a);
  if (log->n >= CHRONICLE_ROOM) return;
  switch (one_in(c, 25) ? 5 : below(c, 5)) {
  case 0:
    add_octets(log, view_of(octets, 1 + below(c, sizeof octets)));
    break;
  case 1:
    add_header(log, person(c), 2, 16 + below(c, 40), 1);
    break;
  case 2:
    add_header(log, person(c), 1, 100 + below(c, 40), 1);
    break;
  case 3:
    add_header(log, person(c), 1, 16, 2);
    break;
  case 4:
    add_header(log, person(c), one_in(c, 3) ? 2 : 1, 18, 1);
    break;
  default:
    add_header(log, person(c), one_in(c, 3) ? 2 : 1, 9, 1);
    c->is_mute[a] = true;
    break;
  }
}

/* ---- one of them ---- */

void chronicle_people_begin(struct chronicle *c, uint32_t a) {
  for (int i = 0; i < 6; i++)
    new_certificate(c, a);
  for (int i = 0; i < 2; i++)
    new_version(c, a);
}

void chronicle_people(struct chronicle *c, uint32_t a) {
  static const struct {
    unsigned weight;
    void (*write)(struct chronicle *c, uint32_t a);
  } kinds[] = {{5, new_certificate}, {2, new_revocation}, {6, new_version}, {1, withdrawal_of_object},
               {20, new_signature},  {4, new_withdrawal}, {1, new_nonsense}};
  uint64_t at = below(c, 39);
  size_t what = 0;
  for (; at >= kinds[what].weight; what++)
    at -= kinds[what].weight;
  kinds[what].write(c, a);
}
