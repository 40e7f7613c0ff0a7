/*
 * pages: the desk's own pages: what waits for reviewers, what the person signed, and what came of an act. See desk.h.
 */
#include <stdio.h>
#include <string.h>

#include "cli/desk/desk.h"
#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "node/store/query_queue.h"
#include "node/store/query_signed.h"

#define QUEUE_MAX 100u /* rows of a page */

/* ---- the lock ---- */

void desk_show_lock(struct request *r, struct html *h) {
  struct desk *d = desk_of(r);
  const uint64_t minutes = (lock_left_ms(&d->lock) + 59999u) / 60000u;
  char text[160];
  if (minutes == 0) {
    html_element(
        h, "p", "hint",
        desk_word(r, "Your key is locked. To sign, type its passphrase in the terminal where specola ui runs.",
                  "La Sua chiave è chiusa. Per firmare, scrivere la passphrase nel terminale in cui gira specola ui."));
    return;
  }
  (void)snprintf(text, sizeof text, "%s %ju min. ", desk_word(r, "Your key is open for", "La Sua chiave è aperta per"),
                 (uintmax_t)minutes);
  desk_form_open(r, h, NULL, "lock", BROWSER_LOCK, json_object());
  html_open(h, "p");
  html_attr(h, "class", "hint");
  html_text(h, text);
  html_open(h, "button");
  html_attr(h, "type", "submit");
  html_attr(h, "class", "quiet");
  html_text(h, desk_word(r, "Lock it now", "Chiuderla ora"));
  html_close(h);
  html_close(h);
  html_close(h);
}

/* ---- what waits ---- */

struct rows {
  struct request *r;
  json_t *list;
};

static bool visit_waiting(void *context, const struct queue_row *waiting) {
  const struct rows *rows = context;
  json_t *row = row_json(rows->r, waiting->row);
  (void)json_object_set_new(row, "counted", json_integer((json_int_t)waiting->counted));
  (void)json_object_set_new(row, "needed", json_integer((json_int_t)waiting->needed));
  (void)json_object_set_new(row, "missing", json_integer((json_int_t)waiting->missing));
  (void)json_object_set_new(row, "earlier", json_boolean(waiting->earlier));
  (void)json_array_append_new(rows->list, row);
  return true;
}

enum err_code desk_queue_model(struct request *r, json_t **out, struct err *err) {
  const struct desk *d = desk_of(r);
  const char *language = params_get(r->params, "language");
  struct queue_question q = {.languages = &language,
                             .n_languages = language != NULL,
                             .all = params_get(r->params, "all") != NULL,
                             .limit = QUEUE_MAX,
                             .lang = r->lang};
  struct rows rows = {r, json_array()};
  uint64_t total = 0;
  const enum err_code code =
      query_queue(d->here.store, &r->site->now->federation, d->here.schemas, &q, visit_waiting, &rows, &total, err);
  *out =
      json_pack("{s:o, s:I, s:b, s:s*}", "objects", rows.list, "total", (json_int_t)total, "all", q.all, "language", language);
  return code == OK && *out == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

static void put_option(struct html *h, const char *value, const char *text, const char *chosen) {
  html_open(h, "option");
  html_attr(h, "value", value);
  if (strcmp(value, chosen) == 0) {
    html_flag(h, "selected");
  }
  html_text(h, text);
  html_close(h);
}

/* Which of them: by language, and whether a review has to be wanted. */
static void show_choice(struct request *r, struct html *h, const json_t *model) {
  const char *chosen = text_at(model, "language");
  char action[32];
  (void)snprintf(action, sizeof action, "/%s/desk", r->lang);
  html_open(h, "form");
  html_attr(h, "class", "choice");
  html_attr(h, "action", action);
  html_open(h, "label");
  html_text(h, desk_word(r, "Told in", "Scritto in"));
  html_text(h, " ");
  html_open(h, "select");
  html_attr(h, "name", "language");
  put_option(h, "", desk_word(r, "any language", "qualsiasi lingua"), chosen);
  static const char *const tags[] = {"en", "it", "fr", "de", "es", "pt", "et"};
  for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
    put_option(h, tags[i], language_name(r->site, tags[i], r->lang), chosen);
  }
  html_close(h);
  html_close(h);
  html_open(h, "label");
  html_void(h, "input");
  html_attr(h, "type", "checkbox");
  html_attr(h, "name", "all");
  html_attr(h, "value", "1");
  if (json_is_true(json_object_get(model, "all"))) {
    html_flag(h, "checked");
  }
  html_text(h, " ");
  html_text(h,
            desk_word(r, "also those for which nobody asked a review", "anche ciò per cui nessuno ha chiesto una revisione"));
  html_close(h);
  put_button(h, phrase(P_APPLY, r->lang));
  html_close(h);
}

