/*
 * explain: why a record is here, or not here; and of one member: what it says to hold of it, how it is reached, and what was
 * counted of it. One short answer a case, out of the store and of what core tells.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/forked.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/told.h"
#include "cli/translation.h"
#include "node/exchange/counters.h"
#include "node/network.h"
#include "node/store/query_explain.h"
#include "node/store/query_where.h"

/* What is asked about. Everything is owned. */
struct question {
  struct cli *cli;
  struct here here;
  char reference[REFERENCE_MAX];
  int64_t rowid;                /* 0: nothing of that log is here */
  json_t *found, *where, *told; /* where: NULL without a log; told: NULL where nobody serves */
};

static intmax_t number_of(const json_t *json, const char *key) {
  return (intmax_t)json_integer_value(json_object_get(json, key));
}

/* ---- which ---- */

/* A position, be it beyond what is held; else whatever names an object. */
static enum err_code find(struct question *q, const char *name, struct hash *node, uint64_t *gen, uint64_t *index,
                          struct err *err) {
  struct log log;
  int64_t rowid = 0;
  const struct here *here = &q->here;
  enum err_code code = reference_parse(&here->federation, name, node, gen, index, err);
  if (code == ERR_FORMAT) {
    err_clear(err);
    code = query_object(here->store, &here->federation, here->schemas, name, &rowid, err);
    if (code == OK && (code = log_by_no(here->store, entry_log_no(rowid), &log, err)) == OK) {
      *node = log.node;
      *gen = log.gen;
      *index = entry_index(rowid);
    }
  }
  if (code == OK) {
    reference_format(&here->federation, node, *gen, *index, q->reference);
  }
  return code;
}

static enum err_code load(struct question *q, const char *name, struct err *err) {
  struct hash node;
  uint64_t gen = 0, index = 0;
  const struct here *here = &q->here;
  enum err_code code = find(q, name, &node, &gen, &index, err);
  if (code == OK) {
    code = query_explain(here->store, &here->federation, &node, gen, index, &q->rowid, &q->found, err);
  }
  if (code == OK) {
    code = told_load(q->cli, here, &q->told, err);
  }
  if (code == OK && q->rowid != 0) {
    code = query_where(here->store, &here->federation, q->rowid, (uint64_t)time(NULL), &q->where, err);
    network_join(json_object_get(q->where, "members"), q->told);
  }
  return code;
}

/* ---- the record ---- */

/* "FR, EE"; empty when nobody says so. */
static void add_holders(const json_t *where, struct bytes *line) {
  size_t i;
  json_t *member;
  json_array_foreach(json_object_get(where, "members"), i, member) {
    if (strcmp(text_of(member, "holds"), "yes") == 0) {
      (void)!bytes_printf(line, NULL, "%s%s", line->len == 0 ? "" : ", ", text_of(member, "handle"));
    }
  }
}

/* '@' stands for what the case has to add: a reference, a reason, a number. */
static const struct {
  const char *state, *en, *it, *key;
} STATES[] = {
    {"object", "is here: the newest version of an object, shown and counted",
     "è qui: la versione più recente di un oggetto, mostrata e contata", NULL},
    {"older", "is here: an earlier version; the newest is @", "è qui: una versione precedente; la più recente è @", "newest"},
    {"withdrawn", "is here, and was withdrawn by @: lists leave it out",
     "è qui, ed è stato ritirato da @: le liste lo omettono", "withdrawal"},
    {"hidden", "is here, and this node does not show it: specola hide --list says why",
     "è qui, e questo nodo non lo mostra: specola hide --list dice perché", NULL},
    {"record", "is here, and is no object: a record that says who may do what, or a statement about others",
     "è qui, e non è un oggetto: dice chi può fare che cosa, o qualcosa su altri", NULL},
    {"erased", "is here without its text, which was taken down", "è qui senza il testo, che è stato rimosso", NULL},
    {"absent", "is here without its text, which no member that was asked has given yet",
     "è qui senza il testo, che nessun membro interpellato ha ancora dato", NULL},
    {"held", "is kept here without effect: @", "è conservato qui senza effetto: @", "reason"},
    {"beyond", "is not here: of that log @ entries are held, from 0 on",
     "non è qui: di quel registro sono presenti @ voci, da 0", "size"},
    {"cut",
     "was withdrawn when its log was repaired or closed: that generation ends with @ entries; its author may have published it "
     "again: specola search",
     "è stato ritirato quando il suo registro è stato riparato o chiuso: quella generazione finisce con @ voci; l'autore può "
     "averlo pubblicato di nuovo: specola search",
     "cut"},
    {"closed", "is not here, and will not come: that generation of the log was closed with @ entries",
     "non è qui, e non arriverà: quella generazione del registro è stata chiusa con @ voci", "cut"},
};

