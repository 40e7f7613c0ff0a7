/*
 * disk: an SQLite VFS in memory. See disk.h.
 *
 * A file is its octets as the process sees them, and the changes since the last sync, each with what it overwrote: a power cut
 * undoes them all, then does some of them again.
 */
#include "tests/sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DISK_FILES 4
#define REGIONS 64
#define SECTOR 4096u

/* A change that is not synced. before: octets from `at` on as they were; kept: as they are, filled in when the power goes. */
struct change {
  size_t at, len, old_len, n_before;
  bool is_truncation;
  uint8_t *before, *after;
};
struct disk_file {
  char name[24];
  bool exists;
  uint8_t *p;
  size_t len, room;
  struct change *changes;
  size_t n_changes, changes_room;
  void *regions[REGIONS]; /* of the write-ahead log's index: memory, not disk */
  int n_regions;
};
struct disk {
  struct disk *next;
  char dir[256];
  struct disk_file files[DISK_FILES];
  uint64_t steps, dies_at, room;
  bool dead, lies;
  enum disk_fault fault;
};
struct handle {
  sqlite3_file base;
  struct disk *disk; /* NULL: a file of no name, which nothing befalls */
  struct disk_file *file;
};

static struct disk *disks;

/* ---- files ---- */

static void changes_drop(struct disk_file *f) {
  for (size_t i = 0; i < f->n_changes; i++) {
    free(f->changes[i].before);
    free(f->changes[i].after);
  }
  f->n_changes = 0;
}

static void regions_drop(struct disk_file *f) {
  while (f->n_regions > 0)
    free(f->regions[--f->n_regions]);
}

static void file_release(struct disk_file *f) {
  changes_drop(f);
  regions_drop(f);
  free(f->changes);
  free(f->p);
  *f = (struct disk_file){.exists = false};
}

static bool file_reserve(struct disk_file *f, size_t len) {
  if (len <= f->room) return true;
  size_t room = f->room == 0 ? 262144 : f->room;
  while (room < len)
    room *= 2;
  uint8_t *p = realloc(f->p, room);
  if (p == NULL) return false;
  f->p = p;
  f->room = room;
  return true;
}

static bool file_resize(struct disk_file *f, size_t len) {
  if (!file_reserve(f, len)) return false;
  if (len > f->len) memset(f->p + f->len, 0, len - f->len);
  f->len = len;
  return true;
}

/* Notes what is about to change: `len` octets at `at`, or everything from `at` on (a truncation). */
static bool note_change(struct disk_file *f, size_t at, size_t len, bool is_truncation) {
  if (f->n_changes == f->changes_room) {
    size_t room = f->changes_room == 0 ? 64 : f->changes_room * 2;
    struct change *changes = realloc(f->changes, room * sizeof *changes);
    if (changes == NULL) return false;
    f->changes = changes;
    f->changes_room = room;
  }
  size_t end = is_truncation || at + len > f->len ? f->len : at + len;
  struct change c = {
      .at = at, .len = len, .old_len = f->len, .n_before = end > at ? end - at : 0, .is_truncation = is_truncation};
  if (c.n_before > 0) {
    c.before = malloc(c.n_before);
    if (c.before == NULL) return false;
    memcpy(c.before, f->p + at, c.n_before);
  }
  f->changes[f->n_changes++] = c;
  return true;
}

static bool file_write(struct disk_file *f, const uint8_t *p, size_t at, size_t len) {
  if (at > f->len && !file_resize(f, at)) return false;
  if (!file_reserve(f, at + len)) return false;
  memcpy(f->p + at, p, len);
  if (f->len < at + len) f->len = at + len;
  return true;
}

/* The octets as the last sync left them; every change keeps what it had made. */
static void undo_all(struct disk_file *f) {
  for (size_t i = f->n_changes; i-- > 0;) {
    struct change *c = &f->changes[i];
    if (!c->is_truncation) {
      c->after = malloc(c->len);
      if (c->after != NULL) memcpy(c->after, f->p + c->at, c->len);
    }
    (void)file_resize(f, c->old_len);
    if (c->n_before > 0) memcpy(f->p + c->at, c->before, c->n_before);
  }
}

