/*
 * fuzz_keyfile: any octets into keyfile_parse(), once as they are and once with a true check line put behind them, so that the
 * fuzzer also reaches what a damaged file never reaches. Parsed OK implies the invariants of the format. A key that opens is
 * written again as the same text, sealed and opened, and (the first of a run) put into a file and read from it.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "keys/hash.h"
#include "keys/keyfile.h"
#include "keys/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int fact, const char *sentence) {
  if (fact) return;
  (void)fprintf(stderr, "fuzz_keyfile: %s\n", sentence);
  abort();
}

/* What a key that was parsed owes to whoever uses it. */
static void check_parsed(struct view text, const struct keyfile *key) {
  char pub[2 * 32 + 1];
  demand(text.len <= KEYFILE_MAX && text.len > 14 && memcmp(text.p, "specola-key 1\n", 14) == 0, "not version 1 or too long");
  demand(text.p[text.len - 1] == '\n', "the last line has no end");
  demand((size_t)key->use <= KEYFILE_PERSON, "a use that does not exist");
  demand(memchr(key->name, '\0', sizeof key->name) != NULL, "a name without end");
  demand(text_is_valid(view_of_text(key->name)) && strpbrk(key->name, "\n\t") == NULL, "a name that is not one line");
  demand(key->secret == NULL, "a secret from parsing alone");
  size_t lines = 0;
  for (size_t i = 0; i < text.len; i++)
    lines += text.p[i] == '\n';
  demand(lines == 7, "not seven lines");
  hex_encode(view_of(key->pub, sizeof key->pub), pub);
  demand(memmem(text.p, text.len, pub, sizeof pub - 1) != NULL, "a public half that is not in the text");
  demand((memmem(text.p, text.len, "\nseal: argon2id ", 16) != NULL) == key->sealed, "sealed or not");
}

static struct secret *word(const char *text) {
  struct secret *secret = secret_copy(view_of_text(text));
  demand(secret != NULL, "no memory for a passphrase");
  return secret;
}

static void check_same_key(struct keyfile *a, struct keyfile *b) {
  demand(a->use == b->use && strcmp(a->name, b->name) == 0 && memcmp(a->pub, b->pub, sizeof a->pub) == 0, "another key");
  demand(b->secret != NULL && memcmp(secret_open(a->secret), secret_open(b->secret), 32) == 0, "another secret");
  secret_close(a->secret);
  secret_close(b->secret);
}

/* Sealed, the key opens with its passphrase and with no other. */
static void check_sealing(struct keyfile *key) {
  struct secret *right = word("right"), *wrong = word("wrong");
  struct keyfile again;
  struct bytes text;
  bytes_init(&text, KEYFILE_MAX);
  demand(keyfile_format(key, right, KEYFILE_FAST, &text, NULL) == OK && key->sealed, "a key that cannot be sealed");
  demand(keyfile_open(bytes_view(&text), wrong, &again, NULL) == ERR_PASSPHRASE, "opened with a wrong passphrase");
  demand(keyfile_open(bytes_view(&text), right, &again, NULL) == OK, "not opened with its passphrase");
  check_same_key(key, &again);
  keyfile_release(&again);
  demand(keyfile_parse(bytes_view(&text), &again, NULL) == OK && again.sealed, "sealed, and not parsed");
  demand(keyfile_format(&again, NULL, KEYFILE_FAST, &text, NULL) == ERR_LOCKED, "written without its secret");
  bytes_release(&text);
  secret_free(right);
  secret_free(wrong);
}

/* In a file of its own, sealed and not; the second time there is a file already. */
static void check_file(struct keyfile *key) {
  static bool done;
  char folder[] = "/tmp/fuzz-keyfile-XXXXXX";
  char path[sizeof folder + 4];
  struct secret *right = word("right");
  struct keyfile again;
  if (!done) {
    done = true;
    demand(mkdtemp(folder) != NULL, "no folder for the file");
    (void)snprintf(path, sizeof path, "%s/key", folder);
    demand(keyfile_read(path, NULL, &again, NULL) == ERR_NOT_FOUND, "read before it was written");
    demand(keyfile_write(path, key, right, KEYFILE_FAST, NULL) == OK, "not written");
    demand(keyfile_write(path, key, right, KEYFILE_FAST, NULL) == ERR_FAILED, "written over");
    demand(keyfile_read(path, NULL, &again, NULL) == OK && again.secret == NULL && again.sealed, "a sealed file's public half");
    demand(keyfile_read(path, right, &again, NULL) == OK, "a sealed file's secret half");
    check_same_key(key, &again);
    keyfile_release(&again);
    demand(unlink(path) == 0 && rmdir(folder) == 0, "the file stays behind");
  }
  secret_free(right);
}

