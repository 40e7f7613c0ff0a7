/*
 * starve: a library to be loaded before a command (LD_PRELOAD): its STARVE_AT-th allocation fails, and with STARVE_ON each
 * behind it. STARVE_FILE receives the number of allocations that were asked for when the command ends.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What glibc's own functions are called beneath. */
void *__libc_malloc(size_t size);                     /* NOLINT(bugprone-reserved-identifier) */
void *__libc_calloc(size_t n, size_t size);           /* NOLINT(bugprone-reserved-identifier) */
void *__libc_realloc(void *p, size_t size);           /* NOLINT(bugprone-reserved-identifier) */
void *__libc_memalign(size_t alignment, size_t size); /* NOLINT(bugprone-reserved-identifier) */

static atomic_ulong asked;
static unsigned long at; /* 0: none fails */
static int on;

__attribute__((constructor)) static void begin(void) {
  const char *text = getenv("STARVE_AT");
  on = getenv("STARVE_ON") != NULL;
  at = text == NULL ? 0 : strtoul(text, NULL, 10);
  atomic_store(&asked, 0);
}

__attribute__((destructor)) static void end(void) {
  char text[32];
  const char *path = getenv("STARVE_FILE");
  const int n = snprintf(text, sizeof text, "%lu\n", atomic_load(&asked));
  const int fd = path == NULL ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd >= 0 && n > 0) (void)!write(fd, text, (size_t)n);
  if (fd >= 0) (void)close(fd);
}

static int fails(void) {
  const unsigned long n = atomic_fetch_add(&asked, 1) + 1;
  if (at == 0 || n < at || (n > at && !on)) return 0;
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t size) {
  return fails() ? NULL : __libc_realloc(p, size);
}

void *memalign(size_t alignment, size_t size) {
  return fails() ? NULL : __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size) {
  void *p = memalign(alignment, size);
  if (p == NULL) return ENOMEM;
  *out = p;
  return 0;
}
