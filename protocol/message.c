/*
 * message: one writer and one reader a message, side by side, and the table that finds them (docs/protocol.md 8.3).
 *
 * Fields are read in the order of the page; the reader's first fault is the verdict. Windows of DATA are in window.c.
 */
#include "protocol/message.h"

#include <string.h>

#include "protocol/canon.h"
#include "protocol/membership.h"

static void put_view_list(struct canon_writer *w, const struct view *views, uint32_t n) {
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_raw(w, views[i]);
}

/* The octets between a place in r and where it stands now. */
static struct view since(const struct canon_reader *r, const uint8_t *from) {
  return r->fault == NULL ? view_of(from, (size_t)(r->p - from)) : view_of(NULL, 0);
}

/* A count from 1 on: versions, epochs, items. */
static uint64_t read_from_1(struct canon_reader *r) {
  uint64_t n = canon_uint(r);
  if (n == 0) canon_fail(r, "a number that counts from 1");
  return n;
}

/* Generations count from 1; sizes from 0 (section 1 has their ceilings). */
static uint64_t read_generation(struct canon_reader *r) {
  uint64_t n = canon_uint_max(r, LIMIT_GEN);
  if (n == 0) canon_fail(r, "a generation counts from 1");
  return n;
}

static uint64_t read_size(struct canon_reader *r) {
  return canon_uint_max(r, LIMIT_SIZE);
}

/* A position, from 0: the last one is that of the largest log. */
static uint64_t read_position(struct canon_reader *r) {
  return canon_uint_max(r, LIMIT_POSITION);
}

/* ---- HELLO ---- */

#define HELLO_FIELDS 9

static void write_hello_fields(struct canon_writer *w, const struct hello *h) {
  canon_put_uint(w, h->min_version);
  canon_put_uint(w, h->max_version);
  canon_put_hash(w, &h->fed_id);
  canon_put_hash(w, &h->node);
  canon_put_uint(w, h->identity_version);
  canon_put_uint(w, h->epoch);
  canon_put_hash(w, &h->epoch_hash);
  canon_put_hash(w, &h->frontier_digest);
  canon_put_bin(w, view_of(h->nonce.b, NONCE_LEN));
}

static void write_hello(struct canon_writer *w, const struct message *m) {
  write_hello_fields(w, &m->u.hello);
}

static void read_hello_fields(struct canon_reader *r, struct hello *h) {
  h->min_version = read_from_1(r);
  h->max_version = canon_uint(r);
  if (h->max_version < h->min_version) canon_fail(r, "versions from high to low");
  canon_hash(r, &h->fed_id);
  canon_hash(r, &h->node);
  h->identity_version = read_from_1(r);
  h->epoch = read_from_1(r);
  canon_hash(r, &h->epoch_hash);
  canon_hash(r, &h->frontier_digest);
  canon_fixed(r, h->nonce.b, NONCE_LEN);
}

static void read_hello(struct canon_reader *r, struct message *m) {
  read_hello_fields(r, &m->u.hello);
}

/* ---- HEADS ---- */

static void write_heads(struct canon_writer *w, const struct message *m) {
  uint32_t n = m->u.heads.n <= LIMIT_HEADS ? m->u.heads.n : 0;
  canon_put_uint(w, m->u.heads.epoch);
  canon_put_hash(w, &m->u.heads.frontier_digest);
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++) {
    const struct head *h = &m->u.heads.rows[i];
    canon_put_array(w, 4);
    canon_put_uint(w, h->roll);
    canon_put_uint(w, h->gen);
    canon_put_uint(w, h->size);
    canon_put_bin(w, view_of(h->root8, sizeof h->root8));
  }
}

static void read_heads(struct canon_reader *r, struct message *m) {
  m->u.heads.epoch = read_from_1(r);
  canon_hash(r, &m->u.heads.frontier_digest);
  m->u.heads.n = canon_array(r, LIMIT_HEADS);
  for (uint32_t i = 0; i < m->u.heads.n && r->fault == NULL; i++) {
    struct head *h = &m->u.heads.rows[i];
    canon_array_exact(r, 4);
    h->roll = canon_uint(r);
    h->gen = read_generation(r);
    h->size = read_size(r);
    if (h->size == 0) canon_fail(r, "a size counts from 1");
    canon_fixed(r, h->root8, sizeof h->root8);
    bool rises = i == 0 || h[-1].roll < h->roll || (h[-1].roll == h->roll && h[-1].gen < h->gen);
    if (!rises) canon_fail(r, "heads out of order");
  }
}

