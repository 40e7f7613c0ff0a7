/*
 * object_page: how one object looks: title, state, languages; its content; origin, licence and proof; versions; findings; what
 * it is connected with. See site.h.
 */
#include <stdio.h>
#include <string.h>

#include "node/web/site.h"

static const struct schema *schema_of(const struct request *r, const json_t *model) {
  return schema_by_number(r->site->schemas, (uint64_t)int_at(model, "schema"));
}

/* ---- the head of the page ---- */

/* That it was withdrawn, by which record, and why. */
static void show_withdrawal(struct request *r, struct html *h, const json_t *model) {
  json_t *withdrawal = json_object_get(model, "withdrawal"), *reason = json_object_get(withdrawal, "reason");
  void *first = json_object_iter(reason);
  const char *tag = json_object_get(reason, r->lang) != NULL ? r->lang : first == NULL ? "" : json_object_iter_key(first);
  html_open(h, "div");
  html_attr(h, "class", "banner bad");
  html_open(h, "p");
  html_element(h, "strong", NULL, phrase(P_WITHDRAWN_HELP, r->lang));
  html_text(h, " ");
  html_element(h, "span", "ref", text_at(withdrawal, "reference"));
  html_close(h);
  if (text_at(reason, tag)[0] != '\0') {
    html_open(h, "p");
    html_text(h, phrase(P_REASON_WORD, r->lang));
    html_text(h, ": ");
    html_open(h, "span");
    put_lang(r, h, tag);
    html_text(h, text_at(reason, tag));
    html_close(h);
    html_close(h);
  }
  html_close(h);
}

static void show_state(struct request *r, struct html *h, const json_t *model) {
  const bool withdrawn = strcmp(text_at(model, "state"), "withdrawn") == 0;
  char path[REFERENCE_MAX + 1];
  html_open(h, "ul");
  html_attr(h, "class", "badges");
  html_element(h, "li", withdrawn ? "badge bad" : "badge good", phrase(withdrawn ? P_WITHDRAWN : P_PUBLISHED, r->lang));
  const char *endorsed = text_at(model, "endorsed");
  html_element(h, "li", strcmp(endorsed, "current") == 0 ? "badge good" : "badge plain", endorsed_word(r, endorsed));
  if (json_is_true(json_object_get(model, "review_wanted")))
    html_element(h, "li", "badge plain", phrase(P_REVIEW_WANTED, r->lang));
  html_close(h);
  if (withdrawn) {
    show_withdrawal(r, h, model);
  } else {
    html_element(h, "p", "hint", phrase(P_PUBLISHED_HELP, r->lang));
  }
  show_fork(r, h, model);
  if ((size_t)int_at(model, "number") == json_array_size(json_object_get(model, "versions"))) return;
  html_open(h, "p");
  html_attr(h, "class", "banner");
  html_element(h, "strong", NULL, phrase(P_OLD_VERSION, r->lang));
  html_text(h, " ");
  (void)snprintf(path, sizeof path, "/%s", text_at(model, "reference"));
  put_link(r, h, path, phrase(P_SEE_NEWEST, r->lang));
  html_close(h);
}

/* The language in which texts are shown, where they have it. */
static const char *text_language(const struct request *r) {
  const char *wish = params_get(r->params, "text");
  return wish == NULL ? r->lang : wish;
}

static void show_languages(struct request *r, struct html *h, const json_t *model) {
  size_t i = 0;
  const json_t *tag = NULL, *tags = json_object_get(model, "languages");
  if (json_array_size(tags) < 2) return;
  html_open(h, "nav");
  html_attr(h, "class", "texts");
  html_attr(h, "aria-label", phrase(P_READ_IN, r->lang));
  html_open(h, "span");
  html_text(h, phrase(P_READ_IN, r->lang));
  html_text(h, ": ");
  html_close(h);
  html_open(h, "ul");
  json_array_foreach(tags, i, tag) {
    struct bytes path;
    const char *name = json_string_value(tag);
    html_open(h, "li");
    html_open(h, "a");
    bytes_init(&path, GUARD_TARGET_MAX);
    if (bytes_append_text(&path, r->path, NULL) == OK && url_put(&path, "text", name, NULL) == OK) {
      put_href(r, h, bytes_text(&path));
    }
    bytes_release(&path);
    if (strcmp(name, text_language(r)) == 0) html_attr(h, "aria-current", "true");
    html_text(h, language_name(r->site, name, r->lang));
    html_close(h);
    if (strcmp(name, text_at(model, "original_language")) == 0) {
      html_text(h, " (");
      html_text(h, phrase(P_ORIGINAL, r->lang));
      html_text(h, ")");
    }
    html_close(h);
  }
  html_close(h);
  html_close(h);
}

