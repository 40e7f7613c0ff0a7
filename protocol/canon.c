/*
 * canon: the reader of canonical msgpack (docs/protocol.md section 1). The writer is canon_writer.c.
 *
 * In come untrusted octets: every value begins with head_read(), which knows each first octet by table and refuses whatever is
 * not the shortest form, or a number past LIMIT_NUMBER. canon_skip() walks a whole value with a stack of LIMIT_DEPTH places and
 * no recursion. The tests hold this reader against msgpack-c, which packs and unpacks the same octets by other code.
 */
#include "protocol/canon.h"

#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"

#define KEY_MAX 64 /* octets of a map key */

/* ---- reader: heads ---- */

/* What stands at the beginning of a value. number: the integer, the bool, the octets of a str or bin, the count of elements or
 * pairs. Negative integers are only ever skipped, so theirs is not kept. */
struct head {
  enum canon_type type;
  uint64_t number;
};

/* First octets 0xc0..0xdf: type, octets of the number behind, and the smallest number that needs so many (of a negative
 * integer: the smallest magnitude). */
struct form {
  enum canon_type type;
  unsigned width;
  uint64_t least;
};

static const struct form FORMS[32] = {
    [0x00] = {CANON_NIL, 0, 0},
    [0x01] = {CANON_NONE, 0, 0}, /* never used */
    [0x02] = {CANON_BOOL, 0, 0},
    [0x03] = {CANON_BOOL, 0, 0},
    [0x04] = {CANON_BIN, 1, 0},
    [0x05] = {CANON_BIN, 2, 0x100},
    [0x06] = {CANON_BIN, 4, 0x10000},
    [0x07] = {CANON_NONE, 0, 0}, /* extensions */
    [0x08] = {CANON_NONE, 0, 0},
    [0x09] = {CANON_NONE, 0, 0},
    [0x0a] = {CANON_NONE, 0, 0}, /* floats */
    [0x0b] = {CANON_NONE, 0, 0},
    [0x0c] = {CANON_UINT, 1, 0x80},
    [0x0d] = {CANON_UINT, 2, 0x100},
    [0x0e] = {CANON_UINT, 4, 0x10000},
    [0x0f] = {CANON_UINT, 8, UINT64_C(0x100000000)},
    [0x10] = {CANON_NINT, 1, 33},
    [0x11] = {CANON_NINT, 2, 129},
    [0x12] = {CANON_NINT, 4, 32769},
    [0x13] = {CANON_NINT, 8, UINT64_C(2147483649)},
    [0x14] = {CANON_NONE, 0, 0}, /* extensions of fixed size */
    [0x15] = {CANON_NONE, 0, 0},
    [0x16] = {CANON_NONE, 0, 0},
    [0x17] = {CANON_NONE, 0, 0},
    [0x18] = {CANON_NONE, 0, 0},
    [0x19] = {CANON_STR, 1, 32},
    [0x1a] = {CANON_STR, 2, 0x100},
    [0x1b] = {CANON_STR, 4, 0x10000},
    [0x1c] = {CANON_ARRAY, 2, 16},
    [0x1d] = {CANON_ARRAY, 4, 0x10000},
    [0x1e] = {CANON_MAP, 2, 16},
    [0x1f] = {CANON_MAP, 4, 0x10000},
};

static size_t octets_left(const struct canon_reader *r) {
  return (size_t)(r->end - r->p);
}

static void fail_at(struct canon_reader *r, const uint8_t *where, const char *fault) {
  if (r->fault != NULL) return;
  r->fault = fault;
  r->at = (size_t)(where - r->start);
}

static uint64_t number_read(const uint8_t *p, unsigned width) {
  uint64_t number = 0;
  for (unsigned i = 0; i < width; i++)
    number = number << 8 | p[i];
  return number;
}

/* Whether an integer of width octets in two's complement is negative, with a magnitude of at least least. */
static bool is_negative_from(uint64_t number, unsigned width, uint64_t least) {
  unsigned bits = 8 * width;
  if ((number >> (bits - 1) & 1) == 0) return false;
  uint64_t magnitude = 0 - number;
  if (bits < 64) magnitude &= (UINT64_C(1) << bits) - 1;
  return magnitude >= least;
}

