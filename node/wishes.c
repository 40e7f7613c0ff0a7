/*
 * wishes: who is a member, who was, and what the members wish, as a list for people. Declared in voter.h.
 */
#include <stdlib.h>
#include <string.h>

#include "node/voter.h"

#define ID_LEN 12 /* hexadecimal digits by which a wish is named */

static json_t *hash_json(const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hash_hex(hash, hex);
  return json_string(hex);
}

/* ---- members ---- */

static json_t *member_json(struct store *s, const struct federation *f, const struct federation_member *m) {
  struct identity twin;
  const struct federation_member *lead = m->member->has_lead ? federation_by_roll(f, m->member->lead_roll) : NULL;
  json_t *out =
      json_pack("{s:s, s:o, s:I, s:s, s:s, s:I, s:b}", "handle", m->member->handle, "node", hash_json(&m->member->node), "roll",
                (json_int_t)m->member->roll, "country", m->member->country, "region", m->member->region, "since",
                (json_int_t)m->since, "own", hash_equal(&m->member->node, &f->own));
  (void)json_object_set_new(out, "lead", lead == NULL ? json_null() : json_string(lead->member->handle));
  if (federation_twin(s, &m->member->node, 0, 0, &twin))
    (void)json_object_set_new(out, "twin", json_integer((json_int_t)twin.version));
  return out;
}

static json_t *former_json(const struct federation_member *m) {
  json_t *cut =
      m->end_size == 0 ? json_null() : json_pack("{s:I, s:I}", "gen", (json_int_t)m->end_gen, "size", (json_int_t)m->end_size);
  return json_pack("{s:s, s:o, s:I, s:s, s:I, s:I, s:o}", "handle", m->member->handle, "node", hash_json(&m->member->node),
                   "roll", (json_int_t)m->member->roll, "country", m->member->country, "since", (json_int_t)m->since, "until",
                   (json_int_t)m->until, "cut", cut);
}

static int by_handle(const void *a, const void *b) {
  const struct federation_member *const *p = a, *const *q = b;
  return strcmp((*p)->member->handle, (*q)->member->handle);
}

