/*
 * found, join: requests become a charter; a charter that everybody signed becomes a store on each founder's machine.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/guest.h"
#include "cli/here.h"
#include "cli/invitation.h"
#include "cli/joining.h"
#include "cli/out.h"
#include "keys/words.h"

const struct option_row options_found[] = {
    {"out", 'o', OPTION_VALUE, "FILE", "where the charter goes (NAME.charter)", "dove va la carta (NAME.charter)"},
    OPTIONS_END,
};

const struct option_row options_join[] = {
    {"yes", 'y', OPTION_FLAG, NULL, "with a line: do not ask, the words were compared",
     "con una riga: senza chiedere, le parole sono state confrontate"},
    {"name", 0, OPTION_VALUE, "TEXT", "with a line: your name, as everybody will read it",
     "con una riga: il tuo nome, come lo leggeranno tutti"},
    {"identity", 0, OPTION_VALUE, "FILE", "with a line: ask for a node's place, by the request that init wrote",
     "con una riga: chiede un posto per un nodo, con la richiesta scritta da init"},
    {"key", 0, OPTION_VALUE, "FILE", "with a line: a key of yours, instead of a new one",
     "con una riga: una tua chiave, invece di una nuova"},
    OPTIONS_END,
};

/* "European Observatory" -> "european-observatory.charter": a plain file name. */
static void charter_file_name(const char *name, char *out, size_t size) {
  size_t n = 0;
  for (const char *c = name; *c != '\0' && n < 40; c++) {
    bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
    if (plain) {
      out[n++] = (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
    } else if (n > 0 && out[n - 1] != '-') {
      out[n++] = '-';
    }
  }
  while (n > 0 && out[n - 1] == '-') {
    n--;
  }
  snprintf(out + n, size - n, "%s", n == 0 ? "observatory.charter" : ".charter");
}

enum err_code cmd_found(struct cli *cli, const struct args *args, struct err *err) {
  struct charter_file file = {0};
  char name[64];
  const char *path = args_value(args, "out");
  if (path == NULL) {
    charter_file_name(args->operands[0], name, sizeof name);
    path = name;
  }
  enum err_code code = observatory_name_check(args->operands[0], err);
  if (code != OK) {
    return code;
  }
  if (access(path, F_OK) == 0) {
    err_set(err, ERR_FAILED, "%s exists", path);
    return err_hint(err, "take another --out, or sign that one: specola root sign %s --key SHEET", path);
  }
  code = charter_found(args->operands[0], cli->lang, args->operands + 1, args->n_operands - 1, &file, err);
  if (code == OK) {
    code = charter_file_write(path, &file, err);
  }
  if (code == OK) {
    charter_show(cli, &file);
    out_line(cli, "Written to %s. What it says cannot be changed once it is signed.", path);
    out_line(cli, "Next:  each founder, offline: specola root sign %s --key SHEET", path);
    out_set_text(cli, "charter", path);
  }
  charter_file_release(&file);
  return code;
}

/* Reads all copies and unites their signatures. */
static enum err_code merge_copies(const struct args *args, struct charter_file *out, struct err *err) {
  enum err_code code = charter_file_read(args->operands[0], out, err);
  for (size_t i = 1; code == OK && i < args->n_operands; i++) {
    struct charter_file copy = {0};
    code = charter_file_read(args->operands[i], &copy, err);
    if (code == OK && (code = charter_merge(&out->charter, &copy.charter, err)) != OK) {
      err_context(err, "%s", args->operands[i]);
    }
    charter_file_release(&copy);
  }
  return code;
}

/* The copy is the last thing that joining makes: without it, one that was cut short is finished. */
static enum err_code join_and_keep_copy(const struct home *home, struct secret *passphrase, const struct charter_file *file,
                                        const struct person_card *coordinator, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = home_path(home, "observatory.charter", path, err);
  if (code != OK || (code = founding_join(home, passphrase, file, coordinator, access(path, F_OK) != 0, err)) != OK) {
    return code;
  }
  return charter_file_write(path, file, err);
}

/* Somebody else writes to the store: it is one that serves, so it has joined. */
static enum err_code joined_already(const struct cli *cli, struct err *err) {
  struct here here;
  if (here_open(cli, &here, NULL) != OK) {
    return err->code;
  }
  here_release(&here);
  err_set(err, ERR_REFUSED, "this node has joined an observatory already");
  return err_hint(err, "specola status; another observatory needs another --home");
}

static void say_joined(struct cli *cli, const struct home *home, const char *next) {
  out_line(cli, "%s %s %s", out_word(cli, "Node", "Il nodo"), home->config.handle,
           out_word(cli, "has joined. Entry 0 is its identity, entry 1 its coordinator's certificate.",
                    "è entrato. La voce 0 è la sua identità, la voce 1 il certificato di chi lo coordina."));
  out_line(cli, "%s  %s", out_word(cli, "Next:", "Poi:"), next);
  out_set_text(cli, "node", home->config.handle);
}

/* A node that the members have admitted: the bundle of one of them holds all that there is, or (path NULL) its own store. */
static enum err_code join_members(struct cli *cli, struct home *home, const char *path, const struct person_card *coordinator,
                                  struct err *err) {
  struct secret *passphrase = NULL;
  enum err_code code = cli_node_passphrase(cli, &passphrase, err);
  if (code == OK && (code = founding_enter(home, passphrase, path, coordinator, err)) == ERR_BUSY) {
    code = joined_already(cli, err);
  }
  secret_free(passphrase);
  if (code == OK) say_joined(cli, home, "specola serve");
  return code;
}

static enum err_code read_coordinator(const struct home *home, struct person_card *out, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = home_path(home, "coordinator.pub", path, err);
  code = code == OK ? card_read(path, out, err) : code;
  return code == ERR_NOT_FOUND
             ? err_hint(err, "the coordinator's public key, which specola init put there: specola key show -o %s", path)
             : code;
}

/* A node that has asked: its log begins when the members have consented. */
static enum err_code join_guest(struct cli *cli, struct err *err) {
  struct home home;
  struct person_card coordinator;
  bool admitted = false;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code == OK && !home_is_guest(&home)) {
    (void)err_set(err, ERR_USAGE, "join takes the line of an invitation, or the charter of a founding");
    return err_hint(err, "without one it is for a node that asked to come in: specola help join");
  }
  if (code == OK) code = read_coordinator(&home, &coordinator, err);
  if (code == OK) code = guest_follow(cli, &home, &admitted, err);
  if (code == OK && admitted) {
    code = join_members(cli, &home, NULL, &coordinator, err);
  } else if (code == OK) {
    out_note(cli, "%s  specola join",
             out_word(cli, "Later, when the members have consented:", "Più avanti, con il consenso dei membri:"));
  }
  return code;
}

