/*
 * invite, invite list, invite confirm, invite cancel: how people and nodes get in (docs/protocol.md 17). The line that invite
 * prints is the only place where the token ever stands.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/invitation.h"
#include "cli/json_text.h"
#include "cli/ordering.h"
#include "cli/out.h"
#include "cli/person.h"
#include "keys/words.h"
#include "node/invite.h"
#include "node/replica.h"

const struct option_row options_invite[] = {
    {"for", 0, OPTION_MANY, "ROLE", "reviewer, editor, contributor, coordinator, facilitator; node; reader",
     "reviewer, editor, contributor, coordinator, facilitator; node; reader"},
    {"name", 0, OPTION_VALUE, "TEXT", "the name in the certificate, instead of the one that the person gives",
     "il nome nel certificato, al posto di quello dato dalla persona"},
    {"territory", 0, OPTION_VALUE, "IT-34", "bind what this person writes to a region", "lega ciò che scrive a una regione"},
    {"person", 0, OPTION_VALUE, "N", "a new key for a person of this node: specola person list",
     "una nuova chiave per una persona di questo nodo: specola person list"},
    {"confirm", 0, OPTION_FLAG, NULL, "wait for your word, after you compared the fingerprint by telephone",
     "attende la tua conferma, dopo aver confrontato l'impronta al telefono"},
    {"days", 0, OPTION_VALUE, "N", "how long it is good (7)", "per quanti giorni vale (7)"},
    {"at", 0, OPTION_VALUE, "URL", "where this node's pages are reached", "dove si raggiungono le pagine di questo nodo"},
    OPTIONS_END,
};
const struct option_row options_invite_confirm[] = {
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask: the words were compared", "senza chiedere: le parole sono state confrontate"},
    OPTIONS_END,
};

#define DAY_MAX 24

static void day_of(uint64_t seconds, char out[DAY_MAX]) {
  struct tm tm;
  const time_t t = (time_t)seconds;
  if (gmtime_r(&t, &tm) == NULL || strftime(out, DAY_MAX, "%Y-%m-%d %H:%M", &tm) == 0) {
    out[0] = '\0';
  }
}

/* ---- making ---- */

/* What is wanted. */
struct wanted {
  bool for_node, for_reader;
  uint64_t roles, territory, person, days;
  const char *name; /* NULL: not said */
};

static enum err_code wrong_roles(struct err *err) {
  err->code = ERR_USAGE;
  return err_hint(err, "--for reviewer, editor, contributor, coordinator or facilitator; or node; or reader");
}

static enum err_code read_roles(const struct args *args, struct wanted *w, struct err *err) {
  const char *role;
  for (size_t i = 0; (role = args_nth(args, "for", i)) != NULL; i++) {
    uint64_t roles = 0;
    if (strcmp(role, "node") == 0) {
      w->for_node = true;
    } else if (strcmp(role, "reader") == 0) {
      w->for_reader = true;
    } else if (roles_parse(role, &roles, err) != OK) {
      return wrong_roles(err);
    }
    w->roles |= roles;
  }
  if ((w->roles != 0) + w->for_node + w->for_reader != 1) {
    err_set(err, ERR_USAGE,
            w->roles == 0 && !w->for_node && !w->for_reader ? "--for is missing" : "--for: node and reader stand alone");
    return wrong_roles(err);
  }
  return OK;
}

static enum err_code read_wanted(const struct args *args, struct wanted *w, struct err *err) {
  const char *territory = args_value(args, "territory");
  *w = (struct wanted){.name = args_value(args, "name")};
  enum err_code code = read_roles(args, w, err);
  if (code == OK) {
    code = args_number(args, "person", 1, UINT32_MAX, 0, &w->person, err);
  }
  if (code == OK) {
    code = args_number(args, "days", 1, INVITE_DAYS_MAX, INVITE_DAYS, &w->days, err);
  }
  if (code == OK && territory != NULL && territory_parse(territory, &w->territory, err) != OK) {
    err->code = ERR_USAGE;
    return err_hint(err, "--territory IT-34");
  }
  const bool personal = territory != NULL || w->name != NULL || w->person != 0 || args_flag(args, "confirm");
  if (code == OK && w->roles == 0 && personal) {
    err_set(err, ERR_USAGE, "--name, --territory, --person and --confirm are of people who get a certificate");
    return err_hint(err, "specola invite --for %s", w->for_node ? "node" : "reader");
  }
  return code;
}

