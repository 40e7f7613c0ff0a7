/*
 * key rotate: a new node key, a new CURVE key, other root keys. Without a file it makes HANDLE.rotation for whoever keeps the
 * root sheets; with the signed file the node takes it. The node stands still for the second step.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/rotation.h"
#include "keys/text.h"
#include "node/admit.h"
#include "node/ctl_client.h"

const struct option_row options_key_rotate[] = {
    {"node", 0, OPTION_FLAG, NULL, "a new node key: begins a generation of the log",
     "una nuova chiave del nodo: comincia una generazione del registro"},
    {"curve", 0, OPTION_FLAG, NULL, "a new CURVE key, for the lines to other members",
     "una nuova chiave CURVE, per le linee verso gli altri membri"},
    {"root", 0, OPTION_VALUE, "FILE.root", "other root keys from now on", "altre chiavi radice d'ora in poi"},
    {"cut", 0, OPTION_VALUE, "SIZE[:ROOT]", "with --node: where the old generation ends (at all that is held)",
     "con --node: dove finisce la vecchia generazione (a tutto ciò che c'è)"},
    {"withdraw", 0, OPTION_FLAG, NULL, "with FILE: entries above the cut are withdrawn",
     "con FILE: le voci oltre il taglio vengono ritirate"},
    {"out", 'o', OPTION_VALUE, "FILE", "the file to be signed (HANDLE.rotation)", "il file da firmare (HANDLE.rotation)"},
    OPTIONS_END,
};

/* ---- the request ---- */

/* The passphrase that seals the node's keys, NULL if they are not sealed; *owned: to be freed. A key that is lost seals
 * nothing. */
static enum err_code seal_of(struct cli *cli, const struct home *home, struct secret **out, bool *owned, struct err *err) {
  struct signer key = {0};
  struct err why = ERR_INIT;
  *owned = true;
  enum err_code code = cli_node_passphrase(cli, out, err);
  if (code != OK) {
    return code;
  }
  code = home_node_key(home, *out, &key, &why);
  signer_release(&key);
  if (code == ERR_LOCKED && *out == NULL) {
    *owned = false;
    return cli_passphrase(cli, "the node's keys", false, out, err);
  }
  if (code == ERR_PASSPHRASE) {
    *err = why;
    return code;
  }
  return OK;
}

/* "SIZE" of a checkpoint that is held, or "SIZE:ROOT" of any. */
static enum err_code parse_cut(const struct here *here, const struct log *log, const char *text, struct identity *next,
                               struct err *err) {
  struct checkpoint checkpoint;
  struct bytes signed_text;
  const size_t len = strcspn(text, ":");
  enum err_code code = decimal_decode(view_of(text, len), &next->cut_size, NULL);
  if (code != OK || next->cut_size == 0) {
    err_set(err, ERR_USAGE, "--cut %s: SIZE or SIZE:ROOT is needed", text);
    return err_hint(err, "specola --json status shows sizes and roots");
  }
  if (text[len] == ':') {
    code = hash_from_hex(view_of_text(text + len + 1), &next->cut_root, NULL);
    return code == OK ? OK : err_set(err, ERR_USAGE, "--cut %s: a root has 64 hexadecimal digits", text);
  }
  bytes_init(&signed_text, LIMIT_CHECKPOINT);
  code = milestone_get(here->store, log->no, next->cut_size, &signed_text, err);
  if (code == ERR_NOT_FOUND) {
    err_set(err, ERR_NOT_FOUND, "--cut %s: this node holds no checkpoint of that size", text);
    code = err_hint(err, "take the size of a commit, or give the root too: SIZE:ROOT");
  } else if (code == OK && (code = checkpoint_read(bytes_view(&signed_text), &checkpoint, err)) == OK) {
    next->cut_root = checkpoint.root;
  }
  bytes_release(&signed_text);
  return code;
}

