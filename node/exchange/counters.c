/*
 * counters: names and sentences from the one table. See counters.h.
 */
#include "node/exchange/counters.h"

#include <string.h>

#include "protocol/message.h"

static const struct {
  const char *name, *sentence;
} TABLE[N_COUNTERS] = {
#define COUNTER_ROW(symbol, name, sentence) {name, sentence},
    COUNTERS(COUNTER_ROW)
#undef COUNTER_ROW
};

const char *counter_name(enum counter c) {
  return TABLE[c].name;
}

const char *counter_sentence(enum counter c) {
  return TABLE[c].sentence;
}

bool counter_by_name(const char *name, enum counter *out) {
  for (unsigned i = 0; i < N_COUNTERS; i++) {
    if (strcmp(TABLE[i].name, name) == 0) {
      *out = (enum counter)i;
      return true;
    }
  }
  return false;
}

bool counter_is_traffic(const char *name) {
  static const char *const PLAIN[] = {"frames.", "octets.", "entries.", "pull.done", "link.opened"};
  for (size_t i = 0; i < sizeof PLAIN / sizeof PLAIN[0]; i++) {
    if (strncmp(name, PLAIN[i], strlen(PLAIN[i])) == 0) return true;
  }
  return false;
}

enum counter counter_of_error(uint64_t code) {
  if (code < MSGERR_NO_SESSION || code > MSGERR_NOT_MEMBER) return COUNT_ERR_OTHER;
  return (enum counter)(COUNT_ERR_NO_SESSION + (unsigned)(code - MSGERR_NO_SESSION));
}
