/*
 * core_notices: what core tells the operator's program, by way of the supervisor, and hears of how it fares. See notices.h.
 */
#include <stdlib.h>

#include "keys/log.h"
#include "node/core_inside.h"
#include "protocol/canon.h"

#define NOTICES_QUIET_MS 1000  /* between two looks for what the operator's program is told, when something came */
#define NOTICES_AGAIN_MS 60000 /* when nothing came */

/* [told, failed, late, dropped, waiting] */
void core_notified_take(struct core *c, struct view payload) {
  static const char *const NAMES[] = {"told", "failed", "late", "dropped", "waiting"};
  struct canon_reader r = canon_reader(payload);
  json_t *counts = json_object();
  canon_array_exact(&r, sizeof NAMES / sizeof NAMES[0]);
  for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
    (void)json_object_set_new(counts, NAMES[i], json_integer((json_int_t)canon_uint(&r)));
  json_decref(c->notified);
  c->notified = counts;
}

/* To the supervisor, which alone starts programs. */
static bool tell_event(void *context, const json_t *event) {
  struct core *c = context;
  char *text = json_dumps(event, JSON_COMPACT);
  bytes_clear(&c->scratch);
  struct canon_writer w = canon_writer(&c->scratch);
  canon_put_text(&w, text == NULL ? "" : text);
  free(text);
  return canon_written(&w, "event", NULL) == OK && pipe_send(c->supervisor, PIPE_EVENT, bytes_view(&c->scratch), NULL) == OK;
}

/* What happened, for the operator's program: soon behind what came, else now and then. */
void core_notices_step(struct core *c) {
  struct err err = ERR_INIT;
  if (c->home.config.notify[0] == '\0' || c->once) return;
  if (c->dirty && c->notices_next_ms > c->now_ms + NOTICES_QUIET_MS) c->notices_next_ms = c->now_ms + NOTICES_QUIET_MS;
  if (c->now_ms < c->notices_next_ms) return;
  json_t *exchange = exchange_status(c->exchange);
  const struct notices_view view = {.store = c->store,
                                    .federation = &c->federation,
                                    .schemas = c->schemas,
                                    .home = &c->home,
                                    .peers = json_object_get(exchange, "peers"),
                                    .uptime_s = (c->now_ms - c->started_ms) / 1000,
                                    .now_s = clock_unix(clock_system())};
  if (notices_look(&c->notices, &view, tell_event, c, &err) != OK) {
    log_line(LOG_WARNING, "core", "what happened cannot be told", "why=%s", err.message);
  }
  json_decref(exchange);
  c->notices_next_ms = c->now_ms + NOTICES_AGAIN_MS;
}
