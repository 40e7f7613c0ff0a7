/*
 * list, search: objects by kind, by words and by facets.
 */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/facets.h"
#include "cli/out.h"
#include "protocol/schema/nearest.h"

#define ROW_SORT                                                                                                               \
  {                                                                                                                            \
    "sort", 0, OPTION_VALUE, "ORDER", "newest, endorsed, relevance, kind, reference or completeness",                          \
        "newest, endorsed, relevance, kind, reference o completeness"                                                          \
  }
#define ROW_LIMIT                                                                                                              \
  { "limit", 'n', OPTION_VALUE, "N", "at most N (50; 0: all)", "al più N (50; 0: tutti)" }
#define ROW_OFFSET                                                                                                             \
  { "offset", 0, OPTION_VALUE, "N", "leave out the first N", "salta i primi N" }
#define ROW_NODE                                                                                                               \
  { "node", 0, OPTION_VALUE, "HANDLE", "only of this home", "solo di questo nodo" }
#define ROW_WITHDRAWN                                                                                                          \
  { "withdrawn", 0, OPTION_FLAG, NULL, "also what was withdrawn", "anche ciò che è stato ritirato" }
#define ROW_FACETS                                                                                                             \
  { "facets", 0, OPTION_FLAG, NULL, "count the matches by every facet", "conta i risultati per ogni faccetta" }

const struct option_row options_list[] = {ROW_SORT, ROW_LIMIT, ROW_OFFSET, ROW_NODE, ROW_WITHDRAWN, ROW_FACETS, OPTIONS_END};
const struct option_row options_search[] = {{"kind", 0, OPTION_VALUE, "KIND", "only of this kind", "solo di questo tipo"},
                                            ROW_SORT,
                                            ROW_LIMIT,
                                            ROW_OFFSET,
                                            ROW_NODE,
                                            ROW_WITHDRAWN,
                                            ROW_FACETS,
                                            OPTIONS_END};

#define LIMIT_DEFAULT 50
#define CODES_SHOWN 10 /* of a facet, to people; --json has all */
#define LIMIT_MAX 10000000
#define WORDS_MAX 2048 /* octets of the words searched for */

static enum err_code read_sort(const struct args *args, struct query *q, struct err *err) {
  static const char *const names[] = {
      [SORT_NEWEST] = "newest",       [SORT_RELEVANCE] = "relevance",       [SORT_KIND] = "kind",
      [SORT_REFERENCE] = "reference", [SORT_COMPLETENESS] = "completeness", [SORT_ENDORSED] = "endorsed"};
  static const struct query orders[] = {[SORT_NEWEST] = {.sort = SORT_NEWEST},
                                        [SORT_RELEVANCE] = {.sort = SORT_RELEVANCE},
                                        [SORT_KIND] = {.sort = SORT_KIND},
                                        [SORT_REFERENCE] = {.sort = SORT_REFERENCE},
                                        [SORT_COMPLETENESS] = {.sort = SORT_COMPLETENESS},
                                        [SORT_ENDORSED] = {.sort = SORT_ENDORSED}};
  const char *name = args_value(args, "sort");
  if (name == NULL) {
    q->sort = q->text != NULL ? SORT_RELEVANCE : q->kind != NULL ? SORT_KIND : SORT_NEWEST;
    return OK;
  }
  struct nearest near = nearest_to(view_of_text(name));
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    nearest_offer(&near, names[i]);
    if (strcmp(names[i], name) == 0) {
      q->sort = orders[i].sort;
      return OK;
    }
  }
  err_set(err, ERR_USAGE, "--sort: \"%s\" is no order", name);
  const char *meant = nearest_word(&near);
  return err_hint(err, "--sort %s", meant != NULL ? meant : "newest, endorsed, relevance, kind, reference or completeness");
}

