/*
 * findings: the growing list of what is to be said about a body (body.h).
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"
#include "protocol/schema/lines.h"

#define FIRST_ROOM 4u

void findings_release(struct findings *f) {
  free(f->items);
  memset(f, 0, sizeof *f);
}

static bool grow(struct findings *f) {
  if ((f->n & (f->n - 1)) != 0 || (f->n != 0 && f->n < FIRST_ROOM)) return true; /* room doubles at each power of two */
  const size_t room = f->n == 0 ? FIRST_ROOM : 2 * f->n;
  struct finding *items = realloc(f->items, room * sizeof *items);
  if (items == NULL) return false;
  f->items = items;
  return true;
}

/* Cuts a text at the last whole character, after vsnprintf has cut it at an octet, and makes control characters visible. */
static void clean(char *text) {
  size_t len = strlen(text);
  size_t good = text_valid_prefix(view_of(text, len));
  while (good < len) {
    if (len - good < 4) { /* a character that was cut */
      text[good] = '\0';
      return;
    }
    text[good] = '?';
    good = text_valid_prefix(view_of(text, len));
  }
}

/* A place for one more; NULL: there is none. In a full list the last one that refuses nothing gives way to one that does, so
 * that n_refused > 0 means that one of them is in the list. */
static struct finding *room_for(struct findings *f, enum finding_level level) {
  if (f->n < LIMIT_FINDINGS && grow(f)) return &f->items[f->n++];
  for (size_t i = f->n; level == FINDING_REFUSED && i-- > 0;) {
    if (f->items[i].level == FINDING_REFUSED) continue;
    memmove(&f->items[i], &f->items[i + 1], (f->n - i - 1) * sizeof f->items[0]);
    f->n_more++;
    return &f->items[f->n - 1];
  }
  return NULL;
}

bool findings_want(const struct findings *f, enum finding_level level) {
  return level == FINDING_REFUSED || !f->only_refused;
}

void findings_add(struct findings *f, enum finding_level level, const char *field, const char *code, const char *format, ...) {
  if (!findings_want(f, level)) return;
  f->n_refused += level == FINDING_REFUSED;
  f->n_lacking += level == FINDING_LACKING;
  f->n_warnings += level == FINDING_WARNING;
  struct finding *item = room_for(f, level);
  if (item == NULL) {
    f->n_more++;
    return;
  }
  memset(item, 0, sizeof *item);
  item->level = level;
  (void)snprintf(item->field, sizeof item->field, "%s", field);
  (void)snprintf(item->code, sizeof item->code, "%s", code);
  va_list args;
  va_start(args, format);
  (void)vsnprintf(item->message, sizeof item->message, format, args);
  va_end(args);
  clean(item->message);
}
