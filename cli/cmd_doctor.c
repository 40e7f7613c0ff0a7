/*
 * doctor: a look at everything that a node needs: each line says ok, warn or fail, and what to do. A check is a row of a table.
 * Nothing is changed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/guarded.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/reach.h"
#include "node/clock.h"
#include "node/ctl_client.h"
#include "node/store/damage.h"

#define MIB UINT64_C(1048576)
#define DISK_FAIL (256 * MIB)  /* free octets: less is an emergency */
#define DISK_WARN (2048 * MIB) /* less is worth a look */
#define WAL_WARN (512 * MIB)   /* octets of store.db-wal: a reader holds it up */
#define CLOCK_SLACK_S 300u     /* how far ahead of this clock an own record may be */

enum level { LEVEL_OK, LEVEL_WARN, LEVEL_FAIL };

struct examination {
  struct cli *cli;
  struct here here; /* home filled if has_home, all of it if has_store */
  bool has_home, has_store;
  json_t *figures; /* of the store; NULL */
  json_t *list;    /* in the document */
  size_t n, n_warn, n_fail;
  enum err_code first;     /* what failed first */
  char todo[ERR_HINT_MAX]; /* and what to do about that */
};

/* ---- lines ---- */

static void note(struct examination *x, enum level level, const char *check, const char *todo, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
static void note(struct examination *x, enum level level, const char *check, const char *todo, const char *format, ...) {
  static const char *const names[] = {[LEVEL_OK] = "ok", [LEVEL_WARN] = "warn", [LEVEL_FAIL] = "fail"};
  static const enum out_tone tones[] = {[LEVEL_OK] = TONE_GOOD, [LEVEL_WARN] = TONE_WARNING, [LEVEL_FAIL] = TONE_BAD};
  char text[768];
  va_list args;
  va_start(args, format);
  (void)vsnprintf(text, sizeof text, format, args);
  va_end(args);
  out_toned(x->cli, tones[level], 18, "%-4s  %-10s  %s", names[level], check, text);
  if (level != LEVEL_OK && todo[0] != '\0') {
    out_wrapped(x->cli, 18, "                  %s %s", out_word(x->cli, "try:", "prova:"), todo);
  }
  json_array_append_new(x->list, json_pack("{s:s, s:s, s:o, s:o}", "check", check, "level", names[level], "text",
                                           out_json_text(view_of_text(text)), "todo",
                                           out_json_text(view_of_text(level == LEVEL_OK ? "" : todo))));
  x->n++;
  x->n_warn += level == LEVEL_WARN;
  x->n_fail += level == LEVEL_FAIL;
  if (level == LEVEL_FAIL && x->first == OK) {
    x->first = ERR_FAILED;
    (void)snprintf(x->todo, sizeof x->todo, "%s", todo);
  }
}

/* An error of the floors below as a line; its code becomes the command's if it is the first. */
static void note_error(struct examination *x, const char *check, const struct err *err) {
  const bool first = x->n_fail == 0;
  note(x, LEVEL_FAIL, check, err->hint, "%s", err->message[0] == '\0' ? err_text(err->code) : err->message);
  x->first = first ? err->code : x->first;
}

/* ---- checks ---- */

static void check_home(struct examination *x) {
  struct err err = ERR_INIT;
  x->has_home = cli_open_home(x->cli, &x->here.home, &err) == OK;
  if (x->has_home) {
    note(x, LEVEL_OK, "home", "", "%s", x->here.home.dir);
  } else {
    note_error(x, "home", &err);
  }
}

static void check_keys(struct examination *x) {
  static const char *const names[] = {"node.key", "curve.key"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct keyfile key = {.sealed = false};
    struct err err = ERR_INIT;
    char path[HOME_PATH_MAX];
    enum err_code code = home_path(&x->here.home, names[i], path, &err);
    if (code == OK) {
      code = keyfile_read(path, NULL, &key, &err);
    }
    if (code != OK) {
      if (code == ERR_NOT_FOUND) {
        err_hint(&err, "put it back from the copy: specola help key backup");
      }
      note_error(x, "keys", &err);
      continue;
    }
    note(x, LEVEL_OK, "keys", "", "%s%s", names[i],
         key.sealed ? out_word(x->cli, ", sealed", ", sigillata") : out_word(x->cli, ", not sealed", ", non sigillata"));
    keyfile_release(&key);
  }
}

/* Root sheets belong on paper and in a drawer. */
static void check_sheets(struct examination *x) {
  DIR *folder = opendir(x->here.home.dir);
  size_t n = 0;
  if (folder == NULL) {
    return;
  }
  for (const struct dirent *e = readdir(folder); e != NULL; e = readdir(folder)) {
    const size_t len = strlen(e->d_name);
    if (len > 4 && strcmp(e->d_name + len - 4, ".key") == 0 && !home_is_own_key(e->d_name)) {
      note(x, LEVEL_WARN, "roots", "specola key backup /media/usb --move", "%s: %s", e->d_name,
           out_word(x->cli, "this root sheet is still on this machine", "questo foglio radice è ancora su questa macchina"));
      n++;
    }
  }
  closedir(folder);
  if (n == 0) {
    note(x, LEVEL_OK, "roots", "", "%s",
         out_word(x->cli, "no root sheet on this machine", "nessun foglio radice su questa macchina"));
  }
}

static void check_backup(struct examination *x) {
  static const char todo[] = "specola key backup DIR, on a medium that is then kept elsewhere";
  struct err err = ERR_INIT;
  uint64_t days = 0;
  const enum err_code code = backup_days(&x->here.home, clock_unix(clock_system()), &days, &err);
  if (code == OK) {
    note(x, days > BACKUP_OLD_DAYS ? LEVEL_WARN : LEVEL_OK, "backup", todo, "%s %ju %s",
         out_word(x->cli, "the keys were copied", "le chiavi sono state copiate"), (uintmax_t)days,
         out_word(x->cli, "days ago", "giorni fa"));
  } else if (code == ERR_NOT_FOUND) {
    note(x, LEVEL_WARN, "backup", todo, "%s",
         out_word(x->cli, "the keys were never copied from here", "le chiavi non sono mai state copiate da qui"));
  } else {
    note_error(x, "backup", &err);
  }
}

static void check_person(struct examination *x) {
  struct person_card card;
  struct err err = ERR_INIT;
  const enum err_code code = person_card_of(x->cli, &card, &err);
  if (code == OK) {
    note(x, LEVEL_OK, "person", "", "%s", card.name[0] == '\0' ? "?" : card.name);
  } else if (code == ERR_NOT_FOUND) {
    note(x, LEVEL_WARN, "person", "specola key new", "%s",
         out_word(x->cli, "no key of your own here: you can read, not publish",
                  "nessuna chiave propria: si può leggere, non pubblicare"));
  } else {
    note_error(x, "person", &err);
  }
}

/* Ends SQLite's check when the time is up. */
static int is_late(void *end_ms) {
  return clock_ms(clock_system()) >= *(const uint64_t *)end_ms;
}

static void check_integrity(struct examination *x) {
  sqlite3 *db = store_db(x->here.store);
  sqlite3_stmt *st = NULL;
  uint64_t end = clock_ms(clock_system()) + x->cli->timeout_ms;
  sqlite3_progress_handler(db, 10000, is_late, &end);
  int rc = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &st, NULL);
  rc = rc == SQLITE_OK ? sqlite3_step(st) : rc;
  const char *said = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(st, 0) : NULL;
  if (said != NULL && strcmp(said, "ok") == 0) {
    note(x, LEVEL_OK, "store", "", "%s",
         out_word(x->cli, "whole, as far as SQLite can say (specola verify checks every signature)",
                  "integro secondo SQLite (specola verify controlla ogni firma)"));
  } else if ((rc & 0xff) == SQLITE_INTERRUPT) {
    note(x, LEVEL_WARN, "store", "specola --timeout 600 doctor", "%s",
         out_word(x->cli, "not looked at to the end: the time was up", "non controllato fino in fondo: tempo scaduto"));
  } else {
    struct err err = ERR_INIT;
    err_set(&err, ERR_CORRUPT, "%.300s", said != NULL ? said : sqlite3_errmsg(db));
    err_hint(&err, "restore the store from a copy (docs/store.md), or fetch it anew from the other members");
    note_error(x, "store", &err);
  }
  (void)sqlite3_finalize(st);
  sqlite3_progress_handler(db, 0, NULL, NULL);
}

