/*
 * founding: how an observatory comes into being (docs/protocol.md 6.3, 12), one function a step, so that the commands and the
 * demo take the same way:
 *
 *   roots_make       offline: sealed sheets and NAME.root
 *   request_make     on the server: the node's identity as a founding request, NAME.identity
 *   charter_found    anywhere: requests -> an unsigned charter, X.charter
 *   charter_sign     offline, each founder (protocol/membership)
 *   founding_join    on each server: the complete charter -> a store with entries 0 and 1
 */
#ifndef SPECOLA_CLI_FOUNDING_H
#define SPECOLA_CLI_FOUNDING_H

#include "cli/person.h"
#include "protocol/bundle.h"
#include "protocol/membership.h"

#define FOUNDING_FILE_MAX ((size_t)4 * 1024 * 1024) /* octets of a .root, .identity or .charter file */

/* What a .root file says. keys strictly increasing. */
struct root_set {
  uint32_t threshold, n;
  struct pubkey keys[LIMIT_ROOTS];
};
/* Makes n root keys, writes folder/NAME-1.key … and then folder/NAME.root. passphrase NULL: not sealed (the demo). A sheet that
 * is there already, from a run that was cut short, is taken if the same passphrase opens it (ERR_PASSPHRASE); none is
 * overwritten. */
MUST_CHECK enum err_code roots_make(const char *folder, const char *name, uint32_t n, uint32_t threshold,
                                    struct secret *passphrase, struct root_set *out, struct err *err);
MUST_CHECK enum err_code roots_read(const char *path, struct root_set *out, struct err *err);
/* Opens a sheet. passphrase as keyfile_read. ERR_KEY if it is a key for another use. */
MUST_CHECK enum err_code sheet_open(struct cli *cli, const char *path, struct signer *out, struct err *err);

/* The founding request of the node at home under these roots, written to path. node (may be NULL) receives the node id. */
MUST_CHECK enum err_code request_make(const struct home *home, struct secret *node_passphrase, const struct root_set *roots,
                                      const char *path, struct hash *node, struct err *err);

/* The payload of the founding request in a file, appended. */
MUST_CHECK enum err_code request_read(const char *path, struct bytes *out, struct err *err);

/* A charter and the addresses that travel beside it, as in a .charter file. */
struct charter_file {
  struct charter charter;
  struct bytes addresses; /* encoded address items one behind the other */
};
void charter_file_release(struct charter_file *f); /* a zeroed struct is fine */
/* What people may call an observatory: one line of 1..LIMIT_NAME characters. ERR_USAGE. */
MUST_CHECK enum err_code observatory_name_check(const char *name, struct err *err);
/* An unsigned charter of the requests in the files. */
MUST_CHECK enum err_code charter_found(const char *name, const char *lang, const char *const *paths, size_t n,
                                       struct charter_file *out, struct err *err);
MUST_CHECK enum err_code charter_file_read(const char *path, struct charter_file *out, struct err *err);
/* Writes it whole, or not at all. */
MUST_CHECK enum err_code charter_file_write(const char *path, const struct charter_file *f, struct err *err);
/* Writes "IT  Italy …  lusab-babad-…  1 of 1 signatures" for each founder, and puts them into the document. */
void charter_show(struct cli *cli, const struct charter_file *f);

/* Makes the store of the node at home: charter, identities, addresses; entry 0, the identity; entry 1, the certificate of the
 * coordinator (person 1, coordinator and editor, no territory). again: one that was done already is no error. ERR_INCOMPLETE
 * names who has not signed; ERR_REFUSED if the node is no founder of it, or has joined already. */
MUST_CHECK enum err_code founding_join(const struct home *home, struct secret *node_passphrase, const struct charter_file *f,
                                       const struct person_card *coordinator, bool again, struct err *err);
/* Whether a file holds a charter with lists of members behind it: the bundle of an observatory that exists. */
bool founding_is_bundle(const char *path);
/* Makes the store of a node that such a bundle has among the members (specola export --to bundle), with all that it holds, and
 * begins its log, as founding_join does. path NULL: the store of a guest holds all of it already; either way it is no guest any
 * more. ERR_REFUSED: it is no member, as yet, or has joined already. */
MUST_CHECK enum err_code founding_enter(struct home *home, struct secret *node_passphrase, const char *path,
                                        const struct person_card *coordinator, struct err *err);
/* A bundle file of few items: written whole, or not at all; types rise. */
struct founding_item {
  enum bundle_type type;
  struct view payload;
};
MUST_CHECK enum err_code founding_file_write(const char *path, const struct founding_item *items, size_t n, struct err *err);
/* Reads one and hands each item to take, in order. ERR_FORMAT, those of files, and take's, with the path before them. */
typedef enum err_code founding_take(void *context, enum bundle_type type, struct view payload, struct err *err);
MUST_CHECK enum err_code statement_file_read(const char *path, founding_take *take, void *context, struct err *err);
MUST_CHECK enum err_code founding_file_read(const char *path, founding_take *take, void *context, struct err *err);
/* NAME.ext in folder. ERR_LIMIT. */
MUST_CHECK enum err_code path_join(const char *folder, const char *name, const char *ending, char out[HOME_PATH_MAX],
                                   struct err *err);

#endif
