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
#include <zstd.h>

#include "cli/commands.h"
#include "cli/facets.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "keys/newfile.h"
#include "node/export/export.h"

const struct option_row options_export[] = {
    {"to", 0, OPTION_VALUE, "FORMAT", "ndjson, csv, either with .zst behind it, or bundle",
     "ndjson, csv, anche con .zst, o bundle"},
    {"out", 'o', OPTION_VALUE, "FILE", "where it goes (stdout)", "dove va (stdout)"},
    {"node", 0, OPTION_VALUE, "HANDLE", "only of this home", "solo di questo nodo"},
    {"kind", 0, OPTION_VALUE, "KIND", "only of this kind", "solo di questo tipo"},
    {"force", 'f', OPTION_FLAG, NULL, "replace FILE if it exists", "sostituisce FILE se esiste"},
    OPTIONS_END,
};

/* A stream that becomes a file when it is finished. path NULL: stdout. */
struct outlet {
  const char *path;
  FILE *file;
  struct newfile made;  /* without a descriptor: path is no plain file */
  ZSTD_CStream *packer; /* NULL: as it is; else what goes out is one zstd frame */
};

static enum err_code outlet_open(struct outlet *o, const char *path, bool force, struct err *err) {
  *o = (struct outlet){.path = path, .file = stdout, .made = NEWFILE_INIT};
  if (path == NULL) {
    return OK;
  }
  /* What is no plain file (a device, a pipe) is written to: it must not be replaced by one. */
  struct stat st;
  const bool exists = stat(path, &st) == 0;
  if (exists && !S_ISREG(st.st_mode)) {
    o->file = fopen(path, "we");
    return o->file == NULL ? err_errno(err, ERR_IO, errno, path) : OK;
  }
  if (exists && !force) {
    err_set(err, ERR_FAILED, "%s exists, and is not overwritten", path);
    return err_hint(err, "take another -o, or --force to replace it");
  }
  const enum err_code code = newfile_open(path, &o->made, err);
  if (code != OK) {
    return code == ERR_NOT_FOUND ? err_hint(err, "make the folder first, or take another one") : code;
  }
  const int copy = fcntl(o->made.fd, F_DUPFD_CLOEXEC, 0); /* the stream closes one of its own */
  o->file = copy < 0 ? NULL : fdopen(copy, "w");
  if (o->file == NULL) {
    const int failed = errno;
    if (copy >= 0) {
      close(copy);
    }
    newfile_drop(&o->made);
    return err_errno(err, ERR_IO, failed, path);
  }
  return OK;
}

static enum err_code outlet_write(struct outlet *o, const void *p, size_t len, struct err *err) {
  if (len > 0 && fwrite(p, 1, len, o->file) != len) {
    return err_errno(err, ERR_IO, errno, o->path == NULL ? "stdout" : o->path);
  }
  return OK;
}

/* Packs v, and with ZSTD_e_end ends the frame. */
static enum err_code outlet_pack(struct outlet *o, struct view v, ZSTD_EndDirective how, struct err *err) {
  static uint8_t packed[128 * 1024];
  ZSTD_inBuffer in = {v.p, v.len, 0};
  size_t left = 1;
  enum err_code code = OK;
  while (code == OK && (how == ZSTD_e_end ? left > 0 : in.pos < in.size)) {
    ZSTD_outBuffer out = {packed, sizeof packed, 0};
    left = ZSTD_compressStream2(o->packer, &out, &in, how);
    if (ZSTD_isError(left) != 0) {
      return err_set(err, ERR_FAILED, "zstd: %s", ZSTD_getErrorName(left));
    }
    code = outlet_write(o, packed, out.pos, err);
  }
  return code;
}

/* Takes its place, or goes away when code is an error. */
static enum err_code outlet_close(struct outlet *o, enum err_code code, struct err *err) {
  const char *name = o->path == NULL ? "stdout" : o->path;
  if (code == OK && o->packer != NULL) {
    code = outlet_pack(o, view_of(NULL, 0), ZSTD_e_end, err);
  }
  (void)ZSTD_freeCStream(o->packer);
  o->packer = NULL;
  if (code == OK && fflush(o->file) != 0) {
    code = err_errno(err, ERR_IO, errno, name);
  }
  if (o->path == NULL) {
    return code;
  }
  if (o->made.fd < 0) {
    return fclose(o->file) != 0 && code == OK ? err_errno(err, ERR_IO, errno, name) : code;
  }
  mode_t mask = umask(0);
  umask(mask);
  if (code == OK &&
      (fsync(fileno(o->file)) != 0 || fchmod(fileno(o->file), 0666 & ~mask) != 0 || rename(o->made.path, o->path) != 0)) {
    code = err_errno(err, ERR_IO, errno, name);
  }
  fclose(o->file);
  if (code == OK) {
    newfile_close(&o->made);
  } else {
    newfile_drop(&o->made);
  }
  return code;
}

