/*
 * ticks: how far a record has come that was signed on a replica: signed, sent, in the log, held by so many, counts so much. See
 * sending.h.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/endorsement.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/sending.h"
#include "node/store/query_where.h"
#include "node/store/receipts.h"

/* What is known of one record. */
struct state {
  const struct here *here;
  const struct hash *id;
  bool answered, in_log;
  struct receipt receipt;
  struct receipt_row row;
  char reference[REFERENCE_MAX];
  int64_t rowid;
};

static enum err_code read_receipt(struct state *s, struct err *err) {
  struct bytes item;
  uint64_t received = 0, at = 0;
  bytes_init(&item, LIMIT_SUBMIT_BYTES);
  enum err_code code = receipts_get(s->here->store, s->id, &received, &at, &item, err);
  if (code == OK && receipt_open(bytes_view(&item), NULL, &s->receipt, NULL) == OK && at < s->receipt.n) {
    s->row = s->receipt.rows[at];
    s->answered = true;
  }
  bytes_release(&item);
  return code;
}

static enum err_code find(struct state *s, struct err *err) {
  const struct federation *f = &s->here->federation;
  enum err_code code = read_receipt(s, err);
  if (code == OK || code == ERR_NOT_FOUND) {
    err_clear(err);
    code = entry_find(s->here->store, &f->charter.fed_id, s->id, &s->rowid, err);
    s->in_log = code == OK;
  }
  if (code == OK) return reference_of_row(s->here->store, f, NULL, s->rowid, s->reference, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  if (s->answered && s->row.state == RECEIPT_LOGGED) {
    reference_format(f, &s->receipt.node, s->row.gen, s->row.index, s->reference);
  }
  return code;
}

/* The home that holds it by its word, and the others that say so. */
static enum err_code put_holders(const struct cli *cli, const struct state *s, struct bytes *line, json_t *ticks,
                                 struct err *err) {
  json_t *where = NULL;
  enum err_code code = query_where(s->here->store, &s->here->federation, s->rowid, clock_unix(clock_system()), &where, err);
  if (code != OK) return code;
  const json_int_t held = json_integer_value(json_object_get(where, "holding")) + 1;
  const json_int_t of = json_integer_value(json_object_get(where, "others")) + 1;
  (void)json_object_set_new(ticks, "held", json_integer(held));
  (void)json_object_set_new(ticks, "of", json_integer(of));
  code = bytes_printf(line, err, "  %s %jd %s %jd", out_word(cli, "held by", "conservato da"), (intmax_t)held,
                      out_word(cli, "of", "su"), (intmax_t)of);
  json_decref(where);
  return code;
}

/* Of an endorsement: what the statement has come to. */
static enum err_code put_counts(const struct cli *cli, const struct state *s, struct bytes *line, json_t *ticks,
                                struct err *err) {
  struct bytes scratch;
  struct item item;
  struct view octets, signature;
  struct header h;
  char object[HASH_HEX_LEN];
  int64_t rowid = 0;
  json_t *shown = NULL;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_get(s->here->store, s->rowid, &scratch, &item, err);
  const bool is_endorsement = code == OK && envelope_split(item.envelope, &octets, &signature) &&
                              header_decode(octets, &h) == REASON_NONE && h.kind == KIND_ENDORSE && h.n_refs > 0;
  bytes_release(&scratch);
  if (!is_endorsement) return code;
  hash_hex(&h.refs[0], object);
  code = query_object(s->here->store, &s->here->federation, s->here->schemas, object, &rowid, err);
  if (code == OK)
    code = query_show(s->here->store, &s->here->federation, s->here->schemas, rowid, cli->lang, &shown, NULL, err);
  const json_t *statement = code == OK ? endorsement_newest(json_object_get(shown, "endorsement")) : NULL;
  if (statement != NULL) {
    code = bytes_printf(line, err, "  %s ", out_word(cli, "counts", "conta"));
    if (code == OK) endorsement_count(cli, statement, line);
    (void)json_object_set_new(ticks, "met", json_deep_copy(json_object_get(statement, "met")));
    (void)json_object_set_new(ticks, "counted", json_deep_copy(json_object_get(statement, "counted")));
  }
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  json_decref(shown);
  return code;
}

static enum err_code put_all(const struct cli *cli, const struct state *s, struct bytes *line, json_t *ticks, struct err *err) {
  const char *node = s->answered ? federation_handle(&s->here->federation, &s->receipt.node) : NULL;
  enum err_code code = bytes_printf(line, err, "%s ✓", out_word(cli, "signed", "firmato"));
  if (code == OK && node != NULL) {
    code = bytes_printf(line, err, "  %s %s ✓", out_word(cli, "sent to", "inviato a"), node);
    (void)json_object_set_new(ticks, "sent", json_string(node));
  }
  const bool is_refused = s->answered && s->row.state == RECEIPT_REFUSED && !s->in_log;
  if (code == OK && is_refused && sending_is_final(&s->here->home, &s->here->federation, &s->receipt.node, &s->row)) {
    (void)json_object_set_new(ticks, "refused", json_string(reason_name(s->row.reason)));
    return bytes_printf(line, err, "  %s: %s", out_word(cli, "refused", "rifiutato"), reason_name(s->row.reason));
  }
  if (code == OK && is_refused) {
    (void)json_object_set_new(ticks, "declined", json_string(reason_name(s->row.reason)));
    code = bytes_printf(line, err, "  %s: %s", out_word(cli, "not taken there", "non accolto"), reason_name(s->row.reason));
  }
  if (code == OK && s->reference[0] != '\0') {
    code = bytes_printf(line, err, "  %s %s ✓", out_word(cli, "in the log at", "nel registro in"), s->reference);
    (void)json_object_set_new(ticks, "log", json_string(s->reference));
  }
  if (code == OK && s->in_log) code = put_holders(cli, s, line, ticks, err);
  if (code == OK && s->in_log) code = put_counts(cli, s, line, ticks, err);
  return code;
}

enum err_code sending_ticks(const struct cli *cli, const struct here *here, const struct hash *id, struct bytes *line,
                            json_t **out, struct err *err) {
  struct state *s = calloc(1, sizeof *s);
  json_t *ticks = json_pack("{s:b}", "signed", true);
  if (s == NULL || ticks == NULL) {
    free(s);
    json_decref(ticks);
    return err_set(err, ERR_MEMORY, NULL);
  }
  s->here = here;
  s->id = id;
  enum err_code code = find(s, err);
  if (code == OK) code = put_all(cli, s, line, ticks, err);
  free(s);
  if (out != NULL && code == OK) {
    *out = ticks;
  } else {
    json_decref(ticks);
  }
  return code;
}
