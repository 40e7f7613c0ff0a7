/*
 * demo: three nodes on loopback in a temporary folder found a federation by the same functions as the commands do, publish
 * their cases while they serve, exchange and co-sign them, and refuse what is forged. Then they serve until Ctrl-C, or the demo
 * ends with a verdict (--check).
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/demo_cases.h"
#include "cli/demo_node.h"
#include "cli/demo_review.h"
#include "cli/out.h"
#include "cli/serving.h"
#include "keys/words.h"

const struct option_row options_demo[] = {
    {"check", 0, OPTION_FLAG, NULL, "end by itself: 0 they hold the same, 8 they do not", "finisce da sé: 0 concordano, 8 no"},
    OPTIONS_END,
};

#define N_NODES 3
#define CONVERGE_MS 12000 /* until all must hold the same */
#define LOOK_MS 10        /* between two looks */

struct demo {
  struct cli *cli;
  char journey[REFERENCE_MAX]; /* the record that made its way */
  char folder[HOME_PATH_MAX];
  char program[HOME_PATH_MAX];
  struct demo_node nodes[N_NODES];
};

/* ---- founding ---- */

static enum err_code found(struct demo *d, struct err *err) {
  struct charter_file charter = {0};
  const char *requests[N_NODES];
  char path[HOME_PATH_MAX];
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    code = demo_node_init(&d->nodes[i], d->cli, d->folder, err);
    requests[i] = d->nodes[i].request;
  }
  if (code == OK) {
    code = charter_found("Specola demo", "en", requests, N_NODES, &charter, err);
  }
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    code = demo_node_sign(&d->nodes[i], &charter, err);
  }
  if (code == OK && (code = path_join(d->folder, "demo", ".charter", path, err)) == OK) {
    code = charter_file_write(path, &charter, err);
  }
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    code = founding_join(&d->nodes[i].opened, NULL, &charter, &d->nodes[i].coordinator, false, err);
  }
  if (code == OK) {
    charter_show(d->cli, &charter);
  }
  charter_file_release(&charter);
  return code;
}

/* ---- what they hold ---- */

/* Entries of a node's log as another's status tells; 0 if it has none. */
static uint64_t held_of(const json_t *status, const char *handle) {
  size_t i;
  json_t *log;
  json_array_foreach(json_object_get(status, "logs"), i, log) {
    const char *name = json_string_value(json_object_get(log, "handle"));
    if (name != NULL && strcmp(name, handle) == 0) {
      return (uint64_t)json_integer_value(json_object_get(log, "size"));
    }
  }
  return 0;
}

/* Asks all three; states: N_NODES statuses that the caller decrefs. */
static enum err_code ask_all(struct demo *d, json_t *states[N_NODES], struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; i < N_NODES; i++) {
    states[i] = NULL;
    code = code == OK ? demo_node_status(&d->nodes[i], &states[i], err) : code;
  }
  return code;
}

static void forget(json_t *states[N_NODES]) {
  for (size_t i = 0; i < N_NODES; i++) {
    json_decref(states[i]);
  }
}

static const char *digest_of(const json_t *status) {
  const char *digest = json_string_value(json_object_get(status, "frontier"));
  return digest == NULL ? "" : digest;
}

/* A table: what each node holds of each log. key: where it goes in the document. */
static enum err_code say_held(struct demo *d, const char *key, struct err *err) {
  static const char *const columns[] = {"node", ">IT", ">FR", ">EE", "frontier", NULL};
  json_t *states[N_NODES], *list = json_array();
  enum err_code code = ask_all(d, states, err);
  struct out_table *table = code == OK ? out_table_new(d->cli, columns) : NULL;
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    char counts[N_NODES][24], digest[20];
    const char *cells[N_NODES + 2] = {d->nodes[i].handle};
    json_t *row = json_pack("{s:s, s:s}", "node", d->nodes[i].handle, "frontier", digest_of(states[i]));
    for (size_t k = 0; k < N_NODES; k++) {
      uint64_t held = held_of(states[i], d->nodes[k].handle);
      snprintf(counts[k], sizeof counts[k], "%ju", (uintmax_t)held);
      cells[k + 1] = counts[k];
      json_object_set_new(row, d->nodes[k].handle, json_integer((json_int_t)held));
    }
    snprintf(digest, sizeof digest, "%.16s", digest_of(states[i]));
    cells[N_NODES + 1] = digest;
    out_table_row(table, cells);
    json_array_append_new(list, row);
  }
  out_table_print(table);
  out_set(d->cli, key, list);
  forget(states);
  return code;
}

