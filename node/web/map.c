/*
 * map: how many objects each country has, as a tile map: equal squares, so that nobody's borders are drawn and a small country
 * is as easy to find as a large one. The same figures stand in a table below it. See site.h.
 */
#include <stdio.h>
#include <string.h>

#include "node/web/site.h"

#define TILE 44 /* from one tile to the next, in units of the picture */
#define GAP 3
#define COLUMNS 10
#define ROWS 9
#define BESIDE 24 /* countries that stand beside the map by name, and rows of the table; the list has all */
#define IN_TABLE 48

/* Europe about as it lies, by ISO 3166-1. Who is not on it stands beside it by name. */
static const struct tile {
  char country[3];
  uint8_t column, row;
} TILES[] = {
    {"IS", 0, 0}, {"NO", 5, 0}, {"SE", 6, 0}, {"FI", 7, 0}, {"EE", 7, 1}, {"IE", 0, 2}, {"GB", 1, 2}, {"DK", 5, 2},
    {"LV", 7, 2}, {"NL", 4, 3}, {"DE", 5, 3}, {"PL", 6, 3}, {"LT", 7, 3}, {"BY", 8, 3}, {"BE", 3, 4}, {"LU", 4, 4},
    {"CZ", 5, 4}, {"SK", 6, 4}, {"UA", 7, 4}, {"FR", 3, 5}, {"CH", 4, 5}, {"AT", 5, 5}, {"HU", 6, 5}, {"RO", 7, 5},
    {"MD", 8, 5}, {"GE", 9, 4}, {"PT", 1, 6}, {"ES", 2, 6}, {"IT", 4, 6}, {"SI", 5, 6}, {"HR", 6, 6}, {"RS", 7, 6},
    {"BG", 8, 6}, {"AM", 9, 5}, {"BA", 6, 7}, {"XK", 7, 7}, {"MK", 8, 7}, {"AZ", 9, 6}, {"MT", 4, 8}, {"ME", 6, 8},
    {"AL", 7, 8}, {"GR", 8, 8}, {"TR", 9, 7}, {"CY", 9, 8},
};
#define N_TILES (sizeof TILES / sizeof TILES[0])

static bool is_on_map(const char *country) {
  for (size_t i = 0; i < N_TILES; i++) {
    if (strcmp(TILES[i].country, country) == 0) return true;
  }
  return false;
}

/* The country's row in the model; NULL: it has nothing. */
static const json_t *row_of(const json_t *codes, const char *country) {
  size_t i = 0;
  const json_t *code = NULL;
  json_array_foreach(codes, i, code) {
    if (strcmp(text_at(code, "code"), country) == 0) return code;
  }
  return NULL;
}

static void put_word(struct html *h, const char *class, int x, int y, const char *word) {
  html_open(h, "text");
  html_attr(h, "class", class);
  html_attr_uint(h, "x", (uint64_t)x);
  html_attr_uint(h, "y", (uint64_t)y);
  html_text(h, word);
  html_close(h);
  html_text(h, " "); /* for those who read the text alone */
}

/* The stronger the more, a third at each step; the number says it, too. */
static unsigned shade_of(json_int_t count, json_int_t most) {
  unsigned shade = 4;
  for (json_int_t edge = most; shade > 1 && count * 3 <= edge; edge /= 3)
    shade--;
  return shade;
}

static void put_square(struct html *h, const struct tile *t) {
  html_open(h, "rect");
  html_attr_uint(h, "x", (uint64_t)t->column * TILE);
  html_attr_uint(h, "y", (uint64_t)t->row * TILE);
  html_attr_uint(h, "width", TILE - GAP);
  html_attr_uint(h, "height", TILE - GAP);
  html_attr_uint(h, "rx", 4);
  html_close(h);
}

static void show_tile(struct request *r, struct html *h, const struct tile *t, const json_t *code, json_int_t most,
                      const char *list, const char *dim) {
  const int x = t->column * TILE + (TILE - GAP) / 2, y = t->row * TILE;
  const json_int_t n = int_at(code, "count");
  char class[8], count[24], title[128];
  (void)snprintf(count, sizeof count, "%" JSON_INTEGER_FORMAT, n);
  (void)snprintf(title, sizeof title, "%.90s: %s", country_name(r->site, t->country, r->lang), count);
  html_open(h, n == 0 ? "g" : "a");
  if (n > 0) {
    (void)snprintf(class, sizeof class, "t%u", shade_of(n, most));
    html_attr(h, "class", class);
    put_code_href(r, h, list, dim, t->country);
  }
  html_element(h, "title", NULL, title);
  put_square(h, t);
  put_word(h, "code", x, n == 0 ? y + 26 : y + 18, t->country);
  if (n > 0) put_word(h, "n", x, y + 34, count);
  html_close(h);
}

static void show_elsewhere(struct request *r, struct html *h, const json_t *codes, const char *list, const char *dim) {
  size_t i = 0, n = 0;
  const json_t *code = NULL;
  bool open = false;
  json_array_foreach(codes, i, code) {
    if (is_on_map(text_at(code, "code")) || n++ >= BESIDE) continue;
    if (!open) {
      html_element(h, "h3", NULL, phrase(P_ELSEWHERE, r->lang));
      html_open(h, "ul");
      html_attr(h, "class", "chips");
    }
    open = true;
    html_open(h, "li");
    show_code_link(r, h, list, dim, code);
    html_close(h);
  }
  if (open) html_close(h);
}

static void show_table(struct request *r, struct html *h, const json_t *codes, const char *list, const char *dim) {
  static const struct column COLUMNS_OF_TABLE[] = {{P_COUNTRY, false}, {P_NUMBER, true}};
  size_t i = 0;
  const json_t *code = NULL;
  html_open(h, "details");
  html_element(h, "summary", NULL, phrase(P_AS_TABLE, r->lang));
  open_table(r, h, P_WHERE, COLUMNS_OF_TABLE, 2);
  json_array_foreach(codes, i, code) {
    if (i == IN_TABLE) break;
    html_open(h, "tr");
    html_open(h, "th");
    html_attr(h, "scope", "row");
    html_open(h, "a");
    put_code_href(r, h, list, dim, text_at(code, "code"));
    html_text(h, text_at(code, "label"));
    html_close(h);
    html_close(h);
    put_number(h, int_at(code, "count"));
    html_close(h);
  }
  close_table(h);
  html_close(h);
}

void show_map(struct request *r, struct html *h, const json_t *dim, const char *list) {
  const json_t *codes = json_object_get(dim, "codes");
  const json_int_t most = int_at(json_array_get(codes, 0), "count");
  char box[32];
  (void)snprintf(box, sizeof box, "0 0 %d %d", COLUMNS * TILE - GAP, ROWS * TILE - GAP);
  html_open(h, "svg");
  html_attr(h, "class", "map");
  html_attr(h, "viewBox", box);
  html_attr(h, "role", "group");
  html_attr(h, "aria-label", phrase(P_WHERE, r->lang));
  for (size_t i = 0; i < N_TILES; i++)
    show_tile(r, h, &TILES[i], row_of(codes, TILES[i].country), most, list, text_at(dim, "dim"));
  html_close(h);
  show_elsewhere(r, h, codes, list, text_at(dim, "dim"));
  show_table(r, h, codes, list, text_at(dim, "dim"));
}
