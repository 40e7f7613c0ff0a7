/*
 * cli: one run of the program, from argv to the exit status: a child of `serve` goes its own way; everybody else gets the
 * general options read, the command found in the table, its words sorted, and at the end one result or one refusal (out.c).
 */
#include "cli/cli.h"

#include <langinfo.h>
#include <locale.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/lookup.h"
#include "cli/options.h"
#include "cli/out.h"
#include "keys/log.h"
#include "keys/passphrase.h"
#include "node/serve.h"
#include "protocol/schema/value.h"

#define TIMEOUT_S 10 /* of a wait on a network or a lock, unless --timeout says otherwise */

const struct option_row global_options[] = {
    {"home", 0, OPTION_VALUE, "DIR", "the node's directory", "la cartella del nodo"},
    {"json", 0, OPTION_FLAG, NULL, "print one JSON document; asks nothing", "stampa un documento JSON; non chiede nulla"},
    {"lang", 0, OPTION_VALUE, "TAG", "language of labels and titles", "lingua di etichette e titoli"},
    {"quiet", 'q', OPTION_FLAG, NULL, "no advice beside the result", "nessun consiglio accanto al risultato"},
    {"verbose", 'v', OPTION_FLAG, NULL, "say more", "di più"},
    {"no-input", 0, OPTION_FLAG, NULL, "never ask", "non chiedere mai"},
    {"timeout", 0, OPTION_VALUE, "S", "seconds to wait for a network or a lock (10)",
     "secondi di attesa per rete o blocco (10)"},
    {"passphrase-file", 0, OPTION_VALUE, "FILE", "passphrase of your key: its first line", "frase segreta: la prima riga"},
    {"passphrase-fd", 0, OPTION_VALUE, "N", "the same from a file descriptor", "la stessa da un descrittore"},
    {"node-passphrase-file", 0, OPTION_VALUE, "FILE", "passphrase of the node's keys", "frase segreta delle chiavi del nodo"},
    {"help", 'h', OPTION_FLAG, NULL, "what the command does", "che cosa fa il comando"},
    {NULL, 0, OPTION_FLAG, NULL, NULL, NULL},
};

enum keyfile_cost cli_key_cost(void) {
  const char *wish = getenv("SPECOLA_TEST_FAST_KEYS");
  return wish != NULL && strcmp(wish, "1") == 0 ? KEYFILE_FAST : KEYFILE_MODERATE;
}

enum err_code cli_passphrase(struct cli *cli, const char *what, bool confirm, struct secret **out, struct err *err) {
  enum err_code code = OK;
  if (cli->passphrase == NULL && cli->passphrase_file != NULL) {
    code = passphrase_from_file(cli->passphrase_file, &cli->passphrase, err);
  } else if (cli->passphrase == NULL && cli->passphrase_fd >= 0) {
    code = passphrase_from_fd(cli->passphrase_fd, &cli->passphrase, err);
  } else if (cli->passphrase == NULL && cli->no_input) {
    err_set(err, ERR_INPUT_NEEDED, "the passphrase of %s is needed", what);
    code = err_hint(err, "--passphrase-file FILE, or --passphrase-fd N");
  } else if (cli->passphrase == NULL) {
    char prompt[256];
    snprintf(prompt, sizeof prompt, "Passphrase of %.200s: ", what);
    code = passphrase_ask(prompt, confirm, &cli->passphrase, err);
    if (code == ERR_INPUT_NEEDED) {
      err_hint(err, "--passphrase-file FILE, or --passphrase-fd N");
    }
  }
  if (code == ERR_FORMAT) { /* an empty one */
    code = err->code = ERR_PASSPHRASE;
    err_hint(err, "the passphrase is the first line of what --passphrase-file or --passphrase-fd names");
  }
  *out = cli->passphrase;
  return code;
}