/* ---- HOLDS ---- */

static void write_holds(struct canon_writer *w, const struct message *m) {
  put_view_list(w, m->u.holds.items, m->u.holds.n <= LIMIT_MEMBERS ? m->u.holds.n : 0);
}

/* The frame of an item; holds_open reads what is in it. */
static void read_holds(struct canon_reader *r, struct message *m) {
  struct signature unused;
  m->u.holds.n = canon_array(r, LIMIT_MEMBERS);
  for (uint32_t i = 0; i < m->u.holds.n; i++) {
    const uint8_t *from = r->p;
    canon_array_exact(r, 2);
    (void)canon_bin(r, LIMIT_HOLDS);
    canon_signature(r, &unused);
    m->u.holds.items[i] = since(r, from);
  }
}

/* ---- WANT ---- */

/* Fields of each request, `what` included; 0: reserved or unknown. */
static const uint32_t WANT_FIELDS[] = {
    [WANT_HEADS] = 1, [WANT_CKPT] = 4, [WANT_IDENT] = 2, [WANT_EPOCH] = 2, [WANT_PROOF] = 6, [WANT_HOLDS] = 1, [WANT_BLOB] = 0};

static bool want_is_known(uint64_t what) {
  return what < sizeof WANT_FIELDS / sizeof *WANT_FIELDS && WANT_FIELDS[what] > 0;
}

static bool want_names_node(uint64_t what) {
  return what == WANT_CKPT || what == WANT_IDENT || what == WANT_PROOF;
}

static void write_want(struct canon_writer *w, const struct message *m) {
  const uint64_t what = m->u.want.what;
  canon_put_uint(w, what);
  if (want_names_node(what)) canon_put_hash(w, &m->u.want.node);
  if (what == WANT_CKPT || what == WANT_PROOF) canon_put_uint(w, m->u.want.gen);
  if (what == WANT_CKPT) canon_put_uint(w, m->u.want.from);
  if (what == WANT_PROOF) {
    canon_put_uint(w, m->u.want.size);
    canon_put_uint(w, m->u.want.other);
    canon_put_uint(w, m->u.want.kind);
  }
  if (what == WANT_EPOCH) canon_put_uint(w, m->u.want.epoch);
}

/* What a proof is of: an older size from 1 on, or a position below size. */
static void read_place(struct canon_reader *r, uint64_t *size, uint64_t *other, uint64_t *kind) {
  *size = read_size(r);
  *other = read_size(r);
  *kind = canon_uint_max(r, PROOF_INCLUSION);
  bool fits = *kind == PROOF_INCLUSION ? *other < *size : *other >= 1 && *other <= *size;
  if (!fits) canon_fail(r, "a proof of what the log does not have");
}

static void read_want(struct canon_reader *r, struct message *m) {
  const uint64_t what = m->u.want.what = canon_uint(r);
  if (want_names_node(what)) canon_hash(r, &m->u.want.node);
  if (what == WANT_CKPT || what == WANT_PROOF) m->u.want.gen = read_generation(r);
  if (what == WANT_CKPT) m->u.want.from = read_size(r);
  if (what == WANT_PROOF) read_place(r, &m->u.want.size, &m->u.want.other, &m->u.want.kind);
  if (what == WANT_EPOCH) m->u.want.epoch = read_from_1(r);
}

/* ---- CKPT ---- */

static void write_ckpt(struct canon_writer *w, const struct message *m) {
  uint32_t n = m->u.ckpt.n <= LIMIT_CHECKPOINTS ? m->u.ckpt.n : 0;
  canon_put_hash(w, &m->u.ckpt.node);
  canon_put_uint(w, m->u.ckpt.gen);
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_str(w, m->u.ckpt.texts[i]);
}

static void read_ckpt(struct canon_reader *r, struct message *m) {
  canon_hash(r, &m->u.ckpt.node);
  m->u.ckpt.gen = read_generation(r);
  m->u.ckpt.n = canon_array(r, LIMIT_CHECKPOINTS);
  for (uint32_t i = 0; i < m->u.ckpt.n; i++)
    m->u.ckpt.texts[i] = canon_str(r, LIMIT_CHECKPOINT);
}

/* ---- PROOF ---- */

