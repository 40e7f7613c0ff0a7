/*
 * endorsed: who vouches for an object, what that comes to and what is missing (docs/protocol.md 16): in its page, and in a word
 * in lists. See site.h.
 */
#include <stdio.h>
#include <string.h>

#include "node/store/query_endorse.h"
#include "node/web/site.h"

#define SAID_MAX 1000 /* octets of a remark or an interest that a page shows */

const char *endorsed_word(const struct request *r, const char *state) {
  static const struct {
    const char *state;
    enum phrase text;
  } WORDS[] = {{"current", P_ENDORSED}, {"earlier", P_ENDORSED_EARLIER}};
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    if (strcmp(WORDS[i].state, state) == 0) return phrase(WORDS[i].text, r->lang);
  }
  return phrase(P_NOT_ENDORSED, r->lang);
}

const char *endorsed_badge(const struct request *r, const char *state) {
  return strcmp(state, "none") == 0 ? phrase(P_PUBLISHED, r->lang) : endorsed_word(r, state);
}

/* ---- one signature ---- */

static void put_text(struct request *r, struct html *h, enum phrase label, const char *tag, const char *text) {
  char cut[SAID_MAX + sizeof "\xe2\x80\xa6"];
  size_t n = strnlen(text, SAID_MAX);
  while (n > 0 && text[n] != '\0' && ((unsigned char)text[n] & 0xc0) == 0x80)
    n--;
  memcpy(cut, text, n);
  memcpy(cut + n, text[n] == '\0' ? "" : "\xe2\x80\xa6", text[n] == '\0' ? 1 : sizeof "\xe2\x80\xa6");
  if (n == 0) return;
  html_open(h, "p");
  html_text(h, phrase(label, r->lang));
  html_text(h, ": ");
  html_open(h, "span");
  if (tag != NULL) put_lang(r, h, tag);
  html_text(h, cut);
  html_close(h);
  html_close(h);
}

static void put_criteria(struct request *r, struct html *h, const json_t *codes) {
  const struct vocabulary *words = vocabulary_by_name(r->site->schemas, "criteria");
  const json_t *code = NULL;
  size_t i = 0;
  if (json_array_size(codes) == 0) return;
  html_open(h, "p");
  html_text(h, phrase(P_AFFIRMS, r->lang));
  html_text(h, ": ");
  json_array_foreach(codes, i, code) {
    const char *name = json_string_value(code);
    const char *label = words == NULL || name == NULL ? NULL : vocabulary_label(words, view_of_text(name), r->lang);
    if (i > 0) html_text(h, "; ");
    html_text(h, label != NULL ? label : name == NULL ? "" : name);
  }
  html_text(h, ".");
  html_close(h);
}

/* Whether a reviewer affirms all that the policy names, which then need not be said again. */
static bool affirms_all(const json_t *policy, const json_t *said) {
  const json_t *names = json_object_get(policy, "criteria"), *name = NULL, *code = NULL;
  size_t i = 0, k = 0;
  json_array_foreach(names, i, name) {
    bool has = false;
    json_array_foreach(said, k, code) {
      has = has || json_equal(name, code);
    }
    if (!has) return false;
  }
  return json_array_size(said) == json_array_size(names);
}

static void put_said(struct request *r, struct html *h, const json_t *policy, const json_t *signature) {
  json_t *remark = json_object_get(signature, "remark");
  void *first = json_object_iter(remark);
  const char *tag = json_object_get(remark, r->lang) != NULL ? r->lang : first == NULL ? "" : json_object_iter_key(first);
  const json_t *criteria = json_object_get(signature, "criteria");
  if (json_array_size(criteria) > 0 && affirms_all(policy, criteria)) {
    html_element(h, "p", NULL, phrase(P_AFFIRMS_ALL, r->lang));
  } else {
    put_criteria(r, h, criteria);
  }
  put_text(r, h, P_REMARK, tag, text_at(remark, tag));
  put_text(r, h, P_INTEREST, NULL, text_at(signature, "interest"));
  if (text_at(signature, "language")[0] != '\0') {
    put_text(r, h, P_READ_WAS, NULL, language_name(r->site, text_at(signature, "language"), r->lang));
  }
}

