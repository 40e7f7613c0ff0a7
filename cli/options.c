/*
 * options: the table-driven parser of the command line (see options.h).
 */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "keys/bytes.h"
#include "protocol/schema/nearest.h"

void args_release(struct args *a) {
  free(a->operands);
  free(a->options);
  free(a->open);
  *a = (struct args){0};
}

/* The tables in which options are searched. */
struct tables {
  const struct option_row *const *rows;
  size_t n;
};

static const struct option_row *find_long(const struct tables *t, struct view name) {
  for (size_t i = 0; i < t->n; i++) {
    for (const struct option_row *row = t->rows[i]; row != NULL && row->name != NULL; row++) {
      if (view_is_text(name, row->name)) {
        return row;
      }
    }
  }
  return NULL;
}

static const struct option_row *find_short(const struct tables *t, char letter) {
  for (size_t i = 0; i < t->n; i++) {
    for (const struct option_row *row = t->rows[i]; row != NULL && row->name != NULL; row++) {
      if (row->letter == letter) {
        return row;
      }
    }
  }
  return NULL;
}

static enum err_code unknown_option(const struct tables *t, struct view name, const char *word, struct err *err) {
  struct nearest near = nearest_to(name);
  for (size_t i = 0; i < t->n; i++) {
    for (const struct option_row *row = t->rows[i]; row != NULL && row->name != NULL; row++) {
      nearest_offer(&near, row->name);
    }
  }
  err_set(err, ERR_USAGE, "%s: no such option here", word);
  const char *meant = nearest_word(&near);
  if (meant == NULL && word[1] != '-') {
    return err_hint(err, "words that begin with a dash go behind --; specola help COMMAND lists the options");
  }
  return meant != NULL ? err_hint(err, "did you mean --%s?", meant) : err_hint(err, "specola help COMMAND lists the options");
}

static enum err_code keep_option(struct args *a, const struct option_row *row, const char *value, struct err *err) {
  if (row->type == OPTION_VALUE && args_value(a, row->name) != NULL) {
    return err_set(err, ERR_USAGE, "--%s is given twice", row->name);
  }
  a->options[a->n_options++] = (struct arg){.name = row->name, .name_len = strlen(row->name), .value = value};
  return OK;
}

/* One option at words[*i]; moves *i over a value that stands in the next word. */
static enum err_code parse_option(int n_words, char *const *words, int *i, const struct tables *t, bool take_open,
                                  struct args *a, struct err *err) {
  const char *word = words[*i];
  bool is_long = word[1] == '-';
  const char *equals = is_long ? strchr(word, '=') : NULL;
  struct view name =
      is_long ? view_of(word + 2, equals == NULL ? strlen(word + 2) : (size_t)(equals - word - 2)) : view_of(word + 1, 1);
  const struct option_row *row = is_long ? find_long(t, name) : find_short(t, word[1]);
  const char *value = is_long ? (equals == NULL ? NULL : equals + 1) : (word[2] == '\0' ? NULL : word + 2);
  if (row == NULL && (!is_long || !take_open)) {
    return unknown_option(t, name, word, err);
  }
  if (row != NULL && row->type == OPTION_FLAG) {
    if (value == NULL) {
      return keep_option(a, row, NULL, err);
    }
    err_set(err, ERR_USAGE, "%s: --%s takes no value", word, row->name);
    return is_long ? err_hint(err, "--%s", row->name) : err_hint(err, "letters stand one by one: -%c -%c", word[1], word[2]);
  }
  if (value == NULL && *i + 1 < n_words) {
    value = words[++*i];
  }
  if (value == NULL) {
    err_set(err, ERR_USAGE, "%s: a value is missing", word);
    return row == NULL ? ERR_USAGE : err_hint(err, "--%s %s", row->name, row->value);
  }
  if (row != NULL) {
    return keep_option(a, row, value, err);
  }
  a->open[a->n_open++] = (struct arg){.name = word + 2, .name_len = name.len, .value = value};
  return OK;
}

enum err_code args_parse(int n_words, char *const *words, const struct option_row *const *tables, size_t n_tables,
                         bool take_open, struct args *a, struct err *err) {
  const struct tables t = {tables, n_tables};
  size_t room = (size_t)n_words + 1;
  bool ended = false;
  a->operands = calloc(room, sizeof *a->operands);
  a->options = calloc(room, sizeof *a->options);
  a->open = calloc(room, sizeof *a->open);
  if (a->operands == NULL || a->options == NULL || a->open == NULL) {
    args_release(a);
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (int i = 0; i < n_words; i++) {
    const char *word = words[i];
    if (!ended && strcmp(word, "--") == 0) {
      ended = true;
    } else if (ended || word[0] != '-' || word[1] == '\0') {
      a->operands[a->n_operands++] = word;
    } else {
      enum err_code code = parse_option(n_words, words, &i, &t, take_open, a, err);
      if (code != OK) {
        args_release(a);
        return code;
      }
    }
  }
  return OK;
}

const char *args_nth(const struct args *a, const char *name, size_t i) {
  for (size_t k = 0; k < a->n_options; k++) {
    if (strcmp(a->options[k].name, name) == 0 && i-- == 0) {
      return a->options[k].value;
    }
  }
  return NULL;
}

const char *args_value(const struct args *a, const char *name) {
  return args_nth(a, name, 0);
}

bool args_flag(const struct args *a, const char *name) {
  for (size_t k = 0; k < a->n_options; k++) {
    if (strcmp(a->options[k].name, name) == 0) {
      return true;
    }
  }
  return false;
}

enum err_code args_number(const struct args *a, const char *name, uint64_t min, uint64_t max, uint64_t fallback, uint64_t *out,
                          struct err *err) {
  const char *text = args_value(a, name);
  *out = fallback;
  if (text == NULL) {
    return OK;
  }
  if (decimal_decode(view_of_text(text), out, NULL) != OK || *out < min || *out > max) {
    return err_set(err, ERR_USAGE, "--%s: \"%s\" is not a number from %ju to %ju", name, text, (uintmax_t)min, (uintmax_t)max);
  }
  return OK;
}
