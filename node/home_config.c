/*
 * home_config: node.ini, read by inih and checked key by key; and written when a node is made. One table says what keys there
 * are.
 */
#include "node/home_config.h"

#include <ini.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "keys/text.h"
#include "node/net/fetch.h"
#include "protocol/schema/nearest.h"
#include "protocol/schema/value.h"

#define CONFIG_LINE_MAX 190            /* octets: Debian's inih silently cuts a line at 197 */
#define CONFIG_MAX ((size_t)64 * 1024) /* octets of node.ini */
#define PEER_PREFIX "peer."

/* What a text of node.ini may be. */
enum config_form {
  CONFIG_COUNTRY,
  CONFIG_REGION,
  CONFIG_HANDLE,
  CONFIG_TEXT,
  CONFIG_LANGUAGE,
  CONFIG_LISTEN,
  CONFIG_ENDPOINT,
  CONFIG_MIB,
  CONFIG_WEB,
  CONFIG_HOST,
  CONFIG_CONTACT,
  CONFIG_BASE,
  CONFIG_PROGRAM
};

#define CONFIG_KEY(key, form)                                                                                                  \
  { #key, form, offsetof(struct home_config, key), sizeof((struct home_config *)NULL)->key }
static const struct config_key {
  const char *name;
  enum config_form form;
  size_t offset, size;
} config_keys[] = {
    CONFIG_KEY(country, CONFIG_COUNTRY),
    CONFIG_KEY(region, CONFIG_REGION),
    CONFIG_KEY(lead, CONFIG_HANDLE),
    CONFIG_KEY(handle, CONFIG_HANDLE),
    CONFIG_KEY(name, CONFIG_TEXT),
    CONFIG_KEY(language, CONFIG_LANGUAGE),
    CONFIG_KEY(license, CONFIG_TEXT),
    CONFIG_KEY(listen, CONFIG_LISTEN),
    CONFIG_KEY(advertise, CONFIG_ENDPOINT),
    CONFIG_KEY(log_bodies, CONFIG_MIB),
    CONFIG_KEY(web, CONFIG_WEB),
    CONFIG_KEY(web_name, CONFIG_HOST),
    CONFIG_KEY(contact, CONFIG_CONTACT),
    CONFIG_KEY(advertise_web, CONFIG_BASE),
    CONFIG_KEY(replica, CONFIG_BASE),
    CONFIG_KEY(home, CONFIG_HANDLE),
    CONFIG_KEY(notify, CONFIG_PROGRAM),
};
#define N_CONFIG_KEYS (sizeof config_keys / sizeof config_keys[0])

static const struct config_key *config_key_of(const char *name) {
  for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
    if (strcmp(config_keys[i].name, name) == 0) {
      return &config_keys[i];
    }
  }
  return NULL;
}

static bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

static bool country_is_valid(const char *text) {
  return strlen(text) == 2 && is_upper(text[0]) && is_upper(text[1]);
}

/* An ISO 3166-2 code: two letters, a hyphen, one to three letters or digits. */
static bool region_is_valid(const char *text) {
  size_t len = strlen(text);
  if (len < 4 || len > 6 || !is_upper(text[0]) || !is_upper(text[1]) || text[2] != '-') {
    return false;
  }
  for (size_t i = 3; i < len; i++) {
    if (!is_upper(text[i]) && !(text[i] >= '0' && text[i] <= '9')) {
      return false;
    }
  }
  return true;
}

bool home_listen_is_valid(const char *text) {
  char copy[LIMIT_ENDPOINT + 1];
  size_t len = strlen(text);
  if (len < 3 || len >= sizeof copy) {
    return false;
  }
  memcpy(copy, text, len + 1);
  if (strcmp(copy + len - 2, ":0") == 0) {
    copy[len - 1] = '1';
  }
  return address_endpoint_is_valid(copy);
}

/* A decimal number without leading zeros; how many digits fit is checked by the place it goes to. */
static bool mib_is_valid(const char *text) {
  return text[0] >= '1' && text[0] <= '9' && strspn(text, "0123456789") == strlen(text);
}