const char *standing_word(const struct request *r, const char *standing) {
  static const struct {
    const char *standing;
    enum phrase text;
  } TEXTS[] = {{"version", P_S_VERSION},     {"policy", P_S_POLICY},   {"member", P_S_MEMBER}, {"home", P_S_HOME},
               {"withdrawn", P_S_WITHDRAWN}, {"person", P_S_PERSON},   {"node", P_S_NODE},     {"country", P_S_COUNTRY},
               {"counts", P_S_COUNTS},       {"revoked", P_S_REVOKED}, {"rights", P_S_RIGHTS}, {"author", P_S_AUTHOR},
               {"signature", P_S_SIGNATURE}};
  for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++) {
    if (strcmp(TEXTS[i].standing, standing) == 0) return phrase(TEXTS[i].text, r->lang);
  }
  return phrase(P_S_HELD, r->lang); /* why an entry is held is told in full by explain */
}

/* What has no effect in its own log has no person there, and its reasons are others than those of section 16. */
static const char *standing_of(const struct request *r, const json_t *signature) {
  const char *standing = text_at(signature, "standing");
  const bool is_held = json_object_get(signature, "person") == NULL;
  return standing_word(r, is_held && (strcmp(standing, "home") == 0 || strcmp(standing, "version") == 0) ? "held" : standing);
}

static void put_signature(struct request *r, struct html *h, const json_t *policy, const json_t *signature) {
  char path[64];
  const char *country = text_at(signature, "country");
  const bool counts = json_is_true(json_object_get(signature, "counts"));
  html_open(h, "li");
  if (text_at(signature, "name")[0] != '\0') {
    html_element(h, "strong", NULL, text_at(signature, "name"));
    html_text(h, ", ");
  }
  (void)snprintf(path, sizeof path, "/nodes/%.40s", text_at(signature, "handle"));
  if (country[0] == '\0') {
    html_text(h, text_at(signature, "handle"));
  } else {
    put_link(r, h, path, country_name(r->site, country, r->lang));
  }
  html_text(h, ", ");
  put_day(r, h, int_at(signature, "created"));
  html_text(h, " (");
  html_element(h, "span", "ref", text_at(signature, "reference"));
  html_text(h, "): ");
  html_element(h, "span", counts ? "good" : "hint", standing_of(r, signature));
  if (counts) put_said(r, h, policy, signature); /* what others say stands in the JSON twin: nobody fills a page with it */
  html_close(h);
}

/* ---- one statement ---- */

/* "2 of 3". */
static void put_count(struct request *r, struct html *h, const json_t *statement) {
  char text[64];
  (void)snprintf(text, sizeof text, "%jd %s %jd", (intmax_t)int_at(statement, "counted"), phrase(P_OF, r->lang),
                 (intmax_t)int_at(json_object_get(statement, "policy"), "m"));
  html_text(h, text);
}

/* "missing: 1 endorsement, 1 country"; nothing where nothing is. */
static void put_missing(struct request *r, struct html *h, const json_t *statement) {
  static const struct {
    const char *key;
    enum phrase one, more;
  } WORDS[] = {{"endorsements", P_ENDORSEMENT_ONE, P_ENDORSEMENT_MORE},
               {"nodes", P_NODE_ONE, P_NODE_MORE},
               {"countries", P_COUNTRY_ONE, P_COUNTRY_MORE}};
  const json_t *missing = json_object_get(statement, "missing");
  const char *before = phrase(P_MISSING, r->lang);
  char text[64];
  if (json_is_true(json_object_get(statement, "met"))) return;
  html_open(h, "p");
  html_attr(h, "class", "hint");
  for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
    const json_int_t n = int_at(missing, WORDS[i].key);
    if (n == 0) continue;
    (void)snprintf(text, sizeof text, "%jd ", (intmax_t)n);
    html_text(h, before);
    html_text(h, text);
    html_text(h, phrase(n == 1 ? WORDS[i].one : WORDS[i].more, r->lang));
    before = ", ";
  }
  html_close(h);
}

/* "Since then: changed Title (en); added Sectors." */
static void put_since(struct request *r, struct html *h, const json_t *since) {
  static const struct {
    const char *change;
    enum phrase text;
  } WORDS[] = {{"changed", P_SINCE_CHANGED}, {"added", P_SINCE_ADDED}, {"removed", P_SINCE_REMOVED}};
  const json_t *change = NULL;
  const char *last = "";
  size_t i = 0;
  if (since == NULL) return;
  html_open(h, "p");
  html_text(h, phrase(P_SINCE_THEN, r->lang));
  if (json_array_size(since) == 0) html_text(h, phrase(P_SINCE_SAME, r->lang));
  json_array_foreach(since, i, change) {
    const char *sort = text_at(change, "change");
    if (i > 0) html_text(h, strcmp(sort, last) == 0 ? ", " : "; ");
    for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0] && strcmp(sort, last) != 0; k++) {
      if (strcmp(sort, WORDS[k].change) == 0) html_text(h, phrase(WORDS[k].text, r->lang));
    }
    html_text(h, text_at(change, "name"));
    last = sort;
  }
  html_text(h, ".");
  html_close(h);
}

