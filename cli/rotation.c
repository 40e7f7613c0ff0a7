/*
 * rotation: see rotation.h. Who signs is shown what he signs: node, observatory, keys, cut.
 */
#include "cli/rotation.h"

#include <stdio.h>
#include <string.h>

#include "cli/founding.h"
#include "cli/out.h"
#include "keys/words.h"
#include "protocol/canon.h"

void rotation_release(struct rotation *r) {
  charter_release(&r->charter);
  bytes_release(&r->items);
  bytes_release(&r->body);
}

/* ---- what follows on what ---- */

/* Walks the identities that are in force, each verified, up to the last; *body: its octets. */
static enum err_code walk_chain(struct rotation *r, struct view *body, struct err *err) {
  struct canon_reader reader = canon_reader(bytes_view(&r->items));
  enum err_code code = OK;
  *body = view_of(NULL, 0);
  while (code == OK && !canon_at_end(&reader)) {
    struct identity_item item;
    identity_item_read(&reader, &item);
    if (reader.fault != NULL) {
      return err_set(err, ERR_FORMAT, "identity: %s", reader.fault);
    }
    if (body->len == 0) {
      r->node = identity_hash(item.body);
    }
    code = identity_verify(&item, &r->charter.fed_id, &r->node, *body, &r->before, err);
    *body = item.body;
  }
  return code == OK && body->len == 0 ? err_set(err, ERR_FORMAT, "no identity that is in force") : code;
}

/* The charter names founders only: of who came later it is the node that knows whose the chain is. */
static void find_handle(struct rotation *r) {
  memcpy(r->handle, "?", sizeof "?");
  for (uint32_t i = 0; i < r->charter.n_founders; i++) {
    if (hash_equal(&r->charter.founders[i].node, &r->node)) {
      memcpy(r->handle, r->charter.founders[i].handle, sizeof r->handle);
    }
  }
}

/* All but whether the signatures are enough. Those that are there must verify. */
static enum err_code check(struct rotation *r, struct err *err) {
  struct view body;
  struct identity verified;
  struct err why = ERR_INIT;
  enum err_code code = walk_chain(r, &body, err);
  if (code == OK) {
    find_handle(r);
    code = identity_decode(r->item.body, &r->next, err);
  }
  if (code != OK) {
    return code;
  }
  code = identity_verify(&r->item, &r->charter.fed_id, &r->node, body, &verified, &why);
  if (code == OK || code == ERR_SIGNATURE) { /* too few, as long as they are on their way */
    return OK;
  }
  *err = why;
  return code;
}

enum err_code rotation_new(const struct charter *charter, struct view items, const struct identity *next, struct rotation *out,
                           struct err *err) {
  struct bytes encoded;
  *out = (struct rotation){.node = {{0}}};
  bytes_init(&out->items, FOUNDING_FILE_MAX / 2);
  bytes_init(&out->body, LIMIT_IDENTITY);
  bytes_init(&encoded, LIMIT_BUNDLE_ITEM);
  enum err_code code = charter_encode(charter, &encoded, err);
  if (code == OK) {
    code = charter_decode(bytes_view(&encoded), &out->charter, err);
  }
  if (code == OK) {
    code = bytes_append(&out->items, items, err);
  }
  if (code == OK) {
    code = identity_encode(next, &out->body, err);
  }
  out->item.body = bytes_view(&out->body);
  if (code == OK) {
    code = check(out, err);
  }
  bytes_release(&encoded);
  if (code != OK) {
    rotation_release(out);
    *out = (struct rotation){.node = {{0}}};
  }
  return code;
}

/* ---- the file ---- */

/* A rotation that is being read: the last item so far is kept apart, since it may be the next identity. */
struct reading {
  struct rotation *r;
  struct bytes last;
  bool has_charter;
};