/* ---- beside the content ---- */

static void open_aside(struct html *h, const char *id, const char *title) {
  html_open(h, "section");
  html_attr(h, "aria-labelledby", id);
  html_open(h, "h2");
  html_attr(h, "id", id);
  html_text(h, title);
  html_close(h);
}

static void put_code(struct html *h, const char *label, const char *text) {
  open_pair(h, label);
  html_element(h, "code", NULL, text);
  close_pair(h);
}

static void put_home(struct request *r, struct html *h, const json_t *home) {
  char path[64];
  (void)snprintf(path, sizeof path, "/nodes/%s", text_at(home, "handle"));
  open_pair(h, phrase(P_HOME_NODE, r->lang));
  put_link(r, h, path, country_name(r->site, text_at(home, "country"), r->lang));
  html_text(h, " (");
  html_text(h, text_at(home, "handle"));
  html_text(h, ")");
  close_pair(h);
}

/* What the kind calls unique (source and its number) says where it came from. */
static void put_source(struct request *r, struct html *h, const json_t *model) {
  const struct schema *schema = schema_of(r, model);
  for (size_t i = 0; schema != NULL && i < schema->n_unique; i++) {
    const char *text = text_at(json_object_get(model, "body"), schema->unique[i]->key);
    if (text[0] != '\0' && field_is_aside(schema, schema->unique[i])) {
      put_pair(h, schema_label(schema, schema->unique[i]->key, r->lang), text);
    }
  }
}

/* The way to who holds it. */
static void put_where(struct request *r, struct html *h, const char *reference) {
  char path[REFERENCE_MAX + 16];
  (void)snprintf(path, sizeof path, "/%s/where", reference);
  html_open(h, "p");
  put_link(r, h, path, phrase(P_WHERE_TITLE, r->lang));
  html_close(h);
}

static void show_origin(struct request *r, struct html *h, const json_t *model) {
  const json_t *author = json_object_get(model, "author");
  const char *licence = text_at(model, "license"), *original = text_at(model, "original_language");
  open_aside(h, "origin", phrase(P_ORIGIN, r->lang));
  html_open(h, "dl");
  html_attr(h, "class", "proof");
  open_pair(h, phrase(P_REFERENCE, r->lang));
  html_element(h, "span", "ref", text_at(model, "reference"));
  close_pair(h);
  put_home(r, h, json_object_get(model, "home"));
  if (text_at(author, "name")[0] != '\0') {
    open_pair(h, phrase(P_AUTHOR, r->lang));
    html_text(h, text_at(author, "name"));
    html_text(h, " (");
    put_roles(r, h, text_at(author, "roles"));
    html_text(h, ")");
    close_pair(h);
  }
  open_pair(h, phrase(P_SIGNED_ON, r->lang));
  put_day(r, h, int_at(model, "created"));
  close_pair(h);
  put_pair(h, phrase(P_LICENCE, r->lang),
           licence[0] == '\0' ? phrase(P_NO_LICENCE, r->lang) : licence_name(r->site, licence, r->lang));
  if (original[0] != '\0') put_pair(h, phrase(P_ORIGINAL_LANGUAGE, r->lang), language_name(r->site, original, r->lang));
  put_source(r, h, model);
  if (schema_of(r, model) != NULL) {
    open_pair(h, phrase(P_COMPLETENESS, r->lang));
    put_completeness(r, h, int_at(model, "completeness"));
    close_pair(h);
  }
  put_code(h, phrase(P_OBJECT_ID, r->lang), text_at(model, "id"));
  put_code(h, phrase(P_AUTHOR_KEY, r->lang), text_at(author, "key"));
  html_close(h);
  put_where(r, h, text_at(model, "reference"));
  html_close(h);
}