/* Reads a head whose first octet is 0xc0..0xdf. */
static bool head_read_long(struct canon_reader *r, struct head *h) {
  const struct form *form = &FORMS[*r->p & 0x1f];
  if (form->type == CANON_NONE) {
    fail_at(r, r->p, "a type that is not allowed");
    return false;
  }
  h->type = form->type;
  if (form->width == 0) {
    h->number = *r->p & 1;
    r->p++;
    return true;
  }
  if (octets_left(r) <= form->width) {
    fail_at(r, r->p, "the octets end too early");
    return false;
  }
  h->number = number_read(r->p + 1, form->width);
  bool shortest = form->type == CANON_NINT ? is_negative_from(h->number, form->width, form->least) : h->number >= form->least;
  if (!shortest) {
    fail_at(r, r->p, "not the shortest form");
    return false;
  }
  if (form->type == CANON_UINT && h->number > LIMIT_NUMBER) {
    fail_at(r, r->p, "the number is too large");
    return false;
  }
  r->p += 1 + form->width;
  return true;
}

/* Reads the head of the next value and moves behind it. False after a fault. */
static bool head_read(struct canon_reader *r, struct head *h) {
  if (r->fault != NULL) return false;
  if (r->p == r->end) {
    fail_at(r, r->p, "the octets end too early");
    return false;
  }
  uint8_t c = *r->p;
  if (c >= 0xc0 && c < 0xe0) return head_read_long(r, h);
  if (c < 0x80) {
    *h = (struct head){CANON_UINT, c};
  } else if (c < 0x90) {
    *h = (struct head){CANON_MAP, c & 0x0f};
  } else if (c < 0xa0) {
    *h = (struct head){CANON_ARRAY, c & 0x0f};
  } else if (c < 0xc0) {
    *h = (struct head){CANON_STR, c & 0x1f};
  } else {
    *h = (struct head){CANON_NINT, 0};
  }
  r->p++;
  return true;
}

/* Reads a head of one type and returns its number; wrong is the fault when it is of another. A fault leaves r where it was. */
static bool head_expect(struct canon_reader *r, enum canon_type type, const char *wrong, uint64_t *number) {
  const uint8_t *before = r->p;
  struct head h;
  if (!head_read(r, &h)) return false;
  if (h.type != type) {
    r->p = before;
    fail_at(r, before, wrong);
    return false;
  }
  *number = h.number;
  return true;
}

/* Moves over len octets, the content of a str or bin. Empty, with a fault, when there are fewer. */
static struct view content_read(struct canon_reader *r, const uint8_t *head, uint64_t len) {
  if (len > octets_left(r)) {
    r->p = head;
    fail_at(r, head, "the octets end too early");
    return view_of(NULL, 0);
  }
  struct view content = view_of(r->p, (size_t)len);
  r->p += len;
  return content;
}

/* As content_read, and the octets must be the protocol's text. */
static struct view text_read(struct canon_reader *r, const uint8_t *head, uint64_t len) {
  struct view text = content_read(r, head, len);
  if (r->checked) return text;
  size_t good = text_valid_prefix(text);
  if (good == text.len) return text;
  r->p = head;
  fail_at(r, text.p + good, "not UTF-8, or a control character");
  return view_of(NULL, 0);
}

/* ---- reader: values ---- */

struct canon_reader canon_reader(struct view v) {
  static const uint8_t NOTHING[1] = {0};
  const uint8_t *p = v.p == NULL ? NOTHING : v.p;
  return (struct canon_reader){.start = p, .p = p, .end = p + v.len};
}

struct canon_reader canon_reader_checked(struct view v) {
  struct canon_reader r = canon_reader(v);
  r.checked = true;
  return r;
}

enum canon_type canon_peek(const struct canon_reader *r) {
  if (r->fault != NULL || r->p == r->end) return CANON_NONE;
  uint8_t c = *r->p;
  if (c < 0x80) return CANON_UINT;
  if (c < 0x90) return CANON_MAP;
  if (c < 0xa0) return CANON_ARRAY;
  if (c < 0xc0) return CANON_STR;
  return c < 0xe0 ? FORMS[c & 0x1f].type : CANON_NINT;
}

bool canon_at_end(const struct canon_reader *r) {
  return r->fault != NULL || r->p == r->end;
}

void canon_nil(struct canon_reader *r) {
  uint64_t unused;
  (void)head_expect(r, CANON_NIL, "nil expected", &unused);
}

bool canon_bool(struct canon_reader *r) {
  uint64_t number = 0;
  return head_expect(r, CANON_BOOL, "bool expected", &number) && number == 1;
}

uint64_t canon_uint(struct canon_reader *r) {
  return canon_uint_max(r, LIMIT_NUMBER);
}

