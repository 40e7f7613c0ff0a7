/*
 * sealed: see sealed.h.
 */
#include "cli/sealed.h"

#include <stdlib.h>

#include "cli/out.h"

bool sealed_is(bundle_source *source, void *context) {
  struct bundle_reader *reader = NULL;
  enum bundle_type type = BUNDLE_END;
  struct view payload;
  const bool is = bundle_open(source, context, &reader, NULL) == OK && bundle_next(reader, &type, &payload, NULL) == OK &&
                  type == BUNDLE_SUBMISSION;
  bundle_reader_free(reader);
  return is;
}

/* The items of a submission as a batch, whose rows own their octets. */
static enum err_code take_items(struct submit *s, struct view submission, struct batch *batch, struct err *err) {
  struct item items[LIMIT_SUBMIT];
  uint32_t n = 0;
  enum err_code code = submission_read(submission, items, &n, err);
  for (uint32_t i = 0; i < n && code == OK; i++) {
    struct sealed *row = &batch->rows[batch->n++];
    *row = (struct sealed){.salt = items[i].salt, .tag = i};
    row->id = envelope_id(&s->here.federation.charter.fed_id, items[i].envelope);
    bytes_init(&row->envelope, LIMIT_ENVELOPE);
    bytes_init(&row->body, LIMIT_BODY);
    code = bytes_append(&row->envelope, items[i].envelope, err);
    if (code == OK) code = bytes_append(&row->body, items[i].body, err);
  }
  return code;
}

static enum err_code read_file(struct submit *s, bundle_source *source, void *context, struct batch *batch, struct err *err) {
  struct bundle_reader *reader = NULL;
  enum bundle_type type = BUNDLE_END;
  struct view payload;
  enum err_code code = bundle_open(source, context, &reader, err);
  if (code == OK) code = bundle_next(reader, &type, &payload, err);
  if (code == OK) code = take_items(s, payload, batch, err);
  if (code == OK) code = bundle_next(reader, &type, &payload, err);
  if (code == OK && type != BUNDLE_END) code = err_set(err, ERR_FORMAT, "a file of signed records holds nothing else");
  bundle_reader_free(reader);
  return code;
}

/* The home that a record names. */
static const char *home_of(const struct submit *s, const struct sealed *row) {
  struct view octets, signature;
  struct header h;
  const bool is_read =
      envelope_split(bytes_view(&row->envelope), &octets, &signature) && header_decode(octets, &h) == REASON_NONE;
  return is_read ? federation_handle(&s->here.federation, &h.home) : "?";
}

/* Tells of one; a refusal is kept in *err, the last one. */
static enum err_code say(struct cli *cli, struct submit *s, const struct sealed *row, const struct hash *node,
                         const struct receipt_row *r, json_t *list, struct err *err) {
  static const char *const STATES[] = {[RECEIPT_QUEUED] = "queued", [RECEIPT_LOGGED] = "logged", [RECEIPT_REFUSED] = "refused"};
  char reference[REFERENCE_MAX] = "", why[256] = "", hex[HASH_HEX_LEN];
  const char *home = home_of(s, row);
  hash_hex(&row->id, hex);
  if (r->state == RECEIPT_LOGGED) reference_format(&s->here.federation, node, r->gen, r->index, reference);
  if (r->state == RECEIPT_REFUSED) refusal_text(r->reason, why, sizeof why);
  if (r->state == RECEIPT_LOGGED) {
    out_line(cli, "%.12s  %s %s", hex, out_word(cli, "in the log at", "nel registro in"), reference);
  } else if (r->state == RECEIPT_QUEUED) {
    out_line(cli, "%.12s  %s %s", hex, out_word(cli, "kept, and handed on to", "tenuto, e passato a"), home);
  } else {
    out_line(cli, "%.12s  %s: %s", hex, out_word(cli, "refused", "rifiutato"), why);
  }
  (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s}", "id", hex, "home", home, "state", STATES[r->state],
                                              "ref", reference, "why", why));
  return r->state == RECEIPT_REFUSED ? err_set(err, ERR_REFUSED, "%s", why) : OK;
}

enum err_code sealed_hand_in(struct cli *cli, struct submit *s, bundle_source *source, void *context, struct err *err) {
  struct batch *batch = calloc(1, sizeof *batch);
  struct receipt *receipt = calloc(1, sizeof *receipt);
  json_t *list = json_array();
  enum err_code code =
      batch == NULL || receipt == NULL ? err_set(err, ERR_MEMORY, NULL) : read_file(s, source, context, batch, err);
  if (code == OK) code = submit_send(s, batch, receipt, err);
  for (uint32_t i = 0; batch != NULL && receipt != NULL && i < receipt->n && i < batch->n; i++) {
    const enum err_code said = say(cli, s, &batch->rows[i], &receipt->node, &receipt->rows[i], list, err);
    code = code == OK ? said : code;
  }
  out_set(cli, "records", list);
  if (batch != NULL) batch_clear(batch);
  free(batch);
  free(receipt);
  return code;
}