/* A row's title, as a link. */
static void show_title(struct request *r, struct html *h, const json_t *row) {
  char path[REFERENCE_MAX + 1];
  (void)snprintf(path, sizeof path, "/%s", text_at(row, "reference"));
  html_open(h, "h2");
  html_open(h, "a");
  put_href(r, h, path);
  put_lang(r, h, text_at(row, "title_lang"));
  html_text(h, text_at(row, "title")[0] == '\0' ? text_at(row, "reference") : text_at(row, "title"));
  html_close(h);
  html_close(h);
}

static void show_waiting(struct request *r, struct html *h, const json_t *row) {
  char text[96];
  html_open(h, "li");
  show_title(r, h, row);
  html_open(h, "p");
  put_lang(r, h, text_at(row, "lead_lang"));
  html_text(h, text_at(row, "lead"));
  html_close(h);
  html_open(h, "p");
  html_attr(h, "class", "meta");
  html_element(h, "span", "ref", text_at(row, "reference"));
  html_element(h, "span", NULL, country_name(r->site, text_at(row, "home_country"), r->lang));
  (void)snprintf(text, sizeof text, "%jd %s %jd", (intmax_t)int_at(row, "counted"), phrase(P_OF, r->lang),
                 (intmax_t)int_at(row, "needed"));
  html_open(h, "span");
  html_text(h, phrase(P_ENDORSEMENTS, r->lang));
  html_text(h, ": ");
  html_text(h, text);
  html_close(h);
  if (json_is_true(json_object_get(row, "earlier"))) {
    html_element(h, "span", NULL, phrase(P_ENDORSED_EARLIER, r->lang));
  }
  html_close(h);
  html_close(h);
}

void desk_queue_show(struct request *r, struct html *h, const json_t *model) {
  const char *title = desk_word(r, "Waits for review", "Da rivedere");
  const json_t *row = NULL, *rows = json_object_get(model, "objects");
  size_t i = 0;
  layout_begin(r, h, title, "/desk");
  html_element(h, "h1", NULL, title);
  html_element(h, "p", "lead",
               desk_word(r, "Published by other members and not endorsed yet; the nearest to its goal first.",
                         "Pubblicato da altri membri e non ancora convalidato; prima chi è più vicino alla meta."));
  show_choice(r, h, model);
  html_open(h, "p");
  html_attr(h, "class", "count");
  html_uint(h, (uint64_t)int_at(model, "total"));
  html_text(h, " ");
  html_text(h, desk_word(r, int_at(model, "total") == 1 ? "waits" : "wait", "in attesa"));
  html_close(h);
  if (json_array_size(rows) > 0) {
    html_open(h, "ul");
    html_attr(h, "class", "rows");
    json_array_foreach(rows, i, row) {
      show_waiting(r, h, row);
    }
    html_close(h);
  }
  desk_show_lock(r, h);
  layout_end(r, h);
}

/* ---- what was signed ---- */

static bool visit_signed(void *context, const struct signed_row *found) {
  const struct rows *rows = context;
  const struct desk *d = desk_of(rows->r);
  size_t i = 0, k = 0;
  const json_t *statement = NULL;
  json_t *signature = NULL;
  json_array_foreach(json_object_get(found->endorsement, "statements"), i, statement) {
    json_array_foreach(json_object_get(statement, "endorsements"), k, signature) {
      if (strcmp(text_at(signature, "key"), d->key) != 0) {
        continue;
      }
      json_t *row = row_json(rows->r, found->row);
      (void)json_object_set(row, "version", json_object_get(statement, "version"));
      (void)json_object_set_new(row, "versions", json_integer(int_at(found->endorsement, "versions")));
      (void)json_object_set(row, "signature", signature);
      (void)json_array_append_new(rows->list, row);
    }
  }
  return true;
}

enum err_code desk_signed_model(struct request *r, json_t **out, struct err *err) {
  const struct desk *d = desk_of(r);
  struct rows rows = {r, json_array()};
  const struct signed_question q = {.key = d->card.key, .limit = QUEUE_MAX, .lang = r->lang};
  const enum err_code code =
      query_signed(d->here.store, &r->site->now->federation, d->here.schemas, &q, visit_signed, &rows, err);
  *out = json_pack("{s:s, s:s, s:o}", "name", d->card.name, "key", d->key, "signed", rows.list);
  return code == OK && *out == NULL ? err_set(err, ERR_MEMORY, NULL) : code;
}

