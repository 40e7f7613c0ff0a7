/*
 * admit: what gets into the own log and what is refused, reason by reason; rights; milestones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "node/hall.h"
#include "node/rights.h"
#include "protocol/canon.h"
#include "tests/node/fixture.h"

static struct receipt receipt;

/* Admits a case of this JSON by an author; object and newest may be NULL. Returns the row; *id the record id. */
static struct receipt_row put(struct fixture_node *node, const struct signer *author, const char *json,
                              const struct hash *object, const struct hash *newest, struct hash *id) {
  struct fixture_record record;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  struct bytes body;
  bytes_init(&body, LIMIT_BODY);
  fixture_body(node->all, "case", json, &body);
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  fixture_seal(node, author, h, bytes_view(&body), &record);
  const struct receipt_row row = fixture_admit(node, &record.item);
  if (id != NULL) {
    *id = record.id;
  }
  bytes_release(&body);
  fixture_record_release(&record);
  return row;
}

static struct receipt_row certify(struct fixture_node *node, const struct pubkey *key, uint64_t person, uint64_t roles,
                                  const char *territory) {
  struct err err = ERR_INIT;
  struct receipt_row row;
  uint64_t number = 0;
  assert_int_equal(territory_parse(territory, &number, &err), OK);
  assert_int_equal(hall_certify(node->hall, key, person, roles, number, "Prova", &row, &err), OK);
  return row;
}

static void expect_reason(struct receipt_row row, enum reason reason) {
  if (reason == REASON_NONE ? row.state != RECEIPT_LOGGED : row.state != RECEIPT_REFUSED || row.reason != (uint64_t)reason) {
    fail_msg("%s, not %s", row.state == RECEIPT_LOGGED ? "logged" : reason_name(row.reason), reason_name((uint64_t)reason));
  }
}

#define GOOD "{\"title\": {\"it\": \"Prova\"}, \"summary\": {\"it\": \"Testo\"}, \"country\": \"IT\", \"level\": \"local\""

static void begins_with_the_identity_and_certifies_people(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct receipt_row row;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), false);
  struct fixture_node *it = &f.nodes[0];
  struct signer someone;
  assert_int_equal(signer_new(&someone, &err), OK);
  expect_reason(put(it, &it->editor, GOOD "}", NULL, NULL, NULL), REASON_NOT_YET);
  assert_null(hall_head(it->hall, &it->id, 1));
  assert_int_equal(hall_admit_identity(it->hall, &err), OK);
  assert_int_equal(hall_admit_identity(it->hall, &err), OK); /* once is enough */
  assert_int_equal(hall_head(it->hall, &it->id, 1)->size, 1);
  row = certify(it, &it->editor.pub, 0, ROLE_COORDINATOR | ROLE_EDITOR, "");
  assert_int_equal(row.index, 1);
  row = certify(it, &someone.pub, 0, ROLE_REVIEWER, "34");
  assert_int_equal(row.index, 2);
  assert_int_equal(hall_certify(it->hall, &someone.pub, 0, 1, 0, "", &row, &err), ERR_LIMIT);
  struct pubkey zero = {{0}};
  assert_true(hall_certify(it->hall, &zero, 0, 1, 0, "x", &row, &err) != OK);
  assert_int_equal(hall_head(it->hall, &it->id, 1)->size, 3);
  signer_release(&someone);
  fixture_release(&f);
}

