/*
 * inside: what the walker hands to its sinks. Others use export.h.
 */
#ifndef SPECOLA_NODE_EXPORT_INSIDE_H
#define SPECOLA_NODE_EXPORT_INSIDE_H

#include "node/export/export.h"

/* Where the octets of an export go: counted, and handed on. */
struct export_sink {
  bundle_sink *sink;
  void *context;
  uint64_t octets;
};
MUST_CHECK enum err_code export_put(struct export_sink *sink, struct view v, struct err *err);

/* An export on its way. */
struct export_run {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  const struct export_options *options;
  const struct schema *schema; /* of CSV */
  struct export_sink sink;
  struct export_report *report;
  struct bytes scratch; /* a line */
  enum err_code code;
  struct err *err;
};
/* One object: row of query_run, and the body of its newest version (empty if it is not here). */
MUST_CHECK enum err_code export_csv_header(struct export_run *run);
MUST_CHECK enum err_code export_csv_row(struct export_run *run, const struct query_row *row, struct view body);
MUST_CHECK enum err_code export_ndjson_row(struct export_run *run, const struct query_row *row, struct view body);
/* The whole bundle of docs/protocol.md 10. */
MUST_CHECK enum err_code export_bundle(struct export_run *run);

#endif