/* What readers and passes of scrub have met so far. */
static void check_damaged(struct examination *x) {
  uint64_t n = 0;
  if (damage_count(x->here.store, &n, NULL) == OK && n > 0) {
    note(x, LEVEL_FAIL, "store", "specola serve: the members give them again", "%s: %ju",
         out_word(x->cli, "damaged entries", "voci danneggiate"), (uintmax_t)n);
  }
}

static void check_store(struct examination *x) {
  struct err err = ERR_INIT;
  struct here here;
  char path[HOME_PATH_MAX];
  struct stat wal;
  if (here_open(x->cli, &here, &err) != OK) {
    note_error(x, "store", &err);
    return;
  }
  x->here = here;
  x->has_store = true;
  check_integrity(x);
  check_damaged(x);
  if (home_path(&here.home, "store.db-wal", path, NULL) == OK && stat(path, &wal) == 0 && (uint64_t)wal.st_size > WAL_WARN) {
    note(x, LEVEL_WARN, "store", "end what reads for long (exports, sqlite3); specola serve tidies up", "store.db-wal: %ju MiB",
         (uintmax_t)((uint64_t)wal.st_size / MIB));
  }
  if (query_figures(here.store, &here.federation, here.schemas, &x->figures, &err) != OK) {
    note_error(x, "store", &err);
  }
}

