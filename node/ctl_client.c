/*
 * ctl_client: HTTP over run/ctl. What a node cannot answer because one of its processes is just being started again is asked
 * again until the caller's time is up: always when nothing was done ("busy", no connection), and when the answer was lost on
 * the way only for what can be said twice (status; a submission, whose records are known the second time).
 */
#include "node/ctl_client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "node/clock.h"
#include "node/net/libcurl.h"
#include "node/net/unixpath.h"
#include "protocol/limits.h"

#define RETRY_MS 50   /* between two tries */
#define SLACK_MS 2000 /* of an order that takes time, on top of that */
#define URL_MAX 300
#define BUSY_STATUS 503
#define LOST_STATUS 502

struct ctl_client {
  CURL *curl;
  int dir_fd; /* keeps path alive */
  char path[UNIXPATH_MAX];
  uint64_t timeout_ms;
};

/* ---- connecting ---- */

static void pause_ms(unsigned ms) {
  (void)poll(NULL, 0, (int)ms);
}

/* Whether somebody listens at path. */
static bool listens(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, path, strlen(path) + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool yes = fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
  if (fd >= 0) close(fd);
  return yes;
}

/* Whether a process writes here: it holds store.lock. Looking takes a shared lock for an instant. */
static bool is_locked(const struct home *h) {
  char path[HOME_PATH_MAX];
  if (home_path(h, "store.lock", path, NULL) != OK) return false;
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return false;
  const bool locked = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(fd);
  return locked;
}

/* Waits for the socket as long as somebody has the lock. Leaves c->dir_fd open on success. */
static enum err_code find(struct ctl_client *c, const struct home *h, struct err *err) {
  char dir[HOME_PATH_MAX];
  const uint64_t until = clock_ms(clock_system()) + c->timeout_ms;
  enum err_code code = home_path(h, "run", dir, err);
  if (code != OK) return code;
  for (;;) {
    const bool locked = is_locked(h); /* before looking: who gives the lock back has closed the socket */
    if (unixpath_make(dir, "ctl", c->path, &c->dir_fd, NULL) == OK) {
      if (listens(c->path)) return OK;
      close(c->dir_fd);
      c->dir_fd = -1;
    }
    if (!locked) return err_set(err, ERR_NOT_FOUND, "nobody serves here");
    if (clock_ms(clock_system()) >= until) break;
    pause_ms(RETRY_MS);
  }
  err_set(err, ERR_BUSY, "another process writes to the store and does not answer");
  return err_hint(err, "wait for it to end, or give it longer with --timeout");
}

enum err_code ctl_connect(const struct home *h, uint64_t timeout_ms, struct ctl_client **out, struct err *err) {
  struct ctl_client *c = calloc(1, sizeof *c);
  if (c == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  c->timeout_ms = timeout_ms;
  c->dir_fd = -1;
  enum err_code code = find(c, h, err);
  if (code == OK) code = libcurl_load(err);
  if (code == OK) {
    c->curl = curl_easy_init();
    if (c->curl == NULL) code = err_set(err, ERR_MEMORY, NULL);
  }
  if (code != OK) {
    ctl_close(c);
    return code;
  }
  *out = c;
  return OK;
}

void ctl_close(struct ctl_client *c) {
  if (c == NULL) return;
  if (c->curl != NULL) curl_easy_cleanup(c->curl);
  if (c->dir_fd >= 0) close(c->dir_fd);
  free(c);
}

/* ---- one request ---- */

struct wish {
  const char *method, *path, *type;
  struct view body;
  uint64_t wait_ms; /* for the answer */
  bool repeatable;  /* saying it twice does no harm */
};

static size_t take(char *p, size_t size, size_t n, void *context) {
  return bytes_append(context, view_of(p, size * n), NULL) == OK ? size * n : 0;
}

static bool set_up(struct ctl_client *c, const struct wish *wish, struct curl_slist *headers, struct bytes *answer) {
  char url[URL_MAX];
  const int len = snprintf(url, sizeof url, "http://specola%s", wish->path);
  curl_easy_reset(c->curl);
  if (len < 0 || len >= (int)sizeof url || curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, c->path) != CURLE_OK ||
      curl_easy_setopt(c->curl, CURLOPT_URL, url) != CURLE_OK ||
      curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
      curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take) != CURLE_OK ||
      curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, answer) != CURLE_OK ||
      curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)wish->wait_ms) != CURLE_OK) {
    return false;
  }
  (void)curl_easy_setopt(c->curl, CURLOPT_PROXY, ""); /* whatever the environment says */
  (void)curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
  (void)curl_easy_setopt(c->curl, CURLOPT_FOLLOWLOCATION, 0L);
  if (strcmp(wish->method, "GET") == 0) return true;
  return curl_easy_setopt(c->curl, CURLOPT_POST, 1L) == CURLE_OK &&
         curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, wish->body.len == 0 ? "" : (const char *)wish->body.p) == CURLE_OK &&
         curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)wish->body.len) == CURLE_OK;
}

