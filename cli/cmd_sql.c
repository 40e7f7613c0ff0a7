/*
 * sql: a question in SQL on the tables that are meant for it (node/store/query_select.h): as a table, CSV or JSON. Reads only,
 * and no longer than --timeout.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/here.h"
#include "cli/out.h"
#include "node/export/export.h"
#include "node/store/query_select.h"

#define ROWS_DEFAULT 1000
#define ROWS_MAX 100000000
#define MEMORY_MAX INT64_C(536870912) /* octets that SQLite may take for sorting and the like */
#define LINE_MAX_OCTETS ((size_t)64 * 1024 * 1024)

const struct option_row options_sql[] = {
    {"csv", 0, OPTION_FLAG, NULL, "for a spreadsheet", "per un foglio di calcolo"},
    {"limit", 'n', OPTION_VALUE, "N", "at most N rows (1000; 0: all)", "al più N righe (1000; 0: tutte)"},
    OPTIONS_END,
};

/* An answer on its way out. */
struct answer {
  struct cli *cli;
  bool csv;
  struct out_table *table;
  json_t *columns, *rows; /* in the document */
  const char **cells;     /* of the row at hand; n of them and a NULL */
  struct bytes *texts;    /* what they point to */
  int n;
  uint64_t n_rows;
  struct bytes line;
};

static void answer_release(struct answer *a) {
  for (int i = 0; a->texts != NULL && i < a->n; i++) {
    bytes_release(&a->texts[i]);
  }
  free(a->texts);
  free(a->cells);
  bytes_release(&a->line);
}

/* A value as text; NULL is empty in CSV and a hyphen for people. */
static enum err_code put_value(struct answer *a, sqlite3_stmt *st, int i, struct err *err) {
  struct bytes *out = &a->texts[i];
  bytes_clear(out);
  switch (sqlite3_column_type(st, i)) {
  case SQLITE_NULL:
    return a->csv ? OK : bytes_append_text(out, "-", err);
  case SQLITE_BLOB: {
    const uint8_t *p = sqlite3_column_blob(st, i);
    const int len = sqlite3_column_bytes(st, i);
    enum err_code code = OK;
    for (int k = 0; k < len && code == OK; k++) {
      code = bytes_printf(out, err, "%02x", p[k]);
    }
    return code;
  }
  default: {
    const void *p = sqlite3_column_text(st, i);
    return bytes_append(out, view_of(p, (size_t)sqlite3_column_bytes(st, i)), err);
  }
  }
}

static enum err_code print_csv(struct answer *a, struct err *err) {
  enum err_code code = OK;
  bytes_clear(&a->line);
  for (int i = 0; code == OK && i < a->n; i++) {
    code = export_csv_cell(&a->line, bytes_view(&a->texts[i]), i == 0, err);
  }
  if (code == OK) {
    code = bytes_append_text(&a->line, "\r\n", err);
  }
  if (code == OK) {
    fwrite(a->line.p, 1, a->line.len, stdout);
  }
  return code;
}

static json_t *value_json(const struct answer *a, sqlite3_stmt *st, int i) {
  switch (sqlite3_column_type(st, i)) {
  case SQLITE_NULL:
    return json_null();
  case SQLITE_INTEGER:
    return json_integer(sqlite3_column_int64(st, i));
  case SQLITE_FLOAT: {
    json_t *real = json_real(sqlite3_column_double(st, i));
    return real == NULL ? json_null() : real; /* infinity has no JSON */
  }
  default:
    return out_json_text(bytes_view(&a->texts[i]));
  }
}

static enum err_code take_columns(void *context, sqlite3_stmt *st, struct err *err) {
  struct answer *a = context;
  enum err_code code = OK;
  a->n = sqlite3_column_count(st);
  a->texts = calloc((size_t)a->n, sizeof *a->texts);
  a->cells = calloc((size_t)a->n + 1, sizeof *a->cells);
  if (a->texts == NULL || a->cells == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (int i = 0; code == OK && i < a->n; i++) {
    const char *name = sqlite3_column_name(st, i);
    bytes_init(&a->texts[i], LINE_MAX_OCTETS);
    json_array_append_new(a->columns, out_json_text(view_of_text(name == NULL ? "" : name)));
    /* The '<' is out_table_of's; behind it the name may be anything. */
    code = bytes_printf(&a->texts[i], err, "%s%s", a->csv ? "" : "<", name == NULL ? "" : name);
    a->cells[i] = code == OK ? bytes_text(&a->texts[i]) : NULL;
    code = code == OK && a->cells[i] == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
  }
  if (code == OK && !a->csv) {
    a->table = out_table_of(a->cli, a->cells);
  } else if (code == OK && !a->cli->json) {
    code = print_csv(a, err);
  }
  return code;
}

static enum err_code take_row(void *context, sqlite3_stmt *st, struct err *err) {
  struct answer *a = context;
  enum err_code code = OK;
  a->n_rows++;
  for (int i = 0; code == OK && i < a->n; i++) {
    code = put_value(a, st, i, err);
    a->cells[i] = code == OK ? bytes_text(&a->texts[i]) : NULL;
    code = code == OK && a->cells[i] == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
  }
  if (code == OK && a->cli->json) {
    json_t *row = json_array();
    for (int i = 0; i < a->n; i++) {
      json_array_append_new(row, value_json(a, st, i));
    }
    json_array_append_new(a->rows, row);
  } else if (code == OK && a->csv) {
    code = print_csv(a, err);
  } else if (code == OK) {
    out_table_row(a->table, a->cells);
  }
  return code;
}

static bool list_table(void *context, const char *name, const char *columns) {
  struct answer *a = context;
  out_heading(a->cli, "%s", name);
  out_wrapped(a->cli, 2, "  %s", columns);
  json_array_append_new(a->rows, json_pack("{s:s, s:s}", "table", name, "columns", columns));
  return true;
}

enum err_code cmd_sql(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct answer a = {.cli = cli, .csv = args_flag(args, "csv"), .columns = json_array(), .rows = json_array()};
  struct select_limits limits = {.ms = cli->timeout_ms};
  const struct select_sink sink = {take_columns, take_row, &a};
  bool more = false;
  out_set(cli, "columns", a.columns);
  out_set(cli, args->n_operands == 0 ? "tables" : "rows", a.rows);
  enum err_code code = args_number(args, "limit", 0, ROWS_MAX, ROWS_DEFAULT, &limits.rows, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  bytes_init(&a.line, LINE_MAX_OCTETS);
  (void)sqlite3_hard_heap_limit64(MEMORY_MAX);
  if (args->n_operands == 0) {
    code = query_select_tables(here.store, &here.federation, here.schemas, list_table, &a, err);
  } else {
    code =
        query_select(here.store, &here.federation, here.schemas, args->operands[0], &limits, clock_system(), &sink, &more, err);
    out_set_bool(cli, "more", more);
  }
  out_table_print(a.table);
  if (code == OK && more) {
    out_note(cli, "%s %ju; --limit 0", out_word(cli, "There are more rows; shown:", "Ci sono altre righe; mostrate:"),
             (uintmax_t)a.n_rows);
  }
  answer_release(&a);
  here_release(&here);
  return code;
}
