/*
 * edit: the newest version of an own object as a draft, into a file or the person's editor; then a new version. A draft that is
 * not published stays where it is, and the next edit takes it up.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/editing.h"
#include "cli/finding.h"
#include "cli/out.h"
#include "cli/person.h"

const struct option_row options_edit[] = {
    {"out", 'o', OPTION_VALUE, "FILE", "write the draft there, and publish nothing", "scrive lì la bozza, e non pubblica"},
    OPTIONS_END,
};

/* ---- publishing ---- */

struct publishing {
  struct cli *cli;
  const struct editing *e;
  const char *path;
  bool logged, queued;
  char why[256];
};

static void say_row(void *context, const struct publication_row *row) {
  struct publishing *p = context;
  p->logged = row->logged;
  p->queued = row->queued;
  snprintf(p->why, sizeof p->why, "%s", row->why);
  if (row->logged) {
    out_line(p->cli, "%s  %s  %s", row->reference, p->path,
             out_word(p->cli, "new version, logged", "nuova versione, registrata"));
    out_set_text(p->cli, "version", row->reference);
    out_set(p->cli, "version_id", out_json_hash(&row->id));
  }
  out_set_bool(p->cli, "logged", row->logged);
}

/* It was not published, for whatever reason: nothing that was written is lost, and the person is told where it is. */
static enum err_code kept(const struct editing *e, const char *path, struct err *err) {
  const struct err why = *err;
  err_set(err, why.code, "%.350s; the draft stays in %.150s", why.message, path);
  return why.hint[0] != '\0' ? err_hint(err, "%s", why.hint) : err_hint(err, "specola edit %s %s", e->reference, path);
}

static enum err_code send(struct publishing *p, struct submit *s, const struct proposal *o, struct err *err) {
  struct publication *publication = NULL;
  enum err_code code = submit_person(p->cli, s, err);
  if (code == OK && (code = publication_new(say_row, p, &publication, err)) == OK) {
    code = publication_add(publication, s, o, &p->e->version, 0, err);
    code = code == OK ? publication_flush(publication, s, err) : code;
    publication_free(publication);
  }
  if (code == OK && p->queued) {
    code = err_set(err, ERR_QUEUED, "%s", p->why);
  } else if (code == OK && !p->logged) {
    code = err_set(err, ERR_REFUSED, "%s", p->why);
    err_hint(err, "specola edit %s %s", p->e->reference, p->path);
  }
  return code == OK ? OK : kept(p->e, p->path, err);
}

/* What is needed to publish is missing: said, and told where the draft is. */
static enum err_code refuse(struct cli *cli, const struct editing *e, const struct proposal *o, const char *path,
                            struct err *err) {
  const struct finding *first = findings_first_refused(&o->findings);
  findings_show(cli, &o->findings, "  ", FINDING_REFUSED);
  out_set(cli, "findings", findings_json(&o->findings));
  err_set(err, ERR_REFUSED, "%s", first == NULL ? "it cannot be published" : first->message);
  err_hint(err, "mend it, then specola edit %s %s", e->reference, path);
  return kept(e, path, err);
}

/* Publishes the draft at path as a new version. *same: it says what the newest version says, wherever it began, so nothing was
 * published: an earlier time, of which nothing was heard, may have done it. */
static enum err_code publish(struct cli *cli, const char *name, const char *path, bool *same, struct err *err) {
  struct submit submit;
  struct editing e = {.json = NULL};
  struct proposal o = {.schema = NULL};
  struct bytes draft;
  *same = false;
  bytes_init(&draft, LIMIT_DRAFT);
  enum err_code code = file_read(path, &draft, err);
  if (code == OK) {
    code = submit_open(cli, &submit, err);
  }
  if (code != OK) {
    bytes_release(&draft);
    return code;
  }
  if ((code = editing_load(cli, &submit.here, name, &e, err)) == OK &&
      (code = editing_proposal(&submit.here, &e, cli->lang, bytes_view(&draft), path, &o, err)) == OK) {
    *same = view_equal(bytes_view(&o.body), bytes_view(&e.body));
    code = *same ? OK : editing_check_base(&e, bytes_view(&draft), path, err);
  }
  if (code == OK) {
    struct publishing p = {.cli = cli, .e = &e, .path = path};
    out_set_text(cli, "ref", e.reference);
    code = o.findings.n_refused > 0 ? refuse(cli, &e, &o, path, err) : *same ? OK : send(&p, &submit, &o, err);
  }
  if (code == OK && *same) {
    out_set_bool(cli, "logged", false);
    out_line(cli, "%s: %s", e.reference, out_word(cli, "nothing has changed", "nulla è cambiato"));
  }
  proposal_release(&o);
  editing_release(&e);
  bytes_release(&draft);
  submit_tell(cli, &submit);
  submit_release(&submit);
  return code;
}

/* ---- drafts ---- */

