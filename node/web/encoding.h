/*
 * encoding: pages on their way to whoever takes them packed (RFC 9110 8.4 and 12.5.3, gzip of RFC 1952 by zlib).
 */
#ifndef SPECOLA_NODE_WEB_ENCODING_H
#define SPECOLA_NODE_WEB_ENCODING_H

#include "keys/bytes.h"

#define ENCODING_LEAST 4096u /* octets below which packing is not worth its time */

/* Whether an Accept-Encoding (empty: there was none) takes gzip: it is named, with a quality that is not 0. */
bool encoding_takes_gzip(struct view accept);
/* Puts body, packed, in its place, if that is smaller; *packed tells. Without memory it stays as it was. */
void encoding_gzip(struct bytes *body, bool *packed);

#endif
