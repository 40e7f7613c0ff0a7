/*
 * change_file: see change_file.h. Who signs is shown what he signs: observatory, list of members, act, cut.
 */
#include "cli/change_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/founding.h"
#include "cli/out.h"
#include "cli/policy.h"
#include "keys/words.h"
#include "protocol/canon.h"

void change_file_release(struct change_file *f) {
  roll_release(&f->roll);
  charter_release(&f->charter);
  bytes_release(&f->epochs);
  bytes_release(&f->identities);
  changes_release(&f->changes);
}

static void begin(struct change_file *f) {
  *f = (struct change_file){.changes = {.n = 0}};
  bytes_init(&f->epochs, FOUNDING_FILE_MAX);
  bytes_init(&f->identities, FOUNDING_FILE_MAX);
}

static const struct change *change_of(const struct change_file *f) {
  return &f->changes.list[0];
}

/* The identity in force of a member; NULL: it is none. */
static const struct identity *identity_of(const struct change_file *f, const struct hash *node) {
  const struct roll_member *m = epoch_by_node(&f->roll.epoch, node) == NULL ? NULL : roll_find(&f->roll, node);
  return m == NULL ? NULL : &m->as.identity;
}

/* ---- what is in it ---- */

/* Every signature is a root key's of the member that it stands for. */
static enum err_code check_consents(const struct change_file *f, struct err *err) {
  const struct change *change = change_of(f);
  for (uint32_t i = 0; i < change->n; i++) {
    const struct consent *c = &change->consents[i];
    const struct identity *id = identity_of(f, &c->node);
    bool good = id != NULL && c->by_roots && c->version == id->version;
    for (uint32_t k = 0; good && k < c->n_roots; k++) {
      good = c->roots[k].index < id->n_roots && sign_verify(&id->roots[c->roots[k].index], SIGN_CONSENT, &f->charter.fed_id,
                                                            change->act.octets, &c->roots[k].signature);
    }
    if (!good) {
      return err_set(err, ERR_SIGNATURE, "a consent that is not by root keys of a member");
    }
  }
  return OK;
}

/* All items are there: who is a member, and whether the change is one of theirs. */
static enum err_code settle(struct change_file *f, struct err *err) {
  struct bytes body;
  bytes_init(&body, LIMIT_CHARTER);
  enum err_code code = charter_complete(&f->charter, err);
  if (code == OK) code = roll_begin(&f->charter, &f->roll, err);
  if (code == OK) code = roll_epoch(&f->roll, bytes_view(&f->epochs), err);
  if (code == OK) code = roll_identity(&f->roll, bytes_view(&f->identities), err);
  if (code == OK) code = roll_settle(&f->roll, err);
  if (code == OK && (f->changes.n != 1 || change_of(f)->act.kind == CHANGE_ADMIT)) {
    code = err_set(err, ERR_FORMAT, "not one change that root keys consent to");
  }
  if (code == OK) code = changes_apply(&f->changes, &f->roll.epoch, &body, NULL, err);
  if (code == OK) code = check_consents(f, err);
  bytes_release(&body);
  return code;
}

static enum err_code append_item(void *context, struct view item, struct err *err) {
  return bytes_append(context, item, err);
}

/* What this node holds of the members: charter, lists, identities of all who are or were one. */
static enum err_code take_members(const struct here *here, struct change_file *f, struct err *err) {
  const struct federation *federation = &here->federation;
  struct bytes charter;
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  enum err_code code = charter_encode(&federation->charter, &charter, err);
  if (code == OK) code = charter_decode(bytes_view(&charter), &f->charter, err);
  for (uint64_t n = 1; n <= federation->epoch.number && code == OK; n++) {
    code = federation_epoch_item(here->store, federation, n, &f->epochs, err);
  }
  for (uint32_t i = 0; i < federation->n_members && code == OK; i++) {
    code = federation_each_identity(here->store, federation, &federation->members[i], append_item, &f->identities, err);
  }
  bytes_release(&charter);
  return code;
}

enum err_code change_file_new(const struct here *here, struct view act, struct change_file *out, struct err *err) {
  struct change change = {.n = 0};
  begin(out);
  enum err_code code = take_members(here, out, err);
  if (code == OK) code = change_new(act, &out->charter.fed_id, &change, err);
  if (code == OK) code = changes_add(&out->changes, &change, err);
  if (code == OK) code = settle(out, err);
  change_release(&change);
  if (code != OK) {
    change_file_release(out);
    begin(out);
  }
  return code;
}

/* ---- the file ---- */

struct reading {
  struct change_file *f;
  bool has_charter;
};