/* "off", or an address to listen at over HTTP: the same as an endpoint but for the scheme. */
static bool web_is_valid(const char *text) {
  static const char scheme[] = "http://";
  char copy[LIMIT_ENDPOINT + 1];
  if (strcmp(text, "off") == 0) {
    return true;
  }
  if (strncmp(text, scheme, strlen(scheme)) != 0 || strlen(text) >= sizeof copy) {
    return false;
  }
  snprintf(copy, sizeof copy, "tcp://%s", text + strlen(scheme));
  return home_listen_is_valid(copy);
}

/* A name of the domain name system, with a port perhaps. */
static bool host_is_valid(const char *text) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
  return text[strspn(text, plain)] == '\0';
}

/* An address on the web, or one for mail: plain characters around one "@". */
static bool contact_is_valid(const char *text) {
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+";
  size_t local = strspn(text, plain);
  size_t host = text[local] == '@' ? strspn(text + local + 1, plain) : 0;
  return value_is_url(view_of_text(text)) || (local > 0 && host > 0 && text[local + 1 + host] == '\0');
}

static bool base_is_valid(const char *text) {
  char base[FETCH_URL_MAX];
  return fetch_base(text, base, NULL) == OK;
}

/* Why value does not do for form, or NULL. */
static const char *config_fault(enum config_form form, const char *value) {
  switch (form) {
  case CONFIG_COUNTRY:
    return country_is_valid(value) ? NULL : "is no ISO 3166-1 code such as IT";
  case CONFIG_REGION:
    return region_is_valid(value) ? NULL : "is no ISO 3166-2 code such as IT-34";
  case CONFIG_HANDLE:
    return handle_is_valid(value) ? NULL : "is no handle such as IT or IT34";
  case CONFIG_TEXT:
    if (!text_is_valid(view_of_text(value)) || strpbrk(value, "\n\t") != NULL || value[0] == ' ') {
      return "is not one line of text";
    }
    /* inih takes what stands behind " ;" for a comment. */
    return value[0] == ';' || strstr(value, " ;") != NULL ? "has a blank before a semicolon" : NULL;
  case CONFIG_LANGUAGE:
    return value_is_tag(view_of_text(value)) ? NULL : "is no language tag such as it";
  case CONFIG_LISTEN:
    return home_listen_is_valid(value) ? NULL : "is no endpoint such as tcp://0.0.0.0:7411";
  case CONFIG_ENDPOINT:
    return address_endpoint_is_valid(value) ? NULL : "is no endpoint such as tcp://node.example.org:7411";
  case CONFIG_WEB:
    return web_is_valid(value) ? NULL : "is no address such as http://127.0.0.1:7480, nor off";
  case CONFIG_HOST:
    return host_is_valid(value) ? NULL : "is no name such as cases.example.org";
  case CONFIG_CONTACT:
    return contact_is_valid(value) ? NULL : "is no address such as office@example.org or https://example.org/contact";
  case CONFIG_BASE:
    return base_is_valid(value) ? NULL : "is no address of a node's web such as https://observatory.example.org";
  case CONFIG_PROGRAM:
    return value[0] == '/' ? NULL : "is no absolute path of a program such as /usr/local/bin/tell";
  case CONFIG_MIB:
    return mib_is_valid(value) ? NULL : "is no number of MiB such as 4096";
  }
  return "is unknown";
}

static enum err_code config_set(struct home_config *c, const struct config_key *key, const char *value, struct err *err) {
  char *place = (char *)c + key->offset;
  const char *fault = strlen(value) >= key->size ? "is too long" : value[0] == '\0' ? NULL : config_fault(key->form, value);
  if (fault != NULL) {
    return err_set(err, ERR_FORMAT, "%s: \"%s\" %s", key->name, value, fault);
  }
  memcpy(place, value, strlen(value) + 1);
  return OK;
}

