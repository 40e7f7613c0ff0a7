/*
 * home: a node's directory: made once, opened by every command; its two keys at rest. What a home holds is listed in
 * node/home.h; docs/operate.md tells people about it. node.ini is home_config's, schema/ home_schemas', whole files are file's.
 *
 * Nothing here asks, prints or decides what a node does: that is cli/ (init, join) and node/serve.
 */
#include "node/home.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/text.h"
#include "node/head.h"
#include "node/home_config.h"

#define CONFIG_FILE "node.ini"
#define GUEST_FILE "guest"

enum err_code home_path(const struct home *h, const char *name, char out[HOME_PATH_MAX], struct err *err) {
  int n = snprintf(out, HOME_PATH_MAX, "%s/%s", h->dir, name);
  if (n < 0 || n >= HOME_PATH_MAX) {
    return err_set(err, ERR_LIMIT, "%s/%s: the path is too long", h->dir, name);
  }
  return OK;
}

static enum err_code set_dir(struct home *h, const char *dir, struct err *err) {
  size_t len = strlen(dir);
  while (len > 1 && dir[len - 1] == '/') {
    len--;
  }
  if (len == 0 || len >= sizeof h->dir - 64) {
    return err_set(err, ERR_LIMIT, "\"%s\": not a directory that a node can live in", dir);
  }
  memcpy(h->dir, dir, len);
  h->dir[len] = '\0';
  return OK;
}

static bool exists(const struct home *h, const char *name) {
  char path[HOME_PATH_MAX];
  struct stat st;
  return home_path(h, name, path, NULL) == OK && lstat(path, &st) == 0;
}

/* Where node.ini is, or will be: in the home, or of the system's node in /etc/specola, if a package made that folder. */
static enum err_code config_path(const struct home *h, char out[HOME_PATH_MAX], struct err *err) {
  struct stat st;
  if (strcmp(h->dir, HOME_SYSTEM) == 0 && !exists(h, CONFIG_FILE) && stat(HOME_SYSTEM_CONFIG, &st) == 0 &&
      S_ISDIR(st.st_mode)) {
    memcpy(out, HOME_SYSTEM_CONFIG "/" CONFIG_FILE, sizeof HOME_SYSTEM_CONFIG "/" CONFIG_FILE);
    return OK;
  }
  return home_path(h, CONFIG_FILE, out, err);
}

/* What the file says, if there is one. */
static enum err_code read_guest(struct home *h, struct err *err) {
  char path[HOME_PATH_MAX];
  struct bytes text;
  memset(h->guest, 0, sizeof h->guest);
  bytes_init(&text, sizeof h->guest - 1);
  enum err_code code = home_path(h, GUEST_FILE, path, err);
  if (code == OK) code = file_read(path, &text, err);
  if (code == OK && text.len > 0) memcpy(h->guest, text.p, text.len);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&text);
  return code;
}

enum err_code home_open(const char *dir, struct home *out, struct err *err) {
  char path[HOME_PATH_MAX];
  struct stat st;
  enum err_code code = set_dir(out, dir, err);
  if (code != OK) {
    return code;
  }
  if ((code = config_path(out, path, err)) != OK) {
    return code;
  }
  const bool there = stat(path, &st) == 0;
  if (!there && errno == EACCES) {
    err_set(err, ERR_PERMISSIONS, "%s: not readable by this user", out->dir);
    return err_hint(err, "run it as the user of the node");
  }
  if (!there || stat(out->dir, &st) != 0) {
    err_set(err, ERR_NOT_INITIALISED, "%s: there is no node here", out->dir);
    return err_hint(err, "specola init; or to try things out: specola demo");
  }
  if ((st.st_mode & 077) != 0) {
    err_set(err, ERR_PERMISSIONS, "%s is open to other users (mode %03o)", out->dir, (unsigned)st.st_mode & 0777);
    return err_hint(err, "chmod 700 %s", out->dir);
  }
  code = config_read(path, &out->config, err);
  return code == OK ? read_guest(out, err) : code;
}

