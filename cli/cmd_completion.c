/*
 * completion: what bash, zsh and fish need to complete commands, options and names. The scripts are short and ask this program,
 * which reads its own command table: so they never lag behind it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/facets.h"
#include "cli/here.h"
#include "cli/lookup.h"
#include "cli/out.h"

const struct option_row options_completion[] = {
    {"words", 0, OPTION_VALUE, "LINE", "what may follow this command line, a word a line (asked by the scripts)",
     "che cosa può seguire questa riga, una parola per riga (usato dagli script)"},
    OPTIONS_END,
};

#define WORDS_MAX 64
#define LINE_OCTETS 4096
#define REFERENCES_MAX 200 /* that are offered */

static const struct {
  const char *shell, *script;
} SCRIPTS[] = {
    {"bash", "# bash completion of specola:  specola completion bash > /etc/bash_completion.d/specola\n"
             "_specola() {\n"
             "  local line=\"${COMP_WORDS[*]:1:COMP_CWORD-1}\" current=\"${COMP_WORDS[COMP_CWORD]}\"\n"
             "  local words\n"
             "  words=$(\"${COMP_WORDS[0]}\" completion --words \"$line \" 2>/dev/null) || return 0\n"
             "  if [ \"$words\" = FILES ]; then\n"
             "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
             "    compopt -o filenames 2>/dev/null\n"
             "  else\n"
             "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
             "  fi\n"
             "}\n"
             "complete -F _specola specola\n"},
    {"zsh",
     "#compdef specola\n"
     "# zsh completion of specola:  specola completion zsh > a folder of $fpath/_specola\n"
     "_specola() {\n"
     "  local -a words_found\n"
     "  words_found=(${(f)\"$(specola completion --words \"${(j: :)words[2,CURRENT-1]} \" 2>/dev/null)\"})\n"
     "  if [[ \"$words_found\" == FILES ]]; then\n"
     "    _files\n"
     "  else\n"
     "    compadd -a words_found\n"
     "  fi\n"
     "}\n"
     "# Found in $fpath, this file is the function itself, at its first call; read by eval or source, it is registered.\n"
     "if [[ \"${funcstack[1]}\" == _specola ]]; then\n"
     "  _specola \"$@\"\n"
     "else\n"
     "  compdef _specola specola\n"
     "fi\n"},
    {"fish", "# fish completion of specola:  specola completion fish > ~/.config/fish/completions/specola.fish\n"
             "function __specola_words\n"
             "  set -l tokens (commandline -opc)\n"
             "  set -l found (specola completion --words (string join ' ' -- $tokens[2..-1] '') 2>/dev/null)\n"
             "  if test \"$found\" = FILES\n"
             "    __fish_complete_path (commandline -ct)\n"
             "  else\n"
             "    printf '%s\\n' $found\n"
             "  end\n"
             "end\n"
             "complete -c specola -f -a '(__specola_words)'\n"},
};

/* ---- words ---- */

struct offering {
  struct cli *cli;
  json_t *list; /* in the document */
};

static void offer(const struct offering *o, const char *word) {
  out_line(o->cli, "%s", word);
  json_array_append_new(o->list, out_json_text(view_of_text(word)));
}

static bool offer_row(void *context, const struct query_row *row) {
  offer(context, row->reference);
  return true;
}

/* Names out of the store; without a node here there are none. */
static void offer_names(const struct offering *o, bool references) {
  struct here here;
  struct err err = ERR_INIT;
  struct offering own = *o;
  const struct query q = {.limit = REFERENCES_MAX, .lang = "", .sort = SORT_NEWEST};
  if (here_open(o->cli, &here, &err) != OK) {
    return;
  }
  if (references) {
    enum err_code code = query_run(here.store, &here.federation, here.schemas, &q, offer_row, &own, NULL, &err);
    (void)code; /* what cannot be read is not offered */
  }
  for (uint32_t i = 0; !references && i < here.federation.n_members; i++) {
    offer(o, here.federation.rows[i].handle);
  }
  here_release(&here);
}

