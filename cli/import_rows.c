/*
 * import_rows: line by line from a file into the log (see import_rows.h).
 */
#include "cli/import_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/finding.h"
#include "cli/out.h"
#include "cli/publication.h"

#define PROGRESS_MS 500 /* before the first sign of progress, and between two */

#define READ_OCTETS 65536u
#define LINE_ROOM (LIMIT_IMPORT_LINE + READ_OCTETS) /* octets */

struct importing {
  struct cli *cli;
  const struct import_map *map;
  const struct here *here;
  struct submit *submit; /* NULL: a dry run */
  struct publication *publication;
  struct import_counts *counts;
  json_t *rows;
  uint64_t told_ms;
};

static void progress(struct importing *i) {
  uint64_t now = clock_ms(clock_system());
  if (!i->cli->tty_err || i->cli->json || i->cli->quiet || now - i->told_ms < PROGRESS_MS) {
    return;
  }
  i->told_ms = now;
  fprintf(stderr, "\r%ju rows", (uintmax_t)i->counts->rows);
}

static void note_row(struct importing *i, size_t row, const char *state, const char *reference, const char *reason,
                     const char *message, json_t *findings) {
  json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:o}", "row", (json_int_t)row, "state", state, "ref", reference, "reason",
                           reason, "message", out_json_text(view_of_text(message)));
  if (findings != NULL) {
    json_object_set_new(json, "findings", findings);
  }
  json_array_append_new(i->rows, json);
}

static void refuse(struct importing *i, size_t row, const char *reason, const char *why, json_t *findings) {
  i->counts->refused++;
  out_line(i->cli, "row %zu: refused: %s: %s", row, reason, why);
  note_row(i, row, "refused", "", reason, why, findings);
}

/* The log has answered for one row. */
static void said(void *context, const struct publication_row *row) {
  struct importing *i = context;
  if (row->known) {
    i->counts->known++;
  } else if (!row->logged) {
    i->counts->refused++;
    out_line(i->cli, "row %zu: refused: %s", row->tag, row->why);
    note_row(i, row->tag, "refused", "", row->reason, row->why, NULL);
    return;
  } else if (row->new_version) {
    i->counts->new_versions++;
  } else {
    i->counts->published++;
  }
  if (i->cli->verbose) {
    out_line(i->cli, "row %zu: %s%s%s", row->tag,
             row->known         ? "known"
             : row->new_version ? "new version"
                                : "published",
             row->reference[0] == '\0' ? "" : "  ", row->reference);
    note_row(i, row->tag, row->known ? "known" : row->new_version ? "new version" : "published", row->reference, "", "", NULL);
  }
}

/* A dry run's answer: what would have been done. */
static enum err_code foretell(struct importing *i, const struct proposal *o, size_t row, struct err *err) {
  struct version_of held;
  struct publication_row told = {.tag = row, .reason = "", .logged = true};
  enum err_code code = version_by_unique(i->here, o->schema, bytes_view(&o->body), &held, err);
  if (code != OK && code != ERR_NOT_FOUND) {
    return code;
  }
  told.new_version = code == OK;
  told.known = code == OK && held.same_body;
  said(i, &told);
  return OK;
}

static void show_warnings(struct importing *i, const struct findings *findings, size_t row) {
  i->counts->warnings += findings->n_warnings;
  if (i->cli->verbose && findings->n_warnings > 0) {
    char prefix[32];
    snprintf(prefix, sizeof prefix, "row %zu: ", row);
    findings_show(i->cli, findings, prefix, FINDING_WARNING);
  }
}

/* A row as an object. What the map has to say is kept and shown; of what the schema has to say only what refuses is looked for,
 * and the rest when the row is built again. */
static enum err_code build(struct importing *i, const json_t *json, size_t row, bool again, struct proposal *o,
                           struct err *err) {
  json_t *body = NULL;
  enum err_code code = import_map_apply(i->map, json, &body, &o->findings, err);
  if (code == OK) {
    if (!again) {
      show_warnings(i, &o->findings, row);
    }
    o->findings.only_refused = !again;
    code = proposal_build(import_map_schema(i->map), body, &i->here->home.config, o, err);
  }
  json_decref(body);
  return code;
}

/* A row that the schema refuses, first of all for that, is built once more for the sake of all that is to be said about it. */
static enum err_code refuse_object(struct importing *i, const json_t *json, size_t row, const struct finding *first,
                                   struct err *err) {
  struct proposal o;
  char why[FIELD_KEY_MAX + sizeof first->message + 4];
  memset(&o, 0, sizeof o);
  enum err_code code = build(i, json, row, true, &o, err);
  if (code == OK) {
    finding_text(first->field, first->message, why, sizeof why);
    refuse(i, row, first->code, why, findings_json(&o.findings));
  }
  proposal_release(&o);
  return code;
}

