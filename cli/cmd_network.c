/*
 * serve, sync, peer ping, rebuild: what moves the node itself.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/following.h"
#include "cli/guarded.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "cli/serving.h"
#include "cli/submit.h"
#include "node/serve.h"
#include "node/store/derive.h"

const struct option_row options_serve[] = {
    {"peer", 0, OPTION_MANY, "FR=tcp://...", "where a member is reached; again for each",
     "dove si raggiunge un membro; ripetere per ognuno"},
    {"listen", 0, OPTION_VALUE, "ENDPOINT", "where to listen, instead of node.ini's", "dove ascoltare, al posto di node.ini"},
    {"web", 0, OPTION_VALUE, "http://HOST:PORT", "where to show pages, instead of node.ini's; off: nowhere",
     "dove mostrare le pagine, al posto di node.ini; off: da nessuna parte"},
    {"idle-now", 0, OPTION_FLAG, NULL, "tell the others every second how far this node is",
     "dice agli altri ogni secondo a che punto è"},
    {"alone", 0, OPTION_FLAG, NULL, "write although no member says how much of this node's log it holds: when nobody can",
     "scrive anche se nessun membro dice quanto ha del registro di questo nodo: quando nessuno può dirlo"},
    OPTIONS_END,
};

enum err_code program_path(char out[HOME_PATH_MAX], struct err *err) {
  ssize_t n = readlink("/proc/self/exe", out, HOME_PATH_MAX - 1);
  if (n < 0) {
    return err_set(err, ERR_IO, "/proc/self/exe cannot be read: which program is this?");
  }
  out[n] = '\0';
  return OK;
}

enum err_code serving_options(struct cli *cli, const struct args *args, char program[HOME_PATH_MAX], struct serve_options *out,
                              struct err *err) {
  *out = (struct serve_options){.home = cli->home,
                                .program = program,
                                .listen = args_value(args, "listen"),
                                .web = args_value(args, "web"),
                                .idle_now = args_flag(args, "idle-now"),
                                .verbose = cli->verbose};
  if (out->listen != NULL && !home_listen_is_valid(out->listen)) {
    err_set(err, ERR_USAGE, "--listen: \"%s\" is no endpoint", out->listen);
    return err_hint(err, "--listen tcp://0.0.0.0:7411");
  }
  const char *peer;
  for (size_t i = 0; (peer = args_nth(args, "peer", i)) != NULL; i++) {
    if (i == LIMIT_PINNED) {
      return err_set(err, ERR_USAGE, "more than %u peers", LIMIT_PINNED);
    }
    const char *equals = strchr(peer, '=');
    if (equals == NULL || !address_endpoint_is_valid(equals + 1)) {
      err_set(err, ERR_USAGE, "--peer: \"%s\" is not a member and where to reach it", peer);
      return err_hint(err, "--peer FR=tcp://node.example.org:7411");
    }
    out->peers[out->n_peers++] = peer;
  }
  enum err_code code = program_path(program, err);
  if (code != OK || (code = cli_node_passphrase(cli, &out->passphrase, err)) != OK) {
    return code;
  }
  /* For a node whose keys are sealed, one passphrase is enough to name. */
  struct home home;
  struct signer key = {0};
  code = cli_open_home(cli, &home, err);
  if (code == OK && out->passphrase == NULL && (code = home_node_key(&home, NULL, &key, err)) == ERR_LOCKED) {
    struct secret *asked = NULL;
    err_clear(err);
    code = cli_passphrase(cli, "the node's keys", false, &asked, err);
    if (code == OK) {
      out->passphrase = cli->passphrase;
      cli->passphrase = NULL;
    }
  }
  signer_release(&key);
  return code;
}

