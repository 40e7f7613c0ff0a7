/*
 * invite: a token is good once, for one key, until its time is over, and never parts from the certificate that it brought:
 * whatever is killed between, asking again gives the same answer. People get new keys, and keys go out of office.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/invite.h"
#include "node/store/query.h"
#include "tests/node/fixture.h"

#define IT (&f.nodes[0])
#define DAY_MS 86400000u

static struct fixture f;
static struct receipt receipt;
static struct signer ana, rui;

static void found(uint32_t n) {
  fixture_found(&f, n, fixture_seed(), true);
  assert_int_equal(signer_new(&ana, NULL), OK);
  assert_int_equal(signer_new(&rui, NULL), OK);
}

static void done(void) {
  signer_release(&ana);
  signer_release(&rui);
  fixture_release(&f);
}

static struct token invite(struct invite_wish wish, uint64_t *number) {
  struct token token;
  struct invitation made;
  struct err err = ERR_INIT;
  if (wish.days == 0) wish.days = INVITE_DAYS;
  if (hall_invite(IT->hall, &wish, &token, &made, &err) != OK) fail_msg("%s", err.message);
  if (number != NULL) *number = made.number;
  return token;
}

/* What the node answers; the ask's id stands over the row. */
static struct receipt_row ask_of(struct fixture_node *node, struct ask ask, const struct signer *who) {
  struct bytes item;
  bool strange = false;
  bytes_init(&item, LIMIT_ASK_NODE);
  assert_int_equal(ask_seal(&ask, who, &item, NULL), OK);
  assert_int_equal(hall_ask(node->hall, bytes_view(&item), &receipt, &strange, NULL), OK);
  bytes_release(&item);
  assert_int_equal(receipt.n, 1);
  assert_true(hash_equal(&receipt.rows[0].id, &ask.id));
  const uint64_t reason = receipt.rows[0].state == RECEIPT_REFUSED ? receipt.rows[0].reason : 0;
  assert_int_equal(strange, reason == REASON_TOKEN || reason == REASON_HOME || reason == REASON_FEDERATION);
  return receipt.rows[0];
}

static struct receipt_row ask(const struct token *token, const struct signer *who) {
  return ask_of(IT, (struct ask){.fed_id = f.charter.fed_id, .node = IT->id, .token = *token, .name = view_of_text("Ana")},
                who);
}

static void refused(struct receipt_row row, enum reason reason) {
  assert_int_equal(row.state, RECEIPT_REFUSED);
  assert_string_equal(reason_name(row.reason), reason_name(reason));
}

static uint64_t log_size(void) {
  return hall_head(IT->hall, &IT->id, 1)->size;
}

/* ---- who is certified ---- */

struct wanted {
  const struct pubkey *key;
  struct query_person found;
  char name[64];
};

static bool look(void *context, const struct query_person *p) {
  struct wanted *w = context;
  if (!pubkey_equal(&p->key, w->key)) return true;
  w->found = *p;
  assert_true(strlen(p->name) < sizeof w->name);
  memcpy(w->name, p->name, strlen(p->name) + 1);
  return true;
}

static struct wanted person_of(const struct signer *who) {
  struct wanted w = {.key = &who->pub};
  assert_int_equal(query_people(IT->store, &IT->federation, "IT", look, &w, NULL), OK);
  return w;
}

static void a_token_is_good_for_one_key_and_for_that_one_always(void **state) {
  (void)state;
  found(1);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER, .territory = 0}, NULL);
  const struct receipt_row first = ask(&token, &ana);
  assert_int_equal(first.state, RECEIPT_LOGGED);
  assert_int_equal(first.index, 2);
  const struct wanted w = person_of(&ana);
  assert_int_equal(w.found.roles, ROLE_REVIEWER);
  assert_int_equal(w.found.person, 2);
  assert_string_equal(w.name, "Ana");
  fixture_close(IT);
  fixture_open(IT);
  f.now_ms += (uint64_t)30 * DAY_MS; /* the answer was lost, and the laptop lay in a drawer */
  const struct receipt_row again = ask(&token, &ana);
  assert_memory_equal(&first, &again, sizeof again);
  assert_int_equal(log_size(), 3);
  refused(ask(&token, &rui), REASON_USED);
  assert_int_equal(log_size(), 3);
  done();
}

