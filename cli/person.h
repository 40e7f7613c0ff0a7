/*
 * person: somebody's own key, on their own machine: $XDG_CONFIG_HOME/specola/person.key, sealed with a passphrase; and the card
 * that says its public half to others, one line of text:
 *
 *   specola-person <64 hex> <name>
 *
 * No process that serves ever opens a person's key; it lies outside every node's home.
 */
#ifndef SPECOLA_CLI_PERSON_H
#define SPECOLA_CLI_PERSON_H

#include "cli/cli.h"
#include "keys/sign.h"

/* A card in hand: key has passed pubkey_check. */
struct person_card {
  struct pubkey key;
  char name[KEYFILE_NAME_MAX + 1];
};
/* ERR_NOT_FOUND, ERR_FORMAT. */
MUST_CHECK enum err_code card_read(const char *path, struct person_card *out, struct err *err);
MUST_CHECK enum err_code card_write(const char *path, const struct person_card *card, struct err *err);

/* Where this run's person key is: cli->person, or in the config folder. */
MUST_CHECK enum err_code person_path(const struct cli *cli, char out[HOME_PATH_MAX], struct err *err);
/* The public half, without a passphrase. ERR_NOT_FOUND with what to do. */
MUST_CHECK enum err_code person_card_of(const struct cli *cli, struct person_card *out, struct err *err);
/* The key for signing, by its passphrase; NULL where its file is not sealed. ERR_LOCKED (sealed, and none was given),
 * ERR_PASSPHRASE. The caller releases the signer. */
MUST_CHECK enum err_code person_unseal(const struct cli *cli, struct secret *passphrase, struct signer *out, struct err *err);
/* The key for signing; asks for the passphrase if the file is sealed. The caller releases the signer. */
MUST_CHECK enum err_code person_open(struct cli *cli, struct signer *out, struct err *err);
/* Makes a new key at path (its folder too), sealed with passphrase (NULL: not sealed, for the demo's throw-away people).
 * Refuses to overwrite. */
MUST_CHECK enum err_code person_make(const char *path, const char *name, struct secret *passphrase, struct person_card *out,
                                     struct err *err);
/* Makes the folders above path, closed to others; those that are there stay as they are. ERR_LIMIT, ERR_IO. */
MUST_CHECK enum err_code person_folders(const char *path, struct err *err);
/* The fingerprint of a public key in words. */
void person_fingerprint(const struct pubkey *key, char out[48]);

#endif
