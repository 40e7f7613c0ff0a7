/*
 * join: the last step of a founding, on the node's own machine: a complete charter becomes a store, and the log begins with the
 * node's identity (entry 0) and the coordinator's certificate (entry 1).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/founding.h"
#include "node/admit.h"
#include "node/head.h"
#include "protocol/canon.h"
#include "protocol/people.h"

/* The founder of the charter that has our node key. ERR_REFUSED. */
static enum err_code find_self(const struct charter *c, const struct pubkey *node_key, uint32_t *out, struct err *err) {
  for (uint32_t i = 0; i < c->n_founders; i++) {
    if (pubkey_equal(&c->founders[i].identity.node_key, node_key)) {
      *out = i;
      return OK;
    }
  }
  err_set(err, ERR_REFUSED, "this node is not a founder of that observatory");
  return err_hint(err, "found it with this node's .identity file: specola found NAME *.identity");
}

static enum err_code put_identities(struct store *s, const struct charter *c, struct err *err) {
  enum err_code code = OK;
  struct bytes item;
  bytes_init(&item, (size_t)4 * LIMIT_IDENTITY);
  for (uint32_t i = 0; code == OK && i < c->n_founders; i++) {
    struct identity_item identity;
    charter_identity_item(c, i, &identity);
    bytes_clear(&item);
    struct canon_writer w = canon_writer(&item);
    identity_item_write(&w, &identity);
    code = canon_written(&w, "identity", err);
    if (code == OK) {
      code = store_put_identity(s, &c->founders[i].node, 1, bytes_view(&item), err);
    }
  }
  bytes_release(&item);
  return code;
}

/* Addresses of founders; what is not theirs or does not verify is left out: it can come by the network later. */
/* Files that were merged may bring several addresses of one founder. */
static enum err_code put_address(struct store *s, const struct address *address, const struct pubkey *node_key,
                                 struct view item, struct err *err) {
  struct bytes octets;
  struct address held;
  bytes_init(&octets, LIMIT_BUNDLE_ITEM);
  const bool replaces = store_get_address(s, &address->node, &octets, NULL) != OK ||
                        address_open(bytes_view(&octets), NULL, node_key, &held, NULL) != OK ||
                        address_replaces(address, &held);
  bytes_release(&octets);
  return replaces ? store_put_address(s, &address->node, address->seq, item, err) : OK;
}

static enum err_code put_addresses(struct store *s, const struct charter_file *f, struct err *err) {
  enum err_code code = OK;
  struct canon_reader r = canon_reader(bytes_view(&f->addresses));
  while (code == OK && !canon_at_end(&r) && r.fault == NULL) {
    struct address address;
    struct view item = canon_skip(&r);
    if (address_open(item, NULL, NULL, &address, NULL) != OK) {
      continue;
    }
    for (uint32_t i = 0; code == OK && i < f->charter.n_founders; i++) {
      const struct founder *founder = &f->charter.founders[i];
      if (hash_equal(&founder->node, &address.node) &&
          address_open(item, NULL, &founder->identity.node_key, &address, NULL) == OK) {
        code = put_address(s, &address, &founder->identity.node_key, item, err);
      }
    }
  }
  return code;
}

/* A store that holds a charter already: fine when it is this one and its log has not got past the certificate (a join that was
 * cut short goes on where it stopped; again: also one that was not); *begun tells. */
static enum err_code check_earlier(struct store *s, const struct charter_file *f, uint32_t self, bool again, bool *begun,
                                   struct err *err) {
  struct bytes item;
  struct charter held = {0};
  struct log log;
  bytes_init(&item, LIMIT_BUNDLE_ITEM);
  *begun = false;
  enum err_code code = store_get_charter(s, &item, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
    goto out;
  }
  if (code != OK || (code = charter_decode(bytes_view(&item), &held, err)) != OK) {
    goto out;
  }
  bool grown = log_find(s, &f->charter.founders[self].node, 1, &log, NULL) == OK && log.range.size >= (again ? 3 : 2);
  if (grown || !hash_equal(&held.fed_id, &f->charter.fed_id)) {
    err_set(err, ERR_REFUSED, "this node has joined an observatory already");
    code = err_hint(err, "specola status");
  }
  *begun = true;
out:
  charter_release(&held);
  bytes_release(&item);
  return code;
}

/* Charter, identities, addresses and who we are: one transaction. */
static enum err_code put_federation(struct store *s, const struct charter_file *f, uint32_t self, bool again, struct err *err) {
  struct bytes item;
  bool begun = false;
  enum err_code code = check_earlier(s, f, self, again, &begun, err);
  if (code != OK || begun) {
    return code;
  }
  bytes_init(&item, LIMIT_BUNDLE_ITEM);
  code = charter_encode(&f->charter, &item, err);
  if (code != OK || (code = store_begin(s, err)) != OK) {
    goto out;
  }
  if ((code = store_put_charter(s, bytes_view(&item), err)) == OK && (code = put_identities(s, &f->charter, err)) == OK &&
      (code = put_addresses(s, f, err)) == OK &&
      (code = store_put_fact(s, "own", hash_view(&f->charter.founders[self].node), err)) == OK) {
    code = store_commit(s, err);
  } else {
    store_rollback(s);
  }
out:
  bytes_release(&item);
  return code;
}

