/*
 * consenting: see consenting.h.
 */
#include "cli/consenting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/change_file.h"
#include "cli/founding.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/policy.h"
#include "keys/words.h"
#include "node/voter.h"

/* The changes that a command is about. */
struct proposed {
  struct changes *changes; /* owned: one of them */
  char what[512];          /* for people: what is consented to */
};

static void proposed_release(struct proposed *p) {
  if (p->changes != NULL) {
    changes_release(p->changes);
    free(p->changes);
  }
  *p = (struct proposed){.changes = NULL};
}

const char *consenting_word(const struct cli *cli, const char *act) {
  if (strcmp(act, "admit") == 0) return out_word(cli, "admit", "ammettere");
  if (strcmp(act, "remove") == 0) return out_word(cli, "remove", "togliere");
  return out_word(cli, "change the policy", "cambiare la regola");
}

static void put_words(const struct cli *cli, const struct federation *f, const struct act *act, struct proposed *p) {
  char words[WORDS_LEN];
  const bool admits = act->kind == CHANGE_ADMIT;
  if (act->kind == CHANGE_POLICY) {
    snprintf(p->what, sizeof p->what, "%s", consenting_word(cli, "policy"));
    return;
  }
  words_of(&act->node, words);
  snprintf(p->what, sizeof p->what, "%s %s (%s)", consenting_word(cli, admits ? "admit" : "remove"),
           admits ? act->handle : federation_handle(f, &act->node), words);
}

/* One act, as the epoch in force would take it. ERR_REFUSED says which rule it breaks. */
static enum err_code take_act(const struct cli *cli, const struct federation *f, struct view octets, struct proposed *p,
                              struct err *err) {
  struct change change = {.n = 0};
  struct bytes body;
  p->changes = calloc(1, sizeof *p->changes);
  if (p->changes == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = change_new(octets, &f->charter.fed_id, &change, err);
  if (code == OK) {
    code = changes_add(p->changes, &change, err);
  }
  change_release(&change);
  if (code == OK) {
    code = changes_apply(p->changes, &f->epoch, &body, NULL, err);
    code = code == ERR_REFUSED ? err_hint(err, "specola member list") : code;
  }
  if (code == OK) {
    put_words(cli, f, &p->changes->list[0].act, p);
  }
  bytes_release(&body);
  return code;
}

static enum err_code confirm(const struct cli *cli, const struct args *args, const struct proposed *p, struct err *err) {
  char question[640];
  bool yes = args_flag(args, "yes");
  if (yes) {
    return OK;
  }
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "a consent cannot be taken back: it needs a yes");
    return err_hint(err, "the same with --yes");
  }
  snprintf(question, sizeof question, "%s %s? %s", out_word(cli, "Consent to", "Acconsentire a"), p->what,
           out_word(cli, "Compare the fingerprint by telephone; a consent cannot be taken back.",
                    "L'impronta va confrontata al telefono; un consenso non si ritira."));
  enum err_code code = ask_yes(cli, question, false, &yes, err);
  return code == OK && !yes ? err_set(err, ERR_REFUSED, "not consented: nobody said yes") : code;
}

/* ---- written ---- */

/* Writes it, over run/ctl or here. epoch: the one in force then. */
static enum err_code write_wish(struct submit *s, const struct proposed *p, bool by_roots, char reference[REFERENCE_MAX],
                                uint64_t *epoch, struct err *err) {
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  struct bytes octets;
  json_t *answer = NULL;
  bytes_init(&octets, LIMIT_CHANGES_BYTES);
  enum err_code code = changes_encode(p->changes, &octets, err);
  if (code == OK && s->ctl == NULL) {
    code = hall_wish(s->hall, bytes_view(&octets), !by_roots, &row, err);
    if (code == OK) {
      reference_format(&s->federation, &s->federation.own, row.gen, row.index, reference);
      code = hall_voter_run(s->hall, err);
      *epoch = s->federation.epoch.number;
    }
  } else if (code == OK) {
    char *hex = malloc(2 * octets.len + 1);
    json_t *wish = NULL;
    if (hex != NULL) {
      hex_encode(bytes_view(&octets), hex);
      wish = json_pack("{s:s, s:b}", "changes", hex, "consents", !by_roots);
    }
    code = wish == NULL ? err_set(err, ERR_MEMORY, NULL) : ctl_order(s->ctl, "wish", wish, &answer, err);
    snprintf(reference, REFERENCE_MAX, "%s", code == OK ? text_of(answer, "reference") : "");
    *epoch = (uint64_t)json_integer_value(json_object_get(answer, "epoch"));
    json_decref(wish);
    free(hex);
  }
  json_decref(answer);
  bytes_release(&octets);
  return code;
}

