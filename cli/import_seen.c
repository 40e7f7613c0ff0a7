/*
 * import_seen: a table of hashes (see import_seen.h).
 */
#include "cli/import_seen.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 256

void import_seen_release(struct import_seen *s) {
  free(s->rows);
  memset(s, 0, sizeof *s);
}

/* The place of an object: its own, or the free one where it would go. The keys are hashes already. */
static struct seen_row *place_of(struct seen_row *rows, size_t room, const struct hash *object) {
  size_t at = 0;
  memcpy(&at, object->b, sizeof at);
  for (at &= room - 1; rows[at].row != 0 && !hash_equal(&rows[at].object, object); at = (at + 1) & (room - 1)) {
  }
  return &rows[at];
}

const struct seen_row *import_seen_get(const struct import_seen *s, const struct hash *object) {
  const struct seen_row *place = s->room == 0 ? NULL : place_of(s->rows, s->room, object);
  return place == NULL || place->row == 0 ? NULL : place;
}

static enum err_code grow(struct import_seen *s, struct err *err) {
  const size_t room = s->room == 0 ? ROOM_FIRST : 2 * s->room;
  struct seen_row *rows = calloc(room, sizeof *rows);
  if (rows == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  for (size_t i = 0; i < s->room; i++) {
    if (s->rows[i].row != 0) {
      *place_of(rows, room, &s->rows[i].object) = s->rows[i];
    }
  }
  free(s->rows);
  s->rows = rows;
  s->room = room;
  return OK;
}

enum err_code import_seen_put(struct import_seen *s, const struct seen_row *row, struct err *err) {
  if (2 * (s->n + 1) > s->room && grow(s, err) != OK) {
    return ERR_MEMORY;
  }
  struct seen_row *place = place_of(s->rows, s->room, &row->object);
  s->n += place->row == 0;
  *place = *row;
  return OK;
}
