/*
 * new, check, publish: from an empty draft to an entry of the log.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/finding.h"
#include "cli/out.h"
#include "cli/proposal.h"
#include "cli/publication.h"

const struct option_row options_new[] = {
    {"express", 0, OPTION_FLAG, NULL, "only what is needed to publish", "solo il necessario per pubblicare"},
    {"out", 'o', OPTION_VALUE, "FILE", "where the draft goes (stdout)", "dove va la bozza (stdout)"},
    OPTIONS_END,
};
const struct option_row options_publish[] = {
    {"replaces", 0, OPTION_VALUE, "ID", "the object of which this is a new version", "l'oggetto di cui è una nuova versione"},
    OPTIONS_END,
};

enum err_code cmd_new(struct cli *cli, const struct args *args, struct err *err) {
  struct schema_set *set = NULL;
  const struct schema *schema = NULL;
  struct bytes text;
  const char *path = args_value(args, "out");
  if (path != NULL && access(path, F_OK) == 0) {
    err_set(err, ERR_FAILED, "%s exists", path);
    return err_hint(err, "take another name: a draft is never overwritten");
  }
  enum err_code code = here_schemas(cli, &set, NULL, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&text, LIMIT_DRAFT);
  if ((code = here_kind(set, args->operands[0], &schema, err)) != OK ||
      (code = draft_template(schema, cli->lang, args_flag(args, "express"), &text, err)) != OK) {
    goto out;
  }
  out_set_text(cli, "kind", schema->kind);
  if (path != NULL) {
    if ((code = file_write(path, bytes_view(&text), false, err)) == OK) {
      out_line(cli, "Written to %s. Next:  fill it in; specola check %s; specola publish %s", path, path, path);
      out_set_text(cli, "file", path);
    }
  } else if (cli->json) {
    out_set(cli, "draft", out_json_text(bytes_view(&text)));
  } else {
    fwrite(text.p, 1, text.len, stdout);
  }
out:
  bytes_release(&text);
  schema_set_free(set);
  return code;
}

/* ---- check ---- */

/* One draft's verdict, said and put into list. *refused: it could not be published. */
static enum err_code check_one(struct cli *cli, const struct schema_set *set, const struct home_config *config,
                               const char *path, json_t *list, bool *refused, struct err *err) {
  struct proposal o;
  enum err_code code = proposal_from_draft(set, path, config, cli->lang, &o, err);
  if (code != OK) {
    return code;
  }
  const unsigned complete = proposal_completeness(&o);
  *refused = o.findings.n_refused > 0;
  out_heading(cli, "%s: %s", path, *refused ? "cannot be published yet" : "can be published");
  findings_show(cli, &o.findings, "  ", FINDING_WARNING);
  out_line(cli, "  %u %% complete: %zu refused, %zu lacking, %zu warning%s", complete, o.findings.n_refused,
           o.findings.n_lacking, o.findings.n_warnings, o.findings.n_warnings == 1 ? "" : "s");
  json_array_append_new(list, json_pack("{s:o, s:s, s:b, s:i, s:o}", "file", out_json_text(view_of_text(path)), "kind",
                                        o.schema->kind, "publishable", !*refused, "completeness", complete, "findings",
                                        findings_json(&o.findings)));
  proposal_release(&o);
  return OK;
}

enum err_code cmd_check(struct cli *cli, const struct args *args, struct err *err) {
  struct schema_set *set = NULL;
  struct home_config config;
  size_t n_refused = 0;
  enum err_code code = here_schemas(cli, &set, &config, err);
  if (code != OK) {
    return code;
  }
  json_t *list = json_array();
  for (size_t i = 0; i < args->n_operands; i++) {
    bool refused = false;
    struct err fault = ERR_INIT;
    enum err_code checked = check_one(cli, set, &config, args->operands[i], list, &refused, &fault);
    n_refused += refused;
    /* One that cannot be read does not hide the others; the first such error is the command's. */
    if (checked != OK && args->n_operands > 1) {
      out_heading(cli, "%s", fault.message);
      json_array_append_new(list, json_pack("{s:o, s:b, s:o}", "file", out_json_text(view_of_text(args->operands[i])),
                                            "publishable", false, "fault", out_json_text(view_of_text(fault.message))));
    }
    if (checked != OK && code == OK) {
      code = checked;
      *err = fault;
    }
  }
  out_set(cli, "drafts", list);
  schema_set_free(set);
  if (code == OK && n_refused > 0) {
    err_set(err, ERR_REFUSED, "%zu of %zu drafts cannot be published yet", n_refused, args->n_operands);
    code = err_hint(err, "fill in what is marked refused");
  }
  return code;
}

