/*
 * fuzz_statement: the files of statements: a bundle of a charter and an item 12. What is accepted proves itself: it encodes to
 * itself, and what would be signed of it is a record of its federation.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/bundle.h"
#include "protocol/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static void write_again(const struct statement *s) {
  struct bytes out;
  const struct statement_parts parts = {.home = s->home,
                                        .policy = s->policy.id,
                                        .handle = s->handle,
                                        .reference = s->reference,
                                        .number = s->number,
                                        .version = s->version};
  bytes_init(&out, LIMIT_BUNDLE_ITEM);
  require(statement_write(&parts, &out, NULL) == OK && view_equal(bytes_view(&out), bytes_view(&s->octets)));
  bytes_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct view rest = view_of(data, size), payload;
  struct bundle_reader *r = NULL;
  struct bytes charter;
  struct statement s;
  enum bundle_type type = BUNDLE_END;
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  if (bundle_open(bundle_source_view, &rest, &r, NULL) == OK && bundle_next(r, &type, &payload, NULL) == OK &&
      type == BUNDLE_CHARTER && bytes_append(&charter, payload, NULL) == OK && bundle_next(r, &type, &payload, NULL) == OK &&
      type == BUNDLE_STATEMENT && statement_read(bytes_view(&charter), payload, &s, NULL) == OK) {
    write_again(&s);
    statement_release(&s);
  }
  bundle_reader_free(r);
  bytes_release(&charter);
  return 0;
}
