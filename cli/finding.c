/*
 * finding: findings for people and programs (see finding.h).
 */
#include "cli/finding.h"

#include <stdio.h>
#include <string.h>

#include "cli/out.h"

/* True for a field that is asked for and simply not there. */
static bool finding_is_missing(const struct finding *f) {
  return f->level == FINDING_LACKING && strcmp(f->code, "need") == 0 && f->field[0] != '\0';
}

const char *finding_level_name(enum finding_level level) {
  static const char *const names[] = {
      [FINDING_REFUSED] = "refused", [FINDING_LACKING] = "lacking", [FINDING_WARNING] = "warning"};
  return names[level];
}

void finding_text(const char *field, const char *message, char *out, size_t size) {
  bool named = strncmp(message, field, strlen(field)) == 0;
  snprintf(out, size, "%s%s%s", named ? "" : field, named ? "" : ": ", message);
}

/* The fields that are asked for and not there, in one line: one each would be a page that hides the rest. */
static void show_missing(struct cli *cli, const struct findings *f, const char *prefix) {
  struct bytes names;
  size_t n = 0;
  bytes_init(&names, LIMIT_FINDINGS * (size_t)FIELD_KEY_MAX);
  for (size_t i = 0; i < f->n; i++) {
    const struct finding *one = &f->items[i];
    if (finding_is_missing(one) && bytes_printf(&names, NULL, "%s%s", n == 0 ? "" : ", ", one->field) == OK) {
      n++;
    }
  }
  if (n > 0) {
    out_wrapped(cli, strlen(prefix) + 2, "%slacking %zu (fill in; '-': does not apply, '?': not yet known): %.*s", prefix, n,
                (int)names.len, (const char *)names.p);
  }
  bytes_release(&names);
}

void findings_show(struct cli *cli, const struct findings *f, const char *prefix, enum finding_level worst) {
  for (size_t i = 0; i < f->n; i++) {
    const struct finding *one = &f->items[i];
    if (one->level <= worst && !finding_is_missing(one)) {
      char text[FIELD_KEY_MAX + sizeof one->message + 4];
      finding_text(one->field, one->message, text, sizeof text);
      out_wrapped(cli, strlen(prefix) + 2, "%s%s: %s", prefix, finding_level_name(one->level), text);
    }
  }
  if (worst >= FINDING_LACKING) {
    show_missing(cli, f, prefix);
  }
  if (f->n_more > 0) {
    out_line(cli, "%sand %zu more", prefix, f->n_more);
  }
}

json_t *finding_json(const struct finding *f) {
  return json_pack("{s:s, s:s, s:s, s:o}", "level", finding_level_name(f->level), "field", f->field, "code", f->code, "message",
                   out_json_text(view_of_text(f->message)));
}

json_t *findings_json(const struct findings *f) {
  json_t *list = json_array();
  for (size_t i = 0; i < f->n; i++) {
    json_array_append_new(list, finding_json(&f->items[i]));
  }
  return list;
}

const struct finding *findings_first_refused(const struct findings *f) {
  for (size_t i = 0; i < f->n; i++) {
    if (f->items[i].level == FINDING_REFUSED) {
      return &f->items[i];
    }
  }
  return NULL;
}

/* ---- what to fill in next ---- */

#define NEXT_SHOWN 3u

/* The lower, the sooner it is worth being filled in; the order of the schema decides between equals. */
static unsigned rank_of(const struct field *f) {
  return f->need == NEED_PUBLISH ? 0 : f->dim[0] != '\0' ? 1 : f->n_children > 0 ? 3 : 2;
}

/* Fills next with the fields that are missing and best filled in first; how many there are. A field whose author said that it
 * is not yet known is not asked for again. */
static size_t next_fields(const struct schema *schema, const struct findings *findings, const struct field *next[NEXT_SHOWN]) {
  size_t n = 0;
  for (unsigned rank = 0; rank < 4 && n < NEXT_SHOWN; rank++) {
    for (size_t i = 0; i < findings->n && n < NEXT_SHOWN; i++) {
      const struct finding *one = &findings->items[i];
      const struct field *f = schema_field(schema, view_of_text(one->field));
      const bool missing = strcmp(one->code, "need") == 0 && strstr(one->message, "not yet known") == NULL;
      if (f != NULL && f->parent == NULL && missing && rank_of(f) == rank) {
        next[n++] = f;
      }
    }
  }
  return n;
}

/* Why a field is worth it. */
static const char *reason_for(const struct cli *cli, const struct schema *schema, const struct field *f) {
  const char *help = schema_help(schema, f->key, cli->lang);
  return help[0] != '\0'           ? help
         : f->need == NEED_PUBLISH ? out_word(cli, "needed to publish", "necessario per pubblicare")
         : f->dim[0] != '\0'       ? out_word(cli, "readers look for it", "i lettori cercano così")
                                   : out_word(cli, "it counts for completeness", "conta per la completezza");
}

void findings_show_next(struct cli *cli, const struct schema *schema, const struct findings *f, const char *prefix) {
  const struct field *next[NEXT_SHOWN];
  const size_t n = next_fields(schema, f, next);
  for (size_t i = 0; i < n; i++) {
    out_wrapped(cli, strlen(prefix) + 2, "%s%s %s (%s): %s", prefix, i == 0 ? out_word(cli, "next:", "poi: ") : "     ",
                schema_label(schema, next[i]->key, cli->lang), next[i]->key, reason_for(cli, schema, next[i]));
  }
}

json_t *findings_next_json(const struct cli *cli, const struct schema *schema, const struct findings *f) {
  const struct field *next[NEXT_SHOWN];
  const size_t n = next_fields(schema, f, next);
  json_t *list = json_array();
  for (size_t i = 0; i < n; i++) {
    json_array_append_new(list,
                          json_pack("{s:s, s:s, s:s}", "field", next[i]->key, "label",
                                    schema_label(schema, next[i]->key, cli->lang), "why", reason_for(cli, schema, next[i])));
  }
  return list;
}