/* Makes dir and what is missing above it. */
static enum err_code make_dir(const char *dir, struct err *err) {
  char path[HOME_PATH_MAX];
  size_t len = strlen(dir);
  memcpy(path, dir, len + 1);
  for (size_t i = 1; i <= len; i++) {
    if (path[i] != '/' && path[i] != '\0') {
      continue;
    }
    path[i] = '\0';
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
      return err_errno(err, ERR_IO, errno, path);
    }
    path[i] = i == len ? '\0' : '/';
  }
  return OK;
}

/* A fresh directory of ours is closed to others; one that holds something already must be closed by its owner. */
static enum err_code close_dir(const char *dir, struct err *err) {
  struct stat st;
  DIR *d = opendir(dir);
  if (d == NULL || fstat(dirfd(d), &st) != 0) {
    int failed = errno;
    if (d != NULL) {
      closedir(d);
    }
    return err_errno(err, ERR_IO, failed, dir);
  }
  bool empty = true;
  for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
    empty = empty && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0);
  }
  enum err_code code = OK;
  if ((st.st_mode & 077) != 0 && !empty) {
    err_set(err, ERR_PERMISSIONS, "%s is open to other users and not empty", dir);
    code = err_hint(err, "chmod 700 %s, or take another --home", dir);
  } else if ((st.st_mode & 077) != 0 && fchmod(dirfd(d), 0700) != 0) {
    code = err_errno(err, ERR_IO, errno, dir);
  }
  closedir(d);
  return code;
}

