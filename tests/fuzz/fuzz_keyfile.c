/*
 * fuzz_keyfile: any octets into keyfile_parse(), once as they are and once with a true check line put behind them, so that the
 * fuzzer also reaches what a damaged file never reaches. Parsed OK implies the invariants of the format.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
