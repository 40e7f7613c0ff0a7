/*
 * history, diff: how an object came to be what it is: every version, what was held back and why, its withdrawal; and what any
 * two of its versions say differently.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/forked.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/takedown.h"
#include "node/store/query_history.h"
#include "node/store/query_takedown.h"
#include "protocol/people.h"

#define SUMMARY_MAX ((size_t)64 * 1024) /* octets of a line */

static void say_day(uint64_t seconds, char out[16]) {
  struct tm tm;
  time_t t = (time_t)seconds;
  if (seconds > (uint64_t)INT64_MAX / 2 || gmtime_r(&t, &tm) == NULL || strftime(out, 16, "%Y-%m-%d", &tm) == 0) {
    snprintf(out, 16, "?");
  }
}

static void set_head(struct cli *cli, const json_t *json) {
  out_set_text(cli, "ref", text_of(json, "reference"));
  out_set_text(cli, "id", text_of(json, "id"));
  out_set_text(cli, "kind", text_of(json, "kind"));
  out_set_text(cli, "home", text_of(json_object_get(json, "home"), "handle"));
  out_set(cli, "title", out_json_text(view_of_text(text_of(json, "title"))));
  out_set_text(cli, "state", text_of(json, "state"));
  if (json_object_get(json, "forked") != NULL) {
    out_set(cli, "forked", json_incref(json_object_get(json, "forked")));
  }
}

/* ---- history ---- */

struct story {
  struct cli *cli;
  const struct here *here;
  json_t *list;
  json_t *before;    /* the body of the version before that counts and is here; NULL: none */
  struct bytes line; /* what happened */
};

static void tell_withdrawal(struct story *s, const struct history_row *row, json_t *entry) {
  json_t *body = NULL;
  if (row->body.len > 0 && body_to_json(NULL, row->body, &body, NULL) == OK) {
    (void)json_object_set(entry, "reason", json_object_get(body, "reason"));
  }
  const char *reason = text_in_language(s->cli, json_object_get(body, "reason"));
  bool fits = bytes_printf(&s->line, NULL, "%s%s%s", out_word(s->cli, "withdrawn", "ritirato"), reason[0] == '\0' ? "" : ": ",
                           reason) == OK;
  (void)fits;
  json_decref(body);
}

/* What this version changed against the one before; that one is then this one. */
static void tell_changes(struct story *s, const struct history_row *row, json_t *entry) {
  const struct schema *schema = schema_by_number(s->here->schemas, row->schema_number);
  json_t *body = NULL, *changes = NULL;
  bool fits = true;
  if (row->body.len == 0 || body_to_json(schema, row->body, &body, NULL) != OK) {
    fits =
        bytes_append_text(&s->line, out_word(s->cli, "its text is not held here", "il testo non è conservato qui"), NULL) == OK;
  } else if (s->before == NULL) {
    fits = bytes_append_text(&s->line,
                             row->number == 1 ? out_word(s->cli, "first version", "prima versione")
                                              : out_word(s->cli, "nothing to compare it with", "nulla con cui confrontarla"),
                             NULL) == OK;
  } else if (difference(schema, s->before, body, &changes, NULL) == OK) {
    changes_summary(s->cli, schema, changes, &s->line);
    changes_label(s->cli, schema, changes);
  }
  (void)fits;
  (void)json_object_set_new(entry, "changes", changes == NULL ? json_array() : changes);
  if (row->number > 0) {
    json_decref(s->before);
    s->before = json_incref(body);
  }
  json_decref(body);
}

static void tell_held(struct story *s, const struct history_row *row, json_t *entry) {
  const char *text = reason_text(row->held);
  bool fits = bytes_printf(&s->line, NULL, "%s (%s: %s)", out_word(s->cli, "held back", "trattenuto"), reason_name(row->held),
                           text) == OK;
  (void)fits;
  (void)json_object_set_new(entry, "held", json_pack("{s:s, s:s}", "reason", reason_name(row->held), "text", text));
}

static void tell_takedown(struct story *s, const struct history_row *row, json_t *entry) {
  json_t *takedown = NULL;
  const struct here *here = s->here;
  if (query_takedown(here->store, &here->federation, here->schemas, row->rowid, false, &takedown, NULL) != OK ||
      takedown == NULL) {
    return;
  }
  (void)!bytes_append_text(&s->line, s->line.len == 0 ? "" : "; ", NULL);
  takedown_say(s->cli, here->schemas, takedown, &s->line);
  (void)json_object_set_new(entry, "takedown", takedown);
}

