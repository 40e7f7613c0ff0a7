/*
 * similar: see similar.h.
 */
#include "cli/similar.h"

#include <stdio.h>

#include "cli/out.h"
#include "keys/text.h"

#define TITLE_SHOWN 80u /* characters */

static bool visit(void *context, const struct query_row *row, unsigned percent) {
  json_t **list = context;
  if (*list == NULL) {
    *list = json_array();
  }
  json_array_append_new(*list, json_pack("{s:s, s:s, s:o, s:i}", "ref", row->reference, "home", row->handle, "title",
                                         out_json_text(view_of_text(row->title)), "percent", (int)percent));
  return true;
}

enum err_code similar_find(const struct here *here, const struct schema *schema, const struct similarity *sketch,
                           const struct similar_bounds *bounds, const char *lang, json_t **out, struct err *err) {
  *out = NULL;
  return query_similar(here->store, &here->federation, here->schemas, schema, sketch, bounds, lang, visit, out, err);
}

void similar_text(const struct cli *cli, const json_t *one, char *out, size_t size) {
  const char *ref = json_string_value(json_object_get(one, "ref")), *title = json_string_value(json_object_get(one, "title"));
  const struct view all = view_of_text(title == NULL ? "" : title);
  const size_t shown = text_prefix(all, TITLE_SHOWN);
  snprintf(out, size, "%s %s \"%.*s%s\" (%d %%)", out_word(cli, "much like", "molto simile a"), ref == NULL ? "" : ref,
           (int)shown, (const char *)all.p, shown < all.len ? "…" : "",
           (int)json_integer_value(json_object_get(one, "percent")));
}
