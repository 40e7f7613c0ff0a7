/*
 * wording: see wording.h.
 */
#include "cli/wording.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *en, *it;
} WORDS[] = {
    /* headings */
    {"%", "%"},
    {"behind", "arretrato"},
    {"bodies missing", "testi mancanti"},
    {"by", "di"},
    {"checkpoints", "checkpoint"},
    {"code", "codice"},
    {"count", "numero"},
    {"country", "paese"},
    {"endorsed", "convalidato"},
    {"endpoint", "indirizzo"},
    {"entries", "voci"},
    {"field", "campo"},
    {"fingerprint", "impronta"},
    {"for", "per"},
    {"frontier", "frontiera"},
    {"gen", "gen"},
    {"held back", "trattenute"},
    {"holds it", "lo conserva"},
    {"holds of ours", "ha del nostro"},
    {"kind", "tipo"},
    {"label", "etichetta"},
    {"last heard", "ultima voce"},
    {"lead", "capofila"},
    {"log", "registro"},
    {"meaning", "significato"},
    {"member", "membro"},
    {"name", "nome"},
    {"needed", "servono"},
    {"node", "nodo"},
    {"note", "nota"},
    {"now", "ora"},
    {"number", "numero"},
    {"object", "oggetto"},
    {"objects", "oggetti"},
    {"peer", "nodo"},
    {"person", "persona"},
    {"reason", "motivo"},
    {"ref", "rif"},
    {"region", "regione"},
    {"review", "revisione"},
    {"revoked from", "revocata dal"},
    {"roles", "ruoli"},
    {"root", "radice"},
    {"said", "detto"},
    {"signature", "firma"},
    {"signed", "firmato"},
    {"since", "dal"},
    {"since no.", "dal n."},
    {"standing", "valore"},
    {"state", "stato"},
    {"taken down", "rimosse"},
    {"territory", "territorio"},
    {"texts missing", "testi mancanti"},
    {"title", "titolo"},
    {"until", "fino al"},
    {"what", "che cosa"},
    /* roles */
    {"contributor", "collaboratore"},
    {"coordinator", "coordinatore"},
    {"editor", "redattore"},
    {"facilitator", "facilitatore"},
    {"reviewer", "revisore"},
    /* states */
    {"dialling", "in chiamata"},
    {"greeting", "si presenta"},
    {"no", "no"},
    {"not asked", "non chiesto"},
    {"open", "collegato"},
    {"other", "altro ramo"},
    {"unknown", "non si sa"},
    {"waiting", "in attesa"},
    {"yes", "sì"},
};

const char *wording_of(const char *word, const char *lang) {
  if (strncmp(lang, "it", 2) != 0) return word;
  for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++) {
    if (strcmp(WORDS[i].en, word) == 0) return WORDS[i].it;
  }
  return word;
}

void wording_list(const char *list, const char *lang, char *out, size_t size) {
  size_t used = 0;
  out[0] = '\0';
  while (*list != '\0') {
    char word[64];
    const size_t len = strcspn(list, ",");
    const size_t next = list[len] == '\0' ? len : len + 1 + strspn(list + len + 1, " ");
    (void)snprintf(word, sizeof word, "%.*s", (int)len, list);
    const int n = snprintf(out + used, size - used, "%s%s", used == 0 ? "" : ", ", wording_of(word, lang));
    if (n < 0 || (size_t)n >= size - used) return;
    used += (size_t)n;
    list += next;
  }
}