/* Whether a statement is of a version that is here, under a policy in force. */
static bool is_of_this(const json_t *statement) {
  return int_at(statement, "version") > 0 && json_object_get(json_object_get(statement, "policy"), "m") != NULL;
}

static void put_statement(struct request *r, struct html *h, const json_t *model, const json_t *statement) {
  const json_t *signature = NULL, *signatures = json_object_get(statement, "endorsements");
  const json_int_t version = int_at(statement, "version");
  char path[REFERENCE_MAX + 32], name[64];
  size_t i = 0;
  html_open(h, "h3");
  (void)snprintf(path, sizeof path, "/%s/v/%jd", text_at(model, "reference"), (intmax_t)version);
  (void)snprintf(name, sizeof name, "%s %jd", phrase(P_VERSION, r->lang), (intmax_t)version);
  put_link(r, h, path, name);
  html_text(h, ": ");
  put_count(r, h, statement);
  html_close(h);
  /* Nobody signs an earlier version any more: what it lacks is of no use. */
  if (version == int_at(json_object_get(model, "endorsement"), "versions")) put_missing(r, h, statement);
  put_since(r, h, json_object_get(statement, "since"));
  if (json_array_size(signatures) == 0) return;
  html_open(h, "ul");
  json_array_foreach(signatures, i, signature) {
    put_signature(r, h, json_object_get(statement, "policy"), signature);
  }
  html_close(h);
}

/* Of a version that this object does not have, under no policy in force, or without effect in their own logs. */
static void put_others(struct request *r, struct html *h, const json_t *endorsement) {
  const json_t *statement = NULL, *signature = NULL;
  size_t i = 0, k = 0, n = json_array_size(json_object_get(endorsement, "held"));
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    n += is_of_this(statement) ? 0 : json_array_size(json_object_get(statement, "endorsements"));
  }
  if (n == 0) return;
  html_element(h, "h3", NULL, phrase(P_OTHER_SIGNATURES, r->lang));
  html_open(h, "ul");
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    if (is_of_this(statement)) continue;
    json_array_foreach(json_object_get(statement, "endorsements"), k, signature) {
      put_signature(r, h, NULL, signature); /* they count nowhere */
    }
  }
  json_array_foreach(json_object_get(endorsement, "held"), i, signature) {
    put_signature(r, h, NULL, signature);
  }
  html_close(h);
}

static void put_policy(struct request *r, struct html *h, const json_t *endorsement, const json_t *policy) {
  html_open(h, "details");
  html_element(h, "summary", NULL, phrase(P_POLICY, r->lang));
  html_element(h, "p", "lead", text_at(policy, "sentence"));
  put_criteria(r, h, json_object_get(policy, "criteria"));
  html_open(h, "p");
  html_text(h, phrase(P_FOLLOWS_FROM, r->lang));
  html_text(h, " ");
  html_element(h, "code", NULL, text_at(endorsement, "frontier"));
  html_close(h);
  html_close(h);
}

void show_endorsements(struct request *r, struct html *h, const json_t *model) {
  const json_t *endorsement = json_object_get(model, "endorsement"), *statement = NULL, *policy = NULL;
  size_t i = 0;
  if (endorsement == NULL) return;
  html_open(h, "section");
  html_attr(h, "aria-labelledby", "endorsements");
  html_open(h, "h2");
  html_attr(h, "id", "endorsements");
  html_text(h, phrase(P_ENDORSEMENTS, r->lang));
  html_close(h);
  html_element(h, "p", "hint", phrase(P_ENDORSED_HELP, r->lang));
  json_array_foreach(json_object_get(endorsement, "statements"), i, statement) {
    const json_t *own = json_object_get(statement, "policy");
    if (!is_of_this(statement)) continue;
    put_statement(r, h, model, statement);
    policy = policy == NULL ? own : policy;
  }
  put_others(r, h, endorsement);
  if (int_at(endorsement, "more") > 0) {
    char more[32];
    (void)snprintf(more, sizeof more, "%jd ", (intmax_t)int_at(endorsement, "more"));
    html_open(h, "p");
    html_text(h, more);
    html_text(h, phrase(P_MORE_NOT_SHOWN, r->lang));
    html_close(h);
  }
  if (policy != NULL) put_policy(r, h, endorsement, policy);
  html_close(h);
}