/* Where this node's pages are: told, or known. */
static enum err_code address_of(const struct args *args, const struct here *here, char out[LIMIT_ENDPOINT + 1],
                                struct err *err) {
  const struct federation_member *self = federation_self(&here->federation);
  char named[LIMIT_ENDPOINT + 16];
  const char *at = args_value(args, "at");
  if (at == NULL && self != NULL && self->has_address && self->address.web[0] != '\0') {
    at = self->address.web;
  }
  if (at == NULL && home_is_replica(&here->home)) {
    at = home_follows(&here->home); /* whoever reads a copy may pass on where it came from */
  }
  if (at == NULL && here->home.config.web_name[0] != '\0') {
    snprintf(named, sizeof named, "https://%s", here->home.config.web_name);
    at = named;
  }
  if (at == NULL) {
    err_set(err, ERR_INCOMPLETE, "nobody could follow the invitation: it is not known where this node's pages are reached");
    return err_hint(err, "--at https://node.example.org, or web_name = node.example.org in node.ini");
  }
  return invitation_address(at, out, err);
}

static enum err_code make(struct submit *s, const struct args *args, const struct wanted *w, struct token *token,
                          json_t **answer, struct err *err) {
  json_t *order = json_pack("{s:I, s:I, s:I, s:I, s:b, s:b}", "roles", (json_int_t)w->roles, "territory",
                            (json_int_t)w->territory, "person", (json_int_t)w->person, "days", (json_int_t)w->days, "node",
                            w->for_node, "confirm", args_flag(args, "confirm"));
  if (w->name != NULL) {
    (void)json_object_set_new(order, "name", out_json_text(view_of_text(w->name)));
  }
  const enum err_code code = ordering(s, "invite", order, answer, err);
  if (code == OK && hex_decode(view_of_text(text_of(*answer, "token")), token->b, TOKEN_LEN, NULL) != OK) {
    return err_set(err, ERR_FORMAT, "the node did not tell the token");
  }
  return code;
}

static void say_made(struct cli *cli, const struct args *args, const struct wanted *w, const json_t *made, const char *line,
                     const char *country) {
  char roles[128] = "", territory[8], until[DAY_MAX];
  const uint64_t number = (uint64_t)json_integer_value(json_object_get(made, "number"));
  roles_format(w->roles, roles, sizeof roles);
  territory_format(w->territory, country, territory);
  day_of((uint64_t)json_integer_value(json_object_get(made, "until")), until);
  out_line(cli, "%s", line);
  out_note(cli, "%s %ju: %s%s%s%s, %s %s UTC, %s", out_word(cli, "Invitation", "Invito"), (uintmax_t)number,
           w->for_node ? out_word(cli, "a node of its own", "un nodo proprio") : roles,
           territory[0] == '\0' ? "" : out_word(cli, " for ", " per "), territory,
           args_flag(args, "confirm") ? out_word(cli, ", with your word", ", con la tua conferma") : "",
           out_word(cli, "good until", "vale fino al"), until, out_word(cli, "for one key, once", "per una chiave, una volta"));
  out_note(
      cli, "%s",
      w->for_node
          ? out_word(cli,
                     "It is used with  specola join 'LINE' --identity FILE.identity  by that node. Next:  specola invite list",
                     "La usa quel nodo, con  specola join 'RIGA' --identity FILE.identity  Poi:  specola invite list")
          : out_word(
                cli, "Whoever has it can use it, with  specola join 'LINE': send it to one person. Next:  specola invite list",
                "Chi la ha può usarla, con  specola join 'RIGA': va mandata a una persona sola. Poi:  specola invite list"));
  out_set_text(cli, "line", line);
  out_set_number(cli, "number", number);
  out_set_text(cli, "roles", roles);
  out_set_text(cli, "territory", territory);
  out_set_text(cli, "until", until);
  out_set_bool(cli, "confirm", args_flag(args, "confirm"));
  out_set_bool(cli, "node", w->for_node);
}

