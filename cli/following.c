/*
 * following: see following.h.
 */
#include "cli/following.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "cli/progress.h"
#include "cli/sending.h"
#include "node/network.h"
#include "node/store/outbox.h"
#include "node/verify.h"

#define PIECES_TIME 6 /* a piece may take so many times --timeout, once the node has answered: it is long */
#define ONLY_MAX 900
#define MERGE_STEPS 256 /* of full text, behind texts that came: searches walk through each segment */

/* Everything that one round needs. */
struct round {
  struct store *store;
  struct federation federation;
  struct schema_set *schemas;
  struct hall *hall;
  struct fetch *fetch;
  struct sending *sending; /* NULL: nobody takes what its person signs */
  struct outbox_size waiting;
  char only[ONLY_MAX + 1];
  struct progress *headers, *texts;
  struct cli *cli;
};

static void round_release(struct round *r) {
  progress_free(r->headers);
  progress_free(r->texts);
  fetch_free(r->fetch);
  sending_free(r->sending);
  hall_close(r->hall);
  schema_set_free(r->schemas);
  store_close(r->store);
  federation_release(&r->federation);
}

static enum err_code round_open(struct cli *cli, const struct home *home, struct round *r, struct err *err) {
  enum err_code code = store_open(home->dir, STORE_WRITE, NULL, &r->store, err);
  if (code == OK) code = federation_load(r->store, &r->federation, err);
  if (code == OK) code = home_schemas(home, &r->schemas, err);
  if (code == OK && home->config.home[0] != '\0') code = sending_new(cli, home, &r->sending, err);
  if (code == OK) code = fetch_new(home_follows(home), cli->timeout_ms, &r->fetch, err);
  if (code != OK) return code;
  const struct hall_config config = {.store = r->store,
                                     .federation = &r->federation,
                                     .schemas = r->schemas,
                                     .clock = clock_system(),
                                     .entropy = entropy_system(),
                                     .threads = verify_threads(),
                                     .log_bodies = home_log_bodies(home)};
  return hall_open(&config, &r->hall, err);
}

/* The question that chooses texts: given now and kept, or kept before. */
static enum err_code choose(struct round *r, const struct following_wish *wish, struct err *err) {
  struct bytes kept;
  enum err_code code = OK;
  if (wish->all) return store_drop_fact(r->store, FOLLOW_ONLY, err);
  if (wish->only != NULL) {
    if (strlen(wish->only) > ONLY_MAX) return err_set(err, ERR_USAGE, "--only: more than %d octets", ONLY_MAX);
    memcpy(r->only, wish->only, strlen(wish->only) + 1);
    return OK;
  }
  bytes_init(&kept, ONLY_MAX);
  code = store_get_fact(r->store, FOLLOW_ONLY, &kept, err);
  if (code == OK) memcpy(r->only, kept.p, kept.len);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&kept);
  return code;
}

static void say_progress(void *context, enum follow_step step, uint64_t done, uint64_t all) {
  struct round *r = context;
  if (step == FOLLOW_TEXTS && r->texts == NULL) {
    progress_free(r->headers);
    r->headers = NULL;
    r->texts = progress_new(r->cli, out_word(r->cli, "texts, the newest first", "testi, prima i più recenti"));
  }
  progress_set(step == FOLLOW_TEXTS ? r->texts : r->headers, done, all);
}

static void say(struct cli *cli, const struct home *home, const struct follow_report *r) {
  if (r->unchanged && r->texts == 0) {
    out_line(cli, "%s: %s", home_follows(home), out_word(cli, "nothing new", "nulla di nuovo"));
  } else {
    out_line(cli, "%s: %ju %s, %ju %s", home_follows(home), (uintmax_t)(r->n_new + r->n_held),
             r->n_new + r->n_held == 1 ? out_word(cli, "new entry", "voce nuova") : out_word(cli, "new entries", "voci nuove"),
             (uintmax_t)r->texts, r->texts == 1 ? out_word(cli, "text", "testo") : out_word(cli, "texts", "testi"));
  }
  if (r->left_out > 0)
    out_line(cli, "%ju %s: specola sync --all", (uintmax_t)r->left_out,
             out_word(cli, "texts are not here", "testi non sono qui"));
  if (r->withheld > 0) {
    out_line(cli, "! %ju %s", (uintmax_t)r->withheld,
             out_word(cli, "texts were asked for and not handed out there", "testi sono stati chiesti e lì non consegnati"));
  }
  if (r->strange > 0) {
    out_line(
        cli, "! %ju %s", (uintmax_t)r->strange,
        out_word(cli, "logs there are of nodes that are not known here yet", "registri lì sono di nodi qui non ancora noti"));
  }
}