/* A node key of its own for the next generation, and where the one before ends. */
static enum err_code new_generation(const struct here *here, struct secret *seal, const char *cut, struct identity *next,
                                    struct err *err) {
  struct log log;
  enum err_code code = log_find(here->store, &here->federation.own, next->gen, &log, err);
  if (code != OK || log.range.size == 0) {
    return err_set(err, ERR_REFUSED, "the log has not begun: there is nothing to cut");
  }
  next->has_cut = true;
  next->cut_size = log.range.size;
  next->cut_root = merkle_root(&log.range);
  if (cut != NULL && (code = parse_cut(here, &log, cut, next, err)) != OK) {
    return code;
  }
  next->gen++;
  return home_next_key(&here->home, KEYFILE_NODE, seal, next->node_key.b, err);
}

static enum err_code new_curve(const struct here *here, struct secret *seal, struct identity *next, struct err *err) {
  uint8_t pub[32];
  if (home_has_next_key(&here->home, KEYFILE_CURVE, pub) && memcmp(pub, next->curve, sizeof pub) == 0) {
    err_set(err, ERR_REFUSED, "the CURVE key before is still served: not every member knows the new one yet");
    return err_hint(err, "it is served from the start on behind which all of them said so: start the node once more");
  }
  next->has_curve_next = false;
  return home_next_key(&here->home, KEYFILE_CURVE, seal, next->curve, err);
}

static enum err_code new_roots(const char *path, struct identity *next, struct err *err) {
  struct root_set roots;
  const enum err_code code = roots_read(path, &roots, err);
  if (code == OK) {
    next->n_roots = roots.n;
    next->threshold = roots.threshold;
    memcpy(next->roots, roots.keys, roots.n * sizeof roots.keys[0]);
  }
  return code;
}

/* All identities so far, and the next one, which follows on the last. */
static enum err_code begin_next(const struct here *here, struct bytes *items, struct identity *next, struct err *err) {
  const struct federation *f = &here->federation;
  const struct federation_member *self = federation_self(f);
  enum err_code code = OK;
  size_t last = 0;
  for (uint64_t v = 1; code == OK && v <= self->identity.version; v++) {
    last = items->len;
    code = federation_identity_item(here->store, f, &f->own, v, items, err);
  }
  if (code != OK) {
    return code;
  }
  struct identity_item item;
  struct canon_reader r = canon_reader(view_of(items->p + last, items->len - last));
  identity_item_read(&r, &item);
  *next = self->identity;
  next->version++;
  next->has_prev = true;
  next->prev = identity_hash(item.body);
  next->has_cut = false;
  return canon_finish(&r, "identity", err);
}

static enum err_code make_next(struct cli *cli, const struct args *args, const struct here *here, struct identity *next,
                               struct err *err) {
  struct secret *seal = NULL;
  bool owned = false;
  enum err_code code = seal_of(cli, &here->home, &seal, &owned, err);
  if (code == OK && args_flag(args, "node")) {
    code = new_generation(here, seal, args_value(args, "cut"), next, err);
  }
  if (code == OK && args_flag(args, "curve")) {
    code = new_curve(here, seal, next, err);
  }
  if (code == OK && args_value(args, "root") != NULL) {
    code = new_roots(args_value(args, "root"), next, err);
  }
  if (owned) {
    secret_free(seal);
  }
  return code;
}

