/*
 * message: every message there and back, every field wrong (docs/protocol.md 8.3).
 */
#include "protocol/message.h"

#include "tests/protocol/cast.h"

/* Octets that a made message borrows from. */
struct stuff {
  struct bytes identity, address, epoch;
};

static void stuff_init(struct stuff *s) {
  struct actor a;
  struct hash fed = cast_hash(5);
  actor_init(&a, 1, 2, 1, "IT");
  struct identity_item item = {.body = bytes_view(&a.body), .n = 1};
  item.signatures[0].signature = sign_tagged(&a.roots[0], SIGN_IDENTITY, &fed, hash_view(&a.founder.node));
  struct address address = {.node = a.founder.node, .seq = 1, .n_endpoints = 1, .endpoints = {"tcp://192.0.2.1:7070"}};
  bytes_init(&s->identity, LIMIT_FRAME);
  bytes_init(&s->address, LIMIT_FRAME);
  bytes_init(&s->epoch, LIMIT_FRAME);
  struct canon_writer w = canon_writer(&s->identity);
  identity_item_write(&w, &item);
  assert_int_equal(canon_written(&w, "item", NULL), OK);
  assert_int_equal(address_seal(&address, &fed, &a.node_key, &s->address, NULL), OK);
  assert_int_equal(epoch_item_encode(view_of("octets", 6), &s->epoch, NULL), OK);
  actor_release(&a);
}

static void stuff_release(struct stuff *s) {
  bytes_release(&s->identity);
  bytes_release(&s->address);
  bytes_release(&s->epoch);
}

#define N_MADE 22

/* WANT(PROOF) and PROOF of both kinds, and ALERT. */
static void make_proofs(unsigned which, struct message *m) {
  const uint64_t kind = which % 2;
  m->type = which <= 18 ? MSG_WANT : which <= 20 ? MSG_PROOF : MSG_ALERT;
  if (m->type == MSG_WANT) {
    m->u.want.what = WANT_PROOF;
    m->u.want.node = cast_hash(6);
    m->u.want.gen = 2;
    m->u.want.size = 129;
    m->u.want.other = kind == PROOF_INCLUSION ? 0 : 129;
    m->u.want.kind = kind;
  } else if (m->type == MSG_PROOF) {
    m->u.proof.node = cast_hash(6);
    m->u.proof.gen = 2;
    m->u.proof.size = 129;
    m->u.proof.other = 128;
    m->u.proof.kind = kind;
    if (kind == PROOF_INCLUSION) m->u.proof.leaf = cast_hash(7);
    m->u.proof.n = 2;
    m->u.proof.path[0] = cast_hash(8);
    m->u.proof.path[1] = cast_hash(9);
  } else {
    m->u.alert.node = cast_hash(6);
    m->u.alert.gen = 2;
    m->u.alert.evidence = view_of_text("evidence");
  }
}

static void make_lists(const struct stuff *s, unsigned which, struct message *m) {
  if (which == 1) {
    m->type = MSG_HEADS;
    m->u.heads.epoch = 1;
    m->u.heads.frontier_digest = cast_hash(4);
    m->u.heads.n = 3;
    for (uint32_t i = 0; i < 3; i++)
      m->u.heads.rows[i] =
          (struct head){.roll = i / 2, .gen = 1 + i, .size = UINT64_C(1000) * (i + 1), .root8 = {1, 2, 3, 4, 5, 6, 7, 8}};
  } else if (which == 2) {
    m->type = MSG_CKPT;
    m->u.ckpt.node = cast_hash(1);
    m->u.ckpt.gen = 1;
    m->u.ckpt.n = 2;
    m->u.ckpt.texts[0] = view_of_text("one\n");
    m->u.ckpt.texts[1] = view_of_text("two\n");
  } else if (which == 3) {
    m->type = MSG_EPOCH;
    m->u.epoch.n = 2;
    m->u.epoch.items[0] = m->u.epoch.items[1] = bytes_view(&s->epoch);
  } else {
    m->type = MSG_IDENT;
    m->u.ident.node = cast_hash(1);
    m->u.ident.n = 1;
    m->u.ident.items[0] = bytes_view(&s->identity);
    if (which == 4) m->u.ident.address = bytes_view(&s->address);
  }
}

