/*
 * charter: the founding document, its signatures, and the union of its copies (docs/protocol.md 6.3).
 *
 * A charter is always made by reading octets: charter_new writes a body and then takes it in by the same door as
 * charter_decode, so a struct charter in hand has passed every rule. Prototypes stand in membership.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/canon.h"
#include "protocol/founder.h"
#include "protocol/membership.h"

#define CHARTER_FORM 1    /* the first field of a charter body */
#define CODE_MAX 64       /* octets of a criterion's code */
#define SENTENCE_MAX 2000 /* characters of a policy's sentence, per language */
#define DEFAULT_NEED 3    /* signatures, countries and nodes that the default policy asks for */
#define SIGNATURES_PER_FOUNDER LIMIT_ROOTS

void charter_release(struct charter *c) {
  bytes_release(&c->body);
  free(c->founders);
  free(c->signatures);
  *c = (struct charter){.founders = NULL};
}

/* ---- rules between founders ---- */

static bool curve_clashes(const struct identity *a, const uint8_t key[32]) {
  return memcmp(a->curve, key, 32) == 0 || (a->has_curve_next && memcmp(a->curve_next, key, 32) == 0);
}

/* What two founders must not share; NULL if they share nothing. */
static const char *shared(const struct founder *a, const struct founder *b) {
  if (hash_equal(&a->node, &b->node)) return "identity";
  if (strcmp(a->handle, b->handle) == 0) return "handle";
  if (pubkey_equal(&a->identity.node_key, &b->identity.node_key)) return "node key";
  if (curve_clashes(&a->identity, b->identity.curve)) return "transport key";
  if (b->identity.has_curve_next && curve_clashes(&a->identity, b->identity.curve_next)) return "transport key";
  return NULL;
}

static const struct founder *by_handle(const struct founder *founders, uint32_t n, const char *handle) {
  for (uint32_t i = 0; i < n; i++) {
    if (strcmp(founders[i].handle, handle) == 0) return &founders[i];
  }
  return NULL;
}

static enum err_code check_lead(const struct founder *f, const struct founder *founders, uint32_t n, enum err_code code,
                                struct err *err) {
  if (f->lead[0] == '\0') return OK;
  const struct founder *lead = by_handle(founders, n, f->lead);
  if (lead == NULL) return err_set(err, code, "charter: %s names %s as its lead, which is no founder", f->handle, f->lead);
  if (lead->lead[0] != '\0') return err_set(err, code, "charter: %s, the lead of %s, has a lead itself", f->lead, f->handle);
  if (strcmp(lead->country, f->country) == 0) return OK;
  return err_set(err, code, "charter: %s and its lead %s are of different countries", f->handle, f->lead);
}

/* The rules of 6.3 between founders, who are sorted by node id. code is what a breach returns. */
static enum err_code check_founders(const struct founder *founders, uint32_t n, enum err_code code, struct err *err) {
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = 0; k < i; k++) {
      const char *what = shared(&founders[k], &founders[i]);
      if (what != NULL) {
        return err_set(err, code, "charter: %s and %s have the same %s", founders[k].handle, founders[i].handle, what);
      }
    }
    enum err_code found = check_lead(&founders[i], founders, n, code, err);
    if (found != OK) return found;
  }
  return OK;
}

/* ---- reading a body ---- */

void policy_pass(struct canon_reader *r) {
  canon_array_exact(r, 8);
  (void)ml_read(r, SENTENCE_MAX, NULL);
  uint32_t n = canon_array(r, LIMIT_LIST);
  for (uint32_t i = 0; i < n; i++) {
    if (canon_str(r, CODE_MAX).len == 0) canon_fail(r, "an empty code");
  }
  for (int i = 0; i < 5; i++)
    (void)canon_uint(r);
  (void)canon_bool(r);
}

static enum err_code founders_read(struct canon_reader *r, struct charter *c, struct err *err) {
  c->n_founders = canon_array(r, LIMIT_MEMBERS);
  if (c->n_founders == 0) {
    canon_fail(r, "a charter without founders");
    return OK;
  }
  c->founders = calloc(c->n_founders, sizeof *c->founders);
  if (c->founders == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < c->n_founders && r->fault == NULL; i++) {
    canon_array_exact(r, 5);
    founder_read(r, &c->founders[i]);
    if (i > 0 && r->fault == NULL && hash_compare(&c->founders[i - 1].node, &c->founders[i].node) >= 0) {
      canon_fail(r, "founders out of order");
    }
  }
  return OK;
}