static enum err_code take_item(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct reading *r = context;
  if (type == BUNDLE_CHARTER) {
    r->has_charter = true;
    return charter_decode(payload, &r->f->charter, err);
  }
  if (r->has_charter && type == BUNDLE_EPOCH) return bytes_append(&r->f->epochs, payload, err);
  if (r->has_charter && type == BUNDLE_IDENTITY) return bytes_append(&r->f->identities, payload, err);
  if (r->has_charter && type == BUNDLE_CHANGES) {
    return changes_decode(payload, &r->f->charter.fed_id, &r->f->changes, err);
  }
  return err_set(err, ERR_FORMAT, "not a change to sign");
}

static enum err_code look_for(void *context, enum bundle_type type, struct view payload, struct err *err) {
  bool *found = context;
  (void)payload;
  (void)err;
  *found = *found || type == BUNDLE_CHANGES;
  return OK;
}

bool change_file_is(const char *path) {
  bool found = false;
  return founding_file_read(path, look_for, &found, NULL) == OK && found;
}

enum err_code change_file_read(const char *path, struct change_file *out, struct err *err) {
  struct reading r = {.f = out};
  begin(out);
  enum err_code code = founding_file_read(path, take_item, &r, err);
  if (code == OK && (code = settle(out, err)) != OK) {
    (void)err_context(err, "%s", path);
  }
  if (code != OK) {
    change_file_release(out);
    begin(out);
  }
  return code;
}

/* Appends each item of octets as one of that type. */
static void put_items(struct founding_item *items, size_t *n, enum bundle_type type, struct view octets) {
  struct canon_reader reader = canon_reader(octets);
  while (!canon_at_end(&reader) && reader.fault == NULL) {
    const struct view payload = canon_skip(&reader);
    if (items != NULL) items[*n] = (struct founding_item){type, payload};
    ++*n;
  }
}

static size_t put_all(struct founding_item *items, struct view charter, const struct change_file *f, struct view changes) {
  size_t n = 0;
  put_items(items, &n, BUNDLE_CHARTER, charter);
  put_items(items, &n, BUNDLE_EPOCH, bytes_view(&f->epochs));
  put_items(items, &n, BUNDLE_IDENTITY, bytes_view(&f->identities));
  put_items(items, &n, BUNDLE_CHANGES, changes);
  return n;
}

enum err_code change_file_write(const char *path, const struct change_file *f, struct err *err) {
  struct bytes charter, changes;
  struct founding_item *items = NULL;
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  bytes_init(&changes, LIMIT_CHANGES_BYTES);
  enum err_code code = charter_encode(&f->charter, &charter, err);
  if (code == OK) code = changes_encode(&f->changes, &changes, err);
  const size_t n = put_all(NULL, bytes_view(&charter), f, bytes_view(&changes));
  if (code == OK && (items = calloc(n, sizeof *items)) == NULL) code = err_set(err, ERR_MEMORY, NULL);
  if (code == OK) {
    (void)put_all(items, bytes_view(&charter), f, bytes_view(&changes));
    code = founding_file_write(path, items, n, err);
  }
  free(items);
  bytes_release(&charter);
  bytes_release(&changes);
  return code;
}

/* ---- signing ---- */

static const struct consent *consent_of(const struct change *change, const struct hash *node) {
  for (uint32_t i = 0; i < change->n; i++) {
    if (hash_equal(&change->consents[i].node, node)) return &change->consents[i];
  }
  return NULL;
}