/* The members that --peer names must be there before anything is promised. */
static enum err_code peers_are_members(const struct cli *cli, const struct serve_options *options, struct err *err) {
  struct here here;
  enum err_code code = here_open(cli, &here, err);
  if (code == ERR_FORMAT || code == ERR_SIGNATURE || code == ERR_MISMATCH || code == ERR_INCOMPLETE || code == ERR_CORRUPT) {
    err_clear(err); /* core puts it right, or says why not */
    return OK;
  }
  if (code != OK) {
    return code;
  }
  for (uint32_t i = 0; code == OK && i < options->n_peers; i++) {
    char handle[HANDLE_MAX];
    const size_t len = strcspn(options->peers[i], "=");
    snprintf(handle, sizeof handle, "%.*s", (int)(len < sizeof handle ? len : 0), options->peers[i]);
    const struct federation_member *member = federation_by_handle(&here.federation, handle);
    if (member == NULL || member == federation_self(&here.federation)) {
      err_set(err, ERR_NOT_FOUND, "--peer %s: no other member has that handle", options->peers[i]);
      code = err_hint(err, "specola peer list shows the members");
    }
  }
  here_release(&here);
  return code;
}

/* Nothing is promised before it is known that no other process serves here. serve_run finds out for certain. */
static enum err_code nobody_serves(const struct cli *cli, struct err *err) {
  struct home home;
  struct ctl_client *ctl = NULL;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code == OK && home_is_guest(&home)) {
    err_set(err, ERR_REFUSED, "this node is no member yet: nobody would let it in");
    return err_hint(err, "specola status tells how far its request is; specola join makes it a member once the list has it");
  }
  if (code == OK && home_is_replica(&home)) {
    err_set(err, ERR_REFUSED, "this is a replica: it follows %s, and is no node that could serve", home_follows(&home));
    return err_hint(err, "specola sync fetches what is new");
  }
  if (code == OK && (code = ctl_connect(&home, cli->timeout_ms, &ctl, err)) == OK) {
    ctl_close(ctl);
    err_set(err, ERR_BUSY, "a node serves in %s already", cli->home);
    return err_hint(err, "specola status shows it; to stop it, end its process");
  }
  if (code == ERR_NOT_FOUND || code == ERR_BUSY) {
    err_clear(err);
    code = OK;
  }
  return code;
}

/* Where it is reached, once it is. */
static void say_ready(void *context, const char *gate, const char *web) {
  struct cli *cli = context;
  out_line(cli, "%s %s %s", out_word(cli, "Node in", "Il nodo in"), cli->home,
           out_word(cli, "serves. Ctrl-C stops it.", "è in servizio. Ctrl-C lo ferma."));
  if (gate[0] != '\0') {
    out_line(cli, "%s  %s", out_word(cli, "Members", "Membri "), gate);
  }
  if (web[0] != '\0') {
    out_line(cli, "%s   %s/", out_word(cli, "Pages ", "Pagine"), web);
  }
  fflush(stdout);
}

/* The fork guard is opened before the node serves. */
static enum err_code open_alone(struct cli *cli, struct err *err) {
  struct submit s;
  enum err_code code = submit_open_node(cli, &s, err);
  if (code == OK) {
    code = submit_alone(&s, err);
    submit_release(&s);
  }
  return code;
}

enum err_code cmd_serve(struct cli *cli, const struct args *args, struct err *err) {
  struct serve_options options;
  char program[HOME_PATH_MAX];
  memset(&options, 0, sizeof options);
  enum err_code code = nobody_serves(cli, err);
  if (code == OK) {
    code = serving_options(cli, args, program, &options, err);
  }
  if (code == OK) {
    code = peers_are_members(cli, &options, err);
  }
  if (code == OK && args_flag(args, "alone")) {
    code = open_alone(cli, err);
  }
  if (code == OK) {
    options.ready = say_ready;
    options.context = cli;
    code = serve_run(&options, err);
  }
  out_set_bool(cli, "stopped", code == OK);
  secret_free(options.passphrase);
  return code;
}

/* ---- sync ---- */

