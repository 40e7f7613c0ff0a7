/*
 * render: an object for people: headings and labels in their language, in the order of its schema.
 */
#ifndef SPECOLA_CLI_RENDER_H
#define SPECOLA_CLI_RENDER_H

#include "cli/cli.h"
#include "protocol/schema/body.h"

/* Says a body on stdout. schema NULL (a kind that is not known here): keys and values as they are. */
MUST_CHECK enum err_code render_body(struct cli *cli, const struct schema *schema, struct view body, struct err *err);

/* Appends one value as people read it, in the language of this run: codes with their labels, rows of a group as "label: value",
 * the elements of a list with "; " between them. field: its row of the schema, a child too; NULL: value as it is. Ends early at
 * out's ceiling. */
void render_value(struct cli *cli, const struct schema *schema, const struct field *field, json_t *value, struct bytes *out);

#endif
