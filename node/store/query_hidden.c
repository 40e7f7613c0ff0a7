/*
 * query_hidden: see query_hidden.h.
 */
#include "node/store/query_hidden.h"

static json_t *hidden_json(const struct schema_set *set, const struct hidden *hidden, const char *lang) {
  const struct vocabulary *reasons = vocabulary_by_name(set, "takedown");
  const char *label = reasons == NULL ? NULL : vocabulary_label(reasons, view_of_text(hidden->reason), lang);
  return json_pack("{s:s, s:s, s:I}", "reason", hidden->reason, "label", label == NULL ? hidden->reason : label, "since",
                   (json_int_t)hidden->since);
}

enum err_code query_hidden(struct store *s, const struct schema_set *set, const struct hash *id, const char *lang, json_t **out,
                           struct err *err) {
  struct hidden hidden;
  *out = NULL;
  const enum err_code code = hidden_get(s, id, &hidden, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code != OK) {
    return code;
  }
  *out = hidden_json(set, &hidden, lang);
  return *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

struct listing {
  struct store *s;
  const struct federation *f;
  const struct schema_set *set;
  const char *lang;
  json_t *all;
  enum err_code code;
  struct err *err;
};

static bool list_one(void *context, const struct hidden *hidden) {
  struct listing *l = context;
  char hex[HASH_HEX_LEN], reference[REFERENCE_MAX];
  struct log log;
  int64_t rowid = 0;
  json_t *one = hidden_json(l->set, hidden, l->lang);
  hash_hex(&hidden->id, hex);
  l->code = one == NULL ? err_set(l->err, ERR_MEMORY, NULL) : OK;
  (void)json_object_set_new(one, "id", json_string(hex));
  if (l->code == OK) {
    l->code = entry_find(l->s, &l->f->charter.fed_id, &hidden->id, &rowid, l->err);
  }
  if (l->code == OK) {
    l->code = log_by_no(l->s, entry_log_no(rowid), &log, l->err);
  }
  if (l->code == OK) {
    reference_format(l->f, &log.node, log.gen, entry_index(rowid), reference);
    (void)json_object_set_new(one, "reference", json_string(reference));
    (void)json_object_set_new(one, "home", json_string(federation_handle(l->f, &log.node)));
  } else if (l->code == ERR_NOT_FOUND) { /* a cut has withdrawn it since */
    err_clear(l->err);
    l->code = OK;
  }
  (void)json_array_append_new(l->all, one);
  return l->code == OK;
}

enum err_code query_hidden_all(struct store *s, const struct federation *f, const struct schema_set *set, const char *lang,
                               json_t **out, struct err *err) {
  struct listing l = {.s = s, .f = f, .set = set, .lang = lang, .all = json_array(), .code = OK, .err = err};
  *out = NULL;
  if (l.all == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = hidden_each(s, list_one, &l, err);
  code = l.code != OK ? l.code : code;
  if (code != OK) {
    json_decref(l.all);
    return code;
  }
  *out = l.all;
  return OK;
}