/* Each change reached the disk, or not, or in part: sectors of it. */
static void redo_some(struct disk_file *f, uint64_t (*random)(void *context, uint64_t n), void *context) {
  uint64_t mood = random(context, 4); /* none, all, or each as it comes */
  for (size_t i = 0; i < f->n_changes; i++) {
    const struct change *c = &f->changes[i];
    uint64_t fate = mood < 2 ? mood : random(context, 3);
    if (fate == 0) continue;
    if (c->is_truncation) {
      if (c->at < f->len) (void)file_resize(f, c->at);
      continue;
    }
    if (c->after == NULL) continue;
    if (fate == 1) {
      (void)file_write(f, c->after, c->at, c->len);
      continue;
    }
    for (size_t k = 0; k < c->len; k += SECTOR) {
      size_t n = c->len - k < SECTOR ? c->len - k : SECTOR;
      if (random(context, 2) == 0) (void)file_write(f, c->after + k, c->at + k, n);
    }
  }
}

/* ---- disks ---- */

struct disk *disk_of(const char *dir) {
  for (struct disk *d = disks; d != NULL; d = d->next) {
    if (strcmp(d->dir, dir) == 0) return d;
  }
  struct disk *d = calloc(1, sizeof *d);
  if (d == NULL) return NULL;
  (void)snprintf(d->dir, sizeof d->dir, "%s", dir);
  d->dies_at = DISK_NEVER;
  d->room = UINT64_MAX;
  d->next = disks;
  disks = d;
  return d;
}

void disk_forget(const char *dir) {
  for (struct disk **at = &disks; *at != NULL; at = &(*at)->next) {
    struct disk *d = *at;
    if (strcmp(d->dir, dir) != 0) continue;
    *at = d->next;
    for (size_t i = 0; i < DISK_FILES; i++)
      file_release(&d->files[i]);
    free(d);
    return;
  }
}

void disk_copy(const char *from_dir, const char *to_dir) {
  struct disk *from = disk_of(from_dir), *to = disk_of(to_dir);
  if (from == NULL || to == NULL) return;
  for (size_t i = 0; i < DISK_FILES; i++) {
    struct disk_file *a = &from->files[i], *b = &to->files[i];
    file_release(b);
    memcpy(b->name, a->name, sizeof b->name);
    b->exists = a->exists;
    if (a->len > 0) (void)file_write(b, a->p, 0, a->len);
  }
}

uint64_t disk_steps(const struct disk *d) {
  return d->steps;
}

void disk_die_at(struct disk *d, uint64_t step) {
  d->dies_at = step == DISK_NEVER ? DISK_NEVER : d->steps + step;
}

void disk_die(struct disk *d) {
  d->dead = true;
}

bool disk_is_dead(const struct disk *d) {
  return d->dead;
}

void disk_fail(struct disk *d, enum disk_fault fault) {
  d->fault = fault;
}

void disk_leave_room(struct disk *d, uint64_t octets) {
  d->room = octets;
}

void disk_revive(struct disk *d, bool power_cut, uint64_t (*random)(void *context, uint64_t n), void *context) {
  for (size_t i = 0; i < DISK_FILES; i++) {
    struct disk_file *f = &d->files[i];
    if (power_cut) {
      undo_all(f);
      redo_some(f, random, context);
      changes_drop(f); /* what stands there now is what is on the disk */
    }
    regions_drop(f);
  }
  d->dead = false;
  d->dies_at = DISK_NEVER;
  d->fault = DISK_HEALTHY;
  d->room = UINT64_MAX;
}

void disk_lie(struct disk *d, bool lies) {
  d->lies = lies;
}

/* One step of the disk: SQLITE_OK if it may happen. */
static int step(struct disk *d, enum disk_fault kind, int failure) {
  if (d == NULL) return SQLITE_OK;
  if (!d->dead && ++d->steps > d->dies_at) d->dead = true;
  return d->dead || d->fault == kind ? failure : SQLITE_OK;
}

/* ---- sqlite3_io_methods ---- */