uint64_t canon_uint_max(struct canon_reader *r, uint64_t max) {
  const uint8_t *before = r->p;
  uint64_t number = 0;
  if (!head_expect(r, CANON_UINT, "unsigned integer expected", &number)) return 0;
  if (number <= max) return number;
  r->p = before;
  fail_at(r, before, "the number is too large");
  return 0;
}

/* The head of a str or bin of at most max octets. */
static bool length_read(struct canon_reader *r, enum canon_type type, const char *wrong, size_t max, uint64_t *len) {
  const uint8_t *before = r->p;
  if (!head_expect(r, type, wrong, len)) return false;
  if (*len <= max) return true;
  r->p = before;
  fail_at(r, before, "too long");
  return false;
}

struct view canon_str(struct canon_reader *r, size_t max) {
  const uint8_t *before = r->p;
  uint64_t len = 0;
  if (!length_read(r, CANON_STR, "str expected", max, &len)) return view_of(NULL, 0);
  return text_read(r, before, len);
}

struct view canon_bin(struct canon_reader *r, size_t max) {
  const uint8_t *before = r->p;
  uint64_t len = 0;
  if (!length_read(r, CANON_BIN, "bin expected", max, &len)) return view_of(NULL, 0);
  return content_read(r, before, len);
}

/* The head of an array or map of at most max elements or pairs, and at most the octets left. */
static uint32_t count_read(struct canon_reader *r, enum canon_type type, const char *wrong, uint32_t max) {
  const uint8_t *before = r->p;
  uint64_t n = 0;
  if (!head_expect(r, type, wrong, &n)) return 0;
  if (n <= max && n <= octets_left(r)) return (uint32_t)n;
  r->p = before;
  fail_at(r, before, n > max ? "too many elements" : "more elements than octets");
  return 0;
}

uint32_t canon_array(struct canon_reader *r, uint32_t max) {
  return count_read(r, CANON_ARRAY, "array expected", max);
}

void canon_array_exact(struct canon_reader *r, uint32_t n) {
  const uint8_t *before = r->p;
  if (canon_array(r, UINT32_MAX) == n || r->fault != NULL) return;
  r->p = before;
  fail_at(r, before, "another number of elements");
}

uint32_t canon_map(struct canon_reader *r, uint32_t max) {
  return count_read(r, CANON_MAP, "map expected", max);
}

static bool is_ascii(struct view v) {
  uint8_t all = 0;
  for (size_t i = 0; i < v.len; i++)
    all |= v.p[i];
  return all < 0x80;
}

/* What is wrong with a map key that follows *previous; NULL if nothing. */
static const char *key_fault(struct view key, struct view previous) {
  if (key.len == 0) return "an empty key";
  if (!is_ascii(key)) return "a key that is not ASCII";
  if (key.len < previous.len) return "keys out of order";
  if (key.len > previous.len) return NULL;
  int order = memcmp(key.p, previous.p, key.len);
  if (order > 0) return NULL;
  return order == 0 ? "a key twice" : "keys out of order";
}

struct view canon_key(struct canon_reader *r, struct view *previous) {
  const uint8_t *before = r->p;
  struct view key = canon_str(r, KEY_MAX);
  if (r->fault != NULL) return key;
  const char *fault = r->checked ? NULL : key_fault(key, *previous);
  if (fault != NULL) {
    r->p = before;
    fail_at(r, before, fault);
    return view_of(NULL, 0);
  }
  *previous = key;
  return key;
}

bool canon_opt_nil(struct canon_reader *r) {
  if (canon_peek(r) != CANON_NIL) return false;
  r->p++;
  return true;
}

void canon_fixed(struct canon_reader *r, uint8_t *out, size_t len) {
  const uint8_t *before = r->p;
  struct view v = canon_bin(r, len);
  if (r->fault == NULL && v.len == len) {
    if (len > 0) memcpy(out, v.p, len);
    return;
  }
  if (r->fault == NULL) {
    r->p = before;
    fail_at(r, before, "a bin of another length");
  }
  memset(out, 0, len);
}

void canon_hash(struct canon_reader *r, struct hash *out) {
  canon_fixed(r, out->b, sizeof out->b);
}

void canon_pubkey(struct canon_reader *r, struct pubkey *out) {
  canon_fixed(r, out->b, sizeof out->b);
}

void canon_signature(struct canon_reader *r, struct signature *out) {
  canon_fixed(r, out->b, sizeof out->b);
}

/* ---- reader: whole values ---- */

/* An array or map that is being skipped. */
struct level {
  uint64_t left; /* elements or pairs still to come, the one in hand included; never 0 */
  bool is_map;
  struct view key; /* the key before; empty at the first */
};

