/*
 * home: a node's directory, its configuration and its keys at rest.
 *
 *   node.ini      configuration (docs/operate.md)          store.db, store.lock   what is held
 *   node.key      0600, sealed or not                      curve.key              0600
 *   node.next.key, curve.next.key   on their way to take the place of those (specola key rotate)
 *   NAME.charter  (copy)                                   run/ctl, run/ports     while it serves
 *   schema/       further kinds of object                  backup.time            when its keys were last copied
 *   guest         of a node that is to be a member: the address of the pages that it follows until then
 *
 * A replica (node/replica.h) has node.ini, the store and schema/, and no key; a guest is a replica that has them.
 */
#ifndef SPECOLA_NODE_HOME_H
#define SPECOLA_NODE_HOME_H

#include "keys/keyfile.h"
#include "node/federation.h"
#include "protocol/schema/schema.h"

#define HOME_PATH_MAX 4096
#define HOME_SYSTEM "/var/lib/specola"    /* of the node that a package runs */
#define HOME_SYSTEM_CONFIG "/etc/specola" /* where its node.ini is, unless there is one in the home */
#define HOME_CONTACT_MAX 256

/* node.ini, all keys optional but country, and that one, too, on a replica. Invariant: strings are NUL-terminated, endpoints
 * valid. */
struct home_config {
  char country[3], region[8], lead[HANDLE_MAX], handle[HANDLE_MAX];
  char name[LIMIT_NAME * 4 + 1];
  char language[16];                      /* default language of texts, "en" */
  char license[64];                       /* default licence of cases */
  char listen[LIMIT_ENDPOINT + 1];        /* tcp://0.0.0.0:7411; port 0: chosen by the kernel */
  char advertise[LIMIT_ENDPOINT + 1];     /* what peers dial; empty: not told */
  char advertise_web[LIMIT_ENDPOINT + 1]; /* where others reach the pages; empty: not told */
  char web[LIMIT_ENDPOINT + 1];           /* http://127.0.0.1:0: where pages are served; port 0 as above; "off": nowhere */
  char web_name[LIMIT_ENDPOINT + 1];      /* a further name under which they are asked for (Host); empty: none */
  char contact[HOME_CONTACT_MAX];         /* where readers of the pages write: a mail address or https://…; empty: none */
  char notify[HOME_CONTACT_MAX];          /* a program that is told of events (notifier.h); empty: none */
  char log_bodies[9];                     /* MiB of one member's logs past which they are paused; empty: LIMIT_LOG_BODIES */
  char replica[LIMIT_ENDPOINT + 1];       /* the web of the node that is followed; empty: this is a node itself */
  char home[HANDLE_MAX];                  /* of a replica: the node whose log takes what its person signs; empty: none */
  struct {
    char handle[HANDLE_MAX], endpoint[LIMIT_ENDPOINT + 1];
  } peers[LIMIT_PINNED];
  uint32_t n_peers;
};
struct home {
  char dir[HOME_PATH_MAX];
  struct home_config config;
  char guest[LIMIT_ENDPOINT + 1]; /* the web of the node that is followed; empty: this is no guest */
};
/* Fills out with dir/name; ERR_LIMIT. */
MUST_CHECK enum err_code home_path(const struct home *h, const char *name, char out[HOME_PATH_MAX], struct err *err);
/* Opens an initialised home: ERR_NOT_INITIALISED (hint: specola init), ERR_PERMISSIONS (directory open to others), ERR_FORMAT
 * (node.ini: line). */
MUST_CHECK enum err_code home_open(const char *dir, struct home *out, struct err *err);
/* An endpoint as peers dial it, but port 0 (the kernel's choice) is fine too. */
bool home_listen_is_valid(const char *text);
/* Whether a node can be made there: ERR_REFUSED (there is one), ERR_FORMAT or ERR_LIMIT (config: names the key). */
MUST_CHECK enum err_code home_can_create(const char *dir, const struct home_config *config, struct err *err);
/* Makes directory (0700), node.key and curve.key, or goes on with those that were made by one which was cut short. passphrase
 * NULL: not sealed. It is a node when home_finish has written node.ini. ERR_REFUSED if there is one already; what
 * home_node_key returns of keys that the passphrase does not open. */
MUST_CHECK enum err_code home_begin(const char *dir, const struct home_config *config, struct secret *passphrase,
                                    struct home *out, struct err *err);
MUST_CHECK enum err_code home_finish(const struct home *h, struct err *err);
/* Makes the directory of a replica (node/replica.h), which has no keys; home_finish ends it. config->replica is not empty.
 * Errors of home_can_create. */
MUST_CHECK enum err_code home_begin_replica(const char *dir, const struct home_config *config, struct home *out,
                                            struct err *err);
/* Both. */
MUST_CHECK enum err_code home_create(const char *dir, const struct home_config *config, struct secret *passphrase,
                                     struct home *out, struct err *err);
/* ERR_LOCKED, ERR_PASSPHRASE, ERR_KEY, ERR_PERMISSIONS. */
MUST_CHECK enum err_code home_node_key(const struct home *h, struct secret *passphrase, struct signer *out, struct err *err);
MUST_CHECK enum err_code home_curve_key(const struct home *h, struct secret *passphrase, uint8_t pub[32], struct secret **out,
                                        struct err *err);
/* The key that is to take the place of node.key or curve.key: made if there is none yet, sealed as `passphrase` says; pub is
 * its public half. Errors of keyfile_write and keyfile_read. */
MUST_CHECK enum err_code home_next_key(const struct home *h, enum keyfile_use use, struct secret *passphrase, uint8_t pub[32],
                                       struct err *err);
/* Whether a file of the home is one of the node's own keys, and no root sheet. */
bool home_is_own_key(const char *name);
/* Whether there is one, and its public half. */
bool home_has_next_key(const struct home *h, enum keyfile_use use, uint8_t pub[32]);
/* It takes that place for good, if pub is its public half; nothing happens if the key in place has that already. ERR_KEY:
 * neither has it. ERR_IO. */
MUST_CHECK enum err_code home_take_key(const struct home *h, enum keyfile_use use, const uint8_t pub[32], struct err *err);
/* Whether this is a replica: a copy that follows a node by its web, and has no log of its own. */
bool home_is_replica(const struct home *h);
/* Whether it is a guest: a node that follows as a replica does until it is a member. */
bool home_is_guest(const struct home *h);
/* The web of the node that a replica follows; "" of others. */
const char *home_follows(const struct home *h);
/* From now on this node is a guest that follows url, or none any more (url NULL). ERR_LIMIT, ERR_IO. */
MUST_CHECK enum err_code home_be_guest(struct home *h, const char *url, struct err *err);
/* Octets of one member's logs past which they are followed no further: what node.ini says, else LIMIT_LOG_BODIES. */
uint64_t home_log_bodies(const struct home *h);
/* The embedded kinds and those of schema/. */
MUST_CHECK enum err_code home_schemas(const struct home *h, struct schema_set **out, struct err *err);
/* Writes a file whole or not at all (new name, fsync, rename, fsync of the directory), 0600 or 0644. */
MUST_CHECK enum err_code file_write(const char *path, struct view content, bool secret, struct err *err);
/* Gives a file another name in its folder, in the place of what has it; durable when it returns OK. ERR_IO. */
MUST_CHECK enum err_code file_rename(const char *from, const char *to, struct err *err);
/* Reads a whole file of at most the buffer's ceiling. ERR_NOT_FOUND, ERR_LIMIT, ERR_IO. */
MUST_CHECK enum err_code file_read(const char *path, struct bytes *out, struct err *err);

#endif