/* Fills c from c->body. On error c is to be released. */
static enum err_code body_read(struct charter *c, struct err *err) {
  struct canon_reader r = canon_reader(bytes_view(&c->body));
  canon_array_exact(&r, 5);
  if (canon_uint(&r) != CHARTER_FORM) canon_fail(&r, "another form of charter");
  (void)ml_read(&r, LIMIT_NAME, NULL);
  enum err_code code = founders_read(&r, c, err);
  if (code != OK) return code;
  uint32_t n_policies = canon_array(&r, LIMIT_POLICIES);
  for (uint32_t i = 0; i < n_policies; i++)
    policy_pass(&r);
  canon_nil(&r); /* predecessor */
  code = canon_finish(&r, "charter", err);
  if (code == OK) code = check_founders(c->founders, c->n_founders, ERR_FORMAT, err);
  if (code != OK) return code;
  c->fed_id = hash_of(HASH_CHARTER, bytes_view(&c->body), view_of(NULL, 0));
  return OK;
}

/* A reader that stands behind the form of a body that has been read before. */
static struct canon_reader body_reader(const struct charter *c) {
  struct canon_reader r = canon_reader(bytes_view(&c->body));
  canon_array_exact(&r, 5);
  (void)canon_uint(&r);
  return r;
}

struct view charter_name(const struct charter *c, const char *lang) {
  struct canon_reader r = body_reader(c);
  return ml_read(&r, LIMIT_NAME, lang);
}

uint32_t charter_policies(const struct charter *c, struct view out[LIMIT_POLICIES]) {
  struct canon_reader r = body_reader(c);
  (void)canon_skip(&r); /* name */
  (void)canon_skip(&r); /* founders */
  uint32_t n = canon_array(&r, LIMIT_POLICIES);
  for (uint32_t i = 0; i < n; i++)
    out[i] = canon_skip(&r);
  return n;
}

/* ---- a new charter ---- */

static void default_policy_write(struct canon_writer *w, uint32_t n_leads) {
  static const char *const CRITERIA[] = {"public_sector_led", "novel",    "implemented", "impact",
                                         "plain_language",    "complete", "replicable"};
  uint32_t n_criteria = sizeof CRITERIA / sizeof *CRITERIA;
  uint64_t need = n_leads >= DEFAULT_NEED + 1 ? DEFAULT_NEED : n_leads > 1 ? n_leads - 1 : 1;
  canon_put_array(w, 8);
  canon_put_map(w, 2);
  canon_put_text(w, "en");
  canon_put_text(w, "We have read this case and affirm what is named here of it.");
  canon_put_text(w, "it");
  canon_put_text(w, "Abbiamo letto questo caso e ne affermiamo quanto qui indicato.");
  canon_put_array(w, n_criteria);
  for (uint32_t i = 0; i < n_criteria; i++)
    canon_put_text(w, CRITERIA[i]);
  canon_put_uint(w, need); /* m */
  canon_put_uint(w, need); /* min_countries */
  canon_put_uint(w, need); /* min_nodes */
  canon_put_uint(w, 1);    /* max_per_node */
  canon_put_uint(w, 1);    /* max_per_country */
  canon_put_bool(w, true); /* exclude_home */
}

static enum err_code body_write(const char *name, const char *lang, const struct founder *founders, uint32_t n,
                                struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  uint32_t n_leads = 0;
  canon_put_array(&w, 5);
  canon_put_uint(&w, CHARTER_FORM);
  canon_put_map(&w, 1);
  canon_put_text(&w, lang);
  canon_put_text(&w, name);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++) {
    canon_put_array(&w, 5);
    founder_write(&w, &founders[i]);
    n_leads += founders[i].lead[0] == '\0';
  }
  canon_put_array(&w, 1);
  default_policy_write(&w, n_leads);
  canon_put_nil(&w);
  return canon_written(&w, "charter", err);
}

static int compare_founders(const void *a, const void *b) {
  return hash_compare(&((const struct founder *)a)->node, &((const struct founder *)b)->node);
}

/* Sorted copies (the caller frees them), each checked by itself and against the others. NULL, with *failed, if one is refused.
 */
static struct founder *founders_prepare(const struct founder *founders, uint32_t n, enum err_code *failed, struct err *err) {
  struct founder *copies = calloc(n, sizeof *copies);
  enum err_code code = OK;
  if (copies == NULL) {
    *failed = err_set(err, ERR_MEMORY, NULL);
    return NULL;
  }
  for (uint32_t i = 0; i < n && code == OK; i++) {
    copies[i] = founders[i];
    copies[i].node = identity_hash(founders[i].identity_body);
    code = identity_decode(founders[i].identity_body, &copies[i].identity, err);
    const char *fault = code == OK ? founder_fault(&copies[i]) : NULL;
    if (fault != NULL) code = err_set(err, ERR_REFUSED, "charter: founder %u: %s", i + 1, fault);
  }
  if (code == OK) {
    qsort(copies, n, sizeof *copies, compare_founders);
    code = check_founders(copies, n, ERR_REFUSED, err);
  }
  if (code == OK) return copies;
  free(copies);
  *failed = code;
  return NULL;
}

