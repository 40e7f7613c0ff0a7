/*
 * person certify, person list: who may write in this node's log. Certificates are the node key's, on a coordinator's order.
 */
#include <stdio.h>
#include <string.h>

#include "cli/certificate.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/ordering.h"
#include "cli/out.h"
#include "cli/person.h"
#include "keys/words.h"
#include "protocol/people.h"

const struct option_row options_person_certify[] = {
    {"role", 0, OPTION_MANY, "ROLE", "coordinator, editor, reviewer, contributor, facilitator",
     "coordinator, editor, reviewer, contributor, facilitator"},
    {"territory", 0, OPTION_VALUE, "IT-34", "bind what this person writes to a region", "lega ciò che scrive a una regione"},
    {"name", 0, OPTION_VALUE, "TEXT", "name or function, instead of the card's",
     "nome o funzione, al posto di quello della carta"},
    {"person", 0, OPTION_VALUE, "N", "a new key for this person: specola person list",
     "una nuova chiave per questa persona: specola person list"},
    OPTIONS_END,
};

/* A certificate that is asked for. */
struct wish {
  struct person_card card;
  uint64_t roles, territory, person; /* person 0: whose key it is, or somebody new */
};

static enum err_code read_wish(const struct args *args, struct wish *w, struct err *err) {
  const char *territory = args_value(args, "territory"), *name = args_value(args, "name"), *role;
  enum err_code code = card_read(args->operands[0], &w->card, err);
  if (code == OK) {
    code = args_number(args, "person", 1, UINT32_MAX, 0, &w->person, err);
  }
  if (code != OK) {
    return code;
  }
  w->roles = 0;
  w->territory = 0;
  for (size_t i = 0; (role = args_nth(args, "role", i)) != NULL; i++) {
    uint64_t roles = 0;
    if (roles_parse(role, &roles, err) != OK) {
      err->code = ERR_USAGE;
      return err_hint(err, "--role coordinator, editor, reviewer, contributor or facilitator");
    }
    w->roles |= roles;
  }
  if (w->roles == 0) {
    err_set(err, ERR_USAGE, "--role is missing");
    return err_hint(err, "--role editor");
  }
  if (territory != NULL && territory_parse(territory, &w->territory, err) != OK) {
    err->code = ERR_USAGE;
    return err_hint(err, "--territory IT-34");
  }
  if (name != NULL && strlen(name) > KEYFILE_NAME_MAX) {
    return err_set(err, ERR_USAGE, "--name: %zu octets, at most %d", strlen(name), KEYFILE_NAME_MAX);
  }
  if (name != NULL) {
    memcpy(w->card.name, name, strlen(name) + 1);
  }
  if (w->card.name[0] == '\0') {
    err_set(err, ERR_USAGE, "%s holds no name, and a certificate needs one: --name is missing", args->operands[0]);
    return err_hint(err, "--name \"First editor\"");
  }
  return OK;
}

/* reference: of the new entry. */
static enum err_code certify(struct submit *s, const struct wish *w, char reference[REFERENCE_MAX], struct err *err) {
  char hex[2 * PUBKEY_LEN + 1];
  json_t *answer = NULL;
  hex_encode(pubkey_view(&w->card.key), hex);
  json_t *order =
      json_pack("{s:s, s:I, s:I, s:I, s:o}", "key", hex, "person", (json_int_t)w->person, "roles", (json_int_t)w->roles,
                "territory", (json_int_t)w->territory, "name", out_json_text(view_of_text(w->card.name)));
  const enum err_code code = ordering(s, "certify", order, &answer, err);
  if (code == OK) {
    snprintf(reference, REFERENCE_MAX, "%s", text_of(answer, "reference"));
  }
  json_decref(answer);
  return code;
}

/* Who has a number, and which number has a key. */
struct numbered {
  const struct pubkey *key;
  uint64_t wanted, of_key;
  bool is_there;
};

static bool visit_number(void *context, const struct query_person *p) {
  struct numbered *n = context;
  n->is_there = n->is_there || p->person == n->wanted;
  if (pubkey_equal(&p->key, n->key)) n->of_key = p->person;
  return true;
}

/* A new key goes to a person that there is, and is nobody else's. */
static enum err_code check_person(const struct here *here, const struct wish *w, struct err *err) {
  struct numbered n = {.key = &w->card.key, .wanted = w->person};
  if (w->person == 0) {
    return OK;
  }
  const enum err_code code = query_people(here->store, &here->federation,
                                          federation_handle(&here->federation, &here->federation.own), visit_number, &n, err);
  if (code == OK && !n.is_there) {
    err_set(err, ERR_NOT_FOUND, "this log has no person %ju", (uintmax_t)w->person);
    return err_hint(err, "specola person list");
  }
  if (code == OK && n.of_key != 0 && n.of_key != w->person) {
    err_set(err, ERR_REFUSED, "that is the key of person %ju already", (uintmax_t)n.of_key);
    return err_hint(err, "a new key: specola key new --replace, on the person's own machine");
  }
  return code;
}

