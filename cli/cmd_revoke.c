/*
 * person revoke, key revoke: a key goes out of office (docs/protocol.md 4.5). The first is a coordinator's order, which may
 * reach back to the position from which the key was in other hands; the second is signed by the key itself.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/ordering.h"
#include "cli/out.h"
#include "cli/person.h"
#include "keys/words.h"
#include "node/store/query_void.h"

const struct option_row options_person_revoke[] = {
    {"from", 0, OPTION_VALUE, "REF", "the first record that was not the person's any more: IT-312; else from now on",
     "il primo atto che non era più della persona: IT-312; altrimenti da ora"},
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask; needed where there is no terminal",
     "senza chiedere; necessario dove non c'è un terminale"},
    OPTIONS_END,
};
const struct option_row options_key_revoke[] = {
    {"yes", 'y', OPTION_FLAG, NULL, "do not ask; needed where there is no terminal",
     "senza chiedere; necessario dove non c'è un terminale"},
    OPTIONS_END,
};

#define KEYS_MAX 64     /* of one person */
#define WORDS_LEAST 11u /* letters of a fingerprint that tell a key from others: two words */

/* ---- which keys ---- */

struct meant {
  const char *text;
  uint64_t person; /* 0: not a number */
  uint64_t number; /* of the person who was found */
  struct pubkey card;
  bool is_card;
  struct pubkey keys[KEYS_MAX];
  char names[KEYS_MAX][128];
  bool revoked[KEYS_MAX]; /* already, be it from a later position */
  size_t n;
};

static bool is_meant(const struct meant *m, const struct query_person *p) {
  char words[WORDS_LEN], hex[2 * PUBKEY_LEN + 1];
  if (m->is_card) return pubkey_equal(&m->card, &p->key);
  if (m->person != 0) return p->person == m->person;
  person_fingerprint(&p->key, words);
  hex_encode(pubkey_view(&p->key), hex);
  const size_t len = strlen(m->text);
  return strcmp(m->text, hex) == 0 || strcmp(m->text, p->reference) == 0 ||
         (len >= WORDS_LEAST && strncmp(m->text, words, len) == 0);
}

static bool collect(void *context, const struct query_person *p) {
  struct meant *m = context;
  if (!is_meant(m, p)) return true;
  for (size_t i = 0; i < m->n; i++) {
    if (pubkey_equal(&m->keys[i], &p->key)) return true;
  }
  m->number = p->person;
  m->keys[m->n] = p->key;
  m->revoked[m->n] = p->revoked;
  snprintf(m->names[m->n++], sizeof m->names[0], "%s", p->name);
  return m->n < KEYS_MAX;
}

/* A person's number, a key in hexadecimal digits, the beginning of its fingerprint, its certificate, or a file with it. */
static enum err_code find(const struct here *here, const char *text, struct meant *m, struct err *err) {
  struct person_card card;
  *m = (struct meant){.text = text};
  if (decimal_decode(view_of_text(text), &m->person, NULL) != OK || m->person > UINT32_MAX) m->person = 0;
  if (m->person == 0 && access(text, R_OK) == 0) {
    const enum err_code code = card_read(text, &card, err);
    if (code != OK) return code;
    m->card = card.key;
    m->is_card = true;
  }
  enum err_code code = query_people(here->store, &here->federation, federation_handle(&here->federation, &here->federation.own),
                                    collect, m, err);
  if (code == OK && m->n == 0) {
    err_set(err, ERR_NOT_FOUND, "%s: nobody who is certified here", text);
    code = err_hint(err, "a number, a fingerprint or a reference of: specola person list");
  } else if (code == OK && m->n > 1 && m->person == 0) {
    err_set(err, ERR_AMBIGUOUS, "%s: the beginning of more than one fingerprint", text);
    code = err_hint(err, "give more of it: specola person list");
  }
  return code;
}

/* ---- from where ---- */

struct from {
  bool is_told;
  uint64_t gen, index;
};

