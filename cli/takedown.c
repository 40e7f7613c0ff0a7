/*
 * takedown: see takedown.h.
 */
#include "cli/takedown.h"

#include <stdio.h>
#include <time.h>

#include "cli/json_text.h"
#include "cli/out.h"

void takedown_say(const struct cli *cli, const struct schema_set *set, const json_t *takedown, struct bytes *out) {
  const struct vocabulary *reasons = vocabulary_by_name(set, "takedown");
  const char *code = text_of(takedown, "reason");
  const char *label = reasons == NULL ? code : vocabulary_label(reasons, view_of_text(code), cli->lang);
  struct tm tm;
  time_t t = (time_t)json_integer_value(json_object_get(takedown, "date"));
  char day[32];
  if (gmtime_r(&t, &tm) == NULL || strftime(day, sizeof day, "%Y-%m-%d", &tm) == 0) {
    snprintf(day, sizeof day, "?");
  }
  (void)!bytes_printf(out, NULL, "%s %s (%s): %s", out_word(cli, "taken down on", "rimosso il"), day,
                      text_of(takedown, "reference"), label == NULL ? code : label);
}

void takedown_say_erased(const struct cli *cli, const json_t *takedown, struct bytes *out) {
  const json_t *erased = json_object_get(takedown, "erased");
  size_t i;
  const json_t *handle;
  (void)!bytes_printf(out, NULL, "%s %zu %s %jd", out_word(cli, "erased by", "cancellato da"), json_array_size(erased),
                      out_word(cli, "of", "di"), (intmax_t)json_integer_value(json_object_get(takedown, "of")));
  json_array_foreach(erased, i, handle) {
    (void)!bytes_printf(out, NULL, "%s%s", i == 0 ? ": " : ", ", json_string_value(handle));
  }
}
