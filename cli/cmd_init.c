/*
 * init: makes a node: its folder, its two keys, its founding request; and the coordinator's own key, outside the node's home.
 * With
 * --found it does the whole founding of an observatory of one.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/here.h"
#include "cli/out.h"
#include "keys/words.h"

const struct option_row options_init[] = {
    {"country", 0, OPTION_VALUE, "IT", "ISO 3166-1 code of the node's country", "codice ISO 3166-1 del paese del nodo"},
    {"region", 0, OPTION_VALUE, "IT-34", "ISO 3166-2 code, for a region's node",
     "codice ISO 3166-2, per il nodo di una regione"},
    {"lead", 0, OPTION_VALUE, "IT", "handle of the country's node, for an associate", "nodo del paese, per un associato"},
    {"name", 0, OPTION_VALUE, "TEXT", "who runs it", "chi lo gestisce"},
    {"root", 0, OPTION_VALUE, "FILE.root", "public half of the root keys (specola root new)",
     "parte pubblica delle chiavi radice"},
    {"found", 0, OPTION_VALUE, "NAME", "found a new observatory with this node alone",
     "fonda un nuovo osservatorio con questo solo nodo"},
    {"coordinator", 0, OPTION_VALUE, "FILE.pub", "the coordinator's public key (else yours)",
     "chiave pubblica del coordinatore (o la propria)"},
    {"listen", 0, OPTION_VALUE, "ENDPOINT", "where to listen (tcp://0.0.0.0:7411)", "dove ascoltare (tcp://0.0.0.0:7411)"},
    {"advertise", 0, OPTION_VALUE, "ENDPOINT", "where the others reach it", "dove gli altri lo raggiungono"},
    {"language", 0, OPTION_VALUE, "TAG", "language of texts without a tag (en)", "lingua dei testi senza sigla (en)"},
    {"license", 0, OPTION_VALUE, "SPDX", "licence of cases (CC-BY-4.0)", "licenza delle esperienze (CC-BY-4.0)"},
    {"out", 'o', OPTION_VALUE, "FILE", "where the founding request goes (HANDLE.identity)",
     "dove va la richiesta (SIGLA.identity)"},
    OPTIONS_END,
};

/* The configuration that the options ask for. home_can_create checks it. */
static enum err_code read_config(const struct args *args, struct home_config *c, struct err *err) {
  const struct {
    const char *option;
    char *place;
    size_t size;
  } rows[] = {
      {"country", c->country, sizeof c->country},
      {"region", c->region, sizeof c->region},
      {"lead", c->lead, sizeof c->lead},
      {"name", c->name, sizeof c->name},
      {"listen", c->listen, sizeof c->listen},
      {"advertise", c->advertise, sizeof c->advertise},
      {"language", c->language, sizeof c->language},
      {"license", c->license, sizeof c->license},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *value = args_value(args, rows[i].option);
    if (value != NULL && strlen(value) >= rows[i].size) {
      return err_set(err, ERR_USAGE, "--%s: \"%s\" is too long", rows[i].option, value);
    }
    if (value != NULL) {
      memcpy(rows[i].place, value, strlen(value) + 1);
    }
  }
  if (c->country[0] == '\0' || c->name[0] == '\0') {
    err_set(err, ERR_USAGE, "%s is missing", c->country[0] == '\0' ? "--country" : "--name");
    return err_hint(err, "specola init --country IT --name \"Who runs it\" --found \"Observatory\"");
  }
  if ((args_value(args, "root") != NULL) == (args_value(args, "found") != NULL)) {
    err_set(err, ERR_USAGE, "either --root FILE.root or --found NAME, please");
    return err_hint(
        err,
        "--root: with keys made offline by specola root new; --found: all on this machine. To try things out: specola demo");
  }
  return OK;
}

/* The coordinator's card: given, or of the key that is here, or of a new one (*fresh: its passphrase is needed). */
static enum err_code find_coordinator(struct cli *cli, const struct args *args, struct person_card *card, bool *fresh,
                                      struct err *err) {
  const char *given = args_value(args, "coordinator");
  *fresh = false;
  if (given != NULL) {
    return card_read(given, card, err);
  }
  enum err_code code = person_card_of(cli, card, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    *fresh = true;
    code = OK;
  }
  return code;
}

/* Makes the coordinator's key if it is fresh, and keeps the card in the home for join. */
static enum err_code keep_coordinator(struct cli *cli, const struct home *home, struct secret *passphrase, bool fresh,
                                      struct person_card *card, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = OK;
  if (fresh) {
    if ((code = person_path(cli, path, err)) != OK ||
        (code = person_make(path, home->config.name, passphrase, card, err)) != OK) {
      return code;
    }
    out_line(cli, "Your key     %s   (sealed; it signs what you publish as coordinator and editor)", path);
    out_set_text(cli, "person", path);
  }
  code = home_path(home, "coordinator.pub", path, err);
  return code != OK ? code : card_write(path, card, err);
}

