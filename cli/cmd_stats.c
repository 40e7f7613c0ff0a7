/*
 * stats: the observatory in figures: by kind, home, title_language, year, completeness, and every date and facet of the
 * schemas. All figures are tables of (code, label, count), so that text, JSON and CSV say the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/facets.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "node/export/export.h"
#include "node/store/query_matrix.h"
#include "node/store/query_stats.h"
#include "protocol/endorsement.h"
#include "protocol/schema/nearest.h"

const struct option_row options_stats[] = {
    {"kind", 0, OPTION_VALUE, "KIND", "only of this kind", "solo di questo tipo"},
    {"node", 0, OPTION_VALUE, "HANDLE", "only of this home", "solo di questo nodo"},
    {"by", 0, OPTION_VALUE, "TABLE", "only this table: home, year, a facet", "solo questa tabella: home, year, una faccetta"},
    {"endorsements", 0, OPTION_FLAG, NULL, "who vouches for whom: reviewers' nodes by the objects' homes",
     "chi convalida chi: nodi dei revisori per nodi di origine"},
    {"csv", 0, OPTION_FLAG, NULL, "one table of all figures, for a spreadsheet",
     "una tabella di tutte le cifre, per un foglio"},
    OPTIONS_END,
};

#define ROWS_SHOWN 10 /* of a table, to people; --json, --csv and --by have all */

/* The figures in the making: a list of {"table", "label", "rows": [{"code", "label", "count"}]}. */
struct figures {
  struct cli *cli;
  const struct here *here;
  const struct query *query;
  json_t *tables;  /* in the document */
  json_t *rows;    /* of the table at hand */
  const char *by;  /* NULL: all */
  const char *dim; /* of the facet at hand */
};

static bool is_wanted(const struct figures *f, const char *table) {
  return f->by == NULL || strcmp(f->by, table) == 0;
}

static void begin_table(struct figures *f, const char *name, const char *label) {
  f->rows = json_array();
  json_array_append_new(
      f->tables, json_pack("{s:s, s:o, s:o}", "table", name, "label", out_json_text(view_of_text(label)), "rows", f->rows));
}

static bool add_row(void *context, const char *code, const char *label, uint64_t count) {
  const struct figures *f = context;
  json_array_append_new(f->rows,
                        json_pack("{s:o, s:o, s:I}", "code", out_json_text(view_of_text(code)), "label",
                                  out_json_text(view_of_text(label == NULL ? code : label)), "count", (json_int_t)count));
  return true;
}

/* ---- tables of the walk ---- */

struct counter {
  const char *code;
  json_int_t count;
};

static int by_count(const void *a, const void *b) {
  const struct counter *x = a, *y = b;
  return x->count != y->count ? (x->count < y->count) - (x->count > y->count) : strcmp(x->code, y->code);
}

static int by_code(const void *a, const void *b) {
  const struct counter *x = a, *y = b;
  return strcmp(x->code, y->code);
}

/* What a code of one of these tables is called. */
static const char *label_of(const struct figures *f, const char *table, const char *code) {
  const struct vocabulary *languages = vocabulary_by_name(f->here->schemas, "language");
  const struct schema *schema = schema_by_kind(f->here->schemas, code);
  if (strcmp(table, "kind") == 0 && schema != NULL) {
    return schema_label(schema, "@kind", f->cli->lang);
  }
  const struct federation_member *m = strcmp(table, "home") == 0 ? federation_by_handle(&f->here->federation, code) : NULL;
  if (m != NULL) {
    const struct vocabulary *countries = vocabulary_by_name(f->here->schemas, "country");
    return countries == NULL ? NULL : vocabulary_label(countries, view_of_text(m->member->country), f->cli->lang);
  }
  return strcmp(table, "title_language") == 0 && languages != NULL
             ? vocabulary_label(languages, view_of_text(code), f->cli->lang)
             : NULL;
}

