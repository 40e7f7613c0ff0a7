/*
 * where: which members say that they hold an object's newest version, or any other record by its position: an endorsement, a
 * certificate. Their word, as it was signed and as old as it is.
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
static void add_silence(const struct cli *cli, const json_t *member, struct bytes *line) {
  char span[NETWORK_SPAN_MAX];
  if (is_silent(member)) {
    network_span((uint64_t)json_integer_value(json_object_get(member, "said_s")), span);
    (void)!bytes_printf(line, NULL, " (%s %s)", out_word(cli, "silent", "tace da"), span);
  } else if (json_is_null(json_object_get(member, "said_s"))) {
    (void)!bytes_printf(line, NULL, " (%s)", out_word(cli, "never said", "mai detto"));
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
    (void)!bytes_printf(&line, NULL, "%s%s", n++ == 0 ? out_word(cli, "; missing: ", "; mancano: ") : ", ",
                        text_of(member, "handle"));
    add_silence(cli, member, &line);
  }
  const char *rest = bytes_text(&line);
  out_line(cli, "%jd %s %jd %s%s", (intmax_t)json_integer_value(json_object_get(where, "holding")), out_word(cli, "of", "su"),
           (intmax_t)json_integer_value(json_object_get(where, "others")),
           out_word(cli, "say they hold it", "dicono di averlo"), rest == NULL ? "" : rest);
  bytes_release(&line);
}

/* What is odd about what it says, and how it is reached; that we do not serve is said once, for all. */
static void note_of(const struct cli *cli, const json_t *member, char *out, size_t size) {
  static const struct {
    const char *holds, *en, *it;
  } notes[] = {{"other", "it follows another branch of this log", "segue un altro ramo di questo registro"},
               {"unknown", "it has not said yet what it holds", "non ha ancora detto che cosa ha"}};
  char reach[256] = "";
  const char *note = "";
  for (size_t k = 0; k < sizeof notes / sizeof notes[0]; k++) {
    note = strcmp(text_of(member, "holds"), notes[k].holds) == 0 ? out_word(cli, notes[k].en, notes[k].it) : note;
  }
  if (strcmp(text_of(member, "reach"), "unasked") != 0) {
    network_sentence(member, cli->lang, reach, sizeof reach);
  } else if (is_silent(member)) {
    snprintf(reach, sizeof reach, "%s", out_word(cli, "silent", "tace"));
  }
  snprintf(out, size, "%s%s%s", note, note[0] == '\0' || reach[0] == '\0' ? "" : "; ", reach);
}

