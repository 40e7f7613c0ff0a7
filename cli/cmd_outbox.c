/*
 * outbox: what the person of a replica signed, and how far it has come: what waits, what was refused, what is in the log. Tries
 * again, drops, or writes what waits into a file that any member takes.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/sending.h"
#include "node/store/outbox.h"
#include "node/store/receipts.h"
#include "protocol/bundle.h"
#include "protocol/canon.h"

#define TOLD_MAX 20u /* receipts of what is in the log already */
#define LINE_MAX 4096
#define ID_SHOWN 12 /* characters of a record id that name it */

const struct option_row options_outbox[] = {
    {"retry", 0, OPTION_FLAG, NULL, "hand in what waits now", "consegna subito ciò che aspetta"},
    {"drop", 0, OPTION_VALUE, "ID", "forget what waits or was refused", "dimentica ciò che aspetta o è stato rifiutato"},
    {"output", 'o', OPTION_VALUE, "FILE", "write what waits into a file that any member takes (specola import FILE)",
     "scrive ciò che aspetta in un file che ogni membro accoglie (specola import FILE)"},
    OPTIONS_END,
};

static const char WAITING[] = "waiting", LOGGED[] = "logged";

/* A list in the making. */
struct listing {
  struct cli *cli;
  const struct here *here;
  json_t *rows;
  const char *state;
  enum err_code code;
  struct err *err;
};

static enum err_code add_row(struct listing *l, const struct hash *id, uint64_t received, uint64_t reason) {
  char hex[HASH_HEX_LEN], why[256] = "";
  struct bytes line;
  json_t *ticks = NULL;
  hash_hex(id, hex);
  bytes_init(&line, LINE_MAX);
  if (reason != 0) refusal_text(reason, why, sizeof why);
  const enum err_code code = sending_ticks(l->cli, l->here, id, &line, &ticks, l->err);
  const bool dropped = l->state == LOGGED && json_object_get(ticks, "refused") != NULL; /* only its receipt is left */
  if (dropped) json_decref(ticks);
  if (code == OK && !dropped) {
    const char *waits = l->state == WAITING ? out_word(l->cli, "  waits", "  in attesa") : "";
    out_line(l->cli, "%.*s  %s%s", ID_SHOWN, hex, bytes_text(&line), waits);
    if (why[0] != '\0') out_line(l->cli, "%*s  %s", ID_SHOWN, "", why);
    (void)json_array_append_new(l->rows, json_pack("{s:s, s:s, s:I, s:s, s:o}", "id", hex, "state", l->state, "signed_s",
                                                   (json_int_t)received, "why", why, "ticks", ticks));
  }
  bytes_release(&line);
  return code;
}

static bool take_outbox(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct listing *l = context;
  (void)item;
  l->code = add_row(l, id, received, reason);
  return l->code == OK;
}

/* What is in the log: of it the outbox keeps the receipt alone. */
static bool take_receipt(void *context, const struct hash *id, uint64_t received, uint64_t row, struct view item) {
  struct listing *l = context;
  char hex[HASH_HEX_LEN];
  size_t i;
  json_t *known;
  (void)row;
  (void)item;
  hash_hex(id, hex);
  json_array_foreach(l->rows, i, known) {
    if (strcmp(text_of(known, "id"), hex) == 0) return true;
  }
  l->code = add_row(l, id, received, 0);
  return l->code == OK;
}

static enum err_code list(struct cli *cli, const struct here *here, struct err *err) {
  struct listing l = {.cli = cli, .here = here, .rows = json_array(), .state = WAITING, .code = OK, .err = err};
  enum err_code code = outbox_each(here->store, false, take_outbox, &l, err);
  l.state = "refused";
  if (code == OK && l.code == OK) code = outbox_each(here->store, true, take_outbox, &l, err);
  l.state = LOGGED;
  if (code == OK && l.code == OK) code = receipts_each(here->store, TOLD_MAX, take_receipt, &l, err);
  if (code == OK && l.code == OK && json_array_size(l.rows) == 0) {
    out_line(cli, "%s", out_word(cli, "Nothing was signed here yet.", "Qui non è ancora stato firmato nulla."));
  }
  out_set(cli, "outbox", l.rows);
  return l.code != OK ? l.code : code;
}

/* ---- dropping ---- */

struct search {
  const char *prefix;
  struct hash id;
  size_t n;
};

static bool take_match(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct search *s = context;
  char hex[HASH_HEX_LEN];
  (void)received;
  (void)reason;
  (void)item;
  hash_hex(id, hex);
  if (strncmp(hex, s->prefix, strlen(s->prefix)) == 0) {
    s->id = *id;
    s->n++;
  }
  return true;
}

