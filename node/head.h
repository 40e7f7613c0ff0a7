/*
 * head: the head file of a home: the size and the root of the newest checkpoint that this node signed. It is durable before
 * that checkpoint leaves the process, and in no backup: a store that fits it has not been put back. One file of two lines, each
 * in a sector of its own and written in turn, so that a write that was torn leaves the other one.
 */
#ifndef SPECOLA_NODE_HEAD_H
#define SPECOLA_NODE_HEAD_H

#include "keys/hash.h"

/* Where the own log stood. size 0: it had not begun (the root is zeros). */
struct own_head {
  uint64_t gen, size;
  struct hash root;
};
/* Where a head is kept: a file of the home, or what a test has in its place. */
struct head_file {
  void *context;
  /* ERR_NOT_FOUND: there is none, or none that can be read. */
  enum err_code (*read)(void *context, struct own_head *out, struct err *err);
  /* Durable when it returns OK. On errors the one before is still there. */
  enum err_code (*put)(void *context, const struct own_head *head, struct err *err);
};
/* The file `head` in a folder; dir is borrowed for as long as it is used. */
struct head_file head_in(const char *dir);

#endif