/* {"peers": […], "new": n, "paused": […]} as text. */
static void say_sync(struct cli *cli, const json_t *report) {
  size_t i;
  json_t *peer;
  json_array_foreach(json_object_get(report, "peers"), i, peer) {
    const char *handle = json_string_value(json_object_get(peer, "handle")),
               *state = json_string_value(json_object_get(peer, "state"));
    const char *note = json_string_value(json_object_get(peer, "note"));
    bool reached = state != NULL && strcmp(state, "open") == 0;
    out_line(cli, "%-6s %s%s%s", handle == NULL ? "?" : handle,
             reached ? out_word(cli, "answered", "ha risposto") : out_word(cli, "no answer", "nessuna risposta"),
             note == NULL || note[0] == '\0' ? "" : ": ", note == NULL ? "" : note);
  }
  json_array_foreach(json_object_get(report, "paused"), i, peer) {
    out_line(cli, "! %s %s %s", out_word(cli, "the log of", "il registro di"), json_string_value(peer), here_paused(cli));
  }
  guarded_say(cli, json_object_get(report, "guard"));
  const json_t *n = json_object_get(report, "new");
  if (json_is_integer(n)) {
    out_line(cli, "%jd %s", (intmax_t)json_integer_value(n),
             json_integer_value(n) == 1 ? out_word(cli, "new entry", "voce nuova")
                                        : out_word(cli, "new entries", "voci nuove"));
  }
}

/* Who among the peers of a report was not reached: ERR_UNREACHABLE names them. */
static enum err_code reached_all(const json_t *report, struct err *err) {
  char silent[256] = "";
  size_t i, used = 0;
  json_t *peer;
  json_array_foreach(json_object_get(report, "peers"), i, peer) {
    const char *handle = json_string_value(json_object_get(peer, "handle")),
               *state = json_string_value(json_object_get(peer, "state"));
    if (handle != NULL && state != NULL && strcmp(state, "open") != 0) {
      int n = snprintf(silent + used, sizeof silent - used, "%s%s", used == 0 ? "" : ", ", handle);
      used += n < 0 || (size_t)n >= sizeof silent - used ? 0 : (size_t)n;
    }
  }
  silent[used] = '\0';
  if (used > 0) {
    err_set(err, ERR_UNREACHABLE, "no answer from %s", silent);
    return err_hint(err, "specola peer list");
  }
  if (json_is_false(json_object_get(report, "idle"))) {
    return err_set(err, ERR_UNREACHABLE, "not finished in time");
  }
  if (json_array_size(json_object_get(report, "paused")) > 0) {
    err_set(err, ERR_REFUSED, "paused: quota: the log of %s holds as much as it may",
            json_string_value(json_array_get(json_object_get(report, "paused"), 0)));
    return err_hint(err, "log_bodies = MIB in node.ini, then start again");
  }
  return OK;
}

const struct option_row options_sync[] = {
    {"only", 0, OPTION_VALUE, "QUESTION", "of a replica: the texts of these objects alone, as in 'kind=case&sector=07'; kept",
     "di una replica: solo i testi di questi oggetti, come in 'kind=case&sector=07'; resta così"},
    {"all", 0, OPTION_FLAG, NULL, "of a replica: the texts of everything again", "di una replica: di nuovo i testi di tutto"},
    {"headers", 0, OPTION_FLAG, NULL, "of a replica: no texts this time", "di una replica: questa volta nessun testo"},
    OPTIONS_END,
};

/* What only a replica understands was asked of it. */
static enum err_code sync_replica(struct cli *cli, const struct home *home, const struct args *args, struct err *err) {
  const struct following_wish wish = {
      .only = args_value(args, "only"), .all = args_flag(args, "all"), .headers_only = args_flag(args, "headers")};
  if (wish.only != NULL && wish.all) {
    return err_set(err, ERR_USAGE, "--only or --all, not both");
  }
  return following_run(cli, home, &wish, err);
}

