/*
 * archive: see archive.h.
 */
#include "node/archive.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keys/privfile.h"
#include "node/clock.h"
#include "node/store/copy.h"
#include "node/store/enclosure.h"
#include "node/store/invitation.h"

#define FILE_MAX ((size_t)16 * 1024 * 1024) /* octets of one file beside the store */
#define MARK "restoring"                    /* a file of a home that is not whole yet */
#define STORE_FILE "store.db"
#define CONFIG_FILE "node.ini"

/* What belongs into a backup: a name, or any that ends so. is_key: only as is asked for. */
static const struct kept {
  const char *folder, *suffix;
  bool is_whole, is_key;
} KEPT[] = {
    {"", CONFIG_FILE, true, false},   {"", "node.key", true, true},
    {"", "curve.key", true, true},    {"", ".charter", false, false},
    {"", ".root", false, false},      {"", ".identity", false, false},
    {"", ".pub", false, false},       {"schema", ".schema", false, false},
    {"schema", ".tsv", false, false}, {"schema/vocab", ".tsv", false, false},
};
#define N_KEPT (sizeof KEPT / sizeof KEPT[0])

/* The row for a name inside a folder; NULL: it stays out. */
static const struct kept *kept_row(const char *folder, const char *name) {
  const size_t len = strlen(name);
  for (size_t i = 0; i < N_KEPT; i++) {
    const size_t tail = strlen(KEPT[i].suffix);
    if (strcmp(folder, KEPT[i].folder) != 0 || name[0] == '.' || len < tail || (KEPT[i].is_whole && len != tail)) continue;
    if (strcmp(name + len - tail, KEPT[i].suffix) == 0) return &KEPT[i];
  }
  return NULL;
}

static enum err_code join(const char *dir, const char *name, char out[HOME_PATH_MAX], struct err *err) {
  const int n = snprintf(out, HOME_PATH_MAX, "%s%s%s", dir, name[0] == '\0' ? "" : "/", name);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", dir) : OK;
}

/* ---- writing ---- */

struct writing {
  const struct home *home;
  struct enclosure *enclosure;
  enum archive_keys keys;
  uint32_t n_keys;
  struct archive_about *about;
};

/* Whether a key may go along: unsealed ones only when that was said. */
static enum err_code is_wanted(const struct writing *w, const char *path, const struct kept *kept, bool *out, struct err *err) {
  struct keyfile key = {.sealed = false};
  *out = !kept->is_key || w->keys == ARCHIVE_KEYS_ALL;
  if (*out || w->keys == ARCHIVE_KEYS_NONE) return OK;
  const enum err_code code = keyfile_read(path, NULL, &key, err);
  *out = code == OK && key.sealed;
  keyfile_release(&key);
  return code;
}

static enum err_code write_key(struct writing *w, const char *inner, const char *path, struct err *err) {
  struct secret *content = NULL;
  size_t len = 0;
  const enum err_code read = privfile_read(path, KEYFILE_MAX, &content, &len, err);
  if (read != OK) return read;
  const enum err_code code = enclosure_put(w->enclosure, inner, view_of(secret_open(content), len), err);
  secret_close(content);
  secret_free(content);
  w->about->files += code == OK;
  w->n_keys += code == OK;
  return code;
}

static enum err_code write_one(struct writing *w, const char *folder, const char *name, const struct kept *kept,
                               struct err *err) {
  char inner[HOME_PATH_MAX], path[HOME_PATH_MAX];
  struct bytes content;
  bool wanted = false;
  enum err_code code = folder[0] == '\0' ? join(name, "", inner, err) : join(folder, name, inner, err);
  if (code == OK) code = home_path(w->home, inner, path, err);
  if (code == OK) code = is_wanted(w, path, kept, &wanted, err);
  if (code != OK || !wanted) return code;
  if (kept->is_key) return write_key(w, inner, path, err);
  bytes_init(&content, FILE_MAX);
  code = file_read(path, &content, err);
  if (code == OK) code = enclosure_put(w->enclosure, inner, bytes_view(&content), err);
  w->about->files += code == OK;
  bytes_release(&content);
  return code;
}

static enum err_code write_folder(struct writing *w, const char *folder, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = folder[0] == '\0' ? join(w->home->dir, "", path, err) : home_path(w->home, folder, path, err);
  if (code != OK) return code;
  DIR *d = opendir(path);
  if (d == NULL) return errno == ENOENT ? OK : err_errno(err, ERR_IO, errno, path);
  for (const struct dirent *e = readdir(d); e != NULL && code == OK; e = readdir(d)) {
    const struct kept *kept = kept_row(folder, e->d_name);
    if (kept != NULL) code = write_one(w, folder, e->d_name, kept, err);
  }
  (void)closedir(d);
  return code;
}

static enum err_code write_facts(struct writing *w, const struct federation *f, struct err *err) {
  char made[32];
  (void)snprintf(made, sizeof made, "%ju", (uintmax_t)w->about->made);
  enum err_code code = enclosure_put_fact(w->enclosure, "made", view_of_text(made), err);
  if (code == OK) code = enclosure_put_fact(w->enclosure, "node", hash_view(&f->own), err);
  if (code == OK) code = enclosure_put_fact(w->enclosure, "handle", view_of_text(w->about->handle), err);
  return code;
}