enum err_code cli_node_passphrase(struct cli *cli, struct secret **out, struct err *err) {
  char path[HOME_PATH_MAX];
  const char *credentials = getenv("CREDENTIALS_DIRECTORY");
  *out = NULL;
  if (cli->node_passphrase_file != NULL) {
    return passphrase_from_file(cli->node_passphrase_file, out, err);
  }
  if (credentials == NULL) {
    return OK;
  }
  int n = snprintf(path, sizeof path, "%s/node-passphrase", credentials);
  if (n < 0 || (size_t)n >= sizeof path || access(path, F_OK) != 0) {
    return OK;
  }
  return passphrase_from_file(path, out, err);
}

/* ---- where things are ---- */

/* $HOME, or what the system says of this user; NULL if neither does. */
static const char *user_folder(void) {
  const char *home = getenv("HOME");
  if (home != NULL && home[0] == '/') {
    return home;
  }
  const struct passwd *user = getpwuid(getuid());
  return user == NULL ? NULL : user->pw_dir;
}

/* $NAME/specola, or ~/FALLBACK/specola. */
static enum err_code xdg_path(const char *name, const char *fallback, char out[HOME_PATH_MAX], struct err *err) {
  const char *base = getenv(name), *user = user_folder();
  int n = -1;
  if (base != NULL && base[0] == '/') {
    n = snprintf(out, HOME_PATH_MAX, "%s/specola", base);
  } else if (user != NULL) {
    n = snprintf(out, HOME_PATH_MAX, "%s/%s/specola", user, fallback);
  } else {
    err_set(err, ERR_FAILED, "no folder for own files: neither %s nor HOME is set", name);
    return err_hint(err, "export HOME=/some/folder");
  }
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", name) : OK;
}

enum err_code cli_config_path(const char *name, char out[HOME_PATH_MAX], struct err *err) {
  char folder[HOME_PATH_MAX];
  enum err_code code = xdg_path("XDG_CONFIG_HOME", ".config", folder, err);
  if (code != OK) {
    return code;
  }
  int n = snprintf(out, HOME_PATH_MAX, "%s/%s", folder, name);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s/%s: the path is too long", folder, name) : OK;
}

enum err_code cli_new_file(const char *path, struct err *err) {
  if (path == NULL || access(path, F_OK) != 0) {
    return OK;
  }
  err_set(err, ERR_FAILED, "%s exists, and is not overwritten", path);
  return err_hint(err, "take another name, or remove that one first");
}

/* Whether the system's node is meant by somebody who has none: it is there, or its account or root asks. */
static bool system_is_meant(void) {
  const char *user = user_folder();
  return access(HOME_SYSTEM "/node.ini", F_OK) == 0 || access(HOME_SYSTEM_CONFIG "/node.ini", F_OK) == 0 ||
         (getenv("XDG_DATA_HOME") == NULL && (geteuid() == 0 || (user != NULL && strcmp(user, HOME_SYSTEM) == 0)));
}

/* --home, else SPECOLA_HOME, else the user's own folder when there is a node in it, else the system's or that of the user. */
static enum err_code find_home(struct cli *cli, const char *flag, struct err *err) {
  char config[HOME_PATH_MAX + 16];
  const char *variable = getenv("SPECOLA_HOME");
  cli->home = flag != NULL ? flag : variable != NULL && variable[0] != '\0' ? variable : NULL;
  if (cli->home != NULL) {
    return OK;
  }
  enum err_code code = xdg_path("XDG_DATA_HOME", ".local/share", cli->home_path, err);
  if (code != OK) {
    return code;
  }
  cli->home = cli->home_path;
  snprintf(config, sizeof config, "%s/node.ini", cli->home_path);
  if (access(config, F_OK) != 0 && system_is_meant()) {
    cli->home = HOME_SYSTEM;
  }
  return OK;
}

enum err_code cli_open_home(const struct cli *cli, struct home *out, struct err *err) {
  return home_open(cli->home, out, err);
}

/* ---- the run ---- */