static void it_is_good_for_its_days_by_the_inviters_clock(void **state) {
  (void)state;
  found(1);
  const struct token week = invite((struct invite_wish){.roles = ROLE_EDITOR}, NULL);
  const struct token day = invite((struct invite_wish){.roles = ROLE_EDITOR, .days = 1}, NULL);
  f.now_ms += (uint64_t)7 * DAY_MS;
  refused(ask(&day, &rui), REASON_EXPIRED);
  assert_int_equal(ask(&week, &ana).state, RECEIPT_LOGGED); /* in the last second of it */
  const struct token late = invite((struct invite_wish){.roles = ROLE_EDITOR, .days = 1}, NULL);
  f.now_ms += (uint64_t)DAY_MS + 1000;
  refused(ask(&late, &rui), REASON_EXPIRED);
  assert_int_equal(log_size(), 3);
  done();
}

static void strangers_and_mixed_up_lines_are_told_apart(void **state) {
  static const struct token NONE = {{9}};
  uint64_t number = 0;
  (void)state;
  found(2);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, &number);
  const struct token node = invite((struct invite_wish){.for_node = true}, NULL);
  struct ask good = {.fed_id = f.charter.fed_id, .node = IT->id, .token = token, .name = view_of_text("Ana")}, bad = good;
  refused(ask(&NONE, &ana), REASON_TOKEN);
  refused(ask(&node, &ana), REASON_TOKEN);
  refused(ask_of(&f.nodes[1], good, &ana), REASON_HOME);
  bad.fed_id.b[0] ^= 1;
  refused(ask_of(IT, bad, &ana), REASON_FEDERATION);
  bad = good;
  bad.node = f.nodes[1].id;
  refused(ask_of(&f.nodes[1], bad, &ana), REASON_TOKEN); /* each node knows its own tokens alone */
  assert_int_equal(hall_invite_cancel(IT->hall, number, NULL), OK);
  assert_int_equal(hall_invite_cancel(IT->hall, number, NULL), OK);
  refused(ask(&token, &ana), REASON_CANCELLED);
  assert_int_equal(hall_invite_cancel(IT->hall, 99, NULL), ERR_NOT_FOUND);
  assert_int_equal(log_size(), 2);
  done();
}

static void another_signature_or_no_ask_moves_nothing(void **state) {
  struct bytes item;
  bool strange = false;
  (void)state;
  found(1);
  struct ask good = {.fed_id = f.charter.fed_id,
                     .node = IT->id,
                     .token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, NULL),
                     .name = view_of_text("Ana")};
  bytes_init(&item, LIMIT_ASK_NODE + 1);
  assert_int_equal(ask_seal(&good, &ana, &item, NULL), OK);
  item.p[item.len - 1] ^= 1;
  assert_int_equal(hall_ask(IT->hall, bytes_view(&item), &receipt, &strange, NULL), OK);
  refused(receipt.rows[0], REASON_SIGNATURE);
  struct err err = ERR_INIT;
  assert_int_equal(hall_ask(IT->hall, view_of(item.p, item.len - 1), &receipt, &strange, &err), ERR_FORMAT);
  assert_int_equal(bytes_reserve(&item, LIMIT_ASK_NODE + 1 - item.len, NULL), OK);
  assert_int_equal(hall_ask(IT->hall, view_of(item.p, LIMIT_ASK_NODE + 1), &receipt, &strange, &err), ERR_FORMAT);
  good.name = view_of_text("   "); /* no name is left of it */
  refused(ask_of(IT, good, &ana), REASON_FORMAT);
  assert_int_equal(log_size(), 2);
  assert_int_equal(ask(&good.token, &ana).state, RECEIPT_LOGGED);
  bytes_release(&item);
  done();
}

static void with_confirm_the_coordinators_word_is_waited_for(void **state) {
  uint64_t number = 0;
  struct invitation i;
  struct receipt_row row;
  (void)state;
  found(1);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER, .name = "Dr. Ana", .confirm = true}, &number);
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), ERR_REFUSED); /* nobody has asked */
  assert_int_equal(ask(&token, &ana).state, RECEIPT_QUEUED);
  assert_int_equal(ask(&token, &ana).state, RECEIPT_QUEUED);
  refused(ask(&token, &rui), REASON_USED);
  assert_int_equal(log_size(), 2);
  assert_int_equal(invitation_by_number(IT->store, number, &i, NULL), OK);
  assert_true(i.is_asked && !i.ask.is_answered && pubkey_equal(&i.ask.key, &ana.pub));
  assert_string_equal(i.ask.name, "Ana");
  f.now_ms += (uint64_t)30 * DAY_MS; /* it was asked in time */
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), OK);
  assert_int_equal(row.state, RECEIPT_LOGGED);
  assert_string_equal(person_of(&ana).name, "Dr. Ana");
  assert_int_equal(ask(&token, &ana).index, row.index);
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), ERR_MISMATCH);
  assert_int_equal(hall_invite_cancel(IT->hall, number, NULL), ERR_REFUSED);
  assert_int_equal(invitation_by_number(IT->store, number, &i, NULL), OK);
  assert_string_equal(i.ask.name, ""); /* kept no longer than it is needed */
  assert_string_equal(i.name, "");
  const struct token second = invite((struct invite_wish){.roles = ROLE_REVIEWER, .confirm = true}, &number);
  assert_int_equal(ask(&second, &rui).state, RECEIPT_QUEUED);
  assert_int_equal(hall_invite_cancel(IT->hall, number, NULL), OK); /* the words were others */
  refused(ask(&second, &rui), REASON_CANCELLED);
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), ERR_REFUSED);
  done();
}

