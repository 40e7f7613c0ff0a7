/*
 * change_file: a change that needs root keys (docs/protocol.md 6.5), as a file that goes to whoever keeps them, and comes back
 * signed: HANDLE.change (12). It proves by itself who is a member: the charter, the lists and the identities stand before it.
 */
#ifndef SPECOLA_CLI_CHANGE_FILE_H
#define SPECOLA_CLI_CHANGE_FILE_H

#include "cli/here.h"
#include "cli/roll.h"
#include "protocol/change.h"

/* One in hand. Invariant: the change can be applied to the last list of roll, and every signature that it carries verifies;
 * there may be too few. The roll borrows the charter: not to be moved. */
struct change_file {
  struct charter charter;
  struct roll roll;
  struct bytes epochs, identities; /* encoded items, one behind the other */
  struct changes changes;          /* of one */
};
void change_file_release(struct change_file *f); /* a zeroed struct is fine */
/* Begins one with all that is held of the members here, without a consent. ERR_REFUSED (it cannot be applied), ERR_LIMIT,
 * ERR_MEMORY, store errors. */
MUST_CHECK enum err_code change_file_new(const struct here *here, struct view act, struct change_file *out, struct err *err);
/* Whether a file is such a bundle; what is in it is not looked at. */
bool change_file_is(const char *path);
/* Reads one. ERR_FORMAT, ERR_MISMATCH, ERR_SIGNATURE, ERR_REFUSED (its change cannot be applied to its last list), ERR_LIMIT,
 * those of files. */
MUST_CHECK enum err_code change_file_read(const char *path, struct change_file *out, struct err *err);
/* Writes it whole, or not at all. */
MUST_CHECK enum err_code change_file_write(const char *path, const struct change_file *f, struct err *err);
/* Adds the consents of the members whose root keys these are; *added counts signatures. ERR_NOT_FOUND: none of them is a
 * member's; ERR_REFUSED: that member has no say in it. */
MUST_CHECK enum err_code change_file_sign(struct change_file *f, const struct signer *roots, size_t n, uint32_t *added,
                                          struct err *err);
/* How many members' consents are whole: as many of their root keys signed as they ask for. */
uint32_t change_file_whole(const struct change_file *f);
/* Takes out what is not whole. */
void change_file_keep_whole(struct change_file *f);
/* Says what is signed and by whom it is, and puts it into the document. */
void change_file_show(struct cli *cli, const struct change_file *f);

#endif