static const json_t *row_of(const json_t *list, const char *handle) {
  size_t i;
  const json_t *row;
  json_array_foreach(list, i, row) {
    if (strcmp(text_of(row, "handle"), handle) == 0) {
      return row;
    }
  }
  return NULL;
}

/* What core says of the log; NULL: nothing, or nobody serves. */
static const json_t *told_of_log(const struct question *q) {
  size_t i;
  const json_t *log;
  json_array_foreach(json_object_get(q->told, "logs"), i, log) {
    if (strcmp(text_of(log, "handle"), text_of(q->found, "log")) == 0 && number_of(log, "gen") == number_of(q->found, "gen")) {
      return log;
    }
  }
  return NULL;
}

/* Why the log does not go on here, in words; empty: nothing hinders it, as far as is known. */
static void add_hindrance(const struct question *q, struct bytes *line) {
  const json_t *log = told_of_log(q);
  struct log held;
  const struct here *here = &q->here;
  bool found = false, paused = json_is_true(json_object_get(log, "paused"));
  if (log == NULL && q->rowid != 0 && log_by_no(here->store, entry_log_no(q->rowid), &held, NULL) == OK) {
    paused = here_is_paused(here, &held.node);
  }
  if (paused) {
    (void)!bytes_printf(line, NULL, "%s%s", out_word(q->cli, "it ", ""), here_paused(q->cli));
  } else {
    (void)!translation_text(text_of(log, "note"), q->cli->lang, line, &found);
  }
}

/* Of what lies beyond, in a log that is not forked: what hinders it here; else how its owner is reached, who alone may have
 * written it. */
static void say_why(struct question *q) {
  const char *owner = text_of(q->found, "log"), *own = federation_handle(&q->here.federation, &q->here.federation.own);
  const json_t *member = row_of(json_object_get(q->where, "members"), owner);
  struct bytes line;
  bytes_init(&line, 4096);
  add_hindrance(q, &line);
  if (line.len == 0 && strcmp(owner, own) == 0) {
    (void)!bytes_append_text(&line,
                             out_word(q->cli, "it is this node's own, and nothing was written there yet",
                                      "è di questo nodo, e lì non è stato ancora scritto nulla"),
                             NULL);
  } else if (line.len == 0 && member != NULL) {
    char reach[400];
    network_sentence(member, q->cli->lang, reach, sizeof reach);
    (void)!bytes_printf(&line, NULL, "%s %s: %s", out_word(q->cli, "nothing hinders it here;", "nulla lo ostacola qui;"), owner,
                        reach);
  }
  const char *why = bytes_text(&line);
  if (why != NULL && why[0] != '\0') {
    out_wrapped(q->cli, 2, "%s %s: %s", out_word(q->cli, "The log of", "Il registro di"), owner, why);
    out_set(q->cli, "why", out_json_text(view_of_text(why)));
  }
  bytes_release(&line);
}

static void say_record(struct question *q) {
  char what[256] = "", sentence[768] = "";
  struct bytes holders;
  const char *state = text_of(q->found, "state");
  for (size_t i = 0; i < sizeof STATES / sizeof STATES[0]; i++) {
    if (strcmp(STATES[i].state, state) != 0) {
      continue;
    }
    const json_t *value = STATES[i].key == NULL ? NULL : json_object_get(q->found, STATES[i].key);
    snprintf(what, sizeof what, "%s", text_of(q->found, STATES[i].key == NULL ? "" : STATES[i].key));
    if (json_is_integer(value)) {
      snprintf(what, sizeof what, "%jd", (intmax_t)json_integer_value(value));
    } else if (strcmp(state, "held") == 0) {
      snprintf(what, sizeof what, "%s: %s", text_of(q->found, "reason"), text_of(q->found, "reason_text"));
    }
    const char *form = out_word(q->cli, STATES[i].en, STATES[i].it);
    const size_t at = strcspn(form, "@");
    snprintf(sentence, sizeof sentence, "%s %.*s%s%s", q->reference, (int)at, form, form[at] == '@' ? what : "",
             form[at] == '@' ? form + at + 1 : "");
  }
  out_wrapped(q->cli, 2, "%s", sentence);
  out_set_text(q->cli, "sentence", sentence);
  forked_say(q->cli, q->found, text_of(q->found, "log"), federation_handle(&q->here.federation, &q->here.federation.own));
  if (strcmp(state, "beyond") == 0 && json_object_get(q->found, "forked") == NULL) {
    say_why(q);
  }
  bytes_init(&holders, 65536);
  add_holders(q->where, &holders);
  const char *names = bytes_text(&holders);
  if (json_array_size(json_object_get(q->where, "members")) > 0) {
    out_wrapped(q->cli, 2, "%s %s", out_word(q->cli, "Members that say they hold it:", "Membri che dicono di averlo:"),
                names == NULL || names[0] == '\0' ? out_word(q->cli, "none", "nessuno") : names);
  }
  bytes_release(&holders);
}