static void write_proof(struct canon_writer *w, const struct message *m) {
  canon_put_hash(w, &m->u.proof.node);
  canon_put_uint(w, m->u.proof.gen);
  canon_put_uint(w, m->u.proof.size);
  canon_put_uint(w, m->u.proof.other);
  canon_put_uint(w, m->u.proof.kind);
  canon_put_opt_hash(w, m->u.proof.kind == PROOF_INCLUSION ? &m->u.proof.leaf : NULL);
  uint32_t n = m->u.proof.n <= MESSAGE_PATH ? m->u.proof.n : 0;
  canon_put_array(w, n);
  for (uint32_t i = 0; i < n; i++)
    canon_put_hash(w, &m->u.proof.path[i]);
}

static void read_proof(struct canon_reader *r, struct message *m) {
  canon_hash(r, &m->u.proof.node);
  m->u.proof.gen = read_generation(r);
  read_place(r, &m->u.proof.size, &m->u.proof.other, &m->u.proof.kind);
  if (m->u.proof.kind == PROOF_INCLUSION) {
    canon_hash(r, &m->u.proof.leaf);
  } else {
    canon_nil(r);
  }
  m->u.proof.n = canon_array(r, MESSAGE_PATH);
  for (uint32_t i = 0; i < m->u.proof.n; i++)
    canon_hash(r, &m->u.proof.path[i]);
}

/* ---- ALERT ---- */

static void write_alert(struct canon_writer *w, const struct message *m) {
  canon_put_hash(w, &m->u.alert.node);
  canon_put_uint(w, m->u.alert.gen);
  canon_put_bin(w, m->u.alert.evidence);
}

/* What is in it is evidence_read's. */
static void read_alert(struct canon_reader *r, struct message *m) {
  canon_hash(r, &m->u.alert.node);
  m->u.alert.gen = read_generation(r);
  m->u.alert.evidence = canon_bin(r, LIMIT_EVIDENCE);
  if (m->u.alert.evidence.len == 0) canon_fail(r, "empty evidence");
}

/* ---- EPOCH ---- */

static void write_epoch(struct canon_writer *w, const struct message *m) {
  put_view_list(w, m->u.epoch.items, m->u.epoch.n <= MESSAGE_ITEMS ? m->u.epoch.n : 0);
}

static void read_epoch(struct canon_reader *r, struct message *m) {
  m->u.epoch.n = canon_array(r, MESSAGE_ITEMS);
  for (uint32_t i = 0; i < m->u.epoch.n; i++) {
    const uint8_t *from = r->p;
    (void)epoch_item_read(r, 2);
    m->u.epoch.items[i] = since(r, from);
  }
}

/* ---- IDENT ---- */

static void write_ident(struct canon_writer *w, const struct message *m) {
  canon_put_hash(w, &m->u.ident.node);
  put_view_list(w, m->u.ident.items, m->u.ident.n <= MESSAGE_ITEMS ? m->u.ident.n : 0);
  if (m->u.ident.address.len > 0) {
    canon_put_raw(w, m->u.ident.address);
  } else {
    canon_put_nil(w);
  }
}

static void read_address(struct canon_reader *r, struct message *m) {
  struct address unused;
  m->u.ident.address = view_of(NULL, 0);
  if (canon_opt_nil(r)) return;
  const uint8_t *from = r->p;
  (void)canon_skip(r);
  m->u.ident.address = since(r, from);
  if (address_open(m->u.ident.address, NULL, NULL, &unused, NULL) != OK) canon_fail(r, "an address that is not one");
}

static void read_ident(struct canon_reader *r, struct message *m) {
  struct identity_item unused;
  canon_hash(r, &m->u.ident.node);
  m->u.ident.n = canon_array(r, MESSAGE_ITEMS);
  for (uint32_t i = 0; i < m->u.ident.n; i++) {
    const uint8_t *from = r->p;
    identity_item_read(r, &unused);
    m->u.ident.items[i] = since(r, from);
  }
  read_address(r, m);
}

/* ---- GET ---- */

static void write_get(struct canon_writer *w, const struct message *m) {
  canon_put_hash(w, &m->u.get.node);
  canon_put_uint(w, m->u.get.gen);
  canon_put_uint(w, m->u.get.from);
  canon_put_uint(w, m->u.get.to);
  canon_put_uint(w, m->u.get.mode);
  canon_put_uint(w, m->u.get.max_bytes);
}

static void read_get(struct canon_reader *r, struct message *m) {
  canon_hash(r, &m->u.get.node);
  m->u.get.gen = read_generation(r);
  m->u.get.from = read_position(r);
  m->u.get.to = read_size(r);
  if (m->u.get.to <= m->u.get.from) canon_fail(r, "a range without positions");
  m->u.get.mode = canon_uint_max(r, GET_BODIES);
  m->u.get.max_bytes = canon_uint(r);
}

