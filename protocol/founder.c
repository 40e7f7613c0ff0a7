/*
 * founder: rows of founders and founding requests (docs/protocol.md 6.3, section 10 item 8).
 */
#include "protocol/founder.h"

#include <string.h>

#include "keys/text.h"

#define UTF8_MAX ((size_t)4) /* octets of a character */

/* ---- handle, country, region ---- */

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool is_upper_or_digit(char c) {
  return is_upper(c) || (c >= '0' && c <= '9');
}

bool handle_is_valid(const char *handle) {
  size_t n = strnlen(handle, HANDLE_MAX);
  if (n < 2 || n >= HANDLE_MAX || !is_upper(handle[0]) || !is_upper(handle[1])) return false;
  for (size_t i = 2; i < n; i++) {
    if (!is_upper_or_digit(handle[i])) return false;
  }
  return true;
}

static bool country_is_valid(const char *country) {
  return strnlen(country, 3) == 2 && is_upper(country[0]) && is_upper(country[1]);
}

/* ISO 3166-2: the country, a hyphen, one to three letters or digits. */
static bool region_is_valid(const char *region, const char *country) {
  size_t n = strnlen(region, 8);
  if (n < 4 || n > 6 || strncmp(region, country, 2) != 0 || region[2] != '-') return false;
  for (size_t i = 3; i < n; i++) {
    if (!is_upper_or_digit(region[i])) return false;
  }
  return true;
}

const char *place_fault(const char *handle, const char *country, const char *region) {
  if (!handle_is_valid(handle)) return "a handle is two capital letters and up to three capital letters or digits";
  if (!country_is_valid(country)) return "a country is two capital letters";
  if (region[0] != '\0' && !region_is_valid(region, country)) return "a region is an ISO 3166-2 code of its country";
  return NULL;
}

/* A founder's handle is its country, or its region without the hyphen; the three are valid by themselves. */
static bool handle_is_of_place(const struct founder *f) {
  if (strcmp(f->handle, f->country) == 0) return true;
  return f->region[0] != '\0' && strncmp(f->handle, f->region, 2) == 0 && strcmp(f->handle + 2, f->region + 3) == 0;
}

/* Reads a str of at most size - 1 octets into out, NUL-terminated; empty is a fault. */
static void short_read(struct canon_reader *r, char *out, size_t size) {
  struct view text = canon_str(r, size - 1);
  if (text.len == 0) canon_fail(r, "an empty text");
  if (text.len > 0) memcpy(out, text.p, text.len);
  out[text.len] = '\0';
}

static void optional_read(struct canon_reader *r, char *out, size_t size) {
  out[0] = '\0';
  if (!canon_opt_nil(r)) short_read(r, out, size);
}

static void optional_write(struct canon_writer *w, const char *text) {
  if (text[0] == '\0') {
    canon_put_nil(w);
  } else {
    canon_put_text(w, text);
  }
}

void place_read(struct canon_reader *r, char handle[HANDLE_MAX], char country[3], char region[8]) {
  short_read(r, handle, HANDLE_MAX);
  short_read(r, country, 3);
  optional_read(r, region, 8);
  const char *fault = place_fault(handle, country, region);
  if (fault != NULL) canon_fail(r, fault);
}

void place_write(struct canon_writer *w, const char *handle, const char *country, const char *region) {
  canon_put_text(w, handle);
  canon_put_text(w, country);
  optional_write(w, region);
}

/* ---- founders ---- */

const char *founder_fault(const struct founder *f) {
  const char *fault = place_fault(f->handle, f->country, f->region);
  if (fault != NULL) return fault;
  if (!handle_is_of_place(f)) return "a founder's handle is its country, or its region without the hyphen";
  if (f->identity.version != 1) return "a founder's identity is its first";
  if (f->lead[0] == '\0') return NULL;
  if (!handle_is_valid(f->lead)) return "the lead's handle is not a handle";
  return strcmp(f->lead, f->handle) == 0 ? "a node is not its own lead" : NULL;
}

