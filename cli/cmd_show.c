/*
 * show: an object in full, in its newest version or an earlier one: labels and headings, findings, versions, links.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/endorsement.h"
#include "cli/finding.h"
#include "cli/forked.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/render.h"
#include "cli/takedown.h"

const struct option_row options_show[] = {
    {"version", 0, OPTION_VALUE, "N", "an earlier version, from 1", "una versione precedente, da 1"},
    OPTIONS_END,
};

/* The rowid of version n (from 1) of the object that json describes. */
static enum err_code find_version(const json_t *json, uint64_t n, int64_t *rowid, struct err *err) {
  json_t *versions = json_object_get(json, "versions");
  size_t count = json_array_size(versions);
  const json_t *version = n == 0 || n > count ? NULL : json_array_get(versions, (size_t)n - 1);
  if (version == NULL) {
    err_set(err, ERR_NOT_FOUND, "%s has %zu version%s", text_of(json, "reference"), count, count == 1 ? "" : "s");
    return count == 1 ? err_hint(err, "--version 1") : err_hint(err, "--version 1 to %zu", count);
  }
  *rowid = json_integer_value(json_object_get(version, "rowid"));
  return OK;
}

static void say_when(char out[32], const json_t *seconds) {
  struct tm tm;
  time_t t = (time_t)json_integer_value(seconds);
  if (!json_is_integer(seconds) || gmtime_r(&t, &tm) == NULL || strftime(out, 32, "%Y-%m-%d", &tm) == 0) {
    snprintf(out, 32, "?");
  }
}

static void say_versions(struct cli *cli, const json_t *json) {
  size_t i;
  json_t *version;
  json_t *versions = json_object_get(json, "versions");
  if (json_array_size(versions) < 2) {
    return;
  }
  out_line(cli, "%s", "");
  out_heading(cli, "%s", out_word(cli, "Versions", "Versioni"));
  json_array_foreach(versions, i, version) {
    char when[32];
    say_when(when, json_object_get(version, "created"));
    out_line(cli, "  %zu  %s  %s", i + 1, text_of(version, "reference"), when);
  }
}

/* What it names, and what names it. */
static void say_links(struct cli *cli, const json_t *json, const struct schema *schema) {
  static const char *const ways[] = {"out", "in"};
  for (size_t way = 0; way < 2; way++) {
    size_t i;
    json_t *link;
    json_array_foreach(json_object_get(json_object_get(json, "links"), ways[way]), i, link) {
      const char *field = text_of(link, "field"), *inverse = text_of(link, "inverse");
      const char *label = way == 0 && schema != NULL ? schema_label(schema, field, cli->lang)
                          : inverse[0] != '\0'       ? inverse
                                                     : field;
      bool waiting = json_is_true(json_object_get(link, "waiting"));
      bool hidden = json_is_true(json_object_get(link, "hidden"));
      out_line(cli, "%s %s: %s  %s", way == 0 ? "->" : "<-", label, waiting ? text_of(link, "id") : text_of(link, "reference"),
               waiting  ? out_word(cli, "(not here yet)", "(non ancora qui)")
               : hidden ? out_word(cli, "(not shown by this node)", "(non mostrato da questo nodo)")
                        : text_of(link, "title"));
    }
  }
}

/* True for a field that is asked for and simply not there: those are told together, by their labels. */
static bool is_missing(const json_t *finding) {
  return strcmp(text_of(finding, "level"), "lacking") == 0 && strcmp(text_of(finding, "code"), "need") == 0;
}

/* "68 % complete; missing: Organisation, Keywords". */
static void say_completeness(struct cli *cli, const json_t *json, const json_t *list, const struct schema *schema) {
  struct bytes names;
  size_t i;
  json_t *finding;
  bytes_init(&names, LIMIT_BODY);
  json_array_foreach(list, i, finding) {
    const char *field = text_of(finding, "field");
    if (is_missing(finding) && bytes_printf(&names, NULL, "%s%s", names.len == 0 ? "" : ", ",
                                            schema == NULL ? field : schema_label(schema, field, cli->lang)) != OK) {
      break;
    }
  }
  out_wrapped(cli, 2, "%jd %% %s%s%.*s", (intmax_t)json_integer_value(json_object_get(json, "completeness")),
              out_word(cli, "complete", "completo"), names.len == 0 ? "" : out_word(cli, "; not told: ", "; non detto: "),
              (int)names.len, (const char *)names.p);
  bytes_release(&names);
}

/* The findings that query_show put into json. */
static void say_findings(struct cli *cli, const json_t *json, const struct schema *schema) {
  size_t i;
  json_t *finding;
  json_t *list = json_object_get(json, "findings");
  json_array_foreach(list, i, finding) {
    char text[512];
    if (!is_missing(finding)) {
      finding_text(text_of(finding, "field"), text_of(finding, "message"), text, sizeof text);
      out_wrapped(cli, 2, "%s: %s", text_of(finding, "level"), text);
    }
  }
  say_completeness(cli, json, list, schema);
}

