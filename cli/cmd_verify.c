/*
 * verify: a bundle, wherever it came from, without a home; or the own store, every log of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/verifier.h"
#include "cli/verifying.h"
#include "keys/words.h"
#include "node/store/milestone.h"

/* What is said of the logs that were checked. */
struct report {
  struct cli *cli;
  struct out_table *table;
  json_t *list;
  bool lost; /* entries stand under no checkpoint */
};

static struct report report_new(struct cli *cli) {
  static const char *const columns[] = {"node",        ">gen", ">entries", ">checkpoints", ">held back", ">bodies missing",
                                        ">taken down", "root", NULL};
  struct report r = {.cli = cli, .table = out_table_new(cli, columns), .list = json_array()};
  out_set(cli, "logs", r.list);
  return r;
}

static void report_log(struct report *r, const struct log_check *c) {
  char gen[24], size[24], points[24], held[24], missing[24], gone[24], root[HASH_HEX_LEN];
  struct hash h = merkle_root(&c->range);
  snprintf(gen, sizeof gen, "%ju", (uintmax_t)c->gen);
  snprintf(size, sizeof size, "%ju", (uintmax_t)c->range.size);
  snprintf(points, sizeof points, "%ju", (uintmax_t)c->checkpoints);
  snprintf(held, sizeof held, "%ju", (uintmax_t)c->held);
  snprintf(missing, sizeof missing, "%ju", (uintmax_t)c->bodies_missing);
  snprintf(gone, sizeof gone, "%ju", (uintmax_t)c->bodies_gone);
  hash_hex(&h, root);
  const char *cells[] = {c->handle, gen, size, points, held, missing, gone, root};
  out_table_row(r->table, cells);
  json_array_append_new(r->list,
                        json_pack("{s:s, s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I}", "handle", c->handle, "node",
                                  out_json_hash(&c->node), "gen", (json_int_t)c->gen, "size", (json_int_t)c->range.size,
                                  "covered", (json_int_t)c->covered, "root", root, "checkpoints", (json_int_t)c->checkpoints,
                                  "held", (json_int_t)c->held, "bodies_missing", (json_int_t)c->bodies_missing, "bodies_gone",
                                  (json_int_t)c->bodies_gone));
}

static enum err_code file_source(void *context, uint8_t *buffer, size_t size, size_t *n, struct err *err) {
  FILE *file = context;
  *n = fread(buffer, 1, size, file);
  return *n == 0 && ferror(file) ? err_errno(err, ERR_IO, errno, "bundle") : OK;
}

static enum err_code verify_file(struct cli *cli, const char *path, struct err *err) {
  struct bundle_check b = {0};
  char words[WORDS_LEN];
  FILE *file = fopen(path, "rbe");
  if (file == NULL) {
    enum err_code failed = err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, path);
    return failed == ERR_NOT_FOUND ? err_hint(err, "specola export --to bundle -o %s makes one", path) : failed;
  }
  enum err_code code = bundle_check(file_source, file, &b, err);
  if (code != OK) {
    err_context(err, "%s", path);
    if (err->hint[0] == '\0') {
      err_hint(err, "get the file again from who made it: specola export --to bundle");
    }
  } else {
    struct report r = report_new(cli);
    struct view name = charter_name(&b.charter, cli->lang);
    words_of(&b.charter.fed_id, words);
    out_heading(cli, "%.*s", (int)name.len, (const char *)name.p);
    out_line(cli, "Fingerprint  %s   (compare it with one that you know)", words);
    for (size_t i = 0; i < b.n_logs; i++) {
      report_log(&r, &b.logs[i]);
    }
    out_table_print(r.table);
    out_line(cli, "Verified: every entry folds to a signed root, every body is the one committed to.");
    out_set_text(cli, "fingerprint", words);
    out_set(cli, "federation", out_json_hash(&b.charter.fed_id));
  }
  bundle_check_release(&b);
  fclose(file);
  return code;
}

/* ---- the own store ---- */

/* A log being read from the store. */
struct walk {
  struct log_check check;
  const struct here *here;
  struct log log;
  struct bytes text;
  struct progress *progress;
  enum err_code code;
  struct err *err;
};

/* Folds one entry; where a milestone stands behind it, that one is checked, too. */
static bool walk_entry(void *context, int64_t rowid, const struct item *item) {
  struct walk *w = context;
  (void)rowid;
  progress_step(w->progress);
  w->code = log_check_item(&w->check, item, w->err);
  if (w->code != OK) {
    return false;
  }
  bytes_clear(&w->text);
  w->code = milestone_get(w->here->store, w->log.no, w->check.range.size, &w->text, w->err);
  if (w->code == OK) {
    w->code = log_check_checkpoint(&w->check, bytes_view(&w->text), w->err);
  } else if (w->code == ERR_NOT_FOUND) {
    err_clear(w->err);
    w->code = OK;
  }
  return w->code == OK;
}

/* Whether the checkpoint at which a log ends was lost to a disk, and only its place is known (docs/store.md, Scrub). */
static bool ends_at_lost(struct walk *w) {
  const uint64_t size = w->log.range.size;
  bytes_clear(&w->text);
  return w->check.covered < size && milestone_place(w->here->store, w->log.no, size, &w->text, NULL) == OK && w->text.len == 0;
}

/* A cut speaks for the entries below it as a checkpoint does. For what stands under none nobody has signed: of the own log it
 * is not taken, of another member's it is told. */