/* The whole founding, here: sheets, charter, signature, store. */
static enum err_code found_alone(struct cli *cli, const struct home *home, struct secret *node_passphrase,
                                 struct secret *passphrase, const char *observatory, const struct person_card *coordinator,
                                 struct err *err) {
  char request[HOME_PATH_MAX], charter[HOME_PATH_MAX], sheet[HOME_PATH_MAX];
  struct root_set roots;
  struct charter_file file = {0};
  struct signer root = {0};
  uint32_t added = 0;
  const char *const paths[] = {request};
  enum err_code code = roots_make(home->dir, home->config.handle, 2, 1, passphrase, &roots, err);
  if (code != OK || (code = path_join(home->dir, home->config.handle, ".identity", request, err)) != OK ||
      (code = path_join(home->dir, "observatory", ".charter", charter, err)) != OK ||
      (code = path_join(home->dir, home->config.handle, "-1.key", sheet, err)) != OK ||
      (code = request_make(home, node_passphrase, &roots, request, NULL, err)) != OK ||
      (code = charter_found(observatory, home->config.language, paths, 1, &file, err)) != OK) {
    goto out;
  }
  if ((code = sheet_open(cli, sheet, &root, err)) != OK || (code = charter_sign(&file.charter, &root, 1, &added, err)) != OK ||
      (code = charter_file_write(charter, &file, err)) != OK ||
      (code = founding_join(home, node_passphrase, &file, coordinator, true, err)) != OK) {
    goto out;
  }
  charter_show(cli, &file);
out:
  signer_release(&root);
  charter_file_release(&file);
  return code;
}

static void say_made(struct cli *cli, const struct home *home, const char *request, const struct hash *node, bool alone) {
  char words[WORDS_LEN];
  out_line(cli, "Node %s created in %s", home->config.handle, home->dir);
  out_set_text(cli, "handle", home->config.handle);
  out_set_text(cli, "home", home->dir);
  if (alone) {
    out_line(cli,
             "! The sealed root sheets %s-1.key and %s-2.key are on this machine. Move them off: specola key backup DIR --move",
             home->config.handle, home->config.handle);
    out_line(cli, "Next:  specola serve    specola new case -o first.draft    specola import cases.ndjson --dry-run");
    return;
  }
  words_of(node, words);
  out_line(cli, "Fingerprint  %s   (read it aloud to your partners)", words);
  out_line(cli, "Request      %s", request);
  out_line(cli, "Next:  send the request to who writes the charter: specola found NAME *.identity");
  out_line(cli, "  or, to become a member of one that is there:  specola join LINE --identity %s", request);
  out_set_text(cli, "fingerprint", words);
  out_set(cli, "node", out_json_hash(node));
  out_set_text(cli, "identity", request);
}

/* What init works with, gathered before anything is made. */
struct init {
  struct home_config config;
  struct root_set roots;
  struct person_card coordinator;
  bool fresh;                                  /* the coordinator's key is to be made */
  const char *observatory;                     /* of --found, or NULL */
  const char *out;                             /* of --out, or NULL */
  struct secret *passphrase, *node_passphrase; /* the first is borrowed from cli */
};

/* A code that no list knows is taken (lists age), but said before anything is signed: it is in the identity for ever. */
static enum err_code warn_of_codes(const struct cli *cli, const struct home_config *c, struct err *err) {
  struct schema_set *set = NULL;
  const struct {
    const char *vocabulary, *code;
  } rows[] = {{"country", c->country}, {"region", c->region}, {"language", c->language}, {"spdx", c->license}};
  enum err_code code = here_schemas(cli, &set, NULL, err);
  if (code != OK) {
    return code;
  }
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const struct vocabulary *v = vocabulary_by_name(set, rows[i].vocabulary);
    if (rows[i].code[0] != '\0' && v != NULL && !vocabulary_has(v, view_of_text(rows[i].code))) {
      bool license = strcmp(rows[i].vocabulary, "spdx") == 0;
      out_note(cli, "! --%s: the list of codes has no %s", license ? "license" : rows[i].vocabulary, rows[i].code);
    }
  }
  schema_set_free(set);
  return OK;
}