/* *status is BUSY_STATUS or LOST_STATUS also when ctl itself was not there, or went away over it. */
static enum err_code transfer(struct ctl_client *c, const struct wish *wish, struct bytes *answer, long *status,
                              struct err *err) {
  char type[64];
  (void)snprintf(type, sizeof type, "Content-Type: %s", wish->type);
  struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
  struct curl_slist *more = headers == NULL ? NULL : curl_slist_append(headers, type);
  if (more == NULL || !set_up(c, wish, more, answer)) {
    curl_slist_free_all(headers);
    return err_set(err, ERR_MEMORY, NULL);
  }
  const CURLcode result = curl_easy_perform(c->curl);
  (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
  curl_slist_free_all(headers);
  if (result == CURLE_OK) return OK;
  if (result == CURLE_OPERATION_TIMEDOUT) {
    return err_set(err, ERR_UNREACHABLE, "the node did not answer within %llu s", (unsigned long long)(wish->wait_ms / 1000));
  }
  if (result == CURLE_COULDNT_CONNECT) *status = BUSY_STATUS;
  if (result == CURLE_RECV_ERROR || result == CURLE_SEND_ERROR || result == CURLE_GOT_NOTHING || result == CURLE_PARTIAL_FILE) {
    *status = LOST_STATUS;
  }
  return err_set(err, ERR_FAILED, "run/ctl: %s", curl_easy_strerror(result));
}

/* Turns {"error": {code, message, hint}} back into what it was. */
static enum err_code refusal(struct view body, long status, struct err *err) {
  json_t *document = json_loadb((const char *)body.p, body.len, 0, NULL);
  const json_t *error = json_object_get(document, "error");
  const char *name = json_string_value(json_object_get(error, "code"));
  const char *message = json_string_value(json_object_get(error, "message"));
  const char *hint = json_string_value(json_object_get(error, "hint"));
  enum err_code code = ERR_FAILED;
  for (int i = OK + 1; name != NULL && i <= ERR_VERSION; i++) {
    if (strcmp(err_name((enum err_code)i), name) == 0) code = (enum err_code)i;
  }
  if (message == NULL) {
    err_set(err, ERR_FAILED, "run/ctl answered with status %ld", status);
  } else {
    err_set(err, code, "%s", message);
    if (hint != NULL && hint[0] != '\0') err_hint(err, "%s", hint);
  }
  json_decref(document);
  return code;
}

/* Asks until there is an answer, or the time is up. */
static enum err_code ask(struct ctl_client *c, const struct wish *wish, struct bytes *answer, struct err *err) {
  const uint64_t until = clock_ms(clock_system()) + c->timeout_ms;
  for (;;) {
    long status = 0;
    bytes_clear(answer);
    enum err_code code = transfer(c, wish, answer, &status, err);
    if (code == OK && status >= 200 && status < 300) return OK;
    if (code == OK) code = refusal(bytes_view(answer), status, err);
    const bool again = status == BUSY_STATUS || (status == LOST_STATUS && wish->repeatable);
    if (!again || clock_ms(clock_system()) >= until) return code;
    err_clear(err);
    pause_ms(RETRY_MS);
  }
}

/* ---- what can be asked ---- */

enum err_code ctl_submit(struct ctl_client *c, struct view submission, struct bytes *receipt, struct err *err) {
  const struct wish wish = {"POST", "/sync/submit", "application/msgpack", submission, c->timeout_ms + SLACK_MS, true};
  return ask(c, &wish, receipt, err);
}

static enum err_code ask_json(struct ctl_client *c, const struct wish *wish, json_t **answer, struct err *err) {
  struct bytes text;
  bytes_init(&text, LIMIT_PIPE);
  enum err_code code = ask(c, wish, &text, err);
  if (code == OK) {
    *answer = json_loadb(text.len == 0 ? "" : (const char *)text.p, text.len, 0, NULL);
    if (*answer == NULL) code = err_set(err, ERR_FORMAT, "run/ctl: the answer is no JSON");
  }
  bytes_release(&text);
  return code;
}

enum err_code ctl_get(struct ctl_client *c, const char *path, json_t **answer, struct err *err) {
  const struct wish wish = {"GET", path, "application/json", view_of(NULL, 0), c->timeout_ms + SLACK_MS, true};
  return ask_json(c, &wish, answer, err);
}

enum err_code ctl_order(struct ctl_client *c, const char *name, const json_t *argument, json_t **answer, struct err *err) {
  char path[URL_MAX / 2];
  const json_t *wait = json_object_get(argument, "timeout_ms");
  char *text = argument == NULL ? strdup("{}") : json_dumps(argument, JSON_COMPACT);
  if (text == NULL) {
    err_set(err, ERR_MEMORY, NULL);
    return ERR_MEMORY;
  }
  (void)snprintf(path, sizeof path, "/order/%s", name);
  struct wish wish = {"POST", path, "application/json", view_of_text(text), c->timeout_ms + SLACK_MS, false};
  if (json_is_integer(wait) && json_integer_value(wait) > 0) wish.wait_ms += (uint64_t)json_integer_value(wait);
  const enum err_code code = ask_json(c, &wish, answer, err);
  free(text);
  return code;
}