/* The messages of this version, one of each and the shapes that differ. */
static void make(const struct stuff *s, unsigned which, struct message *m) {
  memset(m, 0, sizeof *m);
  m->has_req = which % 2 == 1;
  m->req = m->has_req ? 300 : 0;
  if (which >= 1 && which <= 5) {
    make_lists(s, which, m);
  } else if (which == 0) {
    m->type = MSG_HELLO;
    m->u.hello = (struct hello){1, 2, cast_hash(1), cast_hash(2), 1, 1, cast_hash(3), cast_hash(4), {.b = {7}}};
  } else if (which <= 9) {
    m->type = MSG_WANT;
    m->u.want.what = which - 5; /* HEADS, CKPT, IDENT, EPOCH */
    if (which == 7 || which == 8) m->u.want.node = cast_hash(6);
    if (which == 7) m->u.want.gen = 2;
    if (which == 7) m->u.want.from = 77;
    if (which == 9) m->u.want.epoch = 3;
  } else if (which <= 12) {
    m->type = MSG_GET;
    m->u.get.node = cast_hash(6);
    m->u.get.gen = 1;
    m->u.get.from = 5;
    m->u.get.to = 6;
    m->u.get.mode = which - 10;
    m->u.get.max_bytes = 65536;
  } else if (which == 13) {
    m->type = MSG_DATA;
    m->u.data.node = cast_hash(6);
    m->u.data.gen = 1;
    m->u.data.from = 5;
    m->u.data.count = 1;
    m->u.data.encoding = 1;
    m->u.data.window = view_of_text("window");
  } else if (which == 15) {
    m->type = MSG_HOLDS;
    m->u.holds.n = 2;
    m->u.holds.items[0] = m->u.holds.items[1] = bytes_view(&s->address); /* an item of the same frame */
  } else if (which == 16) {
    m->type = MSG_WANT;
    m->u.want.what = WANT_HOLDS;
  } else if (which >= 17) {
    make_proofs(which, m);
  } else {
    m->type = MSG_ERR;
    m->u.error.code = MSGERR_BUSY;
    m->u.error.text = view_of_text("later");
    m->u.error.retry_after = 5;
  }
}

static struct message made, read_back;

static enum err_code read_payload(const struct bytes *b) {
  return message_read(bytes_view(b), &read_back, NULL);
}

static void every_message_reads_back_as_it_was_written(void **state) {
  (void)state;
  struct stuff s;
  struct bytes b;
  struct bytes again;
  stuff_init(&s);
  bytes_init(&b, LIMIT_FRAME);
  bytes_init(&again, LIMIT_FRAME);
  for (unsigned which = 0; which < N_MADE; which++) {
    make(&s, which, &made);
    bytes_clear(&b);
    bytes_clear(&again);
    assert_int_equal(message_write(&made, &b, NULL), OK);
    assert_int_equal(message_type(bytes_view(&b)), made.type);
    assert_int_equal(read_payload(&b), OK);
    assert_int_equal(read_back.type, made.type);
    assert_int_equal(read_back.has_req, made.has_req);
    assert_int_equal(read_back.req, made.req);
    assert_int_equal(message_write(&read_back, &again, NULL), OK);
    assert_true(view_equal(bytes_view(&b), bytes_view(&again)));
  }
  make(&s, 1, &made);
  bytes_clear(&b);
  assert_int_equal(message_write(&made, &b, NULL), OK);
  assert_int_equal(read_payload(&b), OK);
  assert_int_equal(read_back.u.heads.n, 3);
  assert_int_equal(read_back.u.heads.rows[2].size, 3000);
  bytes_release(&b);
  bytes_release(&again);
  stuff_release(&s);
}

