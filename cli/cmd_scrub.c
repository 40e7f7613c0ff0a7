/*
 * scrub: a pass over everything held, now. Where a node serves it heals what is found; else it can only be told.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/out.h"
#include "cli/submit.h"
#include "node/scrub.h"

#define SCRUB_WAIT_MS 120000 /* for members to give what is damaged */
#define SCRUB_STEP 4096u

static enum err_code pass_here(struct submit *s, json_t **out, struct err *err) {
  struct scrub_state state = {.running = true};
  enum err_code code = OK;
  hall_scrub_begin(s->hall);
  while (code == OK && state.running) {
    code = hall_scrub_step(s->hall, SCRUB_STEP, err);
    if (code == OK) {
      code = hall_scrub_state(s->hall, &state, err);
    }
  }
  if (code == OK) {
    *out = json_pack("{s:I, s:I, s:b, s:I, s:I}", "entries", (json_int_t)state.entries, "found", (json_int_t)state.found,
                     "derived", state.derived, "milestones", (json_int_t)state.milestones, "left", (json_int_t)state.left);
  }
  return code;
}

static enum err_code pass(struct submit *s, json_t **out, struct err *err) {
  if (s->ctl == NULL) {
    return pass_here(s, out, err);
  }
  json_t *order = json_pack("{s:I}", "timeout_ms", (json_int_t)SCRUB_WAIT_MS);
  const enum err_code code = ctl_order(s->ctl, "scrub", order, out, err);
  json_decref(order);
  return code;
}

static intmax_t number(const json_t *json, const char *key) {
  return (intmax_t)json_integer_value(json_object_get(json, key));
}

enum err_code cmd_scrub(struct cli *cli, const struct args *args, struct err *err) {
  struct submit submit;
  json_t *report = NULL;
  (void)args;
  enum err_code code = submit_open_node(cli, &submit, err);
  if (code != OK) {
    return code;
  }
  code = pass(&submit, &report, err);
  if (code == OK) {
    const intmax_t left = number(report, "left"), found = number(report, "found");
    json_object_update(cli->doc, report);
    out_line(cli, "%jd %s, %jd %s, %jd %s", number(report, "entries"), out_word(cli, "entries looked at", "voci controllate"),
             found, out_word(cli, "damaged", "danneggiate"), found > left ? found - left : 0,
             out_word(cli, "healed", "risanate"));
    if (number(report, "milestones") > 0) {
      out_line(cli, "%jd %s", number(report, "milestones"),
               out_word(cli, "checkpoints or rows of logs were damaged: put right, or left out.",
                        "checkpoint o righe dei registri erano danneggiati: corretti, o tralasciati."));
    }
    if (json_is_true(json_object_get(report, "derived"))) {
      out_line(cli, "%s",
               out_word(cli, "The derived tables were damaged, and were made anew.",
                        "Le tabelle derivate erano danneggiate, e sono state rifatte."));
    }
    if (left > 0) {
      err_set(err, ERR_MISMATCH, "%jd entries are damaged, and not healed", left);
      code = err_hint(err, submit.ctl == NULL ? "specola serve fetches them again from the members"
                                              : "no member that answers has them; specola peer list");
    }
  }
  json_decref(report);
  submit_release(&submit);
  return code;
}
