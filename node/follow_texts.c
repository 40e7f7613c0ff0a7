/*
 * follow_texts: bodies that are absent here, asked for in runs, the newest first; of all logs in turn, or of what a question
 * finds. See follow.h.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "node/follow_inside.h"
#include "node/store/absent.h"
#include "protocol/canon.h"

#define RUN_BYTES ((uint64_t)640 * 1024) /* of bodies: the last one may pass it, and one window holds all the same */
#define RUN_ENTRIES 2000u
#define QUESTION_MAX 900u
#define ASKED_FACT "replica.asked" /* the question that was answered to its end */

/* Takes the answer about the entries from `from` on: *count of them were looked at. */
static enum err_code take_answer(struct follow *x, const struct hall_head *log, uint64_t from, uint64_t *count,
                                 struct err *err) {
  struct canon_reader r = canon_reader(bytes_view(&x->answer.body));
  struct bundle_window w;
  struct view payload;
  uint64_t filled = 0;
  const uint64_t type = follow_item(&r, &payload);
  if (canon_finish(&r, "texts", err) != OK) return ERR_FORMAT;
  if (type != BUNDLE_BODIES || bundle_bodies_read(payload, &w, NULL) != OK || !hash_equal(&w.node, &log->node) ||
      w.gen != log->gen || w.from != from) {
    return err_set(err, ERR_FORMAT, "%s: texts of another place than was asked for", fetch_url(x->f));
  }
  *count = w.count;
  struct canon_reader inner = canon_reader(payload);
  canon_array_exact(&inner, 4);
  for (int i = 0; i < 3; i++)
    (void)canon_skip(&inner);
  const struct view window = canon_skip(&inner);
  const enum err_code code = hall_fill(x->h, &w.node, w.gen, from, window, &filled, err);
  x->report->texts += filled;
  return code == OK ? OK : err_context(err, "%s", fetch_url(x->f));
}

/* Asks for the texts from ≤ i < to of a log. A node that does not hold so much is asked for nothing more: *gone. */
static enum err_code ask_run(struct follow *x, const struct hall_head *log, uint64_t from, uint64_t to, bool *gone,
                             struct err *err) {
  char path[200], node[HASH_HEX_LEN];
  enum err_code code = OK;
  hash_hex(&log->node, node);
  while (code == OK && from < to) {
    uint64_t count = 0;
    (void)snprintf(path, sizeof path, "/sync/%s/%" PRIu64 "/%" PRIu64 "/bodies/%" PRIu64, node, log->gen, from, to);
    code = follow_ask(x, path, NULL, err);
    if (code == ERR_NOT_FOUND) {
      err_clear(err);
      *gone = true;
      return OK;
    }
    if (code == OK) code = take_answer(x, log, from, &count, err);
    from += count;
  }
  return code;
}

static void tell(const struct follow *x, uint64_t all) {
  if (x->wish->progress != NULL) x->wish->progress(x->wish->context, FOLLOW_TEXTS, x->report->texts, all);
}

/* ---- all of them ---- */

/* The next run of one log, downwards from *below; *below 0: nothing is left. */
static enum err_code next_run(struct follow *x, const struct hall_head *log, uint64_t *below, struct err *err) {
  const struct hall_log *held = hall_find(x->h, &log->node, log->gen);
  uint64_t from = 0, to = 0;
  bool gone = false;
  enum err_code code = held == NULL
                           ? err_set(err, ERR_NOT_FOUND, "no log")
                           : absent_run(hall_store(x->h), held->log.no, *below, RUN_ENTRIES, RUN_BYTES, &from, &to, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    *below = 0;
    return OK;
  }
  if (code == OK) code = ask_run(x, log, from, to, &gone, err);
  *below = gone ? 0 : from;
  return code;
}

