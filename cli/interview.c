/*
 * interview: the walk from question to question (see interview.h). What a field is, the schema says; how it is asked,
 * question.c.
 */
#include "cli/interview.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/finding.h"
#include "cli/out.h"
#include "cli/proposal.h"
#include "cli/question.h"
#include "protocol/limits.h"

#define PARTS 3 /* needed, counted, the rest */

struct interview {
  struct cli *cli;
  const struct interview_plan *plan;
  const struct field *order[SCHEMA_FIELDS];
  size_t part_end[PARTS];
  const char *lang;
  bool stopped;
};

/* ---- the file ---- */

static enum err_code save(const struct interview *v, struct err *err) {
  struct bytes text;
  bytes_init(&text, LIMIT_DRAFT);
  enum err_code code = draft_write(v->plan->schema, v->plan->json, &text, err);
  code = code == OK ? file_write(v->plan->path, bytes_view(&text), false, err) : code;
  bytes_release(&text);
  return code;
}

/* ---- marks ---- */

static const char *const lists[] = {[ANSWER_UNKNOWN] = "_unknown", [ANSWER_NONE] = "_na"};

static bool is_marked(const json_t *json, const char *key) {
  for (size_t i = ANSWER_UNKNOWN; i <= ANSWER_NONE; i++) {
    const json_t *list = json_object_get(json, lists[i]);
    for (size_t k = 0; k < json_array_size(list); k++) {
      const char *name = json_string_value(json_array_get(list, k));
      if (name != NULL && strcmp(name, key) == 0) {
        return true;
      }
    }
  }
  return false;
}

static void unmark(json_t *json, const char *key) {
  for (size_t i = ANSWER_UNKNOWN; i <= ANSWER_NONE; i++) {
    json_t *list = json_object_get(json, lists[i]);
    for (size_t k = json_array_size(list); k > 0; k--) {
      const char *name = json_string_value(json_array_get(list, k - 1));
      if (name != NULL && strcmp(name, key) == 0) {
        json_array_remove(list, k - 1);
      }
    }
    if (json_array_size(list) == 0) {
      json_object_del(json, lists[i]);
    }
  }
}

static void mark(json_t *json, const char *key, enum answer answer) {
  unmark(json, key);
  if (json_object_get(json, lists[answer]) == NULL) {
    json_object_set_new(json, lists[answer], json_array());
  }
  json_array_append_new(json_object_get(json, lists[answer]), json_string(key));
}

/* ---- one field ---- */

/* Asks for one field of the body or of a row (holder), and keeps the answer there. */
static enum err_code ask_leaf(struct interview *v, const struct field *f, const char *place, json_t *holder,
                              enum answer *answer, struct err *err) {
  json_t *value = NULL;
  const struct question q = {.cli = v->cli,
                             .schema = v->plan->schema,
                             .field = f,
                             .place = place,
                             .lang = v->lang,
                             .now = json_object_get(holder, f->name)};
  enum err_code code = question_ask(&q, &value, answer, err);
  if (value != NULL) {
    json_object_set_new(holder, f->name, value);
    unmark(v->plan->json, f->key);
  } else if (code == OK && (*answer == ANSWER_UNKNOWN || *answer == ANSWER_NONE)) {
    json_object_del(holder, f->name);
    mark(v->plan->json, f->key, *answer);
  }
  return code;
}

/* Asks for the fields of one row; "<" before the first leaves it. */
static enum err_code ask_row(struct interview *v, const struct field *group, const char *place, json_t *row,
                             enum answer *answer, struct err *err) {
  enum err_code code = OK;
  size_t i = 0;
  *answer = ANSWER_SKIPPED;
  while (i < group->n_children && code == OK) {
    const struct field *child = &group->children[i];
    if (child->type == FIELD_BLOB) {
      i++;
      continue;
    }
    code = ask_leaf(v, child, place, row, answer, err);
    if (*answer == ANSWER_STOP || (*answer == ANSWER_BACK && i == 0)) {
      break;
    }
    i = *answer == ANSWER_BACK ? i - 1 : i + 1;
  }
  return code;
}

