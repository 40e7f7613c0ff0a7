/*
 * statement: see statement.h.
 */
#include "protocol/statement.h"

#include <string.h>

#include "protocol/canon.h"
#include "protocol/founder.h"

void statement_release(struct statement *s) {
  charter_release(&s->charter);
  bytes_release(&s->octets);
  *s = (struct statement){.number = 0};
}

static void read_text(struct canon_reader *r, char *out, size_t room) {
  const struct view text = canon_str(r, room - 1);
  memcpy(out, text.p == NULL ? (const uint8_t *)"" : text.p, text.len);
  out[text.len] = '\0';
}

/* "IT-312", "IT.2-312": a reference names a file of people's, so nothing else may stand in it. */
static bool is_reference(const char *text) {
  return text[0] != '\0' && text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-")] == '\0' && text[0] != '.';
}

static enum err_code find_policy(struct statement *s, const struct hash *id, struct err *err) {
  struct view policies[LIMIT_POLICIES];
  const uint32_t n = charter_policies(&s->charter, policies);
  for (uint32_t i = 0; i < n; i++) {
    if (policy_read(policies[i], &s->policy, err) == OK && hash_equal(&s->policy.id, id)) {
      return OK;
    }
  }
  return err_set(err, ERR_NOT_FOUND, "statement: the charter has no such policy");
}

/* The version is a record of this federation, and the text is the one that its author signed. */
static enum err_code check_version(struct statement *s, struct err *err) {
  const enum reason reason = record_open(s->version.envelope, &s->charter.fed_id, NULL, &s->record);
  if (reason != REASON_NONE) {
    return err_set(err, ERR_SIGNATURE, "statement: %s: %s", reason_name(reason), reason_text(reason));
  }
  if (s->record.header.kind != KIND_VERSION) {
    return err_set(err, ERR_FORMAT, "statement: a %s is no version", record_kind_name(s->record.header.kind));
  }
  if (!record_body_matches(&s->record.header, &s->version.salt, s->version.body)) {
    return err_set(err, ERR_MISMATCH, "statement: the text is not the one that its author signed");
  }
  s->object = s->record.header.has_subject ? s->record.header.subject : s->record.id;
  return OK;
}

/* An id of a policy that the charter has, or the policy itself. */
static void pass_policy(struct canon_reader *r, struct hash *id, struct view *itself) {
  const uint8_t *from = r->p;
  *itself = view_of(NULL, 0);
  if (canon_peek(r) != CANON_ARRAY) {
    canon_hash(r, id);
    return;
  }
  policy_pass(r);
  if (r->fault == NULL) *itself = view_of(from, (size_t)(r->p - from));
}

static enum err_code read_payload(struct statement *s, struct err *err) {
  struct hash policy = {{0}};
  struct view adopted;
  struct canon_reader r = canon_reader(bytes_view(&s->octets));
  canon_array_exact(&r, 6);
  canon_hash(&r, &s->home);
  read_text(&r, s->handle, sizeof s->handle);
  read_text(&r, s->reference, sizeof s->reference);
  s->number = canon_uint_max(&r, LIMIT_POSITION);
  pass_policy(&r, &policy, &adopted);
  item_read(&r, &s->version);
  if (r.fault == NULL &&
      (s->version.state != ITEM_WHOLE || s->number == 0 || !handle_is_valid(s->handle) || !is_reference(s->reference))) {
    canon_fail(&r, "a statement has a version with its text");
  }
  enum err_code code = canon_finish(&r, "statement", err);
  if (code == OK) code = adopted.len > 0 ? policy_read(adopted, &s->policy, err) : find_policy(s, &policy, err);
  return code == OK ? check_version(s, err) : code;
}

enum err_code statement_read(struct view charter_item, struct view payload, struct statement *out, struct err *err) {
  *out = (struct statement){.number = 0};
  bytes_init(&out->octets, LIMIT_BUNDLE_ITEM);
  enum err_code code = bytes_append(&out->octets, payload, err);
  if (code == OK) code = charter_decode(charter_item, &out->charter, err);
  if (code == OK) code = read_payload(out, err);
  if (code != OK) statement_release(out);
  return code;
}

enum err_code statement_write(const struct statement_parts *parts, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 6);
  canon_put_hash(&w, &parts->home);
  canon_put_text(&w, parts->handle);
  canon_put_text(&w, parts->reference);
  canon_put_uint(&w, parts->number);
  if (parts->adopted.len > 0) {
    canon_put_raw(&w, parts->adopted);
  } else {
    canon_put_hash(&w, &parts->policy);
  }
  item_write(&w, &parts->version);
  return canon_written(&w, "statement", err);
}

enum err_code statement_sign(const struct statement *s, const struct signer *reviewer, uint64_t created,
                             const struct salt *salt, struct view body, struct bytes *envelope, struct hash *id,
                             struct err *err) {
  struct header h = {.kind = KIND_ENDORSE,
                     .home = s->home,
                     .created = created,
                     .has_subject = true,
                     .subject = s->record.id,
                     .n_refs = 2,
                     .refs = {s->object, s->policy.id}};
  return record_seal(&h, &s->charter.fed_id, reviewer, salt, body, envelope, id, err);
}
