/*
 * follow: where the node's logs stand, who signs them, and headers up to there. Texts are in follow_texts.c. See follow.h.
 */
#include "node/follow.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "node/follow_inside.h"
#include "node/forks.h"
#include "protocol/canon.h"

#define ANSWER_MAX ((size_t)24 * 1024 * 1024) /* octets: a run between two milestones, and what stands around it */
#define LOGS_MAX 1024u                        /* of an index, as of a frontier (docs/protocol.md 8.3) */
#define TAG_FACT "replica.tag"                /* where the node stood when all of it was here: address, line end, its ETag */
#define HOLDS_TAG_FACT "replica.holds-tag"    /* the same of what its members said they hold */

enum err_code follow_ask(struct follow *x, const char *path, const char *tag, struct err *err) {
  const enum err_code code = fetch_get(x->f, path, tag, &x->answer, err);
  x->report->requests++;
  x->report->octets += x->answer.received;
  return code;
}

uint64_t follow_item(struct canon_reader *r, struct view *payload) {
  if (canon_array(r, 2) != 2) canon_fail(r, "no item of a bundle");
  const uint64_t type = canon_uint(r);
  *payload = canon_skip(r);
  return type;
}

/* ---- where the logs stand ---- */

/* A row of the index; what it says is only where to ask. */
struct row {
  struct hash node;
  uint64_t gen, size;
  struct hash root;
};

static bool read_row(const json_t *json, struct row *out) {
  const char *node = json_string_value(json_object_get(json, "node")), *root = json_string_value(json_object_get(json, "root"));
  const json_int_t gen = json_integer_value(json_object_get(json, "gen")),
                   size = json_integer_value(json_object_get(json, "size"));
  *out = (struct row){.gen = (uint64_t)gen, .size = (uint64_t)size};
  return node != NULL && root != NULL && gen > 0 && gen <= (json_int_t)LIMIT_GEN && size > 0 &&
         size < (json_int_t)1 << ENTRY_INDEX_BITS && hash_from_hex(view_of_text(node), &out->node, NULL) == OK &&
         hash_from_hex(view_of_text(root), &out->root, NULL) == OK;
}

static enum err_code check_index(const struct follow *x, const json_t *index, struct err *err) {
  char own[HASH_HEX_LEN];
  const char *said = json_string_value(json_object_get(index, "fed_id"));
  hash_hex(&hall_federation(x->h)->charter.fed_id, own);
  if (said == NULL || !json_is_array(json_object_get(index, "logs")) ||
      json_array_size(json_object_get(index, "logs")) > LOGS_MAX) {
    return err_set(err, ERR_FORMAT, "what answers at %s is no node of an observatory", fetch_url(x->f));
  }
  if (strcmp(said, own) != 0) {
    err_set(err, ERR_REFUSED, "%s serves another observatory than this one", fetch_url(x->f));
    return err_hint(err, "its address may belong to somebody else now: replica = URL in node.ini says where to ask");
  }
  return OK;
}

static void name_who_answers(struct follow *x, const json_t *index) {
  struct hash node;
  const char *said = json_string_value(json_object_get(index, "node"));
  const bool is_one = said != NULL && hash_from_hex(view_of_text(said), &node, NULL) == OK;
  (void)snprintf(x->report->node, sizeof x->report->node, "%s", is_one ? federation_handle(hall_federation(x->h), &node) : "?");
}

/* ---- what was kept of the last time ---- */

/* The tag in that fact, if it was of this address; else empty. */
static void known_tag(const struct follow *x, const char *name, char tag[FETCH_TAG_MAX]) {
  struct bytes fact;
  const size_t url = strlen(fetch_url(x->f));
  bytes_init(&fact, FETCH_URL_MAX + FETCH_TAG_MAX);
  tag[0] = '\0';
  if (store_get_fact(hall_store(x->h), name, &fact, NULL) == OK && fact.len > url + 1 && fact.len - url - 1 < FETCH_TAG_MAX &&
      memcmp(fact.p, fetch_url(x->f), url) == 0 && fact.p[url] == '\n') {
    memcpy(tag, fact.p + url + 1, fact.len - url - 1);
    tag[fact.len - url - 1] = '\0';
  }
  bytes_release(&fact);
}

static enum err_code keep_tag(const struct follow *x, const char *name, const char *tag, struct err *err) {
  struct bytes fact;
  bytes_init(&fact, FETCH_URL_MAX + FETCH_TAG_MAX);
  enum err_code code = bytes_printf(&fact, err, "%s\n%s", fetch_url(x->f), tag);
  if (code == OK) code = store_put_fact(hall_store(x->h), name, bytes_view(&fact), err);
  bytes_release(&fact);
  return code;
}

