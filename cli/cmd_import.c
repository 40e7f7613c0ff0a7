/*
 * import: rows of a file (JSON objects, or a spreadsheet) become objects of the own log; a bundle brings the members' logs.
 * Which of the three a file is, its name and its first octets say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/import_rows.h"
#include "cli/import_sheet.h"
#include "cli/out.h"
#include "cli/sealed.h"
#include "cli/signed_line.h"
#include "keys/text.h"
#include "protocol/bundle.h"

#define BUNDLE_MAGIC "SPECOLA"
#define BUNDLE_NAME ".bundle"
#define IMPORT_NICE 8 /* beside a node that serves: readers come first, as they do for core */

const struct option_row options_import[] = {
    {"map", 0, OPTION_VALUE, "MAP.ini", "which column goes where (docs/schema.md 5)",
     "quale colonna va dove (docs/schema.md 5)"},
    {"kind", 0, OPTION_VALUE, "KIND", "what the rows are, if no map says it (case)",
     "che cosa sono le righe, se la mappa non lo dice (case)"},
    {"separator", 0, OPTION_VALUE, "CHAR", "between the columns of a spreadsheet: , ; or tab (found out)",
     "fra le colonne di un foglio: , ; o tab (riconosciuto)"},
    {"propose-map", 0, OPTION_FLAG, NULL, "write a map for this spreadsheet, to be filled in; publish nothing",
     "scrive una mappa per questo foglio, da completare; non pubblica nulla"},
    {"out", 'o', OPTION_VALUE, "MAP.ini", "where the proposed map goes (stdout)", "dove va la mappa proposta (stdout)"},
    {"dry-run", 0, OPTION_FLAG, NULL, "say what would happen; publish nothing", "dice che cosa accadrebbe; non pubblica nulla"},
    OPTIONS_END,
};

/* The kind that rows are of where no map says it: of --kind, else the one with the lowest number, which most people mean. */
static enum err_code read_kind(const struct schema_set *set, const struct args *args, const struct schema **out,
                               struct err *err) {
  const char *kind = args_value(args, "kind");
  kind = kind == NULL && schema_set_count(set) > 0 ? schema_set_at(set, 0)->kind : kind;
  return here_kind(set, kind == NULL ? "" : kind, out, err);
}

/* Of --map; *out stays NULL without one. */
static enum err_code read_map(const struct schema_set *set, const struct args *args, struct import_map **out, struct err *err) {
  const char *path = args_value(args, "map");
  const struct schema *schema = NULL;
  enum err_code code = read_kind(set, args, &schema, err);
  if (code != OK || path == NULL) {
    return code;
  }
  struct bytes text;
  bytes_init(&text, LIMIT_DRAFT);
  code = file_read(path, &text, err);
  if (code == OK && (code = import_map_read(set, bytes_view(&text), schema->kind, out, err)) != OK) {
    /* The person's own file, as a draft is: refused, not a failed verification. */
    code = err->code = code == ERR_FORMAT ? ERR_REFUSED : code;
    err_context(err, "%s", path);
  }
  bytes_release(&text);
  return code;
}