/* True when all hold as much as the home of each log says of itself, and their frontiers are equal. */
static bool have_converged(struct demo *d, json_t *states[N_NODES]) {
  for (size_t i = 0; i < N_NODES; i++) {
    if (digest_of(states[i])[0] == '\0' || strcmp(digest_of(states[i]), digest_of(states[0])) != 0) {
      return false;
    }
    for (size_t k = 0; k < N_NODES; k++) {
      if (held_of(states[i], d->nodes[k].handle) != held_of(states[k], d->nodes[k].handle)) {
        return false;
      }
    }
  }
  return true;
}

/* ERR_MISMATCH (exit 8) when they do not agree in time. */
static enum err_code converge(struct demo *d, struct err *err) {
  uint64_t start = clock_ms(clock_system()), took = 0;
  do {
    json_t *states[N_NODES];
    enum err_code code = ask_all(d, states, err);
    bool done = code == OK && have_converged(d, states);
    forget(states);
    if (code != OK) {
      return code;
    }
    took = clock_ms(clock_system()) - start;
    if (done) {
      out_set_number(d->cli, "converged_ms", took);
      return OK;
    }
  } while (took < CONVERGE_MS && demo_wait(LOOK_MS));
  err_set(err, ERR_MISMATCH, "the three nodes do not hold the same after %ju ms", (uintmax_t)took);
  return err_hint(err, "their logs are in %s", d->folder);
}

/* ---- publishing ---- */

struct publishing {
  struct demo_node *node;
  uint64_t logged, refused;
  char last[REFERENCE_MAX];
  char why[256];
};

static void said(void *context, const struct publication_row *row) {
  struct publishing *p = context;
  p->logged += row->logged;
  p->refused += !row->logged;
  memcpy(row->logged ? p->last : p->why, row->logged ? row->reference : row->why, row->logged ? sizeof p->last : sizeof p->why);
}

/* Publishes the node's cases number from ≤ i < to among those that are its own. */
static enum err_code publish(struct demo_node *n, size_t from, size_t to, struct publishing *done, struct err *err) {
  struct submit s;
  struct publication *p = NULL;
  size_t own = 0;
  *done = (struct publishing){.node = n};
  enum err_code code = submit_open(&n->cli, &s, err);
  if (code != OK) {
    return code;
  }
  if ((code = submit_person(&n->cli, &s, err)) == OK) {
    code = publication_new(said, done, &p, err);
  }
  for (const struct demo_case *c = demo_cases; code == OK && c->node != NULL; c++) {
    struct proposal o;
    bool wanted = strcmp(c->node, n->handle) == 0 && own++ >= from && own <= to;
    if (!wanted || (code = proposal_from_text(s.here.schemas, view_of(c->text, c->len), c->file, &s.here.home.config, "en", &o,
                                              err)) != OK) {
      continue;
    }
    o.review_wanted = to == 1; /* the one that makes its way */
    code = publication_add(p, &s, &o, NULL, own, err);
    proposal_release(&o);
  }
  if (code == OK) {
    code = publication_flush(p, &s, err);
  }
  if (code == OK && done->refused > 0) {
    code = err_set(err, ERR_REFUSED, "node %s refused a case: %s", n->handle, done->why);
  }
  publication_free(p);
  submit_release(&s);
  return code;
}

