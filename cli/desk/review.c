/*
 * review: what the person can do about an object, behind its content; and the pages that show, before anything is signed,
 * exactly what would be. See desk.h.
 */
#include <stdio.h>
#include <string.h>

#include "cli/certificate.h"
#include "cli/changes.h"
#include "cli/desk/desk.h"
#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "cli/render.h"
#include "node/store/evaluate.h"

#define VALUE_MAX ((size_t)64 * 1024) /* octets of a value that a page shows */

/* ---- forms ---- */

void desk_form_open(struct request *r, struct html *h, const char *reference, const char *act, enum browser_use use,
                    json_t *what) {
  char action[REFERENCE_MAX + 64], secret[BROWSER_SECRET_HEX];
  if (what == NULL) {
    h->code = ERR_MEMORY;
    return;
  }
  browser_form(&desk_of(r)->browser, use, what, secret);
  (void)snprintf(action, sizeof action, "/%s/desk/%s%s%s", r->lang, reference == NULL ? "" : reference,
                 reference == NULL ? "" : "/", act);
  html_open(h, "form");
  html_attr(h, "method", "post");
  html_attr(h, "action", action);
  html_attr(h, "class", "act");
  html_void(h, "input");
  html_attr(h, "type", "hidden");
  html_attr(h, "name", "form");
  html_attr(h, "value", secret);
}

/* What the forms of an object's page are about. */
static json_t *about(const json_t *model, const json_t *statement) {
  return json_pack("{s:s, s:s, s:s}", "id", text_at(model, "id"), "version_id", text_at(statement, "version_id"), "policy_id",
                   text_at(json_object_get(statement, "policy"), "id"));
}

static void put_label(struct html *h, const char *id, const char *text) {
  html_open(h, "label");
  html_attr(h, "for", id);
  html_text(h, text);
  html_close(h);
}

static void put_hint(struct html *h, const char *id, const char *text) {
  html_open(h, "p");
  html_attr(h, "class", "hint");
  html_attr(h, "id", id);
  html_text(h, text);
  html_close(h);
}

static const char *criterion_label(const struct request *r, const char *code) {
  const struct vocabulary *words = vocabulary_by_name(r->site->schemas, "criteria");
  const char *label = words == NULL || code == NULL ? NULL : vocabulary_label(words, view_of_text(code), r->lang);
  return label != NULL ? label : code == NULL ? "?" : code;
}

static void put_criteria_boxes(struct request *r, struct html *h, const json_t *policy) {
  const json_t *code = NULL;
  size_t i = 0;
  html_open(h, "fieldset");
  html_element(h, "legend", NULL, desk_word(r, "What you affirm of it", "Che cosa ne afferma"));
  html_open(h, "ul");
  json_array_foreach(json_object_get(policy, "criteria"), i, code) {
    html_open(h, "li");
    html_open(h, "label");
    html_void(h, "input");
    html_attr(h, "type", "checkbox");
    html_attr(h, "name", "criteria");
    html_attr(h, "value", json_string_value(code));
    html_flag(h, "checked");
    html_element(h, "span", NULL, criterion_label(r, json_string_value(code)));
    html_close(h);
    html_close(h);
  }
  html_close(h);
  html_close(h);
}

static void put_texts(struct request *r, struct html *h) {
  put_label(h, "language", desk_word(r, "Language in which you read it", "Lingua in cui l'ha letto"));
  html_void(h, "input");
  html_attr(h, "type", "text");
  html_attr(h, "id", "language");
  html_attr(h, "name", "language");
  html_attr_uint(h, "maxlength", 35);
  html_attr(h, "aria-describedby", "language-hint");
  put_hint(h, "language-hint",
           desk_word(r, "A code: it, en, fr, … Empty: not told.", "Un codice: it, en, fr, … Vuoto: non detto."));
  put_label(h, "interest", desk_word(r, "What ties you to it", "Che cosa La lega ad esso"));
  html_void(h, "input");
  html_attr(h, "type", "text");
  html_attr(h, "id", "interest");
  html_attr(h, "name", "interest");
  html_attr_uint(h, "maxlength", ENDORSING_TEXT_CHARS);
  html_attr(h, "aria-describedby", "interest-hint");
  put_hint(h, "interest-hint", desk_word(r, "For everybody to read. Empty: nothing.", "Leggibile da tutti. Vuoto: nulla."));
  put_label(h, "remark", desk_word(r, "Remark, in English", "Osservazione, in italiano"));
  html_open(h, "textarea");
  html_attr(h, "id", "remark");
  html_attr(h, "name", "remark");
  html_attr_uint(h, "rows", 4);
  html_attr_uint(h, "maxlength", ENDORSING_TEXT_CHARS);
  html_attr(h, "aria-describedby", "remark-hint");
  html_close(h);
  put_hint(h, "remark-hint", desk_word(r, "For everybody to read. Empty: none.", "Leggibile da tutti. Vuoto: nessuna."));
}