/* Who answers at the address that a replica follows, as the line said by which it came. */
static enum err_code followed_node(const struct here *here, struct hash *out, struct err *err) {
  struct bytes fact;
  bytes_init(&fact, HASH_LEN);
  const enum err_code code = store_get_fact(here->store, REPLICA_FOLLOWED, &fact, NULL);
  if (code == OK && fact.len == HASH_LEN) memcpy(out->b, fact.p, HASH_LEN);
  bytes_release(&fact);
  if (!hash_is_zero(out)) return OK;
  (void)err_set(err, ERR_INCOMPLETE, "this copy does not know which node it follows");
  return err_hint(err, "pass on the line that it came by: specola join took it");
}

/* To read needs no leave, so that nothing is written. */
static enum err_code invite_reader(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct invitation_line line = {.has_token = false};
  char text[INVITATION_LINE_MAX];
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  line.fed_id = here.federation.charter.fed_id;
  line.node = here.federation.own;
  code = hash_is_zero(&line.node) ? followed_node(&here, &line.node, err) : OK;
  if (code == OK) code = address_of(args, &here, line.at, err);
  if (code == OK) {
    invitation_format(&line, text);
    out_line(cli, "%s", text);
    out_note(cli, "%s",
             out_word(cli, "For everybody: it carries no secret, and makes a copy of the observatory that reads.",
                      "Per tutti: non contiene segreti, e crea una copia dell'osservatorio per leggere."));
    out_set_text(cli, "line", text);
    out_set_text(cli, "roles", "");
    out_set_bool(cli, "node", false);
  }
  here_release(&here);
  return code;
}

enum err_code cmd_invite(struct cli *cli, const struct args *args, struct err *err) {
  struct wanted w;
  struct submit s;
  struct invitation_line line = {.has_token = true};
  json_t *made = NULL;
  char text[INVITATION_LINE_MAX];
  enum err_code code = read_wanted(args, &w, err);
  if (code != OK || w.for_reader) {
    return code != OK ? code : invite_reader(cli, args, err);
  }
  if ((code = submit_open_node(cli, &s, err)) != OK) {
    return code;
  }
  line.fed_id = s.here.federation.charter.fed_id;
  line.node = s.here.federation.own;
  code = address_of(args, &s.here, line.at, err);
  if (code == OK) {
    code = make(&s, args, &w, &line.token, &made, err);
  }
  if (code == OK) {
    invitation_format(&line, text);
    say_made(cli, args, &w, made, text, s.here.home.config.country);
  }
  json_decref(made);
  submit_release(&s);
  return code;
}

/* ---- list ---- */

struct listing {
  const struct cli *cli;
  const struct here *here;
  struct out_table *table;
  json_t *list;
  uint64_t now, waiting;
};

static const char *state_of(const struct listing *l, const struct invitation *i) {
  if (i->state == INVITATION_USED) return "used";
  if (i->state == INVITATION_CANCELLED) return "cancelled";
  if (i->is_asked && i->for_node && federation_by_node(&l->here->federation, &i->ask.node) != NULL)
    return "used"; /* a member */
  if (i->is_asked && i->ask.is_answered) return "proposed";
  if (i->is_asked) return "waits";
  return l->now > i->until_s ? "expired" : "open";
}

static const char *state_word(const struct cli *cli, const char *state) {
  static const char *const WORDS[][2] = {{"used", "usato"},      {"cancelled", "annullato"}, {"proposed", "proposto"},
                                         {"waits", "in attesa"}, {"expired", "scaduto"},     {"open", "aperto"}};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (strcmp(WORDS[i][0], state) == 0) return out_word(cli, WORDS[i][0], WORDS[i][1]);
  }
  return state;
}