/* All kinds (kind NULL), or the fields of one. */
static void offer_schemas(const struct offering *o, const char *kind) {
  struct schema_set *set = NULL;
  struct err err = ERR_INIT;
  if (here_schemas(o->cli, &set, NULL, &err) != OK) {
    return;
  }
  const struct schema *schema = kind == NULL ? NULL : schema_by_kind(set, kind);
  for (size_t i = 0; kind == NULL && i < schema_set_count(set); i++) {
    offer(o, schema_set_at(set, i)->kind);
  }
  for (size_t i = 0; schema != NULL && i < schema->n_fields; i++) {
    offer(o, schema->fields[i].key);
  }
  schema_set_free(set);
}

/* What some placeholders of the tables stand for, as others say it themselves: "bash|zsh|fish". */
static const struct {
  const char *placeholder, *values;
} VALUES[] = {{"FORMAT", "ndjson|csv|ndjson.zst|csv.zst|bundle"},
              {"ORDER", "newest|relevance|kind|reference"},
              {"ROLE", "coordinator|editor|reviewer|contributor|facilitator"}};

/* "a|b|c" */
static void offer_each(const struct offering *o, const char *values) {
  char word[32];
  for (const char *p = values; *p != '\0'; p += strcspn(p, "|"), p += *p == '|') {
    (void)snprintf(word, sizeof word, "%.*s", (int)strcspn(p, "|"), p);
    offer(o, word);
  }
}

/* What a placeholder of the table ("ID", "FILE...", "bash|zsh|fish") stands for. False: nothing is known of it. */
static bool offer_value(const struct offering *o, const char *placeholder) {
  for (size_t i = 0; i < sizeof VALUES / sizeof VALUES[0]; i++) {
    if (strcmp(VALUES[i].placeholder, placeholder) == 0) {
      offer_each(o, VALUES[i].values);
      return true;
    }
  }
  if (strstr(placeholder, "FILE") != NULL || strstr(placeholder, "DIR") != NULL || strstr(placeholder, "SHEET") != NULL) {
    offer(o, "FILES");
  } else if (strncmp(placeholder, "ID", 2) == 0) {
    offer_names(o, true);
  } else if (strncmp(placeholder, "HANDLE", 6) == 0) {
    offer_names(o, false);
  } else if (strncmp(placeholder, "KIND", 4) == 0) {
    offer_schemas(o, NULL);
  } else if (strchr(placeholder, '|') != NULL) {
    offer_each(o, placeholder);
  } else {
    return false;
  }
  return true;
}

/* The placeholder of the i-th operand (from 0) in "ID [FILE]", "FILE..."; the last one stands for all behind it. */
static void placeholder_at(const char *operands, size_t i, char out[64]) {
  out[0] = '\0';
  for (const char *p = operands; *p != '\0'; p += *p == ' ') {
    const size_t len = strcspn(p, " ");
    const size_t open = p[0] == '[';
    (void)snprintf(out, 64, "%.*s", (int)(len - open), p + open);
    p += len;
    if (i-- == 0) {
      return;
    }
  }
}

static void offer_options(const struct offering *o, const struct option_row *rows) {
  for (; rows != NULL && rows->name != NULL; rows++) {
    char word[64];
    (void)snprintf(word, sizeof word, "--%s", rows->name);
    offer(o, word);
  }
}

/* The dimensions of the schemas, as options. */
static void offer_facets(const struct offering *o) {
  struct schema_set *set = NULL;
  struct err err = ERR_INIT;
  const char *dim;
  if (here_schemas(o->cli, &set, NULL, &err) != OK) {
    return;
  }
  for (size_t i = 0; (dim = facets_dimension(set, NULL, "en", i, NULL)) != NULL; i++) {
    char word[64];
    (void)snprintf(word, sizeof word, "--%s", dim);
    offer(o, word);
  }
  schema_set_free(set);
}

/* Commands, or the second words of those that begin with family. */
static void offer_commands(const struct offering *o, const char *family) {
  char last[64] = "";
  for (const struct command *c = command_table; c->name != NULL; c++) {
    char word[64];
    const char *blank = strchr(c->name, ' ');
    const size_t len = blank == NULL ? strlen(c->name) : (size_t)(blank - c->name);
    if (family == NULL) {
      (void)snprintf(word, sizeof word, "%.*s", (int)len, c->name);
    } else if (blank != NULL && strlen(family) == len && strncmp(c->name, family, len) == 0) {
      (void)snprintf(word, sizeof word, "%s", blank + 1);
    } else {
      continue;
    }
    if (strcmp(word, last) != 0) {
      offer(o, word);
    }
    memcpy(last, word, sizeof last);
  }
}