/* The name under which a backup is written until it is whole; what one that was cut short left there goes. */
static enum err_code partial_name(const char *path, char partial[HOME_PATH_MAX], struct err *err) {
  char journal[HOME_PATH_MAX];
  const int n = snprintf(partial, HOME_PATH_MAX, "%s.partial", path);
  const int m = snprintf(journal, sizeof journal, "%s.partial-journal", path);
  if (n < 0 || n >= HOME_PATH_MAX || m < 0 || m >= HOME_PATH_MAX)
    return err_set(err, ERR_LIMIT, "%s: the path is too long", path);
  if (access(path, F_OK) == 0) {
    err_set(err, ERR_REFUSED, "%s is there already", path);
    return err_hint(err, "take another name: nothing is overwritten");
  }
  (void)unlink(journal);
  (void)unlink(partial);
  return OK;
}

/* File systems without that flag have their names looked at by partial_name alone. */
static enum err_code take_name(const char *partial, const char *path, struct err *err) {
  int failed = renameat2(AT_FDCWD, partial, AT_FDCWD, path, RENAME_NOREPLACE) == 0 ? 0 : errno;
  if (failed == EINVAL || failed == ENOSYS) failed = rename(partial, path) == 0 ? 0 : errno;
  return failed == 0 ? store_durable(path, err) : err_errno(err, ERR_IO, failed, path);
}

enum err_code archive_write(const struct home *home, const struct federation *f, const char *path, enum archive_keys keys,
                            uint64_t now_s, struct archive_about *out, struct err *err) {
  static const char *const FOLDERS[] = {"", "schema", "schema/vocab"};
  struct writing w = {.home = home, .keys = keys, .about = out};
  char store[HOME_PATH_MAX], partial[HOME_PATH_MAX];
  *out = (struct archive_about){.made = now_s};
  (void)snprintf(out->handle, sizeof out->handle, "%s", federation_handle(f, &f->own));
  enum err_code code = home_path(home, STORE_FILE, store, err);
  if (code == OK) code = partial_name(path, partial, err);
  if (code == OK) code = store_copy(store, partial, err);
  if (code != OK) return code;
  code = enclosure_open(partial, ENCLOSURE_MAKE, &w.enclosure, err);
  for (size_t i = 0; i < sizeof FOLDERS / sizeof FOLDERS[0] && code == OK; i++)
    code = write_folder(&w, FOLDERS[i], err);
  if (code == OK) code = write_facts(&w, f, err);
  if (code == OK) code = enclosure_finish(w.enclosure, err);
  enclosure_close(w.enclosure);
  if (code == OK) code = store_durable(partial, err);
  if (code == OK) code = take_name(partial, path, err);
  if (code != OK) (void)unlink(partial);
  out->has_keys = w.n_keys == 2;
  return code;
}

/* ---- reading ---- */

static bool count_file(void *context, const char *name, struct view content) {
  uint32_t *n = context;
  (void)content;
  n[0]++;
  n[1] += strcmp(name, "node.key") == 0 || strcmp(name, "curve.key") == 0;
  return true;
}

static enum err_code read_about(struct enclosure *e, struct archive_about *out, struct err *err) {
  struct bytes value;
  uint32_t n[2] = {0, 0};
  *out = (struct archive_about){.made = 0};
  bytes_init(&value, 64);
  enum err_code code = enclosure_fact(e, "made", &value, err);
  if (code == OK) code = decimal_decode(bytes_view(&value), &out->made, err);
  bytes_clear(&value);
  if (code == OK) code = enclosure_fact(e, "handle", &value, err);
  if (code == OK) (void)snprintf(out->handle, sizeof out->handle, "%.*s", (int)value.len, (const char *)value.p);
  if (code == OK) code = enclosure_each(e, count_file, n, err);
  out->files = n[0];
  out->has_keys = n[1] == 2;
  bytes_release(&value);
  return code;
}

enum err_code archive_look(const char *path, struct archive_about *out, struct err *err) {
  struct enclosure *e = NULL;
  enum err_code code = enclosure_open(path, ENCLOSURE_READ, &e, err);
  if (code == OK) code = read_about(e, out, err);
  enclosure_close(e);
  return code;
}

/* ---- restoring ---- */

static bool is_there(const char *dir, const char *name) {
  char path[HOME_PATH_MAX];
  return join(dir, name, path, NULL) == OK && access(path, F_OK) == 0;
}

static void remove_file(const char *dir, const char *name) {
  char path[HOME_PATH_MAX];
  if (join(dir, name, path, NULL) == OK) (void)unlink(path);
}

/* A restoring that was cut short left its mark, and is done anew: what it wrote is overwritten, and the store goes first. A
 * node that is whole is none of these. */
