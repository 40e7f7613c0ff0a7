/*
 * query_withdrawn: what is told of an entry that a cut has taken out of its log (docs/protocol.md 7.5). See query_inside.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/store/query_inside.h"
#include "node/store/withdrawn.h"
#include "protocol/schema/slots.h"

#define TITLE_MAX 120 /* octets of a title that are shown */

/* The title in a withdrawn version, if it is held here. */
static void read_title(struct store *s, const struct schema_set *set, int64_t rowid, char out[TITLE_MAX + 8]) {
  struct bytes scratch;
  struct item item;
  struct view octets, signature, title;
  struct header h;
  struct body_slots slots;
  out[0] = '\0';
  bytes_init(&scratch, LIMIT_ITEM);
  if (withdrawn_get(s, rowid, &scratch, &item, NULL) == OK && envelope_split(item.envelope, &octets, &signature) &&
      header_decode(octets, &h) == REASON_NONE && h.kind == KIND_VERSION && item.body.len > 0) {
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

enum err_code query_withdrawn(struct store *s, const struct federation *f, const struct schema_set *set, const struct log *log,
                              uint64_t index, struct err *err) {
  char reference[REFERENCE_MAX], title[TITLE_MAX + 8];
  const struct generation *g = federation_generation(f, &log->node, log->gen);
  reference_format(f, &log->node, log->gen, index, reference);
  if (g == NULL || !g->is_closed || index < g->cut_size) {
    return err_set(err, ERR_NOT_FOUND, "no object stands at %.60s", reference);
  }
  read_title(s, set, entry_rowid(log->no, index), title);
  (void)err_set(err, ERR_NOT_FOUND, "%s%s is withdrawn by the repair of %s: generation %" PRIu64 " of its log ends at %" PRIu64,
                reference, title, federation_handle(f, &log->node), log->gen, g->cut_size);
  return err_hint(err, "its author may have published it again: specola search");
}