/* Entries 0 and 1, or what is missing of them. */
static enum err_code begin_log(const struct home *home, struct store *store, const struct signer *key,
                               const struct person_card *coordinator, struct err *err) {
  struct federation federation = {0};
  struct schema_set *schemas = NULL;
  struct hall *hall = NULL;
  struct receipt_row row;
  struct log log;
  enum err_code code = federation_load(store, &federation, err);
  if (code != OK || (code = home_schemas(home, &schemas, err)) != OK) {
    goto out;
  }
  const struct head_file head = head_in(home->dir);
  const struct hall_config config = {.store = store,
                                     .head = &head,
                                     .federation = &federation,
                                     .schemas = schemas,
                                     .node_key = key,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .threads = 0};
  if ((code = hall_open(&config, &hall, err)) != OK || (code = hall_admit_identity(hall, err)) != OK) {
    goto out;
  }
  if ((code = log_find(store, &federation.own, 1, &log, err)) != OK || log.range.size >= 2) {
    goto out;
  }
  code = hall_certify(hall, &coordinator->key, 1, ROLE_COORDINATOR | ROLE_EDITOR, 0, coordinator->name, &row, err);
  if (code == OK && row.state == RECEIPT_REFUSED) {
    code = err_set(err, ERR_REFUSED, "the coordinator's certificate: %s: %s", reason_name(row.reason), reason_text(row.reason));
  }
out:
  hall_close(hall);
  schema_set_free(schemas);
  federation_release(&federation);
  return code;
}

enum err_code founding_join(const struct home *home, struct secret *node_passphrase, const struct charter_file *f,
                            const struct person_card *coordinator, bool again, struct err *err) {
  struct signer key = {0};
  struct store *store = NULL;
  uint32_t self = 0;
  enum err_code code = charter_complete(&f->charter, err);
  if (code == ERR_INCOMPLETE) {
    return err_hint(err, "specola root sign X.charter --key SHEET, by each that is missing; then join again");
  }
  if (code != OK || (code = home_node_key(home, node_passphrase, &key, err)) != OK) {
    return code;
  }
  if ((code = find_self(&f->charter, &key.pub, &self, err)) == OK &&
      (code = store_open(home->dir, STORE_WRITE, NULL, &store, err)) == OK &&
      (code = put_federation(store, f, self, again, err)) == OK) {
    code = begin_log(home, store, &key, coordinator, err);
  }
  store_close(store);
  signer_release(&key);
  return code;
}

/* ---- an observatory that exists ---- */

static enum err_code file_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  FILE *file = context;
  *n = fread(buffer, 1, size, file);
  return *n == 0 && ferror(file) ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

