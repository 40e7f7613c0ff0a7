/*
 * status, peer list: how the node is doing. While it serves, core tells (peers, counters); else the store is read.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/following.h"
#include "cli/forked.h"
#include "cli/guarded.h"
#include "cli/guest.h"
#include "cli/here.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/translation.h"
#include "keys/words.h"
#include "node/clock.h"
#include "node/ctl_client.h"
#include "node/exchange/counters.h"
#include "node/network.h"
#include "node/store/forward.h"
#include "node/store/invitation.h"
#include "node/store/query_fork.h"
#include "node/store/query_frontier.h"
#include "node/store/query_where.h"

/* ---- from the store ---- */

struct logs {
  const struct here *here;
  json_t *list;
  bool memory; /* ran out of it */
};

static bool add_log(void *context, const struct log *log) {
  struct logs *logs = context;
  const struct here *here = logs->here;
  if (log->range.size == 0) {
    return true;
  }
  const struct hash root = merkle_root(&log->range);
  json_t *row = json_pack("{s:s, s:o, s:I, s:I, s:o, s:b}", "handle", federation_handle(&here->federation, &log->node), "node",
                          out_json_hash(&log->node), "gen", (json_int_t)log->gen, "size", (json_int_t)log->range.size, "root",
                          out_json_hash(&root), "paused", here_is_paused(here, &log->node));
  json_array_append_new(logs->list, row);
  logs->memory = query_fork_put(here->store, &here->federation, &log->node, log->gen, row, NULL) == ERR_MEMORY;
  return !logs->memory;
}

/* The members as known without serving: who they are and how far their logs are held. */
static json_t *members_json(const struct here *here) {
  json_t *list = json_array();
  const struct federation *f = &here->federation;
  for (uint32_t i = 0; i < f->n_members; i++) {
    const struct federation_member *m = &f->members[i];
    if (m->until != 0 || hash_equal(&m->member->node, &f->own)) {
      continue;
    }
    json_array_append_new(list, json_pack("{s:s, s:o, s:s, s:s}", "handle", m->member->handle, "node",
                                          out_json_hash(&m->member->node), "state", "not asked", "endpoint",
                                          m->has_address ? m->address.endpoints[0] : ""));
  }
  return list;
}

static enum err_code status_from_store(struct cli *cli, const struct here *here, struct err *err) {
  struct logs logs = {.here = here, .list = json_array()};
  struct hash digest;
  json_t *figures = NULL;
  const struct federation *fed = &here->federation;
  out_set_text(cli, "handle", federation_handle(fed, &fed->own));
  out_set(cli, "node", out_json_hash(&fed->own));
  out_set_bool(cli, "serving", false);
  out_set_number(cli, "epoch", fed->epoch.number);
  out_set(cli, "logs", logs.list);
  out_set(cli, "peers", members_json(here));
  enum err_code code = log_each(here->store, add_log, &logs, err);
  if (code == OK && logs.memory) {
    code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code == OK && (code = query_frontier(here->store, fed, &digest, err)) == OK) {
    out_set(cli, "frontier", out_json_hash(&digest));
  }
  if (code == OK && (code = query_figures(here->store, fed, here->schemas, &figures, err)) == OK) {
    out_set(cli, "figures", figures);
  }
  return code;
}

/* ---- from core ---- */

static enum err_code status_from_core(struct cli *cli, struct ctl_client *ctl, struct err *err) {
  json_t *answer = NULL;
  enum err_code code = ctl_get(ctl, "/status", &answer, err);
  if (code != OK) {
    return code;
  }
  json_object_update(cli->doc, answer);
  /* What the exchange says stands on its own level in core's answer or at the top: people and scripts look at the top. */
  json_t *exchange = json_object_get(answer, "exchange");
  if (json_is_object(exchange)) {
    json_object_update_missing(cli->doc, exchange);
    json_object_del(cli->doc, "exchange");
  }
  out_set_bool(cli, "serving", true);
  json_decref(answer);
  return OK;
}

/* ---- said ---- */

/* A number as text; "?" where it is not known, nothing where nobody asked. */
static void number_of(const json_t *json, const char *key, char *out, size_t size) {
  const json_t *value = json_object_get(json, key);
  if (json_is_number(value)) {
    snprintf(out, size, "%.0f", json_number_value(value));
  } else {
    snprintf(out, size, "%s", value == NULL ? "" : "?");
  }
}

/* The same for seconds: "12 s", "26 h". */
static void span_of(const json_t *json, const char *key, char out[NETWORK_SPAN_MAX]) {
  const json_t *value = json_object_get(json, key);
  if (json_is_integer(value) && json_integer_value(value) >= 0) {
    network_span((uint64_t)json_integer_value(value), out);
  } else {
    number_of(json, key, out, NETWORK_SPAN_MAX);
  }
}