/* A new key of either use, written sealed or not. */
static enum err_code make_key(const struct home *h, enum keyfile_use use, const char *file, struct secret *passphrase,
                              struct err *err) {
  char path[HOME_PATH_MAX];
  struct keyfile key = {.use = use};
  enum err_code code = home_path(h, file, path, err);
  if (code != OK) {
    return code;
  }
  snprintf(key.name, sizeof key.name, "%.180s", h->config.name);
  key.name[text_valid_prefix(view_of_text(key.name))] = '\0';
  key.secret = secret_new(32);
  if (key.secret == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  uint8_t *octets = secret_open(key.secret);
  if (use == KEYFILE_CURVE) {
    crypto_box_keypair(key.pub, octets);
  } else {
    uint8_t pair[crypto_sign_SECRETKEYBYTES];
    randombytes_buf(octets, SEED_LEN);
    crypto_sign_seed_keypair(key.pub, pair, octets);
    sodium_memzero(pair, sizeof pair);
  }
  secret_close(key.secret);
  /* A test's wish, heard only where keys are made: sealing takes a quarter of a second and 256 MiB. */
  const char *wish = getenv("SPECOLA_TEST_FAST_KEYS");
  enum keyfile_cost cost = wish != NULL && strcmp(wish, "1") == 0 ? KEYFILE_FAST : KEYFILE_MODERATE;
  code = keyfile_write(path, &key, passphrase, cost, err);
  keyfile_release(&key);
  return code;
}

static enum err_code read_key(const struct home *h, const char *file, enum keyfile_use use, struct secret *passphrase,
                              struct keyfile *out, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = home_path(h, file, path, err);
  if (code != OK) {
    return code;
  }
  code = keyfile_read(path, passphrase, out, err);
  if (code == ERR_NOT_FOUND || code == ERR_KEY) {
    return err_hint(err, "put %s back from its copy (specola key backup made it); a new key would be another node", file);
  }
  if (code == ERR_PASSPHRASE) {
    return err_hint(err, "give the passphrase of the node's keys: --node-passphrase-file FILE");
  }
  if (code != OK) {
    return code;
  }
  if (out->use != use) {
    keyfile_release(out);
    return err_set(err, ERR_KEY, "%s: a key for another use", path);
  }
  if (out->secret == NULL) {
    keyfile_release(out);
    err_set(err, ERR_LOCKED, "%s is sealed", path);
    return err_hint(err, "give its passphrase: --node-passphrase-file FILE");
  }
  return OK;
}

/* The key that a start which was cut short left here, if the same passphrase opens it; else a new one. */
static enum err_code have_key(const struct home *h, enum keyfile_use use, const char *file, struct secret *passphrase,
                              struct err *err) {
  struct keyfile key = {.use = use};
  if (!exists(h, file)) {
    return make_key(h, use, file, passphrase, err);
  }
  enum err_code code = read_key(h, file, use, passphrase, &key, err);
  if (code == OK && passphrase != NULL && !key.sealed) {
    (void)err_set(err, ERR_REFUSED, "%s/%s is here already, and is not sealed", h->dir, file);
    code = err_hint(err, "take another --home, or move that one away");
  }
  keyfile_release(&key);
  return code;
}

/* The path and the configuration, checked; and no node there yet. */
static enum err_code prepare(const char *dir, const struct home_config *config, struct home *out, struct err *err) {
  char path[HOME_PATH_MAX];
  struct stat st;
  memset(out->guest, 0, sizeof out->guest);
  enum err_code code = set_dir(out, dir, err);
  if (code != OK || (code = config_check(config, &out->config, err)) != OK || (code = config_path(out, path, err)) != OK) {
    return code;
  }
  if (lstat(path, &st) == 0) {
    err_set(err, ERR_REFUSED, "%s: there is a node already (%s)", out->dir, CONFIG_FILE);
    return err_hint(err, "take another --home, or move that one away");
  }
  return OK;
}

enum err_code home_can_create(const char *dir, const struct home_config *config, struct err *err) {
  struct home home;
  return prepare(dir, config, &home, err);
}

enum err_code home_begin(const char *dir, const struct home_config *config, struct secret *passphrase, struct home *out,
                         struct err *err) {
  enum err_code code = prepare(dir, config, out, err);
  if (code != OK || (code = make_dir(out->dir, err)) != OK || (code = close_dir(out->dir, err)) != OK ||
      (code = have_key(out, KEYFILE_NODE, "node.key", passphrase, err)) != OK) {
    return code;
  }
  if ((code = have_key(out, KEYFILE_CURVE, "curve.key", passphrase, err)) != OK) {
    return code;
  }
  /* The own log has not begun, and nothing was ever put back: the fork guard of this home stands open. */
  const struct own_head begun = {.gen = 1};
  struct own_head there;
  const struct head_file head = head_in(out->dir);
  return head.read(head.context, &there, NULL) == OK ? OK : head.put(head.context, &begun, err);
}

enum err_code home_begin_replica(const char *dir, const struct home_config *config, struct home *out, struct err *err) {
  enum err_code code = prepare(dir, config, out, err);
  if (code == OK) {
    code = make_dir(out->dir, err);
  }
  return code == OK ? close_dir(out->dir, err) : code;
}

bool home_is_guest(const struct home *h) {
  return h->guest[0] != '\0';
}

const char *home_follows(const struct home *h) {
  return home_is_guest(h) ? h->guest : h->config.replica;
}

bool home_is_replica(const struct home *h) {
  return home_follows(h)[0] != '\0';
}

enum err_code home_be_guest(struct home *h, const char *url, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = home_path(h, GUEST_FILE, path, err);
  if (code == OK && url != NULL && strlen(url) >= sizeof h->guest) {
    code = err_set(err, ERR_LIMIT, "%.60s…: the address is too long", url);
  }
  if (code == OK && url != NULL) {
    code = file_write(path, view_of_text(url), false, err);
  } else if (code == OK && unlink(path) != 0 && errno != ENOENT) {
    code = err_errno(err, ERR_IO, errno, path);
  }
  if (code == OK) {
    (void)snprintf(h->guest, sizeof h->guest, "%s", url == NULL ? "" : url);
  }
  return code;
}

enum err_code home_finish(const struct home *h, struct err *err) {
  char path[HOME_PATH_MAX];
  const enum err_code code = config_path(h, path, err);
  return code == OK ? config_write(path, &h->config, err) : code;
}

enum err_code home_create(const char *dir, const struct home_config *config, struct secret *passphrase, struct home *out,
                          struct err *err) {
  const enum err_code code = home_begin(dir, config, passphrase, out, err);
  return code == OK ? home_finish(out, err) : code;
}

/* ---- keys ---- */

enum err_code home_node_key(const struct home *h, struct secret *passphrase, struct signer *out, struct err *err) {
  struct keyfile key = {0};
  enum err_code code = read_key(h, "node.key", KEYFILE_NODE, passphrase, &key, err);
  if (code != OK) {
    return code;
  }
  code = signer_from_seed(secret_open(key.secret), out, err);
  secret_close(key.secret);
  keyfile_release(&key);
  return code;
}

enum err_code home_curve_key(const struct home *h, struct secret *passphrase, uint8_t pub[32], struct secret **out,
                             struct err *err) {
  struct keyfile key = {0};
  enum err_code code = read_key(h, "curve.key", KEYFILE_CURVE, passphrase, &key, err);
  if (code != OK) {
    return code;
  }
  memcpy(pub, key.pub, 32);
  *out = key.secret;
  key.secret = NULL;
  keyfile_release(&key);
  return OK;
}

/* ---- keys that follow ---- */

static const char *key_file(enum keyfile_use use, bool next) {
  if (use == KEYFILE_CURVE) {
    return next ? "curve.next.key" : "curve.key";
  }
  return next ? "node.next.key" : "node.key";
}

bool home_is_own_key(const char *name) {
  static const enum keyfile_use uses[] = {KEYFILE_NODE, KEYFILE_CURVE};
  for (size_t i = 0; i < 4; i++) {
    if (strcmp(name, key_file(uses[i / 2], i % 2 != 0)) == 0) {
      return true;
    }
  }
  return false;
}

/* The public half of a key file, which may be sealed. */
static enum err_code read_pub(const struct home *h, const char *file, uint8_t pub[32], struct err *err) {
  char path[HOME_PATH_MAX];
  struct keyfile key = {0};
  enum err_code code = home_path(h, file, path, err);
  if (code == OK) {
    code = keyfile_read(path, NULL, &key, err);
  }
  if (code == OK) {
    memcpy(pub, key.pub, 32);
    keyfile_release(&key);
  }
  return code;
}

bool home_has_next_key(const struct home *h, enum keyfile_use use, uint8_t pub[32]) {
  return exists(h, key_file(use, true)) && read_pub(h, key_file(use, true), pub, NULL) == OK;
}

enum err_code home_next_key(const struct home *h, enum keyfile_use use, struct secret *passphrase, uint8_t pub[32],
                            struct err *err) {
  const char *file = key_file(use, true);
  const enum err_code code = exists(h, file) ? OK : make_key(h, use, file, passphrase, err);
  return code == OK ? read_pub(h, file, pub, err) : code;
}

enum err_code home_take_key(const struct home *h, enum keyfile_use use, const uint8_t pub[32], struct err *err) {
  char from[HOME_PATH_MAX];
  char to[HOME_PATH_MAX];
  uint8_t there[32];
  if (read_pub(h, key_file(use, false), there, NULL) == OK && memcmp(there, pub, sizeof there) == 0) {
    return OK;
  }
  if (!home_has_next_key(h, use, there) || memcmp(there, pub, sizeof there) != 0) {
    (void)err_set(err, ERR_KEY, "neither %s nor %s is the key of the identity", key_file(use, false), key_file(use, true));
    return err_hint(err, "put it back from its copy (specola key backup made it)");
  }
  enum err_code code = home_path(h, key_file(use, true), from, err);
  if (code == OK) {
    code = home_path(h, key_file(use, false), to, err);
  }
  return code == OK ? file_rename(from, to, err) : code;
}
