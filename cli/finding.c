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