static enum err_code keep_time(const struct follow *x, struct err *err) {
  uint8_t octets[8];
  put_u64be(octets, clock_unix(x->h->config.clock));
  return store_put_fact(hall_store(x->h), FOLLOW_SYNCED, view_of(octets, sizeof octets), err);
}

/* ---- who signs, and who says that he holds what ---- */

static enum err_code take_identities(struct follow *x, struct err *err) {
  struct view payload;
  bool changed = false;
  enum err_code code = follow_ask(x, "/sync/identities", NULL, err);
  struct canon_reader r = canon_reader(bytes_view(&x->answer.body));
  while (code == OK && !canon_at_end(&r)) {
    const uint64_t type = follow_item(&r, &payload);
    if (r.fault != NULL) return err_set(err, ERR_FORMAT, "identities: %s", r.fault);
    if (type == BUNDLE_IDENTITY) code = hall_any_identity(x->h, payload, err);
    if (type == BUNDLE_ADDRESS && hall_address(x->h, payload, &changed, err) != OK) err_clear(err); /* they come again */
  }
  return code;
}

/* The lists of members behind the one in force here, under the identities that were taken. *changed: there was one. */
static enum err_code take_epochs(struct follow *x, bool *changed, struct err *err) {
  struct view payload;
  *changed = false;
  enum err_code code = follow_ask(x, "/sync/epochs", NULL, err);
  struct canon_reader r = canon_reader(bytes_view(&x->answer.body));
  while (code == OK && !canon_at_end(&r)) {
    bool moved = false;
    const uint64_t type = follow_item(&r, &payload);
    if (r.fault != NULL) return err_set(err, ERR_FORMAT, "epochs: %s", r.fault);
    if (type == BUNDLE_EPOCH) code = hall_epoch(x->h, payload, &moved, NULL, err);
    *changed = *changed || moved;
  }
  return code;
}

/* Who the members are: those who come have identities, too. */
static enum err_code take_members(struct follow *x, struct err *err) {
  bool changed = false;
  enum err_code code = take_identities(x, err);
  if (code == OK) code = take_epochs(x, &changed, err);
  return code == OK && changed ? take_identities(x, err) : code;
}

/* Anew behind a new index, for they may speak of members and logs that were not known before. */
static enum err_code take_holds(struct follow *x, struct err *err) {
  struct hall_holds items[LIMIT_MEMBERS];
  uint32_t n = 0;
  char tag[FETCH_TAG_MAX] = "";
  if (x->report->unchanged) known_tag(x, HOLDS_TAG_FACT, tag);
  enum err_code code = follow_ask(x, "/sync/holds", tag[0] == '\0' ? NULL : tag, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK; /* a node of an earlier make */
  }
  if (code == OK && x->answer.status == 304) return OK;
  memcpy(tag, x->answer.tag, sizeof tag);
  struct canon_reader r = canon_reader(bytes_view(&x->answer.body));
  while (code == OK && !canon_at_end(&r) && n < LIMIT_MEMBERS) {
    struct view payload;
    if (follow_item(&r, &payload) == BUNDLE_HOLDS) items[n++] = (struct hall_holds){.item = payload};
    if (r.fault != NULL) return err_set(err, ERR_FORMAT, "holds: %s", r.fault);
  }
  if (code == OK && n > 0) code = hall_holds_take(x->h, items, n, err);
  return code == OK ? keep_tag(x, HOLDS_TAG_FACT, tag, err) : code;
}

/* ---- headers ---- */

/* The items of a piece: the checkpoint that closes it, and windows into a pull. */
static enum err_code find_checkpoint(struct view piece, struct view *text, struct err *err) {
  struct canon_reader r = canon_reader(piece);
  struct view payload;
  *text = view_of(NULL, 0);
  while (r.fault == NULL && !canon_at_end(&r)) {
    if (follow_item(&r, &payload) != BUNDLE_CHECKPOINT || r.fault != NULL) continue;
    struct canon_reader inner = canon_reader(payload);
    *text = canon_str(&inner, LIMIT_CHECKPOINT);
    if (!canon_at_end(&r) || inner.fault != NULL) canon_fail(&r, "a checkpoint that is not the end");
  }
  if (r.fault != NULL || text->len == 0)
    return err_set(err, ERR_FORMAT, "a piece of a log: %s", r.fault == NULL ? "no checkpoint" : r.fault);
  return OK;
}

/* One window's items as the array that a pull takes. */
static enum err_code add_window(struct pull *p, const struct bundle_window *w, struct err *err) {
  struct bytes array;
  bytes_init(&array, w->items.len + 16);
  struct canon_writer writer = canon_writer(&array);
  canon_put_array(&writer, w->count);
  canon_put_raw(&writer, w->items);
  enum err_code code = canon_written(&writer, "window", err);
  if (code == OK) code = hall_pull_add(p, bytes_view(&array), err);
  bytes_release(&array);
  return code;
}