/* ---- DATA ---- */

static void write_data(struct canon_writer *w, const struct message *m) {
  canon_put_hash(w, &m->u.data.node);
  canon_put_uint(w, m->u.data.gen);
  canon_put_uint(w, m->u.data.from);
  canon_put_uint(w, m->u.data.count);
  canon_put_uint(w, m->u.data.encoding);
  canon_put_bin(w, m->u.data.window);
}

static void read_data(struct canon_reader *r, struct message *m) {
  canon_hash(r, &m->u.data.node);
  m->u.data.gen = read_generation(r);
  m->u.data.from = read_position(r);
  m->u.data.count = read_from_1(r);
  if (m->u.data.count > LIMIT_SIZE - m->u.data.from) canon_fail(r, "positions past the largest size");
  m->u.data.encoding = canon_uint_max(r, 1);
  m->u.data.window = canon_bin(r, LIMIT_FRAME);
  if (m->u.data.window.len == 0) canon_fail(r, "an empty window");
}

/* ---- ERR ---- */

static void write_error(struct canon_writer *w, const struct message *m) {
  canon_put_uint(w, m->u.error.code);
  canon_put_str(w, m->u.error.text);
  canon_put_uint(w, m->u.error.retry_after);
}

static void read_error(struct canon_reader *r, struct message *m) {
  m->u.error.code = canon_uint(r);
  m->u.error.text = canon_str(r, LIMIT_ERR_TEXT);
  m->u.error.retry_after = canon_uint(r);
}

/* ---- the table ---- */

/* How a message is written and read. n_fields: behind type and req; WANT's depends on what. Reserved ones have a name only. */
struct form {
  const char *name;
  uint32_t n_fields;
  void (*write)(struct canon_writer *w, const struct message *m);
  void (*read)(struct canon_reader *r, struct message *m);
};

static const struct form FORMS[] = {
    [MSG_HELLO] = {"HELLO", HELLO_FIELDS, write_hello, read_hello},
    [MSG_HEADS] = {"HEADS", 3, write_heads, read_heads},
    [MSG_HOLDS] = {"HOLDS", 1, write_holds, read_holds},
    [MSG_WANT] = {"WANT", 0, write_want, read_want},
    [MSG_CKPT] = {"CKPT", 3, write_ckpt, read_ckpt},
    [MSG_PROOF] = {"PROOF", 7, write_proof, read_proof},
    [MSG_EPOCH] = {"EPOCH", 1, write_epoch, read_epoch},
    [MSG_IDENT] = {"IDENT", 3, write_ident, read_ident},
    [MSG_BLOB] = {"BLOB", 0, NULL, NULL},
    [MSG_GET] = {"GET", 6, write_get, read_get},
    [MSG_DATA] = {"DATA", 6, write_data, read_data},
    [MSG_ALERT] = {"ALERT", 3, write_alert, read_alert},
    [MSG_ERR] = {"ERR", 3, write_error, read_error},
};

static const struct form *form_of(uint64_t type) {
  static const struct form UNKNOWN = {"?", 0, NULL, NULL};
  return type >= MSG_HELLO && type < sizeof FORMS / sizeof *FORMS ? &FORMS[type] : &UNKNOWN;
}

const char *message_type_name(uint64_t type) {
  return form_of(type)->name;
}

const char *message_error_name(uint64_t code) {
  static const char *const NAMES[] = {
#define MESSAGE_ERROR_NAME(symbol, number, name) [(number)] = (name),
      MESSAGE_ERRORS(MESSAGE_ERROR_NAME)
#undef MESSAGE_ERROR_NAME
  };
  if (code < MSGERR_NO_SESSION || code >= sizeof NAMES / sizeof *NAMES) return "unknown-error";
  return NAMES[code];
}

/* ---- writing ---- */