static void each_refusal_has_its_reason(void **state) {
  static struct fixture f;
  static struct fixture elsewhere;
  struct err err = ERR_INIT;
  struct hash a;
  struct hash b;
  struct fixture_record record;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  fixture_found(&elsewhere, 1, f.seed ^ 77, true);
  struct fixture_node *it = &f.nodes[0];
  struct signer veneto;
  struct signer reviewer;
  struct signer nobody;
  assert_int_equal(signer_new(&veneto, &err), OK);
  assert_int_equal(signer_new(&reviewer, &err), OK);
  assert_int_equal(signer_new(&nobody, &err), OK);
  expect_reason(certify(it, &veneto.pub, 0, ROLE_EDITOR, "34"), REASON_NONE);
  expect_reason(certify(it, &reviewer.pub, 0, ROLE_REVIEWER, ""), REASON_NONE);
  expect_reason(put(it, &it->editor, GOOD "}", NULL, NULL, &a), REASON_NONE);
  expect_reason(put(it, &nobody, GOOD "}", NULL, NULL, NULL), REASON_AUTHOR);
  expect_reason(put(it, &reviewer, GOOD "}", NULL, NULL, NULL), REASON_RIGHTS);
  expect_reason(put(it, &it->editor, GOOD ", \"place\": {\"it\": \"Qui\"}}", &a, &a, &b), REASON_NONE);
  expect_reason(put(it, &it->editor, GOOD "}", &a, &a, NULL), REASON_STALE);
  expect_reason(put(it, &it->editor, GOOD "}", &b, &b, NULL), REASON_SUBJECT);
  expect_reason(
      put(it, &it->editor, "{\"title\": {\"it\": \"Senza\"}, \"country\": \"IT\", \"level\": \"local\"}", NULL, NULL, NULL),
      REASON_NEED);
  /* Territory: only there, also when an object is to be moved in. */
  expect_reason(put(it, &veneto, GOOD "}", NULL, NULL, NULL), REASON_TERRITORY);
  expect_reason(put(it, &veneto, GOOD ", \"regions\": [\"IT-34\", \"IT-25\"]}", NULL, NULL, NULL), REASON_TERRITORY);
  expect_reason(put(it, &veneto, GOOD ", \"regions\": [\"IT-34\"]}", NULL, NULL, NULL), REASON_NONE);
  expect_reason(put(it, &veneto, GOOD ", \"regions\": [\"IT-34\"]}", &a, &b, NULL), REASON_TERRITORY);
  /* Twice the same source and number. */
  expect_reason(put(it, &it->editor, GOOD ", \"source\": \"S\", \"source_id\": \"1\"}", NULL, NULL, &a), REASON_NONE);
  expect_reason(put(it, &it->editor, GOOD ", \"source\": \"S\", \"source_id\": \"1\", \"ongoing\": true}", NULL, NULL, NULL),
                REASON_DUPLICATE);
  expect_reason(put(it, &it->editor, GOOD ", \"source\": \"S\", \"source_id\": \"1\", \"ongoing\": true}", &a, &a, NULL),
                REASON_NONE);
  expect_reason(put(it, &it->editor, GOOD ", \"source\": \"S\", \"source_id\": \"12\"}", NULL, NULL, NULL), REASON_NONE);
  /* Another home, another federation, an unknown kind of object, a key that is not the node's. */
  fixture_case(&f.nodes[1], 1, NULL, NULL, &record);
  expect_reason(fixture_admit(it, &record.item), REASON_HOME);
  fixture_record_release(&record);
  fixture_case(&elsewhere.nodes[0], 1, NULL, NULL, &record);
  expect_reason(fixture_admit(it, &record.item), REASON_SIGNATURE);
  fixture_record_release(&record);
  const struct header odd = {.kind = KIND_VERSION, .n_args = 2, .args = {2000, 0}};
  fixture_seal(it, &it->editor, odd, view_of("\x81\xa1\x61\xa1\x62", 5), &record);
  expect_reason(fixture_admit(it, &record.item), REASON_SCHEMA);
  /* Its body is missing, or another's. */
  struct item item = record.item;
  item.state = ITEM_BODILESS;
  expect_reason(fixture_admit(it, &item), REASON_BODY);
  fixture_record_release(&record);
  fixture_case(it, 5, NULL, NULL, &record);
  record.salt.b[0] ^= 1;
  item = record.item;
  item.salt.b[0] ^= 1;
  expect_reason(fixture_admit(it, &item), REASON_BODY);
  record.envelope.p[record.envelope.len - 1] ^= 1;
  expect_reason(fixture_admit(it, &record.item), REASON_SIGNATURE);
  fixture_record_release(&record);
  const struct header reserved = {.kind = KIND_COMMENT, .has_subject = true, .n_args = 1, .args = {1}};
  fixture_seal(it, &it->editor, reserved, view_of("\x81\xa1\x61\xa1\x62", 5), &record);
  expect_reason(fixture_admit(it, &record.item), REASON_KIND);
  fixture_record_release(&record);
  const struct item nonsense = {.envelope = view_of("nonsense", 8)};
  expect_reason(fixture_admit(it, &nonsense), REASON_FORMAT);
  signer_release(&veneto);
  signer_release(&reviewer);
  signer_release(&nobody);
  fixture_release(&elsewhere);
  fixture_release(&f);
}

