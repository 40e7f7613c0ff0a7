/*
 * member: who is a member of the observatory, and who is to be one. People consent, here; what has its consents goes into force
 * by itself (docs/protocol.md 6.5, node/voter.h).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/consenting.h"
#include "cli/founding.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/policy.h"
#include "node/store/invitation.h"
#include "node/store/milestone.h"
#include "node/voter.h"
#include "protocol/checkpoint.h"

const struct option_row options_member_propose[] = {
    {"remove", 0, OPTION_VALUE, "HANDLE", "instead: that a member leaves the list", "invece: che un membro lasci la lista"},
    {"cut", 0, OPTION_VALUE, "SIZE", "with --remove: how many entries of its log stay (all that are held)",
     "con --remove: quante voci del suo registro restano (tutte quelle presenti)"},
    {"policy", 0, OPTION_VALUE, "FILE.json",
     "instead: that a policy of endorsement is adopted, in the form of --json member list",
     "invece: che si adotti una regola di convalida, nella forma di --json member list"},
    {"drop", 0, OPTION_VALUE, "ID", "instead, or with --policy: that a policy in force is dropped",
     "invece, o con --policy: che si tolga una regola in vigore"},
    CONSENT_OPTIONS,
    OPTIONS_END,
};
const struct option_row options_member_vote[] = {
    CONSENT_OPTIONS,
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

static void list_wishes(const struct cli *cli, const json_t *all) {
  size_t i = 0, k = 0;
  const json_t *w = NULL, *by = NULL;
  json_array_foreach(json_object_get(all, "wishes"), i, w) {
    char who[256] = "";
    json_array_foreach(json_object_get(w, "consents"), k, by) {
      const size_t len = strlen(who);
      snprintf(who + len, sizeof who - len, "%s%s", len == 0 ? "" : ", ", json_string_value(by));
    }
    out_line(cli, "%s  %s %s: %ju %s %ju%s%s", text_of(w, "id"), consenting_word(cli, text_of(w, "act")), text_of(w, "handle"),
             (uintmax_t)json_integer_value(json_object_get(w, "given")), out_word(cli, "of", "di"),
             (uintmax_t)json_integer_value(json_object_get(w, "needed")), who[0] == '\0' ? "" : ": ", who);
  }
  if (i > 0) out_note(cli, "%s  specola member vote ID", out_word(cli, "Next:", "Poi:"));
}

/* What counts as endorsed. */
static void list_policies(struct cli *cli, const struct federation *f) {
  json_t *list = json_array();
  for (uint32_t i = 0; i < f->epoch.n_policies; i++) {
    policy_say(cli, out_word(cli, "Policy", "Regola"), bytes_view(&f->policies[i]));
    (void)json_array_append_new(list, policy_json(bytes_view(&f->policies[i])));
  }
  out_set(cli, "policies", list);
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
    list_policies(cli, &here.federation);
  }
  static const char *const keys[] = {"epoch", "voices", "members", "former", "wishes"};
  for (size_t i = 0; code == OK && i < sizeof keys / sizeof keys[0]; i++) {
    out_set(cli, keys[i], json_incref(json_object_get(all, keys[i])));
  }
  json_decref(all);
  here_release(&here);
  return code;
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

/* The act that adopts the policy of a file, drops one that is in force, or both. */
static enum err_code policy_act(const struct args *args, const struct here *here, struct bytes *out, struct err *err) {
  const struct epoch *epoch = &here->federation.epoch;
  const char *path = args_value(args, "policy"), *drop = args_value(args, "drop");
  struct act act = {.kind = CHANGE_POLICY};
  struct bytes adopted;
  uint32_t found = 0;
  bytes_init(&adopted, LIMIT_CHANGES_BYTES);
  for (uint32_t i = 0; drop != NULL && i < epoch->n_policies; i++) {
    char hex[HASH_HEX_LEN];
    hash_hex(&epoch->policies[i], hex);
    if (strlen(drop) >= 4 && strncmp(hex, drop, strlen(drop)) == 0) {
      act.dropped = epoch->policies[i];
      found++;
    }
  }
  enum err_code code = OK;
  if (drop != NULL && found != 1) {
    (void)err_set(err, ERR_NOT_FOUND, "%.64s: no policy in force begins so", drop);
    code = err_hint(err, "specola member list");
  }
  act.drops = drop != NULL;
  if (code == OK && path != NULL) {
    code = policy_file_read(path, here->schemas, &adopted, err);
    act.adopted = bytes_view(&adopted);
  }
  code = code == OK ? act_encode(&act, out, err) : code;
  bytes_release(&adopted);
  return code;
}

