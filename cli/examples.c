/*
 * examples: what `help COMMAND` shows below a command's options; the names are those of the command table. A command may have
 * several, one a row.
 */
#include "cli/examples.h"

#include <string.h>

static const struct example {
  const char *command, *line;
} table[] = {
    {"init", "specola init --country IT --name \"Who runs it\" --found \"Observatory\""},
    {"join", "specola join observatory.charter"},
    {"demo", "specola demo"},
    {"doctor", "specola doctor"},
    {"doctor", "specola --json doctor | jq '.checks[] | select(.level != \"ok\")'"},
    {"news", "specola news"},
    {"news", "specola news --since 7d"},
    {"new", "specola new case -o lab.draft"},
    {"check", "specola check lab.draft"},
    {"publish", "specola publish lab.draft"},
    {"publish", "specola publish lab.draft --replaces IT-312"},
    {"show", "specola show IT-312"},
    {"show", "specola show IT-312 --version 1"},
    {"list", "specola list case --country IT --level regional"},
    {"edit", "specola edit IT-312"},
    {"edit", "specola edit IT-312 -o lab.draft"},
    {"edit", "specola edit IT-312 lab.draft"},
    {"withdraw", "specola withdraw IT-312 --reason \"published twice: see IT-290\""},
    {"where", "specola where IT-312"},
    {"history", "specola history IT-312"},
    {"history", "specola --json history IT-312 | jq '.history[].summary'"},
    {"diff", "specola diff IT-312"},
    {"diff", "specola diff IT-312 1 3"},
    {"compare", "specola compare IT-312 FR-40 EE-7"},
    {"compare", "specola compare --differing IT-312 FR-40"},
    {"search", "specola search \"open data\" --facets"},
    {"stats", "specola stats --country IT"},
    {"stats", "specola stats --by sector"},
    {"stats", "specola stats --csv > figures.csv"},
    {"sql", "specola sql"},
    {"sql", "specola sql \"SELECT ref, title FROM cases WHERE country = 'IT' ORDER BY title\""},
    {"sql", "specola sql --csv \"SELECT code, count(*) FROM facets WHERE dimension = 'sector' GROUP BY code\""},
    {"export", "specola export --to csv --kind case -o cases.csv"},
    {"export", "specola export --to ndjson.zst -o cases.ndjson.zst"},
    {"completion", "specola completion bash > /etc/bash_completion.d/specola"},
    {"import", "specola import cases.ndjson --map cases.ini --dry-run"},
};

const char *example_of(const char *command, size_t i) {
  for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
    if (strcmp(table[k].command, command) == 0 && i-- == 0) {
      return table[k].line;
    }
  }
  return NULL;
}
