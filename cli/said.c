/*
 * said: see said.h.
 */
#include "cli/said.h"

#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/endorsing.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "protocol/schema/body.h"

enum err_code said_criteria(const struct args *args, const json_t *policy, const char *hint, json_t *said, struct err *err) {
  const char *code = NULL;
  size_t n = 0;
  json_t *list = json_array();
  (void)json_object_set_new(said, "criteria", list);
  for (; (code = args_nth(args, "criteria", n)) != NULL; n++) {
    if (!endorsing_is_criterion(policy, code)) {
      err_set(err, ERR_USAGE, "--criteria: '%s' is none of the policy's criteria", code);
      return err_hint(err, "%s", hint);
    }
    (void)json_array_append_new(list, json_string(code));
  }
  return n > 0 || json_array_extend(list, json_object_get(policy, "criteria")) == 0 ? OK : err_set(err, ERR_MEMORY, NULL);
}

static enum err_code ask_text(struct cli *cli, const struct args *args, const char *question, const char *given,
                              struct bytes *out, struct err *err) {
  bool ended = false;
  if (given != NULL) {
    return bytes_append_text(out, given, err);
  }
  return args_flag(args, "yes") || !ask_can(cli) ? OK : ask_line(cli, question, out, &ended, err);
}

/* One of the texts of the body: given as an option, or asked for. tag: of a text in languages; NULL: a plain one. */
static enum err_code read_text(struct cli *cli, const struct args *args, const char *key, const char *question, const char *tag,
                               json_t *said, struct err *err) {
  struct bytes answer;
  const char *given = args_value(args, key);
  char option[16];
  (void)snprintf(option, sizeof option, "--%s", key);
  enum err_code code = endorsing_check_text(option, given, err);
  bytes_init(&answer, (size_t)ENDORSING_TEXT_CHARS * 4);
  if (code == OK) {
    code = ask_text(cli, args, question, given, &answer, err);
  }
  if (code == OK && answer.len > 0) {
    json_t *text = json_stringn((const char *)answer.p, answer.len);
    json_t *value = tag == NULL || text == NULL ? text : json_pack("{s:o}", tag, text);
    code = value == NULL ? err_set(err, ERR_USAGE, "--%s: the text is not UTF-8", key) : OK;
    (void)json_object_set_new(said, key, value);
  }
  bytes_release(&answer);
  return code;
}

enum err_code said_texts(struct cli *cli, const struct args *args, json_t *said, struct err *err) {
  const struct {
    const char *key, *question, *tag;
  } texts[] = {
      {"language",
       out_word(cli, "Language in which you read it (it, en, …; Enter: not told):",
                "Lingua in cui l'ha letto (it, en, …; Invio: non detto):"),
       NULL},
      {"interest",
       out_word(cli, "What ties you to it, for everybody to read (Enter: nothing):",
                "Che cosa La lega ad esso, leggibile da tutti (Invio: nulla):"),
       NULL},
      {"remark",
       out_word(cli, "Remark, for everybody to read (Enter: none):", "Osservazione, leggibile da tutti (Invio: nessuna):"),
       cli->lang}};
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < sizeof texts / sizeof texts[0]; i++) {
    code = read_text(cli, args, texts[i].key, texts[i].question, texts[i].tag, said, err);
    if (code == OK && i == 0) {
      code = endorsing_check_language("--language", text_of(said, "language"), err);
    }
  }
  return code;
}

void said_show(struct cli *cli, const struct schema_set *schemas, const json_t *policy, const json_t *said) {
  const struct vocabulary *words = vocabulary_by_name(schemas, "criteria");
  size_t i;
  json_t *code;
  out_wrapped(cli, 2, "\"%s\"", text_of(policy, "sentence"));
  json_array_foreach(json_object_get(said, "criteria"), i, code) {
    const char *name = json_string_value(code); /* NULL: a signature carried on may say anything there */
    const char *label = words == NULL || name == NULL ? NULL : vocabulary_label(words, view_of_text(name), cli->lang);
    out_wrapped(cli, 4, "  %s", label != NULL ? label : name == NULL ? "?" : name);
  }
}

/* The texts of the body, as far as there are any. */
static void show_texts(struct cli *cli, const json_t *said) {
  const struct {
    const char *key, *label;
  } texts[] = {{"language", out_word(cli, "Read in", "Letto in")},
               {"interest", out_word(cli, "Interest", "Interesse")},
               {"remark", out_word(cli, "Remark", "Osservazione")}};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    json_t *value = json_object_get(said, texts[i].key), *text;
    const char *tag;
    if (json_is_string(value)) out_wrapped(cli, 2, "%s: %s", texts[i].label, json_string_value(value));
    json_object_foreach(value, tag, text) {
      out_wrapped(cli, 2, "%s (%s): %s", texts[i].label, tag, json_is_string(text) ? json_string_value(text) : "?");
    }
  }
}

enum err_code said_agreed(struct cli *cli, const struct args *args, const json_t *said, const char *question,
                          const char *command, struct err *err) {
  bool yes = args_flag(args, "yes");
  show_texts(cli, said);
  if (yes) {
    return OK;
  }
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "it needs a yes");
    return err_hint(err, "%s", command);
  }
  const enum err_code code = ask_yes(cli, question, false, &yes, err);
  return code != OK || yes ? code : err_set(err, ERR_REFUSED, "nothing was signed: nobody said yes");
}

enum err_code said_encode(json_t *said, struct bytes *out, struct err *err) {
  struct findings findings = {.n = 0};
  enum err_code code = json_object_size(said) == 0 ? OK : body_from_json(NULL, said, out, &findings, err);
  if (code == OK && findings.n_refused > 0) {
    code = err_set(err, ERR_USAGE, "%s", findings.n > 0 ? findings.items[0].message : "it cannot be signed");
  }
  findings_release(&findings);
  return code;
}
