/*
 * fuzz_message: a payload that is accepted is written again as the same octets; a window that opens stays under its limit.
 */
#include <stdlib.h>

#include "protocol/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct message m;
  struct view payload = view_of(data, size);
  struct view window;
  struct hello hello;
  struct bytes out;
  enum err_code code = message_read(payload, &m, NULL);
  require(code == OK || code == ERR_FORMAT || code == ERR_NOT_FOUND);
  require((hello_read(payload, &hello, NULL) == OK) == (code == OK && m.type == MSG_HELLO));
  if (code != ERR_FORMAT) require(message_type(payload) == m.type);
  if (code != OK) return 0;
  bytes_init(&out, size);
  require(message_write(&m, &out, NULL) == OK);
  require(view_equal(bytes_view(&out), payload));
  bytes_release(&out);
  if (m.type != MSG_DATA) return 0;
  bytes_init(&out, LIMIT_DATA_RAW);
  code = window_open(&m, &out, &window, NULL);
  require(code == OK ? window.len > 0 && window.len <= LIMIT_DATA_RAW : code == ERR_FORMAT || code == ERR_LIMIT);
  bytes_release(&out);
  return 0;
}