static int on_close(sqlite3_file *base) {
  struct handle *h = (struct handle *)base;
  if (h->disk == NULL) {
    file_release(h->file);
    free(h->file);
  }
  return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *out, int n, sqlite3_int64 at) {
  struct handle *h = (struct handle *)base;
  const struct disk_file *f = h->file;
  size_t from = (size_t)at, len = (size_t)n;
  if (h->disk != NULL && (h->disk->dead || h->disk->fault == DISK_BAD_READS)) return SQLITE_IOERR_READ;
  size_t there = from >= f->len ? 0 : f->len - from < len ? f->len - from : len;
  if (there > 0) memcpy(out, f->p + from, there);
  if (there == len) return SQLITE_OK;
  memset((uint8_t *)out + there, 0, len - there);
  return SQLITE_IOERR_SHORT_READ;
}

static int on_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at) {
  struct handle *h = (struct handle *)base;
  struct disk *d = h->disk;
  size_t from = (size_t)at, len = (size_t)n;
  int rc = step(d, DISK_BAD_WRITES, SQLITE_IOERR_WRITE);
  if (rc != SQLITE_OK) return rc;
  size_t more = from + len > h->file->len ? from + len - h->file->len : 0;
  if (d != NULL && more > d->room) return SQLITE_FULL;
  if (d != NULL && !note_change(h->file, from, len, false)) return SQLITE_IOERR_NOMEM;
  if (!file_write(h->file, p, from, len)) return SQLITE_IOERR_NOMEM;
  if (d != NULL && d->room != UINT64_MAX) d->room -= more;
  return SQLITE_OK;
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size) {
  struct handle *h = (struct handle *)base;
  int rc = step(h->disk, DISK_BAD_WRITES, SQLITE_IOERR_TRUNCATE);
  if (rc != SQLITE_OK || (size_t)size >= h->file->len) return rc;
  if (h->disk != NULL && !note_change(h->file, (size_t)size, 0, true)) return SQLITE_IOERR_NOMEM;
  if (h->disk != NULL && h->disk->room != UINT64_MAX) h->disk->room += h->file->len - (size_t)size;
  return file_resize(h->file, (size_t)size) ? SQLITE_OK : SQLITE_IOERR_NOMEM;
}

static int on_sync(sqlite3_file *base, int flags) {
  struct handle *h = (struct handle *)base;
  (void)flags;
  int rc = step(h->disk, DISK_BAD_SYNCS, SQLITE_IOERR_FSYNC);
  if (rc == SQLITE_OK && (h->disk == NULL || !h->disk->lies)) changes_drop(h->file);
  return rc;
}

static int on_size(sqlite3_file *base, sqlite3_int64 *out) {
  *out = (sqlite3_int64)((struct handle *)base)->file->len;
  return SQLITE_OK;
}

static int on_lock(sqlite3_file *base, int level) {
  (void)base;
  (void)level;
  return SQLITE_OK;
}

static int on_check_lock(sqlite3_file *base, int *out) {
  (void)base;
  *out = 0;
  return SQLITE_OK;
}

static int on_control(sqlite3_file *base, int op, void *arg) {
  (void)base;
  (void)op;
  (void)arg;
  return SQLITE_NOTFOUND;
}

static int on_sector(sqlite3_file *base) {
  (void)base;
  return SECTOR;
}

static int on_characteristics(sqlite3_file *base) {
  (void)base;
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE; /* as the one for Unix says: a torn write harms nothing beside it */
}

static int on_shm_map(sqlite3_file *base, int region, int size, int extend, void volatile **out) {
  struct disk_file *f = ((struct handle *)base)->file;
  *out = NULL;
  if (region >= REGIONS) return SQLITE_IOERR_SHMSIZE;
  while (extend != 0 && f->n_regions <= region) {
    f->regions[f->n_regions] = calloc(1, (size_t)size);
    if (f->regions[f->n_regions] == NULL) return SQLITE_NOMEM;
    f->n_regions++;
  }
  if (region < f->n_regions) *out = f->regions[region];
  return SQLITE_OK;
}

static int on_shm_lock(sqlite3_file *base, int offset, int n, int flags) {
  (void)base;
  (void)offset;
  (void)n;
  (void)flags;
  return SQLITE_OK;
}