/* A region that no list knows is taken (lists age), but not without a word. */
static void warn_of_territory(const struct cli *cli, const struct schema_set *set, const char *territory) {
  const struct vocabulary *regions = vocabulary_by_name(set, "region");
  if (territory[0] != '\0' && regions != NULL && !vocabulary_has(regions, view_of_text(territory))) {
    out_note(cli, "! --territory: the list of codes has no %s", territory);
  }
}

static void say_certified(struct cli *cli, const struct wish *w, const struct certified *b, const char *reference, bool known,
                          const char *territory) {
  char roles[128], before[128], words[WORDS_LEN];
  person_fingerprint(&w->card.key, words);
  roles_format(w->roles, roles, sizeof roles);
  roles_format(b->roles, before, sizeof before);
  out_line(cli, "%s  %s %s %s%s%s", reference, w->card.name,
           known ? out_word(cli, "is certified already as", "è già autorizzato come")
                 : out_word(cli, "is certified as", "è autorizzato come"),
           roles, territory[0] == '\0' ? "" : out_word(cli, " for ", " per "), territory);
  if (!known && b->roles != 0) {
    out_line(cli, "%s %s (%s)",
             out_word(cli, "The same person as before; no longer in force:", "La stessa persona di prima; non vale più:"),
             b->reference, before);
    out_set_text(cli, "replaces", b->reference);
  }
  out_line(cli, "Fingerprint  %s   (%s: specola key show)", words,
           out_word(cli, "compare it with what the person sees", "da confrontare con ciò che la persona vede"));
  out_set_text(cli, "ref", reference);
  out_set_bool(cli, "known", known);
  out_set_text(cli, "roles", roles);
  out_set_text(cli, "territory", territory);
  out_set_text(cli, "fingerprint", words);
}

enum err_code cmd_person_certify(struct cli *cli, const struct args *args, struct err *err) {
  struct wish w;
  struct submit s;
  struct certified before = {.revoked = false};
  bool known = false;
  char reference[REFERENCE_MAX] = "", territory[8];
  enum err_code code = read_wish(args, &w, err);
  if (code != OK || (code = submit_open_node(cli, &s, err)) != OK) {
    return code;
  }
  territory_format(w.territory, s.here.home.config.country, territory);
  warn_of_territory(cli, s.here.schemas, territory);
  code = check_person(&s.here, &w, err);
  if (code == OK) {
    code = certificate_of(&s.here, &w.card.key, &before, err);
  }
  known = code == OK && !before.revoked && before.roles == w.roles && before.territory == w.territory &&
          strcmp(before.name, w.card.name) == 0;
  if (code == OK && !known) {
    code = certify(&s, &w, reference, err);
  }
  if (code == OK) {
    say_certified(cli, &w, &before, known ? before.reference : reference, known, territory);
  }
  submit_release(&s);
  return code;
}

/* ---- list ---- */

struct listing {
  struct out_table *table;
  json_t *list;
};

static bool visit_person(void *context, const struct query_person *p) {
  struct listing *l = context;
  char person[24], roles[128], territory[8], words[WORDS_LEN];
  snprintf(person, sizeof person, "%ju", (uintmax_t)p->person);
  roles_format(p->roles, roles, sizeof roles);
  territory_format(p->territory, p->handle, territory);
  person_fingerprint(&p->key, words);
  const char *revoked = !p->revoked ? "" : p->revoked_from[0] != '\0' ? p->revoked_from : "void";
  const char *cells[] = {person, p->reference, roles, territory, revoked, p->name, words};
  out_table_row(l->table, cells);
  json_array_append_new(l->list,
                        json_pack("{s:I, s:s, s:s, s:s, s:b, s:s, s:o, s:s}", "person", (json_int_t)p->person, "ref",
                                  p->reference, "roles", roles, "territory", territory, "revoked", p->revoked, "revoked_from",
                                  p->revoked_from, "name", out_json_text(view_of_text(p->name)), "fingerprint", words));
  return true;
}

enum err_code cmd_person_list(struct cli *cli, const struct args *args, struct err *err) {
  static const char *const columns[] = {">person", "ref", "=roles", "territory", "revoked from", "<name", "fingerprint", NULL};
  (void)args;
  struct here here;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  if (hash_is_zero(&here.federation.own)) {
    here_release(&here);
    (void)err_set(err, ERR_REFUSED, "people are of a node, and this is none: no log here certifies anybody");
    return err_hint(err, "the pages of each node list whom it certified");
  }
  struct listing l = {.table = out_table_new(cli, columns), .list = json_array()};
  code = query_people(here.store, &here.federation, federation_handle(&here.federation, &here.federation.own), visit_person, &l,
                      err);
  out_table_print(l.table);
  out_set(cli, "people", l.list);
  here_release(&here);
  return code;
}