static enum err_code say_counts(struct cli *cli, const struct import_counts *c, bool dry, struct err *err) {
  const char *would = dry ? "would be " : "";
  out_line(cli, "%spublished %ju, new versions %ju, known %ju, refused %ju", would, (uintmax_t)c->published,
           (uintmax_t)c->new_versions, (uintmax_t)c->known, (uintmax_t)c->refused);
  if (c->warnings > 0 && !cli->verbose && !dry) {
    out_line(cli, "%ju warning%s; specola -v import shows them", (uintmax_t)c->warnings, c->warnings == 1 ? "" : "s");
  }
  if (c->similar > 0 && !dry) {
    out_line(cli,
             "%ju much like another; specola import --dry-run names them before, specola compare ID ID shows two side by side",
             (uintmax_t)c->similar);
  }
  out_set_number(cli, "read", c->rows);
  out_set_number(cli, "similar", c->similar);
  out_set_number(cli, "warnings", c->warnings);
  out_set_number(cli, "published", c->published);
  out_set_number(cli, "new_versions", c->new_versions);
  out_set_number(cli, "known", c->known);
  out_set_number(cli, "queued", c->queued);
  out_set_number(cli, "refused", c->refused);
  out_set_bool(cli, "dry_run", dry);
  if (c->refused == 0 && c->queued > 0) {
    err_set(err, ERR_QUEUED, "%ju of %ju rows are queued", (uintmax_t)c->queued, (uintmax_t)c->rows);
    return err_hint(err, "they go into the log by themselves: specola status says what they wait for");
  }
  if (c->refused == 0) {
    return OK;
  }
  err_set(err, ERR_REFUSED, "%ju of %ju rows were refused", (uintmax_t)c->refused, (uintmax_t)c->rows);
  return err_hint(err, "what is refused is told above, row by row; another --map may fill what is missing");
}

/* An import of rows. sheet: NULL for a file of JSON objects. */
struct rows_import {
  struct cli *cli;
  const struct args *args;
  FILE *file;
  const char *path;
  bool wants_dry, dry; /* asked for; or nothing can come of it */
  struct submit submit;
  struct here here; /* of a dry run */
  bool is_sheet;
  struct spreadsheet *sheet; /* NULL, too, of one without a header */
  struct import_map *map;
};

/* Leaves the file at its beginning. */
static bool has_rows(FILE *file) {
  int c;
  while ((c = getc_unlocked(file)) == ' ' || c == '\t' || c == '\r' || c == '\n') {
  }
  rewind(file);
  return c != EOF;
}

static bool ends_with(const char *path, const char *end) {
  const size_t len = strlen(path), tail = strlen(end);
  return len > tail && strcasecmp(path + len - tail, end) == 0;
}

/* A name that says it, else what the file begins with: a row of JSON begins with a brace. */
static bool is_sheet(const char *path, FILE *file) {
  static const char *const sheets[] = {".csv", ".tsv"}, *const others[] = {".ndjson", ".jsonl", ".json"};
  for (size_t i = 0; i < sizeof sheets / sizeof sheets[0]; i++) {
    if (ends_with(path, sheets[i])) {
      return true;
    }
  }
  for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
    if (ends_with(path, others[i])) {
      return false;
    }
  }
  int c;
  while ((c = getc_unlocked(file)) == ' ' || c == '\t' || c == '\r' || c == '\n') {
  }
  rewind(file);
  return c != EOF && c != '{' && c != '[';
}

static enum err_code read_separator(const struct args *args, char *out, struct err *err) {
  const char *word = args_value(args, "separator");
  *out = '\0';
  if (word == NULL) {
    return OK;
  }
  const bool tab = strcmp(word, "tab") == 0 || strcmp(word, "\\t") == 0;
  *out = word[0];
  if (tab) {
    *out = '\t';
  }
  if ((*out != '\t' && strlen(word) != 1) || strchr("\"\r\n ", *out) != NULL || (unsigned char)*out >= 0x80) {
    err_set(err, ERR_USAGE, "--separator: \"%s\" is none", word);
    return err_hint(err, "--separator ';' or --separator tab");
  }
  return OK;
}

static const struct here *here_of(const struct rows_import *r) {
  return r->dry ? &r->here : &r->submit.here;
}

/* What is wrong with the file as a whole, and with the map, is said before anybody is asked for a passphrase. */
static enum err_code prepare(struct rows_import *r, struct err *err) {
  const struct here *here = here_of(r);
  const struct schema *schema = NULL;
  const char *language = here->home.config.language[0] != '\0' ? here->home.config.language : r->cli->lang;
  enum err_code code = read_map(here->schemas, r->args, &r->map, err);
  if (code == OK) {
    code = read_kind(here->schemas, r->args, &schema, err);
  }
  if (code != OK) {
    return code;
  }
  if (!r->is_sheet || r->sheet == NULL) {
    return r->map != NULL ? OK : import_map_identity(schema, &r->map, err);
  }
  code =
      import_sheet_map(r->cli, r->sheet, r->path, r->map != NULL ? import_map_schema(r->map) : schema, language, &r->map, err);
  return code == OK ? import_sheet_say_columns(r->cli, r->sheet, r->map, r->wants_dry || r->cli->verbose, err) : code;
}

