/*
 * endorsing: see endorsing.h.
 */
#include "cli/endorsing.h"

#include <stdlib.h>
#include <string.h>

#include "cli/endorsement.h"
#include "cli/json_text.h"
#include "cli/said.h"
#include "keys/text.h"
#include "protocol/schema/value.h"

static enum err_code hash_at(const json_t *json, const char *key, struct hash *out, struct err *err) {
  return hash_from_hex(view_of_text(text_of(json, key)), out, err);
}

bool endorsing_is_by(const json_t *signature, const char *key) {
  return strcmp(text_of(signature, "key"), key) == 0 && strcmp(text_of(signature, "standing"), "withdrawn") != 0;
}

const json_t *endorsing_mine(const json_t *statement, const char *key) {
  size_t i;
  json_t *signature;
  json_array_foreach(json_object_get(statement, "endorsements"), i, signature) {
    if (endorsing_is_by(signature, key)) {
      return signature;
    }
  }
  return NULL;
}

const json_t *endorsing_mine_before(const json_t *endorsement, const char *key, size_t *number) {
  const size_t newest = (size_t)json_integer_value(json_object_get(endorsement, "versions"));
  size_t i;
  json_t *statement;
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    const json_t *mine = endorsing_mine(statement, key);
    *number = (size_t)json_integer_value(json_object_get(statement, "version"));
    if (mine != NULL && *number > 0 && *number < newest) {
      return mine;
    }
  }
  return NULL;
}

bool endorsing_has_mine(const json_t *endorsement, const char *key) {
  size_t i;
  json_t *statement;
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    if (endorsing_mine(statement, key) != NULL) {
      return true;
    }
  }
  return false;
}

enum err_code endorsing_may(const struct federation *f, const json_t *json, const json_t *statement, struct err *err) {
  const char *home = text_of(json_object_get(json, "home"), "handle");
  if (statement == NULL) {
    return err_set(err, ERR_REFUSED, "this observatory has no policy of endorsement");
  }
  if (strcmp(text_of(json, "state"), "withdrawn") == 0) {
    return err_set(err, ERR_REFUSED, "%s was withdrawn", text_of(json, "reference"));
  }
  if (json_is_true(json_object_get(json_object_get(statement, "policy"), "exclude_home")) &&
      strcmp(home, federation_handle(f, &f->own)) == 0) {
    err_set(err, ERR_REFUSED, "%s is of your own node: by the policy of this observatory its own reviewers do not count",
            text_of(json, "reference"));
    return err_hint(err, "reviewers of other members see it in their queue: specola queue");
  }
  return OK;
}

bool endorsing_is_criterion(const json_t *policy, const char *code) {
  size_t i;
  json_t *known;
  json_array_foreach(json_object_get(policy, "criteria"), i, known) {
    if (strcmp(json_string_value(known), code) == 0) {
      return true;
    }
  }
  return false;
}

enum err_code endorsing_check_text(const char *option, const char *text, struct err *err) {
  if (text != NULL && (!text_is_valid(view_of_text(text)) || text_length(view_of_text(text)) > ENDORSING_TEXT_CHARS)) {
    return err_set(err, ERR_USAGE, "%s: not a text of at most %d characters", option, ENDORSING_TEXT_CHARS);
  }
  return OK;
}

enum err_code endorsing_check_language(const char *option, const char *tag, struct err *err) {
  return tag[0] == '\0' || value_is_tag(view_of_text(tag))
             ? OK
             : err_set(err, ERR_USAGE, "%s: '%.40s' is no language tag", option, tag);
}

void endorsing_carry(json_t *said, const json_t *before) {
  static const char *const keys[] = {"criteria", "interest", "language", "remark"};
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    json_t *value = json_object_get(before, keys[i]);
    if (value != NULL) {
      (void)json_object_set(said, keys[i], value);
    }
  }
}

static enum err_code send(struct submit *s, const struct batch *batch, char reference[REFERENCE_MAX], struct err *err) {
  struct receipt *receipt = calloc(1, sizeof *receipt);
  if (receipt == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = submit_send(s, batch, receipt, err);
  for (uint32_t i = 0; code == OK && i < batch->n; i++) {
    if (receipt->rows[i].state != RECEIPT_LOGGED) {
      code = submit_not_logged(s, &receipt->rows[i], err);
    } else {
      reference_format(&s->here.federation, &receipt->node, receipt->rows[i].gen, receipt->rows[i].index, reference);
    }
  }
  free(receipt);
  return code;
}

static enum err_code seal(struct submit *s, const json_t *json, const json_t *statement, json_t *said, struct batch *batch,
                          struct err *err) {
  struct hash object, version, policy;
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  enum err_code code = said_encode(said, &body, err);
  if (code == OK && (code = hash_at(json, "id", &object, err)) == OK &&
      (code = hash_at(statement, "version_id", &version, err)) == OK &&
      (code = hash_at(json_object_get(statement, "policy"), "id", &policy, err)) == OK) {
    code = submit_seal_endorsement(s, &object, &version, &policy, bytes_view(&body), batch, err);
  }
  bytes_release(&body);
  return code;
}

static enum err_code seal_taken_back(struct submit *s, const json_t *json, const char *key, struct batch *batch,
                                     struct err *err) {
  size_t i, k;
  json_t *statement, *signature;
  struct hash id;
  enum err_code code = OK;
  json_array_foreach(json_object_get(json_object_get(json, "endorsement"), "statements"), i, statement) {
    json_array_foreach(json_object_get(statement, "endorsements"), k, signature) {
      if (code == OK && endorsing_is_by(signature, key) && batch->n < LIMIT_SUBMIT &&
          (code = hash_at(signature, "id", &id, err)) == OK) {
        code = submit_seal_endorsement_withdrawal(s, &id, batch, err);
      }
    }
  }
  return code;
}

enum err_code endorsing_sign(struct submit *s, const json_t *json, const json_t *statement, json_t *said,
                             char reference[REFERENCE_MAX], struct err *err) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = seal(s, json, statement, said, batch, err);
  code = code == OK ? send(s, batch, reference, err) : code;
  batch_clear(batch);
  free(batch);
  return code;
}

enum err_code endorsing_take_back(struct submit *s, const json_t *json, const char *key, char reference[REFERENCE_MAX],
                                  struct err *err) {
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = seal_taken_back(s, json, key, batch, err);
  code = code == OK ? send(s, batch, reference, err) : code;
  batch_clear(batch);
  free(batch);
  return code;
}
