/*
 * member: who is a member of the observatory, and who is to be one. People consent, here; what has its consents goes into force
 * by itself (docs/protocol.md 6.5, node/voter.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/submit.h"
#include "keys/words.h"
#include "node/store/invitation.h"
#include "node/store/milestone.h"
#include "node/voter.h"
#include "protocol/checkpoint.h"

#define KEY_ROW                                                                                                                \
  {                                                                                                                            \
    "key", 0, OPTION_MANY, "SHEET", "consent by this node's root keys, which a removal needs; again for each sheet",           \
        "acconsente con le chiavi radice del nodo, come serve per togliere un membro; ripetere per ogni foglio"                \
  }
const struct option_row options_member_propose[] = {
    {"remove", 0, OPTION_VALUE, "HANDLE", "instead: that a member leaves the list", "invece: che un membro lasci la lista"},
    {"cut", 0, OPTION_VALUE, "SIZE", "with --remove: how many entries of its log stay (all that are held)",
     "con --remove: quante voci del suo registro restano (tutte quelle presenti)"},
    KEY_ROW,
    {"yes", 0, OPTION_FLAG, NULL, "do not ask", "non chiede conferma"},
    OPTIONS_END,
};
const struct option_row options_member_vote[] = {
    KEY_ROW,
    {"yes", 0, OPTION_FLAG, NULL, "do not ask", "non chiede conferma"},
    OPTIONS_END,
};

/* ---- list ---- */

static void list_members(const struct cli *cli, const json_t *all) {
  static const char *const columns[] = {"member", "country", "region", "lead", ">since no.", "", NULL};
  struct out_table *table = out_table_new(cli, columns);
  size_t i = 0;
  const json_t *m = NULL;
  json_array_foreach(json_object_get(all, "members"), i, m) {
    char since[24];
    snprintf(since, sizeof since, "%ju", (uintmax_t)json_integer_value(json_object_get(m, "since")));
    const char *lead = json_string_value(json_object_get(m, "lead"));
    char note[96];
    snprintf(note, sizeof note, "%s", json_is_true(json_object_get(m, "own")) ? out_word(cli, "this node", "questo nodo") : "");
    if (json_object_get(m, "twin") != NULL) {
      snprintf(note, sizeof note, "%s %ju",
               out_word(cli, "signed two identities of version", "ha firmato due identità della versione"),
               (uintmax_t)json_integer_value(json_object_get(m, "twin")));
    }
    const char *cells[] = {text_of(m, "handle"), text_of(m, "country"), text_of(m, "region"), lead, since, note};
    out_table_row(table, cells);
  }
  out_table_print(table);
}

static void list_former(const struct cli *cli, const json_t *all) {
  size_t i = 0;
  const json_t *m = NULL;
  json_array_foreach(json_object_get(all, "former"), i, m) {
    const json_t *cut = json_object_get(m, "cut");
    char counts[96];
    if (json_is_object(cut)) {
      snprintf(counts, sizeof counts, "%s %ju",
               out_word(cli, "entries of its log that stay:", "voci del suo registro che restano:"),
               (uintmax_t)json_integer_value(json_object_get(cut, "size")));
    } else {
      snprintf(counts, sizeof counts, "%s", out_word(cli, "nothing of its log counts", "del suo registro non conta nulla"));
    }
    out_line(cli, "%s  %s %ju; %s", text_of(m, "handle"), out_word(cli, "member until list no.", "membro fino alla lista n."),
             (uintmax_t)json_integer_value(json_object_get(m, "until")) - 1, counts);
  }
}

static const char *act_word(const struct cli *cli, const char *act) {
  if (strcmp(act, "admit") == 0) return out_word(cli, "admit", "ammettere");
  if (strcmp(act, "remove") == 0) return out_word(cli, "remove", "togliere");
  return out_word(cli, "change the policy", "cambiare la regola");
}

static void list_wishes(const struct cli *cli, const json_t *all) {
  size_t i = 0, k = 0;
  const json_t *w = NULL, *by = NULL;
  json_array_foreach(json_object_get(all, "wishes"), i, w) {
    char who[256] = "";
    json_array_foreach(json_object_get(w, "consents"), k, by) {
      const size_t len = strlen(who);
      snprintf(who + len, sizeof who - len, "%s%s", len == 0 ? "" : ", ", json_string_value(by));
    }
    out_line(cli, "%s  %s %s: %ju %s %ju%s%s", text_of(w, "id"), act_word(cli, text_of(w, "act")), text_of(w, "handle"),
             (uintmax_t)json_integer_value(json_object_get(w, "given")), out_word(cli, "of", "di"),
             (uintmax_t)json_integer_value(json_object_get(w, "needed")), who[0] == '\0' ? "" : ": ", who);
  }
  if (i > 0) out_note(cli, "%s  specola member vote ID", out_word(cli, "Next:", "Poi:"));
}