static enum err_code run_rows(struct rows_import *r, struct err *err) {
  struct importing *importing = NULL;
  const struct import_plan plan = {
      .cli = r->cli, .map = r->map, .here = here_of(r), .submit = r->dry ? NULL : &r->submit, .sheet = r->sheet};
  enum err_code code = importing_new(&plan, &importing, err);
  if (code != OK) {
    return code;
  }
  if (r->submit.ctl != NULL) (void)setpriority(PRIO_PROCESS, 0, IMPORT_NICE);
  code = r->sheet != NULL ? import_sheet(importing, r->sheet, r->map, err)
         : r->is_sheet    ? OK
                          : import_rows(importing, r->file, r->path, err);
  code = code == OK ? importing_finish(importing, err) : code;
  const struct import_counts counts = *importing_counts(importing);
  importing_free(importing);
  if (code == OK) {
    if (counts.rows == 0) {
      out_note(r->cli, "%s has no rows", r->path);
    }
    return say_counts(r->cli, &counts, r->wants_dry, err);
  }
  if (counts.rows > 0) {
    /* What went into the log before the error stays there. */
    struct err refusals = ERR_INIT;
    enum err_code refused = say_counts(r->cli, &counts, r->wants_dry, &refusals);
    err_hint(err, "%s; the rows that are counted as published are in the log, and known the next time",
             code == ERR_DISK_FULL ? "free space, then import again" : "import again");
    (void)refused;
  }
  return code;
}

static enum err_code import_file(struct cli *cli, const struct args *args, FILE *file, struct err *err) {
  struct rows_import r = {
      .cli = cli, .args = args, .file = file, .path = args->operands[0], .wants_dry = args_flag(args, "dry-run")};
  char separator = '\0';
  enum err_code code = read_separator(args, &separator, err);
  r.is_sheet = is_sheet(r.path, file);
  if (code == OK && r.is_sheet) {
    code = spreadsheet_open(file, r.path, separator, &r.sheet, err);
  }
  if (code != OK) {
    return code;
  }
  /* Of an empty file nothing is signed, so nobody is asked for a passphrase. */
  const size_t n = r.sheet == NULL ? 0 : spreadsheet_count(r.sheet);
  r.dry = r.wants_dry || (r.is_sheet ? n == 0 : !has_rows(file));
  code = r.dry ? here_open(cli, &r.here, err) : submit_open(cli, &r.submit, err);
  if (code == OK) {
    /* Thousands of texts at a millisecond each are not worth a warning that nobody reads row by row. */
    schema_set_language_check(here_of(&r)->schemas, false);
    code = prepare(&r, err);
  }
  if (code == OK && !r.dry) {
    code = submit_person(cli, &r.submit, err);
  }
  code = code == OK ? run_rows(&r, err) : code;
  import_map_free(r.map);
  spreadsheet_free(r.sheet);
  submit_release(&r.submit);
  here_release(&r.here);
  return code;
}

/* ---- a map ---- */

/* As it is, for it may go to a file; but without what a terminal would obey. */
static void print_escaped(struct view text) {
  struct bytes safe;
  bytes_init(&safe, (size_t)8 * LIMIT_DRAFT);
  if (text_escape(text, true, &safe, NULL) == OK && safe.len > 0) {
    fwrite(safe.p, 1, safe.len, stdout);
  }
  bytes_release(&safe);
}

