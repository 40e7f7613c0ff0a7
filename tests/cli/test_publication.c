/* Which version a new one must name, when a revocation made some of the chain void. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/publication.h"
#include "tests/node/fixture.h"

/* One node with an editor (person 1) and a second one, who may be revoked. */
struct scene {
  struct fixture f;
  struct signer second;
  struct here here; /* all of it borrowed from f */
};

static void set(struct scene *s) {
  struct err err = ERR_INIT;
  struct receipt_row row;
  memset(s, 0, sizeof *s);
  fixture_found(&s->f, 1, fixture_seed(), true);
  struct fixture_node *it = &s->f.nodes[0];
  assert_int_equal(signer_new(&s->second, &err), OK);
  assert_int_equal(hall_certify(it->hall, &s->second.pub, 0, ROLE_EDITOR, 0, "Second", &row, &err), OK);
  assert_int_equal(row.state, RECEIPT_LOGGED);
}

static void release(struct scene *s) {
  signer_release(&s->second);
  fixture_release(&s->f);
}

/* A version by author, admitted. Returns its index. */
static uint64_t publish(struct scene *s, const struct signer *author, uint64_t n, const struct hash *object,
                        const struct hash *newest, struct hash *id) {
  struct fixture_record record;
  struct bytes body;
  struct header h = {.kind = KIND_VERSION, .n_args = 2, .args = {1, 0}};
  if (object != NULL) {
    h.has_subject = true;
    h.subject = *object;
    h.n_refs = 1;
    h.refs[0] = *newest;
  }
  bytes_init(&body, LIMIT_BODY);
  fixture_case_body(&s->f, n, &body);
  fixture_seal(&s->f.nodes[0], author, h, bytes_view(&body), &record);
  const struct receipt_row row = fixture_admit(&s->f.nodes[0], &record.item);
  assert_int_equal(row.state, RECEIPT_LOGGED);
  *id = record.id;
  fixture_record_release(&record);
  bytes_release(&body);
  return row.index;
}

/* Everything that the second one signed from that entry on. */
static void revoke(struct scene *s, uint64_t from) {
  struct fixture_record record;
  struct fixture_node *it = &s->f.nodes[0];
  struct header h = {.kind = KIND_REVOKE, .has_subject = true, .n_args = 2, .args = {1, from}};
  memcpy(h.subject.b, s->second.pub.b, sizeof h.subject.b);
  fixture_seal(it, &it->node_key, h, view_of(NULL, 0), &record);
  assert_int_equal(fixture_admit(it, &record.item).state, RECEIPT_LOGGED);
  fixture_record_release(&record);
}

static enum err_code by_name(struct scene *s, const char *name, struct version_of *out, struct err *err) {
  struct fixture_node *it = &s->f.nodes[0];
  s->here.store = it->store;
  s->here.federation = it->federation;
  s->here.schemas = s->f.schemas;
  return version_by_name(&s->here, name, out, err);
}

static void a_new_version_names_the_end_of_the_chain_be_it_void(void **state) {
  struct scene s;
  struct err err = ERR_INIT;
  struct version_of v;
  struct hash first, second, third;
  (void)state;
  set(&s);
  const struct signer *editor = &s.f.nodes[0].editor;
  const uint64_t at = publish(&s, editor, 1, NULL, NULL, &first); /* IT-3 */
  assert_int_equal(at, 3);
  assert_int_equal(by_name(&s, "IT-3", &v, &err), OK);
  assert_memory_equal(&v.newest, &first, sizeof first);
  const uint64_t from = publish(&s, &s.second, 2, &first, &first, &second); /* IT-4 */
  revoke(&s, from);
  assert_int_equal(by_name(&s, "IT-3", &v, &err), OK);
  assert_memory_equal(&v.object, &first, sizeof first);
  assert_memory_equal(&v.newest, &second, sizeof second);
  assert_memory_equal(&v.author, &editor->pub, sizeof v.author);
  assert_int_equal(v.rowid & 0xff, 3);
  /* What names it follows; and counts again. */
  (void)publish(&s, editor, 3, &v.object, &v.newest, &third);
  assert_int_equal(by_name(&s, "IT-3", &v, &err), OK);
  assert_memory_equal(&v.newest, &third, sizeof third);
  release(&s);
}

static void an_object_of_which_every_version_is_void_has_none_to_follow(void **state) {
  struct scene s;
  struct err err = ERR_INIT;
  struct version_of v;
  struct hash id;
  (void)state;
  set(&s);
  revoke(&s, publish(&s, &s.second, 1, NULL, NULL, &id));
  assert_int_equal(by_name(&s, "IT-3", &v, &err), ERR_NOT_FOUND);
  assert_non_null(strstr(err.message, "void"));
  assert_true(err.hint[0] != '\0');
  release(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_new_version_names_the_end_of_the_chain_be_it_void),
      cmocka_unit_test(an_object_of_which_every_version_is_void_has_none_to_follow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
