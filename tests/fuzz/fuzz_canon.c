/*
 * fuzz_canon: the reader of canonical msgpack on any octets. What canon_check accepts, msgpack-c unpacks and packs again to the
 * same octets; a second fold of the reader over the same octets finds the same; and the reads by type, each value written
 * again as it was read, come to the same octets. Of a value, exactly the read of its own type takes it.
 */
#include <msgpack.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static int pack_octets(void *context, const char *p, size_t len) {
  return bytes_append(context, view_of(p, len), NULL) == OK ? 0 : -1;
}

static void check_repacks_to_itself(struct view v) {
  msgpack_unpacked unpacked;
  msgpack_packer packer;
  struct bytes again;
  size_t at = 0;
  bytes_init(&again, v.len + 64);
  msgpack_unpacked_init(&unpacked);
  require(msgpack_unpack_next(&unpacked, (const char *)v.p, v.len, &at) == MSGPACK_UNPACK_SUCCESS && at == v.len);
  msgpack_packer_init(&packer, &again, pack_octets);
  require(msgpack_pack_object(&packer, unpacked.data) == 0);
  require(view_equal(v, bytes_view(&again)));
  msgpack_unpacked_destroy(&unpacked);
  bytes_release(&again);
}

/* Reads of every type, each by a cursor of its own from the same place: only the one whose turn it is does not fault, and a
 * second fault does not take the first one's place. */
static void check_types(const struct canon_reader *at) {
  enum canon_type type = canon_peek(at);
  struct canon_reader r[CANON_MAP + 1];
  for (size_t i = 0; i <= CANON_MAP; i++)
    r[i] = *at;
  canon_nil(&r[CANON_NIL]);
  (void)canon_bool(&r[CANON_BOOL]);
  (void)canon_uint_max(&r[CANON_UINT], UINT64_MAX);
  (void)canon_str(&r[CANON_STR], SIZE_MAX);
  (void)canon_bin(&r[CANON_BIN], SIZE_MAX);
  (void)canon_array(&r[CANON_ARRAY], UINT32_MAX);
  (void)canon_map(&r[CANON_MAP], UINT32_MAX);
  for (size_t i = 0; i <= CANON_MAP; i++) {
    const char *fault = r[i].fault;
    if (i == CANON_NINT) continue; /* has no read of its own */
    require((fault == NULL) == (type == i));
    if (fault == NULL) continue;
    canon_fail(&r[i], "later");
    require(r[i].fault == fault && canon_at_end(&r[i]) && canon_uint(&r[i]) == 0 && canon_peek(&r[i]) == CANON_NONE);
    require(!canon_opt_nil(&r[i]) && canon_array(&r[i], 1) == 0 && canon_bin(&r[i], 1).len == 0);
  }
}

/* A bin, by the fixed sizes too. */
static void copy_bin(struct canon_reader *r, struct canon_writer *w) {
  struct canon_reader once = *r;
  struct hash hash;
  struct signature signature;
  struct view v = canon_bin(r, SIZE_MAX);
  struct canon_reader again = once;
  canon_hash(&once, &hash);
  canon_signature(&again, &signature);
  require((once.fault == NULL) == (v.len == HASH_LEN) && (again.fault == NULL) == (v.len == SIGNATURE_LEN));
  if (v.len == HASH_LEN) {
    canon_put_opt_hash(w, &hash);
  } else if (v.len == SIGNATURE_LEN) {
    canon_put_signature(w, &signature);
  } else {
    canon_put_bin(w, v);
  }
}

/* A number and the two ceilings beside it: its own is good enough, one less is not. None is past LIMIT_NUMBER. */
static void copy_uint(struct canon_reader *r, struct canon_writer *w) {
  struct canon_reader once = *r;
  struct canon_reader under = *r;
  uint64_t n = canon_uint_max(r, UINT64_MAX);
  require(n <= LIMIT_NUMBER && canon_uint(&once) == n && once.fault == NULL);
  if (n > 0) require(canon_uint_max(&under, n - 1) == 0 && under.fault != NULL);
  canon_put_uint(w, n);
}

static void copy_value(struct canon_reader *r, struct canon_writer *w);

