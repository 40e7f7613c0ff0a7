/*
 * node: the members of the observatory, and one of them: who it is, what its log holds, whom it certified. See site.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/words.h"
#include "node/web/site.h"
#include "protocol/people.h"
#include "protocol/reason.h"

/* ---- models ---- */

static uint64_t objects_of(const struct site *s, const struct hash *node) {
  const struct catalogue *c = s->now->catalogue;
  uint64_t n = 0;
  for (uint32_t k = 0; k < c->n_logs; k++) {
    if (!hash_equal(&c->logs[k].node, node)) continue;
    for (uint32_t i = 0; i < c->n; i++)
      n += entry_log_no(c->objects[i].id) == c->logs[k].no;
  }
  return n;
}

static json_t *hash_json(const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hash_hex(hash, hex);
  return json_string(hex);
}

static json_t *logs_json(const struct site *s, const struct hash *node) {
  const struct catalogue *c = s->now->catalogue;
  json_t *logs = json_array();
  for (uint32_t i = 0; i < c->n_logs; i++) {
    const struct log *log = &c->logs[i];
    if (!hash_equal(&log->node, node) || log->range.size == 0) continue;
    const struct hash root = merkle_root(&log->range);
    char path[160];
    char hex[HASH_HEX_LEN];
    hash_hex(node, hex);
    (void)snprintf(path, sizeof path, "/sync/%s/%" PRIu64 "/0", hex, log->gen);
    (void)json_array_append_new(logs, json_pack("{s:I, s:I, s:I, s:o, s:s}", "gen", (json_int_t)log->gen, "size",
                                                (json_int_t)log->range.size, "body_bytes", (json_int_t)log->body_bytes, "root",
                                                hash_json(&root), "sync", path));
  }
  return logs;
}

static json_t *member_json(const struct request *r, const struct federation_member *m) {
  const struct federation *f = &r->site->now->federation;
  const struct member *member = m->member;
  char words[WORDS_LEN];
  words_of(&member->node, words);
  json_t *out = json_pack("{s:s, s:s, s:o, s:s, s:I, s:b, s:I, s:o}", "handle", member->handle, "country", member->country,
                          "node", hash_json(&member->node), "fingerprint", words, "roll", (json_int_t)member->roll, "own",
                          hash_equal(&member->node, &f->own), "objects", (json_int_t)objects_of(r->site, &member->node), "logs",
                          logs_json(r->site, &member->node));
  if (member->region[0] != '\0') (void)json_object_set_new(out, "region", json_string(member->region));
  if (m->has_address && m->address.n_endpoints > 0) {
    (void)json_object_set_new(out, "endpoint", json_string(m->address.endpoints[0]));
  }
  if (m->has_address && m->address.web[0] != '\0') (void)json_object_set_new(out, "web", json_string(m->address.web));
  return out;
}