/* "frame.signature 3, timeout 1": counters of a peer that tell of trouble; those of plain traffic are left out. */
static void add_counters(const json_t *peer, struct bytes *line) {
  const char *name, *between = line->len == 0 ? "" : "; ";
  json_t *value;
  json_object_foreach(json_object_get(peer, "counters"), name, value) {
    if (!counter_is_traffic(name) && json_integer_value(value) != 0) {
      (void)!bytes_printf(line, NULL, "%s%s %jd", between, name, (intmax_t)json_integer_value(value));
      between = ", ";
    }
  }
}

/* Why a log does not go on here, a line each: it is forked, it is paused, or what its note says. */
static void say_log_notes(struct cli *cli) {
  size_t i;
  json_t *log;
  json_array_foreach(json_object_get(cli->doc, "logs"), i, log) {
    const char *of = out_word(cli, "the log of", "il registro di"), *handle = text_of(log, "handle"),
               *note = text_of(log, "note");
    if (json_object_get(log, "forked") != NULL) {
      forked_say(cli, log, handle, text_of(cli->doc, "handle"));
    } else if (json_is_true(json_object_get(log, "paused"))) {
      out_line(cli, "! %s %s %s", of, handle, here_paused(cli));
    } else if (note[0] != '\0') {
      struct bytes text;
      bool found = false;
      bytes_init(&text, 4096);
      const char *said = translation_text(note, cli->lang, &text, &found) == OK ? bytes_text(&text) : NULL;
      out_line(cli, "! %s %s: %s", of, handle, said == NULL ? note : said);
      bytes_release(&text);
    }
  }
}

static void say_logs(struct cli *cli) {
  static const char *const columns[] = {"log", ">objects", ">entries", "root", NULL};
  struct out_table *table = out_table_new(cli, columns);
  size_t i;
  json_t *log;
  json_array_foreach(json_object_get(cli->doc, "logs"), i, log) {
    char size[32], objects[32], root[20];
    const json_t *by_home = json_object_get(json_object_get(cli->doc, "figures"), "by_home");
    number_of(log, "size", size, sizeof size);
    number_of(by_home, text_of(log, "handle"), objects, sizeof objects);
    snprintf(root, sizeof root, "%.16s", text_of(log, "root"));
    const char *cells[] = {text_of(log, "handle"), objects, size, root};
    out_table_row(table, cells);
  }
  out_table_print(table);
  say_log_notes(cli);
}

static intmax_t figure(const json_t *figures, const char *name) {
  return (intmax_t)json_integer_value(json_object_get(figures, name));
}

/* "128 of its own, 2914 in the observatory, 41 MB of text", and what is not as it should be. */
static void say_figures(struct cli *cli) {
  const char *name;
  json_t *value;
  const json_t *figures = json_object_get(cli->doc, "figures");
  if (figures == NULL) {
    return;
  }
  out_line(cli, "%s %jd %s, %jd %s, %.1f MB %s", out_word(cli, "Objects     ", "Oggetti     "), figure(figures, "own"),
           out_word(cli, "of its own", "propri"), figure(figures, "objects"),
           out_word(cli, "in the observatory", "nell'osservatorio"), (double)figure(figures, "body_bytes") / 1e6,
           out_word(cli, "of text", "di testo"));
  if (figure(figures, "withdrawn") > 0) {
    out_line(cli, "%s %jd", out_word(cli, "Withdrawn   ", "Ritirati    "), figure(figures, "withdrawn"));
  }
  if (figure(figures, "hidden") > 0) {
    out_line(cli, "%s %jd %s: specola hide --list", out_word(cli, "Hidden      ", "Nascosti    "), figure(figures, "hidden"),
             out_word(cli, "by this node", "da questo nodo"));
  }
  if (figure(figures, "bodies_missing") > 0) {
    out_line(cli, "! %jd %s%s", figure(figures, "bodies_missing"),
             out_word(cli, "texts are not held here", "testi non sono conservati qui"),
             json_object_get(cli->doc, "replica") == NULL ? "" : ": specola sync --all");
  }
  const intmax_t damaged = figure(figures, "damaged");
  if (damaged > 0) {
    out_line(cli, "! %jd %s", damaged,
             damaged == 1 ? out_word(cli, "entry is damaged here and is asked of the members: specola scrub",
                                     "voce è danneggiata qui e si chiede ai membri: specola scrub")
                          : out_word(cli, "entries are damaged here and are asked of the members: specola scrub",
                                     "voci sono danneggiate qui e si chiedono ai membri: specola scrub"));
  }
  json_object_foreach(json_object_get(figures, "held"), name, value) {
    out_line(cli, "! %jd %s: %s", (intmax_t)json_integer_value(value), out_word(cli, "held back", "trattenuti"), name);
  }
}

