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
    {"init", "specola init --country IT --name \"Who runs it\" --root IT.root --advertise tcp://node.example.org:7411"},
    {"found", "specola found \"Observatory\" IT.identity FR.identity"},
    {"join", "specola join observatory.charter"},
    {"demo", "specola demo"},
    {"demo", "specola demo --check"},
    {"serve", "specola serve"},
    {"serve", "specola serve --peer FR=tcp://node.example.org:7411"},
    {"status", "specola status"},
    {"status", "specola --json status | jq -r .frontier"},
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
    {"withdraw", "specola withdraw IT-312 --yes"},
    {"where", "specola where IT-312"},
    {"history", "specola history IT-312"},
    {"history", "specola --json history IT-312 | jq '.history[].summary'"},
    {"diff", "specola diff IT-312"},
    {"diff", "specola diff IT-312 1 3"},
    {"compare", "specola compare IT-312 FR-40 EE-7"},
    {"compare", "specola compare --differing IT-312 FR-40"},
    {"queue", "specola queue"},
    {"queue", "specola queue --language it --language fr"},
    {"endorse", "specola endorse IT-312"},
    {"endorse", "specola endorse IT-312 --language it --remark \"used in our region, too\" --yes"},
    {"endorse", "specola endorse IT-312 --carry"},
    {"endorse", "specola endorse IT-312 --withdraw"},
    {"person certify", "specola person certify editor.pub --role editor"},
    {"person certify", "specola person certify editor.pub --role editor --territory IT-34 --name \"First editor\""},
    {"person list", "specola person list"},
    {"key show", "specola key show -o me.pub"},
    {"key new", "specola key new --name \"First editor\" -o editor.pub"},
    {"key backup", "specola key backup /media/usb --move"},
    {"key rotate", "specola key rotate --node"},
    {"key rotate", "specola key rotate --node --cut 3"},
    {"key rotate", "specola key rotate IT.rotation"},
    {"root new", "specola root new --name IT"},
    {"root new", "specola root new --name IT --keys 3 --threshold 2 -o /media/usb"},
    {"root sign", "specola root sign observatory.charter --key IT-1.key"},
    {"root sign", "specola root sign IT.rotation --key IT-1.key"},
    {"sync", "specola sync"},
    {"explain", "specola explain IT-312"},
    {"explain", "specola explain IT-312 FR"},
    {"peer list", "specola peer list"},
    {"peer ping", "specola peer ping FR"},
    {"search", "specola search \"open data\" --facets"},
    {"search", "specola search '\"open data\" -blockchain librar*'"},
    {"stats", "specola stats --country IT"},
    {"stats", "specola stats --by sector"},
    {"stats", "specola stats --csv > figures.csv"},
    {"sql", "specola sql"},
    {"sql", "specola sql \"SELECT ref, title FROM cases WHERE country = 'IT' ORDER BY title\""},
    {"sql", "specola sql --csv \"SELECT code, count(*) FROM facets WHERE dimension = 'sector' GROUP BY code\""},
    {"export", "specola export --to csv --kind case -o cases.csv"},
    {"export", "specola export --to ndjson.zst -o cases.ndjson.zst"},
    {"export", "specola export --to bundle --force -o all.bundle"},
    {"import", "specola import cases.ndjson --map cases.ini --dry-run"},
    {"import", "specola import all.bundle"},
    {"verify", "specola verify"},
    {"verify", "specola verify all.bundle"},
    {"backup", "specola backup /media/usb"},
    {"backup", "specola backup IT.backup --keys all"},
    {"restore", "specola restore IT.backup --home restored"},
    {"takedown", "specola takedown IT-312 --reason personal_data --yes"},
    {"hide", "specola hide FR-40 --reason unlawful"},
    {"hide", "specola hide --list"},
    {"scrub", "specola scrub"},
    {"rebuild", "specola rebuild"},
    {"completion", "specola completion bash > /etc/bash_completion.d/specola"},
    {"completion", "specola completion zsh > /usr/local/share/zsh/site-functions/_specola"},
    {"completion", "specola completion fish > ~/.config/fish/completions/specola.fish"},
    {"help", "specola help publish"},
    {"help", "specola help case"},
    {"help", "specola help case level"},
    {"help", "specola help country | grep -i italy"},
    {"version", "specola version"},
};

const char *example_of(const char *command, size_t i) {
  for (size_t k = 0; k < sizeof table / sizeof table[0]; k++) {
    if (strcmp(table[k].command, command) == 0 && i-- == 0) {
      return table[k].line;
    }
  }
  return NULL;
}
