/*
 * qr: a text as a QR code in the terminal, to be read by a telephone. Only where libqrencode was there when this was built
 * (qr.c), else qr_none.c stands in its place and says so.
 */
#ifndef SPECOLA_CLI_QR_H
#define SPECOLA_CLI_QR_H

#include <stdbool.h>

#include "keys/bytes.h"

#define QR_TEXT_MAX 2953 /* octets: ISO/IEC 18004, version 40, level L */

/* Whether codes can be drawn; else *err is set to say that none can: ERR_REFUSED. err may be NULL. */
bool qr_is_there(struct err *err);
/* Appends the code of text to out: UTF-8, two rows of modules a line, light ones filled (a terminal is dark), a quiet zone of
 * four modules around. columns receives its width. ERR_LIMIT (text is longer than QR_TEXT_MAX),
 * ERR_REFUSED (none can be drawn), ERR_MEMORY. */
MUST_CHECK enum err_code qr_draw(struct view text, struct bytes *out, size_t *columns, struct err *err);

#endif