/* To each peer of the document: how much of our own log it says to hold, and how old its word is (docs/protocol.md 8.7). */
static enum err_code add_holders(const struct cli *cli, const struct here *here, struct err *err) {
  json_t *holders = NULL, *member, *peer;
  size_t i, k;
  enum err_code code = query_holders(here->store, &here->federation, (uint64_t)time(NULL), &holders, err);
  json_array_foreach(json_object_get(holders, "members"), i, member) {
    json_array_foreach(json_object_get(cli->doc, "peers"), k, peer) {
      if (strcmp(text_of(peer, "handle"), text_of(member, "handle")) != 0) {
        continue;
      }
      json_object_set(peer, "holds_of_ours", json_object_get(member, "size"));
      json_object_set(peer, "of_ours", json_object_get(holders, "size"));
      json_object_set(peer, "said_s", json_object_get(member, "said_s"));
    }
  }
  json_decref(holders);
  if (code == ERR_NOT_FOUND) { /* no log of its own yet */
    err_clear(err);
    code = OK;
  }
  return code;
}

/* "121/128"; "" where the member never said. */
static void holding_of(const json_t *peer, char *out, size_t size) {
  out[0] = '\0';
  if (json_is_integer(json_object_get(peer, "said_s"))) {
    snprintf(out, size, "%jd/%jd", (intmax_t)json_integer_value(json_object_get(peer, "holds_of_ours")),
             (intmax_t)json_integer_value(json_object_get(peer, "of_ours")));
  }
}

/* What is odd about a peer: what core says, how old its last word is, what was counted. */
static void add_note(const struct cli *cli, const json_t *peer, struct bytes *line) {
  char span[NETWORK_SPAN_MAX];
  const json_t *said = json_object_get(peer, "said_s");
  (void)!bytes_append_text(line, text_of(peer, "note"), NULL);
  if (json_integer_value(said) >= WHERE_SILENT_S) {
    network_span((uint64_t)json_integer_value(said), span);
    (void)!bytes_printf(line, NULL, "%s%s %s", line->len == 0 ? "" : "; ", out_word(cli, "silent", "tace da"), span);
  }
  add_counters(peer, line);
}

static void say_peers(struct cli *cli) {
  static const char *const columns[] = {"peer",           "=state",   ">last heard", ">behind",
                                        ">holds of ours", "endpoint", "<note",       NULL};
  struct out_table *table = out_table_new(cli, columns);
  size_t i;
  json_t *peer;
  json_array_foreach(json_object_get(cli->doc, "peers"), i, peer) {
    char heard[NETWORK_SPAN_MAX], behind[32], holding[64];
    struct bytes note;
    bytes_init(&note, 65536);
    span_of(peer, "last_heard_s", heard);
    number_of(peer, "behind", behind, sizeof behind);
    holding_of(peer, holding, sizeof holding);
    add_note(cli, peer, &note);
    const char *cells[] = {text_of(peer, "handle"),   text_of(peer, "state"), heard, behind, holding,
                           text_of(peer, "endpoint"), bytes_text(&note)};
    out_table_row(table, cells);
    bytes_release(&note);
  }
  out_table_print(table);
}

/* How old the copy of the keys is: doctor says what to do. */
static void say_backup(struct cli *cli, const struct home *home) {
  uint64_t days = 0;
  const enum err_code code = backup_days(home, clock_unix(clock_system()), &days, NULL);
  out_set(cli, "backup_days", code == OK ? json_integer((json_int_t)days) : json_null());
  if (code == OK) {
    out_line(cli, "%s %ju %s", out_word(cli, "Key backup  ", "Copia chiavi"), (uintmax_t)days,
             days == 1 ? out_word(cli, "day ago", "giorno fa") : out_word(cli, "days ago", "giorni fa"));
  } else {
    out_line(cli, "%s: specola key backup DIR", out_word(cli, "Key backup   never", "Copia chiavi mai"));
  }
}

/* Fills the document, from core or from the store. */
static enum err_code gather(struct cli *cli, struct here *here, struct err *err) {
  struct ctl_client *ctl = NULL;
  enum err_code code = here_open(cli, here, err);
  if (code != OK) {
    return code;
  }
  code = ctl_connect(&here->home, cli->timeout_ms, &ctl, err);
  if (code == OK) {
    code = status_from_core(cli, ctl, err);
  } else if (code == ERR_NOT_FOUND || code == ERR_BUSY) {
    err_clear(err);
    code = status_from_store(cli, here, err);
  }
  ctl_close(ctl);
  if (code == OK && home_is_guest(&here->home)) {
    code = guest_put_status(cli, here, err);
  }
  if (code == OK && home_is_replica(&here->home)) {
    return following_put_status(cli, here, err);
  }
  if (code == OK) {
    json_t *guard = NULL;
    code = guarded_json(cli, here, json_object_get(cli->doc, "guard"), &guard, err);
    out_set(cli, "guard", guard);
  }
  return code == OK && federation_self(&here->federation) != NULL ? add_holders(cli, here, err) : code;
}