static void copy_elements(struct canon_reader *r, struct canon_writer *w, bool is_map) {
  struct canon_reader under = *r;
  struct canon_reader exact = *r;
  struct view previous = view_of(NULL, 0);
  uint32_t n = is_map ? canon_map(r, UINT32_MAX) : canon_array(r, UINT32_MAX);
  if (n > 0) require((is_map ? canon_map(&under, n - 1) : canon_array(&under, n - 1)) == 0 && under.fault != NULL);
  canon_array_exact(&exact, n + 1);
  require(exact.fault != NULL);
  if (is_map) {
    canon_put_map(w, n);
  } else {
    canon_put_array(w, n);
  }
  for (uint32_t i = 0; i < n; i++) {
    char name[65] = {0};
    struct view key = is_map ? canon_key(r, &previous) : view_of(NULL, 0);
    if (is_map) require(r->fault == NULL && key.len > 0 && key.len < sizeof name);
    if (is_map) memcpy(name, key.p, key.len);
    if (is_map) canon_put_text(w, name);
    copy_value(r, w);
  }
}

/* Reads the value by its type and writes it. r has been accepted before. */
static void copy_value(struct canon_reader *r, struct canon_writer *w) {
  check_types(r);
  switch (canon_peek(r)) {
  case CANON_NIL:
    require(canon_opt_nil(r));
    canon_put_nil(w);
    break;
  case CANON_BOOL:
    canon_put_bool(w, canon_bool(r));
    break;
  case CANON_UINT:
    copy_uint(r, w);
    break;
  case CANON_NINT: /* nobody reads one: it can only be skipped */
    canon_put_raw(w, canon_skip(r));
    break;
  case CANON_STR:
    canon_put_str(w, canon_str(r, SIZE_MAX));
    break;
  case CANON_BIN:
    copy_bin(r, w);
    break;
  case CANON_ARRAY:
    copy_elements(r, w, false);
    break;
  case CANON_MAP:
    copy_elements(r, w, true);
    break;
  case CANON_NONE:
    abort();
  }
}

/* Copies v into a buffer of the given ceiling. */
static enum err_code copy(struct view v, size_t ceiling, struct bytes *out) {
  struct canon_reader r = canon_reader(v);
  bytes_init(out, ceiling);
  struct canon_writer w = canon_writer(out);
  copy_value(&r, &w);
  require(canon_finish(&r, "copy", NULL) == OK);
  return canon_written(&w, "copy", NULL);
}

/* Read and written by type, v is itself again; where one octet of room is missing, the writer says so. */
static void check_copies(struct view v) {
  struct bytes out;
  require(copy(v, v.len, &out) == OK && view_equal(v, bytes_view(&out)));
  bytes_release(&out);
  require(copy(v, v.len - 1, &out) == ERR_LIMIT);
  struct canon_writer w = canon_writer(&out);
  canon_put_bin(&w, view_of(v.p, (size_t)UINT32_MAX + 1)); /* is refused before it is looked at */
  require(canon_written(&w, "bin", NULL) == ERR_LIMIT);
  canon_put_str(&w, v);
  canon_put_opt_hash(&w, NULL);
  require(canon_written(&w, "bin", NULL) == ERR_LIMIT);
  bytes_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct view v = view_of(data, size);
  struct canon_reader r = canon_reader(v);
  struct canon_reader passer = canon_reader(v);
  bool accepted = canon_check(v, "input", NULL) == OK;
  struct view skipped = canon_skip(&r);
  require(r.fault == NULL || (r.at <= size && skipped.len == 0));
  require(accepted == (r.fault == NULL && skipped.len == size));
  struct view passed = canon_pass(&passer); /* what is skipped is passed as well, and comes to the same octets */
  require(passed.len <= size && (passer.fault == NULL) == (passed.len > 0));
  require(r.fault != NULL || view_equal(passed, skipped));
  require(accepted || canon_check_body(v, NULL) != OK);
  if (!accepted) {
    struct canon_reader start = canon_reader(v);
    struct pubkey key; /* whatever v begins with: not more than one type of it is read */
    canon_pubkey(&start, &key);
    return 0;
  }
  check_repacks_to_itself(v);
  check_copies(v);
  return 0;
}
