/*
 * here: opens what a reading command needs (see here.h).
 */
#include "cli/here.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/out.h"
#include "node/quota.h"
#include "node/replica.h"
#include "protocol/schema/nearest.h"

void here_release(struct here *h) {
  store_close(h->store);
  federation_release(&h->federation);
  schema_set_free(h->schemas);
  h->store = NULL;
  h->schemas = NULL;
}

/* A home without a store that holds anything: either it never joined, or it did, and its store is lost. To join again would
 * begin a second history under one key. */
static enum err_code not_joined(const struct home *home, struct err *err) {
  char path[HOME_PATH_MAX];
  if (home_path(home, "observatory.charter", path, NULL) == OK && access(path, F_OK) == 0) {
    err_set(err, ERR_CORRUPT, "%s: the store is gone or empty, though this node has joined an observatory", home->dir);
    return err_hint(err, "do not join again: specola restore FILE --home DIR, in a new folder");
  }
  err_set(err, ERR_NOT_INITIALISED, "this node has not joined an observatory yet");
  return err_hint(err, "specola join X.charter; or once more the line of an invitation: specola join LINE");
}

/* On a replica "the own node" is the one that takes what its person signs, for everything that a command asks. */
static enum err_code find_home_node(struct here *h, struct err *err) {
  if (!home_is_replica(&h->home) || h->home.config.home[0] == '\0') {
    return OK;
  }
  const struct federation_member *m = federation_by_handle(&h->federation, h->home.config.home);
  struct bytes node;
  bytes_init(&node, HASH_LEN);
  const bool is_known = store_get_fact(h->store, REPLICA_HOME, &node, NULL) == OK && node.len == HASH_LEN;
  const bool is_other = is_known && m != NULL && memcmp(node.p, m->member->node.b, HASH_LEN) != 0;
  bytes_release(&node);
  if (is_other) {
    err_set(err, ERR_MISMATCH, "%s, the home of this replica, is not the node that certified you", h->home.config.home);
    return err_hint(err, "who gave you its address called it by another's name: ask who invited you");
  }
  if (m == NULL) {
    err_set(err, ERR_NOT_FOUND, "%s, the home of this replica, is no member of its observatory, as far as is known here",
            h->home.config.home);
    return err_hint(err, "specola sync brings the newest list; home = HANDLE in node.ini names the node that certified you");
  }
  h->federation.own = m->member->node;
  return OK;
}

enum err_code here_open_mode(const struct cli *cli, enum store_mode mode, struct here *out, struct err *err) {
  memset(out, 0, sizeof *out);
  enum err_code code = cli_open_home(cli, &out->home, err);
  if (code != OK) {
    return code;
  }
  code = store_open(out->home.dir, mode, NULL, &out->store, err);
  if (code == OK) {
    code = federation_load(out->store, &out->federation, err);
  }
  if (code == ERR_NOT_INITIALISED) {
    code = not_joined(&out->home, err);
  }
  if (code == OK) {
    code = find_home_node(out, err);
  }
  if (code == OK) {
    code = home_schemas(&out->home, &out->schemas, err);
  }
  if (code != OK) {
    here_release(out);
  }
  return code;
}

enum err_code here_open(const struct cli *cli, struct here *out, struct err *err) {
  return here_open_mode(cli, STORE_READ, out, err);
}

bool here_is_paused(const struct here *h, const struct hash *node) {
  bool filled = false;
  return !hash_equal(node, &h->federation.own) &&
         quota_is_filled(h->store, node, home_log_bodies(&h->home), &filled, NULL) == OK && filled;
}

const char *here_paused(const struct cli *cli) {
  return out_word(cli, "is paused: it holds as much as it may (log_bodies in node.ini)",
                  "è in pausa: contiene tutto ciò che può (log_bodies in node.ini)");
}

/* The names that there are, one after another. */
struct names {
  struct nearest near;
  char list[ERR_HINT_MAX - 32];
  size_t used;
};

static void names_add(struct names *names, const char *name) {
  nearest_offer(&names->near, name);
  const size_t room = sizeof names->list - names->used;
  const int n = snprintf(names->list + names->used, room, "%s%s", names->used == 0 ? "" : ", ", name);
  if (n < 0 || (size_t)n >= room) {
    names->list[names->used] = '\0';
  } else {
    names->used += (size_t)n;
  }
}

/* What was meant, or all that could have been. */
static enum err_code names_hint(const struct names *names, struct err *err) {
  const char *meant = nearest_word(&names->near);
  return meant != NULL ? err_hint(err, "did you mean %s?", meant) : err_hint(err, "there are: %s", names->list);
}

enum err_code here_kind(const struct schema_set *set, const char *kind, const struct schema **out, struct err *err) {
  *out = schema_by_kind(set, kind);
  if (*out != NULL) {
    return OK;
  }
  struct names kinds = {.near = nearest_to(view_of_text(kind))};
  for (size_t i = 0; i < schema_set_count(set); i++) {
    names_add(&kinds, schema_set_at(set, i)->kind);
  }
  err_set(err, ERR_NOT_FOUND, "%s: no such kind of object", kind);
  return names_hint(&kinds, err);
}

enum err_code here_node(const struct here *h, const char **handle, struct err *err) {
  if (*handle == NULL) {
    return OK;
  }
  struct names members = {.near = nearest_to(view_of_text(*handle))};
  for (uint32_t i = 0; i < h->federation.n_members; i++) {
    const char *own = h->federation.rows[i].handle;
    if (strcasecmp(own, *handle) == 0) {
      *handle = own;
      return OK;
    }
    names_add(&members, own);
  }
  err_set(err, ERR_NOT_FOUND, "%s: no such node", *handle);
  return names_hint(&members, err);
}

enum err_code here_schemas(const struct cli *cli, struct schema_set **out, struct home_config *config, struct err *err) {
  struct home home;
  memset(&home, 0, sizeof home);
  enum err_code code = cli_open_home(cli, &home, err);
  if (code == OK) {
    code = home_schemas(&home, out, err);
  } else if (code == ERR_NOT_INITIALISED) {
    err_clear(err);
    memset(&home.config, 0, sizeof home.config);
    if ((code = schema_set_new(out, err)) == OK && (code = schema_set_link(*out, err)) != OK) {
      schema_set_free(*out);
      *out = NULL;
    }
  }
  if (config != NULL) {
    *config = home.config;
  }
  return code;
}

enum err_code here_object(const struct cli *cli, struct here *here, const char *name, int64_t *rowid, json_t **shown,
                          struct err *err) {
  enum err_code code = query_object(here->store, &here->federation, here->schemas, name, rowid, err);
  if (code == OK) {
    code = query_show(here->store, &here->federation, here->schemas, *rowid, cli->lang, shown, NULL, err);
  }
  if (code == ERR_NOT_FOUND && err->hint[0] == '\0') {
    err_hint(err, "specola list KIND and specola search show references");
  }
  return code;
}
