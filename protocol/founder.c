/*
 * founder: rows of founders and founding requests (docs/protocol.md 6.3, section 10 item 8).
 */
#include "protocol/founder.h"

#include <string.h>

#include "keys/text.h"

#define UTF8_MAX ((size_t)4)                 /* octets of a character */
#define REQUEST_FIELDS 7u                    /* of a founding request; one more to a federation that exists */
#define REQUEST_MAX (LIMIT_IDENTITY + 1024u) /* octets of its identity and root signatures */

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

void handle_read(struct canon_reader *r, char handle[HANDLE_MAX]) {
  short_read(r, handle, HANDLE_MAX);
  if (!handle_is_valid(handle)) canon_fail(r, "a handle is two capital letters and up to three capital letters or digits");
}

bool cut_read(struct canon_reader *r, struct cut *out) {
  *out = (struct cut){.gen = 0};
  if (canon_opt_nil(r)) return false;
  canon_array_exact(r, 3);
  out->gen = canon_uint_max(r, LIMIT_GEN);
  out->size = canon_uint_max(r, LIMIT_SIZE);
  canon_hash(r, &out->root);
  if (out->gen == 0 || out->size == 0) canon_fail(r, "generations and sizes of a cut count from 1");
  return true;
}

void cut_write(struct canon_writer *w, const struct cut *cut) {
  if (cut == NULL) {
    canon_put_nil(w);
    return;
  }
  canon_put_array(w, 3);
  canon_put_uint(w, cut->gen);
  canon_put_uint(w, cut->size);
  canon_put_hash(w, &cut->root);
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
  canon_put_array(&w, REQUEST_FIELDS);
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

/* The fields of a request in their order; signatures borrow, and are empty in one to a founding. */
static enum err_code request_read(struct view payload, struct founder *founder, struct view *name, struct view *address,
                                  struct view *signatures, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  uint32_t n = canon_array(&r, REQUEST_FIELDS + 1);
  founder_read(&r, founder);
  *name = canon_str(&r, LIMIT_NAME * UTF8_MAX);
  *address = canon_opt_nil(&r) ? view_of(NULL, 0) : canon_skip(&r);
  *signatures = n > REQUEST_FIELDS ? canon_skip(&r) : view_of(NULL, 0);
  if (n < REQUEST_FIELDS) canon_fail(&r, "a founding request has seven or eight elements");
  return canon_finish(&r, "founding request", err);
}

/* [identity_body, signatures] as an identity item, into room; *out borrows from that. */
static enum err_code request_item(struct view identity_body, struct view signatures, struct bytes *room,
                                  struct identity_item *out, struct err *err) {
  struct canon_writer w = canon_writer(room);
  canon_put_array(&w, 2);
  canon_put_bin(&w, identity_body);
  if (signatures.len > 0) {
    canon_put_raw(&w, signatures);
  } else {
    canon_put_array(&w, 0);
  }
  enum err_code code = canon_written(&w, "founding request", err);
  if (code != OK) return code;
  struct canon_reader r = canon_reader(bytes_view(room));
  identity_item_read(&r, out);
  out->body = identity_body;
  return canon_finish(&r, "founding request", err);
}

enum err_code founding_request_decode(struct view payload, struct founder *out, struct view *name, struct view *address,
                                      struct err *err) {
  struct founder founder = {.handle = ""};
  struct identity_item unused;
  struct view text = {NULL, 0}, item = {NULL, 0}, signatures = {NULL, 0};
  enum err_code code = request_read(payload, &founder, &text, &item, &signatures, err);
  if (code != OK) return code;
  const char *fault = name_fault(text);
  if (fault != NULL) return err_set(err, ERR_FORMAT, "founding request: %s", fault);
  if (item.len > 0) code = check_address(&founder, item, err);
  if (code == OK && signatures.len > 0) code = founding_request_item(payload, &unused, err);
  if (code != OK) return code;
  *out = founder;
  *name = text;
  *address = item;
  return OK;
}

enum err_code founding_request_item(struct view payload, struct identity_item *out, struct err *err) {
  struct founder founder = {.handle = ""};
  struct view name = {NULL, 0}, address = {NULL, 0}, signatures = {NULL, 0};
  struct identity_item item;
  struct bytes room;
  bytes_init(&room, REQUEST_MAX);
  enum err_code code = request_read(payload, &founder, &name, &address, &signatures, err);
  if (code == OK) code = request_item(founder.identity_body, signatures, &room, &item, err);
  if (code == OK && signatures.len > 0 && item.n == 0) code = err_set(err, ERR_FORMAT, "founding request: no signature");
  bytes_release(&room);
  if (code == OK) *out = item;
  return code;
}

/* Puts the signatures of our keys among those that stand there. */
static uint32_t request_sign(const struct founder *f, const struct hash *fed_id, const struct signer *roots, size_t n,
                             struct identity_item *item, bool *found) {
  uint32_t n_added = 0;
  uint32_t place = 0;
  for (uint32_t i = 0; i < f->identity.n_roots; i++) {
    const bool stands = place < item->n && item->signatures[place].index == i;
    for (size_t k = 0; k < n; k++) {
      if (!pubkey_equal(&roots[k].pub, &f->identity.roots[i])) continue;
      *found = true;
      if (stands) continue;
      memmove(item->signatures + place + 1, item->signatures + place, (item->n - place) * sizeof item->signatures[0]);
      item->signatures[place].index = i;
      item->signatures[place].signature = sign_tagged(&roots[k], SIGN_IDENTITY, fed_id, hash_view(&f->node));
      item->n++;
      n_added++;
      break;
    }
    place += place < item->n && item->signatures[place].index == i;
  }
  return n_added;
}

static void request_write(struct canon_writer *w, const struct founder *f, struct view name, struct view address,
                          const struct identity_item *item) {
  canon_put_array(w, REQUEST_FIELDS + 1);
  founder_write(w, f);
  canon_put_str(w, name);
  if (address.len == 0) {
    canon_put_nil(w);
  } else {
    canon_put_raw(w, address);
  }
  canon_put_array(w, item->n);
  for (uint32_t i = 0; i < item->n; i++) {
    canon_put_array(w, 2);
    canon_put_uint(w, item->signatures[i].index);
    canon_put_signature(w, &item->signatures[i].signature);
  }
}

enum err_code founding_request_sign(struct view payload, const struct hash *fed_id, const struct signer *roots, size_t n,
                                    struct bytes *out, uint32_t *n_added, struct err *err) {
  struct founder founder = {.handle = ""};
  struct identity_item item = {.n = 0};
  struct view name = {NULL, 0}, address = {NULL, 0};
  bool found = false;
  size_t before = out->len;
  *n_added = 0;
  enum err_code code = founding_request_decode(payload, &founder, &name, &address, err);
  if (code == OK) code = founding_request_item(payload, &item, err);
  if (code != OK) return code;
  *n_added = request_sign(&founder, fed_id, roots, n, &item, &found);
  if (!found) return err_set(err, ERR_NOT_FOUND, "founding request: none of these root keys belongs to it");
  struct canon_writer w = canon_writer(out);
  request_write(&w, &founder, name, address, &item);
  code = canon_written(&w, "founding request", err);
  if (code != OK) out->len = before;
  return code;
}
