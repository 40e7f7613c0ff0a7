/*
 * backup, restore: a node in one file, and a node out of it (node/archive.h). Both check every log before they say that all is
 * well. What was restored does not write to its log before members have said how much of it they hold (docs/store.md).
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/guarded.h"
#include "cli/out.h"
#include "cli/verifying.h"
#include "node/archive.h"
#include "node/clock.h"
#include "node/network.h"

const struct option_row options_backup[] = {
    {"keys", 0, OPTION_VALUE, "sealed|all|none", "which of the node's keys go along; sealed, if it is not said",
     "quali chiavi del nodo includere; se non è detto, quelle sigillate"},
    OPTIONS_END,
};

static enum err_code read_keys(const struct args *args, enum archive_keys *out, struct err *err) {
  static const char *const NAMES[] = {
      [ARCHIVE_KEYS_SEALED] = "sealed", [ARCHIVE_KEYS_ALL] = "all", [ARCHIVE_KEYS_NONE] = "none"};
  const char *wish = args_value(args, "keys");
  *out = ARCHIVE_KEYS_SEALED;
  for (size_t i = 0; wish != NULL && i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (strcmp(wish, NAMES[i]) == 0) {
      *out = (enum archive_keys)i;
      return OK;
    }
  }
  return wish == NULL ? OK : err_set(err, ERR_USAGE, "--keys %s: sealed, all or none", wish);
}

/* FILE as it stands; in a folder, a name that tells whose it is and when it was made. */
static enum err_code name_of(const struct here *here, const char *operand, uint64_t now_s, char out[HOME_PATH_MAX],
                             struct err *err) {
  struct stat st;
  char when[32] = "";
  struct tm tm;
  const time_t now = (time_t)now_s;
  const bool is_folder = stat(operand, &st) == 0 && S_ISDIR(st.st_mode);
  if (is_folder && gmtime_r(&now, &tm) != NULL) {
    (void)strftime(when, sizeof when, "%Y%m%d-%H%M%S", &tm);
  }
  const int n = is_folder ? snprintf(out, HOME_PATH_MAX, "%s/%s-%s.backup", operand,
                                     federation_handle(&here->federation, &here->federation.own), when)
                          : snprintf(out, HOME_PATH_MAX, "%s", operand);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", operand) : OK;
}

/* The copy, read as a store. */
static enum err_code verify_copy(struct cli *cli, const char *path, struct err *err) {
  struct here copy = {.store = NULL};
  enum err_code code = store_open_file(path, &copy.store, err);
  if (code == OK) {
    code = federation_load(copy.store, &copy.federation, err);
  }
  if (code == OK) {
    code = verify_here(cli, &copy, err);
  }
  here_release(&copy);
  return code;
}

static void say_backup(struct cli *cli, const char *path, const struct archive_about *about, enum archive_keys keys) {
  out_set_text(cli, "file", path);
  out_set_bool(cli, "keys", about->has_keys);
  out_set_number(cli, "files", about->files);
  out_line(cli, "%s  the store of %s and %u file%s, %s keys", path, about->handle, about->files, about->files == 1 ? "" : "s",
           about->has_keys ? "with its" : "without its");
  if (!about->has_keys && keys == ARCHIVE_KEYS_SEALED) {
    out_note(cli, "! the node's keys are not sealed, and stay out: specola key backup DIR, or --keys all");
  }
}

enum err_code cmd_backup(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct archive_about about;
  char path[HOME_PATH_MAX];
  enum archive_keys keys;
  const uint64_t now_s = clock_unix(clock_system());
  enum err_code code = read_keys(args, &keys, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  if (home_is_guest(&here.home)) {
    here_release(&here);
    (void)err_set(err, ERR_REFUSED, "this node is no member yet: all but its keys can be fetched again");
    return err_hint(err, "specola key backup DIR");
  }
  if ((code = name_of(&here, args->operands[0], now_s, path, err)) == OK &&
      (code = archive_write(&here.home, &here.federation, path, keys, now_s, &about, err)) == OK &&
      (code = verify_copy(cli, path, err)) == OK) {
    say_backup(cli, path, &about, keys);
    code = about.has_keys ? backup_note(&here.home, now_s, err) : OK;
  }
  here_release(&here);
  return code;
}

static void say_restored(struct cli *cli, const struct here *here, const struct archive_about *about) {
  char span[NETWORK_SPAN_MAX];
  const uint64_t now_s = clock_unix(clock_system());
  json_t *guard = NULL;
  network_span(now_s > about->made ? now_s - about->made : 0, span);
  out_set_text(cli, "home", here->home.dir);
  out_set_number(cli, "made", about->made);
  out_set_bool(cli, "keys", about->has_keys);
  out_set_number(cli, "invitations_cancelled", about->n_cancelled);
  out_line(cli, "Node %s as it was %s ago, in %s", about->handle, span, here->home.dir);
  if (guarded_json(cli, here, NULL, &guard, NULL) == OK) {
    guarded_say(cli, guard);
    out_set(cli, "guard", guard);
  }
  if (about->n_cancelled > 0) {
    out_line(cli, "! %ju open invitation%s taken back, as they may have been used since: specola invite makes new ones",
             (uintmax_t)about->n_cancelled, about->n_cancelled == 1 ? " is" : "s are");
  }
  if (!about->has_keys) {
    out_line(cli, "! The keys are not in the backup: put node.key and curve.key into that folder, from the copy of the keys");
  }
  out_line(cli, "Next:  specola serve   (what was signed since comes back from the members; what is published waits for it)");
}

enum err_code cmd_restore(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct archive_about about;
  enum err_code code = archive_restore(args->operands[0], cli->home, &about, err);
  if (code != OK) {
    return code;
  }
  code = here_open(cli, &here, err);
  if (code == OK) {
    code = verify_here(cli, &here, err);
    if (code == OK) {
      say_restored(cli, &here, &about);
    }
    here_release(&here);
  }
  return code;
}