enum err_code charter_new(const char *name, const char *lang, const struct founder *founders, uint32_t n, struct charter *out,
                          struct err *err) {
  if (n == 0) return err_set(err, ERR_REFUSED, "charter: a founding needs at least one founder");
  if (n > LIMIT_MEMBERS) return err_set(err, ERR_LIMIT, "charter: %u founders, at most %u", n, LIMIT_MEMBERS);
  if (text_length(view_of_text(name)) > LIMIT_NAME) {
    return err_set(err, ERR_LIMIT, "charter: the name is longer than %u characters", LIMIT_NAME);
  }
  struct charter c = {.founders = NULL};
  enum err_code code = OK;
  bytes_init(&c.body, LIMIT_CHARTER);
  struct founder *sorted = founders_prepare(founders, n, &code, err);
  if (sorted != NULL) code = body_write(name, lang, sorted, n, &c.body, err);
  if (code == OK) code = body_read(&c, err);
  free(sorted);
  if (code != OK) {
    charter_release(&c);
    return code;
  }
  *out = c;
  return OK;
}

/* ---- signatures ---- */

static int compare_places(const struct charter_signature *a, const struct charter_signature *b) {
  if (a->founder != b->founder) return a->founder < b->founder ? -1 : 1;
  return (a->root > b->root) - (a->root < b->root);
}

/* Of two good pairs for one root key, the one with the smaller octets stays, so that every order of merging ends alike. */
static int compare_pairs(const struct charter_signature *a, const struct charter_signature *b) {
  int order = memcmp(a->charter.b, b->charter.b, SIGNATURE_LEN);
  return order != 0 ? order : memcmp(a->identity.b, b->identity.b, SIGNATURE_LEN);
}

static enum err_code signature_add(struct charter *c, const struct charter_signature *s, uint32_t *n_added, struct err *err) {
  uint32_t low = 0;
  uint32_t high = c->n_signatures;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (compare_places(&c->signatures[middle], s) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  if (low < c->n_signatures && compare_places(&c->signatures[low], s) == 0) {
    if (compare_pairs(s, &c->signatures[low]) < 0) c->signatures[low] = *s;
    return OK;
  }
  struct charter_signature *grown = realloc(c->signatures, (c->n_signatures + (size_t)1) * sizeof *grown);
  if (grown == NULL) return err_set(err, ERR_MEMORY, NULL);
  memmove(grown + low + 1, grown + low, (c->n_signatures - low) * sizeof *grown);
  grown[low] = *s;
  c->signatures = grown;
  c->n_signatures++;
  (*n_added)++;
  return OK;
}

static enum err_code signature_check(const struct charter *c, const struct charter_signature *s, struct err *err) {
  if (s->founder >= c->n_founders || s->root >= c->founders[s->founder].identity.n_roots) {
    return err_set(err, ERR_FORMAT, "charter: a signature by founder %u, root key %u, which is not there", s->founder, s->root);
  }
  const struct founder *f = &c->founders[s->founder];
  const struct pubkey *root = &f->identity.roots[s->root];
  bool good = sign_verify(root, SIGN_CHARTER, &c->fed_id, hash_view(&c->fed_id), &s->charter);
  if (!good || !sign_verify(root, SIGN_IDENTITY, &c->fed_id, hash_view(&f->node), &s->identity)) {
    return err_set(err, ERR_SIGNATURE, "charter: the %s signature of root key %u of %s does not verify",
                   good ? "identity" : "charter", s->root, f->handle);
  }
  return OK;
}

enum err_code charter_sign(struct charter *c, const struct signer *roots, size_t n, uint32_t *n_added, struct err *err) {
  bool found = false;
  *n_added = 0;
  for (uint32_t i = 0; i < c->n_founders; i++) {
    const struct founder *f = &c->founders[i];
    for (size_t k = 0; k < f->identity.n_roots * n; k++) {
      const struct signer *signer = &roots[k % n];
      struct charter_signature s = {.founder = i, .root = (uint32_t)(k / n)};
      if (!pubkey_equal(&signer->pub, &f->identity.roots[s.root])) continue;
      found = true;
      s.charter = sign_tagged(signer, SIGN_CHARTER, &c->fed_id, hash_view(&c->fed_id));
      s.identity = sign_tagged(signer, SIGN_IDENTITY, &c->fed_id, hash_view(&f->node));
      enum err_code code = signature_add(c, &s, n_added, err);
      if (code != OK) return code;
    }
  }
  if (found) return OK;
  return err_set(err, ERR_NOT_FOUND, "charter: none of these root keys belongs to a founder");
}

enum err_code charter_merge(struct charter *c, const struct charter *other, struct err *err) {
  uint32_t n_added = 0;
  if (!hash_equal(&c->fed_id, &other->fed_id)) {
    return err_set(err, ERR_MISMATCH, "charter: these are two different charters, not two copies of one");
  }
  for (uint32_t i = 0; i < other->n_signatures; i++) {
    enum err_code code = signature_add(c, &other->signatures[i], &n_added, err);
    if (code != OK) return code;
  }
  return OK;
}

static uint32_t count_signatures(const struct charter *c, uint32_t founder) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < c->n_signatures; i++)
    n += c->signatures[i].founder == founder;
  return n;
}

