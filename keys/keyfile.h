/*
 * keyfile: a secret key at rest, as a text file of fixed lines.
 *
 *   specola-key 1
 *   use: node                                  node | curve | root | person
 *   name: Dipartimento della Funzione Pubblica (the line is "name:" when it is empty)
 *   public: <64 hex>
 *   seal: none                                 or: argon2id ops=3 mem=268435456 salt=<32 hex> nonce=<48 hex>
 *   secret: <64 hex, or 96 hex when sealed>    XChaCha20-Poly1305, the lines above being the associated data
 *   check: <16 hex>                            BLAKE2b (HASH_KEY, first 8 octets) of all lines above: a damaged file is
 *                                              told from a wrong passphrase
 *
 * Each line ends in one \n, the last one too; nothing else is accepted.
 *
 * Files are 0600, written to a new name with O_EXCL, fsynced, renamed; opened with O_NOFOLLOW and refused when group or
 * others can read them. The parameters of a seal are capped before anything is allocated.
 */
#ifndef SPECOLA_KEYS_KEYFILE_H
#define SPECOLA_KEYS_KEYFILE_H

#include "keys/bytes.h"
#include "keys/secret.h"

#define KEYFILE_MAX 4096                            /* octets of a key file */
#define KEYFILE_NAME_MAX 200                        /* octets of the name line's value */
#define KEYFILE_OPS_MAX 8                           /* Argon2id passes accepted from a file */
#define KEYFILE_MEM_MAX ((size_t)512 * 1024 * 1024) /* octets of Argon2id memory accepted from a file */

enum keyfile_use { KEYFILE_NODE, KEYFILE_CURVE, KEYFILE_ROOT, KEYFILE_PERSON };

/* How hard a passphrase is to try. MODERATE for people and roots; FAST is for tests (1 pass, 8 KiB). */
enum keyfile_cost { KEYFILE_MODERATE, KEYFILE_FAST };

/* A key in hand. secret: 32 octets (an Ed25519 seed, or a CURVE secret key). */
struct keyfile {
  enum keyfile_use use;
  char name[KEYFILE_NAME_MAX + 1];
  uint8_t pub[32];
  bool sealed;           /* the file was (is to be) sealed with a passphrase */
  struct secret *secret; /* owned; NULL until unsealed */
};
void keyfile_release(struct keyfile *k);

/* On every error of the functions below *out is zeroed: there is nothing to release. */

/* Parses text without unsealing: everything but the secret. ERR_KEY (truncated, flipped, not a key), ERR_VERSION, ERR_LIMIT
 * (absurd seal parameters). Fuzzed. */
MUST_CHECK enum err_code keyfile_parse(struct view text, struct keyfile *out, struct err *err);
/* Parses and unseals; passphrase NULL for an unsealed file. ERR_LOCKED (sealed and no passphrase given), ERR_PASSPHRASE, and
 * those of keyfile_parse. The public half is recomputed from the secret and compared: ERR_KEY. */
MUST_CHECK enum err_code keyfile_open(struct view text, struct secret *passphrase, struct keyfile *out, struct err *err);
/* Appends the text form of k (secret needed); sealed when passphrase is not NULL, and k->sealed says so afterwards. An
 * unsealed text is secret: the caller wipes out->p before bytes_release. ERR_LOCKED (no secret in k), ERR_FORMAT (the name is
 * too long, has a control character or is no UTF-8), ERR_MISMATCH (k->pub is not the public half of k->secret: such a file
 * could never be opened), ERR_LIMIT (the ceiling of out), ERR_MEMORY. On error out is untouched. */
MUST_CHECK enum err_code keyfile_format(struct keyfile *k, struct secret *passphrase, enum keyfile_cost cost, struct bytes *out,
                                        struct err *err);

/* The same with files. keyfile_read: ERR_NOT_FOUND, ERR_PERMISSIONS (mode or owner), ERR_IO (also a symbolic link), and those
 * of keyfile_open. passphrase may be NULL: a sealed file then yields only its public half (secret NULL, sealed true) and OK. */
MUST_CHECK enum err_code keyfile_read(const char *path, struct secret *passphrase, struct keyfile *out, struct err *err);
/* ERR_FAILED with a hint if path exists already: a key is never overwritten. ERR_NOT_FOUND (no such folder), ERR_IO,
 * ERR_DISK_FULL, and those of keyfile_format. */
MUST_CHECK enum err_code keyfile_write(const char *path, struct keyfile *k, struct secret *passphrase, enum keyfile_cost cost,
                                       struct err *err);

#endif