static json_t *entry_json(const struct history_row *row, const char *roles) {
  struct hash key;
  memcpy(key.b, row->author.b, sizeof key.b);
  return json_pack("{s:s, s:o, s:s, s:o, s:I, s:{s:o, s:o, s:s, s:I}, s:b}", "ref", row->reference, "id",
                   out_json_hash(&row->id), "what", row->withdrawal ? "withdrawal" : "version", "version",
                   row->number == 0 ? json_null() : json_integer((json_int_t)row->number), "created", (json_int_t)row->created,
                   "author", "key", out_json_hash(&key), "name", out_json_text(view_of_text(row->name)), "roles", roles,
                   "person", (json_int_t)row->person, "text_here", row->body.len > 0);
}

static bool visit_entry(void *context, const struct history_row *row) {
  struct story *s = context;
  char roles[128] = "", number[16] = "", day[16], who[256];
  if (row->roles != 0) {
    roles_format(row->roles, roles, sizeof roles);
  }
  json_t *entry = entry_json(row, roles);
  bytes_clear(&s->line);
  if (row->held != REASON_NONE) {
    tell_held(s, row, entry);
  } else if (row->withdrawal) {
    tell_withdrawal(s, row, entry);
  } else if (row->state != ITEM_GONE) {
    tell_changes(s, row, entry);
  }
  if (row->state == ITEM_GONE) {
    tell_takedown(s, row, entry);
  }
  if (row->number > 0) {
    snprintf(number, sizeof number, "%u", row->number);
  }
  say_day(row->created, day);
  snprintf(who, sizeof who, "%.120s%s%.100s%s", row->name, roles[0] == '\0' ? "" : " (", roles, roles[0] == '\0' ? "" : ")");
  (void)json_object_set_new(entry, "summary", out_json_text(bytes_view(&s->line)));
  const bool odd = row->held != REASON_NONE || row->withdrawal || row->state == ITEM_GONE;
  out_wrapped(s->cli, 4, "%3s  %s  %s  %s", number[0] == '\0' ? "-" : number, row->reference, day, who);
  out_toned(s->cli, odd ? TONE_WARNING : TONE_PLAIN, 5, "     %.*s", (int)s->line.len, (const char *)s->line.p);
  json_array_append_new(s->list, entry);
  return true;
}

enum err_code cmd_history(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  json_t *json = NULL;
  int64_t rowid = 0;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  struct story s = {.cli = cli, .here = &here, .list = json_array()};
  bytes_init(&s.line, SUMMARY_MAX);
  out_set(cli, "history", s.list);
  if ((code = here_object(cli, &here, args->operands[0], &rowid, &json, err)) != OK) {
    goto out;
  }
  out_heading(cli, "%s  %s", text_of(json, "reference"), text_of(json, "title"));
  set_head(cli, json);
  forked_say(cli, json, text_of(json_object_get(json, "home"), "handle"),
             federation_handle(&here.federation, &here.federation.own));
  code = query_history(here.store, &here.federation, rowid, visit_entry, &s, err);
  if (code == OK && strcmp(text_of(json, "state"), "withdrawn") == 0) {
    out_line(cli, "! %s", out_word(cli, "It was withdrawn.", "È stato ritirato."));
  } else if (code == OK && json_array_size(json_object_get(json, "versions")) > 1) {
    out_note(cli, "Next:  specola diff %s", text_of(json, "reference"));
  }
out:
  json_decref(s.before);
  json_decref(json);
  bytes_release(&s.line);
  here_release(&here);
  return code;
}

/* ---- diff ---- */

/* A version that is compared. */
struct side {
  size_t number; /* from 1 */
  const json_t *version;
  json_t *body; /* owned */
  const struct schema *schema;
};

/* The number of the version that a word names: a number, or the reference or id of a version. */
static enum err_code read_version(const json_t *json, const char *word, size_t *number, struct err *err) {
  json_t *versions = json_object_get(json, "versions");
  const size_t n = json_array_size(versions);
  uint64_t value = 0;
  size_t i;
  json_t *version;
  json_array_foreach(versions, i, version) {
    if (strcmp(word, text_of(version, "reference")) == 0 || strcmp(word, text_of(version, "id")) == 0) {
      *number = i + 1;
      return OK;
    }
  }
  if (decimal_decode(view_of_text(word), &value, NULL) != OK || value == 0 || value > n) {
    err_set(err, ERR_NOT_FOUND, "%s: %s has %zu version%s", word, text_of(json, "reference"), n, n == 1 ? "" : "s");
    return err_hint(err, "specola history %s", text_of(json, "reference"));
  }
  *number = (size_t)value;
  return OK;
}

