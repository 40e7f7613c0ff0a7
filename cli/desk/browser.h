/*
 * browser: which browser may speak to the desk. An address with a secret in it is told in the terminal; the first browser that
 * opens it gets a cookie, and the address is worth nothing any more. One session at a time: the next address ends it. Every
 * form has a secret of its own, so that no other page can send one, and one that acts is taken once.
 *
 * Pure: chance is handed in. Secrets are 16 octets, hexadecimal outside, compared in constant time.
 */
#ifndef SPECOLA_CLI_DESK_BROWSER_H
#define SPECOLA_CLI_DESK_BROWSER_H

#include <jansson.h>

#include "keys/bytes.h"
#include "node/clock.h"

#define BROWSER_SECRET_LEN 16
#define BROWSER_SECRET_HEX (2 * BROWSER_SECRET_LEN + 1)
#define BROWSER_FORMS 64u /* that are open at a time; the oldest gives way */
#define BROWSER_COOKIE "specola_desk"

struct browser_secret {
  uint8_t b[BROWSER_SECRET_LEN];
};
/* What a form is for. */
enum browser_use { BROWSER_REVIEW, BROWSER_SIGN, BROWSER_TAKE_BACK, BROWSER_LOCK };
/* what: what was shown with the form, NULL: a free place; owned. */
struct browser_form {
  struct browser_secret secret;
  enum browser_use use;
  json_t *what;
};
struct browser {
  const struct entropy_source *entropy;
  bool is_open, is_invited;
  struct browser_secret address, cookie;
  struct browser_form forms[BROWSER_FORMS];
  size_t next;
};
void browser_init(struct browser *s, const struct entropy_source *entropy);
void browser_release(struct browser *s);
/* A new address; the one before ends, if nobody opened it. The session that is open goes on until this one is opened. */
void browser_invite(struct browser *s, char out[BROWSER_SECRET_HEX]);
/* Opens a session by the secret of the address: the cookie's value. False: it is not that one, or was used. */
bool browser_enter(struct browser *s, struct view secret, char out[BROWSER_SECRET_HEX]);
/* Whether a Cookie header holds the session's cookie. Several of that name may be there: other servers of this machine can set
 * them. */
bool browser_knows(const struct browser *s, struct view header);
/* A new form: its secret. what: an object; stolen. */
void browser_form(struct browser *s, enum browser_use use, json_t *what, char out[BROWSER_SECRET_HEX]);
/* What was shown with a form that has come back. NULL: there is no such form. Borrowed until the next call on s. */
const json_t *browser_look(const struct browser *s, enum browser_use use, const char *secret);
/* The same, once: the form is gone. The caller decrefs. */
json_t *browser_take(struct browser *s, enum browser_use use, const char *secret);

#endif