/* An unsealed key that opened: the same text again, but for what may not be in one. */
static void check_opened(struct view text, struct keyfile *key) {
  struct bytes out;
  bytes_init(&out, KEYFILE_MAX);
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == OK, "a key that was read and cannot be written");
  demand(view_equal(bytes_view(&out), text), "another spelling");
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == OK && out.len == 2 * text.len, "not appended");
  out.ceiling = out.len;
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == ERR_LIMIT && out.len == 2 * text.len, "over the ceiling");
  bytes_release(&out);
  check_sealing(key);
  check_file(key);
  bytes_init(&out, KEYFILE_MAX);
  key->pub[0] ^= 1;
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == ERR_MISMATCH, "a public half of another key");
  memcpy(key->name, "a\nb", 4);
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == ERR_FORMAT, "a name of two lines");
  key->use = (enum keyfile_use)(KEYFILE_PERSON + 1);
  demand(keyfile_format(key, NULL, KEYFILE_FAST, &out, NULL) == ERR_FORMAT, "a use that does not exist");
  bytes_release(&out);
}

/* A sealed key under a passphrase, if its seal is as cheap as those of tests. */
static void check_unsealing(struct view text) {
  static const char CHEAP[] = " ops=1 mem=8192 ";
  struct secret *right = word("right");
  struct keyfile key;
  if (memmem(text.p, text.len, CHEAP, sizeof CHEAP - 1) != NULL) {
    enum err_code code = keyfile_open(text, right, &key, NULL);
    demand(code == OK || code == ERR_PASSPHRASE || code == ERR_KEY, "unsealing");
    keyfile_release(&key);
  }
  secret_free(right);
}

/* Parses, and opens without a passphrase (no Argon2id runs). */
static void parse_once(struct view text) {
  struct keyfile parsed;
  struct keyfile opened;
  struct err err = ERR_INIT;
  enum err_code code = keyfile_parse(text, &parsed, &err);
  demand(code == OK || code == ERR_KEY || code == ERR_VERSION || code == ERR_LIMIT, "an error that is not documented");
  demand(code == err.code && (code == OK) == (err.message[0] == '\0'), "the error and its code differ");
  if (code == OK) check_parsed(text, &parsed);
  enum err_code code_of_open = keyfile_open(text, NULL, &opened, NULL);
  if (code != OK) {
    demand(code_of_open == code, "opening says something else than parsing");
  } else {
    demand(parsed.sealed ? code_of_open == ERR_LOCKED : code_of_open == OK || code_of_open == ERR_KEY, "opening");
  }
  if (code_of_open == OK) check_opened(text, &opened);
  if (code_of_open == ERR_LOCKED) check_unsealing(text);
  keyfile_release(&parsed);
  keyfile_release(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct bytes text;
  char check[17];
  if (secret_start(NULL) != OK) abort();
  parse_once(view_of(data, size));
  /* The last line, if it is a check, is replaced by the true one; else the true one is added. */
  while (size > 0 && data[size - 1] == '\n')
    size--;
  size_t line = size;
  while (line > 0 && data[line - 1] != '\n')
    line--;
  bool has_check = size - line >= 7 && memcmp(data + line, "check: ", 7) == 0;
  bytes_init(&text, (size_t)2 * KEYFILE_MAX);
  if (bytes_append(&text, view_of(data, has_check ? line : size), NULL) == OK &&
      (has_check || bytes_append_u8(&text, '\n', NULL) == OK)) {
    struct hash h = hash_of(HASH_KEY, bytes_view(&text), view_of(NULL, 0));
    hex_encode(view_of(h.b, 8), check);
    if (bytes_printf(&text, NULL, "check: %s\n", check) == OK) parse_once(bytes_view(&text));
  }
  bytes_release(&text);
  return 0;
}