static enum err_code drop(struct cli *cli, const char *prefix, struct err *err) {
  struct here here;
  struct search s = {.prefix = prefix};
  char hex[HASH_HEX_LEN];
  enum err_code code = here_open_mode(cli, STORE_WRITE, &here, err);
  if (code != OK) return code;
  code = outbox_each(here.store, false, take_match, &s, err);
  if (code == OK) code = outbox_each(here.store, true, take_match, &s, err);
  if (code == OK && s.n != 1) {
    err_set(err, s.n == 0 ? ERR_NOT_FOUND : ERR_AMBIGUOUS, "%s: %s of what waits or was refused begins so", prefix,
            s.n == 0 ? "nothing" : "more than one");
    code = err_hint(err, "specola outbox");
  }
  if (code == OK) code = outbox_remove(here.store, &s.id, err);
  if (code == OK) {
    hash_hex(&s.id, hex);
    out_set_text(cli, "dropped", hex);
    out_line(cli, "%.*s  %s", ID_SHOWN, hex, out_word(cli, "dropped", "dimenticato"));
  }
  here_release(&here);
  return code;
}

/* ---- into a file ---- */

struct parcel {
  struct bytes items;
  uint32_t n;
};

static bool take_item(void *context, const struct hash *id, uint64_t received, uint64_t reason, struct view item) {
  struct parcel *p = context;
  (void)id;
  (void)received;
  (void)reason;
  if (p->n == LIMIT_SUBMIT || bytes_append(&p->items, item, NULL) != OK) return false;
  p->n++;
  return true;
}

static enum err_code write_bundle(const struct parcel *p, struct bytes *out, struct err *err) {
  struct bytes submission;
  struct bundle_writer bundle;
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  struct canon_writer w = canon_writer(&submission);
  canon_put_array(&w, p->n);
  canon_put_raw(&w, bytes_view(&p->items));
  enum err_code code = canon_written(&w, "submission", err);
  if (code == OK) code = bundle_start(&bundle, bundle_sink_bytes, out, err);
  if (code == OK) {
    code = bundle_put(&bundle, BUNDLE_SUBMISSION, bytes_view(&submission), err);
    if (code == OK) code = bundle_finish(&bundle, err);
    bundle_writer_release(&bundle);
  }
  bytes_release(&submission);
  return code;
}

static enum err_code save(struct cli *cli, const struct here *here, const char *path, struct err *err) {
  struct parcel p = {.n = 0};
  struct bytes file;
  bytes_init(&p.items, LIMIT_SUBMIT_BYTES - 64u);
  bytes_init(&file, LIMIT_BUNDLE_ITEM);
  enum err_code code = cli_new_file(path, err);
  if (code == OK) code = outbox_each(here->store, false, take_item, &p, err);
  if (code == OK && p.n == 0) {
    err_set(err, ERR_NOT_FOUND, "nothing waits in the outbox");
    code = err_hint(err, "specola outbox");
  }
  if (code == OK) code = write_bundle(&p, &file, err);
  if (code == OK) code = file_write(path, bytes_view(&file), false, err);
  if (code == OK) {
    out_set_text(cli, "file", path);
    out_set_number(cli, "records", p.n);
    out_line(cli, "%s: %u %s", path, p.n,
             out_word(cli, "signed records; any member takes them: specola import FILE",
                      "record firmati; li accoglie ogni membro: specola import FILE"));
  }
  bytes_release(&file);
  bytes_release(&p.items);
  return code;
}

/* ---- the command ---- */

static enum err_code retry(struct cli *cli, struct submit *s, struct err *err) {
  const enum err_code code = sending_send(s->sending, &s->here.federation, NULL, NULL, err);
  const char *why = sending_why(s->sending);
  out_set_number(cli, "handed_in", sending_answered(s->sending));
  if (code == OK && why[0] != '\0') {
    err_set(err, ERR_UNREACHABLE, "what you signed waits on: %s", why);
    return err_hint(err, "specola outbox -o FILE writes a file that any other member takes");
  }
  return code;
}

enum err_code cmd_outbox(struct cli *cli, const struct args *args, struct err *err) {
  struct submit s;
  const char *id = args_value(args, "drop"), *path = args_value(args, "output");
  struct home home;
  enum err_code code = cli_open_home(cli, &home, err);
  if (code == OK && !home_is_replica(&home)) {
    err_set(err, ERR_REFUSED, "a node has its own log: nothing that is signed here waits for another");
    code = err_hint(err, "specola status tells what waits for the fork guard");
  }
  if (code != OK) return code;
  if (id != NULL) return drop(cli, id, err);
  code = submit_open(cli, &s, err);
  if (code != OK) return code;
  code = path != NULL ? save(cli, &s.here, path, err) : args_flag(args, "retry") ? retry(cli, &s, err) : OK;
  if (code == OK && path == NULL) code = list(cli, &s.here, err);
  submit_release(&s);
  return code;
}