/* One record's way: published at IT, until FR and EE hold it. */
static enum err_code journey(struct demo *d, struct err *err) {
  struct publishing done;
  bool there[N_NODES] = {true, false, false};
  out_line(d->cli, "%s", "");
  out_heading(d->cli, "One record's way");
  uint64_t start = clock_ms(clock_system());
  enum err_code code = publish(&d->nodes[0], 0, 1, &done, err);
  if (code != OK) {
    return code;
  }
  out_line(d->cli, "%6ju ms  IT signed it, admitted it, and gave a receipt: %s", (uintmax_t)(clock_ms(clock_system()) - start),
           done.last);
  uint64_t size = strtoull(strchr(done.last, '-') == NULL ? "0" : strchr(done.last, '-') + 1, NULL, 10) + 1;
  memcpy(d->journey, done.last, sizeof d->journey);
  out_set_text(d->cli, "journey", done.last);
  while (clock_ms(clock_system()) - start < CONVERGE_MS && (!there[1] || !there[2]) && demo_wait(LOOK_MS)) {
    for (size_t i = 1; i < N_NODES; i++) {
      json_t *status = NULL;
      if (there[i] || demo_node_status(&d->nodes[i], &status, err) != OK) {
        continue;
      }
      there[i] = held_of(status, "IT") >= size;
      json_decref(status);
      if (there[i]) {
        out_line(d->cli, "%6ju ms  %s pulled it, folded it to IT's signed root, verified its author, and holds it",
                 (uintmax_t)(clock_ms(clock_system()) - start), d->nodes[i].handle);
      }
    }
  }
  err_clear(err);
  return there[1] && there[2] ? OK : err_set(err, ERR_MISMATCH, "%s has not reached the others", done.last);
}

/* Seals a case, turns one octet of its signature, and submits it. */
static enum err_code submit_forged(struct demo_node *n, struct batch *batch, struct receipt *receipt, struct err *err) {
  struct submit s;
  struct proposal o;
  const struct demo_case *c = &demo_cases[0];
  memset(&o, 0, sizeof o);
  enum err_code code = submit_open(&n->cli, &s, err);
  if (code != OK) {
    return code;
  }
  if ((code = submit_person(&n->cli, &s, err)) == OK &&
      (code = proposal_from_text(s.here.schemas, view_of(c->text, c->len), c->file, &s.here.home.config, "en", &o, err)) ==
          OK &&
      (code = submit_seal(&s, o.schema->number, false, NULL, NULL, bytes_view(&o.body), 0, batch, err)) == OK &&
      batch->rows[0].envelope.p != NULL) {
    batch->rows[0].envelope.p[batch->rows[0].envelope.len - 1] ^= 1;
    code = submit_send(&s, batch, receipt, err);
  }
  proposal_release(&o);
  submit_release(&s);
  return code;
}

/* It must be refused, and for that reason. */
static enum err_code forge(struct demo *d, struct err *err) {
  struct receipt *receipt = calloc(1, sizeof *receipt);
  struct batch *batch = calloc(1, sizeof *batch);
  if (receipt == NULL || batch == NULL) {
    free(receipt);
    free(batch);
    return err_set(err, ERR_MEMORY, NULL);
  }
  enum err_code code = submit_forged(&d->nodes[0], batch, receipt, err);
  if (code == OK) {
    bool refused = receipt->n == 1 && receipt->rows[0].state == RECEIPT_REFUSED;
    uint64_t reason = refused ? receipt->rows[0].reason : REASON_NONE;
    out_line(d->cli, "%s", "");
    out_heading(d->cli, "A forged record");
    out_line(d->cli, "One octet of its signature was turned, then it was submitted to IT: %s(%s), %s",
             refused ? "REFUSED" : "ACCEPTED", reason_name(reason), reason_text(reason));
    out_set_text(d->cli, "forged", reason_name(reason));
    if (reason != REASON_SIGNATURE) {
      code = err_set(err, ERR_MISMATCH, "a forged record was not refused for its signature");
    }
  }
  batch_clear(batch);
  free(batch);
  free(receipt);
  return code;
}

/* ---- the play ---- */

static enum err_code serve_all(struct demo *d, struct err *err) {
  enum err_code code = OK;
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    code = demo_node_serve(&d->nodes[i], d->nodes, i, d->program, err);
    if (code == OK) {
      out_line(d->cli, "%s serves at %s", d->nodes[i].handle, d->nodes[i].endpoint);
    }
  }
  return code;
}

