/*
 * news: what came since this person looked last, home by home. The point is kept in the person's own folder, a file a node, so
 * that two people at one node each have their own.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/here.h"
#include "cli/out.h"
#include "cli/person.h"
#include "node/store/query_news.h"

const struct option_row options_news[] = {
    {"since", 0, OPTION_VALUE, "DAY", "from that day on (2026-11-01, or 7 days: 7d), as the authors claim",
     "da quel giorno (2026-11-01, o 7 giorni: 7d), secondo gli autori"},
    {"keep", 0, OPTION_FLAG, NULL, "look without moving on", "guarda senza spostare il segno"},
    {"limit", 'n', OPTION_VALUE, "N", "at most N of a home (20; 0: all)", "al più N per nodo (20; 0: tutti)"},
    OPTIONS_END,
};

#define ROWS_DEFAULT 20
#define ROWS_MAX 10000000

/* News on their way out. */
struct news_of {
  struct cli *cli;
  uint64_t limit, from_s; /* from_s: only what is claimed to be from then on */
  bool chosen, cut;       /* chosen: --limit was given; cut: not all was told */
  char home[HANDLE_MAX];  /* of the table at hand */
  struct out_table *table;
  uint64_t n, shown, counts[3]; /* n, shown: of the home at hand */
  json_t *list;
};

static const char *const WORDS[] = {[NEWS_NEW] = "new", [NEWS_CHANGED] = "changed", [NEWS_WITHDRAWN] = "withdrawn"};
static const char *const PAROLE[] = {[NEWS_NEW] = "nuovo", [NEWS_CHANGED] = "cambiato", [NEWS_WITHDRAWN] = "ritirato"};

/* ---- the point ---- */

static enum err_code point_path(const struct here *here, char out[HOME_PATH_MAX], struct err *err) {
  char hex[HASH_HEX_LEN], name[64];
  hash_hex(&here->federation.own, hex);
  snprintf(name, sizeof name, "news/%.16s", hex);
  return cli_config_path(name, out, err);
}

/* 0 when nobody has looked yet. */
static enum err_code read_point(const char *path, int64_t *out, struct err *err) {
  struct bytes text;
  uint64_t value = 0;
  *out = 0;
  bytes_init(&text, 32);
  enum err_code code = file_read(path, &text, err);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    return OK;
  }
  if (code == OK) {
    const size_t len = text.len > 0 && text.p[text.len - 1] == '\n' ? text.len - 1 : text.len;
    code = decimal_decode(view_of(text.p, len), &value, NULL);
    if (code != OK || value > INT64_MAX) {
      err_set(err, ERR_FORMAT, "%s: no number", path);
      code = err_hint(err, "remove it: then everything is news once more");
    }
  }
  *out = (int64_t)value;
  bytes_release(&text);
  return code;
}

static enum err_code write_point(const char *path, int64_t point, struct err *err) {
  char text[32];
  snprintf(text, sizeof text, "%jd\n", (intmax_t)point);
  enum err_code code = person_folders(path, err);
  return code == OK ? file_write(path, view_of_text(text), true, err) : code;
}

/* "2026-11-01", "7d". */
static enum err_code read_since(const char *text, uint64_t *out, struct err *err) {
  struct tm tm;
  uint64_t days = 0;
  const size_t len = text == NULL ? 0 : strlen(text);
  *out = 0;
  if (text == NULL) {
    return OK;
  }
  if (len > 1 && len < 7 && text[len - 1] == 'd' && decimal_decode(view_of(text, len - 1), &days, NULL) == OK) {
    const time_t now = time(NULL);
    *out = (uint64_t)now > days * 86400 ? (uint64_t)now - days * 86400 : 1;
    return OK;
  }
  memset(&tm, 0, sizeof tm);
  const char *end = len == 10 ? strptime(text, "%Y-%m-%d", &tm) : NULL;
  const time_t t = end == NULL || *end != '\0' ? -1 : timegm(&tm);
  if (t <= 0) {
    err_set(err, ERR_USAGE, "--since: \"%s\" is no day", text);
    return err_hint(err, "--since 2026-11-01, or --since 7d");
  }
  *out = (uint64_t)t;
  return OK;
}

/* ---- said ---- */

static void end_home(struct news_of *o) {
  out_table_print(o->table);
  o->table = NULL;
  if (o->n > o->shown) {
    const char *more = o->chosen ? out_word(o->cli, "and more:", "e altri:")
                                 : out_word(o->cli, "and more (--limit 0 tells all):", "e altri (--limit 0 li dice tutti):");
    out_line(o->cli, "%s %ju", more, (uintmax_t)(o->n - o->shown));
    o->cut = true;
  }
  o->n = o->shown = 0;
}

