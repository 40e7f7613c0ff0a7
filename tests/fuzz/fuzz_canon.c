/*
 * fuzz_canon: the reader of canonical msgpack on any octets. What canon_check accepts, msgpack-c unpacks and packs again to the
 * same octets; a second fold of the reader over the same octets finds the same.
 */
#include <msgpack.h>
#include <stdlib.h>

#include "protocol/canon.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct view v = view_of(data, size);
  struct canon_reader r = canon_reader(v);
  bool accepted = canon_check(v, "input", NULL) == OK;
  struct view skipped = canon_skip(&r);
  require(r.fault == NULL || (r.at <= size && skipped.len == 0));
  require(accepted == (r.fault == NULL && skipped.len == size));
  require(accepted || canon_check_body(v, NULL) != OK);
  if (accepted) check_repacks_to_itself(v);
  return 0;
}
