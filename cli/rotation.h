/*
 * rotation: the next identity of a node as a file that goes to whoever keeps the root keys, and comes back signed:
 * HANDLE.rotation (docs/protocol.md 12). It holds the charter and the node's identities, the last of them the one that is to be
 * signed.
 */
#ifndef SPECOLA_CLI_ROTATION_H
#define SPECOLA_CLI_ROTATION_H

#include "cli/cli.h"
#include "keys/sign.h"
#include "protocol/membership.h"

/* A rotation in hand. Invariant: next follows on before in form (docs/protocol.md 6.1); its signatures may be too few. */
struct rotation {
  struct charter charter;
  struct bytes items; /* encoded identity items by version, one behind the other, without the last */
  struct hash node;
  char handle[HANDLE_MAX];
  struct identity before, next;
  struct identity_item item; /* of next; its body borrows from body */
  struct bytes body;
};
void rotation_release(struct rotation *r); /* a zeroed struct is fine */
/* Begins one: all identities of the node so far, encoded by version, and the next one, unsigned. Takes over nothing.
 * ERR_FORMAT, ERR_MISMATCH (it does not follow), ERR_MEMORY. */
MUST_CHECK enum err_code rotation_new(const struct charter *charter, struct view items, const struct identity *next,
                                      struct rotation *out, struct err *err);
/* ERR_NOT_FOUND: a bundle, but no rotation (a charter file, as it may be); else as bundles, and ERR_FORMAT, ERR_MISMATCH,
 * ERR_SIGNATURE of the identities in it. */
MUST_CHECK enum err_code rotation_read(const char *path, struct rotation *out, struct err *err);
/* Writes it whole, or not at all. */
MUST_CHECK enum err_code rotation_write(const char *path, const struct rotation *r, struct err *err);
/* Adds the signatures of those of the keys that are root keys of the node, before or from now on; *added counts signatures.
 * ERR_NOT_FOUND: none of them is. */
MUST_CHECK enum err_code rotation_sign(struct rotation *r, const struct signer *roots, size_t n, uint32_t *added,
                                       struct err *err);
/* Whether it is signed as it must be: ERR_INCOMPLETE says by whom it is not; ERR_SIGNATURE. */
MUST_CHECK enum err_code rotation_complete(const struct rotation *r, struct err *err);
/* The encoded identity item. */
MUST_CHECK enum err_code rotation_item(const struct rotation *r, struct bytes *out, struct err *err);
/* Says what changes, and puts it into the document. */
void rotation_show(struct cli *cli, const struct rotation *r);

#endif
