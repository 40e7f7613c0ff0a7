/*
 * err: the one error type of the whole house.
 *
 * Every function that can fail returns an enum err_code and fills a struct err that its caller owns. One table (ERR_TABLE)
 * gives each code its printed name, the exit status of the command line and a default sentence. The lowest function that
 * knows sets the message; a floor above may prepend context with err_context(); a hint says what to do about it.
 */
#ifndef SPECOLA_KEYS_ERR_H
#define SPECOLA_KEYS_ERR_H

#include <stdbool.h>
#include <stddef.h>

/* X(symbol, name shown to people and in JSON, exit status, default sentence) */
#define ERR_TABLE(X)                                                                                                           \
  X(OK, "ok", 0, "no error")                                                                                                   \
  X(ERR_FAILED, "failed", 1, "the operation failed")                                                                           \
  X(ERR_MEMORY, "memory", 1, "out of memory")                                                                                  \
  X(ERR_IO, "io", 1, "input or output failed")                                                                                 \
  X(ERR_USAGE, "usage", 2, "the command line is not understood")                                                               \
  X(ERR_NOT_FOUND, "not-found", 3, "nothing found by that name")                                                               \
  X(ERR_AMBIGUOUS, "ambiguous", 3, "more than one thing has that name")                                                        \
  X(ERR_INPUT_NEEDED, "input.needed", 4, "an answer is needed and nobody can be asked")                                        \
  X(ERR_LOCKED, "key.locked", 5, "the key is sealed")                                                                          \
  X(ERR_PASSPHRASE, "key.passphrase", 5, "wrong passphrase")                                                                   \
  X(ERR_BUSY, "store.busy", 6, "another process is writing")                                                                   \
  X(ERR_UNREACHABLE, "peer.unreachable", 7, "no answer from the peer")                                                         \
  X(ERR_QUEUED, "queued", 7, "accepted, not yet in the log")                                                                   \
  X(ERR_FORMAT, "format", 8, "the bytes do not have the form that the protocol asks for")                                      \
  X(ERR_SIGNATURE, "signature", 8, "the signature does not verify")                                                            \
  X(ERR_MISMATCH, "mismatch", 8, "the bytes are not the ones that were committed to")                                          \
  X(ERR_KEY, "key.damaged", 8, "the key file is damaged")                                                                      \
  X(ERR_REFUSED, "refused", 9, "refused by policy")                                                                            \
  X(ERR_INCOMPLETE, "incomplete", 9, "something that is needed is missing")                                                    \
  X(ERR_LIMIT, "limit", 9, "over a limit")                                                                                     \
  X(ERR_PERMISSIONS, "permissions", 9, "the file is open to other users")                                                      \
  X(ERR_NOT_INITIALISED, "not-initialised", 10, "there is no node here")                                                       \
  X(ERR_CORRUPT, "store.corrupt", 11, "the store is damaged")                                                                  \
  X(ERR_DISK_FULL, "disk.full", 11, "the disk is full")                                                                        \
  X(ERR_VERSION, "version", 12, "written by a newer version of the program")

enum err_code {
#define ERR_ENUM(symbol, name, exit_status, text) symbol,
  ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
};

#define ERR_MESSAGE_MAX 512 /* octets with the NUL; longer messages are cut at a UTF-8 boundary */
#define ERR_HINT_MAX 256    /* octets with the NUL */

/* An error as it travels upwards. Invariant: code == OK means message and hint are empty. Initialise with ERR_INIT. */
struct err {
  enum err_code code;
  char message[ERR_MESSAGE_MAX]; /* lower case, no full stop; foreign text in it is escaped by its setter */
  char hint[ERR_HINT_MAX];       /* what to do, or empty */
};
#define ERR_INIT                                                                                                               \
  { .code = OK }

#define MUST_CHECK __attribute__((warn_unused_result))

/* Sets code and message (printf format; NULL takes the default sentence) and clears the hint. Returns code, so that a
 * function can end with `return err_set(err, …)`. err may be NULL. Control characters and broken UTF-8 in the formatted
 * message are replaced by '?', so foreign text cannot reach a terminal. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds or replaces the hint. err may be NULL. Returns err's code (ERR_FAILED if err is NULL). */
enum err_code err_hint(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prepends "context: " to the message and keeps code and hint. Returns err's code (ERR_FAILED if err is NULL). */
enum err_code err_context(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets code (ERR_DISK_FULL for ENOSPC and EDQUOT, else fallback) from errno_value with "what: strerror". Returns the code. */
enum err_code err_errno(struct err *err, enum err_code fallback, int errno_value, const char *what);

/* Makes err empty again (code OK). */
void err_clear(struct err *err);

/* The name ("peer.unreachable"), exit status (0..12) and default sentence of a code; static storage. */
const char *err_name(enum err_code code) __attribute__((const));
int err_exit_status(enum err_code code) __attribute__((const));
const char *err_text(enum err_code code) __attribute__((const));

#endif