/* Of the coordinator's key, or the root sheets, if any of them is to be made. */
static enum err_code new_passphrase(struct cli *cli, struct init *i, struct err *err) {
  const bool wanted = i->fresh || i->observatory != NULL;
  return wanted ? cli_passphrase(cli, i->fresh ? "your new key" : "the new root keys", true, &i->passphrase, err) : OK;
}

static bool visit_begun(void *context, const struct log *log) {
  bool *grown = context;
  *grown = *grown || log->range.size > 2;
  return true;
}

/* A store without node.ini: that of a founding which was cut short, with this node alone; nothing is written over another. */
static enum err_code check_store(const struct cli *cli, bool alone, struct err *err) {
  struct store *store = NULL;
  char path[HOME_PATH_MAX];
  bool grown = !alone;
  enum err_code code = path_join(cli->home, "store", ".db", path, err);
  if (code != OK || access(path, F_OK) != 0) {
    return code;
  }
  if (alone && (code = store_open(cli->home, STORE_READ, NULL, &store, err)) == OK) {
    code = log_each(store, visit_begun, &grown, err);
  }
  store_close(store);
  if (code == ERR_NOT_INITIALISED) {
    err_clear(err);
    return OK;
  }
  if (code != OK || !grown) {
    return code;
  }
  err_set(err, ERR_REFUSED, "%s: there is a node already (store.db)", cli->home);
  return err_hint(err, "take another --home, or move that one away");
}

/* Nothing is overwritten, but what an init that was cut short may have written itself. */
static enum err_code check_out(const struct cli *cli, const char *out, struct err *err) {
  char key[HOME_PATH_MAX];
  const enum err_code code = path_join(cli->home, "node", ".key", key, err);
  return code != OK || access(key, F_OK) == 0 ? code : cli_new_file(out, err);
}

/* Everything is validated, then the passphrase asked. */
static enum err_code prepare(struct cli *cli, const struct args *args, struct init *i, struct err *err) {
  i->observatory = args_value(args, "found");
  i->out = args_value(args, "out");
  enum err_code code = read_config(args, &i->config, err);
  if (code == OK && i->observatory != NULL) {
    code = observatory_name_check(i->observatory, err);
  } else if (code == OK) {
    code = roots_read(args_value(args, "root"), &i->roots, err);
  }
  if (code != OK || (code = check_out(cli, i->out, err)) != OK ||
      (code = find_coordinator(cli, args, &i->coordinator, &i->fresh, err)) != OK) {
    return code;
  }
  code = home_can_create(cli->home, &i->config, err);
  if (code == ERR_FORMAT) {
    code = err->code = ERR_USAGE; /* what has another form than it should was typed here */
  }
  if (code != OK || (code = check_store(cli, i->observatory != NULL, err)) != OK ||
      (code = warn_of_codes(cli, &i->config, err)) != OK) {
    return code;
  }
  /* What need not be asked for is looked at first: nothing is announced that then is refused. */
  const bool asks = cli->passphrase_file == NULL && cli->passphrase_fd < 0 && !cli->no_input;
  if ((code = cli_node_passphrase(cli, &i->node_passphrase, err)) != OK ||
      (!asks && (code = new_passphrase(cli, i, err)) != OK)) {
    return code;
  }
  if (i->observatory != NULL) {
    out_note(cli,
             "This founds a NEW observatory; what is signed in it cannot move to another. To try things out: specola demo.");
  }
  return asks ? new_passphrase(cli, i, err) : OK;
}

enum err_code cmd_init(struct cli *cli, const struct args *args, struct err *err) {
  struct init i = {0};
  struct home home;
  struct hash node = {{0}};
  char request[HOME_PATH_MAX] = "";
  enum err_code code = prepare(cli, args, &i, err);
  if (code != OK || (code = home_begin(cli->home, &i.config, i.node_passphrase, &home, err)) != OK) {
    goto out;
  }
  code = keep_coordinator(cli, &home, i.passphrase, i.fresh, &i.coordinator, err);
  if (code == OK && i.observatory != NULL) {
    code = found_alone(cli, &home, i.node_passphrase, i.passphrase, i.observatory, &i.coordinator, err);
  } else if (code == OK) {
    code = i.out == NULL ? path_join(home.dir, home.config.handle, ".identity", request, err) : OK;
    if (code == OK) {
      code = request_make(&home, i.node_passphrase, &i.roots, i.out == NULL ? request : i.out, &node, err);
    }
  }
  if (code != OK || (code = home_finish(&home, err)) != OK) {
    err_hint(err, "mend that, then the same command again: it goes on where it stopped");
  } else {
    say_made(cli, &home, i.out == NULL ? request : i.out, &node, i.observatory != NULL);
  }
out:
  secret_free(i.node_passphrase);
  return code;
}