static enum err_code config_add_peer(struct home_config *c, const char *handle, const char *endpoint, struct err *err) {
  if (!handle_is_valid(handle) || !address_endpoint_is_valid(endpoint)) {
    err_set(err, ERR_FORMAT, "peer.%s: \"%s\" is not a member and where to reach it", handle, endpoint);
    return err_hint(err, "write it as: peer.FR = tcp://node.example.org:7411");
  }
  if (c->n_peers == LIMIT_PINNED) {
    err_set(err, ERR_LIMIT, "peer.%s: more than %u peers", handle, LIMIT_PINNED);
    return err_hint(err, "leave out those that tell where they are reached (advertise): they are found without a line here");
  }
  for (uint32_t i = 0; i < c->n_peers; i++) {
    if (strcmp(c->peers[i].handle, handle) == 0) {
      return err_set(err, ERR_FORMAT, "peer.%s is given twice", handle);
    }
  }
  memcpy(c->peers[c->n_peers].handle, handle, strlen(handle) + 1);
  memcpy(c->peers[c->n_peers].endpoint, endpoint, strlen(endpoint) + 1);
  c->n_peers++;
  return OK;
}

/* What the callback of inih fills. Invariant: failed means err tells of the first line that is wrong. */
struct config_reading {
  struct home_config *config;
  bool seen[N_CONFIG_KEYS];
  bool failed;
  struct err *err;
};

static enum err_code config_line(struct config_reading *r, const char *section, const char *name, const char *value) {
  if (section[0] != '\0') {
    return err_set(r->err, ERR_FORMAT, "[%s]: node.ini has no sections", section);
  }
  if (strncmp(name, PEER_PREFIX, strlen(PEER_PREFIX)) == 0) {
    return config_add_peer(r->config, name + strlen(PEER_PREFIX), value, r->err);
  }
  const struct config_key *key = config_key_of(name);
  if (key == NULL) {
    struct nearest near = nearest_to(view_of_text(name));
    for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
      nearest_offer(&near, config_keys[i].name);
    }
    err_set(r->err, ERR_FORMAT, "%s: no such key", name);
    const char *meant = nearest_word(&near);
    return meant == NULL ? ERR_FORMAT : err_hint(r->err, "did you mean %s?", meant);
  }
  size_t i = (size_t)(key - config_keys);
  if (r->seen[i]) {
    return err_set(r->err, ERR_FORMAT, "%s is given twice", name);
  }
  r->seen[i] = true;
  return config_set(r->config, key, value, r->err);
}

static int config_handler(void *user, const char *section, const char *name, const char *value) {
  struct config_reading *r = user;
  if (!r->failed && config_line(r, section, name, value == NULL ? "" : value) != OK) {
    r->failed = true;
    return 0;
  }
  return 1;
}

/* inih cuts long lines without a word, so they are found before it sees them. 0: none. */
static unsigned long_line(const char *text) {
  unsigned line = 1;
  for (; *text != '\0'; line++) {
    size_t len = strcspn(text, "\n");
    if (len > CONFIG_LINE_MAX) {
      return line;
    }
    text += len + (text[len] == '\n');
  }
  return 0;
}

/* What is not said follows from what is. */
static void config_defaults(struct home_config *c) {
  if (c->handle[0] == '\0' && c->region[0] != '\0') {
    snprintf(c->handle, sizeof c->handle, "%.2s%.3s", c->region, c->region + 3);
  } else if (c->handle[0] == '\0') {
    snprintf(c->handle, sizeof c->handle, "%s", c->country);
  }
  if (c->language[0] == '\0') {
    snprintf(c->language, sizeof c->language, "en");
  }
  if (c->license[0] == '\0') {
    snprintf(c->license, sizeof c->license, "CC-BY-4.0");
  }
  if (c->listen[0] == '\0') {
    snprintf(c->listen, sizeof c->listen, "tcp://0.0.0.0:7411");
  }
  if (c->web[0] == '\0') {
    snprintf(c->web, sizeof c->web, "http://127.0.0.1:0");
  }
}