/* ---- crashes ---- */

static int kill_self(void *context) {
  (void)context;
  (void)raise(SIGKILL);
  return 0;
}

static int kill_self_behind(void *context, sqlite3 *db, const char *name, int pages) {
  (void)db;
  (void)name;
  (void)pages;
  return kill_self(context);
}

/* The node is killed while it answers: before its commit, or behind it. */
static void ask_and_die(const struct token *token, bool behind) {
  fixture_close(IT);
  const pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    fixture_open(IT);
    if (behind) (void)sqlite3_wal_hook(store_db(IT->store), kill_self_behind, NULL);
    if (!behind) (void)sqlite3_commit_hook(store_db(IT->store), kill_self, NULL);
    (void)ask(token, &ana);
    _exit(1);
  }
  int status = 0;
  assert_int_equal(waitpid(child, &status, 0), child);
  assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  fixture_open(IT);
}

static void a_crash_leaves_token_and_certificate_together(void **state) {
  struct invitation i;
  uint64_t number = 0;
  (void)state;
  found(1);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, &number);
  ask_and_die(&token, false);
  assert_int_equal(log_size(), 2);
  assert_int_equal(invitation_by_number(IT->store, number, &i, NULL), OK);
  assert_true(i.state == INVITATION_OPEN && !i.is_asked);
  ask_and_die(&token, true);
  assert_int_equal(log_size(), 3);
  assert_int_equal(invitation_by_number(IT->store, number, &i, NULL), OK);
  assert_true(i.state == INVITATION_USED && i.ask.gen == 1 && i.ask.index == 2);
  assert_int_equal(ask(&token, &ana).index, 2);
  refused(ask(&token, &rui), REASON_USED);
  assert_int_equal(log_size(), 3);
  done();
}

static void what_cannot_be_marked_is_not_certified(void **state) {
  static const char trigger[] =
      "CREATE TEMP TRIGGER stop BEFORE UPDATE ON main.invitation BEGIN SELECT raise(ABORT, 'stop'); END";
  bool strange = false;
  struct bytes item;
  (void)state;
  found(1);
  struct ask good = {.fed_id = f.charter.fed_id,
                     .node = IT->id,
                     .token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, NULL),
                     .name = view_of_text("Ana")};
  bytes_init(&item, LIMIT_ASK);
  assert_int_equal(ask_seal(&good, &ana, &item, NULL), OK);
  assert_int_equal(sqlite3_exec(store_db(IT->store), trigger, NULL, NULL, NULL), SQLITE_OK);
  assert_int_not_equal(hall_ask(IT->hall, bytes_view(&item), &receipt, &strange, NULL), OK);
  assert_int_equal(log_size(), 2);
  assert_int_equal(sqlite3_exec(store_db(IT->store), "DROP TRIGGER stop", NULL, NULL, NULL), SQLITE_OK);
  assert_int_equal(ask(&good.token, &ana).index, 2);
  assert_int_equal(log_size(), 3);
  bytes_release(&item);
  done();
}

static void while_the_guard_is_closed_the_token_stays_good(void **state) {
  (void)state;
  found(2);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, NULL);
  fixture_close(IT);
  fixture_guard(IT);
  IT->has_head = false;
  fixture_open(IT);
  refused(ask(&token, &ana), REASON_NOT_YET);
  assert_int_equal(hall_go_alone(IT->hall, NULL), OK);
  assert_int_equal(ask(&token, &ana).state, RECEIPT_LOGGED);
  done();
}

/* ---- the same person, another key; keys that go out of office ---- */