static void every_message_that_is_cut_or_longer_is_refused(void **state) {
  (void)state;
  struct stuff s;
  struct bytes b;
  stuff_init(&s);
  bytes_init(&b, LIMIT_FRAME);
  for (unsigned which = 0; which < N_MADE; which++) {
    make(&s, which, &made);
    bytes_clear(&b);
    assert_int_equal(message_write(&made, &b, NULL), OK);
    size_t len = b.len;
    for (b.len = 0; b.len < len; b.len++)
      assert_int_equal(read_payload(&b), ERR_FORMAT);
    assert_int_equal(bytes_append_u8(&b, 0, NULL), OK);
    assert_int_equal(read_payload(&b), ERR_FORMAT);
    b.p[0]++; /* one field more, and there it is */
    assert_int_equal(read_payload(&b), ERR_FORMAT);
  }
  bytes_release(&b);
  stuff_release(&s);
}

/* Every octet of every message becomes a value of another type: whatever is then accepted says itself again. */
static void what_is_accepted_after_a_change_re_encodes_to_itself(void **state) {
  (void)state;
  static const uint8_t OTHERS[] = {0x00, 0x7f, 0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xc2, 0xc4, 0xca, 0xcc, 0xd0, 0xd9, 0xdc, 0xff};
  struct stuff s;
  struct bytes b;
  struct bytes again;
  unsigned n_refused = 0;
  stuff_init(&s);
  bytes_init(&b, LIMIT_FRAME);
  bytes_init(&again, LIMIT_FRAME);
  for (unsigned which = 0; which < N_MADE; which++) {
    make(&s, which, &made);
    bytes_clear(&b);
    assert_int_equal(message_write(&made, &b, NULL), OK);
    for (size_t i = 0; i < b.len * sizeof OTHERS; i++) {
      uint8_t before = b.p[i / sizeof OTHERS];
      b.p[i / sizeof OTHERS] = OTHERS[i % sizeof OTHERS];
      if (read_payload(&b) == OK) {
        bytes_clear(&again);
        assert_int_equal(message_write(&read_back, &again, NULL), OK);
        assert_true(view_equal(bytes_view(&b), bytes_view(&again)));
      } else {
        n_refused++;
      }
      b.p[i / sizeof OTHERS] = before;
    }
  }
  assert_true(n_refused > 1000);
  bytes_release(&b);
  bytes_release(&again);
  stuff_release(&s);
}

/* Writes `made` as it is and expects the reader to refuse it. */
static void expect_refused(void) {
  struct bytes b;
  bytes_init(&b, LIMIT_FRAME);
  assert_int_equal(message_write(&made, &b, NULL), OK);
  assert_int_equal(read_payload(&b), ERR_FORMAT);
  bytes_release(&b);
}