static enum err_code config_complete(struct home_config *c, struct err *err) {
  if (c->country[0] == '\0' && c->replica[0] == '\0') {
    err_set(err, ERR_FORMAT, "country is missing");
    return err_hint(err, "add a line such as: country = IT");
  }
  if (c->region[0] != '\0' && strncmp(c->region, c->country, 2) != 0) {
    return err_set(err, ERR_FORMAT, "region %s is not of country %s", c->region, c->country);
  }
  if (c->home[0] != '\0' && c->replica[0] == '\0') {
    err_set(err, ERR_FORMAT, "home = %s is of a replica, and this is a node", c->home);
    return err_hint(err, "take the line away");
  }
  config_defaults(c);
  return OK;
}

enum err_code config_read(const char *path, struct home_config *out, struct err *err) {
  struct bytes text;
  enum err_code code = OK;
  *out = (struct home_config){0};
  struct config_reading reading = {.config = out, .err = err};
  bytes_init(&text, CONFIG_MAX);
  code = file_read(path, &text, err);
  if (code != OK) {
    goto out;
  }
  const char *chars = bytes_text(&text);
  if (chars == NULL) {
    code = err_set(err, ERR_MEMORY, NULL);
    goto out;
  }
  unsigned longest = long_line(chars);
  if (longest != 0) {
    code = err_set(err, ERR_FORMAT, "%s: line %u: longer than %d octets", path, longest, CONFIG_LINE_MAX);
    goto out;
  }
  int line = ini_parse_string(chars, config_handler, &reading);
  if (line != 0) {
    if (!reading.failed) {
      err_set(err, ERR_FORMAT, "not of the form key = value");
    }
    code = err_context(err, "%s: line %d", path, line);
    goto out;
  }
  code = config_complete(out, err);
  if (code != OK) {
    err_context(err, "%s", path);
  }
out:
  bytes_release(&text);
  return code;
}

enum err_code config_check(const struct home_config *config, struct home_config *out, struct err *err) {
  *out = *config;
  for (size_t i = 0; i < N_CONFIG_KEYS; i++) {
    const char *value = (const char *)config + config_keys[i].offset;
    size_t line = strlen(config_keys[i].name) + strlen(" = ") + strlen(value);
    if (line > CONFIG_LINE_MAX) {
      return err_set(err, ERR_LIMIT, "%s: %zu octets, at most %zu", config_keys[i].name, strlen(value),
                     CONFIG_LINE_MAX - (line - strlen(value)));
    }
    enum err_code code = config_set(out, &config_keys[i], value, err);
    if (code != OK) {
      return code;
    }
  }
  return config_complete(out, err);
}

enum err_code config_write(const char *path, const struct home_config *c, struct err *err) {
  struct bytes text;
  bytes_init(&text, CONFIG_MAX);
  enum err_code code = bytes_append_text(&text, "# This node (docs/operate.md). A line a key, at most 190 octets.\n", err);
  for (size_t i = 0; code == OK && i < N_CONFIG_KEYS; i++) {
    const char *value = (const char *)c + config_keys[i].offset;
    if (value[0] != '\0') {
      code = bytes_printf(&text, err, "%s = %s\n", config_keys[i].name, value);
    }
  }
  for (uint32_t i = 0; code == OK && i < c->n_peers; i++) {
    code = bytes_printf(&text, err, PEER_PREFIX "%s = %s\n", c->peers[i].handle, c->peers[i].endpoint);
  }
  if (code == OK) {
    code = file_write(path, bytes_view(&text), false, err);
  }
  bytes_release(&text);
  return code;
}

uint64_t home_log_bodies(const struct home *h) {
  uint64_t mib = 0;
  for (const char *digit = h->config.log_bodies; *digit != '\0'; digit++) {
    mib = mib * 10 + (uint64_t)(*digit - '0');
  }
  return mib == 0 ? LIMIT_LOG_BODIES : mib * 1048576;
}
