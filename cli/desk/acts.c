/*
 * acts: what the desk's forms do: show what would be signed, sign it, take it back, lock. What is signed is what was shown: it
 * is kept here with the form's secret, and nothing of it comes back from the browser. See desk.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/certificate.h"
#include "cli/desk/desk.h"
#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "cli/json_text.h"
#include "cli/submit.h"
#include "keys/text.h"

#define FORM_MAX ((size_t)32 * 1024) /* octets of a form */
#define HAND_IN_MS 2000u             /* that a home far away has for its answer, while the pages stand still */

/* ---- forms that come back ---- */

/* The form's fields. Browsers end the lines of a text with CR LF: here they end with LF. The page that answers it has no
 * address of its own: its links to other languages lead to the object. */
static enum err_code read_form(struct request *r, struct params *out, struct err *err) {
  static const char cr[] = "%0D";
  struct bytes body;
  struct view rest = r->body;
  enum err_code code = OK;
  if (rest.len > FORM_MAX) {
    return err_set(err, ERR_USAGE, "a form has at most %zu octets", FORM_MAX);
  }
  bytes_init(&body, FORM_MAX);
  (void)snprintf(r->path, sizeof r->path, "/%s", r->captures[0][0] == '\0' ? "desk" : r->captures[0]);
  while (code == OK && rest.len > 0) {
    const uint8_t *at = memmem(rest.p, rest.len, cr, sizeof cr - 1);
    const size_t len = at == NULL ? rest.len : (size_t)(at - rest.p), skip = at == NULL ? 0 : sizeof cr - 1;
    code = bytes_append(&body, view_of(rest.p, len), err);
    rest = view_of(rest.p + len + skip, rest.len - len - skip);
  }
  if (code == OK && params_read(bytes_view(&body), out, err) != OK) {
    code = err->code = ERR_USAGE;
  }
  bytes_release(&body);
  return code;
}

static enum err_code no_such_form(struct err *err) {
  err_set(err, ERR_REFUSED, "this form was sent already, or is too old");
  return err_hint(err, "open the page of the object again");
}

/* ---- what is shown ---- */

/* The object that a form is about, as it stands now: the caller decrefs *json. ERR_REFUSED where it is not what was shown. */
static enum err_code look_again(struct request *r, const struct here *here, const json_t *shown, json_t **json,
                                const json_t **statement, struct err *err) {
  int64_t rowid = 0;
  enum err_code code = query_object(here->store, &here->federation, here->schemas, text_of(shown, "id"), &rowid, err);
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, rowid, r->lang, json, NULL, err);
  }
  if (code != OK) {
    return code;
  }
  *statement = endorsement_newest(json_object_get(*json, "endorsement"));
  if (strcmp(text_of(*statement, "version_id"), text_of(shown, "version_id")) != 0 ||
      strcmp(text_of(json_object_get(*statement, "policy"), "id"), text_of(shown, "policy_id")) != 0) {
    err_set(err, ERR_REFUSED, "%s has a newer version, which you have not seen", text_of(*json, "reference"));
    return err_hint(err, "read it first");
  }
  return endorsing_may(&here->federation, *json, *statement, err);
}

/* What the confirmation shows, and keeps with its form. said is stolen. */
static json_t *describe(json_t *json, const json_t *statement, json_t *said, size_t carried) {
  json_t *policy = json_object_get(statement, "policy");
  return json_pack("{s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:s, s:o, s:I, s:O}", "reference", text_of(json, "reference"), "id",
                   text_of(json, "id"), "title", text_of(json, "title"), "version", json_object_get(statement, "version"),
                   "version_reference", text_of(statement, "version_reference"), "version_id", text_of(statement, "version_id"),
                   "policy_id", text_of(policy, "id"), "sentence", text_of(policy, "sentence"), "said", said, "carried",
                   (json_int_t)carried, "json", json);
}

static enum err_code read_criteria(const struct params *form, const json_t *policy, json_t *said, struct err *err) {
  json_t *list = json_array();
  (void)json_object_set_new(said, "criteria", list);
  for (size_t i = 0; i < form->n; i++) {
    if (strcmp(form->rows[i].name, "criteria") != 0) {
      continue;
    }
    if (!endorsing_is_criterion(policy, form->rows[i].value)) {
      return err_set(err, ERR_USAGE, "'%.40s' is none of the policy's criteria", form->rows[i].value);
    }
    (void)json_array_append_new(list, json_string(form->rows[i].value));
  }
  return json_array_size(list) > 0 ? OK : err_set(err, ERR_USAGE, "an endorsement affirms one criterion at least");
}

static enum err_code read_said(const struct request *r, const struct params *form, const json_t *policy, json_t *said,
                               struct err *err) {
  const char *language = params_get(form, "language"), *interest = params_get(form, "interest");
  const char *remark = params_get(form, "remark");
  enum err_code code = read_criteria(form, policy, said, err);
  if (code == OK && (code = endorsing_check_language("language", language == NULL ? "" : language, err)) == OK &&
      (code = endorsing_check_text("interest", interest, err)) == OK) {
    code = endorsing_check_text("remark", remark, err);
  }
  if (language != NULL) {
    (void)json_object_set_new(said, "language", json_string(language));
  }
  if (interest != NULL) {
    (void)json_object_set_new(said, "interest", json_string(interest));
  }
  if (remark != NULL) {
    (void)json_object_set_new(said, "remark", json_pack("{s:s}", r->lang, remark));
  }
  return code;
}