/* The last step of a founding. */
static enum err_code join_charter(struct cli *cli, const struct args *args, struct err *err) {
  struct charter_file file = {0};
  struct home home;
  struct person_card coordinator;
  struct secret *passphrase = NULL;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK || (code = read_coordinator(&home, &coordinator, err)) != OK) {
    goto out;
  }
  if (founding_is_bundle(args->operands[0])) {
    return join_members(cli, &home, args->operands[0], &coordinator, err);
  }
  if ((code = merge_copies(args, &file, err)) != OK) {
    goto out;
  }
  if ((code = cli_node_passphrase(cli, &passphrase, err)) != OK ||
      (code = join_and_keep_copy(&home, passphrase, &file, &coordinator, err)) != OK) {
    if (code == ERR_BUSY) {
      code = joined_already(cli, err);
    } else if (code == ERR_INCOMPLETE) {
      err_hint(err, "specola root sign %s --key SHEET, by each that is missing; then join again", args->operands[0]);
    }
    goto out;
  }
  charter_show(cli, &file);
  say_joined(cli, &home, "specola serve    specola new case -o first.draft    specola import cases.ndjson --dry-run");
out:
  secret_free(passphrase);
  charter_file_release(&file);
  return code;
}

enum err_code cmd_join(struct cli *cli, const struct args *args, struct err *err) {
  if (args->n_operands == 0) {
    return join_guest(cli, err);
  }
  const char *first = args->operands[0];
  const bool is_line = invitation_is_line(first) || strcmp(first, "-") == 0;
  if (is_line && args->n_operands > 1) {
    err_set(err, ERR_USAGE, "one invitation at a time, please");
    return err_hint(err, "put the whole line between quotes: specola join 'specola:join?...'");
  }
  if (!is_line) {
    return join_charter(cli, args, err);
  }
  const enum err_code code = joining(cli, first, args, err);
  return code == OK && args_value(args, "identity") != NULL ? join_guest(cli, err) : code;
}
