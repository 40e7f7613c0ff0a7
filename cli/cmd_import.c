/*
 * import: rows of a file become objects of the own log; a bundle brings the members' logs. Which of the two a file is, its
 * first octets say.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/import_rows.h"
#include "cli/out.h"
#include "protocol/bundle.h"

#define BUNDLE_MAGIC "SPECOLA"
#define BUNDLE_NAME ".bundle"

const struct option_row options_import[] = {
    {"map", 0, OPTION_VALUE, "MAP.ini", "which column goes where (docs/schema.md 5)",
     "quale colonna va dove (docs/schema.md 5)"},
    {"kind", 0, OPTION_VALUE, "KIND", "what the rows are, if no map says it (case)",
     "che cosa sono le righe, se la mappa non lo dice (case)"},
    {"dry-run", 0, OPTION_FLAG, NULL, "say what would happen; publish nothing", "dice che cosa accadrebbe; non pubblica nulla"},
    OPTIONS_END,
};

static enum err_code read_map(const struct cli *cli, const struct schema_set *set, const struct args *args,
                              struct import_map **out, struct err *err) {
  const char *path = args_value(args, "map"), *kind = args_value(args, "kind");
  /* The kind with the lowest number is what most people mean. */
  kind = kind == NULL && schema_set_count(set) > 0 ? schema_set_at(set, 0)->kind : kind;
  (void)cli;
  if (path == NULL) {
    const struct schema *schema = NULL;
    enum err_code known = here_kind(set, kind == NULL ? "" : kind, &schema, err);
    return known != OK ? known : import_map_identity(schema, out, err);
  }
  struct bytes text;
  bytes_init(&text, LIMIT_DRAFT);
  enum err_code code = file_read(path, &text, err);
  if (code == OK && (code = import_map_read(set, bytes_view(&text), kind, out, err)) != OK) {
    err_context(err, "%s", path);
  }
  bytes_release(&text);
  return code;
}

static enum err_code say_counts(struct cli *cli, const struct import_counts *c, bool dry, struct err *err) {
  const char *would = dry ? "would be " : "";
  out_line(cli, "%spublished %ju, new versions %ju, known %ju, refused %ju", would, (uintmax_t)c->published,
           (uintmax_t)c->new_versions, (uintmax_t)c->known, (uintmax_t)c->refused);
  if (c->warnings > 0 && !cli->verbose) {
    out_line(cli, "%ju warning%s; specola -v import shows them", (uintmax_t)c->warnings, c->warnings == 1 ? "" : "s");
  }
  out_set_number(cli, "read", c->rows);
  out_set_number(cli, "warnings", c->warnings);
  out_set_number(cli, "published", c->published);
  out_set_number(cli, "new_versions", c->new_versions);
  out_set_number(cli, "known", c->known);
  out_set_number(cli, "refused", c->refused);
  out_set_bool(cli, "dry_run", dry);
  if (c->refused == 0) {
    return OK;
  }
  err_set(err, ERR_REFUSED, "%ju of %ju rows were refused", (uintmax_t)c->refused, (uintmax_t)c->rows);
  return err_hint(err, "what is refused is told above, row by row; another --map may fill what is missing");
}

/* Leaves the file at its beginning. */
static bool has_rows(FILE *file) {
  int c;
  while ((c = getc_unlocked(file)) == ' ' || c == '\t' || c == '\r' || c == '\n') {
  }
  rewind(file);
  return c != EOF;
}

static enum err_code import_file(struct cli *cli, const struct args *args, FILE *file, struct err *err) {
  struct submit s;
  struct here here = {0};
  struct import_map *map = NULL;
  struct import_counts counts = {0};
  const bool wants_dry = args_flag(args, "dry-run");
  /* Of an empty file nothing is signed, so nobody is asked for a passphrase. */
  const bool dry = wants_dry || !has_rows(file);
  memset(&s, 0, sizeof s);
  enum err_code code = dry ? here_open(cli, &here, err) : submit_open(cli, &s, err);
  const struct here *used = dry ? &here : &s.here;
  if (code != OK) {
    return code;
  }
  /* Thousands of texts at a millisecond each are not worth a warning that nobody reads row by row. */
  schema_set_language_check(dry ? here.schemas : s.here.schemas, false);
  if ((code = read_map(cli, used->schemas, args, &map, err)) == OK && (dry || (code = submit_person(cli, &s, err)) == OK)) {
    code = import_rows(cli, file, args->operands[0], map, used, dry ? NULL : &s, &counts, err);
  }
  if (code == OK) {
    if (counts.rows == 0) {
      out_note(cli, "%s has no rows", args->operands[0]);
    }
    code = say_counts(cli, &counts, wants_dry, err);
  } else if (counts.rows > 0) {
    /* What went into the log before the error stays there. */
    struct err refusals = ERR_INIT;
    enum err_code refused = say_counts(cli, &counts, wants_dry, &refusals);
    err_hint(err, "%s; the rows that are counted as published are in the log, and known the next time",
             code == ERR_DISK_FULL ? "free space, then import again" : "import again");
    (void)refused;
  }
  import_map_free(map);
  submit_release(&s);
  here_release(&here);
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
  enum err_code code = submit_open(cli, &s, err);
  if (code != OK) {
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
  return (n == sizeof BUNDLE_MAGIC - 1 && memcmp(start, BUNDLE_MAGIC, n) == 0) ||
         (len > tail && strcmp(path + len - tail, BUNDLE_NAME) == 0);
}

enum err_code cmd_import(struct cli *cli, const struct args *args, struct err *err) {
  char start[sizeof BUNDLE_MAGIC - 1];
  const char *path = args->operands[0];
  FILE *file = fopen(path, "rbe");
  if (file == NULL) {
    return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  }
  size_t n = fread(start, 1, sizeof start, file);
  enum err_code code = OK;
  if (is_bundle(path, start, n)) {
    code = file_rewind(file, err);
    code = code == OK ? import_bundle(cli, args, file, err) : code;
  } else if (fseek(file, 0, SEEK_SET) != 0) {
    code = err_errno(err, ERR_IO, errno, path);
  } else {
    code = import_file(cli, args, file, err);
  }
  fclose(file);
  return code;
}
