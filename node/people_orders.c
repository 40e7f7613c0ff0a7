/*
 * people_orders: see people_orders.h.
 */
#include "node/people_orders.h"

#include <stdlib.h>
#include <string.h>

#include "keys/log.h"
#include "node/admit.h"
#include "node/invite.h"
#include "node/voter.h"

/* What an order came to. */
struct outcome {
  struct hall *h;
  bool *written;
  json_t **answer;
};

/* An unsigned member of an object; absent: 0. */
static enum err_code number_of(const json_t *argument, const char *name, uint64_t *out, struct err *err) {
  const json_t *value = json_object_get(argument, name);
  *out = 0;
  if (value == NULL) return OK;
  if (!json_is_integer(value) || json_integer_value(value) < 0) return err_set(err, ERR_USAGE, "%s is no number", name);
  *out = (uint64_t)json_integer_value(value);
  return OK;
}

static enum err_code key_of(const json_t *argument, struct pubkey *out, struct err *err) {
  const char *hex = json_string_value(json_object_get(argument, "key"));
  if (hex == NULL || hex_decode(view_of_text(hex), out->b, PUBKEY_LEN, NULL) != OK) {
    return err_set(err, ERR_USAGE, "key is not 64 hexadecimal digits");
  }
  return OK;
}

static enum err_code give(struct outcome *o, json_t *answer, struct err *err) {
  *o->answer = answer;
  return answer == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

/* Tells where a record is that was wanted, or why it is nowhere. */
static enum err_code give_row(struct outcome *o, const struct receipt_row *row, struct err *err) {
  const struct federation *f = hall_federation(o->h);
  char reference[REFERENCE_MAX], record[HASH_HEX_LEN];
  if (row->state != RECEIPT_LOGGED) {
    err_set(err, ERR_REFUSED, "%s: %s", reason_name(row->reason), reason_text(row->reason));
    return err_hint(err, "%s", reason_todo(row->reason));
  }
  *o->written = true;
  reference_format(f, &f->own, row->gen, row->index, reference);
  hash_hex(&row->id, record);
  return give(o, json_pack("{s:s, s:s}", "reference", reference, "id", record), err);
}

static enum err_code certify(struct outcome *o, const json_t *argument, struct err *err) {
  struct certify_wish wish = {.name = json_string_value(json_object_get(argument, "name"))};
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  enum err_code code = key_of(argument, &wish.key, err);
  if (code == OK) code = number_of(argument, "person", &wish.person, err);
  if (code == OK) code = number_of(argument, "roles", &wish.roles, err);
  if (code == OK) code = number_of(argument, "territory", &wish.territory, err);
  if (code == OK) {
    code =
        hall_certify(o->h, &wish.key, wish.person, wish.roles, wish.territory, wish.name == NULL ? "" : wish.name, &row, err);
  }
  return code == OK ? give_row(o, &row, err) : code;
}

static enum err_code revoke(struct outcome *o, const json_t *argument, struct err *err) {
  struct pubkey key;
  struct position from = {0, 0};
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  enum err_code code = key_of(argument, &key, err);
  if (code == OK) code = number_of(argument, "gen", &from.gen, err);
  if (code == OK) code = number_of(argument, "index", &from.index, err);
  if (code == OK) code = hall_revoke(o->h, &key, json_object_get(argument, "gen") == NULL ? NULL : &from, &row, err);
  return code == OK ? give_row(o, &row, err) : code;
}

static enum err_code invite(struct outcome *o, const json_t *argument, struct err *err) {
  struct invite_wish wish = {.for_node = json_is_true(json_object_get(argument, "node")),
                             .confirm = json_is_true(json_object_get(argument, "confirm")),
                             .name = json_string_value(json_object_get(argument, "name"))};
  struct token token;
  struct invitation made;
  char hex[2 * TOKEN_LEN + 1];
  enum err_code code = number_of(argument, "roles", &wish.roles, err);
  if (code == OK) code = number_of(argument, "territory", &wish.territory, err);
  if (code == OK) code = number_of(argument, "person", &wish.person, err);
  if (code == OK) code = number_of(argument, "days", &wish.days, err);
  if (code == OK) code = hall_invite(o->h, &wish, &token, &made, err);
  if (code != OK) return code;
  hex_encode(view_of(token.b, sizeof token.b), hex);
  return give(
      o, json_pack("{s:I, s:s, s:I}", "number", (json_int_t)made.number, "token", hex, "until", (json_int_t)made.until_s), err);
}

static enum err_code uninvite(struct outcome *o, const json_t *argument, struct err *err) {
  uint64_t number = 0;
  enum err_code code = number_of(argument, "number", &number, err);
  if (code == OK) code = hall_invite_cancel(o->h, number, err);
  return code == OK ? give(o, json_object(), err) : code;
}

static enum err_code confirm(struct outcome *o, const json_t *argument, struct err *err) {
  struct invitation invitation;
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  uint64_t number = 0;
  char hex[2 * PUBKEY_LEN + 1];
  enum err_code code = number_of(argument, "number", &number, err);
  if (code == OK) code = hall_invite_confirm(o->h, number, &invitation, &row, err);
  if (code == OK) code = give_row(o, &row, err);
  if (code != OK) return code;
  hex_encode(pubkey_view(&invitation.ask.key), hex);
  return json_object_set_new(*o->answer, "key", json_string(hex)) == 0 ? OK : err_set(err, ERR_MEMORY, NULL);
}

/* The word of the people for a change to the list of members. What follows from it by itself is done at once. */
static enum err_code wish(struct outcome *o, const json_t *argument, struct err *err) {
  const struct federation *f = hall_federation(o->h);
  const char *hex = json_string_value(json_object_get(argument, "changes"));
  struct receipt_row row = {.state = RECEIPT_REFUSED};
  struct err why = ERR_INIT;
  char reference[REFERENCE_MAX];
  const size_t len = hex == NULL ? 0 : strlen(hex) / 2;
  if (len == 0 || len > LIMIT_CHANGES_BYTES)
    return err_set(err, ERR_USAGE, "wish: changes of 1..%u octets", LIMIT_CHANGES_BYTES);
  uint8_t *octets = malloc(len);
  if (octets == NULL) return err_set(err, ERR_MEMORY, NULL);
  enum err_code code = hex_decode(view_of_text(hex), octets, len, err);
  if (code == OK) code = hall_wish(o->h, view_of(octets, len), json_is_true(json_object_get(argument, "consents")), &row, err);
  free(octets);
  if (code != OK) return code;
  *o->written = true;
  if (hall_voter_run(o->h, &why) != OK) log_line(LOG_ERROR, "members", "what was wished waits", "why=%s", why.message);
  reference_format(f, &f->own, row.gen, row.index, reference);
  return give(o, json_pack("{s:s, s:I}", "reference", reference, "epoch", (json_int_t)f->epoch.number), err);
}

static const struct {
  const char *name;
  enum err_code (*run)(struct outcome *o, const json_t *argument, struct err *err);
} ORDERS[] = {
    {"certify", certify}, {"revoke", revoke}, {"invite", invite}, {"uninvite", uninvite}, {"confirm", confirm}, {"wish", wish},
};
#define N_ORDERS (sizeof ORDERS / sizeof ORDERS[0])

static size_t find(const char *name) {
  size_t i = 0;
  while (i < N_ORDERS && strcmp(ORDERS[i].name, name) != 0)
    i++;
  return i;
}

bool people_order_is(const char *name) {
  return find(name) < N_ORDERS;
}

enum err_code people_order(struct hall *h, const char *name, const json_t *argument, bool *written, json_t **answer,
                           struct err *err) {
  const size_t i = find(name);
  struct outcome o = {h, written, answer};
  *written = false;
  *answer = NULL;
  if (i == N_ORDERS) return err_set(err, ERR_NOT_FOUND, "there is no order %s", name);
  const enum err_code code = ORDERS[i].run(&o, argument, err);
  if (code != OK && *answer != NULL) {
    json_decref(*answer);
    *answer = NULL;
  }
  return code;
}