static enum err_code read_from(const struct args *args, const struct here *here, struct from *out, struct err *err) {
  struct hash node;
  const char *text = args_value(args, "from");
  *out = (struct from){.is_told = text != NULL};
  if (text == NULL) return OK;
  const enum err_code code = reference_parse(&here->federation, text, &node, &out->gen, &out->index, err);
  if (code != OK) return code;
  if (!hash_equal(&node, &here->federation.own)) {
    err_set(err, ERR_USAGE, "--from %s: a position of this node's own log is needed", text);
    return err_hint(err, "--from %s-312", federation_handle(&here->federation, &here->federation.own));
  }
  return OK;
}

/* What loses its effect, of all keys that are meant. */
static enum err_code weigh(const struct here *here, const struct meant *m, const struct from *from, struct query_void *out,
                           struct err *err) {
  enum err_code code = OK;
  memset(out, 0, sizeof *out);
  for (size_t i = 0; i < m->n && from->is_told && code == OK; i++) {
    struct query_void one;
    code = query_void(here->store, &here->federation, &here->federation.own, &m->keys[i], from->gen, from->index, &one, err);
    out->n += one.n;
    out->versions += one.versions;
    out->endorsements += one.endorsements;
    for (uint32_t k = 0; k < one.n_named && out->n_named < QUERY_VOID_NAMED; k++)
      memcpy(out->named[out->n_named++], one.named[k], REFERENCE_MAX);
  }
  return code;
}

static void say_weighed(struct cli *cli, const struct meant *m, const struct from *from, const struct query_void *v) {
  char words[WORDS_LEN], list[QUERY_VOID_NAMED * (REFERENCE_MAX + 2)] = "";
  json_t *named = json_array();
  for (size_t i = 0; i < m->n; i++) {
    person_fingerprint(&m->keys[i], words);
    out_line(cli, "%s  %s%s", words, m->names[i],
             m->revoked[i] ? out_word(cli, "  (revoked already)", "  (già revocata)") : "");
  }
  for (uint32_t i = 0; i < v->n_named; i++) {
    const size_t used = strlen(list);
    snprintf(list + used, sizeof list - used, "%s%s", used == 0 ? "" : ", ", v->named[i]);
    json_array_append_new(named, json_string(v->named[i]));
  }
  if (!from->is_told) {
    out_line(cli, "%s",
             out_word(cli, "What was signed before keeps its effect.", "Ciò che è stato firmato prima resta valido."));
  } else {
    out_line(cli, "%s %ju (%s %ju, %s %ju)%s%s%s",
             out_word(cli, "Records that lose their effect:", "Atti che perdono effetto:"), (uintmax_t)v->n,
             out_word(cli, "versions", "versioni"), (uintmax_t)v->versions, out_word(cli, "endorsements", "convalide"),
             (uintmax_t)v->endorsements, v->n == 0 ? "" : ": ", list, v->n > v->n_named ? ", …" : "");
  }
  out_set_number(cli, "voids", v->n);
  out_set(cli, "voided", named);
}

static enum err_code agreed(struct cli *cli, const struct args *args, const char *question, const char *hint, struct err *err) {
  bool yes = true;
  if (args_flag(args, "yes")) return OK;
  if (!ask_can(cli)) {
    err_set(err, ERR_INPUT_NEEDED, "a revocation cannot be undone: it needs a yes");
    return err_hint(err, "%s --yes", hint);
  }
  const enum err_code code = ask_yes(cli, question, false, &yes, err);
  return code == OK && !yes ? err_set(err, ERR_REFUSED, "not revoked: nobody said yes") : code;
}

/* ---- person revoke ---- */

static enum err_code revoke_one(struct cli *cli, struct submit *s, const struct pubkey *key, const struct from *from,
                                json_t *refs, struct err *err) {
  char hex[2 * PUBKEY_LEN + 1], words[WORDS_LEN];
  json_t *answer = NULL;
  hex_encode(pubkey_view(key), hex);
  person_fingerprint(key, words);
  json_t *order = json_pack("{s:s}", "key", hex);
  if (from->is_told) {
    (void)json_object_set_new(order, "gen", json_integer((json_int_t)from->gen));
    (void)json_object_set_new(order, "index", json_integer((json_int_t)from->index));
  }
  const enum err_code code = ordering(s, "revoke", order, &answer, err);
  if (code == OK) {
    out_line(cli, "%s  %s %s", text_of(answer, "reference"), words, out_word(cli, "is revoked", "è revocata"));
    json_array_append_new(refs, json_string(text_of(answer, "reference")));
  }
  json_decref(answer);
  return code;
}

