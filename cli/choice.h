/*
 * choice: codes of a vocabulary, chosen by a person: by number, by code, or by a part of the name.
 */
#ifndef SPECOLA_CLI_CHOICE_H
#define SPECOLA_CLI_CHOICE_H

#include "cli/cli.h"
#include "protocol/schema/schema.h"

/* Shows what there is to choose from; of a long vocabulary, how to look for it. */
void choice_show(struct cli *cli, const struct field *field, const char *lang);
/* What a line chooses: the code as a string, or, of a field of several values, a list of them ("1, 4"; commas separate). NULL:
 * it chooses nothing, or too much; what is near was shown. A new reference. */
json_t *choice_read(struct cli *cli, const struct field *field, struct view line, const char *lang);
/* "yes", "no", "sì", "true"... in any letters' case. False: neither. */
bool choice_yes_no(struct view text, bool *yes);

#endif