/* Who was invited, has asked, and waits for the coordinator's word. */
static void say_waiting(struct cli *cli, const struct here *here) {
  uint64_t n = 0;
  if (invitation_waiting(here->store, &n, NULL) != OK) {
    return;
  }
  out_set_number(cli, "asks_waiting", n);
  if (n > 0) {
    out_line(cli, "! %ju %s: specola invite list", (uintmax_t)n,
             n == 1 ? out_word(cli, "who was invited waits for your word", "persona invitata attende la tua parola")
                    : out_word(cli, "who were invited wait for your word", "persone invitate attendono la tua parola"));
  }
}

/* What other homes' people handed in here, and waits for those homes. */
static void say_carried(struct cli *cli, const struct here *here) {
  uint64_t n = 0, octets = 0;
  if (forward_measure(here->store, NULL, &n, &octets, NULL) != OK) {
    return;
  }
  out_set(cli, "carried", json_pack("{s:I, s:I}", "records", (json_int_t)n, "octets", (json_int_t)octets));
  if (n > 0) {
    out_line(
        cli, "%s %ju %s", out_word(cli, "Carries     ", "Porta       "), (uintmax_t)n,
        n == 1
            ? out_word(cli, "record of other homes' people to those homes", "documento di persone di altre case, a quelle")
            : out_word(cli, "records of other homes' people to those homes", "documenti di persone di altre case, a quelle"));
  }
}

enum err_code cmd_status(struct cli *cli, const struct args *args, struct err *err) {
  (void)args;
  struct here here;
  char words[WORDS_LEN];
  enum err_code code = gather(cli, &here, err);
  if (code != OK) {
    here_release(&here);
    return code;
  }
  const struct federation *f = &here.federation;
  struct view name = charter_name(&f->charter, cli->lang);
  words_of(&f->own, words);
  out_set_text(cli, "fingerprint", words);
  out_set(cli, "observatory", out_json_text(name));
  if (home_is_replica(&here.home)) {
    following_say_status(cli, &here);
    if (home_is_guest(&here.home)) {
      guest_say_status(cli);
      say_backup(cli, &here.home);
    }
    say_figures(cli);
    say_logs(cli);
    here_release(&here);
    return OK;
  }
  bool serving = json_is_true(json_object_get(cli->doc, "serving"));
  out_heading(cli, "%s %s %s %.*s, %s", out_word(cli, "Node", "Nodo"), federation_handle(f, &f->own), out_word(cli, "of", "di"),
              (int)name.len, (const char *)name.p,
              serving ? out_word(cli, "serving", "in servizio") : out_word(cli, "not serving", "non in servizio"));
  out_line(cli, "%s %s   (%s)", out_word(cli, "Fingerprint ", "Impronta    "), words, out_word(cli, "the node's", "del nodo"));
  following_say_agreed(cli, f);
  say_figures(cli);
  say_waiting(cli, &here);
  say_carried(cli, &here);
  say_backup(cli, &here.home);
  guarded_say(cli, json_object_get(cli->doc, "guard"));
  say_logs(cli);
  say_peers(cli);
  json_t *strangers = json_object_get(cli->doc, "strangers");
  if (json_array_size(strangers) > 0) {
    out_line(cli, "! %zu %s", json_array_size(strangers),
             json_array_size(strangers) == 1
                 ? out_word(cli, "unknown key tried to connect", "chiave sconosciuta ha provato a collegarsi")
                 : out_word(cli, "unknown keys tried to connect", "chiavi sconosciute hanno provato a collegarsi"));
  }
  if (!serving) {
    out_line(cli, "%s specola serve", out_word(cli, "Next: ", "Poi: "));
  }
  here_release(&here);
  return OK;
}

enum err_code cmd_peer_list(struct cli *cli, const struct args *args, struct err *err) {
  (void)args;
  struct here here;
  enum err_code code = gather(cli, &here, err);
  if (code == OK && json_array_size(json_object_get(cli->doc, "peers")) == 0) {
    out_line(cli, "%s", out_word(cli, "This observatory has no other member.", "Questo osservatorio non ha altri membri."));
  } else if (code == OK) {
    say_peers(cli);
  }
  here_release(&here);
  return code;
}
