/*
 * statement, sign: an endorsement by somebody whose key is on a machine without a network (docs/protocol.md 16.1). statement
 * writes what would be signed, with the text, at a node or replica; sign shows it, where the key is, and writes a submission
 * for any member to hand on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/endorsement.h"
#include "cli/endorsing.h"
#include "cli/founding.h"
#include "cli/json_text.h"
#include "cli/out.h"
#include "cli/person.h"
#include "cli/qr.h"
#include "cli/render.h"
#include "cli/said.h"
#include "cli/signed_line.h"
#include "cli/submit.h"
#include "keys/words.h"
#include "node/store/query_endorse.h"
#include "protocol/statement.h"

const struct option_row options_statement[] = {
    {"out", 'o', OPTION_VALUE, "FILE", "write it, for specola sign", "lo scrive, per specola sign"},
    OPTIONS_END,
};
const struct option_row options_sign[] = {
    SAID_OPTIONS,
    {"out", 'o', OPTION_VALUE, "FILE", "the signed file (REFERENCE.signed)", "il file firmato (RIFERIMENTO.signed)"},
    {"qr", 0, OPTION_FLAG, NULL, "show it as a QR code, too; of a signed FILE, that alone",
     "lo mostra anche come codice QR; di un FILE firmato, solo quello"},
    OPTIONS_END,
};

/* ---- statement ---- */

/* The version of a statement with its text, out of the store. */
static enum err_code get_version(const struct here *here, const json_t *json, const json_t *statement, struct bytes *scratch,
                                 struct item *item, struct err *err) {
  const size_t number = (size_t)json_integer_value(json_object_get(statement, "version"));
  const json_t *version = json_array_get(json_object_get(json, "versions"), number - 1);
  enum err_code code = entry_get(here->store, json_integer_value(json_object_get(version, "rowid")), scratch, item, err);
  if (code == OK && item->state != ITEM_WHOLE) {
    code = err_set(err, ERR_INCOMPLETE, "the text of %s is not here", text_of(json, "reference"));
    (void)err_hint(err, "specola where %s tells who holds it", text_of(json, "reference"));
  }
  return code;
}

/* The octets of a policy that was adopted since the founding; empty: the charter has it. */
static struct view adopted_policy(const struct federation *f, const struct hash *id) {
  struct view first[LIMIT_POLICIES], found = view_of(NULL, 0);
  const uint32_t n = charter_policies(&f->charter, first);
  for (uint32_t i = 0; i < f->epoch.n_policies; i++) {
    found = hash_equal(&f->epoch.policies[i], id) ? bytes_view(&f->policies[i]) : found;
  }
  for (uint32_t i = 0; i < n; i++) {
    found = view_equal(first[i], found) ? view_of(NULL, 0) : found;
  }
  return found;
}

static enum err_code write_statement(const struct here *here, const json_t *json, const json_t *statement, const char *path,
                                     struct err *err) {
  struct bytes scratch, charter, payload;
  struct statement_parts parts = {.home = here->federation.own,
                                  .handle = federation_handle(&here->federation, &here->federation.own),
                                  .reference = text_of(json, "reference"),
                                  .number = (uint64_t)json_integer_value(json_object_get(statement, "version"))};
  bytes_init(&scratch, LIMIT_ITEM);
  bytes_init(&charter, LIMIT_BUNDLE_ITEM);
  bytes_init(&payload, LIMIT_BUNDLE_ITEM);
  enum err_code code = hash_from_hex(view_of_text(text_of(json_object_get(statement, "policy"), "id")), &parts.policy, err);
  parts.adopted = code == OK ? adopted_policy(&here->federation, &parts.policy) : view_of(NULL, 0);
  if (code == OK && (code = get_version(here, json, statement, &scratch, &parts.version, err)) == OK &&
      (code = charter_encode(&here->federation.charter, &charter, err)) == OK &&
      (code = statement_write(&parts, &payload, err)) == OK && path != NULL) {
    const struct founding_item items[] = {{BUNDLE_CHARTER, bytes_view(&charter)}, {BUNDLE_STATEMENT, bytes_view(&payload)}};
    code = founding_file_write(path, items, 2, err);
  }
  bytes_release(&payload);
  bytes_release(&charter);
  bytes_release(&scratch);
  return code;
}

