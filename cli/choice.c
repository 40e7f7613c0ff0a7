/*
 * choice: see choice.h. A short vocabulary is shown with numbers; of any, a part of a name that only one code has is enough.
 */
#include "cli/choice.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "keys/text.h"
#include "protocol/limits.h"

#define SHOWN_MAX 40u /* codes that are listed */
#define WORD_MAX 512u

static const char *name_of(const struct vocabulary *v, size_t i, const char *lang) {
  const char *code = vocabulary_code(v, i), *label = vocabulary_label(v, view_of_text(code), lang);
  return label == NULL ? code : label;
}

static void show_one(struct cli *cli, const struct vocabulary *v, size_t i, bool numbered, const char *lang) {
  const char *code = vocabulary_code(v, i), *name = name_of(v, i, lang);
  char number[24] = "";
  if (numbered) {
    snprintf(number, sizeof number, "%3zu  ", i + 1);
  }
  out_wrapped(cli, 9, "  %s%s%s%s%s", numbered ? number : "     ", name, strcmp(code, name) == 0 ? "" : "  (",
              strcmp(code, name) == 0 ? "" : code, strcmp(code, name) == 0 ? "" : ")");
}

void choice_show(struct cli *cli, const struct field *field, const char *lang) {
  const struct vocabulary *v = field->vocabulary;
  const size_t n = vocabulary_count(v);
  for (size_t i = 0; n <= SHOWN_MAX && i < n; i++) {
    show_one(cli, v, i, true, lang);
  }
  out_wrapped(cli, 2, "  %s%s",
              n <= SHOWN_MAX ? out_word(cli, "A number, or a part of the name.", "Un numero, o una parte del nome.")
                             : out_word(cli, "A code, or a part of the name.", "Un codice, o una parte del nome."),
              !field->many ? ""
                           : out_word(cli, " Several with commas between them; an empty line ends the list.",
                                      " Più d'uno, separati da virgole; una riga vuota conclude l'elenco."));
}

/* Folded text, "" if it cannot be. Borrowed from out. */
static const char *fold(struct view text, struct bytes *out) {
  bytes_clear(out);
  const char *folded = text_fold(text, out, NULL) == OK ? bytes_text(out) : NULL;
  return folded == NULL ? "" : folded;
}

/* How well a text fits: 3 it is so, 2 it begins so, 1 a part of it is so, 0 not at all. */
static int fit_text(const char *text, const char *word) {
  const char *at = strstr(text, word);
  return at == NULL ? 0 : at != text ? 1 : strcmp(text, word) == 0 ? 3 : 2;
}

/* The same of a code, or of its name; whichever is better. */
static int fit(const struct vocabulary *v, size_t i, const char *word, const char *lang, struct bytes *scratch) {
  const int code = fit_text(fold(view_of_text(vocabulary_code(v, i)), scratch), word);
  const int name = fit_text(fold(view_of_text(name_of(v, i, lang)), scratch), word);
  return code > name ? code : name;
}

/* The one code that a word means; SIZE_MAX: none or several, which are shown. */
static size_t find(struct cli *cli, const struct vocabulary *v, struct view text, const char *lang) {
  struct bytes folded, scratch;
  size_t best[SHOWN_MAX], n_best = 0, n_all = 0;
  int level = 1;
  bytes_init(&folded, (size_t)16 * WORD_MAX);
  bytes_init(&scratch, (size_t)16 * WORD_MAX);
  const char *word = text.len > WORD_MAX ? "" : fold(text, &folded);
  for (size_t i = 0; word[0] != '\0' && i < vocabulary_count(v); i++) {
    const int fits = fit(v, i, word, lang, &scratch);
    if (fits > level) {
      level = fits;
      n_best = n_all = 0;
    }
    if (fits == level) {
      n_all++;
      n_best = n_best < SHOWN_MAX ? n_best + 1 : n_best;
      best[n_best - 1] = i;
    }
  }
  if (n_all == 0) {
    out_wrapped(cli, 4, "  %s \"%.*s\"", out_word(cli, "nothing is called", "niente si chiama"),
                (int)(text.len > 60 ? 60 : text.len), (const char *)text.p);
  } else if (n_all > 1) {
    out_line(cli, "  %s", out_word(cli, "which of these?", "quale di questi?"));
    for (size_t i = 0; i < n_best; i++) {
      show_one(cli, v, best[i], vocabulary_count(v) <= SHOWN_MAX, lang);
    }
  }
  bytes_release(&folded);
  bytes_release(&scratch);
  return n_all == 1 ? best[0] : SIZE_MAX;
}

/* The code that a word means: a number of the list, else by name. A code that looks like a number is a code. */
static json_t *choose(struct cli *cli, const struct vocabulary *v, struct view word, const char *lang) {
  uint64_t number = 0;
  const size_t n = vocabulary_count(v);
  if (vocabulary_has(v, word)) {
    return json_stringn((const char *)word.p, word.len);
  }
  if (n <= SHOWN_MAX && decimal_decode(word, &number, NULL) == OK && number >= 1 && number <= n) {
    return json_string(vocabulary_code(v, (size_t)number - 1));
  }
  const size_t i = find(cli, v, word, lang);
  return i == SIZE_MAX ? NULL : json_string(vocabulary_code(v, i));
}

static struct view trim(struct view v) {
  while (v.len > 0 && v.p[0] == ' ') {
    v = view_of(v.p + 1, v.len - 1);
  }
  while (v.len > 0 && v.p[v.len - 1] == ' ') {
    v.len--;
  }
  return v;
}

json_t *choice_read(struct cli *cli, const struct field *field, struct view line, const char *lang) {
  if (!text_is_valid(line)) {
    return NULL;
  }
  if (!field->many) {
    return choose(cli, field->vocabulary, trim(line), lang);
  }
  json_t *list = json_array();
  while (line.len > 0) {
    const uint8_t *comma = memchr(line.p, ',', line.len);
    const size_t len = comma == NULL ? line.len : (size_t)(comma - line.p);
    const struct view word = trim(view_of(line.p, len));
    json_t *one = word.len == 0 ? NULL : choose(cli, field->vocabulary, word, lang);
    if (one != NULL) {
      const char *code = json_string_value(one), *label = vocabulary_label(field->vocabulary, view_of_text(code), lang);
      out_line(cli, "  + %s", label == NULL ? code : label);
      json_array_append_new(list, one);
    }
    line = comma == NULL ? view_of(NULL, 0) : view_of(comma + 1, line.len - len - 1);
  }
  if (json_array_size(list) == 0) {
    json_decref(list);
    return NULL;
  }
  return list;
}

bool choice_yes_no(struct view text, bool *yes) {
  static const struct {
    const char *word;
    bool yes;
  } words[] = {{"y", true},    {"yes", true}, {"s", true},   {"si", true},    {"sì", true},
               {"true", true}, {"n", false},  {"no", false}, {"false", false}};
  char lower[16];
  for (size_t i = 0; i < sizeof words / sizeof words[0] && text.len < sizeof lower; i++) {
    memcpy(lower, text.len == 0 ? (const uint8_t *)"" : text.p, text.len);
    lower[text.len] = '\0';
    if (strcasecmp(lower, words[i].word) == 0) {
      *yes = words[i].yes;
      return true;
    }
  }
  return false;
}