enum err_code model_nodes(struct request *r, json_t **out, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  json_t *members = json_array();
  for (uint32_t i = 0; i < f->epoch.n_members; i++)
    (void)json_array_append_new(members, member_json(r, &f->members[i]));
  *out = json_pack("{s:o, s:o, s:I, s:o, s:O?}", "name", observatory_name(r), "fed_id", hash_json(&f->charter.fed_id), "epoch",
                   (json_int_t)f->epoch.number, "members", members, "held", json_object_get(r->site->now->figures, "held"));
  return *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

static bool take_person(void *context, const struct query_person *p) {
  json_t *list = context;
  char roles[128];
  roles_format(p->roles, roles, sizeof roles);
  json_t *person = json_pack("{s:s, s:I, s:s, s:s, s:b}", "reference", p->reference, "person", (json_int_t)p->person, "name",
                             p->name, "roles", roles, "revoked", p->revoked);
  return person != NULL && json_array_append_new(list, person) == 0;
}

enum err_code model_node(struct request *r, json_t **out, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  const struct federation_member *m = federation_by_handle(f, r->captures[0]);
  if (m == NULL) return err_set(err, ERR_NOT_FOUND, "there is no node '%.60s'", r->captures[0]);
  json_t *people = json_array();
  const enum err_code code = query_people(r->site->store, f, m->member->handle, take_person, people, err);
  *out = member_json(r, m);
  (void)json_object_set_new(*out, "people", people);
  return code;
}

/* ---- as HTML ---- */

static void head_cell(struct html *h, const char *text) {
  html_open(h, "th");
  html_attr(h, "scope", "col");
  html_text(h, text);
  html_close(h);
}

static void open_table(struct html *h, const char *label) {
  html_open(h, "div");
  html_attr(h, "class", "scroll");
  html_attr(h, "role", "region");
  html_attr(h, "tabindex", "0");
  html_attr(h, "aria-label", label);
  html_open(h, "table");
}

static void close_table(struct html *h) {
  html_close(h); /* tbody */
  html_close(h);
  html_close(h);
}

static void open_body(struct html *h) {
  html_close(h); /* tr */
  html_close(h); /* thead */
  html_open(h, "tbody");
}

static void put_number(struct html *h, json_int_t n) {
  html_open(h, "td");
  html_attr(h, "class", "number");
  html_uint(h, (uint64_t)n);
  html_close(h);
}

static void show_member(struct request *r, struct html *h, const json_t *member) {
  char path[32];
  json_int_t entries = 0;
  size_t i = 0;
  const json_t *log = NULL;
  json_array_foreach(json_object_get(member, "logs"), i, log) {
    entries += int_at(log, "size");
  }
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(member, "handle"));
  html_open(h, "tr");
  html_open(h, "th");
  html_attr(h, "scope", "row");
  put_link(r, h, path, text_at(member, "handle"));
  html_close(h);
  html_open(h, "td");
  html_text(h, country_name(r->site, text_at(member, "country"), r->lang));
  if (json_is_true(json_object_get(member, "own"))) {
    html_text(h, " – ");
    html_text(h, phrase(P_THIS_NODE, r->lang));
  }
  html_close(h);
  put_number(h, int_at(member, "objects"));
  put_number(h, entries);
  html_close(h);
}

static void show_held(struct request *r, struct html *h, json_t *held) {
  const char *reason = NULL;
  json_t *n = NULL;
  if (json_object_size(held) == 0) return;
  html_element(h, "h2", NULL, phrase(P_HELD, r->lang));
  html_element(h, "p", NULL, phrase(P_HELD_HELP, r->lang));
  open_table(h, phrase(P_HELD, r->lang));
  html_open(h, "thead");
  html_open(h, "tr");
  head_cell(h, phrase(P_REASON_WORD, r->lang));
  head_cell(h, phrase(P_NUMBER, r->lang));
  open_body(h);
  json_object_foreach(held, reason, n) {
    html_open(h, "tr");
    html_element(h, "td", NULL, reason);
    put_number(h, json_integer_value(n));
    html_close(h);
  }
  close_table(h);
}

void show_nodes(struct request *r, struct html *h, const json_t *model) {
  size_t i = 0;
  const json_t *member = NULL;
  layout_begin(r, h, phrase(P_NODES, r->lang), "/nodes");
  html_element(h, "h1", NULL, phrase(P_NODES, r->lang));
  html_element(h, "p", "lead", phrase(P_NODES_LEAD, r->lang));
  open_table(h, phrase(P_NODES, r->lang));
  html_open(h, "thead");
  html_open(h, "tr");
  head_cell(h, phrase(P_NODE, r->lang));
  head_cell(h, phrase(P_COUNTRY, r->lang));
  head_cell(h, phrase(P_HOLDS_OBJECTS, r->lang));
  head_cell(h, phrase(P_ENTRIES, r->lang));
  open_body(h);
  json_array_foreach(json_object_get(model, "members"), i, member) {
    show_member(r, h, member);
  }
  close_table(h);
  show_held(r, h, json_object_get(model, "held"));
  layout_end(r, h);
}

static void put_term(struct html *h, const char *label, const char *text, bool code) {
  html_open(h, "div");
  html_element(h, "dt", NULL, label);
  html_open(h, "dd");
  html_element(h, code ? "code" : "span", NULL, text);
  html_close(h);
  html_close(h);
}