/* ---- the line so far ---- */

static const struct option_row *option_of(const struct command *command, const char *word) {
  const struct option_row *const tables[] = {command == NULL ? NULL : command->options, global_options};
  for (size_t t = 0; t < 2; t++) {
    for (const struct option_row *row = tables[t]; row != NULL && row->name != NULL; row++) {
      const bool letter = word[0] == '-' && word[1] == row->letter && word[1] != '\0' && word[2] == '\0';
      if (letter || (strncmp(word, "--", 2) == 0 && strcmp(word + 2, row->name) == 0)) {
        return row;
      }
    }
  }
  return NULL;
}

static size_t split(char *line, char *words[WORDS_MAX]) {
  size_t n = 0;
  for (char *p = line; *p != '\0' && n < WORDS_MAX;) {
    p += strspn(p, " ");
    if (*p == '\0') {
      break;
    }
    words[n++] = p;
    p += strcspn(p, " ");
    if (*p == ' ') {
      *p++ = '\0';
    }
  }
  return n;
}

static void offer_next(const struct offering *o, char **words, size_t n) {
  const struct command *command = NULL;
  struct words rest = {0};
  struct err err = ERR_INIT;
  char placeholder[64];
  size_t operands = 0;
  const bool named = n > 0 && lookup_command((int)n, words, &command, &rest, &err) == OK && rest.n < (int)n;
  const struct option_row *last = n == 0 ? NULL : option_of(named ? command : NULL, words[n - 1]);
  const bool valued = last != NULL && last->type != OPTION_FLAG && offer_value(o, last->value);
  if (!named && !valued) {
    words_release(&rest);
    offer_commands(o, n == 0 ? NULL : words[n - 1]);
    offer_options(o, n == 0 ? global_options : NULL);
    return;
  }
  if (!valued) {
    for (int i = 0; i < rest.n; i++) {
      const struct option_row *row = option_of(command, rest.words[i]);
      i += row != NULL && row->type != OPTION_FLAG;
      operands += rest.words[i][0] != '-' && row == NULL;
    }
    placeholder_at(command->operands, operands, placeholder);
    const bool help = strcmp(command->name, "help") == 0;
    if (help) {
      offer_commands(o, operands == 0 ? NULL : words[n - 1]);
      offer_schemas(o, operands == 0 ? NULL : words[n - 1]);
    } else if (operands >= command->max_operands || !offer_value(o, placeholder) || strstr(placeholder, "FILE") == NULL) {
      offer_options(o, command->options);
      if (command->facets) {
        offer_facets(o);
      }
      offer_options(o, global_options);
    }
  }
  words_release(&rest);
}

enum err_code cmd_completion(struct cli *cli, const struct args *args, struct err *err) {
  const char *line = args_value(args, "words");
  const char *shell = args->n_operands > 0 ? args->operands[0] : NULL;
  if (line != NULL) {
    char copy[LINE_OCTETS];
    char *words[WORDS_MAX];
    const struct offering o = {.cli = cli, .list = json_array()};
    out_set(cli, "words", o.list);
    (void)snprintf(copy, sizeof copy, "%s", line);
    offer_next(&o, words, split(copy, words));
    return OK;
  }
  for (size_t i = 0; shell != NULL && i < sizeof SCRIPTS / sizeof SCRIPTS[0]; i++) {
    if (strcmp(SCRIPTS[i].shell, shell) == 0) {
      out_set_text(cli, "shell", shell);
      out_set_text(cli, "script", SCRIPTS[i].script);
      if (!cli->json) {
        fputs(SCRIPTS[i].script, stdout);
      }
      return OK;
    }
  }
  err_set(err, ERR_USAGE, "completion: %s%sbash, zsh or fish, please", shell == NULL ? "" : shell, shell == NULL ? "" : ": ");
  return err_hint(err, "specola completion bash");
}