/* Whether another list is in force than before, and says so. */
static bool say_in_force(struct cli *cli, uint64_t before, uint64_t epoch) {
  if (epoch > before) {
    out_line(cli, "%s %ju", out_word(cli, "In force now: the list of members no.", "In vigore ora: la lista dei membri n."),
             (uintmax_t)epoch);
  }
  return epoch > before;
}

/* Writes the wish and says what has come of it. */
static enum err_code wish(struct cli *cli, struct submit *s, const struct proposed *p, bool by_roots, struct err *err) {
  char reference[REFERENCE_MAX] = "";
  uint64_t epoch = 0;
  const uint64_t before = s->here.federation.epoch.number;
  const enum err_code code = write_wish(s, p, by_roots, reference, &epoch, err);
  if (code != OK) {
    return code;
  }
  out_line(cli, "%s  %s %s", reference, out_word(cli, "consents to", "acconsente a"), p->what);
  if (!say_in_force(cli, before, epoch)) {
    out_note(
        cli, "Next:  %s",
        out_word(cli, "the others consent, too: specola member list", "anche gli altri acconsentono: specola member list"));
  }
  out_set_text(cli, "ref", reference);
  out_set_number(cli, "epoch", epoch);
  return OK;
}

/* ---- by root keys ---- */

/* Adds the consent of this node's root keys, out of their sheets. */
static enum err_code sign_by_roots(struct cli *cli, const struct args *args, const struct federation *f, struct proposed *p,
                                   struct err *err) {
  const struct federation_member *self = federation_self(f);
  struct change *change = &p->changes->list[0];
  struct consent consent = {.node = self->member->node, .version = self->identity.version, .by_roots = true};
  const char *path = NULL;
  enum err_code code = OK;
  for (size_t i = 0; code == OK && (path = args_nth(args, "key", i)) != NULL; i++) {
    struct signer sheet = {0};
    uint32_t added = 0;
    code = sheet_open(cli, path, &sheet, err);
    if (code == OK) {
      code = consent_by_roots(&sheet, 1, &self->identity, &f->charter.fed_id, change->act.octets, &consent, &added, err);
    }
    signer_release(&sheet);
  }
  if (code == OK && consent.n_roots < self->identity.threshold) {
    (void)err_set(err, ERR_INCOMPLETE, "signed by %u root keys of this node, and %u must", consent.n_roots,
                  self->identity.threshold);
    return err_hint(err, "--key for each sheet; where they lie apart: -o FILE, which goes from one to the other");
  }
  return code == OK ? change_consent(change, &consent, err) : code;
}

/* Writes it for the machine where the root keys are. */
static enum err_code write_file(struct cli *cli, const struct submit *s, const char *path, struct view act, struct err *err) {
  struct change_file file;
  enum err_code code = cli_new_file(path, err);
  if (code != OK) {
    return code;
  }
  code = change_file_new(&s->here, act, &file, err);
  if (code == OK) {
    code = change_file_write(path, &file, err);
  }
  if (code == OK) {
    change_file_show(cli, &file);
    out_line(cli, "%-12s %s", out_word(cli, "Written", "Scritto"), path);
    out_note(cli, "%s  specola root sign %s --key SHEET",
             out_word(cli, "Next, where the root sheets are:", "Poi, dove sono i fogli radice:"), path);
    out_set_text(cli, "file", path);
  }
  change_file_release(&file);
  return code;
}

enum err_code consenting_to(struct cli *cli, const struct args *args, struct submit *s, struct view act, struct err *err) {
  struct proposed p = {.changes = NULL};
  const char *path = args_value(args, "out");
  const bool by_sheets = args_value(args, "key") != NULL, by_roots = by_sheets || path != NULL;
  enum err_code code = take_act(cli, &s->here.federation, act, &p, err);
  if (code == OK && by_sheets && path != NULL) {
    code = err_set(err, ERR_USAGE, "either --key, where the root sheets are, or -o, for where they are");
  }
  if (code == OK) {
    code = wish_allowed(&s->here.federation, &p.changes->list[0].act, by_roots, err);
  }
  if (code == OK && path != NULL) {
    code = write_file(cli, s, path, act, err);
  } else if (code == OK) {
    if (p.changes->list[0].act.kind == CHANGE_POLICY) policy_say_act(cli, &s->here.federation, &p.changes->list[0].act);
    code = confirm(cli, args, &p, err);
    if (code == OK && by_sheets) code = sign_by_roots(cli, args, &s->here.federation, &p, err);
    if (code == OK) code = wish(cli, s, &p, by_roots, err);
  }
  proposed_release(&p);
  return code;
}

