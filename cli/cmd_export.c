/*
 * export: objects as NDJSON or CSV, logs as a bundle; to a file that appears whole, or to stdout.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/facets.h"
#include "cli/out.h"
#include "node/export/export.h"

const struct option_row options_export[] = {
    {"to", 0, OPTION_VALUE, "FORMAT", "ndjson, csv or bundle", "ndjson, csv o bundle"},
    {"out", 'o', OPTION_VALUE, "FILE", "where it goes (stdout)", "dove va (stdout)"},
    {"node", 0, OPTION_VALUE, "HANDLE", "only of this home", "solo di questo nodo"},
    {"kind", 0, OPTION_VALUE, "KIND", "only of this kind", "solo di questo tipo"},
    OPTIONS_END,
};

/* A stream that becomes a file when it is finished. path NULL: stdout. */
struct outlet {
  const char *path;
  FILE *file;
  char draft[HOME_PATH_MAX];
};

static enum err_code outlet_open(struct outlet *o, const char *path, struct err *err) {
  *o = (struct outlet){.path = path, .file = stdout};
  if (path == NULL) {
    return OK;
  }
  /* What is no plain file (a device, a pipe) is written to: it must not be replaced by one. */
  struct stat st;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
    o->file = fopen(path, "we");
    return o->file == NULL ? err_errno(err, ERR_IO, errno, path) : OK;
  }
  int n = snprintf(o->draft, sizeof o->draft, "%s.XXXXXX", path);
  if (n < 0 || (size_t)n >= sizeof o->draft) {
    return err_set(err, ERR_LIMIT, "%s: the path is too long", path);
  }
  int fd = mkostemp(o->draft, O_CLOEXEC);
  if (fd < 0) {
    o->draft[0] = '\0';
    return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
  }
  o->file = fdopen(fd, "w");
  if (o->file == NULL) {
    close(fd);
    unlink(o->draft);
    return err_errno(err, ERR_IO, errno, path);
  }
  return OK;
}

/* Takes its place, or goes away when code is an error. */
static enum err_code outlet_close(struct outlet *o, enum err_code code, struct err *err) {
  const char *name = o->path == NULL ? "stdout" : o->path;
  if (code == OK && fflush(o->file) != 0) {
    code = err_errno(err, ERR_IO, errno, name);
  }
  if (o->path == NULL) {
    return code;
  }
  if (o->draft[0] == '\0') {
    return fclose(o->file) != 0 && code == OK ? err_errno(err, ERR_IO, errno, name) : code;
  }
  mode_t mask = umask(0);
  umask(mask);
  if (code == OK &&
      (fsync(fileno(o->file)) != 0 || fchmod(fileno(o->file), 0666 & ~mask) != 0 || rename(o->draft, o->path) != 0)) {
    code = err_errno(err, ERR_IO, errno, name);
  }
  fclose(o->file);
  if (code != OK) {
    unlink(o->draft);
  }
  return code;
}

static enum err_code outlet_sink(void *context, struct view v, struct err *err) {
  struct outlet *o = context;
  if (v.len > 0 && fwrite(v.p, 1, v.len, o->file) != v.len) {
    return err_errno(err, ERR_IO, errno, o->path == NULL ? "stdout" : o->path);
  }
  return OK;
}

static enum err_code read_format(const struct cli *cli, const struct args *args, enum export_format *out, struct err *err) {
  static const char *const names[] = {[EXPORT_NDJSON] = "ndjson", [EXPORT_CSV] = "csv", [EXPORT_BUNDLE] = "bundle"};
  const char *to = args_value(args, "to");
  if (cli->json && args_value(args, "out") == NULL) {
    err_set(err, ERR_USAGE, "--json prints one document: the export needs a file");
    return err_hint(err, "specola --json export --to ndjson -o FILE");
  }
  if (to != NULL && strcmp(to, names[EXPORT_NDJSON]) == 0) {
    *out = EXPORT_NDJSON;
  } else if (to != NULL && strcmp(to, names[EXPORT_CSV]) == 0) {
    *out = EXPORT_CSV;
  } else if (to != NULL && strcmp(to, names[EXPORT_BUNDLE]) == 0) {
    *out = EXPORT_BUNDLE;
  } else {
    err_set(err, ERR_USAGE, "--to%s%s: ndjson, csv or bundle, please", to == NULL ? "" : " ", to == NULL ? "" : to);
    return err_hint(err, "specola export --to ndjson -o cases.ndjson");
  }
  if (*out == EXPORT_BUNDLE && (args->n_open > 0 || args_value(args, "kind") != NULL)) {
    err_set(err, ERR_USAGE, "a bundle holds whole logs: facets and --kind do not go with it");
    return err_hint(err, "--node HANDLE takes one log");
  }
  return OK;
}

enum err_code cmd_export(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct outlet outlet;
  struct query filter = {
      .kind = args_value(args, "kind"), .node = args_value(args, "node"), .lang = cli->lang, .sort = SORT_REFERENCE};
  struct export_options options = {.kind = filter.kind, .node = filter.node};
  struct export_report report = {0};
  enum err_code code = read_format(cli, args, &options.format, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  const struct schema *schema = NULL;
  if ((filter.kind != NULL && (code = here_kind(here.schemas, filter.kind, &schema, err)) != OK) ||
      (code = facets_read(here.schemas, schema, options_export, args, &filter, err)) != OK) {
    goto out;
  }
  options.filter = filter.n_facets > 0 ? &filter : NULL;
  if ((code = outlet_open(&outlet, args_value(args, "out"), err)) != OK) {
    goto out;
  }
  code = export_run(here.store, &here.federation, here.schemas, &options, outlet_sink, &outlet, &report, err);
  code = outlet_close(&outlet, code, err);
  if (code == OK) {
    out_set_number(cli, "objects", report.objects);
    out_set_number(cli, "entries", report.entries);
    out_set_number(cli, "octets", report.octets);
    if (outlet.path != NULL) {
      out_set_text(cli, "file", outlet.path);
      out_line(cli, "%s: %ju %s, %ju octets", outlet.path,
               (uintmax_t)(options.format == EXPORT_BUNDLE ? report.entries : report.objects),
               options.format == EXPORT_BUNDLE ? "entries" : "objects", (uintmax_t)report.octets);
    }
  }
out:
  here_release(&here);
  return code;
}
