/*
 * roles: roles and territories as people write them, and the numbers that a certificate carries (docs/protocol.md 4.4).
 * Declared in people.h.
 */
#include <stdio.h>
#include <string.h>

#include "protocol/people.h"

#define SUBDIVISION_MAX 3 /* characters of the second part of an ISO 3166-2 code */

/* Bit n - 1 is number n of the vocabulary `role`. */
static const char *const ROLES[] = {"coordinator", "editor", "reviewer", "contributor", "facilitator"};
#define N_ROLES (sizeof ROLES / sizeof *ROLES)

/* Blanks at both ends taken off. */
static struct view trimmed(struct view v) {
  while (v.len > 0 && v.p[0] == ' ')
    v = view_of(v.p + 1, v.len - 1);
  while (v.len > 0 && v.p[v.len - 1] == ' ')
    v.len--;
  return v;
}

/* The bit of a role; 0 if there is none of that name. */
static uint64_t role_bit(struct view name) {
  for (size_t i = 0; i < N_ROLES; i++) {
    if (view_is_text(name, ROLES[i])) return UINT64_C(1) << i;
  }
  return 0;
}

enum err_code roles_parse(const char *text, uint64_t *out, struct err *err) {
  uint64_t roles = 0;
  for (const char *from = text; from != NULL;) {
    const char *comma = strchr(from, ',');
    struct view name = trimmed(view_of(from, comma == NULL ? strlen(from) : (size_t)(comma - from)));
    uint64_t bit = role_bit(name);
    if (bit == 0) {
      enum err_code code = err_set(err, ERR_NOT_FOUND, "there is no role \"%.*s\"", (int)(name.len > 64 ? 64 : name.len),
                                   name.len == 0 ? "" : (const char *)name.p);
      (void)err_hint(err, "coordinator, editor, reviewer, contributor or facilitator");
      return code;
    }
    roles |= bit;
    from = comma == NULL ? NULL : comma + 1;
  }
  *out = roles;
  return OK;
}

void roles_format(uint64_t roles, char *out, size_t size) {
  size_t len = 0;
  if (size > 0) out[0] = '\0';
  for (unsigned i = 0; i < 64 && len < size; i++) {
    if ((roles >> i & 1) == 0) continue;
    const char *comma = len == 0 ? "" : ", ";
    int n = i < N_ROLES ? snprintf(out + len, size - len, "%s%s", comma, ROLES[i])
                        : snprintf(out + len, size - len, "%srole-%u", comma, i + 1);
    len += n < 0 ? size : (size_t)n;
  }
}

/* 0..35, or 36 for what is neither a digit nor an upper-case letter. */
static unsigned base36_value(uint8_t c) {
  if (c >= '0' && c <= '9') return (unsigned)(c - '0');
  return c >= 'A' && c <= 'Z' ? (unsigned)(c - 'A') + 10 : 36;
}

enum err_code territory_parse(const char *text, uint64_t *out, struct err *err) {
  struct view v = view_of_text(text);
  uint64_t value = 1;
  if (v.len == 0) {
    *out = 0;
    return OK;
  }
  bool has_country = v.len > 3 && v.p[2] == '-' && base36_value(v.p[0]) >= 10 && base36_value(v.p[0]) < 36 &&
                     base36_value(v.p[1]) >= 10 && base36_value(v.p[1]) < 36;
  if (has_country) v = view_of(v.p + 3, v.len - 3);
  bool good = v.len <= SUBDIVISION_MAX;
  for (size_t i = 0; i < v.len && good; i++) {
    good = base36_value(v.p[i]) < 36;
    value = value * 36 + base36_value(v.p[i]);
  }
  if (!good) {
    (void)err_set(err, ERR_FORMAT, "\"%.40s\" is no territory", text);
    (void)err_hint(err, "the second part of an ISO 3166-2 code: IT-34 or 34");
    return ERR_FORMAT;
  }
  *out = value;
  return OK;
}

void territory_format(uint64_t territory, const char *country, char out[8]) {
  static const char DIGITS[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  char text[SUBDIVISION_MAX + 1];
  size_t at = SUBDIVISION_MAX;
  text[at] = '\0';
  out[0] = '\0';
  for (; territory > 1 && at > 0; territory /= 36)
    text[--at] = DIGITS[territory % 36];
  if (territory == 1 && at < SUBDIVISION_MAX) (void)snprintf(out, 8, "%.2s-%s", country, text + at);
}
