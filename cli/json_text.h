/*
 * json_text: texts out of the JSON that the floors below give.
 */
#ifndef SPECOLA_CLI_JSON_TEXT_H
#define SPECOLA_CLI_JSON_TEXT_H

#include "cli/cli.h"

/* The text under a key; "" where there is none. Borrowed from json. */
static inline const char *text_of(const json_t *json, const char *key) {
  const char *text = json_string_value(json_object_get(json, key));
  return text == NULL ? "" : text;
}

/* A text in languages, {tag: text}, or plain: in the language of this run, else the first; "" where there is none. Borrowed
 * from texts. */
static inline const char *text_in_language(const struct cli *cli, json_t *texts) {
  const char *text = json_string_value(texts);
  text = text != NULL ? text : json_string_value(json_object_get(texts, cli->lang));
  if (text == NULL && json_object_size(texts) > 0) {
    text = json_string_value(json_object_iter_value(json_object_iter(texts)));
  }
  return text == NULL ? "" : text;
}

#endif