static void each_field_with_a_value_that_cannot_be_is_refused(void **state) {
  (void)state;
  struct stuff s;
  stuff_init(&s);
  for (int what = 0; what < 5; what++) {
    make(&s, 0, &made);
    if (what == 0) made.u.hello.min_version = 0;
    if (what == 1) made.u.hello.min_version = 3;
    if (what == 2) made.u.hello.identity_version = 0;
    if (what == 3) made.u.hello.epoch = 0;
    if (what == 4) made.u.hello.max_version = 0;
    expect_refused();
  }
  for (int what = 0; what < 6; what++) {
    make(&s, 1, &made);
    if (what == 0) made.u.heads.epoch = 0;
    if (what == 1) made.u.heads.rows[1].gen = 0;
    if (what == 2) made.u.heads.rows[1].size = 0;
    if (what == 3) made.u.heads.rows[2].roll = 0, made.u.heads.rows[2].gen = 2;
    if (what == 4) made.u.heads.rows[1].gen = 1;
    if (what == 5) made.u.heads.rows[0].roll = 1;
    expect_refused();
  }
  make(&s, 2, &made);
  made.u.ckpt.gen = 0;
  expect_refused();
  make(&s, 2, &made);
  made.u.ckpt.texts[0] = view_of("\xff", 1);
  expect_refused();
  make(&s, 3, &made);
  made.u.epoch.items[1] = view_of("\x90", 1);
  expect_refused();
  make(&s, 4, &made);
  made.u.ident.items[0] = view_of("\x90", 1);
  expect_refused();
  make(&s, 4, &made);
  made.u.ident.address = view_of("\x01", 1);
  expect_refused();
  make(&s, 7, &made);
  made.u.want.gen = 0;
  expect_refused();
  make(&s, 9, &made);
  made.u.want.epoch = 0;
  expect_refused();
  for (int what = 0; what < 4; what++) {
    make(&s, 10, &made);
    if (what == 0) made.u.get.gen = 0;
    if (what == 1) made.u.get.to = 5;
    if (what == 2) made.u.get.to = 4;
    if (what == 3) made.u.get.mode = 3;
    expect_refused();
  }
  for (int what = 0; what < 5; what++) {
    make(&s, 13, &made);
    if (what == 0) made.u.data.gen = 0;
    if (what == 1) made.u.data.count = 0;
    if (what == 2) made.u.data.encoding = 2;
    if (what == 3) made.u.data.window.len = 0;
    if (what == 4) made.u.data.from = LIMIT_SIZE + 1;
    expect_refused();
  }
  make(&s, 14, &made);
  made.u.error.text = view_of("\x1b[2J", 4);
  expect_refused();
  stuff_release(&s);
}

/* Writes `made` as it is and reads it: what the reader says. */
static enum err_code there_and_back(void) {
  struct bytes b;
  bytes_init(&b, LIMIT_FRAME);
  assert_int_equal(message_write(&made, &b, NULL), OK);
  enum err_code code = read_payload(&b);
  bytes_release(&b);
  return code;
}

/* One number of `made` (docs/protocol.md section 1): its message, the number, its ceiling. */
struct ceiling {
  unsigned which;
  uint64_t *number, largest;
};

static void every_number_is_read_up_to_its_ceiling_and_no_further(void **state) {
  (void)state;
  const struct ceiling numbers[] = {
      {1, &made.req, LIMIT_NUMBER},
      {0, &made.u.hello.max_version, LIMIT_NUMBER},
      {0, &made.u.hello.identity_version, LIMIT_NUMBER},
      {0, &made.u.hello.epoch, LIMIT_NUMBER},
      {1, &made.u.heads.epoch, LIMIT_NUMBER},
      {1, &made.u.heads.rows[2].roll, LIMIT_NUMBER},
      {1, &made.u.heads.rows[2].gen, LIMIT_GEN},
      {1, &made.u.heads.rows[2].size, LIMIT_SIZE},
      {7, &made.u.want.gen, LIMIT_GEN},
      {7, &made.u.want.from, LIMIT_SIZE},
      {9, &made.u.want.epoch, LIMIT_NUMBER},
      {2, &made.u.ckpt.gen, LIMIT_GEN},
      {10, &made.u.get.gen, LIMIT_GEN},
      {10, &made.u.get.to, LIMIT_SIZE},
      {10, &made.u.get.max_bytes, LIMIT_NUMBER},
      {13, &made.u.data.gen, LIMIT_GEN},
      {13, &made.u.data.from, LIMIT_SIZE - 1},  /* one item behind it */
      {13, &made.u.data.count, LIMIT_SIZE - 5}, /* from position 5 on */
      {14, &made.u.error.code, LIMIT_NUMBER},
      {14, &made.u.error.retry_after, LIMIT_NUMBER},
  };
  struct stuff s;
  stuff_init(&s);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    make(&s, numbers[i].which, &made);
    *numbers[i].number = numbers[i].largest;
    assert_int_equal(there_and_back(), OK);
    ++*numbers[i].number;
    assert_int_equal(there_and_back(), ERR_FORMAT);
    *numbers[i].number = UINT64_MAX;
    assert_int_equal(there_and_back(), ERR_FORMAT);
  }
  make(&s, 10, &made);
  made.u.get.from = LIMIT_SIZE + 1;
  made.u.get.to = LIMIT_SIZE + 2;
  assert_int_equal(there_and_back(), ERR_FORMAT);
  stuff_release(&s);
}

