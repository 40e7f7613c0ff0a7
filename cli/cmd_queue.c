/*
 * queue: what waits for reviewers, the nearest to its goal first.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/endorsing.h"
#include "cli/here.h"
#include "cli/out.h"
#include "node/store/query_queue.h"

const struct option_row options_queue[] = {
    {"language", 0, OPTION_MANY, "CODE", "only what is told in a language that you read",
     "solo ciò che è scritto in una lingua che si legge"},
    {"endorsed", 0, OPTION_VALUE, "STATE", "only where an earlier version is endorsed (earlier), or none is (none)",
     "solo dove è convalidata una versione precedente (earlier), o nessuna (none)"},
    {"all", 0, OPTION_FLAG, NULL, "also those for which nobody asked a review",
     "anche ciò per cui nessuno ha chiesto una revisione"},
    {"limit", 'n', OPTION_VALUE, "N", "at most N (50; 0: all)", "al più N (50; 0: tutti)"},
    OPTIONS_END,
};

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 10000000
#define LANGUAGES_MAX 16

struct listing {
  struct cli *cli;
  struct out_table *table;
  json_t *list;
};

static bool visit_row(void *context, const struct queue_row *waiting) {
  struct listing *l = context;
  const struct query_row *row = waiting->row;
  char counts[48];
  snprintf(counts, sizeof counts, "%ju %s %ju", (uintmax_t)waiting->counted, out_word(l->cli, "of", "di"),
           (uintmax_t)waiting->needed);
  const char *cells[] = {row->reference, row->schema == NULL ? "?" : row->schema->kind, counts,
                         waiting->earlier ? out_word(l->cli, "earlier version", "versione precedente") : "", row->title};
  out_table_row(l->table, cells);
  (void)json_array_append_new(l->list,
                              json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:o, s:I, s:I, s:I, s:b}", "ref", row->reference, "id",
                                        out_json_hash(&row->object_id), "version", row->version_reference, "version_id",
                                        out_json_hash(&row->version_id), "kind", row->schema == NULL ? "" : row->schema->kind,
                                        "home", row->handle, "title", out_json_text(view_of_text(row->title)), "counted",
                                        (json_int_t)waiting->counted, "needed", (json_int_t)waiting->needed, "missing",
                                        (json_int_t)waiting->missing, "earlier", waiting->earlier));
  return true;
}

/* What is endorsed does not wait. */
static enum err_code read_state(const struct args *args, struct queue_question *q, struct err *err) {
  const char *name = args_value(args, "endorsed");
  q->by_state = name != NULL;
  if (name != NULL && (!endorsed_of_name(name, &q->state) || q->state == ENDORSED_CURRENTLY)) {
    err_set(err, ERR_USAGE, "--endorsed %.60s: what waits is endorsed in an earlier version, or in none", name);
    return err_hint(err, "--endorsed earlier, or none; specola list case --endorsed current lists what is endorsed");
  }
  return OK;
}

enum err_code cmd_queue(struct cli *cli, const struct args *args, struct err *err) {
  static const char *const columns[] = {"ref", "kind", "endorsed", "state", "<title", NULL};
  const char *languages[LANGUAGES_MAX] = {NULL};
  struct queue_question q = {.languages = languages, .all = args_flag(args, "all"), .lang = cli->lang};
  struct here here;
  uint64_t limit = 0, total = 0;
  enum err_code code = args_number(args, "limit", 0, LIMIT_MAX, LIMIT_DEFAULT, &limit, err);
  while (code == OK && q.n_languages < LANGUAGES_MAX && args_nth(args, "language", q.n_languages) != NULL) {
    languages[q.n_languages] = args_nth(args, "language", q.n_languages);
    code = endorsing_check_language("--language", languages[q.n_languages], err);
    q.n_languages++;
  }
  code = code == OK ? read_state(args, &q, err) : code;
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  q.limit = (size_t)limit;
  struct listing l = {.cli = cli, .table = out_table_new(cli, columns), .list = json_array()};
  out_set(cli, "objects", l.list);
  code = query_queue(here.store, &here.federation, here.schemas, &q, visit_row, &l, &total, err);
  out_table_print(l.table);
  out_set_number(cli, "total", total);
  out_line(cli, "%ju %s", (uintmax_t)total,
           total == 1 ? out_word(cli, "waits", "in attesa") : out_word(cli, "wait", "in attesa"));
  if (code == OK && total > 0) {
    out_note(cli, "%s  specola endorse ID", out_word(cli, "Next:", "Poi:"));
  } else if (code == OK && q.n_languages > 0) {
    out_note(cli, "%s",
             out_word(cli, "Nothing of what waits is told in a language that was asked for: specola queue shows all",
                      "Niente di ciò che aspetta è in una lingua richiesta: specola queue mostra tutto"));
  } else if (code == OK && !q.all) {
    out_note(cli, "%s",
             out_word(cli, "specola queue --all shows those for which nobody asked a review, too",
                      "specola queue --all mostra anche ciò per cui nessuno ha chiesto una revisione"));
  }
  here_release(&here);
  return code;
}
