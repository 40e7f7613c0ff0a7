/*
 * query_endorse: see query_endorse.h.
 */
#include "node/store/query_endorse.h"

#include <string.h>

#include "node/store/endorsed.h"
#include "node/store/people_inside.h"
#include "node/store/query_frontier.h"
#include "node/store/statement.h"
#include "protocol/founder.h"
#include "protocol/schema/body.h"

#define SENTENCE_CHARS 2000

struct telling {
  struct store *s;
  const struct federation *f;
  const char *lang;
  uint32_t others; /* that do not count and may still be told */
  uint64_t more;   /* that are not told */
  struct err *err;
};

static json_t *hex(const struct hash *hash) {
  char text[HASH_HEX_LEN];
  hash_hex(hash, text);
  return json_string(text);
}

static json_t *count(uint64_t n) {
  return json_integer((json_int_t)n);
}

static json_t *text(struct view v) {
  return json_stringn((const char *)v.p, v.len);
}

/* ---- policies ---- */

static json_t *criteria_json(struct view octets) {
  struct canon_reader r = canon_reader(octets);
  json_t *list = json_array();
  const uint32_t n = canon_array(&r, LIMIT_LIST);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++) {
    (void)json_array_append_new(list, text(canon_str(&r, LIMIT_BODY)));
  }
  return list;
}

json_t *query_policy_json(const struct policy *p, const char *lang) {
  struct canon_reader r = canon_reader(p->sentence);
  return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "id", hex(&p->id), "sentence",
                   text(ml_read(&r, SENTENCE_CHARS, lang)), "criteria", criteria_json(p->criteria), "m", count(p->m),
                   "min_countries", count(p->min_countries), "min_nodes", count(p->min_nodes), "max_per_node",
                   count(p->max_per_node), "max_per_country", count(p->max_per_country), "exclude_home", p->exclude_home);
}

/* ---- signatures ---- */

/* What the reviewer said, of the fields that section 16 names and of the types that it gives them. */
static void put_said(json_t *out, struct view body) {
  static const struct {
    const char *key;
    json_type type;
  } fields[] = {{"criteria", JSON_ARRAY}, {"interest", JSON_STRING}, {"language", JSON_STRING}, {"remark", JSON_OBJECT}};
  json_t *said = NULL;
  if (body.len == 0 || body_to_json(NULL, body, &said, NULL) != OK) {
    return;
  }
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    json_t *value = json_object_get(said, fields[i].key);
    if (value != NULL && json_typeof(value) == fields[i].type) {
      (void)json_object_set(out, fields[i].key, value);
    }
  }
  json_decref(said);
}

/* Who signed: the person as certified where the signature stands. */
static enum err_code put_signer(const struct telling *t, json_t *out, const struct pubkey *key, const struct log *log,
                                const struct endorsement *e) {
  const struct evaluation *state = NULL;
  struct bytes name;
  struct hash octets;
  memcpy(octets.b, key->b, sizeof octets.b);
  bytes_init(&name, LIMIT_BODY + 1);
  enum err_code code = people_state(t->s, t->f, log, &state, t->err);
  const struct certificate *c = code == OK ? people_newest(state->people, key, e->at) : NULL;
  if (c != NULL) {
    code = people_name(t->s, evaluation_rowid(state, c->at), &name, t->err);
  }
  (void)json_object_set_new(out, "key", hex(&octets));
  (void)json_object_set_new(out, "name", text(bytes_view(&name)));
  bytes_release(&name);
  return code;
}

static enum err_code put_signature(const struct telling *t, json_t *list, const struct endorsement *e) {
  struct bytes scratch;
  struct item item;
  struct record record;
  struct log log;
  char reference[REFERENCE_MAX];
  json_t *out = json_object();
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(t->s, e->rowid, &scratch, &item, t->err);
  if (code == OK) {
    code = log_by_no(t->s, entry_log_no(e->rowid), &log, t->err);
  }
  if (code == OK && record_reopen(item.envelope, &t->f->charter.fed_id, &record) != REASON_NONE) {
    code = err_set(t->err, ERR_CORRUPT, "entry %lld is damaged", (long long)e->rowid);
  }
  if (code == OK) {
    reference_format(t->f, &log.node, log.gen, entry_index(e->rowid), reference);
    (void)json_object_set_new(out, "reference", json_string(reference));
    (void)json_object_set_new(out, "id", hex(&record.id));
    (void)json_object_set_new(out, "handle", json_string(federation_handle(t->f, &e->node)));
    (void)json_object_set_new(out, "country", json_string(e->country));
    (void)json_object_set_new(out, "person", count(e->person));
    (void)json_object_set_new(out, "created", count(record.header.created));
    (void)json_object_set_new(out, "counts", json_boolean(e->standing == ENDORSEMENT_COUNTS));
    (void)json_object_set_new(out, "standing", json_string(endorsement_name(e->standing)));
    (void)json_object_set_new(out, "text", json_string(endorsement_text(e->standing)));
    put_said(out, item.body);
    code = put_signer(t, out, &record.header.author, &log, e);
  }
  bytes_release(&scratch);
  (void)json_array_append_new(list, out);
  return code;
}

/* ---- statements ---- */

