/*
 * wording: the words of tables in the language of the run: the headings of columns, and the few words that stand in cells
 * (roles, states). Commands name them in English, as JSON has them; here they stand once more. Sentences are said in both
 * languages where they arise (out_word), errors are translation's.
 */
#ifndef SPECOLA_CLI_WORDING_H
#define SPECOLA_CLI_WORDING_H

#include <stddef.h>

/* The word in lang; one that does not stand here (a handle, a reference) as it is. Static, or word itself. */
const char *wording_of(const char *word, const char *lang);
/* The same of each word of a list "editor, reviewer", into out, which is cut to size. */
void wording_list(const char *list, const char *lang, char *out, size_t size);

#endif
