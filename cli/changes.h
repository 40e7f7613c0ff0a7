/*
 * changes: what two versions of an object say differently (protocol/schema/difference.h), for people: in one line for
 * `history`, in full for `diff`.
 */
#ifndef SPECOLA_CLI_CHANGES_H
#define SPECOLA_CLI_CHANGES_H

#include "cli/cli.h"
#include "protocol/schema/difference.h"

/* "changed Title (it); added Sectors; removed Funding 2": labels in the language of this run, each once; "the same text again"
 * if there are none. Appended to out; ends early at its ceiling. changes: as difference() gives them. */
void changes_summary(const struct cli *cli, const struct schema *schema, const json_t *changes, struct bytes *out);
/* The same of what difference_brief made of them, in whose language the names stay. */
void changes_brief(const struct cli *cli, const json_t *brief, struct bytes *out);
/* All of it, a heading a field: "- " before what went, "+ " before what came; of long texts the lines that differ. */
void changes_show(struct cli *cli, const struct schema *schema, const json_t *changes);
/* Adds to each change its "label" in the language of this run. */
void changes_label(const struct cli *cli, const struct schema *schema, json_t *changes);

#endif