static enum err_code publish_all(struct demo *d, struct err *err) {
  enum err_code code = OK;
  uint64_t all = 1; /* the one that has made its way already */
  out_line(d->cli, "%s", "");
  out_heading(d->cli, "Each publishes its other cases");
  for (size_t i = 0; code == OK && i < N_NODES; i++) {
    struct publishing done;
    code = publish(&d->nodes[i], i == 0 ? 1 : 0, SIZE_MAX, &done, err);
    if (code == OK) {
      out_line(d->cli, "%s: %ju cases, up to %s", d->nodes[i].handle, (uintmax_t)done.logged, done.last);
      all += done.logged;
    }
  }
  out_set_number(d->cli, "published", all);
  return code;
}

static enum err_code play(struct demo *d, struct err *err) {
  out_heading(d->cli, "Three nodes found an observatory");
  enum err_code code = found(d, err);
  if (code != OK || (code = serve_all(d, err)) != OK) {
    return code;
  }
  out_line(d->cli, "%s", "");
  out_heading(d->cli, "Entries that each holds of each log, before");
  if ((code = say_held(d, "before", err)) != OK || (code = journey(d, err)) != OK ||
      (code = demo_review(d->cli, d->nodes, N_NODES, d->journey, CONVERGE_MS, err)) != OK ||
      (code = publish_all(d, err)) != OK || (code = forge(d, err)) != OK) {
    return code;
  }
  code = converge(d, err);
  struct err other = ERR_INIT;
  out_line(d->cli, "%s", "");
  out_heading(d->cli, "Entries that each holds of each log, after");
  enum err_code said_code = say_held(d, "after", code == OK ? err : &other);
  return code != OK ? code : said_code;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *walk) {
  (void)st;
  (void)type;
  (void)walk;
  return remove(path);
}

static enum err_code make_folder(struct demo *d, struct err *err) {
  const char *base = getenv("TMPDIR");
  int n = snprintf(d->folder, sizeof d->folder, "%s/specola-demo-XXXXXX", base == NULL || base[0] != '/' ? "/tmp" : base);
  if (n < 0 || (size_t)n >= sizeof d->folder) {
    return err_set(err, ERR_LIMIT, "TMPDIR is too long");
  }
  return mkdtemp(d->folder) == NULL ? err_errno(err, ERR_IO, errno, d->folder) : OK;
}

enum err_code cmd_demo(struct cli *cli, const struct args *args, struct err *err) {
  static const char *const names[N_NODES][2] = {
      {"IT", "A node for Italy"}, {"FR", "A node for France"}, {"EE", "A node for Estonia"}};
  struct demo *d = calloc(1, sizeof *d);
  if (d == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  d->cli = cli;
  for (size_t i = 0; i < N_NODES; i++) {
    d->nodes[i].handle = names[i][0];
    d->nodes[i].name = names[i][1];
  }
  demo_catch_signals();
  enum err_code code = program_path(d->program, err);
  if (code == OK && (code = make_folder(d, err)) == OK) {
    code = play(d, err);
    if (code == OK && !args_flag(args, "check") && !cli->json) {
      out_line(cli, "%s", "");
      if (demo_node_web(&d->nodes[0])) {
        out_heading(cli, "The observatory is served at  %s/", d->nodes[0].web);
        out_line(cli, "%s", "");
      }
      out_line(
          cli,
          "They hold the same, and go on serving. Ctrl-C stops them and removes the folder. Meanwhile, in another terminal:");
      out_line(cli, "  %s --home %s list case", d->program, d->nodes[2].home);
      out_line(cli, "  %s --home %s --lang it show IT-2", d->program, d->nodes[1].home);
      out_line(cli, "  %s --home %s status", d->program, d->nodes[0].home);
      while (demo_wait(1000)) {
      }
    }
    for (size_t i = 0; i < N_NODES; i++) {
      demo_node_stop(&d->nodes[i]);
    }
    nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  }
  out_set_bool(cli, "converged", code == OK);
  free(d);
  return code;
}