static enum err_code check_end(struct walk *w, struct report *report, struct err *err) {
  struct log_check *c = &w->check;
  const struct federation_member *self = federation_self(&w->here->federation);
  const struct hash root = merkle_root(&c->range);
  const uint64_t size = w->log.range.size;
  if (c->range.size != size || !ends_at_lost(w)) {
    return c->covered == size && c->range.size == size
               ? OK
               : err_set(err, ERR_MISMATCH, "%s: %ju entries are there, %ju under checkpoints, %ju are claimed", c->handle,
                         (uintmax_t)c->range.size, (uintmax_t)c->covered, (uintmax_t)size);
  }
  if (c->is_closed && size >= c->cut_size) {
    c->covered = size == c->cut_size && hash_equal(&root, &c->cut_root) ? size : c->covered;
    return c->covered == size ? OK : err_set(err, ERR_MISMATCH, "%s: the log does not end at its cut", c->handle);
  }
  if (self != NULL && hash_equal(&c->node, &self->member->node)) {
    return err_set(err, ERR_MISMATCH,
                   "%s: the checkpoint of %ju, where the own log ends, is lost: the next record brings a new one", c->handle,
                   (uintmax_t)size);
  }
  out_note(report->cli, "%s: the checkpoint of %ju is lost: entries from %ju on stand under none until the log goes on",
           c->handle, (uintmax_t)size, (uintmax_t)c->covered);
  report->lost = true;
  return OK;
}

static enum err_code verify_log(const struct here *here, const struct log *log, struct report *report, struct gone_check *gone,
                                struct progress *progress, struct err *err) {
  struct walk w = {.here = here, .log = *log, .progress = progress, .err = err};
  int64_t suspects[STORE_SUSPECTS];
  const struct federation_member *member = federation_by_node(&here->federation, &log->node);
  if (member == NULL) {
    return err_set(err, ERR_MISMATCH, "a log of no member is in the store");
  }
  const struct generation *g = federation_generation(&here->federation, &log->node, log->gen);
  if (g == NULL) {
    return err_set(err, ERR_MISMATCH, "%s: generation %ju, which no identity begins", member->member->handle,
                   (uintmax_t)log->gen);
  }
  w.check = (struct log_check){.fed_id = here->federation.charter.fed_id,
                               .node = log->node,
                               .gen = log->gen,
                               .key = g->node_key,
                               .is_closed = g->is_closed,
                               .cut_size = g->cut_size,
                               .cut_root = g->cut_root,
                               .gone = gone};
  memcpy(w.check.handle, member->member->handle, HANDLE_MAX);
  bytes_init(&w.text, LIMIT_CHECKPOINT);
  enum err_code code = entry_each(here->store, log->no, 0, log->range.size, walk_entry, &w, err);
  code = code == OK ? w.code : code;
  if (code == ERR_CORRUPT && store_take_suspects(here->store, suspects) > 0) { /* an entry, and not the file as such */
    code = err_set(err, ERR_MISMATCH, "%s: entry %ju is damaged", w.check.handle, (uintmax_t)entry_index(suspects[0]));
  }
  if (code == OK) {
    code = check_end(&w, report, err);
  }
  if (code == OK) {
    report_log(report, &w.check);
  }
  bytes_release(&w.text);
  return code;
}

/* Logs first, so that no statement is open while entries are read. */
struct logs {
  struct log list[LIMIT_HEADS];
  size_t n;
  bool more; /* than there is room for */
};

static bool keep_log(void *context, const struct log *log) {
  struct logs *l = context;
  if (l->n < sizeof l->list / sizeof l->list[0]) {
    l->list[l->n++] = *log;
  } else {
    l->more = true;
  }
  return true;
}

enum err_code verify_here(struct cli *cli, const struct here *here, struct err *err) {
  static struct logs logs;
  logs.n = 0;
  logs.more = false;
  struct report report = report_new(cli);
  struct gone_check gone = {.said = {.n = 0}};
  struct progress *progress = progress_new(cli, out_word(cli, "entries checked", "voci controllate"));
  enum err_code code = log_each(here->store, keep_log, &logs, err);
  if (code == OK && logs.more) {
    code = err_set(err, ERR_LIMIT, "more than %u logs", LIMIT_HEADS);
  }
  for (size_t i = 0; code == OK && i < logs.n; i++) {
    if (logs.list[i].range.size > 0) {
      code = verify_log(here, &logs.list[i], &report, &gone, progress, err);
    }
  }
  if (code == OK) {
    code = gone_check_finish(&gone, err);
  }
  gone_check_release(&gone);
  progress_free(progress);
  out_table_print(report.table);
  if (code == OK) {
    out_line(cli, report.lost ? "Verified, but for the roots of the entries that stand under no checkpoint."
                              : "Verified: every entry folds to a signed root, every body is the one committed to.");
  } else {
    err_hint(err, "the store is damaged; keep it, and take the logs again from a bundle or a peer");
  }
  return code;
}

static enum err_code verify_store(struct cli *cli, struct err *err) {
  struct here here;
  enum err_code code = here_open(cli, &here, err);
  if (code == OK) {
    code = verify_here(cli, &here, err);
    here_release(&here);
  }
  return code;
}

enum err_code cmd_verify(struct cli *cli, const struct args *args, struct err *err) {
  return args->n_operands == 1 ? verify_file(cli, args->operands[0], err) : verify_store(cli, err);
}