static void attachments_wait_for_their_exchange(void **state) {
  static struct fixture f;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  expect_reason(put(it, &it->editor, GOOD ", \"attachments\": [{\"name\": {\"it\": \"Relazione\"}}]}", NULL, NULL, NULL),
                REASON_NONE);
  expect_reason(put(it, &it->editor,
                    GOOD
                    ", \"attachments\": [{\"blob\": \"00000000000000000000000000000000000000000000000000000000000000aa\"}]}",
                    NULL, NULL, NULL),
                REASON_ATTACHMENT);
  fixture_release(&f);
}

static void what_is_logged_already_is_known_where_it_stands(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct fixture_record one;
  struct fixture_record two;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  fixture_case(it, 1, NULL, NULL, &one);
  fixture_case(it, 2, NULL, NULL, &two);
  struct fixture_record bad;
  fixture_case(it, 3, NULL, NULL, &bad);
  bad.envelope.p[bad.envelope.len - 1] ^= 4;
  const struct item items[] = {one.item, bad.item, two.item, one.item};
  assert_int_equal(hall_admit(it->hall, items, 4, &receipt, &err), OK);
  assert_int_equal(receipt.n, 4);
  assert_int_equal(receipt.rows[0].index, 2);
  assert_int_equal(receipt.rows[1].state, RECEIPT_REFUSED);
  assert_int_equal(receipt.rows[1].reason, REASON_SIGNATURE);
  assert_int_equal(receipt.rows[2].index, 3);
  assert_int_equal(receipt.rows[3].state, RECEIPT_LOGGED);
  assert_int_equal(receipt.rows[3].index, 2); /* twice in one submission: once in the log */
  assert_int_equal(hall_head(it->hall, &it->id, 1)->size, 4);
  const struct hash digest = hall_digest(it->hall);
  assert_int_equal(fixture_admit(it, &two.item).index, 3);
  const struct hash same = hall_digest(it->hall);
  assert_memory_equal(&digest, &same, sizeof digest);
  fixture_record_release(&one);
  fixture_record_release(&two);
  fixture_record_release(&bad);
  fixture_release(&f);
}