/* Whether a signature is told. */
static bool is_told(struct telling *t, const struct endorsement *e) {
  if (e->standing == ENDORSEMENT_COUNTS || hash_equal(&e->node, &t->f->own)) {
    return true;
  }
  const bool told = t->others > 0;
  t->others -= told;
  t->more += !told;
  return told;
}

static enum err_code put_statement(struct telling *t, json_t *list, const struct endorsements *e,
                                   const struct statement_result *x) {
  const struct policy *policy = endorsements_policy(e, x);
  const struct endorsement_result *r = &x->result;
  char reference[REFERENCE_MAX] = "";
  json_t *signatures = json_array();
  json_t *out = json_pack("{s:I, s:o, s:o, s:o, s:o, s:b, s:{s:o, s:o, s:o}}", "version", (json_int_t)x->version, "version_id",
                          hex(&x->version_id), "counted", count(r->counted), "nodes", count(r->nodes), "countries",
                          count(r->countries), "met", r->met, "missing", "endorsements", count(r->missing), "nodes",
                          count(r->missing_nodes), "countries", count(r->missing_countries));
  enum err_code code = out == NULL ? err_set(t->err, ERR_MEMORY, NULL) : OK;
  if (code == OK && x->rowid != 0) {
    code = reference_of_row(t->s, t->f, NULL, x->rowid, reference, t->err);
    (void)json_object_set_new(out, "version_reference", json_string(reference));
  }
  (void)json_object_set_new(out, "policy",
                            policy == NULL ? json_pack("{s:o}", "id", hex(&x->policy_id)) : query_policy_json(policy, t->lang));
  (void)json_object_set_new(out, "endorsements", signatures);
  for (size_t i = 0; i < x->n && code == OK; i++) {
    code = is_told(t, &x->signatures[i]) ? put_signature(t, signatures, &x->signatures[i]) : OK;
  }
  if ((policy == NULL || x->rowid == 0) && json_array_size(signatures) == 0) {
    json_decref(out); /* of no version here, or no policy, and nobody's that is told */
    return code;
  }
  (void)json_array_append_new(list, out);
  return code;
}

/* ---- without effect in their own logs ---- */

static enum err_code put_held(struct telling *t, json_t *list, const struct hash *object, sqlite3_stmt *st) {
  const int64_t rowid = sqlite3_column_int64(st, 0);
  const uint64_t reason = (uint64_t)sqlite3_column_int64(st, 1);
  struct bytes scratch;
  struct item item;
  struct view octets, signature;
  struct header h;
  struct hash node;
  char reference[REFERENCE_MAX];
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(t->s, rowid, &scratch, &item, t->err);
  if (code == OK && statement_hash(st, 2, &node) && envelope_split(item.envelope, &octets, &signature) &&
      header_decode(octets, &h) == REASON_NONE && h.n_refs > 0 && hash_equal(&h.refs[0], object)) {
    if (t->others == 0) {
      t->more++;
    } else {
      t->others--;
      reference_format(t->f, &node, (uint64_t)sqlite3_column_int64(st, 3), entry_index(rowid), reference);
      (void)json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:b, s:s, s:s}", "reference", reference, "handle",
                                                  federation_handle(t->f, &node), "created", (json_int_t)h.created, "counts",
                                                  false, "standing", reason_name(reason), "text", reason_text(reason)));
    }
  }
  bytes_release(&scratch);
  return code;
}

/* Of any object whose id begins so; told are those of this one. */
static enum err_code put_all_held(struct telling *t, json_t *list, const struct hash *object) {
  static const char sql[] = "SELECT endorsement_held.id, reason, log.node, log.gen FROM endorsement_held "
                            "JOIN log ON log.no = endorsement_held.id >> 40 WHERE object = :object "
                            "ORDER BY log.node, log.gen, endorsement_held.id";
  sqlite3_stmt *st = NULL;
  bool row = true;
  enum err_code code = statement_get(t->s, sql, &st, t->err);
  if (code == OK) {
    statement_bind_int(st, 1, (int64_t)get_u64be(object->b));
  }
  while (code == OK && (code = statement_step(t->s, st, &row, "held endorsements", t->err)) == OK && row) {
    code = put_held(t, list, object, st);
  }
  statement_done(st);
  return code;
}

enum err_code query_endorse(struct store *s, const struct federation *f, int64_t object, const char *lang, json_t **out,
                            struct err *err) {
  struct telling t = {.s = s, .f = f, .lang = lang, .others = QUERY_ENDORSE_OTHERS, .err = err};
  struct endorsements e;
  struct hash frontier;
  json_t *list = json_array(), *held = json_array();
  enum err_code code = endorsements_read(s, f, object, &e, err);
  for (size_t i = 0; code == OK && i < e.n; i++) {
    code = put_statement(&t, list, &e, &e.statements[i]);
  }
  if (code == OK) {
    code = put_all_held(&t, held, &e.object);
  }
  if (code == OK) {
    code = query_frontier(s, f, &frontier, err);
  }
  if (code == OK) {
    *out = json_pack("{s:s, s:o, s:o, s:I, s:O, s:O}", "state", endorsed_name(e.state), "more", count(t.more), "frontier",
                     hex(&frontier), "versions", (json_int_t)e.versions, "statements", list, "held", held);
    code = *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  }
  json_decref(list);
  json_decref(held);
  endorsements_release(&e);
  return code;
}
