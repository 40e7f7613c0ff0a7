/*
 * desk: what the reviewer's desk is made of: the person's home opened for reading, the session, the key while it is open, and
 * what came of the last act. Its pages are the public ones (node/web), with rows of their own before them:
 *
 *   request -> guard, route (node/web) -> desk_admit (session) -> pages.c (what waits, what was signed), acts.c (forms)
 *
 * One person, one thread: each request is answered in the loop.
 */
#ifndef SPECOLA_CLI_DESK_DESK_H
#define SPECOLA_CLI_DESK_DESK_H

#include "cli/desk/browser.h"
#include "cli/desk/lock.h"
#include "cli/here.h"
#include "cli/person.h"
#include "node/web/site.h"

#define DESK_ASIDE_MAX 1024 /* octets of what came of an act */

/* What came of the last act, for the page that follows it. */
struct desk_note {
  bool good;
  char reference[REFERENCE_MAX], text[DESK_ASIDE_MAX], hint[DESK_ASIDE_MAX];
};
/* Invariant: key is card.key in hexadecimal. */
struct desk {
  struct cli *cli; /* borrowed */
  struct here here;
  struct person_card card;
  char key[HASH_HEX_LEN];
  const char *host; /* "127.0.0.1:43211": the only Host; borrowed */
  struct browser browser;
  struct lock lock;
  /* Wants the key: opens it at once where a file has the passphrase, else has it asked for in the terminal. */
  void (*want)(void *context);
  void *context;
  struct desk_note note;
  uint64_t n_signed, n_taken_back;
  struct site_counts counts;
  struct site site;
  struct site_more more;
};
/* Opens the home and reads whose key it is. ERR_NOT_FOUND (no key of one's own), errors of here_open. The caller releases it.
 */
MUST_CHECK enum err_code desk_init(struct cli *cli, const struct clock_source *clock, uint64_t lock_after_min, struct desk *out,
                                   struct err *err);
void desk_release(struct desk *d);
/* Of a request at a desk. */
struct desk *desk_of(const struct request *r);
/* This run in the language of a page, where nobody can be asked: what the desk calls may not wait for the terminal. */
struct cli desk_cli(const struct desk *d, const char *lang);
/* The one of two texts that fits the language of the page. */
const char *desk_word(const struct request *r, const char *en, const char *it);
/* A page that a form is answered with. */
MUST_CHECK enum err_code desk_answer(struct request *r, page_show *show, const json_t *model, struct err *err);
/* 303 to a page of this site, in the language of the form's page. path: "/desk". */
void desk_go(struct request *r, const char *path);

/* ---- pages.c ---- */
page_model desk_queue_model, desk_signed_model, desk_done_model;
page_show desk_queue_show, desk_signed_show, desk_done_show;
/* Whether the key is open, with what can be done about it. */
void desk_show_lock(struct request *r, struct html *h);

/* ---- review.c ---- */
/* Behind an object's content: what the person can do about it. */
void desk_review_show(struct request *r, struct html *h, const json_t *model);
/* Exactly what is signed, or taken back, with the button for it; model: what acts.c keeps with the form. */
page_show desk_confirm_show, desk_take_back_show;
/* <form method=post action="/en/desk/REFERENCE/ACT"> with its secret; what is stolen. */
void desk_form_open(struct request *r, struct html *h, const char *reference, const char *act, enum browser_use use,
                    json_t *what);
/* The criteria by their names, as a list. */
void desk_put_criteria(struct request *r, struct html *h, const json_t *codes);
/* What the newest version says differently from version `number`, as a summary in one paragraph, or in full. */
void desk_put_since(struct request *r, struct html *h, const json_t *json, size_t number);
void desk_put_difference(struct request *r, struct html *h, const json_t *json, size_t number);

/* ---- acts.c ---- */
raw_handler desk_look, desk_carry, desk_sign, desk_withdraw, desk_take_back, desk_lock;

#endif
