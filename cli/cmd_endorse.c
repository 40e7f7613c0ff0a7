/*
 * endorse: a reviewer signs the statement of a version (docs/protocol.md 16), carries an earlier signature on to the newest
 * version, or takes it back. What is affirmed is shown before anything is signed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/said.h"

const struct option_row options_endorse[] = {
    SAID_OPTIONS,
    {"carry", 0, OPTION_FLAG, NULL, "sign the newest version as you signed one before; shows what changed since",
     "firma la versione più recente come una precedente; mostra che cosa è cambiato"},
    {"withdraw", 0, OPTION_FLAG, NULL, "take your endorsement back", "ritira la propria convalida"},
    OPTIONS_END,
};

/* An endorsement on its way. */
struct endorsing {
  struct cli *cli;
  const struct args *args;
  struct submit submit;
  struct person_card card;
  char key[HASH_HEX_LEN]; /* the person's public key */
  json_t *json;           /* what query_show said of the object */
  json_t *said;           /* the body: criteria, interest, language, remark */
  struct err *err;
};

static const json_t *endorsement_of(const struct endorsing *e) {
  return json_object_get(e->json, "endorsement");
}

/* ---- what is shown, and the yes ---- */

static void show_statement(struct endorsing *e, const json_t *statement) {
  struct cli *cli = e->cli;
  out_heading(cli, "%s  %s", text_of(e->json, "reference"), text_of(e->json, "title"));
  out_wrapped(cli, 2, "%s %jd (%s), %s", out_word(cli, "version", "versione"),
              (intmax_t)json_integer_value(json_object_get(statement, "version")), text_of(statement, "version_reference"),
              text_of(json_object_get(e->json, "home"), "handle"));
  said_show(cli, e->submit.here.schemas, json_object_get(statement, "policy"), e->said);
}

static enum err_code confirm(struct endorsing *e, const char *question, const char *again) {
  char command[REFERENCE_MAX + 64];
  (void)snprintf(command, sizeof command, "specola endorse %s %s--yes", text_of(e->json, "reference"), again);
  return said_agreed(e->cli, e->args, e->said, question, command, e->err);
}

/* What it comes to now: "Endorsements (version 3): 2 of 3; missing: 1 country". */
static enum err_code tell(struct endorsing *e, const char *reference, bool known, bool taken_back) {
  const struct here *here = &e->submit.here;
  struct bytes line;
  json_t *now = NULL;
  int64_t rowid = 0;
  struct cli *cli = e->cli;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, text_of(e->json, "id"), &rowid, e->err);
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, rowid, cli->lang, &now, NULL, e->err);
  }
  json_t *endorsement = json_object_get(now, "endorsement");
  const json_t *statement = endorsement_newest(endorsement);
  if (code != OK || statement == NULL) {
    json_decref(now);
    return code;
  }
  out_set_text(cli, "ref", text_of(e->json, "reference"));
  out_set_text(cli, "reference", reference);
  out_set_bool(cli, "known", known);
  out_set_bool(cli, "taken_back", taken_back);
  out_set(cli, "endorsement", json_incref(endorsement));
  bytes_init(&line, LIMIT_HEADER);
  endorsement_count(cli, statement, &line);
  out_line(cli, "%s  %s %s", text_of(e->json, "reference"),
           taken_back ? out_word(cli, "taken back at", "ritirata in")
           : known    ? out_word(cli, "endorsed by you already at", "già convalidata in")
                      : out_word(cli, "signed, and in the log at", "firmata, e nel registro in"),
           reference);
  out_line(cli, "  %s %.*s", out_word(cli, "counts:", "conta:"), (int)line.len, (const char *)line.p);
  bytes_release(&line);
  json_decref(now);
  return OK;
}

/* ---- signing ---- */

/* What the earlier signature stands on, and what changed since. */
static enum err_code show_carried(struct endorsing *e, const json_t *before, size_t number) {
  struct bytes line;
  bytes_init(&line, LIMIT_BODY);
  endorsement_since(e->cli, &e->submit.here, e->json, number, &line);
  out_wrapped(e->cli, 2, "%s %zu (%s). %s: %.*s", out_word(e->cli, "You endorsed version", "Ha convalidato la versione"),
              number, text_of(before, "reference"), out_word(e->cli, "Since then", "Da allora"), (int)line.len,
              line.len == 0 ? "" : (const char *)line.p);
  bytes_release(&line);
  endorsing_carry(e->said, before);
  return OK;
}

