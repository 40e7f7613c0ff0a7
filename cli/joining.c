/*
 * joining: see joining.h. Nothing that the node's web says is believed: the charter proves itself by its hash, the node by its
 * id, the receipt by the node's key, the certificate by both.
 */
#include "cli/joining.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/following.h"
#include "cli/founding.h"
#include "cli/guest.h"
#include "cli/invitation.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/person.h"
#include "keys/privfile.h"
#include "keys/text.h"
#include "keys/words.h"
#include "node/net/fetch.h"
#include "node/replica.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"
#include "protocol/people.h"
#include "protocol/record.h"

#define HEAD_OCTETS ((size_t)4 * LIMIT_CHARTER) /* of a charter item */
#define PIECE_MAX ((size_t)24 * 1024 * 1024)    /* of a piece of a log */
#define NAME_OCTETS ((size_t)LIMIT_NAME * 4)

struct joining {
  struct cli *cli;
  const struct args *args;
  struct invitation_line line;
  struct fetch *fetch;        /* owned */
  struct fetch_answer answer; /* owned */
  struct charter charter;     /* owned */
  struct identity identity;   /* of the node that invites */
  char handle[HANDLE_MAX];    /* its handle; "" before it is known */
  struct home home;
  char name[NAME_OCTETS + 1];
  struct signer signer; /* owned */
  struct receipt_row row;
  uint64_t roles;        /* in the certificate */
  char words[WORDS_LEN]; /* fingerprint of the node that asks */
};

/* ---- the line ---- */

static enum err_code read_line(struct cli *cli, const char *text, struct invitation_line *out, struct err *err) {
  struct bytes typed;
  int c = EOF;
  if (strcmp(text, "-") != 0) return invitation_parse(text, out, err);
  enum err_code code = OK;
  bytes_init(&typed, (size_t)2 * INVITATION_LINE_MAX);
  if (ask_can(cli)) fprintf(stderr, "%s ", out_word(cli, "The line:", "La riga:"));
  while (code == OK && (c = getchar()) != EOF && c != '\n')
    code = bytes_append_u8(&typed, (uint8_t)c, err);
  const char *line = code == OK ? bytes_text(&typed) : NULL;
  if (code == OK) code = line == NULL ? err_set(err, ERR_MEMORY, NULL) : invitation_parse(line, out, err);
  bytes_release(&typed);
  return code;
}

/* ---- who invites ---- */

static enum err_code mismatch(const struct joining *j, const char *what, struct err *err) {
  (void)err_set(err, ERR_MISMATCH, "%s %s", j->line.at, what);
  (void)err_hint(err, "do not go on; ask who invited you for the line, and how its fingerprint reads");
  return ERR_MISMATCH;
}

/* What answers there says who it is: told early, in words; the rest proves it. */
static enum err_code check_index(struct joining *j, struct err *err) {
  char fed_id[HASH_HEX_LEN], node[HASH_HEX_LEN];
  hash_hex(&j->line.fed_id, fed_id);
  hash_hex(&j->line.node, node);
  enum err_code code = fetch_get(j->fetch, "/sync", NULL, &j->answer, err);
  if (code != OK) return code;
  json_t *index = json_loadb((const char *)j->answer.body.p, j->answer.body.len, 0, NULL);
  if (strcmp(text_of(index, "fed_id"), fed_id) != 0) {
    code = mismatch(j,
                    text_of(index, "fed_id")[0] == '\0' ? "is no node of an observatory"
                                                        : "serves another observatory than the line names",
                    err);
  } else if (strcmp(text_of(index, "node"), node) != 0) {
    code = mismatch(j, "is another node than the one that invites", err);
  }
  json_decref(index);
  return code;
}