enum err_code charter_complete(const struct charter *c, struct err *err) {
  char missing[ERR_MESSAGE_MAX / 2];
  size_t used = 0;
  uint32_t n_missing = 0;
  missing[0] = '\0';
  for (uint32_t i = 0; i < c->n_founders; i++) {
    uint32_t n = count_signatures(c, i);
    uint32_t threshold = c->founders[i].identity.threshold;
    if (n >= threshold) continue;
    n_missing++;
    if (sizeof missing - used < 32) continue;
    int written = snprintf(missing + used, sizeof missing - used, "%s%s (%u of %u)", used > 0 ? ", " : "",
                           c->founders[i].handle, n, threshold);
    used += written > 0 ? (size_t)written : 0;
  }
  if (n_missing == 0) return OK;
  (void)err_set(err, ERR_INCOMPLETE, "charter: %u of %u founders have not signed: %s", n_missing, c->n_founders, missing);
  (void)err_hint(err, "each signs where its root key is: specola root sign FILE");
  return ERR_INCOMPLETE;
}

void charter_identity_item(const struct charter *c, uint32_t i, struct identity_item *out) {
  memset(out, 0, sizeof *out);
  out->body = c->founders[i].identity_body;
  for (uint32_t k = 0; k < c->n_signatures; k++) {
    const struct charter_signature *s = &c->signatures[k];
    if (s->founder != i) continue;
    out->signatures[out->n++] = (struct root_signature){.index = s->root, .signature = s->identity};
  }
}

/* ---- the item ---- */

enum err_code charter_encode(const struct charter *c, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2);
  canon_put_bin(&w, bytes_view(&c->body));
  canon_put_array(&w, c->n_signatures);
  for (uint32_t i = 0; i < c->n_signatures; i++) {
    const struct charter_signature *s = &c->signatures[i];
    canon_put_array(&w, 4);
    canon_put_uint(&w, s->founder);
    canon_put_uint(&w, s->root);
    canon_put_signature(&w, &s->charter);
    canon_put_signature(&w, &s->identity);
  }
  enum err_code code = canon_written(&w, "charter", err);
  if (code != OK) out->len = before;
  return code;
}

/* Reads the signatures in their form and order; nothing is verified yet. */
static enum err_code signatures_read(struct canon_reader *r, struct charter *c, struct err *err) {
  uint32_t n = canon_array(r, LIMIT_MEMBERS * SIGNATURES_PER_FOUNDER);
  if (n == 0) return OK;
  c->signatures = calloc(n, sizeof *c->signatures);
  if (c->signatures == NULL) return err_set(err, ERR_MEMORY, NULL);
  c->n_signatures = n;
  for (uint32_t i = 0; i < n && r->fault == NULL; i++) {
    struct charter_signature *s = &c->signatures[i];
    canon_array_exact(r, 4);
    s->founder = (uint32_t)canon_uint_max(r, LIMIT_MEMBERS - 1);
    s->root = (uint32_t)canon_uint_max(r, LIMIT_ROOTS - 1);
    canon_signature(r, &s->charter);
    canon_signature(r, &s->identity);
    if (i > 0 && compare_places(s - 1, s) >= 0) canon_fail(r, "signatures out of order");
  }
  return OK;
}

enum err_code charter_decode(struct view item, struct charter *out, struct err *err) {
  struct charter c = {.founders = NULL};
  struct canon_reader r = canon_reader(item);
  bytes_init(&c.body, LIMIT_CHARTER);
  canon_array_exact(&r, 2);
  struct view body = canon_bin(&r, LIMIT_CHARTER);
  enum err_code code = signatures_read(&r, &c, err);
  if (code == OK) code = canon_finish(&r, "charter item", err);
  if (code == OK) code = bytes_append(&c.body, body, err);
  if (code == OK) code = body_read(&c, err);
  for (uint32_t i = 0; i < c.n_signatures && code == OK; i++)
    code = signature_check(&c, &c.signatures[i], err);
  if (code != OK) {
    charter_release(&c);
    return code;
  }
  *out = c;
  return OK;
}