/* What is held, and what is not as it should be. */
static void check_contents(struct examination *x) {
  const char *reason;
  json_t *value, *log;
  size_t i;
  const json_int_t missing = json_integer_value(json_object_get(x->figures, "bodies_missing"));
  note(x, LEVEL_OK, "contents", "", "%jd %s, %jd %s", (intmax_t)json_integer_value(json_object_get(x->figures, "objects")),
       out_word(x->cli, "objects", "oggetti"), (intmax_t)json_integer_value(json_object_get(x->figures, "own")),
       out_word(x->cli, "of its own", "propri"));
  if (missing > 0) {
    note(x, LEVEL_WARN, "contents", "specola sync", "%jd %s", (intmax_t)missing,
         out_word(x->cli, "texts are not held here", "testi non sono conservati qui"));
  }
  json_object_foreach(json_object_get(x->figures, "held"), reason, value) {
    note(x, LEVEL_WARN, "contents", "nothing, unless they are this node's own: specola history ID tells whose", "%jd %s: %s",
         (intmax_t)json_integer_value(value), out_word(x->cli, "entries held back", "voci trattenute"), reason);
  }
  json_array_foreach(json_object_get(x->figures, "logs"), i, log) {
    const char *handle = json_string_value(json_object_get(log, "handle"));
    if (json_is_true(json_object_get(log, "upgrade_needed"))) {
      note(x, LEVEL_WARN, "contents", "install the newest version of specola", "%s: %s", handle == NULL ? "?" : handle,
           out_word(x->cli, "its log needs a newer version of this program",
                    "il registro richiede una versione più recente del programma"));
    }
    const struct federation_member *m = handle == NULL ? NULL : federation_by_handle(&x->here.federation, handle);
    if (m != NULL && here_is_paused(&x->here, &m->member->node)) {
      note(x, LEVEL_WARN, "contents", "raise log_bodies in node.ini, then start serve again", "%s: %s %s", handle,
           out_word(x->cli, "its log", "il registro"), here_paused(x->cli));
    }
  }
}

/* The time that the newest entry of the own log claims; 0: none. */
static uint64_t newest_claim(const struct examination *x) {
  const struct federation *f = &x->here.federation;
  const struct federation_member *self = federation_self(f);
  struct bytes scratch;
  struct log log;
  struct item item;
  struct header h = {.created = 0};
  struct view header, signature;
  bytes_init(&scratch, LIMIT_ITEM);
  if (self != NULL && log_find(x->here.store, &f->own, self->identity.gen, &log, NULL) == OK && log.range.size > 0 &&
      entry_get(x->here.store, entry_rowid(log.no, log.range.size - 1), &scratch, &item, NULL) == OK &&
      envelope_split(item.envelope, &header, &signature) && header_decode(header, &h) != REASON_NONE) {
    h.created = 0;
  }
  bytes_release(&scratch);
  return h.created;
}

