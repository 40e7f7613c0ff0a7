/*
 * signed_function: functions of SQL that read what is signed: of envelopes and of certificates' bodies. For query_views.
 */
#ifndef SPECOLA_NODE_STORE_SIGNED_FUNCTION_H
#define SPECOLA_NODE_STORE_SIGNED_FUNCTION_H

#include <sqlite3.h>

/* (number): "counts", or why an endorsement does not (docs/protocol.md 16); below 0: why its log holds it (4.6). */
void signed_standing(sqlite3_context *context, int n, sqlite3_value **values);
/* (envelope, i): its subject (0), or its i-th reference, in hexadecimal digits; NULL: it has none. */
void signed_named(sqlite3_context *context, int n, sqlite3_value **values);
/* (envelope of a certificate, envelope of a record): 1 if the record is by the key certified. */
void signed_certifies(sqlite3_context *context, int n, sqlite3_value **values);
/* (body of a certificate): the name in it; NULL: it is not here. */
void signed_name(sqlite3_context *context, int n, sqlite3_value **values);

#endif