static enum err_code take_item(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct reading *x = context;
  enum err_code code = OK;
  if (type == BUNDLE_CHARTER && !x->has_charter) {
    x->has_charter = true;
    return charter_decode(payload, &x->r->charter, err);
  }
  if (type == BUNDLE_ADDRESS) {
    return OK; /* a charter file's */
  }
  if (type != BUNDLE_IDENTITY || !x->has_charter) {
    return err_set(err, ERR_FORMAT, "not a rotation");
  }
  code = bytes_append(&x->r->items, bytes_view(&x->last), err);
  bytes_clear(&x->last);
  return code == OK ? bytes_append(&x->last, payload, err) : code;
}

/* The last identity of the file is the one to be signed. */
static enum err_code take_next(struct rotation *r, struct view octets, struct err *err) {
  struct identity_item item;
  struct canon_reader reader = canon_reader(octets);
  identity_item_read(&reader, &item);
  enum err_code code = canon_finish(&reader, "identity", err);
  if (code == OK) {
    code = bytes_append(&r->body, item.body, err);
  }
  r->item = item;
  r->item.body = bytes_view(&r->body);
  return code == OK ? check(r, err) : code;
}

enum err_code rotation_read(const char *path, struct rotation *out, struct err *err) {
  struct reading x = {.r = out};
  *out = (struct rotation){.node = {{0}}};
  bytes_init(&out->items, FOUNDING_FILE_MAX / 2);
  bytes_init(&out->body, LIMIT_IDENTITY);
  bytes_init(&x.last, FOUNDING_FILE_MAX / 2);
  enum err_code code = founding_file_read(path, take_item, &x, err);
  if (code == OK && x.last.len == 0) {
    code = err_set(err, ERR_NOT_FOUND, "%s: not a rotation", path);
    err_hint(err, "specola key rotate --node (or --curve) makes one");
  } else if (code == OK) {
    code = take_next(out, bytes_view(&x.last), err);
  }
  bytes_release(&x.last);
  if (code != OK) {
    rotation_release(out);
    *out = (struct rotation){.node = {{0}}};
  }
  return code;
}

enum err_code rotation_item(const struct rotation *r, struct bytes *out, struct err *err) {
  struct canon_writer w = canon_writer(out);
  identity_item_write(&w, &r->item);
  return canon_written(&w, "identity", err);
}

enum err_code rotation_write(const char *path, const struct rotation *r, struct err *err) {
  struct founding_item items[64];
  struct bytes charter, next;
  size_t n = 0;
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  bytes_init(&next, LIMIT_BUNDLE_ITEM);
  enum err_code code = charter_encode(&r->charter, &charter, err);
  if (code == OK) {
    code = rotation_item(r, &next, err);
  }
  items[n++] = (struct founding_item){BUNDLE_CHARTER, bytes_view(&charter)};
  struct canon_reader reader = canon_reader(bytes_view(&r->items));
  while (code == OK && !canon_at_end(&reader) && n < sizeof items / sizeof items[0] - 1) {
    items[n++] = (struct founding_item){BUNDLE_IDENTITY, canon_skip(&reader)};
  }
  if (code == OK && !canon_at_end(&reader)) {
    code = err_set(err, ERR_LIMIT, "more than %zu identities", sizeof items / sizeof items[0] - 2);
  }
  items[n++] = (struct founding_item){BUNDLE_IDENTITY, bytes_view(&next)};
  if (code == OK) {
    code = founding_file_write(path, items, n, err);
  }
  bytes_release(&charter);
  bytes_release(&next);
  return code;
}

/* ---- signing ---- */

/* Adds one signature at its place, unless it is there. True: added. */
static bool put_signature(struct root_signature *list, uint32_t *n, uint32_t index, const struct signature *signature) {
  uint32_t at = 0;
  while (at < *n && list[at].index < index) {
    at++;
  }
  if ((at < *n && list[at].index == index) || *n == LIMIT_ROOTS) {
    return false;
  }
  memmove(list + at + 1, list + at, (*n - at) * sizeof *list);
  list[at] = (struct root_signature){.index = index, .signature = *signature};
  ++*n;
  return true;
}