/* As an earlier version was signed. */
static enum err_code take_said(const struct desk *d, const json_t *json, json_t *said, size_t *number, struct err *err) {
  const json_t *before = endorsing_mine_before(json_object_get(json, "endorsement"), d->key, number);
  if (before == NULL) {
    return err_set(err, ERR_NOT_FOUND, "you endorsed no earlier version of %s", text_of(json, "reference"));
  }
  endorsing_carry(said, before);
  return OK;
}

/* The page that shows what would be signed: of the form's fields, or as before. */
static enum err_code confirm(struct request *r, bool carry, struct err *err) {
  const struct desk *d = desk_of(r);
  struct params form;
  json_t *json = NULL, *said = json_object(), *model = NULL;
  const json_t *statement = NULL, *shown = NULL;
  size_t carried = 0;
  enum err_code code = read_form(r, &form, err);
  if (code == OK && (shown = browser_look(&d->browser, BROWSER_REVIEW, params_get(&form, "form"))) == NULL) {
    code = no_such_form(err);
  }
  if (code == OK && (code = look_again(r, &d->here, shown, &json, &statement, err)) == OK) {
    code =
        carry ? take_said(d, json, said, &carried, err) : read_said(r, &form, json_object_get(statement, "policy"), said, err);
  }
  if (code == OK) {
    model = describe(json, statement, json_incref(said), carried);
    code = model == NULL ? err_set(err, ERR_MEMORY, NULL) : desk_answer(r, desk_confirm_show, model, err);
  }
  json_decref(model);
  json_decref(said);
  json_decref(json);
  return code;
}

enum err_code desk_look(struct request *r, struct err *err) {
  return confirm(r, false, err);
}

enum err_code desk_carry(struct request *r, struct err *err) {
  return confirm(r, true, err);
}

/* References of the own signatures of an object that were not taken back. */
static json_t *own_signatures(const struct desk *d, const json_t *json) {
  json_t *out = json_array(), *statement = NULL, *signature = NULL;
  size_t i = 0, k = 0;
  json_array_foreach(json_object_get(json_object_get(json, "endorsement"), "statements"), i, statement) {
    json_array_foreach(json_object_get(statement, "endorsements"), k, signature) {
      if (endorsing_is_by(signature, d->key)) {
        (void)json_array_append(out, json_object_get(signature, "reference"));
      }
    }
  }
  return out;
}

enum err_code desk_withdraw(struct request *r, struct err *err) {
  const struct desk *d = desk_of(r);
  struct params form;
  json_t *json = NULL, *model = NULL;
  const json_t *statement = NULL, *shown = NULL;
  enum err_code code = read_form(r, &form, err);
  if (code == OK && (shown = browser_look(&d->browser, BROWSER_REVIEW, params_get(&form, "form"))) == NULL) {
    code = no_such_form(err);
  }
  if (code == OK && (code = look_again(r, &d->here, shown, &json, &statement, err)) == OK) {
    model = json_pack("{s:s, s:s, s:s, s:o}", "reference", text_of(json, "reference"), "id", text_of(json, "id"), "title",
                      text_of(json, "title"), "signatures", own_signatures(d, json));
    code = model == NULL ? err_set(err, ERR_MEMORY, NULL) : desk_answer(r, desk_take_back_show, model, err);
  }
  json_decref(model);
  json_decref(json);
  return code;
}

/* ---- what is done ---- */

/* An open way into the own log, with the key that is open lent to it. On a replica what is signed is kept before it is handed
 * in: a home that is slow is not waited for, and the next one who hands in tries again. */
static enum err_code open_way(struct request *r, struct desk *d, struct submit *s, struct err *err) {
  struct cli cli = desk_cli(d, r->lang);
  if (home_is_replica(&d->here.home) && cli.timeout_ms > HAND_IN_MS) {
    cli.timeout_ms = HAND_IN_MS;
  }
  enum err_code code = submit_open(&cli, s, err);
  if (code == OK) {
    code = certificate_needed(&s->here, &d->card.key, err);
  }
  return code == OK ? lock_lend(&d->lock, &s->person, err) : code; /* minutes may end while the way is opened */
}

static void close_way(struct submit *s) {
  s->person = (struct signer){.secret = NULL}; /* the lock's */
  submit_release(s);
}

static enum err_code sign_now(struct request *r, struct desk *d, const json_t *shown, char reference[REFERENCE_MAX],
                              struct err *err) {
  struct submit s = {.ctl = NULL};
  json_t *json = NULL;
  const json_t *statement = NULL;
  enum err_code code = open_way(r, d, &s, err);
  if (code == OK && (code = look_again(r, &s.here, shown, &json, &statement, err)) == OK) {
    code = endorsing_mine(statement, d->key) != NULL
               ? err_set(err, ERR_REFUSED, "you have endorsed this version already")
               : endorsing_sign(&s, json, statement, json_object_get(shown, "said"), reference, err);
  }
  json_decref(json);
  close_way(&s);
  return code;
}

