/*
 * person certify, person list: who may write in this node's log. Certificates are the node key's, on a coordinator's order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/submit.h"
#include "keys/words.h"
#include "node/admit.h"
#include "protocol/canon.h"
#include "protocol/people.h"

const struct option_row options_person_certify[] = {
    {"role", 0, OPTION_MANY, "ROLE", "coordinator, editor, reviewer, contributor, facilitator", "coordinator, editor, reviewer, contributor, facilitator"},
    {"territory", 0, OPTION_VALUE, "IT-34", "bind what this person writes to a region", "lega ciò che scrive a una regione"},
    {"name", 0, OPTION_VALUE, "TEXT", "name or function, instead of the card's", "nome o funzione, al posto di quello della carta"},
    OPTIONS_END,
};

/* A certificate that is asked for. */
struct wish {
  struct person_card card;
  uint64_t roles, territory;
};

static enum err_code read_wish(const struct args *args, struct wish *w, struct err *err) {
  const char *territory = args_value(args, "territory"), *name = args_value(args, "name"), *role;
  enum err_code code = card_read(args->operands[0], &w->card, err);
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
  return OK;
}

/* Over run/ctl: the order "certify"; else by the hall here. reference: of the new entry. */
static enum err_code certify(struct submit *s, const struct wish *w, char reference[REFERENCE_MAX], struct err *err) {
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  if (s->ctl == NULL) {
    enum err_code code = hall_certify(s->hall, &w->card.key, 0, w->roles, w->territory, w->card.name, &row, err);
    if (code == OK && row.state != RECEIPT_LOGGED) {
      char why[256];
      refusal_text(row.reason, why, sizeof why);
      code = err_set(err, ERR_REFUSED, "%s", why);
    }
    if (code == OK) {
      reference_format(&s->here.federation, &s->here.federation.own, row.gen, row.index, reference);
    }
    return code;
  }
  char hex[2 * PUBKEY_LEN + 1];
  json_t *answer = NULL;
  hex_encode(pubkey_view(&w->card.key), hex);
  json_t *wish = json_pack("{s:s, s:I, s:I, s:o}", "key", hex, "roles", (json_int_t)w->roles, "territory", (json_int_t)w->territory, "name",
                           out_json_text(view_of_text(w->card.name)));
  enum err_code code = ctl_order(s->ctl, "certify", wish, &answer, err);
  if (code == OK) {
    const char *said = json_string_value(json_object_get(answer, "reference"));
    snprintf(reference, REFERENCE_MAX, "%s", said == NULL ? "" : said);
  }
  json_decref(wish);
  json_decref(answer);
  return code;
}

enum err_code cmd_person_certify(struct cli *cli, const struct args *args, struct err *err) {
  struct wish w;
  struct submit s;
  char reference[REFERENCE_MAX] = "", roles[128], words[WORDS_LEN], territory[8];
  enum err_code code = read_wish(args, &w, err);
  if (code != OK || (code = submit_open(cli, &s, err)) != OK) {
    return code;
  }
  if ((code = certify(&s, &w, reference, err)) == OK) {
    person_fingerprint(&w.card.key, words);
    roles_format(w.roles, roles, sizeof roles);
    territory_format(w.territory, s.here.home.config.country, territory);
    out_line(cli, "%s  %s is certified as %s%s%s", reference, w.card.name[0] == '\0' ? "this key" : w.card.name, roles,
             territory[0] == '\0' ? "" : " for ", territory);
    out_line(cli, "Fingerprint  %s   (compare it with what the person sees: specola key show)", words);
    out_set_text(cli, "ref", reference);
    out_set_text(cli, "roles", roles);
    out_set_text(cli, "territory", territory);
    out_set_text(cli, "fingerprint", words);
  }
  submit_release(&s);
  return code;
}

/* ---- list ---- */

#define NAMES_MAX 100000 /* certificates whose names are kept for the list */

/* The certificates of the own log, read again from its entries, with the names that their bodies say. */
struct listing {
  const struct here *here;
  struct people *people;
  struct pubkey owner; /* the own key in force at this position */
  char **names;        /* by number of certificate */
  size_t n_names, room;
  enum err_code code;
  struct err *err;
};