static void show_signed(struct request *r, struct html *h, const json_t *row) {
  const json_t *signature = json_object_get(row, "signature");
  const bool counts = json_is_true(json_object_get(signature, "counts"));
  char text[96];
  html_open(h, "li");
  show_title(r, h, row);
  html_open(h, "p");
  html_attr(h, "class", "meta");
  html_element(h, "span", "ref", text_at(row, "reference"));
  (void)snprintf(text, sizeof text, "%s %jd %s %jd", phrase(P_VERSION, r->lang), (intmax_t)int_at(row, "version"),
                 phrase(P_OF, r->lang), (intmax_t)int_at(row, "versions"));
  html_element(h, "span", NULL, text);
  html_open(h, "span");
  put_day(r, h, int_at(signature, "created"));
  html_text(h, " (");
  html_element(h, "span", "ref", text_at(signature, "reference"));
  html_text(h, ")");
  html_close(h);
  html_element(h, "span", counts ? "good" : NULL, standing_word(r, text_at(signature, "standing")));
  html_close(h);
  html_close(h);
}

void desk_signed_show(struct request *r, struct html *h, const json_t *model) {
  const char *title = desk_word(r, "What I signed", "Firmato da me");
  const json_t *row = NULL, *rows = json_object_get(model, "signed");
  size_t i = 0;
  layout_begin(r, h, title, "/desk/signed");
  html_element(h, "h1", NULL, title);
  html_open(h, "p");
  html_attr(h, "class", "lead");
  html_text(h, text_at(model, "name"));
  html_close(h);
  html_open(h, "p");
  html_text(h, desk_word(r, "Key", "Chiave"));
  html_text(h, ": ");
  html_element(h, "code", NULL, text_at(model, "key"));
  html_close(h);
  if (json_array_size(rows) == 0) {
    html_element(h, "p", NULL, desk_word(r, "You have signed nothing yet.", "Non ha ancora firmato nulla."));
  } else {
    html_open(h, "ul");
    html_attr(h, "class", "rows");
    json_array_foreach(rows, i, row) {
      show_signed(r, h, row);
    }
    html_close(h);
  }
  desk_show_lock(r, h);
  layout_end(r, h);
}

/* ---- what came of it ---- */

enum err_code desk_done_model(struct request *r, json_t **out, struct err *err) {
  const struct desk *d = desk_of(r);
  const struct desk_note *note = &d->note;
  int64_t rowid = 0;
  json_t *json = NULL;
  enum err_code code = object_of_path(r, &rowid, err);
  if (code == OK) {
    code = query_show(d->here.store, &r->site->now->federation, d->here.schemas, rowid, r->lang, &json, NULL, err);
  }
  if (code != OK) {
    return code;
  }
  const bool ours = strcmp(note->reference, text_at(json, "reference")) == 0;
  *out = json_pack("{s:s, s:s, s:b, s:s, s:s, s:O?}", "reference", text_at(json, "reference"), "title", text_at(json, "title"),
                   "good", ours && note->good, "text", ours ? note->text : "", "hint", ours ? note->hint : "", "endorsement",
                   json_object_get(json, "endorsement"));
  json_decref(json);
  return *out == NULL ? err_set(err, ERR_MEMORY, NULL) : OK;
}

void desk_done_show(struct request *r, struct html *h, const json_t *model) {
  const json_t *statement = endorsement_newest(json_object_get(model, "endorsement"));
  const struct cli cli = desk_cli(desk_of(r), r->lang);
  const bool good = json_is_true(json_object_get(model, "good"));
  char path[REFERENCE_MAX + 1];
  struct bytes line;
  bytes_init(&line, LIMIT_HEADER);
  layout_begin(r, h, text_at(model, "title"), "");
  html_open(h, "h1");
  html_text(h, text_at(model, "title"));
  html_close(h);
  if (text_at(model, "text")[0] != '\0') {
    html_open(h, "div");
    html_attr(h, "class", good ? "banner" : "banner bad");
    html_attr(h, "role", "status");
    html_element(h, "p", NULL, text_at(model, "text"));
    if (text_at(model, "hint")[0] != '\0') {
      html_element(h, "p", "hint", text_at(model, "hint"));
    }
    html_close(h);
  }
  if (statement != NULL) {
    endorsement_count(&cli, statement, &line);
    html_open(h, "p");
    html_text(h, phrase(P_ENDORSEMENTS, r->lang));
    html_text(h, ": ");
    html_text_view(h, bytes_view(&line));
    html_text(h, ".");
    html_close(h);
  }
  bytes_release(&line);
  (void)snprintf(path, sizeof path, "/%s", text_at(model, "reference"));
  html_open(h, "p");
  put_link(r, h, path, desk_word(r, "The page of this object", "La pagina di questo oggetto"));
  html_text(h, " · ");
  put_link(r, h, "/desk", desk_word(r, "What waits now", "Che cosa aspetta ora"));
  html_close(h);
  desk_show_lock(r, h);
  layout_end(r, h);
}
