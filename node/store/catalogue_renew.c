/*
 * catalogue_renew: a catalogue out of the last one. The rows of `object` are compared with those that it was made of, so that
 * nothing depends on how they came to change (a version, a withdrawal, a revocation, a body that came or went). Of what
 * changed, the codes are read from the bodies, as derivation reads them; all other codes only move to their new places.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/store/catalogue_inside.h"
#include "node/store/content.h"
#include "node/store/statement.h"

#define CODE_MAX 100                          /* characters of a code; longer ones are left out */
#define ADDED_MAX ((size_t)256 * 1024 * 1024) /* octets of what changed */

/* A code that a changed object has; names are octets of `names`. */
struct added {
  size_t dim, code;
  uint32_t place;
};
struct renewal {
  struct cataloguing d;
  const struct catalogue *last;
  const struct schema_set *set;
  uint32_t *moved;    /* by place in last: the new place, or n: not there, or changed */
  struct bytes fresh; /* the new places of what changed, uint32_t */
  struct bytes added; /* struct added */
  struct bytes names; /* NUL-terminated */
  uint32_t place;     /* of the body in hand */
  enum err_code code;
  struct err *err;
};

/* ---- what changed ---- */

static bool is_same(const struct catalogue_object *a, const struct catalogue_object *b) {
  return a->id == b->id && a->newest == b->newest && a->schema == b->schema && a->endorsed == b->endorsed;
}

static enum err_code compare(struct renewal *r, struct err *err) {
  const struct catalogue *c = r->d.c, *last = r->last;
  enum err_code code = OK;
  r->moved = calloc((size_t)last->n + 1, sizeof *r->moved);
  if (r->moved == NULL) return err_set(err, ERR_MEMORY, NULL);
  for (uint32_t i = 0; i < last->n; i++)
    r->moved[i] = c->n;
  for (uint32_t i = 0, at = 0; i < c->n && code == OK; i++) {
    const uint32_t place = c->by_id[i], before = catalogue_next(last, &at, c->objects[place].id);
    if (before < last->n && is_same(&last->objects[before], &c->objects[place])) {
      r->moved[before] = place;
    } else {
      code = bytes_append(&r->fresh, view_of(&place, sizeof place), err);
    }
  }
  return code;
}

/* ---- the codes of what changed ---- */

static enum err_code keep_name(struct renewal *r, struct view name, size_t *at) {
  *at = r->names.len;
  const enum err_code code = bytes_append(&r->names, name, r->err);
  return code == OK ? bytes_append_u8(&r->names, 0, r->err) : code;
}

static void add(struct renewal *r, const char *dim, struct view code) {
  struct added added = {.place = r->place};
  r->code = keep_name(r, view_of_text(dim), &added.dim);
  if (r->code == OK) r->code = keep_name(r, code, &added.code);
  if (r->code == OK) r->code = bytes_append(&r->added, view_of(&added, sizeof added), r->err);
}

static bool take_code(void *context, const struct body_value *value) {
  struct renewal *r = context;
  struct view code;
  /* As in catalogue_new: past what a tag may have nobody could choose one. */
  if (!content_code(value, &code) || text_prefix(code, CODE_MAX) < code.len) return true;
  add(r, value->field->dim, code);
  return r->code == OK;
}

static enum err_code read_body(struct renewal *r, struct bytes *scratch) {
  const struct catalogue_object *o = &r->d.c->objects[r->place];
  const struct schema *schema = schema_by_number(r->set, o->schema);
  struct body_slots slots;
  struct item item;
  if (schema == NULL) return OK;
  const enum err_code code = entry_get(r->d.s, o->newest, scratch, &item, r->err);
  if (code == ERR_CORRUPT) { /* it comes when it is whole again */
    err_clear(r->err);
    return OK;
  }
  if (code != OK) return code;
  if (slots_take(schema, item.body, &slots, NULL) == OK) slots_walk(&slots, take_code, r);
  return r->code;
}

static int compare_added(const void *a, const void *b, void *context) {
  const char *names = context;
  const struct added *x = a, *y = b;
  int order = strcmp(names + x->dim, names + y->dim);
  if (order == 0) order = strcmp(names + x->code, names + y->code);
  return order != 0 ? order : (x->place > y->place) - (x->place < y->place);
}