static enum err_code meet_observatory(struct joining *j, struct err *err) {
  enum err_code code = fetch_get(j->fetch, "/sync/charter", NULL, &j->answer, err);
  if (code != OK) return code;
  struct canon_reader r = canon_reader(bytes_view(&j->answer.body));
  canon_array_exact(&r, 2);
  if (canon_uint(&r) != BUNDLE_CHARTER) canon_fail(&r, "not a charter");
  const struct view item = canon_skip(&r);
  code = canon_finish(&r, "charter", err);
  if (code == OK) code = charter_decode(item, &j->charter, err);
  if (code == OK && !hash_equal(&j->charter.fed_id, &j->line.fed_id)) {
    code = mismatch(j, "hands out the charter of another observatory", err);
  }
  for (uint32_t i = 0; code == OK && i < j->charter.n_founders; i++) {
    if (hash_equal(&j->charter.founders[i].node, &j->line.node)) memcpy(j->handle, j->charter.founders[i].handle, HANDLE_MAX);
  }
  return code;
}

/* Follows the chain of the node's identities: *body is that of the last one taken. */
static enum err_code take_identity(struct joining *j, struct view payload, struct bytes *body, struct err *err) {
  struct identity_item item;
  struct identity next;
  struct canon_reader r = canon_reader(payload);
  identity_item_read(&r, &item);
  enum err_code code = canon_finish(&r, "identity", err);
  if (code == OK) code = identity_decode(item.body, &next, err);
  if (code != OK) return code;
  const struct hash own = identity_hash(item.body);
  const bool is_first = next.version == 1 && hash_equal(&own, &j->line.node);
  if (!is_first && (body->len == 0 || next.version != j->identity.version + 1)) return OK; /* of another node */
  if (identity_verify(&item, &j->line.fed_id, &j->line.node, is_first ? view_of(NULL, 0) : bytes_view(body), &next, NULL) !=
      OK) {
    return OK; /* of another node, or nobody's */
  }
  j->identity = next;
  bytes_clear(body);
  return bytes_append(body, item.body, err);
}

static enum err_code meet_node(struct joining *j, struct err *err) {
  struct bytes body;
  bytes_init(&body, LIMIT_IDENTITY);
  enum err_code code = fetch_get(j->fetch, "/sync/identities", NULL, &j->answer, err);
  struct canon_reader r = canon_reader(bytes_view(&j->answer.body));
  while (code == OK && !canon_at_end(&r) && r.fault == NULL) {
    canon_array_exact(&r, 2);
    const uint64_t type = canon_uint(&r);
    const struct view payload = canon_skip(&r);
    if (r.fault == NULL && type == BUNDLE_IDENTITY) code = take_identity(j, payload, &body, err);
  }
  if (code == OK) code = canon_finish(&r, "identities", err);
  if (code == OK && body.len == 0) code = mismatch(j, "does not show who the node is that invites", err);
  bytes_release(&body);
  return code;
}

static enum err_code show_and_ask(struct joining *j, struct err *err) {
  struct cli *cli = j->cli;
  char observatory[WORDS_LEN], node[WORDS_LEN];
  bool yes = true;
  const struct view name = charter_name(&j->charter, cli->lang);
  words_of(&j->line.fed_id, observatory);
  words_of(&j->line.node, node);
  out_line(cli, "%s  %.*s", out_word(cli, "Observatory ", "Osservatorio"), (int)name.len, (const char *)name.p);
  out_line(cli, "%s  %s", out_word(cli, "Fingerprint ", "Impronta    "), observatory);
  out_line(cli, "%s  %s%s%s", out_word(cli, "Invited by  ", "Invito di   "), j->handle, j->handle[0] == '\0' ? "" : "  ", node);
  out_set(cli, "observatory", out_json_text(name));
  out_set_text(cli, "fingerprint", observatory);
  out_set_text(cli, "node", j->handle);
  out_set_text(cli, "node_fingerprint", node);
  if (args_flag(j->args, "yes")) return OK;
  if (!ask_can(cli)) {
    (void)err_set(err, ERR_INPUT_NEEDED, "somebody has to say that this is the observatory that is meant: %s", observatory);
    (void)err_hint(err, "specola join LINE --yes, once the words were compared");
    return ERR_INPUT_NEEDED;
  }
  const enum err_code code = ask_yes(
      cli, out_word(cli, "Are these the words that you were told?", "Sono le parole che ti hanno detto?"), false, &yes, err);
  return code == OK && !yes ? err_set(err, ERR_REFUSED, "not joined: the words were not said to be the same") : code;
}

/* ---- the key ---- */