static enum err_code add_counters(struct figures *f, const char *name, const char *label, json_t *counters, bool ordered,
                                  struct err *err) {
  const size_t n = json_object_size(counters);
  struct counter *list = calloc(n + 1, sizeof *list);
  const char *code;
  json_t *value;
  size_t i = 0;
  if (list == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  json_object_foreach(counters, code, value) {
    list[i++] = (struct counter){code, json_integer_value(value)};
  }
  qsort(list, n, sizeof list[0], ordered ? by_code : by_count);
  begin_table(f, name, label);
  for (i = 0; i < n; i++) {
    add_row(f, list[i].code, label_of(f, name, list[i].code), (uint64_t)list[i].count);
  }
  free(list);
  return OK;
}

static void add_bands(struct figures *f, const json_t *bands) {
  static const char *const names[STATS_BANDS] = {"0-24", "25-49", "50-74", "75-99", "100"};
  begin_table(f, "completeness", out_word(f->cli, "Completeness, %", "Completezza, %"));
  for (size_t i = 0; i < STATS_BANDS; i++) {
    add_row(f, names[i], names[i], (uint64_t)json_integer_value(json_array_get(bands, i)));
  }
}

/* A table for each date that objects tell of themselves, called as its field: when they began, when they ended. */
static enum err_code add_dates(struct figures *f, json_t *dates, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; i < schema_set_count(f->here->schemas); i++) {
    const struct schema *schema = schema_set_at(f->here->schemas, i);
    for (size_t k = 0; code == OK && k < schema->n_fields; k++) {
      const char *key = schema->fields[k].key;
      json_t *years = json_object_get(dates, key);
      if (years != NULL && is_wanted(f, key)) {
        code = add_counters(f, key, schema_label(schema, key, f->cli->lang), years, true, err);
      }
      (void)json_object_del(dates, key); /* once, where two kinds have a field of that name */
    }
  }
  return code;
}

/* The tables of the walk. */
static const struct {
  const char *name, *en, *it;
  bool ordered;
} WALK[] = {{"kind", "Kinds", "Tipi", false},
            {"home", "Homes", "Nodi", false},
            {"title_language", "Languages of the title", "Lingue del titolo", false},
            {"year", "First published in", "Pubblicati la prima volta nel", true},
            {"updated", "Newest version of", "Ultima versione del", true}};
#define N_WALK (sizeof WALK / sizeof WALK[0])

static enum err_code add_walk(struct figures *f, struct err *err) {
  static const char *const totals[] = {"objects", "versions", "withdrawn", "completeness"};
  json_t *json = NULL;
  enum err_code code = query_stats(f->here->store, &f->here->federation, f->here->schemas, f->query, &json, err);
  for (size_t i = 0; code == OK && i < sizeof totals / sizeof totals[0]; i++) {
    out_set_number(f->cli, totals[i], (uint64_t)json_integer_value(json_object_get(json, totals[i])));
  }
  for (size_t i = 0; code == OK && i < N_WALK; i++) {
    if (is_wanted(f, WALK[i].name)) {
      code = add_counters(f, WALK[i].name, out_word(f->cli, WALK[i].en, WALK[i].it), json_object_get(json, WALK[i].name),
                          WALK[i].ordered, err);
    }
  }
  code = code == OK ? add_dates(f, json_object_get(json, "dates"), err) : code;
  if (code == OK && is_wanted(f, "completeness")) {
    add_bands(f, json_object_get(json, "completeness_bands"));
  }
  json_decref(json);
  return code;
}

/* Figures are of what was asked for: unlike the choices beside a list, codes that were not asked for have none. */
static bool add_facet(void *context, const char *code, const char *label, uint64_t count) {
  const struct figures *f = context;
  bool asked = false, found = false;
  for (uint32_t i = 0; i < f->query->n_facets; i++) {
    const bool same = strcmp(f->query->facets[i].dim, f->dim) == 0;
    asked = asked || same;
    found = found || (same && strcmp(f->query->facets[i].code, code) == 0);
  }
  return asked && !found ? true : add_row(context, code, label, count);
}