static enum err_code read_query(const struct cli *cli, const struct here *here, const struct args *args, struct query *q,
                                struct err *err) {
  uint64_t limit = 0, offset = 0;
  enum err_code code = args_number(args, "limit", 0, LIMIT_MAX, LIMIT_DEFAULT, &limit, err);
  if (code != OK || (code = args_number(args, "offset", 0, LIMIT_MAX, 0, &offset, err)) != OK) {
    return code;
  }
  q->limit = (uint32_t)limit;
  q->offset = (uint32_t)offset;
  q->node = args_value(args, "node");
  q->withdrawn = args_flag(args, "withdrawn");
  q->lang = cli->lang;
  const struct schema *schema = q->kind == NULL ? NULL : schema_by_kind(here->schemas, q->kind);
  code = read_sort(args, q, err);
  return code != OK ? code : facets_read(cli, here, schema, options_search, args, q, err);
}

/* ---- rows ---- */

struct listing {
  struct cli *cli;
  struct out_table *table;
  json_t *list;
  uint64_t n;
  bool kinds; /* show the kind, too */
};

static json_t *row_json(const struct query_row *row) {
  return json_pack("{s:s, s:o, s:s, s:o, s:s, s:s, s:o, s:I, s:i, s:i, s:b, s:s, s:o}", "ref", row->reference, "id",
                   out_json_hash(&row->object_id), "version", row->version_reference, "version_id",
                   out_json_hash(&row->version_id), "kind", row->schema == NULL ? "" : row->schema->kind, "home", row->handle,
                   "title", out_json_text(view_of_text(row->title)), "created", (json_int_t)row->created, "versions",
                   (int)row->versions, "completeness", (int)row->completeness, "withdrawn", row->withdrawn, "endorsed",
                   endorsed_name(row->endorsed), "snippet", out_json_text(view_of_text(row->snippet)));
}

static bool visit_row(void *context, const struct query_row *row) {
  struct listing *l = context;
  char complete[16], versions[16];
  snprintf(complete, sizeof complete, "%u %%", row->completeness);
  snprintf(versions, sizeof versions, "%u", row->versions);
  const char *kind = row->schema == NULL ? "?" : row->schema->kind;
  const char *state = row->withdrawn                        ? out_word(l->cli, "withdrawn", "ritirato")
                      : row->endorsed == ENDORSED_CURRENTLY ? out_word(l->cli, "endorsed", "convalidato")
                      : row->endorsed == ENDORSED_EARLIER   ? out_word(l->cli, "earlier version", "versione precedente")
                                                            : "";
  const char *with_kind[] = {row->reference, kind, versions, complete, state, row->title};
  const char *without[] = {row->reference, versions, complete, state, row->title};
  out_table_row(l->table, l->kinds ? with_kind : without);
  json_array_append_new(l->list, row_json(row));
  l->n++;
  return true;
}

/* ---- counts ---- */

struct counting {
  struct cli *cli;
  const char *dim, *label;
  json_t *list;
  uint64_t n;
};

static bool visit_count(void *context, const char *code, const char *label, uint64_t count) {
  struct counting *c = context;
  if (c->n == 0) {
    out_heading(c->cli, "--%s  %s", c->dim, c->label);
  }
  if (c->n++ < CODES_SHOWN) {
    bool plain = label == NULL || strcmp(label, code) == 0;
    out_line(c->cli, "  %8ju  %s%s%s", (uintmax_t)count, code, plain ? "" : "  ", plain ? "" : label);
  }
  json_array_append_new(c->list,
                        json_pack("{s:o, s:o, s:I}", "code", out_json_text(view_of_text(code)), "label",
                                  out_json_text(view_of_text(label == NULL ? code : label)), "count", (json_int_t)count));
  return true;
}

static enum err_code count_facets(struct cli *cli, const struct here *here, const struct query *q, struct err *err) {
  const struct schema *schema = q->kind == NULL ? NULL : schema_by_kind(here->schemas, q->kind);
  const char *dim, *label = "";
  enum err_code code = OK;
  json_t *all = json_object();
  for (size_t i = 0; code == OK && (dim = facets_dimension(here->schemas, schema, cli->lang, i, &label)) != NULL; i++) {
    struct counting c = {.cli = cli, .dim = dim, .label = label, .list = json_array()};
    code = query_facet(here->store, &here->federation, here->schemas, q, dim, visit_count, &c, err);
    if (c.n > CODES_SHOWN) {
      out_line(cli, "            and %ju more (--json tells all)", (uintmax_t)(c.n - CODES_SHOWN));
    }
    json_object_set_new(all, dim, c.list);
  }
  out_set(cli, "facets", all);
  return code;
}