static enum err_code revoke_all(struct cli *cli, struct submit *s, const struct meant *m, const struct from *from,
                                struct err *err) {
  json_t *refs = json_array();
  enum err_code code = OK;
  size_t done = 0;
  for (size_t i = 0; i < m->n && code == OK; i++) {
    code = revoke_one(cli, s, &m->keys[i], from, refs, err);
    done += code == OK;
    if (code == ERR_MISMATCH && m->n > 1) { /* of several keys one was revoked before */
      err_clear(err);
      code = OK;
    }
  }
  if (code == OK && done == 0) {
    code = err_set(err, ERR_MISMATCH, "revoked already, from there or from before");
  }
  if (code == ERR_MISMATCH) {
    err->code = code = ERR_REFUSED;
    (void)err_hint(err, "specola person list says from where; --from REF reaches further back");
  }
  out_set(cli, "refs", refs);
  return code;
}

enum err_code cmd_person_revoke(struct cli *cli, const struct args *args, struct err *err) {
  static struct meant meant;
  struct submit s;
  struct from from;
  struct query_void voids;
  char hint[160];
  enum err_code code = submit_open_node(cli, &s, err);
  if (code != OK) {
    return code;
  }
  code = find(&s.here, args->operands[0], &meant, err);
  if (code == OK && (code = read_from(args, &s.here, &from, err)) == OK) {
    code = weigh(&s.here, &meant, &from, &voids, err);
  }
  if (code == OK) {
    say_weighed(cli, &meant, &from, &voids);
    snprintf(hint, sizeof hint, "specola person revoke %.60s", args->operands[0]);
    code = agreed(cli, args,
                  out_word(cli, "Revoke? It cannot be undone; a new key can follow.",
                           "Revocare? Non si può annullare; può seguire una nuova chiave."),
                  hint, err);
  }
  if (code == OK && (code = revoke_all(cli, &s, &meant, &from, err)) == OK) {
    out_note(cli, "%s  specola invite --for ROLE --person %ju",
             out_word(cli, "A new key for the same person:", "Una nuova chiave per la stessa persona:"),
             (uintmax_t)meant.number);
  }
  submit_release(&s);
  return code;
}

/* ---- key revoke ---- */

enum err_code cmd_key_revoke(struct cli *cli, const struct args *args, struct err *err) {
  static struct batch batch;
  struct submit s;
  struct receipt receipt;
  char words[WORDS_LEN];
  enum err_code code = submit_open(cli, &s, err);
  if (code != OK) {
    return code;
  }
  batch.n = 0;
  code = agreed(cli, args,
                out_word(cli, "Revoke your own key, for good, from now on?", "Revocare la propria chiave, per sempre, da ora?"),
                "specola key revoke", err);
  if (code == OK && (code = submit_person(cli, &s, err)) == OK && (code = submit_seal_revocation(&s, &batch, err)) == OK) {
    code = submit_send(&s, &batch, &receipt, err);
  }
  if (code == OK && receipt.rows[0].state != RECEIPT_LOGGED) {
    code = submit_not_logged(&s, &receipt.rows[0], err);
  }
  if (code == OK) {
    char reference[REFERENCE_MAX];
    reference_format(&s.here.federation, &receipt.node, receipt.rows[0].gen, receipt.rows[0].index, reference);
    person_fingerprint(&s.person.pub, words);
    out_line(cli, "%s  %s %s", reference, words, out_word(cli, "is revoked", "è revocata"));
    out_note(cli, "%s",
             out_word(cli,
                      "What you signed before keeps its effect. If the key was stolen, the coordinator can reach back:  "
                      "specola person revoke --from",
                      "Ciò che hai firmato prima resta valido. Se la chiave è stata rubata, il coordinatore può andare "
                      "indietro:  specola person revoke --from"));
    out_set_text(cli, "ref", reference);
    out_set_text(cli, "fingerprint", words);
  }
  submit_tell(cli, &s);
  batch_clear(&batch);
  submit_release(&s);
  return code;
}