enum err_code cmd_sync(struct cli *cli, const struct args *args, struct err *err) {
  struct serve_options options = {0};
  struct home home;
  struct ctl_client *ctl = NULL;
  json_t *report = NULL;
  char program[HOME_PATH_MAX];
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  if (home_is_replica(&home)) {
    return sync_replica(cli, &home, args, err);
  }
  if (args_value(args, "only") != NULL || args_flag(args, "all") || args_flag(args, "headers")) {
    err_set(err, ERR_USAGE, "a node holds everything: --only, --all and --headers are for replicas");
    return err_hint(err, "specola sync");
  }
  code = ctl_connect(&home, cli->timeout_ms, &ctl, err);
  if (code == OK) {
    struct progress *progress = progress_new(cli, out_word(cli, "asking the members", "chiedo ai membri"));
    json_t *wish = json_pack("{s:I}", "timeout_ms", (json_int_t)cli->timeout_ms);
    code = ctl_order(ctl, "sync", wish, &report, err);
    json_decref(wish);
    progress_free(progress);
    code = code == OK ? reached_all(report, err) : code;
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = serving_options(cli, args, program, &options, err);
    if (code == OK) {
      code = serve_once(&options, cli->timeout_ms, &report, err);
    }
  }
  if (report != NULL) {
    say_sync(cli, report);
    json_object_update(cli->doc, report);
  }
  json_decref(report);
  ctl_close(ctl);
  secret_free(options.passphrase);
  return code;
}

/* A handle as it is written; small letters are taken for it, too. */
static void read_handle(const char *word, char out[HANDLE_MAX]) {
  size_t i = 0;
  for (; word[i] != '\0' && i + 1 < HANDLE_MAX; i++) {
    out[i] = (char)(word[i] >= 'a' && word[i] <= 'z' ? word[i] - 'a' + 'A' : word[i]);
  }
  out[i] = '\0';
}

enum err_code cmd_peer_ping(struct cli *cli, const struct args *args, struct err *err) {
  char handle[HANDLE_MAX];
  struct home home;
  struct ctl_client *ctl = NULL;
  json_t *answer = NULL;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  code = ctl_connect(&home, cli->timeout_ms, &ctl, err);
  if (code == ERR_NOT_FOUND) {
    err_set(err, ERR_UNREACHABLE, "the node does not serve, so nobody can be asked");
    return err_hint(err, "specola serve, in another terminal; or once: specola sync");
  }
  if (code == OK) {
    const char *word = args->operands[0];
    read_handle(word, handle);
    json_t *wish = json_pack("{s:o, s:I}", "peer", out_json_text(view_of_text(strlen(word) < HANDLE_MAX ? handle : word)),
                             "timeout_ms", (json_int_t)cli->timeout_ms);
    code = ctl_order(ctl, "ping", wish, &answer, err);
    json_decref(wish);
    if (code != OK && err->hint[0] == '\0') {
      err_hint(err, "specola peer list");
    }
  }
  if (code == OK) {
    out_line(cli, "%s %s %.0f ms", handle, out_word(cli, "answered after", "ha risposto dopo"),
             json_number_value(json_object_get(answer, "ms")));
    json_object_update(cli->doc, answer);
  }
  json_decref(answer);
  ctl_close(ctl);
  return code;
}

/* ---- rebuild ---- */

static void say_progress(void *context, uint64_t done, uint64_t all) {
  progress_set(context, done, all);
}

enum err_code cmd_rebuild(struct cli *cli, const struct args *args, struct err *err) {
  (void)args;
  struct home home;
  struct here here = {0};
  struct ctl_client *ctl = NULL;
  json_t *answer = NULL;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code != OK) {
    return code;
  }
  struct progress *progress = progress_new(cli, out_word(cli, "deriving the tables", "derivo le tabelle"));
  code = ctl_connect(&home, cli->timeout_ms, &ctl, err);
  if (code == OK) {
    code = ctl_order(ctl, "rebuild", NULL, &answer, err);
  } else if (code == ERR_NOT_FOUND) {
    err_clear(err);
    code = here_open_mode(cli, STORE_WRITE, &here, err);
    if (code == OK) {
      code = derive_rebuild(here.store, &here.federation, here.schemas, say_progress, progress, err);
    }
  }
  progress_free(progress);
  if (code == OK) {
    out_line(cli, "%s",
             out_word(cli, "All tables are derived again from the logs.", "Tutte le tabelle sono rifatte dai registri."));
    out_set_bool(cli, "rebuilt", true);
  }
  json_decref(answer);
  ctl_close(ctl);
  here_release(&here);
  return code;
}