static bool visit(void *context, const struct invitation *i) {
  struct listing *l = context;
  char number[24], roles[128] = "node", territory[8], until[DAY_MAX], words[WORDS_LEN] = "", reference[REFERENCE_MAX] = "",
                   person[24] = "";
  const char *state = state_of(l, i), *name = i->name[0] != '\0' ? i->name : i->ask.name;
  snprintf(number, sizeof number, "%ju", (uintmax_t)i->number);
  if (i->person != 0) snprintf(person, sizeof person, "%ju", (uintmax_t)i->person);
  if (!i->for_node) roles_format(i->roles, roles, sizeof roles);
  territory_format(i->territory, l->here->home.config.country, territory);
  day_of(i->until_s, until);
  if (i->is_asked && i->for_node) words_of(&i->ask.node, words);
  if (i->is_asked && !i->for_node) person_fingerprint(&i->ask.key, words);
  if (i->is_asked && i->ask.gen > 0) {
    reference_format(&l->here->federation, &l->here->federation.own, i->ask.gen, i->ask.index, reference);
  }
  l->waiting += strcmp(state, "waits") == 0;
  const char *cells[] = {number, roles, territory, person, state_word(l->cli, state), until, reference, name, words};
  out_table_row(l->table, cells);
  json_array_append_new(l->list,
                        json_pack("{s:I, s:s, s:s, s:I, s:b, s:b, s:s, s:s, s:s, s:o, s:s}", "number", (json_int_t)i->number,
                                  "roles", roles, "territory", territory, "person", (json_int_t)i->person, "node", i->for_node,
                                  "confirm", i->confirm, "state", state, "until", until, "ref", reference, "name",
                                  out_json_text(view_of_text(name)), "fingerprint", words));
  return true;
}

enum err_code cmd_invite_list(struct cli *cli, const struct args *args, struct err *err) {
  static const char *const columns[] = {">number", "=for", "territory", "person",      "state",
                                        "until",   "ref",  "<name",     "fingerprint", NULL};
  struct here here;
  (void)args;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  struct listing l = {
      .cli = cli, .here = &here, .table = out_table_new(cli, columns), .list = json_array(), .now = clock_unix(clock_system())};
  code = invitation_each(here.store, visit, &l, err);
  out_table_print(l.table);
  out_set(cli, "invitations", l.list);
  if (code == OK && l.waiting > 0) {
    out_note(cli, "%s",
             out_word(cli,
                      "Who waits: let the person read the fingerprint to you by telephone, then  specola invite confirm NUMBER",
                      "Chi attende: fatti leggere l'impronta al telefono, poi  specola invite confirm NUMBER"));
  }
  here_release(&here);
  return code;
}

/* ---- one of them ---- */

static enum err_code number_of(const struct args *args, uint64_t *out, struct err *err) {
  if (decimal_decode(view_of_text(args->operands[0]), out, NULL) == OK && *out > 0) {
    return OK;
  }
  err_set(err, ERR_USAGE, "\"%s\" is no number of an invitation", args->operands[0]);
  return err_hint(err, "specola invite list");
}

static enum err_code compared(struct cli *cli, const struct args *args, const struct invitation *i, const char *words,
                              struct err *err) {
  char question[512];
  bool yes = true;
  enum err_code code = OK;
  if (args_flag(args, "yes") || !i->is_asked || i->state != INVITATION_ASKED) {
    return OK; /* or the node says what there is to say */
  }
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "somebody has to say that these are the words that the person reads: %s", words);
    return err_hint(err, "specola invite confirm %s --yes, once they were compared", args->operands[0]);
  }
  out_line(cli, "%s", i->name[0] != '\0' ? i->name : i->ask.name);
  out_line(cli, "%s  %s", out_word(cli, "Fingerprint", "Impronta"), words);
  snprintf(question, sizeof question, "%s",
           out_word(cli, "Did the person read exactly these words to you?", "La persona ha letto esattamente queste parole?"));
  code = ask_yes(cli, question, false, &yes, err);
  if (code == OK && !yes) {
    err_set(err, ERR_REFUSED, "not confirmed: the words were not said to be the same");
    return err_hint(err, "other words are another key: specola invite cancel %s, and a new line", args->operands[0]);
  }
  return code;
}