static void lists_and_texts_over_their_limit_are_not_written(void **state) {
  (void)state;
  struct stuff s;
  struct bytes b;
  char text[LIMIT_ERR_TEXT + 1];
  stuff_init(&s);
  bytes_init(&b, LIMIT_FRAME);
  memset(text, 'x', sizeof text);
  make(&s, 1, &made);
  made.u.heads.n = LIMIT_HEADS + 1;
  assert_int_equal(message_write(&made, &b, NULL), ERR_LIMIT);
  make(&s, 2, &made);
  made.u.ckpt.n = LIMIT_CHECKPOINTS + 1;
  assert_int_equal(message_write(&made, &b, NULL), ERR_LIMIT);
  make(&s, 3, &made);
  made.u.epoch.n = MESSAGE_ITEMS + 1;
  assert_int_equal(message_write(&made, &b, NULL), ERR_LIMIT);
  make(&s, 4, &made);
  made.u.ident.n = MESSAGE_ITEMS + 1;
  assert_int_equal(message_write(&made, &b, NULL), ERR_LIMIT);
  make(&s, 14, &made);
  made.u.error.text = view_of(text, sizeof text);
  assert_int_equal(message_write(&made, &b, NULL), ERR_LIMIT);
  made.u.error.text.len--;
  assert_int_equal(message_write(&made, &b, NULL), OK);
  assert_int_equal(read_payload(&b), OK);
  struct bytes small;
  bytes_init(&small, 20);
  make(&s, 0, &made);
  assert_int_equal(message_write(&made, &small, NULL), ERR_LIMIT);
  assert_int_equal(small.len, 0);
  bytes_release(&small);
  bytes_release(&b);
  stuff_release(&s);
}

static void the_whole_heads_of_1024_logs_fits_and_1025_do_not(void **state) {
  (void)state;
  struct bytes b;
  bytes_init(&b, LIMIT_FRAME);
  memset(&made, 0, sizeof made);
  made.type = MSG_HEADS;
  made.u.heads.epoch = 1;
  made.u.heads.n = LIMIT_HEADS;
  for (uint32_t i = 0; i < LIMIT_HEADS; i++)
    made.u.heads.rows[i] = (struct head){.roll = i, .gen = LIMIT_GEN, .size = LIMIT_SIZE};
  assert_int_equal(message_write(&made, &b, NULL), OK);
  assert_int_equal(read_payload(&b), OK);
  assert_int_equal(read_back.u.heads.n, LIMIT_HEADS);
  bytes_clear(&b);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 5);
  canon_put_uint(&w, MSG_HEADS);
  canon_put_nil(&w);
  canon_put_uint(&w, 1);
  canon_put_hash(&w, &made.u.heads.frontier_digest);
  canon_put_array(&w, LIMIT_HEADS + 1);
  for (uint32_t i = 0; i <= LIMIT_HEADS; i++) {
    static const uint8_t ROOT8[8];
    canon_put_array(&w, 4);
    canon_put_uint(&w, i);
    canon_put_uint(&w, 1);
    canon_put_uint(&w, 1);
    canon_put_bin(&w, view_of(ROOT8, 8));
  }
  assert_int_equal(read_payload(&b), ERR_FORMAT);
  bytes_release(&b);
}