static enum err_code admission(const struct args *args, const struct here *here, struct bytes *out, struct err *err) {
  struct bytes request;
  bytes_init(&request, LIMIT_BUNDLE_ITEM);
  enum err_code code = request_of(here, args->operands[0], &request, err);
  if (code == OK) {
    code = admit_act(&here->federation, bytes_view(&request), args->operands[0], out, err);
  }
  bytes_release(&request);
  return code;
}

/* Once is enough: whoever does not know how far the first time came says it again, and finishes it. */
static enum err_code propose(struct cli *cli, const struct args *args, struct submit *s, struct view act, struct err *err) {
  bool known = false;
  enum err_code code = args_value(args, "out") != NULL ? OK : consenting_is_known(s, act, &known, err);
  if (code == OK) {
    code = known ? consenting_known(cli, s, act, err) : consenting_to(cli, args, s, act, err);
  }
  out_set_bool(cli, "known", known);
  return code;
}

enum err_code cmd_member_propose(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  struct bytes act;
  const bool removes = args_value(args, "remove") != NULL;
  const bool is_policy = args_value(args, "policy") != NULL || args_value(args, "drop") != NULL;
  if (removes + is_policy + (args->n_operands > 0) != 1) {
    (void)err_set(err, ERR_USAGE,
                  "a request of who would come, the number of its invitation, --remove, or --policy and --drop");
    return err_hint(err, "specola member propose FILE.identity, or specola member propose --remove HANDLE");
  }
  enum err_code code = submit_open_node(cli, &s, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&act, LIMIT_CHANGES_BYTES);
  code = removes     ? remove_act(args, &s.here, &act, err)
         : is_policy ? policy_act(args, &s.here, &act, err)
                     : admission(args, &s.here, &act, err);
  if (code == OK) {
    code = propose(cli, args, &s, bytes_view(&act), err);
  }
  bytes_release(&act);
  submit_release(&s);
  return code;
}

/* ---- vote ---- */

static enum err_code vote(struct cli *cli, const struct args *args, struct submit *s, struct err *err) {
  struct bytes act;
  bool consented = false;
  bytes_init(&act, LIMIT_CHANGES_BYTES);
  enum err_code code = query_wish(s->here.store, &s->here.federation, args->operands[0], &act, &consented, err);
  if (code == OK && (!consented || args_value(args, "key") != NULL || args_value(args, "out") != NULL)) {
    code = consenting_to(cli, args, s, bytes_view(&act), err);
  } else if (code == OK) {
    code = consenting_known(cli, s, bytes_view(&act), err);
  }
  out_set_bool(cli, "known", consented);
  bytes_release(&act);
  return code;
}

enum err_code cmd_member_vote(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  const char *what = args->operands[0];
  const bool is_file = strpbrk(what, "./") != NULL;
  if (is_file && (args_value(args, "key") != NULL || args_value(args, "out") != NULL)) {
    (void)err_set(err, ERR_USAGE, "a file is signed where the root keys are, and handed in here");
    return err_hint(err, "specola root sign %s --key SHEET; then: specola member vote %s", what, what);
  }
  enum err_code code = submit_open_node(cli, &s, err);
  if (code != OK) {
    return code;
  }
  code = is_file ? consenting_by_file(cli, args, &s, what, err) : vote(cli, args, &s, err);
  submit_release(&s);
  return code;
}
