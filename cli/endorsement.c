/*
 * endorsement: see endorsement.h.
 */
#include "cli/endorsement.h"

#include <string.h>
#include <time.h>

#include "cli/changes.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "node/store/query_since.h"

#define LINE_MAX_OCTETS ((size_t)64 * 1024)

static uintmax_t number_of(const json_t *json, const char *key) {
  return (uintmax_t)json_integer_value(json_object_get(json, key));
}

const json_t *endorsement_newest(const json_t *endorsement) {
  size_t i;
  json_t *statement;
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    if (number_of(statement, "version") == number_of(endorsement, "versions") &&
        json_object_get(json_object_get(statement, "policy"), "m") != NULL) {
      return statement;
    }
  }
  return NULL;
}

void endorsement_count(const struct cli *cli, const json_t *statement, struct bytes *out) {
  static const struct {
    const char *key;
    const char *one[2], *more[2]; /* English, Italian */
  } words[] = {{"endorsements", {"endorsement", "convalida"}, {"endorsements", "convalide"}},
               {"nodes", {"node", "nodo"}, {"nodes", "nodi"}},
               {"countries", {"country", "paese"}, {"countries", "paesi"}}};
  const json_t *missing = json_object_get(statement, "missing");
  const char *before = out_word(cli, "; missing: ", "; mancano: ");
  bool fits = bytes_printf(out, NULL, "%ju %s %ju", number_of(statement, "counted"), out_word(cli, "of", "di"),
                           number_of(json_object_get(statement, "policy"), "m")) == OK;
  for (size_t i = 0; fits && i < sizeof words / sizeof words[0]; i++) {
    const uintmax_t n = number_of(missing, words[i].key);
    const char *const *form = n == 1 ? words[i].one : words[i].more;
    if (n > 0) {
      fits = bytes_printf(out, NULL, "%s%ju %s", before, n, out_word(cli, form[0], form[1])) == OK;
      before = ", ";
    }
  }
}

/* ---- since then ---- */

static int64_t rowid_of_version(const json_t *json, size_t number) {
  return number == 0
             ? 0
             : json_integer_value(json_object_get(json_array_get(json_object_get(json, "versions"), number - 1), "rowid"));
}

void endorsement_since(const struct cli *cli, const struct here *here, const json_t *json, size_t number, struct bytes *out) {
  const size_t newest = json_array_size(json_object_get(json, "versions"));
  json_t *since = NULL;
  if (query_since(here->store, here->schemas, rowid_of_version(json, number), rowid_of_version(json, newest), cli->lang, &since,
                  NULL) == OK &&
      since != NULL) {
    changes_brief(cli, since, out);
  }
  json_decref(since);
}

/* ---- for people ---- */

static void say_signature(struct cli *cli, const json_t *signature) {
  char day[16] = "?";
  struct tm tm;
  const time_t t = (time_t)json_integer_value(json_object_get(signature, "created"));
  const bool counts = json_is_true(json_object_get(signature, "counts"));
  const char *remark = text_in_language(cli, json_object_get(signature, "remark"));
  const char *interest = text_of(signature, "interest");
  if (gmtime_r(&t, &tm) != NULL) {
    (void)!strftime(day, sizeof day, "%Y-%m-%d", &tm);
  }
  out_toned(cli, counts ? TONE_GOOD : TONE_FAINT, 4, "  %s  %s  %s  %s%s", text_of(signature, "reference"), day,
            text_of(signature, "name"),
            counts ? out_word(cli, "counts", "conta") : out_word(cli, "does not count: ", "non conta: "),
            counts ? "" : text_of(signature, "text"));
  if (remark[0] != '\0') {
    out_wrapped(cli, 4, "    \"%s\"", remark);
  }
  if (interest[0] != '\0') {
    out_wrapped(cli, 4, "    %s: %s", out_word(cli, "interest", "interesse"), interest);
  }
}

static void say_statement(struct cli *cli, const json_t *endorsement, const json_t *statement) {
  struct bytes line;
  size_t i;
  json_t *signature;
  const json_t *since = json_object_get(statement, "since");
  const uintmax_t version = number_of(statement, "version");
  const bool newest = version == number_of(endorsement, "versions");
  const bool met = json_is_true(json_object_get(statement, "met"));
  bytes_init(&line, LINE_MAX_OCTETS);
  endorsement_count(cli, statement, &line);
  out_toned(cli, met && newest ? TONE_GOOD : TONE_PLAIN, 2, "%s (%s %ju): %.*s",
            met ? out_word(cli, "Endorsed", "Convalidata") : out_word(cli, "Endorsements", "Convalide"),
            out_word(cli, "version", "versione"), version, (int)line.len, (const char *)line.p);
  if (since != NULL) {
    bytes_clear(&line);
    changes_brief(cli, since, &line);
    out_wrapped(cli, 4, "    %s: %.*s", out_word(cli, "since then", "da allora"), (int)line.len, (const char *)line.p);
  }
  json_array_foreach(json_object_get(statement, "endorsements"), i, signature) {
    say_signature(cli, signature);
  }
  bytes_release(&line);
}

void endorsement_say(struct cli *cli, const json_t *json) {
  const json_t *endorsement = json_object_get(json, "endorsement");
  size_t i;
  json_t *statement;
  if (endorsement == NULL) {
    return;
  }
  out_line(cli, "%s", "");
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    say_statement(cli, endorsement, statement);
  }
  json_array_foreach(json_object_get(endorsement, "held"), i, statement) {
    say_signature(cli, statement);
  }
  if (number_of(endorsement, "more") > 0) {
    out_line(cli, "%ju %s", number_of(endorsement, "more"),
             out_word(cli, "more that do not count are not shown", "altre che non contano non sono mostrate"));
  }
}
