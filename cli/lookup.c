/*
 * lookup: words to a row of the command table (see lookup.h). General options may stand before the command; their values must
 * not be taken for its name.
 */
#include "cli/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "protocol/schema/nearest.h"

void words_release(struct words *w) {
  free(w->words);
  *w = (struct words){0};
}

const struct command *command_by_name(const char *name) {
  for (const struct command *c = command_table; c->name != NULL; c++) {
    if (strcmp(c->name, name) == 0) {
      return c;
    }
  }
  return NULL;
}

/* True if the option word is followed by a value in the next word. */
static bool takes_next(const char *word) {
  if (word[0] != '-' || word[1] != '-' || strchr(word, '=') != NULL) {
    return false;
  }
  for (const struct option_row *row = global_options; row->name != NULL; row++) {
    if (strcmp(row->name, word + 2) == 0) {
      return row->type != OPTION_FLAG;
    }
  }
  return false;
}

/* The next word from i on that is no general option; -1 at the end. Behind "--" every word is one. */
static int next_plain(int n_words, char **words, int i) {
  for (; i < n_words; i++) {
    if (strcmp(words[i], "--") == 0) {
      return i + 1 < n_words ? i + 1 : -1;
    }
    if (words[i][0] != '-') {
      return i;
    }
    i += takes_next(words[i]);
  }
  return -1;
}

/* Lists the commands whose first word is this one ("key": "key backup, key new, key show"); false if there is none. */
static bool list_family(const char *word, char *out, size_t size) {
  size_t used = 0, len = strlen(word);
  out[0] = '\0';
  for (const struct command *c = command_table; c->name != NULL; c++) {
    if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ') {
      int n = snprintf(out + used, size - used, "%sspecola %s", used == 0 ? "" : ", ", c->name);
      used += n < 0 || (size_t)n >= size - used ? 0 : (size_t)n;
    }
  }
  return used > 0;
}

static enum err_code unknown_command(const char *word, const char *second, struct err *err) {
  char family[ERR_HINT_MAX];
  if (list_family(word, family, sizeof family)) {
    if (second == NULL) {
      err_set(err, ERR_USAGE, "%s: a second word is missing", word);
    } else {
      err_set(err, ERR_USAGE, "%s %s: no such command", word, second);
    }
    return err_hint(err, "%s", family);
  }
  struct nearest near = nearest_to(view_of_text(word));
  for (const struct command *c = command_table; c->name != NULL; c++) {
    nearest_offer(&near, c->name);
  }
  err_set(err, ERR_USAGE, "%s: no such command", word[0] == '\0' ? "\"\"" : word);
  const char *meant = nearest_word(&near);
  return meant != NULL ? err_hint(err, "did you mean specola %s?", meant) : err_hint(err, "specola help lists them");
}

enum err_code lookup_command(int n_words, char **words, const struct command **out, struct words *rest, struct err *err) {
  char pair[64];
  int first = next_plain(n_words, words, 0), second = first < 0 ? -1 : next_plain(n_words, words, first + 1);
  *out = NULL;
  if (second >= 0) {
    int n = snprintf(pair, sizeof pair, "%s %s", words[first], words[second]);
    *out = n < 0 || (size_t)n >= sizeof pair ? NULL : command_by_name(pair);
  }
  if (*out == NULL) {
    second = -1;
    *out = first < 0 ? command_by_name("help") : command_by_name(words[first]);
  }
  for (int i = 0; first < 0 && i < n_words; i++) {
    *out = strcmp(words[i], "--version") == 0 ? command_by_name("version") : *out;
  }
  if (*out == NULL) {
    int after = next_plain(n_words, words, first + 1);
    return unknown_command(words[first], after < 0 ? NULL : words[after], err);
  }
  rest->words = calloc((size_t)n_words + 1, sizeof *rest->words);
  if (rest->words == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (int i = 0; i < n_words; i++) {
    bool version = first < 0 && strcmp(words[i], "--version") == 0;
    if (i != first && i != second && !version) {
      rest->words[rest->n++] = words[i];
    }
  }
  return OK;
}
