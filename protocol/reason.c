/*
 * reason: the table of the header, looked up by number.
 */
#include "protocol/reason.h"

#include <stddef.h>

struct entry {
  uint64_t number;
  const char *name, *text, *todo;
};

static const struct entry ENTRIES[] = {
#define REASON_ENTRY(symbol, number, name, text, todo) {number, name, text, todo},
    REASON_TABLE(REASON_ENTRY)
#undef REASON_ENTRY
};

static const struct entry UNKNOWN = {0, "unknown", "", ""};

static const struct entry *entry_of(uint64_t number) {
  for (size_t i = 0; i < sizeof ENTRIES / sizeof *ENTRIES; i++) {
    if (ENTRIES[i].number == number) return &ENTRIES[i];
  }
  return &UNKNOWN;
}

const char *reason_name(uint64_t number) {
  return entry_of(number)->name;
}

const char *reason_text(uint64_t number) {
  return entry_of(number)->text;
}

const char *reason_todo(uint64_t number) {
  return entry_of(number)->todo;
}