/* ---- behind an object's content ---- */

static void show_form(struct request *r, struct html *h, const json_t *model, const json_t *statement) {
  const json_t *policy = json_object_get(statement, "policy");
  desk_form_open(r, h, text_at(model, "reference"), "look", BROWSER_REVIEW, about(model, statement));
  html_element(h, "p", "lead", text_at(policy, "sentence"));
  put_criteria_boxes(r, h, policy);
  put_texts(r, h);
  html_open(h, "p");
  put_button(h, desk_word(r, "See what would be signed", "Vedere che cosa si firmerebbe"));
  html_close(h);
  html_close(h);
}

static void show_button(struct request *r, struct html *h, const json_t *model, const json_t *statement, const char *act,
                        const char *text) {
  desk_form_open(r, h, text_at(model, "reference"), act, BROWSER_REVIEW, about(model, statement));
  if (strcmp(act, "withdraw") == 0) {
    html_open(h, "button");
    html_attr(h, "type", "submit");
    html_attr(h, "class", "quiet");
    html_text(h, text);
    html_close(h);
  } else {
    put_button(h, text);
  }
  html_close(h);
}

void desk_put_since(struct request *r, struct html *h, const json_t *json, size_t number) {
  const struct desk *d = desk_of(r);
  const struct cli cli = desk_cli(d, r->lang);
  struct bytes line;
  bytes_init(&line, VALUE_MAX);
  endorsement_since(&cli, &d->here, json, number, &line);
  if (line.len > 0) {
    html_open(h, "p");
    html_text(h, desk_word(r, "Since then: ", "Da allora: "));
    html_text_view(h, bytes_view(&line));
    html_text(h, ".");
    html_close(h);
  }
  bytes_release(&line);
}

static void say_mine(struct request *r, struct html *h, const json_t *mine, size_t number) {
  char text[64];
  (void)snprintf(text, sizeof text, "%s %zu (", desk_word(r, "You endorsed version", "Ha convalidato la versione"), number);
  html_open(h, "p");
  html_attr(h, "class", "banner");
  html_text(h, text);
  html_element(h, "span", "ref", text_at(mine, "reference"));
  html_text(h, ", ");
  put_day(r, h, int_at(mine, "created"));
  html_text(h, ").");
  html_close(h);
}

/* What the person may do about a statement that can be signed here. */
static void show_acts(struct request *r, struct html *h, const json_t *model, const json_t *json, const json_t *statement) {
  const struct desk *d = desk_of(r);
  const json_t *endorsement = json_object_get(json, "endorsement");
  size_t number = (size_t)int_at(statement, "version");
  const json_t *mine = endorsing_mine(statement, d->key);
  if (mine == NULL) {
    const json_t *before = endorsing_mine_before(endorsement, d->key, &number);
    if (before != NULL) {
      say_mine(r, h, before, number);
      desk_put_since(r, h, json, number);
      show_button(r, h, model, statement, "carry", desk_word(r, "Carry it on to this version", "Portarla su questa versione"));
      html_open(h, "details");
      html_element(h, "summary", NULL,
                   desk_word(r, "Sign this version with other words", "Firmare questa versione con altre parole"));
    }
    show_form(r, h, model, statement);
    if (before != NULL) {
      html_close(h);
    }
  } else {
    say_mine(r, h, mine, number);
  }
  if (endorsing_has_mine(endorsement, d->key)) {
    show_button(r, h, model, statement, "withdraw", desk_word(r, "Take your endorsement back", "Ritirare la convalida"));
  }
}

