/*
 * matrix: who vouches for whom: a picture of squares, a row a node whose reviewers sign, a column a node whose objects they are
 * about; the same figures in a table below it, and why what does not count does not. See site.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/store/query_matrix.h"
#include "node/web/site.h"
#include "protocol/endorsement.h"
#include "protocol/reason.h"

#define SQUARE 44 /* from one square to the next, in units of the picture */
#define GAP 3
#define HEAD 48        /* what the names of rows take */
#define PICTURE_MOST 9 /* nodes that a narrow page has room for */
#define PAIRS_MOST 300 /* rows of the table; the twin has all */

enum err_code model_matrix(struct request *r, json_t **out, struct err *err) {
  const enum err_code code = query_matrix(r->site->store, &r->site->now->federation, out, err);
  if (code == OK) (void)json_object_set_new(*out, "objects", endorsed_counts(r->site->now->catalogue));
  return code;
}

/* ---- what is shown ---- */

static json_int_t count_at(const json_t *model, size_t by, size_t about) {
  return json_integer_value(json_array_get(json_array_get(json_object_get(model, "counts"), by), about));
}

static json_int_t sum_at(const json_t *model, size_t i) {
  return json_integer_value(json_array_get(json_object_get(model, "given"), i)) +
         json_integer_value(json_array_get(json_object_get(model, "received"), i));
}

static const char *name_at(const json_t *model, size_t i) {
  const char *name = json_string_value(json_array_get(json_object_get(model, "members"), i));
  return name == NULL ? "" : name;
}

/* A node by its country, and where several are of one by their handle too. */
static void put_name(const struct request *r, const json_t *model, size_t i, char out[160]) {
  const char *country = json_string_value(json_array_get(json_object_get(model, "countries"), i));
  const char *handle = name_at(model, i);
  if (country == NULL || country[0] == '\0') {
    (void)snprintf(out, 160, "%.40s", phrase(P_NO_MEMBER, r->lang));
  } else if (strcmp(country, handle) == 0) {
    (void)snprintf(out, 160, "%.120s", country_name(r->site, country, r->lang));
  } else {
    (void)snprintf(out, 160, "%.120s (%.20s)", country_name(r->site, country, r->lang), handle);
  }
}

/* Those of most signatures, as they stand in the model. */
static size_t choose(const json_t *model, size_t places[PICTURE_MOST]) {
  const size_t n = json_array_size(json_object_get(model, "members"));
  size_t chosen = 0;
  for (size_t i = 0; i < n; i++) {
    size_t better = 0;
    for (size_t k = 0; k < n; k++)
      better += sum_at(model, k) > sum_at(model, i) || (sum_at(model, k) == sum_at(model, i) && k < i);
    if (better < PICTURE_MOST && chosen < PICTURE_MOST) places[chosen++] = i;
  }
  return chosen;
}

/* ---- the picture ---- */

/* The stronger the more, a third at each step; the number says it, too. */
static unsigned shade_of(json_int_t count, json_int_t most) {
  unsigned shade = 4;
  for (json_int_t edge = most; shade > 1 && count * 3 <= edge; edge /= 3)
    shade--;
  return shade;
}

static void put_word(struct html *h, const char *class, size_t x, size_t y, const char *word) {
  html_open(h, "text");
  html_attr(h, "class", class);
  html_attr_uint(h, "x", x);
  html_attr_uint(h, "y", y);
  html_text(h, word);
  html_close(h);
  html_text(h, " "); /* for those who read the text alone */
}

/* Nothing counts: an empty square with a point. */
static void put_square(struct request *r, struct html *h, const json_t *model, size_t by, size_t about, size_t x, size_t y,
                       json_int_t most) {
  const json_int_t n = count_at(model, by, about);
  char class[8] = "t0", count[24] = "\xc2\xb7", title[512], giver[160], owner[160];
  put_name(r, model, by, giver);
  put_name(r, model, about, owner);
  (void)snprintf(title, sizeof title, "%s %s, %s %s: %" JSON_INTEGER_FORMAT, phrase(P_REVIEWERS_OF, r->lang), giver,
                 phrase(P_OBJECTS_OF, r->lang), owner, n);
  if (n > 0) {
    (void)snprintf(class, sizeof class, "t%u", shade_of(n, most));
    (void)snprintf(count, sizeof count, "%" JSON_INTEGER_FORMAT, n);
  }
  html_open(h, "g");
  html_attr(h, "class", class);
  html_element(h, "title", NULL, title);
  html_open(h, "rect");
  html_attr_uint(h, "x", x);
  html_attr_uint(h, "y", y);
  html_attr_uint(h, "width", SQUARE - GAP);
  html_attr_uint(h, "height", SQUARE - GAP);
  html_attr_uint(h, "rx", 4);
  html_close(h);
  put_word(h, "n", x + (SQUARE - GAP) / 2, y + 26, count);
  html_close(h);
}

static void show_picture(struct request *r, struct html *h, const json_t *model) {
  size_t places[PICTURE_MOST];
  const size_t n = choose(model, places);
  json_int_t most = 1;
  char box[48];
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++)
      most = count_at(model, places[i], places[k]) > most ? count_at(model, places[i], places[k]) : most;
  (void)snprintf(box, sizeof box, "0 0 %zu %zu", HEAD + n * SQUARE - GAP, (n + 1) * SQUARE - GAP);
  html_open(h, "svg");
  html_attr(h, "class", "map matrix");
  html_attr(h, "viewBox", box);
  html_attr_uint(h, "width", HEAD + n * SQUARE - GAP);
  html_attr(h, "role", "img");
  html_attr(h, "aria-label", phrase(P_MATRIX_PICTURE, r->lang));
  for (size_t k = 0; k < n; k++)
    put_word(h, "code", HEAD + k * SQUARE + (SQUARE - GAP) / 2, 28, name_at(model, places[k]));
  for (size_t i = 0; i < n; i++) {
    put_word(h, "code", HEAD / 2 - GAP, (i + 1) * SQUARE + 26, name_at(model, places[i]));
    for (size_t k = 0; k < n; k++)
      put_square(r, h, model, places[i], places[k], HEAD + k * SQUARE, (i + 1) * SQUARE, most);
  }
  html_close(h);
  if (n < json_array_size(json_object_get(model, "members"))) html_element(h, "p", "hint", phrase(P_MATRIX_MOST, r->lang));
}

