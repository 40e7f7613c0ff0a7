/*
 * where: which members say that they hold an object's newest version. Their word, as it was signed and as old as it is.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/forked.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/takedown.h"
#include "cli/told.h"
#include "node/network.h"
#include "node/store/query_takedown.h"
#include "node/store/query_where.h"

static bool is_silent(const json_t *member) {
  const json_t *said = json_object_get(member, "said_s");
  return json_is_integer(said) && json_integer_value(said) >= WHERE_SILENT_S;
}

/* " (silent 26 h)" behind a member's name. */
static void add_silence(const json_t *member, struct bytes *line) {
  char span[NETWORK_SPAN_MAX];
  if (is_silent(member)) {
    network_span((uint64_t)json_integer_value(json_object_get(member, "said_s")), span);
    (void)!bytes_printf(line, NULL, " (silent %s)", span);
  } else if (json_is_null(json_object_get(member, "said_s"))) {
    (void)!bytes_printf(line, NULL, " (never said)");
  }
}

/* "10 of 11 say they hold it; missing: PT (silent 26 h)". */
static void say_sum(struct cli *cli, const json_t *where) {
  struct bytes line;
  size_t i, n = 0;
  json_t *member;
  bytes_init(&line, 65536);
  json_array_foreach(json_object_get(where, "members"), i, member) {
    if (strcmp(text_of(member, "holds"), "yes") == 0) {
      continue;
    }
    (void)!bytes_printf(&line, NULL, "%s%s", n++ == 0 ? "; missing: " : ", ", text_of(member, "handle"));
    add_silence(member, &line);
  }
  const char *rest = bytes_text(&line);
  out_line(cli, "%jd of %jd say they hold it%s", (intmax_t)json_integer_value(json_object_get(where, "holding")),
           (intmax_t)json_integer_value(json_object_get(where, "others")), rest == NULL ? "" : rest);
  bytes_release(&line);
}

/* What is odd about what it says, and how it is reached; that we do not serve is said once, for all. */
static void note_of(const struct cli *cli, const json_t *member, char *out, size_t size) {
  static const char *const notes[][2] = {{"other", "it follows another branch of this log"},
                                         {"unknown", "it has not said yet what it holds"}};
  char reach[256] = "";
  const char *note = "";
  for (size_t k = 0; k < sizeof notes / sizeof notes[0]; k++) {
    note = strcmp(text_of(member, "holds"), notes[k][0]) == 0 ? notes[k][1] : note;
  }
  if (strcmp(text_of(member, "reach"), "unasked") != 0) {
    network_sentence(member, cli->lang, reach, sizeof reach);
  } else if (is_silent(member)) {
    snprintf(reach, sizeof reach, "silent");
  }
  snprintf(out, size, "%s%s%s", note, note[0] == '\0' || reach[0] == '\0' ? "" : "; ", reach);
}

static void say_members(struct cli *cli, const json_t *where) {
  static const char *const columns[] = {"member", "holds it", ">entries", ">texts missing", ">said", "<note", NULL};
  struct out_table *table = out_table_new(cli, columns);
  size_t i;
  json_t *member;
  json_array_foreach(json_object_get(where, "members"), i, member) {
    char size[24], missing[24] = "", span[NETWORK_SPAN_MAX], said[NETWORK_SPAN_MAX + 8] = "", note[400];
    const json_t *age = json_object_get(member, "said_s"), *lacks = json_object_get(member, "missing");
    snprintf(size, sizeof size, "%jd", (intmax_t)json_integer_value(json_object_get(member, "size")));
    if (json_integer_value(lacks) > 0) {
      snprintf(missing, sizeof missing, "%jd", (intmax_t)json_integer_value(lacks));
    }
    if (json_is_integer(age)) {
      network_span((uint64_t)json_integer_value(age), span);
      snprintf(said, sizeof said, "%s ago", span);
    }
    note_of(cli, member, note, sizeof note);
    const char *cells[] = {text_of(member, "handle"), text_of(member, "holds"), size, missing, said, note};
    out_table_row(table, cells);
  }
  out_table_print(table);
}

/* "! taken down on 2026-01-02 (IT-40): Personal data; erased by 2 of 3: FR, IT". */
static enum err_code say_takedown(struct cli *cli, const struct here *here, int64_t rowid, struct err *err) {
  json_t *takedown = NULL;
  struct bytes line;
  const enum err_code code = query_takedown(here->store, &here->federation, here->schemas, rowid, true, &takedown, err);
  if (code != OK || takedown == NULL) {
    return code;
  }
  bytes_init(&line, 65536);
  takedown_say(cli, here->schemas, takedown, &line);
  (void)!bytes_append_text(&line, "; ", NULL);
  takedown_say_erased(cli, takedown, &line);
  out_toned(cli, TONE_WARNING, 2, "! %.*s", (int)line.len, (const char *)line.p);
  out_set(cli, "takedown", takedown);
  bytes_release(&line);
  return OK;
}

enum err_code cmd_where(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  int64_t rowid = 0;
  json_t *object = NULL, *where = NULL, *told = NULL;
  enum err_code code = here_open(cli, &here, err);
  if (code == OK) {
    code = here_object(cli, &here, args->operands[0], &rowid, &object, err);
  }
  if (code == OK) {
    code = query_where(here.store, &here.federation, rowid, (uint64_t)time(NULL), &where, err);
  }
  if (code == OK && (code = told_load(cli, &here, &told, err)) == OK) {
    network_join(json_object_get(where, "members"), told);
  }
  if (code == OK) {
    json_object_update(cli->doc, where);
    out_set_text(cli, "ref", text_of(object, "reference"));
    out_set(cli, "title", out_json_text(view_of_text(text_of(object, "title"))));
    out_heading(cli, "%s  %s  v%zu", text_of(object, "reference"), text_of(object, "title"),
                json_array_size(json_object_get(object, "versions")));
    forked_say(cli, where, text_of(where, "log"), federation_handle(&here.federation, &here.federation.own));
    code = say_takedown(cli, &here, rowid, err);
    if (json_array_size(json_object_get(where, "members")) == 0) {
      out_line(cli, "This observatory has no other member.");
    } else {
      say_sum(cli, where);
      say_members(cli, where);
    }
    if (told == NULL) {
      out_note(cli, "%s",
               out_word(cli, "This node does not serve: all of this was said before.",
                        "Questo nodo non è in servizio: tutto ciò è stato detto prima."));
    }
  }
  json_decref(told);
  json_decref(object);
  json_decref(where);
  here_release(&here);
  return code;
}
