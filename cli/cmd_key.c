/*
 * key show, key new, key backup: one's own key, and the copies that a node's operator keeps elsewhere.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/person.h"
#include "keys/privfile.h"
#include "keys/words.h"
#include "node/clock.h"

const struct option_row options_key_show[] = {
    {"out", 'o', OPTION_VALUE, "FILE.pub", "also write your public key to a file",
     "scrive anche la chiave pubblica in un file"},
    OPTIONS_END,
};
const struct option_row options_key_new[] = {
    {"name", 0, OPTION_VALUE, "TEXT", "your name or function, for the certificate", "nome o funzione, per il certificato"},
    {"out", 'o', OPTION_VALUE, "FILE.pub", "write the public key to a file (person.pub)",
     "scrive la chiave pubblica in un file (person.pub)"},
    {"replace", 0, OPTION_FLAG, NULL, "put the key that you have aside, under the first words of its fingerprint",
     "mette da parte la chiave che hai, con le prime parole della sua impronta"},
    OPTIONS_END,
};
const struct option_row options_key_backup[] = {
    {"move", 0, OPTION_FLAG, NULL, "remove the root sheets from this machine afterwards",
     "toglie poi i fogli radice da questa macchina"},
    OPTIONS_END,
};

#define TWO_WORDS 11 /* octets of a fingerprint's first words */

static void say_card(struct cli *cli, const struct person_card *card) {
  char words[WORDS_LEN], hex[2 * PUBKEY_LEN + 1];
  person_fingerprint(&card->key, words);
  hex_encode(pubkey_view(&card->key), hex);
  out_line(cli, "specola-person %s%s%s", hex, card->name[0] == '\0' ? "" : " ", card->name);
  out_line(cli, "Fingerprint  %s   (read it aloud to the coordinator)", words);
  out_set_text(cli, "public", hex);
  out_set_text(cli, "name", card->name);
  out_set_text(cli, "fingerprint", words);
}

/* True if the file holds these octets, and nothing more. */
static bool holds(const char *path, struct view content) {
  struct secret *there = NULL;
  size_t len = 0;
  if (privfile_read(path, KEYFILE_MAX, &there, &len, NULL) != OK) {
    return false;
  }
  const bool same = view_equal(content, view_of(secret_open(there), len));
  secret_close(there);
  secret_free(there);
  return same;
}

/* Copies one private file, reads the copy back and compares. What a copy before this one left there is as good. */
static enum err_code copy_private(const char *from, const char *to, struct err *err) {
  struct secret *content = NULL;
  size_t len = 0;
  enum err_code code = privfile_read(from, KEYFILE_MAX, &content, &len, err);
  if (code != OK) {
    return code;
  }
  const struct view octets = view_of(secret_open(content), len);
  if (!holds(to, octets) && (code = privfile_write(to, octets, err)) == OK && !holds(to, octets)) {
    code = err_set(err, ERR_IO, "%s: what was written is not what is read back", to);
  }
  secret_close(content);
  secret_free(content);
  return code;
}

/* A name in the same folder: PATH.ENDING, of which at most `most` octets. */
static enum err_code path_beside(const char *path, const char *ending, int most, char out[HOME_PATH_MAX], struct err *err) {
  const int n = snprintf(out, HOME_PATH_MAX, "%s.%.*s", path, most, ending);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", path) : OK;
}

/* The key at path, whose card it is, has another name in its folder, too: PATH.lusab-babad. */
static enum err_code put_aside(struct cli *cli, const char *path, const struct person_card *card, struct err *err) {
  char to[HOME_PATH_MAX], words[WORDS_LEN];
  person_fingerprint(&card->key, words);
  enum err_code code = path_beside(path, words, TWO_WORDS, to, err);
  if (code == OK && (code = copy_private(path, to, err)) == OK) {
    out_line(cli, "%s  %s", out_word(cli, "The key before is now", "La chiave di prima è ora"), to);
    out_set_text(cli, "before", to);
  }
  return code;
}

/* A new key in the place of the one at path, whose card is before: at any moment there is one of them. */
static enum err_code replace(struct cli *cli, const char *path, const struct person_card *before, const char *name,
                             struct secret *passphrase, struct person_card *card, struct err *err) {
  char next[HOME_PATH_MAX];
  enum err_code code = path_beside(path, "next", 4, next, err);
  if (code != OK) {
    return code;
  }
  (void)unlink(next); /* of a command that was interrupted: nobody has seen that key */
  code = person_make(next, name == NULL ? before->name : name, passphrase, card, err);
  if (code == OK && ((code = put_aside(cli, path, before, err)) != OK || (code = file_rename(next, path, err)) != OK)) {
    (void)unlink(next);
  }
  return code;
}