static enum err_code propose(struct cli *cli, const struct schema_set *set, const struct home_config *config,
                             const struct args *args, struct spreadsheet *sheet, struct bytes *text, struct err *err) {
  const char *path = args->operands[0], *out = args_value(args, "out");
  const char *lang = config->language[0] != '\0' ? config->language : cli->lang;
  const struct schema *schema = NULL;
  struct import_map *map = NULL;
  enum err_code code = read_kind(set, args, &schema, err);
  if (code == OK && (code = import_sheet_map(cli, sheet, path, schema, lang, &map, err)) == ERR_REFUSED) {
    err_clear(err); /* no column was understood: then there is the more to fill in */
    code = OK;
  }
  code = code == OK ? import_sheet_propose(sheet, path, map, lang, text, err) : code;
  import_map_free(map);
  if (code != OK) {
    return code;
  }
  if (out == NULL && cli->json) {
    out_set(cli, "map", out_json_text(bytes_view(text)));
  } else if (out == NULL) {
    print_escaped(bytes_view(text));
  } else if ((code = file_write(out, bytes_view(text), false, err)) == OK) {
    out_line(cli, "%s %s. Next:  specola import %s --map %s --dry-run", out_word(cli, "Written to", "Scritta in"), out, path,
             out);
    out_set_text(cli, "file", out);
  }
  return code;
}

static enum err_code propose_map(struct cli *cli, const struct args *args, FILE *file, struct err *err) {
  const char *path = args->operands[0], *out = args_value(args, "out");
  struct home_config config;
  struct schema_set *set = NULL;
  struct spreadsheet *sheet = NULL;
  struct bytes text;
  char separator = '\0';
  bytes_init(&text, LIMIT_DRAFT);
  enum err_code code = cli_new_file(out, err);
  if (code == OK && (code = read_separator(args, &separator, err)) == OK &&
      (code = spreadsheet_open(file, path, separator, &sheet, err)) == OK && sheet == NULL) {
    code = err_set(err, ERR_REFUSED, "%s has no header", path);
  }
  if (code == OK && (code = here_schemas(cli, &set, &config, err)) == OK) {
    code = propose(cli, set, &config, args, sheet, &text, err);
  }
  bytes_release(&text);
  spreadsheet_free(sheet);
  schema_set_free(set);
  return code;
}

/* ---- bundles ---- */

static enum err_code file_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  FILE *file = context;
  *n = fread(buffer, 1, size, file);
  return *n == 0 && ferror(file) ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

