/*
 * list_page: how a list looks: search, active filters, facets as a form, results, the way to the next page. See list.h.
 */
#include <stdio.h>
#include <string.h>

#include "node/web/list.h"

/* The path of a list without one thing, as href. */
static void put_path(struct request *r, struct html *h, const struct list_question *q, const char *skip, const char *code,
                     const char *name, const char *value) {
  struct bytes path;
  bytes_init(&path, GUARD_TARGET_MAX);
  const bool fits = list_path(q, skip, code, &path, NULL) == OK && (name == NULL || url_put(&path, name, value, NULL) == OK) &&
                    bytes_text(&path) != NULL;
  put_href(r, h, fits ? bytes_text(&path) : "/");
  bytes_release(&path);
}

static void show_words(struct request *r, struct html *h, const struct list_question *q) {
  html_open(h, "div");
  html_attr(h, "class", "search");
  put_search(r, h, q->text);
  html_close(h);
}

static void show_code(struct html *h, const char *dim, const json_t *code) {
  html_open(h, "li");
  if (int_at(code, "depth") > 0) html_attr(h, "class", "child");
  html_open(h, "label");
  html_void(h, "input");
  html_attr(h, "type", "checkbox");
  html_attr(h, "name", dim);
  html_attr(h, "value", text_at(code, "code"));
  if (json_is_true(json_object_get(code, "chosen"))) html_flag(h, "checked");
  html_element(h, "span", NULL, text_at(code, "label"));
  html_text(h, " ");
  html_open(h, "span");
  html_attr(h, "class", "count");
  html_uint(h, (uint64_t)int_at(code, "count"));
  html_close(h);
  html_close(h);
  html_close(h);
}

static void show_facet(struct request *r, struct html *h, const struct list_question *q, const json_t *facet) {
  size_t i = 0;
  const json_t *code = NULL, *codes = json_object_get(facet, "codes");
  const char *dim = text_at(facet, "dim");
  char id[SLUG_MAX];
  (void)snprintf(id, sizeof id, "f-%.60s", dim);
  html_open(h, "fieldset");
  html_attr(h, "id", id);
  html_element(h, "legend", NULL, text_at(facet, "label"));
  html_open(h, "ul");
  json_array_foreach(codes, i, code) {
    show_code(h, dim, code);
  }
  html_close(h);
  if ((size_t)int_at(facet, "n") > json_array_size(codes) && json_array_size(codes) < LIST_ALL_CODES) {
    html_open(h, "a");
    put_path(r, h, q, NULL, NULL, "more", dim);
    html_text(h, phrase(P_MORE, r->lang));
    html_open(h, "span");
    html_attr(h, "class", "hidden");
    html_text(h, ": ");
    html_text(h, text_at(facet, "label"));
    html_close(h);
    html_text(h, " (");
    html_uint(h, (uint64_t)int_at(facet, "n"));
    html_text(h, ")");
    html_close(h);
  }
  html_close(h);
}

static void show_order(struct request *r, struct html *h, const struct list_question *q) {
  static const struct {
    enum list_order order;
    enum phrase text;
  } ORDERS[] = {{LIST_BEST, P_SORT_BEST}, {LIST_ENDORSED, P_SORT_ENDORSED}, {LIST_NEWEST, P_SORT_NEW}};
  html_open(h, "label");
  html_attr(h, "class", "order");
  html_text(h, phrase(P_SORT, r->lang));
  html_text(h, " ");
  html_open(h, "select");
  html_attr(h, "name", "sort");
  for (size_t i = q->text == NULL ? 1 : 0; i < sizeof ORDERS / sizeof ORDERS[0]; i++) {
    html_open(h, "option");
    html_attr(h, "value", list_order_name(ORDERS[i].order));
    if (q->order == ORDERS[i].order) html_flag(h, "selected");
    html_text(h, phrase(ORDERS[i].text, r->lang));
    html_close(h);
  }
  html_close(h);
  html_close(h);
}