static void reserved_and_unknown_messages_are_told_with_their_req(void **state) {
  (void)state;
  static const uint64_t TYPES[] = {0, MSG_BLOB, 14, 1000};
  struct bytes b;
  bytes_init(&b, LIMIT_FRAME);
  for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES; i++) {
    bytes_clear(&b);
    struct canon_writer w = canon_writer(&b);
    canon_put_array(&w, 4);
    canon_put_uint(&w, TYPES[i]);
    canon_put_uint(&w, 9);
    canon_put_map(&w, 1);
    canon_put_text(&w, "a");
    canon_put_array(&w, 0);
    canon_put_nil(&w);
    assert_int_equal(read_payload(&b), ERR_NOT_FOUND);
    assert_int_equal(read_back.type, TYPES[i]);
    assert_true(read_back.has_req && read_back.req == 9);
    b.p[b.len - 1] = 0xc1; /* unknown, and not canonical either */
    assert_int_equal(read_payload(&b), ERR_FORMAT);
    made.type = TYPES[i];
    assert_int_equal(message_write(&made, &b, NULL), ERR_NOT_FOUND);
  }
  for (uint64_t what = 0; what < 9; what++) {
    if (what >= WANT_HEADS && what <= WANT_HOLDS) continue;
    bytes_clear(&b);
    struct canon_writer w = canon_writer(&b);
    canon_put_array(&w, 3);
    canon_put_uint(&w, MSG_WANT);
    canon_put_uint(&w, 9);
    canon_put_uint(&w, what);
    assert_int_equal(read_payload(&b), ERR_NOT_FOUND);
    assert_int_equal(read_back.req, 9);
    made.type = MSG_WANT;
    made.u.want.what = what;
    assert_int_equal(message_write(&made, &b, NULL), ERR_NOT_FOUND);
  }
  bytes_release(&b);
}

static void names_are_told_for_every_number(void **state) {
  (void)state;
  assert_string_equal(message_type_name(MSG_HEADS), "HEADS");
  assert_string_equal(message_type_name(MSG_ALERT), "ALERT");
  assert_string_equal(message_type_name(0), "?");
  assert_string_equal(message_type_name(14), "?");
  assert_string_equal(message_error_name(1), "no-session");
  assert_string_equal(message_error_name(11), "not-member");
  assert_string_equal(message_error_name(0), "unknown-error");
  assert_string_equal(message_error_name(12), "unknown-error");
}

static void hello_alone_reads_what_hello_alone_wrote(void **state) {
  (void)state;
  struct hello h = {1, 2, cast_hash(1), cast_hash(2), 1, 1, cast_hash(3), cast_hash(4), {.b = {7}}};
  struct hello out;
  struct stuff s;
  struct bytes b;
  stuff_init(&s);
  bytes_init(&b, LIMIT_FRAME);
  assert_int_equal(hello_write(&h, &b, NULL), OK);
  assert_int_equal(read_payload(&b), OK);
  assert_memory_equal(read_back.u.hello.nonce.b, h.nonce.b, NONCE_LEN);
  assert_int_equal(hello_read(bytes_view(&b), &out, NULL), OK);
  assert_true(hash_equal(&out.frontier_digest, &h.frontier_digest));
  for (unsigned which = 1; which < N_MADE; which++) {
    make(&s, which, &made);
    bytes_clear(&b);
    assert_int_equal(message_write(&made, &b, NULL), OK);
    assert_int_equal(hello_read(bytes_view(&b), &out, NULL), ERR_FORMAT);
  }
  bytes_release(&b);
  stuff_release(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_message_reads_back_as_it_was_written),
      cmocka_unit_test(every_message_that_is_cut_or_longer_is_refused),
      cmocka_unit_test(what_is_accepted_after_a_change_re_encodes_to_itself),
      cmocka_unit_test(each_field_with_a_value_that_cannot_be_is_refused),
      cmocka_unit_test(every_number_is_read_up_to_its_ceiling_and_no_further),
      cmocka_unit_test(lists_and_texts_over_their_limit_are_not_written),
      cmocka_unit_test(the_whole_heads_of_1024_logs_fits_and_1025_do_not),
      cmocka_unit_test(reserved_and_unknown_messages_are_told_with_their_req),
      cmocka_unit_test(names_are_told_for_every_number),
      cmocka_unit_test(hello_alone_reads_what_hello_alone_wrote),
  };
  return cmocka_run_group_tests(tests, cast_start, NULL);
}
