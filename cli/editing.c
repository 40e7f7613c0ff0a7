/*
 * editing: from a version to a draft and back (see editing.h).
 */
#include "cli/editing.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/json_text.h"
#include "cli/out.h"

#define BASE "# base " /* behind it the id of the version from which the draft began; a comment to whoever reads drafts */

void editing_release(struct editing *e) {
  json_decref(e->json);
  bytes_release(&e->body);
  memset(e, 0, sizeof *e);
}

enum err_code editing_load(struct cli *cli, const struct here *here, const char *name, struct editing *out, struct err *err) {
  memset(out, 0, sizeof *out);
  bytes_init(&out->body, LIMIT_BODY);
  enum err_code code = version_by_name(here, name, &out->version, err);
  if (code == OK) {
    code =
        query_show(here->store, &here->federation, here->schemas, out->version.rowid, cli->lang, &out->json, &out->body, err);
  }
  if (code != OK) {
    editing_release(out);
    return code;
  }
  snprintf(out->reference, sizeof out->reference, "%s", text_of(out->json, "reference"));
  out->schema = schema_by_kind(here->schemas, text_of(out->json, "kind"));
  if (json_object_get(out->json, "withdrawal") != NULL) {
    err_set(err, ERR_REFUSED, "%s was withdrawn: nothing can follow", out->reference);
    code = err_hint(err, "specola new %s, and name %s in its relations", text_of(out->json, "kind"), out->reference);
  } else if (out->schema == NULL) {
    err_set(err, ERR_REFUSED, "%s: its kind of object is not known here", out->reference);
    code = err_hint(err, "put its schema into the node's schema folder");
  } else if (out->body.len == 0) {
    code = err_set(err, ERR_REFUSED, "%s: its text is not held here", out->reference);
  }
  if (code != OK) {
    editing_release(out);
  }
  return code;
}

/* ---- the draft ---- */

enum err_code editing_draft(const struct cli *cli, const struct editing *e, struct bytes *out, struct err *err) {
  struct bytes plain;
  json_t *json = NULL;
  char hex[HASH_HEX_LEN];
  bytes_init(&plain, LIMIT_DRAFT);
  enum err_code code = body_to_json(e->schema, bytes_view(&e->body), &json, err);
  if (code == OK) {
    code = draft_write(e->schema, json, &plain, err);
  }
  const uint8_t *end = plain.len == 0 ? NULL : memchr(plain.p, '\n', plain.len);
  const size_t head = end == NULL ? plain.len : (size_t)(end - plain.p) + 1;
  if (code == OK) {
    code = bytes_append(out, view_of(plain.p, head), err);
  }
  if (code == OK) {
    hash_hex(&e->version.newest, hex);
    code = bytes_printf(out, err, "# %s %s. %s\n%s%s\n", e->reference, out_word(cli, "as it stands now", "com'è adesso"),
                        out_word(cli, "The next line says from which version this began: leave it.",
                                 "La riga che segue dice da quale versione si parte: non toccarla."),
                        BASE, hex);
  }
  if (code == OK) {
    code = bytes_append(out, view_of(plain.p + head, plain.len - head), err);
  }
  bytes_release(&plain);
  json_decref(json);
  return code;
}

/* The version from which a draft began; false if it does not say. */
static bool read_base(struct view draft, struct hash *out) {
  for (size_t at = 0; at < draft.len;) {
    const uint8_t *end = memchr(draft.p + at, '\n', draft.len - at);
    size_t len = end == NULL ? draft.len - at : (size_t)(end - draft.p) - at;
    const struct view line = view_of(draft.p + at, len > 0 && draft.p[at + len - 1] == '\r' ? len - 1 : len);
    const size_t word = strlen(BASE);
    if (line.len >= 3 && memcmp(line.p, "## ", 3) == 0) {
      return false;
    }
    if (line.len == word + (size_t)2 * HASH_LEN && memcmp(line.p, BASE, word) == 0) {
      return hex_decode(view_of(line.p + word, line.len - word), out->b, HASH_LEN, NULL) == OK;
    }
    at += len + 1;
  }
  return false;
}

