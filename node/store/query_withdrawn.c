/*
 * query_withdrawn: what is told of an entry that a cut has taken out of its log (docs/protocol.md 7.5). See query_inside.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/store/hidden.h"
#include "node/store/query_inside.h"
#include "node/store/withdrawn.h"
#include "protocol/schema/slots.h"

#define TITLE_MAX 120 /* octets of a title that are shown */

/* Whether this node hides the object of a version. */
static bool is_hidden(struct store *s, const struct federation *f, struct view octets, const struct header *h) {
  struct hidden hidden;
  const struct hash id = h->has_subject ? h->subject : record_id(&f->charter.fed_id, octets);
  return hidden_get(s, &id, &hidden, NULL) == OK;
}

/* The title in a withdrawn version, if it is held here and may be shown. */
static void read_title(struct store *s, const struct federation *f, const struct schema_set *set, int64_t rowid,
                       char out[TITLE_MAX + 8]) {
  struct bytes scratch;
  struct item item;
  struct view octets, signature, title;
  struct header h;
  struct body_slots slots;
  out[0] = '\0';
  bytes_init(&scratch, LIMIT_ITEM);
  if (withdrawn_get(s, rowid, &scratch, &item, NULL) == OK && envelope_split(item.envelope, &octets, &signature) &&
      header_decode(octets, &h) == REASON_NONE && h.kind == KIND_VERSION && item.body.len > 0 && !is_hidden(s, f, octets, &h)) {
    const struct schema *schema = schema_by_number(set, h.args[0]);
    if (schema != NULL && slots_fill(schema, item.body, &slots, NULL) == OK &&
        slots_text(&slots, schema->title, "", &title, NULL) && title.len > 0) {
      char cut[TITLE_MAX + 1];
      (void)snprintf(cut, sizeof cut, "%.*s", (int)(title.len < TITLE_MAX ? title.len : TITLE_MAX), (const char *)title.p);
      cut[text_valid_prefix(view_of_text(cut))] = '\0';
      (void)snprintf(out, TITLE_MAX + 8, " (%s)", cut);
    }
  }
  bytes_release(&scratch);
}

static enum err_code tell(struct store *s, const struct federation *f, const struct schema_set *set, const struct log *log,
                          uint64_t index, const struct generation *g, struct err *err) {
  char reference[REFERENCE_MAX], title[TITLE_MAX + 8];
  reference_format(f, &log->node, log->gen, index, reference);
  read_title(s, f, set, entry_rowid(log->no, index), title);
  (void)err_set(err, ERR_NOT_FOUND, "%s%s is withdrawn by the repair of %s: generation %" PRIu64 " of its log ends at %" PRIu64,
                reference, title, federation_handle(f, &log->node), log->gen, g->cut_size);
  return err_hint(err, "its author may have published it again: specola search");
}

enum err_code query_withdrawn(struct store *s, const struct federation *f, const struct schema_set *set, const struct log *log,
                              uint64_t index, struct err *err) {
  char reference[REFERENCE_MAX];
  const struct generation *g = federation_generation(f, &log->node, log->gen);
  if (g == NULL || !g->is_closed || index < g->cut_size) {
    reference_format(f, &log->node, log->gen, index, reference);
    return err_set(err, ERR_NOT_FOUND, "no object stands at %.60s", reference);
  }
  return tell(s, f, set, log, index, g, err);
}

enum err_code query_withdrawn_id(struct store *s, const struct federation *f, const struct schema_set *set,
                                 const struct hash *id, struct err *err) {
  struct log log;
  int64_t rowid = 0;
  enum err_code code = withdrawn_find(s, &f->charter.fed_id, id, &rowid, err);
  if (code == OK) {
    code = log_by_no(s, entry_log_no(rowid), &log, err);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  const struct generation *g = code == OK ? federation_generation(f, &log.node, log.gen) : NULL;
  return g != NULL && g->is_closed ? tell(s, f, set, &log, entry_index(rowid), g, err) : code;
}
