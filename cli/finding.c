/*
 * finding: findings for people and programs (see finding.h).
 */
#include "cli/finding.h"

#include "cli/out.h"

const char *finding_level_name(enum finding_level level) {
  static const char *const names[] = {
      [FINDING_REFUSED] = "refused", [FINDING_LACKING] = "lacking", [FINDING_WARNING] = "warning"};
  return names[level];
}

void findings_show(struct cli *cli, const struct findings *f, const char *prefix, enum finding_level worst) {
  for (size_t i = 0; i < f->n; i++) {
    const struct finding *one = &f->items[i];
    if (one->level <= worst) {
      out_line(cli, "%s%s: %s: %s%s%s", prefix, finding_level_name(one->level), one->code, one->field,
               one->field[0] == '\0' ? "" : ": ", one->message);
    }
  }
  if (f->n_more > 0) {
    out_line(cli, "%sand %zu more", prefix, f->n_more);
  }
}

json_t *findings_json(const struct findings *f) {
  json_t *list = json_array();
  for (size_t i = 0; i < f->n; i++) {
    const struct finding *one = &f->items[i];
    json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o}", "level", finding_level_name(one->level), "field", one->field,
                                          "code", one->code, "message", out_json_text(view_of_text(one->message))));
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
