/*
 * new, check, publish: from an empty draft to an entry of the log.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/finding.h"
#include "cli/interview.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/proposal.h"
#include "cli/publication.h"
#include "cli/similar.h"

const struct option_row options_new[] = {
    {"express", 0, OPTION_FLAG, NULL, "only what is needed to publish", "solo il necessario per pubblicare"},
    {"out", 'o', OPTION_VALUE, "FILE", "write an empty draft there, and ask nothing",
     "scrive lì una bozza vuota, senza domande"},
    {"resume", 0, OPTION_VALUE, "FILE", "go on with the questions of a draft", "riprende le domande di una bozza"},
    OPTIONS_END,
};
const struct option_row options_publish[] = {
    {"replaces", 0, OPTION_VALUE, "ID", "the object of which this is a new version", "l'oggetto di cui è una nuova versione"},
    {"review", 0, OPTION_FLAG, NULL, "ask the reviewers of the other members to look at it: it stands in their queue",
     "chiede ai revisori degli altri membri di esaminarlo: compare nella loro coda"},
    {"alone", 0, OPTION_FLAG, NULL, "write although no member says how much of this node's log it holds: when nobody can",
     "scrive anche se nessun membro dice quanto ha del registro di questo nodo: quando nessuno può dirlo"},
    OPTIONS_END,
};

/* ---- new ---- */