static enum err_code add_facets(struct figures *f, struct err *err) {
  const struct schema *schema = f->query->kind == NULL ? NULL : schema_by_kind(f->here->schemas, f->query->kind);
  const char *dim, *label = "";
  enum err_code code = OK;
  for (size_t i = 0; code == OK && (dim = facets_dimension(f->here->schemas, schema, f->cli->lang, i, &label)) != NULL; i++) {
    if (!is_wanted(f, dim)) {
      continue;
    }
    begin_table(f, dim, label);
    f->dim = dim;
    code = query_facet(f->here->store, &f->here->federation, f->here->schemas, f->query, dim, add_facet, f, err);
  }
  return code;
}

/* ---- said ---- */

static void say_totals(const struct figures *f) {
  const json_t *doc = f->cli->doc;
  const json_int_t objects = json_integer_value(json_object_get(doc, "objects"));
  const json_int_t withdrawn = json_integer_value(json_object_get(doc, "withdrawn"));
  out_heading(f->cli, "%jd %s", (intmax_t)objects, out_word(f->cli, objects == 1 ? "object" : "objects", "oggetti"));
  out_line(f->cli, "  %jd %s, %jd %% %s, %jd %s", (intmax_t)json_integer_value(json_object_get(doc, "versions")),
           out_word(f->cli, "versions", "versioni"), (intmax_t)json_integer_value(json_object_get(doc, "completeness")),
           out_word(f->cli, "complete on average", "completi in media"), (intmax_t)withdrawn,
           out_word(f->cli, "withdrawn", "ritirati"));
}

static void say_table(const struct figures *f, const json_t *table) {
  static const char *const columns[] = {">count", ">%", "code", "<label", NULL};
  const json_int_t objects = json_integer_value(json_object_get(f->cli->doc, "objects"));
  struct out_table *t = out_table_new(f->cli, columns);
  size_t i;
  json_t *row;
  json_t *rows = json_object_get(table, "rows");
  if (json_array_size(rows) > 0) {
    out_line(f->cli, "%s", "");
    out_heading(f->cli, "%s  (--by %s)", text_of(table, "label"), text_of(table, "table"));
  }
  json_array_foreach(rows, i, row) {
    char count[32], share[32];
    const json_int_t n = json_integer_value(json_object_get(row, "count"));
    const bool plain = strcmp(text_of(row, "code"), text_of(row, "label")) == 0;
    if (i == ROWS_SHOWN && f->by == NULL) {
      break;
    }
    snprintf(count, sizeof count, "%jd", (intmax_t)n);
    snprintf(share, sizeof share, "%.0f", objects == 0 ? 0.0 : 100.0 * (double)n / (double)objects);
    const char *cells[] = {count, share, text_of(row, "code"), plain ? "" : text_of(row, "label")};
    out_table_row(t, cells);
  }
  out_table_print(t);
  if (f->by == NULL && json_array_size(rows) > ROWS_SHOWN) {
    out_line(f->cli, "%s %zu %s --by %s", out_word(f->cli, "and", "e altri"), json_array_size(rows) - ROWS_SHOWN,
             out_word(f->cli, "more:", "in:"), text_of(table, "table"));
  }
}

/* A line a figure: table, code, label, count. */
static enum err_code print_csv(const struct figures *f, struct err *err) {
  struct bytes line;
  size_t i, k;
  json_t *table, *row;
  enum err_code code = OK;
  bytes_init(&line, (size_t)1024 * 1024);
  printf("table,code,label,count\r\n");
  json_array_foreach(f->tables, i, table) {
    json_array_foreach(json_object_get(table, "rows"), k, row) {
      char count[32];
      snprintf(count, sizeof count, "%jd", (intmax_t)json_integer_value(json_object_get(row, "count")));
      const char *cells[] = {text_of(table, "table"), text_of(row, "code"), text_of(row, "label"), count};
      bytes_clear(&line);
      for (size_t c = 0; code == OK && c < 4; c++) {
        code = export_csv_cell(&line, view_of_text(cells[c]), c == 0, err);
      }
      if (code == OK) {
        printf("%.*s\r\n", (int)line.len, (const char *)line.p);
      }
    }
  }
  bytes_release(&line);
  return code;
}

