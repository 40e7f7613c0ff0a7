/*
 * help: the command table, read aloud: all of it by groups, or one command with its options; what kinds and fields are is in
 * help_kind.c. And which version this is.
 */
#include <stdio.h>
#include <string.h>

#include "cli/examples.h"
#include "cli/help_kind.h"
#include "cli/here.h"
#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/out.h"

static const char *in_lang(const struct cli *cli, const char *en, const char *it) {
  return strncmp(cli->lang, "it", 2) == 0 ? it : en;
}

static void help_options(struct cli *cli, const struct option_row *rows, const char *title, json_t *list) {
  if (rows == NULL || rows[0].name == NULL) {
    return;
  }
  out_line(cli, "%s", "");
  out_heading(cli, "%s", title);
  for (const struct option_row *row = rows; row->name != NULL; row++) {
    char left[80], letter[8] = "    ";
    if (row->letter != 0) {
      snprintf(letter, sizeof letter, "-%c, ", row->letter);
    }
    snprintf(left, sizeof left, "%s--%s%s%s", letter, row->name, row->value == NULL ? "" : " ",
             row->value == NULL ? "" : row->value);
    out_line(cli, "  %-34s %s", left, in_lang(cli, row->en, row->it));
    if (list != NULL) {
      char short_form[2] = {row->letter, '\0'};
      json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "name", row->name, "letter", short_form, "value",
                                            row->value == NULL ? "" : row->value, "help", in_lang(cli, row->en, row->it)));
    }
  }
}

static void help_examples(struct cli *cli, const char *name) {
  const char *line;
  json_t *list = json_array();
  for (size_t i = 0; (line = example_of(name, i)) != NULL; i++) {
    if (i == 0) {
      out_line(cli, "%s", "");
      out_heading(cli, "%s", in_lang(cli, "Examples", "Esempi"));
    }
    out_line(cli, "  %s", line);
    json_array_append_new(list, json_string(line));
  }
  out_set(cli, "examples", list);
}

enum err_code help_command(struct cli *cli, const struct command *command, struct err *err) {
  (void)err;
  json_t *list = json_array();
  out_line(cli, "specola %s%s%s%s", command->name, command->operands[0] == '\0' ? "" : " ", command->operands,
           command->options == NULL && !command->facets ? "" : " [OPTIONS]");
  out_line(cli, "  %s", in_lang(cli, command->en, command->it));
  help_options(cli, command->options, in_lang(cli, "Options", "Opzioni"), list);
  if (command->facets) {
    out_line(cli, "      --DIM CODE  %s",
             in_lang(cli, "a facet: --country IT --sector 01.3 --level local, or --endorsed current (earlier, none)",
                     "una faccetta: --country IT --sector 01.3 --level local, o --endorsed current (earlier, none)"));
  }
  help_examples(cli, command->name);
  json_t *general = json_array();
  help_options(cli, global_options, in_lang(cli, "General options", "Opzioni generali"), general);
  out_set_text(cli, "command", command->name);
  out_set_text(cli, "operands", command->operands);
  out_set_text(cli, "help", in_lang(cli, command->en, command->it));
  out_set(cli, "options", list);
  out_set_bool(cli, "facets", command->facets);
  out_set(cli, "general_options", general);
  return OK;
}

/* The name of a group of commands, as people read it. */
static const char *group_name(const struct cli *cli, const char *group) {
  static const char *const NAMES[][2] = {{"start", "inizio"}, {"objects", "oggetti"},  {"people", "persone"},
                                         {"network", "rete"}, {"research", "ricerca"}, {"admin", "amministrazione"}};
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (strcmp(NAMES[i][0], group) == 0) return in_lang(cli, group, NAMES[i][1]);
  }
  return group;
}

static void help_all(struct cli *cli) {
  const char *group = "";
  json_t *list = json_array();
  out_line(cli, "specola [--home DIR] [--json] [--lang TAG] [-q|-v] [--no-input] [--timeout S] COMMAND");
  for (const struct command *c = command_table; c->name != NULL; c++) {
    if (strcmp(group, c->group) != 0) {
      group = c->group;
      out_line(cli, "%s", "");
      out_heading(cli, "%s", group_name(cli, group));
    }
    char left[80];
    snprintf(left, sizeof left, "%s %s", c->name, c->operands);
    out_line(cli, "  %-34s %s", left, in_lang(cli, c->en, c->it));
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s}", "name", c->name, "group", c->group, "help", in_lang(cli, c->en, c->it)));
  }
  out_line(cli, "%s", "");
  out_line(
      cli, "%s",
      in_lang(cli,
              "specola help COMMAND tells more; specola help case: what a case consists of. To try things out: specola demo",
              "specola help COMANDO dice di più; specola help case: di che cosa è fatto un caso. Per provare: specola demo"));
  out_set(cli, "commands", list);
}

/* A kind, a field of one, or a facet. *found: it was one of them, and is told; else the words are those of no command. */
static enum err_code help_schemas(struct cli *cli, const struct args *args, bool *found, struct err *err) {
  struct schema_set *set = NULL;
  struct help_subject subject = {.schema = NULL};
  *found = false;
  if (here_schemas(cli, &set, NULL, err) != OK) {
    return OK; /* no kinds can be read here: help does not fail for that */
  }
  const enum err_code code =
      help_subject_of(set, args->operands[0], args->n_operands > 1 ? args->operands[1] : NULL, &subject, err);
  *found = code == OK && subject.schema != NULL;
  if (*found) {
    help_subject_show(cli, &subject);
  }
  schema_set_free(set);
  return code;
}

enum err_code cmd_help(struct cli *cli, const struct args *args, struct err *err) {
  char name[64];
  bool found = false;
  enum err_code code = OK;
  if (args->n_operands == 0) {
    help_all(cli);
    return OK;
  }
  snprintf(name, sizeof name, "%.30s%s%.30s", args->operands[0], args->n_operands > 1 ? " " : "",
           args->n_operands > 1 ? args->operands[1] : "");
  const struct command *command = command_by_name(name);
  if (command == NULL && ((code = help_schemas(cli, args, &found, err)) != OK || found)) {
    return code;
  }
  if (command == NULL) {
    char *words[] = {name};
    struct words rest = {0};
    err_clear(err);
    code = lookup_command(1, words, &command, &rest, err);
    words_release(&rest);
    if (code != OK) {
      return code;
    }
  }
  return help_command(cli, command, err);
}

enum err_code cmd_version(struct cli *cli, const struct args *args, struct err *err) {
  (void)args;
  (void)err;
  out_line(cli, "specola %s (protocol 1)", SPECOLA_VERSION);
  out_set_text(cli, "version", SPECOLA_VERSION);
  out_set_number(cli, "protocol", 1);
  return OK;
}
