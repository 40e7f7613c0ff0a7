/*
 * founding: root sheets, founding requests and charter files (see founding.h). The last step, the store, is in join.c.
 */
#include "cli/founding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/out.h"
#include "keys/text.h"
#include "keys/words.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"

enum err_code path_join(const char *folder, const char *name, const char *ending, char out[HOME_PATH_MAX], struct err *err) {
  int n = snprintf(out, HOME_PATH_MAX, "%s/%s%s", folder, name, ending);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s/%s: the path is too long", folder, name) : OK;
}

/* ---- bundles of one item ---- */

enum err_code founding_file_write(const char *path, const struct founding_item *items, size_t n, struct err *err) {
  struct bytes octets;
  struct bundle_writer w;
  bytes_init(&octets, FOUNDING_FILE_MAX);
  enum err_code code = bundle_start(&w, bundle_sink_bytes, &octets, err);
  for (size_t i = 0; code == OK && i < n; i++) {
    code = bundle_put(&w, items[i].type, items[i].payload, err);
  }
  if (code == OK) {
    code = bundle_finish(&w, err);
  }
  bundle_writer_release(&w);
  if (code == OK) {
    code = file_write(path, bytes_view(&octets), false, err);
  }
  bytes_release(&octets);
  return code;
}

/* What a file of the founding is for people, and which command makes one. */
struct founding_file {
  const char *what, *made_by;
};
static const struct founding_file ROOT_FILE = {"a set of root keys", "specola root new makes one: NAME.root"};
static const struct founding_file REQUEST_FILE = {"a founding request", "specola init makes one: HANDLE.identity"};
static const struct founding_file CHARTER_FILE = {"a charter", "specola found makes one: NAME.charter"};

static const struct founding_file ROTATION_FILE = {"a charter or a rotation",
                                                   "specola found makes one, or specola key rotate: HANDLE.rotation"};

static const struct founding_file STATEMENT_FILE = {"a statement to sign", "specola statement ID -o FILE makes one"};

static enum err_code not_such_file(const struct founding_file *form, const char *path, struct err *err) {
  err_set(err, ERR_FORMAT, "%s: not %s", path, form->what);
  return err_hint(err, "%s", form->made_by);
}

static enum err_code read_bundle(const struct founding_file *form, const char *path, founding_take *take, void *context,
                                 struct err *err) {
  struct bytes octets;
  struct bundle_reader *r = NULL;
  bytes_init(&octets, FOUNDING_FILE_MAX);
  enum err_code code = file_read(path, &octets, err);
  struct view rest = bytes_view(&octets);
  if (code != OK) {
    bytes_release(&octets);
    return code;
  }
  if ((code = bundle_open(bundle_source_view, &rest, &r, err)) == ERR_FORMAT) {
    code = not_such_file(form, path, err);
    bytes_release(&octets);
    return code;
  }
  while (code == OK) {
    enum bundle_type type = BUNDLE_END;
    struct view payload;
    code = bundle_next(r, &type, &payload, err);
    if (code != OK || type == BUNDLE_END) {
      break;
    }
    code = take(context, type, payload, err);
  }
  if (code != OK) {
    err_context(err, "%s", path);
  }
  bundle_reader_free(r);
  bytes_release(&octets);
  return code;
}

enum err_code statement_file_read(const char *path, founding_take *take, void *context, struct err *err) {
  return read_bundle(&STATEMENT_FILE, path, take, context, err);
}

enum err_code founding_file_read(const char *path, founding_take *take, void *context, struct err *err) {
  return read_bundle(&ROTATION_FILE, path, take, context, err);
}

/* ---- roots ---- */

static int compare_keys(const void *a, const void *b) {
  return pubkey_compare(a, b);
}

/* Takes the sheet that is at path. */
static enum err_code read_sheet(const char *path, struct secret *passphrase, struct pubkey *pub, struct err *err) {
  struct keyfile key = {0};
  enum err_code code = keyfile_read(path, passphrase, &key, err);
  if (code == OK && (key.use != KEYFILE_ROOT || key.secret == NULL || key.sealed != (passphrase != NULL))) {
    code = err_set(err, ERR_FAILED, "%s exists, and is not what would be made", path);
  }
  if (code == OK) {
    memcpy(pub->b, key.pub, PUBKEY_LEN);
  } else {
    code = err_hint(err, "take another --name or --out, or move that file away");
  }
  keyfile_release(&key);
  return code;
}