static void check_clock(struct examination *x) {
  struct timex state = {.modes = 0};
  const uint64_t now = clock_unix(clock_system()), claimed = newest_claim(x);
  if (claimed > now + CLOCK_SLACK_S) {
    note(x, LEVEL_FAIL, "clock", "set the clock: timedatectl set-ntp true", "%ju s %s", (uintmax_t)(claimed - now),
         out_word(x->cli, "behind what this node signed last", "indietro rispetto all'ultima firma del nodo"));
  } else if (adjtimex(&state) >= 0 && (state.status & STA_UNSYNC) != 0) {
    note(x, LEVEL_WARN, "clock", "timedatectl set-ntp true; in a container the host keeps the time", "%s",
         out_word(x->cli, "nobody keeps it right, says the kernel", "nessuno la tiene regolata, dice il kernel"));
  } else {
    note(x, LEVEL_OK, "clock", "", "%s", out_word(x->cli, "kept right", "regolata"));
  }
}

static void check_disk(struct examination *x) {
  struct statvfs disk;
  if (statvfs(x->here.home.dir, &disk) != 0) {
    struct err err = ERR_INIT;
    err_errno(&err, ERR_IO, errno, x->here.home.dir);
    note_error(x, "disk", &err);
    return;
  }
  const uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
  const bool first = x->n_fail == 0;
  note(x,
       left < DISK_FAIL   ? LEVEL_FAIL
       : left < DISK_WARN ? LEVEL_WARN
                          : LEVEL_OK,
       "disk", "free space on the disk of the node's folder", "%ju MiB %s", (uintmax_t)(left / MIB),
       out_word(x->cli, "free", "liberi"));
  x->first = first && left < DISK_FAIL ? ERR_DISK_FULL : x->first;
}

static void check_serve(struct examination *x) {
  struct ctl_client *ctl = NULL;
  struct err err = ERR_INIT;
  enum err_code code = ctl_connect(&x->here.home, x->cli->timeout_ms, &ctl, &err);
  json_t *status = NULL;
  if (code == OK) {
    code = ctl_get(ctl, "/status", &status, &err);
  }
  json_decref(status);
  if (code == OK) {
    note(x, LEVEL_OK, "serve", "", "%s", out_word(x->cli, "it serves, and answers", "è in servizio, e risponde"));
  } else if (code == ERR_NOT_FOUND) {
    note(x, LEVEL_WARN, "serve", "specola serve; or specola sync now and then", "%s",
         out_word(x->cli, "it does not serve: others cannot reach it", "non è in servizio: gli altri non lo raggiungono"));
  } else {
    note_error(x, "serve", &err);
  }
  ctl_close(ctl);
}

/* Where a member is reached: as node.ini says, else as he tells. NULL: nobody knows. */
static const char *endpoint_of(const struct examination *x, const struct federation_member *m) {
  const struct home_config *config = &x->here.home.config;
  for (uint32_t i = 0; i < config->n_peers; i++) {
    if (strcmp(config->peers[i].handle, m->member->handle) == 0) {
      return config->peers[i].endpoint;
    }
  }
  return m->has_address ? m->address.endpoints[0] : NULL;
}

/* Whether this node may write, or what its records wait for. */
static void check_guard(struct examination *x) {
  struct ctl_client *ctl = NULL;
  struct err err = ERR_INIT;
  json_t *status = NULL, *guard = NULL;
  const char *todo;
  char text[400];
  if (ctl_connect(&x->here.home, 0, &ctl, NULL) == OK && ctl_get(ctl, "/status", &status, NULL) != OK) {
    status = NULL;
  }
  ctl_close(ctl);
  if (guarded_json(x->cli, &x->here, json_object_get(status, "guard"), &guard, &err) != OK) {
    note_error(x, "guard", &err);
  } else {
    guarded_text(x->cli, guard, text, sizeof text, &todo);
    note(x, text[0] == '\0' ? LEVEL_OK : LEVEL_WARN, "guard", todo, "%s",
         text[0] == '\0' ? out_word(x->cli, "this node may write to its log", "questo nodo può scrivere nel registro") : text);
  }
  json_decref(status);
  json_decref(guard);
}