/* The rows of a group that has several: one after the other, until no further one is wanted. */
static enum err_code ask_rows(struct interview *v, const struct field *group, const char *place, enum answer *answer,
                              struct err *err) {
  json_t *rows = json_object_get(v->plan->json, group->key);
  rows = json_is_array(rows) ? json_incref(rows) : json_array();
  const char *label = schema_label(v->plan->schema, group->key, v->cli->lang);
  bool more = true;
  enum err_code code = OK;
  *answer = ANSWER_SKIPPED;
  while (code == OK && json_array_size(rows) < LIMIT_LIST) {
    char question[256];
    snprintf(question, sizeof question, "%.120s: %zu. %s", label, json_array_size(rows) + 1,
             out_word(v->cli, "Add one?", "Aggiungerne uno?"));
    code = ask_yes(v->cli, question, false, &more, err);
    if (code != OK || !more) {
      break;
    }
    json_t *row = json_object();
    code = ask_row(v, group, place, row, answer, err);
    if (json_object_size(row) > 0) {
      json_array_append(rows, row);
      json_object_set(v->plan->json, group->key, rows);
    }
    json_decref(row);
    if (*answer == ANSWER_STOP || *answer == ANSWER_BACK) {
      break;
    }
  }
  *answer = *answer == ANSWER_STOP ? ANSWER_STOP : ANSWER_SKIPPED;
  json_decref(rows);
  return code;
}

static enum err_code ask_field(struct interview *v, size_t i, enum answer *answer, struct err *err) {
  const struct field *f = v->order[i];
  char place[48];
  snprintf(place, sizeof place, "%zu/%zu", i + 1, v->part_end[PARTS - 1]);
  if (f->n_children == 0) {
    return ask_leaf(v, f, place, v->plan->json, answer, err);
  }
  const char *help = schema_help(v->plan->schema, f->key, v->cli->lang);
  out_line(v->cli, "%s", "");
  out_heading(v->cli, "%s  %s", place, schema_label(v->plan->schema, f->key, v->cli->lang));
  if (help[0] != '\0') {
    out_wrapped(v->cli, 2, "  %s", help);
  }
  if (f->many) {
    return ask_rows(v, f, place, answer, err);
  }
  json_t *group = json_object_get(v->plan->json, f->key);
  group = json_is_object(group) ? json_incref(group) : json_object();
  enum err_code code = ask_row(v, f, place, group, answer, err);
  if (json_object_size(group) > 0) {
    json_object_set(v->plan->json, f->key, group);
  }
  json_decref(group);
  *answer = *answer == ANSWER_STOP || *answer == ANSWER_BACK ? *answer : ANSWER_SKIPPED;
  return code;
}

/* ---- all of them ---- */

static bool is_answered(const struct interview *v, const struct field *f) {
  bool answered = json_object_get(v->plan->json, f->key) != NULL || is_marked(v->plan->json, f->key);
  for (size_t i = 0; i < f->n_alternatives; i++) {
    answered = answered || json_object_get(v->plan->json, f->alternatives[i]) != NULL;
  }
  return answered;
}

/* Whether a field that counts only under a condition (rule word `when`) is worth a question. */
static bool applies(const struct interview *v, const struct field *f) {
  const json_t *value = json_object_get(v->plan->json, f->when_field);
  bool applies = f->when_field[0] == '\0';
  for (size_t i = 0; i < f->n_when && !applies; i++) {
    const char *code = json_is_true(value) ? "true" : json_is_false(value) ? "false" : json_string_value(value);
    applies = code != NULL && strcmp(code, f->when_codes[i]) == 0;
    for (size_t k = 0; k < json_array_size(value) && !applies; k++) {
      const char *element = json_string_value(json_array_get(value, k));
      applies = element != NULL && strcmp(element, f->when_codes[i]) == 0;
    }
  }
  return applies;
}

static void put_order(struct interview *v) {
  static const enum field_need parts[PARTS] = {NEED_PUBLISH, NEED_COMPLETE, NEED_OPTIONAL};
  const struct schema *schema = v->plan->schema;
  size_t n = 0;
  for (size_t part = 0; part < PARTS; part++) {
    for (size_t i = 0; i < schema->n_fields && (part == 0 || !v->plan->express); i++) {
      const struct field *f = &schema->fields[i];
      if (f->need == parts[part] && f != schema->language) {
        v->order[n++] = f;
      }
    }
    v->part_end[part] = n;
  }
}

