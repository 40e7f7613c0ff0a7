/*
 * hiding: see hiding.h. What is hidden stands in the record; the rows of objects follow it, now and whenever they are made
 * anew.
 */
#include "node/hiding.h"

#include <string.h>

#include "keys/text.h"
#include "node/hall.h"
#include "node/store/object.h"

/* One line that a page may tell. */
static bool is_reason(struct view v) {
  bool is_line = v.len > 0 && v.len <= HIDDEN_REASON && text_is_valid(v);
  for (size_t at = 0; is_line && at < v.len;) {
    uint32_t c = 0;
    at += text_decode(view_of(v.p + at, v.len - at), &c);
    is_line = !text_is_harmful(c);
  }
  return is_line;
}

static enum err_code check_reason(const char *reason, struct err *err) {
  if (is_reason(view_of_text(reason))) {
    return OK;
  }
  (void)err_set(err, ERR_USAGE, "that is no reason which the node's page could tell");
  (void)err_hint(err, "one line of 1 to %u octets, or a word that specola help hide lists", HIDDEN_REASON);
  return ERR_USAGE;
}

/* Whether the object's row, if there is one, is hidden follows what was decided. */
static enum err_code mark(struct hall *h, const struct hash *id, bool hidden, struct err *err) {
  struct object object;
  int64_t rowid = 0;
  enum err_code code = entry_find(h->config.store, &h->derivation.fed_id, id, &rowid, err);
  if (code == OK) {
    code = object_get(h->config.store, rowid, &object, err);
  }
  if (code == OK) {
    object.hidden = hidden;
    code = object_update(h->config.store, &object, err);
  }
  return code;
}

enum err_code hall_hide(struct hall *h, const struct hash *id, const char *reason, bool *known, struct err *err) {
  struct store *s = h->config.store;
  struct hidden hidden = {.id = *id, .since = clock_unix(h->config.clock)};
  struct hidden before;
  *known = false;
  enum err_code code = check_reason(reason, err);
  if (code != OK) {
    return code;
  }
  code = hidden_get(s, id, &before, err);
  *known = code == OK && strcmp(before.reason, reason) == 0;
  if (*known || (code != OK && code != ERR_NOT_FOUND)) {
    return code;
  }
  err_clear(err);
  memcpy(hidden.reason, reason, strlen(reason) + 1);
  code = store_begin(s, err);
  if (code == OK) {
    code = hidden_put(s, &hidden, err);
  }
  if (code == OK) {
    code = mark(h, id, true, err);
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
    return code;
  }
  h->derivation.hides = true;
  return OK;
}

enum err_code hall_unhide(struct hall *h, const struct hash *id, struct err *err) {
  struct store *s = h->config.store;
  enum err_code code = store_begin(s, err);
  if (code == OK) {
    code = hidden_drop(s, id, err);
  }
  if (code == OK) {
    code = mark(h, id, false, err);
    if (code == ERR_NOT_FOUND) { /* a cut has withdrawn it meanwhile */
      err_clear(err);
      code = OK;
    }
  }
  if (code == OK) {
    code = store_commit(s, err);
  }
  if (code != OK) {
    store_rollback(s);
  }
  return code;
}