/* A key file that is named takes the place of the own one, where there is none yet. */
static enum err_code take_key_file(const char *from, const char *to, struct err *err) {
  struct secret *content = NULL;
  struct keyfile key = {0};
  size_t len = 0;
  enum err_code code = keyfile_read(from, NULL, &key, err);
  if (code == OK && key.use != KEYFILE_PERSON) code = err_set(err, ERR_KEY, "%s is not a person's key", from);
  keyfile_release(&key);
  if (code == OK) code = person_folders(to, err);
  if (code == OK) code = privfile_read(from, KEYFILE_MAX, &content, &len, err);
  if (code == OK) code = privfile_write(to, view_of(secret_open(content), len), err);
  if (content != NULL) secret_close(content);
  secret_free(content);
  return code;
}

/* The name in the certificate: told, or the key's, or asked for. */
static enum err_code take_name(struct joining *j, const char *of_key, struct err *err) {
  struct bytes typed, clean;
  bool ended = false;
  const char *name = args_value(j->args, "name");
  enum err_code code = OK;
  bytes_init(&typed, NAME_OCTETS);
  bytes_init(&clean, NAME_OCTETS);
  if (name == NULL && of_key[0] != '\0') name = of_key;
  if (name == NULL && !ask_can(j->cli)) {
    (void)err_set(err, ERR_INPUT_NEEDED, "a certificate needs a name");
    (void)err_hint(err, "--name \"Ana Silva\": everybody can read it");
    code = ERR_INPUT_NEEDED;
  } else if (name == NULL) {
    code = ask_line(j->cli, out_word(j->cli, "Your name, as everybody will read it:", "Il tuo nome, come lo leggeranno tutti:"),
                    &typed, &ended, err);
  } else {
    code = bytes_append(&typed, view_of_text(name), err);
  }
  if (code == OK) code = text_normalise(bytes_view(&typed), &clean, err);
  if (code == OK && (clean.len == 0 || clean.len > KEYFILE_NAME_MAX || memchr(clean.p, '\n', clean.len) != NULL)) {
    code = err_set(err, ERR_USAGE, "a name is one line of 1 to %d octets", KEYFILE_NAME_MAX);
  }
  if (code == OK) {
    memcpy(j->name, clean.p, clean.len);
    j->name[clean.len] = '\0';
  }
  bytes_release(&typed);
  bytes_release(&clean);
  return code;
}

/* The own key: there already, taken from a file, or made now. Opened at once, so that a wrong passphrase is told before
 * anything is asked of the node. */
static enum err_code take_key(struct joining *j, struct err *err) {
  char path[HOME_PATH_MAX];
  struct person_card card = {.name = ""};
  struct secret *passphrase = NULL;
  const char *from = args_value(j->args, "key");
  enum err_code code = person_path(j->cli, path, err);
  bool is_there = code == OK && access(path, F_OK) == 0;
  if (code == OK && from != NULL && is_there) {
    (void)err_set(err, ERR_FAILED, "you have a key already: %s", path);
    (void)err_hint(err, "without --key that one is used; specola key new --replace puts it aside");
    return ERR_FAILED;
  }
  if (code == OK && from != NULL) {
    code = take_key_file(from, path, err);
    is_there = true;
  }
  if (code == OK && is_there) code = person_card_of(j->cli, &card, err);
  if (code == OK) code = take_name(j, card.name, err);
  if (code == OK && !is_there && (code = cli_passphrase(j->cli, "your new key", true, &passphrase, err)) == OK) {
    code = person_make(path, j->name, passphrase, &card, err);
    if (code == OK) out_note(j->cli, "%s  %s", out_word(j->cli, "Your key    ", "La tua chiave"), path);
  }
  return code == OK ? person_open(j->cli, &j->signer, err) : code;
}

/* ---- asking ---- */

static enum err_code check_receipt(struct joining *j, const struct ask *ask, struct err *err) {
  static struct receipt receipt;
  const enum err_code code = receipt_open(bytes_view(&j->answer.body), &j->identity.node_key, &receipt, err);
  if (code != OK) return code;
  if (receipt.n != 1 || !hash_equal(&receipt.fed_id, &j->line.fed_id) || !hash_equal(&receipt.node, &j->line.node) ||
      !hash_equal(&receipt.rows[0].id, &ask->id)) {
    return mismatch(j, "answered with a receipt for something else", err);
  }
  j->row = receipt.rows[0];
  return OK;
}