/* Which of its versions, from 1, is shown. */
static size_t number_shown(const json_t *json) {
  size_t i;
  json_t *version;
  json_array_foreach(json_object_get(json, "versions"), i, version) {
    if (strcmp(text_of(version, "reference"), text_of(json, "shown")) == 0) {
      return i + 1;
    }
  }
  return 1;
}

/* "! It was withdrawn (IT-9): published twice". */
static void say_withdrawal(struct cli *cli, const json_t *withdrawal) {
  const char *text = text_in_language(cli, json_object_get(withdrawal, "reason"));
  out_toned(cli, TONE_WARNING, 2, "! %s (%s)%s%s", out_word(cli, "It was withdrawn", "\xc3\x88 stato ritirato"),
            text_of(withdrawal, "reference"), text[0] == '\0' ? "." : ": ", text);
}

/* "! taken down on 2026-01-02 (IT-40): Personal data. Its text is erased." */
static void say_no_text(struct cli *cli, const struct here *here, const json_t *json) {
  const json_t *takedown = json_object_get(json, "takedown");
  struct bytes line;
  if (takedown == NULL) {
    out_line(cli, "! %s%s", out_word(cli, "Its text is not held here.", "Il suo testo non \xc3\xa8 conservato qui."),
             home_is_replica(&here->home) ? " specola sync --all" : "");
    return;
  }
  bytes_init(&line, 4096);
  takedown_say(cli, here->schemas, takedown, &line);
  out_toned(cli, TONE_WARNING, 2, "! %.*s. %s", (int)line.len, (const char *)line.p,
            out_word(cli, "Its text is erased.", "Il testo \xc3\xa8 cancellato."));
  bytes_release(&line);
}

static enum err_code say_object(struct cli *cli, const struct here *here, const json_t *json, struct view body,
                                struct err *err) {
  const struct schema *schema = schema_by_kind(here->schemas, text_of(json, "kind"));
  const char *own = federation_handle(&here->federation, &here->federation.own);
  char when[32];
  const json_t *author = json_object_get(json, "author");
  size_t n = json_array_size(json_object_get(json, "versions"));
  say_when(when, json_object_get(json, "created"));
  /* The title of the version shown, which need not be the object's newest. */
  struct view title = view_of_text(text_of(json, "title"));
  if (schema != NULL && body.len > 0 && !body_text(schema, body, schema->title->key, cli->lang, &title, NULL)) {
    title = view_of_text(text_of(json, "title"));
  }
  out_heading(cli, "%s  %.*s", text_of(json, "reference"), (int)title.len, (const char *)title.p);
  out_wrapped(cli, 2, "%s, %s, %s %zu %s %zu (%s), %s, %s %s (%s)",
              schema == NULL ? out_word(cli, "An object", "Un oggetto") : schema_label(schema, "@kind", cli->lang),
              text_of(json_object_get(json, "home"), "handle"), out_word(cli, "version", "versione"), number_shown(json),
              out_word(cli, "of", "di"), n, text_of(json, "shown"), when, out_word(cli, "by", "di"), text_of(author, "name"),
              text_of(author, "roles"));
  if (strcmp(text_of(json, "state"), "withdrawn") == 0) {
    say_withdrawal(cli, json_object_get(json, "withdrawal"));
  }
  if (json_object_get(json, "hidden") != NULL) {
    out_toned(cli, TONE_WARNING, 2, "! %s: %s",
              out_word(cli, "This node shows it to nobody else", "Questo nodo non lo mostra ad altri"),
              text_of(json_object_get(json, "hidden"), "label"));
  }
  forked_say(cli, json, text_of(json_object_get(json, "home"), "handle"), own);
  out_line(cli, "%s", "");
  if (body.len == 0) {
    say_no_text(cli, here, json);
    say_versions(cli, json);
    return OK;
  }
  enum err_code code = render_body(cli, schema, body, err);
  if (code == OK) {
    say_findings(cli, json, schema);
    say_versions(cli, json);
    say_links(cli, json, schema);
    endorsement_say(cli, json);
  }
  return code;
}

enum err_code cmd_show(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct bytes body;
  json_t *json = NULL;
  int64_t rowid = 0;
  uint64_t n = 0;
  enum err_code code = args_number(args, "version", 1, 1000000, 0, &n, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  bytes_init(&body, LIMIT_BODY);
  if ((code = query_object(here.store, &here.federation, here.schemas, args->operands[0], &rowid, err)) != OK ||
      (code = query_show(here.store, &here.federation, here.schemas, rowid, cli->lang, &json, &body, err)) != OK) {
    if (code == ERR_NOT_FOUND && err->hint[0] == '\0') {
      err_hint(err, "specola list KIND and specola search show references");
    }
    goto out;
  }
  if (n != 0) {
    code = find_version(json, n, &rowid, err);
    json_decref(json);
    json = NULL;
    if (code != OK ||
        (code = query_show(here.store, &here.federation, here.schemas, rowid, cli->lang, &json, &body, err)) != OK) {
      goto out;
    }
  }
  json_object_update(cli->doc, json);
  out_set_text(cli, "ref", text_of(json, "reference"));
  code = say_object(cli, &here, json, bytes_view(&body), err);
out:
  json_decref(json);
  bytes_release(&body);
  here_release(&here);
  return code;
}
