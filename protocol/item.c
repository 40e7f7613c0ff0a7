/*
 * item: an entry with what travels beside it (docs/protocol.md 8.3), and the list of items that a submission is (section 9).
 * Declared in record.h, and in item.h. Nothing here is believed: whether a body matches is record_body_matches()'s business.
 */
#include "protocol/record.h"

#include "protocol/canon.h"

/* The rest of an item of three. */
static void body_read(struct canon_reader *r, struct item *out) {
  canon_fixed(r, out->salt.b, sizeof out->salt.b);
  out->body = canon_bin(r, LIMIT_BODY);
  if (out->body.len == 0) canon_fail(r, "an empty body");
  out->state = ITEM_WHOLE;
}

void item_read(struct canon_reader *r, struct item *out) {
  *out = (struct item){.state = ITEM_BODILESS};
  uint32_t n = canon_array(r, 3);
  if (n == 0) canon_fail(r, "an item without an envelope");
  out->envelope = canon_bin(r, LIMIT_ENVELOPE);
  if (out->envelope.len == 0) canon_fail(r, "an empty envelope");
  if (n == 3) {
    body_read(r, out);
  } else if (n == 2 && canon_opt_nil(r)) {
    out->state = ITEM_ABSENT;
  } else if (n == 2) {
    canon_hash(r, &out->takedown);
    out->state = ITEM_GONE;
  }
  if (r->fault != NULL) *out = (struct item){.state = ITEM_BODILESS};
}

void item_write(struct canon_writer *w, const struct item *item) {
  static const uint32_t FIELDS[] = {[ITEM_BODILESS] = 1, [ITEM_WHOLE] = 3, [ITEM_GONE] = 2, [ITEM_ABSENT] = 2};
  canon_put_array(w, FIELDS[item->state]);
  canon_put_bin(w, item->envelope);
  switch (item->state) {
  case ITEM_BODILESS:
    break;
  case ITEM_WHOLE:
    canon_put_bin(w, view_of(item->salt.b, sizeof item->salt.b));
    canon_put_bin(w, item->body);
    break;
  case ITEM_GONE:
    canon_put_hash(w, &item->takedown);
    break;
  case ITEM_ABSENT:
    canon_put_nil(w);
    break;
  }
}

enum err_code item_octets(const struct item *item, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  item_write(&w, item);
  return canon_written(&w, "item", err);
}

bool item_keeps_body(const struct item *item) {
  struct view header;
  struct view signature;
  uint64_t kind = 0;
  return envelope_split(item->envelope, &header, &signature) && header_kind(header, &kind) && record_kind_keeps_body(kind);
}

void item_beside_read(struct canon_reader *r, struct item *out) {
  *out = (struct item){.state = ITEM_BODILESS};
  uint32_t n = canon_array(r, 2);
  if (n == 2) {
    body_read(r, out);
  } else if (n == 1 && canon_opt_nil(r)) {
    out->state = ITEM_ABSENT;
  } else if (n == 1) {
    canon_hash(r, &out->takedown);
    out->state = ITEM_GONE;
  }
  if (r->fault != NULL) *out = (struct item){.state = ITEM_BODILESS};
}

void item_beside_write(struct canon_writer *w, const struct item *item) {
  switch (item->state) {
  case ITEM_BODILESS:
    canon_put_array(w, 0);
    return;
  case ITEM_WHOLE:
    canon_put_array(w, 2);
    canon_put_bin(w, view_of(item->salt.b, sizeof item->salt.b));
    canon_put_bin(w, item->body);
    return;
  case ITEM_GONE:
    canon_put_array(w, 1);
    canon_put_hash(w, &item->takedown);
    return;
  case ITEM_ABSENT:
    canon_put_array(w, 1);
    canon_put_nil(w);
    return;
  }
}

enum err_code submission_read(struct view bytes, struct item items[LIMIT_SUBMIT], uint32_t *n, struct err *err) {
  struct canon_reader r = canon_reader(bytes);
  if (bytes.len > LIMIT_SUBMIT_BYTES) {
    return err_set(err, ERR_LIMIT, "submission: %zu octets, at most %u", bytes.len, LIMIT_SUBMIT_BYTES);
  }
  uint32_t count = canon_array(&r, UINT32_MAX);
  if (count > LIMIT_SUBMIT) return err_set(err, ERR_LIMIT, "submission: %u records, at most %u", count, LIMIT_SUBMIT);
  if (count == 0) canon_fail(&r, "no record");
  for (uint32_t i = 0; i < count && r.fault == NULL; i++) {
    item_read(&r, &items[i]);
    if (items[i].state == ITEM_GONE || items[i].state == ITEM_ABSENT) canon_fail(&r, "a record without its body");
  }
  enum err_code code = canon_finish(&r, "submission", err);
  if (code == OK) *n = count;
  return code;
}