/* request: a node's, else empty. */
static enum err_code post_ask(struct joining *j, struct view request, struct err *err) {
  struct bytes item;
  struct ask ask = {.fed_id = j->line.fed_id, .node = j->line.node, .token = j->line.token, .name = view_of_text(j->name)};
  ask.request = request;
  bytes_init(&item, LIMIT_ASK_NODE);
  enum err_code code = ask_seal(&ask, &j->signer, &item, err);
  if (code == OK) code = fetch_post(j->fetch, "/sync/ask", "application/msgpack", bytes_view(&item), &j->answer, err);
  if (code == OK) code = check_receipt(j, &ask, err);
  if (code == ERR_UNREACHABLE) (void)err_hint(err, "run the same line again: what was asked is answered as before");
  bytes_release(&item);
  return code;
}

static const char *what_to_do(const struct joining *j) {
  if (j->row.reason == REASON_REVOKED) return "specola key new --replace makes another key; then the same line again";
  if (j->row.reason == REASON_TOKEN) {
    return "ask who invited you whether the line is whole; a node's is followed with --identity FILE, a person's without";
  }
  return reason_todo(j->row.reason);
}

static enum err_code not_certified(struct joining *j, struct err *err) {
  char words[WORDS_LEN];
  const char *who = j->handle[0] == '\0' ? "the node" : j->handle;
  person_fingerprint(&j->signer.pub, words);
  if (j->row.state == RECEIPT_QUEUED) {
    (void)err_set(err, ERR_QUEUED, "%s waits for its coordinator's word: read them your fingerprint by telephone: %s", who,
                  words);
    (void)err_hint(err, "then run the same line again");
    out_set_text(j->cli, "own_fingerprint", words);
    return ERR_QUEUED;
  }
  (void)err_set(err, ERR_REFUSED, "%s: %s", reason_name(j->row.reason), reason_text(j->row.reason));
  (void)err_hint(err, "%s", what_to_do(j));
  return ERR_REFUSED;
}

/* ---- the certificate ---- */

/* The first entry of a piece, if it is the certificate of our key. */
static enum err_code read_certificate(struct joining *j, struct record *out, struct err *err) {
  struct bundle_window window;
  struct item item;
  struct canon_reader r = canon_reader(bytes_view(&j->answer.body));
  canon_array_exact(&r, 2);
  if (canon_uint(&r) != BUNDLE_WINDOW) canon_fail(&r, "no entries");
  const struct view payload = canon_skip(&r);
  if (r.fault != NULL || bundle_window_read(payload, &window, err) != OK)
    return mismatch(j, "does not show the certificate", err);
  r = canon_reader(window.items);
  item_read(&r, &item);
  if (r.fault != NULL || record_open(item.envelope, &j->line.fed_id, NULL, out) != REASON_NONE || window.gen != j->row.gen ||
      window.from != j->row.index || out->header.kind != KIND_CERT ||
      memcmp(out->header.subject.b, j->signer.pub.b, PUBKEY_LEN) != 0 ||
      !pubkey_equal(&out->header.author, &j->identity.node_key)) {
    return mismatch(j, "shows another record than the certificate that it promised", err);
  }
  return OK;
}

static enum err_code say_certified(struct joining *j, struct err *err) {
  struct cli *cli = j->cli;
  struct record record;
  char path[160], node[HASH_HEX_LEN], roles[128], words[WORDS_LEN], reference[REFERENCE_MAX], gen[24] = "";
  hash_hex(&j->line.node, node);
  (void)snprintf(path, sizeof path, "/sync/%s/%" PRIu64 "/%" PRIu64, node, j->row.gen, j->row.index);
  enum err_code code = fetch_get(j->fetch, path, NULL, &j->answer, err);
  if (code == OK) code = read_certificate(j, &record, err);
  if (code != OK) return code;
  if (j->row.gen > 1) (void)snprintf(gen, sizeof gen, ".%" PRIu64, j->row.gen);
  (void)snprintf(reference, sizeof reference, "%s%s-%" PRIu64, j->handle, gen, j->row.index);
  j->roles = record.header.args[1];
  roles_format(j->roles, roles, sizeof roles);
  person_fingerprint(&j->signer.pub, words);
  out_line(cli, "%s %s %s %s (%s).", out_word(cli, "Certified by", "Autorizzato da"), j->handle, out_word(cli, "as", "come"),
           roles, reference);
  out_set_text(cli, "ref", reference);
  out_set_text(cli, "roles", roles);
  out_set_number(cli, "person", record.header.args[0]);
  out_set_text(cli, "own_fingerprint", words);
  return OK;
}

