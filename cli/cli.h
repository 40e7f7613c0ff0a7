/*
 * cli: one run of the program: what was asked for in general (home, language, JSON), and what came of it. Every command gets
 * one.
 *
 * Under --json nothing but one document goes to stdout, at the very end (out.h); without it lines and tables go there as they
 * come.
 */
#ifndef SPECOLA_CLI_CLI_H
#define SPECOLA_CLI_CLI_H

#include <jansson.h>

#include "cli/options.h"
#include "keys/keyfile.h"
#include "keys/secret.h"
#include "node/home.h"

/* Invariants: json implies no_input; doc is an object. Strings are borrowed from argv or the environment. */
struct cli {
  const char *home;   /* the node's directory; see cli_home */
  const char *person; /* the person's key file; NULL: in the person's own config folder */
  const char *lang;   /* of labels and titles; "en" */
  bool json, no_input, quiet, verbose;
  bool tty, tty_err;                /* stdout, stderr are terminals */
  bool colour;                      /* stdout may have colours: a terminal, TERM is not dumb, NO_COLOR not set */
  uint64_t timeout_ms;              /* for every wait on a network or a lock */
  const char *passphrase_file;      /* of the person's key and of root sheets */
  int passphrase_fd;                /* -1: none */
  const char *node_passphrase_file; /* of node.key and curve.key */
  struct secret *passphrase;        /* once it is known; owned */
  json_t *doc;                      /* what --json prints; owned */
  char home_path[HOME_PATH_MAX];    /* where home points when it is not the caller's */
};

typedef enum err_code command_function(struct cli *cli, const struct args *args, struct err *err);

/* A command. Static storage. */
struct command {
  const char *name;                  /* one word, or two: "root new" */
  const char *group;                 /* of `help` */
  const char *operands;              /* "FILE…", or "" */
  const char *en, *it;               /* what it does, one line */
  const struct option_row *options;  /* ended by a NULL name; may be NULL */
  size_t min_operands, max_operands; /* SIZE_MAX: any number */
  bool facets;                       /* takes `--DIM code` for the dimensions of the schemas */
  command_function *run;
};
/* The table, ended by a NULL name; and the options that every command takes. */
extern const struct command command_table[];
extern const struct option_row global_options[];

/* Runs the command line and returns its exit status. */
int cli_main(int argc, char **argv);

/* The cost at which keys made here are sealed: moderate, or fast when the environment has SPECOLA_TEST_FAST_KEYS=1 (tests
 * only). */
enum keyfile_cost cli_key_cost(void);
/* The passphrase of a person's key or root sheet: from --passphrase-file, --passphrase-fd or the terminal, asked once a run.
 * confirm: twice, for a new key. ERR_INPUT_NEEDED where nobody can be asked, and those of keys/passphrase. Borrowed from cli.
 */
MUST_CHECK enum err_code cli_passphrase(struct cli *cli, const char *what, bool confirm, struct secret **out, struct err *err);
/* The passphrase of a node's keys: --node-passphrase-file, else the systemd credential "node-passphrase", else none (*out
 * NULL). The caller frees it. */
MUST_CHECK enum err_code cli_node_passphrase(struct cli *cli, struct secret **out, struct err *err);
/* Where the person's own files are: $XDG_CONFIG_HOME/specola/NAME or ~/.config/specola/NAME. ERR_FAILED without a home. */
MUST_CHECK enum err_code cli_config_path(const char *name, char out[HOME_PATH_MAX], struct err *err);
/* Nothing that is there is overwritten: ERR_FAILED where path (NULL: none is meant) names a file, with a hint. */
MUST_CHECK enum err_code cli_new_file(const char *path, struct err *err);
/* Opens the home that this run is about. */
MUST_CHECK enum err_code cli_open_home(const struct cli *cli, struct home *out, struct err *err);

#endif