/* --by something that no table is called. */
static enum err_code unknown_table(const struct figures *f, struct err *err) {
  const char *dim;
  struct nearest near = nearest_to(view_of_text(f->by));
  nearest_offer(&near, "completeness");
  for (size_t i = 0; i < N_WALK; i++) {
    nearest_offer(&near, WALK[i].name);
  }
  for (size_t i = 0; (dim = facets_dimension(f->here->schemas, NULL, f->cli->lang, i, NULL)) != NULL; i++) {
    nearest_offer(&near, dim);
  }
  err_set(err, ERR_NOT_FOUND, "--by %s: no such table", f->by);
  const char *meant = nearest_word(&near);
  return meant != NULL
             ? err_hint(err, "--by %s", meant)
             : err_hint(
                   err,
                   "kind, home, title_language, year, updated, completeness, a date, or a facet: specola stats shows them");
}

static enum err_code say(const struct figures *f, bool csv, struct err *err) {
  size_t i;
  json_t *table;
  if (f->by != NULL && json_array_size(f->tables) == 0) {
    return unknown_table(f, err);
  }
  if (f->cli->json) {
    return OK;
  }
  if (csv) {
    return print_csv(f, err);
  }
  say_totals(f);
  json_array_foreach(f->tables, i, table) {
    say_table(f, table);
  }
  return OK;
}

/* ---- who vouches for whom ---- */

/* A row a member whose reviewers sign, a column a member whose objects they sign. */
static void say_matrix(struct cli *cli, const json_t *matrix) {
  const json_t *members = json_object_get(matrix, "members"), *counts = json_object_get(matrix, "counts");
  const size_t n = json_array_size(members);
  char(*words)[24] = calloc(n * 2 + 4, sizeof *words);
  const char **cells = calloc(n + 4, sizeof *cells);
  for (size_t i = 0; words != NULL && cells != NULL && i < n; i++) { /* the head: as the columns' names, aligned to the right */
    (void)snprintf(words[i], sizeof *words, ">%.20s", json_string_value(json_array_get(members, i)));
    cells[i + 1] = words[i];
  }
  if (words == NULL || cells == NULL) {
    free(words);
    free(cells);
    return;
  }
  cells[0] = out_word(cli, "reviewers of", "revisori di");
  cells[n + 1] = out_word(cli, ">all", ">tutti");
  struct out_table *table = out_table_new(cli, cells);
  for (size_t i = 0; i < n; i++) {
    cells[0] = json_string_value(json_array_get(members, i));
    for (size_t k = 0; k <= n; k++) {
      const json_t *count =
          k < n ? json_array_get(json_array_get(counts, i), k) : json_array_get(json_object_get(matrix, "given"), i);
      (void)snprintf(words[n + k], sizeof *words, "%jd", (intmax_t)json_integer_value(count));
      cells[k + 1] = words[n + k];
    }
    out_table_row(table, cells);
  }
  out_table_print(table);
  free(words);
  free(cells);
}

/* Why signatures do not count, the words of endorsement_text. */
static void say_signatures(struct cli *cli, const json_t *signatures, const json_t *held) {
#define STANDING(symbol, name, text) {name, text},
  static const struct { const char *name, *text; } texts[] = {ENDORSEMENT_TABLE(STANDING)};
#undef STANDING
  static const char *const columns[] = {">count", "standing", "<meaning", NULL};
  struct out_table *table = out_table_new(cli, columns);
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    const json_int_t n = json_integer_value(json_object_get(signatures, texts[i].name));
    char count[32];
    (void)snprintf(count, sizeof count, "%jd", (intmax_t)n);
    const char *cells[] = {count, texts[i].name, texts[i].text};
    if (n > 0) {
      out_table_row(table, cells);
    }
  }