/* ---- a node ---- */

static enum err_code take_payload(void *context, enum bundle_type type, struct view payload, struct err *err) {
  if (type != BUNDLE_REQUEST) return err_set(err, ERR_FORMAT, "not a founding request");
  return bytes_append(context, payload, err);
}

/* The request of the node whose home this is, which its own key signs. What it asks, it follows from now on. */
static enum err_code ask_as_node(struct joining *j, const char *path, struct err *err) {
  struct secret *passphrase = NULL;
  struct bytes request;
  struct founder founder;
  struct view name, address;
  bytes_init(&request, LIMIT_ASK_NODE);
  enum err_code code = founding_file_read(path, take_payload, &request, err);
  if (code == OK) code = founding_request_decode(bytes_view(&request), &founder, &name, &address, err);
  if (code == OK) code = cli_open_home(j->cli, &j->home, err);
  if (code == OK) code = guest_may_ask(j->cli, err);
  if (code == OK) code = cli_node_passphrase(j->cli, &passphrase, err);
  if (code == OK) code = home_node_key(&j->home, passphrase, &j->signer, err);
  if (code == OK && !pubkey_equal(&founder.identity.node_key, &j->signer.pub)) {
    (void)err_set(err, ERR_MISMATCH, "%s is not of the node in %s", path, j->home.dir);
    (void)err_hint(err, "the file that specola init --root FILE --out wrote here, or the node's own --home");
    code = ERR_MISMATCH;
  }
  if (code == OK) {
    memcpy(j->name, founder.handle, sizeof founder.handle); /* the request has the rest */
    words_of(&founder.node, j->words);
    code = post_ask(j, bytes_view(&request), err);
  }
  if (code == OK && j->row.state != RECEIPT_REFUSED) {
    code = replica_begin_guest(&j->home, j->line.at, &j->line.fed_id, &j->line.node, &founder.node, j->cli->timeout_ms, err);
  }
  secret_free(passphrase);
  bytes_release(&request);
  return code;
}

static enum err_code join_as_node(struct joining *j, const char *path, struct err *err) {
  const enum err_code code = ask_as_node(j, path, err);
  if (code != OK) return code;
  if (j->row.state == RECEIPT_REFUSED) return not_certified(j, err);
  out_line(j->cli, "%s %s", j->handle,
           out_word(j->cli, "has the request: its coordinator proposes this node, and the members consent.",
                    "ha la richiesta: il suo coordinatore propone questo nodo, e i membri acconsentono."));
  out_line(j->cli, "%s  %s", out_word(j->cli, "This node   ", "Questo nodo "), j->words);
  out_note(j->cli, "%s", out_word(j->cli, "Next:  read them that fingerprint", "Poi:  leggi loro quell'impronta"));
  out_set_text(j->cli, "own_fingerprint", j->words);
  return OK;
}

/* ---- all of it ---- */

/* A replica that is here already has to be of that observatory. */
static enum err_code check_replica(const struct joining *j, struct err *err) {
  struct store *s = NULL;
  struct bytes item;
  struct charter held = {.n_founders = 0};
  bytes_init(&item, HEAD_OCTETS);
  enum err_code code = store_open(j->home.dir, STORE_WRITE, NULL, &s, err);
  if (code == OK) code = store_get_charter(s, &item, err);
  if (code == OK) code = charter_decode(bytes_view(&item), &held, err);
  if (code == OK && !hash_equal(&held.fed_id, &j->line.fed_id)) {
    (void)err_set(err, ERR_REFUSED, "%s holds another observatory", j->home.dir);
    code = err_hint(err, "take another folder: --home DIR");
  }
  charter_release(&held);
  bytes_release(&item);
  store_close(s);
  return code;
}