enum err_code cmd_key_new(struct cli *cli, const struct args *args, struct err *err) {
  char path[HOME_PATH_MAX], card_path[HOME_PATH_MAX];
  struct secret *passphrase = NULL;
  struct person_card card, before;
  const char *name = args_value(args, "name"), *out = args_value(args, "out");
  enum err_code code = person_path(cli, path, err);
  if (code != OK || (out == NULL && (code = cli_config_path("person.pub", card_path, err)) != OK)) {
    return code;
  }
  const bool is_there = access(path, F_OK) == 0;
  if (is_there && !args_flag(args, "replace")) {
    err_set(err, ERR_FAILED, "you have a key already: %s", path);
    return err_hint(err, "specola key show -o FILE.pub writes its public half; specola key new --replace puts it aside");
  }
  if (is_there && (code = person_card_of(cli, &before, err)) != OK) {
    return code;
  }
  if ((code = cli_new_file(out, err)) != OK || (code = cli_passphrase(cli, "your new key", true, &passphrase, err)) != OK ||
      (code = is_there ? replace(cli, path, &before, name, passphrase, &card, err)
                       : person_make(path, name == NULL ? "" : name, passphrase, &card, err)) != OK) {
    return code;
  }
  if (card_write(out == NULL ? card_path : out, &card, err) != OK) {
    return err_hint(err, "the key itself is made; its public half: specola key show -o FILE.pub");
  }
  say_card(cli, &card);
  out_line(cli, "Your key     %s   (sealed; never give it away)", path);
  out_line(cli, "Next:  send %s to the coordinator: specola person certify FILE.pub --role editor",
           out == NULL ? card_path : out);
  out_set_text(cli, "file", path);
  out_set_text(cli, "card", out == NULL ? card_path : out);
  return OK;
}

/* Whether the file says this card already. */
static bool is_card(const char *path, const struct person_card *card) {
  struct person_card there;
  return card_read(path, &there, NULL) == OK && memcmp(there.key.b, card->key.b, PUBKEY_LEN) == 0 &&
         strcmp(there.name, card->name) == 0;
}

enum err_code cmd_key_show(struct cli *cli, const struct args *args, struct err *err) {
  struct person_card card;
  struct here here;
  const char *out = args_value(args, "out");
  enum err_code code = person_card_of(cli, &card, err);
  if (code != OK) {
    return code;
  }
  if (out != NULL && !is_card(out, &card) &&
      ((code = cli_new_file(out, err)) != OK || (code = card_write(out, &card, err)) != OK)) {
    return code;
  }
  say_card(cli, &card);
  if (here_open(cli, &here, NULL) == OK) {
    char words[WORDS_LEN];
    words_of(&here.federation.own, words);
    out_line(cli, "Node %-6s  %s", federation_handle(&here.federation, &here.federation.own), words);
    out_set_text(cli, "node", words);
    here_release(&here);
  }
  return OK;
}

/* ---- backup ---- */

static bool ends_in(const char *text, const char *ending) {
  size_t len = strlen(text), tail = strlen(ending);
  return len > tail && strcmp(text + len - tail, ending) == 0;
}

/* True for root sheets: key files of the home that are not the node's own. */
static bool is_sheet(const char *name) {
  return ends_in(name, ".key") && !home_is_own_key(name);
}

/* What a backup has done. */
struct backup {
  struct cli *cli;
  const char *folder;
  bool move;
  unsigned copied, moved;
};

/* Copies one file of the home, and removes it if it is a sheet that is to move. */
static enum err_code backup_one(struct backup *b, const struct home *home, const char *name, struct err *err) {
  char path[HOME_PATH_MAX], to[HOME_PATH_MAX];
  enum err_code code = home_path(home, name, path, err);
  if (code != OK || (code = path_join(b->folder, name, "", to, err)) != OK || (code = copy_private(path, to, err)) != OK) {
    return code;
  }
  b->copied++;
  bool moves = b->move && is_sheet(name);
  if (moves && unlink(path) != 0) {
    return err_errno(err, ERR_IO, errno, path);
  }
  b->moved += moves;
  out_line(b->cli, "%s  %s", moves ? "moved " : "copied", name);
  return OK;
}

static enum err_code backup_keys(struct backup *b, const struct home *home, struct err *err) {
  enum err_code code = OK;
  DIR *d = opendir(home->dir);
  if (d == NULL) {
    return err_errno(err, ERR_IO, errno, home->dir);
  }
  for (const struct dirent *e = readdir(d); code == OK && e != NULL; e = readdir(d)) {
    if (ends_in(e->d_name, ".key")) {
      code = backup_one(b, home, e->d_name, err);
    }
  }
  closedir(d);
  return code;
}

enum err_code cmd_key_backup(struct cli *cli, const struct args *args, struct err *err) {
  struct backup b = {.cli = cli, .folder = args->operands[0], .move = args_flag(args, "move")};
  struct home home;
  struct stat st;
  char person[HOME_PATH_MAX], to[HOME_PATH_MAX];
  if (stat(b.folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
    err_set(err, ERR_NOT_FOUND, "%s: no such folder", b.folder);
    return err_hint(err, "make the folder first, on a medium that leaves this machine");
  }
  enum err_code code = person_path(cli, person, err);
  if (code == OK && access(person, F_OK) == 0 && (code = path_join(b.folder, "person.key", "", to, err)) == OK) {
    code = copy_private(person, to, err);
    b.copied += code == OK;
    if (code == OK) {
      out_line(cli, "copied  person.key");
    }
  }
  if (code != OK) {
    return code;
  }
  code = cli_open_home(cli, &home, err);
  if (code == OK) {
    code = backup_keys(&b, &home, err);
    code = code == OK ? backup_note(&home, clock_unix(clock_system()), err) : code;
  } else if (code == ERR_NOT_INITIALISED && b.copied > 0) {
    err_clear(err);
    code = OK;
  }
  out_set_number(cli, "copied", b.copied);
  out_set_number(cli, "moved", b.moved);
  if (code == OK) {
    out_line(cli, "%u file%s in %s, read back and compared", b.copied, b.copied == 1 ? "" : "s", b.folder);
  }
  return code;
}