/* An empty draft, with its help as comments. */
static enum err_code write_template(struct cli *cli, const struct schema *schema, const struct args *args, struct err *err) {
  struct bytes text;
  const char *path = args_value(args, "out");
  enum err_code code = cli_new_file(path, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&text, LIMIT_DRAFT);
  code = draft_template(schema, cli->lang, args_flag(args, "express"), &text, err);
  if (code != OK) {
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
  return code;
}

/* A name in this folder that is free: case.draft, case-2.draft… */
static enum err_code free_name(const char *kind, char *out, size_t size, struct err *err) {
  for (unsigned i = 1; i < 1000; i++) {
    char number[16] = "";
    if (i > 1) {
      snprintf(number, sizeof number, "-%u", i);
    }
    snprintf(out, size, "%s%s.draft", kind, number);
    if (access(out, F_OK) != 0) {
      return OK;
    }
  }
  return err_set(err, ERR_FAILED, "there are too many drafts in this folder");
}

/* What a draft says already. */
static enum err_code read_answers(const struct schema_set *set, const char *path, const char *lang,
                                  const struct schema **schema, json_t **json, struct err *err) {
  struct bytes text;
  bytes_init(&text, LIMIT_DRAFT);
  enum err_code code = file_read(path, &text, err);
  if (code == OK && (code = draft_read(set, bytes_view(&text), lang, schema, json, err)) != OK) {
    code = err->code = code == ERR_FORMAT ? ERR_REFUSED : code;
    err_context(err, "%s", path);
  }
  bytes_release(&text);
  return code;
}

static enum err_code interview(struct cli *cli, const struct schema_set *set, const struct home_config *config,
                               const struct schema *schema, const struct args *args, struct err *err) {
  const char *resumed = args_value(args, "resume");
  char name[HOME_PATH_MAX];
  struct interview_plan plan = {
      .schema = schema, .config = config, .path = resumed, .json = NULL, .express = args_flag(args, "express")};
  enum err_code code = OK;
  if (!ask_can(cli) || !cli->tty) {
    err_set(err, ERR_INPUT_NEEDED, "nobody can be asked: no terminal");
    return err_hint(err, "edit %s, then specola check %s", resumed, resumed);
  }
  if (resumed != NULL) {
    code = read_answers(set, resumed, cli->lang, &plan.schema, &plan.json, err);
  } else if ((code = free_name(schema->kind, name, sizeof name, err)) == OK) {
    plan.path = name;
    plan.json = json_object();
  }
  code = code == OK ? interview_run(cli, &plan, err) : code;
  json_decref(plan.json);
  return code;
}

enum err_code cmd_new(struct cli *cli, const struct args *args, struct err *err) {
  struct schema_set *set = NULL;
  struct home_config config;
  const struct schema *schema = NULL;
  const bool resumes = args_value(args, "resume") != NULL;
  if (args->n_operands + resumes != 1 || (resumes && args_value(args, "out") != NULL)) {
    err_set(err, ERR_USAGE, "a kind of object, or --resume FILE");
    return err_hint(err, "specola new case");
  }
  enum err_code code = here_schemas(cli, &set, &config, err);
  if (code == OK && !resumes) {
    code = here_kind(set, args->operands[0], &schema, err);
  }
  if (code == OK) {
    const bool asks = resumes || (args_value(args, "out") == NULL && ask_can(cli) && cli->tty);
    code = asks ? interview(cli, set, &config, schema, args, err) : write_template(cli, schema, args, err);
  }
  schema_set_free(set);
  return code;
}

/* ---- check ---- */

/* A draft's object. A draft is the writer's own text, not foreign octets: what it has wrong is refused, not a failed
 * verification. */
static enum err_code read_draft(const struct schema_set *set, const char *path, const struct home_config *config,
                                const char *lang, struct proposal *o, struct err *err) {
  enum err_code code = proposal_from_draft(set, path, config, lang, o, err);
  if (code == ERR_FORMAT) {
    code = err->code = ERR_REFUSED;
  }
  return code;
}

/* One draft's verdict, said and put into list. *refused: it could not be published. */
static enum err_code check_one(struct cli *cli, const struct schema_set *set, const struct home_config *config,
                               const char *path, json_t *list, bool *refused, struct err *err) {
  struct proposal o;
  enum err_code code = read_draft(set, path, config, cli->lang, &o, err);
  if (code != OK) {
    return code;
  }
  const unsigned complete = proposal_completeness(&o);
  *refused = o.findings.n_refused > 0;
  out_heading(cli, "%s: %s", path, *refused ? "cannot be published yet" : "can be published");
  findings_show(cli, &o.findings, "  ", FINDING_WARNING);
  out_line(cli, "  %u %% complete: %zu refused, %zu lacking, %zu warning%s", complete, o.findings.n_refused,
           o.findings.n_lacking, o.findings.n_warnings, o.findings.n_warnings == 1 ? "" : "s");
  findings_show_next(cli, o.schema, &o.findings, "  ");
  json_array_append_new(list,
                        json_pack("{s:o, s:s, s:b, s:i, s:o, s:o}", "file", out_json_text(view_of_text(path)), "kind",
                                  o.schema->kind, "publishable", !*refused, "completeness", complete, "next",
                                  findings_next_json(cli, o.schema, &o.findings), "findings", findings_json(&o.findings)));
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

/* A draft on its way. */
struct draft_object {
  struct proposal proposal;
  bool is_held; /* the log has it already, as held says */
  bool waits;   /* the outbox has it already, as waiting says */
  struct version_of held;
  struct hash waiting;
  json_t *similar; /* what is much like it; NULL: nothing */
};

/* One publish. replaced: NULL without --replaces. */
struct publishing {
  struct cli *cli;
  const struct args *args; /* the operands are the files; row.tag is the number of one */
  struct submit submit;
  struct draft_object *drafts; /* args->n_operands */
  const struct version_of *replaced;
  struct pubkey author;
  json_t *list; /* in the document */
};

/* Reads every draft before anything is signed or asked. */
static enum err_code read_drafts(struct publishing *p, struct err *err) {
  const struct here *here = &p->submit.here;
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < p->args->n_operands; i++) {
    const char *path = p->args->operands[i];
    struct proposal *o = &p->drafts[i].proposal;
    code = read_draft(here->schemas, path, &here->home.config, p->cli->lang, o, err);
    o->review_wanted = args_flag(p->args, "review");
    if (code == OK && o->findings.n_refused > 0) {
      const struct finding *first = findings_first_refused(&o->findings);
      findings_show(p->cli, &o->findings, "  ", FINDING_REFUSED);
      out_set(p->cli, "findings", findings_json(&o->findings));
      err_set(err, ERR_REFUSED, "%s: %s", path, first == NULL ? "" : first->message);
      code = err_hint(err, "specola check %s", path);
    }
  }
  return code;
}

/* Whether the log has this content of this person already: then there is nothing to sign. What replaces an object may well
 * return to an earlier version of it, so only the newest one counts there. */
static enum err_code look_for(const struct publishing *p, struct draft_object *d, struct err *err) {
  enum err_code code = version_by_content(&p->submit.here, &d->proposal, &p->author, &d->held, err);
  const bool asks_review = d->proposal.review_wanted && !d->held.review_wanted;
  d->is_held = code == OK && (p->replaced == NULL || (hash_equal(&d->held.newest, &p->replaced->newest) && !asks_review));
  if (code != OK && code != ERR_NOT_FOUND) {
    return code;
  }
  code = version_waiting(&p->submit.here, bytes_view(&d->proposal.body), &p->author,
                         p->replaced == NULL ? NULL : &p->replaced->object, &d->waiting, err);
  d->waits = code == OK && !d->is_held;
  return code == ERR_NOT_FOUND ? OK : code;
}

/* A new object is compared with all that are there, before anything is signed: whoever sees a twin can still stop. */
static enum err_code look_for_similar(struct publishing *p, size_t i, struct err *err) {
  struct draft_object *d = &p->drafts[i];
  const struct here *here = &p->submit.here;
  const struct proposal *o = &d->proposal;
  const char *own = federation_handle(&here->federation, &here->federation.own);
  struct similarity sketch;
  char text[256];
  enum err_code code = similarity_of(o->schema, bytes_view(&o->body), &sketch, err);
  if (code == OK) {
    code = similar_find(here, o->schema, &sketch, &(struct similar_bounds){0, 0}, p->cli->lang, &d->similar, err);
    similarity_release(&sketch);
  }
  for (size_t k = 0; k < json_array_size(d->similar); k++) {
    const json_t *one = json_array_get(d->similar, k);
    const char *ref = json_string_value(json_object_get(one, "ref")), *home = json_string_value(json_object_get(one, "home"));
    similar_text(p->cli, one, text, sizeof text);
    out_toned(p->cli, TONE_WARNING, 4, "%s: %s", p->args->operands[i], text);
    if (ref != NULL && home != NULL && strcmp(home, own) == 0) {
      out_line(p->cli, "    %s  specola edit %s", out_word(p->cli, "the same?", "è lo stesso?"), ref);
    } else {
      out_line(p->cli, "    %s  specola show %s", out_word(p->cli, "see", "vedi"), ref == NULL ? "" : ref);
    }
  }
  return code;
}

static enum err_code look_for_all(struct publishing *p, bool *all_held, struct err *err) {
  struct person_card card;
  enum err_code code = person_card_of(p->cli, &card, err);
  *all_held = true;
  for (size_t i = 0; code == OK && i < p->args->n_operands; i++) {
    p->author = card.key;
    code = look_for(p, &p->drafts[i], err);
    *all_held = *all_held && (p->drafts[i].is_held || p->drafts[i].waits);
    if (code == OK && !p->drafts[i].is_held && !p->drafts[i].waits && p->replaced == NULL) {
      code = look_for_similar(p, i, err);
    }
  }
  return code;
}

/* The objects that are like one that was logged, side by side. */
static void say_compare(const struct publishing *p, const struct publication_row *row) {
  const json_t *similar = p->drafts[row->tag].similar;
  if (row->logged && json_array_size(similar) > 0) {
    const char *ref = json_string_value(json_object_get(json_array_get(similar, 0), "ref"));
    out_line(p->cli, "    %s  specola compare %s %s", out_word(p->cli, "side by side:", "a confronto:"), row->reference,
             ref == NULL ? "" : ref);
  }
}

/* Says what became of one draft. */
static void say_row(void *context, const struct publication_row *row) {
  const struct publishing *p = context;
  const char *path = p->args->operands[row->tag];
  if (row->known) {
    out_line(p->cli, "%s  %s  known: %s holds this already", row->reference, path, row->reference);
  } else if (row->logged) {
    out_line(p->cli, "%s  %s  %s", row->reference, path, row->new_version ? "new version, logged" : "logged");
  } else if (row->queued) {
    out_line(p->cli, "%s  (%s)", row->why, path);
  } else {
    out_line(p->cli, "refused  %s  %s", path, row->why);
  }
  say_compare(p, row);
  const struct proposal *o = &p->drafts[row->tag].proposal;
  if (row->logged) {
    out_line(p->cli, "    %u %% %s", proposal_completeness(o), out_word(p->cli, "complete", "completo"));
    findings_show_next(p->cli, o->schema, &o->findings, "    ");
  }
  const json_t *similar = p->drafts[row->tag].similar;
  json_array_append_new(
      p->list,
      json_pack("{s:o, s:b, s:b, s:b, s:s, s:s, s:s, s:o, s:o, s:i, s:o}", "file", out_json_text(view_of_text(path)), "logged",
                row->logged, "known", row->known, "queued", row->queued, "why", row->why, "ref", row->reference, "reason",
                row->reason, "id", out_json_hash(&row->id), "similar", similar == NULL ? json_array() : json_deep_copy(similar),
                "completeness", (int)proposal_completeness(o), "next", findings_next_json(p->cli, o->schema, &o->findings)));
}

static void say_held(struct publishing *p, size_t i) {
  const struct here *here = &p->submit.here;
  const struct version_of *held = &p->drafts[i].held;
  struct publication_row row = {.tag = i, .known = true, .reason = "", .id = held->newest};
  if (reference_of_row(here->store, &here->federation, NULL, held->rowid, row.reference, NULL) == OK) {
    say_row(p, &row);
    if (p->drafts[i].proposal.review_wanted && !held->review_wanted) {
      out_note(p->cli, "To ask for a review of it:  specola publish %s --replaces %s --review", p->args->operands[i],
               row.reference);
    }
  }
}

/* True if an earlier draft of this command says the same. */
static bool is_repeated(const struct publishing *p, size_t i) {
  const struct proposal *o = &p->drafts[i].proposal;
  for (size_t j = 0; j < i; j++) {
    const struct proposal *before = &p->drafts[j].proposal;
    if (before->schema == o->schema && view_equal(bytes_view(&before->body), bytes_view(&o->body))) {
      return true;
    }
  }
  return false;
}

static enum err_code seal_all(struct publishing *p, struct publication *publication, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < p->args->n_operands; i++) {
    struct draft_object *d = &p->drafts[i];
    if (!d->is_held && !d->waits && is_repeated(p, i) && (code = publication_flush(publication, &p->submit, err)) == OK) {
      code = look_for(p, d, err);
    }
    if (code == OK && d->is_held) {
      say_held(p, i);
    } else if (code == OK && d->waits) {
      publication_waits(publication, &p->submit, &d->waiting, i);
    } else if (code == OK) {
      code = publication_add(publication, &p->submit, &d->proposal, p->replaced, i, err);
    }
  }
  return code == OK ? publication_flush(publication, &p->submit, err) : code;
}