static void begin_home(struct news_of *o, const char *handle) {
  static const char *const columns[] = {"what", "ref", "kind", "review", "<title", NULL};
  end_home(o);
  snprintf(o->home, sizeof o->home, "%s", handle);
  out_heading(o->cli, "%s", handle);
  o->table = out_table_new(o->cli, columns);
}

static bool take(void *context, enum news what, int64_t arrival, const struct query_row *row) {
  struct news_of *o = context;
  if (row == NULL) { /* beyond the limit */
    o->counts[what]++;
    o->n++;
    return true;
  }
  const char *kind = row->schema == NULL ? "?" : row->schema->kind;
  if (row->created < o->from_s) {
    return true;
  }
  if (strcmp(o->home, row->handle) != 0) {
    begin_home(o, row->handle);
  }
  o->counts[what]++;
  if (o->n++ < o->limit || o->limit == 0) {
    const bool wanted = row->review_wanted && row->endorsed != ENDORSED_CURRENTLY && what != NEWS_WITHDRAWN;
    const char *review = wanted                                ? out_word(o->cli, "review wanted", "revisione richiesta")
                         : row->endorsed == ENDORSED_CURRENTLY ? out_word(o->cli, "endorsed", "convalidato")
                                                               : "";
    const char *cells[] = {out_word(o->cli, WORDS[what], PAROLE[what]), row->reference, kind, review, row->title};
    out_table_row(o->table, cells);
    o->shown++;
    json_array_append_new(o->list,
                          json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:o, s:b, s:s, s:I, s:I}", "what", WORDS[what], "home",
                                    row->handle, "ref", row->reference, "id", out_json_hash(&row->object_id), "version",
                                    row->version_reference, "kind", kind, "title", out_json_text(view_of_text(row->title)),
                                    "review_wanted", row->review_wanted, "endorsed", endorsed_name(row->endorsed), "created",
                                    (json_int_t)row->created, "arrival", (json_int_t)arrival));
  }
  return true;
}

/* ---- signatures ---- */

struct signature_list {
  struct cli *cli;
  struct out_table *table;
  json_t *list;
};

/* What it came to: "counts 2 of 3", "taken back", or why it does not count. */
static bool take_signature(void *context, const struct news_signature *s) {
  struct signature_list *l = context;
  char state[96];
  if (s->taken_back) {
    snprintf(state, sizeof state, "%s", out_word(l->cli, "taken back", "ritirata"));
  } else if (s->standing == ENDORSEMENT_COUNTS) {
    snprintf(state, sizeof state, "%s", out_word(l->cli, "counts", "conta"));
  } else {
    snprintf(state, sizeof state, "%s", endorsement_text(s->standing));
  }
  char now[64];
  snprintf(now, sizeof now, "%ju %s %ju%s", (uintmax_t)s->counted, out_word(l->cli, "of", "di"), (uintmax_t)s->needed,
           s->state == ENDORSED_CURRENTLY ? out_word(l->cli, ", endorsed", ", convalidato")
           : s->state == ENDORSED_EARLIER ? out_word(l->cli, ", an earlier version is", ", lo è una versione precedente")
                                          : "");
  const char *cells[] = {s->reference, s->by, state, now};
  out_table_row(l->table, cells);
  json_array_append_new(l->list, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:s, s:I, s:I, s:s}", "ref", s->reference, "version",
                                           s->version, "home", s->home, "by", s->by, "taken_back", s->taken_back, "counts",
                                           !s->taken_back && s->standing == ENDORSEMENT_COUNTS, "standing",
                                           endorsement_name(s->standing), "counted", (json_int_t)s->counted, "needed",
                                           (json_int_t)s->needed, "endorsed", endorsed_name(s->state)));
  return true;
}

/* Under what this node published, and under what its reviewers signed. */
static enum err_code say_signatures(struct cli *cli, const struct here *here, int64_t since, struct err *err) {
  static const char *const columns[] = {"ref", "by", "<signature", "<now", NULL};
  struct signature_list l = {.cli = cli, .list = json_array(), .table = out_table_new(cli, columns)};
  const enum err_code code = query_news_signatures(here->store, &here->federation, since, take_signature, &l, err);
  if (json_array_size(l.list) > 0) {
    out_heading(cli, "%s", out_word(cli, "Endorsements", "Convalide"));
  }
  out_table_print(l.table);
  out_set_number(cli, "signatures", json_array_size(l.list));
  out_set(cli, "endorsements", l.list);
  return code;
}

/* ---- members ---- */

/* Beside the point of arrival stands the number of the list of members that was told last. */
static enum err_code members_path(const char *path, char out[HOME_PATH_MAX], struct err *err) {
  const int n = snprintf(out, HOME_PATH_MAX, "%s.members", path);
  return n < 0 || n >= HOME_PATH_MAX ? err_set(err, ERR_LIMIT, "%s: the path is too long", path) : OK;
}

