/*
 * importing: from a row to an object (see importing.h). What becomes of a row is decided before anything is sent, the same way
 * in a dry run; so a dry run says what the import does.
 */
#include "cli/importing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/finding.h"
#include "cli/import_object.h"
#include "cli/import_repeats.h"
#include "cli/import_seen.h"
#include "cli/out.h"
#include "cli/publication.h"
#include "cli/similar.h"

#define PROGRESS_MS 500   /* before the first sign of progress, and between two */
#define COMPARED_MAX 2000 /* new rows that are compared with what is there and with each other */
#define PLACE_MAX 192     /* octets of "row 17, column F "Titolo"" */

enum fate { FATE_PUBLISHED, FATE_NEW_VERSION, FATE_KNOWN };
static const char *const fate_names[] = {
    [FATE_PUBLISHED] = "published", [FATE_NEW_VERSION] = "new version", [FATE_KNOWN] = "known"};

/* A new row, for later ones that are like it. */
struct compared {
  struct similarity sketch;
  size_t row;
};

struct importing {
  struct import_plan plan;
  struct publication *publication;
  struct import_counts counts;
  struct import_seen seen;
  struct import_repeats repeats;
  struct compared *compared; /* COMPARED_MAX */
  size_t n_compared;
  struct similar_bounds bounds; /* what was there when it began */
  json_t *rows;                 /* in the document */
  json_t *lacking;              /* field -> in how many rows */
  uint64_t complete;            /* sum over all that can be published, in percent */
  uint64_t told_ms;
  bool told;
};

/* The end of the own log: what comes behind it is of this import, and is not compared with itself. */
static void bound(struct importing *i) {
  const struct here *here = i->plan.here;
  const struct federation_member *self = federation_self(&here->federation);
  struct log log;
  struct err none = ERR_INIT;
  if (self != NULL && log_find(here->store, &here->federation.own, self->identity.gen, &log, &none) == OK) {
    i->bounds.from = entry_rowid(log.no, log.range.size);
  }
}

enum err_code importing_new(const struct import_plan *plan, struct importing **out, struct err *err) {
  struct importing *i = calloc(1, sizeof *i);
  if (i == NULL || (i->compared = calloc(COMPARED_MAX, sizeof *i->compared)) == NULL) {
    free(i);
    return err_set(err, ERR_MEMORY, NULL);
  }
  i->plan = *plan;
  i->rows = json_array();
  i->lacking = json_object();
  i->told_ms = clock_ms(clock_system());
  bound(i);
  out_set(plan->cli, "rows", json_incref(i->rows));
  *out = i;
  return OK;
}

void importing_free(struct importing *i) {
  if (i == NULL) {
    return;
  }
  publication_free(i->publication);
  import_seen_release(&i->seen);
  import_repeats_release(&i->repeats);
  for (size_t k = 0; k < i->n_compared; k++) {
    similarity_release(&i->compared[k].sketch);
  }
  free(i->compared);
  json_decref(i->rows);
  json_decref(i->lacking);
  free(i);
}

const struct import_counts *importing_counts(const struct importing *i) {
  return &i->counts;
}

static void progress(struct importing *i) {
  const struct cli *cli = i->plan.cli;
  const uint64_t now = clock_ms(clock_system());
  if (cli->tty_err && !cli->json && !cli->quiet && now - i->told_ms >= PROGRESS_MS) {
    i->told_ms = now;
    i->told = true;
    fprintf(stderr, "\r%ju rows", (uintmax_t)i->counts.rows);
  }
}

static void end_progress(struct importing *i) {
  if (i->told) {
    fprintf(stderr, "\r%*s\r", 32, "");
    i->told = false;
  }
}

/* ---- where ---- */

/* The column from which a field comes in a row: the first that holds something, else the first. SIZE_MAX: none. */
static size_t column_of(const struct importing *i, const json_t *row, const char *key) {
  const struct spreadsheet *sheet = i->plan.sheet;
  size_t first = SIZE_MAX;
  const char *path;
  for (size_t k = 0; sheet != NULL && (path = import_map_path(i->plan.map, key, k)) != NULL; k++) {
    const size_t column = spreadsheet_find(sheet, path);
    if (column != SIZE_MAX && json_object_get(row, path) != NULL) {
      return column;
    }
    first = first == SIZE_MAX ? column : first;
  }
  return first;
}