/* What stands against signing. */
static enum err_code look_refused(struct request *r, const json_t *json, const json_t *statement, struct err *err) {
  const struct desk *d = desk_of(r);
  struct certified certified = {.roles = 0};
  enum err_code code = endorsing_may(&r->site->now->federation, json, statement, err);
  if (code == OK) {
    code = certificate_needed(&d->here, &d->card.key, err);
  }
  if (code == OK && (code = certificate_of(&d->here, &d->card.key, &certified, err)) == OK &&
      (certified.roles & ROLE_REVIEWER) == 0) {
    code = err_set(err, ERR_REFUSED, "your certificate does not say reviewer");
    (void)err_hint(err, "the coordinator of your node can change it: specola person certify FILE.pub --role reviewer");
  }
  return code;
}

static void show_refused(struct request *r, struct html *h, const struct err *err) {
  html_element(h, "p", "banner", desk_word(r, "You cannot endorse this.", "Non può convalidare questo."));
  html_open(h, "p");
  html_attr(h, "class", "hint");
  html_attr(h, "lang", "en");
  html_text(h, err->message);
  html_text(h, ". ");
  html_text(h, err->hint);
  html_close(h);
}

void desk_review_show(struct request *r, struct html *h, const json_t *model) {
  const struct desk *d = desk_of(r);
  struct err err = ERR_INIT;
  json_t *json = NULL;
  int64_t rowid = 0;
  html_open(h, "section");
  html_attr(h, "class", "review");
  html_attr(h, "aria-labelledby", "review");
  html_open(h, "h2");
  html_attr(h, "id", "review");
  html_text(h, desk_word(r, "Your review", "La Sua revisione"));
  html_close(h);
  enum err_code code =
      query_object(d->here.store, &r->site->now->federation, d->here.schemas, text_at(model, "id"), &rowid, &err);
  if (code == OK) {
    code = query_show(d->here.store, &r->site->now->federation, d->here.schemas, rowid, r->lang, &json, NULL, &err);
  }
  const json_t *statement = endorsement_newest(json_object_get(json, "endorsement"));
  if (code == OK) {
    code = look_refused(r, json, statement, &err);
  }
  if (code != OK) {
    show_refused(r, h, &err);
  } else if (strcmp(text_at(model, "shown"), text_at(statement, "version_reference")) != 0) {
    html_element(h, "p", NULL,
                 desk_word(r, "Only the newest version can be endorsed.", "Si può convalidare solo la versione più recente."));
  } else if (json_object_get(model, "takedown") != NULL) {
    html_element(h, "p", NULL, desk_word(r, "There is no text to read.", "Non c'è un testo da leggere."));
  } else {
    show_acts(r, h, model, json, statement);
    desk_show_lock(r, h);
  }
  html_close(h);
  json_decref(json);
}

/* ---- before it is signed ---- */

void desk_put_criteria(struct request *r, struct html *h, const json_t *codes) {
  const json_t *code = NULL;
  size_t i = 0;
  html_open(h, "ul");
  json_array_foreach(codes, i, code) {
    html_element(h, "li", NULL, criterion_label(r, json_string_value(code)));
  }
  html_close(h);
}

static void put_value(struct request *r, struct html *h, const struct schema *schema, const json_t *change, const char *key,
                      const char *sign) {
  const struct cli quiet = desk_cli(desk_of(r), r->lang);
  struct cli cli = quiet;
  const struct field *field = schema == NULL ? NULL : schema_field(schema, view_of_text(text_at(change, "field")));
  json_t *value = json_object_get(change, key);
  struct bytes text;
  if (value == NULL) {
    return;
  }
  bytes_init(&text, VALUE_MAX);
  render_value(&cli, schema, field, value, &text);
  html_open(h, "p");
  html_attr(h, "class", sign[0] == '+' ? "came" : "went");
  html_element(h, "strong", NULL, sign[0] == '+' ? desk_word(r, "now: ", "ora: ") : desk_word(r, "before: ", "prima: "));
  html_text_view(h, bytes_view(&text));
  html_close(h);
  bytes_release(&text);
}