/* The name in a certificate's body, or "". Owned by the caller; NULL without memory. */
static char *certificate_name(const struct item *item) {
  struct view previous = view_of(NULL, 0), name = view_of(NULL, 0);
  if (item->state == ITEM_WHOLE) {
    struct canon_reader r = canon_reader(item->body);
    for (uint32_t n = canon_map(&r, LIMIT_LIST); n > 0; n--) {
      if (view_is_text(canon_key(&r, &previous), "name")) {
        name = canon_str(&r, LIMIT_BODY);
      } else {
        canon_skip(&r);
      }
    }
  }
  return name.len == 0 ? strdup("") : strndup((const char *)name.p, name.len);
}

static void keep_name(struct listing *l, const struct item *item) {
  if (l->n_names == l->room) {
    size_t room = l->room == 0 ? 64 : 2 * l->room;
    char **names = room > NAMES_MAX ? NULL : realloc(l->names, room * sizeof *names);
    if (names == NULL) {
      l->code = err_set(l->err, ERR_MEMORY, NULL);
      return;
    }
    l->names = names;
    l->room = room;
  }
  l->names[l->n_names++] = certificate_name(item);
}

static bool visit_entry(void *context, int64_t rowid, const struct item *item) {
  struct listing *l = context;
  struct record record;
  struct header h;
  struct view header, signature;
  if (!envelope_split(item->envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE ||
      (h.kind != KIND_CERT && h.kind != KIND_REVOKE && h.kind != KIND_IDENTITY) ||
      record_open(item->envelope, &l->here->federation.charter.fed_id, NULL, &record) != REASON_NONE) {
    return true;
  }
  if (h.kind == KIND_IDENTITY) {
    l->owner = h.author;
    return true;
  }
  enum reason reason;
  bool backdated;
  size_t before = people_count(l->people);
  struct position at = {1, entry_index(rowid)};
  l->code = people_apply(l->people, &record, at, &l->owner, &reason, &backdated, l->err);
  if (l->code == OK && people_count(l->people) > before) {
    keep_name(l, item);
  }
  return l->code == OK;
}

static void say_person(const struct listing *l, size_t i, struct out_table *table, json_t *list) {
  bool revoked;
  struct position from;
  const struct certificate *c = people_certificate(l->people, i, &revoked, &from);
  const struct federation *f = &l->here->federation;
  char person[24], roles[128], territory[8], words[WORDS_LEN], reference[REFERENCE_MAX], revoked_from[REFERENCE_MAX] = "";
  snprintf(person, sizeof person, "%ju", (uintmax_t)c->person);
  roles_format(c->roles, roles, sizeof roles);
  territory_format(c->territory, l->here->home.config.country, territory);
  person_fingerprint(&c->key, words);
  reference_format(f, &f->own, c->at.gen, c->at.index, reference);
  if (revoked) {
    reference_format(f, &f->own, from.gen, from.index, revoked_from);
  }
  const char *name = i < l->n_names && l->names[i] != NULL ? l->names[i] : "";
  const char *cells[] = {person, reference, roles, territory, revoked ? revoked_from : "", name, words};
  out_table_row(table, cells);
  json_array_append_new(list, json_pack("{s:I, s:s, s:s, s:s, s:s, s:o, s:s}", "person", (json_int_t)c->person, "ref", reference, "roles",
                                        roles, "territory", territory, "revoked_from", revoked_from, "name",
                                        out_json_text(view_of_text(name)), "fingerprint", words));
}

enum err_code cmd_person_list(struct cli *cli, const struct args *args, struct err *err) {
  static const char *const columns[] = {">person", "ref", "roles", "territory", "revoked from", "name", "fingerprint", NULL};
  (void)args;
  struct here here;
  struct log log;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  struct listing l = {.here = &here, .people = people_new(), .err = err};
  const struct federation_member *self = federation_self(&here.federation);
  if (l.people == NULL || self == NULL) {
    code = err_set(err, l.people == NULL ? ERR_MEMORY : ERR_NOT_INITIALISED, "there is no own log here");
    goto out;
  }
  l.owner = self->identity.node_key;
  if ((code = log_find(here.store, &here.federation.own, self->identity.gen, &log, err)) != OK ||
      (code = entry_each(here.store, log.no, 0, log.range.size, visit_entry, &l, err)) != OK || (code = l.code) != OK) {
    goto out;
  }
  struct out_table *table = out_table_new(cli, columns);
  json_t *list = json_array();
  for (size_t i = 0; i < people_count(l.people); i++) {
    say_person(&l, i, table, list);
  }
  out_table_print(table);
  out_set(cli, "people", list);
out:
  for (size_t i = 0; i < l.n_names; i++) {
    free(l.names[i]);
  }
  free(l.names);
  people_free(l.people);
  here_release(&here);
  return code;
}