/* Adds what a member's root keys among these sign. *any: it has some. */
static enum err_code sign_for(struct change_file *f, const struct member *m, const struct signer *roots, size_t n, bool *any,
                              uint32_t *added, struct err *err) {
  struct change *change = &f->changes.list[0];
  const struct identity *id = identity_of(f, &m->node);
  const struct consent *before = consent_of(change, &m->node);
  struct consent consent = {.node = m->node, .version = id == NULL ? 0 : id->version, .by_roots = true};
  uint32_t more = 0;
  if (id == NULL) return OK;
  if (before != NULL) consent = *before;
  enum err_code code = consent_by_roots(roots, n, id, &f->charter.fed_id, change->act.octets, &consent, &more, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  *any = true;
  *added += more;
  if (code == OK && !act_heeds(&change->act, &f->roll.epoch, &m->node, true)) {
    return err_set(err, ERR_REFUSED, "%s is an associate: its lead has the voice", m->handle);
  }
  return code == OK ? change_consent(change, &consent, err) : code;
}

enum err_code change_file_sign(struct change_file *f, const struct signer *roots, size_t n, uint32_t *added, struct err *err) {
  bool any = false;
  enum err_code code = OK;
  *added = 0;
  for (uint32_t i = 0; i < f->roll.epoch.n_members && code == OK; i++) {
    code = sign_for(f, &f->roll.epoch.members[i], roots, n, &any, added, err);
  }
  return code == OK && !any ? err_set(err, ERR_NOT_FOUND, "none of these sheets is a root key of a member") : code;
}

static bool is_whole(const struct change_file *f, const struct consent *c) {
  const struct identity *id = identity_of(f, &c->node);
  return id != NULL && c->n_roots >= id->threshold;
}

uint32_t change_file_whole(const struct change_file *f) {
  uint32_t n = 0;
  for (uint32_t i = 0; i < change_of(f)->n; i++) {
    n += is_whole(f, &change_of(f)->consents[i]);
  }
  return n;
}

void change_file_keep_whole(struct change_file *f) {
  struct change *change = &f->changes.list[0];
  uint32_t n = 0;
  for (uint32_t i = 0; i < change->n; i++) {
    if (is_whole(f, &change->consents[i])) change->consents[n++] = change->consents[i];
  }
  change->n = n;
}

/* ---- for people ---- */

static void show_removal(struct cli *cli, const struct change_file *f, const struct act *act) {
  char words[WORDS_LEN], root[HASH_HEX_LEN];
  const struct member *m = epoch_by_node(&f->roll.epoch, &act->node);
  const char *handle = m == NULL ? "?" : m->handle;
  words_of(&act->node, words);
  out_line(cli, "%-12s %s  %s", out_word(cli, "To remove", "Da togliere"), handle, words);
  out_set_text(cli, "act", "remove");
  out_set_text(cli, "handle", handle);
  out_set(cli, "node", out_json_hash(&act->node));
  if (!act->has_cut) {
    out_line(cli, "%-12s %s", "", out_word(cli, "nothing of its log counts any more", "del suo registro non conta più nulla"));
    return;
  }
  hash_hex(&act->cut.root, root);
  out_line(cli, "%-12s %s %ju (%s %ju, %s %.16s)", "",
           out_word(cli, "entries of its log that stay:", "voci del suo registro che restano:"), (uintmax_t)act->cut.size,
           out_word(cli, "generation", "generazione"), (uintmax_t)act->cut.gen, out_word(cli, "root", "radice"), root);
  out_set_number(cli, "cut", act->cut.size);
}

static void show_policy(struct cli *cli, const struct act *act) {
  out_set_text(cli, "act", "policy");
  policy_say_act(cli, NULL, act);
  if (act->drops) {
    out_set(cli, "dropped", out_json_hash(&act->dropped));
  }
  if (act->adopted.len > 0) {
    out_set(cli, "adopted", policy_json(act->adopted));
  }
}

static void show_consents(struct cli *cli, const struct change_file *f) {
  static const char *const columns[] = {"member", ">signed", ">needed", NULL};
  struct out_table *table = out_table_new(cli, columns);
  json_t *list = json_array();
  for (uint32_t i = 0; i < change_of(f)->n; i++) {
    const struct consent *c = &change_of(f)->consents[i];
    const struct member *m = epoch_by_node(&f->roll.epoch, &c->node);
    const struct identity *id = identity_of(f, &c->node);
    char n[12], needed[12];
    snprintf(n, sizeof n, "%u", c->n_roots);
    snprintf(needed, sizeof needed, "%u", id == NULL ? 0 : id->threshold);
    const char *cells[] = {m == NULL ? "?" : m->handle, n, needed};
    out_table_row(table, cells);
    (void)json_array_append_new(list, json_pack("{s:s, s:i, s:i}", "handle", cells[0], "signatures", (int)c->n_roots, "needed",
                                                id == NULL ? 0 : (int)id->threshold));
  }
  out_table_print(table);
  out_set(cli, "consents", list);
}

void change_file_show(struct cli *cli, const struct change_file *f) {
  const struct act *act = &change_of(f)->act;
  const struct view name = charter_name(&f->charter, cli->lang);
  char words[WORDS_LEN];
  words_of(&f->charter.fed_id, words);
  out_heading(cli, "%.*s", (int)name.len, (const char *)name.p);
  out_line(cli, "%-12s %s", out_word(cli, "Fingerprint", "Impronta"), words);
  out_line(cli, "%-12s %ju: %ju %s", out_word(cli, "List no.", "Lista n."), (uintmax_t)f->roll.epoch.number,
           (uintmax_t)f->roll.epoch.n_members, out_word(cli, "members", "membri"));
  out_set(cli, "federation", out_json_hash(&f->charter.fed_id));
  out_set_number(cli, "epoch", f->roll.epoch.number);
  if (act->kind == CHANGE_REMOVE) {
    show_removal(cli, f, act);
  } else {
    show_policy(cli, act);
  }
  show_consents(cli, f);
  out_set_number(cli, "whole", change_file_whole(f));
}