static enum err_code publish_all(struct publishing *p, struct err *err) {
  struct publication *publication = NULL;
  bool all_held = false;
  enum err_code code = look_for_all(p, &all_held, err);
  if (code != OK || (!all_held && (code = submit_person(p->cli, &p->submit, err)) != OK) ||
      (code = publication_new(say_row, p, &publication, err)) != OK) {
    return code;
  }
  code = seal_all(p, publication, err);
  if (code == OK) {
    code = publication_verdict(publication, p->args->n_operands, err);
  }
  publication_free(publication);
  return code;
}

enum err_code cmd_publish(struct cli *cli, const struct args *args, struct err *err) {
  struct version_of replaced;
  const char *id = args_value(args, "replaces");
  struct publishing p = {.cli = cli, .args = args, .list = json_array()};
  out_set(cli, "published", p.list);
  if (id != NULL && args->n_operands != 1) {
    err_set(err, ERR_USAGE, "--replaces goes with one draft");
    return err_hint(err, "specola publish %s --replaces %s", args->operands[0], id);
  }
  p.drafts = calloc(args->n_operands, sizeof *p.drafts);
  if (p.drafts == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = submit_open(cli, &p.submit, err);
  if (code == OK) {
    code = read_drafts(&p, err);
  }
  if (code == OK && args_flag(args, "alone")) {
    code = submit_alone(&p.submit, err);
  }
  if (code == OK && id != NULL && (code = version_by_name(&p.submit.here, id, &replaced, err)) == OK) {
    p.replaced = &replaced;
  }
  if (code == OK) {
    code = publish_all(&p, err);
  }
  for (size_t i = 0; i < args->n_operands; i++) {
    proposal_release(&p.drafts[i].proposal);
    json_decref(p.drafts[i].similar);
  }
  free(p.drafts);
  submit_tell(cli, &p.submit);
  submit_release(&p.submit);
  return code;
}