static enum err_code read_bodies(struct renewal *r) {
  const uint32_t *fresh = (const uint32_t *)(const void *)r->fresh.p;
  struct bytes scratch;
  bytes_init(&scratch, LIMIT_ITEM);
  for (size_t i = 0; i < r->fresh.len / sizeof *fresh && r->code == OK; i++) {
    r->place = fresh[i];
    add(r, ENDORSED_DIM, view_of_text(endorsed_name(r->d.c->objects[r->place].endorsed)));
    if (r->code == OK) r->code = read_body(r, &scratch);
  }
  bytes_release(&scratch);
  if (r->added.len > 0) {
    qsort_r(r->added.p, r->added.len / sizeof(struct added), sizeof(struct added), compare_added, r->names.p);
  }
  return r->code;
}

/* ---- both together ---- */

/* Takes the added ones of a code from *i on: their places, each once. */
static enum err_code put_added(struct renewal *r, const char *dim, const char *code, size_t *i) {
  const struct added *all = (const struct added *)(const void *)r->added.p;
  const char *names = (const char *)r->names.p;
  enum err_code result = OK;
  uint32_t before = UINT32_MAX;
  for (; *i < r->added.len / sizeof *all && result == OK; ++*i) {
    if (strcmp(names + all[*i].dim, dim) != 0 || strcmp(names + all[*i].code, code) != 0) break;
    if (all[*i].place != before) result = cataloguing_place(&r->d, all[*i].place, r->err);
    before = all[*i].place;
  }
  return result;
}

static enum err_code put_code(struct renewal *r, const struct catalogue_code *last, size_t *i) {
  const struct added *next = (const struct added *)(const void *)r->added.p + *i;
  const char *names = (const char *)r->names.p;
  const char *dim = last == NULL ? names + next->dim : last->dim, *code = last == NULL ? names + next->code : last->code;
  enum err_code result = cataloguing_code(&r->d, view_of_text(dim), view_of_text(code), r->err);
  for (uint32_t k = 0; last != NULL && k < last->n && result == OK; k++) {
    const uint32_t place = r->moved[last->places[k]];
    if (place < r->d.c->n) result = cataloguing_place(&r->d, place, r->err);
  }
  if (result == OK) result = put_added(r, dim, code, i);
  if (result == OK) cataloguing_end(&r->d);
  return result;
}

static enum err_code merge(struct renewal *r) {
  const struct catalogue *last = r->last;
  const size_t n = r->added.len / sizeof(struct added);
  enum err_code code = OK;
  size_t i = 0;
  for (uint32_t k = 0; (k < last->n_codes || i < n) && code == OK;) {
    const struct catalogue_code *old = k < last->n_codes ? &last->codes[k] : NULL;
    if (old != NULL && i < n) {
      const struct added *next = (const struct added *)(const void *)r->added.p + i;
      const char *names = (const char *)r->names.p;
      int order = strcmp(names + next->dim, old->dim);
      if (order == 0) order = strcmp(names + next->code, old->code);
      if (order < 0) old = NULL;
    }
    k += old != NULL;
    code = put_code(r, old, &i);
  }
  return code;
}

/* True in *anew if too much changed, or another program derived. */
static enum err_code renew(struct renewal *r, bool *anew) {
  enum err_code code = cataloguing_read(&r->d, r->last, r->err);
  *anew = code == OK && !hash_equal(&r->d.c->schemas, &r->last->schemas);
  if (code == OK && !*anew) code = cataloguing_sort(&r->d, r->err);
  if (code == OK && !*anew) code = compare(r, r->err);
  *anew = *anew || (code == OK && r->fresh.len / sizeof(uint32_t) > CATALOGUE_ANEW(r->d.c->n));
  if (code == OK && !*anew) code = read_bodies(r);
  return code == OK && !*anew ? merge(r) : code;
}

enum err_code catalogue_renew(struct store *s, const struct schema_set *set, const struct catalogue *last,
                              struct catalogue **out, struct err *err) {
  struct renewal r = {.last = last, .set = set, .code = OK, .err = err};
  bool anew = false;
  bytes_init(&r.fresh, ADDED_MAX);
  bytes_init(&r.added, ADDED_MAX);
  bytes_init(&r.names, ADDED_MAX);
  enum err_code code = cataloguing_new(s, &r.d, err);
  if (code == OK) code = store_read_begin(s, err);
  if (code == OK) {
    code = renew(&r, &anew);
    store_read_end(s);
  }
  if (code == OK && !anew) code = cataloguing_finish(&r.d, out, err);
  cataloguing_release(&r.d);
  free(r.moved);
  bytes_release(&r.fresh);
  bytes_release(&r.added);
  bytes_release(&r.names);
  return code == OK && anew ? catalogue_new(s, out, err) : code;
}