static enum err_code add_windows(struct pull *p, const struct row *row, struct view piece, struct err *err) {
  struct canon_reader r = canon_reader(piece);
  enum err_code code = OK;
  while (code == OK && r.fault == NULL && !canon_at_end(&r)) {
    struct view payload;
    struct bundle_window w;
    if (follow_item(&r, &payload) != BUNDLE_WINDOW) continue;
    code = bundle_window_read(payload, &w, err);
    if (code == OK && (!hash_equal(&w.node, &row->node) || w.gen != row->gen || w.from != hall_pull_next(p))) {
      code = err_set(err, ERR_FORMAT, "a piece of another place than was asked for");
    }
    if (code == OK) code = add_window(p, &w, err);
  }
  return code == OK && r.fault != NULL ? err_set(err, ERR_FORMAT, "a piece of a log: %s", r.fault) : code;
}

/* Takes a piece that begins at `from` into the hall. */
static enum err_code take_piece(struct follow *x, const struct row *row, uint64_t from, struct err *err) {
  struct view text;
  struct pull *p = NULL;
  struct pull_result result = {.n_new = 0};
  const struct view piece = bytes_view(&x->answer.body);
  enum err_code code = find_checkpoint(piece, &text, err);
  if (code == OK) code = hall_pull_begin(x->h, text, from, &p, err);
  if (code == OK) {
    const struct checkpoint *c = hall_pull_checkpoint(p);
    if (!hash_equal(&c->node, &row->node) || c->gen != row->gen)
      code = err_set(err, ERR_FORMAT, "a piece of another log than was asked for");
  }
  if (code == OK) code = add_windows(p, row, piece, err);
  if (code != OK) {
    hall_pull_abort(p);
    return code;
  }
  code = hall_pull_finish(p, &result, err);
  x->report->n_new += result.n_new;
  x->report->n_held += result.n_held;
  return code;
}

static uint64_t held_of(const struct follow *x, const struct row *row) {
  const struct hall_head *head = hall_head(x->h, &row->node, row->gen);
  return head == NULL ? 0 : head->size;
}

/* Whether nobody here follows that log: one of a member that is not known yet. */
static bool is_strange(const struct follow *x, const struct row *row) {
  return federation_generation(hall_federation(x->h), &row->node, row->gen) == NULL;
}

static void tell(const struct follow *x, enum follow_step step, uint64_t done, uint64_t all) {
  if (x->wish->progress != NULL) x->wish->progress(x->wish->context, step, done, all);
}

/* A closed generation that does not go on from what is held goes back by so many milestones, twice as many each time
 * (docs/protocol.md 7.6). 0: it was at its beginning once: all that is held of it was served now, and contradicts itself. */
static enum err_code step_back(struct follow *x, const struct row *row, uint64_t *back, struct err *err) {
  if (*back == 0) {
    err_set(err, ERR_MISMATCH, "what is served of this closed log does not go on from what was served before it");
    return err_hint(err, "follow another member for a while: replica = URL in node.ini");
  }
  if (hall_step_back(x->h, &row->node, row->gen, *back, NULL) != OK) return ERR_MISMATCH;
  *back = held_of(x, row) == 0 ? 0 : *back * 2;
  err_clear(err);
  return OK;
}

/* Follows one log to where the index says that it stands. */
static enum err_code follow_log(struct follow *x, const struct row *row, uint64_t *done, uint64_t all, struct err *err) {
  enum err_code code = OK;
  uint64_t back = 1;
  for (uint64_t at = held_of(x, row); code == OK && at < row->size; at = held_of(x, row)) {
    char path[160], node[HASH_HEX_LEN];
    hash_hex(&row->node, node);
    (void)snprintf(path, sizeof path, "/sync/%s/%" PRIu64 "/%" PRIu64 "/headers", node, row->gen, at);
    code = follow_ask(x, path, NULL, err);
    if (code == OK) code = take_piece(x, row, at, err);
    if (code == OK) *done += held_of(x, row) - at;
    tell(x, FOLLOW_HEADERS, *done, all);
    if (code == ERR_MISMATCH) code = step_back(x, row, &back, err);
  }
  return code;
}

