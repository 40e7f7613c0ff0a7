/*
 * query_show: everything about one object, as JSON. See query.h.
 */
#include <string.h>

#include "node/store/inside.h"
#include "node/store/people_inside.h"
#include "node/store/query_endorse.h"
#include "node/store/query_fork.h"
#include "node/store/query_hidden.h"
#include "node/store/query_inside.h"
#include "node/store/query_since.h"
#include "node/store/query_takedown.h"
#include "node/store/statement.h"

/* What a showing has in hand. */
struct show {
  struct query_reader *r;
  const struct schema_set *set;
  int64_t rowid; /* of the version shown */
  const struct evaluation *state;
  json_t *out;
  struct err *err;
};

static void put_text(json_t *object, const char *key, const char *text) {
  (void)json_object_set_new(object, key, json_string(text));
}

static void put_int(json_t *object, const char *key, int64_t value) {
  (void)json_object_set_new(object, key, json_integer(value));
}

static void put_hash(json_t *object, const char *key, const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hash_hex(hash, hex);
  put_text(object, key, hex);
}

static void put_reference(const struct show *show, json_t *object, const char *key, int64_t rowid) {
  char reference[REFERENCE_MAX] = "";
  if (reference_of_row(show->r->s, show->r->f, &show->r->log, rowid, reference, NULL) == OK) put_text(object, key, reference);
}

/* ---- who ---- */

static enum err_code put_author(struct show *show, json_t *object, const struct pubkey *key, int64_t rowid) {
  struct position at = {0, 0};
  (void)evaluation_position(show->state, rowid, &at);
  enum reason reason = REASON_NONE;
  struct bytes name;
  char roles[128];
  struct hash hash;
  enum err_code code = OK;
  json_t *author = json_object();
  memcpy(hash.b, key->b, sizeof hash.b);
  put_hash(author, "key", &hash);
  const struct certificate *c = people_at(show->state->people, key, at, &reason);
  bytes_init(&name, LIMIT_BODY + 1);
  if (c != NULL) {
    code = people_name(show->r->s, evaluation_rowid(show->state, c->at), &name, show->err);
    const char *text = bytes_text(&name);
    roles_format(c->roles, roles, sizeof roles);
    put_int(author, "person", (int64_t)c->person);
    put_text(author, "name", text == NULL ? "" : text);
    put_text(author, "roles", roles);
  }
  (void)json_object_set_new(object, "author", author);
  bytes_release(&name);
  return code;
}

/* ---- versions ---- */

