/*
 * fuzz_identity: who is who. The first octet chooses the decoder (identity body, identity item, address, charter item, epoch
 * body, epoch item, founding request); what is accepted is written again as the same octets, and its invariants hold.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/membership.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

/* Compares what was written into out with v, and releases it. */
static void require_same(struct bytes *out, enum err_code code, struct view v) {
  require(code == OK && view_equal(bytes_view(out), v));
  bytes_release(out);
}

static void fuzz_body(struct view v) {
  struct identity id;
  struct bytes out;
  if (identity_decode(v, &id, NULL) != OK) return;
  require(id.n_roots >= 1 && id.n_roots <= LIMIT_ROOTS && id.threshold >= 1 && id.threshold <= id.n_roots);
  bytes_init(&out, LIMIT_IDENTITY);
  require_same(&out, identity_encode(&id, &out, NULL), v);
}

static void fuzz_item(struct view v) {
  static const struct hash FED;
  struct identity_item item;
  struct identity id;
  struct bytes out;
  struct canon_reader r = canon_reader(v);
  identity_item_read(&r, &item);
  if (canon_finish(&r, "item", NULL) != OK) return;
  bytes_init(&out, v.len);
  struct canon_writer w = canon_writer(&out);
  identity_item_write(&w, &item);
  require_same(&out, canon_written(&w, "item", NULL), v);
  struct hash node = identity_hash(item.body);
  if (identity_verify(&item, &FED, &node, view_of(NULL, 0), &id, NULL) == OK) require(item.n >= id.threshold);
}

static void fuzz_address(struct view v) {
  struct address a;
  if (address_open(v, NULL, NULL, &a, NULL) != OK) return;
  require(a.n_endpoints <= LIMIT_ENDPOINTS);
  for (uint32_t i = 0; i < a.n_endpoints; i++)
    require(address_endpoint_is_valid(a.endpoints[i]));
  require(strlen(a.web) <= LIMIT_ENDPOINT);
}

static void fuzz_charter(struct view v) {
  struct charter c;
  struct bytes out;
  struct epoch e;
  if (charter_decode(v, &c, NULL) != OK) return;
  bytes_init(&out, v.len);
  require_same(&out, charter_encode(&c, &out, NULL), v);
  require(c.n_founders >= 1 && c.n_founders <= LIMIT_MEMBERS && charter_name(&c, "en").len > 0);
  if (epoch_from_charter(&c, &e, NULL, NULL) == OK) epoch_release(&e);
  charter_release(&c);
}

static void fuzz_epoch(struct view v) {
  struct epoch e;
  if (epoch_decode(v, &e, NULL) != OK) return;
  for (uint32_t i = 0; i < e.n_members; i++) {
    require(epoch_by_node(&e, &e.members[i].node) == &e.members[i]);
    require(epoch_by_roll(&e, e.members[i].roll) == &e.members[i]);
    require(epoch_by_handle(&e, e.members[i].handle) == &e.members[i] && handle_is_valid(e.members[i].handle));
  }
  require(e.n_leads >= 1 && e.n_leads <= e.n_members);
  epoch_release(&e);
}

static void fuzz_epoch_item(struct view v) {
  struct canon_reader r = canon_reader(v);
  struct view body = epoch_item_read(&r);
  if (canon_finish(&r, "item", NULL) == OK) fuzz_epoch(body);
}

static void fuzz_request(struct view v) {
  struct founder f;
  struct view name;
  struct view address;
  struct bytes out;
  char text[4 * LIMIT_NAME + 1];
  if (founding_request_decode(v, &f, &name, &address, NULL) != OK) return;
  (void)snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.p);
  bytes_init(&out, v.len);
  require_same(&out, founding_request_encode(&f, text, address, &out, NULL), v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const DECODERS[])(struct view v) = {fuzz_body,  fuzz_item,       fuzz_address, fuzz_charter,
                                                    fuzz_epoch, fuzz_epoch_item, fuzz_request};
  require(secret_start(NULL) == OK);
  if (size > 0) DECODERS[data[0] % (sizeof DECODERS / sizeof *DECODERS)](view_of(data + 1, size - 1));
  return 0;
}