static enum err_code write_sheet(const char *folder, const char *name, uint32_t number, struct secret *passphrase,
                                 struct pubkey *pub, struct err *err) {
  char path[HOME_PATH_MAX], ending[24];
  struct keyfile key = {.use = KEYFILE_ROOT};
  struct signer signer = {0};
  snprintf(ending, sizeof ending, "-%u.key", number);
  snprintf(key.name, sizeof key.name, "%.150s-%u", name, number);
  enum err_code code = path_join(folder, name, ending, path, err);
  if (code == OK && access(path, F_OK) == 0) {
    return read_sheet(path, passphrase, pub, err);
  }
  if (code == OK) {
    code = signer_new(&signer, err);
  }
  if (code != OK) {
    return code;
  }
  *pub = signer.pub;
  memcpy(key.pub, signer.pub.b, PUBKEY_LEN);
  key.secret = secret_new(SEED_LEN);
  if (key.secret == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
  } else {
    signer_seed(&signer, secret_open(key.secret));
    secret_close(key.secret);
    code = keyfile_write(path, &key, passphrase, cli_key_cost(), err);
  }
  keyfile_release(&key);
  signer_release(&signer);
  return code;
}

enum err_code roots_make(const char *folder, const char *name, uint32_t n, uint32_t threshold, struct secret *passphrase,
                         struct root_set *out, struct err *err) {
  char path[HOME_PATH_MAX];
  struct bytes payload;
  enum err_code code = path_join(folder, name, ".root", path, err);
  *out = (struct root_set){.threshold = threshold, .n = n};
  for (uint32_t i = 0; code == OK && i < n; i++) {
    code = write_sheet(folder, name, i + 1, passphrase, &out->keys[i], err);
  }
  if (code != OK) {
    return code;
  }
  qsort(out->keys, n, sizeof out->keys[0], compare_keys);
  bytes_init(&payload, LIMIT_HANDSHAKE);
  struct canon_writer w = canon_writer(&payload);
  canon_put_array(&w, 2);
  canon_put_uint(&w, threshold);
  canon_put_array(&w, n);
  for (uint32_t i = 0; i < n; i++) {
    canon_put_pubkey(&w, &out->keys[i]);
  }
  code = canon_written(&w, "root set", err);
  if (code == OK) {
    const struct founding_item item = {BUNDLE_ROOT_SET, bytes_view(&payload)};
    code = founding_file_write(path, &item, 1, err);
  }
  bytes_release(&payload);
  return code;
}

static enum err_code take_roots(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct root_set *out = context;
  if (type != BUNDLE_ROOT_SET || out->n != 0) {
    return err_set(err, ERR_FORMAT, "not a set of root keys");
  }
  struct canon_reader r = canon_reader(payload);
  canon_array_exact(&r, 2);
  out->threshold = (uint32_t)canon_uint_max(&r, LIMIT_ROOTS);
  out->n = canon_array(&r, LIMIT_ROOTS);
  for (uint32_t i = 0; i < out->n; i++) {
    canon_pubkey(&r, &out->keys[i]);
    if (i > 0 && pubkey_compare(&out->keys[i - 1], &out->keys[i]) >= 0) {
      canon_fail(&r, "root keys do not rise");
    }
  }
  if (out->n == 0 || out->threshold == 0 || out->threshold > out->n) {
    canon_fail(&r, "no such threshold");
  }
  enum err_code code = canon_finish(&r, "root set", err);
  for (uint32_t i = 0; code == OK && i < out->n; i++) {
    code = pubkey_check(&out->keys[i], err);
  }
  return code;
}

enum err_code roots_read(const char *path, struct root_set *out, struct err *err) {
  *out = (struct root_set){0};
  enum err_code code = read_bundle(&ROOT_FILE, path, take_roots, out, err);
  return code == OK && out->n == 0 ? not_such_file(&ROOT_FILE, path, err) : code;
}

enum err_code sheet_open(struct cli *cli, const char *path, struct signer *out, struct err *err) {
  struct keyfile key = {0};
  struct secret *passphrase = NULL;
  enum err_code code = keyfile_read(path, NULL, &key, err);
  if (code == OK && key.use != KEYFILE_ROOT) {
    code = err_set(err, ERR_KEY, "%s: not a root sheet", path);
  }
  if (code == OK && key.secret == NULL) {
    code = cli_passphrase(cli, path, false, &passphrase, err);
    keyfile_release(&key);
    if (code == OK) {
      code = keyfile_read(path, passphrase, &key, err);
    }
  }
  if (code == OK) {
    code = signer_from_seed(secret_open(key.secret), out, err);
    secret_close(key.secret);
  }
  keyfile_release(&key);
  return code;
}

/* ---- founding requests ---- */

