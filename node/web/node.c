/*
 * node: the members of the observatory, and one of them: who it is, what its log holds, whom it certified. See site.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/words.h"
#include "node/store/query_fork.h"
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
    json_t *row = json_pack("{s:I, s:I, s:I, s:o, s:s}", "gen", (json_int_t)log->gen, "size", (json_int_t)log->range.size,
                            "body_bytes", (json_int_t)log->body_bytes, "root", hash_json(&root), "sync", path);
    (void)!query_fork_put(s->store, &s->now->federation, &log->node, log->gen, row, NULL);
    (void)json_array_append_new(logs, row);
  }
  return logs;
}

static json_t *member_json(const struct request *r, const struct federation_member *m) {
  const struct federation *f = &r->site->now->federation;
  const struct member *member = m->member;
  char words[WORDS_LEN];
  words_of(&member->node, words);
  const bool own = hash_equal(&member->node, &f->own);
  const struct home_config *config = &r->site->home->config;
  json_t *out = json_pack("{s:s, s:s, s:o, s:s, s:I, s:b, s:I, s:o}", "handle", member->handle, "country", member->country,
                          "node", hash_json(&member->node), "fingerprint", words, "roll", (json_int_t)member->roll, "own", own,
                          "objects", (json_int_t)objects_of(r->site, &member->node), "logs", logs_json(r->site, &member->node));
  if (own && config->name[0] != '\0') (void)json_object_set_new(out, "name", json_string(config->name));
  if (own && config->contact[0] != '\0') (void)json_object_set_new(out, "contact", json_string(config->contact));
  if (member->region[0] != '\0') (void)json_object_set_new(out, "region", json_string(member->region));
  if (m->has_address && m->address.n_endpoints > 0) {
    (void)json_object_set_new(out, "endpoint", json_string(m->address.endpoints[0]));
  }
  if (m->has_address && m->address.web[0] != '\0') (void)json_object_set_new(out, "web", json_string(m->address.web));
  (void)json_object_set_new(out, "since", json_integer((json_int_t)m->since));
  (void)json_object_set_new(out, "former", json_boolean(m->until != 0));
  if (m->until != 0) (void)json_object_set_new(out, "until", json_integer((json_int_t)m->until));
  return out;
}

enum err_code model_nodes(struct request *r, json_t **out, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  json_t *members = json_array();
  for (uint32_t i = 0; i < f->n_members; i++)
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
  enum err_code code = query_people(r->site->store, f, m->member->handle, take_person, people, err);
  *out = member_json(r, m);
  (void)json_object_set_new(*out, "people", people);
  if (code == OK && hash_equal(&m->member->node, &f->own)) code = put_hidden(r, *out, err);
  return code;
}

/* ---- as HTML ---- */

/* The region of an associate, else the country. */
static const char *place_name(const struct request *r, const json_t *member) {
  const char *region = text_at(member, "region");
  return region[0] == '\0' ? country_name(r->site, text_at(member, "country"), r->lang) : region_name(r->site, region, r->lang);
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
  put_link(r, h, path, place_name(r, member));
  if (json_is_true(json_object_get(member, "own"))) {
    html_text(h, " ");
    html_element(h, "small", "tag", phrase(P_THIS_NODE, r->lang));
  }
  if (json_is_true(json_object_get(member, "former"))) {
    html_text(h, " ");
    html_element(h, "small", "tag", phrase(P_FORMER_MEMBER, r->lang));
  }
  html_close(h);
  html_element(h, "td", "ref", text_at(member, "handle"));
  put_number(h, int_at(member, "objects"));
  put_number(h, entries);
  html_close(h);
}

/* The sentence behind a reason's name, in English as the protocol has it. */
static const char *reason_sentence(const char *name) {
  static const struct {
    const char *name, *text;
  } REASONS[] = {
#define REASON_ROW(symbol, number, name, text, todo) {name, text},
      REASON_TABLE(REASON_ROW)
#undef REASON_ROW
  };
  for (size_t i = 0; i < sizeof REASONS / sizeof REASONS[0]; i++) {
    if (strcmp(REASONS[i].name, name) == 0) return REASONS[i].text;
  }
  return "";
}

static void show_held(struct request *r, struct html *h, json_t *held) {
  static const struct column COLUMNS[] = {{P_REASON_WORD, false}, {P_NUMBER, true}};
  const char *reason = NULL;
  json_t *n = NULL;
  if (json_object_size(held) == 0) return;
  html_element(h, "h2", NULL, phrase(P_HELD, r->lang));
  html_element(h, "p", NULL, phrase(P_HELD_HELP, r->lang));
  open_table(r, h, P_HELD, COLUMNS, 2);
  json_object_foreach(held, reason, n) {
    html_open(h, "tr");
    html_open(h, "th");
    html_attr(h, "scope", "row");
    html_text(h, reason);
    html_text(h, " ");
    html_open(h, "small");
    html_attr(h, "class", "tag");
    put_lang(r, h, "en");
    html_text(h, reason_sentence(reason));
    html_close(h);
    html_close(h);
    put_number(h, json_integer_value(n));
    html_close(h);
  }
  close_table(h);
}