static enum err_code take_back_now(struct request *r, struct desk *d, const json_t *shown, char reference[REFERENCE_MAX],
                                   struct err *err) {
  struct submit s = {.ctl = NULL};
  json_t *json = NULL;
  int64_t rowid = 0;
  enum err_code code = open_way(r, d, &s, err);
  if (code == OK &&
      (code = query_object(s.here.store, &s.here.federation, s.here.schemas, text_of(shown, "id"), &rowid, err)) == OK &&
      (code = query_show(s.here.store, &s.here.federation, s.here.schemas, rowid, r->lang, &json, NULL, err)) == OK) {
    code = endorsing_has_mine(json_object_get(json, "endorsement"), d->key)
               ? endorsing_take_back(&s, json, d->key, reference, err)
               : err_set(err, ERR_NOT_FOUND, "you have not endorsed %s", text_of(json, "reference"));
  }
  json_decref(json);
  close_way(&s);
  return code;
}

/* Told by the next page. */
static void note(struct desk *d, const json_t *shown, enum err_code code, const char *done, const char *reference,
                 const struct err *err) {
  struct desk_note *n = &d->note;
  *n = (struct desk_note){.good = code == OK};
  (void)snprintf(n->reference, sizeof n->reference, "%s", text_of(shown, "reference"));
  if (code == OK) {
    (void)snprintf(n->text, sizeof n->text, "%s %s", done, reference);
  } else {
    (void)snprintf(n->text, sizeof n->text, "%.*s", (int)sizeof n->text - 1, err->message);
    (void)snprintf(n->hint, sizeof n->hint, "%.*s", (int)sizeof n->hint - 1, err->hint);
  }
  n->text[text_valid_prefix(view_of_text(n->text))] = '\0';
  n->hint[text_valid_prefix(view_of_text(n->hint))] = '\0';
}

/* A form that acts is taken once. While the key is locked it is shown again, with another secret. */
static enum err_code act(struct request *r, enum browser_use use, json_t **shown, bool *locked, struct err *err) {
  struct desk *d = desk_of(r);
  struct params form;
  enum err_code code = read_form(r, &form, err);
  if (code != OK) {
    return code;
  }
  *shown = browser_take(&d->browser, use, params_get(&form, "form"));
  if (*shown == NULL) {
    return no_such_form(err);
  }
  if (lock_key(&d->lock) == NULL) {
    d->want(d->context);
  }
  *locked = lock_key(&d->lock) == NULL;
  return OK;
}

static void go_to_done(struct request *r, const json_t *shown) {
  char path[REFERENCE_MAX + 16];
  (void)snprintf(path, sizeof path, "/desk/%s/done", text_of(shown, "reference"));
  desk_go(r, path);
}

enum err_code desk_sign(struct request *r, struct err *err) {
  struct desk *d = desk_of(r);
  char reference[REFERENCE_MAX] = "";
  json_t *shown = NULL;
  bool locked = false;
  enum err_code code = act(r, BROWSER_SIGN, &shown, &locked, err);
  if (code == OK && locked) {
    code = desk_answer(r, desk_confirm_show, shown, err);
  } else if (code == OK) {
    const enum err_code done = sign_now(r, d, shown, reference, err);
    note(d, shown, done, desk_word(r, "Signed, and in the log at", "Firmata, e nel registro in"), reference, err);
    d->n_signed += done == OK || done == ERR_QUEUED;
    err_clear(err);
    go_to_done(r, shown);
  }
  json_decref(shown);
  return code;
}

enum err_code desk_take_back(struct request *r, struct err *err) {
  struct desk *d = desk_of(r);
  char reference[REFERENCE_MAX] = "";
  json_t *shown = NULL;
  bool locked = false;
  enum err_code code = act(r, BROWSER_TAKE_BACK, &shown, &locked, err);
  if (code == OK && locked) {
    code = desk_answer(r, desk_take_back_show, shown, err);
  } else if (code == OK) {
    const enum err_code done = take_back_now(r, d, shown, reference, err);
    note(d, shown, done, desk_word(r, "Taken back, in the log at", "Ritirata, nel registro in"), reference, err);
    d->n_taken_back += done == OK || done == ERR_QUEUED;
    err_clear(err);
    go_to_done(r, shown);
  }
  json_decref(shown);
  return code;
}

enum err_code desk_lock(struct request *r, struct err *err) {
  struct desk *d = desk_of(r);
  struct params form;
  const enum err_code code = read_form(r, &form, err);
  json_t *shown = code == OK ? browser_take(&d->browser, BROWSER_LOCK, params_get(&form, "form")) : NULL;
  if (code == OK && shown == NULL) {
    return no_such_form(err);
  }
  lock_close(&d->lock);
  desk_go(r, "/desk");
  json_decref(shown);
  return code;
}
