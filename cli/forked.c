/*
 * forked: see forked.h.
 */
#include "cli/forked.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"

/* What was signed: "two roots for size 13", "two entries there, in logs of 13 and of 15". */
static void signed_twice(const struct cli *cli, const json_t *sizes, char out[128]) {
  const intmax_t a = json_integer_value(json_array_get(sizes, 0)), b = json_integer_value(json_array_get(sizes, 1));
  if (a == b) {
    (void)snprintf(out, 128, "%s %jd", out_word(cli, "two roots for size", "due radici per la dimensione"), a);
  } else {
    (void)snprintf(out, 128, "%s %jd %s %jd", out_word(cli, "two entries there, in logs of", "lì due voci, in registri di"), a,
                   out_word(cli, "and of", "e di"), b);
  }
}

void forked_say(const struct cli *cli, const json_t *json, const char *handle, const char *own) {
  const json_t *forked = json_object_get(json, "forked");
  const intmax_t from = json_integer_value(json_object_get(forked, "from"));
  const bool exact = json_is_true(json_object_get(forked, "exact"));
  char what[128];
  if (forked == NULL) {
    return;
  }
  signed_twice(cli, json_object_get(forked, "sizes"), what);
  out_toned(cli, TONE_WARNING, 2, "! %s %s %jd%s: %s", handle,
            out_word(cli, "forked its log from", "ha biforcato il suo registro da"), from,
            exact ? "" : out_word(cli, " or below", " o prima"), what);
  if (strcmp(handle, own) == 0) {
    out_wrapped(cli, 2, "  %s",
                out_word(cli,
                         "Nothing can be published here any more: two machines wrote with this node's key, or an old copy of "
                         "its store was put back. Stop all but one, keep every store, and tell the other members.",
                         "Qui non si può pubblicare più nulla: due macchine hanno scritto con la chiave di questo nodo, o è "
                         "stata rimessa una sua vecchia copia. Fermarle tutte tranne una, conservare tutte le copie e avvisare "
                         "gli altri membri."));
  } else {
    out_wrapped(
        cli, 2, "  %s",
        out_word(cli,
                 "It is frozen: what is here stays, nothing is added. Tell its operator; specola where REF shows who "
                 "follows which branch.",
                 "È congelato: ciò che c'è resta, nulla si aggiunge. Avvisare chi lo gestisce; specola where RIF mostra "
                 "chi segue quale ramo."));
  }
}