/* The same for a finding: of fields that stand for each other one may have a column. */
static size_t column_of_finding(const struct importing *i, const json_t *row, const struct finding *f) {
  const struct field *field = schema_field(import_map_schema(i->plan.map), view_of_text(f->field));
  size_t column = column_of(i, row, f->field);
  for (size_t k = 0; field != NULL && column == SIZE_MAX && k < field->n_alternatives; k++) {
    column = column_of(i, row, field->alternatives[k]);
  }
  for (size_t k = 0; field != NULL && column == SIZE_MAX && k < field->n_children; k++) {
    column = column_of(i, row, field->children[k].key);
  }
  return column;
}

static void put_place(const struct importing *i, size_t row, size_t column, char out[PLACE_MAX]) {
  char letter[SPREADSHEET_LETTER_MAX];
  if (column == SIZE_MAX || i->plan.sheet == NULL) {
    snprintf(out, PLACE_MAX, "row %zu", row);
    return;
  }
  spreadsheet_letter(column, letter);
  snprintf(out, PLACE_MAX, "row %zu, column %s \"%.120s\"", row, letter, spreadsheet_name(i->plan.sheet, column));
}

/* "column" and "name" beside what else is said. */
static void note_column(const struct importing *i, json_t *json, size_t column) {
  char letter[SPREADSHEET_LETTER_MAX];
  if (column != SIZE_MAX && i->plan.sheet != NULL) {
    spreadsheet_letter(column, letter);
    json_object_set_new(json, "column", json_string(letter));
    json_object_set_new(json, "name", out_json_text(view_of_text(spreadsheet_name(i->plan.sheet, column))));
  }
}

/* ---- what is said ---- */

static json_t *note_row(struct importing *i, size_t row, const char *state, const char *reference, const char *reason,
                        const char *message) {
  json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:o}", "row", (json_int_t)row, "state", state, "ref", reference, "reason",
                           reason, "message", out_json_text(view_of_text(message)));
  json_array_append_new(i->rows, json);
  return json;
}

void importing_refuse(struct importing *i, size_t row, size_t column, const char *reason, const char *why) {
  char place[PLACE_MAX];
  put_place(i, row, column, place);
  end_progress(i);
  i->counts.rows++;
  i->counts.refused++;
  out_line(i->plan.cli, "%s: refused: %s: %s", place, reason, why);
  note_column(i, note_row(i, row, "refused", "", reason, why), column);
}

/* The findings of a row that are worth a line each: what refuses it and, in a dry run or when asked, the warnings. */
static bool is_told(const struct importing *i, const struct finding *f) {
  return f->level == FINDING_REFUSED || (f->level == FINDING_WARNING && (i->plan.submit == NULL || i->plan.cli->verbose));
}

static void say_finding(struct importing *i, const struct import_row *row, const struct finding *f, size_t column) {
  char place[PLACE_MAX], text[FIELD_KEY_MAX + sizeof f->message + 4], line[sizeof text + 96];
  const bool need = i->plan.sheet != NULL && strcmp(f->code, "need") == 0 && column == SIZE_MAX;
  finding_text(f->field, f->message, text, sizeof text);
  snprintf(line, sizeof line, "%s: %s: %s%s", finding_level_name(f->level), f->code, text, need ? " (no column gives it)" : "");
  if ((need || f->level == FINDING_WARNING) && !i->plan.cli->verbose && !import_repeats_tell(&i->repeats, line)) {
    return;
  }
  put_place(i, row->number, column, place);
  end_progress(i);
  out_line(i->plan.cli, "%s: %s", place, line);
}