static void a_new_key_of_a_person_replaces_the_old_one(void **state) {
  const struct people *people = NULL;
  struct receipt_row row;
  bool revoked = false;
  struct position from;
  (void)state;
  found(1);
  const struct token token = invite((struct invite_wish){.roles = ROLE_REVIEWER}, NULL);
  assert_int_equal(ask(&token, &ana).index, 2);
  assert_int_equal(hall_revoke(IT->hall, &ana.pub, NULL, &row, NULL), OK); /* 3: the laptop was stolen */
  const struct token second = invite((struct invite_wish){.roles = ROLE_REVIEWER, .person = 2}, NULL);
  refused(ask(&second, &ana), REASON_REVOKED);
  assert_int_equal(ask(&second, &rui).index, 4);
  assert_int_equal(person_of(&rui).found.person, 2);
  assert_int_equal(hall_people(IT->hall, &people, NULL), OK);
  const struct certificate *old = people_certificate(people, 1, &revoked, &from);
  assert_true(revoked && from.index == 3);
  struct bytes scratch;
  struct item item;
  struct record record;
  bytes_init(&scratch, LIMIT_ITEM);
  assert_int_equal(entry_get(IT->store, entry_rowid(1, 4), &scratch, &item, NULL), OK);
  assert_int_equal(record_open(item.envelope, &f.charter.fed_id, NULL, &record), REASON_NONE);
  assert_true(record.header.n_refs == 1 && hash_equal(&record.header.refs[0], &old->id));
  bytes_release(&scratch);
  struct invite_wish nobody = {.roles = ROLE_REVIEWER, .person = 77, .days = 7};
  struct token unused;
  struct invitation made;
  assert_int_equal(hall_invite(IT->hall, &nobody, &unused, &made, NULL), ERR_NOT_FOUND);
  done();
}

static void nobody_gets_the_key_of_another_person(void **state) {
  struct receipt_row row;
  struct invitation i;
  uint64_t number = 0;
  (void)state;
  found(1);
  assert_int_equal(hall_certify(IT->hall, &ana.pub, 0, ROLE_REVIEWER, 0, "Ana", &row, NULL), OK); /* 2: person 2 */
  const struct token first = invite((struct invite_wish){.roles = ROLE_EDITOR, .person = 1}, NULL);
  refused(ask(&first, &ana), REASON_PERSON);
  const struct token second = invite((struct invite_wish){.roles = ROLE_EDITOR, .person = 1, .confirm = true}, &number);
  assert_int_equal(ask(&second, &rui).state, RECEIPT_QUEUED);
  assert_int_equal(hall_certify(IT->hall, &rui.pub, 0, ROLE_REVIEWER, 0, "Rui", &row, NULL), OK); /* meanwhile */
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), ERR_REFUSED);
  assert_int_equal(log_size(), 4);
  assert_int_equal(person_of(&ana).found.person, 2);
  const struct token own = invite((struct invite_wish){.roles = ROLE_EDITOR, .person = 2}, NULL);
  assert_int_equal(ask(&own, &ana).state, RECEIPT_LOGGED); /* a further certificate of one's own */
  done();
}

static void a_revocation_reaches_where_it_is_told_to_and_no_further(void **state) {
  struct receipt_row row;
  struct hash id;
  struct position later = {1, 99}, back = {1, 2};
  (void)state;
  found(1);
  assert_int_equal(hall_certify(IT->hall, &ana.pub, 0, ROLE_REVIEWER, 0, "Ana", &row, NULL), OK); /* 2 */
  (void)fixture_publish(IT, 1, &id);                                                              /* 3 */
  assert_int_equal(hall_revoke(IT->hall, &rui.pub, NULL, &row, NULL), ERR_NOT_FOUND);
  assert_int_equal(hall_revoke(IT->hall, &ana.pub, &later, &row, NULL), ERR_USAGE);
  assert_int_equal(hall_revoke(IT->hall, &ana.pub, NULL, &row, NULL), OK); /* 4 */
  assert_string_equal(person_of(&ana).found.revoked_from, "IT-4");
  assert_int_equal(hall_revoke(IT->hall, &ana.pub, NULL, &row, NULL), ERR_MISMATCH);
  assert_int_equal(hall_revoke(IT->hall, &ana.pub, &back, &row, NULL), OK); /* 5 */
  assert_string_equal(person_of(&ana).found.revoked_from, "IT-2");
  assert_int_equal(hall_revoke(IT->hall, &IT->editor.pub, &back, &row, NULL), OK); /* 6: case 3 is void */
  assert_int_equal(log_size(), 7);
  done();
}