/* ---- both ---- */

/* "20 of 474; 12 have all words". shown UINT64_MAX: counted, and no rows shown. */
static enum err_code say_total(struct cli *cli, const struct here *here, const struct query *q, uint64_t shown, uint64_t total,
                               struct err *err) {
  uint64_t every = 0;
  bool several = false;
  char rest[96] = "";
  const enum err_code code = query_every(here->store, &here->federation, here->schemas, q, &several, &every, err);
  if (code != OK) {
    return code;
  }
  if (several) {
    out_set_number(cli, "every", every);
    (void)snprintf(rest, sizeof rest, "; %ju %s", (uintmax_t)every,
                   every == 1 ? out_word(cli, "has all words", "ha tutte le parole")
                              : out_word(cli, "have all words", "hanno tutte le parole"));
  }
  if (shown == UINT64_MAX) {
    out_line(cli, "%ju object%s%s", (uintmax_t)total, total == 1 ? "" : "s", rest);
  } else {
    out_line(cli, "%ju of %ju%s", (uintmax_t)shown, (uintmax_t)total, rest);
  }
  return OK;
}

static enum err_code run(struct cli *cli, const struct args *args, struct query *q, struct err *err) {
  static const char *const with_kind[] = {"ref", "kind", ">versions", ">complete", "state", "<title", NULL};
  static const char *const without[] = {"ref", ">versions", ">complete", "state", "<title", NULL};
  struct here here;
  uint64_t total = 0;
  enum err_code code = here_open(cli, &here, err);
  if (code != OK) {
    return code;
  }
  const struct schema *schema = NULL;
  if ((q->kind != NULL && (code = here_kind(here.schemas, q->kind, &schema, err)) != OK) ||
      (code = read_query(cli, &here, args, q, err)) != OK || (code = here_node(&here, &q->node, err)) != OK) {
    goto out;
  }
  bool counting = args_flag(args, "facets"), kinds = q->kind == NULL;
  struct listing l = {.cli = cli, .list = json_array(), .kinds = kinds};
  l.table = counting ? NULL : out_table_new(cli, kinds ? with_kind : without);
  code = query_run(here.store, &here.federation, here.schemas, q, visit_row, &l, &total, err);
  out_table_print(l.table);
  out_set_number(cli, "total", total);
  out_set(cli, "objects", l.list);
  if (code == OK && counting) {
    code = count_facets(cli, &here, q, err);
  }
  code = code == OK ? say_total(cli, &here, q, counting ? UINT64_MAX : l.n, total, err) : code;
  if (code == OK && total == 0 && q->n_facets > 0) {
    out_note(cli, "Codes in use:  specola search --facets");
  }
out:
  here_release(&here);
  return code;
}

enum err_code cmd_list(struct cli *cli, const struct args *args, struct err *err) {
  struct query q = {.kind = args->operands[0]};
  return run(cli, args, &q, err);
}

enum err_code cmd_search(struct cli *cli, const struct args *args, struct err *err) {
  char words[WORDS_MAX];
  size_t used = 0;
  for (size_t i = 0; i < args->n_operands; i++) {
    int n = snprintf(words + used, sizeof words - used, "%s%s", used == 0 ? "" : " ", args->operands[i]);
    if (n < 0 || (size_t)n >= sizeof words - used) {
      return err_set(err, ERR_USAGE, "more than %d octets of words", WORDS_MAX);
    }
    used += (size_t)n;
  }
  struct query q = {.kind = args_value(args, "kind"), .text = used == 0 ? NULL : words};
  return run(cli, args, &q, err);
}
