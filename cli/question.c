/*
 * question: reads lines and makes a value of them (see question.h). A text with a high limit takes lines up to one that holds
 * only a point; a list takes one value a line; codes are chosen by number, code, or a part of their name.
 */
#include "cli/question.h"

#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/choice.h"
#include "cli/finding.h"
#include "cli/out.h"
#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"
#include "protocol/schema/value.h"

#define LINE_CHARS 200u /* a text with a higher limit, or none, takes several lines */

static bool takes_lines(const struct field *f) {
  return f->type == FIELD_TEXT && !f->many && (f->max_chars == 0 || f->max_chars > LINE_CHARS);
}

/* ---- what is asked ---- */

static void say_limits(const struct question *q) {
  const struct field *f = q->field;
  struct bytes text;
  bytes_init(&text, 512);
  enum err_code code = OK;
  if (f->need == NEED_PUBLISH) {
    code = bytes_printf(&text, NULL, " %s", out_word(q->cli, "Needed to publish.", "Necessario per pubblicare."));
  }
  if (code == OK && f->max_chars > 0) {
    code = bytes_printf(&text, NULL, " %s %u %s.", out_word(q->cli, "At most", "Al massimo"), f->max_chars,
                        out_word(q->cli, "characters", "caratteri"));
  }
  if (code == OK && f->many && (f->min > 0 || f->max_items < LIMIT_LIST)) {
    code = bytes_printf(&text, NULL, " %u-%u %s.", f->min, f->max_items, out_word(q->cli, "values", "valori"));
  }
  if (code == OK && text.len > 0) {
    out_wrapped(q->cli, 2, " %.*s", (int)text.len, (const char *)text.p);
  }
  bytes_release(&text);
}

/* How this one is answered, where that is not plain. */
static const char *manner_of(const struct question *q) {
  const struct field *f = q->field;
  return takes_lines(f)            ? out_word(q->cli, "Several lines; a line with only a point ends the text.",
                                              "Anche su più righe; una riga con un solo punto conclude il testo.")
         : f->type == FIELD_DATE   ? out_word(q->cli, "2024, 2024-05 or 2024-05-31.", "2024, 2024-05 o 2024-05-31.")
         : f->type == FIELD_BOOL   ? out_word(q->cli, "yes or no.", "sì o no.")
         : f->type == FIELD_NUMBER ? out_word(q->cli, "A number: 1250.5", "Un numero: 1250.5")
         : f->type == FIELD_URL    ? "https://example.org/..."
         : f->type == FIELD_REF    ? out_word(q->cli, "The id of an object (64 digits; specola show ID tells it).",
                                              "L'id di un oggetto (64 cifre; lo dice specola show ID).")
                                   : "";
}

/* What stands there already, on one line. */
static void say_now(const struct question *q) {
  char *dump = NULL;
  const json_t *now = q->now;
  const json_t *text = json_is_object(now) ? json_object_get(now, q->lang) : now;
  if (now == NULL) {
    return;
  }
  if (!json_is_string(text)) {
    dump = json_dumps(now, JSON_ENCODE_ANY | JSON_COMPACT);
  }
  const char *shown = json_is_string(text) ? json_string_value(text) : dump == NULL ? "" : dump;
  const size_t n = text_prefix(view_of_text(shown), 300);
  out_wrapped(q->cli, 4, "  %s %.*s%s", out_word(q->cli, "Now (Enter keeps it):", "Ora (Invio lo lascia):"), (int)n, shown,
              shown[n] == '\0' ? "" : "…");
  free(dump);
}

static void introduce(const struct question *q) {
  const struct field *f = q->field;
  const char *help = schema_help(q->schema, f->key, q->cli->lang), *example = schema_example(q->schema, f->key, q->cli->lang);
  out_line(q->cli, "%s", "");
  out_heading(q->cli, "%s%s%s", q->place, q->place[0] == '\0' ? "" : "  ", schema_label(q->schema, f->key, q->cli->lang));
  if (help[0] != '\0') {
    out_wrapped(q->cli, 2, "  %s", help);
  }
  say_limits(q);
  if (example[0] != '\0') {
    out_wrapped(q->cli, 4, "  %s %s", out_word(q->cli, "Example:", "Esempio:"), example);
  }
  if (manner_of(q)[0] != '\0') {
    out_wrapped(q->cli, 2, "  %s", manner_of(q));
  }
  if (f->many && f->vocabulary == NULL) {
    out_wrapped(q->cli, 2, "  %s",
                out_word(q->cli, "One value a line; an empty line ends the list.",
                         "Un valore per riga; una riga vuota conclude l'elenco."));
  }
  say_now(q);
}

