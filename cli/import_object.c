/*
 * import_object: from an id in a row to what the store holds of it (see import_object.h).
 */
#include "cli/import_object.h"

#include <string.h>

#include "protocol/schema/value.h"

void import_object_release(struct import_object *o) {
  bytes_release(&o->body);
  memset(o, 0, sizeof *o);
}

enum err_code import_object_find(const struct here *here, const char *id, struct import_object *out, struct err *err) {
  json_t *json = NULL;
  int64_t rowid = 0;
  memset(out, 0, sizeof *out);
  if (!value_is_hex32(view_of_text(id))) {
    return OK;
  }
  bytes_init(&out->body, LIMIT_BODY);
  enum err_code code = query_object(here->store, &here->federation, here->schemas, id, &rowid, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, rowid, "", &json, &out->body, err);
  }
  if (code == OK) {
    const char *reference = json_string_value(json_object_get(json, "reference"));
    snprintf(out->reference, sizeof out->reference, "%s", reference == NULL ? "" : reference);
    out->found = true;
    out->withdrawn = json_object_get(json, "withdrawal") != NULL;
    code = version_by_name(here, id, &out->version, err);
    out->own = code == OK;
    /* Another home's: told by the row's fate, if there is need to. */
    if (code == ERR_REFUSED) {
      err_clear(err);
      code = OK;
    }
  }
  json_decref(json);
  return code;
}
