/*
 * signed_function: see signed_function.h.
 */
#include "node/store/signed_function.h"

#include <stdio.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/endorsement.h"
#include "protocol/record.h"

static struct view blob_of(sqlite3_value *value) {
  const void *p = sqlite3_value_blob(value);
  return view_of(p, p == NULL ? 0 : (size_t)sqlite3_value_bytes(value));
}

static void put_hash(sqlite3_context *context, const struct hash *hash) {
  char hex[HASH_HEX_LEN];
  hex_encode(hash_view(hash), hex);
  sqlite3_result_text(context, hex, -1, SQLITE_TRANSIENT);
}

/* specola_standing(number): "counts", or why it does not. */
void signed_standing(sqlite3_context *context, int n, sqlite3_value **values) {
#define STANDING(symbol, name, text) name,
  static const char *const names[] = {ENDORSEMENT_TABLE(STANDING)};
#undef STANDING
  const sqlite3_int64 standing = sqlite3_value_int64(values[0]);
  (void)n;
  if (standing < 0) {
    char name[64];
    (void)snprintf(name, sizeof name, "held(%s)", reason_name((uint64_t)-standing));
    sqlite3_result_text(context, name, -1, SQLITE_TRANSIENT);
  } else if ((size_t)standing < sizeof names / sizeof names[0]) {
    sqlite3_result_text(context, names[standing], -1, SQLITE_STATIC);
  }
}

static bool header_of(sqlite3_value *envelope, struct header *out) {
  struct view header;
  struct view signature;
  const struct view octets = blob_of(envelope);
  return octets.p != NULL && envelope_split(octets, &header, &signature) && header_decode(header, out) == REASON_NONE;
}

/* specola_named(envelope, i): its subject (0), or its i-th reference. */
void signed_named(sqlite3_context *context, int n, sqlite3_value **values) {
  struct header h;
  const sqlite3_int64 i = sqlite3_value_int64(values[1]);
  (void)n;
  if (header_of(values[0], &h) && (i == 0 ? h.has_subject : i > 0 && i <= (sqlite3_int64)h.n_refs)) {
    put_hash(context, i == 0 ? &h.subject : &h.refs[i - 1]);
  }
}

/* specola_certifies(envelope of a certificate, envelope of a record): whether the record is by the key certified. */
void signed_certifies(sqlite3_context *context, int n, sqlite3_value **values) {
  struct header certificate, record;
  (void)n;
  sqlite3_result_int(context, header_of(values[0], &certificate) && header_of(values[1], &record) &&
                                  memcmp(certificate.subject.b, record.author.b, sizeof record.author.b) == 0);
}

/* specola_name(body of a certificate): the name in it, if it is here. */
void signed_name(sqlite3_context *context, int n, sqlite3_value **values) {
  const struct view body = blob_of(values[0]);
  struct canon_reader r = canon_reader(body);
  struct view key = {NULL, 0};
  (void)n;
  for (uint32_t left = body.len == 0 ? 0 : canon_map(&r, LIMIT_LIST); left > 0 && r.fault == NULL; left--) {
    key = canon_key(&r, &key);
    if (view_is_text(key, "name") && canon_peek(&r) == CANON_STR) {
      const struct view name = canon_str(&r, LIMIT_BODY);
      sqlite3_result_text(context, (const char *)name.p, (int)name.len, SQLITE_TRANSIENT);
      return;
    }
    (void)canon_skip(&r);
  }
}
