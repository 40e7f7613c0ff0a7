/*
 * reference: "IT-312", "IT.2-312": the names of positions (docs/protocol.md 3). Declared in federation.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/federation.h"

void reference_format(const struct federation *f, const struct hash *node, uint64_t gen, uint64_t index,
                      char out[REFERENCE_MAX]) {
  const char *handle = federation_handle(f, node);
  if (gen == 1) {
    (void)snprintf(out, REFERENCE_MAX, "%s-%" PRIu64, handle, index);
  } else {
    (void)snprintf(out, REFERENCE_MAX, "%s.%" PRIu64 "-%" PRIu64, handle, gen, index);
  }
}

enum err_code reference_of_row(struct store *s, const struct federation *f, const struct log *likely, int64_t rowid,
                               char out[REFERENCE_MAX], struct err *err) {
  struct log log;
  if (likely != NULL && likely->no == entry_log_no(rowid)) {
    reference_format(f, &likely->node, likely->gen, entry_index(rowid), out);
    return OK;
  }
  const enum err_code code = log_by_no(s, entry_log_no(rowid), &log, err);
  if (code == OK) {
    reference_format(f, &log.node, log.gen, entry_index(rowid), out);
  }
  return code;
}

static enum err_code not_a_reference(const char *text, struct err *err) {
  (void)err_set(err, ERR_FORMAT, "'%.60s' is not a reference", text);
  return err_hint(err, "a reference is HANDLE-NUMBER, e.g. IT-312");
}

enum err_code reference_parse(const struct federation *f, const char *text, struct hash *node, uint64_t *gen, uint64_t *index,
                              struct err *err) {
  char handle[HANDLE_MAX] = "";
  const char *dash = strchr(text, '-');
  const size_t name_len = strcspn(text, ".-");
  uint64_t generation = 1;
  uint64_t position = 0;
  if (dash == NULL || name_len >= HANDLE_MAX || text + name_len > dash ||
      decimal_decode(view_of_text(dash + 1), &position, NULL) != OK) {
    return not_a_reference(text, err);
  }
  bool as_it_stands = true;
  for (size_t i = 0; i < name_len; i++) {
    handle[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 'a' + 'A' : text[i]);
    as_it_stands = as_it_stands && handle[i] == text[i];
  }
  if (text[name_len] == '.') {
    const char *number = text + name_len + 1;
    if (decimal_decode(view_of(number, (size_t)(dash - number)), &generation, NULL) != OK || generation < 2) {
      return not_a_reference(text, err);
    }
  }
  if (!handle_is_valid(handle)) {
    return not_a_reference(text, err);
  }
  const struct federation_member *m = federation_by_handle(f, handle);
  if (m == NULL && !as_it_stands) {
    return not_a_reference(text, err); /* "co-19": a title may begin so */
  }
  if (m == NULL) {
    (void)err_set(err, ERR_NOT_FOUND, "no member has the handle %s", handle);
    return err_hint(err, "specola peer list shows the members");
  }
  *node = m->member->node;
  *gen = generation;
  *index = position;
  return OK;
}
