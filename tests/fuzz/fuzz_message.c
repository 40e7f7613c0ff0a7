/*
 * fuzz_message: a payload that is accepted is written again as the same octets; a window that opens stays under its limit, and
 * opens again after it was packed. The octets are also taken for a window: plain, and as what zstd made.
 */
#include <stdlib.h>
#include <string.h>

#include "protocol/canon.h"
#include "protocol/holds.h"
#include "protocol/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

/* How many items an array says it has. */
static uint64_t count_of(struct view window) {
  struct canon_reader r = canon_reader(window);
  return canon_array(&r, UINT32_MAX);
}

/* Opens a window. What opens is packed, and opens as the same octets. */
static void check_window(struct message *m) {
  struct bytes scratch, packed, again;
  struct view window, second;
  bytes_init(&scratch, LIMIT_DATA_RAW);
  enum err_code code = window_open(m, &scratch, &window, NULL);
  require(code == OK || code == ERR_FORMAT || code == ERR_LIMIT);
  if (code == OK) {
    require(window.len > 0 && window.len <= LIMIT_DATA_RAW && count_of(window) == m->u.data.count);
    bytes_init(&packed, window.len);
    bytes_init(&again, LIMIT_DATA_RAW);
    require(window_pack(window, &packed, &m->u.data.encoding, NULL) == OK && packed.len <= window.len);
    require((packed.len < window.len) == (m->u.data.encoding == 1));
    m->u.data.window = bytes_view(&packed);
    require(window_open(m, &again, &second, NULL) == OK && view_equal(window, second));
    require(window_pack(window, &packed, &m->u.data.encoding, NULL) == ERR_LIMIT); /* packed is full */
    m->u.data.count++;
    require(window_open(m, &again, &second, NULL) == ERR_FORMAT);
    bytes_release(&packed);
    bytes_release(&again);
  }
  bytes_release(&scratch);
}

/* The octets as the window of a DATA that says what an honest peer says, and as one of an encoding that there is not. */
static void fuzz_window(struct view v) {
  static struct message m;
  for (uint64_t encoding = 0; encoding < 3; encoding++) {
    m.type = MSG_DATA;
    m.u.data.encoding = encoding;
    m.u.data.count = count_of(v);
    m.u.data.window = v;
    check_window(&m);
  }
  struct bytes out;
  bytes_init(&out, LIMIT_DATA_RAW);
  require(window_pack(view_of(v.p, LIMIT_DATA_RAW + 1), &out, &m.u.data.encoding, NULL) == ERR_LIMIT);
  m.u.data.encoding = 0;
  m.u.data.window = view_of(v.p, LIMIT_DATA_RAW + 1);
  require(window_open(&m, &out, &v, NULL) == ERR_LIMIT);
  bytes_release(&out);
  window_release_thread();
}

static const struct signer *node_key(void) {
  static const uint8_t SEED[SEED_LEN] = {42};
  static struct signer signer;
  if (signer.secret == NULL) {
    require(secret_start(NULL) == OK);
    require(signer_from_seed(SEED, &signer, NULL) == OK);
  }
  return &signer;
}

/* A holds item that is read is sealed again as the same body. */
static void fuzz_holds(struct view item) {
  static struct holds holds;
  struct bytes again;
  if (holds_open(item, NULL, NULL, &holds, NULL) != OK) return;
  bytes_init(&again, item.len);
  require(holds_seal(&holds, NULL, node_key(), &again, NULL) == OK && again.len == item.len);
  require(memcmp(again.p, item.p, item.len - SIGNATURE_LEN) == 0);
  require(holds_open(bytes_view(&again), NULL, &node_key()->pub, &holds, NULL) == OK);
  require(!holds_replaces(&holds, &holds));
  again.p[again.len - 1] ^= 1;
  require(holds_open(bytes_view(&again), NULL, &node_key()->pub, &holds, NULL) == ERR_SIGNATURE);
  bytes_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct message m;
  struct view payload = view_of(data, size);
  struct hello hello;
  struct bytes out;
  enum err_code code = message_read(payload, &m, NULL);
  require(code == OK || code == ERR_FORMAT || code == ERR_NOT_FOUND);
  require((hello_read(payload, &hello, NULL) == OK) == (code == OK && m.type == MSG_HELLO));
  fuzz_window(payload);
  if (code == ERR_FORMAT) return 0;
  require(message_type(payload) == m.type);
  if (code != OK) return 0;
  require(message_type_name(m.type)[0] != '?');
  bytes_init(&out, size);
  require(message_write(&m, &out, NULL) == OK && view_equal(bytes_view(&out), payload));
  out.ceiling = size - 1;
  bytes_clear(&out);
  require(message_write(&m, &out, NULL) == ERR_LIMIT && out.len == 0);
  bytes_release(&out);
  if (m.type == MSG_ERR) require(message_error_name(m.u.error.code)[0] != '\0');
  if (m.type == MSG_DATA) check_window(&m);
  for (uint32_t i = 0; m.type == MSG_HOLDS && i < m.u.holds.n; i++)
    fuzz_holds(m.u.holds.items[i]);
  return 0;
}