/* The address that the node advertises, sealed before there is a federation; nothing if it advertises none. */
static enum err_code seal_address(const struct home *home, const struct hash *node, const struct signer *key, struct bytes *out,
                                  struct err *err) {
  const char *endpoint = home->config.advertise;
  if (endpoint[0] == '\0') {
    return OK;
  }
  struct address address = {.node = *node, .seq = 1, .n_endpoints = 1};
  memcpy(address.endpoints[0], endpoint, strlen(endpoint) + 1);
  return address_seal(&address, NULL, key, out, err);
}

enum err_code request_make(const struct home *home, struct secret *node_passphrase, const struct root_set *roots,
                           const char *path, struct hash *node, struct err *err) {
  struct signer key = {0};
  struct secret *curve = NULL;
  struct bytes body, address, payload;
  struct founder f = {.identity = {.version = 1, .n_roots = roots->n, .threshold = roots->threshold, .gen = 1}};
  const struct home_config *c = &home->config;
  bytes_init(&body, LIMIT_IDENTITY);
  bytes_init(&address, LIMIT_HANDSHAKE);
  bytes_init(&payload, (size_t)4 * LIMIT_HANDSHAKE);
  enum err_code code = home_node_key(home, node_passphrase, &key, err);
  if (code != OK || (code = home_curve_key(home, node_passphrase, f.identity.curve, &curve, err)) != OK) {
    goto out;
  }
  memcpy(f.identity.roots, roots->keys, roots->n * sizeof roots->keys[0]);
  f.identity.node_key = key.pub;
  if ((code = identity_encode(&f.identity, &body, err)) != OK) {
    goto out;
  }
  f.identity_body = bytes_view(&body);
  f.node = identity_hash(f.identity_body);
  memcpy(f.handle, c->handle, sizeof f.handle);
  memcpy(f.country, c->country, sizeof f.country);
  memcpy(f.region, c->region, sizeof f.region);
  memcpy(f.lead, c->lead, sizeof f.lead);
  if ((code = seal_address(home, &f.node, &key, &address, err)) != OK ||
      (code = founding_request_encode(&f, c->name, bytes_view(&address), &payload, err)) != OK) {
    goto out;
  }
  const struct founding_item item = {BUNDLE_REQUEST, bytes_view(&payload)};
  code = founding_file_write(path, &item, 1, err);
  if (node != NULL) {
    *node = f.node;
  }
out:
  secret_free(curve);
  signer_release(&key);
  bytes_release(&body);
  bytes_release(&address);
  bytes_release(&payload);
  return code;
}

static enum err_code take_one_request(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct bytes *out = context;
  if (type != BUNDLE_REQUEST || out->len > 0) {
    return err_set(err, ERR_FORMAT, "not a founding request");
  }
  return bytes_append(out, payload, err);
}

enum err_code request_read(const char *path, struct bytes *out, struct err *err) {
  enum err_code code = read_bundle(&REQUEST_FILE, path, take_one_request, out, err);
  return code == OK && out->len == 0 ? not_such_file(&REQUEST_FILE, path, err) : code;
}

/* ---- charter files ---- */

void charter_file_release(struct charter_file *f) {
  charter_release(&f->charter);
  bytes_release(&f->addresses);
}

/* What charter_found gathers: the octets of the requests outlive the founders that borrow from them. */
struct gathering {
  struct bytes payloads[LIMIT_MEMBERS];
  struct founder founders[LIMIT_MEMBERS];
  uint32_t n;
  struct bytes addresses;
};

static enum err_code take_request(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct gathering *g = context;
  struct view name, address;
  if (type != BUNDLE_REQUEST) {
    return err_set(err, ERR_FORMAT, "not a founding request");
  }
  if (g->n == LIMIT_MEMBERS) {
    return err_set(err, ERR_LIMIT, "more than %u founders", LIMIT_MEMBERS);
  }
  struct bytes *own = &g->payloads[g->n];
  struct founder *f = &g->founders[g->n];
  bytes_init(own, LIMIT_BUNDLE_ITEM);
  enum err_code code = bytes_append(own, payload, err);
  if (code != OK || (code = founding_request_decode(bytes_view(own), f, &name, &address, err)) != OK) {
    bytes_release(own);
    return code;
  }
  g->n++;
  if (address.len > 0) {
    struct address opened;
    code = address_open(address, NULL, &f->identity.node_key, &opened, err);
    if (code == OK && !hash_equal(&opened.node, &f->node)) {
      code = err_set(err, ERR_MISMATCH, "its address is another node's");
    }
    return code != OK ? code : bytes_append(&g->addresses, address, err);
  }
  return OK;
}

enum err_code observatory_name_check(const char *name, struct err *err) {
  const size_t n = text_is_valid(view_of_text(name)) ? text_length(view_of_text(name)) : 0;
  if (n > 0 && n <= LIMIT_NAME && strpbrk(name, "\n\t") == NULL) {
    return OK;
  }
  err_set(err, ERR_USAGE, "\"%s\" is no name of an observatory: one line of 1 to %u characters", name, LIMIT_NAME);
  return err_hint(err, "\"European Observatory\"");
}

