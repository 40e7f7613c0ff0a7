/*
 * walk: the objects in the order of (node id, gen, index), to whichever sink. See export.h.
 */
#include <string.h>

#include "node/export/inside.h"

#define LINE_MAX_OCTETS                                                                                                        \
  ((size_t)4 * 1024 * 1024) /* a body as JSON or CSV: every octet may be escaped, and there is a second form of texts */

enum err_code export_put(struct export_sink *sink, struct view v, struct err *err) {
  const enum err_code code = sink->sink(sink->context, v, err);
  sink->octets += code == OK ? v.len : 0;
  return code;
}

static bool take_row(void *context, const struct query_row *row) {
  struct export_run *run = context;
  struct bytes scratch;
  struct item item;
  bytes_init(&scratch, LIMIT_ITEM);
  run->code = entry_get(run->s, row->rowid, &scratch, &item, run->err);
  if (run->code == OK) {
    run->code =
        run->options->format == EXPORT_CSV ? export_csv_row(run, row, item.body) : export_ndjson_row(run, row, item.body);
  }
  run->report->objects += run->code == OK;
  bytes_release(&scratch);
  return run->code == OK;
}

static enum err_code walk_objects(struct export_run *run) {
  struct query query;
  memset(&query, 0, sizeof query);
  if (run->options->filter != NULL) {
    query = *run->options->filter;
  }
  query.sort = SORT_REFERENCE;
  query.kind = run->schema != NULL ? run->schema->kind : run->options->kind != NULL ? run->options->kind : query.kind;
  query.node = run->options->node != NULL ? run->options->node : query.node;
  enum err_code code = run->options->format == EXPORT_CSV ? export_csv_header(run) : OK;
  if (code == OK) {
    code = query_run(run->s, run->f, run->set, &query, take_row, run, NULL, run->err);
  }
  return run->code != OK ? run->code : code;
}

enum err_code export_run(struct store *s, const struct federation *f, const struct schema_set *set,
                         const struct export_options *options, bundle_sink *sink, void *context, struct export_report *report,
                         struct err *err) {
  struct export_report unused = {.objects = 0};
  struct export_run run = {.s = s, .f = f, .set = set, .options = options, .sink = {sink, context, 0}, .code = OK, .err = err};
  run.report = report == NULL ? &unused : report;
  memset(run.report, 0, sizeof *run.report);
  if (options->format == EXPORT_CSV) {
    const char *kind = options->kind != NULL ? options->kind : "case";
    run.schema = schema_by_kind(set, kind);
    if (run.schema == NULL) {
      return err_set(err, ERR_NOT_FOUND, "there is no kind '%.60s'", kind);
    }
  }
  bytes_init(&run.scratch, LINE_MAX_OCTETS);
  const enum err_code code = options->format == EXPORT_BUNDLE ? export_bundle(&run) : walk_objects(&run);
  run.report->octets = run.sink.octets;
  bytes_release(&run.scratch);
  return code;
}
