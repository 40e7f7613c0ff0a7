/*
 * network: how it stands with the other members, and who says to hold an object: what `status` and `where` say, as pages. The
 * store tells what members said; core tells web, every other second, what it knows of the links (node/network.h). See site.h.
 */
#include "node/network.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "node/store/query_fork.h"
#include "node/store/query_where.h"
#include "node/web/site.h"

/* To each row: what it is reached by, in words, and whose node it is. */
static void put_members(const struct request *r, json_t *members) {
  size_t i = 0;
  json_t *member = NULL;
  char sentence[400];
  network_join(members, r->site->told);
  json_array_foreach(members, i, member) {
    const struct federation_member *m = federation_by_handle(&r->site->now->federation, text_at(member, "handle"));
    network_sentence(member, r->lang, sentence, sizeof sentence);
    (void)json_object_set_new(member, "sentence", json_string(sentence));
    (void)json_object_set_new(member, "country", json_string(m == NULL ? "" : m->member->country));
  }
}

/* Logs that their owners forked, as rows {"handle", "gen", "forked"}. */
static enum err_code put_forks(const struct request *r, json_t *model, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  const struct catalogue *c = r->site->now->catalogue;
  json_t *forks = json_array();
  enum err_code code = forks == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
  for (uint32_t i = 0; i < c->n_logs && code == OK; i++) {
    const struct log *log = &c->logs[i];
    json_t *row = json_pack("{s:s, s:I}", "handle", federation_handle(f, &log->node), "gen", (json_int_t)log->gen);
    code = query_fork_put(r->site->store, f, &log->node, log->gen, row, err);
    if (json_object_get(row, "forked") != NULL) (void)json_array_append(forks, row);
    json_decref(row);
  }
  (void)json_object_set_new(model, "forks", forks);
  return code;
}

enum err_code model_network(struct request *r, json_t **out, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  json_t *model = NULL;
  enum err_code code = query_holders(r->site->store, f, (uint64_t)time(NULL), &model, err);
  if (code != OK) return code;
  if ((code = put_forks(r, model, err)) != OK) {
    json_decref(model);
    return code;
  }
  put_members(r, json_object_get(model, "members"));
  (void)json_object_set_new(model, "node", json_string(federation_handle(f, &f->own)));
  (void)json_object_set_new(model, "told", json_boolean(r->site->told != NULL));
  (void)json_object_set(model, "hidden", json_object_get(r->site->now->figures, "hidden"));
  *out = model;
  return OK;
}

enum err_code model_holders(struct request *r, json_t **out, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  int64_t rowid = 0;
  json_t *model = NULL, *shown = NULL;
  enum err_code code = object_of_path(r, &rowid, err);
  if (code == OK) code = query_show(r->site->store, f, r->site->schemas, rowid, r->lang, &shown, NULL, err);
  if (code == OK) code = query_where(r->site->store, f, rowid, (uint64_t)time(NULL), &model, err);
  if (code == OK) {
    put_members(r, json_object_get(model, "members"));
    (void)json_object_set(model, "reference", json_object_get(shown, "reference"));
    if (json_object_get(shown, "hidden") == NULL) (void)json_object_set(model, "title", json_object_get(shown, "title"));
    (void)json_object_set_new(model, "told", json_boolean(r->site->told != NULL));
  }
  json_decref(shown);
  *out = model;
  return code;
}

/* ---- as HTML ---- */

static void put_cell(struct request *r, struct html *h, const struct column *column, const char *text) {
  open_cell(r, h, column);
  html_text(h, text);
  html_close(h);
}

/* A number; nothing where it is not known. */
static void put_known(struct request *r, struct html *h, const struct column *column, const json_t *row, const char *key) {
  open_cell(r, h, column);
  if (json_is_integer(json_object_get(row, key))) html_uint(h, (uint64_t)int_at(row, key));
  html_close(h);
}

static void put_span(struct request *r, struct html *h, const struct column *column, const json_t *row, const char *key) {
  char span[NETWORK_SPAN_MAX] = "";
  if (json_is_integer(json_object_get(row, key)) && int_at(row, key) >= 0) network_span((uint64_t)int_at(row, key), span);
  put_cell(r, h, column, span);
}

static void open_member(struct request *r, struct html *h, const json_t *member) {
  char path[64];
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(member, "handle"));
  html_open(h, "tr");
  html_open(h, "th");
  html_attr(h, "scope", "row");
  put_link(r, h, path, text_at(member, "handle"));
  html_text(h, " ");
  html_text(h, country_name(r->site, text_at(member, "country"), r->lang));
  html_close(h);
}

/* How much this node does not show, and where it says what and why. */
static void put_hidden_count(struct request *r, struct html *h, const json_t *model) {
  char path[64];
  if (int_at(model, "hidden") == 0) return;
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(model, "node"));
  html_open(h, "p");
  html_text(h, phrase(P_HIDDEN_HERE, r->lang));
  html_text(h, ": ");
  html_open(h, "a");
  put_href(r, h, path);
  html_uint(h, (uint64_t)int_at(model, "hidden"));
  html_close(h);
  html_close(h);
}

