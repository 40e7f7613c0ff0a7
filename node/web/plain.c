/*
 * plain: what is no page: health, figures for Prometheus, style, icon. See site.h.
 */
#include <inttypes.h>

#include "node/clock.h"
#include "node/web/embedded.h"
#include "node/web/site.h"

enum err_code raw_health(struct request *r, struct err *err) {
  r->out->cache = "no-store";
  if (r->site->now == NULL) return err_set(err, ERR_BUSY, "the node is starting");
  return bytes_append_text(&r->out->body, "ok\n", err);
}

enum err_code raw_robots(struct request *r, struct err *err) {
  r->out->cache = "public, max-age=3600";
  return bytes_append_text(&r->out->body, "User-agent: *\nDisallow: /metrics\nDisallow: /healthz\n", err);
}

enum err_code raw_style(struct request *r, struct err *err) {
  r->out->type = "text/css; charset=utf-8";
  r->out->cache = "public, max-age=300";
  return bytes_append_text(&r->out->body, web_style_css, err);
}

enum err_code raw_icon(struct request *r, struct err *err) {
  r->out->type = "image/svg+xml";
  r->out->cache = "public, max-age=3600";
  return bytes_append_text(&r->out->body, web_icon_svg, err);
}

/* ---- figures ---- */

static enum err_code put_routes(const struct site_counts *s, struct bytes *out, struct err *err) {
  static const char *const EDGES[SITE_BUCKETS] = {"0.001", "0.005", "0.01", "0.05", "0.25", "+Inf"};
  enum err_code code = bytes_append_text(out,
                                         "# TYPE specola_web_requests_total counter\n"
                                         "# TYPE specola_web_seconds histogram\n",
                                         err);
  for (size_t i = 0; code == OK && route_pattern(i) != NULL; i++) {
    const struct site_count *n = &s->routes[i];
    uint64_t sum = 0;
    for (unsigned class = 2; code == OK && class < 6; class ++) {
      if (n->by_class[class] == 0) continue;
      code = bytes_printf(out, err, "specola_web_requests_total{route=\"%s\",row=\"%zu\",class=\"%uxx\"} %" PRIu64 "\n",
                          route_pattern(i), i, class, n->by_class[class]);
    }
    for (size_t b = 0; code == OK && b < SITE_BUCKETS && n->micros > 0; b++) {
      sum += n->buckets[b];
      code = bytes_printf(out, err, "specola_web_seconds_bucket{route=\"%s\",row=\"%zu\",le=\"%s\"} %" PRIu64 "\n",
                          route_pattern(i), i, EDGES[b], sum);
    }
    if (code == OK && n->micros > 0) {
      code = bytes_printf(out, err,
                          "specola_web_seconds_count{route=\"%s\",row=\"%zu\"} %" PRIu64
                          "\nspecola_web_seconds_sum{route=\"%s\",row=\"%zu\"} %.6f\n",
                          route_pattern(i), i, sum, route_pattern(i), i, (double)n->micros / 1e6);
    }
  }
  return code;
}

static enum err_code put_refusals(const struct site_counts *s, struct bytes *out, struct err *err) {
  enum err_code code = bytes_append_text(out, "# TYPE specola_web_refused_total counter\n", err);
  for (unsigned i = 0; code == OK && i < sizeof s->refused / sizeof s->refused[0]; i++) {
    if (s->refused[i] > 0) {
      code = bytes_printf(out, err, "specola_web_refused_total{status=\"%u\"} %" PRIu64 "\n", i, s->refused[i]);
    }
  }
  return code;
}

static enum err_code put_store(const struct site *s, struct bytes *out, struct err *err) {
  const struct snapshot *now = s->now;
  if (now == NULL) return OK;
  enum err_code code = bytes_printf(out, err,
                                    "# TYPE specola_objects gauge\nspecola_objects %" PRIu32 "\n"
                                    "# TYPE specola_members gauge\nspecola_members %" PRIu32 "\n"
                                    "# TYPE specola_log_entries gauge\n# TYPE specola_log_body_bytes gauge\n",
                                    now->catalogue->n, now->federation.epoch.n_members);
  for (uint32_t i = 0; code == OK && i < now->catalogue->n_logs; i++) {
    const struct log *log = &now->catalogue->logs[i];
    const char *handle = federation_handle(&now->federation, &log->node);
    code = bytes_printf(out, err,
                        "specola_log_entries{node=\"%s\",gen=\"%" PRIu64 "\"} %" PRIu64
                        "\nspecola_log_body_bytes{node=\"%s\",gen=\"%" PRIu64 "\"} %" PRIu64 "\n",
                        handle, log->gen, log->range.size, handle, log->gen, log->body_bytes);
  }
  return code;
}

/* For the machine itself: through a proxy, or from elsewhere, there is nothing here. */
enum err_code raw_metrics(struct request *r, struct err *err) {
  const struct site_counts *counts = r->site->counts;
  struct bytes *out = &r->out->body;
  if (!r->local || counts == NULL) return err_set(err, ERR_NOT_FOUND, "nothing here by that name");
  r->out->type = "text/plain; version=0.0.4; charset=utf-8";
  r->out->cache = "no-store";
  enum err_code code =
      bytes_printf(out, err,
                   "# TYPE specola_web_up_seconds gauge\nspecola_web_up_seconds %" PRIu64 "\n"
                   "# TYPE specola_web_connections gauge\nspecola_web_connections %" PRIu64 "\n"
                   "# TYPE specola_web_connections_total counter\nspecola_web_connections_total %" PRIu64 "\n",
                   (clock_ms(clock_system()) - counts->started_ms) / 1000, counts->connections_now, counts->connections);
  if (code == OK) code = put_routes(counts, out, err);
  if (code == OK) code = put_refusals(counts, out, err);
  return code == OK ? put_store(r->site, out, err) : code;
}
