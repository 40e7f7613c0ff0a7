/*
 * show: an object in full, in its newest version or an earlier one: labels and headings, findings, versions, links.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/finding.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/render.h"

const struct option_row options_show[] = {
    {"version", 0, OPTION_VALUE, "N", "an earlier version, from 1", "una versione precedente, da 1"},
    OPTIONS_END,
};

static const char *text_of(const json_t *json, const char *key) {
  const char *text = json_string_value(json_object_get(json, key));
  return text == NULL ? "" : text;
}

/* The reference under any of the names that it has in what query_show says. */
static const char *reference_of(const json_t *json) {
  const char *text = text_of(json, "reference");
  return text[0] != '\0' ? text : text_of(json, "ref");
}

/* The body of the version that a reference names. ERR_NOT_FOUND when it was erased or is not here. */
static enum err_code body_of_version(const struct here *here, const char *reference, struct bytes *out, struct err *err) {
  struct hash node;
  uint64_t gen, index;
  struct log log;
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, 2 * LIMIT_ITEM);
  enum err_code code = reference_parse(&here->federation, reference, &node, &gen, &index, err);
  if (code == OK && (code = log_find(here->store, &node, gen, &log, err)) == OK &&
      (code = entry_get(here->store, entry_rowid(log.no, index), &scratch, &item, err)) == OK) {
    bytes_clear(out);
    code = item.state == ITEM_WHOLE ? bytes_append(out, item.body, err)
                                    : err_set(err, ERR_NOT_FOUND, "%s: its text is not held here", reference);
  }
  bytes_release(&scratch);
  return code;
}

/* Chooses version n (0: the newest) of the object that json describes; body is replaced for an earlier one. */
static enum err_code choose_version(const struct here *here, json_t *json, uint64_t n, struct bytes *body, const char **reference,
                                    struct err *err) {
  json_t *versions = json_object_get(json, "versions");
  size_t count = json_array_size(versions);
  *reference = reference_of(json);
  if (n == 0) {
    *reference = count == 0 ? *reference : reference_of(json_array_get(versions, count - 1));
    return OK;
  }
  if (n > count) {
    err_set(err, ERR_NOT_FOUND, "%s has %zu version%s", *reference, count, count == 1 ? "" : "s");
    return err_hint(err, "--version 1 to %zu", count);
  }
  *reference = reference_of(json_array_get(versions, (size_t)n - 1));
  return body_of_version(here, *reference, body, err);
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
  out_heading(cli, "Versions");
  json_array_foreach(versions, i, version) {
    char when[32];
    say_when(when, json_object_get(version, "created"));
    out_line(cli, "  %zu  %s  %s", i + 1, reference_of(version), when);
  }
}

static void say_links(struct cli *cli, const json_t *json) {
  size_t i;
  json_t *link;
  json_t *links = json_object_get(json, "links");
  if (json_array_size(links) > 0) {
    out_heading(cli, "Links");
  }
  json_array_foreach(links, i, link) {
    char *raw = json_dumps(link, JSON_COMPACT);
    out_line(cli, "  %s", raw == NULL ? "" : raw);
    free(raw);
  }
}

static enum err_code say_object(struct cli *cli, const json_t *json, const struct schema *schema, struct view body,
                                const char *reference, struct err *err) {
  struct findings findings = {0};
  char when[32];
  say_when(when, json_object_get(json, "created"));
  out_heading(cli, "%s  %s", reference_of(json), text_of(json, "title"));
  out_line(cli, "%s%s of %s, version %s of %zu, %s", schema == NULL ? "an object" : schema_label(schema, "@kind", cli->lang), "",
           text_of(json, "home"), reference, json_array_size(json_object_get(json, "versions")), when);
  if (strcmp(text_of(json, "state"), "withdrawn") == 0 || json_is_true(json_object_get(json, "withdrawn"))) {
    out_line(cli, "! It was withdrawn.");
  }
  enum err_code code = render_body(cli, schema, body, err);
  if (code == OK && schema != NULL && (code = schema_check(schema, body, &findings, err)) == OK) {
    if (findings.n > 0) {
      out_line(cli, "%s", "");
      out_heading(cli, "Findings");
    }
    findings_show(cli, &findings, "  ", FINDING_WARNING);
    out_line(cli, "%u %% complete", schema_completeness(schema, body));
    out_set(cli, "findings", findings_json(&findings));
  }
  findings_release(&findings);
  return code;
}

enum err_code cmd_show(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct bytes body;
  json_t *json = NULL, *shown = NULL;
  int64_t rowid = 0;
  uint64_t n = 0;
  const char *reference = "";
  enum err_code code = args_number(args, "version", 1, 1000000, 0, &n, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  bytes_init(&body, LIMIT_BODY);
  if ((code = query_object(here.store, &here.federation, here.schemas, args->operands[0], &rowid, err)) != OK ||
      (code = query_show(here.store, &here.federation, here.schemas, rowid, cli->lang, &json, &body, err)) != OK ||
      (code = choose_version(&here, json, n, &body, &reference, err)) != OK) {
    goto out;
  }
  const struct schema *schema = schema_by_kind(here.schemas, text_of(json, "kind"));
  json_object_update(cli->doc, json);
  out_set_text(cli, "version", reference);
  if (body.len > 0 && (code = body_to_json(schema, bytes_view(&body), &shown, err)) == OK) {
    out_set(cli, "body", shown);
  }
  if (code == OK) {
    code = say_object(cli, json, schema, bytes_view(&body), reference, err);
  }
  if (code == OK) {
    say_versions(cli, json);
    say_links(cli, json);
  }
out:
  json_decref(json);
  bytes_release(&body);
  here_release(&here);
  return code;
}
