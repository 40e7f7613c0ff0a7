/*
 * takedown: texts of this node that go for good, here and on every member (docs/protocol.md 4.4, kind 6). On a coordinator's
 * order: the node key signs.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/submit.h"
#include "node/erasure.h"
#include "node/store/query.h"
#include "protocol/schema/nearest.h"

const struct option_row options_takedown[] = {
    {"reason", 0, OPTION_VALUE, "CODE", "personal_data, consent, rights, court, unlawful, danger, mistake, other",
     "personal_data, consent, rights, court, unlawful, danger, mistake, other"},
    {"version", 0, OPTION_VALUE, "N", "one version alone, from 1", "una sola versione, da 1"},
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask; needed where there is no terminal",
     "senza chiedere; necessario dove non c'è un terminale"},
    OPTIONS_END,
};

#define ERASE_TRIES 50 /* while a reader of the store is in the way, */
#define ERASE_MS 100   /* this far apart */

/* What is meant. */
struct target {
  int64_t rowid;
  struct takedown_wish wish;
  char reference[REFERENCE_MAX];
  json_t *json; /* of an object, as query_show gives it; NULL: another record */
};

static enum err_code read_reason(const struct args *args, const struct schema_set *set, uint64_t *out, struct err *err) {
  const struct vocabulary *reasons = vocabulary_by_name(set, "takedown");
  const char *code = args_value(args, "reason");
  struct view wanted = view_of_text(code == NULL ? "other" : code);
  const int64_t number = reasons == NULL ? 0 : vocabulary_number(reasons, wanted);
  if (number > 0) {
    *out = (uint64_t)number;
    return OK;
  }
  struct nearest near = nearest_to(wanted);
  for (size_t i = 0; reasons != NULL && i < vocabulary_count(reasons); i++) {
    nearest_offer(&near, vocabulary_code(reasons, i));
  }
  const char *meant = nearest_word(&near);
  err_set(err, ERR_USAGE, "--reason %s: there is no such reason", code);
  return meant != NULL ? err_hint(err, "did you mean %s?", meant) : err_hint(err, "specola help takedown lists them");
}

/* An object by any of its names, or any other record by its reference. */
static enum err_code find(const struct cli *cli, const struct here *here, const char *name, struct target *t, struct err *err) {
  struct takedown_wish *w = &t->wish;
  struct log log;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, name, &t->rowid, err);
  if (code == OK) {
    w->whole = true;
    code = query_show(here->store, &here->federation, here->schemas, t->rowid, cli->lang, &t->json, NULL, err);
  } else if (code == ERR_NOT_FOUND && reference_parse(&here->federation, name, &w->node, &w->gen, &w->index, NULL) == OK) {
    err_clear(err);
    code = log_find(here->store, &w->node, w->gen, &log, err);
    t->rowid = entry_rowid(log.no, w->index);
  }
  return code;
}

/* The version that --version names. */
static enum err_code find_version(const struct args *args, struct target *t, struct err *err) {
  uint64_t n = 0;
  enum err_code code = args_number(args, "version", 1, 1000000, 0, &n, err);
  if (code != OK || n == 0) {
    return code;
  }
  const json_t *versions = json_object_get(t->json, "versions");
  if (n > json_array_size(versions)) {
    return err_set(err, ERR_NOT_FOUND, "%s has %zu version%s", text_of(t->json, "reference"), json_array_size(versions),
                   json_array_size(versions) == 1 ? "" : "s");
  }
  t->rowid = json_integer_value(json_object_get(json_array_get(versions, (size_t)n - 1), "rowid"));
  t->wish.whole = false;
  return OK;
}

static enum err_code find_target(const struct cli *cli, const struct here *here, const struct args *args, struct target *t,
                                 struct err *err) {
  struct log log;
  enum err_code code = find(cli, here, args->operands[0], t, err);
  if (code == OK) {
    code = find_version(args, t, err);
  }
  if (code == OK) {
    code = log_by_no(here->store, entry_log_no(t->rowid), &log, err);
  }
  if (code != OK) {
    return code;
  }
  t->wish.node = log.node;
  t->wish.gen = log.gen;
  t->wish.index = entry_index(t->rowid);
  reference_format(&here->federation, &log.node, log.gen, t->wish.index, t->reference);
  if (!hash_equal(&log.node, &here->federation.own)) {
    const char *home = federation_handle(&here->federation, &log.node);
    err_set(err, ERR_REFUSED, "%s is %s's: its home alone takes it down", t->reference, home);
    return err_hint(err, "ask its coordinator; specola hide %s --reason … leaves it out here", t->reference);
  }
  return OK;
}

