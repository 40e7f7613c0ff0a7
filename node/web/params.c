/*
 * params: see params.h.
 */
#include "node/web/params.h"

#include <string.h>

#include "keys/text.h"

static uint8_t digit(uint8_t c) {
  return (uint8_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static bool is_hex(uint8_t c) {
  return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Decodes v behind *at and puts a NUL. NULL: no room, or not text. */
static const char *decode(struct params *out, size_t *at, struct view v) {
  char *start = out->text + *at;
  size_t n = 0;
  for (size_t i = 0; i < v.len; i++) {
    uint8_t c = v.p[i];
    if (*at + n + 1 >= PARAMS_TEXT) return NULL;
    if (c == '%') {
      if (i + 2 >= v.len || !is_hex(v.p[i + 1]) || !is_hex(v.p[i + 2])) return NULL;
      c = (uint8_t)(digit(v.p[i + 1]) << 4 | digit(v.p[i + 2]));
      i += 2;
    } else if (c == '+') {
      c = ' ';
    }
    start[n++] = (char)c;
  }
  if (*at + n + 1 > PARAMS_TEXT || !text_is_valid(view_of(start, n))) return NULL;
  start[n] = '\0';
  *at += n + 1;
  return start;
}

/* What services add to addresses that people share there: nobody's question. */
static bool is_tracker(struct view name) {
  static const char *const NAMES[] = {"fbclid", "gclid", "msclkid", "mc_cid", "mc_eid", "igshid"};
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
    if (view_is_text(name, NAMES[i])) return true;
  }
  return name.len > 4 && memcmp(name.p, "utm_", 4) == 0;
}

enum err_code params_read(struct view query, struct params *out, struct err *err) {
  size_t at = 0;
  out->n = 0;
  while (query.len > 0) {
    const uint8_t *end = memchr(query.p, '&', query.len);
    const size_t len = end == NULL ? query.len : (size_t)(end - query.p);
    const uint8_t *equals = memchr(query.p, '=', len);
    const size_t name_len = equals == NULL ? len : (size_t)(equals - query.p);
    const struct view value = equals == NULL ? view_of(NULL, 0) : view_of(equals + 1, len - name_len - 1);
    if (name_len > 0 && value.len > 0 && !is_tracker(view_of(query.p, name_len))) {
      if (out->n == PARAMS_MAX) return err_set(err, ERR_LIMIT, "more than %u parameters", PARAMS_MAX);
      out->rows[out->n].name = decode(out, &at, view_of(query.p, name_len));
      out->rows[out->n].value = out->rows[out->n].name == NULL ? NULL : decode(out, &at, value);
      if (out->rows[out->n].value == NULL) return err_set(err, ERR_FORMAT, "a parameter is too long, or is no text");
      out->n++;
    }
    query = view_of(query.p + len + (end != NULL), query.len - len - (end != NULL));
  }
  return OK;
}

/* What stands in a query as it is. */
static bool is_plain(uint8_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-_.~", c) != NULL);
}

static enum err_code put_encoded(struct bytes *out, const char *text, struct err *err) {
  enum err_code code = OK;
  for (; *text != '\0' && code == OK; text++) {
    const uint8_t c = (uint8_t)*text;
    code = is_plain(c) ? bytes_append_u8(out, c, err) : bytes_printf(out, err, "%%%02X", (unsigned)c);
  }
  return code;
}

enum err_code url_put(struct bytes *out, const char *name, const char *value, struct err *err) {
  const bool first = out->len == 0 || memchr(out->p, '?', out->len) == NULL;
  enum err_code code = bytes_append_u8(out, first ? '?' : '&', err);
  if (code == OK) code = put_encoded(out, name, err);
  if (code == OK) code = bytes_append_u8(out, '=', err);
  return code == OK ? put_encoded(out, value, err) : code;
}

const char *params_get(const struct params *p, const char *name) {
  for (size_t i = 0; i < p->n; i++) {
    if (strcmp(p->rows[i].name, name) == 0) return p->rows[i].value;
  }
  return NULL;
}