static void put(struct cli *cli, const struct home *home, const struct follow_report *r) {
  const json_int_t count = (json_int_t)r->n_new + (json_int_t)r->n_held;
  out_set_text(cli, "follows", home_follows(home));
  out_set_text(cli, "node", r->node);
  out_set_bool(cli, "unchanged", r->unchanged);
  out_set(cli, "new", json_integer(count));
  out_set(cli, "texts", json_integer((json_int_t)r->texts));
  out_set(cli, "missing", json_integer((json_int_t)r->missing));
  out_set(cli, "left_out", json_integer((json_int_t)r->left_out));
  out_set(cli, "withheld", json_integer((json_int_t)r->withheld));
  out_set(cli, "requests", json_integer((json_int_t)r->requests));
  out_set(cli, "octets", json_integer((json_int_t)r->octets));
  out_set(cli, "headers_ms", json_integer((json_int_t)r->headers_ms));
}

/* What was handed in, and what waits still. */
static void say_outbox(struct cli *cli, const struct round *r) {
  const char *why = r->sending == NULL ? "" : sending_why(r->sending);
  out_set(cli, "handed_in", json_integer(r->sending == NULL ? 0 : (json_int_t)sending_answered(r->sending)));
  out_set(cli, "waiting", json_integer((json_int_t)r->waiting.n_waiting));
  out_set(cli, "refused", json_integer((json_int_t)r->waiting.n_refused));
  if (r->waiting.n_waiting > 0) {
    out_line(cli, "! %ju %s%s%s: specola outbox", (uintmax_t)r->waiting.n_waiting,
             out_word(cli, "of what you signed waiting", "di ciò che hai firmato: in attesa"), why[0] == '\0' ? "" : ": ", why);
  }
  if (r->waiting.n_refused > 0) {
    out_line(cli, "! %ju %s: specola outbox", (uintmax_t)r->waiting.n_refused,
             out_word(cli, "of what you signed refused", "di ciò che hai firmato: rifiutato"));
  }
}

enum err_code following_run(struct cli *cli, const struct home *home, const struct following_wish *wish, struct err *err) {
  struct round r = {.cli = cli};
  struct follow_report report = {.requests = 0};
  bool more = true;
  enum err_code code = round_open(cli, home, &r, err);
  if (code == OK) code = choose(&r, wish, err);
  if (code == OK) {
    const struct follow_wish inner = {.only = r.only[0] == '\0' ? NULL : r.only,
                                      .headers_only = wish->headers_only,
                                      .pieces_ms = cli->timeout_ms * PIECES_TIME,
                                      .progress = say_progress,
                                      .context = &r};
    r.headers = progress_new(cli, out_word(cli, "entries", "voci"));
    code = r.sending == NULL ? OK : sending_hand_in(r.sending, r.store, &r.federation, err);
    if (code == OK) code = follow_run(r.hall, r.fetch, &inner, &report, err);
    if (code == OK && r.sending != NULL) code = sending_resolve(r.hall, err);
    if (code == OK) code = outbox_measure(r.store, &r.waiting, err);
    if (code == OK && wish->only != NULL) code = store_put_fact(r.store, FOLLOW_ONLY, view_of_text(r.only), err);
    for (unsigned i = 0; i < MERGE_STEPS && more && report.texts > 0; i++)
      if (store_merge(r.store, &more, NULL) != OK) break;
  }
  if (report.requests > 0) {
    put(cli, home, &report);
    if (code == OK) say(cli, home, &report);
    if (code == OK) say_outbox(cli, &r);
  }
  round_release(&r);
  return code;
}

