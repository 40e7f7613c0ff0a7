/*
 * hide: what this node does not show, for a reason that its page tells. The node's own decision, of whichever log, and it can
 * be undone: the entries stay where they are, and members have them from here as before.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/submit.h"
#include "node/hiding.h"
#include "node/store/query.h"
#include "node/store/query_hidden.h"

const struct option_row options_hide[] = {
    {"reason", 0, OPTION_VALUE, "WORD|TEXT",
     "personal_data, consent, rights, court, unlawful, danger, mistake, other, or one line of words; needed to hide",
     "personal_data, consent, rights, court, unlawful, danger, mistake, other, o una riga di testo; necessario per nascondere"},
    {"undo", 0, OPTION_FLAG, NULL, "show it again", "lo mostra di nuovo"},
    {"list", 0, OPTION_FLAG, NULL, "what is hidden, since when and why", "che cosa è nascosto, da quando e perché"},
    OPTIONS_END,
};

#define DAY_MAX 16

/* What is meant. */
struct target {
  struct hash id;
  char name[REFERENCE_MAX + HASH_HEX_LEN];
};

/* An object by any of its names. What a cut has withdrawn since has its full id alone. */
static enum err_code find(const struct cli *cli, const struct here *here, const char *name, struct target *t, struct err *err) {
  json_t *json = NULL;
  int64_t rowid = 0;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, name, &rowid, err);
  if (code == ERR_NOT_FOUND && hash_from_hex(view_of_text(name), &t->id, NULL) == OK) {
    struct hidden hidden;
    snprintf(t->name, sizeof t->name, "%s", name);
    if (hidden_get(here->store, &t->id, &hidden, NULL) == OK) {
      err_clear(err);
      return OK;
    }
  }
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, rowid, cli->lang, &json, NULL, err);
  }
  if (code == OK) {
    snprintf(t->name, sizeof t->name, "%s", text_of(json, "reference"));
    code = hash_from_hex(view_of_text(text_of(json, "id")), &t->id, err);
  }
  json_decref(json);
  return code;
}

/* Exactly one of: an object with a reason; an object to be shown again; the list. */
static enum err_code check(const struct args *args, struct err *err) {
  const bool list = args_flag(args, "list"), undo = args_flag(args, "undo"), why = args_value(args, "reason") != NULL;
  if (list && (undo || why || args->n_operands > 0)) {
    err_set(err, ERR_USAGE, "--list takes nothing else");
    return err_hint(err, "specola hide --list");
  }
  if (!list && args->n_operands == 0) {
    err_set(err, ERR_USAGE, "what is to be hidden?");
    return err_hint(err, "specola hide IT-312 --reason rights; specola hide --list");
  }
  if (undo && why) {
    err_set(err, ERR_USAGE, "--undo takes no reason");
    return err_hint(err, "specola hide %.60s --undo", args->operands[0]);
  }
  if (!list && !undo && !why) {
    err_set(err, ERR_USAGE, "hidden for which reason? The node's page tells it");
    return err_hint(err, "specola hide %.60s --reason rights; specola help hide lists the words", args->operands[0]);
  }
  return OK;
}

/* ---- the list ---- */

static void day_of(const json_t *json, char out[DAY_MAX]) {
  struct tm tm;
  const time_t t = (time_t)json_integer_value(json_object_get(json, "since"));
  if (gmtime_r(&t, &tm) == NULL || strftime(out, DAY_MAX, "%Y-%m-%d", &tm) == 0) {
    snprintf(out, DAY_MAX, "?");
  }
}

static enum err_code list(struct cli *cli, struct err *err) {
  static const char *const columns[] = {"object", "since", "reason", NULL};
  struct here here;
  json_t *all = NULL, *one = NULL;
  size_t i = 0;
  enum err_code code = here_open(cli, &here, err);
  if (code == OK) {
    code = query_hidden_all(here.store, &here.federation, here.schemas, cli->lang, &all, err);
  }
  if (code == OK && json_array_size(all) == 0) {
    out_line(cli, "%s", out_word(cli, "This node hides nothing.", "Questo nodo non nasconde nulla."));
  } else if (code == OK) {
    struct out_table *table = out_table_new(cli, columns);
    json_array_foreach(all, i, one) {
      char day[DAY_MAX];
      const char *reference = text_of(one, "reference");
      day_of(one, day);
      const char *cells[] = {reference[0] == '\0' ? text_of(one, "id") : reference, day, text_of(one, "label")};
      out_table_row(table, cells);
    }
    out_table_print(table);
  }
  if (code == OK) {
    out_set(cli, "hidden", json_incref(all));
  }
  json_decref(all);
  here_release(&here);
  return code;
}

/* ---- hiding ---- */

static enum err_code order(struct submit *s, const struct target *t, const char *reason, bool *known, struct err *err) {
  char hex[HASH_HEX_LEN];
  json_t *answer = NULL;
  *known = false;
  if (s->ctl == NULL) {
    return reason == NULL ? hall_unhide(s->hall, &t->id, err) : hall_hide(s->hall, &t->id, reason, known, err);
  }
  hash_hex(&t->id, hex);
  json_t *what = json_pack("{s:s, s:s*}", "id", hex, "reason", reason);
  const enum err_code code = ctl_order(s->ctl, "hide", what, &answer, err);
  *known = code == OK && json_is_true(json_object_get(answer, "known"));
  json_decref(what);
  json_decref(answer);
  return code;
}

static void say(struct cli *cli, const struct target *t, const char *reason, bool known) {
  out_set_text(cli, "ref", t->name);
  out_set(cli, "id", out_json_hash(&t->id));
  out_set_bool(cli, "hidden", reason != NULL);
  if (reason == NULL) {
    out_line(cli, "%s  %s", t->name, out_word(cli, "is shown again", "è mostrato di nuovo"));
    return;
  }
  out_set(cli, "reason", out_json_text(view_of_text(reason)));
  out_set_bool(cli, "known", known);
  out_line(cli, "%s  %s", t->name,
           known ? out_word(cli, "was hidden already, for that reason", "era già nascosto, per quel motivo")
                 : out_word(cli, "is hidden: this node shows it no more", "è nascosto: questo nodo non lo mostra più"));
  out_note(cli, "%s",
           out_word(cli, "It stays in its log, and the other members decide for themselves.",
                    "Resta nel suo registro, e gli altri membri decidono da sé."));
  out_note(cli, "Next:  specola hide %s --undo", t->name);
}

enum err_code cmd_hide(struct cli *cli, const struct args *args, struct err *err) {
  struct submit submit;
  struct target t;
  const char *reason = args_value(args, "reason");
  bool known = false;
  enum err_code code = check(args, err);
  if (code != OK || args_flag(args, "list")) {
    return code == OK ? list(cli, err) : code;
  }
  code = submit_open_node(cli, &submit, err);
  if (code != OK) {
    return code;
  }
  code = find(cli, &submit.here, args->operands[0], &t, err);
  if (code == OK) {
    code = order(&submit, &t, reason, &known, err);
    if (code == ERR_NOT_FOUND && reason == NULL) {
      err_set(err, ERR_NOT_FOUND, "%s is not hidden", t.name);
      code = err_hint(err, "specola hide --list");
    }
  }
  if (code == OK) {
    say(cli, &t, reason, known);
  }
  submit_release(&submit);
  return code;
}