enum err_code cmd_member_list(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  json_t *all = NULL;
  (void)args;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  code = query_members(here.store, &here.federation, &all, err);
  if (code == OK) {
    out_heading(cli, "%s %ju: %ju %s, %ju %s", out_word(cli, "List no.", "Lista n."), (uintmax_t)here.federation.epoch.number,
                (uintmax_t)here.federation.epoch.n_members,
                here.federation.epoch.n_members == 1 ? out_word(cli, "member", "membro") : out_word(cli, "members", "membri"),
                (uintmax_t)here.federation.epoch.n_leads,
                here.federation.epoch.n_leads == 1 ? out_word(cli, "voice", "voto") : out_word(cli, "voices", "voti"));
    list_members(cli, all);
    list_former(cli, all);
    list_wishes(cli, all);
  }
  static const char *const keys[] = {"epoch", "voices", "members", "former", "wishes"};
  for (size_t i = 0; code == OK && i < sizeof keys / sizeof keys[0]; i++) {
    out_set(cli, keys[i], json_incref(json_object_get(all, keys[i])));
  }
  json_decref(all);
  here_release(&here);
  return code;
}

/* ---- what is wished ---- */

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

/* One act, as the epoch in force would take it. ERR_REFUSED says which rule it breaks. */
static enum err_code take_act(const struct cli *cli, const struct federation *f, struct view octets, struct proposed *p,
                              struct err *err) {
  struct change change = {.n = 0};
  struct bytes body;
  char words[WORDS_LEN];
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
    const struct act *act = &p->changes->list[0].act;
    words_of(&act->node, words);
    snprintf(p->what, sizeof p->what, "%s %s (%s)", act_word(cli, act->kind == CHANGE_ADMIT ? "admit" : "remove"),
             act->kind == CHANGE_ADMIT ? act->handle : federation_handle(f, &act->node), words);
  }
  bytes_release(&body);
  return code;
}

/* Whether this node has a say: an associate is its lead's affair. */
static enum err_code has_say(const struct federation *f, const struct act *act, bool by_roots, struct err *err) {
  const struct federation_member *self = federation_self(f);
  if (self == NULL) {
    return err_set(err, ERR_REFUSED, "this node is no member: it has no say in who is");
  }
  const struct federation_member *lead = act->has_lead ? federation_by_roll(f, act->lead_roll) : NULL;
  if (act->kind == CHANGE_ADMIT && lead != NULL && lead != self) {
    return err_set(err, ERR_REFUSED, "%s is %s's to admit: it would be its associate", act->handle, lead->member->handle);
  }
  const struct member *leaving = act->kind == CHANGE_REMOVE ? epoch_by_node(&f->epoch, &act->node) : NULL;
  if (leaving != NULL && !by_roots && !(leaving->has_lead && leaving->lead_roll == self->member->roll)) {
    (void)err_set(err, ERR_REFUSED, "%s is removed by two thirds of the voices, with their root keys", leaving->handle);
    return err_hint(err, "the same with --key SHEET");
  }
  if (act->kind == CHANGE_ADMIT && lead == NULL && self->member->has_lead) {
    return err_set(err, ERR_REFUSED, "an associate has no voice: its lead has it");
  }
  return OK;
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
  return code == OK ? change_consent(change, &consent, err) : code;
}

/* Asks, writes and says what has come of it. */
static enum err_code wish(struct cli *cli, const struct args *args, struct submit *s, struct proposed *p, struct err *err) {
  char reference[REFERENCE_MAX] = "";
  uint64_t epoch = 0;
  const uint64_t before = s->here.federation.epoch.number;
  const bool by_roots = args_value(args, "key") != NULL;
  enum err_code code = has_say(&s->here.federation, &p->changes->list[0].act, by_roots, err);
  if (code == OK) {
    code = confirm(cli, args, p, err);
  }
  if (code == OK && by_roots) {
    code = sign_by_roots(cli, args, &s->here.federation, p, err);
  }
  if (code == OK) {
    code = write_wish(s, p, by_roots, reference, &epoch, err);
  }
  if (code != OK) {
    return code;
  }
  out_line(cli, "%s  %s %s", reference, out_word(cli, "consents to", "acconsente a"), p->what);
  if (epoch > before) {
    out_line(cli, "%s %ju", out_word(cli, "In force now: the list of members no.", "In vigore ora: la lista dei membri n."),
             (uintmax_t)epoch);
  } else {
    out_note(
        cli, "Next:  %s",
        out_word(cli, "the others consent, too: specola member list", "anche gli altri acconsentono: specola member list"));
  }
  out_set_text(cli, "ref", reference);
  out_set_number(cli, "epoch", epoch);
  return OK;
}

/* ---- propose ---- */

/* The request of who would come: of a file, or by the number of an invitation with which a node has asked. */
static enum err_code request_of(const struct here *here, const char *operand, struct bytes *out, struct err *err) {
  struct invitation i;
  uint64_t number = 0;
  if (decimal_decode(view_of_text(operand), &number, NULL) != OK) {
    return request_read(operand, out, err);
  }
  enum err_code code = invitation_by_number(here->store, number, &i, err);
  if (code == OK && i.state == INVITATION_CANCELLED) {
    (void)err_set(err, ERR_REFUSED, "invitation %s was taken back", operand);
    return err_hint(err, "make a new one: specola help invite");
  }
  code = code == OK ? invitation_request(here->store, number, out, err) : code;
  return code == ERR_NOT_FOUND ? err_hint(err, "specola invite list; a file of that name: ./%s", operand) : code;
}

