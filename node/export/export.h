/*
 * export: one walker over the objects, many sinks. Sorted by (node id, gen, index), no local time: equal frontiers give equal
 * octets.
 */
#ifndef SPECOLA_NODE_EXPORT_EXPORT_H
#define SPECOLA_NODE_EXPORT_EXPORT_H

#include "node/store/query.h"
#include "protocol/bundle.h"

enum export_format { EXPORT_NDJSON, EXPORT_CSV, EXPORT_BUNDLE };
struct export_options {
  enum export_format format;
  const char *kind;           /* CSV needs one; NULL: case for CSV, all for NDJSON */
  const char *node;           /* handle: only this home's (bundle: only this log); NULL: all */
  const struct query *filter; /* NDJSON and CSV; NULL: all */
};
struct export_report {
  uint64_t objects, entries, octets;
};
/* CSV: RFC 4180 with CRLF and a header; a column a field (group.field), several values joined by "; " (a ';' in a value becomes
 * "\;", a '\' "\\"; each row of a group has its place, be it empty), ml: the original language, other languages as JSON in
 * `translations`; "?" not yet known, "-" does not apply; cells that begin with = + - @ get a ' before them. `import` reads it
 * back as it was. NDJSON: one object a line with reference, ids, state and body. Bundle: docs/protocol.md 10. */
MUST_CHECK enum err_code export_run(struct store *s, const struct federation *f, const struct schema_set *set,
                                    const struct export_options *options, bundle_sink *sink, void *context,
                                    struct export_report *report, struct err *err);

/* Appends one cell of such a CSV: quoted where it must be, a formula made harmless; first: no comma before it. ERR_LIMIT,
 * ERR_MEMORY. */
MUST_CHECK enum err_code export_csv_cell(struct bytes *out, struct view v, bool first, struct err *err);

#endif
