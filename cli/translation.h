/*
 * translation: errors and hints in the language of the run. They are written in English where they arise; the most frequent
 * ones stand here once more, with '%' for what differs from case to case. What does not stand here is told in English behind
 * the sentence of its code. JSON is in English always: programs read it.
 */
#ifndef SPECOLA_CLI_TRANSLATION_H
#define SPECOLA_CLI_TRANSLATION_H

#include "keys/bytes.h"

/* Appends the message, in lang, to out. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code translation_message(const struct err *err, const char *lang, struct bytes *out);
/* The same of the hint. */
MUST_CHECK enum err_code translation_hint(const struct err *err, const char *lang, struct bytes *out);
/* The same of any text of the table; one that it does not have stays as it is. *found tells. */
MUST_CHECK enum err_code translation_text(const char *text, const char *lang, struct bytes *out, bool *found);

#endif
