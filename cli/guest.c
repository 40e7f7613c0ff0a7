/*
 * guest: see guest.h.
 */
#include "cli/guest.h"

#include <string.h>

#include "cli/following.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "node/replica.h"
#include "node/voter.h"

/* The node id that it asked with; false: it did not ask. */
static bool own_id(struct store *s, struct hash *out) {
  struct bytes fact;
  bytes_init(&fact, HASH_LEN);
  const bool found = store_get_fact(s, REPLICA_GUEST, &fact, NULL) == OK && fact.len == HASH_LEN;
  if (found) memcpy(out->b, fact.p, HASH_LEN);
  bytes_release(&fact);
  return found;
}

/* The row of a list that is about a node; NULL. */
static json_t *row_of(const json_t *list, const char *node) {
  size_t i = 0;
  json_t *row = NULL;
  json_array_foreach(list, i, row) {
    if (strcmp(text_of(row, "node"), node) == 0) return row;
  }
  return NULL;
}

/* all: query_members. */
static json_t *standing(const json_t *all, const struct hash *own) {
  char node[HASH_HEX_LEN];
  hash_hex(own, node);
  const json_t *member = row_of(json_object_get(all, "members"), node);
  if (member != NULL) {
    return json_pack("{s:s, s:s, s:s, s:O}", "state", "admitted", "node", node, "handle", text_of(member, "handle"), "epoch",
                     json_object_get(member, "since"));
  }
  const json_t *former = row_of(json_object_get(all, "former"), node);
  if (former != NULL) {
    return json_pack("{s:s, s:s, s:s, s:O}", "state", "removed", "node", node, "handle", text_of(former, "handle"), "epoch",
                     json_object_get(former, "until"));
  }
  json_t *wish = row_of(json_object_get(all, "wishes"), node);
  return wish == NULL ? json_pack("{s:s, s:s}", "state", "asked", "node", node)
                      : json_pack("{s:s, s:s, s:O, s:O, s:O, s:O, s:O, s:O}", "state", "proposed", "node", node, "handle",
                                  json_object_get(wish, "handle"), "id", json_object_get(wish, "id"), "by",
                                  json_object_get(wish, "by"), "given", json_object_get(wish, "given"), "needed",
                                  json_object_get(wish, "needed"), "consents", json_object_get(wish, "consents"));
}

enum err_code guest_put_status(struct cli *cli, const struct here *here, struct err *err) {
  struct hash own;
  json_t *all = NULL;
  if (!own_id(here->store, &own)) {
    out_set(cli, "guest", json_pack("{s:s}", "state", "not asked"));
    return OK;
  }
  const enum err_code code = query_members(here->store, &here->federation, &all, err);
  if (code == OK) out_set(cli, "guest", standing(all, &own));
  json_decref(all);
  return code;
}

static bool stands(const struct cli *cli, const char *state) {
  return strcmp(text_of(json_object_get(cli->doc, "guest"), "state"), state) == 0;
}

void guest_say_status(struct cli *cli) {
  const json_t *guest = json_object_get(cli->doc, "guest");
  const char *place = out_word(cli, "Place       ", "Posto       ");
  if (stands(cli, "admitted")) {
    out_line(cli, "%s %s %ju: specola join", place, out_word(cli, "a member since list no.", "membro dalla lista n."),
             (uintmax_t)json_integer_value(json_object_get(guest, "epoch")));
  } else if (stands(cli, "proposed")) {
    out_line(cli, "%s %s %s: %ju %s %ju %s", place, out_word(cli, "proposed by", "proposto da"), text_of(guest, "by"),
             (uintmax_t)json_integer_value(json_object_get(guest, "given")), out_word(cli, "of", "di"),
             (uintmax_t)json_integer_value(json_object_get(guest, "needed")), out_word(cli, "consent", "acconsentono"));
  } else if (stands(cli, "removed")) {
    out_line(cli, "%s %s %ju", place,
             out_word(cli, "was a member, and was removed with list no.", "è stato membro, e fu tolto con la lista n."),
             (uintmax_t)json_integer_value(json_object_get(guest, "epoch")));
  } else if (stands(cli, "asked")) {
    out_line(
        cli, "%s %s", place,
        out_word(cli, "asked; no member has proposed this node yet", "chiesto; nessun membro ha ancora proposto questo nodo"));
  } else {
    out_line(cli, "%s %s: specola join LINE --identity FILE", place, out_word(cli, "not asked for", "non chiesto"));
  }
}

enum err_code guest_may_ask(struct cli *cli, struct err *err) {
  struct here here;
  enum err_code code = here_open(cli, &here, err);
  if (code == ERR_NOT_INITIALISED) {
    err_clear(err);
    return OK;
  }
  if (code == OK && !home_is_guest(&here.home) && federation_self(&here.federation) != NULL) {
    (void)err_set(err, ERR_REFUSED, "this node is a member already");
    code = err_hint(err, "specola status");
  }
  here_release(&here);
  return code;
}

enum err_code guest_follow(struct cli *cli, const struct home *home, bool *admitted, struct err *err) {
  const struct following_wish everything = {.all = true};
  struct here here;
  *admitted = false;
  enum err_code code = following_run(cli, home, &everything, err);
  if (code != OK) return code;
  code = here_open(cli, &here, err);
  if (code == OK) code = guest_put_status(cli, &here, err);
  here_release(&here);
  *admitted = code == OK && stands(cli, "admitted");
  if (code == OK && !*admitted) guest_say_status(cli);
  return code;
}