/* Says them; the findings with their columns for the document, NULL if there is none. */
static json_t *say_findings(struct importing *i, const struct import_row *row, const struct findings *findings) {
  json_t *list = NULL;
  for (size_t k = 0; k < findings->n; k++) {
    const struct finding *f = &findings->items[k];
    if (!is_told(i, f)) {
      continue;
    }
    const size_t column = column_of_finding(i, row->json, f);
    json_t *json = finding_json(f);
    note_column(i, json, column);
    list = list == NULL ? json_array() : list;
    json_array_append_new(list, json);
    say_finding(i, row, f, column);
  }
  return list;
}

/* Counts which fields are missing, and how complete the row is. */
static void tally(struct importing *i, const struct proposal *o) {
  i->complete += proposal_completeness(o);
  for (size_t k = 0; k < o->findings.n; k++) {
    const struct finding *f = &o->findings.items[k];
    if (f->level == FINDING_LACKING) {
      const json_int_t n = json_integer_value(json_object_get(i->lacking, f->field));
      json_object_set_new(i->lacking, f->field, json_integer(n + 1));
    }
  }
}

/* ---- what becomes of a row ---- */

static void count(struct importing *i, enum fate fate) {
  i->counts.published += fate == FATE_PUBLISHED;
  i->counts.new_versions += fate == FATE_NEW_VERSION;
  i->counts.known += fate == FATE_KNOWN;
}

/* The row's entry in the document, if it has one already because of its findings. */
static json_t *noted(const struct importing *i, size_t row) {
  for (size_t k = json_array_size(i->rows); k > 0; k--) {
    json_t *json = json_array_get(i->rows, k - 1);
    const size_t number = (size_t)json_integer_value(json_object_get(json, "row"));
    if (number <= row) {
      return number == row ? json : NULL;
    }
  }
  return NULL;
}

static void say_fate(struct importing *i, size_t row, enum fate fate, const char *reference) {
  json_t *json = noted(i, row);
  count(i, fate);
  if (i->plan.cli->verbose) {
    end_progress(i);
    out_line(i->plan.cli, "row %zu: %s%s%s", row, fate_names[fate], reference[0] == '\0' ? "" : "  ", reference);
  }
  if (json != NULL) {
    json_object_set_new(json, "state", json_string(fate_names[fate]));
    json_object_set_new(json, "ref", json_string(reference));
  } else if (i->plan.cli->verbose) {
    note_row(i, row, fate_names[fate], reference, "", "");
  }
}

/* The log has answered for one row. */
static void said(void *context, const struct publication_row *row) {
  struct importing *i = context;
  if (row->known || row->logged) {
    say_fate(i, row->tag, row->known ? FATE_KNOWN : row->new_version ? FATE_NEW_VERSION : FATE_PUBLISHED, row->reference);
    return;
  }
  if (row->queued) {
    i->counts.queued++;
    note_row(i, row->tag, "queued", "", row->reason, row->why);
    return;
  }
  i->counts.refused++;
  end_progress(i);
  out_line(i->plan.cli, "row %zu: refused: %s", row->tag, row->why);
  note_row(i, row->tag, "refused", "", row->reason, row->why);
}

static void add_duplicate(const struct importing *i, struct proposal *o, size_t row) {
  const struct schema *schema = import_map_schema(i->plan.map);
  char names[4 * FIELD_KEY_MAX] = "";
  size_t used = 0;
  for (size_t k = 0; k < schema->n_unique && used < sizeof names; k++) {
    used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", k == 0 ? "" : " and ", schema->unique[k]->key);
  }
  findings_add(&o->findings, FINDING_WARNING, schema->n_unique == 0 ? "" : schema->unique[schema->n_unique - 1]->key,
               "duplicate", "the same %s as in row %zu: the same object, of which this is a later version", names, row);
}