/* Opens an array or map: a further level when it is not empty. */
static void level_open(struct canon_reader *r, struct level *levels, const uint8_t *head, const struct head *h, uint32_t max) {
  if (r->depth == LIMIT_DEPTH) {
    fail_at(r, head, "nested too deeply");
  } else if (h->number > max) {
    fail_at(r, head, "too many elements");
  } else if (h->number > octets_left(r)) {
    fail_at(r, head, "more elements than octets");
  } else if (h->number > 0) {
    levels[r->depth++] = (struct level){.left = h->number, .is_map = h->type == CANON_MAP};
  }
}

/* Skips one value or opens it; returns whether it was opened. */
static bool step(struct canon_reader *r, struct level *levels, uint32_t max) {
  const uint8_t *before = r->p;
  struct head h;
  if (!head_read(r, &h)) return false;
  unsigned depth = r->depth;
  switch (h.type) {
  case CANON_STR:
    (void)text_read(r, before, h.number);
    break;
  case CANON_BIN:
    (void)content_read(r, before, h.number);
    break;
  case CANON_ARRAY:
  case CANON_MAP:
    level_open(r, levels, before, &h, max);
    break;
  case CANON_NIL:
  case CANON_BOOL:
  case CANON_UINT:
  case CANON_NINT:
  case CANON_NONE:
    break;
  }
  return r->depth > depth;
}

/* Closes every level of the value whose last element has just ended. */
static void levels_close(struct canon_reader *r, struct level *levels, unsigned above) {
  while (r->depth > above && --levels[r->depth - 1].left == 0)
    r->depth--;
}

/* canon_skip_inside with at most max elements in every array and pairs in every map. */
static struct view skip(struct canon_reader *r, unsigned above, uint32_t max) {
  struct level levels[LIMIT_DEPTH] = {{.left = 0}};
  const uint8_t *from = r->p;
  r->depth = above < LIMIT_DEPTH ? above : LIMIT_DEPTH;
  do {
    if (r->depth > above && levels[r->depth - 1].is_map) (void)canon_key(r, &levels[r->depth - 1].key);
    if (!step(r, levels, max)) levels_close(r, levels, above);
  } while (r->depth > above && r->fault == NULL);
  r->depth = 0;
  if (r->fault == NULL) return view_of(from, (size_t)(r->p - from));
  r->p = from;
  return view_of(NULL, 0);
}

struct view canon_skip(struct canon_reader *r) {
  return skip(r, 0, UINT32_MAX);
}

struct view canon_skip_inside(struct canon_reader *r, unsigned above) {
  return skip(r, above, UINT32_MAX);
}

struct view canon_pass(struct canon_reader *r) {
  const uint8_t *from = r->p;
  uint64_t left = 1; /* values still to pass; each stands for an octet at least, so it cannot grow past the octets left */
  while (left > 0) {
    const uint8_t *before = r->p;
    struct head h;
    if (!head_read(r, &h)) break;
    left--;
    if (h.type == CANON_STR || h.type == CANON_BIN) (void)content_read(r, before, h.number);
    if (h.type == CANON_ARRAY) left += h.number;
    if (h.type == CANON_MAP) left += 2 * h.number;
    if (left > octets_left(r)) fail_at(r, before, "the octets end too early");
  }
  if (r->fault == NULL) return view_of(from, (size_t)(r->p - from));
  r->p = from;
  return view_of(NULL, 0);
}

void canon_fail(struct canon_reader *r, const char *fault) {
  fail_at(r, r->p, fault);
}

enum err_code canon_finish(const struct canon_reader *r, const char *what, struct err *err) {
  if (r->fault != NULL) return err_set(err, ERR_FORMAT, "%s: %s at octet %zu", what, r->fault, r->at);
  if (r->p == r->end) return OK;
  return err_set(err, ERR_FORMAT, "%s: something stands behind the value at octet %zu", what, (size_t)(r->p - r->start));
}

enum err_code canon_check(struct view v, const char *what, struct err *err) {
  struct canon_reader r = canon_reader(v);
  (void)canon_skip(&r);
  return canon_finish(&r, what, err);
}

enum err_code canon_check_body(struct view v, struct err *err) {
  struct canon_reader r = canon_reader(v);
  if (canon_peek(&r) != CANON_MAP) canon_fail(&r, "map expected");
  (void)skip(&r, 0, LIMIT_LIST);
  return canon_finish(&r, "body", err);
}