static void what_changes_nothing_leaves_the_state_in_memory(void **state) {
  static struct fixture f;
  struct fixture_record record;
  struct fixture_record bad;
  (void)state;
  fixture_found(&f, 1, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  fixture_case(it, 1, NULL, NULL, &record);
  fixture_case(it, 2, NULL, NULL, &bad);
  bad.envelope.p[bad.envelope.len - 1] ^= 4;
  const struct hash before = hall_digest(it->hall);
  const struct evaluation *held = hall_find(it->hall, &it->id, 1)->state;
  assert_non_null(held);
  assert_int_equal(fixture_admit(it, &bad.item).state, RECEIPT_REFUSED);
  assert_ptr_equal(hall_find(it->hall, &it->id, 1)->state, held); /* all certificates need not be read again */
  const struct hash after = hall_digest(it->hall);
  assert_memory_equal(&before, &after, sizeof before);
  assert_int_equal(fixture_admit(it, &record.item).index, 2);
  held = hall_find(it->hall, &it->id, 1)->state;
  assert_int_equal(fixture_admit(it, &record.item).index, 2); /* known */
  assert_ptr_equal(hall_find(it->hall, &it->id, 1)->state, held);
  fixture_record_release(&record);
  fixture_record_release(&bad);
  fixture_release(&f);
}

static void without_its_key_a_node_writes_nothing(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  struct fixture_record record;
  struct hall *replica = NULL;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  fixture_case(it, 1, NULL, NULL, &record);
  hall_close(it->hall);
  it->hall = NULL;
  struct hall_config config = {.store = it->store,
                               .federation = &it->federation,
                               .schemas = f.schemas,
                               .node_key = NULL,
                               .clock = &f.clock,
                               .entropy = &f.entropy,
                               .threads = 0};
  assert_int_equal(hall_open(&config, &replica, &err), OK);
  assert_int_equal(hall_admit(replica, &record.item, 1, &receipt, &err), ERR_REFUSED);
  hall_close(replica);
  config.node_key = &f.nodes[1].node_key;
  assert_int_equal(hall_open(&config, &replica, &err), OK);
  assert_int_equal(hall_admit(replica, &record.item, 1, &receipt, &err), ERR_REFUSED);
  hall_close(replica);
  fixture_record_release(&record);
  fixture_release(&f);
}

/* 70 bodies of 256 KiB pass 16 MiB: a milestone in between, which replicas can stop at. */
static void long_submissions_have_more_than_one_milestone(void **state) {
  static struct fixture f;
  struct err err = ERR_INIT;
  static struct fixture_record records[70];
  static struct item items[70];
  struct bytes json;
  struct bytes body;
  struct log log;
  uint64_t sizes[8];
  uint32_t n = 0;
  (void)state;
  fixture_found(&f, 2, fixture_seed(), true);
  struct fixture_node *it = &f.nodes[0];
  bytes_init(&json, 2 * LIMIT_BODY);
  bytes_init(&body, LIMIT_BODY);
  for (int i = 0; i < 70; i++) {
    bytes_clear(&json);
    bytes_clear(&body);
    assert_int_equal(bytes_printf(&json, &err, GOOD ", \"overview\": {\"it\": \"numero %d ", i), OK);
    for (int k = 0; k < 36000; k++) {
      assert_int_equal(bytes_append_text(&json, "parola ", &err), OK);
    }
    assert_int_equal(bytes_append_text(&json, "fine\"}}", &err), OK);
    fixture_body(&f, "case", bytes_text(&json), &body);
    const struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
    fixture_seal(it, &it->editor, h, bytes_view(&body), &records[i]);
    items[i] = records[i].item;
  }
  assert_int_equal(hall_admit(it->hall, items, 70, &receipt, &err), OK);
  assert_int_equal(receipt.rows[69].index, 71);
  assert_int_equal(log_find(it->store, &it->id, 1, &log, &err), OK);
  assert_int_equal(milestone_plan(it->store, log.no, 2, sizes, 8, &n, &err), OK);
  assert_int_equal(n, 2);
  assert_true(sizes[0] > 60 && sizes[0] < 70);
  fixture_transfer(it, &f.nodes[1], 3);
  assert_int_equal(hall_head(f.nodes[1].hall, &it->id, 1)->size, 72);
  for (int i = 0; i < 70; i++) {
    fixture_record_release(&records[i]);
  }
  bytes_release(&json);
  bytes_release(&body);
  fixture_release(&f);
}

static void rights_are_those_of_the_table(void **state) {
  static const uint64_t contributors[] = {1, 2, 3, 5, 9, 10, 11, 12, 13, 14, 15, 16, 1024, 5000};
  (void)state;
  for (uint64_t schema = 1; schema <= 19; schema++) {
    for (unsigned owner = RIGHTS_NEW; owner <= RIGHTS_OTHERS; owner++) {
      for (uint64_t roles = 1; roles < 32; roles++) {
        const struct certificate c = {.person = 3, .roles = roles};
        const bool own = owner != RIGHTS_OTHERS;
        bool may =
            (roles & (ROLE_COORDINATOR | ROLE_EDITOR)) != 0 && schema != 6 && schema != 8 && schema != 18 && schema != 19;
        for (size_t i = 0; i < sizeof contributors / sizeof contributors[0]; i++) {
          may = may || (contributors[i] == schema && own && (roles & ROLE_CONTRIBUTOR) != 0);
        }
        may = may || (schema == 13 && own && (roles & ROLE_REVIEWER) != 0) || ((schema == 6 || schema == 19) && own);
        assert_int_equal(rights_check(schema, &c, (enum rights_owner)owner), may ? REASON_NONE : REASON_RIGHTS);
      }
    }
    assert_int_equal(rights_own_key(schema), schema == 8 || schema == 18);
  }
  const struct certificate contributor = {.person = 3, .roles = ROLE_CONTRIBUTOR};
  assert_int_equal(rights_check(1024, &contributor, RIGHTS_OWN), REASON_NONE);
  assert_int_equal(rights_check(1024, &contributor, RIGHTS_OTHERS), REASON_RIGHTS);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(begins_with_the_identity_and_certifies_people),
      cmocka_unit_test(each_refusal_has_its_reason),
      cmocka_unit_test(attachments_wait_for_their_exchange),
      cmocka_unit_test(what_is_logged_already_is_known_where_it_stands),
      cmocka_unit_test(what_changes_nothing_leaves_the_state_in_memory),
      cmocka_unit_test(without_its_key_a_node_writes_nothing),
      cmocka_unit_test(long_submissions_have_more_than_one_milestone),
      cmocka_unit_test(rights_are_those_of_the_table),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
