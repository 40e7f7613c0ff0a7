/*
 * courier: see courier.h. While it waits for an answer it hears nobody; the supervisor that wants it to end does not wait so
 * long.
 */
#include "node/net/courier.h"

#include <poll.h>
#include <unistd.h>

#include "node/net/fetch.h"
#include "protocol/canon.h"
#include "protocol/limits.h"

#define QUEUE ((size_t)2 * 1024 * 1024) /* octets that may wait for core */
#define TURN_MS 60000

/* ---- one request ---- */

static enum err_code answer(struct pipe *core, uint64_t id, uint64_t status, struct view body, struct err *err) {
  struct bytes b;
  bytes_init(&b, LIMIT_PIPE);
  struct canon_writer w = canon_writer(&b);
  canon_put_array(&w, 4);
  canon_put_uint(&w, id);
  canon_put_uint(&w, status);
  canon_put_text(&w, "");
  canon_put_bin(&w, body);
  enum err_code code = canon_written(&w, "answer", err);
  if (code == OK) code = pipe_send(core, PIPE_ANSWER, bytes_view(&b), err);
  bytes_release(&b);
  return code;
}

/* What goes wrong outside is an answer, too. */
static enum err_code carry(struct pipe *core, uint64_t id, enum reach reach, const char *base, struct view body,
                           struct err *err) {
  struct fetch *f = NULL;
  struct fetch_answer a;
  struct err why = ERR_INIT;
  fetch_answer_init(&a, LIMIT_SUBMIT_BYTES);
  enum err_code code = fetch_new(base, COURIER_MS, &f, &why);
  if (code == OK) fetch_keep_within(f, reach);
  if (code == OK) code = fetch_post(f, "/sync/submit", "application/msgpack", body, &a, &why);
  code = code == OK ? answer(core, id, 200, bytes_view(&a.body), err) : answer(core, id, 0, view_of_text(why.message), err);
  fetch_free(f);
  fetch_answer_release(&a);
  return code;
}

static enum err_code take_request(struct pipe *core, struct view payload, struct err *err) {
  struct canon_reader r = canon_reader(payload);
  char base[FETCH_URL_MAX];
  canon_array_exact(&r, 4);
  const uint64_t id = canon_uint(&r), reach = canon_uint(&r);
  const struct view url = canon_str(&r, sizeof base - 1);
  const struct view body = canon_bin(&r, LIMIT_PIPE);
  if (reach > REACH_MACHINE) canon_fail(&r, "no reach");
  const enum err_code code = canon_finish(&r, "request", err);
  if (code != OK) return code;
  for (size_t i = 0; i < url.len; i++)
    base[i] = (char)url.p[i];
  base[url.len] = '\0';
  return carry(core, id, (enum reach)reach, base, body, err);
}

/* ---- the pipes ---- */

static enum err_code hear_core(struct pipe **core, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  enum err_code code = pipe_read(*core, err);
  const bool gone = code == ERR_UNREACHABLE;
  if (gone) err_clear(err);
  code = gone ? OK : code;
  while (code == OK && pipe_next(*core, &channel, &payload, &fd)) {
    if (fd >= 0) close(fd);
    code = channel == PIPE_REQUEST ? take_request(*core, payload, err)
                                   : err_set(err, ERR_FORMAT, "a channel that is not used here");
  }
  if (code == OK && pipe_fault(*core) != NULL) code = err_set(err, ERR_FORMAT, "%s", pipe_fault(*core));
  if (code == OK && !gone) code = pipe_write(*core, err);
  if (code == ERR_UNREACHABLE || gone) { /* the supervisor joins us with the next core */
    err_clear(err);
    pipe_free(*core);
    *core = NULL;
    code = OK;
  }
  return code;
}

static enum err_code hear_supervisor(struct pipe *supervisor, struct pipe **core, bool *stop, struct err *err) {
  enum pipe_channel channel;
  struct view payload;
  int fd = -1;
  const enum err_code code = pipe_read(supervisor, err);
  while (pipe_next(supervisor, &channel, &payload, &fd)) {
    if (channel == PIPE_STOP) *stop = true;
    if (channel == PIPE_PEER) {
      pipe_free(*core);
      *core = pipe_new(fd, QUEUE);
      if (*core == NULL) return err_set(err, ERR_MEMORY, NULL);
    } else if (fd >= 0) {
      close(fd);
    }
  }
  if (pipe_fault(supervisor) != NULL) return err_set(err, ERR_FORMAT, "%s", pipe_fault(supervisor));
  return *stop ? OK : code == OK ? pipe_write(supervisor, err) : code;
}

static void wait_for(const struct pipe *supervisor, const struct pipe *core) {
  const struct pipe *const pipes[] = {supervisor, core};
  struct pollfd fds[2];
  nfds_t n = 0;
  for (size_t i = 0; i < 2; i++) {
    if (pipes[i] == NULL) continue;
    fds[n++] = (struct pollfd){pipe_fd(pipes[i]), (short)(POLLIN | (pipe_wants_write(pipes[i]) ? POLLOUT : 0)), 0};
  }
  (void)poll(fds, n, TURN_MS);
}

enum err_code courier_run(struct pipe *supervisor, struct err *err) {
  struct pipe *core = NULL;
  bool stop = false;
  enum err_code code = pipe_send(supervisor, PIPE_READY, view_of(NULL, 0), err);
  if (code == OK) code = hear_supervisor(supervisor, &core, &stop, err);
  while (code == OK && !stop) {
    if (core != NULL) code = hear_core(&core, err); /* what came together with the pipe is told by no descriptor */
    if (code == OK) wait_for(supervisor, core);
    if (code == OK) code = hear_supervisor(supervisor, &core, &stop, err);
  }
  pipe_free(core);
  return code;
}