/* ---- the same as a table ---- */

struct pair {
  size_t by, about;
  json_int_t n;
};

static int most_first(const void *a, const void *b) {
  const struct pair *x = a, *y = b;
  if (x->n != y->n) return (x->n < y->n) - (x->n > y->n);
  if (x->by != y->by) return (x->by > y->by) - (x->by < y->by);
  return (x->about > y->about) - (x->about < y->about);
}

static void show_pair(struct request *r, struct html *h, const json_t *model, const struct pair *pair) {
  char name[160], path[64];
  put_name(r, model, pair->by, name);
  (void)snprintf(path, sizeof path, "/nodes/%.40s", name_at(model, pair->by));
  html_open(h, "tr");
  html_open(h, "th");
  html_attr(h, "scope", "row");
  if (strcmp(name_at(model, pair->by), "?") == 0) {
    html_text(h, name);
  } else {
    put_link(r, h, path, name);
  }
  html_close(h);
  put_name(r, model, pair->about, name);
  html_element(h, "td", NULL, name);
  put_number(h, pair->n);
  html_close(h);
}

static void show_pairs(struct request *r, struct html *h, const json_t *model) {
  static const struct column COLUMNS[] = {{P_REVIEWERS_OF, false}, {P_OBJECTS_OF_HEAD, false}, {P_NUMBER, true}};
  const size_t n = json_array_size(json_object_get(model, "members"));
  struct pair *pairs = calloc(n * n + 1, sizeof *pairs);
  size_t n_pairs = 0;
  for (size_t i = 0; pairs != NULL && i < n * n; i++) {
    const json_int_t count = count_at(model, i / n, i % n);
    if (count > 0) pairs[n_pairs++] = (struct pair){i / n, i % n, count};
  }
  if (n_pairs > 0) qsort(pairs, n_pairs, sizeof *pairs, most_first);
  open_table(r, h, P_MATRIX, COLUMNS, 3);
  for (size_t i = 0; i < n_pairs && i < PAIRS_MOST; i++)
    show_pair(r, h, model, &pairs[i]);
  close_table(h);
  free(pairs);
}

/* ---- what does not count ---- */

static void show_reason(struct request *r, struct html *h, const char *standing, json_int_t n) {
  if (n == 0) return;
  html_open(h, "tr");
  html_open(h, "th");
  html_attr(h, "scope", "row");
  html_text(h, standing_word(r, standing));
  html_close(h);
  put_number(h, n);
  html_close(h);
}

static void show_reasons(struct request *r, struct html *h, const json_t *model) {
  static const struct column COLUMNS[] = {{P_STANDING, false}, {P_NUMBER, true}};
#define STANDING(symbol, name, text) name,
  static const char *const names[] = {ENDORSEMENT_TABLE(STANDING)};
#undef STANDING
#define HELD(symbol, number, name, text, todo) name,
  static const char *const reasons[] = {REASON_TABLE(HELD)};
#undef HELD
  const json_t *signatures = json_object_get(model, "signatures"), *held = json_object_get(model, "held");
  json_int_t others = 0;
  if (json_object_size(signatures) == 0 && json_object_size(held) == 0) return;
  html_open(h, "section");
  html_element(h, "h2", NULL, phrase(P_ALL_SIGNATURES, r->lang));
  open_table(r, h, P_ALL_SIGNATURES, COLUMNS, 2);
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    show_reason(r, h, names[i], int_at(signatures, names[i]));
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
    others += strcmp(reasons[i], "revoked") == 0 ? 0 : int_at(held, reasons[i]);
  show_reason(r, h, "revoked", int_at(held, "revoked"));
  show_reason(r, h, "held", others);
  close_table(h);
  html_close(h);
}

static void show_figures(struct request *r, struct html *h, const json_t *model) {
  const json_t *objects = json_object_get(model, "objects");
  html_open(h, "dl");
  html_attr(h, "class", "figures");
  show_figure(h, int_at(objects, "current"), phrase(P_ENDORSED, r->lang));
  show_figure(h, int_at(objects, "earlier"), phrase(P_ENDORSED_EARLIER, r->lang));
  show_figure(h, int_at(objects, "none"), phrase(P_NOT_ENDORSED, r->lang));
  show_figure(h, int_at(model, "total"), phrase(P_SIGNATURES_COUNT, r->lang));
  html_close(h);
}

void show_matrix(struct request *r, struct html *h, const json_t *model) {
  layout_begin(r, h, phrase(P_MATRIX, r->lang), "/endorsements");
  html_element(h, "h1", NULL, phrase(P_MATRIX, r->lang));
  html_element(h, "p", "lead", phrase(P_MATRIX_LEAD, r->lang));
  show_figures(r, h, model);
  if (int_at(model, "total") == 0) {
    html_element(h, "p", NULL, phrase(P_MATRIX_NONE, r->lang));
  } else {
    html_element(h, "p", NULL, phrase(P_MATRIX_HELP, r->lang));
    show_picture(r, h, model);
    show_pairs(r, h, model);
  }
  show_reasons(r, h, model);
  layout_end(r, h);
}
