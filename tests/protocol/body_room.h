/*
 * body_room: a kind with a field of every sort, and bodies of it from JSON.
 */
#ifndef SPECOLA_TESTS_PROTOCOL_BODY_ROOM_H
#define SPECOLA_TESTS_PROTOCOL_BODY_ROOM_H

#include "protocol/canon.h"
#include "protocol/limits.h"
#include "protocol/schema/body.h"

#define ID "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define MINIMAL "\"title\":{\"it\":\"Uno\"},\"summary\":{\"it\":\"Due\"}"
#define COMPLETE MINIMAL ",\"level\":\"local\",\"level_note\":\"x\",\"tags\":[\"a\",\"b\"]"

struct room {
  struct schema_set *set;
  const struct schema *schema;
};

/* Setup and teardown: *state is a struct room. */
int enter(void **state);
int leave(void **state);
/* Encodes JSON; the caller releases. Findings may be NULL. */
struct bytes encode(const struct room *r, const char *json, struct findings *findings);
/* The findings of a body; the caller releases them. */
struct findings check_octets(const struct room *r, struct view body);
/* The first finding of that field and code, or NULL. */
const struct finding *find(const struct findings *f, const char *field, const char *code);
/* The body has exactly one finding, of that level, field and code. */
void expect_only(const struct room *r, struct view body, enum finding_level level, const char *field, const char *code);
/* The same of the body of JSON. */
void expect_json(const struct room *r, const char *json, enum finding_level level, const char *field, const char *code);
/* The body of JSON has no findings. */
void expect_clean(const struct room *r, const char *json);

#define BODY_TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

#endif
