/*
 * endorsement: policies and what signatures come to. See endorsement.h.
 */
#include "protocol/endorsement.h"

#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"

#define POLICY_FIELDS 8

/* ---- policies ---- */

enum err_code policy_read(struct view octets, struct policy *out, struct err *err) {
  struct canon_reader r = canon_reader(octets);
  struct policy p = {.id = hash_of(HASH_POLICY, octets, view_of(NULL, 0))};
  canon_array_exact(&r, POLICY_FIELDS);
  p.sentence = canon_skip(&r);
  p.criteria = canon_skip(&r);
  p.m = canon_uint(&r);
  p.min_countries = canon_uint(&r);
  p.min_nodes = canon_uint(&r);
  p.max_per_node = canon_uint(&r);
  p.max_per_country = canon_uint(&r);
  p.exclude_home = canon_bool(&r);
  const enum err_code code = canon_finish(&r, "policy", err);
  if (code == OK) {
    *out = p;
  }
  return code;
}

/* ---- words ---- */

static const struct {
  const char *name, *text;
} STANDINGS[] = {
#define ENDORSEMENT_ROW(symbol, name, text) {name, text},
    ENDORSEMENT_TABLE(ENDORSEMENT_ROW)
#undef ENDORSEMENT_ROW
};

const char *endorsement_name(enum endorsement_standing standing) {
  return STANDINGS[standing].name;
}

const char *endorsement_text(enum endorsement_standing standing) {
  return STANDINGS[standing].text;
}

/* ---- orders ---- */

static int compare_numbers(uint64_t a, uint64_t b) {
  return (a > b) - (a < b);
}

/* By node and position. */
static int by_position(const void *a, const void *b) {
  const struct endorsement *x = a;
  const struct endorsement *y = b;
  const int nodes = hash_compare(&x->node, &y->node);
  return nodes != 0 ? nodes : position_compare(x->at, y->at);
}

/* By node and person, then those that may count, by position. */
static int by_person(const void *a, const void *b) {
  const struct endorsement *x = a;
  const struct endorsement *y = b;
  const int nodes = hash_compare(&x->node, &y->node);
  const int people = compare_numbers(x->person, y->person);
  const int standing = compare_numbers(x->standing != ENDORSEMENT_COUNTS, y->standing != ENDORSEMENT_COUNTS);
  return nodes != 0 ? nodes : people != 0 ? people : standing != 0 ? standing : position_compare(x->at, y->at);
}

/* By country, those that may count first: the first of each node by node id, then the second of each, and so on. */
static int by_country(const void *a, const void *b) {
  const struct endorsement *x = a;
  const struct endorsement *y = b;
  const int countries = strcmp(x->country, y->country);
  const int standing = compare_numbers(x->standing != ENDORSEMENT_COUNTS, y->standing != ENDORSEMENT_COUNTS);
  const int ranks = compare_numbers(x->rank, y->rank);
  return countries != 0 ? countries : standing != 0 ? standing : ranks != 0 ? ranks : by_position(a, b);
}

/* ---- one rule each ---- */

static void keep_one_a_person(struct endorsement *s, size_t n) {
  qsort(s, n, sizeof *s, by_person);
  for (size_t i = 1; i < n; i++) {
    const bool same = hash_equal(&s[i - 1].node, &s[i].node) && s[i - 1].person == s[i].person;
    const bool before = s[i - 1].standing == ENDORSEMENT_COUNTS || s[i - 1].standing == ENDORSEMENT_PERSON;
    if (same && before && s[i].standing == ENDORSEMENT_COUNTS) {
      s[i].standing = ENDORSEMENT_PERSON;
    }
  }
}

static void keep_some_a_node(struct endorsement *s, size_t n, uint64_t most) {
  uint64_t rank = 0;
  qsort(s, n, sizeof *s, by_position);
  for (size_t i = 0; i < n; i++) {
    rank = i > 0 && hash_equal(&s[i - 1].node, &s[i].node) ? rank : 0;
    if (s[i].standing == ENDORSEMENT_COUNTS) {
      s[i].standing = rank < most ? ENDORSEMENT_COUNTS : ENDORSEMENT_NODE;
      s[i].rank = rank++;
    }
  }
}

static void keep_some_a_country(struct endorsement *s, size_t n, uint64_t most, struct endorsement_result *out) {
  uint64_t kept = 0;
  qsort(s, n, sizeof *s, by_country);
  for (size_t i = 0; i < n; i++) {
    kept = i > 0 && strcmp(s[i - 1].country, s[i].country) == 0 ? kept : 0;
    if (s[i].standing != ENDORSEMENT_COUNTS) {
      continue;
    }
    s[i].standing = kept < most ? ENDORSEMENT_COUNTS : ENDORSEMENT_COUNTRY;
    if (s[i].standing == ENDORSEMENT_COUNTS) {
      out->countries += kept == 0;
      out->counted++;
      kept++;
    }
  }
}

static void count_nodes(struct endorsement *s, size_t n, struct endorsement_result *out) {
  bool counted = false;
  qsort(s, n, sizeof *s, by_position);
  for (size_t i = 0; i < n; i++) {
    counted = counted && i > 0 && hash_equal(&s[i - 1].node, &s[i].node);
    if (s[i].standing == ENDORSEMENT_COUNTS && !counted) {
      counted = true;
      out->nodes++;
    }
  }
}

static uint64_t lacking(uint64_t have, uint64_t need) {
  return have < need ? need - have : 0;
}

void endorsement_weigh(const struct policy *policy, struct endorsement *signatures, size_t n, struct endorsement_result *out) {
  *out = (struct endorsement_result){.counted = 0};
  if (signatures != NULL && n > 0) {
    keep_one_a_person(signatures, n);
    keep_some_a_node(signatures, n, policy->max_per_node);
    keep_some_a_country(signatures, n, policy->max_per_country, out);
    count_nodes(signatures, n, out);
  }
  out->missing = lacking(out->counted, policy->m);
  out->missing_nodes = lacking(out->nodes, policy->min_nodes);
  out->missing_countries = lacking(out->countries, policy->min_countries);
  out->met = out->missing == 0 && out->missing_nodes == 0 && out->missing_countries == 0;
}