/* ---- a member ---- */

/* What it says of this very record: HANDLE, a verb, REFERENCE, how old its word is. */
static void holding_of(const struct question *q, const char *handle, const json_t *member, char *out, size_t size) {
  static const struct {
    const char *holds, *en, *it;
  } VERBS[] = {{"yes", "says that it holds", "dice di avere"},
               {"no", "says that it does not hold", "dice di non avere"},
               {"other", "follows another branch of that log, so it has another entry in the place of",
                "segue un altro ramo di quel registro: ha un'altra voce al posto di"}};
  char age[NETWORK_SPAN_MAX] = "?", entries[64] = "";
  const char *verb = NULL, *word = text_of(member, "holds");
  for (size_t i = 0; i < sizeof VERBS / sizeof VERBS[0]; i++) {
    verb = strcmp(VERBS[i].holds, word) == 0 ? out_word(q->cli, VERBS[i].en, VERBS[i].it) : verb;
  }
  if (verb == NULL) {
    snprintf(out, size, "%s %s", handle, out_word(q->cli, "has not said what it holds", "non ha detto che cosa ha"));
    return;
  }
  if (json_is_integer(json_object_get(member, "said_s"))) {
    network_span((uint64_t)number_of(member, "said_s"), age);
  }
  if (strcmp(word, "no") == 0) {
    snprintf(entries, sizeof entries, "%jd %s, ", number_of(member, "size"),
             out_word(q->cli, "entries of that log", "voci di quel registro"));
  }
  snprintf(out, size, "%s %s %s (%s%s %s %s)", handle, verb, q->reference, entries, out_word(q->cli, "said", "detto"), age,
           out_word(q->cli, "ago", "fa"));
}

/* Faults that were counted of it since the node serves. */
static json_t *say_faults(const struct question *q, const char *handle) {
  const char *name;
  json_t *value, *list = json_array();
  json_object_foreach(json_object_get(row_of(json_object_get(q->told, "peers"), handle), "counters"), name, value) {
    enum counter counter;
    if (counter_is_traffic(name) || !counter_by_name(name, &counter)) {
      continue;
    }
    out_wrapped(q->cli, 4, "  %jd x %s: %s", (intmax_t)json_integer_value(value), name, counter_sentence(counter));
    json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "counter", name, "sentence", counter_sentence(counter), "count",
                                          json_integer_value(value)));
  }
  return list;
}

static enum err_code say_member(struct question *q, const char *handle, struct err *err) {
  enum err_code code = here_node(&q->here, &handle, err);
  if (code != OK || strcmp(handle, federation_handle(&q->here.federation, &q->here.federation.own)) == 0) {
    return code; /* this node itself: said already */
  }
  char holding[400], reach[400];
  json_t *row = NULL;
  const json_t *member = row_of(json_object_get(q->where, "members"), handle);
  json_t *members = json_array();
  row = member != NULL ? json_deep_copy(member) : json_pack("{s:s, s:s, s:n}", "handle", handle, "holds", "unknown", "said_s");
  json_array_append_new(members, row);
  network_join(members, q->told);
  holding_of(q, handle, row, holding, sizeof holding);
  network_sentence(row, q->cli->lang, reach, sizeof reach);
  out_wrapped(q->cli, 2, "%s", holding);
  if (number_of(row, "missing") > 0) {
    out_wrapped(q->cli, 2, "%s: %jd %s", handle, number_of(row, "missing"),
                out_word(q->cli, "texts of that log are missing there", "testi di quel registro lì mancano"));
  }
  out_wrapped(q->cli, 2, "%s: %s", handle, reach);
  json_t *peer =
      json_pack("{s:O, s:s, s:s, s:o}", "member", row, "holding", holding, "reach", reach, "faults", say_faults(q, handle));
  out_set(q->cli, "peer", peer);
  json_decref(members);
  return OK;
}

enum err_code cmd_explain(struct cli *cli, const struct args *args, struct err *err) {
  struct question q = {.cli = cli};
  enum err_code code = here_open(cli, &q.here, err);
  if (code != OK) {
    return code;
  }
  code = load(&q, args->operands[0], err);
  if (code == OK && args->n_operands > 1) {
    const char *handle = args->operands[1];
    code = here_node(&q.here, &handle, err); /* before anything is said */
  }
  if (code == OK) {
    json_object_update(cli->doc, q.found);
    out_set_text(cli, "ref", q.reference);
    out_set(cli, "members", json_incref(json_object_get(q.where, "members")));
    say_record(&q);
    code = args->n_operands > 1 ? say_member(&q, args->operands[1], err) : OK;
  }
  json_decref(q.found);
  json_decref(q.where);
  json_decref(q.told);
  here_release(&q.here);
  return code;
}
