/*
 * archive: a backup of a node in one file: a copy of its store, taken while the node goes on, with its configuration, its
 * charter, its kinds of object and, if they are sealed or it is wished, its keys. Never the head file: what is put back is not
 * what signed last (docs/store.md, "The fork guard").
 */
#ifndef SPECOLA_NODE_ARCHIVE_H
#define SPECOLA_NODE_ARCHIVE_H

#include "node/home.h"

enum archive_keys { ARCHIVE_KEYS_SEALED, ARCHIVE_KEYS_ALL, ARCHIVE_KEYS_NONE };

/* What a backup is of. */
struct archive_about {
  char handle[HANDLE_MAX];
  uint64_t made;        /* unix seconds */
  uint32_t files;       /* beside the store */
  bool has_keys;        /* node.key and curve.key both */
  uint64_t n_cancelled; /* archive_restore: invitations that were open, and are taken back */
};
/* Writes a backup of a home to path, which must not be there; durable. f: its federation. Errors of store_copy and file_read;
 * on errors nothing is left at path. */
MUST_CHECK enum err_code archive_write(const struct home *home, const struct federation *f, const char *path,
                                       enum archive_keys keys, uint64_t now_s, struct archive_about *out, struct err *err);
/* What stands in a backup. Errors of enclosure_open. */
MUST_CHECK enum err_code archive_look(const char *path, struct archive_about *out, struct err *err);
/* Makes a home of a backup at dir, which is empty or not there; node.ini comes last, so that half a home is none, and one that
 * was cut short is done anew. Invitations that were open in the backup are taken back: they may have been used since.
 * ERR_REFUSED (something is there), ERR_FORMAT (a name that no backup has), those of archive_look, store_open, file_write. */
MUST_CHECK enum err_code archive_restore(const char *path, const char *dir, struct archive_about *out, struct err *err);

#endif
