/*
 * text: what UTF-8 means in this house. Well-formedness as the protocol asks for it, NFC for what our own tools write,
 * counting for limits, column width and escaping for terminals and logs.
 */
#ifndef SPECOLA_KEYS_TEXT_H
#define SPECOLA_KEYS_TEXT_H

#include "keys/bytes.h"

/* True for well-formed UTF-8 (no surrogates, no overlong forms, nothing past U+10FFFF) without C0 controls other than
 * \n and \t and without U+007F: the protocol's str (docs/protocol.md 1). Allocation-free. */
bool text_is_valid(struct view v);
/* Offset of the first octet at which v stops being valid; v.len when it is valid. */
size_t text_valid_prefix(struct view v);
/* The first scalar value of v, whatever it is (controls too), into *out. Returns its length in octets, 1..4; 0 when v is empty
 * or does not begin with well-formed UTF-8 (*out is then untouched). */
size_t text_decode(struct view v, uint32_t *out);
/* True for what text_escape() escapes: C0 and C1 controls, U+007F, bidi overrides, line and paragraph separators. */
bool text_is_harmful(uint32_t c) __attribute__((const));
/* Number of Unicode scalar values of valid text. */
size_t text_length(struct view v);
/* NFC of valid text, \r\n and \r turned into \n, trailing blanks of lines and of the whole removed; appended to out.
 * ERR_FORMAT for invalid UTF-8 (the message names the octet) and for more than TEXT_MARKS_MAX combining marks in a row (they
 * would cost quadratic time; UAX 15 asks for at most 30), ERR_LIMIT, ERR_MEMORY. On error out is untouched. */
#define TEXT_MARKS_MAX 128
MUST_CHECK enum err_code text_normalise(struct view v, struct bytes *out, struct err *err);
/* True if text_normalise would leave v as it is, as far as that is told by looking at its octets: printable ASCII, U+0080..02FF
 * (no mark is among them, and nothing that NFC composes or takes apart), some dashes and quotes, and line ends without blanks
 * before them. False for all that is to be looked at closer. */
bool text_is_normal(struct view v);
/* Columns on a terminal (utf8proc's width; never negative; a broken octet counts one). */
size_t text_width(struct view v);
/* Appends v so that it is harmless on a terminal or in a log line: controls, bidi overrides (U+202A..202E, U+2066..2069),
 * line and paragraph separators and broken octets become \xNN or \u{N}; \n and \t stay when keep_lines. ERR_LIMIT, ERR_MEMORY;
 * on error out is untouched. */
MUST_CHECK enum err_code text_escape(struct view v, bool keep_lines, struct bytes *out, struct err *err);
/* Appends JSON so that it is harmless on a terminal, too, and says the same: what text_escape() escapes stands in strings only,
 * and becomes \uNNNN. json may be a piece, cut between characters. ERR_LIMIT, ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code text_escape_json(struct view json, struct bytes *out, struct err *err);
/* The length in octets of the longest prefix of valid text v that has at most n scalar values. */
size_t text_prefix(struct view v, size_t n);
/* Case-folded and stripped of diacritics (also of strokes: ł, ø, đ), for title prefixes and nearest-word suggestions;
 * appended to out. Linear time on any input. ERR_FORMAT for invalid UTF-8, ERR_LIMIT, ERR_MEMORY; on error out is untouched. */
MUST_CHECK enum err_code text_fold(struct view v, struct bytes *out, struct err *err);

/* True of text that some spreadsheet would run: it begins with = + - @, a tab or line end, or the full width of the former
 * (U+FF1D, FF0B, FF0D, FF20). A cell of CSV gets an apostrophe before such a text. */
bool text_is_formula(struct view v);

#endif
