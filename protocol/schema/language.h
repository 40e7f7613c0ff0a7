/*
 * language: which language a text is in, as far as that is beyond doubt.
 */
#ifndef SPECOLA_PROTOCOL_SCHEMA_LANGUAGE_H
#define SPECOLA_PROTOCOL_SCHEMA_LANGUAGE_H

#include "keys/bytes.h"

#define LANGUAGE_TEXT_MIN 200u /* characters below which a text is not judged */

/* Writes the language (two letters) that text is in when the guess is unambiguous and one of the official languages of the EU;
 * false otherwise, and always where libexttextcat's data (/usr/share/libexttextcat) is absent. May be called by several
 * threads: the one classifier of the process is not thread-safe and stands behind a lock; it is loaded by the first call, which
 * takes some ten milliseconds. A text takes about a millisecond: only its first part is read. */
bool language_guess(struct view text, char out[4]);
/* Frees the classifier; a later guess loads it again. For the end of a process that looks for leaks. */
void language_release(void);

#endif