#define HELD(symbol, number, name, text, todo) {name, text},
  static const struct { const char *name, *text; } reasons[] = {REASON_TABLE(HELD)};
#undef HELD
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    const json_int_t n = json_integer_value(json_object_get(held, reasons[i].name));
    char count[32];
    (void)snprintf(count, sizeof count, "%jd", (intmax_t)n);
    const char *cells[] = {count, reasons[i].name, reasons[i].text};
    if (n > 0) {
      out_table_row(table, cells);
    }
  }
  out_table_print(table);
}

static enum err_code say_endorsements(struct cli *cli, const struct here *here, struct err *err) {
  json_t *matrix = NULL, *objects = json_object();
  enum err_code code = query_matrix(here->store, &here->federation, &matrix, err);
  if (code == OK) {
    (void)json_object_set(matrix, "objects", objects);
    code = query_endorsed(here->store, objects, err);
  }
  json_decref(objects); /* the matrix has it */
  if (code != OK) {
    json_decref(matrix);
    return code;
  }
  out_heading(cli, "%s  (%jd %s)",
              out_word(cli, "Signatures that count, by the homes of what they are about",
                       "Firme che contano, per nodo di origine di ciò che riguardano"),
              (intmax_t)json_integer_value(json_object_get(matrix, "total")), out_word(cli, "in all", "in tutto"));
  say_matrix(cli, matrix);
  out_line(cli, "%s", "");
  out_heading(cli, "%s", out_word(cli, "All signatures", "Tutte le firme"));
  say_signatures(cli, json_object_get(matrix, "signatures"), json_object_get(matrix, "held"));
  out_line(cli, "%s", "");
  out_line(cli, "%jd %s, %jd %s, %jd %s", (intmax_t)json_integer_value(json_object_get(objects, "current")),
           out_word(cli, "endorsed", "convalidati"), (intmax_t)json_integer_value(json_object_get(objects, "earlier")),
           out_word(cli, "in an earlier version", "in una versione precedente"),
           (intmax_t)json_integer_value(json_object_get(objects, "none")),
           out_word(cli, "published, not endorsed", "pubblicati, non convalidati"));
  out_set(cli, "endorsements", matrix);
  return OK;
}

enum err_code cmd_stats(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  const struct schema *schema = NULL;
  struct query query = {.kind = args_value(args, "kind"), .node = args_value(args, "node"), .lang = cli->lang};
  struct figures f = {.cli = cli, .here = &here, .query = &query, .tables = json_array(), .by = args_value(args, "by")};
  out_set(cli, "tables", f.tables);
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  if (args_flag(args, "endorsements")) {
    if (query.kind != NULL || query.node != NULL || f.by != NULL || args->n_open > 0 || args_flag(args, "csv")) {
      err_set(err, ERR_USAGE, "--endorsements is a table of its own, of everything");
      code = err_hint(err, "specola stats --endorsements; in parts: specola sql, table endorsements");
    } else {
      code = say_endorsements(cli, &here, err);
    }
    here_release(&here);
    return code;
  }
  if ((query.kind == NULL || (code = here_kind(here.schemas, query.kind, &schema, err)) == OK) &&
      (code = here_node(&here, &query.node, err)) == OK &&
      (code = facets_read(cli, &here, schema, options_stats, args, &query, err)) == OK && (code = add_walk(&f, err)) == OK &&
      (code = add_facets(&f, err)) == OK) {
    code = say(&f, args_flag(args, "csv"), err);
  }
  here_release(&here);
  return code;
}