static enum err_code request(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct rotation r = {.node = {{0}}};
  struct identity next = {.version = 0};
  struct bytes items;
  char path[HOME_PATH_MAX];
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&items, FOUNDING_FILE_MAX / 2);
  const struct federation_member *self = federation_self(&here.federation);
  if (self == NULL) {
    code = err_set(err, ERR_REFUSED,
                   home_is_guest(&here.home) ? "this node is no member yet: its keys are in no list that could name others"
                                             : "a replica has no keys to rotate");
  } else {
    const char *out = args_value(args, "out");
    snprintf(path, sizeof path, "%s%s", out == NULL ? self->member->handle : out, out == NULL ? ".rotation" : "");
    code = begin_next(&here, &items, &next, err);
  }
  if (code == OK) {
    code = make_next(cli, args, &here, &next, err);
  }
  if (code == OK) {
    code = rotation_new(&here.federation.charter, bytes_view(&items), &next, &r, err);
  }
  if (code == OK) {
    code = rotation_write(path, &r, err);
  }
  if (code == OK) {
    rotation_show(cli, &r);
    out_line(cli, "%s %s", out_word(cli, "To be signed", "Da firmare  "), path);
    out_line(cli, "%s specola root sign %s --key SHEET   (%s); %s: specola key rotate %s", out_word(cli, "Next: ", "Poi:  "),
             path, out_word(cli, "where the sheets are", "dove sono i fogli"), out_word(cli, "then here", "poi qui"), path);
    out_set_text(cli, "file", path);
  }
  rotation_release(&r);
  bytes_release(&items);
  here_release(&here);
  return code;
}

/* ---- the node takes it ---- */

/* The store and what is about it, for writing. */
struct taking {
  struct here here;
  struct signer key;
  struct hall *hall;
};

static void taking_release(struct taking *t) {
  hall_close(t->hall);
  signer_release(&t->key);
  here_release(&t->here);
  memset(t, 0, sizeof *t);
}

/* with_key: as the node that it is from now on. */
static enum err_code taking_open(struct cli *cli, bool with_key, struct taking *t, struct err *err) {
  struct secret *passphrase = NULL;
  bool owned = false;
  memset(t, 0, sizeof *t);
  enum err_code code = here_open_mode(cli, STORE_WRITE, &t->here, err);
  if (code != OK) {
    return code;
  }
  if (with_key && (code = seal_of(cli, &t->here.home, &passphrase, &owned, err)) == OK) {
    code = home_node_key(&t->here.home, passphrase, &t->key, err);
  }
  if (owned) {
    secret_free(passphrase);
  }
  const struct hall_config config = {.store = t->here.store,
                                     .federation = &t->here.federation,
                                     .schemas = t->here.schemas,
                                     .node_key = with_key ? &t->key : NULL,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .log_bodies = home_log_bodies(&t->here.home)};
  if (code == OK) {
    code = hall_open(&config, &t->hall, err);
  }
  if (code != OK) {
    taking_release(t);
  }
  return code;
}

static enum err_code nobody_serves(const struct cli *cli, struct err *err) {
  struct home home;
  struct ctl_client *ctl = NULL;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  code = ctl_connect(&home, cli->timeout_ms, &ctl, err);
  ctl_close(ctl);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code != OK) {
    return code;
  }
  err_set(err, ERR_BUSY, "the node serves, and its keys are in use");
  return err_hint(err, "stop it, give this command again, and start it behind that");
}

/* Whether this is the identity that is to come, or (known) the one that was taken already. */
static enum err_code check_next(const struct taking *t, const struct rotation *r, bool withdraws, struct err *err) {
  const struct federation_member *self = federation_self(&t->here.federation);
  if (self == NULL || !hash_equal(&r->node, &self->member->node)) {
    return err_set(err, ERR_REFUSED, "the rotation is %s's, and not this node's", r->handle);
  }
  if (r->next.version <= self->identity.version) {
    if (pubkey_equal(&r->next.node_key, &self->identity.node_key) && r->next.version == self->identity.version) {
      return OK; /* once more, to its end */
    }
    return err_set(err, ERR_REFUSED, "this node has identity %ju already", (uintmax_t)self->identity.version);
  }
  const struct hall_head *own = hall_head(t->hall, &self->member->node, self->identity.gen);
  if (r->next.gen > self->identity.gen && own != NULL && own->size > r->next.cut_size && !withdraws) {
    err_set(err, ERR_REFUSED, "the log has %ju entries, the cut is at %ju: the others would be withdrawn", (uintmax_t)own->size,
            (uintmax_t)r->next.cut_size);
    return err_hint(err, "make the rotation anew while the node stands still, or say so: --withdraw");
  }
  return OK;
}