static enum err_code all_texts(struct follow *x, struct err *err) {
  uint32_t n = 0;
  const struct hall_head *now = hall_heads(x->h, &n);
  struct hall_head *logs = calloc((size_t)n + 1, sizeof *logs); /* size: below what there is still to ask */
  const uint64_t all = hall_bodies_missing(x->h);
  enum err_code code = OK;
  if (logs == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  if (n > 0) memcpy(logs, now, n * sizeof *logs);
  for (bool more = true; code == OK && more;) {
    more = false;
    for (uint32_t i = 0; i < n && code == OK; i++) {
      if (logs[i].size > 0) code = next_run(x, &logs[i], &logs[i].size, err);
      more = more || logs[i].size > 0;
      tell(x, all);
    }
  }
  x->report->withheld = code == OK ? hall_bodies_missing(x->h) : 0;
  free(logs);
  return code;
}

/* ---- what a question finds ---- */

static bool is_absent(struct follow *x, const struct hall_head *log, uint64_t index) {
  uint64_t next = 0;
  return hall_absent(x->h, &log->node, log->gen, index, &next, NULL) == OK && next == index;
}

/* Positions of one log, rising; asked for downwards, neighbours together. */
static enum err_code positions(struct follow *x, const struct hall_head *log, const json_t *list, uint64_t *wanted,
                               struct err *err) {
  enum err_code code = OK;
  bool gone = false;
  for (size_t i = json_array_size(list); i > 0 && code == OK && !gone;) {
    const json_int_t top = json_integer_value(json_array_get(list, --i));
    if (top < 0 || (uint64_t)top >= log->size || !is_absent(x, log, (uint64_t)top)) continue;
    uint64_t from = (uint64_t)top;
    while (i > 0 && (uint64_t)top - from < LIMIT_SUBMIT &&
           json_integer_value(json_array_get(list, i - 1)) == (json_int_t)from - 1) {
      from--;
      i--;
    }
    *wanted += (uint64_t)top + 1 - from;
    code = ask_run(x, log, from, (uint64_t)top + 1, &gone, err);
    tell(x, 0);
  }
  return code;
}

static enum err_code chosen(struct follow *x, const json_t *answer, struct err *err) {
  enum err_code code = OK;
  uint64_t wanted = 0;
  size_t i = 0;
  const json_t *row = NULL;
  json_array_foreach(json_object_get(answer, "logs"), i, row) {
    struct hash node;
    const char *hex = json_string_value(json_object_get(row, "node"));
    const json_int_t gen = json_integer_value(json_object_get(row, "gen"));
    if (hex == NULL || gen < 1 || hash_from_hex(view_of_text(hex), &node, NULL) != OK) continue;
    const struct hall_head *head = hall_head(x->h, &node, (uint64_t)gen);
    if (head == NULL) continue;
    const struct hall_head log = *head;
    code = positions(x, &log, json_object_get(row, "positions"), &wanted, err);
    if (code != OK) return code;
  }
  x->report->withheld = wanted > x->report->texts ? wanted - x->report->texts : 0;
  x->report->left_out = hall_bodies_missing(x->h) - (x->report->withheld < hall_bodies_missing(x->h) ? x->report->withheld : 0);
  return OK;
}

/* Whether that question was answered to its end when the node's logs stood where they stand: fact ASKED. */
static bool was_asked(struct follow *x) {
  struct bytes fact;
  bytes_init(&fact, QUESTION_MAX);
  const bool same = x->report->unchanged && store_get_fact(hall_store(x->h), ASKED_FACT, &fact, NULL) == OK &&
                    view_is_text(bytes_view(&fact), x->wish->only);
  bytes_release(&fact);
  return same;
}

static enum err_code some_texts(struct follow *x, struct err *err) {
  char path[QUESTION_MAX + 32];
  struct store *s = hall_store(x->h);
  if (strlen(x->wish->only) > QUESTION_MAX) return err_set(err, ERR_USAGE, "--only: more than %u octets", QUESTION_MAX);
  (void)snprintf(path, sizeof path, "/sync/select?%s", x->wish->only);
  enum err_code code = store_drop_fact(s, ASKED_FACT, err);
  if (code == OK) code = follow_ask(x, path, NULL, err);
  if (code == ERR_REFUSED || code == ERR_NOT_FOUND) {
    (void)err_context(err, "--only %s", x->wish->only);
    (void)err_hint(err, "as in: --only 'kind=case&country=IT&sector=07'");
    err->code = ERR_USAGE;
    return ERR_USAGE;
  }
  if (code != OK) return code;
  json_t *answer = x->answer.body.len == 0 ? NULL : json_loadb((const char *)x->answer.body.p, x->answer.body.len, 0, NULL);
  code = answer == NULL ? err_set(err, ERR_FORMAT, "%s: what a question finds is no JSON", fetch_url(x->f))
                        : chosen(x, answer, err);
  if (code == OK) code = store_put_fact(s, ASKED_FACT, view_of_text(x->wish->only), err);
  json_decref(answer);
  return code;
}

enum err_code follow_texts(struct follow *x, struct err *err) {
  if (x->wish->only == NULL) return hall_bodies_missing(x->h) == 0 ? OK : all_texts(x, err);
  x->report->left_out = hall_bodies_missing(x->h);
  return was_asked(x) ? OK : some_texts(x, err);
}