static void say_statement(struct cli *cli, const struct here *here, const json_t *json, const json_t *statement,
                          const char *path) {
  json_t *policy = json_object_get(statement, "policy");
  const intmax_t number = (intmax_t)json_integer_value(json_object_get(statement, "version"));
  out_set_text(cli, "ref", text_of(json, "reference"));
  out_set_text(cli, "id", text_of(json, "id"));
  out_set(cli, "title", out_json_text(view_of_text(text_of(json, "title"))));
  out_set_number(cli, "version", (uint64_t)number);
  out_set_text(cli, "version_id", text_of(statement, "version_id"));
  out_set(cli, "policy", json_incref(policy));
  out_set_text(cli, "home", federation_handle(&here->federation, &here->federation.own));
  out_heading(cli, "%s  %s", text_of(json, "reference"), text_of(json, "title"));
  out_wrapped(cli, 2, "%s %jd (%s), %s", out_word(cli, "version", "versione"), number, text_of(statement, "version_reference"),
              text_of(json_object_get(json, "home"), "handle"));
  said_show(cli, here->schemas, policy, policy);
  out_line(cli, "%s  %s", out_word(cli, "object ", "oggetto "), text_of(json, "id"));
  out_line(cli, "%s  %s", out_word(cli, "version", "versione"), text_of(statement, "version_id"));
  out_line(cli, "%s  %s", out_word(cli, "policy ", "regola  "), text_of(policy, "id"));
  if (path == NULL) {
    out_note(cli, "Next:  specola endorse %s    specola statement %s -o FILE", text_of(json, "reference"),
             text_of(json, "reference"));
  } else {
    out_set_text(cli, "file", path);
    out_note(cli, "Next:  specola sign %s", path);
  }
}

enum err_code cmd_statement(struct cli *cli, const struct args *args, struct err *err) {
  struct here here;
  json_t *json = NULL;
  int64_t rowid = 0;
  const char *path = args_value(args, "out");
  enum err_code code = cli_new_file(path, err);
  if (code != OK || (code = here_open(cli, &here, err)) != OK) {
    return code;
  }
  if ((code = here_object(cli, &here, args->operands[0], &rowid, &json, err)) == OK) {
    const json_t *statement = endorsement_newest(json_object_get(json, "endorsement"));
    code = endorsing_may(&here.federation, json, statement, err);
    if (code == OK && (code = write_statement(&here, json, statement, path, err)) == OK) {
      say_statement(cli, &here, json, statement, path);
    }
  }
  json_decref(json);
  here_release(&here);
  return code;
}

/* ---- sign ---- */

/* A statement on its way to being signed. */
struct signing {
  struct cli *cli;
  const struct args *args;
  struct schema_set *schemas;
  struct bytes charter_item, payload; /* of the file */
  bool is_signed;                     /* it holds no statement, but what was signed of one */
  struct statement statement;
  json_t *policy, *said;
  struct err *err;
};

static enum err_code take_item(void *context, enum bundle_type type, struct view payload, struct err *err) {
  struct signing *s = context;
  s->is_signed = type == BUNDLE_SUBMISSION;
  if (s->is_signed && args_flag(s->args, "qr")) return OK;
  if (type != BUNDLE_CHARTER && type != BUNDLE_STATEMENT) {
    err_set(err, ERR_FORMAT, "not a statement to sign");
    return err_hint(err, "specola statement ID -o FILE makes one");
  }
  return bytes_append(type == BUNDLE_CHARTER ? &s->charter_item : &s->payload, payload, err);
}

static enum err_code read_statement(struct signing *s, const char *path) {
  enum err_code code = statement_file_read(path, take_item, s, s->err);
  if (s->is_signed) return code;
  if (code == OK) {
    code = statement_read(bytes_view(&s->charter_item), bytes_view(&s->payload), &s->statement, s->err);
    if (code != OK) {
      err_context(s->err, "%s", path);
      (void)err_hint(s->err, "take it again from where it came: specola statement ID -o FILE makes one");
    }
  }
  if (code == OK) {
    s->policy = query_policy_json(&s->statement.policy, s->cli->lang);
    code = s->policy == NULL ? err_set(s->err, ERR_MEMORY, NULL) : OK;
  }
  return code;
}

