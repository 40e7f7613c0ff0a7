/*
 * content: an object's newest body in the derived tables. One walk over the body feeds them all. See content.h.
 */
#include "node/store/content.h"

#include "node/store/facet.h"
#include "node/store/link.h"
#include "node/store/statement.h"
#include "node/store/unique.h"
#include "protocol/canon.h"
#include "protocol/schema/needs.h"

enum err_code content_init(struct content *c, struct store *s, const struct schema_set *set, struct err *err) {
  *c = (struct content){.s = s, .set = set};
  texts_init(&c->texts);
  return wides_new(set, &c->wides, err);
}

void content_release(struct content *c) {
  wides_release(&c->wides);
  texts_release(&c->texts);
}

/* ---- full text ---- */

static enum err_code fulltext(struct content *c, const char *sql, int64_t object, struct err *err) {
  sqlite3_stmt *st = NULL;
  const enum err_code code = statement_get(c->s, sql, &st, err);
  if (code != OK) {
    return code;
  }
  statement_bind_int(st, 1, object);
  statement_bind_text(st, 2, bytes_view(&c->texts.title));
  statement_bind_text(st, 3, bytes_view(&c->texts.text));
  return statement_run(c->s, st, "full text", err);
}

/* ---- the walk ---- */

struct walk {
  struct content *c;
  const struct wide *wide;
  int64_t object;
  struct facets facets;
  bool add;
  enum err_code code;
  struct err *err;
};

bool content_code(const struct body_value *value, struct view *code) {
  static const uint8_t yes[] = "yes";
  static const uint8_t no[] = "no";
  if (value->field == NULL || value->field->dim[0] == 0 || value->type == CANON_BIN) {
    return false;
  }
  *code = value->value;
  if (value->type == CANON_BOOL) {
    *code = code->len == 1 && code->p[0] != 0 ? view_of(yes, 3) : view_of(no, 2);
  }
  return true;
}

static enum err_code put_facet(struct walk *w, const struct body_value *value, struct view code) {
  return w->add ? facet_put(w->c->s, &w->facets, value->field->dim, code, w->err)
                : facet_erase(w->c->s, value->field->dim, code, w->object, w->err);
}

static bool take(void *context, const struct body_value *value) {
  struct walk *w = context;
  const struct field *field = value->field;
  if (field == NULL) {
    return true;
  }
  w->code = texts_take(&w->c->texts, w->wide->schema, value, w->err);
  struct view code;
  if (w->code == OK && content_code(value, &code)) {
    w->code = put_facet(w, value, code);
  }
  if (w->code == OK && w->add && field->type == FIELD_REF && value->type == CANON_BIN) {
    w->code = link_put(w->c->s, w->object, field->key, value->value, w->err);
  }
  if (w->add) {
    wide_bind(w->wide, value);
  }
  return w->code == OK;
}

static enum err_code walk_known(struct walk *w, const struct body_slots *slots, struct err *err) {
  const struct wide *wide = w->wide;
  struct view title;
  if (w->add) {
    statement_bind_int(wide->insert, 1, w->object);
    if (slots_text(slots, wide->schema->title, "", &title, NULL)) {
      statement_bind_text(wide->insert, 2, title);
    }
  }
  slots_walk(slots, take, w);
  if (w->code != OK) {
    statement_done(wide->insert);
    return w->code;
  }
  const enum err_code code = w->add ? statement_run(w->c->s, wide->insert, wide->name, err) : OK;
  return code == OK ? facet_flush(w->c->s, &w->facets, err) : code;
}

static enum err_code change_unique(struct walk *w, const struct body_slots *slots, struct err *err) {
  int64_t key = 0;
  int64_t first = 0;
  if (slots->schema->n_unique == 0) {
    return OK;
  }
  const enum err_code code = log_first(w->c->s, entry_log_no(w->object), &first, err);
  if (code != OK || !unique_key(slots, first, &key)) {
    return code;
  }
  return w->add ? unique_put(w->c->s, key, w->object, err) : unique_erase(w->c->s, key, w->object, err);
}

/* Facets, links, wide row, unique fields; c->texts is filled. */
static enum err_code change(struct content *c, int64_t object, const struct content_body *body, bool add, struct err *err) {
  struct walk w = {
      .c = c, .wide = body->wide, .object = object, .facets = {.object = object}, .add = add, .code = OK, .err = err};
  texts_clear(&c->texts);
  if (w.wide == NULL) {
    return texts_take_all(&c->texts, body->octets, err);
  }
  if (w.wide->insert == NULL) {
    const enum err_code code = wide_prepare(&c->wides.items[w.wide - c->wides.items], c->s, err);
    if (code != OK) {
      return code;
    }
  }
  const enum err_code code = walk_known(&w, &body->slots, err);
  return code == OK ? change_unique(&w, &body->slots, err) : code;
}

void content_open(const struct content *c, uint64_t schema_number, struct view body, bool is_canonical,
                  struct content_body *out) {
  out->octets = body;
  out->wide = wide_of(&c->wides, schema_number);
  out->complete = 0;
  out->readable =
      body.len > 0 && is_canonical && (out->wide == NULL || slots_take(out->wide->schema, body, &out->slots, NULL) == OK);
  if (out->readable && out->wide != NULL) {
    out->complete = need_completeness(&out->slots);
  }
}

enum err_code content_add(struct content *c, int64_t object, const struct content_body *body, struct err *err) {
  static const char sql[] = "INSERT INTO fulltext(rowid, title, text) VALUES (:object, :title, :text)";
  if (!body->readable) {
    return OK;
  }
  const enum err_code code = change(c, object, body, true, err);
  return code == OK ? fulltext(c, sql, object, err) : code;
}

enum err_code content_erase(struct content *c, int64_t object, const struct content_body *body, struct err *err) {
  static const char sql[] = "INSERT INTO fulltext(fulltext, rowid, title, text) VALUES ('delete', :object, :title, :text)";
  if (!body->readable) {
    return OK;
  }
  enum err_code code = change(c, object, body, false, err);
  if (code == OK) {
    code = fulltext(c, sql, object, err);
  }
  if (code == OK) {
    code = link_erase(c->s, object, err);
  }
  if (code == OK && body->wide != NULL) {
    statement_bind_int(body->wide->erase, 1, object);
    code = statement_run(c->s, body->wide->erase, body->wide->name, err);
  }
  return code;
}
