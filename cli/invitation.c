/*
 * invitation: see invitation.h.
 */
#include "cli/invitation.h"

#include <stdio.h>
#include <string.h>

#include "keys/words.h"

#define TOKEN_LETTERS 26 /* of base32 for 16 octets */
#define WORDS_SHOWN 23   /* four words of five letters, three hyphens */

static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz234567";

/* ---- base32 ---- */

static void token_format(const struct token *token, char out[TOKEN_LETTERS + 1]) {
  unsigned bits = 0, n_bits = 0;
  size_t n = 0;
  for (size_t i = 0; i < TOKEN_LEN; i++) {
    bits = bits << 8 | token->b[i];
    for (n_bits += 8; n_bits >= 5; n_bits -= 5)
      out[n++] = LETTERS[bits >> (n_bits - 5) & 31u];
  }
  out[n++] = LETTERS[bits << (5 - n_bits) & 31u];
  out[n] = '\0';
}

static bool token_parse(struct view text, struct token *out) {
  unsigned bits = 0, n_bits = 0;
  size_t n = 0;
  if (text.len != TOKEN_LETTERS) return false;
  for (size_t i = 0; i < text.len; i++) {
    const char *at = text.p[i] == '\0' ? NULL : strchr(LETTERS, text.p[i]);
    if (at == NULL) return false;
    bits = (bits << 5 | (unsigned)(at - LETTERS)) & 0xfffu;
    n_bits += 5;
    if (n_bits >= 8 && n < TOKEN_LEN) out->b[n++] = (uint8_t)(bits >> (n_bits -= 8));
  }
  return (bits & 3u) == 0; /* the last two bits carry nothing */
}

/* ---- percent-encoding ---- */

static bool is_plain(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
         c == '~';
}

static void put_encoded(const char *text, char *out) {
  static const char DIGITS[] = "0123456789ABCDEF";
  for (; *text != '\0'; text++) {
    const uint8_t c = (uint8_t)*text;
    if (is_plain(c)) {
      *out++ = (char)c;
    } else {
      *out++ = '%';
      *out++ = DIGITS[c >> 4];
      *out++ = DIGITS[c & 15];
    }
  }
  *out = '\0';
}

static int digit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct view v, char out[LIMIT_ENDPOINT + 1]) {
  size_t n = 0;
  for (size_t i = 0; i < v.len; i++) {
    uint8_t c = v.p[i];
    if (c == '%') {
      const int high = i + 2 < v.len ? digit(v.p[i + 1]) : -1, low = i + 2 < v.len ? digit(v.p[i + 2]) : -1;
      if (high < 0 || low < 0) return false;
      c = (uint8_t)(high << 4 | low);
      i += 2;
    }
    if (n == LIMIT_ENDPOINT || c <= ' ' || c > '~') return false;
    out[n++] = (char)c;
  }
  out[n] = '\0';
  return n > 0;
}

/* ---- the line ---- */

bool invitation_is_line(const char *text) {
  return strncmp(text, "specola:", strlen("specola:")) == 0;
}

enum err_code invitation_address(const char *text, char out[LIMIT_ENDPOINT + 1], struct err *err) {
  size_t len = strlen(text);
  const bool is_web = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0;
  while (len > 0 && text[len - 1] == '/')
    len--;
  bool is_printable = true;
  for (size_t i = 0; i < len; i++)
    is_printable = is_printable && text[i] > ' ' && text[i] <= '~';
  if (!is_web || len <= strlen("https:") || len > LIMIT_ENDPOINT || !is_printable || strpbrk(text, "?#@") != NULL) {
    (void)err_set(err, ERR_USAGE, "\"%s\" is no address of a node's pages", text);
    (void)err_hint(err, "as browsers reach it: https://node.example.org");
    return ERR_USAGE;
  }
  memcpy(out, text, len);
  out[len] = '\0';
  return OK;
}

void invitation_format(const struct invitation_line *line, char out[INVITATION_LINE_MAX]) {
  char fed_id[HASH_HEX_LEN], node[HASH_HEX_LEN], words[WORDS_LEN], token[TOKEN_LETTERS + 1] = "", at[3 * LIMIT_ENDPOINT + 1];
  hash_hex(&line->fed_id, fed_id);
  hash_hex(&line->node, node);
  words_of(&line->node, words);
  words[WORDS_SHOWN] = '\0';
  if (line->has_token) token_format(&line->token, token);
  put_encoded(line->at, at);
  (void)snprintf(out, INVITATION_LINE_MAX, INVITATION_START "o=%s&n=%s&k=%s%s%s&at=%s", fed_id, node, words,
                 line->has_token ? "&t=" : "", token, at);
}

static enum err_code broken(const char *why, struct err *err) {
  (void)err_set(err, ERR_USAGE, "the invitation is not whole: %s", why);
  (void)err_hint(err, "copy the whole line, and put it between quotes: specola join '" INVITATION_START "…'");
  return ERR_USAGE;
}

/* The value of a parameter; p NULL: it is not there. */
static struct view value_of(const char *parameters, const char *name) {
  const size_t len = strlen(name);
  for (const char *p = parameters; p != NULL; p = strchr(p, '&')) {
    p += *p == '&';
    if (strncmp(p, name, len) == 0 && p[len] == '=') return view_of(p + len + 1, strcspn(p + len + 1, "&"));
  }
  return view_of(NULL, 0);
}

/* Without white space. False: too long to be a line. */
static bool squeeze(const char *text, char out[INVITATION_LINE_MAX]) {
  size_t n = 0;
  for (; *text != '\0'; text++) {
    if (*text == ' ' || *text == '\t' || *text == '\r' || *text == '\n') continue;
    if (n + 1 == INVITATION_LINE_MAX) return false;
    out[n++] = *text;
  }
  out[n] = '\0';
  return true;
}

enum err_code invitation_parse(const char *text, struct invitation_line *out, struct err *err) {
  struct invitation_line line = {.has_token = false};
  char whole[INVITATION_LINE_MAX] = "", words[WORDS_LEN];
  if (!squeeze(text, whole) || strncmp(whole, INVITATION_START, strlen(INVITATION_START)) != 0) {
    return broken("it begins with " INVITATION_START, err);
  }
  const char *parameters = whole + strlen(INVITATION_START);
  const struct view o = value_of(parameters, "o"), n = value_of(parameters, "n"), k = value_of(parameters, "k"),
                    t = value_of(parameters, "t"), at = value_of(parameters, "at");
  if (o.p == NULL) return broken("the observatory (o=) is missing", err);
  if (hash_from_hex(o, &line.fed_id, NULL) != OK) return broken("the observatory (o=) is cut off or mistyped", err);
  if (n.p == NULL) return broken("the node (n=) and all behind it is missing", err);
  if (hash_from_hex(n, &line.node, NULL) != OK) return broken("the node (n=) is cut off or mistyped", err);
  words_of(&line.node, words);
  if (k.p == NULL) return broken("the words (k=) are missing", err);
  if (k.len != WORDS_SHOWN || memcmp(k.p, words, WORDS_SHOWN) != 0) {
    return broken("its words (k=) are not those of the node (n=): one of them is cut off or mistyped", err);
  }
  line.has_token = t.p != NULL;
  if (line.has_token && !token_parse(t, &line.token)) return broken("the token (t=) is cut off or mistyped", err);
  if (at.p == NULL) return broken("the address (at=) is missing", err);
  char address[LIMIT_ENDPOINT + 1];
  if (!decode(at, address) || invitation_address(address, line.at, NULL) != OK) {
    return broken("the address (at=) is cut off or mistyped", err);
  }
  *out = line;
  return OK;
}