static void say_member(struct cli *cli, json_t *list, const char *handle, bool joined, uint64_t number) {
  const char *what = joined ? out_word(cli, "is a member by list no.", "è membro dall'elenco n.")
                            : out_word(cli, "is no member any more by list no.", "non è più membro dall'elenco n.");
  if (json_array_size(list) == 0) {
    out_heading(cli, "%s", out_word(cli, "Members", "Membri"));
  }
  out_line(cli, "%s  %s %ju", handle, what, (uintmax_t)number);
  (void)json_array_append_new(
      list, json_pack("{s:s, s:s, s:I}", "handle", handle, "what", joined ? "joined" : "left", "list", (json_int_t)number));
}

/* Who came and who went since that list; 0: nobody looked yet, and who was there before is no news. */
static void say_members(struct cli *cli, const struct federation *f, uint64_t last) {
  json_t *list = json_array();
  for (uint32_t i = 0; last > 0 && i < f->n_members; i++) {
    const struct federation_member *m = &f->members[i];
    if (m->until > last) {
      say_member(cli, list, m->member->handle, false, m->until);
    } else if (m->until == 0 && m->since > last) {
      say_member(cli, list, m->member->handle, true, m->since);
    }
  }
  out_set(cli, "members", list);
}

static enum err_code tell_members(struct cli *cli, const struct here *here, const char *point, bool moves, struct err *err) {
  char path[HOME_PATH_MAX];
  int64_t last = 0;
  enum err_code code = members_path(point, path, err);
  if (code == OK && (code = read_point(path, &last, err)) == OK) {
    say_members(cli, &here->federation, (uint64_t)last);
  }
  return code == OK && moves ? write_point(path, (int64_t)here->federation.epoch.number, err) : code;
}

/* ---- all of it ---- */

static void say_sum(const struct news_of *o, bool moved) {
  for (size_t i = 0; i < 3; i++) {
    out_set_number(o->cli, WORDS[i], o->counts[i]);
  }
  if (o->counts[0] + o->counts[1] + o->counts[2] == 0) {
    if (json_integer_value(json_object_get(o->cli->doc, "signatures")) > 0 ||
        json_array_size(json_object_get(o->cli->doc, "members")) > 0) {
      return;
    }
    out_line(o->cli, "%s", out_word(o->cli, "Nothing new.", "Niente di nuovo."));
    return;
  }
  out_line(o->cli, "%ju %s, %ju %s, %ju %s", (uintmax_t)o->counts[0], out_word(o->cli, "new", "nuovi"), (uintmax_t)o->counts[1],
           out_word(o->cli, "changed", "cambiati"), (uintmax_t)o->counts[2], out_word(o->cli, "withdrawn", "ritirati"));
  if (!moved) {
    out_note(o->cli, "%s", out_word(o->cli, "The mark stays where it was.", "Il segno resta dov'era."));
  }
}

enum err_code cmd_news(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  struct news_of o = {.cli = cli, .list = json_array()};
  char path[HOME_PATH_MAX];
  int64_t since = 0, point = 0;
  const char *day = args_value(args, "since");
  bool moves = day == NULL && !args_flag(args, "keep");
  o.chosen = args_value(args, "limit") != NULL;
  out_set(cli, "news", o.list);
  enum err_code code = args_number(args, "limit", 0, ROWS_MAX, ROWS_DEFAULT, &o.limit, err);
  if (code != OK || (code = read_since(day, &o.from_s, err)) != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  /* The point is read before the news: what arrives meanwhile is told the next time. */
  if ((code = point_path(&here, path, err)) == OK && (code = query_news_point(here.store, &point, err)) == OK &&
      (day != NULL || (code = read_point(path, &since, err)) == OK)) {
    since = since > point ? 0 : since; /* an older copy of the store, or another one */
    code = query_news(here.store, &here.federation, here.schemas, since, o.from_s == 0 ? o.limit : 0, cli->lang, take, &o, err);
  }
  end_home(&o);
  if (code == OK && day == NULL) { /* when they were signed is nobody's but the signers' word */
    code = say_signatures(cli, &here, since, err);
  }
  moves = moves && (o.chosen || !o.cut); /* else what was cut could not be told any more */
  if (code == OK && day == NULL) {
    code = tell_members(cli, &here, path, moves, err);
  }
  if (code == OK && moves) {
    code = write_point(path, point, err);
  }
  if (code == OK) {
    out_set_number(cli, "since", (uint64_t)since);
    out_set_number(cli, "point", (uint64_t)point);
    say_sum(&o, moves);
  }
  here_release(&here);
  return code;
}
