/*
 * root new, root sign: what officials do offline, on a machine of their own. The server only ever gets what was signed.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/change_file.h"
#include "cli/commands.h"
#include "cli/founding.h"
#include "cli/out.h"
#include "cli/rotation.h"
#include "keys/words.h"

const struct option_row options_root_new[] = {
    {"keys", 0, OPTION_VALUE, "N", "how many root keys, 1 to 7 (2)", "quante chiavi radice, da 1 a 7 (2)"},
    {"threshold", 0, OPTION_VALUE, "T", "how many must sign (1)", "quante devono firmare (1)"},
    {"name", 0, OPTION_VALUE, "NAME", "first part of the files' names (root)", "prima parte dei nomi dei file (root)"},
    {"out", 'o', OPTION_VALUE, "DIR", "folder for the files (.)", "cartella dei file (.)"},
    OPTIONS_END,
};
const struct option_row options_root_sign[] = {
    {"key", 0, OPTION_MANY, "SHEET", "a root sheet; again for each", "un foglio radice; ripetere per ognuno"},
    {"for", 0, OPTION_VALUE, "X.charter", "of a request: the observatory that it goes to",
     "di una richiesta: l'osservatorio a cui va"},
    OPTIONS_END,
};

/* A name that can begin a file's name. */
static bool is_file_name(const char *name) {
  return name[0] != '\0' && name[0] != '.' && strlen(name) <= 100 && strchr(name, '/') == NULL;
}

/* Says which files were made. */
static enum err_code say_roots(struct cli *cli, const char *folder, const char *name, const char *path,
                               const struct root_set *roots, struct err *err) {
  char sheet[HOME_PATH_MAX], ending[32];
  json_t *sheets = json_array();
  out_set(cli, "sheets", sheets);
  for (uint32_t i = 0; i < roots->n; i++) {
    snprintf(ending, sizeof ending, "-%u.key", i + 1);
    enum err_code code = path_join(folder, name, ending, sheet, err);
    if (code != OK) {
      return code;
    }
    out_line(cli, "Root sheet   %s   (sealed; keep it offline, a printed copy elsewhere)", sheet);
    json_array_append_new(sheets, out_json_text(view_of_text(sheet)));
  }
  out_line(cli, "Root set     %s   (public: %u of %u must sign)", path, roots->threshold, roots->n);
  bool country = strlen(name) == 2 && isupper((unsigned char)name[0]) && isupper((unsigned char)name[1]);
  out_line(cli, "Next:  on the server: specola init --country %s --name ... --root %s", country ? name : "IT", path);
  out_set_text(cli, "root", path);
  out_set_number(cli, "threshold", roots->threshold);
  return OK;
}

enum err_code cmd_root_new(struct cli *cli, const struct args *args, struct err *err) {
  uint64_t n = 0, threshold = 0;
  struct secret *passphrase = NULL;
  struct root_set roots;
  struct stat st;
  char path[HOME_PATH_MAX];
  const char *name = args_value(args, "name"), *folder = args_value(args, "out");
  name = name == NULL ? "root" : name;
  folder = folder == NULL ? "." : folder;
  enum err_code code = args_number(args, "keys", 1, LIMIT_ROOTS, 2, &n, err);
  if (code != OK || (code = args_number(args, "threshold", 1, n, 1, &threshold, err)) != OK) {
    return code;
  }
  if (!is_file_name(name)) {
    return err_set(err, ERR_USAGE, "--name: \"%s\" cannot begin a file's name", name);
  }
  if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
    err_set(err, ERR_NOT_FOUND, "%s: no such folder", folder);
    return err_hint(err, "make the folder first, or take another --out");
  }
  if ((code = path_join(folder, name, ".root", path, err)) != OK) {
    return code;
  }
  if (stat(path, &st) == 0) {
    err_set(err, ERR_FAILED, "%s exists", path);
    return err_hint(err, "take another --name or --out");
  }
  if ((code = cli_passphrase(cli, "the new root keys", true, &passphrase, err)) != OK ||
      (code = roots_make(folder, name, (uint32_t)n, (uint32_t)threshold, passphrase, &roots, err)) != OK) {
    return code;
  }
  return say_roots(cli, folder, name, path, &roots, err);
}

