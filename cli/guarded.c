/*
 * guarded: see guarded.h.
 */
#include "cli/guarded.h"

#include <stdio.h>
#include <string.h>

#include "cli/json_text.h"
#include "cli/out.h"
#include "node/guarding.h"
#include "protocol/canon.h"
#include "protocol/reason.h"
#include "protocol/schema/body.h"

/* ---- what was refused ---- */

struct refusals {
  const struct cli *cli;
  const struct here *here;
  json_t *list;
};

/* The title of an object version, empty of anything else. */
static struct view title_of(const struct refusals *r, const struct item *item) {
  struct header h;
  struct view header, signature, title = view_of(NULL, 0);
  if (!envelope_split(item->envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE ||
      h.kind != KIND_VERSION || h.n_args == 0) {
    return title;
  }
  const struct schema *schema = schema_by_number(r->here->schemas, h.args[0]);
  if (schema == NULL || !body_text(schema, item->body, schema->title->key, r->cli->lang, &title, NULL)) {
    return view_of(NULL, 0);
  }
  return title;
}

static bool add_refusal(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view octets) {
  struct refusals *r = context;
  struct item item = {.state = ITEM_BODILESS};
  struct canon_reader reader = canon_reader(octets);
  item_read(&reader, &item);
  const bool reads = canon_finish(&reader, "item", NULL) == OK;
  return json_array_append_new(r->list, json_pack("{s:o, s:o, s:s, s:s, s:I}", "id", out_json_hash(id), "title",
                                                  out_json_text(reads ? title_of(r, &item) : view_of(NULL, 0)), "reason",
                                                  reason_name((enum reason)reason), "why", reason_text((enum reason)reason),
                                                  "received", (json_int_t)received)) == 0;
}

enum err_code guarded_json(const struct cli *cli, const struct here *here, const json_t *told, json_t **out, struct err *err) {
  const struct head_file file = head_in(here->home.dir);
  struct refusals r = {.cli = cli, .here = here, .list = json_array()};
  struct guard_look look;
  json_t *guard = told == NULL ? NULL : json_deep_copy(told);
  enum err_code code = OK;
  if (guard == NULL) {
    code = guard_look(here->store, &here->federation, &file, &look, err);
    guard = code == OK ? guard_json(&look, &here->federation) : NULL;
  }
  if (code == OK && json_integer_value(json_object_get(guard, "refused")) > 0) {
    code = outbox_each(here->store, true, add_refusal, &r, err);
  }
  if (code == OK && json_is_object(guard) &&
      json_object_set(guard, "refusals", r.list) != 0) { /* null: no member, nothing guarded */
    code = err_set(err, ERR_MEMORY, NULL);
  }
  json_decref(r.list);
  if (code != OK) {
    json_decref(guard);
    return code;
  }
  *out = guard;
  return OK;
}

/* ---- said ---- */

void guarded_text(const struct cli *cli, const json_t *guard, char *out, size_t size, const char **todo) {
  const intmax_t waiting = (intmax_t)json_integer_value(json_object_get(guard, "waiting"));
  const intmax_t refused = (intmax_t)json_integer_value(json_object_get(guard, "refused"));
  char part[160];
  out[0] = '\0';
  *todo = "";
  if (json_is_false(json_object_get(guard, "open"))) {
    snprintf(out, size, "%s: %s", out_word(cli, "closed", "chiusa"), text_of(guard, "reason"));
    *todo = out_word(
        cli, "specola serve, or specola sync, until other members have said how much of this node's log they hold",
        "specola serve, o specola sync, finché altri membri non hanno detto quanto conservano del registro di questo nodo");
  } else if (json_is_true(json_object_get(guard, "alone"))) {
    snprintf(out, size, "%s",
             out_word(cli, "opened by a person (--alone), and not yet confirmed by the members",
                      "aperta da una persona (--alone), e non ancora confermata dai membri"));
    *todo = out_word(cli, "specola serve, until the members have taken what was written",
                     "specola serve, finché i membri non hanno preso ciò che è stato scritto");
  }
  const char *const parts[] = {out_word(cli, "wait", "in attesa"),
                               out_word(cli, "were refused when their turn came", "rifiutati quando è venuto il loro turno")};
  const intmax_t counts[] = {waiting, refused};
  for (size_t i = 0; i < 2; i++) {
    if (counts[i] == 0) {
      continue;
    }
    const size_t used = strlen(out);
    snprintf(part, sizeof part, "%s%jd %s %s", used == 0 ? "" : "; ", counts[i],
             counts[i] == 1 ? out_word(cli, "record", "record") : out_word(cli, "records", "record"), parts[i]);
    snprintf(out + used, size - used, "%s", part);
  }
  if (refused > 0 && (*todo)[0] == '\0') {
    *todo = out_word(cli, "specola status tells them; mend them and publish again",
                     "specola status li elenca; vanno corretti e pubblicati di nuovo");
  }
}

void guarded_say(const struct cli *cli, const json_t *guard) {
  char text[400];
  const char *todo;
  size_t i;
  json_t *one;
  guarded_text(cli, guard, text, sizeof text, &todo);
  if (text[0] != '\0') {
    out_line(cli, "! %s %s", out_word(cli, "Fork guard", "Guardia dalle biforcazioni"), text);
  }
  json_array_foreach(json_object_get(guard, "refusals"), i, one) {
    out_line(cli, "! %s %.16s  %s  %s: %s", out_word(cli, "refused   ", "rifiutato "), text_of(one, "id"),
             text_of(one, "title"), text_of(one, "reason"), text_of(one, "why"));
  }
}
