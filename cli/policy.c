/*
 * policy: see policy.h.
 */
#include "cli/policy.h"

#include <stdlib.h>
#include <string.h>

#include "cli/json_text.h"
#include "cli/out.h"
#include "node/home.h"
#include "node/store/query_endorse.h"
#include "protocol/canon.h"
#include "protocol/endorsement.h"
#include "protocol/founder.h"
#include "protocol/limits.h"

#define CODE_TEXT_MAX 65 /* octets of a key, with a NUL */
#define FILE_OCTETS ((size_t)1024 * 1024)

static const char *const NUMBERS[] = {"m", "min_countries", "min_nodes", "max_per_node", "max_per_country"};
#define N_NUMBERS (sizeof NUMBERS / sizeof NUMBERS[0])

/* ---- to JSON ---- */

/* All languages of a text. */
static json_t *texts_json(struct view octets) {
  struct canon_reader r = canon_reader(octets);
  struct view previous = view_of(NULL, 0);
  json_t *out = json_object();
  const uint32_t n = canon_map(&r, LIMIT_LANGUAGES);
  for (uint32_t i = 0; i < n && r.fault == NULL; i++) {
    const struct view tag = canon_key(&r, &previous), text = canon_str(&r, LIMIT_BODY);
    char key[CODE_TEXT_MAX];
    if (r.fault == NULL && tag.len < sizeof key) {
      memcpy(key, tag.p, tag.len);
      key[tag.len] = '\0';
      (void)json_object_set_new(out, key, json_stringn((const char *)text.p, text.len));
    }
  }
  return out;
}

json_t *policy_json(struct view octets) {
  struct policy p;
  json_t *out = policy_read(octets, &p, NULL) == OK ? query_policy_json(&p, "en") : NULL;
  if (out != NULL) {
    (void)json_object_set_new(out, "sentence", texts_json(p.sentence));
  }
  return out;
}

/* ---- for people ---- */

void policy_say(struct cli *cli, const char *what, struct view octets) {
  struct policy p;
  char hex[HASH_HEX_LEN];
  json_t *json = policy_read(octets, &p, NULL) == OK ? query_policy_json(&p, cli->lang) : NULL;
  if (json == NULL) {
    return;
  }
  hash_hex(&p.id, hex);
  out_line(cli, "%s %.16s: %ju %s, %ju %s, %ju %s", what, hex, (uintmax_t)p.m, out_word(cli, "endorsements", "convalide"),
           (uintmax_t)p.min_nodes, out_word(cli, "nodes", "nodi"), (uintmax_t)p.min_countries,
           out_word(cli, "countries", "paesi"));
  out_wrapped(cli, 2, "  \"%s\"", text_of(json, "sentence"));
  json_decref(json);
}

void policy_say_act(struct cli *cli, const struct federation *f, const struct act *act) {
  char hex[HASH_HEX_LEN];
  struct view dropped = view_of(NULL, 0);
  for (uint32_t i = 0; f != NULL && act->drops && i < f->epoch.n_policies; i++) {
    dropped = hash_equal(&f->epoch.policies[i], &act->dropped) ? bytes_view(&f->policies[i]) : dropped;
  }
  if (dropped.len > 0) {
    policy_say(cli, out_word(cli, "Policy dropped", "Regola tolta"), dropped);
  } else if (act->drops) {
    hash_hex(&act->dropped, hex);
    out_line(cli, "%s %.16s", out_word(cli, "Policy dropped", "Regola tolta"), hex);
  }
  if (act->adopted.len > 0) {
    policy_say(cli, out_word(cli, "Policy adopted", "Regola adottata"), act->adopted);
  }
}

/* ---- from JSON ---- */

static int by_encoded(const void *a, const void *b) {
  const char *const *x = a, *const *y = b;
  const size_t n = strlen(*x), m = strlen(*y);
  return n != m ? (n > m) - (n < m) : strcmp(*x, *y);
}