static void show_changes(struct request *r, struct html *h, const json_t *model) {
  const struct schema *schema = schema_of(r, model);
  const json_t *key = NULL, *changed = json_object_get(model, "changed");
  size_t i = 0;
  if (json_array_size(changed) == 0) return;
  html_open(h, "p");
  html_text(h, phrase(P_CHANGED, r->lang));
  html_text(h, ": ");
  json_array_foreach(changed, i, key) {
    const char *name = json_string_value(key);
    if (i > 0) html_text(h, ", ");
    html_text(h, schema == NULL || name[0] == '_' ? name : schema_label(schema, name, r->lang));
  }
  html_text(h, ".");
  html_close(h);
}

static void show_versions(struct request *r, struct html *h, const json_t *model) {
  const json_t *versions = json_object_get(model, "versions");
  const size_t n = json_array_size(versions), shown = (size_t)int_at(model, "number");
  open_aside(h, "versions", phrase(P_VERSIONS, r->lang));
  html_open(h, "ul");
  html_attr(h, "class", "versions");
  for (size_t i = n; i > 0; i--) {
    const json_t *version = json_array_get(versions, i - 1);
    char path[REFERENCE_MAX + 32], name[64];
    (void)snprintf(path, sizeof path, "/%s/v/%zu", text_at(model, "reference"), i);
    (void)snprintf(name, sizeof name, "%s %zu", phrase(P_VERSION, r->lang), i);
    html_open(h, "li");
    html_open(h, "a");
    put_href(r, h, path);
    if (i == shown) html_attr(h, "aria-current", "true");
    html_text(h, name);
    html_close(h);
    html_text(h, ", ");
    put_day(r, h, int_at(version, "created"));
    html_text(h, ", ");
    html_element(h, "span", "ref", text_at(version, "reference"));
    if (i == shown) {
      html_text(h, " – ");
      html_text(h, phrase(P_VERSION_SHOWN, r->lang));
    }
    html_text(h, " ");
    html_open(h, "details");
    html_element(h, "summary", NULL, phrase(P_VERSION_ID, r->lang));
    html_open(h, "p");
    html_element(h, "code", NULL, text_at(version, "id"));
    html_close(h);
    html_close(h);
    html_close(h);
  }
  html_close(h);
  show_changes(r, h, model);
  html_close(h);
}

/* ---- findings ---- */

static enum phrase finding_phrase(const char *code) {
  static const struct {
    const char *code;
    enum phrase text;
  } TEXTS[] = {{"need", P_F_NEED},     {"few", P_F_FEW},   {"many", P_F_MANY},         {"limit", P_F_LIMIT},
               {"code", P_F_CODE},     {"date", P_F_DATE}, {"language", P_F_LANGUAGE}, {"unknown-field", P_F_UNKNOWN_FIELD},
               {"number", P_F_NUMBER}, {"url", P_F_URL},   {"tag", P_F_TAG},           {"citation", P_F_CITATION}};
  for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
    if (strcmp(TEXTS[i].code, code) == 0) return TEXTS[i].text;
  }
  return P_F_FORM;
}

static const char *field_label(const struct request *r, const struct schema *schema, const char *key) {
  return schema == NULL || key[0] == '\0' || schema_field(schema, view_of_text(key)) == NULL
             ? key
             : schema_label(schema, key, r->lang);
}

static void show_level(struct request *r, struct html *h, const json_t *model, const char *level, enum phrase title) {
  const struct schema *schema = schema_of(r, model);
  size_t i = 0;
  const json_t *finding = NULL;
  bool open = false;
  json_array_foreach(json_object_get(model, "findings"), i, finding) {
    if (strcmp(text_at(finding, "level"), level) != 0) continue;
    if (!open) {
      html_element(h, "h3", NULL, phrase(title, r->lang));
      html_open(h, "ul");
    }
    open = true;
    html_open(h, "li");
    html_text(h, field_label(r, schema, text_at(finding, "field")));
    if (strcmp(text_at(finding, "code"), "need") != 0) {
      html_text(h, ": ");
      html_text(h, phrase(finding_phrase(text_at(finding, "code")), r->lang));
    }
    html_close(h);
  }
  if (open) html_close(h);
}

