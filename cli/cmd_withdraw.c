/*
 * withdraw: an object.withdraw into the own log (docs/protocol.md 4.4, kind 17). It cannot be undone: nothing follows a
 * withdrawal.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/publication.h"
#include "keys/text.h"

const struct option_row options_withdraw[] = {
    {"reason", 0, OPTION_VALUE, "TEXT", "why, for everybody to read; in the node's language",
     "perché, leggibile da tutti; nella lingua del nodo"},
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask; needed where there is no terminal",
     "senza chiedere conferma; necessario senza terminale"},
    OPTIONS_END,
};

#define REASON_CHARS 2000 /* of the text */

/* {reason: {tag: text}}, or nothing. */
static enum err_code build_reason(const struct cli *cli, const struct home_config *config, const char *text, struct bytes *out,
                                  struct err *err) {
  struct findings findings = {.n = 0};
  if (text == NULL || text[0] == '\0') {
    return OK;
  }
  if (!text_is_valid(view_of_text(text)) || text_length(view_of_text(text)) > REASON_CHARS) {
    err_set(err, ERR_USAGE, "--reason: not a text of at most %d characters", REASON_CHARS);
    return err_hint(err, "say it shorter; a longer text belongs into a new version, published before the withdrawal");
  }
  const char *tag = config->language[0] != '\0' ? config->language : cli->lang;
  json_t *json = json_pack("{s:{s:s}}", "reason", tag, text);
  if (json == NULL) {
    return err_set(err, ERR_USAGE, "--reason: the text is not UTF-8");
  }
  enum err_code code = body_from_json(NULL, json, out, &findings, err);
  if (code == OK && findings.n_refused > 0) {
    code = err_set(err, ERR_USAGE, "--reason: %s", findings.n > 0 ? findings.items[0].message : "cannot be signed");
  }
  findings_release(&findings);
  json_decref(json);
  return code;
}

/* Shows what is about to be withdrawn and asks. Where nobody can be asked, --yes must say it. */
static enum err_code confirm(struct cli *cli, const struct args *args, const json_t *json, bool *yes, struct err *err) {
  char question[512];
  *yes = true;
  if (args_flag(args, "yes")) {
    return OK;
  }
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "a withdrawal cannot be undone: it needs a yes");
    return err_hint(err, "specola withdraw %s --yes", text_of(json, "reference"));
  }
  snprintf(question, sizeof question, "%s %s \"%.200s\"? %s", out_word(cli, "Withdraw", "Ritirare"), text_of(json, "reference"),
           text_of(json, "title"), out_word(cli, "This cannot be undone.", "Non si può annullare."));
  return ask_yes(cli, question, false, yes, err);
}

static enum err_code send(struct submit *s, const struct version_of *v, struct view body, char reference[REFERENCE_MAX],
                          struct err *err) {
  struct batch *batch = calloc(1, sizeof *batch);
  struct receipt *receipt = calloc(1, sizeof *receipt);
  enum err_code code = OK;
  if (batch == NULL || receipt == NULL) {
    free(batch);
    free(receipt);
    return err_set(err, ERR_MEMORY, NULL);
  }
  code = submit_seal_withdrawal(s, &v->object, &v->newest, body, 0, batch, err);
  if (code == OK) {
    code = submit_send(s, batch, receipt, err);
  }
  if (code == OK && receipt->rows[0].state != RECEIPT_LOGGED) {
    code = submit_not_logged(s, &receipt->rows[0], err);
  } else if (code == OK) {
    reference_format(&s->here.federation, &receipt->node, receipt->rows[0].gen, receipt->rows[0].index, reference);
  }
  batch_clear(batch);
  free(batch);
  free(receipt);
  return code;
}

static void say(struct cli *cli, const json_t *json, const char *reference, bool known) {
  out_set_text(cli, "ref", text_of(json, "reference"));
  out_set_text(cli, "id", text_of(json, "id"));
  out_set(cli, "title", out_json_text(view_of_text(text_of(json, "title"))));
  out_set_text(cli, "state", "withdrawn");
  out_set_text(cli, "withdrawal", reference);
  out_set_bool(cli, "known", known);
  out_line(cli, "%s  %s  %s %s", text_of(json, "reference"), text_of(json, "title"),
           known ? out_word(cli, "was withdrawn already at", "era già stato ritirato in")
                 : out_word(cli, "withdrawn at", "ritirato in"),
           reference);
}

enum err_code cmd_withdraw(struct cli *cli, const struct args *args, struct err *err) {
  struct submit submit;
  struct version_of v;
  struct bytes body;
  json_t *json = NULL;
  char reference[REFERENCE_MAX] = "";
  bool yes = false;
  enum err_code code = submit_open(cli, &submit, err);
  if (code != OK) {
    return code;
  }
  const struct here *here = &submit.here;
  bytes_init(&body, LIMIT_BODY);
  if ((code = version_by_name(here, args->operands[0], &v, err)) != OK ||
      (code = query_show(here->store, &here->federation, here->schemas, v.rowid, cli->lang, &json, NULL, err)) != OK) {
    goto out;
  }
  const json_t *before = json_object_get(json, "withdrawal");
  if (before != NULL) {
    say(cli, json, text_of(before, "reference"), true);
    goto out;
  }
  if ((code = build_reason(cli, &here->home.config, args_value(args, "reason"), &body, err)) != OK ||
      (code = confirm(cli, args, json, &yes, err)) != OK) {
    goto out;
  }
  if (!yes) {
    code = err_set(err, ERR_REFUSED, "not withdrawn: nobody said yes");
    goto out;
  }
  if ((code = submit_person(cli, &submit, err)) == OK && (code = send(&submit, &v, bytes_view(&body), reference, err)) == OK) {
    say(cli, json, reference, false);
  }
out:
  json_decref(json);
  bytes_release(&body);
  submit_tell(cli, &submit);
  submit_release(&submit);
  return code;
}