static enum err_code file_rewind(void *context, struct err *err) {
  return fseek(context, 0, SEEK_SET) != 0 ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

static enum err_code order_import(struct submit *s, const char *path, struct bundle_report *report, struct err *err) {
  json_t *answer = NULL;
  char *whole = realpath(path, NULL);
  json_t *wish = whole == NULL ? NULL : json_pack("{s:o}", "path", out_json_text(view_of_text(whole)));
  enum err_code code = wish == NULL ? err_errno(err, ERR_IO, errno, path) : ctl_order(s->ctl, "import", wish, &answer, err);
  if (code == OK) {
    report->logs = (uint64_t)json_integer_value(json_object_get(answer, "logs"));
    report->entries = (uint64_t)json_integer_value(json_object_get(answer, "entries"));
    report->n_new = (uint64_t)json_integer_value(json_object_get(answer, "new"));
    report->n_held = (uint64_t)json_integer_value(json_object_get(answer, "held"));
    report->known = (uint64_t)json_integer_value(json_object_get(answer, "known"));
  }
  json_decref(answer);
  json_decref(wish);
  free(whole);
  return code;
}

static enum err_code import_bundle(struct cli *cli, const struct args *args, FILE *file, struct err *err) {
  struct submit s;
  struct bundle_report report = {0};
  if (args_flag(args, "dry-run") || args_value(args, "map") != NULL) {
    err_set(err, ERR_USAGE, "%s is a bundle: --map and --dry-run do not go with it", args->operands[0]);
    return err_hint(err, "specola verify %s", args->operands[0]);
  }
  const bool is_sealed = sealed_is(file_source, file);
  enum err_code code = file_rewind(file, err);
  if (code == OK) {
    code = is_sealed ? submit_open(cli, &s, err) : submit_open_node(cli, &s, err);
  }
  if (code != OK) {
    return code;
  }
  if (is_sealed) {
    code = sealed_hand_in(cli, &s, file_source, file, err);
    submit_tell(cli, &s);
    submit_release(&s);
    return code;
  }
  code = s.ctl != NULL ? order_import(&s, args->operands[0], &report, err)
                       : hall_import_bundle(s.hall, file_source, file_rewind, file, &report, err);
  if (code == OK) {
    out_line(cli, "%ju logs, %ju entries: %ju new, %ju known, %ju held back", (uintmax_t)report.logs, (uintmax_t)report.entries,
             (uintmax_t)report.n_new, (uintmax_t)report.known, (uintmax_t)report.n_held);
    out_set_number(cli, "logs", report.logs);
    out_set_number(cli, "entries", report.entries);
    out_set_number(cli, "new", report.n_new);
    out_set_number(cli, "known", report.known);
    out_set_number(cli, "held", report.n_held);
  }
  submit_release(&s);
  return code;
}

/* By its first octets, or by its name: a damaged bundle is to be told as one. */
static bool is_bundle(const char *path, const char *start, size_t n) {
  const size_t len = strlen(path), tail = sizeof BUNDLE_NAME - 1;
  return (n >= sizeof BUNDLE_MAGIC - 1 && memcmp(start, BUNDLE_MAGIC, sizeof BUNDLE_MAGIC - 1) == 0) ||
         (len > tail && strcmp(path + len - tail, BUNDLE_NAME) == 0);
}

/* Hands in the octets of a line of signed records. */
static enum err_code import_line(struct cli *cli, const struct args *args, struct view line, struct err *err) {
  struct bytes octets;
  bytes_init(&octets, (size_t)2 * LIMIT_BUNDLE_ITEM);
  enum err_code code = signed_line_read(line, &octets, err);
  FILE *file = code == OK && octets.len > 0 ? fmemopen(octets.p, octets.len, "rb") : NULL;
  if (code == OK && (file == NULL || !sealed_is(file_source, file))) {
    err_set(err, ERR_FORMAT, "the line %s... does not hold signed records", SIGNED_LINE_START);
    code = err_hint(err, "take it again, or the file that specola sign wrote");
  }
  if (code == OK && (code = file_rewind(file, err)) == OK) code = import_bundle(cli, args, file, err);
  if (file != NULL) fclose(file);
  bytes_release(&octets);
  return code;
}

/* The same of a file that begins as one, as somebody keeps what a message brought. */
static enum err_code import_line_file(struct cli *cli, const struct args *args, const char *path, struct err *err) {
  struct bytes text;
  bytes_init(&text, (size_t)2 * LIMIT_BUNDLE_ITEM);
  enum err_code code = file_read(path, &text, err);
  if (code == OK) code = import_line(cli, args, bytes_view(&text), err);
  bytes_release(&text);
  return code;
}

enum err_code cmd_import(struct cli *cli, const struct args *args, struct err *err) {
  char start[sizeof SIGNED_LINE_START - 1];
  const char *path = args->operands[0];
  if (signed_line_is(view_of_text(path))) return import_line(cli, args, view_of_text(path), err);
  FILE *file = fopen(path, "rbe");
  if (file == NULL) {
    return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  }
  size_t n = fread(start, 1, sizeof start, file);
  enum err_code code = OK;
  if (signed_line_is(view_of(start, n))) {
    code = import_line_file(cli, args, path, err);
  } else if (is_bundle(path, start, n)) {
    code = file_rewind(file, err);
    code = code == OK ? import_bundle(cli, args, file, err) : code;
  } else if (fseek(file, 0, SEEK_SET) != 0) {
    code = err_errno(err, ERR_IO, errno, path);
  } else {
    code = args_flag(args, "propose-map") ? propose_map(cli, args, file, err) : import_file(cli, args, file, err);
  }
  fclose(file);
  return code;
}