static enum err_code load_side(const struct here *here, const json_t *json, struct side *side, struct err *err) {
  struct bytes scratch;
  struct item item;
  struct header h = {.n_args = 0};
  struct view header, signature;
  side->version = json_array_get(json_object_get(json, "versions"), side->number - 1);
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code =
      entry_get(here->store, json_integer_value(json_object_get(side->version, "rowid")), &scratch, &item, err);
  if (code == OK && (!envelope_split(item.envelope, &header, &signature) || header_decode(header, &h) != REASON_NONE)) {
    code = err_set(err, ERR_CORRUPT, "the version held is no record");
  }
  if (code == OK && item.body.len == 0) {
    err_set(err, ERR_NOT_FOUND, "the text of version %zu (%s) is not held here", side->number,
            text_of(side->version, "reference"));
    code = err_hint(err, "specola history %s says which are", text_of(json, "reference"));
  }
  if (code == OK) {
    side->schema = schema_by_number(here->schemas, h.args[0]);
    code = body_to_json(side->schema, item.body, &side->body, err);
  }
  bytes_release(&scratch);
  return code;
}

/* Which two are asked for: the last two, one and the newest, or any two. */
static enum err_code read_sides(const struct args *args, const json_t *json, struct side sides[2], struct err *err) {
  const size_t n = json_array_size(json_object_get(json, "versions"));
  enum err_code code = OK;
  if (n < 2) {
    err_set(err, ERR_NOT_FOUND, "%s has one version: there is nothing to compare it with", text_of(json, "reference"));
    return err_hint(err, "specola show %s", text_of(json, "reference"));
  }
  sides[0].number = n - 1;
  sides[1].number = n;
  for (size_t i = 0; i < 2 && code == OK && args->n_operands > i + 1; i++) {
    code = read_version(json, args->operands[i + 1], &sides[i].number, err);
  }
  return code;
}

static void say_difference(struct cli *cli, const json_t *json, const struct side sides[2], json_t *changes) {
  char days[2][16];
  for (size_t i = 0; i < 2; i++) {
    say_day((uint64_t)json_integer_value(json_object_get(sides[i].version, "created")), days[i]);
  }
  out_heading(cli, "%s  %s", text_of(json, "reference"), text_of(json, "title"));
  out_toned(cli, TONE_BAD, 4, "--- %s %zu (%s, %s)", out_word(cli, "version", "versione"), sides[0].number,
            text_of(sides[0].version, "reference"), days[0]);
  out_toned(cli, TONE_GOOD, 4, "+++ %s %zu (%s, %s)", out_word(cli, "version", "versione"), sides[1].number,
            text_of(sides[1].version, "reference"), days[1]);
  if (json_array_size(changes) == 0) {
    out_line(cli, "%s", out_word(cli, "They say the same.", "Dicono lo stesso."));
  }
  changes_show(cli, sides[1].schema, changes);
  static const char *const keys[] = {"from", "to"};
  for (size_t i = 0; i < 2; i++) {
    out_set(cli, keys[i],
            json_pack("{s:I, s:s, s:s}", "version", (json_int_t)sides[i].number, "ref", text_of(sides[i].version, "reference"),
                      "id", text_of(sides[i].version, "id")));
  }
  changes_label(cli, sides[1].schema, changes);
  out_set(cli, "changes", json_incref(changes));
}

enum err_code cmd_diff(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  json_t *json = NULL, *changes = NULL;
  struct side sides[2] = {{.number = 0}, {.number = 0}};
  int64_t rowid = 0;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  if ((code = here_object(cli, &here, args->operands[0], &rowid, &json, err)) == OK &&
      (code = read_sides(args, json, sides, err)) == OK && (code = load_side(&here, json, &sides[0], err)) == OK &&
      (code = load_side(&here, json, &sides[1], err)) == OK &&
      (code = difference(sides[1].schema, sides[0].body, sides[1].body, &changes, err)) == OK) {
    set_head(cli, json);
    say_difference(cli, json, sides, changes);
  }
  json_decref(changes);
  json_decref(sides[0].body);
  json_decref(sides[1].body);
  json_decref(json);
  here_release(&here);
  return code;
}