static enum err_code write_draft(struct cli *cli, const char *name, const char *path, char reference[REFERENCE_MAX],
                                 struct err *err) {
  struct here here;
  struct editing e = {.json = NULL};
  struct bytes draft;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&draft, LIMIT_DRAFT);
  if ((code = editing_load(cli, &here, name, &e, err)) == OK && (code = editing_draft(cli, &e, &draft, err)) == OK) {
    snprintf(reference, REFERENCE_MAX, "%s", e.reference);
    code = file_write(path, bytes_view(&draft), true, err);
  }
  bytes_release(&draft);
  editing_release(&e);
  here_release(&here);
  return code;
}

static enum err_code to_file(struct cli *cli, const char *name, const char *path, struct err *err) {
  char reference[REFERENCE_MAX];
  enum err_code code = cli_new_file(path, err);
  if (code == OK) {
    code = write_draft(cli, name, path, reference, err);
  }
  if (code == OK) {
    out_line(cli, "%s %s. Next:  specola edit %s %s", out_word(cli, "Written to", "Scritto in"), path, reference, path);
    out_set_text(cli, "ref", reference);
    out_set_text(cli, "file", path);
  }
  return code;
}

/* ---- the editor ---- */

/* Whether the draft says what the newest version says. */
static bool is_published(const struct cli *cli, const struct here *here, const struct editing *e, struct view draft,
                         const char *path) {
  struct err err = ERR_INIT;
  struct proposal o = {.schema = NULL};
  const bool is = editing_proposal(here, e, cli->lang, draft, path, &o, &err) == OK &&
                  view_equal(bytes_view(&o.body), bytes_view(&e->body));
  proposal_release(&o);
  return is;
}

/* Where the draft of an object is kept while it is edited; *left: one is there from an earlier time. */
static enum err_code draft_path(struct cli *cli, const char *name, char path[HOME_PATH_MAX], bool *left, struct err *err) {
  struct here here;
  struct editing e = {.json = NULL};
  struct bytes draft;
  char file[REFERENCE_MAX + 128];
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&draft, LIMIT_DRAFT);
  if ((code = editing_load(cli, &here, name, &e, err)) == OK) {
    const char *node = json_string_value(json_object_get(json_object_get(e.json, "home"), "node"));
    snprintf(file, sizeof file, "drafts/%.16s-%s.draft", node == NULL ? "" : node, e.reference);
    code = cli_config_path(file, path, err);
  }
  *left = code == OK && access(path, F_OK) == 0;
  if (*left && (code = file_read(path, &draft, err)) == OK &&
      (code = editing_check_base(&e, bytes_view(&draft), path, err)) == ERR_REFUSED &&
      is_published(cli, &here, &e, bytes_view(&draft), path)) {
    (void)unlink(path); /* by a command that was interrupted then */
    *left = false;
    err_clear(err);
    code = OK;
  }
  bytes_release(&draft);
  editing_release(&e);
  here_release(&here);
  return code;
}

/* Opens the editor until the draft is published, or the person has enough. */
static enum err_code edit_until(struct cli *cli, const char *name, const char *path, struct err *err) {
  bool same = false, again = true;
  enum err_code code = OK;
  while (again) {
    again = false;
    err_clear(err);
    if ((code = editing_run(path, err)) != OK) {
      return code;
    }
    code = publish(cli, name, path, &same, err);
    if (code == ERR_REFUSED) {
      struct err kept = *err;
      char question[ERR_MESSAGE_MAX + 64];
      snprintf(question, sizeof question, "%s\n%s", kept.message, out_word(cli, "Edit again?", "Modificare ancora?"));
      if (ask_yes(cli, question, true, &again, err) != OK) {
        again = false;
      }
      *err = kept;
    }
  }
  if (code == OK) {
    (void)unlink(path);
  }
  return code;
}

static enum err_code in_editor(struct cli *cli, const char *name, struct err *err) {
  char path[HOME_PATH_MAX], reference[REFERENCE_MAX];
  bool left = false;
  if (!ask_can(cli) || !cli->tty) {
    err_set(err, ERR_INPUT_NEEDED, "no terminal for an editor");
    return err_hint(err, "specola edit %s -o FILE; then specola edit %s FILE", name, name);
  }
  enum err_code code = draft_path(cli, name, path, &left, err);
  if (code == OK && left) {
    out_note(cli, "%s %s", out_word(cli, "Taking up the draft that was left in", "Riprendo la bozza lasciata in"), path);
  } else if (code == OK && (code = person_folders(path, err)) == OK) {
    code = write_draft(cli, name, path, reference, err);
  }
  return code == OK ? edit_until(cli, name, path, err) : code;
}

enum err_code cmd_edit(struct cli *cli, const struct args *args, struct err *err) {
  const char *out = args_value(args, "out");
  const char *name = args->operands[0];
  bool same = false;
  if (out != NULL && args->n_operands > 1) {
    err_set(err, ERR_USAGE, "a draft is either written (-o) or published");
    return err_hint(err, "specola edit %s -o FILE, then specola edit %s FILE", name, name);
  }
  return out != NULL            ? to_file(cli, name, out, err)
         : args->n_operands > 1 ? publish(cli, name, args->operands[1], &same, err)
                                : in_editor(cli, name, err);
}
