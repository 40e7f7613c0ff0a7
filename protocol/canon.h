/*
 * canon: canonical msgpack (docs/protocol.md section 1), both ways.
 *
 * The reader is a strict, allocation-free, sticky cursor over untrusted octets: after the first violation every further read
 * returns zeros and nothing moves, so a decoder is a straight line with one check at its end. The writer packs with msgpack-c
 * in shortest forms into a buffer with a ceiling, and is sticky in the same way.
 */
#ifndef SPECOLA_PROTOCOL_CANON_H
#define SPECOLA_PROTOCOL_CANON_H

#include "keys/bytes.h"
#include "keys/hash.h"
#include "keys/sign.h"

enum canon_type { CANON_NIL, CANON_BOOL, CANON_UINT, CANON_NINT, CANON_STR, CANON_BIN, CANON_ARRAY, CANON_MAP, CANON_NONE };

/* A cursor. Initialise with canon_reader(); borrowed octets must outlive it. fault is NULL, or why the octets are refused
 * (static text), and then at holds the offset of the violation. */
struct canon_reader {
  const uint8_t *start, *p, *end;
  const char *fault;
  size_t at;
  unsigned depth; /* open arrays and maps, while a value is skipped: nesting is checked by canon_skip and canon_check */
  bool checked;   /* texts and the order of keys are not looked at again */
};

struct canon_reader canon_reader(struct view v);
/* The same over octets that canon_check has passed, or a part of them: their texts and keys are taken as they are. */
struct canon_reader canon_reader_checked(struct view v);
/* Type of the next value, CANON_NONE at the end or after a fault. Does not move. */
enum canon_type canon_peek(const struct canon_reader *r);
bool canon_at_end(const struct canon_reader *r);

/* Each reads one value of exactly that type in its shortest form. After a fault: zero, false, an empty view. */
void canon_nil(struct canon_reader *r);
bool canon_bool(struct canon_reader *r);
uint64_t canon_uint(struct canon_reader *r);                   /* at most LIMIT_NUMBER: 2^63 - 1 */
uint64_t canon_uint_max(struct canon_reader *r, uint64_t max); /* fault above max */
struct view canon_str(struct canon_reader *r, size_t max);     /* valid UTF-8 without C0 but \n \t; at most max octets */
struct view canon_bin(struct canon_reader *r, size_t max);     /* at most max octets; borrowed */
/* Number of elements (pairs) that follow, at most max and at most the octets left. */
uint32_t canon_array(struct canon_reader *r, uint32_t max);
void canon_array_exact(struct canon_reader *r, uint32_t n);
uint32_t canon_map(struct canon_reader *r, uint32_t max);
/* Reads a map key: ASCII str of 1..64 octets, strictly above *previous in the order of encoded octets (shorter length first,
 * then memcmp); *previous starts as an empty view. */
struct view canon_key(struct canon_reader *r, struct view *previous);
/* If the next value is nil consumes it and returns true; else false and nothing moves. */
bool canon_opt_nil(struct canon_reader *r);
/* Fixed-size bins. */
void canon_hash(struct canon_reader *r, struct hash *out);
void canon_pubkey(struct canon_reader *r, struct pubkey *out);
void canon_signature(struct canon_reader *r, struct signature *out);
void canon_fixed(struct canon_reader *r, uint8_t *out, size_t len);
/* Skips one whole value of any type, checking it is canonical down to LIMIT_DEPTH; returns its octets. */
struct view canon_skip(struct canon_reader *r);
/* The same for a value that stands inside so many arrays and maps, which count towards LIMIT_DEPTH. */
struct view canon_skip_inside(struct canon_reader *r, unsigned above);
/* Passes over one value of octets that canon_check has accepted before: heads and lengths only, neither text nor order of keys
 * is looked at again. Safe, but no judgement, on any others. Returns its octets. */
struct view canon_pass(struct canon_reader *r);
/* Records a violation found by a caller (static text); the first one stays. */
void canon_fail(struct canon_reader *r, const char *fault);
/* OK if nothing was violated and every octet was read; else ERR_FORMAT "what: fault at octet N". */
MUST_CHECK enum err_code canon_finish(const struct canon_reader *r, const char *what, struct err *err);
/* One whole canonical value and nothing behind it. ERR_FORMAT. */
MUST_CHECK enum err_code canon_check(struct view v, const char *what, struct err *err);
/* As canon_check, and the value is a map with at most LIMIT_LIST elements or pairs in every array and map: a body. ERR_FORMAT.
 */
MUST_CHECK enum err_code canon_check_body(struct view v, struct err *err);

/* A sticky writer over a caller's buffer. Errors (ceiling, memory) are kept and told by canon_written. */
struct canon_writer {
  struct bytes *out; /* borrowed */
  enum err_code code;
};
struct canon_writer canon_writer(struct bytes *out);
void canon_put_nil(struct canon_writer *w);
void canon_put_bool(struct canon_writer *w, bool value);
void canon_put_uint(struct canon_writer *w, uint64_t value);
void canon_put_str(struct canon_writer *w, struct view text);
void canon_put_text(struct canon_writer *w, const char *text);
void canon_put_bin(struct canon_writer *w, struct view v);
void canon_put_array(struct canon_writer *w, uint32_t n);
void canon_put_map(struct canon_writer *w, uint32_t n); /* keys are written in order by the caller */
void canon_put_hash(struct canon_writer *w, const struct hash *h);
void canon_put_opt_hash(struct canon_writer *w, const struct hash *h); /* NULL: nil */
void canon_put_pubkey(struct canon_writer *w, const struct pubkey *k);
void canon_put_signature(struct canon_writer *w, const struct signature *s);
void canon_put_raw(struct canon_writer *w, struct view encoded); /* a value that is encoded already */
/* ERR_LIMIT or ERR_MEMORY if something did not fit ("what: …"), else OK. */
MUST_CHECK enum err_code canon_written(const struct canon_writer *w, const char *what, struct err *err);

#endif