static void show_findings(struct request *r, struct html *h, const json_t *model) {
  open_aside(h, "findings", phrase(P_FINDINGS, r->lang));
  if (json_array_size(json_object_get(model, "findings")) == 0) html_element(h, "p", NULL, phrase(P_NO_FINDINGS, r->lang));
  show_level(r, h, model, "refused", P_REFUSED_LEVEL);
  show_level(r, h, model, "warning", P_WARNING_LEVEL);
  show_level(r, h, model, "lacking", P_LACKING_LEVEL);
  html_close(h);
}

/* ---- connections ---- */

/* How the other end calls this one: the label of the inverse in its own kind. */
static const char *inverse_label(const struct request *r, const json_t *link) {
  char key[64];
  const struct schema *schema = schema_by_kind(r->site->schemas, text_at(link, "kind"));
  const char *inverse = text_at(link, "inverse");
  (void)snprintf(key, sizeof key, "@inverse.%s", inverse);
  if (inverse[0] == '\0' || schema == NULL) return text_at(link, "field");
  const char *label = schema_label(schema, key, r->lang);
  return label == key ? inverse : label;
}

static void show_links(struct request *r, struct html *h, const json_t *model) {
  static const char *const WAYS[] = {"out", "in"};
  const struct schema *schema = schema_of(r, model);
  const json_t *links = json_object_get(model, "links");
  if (json_array_size(json_object_get(links, "out")) + json_array_size(json_object_get(links, "in")) == 0) return;
  open_aside(h, "links", phrase(P_LINKS, r->lang));
  html_open(h, "ul");
  for (size_t way = 0; way < 2; way++) {
    size_t i = 0;
    const json_t *link = NULL;
    json_array_foreach(json_object_get(links, WAYS[way]), i, link) {
      char path[REFERENCE_MAX + 1];
      html_open(h, "li");
      html_text(h, way == 0 ? field_label(r, schema, text_at(link, "field")) : inverse_label(r, link));
      html_text(h, ": ");
      if (json_is_true(json_object_get(link, "waiting"))) {
        html_element(h, "code", NULL, text_at(link, "id"));
        html_text(h, " ");
        html_text(h, phrase(P_NOT_HERE, r->lang));
      } else {
        (void)snprintf(path, sizeof path, "/%s", text_at(link, "reference"));
        put_link(r, h, path, text_at(link, "title")[0] == '\0' ? text_at(link, "reference") : text_at(link, "title"));
      }
      html_close(h);
    }
  }
  html_close(h);
  html_close(h);
}

/* ---- the page ---- */

/* That the text is gone, since when and why, and who says that it is gone there too. */
static void show_takedown(struct request *r, struct html *h, const json_t *takedown) {
  const struct vocabulary *reasons = vocabulary_by_name(r->site->schemas, "takedown");
  const char *code = text_at(takedown, "reason");
  const char *label = reasons == NULL ? NULL : vocabulary_label(reasons, view_of_text(code), r->lang);
  size_t i = 0;
  const json_t *handle = NULL;
  html_open(h, "div");
  html_attr(h, "class", "banner bad");
  html_open(h, "p");
  html_open(h, "strong");
  html_text(h, phrase(P_TAKEN_DOWN, r->lang));
  html_text(h, " ");
  put_day(r, h, int_at(takedown, "date"));
  html_text(h, ": ");
  html_text(h, label == NULL ? code : label);
  html_close(h);
  html_text(h, " ");
  html_element(h, "span", "ref", text_at(takedown, "reference"));
  html_close(h);
  html_open(h, "p");
  html_text(h, phrase(P_TEXT_ERASED, r->lang));
  json_array_foreach(json_object_get(takedown, "erased"), i, handle) {
    html_text(h, i == 0 ? " " : ", ");
    html_text(h, json_string_value(handle));
  }
  html_text(h, " (");
  html_uint(h, json_array_size(json_object_get(takedown, "erased")));
  html_text(h, "/");
  html_uint(h, (uint64_t)int_at(takedown, "of"));
  html_text(h, ").");
  html_close(h);
  html_close(h);
}