enum err_code charter_found(const char *name, const char *lang, const char *const *paths, size_t n, struct charter_file *out,
                            struct err *err) {
  enum err_code code = OK;
  struct gathering *g = calloc(1, sizeof *g);
  if (g == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  bytes_init(&g->addresses, FOUNDING_FILE_MAX / 2);
  for (size_t i = 0; code == OK && i < n; i++) {
    uint32_t before = g->n;
    code = read_bundle(&REQUEST_FILE, paths[i], take_request, g, err);
    if (code == OK && g->n == before) {
      code = not_such_file(&REQUEST_FILE, paths[i], err);
    }
  }
  if (code == OK) {
    code = charter_new(name, lang, g->founders, g->n, &out->charter, err);
  }
  if (code == OK) {
    out->addresses = g->addresses;
    g->addresses = (struct bytes){0};
  }
  for (uint32_t i = 0; i < g->n; i++) {
    bytes_release(&g->payloads[i]);
  }
  bytes_release(&g->addresses);
  free(g);
  return code;
}

static enum err_code take_charter(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct charter_file *f = context;
  if (type == BUNDLE_CHARTER && f->charter.n_founders == 0) {
    return charter_decode(payload, &f->charter, err);
  }
  if (type == BUNDLE_ADDRESS) {
    return bytes_append(&f->addresses, payload, err);
  }
  return err_set(err, ERR_FORMAT, "not a charter");
}

enum err_code charter_file_read(const char *path, struct charter_file *out, struct err *err) {
  *out = (struct charter_file){0};
  bytes_init(&out->addresses, FOUNDING_FILE_MAX / 2);
  enum err_code code = read_bundle(&CHARTER_FILE, path, take_charter, out, err);
  if (code == OK && out->charter.n_founders == 0) {
    code = not_such_file(&CHARTER_FILE, path, err);
  }
  if (code != OK) {
    charter_file_release(out);
    *out = (struct charter_file){0};
  }
  return code;
}

enum err_code charter_file_write(const char *path, const struct charter_file *f, struct err *err) {
  struct founding_item items[1 + LIMIT_MEMBERS];
  struct bytes payload;
  size_t n = 0;
  bytes_init(&payload, LIMIT_BUNDLE_ITEM);
  enum err_code code = charter_encode(&f->charter, &payload, err);
  items[n++] = (struct founding_item){BUNDLE_CHARTER, bytes_view(&payload)};
  struct canon_reader r = canon_reader(bytes_view(&f->addresses));
  while (code == OK && !canon_at_end(&r) && n < sizeof items / sizeof items[0]) {
    items[n++] = (struct founding_item){BUNDLE_ADDRESS, canon_skip(&r)};
  }
  if (code == OK) {
    code = founding_file_write(path, items, n, err);
  }
  bytes_release(&payload);
  return code;
}

void charter_show(struct cli *cli, const struct charter_file *f) {
  static const char *const columns[] = {"node", "fingerprint", ">signed", ">needed", NULL};
  const struct charter *c = &f->charter;
  char words[WORDS_LEN];
  struct view name = charter_name(c, cli->lang);
  struct out_table *table = out_table_new(cli, columns);
  json_t *founders = json_array();
  words_of(&c->fed_id, words);
  out_heading(cli, "%.*s", (int)name.len, (const char *)name.p);
  out_line(cli, "Fingerprint  %s   (the observatory)", words);
  out_set(cli, "name", out_json_text(name));
  out_set(cli, "federation", out_json_hash(&c->fed_id));
  out_set_text(cli, "fingerprint", words);
  for (uint32_t i = 0; i < c->n_founders; i++) {
    char signed_by[12], needed[12];
    uint32_t n = 0;
    for (uint32_t k = 0; k < c->n_signatures; k++) {
      n += c->signatures[k].founder == i;
    }
    words_of(&c->founders[i].node, words);
    snprintf(signed_by, sizeof signed_by, "%u", n);
    snprintf(needed, sizeof needed, "%u", c->founders[i].identity.threshold);
    const char *cells[] = {c->founders[i].handle, words, signed_by, needed};
    out_table_row(table, cells);
    json_array_append_new(founders, json_pack("{s:s, s:s, s:o, s:i, s:i}", "handle", c->founders[i].handle, "fingerprint",
                                              words, "node", out_json_hash(&c->founders[i].node), "signatures", n, "needed",
                                              c->founders[i].identity.threshold));
  }
  out_table_print(table);
  out_set(cli, "founders", founders);
}
