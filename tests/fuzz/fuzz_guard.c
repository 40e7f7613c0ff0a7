/*
 * fuzz_guard: heads of HTTP requests and query strings. What the guard lets through has the form that the rest relies on, and
 * reads the same when only its own octets are there; parameters that were read can be written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "keys/text.h"
#include "node/web/guard.h"
#include "node/web/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good) {
  if (!good) abort();
}

static void check_params(struct view query) {
  static struct params p, again;
  struct bytes path;
  if (params_read(query, &p, NULL) != OK) return;
  bytes_init(&path, 65536);
  for (size_t i = 0; i < p.n; i++) {
    require(p.rows[i].name[0] != '\0' && p.rows[i].value[0] != '\0' && text_is_valid(view_of_text(p.rows[i].value)));
    require(url_put(&path, p.rows[i].name, p.rows[i].value, NULL) == OK);
  }
  require(params_read(path.len == 0 ? view_of(NULL, 0) : view_of(path.p + 1, path.len - 1), &again, NULL) == OK &&
          again.n == p.n);
  for (size_t i = 0; i < p.n; i++)
    require(strcmp(p.rows[i].name, again.rows[i].name) == 0 && strcmp(p.rows[i].value, again.rows[i].value) == 0);
  bytes_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const struct guard_hosts HOSTS = {.names = {"localhost:7480", "a"}, .n = 2};
  struct guard_request r, again;
  size_t used = 0, used_again = 0;
  const char *why = NULL;
  const unsigned status = guard_read(view_of(data, size), &HOSTS, 1000, &r, &used, &why);
  require(status == 0 || status == 200 || (status >= 400 && status < 600 && why != NULL));
  require(status != 0 || size < GUARD_HEAD_MAX);
  check_params(view_of(data, size));
  if (status != 200) return 0;
  require(used > 0 && used <= size && used <= GUARD_HEAD_MAX && data[used - 1] == '\n' && data[used - 3] == '\n');
  require(r.path.len >= 1 && r.path.len <= GUARD_PATH_MAX && r.path.p[0] == '/' && memchr(data, 0, used) == NULL);
  require(memmem(r.path.p, r.path.len, "..", 2) == NULL && memchr(r.path.p, '%', r.path.len) == NULL);
  require(r.body_len <= 1000 && (r.method == GUARD_POST || r.body_len == 0));
  require(guard_read(view_of(data, used), &HOSTS, 1000, &again, &used_again, &why) == 200 && used_again == used);
  require(view_equal(r.path, again.path) && view_equal(r.query, again.query) && r.body_len == again.body_len);
  check_params(r.query);
  return 0;
}
