/*
 * told: see told.h.
 */
#include "cli/told.h"

#include "node/ctl_client.h"

enum err_code told_load(const struct cli *cli, const struct here *here, json_t **out, struct err *err) {
  struct ctl_client *ctl = NULL;
  json_t *status = NULL;
  *out = NULL;
  enum err_code code = ctl_connect(&here->home, cli->timeout_ms, &ctl, err);
  if (code == OK) {
    code = ctl_get(ctl, "/status", &status, err);
  } else if (code == ERR_NOT_FOUND || code == ERR_BUSY) {
    err_clear(err);
    return OK;
  }
  ctl_close(ctl);
  if (code == OK) {
    const json_t *exchange = json_object_get(status, "exchange");
    *out = json_pack("{s:O?, s:O?, s:O?}", "uptime_s", json_object_get(status, "uptime_s"), "peers",
                     json_object_get(exchange, "peers"), "logs", json_object_get(exchange, "logs"));
  }
  json_decref(status);
  return code;
}
