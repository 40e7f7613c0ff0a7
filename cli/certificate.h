/*
 * certificate: what a key may do in the own log, by its newest certificate there.
 */
#ifndef SPECOLA_CLI_CERTIFICATE_H
#define SPECOLA_CLI_CERTIFICATE_H

#include "cli/here.h"

/* roles 0: the key has no certificate in this log. */
struct certified {
  uint64_t roles, territory;
  bool revoked;
  char reference[REFERENCE_MAX]; /* of the certificate */
  char name[KEYFILE_NAME_MAX + 1];
};
/* Store errors. */
MUST_CHECK enum err_code certificate_of(const struct here *here, const struct pubkey *key, struct certified *out,
                                        struct err *err);
/* ERR_REFUSED, and what to do, for a key that has none, or only one that was revoked. Store errors. */
MUST_CHECK enum err_code certificate_needed(const struct here *here, const struct pubkey *key, struct err *err);

#endif
