/*
 * render: an object for people: headings and labels in their language, in the order of its schema.
 */
#ifndef SPECOLA_CLI_RENDER_H
#define SPECOLA_CLI_RENDER_H

#include "cli/cli.h"
#include "protocol/schema/body.h"

/* Says a body on stdout. schema NULL (a kind that is not known here): keys and values as they are. */
MUST_CHECK enum err_code render_body(struct cli *cli, const struct schema *schema, struct view body, struct err *err);

#endif