static void on_shm_barrier(sqlite3_file *base) {
  (void)base;
}

static int on_shm_unmap(sqlite3_file *base, int delete_it) {
  (void)delete_it;
  regions_drop(((struct handle *)base)->file);
  return SQLITE_OK;
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_lock,
    .xCheckReservedLock = on_check_lock,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_characteristics,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

/* ---- sqlite3_vfs ---- */

/* The file of a path; a place for it if there is none, or NULL when all places are taken. */
static struct disk_file *find(const char *path, struct disk **disk) {
  const char *slash = strrchr(path, '/');
  char dir[256];
  if (slash == NULL || (size_t)(slash - path) >= sizeof dir) return NULL;
  memcpy(dir, path, (size_t)(slash - path));
  dir[slash - path] = '\0';
  *disk = disk_of(dir);
  if (*disk == NULL) return NULL;
  for (size_t i = 0; i < DISK_FILES; i++) {
    struct disk_file *f = &(*disk)->files[i];
    if (f->name[0] == '\0') (void)snprintf(f->name, sizeof f->name, "%s", slash + 1);
    if (strcmp(f->name, slash + 1) == 0) return f;
  }
  return NULL;
}

static int on_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *base, int flags, int *out_flags) {
  struct handle *h = (struct handle *)base;
  (void)vfs;
  *h = (struct handle){.base = {.pMethods = NULL}};
  if (path == NULL) {
    h->file = calloc(1, sizeof *h->file);
  } else {
    h->file = find(path, &h->disk);
  }
  if (h->file == NULL) return SQLITE_CANTOPEN;
  if (h->disk != NULL && h->disk->dead) return SQLITE_CANTOPEN;
  if (!h->file->exists && path != NULL && (flags & (SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB)) == 0) return SQLITE_CANTOPEN;
  h->file->exists = true;
  h->base.pMethods = &METHODS;
  if (out_flags != NULL) *out_flags = flags;
  return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *path, int sync_dir) {
  struct disk *d = NULL;
  struct disk_file *f = find(path, &d);
  (void)vfs;
  (void)sync_dir;
  int rc = step(d, DISK_BAD_WRITES, SQLITE_IOERR_DELETE);
  if (rc != SQLITE_OK) return rc;
  if (f == NULL || !f->exists) return SQLITE_IOERR_DELETE_NOENT;
  changes_drop(f);
  f->len = 0;
  f->exists = false;
  return SQLITE_OK;
}

static int on_access(sqlite3_vfs *vfs, const char *path, int flags, int *out) {
  struct disk *d = NULL;
  const struct disk_file *f = find(path, &d);
  (void)vfs;
  (void)flags;
  *out = f != NULL && f->exists;
  return SQLITE_OK;
}

static int on_full_path(sqlite3_vfs *vfs, const char *path, int n, char *out) {
  (void)vfs;
  return snprintf(out, (size_t)n, "%s", path) < n ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int on_randomness(sqlite3_vfs *vfs, int n, char *out) {
  (void)vfs;
  memset(out, 42, (size_t)n); /* SQLite makes salts of it, and nothing that anybody could guess */
  return n;
}

static int on_sleep(sqlite3_vfs *vfs, int us) {
  (void)vfs;
  return us;
}

static int on_time(sqlite3_vfs *vfs, sqlite3_int64 *out) {
  (void)vfs;
  *out = INT64_C(212634576000000);
  return SQLITE_OK;
}

static int on_last_error(sqlite3_vfs *vfs, int n, char *out) {
  (void)vfs;
  (void)n;
  (void)out;
  return 0;
}

void disk_start(void) {
  static sqlite3_vfs vfs = {
      .iVersion = 2,
      .szOsFile = sizeof(struct handle),
      .mxPathname = 512,
      .zName = DISK_VFS,
      .xOpen = on_open,
      .xDelete = on_delete,
      .xAccess = on_access,
      .xFullPathname = on_full_path,
      .xRandomness = on_randomness,
      .xSleep = on_sleep,
      .xGetLastError = on_last_error,
      .xCurrentTimeInt64 = on_time,
  };
  (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  (void)sqlite3_vfs_register(&vfs, 1);
}