/* First the identity, then the key, then the log with it: a break between them is mended by giving the command again. */
static enum err_code take_identity(struct cli *cli, const struct rotation *r, bool withdraws, struct err *err) {
  struct taking t;
  struct bytes item;
  bool changed = false;
  enum err_code code = taking_open(cli, false, &t, err);
  if (code != OK) {
    return code;
  }
  bytes_init(&item, LIMIT_BUNDLE_ITEM);
  code = check_next(&t, r, withdraws, err);
  if (code == OK) {
    code = rotation_item(r, &item, err);
  }
  if (code == OK) {
    code = hall_identity(t.hall, &r->node, bytes_view(&item), &changed, err);
  }
  if (code == OK) {
    code = home_take_key(&t.here.home, KEYFILE_NODE, r->next.node_key.b, err);
  }
  bytes_release(&item);
  taking_release(&t);
  return code;
}

static void say_taken(struct cli *cli, const struct taking *t, const struct rotation *r) {
  const struct hall_head *own = hall_head(t->hall, &r->node, r->next.gen);
  char reference[REFERENCE_MAX] = "";
  out_line(cli, "%s %ju %s %s", out_word(cli, "Taken        identity", "Assunta      identità"), (uintmax_t)r->next.version,
           out_word(cli, "of", "di"), r->handle);
  if (own == NULL) {
    out_line(cli, "%s %ju %s %ju %s: specola serve, specola sync", out_word(cli, "Generation", "La generazione"),
             (uintmax_t)r->next.gen, out_word(cli, "of the log begins when", "del registro comincia quando ci sono"),
             (uintmax_t)r->next.cut_size, out_word(cli, "entries of the one before are here", "voci di quella precedente"));
  } else {
    reference_format(&t->here.federation, &r->node, own->gen, own->size - 1, reference);
    out_line(cli, "%s %s", out_word(cli, "In the log  ", "Nel registro"), reference);
  }
  out_line(cli, "%s",
           out_word(cli, "Next:  copy the new keys (specola key backup DIR), and start the node",
                    "Poi:   copiare le nuove chiavi (specola key backup DIR), e avviare il nodo"));
  out_set_text(cli, "reference", reference);
  out_set_number(cli, "version", r->next.version);
  out_set_number(cli, "generation", r->next.gen);
}

static enum err_code take(struct cli *cli, const struct args *args, struct err *err) {
  struct rotation r;
  struct taking t;
  enum err_code code = rotation_read(args->operands[0], &r, err);
  if (code != OK) {
    return code;
  }
  code = rotation_complete(&r, err);
  if (code == OK) {
    code = nobody_serves(cli, err);
  }
  if (code == OK) {
    code = take_identity(cli, &r, args_flag(args, "withdraw"), err);
  }
  if (code == OK && (code = taking_open(cli, true, &t, err)) == OK) {
    code = hall_admit_identity(t.hall, err);
    if (code == OK) {
      say_taken(cli, &t, &r);
    }
    taking_release(&t);
  }
  rotation_release(&r);
  return code;
}

enum err_code cmd_key_rotate(struct cli *cli, const struct args *args, struct err *err) {
  const bool wants = args_flag(args, "node") || args_flag(args, "curve") || args_value(args, "root") != NULL;
  if (args->n_operands == 1 && !wants) {
    return take(cli, args, err);
  }
  if (args->n_operands == 1 || !wants || (args_value(args, "cut") != NULL && !args_flag(args, "node"))) {
    err_set(err, ERR_USAGE, "either what is to be new (--node, --curve, --root FILE), or the signed FILE");
    return err_hint(err, "specola key rotate --node");
  }
  return request(cli, args, err);
}
