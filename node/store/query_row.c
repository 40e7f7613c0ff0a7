/*
 * query_row: one object as lists show it. See query_inside.h.
 */
#include <string.h>

#include "node/store/query_inside.h"

#define TITLE_MAX (LIMIT_BODY + 1)

void query_reader_init(struct query_reader *r, struct store *s, const struct federation *f, const struct schema_set *set,
                       const char *lang) {
  memset(r, 0, sizeof *r);
  r->s = s;
  r->f = f;
  r->set = set;
  r->lang = lang == NULL ? "" : lang;
  bytes_init(&r->first, LIMIT_ITEM);
  bytes_init(&r->newest, LIMIT_ITEM);
  bytes_init(&r->title, TITLE_MAX);
  bytes_init(&r->snippet, TITLE_MAX);
}

void query_reader_release(struct query_reader *r) {
  bytes_release(&r->first);
  bytes_release(&r->newest);
  bytes_release(&r->title);
  bytes_release(&r->snippet);
}

struct hash query_record_id(const struct federation *f, struct view envelope) {
  struct view header;
  struct view signature;
  struct hash zero = {{0}};
  return envelope_split(envelope, &header, &signature) ? record_id(&f->charter.fed_id, header) : zero;
}

static enum err_code load_title(struct query_reader *r, struct err *err) {
  struct view title = {NULL, 0};
  bytes_clear(&r->title);
  const struct schema *schema = r->row.schema;
  if (schema != NULL && r->item.body.len > 0) {
    /* What is readable was checked before it was derived. */
    const enum err_code taken = r->object.readable ? slots_take(schema, r->item.body, &r->slots, NULL)
                                                   : slots_fill(schema, r->item.body, &r->slots, NULL);
    r->row.slots = taken == OK ? &r->slots : NULL;
  }
  if (r->row.slots != NULL) {
    (void)slots_text(r->row.slots, r->row.slots->schema->title, r->lang, &title, NULL);
  }
  enum err_code code = bytes_append(&r->title, title, err);
  const char *text = code == OK ? bytes_text(&r->title) : NULL;
  r->row.title = text == NULL ? "" : text;
  return code == OK && text == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

/* Ids and times, out of the envelopes. */
static enum err_code load_envelopes(struct query_reader *r, struct err *err) {
  struct view octets;
  struct view signature;
  struct header header = {.created = 0};
  struct item first;
  enum err_code code = entry_get(r->s, r->object.newest, &r->newest, &r->item, err);
  if (code != OK) {
    return code;
  }
  r->row.version_id = query_record_id(r->f, r->item.envelope);
  r->row.object_id = r->row.version_id;
  if (envelope_split(r->item.envelope, &octets, &signature) && header_decode(octets, &header) == REASON_NONE) {
    r->row.created = header.created;
  }
  if (r->object.newest != r->object.id) {
    code = entry_get(r->s, r->object.id, &r->first, &first, err);
    if (code == OK) {
      r->row.object_id = query_record_id(r->f, first.envelope);
    }
  }
  return code;
}

enum err_code query_reader_load(struct query_reader *r, int64_t object, struct err *err) {
  enum err_code code = object_get(r->s, object, &r->object, err);
  if (code == OK && r->log.no != entry_log_no(object)) {
    code = log_by_no(r->s, entry_log_no(object), &r->log, err);
  }
  if (code != OK) {
    return code;
  }
  const struct object *o = &r->object;
  r->row = (struct query_row){.rowid = o->newest,
                              .schema = schema_by_number(r->set, o->schema),
                              .schema_number = o->schema,
                              .versions = (uint32_t)o->versions,
                              .withdrawn = o->withdrawn != 0,
                              .hidden = o->hidden,
                              .review_wanted = (o->flags & 1) != 0,
                              .handle = federation_handle(r->f, &r->log.node),
                              .completeness = o->complete,
                              .snippet = ""};
  reference_format(r->f, &r->log.node, r->log.gen, entry_index(o->id), r->row.reference);
  code = reference_of_row(r->s, r->f, &r->log, o->newest, r->row.version_reference, err);
  code = code == OK ? endorsed_get(r->s, o->id, &r->row.endorsed, err) : code;
  code = code == OK ? load_envelopes(r, err) : code;
  r->row.body = code == OK ? r->item.body : view_of(NULL, 0);
  if (code == ERR_CORRUPT) {
    (void)err_context(err, "%s", r->row.reference);
  }
  return code == OK ? load_title(r, err) : code;
}