/* A size at which this log stood here, with another root: perhaps its owner forked it. Its checkpoint tells. */
static enum err_code look_at_root(struct follow *x, const struct row *row, bool *suspect, struct err *err) {
  struct hash own;
  const enum err_code code = hall_root_at(x->h, &row->node, row->gen, row->size, &own, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  *suspect = *suspect || (code == OK && !hash_equal(&own, &row->root));
  return code;
}

static enum err_code take_checkpoints(struct follow *x, struct err *err) {
  struct view payload;
  enum err_code code = follow_ask(x, "/sync/checkpoints", NULL, err);
  struct canon_reader r = canon_reader(bytes_view(&x->answer.body));
  while (code == OK && !canon_at_end(&r)) {
    struct checkpoint c;
    if (follow_item(&r, &payload) != BUNDLE_CHECKPOINT) canon_fail(&r, "no checkpoint");
    struct canon_reader inner = canon_reader(payload);
    const struct view text = canon_str(&inner, LIMIT_CHECKPOINT);
    if (r.fault != NULL || inner.fault != NULL) return err_set(err, ERR_FORMAT, "checkpoints: not what was asked for");
    if (hall_checkpoint(x->h, text, &c, NULL) == OK) code = hall_look_for_fork(x->h, &c, text, err);
  }
  return code;
}

/* What ends the whole round; anything else is of one log. */
static bool ends_all(enum err_code code) {
  return code != OK && code != ERR_FORMAT && code != ERR_SIGNATURE && code != ERR_MISMATCH && code != ERR_REFUSED &&
         code != ERR_LIMIT && code != ERR_NOT_FOUND;
}

/* Keeps the first error of a log, with its name; *first.code OK: none yet. */
static void remember(const struct follow *x, const struct row *row, struct err *err, struct err *first) {
  if (first->code == OK) {
    *first = *err;
    err_context(first, "%s's log, as %s serves it", federation_handle(hall_federation(x->h), &row->node), fetch_url(x->f));
  }
  err_clear(err);
}

static enum err_code follow_logs(struct follow *x, const json_t *logs, struct err *err) {
  struct err first = ERR_INIT;
  uint64_t done = 0, all = 0;
  bool suspect = false;
  size_t i = 0;
  const json_t *json = NULL;
  struct row row;
  enum err_code code = OK;
  json_array_foreach(logs, i, json) {
    if (read_row(json, &row) && row.size > held_of(x, &row)) all += row.size - held_of(x, &row);
  }
  json_array_foreach(logs, i, json) {
    if (!read_row(json, &row)) return err_set(err, ERR_FORMAT, "%s: a row of the index that is none", fetch_url(x->f));
    if (is_strange(x, &row)) {
      x->report->strange++;
      continue;
    }
    code = look_at_root(x, &row, &suspect, err);
    if (code == OK) code = follow_log(x, &row, &done, all, err);
    if (ends_all(code)) return code;
    if (code != OK) remember(x, &row, err, &first);
  }
  code = suspect ? take_checkpoints(x, err) : OK;
  if (code == OK && first.code != OK) {
    *err = first;
    code = first.code;
  }
  return code;
}

/* The index, and all that it promises. */
static enum err_code follow_heads(struct follow *x, struct err *err) {
  char tag[FETCH_TAG_MAX];
  known_tag(x, TAG_FACT, tag);
  enum err_code code = follow_ask(x, "/sync", tag[0] == '\0' ? NULL : tag, err);
  if (code != OK) return code;
  if (x->wish->pieces_ms > 0) fetch_limit(x->f, x->wish->pieces_ms);
  x->report->unchanged = x->answer.status == 304;
  if (x->report->unchanged) { /* but who holds what is not in it */
    code = take_holds(x, err);
    return code == OK ? keep_time(x, err) : code;
  }
  memcpy(tag, x->answer.tag, sizeof tag);
  json_t *index = json_loadb(x->answer.body.len == 0 ? "" : (const char *)x->answer.body.p, x->answer.body.len, 0, NULL);
  code = check_index(x, index, err);
  if (code == OK) {
    name_who_answers(x, index);
    code = take_members(x, err);
  }
  if (code == OK) code = follow_logs(x, json_object_get(index, "logs"), err);
  if (code == OK) code = take_holds(x, err);
  if (code == OK) code = keep_time(x, err);
  if (code == OK) code = keep_tag(x, TAG_FACT, tag, err);
  json_decref(index);
  return code;
}

enum err_code follow_run(struct hall *h, struct fetch *f, const struct follow_wish *wish, struct follow_report *out,
                         struct err *err) {
  struct follow x = {.h = h, .f = f, .wish = wish, .report = out};
  struct err first = ERR_INIT;
  const uint64_t begun = clock_ms(h->config.clock);
  *out = (struct follow_report){.node = "?"};
  fetch_answer_init(&x.answer, ANSWER_MAX);
  enum err_code code = follow_heads(&x, err);
  out->headers_ms = clock_ms(h->config.clock) - begun;
  if (code != OK && !ends_all(code)) { /* of one log: texts of the others come all the same */
    first = *err;
    err_clear(err);
    code = OK;
  }
  if (code == OK && !wish->headers_only) code = follow_texts(&x, err);
  if (code == OK && first.code != OK) {
    *err = first;
    code = first.code;
  }
  out->missing = hall_bodies_missing(h);
  fetch_answer_release(&x.answer);
  return code;
}