/* The body of a version of an object; NULL: it is not here. The caller decrefs. */
static json_t *body_of(struct request *r, const json_t *json, size_t number) {
  const struct desk *d = desk_of(r);
  const json_t *version = json_array_get(json_object_get(json, "versions"), number - 1);
  json_t *shown = NULL;
  if (number == 0 || version == NULL ||
      query_show(d->here.store, &r->site->now->federation, d->here.schemas, int_at(version, "rowid"), r->lang, &shown, NULL,
                 NULL) != OK) {
    return NULL;
  }
  json_t *body = json_incref(json_object_get(shown, "body"));
  json_decref(shown);
  return body;
}

void desk_put_difference(struct request *r, struct html *h, const json_t *json, size_t number) {
  const struct schema *schema = schema_by_kind(r->site->schemas, text_at(json, "kind"));
  const struct cli cli = desk_cli(desk_of(r), r->lang);
  json_t *before = body_of(r, json, number), *after = body_of(r, json, json_array_size(json_object_get(json, "versions")));
  json_t *changes = NULL;
  const json_t *change = NULL;
  size_t i = 0;
  if (json_is_object(before) && json_is_object(after) && difference(schema, before, after, &changes, NULL) == OK) {
    changes_label(&cli, schema, changes);
    json_array_foreach(changes, i, change) {
      html_open(h, "h3");
      html_text(h, text_at(change, "label"));
      if (text_at(change, "tag")[0] != '\0') {
        html_text(h, " (");
        html_text(h, text_at(change, "tag"));
        html_text(h, ")");
      }
      html_close(h);
      put_value(r, h, schema, change, "before", "-");
      put_value(r, h, schema, change, "after", "+");
    }
  }
  json_decref(changes);
  json_decref(before);
  json_decref(after);
}

static void put_object(struct request *r, struct html *h, const json_t *model) {
  char text[64];
  open_pair(h, desk_word(r, "Object", "Oggetto"));
  html_open(h, "strong");
  html_text(h, text_at(model, "title"));
  html_close(h);
  html_text(h, " ");
  html_element(h, "span", "ref", text_at(model, "reference"));
  html_void(h, "br");
  html_element(h, "code", NULL, text_at(model, "id"));
  close_pair(h);
  (void)snprintf(text, sizeof text, "%jd ", (intmax_t)int_at(model, "version"));
  open_pair(h, phrase(P_VERSION, r->lang));
  html_text(h, text);
  html_element(h, "span", "ref", text_at(model, "version_reference"));
  html_void(h, "br");
  html_element(h, "code", NULL, text_at(model, "version_id"));
  close_pair(h);
  open_pair(h, desk_word(r, "Policy", "Regola"));
  html_text(h, text_at(model, "sentence"));
  html_void(h, "br");
  html_element(h, "code", NULL, text_at(model, "policy_id"));
  close_pair(h);
}

static void put_said(struct request *r, struct html *h, const json_t *said) {
  json_t *remark = json_object_get(said, "remark");
  void *first = json_object_iter(remark);
  const char *tag = first == NULL ? "" : json_object_iter_key(first), *language = text_at(said, "language");
  const char *none = desk_word(r, "nothing", "nulla");
  open_pair(h, desk_word(r, "You affirm", "Lei afferma"));
  desk_put_criteria(r, h, json_object_get(said, "criteria"));
  close_pair(h);
  put_pair(h, desk_word(r, "Read in", "Letto in"),
           language[0] == '\0' ? desk_word(r, "not told", "non detto") : language_name(r->site, language, r->lang));
  put_pair(h, phrase(P_INTEREST, r->lang), text_at(said, "interest")[0] == '\0' ? none : text_at(said, "interest"));
  open_pair(h, phrase(P_REMARK, r->lang));
  if (tag[0] == '\0') {
    html_text(h, none);
  } else {
    html_open(h, "span");
    put_lang(r, h, tag);
    html_text(h, text_at(remark, tag));
    html_close(h);
    html_text(h, " (");
    html_text(h, language_name(r->site, tag, r->lang));
    html_text(h, ")");
  }
  close_pair(h);
}