static void say_members(struct cli *cli, const json_t *where) {
  static const char *const columns[] = {"member", "=holds it", ">entries", ">texts missing", ">said", "<note", NULL};
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
      snprintf(said, sizeof said, "%s %s", span, out_word(cli, "ago", "fa"));
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

/* ---- which ---- */

/* What is asked about. Everything is owned. */
struct question {
  struct here here;
  char reference[REFERENCE_MAX];
  const char *kind; /* of a record that is no object; NULL: it is one */
  int64_t rowid;
  json_t *object; /* of a record: the one that it is about, NULL if none */
  json_t *where, *told;
};

/* The object that an endorsement, or what else refers to one, is about. */
static enum err_code find_subject(const struct cli *cli, struct question *q, const struct header *h, struct err *err) {
  char hex[HASH_HEX_LEN];
  int64_t rowid = 0;
  if (h->n_refs == 0) {
    return OK;
  }
  hash_hex(&h->refs[0], hex);
  const enum err_code code = here_object(cli, &q->here, hex, &rowid, &q->object, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  return code;
}

/* A record by its position. ERR_FORMAT: the name is none; ERR_NOT_FOUND: nothing that was verified stands there. */
static enum err_code find_record(const struct cli *cli, struct question *q, const char *name, struct err *err) {
  struct hash node;
  struct log log;
  struct bytes scratch;
  struct item item;
  struct view octets, signature;
  struct header h;
  uint64_t gen = 0, index = 0;
  enum err_code code = reference_parse(&q->here.federation, name, &node, &gen, &index, err);
  if (code != OK || (code = log_find(q->here.store, &node, gen, &log, err)) != OK) {
    return code;
  }
  if (index >= log.range.size) {
    return err_set(err, ERR_NOT_FOUND, "of that log %ju entries are held", (uintmax_t)log.range.size);
  }
  q->rowid = entry_rowid(log.no, index);
  bytes_init(&scratch, LIMIT_ITEM);
  code = entry_get(q->here.store, q->rowid, &scratch, &item, err);
  if (code == OK && envelope_split(item.envelope, &octets, &signature) && header_decode(octets, &h) == REASON_NONE) {
    q->kind = record_kind_name(h.kind);
    code = find_subject(cli, q, &h, err);
  } else if (code == OK) {
    code = err_set(err, ERR_NOT_FOUND, "what stands there is no record");
  }
  bytes_release(&scratch);
  if (code == OK) {
    reference_format(&q->here.federation, &log.node, log.gen, index, q->reference);
  }
  return code;
}

/* An object, by whatever names it; else a record at a position. */
static enum err_code find(const struct cli *cli, struct question *q, const char *name, struct err *err) {
  struct err other = ERR_INIT;
  enum err_code code = here_object(cli, &q->here, name, &q->rowid, &q->object, err);
  if (code == OK) {
    snprintf(q->reference, sizeof q->reference, "%s", text_of(q->object, "reference"));
  } else if (code == ERR_NOT_FOUND && find_record(cli, q, name, &other) == OK) {
    err_clear(err);
    code = OK;
  }
  return code;
}

/* ---- said ---- */

static void say_name(struct cli *cli, const struct question *q) {
  const char *title = text_of(q->object, "title");
  out_set_text(cli, "ref", q->reference);
  out_set(cli, "title", out_json_text(view_of_text(title)));
  if (q->kind == NULL) {
    out_heading(cli, "%s  %s  v%zu", q->reference, title, json_array_size(json_object_get(q->object, "versions")));
    return;
  }
  out_set_text(cli, "record", q->kind);
  if (q->object != NULL) {
    out_set_text(cli, "of", text_of(q->object, "reference"));
  }
  out_heading(cli, "%s  %s%s%s%s%s", q->reference, q->kind, q->object == NULL ? "" : "  ", text_of(q->object, "reference"),
              q->object == NULL ? "" : "  ", title);
}

static enum err_code say(struct cli *cli, const struct question *q, struct err *err) {
  const struct here *here = &q->here;
  json_object_update(cli->doc, q->where);
  say_name(cli, q);
  forked_say(cli, q->where, text_of(q->where, "log"), federation_handle(&here->federation, &here->federation.own));
  const enum err_code code = q->kind == NULL ? say_takedown(cli, here, q->rowid, err) : OK;
  if (json_array_size(json_object_get(q->where, "members")) == 0) {
    out_line(cli, "%s", out_word(cli, "This observatory has no other member.", "Questo osservatorio non ha altri membri."));
  } else {
    say_sum(cli, q->where);
    say_members(cli, q->where);
  }
  if (q->told == NULL) {
    out_note(cli, "%s",
             out_word(cli, "This node does not serve: all of this was said before.",
                      "Questo nodo non è in servizio: tutto ciò è stato detto prima."));
  }
  return code;
}

enum err_code cmd_where(struct cli *cli, const struct args *args, struct err *err) {
  struct question q = {.rowid = 0};
  enum err_code code = here_open(cli, &q.here, err);
  if (code == OK) {
    code = find(cli, &q, args->operands[0], err);
  }
  if (code == OK) {
    code = query_where(q.here.store, &q.here.federation, q.rowid, (uint64_t)time(NULL), &q.where, err);
  }
  if (code == OK && (code = told_load(cli, &q.here, &q.told, err)) == OK) {
    network_join(json_object_get(q.where, "members"), q.told);
  }
  if (code == OK) {
    code = say(cli, &q, err);
  }
  json_decref(q.told);
  json_decref(q.object);
  json_decref(q.where);
  here_release(&q.here);
  return code;
}