/* Looks a row up among the rows before it and in the log. */
static enum err_code foresee(struct importing *i, struct proposal *o, size_t row, enum fate *fate, struct err *err) {
  const struct hash zero = {{0}};
  struct version_of held;
  struct seen_row now = {.object = publication_unique(o->schema, bytes_view(&o->body)),
                         .body = hash_of(HASH_BODY, bytes_view(&o->body), view_of(NULL, 0)),
                         .row = row};
  *fate = FATE_PUBLISHED;
  if (hash_equal(&now.object, &zero)) {
    return OK;
  }
  const struct seen_row *before = import_seen_get(&i->seen, &now.object);
  enum err_code code = OK;
  if (before != NULL) {
    *fate = hash_equal(&before->body, &now.body) ? FATE_KNOWN : FATE_NEW_VERSION;
    add_duplicate(i, o, before->row);
  } else if ((code = version_by_unique(i->plan.here, o->schema, bytes_view(&o->body), &held, err)) == OK) {
    *fate = held.same_body ? FATE_KNOWN : FATE_NEW_VERSION;
  }
  return code == OK || code == ERR_NOT_FOUND ? import_seen_put(&i->seen, &now, err) : code;
}

static void add_similar(struct importing *i, struct proposal *o, const char *what) {
  findings_add(&o->findings, FINDING_WARNING, o->schema->title->key, "similar", "%s: leave the row out if it is the same",
               what);
  i->counts.similar++;
}

/* Compares a new row with what is there, and with the rows before it. */
static enum err_code compare(struct importing *i, struct proposal *o, size_t row, struct err *err) {
  char text[256];
  json_t *list = NULL;
  if (i->n_compared == COMPARED_MAX) {
    return OK;
  }
  struct compared *now = &i->compared[i->n_compared];
  enum err_code code = similarity_of(o->schema, bytes_view(&o->body), &now->sketch, err);
  if (code != OK) {
    return code;
  }
  now->row = row;
  code = similar_find(i->plan.here, o->schema, &now->sketch, &i->bounds, i->plan.cli->lang, &list, err);
  if (list != NULL) {
    similar_text(i->plan.cli, json_array_get(list, 0), text, sizeof text);
    add_similar(i, o, text);
  }
  json_decref(list);
  unsigned best = SIMILARITY_TOLD - 1;
  size_t twin = 0;
  for (size_t k = 0; k < i->n_compared; k++) {
    const unsigned percent = similarity_percent(&i->compared[k].sketch, &now->sketch);
    twin = percent > best ? i->compared[k].row : twin;
    best = percent > best ? percent : best;
  }
  if (twin != 0) {
    snprintf(text, sizeof text, "%s %zu (%u %%)", out_word(i->plan.cli, "much like row", "molto simile alla riga"), twin, best);
    add_similar(i, o, text);
  }
  i->n_compared++;
  return code;
}

/* A row that names an object by its id: the id, and nothing else, says which it is. *why: it cannot be taken. */
static enum err_code foresee_named(struct importing *i, const struct import_object *object, const struct proposal *o,
                                   size_t row, enum fate *fate, const char **why, struct err *err) {
  struct seen_row now = {.object = object->version.object, .row = row};
  *fate = FATE_KNOWN;
  if (object->withdrawn || view_equal(bytes_view(&object->body), bytes_view(&o->body))) {
    return OK;
  }
  *fate = FATE_NEW_VERSION;
  *why = !object->own                                     ? "another home's: only its home changes it"
         : import_seen_get(&i->seen, &now.object) != NULL ? "an earlier row is a version of the same object"
                                                          : NULL;
  return import_seen_put(&i->seen, &now, err);
}

/* Sends, or foretells. */
static enum err_code go(struct importing *i, const struct proposal *o, const struct import_object *object, size_t row,
                        enum fate fate, struct err *err) {
  if (i->plan.submit == NULL || fate == FATE_KNOWN) {
    say_fate(i, row, fate, object->found ? object->reference : "");
    return OK;
  }
  enum err_code code = i->publication == NULL ? publication_new(said, i, &i->publication, err) : OK;
  if (code != OK) {
    return code;
  }
  return object->found ? publication_add(i->publication, i->plan.submit, o, &object->version, row, err)
                       : publication_offer(i->publication, i->plan.submit, o, row, err);
}

/* ---- a row ---- */