static enum err_code outlet_sink(void *context, struct view v, struct err *err) {
  struct outlet *o = context;
  return o->packer != NULL ? outlet_pack(o, v, ZSTD_e_continue, err) : outlet_write(o, v.p, v.len, err);
}

static enum err_code read_format(const struct cli *cli, const struct args *args, enum export_format *out, bool *packed,
                                 struct err *err) {
  static const struct {
    const char *name;
    enum export_format format;
    bool packed;
  } formats[] = {{"ndjson", EXPORT_NDJSON, false},
                 {"csv", EXPORT_CSV, false},
                 {"bundle", EXPORT_BUNDLE, false},
                 {"ndjson.zst", EXPORT_NDJSON, true},
                 {"csv.zst", EXPORT_CSV, true}};
  const size_t n = sizeof formats / sizeof formats[0];
  const char *to = args_value(args, "to");
  size_t i = 0;
  if (cli->json && args_value(args, "out") == NULL) {
    err_set(err, ERR_USAGE, "--json prints one document: the export needs a file");
    return err_hint(err, "specola --json export --to ndjson -o FILE");
  }
  while (i < n && (to == NULL || strcmp(to, formats[i].name) != 0)) {
    i++;
  }
  if (i == n) {
    err_set(err, ERR_USAGE, "--to%s%s: ndjson, csv, ndjson.zst, csv.zst or bundle, please", to == NULL ? "" : " ",
            to == NULL ? "" : to);
    return err_hint(err, "specola export --to ndjson -o cases.ndjson");
  }
  *out = formats[i].format;
  *packed = formats[i].packed;
  if (*packed && args_value(args, "out") == NULL && cli->tty) {
    err_set(err, ERR_USAGE, "what is packed is not for a terminal");
    return err_hint(err, "specola export --to %s -o cases.%s", to, to);
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
  struct export_options options = {.kind = filter.kind};
  struct export_report report = {0};
  bool packed = false;
  enum err_code code = read_format(cli, args, &options.format, &packed, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  const struct schema *schema = NULL;
  if ((filter.kind != NULL && (code = here_kind(here.schemas, filter.kind, &schema, err)) != OK) ||
      (code = here_node(&here, &filter.node, err)) != OK ||
      (code = facets_read(cli, &here, schema, options_export, args, &filter, err)) != OK) {
    goto out;
  }
  options.node = filter.node;
  options.filter = filter.n_facets > 0 ? &filter : NULL;
  if ((code = outlet_open(&outlet, args_value(args, "out"), args_flag(args, "force"), err)) != OK) {
    goto out;
  }
  if (packed && (outlet.packer = ZSTD_createCStream()) == NULL) {
    code = outlet_close(&outlet, err_set(err, ERR_MEMORY, NULL), err);
    goto out;
  }
  struct progress *progress = outlet.path == NULL ? NULL : progress_new(cli, out_word(cli, "exporting", "esporto"));
  code = export_run(here.store, &here.federation, here.schemas, &options, outlet_sink, &outlet, &report, err);
  code = outlet_close(&outlet, code, err);
  progress_free(progress);
  if (code == OK) {
    out_set_number(cli, "objects", report.objects);
    out_set_number(cli, "entries", report.entries);
    out_set_number(cli, "octets", report.octets);
    if (outlet.path != NULL) {
      struct stat file; /* packed, it is smaller than what was written */
      const uintmax_t octets = stat(outlet.path, &file) == 0 ? (uintmax_t)file.st_size : (uintmax_t)report.octets;
      out_set_text(cli, "file", outlet.path);
      out_line(cli, "%s: %ju %s, %ju octets", outlet.path,
               (uintmax_t)(options.format == EXPORT_BUNDLE ? report.entries : report.objects),
               options.format == EXPORT_BUNDLE ? "entries" : "objects", octets);
    }
  }
out:
  here_release(&here);
  return code;
}
