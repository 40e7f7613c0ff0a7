/*
 * labels: how the fields of a kind are called, explained and exemplified, in every language of its KIND.tsv
 * (docs/schema.md 2). Asked through schema_label, schema_help and schema_example of schema.h.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_LABELS_H
#define SPECOLA_PROTOCOL_SCHEMA_LABELS_H

#include "protocol/schema/schema.h"
#include "protocol/schema/tsv.h"

/* The labels of one file. A kind may have several: those of a home stand before the embedded ones. */
struct labels {
  char kind[32];
  struct tsv table;
};

/* Columns: key, then label.LANG, help.LANG, example.LANG. ERR_FORMAT, ERR_LIMIT, ERR_MEMORY. The caller frees it. */
MUST_CHECK enum err_code labels_parse(const char *kind, struct view tsv, struct labels **out, struct err *err);
void labels_free(struct labels *l); /* NULL is fine */
/* The text of a key ("title", "@kind") in column prefix + lang with the usual fallbacks, or NULL. */
const char *labels_text(const struct labels *l, const char *key, const char *prefix, const char *lang);

#endif