/* The environment's language when it is one of a label table's ("it" of it_IT.UTF-8). */
static const char *environment_language(char out[8]) {
  static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = getenv(names[i]);
    if (value == NULL || value[0] == '\0') {
      continue;
    }
    size_t len = strcspn(value, "_.@");
    if (len == 2 && value_is_tag(view_of(value, len))) {
      memcpy(out, value, len);
      out[len] = '\0';
      return out;
    }
    break;
  }
  return "en";
}

/* Column widths and UTF-8 need a UTF-8 locale; none set is no reason to stop. */
static void start_locale(void) {
  if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0) {
    setlocale(LC_CTYPE, "C.UTF-8");
  }
}

static enum err_code read_globals(struct cli *cli, const struct args *a, struct err *err) {
  uint64_t seconds = TIMEOUT_S, fd = 0;
  enum err_code code = find_home(cli, args_value(a, "home"), err);
  if (code != OK || (code = args_number(a, "timeout", 1, 86400, TIMEOUT_S, &seconds, err)) != OK ||
      (code = args_number(a, "passphrase-fd", 0, 65535, 0, &fd, err)) != OK) {
    return code;
  }
  cli->timeout_ms = seconds * 1000;
  cli->passphrase_fd = args_value(a, "passphrase-fd") == NULL ? -1 : (int)fd;
  cli->passphrase_file = args_value(a, "passphrase-file");
  cli->node_passphrase_file = args_value(a, "node-passphrase-file");
  cli->no_input = cli->json || args_flag(a, "no-input");
  cli->quiet = args_flag(a, "quiet");
  cli->verbose = args_flag(a, "verbose");
  if (cli->passphrase_file != NULL && cli->passphrase_fd >= 0) {
    return err_set(err, ERR_USAGE, "--passphrase-file and --passphrase-fd: one of them, please");
  }
  const char *lang = args_value(a, "lang");
  if (lang != NULL && !value_is_tag(view_of_text(lang))) {
    err_set(err, ERR_USAGE, "--lang: \"%s\" is no language tag", lang);
    return err_hint(err, "--lang it");
  }
  cli->lang = lang != NULL ? lang : cli->lang;
  log_set_level(cli->verbose ? LOG_INFO : LOG_WARNING);
  return OK;
}

static enum err_code check_operands(const struct command *command, const struct args *a, struct err *err) {
  if (a->n_operands >= command->min_operands && a->n_operands <= command->max_operands) {
    return OK;
  }
  if (a->n_operands > command->max_operands) {
    err_set(err, ERR_USAGE, "%s: \"%s\" is one word too many", command->name, a->operands[command->max_operands]);
  } else {
    err_set(err, ERR_USAGE, "%s: %s is missing", command->name, command->operands);
  }
  return err_hint(err, "specola %s%s%s", command->name, command->operands[0] == '\0' ? "" : " ", command->operands);
}

/* What to do where nobody below knew more: every refusal says something. */
static void default_hint(const char *command, struct err *err) {
  static const char *const hints[] = {[ERR_FAILED] = "specola doctor looks whether all is as it should be",
                                      [ERR_MEMORY] = "end other programs, or ask for less at once",
                                      [ERR_IO] = "look at the path, who may use it, and the disk",
                                      [ERR_NOT_FOUND] = "look whether the name is right",
                                      [ERR_AMBIGUOUS] = "give more of the name, or the whole id",
                                      [ERR_INPUT_NEEDED] = "give it as an option, or run this on a terminal",
                                      [ERR_LOCKED] = "--passphrase-file FILE, or --passphrase-fd N",
                                      [ERR_PASSPHRASE] = "type it again; each key has a passphrase of its own",
                                      [ERR_BUSY] = "wait until the other one has ended, or allow more seconds: --timeout 60",
                                      [ERR_UNREACHABLE] = "specola peer list shows who was heard; --timeout 60 waits longer",
                                      [ERR_QUEUED] = "specola status shows what became of it",
                                      [ERR_FORMAT] = "take the file again from where it came",
                                      [ERR_SIGNATURE] = "take it again from where it came, and ask who signed it",
                                      [ERR_MISMATCH] = "take it again from where it came",
                                      [ERR_KEY] = "take the copy that was made of this key: specola help key backup",
                                      [ERR_INCOMPLETE] = "add what is missing, then try again",
                                      [ERR_LIMIT] = "do it in smaller parts",
                                      [ERR_PERMISSIONS] = "chmod 600 FILE, or chmod 700 FOLDER",
                                      [ERR_NOT_INITIALISED] = "specola init; or to try things out: specola demo",
                                      [ERR_CORRUPT] = "specola doctor says what is damaged",
                                      [ERR_DISK_FULL] = "free space, then try again",
                                      [ERR_VERSION] = "install the newest version of specola"};
  const size_t code = (size_t)err->code;
  if (err->code == OK || err->hint[0] != '\0') {
    return;
  }
  if (code < sizeof hints / sizeof hints[0] && hints[code] != NULL) {
    err_hint(err, "%s", hints[code]);
  } else {
    err_hint(err, "specola help %s", command);
  }
}