/* ---- what is answered ---- */

/* A word that is no answer but what to do. */
static bool is_order(struct view line, enum answer *answer) {
  static const struct {
    const char *word;
    enum answer answer;
  } orders[] = {{"", ANSWER_SKIPPED}, {"<", ANSWER_BACK}, {"!", ANSWER_STOP}, {"?", ANSWER_UNKNOWN}, {"-", ANSWER_NONE}};
  for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
    if (view_is_text(line, orders[i].word)) {
      *answer = orders[i].answer;
      return true;
    }
  }
  return false;
}

static void trim(struct bytes *line) {
  while (line->len > 0 && strchr(" \t\r", line->p[line->len - 1]) != NULL) {
    line->len--;
  }
  size_t n = 0;
  while (n < line->len && strchr(" \t", line->p[n]) != NULL) {
    n++;
  }
  bytes_consume(line, n);
}

static json_t *json_of(struct view text) {
  return json_stringn(text.len == 0 ? "" : (const char *)text.p, text.len);
}

/* More lines of a text whose first is in text, up to a point or the end. */
static enum err_code read_lines(const struct question *q, struct bytes *text, bool *ended, struct err *err) {
  struct bytes line;
  bytes_init(&line, LIMIT_DRAFT);
  enum err_code code = OK;
  while (code == OK && !*ended && (code = ask_line(q->cli, ".", &line, ended, err)) == OK) {
    const bool last = view_is_text(bytes_view(&line), ".");
    if (last || (*ended && line.len == 0)) {
      break;
    }
    code = bytes_append_u8(text, '\n', err);
    code = code == OK ? bytes_append(text, bytes_view(&line), err) : code;
  }
  bytes_release(&line);
  return code;
}

/* One value in the form of the field; NULL: it has another form, and it was said. */
static json_t *shape(const struct question *q, struct view text) {
  char number[VALUE_NUMBER_MAX];
  bool yes = false;
  if (!text_is_valid(text)) {
    out_line(q->cli, "  %s", out_word(q->cli, "not UTF-8 text", "non è testo UTF-8"));
    return NULL;
  }
  if (q->field->type == FIELD_NUMBER && value_number(text, number)) {
    return json_string(number);
  }
  if (q->field->type == FIELD_BOOL) {
    if (!choice_yes_no(text, &yes)) {
      out_line(q->cli, "  %s", out_word(q->cli, "yes or no, please", "sì o no"));
      return NULL;
    }
    return json_boolean(yes);
  }
  return json_of(text);
}

/* A single value beside the same text in other languages. */
static json_t *in_languages(const struct question *q, json_t *value) {
  if (!q->field->ml || value == NULL) {
    return value;
  }
  json_t *all = json_is_object(q->now) ? json_deep_copy(q->now) : json_object();
  json_object_set_new(all, q->lang, value);
  return all;
}

/* What the schema has to say of a value, needs aside. False: it cannot stay. */
static bool judge(const struct question *q, const json_t *value, bool *warned) {
  const struct field *f = q->field, *top = f->parent == NULL ? f : f->parent;
  struct findings findings = {.n = 0};
  struct bytes body;
  json_t *inner = json_deep_copy(value), *json = json_object();
  bool fine = true;
  if (f->parent != NULL) {
    json_t *row = json_object();
    json_object_set_new(row, f->name, inner);
    inner = top->many ? json_pack("[o]", row) : row;
  }
  json_object_set_new(json, top->key, inner);
  bytes_init(&body, LIMIT_BODY);
  *warned = false;
  if (body_from_json(q->schema, json, &body, &findings, NULL) == OK) {
    (void)!schema_check(q->schema, bytes_view(&body), &findings, NULL);
  }
  for (size_t i = 0; i < findings.n; i++) {
    const struct finding *one = &findings.items[i];
    if (strcmp(one->field, f->key) == 0 && strcmp(one->code, "need") != 0) {
      out_toned(q->cli, TONE_WARNING, 4, "  %s: %s", finding_level_name(one->level), one->message);
      fine = fine && one->level != FINDING_REFUSED;
      *warned = true;
    }
  }
  findings_release(&findings);
  bytes_release(&body);
  json_decref(json);
  return fine;
}

