/*
 * labels: how the fields of a kind are called (labels.h).
 */
#include "protocol/schema/labels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/schema/lines.h"
#include "protocol/schema/value.h"

static const char *const PREFIXES[] = {"label.", "help.", "example."};

static bool is_column(const char *name) {
  for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++) {
    const size_t n = strlen(PREFIXES[i]);
    if (strncmp(name, PREFIXES[i], n) == 0) return value_is_tag(view_of_text(name + n));
  }
  return strcmp(name, "key") == 0;
}

static enum err_code check_columns(const struct labels *l, struct err *err) {
  for (uint32_t column = 0; column < l->table.n_columns; column++) {
    const char *name = tsv_column_name(&l->table, column);
    if (is_column(name)) continue;
    (void)err_set(err, ERR_FORMAT, "%s.tsv: line 1: '%.40s' is no column of labels", l->kind, name);
    (void)err_hint(err, "columns are key, label.LANG, help.LANG and example.LANG, with a language tag for LANG");
    return ERR_FORMAT;
  }
  return OK;
}

enum err_code labels_parse(const char *kind, struct view tsv, struct labels **out, struct err *err) {
  char name[48];
  if (!lines_is_name(view_of_text(kind))) return err_set(err, ERR_FORMAT, "'%.40s' cannot name a kind", kind);
  struct labels *l = calloc(1, sizeof *l);
  if (l == NULL) return err_set(err, ERR_MEMORY, NULL);
  (void)lines_copy(view_of_text(kind), l->kind, sizeof l->kind);
  (void)snprintf(name, sizeof name, "%s.tsv", l->kind);
  enum err_code code = tsv_parse(name, tsv, "key", &l->table, err);
  if (code == OK) code = check_columns(l, err);
  if (code == OK) {
    *out = l;
    l = NULL;
  }
  labels_free(l);
  return code;
}

void labels_free(struct labels *l) {
  if (l == NULL) return;
  tsv_release(&l->table);
  free(l);
}

const char *labels_text(const struct labels *l, const char *key, const char *prefix, const char *lang) {
  const int64_t row = tsv_find(&l->table, view_of_text(key));
  return row >= 0 ? tsv_text(&l->table, (uint32_t)row, prefix, lang) : NULL;
}