enum err_code editing_check_base(const struct editing *e, struct view draft, const char *path, struct err *err) {
  struct hash base;
  char hex[HASH_HEX_LEN];
  if (!read_base(draft, &base)) {
    err_set(err, ERR_REFUSED, "%s does not say from which version of %s it began", path, e->reference);
    return err_hint(err, "specola publish %s --replaces %s takes it as it is", path, e->reference);
  }
  if (hash_equal(&base, &e->version.newest)) {
    return OK;
  }
  const json_t *versions = json_object_get(e->json, "versions");
  hash_hex(&base, hex);
  for (size_t i = 0; i < json_array_size(versions); i++) {
    if (strcmp(text_of(json_array_get(versions, i), "id"), hex) == 0) {
      err_set(err, ERR_REFUSED,
              "stale: %s began from version %zu of %s, and version %zu has come since; the draft stays as it is", path, i + 1,
              e->reference, json_array_size(versions));
      return err_hint(err, "specola diff %s %zu shows what came; specola edit %s -o NEW begins from there", e->reference, i + 1,
                      e->reference);
    }
  }
  err_set(err, ERR_REFUSED, "%s began from a version that %s does not have", path, e->reference);
  return err_hint(err, "specola history %s; specola edit %s -o NEW", e->reference, e->reference);
}

enum err_code editing_proposal(const struct here *here, const struct editing *e, const char *lang, struct view draft,
                               const char *path, struct proposal *out, struct err *err) {
  const struct schema *schema = NULL;
  const struct home_config *config = &here->home.config;
  json_t *json = NULL;
  memset(out, 0, sizeof *out);
  enum err_code code =
      draft_read(here->schemas, draft, config->language[0] != '\0' ? config->language : lang, &schema, &json, err);
  if (code == OK && schema != e->schema) {
    code = err_set(err, ERR_REFUSED, "a %s, but %s is a %s: a version keeps its kind", schema->kind, e->reference,
                   e->schema->kind);
  }
  if (code == OK) {
    proposal_carry_over(schema, bytes_view(&e->body), json);
    code = proposal_build(schema, json, config, out, err);
  }
  json_decref(json);
  if (code != OK) {
    proposal_release(out);
    code = err->code = code == ERR_FORMAT ? ERR_REFUSED : code;
    err_context(err, "%s", path);
  }
  return code;
}

/* ---- the editor ---- */

enum err_code editing_run(const char *path, struct err *err) {
  static const char *const names[] = {"VISUAL", "EDITOR"};
  const char *editor = NULL;
  char line[1024];
  int status = 0;
  pid_t child = 0;
  for (size_t i = 0; i < 2 && (editor == NULL || editor[0] == '\0'); i++) {
    editor = getenv(names[i]);
  }
  editor = editor == NULL || editor[0] == '\0' ? "vi" : editor;
  int n = snprintf(line, sizeof line, "%s \"$1\"", editor);
  if (n < 0 || (size_t)n >= sizeof line) {
    return err_set(err, ERR_LIMIT, "VISUAL or EDITOR is too long");
  }
  /* The variables hold a command line, which is the shell's to read; the path is a parameter of it, never part of its text. */
  char *words[] = {(char[]){"sh"}, (char[]){"-c"}, line, (char[]){"specola"}, strdup(path), NULL};
  if (words[4] == NULL) {
    return err_set(err, ERR_MEMORY, NULL);
  }
  const int failed = posix_spawn(&child, "/bin/sh", NULL, NULL, words, environ);
  free(words[4]);
  if (failed != 0) {
    return err_errno(err, ERR_FAILED, failed, editor);
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return err_errno(err, ERR_FAILED, errno, editor);
    }
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    err_set(err, ERR_FAILED, "%.200s ended with an error; nothing was published, the draft stays in %.200s", editor, path);
    return err_hint(err, "export EDITOR=nano, or any other");
  }
  return OK;
}