/* ---- publish ---- */

/* Reads every draft before anything is signed or asked. */
static enum err_code read_drafts(struct cli *cli, struct submit *s, const struct args *args, struct proposal *objects,
                                 struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < args->n_operands; i++) {
    const char *path = args->operands[i];
    code = proposal_from_draft(s->here.schemas, path, &s->here.home.config, cli->lang, &objects[i], err);
    if (code == OK && objects[i].findings.n_refused > 0) {
      const struct finding *first = findings_first_refused(&objects[i].findings);
      findings_show(cli, &objects[i].findings, "  ", FINDING_REFUSED);
      out_set(cli, "findings", findings_json(&objects[i].findings));
      err_set(err, ERR_REFUSED, "%s: %s", path, first == NULL ? "" : first->message);
      code = err_hint(err, "specola check %s", path);
    }
  }
  return code;
}

static enum err_code seal_all(struct submit *s, const struct proposal *objects, size_t n, const struct version_of *replaced,
                              struct publication *p, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < n; i++) {
    code = publication_add(p, s, &objects[i], replaced, i, err);
  }
  return code == OK ? publication_flush(p, s, err) : code;
}

/* Where the rows of a receipt are said. */
struct saying {
  struct cli *cli;
  const struct args *args; /* row.tag is the number of an operand */
  json_t *list;
};

/* Says what became of one draft. */
static void say_row(void *context, const struct publication_row *row) {
  const struct saying *saying = context;
  struct cli *cli = saying->cli;
  const char *path = saying->args->operands[row->tag];
  if (row->logged) {
    out_line(cli, "%s  %s  %s", row->reference, path, row->new_version ? "new version, logged" : "logged");
  } else {
    out_line(cli, "refused  %s  %s", path, row->why);
  }
  json_array_append_new(saying->list,
                        json_pack("{s:o, s:b, s:s, s:s, s:o}", "file", out_json_text(view_of_text(path)), "logged", row->logged,
                                  "ref", row->reference, "reason", row->reason, "id", out_json_hash(&row->id)));
}

enum err_code cmd_publish(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  struct version_of replaced;
  struct publication *p = NULL;
  const char *id = args_value(args, "replaces");
  struct saying saying = {cli, args, json_array()};
  out_set(cli, "published", saying.list);
  if (id != NULL && args->n_operands != 1) {
    return err_set(err, ERR_USAGE, "--replaces goes with one draft");
  }
  struct proposal *objects = calloc(args->n_operands, sizeof *objects);
  if (objects == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = submit_open(cli, &s, err);
  if (code != OK) {
    free(objects);
    return code;
  }
  if ((code = read_drafts(cli, &s, args, objects, err)) != OK ||
      (id != NULL && (code = version_by_name(&s.here, id, &replaced, err)) != OK) ||
      (code = submit_person(cli, &s, err)) != OK || (code = publication_new(say_row, &saying, &p, err)) != OK) {
    goto out;
  }
  code = seal_all(&s, objects, args->n_operands, id == NULL ? NULL : &replaced, p, err);
  if (code == OK && publication_refused(p) > 0) {
    err_set(err, ERR_REFUSED, "%ju of %zu drafts were refused: %s", (uintmax_t)publication_refused(p), args->n_operands,
            publication_last_refusal(p));
    code = ERR_REFUSED;
  }
out:
  publication_free(p);
  for (size_t i = 0; i < args->n_operands; i++) {
    proposal_release(&objects[i]);
  }
  free(objects);
  submit_release(&s);
  return code;
}