enum err_code rotation_sign(struct rotation *r, const struct signer *roots, size_t n, uint32_t *added, struct err *err) {
  const struct hash hash = identity_hash(r->item.body);
  bool any = false;
  *added = 0;
  for (size_t i = 0; i < n; i++) {
    const struct signature s = sign_tagged(&roots[i], SIGN_IDENTITY, &r->charter.fed_id, hash_view(&hash));
    for (uint32_t k = 0; k < LIMIT_ROOTS; k++) {
      const bool is_next = k < r->next.n_roots && pubkey_equal(&r->next.roots[k], &roots[i].pub);
      const bool is_before = k < r->before.n_roots && pubkey_equal(&r->before.roots[k], &roots[i].pub);
      any = any || is_next || is_before;
      *added += is_next && put_signature(r->item.signatures, &r->item.n, k, &s);
      *added += is_before && put_signature(r->item.prev_signatures, &r->item.n_prev, k, &s);
    }
  }
  return any ? OK : err_set(err, ERR_NOT_FOUND, "none of these sheets is a root key of %s", r->handle);
}

enum err_code rotation_complete(const struct rotation *r, struct err *err) {
  if (r->item.n_prev < r->before.threshold || r->item.n < r->next.threshold) {
    (void)err_set(err, ERR_INCOMPLETE, "signed by %u of the root keys so far and %u of those from now on; %u and %u are needed",
                  r->item.n_prev, r->item.n, r->before.threshold, r->next.threshold);
    return err_hint(err, "specola root sign %s.rotation --key SHEET", r->handle);
  }
  return OK;
}

/* ---- for people ---- */

static void say_key(struct cli *cli, const char *what, const char *name, const uint8_t before[32], const uint8_t next[32]) {
  struct pubkey key;
  char words[WORDS_LEN];
  if (memcmp(before, next, 32) == 0) {
    return;
  }
  memcpy(key.b, next, sizeof key.b);
  person_fingerprint(&key, words);
  out_line(cli, "%-12s %s   (new)", what, words);
  out_set_text(cli, name, words);
}

void rotation_show(struct cli *cli, const struct rotation *r) {
  char words[WORDS_LEN], root[HASH_HEX_LEN];
  const struct view name = charter_name(&r->charter, cli->lang);
  const bool same_roots = r->before.n_roots == r->next.n_roots && r->before.threshold == r->next.threshold &&
                          memcmp(r->before.roots, r->next.roots, r->next.n_roots * sizeof r->next.roots[0]) == 0;
  out_heading(cli, "%.*s", (int)name.len, (const char *)name.p);
  words_of(&r->node, words);
  out_line(cli, "Node %-7s %s", r->handle, words);
  out_line(cli, "Identity     version %ju", (uintmax_t)r->next.version);
  say_key(cli, "Node key", "node_key", r->before.node_key.b, r->next.node_key.b);
  say_key(cli, "CURVE key", "curve_key", r->before.curve, r->next.curve);
  if (!same_roots) {
    out_line(cli, "Root keys    %u of %u must sign from now on", r->next.threshold, r->next.n_roots);
  }
  if (r->next.gen != r->before.gen) {
    hash_hex(&r->next.cut_root, root);
    out_line(cli, "Generation   %ju; %ju is cut at %ju entries, root %.16s", (uintmax_t)r->next.gen, (uintmax_t)r->before.gen,
             (uintmax_t)r->next.cut_size, root);
    out_set_number(cli, "cut", r->next.cut_size);
    out_set(cli, "cut_root", out_json_hash(&r->next.cut_root));
  }
  out_line(cli, "Signatures   %u of %u so far, %u of %u from now on", r->item.n_prev, r->before.threshold, r->item.n,
           r->next.threshold);
  out_set_text(cli, "node", r->handle);
  out_set_number(cli, "version", r->next.version);
  out_set_number(cli, "generation", r->next.gen);
}