/* ---- status ---- */

/* A fact of the store as text that the caller frees; *out NULL: it is not there. */
static enum err_code fact_text(struct store *s, const char *name, char **out, struct err *err) {
  struct bytes fact;
  bytes_init(&fact, ONLY_MAX);
  *out = NULL;
  enum err_code code = store_get_fact(s, name, &fact, err);
  if (code == OK && (*out = view_copy(bytes_view(&fact))) == NULL) code = err_set(err, ERR_MEMORY, NULL);
  if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = OK;
  }
  bytes_release(&fact);
  return code;
}

/* Seconds since the last answer; -1: there was none. */
static int64_t synced_s(struct store *s) {
  struct bytes fact;
  int64_t since = -1;
  bytes_init(&fact, 8);
  if (store_get_fact(s, FOLLOW_SYNCED, &fact, NULL) == OK && fact.len == 8) {
    const uint64_t at = get_u64be(fact.p), now = clock_unix(clock_system());
    since = now > at ? (int64_t)(now - at) : 0;
  }
  bytes_release(&fact);
  return since;
}

enum err_code following_put_status(struct cli *cli, const struct here *here, struct err *err) {
  char *only = NULL;
  const int64_t since = synced_s(here->store);
  const enum err_code code = fact_text(here->store, FOLLOW_ONLY, &only, err);
  out_set_text(cli, "replica", home_follows(&here->home));
  out_set(cli, "home", here->home.config.home[0] == '\0' ? json_null() : json_string(here->home.config.home));
  out_set(cli, "synced_s", since < 0 ? json_null() : json_integer(since));
  out_set(cli, "only", only == NULL ? json_null() : json_string(only));
  free(only);
  return code;
}

void following_say_agreed(const struct cli *cli, const struct federation *f) {
  out_line(cli, "%s %u, %s %ju", out_word(cli, "Members     ", "Membri      "), f->epoch.n_members,
           out_word(cli, "by list no.", "secondo la lista n."), (uintmax_t)f->epoch.number);
  out_line(cli, "%s %.16s   (%s)", out_word(cli, "Frontier    ", "Frontiera   "),
           json_string_value(json_object_get(cli->doc, "frontier")),
           out_word(cli, "equal at two nodes: they hold the same", "uguale in due nodi: hanno lo stesso"));
}

void following_say_status(struct cli *cli, const struct here *here) {
  char span[NETWORK_SPAN_MAX];
  const struct view name = charter_name(&here->federation.charter, cli->lang);
  const json_t *synced = json_object_get(cli->doc, "synced_s"), *only = json_object_get(cli->doc, "only");
  if (home_is_guest(&here->home)) {
    out_heading(cli, "%s %s, %s %.*s", out_word(cli, "Node", "Nodo"), here->home.config.handle,
                out_word(cli, "no member yet of", "non ancora membro di"), (int)name.len, (const char *)name.p);
  } else {
    out_heading(cli, "%s %.*s", out_word(cli, "Replica of", "Replica di"), (int)name.len, (const char *)name.p);
  }
  out_line(cli, "%s %s", out_word(cli, "Follows     ", "Segue       "), home_follows(&here->home));
  if (json_is_integer(synced)) {
    network_span((uint64_t)json_integer_value(synced), span);
    out_line(cli, "%s %s%s", out_word(cli, "Last answer ", "Ultima risp."), span, out_word(cli, " ago", " fa"));
  } else {
    out_line(cli, "%s: specola sync", out_word(cli, "Last answer  never", "Ultima risp. mai"));
  }
  if (here->home.config.home[0] != '\0') {
    out_line(cli, "%s %s: %s", out_word(cli, "Your home   ", "La tua casa "), here->home.config.home,
             out_word(cli, "what you sign goes into its log", "ciò che firmi va nel suo registro"));
  }
  if (json_is_string(only)) {
    out_line(cli, "%s %s %s: specola sync --all", out_word(cli, "Texts       ", "Testi       "), json_string_value(only),
             out_word(cli, "alone", "soltanto"));
  }
  following_say_agreed(cli, &here->federation);
}