/* What will be signed is said and shown; what the person adds to it is asked for last. */
static enum err_code prepare(struct endorsing *e, const json_t *statement) {
  size_t number = 0;
  const json_t *before = args_flag(e->args, "carry") ? endorsing_mine_before(endorsement_of(e), e->key, &number) : NULL;
  if (args_flag(e->args, "carry") && before == NULL) {
    err_set(e->err, ERR_NOT_FOUND, "you endorsed no earlier version of %s", text_of(e->json, "reference"));
    return err_hint(e->err, "specola endorse %s", text_of(e->json, "reference"));
  }
  char hint[REFERENCE_MAX + 96];
  (void)snprintf(hint, sizeof hint, "specola --json show %s | jq '.endorsement.statements[0].policy.criteria'",
                 text_of(e->json, "reference"));
  enum err_code code = before != NULL ? show_carried(e, before, number)
                                      : said_criteria(e->args, json_object_get(statement, "policy"), hint, e->said, e->err);
  if (code == OK) {
    show_statement(e, statement);
  }
  return code == OK && before == NULL ? said_texts(e->cli, e->args, e->said, e->err) : code;
}

static enum err_code sign(struct endorsing *e) {
  const json_t *statement = endorsement_newest(endorsement_of(e));
  char reference[REFERENCE_MAX] = "";
  const json_t *mine = endorsing_mine(statement, e->key);
  if (mine != NULL) {
    return tell(e, text_of(mine, "reference"), true, false);
  }
  enum err_code code = endorsing_may(&e->submit.here.federation, e->json, statement, e->err);
  code = code == OK ? prepare(e, statement) : code;
  if (code == OK) {
    code = confirm(e, out_word(e->cli, "Sign this?", "Firmare?"), args_flag(e->args, "carry") ? "--carry " : "");
  }
  if (code == OK && (code = submit_person(e->cli, &e->submit, e->err)) == OK &&
      (code = endorsing_sign(&e->submit, e->json, statement, e->said, reference, e->err)) == OK) {
    code = tell(e, reference, false, false);
  }
  return code;
}

/* ---- taking back ---- */

static enum err_code take_back(struct endorsing *e) {
  char reference[REFERENCE_MAX] = "";
  if (!endorsing_has_mine(endorsement_of(e), e->key)) {
    return err_set(e->err, ERR_NOT_FOUND, "you have not endorsed %s", text_of(e->json, "reference"));
  }
  enum err_code code = confirm(e, out_word(e->cli, "Take your endorsement back?", "Ritirare la convalida?"), "--withdraw ");
  if (code == OK && (code = submit_person(e->cli, &e->submit, e->err)) == OK &&
      (code = endorsing_take_back(&e->submit, e->json, e->key, reference, e->err)) == OK) {
    code = tell(e, reference, false, true);
  }
  return code;
}

static enum err_code find_person(struct endorsing *e) {
  struct hash octets;
  const enum err_code code = person_card_of(e->cli, &e->card, e->err);
  if (code == OK) {
    memcpy(octets.b, e->card.key.b, sizeof octets.b);
    hash_hex(&octets, e->key);
  }
  return code;
}

enum err_code cmd_endorse(struct cli *cli, const struct args *args, struct err *err) {
  struct endorsing e = {.cli = cli, .args = args, .said = json_object(), .err = err};
  int64_t rowid = 0;
  enum err_code code = e.said == NULL ? err_set(err, ERR_MEMORY, NULL) : submit_open(cli, &e.submit, err);
  if (code != OK) {
    goto out;
  }
  if (args_flag(args, "carry") && args_flag(args, "withdraw")) {
    code = err_set(err, ERR_USAGE, "--carry and --withdraw: one of them");
    goto out;
  }
  if ((code = here_object(cli, &e.submit.here, args->operands[0], &rowid, &e.json, err)) == OK &&
      (code = find_person(&e)) == OK) {
    code = args_flag(args, "withdraw") ? take_back(&e) : sign(&e);
  }
out:
  json_decref(e.said);
  json_decref(e.json);
  submit_tell(cli, &e.submit);
  submit_release(&e.submit);
  return code;
}