/* Whoever read only until now has a home from now on. */
static enum err_code name_home(struct joining *j, struct err *err) {
  struct home_config *c = &j->home.config;
  if (!j->line.has_token || c->home[0] != '\0' || j->handle[0] == '\0') return OK;
  memcpy(c->home, j->handle, sizeof c->home);
  memcpy(c->country, j->handle, 2);
  c->country[2] = '\0';
  return home_finish(&j->home, err);
}

/* Whether a replica can be here, before anything is asked of the node: whoever is refused leaves nothing behind. */
static enum err_code look_at_home(struct joining *j, struct err *err) {
  if (home_open(j->cli->home, &j->home, NULL) != OK) return OK;
  if (home_is_replica(&j->home) && !home_is_guest(&j->home)) return check_replica(j, err);
  (void)err_set(err, ERR_REFUSED, "there is a node in %s already", j->home.dir);
  return err_hint(err, "a person takes another --home; a node asks with --identity FILE.identity");
}

static enum err_code begin_replica(struct joining *j, struct err *err) {
  const struct hash *node = j->line.has_token ? &j->line.node : NULL;
  const enum err_code code =
      home_open(j->cli->home, &j->home, NULL) == OK
          ? name_home(j, err)
          : replica_begin(j->cli->home, j->line.at, &j->line.fed_id, &j->line.node, node, j->cli->timeout_ms, &j->home, err);
  if (code == OK && j->handle[0] == '\0') memcpy(j->handle, j->home.config.home, HANDLE_MAX);
  return code;
}

/* The observatory itself. What does not come now comes with the next specola sync. */
static enum err_code copy(struct joining *j, struct err *err) {
  const struct following_wish all = {.only = NULL};
  out_set_text(j->cli, "home", j->home.dir);
  const enum err_code code = following_run(j->cli, &j->home, &all, err);
  if (code == OK) {
    const char *task = (j->roles & ROLE_REVIEWER) != 0 ? "queue" : "new case -o first.draft";
    out_note(j->cli, "%s  specola %s", out_word(j->cli, "Next:", "Poi:"), j->line.has_token ? task : "list case");
  } else {
    (void)err_hint(err, "specola sync goes on");
  }
  return code;
}

static enum err_code join(struct joining *j, struct err *err) {
  enum err_code code = fetch_new(j->line.at, j->cli->timeout_ms, &j->fetch, err);
  if (code == OK) code = check_index(j, err);
  const struct err was = *err;
  if (code == ERR_UNREACHABLE) (void)err_hint(err, "%s; or the line was cut: its end is this address", was.hint);
  if (code == OK) code = meet_observatory(j, err);
  if (code == OK) code = meet_node(j, err);
  if (code == OK) code = show_and_ask(j, err);
  const char *identity = args_value(j->args, "identity");
  if (code == OK && identity != NULL && !j->line.has_token) {
    (void)err_set(err, ERR_USAGE, "the line invites to read, and no node");
    return err_hint(err, "ask for a line of: specola invite --for node");
  }
  if (code == OK && identity != NULL) return join_as_node(j, identity, err);
  if (code == OK) code = look_at_home(j, err);
  if (code == OK && j->line.has_token && (code = take_key(j, err)) == OK) code = post_ask(j, view_of(NULL, 0), err);
  if (code == OK && j->line.has_token && j->row.state == RECEIPT_REFUSED) return not_certified(j, err);
  if (code == OK) code = begin_replica(j, err);
  if (code == OK && j->line.has_token && j->row.state != RECEIPT_LOGGED) return not_certified(j, err);
  if (code == OK && j->line.has_token) code = say_certified(j, err);
  return code == OK ? copy(j, err) : code;
}

enum err_code joining(struct cli *cli, const char *text, const struct args *args, struct err *err) {
  struct joining j = {.cli = cli, .args = args};
  fetch_answer_init(&j.answer, PIECE_MAX);
  enum err_code code = read_line(cli, text, &j.line, err);
  if (code == OK) code = join(&j, err);
  fetch_free(j.fetch);
  fetch_answer_release(&j.answer);
  charter_release(&j.charter);
  signer_release(&j.signer);
  return code;
}