static enum err_code file_rewind(void *context, struct err *err) {
  return fseek(context, 0, SEEK_SET) != 0 ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

/* The first item of a bundle, which must be a charter, and the type of the one behind it. */
static enum err_code read_head(FILE *file, struct bytes *charter, enum bundle_type *second, struct err *err) {
  struct bundle_reader *r = NULL;
  enum bundle_type type = BUNDLE_END;
  struct view payload;
  enum err_code code = bundle_open(file_source, file, &r, err);
  if (code == OK) {
    code = bundle_next(r, &type, &payload, err);
  }
  if (code == OK) {
    code = type == BUNDLE_CHARTER ? bytes_append(charter, payload, err) : err_set(err, ERR_FORMAT, "not a charter");
  }
  if (code == OK) {
    code = bundle_next(r, second, &payload, err);
  }
  bundle_reader_free(r);
  return code;
}

bool founding_is_bundle(const char *path) {
  FILE *file = fopen(path, "rb");
  struct bytes charter;
  enum bundle_type second = BUNDLE_END;
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  const bool is_one = file != NULL && read_head(file, &charter, &second, NULL) == OK && second == BUNDLE_EPOCH;
  bytes_release(&charter);
  if (file != NULL) {
    (void)fclose(file);
  }
  return is_one;
}

/* The charter of the bundle in the store, unless it stands there already. */
static enum err_code put_charter(struct store *s, FILE *file, struct err *err) {
  struct bytes held, given;
  enum bundle_type second = BUNDLE_END;
  bytes_init(&held, LIMIT_BUNDLE_ITEM);
  bytes_init(&given, LIMIT_BUNDLE_ITEM);
  enum err_code code = read_head(file, &given, &second, err);
  if (code == OK && store_get_charter(s, &held, NULL) != OK) {
    code = store_put_charter(s, bytes_view(&given), err);
  }
  bytes_release(&held);
  bytes_release(&given);
  return code == OK ? file_rewind(file, err) : code;
}

/* The member that has the node key. ERR_REFUSED: none. */
static enum err_code find_member(const struct federation *f, const struct pubkey *key, struct hash *out, struct err *err) {
  for (uint32_t i = 0; i < f->n_members; i++) {
    if (f->members[i].until == 0 && pubkey_equal(&f->members[i].identity.node_key, key)) {
      *out = f->rows[i].node;
      return OK;
    }
  }
  (void)err_set(err, ERR_REFUSED, "list no. %ju of the members does not have this node", (uintmax_t)f->epoch.number);
  return err_hint(err, "when a newer one has it: specola join NEWER.bundle");
}

/* Everything of the bundle, by the hall. */
static enum err_code take_bundle(const struct home *home, struct store *store, FILE *file, struct err *err) {
  struct federation federation = {0};
  struct schema_set *schemas = NULL;
  struct hall *hall = NULL;
  struct bundle_report report;
  enum err_code code = federation_load(store, &federation, err);
  if (code != OK || (code = home_schemas(home, &schemas, err)) != OK) {
    goto out;
  }
  const struct hall_config config = {
      .store = store, .federation = &federation, .schemas = schemas, .clock = clock_system(), .entropy = entropy_system()};
  if ((code = hall_open(&config, &hall, err)) == OK) {
    code = hall_import_bundle(hall, file_source, file_rewind, file, &report, err);
  }
out:
  hall_close(hall);
  schema_set_free(schemas);
  federation_release(&federation);
  return code;
}

/* A node that has its log already does not begin it again; one that was cut short in between goes on. */
static bool is_begun(struct store *s) {
  struct bytes own;
  struct hash node;
  struct log log;
  bytes_init(&own, HASH_LEN);
  bool begun = store_get_fact(s, "own", &own, NULL) == OK && own.len == HASH_LEN;
  if (begun) {
    memcpy(node.b, own.p, HASH_LEN);
    begun = log_find(s, &node, 1, &log, NULL) == OK && log.range.size >= 2;
  }
  bytes_release(&own);
  return begun;
}

/* Whoever comes back without a store is told by it that there was one (here.c). */
static enum err_code keep_charter(const struct home *home, const struct charter *charter, struct err *err) {
  struct charter_file copy = {.charter = *charter}; /* borrowed */
  char path[HOME_PATH_MAX];
  const enum err_code code = home_path(home, "observatory.charter", path, err);
  return code == OK ? charter_file_write(path, &copy, err) : code;
}

/* Bundle and log, in a store that is open. file NULL: the store holds already what there is. */
static enum err_code enter(const struct home *home, struct store *store, const struct signer *key, FILE *file,
                           const struct person_card *coordinator, struct err *err) {
  struct federation federation = {0};
  struct hash own;
  enum err_code code = file == NULL ? OK : put_charter(store, file, err);
  if (code == OK && file != NULL) code = take_bundle(home, store, file, err);
  if (code == OK) code = federation_load(store, &federation, err);
  if (code == OK) code = find_member(&federation, &key->pub, &own, err);
  if (code == OK) code = store_put_fact(store, "own", hash_view(&own), err);
  if (code == OK) code = keep_charter(home, &federation.charter, err);
  if (code == OK) code = begin_log(home, store, key, coordinator, err);
  federation_release(&federation);
  return code;
}

/* A guest is none from now on. */
static enum err_code follow_no_more(struct home *home, struct err *err) {
  return home_is_guest(home) ? home_be_guest(home, NULL, err) : OK;
}

enum err_code founding_enter(struct home *home, struct secret *node_passphrase, const char *path,
                             const struct person_card *coordinator, struct err *err) {
  struct signer key = {0};
  struct store *store = NULL;
  FILE *file = path == NULL ? NULL : fopen(path, "rb");
  enum err_code code =
      file == NULL && path != NULL ? err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path) : OK;
  if (code == OK && (code = home_node_key(home, node_passphrase, &key, err)) == OK &&
      (code = store_open(home->dir, STORE_WRITE, NULL, &store, err)) == OK) {
    const bool begun = is_begun(store);
    if (begun && !home_is_guest(home)) {
      (void)err_set(err, ERR_REFUSED, "this node has joined an observatory already");
      code = err_hint(err, "specola status");
    }
    if (!begun) code = enter(home, store, &key, file, coordinator, err);
  }
  if (code == OK) code = follow_no_more(home, err);
  store_close(store);
  signer_release(&key);
  if (file != NULL) {
    (void)fclose(file);
  }
  return code;
}