/* The part of the filters that is folded away, unless something in it is chosen or asked for. */
static void open_folded(struct request *r, struct html *h, const struct list_question *q, const json_t *facets) {
  bool open = false;
  for (size_t i = LIST_FIRST; i < json_array_size(facets); i++) {
    const char *dim = text_at(json_array_get(facets, i), "dim");
    open = open || (q->more != NULL && strcmp(q->more, dim) == 0);
    for (size_t k = 0; k < q->n_choices; k++)
      open = open || strcmp(q->choices[k].dim, dim) == 0;
  }
  html_open(h, "details");
  html_attr(h, "class", "folded");
  if (open) html_flag(h, "open");
  html_element(h, "summary", NULL, phrase(P_MORE_FILTERS, r->lang));
}

static void show_form(struct request *r, struct html *h, const struct list_question *q, const json_t *model) {
  char action[SLUG_MAX + 8], slug[SLUG_MAX];
  size_t i = 0;
  const json_t *facet = NULL;
  schema_slug(q->schema, slug);
  (void)snprintf(action, sizeof action, "/%s/%s", r->lang, slug);
  html_open(h, "form");
  html_attr(h, "role", "search");
  html_attr(h, "action", action);
  show_words(r, h, q);
  if (q->node != NULL) {
    html_void(h, "input");
    html_attr(h, "type", "hidden");
    html_attr(h, "name", "node");
    html_attr(h, "value", q->node);
  }
  if (json_array_size(json_object_get(model, "facets")) == 0) {
    html_close(h); /* nothing to choose from */
    return;
  }
  html_open(h, "div");
  html_attr(h, "class", "side");
  html_element(h, "h2", "filters-title", phrase(P_FILTERS, r->lang));
  html_open(h, "details");
  html_attr(h, "class", "filters");
  if (q->more != NULL) html_flag(h, "open");
  html_element(h, "summary", NULL, phrase(P_SHOW_FILTERS, r->lang));
  show_order(r, h, q);
  json_array_foreach(json_object_get(model, "facets"), i, facet) {
    if (i == LIST_FIRST) open_folded(r, h, q, json_object_get(model, "facets"));
    show_facet(r, h, q, facet);
  }
  if (i > LIST_FIRST) html_close(h);
  put_button(h, phrase(P_APPLY, r->lang));
  html_close(h);
  html_close(h);
  html_close(h);
}

/* ---- active filters ---- */

static void show_chip(struct request *r, struct html *h, const struct list_question *q, const char *skip, const char *code,
                      const char *label) {
  html_open(h, "li");
  html_open(h, "a");
  put_path(r, h, q, skip, code, NULL, NULL);
  html_open(h, "span");
  html_attr(h, "class", "hidden");
  html_text(h, phrase(P_REMOVE, r->lang));
  html_text(h, ": ");
  html_close(h);
  html_text(h, label);
  html_text(h, " ");
  html_open(h, "span");
  html_attr(h, "aria-hidden", "true");
  html_text(h, "×");
  html_close(h);
  html_close(h);
  html_close(h);
}

/* The label that the model gives a chosen code. */
static const char *label_of(const json_t *model, const char *dim, const char *wanted) {
  size_t i = 0, k = 0;
  const json_t *facet = NULL, *code = NULL;
  json_array_foreach(json_object_get(model, "facets"), i, facet) {
    if (strcmp(text_at(facet, "dim"), dim) != 0) continue;
    json_array_foreach(json_object_get(facet, "codes"), k, code) {
      if (strcmp(text_at(code, "code"), wanted) == 0) return text_at(code, "label");
    }
  }
  return wanted;
}