static enum err_code put_members(struct store *s, const struct federation *f, json_t *out, struct err *err) {
  const struct federation_member **order = calloc(f->n_members + 1u, sizeof(const struct federation_member *));
  json_t *members = json_array(), *former = json_array();
  if (order == NULL || members == NULL || former == NULL) {
    free(order);
    json_decref(members);
    json_decref(former);
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (uint32_t i = 0; i < f->n_members; i++)
    order[i] = &f->members[i];
  qsort(order, f->n_members, sizeof(const struct federation_member *), by_handle);
  for (uint32_t i = 0; i < f->n_members; i++) {
    if (order[i]->until == 0) {
      (void)json_array_append_new(members, member_json(s, f, order[i]));
    } else {
      (void)json_array_append_new(former, former_json(order[i]));
    }
  }
  free(order);
  (void)json_object_set_new(out, "members", members);
  (void)json_object_set_new(out, "former", former);
  return OK;
}

/* ---- wishes ---- */

static json_t *consents_json(const struct federation *f, const struct wish *w) {
  json_t *out = json_array();
  for (uint32_t i = 0; i < w->n; i++)
    (void)json_array_append_new(out, json_string(federation_handle(f, &w->consents[i].node)));
  return out;
}

/* Whether the consents that it needs are given by root keys. */
static bool is_by_roots(const struct epoch *epoch, const struct act *act) {
  const struct member *m = act->kind == CHANGE_REMOVE ? epoch_by_node(epoch, &act->node) : NULL;
  return act->kind == CHANGE_POLICY || (act->kind == CHANGE_REMOVE && m != NULL && !m->has_lead);
}

/* Who would come or go. */
static void put_subject(const struct federation *f, const struct act *act, json_t *out) {
  const struct federation_member *m = act->kind == CHANGE_REMOVE ? federation_by_node(f, &act->node) : NULL;
  if (act->kind == CHANGE_POLICY) return;
  (void)json_object_set_new(out, "node", hash_json(&act->node));
  (void)json_object_set_new(out, "handle", json_string(m == NULL ? act->handle : m->member->handle));
  (void)json_object_set_new(out, "country", json_string(m == NULL ? act->country : m->member->country));
  if (act->kind == CHANGE_ADMIT && act->region[0] != '\0') (void)json_object_set_new(out, "region", json_string(act->region));
  if (act->kind == CHANGE_REMOVE && act->has_cut)
    (void)json_object_set_new(out, "cut",
                              json_pack("{s:I, s:I}", "gen", (json_int_t)act->cut.gen, "size", (json_int_t)act->cut.size));
}

static json_t *wish_json(const struct federation *f, const struct epoch *epoch, const struct wish *w) {
  static const char *const ACTS[] = {[CHANGE_ADMIT] = "admit", [CHANGE_REMOVE] = "remove", [CHANGE_POLICY] = "policy"};
  const struct act *act = w->act;
  const struct hash hash = hash_sha256(act->octets);
  char hex[HASH_HEX_LEN];
  hash_hex(&hash, hex);
  hex[ID_LEN] = '\0';
  json_t *out = json_pack("{s:s, s:s, s:s, s:I, s:I, s:b, s:b, s:o}", "id", hex, "act", ACTS[act->kind], "by",
                          federation_handle(f, &w->by), "given", (json_int_t)w->given, "needed", (json_int_t)w->needed, "roots",
                          is_by_roots(epoch, act), "ripe", w->ripe, "consents", consents_json(f, w));
  if (out != NULL) put_subject(f, act, out);
  return out;
}

static enum err_code put_wishes(struct store *s, const struct federation *f, json_t *out, struct err *err) {
  struct federation_lookup lookup = {s, f};
  const struct identities ids = federation_identities(&lookup);
  struct ballots *b = NULL;
  json_t *list = json_array();
  enum err_code code = voter_gather(s, f, &ids, &b, err);
  const size_t n = code == OK ? ballots_wishes(b) : 0;
  for (size_t i = 0; i < n && code == OK; i++) {
    struct wish w;
    code = ballots_wish(b, i, &w, err);
    if (code == OK && !w.over) (void)json_array_append_new(list, wish_json(f, &f->epoch, &w));
  }
  (void)json_object_set_new(out, "wishes", list);
  ballots_free(b);
  return code;
}

enum err_code query_members(struct store *s, const struct federation *f, json_t **out, struct err *err) {
  *out = json_pack("{s:I, s:I}", "epoch", (json_int_t)f->epoch.number, "voices", (json_int_t)f->epoch.n_leads);
  enum err_code code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : put_members(s, f, *out, err);
  if (code == OK) code = put_wishes(s, f, *out, err);
  if (code != OK) {
    json_decref(*out);
    *out = NULL;
  }
  return code;
}

/* ---- who has a say ---- */

/* An associate is its lead's affair. */
enum err_code wish_allowed(const struct federation *f, const struct act *act, bool by_roots, struct err *err) {
  const struct federation_member *self = federation_self(f);
  if (self == NULL) {
    return err_set(err, ERR_REFUSED, "this node is no member: it has no say in who is");
  }
  const struct federation_member *lead = act->has_lead ? federation_by_roll(f, act->lead_roll) : NULL;
  if (act->kind == CHANGE_ADMIT && by_roots) {
    (void)err_set(err, ERR_USAGE, "a node's own key consents to who comes in, not its root keys");
    return err_hint(err, "the same without --key and -o");
  }
  if (act->kind == CHANGE_ADMIT && lead != NULL && lead != self) {
    return err_set(err, ERR_REFUSED, "%s is %s's to admit: it would be its associate", act->handle, lead->member->handle);
  }
  const struct member *leaving = act->kind == CHANGE_REMOVE ? epoch_by_node(&f->epoch, &act->node) : NULL;
  if (leaving != NULL && !by_roots && !(leaving->has_lead && leaving->lead_roll == self->member->roll)) {
    (void)err_set(err, ERR_REFUSED, "%s is removed by two thirds of the voices, with their root keys", leaving->handle);
    return err_hint(err, "-o FILE writes it for the machine with the root keys; where they are here: --key SHEET");
  }
  if (act->kind == CHANGE_POLICY && !by_roots) {
    (void)err_set(err, ERR_REFUSED, "a policy is changed by two thirds of the voices, with their root keys");
    return err_hint(err, "-o FILE writes it for the machine with the root keys; where they are here: --key SHEET");
  }
  const bool is_own = act->kind == CHANGE_REMOVE && hash_equal(&act->node, &self->member->node);
  if (lead == NULL && self->member->has_lead && !(by_roots && is_own)) {
    return err_set(err, ERR_REFUSED, "an associate has no voice: its lead has it");
  }
  return act_heeds(act, &f->epoch, &f->own, by_roots) ? OK : err_set(err, ERR_REFUSED, "this node has no say in it");
}

/* ---- one of them, for whoever consents to it ---- */

static bool is_named(const struct federation *f, const struct act *act, const char *name) {
  const struct federation_member *m = act->kind == CHANGE_REMOVE ? federation_by_node(f, &act->node) : NULL;
  const struct hash hash = hash_sha256(act->octets);
  char hex[HASH_HEX_LEN];
  hash_hex(&hash, hex);
  if (strlen(name) >= 4 && strncmp(hex, name, strlen(name)) == 0) return true;
  return act->kind != CHANGE_POLICY && strcmp(m == NULL ? act->handle : m->member->handle, name) == 0;
}

/* Whether a node is among those that consent. */
static bool is_given_by(const struct wish *w, const struct hash *node) {
  for (uint32_t i = 0; i < w->n; i++) {
    if (hash_equal(&w->consents[i].node, node)) return true;
  }
  return false;
}

enum err_code query_wish(struct store *s, const struct federation *f, const char *name, struct bytes *act, bool *consented,
                         struct err *err) {
  struct federation_lookup lookup = {s, f};
  const struct identities ids = federation_identities(&lookup);
  struct ballots *b = NULL;
  uint32_t found = 0;
  enum err_code code = voter_gather(s, f, &ids, &b, err);
  const size_t n = code == OK ? ballots_wishes(b) : 0;
  for (size_t i = 0; i < n && code == OK; i++) {
    struct wish w;
    code = ballots_wish(b, i, &w, err);
    if (code != OK || w.over || !is_named(f, w.act, name)) continue;
    *consented = is_given_by(&w, &f->own);
    if (found++ == 0) code = bytes_append(act, w.act->octets, err);
  }
  ballots_free(b);
  if (code == OK && found != 1) {
    code = found == 0 ? err_set(err, ERR_NOT_FOUND, "%s: nobody proposes that", name)
                      : err_set(err, ERR_REFUSED, "%s: %u proposals", name, found);
    (void)err_hint(err, "specola member list shows them, each with its number");
  }
  return code;
}