static void show_content(struct request *r, struct html *h, const struct content *content) {
  html_open(h, "article");
  if (content->schema == NULL) html_element(h, "p", "banner", phrase(P_UNKNOWN_KIND, r->lang));
  if (json_is_object(content->body)) {
    show_body(r, h, content);
  } else if (content->takedown != NULL) {
    show_takedown(r, h, content->takedown);
  } else {
    html_element(h, "p", "banner", phrase(P_NO_BODY, r->lang));
  }
  html_close(h);
}

static void show_contents(struct request *r, struct html *h, const json_t *model, const struct content *content) {
  static const struct {
    const char *href;
    enum phrase text;
    const char *of; /* only where the model has it; NULL: always */
  } ASIDES[] = {{"#origin", P_ORIGIN, NULL},
                {"#endorsements", P_ENDORSEMENTS, "endorsement"},
                {"#versions", P_VERSIONS, NULL},
                {"#findings", P_FINDINGS, NULL}};
  html_open(h, "nav");
  html_attr(h, "class", "contents");
  html_attr(h, "aria-label", phrase(P_CONTENTS, r->lang));
  html_open(h, "ul");
  if (json_is_object(content->body)) show_chapters(r, h, content);
  for (size_t i = 0; i < sizeof ASIDES / sizeof ASIDES[0]; i++) {
    if (ASIDES[i].of != NULL && json_object_get(model, ASIDES[i].of) == NULL) continue;
    html_open(h, "li");
    html_open(h, "a");
    html_attr(h, "href", ASIDES[i].href);
    html_text(h, phrase(ASIDES[i].text, r->lang));
    html_close(h);
    html_close(h);
  }
  html_close(h);
  html_close(h);
}

/* The title in the language of the texts shown. */
static const char *title_of(const struct request *r, const json_t *model, const char **tag) {
  const struct schema *schema = schema_of(r, model);
  const json_t *title = schema == NULL ? NULL : json_object_get(json_object_get(model, "body"), schema->title->key);
  const char *text = json_string_value(json_object_get(title, text_language(r)));
  *tag = text == NULL ? text_at(model, "title_lang") : text_language(r);
  if (text == NULL) text = text_at(model, "title");
  return text[0] == '\0' ? text_at(model, "reference") : text;
}

static void show_top(struct request *r, struct html *h, const json_t *model, const struct content *content) {
  const char *tag = "", *title = title_of(r, model, &tag);
  char slug[SLUG_MAX + 1] = "/";
  if (content->schema != NULL) schema_slug(content->schema, slug + 1);
  layout_begin(r, h, title, "");
  html_open(h, "div");
  html_attr(h, "class", "top");
  html_open(h, "p");
  html_attr(h, "class", "crumbs");
  if (content->schema != NULL) {
    put_link(r, h, slug, schema_label(content->schema, "@kinds", r->lang));
    html_text(h, " › ");
  }
  html_element(h, "span", "ref", text_at(model, "reference"));
  html_close(h);
  html_open(h, "h1");
  put_lang(r, h, tag);
  html_text(h, title);
  html_close(h);
  show_state(r, h, model);
  if (json_is_object(content->body)) show_lead(r, h, content);
  show_languages(r, h, model);
  show_contents(r, h, model, content);
  html_close(h);
}

void show_object(struct request *r, struct html *h, const json_t *model) {
  if (json_object_get(model, "hidden") != NULL) {
    show_hidden(r, h, model);
    return;
  }
  const struct content content = {.schema = schema_of(r, model),
                                  .body = json_object_get(model, "body"),
                                  .takedown = json_object_get(model, "takedown"),
                                  .sums = json_object_get(model, "sums"),
                                  .links = json_object_get(json_object_get(model, "links"), "out"),
                                  .tag = text_language(r)};
  show_top(r, h, model, &content);
  html_open(h, "div");
  html_attr(h, "class", "object");
  html_open(h, "div");
  show_content(r, h, &content);
  if (r->site->more != NULL) r->site->more->object(r, h, model);
  html_close(h);
  html_open(h, "div");
  html_attr(h, "class", "beside");
  show_origin(r, h, model);
  show_links(r, h, model);
  show_endorsements(r, h, model);
  show_versions(r, h, model);
  show_findings(r, h, model);
  html_close(h);
  html_close(h);
  layout_end(r, h);
}