/* The first line decides; *again: it was no answer, and that was said. */
static enum err_code read_one(const struct question *q, struct bytes *line, json_t **value, enum answer *answer, bool *again,
                              struct err *err) {
  bool ended = false;
  enum err_code code = ask_line(q->cli, ">", line, &ended, err);
  *again = false;
  if (code != OK) {
    return code;
  }
  trim(line);
  if (ended && line->len == 0) {
    *answer = ANSWER_STOP;
    return OK;
  }
  if (is_order(bytes_view(line), answer)) {
    return OK;
  }
  if (q->field->type == FIELD_CODE && q->field->vocabulary != NULL) {
    *value = choice_read(q->cli, q->field, bytes_view(line), q->cli->lang);
  } else {
    if (takes_lines(q->field)) {
      code = read_lines(q, line, &ended, err);
    }
    *value = code == OK ? shape(q, bytes_view(line)) : NULL;
  }
  *again = *value == NULL && !ended;
  *answer = ended ? ANSWER_STOP : ANSWER_TAKEN;
  return code;
}

/* Adds what was answered to a list; codes come as lists of those that were chosen. */
static void add_to(json_t *list, json_t *value) {
  if (json_is_array(value)) {
    for (size_t i = 0; i < json_array_size(value); i++) {
      bool held = false;
      for (size_t k = 0; k < json_array_size(list); k++) {
        held = held || json_equal(json_array_get(list, k), json_array_get(value, i));
      }
      if (!held) {
        json_array_append(list, json_array_get(value, i));
      }
    }
    json_decref(value);
  } else {
    json_array_append_new(list, value);
  }
}

/* A list, a value a line, until an empty one. */
static enum err_code read_list(const struct question *q, struct bytes *line, json_t **value, enum answer *answer,
                               struct err *err) {
  json_t *list = json_array();
  bool again = false;
  enum err_code code = OK;
  do {
    json_t *one = NULL;
    code = read_one(q, line, &one, answer, &again, err);
    if (one != NULL && q->field->ml) {
      add_to(list, json_pack("{s:o}", q->lang, one));
    } else if (one != NULL) {
      add_to(list, one);
    }
  } while (code == OK && (again || *answer == ANSWER_TAKEN) && json_array_size(list) < LIMIT_LIST);
  const bool ends = *answer == ANSWER_SKIPPED || *answer == ANSWER_STOP || *answer == ANSWER_TAKEN;
  if (code == OK && ends && json_array_size(list) > 0) {
    *answer = *answer == ANSWER_STOP ? ANSWER_STOP : ANSWER_TAKEN;
    *value = list;
    return OK;
  }
  json_decref(list);
  return code;
}

/* Reads once. *taken NULL: an order, in *answer, or (again) no answer at all. */
static enum err_code read_value(const struct question *q, struct bytes *line, json_t **taken, enum answer *answer, bool *again,
                                struct err *err) {
  enum err_code code = OK;
  *again = false;
  if (q->field->many) {
    return read_list(q, line, taken, answer, err);
  }
  code = read_one(q, line, taken, answer, again, err);
  *taken = in_languages(q, *taken);
  return code;
}

enum err_code question_ask(const struct question *q, json_t **value, enum answer *answer, struct err *err) {
  struct bytes line;
  json_t *kept = NULL; /* what was answered, warned of, and may be said again */
  enum err_code code = OK;
  bytes_init(&line, LIMIT_DRAFT);
  introduce(q);
  if (q->field->type == FIELD_CODE && q->field->vocabulary != NULL) {
    choice_show(q->cli, q->field, q->cli->lang);
  }
  for (;;) {
    json_t *taken = NULL;
    bool again = false, warned = false;
    if ((code = read_value(q, &line, &taken, answer, &again, err)) != OK) {
      break;
    }
    if (taken != NULL) {
      json_decref(kept);
      kept = taken;
      if (!judge(q, taken, &warned)) {
        json_decref(kept);
        kept = NULL;
      } else if (warned && *answer != ANSWER_STOP) {
        out_line(q->cli, "  %s",
                 out_word(q->cli, "Enter keeps it as it is; or type it again.", "Invio lo lascia così; oppure riscrivilo."));
      }
      again = warned && *answer != ANSWER_STOP;
    }
    if (!again) {
      break;
    }
  }
  *answer = *answer == ANSWER_SKIPPED && kept != NULL ? ANSWER_TAKEN : *answer;
  const bool taken = code == OK && (*answer == ANSWER_TAKEN || *answer == ANSWER_STOP);
  *value = taken ? kept : NULL;
  if (!taken) {
    json_decref(kept);
  }
  bytes_release(&line);
  return code;
}
