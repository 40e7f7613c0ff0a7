/*
 * demo_review: see demo_review.h.
 */
#include "cli/demo_review.h"

#include <string.h>

#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "cli/json_text.h"
#include "cli/out.h"

#define LOOK_MS 20 /* between two looks */

/* ---- signing ---- */

static enum err_code certify(struct submit *s, const struct demo_node *n, struct err *err) {
  char hex[2 * PUBKEY_LEN + 1];
  json_t *answer = NULL;
  hex_encode(pubkey_view(&n->coordinator.key), hex);
  json_t *wish = json_pack("{s:s, s:i, s:i, s:s}", "key", hex, "roles", (int)(ROLE_COORDINATOR | ROLE_EDITOR | ROLE_REVIEWER),
                           "territory", 0, "name", n->coordinator.name);
  const enum err_code code = ctl_order(s->ctl, "certify", wish, &answer, err);
  json_decref(wish);
  json_decref(answer);
  return code;
}

/* reference: of the signature. */
static enum err_code endorse(struct demo_node *n, const char *name, char reference[REFERENCE_MAX], struct err *err) {
  struct submit s;
  json_t *json = NULL, *said = json_pack("{s:s}", "language", "en");
  int64_t rowid = 0;
  enum err_code code = submit_open(&n->cli, &s, err);
  if (code == OK) {
    code = s.ctl == NULL ? err_set(err, ERR_FAILED, "%s does not serve", n->handle) : certify(&s, n, err);
  }
  if (code == OK && (code = here_object(&n->cli, &s.here, name, &rowid, &json, err)) == OK &&
      (code = submit_person(&n->cli, &s, err)) == OK) {
    const json_t *statement = endorsement_newest(json_object_get(json, "endorsement"));
    code = endorsing_sign(&s, json, statement, said, reference, err);
  }
  json_decref(said);
  json_decref(json);
  submit_release(&s);
  return code;
}

/* ---- what each finds ---- */

/* What a node finds about the object now; the caller decrefs. */
static enum err_code look(const struct demo_node *n, const char *name, json_t **out, struct err *err) {
  struct here here;
  int64_t rowid = 0;
  enum err_code code = here_open(&n->cli, &here, err);
  if (code == OK) {
    code = here_object(&n->cli, &here, name, &rowid, out, err);
    here_release(&here);
  }
  return code;
}

static uint64_t counted(const json_t *json) {
  return (uint64_t)json_integer_value(json_object_get(endorsement_newest(json_object_get(json, "endorsement")), "counted"));
}

/* True once all find that so many count, and of one frontier. *last: what the last one found. */
static enum err_code all_find(struct demo_node *nodes, size_t n, const char *name, uint64_t wanted, bool *same, json_t **last,
                              struct err *err) {
  char digest[HASH_HEX_LEN] = "";
  enum err_code code = OK;
  *same = true;
  for (size_t i = 0; code == OK && *same && i < n; i++) {
    json_decref(*last);
    *last = NULL;
    code = look(&nodes[i], name, last, err);
    const char *frontier = text_of(json_object_get(*last, "endorsement"), "frontier");
    *same = code == OK && counted(*last) == wanted && (i == 0 || strcmp(frontier, digest) == 0);
    memcpy(digest, frontier, strnlen(frontier, sizeof digest - 1) + 1);
  }
  return code;
}

static void tell(const struct cli *cli, uint64_t took, const json_t *json) {
  const json_t *endorsement = json_object_get(json, "endorsement"), *statement = endorsement_newest(endorsement);
  struct bytes line;
  bytes_init(&line, LIMIT_HEADER);
  endorsement_count(cli, statement, &line);
  out_line(cli, "%6ju ms  every node finds: %.*s%s", (uintmax_t)took, (int)line.len, (const char *)line.p,
           json_is_true(json_object_get(statement, "met")) ? ": endorsed" : "");
  out_set_number(cli, "counted", counted(json));
  out_set_text(cli, "endorsed", text_of(endorsement, "state"));
  bytes_release(&line);
}

static enum err_code wait_until_found(const struct cli *cli, struct demo_node *nodes, size_t n, const char *name,
                                      uint64_t wanted, uint64_t start, uint64_t wait_ms, struct err *err) {
  json_t *last = NULL;
  bool same = false;
  enum err_code code = OK;
  do {
    code = all_find(nodes, n, name, wanted, &same, &last, err);
  } while (code == OK && !same && clock_ms(clock_system()) - start < wait_ms && demo_wait(LOOK_MS));
  if (code == OK && same) {
    tell(cli, clock_ms(clock_system()) - start, last);
  } else if (code == OK) {
    code = err_set(err, ERR_MISMATCH, "the nodes do not find the same about %s", name);
  }
  json_decref(last);
  return code;
}

enum err_code demo_review(const struct cli *cli, struct demo_node *nodes, size_t n, const char *name, uint64_t wait_ms,
                          struct err *err) {
  enum err_code code = OK;
  out_line(cli, "%s", "");
  out_heading(cli, "Reviewers who never met sign the same statement");
  for (size_t i = 1; code == OK && i < n; i++) {
    char reference[REFERENCE_MAX] = "";
    const uint64_t start = clock_ms(clock_system());
    code = endorse(&nodes[i], name, reference, err);
    if (code == OK) {
      out_line(cli, "%6ju ms  %s's reviewer endorsed %s: %s, in %s's log", (uintmax_t)(clock_ms(clock_system()) - start),
               nodes[i].handle, name, reference, nodes[i].handle);
      code = wait_until_found(cli, nodes, n, name, i, start, wait_ms, err);
    }
  }
  return code;
}