void founder_read(struct canon_reader *r, struct founder *out) {
  memset(out, 0, sizeof *out);
  out->identity_body = canon_bin(r, LIMIT_IDENTITY);
  place_read(r, out->handle, out->country, out->region);
  optional_read(r, out->lead, sizeof out->lead);
  if (r->fault != NULL) return;
  if (identity_decode(out->identity_body, &out->identity, NULL) != OK) {
    canon_fail(r, "an identity that is not one");
    return;
  }
  const char *fault = founder_fault(out);
  if (fault != NULL) canon_fail(r, fault);
  out->node = identity_hash(out->identity_body);
}

void founder_write(struct canon_writer *w, const struct founder *f) {
  canon_put_bin(w, f->identity_body);
  place_write(w, f->handle, f->country, f->region);
  optional_write(w, f->lead);
}

/* ---- texts ---- */

/* How much a language is wanted: 3 the one asked for, 2 English, 1 the first. */
static int language_rank(struct view key, const char *lang, bool is_first) {
  if (lang != NULL && view_is_text(key, lang)) return 3;
  if (view_is_text(key, "en")) return 2;
  return is_first ? 1 : 0;
}

struct view ml_read(struct canon_reader *r, size_t max_length, const char *lang) {
  struct view best = view_of(NULL, 0);
  struct view key = view_of(NULL, 0);
  int best_rank = 0;
  uint32_t n = canon_map(r, LIMIT_LANGUAGES);
  if (n == 0) canon_fail(r, "a text in no language");
  for (uint32_t i = 0; i < n; i++) {
    struct view tag = canon_key(r, &key);
    struct view text = canon_str(r, max_length * UTF8_MAX);
    if (text.len == 0) canon_fail(r, "an empty text");
    if (text_length(text) > max_length) canon_fail(r, "a text that is too long");
    int rank = language_rank(tag, lang, i == 0);
    if (rank <= best_rank) continue;
    best = text;
    best_rank = rank;
  }
  return r->fault == NULL ? best : view_of(NULL, 0);
}

/* ---- founding requests ---- */

/* The address inside must be this node's own, signed where no federation is known yet. */
static enum err_code check_address(const struct founder *f, struct view item, struct err *err) {
  struct address address;
  enum err_code code = address_open(item, NULL, &f->identity.node_key, &address, err);
  if (code != OK) {
    (void)err_context(err, "founding request");
    return code;
  }
  if (hash_equal(&address.node, &f->node)) return OK;
  return err_set(err, ERR_MISMATCH, "founding request: the address is another node's");
}

static const char *name_fault(struct view name) {
  if (name.len == 0) return "the name is empty";
  if (!text_is_valid(name)) return "the name is not UTF-8";
  return text_length(name) > LIMIT_NAME ? "the name is longer than 200 characters" : NULL;
}

enum err_code founding_request_encode(const struct founder *f, const char *name, struct view address, struct bytes *out,
                                      struct err *err) {
  const char *fault = founder_fault(f);
  if (fault == NULL) fault = name_fault(view_of_text(name));
  if (fault != NULL) return err_set(err, ERR_FORMAT, "founding request: %s", fault);
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 7);
  founder_write(&w, f);
  canon_put_text(&w, name);
  if (address.len == 0) {
    canon_put_nil(&w);
  } else {
    canon_put_raw(&w, address);
  }
  enum err_code code = canon_written(&w, "founding request", err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code founding_request_decode(struct view payload, struct founder *out, struct view *name, struct view *address,
                                      struct err *err) {
  struct canon_reader r = canon_reader(payload);
  struct founder founder;
  canon_array_exact(&r, 7);
  founder_read(&r, &founder);
  struct view text = canon_str(&r, LIMIT_NAME * UTF8_MAX);
  struct view item = view_of(NULL, 0);
  if (!canon_opt_nil(&r)) item = canon_skip(&r);
  enum err_code code = canon_finish(&r, "founding request", err);
  if (code != OK) return code;
  const char *fault = name_fault(text);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "founding request: %s", fault);
  if (item.len > 0) code = check_address(&founder, item, err);
  if (code != OK) return code;
  *out = founder;
  *name = text;
  *address = item;
  return OK;
}