/* A text in languages, as a map whose keys rise by their encoded octets. */
static enum err_code put_texts(struct canon_writer *w, json_t *texts, struct err *err) {
  const char *tags[LIMIT_LANGUAGES], *tag;
  json_t *text;
  size_t n = 0;
  if (!json_is_object(texts) || json_object_size(texts) == 0 || json_object_size(texts) > LIMIT_LANGUAGES) {
    return err_set(err, ERR_FORMAT, "sentence: a text in 1 to %u languages, {\"en\": \"…\"}", LIMIT_LANGUAGES);
  }
  json_object_foreach(texts, tag, text) {
    if (!json_is_string(text)) {
      return err_set(err, ERR_FORMAT, "sentence: %.60s: not a text", tag);
    }
    tags[n++] = tag;
  }
  qsort(tags, n, sizeof tags[0], by_encoded);
  canon_put_map(w, (uint32_t)n);
  for (size_t i = 0; i < n; i++) {
    canon_put_text(w, tags[i]);
    canon_put_text(w, json_string_value(json_object_get(texts, tags[i])));
  }
  return OK;
}

static enum err_code put_criteria(struct canon_writer *w, const json_t *criteria, const struct schema_set *set,
                                  struct err *err) {
  const struct vocabulary *words = vocabulary_by_name(set, "criteria");
  size_t i;
  json_t *code;
  if (!json_is_array(criteria) || json_array_size(criteria) > LIMIT_LIST) {
    return err_set(err, ERR_FORMAT, "criteria: a list of codes");
  }
  canon_put_array(w, (uint32_t)json_array_size(criteria));
  json_array_foreach(criteria, i, code) {
    const char *text = json_string_value(code);
    if (text == NULL || words == NULL || !vocabulary_has(words, view_of_text(text))) {
      (void)err_set(err, ERR_FORMAT, "criteria: %.60s: no such criterion", text == NULL ? "?" : text);
      return err_hint(err, "specola help criteria lists the codes");
    }
    canon_put_text(w, text);
  }
  return OK;
}

/* Whether it says what a policy has, and nothing else. */
static enum err_code check_keys(json_t *json, struct err *err) {
  const char *key;
  json_t *value;
  if (!json_is_object(json)) {
    return err_set(err, ERR_FORMAT, "not a policy");
  }
  json_object_foreach(json, key, value) {
    bool known = strcmp(key, "id") == 0 || strcmp(key, "sentence") == 0 || strcmp(key, "criteria") == 0 ||
                 (strcmp(key, "exclude_home") == 0 && json_is_boolean(value));
    for (size_t i = 0; i < N_NUMBERS; i++) {
      known = known || strcmp(key, NUMBERS[i]) == 0;
    }
    if (!known) {
      return err_set(err, ERR_FORMAT, "%.60s: a policy says nothing like that", key);
    }
  }
  for (size_t i = 0; i < N_NUMBERS; i++) {
    const json_int_t n = json_integer_value(json_object_get(json, NUMBERS[i]));
    if (n < 1 || n > LIMIT_MEMBERS) {
      return err_set(err, ERR_FORMAT, "%s: a number from 1 to %u", NUMBERS[i], LIMIT_MEMBERS);
    }
  }
  return json_object_get(json, "exclude_home") != NULL ? OK : err_set(err, ERR_FORMAT, "exclude_home: true or false");
}

static enum err_code put_policy(json_t *json, const struct schema_set *set, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  enum err_code code = check_keys(json, err);
  canon_put_array(&w, 8);
  if (code == OK) code = put_texts(&w, json_object_get(json, "sentence"), err);
  if (code == OK) code = put_criteria(&w, json_object_get(json, "criteria"), set, err);
  for (size_t i = 0; i < N_NUMBERS; i++) {
    canon_put_uint(&w, (uint64_t)json_integer_value(json_object_get(json, NUMBERS[i])));
  }
  canon_put_bool(&w, json_is_true(json_object_get(json, "exclude_home")));
  return code == OK ? canon_written(&w, "policy", err) : code;
}

enum err_code policy_file_read(const char *path, const struct schema_set *set, struct bytes *out, struct err *err) {
  struct bytes text;
  json_t *json = NULL;
  json_error_t fault;
  bytes_init(&text, FILE_OCTETS);
  enum err_code code = file_read(path, &text, err);
  if (code == OK && (json = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, &fault)) == NULL) {
    code = err_set(err, ERR_FORMAT, "line %d: %s", fault.line, fault.text);
  }
  if (code == OK) code = put_policy(json, set, out, err);
  if (code != OK) {
    (void)err_context(err, "%s", path);
    if (err != NULL && err->hint[0] == '\0')
      (void)err_hint(err, "specola --json member list tells those in force, in that form");
  }
  json_decref(json);
  bytes_release(&text);
  return code;
}