static void show_identity(struct request *r, struct html *h, const json_t *model) {
  char number[SLUG_MAX], path[SLUG_MAX + 32];
  const char *endpoint = text_at(model, "endpoint");
  html_open(h, "dl");
  html_attr(h, "class", "proof");
  put_term(h, phrase(P_COUNTRY, r->lang), country_name(r->site, text_at(model, "country"), r->lang), false);
  put_term(h, phrase(P_FINGERPRINT, r->lang), text_at(model, "fingerprint"), true);
  put_term(h, phrase(P_NODE_ID, r->lang), text_at(model, "node"), true);
  (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, int_at(model, "roll"));
  put_term(h, phrase(P_ROLL, r->lang), number, false);
  put_term(h, phrase(P_ENDPOINT, r->lang), endpoint[0] == '\0' ? phrase(P_UNKNOWN_ADDRESS, r->lang) : endpoint,
           endpoint[0] != '\0');
  html_open(h, "div");
  html_element(h, "dt", NULL, phrase(P_HOLDS_OBJECTS, r->lang));
  html_open(h, "dd");
  schema_slug(schema_set_at(r->site->schemas, 0), number);
  (void)snprintf(path, sizeof path, "/%s?node=%s", number, text_at(model, "handle"));
  html_open(h, "a");
  put_href(r, h, path);
  html_uint(h, (uint64_t)int_at(model, "objects"));
  html_text(h, " ");
  html_text(h, phrase(P_OBJECTS, r->lang));
  html_close(h);
  html_close(h);
  html_close(h);
  html_close(h);
}

static void show_logs(struct request *r, struct html *h, const json_t *logs) {
  size_t i = 0;
  const json_t *log = NULL;
  html_element(h, "h2", NULL, phrase(P_LOGS, r->lang));
  json_array_foreach(logs, i, log) {
    char number[24];
    html_open(h, "dl");
    html_attr(h, "class", "proof");
    (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, int_at(log, "gen"));
    put_term(h, phrase(P_GENERATION, r->lang), number, false);
    (void)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, int_at(log, "size"));
    put_term(h, phrase(P_ENTRIES, r->lang), number, false);
    put_term(h, phrase(P_ROOT, r->lang), text_at(log, "root"), true);
    html_close(h);
  }
}

static void show_people(struct request *r, struct html *h, const json_t *people) {
  size_t i = 0;
  const json_t *person = NULL;
  if (json_array_size(people) == 0) return;
  html_element(h, "h2", NULL, phrase(P_PEOPLE, r->lang));
  open_table(h, phrase(P_PEOPLE, r->lang));
  html_open(h, "thead");
  html_open(h, "tr");
  head_cell(h, phrase(P_NAME, r->lang));
  head_cell(h, phrase(P_ROLES, r->lang));
  head_cell(h, phrase(P_STATE, r->lang));
  head_cell(h, phrase(P_REFERENCE, r->lang));
  open_body(h);
  json_array_foreach(people, i, person) {
    html_open(h, "tr");
    html_open(h, "th");
    html_attr(h, "scope", "row");
    html_text(h, text_at(person, "name"));
    html_close(h);
    html_element(h, "td", NULL, text_at(person, "roles"));
    html_element(h, "td", NULL, phrase(json_is_true(json_object_get(person, "revoked")) ? P_REVOKED : P_IN_FORCE, r->lang));
    html_element(h, "td", "ref", text_at(person, "reference"));
    html_close(h);
  }
  close_table(h);
}

void show_node(struct request *r, struct html *h, const json_t *model) {
  char title[64];
  (void)snprintf(title, sizeof title, "%s %s", phrase(P_NODE, r->lang), text_at(model, "handle"));
  layout_begin(r, h, title, "");
  html_open(h, "p");
  html_attr(h, "class", "crumbs");
  put_link(r, h, "/nodes", phrase(P_NODES, r->lang));
  html_text(h, " › ");
  html_element(h, "span", "ref", text_at(model, "handle"));
  html_close(h);
  html_element(h, "h1", NULL, title);
  show_identity(r, h, model);
  show_logs(r, h, json_object_get(model, "logs"));
  show_people(r, h, json_object_get(model, "people"));
  layout_end(r, h);
}