static enum err_code put_version(struct show *show, json_t *list, int64_t rowid) {
  struct bytes scratch;
  struct item item;
  struct view octets;
  struct view signature;
  struct header header = {.created = 0};
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(show->r->s, rowid, &scratch, &item, show->err);
  if (code == OK) {
    const struct hash id = query_record_id(show->r->f, item.envelope);
    json_t *version = json_object();
    put_reference(show, version, "reference", rowid);
    put_hash(version, "id", &id);
    put_int(version, "rowid", rowid);
    if (envelope_split(item.envelope, &octets, &signature) && header_decode(octets, &header) == REASON_NONE) {
      put_int(version, "created", (int64_t)header.created);
      code = put_author(show, version, &header.author, rowid);
    }
    if (item.state == ITEM_GONE) {
      (void)json_object_set_new(version, "gone", json_true());
    }
    (void)json_array_append_new(list, version);
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code put_versions(struct show *show) {
  static const char sql[] = "SELECT :object WHERE NOT EXISTS (SELECT 1 FROM held WHERE id = :object) "
                            "UNION ALL SELECT id FROM version WHERE object = :object ORDER BY 1";
  json_t *list = json_array();
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(show->r->s, sql, &st, show->err);
  (void)json_object_set_new(show->out, "versions", list);
  if (code == OK) {
    statement_bind_int(st, 1, show->r->object.id);
  }
  while (code == OK && (code = statement_step(show->r->s, st, &row, "versions", show->err)) == OK && row) {
    code = put_version(show, list, sqlite3_column_int64(st, 0));
  }
  statement_done(st);
  return code;
}

/* ---- links ---- */

/* The object that an id names, if it is here. Its row is read by a reader of its own. */
static enum err_code put_target(struct show *show, json_t *link, int64_t object) {
  struct query_reader reader;
  query_reader_init(&reader, show->r->s, show->r->f, show->set, show->r->lang);
  enum err_code code = query_reader_load(&reader, object, show->err);
  if (code == OK && reader.row.hidden) {
    put_text(link, "reference", reader.row.reference);
    (void)json_object_set_new(link, "hidden", json_true());
  } else if (code == OK) {
    put_text(link, "reference", reader.row.reference);
    put_text(link, "kind", reader.row.schema == NULL ? "" : reader.row.schema->kind);
    put_text(link, "title", reader.row.title);
    (void)json_object_set_new(link, "withdrawn", json_boolean(reader.row.withdrawn));
    put_hash(link, "id", &reader.row.object_id);
  } else if (query_is_away(code)) {
    err_clear(show->err);
    code = OK;
  }
  query_reader_release(&reader);
  return code;
}

static enum err_code put_out(struct show *show, json_t *list) {
  static const char sql[] = "SELECT field, target FROM link WHERE object = :object ORDER BY field, target";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(show->r->s, sql, &st, show->err);
  if (code == OK) {
    statement_bind_int(st, 1, show->r->object.id);
  }
  while (code == OK && (code = statement_step(show->r->s, st, &row, "links", show->err)) == OK && row) {
    struct hash target = {{0}};
    int64_t rowid = 0;
    int64_t object = 0;
    json_t *link = json_object();
    const bool whole = statement_hash(st, 1, &target);
    put_text(link, "field", (const char *)sqlite3_column_text(st, 0));
    put_hash(link, "id", &target);
    const bool here = whole && entry_find(show->r->s, &show->r->f->charter.fed_id, &target, &rowid, NULL) == OK &&
                      object_of_version(show->r->s, rowid, &object, NULL) == OK;
    (void)json_object_set_new(link, "waiting", json_boolean(!here));
    (void)json_array_append_new(list, link);
    code = here ? put_target(show, link, object) : OK;
  }
  statement_done(st);
  return code;
}

static enum err_code put_in(struct show *show, json_t *list) {
  static const char sql[] = "SELECT field, object FROM link WHERE target = :id ORDER BY field, object";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(show->r->s, sql, &st, show->err);
  if (code == OK) {
    statement_bind_blob(st, 1, hash_view(&show->r->row.object_id));
  }
  while (code == OK && (code = statement_step(show->r->s, st, &row, "links", show->err)) == OK && row) {
    struct object object;
    const struct view key = statement_text(st, 0);
    code = object_get(show->r->s, sqlite3_column_int64(st, 1), &object, show->err);
    if (code == OK && object.hidden) {
      continue;
    }
    json_t *link = json_object();
    put_text(link, "field", (const char *)key.p);
    const struct schema *schema = code == OK ? schema_by_number(show->set, object.schema) : NULL;
    const struct field *field = schema == NULL ? NULL : schema_field(schema, key);
    put_text(link, "inverse", field == NULL ? "" : field->inverse);
    (void)json_array_append_new(list, link);
    code = code == OK ? put_target(show, link, sqlite3_column_int64(st, 1)) : code;
  }
  statement_done(st);
  return code;
}

static enum err_code put_links(struct show *show) {
  json_t *links = json_object();
  json_t *out = json_array();
  json_t *in = json_array();
  (void)json_object_set_new(links, "out", out);
  (void)json_object_set_new(links, "in", in);
  (void)json_object_set_new(show->out, "links", links);
  const enum err_code code = put_out(show, out);
  return code == OK ? put_in(show, in) : code;
}

/* ---- content ---- */

static enum err_code put_findings(struct show *show, const struct schema *schema, struct view body) {
  static const char *const levels[] = {
      [FINDING_REFUSED] = "refused", [FINDING_LACKING] = "lacking", [FINDING_WARNING] = "warning"};
  json_t *list = json_array();
  struct findings findings;
  memset(&findings, 0, sizeof findings);
  enum err_code code = schema == NULL || body.len == 0 ? OK : schema_check(schema, body, &findings, show->err);
  for (size_t i = 0; i < findings.n && code == OK; i++) {
    json_t *finding = json_object();
    put_text(finding, "level", levels[findings.items[i].level]);
    put_text(finding, "field", findings.items[i].field);
    put_text(finding, "code", findings.items[i].code);
    put_text(finding, "message", findings.items[i].message);
    (void)json_array_append_new(list, finding);
  }
  (void)json_object_set_new(show->out, "findings", list);
  findings_release(&findings);
  return code;
}

static enum err_code put_content(struct show *show, struct bytes *body_out) {
  struct query_reader *r = show->r;
  struct bytes scratch;
  struct item item;
  struct view octets;
  struct view signature;
  struct header header;
  json_t *body = NULL;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(r->s, show->rowid, &scratch, &item, show->err);
  if (code == OK && envelope_split(item.envelope, &octets, &signature) && header_decode(octets, &header) == REASON_NONE) {
    const struct schema *schema = schema_by_number(show->set, header.args[0]);
    put_int(show->out, "created", (int64_t)header.created);
    code = put_author(show, show->out, &header.author, show->rowid);
    if (code == OK && item.body.len > 0) {
      code = body_to_json(schema, item.body, &body, show->err);
    }
    if (code == OK) {
      (void)json_object_set_new(show->out, "body", body == NULL ? json_null() : body);
      put_int(show->out, "completeness",
              schema == NULL || item.body.len == 0 ? 0 : (int)schema_completeness(schema, item.body));
      code = put_findings(show, schema, item.body);
    }
  }
  if (code == OK && item.state == ITEM_GONE) {
    json_t *takedown = NULL;
    code = query_takedown(r->s, r->f, show->set, show->rowid, false, &takedown, show->err);
    if (takedown != NULL) {
      (void)json_object_set_new(show->out, "takedown", takedown);
    }
  }
  if (code == OK && body_out != NULL) {
    bytes_clear(body_out);
    code = bytes_append(body_out, item.body, show->err);
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code put_withdrawal(struct show *show) {
  struct query_reader *r = show->r;
  struct bytes scratch;
  struct item item;
  json_t *reason = NULL;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(r->s, r->object.withdrawn, &scratch, &item, show->err);
  if (code == OK) {
    json_t *withdrawal = json_object();
    put_reference(show, withdrawal, "reference", r->object.withdrawn);
    if (item.body.len > 0 && body_to_json(NULL, item.body, &reason, NULL) == OK) {
      (void)json_object_update(withdrawal, reason);
      json_decref(reason);
    }
    (void)json_object_set_new(show->out, "withdrawal", withdrawal);
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code put_endorsement(struct show *show) {
  struct query_reader *r = show->r;
  json_t *endorsement = NULL;
  enum err_code code = query_endorse(r->s, r->f, r->object.id, r->lang, &endorsement, show->err);
  if (code == OK) {
    code = query_since_put(r->s, show->set, json_object_get(show->out, "versions"), endorsement, r->lang, show->err);
  }
  if (query_is_away(code)) { /* all versions are void, or an entry that it hangs on is damaged: nothing is said then */
    err_clear(show->err);
    code = OK;
  }
  if (endorsement != NULL) {
    (void)json_object_set_new(show->out, "endorsement", endorsement);
  }
  return code;
}

static void put_head(const struct show *show) {
  const struct query_row *row = &show->r->row;
  json_t *home = json_object();
  put_text(show->out, "reference", row->reference);
  put_text(show->out, "version_reference", row->version_reference);
  put_hash(show->out, "id", &row->object_id);
  put_hash(show->out, "version_id", &row->version_id);
  put_text(show->out, "kind", row->schema == NULL ? "" : row->schema->kind);
  put_int(show->out, "schema", (int64_t)row->schema_number);
  put_text(home, "handle", row->handle);
  put_hash(home, "node", &show->r->log.node);
  (void)json_object_set_new(show->out, "home", home);
  put_text(show->out, "title", row->title);
  put_text(show->out, "state", row->withdrawn ? "withdrawn" : "published");
  (void)json_object_set_new(show->out, "review_wanted", json_boolean(row->review_wanted));
  put_reference(show, show->out, "shown", show->rowid);
}

static enum err_code fill(struct show *show, struct bytes *body_out) {
  put_head(show);
  enum err_code code = query_fork_put(show->r->s, show->r->f, &show->r->log.node, show->r->log.gen, show->out, show->err);
  if (code == OK) {
    code = put_content(show, body_out);
  }
  if (code == OK) {
    code = put_versions(show);
  }
  if (code == OK) {
    code = put_links(show);
  }
  if (code == OK) {
    code = put_endorsement(show);
  }
  if (code == OK && show->r->row.hidden) {
    json_t *hidden = NULL;
    code = query_hidden(show->r->s, show->set, &show->r->row.object_id, show->r->lang, &hidden, show->err);
    (void)json_object_set_new(show->out, "hidden", hidden == NULL ? json_true() : hidden);
  }
  return code == OK && show->r->object.withdrawn != 0 ? put_withdrawal(show) : code;
}

enum err_code query_show(struct store *s, const struct federation *f, const struct schema_set *set, int64_t rowid,
                         const char *lang, json_t **out, struct bytes *body_out, struct err *err) {
  struct query_reader reader;
  struct show show = {.r = &reader, .set = set, .rowid = rowid, .out = json_object(), .err = err};
  int64_t object = 0;
  store_use_schemas(s, set);
  query_reader_init(&reader, s, f, set, lang);
  enum err_code code = show.out == NULL ? err_set(err, ERR_MEMORY, NULL) : object_of_version(s, rowid, &object, err);
  if (code == OK) {
    code = query_reader_load(&reader, object, err);
  }
  if (code == OK) {
    code = people_state(s, f, &reader.log, &show.state, err);
  }
  if (code == OK) {
    code = fill(&show, body_out);
  }
  if (code == OK) {
    *out = show.out;
    show.out = NULL;
  }
  json_decref(show.out);
  query_reader_release(&reader);
  return code;
}