/* A node is proposed to the members, who vote: its request becomes the file that they look at. */
static enum err_code hand_over(struct cli *cli, const struct args *args, const struct submit *s, const struct invitation *i,
                               struct err *err) {
  struct bytes request;
  struct founder founder;
  struct view name, address;
  char words[WORDS_LEN], path[HANDLE_MAX + 16];
  bytes_init(&request, LIMIT_ASK_NODE);
  enum err_code code = invitation_request(s->here.store, i->number, &request, err);
  if (code == OK) {
    code = founding_request_decode(bytes_view(&request), &founder, &name, &address, err);
  }
  if (code == OK) {
    words_of(&founder.node, words);
    code = compared(cli, args, i, words, err);
  }
  if (code == OK) {
    snprintf(path, sizeof path, "%s.identity", founder.handle);
    const struct founding_item item = {BUNDLE_REQUEST, bytes_view(&request)};
    if ((code = cli_new_file(path, err)) == OK) {
      code = founding_file_write(path, &item, 1, err);
    }
  }
  if (code == OK) {
    out_line(cli, "%s  %.*s  %s", path, (int)name.len, (const char *)name.p, words);
    out_note(cli, "Next:  specola member propose %s", path);
    out_set_text(cli, "file", path);
    out_set_text(cli, "fingerprint", words);
  }
  bytes_release(&request);
  return code;
}

enum err_code cmd_invite_confirm(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  struct invitation i;
  json_t *answer = NULL;
  uint64_t number = 0;
  char words[WORDS_LEN] = "", roles[128];
  enum err_code code = number_of(args, &number, err);
  if (code != OK || (code = submit_open_node(cli, &s, err)) != OK) {
    return code;
  }
  code = invitation_by_number(s.here.store, number, &i, err);
  if (code == ERR_NOT_FOUND) {
    code = err_hint(err, "specola invite list");
  }
  if (code == OK && i.for_node && i.state == INVITATION_ASKED) {
    code = hand_over(cli, args, &s, &i, err);
    submit_release(&s);
    return code;
  }
  if (code == OK) {
    person_fingerprint(&i.ask.key, words);
    code = compared(cli, args, &i, words, err);
  }
  if (code == OK) {
    code = ordering(&s, "confirm", json_pack("{s:I}", "number", (json_int_t)number), &answer, err);
  }
  if (code == OK) {
    roles_format(i.roles, roles, sizeof roles);
    out_line(cli, "%s  %s %s %s", text_of(answer, "reference"), i.name[0] != '\0' ? i.name : i.ask.name,
             out_word(cli, "is certified as", "è autorizzato come"), roles);
    out_note(cli, "%s",
             out_word(cli, "The person runs the same  specola join  once more.", "La persona ripete lo stesso  specola join."));
    out_set_text(cli, "ref", text_of(answer, "reference"));
    out_set_text(cli, "roles", roles);
    out_set_text(cli, "fingerprint", words);
  }
  json_decref(answer);
  submit_release(&s);
  return code;
}

enum err_code cmd_invite_cancel(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  uint64_t number = 0;
  enum err_code code = number_of(args, &number, err);
  if (code != OK || (code = submit_open_node(cli, &s, err)) != OK) {
    return code;
  }
  code = ordering(&s, "uninvite", json_pack("{s:I}", "number", (json_int_t)number), NULL, err);
  if (code == OK) {
    out_line(cli, "%s %ju %s", out_word(cli, "Invitation", "Invito"), (uintmax_t)number,
             out_word(cli, "is taken back: its line is of no use any more", "annullato: la riga non serve più a nulla"));
    out_set_number(cli, "cancelled", number);
  }
  submit_release(&s);
  return code;
}