static bool goes_on(const char *dir) {
  static const char *const STORE[] = {STORE_FILE, STORE_FILE "-wal", STORE_FILE "-shm", STORE_FILE "-journal"};
  if (is_there(dir, CONFIG_FILE)) remove_file(dir, MARK);
  if (!is_there(dir, MARK)) return false;
  for (size_t i = 0; i < sizeof STORE / sizeof STORE[0]; i++)
    remove_file(dir, STORE[i]);
  return true;
}

/* Nor is the mark of one that was cut short while it was made: making it again takes that away (newfile.h). */
static bool is_nothing(const char *name) {
  return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strncmp(name, MARK ".new-", strlen(MARK ".new-")) == 0;
}

/* The folder is there, empty but for what goes_on, and ours alone; it has the mark. */
static enum err_code prepare(const char *dir, struct err *err) {
  char mark[HOME_PATH_MAX];
  struct stat st;
  bool is_empty = true;
  if (mkdir(dir, 0700) != 0 && errno != EEXIST) return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, dir);
  DIR *d = opendir(dir);
  if (d == NULL) return err_errno(err, ERR_IO, errno, dir);
  for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d))
    is_empty = is_empty && is_nothing(e->d_name);
  const bool is_ours = fstat(dirfd(d), &st) == 0 && ((st.st_mode & 077) == 0 || (is_empty && fchmod(dirfd(d), 0700) == 0));
  (void)closedir(d);
  if (!is_empty && !goes_on(dir)) {
    err_set(err, ERR_REFUSED, "%s is not empty", dir);
    return err_hint(err, "restore into a folder of its own: --home DIR; nothing is overwritten");
  }
  if (!is_ours) return err_set(err, ERR_PERMISSIONS, "%s is open to other users", dir);
  const enum err_code code = join(dir, MARK, mark, err);
  return code == OK ? file_write(mark, view_of(NULL, 0), true, err) : code;
}

struct restoring {
  const char *dir;
  bool config_only; /* the second time: node.ini alone */
  enum err_code code;
  struct err *err;
};

static bool restore_one(void *context, const char *name, struct view content) {
  struct restoring *r = context;
  char path[HOME_PATH_MAX], folder[HOME_PATH_MAX] = "";
  const char *slash = strrchr(name, '/');
  if (slash != NULL) (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - name), name);
  const struct kept *kept = kept_row(folder, slash == NULL ? name : slash + 1);
  if (kept == NULL) {
    r->code = err_set(r->err, ERR_FORMAT, "the backup holds \"%.100s\", which is no file of a node", name);
    return false;
  }
  if (r->config_only != (strcmp(name, CONFIG_FILE) == 0)) return true;
  r->code = join(r->dir, name, path, r->err);
  if (r->code == OK) r->code = file_write(path, content, true, r->err);
  return r->code == OK;
}

static enum err_code make_folders(const char *dir, struct err *err) {
  static const char *const FOLDERS[] = {"schema", "schema/vocab"};
  char path[HOME_PATH_MAX];
  enum err_code code = OK;
  for (size_t i = 0; i < 2 && code == OK; i++) {
    code = join(dir, FOLDERS[i], path, err);
    if (code == OK && mkdir(path, 0700) != 0 && errno != EEXIST) code = err_errno(err, ERR_IO, errno, path);
  }
  return code;
}

/* The files of a backup, but for the store. */
static enum err_code restore_files(struct enclosure *e, const char *dir, bool config_only, struct err *err) {
  struct restoring r = {.dir = dir, .config_only = config_only, .err = err};
  const enum err_code code = enclosure_each(e, restore_one, &r, err);
  return code == OK ? r.code : code;
}

/* A token that was used behind the backup would be good for another key. */
static enum err_code cancel_invitations(const char *dir, uint64_t *n, struct err *err) {
  struct store *s = NULL;
  enum err_code code = store_open(dir, STORE_WRITE, NULL, &s, err);
  if (code != OK) return code;
  code = store_begin(s, err);
  if (code == OK) code = invitation_cancel_open(s, clock_unix(clock_system()), n, err);
  if (code == OK) code = store_commit(s, err);
  if (code != OK) store_rollback(s);
  store_close(s);
  return code;
}

enum err_code archive_restore(const char *path, const char *dir, struct archive_about *out, struct err *err) {
  struct enclosure *from = NULL, *copy = NULL;
  char store[HOME_PATH_MAX];
  enum err_code code = enclosure_open(path, ENCLOSURE_READ, &from, err);
  if (code == OK) code = read_about(from, out, err);
  if (code == OK) code = prepare(dir, err);
  if (code == OK) code = join(dir, STORE_FILE, store, err);
  if (code == OK) code = make_folders(dir, err);
  if (code == OK) code = store_copy(path, store, err);
  if (code == OK) code = enclosure_open(store, ENCLOSURE_CHANGE, &copy, err);
  if (code == OK) code = enclosure_remove(copy, err);
  enclosure_close(copy);
  if (code == OK) code = cancel_invitations(dir, &out->n_cancelled, err);
  if (code == OK) code = store_durable(store, err);
  if (code == OK) code = restore_files(from, dir, false, err);
  if (code == OK) code = restore_files(from, dir, true, err);
  if (code == OK) remove_file(dir, MARK);
  enclosure_close(from);
  return code;
}
