/*
 * item: an item of a log as octets that are kept; struct item, its reader and its writer are record.h's.
 */
#ifndef SPECOLA_PROTOCOL_ITEM_H
#define SPECOLA_PROTOCOL_ITEM_H

#include "protocol/record.h"

/* item_write, appended to out, whose ceiling is LIMIT_ITEM. ERR_LIMIT, ERR_MEMORY. */
MUST_CHECK enum err_code item_octets(const struct item *item, struct bytes *out, struct err *err);

#endif