/* Between two parts: whether to go on. */
static enum err_code ask_part(struct interview *v, size_t part, bool *on, struct err *err) {
  char question[256];
  const size_t n = v->part_end[part] - v->part_end[part - 1];
  out_line(v->cli, "%s", "");
  snprintf(question, sizeof question, "%s %zu %s",
           part == 1 ? out_word(v->cli, "That is what is needed to publish.", "Questo è il necessario per pubblicare.")
                     : out_word(v->cli, "That is what counts for completeness.", "Questo è ciò che conta per la completezza."),
           n, out_word(v->cli, "more questions: go on now?", "altre domande: continuare ora?"));
  return ask_yes(v->cli, question, part == 1, on, err);
}

static enum err_code ask_all(struct interview *v, struct err *err) {
  size_t i = 0, part = 0;
  bool back = false;
  enum err_code code = OK;
  while (code == OK && i < v->part_end[PARTS - 1]) {
    enum answer answer = ANSWER_SKIPPED;
    bool on = true;
    while (!back && i >= v->part_end[part] && on && code == OK) {
      part++;
      code = v->part_end[part] > v->part_end[part - 1] ? ask_part(v, part, &on, err) : OK;
    }
    if (code != OK || !on) {
      break;
    }
    const struct field *f = v->order[i];
    if (!back && (is_answered(v, f) || !applies(v, f))) {
      i++;
      continue;
    }
    code = ask_field(v, i, &answer, err);
    v->stopped = answer == ANSWER_STOP;
    if (code == OK) {
      code = save(v, err);
    }
    if (v->stopped) {
      break;
    }
    back = answer == ANSWER_BACK;
    i = back ? (i > 0 ? i - 1 : 0) : i + 1;
  }
  return code;
}

/* ---- the end ---- */

static enum err_code say_end(struct interview *v, struct err *err) {
  const struct interview_plan *p = v->plan;
  struct proposal o = {.schema = NULL};
  json_t *copy = json_deep_copy(p->json); /* the node's defaults are no answers */
  enum err_code code = proposal_build(p->schema, copy, p->config, &o, err);
  if (code == OK) {
    const bool publishable = o.findings.n_refused == 0;
    out_line(v->cli, "%s", "");
    out_heading(v->cli, "%s: %u %% %s", p->path, proposal_completeness(&o), out_word(v->cli, "complete", "completo"));
    findings_show(v->cli, &o.findings, "  ", FINDING_REFUSED);
    findings_show_next(v->cli, p->schema, &o.findings, "  ");
    out_line(v->cli, "%s  specola check %s    %s%s", out_word(v->cli, "Next:", "Ora:"), p->path,
             publishable ? "specola publish " : "specola new --resume ", p->path);
    if (publishable) {
      out_line(v->cli, "%s  specola new --resume %s", out_word(v->cli, "More answers:", "Altre risposte:"), p->path);
    }
  }
  proposal_release(&o);
  json_decref(copy);
  return code;
}

static void on_interrupt(int number) {
  (void)number; /* the read that waits for an answer ends, as at the end of the input */
}

enum err_code interview_run(struct cli *cli, const struct interview_plan *plan, struct err *err) {
  struct interview v = {.cli = cli, .plan = plan, .lang = cli->lang};
  struct sigaction quiet = {.sa_handler = on_interrupt}, before;
  sigset_t interrupt, mask;
  put_order(&v);
  if (plan->schema->language != NULL && json_object_get(plan->json, plan->schema->language->key) == NULL) {
    json_object_set_new(plan->json, plan->schema->language->key, json_string(v.lang));
  }
  const char *told =
      plan->schema->language == NULL ? NULL : json_string_value(json_object_get(plan->json, plan->schema->language->key));
  v.lang = told == NULL ? v.lang : told;
  out_heading(cli, "%s", schema_label(plan->schema, "@kind", cli->lang));
  out_wrapped(cli, 0, "%s %s. %s",
              out_word(cli, "After every answer the draft is saved in", "Dopo ogni risposta la bozza è salvata in"), plan->path,
              out_word(cli, "Enter: skip. '<': back. '?': not yet known. '-': does not apply. '!': save and go on later.",
                       "Invio: salta. '<': indietro. '?': non ancora noto. '-': non applicabile. '!': salva e continua poi."));
  sigemptyset(&quiet.sa_mask);
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  pthread_sigmask(SIG_BLOCK, &interrupt, &mask); /* but where an answer is waited for: ask.c */
  sigaction(SIGINT, &quiet, &before);
  enum err_code code = save(&v, err);
  code = code == OK ? ask_all(&v, err) : code;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  sigaction(SIGINT, &before, NULL);
  return code == OK ? say_end(&v, err) : code;
}