/* Runs the command that the words name. */
static enum err_code run(struct cli *cli, int n_words, char **words, struct err *err) {
  const struct command *command = NULL;
  struct args args = {0};
  struct words rest = {0};
  enum err_code code = lookup_command(n_words, words, &command, &rest, err);
  if (code != OK) {
    return code;
  }
  const struct option_row *tables[] = {command->options, global_options};
  code = args_parse(rest.n, rest.words, tables, 2, command->facets, &args, err);
  if (code == OK && args_flag(&args, "help")) {
    code = help_command(cli, command, err);
  } else if (code == OK && (code = read_globals(cli, &args, err)) == OK && (code = check_operands(command, &args, err)) == OK) {
    code = command->run(cli, &args, err);
  }
  err->code = code;
  default_hint(command->name, err);
  args_release(&args);
  words_release(&rest);
  return code;
}

/* --json decides how even a refused command line is answered, so it is looked for first. */
static bool wants_json(int argc, char **argv) {
  for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
    if (strcmp(argv[i], "--json") == 0) {
      return true;
    }
  }
  return false;
}

/* So is --lang, for the language of the refusal; read_globals says what is wrong with it. */
static const char *wanted_language(int argc, char **argv, const char *fallback) {
  for (int i = 1; i < argc && argv[i] != NULL && strcmp(argv[i], "--") != 0; i++) {
    const char *value = strncmp(argv[i], "--lang=", 7) == 0 ? argv[i] + 7 : strcmp(argv[i], "--lang") == 0 ? argv[i + 1] : NULL;
    if (value != NULL && value_is_tag(view_of_text(value))) {
      return value;
    }
  }
  return fallback;
}

int cli_main(int argc, char **argv) {
  struct err err = ERR_INIT;
  char language[8];
  struct cli cli = {.passphrase_fd = -1, .timeout_ms = (uint64_t)TIMEOUT_S * 1000};
  start_locale();
  enum err_code code = secret_start(&err);
  if (code == OK && serve_is_child(argc, argv)) {
    return serve_child(argc, argv);
  }
  cli.json = wants_json(argc, argv);
  cli.lang = wanted_language(argc, argv, environment_language(language));
  cli.tty = isatty(STDOUT_FILENO) == 1;
  cli.tty_err = isatty(STDERR_FILENO) == 1;
  const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
  cli.colour = cli.tty && (no_colour == NULL || no_colour[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
  cli.doc = json_object();
  if (cli.doc == NULL && code == OK) {
    code = err_set(&err, ERR_MEMORY, NULL);
  }
  if (!cli.json) {
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  }
  if (code == OK) {
    code = run(&cli, argc - 1, argv + 1, &err);
  }
  err.code = code;
  int status = out_finish(&cli, &err);
  secret_free(cli.passphrase);
  json_decref(cli.doc);
  return status;
}