/* The act that admits the node of a request. */
static enum err_code admit_act(const struct federation *f, struct view request, const char *path, struct bytes *out,
                               struct err *err) {
  struct founder founder;
  struct view name, address;
  struct act act = {.kind = CHANGE_ADMIT};
  enum err_code code = founding_request_decode(request, &founder, &name, &address, err);
  if (code == OK) {
    code = founding_request_item(request, &act.item, err);
  }
  if (code != OK) {
    return code;
  }
  if (act.item.n == 0) {
    (void)err_set(err, ERR_REFUSED, "%s: %s's root keys have not signed it for this observatory", path, founder.handle);
    return err_hint(err, "there: specola root sign %s.identity --for observatory.charter --key SHEET", founder.handle);
  }
  memcpy(act.handle, founder.handle, sizeof act.handle);
  memcpy(act.country, founder.country, sizeof act.country);
  memcpy(act.region, founder.region, sizeof act.region);
  if (founder.lead[0] != '\0') {
    const struct federation_member *lead = federation_by_handle(f, founder.lead);
    if (lead == NULL || lead->until != 0) {
      return err_set(err, ERR_REFUSED, "%s: %s is no member to lead %s", path, founder.lead, founder.handle);
    }
    act.has_lead = true;
    act.lead_roll = lead->member->roll;
  }
  return act_encode(&act, out, err);
}

/* The act that removes a member, whose log stays up to a size at which its owner signed: as held here, or as wished. */
static enum err_code remove_act(const struct args *args, const struct here *here, struct bytes *out, struct err *err) {
  const char *handle = args_value(args, "remove");
  struct act act = {.kind = CHANGE_REMOVE};
  struct log log = {.no = 0};
  struct bytes text;
  struct checkpoint point;
  uint64_t size = 0;
  enum err_code code = here_node(here, &handle, err);
  if (code != OK) {
    return code;
  }
  const struct federation_member *m = federation_by_handle(&here->federation, handle);
  act.node = m->member->node;
  bytes_init(&text, LIMIT_CHECKPOINT);
  if (log_find(here->store, &act.node, m->identity.gen, &log, NULL) == OK) {
    code = args_number(args, "cut", 0, log.range.size, log.range.size, &size, err);
  }
  if (code == OK && size > 0) {
    code = milestone_get(here->store, log.no, size, &text, err);
    code = code == ERR_NOT_FOUND ? err_hint(err, "--cut SIZE: one at which its owner signed a checkpoint") : code;
  }
  if (code == OK && size > 0 && (code = checkpoint_read(bytes_view(&text), &point, err)) == OK) {
    act.has_cut = true;
    act.cut = (struct cut){.gen = m->identity.gen, .size = size, .root = point.root};
  }
  bytes_release(&text);
  return code == OK ? act_encode(&act, out, err) : code;
}

enum err_code cmd_member_propose(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  struct proposed p = {.changes = NULL};
  struct bytes request, act;
  const bool removes = args_value(args, "remove") != NULL;
  if (removes == (args->n_operands > 0)) {
    (void)err_set(err, ERR_USAGE, "a request of who would come, the number of its invitation, or --remove");
    return err_hint(err, "specola member propose FILE.identity, or specola member propose --remove HANDLE");
  }
  enum err_code code = submit_open(cli, &s, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&request, LIMIT_BUNDLE_ITEM);
  bytes_init(&act, LIMIT_CHANGES_BYTES);
  code = removes ? remove_act(args, &s.here, &act, err) : request_of(&s.here, args->operands[0], &request, err);
  if (code == OK && !removes) {
    code = admit_act(&s.here.federation, bytes_view(&request), args->operands[0], &act, err);
  }
  if (code == OK) {
    code = take_act(cli, &s.here.federation, bytes_view(&act), &p, err);
  }
  if (code == OK) {
    code = wish(cli, args, &s, &p, err);
  }
  proposed_release(&p);
  bytes_release(&request);
  bytes_release(&act);
  submit_release(&s);
  return code;
}

/* ---- vote ---- */

enum err_code cmd_member_vote(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  struct proposed p = {.changes = NULL};
  struct bytes act;
  bool consented = false;
  enum err_code code = submit_open(cli, &s, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&act, LIMIT_CHANGES_BYTES);
  code = query_wish(s.here.store, &s.here.federation, args->operands[0], &act, &consented, err);
  if (code == OK) {
    code = take_act(cli, &s.here.federation, bytes_view(&act), &p, err);
  }
  if (code == OK && (!consented || args_value(args, "key") != NULL)) {
    code = wish(cli, args, &s, &p, err);
  } else if (code == OK) {
    out_line(cli, "%s %s: %s", out_word(cli, "This node consented already to", "Questo nodo acconsente già a"), p.what,
             out_word(cli, "nothing is written", "non si scrive nulla"));
  }
  out_set_bool(cli, "known", consented);
  proposed_release(&p);
  bytes_release(&act);
  submit_release(&s);
  return code;
}