static void show_active(struct request *r, struct html *h, const struct list_question *q, const json_t *model) {
  char slug[SLUG_MAX + 1] = "/";
  if (q->n_choices == 0 && q->text == NULL && q->node == NULL) return;
  html_open(h, "nav");
  html_attr(h, "aria-label", phrase(P_ACTIVE, r->lang));
  html_open(h, "ul");
  html_attr(h, "class", "chips active");
  if (q->text != NULL) show_chip(r, h, q, "q", NULL, q->text);
  if (q->node != NULL) {
    char label[64];
    (void)snprintf(label, sizeof label, "%s %s", phrase(P_FROM_NODE, r->lang), q->node);
    show_chip(r, h, q, "node", NULL, label);
  }
  for (size_t i = 0; i < q->n_choices; i++)
    show_chip(r, h, q, q->choices[i].dim, q->choices[i].code, label_of(model, q->choices[i].dim, q->choices[i].code));
  schema_slug(q->schema, slug + 1);
  html_open(h, "li");
  put_link(r, h, slug, phrase(P_CLEAR, r->lang));
  html_close(h);
  html_close(h);
  html_close(h);
}

/* ---- results ---- */

static void show_paging(struct request *r, struct html *h, const struct list_question *q, const json_t *model) {
  const char *next = text_at(model, "after");
  if (next[0] == '\0' && q->after == NULL) return;
  html_open(h, "nav");
  html_attr(h, "class", "paging");
  html_attr(h, "aria-label", phrase(P_PAGING, r->lang));
  if (q->after != NULL) {
    html_open(h, "a");
    put_path(r, h, q, NULL, NULL, NULL, NULL);
    html_text(h, phrase(P_FIRST, r->lang));
    html_close(h);
    html_text(h, " ");
  }
  if (next[0] != '\0') {
    html_open(h, "a");
    html_attr(h, "rel", "next");
    html_attr(h, "class", "button");
    put_path(r, h, q, NULL, NULL, "after", next);
    html_text(h, phrase(P_NEXT, r->lang));
    html_close(h);
  }
  html_close(h);
}

/* Filters that are none, and what was probably meant. */
static void show_findings(struct request *r, struct html *h, const struct list_question *q, const json_t *model) {
  size_t i = 0;
  const json_t *finding = NULL;
  json_array_foreach(json_object_get(model, "findings"), i, finding) {
    const char *dim = text_at(finding, "dim"), *code = text_at(finding, "code");
    html_open(h, "p");
    html_attr(h, "class", "finding");
    html_text(h, text_at(finding, "label"));
    html_text(h, ": ");
    html_text(h, phrase(P_NO_SUCH_CODE, r->lang));
    html_text(h, " \"");
    html_text(h, code);
    html_text(h, "\". ");
    if (text_at(finding, "meant")[0] != '\0') {
      html_text(h, phrase(P_DID_YOU_MEAN, r->lang));
      html_text(h, " ");
      html_open(h, "a");
      put_path(r, h, q, dim, code, dim, text_at(finding, "meant"));
      html_text(h, text_at(finding, "meant_label"));
      html_close(h);
      html_text(h, "?");
    }
    html_close(h);
  }
}

/* The same under its filters, as a feed: newest first. */
static void show_feed_link(struct request *r, struct html *h, const struct list_question *q) {
  struct list_question all = *q;
  struct bytes path, feed;
  all.order = q->text != NULL ? LIST_NEWEST : LIST_ENDORSED; /* a feed is in the order of time anyway */
  bytes_init(&path, GUARD_TARGET_MAX);
  bytes_init(&feed, GUARD_TARGET_MAX);
  const char *text = list_path(&all, NULL, NULL, &path, NULL) == OK ? bytes_text(&path) : NULL;
  const int len = text == NULL ? 0 : (int)strcspn(text, "?");
  if (text != NULL && bytes_printf(&feed, NULL, "%.*s.atom%s", len, text, text + len) == OK && bytes_text(&feed) != NULL) {
    html_open(h, "p");
    html_attr(h, "class", "feed");
    put_link(r, h, bytes_text(&feed), phrase(P_FEED_HERE, r->lang));
    html_close(h);
  }
  bytes_release(&path);
  bytes_release(&feed);
}

