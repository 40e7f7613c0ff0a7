/*
 * person: the key of whoever sits here, and cards of others' (see person.h).
 */
#include "cli/person.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "keys/text.h"
#include "keys/words.h"

#define CARD_START "specola-person "
#define CARD_MAX 512 /* octets of a card's file */

enum err_code card_read(const char *path, struct person_card *out, struct err *err) {
  struct bytes text;
  bytes_init(&text, CARD_MAX);
  enum err_code code = file_read(path, &text, err);
  if (code == ERR_LIMIT) {
    err_clear(err);
    code = OK; /* too long to be a card: told below, as what is none */
    text.len = 0;
  }
  if (code != OK) {
    goto out;
  }
  struct view line = bytes_view(&text);
  size_t head = strlen(CARD_START) + (size_t)2 * PUBKEY_LEN;
  while (line.len > 0 && (line.p[line.len - 1] == '\n' || line.p[line.len - 1] == '\r')) {
    line.len--;
  }
  if (line.len < head || memcmp(line.p, CARD_START, strlen(CARD_START)) != 0 ||
      hex_decode(view_of(line.p + strlen(CARD_START), 2 * (size_t)PUBKEY_LEN), out->key.b, PUBKEY_LEN, NULL) != OK ||
      (line.len > head && line.p[head] != ' ') || !text_is_valid(line) || memchr(line.p, '\n', line.len) != NULL ||
      line.len - head > KEYFILE_NAME_MAX) {
    err_set(err, ERR_FORMAT, "%s: not a person's public key", path);
    code = err_hint(err, "its one line is: specola-person <64 hex> <name>; specola key show prints yours");
    goto out;
  }
  if ((code = pubkey_check(&out->key, err)) != OK) {
    err_context(err, "%s", path);
    goto out;
  }
  size_t len = line.len > head ? line.len - head - 1 : 0;
  memcpy(out->name, line.p + line.len - len, len);
  out->name[len] = '\0';
out:
  bytes_release(&text);
  return code;
}

enum err_code card_write(const char *path, const struct person_card *card, struct err *err) {
  struct bytes text;
  char hex[2 * PUBKEY_LEN + 1];
  bytes_init(&text, CARD_MAX);
  hex_encode(pubkey_view(&card->key), hex);
  enum err_code code = bytes_printf(&text, err, CARD_START "%s%s%s\n", hex, card->name[0] == '\0' ? "" : " ", card->name);
  if (code == OK) {
    code = file_write(path, bytes_view(&text), false, err);
  }
  bytes_release(&text);
  return code;
}

enum err_code person_path(const struct cli *cli, char out[HOME_PATH_MAX], struct err *err) {
  if (cli->person == NULL) {
    return cli_config_path("person.key", out, err);
  }
  int n = snprintf(out, HOME_PATH_MAX, "%s", cli->person);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", cli->person) : OK;
}

/* Reads the key file, unsealed if passphrase is given. */
static enum err_code read_key(const struct cli *cli, struct secret *passphrase, struct keyfile *out, struct err *err) {
  char path[HOME_PATH_MAX];
  enum err_code code = person_path(cli, path, err);
  if (code != OK) {
    return code;
  }
  code = keyfile_read(path, passphrase, out, err);
  if (code == ERR_NOT_FOUND) {
    err_set(err, ERR_NOT_FOUND, "there is no key of yours here (%s)", path);
    return err_hint(err, "specola key new, and let the coordinator certify it");
  }
  if (code != OK) {
    return code;
  }
  if (out->use != KEYFILE_PERSON) {
    keyfile_release(out);
    return err_set(err, ERR_KEY, "%s is not a person's key", path);
  }
  return OK;
}

enum err_code person_card_of(const struct cli *cli, struct person_card *out, struct err *err) {
  struct keyfile key = {0};
  enum err_code code = read_key(cli, NULL, &key, err);
  if (code != OK) {
    return code;
  }
  memcpy(out->key.b, key.pub, PUBKEY_LEN);
  memcpy(out->name, key.name, sizeof out->name);
  keyfile_release(&key);
  return OK;
}

enum err_code person_unseal(const struct cli *cli, struct secret *passphrase, struct signer *out, struct err *err) {
  struct keyfile key = {0};
  enum err_code code = read_key(cli, passphrase, &key, err);
  if (code == OK && key.secret == NULL) {
    code = err_set(err, ERR_LOCKED, "your key is sealed");
  }
  if (code == OK) {
    code = signer_from_seed(secret_open(key.secret), out, err);
    secret_close(key.secret);
  }
  keyfile_release(&key);
  return code;
}

enum err_code person_open(struct cli *cli, struct signer *out, struct err *err) {
  struct keyfile key = {0};
  struct secret *passphrase = NULL;
  enum err_code code = read_key(cli, NULL, &key, err);
  if (code == OK && key.secret == NULL) {
    keyfile_release(&key);
    code = cli_passphrase(cli, "your key", false, &passphrase, err);
    if (code == OK) {
      code = read_key(cli, passphrase, &key, err);
    }
  }
  if (code != OK) {
    return code;
  }
  code = signer_from_seed(secret_open(key.secret), out, err);
  secret_close(key.secret);
  keyfile_release(&key);
  return code;
}

enum err_code person_folders(const char *path, struct err *err) {
  char folder[HOME_PATH_MAX];
  int n = snprintf(folder, sizeof folder, "%s", path);
  if (n < 0 || (size_t)n >= sizeof folder) {
    return err_set(err, ERR_LIMIT, "%s: the path is too long", path);
  }
  for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
      return err_errno(err, ERR_IO, errno, folder);
    }
    *slash = '/';
  }
  return OK;
}

enum err_code person_make(const char *path, const char *name, struct secret *passphrase, struct person_card *out,
                          struct err *err) {
  struct keyfile key = {.use = KEYFILE_PERSON};
  struct signer signer = {0};
  if (strlen(name) > KEYFILE_NAME_MAX) {
    return err_set(err, ERR_LIMIT, "the name has %zu octets, at most %d", strlen(name), KEYFILE_NAME_MAX);
  }
  enum err_code code = person_folders(path, err);
  if (code == OK) {
    code = signer_new(&signer, err);
  }
  if (code != OK) {
    return code;
  }
  memcpy(key.name, name, strlen(name) + 1);
  memcpy(key.pub, signer.pub.b, PUBKEY_LEN);
  key.secret = secret_new(SEED_LEN);
  if (key.secret == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  signer_seed(&signer, secret_open(key.secret));
  secret_close(key.secret);
  code = keyfile_write(path, &key, passphrase, cli_key_cost(), err);
  out->key = signer.pub;
  memcpy(out->name, key.name, sizeof out->name);
out:
  keyfile_release(&key);
  signer_release(&signer);
  return code;
}

void person_fingerprint(const struct pubkey *key, char out[48]) {
  struct hash h = hash_of(HASH_KEY, pubkey_view(key), view_of(NULL, 0));
  words_of(&h, out);
}
