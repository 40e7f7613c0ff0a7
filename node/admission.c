/*
 * admission: reasons to refuse, in their order. See admission.h.
 */
#include "node/admission.h"

#include <string.h>

#include "node/rights.h"
#include "node/store/statement.h"
#include "node/store/unique.h"

static enum err_code check_findings(const struct schema *schema, struct view body, enum reason *reason, struct err *err) {
  struct findings findings = {.only_refused = true};
  const enum err_code code = schema_check(schema, body, &findings, err);
  if (code == OK && findings.n_refused > 0) {
    *reason = REASON_NEED;
    for (size_t i = 0; i < findings.n; i++) {
      if (findings.items[i].level == FINDING_REFUSED && strcmp(findings.items[i].code, "blob") == 0) {
        *reason = REASON_ATTACHMENT;
      }
    }
  }
  findings_release(&findings);
  return code;
}

/* The object as it stands must be the author's to change, too: nobody moves a case into his territory and changes it there. */
static enum err_code check_standing(struct append *a, const struct verdict *v, const char *country, enum reason *reason,
                                    struct err *err) {
  const struct schema *schema = schema_by_number(a->h->config.schemas, v->object.schema);
  struct bytes scratch;
  struct item item;
  if (v->territory == 0 || !v->has_object || v->object.newest == 0 || schema == NULL) {
    return OK;
  }
  bytes_init(&scratch, LIMIT_ITEM);
  const enum err_code code = entry_get(a->h->config.store, v->object.newest, &scratch, &item, err);
  if (code == OK && item.body.len > 0 && !rights_territory(v->territory, country, schema, item.body)) {
    *reason = REASON_TERRITORY;
  }
  bytes_release(&scratch);
  return code;
}

static enum err_code check_duplicate(struct append *a, const struct verdict *v, const struct schema *schema, struct view body,
                                     enum reason *reason, struct err *err) {
  int64_t twin = 0;
  const enum err_code code = unique_find(a->h->config.store, schema, a->log.no, body, &twin, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code == OK && (!v->has_object || twin != v->object.id)) {
    *reason = REASON_DUPLICATE;
  }
  return code;
}

static enum err_code check_object(struct append *a, const struct verified *entry, const struct verdict *v, const char *country,
                                  enum reason *reason, struct err *err) {
  const struct item *item = &entry->opened.item;
  const struct schema *schema = schema_by_number(a->h->config.schemas, entry->opened.record.header.args[0]);
  if (schema == NULL) {
    *reason = REASON_SCHEMA;
    return OK;
  }
  enum err_code code = check_findings(schema, item->body, reason, err);
  if (code == OK && *reason == REASON_NONE && !rights_territory(v->territory, country, schema, item->body)) {
    *reason = REASON_TERRITORY;
  }
  if (code == OK && *reason == REASON_NONE) {
    code = check_duplicate(a, v, schema, item->body, reason, err);
  }
  return code;
}

/* Whose endorsement stands at a rowid: a person of the node's own log. Store errors. */
static enum err_code endorser(struct append *a, int64_t rowid, uint64_t *person, struct err *err) {
  static const char sql[] = "SELECT person FROM endorsement WHERE id >= :id AND id <= :same";
  const enum err_code code =
      statement_number(a->h->config.store, sql, rowid, rowid, "endorsement", "it has no effect", person, err);
  *person = code == OK ? *person : 0;
  return code == ERR_NOT_FOUND ? OK : code;
}

/* What takes an endorsement back: that must be here, and by the same author, or by the same person of the own log. Nobody fills
 * a log with withdrawals of what is not his. */
static enum err_code check_taken_back(struct append *a, const struct verified *entry, const struct verdict *v,
                                      enum reason *reason, struct err *err) {
  const struct header *h = &entry->opened.record.header;
  const struct hash *fed_id = &a->h->derivation.fed_id;
  struct record signature;
  struct bytes scratch;
  struct item item;
  int64_t rowid = 0;
  uint64_t person = 0;
  bytes_init(&scratch, LIMIT_ITEM);
  enum err_code code = entry_find(a->h->config.store, fed_id, &h->subject, &rowid, err);
  if (code == OK && (code = entry_get(a->h->config.store, rowid, &scratch, &item, err)) == OK &&
      (record_reopen(item.envelope, fed_id, &signature) != REASON_NONE || signature.header.kind != KIND_ENDORSE ||
       !hash_equal(&signature.header.home, &h->home))) {
    *reason = REASON_SUBJECT;
  } else if (code == OK && !pubkey_equal(&signature.header.author, &h->author)) {
    code = endorser(a, rowid, &person, err);
    *reason = code == OK && (v->person == 0 || v->person != person) ? REASON_AUTHOR : *reason;
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    *reason = REASON_SUBJECT;
    code = OK;
  }
  bytes_release(&scratch);
  return code;
}

enum err_code admission_check(struct append *a, const struct verified *entry, enum reason *reason, struct err *err) {
  const struct federation_member *self = federation_self(a->h->config.federation);
  struct verdict v;
  *reason = REASON_NONE;
  if (self == NULL || (a->log.range.size == 0 && entry->opened.kind != KIND_IDENTITY) ||
      hall_frozen(a->h, &a->log.node, a->log.gen, UINT64_MAX, NULL) != OK) {
    *reason = REASON_NOT_YET;
    return OK;
  }
  enum err_code code = append_try(a, entry, &v, err);
  *reason = v.reason;
  if (code != OK || v.reason != REASON_NONE) {
    return code;
  }
  if (entry->fault != NULL) {
    *reason = REASON_BODY; /* a body that is missing, or does not match: nothing that evaluation would look at */
    return OK;
  }
  if (entry->opened.kind == KIND_ENDORSE_WITHDRAW) {
    return check_taken_back(a, entry, &v, reason, err);
  }
  code = check_standing(a, &v, self->member->country, reason, err);
  if (code == OK && *reason == REASON_NONE && entry->opened.kind == KIND_VERSION) {
    code = check_object(a, entry, &v, self->member->country, reason, err);
  }
  return code;
}