static void put_signer(struct request *r, struct html *h) {
  const struct desk *d = desk_of(r);
  const struct federation *f = &r->site->now->federation;
  struct certified certified = {.roles = 0};
  const bool known = certificate_of(&d->here, &d->card.key, &certified, NULL) == OK && certified.name[0] != '\0';
  open_pair(h, desk_word(r, "Signed by", "Firmata da"));
  html_text(h, known ? certified.name : d->card.name);
  html_text(h, ", ");
  html_text(h, federation_handle(f, &f->own));
  html_void(h, "br");
  html_element(h, "code", NULL, d->key);
  close_pair(h);
}

/* The key's state, the button that acts, and a way back. keep: the model, which comes back with the form. */
static void put_decision(struct request *r, struct html *h, const json_t *model, const char *act, enum browser_use use,
                         const char *button) {
  char path[REFERENCE_MAX + 1];
  struct desk *d = desk_of(r);
  const bool locked = lock_key(&d->lock) == NULL;
  if (locked) {
    d->want(d->context);
  }
  html_open(h, "p");
  html_attr(h, "class", lock_key(&d->lock) == NULL ? "banner bad" : "banner");
  html_attr(h, "role", "status");
  html_text(h, lock_key(&d->lock) == NULL ? desk_word(r, "Locked: type your passphrase in the terminal, then press the button.",
                                                      "Chiusa: scrivere la passphrase nel terminale, poi premere il pulsante.")
                                          : desk_word(r, "Your key is open.", "La Sua chiave è aperta."));
  html_close(h);
  desk_form_open(r, h, text_at(model, "reference"), act, use, json_deep_copy(model));
  html_open(h, "p");
  put_button(h, button);
  html_text(h, " ");
  (void)snprintf(path, sizeof path, "/%s", text_at(model, "reference"));
  put_link(r, h, path, desk_word(r, "Back, without signing", "Indietro, senza firmare"));
  html_close(h);
  html_close(h);
}

void desk_confirm_show(struct request *r, struct html *h, const json_t *model) {
  const char *title = desk_word(r, "What you are about to sign", "Che cosa sta per firmare");
  const size_t carried = (size_t)int_at(model, "carried");
  layout_begin(r, h, title, "");
  html_element(h, "h1", NULL, title);
  if (carried > 0) {
    html_element(h, "h2", NULL, desk_word(r, "What changed since you signed", "Che cosa è cambiato da quando ha firmato"));
    desk_put_difference(r, h, json_object_get(model, "json"), carried);
    html_element(h, "h2", NULL, desk_word(r, "What you would sign now", "Che cosa firmerebbe ora"));
  }
  html_open(h, "dl");
  html_attr(h, "class", "fields");
  put_object(r, h, model);
  put_said(r, h, json_object_get(model, "said"));
  put_signer(r, h);
  html_close(h);
  html_element(
      h, "p", "hint",
      desk_word(r,
                "Your name, your node, the day and all of this will be for everybody to read, on every replica. You can "
                "take it back; that you signed remains.",
                "Il Suo nome, il Suo nodo, il giorno e tutto questo saranno leggibili da tutti, su ogni replica. Si può "
                "ritirare; che Lei abbia firmato rimane."));
  put_decision(r, h, model, "sign", BROWSER_SIGN, desk_word(r, "Sign", "Firmare"));
  layout_end(r, h);
}

void desk_take_back_show(struct request *r, struct html *h, const json_t *model) {
  const char *title = desk_word(r, "Take your endorsement back", "Ritirare la convalida");
  const json_t *reference = NULL;
  size_t i = 0;
  layout_begin(r, h, title, "");
  html_element(h, "h1", NULL, title);
  html_open(h, "p");
  html_open(h, "strong");
  html_text(h, text_at(model, "title"));
  html_close(h);
  html_text(h, " ");
  html_element(h, "span", "ref", text_at(model, "reference"));
  html_close(h);
  html_element(h, "p", NULL,
               desk_word(r, "A record will say that these signatures of yours are taken back:",
                         "Un record dirà che queste Sue firme sono ritirate:"));
  html_open(h, "ul");
  json_array_foreach(json_object_get(model, "signatures"), i, reference) {
    html_element(h, "li", "ref", json_string_value(reference));
  }
  html_close(h);
  put_decision(r, h, model, "take-back", BROWSER_TAKE_BACK, desk_word(r, "Take back", "Ritirare"));
  layout_end(r, h);
}