/* What to do when nothing is found. */
static void show_nothing(struct request *r, struct html *h, const struct list_question *q) {
  char path[SLUG_MAX + 1] = "/";
  schema_slug(q->schema, path + 1);
  html_open(h, "div");
  html_attr(h, "class", "empty");
  html_open(h, "p");
  html_element(h, "strong", NULL,
               phrase(q->n_choices > 0 || q->text != NULL || q->node != NULL ? P_NONE_FOUND : P_NOTHING_YET, r->lang));
  html_close(h);
  html_element(h, "p", NULL, phrase(P_NONE_HELP, r->lang));
  html_open(h, "p");
  put_link(r, h, path, phrase(P_CLEAR, r->lang));
  html_close(h);
  html_close(h);
}

/* The other order, one click away. */
static void show_other_order(struct request *r, struct html *h, const struct list_question *q) {
  struct list_question other = *q;
  struct bytes path;
  if (q->text != NULL) return;
  other.order = q->order == LIST_ENDORSED ? LIST_NEWEST : LIST_ENDORSED;
  bytes_init(&path, GUARD_TARGET_MAX);
  if (list_path(&other, NULL, NULL, &path, NULL) == OK && bytes_text(&path) != NULL) {
    html_open(h, "p");
    html_attr(h, "class", "order");
    put_link(r, h, bytes_text(&path), phrase(q->order == LIST_ENDORSED ? P_ALL_PUBLISHED : P_ENDORSED_FIRST, r->lang));
    html_close(h);
  }
  bytes_release(&path);
}

/* How many have every word, where some have only one of them. */
static void show_every(struct request *r, struct html *h, const json_t *model) {
  const json_int_t every = int_at(model, "every");
  if (json_object_get(model, "every") == NULL || every == int_at(model, "total")) return;
  html_open(h, "p");
  html_attr(h, "class", "every");
  html_uint(h, (uint64_t)every);
  html_text(h, " ");
  html_text(h, phrase(every == 1 ? P_HAS_EVERY : P_HAVE_EVERY, r->lang));
  html_close(h);
}

static void show_results(struct request *r, struct html *h, const struct list_question *q, const json_t *model) {
  const unsigned total = (unsigned)int_at(model, "total"), from = (unsigned)int_at(model, "from");
  const unsigned n = (unsigned)json_array_size(json_object_get(model, "objects"));
  html_open(h, "section");
  html_attr(h, "class", "results");
  html_attr(h, "aria-labelledby", "results");
  html_open(h, "h2");
  html_attr(h, "id", "results");
  html_text(h, phrase(P_RESULTS, r->lang));
  html_text(h, " ");
  html_open(h, "span");
  html_attr(h, "class", "count");
  if (n < total && n > 0) {
    html_uint(h, from);
    html_text(h, "–");
    html_uint(h, from + n - 1);
    html_text(h, " ");
    html_text(h, phrase(P_OF, r->lang));
    html_text(h, " ");
  }
  html_uint(h, total);
  html_close(h);
  html_close(h);
  show_every(r, h, model);
  show_active(r, h, q, model);
  show_findings(r, h, q, model);
  if (n == 0) {
    show_nothing(r, h, q);
  } else {
    show_other_order(r, h, q);
    show_rows(r, h, json_object_get(model, "objects"));
  }
  show_paging(r, h, q, model);
  show_feed_link(r, h, q);
  html_close(h);
}

void show_list(struct request *r, struct html *h, const json_t *model) {
  struct list_question q;
  char slug[SLUG_MAX + 1] = "/";
  if (list_read(r, schema_by_slug(r->site->schemas, r->captures[0]), &q, NULL) != OK) return;
  schema_slug(q.schema, slug + 1);
  layout_begin(r, h, text_at(model, "label"), slug);
  html_element(h, "h1", NULL, text_at(model, "label"));
  html_open(h, "div");
  html_attr(h, "class", "list");
  show_form(r, h, &q, model);
  show_results(r, h, &q, model);
  html_close(h);
  layout_end(r, h);
}
