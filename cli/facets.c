/*
 * facets: dimensions of the schemas as options (see facets.h).
 */
#include "cli/facets.h"

#include <stdio.h>
#include <string.h>

#include "node/store/facet.h"
#include "protocol/schema/nearest.h"

/* The k-th field that has a dimension, children behind their group. */
static const struct field *dim_field(const struct schema *schema, size_t *k) {
  for (size_t i = 0; i < schema->n_fields; i++) {
    const struct field *f = &schema->fields[i];
    if (f->dim[0] != '\0' && (*k)-- == 0) {
      return f;
    }
    for (size_t j = 0; j < f->n_children; j++) {
      if (f->children[j].dim[0] != '\0' && (*k)-- == 0) {
        return &f->children[j];
      }
    }
  }
  return NULL;
}

/* The k-th of one kind or of all. */
static const struct field *any_dim_field(const struct schema_set *set, const struct schema *schema, size_t k,
                                         const struct schema **owner) {
  if (schema != NULL) {
    *owner = schema;
    return dim_field(schema, &k);
  }
  for (size_t i = 0; i < schema_set_count(set); i++) {
    *owner = schema_set_at(set, i);
    const struct field *f = dim_field(*owner, &k);
    if (f != NULL) {
      return f;
    }
  }
  return NULL;
}

const char *facets_dimension(const struct schema_set *set, const struct schema *schema, const char *lang, size_t i,
                             const char **label) {
  const struct schema *owner = NULL;
  if (i-- == 0) { /* of every kind */
    if (label != NULL) {
      *label = strcmp(lang, "it") == 0 ? "Convalida" : "Endorsement";
    }
    return ENDORSED_DIM;
  }
  for (size_t k = 0;; k++) {
    const struct schema *other = NULL;
    const struct field *f = any_dim_field(set, schema, k, &owner);
    if (f == NULL) {
      return NULL;
    }
    bool first = true;
    for (size_t j = 0; first && j < k; j++) {
      const struct field *earlier = any_dim_field(set, schema, j, &other);
      first = earlier == NULL || strcmp(earlier->dim, f->dim) != 0;
    }
    if (first && i-- == 0) {
      if (label != NULL) {
        *label = schema_label(owner, f->key, lang);
      }
      return f->dim;
    }
  }
}

const struct field *facets_field(const struct schema_set *set, const struct schema *schema, const char *dim,
                                 const struct schema **owner) {
  const struct field *f;
  for (size_t i = 0; (f = any_dim_field(set, schema, i, owner)) != NULL; i++) {
    if (strcmp(f->dim, dim) == 0) {
      return f;
    }
  }
  *owner = NULL;
  return NULL;
}

static enum err_code unknown_dimension(const struct schema_set *set, const struct schema *schema, const struct option_row *own,
                                       const struct arg *arg, struct err *err) {
  char all[ERR_HINT_MAX] = "";
  const char *dim;
  size_t used = 0;
  struct nearest near = nearest_to(view_of(arg->name, arg->name_len));
  for (const struct option_row *row = own; row->name != NULL; row++) {
    nearest_offer(&near, row->name);
  }
  for (size_t i = 0; (dim = facets_dimension(set, schema, "en", i, NULL)) != NULL; i++) {
    nearest_offer(&near, dim);
    int n = snprintf(all + used, sizeof all - used, " --%s", dim);
    used += n < 0 || (size_t)n >= sizeof all - used ? 0 : (size_t)n;
  }
  all[used] = '\0';
  err_set(err, ERR_USAGE, "--%.*s: no such option or facet", (int)arg->name_len, arg->name);
  const char *meant = nearest_word(&near);
  return meant != NULL ? err_hint(err, "did you mean --%s?", meant) : err_hint(err, "facets:%s", all);
}

/* How objects stand. */
static enum err_code read_endorsed(const struct cli *cli, const struct here *here, const char *value, const char **out,
                                   struct err *err) {
  const struct vocabulary *words = vocabulary_by_name(here->schemas, ENDORSED_DIM);
  const char *meant = words == NULL ? NULL : vocabulary_meant(words, view_of_text(value), cli->lang);
  if (meant == NULL) {
    err_set(err, ERR_USAGE, "--" ENDORSED_DIM ": \"%.60s\" is none of them", value);
    return err_hint(err, "--" ENDORSED_DIM " current, earlier or none");
  }
  *out = meant;
  return OK;
}

/* The code that a value means. What no list has, but some object, is a code of a list that is newer than ours. */
static enum err_code read_code(const struct cli *cli, const struct here *here, const struct field *field, const char *value,
                               const char **out, struct err *err) {
  const struct view word = view_of_text(value);
  bool known = false;
  *out = value;
  if (field->vocabulary == NULL) {
    return OK;
  }
  const char *meant = vocabulary_meant(field->vocabulary, word, cli->lang);
  if (meant != NULL) {
    *out = meant;
    return OK;
  }
  const enum err_code code = facet_is_known(here->store, field->dim, word, &known, err);
  if (code != OK || known) {
    return code;
  }
  const char *near = vocabulary_near(field->vocabulary, word, cli->lang);
  const char *label = near == NULL ? NULL : vocabulary_label(field->vocabulary, view_of_text(near), cli->lang);
  err_set(err, ERR_USAGE, "no such %s: '%.60s'", field->dim, value);
  return near == NULL ? err_hint(err, "specola help %s lists the codes", field->dim)
                      : err_hint(err, "did you mean --%s %s (%s)?", field->dim, near, label == NULL ? near : label);
}

enum err_code facets_read(const struct cli *cli, const struct here *here, const struct schema *schema,
                          const struct option_row *own, const struct args *args, struct query *q, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < args->n_open; i++) {
    const struct arg *arg = &args->open[i];
    const struct schema *owner = NULL;
    const char *dim;
    size_t k = 0;
    while ((dim = facets_dimension(here->schemas, schema, "en", k, NULL)) != NULL &&
           !view_is_text(view_of(arg->name, arg->name_len), dim)) {
      k++;
    }
    if (dim == NULL) {
      return unknown_dimension(here->schemas, schema, own, arg, err);
    }
    if (q->n_facets == QUERY_FACETS) {
      return err_set(err, ERR_USAGE, "more than %d facets", QUERY_FACETS);
    }
    q->facets[q->n_facets].dim = dim;
    const char **place = &q->facets[q->n_facets++].code;
    code = strcmp(dim, ENDORSED_DIM) == 0
               ? read_endorsed(cli, here, arg->value, place, err)
               : read_code(cli, here, facets_field(here->schemas, schema, dim, &owner), arg->value, place, err);
  }
  return code;
}