/* Whether a list of m is longer than its limit; the writers then leave it out, and message_write refuses. */
static bool is_over_limit(const struct message *m) {
  return (m->type == MSG_HEADS && m->u.heads.n > LIMIT_HEADS) || (m->type == MSG_CKPT && m->u.ckpt.n > LIMIT_CHECKPOINTS) ||
         (m->type == MSG_HOLDS && m->u.holds.n > LIMIT_MEMBERS) || (m->type == MSG_EPOCH && m->u.epoch.n > MESSAGE_ITEMS) ||
         (m->type == MSG_IDENT && m->u.ident.n > MESSAGE_ITEMS) || (m->type == MSG_PROOF && m->u.proof.n > MESSAGE_PATH) ||
         (m->type == MSG_ALERT && m->u.alert.evidence.len > LIMIT_EVIDENCE) ||
         (m->type == MSG_ERR && m->u.error.text.len > LIMIT_ERR_TEXT);
}

enum err_code message_write(const struct message *m, struct bytes *out, struct err *err) {
  const struct form *form = form_of(m->type);
  bool is_known = form->write != NULL && (m->type != MSG_WANT || want_is_known(m->u.want.what));
  if (!is_known) return err_set(err, ERR_NOT_FOUND, "message %s: reserved or unknown", form->name);
  if (is_over_limit(m)) return err_set(err, ERR_LIMIT, "message %s: a list or text over its limit", form->name);
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2 + (m->type == MSG_WANT ? WANT_FIELDS[m->u.want.what] : form->n_fields));
  canon_put_uint(&w, m->type);
  if (m->has_req) {
    canon_put_uint(&w, m->req);
  } else {
    canon_put_nil(&w);
  }
  form->write(&w, m);
  enum err_code code = canon_written(&w, form->name, err);
  if (code != OK) out->len = before;
  return code;
}

/* ---- reading ---- */

uint64_t message_type(struct view payload) {
  struct canon_reader r = canon_reader(payload);
  (void)canon_array(&r, UINT32_MAX);
  return canon_uint(&r);
}

/* What the fields of a message must count, given its octets from what on; 0 for a request that is reserved or unknown. */
static uint32_t count_fields(const struct form *form, const struct canon_reader *r, uint64_t type) {
  if (type != MSG_WANT) return form->n_fields;
  struct canon_reader peek = *r;
  uint64_t what = canon_uint(&peek);
  if (peek.fault != NULL) return WANT_FIELDS[WANT_HEADS]; /* the reader will say what is wrong */
  return want_is_known(what) ? WANT_FIELDS[what] : 0;
}

/* A message or request that this version does not read: it is canonical, or ERR_FORMAT. */
static enum err_code skip_unknown(struct canon_reader *r, uint32_t n_fields, const struct message *m, struct err *err) {
  for (uint32_t i = 0; i < n_fields; i++)
    (void)canon_skip_inside(r, 1);
  enum err_code code = canon_finish(r, "message", err);
  if (code != OK) return code;
  return err_set(err, ERR_NOT_FOUND, "message %s (%llu): reserved or unknown", message_type_name(m->type),
                 (unsigned long long)m->type);
}

enum err_code message_read(struct view payload, struct message *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  uint32_t n = canon_array(&r, LIMIT_LIST);
  if (n < 2) canon_fail(&r, "a message has a type and a req");
  out->type = canon_uint(&r);
  out->has_req = !canon_opt_nil(&r);
  out->req = out->has_req ? canon_uint(&r) : 0;
  if (r.fault != NULL) return canon_finish(&r, "message", err);
  const struct form *form = form_of(out->type);
  uint32_t n_fields = form->read == NULL ? 0 : count_fields(form, &r, out->type);
  if (n_fields == 0) return skip_unknown(&r, n - 2, out, err);
  if (n - 2 != n_fields) canon_fail(&r, "another number of fields");
  form->read(&r, out);
  return canon_finish(&r, form->name, err);
}

enum err_code hello_write(const struct hello *hello, struct bytes *out, struct err *err) {
  size_t before = out->len;
  struct canon_writer w = canon_writer(out);
  canon_put_array(&w, 2 + HELLO_FIELDS);
  canon_put_uint(&w, MSG_HELLO);
  canon_put_nil(&w);
  write_hello_fields(&w, hello);
  enum err_code code = canon_written(&w, "HELLO", err);
  if (code != OK) out->len = before;
  return code;
}

enum err_code hello_read(struct view payload, struct hello *out, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  struct hello hello = {.min_version = 0};
  canon_array_exact(&r, 2 + HELLO_FIELDS);
  if (canon_uint(&r) != MSG_HELLO) canon_fail(&r, "not a HELLO");
  if (!canon_opt_nil(&r)) (void)canon_uint(&r);
  read_hello_fields(&r, &hello);
  enum err_code code = canon_finish(&r, "HELLO", err);
  if (code == OK) *out = hello;
  return code;
}