void show_nodes(struct request *r, struct html *h, const json_t *model) {
  static const struct column COLUMNS[] = {{P_COUNTRY, false}, {P_NODE, false}, {P_HOLDS_OBJECTS, true}, {P_ENTRIES, true}};
  size_t i = 0;
  const json_t *member = NULL;
  layout_begin(r, h, phrase(P_NODES, r->lang), "/nodes");
  html_element(h, "h1", NULL, phrase(P_NODES, r->lang));
  html_element(h, "p", "lead", phrase(P_NODES_LEAD, r->lang));
  open_table(r, h, P_NODES, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
  json_array_foreach(json_object_get(model, "members"), i, member) {
    show_member(r, h, member);
  }
  close_table(h);
  show_held(r, h, json_object_get(model, "held"));
  layout_end(r, h);
}

static void put_term(struct html *h, const char *label, const char *text) {
  open_pair(h, label);
  html_element(h, "code", NULL, text);
  close_pair(h);
}

static void put_count(struct html *h, const char *label, json_int_t n) {
  open_pair(h, label);
  html_uint(h, (uint64_t)n);
  close_pair(h);
}

static void show_identity(struct request *r, struct html *h, const json_t *model) {
  char slug[SLUG_MAX];
  const char *endpoint = text_at(model, "endpoint"), *web = text_at(model, "web");
  html_open(h, "dl");
  html_attr(h, "class", "fields");
  put_pair(h, phrase(P_COUNTRY, r->lang), country_name(r->site, text_at(model, "country"), r->lang));
  if (text_at(model, "region")[0] != '\0') put_pair(h, phrase(P_REGION, r->lang), place_name(r, model));
  if (text_at(model, "name")[0] != '\0') put_pair(h, phrase(P_RUN_BY, r->lang), text_at(model, "name"));
  if (text_at(model, "contact")[0] != '\0') put_pair(h, phrase(P_CONTACT, r->lang), text_at(model, "contact"));
  open_pair(h, phrase(P_HOLDS_OBJECTS, r->lang));
  schema_slug(schema_set_at(r->site->schemas, 0), slug);
  html_open(h, "a");
  put_code_href(r, h, slug, "node", text_at(model, "handle"));
  html_uint(h, (uint64_t)int_at(model, "objects"));
  html_text(h, " ");
  html_text(h, phrase(P_OBJECTS, r->lang));
  html_close(h);
  close_pair(h);
  if (web[0] != '\0') {
    open_pair(h, phrase(P_PAGES, r->lang));
    put_url(h, view_of_text(web), view_of_text(web));
    close_pair(h);
  }
  if (endpoint[0] == '\0') {
    put_pair(h, phrase(P_ENDPOINT, r->lang), phrase(P_UNKNOWN_ADDRESS, r->lang));
  } else {
    put_term(h, phrase(P_ENDPOINT, r->lang), endpoint);
  }
  put_term(h, phrase(P_FINGERPRINT, r->lang), text_at(model, "fingerprint"));
  put_term(h, phrase(P_NODE_ID, r->lang), text_at(model, "node"));
  put_count(h, phrase(P_ROLL, r->lang), int_at(model, "roll"));
  html_close(h);
}

void show_fork(struct request *r, struct html *h, const json_t *model) {
  const json_t *forked = json_object_get(model, "forked");
  const char *handle = text_at(model, "handle");
  char path[64];
  if (forked == NULL) return;
  html_open(h, "div");
  html_attr(h, "class", "banner bad");
  html_open(h, "p");
  if (handle[0] != '\0') {
    (void)snprintf(path, sizeof path, "/nodes/%s", handle);
    put_link(r, h, path, handle);
    html_text(h, ": ");
  }
  html_element(h, "strong", NULL, phrase(P_FORKED, r->lang));
  html_text(h, " ");
  html_text(h, phrase(json_is_true(json_object_get(forked, "exact")) ? P_FORKED_FROM : P_FORKED_BELOW, r->lang));
  html_text(h, " ");
  html_uint(h, (uint64_t)int_at(forked, "from"));
  html_text(h, ".");
  html_close(h);
  html_close(h);
}

static void show_logs(struct request *r, struct html *h, const json_t *logs) {
  size_t i = 0;
  const json_t *log = NULL;
  html_element(h, "h2", NULL, phrase(P_LOGS, r->lang));
  json_array_foreach(logs, i, log) {
    html_open(h, "dl");
    html_attr(h, "class", "fields");
    put_count(h, phrase(P_GENERATION, r->lang), int_at(log, "gen"));
    put_count(h, phrase(P_ENTRIES, r->lang), int_at(log, "size"));
    put_term(h, phrase(P_ROOT, r->lang), text_at(log, "root"));
    html_close(h);
    show_fork(r, h, log);
  }
}

static void show_people(struct request *r, struct html *h, const json_t *people) {
  static const struct column COLUMNS[] = {{P_NAME, false}, {P_ROLES, false}, {P_STATE, false}, {P_REFERENCE, false}};
  size_t i = 0;
  const json_t *person = NULL;
  if (json_array_size(people) == 0) return;
  html_element(h, "h2", NULL, phrase(P_PEOPLE, r->lang));
  open_blocks(r, h, P_PEOPLE, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
  json_array_foreach(people, i, person) {
    html_open(h, "tr");
    html_open(h, "th");
    html_attr(h, "scope", "row");
    html_text(h, text_at(person, "name"));
    html_close(h);
    open_cell(r, h, &COLUMNS[1]);
    put_roles(r, h, text_at(person, "roles"));
    html_close(h);
    open_cell(r, h, &COLUMNS[2]);
    html_text(h, phrase(json_is_true(json_object_get(person, "revoked")) ? P_REVOKED : P_IN_FORCE, r->lang));
    html_close(h);
    open_cell(r, h, &COLUMNS[3]);
    html_element(h, "span", "ref", text_at(person, "reference"));
    html_close(h);
    html_close(h);
  }
  close_table(h);
}

void show_node(struct request *r, struct html *h, const json_t *model) {
  char title[128];
  (void)snprintf(title, sizeof title, "%s: %.90s", phrase(P_NODE, r->lang), place_name(r, model));
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
  show_all_hidden(r, h, json_object_get(model, "hidden"));
  layout_end(r, h);
}
