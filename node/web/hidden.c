/*
 * hidden: what is told of an object that this node does not show: that it is one, whose, since when and why, and that others
 * may show it; nothing of what it says. See site.h.
 *
 * The answer is 403: the node understood, will not, and says why (RFC 9110, 15.5.4). Where an authority has ordered it, it is
 * 451 (RFC 7725). 404 would be a lie, and 410 says for ever, while this can be undone and binds nobody else.
 */
#include <stdio.h>
#include <string.h>

#include "node/store/query_hidden.h"
#include "node/web/site.h"

static unsigned status_of(const json_t *hidden) {
  return strcmp(text_at(hidden, "reason"), "court") == 0 ? 451 : 403;
}

enum err_code hidden_instead(const struct request *r, json_t **model, struct err *err) {
  const struct federation *f = &r->site->now->federation;
  json_t *hidden = json_object_get(*model, "hidden");
  if (hidden == NULL) return OK;
  json_t *out = json_pack("{s:O, s:O, s:O, s:s, s:s, s:O}", "reference", json_object_get(*model, "reference"), "id",
                          json_object_get(*model, "id"), "home", json_object_get(*model, "home"), "state", "hidden", "node",
                          federation_handle(f, &f->own), "hidden", hidden);
  if (out == NULL) return err_set(err, ERR_MEMORY, NULL);
  r->out->status = status_of(hidden);
  json_decref(*model);
  *model = out;
  return OK;
}

void show_hidden(struct request *r, struct html *h, const json_t *model) {
  const json_t *hidden = json_object_get(model, "hidden");
  char path[REFERENCE_MAX + 8];
  layout_begin(r, h, phrase(P_HIDDEN, r->lang), "");
  html_element(h, "h1", NULL, phrase(P_HIDDEN, r->lang));
  html_open(h, "dl");
  html_attr(h, "class", "fields");
  put_pair(h, phrase(P_REFERENCE, r->lang), text_at(model, "reference"));
  put_pair(h, phrase(P_REASON_WORD, r->lang), text_at(hidden, "label"));
  open_pair(h, phrase(P_HIDDEN_SINCE, r->lang));
  put_day(r, h, int_at(hidden, "since"));
  close_pair(h);
  html_close(h);
  html_element(h, "p", NULL, phrase(P_HIDDEN_STAYS, r->lang));
  html_open(h, "p");
  (void)snprintf(path, sizeof path, "/%s/where", text_at(model, "reference"));
  put_link(r, h, path, phrase(P_WHERE_TITLE, r->lang));
  html_text(h, " · ");
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(model, "node"));
  put_link(r, h, path, phrase(P_HIDDEN_HERE, r->lang));
  html_close(h);
  layout_end(r, h);
}

/* ---- all of them ---- */

enum err_code put_hidden(const struct request *r, json_t *model, struct err *err) {
  json_t *all = NULL;
  const enum err_code code = query_hidden_all(r->site->store, &r->site->now->federation, r->site->schemas, r->lang, &all, err);
  if (code == OK) (void)json_object_set_new(model, "hidden", all);
  return code;
}

void show_all_hidden(struct request *r, struct html *h, const json_t *all) {
  static const struct column COLUMNS[] = {{P_REFERENCE, false}, {P_HIDDEN_SINCE, false}, {P_REASON_WORD, false}};
  size_t i = 0;
  const json_t *one = NULL;
  if (json_array_size(all) == 0) return;
  html_element(h, "h2", NULL, phrase(P_HIDDEN_HERE, r->lang));
  html_element(h, "p", NULL, phrase(P_HIDDEN_HELP, r->lang));
  open_table(r, h, P_HIDDEN_HERE, COLUMNS, 3);
  json_array_foreach(all, i, one) {
    const char *reference = text_at(one, "reference");
    char path[REFERENCE_MAX + 8];
    html_open(h, "tr");
    html_open(h, "th");
    html_attr(h, "scope", "row");
    if (reference[0] == '\0') { /* a cut has withdrawn it since */
      html_element(h, "code", NULL, text_at(one, "id"));
    } else {
      (void)snprintf(path, sizeof path, "/%.*s", REFERENCE_MAX, reference);
      put_link(r, h, path, reference);
    }
    html_close(h);
    html_open(h, "td");
    put_day(r, h, int_at(one, "since"));
    html_close(h);
    html_element(h, "td", NULL, text_at(one, "label"));
    html_close(h);
  }
  close_table(h);
}
