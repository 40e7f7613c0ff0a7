/*
 * browser: see browser.h.
 */
#include "cli/desk/browser.h"

#include <sodium.h>
#include <string.h>

static void make(struct browser *s, struct browser_secret *secret, char out[BROWSER_SECRET_HEX]) {
  entropy_fill(s->entropy, secret->b, sizeof secret->b);
  hex_encode(view_of(secret->b, sizeof secret->b), out);
}

static bool is_same(const struct browser_secret *secret, struct view hex) {
  struct browser_secret told;
  return hex.len == BROWSER_SECRET_HEX - 1 && hex_decode(hex, told.b, sizeof told.b, NULL) == OK &&
         sodium_memcmp(told.b, secret->b, sizeof told.b) == 0;
}

void browser_init(struct browser *s, const struct entropy_source *entropy) {
  *s = (struct browser){.entropy = entropy};
}

static void end_forms(struct browser *s) {
  for (size_t i = 0; i < BROWSER_FORMS; i++) {
    json_decref(s->forms[i].what);
    s->forms[i].what = NULL;
  }
}

void browser_release(struct browser *s) {
  end_forms(s);
  sodium_memzero(s, sizeof *s);
}

void browser_invite(struct browser *s, char out[BROWSER_SECRET_HEX]) {
  make(s, &s->address, out);
  s->is_invited = true;
}

bool browser_enter(struct browser *s, struct view secret, char out[BROWSER_SECRET_HEX]) {
  if (!s->is_invited || !is_same(&s->address, secret)) {
    return false;
  }
  s->is_invited = false;
  s->is_open = true;
  end_forms(s);
  make(s, &s->cookie, out);
  return true;
}

bool browser_knows(const struct browser *s, struct view header) {
  static const char name[] = BROWSER_COOKIE "=";
  const size_t name_len = sizeof name - 1;
  while (s->is_open && header.len > 0) {
    const uint8_t *end = memchr(header.p, ';', header.len);
    const size_t len = end == NULL ? header.len : (size_t)(end - header.p);
    if (len > name_len && memcmp(header.p, name, name_len) == 0 &&
        is_same(&s->cookie, view_of(header.p + name_len, len - name_len))) {
      return true;
    }
    header = view_of(header.p + len + (end != NULL), header.len - len - (end != NULL));
    while (header.len > 0 && header.p[0] == ' ') {
      header = view_of(header.p + 1, header.len - 1);
    }
  }
  return false;
}

void browser_form(struct browser *s, enum browser_use use, json_t *what, char out[BROWSER_SECRET_HEX]) {
  struct browser_form *form = &s->forms[s->next++ % BROWSER_FORMS];
  json_decref(form->what);
  *form = (struct browser_form){.use = use, .what = what};
  make(s, &form->secret, out);
}

static const struct browser_form *find(const struct browser *s, enum browser_use use, const char *secret) {
  for (size_t i = 0; secret != NULL && i < BROWSER_FORMS; i++) {
    const struct browser_form *form = &s->forms[i];
    if (form->what != NULL && form->use == use && is_same(&form->secret, view_of_text(secret))) {
      return form;
    }
  }
  return NULL;
}

const json_t *browser_look(const struct browser *s, enum browser_use use, const char *secret) {
  const struct browser_form *form = find(s, use, secret);
  return form == NULL ? NULL : form->what;
}

json_t *browser_take(struct browser *s, enum browser_use use, const char *secret) {
  const struct browser_form *form = find(s, use, secret);
  if (form == NULL) {
    return NULL;
  }
  json_t *what = form->what;
  s->forms[form - s->forms].what = NULL;
  return what;
}