/* The text in full, then what would be affirmed of it. */
static enum err_code show(struct signing *s) {
  const struct statement *st = &s->statement;
  const struct schema *schema = schema_by_number(s->schemas, st->record.header.args[0]);
  const struct view name = charter_name(&st->charter, s->cli->lang);
  char words[WORDS_LEN];
  words_of(&st->charter.fed_id, words);
  out_heading(s->cli, "%s", st->reference);
  const enum err_code code = render_body(s->cli, schema, st->version.body, s->err);
  out_line(s->cli, "%s", "");
  out_wrapped(s->cli, 2, "%.*s  %s", (int)name.len, (const char *)name.p, words);
  out_wrapped(s->cli, 2, "%s %s, %s %ju %s", out_word(s->cli, "Object", "Oggetto"), st->reference,
              out_word(s->cli, "version", "versione"), (uintmax_t)st->number,
              out_word(s->cli, "as the file counts", "secondo il file"));
  said_show(s->cli, s->schemas, s->policy, s->said);
  return code;
}

static enum err_code ask(struct signing *s) {
  char command[HOME_PATH_MAX + 32];
  char hint[] = "specola sign FILE without --criteria affirms all of them, and shows them first";
  (void)snprintf(command, sizeof command, "specola sign %s --yes", s->args->operands[0]);
  enum err_code code = said_criteria(s->args, s->policy, hint, s->said, s->err);
  if (code == OK && (code = show(s)) == OK && (code = said_texts(s->cli, s->args, s->said, s->err)) == OK) {
    code = said_agreed(s->cli, s->args, s->said, out_word(s->cli, "Sign this?", "Firmare?"), command, s->err);
  }
  return code;
}

/* The submission, into a file of its own. */
static enum err_code write_signed(struct signing *s, const struct batch *batch, const char *path) {
  struct bytes submission;
  bytes_init(&submission, LIMIT_SUBMIT_BYTES);
  enum err_code code = batch_encode(batch, &submission, s->err);
  if (code == OK) {
    const struct founding_item item = {BUNDLE_SUBMISSION, bytes_view(&submission)};
    code = founding_file_write(path, &item, 1, s->err);
  }
  bytes_release(&submission);
  return code;
}

static enum err_code seal(struct signing *s, struct batch *batch) {
  struct signer person = {.secret = NULL};
  struct sealed *row = &batch->rows[0];
  bytes_init(&row->envelope, LIMIT_ENVELOPE);
  bytes_init(&row->body, LIMIT_BODY);
  batch->n = 1;
  entropy_fill(entropy_system(), row->salt.b, sizeof row->salt.b);
  enum err_code code = said_encode(s->said, &row->body, s->err);
  if (code == OK && (code = person_open(s->cli, &person, s->err)) == OK) {
    code = statement_sign(&s->statement, &person, clock_unix(clock_system()), &row->salt, bytes_view(&row->body),
                          &row->envelope, &row->id, s->err);
    signer_release(&person);
  }
  return code;
}

static void say_signed(struct signing *s, const struct hash *id, const char *path) {
  const struct statement *st = &s->statement;
  out_set_text(s->cli, "ref", st->reference);
  out_set(s->cli, "id", out_json_hash(id));
  out_set(s->cli, "object", out_json_hash(&st->object));
  out_set(s->cli, "version_id", out_json_hash(&st->record.id));
  out_set(s->cli, "policy_id", out_json_hash(&st->policy.id));
  out_set_text(s->cli, "home", st->handle);
  out_set_text(s->cli, "file", path);
  out_line(s->cli, "%s  %s %s", st->reference, out_word(s->cli, "signed:", "firmata:"), path);
  out_note(s->cli, "%s",
           out_word(s->cli, "Next:  specola import FILE at any member, which hands it to your node",
                    "Next:  specola import FILE presso un qualsiasi membro, che lo passa al proprio nodo"));
}