/* One row that is JSON: mapped, built, and on its way. */
static enum err_code take_row(struct importing *i, const json_t *json, size_t row, struct err *err) {
  struct proposal o;
  memset(&o, 0, sizeof o);
  enum err_code code = build(i, json, row, false, &o, err);
  const struct finding *first = findings_first_refused(&o.findings);
  if (code == ERR_LIMIT) {
    refuse(i, row, reason_name(REASON_TOO_LARGE), err->message, NULL);
    err_clear(err);
    code = OK;
  } else if (code == OK && first != NULL) {
    code = refuse_object(i, json, row, first, err);
  } else if (code == OK) {
    code = i->submit == NULL ? foretell(i, &o, row, err) : publication_offer(i->publication, i->submit, &o, row, err);
  }
  proposal_release(&o);
  return code;
}

static enum err_code take_line(struct importing *i, struct view line, size_t row, struct err *err) {
  json_error_t fault;
  i->counts->rows++;
  progress(i);
  json_t *json = json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, &fault);
  if (!json_is_object(json)) {
    refuse(i, row, "format", json == NULL ? fault.text : "not a JSON object", NULL);
    json_decref(json);
    return OK;
  }
  enum err_code code = take_row(i, json, row, err);
  json_decref(json);
  return code;
}

/* The lines of a file, which is read in pieces. */
struct line_reader {
  FILE *file;
  char *p; /* LINE_ROOM octets; those from at to end are read and not given out */
  size_t at, end;
};

/* Reads a piece behind what is not given out, of which there are at most LIMIT_IMPORT_LINE octets. False at the end. */
static bool read_on(struct line_reader *r) {
  memmove(r->p, r->p + r->at, r->end - r->at);
  r->end -= r->at;
  r->at = 0;
  const size_t n = fread(r->p + r->end, 1, LINE_ROOM - r->end, r->file);
  r->end += n;
  return n > 0;
}

/* The next line, borrowed until the one after. A line of more than LIMIT_IMPORT_LINE octets is read to its end and *too_long.
 * False at the end. */
static bool next_line(struct line_reader *r, struct view *line, bool *too_long) {
  size_t seen = 0;
  *too_long = false;
  for (;;) {
    const char *from = r->p + r->at;
    const char *end = memchr(from + seen, '\n', r->end - r->at - seen);
    if (end != NULL) {
      *line = view_of(from, (size_t)(end - from));
      *too_long = *too_long || line->len > LIMIT_IMPORT_LINE;
      r->at += line->len + 1;
      return true;
    }
    seen = r->end - r->at;
    if (seen > LIMIT_IMPORT_LINE) {
      *too_long = true;
      r->at = r->end = seen = 0;
    }
    if (!read_on(r)) {
      *line = view_of(r->p, seen);
      r->at = r->end;
      return seen > 0 || *too_long;
    }
  }
}

static bool is_blank(struct view line) {
  for (size_t i = 0; i < line.len; i++) {
    if (strchr(" \t\r", line.p[i]) == NULL) {
      return false;
    }
  }
  return true;
}

enum err_code import_rows(struct cli *cli, FILE *file, const char *path, const struct import_map *map, const struct here *here,
                          struct submit *s, struct import_counts *counts, struct err *err) {
  struct importing i = {.cli = cli,
                        .map = map,
                        .here = here,
                        .submit = s,
                        .counts = counts,
                        .rows = json_array(),
                        .told_ms = clock_ms(clock_system())};
  struct line_reader reader = {.file = file, .p = malloc(LINE_ROOM)};
  struct view line;
  bool too_long = false;
  out_set(cli, "rows", i.rows);
  if (reader.p == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = publication_new(said, &i, &i.publication, err);
  for (size_t row = 1; code == OK && next_line(&reader, &line, &too_long); row++) {
    if (too_long) {
      counts->rows++;
      refuse(&i, row, "too-large", "longer than a line may be", NULL);
    } else if (!is_blank(line)) {
      code = take_line(&i, line, row, err);
    }
  }
  if (code == OK && ferror(file)) {
    code = err_errno(err, ERR_IO, errno, path);
  }
  if (code == OK && s != NULL) {
    code = publication_flush(i.publication, s, err);
  }
  if (i.cli->tty_err && !cli->json && !cli->quiet) {
    fprintf(stderr, "\r\033[K");
  }
  publication_free(i.publication);
  free(reader.p);
  return code;
}