/* Opens every sheet named; *n of them are open also on error. */
static enum err_code open_sheets(struct cli *cli, const struct args *args, struct signer *out, size_t *n, struct err *err) {
  const char *path;
  for (*n = 0; (path = args_nth(args, "key", *n)) != NULL;) {
    if (*n == LIMIT_ROOTS) {
      return err_set(err, ERR_USAGE, "more than %u sheets", LIMIT_ROOTS);
    }
    enum err_code code = sheet_open(cli, path, &out[*n], err);
    if (code != OK) {
      return code;
    }
    ++*n;
  }
  return OK;
}

static enum err_code sign_charter(struct cli *cli, const struct args *args, struct err *err) {
  struct charter_file file = {0};
  struct signer sheets[LIMIT_ROOTS] = {0};
  size_t n = 0;
  uint32_t added = 0;
  const char *path = args->operands[0];
  enum err_code code = charter_file_read(path, &file, err);
  if (code != OK) {
    return code;
  }
  if ((code = open_sheets(cli, args, sheets, &n, err)) != OK) {
    goto out;
  }
  code = charter_sign(&file.charter, sheets, n, &added, err);
  if (code == ERR_NOT_FOUND) {
    err_hint(err, "sign with a sheet whose .root file was given to specola init");
  }
  if (code != OK || (code = charter_file_write(path, &file, err)) != OK) {
    goto out;
  }
  charter_show(cli, &file);
  bool complete = charter_complete(&file.charter, NULL) == OK;
  if (added == 0) {
    out_line(cli, "Nothing added to %s: these sheets have signed it already", path);
  } else {
    out_line(cli, "%u signature%s added to %s", added, added == 1 ? "" : "s", path);
  }
  out_line(cli,
           complete ? "Complete. Next:  each founder: specola join %s"
                    : "Next:  the others sign %s, too; then each founder joins",
           path);
  out_set_number(cli, "added", added);
  out_set_bool(cli, "complete", complete);
out:
  for (size_t i = 0; i < n; i++) {
    signer_release(&sheets[i]);
  }
  charter_file_release(&file);
  return code;
}

static enum err_code sign_rotation(struct cli *cli, const struct args *args, struct rotation *r, struct err *err) {
  struct signer sheets[LIMIT_ROOTS] = {0};
  size_t n = 0;
  uint32_t added = 0;
  const char *path = args->operands[0];
  enum err_code code = open_sheets(cli, args, sheets, &n, err);
  if (code == OK && (code = rotation_sign(r, sheets, n, &added, err)) == ERR_NOT_FOUND) {
    err_hint(err, "sign with a sheet of that node's root keys");
  }
  if (code == OK && (code = rotation_write(path, r, err)) == OK) {
    const bool complete = rotation_complete(r, NULL) == OK;
    rotation_show(cli, r);
    out_line(cli, added == 0 ? "Nothing added to %s: these sheets have signed it already" : "Signed       %s", path);
    out_line(cli, complete ? "Complete. Next, at the node:  specola key rotate %s" : "Next:  the others sign %s, too", path);
    out_set_number(cli, "added", added);
    out_set_bool(cli, "complete", complete);
  }
  for (size_t i = 0; i < n; i++) {
    signer_release(&sheets[i]);
  }
  return code;
}

