/*
 * notices: what came is told once, over restarts too; a store without a mark begins with what comes next; a silent member once
 * for each silence; an old backup once a week.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "node/notices.h"
#include "tests/node/fixture.h"

#define NOW UINT64_C(1767225600)

static struct fixture f;
static struct err err = ERR_INIT;
static struct home home;
static char told[8192];
static unsigned room;

static bool tell(void *context, const json_t *event) {
  const char *const keys[] = {"ref", "handle", "by", "of"};
  char line[256];
  (void)context;
  if (room == 0) return false;
  room--;
  (void)snprintf(line, sizeof line, "%s", json_string_value(json_object_get(event, "event")));
  for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
    const char *value = json_string_value(json_object_get(event, keys[i]));
    if (value == NULL) continue;
    (void)strncat(line, " ", sizeof line - strlen(line) - 1);
    (void)strncat(line, value, sizeof line - strlen(line) - 1);
  }
  (void)strncat(told, line, sizeof told - strlen(told) - 1);
  (void)strncat(told, "; ", sizeof told - strlen(told) - 1);
  return true;
}

static const char *look(struct notices *n, struct fixture_node *at, const json_t *peers, uint64_t now_s) {
  const struct notices_view v = {.store = at->store,
                                 .federation = &at->federation,
                                 .schemas = f.schemas,
                                 .home = &home,
                                 .peers = peers,
                                 .uptime_s = 5,
                                 .now_s = now_s};
  told[0] = '\0';
  room = 1000;
  assert_int_equal(notices_look(n, &v, tell, NULL, &err), OK);
  return told;
}

static void begin(struct notices *n) {
  fixture_found(&f, 3, fixture_seed(), true);
  (void)snprintf(home.dir, sizeof home.dir, "%s", f.nodes[0].dir);
  notices_init(n);
  n->backup_s = NOW; /* told: not what these are about */
}

static void end(struct notices *n) {
  notices_release(n);
  fixture_release(&f);
}

static struct hash sign(struct fixture_node *at, const struct signer *who, const struct hash *object) {
  struct view octets[LIMIT_POLICIES];
  struct fixture_record record;
  assert_true(charter_policies(&f.charter, octets) > 0);
  struct header h = {.kind = KIND_ENDORSE, .has_subject = true, .subject = *object, .n_refs = 2, .refs = {*object}};
  h.refs[1] = hash_of(HASH_POLICY, octets[0], view_of(NULL, 0));
  fixture_seal(at, who, h, view_of(NULL, 0), &record);
  assert_int_equal(fixture_admit(at, &record.item).state, RECEIPT_LOGGED);
  const struct hash id = record.id;
  fixture_record_release(&record);
  return id;
}

static void what_came_is_told_once_and_over_restarts(void **state) {
  struct notices n;
  struct signer who;
  struct receipt_row row;
  struct hash object;
  (void)state;
  begin(&n);
  struct fixture_node *it = &f.nodes[0], *fr = &f.nodes[1];
  (void)fixture_publish(it, 1, &object);
  assert_string_equal(look(&n, it, NULL, NOW), ""); /* the mark begins here */
  (void)fixture_publish(it, 2, &object);
  assert_string_equal(look(&n, it, NULL, NOW), "published IT-3; ");
  assert_string_equal(look(&n, it, NULL, NOW), "");
  assert_int_equal(signer_new(&who, &err), OK);
  fixture_transfer(it, fr, 9);
  assert_int_equal(hall_certify(fr->hall, &who.pub, 5, ROLE_REVIEWER, 0, "Reviewer", &row, &err), OK);
  (void)sign(fr, &who, &object);
  (void)fixture_publish(fr, 3, NULL); /* nobody wants a review */
  fixture_transfer(fr, it, 9);
  notices_release(&n); /* the program was started anew */
  notices_init(&n);
  n.backup_s = NOW;
  assert_string_equal(look(&n, it, NULL, NOW), "endorsement IT-3 FR; ");
  assert_string_equal(look(&n, it, NULL, NOW), "");
  assert_string_equal(look(&n, fr, NULL, NOW), "published FR-4; ");
  signer_release(&who);
  end(&n);
}

static void a_flood_is_told_as_a_number(void **state) {
  struct notices n;
  (void)state;
  begin(&n);
  (void)look(&n, &f.nodes[0], NULL, NOW);
  for (uint64_t i = 0; i < NOTICES_ROWS + 3; i++)
    (void)fixture_publish(&f.nodes[0], i, NULL);
  const char *said = look(&n, &f.nodes[0], NULL, NOW);
  unsigned published = 0;
  for (const char *at = said; (at = strstr(at, "published IT-")) != NULL; at++)
    published++;
  assert_int_equal(published, NOTICES_ROWS);
  assert_non_null(strstr(said, "more published; "));
  end(&n);
}

static void a_silence_is_told_once(void **state) {
  struct notices n;
  (void)state;
  begin(&n);
  json_t *silent =
      json_pack("[{s:s, s:I}, {s:s, s:I}, {s:s, s:n}]", "handle", "FR", "last_heard_s", (json_int_t)NOTICES_SILENT_S, "handle",
                "EE", "last_heard_s", (json_int_t)10, "handle", "PT", "last_heard_s");
  json_t *heard = json_pack("[{s:s, s:I}]", "handle", "FR", "last_heard_s", (json_int_t)2);
  (void)look(&n, &f.nodes[0], NULL, NOW);
  assert_string_equal(look(&n, &f.nodes[0], silent, NOW), "peer.silent FR; ");
  assert_string_equal(look(&n, &f.nodes[0], silent, NOW), "");
  assert_string_equal(look(&n, &f.nodes[0], heard, NOW), "");
  assert_string_equal(look(&n, &f.nodes[0], silent, NOW), "peer.silent FR; ");
  json_decref(silent);
  json_decref(heard);
  end(&n);
}

static void an_old_backup_is_told_once_a_week(void **state) {
  struct notices n;
  (void)state;
  begin(&n);
  n.backup_s = 0;
  assert_string_equal(look(&n, &f.nodes[0], NULL, NOW), "backup.old; "); /* never */
  assert_string_equal(look(&n, &f.nodes[0], NULL, NOW + 100), "");
  assert_string_equal(look(&n, &f.nodes[0], NULL, NOW + NOTICES_BACKUP_AGAIN_S), "backup.old; ");
  char path[HOME_PATH_MAX];
  assert_int_equal(home_path(&home, "backup.time", path, &err), OK);
  char text[32];
  (void)snprintf(text, sizeof text, "%ju\n", (uintmax_t)NOW);
  assert_int_equal(file_write(path, view_of_text(text), true, &err), OK);
  assert_string_equal(look(&n, &f.nodes[0], NULL, NOW + 2 * NOTICES_BACKUP_AGAIN_S), "");
  assert_string_equal(look(&n, &f.nodes[0], NULL, NOW + 366 * UINT64_C(86400)), "backup.old; ");
  end(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_came_is_told_once_and_over_restarts),
      cmocka_unit_test(a_flood_is_told_as_a_number),
      cmocka_unit_test(a_silence_is_told_once),
      cmocka_unit_test(an_old_backup_is_told_once_a_week),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