enum err_code consenting_is_known(const struct submit *s, struct view act, bool *out, struct err *err) {
  const struct hash hash = hash_sha256(act);
  struct bytes found;
  char hex[HASH_HEX_LEN];
  *out = false;
  hash_hex(&hash, hex);
  bytes_init(&found, LIMIT_CHANGES_BYTES);
  const enum err_code code = query_wish(s->here.store, &s->here.federation, hex, &found, out, err);
  bytes_release(&found);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
  }
  return code == ERR_NOT_FOUND ? OK : code;
}

enum err_code consenting_known(struct cli *cli, struct submit *s, struct view act, struct err *err) {
  struct proposed p = {.changes = NULL};
  const uint64_t before = s->here.federation.epoch.number;
  enum err_code code = take_act(cli, &s->here.federation, act, &p, err);
  if (code == OK && s->ctl == NULL) {
    code = hall_voter_run(s->hall, err);
  }
  if (code == OK) {
    out_line(cli, "%s %s: %s", out_word(cli, "This node consented already to", "Questo nodo acconsente già a"), p.what,
             out_word(cli, "nothing is written", "non si scrive nulla"));
    (void)say_in_force(cli, before, s->ctl == NULL ? s->federation.epoch.number : before);
  }
  proposed_release(&p);
  return code;
}

/* Every consent of the file must be of an identity that is in force here. */
static enum err_code take_consents(const struct submit *s, const struct change_file *file, struct proposed *p,
                                   struct err *err) {
  struct federation_lookup lookup = {s->here.store, &s->here.federation};
  const struct identities ids = federation_identities(&lookup);
  const struct change *from = &file->changes.list[0];
  struct change *to = &p->changes->list[0];
  enum err_code code = OK;
  for (uint32_t i = 0; i < from->n && code == OK; i++) {
    code = consent_verify(&from->consents[i], &s->here.federation.charter.fed_id, to->act.octets, &ids, true, err);
    if (code == ERR_INCOMPLETE) {
      (void)err_set(err, ERR_REFUSED, "%s has taken new keys since its root keys signed that",
                    federation_handle(&s->here.federation, &from->consents[i].node));
      code = err_hint(err, "make the file anew, here: the same command with -o FILE");
    }
    if (code == OK) code = change_consent(to, &from->consents[i], err);
  }
  return code;
}

/* Whether it says nothing but what this node's roots have consented to already. */
static enum err_code is_known(const struct submit *s, const struct change_file *file, bool *out, struct err *err) {
  const struct change *change = &file->changes.list[0];
  const enum err_code code = consenting_is_known(s, change->act.octets, out, err);
  *out = *out && change->n == 1 && hash_equal(&change->consents[0].node, &s->here.federation.own);
  return code;
}

enum err_code consenting_by_file(struct cli *cli, const struct args *args, struct submit *s, const char *path,
                                 struct err *err) {
  struct change_file file;
  struct proposed p = {.changes = NULL};
  bool known = false;
  enum err_code code = change_file_read(path, &file, err);
  if (code == OK && !hash_equal(&file.charter.fed_id, &s->here.federation.charter.fed_id)) {
    code = err_set(err, ERR_MISMATCH, "%s is of another observatory", path);
  }
  if (code == OK && change_file_whole(&file) == 0) {
    (void)err_set(err, ERR_INCOMPLETE, "%s: the root keys of no member have signed it, or too few of them", path);
    code = err_hint(err, "where they are: specola root sign %s --key SHEET", path);
  }
  if (code == OK) {
    change_file_keep_whole(&file);
    code = is_known(s, &file, &known, err);
  }
  if (code == OK) {
    code = take_act(cli, &s->here.federation, file.changes.list[0].act.octets, &p, err);
  }
  if (code == OK && known) {
    code = consenting_known(cli, s, file.changes.list[0].act.octets, err);
  } else if (code == OK) {
    code = take_consents(s, &file, &p, err);
    if (code == OK) code = confirm(cli, args, &p, err);
    if (code == OK) code = wish(cli, s, &p, true, err);
  }
  if (code == OK) out_set_bool(cli, "known", known);
  proposed_release(&p);
  change_file_release(&file);
  return code;
}