static void check_peers(struct examination *x) {
  const struct federation *f = &x->here.federation;
  const uint32_t n = f->n_members;
  struct reach *list = calloc(n + 1u, sizeof *list);
  const char **handles = calloc(n + 1u, sizeof *handles);
  size_t known = 0;
  for (uint32_t i = 0; list != NULL && handles != NULL && i < n; i++) {
    const struct federation_member *m = &f->members[i];
    const char *endpoint = endpoint_of(x, m);
    if (m->until != 0 || hash_equal(&m->member->node, &f->own)) {
      continue;
    }
    if (endpoint == NULL) {
      note(x, LEVEL_WARN, "peers", "put it into node.ini (peer.HANDLE = tcp://...), or wait until that member tells", "%s: %s",
           m->member->handle, out_word(x->cli, "nobody has said where it is reached", "nessuno ha detto dove si raggiunge"));
      continue;
    }
    (void)snprintf(list[known].endpoint, sizeof list[known].endpoint, "%s", endpoint);
    handles[known++] = m->member->handle;
  }
  if (list != NULL && handles != NULL) {
    reach_all(list, known, x->cli->timeout_ms);
  }
  for (size_t i = 0; i < known; i++) {
    char todo[64];
    (void)snprintf(todo, sizeof todo, "specola peer ping %.20s", handles[i]);
    note(x, list[i].failed == 0 ? LEVEL_OK : LEVEL_WARN, "peers", todo, "%s  %s%s%s", handles[i], list[i].endpoint,
         list[i].failed == 0 ? "" : ": ", list[i].failed == 0 ? "" : strerror(list[i].failed));
  }
  if (f->epoch.n_members < 2) {
    note(x, LEVEL_OK, "peers", "", "%s", out_word(x->cli, "there is no other member", "non ci sono altri membri"));
  }
  free(list);
  free(handles);
}

/* ---- the table ---- */

static const struct {
  void (*run)(struct examination *x);
  bool home, store;                        /* what it needs */
  enum { OF_ALL, OF_KEYS, OF_MEMBERS } of; /* a replica has no keys, and a guest neither log nor gate */
} CHECKS[] = {
    {check_home, false, false, OF_ALL},     {check_keys, true, false, OF_KEYS},    {check_sheets, true, false, OF_KEYS},
    {check_backup, true, false, OF_KEYS},   {check_person, false, false, OF_ALL},  {check_store, true, false, OF_ALL},
    {check_contents, true, true, OF_ALL},   {check_clock, true, true, OF_ALL},     {check_disk, true, false, OF_ALL},
    {check_serve, true, false, OF_MEMBERS}, {check_guard, true, true, OF_MEMBERS}, {check_peers, true, true, OF_MEMBERS}};

/* Whether a check is one of this home's. */
static bool is_of(size_t check, const struct home *home) {
  return CHECKS[check].of == OF_ALL || !home_is_replica(home) || (CHECKS[check].of == OF_KEYS && home_is_guest(home));
}

enum err_code cmd_doctor(struct cli *cli, const struct args *args, struct err *err) {
  struct examination x = {.cli = cli, .list = json_array()};
  enum err_code code = OK;
  struct home home = {.dir = ""};
  (void)args;
  if (cli_open_home(cli, &home, NULL) != OK) home = (struct home){.dir = ""}; /* check_home tells */
  out_set(cli, "checks", x.list);
  for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
    if ((!CHECKS[i].home || x.has_home) && (!CHECKS[i].store || x.has_store) && is_of(i, &home)) {
      CHECKS[i].run(&x);
    }
  }
  out_set_number(cli, "warnings", x.n_warn);
  out_set_number(cli, "failures", x.n_fail);
  if (x.n_fail > 0) {
    err_set(err, x.first, "%zu of %zu checks failed", x.n_fail, x.n);
    code = x.n_fail == 1 ? err_hint(err, "%s", x.todo) : err_hint(err, "first of all: %s", x.todo);
  } else {
    out_line(cli, "%zu %s, %zu %s", x.n, out_word(cli, "checks", "controlli"), x.n_warn, out_word(cli, "warnings", "avvisi"));
  }
  json_decref(x.figures);
  if (x.has_store) {
    here_release(&x.here);
  }
  return code;
}
