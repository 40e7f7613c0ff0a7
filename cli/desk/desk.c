/*
 * desk: see desk.h.
 */
#include "cli/desk/desk.h"

#include <stdio.h>
#include <string.h>

#include "cli/json_text.h"

#define GET (1u << GUARD_GET | 1u << GUARD_HEAD)
#define POST (1u << GUARD_POST)
#define FORM "application/x-www-form-urlencoded"

static const struct route ROUTES[] = {
    {"/desk", NULL, desk_queue_model, desk_queue_show, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/signed", NULL, desk_signed_model, desk_signed_show, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/lock", FORM, NULL, NULL, desk_lock, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/done", NULL, desk_done_model, desk_done_show, NULL, NULL, GET, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/look", FORM, NULL, NULL, desk_look, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/carry", FORM, NULL, NULL, desk_carry, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/sign", FORM, NULL, NULL, desk_sign, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/withdraw", FORM, NULL, NULL, desk_withdraw, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
    {"/desk/*/take-back", FORM, NULL, NULL, desk_take_back, NULL, POST, MEDIA_HTML, ROUTE_SHORT, false, false},
};

struct desk *desk_of(const struct request *r) {
  return r->site->more->context;
}

struct cli desk_cli(const struct desk *d, const char *lang) {
  struct cli cli = *d->cli;
  cli.lang = lang;
  cli.no_input = true;
  return cli;
}

const char *desk_word(const struct request *r, const char *en, const char *it) {
  return strcmp(r->lang, "it") == 0 ? it : en;
}

/* ---- who is let in ---- */

/* A browser says where a request comes from: another page, of another site or of another port, has no business here. */
static bool is_from_here(const struct guard_request *http) {
  return http->fetch_site.len == 0 || view_is_text(http->fetch_site, "same-origin") || view_is_text(http->fetch_site, "none");
}

/* Tells a stranger nothing but the way in. */
static bool turn_away(struct request *r) {
  static const char text[] =
      "This desk answers the browser that opened its address, and no other.\n"
      "Press Enter in the terminal where specola ui runs: it prints another address, which works once.\n\n"
      "Questa scrivania risponde al browser che ne ha aperto l'indirizzo, e a nessun altro.\n"
      "Premere Invio nel terminale in cui gira specola ui: stampa un altro indirizzo, valido una volta.\n";
  r->out->status = 403;
  r->out->type = "text/plain; charset=utf-8";
  bytes_clear(&r->out->body);
  if (bytes_append_text(&r->out->body, text, NULL) != OK) {
    bytes_clear(&r->out->body);
  }
  return false;
}

/* The address of the terminal, opened: a cookie for its secret, and on to a page whose address has none. */
static bool enter(struct request *r, struct desk *d, struct view secret) {
  char value[BROWSER_SECRET_HEX];
  if (!browser_enter(&d->browser, secret, value)) {
    return turn_away(r);
  }
  (void)snprintf(r->out->cookie, sizeof r->out->cookie, "%s=%s; Path=/; HttpOnly; SameSite=Strict", BROWSER_COOKIE, value);
  r->lang = strcmp(d->cli->lang, "it") == 0 ? "it" : "en";
  desk_go(r, "/desk");
  return false;
}

static bool admit(struct request *r) {
  static const char name[] = "token=";
  struct desk *d = desk_of(r);
  const struct guard_request *http = r->http;
  const size_t len = sizeof name - 1;
  r->out->cache = "no-store";
  r->out->referrer = "same-origin"; /* without one, a browser would not say that a form is from here */
  if (!r->local || !view_is_text(http->host, d->host) || !is_from_here(http)) {
    return turn_away(r);
  }
  if (http->method == GUARD_GET && view_is_text(http->path, "/") && http->query.len > len &&
      memcmp(http->query.p, name, len) == 0) {
    return enter(r, d, view_of(http->query.p + len, http->query.len - len));
  }
  if (!browser_knows(&d->browser, http->cookie) || (http->method == GUARD_POST && strncmp(r->path, "/desk/", 6) != 0)) {
    return turn_away(r);
  }
  return true;
}

/* ---- what its pages share ---- */

static void navigation(struct request *r, struct html *h, const char *active) {
  put_nav_link(r, h, "/desk", desk_word(r, "Waits for review", "Da rivedere"), active);
  put_nav_link(r, h, "/desk/signed", desk_word(r, "What I signed", "Firmato da me"), active);
}

enum err_code desk_answer(struct request *r, page_show *show, const json_t *model, struct err *err) {
  struct html h = html_start(&r->out->body);
  r->out->type = "text/html; charset=utf-8";
  r->out->language = r->lang;
  show(r, &h, model);
  return html_finish(&h, err);
}

void desk_go(struct request *r, const char *path) {
  r->out->status = 303;
  (void)snprintf(r->out->location, sizeof r->out->location, "/%s%s", r->lang, path);
}

/* ---- life ---- */

enum err_code desk_init(struct cli *cli, const struct clock_source *clock, uint64_t lock_after_min, struct desk *out,
                        struct err *err) {
  struct hash octets;
  memset(out, 0, sizeof *out);
  out->cli = cli;
  lock_init(&out->lock, clock, lock_after_min);
  browser_init(&out->browser, entropy_system());
  enum err_code code = here_open(cli, &out->here, err);
  if (code == OK && (code = person_card_of(cli, &out->card, err)) == OK) {
    memcpy(octets.b, out->card.key.b, sizeof octets.b);
    hash_hex(&octets, out->key);
  }
  if (code != OK) {
    desk_release(out);
    return code;
  }
  schema_set_language_check(out->here.schemas, false); /* authors were told */
  out->more = (struct site_more){.routes = ROUTES,
                                 .n = sizeof ROUTES / sizeof ROUTES[0],
                                 .context = out,
                                 .admit = admit,
                                 .navigation = navigation,
                                 .object = desk_review_show};
  out->site = (struct site){.home = &out->here.home,
                            .store = out->here.store,
                            .schemas = out->here.schemas,
                            .counts = &out->counts,
                            .more = &out->more};
  return OK;
}

void desk_release(struct desk *d) {
  lock_close(&d->lock);
  browser_release(&d->browser);
  snapshot_free(d->site.now);
  here_release(&d->here);
}