static void a_nodes_ask_is_kept_for_the_members(void **state) {
  struct invitation i;
  struct receipt_row row;
  struct bytes request, body;
  struct signer node, root;
  uint64_t number = 0;
  (void)state;
  found(1);
  assert_int_equal(signer_new(&node, NULL), OK);
  assert_int_equal(signer_new(&root, NULL), OK);
  struct identity identity = {.version = 1, .n_roots = 1, .threshold = 1, .node_key = node.pub, .gen = 1};
  identity.roots[0] = root.pub;
  memcpy(identity.curve, root.pub.b, sizeof identity.curve);
  bytes_init(&body, LIMIT_IDENTITY);
  bytes_init(&request, LIMIT_ASK_NODE);
  assert_int_equal(identity_encode(&identity, &body, NULL), OK);
  struct founder founder = {.identity_body = bytes_view(&body), .identity = identity, .handle = "PT", .country = "PT"};
  founder.node = identity_hash(bytes_view(&body));
  assert_int_equal(founding_request_encode(&founder, "Agência de prova", view_of(NULL, 0), &request, NULL), OK);
  struct ask asked = {.fed_id = f.charter.fed_id,
                      .node = IT->id,
                      .token = invite((struct invite_wish){.for_node = true}, &number),
                      .name = view_of_text("PT"),
                      .request = bytes_view(&request)};
  assert_int_equal(ask_of(IT, asked, &node).state, RECEIPT_QUEUED);
  assert_int_equal(ask_of(IT, asked, &node).state, RECEIPT_QUEUED);
  assert_int_equal(invitation_by_number(IT->store, number, &i, NULL), OK);
  assert_true(hash_equal(&i.ask.node, &founder.node));
  assert_int_equal(hall_invite_confirm(IT->hall, number, &i, &row, NULL), ERR_REFUSED); /* the members decide */
  struct bytes kept;
  uint64_t waiting = 0;
  bytes_init(&kept, LIMIT_ASK_NODE);
  assert_int_equal(invitation_request(IT->store, number, &kept, NULL), OK);
  assert_true(view_equal(bytes_view(&kept), bytes_view(&request)));
  assert_int_equal(invitation_request(IT->store, number + 1, &kept, NULL), ERR_NOT_FOUND);
  assert_int_equal(invitation_waiting(IT->store, &waiting, NULL), OK);
  assert_int_equal(waiting, 1);
  bytes_release(&kept);
  assert_int_equal(log_size(), 2);
  bytes_release(&request);
  bytes_release(&body);
  signer_release(&node);
  signer_release(&root);
  done();
}

static void an_invitation_that_could_not_be_kept_is_not_made(void **state) {
  static const struct invite_wish BAD[] = {
      {.roles = 0, .days = 7},
      {.roles = 32, .days = 7},
      {.roles = ROLE_EDITOR, .days = 0},
      {.roles = ROLE_EDITOR, .days = INVITE_DAYS_MAX + 1},
      {.roles = ROLE_EDITOR, .days = 7, .name = ""},
      {.roles = ROLE_EDITOR, .days = 7, .name = "two\nlines"},
  };
  struct token token;
  struct invitation made;
  (void)state;
  found(1);
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
    assert_int_equal(hall_invite(IT->hall, &BAD[i], &token, &made, NULL), ERR_USAGE);
  done();
}

static int start(void **state) {
  (void)state;
  return secret_start(NULL) == OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_token_is_good_for_one_key_and_for_that_one_always),
      cmocka_unit_test(it_is_good_for_its_days_by_the_inviters_clock),
      cmocka_unit_test(strangers_and_mixed_up_lines_are_told_apart),
      cmocka_unit_test(another_signature_or_no_ask_moves_nothing),
      cmocka_unit_test(with_confirm_the_coordinators_word_is_waited_for),
      cmocka_unit_test(a_crash_leaves_token_and_certificate_together),
      cmocka_unit_test(what_cannot_be_marked_is_not_certified),
      cmocka_unit_test(while_the_guard_is_closed_the_token_stays_good),
      cmocka_unit_test(a_new_key_of_a_person_replaces_the_old_one),
      cmocka_unit_test(nobody_gets_the_key_of_another_person),
      cmocka_unit_test(a_revocation_reaches_where_it_is_told_to_and_no_further),
      cmocka_unit_test(a_nodes_ask_is_kept_for_the_members),
      cmocka_unit_test(an_invitation_that_could_not_be_kept_is_not_made),
  };
  return cmocka_run_group_tests(tests, start, NULL);
}