static void put_untold(struct request *r, struct html *h, const json_t *model) {
  if (!json_is_true(json_object_get(model, "told"))) html_element(h, "p", "hint", phrase(P_NETWORK_UNTOLD, r->lang));
}

void show_network(struct request *r, struct html *h, const json_t *model) {
  static const struct column COLUMNS[] = {{P_NODE, false}, {P_REACHED, false},      {P_LAST_HEARD, true}, {P_BEHIND, true},
                                          {P_AHEAD, true}, {P_HOLDS_OF_OURS, true}, {P_LAST_WORD, true}};
  const json_t *members = json_object_get(model, "members"), *member = NULL, *fork = NULL;
  size_t i = 0;
  layout_begin(r, h, phrase(P_NETWORK, r->lang), "/network");
  html_element(h, "h1", NULL, phrase(P_NETWORK, r->lang));
  html_element(h, "p", "lead", phrase(P_NETWORK_LEAD, r->lang));
  json_array_foreach(json_object_get(model, "forks"), i, fork) {
    show_fork(r, h, fork);
  }
  put_hidden_count(r, h, model);
  put_untold(r, h, model);
  if (json_array_size(members) == 0) {
    html_element(h, "p", NULL, phrase(P_NO_MEMBERS, r->lang));
    layout_end(r, h);
    return;
  }
  open_blocks(r, h, P_NETWORK, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
  json_array_foreach(members, i, member) {
    open_member(r, h, member);
    put_cell(r, h, &COLUMNS[1], text_at(member, "sentence"));
    put_span(r, h, &COLUMNS[2], member, "last_heard_s");
    put_known(r, h, &COLUMNS[3], member, "behind");
    put_known(r, h, &COLUMNS[4], member, "ahead");
    open_cell(r, h, &COLUMNS[5]);
    html_uint(h, (uint64_t)int_at(member, "size"));
    html_text(h, "/");
    html_uint(h, (uint64_t)int_at(model, "size"));
    html_close(h);
    put_span(r, h, &COLUMNS[6], member, "said_s");
    html_close(h);
  }
  close_table(h);
  layout_end(r, h);
}

/* "yes", "no"... in the language of the page. */
static const char *holds_word(const json_t *member, const char *lang) {
  static const struct {
    const char *word;
    enum phrase phrase;
  } WORDS[] = {{"yes", P_YES}, {"no", P_NO}, {"other", P_HOLDS_OTHER}, {"unknown", P_HOLDS_UNKNOWN}};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (strcmp(WORDS[i].word, text_at(member, "holds")) == 0) return phrase(WORDS[i].phrase, lang);
  }
  return text_at(member, "holds");
}

static void put_holders(struct request *r, struct html *h, const json_t *model) {
  static const struct column COLUMNS[] = {{P_NODE, false},   {P_HOLDS_IT, false},     {P_REACHED, false},
                                          {P_ENTRIES, true}, {P_TEXTS_MISSING, true}, {P_LAST_WORD, true}};
  const json_t *member = NULL;
  size_t i = 0;
  html_open(h, "p");
  html_open(h, "strong");
  html_uint(h, (uint64_t)int_at(model, "holding"));
  html_text(h, " ");
  html_text(h, phrase(P_OF, r->lang));
  html_text(h, " ");
  html_uint(h, (uint64_t)int_at(model, "others"));
  html_text(h, " ");
  html_text(h, phrase(P_SAY_THEY_HOLD, r->lang));
  html_close(h);
  html_close(h);
  open_blocks(r, h, P_HOLDS_IT, COLUMNS, sizeof COLUMNS / sizeof COLUMNS[0]);
  json_array_foreach(json_object_get(model, "members"), i, member) {
    open_member(r, h, member);
    put_cell(r, h, &COLUMNS[1], holds_word(member, r->lang));
    put_cell(r, h, &COLUMNS[2], text_at(member, "sentence"));
    put_known(r, h, &COLUMNS[3], member, "size");
    put_known(r, h, &COLUMNS[4], member, "missing");
    put_span(r, h, &COLUMNS[5], member, "said_s");
    html_close(h);
  }
  close_table(h);
}

void show_holders(struct request *r, struct html *h, const json_t *model) {
  char path[REFERENCE_MAX + 1];
  (void)snprintf(path, sizeof path, "/%s", text_at(model, "reference"));
  layout_begin(r, h, phrase(P_WHERE_TITLE, r->lang), "");
  html_element(h, "h1", NULL, phrase(P_WHERE_TITLE, r->lang));
  html_open(h, "p");
  put_link(r, h, path, text_at(model, "reference"));
  html_text(h, " ");
  html_text(h, text_at(model, "title"));
  html_close(h);
  html_element(h, "p", "lead", phrase(P_WHERE_LEAD, r->lang));
  show_fork(r, h, model);
  put_untold(r, h, model);
  if (int_at(model, "others") == 0) {
    html_element(h, "p", NULL, phrase(P_NO_MEMBERS, r->lang));
  } else {
    put_holders(r, h, model);
  }
  html_open(h, "p");
  put_link(r, h, "/network", phrase(P_NETWORK, r->lang));
  html_close(h);
  layout_end(r, h);
}