static enum err_code sign_change(struct cli *cli, const struct args *args, struct err *err) {
  struct change_file file;
  struct signer sheets[LIMIT_ROOTS] = {0};
  size_t n = 0;
  uint32_t added = 0;
  const char *path = args->operands[0];
  enum err_code code = change_file_read(path, &file, err);
  if (code != OK) {
    return code;
  }
  if ((code = open_sheets(cli, args, sheets, &n, err)) == OK &&
      (code = change_file_sign(&file, sheets, n, &added, err)) == ERR_NOT_FOUND) {
    err_hint(err, "sign with a sheet of the root keys of a member");
  }
  if (code == OK && (code = change_file_write(path, &file, err)) == OK) {
    change_file_show(cli, &file);
    out_line(cli, added == 0 ? "Nothing added to %s: these sheets have signed it already" : "Signed       %s", path);
    out_line(cli,
             change_file_whole(&file) > 0 ? "Next, at the node:  specola member vote %s" : "Next:  the others sign %s, too",
             path);
    out_set_number(cli, "added", added);
    out_set_bool(cli, "complete", change_file_whole(&file) > 0);
  }
  for (size_t i = 0; i < n; i++) {
    signer_release(&sheets[i]);
  }
  change_file_release(&file);
  return code;
}

/* A founding request to an observatory that exists. */
static enum err_code sign_request(struct cli *cli, const struct args *args, struct err *err) {
  struct charter_file charter = {0};
  struct bytes request, signed_one;
  struct signer sheets[LIMIT_ROOTS] = {0};
  struct founder founder;
  struct view name, address;
  char words[WORDS_LEN];
  size_t n = 0;
  uint32_t added = 0;
  const char *path = args->operands[0];
  bytes_init(&request, LIMIT_BUNDLE_ITEM);
  bytes_init(&signed_one, LIMIT_BUNDLE_ITEM);
  enum err_code code = request_read(path, &request, err);
  if (code != OK || (code = charter_file_read(args_value(args, "for"), &charter, err)) != OK ||
      (code = charter_complete(&charter.charter, err)) != OK || (code = open_sheets(cli, args, sheets, &n, err)) != OK) {
    goto out;
  }
  code = founding_request_sign(bytes_view(&request), &charter.charter.fed_id, sheets, n, &signed_one, &added, err);
  if (code == ERR_NOT_FOUND) {
    err_hint(err, "sign with a sheet whose .root file was given to specola init");
  }
  const struct founding_item item = {BUNDLE_REQUEST, bytes_view(&signed_one)};
  if (code != OK || (code = founding_file_write(path, &item, 1, err)) != OK ||
      (code = founding_request_decode(bytes_view(&request), &founder, &name, &address, err)) != OK) {
    goto out;
  }
  const struct view observatory = charter_name(&charter.charter, cli->lang);
  words_of(&founder.node, words);
  out_line(cli, "%s  %s", founder.handle, words);
  out_line(cli, added == 0 ? "Nothing added to %s: these sheets have signed it already" : "Signed       %s", path);
  words_of(&charter.charter.fed_id, words);
  out_line(cli, "For          %.*s   %s", (int)observatory.len, (const char *)observatory.p, words);
  out_line(cli, "Next:  send it to a member, and read the fingerprints aloud: specola member propose %s", path);
  out_set_number(cli, "added", added);
  out_set_text(cli, "handle", founder.handle);
  out_set(cli, "federation", out_json_hash(&charter.charter.fed_id));
out:
  for (size_t i = 0; i < n; i++) {
    signer_release(&sheets[i]);
  }
  charter_file_release(&charter);
  bytes_release(&request);
  bytes_release(&signed_one);
  return code;
}

enum err_code cmd_root_sign(struct cli *cli, const struct args *args, struct err *err) {
  struct rotation r;
  const char *path = args->operands[0];
  if (args_value(args, "key") == NULL) {
    err_set(err, ERR_USAGE, "no root sheet is given");
    return err_hint(err, "specola root sign %s --key NAME-1.key", path);
  }
  if (args_value(args, "for") != NULL) {
    return sign_request(cli, args, err);
  }
  if (change_file_is(path)) {
    return sign_change(cli, args, err);
  }
  enum err_code code = rotation_read(path, &r, err);
  if (code == ERR_NOT_FOUND || code == ERR_FORMAT) { /* a charter, or none of both: that one says so */
    err_clear(err);
    return sign_charter(cli, args, err);
  }
  if (code == OK) {
    code = sign_rotation(cli, args, &r, err);
    rotation_release(&r);
  }
  return code;
}
