/*
 * certificate: see certificate.h.
 */
#include "cli/certificate.h"

#include <stdio.h>
#include <string.h>

struct looking {
  const struct pubkey *key;
  struct certified *out;
};

static bool visit(void *context, const struct query_person *p) {
  const struct looking *l = context;
  if (memcmp(p->key.b, l->key->b, PUBKEY_LEN) == 0) {
    *l->out = (struct certified){.roles = p->roles, .territory = p->territory, .revoked = p->revoked};
    (void)snprintf(l->out->reference, sizeof l->out->reference, "%s", p->reference);
    (void)snprintf(l->out->name, sizeof l->out->name, "%s", p->name);
  }
  return true;
}

enum err_code certificate_of(const struct here *here, const struct pubkey *key, struct certified *out, struct err *err) {
  struct looking l = {key, out};
  *out = (struct certified){.roles = 0};
  return query_people(here->store, &here->federation, federation_handle(&here->federation, &here->federation.own), visit, &l,
                      err);
}

enum err_code certificate_needed(const struct here *here, const struct pubkey *key, struct err *err) {
  struct certified c = {.roles = 0};
  const enum err_code code = certificate_of(here, key, &c, err);
  if (code != OK || (c.roles != 0 && !c.revoked)) {
    return code;
  }
  const char *handle = federation_handle(&here->federation, &here->federation.own);
  if (c.roles != 0) {
    err_set(err, ERR_REFUSED, "your key was revoked at %s", handle);
    return err_hint(
        err, "specola key new --replace makes another; then ask the coordinator of %s for an invitation for the same person",
        handle);
  }
  err_set(err, ERR_REFUSED, "your key has no certificate in the log of %s", handle);
  return err_hint(
      err, "specola key show -o FILE.pub; then the coordinator of %s: specola person certify FILE.pub --role editor", handle);
}