static enum err_code build(struct importing *i, const struct import_row *row, const struct import_object *object,
                           struct proposal *o, struct err *err) {
  json_t *body = NULL;
  const struct schema *schema = import_map_schema(i->plan.map);
  enum err_code code = import_map_apply(i->plan.map, row->json, &body, &o->findings, err);
  if (code == OK && row->translations != NULL) {
    code = import_map_translate(i->plan.map, row->translations, &body, &o->findings, err);
  }
  if (code == OK && object->found) {
    proposal_carry_over(schema, bytes_view(&object->body), body);
  }
  if (code == OK) {
    code = proposal_build(schema, body, &i->plan.here->home.config, o, err);
  }
  json_decref(body);
  return code;
}

/* Says what is wrong with a row that is not published. */
static void refuse(struct importing *i, const struct import_row *row, const struct findings *findings) {
  static const struct finding LOST = {.code = "memory", .message = "no memory to say why"};
  const struct finding *found = findings_first_refused(findings), *first = found == NULL ? &LOST : found;
  char why[FIELD_KEY_MAX + sizeof first->message + 4];
  json_t *list = say_findings(i, row, findings);
  finding_text(first->field, first->message, why, sizeof why);
  i->counts.refused++;
  json_t *json = note_row(i, row->number, "refused", "", first->code, why);
  note_column(i, json, column_of_finding(i, row->json, first));
  json_object_set_new(json, "findings", list);
}

static enum err_code take_built(struct importing *i, const struct import_row *row, const struct import_object *object,
                                struct proposal *o, struct err *err) {
  enum fate fate = FATE_PUBLISHED;
  const char *why = NULL;
  enum err_code code = OK;
  if (object->found) {
    code = foresee_named(i, object, o, row->number, &fate, &why, err);
  } else if (o->findings.n_refused == 0) {
    code = foresee(i, o, row->number, &fate, err);
  }
  if (code == OK && !object->found && fate == FATE_PUBLISHED && o->findings.n_refused == 0) {
    code = compare(i, o, row->number, err);
  }
  if (why != NULL) {
    findings_add(&o->findings, FINDING_REFUSED, "", "id", "%s", why);
  }
  const bool passed_over = object->found && fate == FATE_KNOWN; /* be it complete or not */
  if (code == OK && o->findings.n_refused > 0 && !passed_over) {
    i->counts.warnings += o->findings.n_warnings;
    refuse(i, row, &o->findings);
    return OK;
  }
  if (code != OK) {
    return code;
  }
  if (!passed_over) {
    i->counts.warnings += o->findings.n_warnings;
    tally(i, o);
    json_t *list = say_findings(i, row, &o->findings);
    if (list != NULL) {
      json_object_set_new(note_row(i, row->number, fate_names[fate], "", "", ""), "findings", list);
    }
  }
  return go(i, o, object, row->number, fate, err);
}

enum err_code importing_take(struct importing *i, const struct import_row *row, struct err *err) {
  struct proposal o;
  struct import_object object = {.found = false};
  memset(&o, 0, sizeof o);
  progress(i);
  enum err_code code = OK;
  if (row->id != NULL) {
    code = import_object_find(i->plan.here, row->id, &object, err);
  }
  if (code == OK) {
    code = build(i, row, &object, &o, err);
  }
  if (code == ERR_LIMIT) {
    importing_refuse(i, row->number, SIZE_MAX, reason_name(REASON_TOO_LARGE), err->message);
    err_clear(err);
    code = OK;
  } else if (code == OK) {
    i->counts.rows++;
    code = take_built(i, row, &object, &o, err);
  }
  import_object_release(&object);
  proposal_release(&o);
  return code;
}

enum err_code importing_finish(struct importing *i, struct err *err) {
  enum err_code code = i->publication == NULL ? OK : publication_flush(i->publication, i->plan.submit, err);
  const uint64_t n = i->counts.rows - i->counts.refused;
  end_progress(i);
  import_repeats_say(&i->repeats, i->plan.cli);
  if (code == OK && i->plan.submit == NULL) {
    if (n > 0) {
      import_repeats_say_lacking(i->plan.cli, import_map_schema(i->plan.map), i->lacking, i->complete / n);
    }
    out_set(i->plan.cli, "lacking", json_incref(i->lacking));
    out_set_number(i->plan.cli, "completeness", n == 0 ? 0 : i->complete / n);
  }
  return code;
}