/* The file at path as a code for a telephone. What does not fit is told: the file is there. */
static enum err_code show_code(struct cli *cli, const char *path, struct err *err) {
  struct bytes file, line, code;
  size_t columns = 0;
  bytes_init(&file, LIMIT_BUNDLE_ITEM);
  bytes_init(&line, (size_t)2 * LIMIT_BUNDLE_ITEM);
  bytes_init(&code, LIMIT_BUNDLE_ITEM);
  enum err_code done = file_read(path, &file, err);
  if (done == OK && (done = signed_line_write(bytes_view(&file), &line, err)) == OK) {
    out_set(cli, "line", out_json_text(bytes_view(&line)));
    done = qr_draw(bytes_view(&line), &code, &columns, err);
  }
  if (done == OK) done = bytes_append_u8(&code, 0, err);
  if (done == ERR_LIMIT) {
    done = OK;
    out_note(cli, "%s (%zu / %d)",
             out_word(cli, "Too long for a QR code: carry the file", "Troppo lungo per un codice QR: si porti il file"),
             line.len, QR_TEXT_MAX);
  } else if (done == OK && out_columns(cli) != 0 && out_columns(cli) < columns) {
    out_note(cli, "%s (%zu / %zu). Next:  specola sign %s --qr",
             out_word(cli, "This window has too few columns for the QR code; widen it",
                      "Questa finestra ha troppo poche colonne per il codice QR; la si allarghi"),
             out_columns(cli), columns, path);
  } else if (done == OK) {
    char *rest = (char *)code.p;
    for (const char *row = strsep(&rest, "\n"); row != NULL && rest != NULL; row = strsep(&rest, "\n"))
      out_line(cli, "%s", row);
    out_note(cli, "%s",
             out_word(cli, "Next:  specola import 'LINE', with the line that the telephone reads",
                      "Next:  specola import 'RIGA', con la riga che il telefono legge"));
  }
  bytes_release(&code);
  bytes_release(&line);
  bytes_release(&file);
  return done;
}

static enum err_code sign(struct signing *s) {
  char fallback[STATEMENT_REFERENCE_MAX + 16];
  const char *path = args_value(s->args, "out");
  struct person_card card;
  (void)snprintf(fallback, sizeof fallback, "%s.signed", s->statement.reference);
  path = path == NULL ? fallback : path;
  enum err_code code = cli_new_file(path, s->err);
  if (code != OK || (code = person_card_of(s->cli, &card, s->err)) != OK || (code = ask(s)) != OK) {
    return code;
  }
  struct batch *batch = calloc(1, sizeof *batch);
  if (batch == NULL) {
    return err_set(s->err, ERR_MEMORY, NULL);
  }
  code = seal(s, batch);
  if (code == OK && (code = write_signed(s, batch, path)) == OK) {
    say_signed(s, &batch->rows[0].id, path);
    if (args_flag(s->args, "qr")) code = show_code(s->cli, path, s->err);
  }
  batch_clear(batch);
  free(batch);
  return code;
}

enum err_code cmd_sign(struct cli *cli, const struct args *args, struct err *err) {
  struct signing s = {.cli = cli, .args = args, .said = json_object(), .err = err};
  bytes_init(&s.charter_item, LIMIT_BUNDLE_ITEM);
  bytes_init(&s.payload, LIMIT_BUNDLE_ITEM);
  enum err_code code = s.said == NULL ? err_set(err, ERR_MEMORY, NULL) : here_schemas(cli, &s.schemas, NULL, err);
  if (code == OK && args_flag(args, "qr") && !qr_is_there(err)) code = err->code;
  if (code == OK && (code = read_statement(&s, args->operands[0])) == OK) {
    code = s.is_signed ? show_code(cli, args->operands[0], err) : sign(&s);
  }
  json_decref(s.policy);
  json_decref(s.said);
  statement_release(&s.statement);
  schema_set_free(s.schemas);
  bytes_release(&s.payload);
  bytes_release(&s.charter_item);
  return code;
}