static enum err_code confirm(struct cli *cli, const struct args *args, const struct target *t, struct err *err) {
  char question[640];
  bool yes = true;
  enum err_code code = OK;
  if (args_flag(args, "yes")) {
    return OK;
  }
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "a takedown cannot be undone: it needs a yes");
    return err_hint(err, "specola takedown %s --yes", args->operands[0]);
  }
  snprintf(question, sizeof question, "%s %s \"%.200s\"? %s",
           t->wish.whole ? out_word(cli, "Take down all of", "Rimuovere per intero")
                         : out_word(cli, "Take down the text of", "Rimuovere il testo di"),
           t->reference, text_of(t->json, "title"),
           out_word(cli, "Every member erases it, and nobody can bring it back.",
                    "Ogni membro lo cancella, e nessuno può riportarlo."));
  code = ask_yes(cli, question, false, &yes, err);
  return code == OK && !yes ? err_set(err, ERR_REFUSED, "not taken down: nobody said yes") : code;
}

/* Where no node serves the file has to forget now; what a reader hinders is done when the node runs next. */
static enum err_code erase_here(struct submit *s, struct err *err) {
  bool written = false;
  enum err_code code = hall_erase(s->hall, &written, err);
  for (int i = 0; i < ERASE_TRIES && code == OK && hall_is_erasing(s->hall); i++) {
    (void)poll(NULL, 0, ERASE_MS);
    code = hall_erase(s->hall, &written, err);
  }
  return code;
}

static enum err_code take_down_here(struct submit *s, const struct target *t, json_t *takedowns, struct err *err) {
  struct takedown_report report;
  enum err_code code = hall_take_down(s->hall, &t->wish, &report, err);
  for (uint64_t i = 0; code == OK && i < report.n; i++) {
    char reference[REFERENCE_MAX];
    reference_format(&s->here.federation, &s->here.federation.own, report.gen, report.index + i, reference);
    json_array_append_new(takedowns, json_string(reference));
  }
  return code == OK ? erase_here(s, err) : code;
}

static enum err_code take_down(struct submit *s, const struct target *t, json_t *takedowns, struct err *err) {
  json_t *answer = NULL;
  if (s->ctl == NULL) {
    return take_down_here(s, t, takedowns, err);
  }
  json_t *order =
      json_pack("{s:s, s:b, s:I}", "reference", t->reference, "whole", t->wish.whole, "reason", (json_int_t)t->wish.reason);
  const enum err_code code = ctl_order(s->ctl, "takedown", order, &answer, err);
  if (code == OK) {
    (void)json_array_extend(takedowns, json_object_get(answer, "takedowns"));
  }
  json_decref(order);
  json_decref(answer);
  return code;
}

static void say(struct cli *cli, const struct submit *s, const struct target *t, json_t *takedowns) {
  const size_t n = json_array_size(takedowns);
  const char *first = json_string_value(json_array_get(takedowns, 0)),
             *last = json_string_value(json_array_get(takedowns, n - 1));
  out_set_text(cli, "ref", t->reference);
  out_set(cli, "takedowns", json_incref(takedowns));
  out_line(cli, "%s  %s (%s%s%s), %s", t->reference, out_word(cli, "is taken down", "è rimosso"), first == NULL ? "" : first,
           n > 1 ? " - " : "", n > 1 && last != NULL ? last : "",
           s->ctl == NULL ? out_word(cli, "and erased here", "e cancellato qui")
                          : out_word(cli, "and is being erased", "e viene cancellato"));
  out_note(cli, "%s",
           out_word(cli, "Backups, exports and drafts that you keep are yours to destroy.",
                    "Copie, esportazioni e bozze conservate altrove vanno distrutte a mano."));
  out_note(cli, "Next:  specola where %s", t->reference);
}

enum err_code cmd_takedown(struct cli *cli, const struct args *args, struct err *err) {
  struct submit submit;
  struct target t = {.rowid = 0};
  json_t *takedowns = json_array();
  enum err_code code = submit_open_node(cli, &submit, err);
  if (code != OK) {
    json_decref(takedowns);
    return code;
  }
  code = read_reason(args, submit.here.schemas, &t.wish.reason, err);
  if (code == OK) {
    code = find_target(cli, &submit.here, args, &t, err);
  }
  if (code == OK) {
    code = confirm(cli, args, &t, err);
  }
  if (code == OK) {
    code = take_down(&submit, &t, takedowns, err);
  }
  if (code == OK) {
    say(cli, &submit, &t, takedowns);
  }
  json_decref(takedowns);
  json_decref(t.json);
  submit_release(&submit);
  return code;
}
